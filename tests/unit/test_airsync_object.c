/*
 * test_airsync_object.c - decode/airsync_object.c: events, tasks and contacts of ActiveSync items, and
 * recurrences as rules.
 */
#include "tests/unit/airsync_run.h"

/* An Add of one item with these properties; want: what becomes of it. */
static void check_object(const char *properties, const char *want)
{
	char text[4096], line[1024];
	snprintf(text, sizeof(text),
	    "Sync{Collections{Collection{CollectionId=1 Commands{Add{ApplicationData{%s}}}}}}",
	    properties);
	snprintf(line, sizeof(line), "Sync whole\ncollection id=1 commands\n add\n  %s\n", want);
	check(text, line);
}

static void test_events(void **state)
{
	(void)state;
	check_object(
	    "Calendar:Timezone=AAAA DtStamp=20060901T000000Z UID=u1 Subject=' Tea ' Location='Room 1' OrganizerEmail=a@example.com StartTime=20060925T140000Z EndTime=20060925T150000Z AllDayEvent=0 Body=x BusyStatus=2 Attendees{Attendee{Email=b Name=c}}",
	    "event uid [u1] summary [Tea] location [Room 1] organizer [a@example.com] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 1 master whole");
	check_object(
	    "Calendar:AllDayEvent=1 StartTime=20060925T000000Z EndTime=20060926T000000Z Subject=x",
	    "event summary [x] from 2006-09-25T00:00:00Z to 2006-09-26T00:00:00Z uids 0 master all-day whole");
	check_object("Calendar:Subject=x", "event summary [x] uids 0 whole");
	check_object("Calendar:StartTime=soon Subject=x", "event summary [x] uids 0 whole");
}

/* Version 2.5 names the class with the collection; what it says counts more than the properties. */
static void test_the_class_of_an_item(void **state)
{
	(void)state;
	check(
	    "Sync{Collections{Collection{Class=Calendar Commands{Add{ApplicationData} Add{Class=Email ApplicationData{Email:Subject=x}}}}}}",
	    "Sync whole\ncollection class=Calendar commands\n add\n  event uids 0 whole\n add\n  other summary [x] uids 0 master whole\n");
	check(
	    "Sync{Collections{Collection{Class=Tasks Commands{Add{ApplicationData{Calendar:Subject=x}}}}}}",
	    "Sync whole\ncollection class=Tasks commands\n add\n  todo summary [x] uids 0 master whole\n");
	check_object("AirSyncBase:Body{Type=1}", "other uids 0 master whole");
	check_object("Notes:Subject=x", "other summary [x] uids 0 master whole");
}

static void test_exceptions_do_not_touch_the_master(void **state)
{
	(void)state;
	check_object(
	    "Calendar:Exceptions{Exception{ExceptionStartTime=20061002T140000Z Subject=Late StartTime=20061002T160000Z EndTime=20061002T170000Z Location=Elsewhere} Exception{Deleted=1 ExceptionStartTime=20061009T140000Z} Exception{Deleted=0 AirSyncBase:InstanceId=2006-10-16T14:00:00.000Z}} Subject=Tea StartTime=20060925T140000Z EndTime=20060925T150000Z Recurrence{Type=1 Interval=1 DayOfWeek=2}",
	    "event recurrence [20061002T140000Z] summary [Tea] rrule [FREQ=WEEKLY;BYDAY=MO] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z overrides 2 uids 0 master whole");
	check_object(
	    "Calendar:StartTime=20060925T140000Z Exceptions{Exception{Deleted=1 ExceptionStartTime=20061009T140000Z}}",
	    "event from 2006-09-25T14:00:00Z to 2006-09-25T14:00:00Z uids 0 master whole");
}

/* What a Change does not name is not absent. */
static void test_changes_may_name_a_part(void **state)
{
	(void)state;
	check(
	    "Sync{Collections{Collection{Commands{Change{ServerId=1 ApplicationData{Calendar:Subject=x StartTime=20060925T140000Z EndTime=20060925T150000Z}} Change{ServerId=2 ApplicationData{Calendar:Subject=x StartTime=20060925T140000Z}} Change{ServerId=3 ApplicationData{Tasks:Subject=x Complete=1}}}}}}",
	    "Sync whole\ncollection commands\n change server=1\n  event summary [x] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 0 master whole\n change server=2\n  event summary [x] from 2006-09-25T14:00:00Z uids 0 master\n change server=3\n  todo summary [x] uids 0 master whole\n");
}

static void test_cards(void **state)
{
	(void)state;
	check_object(
	    "Contacts:FileAs='Funk, Don' FirstName=Don LastName=Funk Email1Address=d@example.com",
	    "card summary [Funk, Don] uids 0 master whole");
	check_object("Contacts:FirstName=Don LastName=Funk",
	    "card summary [Don Funk] uids 0 master whole");
	check_object("Contacts:LastName=Funk", "card summary [Funk] uids 0 master whole");
	check_object("Contacts:CompanyName=Contoso", "card summary [Contoso] uids 0 master whole");
	check_object("Contacts2:NickName=D", "card uids 0 master whole");
}

/* Each time of a task comes twice: in UTC, and as its owner's clock shows it. */
static void test_todos(void **state)
{
	(void)state;
	check_object(
	    "Tasks:Subject=x StartDate=2006-09-25T00:00:00.000Z UtcStartDate=2006-09-24T22:00:00.000Z DueDate=2006-09-26T00:00:00.000Z UtcDueDate=2006-09-25T22:00:00.000Z",
	    "todo summary [x] from 2006-09-24T22:00:00Z to 2006-09-25T22:00:00Z uids 0 master whole");
	check_object("Tasks:Subject=x DueDate=2006-09-26T00:00:00.000Z",
	    "todo summary [x] to 2006-09-26T00:00:00Z uids 0 master floating whole");
	check_object(
	    "Tasks:Subject=x Recurrence{Type=0 Start=20060925T000000Z Interval=3 Regenerate=0}",
	    "todo summary [x] rrule [FREQ=DAILY;INTERVAL=3] uids 0 master whole");
}

static void test_recurrences(void **state)
{
	(void)state;
	static const struct {
		const char *recurrence, *rule;
	} rules[] = {
		{ "Type=0 Interval=1", "FREQ=DAILY" },
		{ "Type=0 Interval=2 Occurrences=10", "FREQ=DAILY;INTERVAL=2;COUNT=10" },
		{ "Type=0 DayOfWeek=62", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" },
		{ "Type=1 Interval=1 DayOfWeek=42", "FREQ=WEEKLY;BYDAY=MO,WE,FR" },
		{ "Type=1 Interval=2 DayOfWeek=65 FirstDayOfWeek=0",
		    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,SA;WKST=SU" },
		{ "Type=1 Interval=1 DayOfWeek=64 FirstDayOfWeek=1", "FREQ=WEEKLY;BYDAY=SA" },
		{ "Type=1 DayOfWeek=16 Until=20061231T140000Z",
		    "FREQ=WEEKLY;BYDAY=TH;UNTIL=20061231T140000Z" },
		{ "Type=1 DayOfWeek=16 Until=2006-12-31T14:00:00.000Z",
		    "FREQ=WEEKLY;BYDAY=TH;UNTIL=20061231T140000Z" },
		{ "Type=2 Interval=1 DayOfMonth=15", "FREQ=MONTHLY;BYMONTHDAY=15" },
		{ "Type=3 Interval=1 WeekOfMonth=2 DayOfWeek=4", "FREQ=MONTHLY;BYDAY=2TU" },
		{ "Type=3 Interval=3 WeekOfMonth=5 DayOfWeek=32",
		    "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR" },
		{ "Type=3 WeekOfMonth=1 DayOfWeek=62",
		    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1" },
		{ "Type=3 WeekOfMonth=5 DayOfWeek=127", "FREQ=MONTHLY;BYMONTHDAY=-1" },
		{ "Type=5 Interval=1 DayOfMonth=29 MonthOfYear=2",
		    "FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2" },
		{ "Type=6 WeekOfMonth=5 DayOfWeek=1 MonthOfYear=10",
		    "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10" },
		{ "Type=3 WeekOfMonth=9 DayOfWeek=4", "FREQ=MONTHLY" },
		{ "Type=0 DayOfWeek=128", "FREQ=DAILY" },
		{ "Type=1 DayOfWeek=130 Interval=0", "FREQ=WEEKLY;BYDAY=MO" },
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char properties[256], want[256];
		snprintf(properties, sizeof(properties),
		    "Calendar:Subject=x StartTime=20060925T140000Z EndTime=20060925T150000Z Recurrence{%s}",
		    rules[i].recurrence);
		snprintf(want, sizeof(want),
		    "event summary [x] rrule [%s] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 0 master whole",
		    rules[i].rule);
		check_object(properties, want);
	}
	/* the date of the zone where its midnight is */
	check_object(
	    "Calendar:StartTime=20060924T220000Z EndTime=20060925T220000Z AllDayEvent=1 Subject=x Recurrence{Type=0 Until=20061230T230000Z}",
	    "event summary [x] rrule [FREQ=DAILY;UNTIL=20061231] from 2006-09-24T22:00:00Z to 2006-09-25T22:00:00Z uids 0 master all-day whole");
	/* one that is not known */
	check_object(
	    "Calendar:Subject=x StartTime=20060925T140000Z EndTime=20060925T150000Z Recurrence{Type=4 Interval=1}",
	    "event summary [x] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 0 master");
	check_object(
	    "Calendar:Subject=x StartTime=20060925T140000Z EndTime=20060925T150000Z Recurrence",
	    "event summary [x] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 0 master");
}

/* ---- fingerprints ---- */

static const struct body *read_with(const struct body_reader *reader, struct slice in,
    struct arena *arena, struct body *body)
{
	struct record anomalies = { 0 };
	struct limits limits = limits_default();
	const struct body_env env = { .limits = &limits,
		.arena = arena,
		.sink = { record_anomaly, &anomalies } };
	void *reading = reader->start(&env);
	*body = (struct body){ 0 };
	reader->data(reading, in);
	reader->end(reading, true, body);
	assert_int_equal(anomalies.n, 0);
	return body;
}

/* Of the first item of a Sync, a `verb` with these properties. */
static uint64_t print_of_verb(const char *verb, const char *properties)
{
	char text[1024];
	snprintf(text, sizeof(text),
	    "Sync{Collections{Collection{Commands{%s{ApplicationData{%s}}}}}}", verb, properties);
	struct bytes doc = wbxml_make(text);
	struct arena *arena = arena_new(1 << 20);
	struct body body;
	const struct airsync *a = read_with(&body_wbxml, bytes_all(&doc), arena, &body)->airsync;
	assert_int_equal(a->n_collections, 1);
	uint64_t print = a->collections[0].items[0].object->fingerprint;
	arena_free(arena);
	bytes_free(&doc);
	return print;
}

static uint64_t print_of(const char *properties)
{
	return print_of_verb("Add", properties);
}

static uint64_t print_of_text(const struct body_reader *reader, const char *text)
{
	struct arena *arena = arena_new(1 << 20);
	struct body body;
	const struct object *o = read_with(reader, slice_from(text), arena, &body)->object;
	assert_non_null(o);
	uint64_t print = o->fingerprint;
	arena_free(arena);
	return print;
}

#define TIMES "Calendar:Subject=Tea StartTime=20060925T140000Z EndTime=20060925T150000Z "

static void test_a_part_of_an_event_has_no_fingerprint(void **state)
{
	(void)state;
	assert_int_not_equal(print_of_verb("Add", TIMES), 0);
	assert_int_equal(print_of_verb("Add", TIMES), print_of_verb("Change", TIMES));
	assert_int_equal(print_of_verb("Change", "Calendar:Subject=Tea StartTime=20060925T140000Z"),
	    0);
	assert_int_equal(print_of_verb("Change", "Calendar:Subject=Tea"), 0);
	assert_int_equal(print_of("Calendar:Subject=Tea"), 0);
	assert_int_equal(print_of(TIMES "Recurrence{Type=9}"), 0);
	assert_int_equal(print_of(TIMES "Recurrence{Type=1 Interval=x}"), 0);
}

/* One appointment on two protocols is one appointment. */
static void test_events_are_those_of_icalendar(void **state)
{
	(void)state;
	static const struct {
		const char *airsync, *calendar;
	} pairs[] = {
		{ "", "" },
		{ "Location='Room  1'", "LOCATION:Room 1\r\n" },
		{ "Recurrence{Type=0 Interval=2 Occurrences=3}",
		    "RRULE:FREQ=DAILY;COUNT=3;INTERVAL=2\r\n" },
		{ "Recurrence{Type=1 Interval=1 DayOfWeek=10}",
		    "RRULE:FREQ=WEEKLY;BYDAY=WE,MO\r\n" },
		{ "Recurrence{Type=1 Interval=2 DayOfWeek=2 FirstDayOfWeek=0 Until=20071231T140000Z}",
		    "RRULE:FREQ=WEEKLY;UNTIL=20071231T140000Z;INTERVAL=2;WKST=SU;BYDAY=MO\r\n" },
		{ "Recurrence{Type=2 DayOfMonth=25}", "RRULE:FREQ=MONTHLY;BYMONTHDAY=25\r\n" },
		{ "Recurrence{Type=3 WeekOfMonth=4 DayOfWeek=2}",
		    "RRULE:FREQ=MONTHLY;BYDAY=4MO\r\n" },
		{ "Recurrence{Type=3 WeekOfMonth=5 DayOfWeek=62}",
		    "RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU,WE,TH,FR\r\n" },
		{ "Recurrence{Type=5 DayOfMonth=25 MonthOfYear=9}",
		    "RRULE:FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=25\r\n" },
		{ "Recurrence{Type=6 WeekOfMonth=4 DayOfWeek=2 MonthOfYear=9}",
		    "RRULE:FREQ=YEARLY;BYDAY=4MO;BYMONTH=9\r\n" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char one[512], other[512];
		snprintf(one, sizeof(one), TIMES "%s", pairs[i].airsync);
		snprintf(other, sizeof(other),
		    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Tea\r\nDTSTART:20060925T140000Z\r\n"
		    "DTEND:20060925T150000Z\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
		    pairs[i].calendar);
		assert_int_not_equal(print_of(one), 0);
		assert_int_equal(print_of(one), print_of_text(&body_calendar, other));
	}
}

/* Midnight of the owner's zone in one, a date in the other. */
static void test_all_day_events_are_those_of_icalendar(void **state)
{
	(void)state;
	uint64_t print = print_of(
	    "Calendar:Subject=Tea AllDayEvent=1 StartTime=20060924T220000Z"
	    " EndTime=20060925T220000Z Recurrence{Type=0 Until=20061230T230000Z}");
	assert_int_not_equal(print, 0);
	assert_int_equal(print,
	    print_of_text(&body_calendar,
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Tea\r\nDTSTART;VALUE=DATE:20060925\r\n"
		"DTEND;VALUE=DATE:20060926\r\nRRULE:FREQ=DAILY;UNTIL=20061231\r\nEND:VEVENT\r\n"
		"END:VCALENDAR\r\n"));
}

static void test_cards_are_those_of_vcard(void **state)
{
	(void)state;
	uint64_t print = print_of(
	    "Contacts:FirstName=Don LastName=Funk Email1Address='\"Don\" <d@example.com>'"
	    " MobilePhoneNumber='+1 (2) 3'");
	assert_int_not_equal(print, 0);
	assert_int_equal(print,
	    print_of_text(&body_vcard,
		"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Funk;Don;;;\r\nFN:Don Funk\r\nTEL;TYPE=CELL:+12-3\r\n"
		"EMAIL:D@example.com\r\nEND:VCARD\r\n"));
}

/* Cards of one name are two when their addresses or numbers are. */
static void test_what_tells_cards_apart(void **state)
{
	(void)state;
	static const struct {
		const char *one, *other;
		bool same;
	} pairs[] = {
		{ "Email1Address=a@b.c", "Email1Address=d@e.f", false },
		{ "Email1Address=a@b.c", "", false },
		{ "MobilePhoneNumber=1", "MobilePhoneNumber=2", false },
		{ "Email1Address=A@b.c", "Email3Address='\"Al\" <a@B.c>'", true },
		{ "HomePhoneNumber='+1 (2) 3'", "BusinessPhoneNumber=+12-3", true },
		{ "Email1Address=a@b.c PagerNumber=1", "PagerNumber=1 Email1Address=a@b.c", true },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint64_t prints[2];
		for (size_t k = 0; k < 2; k++) {
			char text[256];
			snprintf(text, sizeof(text), "Contacts:FileAs=x Spouse=%s %s",
			    k == 0 ? "y" : "z", k == 0 ? pairs[i].one : pairs[i].other);
			prints[k] = print_of(text);
		}
		assert_int_equal(prints[0] == prints[1], pairs[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_the_class_of_an_item),
		cmocka_unit_test(test_exceptions_do_not_touch_the_master),
		cmocka_unit_test(test_changes_may_name_a_part),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_todos),
		cmocka_unit_test(test_recurrences),
		cmocka_unit_test(test_a_part_of_an_event_has_no_fingerprint),
		cmocka_unit_test(test_events_are_those_of_icalendar),
		cmocka_unit_test(test_all_day_events_are_those_of_icalendar),
		cmocka_unit_test(test_cards_are_those_of_vcard),
		cmocka_unit_test(test_what_tells_cards_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
