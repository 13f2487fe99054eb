/*
 * rules_show.c - `davscope rules list`, `show` and `explain`: what rules there are, how they are
 * written, and what they mean.
 */
#include "cmd/rules.h"

#include <stdlib.h>
#include <string.h>

enum { READS_COLUMN = 28, CLAUSE_MAX = 2048 };

/* ---- list ---- */

enum { LIST_ID, LIST_CODE, LIST_SEVERITY, LIST_STATUS, LIST_COLUMNS };
struct widths {
	size_t of[LIST_COLUMNS], title;
};

static const char *cell(const struct rule *rule, unsigned column)
{
	switch (column) {
	case LIST_ID:
		return rule->id;
	case LIST_CODE:
		return rule->code != NULL ? rule->code : "-";
	case LIST_SEVERITY:
		return severity_name(rule->severity);
	default:
		return rule->enabled ? rule->status : "off";
	}
}

static size_t wider(size_t width, const char *text)
{
	size_t n = strlen(text);
	return n > width ? n : width;
}

static struct widths list_widths(const struct ruleset *set)
{
	struct widths w = { { 0 }, 0 };
	const struct rule *rule = NULL;
	for (size_t i = 0; (rule = ruleset_rule(set, i)) != NULL; i++) {
		for (unsigned c = 0; c < LIST_COLUMNS; c++)
			w.of[c] = wider(w.of[c], cell(rule, c));
		w.title = wider(w.title, rule->title);
	}
	return w;
}

static void list_text(struct out *out, const struct ruleset *set)
{
	struct widths w = list_widths(set);
	const struct rule *rule = NULL;
	for (size_t i = 0; (rule = ruleset_rule(set, i)) != NULL; i++) {
		for (unsigned c = 0; c < LIST_COLUMNS; c++)
			print_column(out, slice_from(cell(rule, c)), w.of[c] + 1);
		print_column(out, slice_from(rule->title), w.title + 1);
		out_vis(out, slice_from(rule->file), SIZE_MAX);
		out_char(out, '\n');
	}
}

int rules_list(const struct options *o)
{
	struct error e;
	int code = EXIT_INTERNAL;
	struct ruleset *set = options_ruleset(o, &code);
	if (set == NULL)
		return code;
	struct out *out = out_stdout(&e);
	if (out != NULL && o->json)
		list_json(out, set);
	else if (out != NULL)
		list_text(out, set);
	code = out != NULL ? finish_output(out) : EXIT_INTERNAL;
	ruleset_free(set);
	return code;
}

/* ---- one rule ---- */

static const struct rule *rule_find(const struct ruleset *set, const char *id, size_t *number)
{
	const struct rule *rule = NULL;
	for (*number = 0; (rule = ruleset_rule(set, *number)) != NULL; ++*number)
		if (strcmp(rule->id, id) == 0)
			return rule;
	const char *like = ruleset_like(set, id);
	warn("no rule %.60s%s%s%s", id, like != NULL ? "; did you mean " : "",
	    like != NULL ? like : "", like != NULL ? "?" : "; see davscope rules list");
	return NULL;
}

static int print_rule(const struct options *o, rule_printer *print)
{
	struct error e;
	size_t number = 0;
	int code = EXIT_INTERNAL;
	struct ruleset *set = options_ruleset(o, &code);
	if (set == NULL)
		return code;
	code = EXIT_USAGE;
	const struct rule *rule = rule_find(set, o->words[1], &number);
	struct out *out = rule != NULL ? out_stdout(&e) : NULL;
	if (out != NULL) {
		print(out, set, number, rule);
		code = finish_output(out);
	}
	ruleset_free(set);
	return code;
}

/* "overridden in mine.yaml:3: severity, limit", a line each. */
static void print_overrides(struct out *out, const char *before, const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_overrides; i++) {
		const struct overridden *o = &rule->overrides[i];
		out_text(out, before);
		out_text(out, "overridden in ");
		out_vis(out, slice_from(o->file), SIZE_MAX);
		out_char(out, ':');
		out_u64(out, o->line);
		out_text(out, ": ");
		out_vis(out, slice_from(o->keys), SIZE_MAX);
		out_char(out, '\n');
	}
}

/* A comment, so that what is printed can be put into a file. */
static void show(struct out *out, const struct ruleset *set, size_t number, const struct rule *rule)
{
	(void)set, (void)number;
	out_text(out, "# ");
	out_vis(out, slice_from(rule->file), SIZE_MAX);
	out_char(out, ':');
	out_u64(out, rule->line);
	out_char(out, '\n');
	print_overrides(out, "# ", rule);
	print_source(out, rule->source);
	size_t n = strlen(rule->source);
	if (n == 0 || rule->source[n - 1] != '\n')
		out_char(out, '\n');
}

int rules_show(const struct options *o)
{
	return print_rule(o, o->json ? show_json : show);
}

/* ---- explain ---- */

static void explain_head(struct out *out, const struct rule *rule)
{
	out_vis(out, slice_from(rule->id), SIZE_MAX);
	if (rule->code != NULL) {
		out_text(out, " (");
		out_vis(out, slice_from(rule->code), SIZE_MAX);
		out_char(out, ')');
	}
	out_text(out, ", severity ");
	out_text(out, severity_name(rule->severity));
	if (rule->worst != rule->severity) {
		out_text(out, " or ");
		out_text(out, severity_name(rule->worst));
	}
	out_text(out, ", confidence ");
	out_text(out, confidence_name(rule->confidence));
	out_text(out, ", ");
	out_vis(out, slice_from(rule->status), SIZE_MAX);
	out_text(out, rule->enabled ? "\n" : ", off\n");
	print_wrapped(out, slice_from(rule->title), 0, 0);
}

static void explain_text(struct out *out, const char *heading, const char *text)
{
	if (text == NULL)
		return;
	out_char(out, '\n');
	out_text(out, heading);
	out_char(out, '\n');
	print_wrapped(out, slice_from(text), 2, 0);
}

static void explain_reference(struct out *out, const struct reference *r)
{
	out_text(out, "  ");
	if (r->kb != NULL) {
		out_text(out, "KB ");
		out_vis(out, slice_from(r->kb), SIZE_MAX);
		out_text(out, r->title != NULL || r->url != NULL ? ": " : "");
	}
	if (r->title != NULL)
		out_vis(out, slice_from(r->title), SIZE_MAX);
	if (r->title != NULL && r->url != NULL)
		out_text(out, "\n    ");
	if (r->url != NULL)
		out_vis(out, slice_from(r->url), SIZE_MAX);
	out_char(out, '\n');
}

static void explain_references(struct out *out, const struct rule *rule)
{
	if (rule->n_references != 0)
		out_text(out, "\nReferences\n");
	for (size_t i = 0; i < rule->n_references; i++)
		explain_reference(out, &rule->references[i]);
}

static void explain_field(struct out *out, const struct field *field)
{
	size_t width = strlen(field->name);
	out_text(out, "    ");
	print_column(out, slice_from(field->name), READS_COLUMN);
	print_wrapped(out, slice_from(field->text), 4 + READS_COLUMN + 1,
	    4 + (width > READS_COLUMN ? width : READS_COLUMN) + 1);
}

static void explain_evidence(struct out *out, const struct ruleset *set, size_t number)
{
	const struct field *reads[READS_MAX];
	size_t n = ruleset_reads(set, number, reads, READS_MAX);
	bool deep = false;
	out_text(out, "\nEvidence\n  events: ");
	print_kinds(out, ruleset_kinds(set, number), ", ");
	out_text(out, n != 0 ? "\n  fields:\n" : "\n");
	for (size_t i = 0; i < n; i++) {
		explain_field(out, reads[i]);
		deep = deep || reads[i]->deep;
	}
	if (deep)
		print_wrapped(out, SLICE("Every XML body is parsed whole while this rule is on."),
		    2, 0);
}

static void explain_clauses(struct out *out, const struct ruleset *set, size_t number)
{
	char text[CLAUSE_MAX];
	out_text(out, "\nWhen it fires\n");
	for (size_t i = 0; ruleset_clause(set, number, i, text, sizeof text); i++)
		if (text[0] != '\0')
			print_wrapped(out, slice_from(text), 2, 0);
}

static void explain(struct out *out, const struct ruleset *set, size_t number,
    const struct rule *rule)
{
	explain_head(out, rule);
	explain_text(out, "Why it matters", rule->description);
	explain_text(out, "What to do", rule->remedy);
	explain_clauses(out, set, number);
	explain_evidence(out, set, number);
	explain_references(out, rule);
	out_text(out, "\nSource\n  ");
	out_vis(out, slice_from(rule->file), SIZE_MAX);
	out_char(out, ':');
	out_u64(out, rule->line);
	out_text(out, ", printed by davscope rules show ");
	out_vis(out, slice_from(rule->id), SIZE_MAX);
	out_char(out, '\n');
	print_overrides(out, "  ", rule);
}

int rules_explain(const struct options *o)
{
	return print_rule(o, o->json ? explain_json : explain);
}
