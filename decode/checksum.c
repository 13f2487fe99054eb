/*
 * checksum.c - checksums. Of TCP the headers are summed up where they are read, the payload where it is
 * read, by a worker.
 */
#include "decode/checksum.h"

#include <string.h>

enum {
	RIGHT = 0xffff,
	HEADER4 = 20,
	FIELD_TCP = 16, /* where in its header */
	FIELD_UDP = 6,
	LENGTH_UDP = 4,
	HEADER_TCP = 20,
	HEADER_UDP = 8,
	LARGEST = 65535,
};

/* `word` is below 2^16. */
static uint16_t sum_word(uint16_t sum, size_t word)
{
	uint32_t both = sum + (uint32_t)word;
	return (uint16_t)((both & 0xffff) + (both >> 16));
}

/* Without the length. What an IPv4 address does not fill is zero. */
static uint16_t sum_pseudo(const struct datagram *d)
{
	uint8_t ends[2 * sizeof(d->src.address)];
	memcpy(ends, d->src.address, sizeof(d->src.address));
	memcpy(ends + sizeof(d->src.address), d->dst.address, sizeof(d->dst.address));
	return sum_word(sum_add(0, ends, sizeof(ends)), d->protocol);
}

/* It is whole, with the header, and so is its pseudo-header. */
static bool is_known(const struct datagram *d, size_t header)
{
	size_t n = cursor_left(&d->c);
	return !d->unsummed && d->missing == 0 && n >= header && n <= LARGEST;
}

bool checksum_ip_is_wrong(struct cursor c)
{
	size_t header = (c.p[0] & 15u) * 4;
	return c.p[0] >> 4 == 4 && header >= HEADER4 && sum_add(0, c.p, header) != RIGHT;
}

static size_t be16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static bool sum_is_wrong(const struct datagram *d, struct slice all)
{
	return sum_add(sum_word(sum_pseudo(d), all.n), all.p, all.n) != RIGHT;
}

/* RFC 768, RFC 6935: a checksum of 0 is none. What stands behind its length is not summed. */
static bool udp_is_wrong(const struct datagram *d, struct slice all)
{
	size_t length = be16(all.p + LENGTH_UDP);
	if (be16(all.p + FIELD_UDP) == 0)
		return false;
	return length < HEADER_UDP || length > all.n || sum_is_wrong(d, slice_part(all, 0, length));
}

bool checksum_is_wrong(const struct datagram *d)
{
	struct slice all = cursor_rest(&d->c);
	bool udp = d->protocol == PROTOCOL_UDP;
	if (!is_known(d, udp ? HEADER_UDP : HEADER_TCP))
		return false;
	return udp ? udp_is_wrong(d, all) : sum_is_wrong(d, all);
}

void checksum_begin(const struct datagram *d, struct segment *s)
{
	struct slice all = cursor_rest(&d->c);
	s->summed = s->header <= all.n && is_known(d, HEADER_TCP);
	if (!s->summed)
		return;
	uint16_t lengthless = sum_pseudo(d), pseudo = sum_word(lengthless, all.n);
	size_t field = be16(all.p + FIELD_TCP);
	s->sum_is_left = field == 0 || field == pseudo || field == lengthless;
	s->sum = sum_add(pseudo, all.p, s->header);
}

enum checksum checksum_of(const struct segment *s)
{
	if (!s->summed)
		return CHECKSUM_UNKNOWN;
	if (sum_add(s->sum, s->payload.p, s->payload.n) == RIGHT)
		return CHECKSUM_RIGHT;
	return s->sum_is_left ? CHECKSUM_LEFT : CHECKSUM_WRONG;
}
