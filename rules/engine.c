/*
 * engine.c - events in, findings out: who is asked about which kind of event, the clock, and the life
 * of an engine.
 */
#include "rules/state.h"

#include <stdlib.h>
#include <string.h>

/* On top of the time in which a hole in a flow is declared: packets of a capture are not strictly in order. */
enum { GRACE_SECONDS = 2 };

static int64_t seconds_ns(uint64_t seconds)
{
	return (int64_t)seconds * 1000000000;
}

/* ---- state of a rule ---- */

static uint64_t seed_of(const struct loaded_rule *rule, unsigned which)
{
	return rule->hash * 3 + which;
}

static uint64_t number_of(const struct loaded_rule *rule)
{
	const uint64_t parts[] = { hash_fixed(rule->public.id, strlen(rule->public.id)), rule->hash,
		rule->shape };
	return numbers_hash(parts, sizeof(parts) / sizeof(parts[0]));
}

void rule_state_adopt(struct rule_state *s, const struct loaded_rule *rule, size_t index)
{
	s->rule = rule;
	s->index = index;
	s->number = number_of(rule);
}

struct rule_state *rule_state_new(const struct loaded_rule *rule, size_t index, int64_t since)
{
	struct rule_state *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->keys = (struct space){ .owner = s, .seed = seed_of(rule, 0), .forgotten = NEVER };
	s->keys.use = rule->shape == SHAPE_WINDOW ? &window_use : &sequence_use;
	s->limits = (struct space){ .owner = s, .seed = seed_of(rule, 1), .forgotten = NEVER };
	s->limits.use = &limit_use;
	s->told = (struct space){ .owner = s, .seed = seed_of(rule, 2), .forgotten = NEVER };
	s->told.use = &told_use;
	s->since = since;
	s->blurred = last_never();
	rule_state_adopt(s, rule, index);
	return s;
}

/* ---- who watches which kind of event ---- */

static bool watcher_add(struct audience *a, struct watcher w)
{
	/* Room doubles whenever the number reaches a power of two. */
	if ((a->n & (a->n - 1)) == 0) {
		size_t room = a->n == 0 ? 1 : a->n * 2;
		struct watcher *grown = realloc(a->watchers, room * sizeof(*grown));
		if (grown == NULL)
			return false;
		a->watchers = grown;
	}
	a->watchers[a->n++] = w;
	return true;
}

static bool watch_steps(struct audience out[EVENT_KINDS], const struct sequence *q,
    struct rule_state *s)
{
	for (unsigned i = 0; i < q->n_steps; i++) {
		const struct step *step = &q->steps[i];
		struct watcher w = { step->condition, s, SHAPE_SEQUENCE, i,
			i <= sequence_first(q) };
		if (!watcher_add(&out[step->kind], w))
			return false;
	}
	return true;
}

static bool watch_rule(struct audience out[EVENT_KINDS], const struct loaded_rule *rule,
    struct rule_state *s)
{
	if (rule->shape == SHAPE_SEQUENCE)
		return watch_steps(out, &rule->sequence, s);
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
		struct watcher w = { rule->condition, s, rule->shape, 0, true };
		if (rule->kinds & 1u << kind && !watcher_add(&out[kind], w))
			return false;
	}
	return true;
}

bool audiences_make(struct audience out[EVENT_KINDS], const struct ruleset *set,
    struct rule_state *const *states, size_t only)
{
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
		out[kind] = (struct audience){ NULL, 0 };
	for (size_t i = 0; i < set->n_rules; i++) {
		const struct loaded_rule *rule = set->rules[i];
		bool wanted = only == SIZE_MAX ? rule->public.enabled : i == only;
		if (wanted && !watch_rule(out, rule, states[i])) {
			audiences_free(out);
			return false;
		}
	}
	return true;
}

void audiences_free(struct audience audiences[EVENT_KINDS])
{
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
		free(audiences[kind].watchers);
		audiences[kind] = (struct audience){ NULL, 0 };
	}
}

/* ---- life ---- */

static bool states_make(struct rules *r)
{
	r->states = calloc(r->set->n_rules != 0 ? r->set->n_rules : 1, sizeof(struct rule_state *));
	if (r->states == NULL)
		return false;
	for (; r->n_states < r->set->n_rules; r->n_states++) {
		size_t i = r->n_states;
		r->states[i] = rule_state_new(r->set->rules[i], i, NEVER);
		if (r->states[i] == NULL)
			return false;
	}
	return true;
}

static bool parts_make(struct rules *r)
{
	r->eval = eval_new(&r->set->interned, r->options.limits);
	r->losses = losses_new();
	return r->eval != NULL && r->losses != NULL &&
	    store_init(&r->store, r->options.limits, r->options.key) && states_make(r) &&
	    audiences_make(r->audiences, r->set, r->states, r->only);
}

static struct rules *rules_make(const struct ruleset *set, size_t only,
    const struct rules_options *options, struct rules_sink sink, struct error *error)
{
	struct rules *r = calloc(1, sizeof(*r));
	if (r != NULL) {
		r->set = set;
		r->only = only;
		r->options = *options;
		r->sink = sink;
		r->clock = watermark_new(INT64_MAX);
	}
	if (r == NULL || !parts_make(r)) {
		error_set(error, "out of memory");
		rules_free(r);
		return NULL;
	}
	return r;
}

struct rules *rules_new(struct ruleset *set, const struct rules_options *options,
    struct rules_sink sink, struct error *error)
{
	struct rules *r = rules_make(set, SIZE_MAX, options, sink, error);
	if (r == NULL) {
		ruleset_free(set);
		return NULL;
	}
	r->owned = set;
	r->clock = watermark_new(seconds_ns(options->limits->clock_jump));
	r->grace_ns = seconds_ns(options->limits->gap_seconds + GRACE_SECONDS);
	return r;
}

struct rules *rules_new_for_test(const struct ruleset *set, size_t rule,
    const struct rules_options *options, struct rules_sink sink, struct error *error)
{
	return rules_make(set, rule, options, sink, error);
}

void rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	store_fini(&r->store);
	audiences_free(r->audiences);
	for (size_t i = 0; i < r->n_states; i++)
		free(r->states[i]);
	free(r->states);
	eval_free(r->eval);
	losses_free(r->losses);
	packing_free(r->packing);
	draft_free(r->drafts[0]);
	draft_free(r->drafts[1]);
	ruleset_free(r->owned);
	free(r);
}

const struct ruleset *rules_set(const struct rules *r)
{
	return r->set;
}

const struct rule_counts *rules_counts(const struct rules *r, size_t i)
{
	return i < r->n_states ? &r->states[i]->counts : NULL;
}

size_t rules_keys(const struct rules *r, size_t i)
{
	if (i >= r->n_states)
		return 0;
	const struct rule_state *s = r->states[i];
	return s->keys.n + s->limits.n + s->told.n;
}

/* ---- one event ---- */

uint64_t single_send(struct rules *r, struct rule_state *s, const struct occasion *o)
{
	struct draft *d = draft_begin(r, s, o);
	if (d == NULL)
		return 0;
	draft_event(d, o->event);
	return draft_send(r, s, d, o);
}

static void single_fire(struct rules *r, struct rule_state *s, const struct event *e,
    struct moment moment, enum outcome outcome)
{
	struct occasion o = { .outcome = outcome,
		.event = e,
		.at = e->at,
		.moment = moment,
		.suppressed_until = suppressed_until(r, s),
		.count = 1,
		.distinct = 1,
		.first_ns = e->at.ns,
		.last_ns = e->at.ns };
	if (outcome != CONCLUSIVE || !told_fire(r, s, &o))
		single_send(r, s, &o);
}

static void rule_judge(struct rules *r, struct rule_state *s, const struct event *e,
    struct moment moment, enum truth truth)
{
	if (truth == FALSE)
		return;
	s->counts.matches += truth == TRUE;
	s->counts.unknown += truth == UNKNOWN;
	if ((truth == UNKNOWN && !s->rule->report_unknown) || rule_excepts(r, s))
		return;
	if (truth == UNKNOWN)
		single_fire(r, s, e, moment, INCONCLUSIVE_UNKNOWN);
	else if (s->rule->shape == SHAPE_WINDOW)
		window_event(r, s, e, moment);
	else
		single_fire(r, s, e, moment, CONCLUSIVE);
}

/* All steps of one sequence from number i on; steps nobody waits for are not asked. */
static size_t steps_judge(struct rules *r, const struct audience *a, size_t i,
    const struct event *e, struct moment moment)
{
	struct rule_state *s = a->watchers[i].state;
	uint32_t yes = 0, maybe = 0;
	for (; i < a->n && a->watchers[i].state == s; i++) {
		const struct watcher *w = &a->watchers[i];
		if ((!w->always && s->keys.n == 0) || !eval_may_match(r->eval, w->condition))
			continue;
		enum truth truth = eval_condition(r->eval, w->condition);
		yes |= (uint32_t)(truth == TRUE) << w->step;
		maybe |= (uint32_t)(truth == UNKNOWN) << w->step;
	}
	if (yes | maybe)
		sequence_event(r, s, e, moment, yes, maybe);
	return i;
}

void rules_dispatch(struct rules *r, const struct event *e, struct moment moment)
{
	const struct audience *a = &r->audiences[e->kind];
	if (a->n == 0)
		return;
	eval_event(r->eval, e);
	for (size_t i = 0; i < a->n;) {
		const struct watcher *w = &a->watchers[i];
		if (!eval_may_match(r->eval, w->condition)) {
			i++;
		} else if (w->shape == SHAPE_SEQUENCE) {
			i = steps_judge(r, a, i, e, moment);
		} else {
			rule_judge(r, w->state, e, moment, eval_condition(r->eval, w->condition));
			i++;
		}
	}
}

/* A loss that becomes known now may lie before what is due by now. */
void rules_event(struct rules *r, const struct event *e)
{
	struct moment moment = watermark_take(&r->clock, &e->at);
	losses_note(r->losses, e, moment, r->options.key);
	tries_expire(r);
	rules_dispatch(r, e, moment);
}

void rules_missed(struct rules *r)
{
	const struct moment now = { r->clock.now, r->clock.now };
	if (r->clock.started)
		losses_note_all(r->losses, now);
}

void rules_tick(struct rules *r, int64_t now_ns)
{
	watermark_tick(&r->clock, now_ns);
	tries_expire(r);
}

void rules_finish(struct rules *r, int64_t last_ns)
{
	watermark_end(&r->clock, last_ns);
	tries_finish(r);
}
