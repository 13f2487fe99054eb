/* Any bytes as a rule file: loaded, compiled, and tested when it compiles. */
#include "rules/rules.h"
#include "tests/fuzz/complaints.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

static void check_complaints(const struct ruleset *set, bool compiled)
{
	size_t n;
	const struct complaint *all = ruleset_complaints(set, &n);
	ensure(compiled == (complaints_check(all, n) == 0), NULL);
}

static void on_result(void *ctx, const struct test_result *result)
{
	size_t *failed = ctx;
	ensure(result->rule != NULL && result->name != NULL, NULL);
	ensure(result->passed || result->why[0] != '\0', NULL);
	*failed += !result->passed;
}

static void test_rules(const struct ruleset *set, const struct limits *limits)
{
	size_t failed = 0;
	struct error error = { "" };
	struct test_sink sink = { .result = on_result, .ctx = &failed };
	bool passed = ruleset_test(set, limits, sink, &error);
	ensure(passed || failed != 0 || error.text[0] != '\0', NULL);
	for (size_t i = 0; ruleset_rule(set, i) != NULL; i++)
		ruleset_expects_silence(set, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct limits limits = limits_default();
	struct error error;
	struct ruleset *set = ruleset_new(&limits, &error);
	if (set == NULL)
		return 0;
	ruleset_read(set, "fuzz.yaml", (struct slice){ data, n });
	bool compiled = ruleset_compile(set);
	check_complaints(set, compiled);
	if (compiled)
		test_rules(set, &limits);
	ruleset_free(set);
	return 0;
}
