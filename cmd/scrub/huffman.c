/*
 * huffman.c - code lengths from counts, and a block written with them.
 */
#include "cmd/scrub/huffman.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_MAX = 15, META = 19, META_MAX = 7, LENGTH_CODES = 29 };

static const uint16_t length_base[LENGTH_CODES] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23,
	27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const uint8_t length_extra[LENGTH_CODES] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
	3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint16_t distance_base[DISTANCES] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97,
	129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385,
	24577 };
static const uint8_t meta_order[META] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14,
	1, 15 };

static size_t length_symbol(size_t length)
{
	size_t i = LENGTH_CODES - 1;
	while (length_base[i] > length)
		i--;
	return i;
}

size_t distance_symbol(size_t distance)
{
	size_t i = DISTANCES - 1;
	while (distance_base[i] > distance)
		i--;
	return i;
}

static unsigned distance_extra(size_t symbol)
{
	return symbol < 4 ? 0 : (unsigned)(symbol / 2 - 1);
}

/* ---- bits ---- */

void bits_put(struct bits *b, uint32_t value, unsigned n)
{
	for (unsigned i = 0; i < n; i++, b->n++) {
		size_t at = (size_t)(b->n / 8);
		if (at >= b->room)
			continue;
		if (b->n % 8 == 0)
			b->p[at] = 0;
		b->p[at] |= (uint8_t)((value >> i & 1) << b->n % 8);
	}
}

/* Huffman codes begin with their most significant bit. */
static void code_put(struct bits *b, uint32_t code, unsigned n)
{
	while (n-- > 0)
		bits_put(b, code >> n & 1, 1);
}

/* ---- codes ---- */

struct code {
	uint8_t length[LITERALS + 2];
	uint16_t bits[LITERALS + 2];
};

struct node {
	uint32_t count;
	uint16_t left, right; /* nodes; a leaf has its symbol in `left` */
};

static int node_compare(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return (x->left > y->left) - (x->left < y->left);
}

/* Leaves are sorted, and inner nodes come out in order: the smaller of both fronts is taken. */
static size_t tree_build(struct node *nodes, size_t leaves)
{
	size_t leaf = 0, inner = leaves, n = leaves;
	while (n < 2 * leaves - 1) {
		uint16_t pick[2];
		for (size_t i = 0; i < 2; i++) {
			bool take_leaf = leaf < leaves &&
			    (inner == n || nodes[leaf].count <= nodes[inner].count);
			pick[i] = (uint16_t)(take_leaf ? leaf++ : inner++);
		}
		nodes[n].count = nodes[pick[0]].count + nodes[pick[1]].count;
		nodes[n].left = pick[0];
		nodes[n].right = pick[1];
		n++;
	}
	return n;
}

/* False: some code is longer than `most`. */
static bool lengths_try(const uint32_t *counts, size_t n, unsigned most, uint8_t *lengths)
{
	struct node nodes[2 * (LITERALS + 2)];
	uint8_t depth[2 * (LITERALS + 2)] = { 0 };
	size_t leaves = 0;
	memset(lengths, 0, n);
	for (size_t i = 0; i < n; i++)
		if (counts[i] != 0)
			nodes[leaves++] = (struct node){ counts[i], (uint16_t)i, 0 };
	if (leaves == 0)
		return true;
	qsort(nodes, leaves, sizeof nodes[0], node_compare);
	for (size_t i = tree_build(nodes, leaves); i-- > leaves;) {
		depth[nodes[i].left] = (uint8_t)(depth[i] + 1);
		depth[nodes[i].right] = (uint8_t)(depth[i] + 1);
	}
	for (size_t i = 0; i < leaves; i++) {
		uint8_t length = leaves == 1 ? 1 : depth[i];
		if (length > most)
			return false;
		lengths[nodes[i].left] = length;
	}
	return true;
}

/* Counts that differ less make codes that differ less. */
static void lengths_make(const uint32_t *counts, size_t n, unsigned most, uint8_t *lengths)
{
	uint32_t flat[LITERALS + 2];
	memcpy(flat, counts, n * sizeof flat[0]);
	while (!lengths_try(flat, n, most, lengths))
		for (size_t i = 0; i < n; i++)
			flat[i] = flat[i] == 0 ? 0 : flat[i] / 2 + 1;
}

/* RFC 1951 3.2.2 */
static void code_make(struct code *c, size_t n)
{
	uint16_t count[CODE_MAX + 1] = { 0 }, next[CODE_MAX + 1] = { 0 };
	for (size_t i = 0; i < n; i++)
		count[c->length[i]]++;
	count[0] = 0;
	for (unsigned bits = 1; bits <= CODE_MAX; bits++)
		next[bits] = (uint16_t)((next[bits - 1] + count[bits - 1]) << 1);
	for (size_t i = 0; i < n; i++)
		if (c->length[i] != 0)
			c->bits[i] = next[c->length[i]]++;
}

struct codes {
	struct code literal, distance;
};

static void codes_fixed(struct codes *c)
{
	for (size_t i = 0; i < LITERALS + 2; i++)
		c->literal.length[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	memset(c->distance.length, 5, DISTANCES + 2);
	code_make(&c->literal, LITERALS + 2);
	code_make(&c->distance, DISTANCES + 2);
}

struct counts {
	uint32_t literals[LITERALS], distances[DISTANCES];
};

static void steps_count(struct counts *c, const struct step *steps, size_t n)
{
	*c = (struct counts){ .literals = { [END_OF_BLOCK] = 1 } };
	for (size_t i = 0; i < n; i++) {
		if (steps[i].length == 0) {
			c->literals[steps[i].literal]++;
			continue;
		}
		c->literals[END_OF_BLOCK + 1 + length_symbol(steps[i].length)]++;
		c->distances[distance_symbol(steps[i].distance)]++;
	}
}

static void codes_suit(struct codes *c, const struct counts *counts)
{
	lengths_make(counts->literals, LITERALS, CODE_MAX, c->literal.length);
	lengths_make(counts->distances, DISTANCES, CODE_MAX, c->distance.length);
	code_make(&c->literal, LITERALS);
	code_make(&c->distance, DISTANCES);
}

/* ---- costs ---- */

enum { SIXTEENTHS = 16 };

/* Binary logarithm in sixteenths: the fraction bit by bit, by squaring. */
static uint32_t logarithm(uint64_t x)
{
	uint32_t whole = 0;
	while (x >> (whole + 1) != 0)
		whole++;
	uint64_t mantissa = whole < 31 ? x << (31 - whole) : x >> (whole - 31);
	uint32_t log = whole;
	for (int i = 0; i < 4; i++) {
		mantissa = mantissa * mantissa >> 31;
		uint32_t bit = mantissa >> 32 != 0;
		mantissa >>= bit;
		log = log << 1 | bit;
	}
	return log;
}

/* A symbol that does not occur costs as if it did half as often as the rarest. */
static uint16_t cost_of(uint32_t count, uint32_t all, unsigned extra)
{
	uint32_t bits = logarithm(2 * (uint64_t)all) -
	    logarithm(count == 0 ? 1 : 2 * (uint64_t)count);
	return (uint16_t)((bits == 0 ? 1 : bits) + extra * SIXTEENTHS);
}

static void costs_make(struct costs *costs, const struct counts *c)
{
	uint32_t literals = 0, distances = 1;
	for (size_t i = 0; i < LITERALS; i++)
		literals += c->literals[i];
	for (size_t i = 0; i < DISTANCES; i++)
		distances += c->distances[i];
	for (size_t i = 0; i < 256; i++)
		costs->literal[i] = cost_of(c->literals[i], literals, 0);
	for (size_t i = LENGTH_MIN; i <= LENGTH_MAX; i++) {
		size_t s = length_symbol(i);
		costs->length[i] = cost_of(c->literals[END_OF_BLOCK + 1 + s], literals,
		    length_extra[s]);
	}
	for (size_t i = 0; i < DISTANCES; i++)
		costs->distance[i] = cost_of(c->distances[i], distances, distance_extra(i));
}

void costs_begin(struct costs *costs)
{
	for (size_t i = 0; i < 256; i++)
		costs->literal[i] = 6 * SIXTEENTHS;
	for (size_t i = LENGTH_MIN; i <= LENGTH_MAX; i++)
		costs->length[i] = (uint16_t)((5 + length_extra[length_symbol(i)]) * SIXTEENTHS);
	for (size_t i = 0; i < DISTANCES; i++)
		costs->distance[i] = (uint16_t)((5 + distance_extra(i)) * SIXTEENTHS);
}

/* ---- code lengths as a block tells them, RFC 1951 3.2.7 ---- */

struct meta {
	size_t n;
	uint8_t symbol[LITERALS + DISTANCES], extra[LITERALS + DISTANCES];
};

static size_t last_used(const uint8_t *lengths, size_t n, size_t least)
{
	while (n > least && lengths[n - 1] == 0)
		n--;
	return n;
}

static void meta_add(struct meta *m, uint8_t symbol, size_t extra)
{
	m->symbol[m->n] = symbol;
	m->extra[m->n++] = (uint8_t)extra;
}

/* A run of one length; `repeat` and `zeros`: whether symbols for runs are used. */
static void meta_run(struct meta *m, uint8_t length, size_t run, bool repeat, bool zeros)
{
	while (length == 0 && zeros && run >= 3) {
		size_t part = run < 138 ? run : 138;
		if (part < 11)
			meta_add(m, 17, part - 3);
		else
			meta_add(m, 18, part - 11);
		run -= part;
	}
	if (run != 0 && repeat && run >= 4) {
		meta_add(m, length, 0);
		for (run--; run >= 3;) {
			size_t part = run < 6 ? run : 6;
			meta_add(m, 16, part - 3);
			run -= part;
		}
	}
	while (run-- > 0)
		meta_add(m, length, 0);
}

static void meta_make(struct meta *m, const uint8_t *lengths, size_t n, bool repeat, bool zeros)
{
	m->n = 0;
	for (size_t i = 0, run; i < n; i += run) {
		for (run = 1; i + run < n && lengths[i + run] == lengths[i]; run++)
			continue;
		meta_run(m, lengths[i], run, repeat, zeros);
	}
}

static void header_try(struct bits *b, const struct codes *c, bool repeat, bool zeros)
{
	size_t literals = last_used(c->literal.length, LITERALS, 257);
	size_t distances = last_used(c->distance.length, DISTANCES, 1);
	uint8_t lengths[LITERALS + DISTANCES];
	uint32_t counts[META] = { 0 };
	struct meta m;
	struct code code = { .length = { 0 } };
	memcpy(lengths, c->literal.length, literals);
	memcpy(lengths + literals, c->distance.length, distances);
	meta_make(&m, lengths, literals + distances, repeat, zeros);
	for (size_t i = 0; i < m.n; i++)
		counts[m.symbol[i]]++;
	lengths_make(counts, META, META_MAX, code.length);
	code_make(&code, META);
	size_t metas = META;
	while (metas > 4 && code.length[meta_order[metas - 1]] == 0)
		metas--;
	bits_put(b, (uint32_t)(literals - 257), 5);
	bits_put(b, (uint32_t)(distances - 1), 5);
	bits_put(b, (uint32_t)(metas - 4), 4);
	for (size_t i = 0; i < metas; i++)
		bits_put(b, code.length[meta_order[i]], 3);
	for (size_t i = 0; i < m.n; i++) {
		uint8_t s = m.symbol[i];
		code_put(b, code.bits[s], code.length[s]);
		bits_put(b, m.extra[i], s == 16 ? 2 : s == 17 ? 3 : s == 18 ? 7 : 0);
	}
}

/* With whichever symbols for runs make it shortest. */
static void header_write(struct bits *b, const struct codes *c)
{
	unsigned best = 0;
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < 4; i++) {
		struct bits count = { NULL, 0, 0 };
		header_try(&count, c, (i & 1) != 0, (i & 2) != 0);
		if (count.n < least) {
			least = count.n;
			best = i;
		}
	}
	header_try(b, c, (best & 1) != 0, (best & 2) != 0);
}

/* ---- blocks ---- */

static void steps_write(struct bits *b, const struct codes *c, const struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct step *s = &steps[i];
		if (s->length == 0) {
			code_put(b, c->literal.bits[s->literal], c->literal.length[s->literal]);
			continue;
		}
		size_t length = length_symbol(s->length), distance = distance_symbol(s->distance);
		size_t symbol = END_OF_BLOCK + 1 + length;
		code_put(b, c->literal.bits[symbol], c->literal.length[symbol]);
		bits_put(b, s->length - length_base[length], length_extra[length]);
		code_put(b, c->distance.bits[distance], c->distance.length[distance]);
		bits_put(b, s->distance - (uint32_t)distance_base[distance],
		    distance_extra(distance));
	}
	code_put(b, c->literal.bits[END_OF_BLOCK], c->literal.length[END_OF_BLOCK]);
}

static void block_try(struct bits *b, const struct codes *c, const struct step *steps, size_t n,
    bool last, bool fixed)
{
	bits_put(b, last, 1);
	bits_put(b, fixed ? 1 : 2, 2);
	if (!fixed)
		header_write(b, c);
	steps_write(b, c, steps, n);
}

void block_write(struct bits *b, const struct step *steps, size_t n, bool last, struct costs *costs)
{
	struct codes fixed, suited = { .literal = { .length = { 0 } } };
	struct bits a = { NULL, 0, 0 }, z = { NULL, 0, 0 };
	struct counts counts;
	steps_count(&counts, steps, n);
	codes_fixed(&fixed);
	codes_suit(&suited, &counts);
	block_try(&a, &suited, steps, n, last, false);
	block_try(&z, &fixed, steps, n, last, true);
	bool use_fixed = z.n < a.n;
	block_try(b, use_fixed ? &fixed : &suited, steps, n, last, use_fixed);
	costs_make(costs, &counts);
}
