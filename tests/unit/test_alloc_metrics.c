/*
 * test_alloc_metrics.c - report/metrics.c when memory runs out: what has no place has no counter, the others go on.
 */
#include "report/report.h"
#include "tests/unit/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void nothing_to_begin_with(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct error e = { "" };
	allocations_left = 0;
	struct metrics *m = metrics_new(&limits, &e);
	allocations_left = -1;
	assert_null(m);
	assert_string_equal(e.text, "out of memory");
}

static const struct rule rules[] = { { .id = "r0" }, { .id = "r1" }, { .id = "r2" }, { .id = "r3" },
	{ .id = "r4" } };
static const char *const names[] = { "eth0", "eth1", "eth2", "eth3", "eth4" };

static void tell_all(struct metrics *m)
{
	for (size_t i = 0; i < 5; i++) {
		struct finding f = { .rule = &rules[i], .id = i + 1 };
		struct metrics_interface at = { .name = names[i], .packets = 7 };
		metrics_finding(m, &(struct event){ .kind = EVENT_FINDING, .finding = &f });
		metrics_capture(m, &at, 1);
	}
}

/* Each growth fails once; told again, nothing is missing but the findings of that time. */
static void growing_fails(void **state)
{
	(void)state;
	for (long k = 0; k < 8; k++) {
		struct limits limits = limits_default();
		struct error e;
		struct metrics *m = metrics_new(&limits, &e);
		struct out *o = out_memory(&e);
		assert_non_null(m);
		assert_non_null(o);
		allocations_left = k;
		tell_all(m);
		assert_true(allocations_left < 0);
		tell_all(m);
		metrics_write(m, o);
		out_char(o, '\0');
		const char *text = (const char *)out_taken(o).p;
		for (size_t i = 0; i < 5; i++) {
			char line[128];
			snprintf(line, sizeof line,
			    "\ndavscope_capture_packets_total{interface=\"%s\"} 7\n", names[i]);
			assert_non_null(strstr(text, line));
			snprintf(line, sizeof line,
			    "\ndavscope_findings_total{rule=\"r%zu\",severity=\"info\"} ", i);
			assert_non_null(strstr(text, line));
		}
		metrics_free(m);
		out_abandon(o);
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
