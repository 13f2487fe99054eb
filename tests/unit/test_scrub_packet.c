/*
 * test_scrub_packet.c - packet.c, stream.c, scrub.c: packets are built from nothing; what is not known stays nothing.
 */
#include "capture/capture.h"
#include "cmd/scrub/scrub.h"
#include "tests/unit/guard.h"
#include "tests/unit/wire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PACKETS_MAX = 400 };

/* Packets that pass twice. */
struct passes {
	struct limits limits;
	struct scrubber *scrubber;
	enum checksums checksums;
	struct packet packets[PACKETS_MAX];
	size_t n;
};

static void passes_open(struct passes *t)
{
	struct error e = { "" };
	*t = (struct passes){ .limits = limits_default() };
	struct scrub_options options = { .limits = &t->limits,
		.key = hash_key_from(1),
		.beside = "-" };
	t->scrubber = scrubber_new(&options, &e);
	if (t->scrubber == NULL)
		fail_msg("%s", e.text);
}

static void add(struct passes *t, int linktype, const void *p, size_t n, uint32_t wire_len)
{
	struct packet *packet = &t->packets[t->n++];
	*packet = (struct packet){ .linktype = linktype,
		.wire_len = wire_len,
		.bytes = { guard_copy(p, n), n } };
	packet->at = (struct stamp){ .order = t->n, .frame = t->n, .ns = (int64_t)t->n * 1000 };
}

static void drop_txn(void *ctx, struct txn *txn)
{
	(void)ctx;
	txn_free(txn);
}
static void no_flow(void *ctx, const struct flow *flow)
{
	(void)ctx, (void)flow;
}
static void no_anomaly(void *ctx, const struct anomaly *anomaly)
{
	(void)ctx, (void)anomaly;
}
static void no_dropped(void *ctx, const struct dropped *dropped)
{
	(void)ctx, (void)dropped;
}

static void first_pass(struct passes *t)
{
	struct error e = { "" };
	struct decode_options options = { .limits = t->limits,
		.round_packets = 1,
		.checksums = t->checksums,
		.tap = scrubber_tap(t->scrubber) };
	struct decode_sink sink = { drop_txn, no_flow, no_anomaly, no_dropped, NULL };
	struct decoder *d = decoder_new(&options, sink, &e);
	assert_non_null(d);
	for (size_t i = 0; i < t->n; i++)
		decoder_packet(d, &t->packets[i]);
	decoder_finish(d);
	decoder_free(d);
	if (!scrubber_turn(t->scrubber, &e))
		fail_msg("%s", e.text);
}

/* The packet as it comes out; it dies with the next call. */
static struct slice second_pass(struct passes *t, size_t i)
{
	struct error e = { "" };
	struct packet packet = t->packets[i];
	if (!scrubber_packet(t->scrubber, &packet, &e))
		fail_msg("%s", e.text);
	assert_int_equal(packet.bytes.n, t->packets[i].bytes.n);
	return packet.bytes;
}

static void passes_close(struct passes *t)
{
	scrubber_free(t->scrubber);
}

static void wire_ethernet(struct wire *w, uint16_t ethertype)
{
	wire_put(w, "\x02\xaa\xbb\xcc\xdd\x01\x02\xaa\xbb\xcc\xdd\x02", 12);
	wire_be(w, ethertype, 2);
}

static uint16_t sum(const uint8_t *p, size_t n, uint32_t more)
{
	for (size_t i = 0; i < n; i++)
		more += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (more >> 16 != 0)
		more = (more & 0xffff) + (more >> 16);
	return (uint16_t)more;
}

/* Over the IPv4 segment behind an Ethernet header, all bits set when its checksum is right. */
static uint16_t sum_tcp(struct slice packet)
{
	size_t n = packet.n - 34;
	return sum(packet.p + 34, n, sum(packet.p + 26, 8, (uint32_t)(6 + n)));
}

static const char request[] = "GET /anna/x HTTP/1.1\r\nHost: h\r\n\r\n";

static void wire_request(struct wire *w, bool right)
{
	wire_ethernet(w, 0x0800);
	wire_ip4(w, 6, 20 + sizeof request - 1, 1, 0);
	wire_tcp(w, 0x18, 20);
	wire_put(w, request, sizeof request - 1);
	if (!right)
		return;
	uint16_t ip = (uint16_t)~sum(w->bytes + 14, 20, 0);
	w->bytes[24] = (uint8_t)(ip >> 8), w->bytes[25] = (uint8_t)ip;
	uint16_t tcp = (uint16_t)~sum_tcp((struct slice){ w->bytes, w->n });
	w->bytes[50] = (uint8_t)(tcp >> 8), w->bytes[51] = (uint8_t)tcp;
}

static void test_checksums(void **state)
{
	(void)state;
	for (int right = 0; right < 2; right++) {
		struct passes t;
		struct wire w = { .n = 0 };
		passes_open(&t);
		wire_request(&w, right);
		add(&t, 1, w.bytes, w.n, (uint32_t)w.n);
		first_pass(&t);
		struct slice out = second_pass(&t, 0);
		assert_int_equal(sum(out.p + 14, 20, 0) == 0xffff, right);
		assert_int_equal(sum_tcp(out) == 0xffff, right);
		assert_int_equal(slice_find(out, SLICE("anna")), out.n);
		assert_int_not_equal(slice_find(out, SLICE("GET /")), out.n);
		assert_memory_equal(out.p + 34, w.bytes + 34, 16); /* ports, numbers, flags */
		assert_int_equal(slice_find(out,
				     (struct slice){ (const uint8_t *)"\xaa\xbb\xcc\xdd", 4 }),
		    out.n);
		assert_int_equal(scrubber_counts(t.scrubber).packets_blanked, 0);
		passes_close(&t);
	}
}

/* What is no TCP, or belongs to no stream, or stands behind the datagram, is not copied. */
static void test_what_nobody_attributes(void **state)
{
	(void)state;
	struct passes t;
	struct wire udp = { .n = 0 }, arp = { .n = 0 }, padded = { .n = 0 }, icmp = { .n = 0 },
		    v6 = { .n = 0 };
	static const char secret[] = "Geheimnis";
	passes_open(&t);
	wire_ethernet(&udp, 0x0800);
	wire_ip4(&udp, 17, 8 + sizeof secret, 1, 0);
	wire_be(&udp, 0xc0000035, 4);
	wire_be(&udp, 8 + sizeof secret, 2);
	wire_be(&udp, 0xbeef, 2);
	wire_put(&udp, secret, sizeof secret);
	wire_ethernet(&arp, 0x0806);
	wire_put(&arp, secret, sizeof secret);
	wire_request(&padded, false);
	wire_put(&padded, secret, sizeof secret);
	wire_ethernet(&icmp, 0x0800);
	wire_ip4(&icmp, 1, sizeof secret, 1, 0);
	wire_put(&icmp, secret, sizeof secret);
	wire_ethernet(&v6, 0x86dd);
	wire_ip6(&v6, 0,
	    8 + 16 + sizeof secret); /* hop by hop, then destination options, then no header */
	wire_put(&v6, "\x3c\x00Geheim", 8);
	wire_put(&v6, "\x3b\x01Geheim........", 16);
	wire_put(&v6, secret, sizeof secret);
	const struct wire *all[] = { &udp, &arp, &padded, &icmp, &v6 };
	for (size_t i = 0; i < 5; i++)
		add(&t, 1, all[i]->bytes, all[i]->n, (uint32_t)all[i]->n);
	add(&t, 147, secret, sizeof secret, sizeof secret); /* a link layer that nobody knows */
	first_pass(&t);
	for (size_t i = 0; i < t.n; i++) {
		struct slice out = second_pass(&t, i);
		assert_int_equal(slice_find(out, SLICE("Geheim")), out.n);
		if (i < 5)
			assert_memory_equal(out.p + 12, all[i]->bytes + 12, 2);
	}
	assert_int_equal(scrubber_counts(t.scrubber).packets, 6);
	assert_int_equal(scrubber_counts(t.scrubber).packets_blanked, 5);
	passes_close(&t);
}

/* Cut anywhere, and with bytes that contradict each other: the same length, nothing read behind the end. */
static void test_cut_and_broken(void **state)
{
	(void)state;
	struct wire w = { .n = 0 };
	static const int links[] = { 0, 1, 12, 101, 108, 113, 228, 229, 276, 9999 };
	wire_request(&w, true);
	for (size_t link = 0; link < sizeof links / sizeof links[0]; link++) {
		struct passes t;
		passes_open(&t);
		for (size_t i = 0; i <= 3 * w.n; i++) {
			size_t n = i / 3;
			uint64_t at = hash_fixed(&i, sizeof i);
			add(&t, links[link], w.bytes, n, (uint32_t)w.n);
			uint8_t *p = (uint8_t *)(uintptr_t)t.packets[i].bytes.p;
			if (i % 3 != 0 && n != 0)
				p[at % n] = (uint8_t)(at >> 32);
		}
		first_pass(&t);
		for (size_t i = 0; i < t.n; i++)
			second_pass(&t, i);
		passes_close(&t);
	}
}

/* TCP options that tell who somebody is go, the others stay. */
static void test_tcp_options(void **state)
{
	(void)state;
	struct passes t;
	struct wire w = { .n = 0 };
	passes_open(&t);
	wire_ethernet(&w, 0x0800);
	wire_ip4(&w, 6, 20 + 20, 1, 0);
	wire_tcp(&w, 2, 40);
	wire_put(&w,
	    "\x02\x04\x05\xb4\x04\x02\xfe\x08\xcb\x00\x71\x4d\x01\x02\x03\x03\x07\x00\xaa\xaa", 20);
	add(&t, 1, w.bytes, w.n, (uint32_t)w.n);
	first_pass(&t);
	struct slice out = second_pass(&t, 0);
	assert_memory_equal(out.p + 54,
	    "\x02\x04\x05\xb4\x04\x02\xfe\x08\0\0\0\0\0\0\x03\x03\x07\0\0\0", 20);
	passes_close(&t);
}

/* A limit that is reached blanks, and says so. */
static void test_limits(void **state)
{
	(void)state;
	struct passes t;
	struct wire w = { .n = 0 };
	static const char put[] =
	    "PUT /x HTTP/1.1\r\nContent-Type: text/calendar\r\nContent-Length: 2000\r\n\r\n";
	passes_open(&t);
	t.limits.scrub_body = 1024;
	wire_ethernet(&w, 0x0800);
	wire_ip4(&w, 6, 20 + sizeof put - 1 + 2000, 1, 0);
	wire_tcp(&w, 2, 20);
	wire_put(&w, put, sizeof put - 1);
	for (int i = 0; i < 200; i++)
		wire_put(&w, "SUMMARY:x\n", 10);
	add(&t, 1, w.bytes, w.n, (uint32_t)w.n);
	first_pass(&t);
	struct slice out = second_pass(&t, 0);
	assert_int_equal(slice_find(out, SLICE("SUMMARY")), out.n);
	assert_int_not_equal(slice_find(out, SLICE("xxxxxxx:x\nxxxxxxx:x\n")), out.n);
	assert_int_not_equal(slice_find(out, SLICE("Content-Length: 2000\r\n\r\n")), out.n);
	assert_int_equal(scrubber_counts(t.scrubber).bodies_blanked, 1);
	passes_close(&t);
}

enum { CLIENT, SERVER, FRAGMENT = 64, IP_AT = 14, TCP_AT = 34, HEADERS = 54 };

/* A whole packet of the flow; its checksum is right when the text is `sent`. */
static void wire_segment(struct wire *w, int from, uint32_t seq, uint32_t ack, uint8_t flags,
    const char *text, const char *sent)
{
	size_t n = strlen(text);
	*w = (struct wire){ .n = 0 };
	wire_ethernet(w, 0x0800);
	wire_ip4(w, 6, 20 + n, (uint16_t)(seq ^ flags << 8 ^ (text != sent)), 0);
	wire_tcp(w, flags, 20);
	wire_put(w, sent, n);
	uint8_t *tcp = w->bytes + TCP_AT;
	for (int i = 0; i < 4; i++) {
		tcp[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
		tcp[8 + i] = (uint8_t)(ack >> (24 - 8 * i));
	}
	if (from == SERVER) {
		uint8_t *end = w->bytes + IP_AT + 15;
		end[0] = 2, end[4] = 1;
		memcpy(tcp, "\0\x50\x9c\x40", 4);
	}
	uint16_t made = (uint16_t)~sum_tcp((struct slice){ w->bytes, w->n });
	tcp[16] = (uint8_t)(made >> 8), tcp[17] = (uint8_t)made;
	memcpy(w->bytes + HEADERS, text, n);
}

/* In two fragments when it is long. */
static void add_segment(struct passes *t, const struct wire *w, bool in_fragments)
{
	size_t payload = w->n - TCP_AT;
	if (!in_fragments || payload <= FRAGMENT) {
		add(t, 1, w->bytes, w->n, (uint32_t)w->n);
		return;
	}
	for (size_t at = 0; at < payload; at += FRAGMENT) {
		struct wire part = { .n = 0 };
		size_t n = payload - at < FRAGMENT ? payload - at : FRAGMENT;
		bool more = at + n < payload;
		wire_put(&part, w->bytes, TCP_AT);
		wire_put(&part, w->bytes + TCP_AT + at, n);
		uint16_t head[4] = { 0x4500, (uint16_t)(20 + n),
			(uint16_t)(w->bytes[18] << 8 | w->bytes[19]),
			(uint16_t)(at / 8 | (more ? 0x2000 : 0)) };
		for (size_t i = 0; i < 8; i++)
			part.bytes[IP_AT + i] = (uint8_t)(head[i / 2] >> (i % 2 ? 0 : 8));
		add(t, 1, part.bytes, part.n, (uint32_t)part.n);
	}
}

static void say(struct passes *t, int from, uint32_t seq, uint32_t ack, uint8_t flags,
    const char *text, const char *sent, bool in_fragments)
{
	struct wire w;
	wire_segment(&w, from, seq, ack, flags, text, sent);
	add_segment(t, &w, in_fragments);
}

static const char asked[] = "GET /anna/x HTTP/1.1\r\nAuthorization: Bearer Geheimnis\r\n"
			    "X-Fill: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n\r\n";
static const char answered[] = "HTTP/1.1 204 No Content\r\n\r\n";

/* The datagram of the packets from i on, whose checksum is to be looked at. */
static struct slice joined(struct passes *t, size_t i, bool in_fragments, uint8_t *room)
{
	struct slice first = second_pass(t, i);
	memcpy(room, first.p, first.n);
	size_t n = first.n;
	if (in_fragments) {
		struct slice second = second_pass(t, i + 1);
		memcpy(room + n, second.p + TCP_AT, second.n - TCP_AT);
		n += second.n - TCP_AT;
	}
	return (struct slice){ room, n };
}

/* A damaged segment: in front of its good copy it is blank, alone it is scrubbed as what was read. */
static void test_damaged(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		struct passes t;
		char spoilt[sizeof asked];
		uint8_t room[512];
		bool in_fragments = way & 1, again = way & 2;
		uint32_t n = sizeof asked - 1;
		size_t step = in_fragments ? 2 : 1;
		memcpy(spoilt, asked, sizeof asked);
		spoilt[slice_find(slice_from(asked), SLICE("rization"))] = '#';
		passes_open(&t);
		t.checksums = CHECKSUMS_AUTO;
		say(&t, CLIENT, 99, 0, 2, "", "", false);
		say(&t, SERVER, 499, 100, 0x12, "", "", false);
		say(&t, CLIENT, 100, 500, 0x18, spoilt, asked, in_fragments);
		if (again)
			say(&t, CLIENT, 100, 500, 0x10, asked, asked, in_fragments);
		say(&t, SERVER, 500, 100 + n, 0x18, answered, answered, false);
		first_pass(&t);
		second_pass(&t, 0), second_pass(&t, 1);
		struct slice bad = joined(&t, 2, in_fragments, room);
		assert_int_not_equal(sum_tcp(bad), 0xffff);
		assert_true(bad.p[50] != 0 || bad.p[51] != 0); /* nor left to a network card */
		assert_int_equal(slice_find(bad, SLICE("Geheim")), bad.n);
		assert_int_equal(slice_find(bad, SLICE("GET /")) == bad.n, again);
		if (again) {
			struct slice good = joined(&t, 2 + step, in_fragments, room);
			assert_int_equal(sum_tcp(good), 0xffff);
			assert_int_equal(slice_find(good, SLICE("Geheim")), good.n);
			assert_int_not_equal(slice_find(good, SLICE("Authorization: Bearer ")),
			    good.n);
		}
		assert_int_equal(scrubber_counts(t.scrubber).packets_blanked,
		    again && !in_fragments);
		passes_close(&t);
	}
}

/* A segment that nobody reads, of which so many words count as header. */
static void assert_no_options(const char *text, unsigned words, bool right)
{
	struct passes t;
	struct wire w;
	passes_open(&t);
	t.checksums = CHECKSUMS_ON; /* that of IP is wrong */
	wire_segment(&w, CLIENT, 99, 0, 0x18, text, text);
	w.bytes[TCP_AT + 12] = (uint8_t)(words << 4);
	w.bytes[TCP_AT + 16] = w.bytes[TCP_AT + 17] = 0;
	uint16_t made = (uint16_t)~sum_tcp((struct slice){ w.bytes, w.n });
	w.bytes[TCP_AT + 16] = (uint8_t)(made >> 8 ^ (right ? 0 : 0x55));
	w.bytes[TCP_AT + 17] = (uint8_t)made;
	add(&t, 1, w.bytes, w.n, (uint32_t)w.n);
	first_pass(&t);
	struct slice out = second_pass(&t, 0);
	assert_int_equal(sum_tcp(out) == 0xffff, right);
	assert_int_equal(slice_find(out, SLICE("Geh")), out.n);
	passes_close(&t);
}

/* Of a length that they cannot have, or beyond the header. A damaged data offset makes options of what was payload. */
static void test_damaged_options(void **state)
{
	(void)state;
	static const char odd[] = "\x01\x01\x03\x0eGeheimnis...\x01\x01\x08\x0aGeheimnis";
	static const char well_made[] = "\x01\x01\x05\x0aGeheimni\x08\x0aGeheimni";
	for (unsigned words = 5; words <= 10; words++)
		assert_no_options(odd, words, true);
	for (unsigned words = 5; words < 16; words++)
		assert_no_options(well_made, words, false);
}

/* A damaged length of the IP header takes payload for the header of TCP. */
static void test_damaged_length(void **state)
{
	(void)state;
	static const char text[] = "GET / HTTP/1.1\r\nX: Geheimnis\x50...Geheimnis\r\n\r\n";
	for (int mode = 0; mode < 3; mode++) {
		for (unsigned words = 6; words < 16; words++) {
			struct passes t;
			struct wire w;
			passes_open(&t);
			t.checksums = (enum checksums)mode;
			wire_segment(&w, CLIENT, 99, 0, 0x18, text, text);
			w.bytes[IP_AT] = (uint8_t)(0x40 | words);
			w.bytes[IP_AT + 10] = 0x12;
			add(&t, 1, w.bytes, w.n, (uint32_t)w.n);
			first_pass(&t);
			struct slice out = second_pass(&t, 0);
			assert_int_equal(slice_find(out, SLICE("Geh")), out.n);
			assert_int_equal(slice_find(out, SLICE("nis")), out.n);
			passes_close(&t);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_what_nobody_attributes),
		cmocka_unit_test(test_cut_and_broken),
		cmocka_unit_test(test_tcp_options),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_damaged_options),
		cmocka_unit_test(test_damaged_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
