/*
 * test_airsync_hostile.c - decode/airsync.c: bodies that are damaged, cut off or too large, little memory,
 * and the bodies of the public collection when it is at hand.
 */
#include "tests/unit/airsync_run.h"

#include <dirent.h>

#define COLLECTION(inner) "Sync{Collections{Collection{CollectionId=1 " inner "}}}"
#define DAMAGED "!wbxml.malformed\n"

static void test_values_that_are_none(void **state)
{
	(void)state;
	check(
	    "Sync{Status=one Collections{Collection{Status=4294967296 WindowSize=-1 CollectionId}}}",
	    "Sync\ncollection\n");
	check("Sync{Status Collections{Collection{Status=' 5 '}}}",
	    "Sync whole\ncollection status=5\n");
	check("Sync{Wait=35791394 Status=2147483647}",
	    "Sync status=2147483647 heartbeat=2147483640 whole\n");
	check("Sync{Wait=35791395 Status=2147483648}", "Sync\n");
	check("Sync{Status=1 Status=2 Collections{Collection{CollectionId=a CollectionId=b}}}",
	    "Sync status=1 whole\ncollection id=a\n");
}

static void test_items_beyond_the_limit_are_counted(void **state)
{
	(void)state;
	const char *doc =
	    "Sync{Collections{Collection{CollectionId=1 Commands{Add{ClientId=1} Add{ClientId=2}}}Collection{CollectionId=2 Commands{Add{ClientId=3} Delete{ServerId=4}} Status=9}}}";
	check_limited(doc, "items=3",
	    "!wbxml.limit\nSync\ncollection id=1 commands\n add client=1\n add client=2\ncollection id=2 status=9 commands\n add client=3\nseen 4\n");
	check_limited(doc, "items=4",
	    "Sync whole\ncollection id=1 commands\n add client=1\n add client=2\ncollection id=2 status=9 commands\n add client=3\n delete server=4\n");
	check_limited("Sync{Collections{Collection{CollectionId=1} Collection{CollectionId=2}}}",
	    "items=1", "!wbxml.limit\nSync\ncollection id=1\n");
	check_limited(
	    "FolderHierarchy:FolderSync{Changes{Add{ServerId=1} Add{ServerId=2}} Status=1}",
	    "items=1", "!wbxml.limit\nFolderSync status=1\nfolder add id=1\n");
	check_limited("Move:MoveItems{Move{SrcMsgId=1} Move{SrcMsgId=2}}", "items=1",
	    "!wbxml.limit\nMoveItems\nmove id=1\n");
	check_limited(
	    "ItemOperations:ItemOperations{Fetch{AirSync:ServerId=1} ItemOperations:Fetch}",
	    "items=1", "!wbxml.limit\nItemOperations\ncollection\n fetch server=1\nseen 2\n");
}

static void test_long_texts_are_cut(void **state)
{
	(void)state;
	check_limited(COLLECTION("SyncKey=12345"), "prop_value=5",
	    "Sync whole\ncollection id=1 key=12345\n");
	check_limited(COLLECTION("SyncKey=123456"), "prop_value=5",
	    "!wbxml.limit\nSync\ncollection id=1 key=12345\n");
	check_limited(
	    COLLECTION(
		"Commands{Add{ApplicationData{Email:Subject=123456}} AirSync:Add{ApplicationData{Email:Subject=x Body=123456}}}"),
	    "prop_value=5",
	    "!wbxml.limit\nSync\ncollection id=1 commands\n add\n  other summary [12345] uids 0 master\n add\n  other summary [x] uids 0 master whole\n");
	/* a number that would be another one */
	check_limited("Sync{Status=1234567}", "prop_value=5", "!wbxml.limit\nSync\n");
}

static void test_unknown_tags_are_passed_over(void **state)
{
	(void)state;
	check_hex(
	    "03 01 6a 00 45 5c 6f 6b 03 31 00 01 01 4f 00 1e 47 03 78 00 05 01 00 00 4b 03 37 00 01 01 01 01",
	    "Sync whole\ncollection key=7\n");
	/* but not as the root: that is another command */
	check_hex("03 01 6a 00 7f 4e 03 31 00 01 01", "\n");
	/* and a literal may be the name of anything */
	check_hex("03 01 6a 07 53 74 61 74 75 73 00 45 44 00 03 31 00 01 01", DAMAGED "Sync\n");
}

static void test_what_is_no_document(void **state)
{
	(void)state;
	check_hex("", DAMAGED);
	check_hex("3c 68 74 6d 6c 3e", DAMAGED);
	check_hex("03 01 6a 00", DAMAGED);
	check_hex("03 01 6a 00 45", DAMAGED "Sync\n");
	check_hex("03 01 6a 00 05 05", DAMAGED "Sync\n");
}

/* What was read to its end before the document breaks off is kept, and nothing else. */
static void test_a_document_that_breaks_off(void **state)
{
	(void)state;
	struct bytes doc = wbxml_make(COLLECTION(
	    "Commands{Add{ClientId=1 ApplicationData{Calendar:UID=u}} AirSync:Add{ClientId=2}}"));
	struct slice all = bytes_all(&doc);
	check_job((struct job){ .in = slice_part(all, 0, all.n - 6), .cut = true },
	    "Sync\ncollection id=1 commands\n add client=1\n  event uid [u] uids 1 whole\n");
	check_job((struct job){ .in = all, .cut = true },
	    "Sync\ncollection id=1 commands\n add client=1\n  event uid [u] uids 1 whole\n add client=2\n");
	bytes_free(&doc);
}

static void check_truncations(struct slice all)
{
	struct feeder f = feeder_new(all.n);
	for (size_t n = 0; n < all.n; n++) {
		struct job job = { .in = slice_part(all, 0, n) };
		struct record *whole = run_way(job, &f, WHOLE), *bytes = run_way(job, &f, BYTES);
		assert_string_equal(whole->text, bytes->text);
		assert_null(strstr(whole->text, "Sync whole"));
		free(whole);
		free(bytes);
	}
}

static const char *const kitchen_sink =
    "Sync{Status=1 Collections{Collection{Class=Calendar SyncKey=1 CollectionId=2 Status=1 MoreAvailable Responses{Add{ClientId=1 ServerId=2:1 Status=1}} Commands{Change{ServerId=2:2 ApplicationData{Calendar:UID=u Subject=s StartTime=20060925T140000Z EndTime=20060925T150000Z Recurrence{Type=3 Interval=2 WeekOfMonth=2 DayOfWeek=4 Until=20071231T000000Z} Exceptions{Exception{ExceptionStartTime=20061009T140000Z Subject=t} Exception{Deleted=1}} AirSyncBase:Location{DisplayName=l} Attachments{Add{ClientId=5}} Contacts:FirstName=a LastName=b Email1Address=c Tasks:DueDate=20060925T140000Z}}}}}}";

static void test_every_truncation(void **state)
{
	(void)state;
	struct bytes doc = wbxml_make(kitchen_sink);
	check_truncations(bytes_all(&doc));
	bytes_free(&doc);
}

/* With whatever memory there is: no fault, and nothing is called whole that is not all there. */
static void test_little_memory(void **state)
{
	(void)state;
	struct bytes doc = wbxml_make(kitchen_sink);
	struct job job = { .in = bytes_all(&doc) };
	struct record *all = run_all(job);
	struct feeder f = feeder_new(job.in.n);
	for (job.budget = 512; job.budget < 64 << 10; job.budget += 128) {
		struct record *r = run_way(job, &f, WHOLE);
		if (strstr(r->text, "Sync status=1 whole") != NULL)
			assert_string_equal(r->text, all->text);
		else
			assert_true(r->n == 0 || strstr(r->text, "!http.txn-limit") != NULL);
		free(r);
	}
	free(all);
	bytes_free(&doc);
}

/* ---- bodies of others ---- */

#define FIXTURES "../shared/captures/fixtures/eas-wbxml"

/* Horde's are the inside of a document: an ApplicationData, or what is in one. */
static struct bytes fixture_read(const char *name)
{
	static uint8_t file[1 << 20];
	struct bytes out = { 0 };
	char path[512];
	snprintf(path, sizeof(path), FIXTURES "/%s", name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t n = fread(file, 1, sizeof(file), f);
	fclose(f);
	bool inside = strncmp(name, "horde_", 6) == 0;
	if (inside)
		bytes_add(&out, "\x03\x01\x6a\x00\x45\x5c\x4f\x56\x47", 9);
	if (inside && file[0] != 0x5d)
		bytes_u8(&out, 0x5d);
	bytes_add(&out, file, n);
	if (inside && file[0] != 0x5d)
		bytes_u8(&out, 1);
	if (inside)
		bytes_add(&out, "\x01\x01\x01\x01\x01", 5);
	return out;
}

static void check_fixture(const char *name, const char *want)
{
	struct bytes body = fixture_read(name);
	check_job((struct job){ .in = bytes_all(&body) }, want);
	bytes_free(&body);
}

static bool fixtures_there(void)
{
	DIR *dir = opendir(FIXTURES);
	if (dir != NULL)
		closedir(dir);
	return dir != NULL;
}

static void test_fixtures(void **state)
{
	(void)state;
	if (!fixtures_there())
		skip();
#define HORDE \
	"Sync whole\ncollection commands\n add\n  event summary [Event Title] location [Philadelphia, PA]"
	check_fixture("horde_appointment.wbxml",
	    HORDE " from 2011-12-01T20:00:00Z to 2011-12-01T21:00:00Z uids 0 master whole\n");
	check_fixture("horde_recurrence.wbxml",
	    HORDE " rrule [FREQ=WEEKLY;INTERVAL=2;BYDAY=TH]"
		  " from 2011-12-01T20:00:00Z to 2011-12-01T21:00:00Z uids 0 master whole\n");
	check_fixture("horde_simpleexception.wbxml",
	    HORDE " rrule [FREQ=WEEKLY;INTERVAL=2;BYDAY=TH]"
		  " from 2011-12-01T20:00:00Z to 2011-12-01T21:00:00Z uids 0 master whole\n");
	check_fixture("horde_allday_appointment.wbxml",
	    "Sync whole\ncollection commands\n add\n  event summary [Test Event]"
	    " from 1970-03-20T05:00:00Z to 1970-03-21T05:00:00Z uids 0 master all-day whole\n");
	check_fixture("libwbxml_airsync-001.wbxml",
	    "Sync whole\ncollection class=Contacts id={F0A866C8-E590-42B9-830C-4CF4DFD545DF} key={F0A866C8-E590-42B9-830C-4CF4DFD545DF}12 window=100 get-changes commands\n add client=2147483800\n  card summary [Bue, Tryggve] uids 0 master whole\n");
	check_fixture("libwbxml_airsync-004-binary_byte_array.wbxml",
	    "Sync whole\ncollection id=14 key=16668481 status=1 commands\n add server=14:4\n  other summary [Hello world!] uids 0 master whole\n");
	check_fixture("spec_ms-aswbxml_sync_response.wbxml",
	    "Sync whole\ncollection class=Contacts id=2 key=2 status=1 commands\n add server=2:1\n  card summary [Funk, Don] uids 0 master whole\n");
	check_fixture("libwbxml_activesync-012-provision-eas.wbxml",
	    "Provision status=1 policy=1686474474 whole\n");
	check_fixture("libwbxml_activesync-030-sendmail-request.wbxml",
	    "SendMail client=1 whole\n");
	check_fixture("libwbxml_airsync-003-search_response_from_exchange.wbxml",
	    "Search status=1 whole\n");
}

static void test_every_truncation_of_the_fixtures(void **state)
{
	(void)state;
	if (!fixtures_there())
		skip();
	DIR *dir = opendir(FIXTURES);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		if (strstr(e->d_name, ".xml") != NULL || e->d_name[0] == '.')
			continue;
		struct bytes body = fixture_read(e->d_name);
		check_truncations(slice_part(bytes_all(&body), 0, 1500));
		free(run_all((struct job){ .in = bytes_all(&body) }));
		free(run_all((struct job){ .in = bytes_all(&body), .reader = &body_wbxml_parts }));
		bytes_free(&body);
	}
	closedir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_that_are_none),
		cmocka_unit_test(test_items_beyond_the_limit_are_counted),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_unknown_tags_are_passed_over),
		cmocka_unit_test(test_what_is_no_document),
		cmocka_unit_test(test_a_document_that_breaks_off),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_little_memory),
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_every_truncation_of_the_fixtures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
