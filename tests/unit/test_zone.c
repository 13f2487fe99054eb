/*
 * test_zone.c - decode/zone.c and zone_known.c: clocks of zones against instants known from elsewhere, by
 * name and by hand-made rules.
 */
#include "decode/object_time.h"
#include "decode/zone.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static int64_t clock_of(const char *text)
{
	struct civil c;
	assert_true(civil_read(slice_from(text), &c));
	return c.seconds;
}

static void expect(struct zone zone, const char *clock, const char *utc)
{
	int64_t found = 0;
	assert_true(zone_utc(zone, clock_of(clock), &found));
	if (found != clock_of(utc))
		fail_msg("%s is %lld, not %s", clock, (long long)found, utc);
}

static struct zone named(const char *name)
{
	struct zone zone = { 0 };
	if (!zone_find((struct slice){ guard_copy(name, strlen(name)), strlen(name) }, &zone))
		fail_msg("no zone %s", name);
	return zone;
}

static void test_offsets_of_named_zones(void **state)
{
	(void)state;
	expect(named("Europe/Berlin"), "20060925T140000", "20060925T120000Z");
	expect(named("Europe/Berlin"), "20061225T140000", "20061225T130000Z");
	expect(named("America/New_York"), "20060401T120000", "20060401T170000Z");
	expect(named("America/New_York"), "20070401T120000", "20070401T160000Z");
	expect(named("Asia/Kolkata"), "20060925T140000", "20060925T083000Z");
	expect(named("Australia/Sydney"), "20060101T120000", "20060101T010000Z");
	expect(named("Asia/Jerusalem"), "20140802T120000", "20140802T090000Z");
	expect(named("Etc/GMT+5"), "20060925T140000", "20060925T190000Z");
	expect(named("UTC"), "20060925T140000", "20060925T140000Z");
	expect(named("Europe/Berlin"), "20800701T140000", "20800701T120000Z");
}

static void test_clocks_that_are_put_forward_and_back(void **state)
{
	(void)state;
	struct zone berlin = named("Europe/Berlin");
	expect(berlin, "20060326T015959", "20060326T005959Z");
	expect(berlin, "20060326T020000", "20060326T010000Z"); /* there is none: an hour late */
	expect(berlin, "20060326T025959", "20060326T015959Z");
	expect(berlin, "20060326T030000", "20060326T010000Z");
	expect(berlin, "20061029T015959", "20061028T235959Z");
	expect(berlin, "20061029T020000", "20061029T000000Z"); /* there are two: the first */
	expect(berlin, "20061029T025959", "20061029T005959Z");
	expect(berlin, "20061029T030000", "20061029T020000Z");
}

static void test_names(void **state)
{
	(void)state;
	static const char *const good[] = { "europe/berlin", "EUROPE/BERLIN",
		"/freeassociation.sourceforge.net/Europe/Berlin",
		"/freeassociation.sourceforge.net/Tzfile/Europe/Berlin",
		"/mozilla.org/20050126_1/Europe/Berlin",
		"/softwarestudio.org/Olson_20011030_5/Europe/Berlin", "/Europe/Berlin" };
	static const char *const bad[] = { "", "/", "//", "Berlin", "Europe", "Europe/",
		"Europe/Berli", "Europe/Berlinx", "Europe/Berlin/", "Europe/Berlin ",
		"x/Europe/Berlin", "W. Europe Standard Time", "Customized Time Zone",
		"America/Argentina/ComodRivadaviaaaaaaaaaaaa", "\xff", "zzz" };
	struct zone zone;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_ptr_equal(named(good[i]).rules, named("Europe/Berlin").rules);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(zone_find(slice_from(bad[i]), &zone));
	char slashes[5000];
	memset(slashes, '/', sizeof(slashes));
	assert_false(zone_find((struct slice){ (uint8_t *)slashes, sizeof(slashes) }, &zone));
}

static void test_the_table_is_in_order(void **state)
{
	(void)state;
	assert_true(n_zones_known > 300);
	for (size_t i = 0; i < n_zones_known; i++) {
		assert_true(zones_known[i].n > 0);
		if (i > 0)
			assert_true(strcasecmp(zones_known[i - 1].name, zones_known[i].name) < 0);
		struct zone zone = named(zones_known[i].name);
		assert_ptr_equal(zone.rules, zone_known_rules + zones_known[i].first);
	}
}

/* The C library reads the same source, by other code. */
static void test_every_zone_against_the_c_library(void **state)
{
	(void)state;
	uint32_t random = 1;
	for (size_t i = 0; i < n_zones_known; i++) {
		struct zone zone = named(zones_known[i].name);
		setenv("TZ", zones_known[i].name, 1);
		tzset();
		for (int k = 0; k < 300; k++) {
			random = random * 1664525u + 1013904223u;
			time_t t = (time_t)(631152000 + random % 946684800), earlier;
			struct tm tm;
			int64_t utc, clock = t + localtime_r(&t, &tm)->tm_gmtoff;
			assert_true(zone_utc(zone, clock, &utc));
			earlier = (time_t)utc;
			if (utc == t ||
			    (utc < t && utc + localtime_r(&earlier, &tm)->tm_gmtoff == clock))
				continue;
			fail_msg("%s at %lld", zones_known[i].name, (long long)t);
		}
	}
	unsetenv("TZ");
	tzset();
}

enum { HOUR = 3600 };

static void test_rules_made_by_hand(void **state)
{
	(void)state;
	const struct zone_rule once = { .start = clock_of("20060925T020000"),
		.until = ZONE_ALWAYS,
		.from = HOUR,
		.to = 2 * HOUR };
	struct zone zone = { &once, 1 };
	expect(zone, "20060925T015959", "20060925T005959Z");
	expect(zone, "20060925T030000", "20060925T010000Z");
	expect(zone, "19000101T000000", "18991231T230000Z");
	int64_t utc;
	assert_false(zone_utc((struct zone){ 0 }, 0, &utc));

	/* A fifth Sunday in February is rare: 2004 had one, and 2032 will. */
	const struct zone_rule rare = { .start = clock_of("20040229T000000"),
		.until = ZONE_ALWAYS,
		.from = HOUR,
		.to = 0,
		.days = 0xe0000000,
		.month = 2,
		.weekday = 0 };
	zone = (struct zone){ &rare, 1 };
	expect(zone, "20040228T000000", "20040227T230000Z");
	expect(zone, "20310101T000000", "20310101T000000Z");

	/* Up to 2007, the first onset on a day that is none of the rule. */
	const struct zone_rule ended[] = {
		{ .start = clock_of("20000101T000000"),
		    .until = clock_of("20071001T000000"),
		    .from = 0,
		    .to = HOUR,
		    .days = 2,
		    .month = 6,
		    .weekday = 7 },
		{ .start = clock_of("20000101T000000"),
		    .until = clock_of("20071001T000000"),
		    .from = HOUR,
		    .to = 0,
		    .last = 1,
		    .month = 9,
		    .weekday = 0 },
	};
	zone = (struct zone){ ended, 2 };
	expect(zone, "20060601T000000", "20060601T000000Z");
	expect(zone, "20060601T010000", "20060601T000000Z");
	expect(zone, "20060923T120000", "20060923T110000Z");
	expect(zone, "20060924T120000", "20060924T120000Z");
	expect(zone, "20080701T120000", "20080701T120000Z");
}

static void test_times_far_away(void **state)
{
	(void)state;
	static const int64_t clocks[] = { -62167219200, 253402300799,
		253402300799 + 86400LL * 1000000 };
	for (size_t i = 0; i < n_zones_known; i++) {
		for (size_t k = 0; k < sizeof(clocks) / sizeof(clocks[0]); k++) {
			int64_t utc;
			assert_true(zone_utc(named(zones_known[i].name), clocks[k], &utc));
			assert_true(utc - clocks[k] <= 16 * HOUR && clocks[k] - utc <= 16 * HOUR);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets_of_named_zones),
		cmocka_unit_test(test_clocks_that_are_put_forward_and_back),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_the_table_is_in_order),
		cmocka_unit_test(test_every_zone_against_the_c_library),
		cmocka_unit_test(test_rules_made_by_hand),
		cmocka_unit_test(test_times_far_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
