/*
 * gate.c - two live items of one identity: is one a copy, or what else explains it?
 *
 * The steps stand in the order in which they are asked; the first that holds clears the suspicion and is
 * told. What is left waits for a moment: a client that renames by PUT and DELETE has two for a while.
 */
#include "analysis/store.h"

#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 64, BURST = 5, HREF_ROOM = 512 };
#define PAUSE_NS (INT64_C(5) * 1000000000)
#define SECOND_NS INT64_C(1000000000)

/* ---- why there are two ---- */

static bool created_here(const struct item *item)
{
	return item->created.frame != 0;
}

/* The one that was made, or seen, first is `a`. */
static void pair_order(const struct item **a, const struct item **b)
{
	const struct item *first = *a;
	if (first->created.order <= (*b)->created.order)
		return;
	*a = *b;
	*b = first;
}

static bool same_creator(const struct item *a, const struct item *b)
{
	return a->creator != 0 && a->creator == b->creator;
}

static bool reset_between(const struct store *s, const struct item *a, const struct item *b)
{
	const struct scope_state *scope = scope_find(s, b->scope);
	return scope != NULL && scope->reset_order != 0 && scope->reset_peer == b->creator &&
	    scope->reset_order < b->created.order &&
	    (!created_here(a) || a->created.order < scope->reset_order || !same_creator(a, b));
}

static bool in_burst(const struct burst *burst, const struct item *item)
{
	return burst->n >= BURST && burst->peer == item->creator &&
	    item->created.order >= burst->first_order && item->created.order <= burst->last_order;
}

/* Both belong to one row of creates that came thick and fast. */
static bool one_burst(const struct store *s, const struct item *a, const struct item *b)
{
	const struct scope_state *scope = scope_find(s, b->scope);
	if (scope == NULL || !same_creator(a, b))
		return false;
	return (in_burst(&scope->burst, a) && in_burst(&scope->burst, b)) ||
	    (in_burst(&scope->burst_before, a) && in_burst(&scope->burst_before, b));
}

void burst_count(struct store *s, const struct item *item, const struct op *op)
{
	struct scope_state *scope = scope_find(s, item->scope);
	int64_t now = op->txn->req.head.ns;
	if (scope == NULL)
		return;
	struct burst *burst = &scope->burst;
	int64_t pause = ns_apart(now, burst->last_ns);
	if (burst->peer != op->peer || pause > PAUSE_NS || pause < -PAUSE_NS) {
		if (burst->n >= BURST)
			scope->burst_before = *burst;
		*burst = (struct burst){ .peer = op->peer, .first_order = item->created.order };
	}
	scope_mark(s, scope);
	burst->last_ns = now;
	burst->last_order = item->created.order;
	burst->n++;
}

static enum cause cause_of(const struct store *s, const struct item *a, const struct item *b)
{
	pair_order(&a, &b);
	if (a->activesync && a->idem != 0 && a->idem == b->idem)
		return CAUSE_SERVER_REPLAY;
	if (a->replayed || b->replayed)
		return CAUSE_PROXY_REPLAY;
	if (same_creator(a, b) && a->untagged)
		return CAUSE_UNTAGGED;
	if (same_creator(a, b) && (a->lost || a->failed))
		return CAUSE_LOST_ANSWER;
	if (b->activesync && reset_between(s, a, b))
		return CAUSE_RESET;
	if (a->move_refused)
		return CAUSE_MOVE;
	if (a->creator != 0 && b->creator != 0 && a->creator != b->creator)
		return CAUSE_TWO_PEERS;
	if (a->rewritten_told)
		return CAUSE_REWRITTEN;
	return one_burst(s, a, b) ? CAUSE_IMPORT : CAUSE_NONE;
}

/* What only looks alike needs a reason to be a copy, and the same client soon after. */
static bool alike_is_enough(const struct store *s, const struct item *a, const struct item *b)
{
	pair_order(&a, &b);
	int64_t apart = ns_apart(b->created.ns, a->created.ns);
	bool soon = apart >= 0 && (uint64_t)(apart / SECOND_NS) <= s->limits->retry_window;
	switch (cause_of(s, a, b)) {
	case CAUSE_SERVER_REPLAY:
	case CAUSE_PROXY_REPLAY:
	case CAUSE_RESET:
		return true;
	case CAUSE_UNTAGGED:
	case CAUSE_LOST_ANSWER:
		return soon;
	default:
		return false;
	}
}

/* ---- the steps ---- */

static bool in_trash(const struct store *s, const struct item *item)
{
	const struct scope_state *scope = scope_find(s, item->scope);
	struct slice name = { 0 };
	if (scope != NULL)
		name = (struct slice){ (const uint8_t *)scope->name, scope->n_name };
	return slice_find(name, SLICE("trash")) != name.n;
}

static bool one_id(const struct item *a, const struct item *b)
{
	if (a->repl_uid != 0 && a->repl_uid == b->repl_uid)
		return true;
	return a->scope == b->scope && !a->activesync && a->n_path < NAME_MAX_KEPT &&
	    slice_equal_nocase(item_path(a), item_path(b));
}

static bool is_strong(const struct item *a, const struct item *b)
{
	return (a->uid != 0 && a->uid == b->uid) || (a->idem != 0 && a->idem == b->idem);
}

/* Alike, and each with a UID of its own: the file that was imported has them so. */
static bool is_import(const struct store *s, const struct item *a, const struct item *b)
{
	return !is_strong(a, b) && a->uid != 0 && b->uid != 0 && one_burst(s, a, b);
}

/* Whether both are there, and still what they were, is not known. */
static bool is_open(const struct item *a, const struct item *b, bool strong)
{
	if (a->state <= LIFE_MAYBE || b->state <= LIFE_MAYBE)
		return true;
	if (strong && a->uid == b->uid)
		return a->open_uid || b->open_uid;
	return a->open_print || b->open_print;
}

/* An attempt that nothing was ever seen of. */
static bool was_stored(const struct item *item)
{
	return item->seen_live || item->created.frame == 0 || item->created.commit == COMMIT_YES;
}

static enum gate gate_judge(const struct store *s, const struct item *a, const struct item *b,
    bool strong)
{
	pair_order(&a, &b);
	if (one_id(a, b))
		return GATE_SAME_ID;
	if (!a->master || !b->master)
		return GATE_OVERRIDE;
	if (a->copied || b->copied)
		return GATE_MOVE;
	if (a->state == LIFE_GONE || b->state == LIFE_GONE)
		return was_stored(a) && was_stored(b) ? GATE_DELETED : GATE_NOT_COMMITTED;
	if (a->scope != b->scope)
		return in_trash(s, a) ? GATE_RESTORE : GATE_OTHER_SCOPE;
	if (!created_here(b))
		return created_here(a) ? GATE_SERVER_MADE : GATE_LISTING;
	if (is_import(s, a, b))
		return GATE_IMPORT;
	if (!strong && !same_creator(a, b) && cause_of(s, a, b) == CAUSE_TWO_PEERS)
		return GATE_OTHER_PEERS;
	return strong || alike_is_enough(s, a, b) ? GATE_NONE : GATE_SIMILAR;
}

/* ---- candidates ---- */

struct search {
	struct store *s;
	struct item *b;
	const struct op *op;
	/* The first that was made of those that no step clears: by a strong key, and by look. */
	const struct item *strong, *alike;
	const struct item *cleared; /* one of the others, by a strong key if there is such a one */
	enum gate by;
	bool by_key;
};

static void search_cleared(struct search *q, const struct item *a, bool strong, enum gate by)
{
	if (q->cleared != NULL && (q->by_key || !strong))
		return;
	q->cleared = a;
	q->by = by;
	q->by_key = strong;
}

/* What was made later than `b` became suspect only now that `b` is proven: each for itself. */
static void search_found(struct search *q, const struct item *a, bool strong)
{
	const struct item **best = strong ? &q->strong : &q->alike;
	if (a->created.order > q->b->created.order)
		pending_add(q->s, q->b, a, TROUBLE_DUPLICATE);
	else if (*best == NULL || a->created.order < (*best)->created.order)
		*best = a;
}

static void search_look(struct search *q, struct item *a, bool strong)
{
	if (is_open(a, q->b, strong) && !one_id(a, q->b))
		return;
	enum gate gate = gate_judge(q->s, a, q->b, strong);
	bool half_move = gate == GATE_OTHER_SCOPE && a->move_refused && strong &&
	    created_here(q->b) && a->creator == q->b->creator;
	if (half_move)
		pending_add(q->s, a, q->b, TROUBLE_MOVE_HALF_DONE);
	else if (gate == GATE_NONE)
		search_found(q, a, strong);
	else if (created_here(a) || created_here(q->b)) /* else nobody suspects anybody */
		search_cleared(q, a, strong, gate);
}

static void search_chains(struct search *q)
{
	struct item *b = q->b, *a = item_by_uid(q->s, b->uid);
	size_t n = 0;
	for (; a != NULL && n < CANDIDATES; a = item_at(q->s, a->next_uid)) {
		if (a == b || a->uid != b->uid)
			continue;
		search_look(q, a, true);
		n++;
	}
	for (a = item_by_print(q->s, b->print); a != NULL && n < CANDIDATES;
	     a = item_at(q->s, a->next_print)) {
		if (a == b || a->print != b->print || (a->uid != 0 && a->uid == b->uid))
			continue;
		search_look(q, a, is_strong(a, b));
		n++;
	}
}

static void gate_search(struct store *s, struct item *b, const struct op *op)
{
	struct search q = { .s = s, .b = b, .op = op };
	search_chains(&q);
	if (q.strong == NULL && q.alike == NULL && q.cleared != NULL)
		tell_cleared(s, q.cleared, b, op, q.by);
	if (q.strong != NULL)
		pending_add(s, q.strong, b, TROUBLE_DUPLICATE);
	if (q.alike != NULL)
		pending_add(s, q.alike, b, TROUBLE_DUPLICATE);
}

/* The first one is gone; the second may be a copy of another as well. */
static struct item *other_first(struct store *s, struct item *b)
{
	struct search q = { .s = s, .b = b };
	if (b->state != LIFE_LIVE)
		return NULL;
	search_chains(&q);
	const struct item *first = q.strong != NULL ? q.strong : q.alike;
	return first != NULL ? item_find(s, first->scope, first->id) : NULL;
}

static void tell_half_move(struct store *s, const struct item *item)
{
	char href[HREF_ROOM];
	struct matter m = matter_of(s, TROUBLE_MOVE_HALF_DONE, item, NULL);
	m.href = item_full_path(s, item, href, sizeof(href));
	matter_tell(s, &m);
}

/* By its condition or its answer; what is written without both may have been there before. */
static bool is_new(const struct item *item)
{
	return item->created.kind == OP_CREATE || item->created.status == 201;
}

static void pending_judge(struct store *s, const struct pending *p)
{
	struct item *a = item_find(s, p->scope_a, p->id_a), *b = item_find(s, p->scope_b, p->id_b);
	if (a == NULL || b == NULL)
		return;
	if (a->state == LIFE_LIVE && b->state == LIFE_LIVE &&
	    p->trouble == TROUBLE_MOVE_HALF_DONE) {
		tell_half_move(s, b);
		return;
	}
	if (a->state != LIFE_LIVE || b->state != LIFE_LIVE || a->scope != b->scope) {
		tell_cleared(s, a, b, NULL, GATE_MOVE);
		a = other_first(s, b);
		if (a == NULL)
			return;
	}
	if (is_import(s, a, b)) {
		tell_cleared(s, a, b, NULL, GATE_IMPORT);
		return;
	}
	bool sure = created_here(a) && !a->adopted && !b->adopted && is_strong(a, b) &&
	    (is_new(a) || is_new(b));
	tell_duplicate(s, a, b, cause_of(s, a, b), sure ? CONFIRMED : PROBABLE);
}

static void pending_pop(struct store *s)
{
	struct pending *p = pending_take(s);
	pending_judge(s, p);
	free(p);
}

/* A clock that was set back does not make anything wait for it. */
static bool is_due(const struct store *s, const struct pending *p, int64_t now)
{
	int64_t waited = ns_apart(now, p->since_ns);
	int64_t grace = (int64_t)s->limits->rename_seconds * SECOND_NS;
	return waited >= grace || waited < -grace;
}

void gate_tick(struct store *s, int64_t now)
{
	while (s->first != NULL && is_due(s, s->first, now))
		pending_pop(s);
}

void gate_finish(struct store *s)
{
	while (s->first != NULL)
		pending_pop(s);
}

void gate_item(struct store *s, struct item *b, const struct op *op)
{
	gate_search(s, b, op);
	while (s->n_pending > PENDING_MAX)
		pending_pop(s);
}

/* A create that was refused is no copy: told where one of its identity is there. */
void gate_refused(struct store *s, const struct op *op)
{
	if (op->object == NULL || op->object->uid.n == 0)
		return;
	uint64_t uid = uid_number(op->object->uid);
	struct item *a = item_by_uid(s, uid);
	while (a != NULL &&
	    (a->uid != uid || a->state != LIFE_LIVE || a->scope != op->at.scope ||
		a->id == op->at.id))
		a = item_at(s, a->next_uid);
	if (a != NULL)
		tell_cleared(s, a, NULL, op, GATE_NOT_COMMITTED);
}
