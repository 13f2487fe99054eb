/*
 * load_names.c - lists, macros and variables: each declared once in all files.
 */
#include "rules/load.h"

#include <stdlib.h>
#include <string.h>

static int declared_compare(const void *left, const void *right)
{
	const struct declared *a = left, *b = right;
	int order = names_order(a->value.node->key->text, b->value.node->key->text);
	return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

/* Sorts by name and keeps the first of each; the others are complained of. */
static void declarations_sort(struct growing *g, const char *what)
{
	struct declared *all = g->items;
	size_t kept = 0;
	char name[64], file[64];
	if (g->n != 0)
		qsort(all, g->n, sizeof(*all), declared_compare);
	for (size_t i = 0; i < g->n; i++) {
		const struct yaml *key = all[i].value.node->key;
		const struct said *first = kept != 0 ? &all[kept - 1].value : NULL;
		if (first == NULL || !slice_equal(first->node->key->text, key->text)) {
			all[kept++] = all[i];
			continue;
		}
		refuse(all[i].value.from, key, "E0019", "%s %s is declared in %s:%zu already", what,
		    quoted(name, key->text), quoted(file, slice_from(first->from->name)),
		    first->node->key->start.line);
	}
	g->n = kept;
}

static const char *said_name(const struct said *said)
{
	return (const char *)said->node->key->text.p;
}

/* ---- types ---- */

static const enum field_type list_types[] = { FIELD_STRING, FIELD_INT, FIELD_IP, FIELD_VERSION,
	FIELD_DURATION };
static const enum field_type variable_types[] = { FIELD_STRING, FIELD_INT, FIELD_IP, FIELD_VERSION,
	FIELD_DURATION, FIELD_BOOL, FIELD_TIME };

static bool type_read(const struct origin *from, const struct yaml *node,
    const enum field_type *types, size_t n, enum field_type *out)
{
	enum { MOST = 8 };
	const char *names[MOST];
	size_t i;
	for (i = 0; i < n && i < MOST; i++)
		names[i] = field_type_name(types[i]);
	if (!word_read(from, node, "type", names, n, &i))
		return false;
	*out = types[i];
	return true;
}

/* For want of room it fails only where as much cannot be had again: E0010, and none behind it. */
static bool constant_take(struct ruleset *set, enum field_type type, struct slice text,
    struct value *out)
{
	if (constant_read(type, text, set->arena, out))
		return true;
	room_for(set, text.n + sizeof(struct endpoint));
	return false;
}

static bool value_read(const struct origin *from, const struct yaml *node, enum field_type type,
    struct value *out)
{
	char text[64];
	if (!kind_check(from, node, TEXT, "a value"))
		return false;
	if (constant_take(from->set, type, node->text, out))
		return true;
	refuse(from, node, "E0020", "\"%s\" is no %s", quoted(text, node->text),
	    field_type_name(type));
	return false;
}

/* ---- lists ---- */

static void items_build(struct list *list, const struct origin *from, const struct yaml *items)
{
	struct value *values = room_for(from->set, items->n * sizeof(*values));
	if (values == NULL)
		return;
	for (const struct yaml *m = items->first; m != NULL; m = m->next)
		list->n_items += value_read(from, m, list->type, &values[list->n_items]);
	list->items = values;
}

static void list_build(struct list *list, const struct said *said)
{
	enum { TYPE, ITEMS, KEYS };
	static const struct key keys[KEYS] = { { "type", TEXT, true }, { "items", LIST, true } };
	const struct yaml *values[KEYS];
	*list = (struct list){
		.name = said_name(said),
		.type = FIELD_STRING,
		.at = said->node->key->start,
		.file = said->from->name,
	};
	map_read(said->from, said->node, "a list", keys, KEYS, values);
	bool typed = values[TYPE] != NULL &&
	    type_read(said->from, values[TYPE], list_types,
		sizeof(list_types) / sizeof(list_types[0]), &list->type);
	if (typed && values[ITEMS] != NULL)
		items_build(list, said->from, values[ITEMS]);
}

static void lists_build(struct ruleset *set)
{
	struct growing *g = &set->loading->lists;
	const struct declared *all = g->items;
	declarations_sort(g, "list");
	set->names.lists = room_for(set, g->n * sizeof(*set->names.lists));
	if (set->names.lists == NULL)
		return;
	set->names.n_lists = g->n;
	for (size_t i = 0; i < g->n; i++)
		list_build(&set->names.lists[i], &all[i].value);
}

/* ---- macros ---- */

static void macros_build(struct ruleset *set)
{
	struct growing *g = &set->loading->macros;
	const struct declared *all = g->items;
	struct names *names = &set->names;
	declarations_sort(g, "macro");
	names->macros = room_for(set, g->n * sizeof(*names->macros));
	for (size_t i = 0; names->macros != NULL && i < g->n; i++) {
		const struct said *said = &all[i].value;
		if (!kind_check(said->from, said->node, TEXT, "a macro"))
			continue;
		if (said->node->style == YAML_QUOTED) {
			hint(refuse(said->from, said->node, "E0103",
				 "a condition is plain text or a block"),
			    "leave the quotes out, or write it as a block behind |");
			continue;
		}
		names->macros[names->n_macros++] = (struct macro){
			.name = said_name(said),
			.body = said->node,
			.file = said->from->name,
			.source = said->from->text,
		};
	}
}

/* ---- variables ---- */

static struct given *given_find(const struct loading *l, const char *name)
{
	struct given *all = l->given.items;
	for (size_t i = l->given.n; i-- > 0;) {
		if (slice_is(all[i].name, name))
			return &all[i];
	}
	return NULL;
}

/* The last --var of a name is the one that counts. */
static void variable_given(struct ruleset *set, struct variable *v)
{
	struct given *g = given_find(set->loading, v->name);
	if (g == NULL)
		return;
	char text[64];
	struct value value;
	v->given = true;
	if (constant_take(set, v->type, g->text, &value)) {
		v->value = value;
		return;
	}
	v->broken = true;
	struct complaint *c = complaint_add(set->complaints, "E0020", "--var", NULL, NULL);
	snprintf(c->text, sizeof(c->text), "variable %.60s: \"%s\" is no %s", v->name,
	    quoted(text, g->text), field_type_name(v->type));
}

static void variable_build(struct variable *v, const struct said *said)
{
	enum { TYPE, DEFAULT, DOC, KEYS };
	static const struct key keys[KEYS] = { { "type", TEXT, true }, { "default", TEXT, true },
		{ "doc", TEXT, false } };
	const struct yaml *values[KEYS];
	const struct origin *from = said->from;
	*v = (struct variable){ .name = said_name(said), .type = FIELD_STRING };
	map_read(from, said->node, "a variable", keys, KEYS, values);
	bool typed = values[TYPE] != NULL &&
	    type_read(from, values[TYPE], variable_types,
		sizeof(variable_types) / sizeof(variable_types[0]), &v->type);
	v->broken = !typed || values[DEFAULT] == NULL ||
	    !value_read(from, values[DEFAULT], v->type, &v->value);
	if (typed)
		variable_given(from->set, v);
}

static void given_check(struct ruleset *set)
{
	const struct given *all = set->loading->given.items;
	char text[64];
	for (size_t i = 0; i < set->loading->given.n; i++) {
		if (names_variable(&set->names, all[i].name) != NULL)
			continue;
		struct complaint *c = complaint_add(set->complaints, "E0021", "--var", NULL, NULL);
		snprintf(c->text, sizeof(c->text), "no file declares a variable %s",
		    quoted(text, all[i].name));
	}
}

static void variables_build(struct ruleset *set)
{
	struct growing *g = &set->loading->variables;
	const struct declared *all = g->items;
	declarations_sort(g, "variable");
	set->names.variables = room_for(set, g->n * sizeof(*set->names.variables));
	if (set->names.variables == NULL)
		return;
	set->names.n_variables = g->n;
	for (size_t i = 0; i < g->n; i++)
		variable_build(&set->names.variables[i], &all[i].value);
	given_check(set);
}

void names_build(struct ruleset *set)
{
	variables_build(set);
	lists_build(set);
	macros_build(set);
}
