/*
 * test_net.c - whole packets to segments, every prefix of them, and what is counted on the way.
 */
#include "decode/net.h"
#include "capture/capture.h"
#include "tests/unit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct seen_anomalies {
	unsigned n[ANOMALY_CODES];
	struct anomaly last;
};

struct bench {
	struct seen_anomalies seen;
	struct net *net;
	struct wire w;
	uint64_t frame;
};

static void note_anomaly(void *ctx, const struct anomaly *a)
{
	struct seen_anomalies *seen = ctx;
	seen->n[a->code]++;
	seen->last = *a;
}

static int start(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct limits l = limits_default();
	struct error e;
	l.copy_packets = 0; /* packets here are sent again and again */
	b->net = net_new(&l, CHECKSUMS_OFF, hash_key_from(1),
	    (struct net_sink){ note_anomaly, &b->seen }, &e);
	*state = b;
	return b->net == NULL;
}

static int stop(void **state)
{
	struct bench *b = *state;
	net_free(b->net);
	free(b);
	return 0;
}

static bool send_cut(struct bench *b, int linktype, size_t n, struct segment *out)
{
	struct packet p = {
		.at = { .order = ++b->frame, .frame = b->frame, .ns = (int64_t)b->frame },
		.linktype = linktype,
		.recording = 3,
		.wire_len = (uint32_t)b->w.n,
		.bytes = wire_cut(&b->w, n),
	};
	return net_packet(b->net, &p, out);
}

static struct decode_counts counts(const struct bench *b)
{
	struct decode_counts c = { 0 };
	net_count(b->net, &c);
	return c;
}

static void put_ethernet(struct wire *w, uint16_t ethertype)
{
	wire_fill(w, 2, 12);
	wire_be(w, ethertype, 2);
}

static void test_segment(void **state)
{
	struct bench *b = *state;
	struct segment s;
	put_ethernet(&b->w, 0x8100);
	wire_be(&b->w, 0x00070800, 4);
	wire_ip4(&b->w, 6, 24 + 5, 1, 0x4000);
	wire_tcp(&b->w, TCP_ACK | TCP_PSH, 24);
	wire_be(&b->w, 0x020405b4, 4);
	wire_put(&b->w, "HELLO", 5);
	wire_fill(&b->w, 0, 9);
	assert_true(send_cut(b, 1, b->w.n, &s));
	assert_true(slice_equal(s.payload, SLICE("HELLO")));
	assert_int_equal(s.at.frame, 1);
	assert_int_equal(s.recording, 3);
	assert_int_equal(s.vlan, 7);
	assert_int_equal(s.src.port, 40000);
	assert_int_equal(s.dst.port, 80);
	assert_int_equal(s.dst.address[3], 2);
	assert_int_equal(s.seq, 7);
	assert_int_equal(s.ack, 9);
	assert_int_equal(s.flags, TCP_ACK | TCP_PSH);
	assert_int_equal(s.missing, 0);
	assert_int_equal(s.n_pieces, 0);
	assert_int_equal(counts(b).tcp, 1);
}

/* Cut anywhere: payload and missing always add up, and a cut header is told as what it is. */
static void test_every_prefix(void **state)
{
	struct bench *b = *state;
	struct segment s;
	put_ethernet(&b->w, 0x86dd);
	wire_ip6(&b->w, 6, 32 + 5);
	wire_tcp(&b->w, TCP_SYN, 32);
	wire_fill(&b->w, 1, 12);
	wire_put(&b->w, "HELLO", 5);
	for (size_t n = 0; n <= b->w.n; n++) {
		bool got = send_cut(b, 1, n, &s);
		assert_int_equal(got, n >= 14 + 40 + 20);
		if (!got)
			continue;
		assert_int_equal(s.payload.n + s.missing, 5);
		assert_int_equal(s.payload.n, n < 86 ? 0 : n - 86);
		assert_int_equal(s.ack, 0);
	}
	assert_int_equal(b->seen.n[LINK_TRUNCATED], 14);
	assert_int_equal(b->seen.n[IP_TRUNCATED], 40);
	assert_int_equal(b->seen.n[TCP_TRUNCATED], 20);
	assert_int_equal(counts(b).bad, 74);
}

static void test_data_offset(void **state)
{
	struct bench *b = *state;
	struct segment s;
	for (size_t header = 0; header <= 60; header += 4) {
		b->w.n = 0;
		wire_ip4(&b->w, 6, 20 + 12, 1, 0);
		wire_tcp(&b->w, TCP_ACK, header);
		wire_fill(&b->w, 'x', 12);
		bool got = send_cut(b, 101, b->w.n, &s);
		assert_int_equal(got, header >= 20 && header <= 32);
		if (got)
			assert_int_equal(s.payload.n, 32 - header);
		else
			assert_int_equal(b->seen.last.code, TCP_BAD_HEADER);
	}
}

static void test_what_is_not_tcp(void **state)
{
	struct bench *b = *state;
	struct segment s;
	put_ethernet(&b->w, 0x0806);
	assert_false(send_cut(b, 1, b->w.n, &s));
	b->w.n = 0;
	wire_ip4(&b->w, 17, 8, 1, 0);
	wire_fill(&b->w, 0, 8);
	assert_false(send_cut(b, 101, b->w.n, &s));
	b->w.n = 0;
	wire_ip6(&b->w, 59, 0);
	assert_false(send_cut(b, 101, b->w.n, &s));
	assert_int_equal(counts(b).not_ip, 1);
	assert_int_equal(counts(b).not_tcp, 2);
	assert_int_equal(counts(b).bad, 0);
	assert_int_equal(b->seen.last.at.frame, 0);
}

static void test_unknown_link_is_said_once(void **state)
{
	struct bench *b = *state;
	struct segment s;
	wire_fill(&b->w, 0, 60);
	for (int i = 0; i < 50; i++) {
		assert_false(send_cut(b, 105, 60, &s));
		assert_false(send_cut(b, 220, 60, &s));
	}
	assert_int_equal(b->seen.n[LINK_UNKNOWN], 2);
	assert_int_equal(b->seen.last.value, 220);
	assert_int_equal(counts(b).bad, 100);
	assert_false(send_cut(b, -5, 60, &s));
	assert_false(send_cut(b, INT32_MAX, 60, &s));
}

/* One fragment of a datagram of `total` bytes whose bytes are those of `whole`. */
static bool send_fragment(struct bench *b, const struct wire *whole, size_t from, size_t to,
    struct segment *s)
{
	uint16_t more = to < whole->n ? 0x2000 : 0;
	b->w.n = 0;
	wire_ip4(&b->w, 6, to - from, 77, (uint16_t)(more | from / 8));
	wire_put(&b->w, whole->bytes + from, to - from);
	return send_cut(b, 101, b->w.n, s);
}

static void test_fragments_become_a_segment(void **state)
{
	struct bench *b = *state;
	struct segment s;
	struct wire whole = { .n = 0 };
	wire_tcp(&whole, TCP_ACK, 20);
	wire_put(&whole, "0123456789abcdefghij", 20);
	assert_false(send_fragment(b, &whole, 24, 40, &s));
	assert_false(send_fragment(b, &whole, 0, 16, &s));
	assert_false(send_fragment(b, &whole, 0, 16, &s));
	assert_true(send_fragment(b, &whole, 16, 24, &s));
	assert_true(slice_equal(s.payload, SLICE("0123456789abcdefghij")));
	assert_int_equal(s.at.frame, 4);
	assert_int_equal(s.n_pieces, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(s.pieces[i].frame, i + 1);
	assert_int_equal(s.dst.port, 80);
	assert_int_equal(counts(b).fragments, 4);
	assert_int_equal(counts(b).tcp, 1);
	assert_int_equal(b->seen.last.at.frame, 0);
	/* The table forgot it: the last piece alone completes nothing. */
	assert_false(send_fragment(b, &whole, 16, 24, &s));
}

/* Options, which go into the fragmentable part of IPv6, stand before TCP in the first fragment. */
static void test_ip6_fragments(void **state)
{
	struct bench *b = *state;
	struct segment s;
	struct wire whole = { .n = 0 };
	wire_be(&whole, 0x0600000000000000, 8);
	wire_tcp(&whole, TCP_ACK, 20);
	wire_put(&whole, "data", 4);
	for (size_t part = 0; part < 2; part++) {
		b->w.n = 0;
		wire_ip6(&b->w, 44, 8 + 16);
		wire_be(&b->w, part == 0 ? 60 : 17, 1); /* only the first one tells */
		wire_be(&b->w, 0, 1);
		wire_be(&b->w, part == 0 ? 1 : 16, 2);
		wire_be(&b->w, 5, 4);
		wire_put(&b->w, whole.bytes + 16 * part, 16);
		assert_int_equal(send_cut(b, 101, b->w.n, &s), part == 1);
	}
	assert_true(slice_equal(s.payload, SLICE("data")));
	assert_int_equal(s.src.family, 6);
	assert_int_equal(s.n_pieces, 1);
}

static void test_bad_fragments(void **state)
{
	struct bench *b = *state;
	struct segment s;
	struct wire whole = { .n = 0 };
	wire_tcp(&whole, TCP_ACK, 20);
	wire_fill(&whole, 'x', 28);
	b->w.n = 0;
	wire_ip4(&b->w, 6, 24, 77, 0x2000);
	wire_put(&b->w, whole.bytes, 24);
	assert_false(send_cut(b, 101, b->w.n - 1, &s));
	assert_int_equal(b->seen.n[IP_FRAG_CLIPPED], 1);
	assert_int_equal(b->seen.last.value, 1);
	assert_false(send_fragment(b, &whole, 24, 48, &s));
	assert_false(send_fragment(b, &whole, 0, 20, &s));
	assert_int_equal(b->seen.n[IP_BAD_HEADER], 1);
	b->w.n = 0;
	wire_ip4(&b->w, 6, 16, 77, 0x1fff);
	wire_fill(&b->w, 0, 16);
	assert_false(send_cut(b, 101, b->w.n, &s));
	assert_int_equal(b->seen.n[IP_FRAG_OVERSIZE], 1);
	assert_int_equal(counts(b).bad, 3);
	assert_true(send_fragment(b, &whole, 0, 24, &s));
	assert_int_equal(s.payload.n, 28);
}

/* What cannot be TCP is not put together: it must not push out what can. */
static void test_other_fragments(void **state)
{
	struct bench *b = *state;
	struct segment s;
	for (unsigned id = 0; id < 5000; id++) {
		b->w.n = 0;
		wire_ip4(&b->w, 17, 8, (uint16_t)id, 0x2000);
		wire_fill(&b->w, 0, 8);
		assert_false(send_cut(b, 101, b->w.n, &s));
	}
	assert_int_equal(b->seen.n[IP_FRAG_EVICTED], 0);
	assert_int_equal(counts(b).fragments, 5000);
	assert_int_equal(counts(b).not_tcp, 5000);
}

static void test_a_fragment_of_a_fragment(void **state)
{
	struct bench *b = *state;
	struct segment s;
	for (size_t part = 0; part < 2; part++) {
		b->w.n = 0;
		wire_ip6(&b->w, 44, 8 + 8);
		wire_be(&b->w, 44, 1);
		wire_be(&b->w, 0, 1);
		wire_be(&b->w, part == 0 ? 1 : 8, 2);
		wire_be(&b->w, 5, 4);
		wire_be(&b->w, 0x0600000100000006, 8);
		assert_false(send_cut(b, 101, b->w.n, &s));
	}
	assert_int_equal(b->seen.n[IP_BAD_HEADER], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_segment, start, stop),
		cmocka_unit_test_setup_teardown(test_every_prefix, start, stop),
		cmocka_unit_test_setup_teardown(test_data_offset, start, stop),
		cmocka_unit_test_setup_teardown(test_what_is_not_tcp, start, stop),
		cmocka_unit_test_setup_teardown(test_unknown_link_is_said_once, start, stop),
		cmocka_unit_test_setup_teardown(test_fragments_become_a_segment, start, stop),
		cmocka_unit_test_setup_teardown(test_ip6_fragments, start, stop),
		cmocka_unit_test_setup_teardown(test_bad_fragments, start, stop),
		cmocka_unit_test_setup_teardown(test_other_fragments, start, stop),
		cmocka_unit_test_setup_teardown(test_a_fragment_of_a_fragment, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
