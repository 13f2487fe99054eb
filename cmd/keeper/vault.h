/*
 * vault.h - findings on their way: from the watcher into the database, from there to the sinks.
 * Private to cmd/keeper/.
 *
 * A finding that cannot be stored waits in memory, within `findings_waiting`, until it is stored or
 * each sink has it; what has no room there is refused, and the watcher has to send it again. Sinks
 * have their threads: all here is safe for them. Without a database a finding counts as safe when
 * it was handed to the sinks' queues: a keeper that is killed loses what stands there.
 */
#ifndef DAVSCOPE_CMD_KEEPER_VAULT_H
#define DAVSCOPE_CMD_KEEPER_VAULT_H

#include "cmd/keeper/db.h"

struct vault;
struct vault *vault_new(struct db *, const struct limits *, struct error *); /* borrows the database; NULL: there is none */
void vault_free(struct vault *);                               /* what waits is gone; NULL is fine */

enum vault_answer {
	VAULT_NEW,             /* give it to the sinks, with the number it has now */
	VAULT_REPEATED,        /* it was here before */
	VAULT_REFUSED,         /* no room now */
};
enum vault_answer vault_finding(struct vault *, struct record *);
/* Time has come to write: false: *error, and it will be tried again by the next call. */
bool vault_commit(struct vault *, struct error *);
void vault_sink_reach(struct vault *, const char *sink, uint64_t number); /* as sinks_counts() says */
void vault_sinks_reach(struct vault *, const struct sinks *);  /* the same of all; NULL: there are none */
uint64_t vault_safe(struct vault *);                           /* by the watcher's numbers: all up to this one */
bool vault_asks_again(struct vault *);                         /* once: findings were refused, and there is room again */
uint64_t vault_repeated(const struct vault *);

const struct spill *vault_spill(const struct vault *);         /* NULL: without a database */
void vault_sinks_begin(struct vault *);                        /* before sinks_new(): other sinks may come */
void vault_sinks_end(struct vault *);                          /* behind it: those that did not come again are gone */

#endif
