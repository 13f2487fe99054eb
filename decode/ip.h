/*
 * ip.h - IPv4 (RFC 791) and IPv6 (RFC 8200) headers. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_IP_H
#define DAVSCOPE_DECODE_IP_H

#include "decode/decode.h"

enum {
	PROTOCOL_IP4 = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IP6 = 41,
	PROTOCOL_GRE = 47,
	LARGEST_DATAGRAM = 65535,
};

/* An IP packet whose headers are taken off, or a datagram put together from fragments. */
struct datagram {
	struct stamp at;
	uint16_t recording;
	uint32_t vlan;
	uint64_t tunnel; /* as in struct segment */
	struct endpoint src, dst; /* ports are 0 */
	uint8_t protocol; /* of what the cursor stands at */
	uint8_t hops; /* it may still make: TTL, hop limit */
	uint64_t place; /* hash of the headers around it that do not change from packet to packet */
	struct cursor c; /* captured payload, cut where IP says it ends */
	uint32_t missing; /* payload bytes on the wire behind the captured ones */
	bool unsummed; /* the pseudo-header of what it carries is not known: no length, or a route with other ends */
	bool fragment, more; /* fragment: the next three say which */
	uint32_t id, offset;
	const struct stamp *pieces; /* the other packets of a datagram put together */
	size_t n_pieces;
};

/*
 * Reads the IP header at d->c, whose packet has `beyond` more bytes on the wire than captured, and
 * the extension headers behind it up to the first fragment or upper layer. family 0 = either.
 * ANOMALY_CODES = no fault.
 */
enum anomaly_code ip_read(struct datagram *d, uint8_t family, uint32_t beyond, size_t layers);
/* False: behind these headers is neither TCP nor, but for UDP, a tunnel. IPv4 says so in every fragment. */
bool ip_may_hold_tcp(const struct datagram *d);
/* The rest of the extension headers of a datagram put together. */
enum anomaly_code ip_read_rest(struct datagram *d, size_t layers);

#endif
