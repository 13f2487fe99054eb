/*
 * store.h - findings on their way: from the watcher into the database, from there to the sinks.
 * Private to cmd/keeper/.
 *
 * A finding that cannot be stored waits in memory, within `findings_waiting`, until it is stored or
 * each sink has it; what has no room there is refused, and the watcher has to send it again. Sinks
 * have their threads: all here is safe for them. Without a database a finding counts as safe when
 * it was handed to the sinks' queues: a keeper that is killed loses what stands there.
 */
#ifndef DAVSCOPE_CMD_KEEPER_STORE_H
#define DAVSCOPE_CMD_KEEPER_STORE_H

#include "cmd/keeper/db.h"

struct store;
struct store *store_new(struct db *, const struct limits *, struct error *); /* borrows the database; NULL: there is none */
void store_free(struct store *);                               /* what waits is gone; NULL is fine */

enum store_answer {
	STORE_NEW,             /* give it to the sinks, with the number it has now */
	STORE_REPEATED,        /* it was here before */
	STORE_REFUSED,         /* no room now */
};
enum store_answer store_finding(struct store *, struct record *);
/* Time has come to write: false: *error, and it will be tried again by the next call. */
bool store_commit(struct store *, struct error *);
uint64_t store_safe(struct store *);                           /* by the watcher's numbers: all up to this one */
bool store_asks_again(struct store *);                         /* once: findings were refused, and there is room again */
uint64_t store_repeated(const struct store *);

const struct spill *store_spill(const struct store *);         /* NULL: without a database */
void store_sinks_begin(struct store *);                        /* before sinks_new(): other sinks may come */
void store_sinks_end(struct store *);                          /* behind it: those that did not come again are gone */

#endif
