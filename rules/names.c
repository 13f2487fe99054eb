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

struct list *names_list(const struct names *names, struct slice name)
{
	return item_find(names->lists, names->n_lists, sizeof(struct list), name);
}

struct macro *names_macro(const struct names *names, struct slice name)
{
	return item_find(names->macros, names->n_macros, sizeof(struct macro), name);
}

struct variable *names_variable(const struct names *names, struct slice name)
{
	return item_find(names->variables, names->n_variables, sizeof(struct variable), name);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Length and both ends tell header names apart well enough; the case of letters does not count. */
static size_t slot_of(struct slice name)
{
	size_t ends = (size_t)lower(name.p[0]) * 31 + lower(name.p[name.n - 1]);
	return (ends * 67 + name.n * 2654435761u + lower(name.p[name.n / 2]) * 7919u) %
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
