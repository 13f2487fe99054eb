/*
 * reads.c - what people ask about a compiled rule: which events it looks at, which fields it reads,
 * and which rule they may have meant.
 */
#include "rules/load.h"
#include "rules/program.h"

#include <stdlib.h>
#include <string.h>

unsigned ruleset_kinds(const struct ruleset *set, size_t rule)
{
	return set->rules[rule]->kinds;
}

static void mark_test(const struct test *test, bool *read)
{
	size_t n = 0;
	const struct field *table = fields_table(&n);
	const struct field *left = test->left.ref.field;
	if (left != NULL)
		read[left - table] = true;
	if (test->two_fields && test->right.ref.field != NULL)
		read[test->right.ref.field - table] = true;
}

static void mark_condition(const struct condition *c, bool *read)
{
	for (size_t i = 0; c != NULL && i < c->n_code; i++)
		if (c->code[i].op == OP_TEST || c->code[i].op == OP_GROUP)
			mark_test(&c->tests[c->code[i].arg], read);
}

static void mark_rule(const struct loaded_rule *rule, bool *read)
{
	if (rule->shape != SHAPE_SEQUENCE)
		mark_condition(rule->condition, read);
	mark_condition(rule->escalate, read);
	for (size_t i = 0; i < rule->n_except; i++)
		mark_condition(rule->except[i], read);
	for (size_t i = 0; rule->shape == SHAPE_SEQUENCE && i < rule->sequence.n_steps; i++)
		mark_condition(rule->sequence.steps[i].condition, read);
}

size_t ruleset_reads(const struct ruleset *set, size_t rule, const struct field **out, size_t room)
{
	size_t n = 0, found = 0;
	const struct field *table = fields_table(&n);
	bool *read = calloc(n, sizeof *read);
	if (read == NULL)
		return 0;
	mark_rule(set->rules[rule], read);
	for (size_t i = 0; i < n && found < room; i++)
		if (read[i])
			out[found++] = &table[i];
	free(read);
	return found;
}

const char *ruleset_like(const struct ruleset *set, const char *id)
{
	const char **ids = calloc(set->n_rules + 1, sizeof *ids);
	if (ids == NULL)
		return NULL;
	for (size_t i = 0; i < set->n_rules; i++)
		ids[i] = set->rules[i]->public.id;
	const char *like = word_like(slice_from(id), ids, set->n_rules);
	for (size_t i = 0; i < set->n_rules && like == NULL; i++)
		like = id[0] != '\0' && strstr(ids[i], id) != NULL ? ids[i] : NULL;
	free(ids);
	return like;
}
