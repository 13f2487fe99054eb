/*
 * ip.c - IPv4 and IPv6 headers. Where a packet ends is what its IP header says, not the link layer,
 * which pads; what IP says and the capture cut off is counted as missing.
 */
#include "decode/ip.h"

#include <string.h>

enum {
	HEADER4 = 20,
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	DESTINATION = 60,
	LARGEST_OFFLOADED = 8 * 65535, /* as much as Linux hands to a network card at once */
};

static struct endpoint address_take(struct cursor *c, uint8_t family)
{
	struct endpoint e = { .family = family };
	struct slice bytes = cursor_take(c, family == 4 ? 4 : 16);
	if (bytes.n != 0)
		memcpy(e.address, bytes.p, bytes.n);
	return e;
}

/* Payload of `length` bytes on the wire, of which some may not be captured. */
static void payload_bound(struct datagram *d, size_t length)
{
	size_t have = cursor_left(&d->c);
	if (have > length)
		d->c.end = d->c.p + length;
	d->missing = have < length ? (uint32_t)(length - have) : 0;
}

/*
 * A length of 0 is what a packet has that was captured before the network card cut it into pieces
 * (TSO), or a jumbogram (RFC 2675): it ends with the record, in which missing bytes are bounded.
 */
static void payload_to_end(struct datagram *d, uint32_t beyond)
{
	size_t have = cursor_left(&d->c);
	d->unsummed = true;
	size_t room = have < LARGEST_OFFLOADED ? LARGEST_OFFLOADED - have : 0;
	payload_bound(d, have + (beyond < room ? beyond : room));
}

static enum anomaly_code ip4_read(struct datagram *d, uint32_t beyond)
{
	size_t header = (cursor_u8(&d->c) & 15u) * 4;
	cursor_skip(&d->c, 1);
	size_t total = cursor_be16(&d->c);
	d->id = cursor_be16(&d->c);
	uint16_t place = cursor_be16(&d->c);
	d->hops = cursor_u8(&d->c);
	d->protocol = cursor_u8(&d->c);
	cursor_skip(&d->c, 2);
	d->src = address_take(&d->c, 4);
	d->dst = address_take(&d->c, 4);
	if (!d->c.bad && (header < HEADER4 || (total != 0 && total < header)))
		return IP_BAD_HEADER;
	d->unsummed = header > HEADER4; /* source routes: it may be on its way to somebody else */
	cursor_skip(&d->c, header - HEADER4);
	if (d->c.bad)
		return IP_TRUNCATED;
	if (total == 0)
		payload_to_end(d, beyond);
	else
		payload_bound(d, total - header);
	d->offset = (place & 0x1fffu) * 8;
	d->more = (place & 0x2000) != 0;
	d->fragment = d->more || d->offset != 0;
	return ANOMALY_CODES;
}

static enum anomaly_code ip6_read(struct datagram *d, uint32_t beyond)
{
	cursor_skip(&d->c, 4);
	size_t length = cursor_be16(&d->c);
	d->protocol = cursor_u8(&d->c);
	d->hops = cursor_u8(&d->c);
	d->src = address_take(&d->c, 6);
	d->dst = address_take(&d->c, 6);
	if (d->c.bad)
		return IP_TRUNCATED;
	if (length == 0)
		payload_to_end(d, beyond);
	else
		payload_bound(d, length);
	return ANOMALY_CODES;
}

static bool is_extension(const struct datagram *d)
{
	switch (d->protocol) {
	case AUTHENTICATION:
		return true;
	case HOP_BY_HOP:
	case ROUTING:
	case FRAGMENT:
	case DESTINATION:
		return d->src.family == 6;
	default:
		return false;
	}
}

/* RFC 8200 4.5. Offset 0 and nothing more: a whole packet all the same (RFC 6946). */
static void fragment_take(struct datagram *d)
{
	d->protocol = cursor_u8(&d->c);
	cursor_skip(&d->c, 1);
	uint16_t place = cursor_be16(&d->c);
	d->id = cursor_be32(&d->c);
	d->offset = place & 0xfff8u;
	d->more = (place & 1) != 0;
	d->fragment = d->more || d->offset != 0;
}

static void extension_take(struct datagram *d)
{
	bool units_of_4 = d->protocol == AUTHENTICATION; /* RFC 4302 2.2 */
	/* RFC 8200 8.1, RFC 6275 11.3.2: addresses of the pseudo-header may stand in here. */
	d->unsummed = d->unsummed || d->protocol == ROUTING || d->protocol == DESTINATION;
	d->protocol = cursor_u8(&d->c);
	size_t length = cursor_u8(&d->c);
	cursor_skip(&d->c, units_of_4 ? (length + 2) * 4 - 2 : (length + 1) * 8 - 2);
}

static enum anomaly_code extensions_read(struct datagram *d, size_t layers)
{
	for (size_t steps = 0; !d->fragment && is_extension(d); steps++) {
		if (steps >= layers)
			return LINK_TOO_DEEP;
		if (d->protocol == FRAGMENT)
			fragment_take(d);
		else
			extension_take(d);
		if (d->c.bad)
			return IP_TRUNCATED;
	}
	return ANOMALY_CODES;
}

enum anomaly_code ip_read(struct datagram *d, uint8_t family, uint32_t beyond, size_t layers)
{
	if (cursor_left(&d->c) == 0)
		return IP_TRUNCATED;
	uint8_t version = d->c.p[0] >> 4;
	if ((version != 4 && version != 6) || (family != 0 && family != version))
		return IP_BAD_HEADER;
	enum anomaly_code fault = version == 4 ? ip4_read(d, beyond) : ip6_read(d, beyond);
	return fault != ANOMALY_CODES ? fault : extensions_read(d, layers);
}

bool ip_may_hold_tcp(const struct datagram *d)
{
	switch (d->protocol) {
	case PROTOCOL_TCP:
	case PROTOCOL_IP4:
	case PROTOCOL_IP6:
	case PROTOCOL_GRE:
		return true;
	default:
		return is_extension(d) || (d->fragment && d->src.family == 6);
	}
}

enum anomaly_code ip_read_rest(struct datagram *d, size_t layers)
{
	enum anomaly_code fault = extensions_read(d, layers);
	/* A fragment of a fragment is nothing that anybody sends. */
	return fault == ANOMALY_CODES && d->fragment ? IP_BAD_HEADER : fault;
}
