/*
 * reload.c - another set of rules in the place of the old one, all or nothing: its own tests must pass
 * first, and rules that are the same in both keep their state.
 */
#include "rules/due.h"

#include <stdlib.h>
#include <string.h>

struct verdict {
	struct error *error;
	bool failed;
};

static void on_result(void *ctx, const struct test_result *t)
{
	struct verdict *v = ctx;
	if (t->passed || v->failed)
		return;
	v->failed = true;
	error_set(v->error, "rule %.60s, test \"%.60s\": %.100s", t->rule->id, t->name, t->why);
}

static bool set_is_good(const struct rules *r, const struct ruleset *set, struct error *error)
{
	struct verdict v = { error, false };
	if (!set->compiled || complaints_errors(set->complaints) != 0)
		return error_set(error, "the rules have errors");
	return ruleset_test(set, r->options.limits, (struct test_sink){ on_result, &v }, error) &&
	    !v.failed;
}

/* What is made before anything is given up. */
struct change {
	struct ruleset *set;
	struct eval *eval;
	struct rule_state **states;
	struct audience audiences[EVENT_KINDS];
};

/* The old state of the same rule, which gets its new text; NULL: there is none. */
static struct rule_state *state_of_same(const struct rules *r, const struct loaded_rule *rule)
{
	for (size_t i = 0; i < r->n_states; i++) {
		const struct loaded_rule *old = r->states[i]->rule;
		if (old->hash == rule->hash && old->shape == rule->shape &&
		    strcmp(old->public.id, rule->public.id) == 0)
			return r->states[i];
	}
	return NULL;
}

static bool is_kept(const struct rules *r, const struct rule_state *s)
{
	return s->index < r->n_states && r->states[s->index] == s;
}

static void change_drop(struct rules *r, struct change *c)
{
	for (size_t i = 0; c->states != NULL && i < c->set->n_rules; i++)
		if (c->states[i] != NULL && !is_kept(r, c->states[i]))
			free(c->states[i]);
	free(c->states);
	eval_free(c->eval);
	ruleset_free(c->set);
}

static bool change_states(const struct rules *r, struct change *c)
{
	size_t n = c->set->n_rules;
	int64_t since = r->clock.started ? r->clock.now : NEVER;
	c->states = calloc(n != 0 ? n : 1, sizeof(struct rule_state *));
	if (c->states == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct rule_state *same = state_of_same(r, c->set->rules[i]);
		c->states[i] = same != NULL ? same : rule_state_new(c->set->rules[i], i, since);
		if (c->states[i] == NULL)
			return false;
	}
	return true;
}

static bool change_make(const struct rules *r, struct change *c)
{
	c->eval = eval_new(&c->set->interned, r->options.limits);
	return c->eval != NULL && change_states(r, c) &&
	    audiences_make(c->audiences, c->set, c->states, SIZE_MAX);
}

static void states_drop(struct rules *r, const struct change *c)
{
	for (size_t i = 0; i < r->n_states; i++) {
		struct rule_state *s = r->states[i];
		if (s->index < c->set->n_rules && c->states[s->index] == s)
			continue;
		space_clear(&r->store, &s->keys);
		space_clear(&r->store, &s->limits);
		space_clear(&r->store, &s->told);
		free(s);
	}
	free(r->states);
}

static void change_commit(struct rules *r, struct change *c)
{
	for (size_t i = 0; i < c->set->n_rules; i++)
		rule_state_adopt(c->states[i], c->set->rules[i], i);
	states_drop(r, c);
	due_reorder(&r->store);
	audiences_free(r->audiences);
	eval_free(r->eval);
	ruleset_free(r->owned);
	r->states = c->states;
	r->n_states = c->set->n_rules;
	memcpy(r->audiences, c->audiences, sizeof(r->audiences));
	r->eval = c->eval;
	r->set = r->owned = c->set;
}

bool rules_reload(struct rules *r, struct ruleset *set, struct error *error)
{
	struct change c = { .set = set };
	if (set_is_good(r, set, error)) {
		if (change_make(r, &c)) {
			change_commit(r, &c);
			return true;
		}
		error_set(error, "out of memory");
	}
	change_drop(r, &c);
	return false;
}
