/*
 * body.h - bodies by their media type. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_BODY_H
#define DAVSCOPE_SCRUB_BODY_H

#include "cmd/scrub/head.h"

/* A body, or what was captured of its beginning. False: it could not be kept, and nothing of it is left. */
bool body_scrub(const struct words *, const struct limits *, const struct head *, struct span body);
/* Without looking into it: too long, or behind a gap. */
void body_blank(const struct head *, struct span body);

#endif
