/*
 * test_airsync.c - decode/airsync.c, airsync_steps.c: what ActiveSync commands say, each sample fed whole and
 * in pieces.
 */
#include "tests/unit/airsync_run.h"

/* ---- Sync ---- */

#define DAMAGED "!wbxml.malformed\n"
#define HEX_ADD \
	"03 01 6a 00 45 5c 4f 50 03 43 61 6c 65 6e 64 61 72 00 01 4b 03 7b 4b 7d 37 00 01 52 03 63 31 00" \
	" 01 56 47 4c 03 39 00 01 5d 00 04 66 03 54 65 61 00 01 67 03 32 30 30 36 30 39 32 35 54 31 34 30" \
	" 30 30 30 5a 00 01 52 03 32 30 30 36 30 39 32 35 54 31 35 30 30 30 30 5a 00 01 01 01 01 01 01 01"
#define HEX_STATUS_5 \
	"03 01 6a 00 45 5c 4f 50 03 43 61 6c 65 6e 64 61 72 00 01 4b 03 7b 4b 7d 37 00 01 52 03 63 31 00" \
	" 01 4e 03 35 00 01 01 01 01"

/* Version 2.5, byte by byte: the token 52 is CollectionId on one page and EndTime on another. */
static void test_an_add_and_its_failure(void **state)
{
	(void)state;
	check_hex(HEX_ADD,
	    "Sync whole\ncollection class=Calendar id=c1 key={K}7 commands\n add client=9\n  event summary [Tea] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 0 master whole\n");
	check_hex(HEX_STATUS_5, "Sync whole\ncollection class=Calendar id=c1 key={K}7 status=5\n");
}

static void test_sync_requests(void **state)
{
	(void)state;
	check(
	    "Sync{Collections{Collection{SyncKey=0 CollectionId=1}Collection{SyncKey=17 CollectionId=2 DeletesAsMoves=1 GetChanges WindowSize=25 Options{FilterType=4 AirSyncBase:BodyPreference{Type=1}} Options{Class=SMS FilterType=5}}Collection{SyncKey=18 CollectionId=3 GetChanges=0 Supported{Calendar:Subject AirSync:Status=9}}} Wait=10 WindowSize=512 Partial}",
	    "Sync heartbeat=600 partial whole\ncollection id=1 key=0\ncollection id=2 key=17 window=25 filter=4 get-changes\ncollection id=3 key=18\n");
	check("Sync{HeartbeatInterval=900}", "Sync heartbeat=900 whole\n");
	check("Sync", "Sync whole\n");
}

static void test_sync_commands(void **state)
{
	(void)state;
	check(
	    "Sync{Collections{Collection{SyncKey=1 CollectionId=2 Commands{Change{ServerId=2:1 ApplicationData{Calendar:Subject=x}} Delete{ServerId=2:2}SoftDelete{ServerId=2:3} Fetch{ServerId=2:4} Add{ClientId=5}}}}}",
	    "Sync whole\ncollection id=2 key=1 commands\n change server=2:1\n  event summary [x] uids 0\n delete server=2:2\n soft-delete server=2:3\n fetch server=2:4\n add client=5\n");
	check("Sync{Collections{Collection{Commands}}}", "Sync whole\ncollection commands\n");
}

static void test_sync_answers(void **state)
{
	(void)state;
	check("Sync{Status=13}", "Sync status=13 whole\n");
	check(
	    "Sync{Collections{Collection{Class=Calendar SyncKey=2 CollectionId=7 Status=1 MoreAvailable Responses{Add{ClientId=9 ServerId=7:1 Status=1} Change{ServerId=7:2 Status=8} Fetch{ServerId=7:3 Status=1 ApplicationData{Calendar:UID=u}}} Commands{Add{ServerId=7:4 ApplicationData{Calendar:UID=v StartTime=20060925T140000Z}}}}}}",
	    "Sync whole\ncollection class=Calendar id=7 key=2 status=1 more commands\n result add client=9 server=7:1 status=1\n result change server=7:2 status=8\n result fetch server=7:3 status=1\n  event uid [u] uids 1 whole\n add server=7:4\n  event uid [v] from 2006-09-25T14:00:00Z to 2006-09-25T14:00:00Z uids 1 master whole\n");
}

/* Version 16: a client makes a ClientUid, an InstanceId says which one of a series is meant. */
static void test_sync_of_version_16(void **state)
{
	(void)state;
	check(
	    "Sync{Collections{Collection{SyncKey=3 CollectionId=2 Commands{Add{ClientId=1 ApplicationData{Calendar:ClientUid=abc Subject=Tea StartTime=2006-09-25T14:00:00.000Z EndTime=2006-09-25T15:00:00.000Z AirSyncBase:Location{DisplayName='Room 1' Street=x} Calendar:Attendees{Attendee{Email=a}}}}Change{ServerId=2:1 AirSyncBase:InstanceId=2006-10-02T14:00:00.000Z AirSync:ApplicationData{Calendar:Subject=Late StartTime=2006-10-02T15:00:00.000Z EndTime=2006-10-02T16:00:00.000Z}}Delete{ServerId=2:1 AirSyncBase:InstanceId=20061009T140000Z}}}}}",
	    "Sync whole\ncollection id=2 key=3 commands\n add client=1 client_uid=abc\n  event summary [Tea] location [Room 1] from 2006-09-25T14:00:00Z to 2006-09-25T15:00:00Z uids 0 master whole\n change server=2:1 instance=2006-10-02T14:00:00.000Z\n  event recurrence [20061002T140000Z] summary [Late] from 2006-10-02T15:00:00Z to 2006-10-02T16:00:00Z overrides 1 uids 0 whole\n delete server=2:1 instance=20061009T140000Z\n");
}

/* A draft's attachments have commands and ids of their own: none of them is an item's. */
static void test_commands_of_attachments_are_none(void **state)
{
	(void)state;
	check(
	    "Sync{Collections{Collection{SyncKey=3 CollectionId=5 Class=Email Commands{Add{ClientId=1 ApplicationData{Email:Subject=Draft AirSyncBase:Attachments{Add{ClientId=77 Content=x} AirSync:Add{ClientId=78 ServerId=y} AirSyncBase:Delete{FileReference=f}} AirSync:ClientId=79}}} Responses{Add{ClientId=1 ServerId=5:1 Status=1 ApplicationData{AirSyncBase:Attachments{Attachment{ClientId=77 FileReference=5:1:0}}}}}}}}",
	    "Sync whole\ncollection class=Email id=5 key=3 commands\n add client=1\n  other summary [Draft] uids 0 master whole\n result add client=1 server=5:1 status=1\n  other uids 0 master whole\n");
}

static void test_things_in_other_places_are_none(void **state)
{
	(void)state;
	check(
	    "Sync{Collection{SyncKey=1} Commands{Add{ClientId=1}} SyncKey=4 Collections{Commands{Add} Collection{Add{ClientId=2} Responses{ClientId=3 Add{Add{ClientId=4}}} Collection{SyncKey=5}}}}",
	    "Sync whole\ncollection\n result add\n");
	check("Collections{Collection{SyncKey=1}}", "Collections whole\n");
	check("Sync{FolderHierarchy:Status=1 Tasks:Recurrence{Type=1}}", "Sync whole\n");
}

/* ---- other commands ---- */

static void test_folders(void **state)
{
	(void)state;
	check("FolderHierarchy:FolderSync{SyncKey=0}", "FolderSync key=0 whole\n");
	check(
	    "FolderHierarchy:FolderSync{Status=1 SyncKey=1 Changes{Count=3 Add{ServerId=1 ParentId=0 DisplayName='My calendar' Type=8} Update{ServerId=2 ParentId=1 DisplayName=x Type=13} Delete{ServerId=3}}}",
	    "FolderSync status=1 key=1 whole\nfolder add id=1 parent=0 name=My calendar type=8\nfolder change id=2 parent=1 name=x type=13\nfolder delete id=3\n");
	check("FolderHierarchy:FolderCreate{SyncKey=1 ParentId=0 DisplayName=New Type=13}",
	    "FolderCreate key=1 whole\nfolder add parent=0 name=New type=13\n");
	check("FolderHierarchy:FolderCreate{Status=1 SyncKey=2 ServerId=9}",
	    "FolderCreate status=1 key=2 whole\nfolder add id=9\n");
	check("FolderHierarchy:FolderDelete{SyncKey=2 ServerId=9}",
	    "FolderDelete key=2 whole\nfolder delete id=9\n");
	check("FolderHierarchy:FolderUpdate{Status=1 SyncKey=3}",
	    "FolderUpdate status=1 key=3 whole\n");
	check("FolderHierarchy:Folders{Folder{DisplayName=a ServerId=1 ParentId=0 Type=8}}",
	    "Folders whole\nfolder add id=1 parent=0 name=a type=8\n");
}

static void test_ping(void **state)
{
	(void)state;
	check(
	    "Ping:Ping{HeartbeatInterval=480 Folders{Folder{Id=5 Class=Email} Folder{Id=7 Class=Calendar} Folder{Class=Tasks}}}",
	    "Ping heartbeat=480 whole\ncollection class=Email id=5\ncollection class=Calendar id=7\ncollection class=Tasks\n");
	check("Ping:Ping{Status=2 Folders{Folder=7 Folder=8}}",
	    "Ping status=2 whole\ncollection id=7\ncollection id=8\n");
	check("Ping:Ping", "Ping whole\n");
}

static void test_estimates(void **state)
{
	(void)state;
	check(
	    "GetItemEstimate:GetItemEstimate{Collections{Collection{Class=Calendar CollectionId=2 AirSync:FilterType=4 SyncKey=9} GetItemEstimate:Collection{AirSync:SyncKey=8 GetItemEstimate:CollectionId=3 AirSync:Options{FilterType=0}}}}",
	    "GetItemEstimate whole\ncollection class=Calendar id=2 key=9 filter=4\ncollection id=3 key=8 filter=0\n");
	check(
	    "GetItemEstimate:GetItemEstimate{Response{Status=1 Collection{CollectionId=2 Estimate=17}} Response{Status=4 Collection{CollectionId=3}} Response{Status=2}}",
	    "GetItemEstimate whole\ncollection id=2 status=1 estimate=17\ncollection id=3 status=4\ncollection status=2\n");
	check("GetItemEstimate:GetItemEstimate{Status=111}", "GetItemEstimate status=111 whole\n");
}

static void test_moves(void **state)
{
	(void)state;
	check("Move:MoveItems{Move{SrcMsgId=2:1 SrcFldId=2 DstFldId=3} Move{SrcMsgId=2:2}}",
	    "MoveItems whole\nmove id=2:1 from=2 to=3\nmove id=2:2\n");
	check("Move:MoveItems{Response{SrcMsgId=2:1 Status=3 DstMsgId=3:9}}",
	    "MoveItems whole\nmove id=2:1 new=3:9 status=3\n");
}

static void test_provision(void **state)
{
	(void)state;
	check(
	    "Provision:Provision{Status=1 Policies{Policy{PolicyType=MS-EAS-Provisioning-WBXML Status=2 PolicyKey=1307199584 Data{EASProvisionDoc{DevicePasswordEnabled=1}}}}}",
	    "Provision status=1 policy=1307199584 whole\n");
}

static void test_mail(void **state)
{
	(void)state;
	check("ComposeMail:SendMail{ClientId=m1 SaveInSentItems Mime='From: a'}",
	    "SendMail client=m1 whole\n");
	check("ComposeMail:SmartReply{Status=110}", "SmartReply status=110 whole\n");
	check("ComposeMail:SmartForward{ClientId=2 Source{FolderId=5 ItemId=5:1} Mime=x}",
	    "SmartForward client=2 whole\n");
}

static void test_fetched_items(void **state)
{
	(void)state;
	check(
	    "ItemOperations:ItemOperations{Fetch{Store=Mailbox AirSync:CollectionId=7 ServerId=7:1} ItemOperations:Fetch{Store=Mailbox AirSync:CollectionId=7 ServerId=7:2} ItemOperations:Fetch{Store=Mailbox AirSync:CollectionId=8 ServerId=8:1} ItemOperations:Fetch{Store=Mailbox AirSyncBase:FileReference=f}}",
	    "ItemOperations whole\ncollection id=7\n fetch server=7:1\n fetch server=7:2\ncollection id=8\n fetch server=8:1\ncollection\n fetch\n");
	check(
	    "ItemOperations:ItemOperations{Status=1 Response{Fetch{Status=1 AirSync:CollectionId=7 ServerId=7:1 Class=Calendar ItemOperations:Properties{Calendar:Subject=Tea}} Fetch{Status=6 AirSync:CollectionId=7 ServerId=7:2}}}",
	    "ItemOperations status=1 whole\ncollection id=7\n result fetch server=7:1 status=1\n  event summary [Tea] uids 0 whole\n result fetch server=7:2 status=6\n");
}

static void test_commands_of_which_the_status_is_read(void **state)
{
	(void)state;
	check("Settings:Settings{Status=1 Oof{Status=2 Get{OofState=0}}}",
	    "Settings status=1 whole\n");
	check("Search:Search{Status=1 Response{Store{Status=3 Result{AirSync:CollectionId=3}}}}",
	    "Search status=1 whole\n");
	check("MeetingResponse:MeetingResponse{Result{RequestId=1 Status=2}}",
	    "MeetingResponse whole\n");
	check("ResolveRecipients:ResolveRecipients{Status=5}",
	    "ResolveRecipients status=5 whole\n");
	check("ValidateCert:ValidateCert{Status=17}", "ValidateCert status=17 whole\n");
	check("Find:Find{Status=4 Response{Status=1}}", "Find status=4 whole\n");
	check("AirNotify:Notify{Status=7}", "Notify status=7 whole\n");
}

/* ---- answers in parts ---- */

static void check_parts(const char *hex, const char *want)
{
	struct bytes doc = from_hex(hex);
	check_job((struct job){ .in = bytes_all(&doc), .reader = &body_wbxml_parts }, want);
	bytes_free(&doc);
}

static void test_the_first_part_is_the_document(void **state)
{
	(void)state;
	check_parts("01000000 0c000000 0a000000 03016a00454e0331000101", DAMAGED "Sync status=1\n");
	check_parts("01000000 0c000000 0b000000 03016a00454e0331000101", "Sync status=1 whole\n");
	check_parts("02000000 14000000 0b000000 1f000000 03000000 03016a00454e0331000101 ffffff",
	    "Sync status=1 whole\n");
	/* somewhere behind, and with more behind it than is said */
	check_parts("01000000 0f000000 0b000000 aabbcc 03016a00454e0331000101 00000001",
	    "Sync status=1 whole\n");
	check_parts("01000000 0c000000 05000000 03016a0005", "Sync whole\n");
}

static void test_parts_that_are_none(void **state)
{
	(void)state;
	check_parts("00000000 0c000000 05000000 03016a0005", DAMAGED);
	check_parts("01000000 08000000 05000000 03016a0005", DAMAGED);
	check_parts("01000000 0c000000 00000000 03016a0005", DAMAGED);
	check_parts("01000000 0c000000", "");
	check_parts("", "");
	check_parts("01000000 0c000000 06000000 03016a0005", "Sync\n");
	check_parts("01000000 ffffffff ffffffff 03016a0005", "");
	check_parts("01000000 0d000000 ffffffff 00 03016a0005", "Sync\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_add_and_its_failure),
		cmocka_unit_test(test_sync_requests),
		cmocka_unit_test(test_sync_commands),
		cmocka_unit_test(test_sync_answers),
		cmocka_unit_test(test_sync_of_version_16),
		cmocka_unit_test(test_commands_of_attachments_are_none),
		cmocka_unit_test(test_things_in_other_places_are_none),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_estimates),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_provision),
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_fetched_items),
		cmocka_unit_test(test_commands_of_which_the_status_is_read),
		cmocka_unit_test(test_the_first_part_is_the_document),
		cmocka_unit_test(test_parts_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
