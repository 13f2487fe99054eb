/*
 * character.h - what of a text belongs to words, and to which alphabet. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_CHARACTER_H
#define DAVSCOPE_SCRUB_CHARACTER_H

#include "base/base.h"

struct character {
	uint8_t bytes;         /* how many it takes in UTF-8; 1 also for a byte that is no UTF-8 */
	bool word;             /* part of a word; the rest is set only then */
	bool letter, digit;    /* of ASCII */
	bool upper, raw;       /* raw: a byte that is no UTF-8 */
	uint32_t base, radix;  /* its alphabet: so many characters from `base` on */
	uint32_t value;        /* its place there */
};

struct character character_read(const uint8_t *p, size_t n);   /* n > 0 */
void character_write(const struct character *, uint8_t *p);    /* as many bytes as it took */
/* UTF-8; returns bytes written, at most 4. */
size_t character_put(uint32_t code, uint8_t out[4]);

#endif
