/*
 * test_condition.c - rules/lex.c, compile.c, compare.c, operand.c, items.c: what is refused, where,
 * and what the accepted conditions mean on one transaction.
 */
#include "rules/rules.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct scene {
	struct made made;
	struct facts facts;
	struct event event;
};

/* PUT /a from 192.0.2.1, 201, two Via fields and an ETag; nothing of it is missing. */
static void scene_init(struct scene *s)
{
	*s = (struct scene){ .facts = { .flavour = FLAVOUR_CALDAV,
				 .flavour_evidence = "x",
				 .tag_seen = PRESENT,
				 .tag_header = "ETag",
				 .write = true } };
	made_init(&s->made, "PUT", "/a/B.ics", 201);
	made_header(&s->made.txn.res, "ETag", "\"v1\"");
	made_header(&s->made.txn.res, "Via", "1.1 one");
	made_header(&s->made.txn.res, "Via", "1.1 two");
	made_header(&s->made.txn.req, "User-Agent", "DAVx5/4.4");
	s->made.txn.client = (struct endpoint){ .family = 4,
		.port = 40000,
		.address = { 192, 0, 2, 1 } };
	s->made.txn.server = (struct endpoint){ .family = 6,
		.port = 80,
		.address = { 0x20, 1, 0xd, 0xb8 } };
	s->event = (struct event){ .kind = EVENT_TRANSACTION,
		.at = s->made.txn.done,
		.txn = &s->made.txn,
		.facts = &s->facts };
}

static enum truth truth_in(const struct event *event, const char *text)
{
	struct limits limits = limits_default();
	struct complaint why;
	struct filter *f = filter_new(text, NULL, &limits, &why);
	if (f == NULL)
		fail_msg("%s: %s at %zu: %s", text, why.code, why.column, why.text);
	enum truth truth = filter_test(f, event);
	filter_free(f);
	return truth;
}

static void assert_truth(const struct event *event, const char *text, enum truth expected)
{
	enum truth truth = truth_in(event, text);
	if (truth != expected)
		fail_msg("%s: is %d, expected %d", text, truth, expected);
}

static const char *const true_ones[] = {
	"true",
	"not false",
	"http.request.method == \"PUT\"",
	"\"PUT\" == http.request.method",
	"201 <= http.response.status",
	"http.response.status in 200..299",
	"http.response.status in {100..199, 201}",
	"http.response.status not in {200, 204}",
	"http.request.method in {\"GET\", \"PUT\"}",
	"http.request.method in {\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"PUT\",\"h\",\"i\"}",
	"http.request.target contains \"B.i\"",
	"http.request.target icontains \"b.ICS\"",
	"http.request.target not contains \"b.ics\"",
	"http.request.target startswith \"/a/\"",
	"http.request.target istartswith \"/A/\"",
	"http.request.target endswith \".ics\"",
	"http.request.target iendswith \".ICS\"",
	"http.request.target matches r\"^/a/[A-Z]\\.ics$\"",
	"http.request.target == \"/a/\\x42.ics\"",
	"lower(http.request.target) == \"/a/b.ics\"",
	"len(http.request.target) == 8",
	"count(http.response.header[\"via\"]) == 2",
	"count(http.response.header[\"X\"]) == 0",
	"2 == count(http.response.header[\"via\"])",
	"http.interim == count(http.response.header[\"X\"])",
	"count(http.response.header[\"Via\"]) == count(http.response.header[\"via\"])",
	"true == dav.write",
	"http.request.target matches r\"(?i)^/A/(?=b)(?<!x)b\"",
	"http.request.target == r\"/a/B.ics\" and http.request.target != r\"\\\"",
	"first(http.response.header[\"Via\"]) == \"1.1 one\"",
	"last(http.response.header[\"Via\"]) == \"1.1 two\"",
	"any http.response.header[\"Via\"] != \"1.1 one\"",
	"http.response.header[\"VIA\"] == \"1.1 two\"",
	"all http.response.header[\"Via\"] startswith \"1.1 \"",
	"none http.response.header[\"Via\"] == \"1.1\"",
	"none http.response.header[\"X\"] == \"1.1\"",
	"exists http.response.header[\"etag\"] and absent http.response.header[\"ResourceTag\"]",
	"observed http.response.header[\"X\"]",
	"exists http.response.header",
	"client.address == 192.0.2.1 and client.address in 192.0.2.0/24",
	"client.address in {10.0.0.0/8, 192.0.2.1}",
	"server.address in 2001:db8::/32 and server.address == 2001:db8::",
	"client.address != server.address",
	"client.port > server.port",
	"dav.write",
	"dav.write == true",
	"dav.flavour == \"caldav\"",
	"not dav.flavour != \"caldav\"",
	"ts < 2006-09-25T16:00:00Z",
	"timing.duration_ns < 1h and timing.duration_ns >= 1ms",
	"false or true and true",
	"(false and true) or not (true and false)",
	"true || false && false",
	"! false",
	"absent dav.error",
	"none dav.error (.name == \"x\")",
	"absent dav.error.name",
	"none airsync.collection (.status == 5)", /* a transaction has none, for sure */
	"count(airsync.collection) == 0",
};

static const char *const false_ones[] = {
	"false",
	"http.request.method != \"PUT\"",
	"http.response.reason != \"x\"", /* absent: the trap of other filters */
	"http.response.reason not in {\"x\"}",
	"all http.response.header[\"X\"] == \"1\"",
	"any http.response.header[\"X\"] != \"1\"",
	"http.request.method == \"put\"",
	"http.request.target matches \"B$\"",
	"client.address in 192.0.2.128/25",
	"server.address in 2001:db9::/32",
	"any dav.error (.name == \"x\")",
	"all dav.error (.name == \"x\")",
	"exists flow.end", /* a filter may name fields of other events */
	"len(http.request.target) > 8",
};

static const char *const unknown_ones[] = {
	"dav.row_untagged == \"x\"",
	"dav.row_untagged != \"x\"",
	"exists dav.row_untagged",
	"not exists dav.row_untagged",
	"dav.row_untagged == \"x\" and true",
	"dav.row_untagged == \"x\" or false",
};

static void test_meaning(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s);
	for (size_t i = 0; i < sizeof true_ones / sizeof true_ones[0]; i++)
		assert_truth(&s.event, true_ones[i], TRUE);
	for (size_t i = 0; i < sizeof false_ones / sizeof false_ones[0]; i++)
		assert_truth(&s.event, false_ones[i], FALSE);
	for (size_t i = 0; i < sizeof unknown_ones / sizeof unknown_ones[0]; i++)
		assert_truth(&s.event, unknown_ones[i], UNKNOWN);
}

/* Short circuits and Kleene's tables: what decides wins over what is unknown, on either side. */
static void test_unknown(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s);
	s.made.txn.res.head_complete = false;
	assert_truth(&s.event, "exists http.response.header[\"X\"]", UNKNOWN);
	assert_truth(&s.event, "absent http.response.header[\"X\"]", UNKNOWN);
	assert_truth(&s.event, "observed http.response.header[\"X\"]", FALSE);
	assert_truth(&s.event, "exists http.response.header[\"ETag\"]", TRUE);
	assert_truth(&s.event, "observed http.response.header[\"ETag\"]", TRUE);
	assert_truth(&s.event, "none http.response.header[\"Via\"] == \"x\"", UNKNOWN);
	assert_truth(&s.event, "all http.response.header[\"Via\"] startswith \"1\"", UNKNOWN);
	assert_truth(&s.event, "all http.response.header[\"Via\"] == \"1.1 one\"", FALSE);
	assert_truth(&s.event, "any http.response.header[\"Via\"] == \"1.1 one\"", TRUE);
	assert_truth(&s.event, "count(http.response.header[\"Via\"]) >= 2", TRUE);
	assert_truth(&s.event, "count(http.response.header[\"Via\"]) == 2", UNKNOWN);
	assert_truth(&s.event, "count(http.response.header[\"Via\"]) == 1", FALSE);
	assert_truth(&s.event, "count(http.response.header[\"Via\"]) < 2", FALSE);
	assert_truth(&s.event, "count(http.response.header[\"Via\"]) != 1", TRUE);
	assert_truth(&s.event, "http.interim == count(http.response.header[\"X\"])", UNKNOWN);
	assert_truth(&s.event, "first(http.response.header[\"Via\"]) == \"1.1 one\"", TRUE);
	assert_truth(&s.event, "last(http.response.header[\"Via\"]) == \"1.1 two\"", UNKNOWN);
	assert_truth(&s.event, "false and exists http.response.header[\"X\"]", FALSE);
	assert_truth(&s.event, "exists http.response.header[\"X\"] and false", FALSE);
	assert_truth(&s.event, "exists http.response.header[\"X\"] or true", TRUE);
	assert_truth(&s.event, "not (exists http.response.header[\"X\"] or false)", UNKNOWN);
}

/* A pattern that runs into its limit says neither yes nor no. */
static void test_pattern_limit(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s);
	s.made.txn.req.target = guarded("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
	assert_truth(&s.event, "http.request.target matches \"^(a+)+$\"", UNKNOWN);
	assert_truth(&s.event, "http.request.target not matches \"^(a+)+$\"", UNKNOWN);
	assert_truth(&s.event, "http.request.target matches \"^a+b$\"", TRUE);
}

struct refusal {
	const char *text, *code;
	size_t line, column;
};

static const struct refusal refusals[] = {
	{ "", "E0101", 1, 1 },
	{ "http.request.method ==", "E0101", 1, 23 },
	{ "http.request.method == \"a\" \"b\"", "E0101", 1, 28 },
	{ "http.request.method == \"a\" AND true", "E0101", 1, 28 },
	{ "(true", "E0101", 1, 6 },
	{ "true)", "E0101", 1, 5 },
	{ "()", "E0101", 1, 2 },
	{ "not", "E0101", 1, 4 },
	{ "true and or true", "E0101", 1, 10 },
	{ "http.response.status not == 5", "E0101", 1, 26 },
	{ "http.response.status in 5", "E0101", 1, 25 },
	{ "http.response.status in {}", "E0101", 1, 26 },
	{ "http.response.status in {1", "E0101", 1, 27 },
	{ "http.response.status in {1,}", "E0101", 1, 28 },
	{ "any exists dav.error", "E0101", 1, 5 },
	{ "exists 5", "E0101", 1, 8 },
	{ "http.request.method[\"x\"] == \"y\"", "E0101", 1, 20 },
	{ "http.response.header[x] == \"y\"", "E0101", 1, 22 },
	{ "http.request.method = \"PUT\"", "E0102", 1, 21 },
	{ "http.request.method == 'PUT'", "E0102", 1, 24 },
	{ "http.response.status == 99999999999999999999", "E0102", 1, 25 },
	{ "http.response.status == 5x", "E0102", 1, 25 },
	{ "true and\n  \xc3\xa9 ", "E0102", 2, 3 },
	{ "$", "E0102", 1, 1 },
	{ "http.request.method == \"PUT", "E0104", 1, 24 },
	{ "http.request.method == \"a\nb\"", "E0104", 1, 24 },
	{ "http.request.method == \"\xc3\xa9\\q\"", "E0104", 1, 26 },
	{ "http.respons.status == 5", "E0201", 1, 1 },
	{ "any airsync.collection (.clas == \"Calendar\")", "E0201", 1, 25 },
	{ "true and\n\t$none", "E0202", 2, 2 },
	{ "http.request.method in @none", "E0202", 1, 24 },
	{ "http.request.method == ${none}", "E0202", 1, 24 },
	{ "http.response.status == \"200\"", "E0204", 1, 25 },
	{ "http.request.method == 5", "E0204", 1, 24 },
	{ "exchange.frontend.build < 6.5", "E0204", 1, 27 },
	{ "exchange.frontend.build < \"six\"", "E0204", 1, 27 },
	{ "timing.wait_ns > 5", "E0204", 1, 18 },
	{ "client.address == \"10.0.0.1\"", "E0204", 1, 19 },
	{ "client.address == 10.0.0.256", "E0204", 1, 19 },
	{ "client.address in 10.0.0.0/33", "E0204", 1, 28 },
	{ "http.response.status in 300..200", "E0204", 1, 30 },
	{ "ts > 2006-02-30", "E0204", 1, 6 },
	{ "client.address == client.port", "E0204", 1, 19 },
	{ "http.request.method contains http.request.target and len(client.port) == 1", "E0204", 1,
	    54 },
	{ "http.request.method < \"a\"", "E0205", 1, 21 },
	{ "client.address contains 10.0.0.1", "E0205", 1, 16 },
	{ "http.request.method", "E0206", 1, 1 },
	{ "true and http.response.header[\"Via\"] != \"x\"", "E0207", 1, 10 },
	{ "http.response.header[\"Via\"] not in {\"x\"}", "E0207", 1, 1 },
	{ "http.request.method == http.response.header[\"Via\"]", "E0207", 1, 24 },
	{ "any http.request.method == \"PUT\"", "E0208", 1, 1 },
	{ "first(http.request.method) == \"PUT\"", "E0208", 1, 1 },
	{ "dav.error == \"x\"", "E0209", 1, 11 },
	{ "dav.error", "E0209", 1, 1 },
	{ "any dav.error", "E0209", 1, 5 },
	{ ".name == \"x\"", "E0209", 1, 1 },
	{ "any dav.error (any dav.response (.status == 5))", "E0209", 1, 20 },
	{ "dav.flavour == \"exchnage\"", "E0210", 1, 16 },
	{ "dav.flavour in {\"caldav\", \"exchnage\"}", "E0210", 1, 27 },
	{ "http.request.method matches \"(\"", "E0213", 1, 29 },
	{ "http.request.method matches \"(?<n>a)\"", "E0213", 1, 29 },
	{ "http.request.method matches \"(?P=n)\"", "E0213", 1, 29 },
	{ "http.request.method matches \"(?'n'a)\"", "E0213", 1, 29 },
	{ "http.request.method == \"a\\\"", "E0104", 1, 24 },
	{ "http.request.method == \"a\\", "E0104", 1, 26 },
	{ "5 == 5", "E0214", 1, 6 },
};

static void test_refusals(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const struct refusal *r = &refusals[i];
		struct complaint why = { 0 };
		struct filter *f = filter_new(r->text, NULL, &limits, &why);
		if (f != NULL || strcmp(why.code, r->code) != 0 || why.line != r->line ||
		    why.column != r->column)
			fail_msg("%s: %s:%zu:%zu %s, expected %s:%zu:%zu", r->text, why.code,
			    why.line, why.column, why.text, r->code, r->line, r->column);
		assert_true(why.text[0] != '\0');
		assert_true(why.end_line > why.line || why.end_column >= why.column);
	}
}

static void assert_message(const char *text, const char *message, const char *hint)
{
	struct limits limits = limits_default();
	struct complaint why;
	assert_null(filter_new(text, NULL, &limits, &why));
	assert_string_equal(why.text, message);
	assert_string_equal(why.hint, hint);
}

static void test_messages(void **state)
{
	(void)state;
	assert_message("http.respons.status == 5", "unknown field http.respons.status",
	    "did you mean http.response.status?");
	assert_message("http.response.header[\"a\"] != \"b\"",
	    "http.response.header can hold several values; != needs a quantifier",
	    "write \"none ... ==\", \"all ... !=\" or \"any ... !=\"");
	assert_message("http.response.status == \"5\"",
	    "a string cannot be compared with a field of type int", "");
	assert_message("exchange.frontend.build < 6",
	    "a number cannot be compared with a field of type version", "write it in quotes");
	assert_message("any http.request.method == \"PUT\"",
	    "http.request.method holds one value; remove 'any'", "");
	assert_message("any airsync.collection (.clas == \"a\")",
	    "group airsync.collection has no field clas; it has: class, id, key, response_key, "
	    "status, estimate, more, adds, changes, deletes, server_adds, server_changes, "
	    "server_deletes",
	    "");
	assert_message("true OR false", "and, or, or the end is expected here, not OR",
	    "keywords are in lower case");
	assert_message("http.request.method \033[31m == 5", "a character that means nothing here",
	    "");
}

/* Nested as deep as it goes, and one deeper. */
static void test_nesting(void **state)
{
	struct scene s;
	char text[600];
	(void)state;
	scene_init(&s);
	for (size_t n = 60; n <= 300; n += 240) {
		memset(text, '(', n);
		snprintf(text + n, sizeof text - n, "false or true");
		size_t end = strlen(text);
		if (n == 60)
			memset(text + end, ')', n), text[end + n] = '\0';
		if (n == 60)
			assert_truth(&s.event, text, TRUE);
		else
			assert_message(text, "the condition is nested too deeply",
			    "use macros or fewer parentheses");
	}
}

static void test_long(void **state)
{
	struct scene s;
	static char text[120000];
	size_t n = 0;
	(void)state;
	scene_init(&s);
	for (unsigned i = 0; i < 1300; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "dav.write and ");
	snprintf(text + n, sizeof text - n, "dav.write");
	assert_truth(&s.event, text, TRUE);
	for (unsigned i = 0; i < 1300; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "dav.write and ");
	snprintf(text + n, sizeof text - n, "dav.write");
	assert_message(text, "the condition is too long with its macros in place",
	    "a list or a pattern may say the same");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_pattern_limit),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
