/*
 * Memory that runs out while findings are kept and told: each is still counted, and everything is
 * given back. Linked with malloc, calloc and realloc wrapped.
 */
#include "report/report.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/out_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FINDINGS = 3 };

static const struct rule rule = { .id = "one", .title = "One", .severity = SEVERITY_HIGH };

static void send(struct report *r, uint64_t id, uint64_t update)
{
	struct finding f = { .rule = &rule,
		.severity = rule.severity,
		.id = id,
		.update = update,
		.message = SLICE("text") };
	const struct matter matter = { .number = id, .scope = SLICE("/cal") };
	report_finding(r, &(struct event){ .kind = EVENT_FINDING, .finding = &f },
	    &(struct event){ .kind = EVENT_ITEM, .matter = &matter });
}

/* What is written when allocation number n fails; NULL: the report could not be made. */
static char *told_with(long n)
{
	const struct limits limits = limits_default();
	const struct report_options options = { .quiet = true, .n_inputs = 1, .limits = &limits };
	const struct summary summary = { .first_ns = 1 };
	const struct run_end end = { 0 };
	struct written w = written_open();
	struct error e = { "" };
	allocations_left = n;
	struct report *r = report_new(&options, w.out, &e);
	for (uint64_t id = 0; r != NULL && id < FINDINGS; id++)
		send(r, id, 0);
	if (r != NULL) {
		send(r, 0, 1);
		report_end(r, &summary, &end, NULL);
		report_free(r);
	}
	allocations_left = -1;
	char *text = written_close(&w);
	if (r != NULL)
		return text;
	assert_string_equal(e.text, "out of memory");
	free(text);
	return NULL;
}

static void each_is_counted(void **state)
{
	(void)state;
	size_t refused = 0, not_listed = 0, messages_lost = 0;
	bool whole = false;
	for (long n = 0; !whole; n++) {
		char *text = told_with(n);
		assert_true(n < 100);
		if (text == NULL) {
			refused++;
			continue;
		}
		assert_non_null(strstr(text, "findings: 3 high\n"));
		bool lost = strstr(text, "not listed: ") != NULL;
		bool message = strstr(text, "its message is lost: out of memory") != NULL;
		not_listed += lost;
		messages_lost += message;
		whole = n > 4 + 4 * FINDINGS && !lost && !message;
		free(text);
	}
	assert_int_equal(refused, 4);
	assert_int_equal(not_listed, FINDINGS + 1); /* the last: the list itself */
	assert_int_equal(messages_lost, FINDINGS - 1); /* the first gets one with its later state */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_is_counted) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
