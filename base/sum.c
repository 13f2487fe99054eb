/*
 * sum.c - the checksum of the internet protocols (RFC 1071), over words as wide as the machine likes: sums of 32-bit
 * words fold to the same 16 bits, in either byte order.
 */
#include "base/base.h"

#include <string.h>

enum { LANES = 8 };

/* In the order of the wire. */
static uint32_t sum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	uint8_t bytes[2];
	memcpy(bytes, &(uint16_t){ (uint16_t)sum }, sizeof(bytes));
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* So written that compilers take all lanes at once; each has room for 2^32 words. */
static inline void lanes_add(uint64_t lanes[LANES], const uint32_t w[LANES])
{
	for (size_t i = 0; i < LANES; i++)
		lanes[i] += w[i];
}

uint16_t sum_add(uint16_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t lanes[LANES] = { 0 }, all = 0;
	uint32_t w[LANES];
	for (; n >= sizeof(w); n -= sizeof(w), p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		lanes_add(lanes, w);
	}
	if (n != 0) {
		memset(w, 0, sizeof(w));
		memcpy(w, p, n);
		lanes_add(lanes, w);
	}
	for (size_t i = 0; i < LANES; i++)
		all += lanes[i];
	uint32_t both = sum + sum_fold(all);
	return (uint16_t)((both & 0xffff) + (both >> 16));
}
