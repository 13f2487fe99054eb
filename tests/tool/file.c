/* Captures: classic pcap in both byte orders and clock resolutions, and pcapng. */
#include <errno.h>

#include "tests/tool/bytes.h"
#include "tests/tool/talk.h"

enum { SNAPLEN = 262144 };

struct output {
	const struct talk *talk;
	struct bytes bytes;
	uint64_t dropped; /* packets so far, by the word of the file */
};

static void put16(struct output *o, unsigned v)
{
	if (o->talk->format == FORMAT_PCAP_BE) {
		bytes_be16(&o->bytes, v);
	} else {
		bytes_u8(&o->bytes, v & 0xff);
		bytes_u8(&o->bytes, v >> 8);
	}
}

static void put32(struct output *o, uint32_t v)
{
	bool big = o->talk->format == FORMAT_PCAP_BE;
	put16(o, big ? v >> 16 : v & 0xffff);
	put16(o, big ? v & 0xffff : v >> 16);
}

static void pcap_header(struct output *o)
{
	put32(o, o->talk->format == FORMAT_PCAP_NS ? 0xa1b23c4d : 0xa1b2c3d4);
	put16(o, 2);
	put16(o, 4);
	put32(o, 0);
	put32(o, 0);
	put32(o, SNAPLEN);
	put32(o, (uint32_t)o->talk->linktype);
}

/* A section header and one interface with nanosecond clock (if_tsresol 9). */
static void pcapng_header(struct output *o)
{
	put32(o, 0x0a0d0d0a);
	put32(o, 28);
	put32(o, 0x1a2b3c4d);
	put16(o, 1);
	put16(o, 0);
	put32(o, UINT32_MAX);
	put32(o, UINT32_MAX);
	put32(o, 28);
	put32(o, 1);
	put32(o, 32);
	put16(o, (unsigned)o->talk->linktype);
	put16(o, 0);
	put32(o, SNAPLEN);
	put16(o, 9);
	put16(o, 1);
	put32(o, 9);
	put32(o, 0);
	put32(o, 32);
}

static void pcap_record(struct output *o, const struct frame *f)
{
	bool nano = o->talk->format == FORMAT_PCAP_NS;
	put32(o, (uint32_t)(f->ns / 1000000000));
	put32(o, (uint32_t)(f->ns % 1000000000 / (nano ? 1 : 1000)));
	put32(o, (uint32_t)f->bytes.n);
	put32(o, (uint32_t)f->wire_len);
	bytes_slice(&o->bytes, f->bytes);
}

/* An option of eight bytes, the last one of its block. */
static void pcapng_counter(struct output *o, unsigned code, uint64_t value)
{
	put16(o, code);
	put16(o, 8);
	put32(o, (uint32_t)value);
	put32(o, (uint32_t)(value >> 32));
	put32(o, 0);
}

static void pcapng_record(struct output *o, const struct frame *f)
{
	size_t padding = -f->bytes.n % 4;
	uint32_t total = (uint32_t)(32 + f->bytes.n + padding + (f->dropped ? 16 : 0));
	put32(o, 6);
	put32(o, total);
	put32(o, 0);
	put32(o, (uint32_t)((uint64_t)f->ns >> 32));
	put32(o, (uint32_t)f->ns);
	put32(o, (uint32_t)f->bytes.n);
	put32(o, (uint32_t)f->wire_len);
	bytes_slice(&o->bytes, f->bytes);
	bytes_add(&o->bytes, "\0\0\0", padding);
	if (f->dropped)
		pcapng_counter(o, 4, f->dropped);
	put32(o, total);
	o->dropped += f->dropped;
}

/* The statistics of the interface: isb_ifdrop counts from the start of the capture. */
static void pcapng_statistics(struct output *o)
{
	put32(o, 5);
	put32(o, 40);
	put32(o, 0);
	put32(o, 0);
	put32(o, 0);
	pcapng_counter(o, 5, o->dropped + o->talk->dropped);
	put32(o, 40);
}

static void frame_put(void *ctx, const struct frame *f)
{
	struct output *o = ctx;
	if (o->talk->format == FORMAT_PCAPNG)
		pcapng_record(o, f);
	else
		pcap_record(o, f);
}

bool talk_write(const struct talk *t, const char *path, struct error *e)
{
	struct output o = { .talk = t };
	if (t->format == FORMAT_PCAPNG)
		pcapng_header(&o);
	else
		pcap_header(&o);
	for (size_t i = 0; i < t->n; i++)
		segment_frames(&t->segments[i], t->linktype, (struct frame_sink){ frame_put, &o });
	if (t->dropped)
		pcapng_statistics(&o);
	size_t n = o.bytes.n > t->cut ? o.bytes.n - t->cut : 0;
	FILE *f = fopen(path, "wb");
	bool ok = f != NULL && fwrite(o.bytes.p, 1, n, f) == n;
	if (f != NULL && fclose(f) != 0)
		ok = false;
	bytes_free(&o.bytes);
	return ok ? true : error_set(e, "%s: %s", path, strerror(errno));
}
