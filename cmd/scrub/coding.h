/*
 * coding.h - bodies with a content coding. Private to scrub/.
 *
 * Unpacked, scrubbed, packed again and padded to exactly the length it had.
 */
#ifndef DAVSCOPE_SCRUB_CODING_H
#define DAVSCOPE_SCRUB_CODING_H

#include "cmd/scrub/text.h"

enum coding { CODING_NONE, CODING_GZIP, CODING_DEFLATE, CODING_UNKNOWN };
enum coding coding_of(struct slice value);      /* of Content-Encoding */
/* How to scrub what is packed; `thin` takes more out of it when it does not fit otherwise, NULL: there is no such way. */
struct packed { scrubbing *scrub, *thin; const void *arg; };
/* The body, or its beginning. False: it could not be read, or no longer fits: nothing of it is left. */
bool coding_scrub(const struct words *, const struct limits *, enum coding, struct span body, const struct packed *);

#endif
