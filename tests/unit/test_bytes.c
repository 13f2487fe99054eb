/*
 * test_bytes.c - slices and cursors, with every input against a page that must not be read.
 */
#include "base/base.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct slice guarded(const char *text)
{
	return (struct slice){ guard_copy(text, strlen(text)), strlen(text) };
}

static void test_part_is_clamped(void **state)
{
	(void)state;
	struct slice s = guarded("abcdef");
	assert_true(slice_equal(slice_part(s, 2, 3), SLICE("cde")));
	assert_true(slice_equal(slice_part(s, 4, SIZE_MAX), SLICE("ef")));
	assert_int_equal(slice_part(s, 6, 1).n, 0);
	assert_int_equal(slice_part(s, SIZE_MAX, SIZE_MAX).n, 0);
	assert_int_equal(slice_part((struct slice){ NULL, 0 }, 0, 1).n, 0);
}

static void test_trim(void **state)
{
	(void)state;
	assert_true(slice_equal(slice_trim(guarded(" \t a b\t ")), SLICE("a b")));
	assert_int_equal(slice_trim(guarded(" \t ")).n, 0);
	assert_int_equal(slice_trim((struct slice){ NULL, 0 }).n, 0);
	assert_true(slice_equal(slice_trim(guarded("\r\na\n")), SLICE("\r\na\n")));
}

static void test_compare(void **state)
{
	(void)state;
	assert_true(slice_equal((struct slice){ NULL, 0 }, SLICE("")));
	assert_false(slice_equal(guarded("ab"), SLICE("aB")));
	assert_true(slice_equal_nocase(guarded("ETag-Z"), SLICE("etAG-z")));
	/* '@' and '`', '[' and '{' differ by the case bit and are no letters. */
	assert_false(slice_equal_nocase(guarded("@["), SLICE("`{")));
	assert_false(slice_equal_nocase(guarded("\xc4"), SLICE("\xe4")));
	assert_true(slice_starts(guarded("abc"), SLICE("ab")));
	assert_true(slice_starts(guarded("abc"), SLICE("")));
	assert_false(slice_starts(guarded("ab"), SLICE("abc")));
	assert_true(slice_starts_nocase(guarded("HTTP/1.1"), SLICE("http/")));
	assert_false(slice_starts_nocase(guarded("H"), SLICE("ht")));
}

static void test_find(void **state)
{
	(void)state;
	struct slice s = guarded("aab://x");
	assert_int_equal(slice_find(s, SLICE("ab")), 1);
	assert_int_equal(slice_find(s, SLICE("x")), 6);
	assert_int_equal(slice_find(s, SLICE("xy")), s.n);
	assert_int_equal(slice_find(s, SLICE("aab://xy")), s.n);
	assert_int_equal(slice_find(s, SLICE("")), 0);
	assert_int_equal(slice_find((struct slice){ NULL, 0 }, SLICE("a")), 0);
	assert_int_equal(slice_find_byte(s, 'x'), 6);
	assert_int_equal(slice_find_byte(s, 0), s.n);
	assert_int_equal(slice_find_byte((struct slice){ NULL, 0 }, 0), 0);
}

static void test_numbers(void **state)
{
	(void)state;
	uint64_t n = 1;
	assert_true(slice_to_u64(guarded("0"), &n));
	assert_int_equal(n, 0);
	assert_true(slice_to_u64(guarded("00018446744073709551615"), &n));
	assert_true(n == UINT64_MAX);
	n = 5;
	const char *const bad[] = { "", "18446744073709551616", "99999999999999999999", "-1", "+1",
		" 1", "1 ", "0x10", "1e3", "1\xd9\xa1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(slice_to_u64(guarded(bad[i]), &n));
	assert_int_equal(n, 5);
}

static void test_cursor_reads_both_orders(void **state)
{
	(void)state;
	const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 0x88 };
	struct slice s = { guard_copy(bytes, sizeof(bytes)), sizeof(bytes) };
	struct cursor c = cursor_from(s);
	assert_true(cursor_le64(&c) == 0x8807060504030201);
	c = cursor_from(s);
	assert_int_equal(cursor_be16(&c), 0x0102);
	assert_int_equal(cursor_be16(&c), 0x0304);
	assert_true(cursor_le32(&c) == 0x88070605);
	assert_false(c.bad);
	assert_int_equal(cursor_left(&c), 0);
	c = cursor_from(slice_part(s, 4, 4));
	assert_true(cursor_be32(&c) == 0x05060788);
}

static void test_cursor_is_sticky(void **state)
{
	(void)state;
	struct slice s = guarded("abc");
	struct cursor c = cursor_from(s);
	assert_int_equal(cursor_be32(&c), 0);
	assert_true(c.bad);
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_left(&c), 0);
	assert_int_equal(cursor_take(&c, 0).n, 0);
	assert_true(c.bad);
	c = cursor_from(s);
	cursor_skip(&c, SIZE_MAX);
	assert_true(c.bad);
	c = cursor_from(s);
	cursor_skip(&c, 3);
	assert_false(c.bad);
	assert_int_equal(cursor_rest(&c).n, 0);
	cursor_skip(&c, 0);
	assert_false(c.bad);
	c = cursor_from((struct slice){ NULL, 0 });
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_part_is_clamped),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_cursor_reads_both_orders),
		cmocka_unit_test(test_cursor_is_sticky),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
