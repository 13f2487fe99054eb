/*
 * test_yaml.c - base/yaml.c: the tree, its positions, and everything that is refused.
 */
#include "tests/unit/yaml_doc.h"

/* ---- trees ---- */

static void every_kind(void **state)
{
	(void)state;
	struct doc d = doc_of("a: 1\n"
			      "b: [x, 'y z', \"q\\\"\\u00e9\"]\n"
			      "c:\n"
			      "- {k: v, l: }\n"
			      "-\n"
			      "on: no\n"
			      "? d\n"
			      ": 6.10\n");
	doc_check(&d, 20);
	assert_int_equal(d.root->kind, YAML_MAP);
	assert_int_equal(d.root->n, 5);
	const struct yaml *a = yaml_get(d.root, "a"), *b = yaml_get(d.root, "b");
	assert_text(a, "1");
	assert_int_equal(a->style, YAML_PLAIN);
	assert_text(a->key, "a");
	assert_ptr_equal(a->next, b);
	assert_int_equal(b->kind, YAML_LIST);
	assert_int_equal(b->n, 3);
	assert_text(b->first->next, "y z");
	assert_int_equal(b->first->next->style, YAML_QUOTED);
	assert_text(b->first->next->next, "q\"\xc3\xa9");
	assert_int_equal(b->first->next->next->style, YAML_QUOTED);
	const struct yaml *c = yaml_get(d.root, "c");
	assert_text(yaml_get(c->first, "k"), "v");
	assert_text(yaml_get(c->first, "l"), "");
	assert_text(c->first->next, "");
	assert_text(yaml_get(d.root, "on"), "no");
	assert_text(yaml_get(d.root, "d"), "6.10");
	assert_null(yaml_get(d.root, "e"));
	assert_null(yaml_get(d.root, ""));
	assert_null(yaml_get(a, "a"));
	assert_null(yaml_get(b, "x"));
	doc_free(&d);
}

static void nothing_is_an_empty_text(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "\n", "# only this", "\xef\xbb\xbf", "---",
		"--- \n...", "\xef\xbb\xbf# x\r\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct doc d = doc_of(texts[i]);
		assert_text(d.root, "");
		assert_int_equal(d.root->style, YAML_PLAIN);
		doc_check(&d, 1);
		doc_free(&d);
	}
	struct doc d = doc_parse((struct slice){ NULL, 0 }, BUDGET, 0);
	assert_text(d.root, "");
	assert_mark(d.root->start, 1, 1, 0);
	doc_free(&d);
}

/* ---- positions ---- */

/* The node is this piece of the text, and begins there. */
static void assert_span(const struct doc *d, const struct yaml *node, size_t line, size_t column,
    const char *piece)
{
	assert_non_null(node);
	assert_int_equal(node->start.line, line);
	assert_int_equal(node->start.column, column);
	struct slice span = slice_part(d->text, node->start.at, node->end.at - node->start.at);
	if (!slice_is(span, piece))
		print_error("not %s but %.*s\n", piece, (int)span.n, (const char *)span.p);
	assert_true(slice_is(span, piece));
}

static void marks_of_every_style(void **state)
{
	(void)state;
	struct doc d = doc_of("plain: one two  # c\n"
			      "quoted:  'it''s'\n"
			      "double: \"a\\n\"\n"
			      "block: |  # why\n"
			      "  first\n"
			      "  second\n"
			      "\n"
			      "folded: >-\n"
			      "  x\n"
			      "    y  \n"
			      " # no part of it\n"
			      "lines: p\n"
			      "  q\n"
			      "empty:\n"
			      "end: |+");
	doc_check(&d, 17);
	assert_span(&d, yaml_get(d.root, "plain"), 1, 8, "one two");
	const struct yaml *quoted = yaml_get(d.root, "quoted");
	assert_span(&d, quoted->key, 2, 1, "quoted");
	assert_span(&d, quoted, 2, 10, "'it''s'");
	assert_text(quoted, "it's");
	assert_span(&d, yaml_get(d.root, "double"), 3, 9, "\"a\\n\"");
	assert_text(yaml_get(d.root, "double"), "a\n");
	const struct yaml *block = yaml_get(d.root, "block");
	assert_span(&d, block, 4, 8, "|  # why\n  first\n  second");
	assert_mark(block->end, 6, 9, 83);
	assert_text(block, "first\nsecond\n");
	assert_int_equal(block->style, YAML_BLOCK);
	const struct yaml *folded = yaml_get(d.root, "folded");
	assert_span(&d, folded, 8, 9, ">-\n  x\n    y");
	assert_text(folded, "x\n  y  ");
	assert_int_equal(folded->style, YAML_BLOCK);
	assert_span(&d, yaml_get(d.root, "lines"), 12, 8, "p\n  q");
	assert_text(yaml_get(d.root, "lines"), "p q");
	assert_span(&d, yaml_get(d.root, "empty"), 14, 7, "");
	assert_span(&d, yaml_get(d.root, "end"), 15, 6, "|+");
	assert_text(yaml_get(d.root, "end"), "");
	assert_true(slice_equal(slice_part(d.text, d.root->start.at, d.root->end.at), d.text));
	doc_free(&d);
}

static void marks_of_collections(void **state)
{
	(void)state;
	struct doc d = doc_of("a: {b: [1, 2 ] , c: {} }  \n"
			      "d:\n"
			      "  - e: f\n"
			      "    g: h\n"
			      "\n"
			      "  - [ p: q , r ]\n"
			      "s:\n"
			      "- t\n"
			      "-   # nothing\n"
			      "# end\n");
	doc_check(&d, 25);
	const struct yaml *a = yaml_get(d.root, "a");
	assert_span(&d, a, 1, 4, "{b: [1, 2 ] , c: {} }");
	assert_span(&d, yaml_get(a, "b"), 1, 8, "[1, 2 ]");
	assert_span(&d, yaml_get(a, "c"), 1, 21, "{}");
	const struct yaml *list = yaml_get(d.root, "d");
	assert_span(&d, list, 3, 3, "- e: f\n    g: h\n\n  - [ p: q , r ]");
	assert_span(&d, list->first, 3, 5, "e: f\n    g: h");
	const struct yaml *pair = list->first->next->first;
	assert_int_equal(pair->kind, YAML_MAP);
	assert_span(&d, pair, 6, 7, "p: q");
	assert_span(&d, yaml_get(d.root, "s"), 8, 1, "- t\n-");
	doc_free(&d);
}

/* The byte offset is where the text says; columns are characters. */
static void marks_behind_wide_characters(void **state)
{
	(void)state;
	struct doc d = doc_of("\xef\xbb\xbf"
			      "k\xc3\xa9y: \"\xe2\x82\xac\xf0\x9f\x98\x80\" # \xc3\xa4\n"
			      "\xf0\x9f\x98\x80: [\xc3\xb6, x]\n");
	doc_check(&d, 7);
	const struct yaml *n = yaml_get(d.root, "k\xc3\xa9y");
	assert_mark(n->key->start, 1, 1, 3);
	assert_span(&d, n, 1, 6, "\"\xe2\x82\xac\xf0\x9f\x98\x80\"");
	assert_mark(n->end, 1, 10, 18);
	n = yaml_get(d.root, "\xf0\x9f\x98\x80");
	assert_mark(n->key->start, 2, 1, 24);
	assert_span(&d, n->first, 2, 5, "\xc3\xb6");
	assert_span(&d, n->first->next, 2, 8, "x");
	assert_mark(n->end, 2, 10, 37);
	doc_free(&d);
}

/* Only the first byte order mark is none of the text. */
static void marks_behind_two_order_marks(void **state)
{
	(void)state;
	struct doc d = doc_of("\xef\xbb\xbf\xef\xbb\xbf"
			      "a: |\n  \xef\xbb\xbf\t \t\n");
	doc_check(&d, 3);
	assert_mark(d.root->start, 1, 2, 6);
	assert_span(&d, yaml_get(d.root, "a"), 1, 5, "|\n  \xef\xbb\xbf");
	doc_free(&d);
}

static void marks_behind_every_line_break(void **state)
{
	(void)state;
	struct doc d = doc_of("a: 1\r\n"
			      "b: |\r\n"
			      "  x\r\n"
			      "\r\n"
			      "c: \"p\r  q\n\n  r\\N\\L\\P\"\r"
			      "d: |\n"
			      "  t\r  u\n"
			      "e: end");
	doc_check(&d, 11);
	const struct yaml *b = yaml_get(d.root, "b");
	assert_span(&d, b, 2, 4, "|\r\n  x");
	assert_mark(b->end, 3, 4, 15);
	const struct yaml *c = yaml_get(d.root, "c");
	assert_mark(c->start, 5, 4, 22);
	assert_text(c, "p q\nr\xc2\x85\xe2\x80\xa8\xe2\x80\xa9");
	assert_int_equal(c->end.line, 8);
	assert_int_equal(c->end.column, 11);
	const struct yaml *block = yaml_get(d.root, "d");
	assert_span(&d, block, 9, 4, "|\n  t\r  u");
	assert_int_equal(block->end.line, 11);
	assert_span(&d, yaml_get(d.root, "e"), 12, 4, "end");
	doc_free(&d);
}

/* ---- what is refused ---- */

struct refusal {
	const char *text;
	enum yaml_fault fault;
	size_t line, column;
	const char *words;
};

static void check_refusal(struct slice text, const struct refusal *want)
{
	struct doc d = doc_parse(text, BUDGET, DEPTH);
	if (d.root != NULL)
		print_error("taken: %s\n", want->text);
	assert_null(d.root);
	if (strstr(d.error.text, want->words) == NULL)
		print_error("%s: %s\n", want->text, d.error.text);
	assert_non_null(strstr(d.error.text, want->words));
	if (d.error.at.line != want->line || d.error.at.column != want->column)
		print_error("%s: %zu:%zu: %s\n", want->text, d.error.at.line, d.error.at.column,
		    d.error.text);
	assert_int_equal(d.error.fault, want->fault);
	assert_int_equal(d.error.at.line, want->line);
	assert_int_equal(d.error.at.column, want->column);
	check_mark(d.text, d.error.at);
	for (const char *p = d.error.text; *p != '\0'; p++)
		assert_true(*p >= ' ' && (signed char)*p < 0x7f);
	doc_free(&d);
}

static const struct refusal refusals[] = {
	{ "a: &x 1", YAML_ANCHOR, 1, 4, "anchor" },
	{ "&x a: 1", YAML_ANCHOR, 1, 1, "anchor" },
	{ "- &x\n  - 1", YAML_ANCHOR, 1, 3, "anchor" },
	{ "- !t &x 1", YAML_TAG, 1, 3, "tag" },
	{ "- &x !t 1", YAML_ANCHOR, 1, 3, "anchor" },
	{ "a: [1, *x]", YAML_ANCHOR, 1, 8, "alias" },
	{ "*x : 1", YAML_ANCHOR, 1, 1, "alias" },
	{ "a: !!str 1", YAML_TAG, 1, 4, "tag" },
	{ "a: ! 1", YAML_TAG, 1, 4, "tag" },
	{ "a: ! 'x'", YAML_TAG, 1, 4, "tag" },
	{ "a: !<tag:x> {}", YAML_TAG, 1, 4, "tag" },
	{ "--- !!map\na: 1", YAML_TAG, 1, 5, "tag" },
	{ "a: !!seq\n- 1", YAML_TAG, 1, 4, "tag" },
	{ "# x\n%TAG !e! tag:e,2000:\n---\na: 1", YAML_SYNTAX, 2, 1, "directives" },
	{ "a: 1\n<<: {b: 2}", YAML_MERGE, 2, 1, "<<" },
	{ "{x: {<<: [1]}}", YAML_MERGE, 1, 6, "<<" },
	{ "a: 1\nb: 2\n'a': 3", YAML_REPEATED, 3, 1,
	    "key \"a\" is here twice; the first is in line 1" },
	{ "x: {b: 1, \"\\x62\": 2}", YAML_REPEATED, 1, 11, "\"b\"" },
	{ "a: 1\nab: 2\n? ''\n: 3\na: 4", YAML_REPEATED, 5, 1, "\"a\" is here twice" },
	{ "b: 1\na: 1\na: 2\nb: 2\na: 3", YAML_REPEATED, 3, 1,
	    "\"a\" is here twice; the first is in line 2" },
	{ "a:\n  k: 1\n  k: 2\na: 3", YAML_REPEATED, 3, 3, "\"k\"" },
	{ "'': 1\n? \"\"\n: 2", YAML_REPEATED, 2, 3, "\"\" is here twice" },
	{ "\"\\e[1m\": 1\n\"\\e[1m\": 2", YAML_REPEATED, 2, 1, "\"\\x1b[1m\"" },
	{ "[a]: 1", YAML_SYNTAX, 1, 1, "key must be a text" },
	{ "x: 1\n? {a: b}\n: 1", YAML_SYNTAX, 2, 3, "key must be a text" },
	{ "? - a\n", YAML_SYNTAX, 1, 3, "key must be a text" },
	{ "a: 1\n---\nb: 2", YAML_DOCUMENTS, 2, 1, "a file is one" },
	{ "a: 1\n...\n---\n", YAML_DOCUMENTS, 3, 1, "a file is one" },
	{ "a: 1\n... x", YAML_DOCUMENTS, 2, 5, "a file is one" },
	{ "a: 1\n%TAG !e! x\n", YAML_DOCUMENTS, 2, 1, "a file is one" },
	{ "{a: 1}\n# x\nb: 1", YAML_DOCUMENTS, 3, 1, "a file is one" },
	{ "---\n---\n", YAML_DOCUMENTS, 2, 1, "a file is one" },
	{ "\xff\xfe\x61", YAML_ENCODING, 1, 1, "UTF-16" },
	{ "\xfe\xff", YAML_ENCODING, 1, 1, "UTF-16" },
	{ "a: \xc3\xa9\n# \xe9", YAML_ENCODING, 2, 3, "0xe9 is no UTF-8" },
	{ "a: \xed\xa0\x80", YAML_ENCODING, 1, 4, "0xed is no UTF-8" },
	{ "a: \xf4\x90\x80\x80", YAML_ENCODING, 1, 4, "0xf4 is no UTF-8" },
	{ "\xef\xbb\xbf"
	  "a: \xc0\x80",
	    YAML_ENCODING, 1, 4, "0xc0 is no UTF-8" },
	{ "a: '\xe2\x82", YAML_ENCODING, 1, 5, "0xe2 is no UTF-8" },
	{ "a: x\r\nb: \x1b[m", YAML_ENCODING, 2, 4, "U+001B" },
	{ "a: \x7f", YAML_ENCODING, 1, 4, "U+007F" },
	{ "a: \xc2\x9b", YAML_ENCODING, 1, 4, "U+009B" },
	{ "a: \xef\xbf\xbf", YAML_ENCODING, 1, 4, "U+FFFF" },
	{ "a: 1\nb: \xc2\x85", YAML_ENCODING, 2, 4, "U+0085 would end the line" },
	{ "a: |\n  x\n  \xc3\xa9\xe2\x80\xa8  y\n", YAML_ENCODING, 3, 4, "U+2028 would end" },
	{ "a: \"\xe2\x80\xa9\"", YAML_ENCODING, 1, 5, "U+2029 would end" },
	{ "# \xe2\x80\xa9", YAML_ENCODING, 1, 3, "U+2029 would end" },
	{ "a: 1\nb: \"x\\0y\"", YAML_ENCODING, 2, 4, "NUL" },
	{ "a: [1, 2\nb: 3", YAML_SYNTAX, 2, 2, "that begins in line 1" },
	{ "a: 'x", YAML_SYNTAX, 1, 6, "while scanning a quoted scalar" },
	{ "a: b: c", YAML_SYNTAX, 1, 5, "mapping values are not allowed" },
	{ "a: 1\n\tb: 2", YAML_SYNTAX, 2, 1, "" },
	{ "a: \"\\q\"", YAML_SYNTAX, 1, 5, "unknown escape" },
	{ "\xc3\xa9: \"\xc3\xa9\xc3\xa9\\q\"", YAML_SYNTAX, 1, 7, "unknown escape" },
	{ "- a\nb", YAML_SYNTAX, 2, 2, "could not find expected ':'" },
	{ "a: @x", YAML_SYNTAX, 1, 4, "cannot start any token" },
	{ "%YAML 1.1\n---\n", YAML_SYNTAX, 1, 1, "directives" },
	{ "a: [1}]", YAML_SYNTAX, 1, 6, "did not find expected" },
};

static void refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		check_refusal(slice_from(refusals[i].text), &refusals[i]);
	static const struct refusal nul = { "a NUL", YAML_ENCODING, 2, 2, "NUL" };
	check_refusal(SLICE("a: 1\nb\0: 2"), &nul);
	static const struct refusal wide = { "UTF-16 without a mark", YAML_ENCODING, 1, 2, "NUL" };
	check_refusal(SLICE("a\0:\0 \0"), &wide);
}

static void almost_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "'<<': 1", "a: <<", "[<<]", "a: '*x'", "a: x&y*z!",
		"a: \"!t\"", "? |\n  k\n: 1", "{a: 1, b: {a: 1}, 'A': 2}", "a: 1\n...\n# behind\n",
		"--- # %\na: |\n  ---x\n...  # %TAG", "[a: 1, a: 2]", "--- a\n...\t# x\n",
		"a: \xef\xbb\xbf", "a: \xc2\xa0", "a: \xe2\x80\xa7\xe2\x80\xaa" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct doc d = doc_of(texts[i]);
		check_tree(d.text, d.root);
		doc_free(&d);
	}
}

/* A long key is cut where a character ends; its escapes are whole. */
static void repeated_key_is_cut(void **state)
{
	(void)state;
	char text[1100] = "";
	size_t n = 0;
	for (int twice = 0; twice < 2; twice++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\"\\e");
		for (int i = 0; i < 150; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "\xc3\xa9");
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\": 1\n");
	}
	struct doc d = doc_parse(slice_from(text), BUDGET, DEPTH);
	assert_null(d.root);
	assert_int_equal(d.error.fault, YAML_REPEATED);
	assert_true(strlen(d.error.text) < 120);
	assert_non_null(strstr(d.error.text, "key \"\\x1b\xc3\xa9"));
	assert_non_null(
	    strstr(d.error.text, "\xc3\xa9...\" is here twice; the first is in line 1"));
	doc_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
		cmocka_unit_test(nothing_is_an_empty_text),
		cmocka_unit_test(marks_of_every_style),
		cmocka_unit_test(marks_of_collections),
		cmocka_unit_test(marks_behind_wide_characters),
		cmocka_unit_test(marks_behind_two_order_marks),
		cmocka_unit_test(marks_behind_every_line_break),
		cmocka_unit_test(refused_with_its_place),
		cmocka_unit_test(almost_refused),
		cmocka_unit_test(repeated_key_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
