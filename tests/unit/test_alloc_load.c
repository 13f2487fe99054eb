/*
 * Memory that runs out while rules are loaded: the set says so and gives all back, or is whole.
 * Linked with malloc, calloc and realloc wrapped.
 */
#include "rules/ruleset.h"
#include "tests/unit/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
    "davscope_rules: 1\n"
    "lists: {l: {type: ip, items: [10.0.0.1, 10.0.0.2]}}\n"
    "macros:\n"
    "  m: http.request.target matches \"^/a[0-9]+\" and client.address in @l\n"
    "vars: {w: {type: duration, default: 5s}}\n"
    "rules:\n"
    "  - id: a\n"
    "    title: t\n"
    "    severity: low\n"
    "    event: transaction\n"
    "    condition: $m\n"
    "    window: {within: \"${w}\", by: [auth.user], fire: \">= 2\"}\n"
    "    output: '{http.request.target|trunc(9)} {window.span}'\n"
    "    tests:\n"
    "      - {name: t, events: [{at: 0s, set: {http.request.target: /a}}], expect: []}\n"
    "suppress:\n"
    "  - {rule: a, until: 2030-01-01, reason: r, where: http.interim == 1}\n";

/* True: it compiled. *failed: an allocation did fail. */
static bool load(const char *again, bool *failed)
{
	struct limits limits = limits_default();
	struct error e = { "" };
	struct ruleset *set = ruleset_new(&limits, &e);
	if (set == NULL) {
		assert_true(e.text[0] != '\0');
		*failed = true;
		return false;
	}
	bool given = ruleset_set_variable(set, "w=6s", &e);
	ruleset_read(set, "a.yaml", slice_from(again));
	ruleset_read(set, "b.yaml", slice_from(text));
	bool fine = ruleset_compile(set);
	*failed = allocations_left < 0;
	allocations_left = -1;
	size_t n;
	const struct complaint *c = ruleset_complaints(set, &n);
	if (fine) {
		assert_string_equal(ruleset_rule(set, 0)->id, "a");
		assert_int_equal(set->rules[0]->n_suppressions, 1);
		assert_int_equal(set->rules[0]->window.within_ns, given ? 6000000000 : 5000000000);
	} else {
		assert_true(n > 0 && c[0].code[0] == 'E');
	}
	ruleset_free(set);
	return fine;
}

static void loading(void **state)
{
	(void)state;
	char again[40000] = "davscope_rules: 1\nmacros:\n";
	size_t n = strlen(again), refused = 0;
	for (size_t i = 0; i < 1000; i++)
		n += (size_t)snprintf(again + n, sizeof(again) - n, "  m%zu: true\n", i);
	bool failed = true;
	for (long before = 0; failed; before++) {
		allocations_left = before;
		refused += !load(again, &failed);
	}
	assert_true(refused > 10);
	assert_true(load(again, &failed));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(loading) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
