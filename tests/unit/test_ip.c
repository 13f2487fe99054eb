/*
 * test_ip.c - IP headers: where the payload ends, what is missing of it, and what is no header.
 */
#include "decode/ip.h"
#include "tests/unit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { LAYERS = 8, NO_FAULT = ANOMALY_CODES };

static struct wire w;

static int start(void **state)
{
	(void)state;
	w.n = 0;
	return 0;
}

static enum anomaly_code read_cut(size_t n, uint32_t beyond, struct datagram *d)
{
	*d = (struct datagram){ .c = cursor_from(wire_cut(&w, n)) };
	return ip_read(d, 0, beyond, LAYERS);
}

static void test_padding_is_no_payload(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip4(&w, 6, 3, 1, 0x4000);
	wire_put(&w, "abc", 3);
	wire_fill(&w, 0, 23);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_true(slice_equal(cursor_rest(&d.c), SLICE("abc")));
	assert_int_equal(d.missing, 0);
	assert_int_equal(d.protocol, 6);
	assert_int_equal(d.src.family, 4);
	assert_memory_equal(d.dst.address, "\x0a\0\0\x02\0\0\0\0\0\0\0\0\0\0\0", 16);
	w.n = 0;
	wire_ip6(&w, 6, 2);
	wire_put(&w, "abxx", 4);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_true(slice_equal(cursor_rest(&d.c), SLICE("ab")));
	assert_int_equal(d.src.family, 6);
	assert_int_equal(d.src.address[15], 1);
}

static void test_clipped_payload_is_missing(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip4(&w, 6, 1000, 1, 0);
	wire_put(&w, "abc", 3);
	for (uint32_t have = 0; have <= 3; have++) {
		assert_int_equal(read_cut(20 + have, 9999, &d), NO_FAULT);
		assert_int_equal(cursor_left(&d.c), have);
		assert_int_equal(d.missing, 1000 - have);
	}
	w.n = 0;
	wire_ip6(&w, 6, 1000);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_int_equal(d.missing, 1000);
}

static void test_length_zero_means_to_the_end(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip4(&w, 6, 0, 1, 0);
	w.bytes[2] = w.bytes[3] = 0;
	wire_fill(&w, 'x', 1000);
	assert_int_equal(read_cut(w.n, 500, &d), NO_FAULT);
	assert_int_equal(cursor_left(&d.c), 1000);
	assert_int_equal(d.missing, 500);
	w.n = 0;
	wire_ip6(&w, 6, 0);
	wire_fill(&w, 'x', 1000);
	assert_int_equal(read_cut(w.n, UINT32_MAX, &d), NO_FAULT);
	assert_int_equal(cursor_left(&d.c), 1000);
	assert_true(d.missing <= 8 * 65535);
}

static void test_jumbogram(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip6(&w, 0, 0);
	wire_be(&w, 0x0600c204ffffffff, 8);
	wire_fill(&w, 'x', 69000);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_int_equal(d.protocol, 6);
	assert_int_equal(cursor_left(&d.c), 69000);
	assert_int_equal(d.missing, 0);
}

static void test_contradictions(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip4(&w, 6, 20, 1, 0);
	wire_fill(&w, 0, 60);
	for (unsigned first = 0; first < 256; first++) {
		w.bytes[0] = (uint8_t)first;
		enum anomaly_code fault = read_cut(w.n, 0, &d);
		if (first >> 4 == 6)
			continue;
		bool good = first >= 0x45 && first <= 0x4a; /* total is 40: options up to 20 */
		assert_int_equal(fault, good ? NO_FAULT : IP_BAD_HEADER);
	}
	w.bytes[0] = 0x45;
	w.bytes[3] = 19;
	assert_int_equal(read_cut(w.n, 0, &d), IP_BAD_HEADER);
	/* The link layer said the other family. */
	d = (struct datagram){ .c = cursor_from(wire_cut(&w, w.n)) };
	assert_int_equal(ip_read(&d, 6, 0, LAYERS), IP_BAD_HEADER);
}

static void test_options_are_skipped(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip4(&w, 6, 8, 1, 0);
	w.bytes[0] = 0x46;
	wire_put(&w, "opt!data", 8);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_true(slice_equal(cursor_rest(&d.c), SLICE("data")));
	for (size_t n = 0; n < 24; n++)
		assert_int_equal(read_cut(n, 100, &d), IP_TRUNCATED);
}

/* Hop-by-hop, destination, routing, AH, then TCP. */
static size_t put_extensions(void)
{
	size_t before = w.n;
	wire_be(&w, 0x3c00, 2);
	wire_fill(&w, 0, 6);
	wire_be(&w, 0x2b01, 2);
	wire_fill(&w, 0, 14);
	wire_be(&w, 0x3300, 2);
	wire_fill(&w, 0, 6);
	wire_be(&w, 0x0604, 2);
	wire_fill(&w, 0, 22);
	return w.n - before;
}

static void test_extension_headers(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip6(&w, 0, 56 + 4);
	assert_int_equal(put_extensions(), 56);
	wire_put(&w, "data", 4);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_int_equal(d.protocol, PROTOCOL_TCP);
	assert_true(slice_equal(cursor_rest(&d.c), SLICE("data")));
	for (size_t n = 0; n < 96; n++)
		assert_int_equal(read_cut(n, 0, &d), IP_TRUNCATED);
	/* The IP length ends within them, whatever the packet holds. */
	w.bytes[5] = 40;
	assert_int_equal(read_cut(w.n, 0, &d), IP_TRUNCATED);
}

static void test_extensions_are_bounded(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip6(&w, 60, 8000);
	for (size_t i = 0; i < 1000; i++)
		wire_be(&w, 0x3c00000000000000, 8);
	assert_int_equal(read_cut(w.n, 0, &d), LINK_TOO_DEEP);
}

static void test_ip4_has_only_ah(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip4(&w, 51, 28, 1, 0);
	wire_be(&w, 0x0604, 2);
	wire_fill(&w, 0, 22);
	wire_put(&w, "data", 4);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_int_equal(d.protocol, PROTOCOL_TCP);
	assert_int_equal(cursor_left(&d.c), 4);
	w.bytes[9] = 60;
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_int_equal(d.protocol, 60);
	assert_int_equal(cursor_left(&d.c), 28);
}

static void test_fragment_headers(void **state)
{
	(void)state;
	struct datagram d;
	wire_ip4(&w, 17, 8, 0xbeef, 0x2000 | 3);
	wire_fill(&w, 0, 8);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_true(d.fragment && d.more);
	assert_int_equal(d.offset, 24);
	assert_int_equal(d.id, 0xbeef);
	w.n = 0;
	wire_ip6(&w, 44, 16);
	wire_be(&w, 0x3c000010, 4);
	wire_be(&w, 0xcafef00d, 4);
	wire_fill(&w, 0, 8);
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_true(d.fragment && !d.more);
	assert_int_equal(d.offset, 16);
	assert_int_equal(d.id, 0xcafef00d);
	assert_int_equal(d.protocol, 60); /* not followed: it is not there */
	assert_int_equal(cursor_left(&d.c), 8);
	/* Atomic fragment: a whole packet. */
	w.bytes[40] = 6;
	w.bytes[43] = 0;
	assert_int_equal(read_cut(w.n, 0, &d), NO_FAULT);
	assert_false(d.fragment);
	assert_int_equal(d.protocol, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_padding_is_no_payload, start),
		cmocka_unit_test_setup(test_clipped_payload_is_missing, start),
		cmocka_unit_test_setup(test_length_zero_means_to_the_end, start),
		cmocka_unit_test_setup(test_jumbogram, start),
		cmocka_unit_test_setup(test_contradictions, start),
		cmocka_unit_test_setup(test_options_are_skipped, start),
		cmocka_unit_test_setup(test_extension_headers, start),
		cmocka_unit_test_setup(test_extensions_are_bounded, start),
		cmocka_unit_test_setup(test_ip4_has_only_ah, start),
		cmocka_unit_test_setup(test_fragment_headers, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
