/*
 * session_dav.c - the sync-collection REPORT (RFC 6578): tokens that are offered, deltas that come back.
 */
#include "analysis/session.h"

#include <string.h>

/* ---- a collection that begins anew ---- */

static bool path_below(struct slice path, struct slice above)
{
	return above.n > 1 && slice_starts(path, above) &&
	    (path.n == above.n || path.p[above.n] == '/');
}

static void session_restart(struct sessions *s, struct session *n)
{
	token_restart(n);
	n->storm = (struct storm){ 0 };
	n->listing = (struct listing){ 0 };
	n->ctag = (struct ctag){ 0 };
	n->cycle = (struct cycle){ .number = ++s->cycles };
}

/* By its number, or by lying below a path. */
static void collections_restart(struct sessions *s, uint64_t scope, struct slice path, uint64_t now)
{
	for (struct lru_node *i = s->sessions.oldest; i != NULL; i = i->newer) {
		struct session *n = (struct session *)i;
		struct slice at = { (const uint8_t *)n->scope_text, n->n_scope };
		if (n->airsync || (n->scope != scope && !path_below(at, path)))
			continue;
		session_restart(s, n);
		lru_mark(&s->sessions, n);
	}
	for (struct lru_node *i = s->shelves.oldest; i != NULL; i = i->newer) {
		struct shelf *shelf = (struct shelf *)i;
		struct slice at = { (const uint8_t *)shelf->path, shelf->n_path };
		if (i->key == scope || path_below(at, path)) {
			shelf->n = 0;
			shelf->lost = shelf->touched = now;
			lru_mark(&s->shelves, shelf);
		}
	}
}

/* A collection without a slash behind it is the member of another one; both have one number. */
static void place_restart(struct sessions *s, const struct op *op, const struct place *at)
{
	uint64_t now = span_of(op).done;
	if (at->scope != 0 && at->id == 0)
		collections_restart(s, at->scope, at->path, now);
	else if (at->id != 0 && shelf_of(s, at->id) != NULL)
		collections_restart(s, at->id, at->path, now);
}

static bool makes_collection(const struct op *op)
{
	return slice_is(op->txn->req.method, "MKCALENDAR") ||
	    slice_is(op->txn->req.method, "MKCOL");
}

static void collection_judge(struct sessions *s, const struct op *op)
{
	if (op->commit == COMMIT_NO)
		return;
	if (op->kind == OP_DELETE || op->kind == OP_MOVE || makes_collection(op))
		place_restart(s, op, &op->at);
	if (op->kind == OP_MOVE || op->kind == OP_COPY)
		place_restart(s, op, &op->to);
}

/* ---- the REPORT ---- */

struct report {
	struct sessions *s;
	struct session *n;
	const struct op *op;
	const struct dav *asked, *said;
	struct offer offer;
	bool whole; /* the answer */
	bool cut; /* it says that there is more */
	uint64_t *rows; /* members it names, sorted */
	size_t n_rows;
	uint64_t present; /* rows that are not gone */
};

/* Depth belongs to 0 here: RFC 6578 3.2; clients of the drafts before it send 1. */
static bool depth_refused(struct report *r)
{
	const struct txn *txn = r->op->txn;
	struct slice depth = { 0 };
	if (!r->whole || txn->res.status != 400 ||
	    message_header(&txn->req, "Depth", &depth) != PRESENT ||
	    slice_is(slice_trim(depth), "0"))
		return false;
	struct evidence e = { .n = 0 };
	evidence_op(&e, r->op);
	session_tell(r->s, r->n, r->op,
	    (struct matter){ .trouble = TROUBLE_DEPTH_REFUSED,
		.certainty = PROBABLE,
		.value = slice_trim(depth),
		.count = 1 },
	    &e);
	return true;
}

static void first_tell(const struct report *r, enum certainty certainty)
{
	struct evidence e = { .n = 0 };
	evidence_op(&e, r->op);
	session_tell(r->s, r->n, r->op,
	    (struct matter){ .trouble = TROUBLE_FIRST_SYNC_SHORT,
		.certainty = certainty,
		.count = 1 },
	    &e);
}

/* To begin without a token is what a client has to be able to do. */
static void empty_refused(const struct report *r)
{
	uint16_t status = r->op->txn->res.status;
	bool usual = status == 400 || status == 409 || status == 412 || status == 415;
	if (r->offer.certain)
		first_tell(r, CONFIRMED);
	else if (usual && r->n->storm.accepts != 0)
		first_tell(r, PROBABLE);
}

static bool status_refuses(uint16_t status)
{
	return status == 400 || status == 403 || status == 409 || status == 410 || status == 412 ||
	    status == 415;
}

static void offer_read(struct report *r)
{
	const struct txn *txn = r->op->txn;
	r->whole = answer_is_whole(txn);
	r->said = r->whole && txn->res.status == 207 ? txn->res.body.dav : NULL;
	if (r->said != NULL && (!r->said->whole || !slice_is(r->said->root.local, "multistatus")))
		r->said = NULL;
	r->offer = (struct offer){ .op = r->op,
		.text = r->asked->sync_token,
		.hash = slice_number(r->asked->sync_token),
		.accepted = r->said != NULL,
		.certain = r->op->outcome == OUT_TOKEN_BAD };
	r->offer.refused = r->whole && (r->offer.certain || status_refuses(txn->res.status));
}

static void rows_read(struct report *r)
{
	r->rows = rows_members(r->op, false, &r->n_rows);
	for (size_t i = 0; i < r->said->n_responses; i++) {
		uint16_t status = r->said->responses[i].status;
		r->cut |= status == 507;
		r->present += status != 507 && status != 404;
	}
}

static bool limit_reached(const struct report *r)
{
	return r->asked->limit != 0 && r->said->n_responses >= r->asked->limit;
}

/* A page as long as was asked for, and nothing that says there is more: what was written since has to be in it. */
static void full_page_judge(const struct report *r, const struct delta *d)
{
	const struct write *w = delta_lacks(r->s, r->n, d);
	if (w == NULL)
		return;
	struct evidence e = { .n = 0 };
	evidence_span(&e, &d->since->span);
	evidence_span(&e, &w->span);
	evidence_op(&e, r->op);
	int64_t gap = ns_apart(span_of(r->op).answer.ns, w->span.answer.ns);
	session_tell(r->s, r->n, r->op,
	    (struct matter){ .trouble = TROUBLE_TRUNCATED_SILENTLY,
		.certainty = gap > MINUTE_NS ? CONFIRMED : PROBABLE,
		.href = member_path(r->op, w->name, w->n_name),
		.value = token_text(d->since),
		.count = r->asked->limit },
	    &e);
}

static void changes_judge(const struct report *r)
{
	const struct delta d = { .op = r->op,
		.since = token_given(r->n, r->offer.hash),
		.rows = r->rows,
		.n = r->n_rows };
	if (r->cut || r->asked->filtered)
		return;
	if (limit_reached(r))
		full_page_judge(r, &d);
	else
		delta_judge(r->s, r->n, &d);
}

/* ---- the first synchronisation: all pages up to the last one ---- */

static void first_begin(const struct report *r)
{
	struct span now = span_of(r->op);
	r->n->from_start = true;
	suspect_clear(r->n, 0);
	r->n->first = (struct first_sync){ .state = r->cut ? FIRST_PAGES : FIRST_DONE,
		.paged = r->cut,
		.rows = r->present,
		.begun = now.begun,
		.limit = limit_reached(r) ? r->asked->limit : 0,
		.span = now,
		.estimate = NO_ESTIMATE };
	if (r->asked->filtered || (r->asked->limit != 0 && !r->cut && !limit_reached(r)))
		r->n->first.state = FIRST_NONE;
}

static void first_follow(const struct report *r)
{
	struct first_sync *f = &r->n->first;
	const struct token *last = token_last(r->n);
	if (r->offer.hash == 0) {
		first_begin(r);
	} else if (f->state == FIRST_PAGES && last != NULL && last->hash == r->offer.hash) {
		f->rows += r->present;
		f->span = span_of(r->op);
		f->state = r->cut ? FIRST_PAGES : FIRST_DONE;
	} else {
		f->state = FIRST_NONE;
	}
	first_judge(r->s, r->n, r->op);
}

/* Both show the collection as it was when nobody wrote to it, at nearly the same time. */
void first_judge(struct sessions *s, struct session *n, const struct op *op)
{
	struct first_sync *f = &n->first;
	const struct listing *l = &n->listing;
	int64_t gap = ns_apart(f->span.answer.ns, l->span.answer.ns);
	uint64_t since = f->begun < l->span.begun ? f->begun : l->span.begun;
	if (f->state != FIRST_DONE || l->span.done == 0 || gap > MINUTE_NS || gap < -MINUTE_NS ||
	    l->members <= f->rows || !shelf_quiet(s, n->scope, since))
		return;
	enum trouble trouble = TROUBLE_FIRST_SYNC_SHORT;
	if (f->paged || f->limit != 0)
		trouble = TROUBLE_TRUNCATED_SILENTLY;
	struct evidence e = { .n = 0 };
	evidence_span(&e, &f->span);
	evidence_span(&e, &l->span);
	f->state = FIRST_NONE;
	session_tell(s, n, op,
	    (struct matter){ .trouble = trouble,
		.certainty = PROBABLE,
		.count = l->members - f->rows },
	    &e);
}

/* ---- one REPORT ---- */

static void cycle_begin(struct session *n, const struct report *r)
{
	int64_t now = r->op->txn->req.first.ns;
	n->cycle.begun_empty = r->offer.hash == 0;
	n->cycle.after_refusal = n->refused_ns != 0 && ns_apart(now, n->refused_ns) <= MINUTE_NS;
}

static void report_taken(struct report *r)
{
	rows_read(r);
	if (r->rows == NULL) {
		token_forget(r->n);
		return;
	}
	if (r->offer.hash != 0)
		changes_judge(r);
	first_follow(r);
	for (size_t i = 0; i < r->n_rows; i++)
		row_known(r->s, r->n, r->rows[i]);
	token_received(r->s, r->n, r->op, r->said->sync_token, r->cut || limit_reached(r));
}

static void report_judge(struct sessions *s, const struct op *op)
{
	struct report r = { .s = s, .op = op, .asked = op->txn->req.body.dav };
	r.n = session_take(s, op);
	if (r.n == NULL)
		return;
	if (!r.asked->whole || !message_complete(&op->txn->req)) {
		token_forget(r.n);
		return;
	}
	offer_read(&r);
	cycle_end(s, r.n);
	cycle_begin(r.n, &r);
	if (depth_refused(&r))
		return;
	token_offered(s, r.n, &r.offer);
	if (r.offer.refused && r.offer.hash == 0)
		empty_refused(&r);
	if (r.said != NULL)
		report_taken(&r);
	else if (!r.whole || op->txn->res.status == 207)
		token_forget(r.n); /* it may have brought a token that we did not see */
}

static bool is_report(const struct op *op)
{
	const struct dav *asked = op->txn->req.body.dav;
	return asked != NULL && slice_is(op->txn->req.method, "REPORT") &&
	    slice_is(asked->root.local, "sync-collection");
}

void session_dav(struct sessions *s, const struct op *op)
{
	collection_judge(s, op);
	if (op->kind <= OP_COPY)
		shelf_write(s, op);
	else if (is_report(op))
		report_judge(s, op);
	else if (slice_is(op->txn->req.method, "PROPFIND"))
		rows_listed(s, op);
	else if (op->kind == OP_READ)
		bodies_read(s, op);
}
