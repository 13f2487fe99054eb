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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_what_nobody_attributes),
		cmocka_unit_test(test_cut_and_broken),
		cmocka_unit_test(test_tcp_options),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
