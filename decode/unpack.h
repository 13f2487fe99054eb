/*
 * unpack.h - one way of packing bytes, undone by its library. Private to decode/; inflate.c is who asks.
 */
#ifndef DAVSCOPE_DECODE_UNPACK_H
#define DAVSCOPE_DECODE_UNPACK_H

#include "decode/inflate.h"

struct unpack {
	struct arena *arena;       /* what the library takes counts here */
	void *state;               /* the library's */
	size_t charged;            /* of the library's memory, to the arena */
	const uint8_t *in;
	size_t in_left;
	uint8_t *out;
	size_t out_left;
};

struct packing {
	bool (*begin)(struct unpack *);                 /* the first block lies at `in`; false: no room */
	enum inflate_status (*step)(struct unpack *);   /* takes or gives bytes; MORE, ENDED, DAMAGED, NO_ROOM */
	bool (*again)(struct unpack *);                 /* behind the end there are more bytes; false: they are damage */
	void (*end)(struct unpack *);                   /* also when begin failed */
};

extern const struct packing packing_gzip, packing_deflate, packing_brotli, packing_zstd;

#endif
