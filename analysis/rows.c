/*
 * rows.c - listings: what a collection holds, row by row, and what it does not hold any more.
 */
#include "analysis/signs.h"
#include "analysis/store.h"

enum { PATH_ROOM = 512 };
/* Rows that are looked at ahead: items lie all over the memory, and so come while others are worked on. */
enum { ROWS_AHEAD = 16 };

/* ---- one row ---- */

const struct dav_prop *row_prop(const struct dav_response *row, const char *name)
{
	for (size_t i = 0; i < row->n_props; i++)
		if (slice_is(row->props[i].name.local, name) && row->props[i].status / 100 == 2)
			return &row->props[i];
	return NULL;
}

struct slice row_value(const struct dav_response *row, const char *name)
{
	const struct dav_prop *prop = row_prop(row, name);
	if (prop == NULL || prop->value.n != prop->bytes)
		return (struct slice){ 0 };
	return slice_trim(prop->value);
}

/* A member is in a listing for being there, whatever it lacks; what is asked for by name may lack all. */
static bool row_is_there(const struct dav_response *row, const struct op *op)
{
	if (row->status != 0 || op->kind == OP_LIST)
		return row->status == 0 || row->status / 100 == 2;
	for (size_t i = 0; i < row->n_props; i++)
		if (row->props[i].status / 100 == 2)
			return true;
	return false;
}

bool row_is_gone(const struct dav_response *row)
{
	return row->status == 404 || row->status == 410 ||
	    slice_is_nocase(row->changetype, "delete");
}

static bool folds_case(const struct op *op)
{
	return op->facts->flavour == FLAVOUR_EXCHANGE;
}

/* A collection, or the listed collection itself. What was asked of an item is a row about that item. */
static bool row_is_collection(const struct dav_response *row, struct slice path,
    const struct op *op)
{
	bool itself = folds_case(op) ? slice_equal_nocase(path, op->at.path) :
				       slice_equal(path, op->at.path);
	return (itself && op->at.id == 0) ||
	    (row->href.n != 0 && row->href.p[row->href.n - 1] == '/');
}

/* A listing names it and reading it says 404: once is a race, the second time is not. */
static void row_missing(struct store *s, struct item *item, const struct op *op)
{
	if (!item->named)
		return;
	item_mark(s, item);
	item->named = false;
	if (item->lineage == 0)
		item->lineage = op->number;
	if (++item->misses < 2)
		return;
	struct matter m = matter_of(s, TROUBLE_ROW_MISSING, item, op);
	m.count = item->misses;
	m.update = (uint64_t)item->misses - 2;
	matter_tell(s, &m);
}

static void row_gone(struct store *s, struct item *item, const struct op *op)
{
	if (item == NULL || read_is_stale(item, op))
		return;
	if (op->kind == OP_READ && item->state == LIFE_LIVE)
		row_missing(s, item, op);
	else
		item_state(s, item, LIFE_GONE);
}

struct listing {
	struct store *s;
	const struct op *op;
	struct places *places;
	uint64_t authority, scope;
	uint32_t number;
};

static bool asked_in_part(const struct op *op)
{
	const struct dav *asked = op->txn->req.body.dav;
	return asked == NULL || asked->partial_data;
}

static void row_there(const struct listing *l, const struct dav_response *row, struct place at)
{
	bool probe = l->op->kind == OP_PROBE; /* of a collection without its slash, perhaps */
	struct item *item = probe ? item_find(l->s, at.scope, at.id) : item_take(l->s, at);
	if (item == NULL)
		return;
	const struct reading r = { .object = asked_in_part(l->op) ? NULL : row->object,
		.tag = row_value(row, "getetag"),
		.schedule_tag = row_value(row, "schedule-tag") };
	item->listing = l->number;
	if (!item->named && (l->op->kind == OP_LIST || l->op->kind == OP_DELTA)) {
		item->named = true;
		item_mark(l->s, item);
	}
	store_seen_live(l->s, item, l->op, &r);
}

/* Named, and not to be shown. */
static void row_hidden(const struct listing *l, struct place at)
{
	struct item *item = item_find(l->s, at.scope, at.id);
	if (item != NULL)
		item->listing = l->number;
}

enum row_kind { ROW_MEMBER, ROW_COLLECTION, ROW_NO_ROOM /* to see what it is about */ };

static enum row_kind row_place(const struct listing *l, const struct dav_response *row,
    struct place *at)
{
	struct slice path = path_canonical(row->href, l->op->txn->arena);
	if (path.n == 0)
		return ROW_NO_ROOM;
	if (row_is_collection(row, path, l->op))
		return ROW_COLLECTION;
	*at = place_member(l->places, l->authority, path, folds_case(l->op));
	return ROW_MEMBER;
}

static void row_judge(const struct listing *l, const struct dav_response *row, struct place at)
{
	if (row_is_gone(row))
		row_gone(l->s, item_find(l->s, at.scope, at.id), l->op);
	else if (row_is_there(row, l->op))
		row_there(l, row, at);
	else
		row_hidden(l, at);
}

/* False: not all of them can be known. */
static bool rows_judge(const struct listing *l, const struct dav_response *rows, size_t n)
{
	enum row_kind kinds[ROWS_AHEAD];
	struct place at[ROWS_AHEAD] = { 0 };
	bool all = true;
	for (size_t i = 0; i < n; i++) {
		kinds[i] = row_place(l, &rows[i], &at[i]);
		if (kinds[i] == ROW_MEMBER)
			item_ahead(l->s, at[i].id, rows[i].object);
	}
	for (size_t i = 0; i < n; i++)
		if (kinds[i] == ROW_MEMBER)
			item_nearer(l->s, at[i].id, rows[i].object);
	for (size_t i = 0; i < n; i++) {
		if (kinds[i] == ROW_MEMBER)
			row_judge(l, &rows[i], at[i]);
		all &= kinds[i] != ROW_NO_ROOM;
	}
	return all;
}

/* ---- what a complete listing leaves out ---- */

/* PROPFIND of a collection and its members, whole: what is not in it is not there. */
bool listing_is_complete(const struct op *op)
{
	const struct dav *dav = op->txn->res.body.dav, *asked = op->txn->req.body.dav;
	struct slice depth = { 0 };
	if (op->kind != OP_LIST || dav == NULL || !dav->whole || op->txn->unsure ||
	    (asked != NULL && asked->limit != 0) || !slice_is(op->txn->req.method, "PROPFIND") ||
	    message_header(&op->txn->req, "Depth", &depth) != PRESENT ||
	    !slice_is(slice_trim(depth), "1") || !message_complete(&op->txn->res))
		return false;
	for (size_t i = 0; i < dav->n_responses; i++)
		if (dav->responses[i].status == 507)
			return false;
	return true;
}

/* Another href of the listing that nobody was seen to create, with the same UID. */
static const struct item *other_name(const struct store *s, const struct item *item,
    uint32_t listing)
{
	const struct item *i = item_by_uid(s, item->uid);
	for (; i != NULL; i = item_at(s, i->next_uid))
		if (i->uid == item->uid && i != item && i->scope == item->scope &&
		    i->listing == listing && i->created.frame == 0)
			return i;
	return NULL;
}

static void left_out(const struct listing *l, struct item *item)
{
	const struct item *other = other_name(l->s, item, l->number);
	if (item->state == LIFE_LIVE && !item->seen_live && other != NULL) {
		char href[PATH_ROOM], other_href[PATH_ROOM];
		struct matter m = matter_of(l->s, TROUBLE_HREF_REWRITTEN, item, l->op);
		m.href = item_full_path(l->s, item, href, sizeof(href));
		m.other_href = item_full_path(l->s, other, other_href, sizeof(other_href));
		matter_tell(l->s, &m);
	}
	item_state(l->s, item, LIFE_GONE);
}

/* Only what was written before the listing was asked for has to be in it. */
static void leave_out(const struct listing *l)
{
	const struct scope_state *scope = scope_find(l->s, l->scope);
	if (scope == NULL)
		return;
	struct order_walk w = order_walk(l->s, &scope->items, l->op->txn->req.first.order);
	for (struct item *i; (i = order_walk_next(l->s, &w)) != NULL;) {
		if (i->listing == l->number)
			continue;
		left_out(l, i);
		order_walk_again(l->s, &w);
	}
}

void rows_dav(struct store *s, const struct op *op)
{
	const struct dav *dav = op->txn->res.body.dav;
	bool all = true;
	struct listing l = { .s = s,
		.op = op,
		.places = s->places,
		.authority = place_authority(op->txn),
		.scope = op->at.scope,
		.number = (uint32_t)++s->listings };
	if (dav == NULL || op->txn->unsure)
		return;
	for (size_t i = 0; i < dav->n_responses; i += ROWS_AHEAD) {
		size_t left = dav->n_responses - i;
		all &= rows_judge(&l, dav->responses + i, left < ROWS_AHEAD ? left : ROWS_AHEAD);
	}
	if (all && listing_is_complete(op))
		leave_out(&l);
}

/* ---- ActiveSync: what the server sends ---- */

static void airsync_row(struct store *s, const struct op *op, const struct airsync_item *row)
{
	struct place at = { .path = row->server_id,
		.scope = op->at.scope,
		.id = mix_slice(op->at.scope, row->server_id) };
	if (row->server_id.n == 0 || row->result)
		return;
	if (row->verb == AIRSYNC_DELETE || row->verb == AIRSYNC_SOFT_DELETE) {
		row_gone(s, item_find(s, at.scope, at.id), op);
		return;
	}
	struct item *item = row->object == NULL ? NULL : item_take(s, at);
	const struct reading r = { .object = row->object };
	if (item == NULL)
		return;
	if (!item->activesync)
		item_mark(s, item);
	item->activesync = true;
	store_seen_live(s, item, op, &r);
}

void rows_airsync(struct store *s, const struct op *op)
{
	const struct airsync *res = op->txn->res.body.airsync;
	if (op->kind != OP_DELTA || res == NULL || op->txn->unsure || op->collection == NULL)
		return;
	for (size_t i = 0; i < res->n_collections; i++) {
		const struct airsync_collection *c = &res->collections[i];
		if (c->id.n != 0 && !slice_equal(c->id, op->collection->id))
			continue;
		for (size_t k = 0; k < c->n_items; k++)
			airsync_row(s, op, &c->items[k]);
	}
}
