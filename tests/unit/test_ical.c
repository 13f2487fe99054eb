/*
 * test_ical.c - decode/ical.c: is there an ORGANIZER property, and when may one say that there is none?
 */
#include "decode/body.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void give(void *ctx, struct slice s)
{
	(void)body_calendar.data(ctx, s);
}

static enum seen organizer(struct slice in, int way, bool whole)
{
	struct feeder f = feeder_new(in.n);
	struct arena *arena = arena_new(65536);
	const struct body_env env = { .arena = arena };
	void *reading = body_calendar.start(&env);
	assert_non_null(reading);
	feed(&f, way, in, give, reading);
	struct body body = { 0 };
	body_calendar.end(reading, whole, &body);
	arena_free(arena);
	return body.organizer;
}

static void check_slice(struct slice in, enum seen want)
{
	for (int way = WHOLE; way <= LAST_SEED; way++)
		assert_int_equal(organizer(in, way, true), want);
}

static void check(const char *in, enum seen want)
{
	check_slice(slice_from(in), want);
}

static void test_a_property_at_a_line_start_is_seen(void **state)
{
	(void)state;
	check("BEGIN:VCALENDAR\r\nORGANIZER:mailto:a@b\r\nEND:VCALENDAR\r\n", PRESENT);
	check("BEGIN:VCALENDAR\nOrganizer;CN=A:mailto:a@b\nEND:VCALENDAR\n", PRESENT);
	check("ORGANIZER:", PRESENT);
	check("\r\n\r\norganizer:x", PRESENT);
	check("X:1\rY\r\nORGANIZER:x", PRESENT);
}

static void test_a_folded_name_is_seen(void **state)
{
	(void)state;
	check("A:1\r\nORGA\r\n NIZER:x\r\n", PRESENT);
	check("A:1\r\nO\r\n R\n\tG\r\n A\r\n N\r\n I\r\n Z\r\n E\r\n R\r\n ;CN=a:x", PRESENT);
	check("A:1\r\nORGANIZER\r\n :x", PRESENT);
	check("A:1\r\n\r\n ORGANIZER:x",
	    PRESENT); /* continues an empty line: a line of its own then */
}

static void test_other_places_are_not_the_property(void **state)
{
	(void)state;
	check("DESCRIPTION:ORGANIZER:x\r\n", ABSENT);
	check("DESCRIPTION:a\r\n ORGANIZER:x\r\n", ABSENT);
	check("DESCRIPTION:a\r\n\tORGANIZER:x\r\n", ABSENT);
	check("X-ORGANIZER:x\r\nORGANIZERS:x\r\nORGANIZER x\r\nORGANIZER\r\nORGANIZE:x\r\n",
	    ABSENT);
	check("ORGANIZER\rX:1\r\nORG\rANIZER:x\r\nORGANIZER\r:x\r\n", ABSENT);
	check("ORGANIZER\r\r\n :x\r\n", ABSENT);
	check("ORGA\r\n  NIZER:x\r\n", ABSENT);
	check("", ABSENT);
}

static void test_absence_needs_all_of_the_text(void **state)
{
	(void)state;
	static const char text[] = "BEGIN:VEVENT\r\nUID:1\r\nORGANIZER:x\r\nEND:VEVENT\r\n";
	size_t seen_from = (size_t)(strstr(text, "ORGANIZER:") - text) + strlen("ORGANIZER:");
	for (size_t n = 0; n < sizeof(text); n++) {
		struct slice in = { (const uint8_t *)text, n };
		assert_int_equal(organizer(in, BYTES, false),
		    n >= seen_from ? PRESENT : NOT_OBSERVED);
	}
	check_slice(SLICE("U\0I\0D\0:\0"
			  "1\0\r\0\n\0"),
	    NOT_OBSERVED);
}

static void test_long_lines_cost_no_memory(void **state)
{
	(void)state;
	size_t n = 3000000;
	char *text = malloc(n + 20);
	memset(text, 'O', n);
	memcpy(text + n, "\r\nORGANIZER:", 12);
	check_slice((struct slice){ (const uint8_t *)text, n }, ABSENT);
	assert_int_equal(organizer((struct slice){ (const uint8_t *)text, n + 12 }, WHOLE, false),
	    PRESENT);
	for (size_t i = 0; i + 3 < n; i += 3)
		memcpy(text + i, "\r\n ", 3);
	check_slice((struct slice){ (const uint8_t *)text, n }, ABSENT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_property_at_a_line_start_is_seen),
		cmocka_unit_test(test_a_folded_name_is_seen),
		cmocka_unit_test(test_other_places_are_not_the_property),
		cmocka_unit_test(test_absence_needs_all_of_the_text),
		cmocka_unit_test(test_long_lines_cost_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
