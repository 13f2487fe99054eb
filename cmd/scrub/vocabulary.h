/*
 * vocabulary.h - the words of words.def. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_VOCABULARY_H
#define DAVSCOPE_SCRUB_VOCABULARY_H

#include "base/base.h"

enum { VOCABULARY_WORD = 32 };     /* none is longer */

struct vocabulary;
struct vocabulary *vocabulary_new(void);                  /* NULL: out of memory */
void vocabulary_free(struct vocabulary *);                /* NULL is fine */
/* The groups a word belongs to, as enum keep of words.h; `lower` is in small letters. */
uint16_t vocabulary_groups(const struct vocabulary *, struct slice lower);

#endif
