/*
 * test_object_time.c - decode/object_time.c: dates, times and durations, read strictly.
 */
#include "decode/object_time.h"
#include "decode/object_make.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static struct slice guarded(const char *text)
{
	size_t n = strlen(text);
	return (struct slice){ guard_copy(text, n), n };
}

static void test_one_instant_in_many_forms(void **state)
{
	(void)state;
	static const char *const texts[] = { "20060925T140000Z", "2006-09-25T14:00:00.000Z",
		"2006-09-25T14:00:00Z", "20060925T140000.0Z", " 20060925T140000Z ",
		"2006-09-25T16:00:00+02:00", "20060925T103000-0330", "2006-09-25t14:00:00z",
		"2006-09-25 14:00:00Z", "2006-09-25T15:00:00+01" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t ns = 0;
		bool date = true;
		assert_true(object_time_read(guarded(texts[i]), &ns, &date));
		assert_true(ns == 1159192800 * SECOND);
		assert_false(date);
	}
}

static void test_dates_and_fractions(void **state)
{
	(void)state;
	int64_t ns = 0;
	bool date = false;
	assert_true(object_time_read(guarded("20060925"), &ns, &date));
	assert_true(date && ns == 1159142400 * SECOND);
	assert_true(object_time_read(guarded("1969-12-31"), &ns, &date));
	assert_true(date && ns == -86400 * SECOND);
	assert_true(object_time_read(guarded("19700101T000000.25Z"), &ns, &date));
	assert_true(!date && ns == SECOND / 4);
	assert_true(object_time_read(guarded("19700101T000000.1234567891Z"), &ns, &date));
	assert_true(ns == 123456789);
	assert_true(object_time_read(guarded("20161231T235960Z"), &ns, &date));
	assert_true(ns == 1483228800 * SECOND);
}

static void test_what_is_no_time(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "Z", "2006", "200609", "2006092", "20060931",
		"20061301", "20060025", "20060900", "20070229", "19000229", "20060925T",
		"20060925Z", "20060925T14", "20060925T1400Z", "20060925T240000Z",
		"20060925T146000Z", "20060925T140061Z", "20060925T140000", "20060925T140000ZZ",
		"20060925T140000.Z", "2006-0925", "200609-25", "2006-09-25T14:0000Z",
		"20060925 140000Z", "20060925T140000+", "20060925T140000+2400",
		"20060925T140000+02:60", "2006O925", "+0060925", "20060925T-10000Z",
		"20060925T140000Z\n", "16010101T000000Z", "99991231T235959Z", "00010101" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t ns;
		bool date;
		if (object_time_read(guarded(texts[i]), &ns, &date))
			fail_msg("\"%s\" was read", texts[i]);
	}
}

static void test_leap_days(void **state)
{
	(void)state;
	int64_t ns;
	bool date;
	assert_true(object_time_read(guarded("20000229"), &ns, &date));
	assert_true(object_time_read(guarded("20080229"), &ns, &date));
	assert_true(ns == 1204243200 * SECOND);
}

/* Against the C library's calendar, over all years that can be written. */
static void test_the_calendar(void **state)
{
	(void)state;
	for (int year = 1; year <= 9999; year += 1 + year % 7) {
		for (unsigned month = 1; month <= 12; month++) {
			struct tm tm = { .tm_year = year - 1900,
				.tm_mon = (int)month - 1,
				.tm_mday = (int)(1 + (unsigned)year % 28),
				.tm_hour = 23 };
			char text[40];
			struct civil c;
			int64_t want = timegm(&tm);
			snprintf(text, sizeof(text), "%04d%02u%02dT230000", year, month,
			    tm.tm_mday);
			assert_true(civil_read(slice_from(text), &c));
			assert_true(c.seconds == want && !c.utc && !c.date);
			struct civil_date d = civil_date_of(c.seconds);
			assert_int_equal(d.year, year);
			assert_int_equal(d.month, month);
			assert_int_equal(d.day, tm.tm_mday);
			assert_true(
			    civil_days(year, month, (unsigned)tm.tm_mday) * 86400 + 82800 == want);
		}
		assert_int_equal(civil_date_of(civil_days(year, 1, 1) * 86400).year, year);
		assert_int_equal(civil_date_of(civil_days(year, 1, 1) * 86400 - 1).year, year - 1);
	}
}

static void test_nanoseconds_that_fit(void **state)
{
	(void)state;
	int64_t ns;
	assert_true(civil_ns(9223372035, 999999999, &ns));
	assert_true(ns == INT64_C(9223372035999999999));
	assert_false(civil_ns(9223372036, 0, &ns));
	assert_true(civil_ns(-9223372035, 0, &ns));
	assert_false(civil_ns(-9223372036, 0, &ns));
	assert_false(civil_ns(INT64_MIN, 0, &ns));
}

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "PT1H30M", 5400 },
		{ "PT0S", 0 },
		{ "P1W", 604800 },
		{ "-P1D", -86400 },
		{ "+P1DT2H", 93600 },
		{ "P15DT5H0M20S", 1314020 },
		{ " PT5M ", 300 },
		{ "PT999999999H", INT64_C(3599999996400) },
	};
	static const char *const bad[] = { "", "P", "PT", "1H", "P1H", "PT1D", "P1", "PT1", "PH",
		"P1DT", "P1Y", "P1D2", "PT1.5H", "P-1D", "PTT1H", "PT1000000000H",
		"P1D1D1D1D1D1D1D", "--P1D" };
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t seconds = -1;
		assert_true(civil_span(guarded(good[i].text), &seconds));
		assert_true(seconds == good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t seconds;
		if (civil_span(guarded(bad[i]), &seconds))
			fail_msg("\"%s\" was read", bad[i]);
	}
}

static void test_every_truncation(void **state)
{
	(void)state;
	static const char time[] = "2006-09-25T16:00:00.5+02:00", span[] = "-P15DT5H0M20S";
	for (size_t n = 0; n < sizeof(time); n++) {
		struct civil c;
		(void)civil_read((struct slice){ guard_copy(time, n), n }, &c);
	}
	for (size_t n = 0; n < sizeof(span); n++) {
		int64_t seconds;
		(void)civil_span((struct slice){ guard_copy(span, n), n }, &seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_instant_in_many_forms),
		cmocka_unit_test(test_dates_and_fractions),
		cmocka_unit_test(test_what_is_no_time),
		cmocka_unit_test(test_leap_days),
		cmocka_unit_test(test_the_calendar),
		cmocka_unit_test(test_nanoseconds_that_fit),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
