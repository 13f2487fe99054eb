/*
 * object_make.h - from what a reader found to a struct object. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_OBJECT_MAKE_H
#define DAVSCOPE_DECODE_OBJECT_MAKE_H

#include "decode/object.h"

/* What counts in a fingerprint and has no place in an object. Zeroed: nothing. */
struct object_more {
	bool has_start, has_end;       /* times in a zone that is not known or beyond 64 bits; the draft has OBJECT_NO_TIME */
	int64_t start, end;            /* these, in seconds as the clock shows them */
	uint64_t contacts;             /* hash of the addresses and numbers of a card, in any order */
};

/*
 * Copies the draft and its texts into the arena and fills `fingerprint`: whitespace of texts is made one
 * blank, the parts of the rule are put in order, an all-day object counts by its dates whatever zone its
 * midnight was written in. An event without an end gets one: its start, the day after when it is all-day.
 * The fingerprint is 0 when the draft is not whole, and when it has neither a name nor, events, a start.
 * NULL: no room.
 */
const struct object *object_make(struct arena *, const struct object *draft);
const struct object *object_make_with(struct arena *, const struct object *draft, const struct object_more *);
/* "20060925T140000Z", "2006-09-25T14:00:00.000Z", "20060925" (a date: *date is set). False: none of these. */
bool object_time_read(struct slice text, int64_t *ns, bool *date);

#endif
