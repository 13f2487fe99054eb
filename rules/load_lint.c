/*
 * load_lint.c - what is allowed in a rule file but hardly meant.
 */
#include "rules/load.h"

static void warn_unused(const struct said *said, const char *code, const char *what)
{
	char text[64];
	const struct yaml *key = said->node->key;
	refuse(said->from, key, code, "%s %s is not used", what, quoted(text, key->text));
}

/* Without errors each declaration became one name, in the same order. */
static void lint_names(const struct ruleset *set)
{
	const struct names *names = &set->names;
	const struct declared *lists = set->loading->lists.items;
	const struct declared *macros = set->loading->macros.items;
	const struct declared *variables = set->loading->variables.items;
	for (size_t i = 0; i < names->n_macros; i++) {
		if (!names->macros[i].used)
			warn_unused(&macros[i].value, "W0302", "macro");
	}
	for (size_t i = 0; i < names->n_lists; i++) {
		if (!names->lists[i].used)
			warn_unused(&lists[i].value, "W0303", "list");
	}
	for (size_t i = 0; i < names->n_variables; i++) {
		if (!names->variables[i].used)
			warn_unused(&variables[i].value, "W0304", "variable");
	}
}

/* ---- rules that cannot fire, or not yet ---- */

static void lint_never(const struct said *said, const struct yaml *node, const struct condition *c)
{
	if (node != NULL && c != NULL && condition_is_never(c))
		refuse(said->from, node, "W0307",
		    "this can never be true, so the rule never fires");
}

/* An event without its key or without its condition is not used; which field keeps it from both? */
static const struct field *waits_for(const struct field_ref *keys, size_t n,
    const struct condition *c)
{
	for (size_t i = 0; i < n; i++) {
		if (keys[i].field != NULL && keys[i].field->later)
			return keys[i].field;
	}
	return c != NULL ? condition_waits_for(c) : NULL;
}

static const struct field *step_waits_for(const struct loaded_rule *rule, const struct step *step)
{
	return waits_for(step->keys, rule->sequence.by.n, step->condition);
}

/* What a rule rests on and nothing fills; messages and fields to carry are no such thing. */
static const struct field *rule_waits_for(const struct loaded_rule *rule)
{
	const struct window *w = &rule->window;
	const struct field *later = NULL;
	for (size_t i = 0; i < rule->sequence.n_steps && later == NULL; i++) {
		if (!rule->sequence.steps[i].negative)
			later = step_waits_for(rule, &rule->sequence.steps[i]);
	}
	if (rule->shape == SHAPE_SEQUENCE)
		return later;
	later = waits_for(w->by.fields, w->by.n, rule->condition);
	return later == NULL && w->distinct ? waits_for(&w->of, 1, NULL) : later;
}

/* The first of these events that nothing makes yet; NULL: there is none. */
static const char *kind_missing(unsigned kinds)
{
	static const enum event_kind later[] = { EVENT_OPERATION, EVENT_ITEM, EVENT_SESSION,
		EVENT_SYNC };
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (kinds >> later[i] & 1)
			return event_kind_name(later[i]);
	}
	return NULL;
}

static unsigned kinds_needed(const struct loaded_rule *rule)
{
	unsigned kinds = 0;
	if (rule->shape != SHAPE_SEQUENCE)
		return rule->kinds;
	for (size_t i = 0; i < rule->sequence.n_steps; i++) {
		if (!rule->sequence.steps[i].negative)
			kinds |= 1u << rule->sequence.steps[i].kind;
	}
	return kinds;
}

/* What keeps it from firing: no such events, or nothing in a field that it rests on. */
static void lint_later(const struct loaded_rule *rule, const struct said *id)
{
	const char *missing = kind_missing(kinds_needed(rule));
	const struct field *later = rule_waits_for(rule);
	if (missing != NULL)
		refuse(id->from, id->node, "W0309",
		    "rule %.60s cannot fire: there are no %s events yet", rule->public.id, missing);
	else if (later != NULL)
		refuse(id->from, id->node, "W0309", "rule %.60s cannot fire: nothing fills %s yet",
		    rule->public.id, later->name);
}

static void lint_step(const struct loaded_rule *rule, const struct step *step,
    const struct said *item)
{
	char name[64];
	if (!step->negative) {
		lint_never(item, yaml_get(item->node, "condition"), step->condition);
		return;
	}
	const char *missing = kind_missing(1u << step->kind);
	const struct field *later = step_waits_for(rule, step);
	if (missing != NULL)
		refuse(item->from, item->node, "W0309",
		    "step %s never matches: there are no %s events yet",
		    quoted(name, slice_from(step->name)), missing);
	else if (later != NULL)
		refuse(item->from, item->node, "W0309",
		    "step %s never matches: nothing fills %s yet",
		    quoted(name, slice_from(step->name)), later->name);
}

static void lint_steps(const struct loaded_rule *rule, const struct said *sequence)
{
	const struct yaml *steps = yaml_get(sequence->node, "steps");
	const struct yaml *item = steps != NULL ? steps->first : NULL;
	for (size_t i = 0; i < rule->sequence.n_steps && item != NULL; i++, item = item->next)
		lint_step(rule, &rule->sequence.steps[i], &(struct said){ item, sequence->from });
}

static void lint_rule(struct ruleset *set, size_t i)
{
	const struct raw_rule *raw = (const struct raw_rule *)set->loading->rules.items + i;
	const struct loaded_rule *rule = set->rules[i];
	const struct said *id = &raw->keys[RULE_ID], *condition = &raw->keys[RULE_CONDITION];
	set->compiler.rule = raw->id;
	if (rule->shape == SHAPE_SEQUENCE)
		lint_steps(rule, &raw->keys[RULE_SEQUENCE]);
	else
		lint_never(condition, condition->node, rule->condition);
	lint_later(rule, id);
	if (!ruleset_expects_silence(set, i))
		hint(refuse(id->from, id->node, "W0306",
			 "rule %.60s has no test that expects silence", raw->id),
		    "add a test with expect: []");
}

void ruleset_lint(struct ruleset *set)
{
	lint_names(set);
	for (size_t i = 0; i < set->n_rules; i++)
		lint_rule(set, i);
	set->compiler.rule = NULL;
}
