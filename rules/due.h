/*
 * due.h - open tries of sequences, in the order in which their time ends. Private to rules/.
 */
#ifndef DAVSCOPE_RULES_DUE_H
#define DAVSCOPE_RULES_DUE_H

#include "rules/state.h"

struct try {
	struct try *next;              /* of its key, oldest first */
	struct sequence_key *key;
	int64_t first, deadline;
	uint64_t opened, served;       /* serial numbers of the events that opened it, served it last */
	size_t place;                  /* in the heap */
	int64_t suppressed_until;
	uint8_t *limit_key;            /* of the event before a last negative step; NULL: not wanted */
	uint16_t n_limit_key;
	uint8_t step;                  /* the next one */
	uint8_t n_witnesses;
	bool tainted;                  /* a negative step was unknown once */
	bool young;                    /* the recording does not reach back far enough */
	struct witness *witnesses[];   /* of the positive steps done; room for all */
};

bool due_add(struct store *, struct try *);      /* false: no room */
void due_remove(struct store *, struct try *);
struct try *due_first(const struct store *);     /* NULL: none is open */
void due_reorder(struct store *);                /* rules got other numbers */

#endif
