/*
 * whatif.c - from a lifeline to a story that can be played again, and its outcome with other players.
 */
#include "analysis/whatif.h"

#include <limits.h>

/* ---- what happened ---- */

static bool is_lost(const struct deed *d)
{
	return d->answer == ON_N_LOST || (d->answer == ON_R_TRANSIENT && d->flags & DEED_OPEN);
}

/* What may have become of the message, by what is known of the server's side. */
static uint32_t fault_kinds(const struct lifeline *line, size_t n, size_t at)
{
	const struct deed *d = &line->deeds[at];
	if (d->flags & DEED_REPLAYED)
		return is_lost(d) ? 0 : BIT(REPLAYED);
	if (!is_lost(d))
		return 0;
	switch (deed_is_look(d) ? COMMIT_NO : deed_settled(line, n, at)) {
	case COMMIT_YES:
		return BIT(ANSWER_LOST);
	case COMMIT_NO:
		return BIT(REQUEST_LOST);
	default:
		return BIT(REQUEST_LOST) | BIT(ANSWER_LOST);
	}
}

/* Behind an unsafe create that may have been one, a write without a condition on the same name is an update. */
static bool is_update(const struct lifeline *line, size_t at)
{
	const struct deed *d = &line->deeds[at];
	if (d->request == ON_Q_UPDATE)
		return true;
	for (size_t i = 0; i < at && d->flags & DEED_EITHER; i++)
		if (line->deeds[i].id == d->id && line->deeds[i].answer == ON_R_OK)
			return true;
	return false;
}

struct telling {
	struct story *story;
	const struct lifeline *line;
	size_t n;
	unsigned counts[3], cycle, place, base;
	bool written;
	const struct deed *sent; /* the last write; NULL: none yet */
};

/* A client creates once in a synchronisation: another create is another one, whatever the clock says. */
static void tell_cycle(struct telling *t, const struct deed *d, unsigned what)
{
	unsigned cycle = t->base + d->cycle;
	if (t->written && what == SLOT_CREATE && cycle <= t->cycle) {
		t->base += t->cycle + 1 - cycle;
		cycle = t->cycle + 1;
	}
	if (cycle > t->cycle) {
		t->cycle = cycle;
		t->place = 0;
		t->written = false;
	}
}

static void tell_fault(struct telling *t, size_t at, unsigned what)
{
	struct story *s = t->story;
	uint32_t kinds = fault_kinds(t->line, t->n, at);
	if (kinds == 0)
		return;
	if (s->n_faults == FAULTS_MAX) {
		s->why_not = "too many messages were lost";
		return;
	}
	struct fault *f = &s->faults[s->n_faults++];
	f->what = what;
	f->ordinal = t->counts[what];
	f->cycle = t->cycle;
	f->place = t->place;
	f->kinds = kinds;
}

static void tell_edit(struct telling *t, const struct deed *d)
{
	bool other = t->sent != NULL && deeds_alike(t->sent, d) == 0;
	if (other && t->story->edit_before != UINT_MAX)
		t->story->why_not = "it was edited more than once";
	else if (other)
		t->story->edit_before = t->cycle;
	t->sent = d;
}

/* An earlier attempt under the same name was stored, or may have been: then this one is no create to the server. */
static bool may_be_there(const struct lifeline *line, size_t n, size_t at)
{
	const struct deed *d = &line->deeds[at];
	for (size_t i = 0; i < at; i++)
		if (line->deeds[i].id == d->id && deed_is_write(&line->deeds[i]) &&
		    deed_settled(line, n, i) != COMMIT_NO)
			return true;
	return line->activesync;
}

static void tell_deed(struct telling *t, size_t at)
{
	const struct deed *d = &t->line->deeds[at];
	unsigned what = deed_is_look(d) ? SLOT_LOOK :
	    is_update(t->line, at)      ? SLOT_UPDATE :
					  SLOT_CREATE;
	if (d->request == ON_Q_DELETE || d->request == ON_Q_MOVE) {
		t->story->why_not = "it was deleted or moved";
		return;
	}
	if (d->request == ON_Q_UPDATE && d->answer == ON_R_PRECOND &&
	    (t->sent == NULL || !(t->sent->flags & DEED_OPEN)))
		t->story->why_not = "somebody else wrote to it";
	if (t->sent == NULL && what == SLOT_UPDATE)
		t->story->why_not = "its making was not captured";
	tell_cycle(t, d, what);
	if (deed_is_write(d)) {
		tell_edit(t, d);
		t->story->acted = t->cycle + 1;
		t->written |= what == SLOT_CREATE;
	}
	if (what == SLOT_CREATE && d->answer == ON_R_OK && !may_be_there(t->line, t->n, at) &&
	    !(d->flags & DEED_REPLAYED)) {
		t->story->tagged |= d->tag_seen == PRESENT && !(d->flags & DEED_WEAK);
		t->story->untagged |= d->tag_seen == ABSENT;
	}
	tell_fault(t, at, what);
	t->counts[what]++;
	t->place++;
}

struct story story_of(const struct lifeline *line, size_t n)
{
	struct story s = { .speaks = line->activesync ? SPEAKS_ACTIVESYNC : SPEAKS_DAV,
		.edit_before = UINT_MAX };
	struct telling t = { .story = &s, .line = line, .n = n };
	if (n == 0 || n != line->n || line->full)
		s.why_not = "a part of it was not captured";
	for (size_t i = 0; i < n && s.why_not == NULL; i++)
		tell_deed(&t, i);
	unsigned seen = line->cycles + t.base;
	s.cycles = t.cycle + 1 > seen ? t.cycle + 1 : seen;
	if (s.cycles > CYCLES_MAX)
		s.cycles = CYCLES_MAX;
	if (t.cycle >= CYCLES_MAX)
		s.why_not = "too many attempts";
	if (s.edit_before == UINT_MAX)
		s.edit_before = s.cycles;
	struct copies_shown copies = lifeline_copies(line, n);
	s.observed = line->copies > copies.live ? (unsigned)line->copies : copies.live;
	return s;
}

uint64_t story_key(const struct story *s)
{
	uint64_t key = mix(mix(mix(81, s->speaks), s->cycles), s->edit_before);
	key = mix(key, (uint64_t)s->tagged << 1 | s->untagged);
	for (size_t i = 0; i < s->n_faults; i++) {
		const struct fault *f = &s->faults[i];
		key = mix(mix(key, (uint64_t)f->what << 32 | f->ordinal),
		    (uint64_t)f->cycle << 32 | f->place);
		key = mix(key, f->kinds);
	}
	return key;
}

/* ---- the same with other players ---- */

/* Finds the request of a run that a fault strikes. */
struct seeking {
	const struct fault *fault;
	bool by_time, found;
	unsigned counts[3], cycle, place, number;
};

static void on_played(void *ctx, const struct played *p)
{
	struct seeking *k = ctx;
	unsigned what = p->request == ON_Q_UPDATE ? SLOT_UPDATE : SLOT_LOOK;
	if (p->request == ON_Q_CREATE)
		what = SLOT_CREATE;
	if (p->cycle != k->cycle)
		k->place = 0;
	k->cycle = p->cycle;
	bool hit = k->by_time ? p->cycle == k->fault->cycle && k->place == k->fault->place :
				what == k->fault->what && k->counts[what] == k->fault->ordinal;
	if (hit && !k->found) {
		k->found = true;
		k->number = p->number;
	}
	k->counts[what]++;
	k->place++;
}

/* One after the other: what a fault does decides what the next one can strike. */
static size_t faults_place(struct scenario *s, const struct story *story, bool by_time,
    const enum accident *kinds, struct mishap mishaps[FAULTS_MAX])
{
	s->mishaps = mishaps;
	s->n_mishaps = 0;
	for (size_t i = 0; i < story->n_faults; i++) {
		struct seeking seeking = { .fault = &story->faults[i], .by_time = by_time };
		s->told = on_played;
		s->ctx = &seeking;
		simulate(s);
		s->told = NULL;
		s->ctx = NULL;
		if (seeking.found)
			mishaps[s->n_mishaps++] = (struct mishap){ seeking.number, kinds[i] };
	}
	return s->n_mishaps;
}

static void predicted_add(struct predicted *p, const struct outcome_played *out, bool first)
{
	p->least = first || out->copies < p->least ? out->copies : p->least;
	p->most = first || out->copies > p->most ? out->copies : p->most;
	p->may_be_dirty |= out->dirty;
	p->may_lose_edit |= out->edit_lost;
	p->requests = first ? out->requests : p->requests;
}

/* The index is made for all plays of it. */
static struct scenario scenario_of(const struct story *story, const struct profile *client,
    const struct profile *server, struct machine_index *index)
{
	machine_index_make(index);
	return (struct scenario){ .client = client,
		.server = server,
		.index = index,
		.cycles = story->cycles,
		.edit_before = story->edit_before };
}

/* An answer rather than a request: where both can be, the client's next attempt shows the same. */
static enum accident accident_likely(uint32_t kinds)
{
	if (kinds & BIT(REPLAYED))
		return REPLAYED;
	return kinds & BIT(ANSWER_LOST) ? ANSWER_LOST : REQUEST_LOST;
}

struct predicting {
	const struct story *story;
	struct scenario scenario;
	struct predicted out;
	bool any, faults;
};

/* All kinds that each fault can have been; by its number, and by its time. */
static void predict_faults(struct predicting *p)
{
	struct mishap mishaps[FAULTS_MAX];
	size_t n = p->faults ? p->story->n_faults : 0;
	for (unsigned choice = 0; choice < 1U << n; choice++) {
		enum accident kinds[FAULTS_MAX];
		bool possible = true;
		for (size_t i = 0; i < n; i++) {
			uint32_t kind = p->story->faults[i].kinds;
			bool two = kind == (BIT(REQUEST_LOST) | BIT(ANSWER_LOST));
			kinds[i] = accident_likely(kind);
			if (two && choice >> i & 1)
				kinds[i] = REQUEST_LOST;
			possible &= two || !(choice >> i & 1);
		}
		unsigned ways = n != 0 ? 2 : 1;
		for (unsigned by_time = 0; possible && by_time < ways; by_time++) {
			if (n != 0)
				faults_place(&p->scenario, p->story, by_time, kinds, mishaps);
			struct outcome_played out = simulate(&p->scenario);
			predicted_add(&p->out, &out, !p->any);
			p->any = true;
		}
	}
}

/* The parameters of a server that a play can depend on, by what it speaks. */
static const struct {
	enum policy policy;
	enum speaks speaks;
} parameters[] = { { POLICY_V1, SPEAKS_DAV }, { POLICY_V2, SPEAKS_DAV }, { POLICY_V3, SPEAKS_DAV },
	{ POLICY_V4, SPEAKS_DAV }, { POLICY_V12, SPEAKS_DAV }, { POLICY_V8, SPEAKS_ACTIVESYNC } };
enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

/* All servers of a set, one after the other. */
struct candidates {
	const struct story *story;
	struct vector one;
	uint8_t values[PARAMETERS][VALUES_MAX];
	unsigned n[PARAMETERS], next, all;
};

bool story_depends(const struct story *story, enum policy policy)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (parameters[i].policy == policy && parameters[i].speaks == story->speaks)
			return true;
	return false;
}

static struct candidates candidates_of(const struct story *story, const struct vector *set)
{
	struct candidates c = { .story = story, .one = *set, .all = 1 };
	for (size_t i = 0; i < PARAMETERS; i++) {
		enum policy p = parameters[i].policy;
		/* Within one collection these two are the same. */
		bool both = p == POLICY_V4 && set->set[p] & V4_COLLECTION;
		unsigned values = set->set[p] & ~(both ? (unsigned)V4_USER : 0U);
		for (unsigned v = 0; v < VALUES_MAX && parameters[i].speaks == story->speaks; v++)
			if (values >> v & 1)
				c.values[i][c.n[i]++] = (uint8_t)v;
		c.all *= c.n[i] != 0 ? c.n[i] : 1;
	}
	return c;
}

/* Together V1 and V2 say whether a create is answered with a version: as it was. */
static bool answers_alike(const struct story *story, const struct vector *one)
{
	unsigned v1 = BIT(one->first[POLICY_V1]), v2 = BIT(one->first[POLICY_V2]);
	bool tags = v1 == V1_ALWAYS || (v1 == V1_IF_EQUAL && v2 == V2_NO);
	return story->tagged == story->untagged || tags == story->tagged;
}

/* Into c->one; false: there is none any more. */
static bool candidates_next(struct candidates *c)
{
	while (c->next < c->all) {
		unsigned rest = c->next++;
		for (size_t i = 0; i < PARAMETERS; i++) {
			if (c->n[i] == 0)
				continue;
			c->one.first[parameters[i].policy] = c->values[i][rest % c->n[i]];
			rest /= c->n[i];
		}
		if (answers_alike(c->story, &c->one))
			return true;
	}
	return false;
}

static struct profile player(const struct story *story, const struct vector *policies)
{
	return (struct profile){ .speaks = story->speaks, .policies = *policies };
}

struct predicted story_predict(const struct story *story, const struct vector *client,
    const struct vector *server, bool faults)
{
	struct candidates all = candidates_of(story, server);
	struct profile c = player(story, client), s = player(story, server);
	struct machine_index index;
	struct predicting p = { .story = story,
		.faults = faults,
		.scenario = scenario_of(story, &c, &s, &index) };
	while (candidates_next(&all)) {
		s.policies = all.one;
		predict_faults(&p);
	}
	return p.out;
}

size_t story_mishaps(const struct story *story, const struct profile *client,
    const struct profile *server, struct mishap out[FAULTS_MAX])
{
	enum accident kinds[FAULTS_MAX];
	struct machine_index index;
	struct scenario scenario = scenario_of(story, client, server, &index);
	for (size_t i = 0; i < story->n_faults; i++)
		kinds[i] = accident_likely(story->faults[i].kinds);
	return faults_place(&scenario, story, false, kinds, out);
}

bool story_allows(const struct story *story, const struct profile *server)
{
	return answers_alike(story, &server->policies);
}

struct trace_of_play {
	struct played *out;
	size_t n, room;
};

static void on_trace(void *ctx, const struct played *p)
{
	struct trace_of_play *t = ctx;
	if (t->n < t->room)
		t->out[t->n++] = *p;
}

size_t story_play(const struct story *story, const struct vector *client,
    const struct vector *server, struct played *out, size_t room)
{
	struct mishap mishaps[FAULTS_MAX];
	struct candidates all = candidates_of(story, server);
	candidates_next(&all);
	struct profile c = player(story, client), s = player(story, &all.one);
	struct machine_index index;
	struct scenario scenario = scenario_of(story, &c, &s, &index);
	struct trace_of_play trace = { out, 0, room };
	scenario.n_mishaps = story_mishaps(story, &c, &s, mishaps);
	scenario.mishaps = mishaps;
	scenario.told = on_trace;
	scenario.ctx = &trace;
	simulate(&scenario);
	return trace.n;
}

/* ---- the worst ---- */

enum { REQUESTS = 8 }; /* as many of them may be struck */

/* The choice-th way to place n faults; false: not one behind the other. */
static bool mishaps_choose(struct mishap *mishaps, unsigned n, unsigned choice)
{
	enum { KINDS = ACCIDENTS - 1 };
	for (unsigned i = 0; i < n; i++, choice /= REQUESTS * KINDS) {
		unsigned one = choice % (REQUESTS * KINDS);
		mishaps[i] = (struct mishap){ one / KINDS, (enum accident)(1 + one % KINDS) };
		if (i != 0 && mishaps[i].request <= mishaps[i - 1].request)
			return false;
	}
	return true;
}

static void worst_add(struct scenario *s, struct mishap *mishaps, unsigned faults,
    struct predicted *worst, bool *any)
{
	unsigned choices = 1;
	s->mishaps = mishaps;
	for (unsigned n = 0; n <= faults; n++, choices *= REQUESTS * (ACCIDENTS - 1)) {
		s->n_mishaps = n;
		for (unsigned choice = 0; choice < choices; choice++) {
			if (!mishaps_choose(mishaps, n, choice))
				continue;
			struct outcome_played out = simulate(s);
			predicted_add(worst, &out, !*any);
			*any = true;
		}
	}
}

struct predicted story_worst(const struct story *story, const struct vector *client,
    const struct vector *server, unsigned faults)
{
	struct mishap mishaps[FAULTS_MAX];
	struct predicted worst = { 0 };
	bool any = false;
	struct candidates all = candidates_of(story, server);
	struct profile c = player(story, client), s = player(story, server);
	struct machine_index index;
	struct scenario scenario = scenario_of(story, &c, &s, &index);
	ensure(faults <= 2, NULL);
	while (candidates_next(&all)) {
		s.policies = all.one;
		worst_add(&scenario, mishaps, faults, &worst, &any);
	}
	return worst;
}
