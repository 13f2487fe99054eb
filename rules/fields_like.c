/*
 * fields_like.c - the field somebody meant: the nearest spelling, for messages.
 */
#include "rules/rules.h"

enum { SEGMENT_COST = 2 };

/* A short name has few letters to be wrong in. */
static unsigned distance_allowed(size_t n)
{
	unsigned allowed = (unsigned)(n / 3);
	return allowed < TYPOS_MAX ? allowed : TYPOS_MAX;
}

/* `more` without the segment at `start` of that length, and the dot beside it. */
static bool is_without(struct slice less, struct slice more, size_t start, size_t length)
{
	size_t end = start + length;
	if (end == more.n)
		return start != 0 && slice_equal(less, slice_part(more, 0, start - 1));
	return less.n == more.n - length - 1 &&
	    slice_equal(slice_part(less, 0, start), slice_part(more, 0, start)) &&
	    slice_equal(slice_part(less, start, less.n), slice_part(more, end + 1, more.n));
}

/* `more` is `less` with one segment of a path put in. */
static bool one_segment_more(struct slice more, struct slice less)
{
	for (size_t start = 0; more.n > less.n && start < more.n;) {
		size_t length = slice_find_byte(slice_part(more, start, more.n), '.');
		if (is_without(less, more, start, length))
			return true;
		start += length + 1;
	}
	return false;
}

static unsigned cost_of(struct slice name, struct slice field, unsigned allowed)
{
	unsigned distance = spelling_distance(name, field, allowed);
	if (distance > SEGMENT_COST &&
	    (one_segment_more(field, name) || one_segment_more(name, field)))
		return SEGMENT_COST;
	return distance;
}

const struct field *field_like(struct slice name)
{
	size_t n;
	const struct field *table = fields_table(&n), *best = NULL;
	unsigned lowest = SPELLING_FAR;
	if (name.n == 0 || name.n > SPELLING_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		unsigned cost = cost_of(name, slice_from(table[i].name), distance_allowed(name.n));
		if (cost < lowest) {
			lowest = cost;
			best = &table[i];
		}
	}
	return best;
}
