/*
 * test_sum.c - the checksum of the internet protocols against its definition, byte by byte, at every length.
 */
#include "base/base.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint16_t by_definition(uint16_t sum, const uint8_t *p, size_t n)
{
	uint32_t all = sum;
	for (size_t i = 0; i < n; i++) {
		all += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		all = (all & 0xffff) + (all >> 16);
	}
	return (uint16_t)all;
}

static void test_every_length(void **state)
{
	(void)state;
	uint8_t bytes[300];
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(n % 3 == 0 ? 255 : i * 37 + n);
		const uint8_t *p = guard_copy(bytes, n);
		assert_int_equal(sum_add(0, p, n), by_definition(0, bytes, n));
		assert_int_equal(sum_add(0xfffe, p, n), by_definition(0xfffe, bytes, n));
	}
}

/* RFC 1071 3: an example of its own. */
static void test_published_example(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	assert_int_equal(sum_add(0, bytes, sizeof(bytes)), 0xddf2);
	assert_int_equal(sum_add(sum_add(0, bytes, 4), bytes + 4, 4), 0xddf2);
}

/* The carries of a jumbogram full of ones. */
static void test_the_largest(void **state)
{
	(void)state;
	size_t n = 1 << 20;
	uint8_t *bytes = malloc(n);
	assert_non_null(bytes);
	memset(bytes, 0xff, n);
	assert_int_equal(sum_add(0, bytes, n), 0xffff);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_published_example),
		cmocka_unit_test(test_the_largest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
