/*
 * due.h - open tries of sequences, and the order in which their time ends. Private to rules/.
 */
#ifndef DAVSCOPE_RULES_DUE_H
#define DAVSCOPE_RULES_DUE_H

#include "rules/state.h"

enum { FLOWS_KEPT = 8 };
struct sequence_key {
	struct key key;
	struct try *tries;             /* oldest first */
	uint32_t n_tries;
	uint64_t n_flows;              /* noted so far; the last FLOWS_KEPT of them are in `flows` */
	uint64_t flows[FLOWS_KEPT];
	int64_t forbidden;             /* when a leading negative step was true last */
	struct last doubtful;          /* when one may have been */
};

struct try {
	struct try *next;              /* of its key, oldest first */
	struct sequence_key *key;
	int64_t first, deadline;
	int64_t due;                   /* when the clock looks at it: its deadline, or the grace later */
	int64_t ahead;                 /* where it would begin, should that jump be true; NEVER: it began at no jump */
	int64_t doubt;                 /* the claim holds if this jump is true; NEVER: it holds */
	uint64_t opened, served;       /* serial numbers of the events that opened it, served it last */
	size_t place;                  /* in the heap */
	int64_t suppressed_until;
	uint8_t *limit_key;            /* of the event before a last negative step; NULL: not wanted */
	uint16_t n_limit_key;
	uint8_t step;                  /* the next one */
	uint8_t n_witnesses;
	bool tainted;                  /* a negative step may have happened */
	bool closed;                   /* its time is over: nothing but a loss can change what it says */
	struct witness *witnesses[];   /* of the positive steps done; room for all */
};

const struct sequence *sequence_of(const struct key *);
unsigned next_positive(const struct sequence *, unsigned from); /* n_steps: none */
size_t positive_steps(const struct sequence *, unsigned n); /* of the first n */
size_t try_size(const struct sequence *);
void try_free(struct store *, struct try *);     /* it is in no list any more */
void try_append(struct sequence_key *, struct try *);
bool sequence_form(struct pack *, struct rules *, struct key *); /* tries_form.c */
bool waits_for_time(const struct try *);         /* nothing but a negative step is left of it */
bool recent(const struct sequence *, int64_t then, int64_t now);

/* ---- tries.c ---- */
/* At the end of its key's list, without its first event; NULL: no room. */
struct try *try_new(struct rules *, struct sequence_key *, struct moment);
void try_settle(struct rules *, struct try *);   /* the jump it began at turned out true: it moves there */
void try_doubt(const struct rules *, struct try *, int64_t jump);
bool try_witness(struct rules *, struct try *, const struct event *, struct moment); /* false: no room */
void try_end(struct store *, struct try *);
void try_complete(struct rules *, struct try *, const struct event *, struct moment); /* fires and ends */
void flow_remember(struct sequence_key *, uint64_t flow);

/* ---- due.c ---- */
bool due_add(struct store *, struct try *);      /* false: no room */
void due_remove(struct store *, struct try *);
void due_move(struct store *, struct try *, int64_t due);
struct try *due_first(const struct store *);     /* NULL: none is open */
void due_reorder(struct store *);                /* rules got other numbers, or all another time */

#endif
