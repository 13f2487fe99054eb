/*
 * test_link.c - every link layer to its IP header, and every way it can be too short.
 */
#include "decode/link.h"
#include "tests/unit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { LAYERS = 8, NO_FAULT = ANOMALY_CODES };

/* Link headers as hex, what stands behind them, and the tags in between. */
static const struct frame {
	const char *what;
	int linktype;
	const char *hex;
	enum link_next next;
	uint8_t family;
	uint32_t vlan;
} frames[] = {
	{ "ethernet ip4", 1, "aaaaaaaaaaaabbbbbbbbbbbb0800", LINK_IP, 4, 0 },
	{ "ethernet ip6", 1, "aaaaaaaaaaaabbbbbbbbbbbb86dd", LINK_IP, 6, 0 },
	{ "ethernet arp", 1, "aaaaaaaaaaaabbbbbbbbbbbb0806", LINK_OTHER, 0, 0 },
	{ "802.1q", 1, "aaaaaaaaaaaabbbbbbbbbbbb8100e0050800", LINK_IP, 4, 5 },
	{ "qinq", 1, "aaaaaaaaaaaabbbbbbbbbbbb88a8000281000fff86dd", LINK_IP, 6, 0x2fff },
	{ "old qinq", 1, "aaaaaaaaaaaabbbbbbbbbbbb91000001910000020800", LINK_IP, 4, 0x1002 },
	{ "three tags", 1, "aaaaaaaaaaaabbbbbbbbbbbb8100000181000002810000030800", LINK_IP, 4,
	    0x2003 },
	{ "802.3 snap", 1, "aaaaaaaaaaaabbbbbbbbbbbb0040aaaa030000000800", LINK_IP, 4, 0 },
	{ "802.3 snap, vlan", 1, "aaaaaaaaaaaabbbbbbbbbbbb0040aaaa030000008100000786dd", LINK_IP, 6,
	    7 },
	{ "802.3 spanning tree", 1, "aaaaaaaaaaaabbbbbbbbbbbb0026424203", LINK_OTHER, 0, 0 },
	{ "802.3 cisco snap", 1, "aaaaaaaaaaaabbbbbbbbbbbb0040aaaa0300000c2000", LINK_OTHER, 0, 0 },
	{ "802.3 in snap", 1, "aaaaaaaaaaaabbbbbbbbbbbb0040aaaa030000000040", LINK_OTHER, 0, 0 },
	{ "sll", 113, "000000010006bbbbbbbbbbbb00000800", LINK_IP, 4, 0 },
	{ "sll, vlan", 113, "000000010006bbbbbbbbbbbb00008100000986dd", LINK_IP, 6, 9 },
	{ "sll 802.2", 113, "000000010006bbbbbbbbbbbb00000004aaaa030000000800", LINK_IP, 4, 0 },
	{ "sll own number", 113, "000000010006bbbbbbbbbbbb0000000c", LINK_OTHER, 0, 0 },
	{ "sll2", 276, "86dd0000000000020001000600000000bbbb0000", LINK_IP, 6, 0 },
	{ "sll2 arp", 276, "08060000000000020001000600000000bbbb0000", LINK_OTHER, 0, 0 },
	{ "null, big-endian", 0, "00000002", LINK_IP, 4, 0 },
	{ "null, little-endian", 0, "02000000", LINK_IP, 4, 0 },
	{ "null, macos ip6", 0, "1e000000", LINK_IP, 6, 0 },
	{ "null, freebsd ip6", 0, "0000001c", LINK_IP, 6, 0 },
	{ "null, appletalk", 0, "10000000", LINK_OTHER, 0, 0 },
	{ "loop", 108, "00000018", LINK_IP, 6, 0 },
	{ "loop is big-endian", 108, "02000000", LINK_OTHER, 0, 0 },
	{ "pppoe", 1, "aaaaaaaaaaaabbbbbbbbbbbb886411000007001a0021", LINK_IP, 4, 0 },
	{ "pppoe, vlan, ip6", 1, "aaaaaaaaaaaabbbbbbbbbbbb81000007886411000007001a0057", LINK_IP, 6,
	    7 },
	{ "pppoe, short protocol", 1, "aaaaaaaaaaaabbbbbbbbbbbb886411000007001a21", LINK_IP, 4, 0 },
	{ "pppoe, echo", 1, "aaaaaaaaaaaabbbbbbbbbbbb886411000007001ac021", LINK_OTHER, 0, 0 },
	{ "pppoe discovery code", 1, "aaaaaaaaaaaabbbbbbbbbbbb8864110900070000", LINK_OTHER, 0, 0 },
	{ "pppoe discovery", 1, "aaaaaaaaaaaabbbbbbbbbbbb8863", LINK_OTHER, 0, 0 },
	{ "linktype pppoe", 51, "11000007001a0021", LINK_IP, 4, 0 },
	{ "ppp", 9, "0021", LINK_IP, 4, 0 },
	{ "ppp, short protocol", 9, "57", LINK_IP, 6, 0 },
	{ "ppp, address", 9, "ff030057", LINK_IP, 6, 0 },
	{ "ppp, compressed headers", 9, "ff03002d", LINK_OTHER, 0, 0 },
	{ "ppp, mpls", 9, "ff0302810001713f", LINK_IP, 4, 0 },
	{ "hdlc", 50, "ff030021", LINK_IP, 4, 0 },
	{ "hdlc, cisco", 50, "0f000800", LINK_IP, 4, 0 },
	{ "hdlc, cisco multicast", 50, "8f0086dd", LINK_IP, 6, 0 },
	{ "hdlc, cisco keepalive", 50, "8f008035", LINK_OTHER, 0, 0 },
	{ "mpls", 1, "aaaaaaaaaaaabbbbbbbbbbbb88470001713f", LINK_IP, 4, 0 },
	{ "mpls, three labels", 1, "aaaaaaaaaaaabbbbbbbbbbbb8848000100ff000200ff000301ff", LINK_IP,
	    4, 0 },
	{ "mpls, ethernet", 1,
	    "aaaaaaaaaaaabbbbbbbbbbbb8847000301ff"
	    "a2aaaaaaaaaabbbbbbbbbbbb8100000986dd",
	    LINK_IP, 6, 9 },
	{ "mpls, ethernet of nibble 0", 1,
	    "aaaaaaaaaaaabbbbbbbbbbbb8847000301ff"
	    "02aaaaaaaaaabbbbbbbbbbbb0800",
	    LINK_IP, 4, 0 },
	{ "mpls, control word", 1,
	    "aaaaaaaaaaaabbbbbbbbbbbb8847000301ff00000001"
	    "02aaaaaaaaaabbbbbbbbbbbb0800",
	    LINK_IP, 4, 0 },
	{ "mpls, channel", 1, "aaaaaaaaaaaabbbbbbbbbbbb8847000301ff10", LINK_OTHER, 0, 0 },
	{ "raw", 101, "", LINK_IP, 0, 0 },
	{ "raw bsd", 12, "", LINK_IP, 0, 0 },
	{ "raw openbsd", 14, "", LINK_IP, 0, 0 },
	{ "raw ip4", 228, "", LINK_IP, 4, 0 },
	{ "raw ip6", 229, "", LINK_IP, 6, 0 },
};

static void wire_hex(struct wire *w, const char *hex)
{
	for (; *hex != 0; hex += 2) {
		char pair[3] = { hex[0], hex[1], 0 };
		wire_be(w, strtoul(pair, NULL, 16), 1);
	}
}

static enum anomaly_code read_cut(const struct frame *f, const struct wire *w, size_t n,
    struct link *l, enum link_next *next)
{
	*l = (struct link){ .c = cursor_from(wire_cut(w, n)) };
	return link_read(f->linktype, LAYERS, l, next);
}

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		const struct frame *f = &frames[i];
		struct wire w = { .n = 0 };
		struct link l;
		enum link_next next = LINK_OTHER;
		wire_hex(&w, f->hex);
		size_t header = w.n;
		wire_be(&w, 0x45, 1);
		assert_int_equal(read_cut(f, &w, w.n, &l, &next), NO_FAULT);
		if (next != f->next || l.family != f->family || l.vlan != f->vlan)
			fail_msg("%s: next %d, family %d, vlan %x", f->what, next, l.family,
			    l.vlan);
		if (next == LINK_IP)
			assert_int_equal(cursor_left(&l.c), 1);
		for (size_t n = 0; n < header; n++)
			if (read_cut(f, &w, n, &l, &next) != LINK_TRUNCATED)
				fail_msg("%s: %zu of %zu bytes were enough", f->what, n, header);
	}
}

static void test_unknown_types(void **state)
{
	(void)state;
	static const int linktypes[] = { 105, 127, 8, -1, 65537 };
	for (size_t i = 0; i < sizeof(linktypes) / sizeof(linktypes[0]); i++) {
		struct link l = { .c = cursor_from((struct slice){ NULL, 0 }) };
		enum link_next next;
		assert_int_equal(link_read(linktypes[i], LAYERS, &l, &next), LINK_UNKNOWN);
	}
}

static void test_depth_is_bounded(void **state)
{
	(void)state;
	struct wire w = { .n = 0 };
	enum link_next next;
	wire_fill(&w, 0, 12);
	for (size_t i = 0; i < LAYERS - 1; i++)
		wire_be(&w, 0x81000001, 4);
	size_t deepest = w.n;
	wire_be(&w, 0x0800, 2);
	struct link l = { .c = cursor_from(wire_cut(&w, w.n)) };
	assert_int_equal(link_read(1, LAYERS, &l, &next), NO_FAULT);
	assert_int_equal(next, LINK_IP);
	w.n = deepest;
	for (size_t i = 0; i < 10000; i++)
		wire_be(&w, 0x81000001, 4);
	l = (struct link){ .c = cursor_from(wire_cut(&w, w.n)) };
	assert_int_equal(link_read(1, LAYERS, &l, &next), LINK_TOO_DEEP);
}

static void test_damaged(void **state)
{
	(void)state;
	struct wire w = { .n = 0 };
	enum link_next next;
	wire_hex(&w, "21000007001a0021");
	struct link l = { .c = cursor_from(wire_cut(&w, w.n)) };
	assert_int_equal(link_read(51, LAYERS, &l, &next), LINK_BAD_HEADER);
}

/* 1 to 64 headers of a kind, and what would follow. */
static void nest(const char *before, const char *one, const char *last, size_t fit)
{
	for (size_t n = 1; n <= 64; n++) {
		struct wire w = { .n = 0 };
		enum link_next next = LINK_OTHER;
		wire_hex(&w, before);
		for (size_t i = 0; i + 1 < n; i++)
			wire_hex(&w, one);
		wire_hex(&w, last);
		wire_be(&w, 0x45, 1);
		struct link l = { .c = cursor_from(wire_cut(&w, w.n)) };
		enum anomaly_code fault = link_read(1, LAYERS, &l, &next);
		assert_int_equal(fault, n <= fit ? NO_FAULT : LINK_TOO_DEEP);
		assert_true(n > fit || next == LINK_IP);
	}
}

static void test_nesting(void **state)
{
	(void)state;
	nest("aaaaaaaaaaaabbbbbbbbbbbb8100", "00018100", "00010800", 7);
	nest("aaaaaaaaaaaabbbbbbbbbbbb88a8", "000188a8", "00010800", 7);
	nest("aaaaaaaaaaaabbbbbbbbbbbb8847", "00010000", "00010100", 7);
	/* PPPoE in Ethernet in MPLS in PPPoE: three headers a turn. */
	nest("aaaaaaaaaaaabbbbbbbbbbbb8864", "11000001001a028100010100aaaaaaaaaaaabbbbbbbbbbbb8864",
	    "11000001001a0021", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_unknown_types),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_nesting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
