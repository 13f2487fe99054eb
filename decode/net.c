/*
 * net.c - one packet through link layer, IP, defragmentation, tunnels and TCP header, and what was
 * not TCP counted.
 */
#include "decode/net.h"

#include "capture/capture.h"
#include "decode/checksum.h"
#include "decode/defrag.h"
#include "decode/ip.h"
#include "decode/link.h"
#include "decode/sighting.h"

#include <stdlib.h>
#include <string.h>

enum { TCP_HEADER = 20, LINKTYPES = 65536 };

struct net {
	struct net_sink sink;
	size_t layers;
	enum checksums checksums;
	struct decode_counts counts;
	struct defrag *defrag;
	struct sightings *sightings;
	struct stamp now; /* the last packet */
	uint8_t told[LINKTYPES / 8]; /* a bit for each link type that was complained of */
};

struct net *net_new(const struct limits *l, enum checksums checksums, struct hash_key key,
    struct net_sink sink, struct error *e)
{
	struct net *n = calloc(1, sizeof(*n));
	if (n != NULL) {
		n->defrag = defrag_new(l, key, sink);
		n->sightings = sightings_new(l, key);
	}
	if (n == NULL || n->defrag == NULL || n->sightings == NULL) {
		net_free(n);
		error_set(e, "out of memory for the tables of fragments and copies");
		return NULL;
	}
	n->sink = sink;
	n->layers = l->layers;
	n->checksums = checksums;
	return n;
}

/* Always false, as is whoever calls it. */
static bool net_fault(struct net *n, enum anomaly_code code, uint64_t value)
{
	struct anomaly a = { .code = code, .at = n->now, .value = value };
	n->counts.bad++;
	n->sink.anomaly(n->sink.ctx, &a);
	return false;
}

static bool net_damaged(struct net *n, enum anomaly_code code)
{
	n->counts.damaged++;
	return net_fault(n, code, 0);
}

/* Said once for each link type: every packet of such a capture has it. */
static bool net_unknown_link(struct net *n, int linktype)
{
	size_t i = (unsigned)linktype % LINKTYPES;
	uint8_t bit = (uint8_t)(1u << i % 8);
	if ((n->told[i / 8] & bit) != 0) {
		n->counts.bad++;
		return false;
	}
	n->told[i / 8] |= bit;
	return net_fault(n, LINK_UNKNOWN, (unsigned)linktype);
}

static bool net_read_link(struct net *n, const struct packet *packet, struct link *l)
{
	enum link_next next = LINK_OTHER;
	enum anomaly_code fault = link_read(packet->linktype, n->layers, l, &next);
	if (fault == LINK_UNKNOWN)
		return net_unknown_link(n, packet->linktype);
	if (fault != ANOMALY_CODES)
		return net_fault(n, fault, 0);
	if (next != LINK_IP)
		n->counts.not_ip++;
	return next == LINK_IP;
}

/* UDP whose header is here, to a port where tunnels are. */
static bool is_tunnel(const struct datagram *d)
{
	struct cursor c = d->c;
	cursor_skip(&c, 2);
	return d->protocol == PROTOCOL_UDP && link_is_tunnel_port(cursor_be16(&c));
}

/* A fragment of UDP in which a tunnel may be: it has the port, or another one of its datagram had. */
static bool net_is_tunnel_piece(const struct net *n, const struct datagram *d)
{
	if (d->offset == 0)
		return is_tunnel(d);
	return d->protocol == PROTOCOL_UDP && defrag_has(n->defrag, d);
}

/* With -k on: what a datagram carries is as it was sent, as far as its checksum tells. */
static bool net_is_sound(struct net *n, const struct datagram *d)
{
	bool looks = n->checksums == CHECKSUMS_ON && (d->protocol == PROTOCOL_TCP || is_tunnel(d));
	if (!looks || !checksum_is_wrong(d))
		return true;
	return net_damaged(n, d->protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
}

/* True when a datagram is whole: it was, or this fragment completed it. */
static bool net_read_fragment(struct net *n, struct datagram *d)
{
	enum anomaly_code fault = defrag_fault(d);
	if (fault != ANOMALY_CODES)
		return net_fault(n, fault, d->missing);
	if (!defrag_packet(n->defrag, d))
		return false;
	fault = ip_read_rest(d, n->layers);
	return fault == ANOMALY_CODES ? net_is_sound(n, d) : net_fault(n, fault, 0);
}

/* Of what carries other packets those are looked at. */
static bool net_is_copy(struct net *n, struct datagram *d)
{
	if (!d->fragment && d->protocol != PROTOCOL_TCP)
		return false;
	bool copy = sighting_is_copy(n->sightings, d);
	n->counts.copies += copy;
	return copy;
}

static bool net_read_ip(struct net *n, const struct link *l, struct datagram *d)
{
	enum anomaly_code fault = ip_read(d, l->family, l->beyond, n->layers);
	if (fault != ANOMALY_CODES)
		return net_fault(n, fault, 0);
	if (n->checksums == CHECKSUMS_ON && checksum_ip_is_wrong(l->c))
		return net_damaged(n, IP_CHECKSUM);
	n->counts.fragments += d->fragment;
	if (!d->fragment && !net_is_sound(n, d))
		return false;
	if (d->fragment && !ip_may_hold_tcp(d) && !net_is_tunnel_piece(n, d)) {
		n->counts.not_tcp++;
		return false;
	}
	if (net_is_copy(n, d))
		return false;
	return !d->fragment || net_read_fragment(n, d);
}

/* Into the tunnel behind the IP header, up to the next one. False: it is none, or has no IP in it. */
static bool net_enter(struct net *n, const struct datagram *d, struct link *l)
{
	l->c = d->c;
	l->beyond = d->missing;
	enum link_next next = link_by_ip_protocol(l, d->protocol);
	if (next == LINK_OTHER) {
		n->counts.not_tcp++;
		return false;
	}
	enum anomaly_code fault = link_walk(l, n->layers, &next);
	if (fault != ANOMALY_CODES)
		return net_fault(n, fault, 0);
	n->counts.not_ip += next != LINK_IP;
	return next == LINK_IP;
}

/* RFC 9293 3.1. The header may be cut within its options: all that is used stands before them. */
static bool net_read_tcp(struct net *n, const struct datagram *d, struct segment *out)
{
	struct cursor c = d->c;
	size_t wire = cursor_left(&c) + d->missing;
	*out = (struct segment){
		.at = d->at,
		.recording = d->recording,
		.vlan = d->vlan,
		.tunnel = d->tunnel,
		.src = d->src,
		.dst = d->dst,
		.pieces = d->pieces,
		.n_pieces = d->n_pieces,
	};
	out->src.port = cursor_be16(&c);
	out->dst.port = cursor_be16(&c);
	out->seq = cursor_be32(&c);
	uint32_t ack = cursor_be32(&c);
	size_t header = (cursor_u8(&c) >> 4) * 4u;
	out->flags = cursor_u8(&c) & 0x3f;
	out->ack = (out->flags & TCP_ACK) != 0 ? ack : 0;
	cursor_skip(&c, 6);
	if (c.bad)
		return net_fault(n, TCP_TRUNCATED, 0);
	if (header < TCP_HEADER || header > wire)
		return net_fault(n, TCP_BAD_HEADER, 0);
	out->header = (uint8_t)header;
	if (n->checksums == CHECKSUMS_AUTO)
		checksum_begin(d, out);
	size_t options = header - TCP_HEADER, have = cursor_left(&c);
	cursor_skip(&c, options < have ? options : have);
	out->payload = cursor_rest(&c);
	out->missing = (uint32_t)(wire - header - out->payload.n);
	n->counts.tcp++;
	return true;
}

/* A datagram put together in a tunnel is known by the packets of its pieces, not by theirs. */
static struct datagram net_datagram(const struct packet *packet, const struct link *l,
    uint64_t place)
{
	return (struct datagram){
		.at = packet->at,
		.recording = packet->recording,
		.vlan = l->vlan,
		.tunnel = l->tunnel,
		.place = place,
		.c = l->c,
	};
}

static uint64_t place_add(uint64_t place, const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		place = (place ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		place ^= place >> 32;
	}
	return place;
}

/* Link addresses, tags, and of Linux' cooked packets the interface and the direction. */
static uint64_t place_of_link(const struct packet *packet, const struct link *l)
{
	uint64_t head[4] = { 0 };
	size_t n = packet->bytes.n - cursor_left(&l->c);
	if (n != 0)
		memcpy(head, packet->bytes.p, n < sizeof(head) ? n : sizeof(head));
	return place_add((unsigned)packet->linktype, head, sizeof(head) / sizeof(head[0]));
}

/* Who carries it; what else the outer headers have is new in each packet. */
static uint64_t place_of_tunnel(const struct datagram *outer)
{
	uint64_t ends[5];
	_Static_assert(sizeof(ends) == 2 * sizeof(outer->src), "both ends, no padding");
	memcpy(ends, &outer->src, sizeof(outer->src));
	memcpy((uint8_t *)ends + sizeof(outer->src), &outer->dst, sizeof(outer->dst));
	return place_add(outer->place, ends, sizeof(ends) / sizeof(ends[0]));
}

bool net_packet(struct net *n, const struct packet *packet, struct segment *out)
{
	size_t have = packet->bytes.n;
	struct link l = {
		.c = cursor_from(packet->bytes),
		.beyond = packet->wire_len > have ? packet->wire_len - (uint32_t)have : 0,
	};
	n->now = packet->at;
	if (!net_read_link(n, packet, &l))
		return false;
	struct datagram d = net_datagram(packet, &l, place_of_link(packet, &l));
	if (!net_read_ip(n, &l, &d))
		return false;
	/* Each turn takes a header, of which there are at most `layers`. */
	while (d.protocol != PROTOCOL_TCP) {
		struct datagram outer = d;
		if (!net_enter(n, &outer, &l))
			return false;
		d = net_datagram(packet, &l, place_of_tunnel(&outer));
		d.pieces = outer.pieces;
		d.n_pieces = outer.n_pieces;
		if (!net_read_ip(n, &l, &d))
			return false;
	}
	return net_read_tcp(n, &d, out);
}

size_t packet_link_bytes(int linktype, struct slice packet, size_t layers, bool *is_ip)
{
	struct link l = { .c = cursor_from(packet) };
	enum link_next next = LINK_OTHER;
	enum anomaly_code fault = link_read(linktype, layers, &l, &next);
	*is_ip = fault == ANOMALY_CODES && next == LINK_IP && l.inner == NULL;
	if (fault == LINK_UNKNOWN)
		return 0;
	return l.inner != NULL ? (size_t)(l.inner - packet.p) : packet.n - cursor_left(&l.c);
}

void net_tick(struct net *n, int64_t clock_ns)
{
	defrag_tick(n->defrag, clock_ns, &n->now);
}

void net_count(const struct net *n, struct decode_counts *counts)
{
	counts->tcp = n->counts.tcp;
	counts->not_ip = n->counts.not_ip;
	counts->not_tcp = n->counts.not_tcp;
	counts->bad = n->counts.bad;
	counts->fragments = n->counts.fragments;
	counts->copies = n->counts.copies;
	counts->damaged = n->counts.damaged;
}

void net_free(struct net *n)
{
	if (n == NULL)
		return;
	defrag_free(n->defrag);
	sightings_free(n->sightings);
	free(n);
}
