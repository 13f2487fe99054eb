/*
 * output.c - what shards say, kept until it is handed up in order.
 */
#include <stdlib.h>

#include "decode/shard.h"

struct output *output_add(struct output_list *l, enum output_kind kind, uint64_t rank,
    uint64_t flow_order)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct output *grown = realloc(l->items, room * sizeof(*grown));
		if (!grown)
			return NULL;
		l->items = grown;
		l->room = room;
	}
	struct output *o = &l->items[l->n];
	*o = (struct output){ .rank = rank,
		.flow_order = flow_order,
		.seq = l->made++,
		.kind = kind };
	l->n++;
	return o;
}

void flow_record_free(struct flow *r)
{
	if (r) {
		free((void *)r->packet_list);
		free((void *)r->tls_names);
	}
	free(r);
}

size_t output_bytes(const struct output *o)
{
	size_t kept = o->kind == OUTPUT_TXN ? arena_used(o->u.txn->arena) : 0;
	return sizeof(*o) + kept;
}

void shard_said(struct shard *shard)
{
	shard->said += output_bytes(&shard->out.items[shard->out.n - 1]);
}

void output_clear(struct output_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->items[i].kind == OUTPUT_TXN)
			txn_free(l->items[i].u.txn);
		else if (l->items[i].kind == OUTPUT_FLOW)
			flow_record_free(l->items[i].u.flow);
	}
	l->n = 0;
}
