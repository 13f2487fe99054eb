/*
 * store.c - findings on their way to the database and to the sinks, and how far each sink is.
 *
 * What sinks have taken is kept here and written with the next commit: a keeper that is killed in
 * between gives those findings out again.
 */
#include "cmd/keeper/store.h"

#include "cmd/keeper/room.h"
#include "cmd/message.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_MORE = 128 }; /* bytes of a packed record beside its texts */

struct waiting {
	struct waiting *next;
	uint64_t told; /* its number as the watcher told it */
	struct record record;
	size_t n;
	uint8_t bytes[];
};

struct taker {
	struct taker *next;
	uint64_t taken;
	bool dirty, current;
	char name[];
};

struct store {
	struct db *db;
	struct spill spill;
	struct waiting *first, **end;
	size_t bytes, most_bytes;
	struct taker *takers;
	uint64_t last; /* the highest number that was given */
	uint64_t told; /* the last the watcher told of */
	uint64_t refused; /* the lowest that was refused; 0: none */
	uint64_t repeated;
};

/* ---- sinks ---- */

static struct taker *taker_find(const struct store *store, const char *name)
{
	struct taker *t = store->takers;
	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

static struct taker *taker_new(struct store *store, const char *name)
{
	size_t n = strlen(name) + 1;
	struct taker *t = calloc(1, sizeof *t + n);
	if (t == NULL)
		return NULL;
	memcpy(t->name, name, n);
	if (!db_sink_get(store->db, name, &t->taken)) {
		t->taken = store->last;
		t->dirty = true;
	}
	t->next = store->takers;
	store->takers = t;
	return t;
}

static uint64_t spill_begin(void *ctx, const char *sink)
{
	struct store *store = ctx;
	db_lock(store->db);
	struct taker *t = taker_find(store, sink);
	if (t == NULL)
		t = taker_new(store, sink);
	if (t != NULL)
		t->current = true;
	/* Without memory for it the sink gets what comes, and nothing that was. */
	uint64_t taken = t != NULL ? t->taken : store->last;
	db_unlock(store->db);
	return taken;
}

static void spill_taken(void *ctx, const char *sink, uint64_t number)
{
	struct store *store = ctx;
	db_lock(store->db);
	struct taker *t = taker_find(store, sink);
	if (t != NULL && number > t->taken) {
		t->taken = number;
		t->dirty = true;
	}
	db_unlock(store->db);
}

/* What waits has higher numbers than all that is stored. */
static bool spill_next(void *ctx, const char *sink, uint64_t number, struct record *r,
    uint8_t **room, size_t *n)
{
	(void)sink;
	struct store *store = ctx;
	db_lock(store->db);
	bool found = db_finding_next(store->db, number, false, r, room, n);
	if (!found) {
		const struct waiting *w = store->first;
		while (w != NULL && w->record.number <= number)
			w = w->next;
		if (w != NULL) {
			struct slice *const parts[] = { &r->rule, &r->title, &r->message, &r->keys,
				&r->json };
			*r = w->record;
			found = room_keep(room, n, parts, sizeof parts / sizeof parts[0]);
		}
	}
	db_unlock(store->db);
	return found;
}

/* UINT64_MAX: there is no sink that takes findings. */
static uint64_t taken_by_all(const struct store *store)
{
	uint64_t least = UINT64_MAX;
	for (const struct taker *t = store->takers; t != NULL; t = t->next)
		if (t->current && t->taken < least)
			least = t->taken;
	return least;
}

void store_sinks_begin(struct store *store)
{
	db_lock(store->db);
	for (struct taker *t = store->takers; t != NULL; t = t->next)
		t->current = false;
	db_unlock(store->db);
}

/* How far one is that is gone stays in the database: it may come back. */
void store_sinks_end(struct store *store)
{
	db_lock(store->db);
	for (struct taker **at = &store->takers; *at != NULL;) {
		struct taker *t = *at;
		if (t->current || t->dirty) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		free(t);
	}
	db_unlock(store->db);
}

const struct spill *store_spill(const struct store *store)
{
	return store->db != NULL ? &store->spill : NULL;
}

/* ---- the store ---- */

struct store *store_new(struct db *db, const struct limits *limits, struct error *e)
{
	struct store *store = calloc(1, sizeof *store);
	if (store == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	store->db = db;
	store->end = &store->first;
	store->most_bytes = limits->findings_waiting;
	store->last = db_finding_last(db);
	store->told = store->last;
	store->spill = (struct spill){ spill_next, spill_taken, spill_begin, store };
	return store;
}

static void first_remove(struct store *store)
{
	struct waiting *w = store->first;
	store->first = w->next;
	if (store->first == NULL)
		store->end = &store->first;
	store->bytes -= w->n;
	free(w);
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	while (store->first != NULL)
		first_remove(store);
	while (store->takers != NULL) {
		struct taker *t = store->takers;
		store->takers = t->next;
		free(t);
	}
	free(store);
}

/* ---- findings ---- */

static bool is_known(const struct store *store, const struct record *r)
{
	for (const struct waiting *w = store->first; w != NULL; w = w->next)
		if (w->record.id == r->id && w->record.update == r->update)
			return true;
	return db_finding_known(store->db, r->id, r->update);
}

static bool wait_for(struct store *store, const struct record *r, uint64_t told)
{
	size_t n = 0,
	       room = RECORD_MORE + r->rule.n + r->title.n + r->message.n + r->keys.n + r->json.n;
	if (room > store->most_bytes - store->bytes)
		return false;
	struct waiting *w = calloc(1, sizeof *w + room);
	if (w == NULL)
		return false;
	if (!record_write(r, w->bytes, room, &n) ||
	    !record_read((struct slice){ w->bytes, n }, &w->record)) {
		free(w);
		return false;
	}
	w->told = told;
	w->n = room;
	store->bytes += room;
	*store->end = w;
	store->end = &w->next;
	return true;
}

/* Two findings never share a number, also when a watcher that lost its memory begins anew. */
static enum store_answer finding_take(struct store *store, struct record *r)
{
	uint64_t told = r->number;
	if (is_known(store, r)) {
		store->repeated++;
		store->told = told;
		return STORE_REPEATED;
	}
	if (r->number <= store->last)
		r->number = store->last + 1;
	/* Behind one that was refused the others are, too: their order is what sinks go by. */
	if (store->refused != 0 || !wait_for(store, r, told)) {
		if (store->refused == 0 || told < store->refused)
			store->refused = told;
		return STORE_REFUSED;
	}
	store->last = r->number;
	store->told = told;
	return STORE_NEW;
}

enum store_answer store_finding(struct store *store, struct record *r)
{
	if (store->db == NULL) {
		store->told = r->number;
		return STORE_NEW;
	}
	db_lock(store->db);
	enum store_answer answer = finding_take(store, r);
	db_unlock(store->db);
	return answer;
}

static bool findings_write(struct store *store, struct error *e)
{
	for (const struct waiting *w = store->first; w != NULL; w = w->next)
		if (!db_finding_put(store->db, &w->record, e))
			return false;
	return true;
}

static bool takers_write(struct store *store, struct error *e)
{
	for (const struct taker *t = store->takers; t != NULL; t = t->next)
		if (t->dirty && !db_sink_put(store->db, t->name, t->taken, e))
			return false;
	return true;
}

/* Not stored, but nobody waits for it any more. */
static void taken_remove(struct store *store)
{
	uint64_t taken = taken_by_all(store);
	while (taken != UINT64_MAX && store->first != NULL && store->first->record.number <= taken)
		first_remove(store);
}

static bool all_write(struct store *store, struct error *e)
{
	if (!findings_write(store, e) || !takers_write(store, e) ||
	    !db_findings_bound(store->db, taken_by_all(store), e) || !db_commit(store->db, e)) {
		taken_remove(store);
		return false;
	}
	while (store->first != NULL)
		first_remove(store);
	for (struct taker *t = store->takers; t != NULL; t = t->next)
		t->dirty = false;
	return true;
}

bool store_commit(struct store *store, struct error *e)
{
	if (store->db == NULL)
		return true;
	db_lock(store->db);
	bool good = all_write(store, e);
	db_unlock(store->db);
	return good;
}

uint64_t store_safe(struct store *store)
{
	db_lock(store->db);
	uint64_t safe = store->told;
	if (store->first != NULL)
		safe = store->first->told - 1;
	if (store->refused != 0 && store->refused - 1 < safe)
		safe = store->refused - 1;
	db_unlock(store->db);
	return safe;
}

bool store_asks_again(struct store *store)
{
	bool asks = store->refused != 0 && store->bytes <= store->most_bytes / 2;
	if (asks)
		store->refused = 0;
	return asks;
}

uint64_t store_repeated(const struct store *store)
{
	return store->repeated;
}
