/*
 * test_scrub_formats.c - calendar.c, xml.c, mime.c, wbxml.c: one object under one key is one object in all formats.
 */
#include "cmd/scrub/body.h"
#include "cmd/scrub/formats.h"
#include "tests/unit/scrub_text.h"

#include <stdio.h>

static void test_calendar_structure_stays(void **state)
{
	(void)state;
	struct words *w = words_for(1);
	static const char kept[] =
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\n"
	    "DTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZOFFSETFROM:+0200\r\nTZNAME:CET\r\n"
	    "END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20240301T100000\r\n"
	    "RRULE:FREQ=WEEKLY;BYDAY=2MO,TU;UNTIL=20241231T000000Z\r\nEXDATE;VALUE=DATE:20240308\r\nSEQUENCE:12345\r\n"
	    "STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nDURATION:PT15M\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\nX-MOZ-GENERATION:3\r\n"
	    "BEGIN:VALARM\r\nTRIGGER;RELATED=START:-PT15M\r\nACTION:DISPLAY\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
	assert_string_equal(scrubbed(w, scrub_calendar, kept), kept);
	words_free(w);
}

static void test_calendar_texts_go(void **state)
{
	(void)state;
	struct words *w = words_for(2);
	const char *out = scrubbed(w, scrub_calendar,
	    "SUMMARY:Geheim\nLOCATION;LANGUAGE=de:Geheim\\, Geheim\\nGeheim\nATTENDEE;PARTSTAT=ACCEPTED;CN=\"Geheim; X\":mailto:geheim@x\n"
	    "X-GEHEIM;GEHEIM=geheim:geheim\nitem1.TEL:+49 171 1234567\nUID:geheim-1\nCOMMENT:ge\n heim\nBDAY:1971-05-23\ngeheim\n"
	    "NOTE;ENCODING=QUOTED-PRINTABLE:ge=68eim=\ngeheim\n");
	assert_has_not(out, "geheim");
	assert_has_not(out, "1234567");
	assert_has_not(out, "1971-05-23");
	assert_has(out, ";PARTSTAT=ACCEPTED;CN=\"");
	assert_has(out, "mailto:");
	assert_has(out, "\\n");
	words_free(w);
}

/* Folding makes no other name. */
static void test_folded_is_the_same(void **state)
{
	(void)state;
	struct words *w = words_for(3);
	char name[16];
	snprintf(name, sizeof name, "%s", renamed(w, "Quirlig"));
	const char *out = scrubbed(w, scrub_calendar, "SUMMARY:Qui\r\n rl\r\n\tig\r\n");
	char expected[64];
	snprintf(expected, sizeof expected, "SUMMARY:%.3s\r\n %.2s\r\n\t%s\r\n", name, name + 3,
	    name + 5);
	assert_string_equal(out, expected);
	words_free(w);
}

static void test_xml_structure_stays(void **state)
{
	(void)state;
	struct words *w = words_for(4);
	static const char kept[] =
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "
	    "xmlns:r=\"http://schemas.microsoft.com/repl/\"><D:response><D:href>/</D:href><D:propstat><D:prop>"
	    "<D:getetag>\"123-456\"</D:getetag><D:getcontentlength>12345</D:getcontentlength><D:resourcetype><D:collection/>"
	    "<C:calendar/></D:resourcetype><r:resourcetag>rt:8996592620a48a4393901c9368f7c518000000000001</r:resourcetag>"
	    "<x0fff0102/><D:creationdate>2006-09-25T16:00:00Z</D:creationdate></D:prop><D:status>HTTP/1.1 200 OK</D:status>"
	    "</D:propstat></D:response></D:multistatus>";
	assert_string_equal(scrubbed(w, scrub_xml, kept), kept);
	words_free(w);
}

/* Malformed as it may be, nothing private stays and nothing is read too far. */
static void test_xml_of_any_kind(void **state)
{
	(void)state;
	struct words *w = words_for(5);
	static const char *const texts[] = {
		"<geheim>geheim</geheim>",
		"<a geheim='geheim' b=geheim c>",
		"<a b='geheim",
		"<a b=\"x>geheim",
		"geheim",
		"<!-- geheim -->",
		"<![CDATA[geheim]]>",
		"<![CDATA[geheim",
		"<?geheim geheim?>",
		"<!DOCTYPE geheim [<!ENTITY geheim 'geheim'>]>",
		"&geheim;",
		"<a>&#103;&#101;heim &#x67;eheim</a>",
		"</geheim>",
		"</>geheim",
		"<",
		"<>geheim",
		"<a/>geheim",
		"<a b='it's geheim'>geheim</a>",
		"<D:href>/geheim/%67eheim</D:href>",
		"<sql>SELECT 'geheim'</sql>",
		"<t:calendar-data>SUMMARY:&#103;eheim\nX:geheim</t:calendar-data>",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const char *out = scrubbed(w, scrub_xml, texts[i]);
		assert_has_not(out, "geheim");
		assert_has_not(out, "&#103;");
		assert_int_equal(strlen(out), strlen(texts[i]));
	}
	words_free(w);
}

static void test_typed_values(void **state)
{
	(void)state;
	struct words *w = words_for(6);
	static const char kept[] =
	    "<p xmlns:b=\"urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/\"><x b:dt=\"dateTime.tz\">2006-09-25T14:00:00.000Z</x>"
	    "<y b:dt=\"int\">123456</y></p>";
	assert_string_equal(scrubbed(w, scrub_xml, kept), kept);
	assert_has_not(scrubbed(w, scrub_xml, "<y b:dt=\"string\">123456</y>"), "123456");
	words_free(w);
}

/* The parts of a message, however they are encoded, become what the same texts become alone. */
static void test_mime(void **state)
{
	(void)state;
	struct words *w = words_for(7);
	char name[16], line[64];
	snprintf(name, sizeof name, "%s", renamed(w, "Quirl"));
	const char *out = scrubbed(w, scrub_mime,
	    "Subject: Quirl\r\nContent-Type: multipart/mixed; boundary=\"Grenze_1\"\r\n\r\nQuirl\r\n--Grenze_1\r\n"
	    "Content-Type: text/calendar\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSUMMARY:Qui=\r\nrl\r\n--Grenze_1\r\n"
	    "Content-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\nU1VNTUFSWTpRdWlybA==\r\n--Grenze_1\r\n"
	    "Content-Type: message/rfc822\r\n\r\nSubject: Quirl\r\n\r\nQuirl\r\n--Grenze_1--\r\n");
	assert_has_not(out, "quirl");
	assert_has_not(out, "grenze");
	snprintf(line, sizeof line, "SUMMARY:%.3s=\r\n%s", name, name + 3);
	assert_has(out, line);
	snprintf(line, sizeof line, "Subject: %s\r\n", name);
	assert_has(out, line);
	assert_has(strstr(out, line) + 1, line);
	assert_has_not(out, "U1VNTUFSWTpRdWlybA");
	assert_has(out, "U1VNTUFSWTp"); /* SUMMARY: */
	char boundary[16];
	snprintf(boundary, sizeof boundary, "--%s", strstr(out, "boundary=\"") + 10);
	boundary[10] = '\0';
	size_t found = 0;
	for (const char *p = out; (p = strstr(p, boundary)) != NULL; p++)
		found++;
	assert_int_equal(found, 4);
	words_free(w);
}

static void test_wbxml(void **state)
{
	(void)state;
	struct words *w = words_for(8);
	/* Sync: SyncKey {1}7, ServerId 5:12, Calendar: Subject, StartTime, contacts: phone, then junk */
	static const uint8_t in[] = "\x03\x01\x6a\x00\x45\x5c\x4f\x4b\x03{1}7\0\x01\x4d\x03"
				    "5:12\0\x01\x5d\0\x04\x66\x03Quirl\0\x01\x67\x03"
				    "20061001T090000Z\0\x01\x51\x03"
				    "2\0\x01\0\x01\x5b\x03"
				    "0171\0\x01\x01\x01\x01\x01";
	size_t n = sizeof in - 1;
	const char *out = scrub_bytes(w, scrub_wbxml, NULL, in, n);
	size_t differ = 0, first = n;
	for (size_t i = 0; i < n; i++) {
		differ += (uint8_t)out[i] != in[i];
		first = (uint8_t)out[i] != in[i] && i < first ? i : first;
	}
	size_t quirl = slice_find((struct slice){ in, n }, SLICE("Quirl"));
	assert_int_equal(first, quirl);
	assert_memory_equal(out + quirl, renamed(w, "Quirl"), 5);
	assert_true(differ >= 5 && differ <= 9);
	words_free(w);
}

/* Cut or broken anywhere: no byte is read behind the end, and the length stays. */
static void test_wbxml_broken(void **state)
{
	(void)state;
	struct words *w = words_for(9);
	static const uint8_t in[] =
	    "\x03\x01\x6a\x06Quirl\0\x45\x5c\x03Quirl\0\xc3\x05Quirl\x83\x01\xc3\xff\xff\xff\xff\x7fQuirl\0\0";
	for (size_t n = 0; n < sizeof in; n++)
		assert_has_not(scrub_bytes(w, scrub_wbxml, NULL, in, n), "Quirl");
	for (size_t n = 0; n < sizeof in; n++)
		assert_has_not(scrub_bytes(w, scrub_parts, NULL, in, n), "Quirl");
	words_free(w);
}

struct typed {
	const char *type, *text;
};

static const char *body_of(const struct words *w, const char *type, const char *text)
{
	static struct scrubbed results[2];
	static unsigned next;
	struct scrubbed *r = &results[next++ % 2];
	const struct limits limits = limits_default();
	struct head head = { .n_type = strlen(type) };
	memcpy(head.type, type, head.n_type);
	size_t n = strlen(text);
	struct span body = { (uint8_t *)(uintptr_t)guard_copy(text, n), n };
	assert_true(body_scrub(w, &limits, &head, body));
	memcpy(r->text, body.p, n);
	r->text[n] = '\0';
	return r->text;
}

static void test_media_types(void **state)
{
	(void)state;
	struct words *w = words_for(10);
	static const struct typed bodies[] = { { "text/plain", "geheim 123" },
		{ "image/png", "geheim" }, { "application/octet-stream", "geheim" },
		{ "", "geheim" }, { "", "<geheim>" }, { "", "BEGIN:VEVENT\nSUMMARY:geheim" },
		{ "application/foo+xml", "<geheim>geheim" },
		{ "application/json", "{\"geheim\":\"geheim\"}" },
		{ "multipart/form-data; boundary=x", "geheim\n--x\n\ngeheim\n--x--" },
		{ "application/x-www-form-urlencoded", "geheim=geheim&a=%67eheim" },
		{ "application/vnd.ms-sync.wbxml", "geheim" },
		{ "application/vnd.ms-sync.multipart", "geheim" }, { "message/rfc822", "geheim" },
		{ "text/vcard; charset=utf-8", "FN:geheim" } };
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
		assert_has_not(body_of(w, bodies[i].type, bodies[i].text), "geheim");
	assert_memory_equal(body_of(w, "", "BEGIN:VEVENT\nSUMMARY:geheim"),
	    "BEGIN:VEVENT\nSUMMARY:", 21);
	assert_string_equal(body_of(w, "image/png", "same"), body_of(w, "image/png", "same"));
	words_free(w);
}

/* Names that the analysis goes by, of RFC 4918, 3744, 4791, 5689, 6352, 6578, 6638, and of Exchange. */
static const char *const names[] = {
	"multistatus response responsedescription href propstat status prop propname allprop",
	"include propfind propertyupdate set remove error location activelock lockinfo lockentry",
	"lockscope locktype locktoken lockroot lockdiscovery supportedlock exclusive shared write",
	"owner depth timeout creationdate displayname getcontentlanguage getcontentlength",
	"getcontenttype getetag getlastmodified resourcetype collection source",
	"cannot-modify-protected-property lock-token-matches-request-uri lock-token-submitted no-",
	"conflicting-lock no-external-entities preserved-live-properties propfind-finite-depth",
	"sync-collection sync-token sync-level limit nresults valid-sync-token sync-traversal-",
	"supported number-of-matches-within-limits supported-report-set supported-report report",
	"expand-property principal-match principal-property-search principal-search-property-set",
	"principal-search-property acl-principal-prop-set property-search match self principal-",
	"property apply-to-principal-collection-set",
	"principal principal-URL principal-collection-set current-user-principal unauthenticated",
	"authenticated all alternate-URI-set group-member-set group-membership current-user-",
	"privilege-set privilege read write write-properties write-content unlock read-acl read-",
	"current-user-privilege-set write-acl bind unbind acl ace grant deny protected inherited",
	"abstract description supported-privilege-set supported-privilege acl-restrictions",
	"inherited-acl-set need-privileges resource no-ace-conflict",
	"calendar calendar-data comp allcomp allprop prop expand limit-recurrence-set limit-",
	"freebusy-set filter comp-filter prop-filter param-filter is-not-defined text-match time-",
	"range timezone calendar-query calendar-multiget free-busy-query calendar-description",
	"calendar-timezone supported-calendar-component-set supported-calendar-data max-resource-",
	"size min-date-time max-date-time max-instances max-attendees-per-instance calendar-home-",
	"set mkcalendar mkcalendar-response calendar-collection-location-ok valid-calendar-data",
	"valid-calendar-object-resource no-uid-conflict supported-calendar-component supported-",
	"filter supported-collation valid-filter initialize-calendar-collection resource-must-be-",
	"null",
	"schedule-inbox-URL schedule-outbox-URL calendar-user-address-set calendar-user-type",
	"schedule-calendar-transp schedule-default-calendar-URL schedule-tag opaque transparent",
	"unique-scheduling-object-resource same-organizer-in-all-components allowed-organizer-",
	"scheduling-object-change allowed-attendee-scheduling-object-change schedule-deliver",
	"schedule-send schedule-inbox schedule-outbox schedule-response recipient request-status",
	"recipient-permissions originator-specified",
	"addressbook address-data addressbook-query addressbook-multiget addressbook-description",
	"addressbook-home-set supported-address-data max-resource-size principal-address valid-",
	"address-data addressbook-collection-location-ok",
	"getctag calendar-proxy-read-for calendar-proxy-write-for calendar-color calendar-order",
	"notification-URL push-transports pushkey shared-owner subscribed source refreshrate",
	"dropbox-home-URL email-address-set xmpp-uri xmpp-server me-card calendar-enabled",
	"add-member quota-available-bytes quota-used-bytes quota-not-exceeded sufficient-disk-",
	"space extended-mkcol mkcol mkcol-response valid-resourcetype bulk-requests crud simple",
	"max-resources max-bytes",
	"searchrequest sql repl collblob resourcetag resourcetaglist repl-uid changetype",
	"contenttag subscriptionID contentclass outlookmessageclass isfolder iscollection",
	"ishidden hassubs nosubs objectcount visiblecount childcount permanenturl parentname uid",
	"dtstart dtend alldayevent busystatus instancetype lastmodifiedtime meetingstatus",
	"organizer prodid recurrenceid recurrenceidrange reminderoffset replytime",
	"responserequested sequence timezoneid transparent rrule exdate rdate duration location",
	"subject htmldescription textdescription normalizedsubject importance priority",
	"sensitivity hasattachment read sender to cc bcc from date displayto displaycc",
	"flatcompleted fileas fileasid givenName sn middlename telephoneNumber homePhone mobile",
	"email1 keywords-utf8 apptstateflags commonstart commonend reminderset",
};

static void test_known_names_stay(void **state)
{
	(void)state;
	struct words *w = words_for(11);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct slice rest = slice_from(names[i]);
		for (size_t n; rest.n != 0; rest = slice_part(rest, n + 1, rest.n)) {
			char tag[96];
			n = slice_find_byte(rest, ' ');
			snprintf(tag, sizeof tag, "<x:%.*s/>", (int)n, (const char *)rest.p);
			assert_string_equal(scrubbed(w, scrub_xml, tag), tag);
		}
	}
	words_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calendar_structure_stays),
		cmocka_unit_test(test_calendar_texts_go),
		cmocka_unit_test(test_folded_is_the_same),
		cmocka_unit_test(test_xml_structure_stays),
		cmocka_unit_test(test_xml_of_any_kind),
		cmocka_unit_test(test_typed_values),
		cmocka_unit_test(test_mime),
		cmocka_unit_test(test_wbxml),
		cmocka_unit_test(test_wbxml_broken),
		cmocka_unit_test(test_media_types),
		cmocka_unit_test(test_known_names_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
