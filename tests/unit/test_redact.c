/*
 * test_redact.c - what leaves a credential and what must not, in headers, targets and URLs.
 */
#include "decode/redact.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { LIMIT = 4096 };

static struct slice guarded(const char *text)
{
	return (struct slice){ guard_copy(text, strlen(text)), strlen(text) };
}

static int start(void **state)
{
	*state = arena_new(1 << 20);
	return 0;
}

static int stop(void **state)
{
	arena_free(*state);
	return 0;
}

static struct header header(struct arena *a, const char *name, const char *value)
{
	struct header h;
	assert_true(redact_header(a, hash_key_from(1), LIMIT, guarded(name), guarded(value), &h));
	assert_true(slice_equal(h.name, slice_from(name)));
	return h;
}

static void assert_text(struct slice got, const char *expected)
{
	if (!slice_equal(got, slice_from(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)got.n, (const char *)got.p, expected);
}

static const struct field {
	const char *name, *value, *shown;
	bool secret;
} fields[] = {
	{ "Authorization", "Basic YWxpY2U6c2VjcmV0", "<cred Basic>", true },
	{ "authorization", "basic   YWxpY2U6c2VjcmV0 ", "<cred basic>", true },
	{ "AUTHORIZATION", "Digest username=\"alice\", response=\"0123\"", "<cred Digest>", true },
	{ "Proxy-Authorization", "NTLM TlRMTVNTUAADAAAA", "<cred NTLM>", true },
	{ "X-Forwarded-Authorization", "Basic YWxpY2U6c2VjcmV0", "<cred Basic>", true },
	{ "Authorization", "Bearer\teyJh.eyJz.c2ln", "<cred Bearer>", true },
	{ "Authorization", "YWxpY2U6c2VjcmV0", "<cred>", true },
	{ "Authorization", "YWxpY2U6c2VjcmV0 Basic", "<cred>", true },
	{ "Authorization", "Basic,YWxpY2U6c2VjcmV0", "<cred>", true },
	{ "Authorization", "Negotiate ", "Negotiate", false },
	{ "Authorization", "", "", false },
	{ "Cookie", "sessionid=abc; csrf=def", "<cred>", true },
	{ "Set-Cookie", "sid=abc; Path=/; HttpOnly", "<cred>", true },
	{ "Authentication-Info", "rspauth=\"abc\", nextnonce=\"def\"", "<cred>", true },
	{ "Proxy-Authentication-Info", "YII=", "<cred>", true },
	{ "WWW-Authenticate", "Basic realm=\"a, b\"", "Basic realm=\"a, b\"", false },
	{ "WWW-Authenticate", "NTLM", "NTLM", false },
	{ "WWW-Authenticate", "Negotiate, NTLM ,Basic realm=x", "Negotiate, NTLM ,Basic realm=x",
	    false },
	{ "WWW-Authenticate", "NTLM TlRMTVNTUAACAAAA==", "<cred NTLM>", true },
	{ "WWW-Authenticate", "Negotiate oYG2MIGzoA/+=, Basic realm=\"x\"",
	    "<cred Negotiate>, Basic realm=\"x\"", true },
	{ "WWW-Authenticate",
	    "Digest realm=\"x\", nonce=\"a\\\"b,c\", qop=\"auth,auth-int\",NTLM T",
	    "Digest realm=\"x\", nonce=\"a\\\"b,c\", qop=\"auth,auth-int\",<cred NTLM>", true },
	{ "Proxy-Authenticate", "Basic realm = \"x\", TlRMTVNTUAAC", "Basic realm = \"x\", <cred>",
	    true },
	{ "WWW-Authenticate", "Basic realm=\"unfinished, NTLM abc",
	    "Basic realm=\"unfinished, NTLM abc", false },
	{ "WWW-Authenticate", " ,, ", " ,, ", false },
	{ "Location", "https://alice:pw@dav.example/cal/", "https://<cred>@dav.example/cal/",
	    true },
	{ "Destination", "http://alice@dav.example/a@b", "http://<cred>@dav.example/a@b", true },
	{ "Referer", "http://h/?token=abc&x=1#code=9", "http://h/?token=<cred>&x=1#code=<cred>",
	    true },
	{ "Content-Location", "/cal/a@b.ics", "/cal/a@b.ics", false },
	{ "ETag", "\"password=1\"", "\"password=1\"", false },
	{ "Host", "alice:pw@h", "alice:pw@h", false },
	{ "ResourceTag", "<rt:6b2c@00000>", "<rt:6b2c@00000>", false },
};

static void test_headers(void **state)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct header h = header(*state, fields[i].name, fields[i].value);
		assert_text(h.value, fields[i].shown);
		assert_int_equal(h.credential != 0, fields[i].secret);
		assert_false(h.trailer);
	}
}

static void test_equal_secrets_are_equal(void **state)
{
	uint64_t a = header(*state, "Authorization", "Basic YWxpY2U6c2VjcmV0").credential;
	assert_true(a == header(*state, "authorization", "basic  YWxpY2U6c2VjcmV0 ").credential);
	assert_true(a != header(*state, "Authorization", "Basic YWxpY2U6c2VjcmV1").credential);
	struct header h;
	assert_true(redact_header(*state, hash_key_from(2), LIMIT, SLICE("Authorization"),
	    SLICE("Basic YWxpY2U6c2VjcmV0"), &h));
	assert_true(a != h.credential);
	uint64_t two = header(*state, "Referer", "/?token=a&sid=b").credential;
	assert_true(two != header(*state, "Referer", "/?token=a&sid=c").credential);
	assert_true(two != header(*state, "Referer", "/?token=c&sid=b").credential);
}

static void test_values_are_cut(void **state)
{
	struct header h;
	for (size_t limit = 1; limit < 12; limit++) {
		assert_true(redact_header(*state, hash_key_from(1), limit, SLICE("X"),
		    guarded("0123456789"), &h));
		assert_int_equal(h.value.n, limit < 10 ? limit : 10);
		assert_true(redact_header(*state, hash_key_from(1), limit, SLICE("Cookie"),
		    guarded("0123456789"), &h));
		assert_true(slice_starts(SLICE("<cred>"), h.value));
		assert_int_equal(h.value.n, limit < 6 ? limit : 6);
		assert_true(h.credential != 0);
	}
}

static void test_targets(void **state)
{
	static const struct {
		const char *target, *shown;
	} cases[] = {
		{ "*", "*" },
		{ "/cal/alice/event.ics", "/cal/alice/event.ics" },
		{ "/dav/alice@example.org/cal/", "/dav/alice@example.org/cal/" },
		{ "//alice@example.org/cal/", "//alice@example.org/cal/" },
		{ "//alice:pw@example.org/", "//<cred>@example.org/" },
		{ "http://alice:p@w@h:80/x", "http://<cred>@h:80/x" },
		{ "http://h/x?u=http://a:b@c/", "http://h/x?u=http://<cred>@c/" },
		{ "/proxy/https://a:b@c/d", "/proxy/https://<cred>@c/d" },
		{ "alice:pw@h:443", "<cred>@h:443" },
		{ "h:443", "h:443" },
		{ "http://h?a@b", "http://h?a@b" },
		{ "/x?Password=a&b=c", "/x?Password=<cred>&b=c" },
		{ "/x?b=c&access_token=a=b&d", "/x?b=c&access_token=<cred>&d" },
		{ "/x?b=c;sid=1;e", "/x?b=c;sid=<cred>;e" },
		{ "/x?p%61ss%77ord=a", "/x?p%61ss%77ord=<cred>" },
		{ "/x?%=a&%4=b&%zz=c", "/x?%=a&%4=b&%zz=c" },
		{ "/x?token&token=&=token", "/x?token&token=&=token" },
		{ "/x?a?token=b#key=c", "/x?a?token=<cred>#key=<cred>" },
		{ "/x?tokens=1&keyword=2&monkey=3&sync-token=4",
		    "/x?tokens=1&keyword=2&monkey=3&sync-token=4" },
		{ "/eas?User=alice@e.org&DeviceId=A1&DeviceType=SP&Cmd=Sync",
		    "/eas?User=alice@e.org&DeviceId=A1&DeviceType=SP&Cmd=Sync" },
		{ "/Microsoft-Server-ActiveSync?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l",
		    "/Microsoft-Server-ActiveSync?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l" },
		{ "?", "?" },
		{ "://@", "://<cred>@" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice out;
		assert_true(
		    redact_target(*state, hash_key_from(1), guarded(cases[i].target), &out));
		assert_text(out, cases[i].shown);
	}
}

static void test_users(void **state)
{
	static const struct {
		const char *authorization, *scheme, *user;
	} cases[] = {
		{ "Basic YWxpY2U6c2VjcmV0", "Basic", "alice" },
		{ "bAsIc  RE9NXGFsaWNlOmE6Yg==", "bAsIc", "DOM\\alice" },
		{ "Basic OnNlY3JldA==", "Basic", "" }, /* ":secret" */
		{ "Basic c2VjcmV0", "Basic", "" }, /* "secret": no colon */
		{ "Basic YWxpY2U=6c2VjcmV0", "Basic", "" },
		{ "Basic", "Basic", "" },
		{ "Digest realm=\"username=\\\"x\\\"\", username=\"al\\\"i, ce\", response=\"1\"",
		    "Digest", "al\"i, ce" },
		{ "Digest UserName = bob,realm=x", "Digest", "bob" },
		{ "Digest username*=UTF-8''bob", "Digest", "" },
		{ "Digest username=\"unfinished", "Digest", "unfinished" },
		{ "Digest username=\"unfinished\\", "Digest", "unfinished\\" },
		{ "Bearer YWxpY2U6c2VjcmV0", "Bearer", "" },
		{ "NTLM TlRMTVNTUAADAAAA", "NTLM", "" },
		{ "s3cret YWxpY2U6c2VjcmV0", "", "" },
		{ "", "", "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice scheme, user;
		assert_true(redact_user(*state, guarded(cases[i].authorization), &scheme, &user));
		assert_text(scheme, cases[i].scheme);
		assert_text(user, cases[i].user);
	}
}

static void test_users_are_bounded(void **state)
{
	char text[3000] = "Basic ";
	struct slice scheme, user;
	memset(text + 6, 'Y', 2900);
	assert_true(redact_user(*state, guarded(text), &scheme, &user));
	assert_int_equal(user.n, 0);
	memcpy(text + 2906, "OnB3", 5);
	assert_true(redact_user(*state, guarded(text), &scheme, &user));
	assert_int_equal(user.n, 256);
	memcpy(text, "Digest username=\"", 17);
	assert_true(redact_user(*state, guarded(text), &scheme, &user));
	assert_int_equal(user.n, 256);
}

static void test_no_room(void **state)
{
	(void)state;
	struct arena *a = arena_new(0);
	struct slice out, user;
	struct header h;
	struct hash_key key = hash_key_from(1);
	assert_false(redact_header(a, key, LIMIT, SLICE("Cookie"), SLICE("a"), &h));
	assert_false(redact_header(a, key, LIMIT, SLICE("X"), SLICE("a"), &h));
	assert_false(redact_target(a, key, SLICE("/"), &out));
	assert_false(redact_target(a, key, SLICE("/?token=a"), &out));
	assert_int_equal(out.n, 0);
	assert_false(redact_user(a, SLICE("Basic YWxpY2U6c2VjcmV0"), &out, &user));
	arena_free(a);
}

/* A secret in any place of a thousand mutilated headers is never among what comes out. */
static void test_secret_never_leaves(void **state)
{
	static const char *const names[] = { "Authorization", "Cookie", "Set-Cookie",
		"Proxy-Authorization", "Authentication-Info" };
	static const char parts[] = "Basic Digest=,\"\\;: \t<>";
	uint64_t seed = 3;
	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		char text[64];
		size_t n = 0;
		for (size_t i = 0; i < 30; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			if (i == 15)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "s3cr3t");
			text[n++] = parts[(seed >> 33) % (sizeof(parts) - 1)];
		}
		struct arena *a = arena_new(4096);
		struct header h;
		assert_true(redact_header(a, hash_key_from(1), LIMIT, slice_from(names[round % 5]),
		    (struct slice){ (const uint8_t *)text, n }, &h));
		assert_int_equal(slice_find(h.value, SLICE("s3cr3t")), h.value.n);
		assert_true(h.value.n <= sizeof("<cred Digest>"));
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_headers, start, stop),
		cmocka_unit_test_setup_teardown(test_equal_secrets_are_equal, start, stop),
		cmocka_unit_test_setup_teardown(test_values_are_cut, start, stop),
		cmocka_unit_test_setup_teardown(test_targets, start, stop),
		cmocka_unit_test_setup_teardown(test_users, start, stop),
		cmocka_unit_test_setup_teardown(test_users_are_bounded, start, stop),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_secret_never_leaves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
