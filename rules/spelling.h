/*
 * spelling.h - the word somebody meant. Private to rules/.
 */
#ifndef DAVSCOPE_RULES_SPELLING_H
#define DAVSCOPE_RULES_SPELLING_H

#include "rules/rules.h"

enum { SPELLING_MAX = 64, TYPOS_MAX = 3, SPELLING_FAR = 99 };

/*
 * Letters changed, missing, too many or swapped (Damerau, without moving a letter twice).
 * SPELLING_FAR: more than `allowed`, or b is longer than SPELLING_MAX.
 */
unsigned spelling_distance(struct slice a, struct slice b, unsigned allowed);
/* The nearest of the words, NULL: none is near. */
const char *word_like(struct slice, const char *const *words, size_t n);

#endif
