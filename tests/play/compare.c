/*
 * compare.c - the player over sockets against the analyser's own simulation: every client with every
 * server of the profiles, without an accident and with each single one at each early request. Two
 * implementations that share nothing; where they differ one of them is wrong, and what is known of that
 * stands in the table below: whatever else differs fails, and so does a difference that is gone.
 * usage: compare [--all] [--print] [PROFILES...]    --all: with and without an edit, all gateways
 */
#include "analysis/simulate.h"
#include "tests/play/sides.h"

#include <stdlib.h>
#include <string.h>

enum { CYCLES = 5, EDIT_BEFORE = 2, REQUESTS = 8 };

struct cell {
	const struct profile *client, *server, *gateway, *store;
	unsigned edit_before;
	unsigned accident, at;
};

/* ---- what is known to differ ---- */

struct pair {
	const struct outcome_played *machine;
	const struct play_outcome *player;
};

static bool takes_first(const struct profile *p, enum policy policy, unsigned value)
{
	return p != NULL && p->policies.first[policy] == value;
}

/* P7b = unguarded: who writes without the version need not ask again when asking failed; the machine does. */
static bool tag_is_asked_for(const struct cell *c, struct pair p)
{
	return takes_first(c->gateway != NULL ? c->gateway : c->client, POLICY_P7b, 1) &&
	    p.machine->copies == p.player->copies && p.machine->dirty == p.player->dirty &&
	    p.machine->edit_lost == p.player->edit_lost && p.machine->requests > p.player->requests;
}

static const struct known {
	const char *what;
	bool (*is)(const struct cell *, struct pair);
} known[] = {
	{ "the machine asks for a tag in spite of P7b = unguarded", tag_is_asked_for },
};
enum { KNOWN = sizeof known / sizeof known[0] };

struct tally {
	unsigned runs, differ, seen[KNOWN];
	bool all, print;
};

/* ---- one scenario, twice ---- */

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

static void print_cell(const struct cell *c, struct pair p)
{
	printf("%s x %s", c->client->name, c->server->name);
	if (c->gateway != NULL)
		printf(" = %s x %s", c->gateway->name, c->store->name);
	printf("%s", c->edit_before < CYCLES ? ", edit" : "");
	if (c->accident != ACCIDENT_NONE)
		printf(", %s at %u", play_accident_words[c->accident], c->at);
	printf(": machine d%u%s%s %u requests, player d%u%s%s %u requests\n", p.machine->copies,
	    p.machine->dirty ? "s" : "", p.machine->edit_lost ? "l" : "", p.machine->requests,
	    p.player->copies, p.player->dirty ? "s" : "", p.player->edit_lost ? "l" : "",
	    p.player->requests);
}

static bool is_known(const struct cell *c, struct pair p, struct tally *t)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (!known[i].is(c, p))
			continue;
		t->seen[i]++;
		return true;
	}
	return false;
}

/* How many requests the player made. */
static unsigned compare(const struct cell *c, struct tally *t)
{
	struct mishap ours = { c->at, (enum accident)c->accident };
	struct play_mishap theirs = { c->at, (enum play_accident)c->accident };
	struct outcome_played a = simulated(c, &ours, c->accident != ACCIDENT_NONE);
	struct play_outcome b = played(c, &theirs, c->accident != ACCIDENT_NONE);
	struct pair p = { &a, &b };
	bool same = a.copies == b.copies && a.dirty == b.dirty && a.edit_lost == b.edit_lost &&
	    a.requests == b.requests;
	bool is_new = !same && !is_known(c, p, t);
	t->runs++;
	t->differ += is_new;
	if (is_new || (!same && t->print))
		print_cell(c, p);
	return b.requests;
}

/* An accident behind the last request is none. */
static void compare_accidents(struct cell c, struct tally *t)
{
	unsigned requests = compare(&c, t);
	for (c.at = 0; c.at < requests && c.at < REQUESTS; c.at++)
		for (c.accident = 1; c.accident < ACCIDENTS; c.accident++)
			compare(&c, t);
}

static bool meet(const struct profile *client, const struct profile *server)
{
	return client->side == SIDE_CLIENT && server->side == SIDE_SERVER &&
	    client->speaks == server->speaks;
}

static void compare_edits(struct cell c, bool both, struct tally *t)
{
	c.edit_before = EDIT_BEFORE;
	compare_accidents(c, t);
	c.edit_before = CYCLES;
	if (both || t->all)
		compare_accidents(c, t);
}

static void compare_pairs(const struct profiles *set, struct tally *t)
{
	for (const struct profile *c = profiles_first(set); c != NULL; c = c->next)
		for (const struct profile *s = profiles_first(set); s != NULL; s = s->next)
			if (meet(c, s))
				compare_edits((struct cell){ .client = c, .server = s },
				    c->speaks == SPEAKS_ACTIVESYNC, t);
}

static bool begins(const struct profile *p, const char *name)
{
	return strncmp(p->name, name, strlen(name)) == 0;
}

/* Behind the front that the protocol asks for. */
static void compare_gateways(const struct profiles *set, struct tally *t)
{
	struct cell c = { .client = profile_find(set, "eas-device-no-uid"),
		.server = profile_find(set, "eas-dedupe-key-client-id") };
	for (c.gateway = profiles_first(set); c.gateway != NULL; c.gateway = c.gateway->next)
		for (c.store = profiles_first(set); c.store != NULL; c.store = c.store->next)
			if (meet(c.gateway, c.store) && c.gateway->speaks == SPEAKS_DAV &&
			    (t->all ||
				(begins(c.gateway, "massync") && begins(c.store, "exchange"))))
				compare_edits(c, true, t);
}

static bool set_load(struct profiles *set, int argc, char **argv, struct tally *t)
{
	struct error e = { "" };
	profiles_load_shipped(set);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--print") == 0)
			t->print = true;
		else if (strcmp(argv[i], "--all") == 0)
			t->all = true;
		else if (!profiles_load(set, argv[i], &e) || profiles_errors(set) != 0)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct tally t = { 0 };
	struct limits limits = limits_default();
	struct error e = { "" };
	struct profiles *set = profiles_new(&limits, &e);
	if (set == NULL || !set_load(set, argc, argv, &t))
		return 2;
	compare_pairs(set, &t);
	compare_gateways(set, &t);
	for (size_t i = 0; i < KNOWN; i++) {
		t.differ += t.seen[i] == 0;
		printf("known, %u times: %s\n", t.seen[i], known[i].what);
	}
	printf("%u passed, %u failed\n", t.runs - t.differ, t.differ);
	profiles_free(set);
	return t.differ != 0;
}
