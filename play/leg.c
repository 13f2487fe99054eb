/*
 * leg.c - a client, a relay and a server take turns until a request has its answer. A server that is a
 * gateway calls another leg in its turn.
 */
#include "play/airsync.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_S = 15 };

/* Addresses in 192.0.2.0/24: client, relay, server. */
static const uint8_t hosts[2][3] = { { 10, 20, 30 }, { 30, 40, 50 } };

struct leg {
	struct world *world;
	bool back;
	struct host *host;
	struct relay *relay;
	struct fetcher *fetcher;
};

bool world_break(struct world *w, const char *format, ...)
{
	char text[sizeof w->error->text];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (!w->broken)
		error_set(w->error, "%s", text);
	w->broken = true;
	return false;
}

static enum play_accident accident_of(const struct play_scenario *s, unsigned request)
{
	for (size_t i = 0; i < s->n_mishaps; i++)
		if (s->mishaps[i].request == request)
			return s->mishaps[i].accident;
	return PLAY_UNHURT;
}

/* The answer, or its loss, is there when the relay is through, too. */
static enum fetched take_turns(struct leg *l)
{
	int64_t until = clock_ms() + PATIENCE_S * 1000;
	enum fetched got = FETCH_RUNS;
	int sockets[RELAY_SOCKETS];
	while (got == FETCH_RUNS && !l->world->broken) {
		got = fetcher_step(l->fetcher);
		bool moved = relay_step(l->relay);
		host_step(l->host);
		if (got != FETCH_RUNS || moved)
			continue;
		fetcher_wait(l->fetcher, sockets, relay_sockets(l->relay, sockets));
		if (clock_ms() > until)
			world_break(l->world, "no answer within %d seconds", PATIENCE_S);
	}
	return got;
}

/* The relay may still have to close behind the answer. */
static bool relay_is_through(struct leg *l)
{
	while (relay_step(l->relay))
		host_step(l->host);
	return !l->world->broken;
}

static bool carry(struct leg *l, struct relay_plan plan, const struct message *request,
    struct message *answer)
{
	enum play_hops hops = l->world->scenario->hops;
	plan.outer = hops != PLAY_HOPS_SERVER;
	plan.inner = hops != PLAY_HOPS_CLIENT;
	relay_begin(l->relay, plan);
	enum fetched got = fetcher_begin(l->fetcher, request, answer) ? take_turns(l) : FETCH_LOST;
	fetcher_end(l->fetcher);
	if (got != FETCH_DONE)
		message_answer(answer, 0);
	return relay_is_through(l) && got == FETCH_DONE;
}

static void tell(const struct leg *l, struct play_step step, const struct message *request,
    const struct message *answer)
{
	const struct play_scenario *s = l->world->scenario;
	const char *tag = message_value(answer, "ResourceTag");
	step.cycle = l->world->cycle;
	step.back = l->back;
	step.write = request->write;
	step.method = request->method;
	step.target = request->target;
	step.status = answer->status;
	step.tag = tag != NULL ? tag : message_value(answer, "ETag");
	step.sync_status = airsync_status(answer);
	if (s->told != NULL)
		s->told(s->ctx, &step);
}

bool leg_call(struct leg *l, const struct message *request, struct message *answer)
{
	struct world *w = l->world;
	message_answer(answer, 0);
	if (w->broken)
		return false;
	if (w->requests == PLAY_REQUESTS_MAX)
		return world_break(w, "more than %d requests", PLAY_REQUESTS_MAX);
	struct play_step step = { .numbered = true, .number = w->requests++ };
	step.accident = accident_of(w->scenario, step.number);
	bool got = carry(l, (struct relay_plan){ .accident = step.accident }, request, answer);
	if (!w->broken)
		tell(l, step, request, answer);
	return got;
}

bool leg_prepare(struct leg *l, const struct message *request, struct message *answer)
{
	bool got = carry(l, (struct relay_plan){ .accident = PLAY_UNHURT }, request, answer);
	if (!l->world->broken)
		tell(l, (struct play_step){ .numbered = false }, request, answer);
	return got;
}

/* ---- a leg ---- */

static void announce(const struct leg *l)
{
	const struct play_scenario *s = l->world->scenario;
	if (s->opened == NULL)
		return;
	s->opened(s->ctx, l->back ? "relay before the store" : "relay", relay_port(l->relay));
	s->opened(s->ctx,
	    l->back            ? "store" :
		s->has_gateway ? "gateway" :
				 "server",
	    host_port(l->host));
}

struct leg *leg_open(struct world *w, bool back, struct service service)
{
	struct leg *l = calloc(1, sizeof *l);
	if (l == NULL) {
		world_break(w, "out of memory");
		return NULL;
	}
	l->world = w;
	l->back = back;
	l->host = host_open(w, service);
	l->relay = l->host != NULL ? relay_open(w, host_port(l->host), hosts[back]) : NULL;
	l->fetcher = l->relay != NULL ? fetcher_open(w, relay_port(l->relay)) : NULL;
	if (l->fetcher != NULL) {
		announce(l);
		return l;
	}
	leg_close(l);
	return NULL;
}

void leg_close(struct leg *l)
{
	if (l == NULL)
		return;
	fetcher_close(l->fetcher);
	relay_close(l->relay);
	host_close(l->host);
	free(l);
}
