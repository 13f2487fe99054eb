/* Any bytes as a rule file: loaded, compiled, and tested when it compiles. */
#include "rules/rules.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

/* A complaint names a place of the file, or the file as a whole, in printable words. */
static void check_complaints(const struct ruleset *set, bool compiled)
{
	size_t n, errors = 0;
	const struct complaint *all = ruleset_complaints(set, &n);
	for (size_t i = 0; i < n; i++) {
		const struct complaint *c = &all[i];
		ensure(strlen(c->code) == 5 && c->text[0] != '\0', NULL);
		ensure(c->line <= c->end_line && (c->line == 0 || c->column > 0), NULL);
		for (const char *p = c->text; *p != '\0'; p++)
			ensure((unsigned char)*p >= ' ' && *p != 0x7f, NULL);
		errors += c->code[0] == 'E';
	}
	ensure(compiled == (errors == 0), NULL);
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
