/*
 * rules_test.c - `davscope rules test`: the tests in rules, and what NAME.expect.yaml demands of the
 * capture beside it; printed as TAP 14 or JSON lines.
 */
#include "cmd/rules.h"

#include <stdlib.h>
#include <string.h>

struct testing {
	const struct options *options;
	struct out *out;
	const char *const *files; /* rule files among the operands; none: all rules are tested */
	size_t n_files;
	const char *capture; /* of results without a rule; its expectation where there is none */
	uint64_t points, failed;
};

/* ---- one point ---- */

struct point {
	const char *rule, *capture; /* one of them: whose test it is */
	const char *name, *file;
	const char *why; /* NULL: it passed */
	const char *skip; /* NULL: it was run */
	size_t line;
};

/* In TAP a # begins a directive. */
static void tap_text(struct out *out, const char *text)
{
	struct slice rest = slice_from(text);
	for (;;) {
		size_t n = slice_find_byte(rest, '#');
		out_vis(out, slice_part(rest, 0, n), SIZE_MAX);
		if (n == rest.n)
			return;
		out_text(out, "\\#");
		rest = slice_part(rest, n + 1, rest.n - n - 1);
	}
}

static void tap_diagnostics(struct out *out, const struct point *p)
{
	print_json(out, "  ---\n  message: ", p->why);
	print_json(out, "\n  file: ", p->file);
	if (p->line != 0)
		print_json_number(out, "\n  line: ", p->line);
	out_text(out, "\n  ...\n");
}

static void tap_point(struct out *out, uint64_t number, const struct point *p)
{
	out_text(out, p->why == NULL ? "ok " : "not ok ");
	out_u64(out, number);
	out_text(out, " - ");
	tap_text(out, p->rule != NULL ? p->rule : p->capture);
	out_text(out, ": ");
	tap_text(out, p->name);
	if (p->skip != NULL) {
		out_text(out, " # SKIP ");
		tap_text(out, p->skip);
	}
	out_char(out, '\n');
	if (p->why != NULL)
		tap_diagnostics(out, p);
}

static void json_point(struct out *out, uint64_t number, const struct point *p)
{
	print_json_number(out, "{\"test\":", number);
	out_text(out, p->why == NULL ? ",\"ok\":true" : ",\"ok\":false");
	print_json(out, ",\"rule\":", p->rule);
	print_json(out, ",\"capture\":", p->capture);
	print_json(out, ",\"name\":", p->name);
	print_json(out, ",\"file\":", p->file);
	if (p->line != 0)
		print_json_number(out, ",\"line\":", p->line);
	print_json(out, ",\"skipped\":", p->skip);
	print_json(out, ",\"message\":", p->why);
	out_text(out, "}\n");
}

static void print_point(struct testing *t, const struct point *p)
{
	t->points++;
	t->failed += p->why != NULL;
	if (t->options->json)
		json_point(t->out, t->points, p);
	else
		tap_point(t->out, t->points, p);
}

static bool is_asked(const struct testing *t, const struct rule *rule)
{
	return t->n_files == 0 || path_covers(t->files, t->n_files, rule->file);
}

static void on_result(void *ctx, const struct test_result *r)
{
	struct testing *t = ctx;
	if (r->rule != NULL && !is_asked(t, r->rule))
		return;
	struct point p = {
		.rule = r->rule != NULL ? r->rule->id : NULL,
		.capture = r->rule != NULL ? NULL : t->capture,
		.name = r->name,
		.file = r->file,
		.line = r->line,
		.why = r->passed ? NULL : r->why,
		.skip = r->skipped ? r->why : NULL,
	};
	print_point(t, &p);
}

/* ---- tests in rules ---- */

static void demand_silence(struct testing *t, const struct ruleset *set)
{
	const struct rule *rule = NULL;
	for (size_t i = 0; (rule = ruleset_rule(set, i)) != NULL; i++) {
		if (!is_asked(t, rule) || ruleset_expects_silence(set, i))
			continue;
		struct point p = {
			.rule = rule->id,
			.name = "a test expects silence",
			.file = rule->file,
			.line = rule->line,
			.why = "no test of this rule expects that nothing is found",
		};
		print_point(t, &p);
	}
}

static int test_rules(struct testing *t, const struct ruleset *set)
{
	struct error e = { "" };
	struct test_sink sink = { on_result, t };
	if (!ruleset_test(set, &t->options->limits, sink, &e) && e.text[0] != '\0') {
		warn("%s", e.text);
		return EXIT_INTERNAL;
	}
	if (t->options->require_negative)
		demand_silence(t, set);
	return EXIT_DONE;
}

/* ---- captures ---- */

static void print_trouble(struct testing *t, const char *file, const char *name, const char *why)
{
	struct point p = { .capture = t->capture, .name = name, .file = file, .why = why };
	print_point(t, &p);
}

static void skip_trial(struct testing *t, const struct trial *trial)
{
	struct point p = {
		.capture = t->capture,
		.name = "findings",
		.file = trial->expect,
		.skip = "no capture",
	};
	print_point(t, &p);
}

/* Rules keep state, so each capture has a set of its own. */
static bool run_trial(struct testing *t, const struct trial *trial, struct expect *expect,
    struct error *e)
{
	int code = EXIT_DONE;
	struct ruleset *set = ruleset_ready(t->options, t->files, t->n_files, &code);
	if (set == NULL)
		return error_set(e, "the rules cannot be loaded again");
	if (!capture_run(t->options, trial->capture, set, expect, e))
		return false;
	expect_finish(expect, (struct test_sink){ on_result, t });
	return true;
}

static void test_trial(struct testing *t, const struct ruleset *set, const struct trial *trial)
{
	struct error e;
	t->capture = trial->capture != NULL ? trial->capture : trial->expect;
	struct expect *expect = expect_load(trial->expect, &e);
	if (expect == NULL)
		print_trouble(t, trial->expect, "the expectation can be read", e.text);
	else if (!expect_fits(expect, set, &e))
		print_trouble(t, trial->expect, "its rules are there", e.text);
	else if (trial->capture == NULL)
		skip_trial(t, trial);
	else if (!run_trial(t, trial, expect, &e))
		print_trouble(t, trial->expect, "the capture can be read", e.text);
	expect_free(expect);
}

/* ---- all of it ---- */

static int run_all(struct testing *t, const struct ruleset *set, const struct operands *operands)
{
	if (!t->options->json)
		out_text(t->out, "TAP version 14\n");
	int code = test_rules(t, set);
	for (size_t i = 0; code == EXIT_DONE && i < operands->n_trials; i++)
		test_trial(t, set, &operands->trials[i]);
	if (code == EXIT_DONE && !t->options->json) {
		out_text(t->out, "1..");
		out_u64(t->out, t->points);
		out_char(t->out, '\n');
	}
	return code == EXIT_DONE && t->failed != 0 ? EXIT_FINDINGS : code;
}

static int test_operands(const struct options *o, const struct operands *operands)
{
	struct error e;
	int code = EXIT_INTERNAL;
	struct ruleset *set = ruleset_ready(o, operands->files, operands->n_files, &code);
	if (set == NULL)
		return code;
	struct testing t = {
		.options = o,
		.out = out_stdout(&e),
		.files = operands->files,
		.n_files = operands->n_files,
	};
	code = t.out != NULL ? run_all(&t, set, operands) : EXIT_INTERNAL;
	if (t.out != NULL)
		code = exit_worse(code, finish_output(t.out));
	ruleset_free(set);
	return code;
}

int rules_test(const struct options *o)
{
	struct error e;
	struct operands operands;
	if (!operands_read(&operands, o->words + 1, o->n_words - 1, &e)) {
		warn("%s", e.text);
		return EXIT_USAGE;
	}
	int code = test_operands(o, &operands);
	operands_free(&operands);
	return code;
}
