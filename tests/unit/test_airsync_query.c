/*
 * test_airsync_query.c - decode/airsync_query.c: both forms of the query of an ActiveSync request.
 */
#include "decode/decode.h"
#include "tests/unit/airsync_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void check(const char *target, const char *want)
{
	struct record *r = calloc(1, sizeof(*r));
	struct arena *arena = arena_new(1 << 20);
	struct airsync_query q;
	struct slice s = { guard_copy(target, strlen(target)), strlen(target) };
	memset(&q, 0x5a, sizeof(q));
	if (airsync_query_read(s, arena, &q)) {
		record_slice(r, "", q.command);
		record_field(r, "user", q.user);
		record_field(r, "device", q.device_id);
		record_field(r, "type", q.device_type);
		record_field(r, "collection", q.collection_id);
		record_field(r, "item", q.item_id);
		if (q.base64)
			record_add(r, " version=%u", q.version);
		if (q.has_policy)
			record_add(r, " policy=%u", (unsigned)q.policy_key);
	} else {
		static const struct airsync_query none;
		assert_memory_equal(&q, &none, sizeof(q));
	}
	assert_string_equal(r->text, want);
	arena_free(arena);
	free(r);
}

static void test_names_and_values(void **state)
{
	(void)state;
	check("/Microsoft-Server-ActiveSync?User=anna&DeviceId=D1&DeviceType=PocketPC&Cmd=Sync",
	    "Sync user=anna device=D1 type=PocketPC");
	check(
	    "http://mail.example/Microsoft-Server-ActiveSync?cmd=GetItemEstimate&USER=a&deviceid=d&x",
	    "GetItemEstimate user=a device=d");
	check("/as?Cmd=SmartReply&ItemId=7%3a1&CollectionId=7&User=DOM%5Canna%20b#Cmd=x",
	    "SmartReply user=DOM\\anna b collection=7 item=7:1");
	check("/as?Cmd=Sync&Cmd=Ping&User=&User=b", "Sync user=b");
	check("?Cmd=Sync", "Sync");
}

static void test_odd_escapes_are_themselves(void **state)
{
	(void)state;
	check("/as?Cmd=Sync&User=100%", "Sync user=100%");
	check("/as?Cmd=Sync&User=100%4", "Sync user=100%4");
	check("/as?Cmd=Sync&User=%zz%41+b", "Sync user=%zzA+b");
}

static void test_base64(void **state)
{
	(void)state;
	check("/Microsoft-Server-ActiveSync?jQAJBAZBQkMxMjME776t3gJTUA==",
	    "Sync device=ABC123 type=SP version=141 policy=3735928559");
	check("/as?eQMJBAp2MTQwRGV2aWNlAApTbWFydFBob25lAQE3AwM3OjEHAQEIBGFubmE=",
	    "SmartReply user=anna device=v140Device type=SmartPhone collection=7 item=7:1 version=121");
	check("/as?oRcJBAFEAAFU", "Find device=D type=T version=161");
}

static void test_base64_as_targets_have_it(void **state)
{
	(void)state;
	check("/as?jQAJBAZBQkMxMjME776t3gJTUA",
	    "Sync device=ABC123 type=SP version=141 policy=3735928559");
	check("/as?jQAJBAZBQkMxMjME776t3gJTUA%3D%3D",
	    "Sync device=ABC123 type=SP version=141 policy=3735928559");
	/* the bytes of a GUID, in the alphabet of addresses too */
	check("/as?oBIJBBDw8fLz9PX29/j5+vv8/f7/BAEAAAAHT3V0bG9vaw==",
	    "Ping device=F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF type=Outlook version=160 policy=1");
	check("/as?oBIJBBDw8fLz9PX29_j5-vv8_f7_BAEAAAAHT3V0bG9vaw",
	    "Ping device=F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF type=Outlook version=160 policy=1");
	check("/as?oBIJBBDw8fLz9PX29%2Fj5%2Bvv8%2Ff7%2FBAEAAAAHT3V0bG9vaw==",
	    "Ping device=F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF type=Outlook version=160 policy=1");
}

static void test_no_command(void **state)
{
	(void)state;
	static const char *const none[] = {
		"", "/Microsoft-Server-ActiveSync", "/as?", "/as?Cmd=", "/as?Cmd",
		"/as?XCmd=Sync&CmdX=Sync", "/as#?Cmd=Sync", "/as?User=a&DeviceId=b", "/cal/?export",
		"/as?%", "/as?=", "/as?A", "/as?jQAJBAZ*", "/as?jQ=AJBAFEAAFU",
		"/as?dwAJBAFEAAFU", /* version 11.9 */
		"/as?yAAJBAFEAAFU", /* 20.0 */
		"/as?jRgJBAFEAAFU", /* a command that is not known */
		"/as?jQAJBAFEAwECAwFU", /* a policy key of three bytes */
		"/as?jQAJBAFEAAJU", /* a device type behind the end */
		"/as?jQAJBAFEAAFUAQ==", /* a parameter without length */
		"/as?jQAJBAFEAAFUAQVB", /* and one behind the end */
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		check(none[i], "");
}

static void test_every_truncation(void **state)
{
	(void)state;
	static const char *const all[] = {
		"/as?eQMJBAp2MTQwRGV2aWNlAApTbWFydFBob25lAQE3AwM3OjEHAQEIBGFubmE=",
		"/as?User=DOM%5Canna&Cmd=Sync&ItemId=7%3A1",
	};
	struct arena *arena = arena_new(1 << 20);
	for (size_t i = 0; i < 2; i++)
		for (size_t n = 0; n <= strlen(all[i]); n++) {
			struct airsync_query q;
			struct slice s = { guard_copy(all[i], n), n };
			if (airsync_query_read(s, arena, &q))
				assert_true(q.command.n > 0);
		}
	arena_free(arena);
}

static void test_no_memory(void **state)
{
	(void)state;
	static const char *const all[] = { "/as?User=%41&Cmd=Sync",
		"/as?jQAJBAZBQkMxMjME776t3gJTUA" };
	for (size_t i = 0; i < 2; i++) {
		struct arena *arena = arena_new(0);
		struct airsync_query q;
		assert_false(airsync_query_read(slice_from(all[i]), arena, &q));
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_values),
		cmocka_unit_test(test_odd_escapes_are_themselves),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_as_targets_have_it),
		cmocka_unit_test(test_no_command),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
