/*
 * Damage: bytes anywhere, bytes within the records of a classic pcap only, so that the rest is still found, numbers
 * that lie, parts that are lost, doubled, exchanged, cut off.
 */
#include "tests/tool/mutate.h"

enum { HEADER = 24, RECORD = 16, LARGEST_PART = 4096 };

/* splitmix64 */
static uint64_t below(struct mutation *m, uint64_t n)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return n > 0 ? (z ^ z >> 31) % n : 0;
}

static void spoil_byte(struct mutation *m, uint8_t *p)
{
	if (below(m, 2) == 0)
		*p ^= (uint8_t)(1u << below(m, 8));
	else
		*p = (uint8_t)below(m, 256);
}

/* Two in a hundred. */
static void spoil_all(struct mutation *m, uint8_t *p, size_t n)
{
	for (size_t i = below(m, 99); i < n; i += 1 + below(m, 99))
		spoil_byte(m, p + i);
}

static void spoil_few(struct mutation *m, uint8_t *p, size_t n)
{
	for (uint64_t left = 1 + below(m, 16); left > 0 && n > 0; left--)
		spoil_byte(m, p + below(m, n));
}

static void spoil_numbers(struct mutation *m, uint8_t *p, size_t n)
{
	static const uint32_t words[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, 0x10000,
		24, 0x0a0d0d0a, 262145 };
	for (uint64_t left = 1 + below(m, 4); left > 0 && n >= 4; left--) {
		uint32_t word = words[below(m, sizeof(words) / sizeof(words[0]))];
		bool big = below(m, 2) == 0;
		uint8_t *at = p + below(m, n - 3);
		for (unsigned i = 0; i < 4; i++)
			at[i] = word >> 8 * (big ? 3 - i : i) & 0xff;
	}
}

static uint32_t length_at(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3] :
		     (uint32_t)p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0];
}

/* Bytes of packets; false: it is no classic pcap. */
static bool spoil_packets(struct mutation *m, struct bytes *b, bool all)
{
	bool big = b->n >= HEADER && b->p[0] == 0xa1;
	if (b->n < HEADER || (!big && b->p[3] != 0xa1))
		return false;
	for (size_t at = HEADER; b->n - at > RECORD;) {
		size_t n = length_at(b->p + at + 8, big), left = b->n - at - RECORD;
		n = n < left ? n : left;
		if (all)
			spoil_all(m, b->p + at + RECORD, n);
		else if (below(m, 10) == 0)
			spoil_few(m, b->p + at + RECORD, n);
		at += RECORD + n;
	}
	return true;
}

/* A part of it goes, or comes twice, or a part of the other one comes in. */
static void rearrange(struct mutation *m, struct slice in, struct slice other, struct bytes *out)
{
	size_t from = below(m, in.n + 1), n = below(m, LARGEST_PART);
	struct slice part = slice_part(in, from, n);
	uint64_t kind = below(m, 4);
	bytes_slice(out, slice_part(in, 0, from));
	if (kind == 0)
		bytes_slice(out, slice_part(other, below(m, other.n + 1), n));
	if (kind == 1) {
		bytes_slice(out, part);
		bytes_slice(out, part);
	}
	bytes_slice(out, slice_part(in, from + part.n, in.n));
}

void mutate(struct mutation *m, struct slice in, struct slice other, struct bytes *out)
{
	out->n = 0;
	if (below(m, 4) == 0)
		rearrange(m, in, other, out);
	else
		bytes_slice(out, in);
	switch (below(m, 6)) {
	case 0:
		spoil_all(m, out->p, out->n);
		break;
	case 1:
		spoil_numbers(m, out->p, out->n);
		break;
	case 2:
		out->n = below(m, out->n + 1);
		break;
	case 3:
		spoil_few(m, out->p, out->n);
		break;
	default:
		if (!spoil_packets(m, out, below(m, 3) == 0))
			spoil_few(m, out->p, out->n);
	}
}
