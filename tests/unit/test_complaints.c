/*
 * test_complaints.c - report/complaints.c: complaints for editors, for programs, and with a mark
 * below the condition that a person typed.
 */
#include "report/report.h"
#include "tests/unit/guard.h"
#include "tests/unit/out_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct complaint misspelt = {
	.code = "E0201",
	.file = "rules/kb923164.yaml",
	.line = 29,
	.column = 11,
	.end_line = 29,
	.end_column = 31,
	.rule = "untagged-write",
	.text = "unknown field http.respons.status",
	.hint = "did you mean http.response.status?",
};

static void expect_line(const struct complaint *c, const char *expected)
{
	struct written w = written_open();
	complaint_write(w.out, c);
	char *text = written_close(&w);
	assert_string_equal(text, expected);
	free(text);
}

static void expect_json(const struct complaint *c, const char *expected)
{
	struct written w = written_open();
	complaint_write_json(w.out, c);
	char *text = written_close(&w);
	assert_string_equal(text, expected);
	free(text);
}

/* `marked`: the lines behind the message. The condition ends where memory ends. */
static void expect_mark(const char *condition, size_t line, size_t column, size_t end_line,
    size_t end_column, const char *marked)
{
	static const char message[] = "davscope: -Y: error[E0101]: no\n";
	struct complaint c = { .code = "E0101",
		.text = "no",
		.line = line,
		.column = column,
		.end_line = end_line,
		.end_column = end_column };
	struct written w = written_open();
	complaint_write_caret(w.out, (const char *)guard_copy(condition, strlen(condition) + 1),
	    &c);
	char *text = written_close(&w);
	assert_memory_equal(text, message, strlen(message));
	assert_string_equal(text + strlen(message), marked);
	free(text);
}

static void as_compilers_write_it(void **state)
{
	(void)state;
	struct complaint c = misspelt;
	expect_line(&c,
	    "rules/kb923164.yaml:29:11: error[E0201]: unknown field http.respons.status; "
	    "did you mean http.response.status?\n");
	memcpy(c.code, "W0301", 6);
	c.hint[0] = '\0';
	expect_line(&c,
	    "rules/kb923164.yaml:29:11: warning[W0301]: unknown field http.respons.status\n");
}

static void without_a_place(void **state)
{
	(void)state;
	struct complaint c = { .code = "E0001", .file = "r\x1b[2J.yaml", .text = "too long" };
	expect_line(&c, "r\\x1b[2J.yaml: error[E0001]: too long\n");
	c.file = NULL;
	c.line = c.column = 1;
	expect_line(&c, "-Y:1:1: error[E0001]: too long\n");
}

/* What was escaped when the text was made is not escaped again; what was forgotten is. */
static void escaped_once(void **state)
{
	(void)state;
	struct complaint c = { .code = "E0101",
		.file = "f",
		.text = "unknown \\x1b\\u{202e}\033[" };
	snprintf(c.hint, sizeof c.hint, "a\nb\\");
	expect_line(&c, "f: error[E0101]: unknown \\x1b\\u{202e}\\x1b[; a\\x0ab\\\n");
}

static void as_an_object(void **state)
{
	(void)state;
	expect_json(&misspelt,
	    "{\"code\":\"E0201\",\"level\":\"error\",\"file\":\"rules/kb923164.yaml\",\"line\":29,"
	    "\"column\":11,\"end_line\":29,\"end_column\":31,\"rule\":\"untagged-write\","
	    "\"message\":\"unknown field http.respons.status\","
	    "\"hint\":\"did you mean http.response.status?\"}\n");
	struct complaint c = { .code = "W0305", .text = "say \"no\"" };
	expect_json(&c,
	    "{\"code\":\"W0305\",\"level\":\"warning\",\"file\":null,\"line\":0,\"column\":0,"
	    "\"end_line\":0,\"end_column\":0,\"rule\":null,\"message\":\"say \\\"no\\\"\","
	    "\"hint\":\"\"}\n");
}

static void mark_below_the_token(void **state)
{
	(void)state;
	expect_mark("http.respons.status == 2", 1, 1, 1, 20,
	    "  http.respons.status == 2\n  ^~~~~~~~~~~~~~~~~~~\n");
	expect_mark("a == b", 1, 3, 1, 5, "  a == b\n    ^~\n");
	expect_mark("a", 1, 1, 1, 2, "  a\n  ^\n");
}

static void mark_at_the_edges(void **state)
{
	(void)state;
	expect_mark("a ==", 1, 5, 1, 5, "  a ==\n      ^\n"); /* something is missing there */
	expect_mark("a ==", 1, 5, 1, 6, "  a ==\n      ^\n");
	expect_mark("", 1, 1, 1, 1, "  \n  ^\n");
	expect_mark("abc", 1, 900, 1, 990, "  abc\n     ^\n"); /* stays at the text */
	expect_mark("abc", 1, 3, 1, 1, "  abc\n    ^\n"); /* an end before its start */
	expect_mark("abc", 1, 0, 1, 0, "  abc\n  ^~~\n");
	expect_mark("abc", 0, 0, 0, 0, ""); /* no place is known */
	expect_mark("abc", 2, 1, 2, 2, ""); /* no such line */
	expect_mark("abc", SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, "");
	expect_mark("abc", 1, SIZE_MAX, 1, SIZE_MAX, "  abc\n     ^\n");
}

static void mark_in_the_right_line(void **state)
{
	(void)state;
	expect_mark("one\ntwo three\nfour", 2, 5, 2, 10, "  two three\n      ^~~~~\n");
	expect_mark("one\ntwo\n", 3, 1, 3, 1, "  \n  ^\n");
	expect_mark("(one\ntwo", 1, 1, 2, 4, "  (one\n  ^~~~\n"); /* goes on in the next line */
}

/* Columns count characters; an escape takes as many places as it is long. */
static void mark_below_escapes(void **state)
{
	(void)state;
	expect_mark("\t\x1b x", 1, 4, 1, 5, "  \\x09\\x1b x\n           ^\n");
	expect_mark("\"\xc3\xa4\" zz", 1, 5, 1, 7, "  \"\xc3\xa4\" zz\n      ^~\n");
	expect_mark("\xff\\ zz", 1, 4, 1, 6, "  \\xff\\\\ zz\n         ^~\n");
	expect_mark("\xe2\x80\xae z", 1, 1, 1, 2, "  \\u{202e} z\n  ^~~~~~~~\n");
	expect_mark("z \xe2\x80", 1, 3, 1, 5, "  z \\xe2\\x80\n    ^~~~~~~~\n"); /* cut short */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_compilers_write_it),
		cmocka_unit_test(without_a_place),
		cmocka_unit_test(escaped_once),
		cmocka_unit_test(as_an_object),
		cmocka_unit_test(mark_below_the_token),
		cmocka_unit_test(mark_at_the_edges),
		cmocka_unit_test(mark_in_the_right_line),
		cmocka_unit_test(mark_below_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
