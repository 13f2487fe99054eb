/*
 * test_tunnel.c - TCP in every tunnel, cut everywhere; tunnels in tunnels; who is kept apart from whom.
 */
#include "capture/capture.h"
#include "decode/flow.h"
#include "decode/net.h"
#include "tests/unit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { GRE = 47, UDP = 17 };

struct bench {
	unsigned seen[ANOMALY_CODES], all;
	struct net *net;
	struct wire w;
	uint64_t frame;
};

static void note_anomaly(void *ctx, const struct anomaly *a)
{
	struct bench *b = ctx;
	b->seen[a->code]++;
	b->all++;
}

static int start(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct limits l = limits_default();
	struct error e;
	l.copy_packets = 0; /* packets here are sent again and again */
	b->net = net_new(&l, CHECKSUMS_OFF, hash_key_from(1), (struct net_sink){ note_anomaly, b },
	    &e);
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

static bool send_cut(struct bench *b, size_t n, struct segment *out)
{
	struct packet p = {
		.at = { .order = ++b->frame, .frame = b->frame, .ns = (int64_t)b->frame },
		.linktype = 101,
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

static void put_hex(struct wire *w, const char *hex)
{
	for (; *hex != 0; hex += 2) {
		char pair[3] = { hex[0], hex[1], 0 };
		wire_be(w, strtoul(pair, NULL, 16), 1);
	}
}

#define ETHER "aaaaaaaaaaaabbbbbbbbbbbb"

static const struct tunnel {
	const char *what;
	uint8_t protocol;
	const char *hex; /* between the outer IP header and the inner one */
	uint64_t tunnel;
	uint32_t vlan;
	bool six; /* the inner one */
} tunnels[] = {
	{ "ip in ip", 4, "", 0, 0, false },
	{ "6in4", 41, "", 0, 0, true },
	{ "gre", GRE, "00000800", 0, 0, false },
	{ "gre, ip6", GRE, "000086dd", 0, 0, true },
	{ "gre, checksum", GRE, "80000800cccc0000", 0, 0, false },
	{ "gre, key", GRE, "2000080000000005", 0x100000005, 0, false },
	{ "gre, sequence", GRE, "10000800aaaaaaaa", 0, 0, false },
	{ "gre, all", GRE, "b00086ddcccc0000fffffffeaaaaaaaa", 0x1fffffffe, 0, true },
	{ "gre, ethernet", GRE, "00006558" ETHER "0800", 0, 0, false },
	{ "gre, tagged ethernet", GRE, "00006558" ETHER "8100000786dd", 0, 7, true },
	{ "gre, mpls", GRE, "0000884700010100", 0, 0, false },
	{ "gre, ppp", GRE, "0000880bff030021", 0, 0, false },
	{ "vxlan", UDP,
	    "123412b500000000"
	    "0800000000000500" ETHER "0800",
	    0x200000005, 0, false },
	{ "vxlan, policy", UDP,
	    "123412b500000000"
	    "880000ff00000500" ETHER "86dd",
	    0x200000005, 0, true },
	{ "geneve", UDP,
	    "123417c100000000"
	    "0000655800000500" ETHER "0800",
	    0x300000005, 0, false },
	{ "geneve, options", UDP,
	    "123417c100000000"
	    "0340655800000500"
	    "010380022222222233333333" ETHER "0800",
	    0x300000005, 0, false },
	{ "geneve, ip", UDP,
	    "123417c100000000"
	    "0000080000000500",
	    0x300000005, 0, false },
	{ "erspan 1", GRE, "000088be" ETHER "0800", 0, 0, false },
	{ "erspan 2", GRE,
	    "100088be00000001"
	    "1000000700000000" ETHER "0800",
	    0, 0, false },
	{ "erspan 2, tag taken", GRE,
	    "100088be00000001"
	    "1009100700000000" ETHER "0800",
	    0, 9, false },
	{ "erspan 3", GRE,
	    "100022eb00000001"
	    "200000071122334400000000" ETHER "86dd",
	    0, 0, true },
	{ "erspan 3, subheader", GRE,
	    "100022eb00000001"
	    "200000071122334400000001"
	    "0123456789abcdef" ETHER "0800",
	    0, 0, false },
	{ "erspan 3, ip", GRE,
	    "100022eb00000001"
	    "200000071122334400000800",
	    0, 0, false },
	{ "erspan of vxlan", GRE,
	    "100088be00000001"
	    "1000000700000000" ETHER "0800"
	    "4500000000000000401100000a0000010a000002"
	    "123412b500000000"
	    "0800000000000500" ETHER "0800",
	    0x200000005, 0, false },
};

/* The whole packet; returns where its TCP header stands. */
static size_t tunnel_put(struct wire *w, const struct tunnel *t)
{
	struct wire inner = { .n = 0 };
	put_hex(&inner, t->hex);
	if (t->six)
		wire_ip6(&inner, 6, 25);
	else
		wire_ip4(&inner, 6, 25, 1, 0x4000);
	size_t tcp = inner.n;
	wire_tcp(&inner, TCP_ACK | TCP_PSH, 20);
	wire_put(&inner, "HELLO", 5);
	w->n = 0;
	wire_ip4(w, t->protocol, inner.n, 9, 0);
	tcp += w->n;
	wire_put(w, inner.bytes, inner.n);
	return tcp;
}

static void test_every_tunnel_at_every_length(void **state)
{
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		const struct tunnel *t = &tunnels[i];
		struct segment s;
		size_t tcp = tunnel_put(&b->w, t);
		if (!send_cut(b, b->w.n, &s))
			fail_msg("%s: no segment", t->what);
		if (s.tunnel != t->tunnel || s.vlan != t->vlan ||
		    s.src.family != (t->six ? 6 : 4) || !slice_equal(s.payload, SLICE("HELLO")))
			fail_msg("%s: tunnel %llx, vlan %x", t->what, (unsigned long long)s.tunnel,
			    s.vlan);
		assert_int_equal(s.missing, 0);
		assert_int_equal(b->all, 0);
		for (size_t n = 0; n < b->w.n; n++) {
			uint64_t bad = counts(b).bad;
			bool got = send_cut(b, n, &s);
			if (got != (n >= tcp + 20))
				fail_msg("%s: %zu bytes", t->what, n);
			if (got)
				assert_int_equal(s.payload.n + s.missing, 5);
			else if (counts(b).bad == bad && counts(b).not_tcp == 0)
				fail_msg("%s: nothing said of %zu bytes", t->what, n);
		}
		b->all = 0;
	}
	assert_int_equal(b->seen[LINK_TOO_DEEP] + b->seen[LINK_BAD_HEADER], 0);
}

/* Headers of a kind in each other, 1 to 64: 7 fit behind the first, and of more is said once that they do not. */
static void test_nesting(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint8_t protocol;
		const char *hex;
	} kinds[] = { { 4, "" }, { GRE, "00000800" },
		{ GRE, "100022eb00000001200000071122334400000800" } };
	for (size_t k = 0; k < 3; k++) {
		for (size_t n = 1; n <= 64; n++) {
			struct segment s;
			b->w.n = 0;
			for (size_t i = 0; i < n; i++) {
				wire_ip4(&b->w, kinds[k].protocol, 30000, 1, 0);
				put_hex(&b->w, kinds[k].hex);
			}
			wire_ip4(&b->w, 6, 20, 1, 0);
			wire_tcp(&b->w, TCP_SYN, 20);
			b->all = 0;
			assert_int_equal(send_cut(b, b->w.n, &s), n <= 7);
			assert_int_equal(b->all, n > 7);
		}
	}
	assert_int_equal(b->seen[LINK_TOO_DEEP], 3 * 57);
}

static void send_inner(struct bench *b, uint8_t protocol, const char *hex, struct segment *s)
{
	struct tunnel t = { "", protocol, hex, 0, 0, false };
	tunnel_put(&b->w, &t);
	assert_true(send_cut(b, b->w.n, s));
}

/* Tenants with the same addresses are told apart by ids; who carries or mirrors their packets is not. */
static void test_identity(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint8_t protocol;
		const char *hex;
		unsigned who;
	} views[] = {
		{ GRE, "00000800", 0 },
		{ 4, "", 0 },
		{ GRE,
		    "100088be00000001"
		    "1000000700000000" ETHER "0800",
		    0 },
		{ GRE,
		    "100088be00000009"
		    "1000000800000000" ETHER "0800",
		    0 },
		{ GRE, "2000080000000005", 1 },
		{ GRE, "2000080000000006", 2 },
		{ UDP,
		    "123412b500000000"
		    "0800000000000500" ETHER "0800",
		    3 },
		{ UDP,
		    "999912b500000000"
		    "0800000000000500" ETHER "0800",
		    3 },
		{ UDP,
		    "123412b500000000"
		    "0800000000000600" ETHER "0800",
		    4 },
		{ UDP,
		    "123417c100000000"
		    "0000655800000500" ETHER "0800",
		    5 },
	};
	enum { VIEWS = sizeof(views) / sizeof(views[0]) };
	struct flow_key keys[VIEWS];
	for (size_t i = 0; i < VIEWS; i++) {
		struct segment s;
		bool high;
		send_inner(b, views[i].protocol, views[i].hex, &s);
		flow_key_from(&s, &keys[i], &high);
		for (size_t k = 0; k < i; k++)
			assert_int_equal(memcmp(&keys[i], &keys[k], sizeof(keys[i])) == 0,
			    views[i].who == views[k].who);
	}
}

/* What is on the port of a tunnel and is none, other versions, and what tunnels carry beside IP. */
static void test_what_is_no_tunnel(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint8_t protocol;
		const char *hex;
	} others[] = {
		{ UDP,
		    "123412b500000000"
		    "0000000000000500" ETHER "0800" }, /* no id */
		{ UDP,
		    "123412b400000000"
		    "0800000000000500" ETHER "0800" }, /* another port */
		{ UDP,
		    "12b5123400000000"
		    "0800000000000500" ETHER "0800" }, /* an answer from there */
		{ UDP,
		    "123417c100000000"
		    "4000655800000500" ETHER "0800" },
		{ UDP,
		    "123417c100000000"
		    "0000655800000500" ETHER "0806" },
		{ GRE, "2001880b00000005" },
		{ GRE, "00000010" },
		{ GRE, "00002000" },
		{ UDP, "1234" },
		{ 50, "12345678" },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct segment s;
		struct tunnel t = { "", others[i].protocol, others[i].hex, 0, 0, false };
		tunnel_put(&b->w, &t);
		assert_false(send_cut(b, b->w.n, &s));
	}
	assert_int_equal(b->all, 0);
	assert_int_equal(counts(b).not_ip, 6);
	assert_int_equal(counts(b).not_tcp, 4);
}

static void test_damaged(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint8_t protocol;
		const char *hex;
		enum anomaly_code code;
	} faults[] = {
		{ GRE, "40000800000000000000000000000000", LINK_BAD_HEADER }, /* routing */
		{ GRE,
		    "100088be00000001"
		    "2000000700000000" ETHER "0800",
		    LINK_BAD_HEADER },
		{ GRE,
		    "100022eb00000001"
		    "100000071122334400000000" ETHER "86dd",
		    LINK_BAD_HEADER },
		{ 41, "", IP_BAD_HEADER }, /* IPv4 behind it */
		{ GRE, "000086dd", IP_BAD_HEADER },
		{ 4, "4f00", IP_TRUNCATED },
		{ UDP,
		    "123417c100000000"
		    "3f00655800000500",
		    LINK_TRUNCATED },
	};
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct segment s;
		struct tunnel t = { "", faults[i].protocol, faults[i].hex, 0, 0, false };
		size_t tcp = tunnel_put(&b->w, &t);
		unsigned before = b->seen[faults[i].code];
		bool cut = faults[i].code == IP_TRUNCATED;
		assert_false(send_cut(b, cut ? tcp - 20 : b->w.n, &s));
		assert_int_equal(b->seen[faults[i].code], before + 1);
		assert_int_equal(b->all, i + 1);
	}
	b->w.n = 0;
	wire_ip4(&b->w, 4, 0, 1, 0);
	assert_false(send_cut(b, b->w.n, &(struct segment){ 0 }));
	assert_int_equal(b->all, 8);
}

/* The outer packet in fragments; of UDP only those behind the first, which has the port. */
static void send_piece(struct bench *b, const struct wire *whole, uint8_t protocol, size_t from,
    size_t to, bool last, struct segment *s)
{
	b->w.n = 0;
	wire_ip4(&b->w, protocol, to - from, 77,
	    (uint16_t)((to < whole->n ? 0x2000 : 0) | from / 8));
	wire_put(&b->w, whole->bytes + from, to - from);
	assert_int_equal(send_cut(b, b->w.n, s), last);
}

static void test_outer_fragments(void **state)
{
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		struct wire outer = { .n = 0 }, whole = { .n = 0 };
		struct segment s;
		tunnel_put(&outer, &tunnels[i]);
		wire_put(&whole, outer.bytes + 20, outer.n - 20);
		uint8_t protocol = tunnels[i].protocol;
		send_piece(b, &whole, protocol, 0, 8, false, &s);
		send_piece(b, &whole, protocol, 24, whole.n, false, &s);
		send_piece(b, &whole, protocol, 8, 24, true, &s);
		assert_true(slice_equal(s.payload, SLICE("HELLO")));
		assert_int_equal(s.n_pieces, 2);
	}
	assert_int_equal(b->all, 0);
	assert_int_equal(counts(b).not_tcp, 0);
}

/* Fragments within a tunnel whose own packets are in fragments, both put together in one place. */
static void test_fragments_in_fragments(void **state)
{
	struct bench *b = *state;
	struct wire tcp = { .n = 0 };
	struct segment s;
	wire_tcp(&tcp, TCP_ACK, 20);
	wire_put(&tcp, "0123456789ab", 12);
	for (size_t part = 0; part < 2; part++) {
		struct wire whole = { .n = 0 };
		wire_ip4(&whole, 6, 16, 5, (uint16_t)(part == 0 ? 0x2000 : 2));
		wire_put(&whole, tcp.bytes + part * 16, 16);
		send_piece(b, &whole, 4, 0, 24, false, &s);
		send_piece(b, &whole, 4, 24, 36, part == 1, &s);
	}
	assert_true(slice_equal(s.payload, SLICE("0123456789ab")));
	assert_int_equal(b->all, 0);
}

/* Noise in every tunnel: nothing is touched beyond the end. */
static void test_noise(void **state)
{
	struct bench *b = *state;
	uint64_t x = 88172645463325252u;
	for (unsigned turn = 0; turn < 3000; turn++) {
		const struct tunnel *t = &tunnels[turn % (sizeof(tunnels) / sizeof(tunnels[0]))];
		struct segment s;
		tunnel_put(&b->w, t);
		for (size_t i = 20; i < b->w.n; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			if (x % 16 == 0)
				b->w.bytes[i] = (uint8_t)(x >> 32);
		}
		send_cut(b, b->w.n - x % 3, &s);
	}
	assert_true(counts(b).tcp > 0 && counts(b).bad > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_tunnel_at_every_length, start, stop),
		cmocka_unit_test_setup_teardown(test_nesting, start, stop),
		cmocka_unit_test_setup_teardown(test_identity, start, stop),
		cmocka_unit_test_setup_teardown(test_what_is_no_tunnel, start, stop),
		cmocka_unit_test_setup_teardown(test_damaged, start, stop),
		cmocka_unit_test_setup_teardown(test_outer_fragments, start, stop),
		cmocka_unit_test_setup_teardown(test_fragments_in_fragments, start, stop),
		cmocka_unit_test_setup_teardown(test_noise, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
