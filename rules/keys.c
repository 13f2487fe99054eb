/*
 * keys.c - the table of keys: found by a keyed hash, bounded in bytes for all rules and in number for
 * each. Nothing walks the table: what leaves is found in lists by use.
 */
#include "rules/state.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS_FIRST = 1024,
	FORGOTTEN_MAX = 4096,
	HEAP_COST = 16
}; /* what malloc takes beside the bytes */

bool store_init(struct store *s, const struct limits *limits, struct hash_key hash_key)
{
	*s = (struct store){ .hash_key = hash_key,
		.n_buckets = BUCKETS_FIRST,
		.max_keys = (size_t)limits->rule_keys,
		.budget = (size_t)limits->rule_state,
		.now = NEVER };
	s->buckets = calloc(s->n_buckets, sizeof(*s->buckets));
	return s->buckets != NULL;
}

void store_fini(struct store *s)
{
	while (s->oldest != NULL)
		key_drop(s, s->oldest);
	free(s->due);
	free(s->forgotten);
	free(s->buckets);
	*s = (struct store){ .budget = 0 };
}

/* ---- lists by use ---- */

static void list_append(struct store *s, struct key *k)
{
	struct space *space = k->space;
	k->newer = k->after = NULL;
	k->older = space->newest;
	k->before = s->newest;
	if (k->older == NULL)
		space->oldest = k;
	else
		k->older->newer = k;
	if (k->before == NULL)
		s->oldest = k;
	else
		k->before->after = k;
	space->newest = s->newest = k;
}

static void space_remove(struct space *space, const struct key *k)
{
	if (k->older == NULL)
		space->oldest = k->newer;
	else
		k->older->newer = k->newer;
	if (k->newer == NULL)
		space->newest = k->older;
	else
		k->newer->older = k->older;
}

static void list_remove(struct store *s, const struct key *k)
{
	space_remove(k->space, k);
	if (k->before == NULL)
		s->oldest = k->after;
	else
		k->before->after = k->after;
	if (k->after == NULL)
		s->newest = k->before;
	else
		k->after->before = k->before;
}

/* Whoever changed first is saved first. */
void key_mark(struct store *s, struct key *k)
{
	if (!s->remembers || k->unsaved_link != NULL)
		return;
	k->unsaved = NULL;
	k->unsaved_link = s->unsaved != NULL ? s->unsaved_end : &s->unsaved;
	*k->unsaved_link = k;
	s->unsaved_end = &k->unsaved;
}

void key_saved(struct store *s, struct key *k)
{
	if (k->unsaved_link == NULL)
		return;
	*k->unsaved_link = k->unsaved;
	if (k->unsaved != NULL)
		k->unsaved->unsaved_link = k->unsaved_link;
	else
		s->unsaved_end = k->unsaved_link;
	k->unsaved_link = NULL;
}

void key_touch(struct store *s, struct key *k, int64_t ns)
{
	list_remove(s, k);
	list_append(s, k);
	latest(&k->touched, ns);
	key_mark(s, k);
}

/* ---- leaving ---- */

static struct key **link_to(const struct store *s, const struct key *k)
{
	struct key **link = &s->buckets[k->hash % s->n_buckets];
	while (*link != k)
		link = &(*link)->next;
	return link;
}

static size_t key_size(const struct key *k)
{
	return k->space->use->size + k->n;
}

/* Told once, if it was handed out; of too many nothing is said: they grow old where they are kept. */
static void key_forget(struct store *s, struct key *k)
{
	key_saved(s, k);
	if (!k->saved)
		return;
	if (s->forgotten == NULL)
		s->forgotten = calloc(FORGOTTEN_MAX, sizeof(*s->forgotten));
	if (s->forgotten == NULL || s->n_forgotten == FORGOTTEN_MAX)
		return;
	s->forgotten[s->n_forgotten].key[0] = k->space->seed;
	s->forgotten[s->n_forgotten++].key[1] = k->hash;
}

void key_drop(struct store *s, struct key *k)
{
	k->space->use->clear(s, k);
	key_forget(s, k);
	*link_to(s, k) = k->next;
	list_remove(s, k);
	k->space->n--;
	s->n_keys--;
	store_release(s, k, key_size(k));
}

void key_drop_idle(struct store *s, struct key *k)
{
	if (k->pins == 0 && k->space->use->idle(k, s->now))
		key_drop(s, k);
}

static void key_evict(struct store *s, struct key *k)
{
	struct space *space = k->space;
	if (!space->use->idle(k, s->now)) {
		space->owner->counts.evicted++;
		latest(&space->forgotten, k->touched);
	}
	key_drop(s, k);
}

static bool evict_oldest(struct store *s)
{
	struct key *k = s->oldest;
	while (k != NULL && k->pins != 0)
		k = k->after;
	if (k != NULL)
		key_evict(s, k);
	return k != NULL;
}

void space_clear(struct store *s, struct space *space)
{
	struct key *newer = NULL;
	for (struct key *k = space->oldest; k != NULL; k = newer) {
		newer = k->newer;
		key_drop(s, k);
	}
}

/* ---- memory ---- */

static bool room_for(const struct store *s, size_t n)
{
	return n <= s->budget && s->used <= s->budget - n;
}

void *store_alloc(struct store *s, size_t n)
{
	void *p = NULL;
	if (n + HEAP_COST > s->budget)
		return NULL;
	do {
		if (room_for(s, n + HEAP_COST))
			p = malloc(n);
	} while (p == NULL && evict_oldest(s));
	if (p != NULL)
		s->used += n + HEAP_COST;
	return p;
}

void store_release(struct store *s, void *p, size_t n)
{
	if (p != NULL)
		s->used -= n + HEAP_COST;
	free(p);
}

void *store_grow(struct store *s, void *p, size_t old_n, size_t n)
{
	void *grown = store_alloc(s, n);
	if (grown == NULL)
		return NULL;
	if (p != NULL)
		memcpy(grown, p, old_n);
	store_release(s, p, old_n);
	return grown;
}

/* ---- finding and making ---- */

struct slice key_bytes(const struct key *k)
{
	return (struct slice){ (const uint8_t *)k + k->space->use->size, k->n };
}

static struct slice text_bytes(const struct key_text *t)
{
	return (struct slice){ t->bytes + 8, t->n - 8 };
}

struct key *key_find(const struct store *s, const struct space *space, const struct key_text *t)
{
	struct key *k = s->buckets[t->hash % s->n_buckets];
	while (k != NULL &&
	    (k->hash != t->hash || k->space != space || !slice_equal(key_bytes(k), text_bytes(t))))
		k = k->next;
	return k;
}

/* Without room for more buckets the chains get longer: keys cost much more than buckets. */
static void buckets_grow(struct store *s)
{
	size_t n = s->n_buckets * 2, more = s->n_buckets * sizeof(*s->buckets);
	if (s->n_keys < s->n_buckets || !room_for(s, more))
		return;
	struct key **wider = calloc(n, sizeof(*wider));
	if (wider == NULL)
		return;
	for (struct key *k = s->oldest; k != NULL; k = k->after) {
		k->next = wider[k->hash % n];
		wider[k->hash % n] = k;
	}
	free(s->buckets);
	s->buckets = wider;
	s->n_buckets = n;
	s->used += more;
}

/* Idle keys at the old end hold nothing and are no loss; then the number a rule may have. */
static bool space_make_room(struct store *s, struct space *space)
{
	struct key *k = space->oldest;
	while (k != NULL && (space->n >= s->max_keys || space->use->idle(k, s->now))) {
		struct key *newer = k->newer;
		if (k->pins == 0)
			key_evict(s, k);
		k = newer;
	}
	return space->n < s->max_keys;
}

static struct key *key_make(struct store *s, struct space *space, const struct key_text *t)
{
	struct slice bytes = text_bytes(t);
	size_t size = space->use->size;
	struct key *k = space_make_room(s, space) ? store_alloc(s, size + bytes.n) : NULL;
	if (k == NULL)
		return NULL;
	memset(k, 0, size);
	memcpy((uint8_t *)k + size, bytes.p, bytes.n);
	k->space = space;
	k->hash = t->hash;
	k->touched = NEVER;
	k->n = (uint16_t)bytes.n;
	struct key **bucket = &s->buckets[k->hash % s->n_buckets];
	k->next = *bucket;
	*bucket = k;
	list_append(s, k);
	space->n++;
	s->n_keys++;
	buckets_grow(s);
	return k;
}

struct key *key_take(struct store *s, struct space *space, const struct key_text *t)
{
	struct key *k = key_find(s, space, t);
	if (k == NULL)
		k = key_make(s, space, t);
	if (k == NULL)
		space->owner->counts.evicted++;
	return k;
}
