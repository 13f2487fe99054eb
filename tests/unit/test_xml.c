/*
 * test_xml.c - decode/xml.c: elements out, hostile input, limits, encodings, silence of the library.
 * Everything is run whole, byte by byte and in random pieces and has to come out the same.
 */
#include "decode/xml.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <time.h>

struct run {
	struct xml *xml;
	struct record out;
	char text[4096]; /* of the innermost element since its last tag */
	size_t n_text;
	uint64_t n_all, starts, ends;
	bool quiet; /* only count */
	size_t stop_at; /* element that ends the reading; 0 = none */
	bool well_formed;
};

static bool on_start(void *ctx, const struct xml_element *e)
{
	struct run *r = ctx;
	r->n_text = 0;
	r->starts++;
	if (!r->quiet)
		record_name(&r->out, "<", e->name);
	for (size_t i = 0; i < e->n_bindings && !r->quiet; i++)
		record_slice(&r->out, " xmlns ", xml_binding(e, i));
	struct slice id = xml_attribute(e, "id");
	if (id.n > 0 && !r->quiet)
		record_slice(&r->out, " id ", id);
	if (!r->quiet)
		record_add(&r->out, ">");
	return r->starts != r->stop_at;
}

static bool on_text(void *ctx, struct slice s)
{
	struct run *r = ctx;
	r->n_all += s.n;
	if (s.n < sizeof(r->text) - r->n_text) {
		memcpy(r->text + r->n_text, s.p, s.n);
		r->n_text += s.n;
	}
	return true;
}

/* Text only counts when its element ends: where an error cuts it is the library's affair. */
static bool on_end(void *ctx)
{
	struct run *r = ctx;
	r->ends++;
	if (!r->quiet)
		record_slice(&r->out, "", (struct slice){ (const uint8_t *)r->text, r->n_text });
	if (!r->quiet)
		record_add(&r->out, "</>");
	r->n_text = 0;
	return true;
}

static void give(void *ctx, struct slice s)
{
	struct run *r = ctx;
	(void)xml_data(r->xml, s);
}

struct job {
	struct slice in;
	const char *limit;
	bool cut, quiet;
	size_t stop_at;
};

static struct run *run_way(struct job job, struct feeder *f, int way)
{
	struct run *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->quiet = job.quiet;
	r->stop_at = job.stop_at;
	struct limits limits = limits_default();
	struct error e;
	if (job.limit != NULL)
		assert_true(limits_set(&limits, job.limit, &e));
	struct arena *arena = arena_new(1 << 20);
	r->xml = xml_new(&limits, arena, (struct xml_events){ on_start, on_text, on_end, r },
	    (struct content_sink){ record_anomaly, &r->out });
	assert_non_null(r->xml);
	feed(f, way, job.in, give, r);
	r->well_formed = xml_end(r->xml, !job.cut);
	arena_free(arena);
	if (r->well_formed)
		record_add(&r->out, "$");
	return r;
}

/* The result of the whole, after all other ways gave the same. */
static struct run *run_all(struct job job, int ways)
{
	struct feeder f = feeder_new(job.in.n < 65536 ? job.in.n : 65536);
	struct run *first = run_way(job, &f, WHOLE);
	for (int way = BYTES; way <= ways; way++) {
		struct run *r = run_way(job, &f, way);
		assert_string_equal(r->out.text, first->out.text);
		assert_int_equal(r->ends, first->ends);
		assert_int_equal(r->starts, first->starts);
		free(r);
	}
	return first;
}

static void check_job(struct job job, const char *want)
{
	struct run *r = run_all(job, LAST_SEED);
	assert_string_equal(r->out.text, want);
	free(r);
}

static void check(const char *in, const char *want)
{
	check_job((struct job){ .in = slice_from(in) }, want);
}

static void test_elements_come_with_namespace_and_text(void **state)
{
	(void)state;
	check("<a/>", "<|a></>$");
	check(
	    "<?xml version=\"1.0\"?>\n<D:a xmlns:D='DAV:' id='7'>x<b xmlns='urn:b' D:id='8'>1&amp;&#50;<![CDATA[<3>]]></b>"
	    "</D:a>\n<!-- -->",
	    "<DAV:|a xmlns DAV: id 7><urn:b|b xmlns urn:b>1&2<3></></>$");
	check("<a xmlns='urn:a'><b xmlns=''/></a>", "<urn:a|a xmlns urn:a><|b xmlns ></></>$");
	check("<p:a/>", "<|a></>$");
}

static void test_what_is_not_well_formed_ends_the_reading(void **state)
{
	(void)state;
	check("<a><b>1</b><c></d></a>", "<|a><|b>1</><|c>!xml.malformed\n");
	check("<a><b>1</b>", "<|a><|b>1</>!xml.malformed\n");
	check("<a/>junk", "<|a></>!xml.malformed\n");
	check("junk", "!xml.malformed\n");
	check("  ", "!xml.malformed\n");
	check("<a>\x01</a>", "<|a>!xml.malformed\n");
	check("<a><b/>\xff</a>", "<|a><|b></>!xml.malformed\n");
	check("<a b='1' b='2'/>", "!xml.malformed\n");
	check("<a>&nbsp;</a>", "<|a>!xml.malformed\n");
	check("<a><b/></>", "<|a><|b></>!xml.malformed\n");
	check("<html><head><link></head></html>", "<|html><|head><|link>!xml.malformed\n");
	check_job((struct job){ .in = SLICE("<a>\0</a>") }, "<|a>!xml.malformed\n");
}

static void test_a_body_cut_short_is_no_error(void **state)
{
	(void)state;
	static const char text[] =
	    "<a><b>1</b><!-- c --><d:0 id='&#1;'>\xc3\xa4</d:0><e><![CDATA[x]]></e></a>";
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct run *r = run_all((struct job){ .in = { (const uint8_t *)text, n },
					    .cut = true },
		    BYTES);
		assert_false(r->well_formed);
		assert_null(strstr(r->out.text, "malformed"));
		free(r);
	}
	check_job((struct job){ .in = SLICE("<a><b>1</b><c/>x"), .cut = true },
	    "<|a><|b>1</><|c></>");
	check_job((struct job){ .in = SLICE("\xff\xfe<\0a\0>\0<\0b\0/\0>\0x"), .cut = true },
	    "<|a><|b></>");
}

static void test_what_exchange_sends_is_mended(void **state)
{
	(void)state;
	check("<a xmlns:d='urn:d'><d:0x8506>1&#01;</d:0x8506></a>",
	    "!xml.sanitised\n!xml.sanitised\n!xml.sanitised\n"
	    "<|a xmlns urn:d><urn:d|0x8506>1\xef\xbf\xbd</></>$");
}

static const char *const doctypes[] = {
	"<!DOCTYPE a>",
	"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
	"<!DOCTYPE",
	"<!DOCTYPE a [",
	"<!DOCTYPE a PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'http://127.0.0.1:9/x.dtd'>",
	"<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;&b;&b;&b;&b;&b;&b;'>]>",
	"<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]>",
	"<!DOCTYPE html>",
	"<!DOCTYPE a [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]>",
	"<!DOCTYPE a [<!ENTITY xxe SYSTEM '/dev/zero'>]>",
	"<!DOCTYPE a [<!ENTITY xxe PUBLIC 'p' 'ftp://127.0.0.1/x'>]>",
	"<!DOCTYPE a [<!ENTITY a1 '&d;'><!ENTITY d '&a1;'>]>",
	"<!DOCTYPE a [<!ENTITY % p '<!ENTITY d \"x\">'> %p;]>",
	"<!DOCTYPE a SYSTEM 'x.dtd' [<!ENTITY % p SYSTEM 'y.dtd'> %p;]>",
	"<!DOCTYPE a [<!ENTITY d SYSTEM 'x' NDATA n><!NOTATION n SYSTEM '/bin/sh'>]>",
	"<!DOCTYPE a [<!ATTLIST a b ENTITY #IMPLIED c CDATA '&d;'>]>",
	"<!DOCTYPE a [<!ELEMENT a (a|(a|(a|(a|a)*)*)*)*>]>",
	"<!DOCTYPE a [<?php x?><!-- ]> -->]>",
	"<!DOCTYPE a SYSTEM '\xff'>",
	"<!DOCTYPE\n\t a\r\n[\n]\n>",
};
enum { DOCTYPES = sizeof(doctypes) / sizeof(doctypes[0]) };

static void test_doctype_ends_the_reading(void **state)
{
	(void)state;
	char text[1024];
	for (size_t i = 0; i < DOCTYPES; i++) {
		snprintf(text, sizeof(text),
		    "<?xml version='1.0'?><!-- <!DOCTYPE --> %s<a>&d;&xxe;</a>", doctypes[i]);
		check(text, "!xml.doctype\n");
		snprintf(text, sizeof(text), "<a><b/>%s<a>&d;&xxe;</a>", doctypes[i]);
		check(text, "<|a><|b></>!xml.doctype\n");
	}
	check("<!doctype html><html></html>", "!xml.malformed\n");
}

static void test_the_listener_can_stop(void **state)
{
	(void)state;
	check_job((struct job){ .in = SLICE("<a><b/><c/></a>junk"), .stop_at = 1 }, "<|a>");
	check_job((struct job){ .in = SLICE("<a><b/><c/></a>junk"), .stop_at = 3 },
	    "<|a><|b></><|c>");
}

static void test_limits_stop_at_their_place(void **state)
{
	(void)state;
	struct slice in = SLICE("<a><b><c>1234</c></b><d/></a>");
	check_job((struct job){ .in = in, .limit = "xml_depth=2" }, "<|a><|b>!xml.limit\n");
	check_job((struct job){ .in = in, .limit = "xml_depth=3" },
	    "<|a><|b><|c>1234</></><|d></></>$");
	check_job((struct job){ .in = in, .limit = "xml_text=3" }, "<|a><|b><|c>!xml.limit\n");
	check_job((struct job){ .in = in, .limit = "xml_text=4" },
	    "<|a><|b><|c>1234</></><|d></></>$");
	check_job((struct job){ .in = in, .limit = "xml_bytes=28" },
	    "<|a><|b><|c>1234</></><|d></>!xml.limit\n");
	check_job((struct job){ .in = in, .limit = "xml_bytes=29" },
	    "<|a><|b><|c>1234</></><|d></></>$");
	check_job((struct job){ .in = in, .limit = "xml_bytes=0" }, "!xml.limit\n");
	in = SLICE("<a xmlns:x='1' xmlns:y='2'><b xmlns='3'/><c xmlns='4'/></a>");
	check_job((struct job){ .in = in, .limit = "xml_namespaces=3" },
	    "<|a xmlns 1 xmlns 2><3|b xmlns 3></><4|c xmlns 4></></>$");
	check_job((struct job){ .in = in, .limit = "xml_namespaces=2" },
	    "<|a xmlns 1 xmlns 2>!xml.limit\n");
}

struct blob {
	char *p;
	size_t n;
};

/* head, n times the middle, tail */
static struct blob blob_new(const char *head, const char *middle, size_t n, const char *tail)
{
	size_t a = strlen(head), b = strlen(middle), c = strlen(tail);
	struct blob blob = { malloc(a + n * b + c), a + n * b + c };
	assert_non_null(blob.p);
	memcpy(blob.p, head, a);
	for (size_t i = 0; i < n; i++)
		memcpy(blob.p + a + i * b, middle, b);
	memcpy(blob.p + a + n * b, tail, c);
	return blob;
}

static struct run *run_blob(struct blob blob, int ways)
{
	struct slice in = { (const uint8_t *)blob.p, blob.n };
	struct run *r = run_all((struct job){ .in = in, .quiet = true }, ways);
	free(blob.p);
	return r;
}

static void check_blob(struct blob blob, const char *want, uint64_t ends)
{
	struct run *r = run_blob(blob, FIRST_SEED);
	assert_string_equal(r->out.text, want);
	assert_int_equal(r->ends, ends);
	free(r);
}

static void test_big_things_are_bounded(void **state)
{
	(void)state;
	check_blob(blob_new("<a><b/><c>", "<x>", 100000, ""), "!xml.limit\n", 1);
	check_blob(blob_new("<a><b/>", "text ", 1000000, "</a>"), "!xml.limit\n", 1);
	check_blob(blob_new("<a><b/><![CDATA[", "text ", 1000000, "]]></a>"), "!xml.limit\n", 1);
	check_blob(blob_new("<a><b/><!--", "note ", 1000000, "--></a>"), "!xml.limit\n", 1);
	check_blob(blob_new("<a><b/><?p ", "note ", 1000000,
		       "?"
		       "></a>"),
	    "!xml.limit\n", 1);
	check_blob(blob_new("<a><b/><c d='", "long ", 1000000, "'/></a>"), "!xml.limit\n", 1);
	check_blob(blob_new("<a><b/><c d='", "lo>g ", 1000000, "'/></a>"), "!xml.limit\n", 1);
	check_blob(blob_new("<a><b/>&", "long ", 1000000, ";</a>"), "!xml.malformed\n", 1);
	check_blob(blob_new("<a><b/>&", "long", 1000000, ";</a>"), "!xml.malformed\n", 1);
	check_blob(blob_new("<a><b/>", "<c/>", 1000000, "</a>"), "$", 1000002);
	check_blob(blob_new("", " ", 5000000, "<a/>"), "$", 1);
	check_blob(blob_new("<a><b/><", "n", 70000, "/></a>"), "!xml.limit\n", 1);
}

/* Below the bound of a token, however many bytes a call it is handed out in. */
static void test_long_cdata_and_text_are_read_whole(void **state)
{
	(void)state;
	struct run *r = run_blob(blob_new("<a><![CDATA[", "0123456789", 100000, "]]></a>"),
	    FIRST_SEED + 1);
	assert_string_equal(r->out.text, "$");
	assert_int_equal(r->n_all, 1000000);
	free(r);
	r = run_blob(blob_new("<a>",
			 "\xe2\x82\xac"
			 "1",
			 200000, "</a>"),
	    FIRST_SEED + 1);
	assert_string_equal(r->out.text, "$");
	assert_int_equal(r->n_all, 800000);
	free(r);
	r = run_blob(blob_new("<a b='", "0123456789", 6000, "'/>"), FIRST_SEED + 1);
	assert_string_equal(r->out.text, "$");
	free(r);
}

/* A character must survive wherever a block of the parser ends. */
static void test_characters_survive_block_ends(void **state)
{
	(void)state;
	for (size_t pad = 4070; pad < 4110; pad++) {
		struct blob b = blob_new("<a>", "x", pad,
		    "<b>\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa4\r\n&lt;</b></a>");
		struct slice in = { (const uint8_t *)b.p, b.n };
		struct run *r = run_all((struct job){ .in = in }, FIRST_SEED);
		const char *tail = strstr(r->out.text, "<|b>");
		assert_non_null(tail);
		assert_string_equal(tail, "<|b>\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa4\n<</></>$");
		free(r);
		free(b.p);
	}
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* An element with n attributes; returns the bytes put. */
static size_t wide_put(char *text, size_t room, unsigned n, const char *value)
{
	size_t at = (size_t)snprintf(text, room, "<b");
	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, room - at, " a%u='%s'", i, value);
	return at + (size_t)snprintf(text + at, room - at, "/>");
}

static void check_wide(unsigned n, const char *want)
{
	char text[8192];
	size_t at = (size_t)snprintf(text, sizeof(text), "<a>");
	for (int i = 0; i < 2; i++)
		at += wide_put(text + at, sizeof(text) - at, 200, "");
	at += wide_put(text + at, sizeof(text) - at, n, ">");
	at += (size_t)snprintf(text + at, sizeof(text) - at, "</a>");
	check_job((struct job){ .in = { (const uint8_t *)text, at } }, want);
}

static void test_attributes_of_one_element_are_bounded(void **state)
{
	(void)state;
	check_wide(200, "<|a><|b></><|b></><|b></></>$");
	check_wide(256, "<|a><|b></><|b></><|b></></>$");
	check_wide(257, "<|a><|b></><|b></>!xml.limit\n");
	check_wide(300, "<|a><|b></><|b></>!xml.limit\n");
	struct slice in = SLICE("<a><b c='' d=''/><e f='' g='' h=''/></a>");
	check_job((struct job){ .in = in, .limit = "xml_attributes=2" }, "<|a><|b></>!xml.limit\n");
	check_job((struct job){ .in = in, .limit = "xml_attributes=3" }, "<|a><|b></><|e></></>$");
}

/* 13 MB of elements with n attributes; bounds are wide enough for sanitizers. */
static void check_cost(unsigned n, const char *value, const char *want, double most)
{
	enum { ROOM = 13000000, ELEMENT = 80000 };
	char *text = malloc(ROOM);
	assert_non_null(text);
	size_t at = (size_t)snprintf(text, ROOM, "<a>");
	while (ROOM - at > 2 * ELEMENT)
		at += wide_put(text + at, ROOM - at, n, value);
	at += (size_t)snprintf(text + at, ROOM - at, "</a>");
	struct feeder f = feeder_new(65536);
	struct job job = { .in = { (const uint8_t *)text, at }, .quiet = true };
	double begin = seconds();
	struct run *r = run_way(job, &f, WHOLE);
	assert_true(seconds() - begin < most);
	assert_string_equal(r->out.text, want);
	free(r);
	free(text);
}

/* The library alone takes time quadratic in the attributes of an element: 9 s for the first. */
static void test_wide_tags_cost_little(void **state)
{
	(void)state;
	check_cost(6000, "", "!xml.limit\n", 0.5);
	check_cost(6000, ">", "!xml.limit\n", 0.5);
	check_cost(256, "", "$", 5.0);
	check_cost(256, ">", "$", 5.0);
}

/* ---- encodings ---- */

static struct blob utf16(const char *ascii, bool little, bool mark)
{
	size_t n = strlen(ascii);
	struct blob b = { calloc(1, 2 * n + 2), 0 };
	if (mark) {
		b.p[b.n++] = (char)(little ? 0xff : 0xfe);
		b.p[b.n++] = (char)(little ? 0xfe : 0xff);
	}
	for (size_t i = 0; i < n; i++) {
		b.p[b.n + (little ? 0 : 1)] = ascii[i];
		b.n += 2;
	}
	return b;
}

static void test_utf16_is_read(void **state)
{
	(void)state;
	static const char text[] = "<?xml version='1.0' encoding='utf-16'?><a><b:0>&#1;x</b:0></a>";
	for (int i = 0; i < 4; i++) {
		struct blob b = utf16(text, i & 1, i & 2);
		check_job((struct job){ .in = { (const uint8_t *)b.p, b.n } },
		    "!xml.sanitised\n!xml.sanitised\n!xml.sanitised\n<|a><|0>\xef\xbf\xbdx</></>$");
		free(b.p);
	}
	check_job((struct job){ .in = SLICE(
				    "\xff\xfe<\0a\0>\0\x3d\xd8\x00\xde\xac\x20<\0/\0a\0>\0") },
	    "<|a>\xf0\x9f\x98\x80\xe2\x82\xac</>$");
	check_job((struct job){ .in = SLICE("\xff\xfe<\0a\0>\0\x3d\xd8x\0<\0/\0a\0>\0") },
	    "<|a>!xml.malformed\n");
	check_job((struct job){ .in = SLICE("\xff\xfe<\0a\0>\0\x00\xde<\0/\0a\0>\0") },
	    "<|a>!xml.malformed\n");
	check_job((struct job){ .in = SLICE("\xff\xfe<\0a\0/\0>\0x") }, "<|a></>!xml.malformed\n");
}

static void test_declared_encodings(void **state)
{
	(void)state;
	check("\xef\xbb\xbf<a>\xc3\xa4</a>", "<|a>\xc3\xa4</>$");
	check("<?xml version='1.0' encoding = \"ISO-8859-1\" ?><a>\xe4</a>", "<|a>\xc3\xa4</>$");
	check("<?xml version='1.0' encoding='us-ascii'?><a>x</a>", "<|a>x</>$");
	check("<?xml version='1.0' encoding='UTF-8'?><a>\xe4</a>", "<|a>!xml.malformed\n");
	check("<?xml version='1.0' encoding='utf-16'?><a>\xc3\xa4</a>", "<|a>\xc3\xa4</>$");
	check("<?xml version='1.0' encoding='utf-7'?><a>+AD4-</a>", "!xml.malformed\n");
	check("<?xml version='1.0' encoding='KOI8-R'?><a/>", "!xml.malformed\n");
	check("<?xml version='1.0' encoding=''?><a/>", "!xml.malformed\n");
	check("\x4c\x6f\xa7\x94 EBCDIC", "!xml.malformed\n");
	check_job((struct job){ .in = SLICE("\0\0\0<\0\0\0a\0\0\0/\0\0\0>") }, "!xml.malformed\n");
	check_job((struct job){ .in = SLICE("<\0\0\0a\0\0\0/\0\0\0>\0\0\0") }, "!xml.malformed\n");
}

/* ---- random damage ---- */

static void test_damaged_documents_come_out_the_same(void **state)
{
	(void)state;
	const struct slice seeds[] = {
		SLICE(
		    "<?xml version='1.0' encoding='utf-8'?><D:multistatus xmlns:D='DAV:' xmlns:C=\"urn:c\">"
		    "<D:response><D:href>/a%20b/&amp;.ics</D:href><D:propstat><D:prop><C:0x8506>&#01;</C:0x8506>"
		    "<C:calendar-data><![CDATA[BEGIN:VCALENDAR]]></C:calendar-data></D:prop><D:status>HTTP/1.1 200 OK"
		    "</D:status></D:propstat></D:response><!-- c --><?p i?></D:multistatus>"),
		SLICE("\xff\xfe<\0a\0 \0b\0=\0'\0\xe4\0'\0>\0\x3d\xd8\x00\xde<\0/\0a\0>\0"),
	};
	static const char spice[] = "<>&;#\"'/!?-[]:=0x \n\xff\xc3\x01";
	struct feeder f = feeder_new(1 << 16), random = { 0 };
	random.random = 4711;
	for (int round = 0; round < 3000; round++) {
		struct slice seed = seeds[round % 5 == 0];
		size_t copies = round % 7 == 0 ? 20 : 1;
		struct blob b = { malloc(seed.n * copies), seed.n * copies };
		for (size_t i = 0; i < copies; i++)
			memcpy(b.p + i * seed.n, seed.p, seed.n);
		for (uint32_t i = feeder_random(&random) % 4; i < 4; i++)
			b.p[feeder_random(&random) % b.n] =
			    spice[feeder_random(&random) % (sizeof(spice) - 1)];
		struct job job = { .in = { (const uint8_t *)b.p, b.n }, .cut = round % 3 == 0 };
		struct run *one = run_way(job, &f, WHOLE),
			   *two = run_way(job, &f, FIRST_SEED + round % 6);
		assert_string_equal(one->out.text, two->out.text);
		free(one);
		free(two);
		free(b.p);
	}
}

/* Nothing the library has to say may reach the terminal. */
/* A process that may open nothing reads them all. */
static void test_doctype_opens_nothing(void **state)
{
	(void)state;
	static const char *const calls[] = { "open", "openat", "openat2", "socket", "connect" };
	pid_t child = fork();
	if (child == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
		for (size_t i = 0; filter && i < sizeof(calls) / sizeof(calls[0]); i++)
			(void)seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
			    seccomp_syscall_resolve_name(calls[i]), 0);
		if (!filter || seccomp_load(filter) != 0)
			_exit(2);
		for (size_t i = 0; i < DOCTYPES; i++) {
			char text[1024];
			snprintf(text, sizeof(text), "%s<a>&d;&xxe;</a>", doctypes[i]);
			free(run_all((struct job){ .in = slice_from(text) }, FIRST_SEED));
		}
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_the_library_is_silent(void **state)
{
	(void)state;
	static const char *const documents[] = {
		"<a>&b;&#0;</a>",
		"<a b='<'/>",
		"<p:a q:b='1'/>",
		"<a xmlns:b=''/>",
		"\xff\xff",
		"<a>\xff</a>",
		"<?xml version='9.9' encoding='x'?><a/>",
		"<!DOCTYPE a SYSTEM 'x'><a/>",
		"<a xml:id='1 2' xmlns='%'/>",
		"<?xml version='1.0' encoding='IBM037'?><a/>",
		"<a xml:space='no' xml:lang=''/>",
		"<?xml ?><a/>",
		"<a",
	};
	FILE *file = tmpfile();
	assert_non_null(file);
	int saved = dup(2);
	dup2(fileno(file), 2);
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		free(run_all((struct job){ .in = slice_from(documents[i]) }, FIRST_SEED));
	off_t written = lseek(2, 0, SEEK_END);
	dup2(saved, 2);
	close(saved);
	fclose(file);
	assert_int_equal(written, 0);
}

static int begin_library(void **state)
{
	(void)state;
	xml_setup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements_come_with_namespace_and_text),
		cmocka_unit_test(test_what_is_not_well_formed_ends_the_reading),
		cmocka_unit_test(test_a_body_cut_short_is_no_error),
		cmocka_unit_test(test_what_exchange_sends_is_mended),
		cmocka_unit_test(test_doctype_ends_the_reading),
		cmocka_unit_test(test_the_listener_can_stop),
		cmocka_unit_test(test_limits_stop_at_their_place),
		cmocka_unit_test(test_big_things_are_bounded),
		cmocka_unit_test(test_long_cdata_and_text_are_read_whole),
		cmocka_unit_test(test_characters_survive_block_ends),
		cmocka_unit_test(test_attributes_of_one_element_are_bounded),
		cmocka_unit_test(test_wide_tags_cost_little),
		cmocka_unit_test(test_utf16_is_read),
		cmocka_unit_test(test_declared_encodings),
		cmocka_unit_test(test_damaged_documents_come_out_the_same),
		cmocka_unit_test(test_doctype_opens_nothing),
		cmocka_unit_test(test_the_library_is_silent),
	};
	return cmocka_run_group_tests(tests, begin_library, NULL);
}
