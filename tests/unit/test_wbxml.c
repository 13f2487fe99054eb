/*
 * test_wbxml.c - decode/wbxml.c, wbxml_pages.c: every token of the grammar, whole, byte by byte and in
 * random pieces, and what becomes of documents that break it.
 */
#include "decode/wbxml.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HEAD "\x03\x01\x6a\x00"
#define BYTES_OF(literal) (const uint8_t *)(literal), sizeof(literal) - 1

struct job {
	const uint8_t *p;
	size_t n;
	const char *limit;
	bool cut;
	size_t stop; /* no more is wanted behind so many events */
	size_t budget;
};

/* Text of one element in pieces is written as one, so that pieces do not show. */
struct run {
	struct record *record;
	bool in_text;
	size_t events, stop;
};

static bool run_event(struct run *r)
{
	r->events++;
	return r->stop == 0 || r->events < r->stop;
}

static void run_part(struct run *r, bool text)
{
	if (r->in_text && !text)
		record_add(r->record, "\"");
	else if (!r->in_text && text)
		record_add(r->record, "\"");
	r->in_text = text;
}

static bool on_start(void *ctx, const struct wbxml_tag *tag)
{
	struct run *r = ctx;
	struct slice name = wbxml_tag_name(tag->page, tag->token);
	run_part(r, false);
	if (tag->token == WBXML_LITERAL)
		record_slice(r->record, "<:", tag->literal);
	else if (name.n > 0)
		record_slice(r->record, "<", name);
	else
		record_add(r->record, "<%u.%02x", tag->page, tag->token);
	return run_event(r);
}

static bool on_text(void *ctx, struct slice s)
{
	struct run *r = ctx;
	assert_true(s.n > 0);
	run_part(r, true);
	record_slice(r->record, "", s);
	return r->stop == 0 || run_event(r);
}

static bool on_end(void *ctx)
{
	struct run *r = ctx;
	run_part(r, false);
	record_add(r->record, ">");
	return run_event(r);
}

static void give(void *ctx, struct slice s)
{
	wbxml_data(ctx, s);
}

static struct record *run_way(struct job job, struct feeder *f, int way)
{
	struct record *record = calloc(1, sizeof(*record));
	struct run r = { .record = record, .stop = job.stop };
	struct limits limits = limits_default();
	struct error e;
	if (job.limit != NULL)
		assert_true(limits_set(&limits, job.limit, &e));
	struct arena *arena = arena_new(job.budget > 0 ? job.budget : limits.txn_bytes);
	const struct wbxml_events events = { on_start, on_text, on_end, &r };
	struct wbxml *w = wbxml_new(&limits, arena, events,
	    (struct content_sink){ record_anomaly, record });
	assert_non_null(w);
	feed(f, way, (struct slice){ job.p, job.n }, give, w);
	bool whole = wbxml_end(w, !job.cut);
	run_part(&r, false);
	record_add(record, "%s", whole ? " whole" : "");
	arena_free(arena);
	return record;
}

static void check_job(struct job job, const char *want)
{
	struct feeder f = feeder_new(job.n);
	for (int way = WHOLE; way <= LAST_SEED; way++) {
		struct record *r = run_way(job, &f, way);
		assert_string_equal(r->text, want);
		free(r);
	}
}

static void check_bytes(const uint8_t *p, size_t n, const char *want)
{
	check_job((struct job){ .p = p, .n = n }, want);
}

#define CHECK(bytes, want) check_bytes(BYTES_OF(bytes), want)
#define BAD "!wbxml.malformed\n"

static void test_elements_and_texts(void **state)
{
	(void)state;
	CHECK(HEAD "\x45\x5c\x4f\x4b\x03"
		   "0\0\x01\x01\x01\x01",
	    "<Sync<Collections<Collection<SyncKey\"0\">>>> whole");
	CHECK(HEAD "\x05", "<Sync> whole");
	CHECK(HEAD "\x45\x01", "<Sync> whole");
	CHECK(HEAD "\x45\x03\0\x01", "<Sync> whole");
	CHECK(HEAD "\x45\x13\x14\x01", "<Sync<GetChanges><MoreAvailable>> whole");
	CHECK(HEAD "\x4b\x03"
		   "a\0\x03"
		   "b\0\xc3\x02"
		   "c\0\x01",
	    "<SyncKey\"abc\"> whole");
}

/* Pages stay switched, and the same token means other things on other pages. */
static void test_pages(void **state)
{
	(void)state;
	CHECK(HEAD "\x45\x00\x04\x12\x00\x00\x12\x01", "<Sync<EndTime><CollectionId>> whole");
	CHECK(HEAD "\x00\x07\x56\x52\x03"
		   "1\0\x01\x01\x00\x00",
	    "<FolderSync<SyncKey\"1\">> whole");
	CHECK(HEAD "\x45\x00\x1a\x05\x00\xff\x3f\x00\x03\x17\x01",
	    "<Sync<26.05><255.3f><DeviceFriendlyName>> whole");
	CHECK(HEAD "\x00\x19\x05", "<Find> whole");
}

static void test_string_table(void **state)
{
	(void)state;
	CHECK("\x03\x01\x6a\x08"
	      "one\0two\0"
	      "\x4b\x83\x04\x83\x00\x83\x05\x01",
	    "<SyncKey\"twoonewo\"> whole");
	/* an index behind the table, a string that the table cuts */
	CHECK("\x03\x01\x6a\x02"
	      "ab"
	      "\x45\x4b\x83\x09\x01\x4b\x83\x00\x01\x01",
	    "<Sync<SyncKey" BAD "><SyncKey\"ab" BAD "\">>");
	CHECK("\x03\x01\x6a\x03\0\0\0"
	      "\x4b\x83\x01\x01",
	    "<SyncKey> whole");
	/* a table ahead of a public id that is in it */
	CHECK("\x03\x00\x00\x6a\x02p\0\x05", "<Sync> whole");
}

static void test_literals(void **state)
{
	(void)state;
	CHECK("\x03\x01\x6a\x04Odd\0\x45\x04\x00\x44\x00\x03"
	      "x\0\x01\x84\x00\x01\xc4\x00\x01\x01\x01",
	    "<Sync" BAD "<:Odd>" BAD "<:Odd\"x\">" BAD "<:Odd>" BAD "<:Odd>>");
	CHECK("\x03\x01\x6a\x04Odd\0\x04\x00", BAD "<:Odd>");
	CHECK(HEAD "\x45\x04\x07\x01", "<Sync" BAD BAD "<:>>");
}

static void test_entities(void **state)
{
	(void)state;
	CHECK(HEAD "\x4b\x02\x41\x02\x81\x60\x02\xc1\x2c\x02\x87\xec\x53\x01",
	    "<SyncKey\"A\xc3\xa0\xe2\x82\xac\xf0\x9f\x99\x93\"> whole");
	/* none of these is a character: zero, half of a pair, beyond Unicode */
	CHECK(HEAD "\x4b\x02\x00\x01", "<SyncKey" BAD ">");
	CHECK(HEAD "\x4b\x02\x83\xb0\x00\x01", "<SyncKey" BAD ">");
	CHECK(HEAD "\x4b\x02\xc4\x80\x00\x01", "<SyncKey" BAD ">");
}

static void test_opaque(void **state)
{
	(void)state;
	CHECK(HEAD "\x45\xc3\x00\x03x\0\x01", "<Sync\"x\"> whole");
	uint8_t long_one[4 + 1 + 3 + 200 + 1] = HEAD "\x45\xc3\x81\x48";
	memset(long_one + 8, 'y', 200);
	long_one[sizeof(long_one) - 1] = 1;
	char want[256] = "<Sync\"";
	memset(want + 6, 'y', 200);
	memcpy(want + 206, "\"> whole", sizeof("\"> whole"));
	check_bytes(long_one, sizeof(long_one), want);
	/* longer than the body, up to what a length can say */
	CHECK(HEAD "\x45\xc3\x8f\xff\xff\xff\x7f"
		   "abc",
	    "<Sync\"abc" BAD "\"");
}

/* ActiveSync has none of these; what they stand for is skipped where its end can be told. */
static void test_attributes_and_instructions_are_skipped(void **state)
{
	(void)state;
	CHECK(HEAD "\x85\x05\x03"
		   "v\0\x01",
	    "<Sync> whole");
	CHECK(
	    "\x03\x01\x6a\x02n\0"
	    "\xc5\x05\x85\x83\x00\x04\x00\x02\x41\xc3\x02\x01\x01\xc0\x80\x05\x40x\0\x00\x09\x01\x0b\x01",
	    "<Sync<SyncKey>> whole");
	CHECK(HEAD "\x43\x05\x03p\0\x01\x45\x43\x06\x01\x0b\x01\x43\x05\x01",
	    "<Sync<SyncKey>> whole");
	/* the page of attributes is not the page of tags */
	CHECK(HEAD "\xc5\x00\x07\x05\x01\x0b\x01", "<Sync<SyncKey>> whole");
	CHECK(HEAD "\x43\x43\x01", BAD);
}

static void test_extensions_lose_their_meaning_only(void **state)
{
	(void)state;
	CHECK(HEAD "\x45\x40"
		   "abc\0\x0b\x42\0\x80\x81\x00\x82\x01\xc0\xc2\x0c\x01",
	    "<Sync" BAD "<SyncKey>" BAD BAD BAD BAD BAD "<ClientId>>");
}

static void test_charsets(void **state)
{
	(void)state;
	CHECK("\x03\x01\x04\x02\xe9\0\x4b\x03\xc4\0\x83\x00\x01",
	    "<SyncKey\"\xc3\x84\xc3\xa9\"> whole");
	CHECK("\x03\x01\x03\x00\x4b\x03"
	      "a\0\x01",
	    "<SyncKey\"a\"> whole");
	CHECK("\x03\x01\x00\x00\x4b\x03"
	      "a\0\x01",
	    "<SyncKey\"a\"> whole");
	/* UTF-16: two zero bytes end a string; opaque data is no text */
	CHECK("\x03\x01\x87\x77\x00\x4b\x03\0a\x01\0\x20\xac\0\0\xc3\x01\xff\x01",
	    "<SyncKey\"a\xc4\x80\xe2\x82\xac\xff\"> whole");
	CHECK("\x03\x01\x87\x76\x00\x4b\x03"
	      "a\0\0\x01\0\0\x01",
	    "<SyncKey\"a\xc4\x80\"> whole");
	/* Shift_JIS: only its ASCII is sure */
	CHECK("\x03\x01\x11\x00\x4b\x03"
	      "a\0\x01",
	    BAD "<SyncKey\"a\">");
}

static void test_versions(void **state)
{
	(void)state;
	CHECK("\x01\x01\x6a\x00\x05", "<Sync> whole");
	CHECK("\x00\x01\x00\x05", "<Sync> whole");
	CHECK("\x04\x01\x6a\x00\x05", BAD);
	CHECK("<html>", BAD);
	CHECK("", BAD);
}

static void test_damaged_documents(void **state)
{
	(void)state;
	CHECK(HEAD "\x01", BAD);
	CHECK(HEAD "\x03"
		   "a\0",
	    BAD);
	CHECK(HEAD "\x45\x01\x01", "<Sync>" BAD);
	CHECK(HEAD "\x05\x05", "<Sync>" BAD);
	CHECK(HEAD "\x05\x03"
		   "a\0",
	    "<Sync>" BAD);
	CHECK(HEAD "\x45\x4b", "<Sync<SyncKey" BAD);
	CHECK(HEAD "\x85\x05", "<Sync" BAD);
	CHECK(HEAD "\x05\x43", "<Sync>" BAD);
	CHECK(HEAD "\x05\x00", "<Sync>" BAD);
	/* numbers of more than 32 bits, and of more bytes than these need */
	CHECK(HEAD "\x45\x02\x90\x80\x80\x80\x00\x01", "<Sync" BAD);
	CHECK(HEAD "\x45\x83\x80\x80\x80\x80\x80\x00\x01", "<Sync" BAD);
	CHECK("\x03\x80\x80\x80\x80\x80\x01\x6a\x00\x05", BAD);
	CHECK(HEAD "\x45\x83\x8f\xff\xff\xff\x7f\x01", "<Sync" BAD ">");
}

/* Cut short, but by the message around it: that is no fault of the document. */
static void test_a_cut_body_is_no_anomaly(void **state)
{
	(void)state;
	static const uint8_t doc[] = HEAD "\x45\x4b\x03"
					  "0";
	check_job((struct job){ .p = doc, .n = sizeof(doc) - 1, .cut = true },
	    "<Sync<SyncKey\"0\"");
	check_job((struct job){ .p = doc, .n = 4, .cut = true }, "");
}

static void check_limited(const uint8_t *p, size_t n, const char *limit, const char *want)
{
	check_job((struct job){ .p = p, .n = n, .limit = limit }, want);
}

static void test_limits(void **state)
{
	(void)state;
	check_limited(BYTES_OF(HEAD "\x45\x4f\x4b\x01\x0b\x01\x01"), "xml_depth=3",
	    "<Sync<Collection<SyncKey><SyncKey>>> whole");
	check_limited(BYTES_OF(HEAD "\x45\x4f\x4b\x0b\x01\x01\x01"), "xml_depth=3",
	    "<Sync<Collection<SyncKey!wbxml.limit\n");
	check_limited(BYTES_OF("\x03\x01\x6a\x04"
			       "abc\0"
			       "\x45\x83\x00\x01"),
	    "xml_token=2", "<Sync\"ab!wbxml.limit\n\">");
	check_limited(BYTES_OF("\x03\x01\x6a\x04"
			       "abc\0"
			       "\x45\x83\x00\x83\x00\x83\x00\x01"),
	    "xml_text=10", "<Sync\"abcabcabc!wbxml.limit\n\"");
}

/* However high the limit is set. */
static void test_depth_ends_somewhere(void **state)
{
	(void)state;
	uint8_t deep[4 + 300];
	memset(deep, 0x45, sizeof(deep));
	memcpy(deep, HEAD, 4);
	struct feeder f = feeder_new(sizeof(deep));
	struct record *r =
	    run_way((struct job){ .p = deep, .n = sizeof(deep), .limit = "xml_depth=1000" }, &f,
		WHOLE);
	assert_int_equal(r->n, WBXML_DEPTH_MAX * 5 + strlen("!wbxml.limit\n"));
	free(r);
}

static void test_reading_ends_when_asked_to(void **state)
{
	(void)state;
	static const uint8_t doc[] = HEAD "\x45\x0b\x4c\x03"
					  "a\0\x01\x01";
	static const char *const want[] = { "<Sync", "<Sync<SyncKey", "<Sync<SyncKey>",
		"<Sync<SyncKey><ClientId" };
	for (size_t i = 0; i < 4; i++)
		check_job((struct job){ .p = doc, .n = sizeof(doc) - 1, .stop = i + 1 }, want[i]);
}

static void test_no_memory_for_the_table(void **state)
{
	(void)state;
	static uint8_t doc[70000] = "\x03\x01\x6a\x83\xff\x7f";
	memset(doc + 6, 'a', 65535);
	check_job((struct job){ .p = doc, .n = sizeof(doc), .budget = 32 << 10 },
	    "!http.txn-limit\n");
}

/* Whatever is left of a document: no fault, nothing invented, never called whole. */
static void test_every_truncation(void **state)
{
	(void)state;
	static const uint8_t doc[] =
	    "\x03\x01\x6a\x04Odd\0\xc5\x05\x03v\0\x01\x4b\x83\x00\x02\x81\x60\x01"
	    "\x00\x04\x56\xc3\x02zz\x01\x44\x00\x40x\0\x80\x05\x01\x43\x05\x01\x01";
	struct feeder f = feeder_new(sizeof(doc));
	for (size_t n = 0; n < sizeof(doc) - 1; n++) {
		struct record *whole = run_way((struct job){ .p = doc, .n = n }, &f, WHOLE);
		struct record *bytes = run_way((struct job){ .p = doc, .n = n }, &f, BYTES);
		assert_string_equal(whole->text, bytes->text);
		assert_null(strstr(whole->text, " whole"));
		free(whole);
		free(bytes);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_true(slice_is(wbxml_page_name(0), "AirSync"));
	assert_true(slice_is(wbxml_page_name(24), "RightsManagement"));
	assert_int_equal(wbxml_page_name(26).n, 0);
	assert_int_equal(wbxml_page_name(255).n, 0);
	assert_true(slice_is(wbxml_tag_name(24, 0x18), "RemoveRightsManagementProtection"));
	assert_int_equal(wbxml_tag_name(24, 0x19).n, 0);
	assert_int_equal(wbxml_tag_name(0, 4).n, 0);
	assert_int_equal(wbxml_tag_name(0, 0).n, 0);
	assert_int_equal(wbxml_tag_name(15, 6).n, 0);
	for (unsigned page = 0; page < 256; page++)
		for (unsigned token = 0; token < 256; token++)
			assert_true(wbxml_tag_name((uint8_t)page, (uint8_t)token).n < 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements_and_texts),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_string_table),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_entities),
		cmocka_unit_test(test_opaque),
		cmocka_unit_test(test_attributes_and_instructions_are_skipped),
		cmocka_unit_test(test_extensions_lose_their_meaning_only),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_damaged_documents),
		cmocka_unit_test(test_a_cut_body_is_no_anomaly),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_depth_ends_somewhere),
		cmocka_unit_test(test_reading_ends_when_asked_to),
		cmocka_unit_test(test_no_memory_for_the_table),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
