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

/* ---- rules that cannot fire ---- */

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
			lint_never(&(struct said){ item, sequence->from },
			    yaml_get(item, "condition"), step->condition);
	}
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
