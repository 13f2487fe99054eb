/*
 * hash.c - SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash, so that whoever writes the
 * packets cannot choose which bucket of a table they fall into. Beside it a fast one for contents:
 * two lanes of words, each multiplied and rotated, mixed at the end as MurmurHash3 does it.
 */
#include "base/base.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 = rotate_left(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

/* Up to 8 bytes, least significant first, whatever the byte order of the machine. */
static inline uint64_t load_word(const uint8_t *p, size_t n)
{
	uint64_t word = 0;
	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

uint64_t hash_keyed(struct hash_key key, const void *data, size_t n)
{
	const uint8_t *p = data;
	struct sip s = {
		key.k0 ^ UINT64_C(0x736f6d6570736575),
		key.k1 ^ UINT64_C(0x646f72616e646f6d),
		key.k0 ^ UINT64_C(0x6c7967656e657261),
		key.k1 ^ UINT64_C(0x7465646279746573),
	};
	size_t whole = n & ~(size_t)7;
	for (size_t i = 0; i < whole; i += 8)
		sip_word(&s, load_word(p + i, 8));
	uint64_t last = (uint64_t)(n & 0xff) << 56;
	if (n != whole)
		last |= load_word(p + whole, n - whole);
	sip_word(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* hash_key_from(0) as a constant: this is called for every segment of every path. */
uint64_t hash_fixed(const void *data, size_t n)
{
	static const struct hash_key key = { UINT64_C(0x21486ac81ab8e5f0),
		UINT64_C(0x4314a050fba2d216) };
	return hash_keyed(key, data, n);
}

/* ---- contents in pieces ---- */

enum { RUN_BLOCK = 16 };

static inline uint64_t lane_word(uint64_t lane, uint64_t word, uint64_t factor)
{
	return rotate_left((lane ^ word) * factor, 29);
}

static void run_blocks(struct hash_run *h, const uint8_t *p, size_t n)
{
	uint64_t a = h->lane[0], b = h->lane[1];
	for (; n >= RUN_BLOCK; n -= RUN_BLOCK, p += RUN_BLOCK) {
		a = lane_word(a, load_word(p, 8), UINT64_C(0x9e3779b97f4a7c15));
		b = lane_word(b, load_word(p + 8, 8), UINT64_C(0xc2b2ae3d27d4eb4f));
	}
	h->lane[0] = a;
	h->lane[1] = b;
}

void hash_add(struct hash_run *h, struct slice s)
{
	size_t held = (size_t)(h->n % RUN_BLOCK);
	h->n += s.n;
	if (held > 0) {
		size_t n = s.n < RUN_BLOCK - held ? s.n : RUN_BLOCK - held;
		if (n > 0)
			memcpy(h->rest + held, s.p, n);
		if (held + n < RUN_BLOCK)
			return;
		run_blocks(h, h->rest, RUN_BLOCK);
		s = slice_part(s, n, s.n);
	}
	size_t whole = s.n - s.n % RUN_BLOCK;
	run_blocks(h, s.p, whole);
	if (s.n > whole)
		memcpy(h->rest, s.p + whole, s.n - whole);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

uint64_t hash_sum(const struct hash_run *h)
{
	struct hash_run last = { .lane = { h->lane[0], h->lane[1] }, .n = h->n };
	size_t held = (size_t)(h->n % RUN_BLOCK);
	if (held != 0)
		memcpy(last.rest, h->rest, held);
	run_blocks(&last, last.rest, RUN_BLOCK);
	uint64_t sum = mix(mix(last.lane[0] ^ last.n) + rotate_left(last.lane[1], 32));
	return sum != 0 ? sum : 1;
}

uint64_t hash_content(struct slice s)
{
	struct hash_run run = { .n = 0 };
	hash_add(&run, s);
	return hash_sum(&run);
}

struct hash_key hash_key_from(uint64_t seed)
{
	static const uint8_t word[2] = { 0, 1 };
	struct hash_key outer = { seed, ~seed };
	return (struct hash_key){ hash_keyed(outer, &word[0], 1), hash_keyed(outer, &word[1], 1) };
}

struct hash_key hash_key_random(void)
{
	struct hash_key key;
	if (getrandom(&key, sizeof(key), 0) == (ssize_t)sizeof(key))
		return key;
	/* A kernel without getrandom: still harder to guess than a constant. */
	struct timespec now = { 0, 0 };
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t seed = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec;
	return hash_key_from(seed ^ (uint64_t)getpid() << 40);
}
