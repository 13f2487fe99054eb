/*
 * pack.c - looks for the cheapest way through a text, given what symbols cost; writes it; learns what symbols
 * cost then; and starts over, as long as that helps. For texts that have become a few bytes too long.
 */
#include "cmd/scrub/pack.h"

#include "cmd/scrub/huffman.h"

#include <stdlib.h>
#include <string.h>

enum {
	WINDOW = 32768,
	HASHES = 32768,
	CANDIDATES = 8, /* matches that are kept of a place */
	CHAIN = 4096, /* places that are looked at for one */
	WORK = 1024, /* bytes that may be compared for one, on average */
	TURNS = 8,
	BLOCK_STEPS = 16384,
};

struct match {
	uint16_t length, distance;
};

struct packer {
	struct slice text;
	struct match (
	    *matches)[CANDIDATES]; /* of each place, length and distance rising; length 0 ends */
	uint32_t *cost; /* of getting to each place */
	struct step *to; /* the step that ends there */
	struct step *steps; /* the way */
	size_t n_steps;
};

/* ---- matches ---- */

static size_t hash_at(const uint8_t *p)
{
	uint32_t three = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	return (three * 2654435761u >> 17) % HASHES;
}

static size_t match_length(struct slice s, size_t a, size_t b)
{
	size_t n = 0, most = s.n - b < LENGTH_MAX ? s.n - b : LENGTH_MAX;
	while (n < most && s.p[a + n] == s.p[b + n])
		n++;
	return n;
}

/* From the nearest to the farthest; only longer ones than before count. */
static void matches_at(struct packer *k, size_t at, size_t from, const uint32_t *before,
    size_t *work)
{
	size_t n = 0, best = LENGTH_MIN - 1;
	struct match *matches = k->matches[at];
	for (size_t chain = 0; chain < CHAIN && from != 0 && n < CANDIDATES; chain++) {
		size_t place = from - 1;
		if (at - place > WINDOW || *work == 0)
			break;
		size_t length = match_length(k->text, place, at);
		*work -= length < *work ? length + 1 : *work;
		if (length > best) {
			/* The last place is for the longest. */
			if (n == CANDIDATES - 1 && length < LENGTH_MAX)
				n--;
			best = length;
			matches[n++] = (struct match){ (uint16_t)length, (uint16_t)(at - place) };
		}
		if (best == LENGTH_MAX)
			break;
		from = before[place];
	}
}

static bool matches_find(struct packer *k)
{
	size_t n = k->text.n, work = n * WORK;
	uint32_t *last = calloc(HASHES, sizeof *last), *before = calloc(n + 1, sizeof *before);
	for (size_t i = 0; last != NULL && before != NULL && i + LENGTH_MIN <= n; i++) {
		uint32_t *slot = &last[hash_at(k->text.p + i)];
		before[i] = *slot; /* places count from 1, 0 is none */
		*slot = (uint32_t)(i + 1);
		matches_at(k, i, before[i], before, &work);
	}
	bool found = last != NULL && before != NULL;
	free(last);
	free(before);
	return found;
}

/* ---- the way ---- */

static void relax(struct packer *k, size_t to, uint32_t cost, struct step step)
{
	if (cost >= k->cost[to])
		return;
	k->cost[to] = cost;
	k->to[to] = step;
}

static void steps_from(struct packer *k, size_t at, const struct costs *c)
{
	uint8_t literal = k->text.p[at];
	uint32_t cost = k->cost[at];
	size_t length = LENGTH_MIN;
	relax(k, at + 1, cost + c->literal[literal], (struct step){ 0, 0, literal });
	for (size_t i = 0; i < CANDIDATES && k->matches[at][i].length != 0; i++) {
		struct match m = k->matches[at][i];
		uint32_t distance = c->distance[distance_symbol(m.distance)];
		for (; length <= m.length; length++)
			relax(k, at + length, cost + distance + c->length[length],
			    (struct step){ (uint16_t)length, m.distance, 0 });
	}
}

static void way_find(struct packer *k, const struct costs *c)
{
	size_t n = k->text.n;
	memset(k->cost, 0xff, (n + 1) * sizeof *k->cost);
	k->cost[0] = 0;
	for (size_t i = 0; i < n; i++)
		steps_from(k, i, c);
	k->n_steps = 0;
	for (size_t at = n; at != 0; at -= k->to[at].length == 0 ? 1 : k->to[at].length)
		k->steps[k->n_steps++] = k->to[at];
	for (size_t i = 0; i < k->n_steps / 2; i++) {
		struct step step = k->steps[i];
		k->steps[i] = k->steps[k->n_steps - 1 - i];
		k->steps[k->n_steps - 1 - i] = step;
	}
}

/* All blocks; of the costs those of the last one. */
static uint64_t way_write(const struct packer *k, struct bits *b, bool finish, struct costs *c)
{
	size_t done = 0;
	do {
		size_t left = k->n_steps - done, n = left < BLOCK_STEPS ? left : BLOCK_STEPS;
		block_write(b, k->steps + done, n, finish && n == left, c);
		done += n;
	} while (done < k->n_steps);
	if (!finish) { /* an empty stored block ends at a byte boundary */
		bits_put(b, 0, 3);
		bits_put(b, 0, (unsigned)(-b->n % 8));
		bits_put(b, 0xffff0000, 32);
	}
	return (b->n + 7) / 8;
}

static size_t way_improve(struct packer *k, uint8_t *out, size_t room, bool finish)
{
	struct costs costs;
	uint64_t least = UINT64_MAX;
	costs_begin(&costs);
	for (int turn = 0; turn < TURNS && least > room; turn++) {
		struct bits b = { out, room, 0 };
		way_find(k, &costs);
		least = way_write(k, &b, finish, &costs);
	}
	return least <= room ? (size_t)least : 0;
}

size_t pack_short(struct slice text, uint8_t *out, size_t room, bool finish)
{
	struct packer k = {
		.text = text,
		.matches = calloc(text.n + 1, sizeof *k.matches),
		.cost = malloc((text.n + 1) * sizeof *k.cost),
		.to = calloc(text.n + 1, sizeof *k.to),
		.steps = malloc((text.n + 1) * sizeof *k.steps),
	};
	size_t n = 0;
	if (k.matches != NULL && k.cost != NULL && k.to != NULL && k.steps != NULL &&
	    matches_find(&k))
		n = way_improve(&k, out, room, finish);
	free(k.matches);
	free(k.cost);
	free(k.to);
	free(k.steps);
	return n;
}
