/*
 * load_override.c - rules by their id, and what overrides put in the place of their keys.
 */
#include "rules/load.h"

#include <stdlib.h>
#include <string.h>

static int raw_compare(const void *left, const void *right)
{
	const struct raw_rule *a = *(struct raw_rule *const *)left;
	const struct raw_rule *b = *(struct raw_rule *const *)right;
	int order = strcmp(a->id, b->id);
	return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

static void refuse_repeated(const struct raw_rule *again, const struct raw_rule *first)
{
	char file[64];
	struct ruleset *set = again->item.from->set;
	const struct yaml *id = again->keys[RULE_ID].node;
	set->compiler.rule = again->id;
	hint(refuse(again->item.from, id, "E0019", "rule %.60s is in %s:%zu already", again->id,
		 quoted(file, slice_from(first->item.from->name)), first->item.node->start.line),
	    "to change that rule use override:");
	set->compiler.rule = NULL;
}

void rules_index(struct ruleset *set)
{
	struct loading *l = set->loading;
	struct raw_rule *all = l->rules.items;
	l->by_id = room_for(set, l->rules.n * sizeof(struct raw_rule *));
	if (l->by_id == NULL || l->rules.n == 0)
		return;
	for (size_t i = 0; i < l->rules.n; i++)
		l->by_id[i] = &all[i];
	qsort(l->by_id, l->rules.n, sizeof(struct raw_rule *), raw_compare);
	l->n_by_id = 1;
	for (size_t i = 1; i < l->rules.n; i++) {
		struct raw_rule *last = l->by_id[l->n_by_id - 1];
		if (strcmp(last->id, l->by_id[i]->id) != 0)
			l->by_id[l->n_by_id++] = l->by_id[i];
		else
			refuse_repeated(l->by_id[i], last);
	}
}

static int id_compare(const void *wanted, const void *item)
{
	const char *const *id = wanted;
	const struct raw_rule *const *rule = item;
	return strcmp(*id, (*rule)->id);
}

struct raw_rule *raw_rule_find(const struct ruleset *set, const char *id)
{
	const struct loading *l = set->loading;
	if (l->n_by_id == 0)
		return NULL;
	struct raw_rule **found = bsearch(&id, l->by_id, l->n_by_id, sizeof(struct raw_rule *),
	    id_compare);
	return found != NULL ? *found : NULL;
}

/* The id somebody meant: among so many rules, and so often, as takes no time. */
void hint_rule(struct complaint *c, struct ruleset *set, const char *id)
{
	enum { RULES_MAX = 256, GUESSES_MAX = 50 };
	const char *ids[RULES_MAX];
	struct loading *l = set->loading;
	size_t n = l->n_by_id < RULES_MAX ? l->n_by_id : RULES_MAX;
	if (l->guesses == GUESSES_MAX)
		return;
	l->guesses++;
	for (size_t i = 0; i < n; i++)
		ids[i] = l->by_id[i]->id;
	const char *like = word_like(slice_from(id), ids, n);
	if (like != NULL)
		hint(c, "did you mean %.60s?", like);
}

/* Which of two stands would depend on the order of the files. */
static void refuse_second(const struct override *o, size_t key, const struct raw_rule *rule)
{
	char file[64];
	const struct said *first = &rule->keys[key];
	const struct yaml *name = o->keys[key]->key;
	refuse(o->item.from, name, "E0019", "%s of rule %.60s is overridden in %s:%zu already",
	    (const char *)name->text.p, o->id, quoted(file, slice_from(first->from->name)),
	    first->node->key->start.line);
}

static void override_key(const struct override *o, size_t key, struct raw_rule *rule)
{
	if (rule->overridden[key]) {
		refuse_second(o, key, rule);
		return;
	}
	rule->overridden[key] = true;
	rule->keys[key] = (struct said){ o->keys[key], o->item.from };
}

/* "severity, limit": what the override names, the id left out. */
static const char *override_keys(struct ruleset *set, const struct override *o)
{
	const struct yaml *map = o->item.node;
	size_t n = 1, used = 0;
	for (const struct yaml *m = map->first; m != NULL; m = m->next)
		n += m->key->text.n + 2;
	char *out = room_for(set, n);
	for (const struct yaml *m = map->first; out != NULL && m != NULL; m = m->next) {
		if (!slice_is(m->key->text, "id"))
			used += (size_t)snprintf(out + used, n - used, "%s%s",
			    used != 0 ? ", " : "", (const char *)m->key->text.p);
	}
	return out != NULL ? out : "";
}

/* What changes a rule changes its hash. */
static void override_apply(struct ruleset *set, const struct override *o, struct raw_rule *rule)
{
	set->compiler.rule = o->id;
	for (size_t i = 0; i < RULE_KEYS; i++)
		if (i != RULE_ID && o->keys[i] != NULL)
			override_key(o, i, rule);
	set->compiler.rule = NULL;
	struct overridden *note = growing_next(set, &rule->overrides, sizeof(*note));
	if (note == NULL)
		return;
	*note = (struct overridden){ o->item.from->name, override_keys(set, o),
		o->item.node->start.line };
	if (o->keys[RULE_APPEND_EXCEPT] != NULL) {
		struct appended *a = room_for(set, sizeof(*a));
		if (a == NULL)
			return;
		*a = (struct appended){ { o->keys[RULE_APPEND_EXCEPT], o->item.from },
			rule->except };
		rule->except = a;
	}
	struct slice text = item_text(&o->item);
	uint64_t both[2] = { rule->hash, hash_fixed(text.p, text.n) };
	rule->hash = hash_fixed(both, sizeof(both));
}

void overrides_apply(struct ruleset *set)
{
	const struct override *all = set->loading->overrides.items;
	for (size_t i = 0; i < set->loading->overrides.n; i++) {
		const struct override *o = &all[i];
		struct raw_rule *rule = raw_rule_find(set, o->id);
		if (rule != NULL) {
			override_apply(set, o, rule);
			continue;
		}
		set->compiler.rule = o->id;
		hint_rule(refuse(o->item.from, yaml_get(o->item.node, "id"), "E0022",
			      "there is no rule %.60s to override", o->id),
		    set, o->id);
		set->compiler.rule = NULL;
	}
}
