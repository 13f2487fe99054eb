/*
 * test_alloc_out.c - report/out.c when memory runs out: what is lost is told, and the next text is whole.
 */
#include "report/report.h"
#include "tests/unit/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static void nothing_to_begin_with(void **state)
{
	(void)state;
	struct error e = { "" };
	allocations_left = 0;
	struct out *o = out_memory(&e);
	allocations_left = -1;
	assert_null(o);
	assert_string_equal(e.text, "out of memory");
}

static void write_lines(struct out *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out_text(o, "0123456789abcde\n");
}

/* Each growth fails once: the text is lost as a whole, never in part, and said to be. */
static void growing_fails(void **state)
{
	(void)state;
	for (long k = 0; k < 4; k++) {
		struct error e = { "" };
		struct out *o = out_memory(&e);
		assert_non_null(o);
		allocations_left = k;
		write_lines(o, 40000);
		out_flush(o);
		allocations_left = -1;
		assert_true(out_failed(o, &e));
		assert_string_equal(e.text, "out of memory");
		write_lines(o, 1);
		assert_null(out_taken(o).p);
		assert_false(out_failed(o, &e));
		write_lines(o, 40000);
		struct slice s = out_taken(o);
		assert_int_equal(s.n, 640000);
		assert_memory_equal(s.p, "0123456789abcde\n", 16);
		assert_true(out_close(o, &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_begin_with),
		cmocka_unit_test(growing_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
