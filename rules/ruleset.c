/*
 * ruleset.c - a set of rules: made, compiled over all its files at once, asked, freed.
 */
#include "rules/load.h"

#include <stdlib.h>
#include <string.h>

static const char *const severities[SEVERITIES] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};

static const char *const confidences[] = {
	[CONFIDENCE_LOW] = "low",
	[CONFIDENCE_MEDIUM] = "medium",
	[CONFIDENCE_HIGH] = "high",
};

const char *severity_name(enum severity s)
{
	return severities[s];
}

const char *confidence_name(enum confidence c)
{
	return confidences[c];
}

bool severity_find(const char *name, enum severity *out)
{
	for (size_t i = 0; i < SEVERITIES; i++) {
		if (strcmp(name, severities[i]) == 0) {
			*out = (enum severity)i;
			return true;
		}
	}
	return false;
}

struct ruleset *ruleset_new(const struct limits *limits, struct error *error)
{
	struct ruleset *set = calloc(1, sizeof(*set));
	if (set == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	set->limits = limits;
	set->arena = arena_new((size_t)limits->rule_memory);
	set->complaints = complaints_new();
	if (set->arena != NULL)
		set->loading = arena_alloc(set->arena, sizeof(*set->loading));
	if (set->loading == NULL || set->complaints == NULL) {
		error_set(error, "no memory for rules");
		ruleset_free(set);
		return NULL;
	}
	set->compiler = (struct compiler){
		.arena = set->arena,
		.complaints = set->complaints,
		.names = &set->names,
		.interned = &set->interned,
		.max_steps = (size_t)limits->rule_steps,
		.steps_left = (size_t)limits->rule_steps_all,
	};
	return set;
}

void ruleset_free(struct ruleset *set)
{
	if (set == NULL)
		return;
	complaints_free(set->complaints);
	arena_free(set->arena);
	free(set);
}

bool ruleset_set_variable(struct ruleset *set, const char *name_value, struct error *error)
{
	const char *sign = strchr(name_value, '=');
	struct slice name = { (const uint8_t *)name_value,
		sign != NULL ? (size_t)(sign - name_value) : 0 };
	if (!is_ident(name))
		return error_set(error, "a variable is given as NAME=VALUE");
	struct given *g = growing_next(set, &set->loading->given, sizeof(*g));
	char *copy = room_for(set, strlen(name_value) + 1);
	if (g == NULL || copy == NULL)
		return error_set(error, "no memory for a variable");
	memcpy(copy, name_value, strlen(name_value));
	*g = (struct given){ .name = { (uint8_t *)copy, name.n },
		.text = slice_from(copy + name.n + 1) };
	return true;
}

static void rules_build(struct ruleset *set)
{
	const struct loading *l = set->loading;
	const struct raw_rule *raw = l->rules.items;
	set->rules = room_for(set, l->rules.n * sizeof(*set->rules));
	for (size_t i = 0; set->rules != NULL && i < l->rules.n; i++) {
		set->names.asked = 0;
		struct loaded_rule *rule = rule_build(set, &raw[i]);
		if (rule == NULL)
			break;
		const uint64_t both[2] = { rule->hash, set->names.asked };
		rule->hash = hash_fixed(both, sizeof(both));
		set->rules[set->n_rules++] = rule;
	}
	set->compiler.rule = NULL;
}

/* What no condition uses is read all the same: it may be used tomorrow. */
static void macros_check(struct ruleset *set)
{
	for (size_t i = 0; i < set->names.n_macros; i++)
		if (complaints_wanted(set->complaints))
			macro_check(&set->compiler, &set->names.macros[i]);
}

bool ruleset_compile(struct ruleset *set)
{
	ensure(!set->compiled, NULL);
	names_build(set);
	rules_index(set);
	overrides_apply(set);
	rules_build(set);
	suppressions_build(set);
	macros_check(set);
	set->compiled = complaints_errors(set->complaints) == 0;
	if (set->compiled)
		ruleset_lint(set);
	return set->compiled;
}

const struct complaint *ruleset_complaints(const struct ruleset *set, size_t *n)
{
	return complaints_sorted(set->complaints, n);
}

const struct rule *ruleset_rule(const struct ruleset *set, size_t i)
{
	return i < set->n_rules ? &set->rules[i]->public : NULL;
}

bool ruleset_is_deep(const struct ruleset *set)
{
	return set->deep;
}
