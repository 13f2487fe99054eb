/*
 * backlog.h - findings on their way: from the watcher into the database, from there to the sinks.
 * Private to cmd/keeper/.
 *
 * A finding that cannot be stored waits in memory, within `findings_waiting`, until it is stored or
 * each sink has it; what has no room there is refused, and the watcher has to send it again. Sinks
 * have their threads: all here is safe for them. Without a database a finding counts as safe when
 * it was handed to the sinks' queues: a keeper that is killed loses what stands there.
 */
#ifndef DAVSCOPE_CMD_KEEPER_BACKLOG_H
#define DAVSCOPE_CMD_KEEPER_BACKLOG_H

#include "cmd/keeper/db.h"

struct backlog;
struct backlog *backlog_new(struct db *, const struct limits *, struct error *); /* borrows the database; NULL: there is none */
void backlog_free(struct backlog *);                               /* what waits is gone; NULL is fine */

enum backlog_answer {
	BACKLOG_NEW,             /* give it to the sinks, with the number it has now */
	BACKLOG_REPEATED,        /* it was here before */
	BACKLOG_REFUSED,         /* no room now */
};
enum backlog_answer backlog_finding(struct backlog *, struct record *);
/* Time has come to write: false: *error, and it will be tried again by the next call. */
bool backlog_commit(struct backlog *, struct error *);
uint64_t backlog_safe(struct backlog *);                           /* by the watcher's numbers: all up to this one */
bool backlog_asks_again(struct backlog *);                         /* once: findings were refused, and there is room again */
uint64_t backlog_repeated(const struct backlog *);

const struct spill *backlog_spill(const struct backlog *);         /* NULL: without a database */
void backlog_sinks_begin(struct backlog *);                        /* before sinks_new(): other sinks may come */
void backlog_sinks_end(struct backlog *);                          /* behind it: those that did not come again are gone */

#endif
