/*
 * compare.c - the player over sockets against the analyser's own simulation: every client with every
 * server of the profiles, without an accident and with each single one at each early request. Two
 * implementations by different hands; where they differ one of them is wrong.
 * usage: compare [--print] [PROFILES...]
 */
#include "analysis/simulate.h"
#include "play/play.h"

#include <stdlib.h>
#include <string.h>

enum { CYCLES = 5, EDIT_BEFORE = 2, REQUESTS = 8 };

struct tally {
	unsigned runs, differ;
	bool print;
};

/* ---- a profile for the player ---- */

static const char *value_of(const void *profile, const char *code)
{
	const struct profile *p = profile;
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (strcmp(policies_table[i].code, code) == 0)
			return p->said >> i & 1 ?
			    policies_table[i].values[p->policies.first[i]].word :
			    NULL;
	return NULL;
}

static struct play_side side_of(const struct profile *p)
{
	if (p == NULL)
		return (struct play_side){ .name = NULL };
	return (struct play_side){ p->name, p->speaks == SPEAKS_ACTIVESYNC, value_of, p };
}

/* ---- one scenario, twice ---- */

struct cell {
	const struct profile *client, *server, *gateway, *store;
	unsigned edit_before;
};

static struct outcome_played simulated(const struct cell *c, const struct mishap *m, size_t n)
{
	struct scenario s = { .client = c->client,
		.server = c->server,
		.gateway = c->gateway,
		.store = c->store,
		.cycles = CYCLES,
		.edit_before = c->edit_before,
		.mishaps = m,
		.n_mishaps = n };
	return simulate(&s);
}

static struct play_outcome played(const struct cell *c, const struct play_mishap *m, size_t n)
{
	struct play_scenario s = { .client = side_of(c->client),
		.server = side_of(c->server),
		.gateway = side_of(c->gateway),
		.store = side_of(c->store),
		.has_gateway = c->gateway != NULL,
		.cycles = CYCLES,
		.edit_before = c->edit_before,
		.mishaps = m,
		.n_mishaps = n };
	struct play_outcome out;
	struct error e = { "" };
	if (play_run(&s, NULL, &out, &e))
		return out;
	fprintf(stderr, "compare: %s with %s: %s\n", c->client->name, c->server->name, e.text);
	exit(2);
}

static void print_cell(const struct cell *c, unsigned accident, unsigned at)
{
	static const char *const words[] = { "none", "request-lost", "answer-lost", "replayed" };
	printf("%s x %s", c->client->name, c->server->name);
	if (c->gateway != NULL)
		printf(" = %s x %s", c->gateway->name, c->store->name);
	printf(", %s, %s", c->edit_before < CYCLES ? "edit" : "no edit", words[accident]);
	if (accident != 0)
		printf(" at %u", at);
}

static unsigned compare(const struct cell *c, unsigned accident, unsigned at, struct tally *t)
{
	struct mishap ours = { at, (enum accident)accident };
	struct play_mishap theirs = { at, (enum play_accident)accident };
	struct outcome_played a = simulated(c, &ours, accident != 0);
	struct play_outcome b = played(c, &theirs, accident != 0);
	t->runs++;
	if (a.copies == b.copies && a.dirty == b.dirty && a.edit_lost == b.edit_lost &&
	    a.requests == b.requests)
		return b.requests;
	t->differ++;
	if (!t->print && t->differ > 40)
		return b.requests;
	print_cell(c, accident, at);
	printf(": machine d%u%s%s %u requests, player d%u%s%s %u requests\n", a.copies,
	    a.dirty ? "s" : "", a.edit_lost ? "l" : "", a.requests, b.copies, b.dirty ? "s" : "",
	    b.edit_lost ? "l" : "", b.requests);
	return b.requests;
}

/* An accident behind the last request is none. */
static void compare_all(const struct cell *c, struct tally *t)
{
	unsigned requests = compare(c, 0, 0, t);
	for (unsigned at = 0; at < requests && at < REQUESTS; at++)
		for (unsigned accident = 1; accident < ACCIDENTS; accident++)
			compare(c, accident, at, t);
}

static bool meet(const struct profile *client, const struct profile *server)
{
	return client->side == SIDE_CLIENT && server->side == SIDE_SERVER &&
	    client->speaks == server->speaks;
}

static void compare_edits(struct cell c, struct tally *t)
{
	c.edit_before = EDIT_BEFORE;
	compare_all(&c, t);
	c.edit_before = CYCLES;
	compare_all(&c, t);
}

/* Behind the front that the protocol asks for. */
static void compare_gateways(const struct profiles *set, struct tally *t)
{
	struct cell c = { .client = profile_find(set, "eas-device-no-uid"),
		.server = profile_find(set, "eas-dedupe-key-client-id") };
	for (c.gateway = profiles_first(set); c.gateway != NULL; c.gateway = c.gateway->next)
		for (c.store = profiles_first(set); c.store != NULL; c.store = c.store->next)
			if (meet(c.gateway, c.store) && c.gateway->speaks == SPEAKS_DAV)
				compare_edits(c, t);
}

int main(int argc, char **argv)
{
	struct tally t = { 0 };
	struct limits limits = limits_default();
	struct error e = { "" };
	struct profiles *set = profiles_new(&limits, &e);
	profiles_load_shipped(set);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--print") == 0)
			t.print = true;
		else if (!profiles_load(set, argv[i], &e) || profiles_errors(set) != 0)
			return 2;
	}
	for (const struct profile *client = profiles_first(set); client != NULL;
	     client = client->next)
		for (const struct profile *s = profiles_first(set); s != NULL; s = s->next)
			if (meet(client, s))
				compare_edits((struct cell){ .client = client, .server = s }, &t);
	compare_gateways(set, &t);
	printf("%u runs, %u differ\n", t.runs, t.differ);
	profiles_free(set);
	return t.differ != 0;
}
