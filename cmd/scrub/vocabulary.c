/*
 * vocabulary.c - the words of words.def in a table.
 */
#include "cmd/scrub/vocabulary.h"
#include "cmd/scrub/words.h"

#include <stdlib.h>

enum { SLOTS = 8192 }; /* a power of two, several times as many as there are words */

struct vocabulary {
	struct {
		struct slice word;
		uint16_t groups;
	} slots[SLOTS];
};

static const struct {
	uint16_t group;
	const char *words;
} lists[] = {
#define WORDS(group, words) { KEEP_##group, words },
#include "cmd/scrub/words.def"
#undef WORDS
};

/* Where it stands, or would. */
static size_t slot_of(const struct vocabulary *v, struct slice word)
{
	size_t i = hash_fixed(word.p, word.n) % SLOTS;
	while (v->slots[i].word.n != 0 && !slice_equal(v->slots[i].word, word))
		i = (i + 1) % SLOTS;
	return i;
}

static void words_add(struct vocabulary *v, uint16_t group, struct slice words)
{
	while (words.n != 0) {
		size_t n = slice_find_byte(words, ' ');
		struct slice word = slice_part(words, 0, n);
		size_t slot = slot_of(v, word);
		v->slots[slot].word = word;
		v->slots[slot].groups |= group;
		words = slice_part(words, n + 1, words.n);
	}
}

struct vocabulary *vocabulary_new(void)
{
	struct vocabulary *v = calloc(1, sizeof *v);
	for (size_t i = 0; v != NULL && i < sizeof lists / sizeof lists[0]; i++)
		words_add(v, lists[i].group, slice_from(lists[i].words));
	return v;
}

void vocabulary_free(struct vocabulary *v)
{
	free(v);
}

uint16_t vocabulary_groups(const struct vocabulary *v, struct slice lower)
{
	return v->slots[slot_of(v, lower)].groups;
}
