/*
 * test_vcard.c - decode/vcard.c: what a vCard says of its object.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/object_run.h"

static void expect(const char *in, const char *want)
{
	object_expect(&body_vcard, slice_from(in), want);
}

static const char otto[] =
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:1\r\nFN:Otto\\, the\r\n  First\r\n"
    "N:First;Otto;;;\r\nitem1.EMAIL;TYPE=INTERNET:Otto@Example.com\r\n"
    "TEL;TYPE=home:+49 (30) 123-4\r\nEND:VCARD\r\n";

static void test_a_card(void **state)
{
	(void)state;
	expect(otto, "card uid [urn:uuid:1] summary [Otto, the First] uids 1 master whole\n");
	expect("begin:vcard\nfn:x\nend:vcard", "card summary [x] uids 0 master whole\n");
	expect("BEGIN:VCARD\nN:First\\;x;Otto\nEND:VCARD",
	    "card summary [First;x;Otto] uids 0 master whole\n");
	expect("BEGIN:VCARD\nFN:a\nFN:b\nUID:1\nUID:2\nEND:VCARD",
	    "card uid [1] summary [a] uids 2 master whole\n");
}

static void test_several_cards(void **state)
{
	(void)state;
	expect("BEGIN:VCARD\nUID:1\nFN:a\nEND:VCARD\nBEGIN:VCARD\nUID:2\nFN:b\nEND:VCARD\n",
	    "card uid [1] summary [a] uids 2 master whole\n");
	expect("BEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nUID:2\nFN:b\nEND:VCARD\n",
	    "card uids 1 master whole\n");
	expect("BEGIN:VCARD\nUID:1\nAGENT:\nBEGIN:VCARD\nUID:2\nFN:b\nEND:VCARD\nFN:a\nEND:VCARD\n",
	    "card uid [1] summary [a] uids 1 master whole\n");
}

static void test_texts_that_are_not_whole(void **state)
{
	(void)state;
	expect("", "");
	expect("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "");
	expect("UID:1\nFN:a\nEND:VCARD\n", "");
	expect("BEGIN:VCARD\nUID:1\n", "card uid [1] uids 1 master\n");
	expect("BEGIN:VCARD\nUID:1\nEND:VCARD\nBEGIN:VCARD\nUID:1\n",
	    "card uid [1] uids 1 master\n");
	object_truncate(&body_vcard, slice_from(otto));
}

static uint64_t fingerprint_of(const char *lines)
{
	char text[1024];
	snprintf(text, sizeof(text), "BEGIN:VCARD\r\n%sEND:VCARD\r\n", lines);
	struct object_run run = object_run_all(
	    (struct object_job){ .reader = &body_vcard, .in = slice_from(text) });
	assert_non_null(run.object);
	uint64_t fingerprint = run.object->fingerprint;
	arena_free(run.arena);
	return fingerprint;
}

static void test_fingerprints(void **state)
{
	(void)state;
	uint64_t base = fingerprint_of("FN:Otto\r\nEMAIL:otto@example.com\r\nTEL:+49 30 1234\r\n");
	assert_true(base != 0);
	assert_true(base ==
	    fingerprint_of("TEL;TYPE=x:+49(30)12-34\r\na.EMAIL:Otto@Example.COM \r\nFN: Otto\r\n"
			   "UID:1\r\nNOTE:x\r\n"));
	assert_true(base != fingerprint_of("FN:Otto\r\nEMAIL:otto@example.com\r\n"));
	assert_true(
	    base != fingerprint_of("FN:Otto\r\nEMAIL:otto@example.com\r\nTEL:+49 30 1235\r\n"));
	assert_true(
	    base != fingerprint_of("FN:Otta\r\nEMAIL:otto@example.com\r\nTEL:+49301234\r\n"));
	assert_true(fingerprint_of("EMAIL:otto@example.com\r\n") == 0);
	assert_true(fingerprint_of("FN:1\r\nTEL:12\r\n") != fingerprint_of("FN:1\r\nEMAIL:12\r\n"));
}

/* A picture is what makes most cards long. */
static void test_a_picture_leaves_the_card_whole(void **state)
{
	(void)state;
	size_t n = 200000;
	char *text = malloc(n);
	memset(text, 'A', n);
	memcpy(text, "BEGIN:VCARD\r\nUID:1\r\nPHOTO:", 26);
	memcpy(text + n - 20, "\r\nFN:a\r\nEND:VCARD\r\n", 20);
	struct slice in = { (const uint8_t *)text, n - 1 };
	struct object_run run = object_run_all(
	    (struct object_job){ .reader = &body_vcard, .in = in });
	assert_true(run.object->whole);
	assert_true(slice_is(run.object->summary, "a"));
	arena_free(run.arena);
	memcpy(text + 20, "EMAIL:", 6);
	run = object_run_all((struct object_job){ .reader = &body_vcard, .in = in });
	assert_false(run.object->whole);
	arena_free(run.arena);
	free(text);
}

static void test_little_memory(void **state)
{
	(void)state;
	for (size_t budget = 256; budget < 8000; budget += 97) {
		struct object_job job = { .reader = &body_vcard,
			.in = slice_from(otto),
			.budget = budget };
		struct object_run run = object_run_all(job);
		if (run.object != NULL && run.object->whole)
			assert_true(slice_is(run.object->uid, "urn:uuid:1"));
		arena_free(run.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_card),
		cmocka_unit_test(test_several_cards),
		cmocka_unit_test(test_texts_that_are_not_whole),
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_a_picture_leaves_the_card_whole),
		cmocka_unit_test(test_little_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
