/*
 * sequence.c - rules about steps in order: a first positive step opens a try, each later event serves
 * one step of it. A negative step kills the tries that stand at it; the last one is due when the time
 * of the try has passed.
 */
#include "rules/due.h"

#include <string.h>

enum { FLOWS_KEPT = 4 };

struct sequence_key {
	struct key key;
	struct try *tries; /* oldest first */
	uint32_t n_tries;
	uint64_t n_flows; /* seen so far; the last FLOWS_KEPT of them are in `flows` */
	uint64_t flows[FLOWS_KEPT];
	int64_t forbidden, doubtful; /* when a leading negative step was true, was unknown, last */
};

/* One event at one rule. */
struct visit {
	struct rules *rules;
	struct rule_state *state;
	const struct sequence *sequence;
	const struct event *event;
	struct moment moment;
	uint64_t serial; /* of the visit */
	int64_t suppressed_until;
	struct key_text opening; /* key of the first positive step */
	bool opens;
};

static const struct sequence *sequence_of(const struct key *k)
{
	return &k->space->owner->rule->sequence;
}

unsigned sequence_first(const struct sequence *q)
{
	unsigned i = 0;
	while (i < q->n_steps && q->steps[i].negative)
		i++;
	return i;
}

/* The positive step a try waits for; n_steps: none. */
static unsigned next_positive(const struct sequence *q, unsigned from)
{
	while (from < q->n_steps && q->steps[from].negative)
		from++;
	return from;
}

static size_t positive_steps(const struct sequence *q)
{
	size_t n = 0;
	for (size_t i = 0; i < q->n_steps; i++)
		n += !q->steps[i].negative;
	return n;
}

static bool ends_negative(const struct sequence *q)
{
	return q->steps[q->n_steps - 1].negative;
}

/* ---- tries ---- */

static size_t try_size(const struct sequence *q)
{
	return sizeof(struct try) + positive_steps(q) * sizeof(struct witness *);
}

/* It is in no list any more. */
static void try_free(struct store *s, struct try *t)
{
	for (size_t i = 0; i < t->n_witnesses; i++)
		witness_free(s, t->witnesses[i]);
	store_release(s, t->limit_key, t->n_limit_key);
	store_release(s, t, try_size(sequence_of(&t->key->key)));
}

static void try_unlink(struct store *s, struct try *t)
{
	struct try **link = &t->key->tries;
	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	t->key->n_tries--;
	due_remove(s, t);
}

static void try_end(struct store *s, struct try *t)
{
	try_unlink(s, t);
	try_free(s, t);
}

static void sequence_clear(struct store *s, struct key *k)
{
	struct sequence_key *sk = (struct sequence_key *)k;
	while (sk->tries != NULL)
		try_end(s, sk->tries);
}

static bool recent(const struct sequence *q, int64_t then, int64_t now)
{
	return then != NEVER && ns_sub(now, then) < q->within_ns;
}

static bool sequence_idle(const struct key *k, int64_t now)
{
	const struct sequence_key *sk = (const struct sequence_key *)k;
	const struct sequence *q = sequence_of(k);
	return sk->tries == NULL && !recent(q, sk->forbidden, now) && !recent(q, sk->doubtful, now);
}

const struct use sequence_use = { sizeof(struct sequence_key), sequence_idle, sequence_clear };

static void flow_remember(struct sequence_key *k, uint64_t flow)
{
	size_t kept = k->n_flows < FLOWS_KEPT ? k->n_flows : FLOWS_KEPT;
	for (size_t i = 0; i < kept; i++)
		if (k->flows[i] == flow)
			return;
	k->flows[k->n_flows % FLOWS_KEPT] = flow;
	k->n_flows++;
}

/* ---- firing ---- */

/* Where the claim begins that something did not happen. */
static int64_t claim_start(const struct sequence *q, const struct try *t)
{
	return q->steps[0].negative ? ns_sub(t->first, q->within_ns) : t->first;
}

static bool has_negative(const struct sequence *q)
{
	return positive_steps(q) != q->n_steps;
}

/* What was not seen is only claimed when it would have been seen. */
static enum outcome try_outcome(const struct rules *r, const struct rule_state *s,
    const struct try *t)
{
	const struct sequence *q = &s->rule->sequence;
	int64_t from = claim_start(q, t);
	size_t kept = t->key->n_flows < FLOWS_KEPT ? t->key->n_flows : FLOWS_KEPT;
	if (!has_negative(q))
		return CONCLUSIVE;
	if (losses_since(r->losses, t->key->flows, kept, from))
		return INCONCLUSIVE_LOSS;
	if (t->tainted || (s->blurred != NEVER && s->blurred >= from))
		return INCONCLUSIVE_UNKNOWN;
	if (q->steps[0].negative && s->keys.forgotten != NEVER && s->keys.forgotten > from)
		return INCONCLUSIVE_UNKNOWN;
	return t->young ? INCONCLUSIVE_EOF : CONCLUSIVE;
}

static void draft_steps(struct draft *d, const struct sequence *q, const struct try *t)
{
	size_t done = 0;
	for (size_t i = 0; i < q->n_steps && done < t->n_witnesses; i++) {
		if (q->steps[i].negative)
			continue;
		draft_witness(d, t->witnesses[done]);
		draft_step(d, q->steps[i].name, t->witnesses[done++]);
	}
}

/* The try is in no list any more; its key is held. */
static void try_fire(struct rules *r, const struct try *t, const struct occasion *base)
{
	struct rule_state *s = t->key->key.space->owner;
	struct occasion o = *base;
	o.suppressed_until = t->suppressed_until;
	o.count = o.distinct = t->n_witnesses;
	o.first_ns = t->first;
	o.last_ns = t->witnesses[t->n_witnesses - 1]->ns;
	o.key = &t->key->key;
	uint64_t kept_back = 0;
	if (!finding_allowed(r, s, &o, &kept_back))
		return;
	struct draft *d = draft_begin(r, s, &o, kept_back);
	draft_steps(d, &s->rule->sequence, t);
	draft_send(r, s, d, &o);
}

static void try_fire_at_event(const struct visit *v, struct try *t)
{
	struct occasion o = { .outcome = try_outcome(v->rules, v->state, t),
		.event = v->event,
		.at = v->event->at,
		.moment = v->moment };
	try_fire(v->rules, t, &o);
}

/* The stamp of the last event, at the time that has passed. */
static void try_fire_at_deadline(struct rules *r, struct try *t, enum outcome outcome, int64_t ns)
{
	const struct witness *last = t->witnesses[t->n_witnesses - 1];
	struct occasion o = { .outcome = outcome,
		.moment = { .ns = ns, .believed = true },
		.limit_key = { t->limit_key, t->n_limit_key } };
	if (last->n_packets != 0)
		o.at = witness_packet(last, last->n_packets - 1u);
	o.at.ns = ns;
	try_fire(r, t, &o);
}

/* ---- serving ---- */

/* What else is wanted of an event once it is gone. False: no memory. */
static bool try_keep_limit_key(const struct visit *v, struct try *t)
{
	const struct sequence *q = v->sequence;
	bool last = ends_negative(q) && next_positive(q, t->step) == q->n_steps;
	if (!last || v->state->rule->limit.max == 0)
		return true;
	struct key_text text;
	limiter_key(v->rules, v->state, v->event, &text);
	t->limit_key = store_alloc(&v->rules->store, text.n);
	if (t->limit_key == NULL)
		return false;
	t->n_limit_key = (uint16_t)text.n;
	memcpy(t->limit_key, text.bytes, text.n);
	return true;
}

/* False: no memory; the try is of no use then. */
static bool try_serve(const struct visit *v, struct try *t, unsigned step)
{
	struct witness *w = witness_new(&v->rules->store, v->event, v->moment.ns, true);
	if (w == NULL)
		return false;
	t->witnesses[t->n_witnesses++] = w;
	t->step = (uint8_t)(step + 1);
	t->served = v->serial;
	if (v->suppressed_until > t->suppressed_until)
		t->suppressed_until = v->suppressed_until;
	flow_remember(t->key, w->flow);
	return try_keep_limit_key(v, t);
}

/* Fires, or waits for the next step. */
static void try_after_step(const struct visit *v, struct try *t)
{
	if (t->step < v->sequence->n_steps)
		return;
	try_unlink(&v->rules->store, t);
	try_fire_at_event(v, t);
	try_free(&v->rules->store, t);
}

static void try_advance(const struct visit *v, struct try *t, unsigned step)
{
	if (try_serve(v, t, step)) {
		try_after_step(v, t);
		return;
	}
	v->state->counts.evicted++;
	try_end(&v->rules->store, t);
}

static bool try_waits_for(const struct visit *v, const struct try *t, unsigned step)
{
	return t->served != v->serial && next_positive(v->sequence, t->step) == step &&
	    ns_sub(v->moment.ns, t->first) < v->sequence->within_ns;
}

/* ---- one event ---- */

/* ABSENT: it is surely of no key. */
static enum seen step_key(const struct visit *v, unsigned step, struct key_text *text)
{
	bool absent = false, unseen = false;
	key_begin(text, &v->state->keys);
	for (size_t i = 0; i < v->sequence->by.n; i++) {
		enum seen seen = key_add(text, &v->sequence->steps[step].keys[i], v->event);
		absent |= seen == ABSENT;
		unseen |= seen == NOT_OBSERVED;
	}
	key_end(text, &v->rules->store);
	if (absent || unseen)
		v->state->counts.keyless++;
	return absent ? ABSENT : unseen ? NOT_OBSERVED : PRESENT;
}

static struct sequence_key *key_held(const struct visit *v, struct key *k)
{
	if (k == NULL)
		return NULL;
	k->pins++;
	key_touch(&v->rules->store, k, v->moment.ns);
	return (struct sequence_key *)k;
}

static void key_leave(const struct visit *v, struct sequence_key *k)
{
	k->key.pins--;
	key_drop_idle(&v->rules->store, &k->key);
}

/* A key made now has no past. */
static struct sequence_key *key_held_or_new(const struct visit *v, const struct key_text *text)
{
	struct store *s = &v->rules->store;
	bool known = key_find(s, &v->state->keys, text) != NULL;
	struct sequence_key *k = key_held(v, key_take(s, &v->state->keys, text));
	if (k != NULL && !known)
		k->forbidden = k->doubtful = NEVER;
	return k;
}

static void latest(int64_t *then, int64_t ns)
{
	if (ns > *then)
		*then = ns;
}

static void forbid_opening(const struct visit *v, const struct key_text *text, bool sure)
{
	struct sequence_key *k = key_held_or_new(v, text);
	if (k == NULL) {
		latest(&v->state->keys.forgotten, v->rules->clock.now);
		return;
	}
	latest(sure ? &k->forbidden : &k->doubtful, v->moment.ns);
	flow_remember(k, event_flow(v->event, v->rules->store.hash_key));
	key_leave(v, k);
}

static bool stands_at(const struct sequence *q, const struct try *t, unsigned step)
{
	return step >= t->step && step < next_positive(q, t->step);
}

static void kill_tries(const struct visit *v, const struct key_text *text, unsigned step, bool sure)
{
	struct store *s = &v->rules->store;
	struct sequence_key *k = key_held(v, key_find(s, &v->state->keys, text));
	if (k == NULL)
		return;
	struct try *next = NULL;
	for (struct try *t = k->tries; t != NULL; t = next) {
		next = t->next;
		if (!stands_at(v->sequence, t, step) ||
		    ns_sub(v->moment.ns, t->first) >= v->sequence->within_ns)
			continue;
		t->tainted |= !sure;
		if (sure)
			try_end(s, t);
	}
	flow_remember(k, event_flow(v->event, s->hash_key));
	key_leave(v, k);
}

/* An event whose key was not seen may have been of any key. */
static void negative_step(const struct visit *v, unsigned step, bool sure)
{
	struct key_text text;
	enum seen seen = step_key(v, step, &text);
	if (seen == NOT_OBSERVED)
		latest(&v->state->blurred, v->rules->clock.now);
	if (seen != PRESENT)
		return;
	if (step < sequence_first(v->sequence))
		forbid_opening(v, &text, sure);
	else
		kill_tries(v, &text, step, sure);
}

static bool same_text(const struct key_text *a, const struct key_text *b)
{
	return slice_equal((struct slice){ a->bytes, a->n }, (struct slice){ b->bytes, b->n });
}

/* An event that serves a try of its key opens no other. */
static void positive_step(struct visit *v, unsigned step)
{
	struct key_text text;
	if (step_key(v, step, &text) != PRESENT)
		return;
	struct sequence_key *k = key_held(v, key_find(&v->rules->store, &v->state->keys, &text));
	if (k == NULL)
		return;
	struct try *next = NULL;
	for (struct try *t = k->tries; t != NULL; t = next) {
		next = t->next;
		if (!try_waits_for(v, t, step))
			continue;
		if (v->opens && same_text(&text, &v->opening))
			v->opens = false;
		try_advance(v, t, step);
	}
	key_leave(v, k);
}

static struct try *try_new(const struct visit *v, struct sequence_key *k)
{
	struct store *s = &v->rules->store;
	size_t size = try_size(v->sequence);
	if (k->n_tries >= v->rules->options.limits->rule_tries) {
		try_end(s, k->tries);
		v->state->counts.evicted++;
	}
	struct try *t = store_alloc(s, size);
	if (t == NULL)
		return NULL;
	memset(t, 0, size);
	t->key = k;
	t->first = v->moment.ns;
	t->deadline = ns_add(t->first, v->sequence->within_ns);
	t->opened = v->serial;
	t->suppressed_until = NEVER;
	t->tainted = recent(v->sequence, k->doubtful, t->first);
	t->young = v->sequence->steps[0].negative &&
	    ns_sub(t->first, v->rules->clock.start) < v->sequence->within_ns;
	if (due_add(s, t))
		return t;
	store_release(s, t, size);
	return NULL;
}

static void try_open(const struct visit *v, struct sequence_key *k)
{
	struct try *t = try_new(v, k);
	if (t == NULL) {
		v->state->counts.evicted++;
		return;
	}
	struct try **link = &k->tries;
	while (*link != NULL)
		link = &(*link)->next;
	*link = t;
	k->n_tries++;
	try_advance(v, t, sequence_first(v->sequence));
}

static void sequence_open(const struct visit *v)
{
	struct sequence_key *k = key_held_or_new(v, &v->opening);
	if (k == NULL)
		return;
	if (!recent(v->sequence, k->forbidden, v->moment.ns))
		try_open(v, k);
	key_leave(v, k);
}

/* A negative step counts before a positive one: in doubt there is no alert. */
static void negative_steps(const struct visit *v, uint32_t yes, uint32_t maybe)
{
	for (unsigned i = 0; i < v->sequence->n_steps; i++)
		if (v->sequence->steps[i].negative && ((yes | maybe) >> i & 1))
			negative_step(v, i, yes >> i & 1);
}

static void positive_steps_do(struct visit *v, uint32_t yes)
{
	unsigned first = sequence_first(v->sequence);
	if (yes >> first & 1)
		v->opens = step_key(v, first, &v->opening) == PRESENT;
	for (unsigned i = first + 1; i < v->sequence->n_steps; i++)
		if (yes >> i & 1 && !v->sequence->steps[i].negative)
			positive_step(v, i);
	if (v->opens)
		sequence_open(v);
}

static uint32_t positive_mask(const struct sequence *q)
{
	uint32_t mask = 0;
	for (unsigned i = 0; i < q->n_steps; i++)
		mask |= (uint32_t)!q->steps[i].negative << i;
	return mask;
}

void sequence_event(struct rules *r, struct rule_state *s, const struct event *e,
    struct moment moment, uint32_t yes, uint32_t maybe)
{
	struct visit v = { .rules = r,
		.state = s,
		.sequence = &s->rule->sequence,
		.event = e,
		.moment = moment,
		.serial = ++r->serial };
	s->counts.unknown += maybe != 0;
	negative_steps(&v, yes, maybe);
	if (!(yes & positive_mask(v.sequence)))
		return;
	s->counts.matches++;
	if (rule_excepts(r, s))
		return;
	v.suppressed_until = suppressed_until(r, s);
	positive_steps_do(&v, yes);
}

/* ---- time passes ---- */

static bool waits_for_time(const struct try *t)
{
	const struct sequence *q = sequence_of(&t->key->key);
	return next_positive(q, t->step) == q->n_steps;
}

/* The earliest one; `at_eof`: its time has not come and never will. */
static void try_due(struct rules *r, bool at_eof)
{
	struct store *s = &r->store;
	struct try *t = due_first(s);
	struct sequence_key *k = t->key;
	struct rule_state *state = k->key.space->owner;
	k->key.pins++;
	try_unlink(s, t);
	if (waits_for_time(t)) {
		bool open = at_eof && !state->rule->sequence.fire_at_eof;
		try_fire_at_deadline(r, t, open ? INCONCLUSIVE_EOF : try_outcome(r, state, t),
		    at_eof ? r->clock.now : t->deadline);
	}
	try_free(s, t);
	k->key.pins--;
	key_drop_idle(s, &k->key);
}

void sequence_expire(struct rules *r, int64_t now)
{
	while (r->store.n_due != 0 && due_first(&r->store)->deadline <= now)
		try_due(r, false);
}

void sequence_finish(struct rules *r)
{
	while (r->store.n_due != 0)
		try_due(r, true);
}
