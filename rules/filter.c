/*
 * filter.c - a condition on its own, as -Y takes it.
 */
#include "rules/ruleset.h"

#include <stdlib.h>
#include <string.h>

struct filter {
	struct arena *arena;
	struct interned interned;
	struct condition *condition;
	struct eval *eval;
};

static struct condition *compile(struct filter *f, const char *text, struct ruleset *set,
    const struct limits *limits, struct complaint *why)
{
	struct slice copy;
	struct names no_names = { 0 };
	struct compiler compiler = { .arena = f->arena,
		.complaints = complaints_new(),
		.names = set != NULL ? &set->names : &no_names,
		.interned = &f->interned,
		.max_steps = (size_t)limits->rule_steps,
		.steps_left = (size_t)limits->rule_steps };
	if (compiler.complaints == NULL || !arena_copy(f->arena, slice_from(text), &copy)) {
		complaints_free(compiler.complaints);
		return NULL;
	}
	struct condition *condition = condition_compile_text(&compiler, copy);
	size_t n;
	const struct complaint *all = complaints_sorted(compiler.complaints, &n);
	for (size_t i = 0; i < n && condition == NULL; i++)
		if (all[i].code[0] == 'E')
			*why = all[i];
	complaints_free(compiler.complaints);
	return condition;
}

struct filter *filter_new(const char *text, struct ruleset *set, const struct limits *limits,
    struct complaint *why)
{
	*why = (struct complaint){ .code = "E0010", .text = "out of memory" };
	struct filter *f = calloc(1, sizeof *f);
	if (f == NULL)
		return NULL;
	f->arena = arena_new((size_t)limits->rule_memory);
	if (f->arena != NULL)
		f->condition = compile(f, text, set, limits, why);
	if (f->condition != NULL)
		f->eval = eval_new(&f->interned, limits);
	if (f->eval != NULL)
		return f;
	filter_free(f);
	return NULL;
}

enum truth filter_test(struct filter *f, const struct event *event)
{
	eval_event(f->eval, event);
	if (!eval_may_match(f->eval, f->condition))
		return FALSE;
	return eval_condition(f->eval, f->condition);
}

bool filter_is_deep(const struct filter *f)
{
	return condition_is_deep(f->condition);
}

void filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	eval_free(f->eval);
	arena_free(f->arena);
	free(f);
}
