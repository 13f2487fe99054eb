/*
 * Runs the cases of tests/http: what two sides of a connection send, and the log of events that must
 * come out, however the bytes are cut into segments.
 * usage: http_cases [--print] FILE.md|FILE.tsv...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/shard.h"
#include "tests/tool/bytes.h"
#include "tests/tool/http_case.h"

enum { RANDOM_CUTS = 8 };

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

static void case_run(const struct http_case *c, unsigned how, struct bytes *log)
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

static bool case_check(const struct http_case *c, bool print)
{
	unsigned ways = c->segments_matter ? 1 : 2 + RANDOM_CUTS;
	for (unsigned how = 0; how < ways; how++) {
		struct bytes log = { 0 };
		case_run(c, how, &log);
		if (print && how == 0)
			printf("%.*s%s", (int)log.n, (const char *)log.p, c->brief ? "\n" : "");
		bool same = log.n == c->events.n &&
		    (!log.n || memcmp(log.p, c->events.p, log.n) == 0);
		if (!same && !print)
			printf("%s:%u: %s: %s\nexpected:\n%.*s\ngot:\n%.*s\n", c->file, c->line,
			    c->title,
			    how == 0     ? "whole" :
				how == 1 ? "byte by byte" :
					   "cut at random",
			    (int)c->events.n, (const char *)c->events.p, (int)log.n,
			    (const char *)log.p);
		bytes_free(&log);
		if (!same)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;
	bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
	for (int i = print ? 2 : 1; i < argc; i++) {
		struct http_cases cases;
		const char *dot = strrchr(argv[i], '.');
		bool table = dot && strcmp(dot, ".tsv") == 0;
		if (table ? !http_table_read(argv[i], &cases) : !http_cases_read(argv[i], &cases))
			return 2;
		for (size_t n = 0; n < cases.n; n++) {
			if (print)
				printf("## %s\n", cases.items[n].title);
			if (case_check(&cases.items[n], print))
				passed++;
			else
				failed++;
		}
		http_cases_free(&cases);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
