/*
 * test_testrun.c - rules/testrun.c: tests embedded in rules pass and fail for the right reasons.
 */
#include "rules/ruleset.h"
#include "rules/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RESULTS_MAX = 32 };

struct scene {
	struct limits limits;
	struct ruleset *set;
	struct test_result results[RESULTS_MAX];
	size_t n;
	bool passed;
};

static void on_result(void *ctx, const struct test_result *r)
{
	struct scene *s = ctx;
	assert_true(s->n < RESULTS_MAX);
	s->results[s->n++] = *r;
}

static void compile(struct scene *s, const char *text)
{
	struct error e;
	*s = (struct scene){ .limits = limits_default() };
	s->set = ruleset_new(&s->limits, &e);
	assert_non_null(s->set);
	ruleset_read(s->set, "t.yaml", slice_from(text));
	if (ruleset_compile(s->set))
		return;
	size_t n = 0;
	const struct complaint *c = ruleset_complaints(s->set, &n);
	for (size_t i = 0; i < n; i++)
		print_message("%zu:%zu: %s: %s\n", c[i].line, c[i].column, c[i].code, c[i].text);
	fail_msg("the rules do not compile");
}

static void run(struct scene *s, const char *text, size_t n)
{
	struct error e = { "?" };
	compile(s, text);
	s->passed = ruleset_test(s->set, &s->limits, (struct test_sink){ on_result, s }, &e);
	assert_string_equal(e.text, "");
	assert_int_equal(s->n, n);
}

static void assert_why(const struct scene *s, size_t i, const char *part)
{
	assert_false(s->results[i].passed);
	if (strstr(s->results[i].why, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, s->results[i].why);
}

#define HEAD "davscope_rules: 1\nrules:\n"
#define RULE(id) "- id: " id "\n  title: t\n  severity: low\n"
#define SIMPLE(id) \
	RULE(id) \
	"  event: transaction\n  condition: http.request.method == \"PUT\"\n" \
	"  output: \"{http.request.method} by {dav.mailbox}\"\n  tests:\n"
#define TEST(name, events, expect) \
	"  - {name: " name ", events: [" events "], expect: [" expect "]}\n"
#define PUT(at, box) "{at: " at ", set: {http.request.method: PUT, dav.mailbox: " box "}}"
#define GET "{at: 0s, set: {http.request.method: GET}}"

/* clang-format off */
static const char four_tests[] = HEAD SIMPLE("a")
	TEST("one", PUT("0s", "anna"), "{count: 1}")
	TEST("none", GET, "")
	TEST("missing", GET, "{count: 1}")
	TEST("too many", PUT("0s", "anna"), "");
static const char two_events[] = HEAD SIMPLE("a")
	TEST("same time", PUT("0s", "anna") "," PUT("0s", "anna"), "{count: 2}")
	TEST("match splits them", PUT("0s", "anna") "," PUT("1s", "bert"),
	    "{match: {dav.mailbox: bert}}, {match: {dav.mailbox: anna}}")
	TEST("one is left over", PUT("0s", "anna") "," PUT("1s", "bert"),
	    "{match: {dav.mailbox: bert}}");
static const char kept_still[] = HEAD
	SIMPLE("a") TEST("one", PUT("0s", "anna"), "{count: 1}") "  enabled: false\n"
	SIMPLE("b") TEST("one", PUT("0s", "anna"), "{count: 1}")
	"suppress: [{rule: b, until: 2200-01-01, reason: known}]\n";
#define SEQUENCE HEAD RULE("s") \
	"  sequence:\n    within: 10s\n    by: [box]\n    steps:\n" \
	"    - {name: sync, event: sync, keys: {box: airsync.user}, condition: airsync.status == 5}\n" \
	"    - name: put\n      not: true\n      event: transaction\n      keys: {box: dav.mailbox}\n" \
	"      condition: http.request.method == \"PUT\"\n" \
	"  output: \"{key.box}\"\n  tests:\n"
#define SYNC5 "{at: 0s, set: {airsync.status: 5, airsync.user: anna}}"
#define LATER "{at: 20s, set: {airsync.status: 1}}"
static const char first_step[] = SEQUENCE
	TEST("due", SYNC5 "," LATER, "{count: 1}")
	TEST("in time", SYNC5 ", {at: 5s, event: transaction, "
	    "set: {http.request.method: PUT, dav.mailbox: anna}}," LATER, "");
static const char open_ends[] = SEQUENCE
	"  - {name: said, events: [" SYNC5 "], expect: [], expect_inconclusive: 1}\n"
	"  - {name: not said, events: [" SYNC5 "], expect: []}\n"
	"  - {name: said too much, events: [" SYNC5 "], expect: [], expect_inconclusive: 2}\n";
static const char window[] = HEAD RULE("w")
	"  event: transaction\n  condition: http.request.method == \"PUT\"\n"
	"  window: {within: 1h, by: [dav.mailbox], fire: \">= 2\"}\n  output: x\n  tests:\n"
	TEST("first", PUT("0s", "anna"), "")
	TEST("second", PUT("0s", "anna"), "")
	TEST("both", PUT("0s", "anna") "," PUT("0s", "anna"), "{count: 1}");
static const char other_kinds[] = HEAD
	RULE("f") "  event: finding\n"
	"  condition: rule.id == \"x\" and finding.severity == \"high\"\n"
	"  output: \"{rule.id}\"\n  tests:\n"
	TEST("fires", "{at: 0s, set: {rule.id: x, finding.severity: high}}",
	    "{count: 1, match: {finding.message: x, rule.id: f}}")
	TEST("other", "{at: 0s, set: {rule.id: y, finding.severity: high}}", "")
	RULE("g") "  event: stats\n  condition: stats.packets.dropped > 0\n  output: lost\n  tests:\n"
	TEST("fires", "{at: 0s, set: {stats.packets.dropped: 3}}", "{count: 1}")
	TEST("silent", "{at: 0s, set: {stats.packets.dropped: 0}}", "");
static const char silences[] = HEAD
	SIMPLE("a") TEST("one", PUT("0s", "anna"), "{count: 1}")
	SIMPLE("b") TEST("one", GET, "")
	SIMPLE("c") TEST("one", GET, "{count: 0}")
	SIMPLE("d") "  - {name: one, events: [" GET "], expect: [], expect_inconclusive: 1}\n";
/* clang-format on */

static void passes_and_fails(void **state)
{
	(void)state;
	struct scene s;
	run(&s, four_tests, 4);
	assert_false(s.passed);
	assert_true(s.results[0].passed);
	assert_string_equal(s.results[0].name, "one");
	assert_string_equal(s.results[0].rule->id, "a");
	assert_string_equal(s.results[0].file, "t.yaml");
	assert_int_equal(s.results[0].line, 10);
	assert_true(s.results[1].passed);
	assert_why(&s, 2, "expected 1, seen 0");
	assert_why(&s, 3, "1 not expected; a: PUT by anna");
	ruleset_free(s.set);
}

static void events_apart_are_findings_apart(void **state)
{
	(void)state;
	struct scene s;
	run(&s, two_events, 3);
	assert_true(s.results[0].passed);
	assert_true(s.results[1].passed);
	assert_why(&s, 2, "1 not expected; a: PUT by anna");
	ruleset_free(s.set);
}

static void off_and_suppressed_rules_are_tested(void **state)
{
	(void)state;
	struct scene s;
	run(&s, kept_still, 2);
	assert_true(s.passed);
	ruleset_free(s.set);
}

static void first_step_names_the_event(void **state)
{
	(void)state;
	struct scene s;
	run(&s, first_step, 2);
	assert_true(s.passed);
	ruleset_free(s.set);
}

static void inconclusive_ones_are_counted(void **state)
{
	(void)state;
	struct scene s;
	run(&s, open_ends, 3);
	assert_true(s.results[0].passed);
	assert_why(&s, 1, "expected 0 inconclusive, seen 1");
	assert_why(&s, 2, "expected 2 inconclusive, seen 1");
	ruleset_free(s.set);
}

static void tests_do_not_share_state(void **state)
{
	(void)state;
	struct scene s;
	run(&s, window, 3);
	assert_true(s.passed);
	ruleset_free(s.set);
}

static void findings_and_stats_can_be_made(void **state)
{
	(void)state;
	struct scene s;
	run(&s, other_kinds, 4);
	assert_true(s.passed);
	ruleset_free(s.set);
}

static void no_memory_fails_a_test(void **state)
{
	(void)state;
	struct scene s;
	struct error e;
	compile(&s, four_tests);
	struct limits none = s.limits;
	none.rule_memory = 0;
	assert_false(ruleset_test(s.set, &none, (struct test_sink){ on_result, &s }, &e));
	assert_int_equal(s.n, 4);
	for (size_t i = 0; i < s.n; i++) {
		assert_false(s.results[i].passed);
		assert_string_not_equal(s.results[i].why, "");
	}
	ruleset_free(s.set);
}

/* What an override says of tests is about the rule as it is now. */
static void tests_of_overridden_rules_are_skipped(void **state)
{
	(void)state;
	struct scene s;
	run(&s,
	    HEAD SIMPLE("a") TEST("wrong now", GET, "{count: 1}") SIMPLE(
		"b") TEST("still", GET, "") SIMPLE("c") TEST("old", GET,
		"{count: 1}") "override:\n- {id: a, severity: high}\n- id: c\n  rev: 2\n  tests:\n" TEST("new",
		GET, ""),
	    3);
	assert_true(s.results[0].passed && s.results[0].skipped);
	assert_non_null(strstr(s.results[0].why, "overridden in t.yaml:"));
	assert_true(s.results[1].passed && !s.results[1].skipped);
	assert_string_equal(s.results[2].name, "new");
	assert_true(s.results[2].passed && !s.results[2].skipped);
	ruleset_free(s.set);
}

static void rules_with_errors_are_not_tested(void **state)
{
	(void)state;
	struct scene s = { .limits = limits_default() };
	struct error e;
	s.set = ruleset_new(&s.limits, &e);
	ruleset_read(s.set, "t.yaml", SLICE(HEAD "- {id: a}\n"));
	assert_false(ruleset_compile(s.set));
	assert_false(ruleset_test(s.set, &s.limits, (struct test_sink){ on_result, &s }, &e));
	assert_non_null(strstr(e.text, "do not compile"));
	assert_int_equal(s.n, 0);
	ruleset_free(s.set);
}

static void silence_is_no_finding_at_all(void **state)
{
	(void)state;
	struct scene s;
	compile(&s, silences);
	assert_false(ruleset_expects_silence(s.set, 0));
	assert_true(ruleset_expects_silence(s.set, 1));
	assert_true(ruleset_expects_silence(s.set, 2));
	assert_false(ruleset_expects_silence(s.set, 3));
	ruleset_free(s.set);
}

static bool reads(const struct ruleset *set, size_t rule, const char *name)
{
	const struct field *fields[16];
	size_t n = ruleset_reads(set, rule, fields, 16);
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i]->name, name) == 0)
			return true;
	return false;
}

static void a_rule_can_be_asked(void **state)
{
	(void)state;
	struct scene s;
	compile(&s, first_step);
	assert_int_equal(ruleset_kinds(s.set, 0), 1u << EVENT_SYNC | 1u << EVENT_TRANSACTION);
	assert_true(reads(s.set, 0, "airsync.status"));
	assert_true(reads(s.set, 0, "http.request.method"));
	assert_false(reads(s.set, 0, "dav.mailbox"));
	ruleset_free(s.set);
	compile(&s, HEAD SIMPLE("untagged-write") TEST("x", GET, ""));
	assert_string_equal(ruleset_like(s.set, "untaged-wrte"), "untagged-write");
	assert_null(ruleset_like(s.set, "quite-another"));
	ruleset_free(s.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_and_fails),
		cmocka_unit_test(events_apart_are_findings_apart),
		cmocka_unit_test(off_and_suppressed_rules_are_tested),
		cmocka_unit_test(first_step_names_the_event),
		cmocka_unit_test(inconclusive_ones_are_counted),
		cmocka_unit_test(tests_do_not_share_state),
		cmocka_unit_test(findings_and_stats_can_be_made),
		cmocka_unit_test(no_memory_fails_a_test),
		cmocka_unit_test(tests_of_overridden_rules_are_skipped),
		cmocka_unit_test(rules_with_errors_are_not_tested),
		cmocka_unit_test(silence_is_no_finding_at_all),
		cmocka_unit_test(a_rule_can_be_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
