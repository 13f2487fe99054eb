/*
 * net.h - from packets to TCP segments: link layers, IP, defragmentation. Private to decode/.
 *
 * Runs on one thread, ahead of the shards: before ports are known nobody can shard.
 */
#ifndef DAVSCOPE_DECODE_NET_H
#define DAVSCOPE_DECODE_NET_H

#include "decode/decode.h"

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

struct segment {
	struct stamp at;
	uint16_t recording;
	uint32_t vlan;             /* both 802.1Q ids (outer << 12 | inner), 0 = untagged */
	uint64_t tunnel;           /* kind << 32 | id of the innermost tunnel that has an id, 0 = none */
	struct endpoint src, dst;
	uint32_t seq, ack;         /* ack is 0 without TCP_ACK */
	uint8_t flags;
	uint8_t header;            /* bytes of the TCP header on the wire */
	uint16_t sum;              /* of the pseudo-header and the TCP header with its checksum, when summed */
	bool summed;               /* `sum` and the payload tell whether the checksum is right */
	bool sum_is_left;          /* a wrong one is what senders leave to their network card */
	bool doubtful;             /* its receiver seems to have taken it with a wrong checksum; set behind net_packet() */
	uint32_t missing;          /* payload bytes on the wire behind `payload` that the capture cut off */
	struct slice payload;      /* dies with the next net_packet() */
	const struct stamp *pieces; /* the other packets of a defragmented datagram */
	size_t n_pieces;
};

struct net_sink { void (*anomaly)(void *ctx, const struct anomaly *); void *ctx; };

struct net;
struct net *net_new(const struct limits *, enum checksums, struct hash_key, struct net_sink, struct error *);
/* True: *out is a segment. False: no TCP, or a fragment that is kept for later; counted. */
bool net_packet(struct net *, const struct packet *, struct segment *out);
void net_tick(struct net *, int64_t clock_ns);     /* drops datagrams older than frag_seconds */
void net_count(const struct net *, struct decode_counts *);  /* what is counted here */
void net_free(struct net *);

#endif
