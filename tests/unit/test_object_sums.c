/*
 * test_object_sums.c - decode/object_sums.c: which changes of a text each hash sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/object_run.h"

struct sums {
	uint64_t octets, text, lines, settled;
};

static struct sums sums_of(const char *text)
{
	struct object_run run = object_run_all(
	    (struct object_job){ .reader = &body_calendar, .in = slice_from(text) });
	assert_non_null(run.object);
	const struct object *o = run.object;
	struct sums sums = { o->octets, o->text, o->lines, o->settled };
	assert_true(sums.octets != 0 && sums.text != 0 && sums.lines != 0 && sums.settled != 0);
	arena_free(run.arena);
	return sums;
}

static const char base[] = "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:1\r\nSUMMARY:long\r\n  text\r\n"
			   "ATTENDEE;PARTSTAT=X;CN=a:m\r\nEND:VEVENT\r\n";

enum change { TEXT = 1, LINES = 2, SETTLED = 4 };

/* Octets are never those of the base. */
static void differs(const char *text, unsigned what)
{
	struct sums a = sums_of(base), b = sums_of(text);
	assert_true(a.octets != b.octets);
	assert_int_equal(a.text != b.text, (what & TEXT) != 0);
	assert_int_equal(a.lines != b.lines, (what & LINES) != 0);
	assert_int_equal(a.settled != b.settled, (what & SETTLED) != 0);
}

static void test_line_ends_and_white_space_around(void **state)
{
	(void)state;
	differs("BEGIN:VEVENT\nUID:1\nDTSTAMP:1\nSUMMARY:long\n  text\n"
		"ATTENDEE;PARTSTAT=X;CN=a:m\nEND:VEVENT",
	    0);
	differs("\n \r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:1\r\nSUMMARY:long\r\n  text\r\n"
		"ATTENDEE;PARTSTAT=X;CN=a:m\r\nEND:VEVENT\r\n\r\n\n",
	    0);
	/* Only XML makes a line end of a CR alone. */
	struct sums crlf = sums_of("BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT");
	struct sums cr = sums_of("BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r");
	assert_true(crlf.text == cr.text);
}

static void test_white_space_in_the_middle_counts(void **state)
{
	(void)state;
	struct sums a = sums_of("BEGIN:VEVENT\nUID:1\nEND:VEVENT");
	struct sums b = sums_of("BEGIN:VEVENT\n\nUID:1\nEND:VEVENT");
	struct sums c = sums_of("BEGIN:VEVENT\nUID:1 \nEND:VEVENT");
	assert_true(a.text != b.text && a.lines == b.lines);
	assert_true(a.text != c.text && a.lines != c.lines);
}

static void test_order_and_folding(void **state)
{
	(void)state;
	differs("BEGIN:VEVENT\r\nSUMMARY:lo\r\n ng text\r\nDTSTAMP:1\r\n"
		"ATTENDEE;PARTSTAT=X;CN=a:m\r\nUID:1\r\nEND:VEVENT\r\n",
	    TEXT);
}

static void test_forms_of_a_calendar_user(void **state)
{
	(void)state;
	differs("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:1\r\nSUMMARY:long\r\n  text\r\n"
		"ATTENDEE;CN=\"a\";PARTSTAT=X:m\r\nEND:VEVENT\r\n",
	    TEXT);
	differs("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:1\r\nSUMMARY:long\r\n  text\r\n"
		"ATTENDEE;CN=X;PARTSTAT=a:m\r\nEND:VEVENT\r\n",
	    TEXT | LINES | SETTLED);
}

static void test_what_a_scheduling_server_may_change(void **state)
{
	(void)state;
	differs("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:2\r\nSEQUENCE:1\r\nSUMMARY:long\r\n  text\r\n"
		"CREATED:3\r\nLAST-MODIFIED:4\r\nREQUEST-STATUS:2.0\r\n"
		"ATTENDEE;CN=a;partstat=\"Y;Z\";SCHEDULE-STATUS=1.2:m\r\nEND:VEVENT\r\n",
	    TEXT | LINES);
	differs("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:1\r\nSUMMARY:long\r\n  text\r\n"
		"ATTENDEE;PARTSTAT=X;CN=b:m\r\nEND:VEVENT\r\n",
	    TEXT | LINES | SETTLED);
	differs("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:1\r\nSUMMARY:other\r\n"
		"ATTENDEE;PARTSTAT=X;CN=a:m\r\nEND:VEVENT\r\n",
	    TEXT | LINES | SETTLED);
	differs("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:1\r\nSUMMARY:long\r\n  text\r\n"
		"ATTENDEE;PARTSTAT=X;CN=a:m\r\nATTENDEE;PARTSTAT=X;CN=a:m\r\nEND:VEVENT\r\n",
	    TEXT | LINES | SETTLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_ends_and_white_space_around),
		cmocka_unit_test(test_white_space_in_the_middle_counts),
		cmocka_unit_test(test_order_and_folding),
		cmocka_unit_test(test_forms_of_a_calendar_user),
		cmocka_unit_test(test_what_a_scheduling_server_may_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
