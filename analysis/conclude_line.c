/*
 * conclude_line.c - what became of one item: what happened to it, how it ended, and what other clients would
 * have made of it.
 */
#include "analysis/conclude.h"
#include "analysis/whatif.h"

#include <string.h>

const char *const trigger_words[] = { "untagged-create", "lost-create", "name-taken", "uid-taken",
	NULL };
const char *const ending_words[] = { "well", "copies", "stuck", "open", NULL };

/* ---- what happened to it ---- */

static void trigger(struct line_view *v, enum trigger what, const struct deed *d)
{
	if (!(v->triggers & BIT(what)))
		v->trigger_at[what] = deed_stamp(d);
	v->triggers |= BIT(what);
}

/* What is seen of the item and its client behind the deed. */
static void line_later(const struct concluding *x, struct line_view *v, const struct lifeline *line,
    size_t n, size_t at)
{
	const struct deed *d = &line->deeds[at];
	v->later_cycles = line->cycles - 1U;
	v->later_cycles = v->later_cycles > d->cycle ? v->later_cycles - d->cycle : 0;
	v->watched_ns = ns_apart(ledger_last_seen(x->ledger, line), d->ns);
	v->held = false;
	for (size_t i = at + 1; i < n; i++)
		v->held |= line->deeds[i].answer == ON_R_OK && line->deeds[i].id == d->id &&
		    d->id != 0 &&
		    (line->deeds[i].request == ON_Q_UPDATE ||
			line->deeds[i].request == ON_Q_DELETE);
}

static void line_triggers(const struct concluding *x, struct line_view *v,
    const struct lifeline *line, size_t n)
{
	int64_t before = 0;
	for (size_t i = 0; i < n; i++) {
		const struct deed *d = &line->deeds[i];
		if (!deed_creates(line, i))
			continue;
		if (before != 0 && ns_apart(d->ns, before) > v->retry_ns)
			v->retry_ns = ns_apart(d->ns, before);
		before = d->ns;
		if (d->answer == ON_R_OK && d->tag_seen == ABSENT)
			trigger(v, TRIGGER_UNTAGGED, d);
		if (d->flags & DEED_OPEN)
			trigger(v, TRIGGER_LOST, d);
		if (d->answer == ON_R_PRECOND)
			trigger(v, TRIGGER_NAME_TAKEN, d);
		if (d->answer == ON_R_UIDCONFLICT)
			trigger(v, TRIGGER_UID_TAKEN, d);
		if (d->answer != ON_R_OK || d->tag_seen != PRESENT)
			line_later(x, v, line, n, i);
	}
}

static bool may_be(const struct replay *r, uint32_t states)
{
	for (size_t i = 0; i < r->n_states; i++)
		if (BIT(r->states[i]) & states)
			return true;
	return false;
}

#define STUCK_STATES (BIT(STATE_STUCK) | BIT(STATE_POIS))
#define OPEN_STATES \
	(BIT(STATE_NEW) | BIT(STATE_AGAIN) | BIT(STATE_C_FLY) | BIT(STATE_C_UNK) | BIT(STATE_REC))

/* NULL: there was no room for one more product. */
static const struct client_view *client_of(const struct concluding *x, const struct lifeline *line)
{
	return line->software < x->n_clients ? &x->clients[line->software] : NULL;
}

/* Its last write was confirmed: whatever is still read, the client has it as stored. */
static bool is_confirmed(const struct lifeline *line, size_t n)
{
	while (n != 0 && !deed_is_write(&line->deeds[n - 1]))
		n--;
	return n != 0 && line->deeds[n - 1].answer == ON_R_OK;
}

/* What other items of this client show counts for this one, too. */
static enum ending line_ending(const struct concluding *x, const struct line_view *v,
    const struct lifeline *line, size_t n)
{
	if (v->copies > 1)
		return ENDED_COPIES;
	const struct client_view *c = client_of(x, line);
	struct replay r = c != NULL ? lifeline_replay(line, n, &c->fit) : lifeline_fit(line, n);
	if (r.verdict == VIOLATES)
		r = lifeline_fit(line, n);
	uint32_t open = OPEN_STATES & ~(is_confirmed(line, n) ? BIT(STATE_REC) : 0);
	if (r.n_states != 0 && !may_be(&r, ~STUCK_STATES))
		return ENDED_STUCK;
	if (v->triggers == 0 && v->open_copies == 0)
		return ENDED_WELL;
	if (v->open_copies != 0 || r.verdict == NOT_DECIDED || may_be(&r, open))
		return ENDED_OPEN;
	return ENDED_WELL;
}

/* ---- other clients ---- */

enum { TRACE_MAX = 64 };

static bool is_look(unsigned request)
{
	return request == ON_Q_READ || request == ON_Q_LIST || request == ON_Q_DELTA;
}

/* Behind the looks that stand at `at`; a client may look more often than it has to. */
static size_t looks_end(const struct lifeline *line, size_t n, size_t at)
{
	while (at < n && is_look(line->deeds[at].request))
		at++;
	return at;
}

/* Whether two creates in a row have one name. */
static bool names_agree(const struct lifeline *line, size_t before, size_t at,
    const struct played *trace, size_t played_before, size_t played)
{
	bool first = before == at, same = line->deeds[before].target == line->deeds[at].target;
	return first || line->activesync ||
	    same == (trace[played_before].name == trace[played].name);
}

static void diverge(struct whatif_view *w, const struct lifeline *line, size_t at, bool behind,
    unsigned instead)
{
	w->at = deed_stamp(&line->deeds[behind ? at - 1 : at]);
	w->behind = behind;
	w->instead = (enum machine_event)instead;
}

/* The first request that the other client does not send, or sends besides. */
static void divergence(struct whatif_view *w, const struct lifeline *line, size_t n,
    const struct played *trace, size_t n_trace)
{
	size_t at = 0, create = 0, played = 0; /* the last create of both */
	for (size_t i = 0; i < n_trace; i++) {
		unsigned request = trace[i].request;
		if (is_look(request)) {
			if (at == n || !is_look(line->deeds[at].request)) {
				diverge(w, line, at, at != 0, request);
				return;
			}
			at++;
			continue;
		}
		at = looks_end(line, n, at);
		if (at == n) {
			diverge(w, line, n, true, request);
			return;
		}
		bool other = line->deeds[at].request != request &&
		    !(line->deeds[at].flags & DEED_EITHER);
		if (request == ON_Q_CREATE && !other) {
			other = !names_agree(line, i == 0 ? at : create, at, trace, played, i);
			create = at;
			played = i;
		}
		if (other) {
			diverge(w, line, at, false, request);
			return;
		}
		at++;
	}
	at = looks_end(line, n, at);
	if (at < n)
		diverge(w, line, at, false, MACHINE_EVENTS);
}

static bool is_certain(const struct predicted *p)
{
	return p->least == p->most;
}

/* Of what the server did not show: that which makes a difference. */
static uint64_t assumptions(const struct story *story, const struct vector *client,
    const struct vector *server)
{
	uint64_t assumed = 0;
	for (unsigned p = POLICY_ANY + 1; p < POLICIES; p++) {
		struct predicted before = { 0 };
		bool any = false;
		if (!story_depends(story, (enum policy)p))
			continue;
		for (unsigned value = 0; value < policy_values((enum policy)p); value++) {
			struct vector one = *server;
			if (!(server->set[p] >> value & 1))
				continue;
			one.set[p] = (uint8_t)BIT(value);
			struct predicted out = story_predict(story, client, &one, true);
			if (any && (out.least != before.least || out.most != before.most))
				assumed |= UINT64_C(1) << p;
			before = out;
			any = true;
		}
	}
	return assumed;
}

/* Behind the divergence it only asks for what somebody was seen to be told. */
static bool all_observed(const struct lifeline *line, const struct whatif_view *w,
    const struct played *trace, size_t n_trace)
{
	unsigned writes = 0, made = 0;
	for (size_t i = 0; i < line->n; i++)
		made += deed_is_write(&line->deeds[i]) &&
		    (w->at.frame == 0 || line->deeds[i].order <= w->at.order);
	for (size_t i = 0; i < n_trace; i++) {
		writes += !is_look(trace[i].request);
		if (is_look(trace[i].request) && !line->tagged_read)
			return false;
	}
	return writes <= made;
}

static uint64_t setting_key(const struct story *story, const struct profile *profile,
    const struct vector *server)
{
	uint64_t key = story_key(story);
	for (unsigned p = POLICY_ANY + 1; p < POLICIES; p++)
		key = mix(key,
		    (uint64_t)server->set[p] << 16 | (uint64_t)profile->policies.set[p] << 8 |
			profile->policies.first[p]);
	return key;
}

static const struct remembered *remember(struct concluding *x, const struct story *story,
    const struct profile *profile, const struct vector *server)
{
	uint64_t key = setting_key(story, profile, server);
	struct remembered *r = &x->remembered[key % REMEMBERED];
	const struct vector *client = &profile->policies;
	if (r->key == key)
		return r;
	x->stories_left--;
	*r = (struct remembered){ .key = key,
		.out = story_predict(story, client, server, true),
		.one_fault = story_worst(story, client, server, 1),
		.two_faults = story_worst(story, client, server, 2) };
	if (!is_certain(&r->out))
		r->assumed = assumptions(story, client, server);
	return r;
}

static struct whatif_view whatif(struct concluding *x, const struct story *story,
    const struct lifeline *line, size_t n, const struct profile *profile,
    const struct vector *server)
{
	struct whatif_view w = { .profile = profile, .instead = MACHINE_EVENTS };
	struct played trace[TRACE_MAX];
	const struct vector *client = &profile->policies;
	size_t n_trace = story_play(story, client, server, trace, TRACE_MAX);
	divergence(&w, line, n, trace, n_trace);
	const struct remembered *known = remember(x, story, profile, server);
	w.out = known->out;
	w.one_fault = known->one_fault;
	w.two_faults = known->two_faults;
	w.assumed = known->assumed;
	if (is_certain(&w.out))
		w.grade = all_observed(line, &w, trace, n_trace) ? GRADE_A : GRADE_B;
	else
		w.grade = GRADE_C;
	return w;
}

/* ---- whose fault it is ---- */

/* The client as it is: what its items show, the rest as the profile has it that it announces, or as is best. */
static struct vector vector_observed(const struct concluding *x, const struct client_view *c,
    const struct lifeline *line, size_t n)
{
	struct replay r = lifeline_replay(line, n, &c->fit);
	const struct profile *base = profile_find(x->profiles, "ideal");
	struct vector v = r.verdict == VIOLATES ? c->fit : r.left;
	size_t shown_at[POLICIES];
	lifeline_habits(line, n, &v, shown_at);
	for (size_t i = c->n_checks; i-- != 0;)
		if (c->checks[i].by_agent && c->checks[i].verdict != VIOLATES)
			base = c->checks[i].profile;
	for (unsigned p = POLICY_ANY + 1; p < POLICIES; p++) {
		unsigned first = base != NULL ? base->policies.first[p] : 0;
		while (!(v.set[p] >> first & 1))
			first = (first + 1) % VALUES_MAX;
		v.first[p] = (uint8_t)first;
	}
	return v;
}

static void set_only(struct vector *v, enum policy policy, unsigned value)
{
	v->set[policy] = (uint8_t)value;
}

/* The same server without what lets the copies come about. */
static struct vector without_trait(const struct vector *server, uint32_t triggers)
{
	struct vector v = *server;
	if (triggers & BIT(TRIGGER_UNTAGGED)) {
		set_only(&v, POLICY_V1, V1_ALWAYS);
		set_only(&v, POLICY_V2, V2_NO);
	} else {
		set_only(&v, POLICY_V4, V4_COLLECTION);
		set_only(&v, POLICY_V8, V8_KEY_CLIENT_ID);
	}
	return v;
}

static void butfor(struct butfor_view *b, const struct story *story, const struct vector *observed,
    const struct vector *server, uint32_t triggers)
{
	const struct vector clean = without_trait(server, triggers);
	struct story here = *story, other;
	here.cycles = story->acted; /* later ones were left to a client that did no more */
	other = here;
	if (triggers & BIT(TRIGGER_UNTAGGED))
		other.tagged = other.untagged = false;
	for (unsigned parts = 0; parts < PARTS; parts++)
		b->without[parts] = story_predict(parts & PART_SERVER ? &other : &here,
		    parts & PART_CLIENT ? &b->profile->policies : observed,
		    parts & PART_SERVER ? &clean : server, !(parts & PART_NETWORK));
	b->reproduced = b->without[0].least <= story->observed &&
	    story->observed <= b->without[0].most;
	for (unsigned part = 1; part < PARTS; part <<= 1)
		if (b->without[part].most <= 1 && b->without[0].most > 1)
			b->necessary |= part;
}

/* ---- together ---- */

static size_t profiles_of(const struct concluding *x, const struct client_view *c,
    const struct lifeline *line, const struct profile **out, size_t room)
{
	enum speaks speaks = line->activesync ? SPEAKS_ACTIVESYNC : SPEAKS_DAV;
	const struct profile *ideal = profile_find(x->profiles, "ideal");
	size_t n = 0;
	for (size_t i = 0; i < c->n_checks && n < room; i++)
		if (c->checks[i].profile->speaks == speaks &&
		    (!c->checks[i].by_agent || c->checks[i].profile == x->wish.profile))
			out[n++] = c->checks[i].profile;
	bool there = ideal == NULL || ideal->speaks != speaks || n == room;
	for (size_t i = 0; i < n; i++)
		there |= out[i] == ideal;
	if (!there)
		out[n++] = ideal;
	return n;
}

/* The client that explains it: the announced one before others, those before the ideal. */
static const struct profile *client_played(const struct concluding *x, const struct client_view *c,
    const struct lifeline *line)
{
	enum speaks speaks = line->activesync ? SPEAKS_ACTIVESYNC : SPEAKS_DAV;
	const struct profile *found = NULL;
	for (size_t i = 0; i < c->n_checks; i++) {
		const struct check_view *v = &c->checks[i];
		if (v->verdict != VIOLATES && v->profile->speaks == speaks &&
		    (found == NULL || v->by_agent))
			found = v->profile;
		if (found == v->profile && v->by_agent)
			break;
	}
	for (const struct profile *p = profiles_first(x->profiles); p != NULL && found == NULL;
	     p = p->next)
		if (p->side == SIDE_CLIENT && p->speaks == speaks &&
		    vector_agrees(&p->policies, &c->fit))
			found = p;
	return found;
}

static const struct profile *server_played(const struct concluding *x, const struct story *story,
    const struct server_view *v)
{
	for (const struct profile *p = profiles_first(x->profiles); v != NULL && p != NULL;
	     p = p->next)
		if (p->side == SIDE_SERVER && p->speaks == story->speaks && server_agrees(p, v) &&
		    story_allows(story, p) &&
		    (v->flavour == FLAVOUR_EXCHANGE) ==
			slice_starts(slice_from(p->name), SLICE("exchange-")))
			return p;
	return NULL;
}

static bool line_scenario(struct concluding *x, const struct story *story,
    const struct client_view *c, const struct lifeline *line, struct line_view *v)
{
	struct scenario_view *s = arena_alloc(x->arena, sizeof(*s));
	struct mishap mishaps[FAULTS_MAX], *kept = arena_alloc(x->arena, sizeof(mishaps));
	if (s == NULL || kept == NULL)
		return false;
	*s = (struct scenario_view){ .client = client_played(x, c, line),
		.server = server_played(x, story, servers_of(x->servers, line->scope)),
		.cycles = story->cycles,
		.edit_before = story->edit_before,
		.mishaps = kept };
	if (s->client != NULL && s->server != NULL)
		s->n_mishaps = story_mishaps(story, s->client, s->server, mishaps);
	memcpy(kept, mishaps, s->n_mishaps * sizeof(*mishaps));
	v->scenario = s;
	return true;
}

/* What other clients would have made of it; the table is held against the best of them. */
static bool line_whatifs(struct concluding *x, const struct lifeline *line, size_t n,
    struct line_view *v)
{
	enum { MOST = 8 };
	const struct profile *profiles[MOST];
	const struct client_view *c = client_of(x, line);
	const struct server_view *server = servers_of(x->servers, line->scope);
	struct story story = story_of(line, n);
	v->why_not = story.why_not;
	if (c == NULL || v->why_not != NULL)
		return true;
	if (!line_scenario(x, &story, c, line, v))
		return false;
	bool bad = v->ending == ENDED_COPIES || v->ending == ENDED_STUCK;
	if (!bad && x->wish.profile == NULL)
		return true;
	const struct vector fit = server != NULL ? server->fit : vector_any();
	size_t n_profiles = profiles_of(x, c, line, profiles, MOST);
	struct whatif_view *w = arena_alloc(x->arena, (n_profiles + 1) * sizeof(*w));
	if (w == NULL)
		return false;
	for (size_t i = 0; i < n_profiles; i++) {
		if (x->stories_left == 0) {
			v->why_not =
			    "too many items went wrong, each in another way: limit stories";
			return true;
		}
		w[i] = whatif(x, &story, line, n, profiles[i], &fit);
	}
	v->whatifs = w;
	v->n_whatifs = n_profiles;
	if (v->copies < 2 || n_profiles == 0)
		return true;
	struct butfor_view *b = arena_alloc(x->arena, sizeof(*b));
	if (b == NULL)
		return false;
	const struct vector observed = vector_observed(x, c, line, n);
	*b = (struct butfor_view){ .profile = profiles[0] };
	butfor(b, &story, &observed, &fit, v->triggers);
	v->butfor = b;
	if (!b->reproduced) { /* what it makes of other clients says nothing either */
		v->why_not = "the model does not reproduce what the capture shows";
		v->n_whatifs = 0;
	}
	return true;
}

bool line_conclude(struct concluding *x, const struct lifeline *line, struct line_view *v)
{
	struct sight sight = lifeline_sight(x->ledger, line);
	struct copies_shown copies = lifeline_copies(line, sight.whole);
	if (line->cleared && line->copies == 0 && copies.live > 1)
		copies.live = 1;
	unsigned stored = line->copies > copies.live ? (unsigned)line->copies : copies.live;
	unsigned found = stored - copies.live; /* by the store: they are some of the open ones */
	*v = (struct line_view){ .number = line->number,
		.text = line->text,
		.peer = line->peer_name,
		.client = line->software,
		.first = deed_stamp(&line->deeds[0]),
		.last = deed_stamp(&line->deeds[line->n - 1]),
		.creates = copies.creates,
		.copies = stored,
		.open_copies = copies.open > found ? copies.open - found : 0,
		.cause = (enum cause)line->cause,
		.whole = !sight.before && !sight.after };
	line_triggers(x, v, line, sight.whole);
	v->ending = line_ending(x, v, line, sight.whole);
	bool quiet = v->ending != ENDED_COPIES && v->ending != ENDED_STUCK && v->triggers == 0;
	if (x->wish.facts_only || (quiet && x->wish.profile == NULL))
		return true;
	return line_whatifs(x, line, sight.whole, v);
}
