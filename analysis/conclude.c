/*
 * conclude.c - what all lifelines of one client say together: which policies explain it, and whether it is
 * what it announces itself to be.
 */
#include "analysis/conclude.h"
#include "analysis/replay.h"

#include <stdlib.h>
#include <string.h>

const char *const conformance_words[] = { "conforms", "violates", "not-exercised", "inconclusive",
	NULL };

/* ---- what a client is ---- */

struct client_sign client_sign_of(const struct client_view *c)
{
	struct client_sign sign = { .agent = slice_from(c->agent), .activesync = c->activesync };
	sign.protocol.part[0] = c->version / 10U;
	sign.protocol.part[1] = c->version % 10U;
	return sign;
}

static struct vector policies_of(const struct profile *p)
{
	return p->policies;
}

/* Values that one item shows are all that is left; items that disagree are said to. */
static void fit_add(struct client_view *c, const struct lifeline *line, const struct replay *r)
{
	const struct vector any = vector_any();
	for (unsigned p = 1; p < POLICIES; p++) {
		uint8_t set = r->left.set[p], both = c->fit.set[p] & set;
		if (set == any.set[p] || policies_table[p].side != SIDE_CLIENT)
			continue;
		if (both == 0) {
			c->mixed |= UINT64_C(1) << p;
			c->fit.set[p] |= set;
		} else if (!(c->mixed & UINT64_C(1) << p) && both != c->fit.set[p]) {
			c->fit.set[p] = both;
			c->shown_at[p] = deed_stamp(&line->deeds[r->shown_at[p]]);
		}
		c->shown |= UINT64_C(1) << p;
	}
}

/* What its synchronisations show, whatever the items. */
static void fit_habits(struct client_view *c, const struct software *s)
{
	const struct vector any = vector_any();
	for (unsigned p = 1; p < POLICIES; p++) {
		if (s->habits.set[p] == any.set[p])
			continue;
		c->fit.set[p] = s->habits.set[p];
		c->shown |= UINT64_C(1) << p;
		c->mixed |= s->mixed & UINT64_C(1) << p;
		c->shown_at[p] = s->shown_at[p];
	}
}

static void client_fit(const struct concluding *x, struct client_view *c, size_t number)
{
	size_t n = 0;
	c->fit = vector_any();
	fit_habits(c, ledger_software(x->ledger, number, &n));
	for (size_t i = 0; i < x->n_lines; i++) {
		const struct lifeline *line = x->lines[i];
		if (line->software != number)
			continue;
		struct sight sight = lifeline_sight(x->ledger, line);
		struct replay r = lifeline_fit(line, sight.whole);
		c->lines++;
		if (r.verdict == VIOLATES || sight.whole == 0)
			continue;
		c->judged++;
		fit_add(c, line, &r);
	}
}

/* ---- a profile ---- */

/* The values that the item shows, less those that others of its client exclude; where these disagree it counts. */
static struct vector values_possible(const struct lifeline *line, size_t whole,
    const struct vector *client)
{
	struct vector v = lifeline_fit(line, whole).left;
	for (unsigned p = 1; p < POLICIES; p++)
		if (v.set[p] & client->set[p])
			v.set[p] &= client->set[p];
	return v;
}

static void check_violation(struct check_view *v, const struct lifeline *line, size_t whole,
    const struct replay *r, const struct vector *policies, const struct vector *client)
{
	const struct vector possible = values_possible(line, whole, client);
	v->verdict = VIOLATES;
	v->line = line->number;
	v->at = deed_stamp(&line->deeds[r->at]);
	v->would = r->would != NULL ? r->would->name : NULL;
	v->needed = r->needed != NULL ? r->needed->name : NULL;
	v->policy = replay_remedy(line, whole, policies, &possible, &v->values);
}

/* Habits count against a profile that has another one; but less than what the item itself proves. */
static bool habit_violates(const struct lifeline *line, size_t whole, const struct vector *policies,
    const struct vector *client, struct check_view *v)
{
	const struct vector any = vector_any();
	struct replay r = lifeline_replay(line, whole, &any);
	struct vector left = r.verdict == VIOLATES ? any : r.left;
	size_t shown_at[POLICIES] = { 0 };
	lifeline_habits(line, whole, &left, shown_at);
	for (unsigned p = 1; p < POLICIES; p++) {
		if (left.set[p] & policies->set[p] || shown_at[p] == 0)
			continue;
		v->verdict = VIOLATES;
		v->line = line->number;
		v->at = deed_stamp(&line->deeds[shown_at[p]]);
		v->would = v->needed = NULL;
		v->policy = (enum policy)p;
		v->values = values_possible(line, whole, client).set[p];
		return true;
	}
	return false;
}

/* The first violation counts; else one item that shows something is enough. */
static struct check_view check(const struct concluding *x, const struct profile *p, size_t number)
{
	const struct vector *client = &x->clients[number].fit;
	struct check_view v = { .profile = p, .verdict = UNTRIED };
	const struct vector policies = policies_of(p);
	for (size_t i = 0; i < x->n_lines; i++) {
		const struct lifeline *line = x->lines[i];
		if (line->software != number)
			continue;
		struct sight sight = lifeline_sight(x->ledger, line);
		struct replay r = lifeline_replay(line, sight.whole, &policies);
		if (r.verdict == VIOLATES) {
			check_violation(&v, line, sight.whole, &r, &policies, client);
			return v;
		}
		if (habit_violates(line, sight.whole, &policies, client, &v))
			return v;
		if (r.verdict == CONFORMS)
			v.verdict = CONFORMS;
		else if (r.verdict == NOT_DECIDED && v.verdict == UNTRIED)
			v.verdict = NOT_DECIDED;
	}
	return v;
}

static bool client_checks(const struct concluding *x, struct client_view *c, size_t number)
{
	const struct client_sign sign = client_sign_of(c);
	size_t n = 0;
	for (const struct profile *p = profiles_first(x->profiles); p != NULL; p = p->next)
		n += profile_is_kin(p, &sign) || p == x->wish.profile;
	struct check_view *checks = arena_alloc(x->arena, (n + 1) * sizeof(*checks));
	if (checks == NULL)
		return false;
	for (const struct profile *p = profiles_first(x->profiles); p != NULL; p = p->next) {
		if (!profile_is_kin(p, &sign) && p != x->wish.profile)
			continue;
		checks[c->n_checks] = check(x, p, number);
		checks[c->n_checks++].by_agent = profile_fits(p, &sign);
	}
	c->checks = checks;
	return true;
}

static bool clients_conclude(struct concluding *x)
{
	const struct software *s = ledger_software(x->ledger, 0, &x->n_clients);
	x->clients = arena_alloc(x->arena, (x->n_clients + 1) * sizeof(*x->clients));
	if (x->clients == NULL)
		return false;
	for (size_t i = 0; i < x->n_clients; i++) {
		struct client_view *c = &x->clients[i];
		*c = (struct client_view){ .agent = s[i].agent,
			.activesync = s[i].activesync,
			.version = s[i].version };
		client_fit(x, c, i);
		if (!client_checks(x, c, i))
			return false;
	}
	return true;
}

static bool servers_conclude(const struct concluding *x, struct conclusions *out)
{
	size_t n = servers_count(x->servers);
	const struct server_view **views = arena_alloc(x->arena,
	    (n + 1) * sizeof(const struct server_view *));
	for (size_t i = 0; views != NULL && i < n; i++)
		views[i] = servers_at(x->servers, i);
	out->servers = views;
	out->n_servers = n;
	return views != NULL;
}

bool conclude(struct ledger *ledger, const struct servers *servers, const struct profiles *profiles,
    const struct conclude_wish *wish, const struct limits *limits, struct arena *arena,
    struct conclusions *out)
{
	struct concluding x = { .ledger = ledger,
		.servers = servers,
		.profiles = profiles,
		.wish = *wish,
		.stories_left = limits->stories,
		.arena = arena };
	x.lines = ledger_lines(ledger, &x.n_lines);
	x.remembered = arena_alloc(arena, REMEMBERED * sizeof(*x.remembered));
	struct line_view *lines = arena_alloc(arena, (x.n_lines + 1) * sizeof(*lines));
	bool good = x.lines != NULL && lines != NULL && x.remembered != NULL &&
	    clients_conclude(&x);
	for (size_t i = 0; good && i < x.n_lines; i++)
		good = line_conclude(&x, x.lines[i], &lines[i]);
	free(x.lines);
	*out = (struct conclusions){ .clients = x.clients,
		.n_clients = x.n_clients,
		.lines = lines,
		.n_lines = x.n_lines,
		.forgotten = ledger_forgotten(ledger) };
	return good && servers_conclude(&x, out);
}
