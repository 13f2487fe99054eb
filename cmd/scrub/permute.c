/*
 * permute.c - a Feistel network over digits of any radices (as FF3 of NIST SP 800-38G, with SipHash in the
 * place of AES): one half is added to, by what the other half and the key say, and they take turns.
 */
#include "cmd/scrub/permute.h"

#include <string.h>

enum { ROUNDS = 10 };

/* Pseudo-random numbers that depend on a round and on one half: two a hash. */
struct stream {
	struct hash_key key;
	uint64_t seed, at, left;
};

static uint32_t stream_next(struct stream *s, uint32_t below)
{
	uint64_t block[2] = { s->seed, s->at };
	bool fresh = s->at++ % 2 == 0;
	s->left = fresh ? hash_keyed(s->key, block, sizeof block) : s->left >> 32;
	return (uint32_t)s->left % below;
}

static uint64_t shape_hash(struct hash_key key, uint8_t tweak, const struct symbols *s)
{
	uint32_t shape[SYMBOLS_MAX + 2] = { tweak, (uint32_t)s->n };
	memcpy(shape + 2, s->radix, s->n * sizeof s->radix[0]);
	return hash_keyed(key, shape, (s->n + 2) * sizeof shape[0]);
}

static void half_add(struct stream *stream, struct symbols *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		s->value[i] = (s->value[i] + stream_next(stream, s->radix[i])) % s->radix[i];
}

static void round_run(struct hash_key key, uint64_t shape, uint64_t round, struct symbols *s)
{
	size_t middle = s->n / 2;
	bool first = round % 2 == 0;
	size_t from = first ? middle : 0, to = first ? s->n : middle; /* the half that is read */
	uint32_t half[SYMBOLS_MAX + 6] = { 0 };
	memcpy(half, &shape, sizeof shape);
	memcpy(half + 2, &round, sizeof round);
	memcpy(half + 4, s->value + from, (to - from) * sizeof half[0]);
	struct stream stream = { key, hash_keyed(key, half, (to - from + 4) * sizeof half[0]), 0,
		0 };
	half_add(&stream, s, first ? 0 : middle, first ? middle : s->n);
}

void symbols_permute(struct hash_key key, uint8_t tweak, struct symbols *s)
{
	uint64_t shape = shape_hash(key, tweak, s);
	if (s->n == 1) /* there are no halves: a rotation, and no symbol stays */
		s->value[0] = (uint32_t)((s->value[0] + 1 + shape % (s->radix[0] - 1)) %
		    s->radix[0]);
	for (uint64_t round = 0; round < ROUNDS && s->n > 1; round++)
		round_run(key, shape, round, s);
}
