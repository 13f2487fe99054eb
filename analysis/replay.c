/*
 * replay.c - token replay: hypotheses go from deed to deed by the rows of the machine; those that have no
 * row die, and when none is left the client is not one of these policies.
 */
#include "analysis/replay.h"

#include <limits.h>
#include <string.h>

struct hypothesis {
	enum machine_state state;
	struct vector vector;
	uint64_t asked;
	unsigned assumed; /* things before the capture */
};

struct beliefs {
	const struct machine_index *index;
	struct hypothesis list[HYPOTHESES];
	size_t n;
	bool overflow;
};

/* What the deeds so far show, whatever the client makes of it. */
struct known {
	const struct lifeline *line;
	size_t n, at; /* deeds in all, the one that is put now */
	uint32_t target; /* of its last create */
	const struct deed *sent; /* its last create or update; NULL: none yet */
	uint32_t version; /* that it was given or shown last */
	uint32_t bound; /* where the client holds it as stored; 0: not known */
	bool any_create, was_deleted, own_open;
};

/* ---- sets of hypotheses ---- */

/*
 * Two in one state become one where nothing is lost by it: one allows all that the other does, or they differ
 * in one policy only.
 */
static bool vectors_join(struct vector *a, const struct vector *b)
{
	unsigned differ = 0, last = 0;
	bool within = true, around = true;
	for (unsigned i = 1; i < POLICIES; i++) {
		if (a->set[i] == b->set[i])
			continue;
		differ++;
		last = i;
		within &= (b->set[i] & ~a->set[i]) == 0;
		around &= (a->set[i] & ~b->set[i]) == 0;
	}
	if (!within && !around && differ != 1)
		return false;
	if (differ == 1)
		a->set[last] |= b->set[last];
	else if (around)
		*a = *b;
	return true;
}

static void beliefs_add(struct beliefs *b, const struct hypothesis *h)
{
	for (size_t i = 0; i < b->n; i++) {
		struct hypothesis *old = &b->list[i];
		if (old->state != h->state || old->assumed != h->assumed ||
		    !vectors_join(&old->vector, &h->vector))
			continue;
		old->asked |= h->asked;
		return;
	}
	if (b->n == HYPOTHESES) {
		b->overflow = true;
		return;
	}
	b->list[b->n++] = *h;
}

/* What has grown may have room for others now. */
static void beliefs_tidy(struct beliefs *b)
{
	struct beliefs tidy = { .index = b->index, .overflow = b->overflow };
	for (size_t i = 0; i < b->n; i++)
		beliefs_add(&tidy, &b->list[i]);
	*b = tidy;
}

static void step_one(const struct hypothesis *h, enum machine_event event, uint32_t yes,
    uint32_t no, struct beliefs *out)
{
	const struct machine_row *rows[STEP_ROWS];
	struct machine_moment moment = { h->state, event, yes, no };
	size_t n = machine_step_by(out->index, &moment, &h->vector, rows);
	for (size_t i = 0; i < n; i++) {
		struct hypothesis next = *h;
		next.state = row_next(rows[i], h->state);
		if (next.state == STATE_NOWHERE)
			continue;
		next.assumed += (rows[i]->effects & BIT(EFFECT_ATTACHED)) != 0;
		if (rows[i]->values != 0) {
			next.vector.set[rows[i]->policy] &= rows[i]->values;
			next.asked |= UINT64_C(1) << rows[i]->policy;
		}
		beliefs_add(out, &next);
	}
}

/* What users do is never seen: it may have come before the request. */
static void step_wished(const struct hypothesis *h, enum machine_event event, uint32_t yes,
    uint32_t no, struct beliefs *out)
{
	enum machine_event wish = event == ON_Q_CREATE ? ON_U_NEW : ON_U_EDIT;
	struct beliefs wished = { .index = out->index };
	step_one(h, event, yes, no, out);
	if (event != ON_Q_CREATE && event != ON_Q_UPDATE)
		return;
	step_one(h, wish, 0, 0, &wished);
	for (size_t i = 0; i < wished.n; i++)
		if (wished.list[i].state != h->state)
			step_one(&wished.list[i], event, yes, no, out);
}

/* ---- facts ---- */

struct facts_known {
	uint32_t yes, no;
};

static void fact(struct facts_known *f, enum machine_fact what, bool known, bool yes)
{
	if (known && yes)
		f->yes |= BIT(what);
	else if (known)
		f->no |= BIT(what);
}

static void fact_alike(struct facts_known *f, enum machine_fact what, const struct deed *a,
    const struct deed *b)
{
	int alike = a != NULL ? deeds_alike(a, b) : -1;
	fact(f, what, alike >= 0, alike == 1);
}

static const struct deed *deed_at(const struct known *k)
{
	return &k->line->deeds[k->at];
}

static bool is_bound_write(const struct deed *d)
{
	return deed_is_write(d) && d->answer == ON_R_OK;
}

/* Another copy of the item, made earlier under another id. */
static void fact_twin(struct facts_known *f, const struct known *k, uint32_t id)
{
	bool open = false;
	for (size_t i = 0; i < k->at; i++) {
		const struct deed *d = &k->line->deeds[i];
		if (d->request != ON_Q_CREATE || d->id == id ||
		    deed_removed(k->line, k->at, i, d->id))
			continue;
		enum commit commit = deed_settled(k->line, k->n, i);
		if (commit == COMMIT_YES && d->id != 0 && id != 0) {
			fact(f, FACT_TWIN, true, true);
			return;
		}
		open |= commit != COMMIT_NO;
	}
	fact(f, FACT_TWIN, !open, false);
}

static void facts_of_write(struct facts_known *f, const struct known *k, const struct deed *d)
{
	bool guard_seen = d->guard_kind != GUARD_UNSEEN && d->guard_kind != GUARD_OTHER;
	bool version = d->guard_kind == GUARD_TAG || d->guard_kind == GUARD_SCHEDULE_TAG;
	fact(f, FACT_IF_ABSENT, guard_seen, d->guard_kind == GUARD_ABSENT);
	fact(f, FACT_IF_KEY, guard_seen, d->guard_kind == GUARD_KEY);
	fact(f, FACT_IF_VERSION, guard_seen, version || d->guard_kind == GUARD_KEY);
	fact(f, FACT_SAME_TARGET, k->any_create && d->target != 0 && k->target != 0,
	    d->target == k->target);
	fact_alike(f, FACT_SAME_BODY, k->sent, d);
	fact(f, FACT_BASE_READ, d->guard_kind == GUARD_KEY || (version && k->version != 0),
	    d->guard_kind == GUARD_KEY || d->guard == k->version);
	fact(f, FACT_OTHER_SCOPE, true, false);
	fact(f, FACT_TOMBSTONE, true, k->was_deleted);
}

/* The edit that is to be sent yet is what the next write sends, if that is not what is shown. */
static void fact_edited(struct facts_known *f, const struct known *k, const struct deed *shown)
{
	for (size_t i = k->at + 1; i < k->n; i++) {
		const struct deed *d = &k->line->deeds[i];
		if (!deed_is_write(d))
			continue;
		int alike = deeds_alike(shown, d);
		fact(f, FACT_EDITED, alike >= 0, alike == 0);
		return;
	}
	fact(f, FACT_EDITED, true, false);
}

static void facts_of_answer(struct facts_known *f, const struct known *k, const struct deed *d)
{
	fact(f, FACT_TAGGED, d->tag_seen != NOT_OBSERVED && !(d->flags & DEED_WEAK),
	    d->tag_seen == PRESENT);
	fact(f, FACT_MAYBE, d->commit != COMMIT_UNSEEN, d->flags & DEED_OPEN);
	fact(f, FACT_IS_204, d->status != 0, d->flags & DEED_204);
	fact(f, FACT_OLD_COPY, true, false);
	fact_twin(f, k, d->id);
	if (deed_is_write(d)) {
		facts_of_write(f, k, d);
		fact(f, FACT_OWN_WRITE, true, k->own_open);
		return;
	}
	fact_alike(f, FACT_SAME_BODY, k->sent, d);
	bool tags = d->tag != 0 && k->version != 0,
	     same_body = k->sent != NULL && deeds_alike(k->sent, d) == 1;
	fact(f, FACT_OWN_VERSION, tags || (d->tag == 0 && same_body),
	    !tags || d->tag == k->version);
	fact_edited(f, k, d);
}

/* A read that finds nothing leaves what was sent as open as it was, or proves that it never came. */
static void fact_open(struct facts_known *f, const struct known *k)
{
	f->yes &= ~BIT(FACT_MAYBE);
	f->no &= ~BIT(FACT_MAYBE);
	fact(f, FACT_MAYBE, true, k->own_open);
}

/* ---- from deed to deed ---- */

static void put_request(const struct beliefs *from, const struct known *k, struct beliefs *to)
{
	const struct deed *d = deed_at(k);
	struct facts_known f = { 0, 0 };
	if (deed_is_write(d) || d->request == ON_Q_DELETE)
		facts_of_write(&f, k, d);
	fact(&f, FACT_OLD_COPY, true, false);
	fact(&f, FACT_AFTER_RESET, true, d->flags & DEED_AFTER_RESET);
	for (size_t i = 0; i < from->n; i++) {
		step_wished(&from->list[i], (enum machine_event)d->request, f.yes, f.no, to);
		if (d->flags & DEED_EITHER && (k->bound == 0 || k->bound == d->id))
			step_wished(&from->list[i], ON_Q_UPDATE, f.yes, f.no, to);
	}
	to->overflow |= from->overflow;
	beliefs_tidy(to);
}

static bool put_answer(struct beliefs *b, const struct known *k, enum machine_event answer)
{
	const struct deed *d = deed_at(k);
	struct facts_known f = { 0, 0 };
	struct beliefs to = { .index = b->index, .overflow = b->overflow };
	facts_of_answer(&f, k, d);
	if (!deed_is_write(d) && d->request != ON_Q_DELETE)
		fact_open(&f, k);
	for (size_t i = 0; i < b->n; i++)
		step_one(&b->list[i], answer, f.yes, f.no, &to);
	if (to.n == 0)
		return false;
	beliefs_tidy(&to);
	*b = to;
	return true;
}

/*
 * The client may have asked for all, and take it that the item is not there: those who wait to learn that go on
 * both ways.
 */
static void put_unnamed(struct beliefs *b, const struct known *k)
{
	struct beliefs both = *b;
	struct facts_known f = { 0, 0 };
	fact_open(&f, k);
	for (size_t i = 0; i < b->n; i++)
		if (b->list[i].state == STATE_C_UNK || b->list[i].state == STATE_REC)
			step_one(&b->list[i], ON_NO_ROW, f.yes, f.no, &both);
	beliefs_tidy(&both);
	*b = both;
}

/* A list that carries the item itself is a read, too. */
static bool put_answers(struct beliefs *b, const struct known *k)
{
	const struct deed *d = deed_at(k);
	bool looks = !deed_is_write(d) && d->request != ON_Q_DELETE && d->request != ON_Q_MOVE;
	bool failed = d->answer == ON_N_LOST || d->answer == ON_R_TRANSIENT ||
	    d->answer == ON_R_THROTTLED || d->answer == ON_R_POISON;
	bool shows = d->answer == ON_ROW || d->answer == ON_R_ITEM;
	if (d->flags & DEED_UNNAMED && d->answer == MACHINE_EVENTS)
		put_unnamed(b, k);
	/* What failed, or shows another copy or no version, does not change what the client knows of its own. */
	if (d->answer == MACHINE_EVENTS ||
	    (looks &&
		(failed ||
		    (k->bound != 0 &&
			(d->id != k->bound || (shows && d->tag == 0 && k->version != 0))))))
		return true;
	bool expected = put_answer(b, k, (enum machine_event)d->answer);
	if (d->answer == ON_ROW && (d->body != 0 || d->flags & DEED_SHOWN))
		expected &= put_answer(b, k, ON_R_ITEM);
	return expected;
}

static void known_learn(struct known *k)
{
	const struct deed *d = deed_at(k);
	bool write = deed_is_write(d);
	if (d->request == ON_Q_CREATE)
		k->any_create = true;
	if (write) {
		k->target = d->request == ON_Q_CREATE ? d->target : k->target;
		k->sent = d;
		k->own_open = d->flags & DEED_OPEN;
	}
	if (is_bound_write(d)) {
		k->version = d->tag;
		k->bound = d->id;
	} else if (!write && d->tag != 0) {
		k->version = d->tag;
	}
	if (d->answer == ON_R_MOVED ||
	    (k->bound == 0 && (d->answer == ON_R_ITEM || d->answer == ON_ROW)))
		k->bound = d->id;
	if (!write && (d->answer == ON_R_ITEM || d->answer == ON_ROW || d->answer == ON_NO_ROW))
		k->own_open = false;
	if (d->answer == ON_ROW_GONE || (d->request == ON_Q_DELETE && d->commit == COMMIT_YES))
		k->was_deleted = true;
}

static void replay_fill(struct replay *r, const struct beliefs *b, size_t at)
{
	const struct vector before = r->left;
	unsigned least = UINT_MAX;
	memset(r->left.set, 0, sizeof(r->left.set));
	r->n_states = 0;
	for (size_t i = 0; i < b->n; i++)
		least = b->list[i].assumed < least ? b->list[i].assumed : least;
	for (size_t i = 0; i < b->n; i++) {
		if (b->list[i].assumed != least)
			continue;
		for (unsigned p = 1; p < POLICIES; p++)
			r->left.set[p] |= b->list[i].vector.set[p];
		r->asked |= b->list[i].asked;
		r->states[r->n_states++] = b->list[i].state;
	}
	for (unsigned p = 1; p < POLICIES; p++)
		if (r->left.set[p] != before.set[p])
			r->shown_at[p] = at;
}

/* What this client would have done instead, and what it takes to do what it did. */
static void replay_blame(struct replay *r, const struct beliefs *b, const struct known *k)
{
	const struct vector any = vector_any();
	struct facts_known f = { 0, 0 };
	const struct machine_row *rows[STEP_ROWS];
	facts_of_write(&f, k, deed_at(k));
	for (size_t i = 0; i < b->n && r->needed == NULL; i++) {
		struct machine_moment m = { b->list[i].state,
			(enum machine_event)deed_at(k)->request, f.yes, f.no };
		if (machine_step(&m, &any, rows) != 0)
			r->needed = rows[0];
	}
	static const enum machine_event instead[] = { ON_Q_READ, ON_Q_UPDATE, ON_Q_CREATE,
		ON_Q_LIST };
	for (size_t i = 0;
	     i < sizeof(instead) / sizeof(instead[0]) && b->n != 0 && r->would == NULL; i++) {
		struct machine_moment m = { b->list[0].state, instead[i], 0, 0 };
		if (machine_step(&m, &b->list[0].vector, rows) != 0)
			r->would = rows[0];
	}
}

/* What a client sees again and again it has seen more than once: it may have read in between what it holds. */
static bool put_again(struct beliefs *b, const struct known *k)
{
	enum { SETTLED = 3 }; /* by then nothing changes any more */
	bool expected = true;
	for (unsigned i = 1; i < deed_at(k)->times && i < SETTLED; i++) {
		struct beliefs to = { .index = b->index };
		put_request(b, k, &to);
		if (to.n == 0)
			return false;
		*b = to;
		expected &= put_answers(b, k);
	}
	return expected;
}

struct replay lifeline_replay(const struct lifeline *line, size_t n, const struct vector *policies)
{
	struct replay r = { .verdict = CONFORMS, .left = *policies };
	struct known k = { .line = line, .n = n };
	struct machine_index index;
	machine_index_make(&index);
	struct beliefs b = { .index = &index,
		.n = 1,
		.list = { { .state = STATE_TOP, .vector = *policies } } };
	for (k.at = 0; k.at < n; k.at++) {
		struct beliefs to = { .index = &index };
		put_request(&b, &k, &to);
		if (to.n == 0) {
			r.verdict = VIOLATES;
			r.at = k.at;
			replay_blame(&r, &b, &k);
			return r;
		}
		b = to;
		if (b.overflow ||
		    (deed_is_write(deed_at(&k)) && deed_at(&k)->answer == MACHINE_EVENTS))
			break;
		r.odd |= !put_answers(&b, &k);
		known_learn(&k);
		r.odd |= !put_again(&b, &k);
		if (b.overflow) /* what is left is not all */
			break;
		replay_fill(&r, &b, k.at);
	}
	r.at = k.at;
	if (k.at < n || b.overflow)
		r.verdict = NOT_DECIDED;
	else if (r.asked == 0)
		r.verdict = UNTRIED;
	return r;
}

struct replay lifeline_fit(const struct lifeline *line, size_t n)
{
	const struct vector any = vector_any();
	struct replay first = lifeline_replay(line, n, &any);
	if (first.verdict == VIOLATES)
		return first;
	lifeline_habits(line, n, &first.left, first.shown_at);
	struct replay again = lifeline_replay(line, n, &first.left);
	if (again.verdict == VIOLATES || again.n_states == 0)
		return first;
	for (unsigned p = 1; p < POLICIES; p++)
		if (again.left.set[p] == first.left.set[p])
			again.shown_at[p] = first.shown_at[p];
	return again;
}

enum policy replay_remedy(const struct lifeline *line, size_t n, const struct vector *policies,
    const struct vector *possible, uint8_t *values)
{
	const size_t at = lifeline_replay(line, n, policies).at;
	for (unsigned p = 1; p < POLICIES; p++) {
		struct vector changed = *policies;
		changed.set[p] = possible->set[p] & (uint8_t)~policies->set[p];
		if (changed.set[p] == 0)
			continue;
		struct replay r = lifeline_replay(line, n, &changed);
		if (r.verdict == VIOLATES || (r.verdict == NOT_DECIDED && r.at <= at))
			continue;
		*values = r.left.set[p];
		return (enum policy)p;
	}
	return POLICY_ANY;
}
