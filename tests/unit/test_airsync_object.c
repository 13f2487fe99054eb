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
	    "Calendar:Timezone=AAAA DtStamp=20060901T000000Z UID=u1 Subject=' Tea ' Location='Room 1'"
	    " OrganizerEmail=a@example.com StartTime=20060925T140000Z EndTime=20060925T150000Z"
	    " AllDayEvent=0 Body=x BusyStatus=2 Attendees{Attendee{Email=b Name=c}}",
	    "event uid=u1 summary=Tea location=Room 1 organizer=a@example.com start=1159192800"
	    " end=1159196400 master whole print");
	check_object(
	    "Calendar:AllDayEvent=1 StartTime=20060925T000000Z EndTime=20060926T000000Z Subject=x",
	    "event summary=x start=1159142400 end=1159228800 all-day master whole print");
	check_object("Calendar:Subject=x", "event summary=x whole");
	check_object("Calendar:StartTime=soon Subject=x", "event summary=x whole");
}

/* Version 2.5 names the class with the collection; what it says counts more than the properties. */
static void test_the_class_of_an_item(void **state)
{
	(void)state;
	check("Sync{Collections{Collection{Class=Calendar Commands{Add{ApplicationData}"
	      " Add{Class=Email ApplicationData{Email:Subject=x}}}}}}",
	    "Sync whole\ncollection class=Calendar commands\n add\n  event whole\n add\n"
	    "  other summary=x master whole print\n");
	check(
	    "Sync{Collections{Collection{Class=Tasks Commands{Add{ApplicationData{Calendar:Subject=x}}}}}}",
	    "Sync whole\ncollection class=Tasks commands\n add\n  todo summary=x master whole print\n");
	check_object("AirSyncBase:Body{Type=1}", "other master whole");
	check_object("Notes:Subject=x", "other summary=x master whole print");
}

static void test_exceptions_do_not_touch_the_master(void **state)
{
	(void)state;
	check_object(
	    "Calendar:Exceptions{Exception{ExceptionStartTime=20061002T140000Z Subject=Late"
	    " StartTime=20061002T160000Z EndTime=20061002T170000Z Location=Elsewhere}"
	    " Exception{Deleted=1 ExceptionStartTime=20061009T140000Z}"
	    " Exception{Deleted=0 AirSyncBase:InstanceId=2006-10-16T14:00:00.000Z}}"
	    " Subject=Tea StartTime=20060925T140000Z EndTime=20060925T150000Z"
	    " Recurrence{Type=1 Interval=1 DayOfWeek=2}",
	    "event summary=Tea rrule=FREQ=WEEKLY;BYDAY=MO rid=20061002T140000Z start=1159192800"
	    " end=1159196400 overrides=2 master whole print");
	check_object("Calendar:StartTime=20060925T140000Z Exceptions{Exception{Deleted=1"
		     " ExceptionStartTime=20061009T140000Z}}",
	    "event start=1159192800 end=1159192800 master whole print");
}

/* What a Change does not name is not absent. */
static void test_changes_may_name_a_part(void **state)
{
	(void)state;
	check(
	    "Sync{Collections{Collection{Commands{Change{ServerId=1 ApplicationData{Calendar:Subject=x"
	    " StartTime=20060925T140000Z EndTime=20060925T150000Z}}"
	    " Change{ServerId=2 ApplicationData{Calendar:Subject=x StartTime=20060925T140000Z}}"
	    " Change{ServerId=3 ApplicationData{Tasks:Subject=x Complete=1}}}}}}",
	    "Sync whole\ncollection commands\n change server=1\n"
	    "  event summary=x start=1159192800 end=1159196400 master whole print\n change server=2\n"
	    "  event summary=x start=1159192800 master\n change server=3\n"
	    "  todo summary=x master whole print\n");
}

static void test_cards(void **state)
{
	(void)state;
	check_object(
	    "Contacts:FileAs='Funk, Don' FirstName=Don LastName=Funk Email1Address=d@example.com",
	    "card summary=Funk, Don master whole print");
	check_object("Contacts:FirstName=Don LastName=Funk",
	    "card summary=Don Funk master whole print");
	check_object("Contacts:LastName=Funk", "card summary=Funk master whole print");
	check_object("Contacts:CompanyName=Contoso", "card summary=Contoso master whole print");
	check_object("Contacts2:NickName=D", "card master whole");
}

/* Each time of a task comes twice: in UTC, and as its owner's clock shows it. */
static void test_todos(void **state)
{
	(void)state;
	check_object(
	    "Tasks:Subject=x StartDate=2006-09-25T00:00:00.000Z UtcStartDate=2006-09-24T22:00:00.000Z"
	    " DueDate=2006-09-26T00:00:00.000Z UtcDueDate=2006-09-25T22:00:00.000Z",
	    "todo summary=x start=1159135200 end=1159221600 master whole print");
	check_object("Tasks:Subject=x DueDate=2006-09-26T00:00:00.000Z",
	    "todo summary=x end=1159228800 floating master whole print");
	check_object(
	    "Tasks:Subject=x Recurrence{Type=0 Start=20060925T000000Z Interval=3 Regenerate=0}",
	    "todo summary=x rrule=FREQ=DAILY;INTERVAL=3 master whole print");
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
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char properties[256], want[256];
		snprintf(properties, sizeof(properties),
		    "Calendar:Subject=x StartTime=20060925T140000Z EndTime=20060925T150000Z Recurrence{%s}",
		    rules[i].recurrence);
		snprintf(want, sizeof(want),
		    "event summary=x rrule=%s start=1159192800 end=1159196400 master whole print",
		    rules[i].rule);
		check_object(properties, want);
	}
	/* the date of the zone where its midnight is */
	check_object(
	    "Calendar:StartTime=20060924T220000Z EndTime=20060925T220000Z AllDayEvent=1 Subject=x"
	    " Recurrence{Type=0 Until=20061230T230000Z}",
	    "event summary=x rrule=FREQ=DAILY;UNTIL=20061231 start=1159135200 end=1159221600 all-day"
	    " master whole print");
	/* one that is not known */
	check_object("Calendar:Subject=x StartTime=20060925T140000Z EndTime=20060925T150000Z"
		     " Recurrence{Type=4 Interval=1}",
	    "event summary=x start=1159192800 end=1159196400 master");
	check_object(
	    "Calendar:Subject=x StartTime=20060925T140000Z EndTime=20060925T150000Z Recurrence",
	    "event summary=x start=1159192800 end=1159196400 master");
}

/* Of the first item of a Sync with these properties. */
static uint64_t fingerprint(const char *properties)
{
	char text[1024];
	snprintf(text, sizeof(text),
	    "Sync{Collections{Collection{Commands{Add{ApplicationData{%s}}}}}}", properties);
	struct bytes doc = wbxml_make(text);
	struct limits limits = limits_default();
	struct arena *arena = arena_new(limits.txn_bytes);
	struct record ignored = { 0 };
	const struct body_env env = { .limits = &limits,
		.arena = arena,
		.sink = { record_anomaly, &ignored } };
	struct body body = { 0 };
	void *reading = body_wbxml.start(&env);
	body_wbxml.data(reading, bytes_all(&doc));
	body_wbxml.end(reading, true, &body);
	assert_int_equal(body.airsync->n_collections, 1);
	uint64_t print = body.airsync->collections[0].items[0].object->fingerprint;
	arena_free(arena);
	bytes_free(&doc);
	assert_int_not_equal(print, 0);
	return print;
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
			prints[k] = fingerprint(text);
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
		cmocka_unit_test(test_what_tells_cards_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
