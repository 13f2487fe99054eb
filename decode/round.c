/*
 * A round keeps the payload of its segments in one block and chains the segments of each shard.
 * Ticks belong to all shards and keep their place between the segments.
 */
#include "decode/round.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND_SEGMENTS = 4096, ROUND_TICKS = 256, ROUND_BYTES = 1 << 20, ROUND_PIECES = 1 << 14 };

struct round_item {
	struct segment segment;
	int64_t clock;
	size_t next;
};
struct round_tick {
	struct stamp at;
	int64_t clock;
	uint64_t ahead;
	size_t before;
};

struct round {
	size_t n_items, n_ticks, n_pieces, n_bytes, bytes_room;
	size_t at[SHARDS],
	    last[SHARDS]; /* index + 1 of items: the next to run, the last; 0 = none */
	size_t tick[SHARDS]; /* the next tick to run */
	struct output_list out;
	struct round_tick ticks[ROUND_TICKS];
	struct stamp pieces[ROUND_PIECES];
	struct round_item items[ROUND_SEGMENTS];
	uint8_t *bytes;
};

struct round *round_new(void)
{
	struct round *r = malloc(sizeof(*r));
	if (!r)
		return NULL;
	memset(r, 0, offsetof(struct round, ticks));
	r->bytes_room = ROUND_BYTES;
	r->bytes = malloc(r->bytes_room);
	if (!r->bytes) {
		free(r);
		return NULL;
	}
	return r;
}

void round_free(struct round *r)
{
	if (!r)
		return;
	output_clear(&r->out);
	free(r->out.items);
	free(r->bytes);
	free(r);
}

void round_clear(struct round *r)
{
	r->n_items = r->n_ticks = r->n_pieces = r->n_bytes = 0;
	memset(r->at, 0, sizeof(r->at));
	memset(r->tick, 0, sizeof(r->tick));
	memset(r->last, 0, sizeof(r->last));
}

bool round_empty(const struct round *r)
{
	return !r->n_items && !r->n_ticks && !r->out.n;
}

struct output_list *round_output(struct round *r)
{
	return &r->out;
}

/* A single payload larger than the block gets a block of its own size; IP allows 64 KiB, jumbograms more. */
static bool bytes_reserve(struct round *r, size_t n)
{
	if (n <= r->bytes_room - r->n_bytes)
		return true;
	if (r->n_bytes)
		return false;
	uint8_t *grown = realloc(r->bytes, n);
	if (!grown)
		return false;
	r->bytes = grown;
	r->bytes_room = n;
	return true;
}

bool round_add(struct round *r, const struct segment *s, unsigned shard, int64_t clock)
{
	if (r->n_items == ROUND_SEGMENTS || s->n_pieces > ROUND_PIECES - r->n_pieces ||
	    !bytes_reserve(r, s->payload.n))
		return false;
	struct round_item *item = &r->items[r->n_items++];
	item->segment = *s;
	item->clock = clock;
	item->next = 0;
	if (s->payload.n)
		memcpy(r->bytes + r->n_bytes, s->payload.p, s->payload.n);
	item->segment.payload.p = r->bytes + r->n_bytes;
	r->n_bytes += s->payload.n;
	if (s->n_pieces)
		memcpy(r->pieces + r->n_pieces, s->pieces, s->n_pieces * sizeof(*s->pieces));
	item->segment.pieces = r->pieces + r->n_pieces;
	r->n_pieces += s->n_pieces;
	if (r->last[shard])
		r->items[r->last[shard] - 1].next = r->n_items;
	else
		r->at[shard] = r->n_items;
	r->last[shard] = r->n_items;
	return true;
}

bool round_tick(struct round *r, const struct stamp *at, int64_t clock, uint64_t ahead)
{
	if (r->n_ticks == ROUND_TICKS)
		return false;
	r->ticks[r->n_ticks++] = (struct round_tick){ *at, clock, ahead, r->n_items };
	return true;
}

uint64_t round_last(const struct round *r)
{
	uint64_t item = r->n_items ? r->items[r->n_items - 1].segment.at.order : 0;
	uint64_t tick = r->n_ticks ? r->ticks[r->n_ticks - 1].at.order : 0;
	return item > tick ? item : tick;
}

uint64_t round_rank(const struct round *r, unsigned number)
{
	uint64_t rank = UINT64_MAX;
	if (r->at[number])
		rank = rank_of_packet(r->items[r->at[number] - 1].segment.at.order);
	if (r->tick[number] < r->n_ticks) {
		uint64_t tick = rank_of_tick(r->ticks[r->tick[number]].at.order);
		rank = tick < rank ? tick : rank;
	}
	return rank;
}

bool round_step(struct round *r, struct shard *shard, unsigned number)
{
	size_t at = r->at[number];
	const struct round_tick *tick = &r->ticks[r->tick[number]];
	if (r->tick[number] < r->n_ticks && (!at || tick->before < at)) {
		if (tick->ahead)
			shard_catch_up(shard, tick->ahead, tick->clock);
		shard_tick(shard, &tick->at, tick->clock);
		r->tick[number]++;
		return true;
	}
	if (!at)
		return false;
	const struct round_item *item = &r->items[at - 1];
	r->at[number] = item->next;
	shard_segment(shard, &item->segment, item->clock);
	return true;
}

void round_run(struct round *r, struct shard *shard, unsigned number, size_t most)
{
	while (shard->said <= most && round_step(r, shard, number))
		continue;
}
