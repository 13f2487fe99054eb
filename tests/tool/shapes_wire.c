/* Shapes below HTTP: headers, fragments, segments, connections. */
#include "tests/tool/shape.h"
#include "tests/tool/shape_shard.h"

void shape_untagged(struct shape *s, uint64_t n)
{
	enum { OBJECTS = 100 };
	char text[160];
	struct dialog d = dialog_open(s, 0);
	for (uint64_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text),
		    "PUT /cal/%u.ics HTTP/1.1\r\nHost: x\r\nContent-Type: text/calendar\r\n"
		    "Content-Length: 30\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR",
		    (unsigned)(i % OBJECTS));
		dialog_text(s, &d, CLIENT, text);
		dialog_text(s, &d, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
	}
	dialog_close(s, &d);
}

void shape_requests(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	for (uint64_t i = 0; i < n; i++)
		dialog_put(s, &d, i);
	dialog_close(s, &d);
}

/* ---- IP ---- */

static void ether(struct bytes *b, unsigned type)
{
	static const uint8_t ends[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	b->n = 0;
	bytes_add(b, ends, sizeof(ends));
	bytes_be16(b, type);
}

static void ip6(struct bytes *b, unsigned length, unsigned next)
{
	static const uint8_t ends[32] = { 0xfd, [15] = 1, [16] = 0xfd, [31] = 2 };
	ether(b, 0x86dd);
	bytes_be32(b, 0x60000000);
	bytes_be16(b, length);
	bytes_u8(b, next);
	bytes_u8(b, 64);
	bytes_add(b, ends, sizeof(ends));
}

/* Type of destination options, eight bytes each. */
void shape_chains(struct shape *s, uint64_t n)
{
	enum { HEADERS = 256, DESTINATION = 60 };
	struct bytes b = { 0 };
	for (uint64_t i = 0; i < n; i++) {
		ip6(&b, HEADERS * 8, DESTINATION);
		for (unsigned k = 0; k < HEADERS; k++)
			bytes_add(&b, (uint8_t[]){ DESTINATION, 0, 1, 4, 0, 0, 0, 0 }, 8);
		shape_packet(s, bytes_all(&b));
	}
	bytes_free(&b);
}

void shape_padding(struct shape *s, uint64_t n)
{
	enum { LARGEST = 255, BYTES = (LARGEST + 1) * 8 };
	struct bytes b = { 0 };
	for (uint64_t i = 0; i < n; i++) {
		ip6(&b, 0, 0);
		bytes_add(&b, (uint8_t[BYTES]){ 6, LARGEST }, BYTES);
		shape_packet(s, bytes_all(&b));
	}
	bytes_free(&b);
}

/* A fragment of TCP over IPv4; its place is the field of flags and offset. */
static void fragment(struct shape *s, struct bytes *b, uint64_t datagram, unsigned place, size_t n,
    unsigned fill)
{
	ether(b, 0x0800);
	bytes_be16(b, 0x4500);
	bytes_be16(b, (unsigned)(20 + n));
	bytes_be16(b, datagram & 0xffff);
	bytes_be16(b, place);
	bytes_be32(b, 64u << 24 | 6u << 16);
	bytes_be32(b, 10u << 24 | (datagram >> 16 & 0xffffff));
	bytes_be32(b, 10u << 24 | 2);
	for (size_t i = 0; i < n; i++)
		bytes_u8(b, fill);
	shape_packet(s, bytes_all(b));
}

void shape_fragments(struct shape *s, uint64_t n)
{
	struct bytes b = { 0 };
	for (uint64_t i = 0; i < n; i++)
		fragment(s, &b, i, 0x2000, 64, 0);
	bytes_free(&b);
}

void shape_overlaps(struct shape *s, uint64_t n)
{
	enum { PIECES = 60 };
	struct bytes b = { 0 };
	for (uint64_t i = 0; i < n; i++)
		fragment(s, &b, i / PIECES, 0x2000 + (unsigned)(i % PIECES), 1024, i & 0xff);
	bytes_free(&b);
}

/* What else goes over a network; the last kind has any type and any bytes. */
void shape_noise(struct shape *s, uint64_t n)
{
	static const unsigned types[] = { 0x0800, 0x0800, 0x0806, 0x88cc };
	struct bytes b = { 0 };
	for (uint64_t i = 0; i < n; i++) {
		unsigned kind = (unsigned)shape_random(s, 5);
		ether(&b, kind < 4 ? types[kind] : (unsigned)shape_random(s, 65536));
		if (kind < 2) {
			bytes_be32(&b, 0x45000054);
			bytes_be32(&b, 0);
			bytes_be32(&b, 64u << 24 | (kind == 0 ? 17u : 1u) << 16);
			bytes_be32(&b, 10u << 24 | (uint32_t)shape_random(s, 1 << 24));
			bytes_be32(&b, 10u << 24 | 2);
		}
		for (unsigned k = 0; k < 16; k++)
			bytes_be32(&b, (uint32_t)shape_random(s, UINT32_MAX));
		shape_packet(s, bytes_all(&b));
	}
	bytes_free(&b);
}

/* ---- TCP ---- */

static const struct slice one_byte = { (const uint8_t *)"x", 1 };

void shape_holes(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	for (uint64_t i = 0; i < n; i++)
		dialog_piece(s, &d, CLIENT, (uint32_t)(2 * i + 1), one_byte);
}

void shape_backwards(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	for (uint64_t i = n; i-- > 0;)
		dialog_piece(s, &d, CLIENT, (uint32_t)i, one_byte);
}

static const char request[] = "GET /cal/ HTTP/1.1\r\nHost: dav.example\r\n\r\n";

void shape_repeats(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	for (uint64_t i = 0; i < n; i++)
		dialog_piece(s, &d, CLIENT, 0,
		    (struct slice){ (const uint8_t *)request, sizeof(request) - 1 });
}

/* Over IPv6, where nothing but these bytes tells them from each other. */
void shape_conflicts(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	d.end[CLIENT].family = d.end[SERVER].family = 6;
	char text[sizeof(request)];
	for (uint64_t i = 0; i < n; i++) {
		memcpy(text, request, sizeof(request));
		uint64_t rest = i;
		for (size_t k = sizeof("GET /"); k < sizeof("GET /cal"); rest /= 26)
			text[k++ - 1] = (char)('a' + rest % 26);
		dialog_piece(s, &d, CLIENT, 0,
		    (struct slice){ (const uint8_t *)text, sizeof(text) - 1 });
	}
}

/* An answer is in a hole that the client has acknowledged; packets of the flow that go on make it a gap. */
static void hole_begin(struct shape *s, struct dialog *d)
{
	dialog_text(s, d, CLIENT, request);
	dialog_piece(s, d, SERVER, 1, one_byte);
	d->next[SERVER] += 2;
	dialog_piece(s, d, CLIENT, 0, (struct slice){ NULL, 0 });
}

static void hole_end(struct shape *s, const struct dialog *d)
{
	for (unsigned i = 0; i < 65; i++)
		dialog_piece(s, d, CLIENT, 0, (struct slice){ NULL, 0 });
}

void shape_waiting(struct shape *s, uint64_t n)
{
	enum { OTHERS = 16, TURNS = 24 };
	struct dialog holed = dialog_open(s, 0), others[OTHERS];
	struct bytes asks = { 0 }, answers = { 0 };
	for (unsigned i = 0; i < OTHERS; i++)
		others[i] = dialog_open(s, i + 1);
	for (unsigned i = 0; i < 200; i++) {
		bytes_text(&asks, "GET / HTTP/1.1\r\n\r\n");
		bytes_text(&answers, "HTTP/1.1 204 N\r\n\r\n");
	}
	s->step_ns = 100;
	for (uint64_t i = 0, turns = 0; i < n; i++, turns--) {
		if (turns == 0) {
			hole_end(s, &holed);
			turns = 1 + shape_random(s, TURNS);
			hole_begin(s, &holed);
		}
		dialog_say(s, &others[i % OTHERS], CLIENT, bytes_all(&asks));
		dialog_say(s, &others[i % OTHERS], SERVER, bytes_all(&answers));
	}
	bytes_free(&asks);
	bytes_free(&answers);
}

void shape_syns(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	struct segment syn = { .to = { .family = 4, .port = 80, .bytes = { 10, 0, 0, 3 } },
		.from.family = 4,
		.flags = TCP_SYN };
	dialog_put(s, &d, 1);
	for (uint64_t i = 0; i < n; i++) {
		if (i == n / 2)
			dialog_put(s, &d, 2);
		for (unsigned k = 0; k < 4; k++)
			syn.from.bytes[k] = (1 + i) >> 8 * (3 - k) & 0xff;
		syn.from.port = (uint16_t)(1024 + i % 60000);
		syn.seq = (uint32_t)i;
		shape_segment(s, &syn);
	}
	dialog_put(s, &d, 3);
	dialog_close(s, &d);
}

/* Around a connection that is not of shard 0. */
static void small_flows(struct shape *s, uint64_t n, bool one_shard)
{
	struct segment one = { .to = { .family = 4, .port = 80, .bytes = { 10, 0, 0, 2 } },
		.from.family = 4,
		.flags = TCP_ACK | TCP_PSH,
		.data = one_byte };
	uint64_t number = 0;
	while (
	    shape_shard((uint8_t[]){ 10, 1, 0, 0 }, (uint16_t)(1024 + number), one.to.bytes) == 0)
		number++;
	struct dialog d = dialog_open(s, number);
	dialog_put(s, &d, 1);
	for (uint64_t i = 0, found = 0; found < n; i++) {
		one.from.port = (uint16_t)(1024 + i % 60000);
		memcpy(one.from.bytes,
		    (uint8_t[]){ 11, i / 60000 >> 16 & 0xff, i / 60000 >> 8 & 0xff,
			i / 60000 & 0xff },
		    4);
		if (one_shard && shape_shard(one.from.bytes, one.from.port, one.to.bytes) != 0)
			continue;
		shape_segment(s, &one);
		found++;
	}
	dialog_put(s, &d, 2);
	dialog_close(s, &d);
}

void shape_one_shard(struct shape *s, uint64_t n)
{
	small_flows(s, n, true);
}

void shape_spread(struct shape *s, uint64_t n)
{
	small_flows(s, n, false);
}

void shape_steady(struct shape *s, uint64_t n)
{
	enum { BODY = 20000, READS = 100 };
	struct bytes b = { 0 };
	struct dialog d = { 0 };
	bytes_text(&b,
	    "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 20000\r\n\r\n");
	for (size_t i = 0; i < BODY; i++)
		bytes_u8(&b, i % 64 == 63 ? '\n' : 'a' + i % 26);
	for (uint64_t i = 0; i < n; i++) {
		if (i % READS == 0)
			d = dialog_open(s, i / READS % 1000);
		dialog_text(s, &d, CLIENT, request);
		dialog_say(s, &d, SERVER, bytes_all(&b));
		if (i % READS == READS - 1)
			dialog_close(s, &d);
	}
	bytes_free(&b);
}
