/*
 * test_vtimezone.c - decode/vtimezone.c: rules as clients write them are read, others make their zone one
 * that is not known.
 */
#include "decode/object_time.h"
#include "decode/vtimezone.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct vtimezones fresh(size_t bound)
{
	return (struct vtimezones){ .arena = arena_new(1 << 20), .bound = bound };
}

/* Properties of observances, one a line; an empty line begins the next observance. */
static void read_zone(struct vtimezones *z, const char *tzid, const char *text)
{
	struct slice rest = slice_from(text);
	vtimezone_begin(z);
	vtimezone_tzid(z, slice_from(tzid));
	vtimezone_observance_begin(z);
	while (rest.n > 0) {
		size_t n = slice_find_byte(rest, '\n');
		struct slice line = { guard_copy(rest.p, n), n };
		rest = slice_part(rest, n + 1, rest.n);
		if (n == 0) {
			vtimezone_observance_end(z);
			vtimezone_observance_begin(z);
			continue;
		}
		struct property p = property_of(line);
		vtimezone_observance_property(z, &p);
	}
	vtimezone_observance_end(z);
}

static int64_t seconds(const char *text)
{
	struct civil c;
	assert_true(civil_read(slice_from(text), &c));
	return c.seconds;
}

static void expect(const char *text, const char *clock, const char *utc)
{
	struct vtimezones z = fresh(100);
	struct zone zone;
	int64_t found;
	read_zone(&z, "Z", text);
	assert_true(vtimezone_find(&z, SLICE("Z"), &zone));
	assert_true(zone_utc(zone, seconds(clock), &found));
	if (found != seconds(utc))
		fail_msg("%s is %lld, not %s", clock, (long long)found, utc);
	arena_free(z.arena);
}

static void is_odd(const char *text)
{
	struct vtimezones z = fresh(100);
	struct zone zone;
	read_zone(&z, "Z", text);
	if (vtimezone_find(&z, SLICE("Z"), &zone))
		fail_msg("read: %s", text);
	arena_free(z.arena);
}

#define WINTER "TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"
#define SUMMER "TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n"

static void test_rules_of_clients(void **state)
{
	(void)state;
	static const char *const forms[] = {
		"DTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n" WINTER
		"\n" SUMMER "DTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n",
		"DTSTART:16010101T030000\nRRULE:FREQ=YEARLY;WKST=MO;INTERVAL=1;BYMONTH=10;BYDAY=-1SU\n" WINTER
		"\n" SUMMER "RRULE:freq=yearly;bymonth=3;byday=-1su\nDTSTART:16010101T020000\n",
		"DTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU;BYMONTH=10\n" WINTER
		"\n" SUMMER "DTSTART:20060326T020000\nRDATE:20070325T020000,20080330T020000\n",
		"DTSTART:20051030T030000\nRDATE:20061029T030000\nRDATE:20071028T030000\n" WINTER
		"\n" SUMMER
		"DTSTART:20050327T020000\nRRULE:FREQ=YEARLY;COUNT=3;BYMONTH=3;BYDAY=-1SU\n",
		"DTSTART:20061029T030000\n" WINTER "\n" SUMMER "DTSTART:20060326T020000\n\n" SUMMER
		"DTSTART:20070325T020000\n",
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		expect(forms[i], "20060925T140000", "20060925T120000Z");
		expect(forms[i], "20061029T025959", "20061029T005959Z");
		expect(forms[i], "20061029T030000", "20061029T020000Z");
		expect(forms[i], "20070101T000000", "20061231T230000Z");
		expect(forms[i], "20070601T000000", "20070531T220000Z");
	}
}

static void test_ends_of_rules(void **state)
{
	(void)state;
	static const char *const untils[] = { "UNTIL=20070325T010000Z", "UNTIL=20070325",
		"UNTIL=20070325T020000", "COUNT=2" };
	char text[400];
	for (size_t i = 0; i < sizeof(untils) / sizeof(untils[0]); i++) {
		snprintf(text, sizeof(text),
		    "DTSTART:20000101T030000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n" WINTER
		    "\n" SUMMER
		    "DTSTART:20060326T020000\nRRULE:FREQ=YEARLY;%s;BYDAY=-1SU;BYMONTH=3\n",
		    untils[i]);
		expect(text, "20070701T120000", "20070701T100000Z");
		expect(text, "20080701T120000", "20080701T110000Z");
	}
}

static void test_what_is_unsaid_is_that_of_the_start(void **state)
{
	(void)state;
	static const char rule[] =
	    "DTSTART:20000501T000000\nRRULE:FREQ=YEARLY\n" SUMMER
	    "\nDTSTART:20001001T000000\nRRULE:FREQ=YEARLY;BYMONTH=10\n" WINTER;
	expect(rule, "20060430T235959", "20060430T225959Z");
	expect(rule, "20060501T010000", "20060430T230000Z");
	expect(rule, "20061001T000000", "20060930T230000Z");
	expect("DTSTART:20000101T000000\nTZOFFSETFROM:-0330\nTZOFFSETTO:-033015\n",
	    "20060925T140000", "20060925T173015Z");
}

static void test_rules_of_another_kind(void **state)
{
	(void)state;
	static const char *const rules[] = { "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=YEARLY;INTERVAL=2",
		"FREQ=YEARLY;BYDAY=SU;BYMONTH=3", "FREQ=YEARLY;BYDAY=-1SU",
		"FREQ=YEARLY;BYDAY=6SU;BYMONTH=3", "FREQ=YEARLY;BYDAY=-0SU;BYMONTH=3",
		"FREQ=YEARLY;BYDAY=1XX;BYMONTH=3", "FREQ=YEARLY;BYDAY=1SU,2SU;BYMONTH=3",
		"FREQ=YEARLY;BYDAY=1SU;BYMONTHDAY=3;BYMONTH=3",
		"FREQ=YEARLY;BYMONTH=3,10;BYDAY=1SU", "FREQ=YEARLY;BYMONTH=13",
		"FREQ=YEARLY;BYMONTH=0", "FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=3",
		"FREQ=YEARLY;BYMONTHDAY=32;BYMONTH=3", "FREQ=YEARLY;BYYEARDAY=100",
		"FREQ=YEARLY;UNTIL=soon", "FREQ=YEARLY;COUNT=0", "FREQ=YEARLY;COUNT=x",
		"FREQ=YEARLY;BYHOUR=2", "BYMONTH=3", "", "=;=" };
	char text[400];
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		snprintf(text, sizeof(text), "DTSTART:20060326T020000\nRRULE:%s\n" SUMMER,
		    rules[i]);
		is_odd(text);
	}
	is_odd("");
	is_odd("DTSTART:20060326T020000\nTZOFFSETTO:+0100\n");
	is_odd("DTSTART:20060326T020000\nTZOFFSETFROM:+0100\n");
	is_odd(SUMMER);
	is_odd(SUMMER "DTSTART:20060326T020000Z\n");
	is_odd(SUMMER "DTSTART:x\n");
	is_odd(SUMMER "DTSTART:20060326T020000\nRDATE:20070326T020000Z\n");
	is_odd(SUMMER "DTSTART:20060326T020000\nRDATE:x\n");
	is_odd(SUMMER "DTSTART:20060326T020000\nEXDATE:20070326T020000\n");
	is_odd(SUMMER "DTSTART:20060326T020000\nRDATE\n"); /* as a line that was cut */
	is_odd("DTSTART:20060326T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:0200\n");
	is_odd("DTSTART:20060326T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+02000\n");
	is_odd("DTSTART:20060326T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+9900\n");
	/* One odd observance is enough. */
	is_odd("DTSTART:20060326T020000\n" SUMMER "\nDTSTART:20060326T020000\n");
}

static void test_several_zones(void **state)
{
	(void)state;
	struct vtimezones z = fresh(100);
	struct zone zone;
	for (int again = 0; again < 2; again++) {
		assert_false(vtimezone_find(&z, SLICE("A"), &zone));
		for (size_t i = 0; i < 20; i++) {
			char name[2] = { (char)('A' + i), '\0' };
			read_zone(&z, name, "DTSTART:20060326T020000\n" SUMMER);
		}
		for (size_t i = 0; i < 20; i++) {
			char name[2] = { (char)('A' + i), '\0' };
			assert_true(vtimezone_find(&z, slice_from(name), &zone));
			assert_int_equal(zone.n, 1);
		}
		assert_false(vtimezone_find(&z, SLICE("a"), &zone));
		assert_false(vtimezone_find(&z, SLICE(""), &zone));
		vtimezones_forget(&z);
	}
	arena_free(z.arena);
}

static void test_too_many_rules(void **state)
{
	(void)state;
	struct vtimezones z = fresh(3);
	struct zone zone;
	read_zone(&z, "A", SUMMER "DTSTART:20060326T020000\n");
	read_zone(&z, "B",
	    SUMMER "DTSTART:20060326T020000\nRDATE:20070326T020000,20080326T020000\n");
	assert_true(vtimezone_find(&z, SLICE("A"), &zone));
	assert_false(vtimezone_find(&z, SLICE("B"), &zone));
	arena_free(z.arena);
	z = (struct vtimezones){ .arena = arena_new(0), .bound = 100 };
	read_zone(&z, "A", SUMMER "DTSTART:20060326T020000\n");
	assert_false(vtimezone_find(&z, SLICE("A"), &zone));
	arena_free(z.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_of_clients),
		cmocka_unit_test(test_ends_of_rules),
		cmocka_unit_test(test_what_is_unsaid_is_that_of_the_start),
		cmocka_unit_test(test_rules_of_another_kind),
		cmocka_unit_test(test_several_zones),
		cmocka_unit_test(test_too_many_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
