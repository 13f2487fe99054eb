/*
 * test_ical.c - decode/ical.c: what an iCalendar text says of its object, and when one may say that it
 * has no ORGANIZER property.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/object_run.h"

static void give(void *ctx, struct slice s)
{
	(void)body_calendar.data(ctx, s);
}

static enum seen organizer(struct slice in, int way, bool whole)
{
	struct feeder f = feeder_new(in.n);
	struct arena *arena = arena_new(65536);
	const struct limits limits = limits_default();
	const struct body_env env = { .limits = &limits,
		.arena = arena,
		.sink = { object_anomaly, NULL } };
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

/* ---- objects ---- */

static void expect(const char *in, const char *want)
{
	object_expect(&body_calendar, slice_from(in), want);
}

/* One VEVENT with these lines in a whole calendar. */
static void expect_event(const char *lines, const char *want)
{
	char text[4096];
	snprintf(text, sizeof(text),
	    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n", lines);
	expect(text, want);
}

static void test_an_event(void **state)
{
	(void)state;
	expect("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
	       "UID:1@a\r\nDTSTAMP:20060901T000000Z\r\nDTSTART:20060925T140000Z\r\n"
	       "DTEND:20060925T150000Z\r\nSUMMARY:Tea\\, and\\n more\\; \\\\\\x\r\n"
	       "LOCATION:The\r\n  garden\r\nRRULE:FREQ=DAILY;COUNT=2\r\n"
	       "ORGANIZER;CN=\"A: B\";X=1:MAILTO:anna@example.com\r\n"
	       "BEGIN:VALARM\r\nSUMMARY:no\r\nDTSTART:20000101T000000Z\r\nEND:VALARM\r\n"
	       "END:VEVENT\r\nEND:VCALENDAR\r\n",
	    "event uid [1@a] summary [Tea, and\n more; \\x] location [The garden] "
	    "rrule [FREQ=DAILY;COUNT=2] organizer [anna@example.com] method [REQUEST] "
	    "from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 1 master whole\n");
	expect("begin:vcalendar\nBegin:VEvent\nuid:1\nsummary:x\nend:vevent\nend:vcalendar",
	    "event uid [1] summary [x] uids 1 master whole\n");
	expect("\xef\xbb\xbf"
	       "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:t\nDUE;VALUE=DATE:20060925\nEND:VTODO\n"
	       "END:VCALENDAR",
	    "todo uid [t] to 2006-09-25T00:00:00Z uids 1 master whole\n");
	expect("BEGIN:VCALENDAR\nBEGIN:VJOURNAL\nUID:j\nEND:VJOURNAL\nEND:VCALENDAR\n",
	    "journal uid [j] uids 1 master whole\n");
	expect("BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\nUID:f\nDTSTART:20060925T140000Z\n"
	       "END:VFREEBUSY\nEND:VCALENDAR\n",
	    "other uid [f] from 2006-09-25T14:00:00Z uids 1 master whole\n");
}

static void test_times(void **state)
{
	(void)state;
	expect_event("DTSTART;VALUE=DATE:20060925\r\n",
	    "event from 2006-09-25T00:00:00Z to 2006-09-26T00:00:00Z uids 0 master all-day whole\n");
	expect_event("DTSTART:20060925T140000\r\n",
	    "event from 2006-09-25T14:00:00Z to 2006-09-25T14:00:00Z uids 0 master floating whole\n");
	expect_event("DTSTART:20060925T140000Z\r\nDURATION:PT1H30M\r\n",
	    "event from 2006-09-25T14:00:00Z to 2006-09-25T15:30:00Z uids 0 master whole\n");
	expect_event("DURATION:P2D\r\nDTSTART;VALUE=DATE:20060925\r\n",
	    "event from 2006-09-25T00:00:00Z to 2006-09-27T00:00:00Z uids 0 master all-day whole\n");
	expect_event("DTSTART:20060925T140000Z\r\nDTEND:20060925T160000Z\r\nDURATION:PT1H\r\n",
	    "event from 2006-09-25T14:00:00Z to 2006-09-25T16:00:00Z uids 0 master whole\n");
	expect_event("DTSTART;TZID=Europe/Berlin:20060925T140000\r\n",
	    "event from 2006-09-25T12:00:00Z to 2006-09-25T12:00:00Z uids 0 master whole\n");
	expect_event("DTSTART;TZID=Europe/Berlin:20060925T140000Z\r\n",
	    "event from 2006-09-25T14:00:00Z to 2006-09-25T14:00:00Z uids 0 master whole\n");
	/* A day later by the calendar, though the night has 25 hours; 24 hours later by the watch. */
	expect_event("DTSTART;TZID=Europe/Berlin:20061028T140000\r\nDURATION:P1D\r\n",
	    "event from 2006-10-28T12:00:00Z to 2006-10-29T13:00:00Z uids 0 master whole\n");
	expect_event("DTSTART;TZID=Europe/Berlin:20061028T140000\r\nDURATION:PT24H1M\r\n",
	    "event from 2006-10-28T12:00:00Z to 2006-10-29T12:01:00Z uids 0 master whole\n");
	expect_event("X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\r\nDTSTART:20060924T220000Z\r\n"
		     "DTEND:20060925T220000Z\r\n",
	    "event from 2006-09-24T22:00:00Z to 2006-09-25T22:00:00Z uids 0 master all-day whole\n");
}

static void test_times_that_are_none(void **state)
{
	(void)state;
	expect_event("DTSTART:20060931T140000Z\r\n", "event uids 0 master\n");
	expect_event("DTSTART;TZID=Europe/Atlantis:20060925T140000\r\n",
	    "event uids 0 master whole\n");
	expect_event("DTSTART:16010101T000000Z\r\n", "event uids 0 master whole\n");
	expect_event("DTSTART:20060925T140000Z\r\nDURATION:soon\r\n",
	    "event from 2006-09-25T14:00:00Z uids 0 master\n");
}

static uint64_t fingerprint_of(const char *lines)
{
	char text[4096];
	snprintf(text, sizeof(text),
	    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
	    lines);
	struct object_run run = object_run_all(
	    (struct object_job){ .reader = &body_calendar, .in = slice_from(text) });
	assert_non_null(run.object);
	uint64_t fingerprint = run.object->fingerprint;
	arena_free(run.arena);
	return fingerprint;
}

static void test_fingerprints_of_times(void **state)
{
	(void)state;
	uint64_t atlantis = fingerprint_of("DTSTART;TZID=Europe/Atlantis:20060925T140000\r\n");
	assert_true(atlantis != 0);
	assert_true(atlantis == fingerprint_of("DTSTART;TZID=Atlantis:20060925T140000\r\n"));
	assert_true(atlantis != fingerprint_of("DTSTART;TZID=Atlantis:20060925T140001\r\n"));
	assert_true(atlantis != fingerprint_of("DTSTART:20060925T140000Z\r\n"));
	assert_true(atlantis ==
	    fingerprint_of("DTSTART;TZID=Atlantis:20060925T140000\r\n"
			   "DTEND;TZID=Atlantis:20060925T140000\r\n"));
	assert_true(fingerprint_of("DTSTART;TZID=Atlantis:20060925T140000\r\nDURATION:PT1H\r\n") ==
	    fingerprint_of("DTSTART;TZID=Atlantis:20060925T140000\r\n"
			   "DTEND;TZID=Atlantis:20060925T150000\r\n"));
	assert_true(fingerprint_of("DTSTART;TZID=Europe/Berlin:20060925T140000\r\n"
				   "DURATION:PT1H\r\n") ==
	    fingerprint_of("DTSTART:20060925T120000Z\r\nDTEND:20060925T130000Z\r\n"));
	assert_true(
	    fingerprint_of("DTSTART;VALUE=DATE:20060925\r\nDTEND;VALUE=DATE:20060926\r\n") ==
	    fingerprint_of("X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\r\nDTSTART:20060924T220000Z\r\n"
			   "DTEND:20060925T220000Z\r\n"));
	assert_true(fingerprint_of("") == 0);
}

static const char berlin[] =
    "BEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\nBEGIN:STANDARD\r\n"
    "DTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\n"
    "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nDTSTART:16010101T020000\r\n"
    "END:DAYLIGHT\r\nEND:VTIMEZONE\r\n";

static void test_zones_of_the_object(void **state)
{
	(void)state;
	static const char event[] =
	    "BEGIN:VEVENT\r\nUID:1\r\n"
	    "DTSTART;TZID=\"Customized Time Zone\":20060925T140000\r\n"
	    "DTEND;TZID=Customized Time Zone:20061029T140000\r\nEND:VEVENT\r\n";
	static const char want[] = "event uid [1] from 2006-09-25T12:00:00Z "
				   "to 2006-10-29T13:00:00Z uids 1 master whole\n";
	char text[2048];
	snprintf(text, sizeof(text), "BEGIN:VCALENDAR\r\n%s%sEND:VCALENDAR\r\n", berlin, event);
	expect(text, want);
	snprintf(text, sizeof(text), "BEGIN:VCALENDAR\r\n%s%sEND:VCALENDAR\r\n", event, berlin);
	expect(text, want);
}

static void test_master_and_overrides(void **state)
{
	(void)state;
	static const char master[] =
	    "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:all\r\n"
	    "DTSTART:20060925T140000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n";
	static const char one[] = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:one\r\n"
				  "RECURRENCE-ID;TZID=Europe/Berlin:20060926T160000\r\n"
				  "DTSTART:20060926T150000Z\r\nEND:VEVENT\r\n";
	static const char two[] = "BEGIN:VEVENT\r\nRECURRENCE-ID:20060927T140000Z\r\nUID:1\r\n"
				  "SUMMARY:two\r\nDTSTART:20060927T150000Z\r\nEND:VEVENT\r\n";
	static const char all[] =
	    "event uid [1] recurrence [20060926T140000Z] summary [all] rrule [FREQ=DAILY] "
	    "from 2006-09-25T14:00:00Z to 2006-09-25T14:00:00Z overrides 2 uids 1 master whole\n";
	char text[2048];
	snprintf(text, sizeof(text), "BEGIN:VCALENDAR\r\n%s%s%sEND:VCALENDAR\r\n", master, one,
	    two);
	expect(text, all);
	snprintf(text, sizeof(text), "BEGIN:VCALENDAR\r\n%s%s%sEND:VCALENDAR\r\n", one, master,
	    two);
	expect(text, all);
	snprintf(text, sizeof(text), "BEGIN:VCALENDAR\r\n%s%sEND:VCALENDAR\r\n", two, one);
	expect(text,
	    "event uid [1] recurrence [20060927T140000Z] summary [two] "
	    "from 2006-09-27T15:00:00Z to 2006-09-27T15:00:00Z overrides 2 uids 1 whole\n");
}

static void test_forms_of_recurrence_ids(void **state)
{
	(void)state;
	expect_event("RECURRENCE-ID;VALUE=DATE:20060926\r\n",
	    "event recurrence [20060926] overrides 1 uids 0 whole\n");
	expect_event("RECURRENCE-ID:20060926T140000\r\n",
	    "event recurrence [20060926T140000] overrides 1 uids 0 whole\n");
	expect_event("RECURRENCE-ID;TZID=Atlantis:20060926T140000\r\n",
	    "event recurrence [20060926T140000] overrides 1 uids 0 whole\n");
	expect_event("RECURRENCE-ID;RANGE=THISANDFUTURE:20060926T235959Z\r\nRECURRENCE-ID:x\r\n",
	    "event recurrence [20060926T235959Z] overrides 1 uids 0 whole\n");
	expect_event("RECURRENCE-ID:never\r\n", "event overrides 1 uids 0\n");
}

static void test_several_objects_in_one_text(void **state)
{
	(void)state;
	expect("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:a\nSUMMARY:b\nEND:VEVENT\n"
	       "BEGIN:VEVENT\nUID:2\nSUMMARY:c\nEND:VEVENT\nBEGIN:VEVENT\nUID:3\nEND:VEVENT\n"
	       "END:VCALENDAR\n",
	    "event uid [1] summary [a] uids 2 master whole\n");
	expect("BEGIN:VCALENDAR\nBEGIN:X-OTHER\nUID:1\nEND:X-OTHER\nBEGIN:VEVENT\nUID:1\n"
	       "END:VEVENT\nEND:VCALENDAR\n",
	    "event uid [1] uids 1 master whole\n");
}

static void test_texts_that_are_not_whole(void **state)
{
	(void)state;
	expect("", "");
	expect("hello", "");
	expect("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "");
	expect("BEGIN:VCARD\nFN:x\nEND:VCARD\n", "");
	expect("BEGIN:VEVENT\nUID:1\nEND:VEVENT\n", "event uid [1] uids 1 master whole\n");
	expect("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\n",
	    "event uid [1] uids 1 master\n");
	expect("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", "event uid [1] uids 1\n");
	expect("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nEND:VEVENT\nEND:VCALENDAR\n",
	    "event uid [1] uids 1 master\n");
	expect("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\nBEGIN:VCALENDAR\n",
	    "event uid [1] uids 1 master\n");
	object_expect(&body_calendar,
	    SLICE("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\0\nEND:VEVENT\nEND:VCALENDAR\n"),
	    "event uid [1] uids 1 master\n");
}

static const char sample[] =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\nBEGIN:STANDARD\r\n"
    "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0130\r\nTZOFFSETTO:+0130\r\nEND:STANDARD\r\n"
    "END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Z:20060925T140000\r\n"
    "DURATION:P1DT2H\r\nSUMMARY:T\xc3\xa9\r\n a\r\nRECURRENCE-ID:20060925T123000Z\r\n"
    "ORGANIZER:mailto:a@b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

static void test_every_truncation(void **state)
{
	(void)state;
	object_truncate(&body_calendar, slice_from(sample));
	object_truncate(&body_calendar, slice_from(berlin));
}

/* ---- hostile texts ---- */

struct text_builder {
	char *p;
	size_t n, room;
};

static void build(struct text_builder *b, const char *text)
{
	size_t n = strlen(text);
	if (n > b->room - b->n) {
		b->room = 2 * b->room + n;
		b->p = realloc(b->p, b->room);
	}
	memcpy(b->p + b->n, text, n);
	b->n += n;
}

static struct object_run run_built(const struct text_builder *b, const char *limit)
{
	return object_run_all((struct object_job){ .reader = &body_calendar,
	    .in = { (const uint8_t *)b->p, b->n },
	    .limit = limit,
	    .ways = FIRST_SEED + 1 });
}

/* One line of 1 MiB in an event that has all else. */
static void long_line(const char *name, bool whole, const char *summary)
{
	struct text_builder b = { 0 };
	build(&b, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n");
	build(&b, name);
	for (size_t i = 0; i < 1 << 16; i++)
		build(&b, "0123456789abcdef");
	build(&b, "\r\nSUMMARY:Tea\r\nDTSTART:20060925T140000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	struct object_run run = run_built(&b, NULL);
	assert_non_null(run.object);
	assert_int_equal(run.object->whole, whole);
	assert_true((run.object->fingerprint != 0) == whole);
	assert_true(slice_equal(run.object->summary, slice_from(summary)));
	assert_true(arena_used(run.arena) < 400000);
	uint64_t lines = run.object->lines;
	arena_free(run.arena);
	b.p[b.n - 100] ^= 1; /* far behind what was kept */
	run = run_built(&b, NULL);
	assert_true(run.object->lines != lines);
	arena_free(run.arena);
	free(b.p);
}

static void test_long_lines(void **state)
{
	(void)state;
	long_line("ATTACH:", true, "Tea");
	long_line("DESCRIPTION;X=", true, "Tea");
	long_line("", true, "Tea");
	long_line("LOCATION:", false, "Tea");
	long_line("SUMMARY;LANGUAGE=", false, "Tea");
	long_line("END:", false, "Tea");
}

static void test_more_properties_than_the_limit(void **state)
{
	(void)state;
	struct text_builder b = { 0 };
	build(&b, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n");
	for (size_t i = 0; i < 100000; i++)
		build(&b, "ATTENDEE:mailto:a@b\r\n");
	build(&b, "SUMMARY:late\r\nORGANIZER:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	struct object_run run = run_built(&b, NULL);
	assert_false(run.object->whole);
	assert_int_equal(run.object->summary.n, 0);
	assert_int_equal(run.organizer, PRESENT);
	assert_true(run.object->octets != 0 && run.object->lines != 0);
	assert_true(arena_used(run.arena) < 32768);
	arena_free(run.arena);
	run = run_built(&b, "ical_props=200000");
	assert_true(run.object->whole);
	assert_true(slice_is(run.object->summary, "late"));
	arena_free(run.arena);
	free(b.p);
}

static void test_deep_nesting(void **state)
{
	(void)state;
	struct text_builder b = { 0 };
	build(&b, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n");
	for (size_t i = 0; i < 100000; i++)
		build(&b, "BEGIN:VALARM\n");
	for (size_t i = 0; i < 100000; i++)
		build(&b, "END:VALARM\n");
	build(&b, "SUMMARY:deep\nEND:VEVENT\nEND:VCALENDAR\n");
	struct object_run run = run_built(&b, "ical_props=300000");
	assert_true(run.object->whole);
	assert_true(slice_is(run.object->summary, "deep"));
	assert_true(arena_used(run.arena) < 32768);
	arena_free(run.arena);
	free(b.p);
}

static void test_endless_folding(void **state)
{
	(void)state;
	struct text_builder b = { 0 };
	build(&b, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:");
	for (size_t i = 0; i < 300000; i++)
		build(&b, i % 3 != 0 ? "\r\n " : "\n\ta");
	build(&b, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	struct object_run run = run_built(&b, NULL);
	assert_false(run.object->whole);
	assert_true(arena_used(run.arena) < 400000);
	arena_free(run.arena);
	free(b.p);
}

static void test_many_zones(void **state)
{
	(void)state;
	struct text_builder b = { 0 };
	build(&b,
	    "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Z\nBEGIN:STANDARD\n"
	    "TZOFFSETFROM:+0000\nTZOFFSETTO:+0000\nDTSTART:19700101T000000\nRDATE:");
	for (size_t i = 0; i < 3000; i++)
		build(&b, "20060925T140000,");
	build(&b, "20060925T140000\n");
	for (size_t i = 0; i < 50; i++)
		build(&b, "RDATE:20060925T140000,20060925T140000,20060925T140000\n");
	build(&b,
	    "END:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nDTSTART;TZID=Z:20060925T140000\n"
	    "END:VEVENT\nEND:VCALENDAR\n");
	struct object_run run = run_built(&b, NULL);
	assert_true(run.object->start_ns != OBJECT_NO_TIME);
	arena_free(run.arena);
	run = run_built(&b, "ical_props=1000");
	assert_true(run.object->start_ns == OBJECT_NO_TIME);
	assert_true(run.object->whole);
	arena_free(run.arena);
	free(b.p);
}

static void test_bytes_that_are_no_text(void **state)
{
	(void)state;
	expect_event("SUMMARY:\xff\xfe\x80\\\r\n\xc3:\x28\r\n",
	    "event summary [\xff\xfe\x80] uids 0 master whole\n");
	expect_event(":\r\n;\r\n;:\r\n\"\r\nA;\":\r\nUID;\"=\":x\r\n.:\r\nx.UID:y\r\n\r\n \r\n",
	    "event uid [x] uids 1 master whole\n");
}

static void test_little_memory(void **state)
{
	(void)state;
	for (size_t budget = 256; budget < 20000; budget += 97) {
		struct object_job job = { .reader = &body_calendar,
			.in = slice_from(sample),
			.budget = budget };
		struct object_run run = object_run_all(job);
		if (run.object != NULL && run.object->whole)
			assert_true(slice_is(run.object->uid, "1"));
		arena_free(run.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_property_at_a_line_start_is_seen),
		cmocka_unit_test(test_a_folded_name_is_seen),
		cmocka_unit_test(test_other_places_are_not_the_property),
		cmocka_unit_test(test_absence_needs_all_of_the_text),
		cmocka_unit_test(test_long_lines_cost_no_memory),
		cmocka_unit_test(test_an_event),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_times_that_are_none),
		cmocka_unit_test(test_fingerprints_of_times),
		cmocka_unit_test(test_zones_of_the_object),
		cmocka_unit_test(test_master_and_overrides),
		cmocka_unit_test(test_forms_of_recurrence_ids),
		cmocka_unit_test(test_several_objects_in_one_text),
		cmocka_unit_test(test_texts_that_are_not_whole),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_more_properties_than_the_limit),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_endless_folding),
		cmocka_unit_test(test_many_zones),
		cmocka_unit_test(test_bytes_that_are_no_text),
		cmocka_unit_test(test_little_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
