/*
 * permute.h - keyed permutations of short sequences over small alphabets. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_PERMUTE_H
#define DAVSCOPE_SCRUB_PERMUTE_H

#include "base/base.h"

enum { SYMBOLS_MAX = 64 };

struct symbols {
	size_t n;
	uint32_t radix[SYMBOLS_MAX];   /* each at least 2 */
	uint32_t value[SYMBOLS_MAX];   /* each below its radix */
};

/* For one key, tweak and row of radices a one-to-one map of all rows of values. */
void symbols_permute(struct hash_key, uint8_t tweak, struct symbols *);

#endif
