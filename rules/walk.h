/*
 * walk.h - the values of an operand, one after the other. Private to eval.c and walk.c.
 */
#ifndef DAVSCOPE_RULES_WALK_H
#define DAVSCOPE_RULES_WALK_H

#include "rules/program.h"

/* The header block of one message by interned name; made when the first condition asks. */
struct header_index {
	const struct message *message;
	bool ready, complete;
	uint32_t first[INTERNED_MAX];  /* 1-based index of the first field of that name, 0: none */
	uint32_t *next;                /* of each field: the next one of its name, 1-based */
	size_t room;                   /* of next */
};

struct eval {
	const struct interned *interned;
	const struct event *event;
	struct guard bits;             /* the event's method and flavour; all bits: not observed */
	struct header_index headers[2];
	struct matcher *matcher;
	uint8_t *scratch[2];           /* lower(left), lower(right) */
	size_t scratch_room[2];
};

/* PRESENT: the next value. ABSENT: there are no more. NOT_OBSERVED: there may be more. */
struct walk_at {
	const struct operand *operand;
	size_t element, n_elements, nth;
	bool begun, complete;
	bool hole;                     /* something before the last value given was not observed */
	int side;                      /* which scratch: 0 left, 1 right */
};
struct walk_at walk_begin(struct eval *, const struct operand *, size_t element, int side);
enum seen walk_next(struct eval *, struct walk_at *, struct value *);

/* One value of an operand that has one: first(), last(), or a single field. */
enum seen walk_single(struct eval *, const struct operand *, size_t element, int side, struct value *);
/* How many values there are; *complete false: at least so many. */
uint64_t walk_count(struct eval *, const struct operand *, size_t element, bool *complete);

#endif
