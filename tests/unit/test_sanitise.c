/*
 * test_sanitise.c - decode/sanitise.c: mends what Exchange gets wrong, leaves all else as it is.
 */
#include "decode/sanitise.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MARK SANITISE_MARK
#define BAD "\xef\xbf\xbd"

struct run {
	struct sanitiser s;
	struct record out;
	unsigned mended;
};

static void put(void *ctx, struct slice s)
{
	struct run *r = ctx;
	record_slice(&r->out, "", s);
}

static void mended(void *ctx)
{
	struct run *r = ctx;
	r->mended++;
}

static void give(void *ctx, struct slice s)
{
	struct run *r = ctx;
	sanitiser_data(&r->s, s, &(struct sanitise_sink){ put, mended, r });
}

static struct run *run_way(const char *in, int way)
{
	static struct feeder f;
	if (f.end == NULL)
		f = feeder_new(8192);
	struct run *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->s.attributes_max = 3;
	feed(&f, way, slice_from(in), give, r);
	sanitiser_end(&r->s, &(struct sanitise_sink){ put, mended, r });
	return r;
}

static void check(const char *in, const char *want, unsigned places)
{
	for (int way = WHOLE; way <= LAST_SEED; way++) {
		struct run *r = run_way(in, way);
		assert_string_equal(r->out.text, want);
		assert_int_equal(r->mended, places);
		free(r);
	}
}

static void test_digits_at_the_start_of_names_are_marked(void **state)
{
	(void)state;
	check("<d:0x8506>1</d:0x8506>", "<d:" MARK "0x8506>1</d:" MARK "0x8506>", 2);
	check("<0x8506/>", "<" MARK "0x8506/>", 1);
	check("<a:9 b='<'/>", "<a:" MARK "9 b='<'/>", 1);
	check("<a><b:0\n c=\"1\"></b:0 ></a>", "<a><b:" MARK "0\n c=\"1\"></b:" MARK "0 ></a>", 2);
}

static void test_references_to_no_character_are_replaced(void **state)
{
	(void)state;
	check("<a>&#01;&#x1F;&#X1;</a>", "<a>" BAD BAD "&#X1;</a>", 2);
	check("<a b='&#0;' c=\"&#x0b;\">x</a>", "<a b='" BAD "' c=\"" BAD "\">x</a>", 2);
	check("&#xD800;&#xDFFF;&#xFFFE;&#65535;&#x110000;&#99999999999;", BAD BAD BAD BAD BAD BAD,
	    6);
	check("&#9;&#10;&#xD;&#32;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;",
	    "&#9;&#10;&#xD;&#32;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;", 0);
}

static void test_what_is_no_such_reference_stays(void **state)
{
	(void)state;
	static const char *const same[] = {
		"<a>&amp;&lt;&#65;&#x41;</a>",
		"&",
		"&#",
		"&#;",
		"&#x;",
		"&#1",
		"&#x1",
		"&#0x1;",
		"& #1;",
		"&#1 ;",
		"&&#",
		"&#<b/>",
		"&amp",
		"&#xg1;",
		"&#00000000000000000000001;",
		"&quot;&#&#&",
	};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		check(same[i], same[i], 0);
	check("&&#1;", "&" BAD, 1);
	check("&#&#1;", "&#" BAD, 1);
}

static void test_well_formed_documents_are_not_changed(void **state)
{
	(void)state;
	static const char *const same[] = {
		"<?xml version='1.0'?><a x0='1' y=\"<9>\">0<b:c d:e='&#65;'/>10:03<_0/></a>",
		"<a><!-- <0x1> &#01; ' \" --></a>",
		"<a><!-->x<0>--></a>",
		"<a><!---><0>--></a>",
		"<a><!----></a><!-- - -- > <0>-->",
		"<a><![CDATA[<0x1>&#01;]]]]><![CDATA[> ]] > ]><0>]]]></a>",
		"<?pi <0x1> &#01; ? > ?><a>'<b c='>' d=\"/><0\"/></a>",
		"<a\n:b='1'/><a:b:c/><a:b :0='1'/>",
		"<a b='x:0' c = \"y:0\">z:0</a>",
	};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		check(same[i], same[i], 0);
}

static void test_markup_behind_sections_is_mended_again(void **state)
{
	(void)state;
	check("<!--x--><0/>", "<!--x--><" MARK "0/>", 1);
	check("<!----><0/>", "<!----><" MARK "0/>", 1);
	check("<![CDATA[]]]><0/>", "<![CDATA[]]]><" MARK "0/>", 1);
	check("<![CDATA[]]><0/>", "<![CDATA[]]><" MARK "0/>", 1);
	check("<?p ?"
	      "?><0/>",
	    "<?p ?"
	    "?><" MARK "0/>",
	    1);
	check("<a b='\"'><0/>", "<a b='\"'><" MARK "0/>", 1);
	check("<a b=\"'\" c=''/>&#1;", "<a b=\"'\" c=''/>" BAD, 1);
}

static void test_undo_takes_away_only_what_was_put(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ MARK "0x8506", "0x8506" },
		{ "0x8506", "0x8506" },
		{ MARK, MARK },
		{ MARK "a", MARK "a" },
		{ MARK MARK "0", MARK MARK "0" },
		{ "", "" },
		{ "a" MARK "0", "a" MARK "0" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].in);
		struct slice in = { guard_copy(cases[i].in, n), n };
		assert_true(slice_equal(sanitise_undo(in), slice_from(cases[i].out)));
	}
}

static void test_nothing_is_read_behind_too_many_attributes(void **state)
{
	(void)state;
	static const char start[] = "<a b='\"' c=\"'\" d='>'><e f=''/><g h='' i='' j=''";
	char text[200];
	for (int way = WHOLE; way <= LAST_SEED; way++) {
		snprintf(text, sizeof(text), "%s/><!-- '' -->", start);
		struct run *r = run_way(text, way);
		assert_string_equal(r->out.text, text);
		assert_false(r->s.wide);
		free(r);
		snprintf(text, sizeof(text), "%s k='&#1;'/><0/>", start);
		r = run_way(text, way);
		snprintf(text, sizeof(text), "%s k=", start);
		assert_string_equal(r->out.text, text);
		assert_true(r->s.wide);
		free(r);
	}
}

static void test_nothing_is_read_behind_a_doctype(void **state)
{
	(void)state;
	for (int way = WHOLE; way <= LAST_SEED; way++) {
		struct run *r = run_way("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><0/>",
		    way);
		assert_true(r->s.doctype);
		assert_string_equal(r->out.text, "<?xml version='1.0'?><!");
		free(r);
		r = run_way("<a><!-- <!DOCTYPE --><![CDATA[<!DOCTYPE]]></a>", way);
		assert_false(r->s.doctype);
		free(r);
	}
}

static void test_it_knows_how_long_a_token_is(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		unsigned token;
	} cases[] = {
		{ "<a>some text", 0 },
		{ "text <a b='123'", 10 },
		{ "<a b='&#1;", 10 },
		{ "<a b='&", 7 },
		{ "x<!--12345", 9 },
		{ "<?p 12345", 9 },
		{ "<![CDATA[12345", 0 },
		{ "<a>&#x", 0 },
		{ "<", 1 },
		{ "<a b='>'>", 0 },
		{ "<a b='>' ", 9 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int way = WHOLE; way <= LAST_SEED; way++) {
			struct run *r = run_way(cases[i].in, way);
			assert_int_equal(r->s.token, cases[i].token);
			free(r);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits_at_the_start_of_names_are_marked),
		cmocka_unit_test(test_references_to_no_character_are_replaced),
		cmocka_unit_test(test_what_is_no_such_reference_stays),
		cmocka_unit_test(test_well_formed_documents_are_not_changed),
		cmocka_unit_test(test_markup_behind_sections_is_mended_again),
		cmocka_unit_test(test_undo_takes_away_only_what_was_put),
		cmocka_unit_test(test_nothing_is_read_behind_too_many_attributes),
		cmocka_unit_test(test_nothing_is_read_behind_a_doctype),
		cmocka_unit_test(test_it_knows_how_long_a_token_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
