/*
 * vault.c - findings on their way to the database and to the sinks, and how far each sink is.
 *
 * What sinks have taken is kept here and written with the next commit: a keeper that is killed in
 * between gives those findings out again.
 */
#include "cmd/keeper/vault.h"

#include "cmd/keeper/room.h"
#include "cmd/message.h"

#include <stdlib.h>
#include <string.h>

/* RECORD_MORE: bytes of a packed record beside its texts. Of further sinks it is known what they took. */
enum { RECORD_MORE = 128, SINKS_MAX = 64 };
/* A watcher that counts goes no further at once. */
static const uint64_t NUMBERS_AHEAD = UINT64_C(1) << 32;

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
	uint64_t reach; /* up to this one it has them, or holds them in memory */
	bool dirty, current;
	char name[];
};

struct vault {
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

static struct taker *taker_find(const struct vault *vault, const char *name)
{
	struct taker *t = vault->takers;
	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

static struct taker *taker_new(struct vault *vault, const char *name)
{
	size_t n = strlen(name) + 1;
	struct taker *t = calloc(1, sizeof *t + n);
	if (t == NULL)
		return NULL;
	memcpy(t->name, name, n);
	if (!db_sink_get(vault->db, name, &t->taken)) {
		t->taken = vault->last;
		t->dirty = true;
	}
	t->next = vault->takers;
	vault->takers = t;
	return t;
}

static uint64_t spill_begin(void *ctx, const char *sink)
{
	struct vault *vault = ctx;
	db_lock(vault->db);
	struct taker *t = taker_find(vault, sink);
	if (t == NULL)
		t = taker_new(vault, sink);
	if (t != NULL)
		t->current = true;
	/* Without memory for it the sink gets what comes, and nothing that was. */
	uint64_t taken = t != NULL ? t->taken : vault->last;
	db_unlock(vault->db);
	return taken;
}

static void spill_taken(void *ctx, const char *sink, uint64_t number)
{
	struct vault *vault = ctx;
	db_lock(vault->db);
	struct taker *t = taker_find(vault, sink);
	if (t != NULL && number > t->taken) {
		t->taken = number;
		t->dirty = true;
	}
	db_unlock(vault->db);
}

static enum spill_answer waiting_next(const struct vault *vault, uint64_t number, struct record *r,
    uint8_t **room, size_t *n)
{
	const struct waiting *w = vault->first;
	while (w != NULL && w->record.number <= number)
		w = w->next;
	if (w == NULL)
		return SPILL_END;
	struct slice *const parts[] = { &r->rule, &r->title, &r->message, &r->keys, &r->json };
	*r = w->record;
	bool kept = room_keep(room, n, parts, sizeof parts / sizeof parts[0]);
	return kept ? SPILL_RECORD : SPILL_FAILED;
}

/* What waits has higher numbers than all that is stored. */
static enum spill_answer spill_next(void *ctx, const char *sink, uint64_t number, struct record *r,
    uint8_t **room, size_t *n)
{
	(void)sink;
	struct vault *vault = ctx;
	enum spill_answer answer = SPILL_RECORD;
	db_lock(vault->db);
	enum db_walk walk = db_finding_next(vault->db, number, false, r, room, n);
	if (walk == DB_WALK_FAILED)
		answer = SPILL_FAILED;
	else if (walk == DB_WALK_END)
		answer = waiting_next(vault, number, r, room, n);
	db_unlock(vault->db);
	return answer;
}

/* UINT64_MAX: there is no sink that takes findings. */
static uint64_t taken_by_all(const struct vault *vault)
{
	uint64_t least = UINT64_MAX;
	for (const struct taker *t = vault->takers; t != NULL; t = t->next)
		if (t->current && t->taken < least)
			least = t->taken;
	return least;
}

/* What leaves the disk is lost for those only that do not hold it themselves. */
static uint64_t reached_by_all(const struct vault *vault)
{
	uint64_t least = UINT64_MAX;
	for (const struct taker *t = vault->takers; t != NULL; t = t->next) {
		uint64_t reach = t->reach > t->taken ? t->reach : t->taken;
		if (t->current && reach < least)
			least = reach;
	}
	return least;
}

void vault_sink_reach(struct vault *vault, const char *sink, uint64_t number)
{
	db_lock(vault->db);
	struct taker *t = taker_find(vault, sink);
	if (t != NULL)
		t->reach = number;
	db_unlock(vault->db);
}

void vault_sinks_reach(struct vault *vault, const struct sinks *sinks)
{
	struct sink_counts counts[SINKS_MAX];
	size_t n = sinks != NULL ? sinks_counts(sinks, counts, SINKS_MAX) : 0;
	for (size_t i = 0; i < n && i < SINKS_MAX; i++)
		vault_sink_reach(vault, counts[i].name, counts[i].reach);
}

void vault_sinks_begin(struct vault *vault)
{
	db_lock(vault->db);
	for (struct taker *t = vault->takers; t != NULL; t = t->next) {
		t->current = false;
		t->reach = 0;
	}
	db_unlock(vault->db);
}

/* How far one is that is gone stays in the database: it may come back. */
void vault_sinks_end(struct vault *vault)
{
	db_lock(vault->db);
	for (struct taker **at = &vault->takers; *at != NULL;) {
		struct taker *t = *at;
		if (t->current || t->dirty) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		free(t);
	}
	db_unlock(vault->db);
}

const struct spill *vault_spill(const struct vault *vault)
{
	return vault->db != NULL ? &vault->spill : NULL;
}

/* ---- the vault ---- */

struct vault *vault_new(struct db *db, const struct limits *limits, struct error *e)
{
	struct vault *vault = calloc(1, sizeof *vault);
	if (vault == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	vault->db = db;
	vault->end = &vault->first;
	vault->most_bytes = limits->findings_waiting;
	vault->last = db_finding_last(db);
	vault->told = vault->last;
	vault->spill = (struct spill){ spill_next, spill_taken, spill_begin, vault };
	return vault;
}

static void first_remove(struct vault *vault)
{
	struct waiting *w = vault->first;
	vault->first = w->next;
	if (vault->first == NULL)
		vault->end = &vault->first;
	vault->bytes -= w->n;
	free(w);
}

void vault_free(struct vault *vault)
{
	if (vault == NULL)
		return;
	while (vault->first != NULL)
		first_remove(vault);
	while (vault->takers != NULL) {
		struct taker *t = vault->takers;
		vault->takers = t->next;
		free(t);
	}
	free(vault);
}

/* ---- findings ---- */

static bool is_known(const struct vault *vault, const struct record *r)
{
	for (const struct waiting *w = vault->first; w != NULL; w = w->next)
		if (w->record.id == r->id && w->record.update == r->update)
			return true;
	return db_finding_known(vault->db, r->id, r->update);
}

static bool wait_for(struct vault *vault, const struct record *r, uint64_t told)
{
	size_t n = 0,
	       room = RECORD_MORE + r->rule.n + r->title.n + r->message.n + r->keys.n + r->json.n;
	if (room > vault->most_bytes - vault->bytes)
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
	vault->bytes += room;
	*vault->end = w;
	vault->end = &w->next;
	return true;
}

/*
 * Two findings never share a number, also when a watcher that lost its memory begins anew; and none
 * takes so high a number that those behind it have none.
 */
static enum vault_answer finding_take(struct vault *vault, struct record *r)
{
	uint64_t told = r->number;
	if (is_known(vault, r)) {
		vault->repeated++;
		vault->told = told;
		return VAULT_REPEATED;
	}
	if (r->number <= vault->last || r->number - vault->last > NUMBERS_AHEAD)
		r->number = vault->last + 1;
	/* Behind one that was refused the others are, too: their order is what sinks go by. */
	if (vault->refused != 0 || !wait_for(vault, r, told)) {
		if (vault->refused == 0 || told < vault->refused)
			vault->refused = told;
		return VAULT_REFUSED;
	}
	vault->last = r->number;
	vault->told = told;
	return VAULT_NEW;
}

enum vault_answer vault_finding(struct vault *vault, struct record *r)
{
	if (vault->db == NULL) {
		vault->told = r->number;
		return VAULT_NEW;
	}
	db_lock(vault->db);
	enum vault_answer answer = finding_take(vault, r);
	db_unlock(vault->db);
	return answer;
}

static bool findings_write(struct vault *vault, struct error *e)
{
	for (const struct waiting *w = vault->first; w != NULL; w = w->next)
		if (!db_finding_put(vault->db, &w->record, e))
			return false;
	return true;
}

static bool takers_write(struct vault *vault, struct error *e)
{
	for (const struct taker *t = vault->takers; t != NULL; t = t->next)
		if (t->dirty && !db_sink_put(vault->db, t->name, t->taken, e))
			return false;
	return true;
}

/* Not stored, but nobody waits for it any more. */
static void taken_remove(struct vault *vault)
{
	uint64_t taken = taken_by_all(vault);
	while (taken != UINT64_MAX && vault->first != NULL && vault->first->record.number <= taken)
		first_remove(vault);
}

static bool all_write(struct vault *vault, struct error *e)
{
	if (!findings_write(vault, e) || !takers_write(vault, e) ||
	    !db_findings_bound(vault->db, reached_by_all(vault), e) || !db_commit(vault->db, e)) {
		taken_remove(vault);
		return false;
	}
	while (vault->first != NULL)
		first_remove(vault);
	for (struct taker *t = vault->takers; t != NULL; t = t->next)
		t->dirty = false;
	return true;
}

bool vault_commit(struct vault *vault, struct error *e)
{
	if (vault->db == NULL)
		return true;
	db_lock(vault->db);
	bool good = all_write(vault, e);
	db_unlock(vault->db);
	return good;
}

uint64_t vault_safe(struct vault *vault)
{
	db_lock(vault->db);
	uint64_t safe = vault->told;
	if (vault->first != NULL)
		safe = vault->first->told - 1;
	if (vault->refused != 0 && vault->refused - 1 < safe)
		safe = vault->refused - 1;
	db_unlock(vault->db);
	return safe;
}

bool vault_asks_again(struct vault *vault)
{
	bool asks = vault->refused != 0 && vault->bytes <= vault->most_bytes / 2;
	if (asks)
		vault->refused = 0;
	return asks;
}

uint64_t vault_repeated(const struct vault *vault)
{
	return vault->repeated;
}
