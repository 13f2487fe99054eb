/*
 * Writes packets as pcapng: one section, nanosecond stamps, an interface per link type described
 * when its first packet comes; or as pcap, which has one link type. A file gets its name only when
 * it is whole: until then it is a new file beside it, readable by nobody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/writer.h"

#include "capture/input.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_CUSTOM_LOCAL = 0x40000bad, /* not to be copied by who changes the file */
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	PCAP_SNAPLEN = 262144,
	OPTION_NAME = 2, /* of an interface */
	OPTION_TSRESOL = 9,
	OPTION_PACKET_DROPS = 4,
	OPTION_INTERFACE_DROPS = 5,
	NANOSECONDS = 9,
	LINKTYPES = 65536,
	BUFFER = 65536,
	DIGESTED = 256, /* of a block: see reader_digest() */
};

struct writer {
	int fd;
	char *path;
	struct whole file; /* when it is named: fd is in it */
	bool named; /* not a pipe, a device, or what somebody else opened */
	bool unread; /* standard output is a pipe that nobody reads */
	const char *interface; /* its name, borrowed; NULL: not said */
	enum capture_format format;
	bool failed;
	struct error error; /* the first one */
	uint64_t lost; /* in front of the next packet */
	uint64_t drops; /* told with packets of the first interface */
	int64_t last_ns;
	bool headed; /* pcap: its header is written */
	int linktype; /* of pcap */
	uint32_t n_interfaces;
	uint32_t interfaces[LINKTYPES]; /* by link type: interface number + 1, 0 = none yet */
	uint64_t hash; /* of the blocks through the first packet */
	size_t n_head;
	uint8_t head[DIGESTED]; /* of the block being written, until there is a packet */
	struct writer_extent composed; /* through the last whole block */
	struct writer_extent whole; /* the same of what was written */
	uint64_t written;
	size_t used;
	uint8_t buffer[BUFFER];
};

static void writer_fail(struct writer *w)
{
	w->unread = errno == EPIPE && w->fd == STDOUT_FILENO;
	if (w->unread)
		return;
	w->failed = true;
	error_set(&w->error, "%s: %s", w->path, strerror(errno));
}

static void writer_push(struct writer *w, const uint8_t *p, size_t n)
{
	while (n > 0 && !w->failed && !w->unread) {
		ssize_t put = write(w->fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			writer_fail(w);
			return;
		}
		p += put;
		n -= (size_t)put;
		w->written += (size_t)put;
	}
}

static void writer_drain(struct writer *w)
{
	writer_push(w, w->buffer, w->used);
	w->used = 0;
	if (!w->failed)
		w->whole = w->composed;
}

static void head_add(struct writer *w, const void *p, size_t n)
{
	size_t more = n < DIGESTED - w->n_head ? n : DIGESTED - w->n_head;
	if (more == 0 || w->composed.packets != 0)
		return;
	memcpy(w->head + w->n_head, p, more);
	w->n_head += more;
}

static void put_bytes(struct writer *w, const void *p, size_t n)
{
	head_add(w, p, n);
	if (n > BUFFER - w->used)
		writer_drain(w);
	if (n > BUFFER) {
		writer_push(w, p, n);
	} else if (n > 0) {
		memcpy(w->buffer + w->used, p, n);
		w->used += n;
	}
}

/* Host order, as the section header declares it. */
static void put32(struct writer *w, uint32_t value)
{
	put_bytes(w, &value, sizeof(value));
}

static void put16(struct writer *w, uint16_t value)
{
	put_bytes(w, &value, sizeof(value));
}

/* What a reader digests of each block up to the first packet. */
static void block_end(struct writer *w, bool packet)
{
	if (w->composed.packets == 0)
		w->hash = digest_add(w->hash, w->head, w->n_head);
	w->n_head = 0;
	w->composed.bytes = w->written + w->used;
	w->composed.packets += packet;
}

static void put_section(struct writer *w)
{
	enum { LENGTH = 28 };
	const int64_t unknown_length = -1;
	put32(w, BLOCK_SECTION);
	put32(w, LENGTH);
	put32(w, BYTE_ORDER_MAGIC);
	put16(w, 1);
	put16(w, 0);
	put_bytes(w, &unknown_length, sizeof(unknown_length));
	put32(w, LENGTH);
	block_end(w, false);
}

static void put_padded(struct writer *w, const void *p, size_t n)
{
	const uint8_t padding[4] = { 0 };
	put_bytes(w, p, n);
	put_bytes(w, padding, -n & 3);
}

static void put_interface(struct writer *w, uint16_t linktype)
{
	const uint8_t resolution = NANOSECONDS;
	uint16_t name = w->interface ? (uint16_t)strlen(w->interface) : 0;
	uint32_t length = 32 + (name ? 4 + name + (-(uint32_t)name & 3) : 0);
	put32(w, BLOCK_INTERFACE);
	put32(w, length);
	put16(w, linktype);
	put16(w, 0);
	put32(w, 0);
	if (name) {
		put16(w, OPTION_NAME);
		put16(w, name);
		put_padded(w, w->interface, name);
	}
	put16(w, OPTION_TSRESOL);
	put16(w, sizeof(resolution));
	put_padded(w, &resolution, sizeof(resolution));
	put32(w, 0);
	put32(w, length);
	block_end(w, false);
}

/* An option of eight bytes, and the end of options. */
static void put_count(struct writer *w, uint16_t option, uint64_t count)
{
	put16(w, option);
	put16(w, sizeof(count));
	put_bytes(w, &count, sizeof(count));
	put32(w, 0);
}

enum { COUNT_LENGTH = 16 };

static void put_packet(struct writer *w, const struct packet *p, uint32_t interface)
{
	const uint64_t ticks = (uint64_t)p->at.ns; /* before 1970: what our reader takes back */
	uint32_t captured = (uint32_t)p->bytes.n, pad = -captured & 3;
	uint32_t length = 32 + captured + pad + (w->lost ? COUNT_LENGTH : 0);
	put32(w, BLOCK_PACKET);
	put32(w, length);
	put32(w, interface);
	put32(w, (uint32_t)(ticks >> 32));
	put32(w, (uint32_t)ticks);
	put32(w, captured);
	put32(w, p->wire_len);
	put_padded(w, p->bytes.p, captured);
	if (w->lost)
		put_count(w, OPTION_PACKET_DROPS, w->lost);
	put32(w, length);
	block_end(w, true);
}

static void put_custom(struct writer *w)
{
	enum { LENGTH = 16 };
	put32(w, BLOCK_CUSTOM_LOCAL);
	put32(w, LENGTH);
	put32(w, 0); /* nobody's number */
	put32(w, LENGTH);
	block_end(w, false);
}

/* Statistics count from the start of the capture: what packets have told already is in them. */
static void put_statistics(struct writer *w)
{
	enum { LENGTH = 24 + COUNT_LENGTH };
	const uint64_t ticks = (uint64_t)w->last_ns;
	put32(w, BLOCK_STATISTICS);
	put32(w, LENGTH);
	put32(w, 0);
	put32(w, (uint32_t)(ticks >> 32));
	put32(w, (uint32_t)ticks);
	put_count(w, OPTION_INTERFACE_DROPS, w->drops + w->lost);
	put32(w, LENGTH);
	block_end(w, false);
}

/* ---- pcap ---- */

static void put_file_header(struct writer *w, int linktype)
{
	const uint32_t magic_nanoseconds = 0xa1b23c4d;
	w->headed = true;
	w->linktype = linktype;
	put32(w, magic_nanoseconds);
	put16(w, 2);
	put16(w, 4);
	put32(w, 0);
	put32(w, 0);
	put32(w, PCAP_SNAPLEN);
	put32(w, (uint32_t)linktype);
}

static void put_record(struct writer *w, const struct packet *p)
{
	const int64_t second = 1000000000;
	int64_t ns = p->at.ns % second;
	ns += ns < 0 ? second : 0;
	put32(w, (uint32_t)((p->at.ns - ns) / second));
	put32(w, (uint32_t)ns);
	put32(w, (uint32_t)p->bytes.n);
	put32(w, p->wire_len);
	put_bytes(w, p->bytes.p, p->bytes.n);
	block_end(w, true);
}

static void pcap_packet(struct writer *w, const struct packet *p)
{
	if (!w->headed)
		put_file_header(w, p->linktype);
	if (w->linktype != p->linktype) {
		w->failed = true;
		error_set(&w->error, "%.120s: pcap has one link type, the packets have two: pcapng",
		    w->path);
		return;
	}
	put_record(w, p);
}

static bool writer_report(const struct writer *w, struct error *e)
{
	if (w->failed)
		*e = w->error;
	return !w->failed;
}

static void pcapng_packet(struct writer *w, const struct packet *p)
{
	uint16_t linktype = (uint16_t)p->linktype;
	uint32_t *interface = &w->interfaces[linktype];
	if (*interface == 0) {
		put_interface(w, linktype);
		*interface = ++w->n_interfaces;
	}
	put_packet(w, p, *interface - 1);
	w->drops += *interface == 1 ? w->lost : 0;
	w->last_ns = p->at.ns;
}

bool writer_packet(struct writer *w, const struct packet *p, struct error *e)
{
	if (w->failed)
		return true; /* said already, and writer_close() says it again */
	if (w->format == CAPTURE_PCAP)
		pcap_packet(w, p);
	else
		pcapng_packet(w, p);
	w->lost = 0;
	return writer_report(w, e);
}

bool writer_lost(struct writer *w, uint64_t packets)
{
	w->lost += packets;
	return w->format == CAPTURE_PCAPNG;
}

bool writer_skip(struct writer *w, uint64_t frames)
{
	for (; frames && w->format == CAPTURE_PCAPNG && !w->failed; frames--)
		put_custom(w);
	return !frames;
}

void writer_end(struct writer *w, bool damaged)
{
	if (w->format == CAPTURE_PCAP && !w->headed)
		put_file_header(w, 1);
	if (w->format == CAPTURE_PCAPNG && w->lost && w->n_interfaces)
		put_statistics(w);
	w->lost = 0;
	if (damaged) { /* a type or a time, and no more */
		put32(w, BLOCK_PACKET);
		put32(w, 64);
	}
	writer_drain(w);
}

/* A pipe or a device is written to, never replaced by a file of its name. */
static bool is_stream(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static bool writer_open_path(struct writer *w, struct error *e)
{
	if (strcmp(w->path, "-") == 0) {
		w->fd = STDOUT_FILENO;
	} else if (is_stream(w->path)) {
		w->fd = open(w->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		return w->fd >= 0 || error_set(e, "%s: %s", w->path, strerror(errno));
	} else {
		w->named = whole_open(&w->file, w->path, e);
		w->fd = w->file.fd;
	}
	return w->fd >= 0;
}

static void writer_free(struct writer *w)
{
	if (w->fd >= 0 && w->fd != STDOUT_FILENO)
		close(w->fd);
	free(w->path);
	free(w);
}

struct writer *writer_open(const char *path, enum capture_format format, struct error *e)
{
	struct writer *w = calloc(1, sizeof(*w));
	char *copy = strdup(path);
	if (!w || !copy) {
		error_set(e, "%s: out of memory", path);
		free(copy);
		free(w);
		return NULL;
	}
	w->path = copy;
	w->format = format;
	if (!writer_open_path(w, e)) {
		writer_free(w);
		return NULL;
	}
	if (format == CAPTURE_PCAPNG)
		put_section(w);
	return w;
}

struct writer *writer_on(int fd, const char *name, const char *interface, struct error *e)
{
	struct writer *w = calloc(1, sizeof(*w));
	char *copy = strdup(name);
	if (!w || !copy) {
		error_set(e, "%s: out of memory", name);
		free(copy);
		free(w);
		return NULL;
	}
	w->path = copy;
	w->fd = fd;
	w->interface = interface;
	w->format = CAPTURE_PCAPNG;
	put_section(w);
	return w;
}

bool writer_flush(struct writer *w, struct error *e)
{
	if (!w->failed)
		writer_drain(w);
	return writer_report(w, e);
}

bool writer_unread(const struct writer *w)
{
	return w->unread;
}

uint64_t writer_bytes(const struct writer *w)
{
	return w->written + w->used;
}

struct writer_extent writer_whole(const struct writer *w)
{
	return w->whole;
}

uint64_t writer_hash(const struct writer *w)
{
	return w->hash;
}

bool writer_close(struct writer *w, struct error *e)
{
	if (w->format == CAPTURE_PCAP && !w->headed)
		put_file_header(w, 1);
	writer_drain(w);
	if (w->named && !w->failed) {
		if (!whole_commit(&w->file))
			writer_fail(w);
		w->named = false;
		w->fd = -1;
	}
	bool written = writer_report(w, e);
	if (written)
		writer_free(w);
	else
		writer_abandon(w);
	return written;
}

void writer_abandon(struct writer *w)
{
	if (!w)
		return;
	if (w->named) {
		whole_discard(&w->file);
		w->fd = -1;
	}
	writer_free(w);
}
