/*
 * names.c - what a condition refers to: lists, macros, variables by name, header names by number.
 */
#include "rules/condition.h"

#include <stdlib.h>
#include <string.h>

int names_order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n != 0 ? memcmp(a.p, b.p, n) : 0;
	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Lists, macros and variables all begin with their name. */
static int item_compare(const void *wanted, const void *item)
{
	const struct slice *name = wanted;
	const char *const *candidate = item;
	return names_order(*name, slice_from(*candidate));
}

static void *item_find(void *items, size_t n, size_t size, struct slice name)
{
	return n != 0 ? bsearch(&name, items, n, size, item_compare) : NULL;
}

/* ---- what a rule rests on beside its own text ---- */

static void mix(uint64_t *hash, uint64_t number)
{
	const uint64_t both[2] = { *hash, number };
	*hash = hash_fixed(both, sizeof(both));
}

static void mix_text(uint64_t *hash, struct slice text)
{
	mix(hash, hash_fixed(text.p, text.n));
}

static void mix_value(uint64_t *hash, enum field_type type, const struct value *v)
{
	mix(hash, type);
	mix(hash, (uint64_t)v->number);
	mix_text(hash, v->text);
	if (v->ip != NULL) {
		mix(hash, v->ip->family);
		mix_text(hash, (struct slice){ v->ip->address, sizeof(v->ip->address) });
	}
}

/* Made once for each name: a file may use a long one often. */
static void mix_name(struct names *names, uint64_t *hash, enum field_type type,
    const struct value *values, size_t n)
{
	if (*hash == 0)
		for (size_t i = 0; i < n; i++)
			mix_value(hash, type, &values[i]);
	mix(&names->asked, *hash);
}

struct list *names_list(struct names *names, struct slice name)
{
	struct list *l = item_find(names->lists, names->n_lists, sizeof(struct list), name);
	if (l != NULL)
		mix_name(names, &l->hash, l->type, l->items, l->n_items);
	return l;
}

struct macro *names_macro(struct names *names, struct slice name)
{
	struct macro *m = item_find(names->macros, names->n_macros, sizeof(struct macro), name);
	if (m != NULL)
		mix_name(names, &m->hash, FIELD_STRING, &(struct value){ .text = m->body->text },
		    1);
	return m;
}

struct variable *names_variable(struct names *names, struct slice name)
{
	struct variable *v = item_find(names->variables, names->n_variables,
	    sizeof(struct variable), name);
	if (v != NULL)
		mix_name(names, &v->hash, v->type, &v->value, 1);
	return v;
}

/* ---- header names ---- */

/* Length and both ends tell header names apart well enough; the case of letters does not count. */
static size_t slot_of(struct slice name)
{
	size_t ends = (size_t)ascii_lower(name.p[0]) * 31 + ascii_lower(name.p[name.n - 1]);
	return (ends * 67 + name.n * 2654435761u + ascii_lower(name.p[name.n / 2]) * 7919u) %
	    (2 * INTERNED_MAX);
}

unsigned interned_find(const struct interned *in, struct slice name)
{
	if (name.n == 0)
		return NOT_INTERNED;
	for (size_t slot = slot_of(name); in->table[slot] != 0;
	     slot = (slot + 1) % (2 * INTERNED_MAX)) {
		unsigned number = in->table[slot] - 1u;
		if (slice_equal_nocase(in->names[number], name))
			return number;
	}
	return NOT_INTERNED;
}

unsigned intern(struct interned *in, struct slice name, struct arena *arena)
{
	unsigned number = interned_find(in, name);
	if (number != NOT_INTERNED || in->n == INTERNED_MAX || name.n == 0 ||
	    !arena_copy(arena, name, &in->names[in->n]))
		return number;
	size_t slot = slot_of(name);
	while (in->table[slot] != 0)
		slot = (slot + 1) % (2 * INTERNED_MAX);
	in->table[slot] = (uint16_t)(++in->n);
	return (unsigned)in->n - 1;
}
