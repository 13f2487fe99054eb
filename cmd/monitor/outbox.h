/*
 * outbox.h - what goes to the keeper, in order and in bounded memory. Private to cmd/monitor/.
 *
 * The watcher never waits for the keeper. A finding stays here until the keeper has it for certain, a
 * batch of state until it is on the disk; everything else leaves with its sending, and is the first to
 * leave when room is short. What leaves unsent is counted.
 */
#ifndef DAVSCOPE_CMD_MONITOR_OUTBOX_H
#define DAVSCOPE_CMD_MONITOR_OUTBOX_H

#include "cmd/message.h"

struct outbox_counts {
	uint64_t dropped[2];           /* [0]: records, texts; [1]: findings */
	uint64_t queued_bytes;
	uint64_t untaken;              /* findings that were sent and are not known to be safe */
};
struct outbox;
struct outbox *outbox_new(struct channel *, const struct limits *, struct error *); /* borrows both */
void outbox_record(struct outbox *, const struct record *);
void outbox_send(struct outbox *, enum message_kind, uint64_t number, struct slice body); /* all but records and state */
/* False: too much of it is not on the disk yet. */
bool outbox_state(struct outbox *, const struct state_record *);
void outbox_save(struct outbox *);                           /* ends the batch, unless it is empty */
bool outbox_is_saved(const struct outbox *);                 /* nothing of the state is on its way */
bool outbox_flush(struct outbox *);                          /* sends; true: nothing is left to be sent */
/* ---- what the keeper says ---- */
void outbox_taken(struct outbox *, uint64_t number);
void outbox_saved(struct outbox *, uint64_t number);
void outbox_again(struct outbox *, uint64_t number);         /* a new keeper; the last finding it has */
struct outbox_counts outbox_counts(const struct outbox *);
void outbox_free(struct outbox *);                           /* NULL is fine */

#endif
