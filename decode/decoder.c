/*
 * The decoder: packets are read up to TCP by the caller's thread and collected in rounds; while
 * the shards of one round run, the next one is filled; what a round says is sorted and handed up.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "decode/credentials.h"
#include "decode/round.h"
#include "decode/workers.h"
#include "decode/xml.h"

static const int64_t TICK_NS = 1000000000; /* state expires in steps of this much capture time */
enum { JUMP_WITNESSES = 16 }; /* packets that must agree before the clock jumps */

/* Capture time: the running maximum, which a lone packet cannot push far ahead. */
struct clock {
	bool started, confirmed; /* by a second packet that agrees with the first */
	int64_t now, next_tick;
	unsigned witnesses;
	uint64_t witness; /* order of the first of them */
};

struct decoder {
	struct decode_options options;
	struct decode_sink sink;
	struct net *net;
	struct workers *workers;
	struct credentials *credentials;
	struct round *rounds[2];
	unsigned filling; /* index of the round being filled */
	bool running; /* the other one is with the workers */
	unsigned in_round; /* packets in the round being filled */
	struct output_list merged; /* of the round that ended last */
	struct clock clock;
	struct stamp last;
	uint64_t rank;
	uint64_t held; /* results from this rank on wait for a shard; UINT64_MAX: none do */
	uint64_t packets, bytes, clipped, clipped_to;
	struct shard shards[SHARDS];
};

/* ---- handing up ---- */

static int output_compare(const void *a, const void *b)
{
	const struct output *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->flow_order != y->flow_order)
		return x->flow_order < y->flow_order ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* No memory to say them: from number `first` on they are dropped. */
static void outputs_drop(struct output_list *from, size_t first)
{
	memmove(from->items, from->items + first, (from->n - first) * sizeof(from->items[0]));
	from->n -= first;
	output_clear(from);
}

static void outputs_take(struct decoder *d, struct output_list *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct output *o = &from->items[i];
		struct output *to = output_add(&d->merged, o->kind, o->rank, o->flow_order);
		if (!to) {
			outputs_drop(from, i);
			return;
		}
		to->u = o->u;
		to->seq = o->seq;
	}
	from->n = 0;
}

static void shard_take(struct decoder *d, struct shard *shard)
{
	shard->said = 0;
	outputs_take(d, &shard->out);
}

static void output_deliver(struct decoder *d, struct output *o)
{
	if (o->kind == OUTPUT_TXN) {
		arena_hand_over(o->u.txn->arena);
		credentials_number(d->credentials, o->u.txn);
		d->sink.txn(d->sink.ctx, o->u.txn);
	} else if (o->kind == OUTPUT_FLOW) {
		d->sink.flow(d->sink.ctx, o->u.flow);
		flow_record_free(o->u.flow);
	} else if (o->kind == OUTPUT_DROPPED) {
		d->sink.dropped(d->sink.ctx, &o->u.dropped);
	} else {
		d->sink.anomaly(d->sink.ctx, &o->u.anomaly);
	}
}

/* Another thread has written it: its beginning comes while the one before is handed up. */
static void output_ahead(const struct output *o)
{
	enum { LINE = 64, LINES = 16 };
	for (size_t i = 0; o->kind == OUTPUT_TXN && i < LINES; i++)
		__builtin_prefetch((const uint8_t *)o->u.txn + i * LINE);
}

/* Hands up what comes before `rank`; the rest stays. */
static void outputs_deliver(struct decoder *d, uint64_t rank)
{
	size_t n = 0;
	if (d->merged.n > 1)
		qsort(d->merged.items, d->merged.n, sizeof(d->merged.items[0]), output_compare);
	for (; n < d->merged.n && d->merged.items[n].rank < rank; n++) {
		if (n + 1 < d->merged.n)
			output_ahead(&d->merged.items[n + 1]);
		output_deliver(d, &d->merged.items[n]);
	}
	d->merged.n -= n;
	if (n > 0 && d->merged.n > 0)
		memmove(d->merged.items, d->merged.items + n,
		    d->merged.n * sizeof(d->merged.items[0]));
}

/* ---- rounds ---- */

/* How far a shard comes does not depend on the others: it stops where it has said its part of what may be kept. */
static void run_shard(void *arg, unsigned shard)
{
	struct decoder *d = arg;
	round_run(d->rounds[!d->filling], &d->shards[shard], shard,
	    shard_part(d->options.limits.undelivered / 2));
}

static void round_take(struct decoder *d, struct round *r)
{
	outputs_take(d, round_output(r));
	for (unsigned i = 0; i < SHARDS; i++)
		shard_take(d, &d->shards[i]);
}

/* The shard that is furthest behind; its rank is UINT64_MAX when all are done. */
static unsigned round_slowest(const struct round *r)
{
	unsigned slowest = 0;
	for (unsigned i = 1; i < SHARDS; i++) {
		if (round_rank(r, i) < round_rank(r, slowest))
			slowest = i;
	}
	return slowest;
}

/* When all shards have run what comes before this order, or this too. */
static void held_note(struct decoder *d, uint64_t order)
{
	d->held = UINT64_MAX;
	for (unsigned i = 0; i < SHARDS; i++) {
		uint64_t rank = shard_held(&d->shards[i], order);
		d->held = rank < d->held ? rank : d->held;
	}
}

/* Bytes of what was taken from one rank up to another. */
static size_t kept_between(const struct decoder *d, uint64_t from, uint64_t to)
{
	size_t bytes = 0;
	for (size_t i = 0; from < to && i < d->merged.n; i++) {
		if (d->merged.items[i].rank >= from && d->merged.items[i].rank < to)
			bytes += output_bytes(&d->merged.items[i]);
	}
	return bytes;
}

/*
 * No shard has anything to say of what comes before this rank, unless it is held. Where too much waits for that it
 * waits no longer, and what is decided of it is said late. Returns up to where all is known. No shard runs.
 */
static uint64_t held_limit(struct decoder *d, uint64_t rank)
{
	held_note(d, rank / 2);
	if (kept_between(d, d->held, rank) > d->options.limits.undelivered / 4) {
		for (unsigned i = 0; i < SHARDS; i++)
			d->shards[i].waits_from = rank;
		held_note(d, rank / 2);
	}
	return rank < d->held ? rank : d->held;
}

/* Shards go on in the order of their packets, for an eighth of what may be kept. */
static void shards_step(struct decoder *d, struct round *r)
{
	size_t said = 0;
	for (unsigned i; said <= d->options.limits.undelivered / 8 &&
	     round_rank(r, i = round_slowest(r)) != UINT64_MAX;) {
		size_t before = d->shards[i].said;
		round_step(r, &d->shards[i], i);
		said += d->shards[i].said - before;
	}
}

/*
 * Waits for the round that runs, if one does, and takes what it said. Where that is too much to
 * keep, what is in order up to the slowest shard is handed up while the shards go on, or before.
 */
static void round_end(struct decoder *d)
{
	struct round *r = d->rounds[!d->filling];
	if (!d->running)
		return;
	workers_wait(d->workers);
	round_take(d, r);
	for (uint64_t rank; (rank = round_rank(r, round_slowest(r))) != UINT64_MAX;) {
		uint64_t known = held_limit(d, rank);
		if (kept_between(d, known, UINT64_MAX) > d->options.limits.undelivered / 2) {
			outputs_deliver(d, known);
			shards_step(d, r);
		} else {
			workers_start(d->workers, d);
			outputs_deliver(d, known);
			workers_wait(d->workers);
		}
		round_take(d, r);
	}
	(void)held_limit(d, rank_of_packet(round_last(r)) + 1);
	d->running = false;
	round_clear(r);
}

/* The full round goes to the workers; what the one before said is handed up meanwhile. */
static void round_turn(struct decoder *d)
{
	round_end(d);
	d->filling = !d->filling;
	d->in_round = 0;
	d->running = true;
	workers_start(d->workers, d);
	outputs_deliver(d, d->held);
}

static void round_drain(struct decoder *d)
{
	if (!round_empty(d->rounds[d->filling]))
		round_turn(d);
	round_end(d);
	outputs_deliver(d, d->held);
}

/* ---- time ---- */

/* Said by the caller's thread, of no flow. NULL: no memory. */
static struct output *output_say(struct decoder *d, enum output_kind kind)
{
	return output_add(round_output(d->rounds[d->filling]), kind, d->rank, 0);
}

static void net_anomaly(void *ctx, const struct anomaly *a)
{
	struct output *o = output_say(ctx, OUTPUT_ANOMALY);
	if (o)
		o->u.anomaly = *a;
}

static void say_dropped(struct decoder *d, uint64_t packets)
{
	struct output *o = packets && d->packets ? output_say(d, OUTPUT_DROPPED) : NULL;
	if (o)
		o->u.dropped = (struct dropped){ d->last, packets };
}

static void tick(struct decoder *d, uint64_t ahead)
{
	while (!round_tick(d->rounds[d->filling], &d->last, d->clock.now, ahead))
		round_turn(d);
	net_tick(d->net, d->clock.now);
	d->clock.next_tick = d->clock.now + TICK_NS;
}

/* Times outside of 1970 to 2096 are kept as data, never as clock. */
static int64_t clock_time(int64_t ns)
{
	const int64_t most = INT64_C(4000000000) * 1000000000;
	return ns < 0 ? 0 : ns > most ? most : ns;
}

/* `ahead`: the packets from this one on were ahead of the clock; 0: none was. */
static void clock_move(struct decoder *d, int64_t to, uint64_t ahead)
{
	struct clock *c = &d->clock;
	c->now = to;
	c->witnesses = 0;
	if (c->now >= c->next_tick)
		tick(d, ahead);
}

/* The first packet may be the one whose time is wrong: the clock stands when two agree. */
static void clock_start(struct decoder *d, int64_t ns)
{
	struct clock *c = &d->clock;
	int64_t jump = (int64_t)d->options.limits.clock_jump * 1000000000;
	c->confirmed = c->started && ns - c->now <= jump && c->now - ns <= jump;
	if (!c->confirmed) {
		c->now = ns;
		c->next_tick = ns + TICK_NS;
	}
	c->started = true;
}

static void clock_packet(struct decoder *d, const struct stamp *at)
{
	struct clock *c = &d->clock;
	int64_t ns = clock_time(at->ns);
	if (!c->confirmed)
		clock_start(d, ns);
	if (ns <= c->now + (int64_t)d->options.limits.clock_jump * 1000000000) {
		clock_move(d, ns > c->now ? ns : c->now, 0);
		return;
	}
	if (c->witnesses++ == 0) {
		net_anomaly(d, &(struct anomaly){ .code = TIME_JUMP, .at = *at });
		c->witness = at->order;
	}
	if (c->witnesses >= JUMP_WITNESSES)
		clock_move(d, ns, c->witness);
}

/* ---- the public face ---- */

static bool parts_new(struct decoder *d, struct error *e)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		if (!shard_init(&d->shards[i], &d->options))
			return error_set(e, "no memory for the flow tables");
	}
	d->credentials = credentials_new(d->options.limits.credentials);
	d->rounds[0] = round_new();
	d->rounds[1] = round_new();
	if (!d->credentials || !d->rounds[0] || !d->rounds[1])
		return error_set(e, "no memory for the decoder");
	struct limits limits = d->options.limits;
	if (d->options.tap)
		limits.copy_packets = 0; /* who accounts for every byte wants copies, too */
	d->net = net_new(&limits, d->options.checksums, d->options.key,
	    (struct net_sink){ net_anomaly, d }, e);
	if (!d->net)
		return false;
	d->workers = workers_new(d->options.workers, SHARDS, run_shard, e);
	return d->workers != NULL;
}

struct decoder *decoder_new(const struct decode_options *options, struct decode_sink sink,
    struct error *e)
{
	struct decoder *d = calloc(1, sizeof(*d));
	if (!d) {
		error_set(e, "no memory for the decoder");
		return NULL;
	}
	d->options = *options;
	d->sink = sink;
	d->held = UINT64_MAX;
	xml_setup();
	if (!parts_new(d, e)) {
		decoder_free(d);
		return NULL;
	}
	return d;
}

static void clipped_count(struct decoder *d, size_t bytes)
{
	d->clipped++;
	d->clipped_to = bytes > d->clipped_to ? bytes : d->clipped_to;
}

void decoder_packet(struct decoder *d, const struct packet *packet)
{
	struct segment s;
	unsigned most = d->options.round_packets ? d->options.round_packets : 4096;
	d->last = packet->at;
	d->packets++;
	d->bytes += packet->bytes.n;
	if (packet->wire_len > packet->bytes.n)
		clipped_count(d, packet->bytes.n);
	d->rank = rank_of_tick(packet->at.order);
	say_dropped(d, packet->dropped);
	clock_packet(d, &packet->at);
	d->rank = rank_of_packet(packet->at.order);
	if (net_packet(d->net, packet, &s)) {
		struct flow_key key;
		bool from_high;
		flow_key_from(&s, &key, &from_high);
		unsigned shard = flow_shard(&key);
		if (!d->options.keep_packets && !d->options.tap)
			s.n_pieces = 0;
		if (!round_add(d->rounds[d->filling], &s, shard, d->clock.now)) {
			round_turn(d);
			round_add(d->rounds[d->filling], &s, shard, d->clock.now);
		}
	}
	if (++d->in_round >= most)
		round_turn(d);
}

void decoder_tick(struct decoder *d, int64_t now_ns)
{
	int64_t now = clock_time(now_ns);
	if (d->clock.started && now > d->clock.now)
		clock_move(d, now, 0);
	round_drain(d);
}

void decoder_dropped(struct decoder *d, uint64_t packets)
{
	d->rank = rank_of_tick(d->last.order + 1);
	say_dropped(d, packets);
}

void decoder_finish(struct decoder *d)
{
	struct stamp end = d->last;
	end.order++;
	d->rank = rank_of_tick(end.order);
	round_drain(d);
	for (unsigned i = 0; i < SHARDS; i++) {
		shard_finish(&d->shards[i], &end);
		shard_take(d, &d->shards[i]);
	}
	outputs_deliver(d, UINT64_MAX);
}

struct decode_counts decoder_counts(const struct decoder *d)
{
	struct decode_counts c = { .packets = d->packets,
		.bytes = d->bytes,
		.clipped = d->clipped,
		.clipped_to = d->clipped_to };
	net_count(d->net, &c);
	for (unsigned i = 0; i < SHARDS; i++) {
		c.flows += d->shards[i].flows_opened;
		c.damaged += d->shards[i].damaged;
		c.unsummed += d->shards[i].unsummed;
		c.opaque_flows += d->shards[i].opaque_flows;
		c.opaque_bytes += d->shards[i].opaque_bytes;
	}
	return c;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	if (d->workers && d->running)
		workers_wait(d->workers);
	workers_free(d->workers);
	for (unsigned i = 0; i < SHARDS; i++)
		shard_fini(&d->shards[i]);
	output_clear(&d->merged);
	free(d->merged.items);
	net_free(d->net);
	round_free(d->rounds[0]);
	round_free(d->rounds[1]);
	credentials_free(d->credentials);
	free(d);
}
