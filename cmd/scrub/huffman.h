/*
 * huffman.h - one block of deflate (RFC 1951 3.2) from its symbols. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_HUFFMAN_H
#define DAVSCOPE_SCRUB_HUFFMAN_H

#include "base/base.h"

enum { LITERALS = 286, DISTANCES = 30, END_OF_BLOCK = 256, LENGTH_MIN = 3, LENGTH_MAX = 258 };

/* A literal, or so many bytes from so far back. */
struct step { uint16_t length, distance; uint8_t literal; };  /* length 0: a literal */

/* How much each symbol takes, in sixteenths of bits, what stands behind it included. */
struct costs { uint16_t literal[256], length[LENGTH_MAX + 1], distance[DISTANCES]; };

/* Bits, least significant first; what is beyond `room` is counted and not kept. */
struct bits { uint8_t *p; size_t room; uint64_t n; };

size_t distance_symbol(size_t distance);
void costs_begin(struct costs *);                /* before anything is known */
/* Writes the steps as a block with the codes that suit it, or the fixed ones; *costs gets what they cost then. */
void block_write(struct bits *, const struct step *, size_t n, bool last, struct costs *costs);
void bits_put(struct bits *, uint32_t value, unsigned n);

#endif
