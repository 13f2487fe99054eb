/* What all shapes are made of: a capture as it is written, and connections in it. */
#include "tests/tool/shape.h"

enum { MSS = 1460 };

/* splitmix64 */
uint64_t shape_random(struct shape *s, uint64_t below)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static void put32(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = v >> 8 * i & 0xff;
}

void shape_packet(struct shape *s, struct slice frame)
{
	uint8_t record[16];
	put32(record, (uint64_t)s->ns / 1000000000);
	put32(record + 4, (uint64_t)s->ns % 1000000000);
	put32(record + 8, frame.n);
	put32(record + 12, frame.n);
	s->ns += s->step_ns;
	ensure(fwrite(record, 1, sizeof(record), s->out) == sizeof(record), NULL);
	ensure(fwrite(frame.p, 1, frame.n, s->out) == frame.n, NULL);
}

static void framed(void *ctx, const struct frame *f)
{
	shape_packet(ctx, f->bytes);
}

void shape_segment(struct shape *s, const struct segment *segment)
{
	segment_frames(segment, LINK_ETHER, (struct frame_sink){ framed, s });
}

static void dialog_send(struct shape *s, const struct dialog *d, unsigned side, uint32_t offset,
    unsigned flags, struct slice data)
{
	shape_segment(s,
	    &(struct segment){
		.ns = s->ns,
		.side = side,
		.from = d->end[side],
		.to = d->end[!side],
		.seq = d->next[side] + offset,
		.ack = flags & TCP_ACK ? d->next[!side] : 0,
		.flags = (uint8_t)flags,
		.data = data,
	    });
}

struct dialog dialog_between(struct shape *s, struct talk_address client,
    struct talk_address server)
{
	struct dialog d = { .end = { client, server }, .next = { 1000, 5000 } };
	dialog_send(s, &d, CLIENT, 0, TCP_SYN, (struct slice){ 0 });
	d.next[CLIENT]++;
	dialog_send(s, &d, SERVER, 0, TCP_SYN | TCP_ACK, (struct slice){ 0 });
	d.next[SERVER]++;
	dialog_send(s, &d, CLIENT, 0, TCP_ACK, (struct slice){ 0 });
	return d;
}

struct dialog dialog_open(struct shape *s, uint64_t number)
{
	struct talk_address client = { .family = 4, .port = (uint16_t)(1024 + number % 60000) };
	const struct talk_address server = { .family = 4, .port = 80, .bytes = { 10, 0, 0, 2 } };
	uint64_t host = number / 60000;
	memcpy(client.bytes,
	    (uint8_t[]){ 10, 1 + (host >> 16 & 63), host >> 8 & 0xff, host & 0xff }, 4);
	return dialog_between(s, client, server);
}

void dialog_piece(struct shape *s, const struct dialog *d, unsigned side, uint32_t offset,
    struct slice data)
{
	dialog_send(s, d, side, offset, TCP_ACK | TCP_PSH, data);
}

void dialog_say(struct shape *s, struct dialog *d, unsigned side, struct slice data)
{
	for (size_t at = 0; at < data.n; at += MSS) {
		struct slice part = slice_part(data, at, MSS);
		dialog_piece(s, d, side, 0, part);
		d->next[side] += (uint32_t)part.n;
	}
	dialog_send(s, d, !side, 0, TCP_ACK, (struct slice){ 0 });
}

void dialog_text(struct shape *s, struct dialog *d, unsigned side, const char *text)
{
	dialog_say(s, d, side, (struct slice){ (const uint8_t *)text, strlen(text) });
}

void dialog_close(struct shape *s, struct dialog *d)
{
	for (unsigned side = 0; side < 2; side++) {
		dialog_send(s, d, side, 0, TCP_FIN | TCP_ACK, (struct slice){ 0 });
		d->next[side]++;
	}
	dialog_send(s, d, CLIENT, 0, TCP_ACK, (struct slice){ 0 });
}

void dialog_put(struct shape *s, struct dialog *d, uint64_t number)
{
	char text[512];
	snprintf(text, sizeof(text),
	    "PUT /cal/%llu.ics HTTP/1.1\r\nHost: dav.example\r\nContent-Type: text/calendar\r\n"
	    "Content-Length: 30\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR",
	    (unsigned long long)number);
	dialog_text(s, d, CLIENT, text);
	dialog_text(s, d, SERVER,
	    "HTTP/1.1 201 Created\r\nETag: \"1\"\r\nContent-Length: 0\r\n\r\n");
}
