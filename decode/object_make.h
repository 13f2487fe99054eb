/*
 * object_make.h - from what a reader found to a struct object. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_OBJECT_MAKE_H
#define DAVSCOPE_DECODE_OBJECT_MAKE_H

#include "decode/object.h"

/*
 * Copies the draft and its texts into the arena and fills `fingerprint`: whitespace of texts is made one
 * blank, the parts of the rule are put in order, an all-day object counts by its dates whatever zone its
 * midnight was written in. NULL: no room.
 */
const struct object *object_make(struct arena *, const struct object *draft);
/* "20060925T140000Z", "2006-09-25T14:00:00.000Z", "20060925" (a date: *date is set). False: none of these. */
bool object_time_read(struct slice text, int64_t *ns, bool *date);

#endif
