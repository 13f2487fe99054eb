/*
 * Memory that runs out anywhere in the state of rules: no crash, nothing lost without being counted,
 * and no claim of an absence that is none. Linked with malloc, calloc and realloc wrapped.
 */
#include "tests/unit/rulekit.h"

#include "tests/unit/alloc_fail.h"

#define HEAD(id) \
	"  - id: " id \
	"\n    title: t\n    severity: low\n    references: [{title: x, url: \"http://x/\"}]\n" \
	"    output: x\n    limit: {by: [dav.mailbox], max: 1, per: 1s}\n"
#define STEP(name, not, method) \
	"        - name: " name \
	"\n" not "          event: transaction\n" \
		 "          keys: {who: dav.mailbox}\n          condition: http.request.method == \"" method \
		 "\"\n"
#define NOT "          not: true\n"
#define RULES \
	HEAD("count") \
	"    event: transaction\n    condition: http.request.method == \"PUT\"\n" \
	"    window: {within: 1h, by: [dav.mailbox], distinct: dav.href, fire: '>= 2'}\n" HEAD( \
	    "last") "    sequence:\n      within: 60s\n      by: [who]\n      steps:\n" STEP("a", \
	    "", "PUT") STEP("b", NOT, "GET") \
	    HEAD("lead") "    sequence:\n      within: 60s\n      by: [who]\n      steps:\n" STEP( \
		"a", NOT, "PUT") STEP("b", "", "GET")

static const struct {
	int second;
	const char *method, *who, *href;
} requests[] = {
	{ 0, "OPTIONS", "anna", "/x" },
	{ 100, "PUT", "anna", "/a" },
	{ 110, "PUT", "anna", "/b" },
	{ 120, "GET", "anna", "/a" },
	{ 130, "PUT", "bert", "/a" },
	{ 400, "OPTIONS", "anna", "/x" },
};

/* Returns whether the allocation with that number was ever asked for; those of the events do not count. */
static bool converse(struct rulekit *k, long at)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		char item[256];
		struct kit_made made;
		kit_request_text(item, requests[i].second, requests[i].method, requests[i].who,
		    requests[i].href);
		kit_make(k, item, &made);
		allocations_left = at;
		rules_event(k->rules, &made.event);
		at = allocations_left;
		allocations_left = -1;
		arena_free(made.arena);
		if (at < 0)
			at = -1;
	}
	return at < 0;
}

static bool one_failure(long at)
{
	struct rulekit k;
	kit_open(&k, RULES);
	bool failed = converse(&k, at);
	uint64_t evicted = 0;
	for (size_t i = 0; rules_counts(k.rules, i) != NULL; i++)
		evicted += rules_counts(k.rules, i)->evicted;
	for (size_t i = 0; i < k.n; i++) {
		assert_string_not_equal(k.found[i].rule,
		    k.found[i].outcome == CONCLUSIVE ? "lead" : "");
		assert_string_not_equal(k.found[i].keys, "who=anna");
	}
	if (!failed)
		assert_int_equal(k.n, 2);
	else if (k.n < 2)
		assert_true(evicted != 0);
	assert_true(k.rules->store.used <= k.rules->store.budget);
	kit_close(&k);
	return failed;
}

static void test_every_allocation_may_fail(void **state)
{
	(void)state;
	long at = 0;
	while (one_failure(at))
		at++;
	assert_true(at > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_allocation_may_fail) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
