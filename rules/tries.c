/*
 * tries.c - the tries of sequences: what they remember, and what becomes of one that is complete or
 * whose time has passed.
 */
#include "rules/due.h"

#include <string.h>

const struct sequence *sequence_of(const struct key *k)
{
	return &k->space->owner->rule->sequence;
}

unsigned next_positive(const struct sequence *q, unsigned from)
{
	while (from < q->n_steps && q->steps[from].negative)
		from++;
	return from;
}

size_t positive_steps(const struct sequence *q, unsigned n_steps)
{
	size_t n = 0;
	for (unsigned i = 0; i < n_steps; i++)
		n += !q->steps[i].negative;
	return n;
}

static bool has_negative(const struct sequence *q)
{
	return positive_steps(q, (unsigned)q->n_steps) != q->n_steps;
}

bool waits_for_time(const struct try *t)
{
	const struct sequence *q = sequence_of(&t->key->key);
	return q->steps[q->n_steps - 1].negative && next_positive(q, t->step) == q->n_steps;
}

/* ---- life ---- */

size_t try_size(const struct sequence *q)
{
	return sizeof(struct try) +
	    positive_steps(q, (unsigned)q->n_steps) * sizeof(struct witness *);
}

void try_free(struct store *s, struct try *t)
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
	key_mark(s, &t->key->key);
	due_remove(s, t);
}

void try_end(struct store *s, struct try *t)
{
	try_unlink(s, t);
	try_free(s, t);
}

bool recent(const struct sequence *q, int64_t then, int64_t now)
{
	return then != NEVER && ns_sub(now, then) < q->within_ns;
}

static void sequence_clear(struct store *s, struct key *k)
{
	struct sequence_key *sk = (struct sequence_key *)k;
	while (sk->tries != NULL)
		try_end(s, sk->tries);
}

static bool sequence_idle(const struct key *k, int64_t now)
{
	const struct sequence_key *sk = (const struct sequence_key *)k;
	const struct sequence *q = sequence_of(k);
	return sk->tries == NULL && !recent(q, sk->forbidden, now) &&
	    !recent(q, sk->doubtful.sure, now) && !recent(q, sk->doubtful.ahead, now);
}

const struct use sequence_use = { sizeof(struct sequence_key), sequence_idle, sequence_clear,
	sequence_form };

/* The oldest gives way. */
static void try_make_room(struct rules *r, struct sequence_key *k)
{
	if (k->n_tries < r->options.limits->rule_tries)
		return;
	k->key.space->owner->counts.evicted++;
	try_end(&r->store, k->tries);
}

void try_append(struct sequence_key *k, struct try *t)
{
	struct try **link = &k->tries;
	while (*link != NULL)
		link = &(*link)->next;
	*link = t;
	k->n_tries++;
}

struct try *try_new(struct rules *r, struct sequence_key *k, struct moment m)
{
	const struct sequence *q = sequence_of(&k->key);
	size_t size = try_size(q);
	try_make_room(r, k);
	struct try *t = store_alloc(&r->store, size);
	if (t == NULL)
		return NULL;
	memset(t, 0, size);
	t->key = k;
	t->first = m.now;
	t->due = t->deadline = ns_add(t->first, q->within_ns);
	t->ahead = t->doubt = moment_is_sure(m) ? NEVER : m.at;
	t->opened = r->serial;
	t->suppressed_until = NEVER;
	t->tainted = recent(q, last_by(&k->doubtful, m.at), m.at);
	if (!due_add(&r->store, t)) {
		store_release(&r->store, t, size);
		return NULL;
	}
	try_append(k, t);
	return t;
}

void try_settle(struct rules *r, struct try *t)
{
	if (t->ahead == NEVER || t->ahead != r->clock.confirmed)
		return;
	key_mark(&r->store, &t->key->key);
	t->first = t->ahead;
	t->ahead = NEVER;
	t->deadline = ns_add(t->first, sequence_of(&t->key->key)->within_ns);
	due_move(&r->store, t, t->deadline);
}

/* It remembers one jump: if that was none, the doubt stays. */
void try_doubt(const struct rules *r, struct try *t, int64_t jump)
{
	t->tainted |= t->doubt != NEVER && t->doubt != jump && t->doubt != r->clock.confirmed;
	t->doubt = jump;
}

/* What of an event is wanted once it is gone. False: no memory. */
static bool limit_key_keep(struct rules *r, struct try *t, const struct event *e)
{
	struct rule_state *s = t->key->key.space->owner;
	struct key_text text;
	if (!waits_for_time(t) || s->rule->limit.max == 0)
		return true;
	limiter_key(r, s, e, &text);
	t->limit_key = store_alloc(&r->store, text.n);
	if (t->limit_key == NULL)
		return false;
	t->n_limit_key = (uint16_t)text.n;
	memcpy(t->limit_key, text.bytes, text.n);
	return true;
}

bool try_witness(struct rules *r, struct try *t, const struct event *e, struct moment m)
{
	struct witness *w = witness_new(&r->store, e, m.at, true);
	if (w == NULL)
		return false;
	t->witnesses[t->n_witnesses++] = w;
	flow_remember(t->key, w->flow);
	return limit_key_keep(r, t, e);
}

void flow_remember(struct sequence_key *k, uint64_t flow)
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

/* When a flow of the key was forgotten, what any of them lost may be its loss. */
static bool key_lost(const struct rules *r, const struct sequence_key *k, int64_t from)
{
	int64_t now = r->clock.now;
	if (k->n_flows > FLOWS_KEPT)
		return losses_any(r->losses, from, now);
	return losses_since(r->losses, k->flows, (size_t)k->n_flows, from, now);
}

/* A first step that must not happen was seen when it did: not before the rule watched, nor forgotten. */
static enum outcome leading_outcome(const struct rules *r, const struct rule_state *s, int64_t from)
{
	if (s->keys.forgotten != NEVER && s->keys.forgotten > from)
		return INCONCLUSIVE_UNKNOWN;
	return from < r->clock.start || from < s->since ? INCONCLUSIVE_EOF : CONCLUSIVE;
}

/* An event whose key was not seen may have been its negative step. */
static bool try_is_blurred(const struct rules *r, const struct try *t)
{
	const struct rule_state *s = t->key->key.space->owner;
	int64_t blurred = last_by(&s->blurred, r->clock.now);
	return blurred != NEVER && blurred >= claim_start(&s->rule->sequence, t);
}

/* What was not seen is only claimed when it would have been seen. */
static enum outcome try_outcome(const struct rules *r, const struct try *t)
{
	const struct rule_state *s = t->key->key.space->owner;
	const struct sequence *q = &s->rule->sequence;
	int64_t from = claim_start(q, t);
	if (!has_negative(q))
		return CONCLUSIVE;
	if (key_lost(r, t->key, from))
		return INCONCLUSIVE_LOSS;
	if (t->tainted || (t->doubt != NEVER && t->doubt != r->clock.confirmed))
		return INCONCLUSIVE_UNKNOWN;
	if (!t->closed && try_is_blurred(r, t))
		return INCONCLUSIVE_UNKNOWN;
	return q->steps[0].negative ? leading_outcome(r, s, from) : CONCLUSIVE;
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
	o.first_ns = t->witnesses[0]->ns;
	o.last_ns = t->witnesses[t->n_witnesses - 1]->ns;
	o.key = &t->key->key;
	struct draft *d = draft_begin(r, s, &o);
	if (d == NULL)
		return;
	draft_steps(d, &s->rule->sequence, t);
	draft_send(r, s, d, &o);
}

void try_complete(struct rules *r, struct try *t, const struct event *e, struct moment m)
{
	const struct occasion o = {
		.outcome = try_outcome(r, t),
		.event = e,
		.at = e->at,
		.moment = m,
	};
	try_unlink(&r->store, t);
	try_fire(r, t, &o);
	try_free(&r->store, t);
}

/* ---- time passes ---- */

/* The stamp of the last event, at the time when it was clear. */
static void try_fire_late(struct rules *r, struct try *t, enum outcome outcome, int64_t ns)
{
	const struct witness *last = t->witnesses[t->n_witnesses - 1];
	struct occasion o = {
		.outcome = outcome,
		.moment = { r->store.now, r->store.now },
		.limit_key = { t->limit_key, t->n_limit_key },
	};
	if (last->n_packets != 0)
		o.at = witness_packet(last, last->n_packets - 1u);
	o.at.ns = ns;
	try_fire(r, t, &o);
}

/* Events from now on are too late for it; losses that are not known yet are not. */
static void try_close(struct rules *r, struct try *t)
{
	t->tainted |= try_is_blurred(r, t);
	t->closed = true;
	key_mark(&r->store, &t->key->key);
	due_move(&r->store, t, ns_add(t->deadline, r->grace_ns));
}

static void try_expire(struct rules *r, struct try *t)
{
	struct store *s = &r->store;
	struct sequence_key *k = t->key;
	k->key.pins++;
	try_unlink(s, t);
	latest(&s->now, t->deadline);
	if (waits_for_time(t))
		try_fire_late(r, t, try_outcome(r, t), t->deadline);
	try_free(s, t);
	k->key.pins--;
	key_drop_idle(s, &k->key);
}

/* The first one that is due; one that was put off takes its turn among the others. */
static void due_next(struct rules *r, struct try *t)
{
	int64_t due = t->due;
	try_settle(r, t);
	if (t->due != due)
		return;
	if (waits_for_time(t) && !t->closed)
		try_close(r, t);
	else
		try_expire(r, t);
}

void tries_expire(struct rules *r)
{
	struct store *s = &r->store;
	while (s->n_due != 0 && due_first(s)->due <= r->clock.now)
		due_next(r, due_first(s));
	latest(&s->now, r->clock.now);
}

/* All losses are known: whatever waited for them is judged at its deadline. */
static void graces_end(struct rules *r)
{
	struct store *s = &r->store;
	for (size_t i = 0; i < s->n_due; i++)
		s->due[i]->due = s->due[i]->deadline;
	due_reorder(s);
	r->grace_ns = 0;
	tries_expire(r);
}

/* Its time has not come and never will. */
static void try_finish(struct rules *r, struct try *t)
{
	struct store *s = &r->store;
	struct sequence_key *k = t->key;
	bool fire = k->key.space->owner->rule->sequence.fire_at_eof;
	k->key.pins++;
	try_unlink(s, t);
	if (waits_for_time(t))
		try_fire_late(r, t, fire ? try_outcome(r, t) : INCONCLUSIVE_EOF, r->clock.now);
	try_free(s, t);
	k->key.pins--;
	key_drop_idle(s, &k->key);
}

void tries_finish(struct rules *r)
{
	graces_end(r);
	while (r->store.n_due != 0)
		try_finish(r, due_first(&r->store));
}
