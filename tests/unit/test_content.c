/*
 * test_content.c - decode/content.c: media types, codings, gaps; every sample is fed whole, byte by
 * byte and in random pieces.
 */
#include "decode/content.h"
#include "tests/unit/airsync_text.h"
#include "tests/unit/job_run.h"

#include <zlib.h>

static void give(void *ctx, struct slice s)
{
	content_data(ctx, s);
}

static struct record *run_way(struct job job, struct feeder *f, int way)
{
	struct bench b = bench_open(job.limit, job.budget);
	struct inflate_sum sum = { 0 };
	const struct content_options options = {
		.limits = &b.limits,
		.media_type = slice_from(job.type != NULL ? job.type : ""),
		.coding = slice_from(job.coding != NULL ? job.coding : ""),
		.root_only = job.root_only,
		.wish = job.wish,
		.hash = job.hash,
		.unpacked = &sum,
	};
	struct content *c = content_new(&options, b.arena,
	    (struct content_sink){ record_anomaly, b.record });
	if (c != NULL) {
		feed(f, way, job.in, give, c);
		if (job.behind_gap.p != NULL) {
			content_gap(c, 5);
			feed(f, way, job.behind_gap, give, c);
		}
		struct body body = { .gap_bytes = 77 };
		content_end(c, !job.cut, &body);
		assert_int_equal(body.gap_bytes, 77);
		record_body(b.record, &body);
		if (body.airsync != NULL)
			record_airsync(b.record, body.airsync);
		record_hash(b.record, "hash", body.hash);
	}
	return bench_close(&b);
}

static void check(struct job job, const char *want)
{
	struct record *r = run_all(job);
	char *hash = strstr(r->text, " hash ");
	if (hash != NULL)
		*hash = '\0';
	assert_string_equal(r->text, want);
	free(r);
}

static struct slice gzipped(struct slice in)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	uint8_t *out = malloc(in.n + 1000);
	z.next_in = (Bytef *)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = out;
	z.avail_out = (uInt)(in.n + 1000);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	struct slice s = { out, z.total_out };
	deflateEnd(&z);
	return s;
}

static void free_slice(struct slice s)
{
	free((void *)s.p);
}

static void test_media_types(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		enum body_kind kind;
	} types[] = {
		{ "text/xml", BODY_XML },
		{ "TEXT/XML; charset=\"utf-8\"", BODY_XML },
		{ " application/xml ;x", BODY_XML },
		{ "application/soap+XML", BODY_XML },
		{ "application/rss+xml;a", BODY_XML },
		{ "+xml", BODY_OTHER },
		{ "text/xmlx", BODY_OTHER },
		{ "xtext/xml", BODY_OTHER },
		{ "text", BODY_OTHER },
		{ "", BODY_OTHER },
		{ "text/calendar;charset=utf-8", BODY_CALENDAR },
		{ "application/ical", BODY_CALENDAR },
		{ "text/vcard", BODY_VCARD },
		{ "text/x-vcard", BODY_VCARD },
		{ "text/directory", BODY_VCARD },
		{ "message/rfc822", BODY_MIME },
		{ "application/vnd.ms-sync.wbxml", BODY_WBXML },
		{ "application/vnd.ms-sync", BODY_WBXML },
		{ "application/vnd.ms-sync.multipart", BODY_WBXML },
		{ "application/vnd.ms-sync.wbxmlx", BODY_OTHER },
		{ "text/html;a=text/xml", BODY_OTHER },
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(content_kind(slice_from(types[i].type)), types[i].kind);
}

static void test_an_empty_body_says_nothing(void **state)
{
	(void)state;
	check((struct job){ .type = "text/xml" }, "none 0 0 complete\n");
	check((struct job){ .type = "text/calendar", .coding = "br" }, "none 0 0 complete\n");
	check((struct job){ .type = "text/xml", .coding = "gzip", .cut = true }, "none 0 0\n");
	check((struct job){ 0 }, "none 0 0 complete\n");
}

static void test_bodies_by_media_type(void **state)
{
	(void)state;
	check((struct job){ .in = SLICE("<a/>"), .type = "text/xml" },
	    "xml 4 4 complete\nroot |a whole\n");
	check((struct job){ .in = SLICE("ORGANIZER:x"), .type = "text/calendar" },
	    "calendar 11 11 complete organizer\n");
	check((struct job){ .in = SLICE("UID:x"), .type = "text/calendar" },
	    "calendar 5 5 complete no-organizer\n");
	check((struct job){ .in = SLICE("UID:x"), .type = "text/calendar", .cut = true },
	    "calendar 5 5\n");
	check((struct job){ .in = SLICE("ORGANIZER:x"), .type = "text/vcard" },
	    "vcard 11 11 complete\n");
	check((struct job){ .in = SLICE("\3\1j\0\5"), .type = "application/vnd.ms-sync.wbxml" },
	    "wbxml 5 5 complete\nSync whole\n");
	check((struct job){ .in = SLICE("\1\0\0\0\14\0\0\0\5\0\0\0\3\1j\0\5"),
		  .type = "application/vnd.ms-sync.multipart" },
	    "wbxml 17 17 complete\nSync whole\n");
	check((struct job){ .in = SLICE("<a/>"), .type = "text/html" }, "other 4 4 complete\n");
	check((struct job){ .in = SLICE("<html><br></html>"), .type = "text/xml" },
	    "!xml.malformed\nxml 17 17 complete\nroot |html\n");
	check((struct job){ .in = SLICE("oops"), .type = "text/xml" },
	    "!xml.malformed\nxml 4 4 complete\n");
}

static void test_without_media_type_the_first_bytes_decide(void **state)
{
	(void)state;
	static const struct {
		const char *start;
		bool xml;
	} starts[] = {
		{ "<?xml version='1.0'?><a/>", true },
		{ "<a/>", true },
		{ "\xef\xbb\xbf \r\n\t<a/>", true },
		{ "<D:a xmlns:D='DAV:'/>", true },
		{ "<_/>", true },
		{ "<\xc3\xa4/>", true },
		{ "<?xml", true },
		{ "<!DOCTYPE html>", false },
		{ "<", false },
		{ "< a/>", false },
		{ "<1/>", false },
		{ "x<a/>", false },
		{ " BEGIN:VCALENDAR", false },
		{ "\xef\xbb\xbf", false },
		{ "<?php", false },
		{ "   ", false },
	};
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct record *r = run_all(
		    (struct job){ .in = slice_from(starts[i].start), .type = i % 2 ? " " : "" });
		assert_int_equal(strstr(r->text, "xml ") != NULL, starts[i].xml);
		assert_int_equal(strstr(r->text, "other ") != NULL, !starts[i].xml);
		free(r);
	}
	check((struct job){ .in = SLICE("BEGIN:VCALENDAR") },
	    "calendar 15 15 complete no-organizer\n");
	check((struct job){ .in = SLICE("begin:vcard\nend:vcard\n") },
	    "vcard 22 22 complete\ncard uids 0 master whole\n");
	check((struct job){ .in = SLICE("content-class: x\nSubject: a\n\n") },
	    "mime 29 29 complete\nother summary [a] uids 0 whole\n");
	check((struct job){ .in = SLICE("\xff\xfe<\0a\0/\0>\0") },
	    "xml 10 10 complete\nroot |a whole\n");
	check((struct job){ .in = SLICE("\xfe\xff\0<\0a\0/\0>") },
	    "xml 10 10 complete\nroot |a whole\n");
	char text[300];
	snprintf(text, sizeof(text), "%70s<a/>", "");
	check((struct job){ .in = slice_from(text) }, "other 74 74 complete\n");
	snprintf(text, sizeof(text), "%60s<a>%100s</a>", "", "");
	check((struct job){ .in = slice_from(text) }, "xml 167 167 complete\nroot |a whole\n");
}

static void test_codings(void **state)
{
	(void)state;
	struct slice xml = SLICE("<a>1234567890123456789012345678901234567890</a>"),
		     in = gzipped(xml);
	char want[200];
	snprintf(want, sizeof(want), "xml %u 47 complete\nroot |a whole\n", (unsigned)in.n);
	check((struct job){ .in = in, .type = "text/xml", .coding = "gzip" }, want);
	check((struct job){ .in = in, .type = "text/xml", .coding = " X-GZIP\t" }, want);
	check((struct job){ .in = in, .coding = "gzip" }, want);
	snprintf(want, sizeof(want), "!body.bad-coding\nxml %u 0 undecodable\n", (unsigned)in.n);
	check((struct job){ .in = in, .type = "text/xml", .coding = "br" }, want);
	check((struct job){ .in = in, .type = "text/xml", .coding = "gzip, gzip" }, want);
	check((struct job){ .in = xml, .type = "text/xml", .coding = "gzip" },
	    "!body.bad-coding\nxml 47 0 undecodable\n");
	check((struct job){ .in = xml, .type = "text/xml", .coding = "identity" },
	    "xml 47 47 complete\nroot |a whole\n");
	check((struct job){ .in = SLICE("ORGANIZER:x"), .type = "text/calendar", .coding = "zstd" },
	    "!body.bad-coding\ncalendar 11 0 undecodable\n");
	free_slice(in);
}

static void test_damaged_codings_prove_no_absence(void **state)
{
	(void)state;
	struct slice in = gzipped(SLICE("BEGIN:VCALENDAR\r\nUID:1\r\nEND:VCALENDAR\r\n"));
	char want[200];
	for (size_t n = 1; n < in.n; n++) {
		struct record *r = run_all((struct job){ .in = slice_part(in, 0, n),
		    .type = "text/calendar",
		    .coding = "gzip" });
		assert_non_null(strstr(r->text, "!body.bad-coding\n"));
		assert_non_null(strstr(r->text, " undecodable"));
		assert_null(strstr(r->text, "organizer"));
		free(r);
		struct feeder f = feeder_new(in.n);
		r = run_way((struct job){ .in = slice_part(in, 0, n),
				.type = "text/calendar",
				.coding = "gzip",
				.cut = true },
		    &f, WHOLE);
		assert_null(strstr(r->text, "!"));
		assert_null(strstr(r->text, "organizer"));
		assert_null(strstr(r->text, "undecodable"));
		free(r);
	}
	snprintf(want, sizeof(want), "calendar %u 39 complete no-organizer\n", (unsigned)in.n);
	check((struct job){ .in = in, .type = "text/calendar", .coding = "gzip" }, want);
	free_slice(in);
}

static void test_a_bomb_is_refused_and_what_came_before_stays(void **state)
{
	(void)state;
	struct slice zeros = { calloc(1, 1000000), 1000000 };
	memcpy((void *)zeros.p, "ORGANIZER:x\r\n", 13);
	struct slice in = gzipped(zeros);
	struct record *r = run_all(
	    (struct job){ .in = in, .type = "text/calendar", .coding = "gzip" });
	assert_int_equal(strncmp(r->text, "!http.bomb\ncalendar ", 20), 0);
	assert_non_null(strstr(r->text, " undecodable organizer"));
	free(r);
	free_slice(zeros);
	free_slice(in);
}

static void test_nothing_behind_a_gap_is_read(void **state)
{
	(void)state;
	check((struct job){ .in = SLICE("<a><b/>"),
		  .behind_gap = SLICE("</a>"),
		  .type = "text/xml" },
	    "xml 11 11\nroot |a\n");
	check((struct job){ .in = SLICE("UID:1\r\n"),
		  .behind_gap = SLICE("ORGANIZER:x\r\n"),
		  .type = "text/calendar" },
	    "calendar 20 20\n");
	check((struct job){ .in = SLICE("ORGANIZER:x\r\n"),
		  .behind_gap = SLICE("UID:1\r\n"),
		  .type = "text/calendar" },
	    "calendar 20 20 organizer\n");
	check((struct job){ .behind_gap = SLICE("<a/>") }, "other 4 4\n");
	check((struct job){ .behind_gap = SLICE(""), .type = "text/xml" }, "xml 0 0\n");
	check((struct job){ .in = SLICE("<a"), .behind_gap = SLICE("/>") }, "xml 4 4\n");
	struct slice in = gzipped(SLICE("<propfind xmlns='DAV:'><allprop/></propfind>"));
	char want[200];
	snprintf(want, sizeof(want),
	    "xml %u 44\nroot DAV:|propfind\nxmlns DAV:\n DAV:|allprop 0 0 []\n", (unsigned)in.n);
	check((struct job){ .in = slice_part(in, 0, in.n - 4),
		  .behind_gap = slice_part(in, in.n - 4, 4),
		  .type = "text/xml",
		  .coding = "gzip" },
	    want);
	free_slice(in);
}

static void test_root_only_costs_no_more_than_the_root(void **state)
{
	(void)state;
	char *text = malloc(200100);
	size_t n = (size_t)snprintf(text, 200100, "<a>");
	for (uint32_t x = 1; n < 200000; x = x * 1664525u + 1013904223u)
		n += (size_t)snprintf(text + n, 200100 - n, "<b>%x</b>", x >> 20);
	struct slice xml = { (const uint8_t *)text, n }, in = gzipped(xml);
	struct record *r = run_all(
	    (struct job){ .in = in, .type = "text/xml", .coding = "gzip", .root_only = true });
	unsigned bytes, decoded;
	assert_int_equal(sscanf(r->text, "xml %u %u complete\nroot |a\n", &bytes, &decoded), 2);
	assert_int_equal(bytes, in.n);
	assert_true(decoded <= 3 * 4096);
	free(r);
	char want[100];
	snprintf(want, sizeof(want), "xml %u %u complete\nroot |a\n", (unsigned)n, (unsigned)n);
	check((struct job){ .in = xml, .type = "text/xml", .root_only = true }, want);
	free_slice(in);
	free(text);
}

static void test_what_is_not_asked_for_is_only_named(void **state)
{
	(void)state;
	struct slice event = SLICE("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\nORGANIZER:mailto:a@"
				   "example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	struct slice none = SLICE(
	    "BEGIN:VCALENDAR\r\nX-A;ORGANIZER=b:c\r\n d\r\nEND:VCALENDAR\r\n");
	struct job job = { .in = event, .type = "text/calendar", .wish = CONTENT_ORGANIZER };
	check(job, "calendar 97 97 complete organizer\n");
	job.in = none;
	check(job, "calendar 55 55 complete no-organizer\n");
	job.wish = CONTENT_XML;
	check(job, "calendar 55 55 complete\n");
	check((struct job){ .in = SLICE("BEGIN:VCARD\r\nUID:u\r\nEND:VCARD\r\n"),
		  .type = "text/vcard",
		  .wish = CONTENT_ORGANIZER },
	    "vcard 31 31 complete\n");
	check((struct job){ .in = SLICE("<a/>"), .type = "text/xml", .wish = CONTENT_XML },
	    "xml 4 4 complete\nroot |a whole\n");
}

static void test_an_anomaly_is_told_once_a_body(void **state)
{
	(void)state;
	check((struct job){ .in = SLICE("<a><0/><0/>&#1;&#2;</a>"), .type = "text/xml" },
	    "!xml.sanitised\nxml 23 23 complete\nroot |a whole\n");
	check(
	    (struct job){
		.in = SLICE(
		    "<multistatus xmlns='DAV:'><response/><response/><response/></multistatus>"),
		.type = "text/xml",
		.limit = "items=0" },
	    "!xml.limit\nxml 73 73 complete\nroot DAV:|multistatus\nxmlns DAV:\nseen 3\n");
}

static void test_every_budget_is_survived(void **state)
{
	(void)state;
	struct slice xml = SLICE(
	    "<multistatus xmlns='DAV:'><response><href>/a</href></response></multistatus>");
	struct slice in = gzipped(xml);
	struct feeder f = feeder_new(xml.n);
	size_t refused = 0, whole = 0;
	for (size_t budget = 100; budget < 100000; budget += 200) {
		struct record *r = run_way((struct job){ .in = in,
					       .type = "text/xml",
					       .coding = "gzip",
					       .budget = budget },
		    &f, BYTES);
		bool is_whole = strstr(r->text, "whole") != NULL;
		whole += is_whole;
		refused += strncmp(r->text, "!http.txn-limit\n", 16) == 0;
		assert_true(
		    r->n == 0 || is_whole || strncmp(r->text, "!http.txn-limit\n", 16) == 0);
		free(r);
	}
	assert_true(refused > 20 && whole > 20);
	free_slice(in);
}

/* What is missing when memory runs out must not depend on the pieces either. */
static void test_every_budget_gives_one_result(void **state)
{
	(void)state;
	char *text = malloc(9100);
	size_t n = (size_t)snprintf(text, 9100, "<multistatus xmlns='DAV:'>");
	while (n < 9000)
		n += (size_t)snprintf(text + n, 9100 - n, "<response><href>/%u</href></response>",
		    (unsigned)n);
	struct job job = { .in = { (const uint8_t *)text, n }, .cut = true };
	for (job.budget = 1000; job.budget < 80000; job.budget += 1777) {
		job.type = job.budget % 2 ? "text/xml" : "";
		free(run_all(job));
	}
	free(text);
}

/* The hash that these bytes have, as it is written down. */
static const char *hash_line(struct slice s)
{
	static char line[40];
	struct hash_run h = { 0 };
	hash_add(&h, s);
	snprintf(line, sizeof(line), " hash %016llx", (unsigned long long)hash_sum(&h));
	return line;
}

static void test_hashes(void **state)
{
	(void)state;
	char text[9000];
	memset(text, 'x', sizeof(text));
	struct slice in = { (const uint8_t *)text, sizeof(text) }, coded = gzipped(in);
	static const struct {
		const char *type;
		bool asked, has;
	} cases[] = {
		{ "application/xml", false, false },
		{ "application/xml", true, true },
		{ "image/png", false, false },
		{ "image/png", true, true },
		{ "", true, true },
		{ "text/calendar", false, true },
		{ "text/vcard", false, true },
		{ "message/rfc822", false, true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = { .in = in, .type = cases[i].type, .hash = cases[i].asked };
		for (int way = 0; way < 4; way++) {
			job.in = way == 1 ? coded : in;
			job.coding = way == 1 ? "gzip" : NULL;
			job.cut = way == 2;
			job.behind_gap = way == 3 ? SLICE("x") : (struct slice){ NULL, 0 };
			struct record *r = run_all(job);
			const char *hash = strstr(r->text, " hash");
			bool has = cases[i].has && way < 2;
			assert_string_equal(hash != NULL ? hash : "", has ? hash_line(in) : "");
			free(r);
		}
	}
	struct record *r = run_all((struct job){ .in = SLICE("BEGIN:VCARD"), .type = "" });
	assert_non_null(strstr(r->text, hash_line(SLICE("BEGIN:VCARD"))));
	free(r);
	free_slice(coded);
}

static void test_a_body_can_be_abandoned(void **state)
{
	(void)state;
	content_abandon(NULL);
	struct limits limits = limits_default();
	struct arena *arena = arena_new(limits.txn_bytes);
	struct record *r = calloc(1, sizeof(*r));
	struct content_options options = { .limits = &limits, .media_type = SLICE("text/xml") };
	struct content *c = content_new(&options, arena,
	    (struct content_sink){ record_anomaly, r });
	content_abandon(c);
	c = content_new(&options, arena, (struct content_sink){ record_anomaly, r });
	char *text = malloc(9000);
	memset(text, ' ', 9000);
	memcpy(text, "<a>", 3);
	content_data(c, (struct slice){ (const uint8_t *)text, 9000 });
	content_abandon(c);
	assert_string_equal(r->text, "");
	free(text);
	free(r);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_media_types),
		cmocka_unit_test(test_an_empty_body_says_nothing),
		cmocka_unit_test(test_bodies_by_media_type),
		cmocka_unit_test(test_without_media_type_the_first_bytes_decide),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_damaged_codings_prove_no_absence),
		cmocka_unit_test(test_a_bomb_is_refused_and_what_came_before_stays),
		cmocka_unit_test(test_nothing_behind_a_gap_is_read),
		cmocka_unit_test(test_root_only_costs_no_more_than_the_root),
		cmocka_unit_test(test_what_is_not_asked_for_is_only_named),
		cmocka_unit_test(test_an_anomaly_is_told_once_a_body),
		cmocka_unit_test(test_every_budget_is_survived),
		cmocka_unit_test(test_every_budget_gives_one_result),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_a_body_can_be_abandoned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
