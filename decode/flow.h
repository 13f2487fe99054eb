/*
 * flow.h - the flow table of a shard. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_FLOW_H
#define DAVSCOPE_DECODE_FLOW_H

#include "decode/stream.h"

struct http;
struct history;
struct suspect;

/* How far a is ahead of b; sequence numbers wrap (RFC 9293 3.4). */
static inline int32_t seq_ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* An out-of-order segment that waits for the bytes before it. */
struct waiting {
	struct waiting *next;
	struct stamp at;
	uint32_t seq;
	uint32_t len;              /* captured */
	uint32_t missing;          /* behind them, cut off by the snap length */
	uint32_t ack;
	bool has_ack, conflict;
	uint8_t bytes[];
};

/* One direction of a flow. */
struct half {
	uint32_t next;             /* sequence number of the next byte to deliver */
	uint32_t isn;
	uint32_t fin_seq;          /* of the byte behind the last one, when fin */
	uint32_t acked;            /* highest acknowledgement by the peer, when has_acked, or `next` where that is more */
	uint64_t offset;           /* stream offset of `next` */
	uint64_t received;         /* up to where the peer has said that it has the stream */
	bool started;              /* `next` is known */
	bool syn, fin, rst, ended, has_acked;
	bool reset_last;           /* the last packet from here was a reset, and nothing is missing before it */
	unsigned far;              /* segments in a row beyond the window, in order among themselves ... */
	uint32_t far_next;         /* ... and where the next one would be */
	bool acked_hole;           /* the peer has acknowledged bytes before hole_end that we do not have ... */
	uint32_t hole_end;
	uint64_t hole_packets;     /* ... noticed when the flow had so many packets */
	int64_t hole_clock;
	uint32_t hole_acked;       /* acknowledged by now, ... */
	struct stamp hole_at;      /* ... and by which packet: all of it was on the wire then */
	struct waiting *waiting;   /* by sequence number, no overlaps */
	size_t n_waiting, waiting_bytes;
	bool sums_right;           /* a segment had a right checksum, or one left to a network card */
	bool sums_vain;            /* its receiver takes them with wrong checksums */
	unsigned sums_taken;       /* with a wrong checksum, since one was sent again for it */
	struct suspect *suspects;      /* segments held back for their checksum, in order of arrival */
	unsigned n_suspects;
	struct history *history;   /* delivered bytes, to compare retransmissions with; may be NULL */
	uint64_t packets, bytes, gap_bytes;
};

/* Where a sequence number lies in the stream; what is before the first byte we know of lies beyond all others. */
static inline uint64_t half_offset(const struct half *h, uint32_t seq)
{
	return h->offset + (uint64_t)(int64_t)seq_ahead(seq, h->next);
}

/* Of its first byte of payload. */
static inline uint64_t segment_offset(const struct half *h, const struct segment *s)
{
	return half_offset(h, s->seq + ((s->flags & TCP_SYN) != 0));
}

enum flow_list { LIST_HALF_OPEN, LIST_ACTIVE, LIST_CLOSED, FLOW_LISTS };

struct flow_key {
	struct endpoint low, high; /* ordered by bytes, so that both directions agree */
	uint32_t vlan;
	uint16_t recording;
	uint16_t zero;             /* the key is hashed in whole words */
	uint64_t tunnel;
};
_Static_assert(sizeof(struct flow_key) == 56, "no padding: a flow key is hashed and compared as bytes");

struct tcp_flow {
	struct shard *shard;
	struct tcp_flow *hash_next, *older, *newer;
	struct tcp_flow *held_before, *held_after;
	unsigned held;             /* enum held */
	struct moment since;
	int64_t reset_clock;       /* HELD_RESET: when it was reset */
	struct flow_key key;
	enum flow_list list;
	bool high_first;           /* direction 0 is sent by key.high */
	struct half half[2];       /* 0 = who sent the packet that opened the flow */
	struct stamp first, last;
	int64_t active;            /* clock of the last packet */
	uint64_t retransmitted, out_of_order, conflicts, packets;
	enum flow_end end;
	bool rst_seen, data_after_rst_said;
	bool syn_again;            /* a SYN within the window: a new connection if it is answered */
	struct stamp syn_again_at;
	uint32_t syn_again_seq;
	struct http *http;         /* what reads the streams; NULL until a byte came */
	void *tapped[2];           /* of decode_options.tap, by direction */
	struct packet_ref *packet_list; /* keep_packets */
	size_t n_packet_list, packet_list_room;
};

struct flow_table *flow_table_new(const struct limits *, struct hash_key);
void flow_table_free(struct flow_table *);       /* without a word: flows must be closed first */
struct tcp_flow *flow_find(struct flow_table *, const struct flow_key *);
struct tcp_flow *flow_add(struct flow_table *, const struct flow_key *); /* NULL: no memory; never grows past its limit, ask flow_victim first */
void flow_touch(struct flow_table *, struct tcp_flow *, enum flow_list); /* makes it the newest of that list */
void flow_remove(struct flow_table *, struct tcp_flow *);               /* takes it out and recycles it */
bool flow_table_full(const struct flow_table *);
struct tcp_flow *flow_oldest(const struct flow_table *, enum flow_list); /* NULL: the list is empty */
struct tcp_flow *flow_newest(const struct flow_table *, enum flow_list);

void flow_key_from(const struct segment *, struct flow_key *, bool *from_high);
unsigned flow_shard(const struct flow_key *);

#endif
