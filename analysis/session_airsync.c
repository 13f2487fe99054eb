/*
 * session_airsync.c - SyncKeys of ActiveSync: offered, advanced, refused. MS-ASCMD 2.2.3.181: a client sends the
 * key of the last answer it got; 0 begins anew, and what was given before is void then.
 */
#include "analysis/session.h"

/* One collection of a Sync, or the hierarchy of folders. */
struct round {
	struct sessions *s;
	struct session *n;
	const struct op *op;
	const struct sync_facts *sync;
	struct slice given; /* the key of the answer; empty: none */
	struct offer offer;
	bool whole; /* the answer was seen to its end, and read */
	bool fine; /* and says Status 1, or nothing: nothing is new */
};

static bool answer_is_read(const struct op *op, const struct sync_facts *sync)
{
	const struct message *res = &op->txn->res;
	if (!answer_is_whole(op->txn) || res->status != 200)
		return false;
	bool empty = res->body.bytes == 0 && res->body.gap_bytes == 0;
	return empty || (res->body.complete && sync->res != NULL && sync->res->whole);
}

static void offer_read(struct round *r, struct slice key)
{
	r->whole = answer_is_read(r->op, r->sync);
	r->fine = r->whole && r->op->outcome == OUT_OK;
	r->offer = (struct offer){ .op = r->op,
		.text = key,
		.hash = slice_is(key, "0") ? 0 : slice_number(key),
		.accepted = r->fine,
		.refused = r->whole && r->op->outcome == OUT_TOKEN_BAD,
		.certain = r->op->outcome == OUT_TOKEN_BAD };
}

/* ---- E05: two clients with one DeviceId ---- */

static uint64_t agent_of(const struct op *op)
{
	struct slice value = { 0 };
	if (message_header(&op->txn->req, "User-Agent", &value) != PRESENT)
		return 0;
	return slice_number(slice_trim(value));
}

bool session_is_shared(const struct session *n)
{
	const struct clash *c = &n->clash;
	return c->swaps >= 3 && c->refused[0] != 0 && c->refused[1] != 0;
}

/* Which of the two it is; with a third one it begins anew. */
static uint8_t clash_side(struct clash *c, uint64_t agent)
{
	for (uint8_t side = 0; side < 2; side++) {
		if (c->agents[side] == 0)
			c->agents[side] = agent;
		if (c->agents[side] == agent)
			return side;
	}
	*c = (struct clash){ .agents = { agent, 0 }, .since = c->since };
	return 0;
}

/* A new release changes the agent once; two clients take turns, and each spoils the key of the other. */
static void clash_judge(struct round *r)
{
	struct clash *c = &r->n->clash;
	uint64_t agent = agent_of(r->op);
	if (agent == 0)
		return;
	int64_t now = r->op->txn->req.first.ns;
	if (ns_apart(now, c->since) > DAY_NS)
		*c = (struct clash){ .since = now };
	uint8_t side = clash_side(c, agent);
	if (side != c->last)
		c->swaps++;
	c->last = side;
	if (!r->offer.refused)
		return;
	c->refused[side]++;
	c->spans[(c->refused[0] + c->refused[1] - 1) % 4] = span_of(r->op);
	if (!session_is_shared(r->n))
		return;
	struct evidence e = { .n = 0 };
	for (size_t i = 0; i < 4; i++)
		evidence_span(&e, &c->spans[i]);
	evidence_op(&e, r->op);
	session_tell(r->s, r->n, r->op,
	    (struct matter){ .trouble = TROUBLE_DEVICE_ID_CLASH,
		.certainty = PROBABLE,
		.value = r->offer.text,
		.count = (uint64_t)c->refused[0] + c->refused[1] },
	    &e);
}

/* ---- E03: one key again and again ---- */

static void stuck_judge(struct round *r)
{
	struct stuck *k = &r->n->stuck;
	enum outcome_of out = r->op->outcome;
	bool failed = out == OUT_TRANSIENT || out == OUT_THROTTLED || out == OUT_LOST;
	if (r->op->collection == NULL || r->op->collection->n_items == 0)
		return; /* a heartbeat */
	if (!failed || r->offer.hash == 0) {
		*k = (struct stuck){ 0 };
		return;
	}
	if (k->key != r->offer.hash)
		*k = (struct stuck){ .key = r->offer.hash };
	struct span now = span_of(r->op);
	bool again = k->lost && out == OUT_LOST &&
	    ns_apart(now.request.ns, k->last_ns) < 2 * MINUTE_NS;
	k->lost = out == OUT_LOST;
	k->last_ns = now.request.ns;
	if (again) /* sent once more by the library: still the same attempt */
		return;
	k->spans[k->count % 3] = now;
	if (++k->count < 3)
		return;
	struct evidence e = { .n = 0 };
	for (size_t i = 0; i < 3; i++)
		evidence_span(&e, &k->spans[i]);
	evidence_op(&e, r->op);
	session_tell(r->s, r->n, r->op,
	    (struct matter){ .trouble = TROUBLE_KEY_STUCK,
		.certainty = CONFIRMED,
		.value = r->offer.text,
		.count = k->count },
	    &e);
}

/* ---- what the server sends ---- */

static bool is_row(const struct airsync_item *item)
{
	return !item->result && item->server_id.n != 0;
}

static uint64_t rows_count(const struct airsync_collection *c)
{
	uint64_t n = 0;
	for (size_t i = 0; c != NULL && i < c->n_items; i++)
		n += is_row(&c->items[i]);
	return n;
}

/* GetChanges may be left out from 12.1 on; what came shows that it was meant. */
static bool asks_for_changes(const struct op *op)
{
	return op->collection->get_changes || rows_count(op->answered) != 0;
}

/* NULL: no room. */
static uint64_t *rows_of(const struct op *op, size_t *n)
{
	const struct airsync_collection *c = op->answered;
	size_t all = c != NULL ? c->n_items : 0, found = 0;
	uint64_t *rows = arena_alloc(op->txn->arena, (all + 1) * sizeof(*rows));
	for (size_t i = 0; rows != NULL && i < all; i++)
		if (is_row(&c->items[i]))
			rows[found++] = member_number(c->items[i].server_id);
	*n = rows != NULL ? numbers_sort(rows, found) : 0;
	return rows;
}

/* Without a word on FilterType since key 0, and with nothing left for a next page. */
static void changes_judge(struct round *r)
{
	const struct op *op = r->op;
	struct delta d = { .op = op, .since = token_given(r->n, r->offer.hash) };
	bool more = op->answered != NULL && op->answered->more;
	if (r->n->filtered || !r->n->from_start || more || !asks_for_changes(op))
		return;
	d.rows = rows_of(op, &d.n);
	if (d.rows != NULL)
		delta_judge(r->s, r->n, &d);
}

/* ---- the first synchronisation: from key 0 to the page without MoreAvailable ---- */

static bool is_unfiltered(const struct airsync_collection *c)
{
	return c->filter == AIRSYNC_NONE || c->filter == 0;
}

static void first_begin(struct round *r)
{
	struct span now = span_of(r->op);
	r->n->from_start = true;
	r->n->filtered = !is_unfiltered(r->op->collection);
	r->n->first = (struct first_sync){ .state = FIRST_PAGES,
		.rows = rows_count(r->op->answered),
		.begun = now.begun,
		.span = now,
		.estimate = NO_ESTIMATE };
}

static void first_end(struct round *r)
{
	struct first_sync *f = &r->n->first;
	f->state = FIRST_NONE;
	if (f->estimate == NO_ESTIMATE || f->estimate <= f->rows ||
	    !shelf_quiet(r->s, r->n->scope, f->begun))
		return;
	struct evidence e = { .n = 0 };
	evidence_span(&e, &f->estimated);
	evidence_span(&e, &f->span);
	evidence_op(&e, r->op);
	session_tell(r->s, r->n, r->op,
	    (struct matter){ .trouble = TROUBLE_FIRST_SYNC_SHORT,
		.certainty = PROBABLE,
		.value = r->offer.text,
		.count = f->estimate - f->rows },
	    &e);
}

static void first_follow(struct round *r)
{
	struct first_sync *f = &r->n->first;
	const struct token *last = token_last(r->n);
	const struct op *op = r->op;
	bool next = f->state == FIRST_PAGES && last != NULL && last->hash == r->offer.hash;
	if (!next || r->n->filtered || op->collection->n_items != 0) {
		f->state = FIRST_NONE;
		return;
	}
	int64_t gap = ns_apart(op->txn->req.first.ns, f->estimated.answer.ns);
	if (!f->paged && f->estimate != NO_ESTIMATE && gap > MINUTE_NS)
		f->estimate = NO_ESTIMATE; /* much may have happened since */
	if (!asks_for_changes(op))
		return;
	f->paged = true;
	f->rows += rows_count(op->answered);
	f->span = span_of(op);
	if (op->answered == NULL || !op->answered->more)
		first_end(r);
}

/* How much there is to come, told between key 0 and the first page. */
static void estimate_judge(struct sessions *s, const struct op *op, const struct sync_facts *sync)
{
	struct session *n = session_take(s, op);
	const struct token *last = n != NULL ? token_last(n) : NULL;
	if (last == NULL || n->first.state != FIRST_PAGES || n->first.paged || n->filtered ||
	    !answer_is_read(op, sync) || op->outcome != OUT_OK || op->answered == NULL ||
	    op->answered->estimate < 0 || !is_unfiltered(op->collection) ||
	    last->hash != slice_number(op->collection->key))
		return;
	n->first.estimate = (uint64_t)op->answered->estimate;
	n->first.estimated = span_of(op);
}

/* ---- one collection of a Sync ---- */

/* What the client once left out stays out of its sight until it begins anew. */
static void filter_note(struct round *r)
{
	const struct airsync_collection *c = r->op->collection;
	r->n->filtered |= !is_unfiltered(c);
}

static void key_follow(struct round *r)
{
	if (!r->fine) {
		if (!r->whole && r->op->txn->res.status / 100 != 4)
			token_forget(r->n); /* it may have brought a key that we did not see */
		return;
	}
	if (r->offer.hash == 0) {
		first_begin(r);
	} else {
		changes_judge(r);
		first_follow(r);
	}
	if (r->given.n != 0)
		token_received(r->s, r->n, r->op, r->given, false);
	else if (r->offer.hash == 0)
		token_forget(r->n);
}

static bool round_begin(struct round *r, struct slice key)
{
	const struct message *req = &r->op->txn->req;
	r->n = session_take(r->s, r->op);
	if (r->n == NULL)
		return false;
	if (key.n == 0 || r->sync->req == NULL || !r->sync->req->whole || !message_complete(req)) {
		token_forget(r->n);
		return false;
	}
	offer_read(r, key);
	clash_judge(r);
	token_offered(r->s, r->n, &r->offer);
	if (r->offer.hash == 0)
		token_restart(r->n);
	return true;
}

static void collection_judge(struct sessions *s, const struct op *op, const struct sync_facts *sync)
{
	struct round r = { .s = s, .op = op, .sync = sync };
	if (op->answered != NULL)
		r.given = op->answered->key;
	if (op->collection == NULL || !round_begin(&r, op->collection->key))
		return;
	filter_note(&r);
	stuck_judge(&r);
	key_follow(&r);
	if (r.whole)
		session_echo(s, op);
}

static void folders_judge(struct sessions *s, const struct op *op, const struct sync_facts *sync)
{
	struct round r = { .s = s, .op = op, .sync = sync };
	if (sync->res != NULL)
		r.given = sync->res->key;
	if (!round_begin(&r, op->guard_value))
		return;
	if (r.fine && r.given.n != 0)
		token_received(s, r.n, op, r.given, false);
	else if (!r.whole)
		token_forget(r.n);
}

void session_airsync(struct sessions *s, const struct op *op, const struct sync_facts *sync)
{
	session_item(s, op, sync);
	if (op->at.scope == 0)
		return;
	if (op->kind <= OP_COPY)
		shelf_write(s, op);
	else if (op->kind == OP_DELTA)
		collection_judge(s, op, sync);
	else if (op->kind == OP_LIST || (op->kind == OP_OTHER && op->guard == GUARD_KEY))
		folders_judge(s, op, sync);
	else if (op->kind == OP_PROBE && op->collection != NULL)
		estimate_judge(s, op, sync);
}
