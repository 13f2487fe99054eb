/*
 * db.h - the state directory: what outlives the monitor, in one SQLite file. Private to cmd/keeper/.
 *
 * One process has it for writing. Changes gather in a transaction until db_commit(); where a change
 * fails, all since the last commit are undone. Calls between db_lock() and db_unlock() see no others
 * of other threads; each by itself is safe anyway. A database NULL is none: its calls say "nothing".
 */
#ifndef DAVSCOPE_CMD_KEEPER_DB_H
#define DAVSCOPE_CMD_KEEPER_DB_H

#include "report/report.h"

struct db_counts {
	uint64_t records, bytes;       /* of the state, as committed */
	uint64_t parts[STATE_PARTS];   /* records of each; filled by db_count_parts() */
	uint64_t findings;
	uint64_t forgotten;            /* records that left at a limit, in this run */
	uint64_t lost;                 /* findings that left at the limit before each sink had them */
	int64_t saved_ns;              /* wall clock of the last whole save; 0: none in this run */
};

struct db;
/*
 * Makes the directory when it is not there, waits for another keeper to end for `wait_ms`, brings an
 * older file up to date and moves a damaged one aside. NULL: *error says why, nothing was changed.
 */
struct db *db_open(const char *dir, const struct limits *, int64_t wait_ms, struct error *);
struct db *db_open_reader(const char *dir, struct error *);    /* beside a keeper that writes */
void db_close(struct db *);                                    /* what is not committed is gone; NULL is fine */
void db_lock(struct db *);
void db_unlock(struct db *);
bool db_commit(struct db *, struct error *);
bool db_damaged(const struct db *);                            /* a call failed as the file is damaged */
struct db_counts db_counts(const struct db *);
bool db_count_parts(struct db *, struct db_counts *, struct error *);

/* ---- state: records of a batch are set aside until the batch is whole ---- */
bool db_batch_put(struct db *, const struct state_record *, struct error *);
bool db_batch_save(struct db *, struct error *);               /* takes the batch and commits; false also when a part of it is gone */
bool db_batch_drop(struct db *, struct error *);
/* Where a walk through the state is: zeroed it begins. By part, then by last use. */
struct db_place { int64_t part, used_ns, row; bool begun; };
enum db_walk { DB_WALK_END, DB_WALK_RECORD, DB_WALK_FAILED };
/* The record behind *place, or `back` the one in front; it lives in *room, which belongs to the caller and grows. */
enum db_walk db_walk(struct db *, struct db_place *, bool back, struct state_record *, uint8_t **room, size_t *n, struct error *);
bool db_prune(struct db *, int64_t before_ns, uint64_t *gone, struct error *); /* records not used since; then gives the room back */

/* ---- findings ---- */
uint64_t db_finding_last(struct db *);                         /* the highest number there is */
bool db_finding_known(struct db *, uint64_t id, uint64_t update);
bool db_finding_put(struct db *, const struct record *, struct error *);
/* The first finding behind `number`, or with `newest` the last one in front of it; lives in *room. */
enum db_walk db_finding_next(struct db *, uint64_t number, bool newest, struct record *, uint8_t **room, size_t *n);
bool db_findings_bound(struct db *, uint64_t taken, struct error *); /* the oldest leave; all sinks have those up to `taken` */
bool db_sink_get(struct db *, const char *name, uint64_t *taken); /* false: not known */
bool db_sink_put(struct db *, const char *name, uint64_t taken, struct error *);

#endif
