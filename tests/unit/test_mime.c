/*
 * test_mime.c - decode/mime.c: the calendar or address object in a MIME message, wherever it lies, and
 * what is said of a message without one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/object_run.h"

#define EVENT \
	"BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\nUID:1\r\n" \
	"DTSTART:20060925T140000Z\r\nDTEND:20060925T150000Z\r\nSUMMARY:Tea\r\nEND:VEVENT\r\n" \
	"END:VCALENDAR"
#define TEA \
	"event uid [1] summary [Tea] method [PUBLISH] from 2006-09-25T14:00:00Z " \
	"to 2006-09-25T15:00:00Z uids 1 master whole\n"

static void expect(const char *in, const char *want)
{
	object_expect(&body_mime, slice_from(in), want);
}

static void test_the_form_exchange_takes(void **state)
{
	(void)state;
	expect("content-class: urn:content-classes:appointment\r\n"
	       "Content-Type: text/calendar;\r\n\tmethod=REQUEST; charset=\"utf-8\"\r\n\r\n" EVENT
	       "\r\n",
	    TEA);
	expect("Content-Type: text/calendar\n\n" EVENT, TEA);
	expect(EVENT "\r\n", TEA);
	expect("content-class: urn:content-classes:appointment\r\n\r\n" EVENT "\r\n", TEA);
	expect("CONTENT-TYPE:TEXT/CALENDAR\r\n\r\n" EVENT, TEA);
	expect(
	    "Subject: Otto\r\nContent-Type: text/x-vcard\r\n\r\nBEGIN:VCARD\r\nFN:Otto\r\nEND:VCARD\r\n",
	    "card summary [Otto] uids 0 master whole\n");
}

static const char alternative[] =
    "Subject: Tea\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary = \"=_a b\"\r\n"
    "\r\npreamble\r\n--=_a b\r\nContent-Type: text/plain\r\n\r\nBEGIN:VCALENDAR\r\nno\r\n"
    "--=_a b \r\nContent-Type: text/calendar; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" EVENT
    "\r\n--=_a b--\r\nepilogue\r\n";

static void test_parts(void **state)
{
	(void)state;
	expect(alternative, TEA);
	expect(
	    "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
	    "Content-Type: multipart/alternative; boundary=ab\r\n\r\n--ab\r\n\r\nhello\r\n--ab--\r\n"
	    "--a\r\nContent-Type: text/calendar\r\n\r\n" EVENT "\r\n--a--\r\n",
	    TEA);
	/* The outer level ends the inner one. */
	expect(
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
	    "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/calendar\n\n" EVENT
	    "\n--a--\n",
	    TEA);
	expect("Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n"
	       "Subject: inner\nContent-Type: text/calendar\n\n" EVENT "\n--a--\n",
	    TEA);
	/* The first one counts. */
	expect(
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/calendar\n\n" EVENT
	    "\n--a\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO\n"
	    "END:VCALENDAR\n--a--\n",
	    TEA);
	expect(
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/calendar\n\nnone\n"
	    "--a\nContent-Type: text/calendar\n\n" EVENT "\n--a--\n",
	    TEA);
}

static void test_lines_that_are_no_delimiters(void **state)
{
	(void)state;
	expect(
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/calendar\n\n"
	    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n--ab\n--a-\n--a- -\n --a\n--A\n--\nUID:1\n"
	    "END:VEVENT\nEND:VCALENDAR\n--a--",
	    "event uid [1] summary [x] uids 1 master whole\n");
}

static void test_transfer_encodings(void **state)
{
	(void)state;
	expect(
	    "Content-Type: text/calendar\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "BEGIN=3AVCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:T=\r\ne=C3=A9\r\nUID:1\r\nEND:VEVENT\r\n"
	    "END:VCALENDAR\r\n",
	    "event uid [1] summary [Te\xc3\xa9] uids 1 master whole\n");
	expect("Content-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	       "QkVHSU46VkNBTEVOREFSDQpCRUdJTjpWRVZFTlQNClVJRDoxDQpFTkQ6VkVWRU5UDQpF\r\n"
	       "TkQ6VkNBTEVOREFSDQo=\r\n",
	    "event uid [1] uids 1 master whole\n");
	expect("Content-Type: text/calendar\nContent-Transfer-Encoding: quoted-printable\n\n"
	       "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:=zz\nEND:VEVENT\nEND:VCALENDAR\n",
	    "event uid [=zz] uids 1 master\n");
	expect(
	    "Subject: x\nContent-Type: text/calendar\nContent-Transfer-Encoding: x-other\n\n" EVENT,
	    "other summary [x] uids 0\n");
}

static void test_messages_without_an_object(void **state)
{
	(void)state;
	expect("", "");
	expect("hello\n\nworld\n", "");
	expect("Subject: =?utf-8?q?T=C3=A9?=\r\n\tparty\r\n\r\nhello\r\n",
	    "other summary [=?utf-8?q?T=C3=A9?=\tparty] uids 0 whole\n");
	expect("content-class: urn:content-classes:person\nSubject: Otto\n\n",
	    "card summary [Otto] uids 0 whole\n");
	expect("content-class: urn:content-classes:message\nSubject: Otto",
	    "other summary [Otto] uids 0 whole\n");
	expect(
	    "Subject: a\nSubject: b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nSubject: c\n\n--x--\n",
	    "other summary [a] uids 0 whole\n");
	expect("Content-Type: multipart/mixed; boundary=x\n\n--x\nSubject: c\n\n--x--\n", "");
}

static void test_messages_that_are_not_whole(void **state)
{
	(void)state;
	static const char single[] = "Subject: Tea\r\nContent-Type: text/calendar\r\n\r\n" EVENT
				     "\r\n";
	object_truncate(&body_mime, slice_from(single));
	/* A part that was ended is whole, whatever happened to those behind it. */
	for (size_t n = 0; n < sizeof(alternative) - 1; n++) {
		struct object_run run = object_run_all((struct object_job){ .reader = &body_mime,
		    .in = { (const uint8_t *)alternative, n },
		    .cut = true,
		    .ways = BYTES });
		if (run.object != NULL)
			assert_int_equal(run.object->whole, n >= sizeof(alternative) - 1 - 10);
		arena_free(run.arena);
	}
	/* No delimiter at the end. */
	expect("Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/calendar\n\n"
	       "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n",
	    "event uid [1] uids 1 master\n");
}

/* The delimiter takes the line end ahead of it, so that the bytes are those of a body of its own. */
static void test_the_bytes_are_those_of_the_part(void **state)
{
	(void)state;
	static const char *const messages[] = { "\n" EVENT,
		"Content-Type: text/calendar\r\n\r\n" EVENT,
		"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: text/calendar\n\n" EVENT
		"\r\n--a--" };
	struct object_run bare = object_run_all(
	    (struct object_job){ .reader = &body_calendar, .in = SLICE(EVENT) });
	for (size_t i = 0; i < 3; i++) {
		struct object_run run = object_run_all(
		    (struct object_job){ .reader = &body_mime, .in = slice_from(messages[i]) });
		assert_non_null(run.object);
		assert_true(run.object->octets == bare.object->octets);
		assert_true(run.object->fingerprint == bare.object->fingerprint);
		assert_true(run.object->lines == bare.object->lines);
		arena_free(run.arena);
	}
	arena_free(bare.arena);
}

/* ---- hostile messages ---- */

/* The same however it is cut, and little is kept of it. */
static void check_bounded(struct slice in, int ways, const char *want)
{
	struct object_run run = object_run_all(
	    (struct object_job){ .reader = &body_mime, .in = in, .ways = ways });
	object_says(run, want);
	assert_true(arena_used(run.arena) < 32768);
	arena_free(run.arena);
}

static void nested(size_t levels, const char *want)
{
	size_t room = levels * 100 + 1000, n = 0;
	char *text = malloc(room);
	for (size_t i = 0; i < levels; i++)
		n += (size_t)snprintf(text + n, room - n,
		    "Content-Type: multipart/mixed; boundary=b%zu\n\n--b%zu\n", i, i);
	n += (size_t)snprintf(text + n, room - n,
	    "Content-Type: text/calendar\n\n" EVENT "\n--b0--\n");
	check_bounded((struct slice){ (const uint8_t *)text, n }, FIRST_SEED, want);
	free(text);
}

static void test_nesting(void **state)
{
	(void)state;
	nested(1, TEA);
	nested(8, TEA);
	nested(9, "");
	nested(100000, "");
}

static void many(const char *line, size_t n, const char *want)
{
	size_t length = strlen(line);
	char *text = malloc(n * length + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * length, line, length);
	check_bounded((struct slice){ (const uint8_t *)text, n * length }, FIRST_SEED + 1, want);
	free(text);
}

static void test_endless_messages(void **state)
{
	(void)state;
	many("x", 1 << 20, "");
	many("\r", 1 << 20, "");
	many(" x\r\n", 1 << 18, "");
	many("Subject: x\r\n", 1 << 17, "other summary [x] uids 0 whole\n");
	many("Content-Type: message/rfc822\n\n", 1 << 16, "");
	many("--\n", 1 << 18, "");
	many("\0\0\n", 1, "");
}

static void test_a_subject_that_is_cut(void **state)
{
	(void)state;
	size_t n = 20000;
	char *text = malloc(n + 1);
	memset(text, 'x', n);
	memcpy(text, "Subject: ", 9);
	text[n - 1] = '\n';
	struct object_run run = object_run_all(
	    (struct object_job){ .reader = &body_mime, .in = { (const uint8_t *)text, n } });
	assert_false(run.object->whole);
	assert_int_equal(run.object->summary.n, OBJECT_TEXT);
	arena_free(run.arena);
	free(text);
}

/* Pieces of the line buffer end where they end, whatever pieces the body comes in. */
static void test_long_lines(void **state)
{
	(void)state;
	for (size_t n = 980; n < 1020; n++) {
		char text[4096];
		size_t at = (size_t)snprintf(text, sizeof(text),
		    "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
		    "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:");
		memset(text + at, 'u', n);
		at += n;
		snprintf(text + at, sizeof(text) - at,
		    "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--a--%*s\r\n", (int)n, "");
		struct object_run run = object_run_all(
		    (struct object_job){ .reader = &body_mime, .in = slice_from(text) });
		assert_int_equal(run.object->uid.n, OBJECT_TEXT);
		arena_free(run.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_form_exchange_takes),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_lines_that_are_no_delimiters),
		cmocka_unit_test(test_transfer_encodings),
		cmocka_unit_test(test_messages_without_an_object),
		cmocka_unit_test(test_messages_that_are_not_whole),
		cmocka_unit_test(test_the_bytes_are_those_of_the_part),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_endless_messages),
		cmocka_unit_test(test_a_subject_that_is_cut),
		cmocka_unit_test(test_long_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
