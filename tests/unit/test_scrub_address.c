/*
 * test_scrub_address.c - address.c: networks stay networks, classes stay classes, texts keep their length.
 */
#include "cmd/scrub/address.h"
#include "tests/unit/scrub_text.h"

#include <arpa/inet.h>
#include <stdio.h>

static void address4(const struct words *w, uint8_t a, uint8_t b, uint8_t c, uint8_t d,
    uint8_t out[4])
{
	out[0] = a, out[1] = b, out[2] = c, out[3] = d;
	address_scrub4(w, out);
}

static size_t digits(uint8_t octet)
{
	return octet < 10 ? 1 : octet < 100 ? 2 : 3;
}

static void test_hosts_of_a_network(void **state)
{
	(void)state;
	struct words *w = words_for(1);
	uint8_t first[4], other[4];
	bool seen[256] = { false };
	address4(w, 203, 0, 113, 0, first);
	for (unsigned host = 0; host < 256; host++) {
		address4(w, 203, 0, 113, (uint8_t)host, other);
		assert_memory_equal(first, other, 3);
		assert_false(seen[other[3]]);
		seen[other[3]] = true;
		assert_int_equal(digits(other[3]), digits((uint8_t)host));
	}
	assert_memory_not_equal(first, ((uint8_t[]){ 203, 0, 113 }), 3);
	words_free(w);
}

static void test_networks_of_networks(void **state)
{
	(void)state;
	struct words *w = words_for(2);
	bool seen[256] = { false };
	for (unsigned i = 0; i < 256; i++) {
		uint8_t other[4];
		address4(w, (uint8_t)i, 1, 1, 1, other);
		assert_false(seen[other[0]]);
		seen[other[0]] = true;
	}
	words_free(w);
}

static void test_classes_stay(void **state)
{
	(void)state;
	struct words *w = words_for(3);
	uint8_t out[4];
	for (unsigned i = 0; i < 256; i++) {
		address4(w, 10, (uint8_t)i, 3, 4, out);
		assert_int_equal(out[0], 10);
		address4(w, 192, (uint8_t)i, 3, 4, out);
		assert_true(out[0] == 192 && (out[1] == 168) == (i == 168));
		address4(w, 172, (uint8_t)i, 3, 4, out);
		assert_true(out[0] == 172 && (out[1] >= 16 && out[1] < 32) == (i >= 16 && i < 32));
		address4(w, 169, (uint8_t)i, 3, 4, out);
		assert_true(out[0] == 169 && (out[1] == 254) == (i == 254));
	}
	address4(w, 127, 0, 0, 1, out);
	assert_memory_equal(out, ((uint8_t[]){ 127, 0, 0, 1 }), 4);
	address4(w, 255, 255, 255, 255, out);
	assert_memory_equal(out, ((uint8_t[]){ 255, 255, 255, 255 }), 4);
	words_free(w);
}

static void scrub6(const struct words *w, const char *text, char out[INET6_ADDRSTRLEN])
{
	uint8_t address[16];
	assert_int_equal(inet_pton(AF_INET6, text, address), 1);
	address_scrub6(w, address);
	assert_non_null(inet_ntop(AF_INET6, address, out, INET6_ADDRSTRLEN));
	assert_int_equal(strlen(out), strlen(text));
}

static void test_v6(void **state)
{
	(void)state;
	struct words *w = words_for(4);
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	scrub6(w, "2001:db8:77::beef", a);
	scrub6(w, "2001:db8:77::beee", b);
	assert_string_not_equal(a, "2001:db8:77::beef");
	assert_memory_equal(a, b, strlen(a) - 1);
	assert_string_not_equal(a, b);
	scrub6(w, "fe80::1234", a);
	assert_memory_equal(a, "fe80::", 6);
	scrub6(w, "fd00:1234::1", a);
	assert_memory_equal(a, "fd", 2);
	static const char *const kept[] = { "::1", "::", "ff02::fb" };
	for (size_t i = 0; i < 3; i++) {
		scrub6(w, kept[i], a);
		assert_string_equal(a, kept[i]);
	}
	uint8_t v4[4], mapped[16] = { [10] = 0xff, 0xff, 203, 0, 113, 9 };
	address4(w, 203, 0, 113, 9, v4);
	address_scrub6(w, mapped);
	assert_memory_equal(mapped + 12, v4, 4);
	words_free(w);
}

/* The text of an address becomes the text of its other address. */
static void check_text(const struct words *w, int family, const char *text)
{
	uint8_t address[16];
	char expected[INET6_ADDRSTRLEN];
	uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(text, strlen(text));
	assert_int_equal(inet_pton(family, text, address), 1);
	if (family == AF_INET)
		address_scrub4(w, address);
	else
		address_scrub6(w, address);
	size_t n = family == AF_INET ? address_scrub_text4(w, p, strlen(text)) :
				       address_scrub_text6(w, p, strlen(text));
	assert_int_equal(n, strlen(text));
	char out[INET6_ADDRSTRLEN] = { 0 };
	uint8_t back[16];
	memcpy(out, p, n);
	assert_int_equal(inet_pton(family, out, back), 1);
	assert_memory_equal(back, address, family == AF_INET ? 4 : 16);
	assert_non_null(inet_ntop(family, address, expected, sizeof expected));
}

static void test_texts(void **state)
{
	(void)state;
	struct words *w = words_for(5);
	static const char *const v4[] = { "203.0.113.77", "8.8.8.8", "192.168.1.20", "172.20.0.1" };
	static const char *const v6[] = { "2001:db8::1", "2001:db8:0:0:0:0:0:1", "2001:0DB8::00FF",
		"::ffff:203.0.113.9", "fe80::1", "1:2:3:4:5:6:7:8", "1::8",
		"a:b::", "64:ff9b::8.8.8.8" };
	for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++)
		check_text(w, AF_INET, v4[i]);
	for (size_t i = 0; i < sizeof v6 / sizeof v6[0]; i++)
		check_text(w, AF_INET6, v6[i]);
	static const char *const none[] = { "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4",
		"1.2.3.4a", "", "6.5.7651.50" };
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(none[i], strlen(none[i]));
		assert_int_equal(address_scrub_text4(w, p, strlen(none[i])), 0);
	}
	words_free(w);
}

static void test_in_a_field(void **state)
{
	(void)state;
	struct words *w = words_for(6);
	const char *in = "203.0.113.77, [2001:db8::7]:443, unknownproxy";
	uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(in, strlen(in));
	addresses_scrub(w, p, strlen(in));
	char out[64] = { 0 };
	memcpy(out, p, strlen(in));
	assert_has_not(out, "203.0.113.77");
	assert_has_not(out, "2001:db8::7");
	assert_has_not(out, "unknownproxy");
	assert_has(out, "]:443");
	words_free(w);
}

static void test_ethernet(void **state)
{
	(void)state;
	struct words *w = words_for(7);
	uint8_t a[6] = { 0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee },
		b[6] = { 0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xef };
	uint8_t all[6] = { 255, 255, 255, 255, 255, 255 }, group[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	uint8_t old[6];
	memcpy(old, a, 6);
	address_scrub_mac(w, a);
	address_scrub_mac(w, b);
	address_scrub_mac(w, all);
	address_scrub_mac(w, group);
	assert_memory_not_equal(a, old, 6);
	assert_memory_not_equal(a, b, 6);
	assert_int_equal(a[0] & 3, 2);
	assert_int_equal(all[0], 255);
	assert_int_equal(group[0], 0x33);
	words_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_of_a_network),
		cmocka_unit_test(test_networks_of_networks),
		cmocka_unit_test(test_classes_stay),
		cmocka_unit_test(test_v6),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_in_a_field),
		cmocka_unit_test(test_ethernet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
