/*
 * test_scrub_head.c - head.c, credential.c: lines and fields by what they are for.
 */
#include "cmd/scrub/credential.h"
#include "cmd/scrub/head.h"
#include "tests/unit/scrub_text.h"

#include <stdio.h>

static const char *head_of(const struct words *w, const char *text, struct head *head)
{
	static struct scrubbed results[2];
	static unsigned next;
	struct scrubbed *r = &results[next++ % 2];
	size_t n = strlen(text);
	uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(text, n);
	head_scrub(w, p, n, head);
	memcpy(r->text, p, n);
	r->text[n] = '\0';
	return r->text;
}

static void test_protocol_stays(void **state)
{
	(void)state;
	struct words *w = words_for(1);
	struct head head;
	static const char *const heads[] = {
		"OPTIONS * HTTP/1.1\r\nDepth: 1\r\nBrief: t\r\nTranslate: f\r\n\r\n",
		"HTTP/1.1 207 Multi-Status\r\nDate: Mon, 25 Sep 2006 16:00:00 GMT\r\nContent-Length: 1234\r\nTransfer-Encoding: chunked\r\n"
		"DAV: 1, 2, 3, calendar-access, addressbook, extended-mkcol\r\nAllow: OPTIONS, GET, PROPFIND, MKCALENDAR\r\n"
		"MS-WebStorage: 6.5.7638\r\nServer: Microsoft-IIS/6.0\r\nContent-Range: rows 0-24; total=107\r\n"
		"Vary: Accept-Encoding\r\nConnection: keep-alive\r\nContent-Type: message/rfc822\r\n\r\n",
		"GET / HTTP/1.0\r\nUser-Agent: Microsoft-Server-ActiveSync/6.5.7651.50\r\nUser-Agent: DAVx5/4.3-ose (2024/01/01; dav4jvm; okhttp/4.12.0) Android/14\r\n\r\n",
	};
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(head_of(w, heads[i], &head), heads[i]);
	assert_has(head_of(w, heads[2], &head),
	    "Microsoft-Server-ActiveSync/6.5.7651.50\r\nUser-Agent: DAVx5/4.3-");
	words_free(w);
}

static void test_tags_keep_their_form(void **state)
{
	(void)state;
	struct words *w = words_for(2);
	struct head head;
	static const char *const kept[] = { "ETag: W/\"1234-gzip\"",
		"ResourceTag: <rt:8996592620a48a4393901c9368f7c518000000000001>",
		"If-None-Match: *", "ETag: \"\"" };
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", kept[i]);
		assert_string_equal(head_of(w, text, &head), text);
	}
	const char *out = head_of(w,
	    "HTTP/1.1 200 OK\r\nETag: \"anna-5f2b1c\"\r\nX-Original-ETag: \"anna-5f2b1c\"\r\n\r\n",
	    &head);
	assert_has_not(out, "anna");
	assert_has(out, "\r\nX-Original-ETag: \"");
	char tag[16];
	memcpy(tag, strchr(out, '"'), 13);
	tag[13] = '\0';
	assert_has(strstr(out, "X-Original"), tag);
	words_free(w);
}

static void test_names_agree(void **state)
{
	(void)state;
	struct words *w = words_for(3);
	struct head head;
	char anna[8];
	snprintf(anna, sizeof anna, "%s", renamed(w, "anna"));
	const char *out = head_of(w,
	    "PUT /dav/anna/1 HTTP/1.1\r\nHost: anna.example:80\r\nDestination: http://anna.example/dav/anna\r\nIf: <http://anna.example/anna> ([\"anna\"])\r\nDigest-X: anna\r\n\r\n",
	    &head);
	size_t found = 0;
	for (const char *p = out; (p = strstr(p, anna)) != NULL; p++)
		found++;
	assert_int_equal(found, 8);
	words_free(w);
}

/* However a field is folded or spelt, its secret goes. */
static void test_secrets_go(void **state)
{
	(void)state;
	struct words *w = words_for(4);
	struct head head;
	static const char *const fields[] = {
		"Authorization: Geheimnis",
		"Authorization: Bearer Geheimnis",
		"authorization : Token Geheimnis",
		"Authorization:\r\n Bearer\r\n Geheimnis",
		"Proxy-Authorization: Digest response=\"Geheimnis\", nonce=Geheimnis",
		"X-Forwarded-Authorization: Geheimnis",
		"Cookie: Geheimnis=Geheimnis",
		"Set-Cookie: a=Geheimnis; Path=/",
		"X-Auth-Token: Geheimnis",
		"X-My-Secret: Geheimnis",
		"WWW-Authenticate: Geheimnis",
		"WWW-Authenticate: Basic realm=\"Geheimnis\", Negotiate R2VoZWltbmlz",
		"Authentication-Info: Geheimnis",
		"Geheimnis",
		"Geheimnis: x",
		" Geheimnis",
	};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		char text[256];
		snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s\r\n\r\n", fields[i]);
		const char *out = head_of(w, text, &head);
		assert_has_not(out, "Geheimnis");
		assert_has_not(out, "R2VoZWltbmlz");
		assert_int_equal(strlen(out), strlen(text));
	}
	words_free(w);
}

static void test_basic_keeps_the_user(void **state)
{
	(void)state;
	struct words *w = words_for(5);
	/* anna:secret, ann:secret, without a colon */
	const char *a = scrubbed(w, scrub_credentials, "Basic YW5uYTpzZWNyZXQ="),
		   *b = scrubbed(w, scrub_credentials, "Basic YW5uYTpnZWhlaW0=");
	assert_memory_equal(a, "Basic ", 6);
	assert_memory_equal(a, b, 6 + 5); /* the same user */
	assert_string_not_equal(a, b);
	assert_has_not(a, "YW5uYTpzZWNyZXQ=");
	assert_has_not(scrubbed(w, scrub_credentials, "Basic YW5uYQ=="), "YW5uYQ==");
	words_free(w);
}

static void test_ntlm_keeps_its_leg(void **state)
{
	(void)state;
	struct words *w = words_for(6);
	const char *type2 = "NTLM TlRMTVNTUAACAAAAQkVSR0tPQk9MRA==";
	const char *out = scrubbed(w, scrub_challenges, type2);
	assert_memory_equal(out, type2, 5 + 16);
	assert_string_not_equal(out, type2);
	assert_string_equal(scrubbed(w, scrub_challenges, "Negotiate, NTLM"), "Negotiate, NTLM");
	words_free(w);
}

static void test_what_the_head_says_of_the_body(void **state)
{
	(void)state;
	struct words *w = words_for(7);
	struct head head;
	head_of(w,
	    "\r\n\r\nPUT / HTTP/1.1\r\ncontent-type: text/calendar\r\nContent-Type: text/xml\r\nContent-Encoding:  gzip \r\n\r\n",
	    &head);
	assert_int_equal(head.n_type, 13);
	assert_memory_equal(head.type, "text/calendar", 13);
	assert_int_equal(head.n_coding, 4);
	head_of(w, "", &head);
	assert_int_equal(head.n_type, 0);
	words_free(w);
}

/* A request line that nobody saw the end of was never one: nothing of it is believed. */
static void test_cut_lines(void **state)
{
	(void)state;
	struct words *w = words_for(8);
	struct head head;
	assert_string_equal(head_of(w, "PASS 123", &head), "xxxx xxx");
	assert_memory_equal(head_of(w, "HTTP/1.1 200 O", &head), "HTTP/1.1 200 ", 13);
	assert_memory_equal(head_of(w, "HTTP/1.1 200 OK", &head), "HTTP/1.1 200 OK", 15);
	assert_has_not(head_of(w, "GET / HTTP/1.1\r\nAuthorization: Basic YW5uYTpzZWNy", &head),
	    "YW5uYTpzZWNy");
	words_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocol_stays),
		cmocka_unit_test(test_tags_keep_their_form),
		cmocka_unit_test(test_names_agree),
		cmocka_unit_test(test_secrets_go),
		cmocka_unit_test(test_basic_keeps_the_user),
		cmocka_unit_test(test_ntlm_keeps_its_leg),
		cmocka_unit_test(test_what_the_head_says_of_the_body),
		cmocka_unit_test(test_cut_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
