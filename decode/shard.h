/*
 * shard.h - the part of the decoder that one thread runs alone: flows, streams, messages.
 * Private to decode/.
 *
 * A flow belongs to the shard its addresses hash to. Shards share nothing, so what a shard hands
 * up depends only on its own packets and ticks, never on threads.
 */
#ifndef DAVSCOPE_DECODE_SHARD_H
#define DAVSCOPE_DECODE_SHARD_H


#include "decode/net.h"

enum { SHARDS = 64 };

enum output_kind { OUTPUT_ANOMALY, OUTPUT_DROPPED, OUTPUT_TXN, OUTPUT_FLOW };

/* Sorted by (rank, flow_order, seq) before delivery. */
struct output {
	uint64_t rank;         /* of the packet or tick that caused it */
	uint64_t flow_order;   /* of the packet that opened the flow; 0 = no flow */
	uint64_t seq;          /* of emission, within the shard */
	enum output_kind kind;
	union { struct anomaly anomaly; struct dropped dropped; struct txn *txn; struct flow *flow; } u;
};

struct output_list { struct output *items; size_t n, room; uint64_t made; }; /* made: in all */
/* NULL: no memory; the caller drops what it wanted to say. */
struct output *output_add(struct output_list *, enum output_kind, uint64_t rank, uint64_t flow_order);
static inline uint64_t rank_of_tick(uint64_t order) { return order * 2; }
static inline uint64_t rank_of_packet(uint64_t order) { return order * 2 + 1; }
size_t output_bytes(const struct output *);       /* what it keeps */
void flow_record_free(struct flow *);              /* NULL is fine */
void output_clear(struct output_list *);          /* frees what was not delivered */

/* A place in the total order. */
struct moment {
	struct stamp now;          /* the packet being processed */
	uint64_t rank;             /* a tick comes before the packet that caused it */
	bool back;                 /* before the packet being processed: what was put off is being said */
};

/*
 * What is decided later than it happened (whether a hole is a loss, a reset holds, an answer arrived) is said as of the moment
 * it happened, if that is not more than held_packets ago. Until then the results of all flows wait from that moment on,
 * unless they become a quarter of `undelivered`.
 */
enum held { HELD_HOLE_0 = 1, HELD_HOLE_1 = 2, HELD_RESET = 4, HELD_ANSWER = 8 };

struct flow_table;
struct tcp_flow;
struct http;

struct shard {
	const struct decode_options *options;
	struct flow_table *flows;
	struct arena_store *arenas; /* of transactions, which another thread frees */
	struct output_list out;
	size_t said;               /* bytes of what is in `out` */
	struct moment at;          /* as of which things are said */
	int64_t clock;             /* capture time, monotone */
	size_t reassembly_used, history_used, txn_used;
	struct tcp_flow *held_first, *held_last; /* flows of which something is to be decided, in the order of .since */
	uint64_t waits_from;       /* the rank from which results wait for them */
	uint64_t flows_opened, opaque_flows, opaque_bytes;
	uint64_t sums_right, sums_wrong; /* segments; what is left to a network card is neither */
	uint64_t damaged, unsummed;
};

void flow_hold(struct tcp_flow *, enum held);    /* from now on, unless it is held already */
void flow_let_go(struct tcp_flow *, unsigned held);
/* Whether results from a moment on still wait when the packet of this order has come. */
bool shard_waits(const struct shard *, struct moment then, uint64_t order);
/* Back to where the flow is held from; returns where the shard was, to which shard_return() leads. */
struct moment shard_go_back(struct shard *, const struct tcp_flow *);
void shard_go_on(struct shard *, const struct stamp *); /* while it is back: not before that packet */
void shard_return(struct shard *, struct moment);
/* The earliest rank that may still come of a shard that has run all packets up to an order; UINT64_MAX: any later one. */
uint64_t shard_held(const struct shard *, uint64_t order);

/* Says that the output added last is complete. */
void shard_said(struct shard *);
bool shard_init(struct shard *, const struct decode_options *);
void shard_fini(struct shard *);
void shard_segment(struct shard *, const struct segment *, int64_t clock);
void shard_tick(struct shard *, const struct stamp *, int64_t clock);
/* The clock jumps: flows with a packet from `ahead` (its order) on were active by the new one. */
void shard_catch_up(struct shard *, uint64_t ahead, int64_t clock);
void shard_finish(struct shard *, const struct stamp *end);

/* An equal part of a limit that covers all shards. */
static inline size_t shard_part(uint64_t whole)
{
	return (size_t)(whole / SHARDS);
}

#endif
