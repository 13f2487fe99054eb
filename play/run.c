/*
 * run.c - a scenario from its first synchronisation to its last.
 */
#include "play/airsync.h"

const char *const play_accident_words[] = { "", "request-lost", "answer-lost", "replayed" };

/* Who plays; what a scenario does not have is NULL. */
struct cast {
	struct dav_store *store;
	struct front *front;
	struct dav_client *client; /* of the gateway, when there is one */
	struct device *device;
	struct leg *leg, *back;
};

static bool no_memory(struct world *w)
{
	return world_break(w, "out of memory");
}

/* ---- who plays ---- */

static bool scenario_fits(const struct play_scenario *s, struct error *e)
{
	const struct play_side *store = s->has_gateway ? &s->store : &s->server;
	if (s->cycles == 0 || s->cycles > PLAY_CYCLES_MAX)
		return error_set(e, "1 to %d synchronisations", PLAY_CYCLES_MAX);
	if (s->client.activesync != s->server.activesync)
		return error_set(e, "%s and %s do not speak the same protocol", s->client.name,
		    s->server.name);
	if (s->has_gateway && !s->server.activesync)
		return error_set(e, "a gateway speaks ActiveSync, %s does not", s->server.name);
	if (s->has_gateway && (s->gateway.activesync || store->activesync))
		return error_set(e, "between %s and %s there is DAV", s->gateway.name, store->name);
	return true;
}

static bool cast_store(struct cast *c, struct world *w, const struct play_side *client,
    const struct play_side *store, const char *agent, bool back)
{
	c->store = dav_store_new(store);
	if (c->store == NULL)
		return no_memory(w);
	struct leg *leg = leg_open(w, back, dav_store_service(c->store));
	*(back ? &c->back : &c->leg) = leg;
	if (leg == NULL)
		return false;
	c->client = dav_client_new(client, store, agent, leg);
	return c->client != NULL || no_memory(w);
}

static bool cast_front(struct cast *c, struct world *w, const char *agent)
{
	const struct play_scenario *s = w->scenario;
	c->front = front_new(&s->server);
	if (c->front == NULL)
		return no_memory(w);
	front_hands_on(c->front, c->client);
	c->leg = leg_open(w, false, front_service(c->front));
	c->device = c->leg != NULL ? device_new(s, agent, c->leg) : NULL;
	if (c->leg != NULL && c->device == NULL)
		return no_memory(w);
	return c->device != NULL;
}

static bool cast_all(struct cast *c, struct world *w)
{
	const struct play_scenario *s = w->scenario;
	const char *agent = s->agent != NULL ? s->agent : agent_of(&s->client);
	if (s->has_gateway &&
	    !cast_store(c, w, &s->gateway, &s->store, agent_of(&s->gateway), true))
		return false;
	return s->server.activesync ? cast_front(c, w, agent) :
				      cast_store(c, w, &s->client, &s->server, agent, false);
}

/* The servers go before what they serve. */
static void cast_free(struct cast *c)
{
	leg_close(c->leg);
	leg_close(c->back);
	device_free(c->device);
	front_free(c->front);
	dav_client_free(c->client);
	dav_store_free(c->store);
}

/* ---- what happens ---- */

static void user_writes(struct cast *c, unsigned revision)
{
	if (c->device != NULL)
		device_wants(c->device, revision);
	else
		dav_client_wants(c->client, revision);
}

static void play(struct cast *c, struct world *w)
{
	const struct play_scenario *s = w->scenario;
	if (c->device != NULL && !device_begin(c->device))
		world_break(w, "the device gets no SyncKey");
	user_writes(c, REVISION_FIRST);
	for (w->cycle = 0; w->cycle < s->cycles && !w->broken; w->cycle++) {
		wire_cycle(&w->wire, w->cycle);
		if (c->device == NULL)
			dav_client_poll(c->client);
		if (w->cycle == s->edit_before)
			user_writes(c, REVISION_EDITED);
		if (c->device != NULL)
			device_cycle(c->device);
		else
			dav_client_cycle(c->client);
	}
}

static void outcome_take(const struct cast *c, const struct world *w, struct play_outcome *out)
{
	bool edited = w->scenario->edit_before < w->scenario->cycles;
	unsigned last = edited ? REVISION_EDITED : REVISION_FIRST;
	bool holds = c->store != NULL ? dav_store_holds(c->store, last) :
					front_holds(c->front, last);
	*out = (struct play_outcome){ .requests = w->requests };
	out->copies = c->store != NULL ? dav_store_copies(c->store) : front_copies(c->front);
	out->dirty = c->device != NULL ? device_dirty(c->device) : dav_client_dirty(c->client);
	out->edit_lost = !holds && !out->dirty;
}

bool play_run(const struct play_scenario *scenario, const char *capture, struct play_outcome *out,
    struct error *e)
{
	struct world w = { .scenario = scenario, .error = e };
	struct cast cast = { .store = NULL };
	*out = (struct play_outcome){ 0 };
	if (!scenario_fits(scenario, e))
		return false;
	out->unwritten = !wire_open(&w.wire, capture, e);
	if (out->unwritten)
		return false;
	if (cast_all(&cast, &w))
		play(&cast, &w);
	if (!w.broken)
		outcome_take(&cast, &w, out);
	cast_free(&cast);
	out->unwritten = !wire_close(&w.wire, !w.broken, e) && !w.broken;
	return !w.broken && !out->unwritten;
}
