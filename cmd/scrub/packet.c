/*
 * packet.c - a packet built anew: zeros, onto which goes what is known to be harmless of its headers, other
 * addresses, and what its place in a stream holds now. The lengths and what they say of each other stay, also
 * where they are wrong; a checksum that was right is right again, one that was wrong is wrong, one that was left to
 * a network card is left.
 */
#include "cmd/scrub/scrubber.h"

#include "capture/capture.h"
#include "cmd/scrub/address.h"

#include <string.h>

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_PPP_SERIAL = 50,
	LINK_PPPOE = 51,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_SLL2 = 276,
	TCP = 6,
	UDP = 17,
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	DESTINATION = 60,
	HEADER4 = 20,
	HEADER6 = 40,
	HEADER_TCP = 20,
	CHECKSUM4 = 10, /* where in their headers */
	CHECKSUM_TCP = 16,
};

struct build {
	struct scrubber *s;
	const uint8_t *in;
	uint8_t *out;
	size_t n;
	const struct spot *place;
	uint64_t frame;
	uint8_t family;
	size_t ip, upper,
	    end; /* where IP, what is in it, and the datagram as far as captured begin and end */
	uint8_t protocol;
	bool fragment, clipped; /* clipped: not all of the datagram is here */
	size_t fragment_offset;
	bool unattributed;
};

static void copy(struct build *b, size_t from, size_t to)
{
	if (to > b->n)
		to = b->n;
	if (from < to)
		memcpy(b->out + from, b->in + from, to - from);
}

static uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Bytes from there on that nobody attributes: zeros now. */
static void drop(struct build *b, size_t from)
{
	for (size_t i = from; i < b->n && !b->unattributed; i++)
		b->unattributed = b->in[i] != 0;
}

/* ---- addresses ---- */

static void address_make(const struct words *w, uint8_t *address, size_t n)
{
	if (n == 4)
		address_scrub4(w, address);
	else if (n == 6)
		address_scrub_mac(w, address);
	else
		address_scrub6(w, address);
}

/* n tells what it is: 4 IPv4, 6 Ethernet, 16 IPv6. */
static void address_copy(struct build *b, size_t at, uint8_t n)
{
	struct address_memo *memo = &b->s->addresses[hash_fixed(b->in + at, n) % ADDRESS_MEMOS];
	if (memo->n != n || memcmp(memo->from, b->in + at, n) != 0) {
		memo->n = n;
		memcpy(memo->from, b->in + at, n);
		memcpy(memo->to, b->in + at, n);
		address_make(b->s->words, memo->to, n);
	}
	memcpy(b->out + at, memo->to, n);
}

/* ---- link layers ---- */

static void mac_copy(struct build *b, size_t at)
{
	if (at + 6 > b->n)
		return;
	address_copy(b, at, 6);
}

/* Linux cooked: an address of 8 bytes, of which the first n count. */
static void cooked_copy(struct build *b, size_t address, size_t n, size_t link)
{
	copy(b, 0, address);
	if (n == 6)
		mac_copy(b, address);
	copy(b, address + 8, link);
}

static void link_copy(struct build *b, int linktype, size_t link)
{
	switch (linktype) {
	case LINK_ETHERNET:
		mac_copy(b, 0);
		mac_copy(b, 6);
		copy(b, 12, link);
		return;
	case LINK_NULL:
	case LINK_LOOP:
	case LINK_PPP:
	case LINK_PPP_SERIAL:
	case LINK_PPPOE:
		copy(b, 0, link);
		return;
	case LINK_SLL:
		cooked_copy(b, 6, b->n >= 6 ? load16(b->in + 4) : 0, link);
		return;
	case LINK_SLL2:
		cooked_copy(b, 12, b->n >= 12 ? b->in[11] : 0, link);
		return;
	default: /* raw IP has no header, and of others nothing is known */
		return;
	}
}

/* ---- checksums, RFC 1071 ---- */

/* What TCP takes of the IP header (RFC 9293 3.1). */
static uint16_t sum_pseudo(const struct build *b, const uint8_t *p, size_t length)
{
	uint8_t tail[4] = { 0, TCP, (uint8_t)(length >> 8), (uint8_t)length };
	size_t addresses = b->ip + (b->family == 4 ? 12 : 8);
	uint16_t sum = sum_add(0, p + addresses, b->family == 4 ? 8 : 32);
	return sum_add(sum, tail, sizeof tail);
}

static uint16_t sum_tcp(const struct build *b, const uint8_t *p)
{
	size_t length = b->end - b->upper;
	return sum_add(sum_pseudo(b, p, length), p + b->upper, length);
}

/* What stands in `p`, a segment of that length, is what senders leave to their network card. */
static bool checksum_is_left(const struct build *b, const uint8_t *p, size_t length)
{
	uint16_t field = load16(p + b->upper + CHECKSUM_TCP);
	return field == 0 || field == sum_pseudo(b, p, length) || field == sum_pseudo(b, p, 0);
}

/* `sum` is that of the new bytes with 0 in the place of the checksum. */
static void checksum_put(uint8_t *p, uint16_t sum, bool right)
{
	uint16_t good = (uint16_t)~sum;
	uint16_t value = right ? good : good == 0;
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* Of a whole IPv4 header. False: it was wrong, and so it is again. */
static bool checksum_ip(struct build *b)
{
	size_t length = b->upper - b->ip;
	bool right = sum_add(0, b->in + b->ip, length) == 0xffff;
	uint8_t *field = b->out + b->ip + CHECKSUM4;
	field[0] = field[1] = 0;
	checksum_put(field, sum_add(0, b->out + b->ip, length), right);
	return right;
}

/* Of a segment as it came. */
static enum checksum checksum_seen(const struct build *b)
{
	size_t length = b->end - b->upper;
	if (b->clipped || length < HEADER_TCP || length > 0xffff)
		return CHECKSUM_UNKNOWN;
	if (sum_tcp(b, b->in) == 0xffff)
		return CHECKSUM_RIGHT;
	return checksum_is_left(b, b->in, length) ? CHECKSUM_LEFT : CHECKSUM_WRONG;
}

/* `sum` as for checksum_put, of a segment of that length. */
static void checksum_tcp(struct build *b, uint16_t sum, size_t length, enum checksum seen)
{
	uint8_t *field = b->out + b->upper + CHECKSUM_TCP;
	checksum_put(field, sum, seen == CHECKSUM_RIGHT);
	if (seen != CHECKSUM_WRONG)
		return;
	/* Wrong, and not as if it were left: each turn another one, of which few are. */
	while (checksum_is_left(b, b->out, length) || sum_add(sum, field, 2) == 0xffff)
		field[1]++;
}

/* ---- TCP ---- */

/* Options that hold neither addresses nor cookies: sizes, scales, SACK, time stamps, each of a length it may have. */
static bool option_is_harmless(uint8_t kind, size_t length)
{
	static const uint8_t lengths[] = { [2] = 4, [3] = 3, [4] = 2, [8] = 10 };
	if (kind == 5) /* SACK: pairs of numbers */
		return length > 2 && length <= 34 && length % 8 == 2;
	return kind < sizeof lengths && length == lengths[kind];
}

static void options_copy(struct build *b, size_t at, size_t end)
{
	while (at < end) {
		uint8_t kind = b->in[at];
		size_t length = kind > 1 && at + 1 < end ? b->in[at + 1] : 1;
		if (length > end - at || (kind > 1 && length < 2))
			return;
		copy(b, at, at + (option_is_harmless(kind, length) ? length : kind > 1 ? 2 : 1));
		if (kind == 0)
			return;
		at += length;
	}
}

/* Bytes that contradict those that came first go on doing so. */
static void conflicts_make(struct build *b, size_t payload, size_t n)
{
	const struct remarks *m = &b->s->marks;
	for (size_t i = m->next; i < m->n && m->items[i].frame == b->frame; i++) {
		const struct remark *mark = &m->items[i];
		uint64_t from = mark->offset - b->place->offset;
		for (uint64_t k = from; k < from + mark->n && k < n; k++)
			b->out[payload + k] = b->out[payload + k] == 'X' ? 'Y' : 'X';
	}
}

static void tcp_copy(struct build *b)
{
	size_t at = b->upper, have = b->end - at;
	copy(b, at, at + (have < CHECKSUM_TCP ? have : CHECKSUM_TCP));
	if (have < HEADER_TCP)
		return;
	copy(b, at + CHECKSUM_TCP + 2, at + HEADER_TCP);
	size_t header = (size_t)(b->in[at + 12] >> 4) * 4;
	size_t payload = header < have ? at + header : b->end;
	enum checksum seen = checksum_seen(b);
	/* Damaged, it may take its payload for options. */
	if (header > HEADER_TCP && (b->place != NULL || seen != CHECKSUM_WRONG))
		options_copy(b, at + HEADER_TCP, payload);
	size_t n = b->end - payload;
	if (b->place != NULL && header >= HEADER_TCP && b->place->n == n) {
		spool_read(b->s->spool, b->place->stream, b->place->offset, b->out + payload, n);
		conflicts_make(b, payload, n);
	} else {
		drop(b, payload);
	}
	if (seen != CHECKSUM_UNKNOWN)
		checksum_tcp(b, sum_tcp(b, b->out), b->end - at, seen);
}

/* ---- fragments ---- */

static const struct remark *fragment_mark(const struct build *b)
{
	const struct remarks *m = &b->s->marks;
	for (size_t i = m->next; i < m->n && m->items[i].frame == b->frame; i++)
		if (m->items[i].n == 0)
			return &m->items[i];
	return NULL;
}

/* With what is in other fragments; of the TCP options none is there. */
static uint16_t sum_datagram(const struct build *b, const struct remark *mark)
{
	uint8_t part[512];
	uint16_t sum = sum_pseudo(b, b->out, mark->header + mark->payload);
	sum = sum_add(sum, b->out + b->upper, HEADER_TCP);
	for (size_t at = 0; at < mark->payload; at += sizeof part) {
		size_t n = mark->payload - at < sizeof part ? mark->payload - at : sizeof part;
		spool_read(b->s->spool, mark->stream, mark->offset + at, part, n);
		sum = sum_add(sum, part, n);
	}
	return sum;
}

/* Fragments that cut the TCP header in parts only tell what is wrong from what is left to a network card. */
static void checksum_fragment(struct build *b, const struct remark *mark)
{
	size_t have = b->end - b->upper, from = b->fragment_offset;
	if (from == 0 && have >= HEADER_TCP && mark->sum != CHECKSUM_UNKNOWN)
		checksum_tcp(b, sum_datagram(b, mark), mark->header + mark->payload,
		    (enum checksum)mark->sum);
	else if (from <= CHECKSUM_TCP && from + have > CHECKSUM_TCP + 1)
		b->out[b->upper + CHECKSUM_TCP + 1 - from] = mark->sum == CHECKSUM_WRONG;
}

/* What of the datagram's TCP header and payload lies in this fragment. */
static void fragment_copy(struct build *b)
{
	const struct remark *mark = fragment_mark(b);
	size_t have = b->end - b->upper, from = b->fragment_offset;
	if (mark == NULL || b->protocol != TCP) {
		drop(b, b->upper);
		return;
	}
	for (size_t i = 0; i < have && from + i < HEADER_TCP; i++)
		if ((from + i) / 2 != CHECKSUM_TCP / 2)
			copy(b, b->upper + i, b->upper + i + 1);
	size_t skip = from < mark->header ? mark->header - from : 0;
	if (skip < have)
		spool_read(b->s->spool, mark->stream, mark->offset + (from + skip - mark->header),
		    b->out + b->upper + skip, have - skip);
	checksum_fragment(b, mark);
}

/* ---- IP ---- */

static bool is_extension(const struct build *b)
{
	switch (b->protocol) {
	case AUTHENTICATION:
		return true;
	case HOP_BY_HOP:
	case ROUTING:
	case FRAGMENT:
	case DESTINATION:
		return b->family == 6;
	default:
		return false;
	}
}

/* Of extension headers only what they are, how long, and the place of a fragment (RFC 8200 4). */
static void extensions_copy(struct build *b)
{
	for (uint64_t steps = 0; !b->fragment && is_extension(b); steps++) {
		size_t at = b->upper;
		uint8_t kind = b->protocol;
		copy(b, at, at + (kind == FRAGMENT ? 8 : 2));
		if (steps >= b->s->limits->layers || at + 8 > b->end) {
			b->upper = b->end;
			return;
		}
		size_t units = b->in[at + 1];
		b->protocol = b->in[at];
		b->upper += kind == FRAGMENT ? 8 :
		    kind == AUTHENTICATION   ? (units + 2) * 4 :
					       (units + 1) * 8;
		if (kind == FRAGMENT) {
			b->fragment_offset = load16(b->in + at + 2) & 0xfff8u;
			b->fragment = b->fragment_offset != 0 || (b->in[at + 3] & 1) != 0;
		}
		if (b->upper > b->end)
			b->upper = b->end;
	}
}

static void datagram_bound(struct build *b, size_t length)
{
	b->clipped = length == 0 || length > b->n - b->ip;
	b->end = b->clipped ? b->n : b->ip + length;
}

/* False: there is no whole header, or where it ends is not to be believed: headers with options are rare. */
static bool ip4_copy(struct build *b)
{
	size_t at = b->ip;
	copy(b, at, at + CHECKSUM4);
	if (b->n - at < HEADER4)
		return false;
	address_copy(b, at + 12, 4);
	address_copy(b, at + 16, 4);
	size_t header = (b->in[at] & 15u) * 4u;
	uint16_t place = load16(b->in + at + 6);
	b->protocol = b->in[at + 9];
	b->fragment_offset = (place & 0x1fffu) * 8u;
	b->fragment = (place & 0x3fff) != 0;
	datagram_bound(b, load16(b->in + at + 2));
	b->upper = at + header;
	if (header < HEADER4 || b->upper > b->n)
		return false;
	return (checksum_ip(b) || header == HEADER4) && b->upper <= b->end;
}

static bool ip6_copy(struct build *b)
{
	size_t at = b->ip, length = b->n - at < 6 ? 0 : load16(b->in + at + 4);
	copy(b, at, at + 8);
	if (b->n - at < HEADER6)
		return false;
	address_copy(b, at + 8, 16);
	address_copy(b, at + 24, 16);
	b->protocol = b->in[at + 6];
	datagram_bound(b, length == 0 ? 0 : length + HEADER6);
	b->upper = at + HEADER6;
	return true;
}

static void upper_copy(struct build *b)
{
	extensions_copy(b);
	if (b->fragment) {
		fragment_copy(b);
	} else if (b->protocol == TCP) {
		tcp_copy(b);
	} else if (b->protocol == UDP) { /* ports and length */
		copy(b, b->upper, b->upper + 6 < b->end ? b->upper + 6 : b->end);
		drop(b, b->upper + 8);
	} else {
		drop(b, b->upper);
	}
}

static void ip_copy(struct build *b)
{
	if (b->ip >= b->n)
		return;
	b->family = b->in[b->ip] >> 4;
	copy(b, b->ip, b->ip + 1);
	bool whole = (b->family == 4 && ip4_copy(b)) || (b->family == 6 && ip6_copy(b));
	if (whole)
		upper_copy(b);
	else
		drop(b, b->ip);
}

bool packet_build(struct scrubber *s, const struct packet *in, const struct spot *place)
{
	bool is_ip;
	size_t link = packet_link_bytes(in->linktype, in->bytes, s->limits->layers, &is_ip);
	struct build b = { .s = s,
		.in = in->bytes.p,
		.out = s->out,
		.n = in->bytes.n,
		.place = place,
		.frame = in->at.frame,
		.ip = link };
	memset(s->out, 0, in->bytes.n);
	link_copy(&b, in->linktype, link);
	if (is_ip)
		ip_copy(&b);
	else
		drop(&b, link);
	return b.unattributed;
}
