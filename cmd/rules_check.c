/*
 * rules_check.c - `davscope rules check`: everything that is wrong with rule files, as compilers say
 * it, or as JSON lines.
 */
#include "cmd/rules.h"

struct check {
	const struct options *options;
	const struct ruleset *set;
	const char *const *operands;
	size_t n_operands;
	size_t errors, warnings;
};

/* Shipped rules are loaded for references; nobody asked whether they are good, unless they are all. */
static bool is_asked(const struct check *c, const char *file)
{
	const struct options *o = c->options;
	if (c->n_operands == 0 && o->n_rule_paths == 0)
		return true;
	return path_covers(c->operands, c->n_operands, file) ||
	    path_covers(o->rule_paths, o->n_rule_paths, file);
}

static bool is_error(const struct complaint *complaint)
{
	return complaint->code[0] == 'E';
}

static void print_complaints(struct check *c, struct out *out)
{
	size_t n = 0;
	const struct complaint *all = ruleset_complaints(c->set, &n);
	for (size_t i = 0; i < n; i++) {
		bool error = is_error(&all[i]);
		if (!error && !is_asked(c, all[i].file))
			continue;
		c->errors += error;
		c->warnings += !error;
		complaint_print(out, &all[i], c->options->json);
	}
}

static size_t count_rules(const struct check *c)
{
	size_t n = 0;
	const struct rule *rule = NULL;
	for (size_t i = 0; (rule = ruleset_rule(c->set, i)) != NULL; i++)
		n += is_asked(c, rule->file);
	return n;
}

static void print_number(struct out *out, size_t n, const char *one, const char *many)
{
	out_u64(out, n);
	out_text(out, n == 1 ? one : many);
}

static int print_total(const struct check *c)
{
	struct error e;
	struct out *out = out_stdout(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	print_number(out, count_rules(c), " rule, ", " rules, ");
	print_number(out, c->errors, " error, ", " errors, ");
	print_number(out, c->warnings, " warning\n", " warnings\n");
	return finish_output(out);
}

/* Talk goes to standard error; with JSON the complaints are the data. */
static int print_all(struct check *c)
{
	struct error e;
	struct out *out = c->options->json ? out_stdout(&e) : out_errors(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	print_complaints(c, out);
	int code = finish_output(out);
	if (code == EXIT_DONE && !c->options->json)
		code = print_total(c);
	return code == EXIT_DONE && c->errors != 0 ? EXIT_USAGE : code;
}

int rules_check(const struct options *o)
{
	struct error e;
	struct check c = { .options = o, .operands = o->words + 1, .n_operands = o->n_words - 1 };
	struct ruleset *set = ruleset_open(o, c.operands, c.n_operands, &e);
	if (set == NULL) {
		warn("%s", e.text);
		return EXIT_USAGE;
	}
	ruleset_compile(set);
	ruleset_lint_time(set, wall_ns());
	c.set = set;
	int code = print_all(&c);
	ruleset_free(set);
	return code;
}
