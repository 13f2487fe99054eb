/*
 * spelling.c - how far two words are apart, and which of several is nearest, for hints.
 */
#include "base/base.h"

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One more row of the table of distances; `before` and `older` are the two rows above it. */
static unsigned row_fill(unsigned *row, const unsigned *before, const unsigned *older,
    struct slice a, size_t i, struct slice b)
{
	unsigned lowest = row[0] = (unsigned)i;
	for (size_t k = 1; k <= b.n; k++) {
		unsigned cost = a.p[i - 1] != b.p[k - 1];
		row[k] = least(least(before[k], row[k - 1]) + 1, before[k - 1] + cost);
		if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1])
			row[k] = least(row[k], older[k - 2] + 1);
		lowest = least(lowest, row[k]);
	}
	return lowest;
}

unsigned spelling_distance(struct slice a, struct slice b, unsigned allowed)
{
	unsigned rows[3][SPELLING_MAX + 1];
	if (a.n > b.n + allowed || b.n > a.n + allowed || b.n > SPELLING_MAX)
		return SPELLING_FAR;
	for (size_t k = 0; k <= b.n; k++)
		rows[0][k] = (unsigned)k;
	for (size_t i = 1; i <= a.n; i++)
		if (row_fill(rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3], a, i, b) > allowed)
			return SPELLING_FAR;
	unsigned distance = rows[a.n % 3][b.n];
	return distance <= allowed ? distance : SPELLING_FAR;
}

/* Short words have many neighbours: at most every second letter may differ. */
const char *word_like(struct slice word, const char *const *words, size_t n)
{
	const char *best = NULL;
	unsigned lowest = SPELLING_FAR;
	unsigned allowed = word.n / 2 < TYPOS_MAX ? (unsigned)(word.n / 2) : TYPOS_MAX;
	for (size_t i = 0; i < n; i++) {
		unsigned distance = spelling_distance(word, slice_from(words[i]), allowed);
		if (distance < lowest) {
			best = words[i];
			lowest = distance;
		}
	}
	return best;
}
