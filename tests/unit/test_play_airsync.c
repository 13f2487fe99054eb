/*
 * test_play_airsync.c - play/wbxml.c and play/airsync.c: a Sync byte by byte, written and read again, and
 * bytes that are none.
 */
#include "play/airsync.h"
#include "play/wbxml.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct text *page(void)
{
	static struct text page;
	text_clear(&page);
	return &page;
}

static struct slice bytes_of(const struct text *t)
{
	return (struct slice){ guard_copy(t->p, t->n), t->n };
}

/* As samples/kb923164-before.talk has it, typed by hand there. */
static void test_bytes_of_an_answer(void **state)
{
	(void)state;
	static const uint8_t expected[] = { 0x03, 0x01, 0x6a, 0x00, 0x45, 0x5c, 0x4f, 0x50, 0x03,
		'C', 'a', 'l', 'e', 'n', 'd', 'a', 'r', 0x00, 0x01, 0x4b, 0x03, '{', 'K', '}', '7',
		0x00, 0x01, 0x52, 0x03, 'c', '1', 0x00, 0x01, 0x4e, 0x03, '5', 0x00, 0x01, 0x01,
		0x01, 0x01 };
	struct sync s = { .key = "{K}7",
		.class_named = true,
		.status = STATUS_ERROR,
		.item_status = STATUS_NONE };
	struct text *t = page();
	sync_write_answer(t, &s);
	assert_int_equal(t->n, sizeof expected);
	assert_memory_equal(t->p, expected, sizeof expected);
}

static struct sync add(bool structured)
{
	struct sync s = { .key = "{K}12",
		.command = COMMAND_ADD,
		.client_id = "9",
		.item = { "uid-1", REVISION_EDITED },
		.structured = structured,
		.status = STATUS_NONE,
		.item_status = STATUS_NONE };
	if (structured)
		text_copy(s.client_uid, sizeof s.client_uid, slice_from("cuid"));
	return s;
}

/* Before and from 16.0 on a Location is written differently. */
static void test_requests_come_back(void **state)
{
	(void)state;
	for (unsigned structured = 0; structured < 2; structured++) {
		struct sync s = add(structured == 1), back;
		struct text *t = page();
		sync_write_request(t, &s);
		assert_true(sync_read(bytes_of(t), &back));
		assert_string_equal(back.key, "{K}12");
		assert_int_equal(back.command, COMMAND_ADD);
		assert_string_equal(back.client_id, "9");
		assert_string_equal(back.item.uid, "uid-1");
		assert_string_equal(back.client_uid, structured ? "cuid" : "");
		assert_int_equal(back.item.revision, REVISION_EDITED);
		assert_int_equal(back.status, STATUS_NONE);
	}
}

static void test_answers_come_back(void **state)
{
	(void)state;
	struct sync s = add(false), back;
	struct text *t = page();
	s.status = STATUS_OK;
	s.item_status = STATUS_GONE;
	text_copy(s.server_id, sizeof s.server_id, slice_from("3"));
	sync_write_answer(t, &s);
	assert_true(sync_read(bytes_of(t), &back));
	assert_int_equal(back.status, STATUS_OK);
	assert_int_equal(back.item_status, STATUS_GONE);
	assert_string_equal(back.server_id, "3");
	assert_string_equal(back.client_id, "9");
}

/* What is cut is none, at every byte. */
static void test_cut(void **state)
{
	(void)state;
	struct sync s = add(true), back;
	struct text *t = page();
	sync_write_request(t, &s);
	for (size_t n = 0; n < t->n; n++)
		assert_false(sync_read((struct slice){ guard_copy(t->p, n), n }, &back));
}

static void test_other_bytes(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"\x03\x01\x6a\x00", /* nothing in it */
		"\x03\x01\x6a\x00\x01", /* an end of nothing */
		"\x03\x01\x6a\x00\x46\x01", /* another root */
		"\x03\x01\x6a\x00\xc5\x01\x01", /* attributes */
		"\x03\x01\x6a\x00\x45\x04\x01", /* a literal */
		"\x02\x01\x6a\x00\x45\x01", /* another version */
	};
	static const size_t sizes[] = { 4, 5, 6, 7, 7, 6 };
	struct sync back;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		assert_false(
		    sync_read((struct slice){ guard_copy(wrong[i], sizes[i]), sizes[i] }, &back));
	assert_true(
	    sync_read((struct slice){ guard_copy("\x03\x01\x6a\x00\x45\x01", 6), 6 }, &back));
}

/* After the end, and after a mistake, nothing follows. */
static void test_reader_stays_at_its_end(void **state)
{
	(void)state;
	struct wbxml_in in = wbxml_read(
	    (struct slice){ guard_copy("\x03\x01\x6a\x00\x45\x01", 6), 6 });
	assert_int_equal(wbxml_next(&in).kind, WBXML_OPEN);
	assert_int_equal(wbxml_next(&in).kind, WBXML_CLOSE);
	assert_int_equal(wbxml_next(&in).kind, WBXML_END);
	assert_int_equal(wbxml_next(&in).kind, WBXML_END);
	in = wbxml_read((struct slice){ guard_copy("\x03\x01\x6a\x00\x45", 5), 5 });
	assert_int_equal(wbxml_next(&in).kind, WBXML_OPEN);
	assert_int_equal(wbxml_next(&in).kind, WBXML_BAD);
	assert_int_equal(wbxml_next(&in).kind, WBXML_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_of_an_answer),
		cmocka_unit_test(test_requests_come_back),
		cmocka_unit_test(test_answers_come_back),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_other_bytes),
		cmocka_unit_test(test_reader_stays_at_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
