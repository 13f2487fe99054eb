/*
 * pack.h - deflate (RFC 1951), shorter than zlib makes it. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_PACK_H
#define DAVSCOPE_SCRUB_PACK_H

#include "base/base.h"

/* Bytes written; 0: it does not fit, or there is no memory. Unless it is finished, more may follow. */
size_t pack_short(struct slice text, uint8_t *out, size_t room, bool finish);

#endif
