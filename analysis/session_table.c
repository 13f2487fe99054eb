/*
 * session_table.c - records by key, a bounded number of them: the one not used for longest leaves. Which one
 * that is depends on the order of use alone, never on the hash.
 */
#include "analysis/session.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

bool lru_init(struct lru *l, struct hash_key key, size_t size, uint64_t limit, uint64_t kind,
    struct forgotten *forgotten)
{
	*l = (struct lru){ .seed = mix(key.k0, key.k1),
		.size = size,
		.limit = limit,
		.kind = kind,
		.forgotten = forgotten,
		.room = FIRST_ROOM };
	l->slots = calloc(l->room, sizeof(*l->slots));
	return l->slots != NULL;
}

void lru_fini(struct lru *l)
{
	for (struct lru_node *n = l->oldest, *next; n != NULL; n = next) {
		next = n->newer;
		free(n);
	}
	free(l->slots);
}

static struct lru_node **slot_of(const struct lru *l, uint64_t key)
{
	return &l->slots[mix(l->seed, key) & (l->room - 1)];
}

static void use_end(struct lru *l, struct lru_node *n)
{
	*(n->older != NULL ? &n->older->newer : &l->oldest) = n->newer;
	*(n->newer != NULL ? &n->newer->older : &l->newest) = n->older;
}

static void use_begin(struct lru *l, struct lru_node *n)
{
	n->older = l->newest;
	n->newer = NULL;
	*(l->newest != NULL ? &l->newest->newer : &l->oldest) = n;
	l->newest = n;
}

void lru_mark(struct lru *l, void *record)
{
	struct lru_node *n = record;
	if (!l->remembers || n->unsaved != NULL)
		return;
	n->unsaved = n;
	*(l->unsaved != NULL ? &l->unsaved_last->unsaved : &l->unsaved) = n;
	l->unsaved_last = n;
}

void lru_saved(struct lru *l)
{
	struct lru_node *n = l->unsaved;
	l->unsaved = n->unsaved != n ? n->unsaved : NULL;
	n->unsaved = NULL;
}

void lru_ahead(const struct lru *l, uint64_t key)
{
	__builtin_prefetch(slot_of(l, key));
}

void lru_nearer(const struct lru *l, uint64_t key)
{
	__builtin_prefetch(*slot_of(l, key));
}

void *lru_find(struct lru *l, uint64_t key)
{
	struct lru_node *n = *slot_of(l, key);
	while (n != NULL && n->key != key)
		n = n->chain;
	if (n == NULL)
		return NULL;
	lru_mark(l, n);
	if (n != l->newest) {
		use_end(l, n);
		use_begin(l, n);
	}
	return n;
}

/* Without memory the chains get longer, that is all. */
static void room_grow(struct lru *l)
{
	size_t room = l->room;
	struct lru_node **wider = l->n < room ? NULL : calloc(room * 2, sizeof(struct lru_node *));
	if (wider == NULL)
		return;
	free(l->slots);
	l->slots = wider;
	l->room = room * 2;
	for (struct lru_node *n = l->oldest; n != NULL; n = n->newer) {
		struct lru_node **slot = slot_of(l, n->key);
		n->chain = *slot;
		*slot = n;
	}
}

static struct lru_node *oldest_take(struct lru *l)
{
	struct lru_node *n = l->oldest;
	if (n == NULL)
		return NULL;
	struct lru_node **at = slot_of(l, n->key);
	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	use_end(l, n);
	l->n--;
	l->evicted++;
	forget(l->forgotten, STATE_SESSION, l->kind, n->key);
	struct lru_node *unsaved = n->unsaved;
	memset(n, 0, l->size);
	n->unsaved = unsaved;
	return n;
}

void *lru_take(struct lru *l, uint64_t key, bool *made)
{
	struct lru_node *n = lru_find(l, key);
	*made = n == NULL;
	if (n != NULL)
		return n;
	room_grow(l);
	if (l->n < l->limit)
		n = calloc(1, l->size);
	if (n == NULL)
		n = oldest_take(l);
	if (n == NULL) {
		l->evicted++; /* what it would have held is lost as well */
		return NULL;
	}
	struct lru_node **slot = slot_of(l, key);
	n->key = key;
	n->chain = *slot;
	*slot = n;
	use_begin(l, n);
	l->n++;
	lru_mark(l, n);
	return n;
}
