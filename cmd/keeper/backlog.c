/*
 * backlog.c - findings on their way to the database and to the sinks, and how far each sink is.
 *
 * What sinks have taken is kept here and written with the next commit: a keeper that is killed in
 * between gives those findings out again.
 */
#include "cmd/keeper/backlog.h"

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

struct backlog {
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

static struct taker *taker_find(const struct backlog *backlog, const char *name)
{
	struct taker *t = backlog->takers;
	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

static struct taker *taker_new(struct backlog *backlog, const char *name)
{
	size_t n = strlen(name) + 1;
	struct taker *t = calloc(1, sizeof *t + n);
	if (t == NULL)
		return NULL;
	memcpy(t->name, name, n);
	if (!db_sink_get(backlog->db, name, &t->taken)) {
		t->taken = backlog->last;
		t->dirty = true;
	}
	t->next = backlog->takers;
	backlog->takers = t;
	return t;
}

static uint64_t spill_begin(void *ctx, const char *sink)
{
	struct backlog *backlog = ctx;
	db_lock(backlog->db);
	struct taker *t = taker_find(backlog, sink);
	if (t == NULL)
		t = taker_new(backlog, sink);
	if (t != NULL)
		t->current = true;
	/* Without memory for it the sink gets what comes, and nothing that was. */
	uint64_t taken = t != NULL ? t->taken : backlog->last;
	db_unlock(backlog->db);
	return taken;
}

static void spill_taken(void *ctx, const char *sink, uint64_t number)
{
	struct backlog *backlog = ctx;
	db_lock(backlog->db);
	struct taker *t = taker_find(backlog, sink);
	if (t != NULL && number > t->taken) {
		t->taken = number;
		t->dirty = true;
	}
	db_unlock(backlog->db);
}

/* What waits has higher numbers than all that is stored. */
static bool spill_next(void *ctx, const char *sink, uint64_t number, struct record *r,
    uint8_t **room, size_t *n)
{
	(void)sink;
	struct backlog *backlog = ctx;
	db_lock(backlog->db);
	bool found = db_finding_next(backlog->db, number, false, r, room, n);
	if (!found) {
		const struct waiting *w = backlog->first;
		while (w != NULL && w->record.number <= number)
			w = w->next;
		if (w != NULL) {
			struct slice *const parts[] = { &r->rule, &r->title, &r->message, &r->keys,
				&r->json };
			*r = w->record;
			found = room_keep(room, n, parts, sizeof parts / sizeof parts[0]);
		}
	}
	db_unlock(backlog->db);
	return found;
}

/* UINT64_MAX: there is no sink that takes findings. */
static uint64_t taken_by_all(const struct backlog *backlog)
{
	uint64_t least = UINT64_MAX;
	for (const struct taker *t = backlog->takers; t != NULL; t = t->next)
		if (t->current && t->taken < least)
			least = t->taken;
	return least;
}

void backlog_sinks_begin(struct backlog *backlog)
{
	db_lock(backlog->db);
	for (struct taker *t = backlog->takers; t != NULL; t = t->next)
		t->current = false;
	db_unlock(backlog->db);
}

/* How far one is that is gone stays in the database: it may come back. */
void backlog_sinks_end(struct backlog *backlog)
{
	db_lock(backlog->db);
	for (struct taker **at = &backlog->takers; *at != NULL;) {
		struct taker *t = *at;
		if (t->current || t->dirty) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		free(t);
	}
	db_unlock(backlog->db);
}

const struct spill *backlog_spill(const struct backlog *backlog)
{
	return backlog->db != NULL ? &backlog->spill : NULL;
}

/* ---- the backlog ---- */

struct backlog *backlog_new(struct db *db, const struct limits *limits, struct error *e)
{
	struct backlog *backlog = calloc(1, sizeof *backlog);
	if (backlog == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	backlog->db = db;
	backlog->end = &backlog->first;
	backlog->most_bytes = limits->findings_waiting;
	backlog->last = db_finding_last(db);
	backlog->told = backlog->last;
	backlog->spill = (struct spill){ spill_next, spill_taken, spill_begin, backlog };
	return backlog;
}

static void first_remove(struct backlog *backlog)
{
	struct waiting *w = backlog->first;
	backlog->first = w->next;
	if (backlog->first == NULL)
		backlog->end = &backlog->first;
	backlog->bytes -= w->n;
	free(w);
}

void backlog_free(struct backlog *backlog)
{
	if (backlog == NULL)
		return;
	while (backlog->first != NULL)
		first_remove(backlog);
	while (backlog->takers != NULL) {
		struct taker *t = backlog->takers;
		backlog->takers = t->next;
		free(t);
	}
	free(backlog);
}

/* ---- findings ---- */

static bool is_known(const struct backlog *backlog, const struct record *r)
{
	for (const struct waiting *w = backlog->first; w != NULL; w = w->next)
		if (w->record.id == r->id && w->record.update == r->update)
			return true;
	return db_finding_known(backlog->db, r->id, r->update);
}

static bool wait_for(struct backlog *backlog, const struct record *r, uint64_t told)
{
	size_t n = 0,
	       room = RECORD_MORE + r->rule.n + r->title.n + r->message.n + r->keys.n + r->json.n;
	if (room > backlog->most_bytes - backlog->bytes)
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
	backlog->bytes += room;
	*backlog->end = w;
	backlog->end = &w->next;
	return true;
}

/* Two findings never share a number, also when a watcher that lost its memory begins anew. */
static enum backlog_answer finding_take(struct backlog *backlog, struct record *r)
{
	uint64_t told = r->number;
	if (is_known(backlog, r)) {
		backlog->repeated++;
		backlog->told = told;
		return BACKLOG_REPEATED;
	}
	if (r->number <= backlog->last)
		r->number = backlog->last + 1;
	/* Behind one that was refused the others are, too: their order is what sinks go by. */
	if (backlog->refused != 0 || !wait_for(backlog, r, told)) {
		if (backlog->refused == 0 || told < backlog->refused)
			backlog->refused = told;
		return BACKLOG_REFUSED;
	}
	backlog->last = r->number;
	backlog->told = told;
	return BACKLOG_NEW;
}

enum backlog_answer backlog_finding(struct backlog *backlog, struct record *r)
{
	if (backlog->db == NULL) {
		backlog->told = r->number;
		return BACKLOG_NEW;
	}
	db_lock(backlog->db);
	enum backlog_answer answer = finding_take(backlog, r);
	db_unlock(backlog->db);
	return answer;
}

static bool findings_write(struct backlog *backlog, struct error *e)
{
	for (const struct waiting *w = backlog->first; w != NULL; w = w->next)
		if (!db_finding_put(backlog->db, &w->record, e))
			return false;
	return true;
}

static bool takers_write(struct backlog *backlog, struct error *e)
{
	for (const struct taker *t = backlog->takers; t != NULL; t = t->next)
		if (t->dirty && !db_sink_put(backlog->db, t->name, t->taken, e))
			return false;
	return true;
}

/* Not stored, but nobody waits for it any more. */
static void taken_remove(struct backlog *backlog)
{
	uint64_t taken = taken_by_all(backlog);
	while (
	    taken != UINT64_MAX && backlog->first != NULL && backlog->first->record.number <= taken)
		first_remove(backlog);
}

static bool all_write(struct backlog *backlog, struct error *e)
{
	if (!findings_write(backlog, e) || !takers_write(backlog, e) ||
	    !db_findings_bound(backlog->db, taken_by_all(backlog), e) ||
	    !db_commit(backlog->db, e)) {
		taken_remove(backlog);
		return false;
	}
	while (backlog->first != NULL)
		first_remove(backlog);
	for (struct taker *t = backlog->takers; t != NULL; t = t->next)
		t->dirty = false;
	return true;
}

bool backlog_commit(struct backlog *backlog, struct error *e)
{
	if (backlog->db == NULL)
		return true;
	db_lock(backlog->db);
	bool good = all_write(backlog, e);
	db_unlock(backlog->db);
	return good;
}

uint64_t backlog_safe(struct backlog *backlog)
{
	db_lock(backlog->db);
	uint64_t safe = backlog->told;
	if (backlog->first != NULL)
		safe = backlog->first->told - 1;
	if (backlog->refused != 0 && backlog->refused - 1 < safe)
		safe = backlog->refused - 1;
	db_unlock(backlog->db);
	return safe;
}

bool backlog_asks_again(struct backlog *backlog)
{
	bool asks = backlog->refused != 0 && backlog->bytes <= backlog->most_bytes / 2;
	if (asks)
		backlog->refused = 0;
	return asks;
}

uint64_t backlog_repeated(const struct backlog *backlog)
{
	return backlog->repeated;
}
