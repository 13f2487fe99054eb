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

static void lint_steps(const struct loaded_rule *rule, const struct said *sequence)
{
	const struct yaml *steps = yaml_get(sequence->node, "steps");
	const struct yaml *item = steps != NULL ? steps->first : NULL;
	for (size_t i = 0; i < rule->sequence.n_steps && item != NULL; i++, item = item->next) {
		const struct step *step = &rule->sequence.steps[i];
		if (!step->negative)
			lint_never(sequence, yaml_get(item, "condition"), step->condition);
	}
}

static const char *later_of(const struct field_ref *refs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (refs[i].field != NULL && refs[i].field->later)
			return refs[i].field->name;
	}
	return NULL;
}

static const char *later_step(const struct sequence *s)
{
	const char *later = NULL;
	for (size_t i = 0; i < s->n_steps && later == NULL; i++) {
		const struct step *step = &s->steps[i];
		bool reads = step->condition != NULL && condition_reads_later(step->condition);
		later = later_of(step->keys, s->by.n);
		if (later == NULL && reads)
			later = "a field of its conditions";
	}
	return later;
}

/* What a rule rests on and nothing fills; messages and fields to carry are no such thing. */
static const char *rule_later(const struct loaded_rule *rule)
{
	if (rule->shape == SHAPE_SEQUENCE)
		return later_step(&rule->sequence);
	const char *later = later_of(rule->window.by.fields, rule->window.by.n);
	if (later == NULL && rule->window.distinct)
		later = later_of(&rule->window.of, 1);
	if (later == NULL && rule->condition != NULL && condition_reads_later(rule->condition))
		later = "a field of its condition";
	return later;
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
	const char *later = rule_later(rule);
	if (later != NULL)
		refuse(id->from, id->node, "W0309", "rule %.60s cannot fire: nothing fills %s yet",
		    raw->id, later);
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
