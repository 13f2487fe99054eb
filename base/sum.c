/*
 * sum.c - the checksum of the internet protocols (RFC 1071), over words as wide as the machine likes: sums of 64-bit
 * words fold to the same 16 bits, in either byte order, when what is carried out is added again.
 */
#include "base/base.h"

#include <string.h>

enum { BLOCK = 32 };

struct wide {
	uint64_t sum, carries;
};

/* So written that compilers make of it two instructions. */
static inline void wide_add(struct wide *a, uint64_t word)
{
	a->sum += word;
	a->carries += a->sum < word;
}

/* In the order of the wire. */
static uint32_t wide_fold(const struct wide *a)
{
	uint64_t sum = (a->sum & UINT32_MAX) + (a->sum >> 32) + a->carries;
	for (unsigned i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	uint8_t bytes[2];
	memcpy(bytes, &(uint16_t){ (uint16_t)sum }, sizeof(bytes));
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

uint16_t sum_add(uint16_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;
	struct wide all = { 0, 0 };
	for (; n >= BLOCK; n -= BLOCK, p += BLOCK) {
		uint64_t w[4];
		memcpy(&w[0], p, 8);
		memcpy(&w[1], p + 8, 8);
		memcpy(&w[2], p + 16, 8);
		memcpy(&w[3], p + 24, 8);
		for (size_t i = 0; i < 4; i++)
			wide_add(&all, w[i]);
	}
	uint32_t word = 0;
	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		wide_add(&all, word);
	}
	uint8_t rest[sizeof(word)] = { 0 };
	for (size_t i = 0; i < n; i++)
		rest[i] = p[i];
	memcpy(&word, rest, sizeof(word));
	wide_add(&all, word);
	uint32_t both = sum + wide_fold(&all);
	return (uint16_t)((both & 0xffff) + (both >> 16));
}
