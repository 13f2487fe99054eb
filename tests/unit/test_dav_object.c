/*
 * test_dav_object.c - decode/dav_object.c: objects in XML bodies, as calendar and address data and as
 * properties of Exchange's, and that one appointment has one fingerprint in whatever form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/xml_run.h"
#include "tests/unit/object_run.h"

#define CAL "urn:ietf:params:xml:ns:caldav"
#define CARD "urn:ietf:params:xml:ns:carddav"
#define STATUS "<D:status>HTTP/1.1 200 OK</D:status>"

/* The first line of the text that says what an object is, or "". */
static void object_line(const struct record *r, char *out, size_t room)
{
	const char *mark = strstr(r->text, " uids "), *line = mark;
	out[0] = '\0';
	if (mark == NULL)
		return;
	while (line > r->text && line[-1] != '\n')
		line--;
	snprintf(out, room, "%.*s", (int)strcspn(line, "\n"), line);
}

static void check_line(const char *in, const char *want)
{
	char line[1024];
	struct record *r = run_all((struct job){ .in = slice_from(in) });
	object_line(r, line, sizeof(line));
	assert_string_equal(line, want);
	free(r);
}

/* A multistatus of one response with these properties. */
static void check_row(const char *props, const char *want)
{
	char in[4096];
	snprintf(in, sizeof(in),
	    "<D:multistatus xmlns:D='DAV:' xmlns:C='" CAL "' xmlns:A='" CARD
	    "' xmlns:c='urn:schemas:calendar:' xmlns:h='urn:schemas:httpmail:' "
	    "xmlns:k='urn:schemas:contacts:' xmlns:e='http://schemas.microsoft.com/exchange/'>"
	    "<D:response><D:href>/a</D:href><D:propstat>" STATUS
	    "<D:prop>%s</D:prop></D:propstat></D:response></D:multistatus>",
	    props);
	check_line(in, want);
}

static void test_calendar_and_address_data(void **state)
{
	(void)state;
	check_row(
	    "<D:getetag>\"1\"</D:getetag><C:calendar-data>BEGIN:VCALENDAR&#13;\n"
	    "BEGIN:VEVENT&#13;\nUID:1&#13;\nDTSTART:20060925T140000Z&#13;\nSUMMARY:a &lt;\n  b\n"
	    "END:VEVENT\nEND:VCALENDAR\n  </C:calendar-data>",
	    "event uid [1] summary [a < b] from 2006-09-25T14:00:00Z to 2006-09-25T14:00:00Z "
	    "uids 1 master whole");
	check_row("<C:calendar-data><![CDATA[BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:<1>\n"
		  "END:VTODO\nEND:VCALENDAR]]></C:calendar-data>",
	    "todo uid [<1>] uids 1 master whole");
	check_row("<A:address-data>\nBEGIN:VCARD\nUID:1\nFN:Otto\nEND:VCARD\n</A:address-data>",
	    "card uid [1] summary [Otto] uids 1 master whole");
	check_row("<C:calendar-data/>", "");
	check_row("<C:calendar-data>BEGIN:VCALENDAR</C:calendar-data>", "");
	check_row("<C:calendar-data>BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1</C:calendar-data>",
	    "event uid [1] uids 1");
}

static void test_each_row_has_its_own(void **state)
{
	(void)state;
	struct record *r = run_all((struct job){
	    .in = SLICE(
		"<multistatus xmlns='DAV:' xmlns:C='" CAL
		"'><response><href>/a</href><propstat><prop>"
		"<C:calendar-data>BEGIN:VCALENDAR\nMETHOD:X\nBEGIN:VTIMEZONE\nTZID:Z\nEND:VTIMEZONE\n"
		"BEGIN:VEVENT\nUID:1\nSUMMARY:s\nLOCATION:l\nRRULE:r\nORGANIZER:o\nDTSTART:20060925\n"
		"RECURRENCE-ID:20060925\nEND:VEVENT\nEND:VCALENDAR</C:calendar-data></prop></propstat>"
		"</response><response><href>/b</href><propstat><prop><getetag>1</getetag></prop></propstat>"
		"</response><response><href>/c</href><propstat><prop><C:calendar-data>BEGIN:VCALENDAR\n"
		"BEGIN:VTODO\nUID:2\nEND:VTODO\nEND:VCALENDAR</C:calendar-data></prop></propstat>"
		"</response></multistatus>") });
	const char *b = strstr(r->text, "response /b");
	const char *c = strstr(r->text, "response /c");
	assert_non_null(strstr(r->text,
	    "event uid [1] recurrence [20060925] summary [s] location [l] "
	    "rrule [r] organizer [o] method [X]"));
	assert_string_equal(b,
	    "response /b 0\n DAV:|getetag 0 1 [1]\nresponse /c 0\n " CAL
	    "|calendar-data 0 57 []\ntodo uid [2] uids 1 master whole\n");
	assert_non_null(c);
	free(r);
}

/* ---- Exchange ---- */

static void test_rows_of_exchange(void **state)
{
	(void)state;
	check_row(
	    "<D:contentclass>urn:content-classes:appointment</D:contentclass><c:uid>1</c:uid>"
	    "<h:subject>Tea</h:subject><c:dtstart>2006-09-25T14:00:00.000Z</c:dtstart>"
	    "<c:dtend>2006-09-25T15:00:00.000Z</c:dtend><c:location>Garden</c:location>"
	    "<c:alldayevent>0</c:alldayevent><c:instancetype>0</c:instancetype>"
	    "<c:organizer>\"Anna\" &lt;anna@example.com></c:organizer><c:method>REQUEST</c:method>",
	    "event uid [1] summary [Tea] location [Garden] organizer [anna@example.com] "
	    "method [REQUEST] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 1 master whole");
	check_row(
	    "<e:outlookmessageclass>IPM.Appointment.MeetingEvent</e:outlookmessageclass>"
	    "<c:instancetype>3</c:instancetype><c:recurrenceid>2006-09-25T14:00:00.000Z</c:recurrenceid>"
	    "<c:alldayevent>1</c:alldayevent><c:rrule><x:v xmlns:x='xml:'>FREQ=DAILY</x:v></c:rrule>",
	    "event recurrence [20060925T140000Z] rrule [FREQ=DAILY] overrides 1 uids 0 all-day");
	check_row(
	    "<D:contentclass>urn:content-classes:person</D:contentclass><k:cn>Otto First</k:cn>"
	    "<k:fileas>First, Otto</k:fileas><D:displayname>x.EML</D:displayname>",
	    "card summary [First, Otto] uids 0 master whole");
	check_row("<e:outlookmessageclass>IPM.Contact</e:outlookmessageclass>"
		  "<D:displayname>Otto.EML</D:displayname>",
	    "card summary [Otto.EML] uids 0 master whole");
	check_row(
	    "<D:contentclass>urn:content-classes:task</D:contentclass><h:subject>Shop</h:subject>",
	    "todo summary [Shop] uids 0 master whole");
	check_row("<h:subject>Shop</h:subject>", "other summary [Shop] uids 0 master whole");
	check_row("<c:dtstart>2006-09-25T14:00:00.000Z</c:dtstart><h:subject>Tea</h:subject>",
	    "event summary [Tea] from 2006-09-25T14:00:00Z uids 0 master");
	check_row("<c:dtstart>soon</c:dtstart><c:dtend>2006-09-25T14:00:00.000Z</c:dtend>"
		  "<h:subject>Tea</h:subject><c:location/><c:rrule/>",
	    "event summary [Tea] to 2006-09-25T14:00:00Z uids 0 master");
}

static void test_rows_without_an_object(void **state)
{
	(void)state;
	static const char *const rows[] = { "<D:displayname>Calendar</D:displayname>",
		"<D:contentclass>urn:content-classes:folder</D:contentclass><D:displayname>x</D:displayname>",
		"<D:contentclass>urn:content-classes:calendarfolder</D:contentclass>",
		"<D:contentclass>urn:content-classes:persons</D:contentclass>",
		"<e:outlookmessageclass>IPM.Contacts</e:outlookmessageclass>",
		"<h:subject/><c:uid> </c:uid><c:dtstart/>", "<D:getetag>1</D:getetag>" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_row(rows[i], "");
	}
}

/* What was not asked for may be there; what was said to be missing is not. */
static void test_when_a_row_is_whole(void **state)
{
	(void)state;
	static const char given[] = "<h:subject>Tea</h:subject>"
				    "<c:dtstart>2006-09-25T14:00:00.000Z</c:dtstart>"
				    "<c:dtend>2006-09-25T15:00:00.000Z</c:dtend>";
	static const struct {
		const char *missing;
		bool whole;
	} cases[] = {
		{ "", false },
		{ "<c:location/>", false },
		{ "<c:rrule/>", false },
		{ "<c:location/><c:rrule/>", true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char row[1024], want[256];
		snprintf(row, sizeof(row),
		    "%s</D:prop></D:propstat><D:propstat><D:status>HTTP/1.1 404 x</D:status><D:prop>%s",
		    given, cases[i].missing);
		snprintf(want, sizeof(want),
		    "event summary [Tea] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z "
		    "uids 0 master%s",
		    cases[i].whole ? " whole" : "");
		check_row(row, want);
	}
}

static const char proppatch[] =
    "<D:propertyupdate xmlns:D='DAV:' xmlns:c='urn:schemas:calendar:' "
    "xmlns:m='urn:schemas:mailheader:' xmlns:e='http://schemas.microsoft.com/exchange/'><D:set>"
    "<D:prop><e:outlookmessageclass>IPM.Appointment</e:outlookmessageclass>"
    "<m:subject>Tea  party</m:subject><c:dtstart>2006-09-25T14:00:00.000Z</c:dtstart>"
    "<c:dtend>2006-09-25T15:30:00.000Z</c:dtend><c:location>Garden</c:location></D:prop></D:set>"
    "<D:remove><D:prop><c:rrule/></D:prop></D:remove></D:propertyupdate>";

static const char put[] =
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:7\r\nDTSTART;TZID=Europe/Berlin:20060925T160000\r\n"
    "DURATION:PT1H30M\r\nSUMMARY:Tea party\r\nLOCATION:Garden\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

static void test_requests_of_exchange(void **state)
{
	(void)state;
	check_line(proppatch,
	    "event summary [Tea  party] location [Garden] from 2006-09-25T14:00:00Z "
	    "to 2006-09-25T15:30:00Z uids 0 master whole");
	check_line(
	    "<propfind xmlns='DAV:'><prop><contentclass/><c:uid xmlns:c='urn:schemas:calendar:'/>"
	    "</prop></propfind>",
	    "");
	check_line(
	    "<propertyupdate xmlns='DAV:'><set><prop><contentclass>urn:content-classes:appointment"
	    "</contentclass></prop></set></propertyupdate>",
	    "event uids 0 master");
}

/* The object of the first response or of the request; the arena is the caller's. */
static const struct object *object_of(struct slice in, bool cut, struct arena *arena)
{
	struct limits limits = limits_default();
	static struct record r;
	const struct body_env env = { .limits = &limits,
		.arena = arena,
		.sink = { record_anomaly, &r } };
	struct body body = { 0 };
	void *reading = body_xml.start(&env);
	assert_non_null(reading);
	(void)body_xml.data(reading, in);
	body_xml.end(reading, !cut, &body);
	if (body.dav == NULL)
		return NULL;
	return body.dav->n_responses > 0 ? body.dav->responses[0].object : body.dav->object;
}

static void test_one_appointment_in_every_form(void **state)
{
	(void)state;
	char report[2048];
	struct arena *arena = arena_new(1 << 20);
	snprintf(report, sizeof(report),
	    "<D:multistatus xmlns:D='DAV:' xmlns:C='" CAL "'><D:response><D:href>/a</D:href>"
	    "<D:propstat><D:prop><C:calendar-data>%s</C:calendar-data></D:prop></D:propstat>"
	    "</D:response></D:multistatus>",
	    put);
	const struct object *row = object_of(slice_from(report), false, arena);
	const struct object *patch = object_of(slice_from(proppatch), false, arena);
	struct object_run run = object_run_all(
	    (struct object_job){ .reader = &body_calendar, .in = slice_from(put) });
	assert_true(run.object->fingerprint != 0);
	assert_true(run.object->fingerprint == row->fingerprint);
	assert_true(run.object->fingerprint == patch->fingerprint);
	assert_true(run.object->text == row->text);
	assert_true(run.object->lines == row->lines);
	assert_true(run.object->settled == row->settled);
	assert_true(row->octets == 0 && run.object->octets != 0);
	assert_true(patch->octets == 0 && patch->text == 0 && patch->lines == 0);
	arena_free(run.arena);
	arena_free(arena);
}

static void test_every_truncation(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(proppatch) - 1; n++) {
		struct arena *arena = arena_new(1 << 20);
		struct slice in = { guard_copy(proppatch, n), n };
		const struct object *o = object_of(in, true, arena);
		assert_true(o == NULL || (!o->whole && o->fingerprint == 0));
		arena_free(arena);
	}
}

/* 512 bytes a row and what the row itself takes. */
static void test_rows_stay_small(void **state)
{
	(void)state;
	size_t room = 1 << 21, rows = 1000;
	char *in = malloc(room);
	size_t n = (size_t)snprintf(in, room, "<D:multistatus xmlns:D='DAV:' xmlns:C='" CAL "'>");
	for (size_t i = 0; i < rows; i++)
		n += (size_t)snprintf(in + n, room - n,
		    "<D:response><D:href>/cal/%zu.ics</D:href><D:propstat>" STATUS
		    "<D:prop><C:calendar-data>BEGIN:VCALENDAR\nBEGIN:VEVENT\n"
		    "UID:0123456789-0123456789-0123456789-%zu\nSUMMARY:An appointment of some length\n"
		    "LOCATION:In the garden, behind the house\nRRULE:FREQ=DAILY;COUNT=7\n"
		    "DESCRIPTION:%01000d\nORGANIZER:mailto:anna@example.com\nEND:VEVENT\nEND:VCALENDAR\n"
		    "</C:calendar-data></D:prop></D:propstat></D:response>",
		    i, i, 0);
	n += (size_t)snprintf(in + n, room - n, "</D:multistatus>");
	struct arena *arena = arena_new(8 << 20);
	assert_non_null(object_of((struct slice){ (const uint8_t *)in, n }, false, arena));
	assert_true(arena_used(arena) < rows * (512 + 512) + 100000);
	arena_free(arena);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calendar_and_address_data),
		cmocka_unit_test(test_each_row_has_its_own),
		cmocka_unit_test(test_rows_of_exchange),
		cmocka_unit_test(test_rows_without_an_object),
		cmocka_unit_test(test_when_a_row_is_whole),
		cmocka_unit_test(test_requests_of_exchange),
		cmocka_unit_test(test_one_appointment_in_every_form),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_rows_stay_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
