/*
 * Runs a case of tests/http: its steps as segments of one connection, cut in one of many ways.
 */
#include <stdlib.h>

#include "tests/tool/http_case.h"

static uint64_t cut_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* How long the next segment is: 0 = whole blocks, 1 = single bytes, else random. */
static size_t cut_length(unsigned how, uint64_t *state, size_t left)
{
	if (how == 0)
		return left;
	size_t n = how == 1 ? 1 : 1 + cut_random(state) % 40;
	return n < left ? n : left;
}

struct wire {
	struct shard shard;
	uint64_t order;
	uint32_t seq[2];
};

static void wire_send(struct wire *w, unsigned side, uint8_t flags, struct slice bytes)
{
	struct segment s = { .flags = flags, .seq = w->seq[side], .payload = bytes };
	s.at = (struct stamp){ .order = ++w->order,
		.frame = w->order,
		.ns = (int64_t)w->order * 1000000 };
	s.src = (struct endpoint){ .family = 4,
		.port = side ? 80 : 40000,
		.address = { 10, 0, 0, side ? 2 : 1 } };
	s.dst = (struct endpoint){ .family = 4,
		.port = side ? 40000 : 80,
		.address = { 10, 0, 0, side ? 1 : 2 } };
	if (flags & TCP_ACK)
		s.ack = w->seq[!side];
	shard_segment(&w->shard, &s, s.at.ns);
	w->seq[side] += (uint32_t)bytes.n + ((flags & (TCP_SYN | TCP_FIN)) ? 1 : 0);
}

static void wire_step(struct wire *w, const struct http_step *step, unsigned how, uint64_t *state)
{
	if (step->kind == STEP_FIN || step->kind == STEP_RST) {
		wire_send(w, step->side,
		    step->kind == STEP_FIN ? TCP_FIN | TCP_ACK : TCP_RST | TCP_ACK,
		    (struct slice){ 0 });
		return;
	}
	if (step->kind == STEP_GAP) {
		w->seq[step->side] += (uint32_t)step->gap;
		/* Long enough that the hole is believed. */
		for (uint64_t i = 0; i <= w->shard.options->limits.gap_packets; i++)
			wire_send(w, !step->side, TCP_ACK, (struct slice){ 0 });
		return;
	}
	struct slice left = { step->bytes, step->n };
	while (left.n) {
		size_t n = cut_length(how, state, left.n);
		wire_send(w, step->side, TCP_ACK | TCP_PSH, slice_part(left, 0, n));
		left = slice_part(left, n, left.n);
	}
	wire_send(w, !step->side, TCP_ACK, (struct slice){ 0 });
}

void http_case_run(const struct http_case *c, unsigned how, struct bytes *log)
{
	struct decode_options options = { .limits = limits_default(),
		.key = hash_key_from(how),
		.bodies = BODIES_ALL };
	struct wire *w = calloc(1, sizeof(*w));
	ensure(w != NULL, NULL);
	w->seq[0] = 1000;
	w->seq[1] = 4000000000u;
	http_case_limits(c, &options.limits);
	ensure(shard_init(&w->shard, &options), NULL);
	uint64_t state = how;
	if (!c->midstream) {
		wire_send(w, 0, TCP_SYN, (struct slice){ 0 });
		wire_send(w, 1, TCP_SYN | TCP_ACK, (struct slice){ 0 });
		wire_send(w, 0, TCP_ACK, (struct slice){ 0 });
	}
	for (size_t i = 0; i < c->n_steps; i++)
		wire_step(w, &c->steps[i], how, &state);
	struct stamp end = { .order = ++w->order };
	shard_finish(&w->shard, &end);
	if (c->brief)
		http_brief(&w->shard.out, log);
	else
		http_log(&w->shard.out, log);
	shard_fini(&w->shard);
	free(w);
}
