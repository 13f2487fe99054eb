/*
 * truth_words.h - the values and constants of each type that the truth table is made of, and
 * conditions over them as text. Lengths, times and addresses are worked out by hand.
 */
#ifndef DAVSCOPE_TESTS_TRUTH_WORDS_H
#define DAVSCOPE_TESTS_TRUTH_WORDS_H

#include "tests/unit/truth_model.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define S(w) { .word = w }
#define N(w, n) { .word = w, .number = n }
#define V4(w, ...) { .word = w, .family = 4, .ip = { __VA_ARGS__ } }
#define V6(w, ...) { .word = w, .family = 6, .ip = { __VA_ARGS__ } }
#define SECONDS INT64_C(1000000000)

static const struct sample bools[] = { N("true", 1), N("false", 0) };
static const struct sample ints[] = { N("5", 5), N("404", 404), N("201", 201), N("0", 0),
	N("299", 299), N("9007199254740993", INT64_C(9007199254740993)) };
static const struct sample strings[] = { S("x"), S("y"), S(""), S("xa"), S("AX"), S("aXa"),
	S("X") };
static const struct sample istrings[] = { S("x"), S("X"), S("y"), S(""), S("aX"), S("xA"),
	S("AxA") };
static const struct sample ips[] = { V4("10.0.0.1", 10, 0, 0, 1), V4("192.0.2.1", 192, 0, 2, 1),
	V4("10.0.0.130", 10, 0, 0, 130), V6("2001:db8::1", 0x20, 1, 0xd, 0xb8, [15] = 1),
	V6("a00:1::", 10, 0, 0, 1), V6("::", 0), V4("0.0.0.0", 0) };
static const struct sample durations[] = { N("1s", SECONDS), N("500ms", SECONDS / 2), N("0s", 0),
	N("5m", 300 * SECONDS), N("2h", 7200 * SECONDS), N("1000ms", SECONDS),
	N("7d", 604800 * SECONDS) };
static const struct sample times[] = { N("2006-09-25T16:00:00Z", 1159200000 * SECONDS),
	N("2006-09-25T00:00:00Z", 1159142400 * SECONDS), N("1970-01-01T00:00:00Z", 0),
	N("2006-09-25T16:00:01Z", 1159200001 * SECONDS) };
static const struct sample versions[] = { S("6.5.7651.50"), S("6.5.7651.9"), S("6.5"), S("6.5.0.0"),
	S("10"), S("0"), S("6.5.7651.50.1") };
static const struct sample flavours[] = { S("caldav"), S("carddav"), S("webdav"), S("exchange") };
static const struct sample losses[] = { S("gap"), S("clipped"), S("conflict") };

/* ---- constants ---- */

#define RIGHT(use_, text_, ...) { .text = text_, .use = use_, \
	.n = COUNT_OF(((struct item[]){ __VA_ARGS__ })), .items = { __VA_ARGS__ } }
#define MATCH(text_, as_, word_) { .text = text_, .use = PATTERN, .as = as_, .n = 1, \
	.items = { { .a = S(word_) } } }
#define I(n) { .a = N("", n) }
#define W(w) { .a = S(w) }
#define FROM_TO(from, to) { .kind = RANGE, .a = N("", from), .b = N("", to) }
#define NET(bits_, ...) { .kind = NETWORK, .a = __VA_ARGS__, .bits = bits_ }

static const struct right bool_rights[] = { RIGHT(ALONE, "true", I(1)),
	RIGHT(ALONE, "false", I(0)) };
static const struct right int_rights[] = {
	RIGHT(ALONE, "5", I(5)), RIGHT(ALONE, "404", I(404)), RIGHT(ALONE, "201", I(201)),
	RIGHT(ALONE, "0", I(0)), RIGHT(ALONE, "9007199254740992", I(INT64_C(9007199254740992))),
	RIGHT(AMONG, "{5, 404}", I(5), I(404)), RIGHT(AMONG, "{0}", I(0)),
	RIGHT(AMONG, "{404, 200..299, 5}", I(404), FROM_TO(200, 299), I(5)),
	RIGHT(AMONG, "200..299", FROM_TO(200, 299)), RIGHT(AMONG, "5..5", FROM_TO(5, 5)),
	RIGHT(LISTED, "@ints", I(5), I(201)),
};
static const struct right small_rights[] = { /* for lengths and counts */
	RIGHT(ALONE, "0", I(0)), RIGHT(ALONE, "1", I(1)), RIGHT(ALONE, "2", I(2)),
	RIGHT(ALONE, "3", I(3)), RIGHT(AMONG, "{1, 3}", I(1), I(3)),
	RIGHT(AMONG, "1..2", FROM_TO(1, 2)),
};
static const struct right string_rights[] = {
	RIGHT(ALONE, "\"x\"", W("x")), RIGHT(ALONE, "\"X\"", W("X")), RIGHT(ALONE, "\"\"", W("")),
	RIGHT(ALONE, "\"\\x78a\"", W("xa")), RIGHT(ALONE, "r\"ax\"", W("ax")),
	RIGHT(AMONG, "{\"x\", \"y\"}", W("x"), W("y")), RIGHT(AMONG, "{\"X\"}", W("X")),
	RIGHT(AMONG, "{\"aXa\", \"\", \"xa\"}", W("aXa"), W(""), W("xa")),
	/* Long enough for other ways to search it, out of order, with the like of every value. */
	RIGHT(AMONG, "{\"xa\", \"q\", \"X\", \"aXA\", \"zz\", \"\", \"X\", \"b\", \"xax\", \"c\"}",
	    W("xa"), W("q"), W("X"), W("aXA"), W("zz"), W(""), W("X"), W("b"), W("xax"), W("c")),
	RIGHT(AMONG, "{\"x\", \"y\", \"\", \"xa\", \"AX\", \"aXa\", \"X\", \"z\"}",
	    W("x"), W("y"), W(""), W("xa"), W("AX"), W("aXa"), W("X"), W("z")),
	{ .text = "@words", .use = LISTED, .as = CONTAINS, .n = 2, .items = { W("x"), W("aX") } },
	MATCH("\"x\"", CONTAINS, "x"), MATCH("r\"^x\"", STARTS, "x"),
	MATCH("\"X\\\\z\"", ENDS, "X"),
	MATCH("r\"^x\\z\"", EQ, "x"), MATCH("\"(?i)x\"", ICONTAINS, "x"),
	MATCH("r\"\\A\\z\"", EQ, ""),
};
static const struct right ip_rights[] = {
	RIGHT(ALONE, "10.0.0.1", { .a = V4("", 10, 0, 0, 1) }),
	RIGHT(ALONE, "2001:db8::1", { .a = V6("", 0x20, 1, 0xd, 0xb8, [15] = 1) }),
	RIGHT(ALONE, "::", { .a = V6("", 0) }),
	RIGHT(AMONG, "10.0.0.0/8", NET(8, V4("", 10))),
	RIGHT(AMONG, "10.0.0.0/25", NET(25, V4("", 10))),
	RIGHT(AMONG, "8.0.0.0/6", NET(6, V4("", 8))), RIGHT(AMONG, "8.0.0.0/7", NET(7, V4("", 8))),
	RIGHT(AMONG, "0.0.0.0/0", NET(0, V4("", 0))), RIGHT(AMONG, "::/0", NET(0, V6("", 0))),
	RIGHT(AMONG, "10.0.0.130/32", NET(32, V4("", 10, 0, 0, 130))),
	RIGHT(AMONG, "{2001:db8::/33, 10.0.0.1}", NET(33, V6("", 0x20, 1, 0xd, 0xb8)),
	    { .a = V4("", 10, 0, 0, 1) }),
	RIGHT(AMONG, "{192.0.2.1, ::}", { .a = V4("", 192, 0, 2, 1) }, { .a = V6("", 0) }),
	RIGHT(LISTED, "@ips", { .a = V4("", 10, 0, 0, 1) }, { .a = V6("", 10, 0, 0, 1) }),
};
static const struct right duration_rights[] = {
	RIGHT(ALONE, "1s", I(SECONDS)), RIGHT(ALONE, "0ms", I(0)),
	RIGHT(ALONE, "300s", I(300 * SECONDS)),
	RIGHT(ALONE, "2h", I(7200 * SECONDS)), RIGHT(ALONE, "168h", I(604800 * SECONDS)),
	RIGHT(AMONG, "{1000ms, 5m}", I(SECONDS), I(300 * SECONDS)),
	RIGHT(LISTED, "@spans", I(SECONDS / 2), I(7200 * SECONDS)),
};
static const struct right time_rights[] = {
	RIGHT(ALONE, "2006-09-25T16:00:00Z", I(1159200000 * SECONDS)),
	RIGHT(ALONE, "2006-09-25", I(1159142400 * SECONDS)), RIGHT(ALONE, "1970-01-01", I(0)),
	RIGHT(AMONG, "{2006-09-25, 1970-01-01T00:00:00Z}", I(1159142400 * SECONDS), I(0)),
};
static const struct right version_rights[] = {
	RIGHT(ALONE, "\"6.5.7651.50\"", W("6.5.7651.50")), RIGHT(ALONE, "\"6.5\"", W("6.5")),
	RIGHT(ALONE, "\"10.0\"", W("10")), RIGHT(ALONE, "\"6.5.7651.050\"", W("6.5.7651.50")),
	RIGHT(AMONG, "{\"6.5.0\", \"10\"}", W("6.5"), W("10")),
	RIGHT(LISTED, "@builds", W("6.5.7651.9"), W("0")),
};
static const struct right flavour_rights[] = {
	RIGHT(ALONE, "\"caldav\"", W("caldav")), RIGHT(ALONE, "\"exchange\"", W("exchange")),
	RIGHT(AMONG, "{\"caldav\", \"webdav\"}", W("caldav"), W("webdav")),
	RIGHT(LISTED, "@flavours", W("carddav"), W("exchange")),
};
static const struct right loss_rights[] = {
	RIGHT(ALONE, "\"gap\"", W("gap")), RIGHT(ALONE, "\"conflict\"", W("conflict")),
	RIGHT(AMONG, "{\"clipped\", \"gap\"}", W("clipped"), W("gap")),
};

struct rights { const struct right *rights; size_t n; };
#define ALL(a) { a, COUNT_OF(a) }
static const struct universe universes[V_TYPES] = { [V_BOOL] = ALL(bools), [V_INT] = ALL(ints),
	[V_STRING] = ALL(strings), [V_ISTRING] = ALL(istrings), [V_IP] = ALL(ips),
	[V_DURATION] = ALL(durations), [V_TIME] = ALL(times), [V_VERSION] = ALL(versions),
	[V_ENUM] = ALL(flavours) };
static const struct rights all_rights[V_TYPES] = { [V_BOOL] = ALL(bool_rights),
	[V_INT] = ALL(int_rights), [V_STRING] = ALL(string_rights),
	[V_ISTRING] = ALL(string_rights),
	[V_IP] = ALL(ip_rights), [V_DURATION] = ALL(duration_rights), [V_TIME] = ALL(time_rights),
	[V_VERSION] = ALL(version_rights), [V_ENUM] = ALL(flavour_rights) };

/* ---- conditions as text ---- */

enum { TEXT = 600 };

static inline void text_add(char out[TEXT], const char *a, const char *b)
{
	size_t n = strlen(out), room = TEXT - n;
	int added = snprintf(out + n, room, "%s%s", a, b);
	if (added < 0 || (size_t)added >= room)
		abort();
}

static inline void text_operand(char out[TEXT], enum func func, const char *field)
{
	text_add(out, func_text[func], func == PLAIN ? "" : "(");
	text_add(out, field, func == PLAIN ? "" : ")");
}

/* Appends the comparison. */
static inline void text_atom(char out[TEXT], const struct atom *a)
{
	static const enum relop mirror[OPS] = { [EQ] = EQ, [NE] = NE, [LT] = GT, [LE] = GE, [GT] = LT,
		[GE] = LE };
	static const char *const forms[] = { [EXISTS] = "exists ", [NOT_THERE] = "absent ",
		[SEEN] = "observed ", [BARE] = "" };
	text_add(out, quant_text[a->quant], a->form == COMPARE ? "" : forms[a->form]);
	if (a->flipped) {
		text_add(out, a->right->text, " ");
		text_add(out, op_text[mirror[a->op]], " ");
	}
	text_operand(out, a->func, a->field);
	if (a->form != COMPARE || a->flipped)
		return;
	text_add(out, a->negated ? " not " : " ", op_text[a->op]);
	text_add(out, " ", "");
	if (a->other != NULL)
		text_operand(out, a->other_func, a->other);
	else
		text_add(out, a->right->text, "");
}

#endif
