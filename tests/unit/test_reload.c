/*
 * test_reload.c - another set of rules while the engine runs: all or nothing, and what is the same in
 * both goes on as it was.
 */
#include "tests/unit/rulekit.h"

#define RULE(id, rest) \
	"  - id: " id \
	"\n    title: t\n    severity: low\n    references: [{title: x, url: \"http://x/\"}]\n" rest
#define PUT_RULE(id, rest) \
	RULE(id, \
	    "    event: transaction\n    condition: http.request.method == \"PUT\"\n" \
	    "    output: \"{dav.mailbox}\"\n" rest)

#define COUNTING(id, fire) \
	PUT_RULE(id, "    window: {within: 1h, by: [dav.mailbox], fire: '>= " fire "'}\n")
#define ABSENCE \
	RULE("gone", \
	    "    output: \"{key.who}\"\n    sequence:\n      within: 60s\n      by: [who]\n      steps:\n" \
	    "        - name: a\n          event: transaction\n          keys: {who: dav.mailbox}\n" \
	    "          condition: http.request.method == \"PUT\"\n" \
	    "        - name: b\n          not: true\n          event: transaction\n          keys: {who: dav.mailbox}\n" \
	    "          condition: http.request.method == \"GET\"\n")

static void put(struct rulekit *k, int second, const char *who, const char *href)
{
	kit_request(k, second, "PUT", who, href);
}

static void test_reload_keeps_what_is_the_same(void **state)
{
	(void)state;
	struct rulekit k;
	struct error e = { "" };
	kit_open(&k,
	    COUNTING("same", "2") ABSENCE COUNTING("changed", "2") COUNTING("gone-soon", "9"));
	put(&k, 0, "anna", "/x");
	struct ruleset *set = kit_set(&k.limits, "",
	    COUNTING("new", "2") COUNTING("changed", "3") ABSENCE COUNTING("same", "2"));
	assert_true(rules_reload(k.rules, set, &e));
	assert_ptr_equal(rules_set(k.rules), set);
	assert_int_equal(rules_counts(k.rules, 0)->matches, 0);
	assert_int_equal(rules_counts(k.rules, 1)->matches, 0);
	assert_int_equal(rules_counts(k.rules, 3)->matches, 1);
	put(&k, 1, "anna", "/x");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].rule, "same");
	put(&k, 2, "anna", "/x");
	assert_found(&k, 2);
	assert_string_equal(k.found[1].rule, "new");
	put(&k, 60, "bert", "/x");
	assert_found(&k, 3);
	assert_string_equal(k.found[2].rule, "gone");
	assert_string_equal(k.found[2].steps, "a=t-1");
	kit_close(&k);
}

static void test_reload_of_a_bad_set_changes_nothing(void **state)
{
	(void)state;
	struct rulekit k;
	struct error e = { "" };
	kit_open(&k, COUNTING("same", "2"));
	const struct ruleset *old = rules_set(k.rules);
	put(&k, 0, "anna", "/x");
	struct ruleset *failing = kit_set(&k.limits, "",
	    COUNTING("same", "2") PUT_RULE("wrong",
		"    tests:\n      - name: never\n        events:\n"
		"          - {at: 0s, set: {http.request.method: PUT}}\n        expect: []\n"));
	assert_false(rules_reload(k.rules, failing, &e));
	assert_non_null(strstr(e.text, "never"));
	struct ruleset *broken = ruleset_new(&k.limits, &e);
	ruleset_read(broken, "x.yaml", SLICE("davscope_rules: 1\nrules: 7\n"));
	assert_false(ruleset_compile(broken));
	assert_false(rules_reload(k.rules, broken, &e));
	assert_false(rules_reload(k.rules, ruleset_new(&k.limits, &e), &e));
	assert_ptr_equal(rules_set(k.rules), old);
	put(&k, 1, "anna", "/x");
	assert_found(&k, 1);
	kit_close(&k);
}

#define USING(id, condition, within) \
	RULE(id, \
	    "    event: transaction\n    condition: " condition "\n    output: x\n" \
	    "    window: {within: '" within "', by: [dav.mailbox], fire: '>= 2'}\n")
#define NAMES(list, macro, text, time) \
	"lists:\n  l: {type: string, items: [" list "]}\n" \
	"macros:\n  inner: http.request.method == \"" macro \
	"\"\n  m: $inner and dav.mailbox == \"anna\"\n" \
	"vars:\n  t: {type: string, default: " text "}\n  w: {type: duration, default: " time \
	"}\n"
#define RULES_OF_NAMES \
	USING("by-list", "http.request.method in @l", "1h") \
	USING("by-macro", "$m", "1h") \
	USING("by-text", "http.request.method == ${t}", "1h") \
	USING("by-time", "http.request.method == \"PUT\"", "${w}") \
	USING("by-itself", "http.request.method == \"PUT\"", "1h")

/* Which rules go on where they were: those find the second of two, half of it before the change. */
static void after_change(const char *names, const char *const *kept, size_t n)
{
	struct rulekit k;
	struct error e;
	kit_init(&k);
	kit_start(&k, NAMES("PUT, GET", "PUT", "PUT", "1h"), RULES_OF_NAMES);
	put(&k, 0, "anna", "/x");
	assert_true(rules_reload(k.rules, kit_set(&k.limits, names, RULES_OF_NAMES), &e));
	put(&k, 1, "anna", "/x");
	assert_found(&k, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(k.found[i].rule, kept[i]);
	kit_close(&k);
}

static void test_names_belong_to_the_rules_that_use_them(void **state)
{
	(void)state;
	static const char *const all[] = { "by-list", "by-macro", "by-text", "by-time",
		"by-itself" };
	static const char *const no_list[] = { "by-macro", "by-text", "by-time", "by-itself" };
	static const char *const no_macro[] = { "by-list", "by-text", "by-time", "by-itself" };
	static const char *const no_text[] = { "by-list", "by-macro", "by-time", "by-itself" };
	static const char *const no_time[] = { "by-list", "by-macro", "by-text", "by-itself" };
	after_change(NAMES("PUT, GET", "PUT", "PUT", "1h"), all, 5);
	after_change("# moved\n\n" NAMES("PUT, GET", "PUT", "PUT", "1h"), all, 5);
	after_change(NAMES("PUT, HEAD", "PUT", "PUT", "1h"), no_list, 4);
	after_change(NAMES("PUT, GET", "DELETE", "PUT", "1h"), no_macro, 4);
	after_change(NAMES("PUT, GET", "PUT", "GET", "1h"), no_text, 4);
	after_change(NAMES("PUT, GET", "PUT", "PUT", "2h"), no_time, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload_keeps_what_is_the_same),
		cmocka_unit_test(test_reload_of_a_bad_set_changes_nothing),
		cmocka_unit_test(test_names_belong_to_the_rules_that_use_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
