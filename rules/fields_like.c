/*
 * fields_like.c - the field somebody meant: the nearest spelling, for messages.
 */
#include "rules/rules.h"

enum { NAME_MAX_BYTES = 64, DISTANCE_MAX = 3, SEGMENT_COST = 2, FAR = 99 };

/* A short name has few letters to be wrong in. */
static unsigned distance_allowed(size_t n)
{
	unsigned allowed = (unsigned)(n / 3);
	return allowed < DISTANCE_MAX ? allowed : DISTANCE_MAX;
}

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

/*
 * Letters changed, missing, too many or swapped (Damerau, without moving a letter twice); FAR when
 * it is more than `allowed`.
 */
static unsigned spelling_distance(struct slice a, struct slice b, unsigned allowed)
{
	unsigned rows[3][NAME_MAX_BYTES + 1];
	if (a.n > b.n + allowed || b.n > a.n + allowed || b.n > NAME_MAX_BYTES)
		return FAR;
	for (size_t k = 0; k <= b.n; k++)
		rows[0][k] = (unsigned)k;
	for (size_t i = 1; i <= a.n; i++)
		if (row_fill(rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3], a, i, b) > allowed)
			return FAR;
	unsigned distance = rows[a.n % 3][b.n];
	return distance <= allowed ? distance : FAR;
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
	unsigned lowest = FAR;
	if (name.n == 0 || name.n > NAME_MAX_BYTES)
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
