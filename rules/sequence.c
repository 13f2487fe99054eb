/*
 * sequence.c - rules about steps in order: a first positive step opens a try, each later event serves
 * one step of it. A negative step kills the tries that stand at it; the last one is due when the time
 * of the try has passed.
 */
#include "rules/due.h"

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

unsigned sequence_first(const struct sequence *q)
{
	unsigned i = 0;
	while (i < q->n_steps && q->steps[i].negative)
		i++;
	return i;
}

/* ---- serving ---- */

/* False: no memory; the try is of no use then. */
static bool try_serve(const struct visit *v, struct try *t, unsigned step)
{
	t->step = (uint8_t)(step + 1);
	t->served = v->serial;
	latest(&t->suppressed_until, v->suppressed_until);
	return try_witness(v->rules, t, v->event, v->moment);
}

/* Fires, or waits for the next step. */
static void try_advance(const struct visit *v, struct try *t, unsigned step)
{
	if (!try_serve(v, t, step)) {
		v->state->counts.evicted++;
		try_end(&v->rules->store, t);
	} else if (t->step == v->sequence->n_steps) {
		try_complete(v->rules, t, v->event, v->moment);
	}
}

/* Whichever of its times is true, the event comes before the time of the try is over. */
static bool is_in_time(const struct visit *v, const struct try *t)
{
	int64_t ns = t->ahead == v->moment.at ? v->moment.now : v->moment.at;
	return ns_sub(ns, t->first) < v->sequence->within_ns;
}

static bool try_waits_for(const struct visit *v, const struct try *t, unsigned step)
{
	return t->served != v->serial && next_positive(v->sequence, t->step) == step &&
	    is_in_time(v, t);
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
	struct sequence_key *sk = (struct sequence_key *)k;
	k->pins++;
	key_touch(&v->rules->store, k, v->moment.now);
	for (struct try *t = sk->tries; t != NULL; t = t->next)
		try_settle(v->rules, t);
	return sk;
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
	if (k != NULL && !known) {
		k->forbidden = NEVER;
		k->doubtful = last_never();
	}
	return k;
}

static void forbid_opening(const struct visit *v, const struct key_text *text, bool sure)
{
	struct sequence_key *k = key_held_or_new(v, text);
	if (k == NULL) {
		latest(&v->state->keys.forgotten, v->moment.now);
		return;
	}
	if (sure && moment_is_sure(v->moment))
		latest(&k->forbidden, v->moment.now);
	else
		last_note(&k->doubtful, v->moment);
	flow_remember(k, event_flow(v->event, v->rules->store.hash_key));
	key_leave(v, k);
}

static bool stands_at(const struct sequence *q, const struct try *t, unsigned step)
{
	return step >= t->step && step < next_positive(q, t->step);
}

/* An event that may be too late leaves a doubt, unless it turns out that it was. */
static void try_kill(const struct visit *v, struct try *t, bool sure)
{
	if (ns_sub(v->moment.now, t->first) >= v->sequence->within_ns)
		return;
	if (!is_in_time(v, t))
		try_doubt(v->rules, t, v->moment.at);
	else if (sure)
		try_end(&v->rules->store, t);
	else
		t->tainted = true;
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
		if (stands_at(v->sequence, t, step))
			try_kill(v, t, sure);
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
		last_note(&v->state->blurred, v->moment);
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

static void try_open(const struct visit *v, struct sequence_key *k)
{
	struct try *t = try_new(v->rules, k, v->moment);
	if (t == NULL)
		v->state->counts.evicted++;
	else
		try_advance(v, t, sequence_first(v->sequence));
}

static void sequence_open(const struct visit *v)
{
	struct sequence_key *k = key_held_or_new(v, &v->opening);
	if (k == NULL)
		return;
	if (!recent(v->sequence, k->forbidden, v->moment.at))
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
	bool matches = yes & positive_mask(v.sequence);
	s->counts.unknown += maybe != 0;
	s->counts.matches += matches;
	if (rule_excepts(r, s))
		return;
	negative_steps(&v, yes, maybe);
	if (!matches)
		return;
	v.suppressed_until = suppressed_until(r, s);
	positive_steps_do(&v, yes);
}
