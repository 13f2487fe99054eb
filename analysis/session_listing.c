/*
 * session_listing.c - listings of a collection, its ctag, and the bodies that are read of it.
 */
#include "analysis/session.h"

#include <string.h>

/* ---- rows ---- */

static bool row_is_collection(const struct dav_response *row)
{
	const struct dav_prop *type = row_prop(row, "resourcetype");
	return (row->href.n != 0 && row->href.p[row->href.n - 1] == '/') ||
	    (type != NULL && slice_find(type->value, SLICE("collection")) != type->value.n);
}

static bool row_is_stored(const struct dav_response *row)
{
	return row->status / 100 <= 2 && !row_is_collection(row) &&
	    row_value(row, "getetag").n != 0;
}

uint64_t *rows_members(const struct op *op, bool stored_only, size_t *n)
{
	const struct dav *dav = op->txn->res.body.dav;
	struct arena *arena = op->txn->arena;
	uint64_t *members = arena_alloc(arena, (dav->n_responses + 1) * sizeof(*members));
	size_t found = 0;
	for (size_t i = 0; members != NULL && i < dav->n_responses; i++) {
		const struct dav_response *row = &dav->responses[i];
		struct slice path = path_canonical(row->href, arena);
		if (path.n == 0)
			return NULL;
		if (slice_equal(path, op->at.path) || (stored_only && !row_is_stored(row)))
			continue;
		members[found++] = member_number(path_last(path));
	}
	*n = numbers_sort(members, members != NULL ? found : 0);
	return members;
}

/* ---- what a peer has been told of, and given ---- */

static uint64_t row_key(const struct session *n, uint64_t member, uint64_t tag)
{
	return mix(mix(n->node.key, member), tag);
}

void row_known(struct sessions *s, const struct session *n, uint64_t member)
{
	bool made;
	lru_take(&s->rows, row_key(n, member, 0), &made);
}

bool row_is_known(struct sessions *s, const struct session *n, uint64_t member)
{
	return lru_find(&s->rows, row_key(n, member, 0)) != NULL;
}

/* ---- D19: everything again ---- */

enum { BODIES_LEAST = 10, ROWS_AHEAD = 16 };

/*
 * A client that begins without a token and was not told to is a new one, or has lost its memory: it has to
 * read everything.
 */
static bool cycle_is_waste(const struct cycle *c)
{
	return c->bodies >= BODIES_LEAST && 5 * c->again >= 4 * c->bodies &&
	    (!c->begun_empty || c->after_refusal);
}

void cycle_end(struct sessions *s, struct session *n)
{
	const struct cycle *c = &n->cycle;
	if (c->bodies == 0)
		return;
	if (cycle_is_waste(c)) {
		struct evidence e = { .n = 0 };
		evidence_span(&e, &c->first);
		evidence_span(&e, &c->last);
		session_tell(s, n, NULL,
		    (struct matter){ .trouble = TROUBLE_FULL_REDOWNLOAD,
			.certainty = PROBABLE,
			.count = c->again_bytes },
		    &e);
	}
	n->cycle = (struct cycle){ .number = ++s->cycles };
}

static void body_given(struct sessions *s, struct session *n, const struct op *op, uint64_t member,
    struct slice tag, uint64_t bytes)
{
	struct cycle *c = &n->cycle;
	bool made;
	suspect_clear(n, member);
	row_known(s, n, member);
	if (tag.n == 0)
		return;
	struct row_note *note = lru_take(&s->rows, row_key(n, member, slice_number(tag)), &made);
	if (note == NULL)
		return;
	if (c->bodies++ == 0)
		c->first = span_of(op);
	c->last = span_of(op);
	if (!made && note->cycle != c->number) {
		c->again++;
		c->again_bytes += bytes;
	}
	note->cycle = c->number;
}

static uint64_t body_bytes(const struct dav_response *row)
{
	const struct dav_prop *prop = row_prop(row, "calendar-data");
	if (prop == NULL)
		prop = row_prop(row, "address-data");
	return prop != NULL ? prop->bytes : 0;
}

/* A row of an answer with its body; bytes 0: it is none. */
struct given {
	uint64_t member, bytes;
	struct slice tag;
};

static struct given row_given(const struct op *op, const struct dav_response *row)
{
	struct given g = { .bytes = body_bytes(row) };
	struct slice path = path_canonical(row->href, op->txn->arena);
	if (path.n == 0)
		return (struct given){ 0 };
	g.member = member_number(path_last(path));
	g.tag = row_value(row, "getetag");
	return g;
}

/* Notes lie all over the memory: they come while others are worked on. */
static void rows_given(struct sessions *s, struct session *n, const struct op *op,
    const struct dav_response *rows, size_t n_rows)
{
	struct given given[ROWS_AHEAD];
	for (size_t i = 0; i < n_rows; i++) {
		given[i] = row_given(op, &rows[i]);
		lru_ahead(&s->rows, row_key(n, given[i].member, 0));
		lru_ahead(&s->rows, row_key(n, given[i].member, slice_number(given[i].tag)));
	}
	for (size_t i = 0; i < n_rows; i++) {
		lru_nearer(&s->rows, row_key(n, given[i].member, 0));
		lru_nearer(&s->rows, row_key(n, given[i].member, slice_number(given[i].tag)));
	}
	for (size_t i = 0; i < n_rows; i++)
		if (given[i].bytes != 0)
			body_given(s, n, op, given[i].member, given[i].tag, given[i].bytes);
}

static void multiget_read(struct sessions *s, struct session *n, const struct op *op)
{
	const struct dav *dav = op->txn->res.body.dav;
	size_t rows = dav != NULL ? dav->n_responses : 0;
	for (size_t i = 0; i < rows; i += ROWS_AHEAD)
		rows_given(s, n, op, dav->responses + i,
		    rows - i < ROWS_AHEAD ? rows - i : ROWS_AHEAD);
}

void bodies_read(struct sessions *s, const struct op *op)
{
	const struct txn *txn = op->txn;
	bool get = slice_is(txn->req.method, "GET");
	if (!answer_is_whole(txn) || (!op->calendar && !op->contacts) ||
	    txn->res.status != (get ? 200 : 207))
		return;
	struct session *n = session_take(s, op);
	if (n == NULL)
		return;
	if (!get)
		multiget_read(s, n, op);
	else if (op->at.id != 0)
		body_given(s, n, op, member_number(path_last(op->at.path)),
		    op->tag_seen == PRESENT ? op->tag : (struct slice){ 0 },
		    txn->res.body.decoded_bytes);
}

/* ---- D23: the ctag ---- */

static struct slice ctag_of(const struct op *op)
{
	const struct dav *dav = op->txn->res.body.dav;
	for (size_t i = 0; i < dav->n_responses; i++) {
		struct slice value = row_value(&dav->responses[i], "getctag");
		if (value.n == 0)
			continue;
		struct slice path = path_canonical(dav->responses[i].href, op->txn->arena);
		if (dav->n_responses == 1 || slice_equal(path, op->at.path))
			return value;
	}
	return (struct slice){ 0 };
}

static void ctag_tell(struct sessions *s, struct session *n, const struct op *op,
    const struct write *w)
{
	struct evidence e = { .n = 0 };
	evidence_span(&e, &n->ctag.span);
	evidence_span(&e, &w->span);
	evidence_op(&e, op);
	session_tell(s, n, op,
	    (struct matter){ .trouble = TROUBLE_CTAG_STALE,
		.certainty = CONFIRMED,
		.href = member_path(op, w->name, w->n_name),
		.value = { (const uint8_t *)n->ctag.text, n->ctag.n },
		.count = 1 },
	    &e);
}

/* Of equal ones the first counts: the longer the time, the more lies in it. */
static void ctag_judge(struct sessions *s, struct session *n, const struct op *op,
    struct slice value)
{
	struct ctag *c = &n->ctag;
	struct span now = span_of(op);
	const struct shelf *shelf = shelf_of(s, n->scope);
	bool forgotten = shelf != NULL && shelf->lost > c->span.done;
	if (c->hash == slice_number(value) && !forgotten) {
		const struct write *w = shelf_changed(shelf, c->span.done, now.begun);
		if (w == NULL)
			return;
		ctag_tell(s, n, op, w);
	}
	*c = (struct ctag){ .hash = slice_number(value), .span = now };
	c->n = (uint8_t)(value.n < TOKEN_TEXT ? value.n : TOKEN_TEXT);
	memcpy(c->text, value.p, c->n);
}

/* ---- PROPFIND ---- */

static bool lists_members(const struct op *op)
{
	struct slice depth = { 0 };
	return message_header(&op->txn->req, "Depth", &depth) == PRESENT &&
	    slice_is(slice_trim(depth), "1");
}

static bool is_cut(const struct dav *dav)
{
	for (size_t i = 0; i < dav->n_responses; i++)
		if (dav->responses[i].status == 507)
			return true;
	return false;
}

static void members_listed(struct sessions *s, struct session *n, const struct op *op)
{
	size_t members = 0;
	const uint64_t *list = rows_members(op, true, &members);
	if (list == NULL || is_cut(op->txn->res.body.dav))
		return;
	n->listing = (struct listing){ members, span_of(op) };
	suspect_clear(n, 0);
	for (size_t i = 0; i < members; i++)
		row_known(s, n, list[i]);
	first_judge(s, n, op);
}

void rows_listed(struct sessions *s, const struct op *op)
{
	const struct dav *dav = op->txn->res.body.dav;
	if (op->at.id != 0 || !answer_is_whole(op->txn) || op->txn->res.status != 207 ||
	    dav == NULL || !dav->whole)
		return;
	struct slice ctag = ctag_of(op);
	bool listed = lists_members(op);
	struct session *n = ctag.n != 0 || listed ? session_take(s, op) : NULL;
	if (n == NULL)
		return;
	cycle_end(s, n);
	if (ctag.n != 0)
		ctag_judge(s, n, op, ctag);
	if (listed)
		members_listed(s, n, op);
}
