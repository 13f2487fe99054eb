/*
 * test_scrub_url.c - url.c, text.c: URLs, queries, parameters, JSON, SQL, and the shapes of values.
 */
#include "tests/unit/scrub_text.h"

#include <stdio.h>

static void test_paths(void **state)
{
	(void)state;
	struct words *w = words_for(1);
	char anna[8], tea[8], expected[128];
	snprintf(anna, sizeof anna, "%s", renamed(w, "anna"));
	snprintf(tea, sizeof tea, "%s", renamed(w, "Tea"));
	snprintf(expected, sizeof expected, "/exchange/%s/Calendar/%s-2.EML", anna, tea);
	assert_string_equal(scrubbed(w, scrub_url, "/exchange/anna/Calendar/Tea-2.EML"), expected);
	snprintf(expected, sizeof expected, "http://%s.example.com:8080/dav/%s/", anna, tea);
	assert_string_equal(scrubbed(w, scrub_url, "http://anna.example.com:8080/dav/Tea/"),
	    expected);
	snprintf(expected, sizeof expected, "mailto:%s@example.com", anna);
	assert_string_equal(scrubbed(w, scrub_url, "mailto:anna@example.com"), expected);
	assert_string_equal(scrubbed(w, scrub_url, "*"), "*");
	assert_string_equal(scrubbed(w, scrub_url, ""), "");
	const char *flat = "/exchange/x/-FlatUrlSpace-/8996592620a48a4393901c9368f7c518-12";
	assert_has(scrubbed(w, scrub_url, flat), "8996592620a48a4393901c9368f7c518-12");
	words_free(w);
}

static void test_encoded_twice(void **state)
{
	(void)state;
	struct words *w = words_for(2);
	assert_has_not(scrubbed(w, scrub_url, "/%2561%256e%256e%2561"), "%2561%256e%256e%2561");
	const char *once = scrubbed(w, scrub_url, "/%61nna");
	assert_memory_equal(once, "/%", 2);
	assert_string_equal(once + 4, renamed(w, "anna") + 1);
	words_free(w);
}

static void test_userinfo(void **state)
{
	(void)state;
	struct words *w = words_for(3);
	const char *out = scrubbed(w, scrub_url,
	    "http://anna:geheim@host/x?url=http://anna:geheim@host/");
	assert_has_not(out, "geheim");
	assert_has(out, renamed(w, "anna"));
	assert_has_not(out, renamed(w, "geheim")); /* a secret has no name */
	words_free(w);
}

static void test_queries(void **state)
{
	(void)state;
	struct words *w = words_for(4);
	char anna[8], expected[128];
	snprintf(anna, sizeof anna, "%s", renamed(w, "anna"));
	snprintf(expected, sizeof expected,
	    "/Microsoft-Server-ActiveSync?User=%s&DeviceType=PocketPC&Cmd=FolderSync", anna);
	assert_string_equal(
	    scrubbed(w, scrub_url,
		"/Microsoft-Server-ActiveSync?User=anna&DeviceType=PocketPC&Cmd=FolderSync"),
	    expected);
	const char *secret = scrubbed(w, scrub_url, "/x?password=anna&p%61ssword=anna;token=123");
	assert_has(secret, "password=");
	assert_has_not(secret, anna);
	assert_has_not(secret, "123");
	words_free(w);
}

/* Version, command and locale stay; identifiers are names of the same kind as elsewhere. */
static void test_packed_query(void **state)
{
	(void)state;
	struct words *w = words_for(5);
	/* 14.1, Sync, device "device1", no policy key, "iPhone", CollectionId 5 */
	const char *in = "/Microsoft-Server-ActiveSync?jQAHBAdkZXZpY2UxAAZpUGhvbmUBATU=";
	const char *out = scrubbed(w, scrub_url, in);
	assert_memory_equal(out, in, 35); /* up to the length of the device's name */
	assert_string_not_equal(out, in);
	assert_has(out, "ZpUGhvbmUBATU=");
	words_free(w);
}

static void test_values_by_shape(void **state)
{
	(void)state;
	struct words *w = words_for(6);
	static const char *const kept[] = { "7", "-1", "120", "2006-09-25T16:00:00Z",
		"20060925T160000Z", "20060925", " 42 ", "Calendar" };
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		assert_string_equal(scrubbed(w, scrub_value, kept[i]), kept[i]);
	static const char *const gone[] = { "1234", "+49 171 5550123", "0171/55 50 12", "Room 12",
		"Team Calendar", "23.05.1971 x" };
	for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
		const char *out = scrubbed(w, scrub_value, gone[i]);
		for (size_t k = 0; gone[i][k] != '\0'; k++)
			if (gone[i][k] >= '0' && gone[i][k] <= '9')
				assert_true(out[k] >= '0' && out[k] <= '9');
		assert_string_not_equal(out, gone[i]);
	}
	assert_string_not_equal(scrubbed(w, scrub_private, "7"), "7");
	words_free(w);
}

static void test_encoded_words(void **state)
{
	(void)state;
	struct words *w = words_for(7);
	char tea[8], expected[64];
	snprintf(tea, sizeof tea, "%s", renamed(w, "tea"));
	snprintf(expected, sizeof expected, "=?utf-8?Q?%s?= %s", tea, tea);
	assert_string_equal(scrubbed(w, scrub_words_encoded, "=?utf-8?Q?tea?= tea"), expected);
	assert_has(scrubbed(w, scrub_words_encoded, "=?utf-8?B?dGVh?="), "=?utf-8?B?");
	assert_has_not(scrubbed(w, scrub_words_encoded, "=?utf-8?B?dGVh?="), "dGVh");
	assert_has_not(scrubbed(w, scrub_words_encoded, "=?utf-8?X?secret?="), "secret");
	words_free(w);
}

static void test_media_types(void **state)
{
	(void)state;
	struct words *w = words_for(8);
	const char *type = "text/calendar; method=REQUEST; charset=\"utf-8\"; component=VEVENT";
	assert_string_equal(scrubbed(w, scrub_media_type, type), type);
	assert_has_not(scrubbed(w, scrub_media_type, "text/plain; name=\"Anna;Otto.pdf\""), "otto");
	char boundary[32], expected[64];
	snprintf(boundary, sizeof boundary, "%s", renamed(w, "--Grenze_12"));
	snprintf(expected, sizeof expected, "multipart/mixed; boundary=%s", boundary);
	assert_string_equal(scrubbed(w, scrub_media_type, "multipart/mixed; boundary=--Grenze_12"),
	    expected);
	words_free(w);
}

static void test_json_and_sql(void **state)
{
	(void)state;
	struct words *w = words_for(9);
	const char *json = scrubbed(w, scrub_json,
	    "{\"anna\":[true,null,1234567],\"t\":\"a\\\"b \\u0061nna\"}");
	assert_has_not(json, "anna");
	assert_has_not(json, "1234567");
	assert_has(json, "[true,null,");
	const char *sql = scrubbed(w, scrub_sql,
	    "SELECT \"DAV:href\" FROM SCOPE('SHALLOW TRAVERSAL OF \"/exchange/anna/\"') WHERE \"urn:schemas:calendar:uid\" = 'anna'");
	assert_has(sql, "SELECT \"DAV:href\" FROM SCOPE('SHALLOW TRAVERSAL OF \"/exchange/");
	assert_has(sql, "WHERE \"urn:schemas:calendar:uid\" = '");
	assert_has_not(sql, "anna");
	words_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_encoded_twice),
		cmocka_unit_test(test_userinfo),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_packed_query),
		cmocka_unit_test(test_values_by_shape),
		cmocka_unit_test(test_encoded_words),
		cmocka_unit_test(test_media_types),
		cmocka_unit_test(test_json_and_sql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
