/*
 * test_content_line.c - decode/content_line.c: lines are the same however the text arrives, long ones are
 * cut, and one is taken apart where RFC 5545 says.
 */
#include "decode/content_line.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void on_line(void *ctx, const struct content_line *line)
{
	record_slice(ctx, "[", line->text);
	record_add(ctx, line->cut ? "]cut" : "]");
}

static void give(void *ctx, struct slice s)
{
	content_lines_data(ctx, s);
}

static void check_bound(struct slice in, bool whole, size_t bound, size_t budget, const char *want)
{
	struct feeder f = feeder_new(in.n);
	for (int way = WHOLE; way <= LAST_SEED; way++) {
		static struct record r;
		struct arena *arena = arena_new(budget);
		struct content_lines lines = { .arena = arena,
			.bound = bound,
			.line = on_line,
			.ctx = &r };
		for (int again = 0; again < 2; again++) {
			r.n = 0;
			r.text[0] = '\0';
			feed(&f, way, in, give, &lines);
			content_lines_end(&lines, whole);
			assert_string_equal(r.text, want);
		}
		arena_free(arena);
	}
	feeder_free(&f);
}

static void check(const char *in, const char *want)
{
	check_bound(slice_from(in), true, 65536, 1 << 20, want);
}

static void test_lines(void **state)
{
	(void)state;
	check("", "");
	check("a", "[a]");
	check("a\r\nb\nc\r\n", "[a][b][c]");
	check("\r\n\n\r\na\n\n\n", "[a]");
	check("a\rb\r\n", "[a\rb]");
	check("a\r\r\nb\r", "[a\r][b\r]");
	check("\r", "[\r]");
}

static void test_folds(void **state)
{
	(void)state;
	check("a\r\n b\n\tc\r\n  d\r\n", "[abc d]");
	check("a\r\n \r\n b\r\n", "[ab]");
	check("\r\n a", "[a]");
	check("a\r \r\n\r\n b", "[a\r ][b]");
	check(" a\n b", "[ ab]");
}

static void test_a_text_that_goes_on(void **state)
{
	(void)state;
	check_bound(SLICE("a\r\nb"), false, 65536, 65536, "[a][b]cut");
	check_bound(SLICE("a\r\nb\r\n"), false, 65536, 65536, "[a][b]cut");
	check_bound(SLICE("a\r\nb\r\n "), false, 65536, 65536, "[a][b]cut");
	check_bound(SLICE("a\r\n\r"), false, 65536, 65536, "[a][\r]cut");
}

static void test_long_lines_are_cut(void **state)
{
	(void)state;
	char text[5000], want[6000];
	memset(text, 'x', sizeof(text));
	memcpy(text + 2000, "\r\n ", 3);
	memcpy(text + 4990, "\r\nabcdefgh", 10);
	struct slice in = { (const uint8_t *)text, sizeof(text) };
	snprintf(want, sizeof(want), "[%.4987s][abcdefgh]", "");
	memset(want, 'x', 4989);
	want[0] = '[';
	snprintf(want + 4988, 100, "][abcdefgh]");
	check_bound(in, true, 65536, 1 << 20, want);
	memset(want, 'x', 3001);
	want[0] = '[';
	snprintf(want + 3001, 100, "]cut[abcdefgh]");
	check_bound(in, true, 3000, 1 << 20, want);
	/* However little there is, a name fits. */
	memset(want, 'x', LINE_ROOM + 1);
	want[0] = '[';
	snprintf(want + LINE_ROOM + 1, 100, "]cut[abcdefgh]");
	check_bound(in, true, 3000, 0, want);
	check_bound(in, true, 1, 1 << 20, want);
}

static uint64_t sum_of(const char *text, size_t bound)
{
	uint64_t sum = 0;
	struct arena *arena = arena_new(1 << 20);
	struct content_lines lines = { .arena = arena, .bound = bound, .line = on_line };
	static struct record r;
	lines.ctx = &r;
	content_lines_data(&lines, slice_from(text));
	sum = hash_sum(&lines.sum);
	arena_free(arena);
	return sum;
}

static void test_sums_are_of_all_of_a_line(void **state)
{
	(void)state;
	char long_text[2001];
	memset(long_text, 'x', 2000);
	long_text[2000] = '\0';
	assert_true(sum_of("ab\r\n c", 100) == sum_of("abc", 100));
	assert_true(sum_of(long_text, 65536) == sum_of(long_text, 1));
	uint64_t before = sum_of(long_text, 1);
	long_text[1999] = 'y';
	assert_true(sum_of(long_text, 1) != before);
}

static void part(const char *line, const char *group, const char *name, const char *params,
    const char *value)
{
	struct slice s = { guard_copy(line, strlen(line)), strlen(line) };
	struct property p = property_of(s);
	assert_true(slice_is(p.group, group));
	assert_true(slice_is(p.name, name));
	assert_true(slice_is(p.params, params));
	assert_int_equal(p.has_value, value != NULL);
	assert_true(slice_is(p.value, value != NULL ? value : ""));
}

static void test_parts_of_a_line(void **state)
{
	(void)state;
	part("SUMMARY:a:b;c", "", "SUMMARY", "", "a:b;c");
	part("A;B=c:d", "", "A", ";B=c", "d");
	part("A;B=\"c:d;e\";F=g:h:i", "", "A", ";B=\"c:d;e\";F=g", "h:i");
	part("A;B=\"c:d", "", "A", ";B=\"c", "d");
	part("item1.EMAIL;TYPE=x:a@b.c", "item1", "EMAIL", ";TYPE=x", "a@b.c");
	part("A", "", "A", "", NULL);
	part("A;B=c", "", "A", ";B=c", NULL);
	part("A;B=\"c", "", "A", ";B=\"c", NULL);
	part("", "", "", "", NULL);
	part(":", "", "", "", "");
	part("a.b.c:d", "a", "b.c", "", "d");
}

static void test_parameters(void **state)
{
	(void)state;
	struct property p = property_of(SLICE("A;TZID=\"Europe; Berlin\";VALUE=DATE;;X;y=:1"));
	struct slice params = p.params, name, value, whole;
	assert_true(slice_is(param_find(params, "tzid"), "Europe; Berlin"));
	assert_true(slice_is(param_find(params, "VALUE"), "DATE"));
	assert_int_equal(param_find(params, "X").n, 0);
	assert_int_equal(param_find(params, "Z").n, 0);
	size_t n = 0;
	while (param_next(&params, &name, &value, &whole))
		n++;
	assert_int_equal(n, 5);
	params = SLICE(";A=\"b;c");
	assert_true(param_next(&params, &name, &value, &whole));
	assert_true(slice_is(value, "\"b;c"));
	assert_false(param_next(&params, &name, &value, &whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_folds),
		cmocka_unit_test(test_a_text_that_goes_on),
		cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_sums_are_of_all_of_a_line),
		cmocka_unit_test(test_parts_of_a_line),
		cmocka_unit_test(test_parameters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
