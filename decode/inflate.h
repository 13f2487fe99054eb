/*
 * inflate.h - undoes gzip (RFC 1952), deflate (RFC 1950, or bare RFC 1951 as many send it), brotli
 * (RFC 7932) and zstd (RFC 8878). Private to decode/.
 *
 * Input is worked off in blocks of one size, so that neither the pieces handed on nor the moment
 * at which a limit strikes depend on how the input arrives.
 */
#ifndef DAVSCOPE_DECODE_INFLATE_H
#define DAVSCOPE_DECODE_INFLATE_H

#include "base/base.h"

enum inflate_coding { INFLATE_GZIP, INFLATE_DEFLATE, INFLATE_BROTLI, INFLATE_ZSTD };

enum inflate_status {
	INFLATE_MORE, /* all is well so far */
	INFLATE_ENDED, /* the coded stream came to its end */
	INFLATE_STOPPED, /* the sink wants no more */
	INFLATE_DAMAGED,
	INFLATE_BOMB, /* beyond inflate_ratio, alone or with those before, or inflate_bytes */
	INFLATE_NO_ROOM, /* the arena refused */
};

struct inflate_sink {
	bool (*data)(void *ctx, struct slice);
	void *ctx;
}; /* false: no more */

/* What all bodies of one direction of a connection came to: a short one may be as regular as it likes, many may not. */
struct inflate_sum {
	uint64_t seen, made; /* bytes worked off, bytes unpacked and handed on */
};

struct inflater;
/* What it unpacks is added to *sum, which outlives it. */
struct inflater *inflater_new(enum inflate_coding, const struct limits *, struct inflate_sum *sum,
    struct arena *, struct inflate_sink);
/* Once the answer is STOPPED, DAMAGED, BOMB or NO_ROOM it stays so. */
enum inflate_status inflater_data(struct inflater *, struct slice);
enum inflate_status inflater_end(
    struct inflater *); /* works off what is left; MORE: the stream is cut short */
uint64_t inflater_made(const struct inflater *); /* decoded bytes so far */
void inflater_free(struct inflater *); /* before the arena goes; NULL is fine */

#endif
