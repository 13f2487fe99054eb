/*
 * sync_index.c - puts the collections of a Sync request and of its answer together, and all their
 * items in one row, so that a reader finds the n-th of either without a search.
 */
#include "analysis/meaning.h"

#include <stdlib.h>
#include <string.h>

/* A collection of the answer, in the order of the keys. */
struct entry {
	const struct airsync_collection *collection;
	size_t taken; /* of all with this key; kept in the first of them */
	bool paired;
};

/* Up to 2.0 a collection may be named by its class alone. */
static struct slice key_of(const struct airsync_collection *c)
{
	return c->id.n != 0 ? c->id : c->class;
}

static int key_compare(const struct airsync_collection *a, const struct airsync_collection *b)
{
	struct slice x = key_of(a), y = key_of(b);
	if ((a->id.n == 0) != (b->id.n == 0))
		return a->id.n == 0 ? -1 : 1;
	if (x.n != y.n)
		return x.n < y.n ? -1 : 1;
	return x.n != 0 ? memcmp(x.p, y.p, x.n) : 0;
}

static int entry_compare(const void *left, const void *right)
{
	const struct airsync_collection *a = ((const struct entry *)left)->collection;
	const struct airsync_collection *b = ((const struct entry *)right)->collection;
	int order = key_compare(a, b);
	return order != 0 ? order : (a > b) - (a < b);
}

/* The first entry whose key is not less. */
static size_t entry_find(const struct entry *entries, size_t n, const struct airsync_collection *c)
{
	size_t low = 0;
	while (n != 0) {
		size_t half = n / 2;
		if (key_compare(entries[low + half].collection, c) < 0) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

/* Where one key stands several times, the k-th of the request goes with the k-th of the answer. */
static const struct airsync_collection *partner_take(struct entry *entries, size_t n,
    const struct airsync_collection *c)
{
	size_t first = entry_find(entries, n, c);
	if (first == n)
		return NULL;
	size_t i = first + entries[first].taken;
	if (i >= n || key_compare(entries[i].collection, c) != 0)
		return NULL;
	entries[first].taken++;
	entries[i].paired = true;
	return entries[i].collection;
}

static size_t collections_of(const struct airsync *a)
{
	return a != NULL ? a->n_collections : 0;
}

static bool pairs_make(struct sync_facts *s, struct arena *arena)
{
	size_t n_req = collections_of(s->req), n_res = collections_of(s->res), n = 0;
	struct airsync_pair *pairs = arena_alloc(arena, (n_req + n_res + 1) * sizeof(*pairs));
	struct entry *entries = arena_alloc(arena, (n_res + 1) * sizeof(*entries));
	bool *paired = arena_alloc(arena, n_res + 1);
	if (pairs == NULL || entries == NULL || paired == NULL)
		return false;
	for (size_t i = 0; i < n_res; i++)
		entries[i].collection = &s->res->collections[i];
	if (n_res != 0)
		qsort(entries, n_res, sizeof(*entries), entry_compare);
	for (size_t i = 0; i < n_req; i++) {
		const struct airsync_collection *c = &s->req->collections[i];
		pairs[n++] = (struct airsync_pair){ c, partner_take(entries, n_res, c) };
	}
	for (size_t i = 0; i < n_res; i++)
		paired[entries[i].collection - s->res->collections] = entries[i].paired;
	for (size_t i = 0; i < n_res; i++)
		if (!paired[i])
			pairs[n++] = (struct airsync_pair){ NULL, &s->res->collections[i] };
	s->pairs = pairs;
	s->n_pairs = n;
	return true;
}

static size_t items_of(const struct airsync *a)
{
	size_t n = 0;
	for (size_t i = 0; i < collections_of(a); i++)
		n += a->collections[i].n_items;
	return n;
}

static size_t rows_add(struct airsync_row *rows, size_t n, const struct airsync *a, bool answer)
{
	for (size_t i = 0; i < collections_of(a); i++) {
		const struct airsync_collection *c = &a->collections[i];
		for (size_t k = 0; k < c->n_items; k++)
			rows[n++] = (struct airsync_row){ c, &c->items[k], answer };
	}
	return n;
}

static bool rows_make(struct sync_facts *s, struct arena *arena)
{
	size_t n = items_of(s->req) + items_of(s->res);
	struct airsync_row *rows = arena_alloc(arena, (n + 1) * sizeof(*rows));
	if (rows == NULL)
		return false;
	s->n_rows = rows_add(rows, rows_add(rows, 0, s->req, false), s->res, true);
	s->rows = rows;
	return true;
}

void sync_facts_index(struct sync_facts *s, struct arena *arena)
{
	s->indexed = pairs_make(s, arena) && rows_make(s, arena);
}
