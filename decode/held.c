/*
 * held.c - the flows of a shard of which something is to be decided, in the order they came to that; and the way
 * back to say it as of then. An item that was deleted is not made anew by a create whose gap was believed later.
 */
#include "decode/flow.h"

static void held_join(struct tcp_flow *f)
{
	struct shard *shard = f->shard;
	f->since = shard->at;
	f->held_before = shard->held_last;
	f->held_after = NULL;
	*(f->held_before ? &f->held_before->held_after : &shard->held_first) = f;
	shard->held_last = f;
}

static void held_leave(struct tcp_flow *f)
{
	struct shard *shard = f->shard;
	*(f->held_before ? &f->held_before->held_after : &shard->held_first) = f->held_after;
	*(f->held_after ? &f->held_after->held_before : &shard->held_last) = f->held_before;
}

void flow_hold(struct tcp_flow *f, enum held why)
{
	if (!f->held)
		held_join(f);
	f->held |= why;
}

void flow_let_go(struct tcp_flow *f, unsigned held)
{
	if (f->held && !(f->held & ~held))
		held_leave(f);
	f->held &= ~held;
}

bool shard_waits(const struct shard *shard, struct moment then, uint64_t order)
{
	uint64_t since = then.now.order;
	return then.rank >= shard->waits_from &&
	    (order <= since || order - since <= shard->options->limits.held_packets);
}

struct moment shard_go_back(struct shard *shard, const struct tcp_flow *f)
{
	struct moment present = shard->at;
	if (f->held && !present.back && shard_waits(shard, f->since, present.now.order)) {
		shard->at = f->since;
		shard->at.back = true;
	}
	return present;
}

void shard_go_on(struct shard *shard, const struct stamp *at)
{
	uint64_t rank = rank_of_packet(at->order);
	if (shard->at.back && rank > shard->at.rank)
		shard->at = (struct moment){ *at, rank, true };
}

void shard_return(struct shard *shard, struct moment present)
{
	shard->at = present;
}

uint64_t shard_held(const struct shard *shard, uint64_t order)
{
	const struct tcp_flow *f = shard->held_first;
	while (f && !shard_waits(shard, f->since, order))
		f = f->held_after;
	return f ? f->since.rank : UINT64_MAX;
}
