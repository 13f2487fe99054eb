/*
 * dialect_dav.c - WebDAV, CalDAV, CardDAV and Exchange's DAV: what one transaction does to which
 * resource, and whether it was done. Methods on several resources become an operation each.
 */
#include "analysis/meaning.h"
#include "analysis/signs.h"

#include <string.h>

struct request {
	struct places *places;
	const struct txn *txn;
	const struct facts *facts;
	uint64_t authority;
	struct slice path; /* canonical */
	bool fold; /* case does not count */
};

static bool method_is(const struct request *r, const char *name)
{
	return slice_is(r->txn->req.method, name);
}

static struct slice header_of(const struct message *m, const char *name)
{
	struct slice value = { 0 };
	return message_header(m, name, &value) == PRESENT ? slice_trim(value) : (struct slice){ 0 };
}

/* ---- the status that counts ---- */

static const struct dav *answer_of(const struct txn *txn)
{
	return txn->res.body.dav;
}

/* Of a row: its own status, else the worst that its properties have; 0: it says none. */
static uint16_t row_status(const struct dav_response *row)
{
	uint16_t worst = row->status;
	for (size_t i = 0; worst == 0 && i < row->n_props; i++)
		if (row->props[i].status / 100 == 4 || row->props[i].status / 100 == 5)
			worst = row->props[i].status;
	for (size_t i = 0; worst == 0 && i < row->n_props; i++)
		worst = row->props[i].status;
	return worst;
}

/* Exchange 2003 SDK: what went well is left out of the answer. */
static bool is_brief(const struct message *req)
{
	return slice_starts_nocase(header_of(req, "Brief"), SLICE("t"));
}

/*
 * A 207 to a write of one resource tells it inside. A row that creates says 201 whatever became of single
 * properties. 0: it does not say, or was not read.
 */
static uint16_t inner_status(const struct txn *txn, struct dav_name *error)
{
	const struct dav *dav = answer_of(txn);
	uint16_t silent = is_brief(&txn->req) ? txn->res.status : 0;
	if (txn->res.status != 207)
		return txn->res.status;
	if (dav == NULL || dav->n_responses == 0)
		return dav != NULL && dav->whole ? silent : 0;
	uint16_t status = row_status(&dav->responses[0]);
	*error = dav->responses[0].error;
	return status != 0 || !dav->whole ? status : silent;
}

/* The first that means something to us: servers add words of their own. */
static struct dav_name error_of(const struct txn *txn)
{
	const struct dav *dav = answer_of(txn);
	struct dav_name none = { { NULL, 0 }, { NULL, 0 } };
	for (size_t i = 0; dav != NULL && i < dav->n_errors; i++)
		if (error_is_known(dav->errors[i]))
			return dav->errors[i];
	return none;
}

static void op_judge(struct op *op, uint16_t status, struct dav_name error)
{
	op->row_status = status;
	op->outcome = outcome_judge(op->txn, status, error);
	op->commit = commit_judge(op->txn, op->outcome, status);
}

static bool changes_one(const struct op *op)
{
	return op->kind <= OP_COPY || slice_is(op->txn->req.method, "PROPPATCH");
}

static void op_judge_single(struct op *op)
{
	struct dav_name error = error_of(op->txn);
	if (changes_one(op))
		op_judge(op, inner_status(op->txn, &error), error);
	else
		op_judge(op, op->txn->res.status, error);
}

/* ---- tags ---- */

static enum seen tag_of(const struct txn *txn, const char *name, struct slice *tag)
{
	*tag = (struct slice){ 0 };
	enum seen seen = message_header(&txn->res, name, tag);
	*tag = slice_trim(*tag);
	if (!txn->res.seen || txn->unsure)
		return NOT_OBSERVED;
	if (seen == PRESENT)
		return tag->n != 0 ? PRESENT : ABSENT;
	return seen == ABSENT && message_complete(&txn->res) ? ABSENT : NOT_OBSERVED;
}

static void op_tags(struct op *op, const struct facts *facts)
{
	if (facts->flavour == FLAVOUR_EXCHANGE) {
		op->tag = facts->tag;
		op->tag_seen = facts->tag_due != TAG_NOT_DUE || facts->tag_seen == PRESENT ?
		    facts->tag_seen :
		    NOT_OBSERVED;
		return;
	}
	op->tag_seen = tag_of(op->txn, "ETag", &op->tag);
	op->schedule_tag_seen = tag_of(op->txn, "Schedule-Tag", &op->schedule_tag);
}

/* ---- kinds ---- */

static bool sets_item(const struct request *r)
{
	const struct dav *dav = r->txn->req.body.dav;
	return dav != NULL && dav->object != NULL;
}

/* PROPPATCH on Exchange writes items like PUT does, and folders. */
static enum op_kind kind_proppatch(const struct request *r)
{
	return r->facts->flavour == FLAVOUR_EXCHANGE && sets_item(r) ? OP_WRITE : OP_OTHER;
}

/* RFC 4791 4.1: an object that is stored has no METHOD; what goes to an outbox (RFC 6638) has one. */
static bool may_be_stored(const struct object *o)
{
	return o != NULL && o->kind != OBJECT_OTHER && o->method.n == 0;
}

/* RFC 5995. That it made one, a good answer says; without one it may have. */
static enum op_kind kind_post(const struct request *r)
{
	const struct message *req = &r->txn->req, *res = &r->txn->res;
	bool exchange = r->facts->flavour == FLAVOUR_EXCHANGE;
	bool located = header_of(res, "Location").n != 0;
	if (!exchange && req->body.kind != BODY_CALENDAR && req->body.kind != BODY_VCARD)
		return OP_OTHER;
	if (exchange && header_of(res, "Repl-UID").n != 0)
		return OP_CREATE;
	if (res->seen && res->status / 100 == 2)
		return located || res->status == 201 ? OP_CREATE : OP_OTHER;
	return may_be_stored(req->body.object) ? OP_CREATE : OP_OTHER;
}

static enum op_kind kind_report(const struct dav *dav)
{
	if (dav == NULL)
		return OP_OTHER;
	if (slice_is(dav->root.local, "sync-collection"))
		return OP_DELTA;
	if (slice_is(dav->root.local, "calendar-multiget") ||
	    slice_is(dav->root.local, "addressbook-multiget"))
		return OP_READ;
	return slice_is(dav->root.local, "calendar-query") ||
		slice_is(dav->root.local, "addressbook-query") ?
	    OP_LIST :
	    OP_OTHER;
}

static enum op_kind kind_propfind(const struct request *r)
{
	struct slice depth = header_of(&r->txn->req, "Depth");
	return slice_is(depth, "0") ? OP_PROBE : OP_LIST;
}

static enum op_kind kind_of(const struct request *r)
{
	static const struct {
		const char *method;
		enum op_kind kind;
	} kinds[] = {
		{ "PUT", OP_WRITE },
		{ "GET", OP_READ },
		{ "DELETE", OP_DELETE },
		{ "MOVE", OP_MOVE },
		{ "COPY", OP_COPY },
		{ "HEAD", OP_PROBE },
		{ "OPTIONS", OP_PROBE },
		{ "SEARCH", OP_LIST },
	};
	const struct dav *asked = r->txn->req.body.dav;
	if (method_is(r, "SEARCH") && asked != NULL && asked->collblob.n != 0)
		return OP_DELTA;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (method_is(r, kinds[i].method))
			return kinds[i].kind;
	if (method_is(r, "PROPFIND"))
		return kind_propfind(r);
	if (method_is(r, "REPORT"))
		return kind_report(asked);
	if (method_is(r, "PROPPATCH"))
		return kind_proppatch(r);
	return method_is(r, "POST") ? kind_post(r) : OP_OTHER;
}

/* ---- one operation ---- */

static const struct object *object_of(const struct op *op)
{
	const struct body *sent = &op->txn->req.body, *got = &op->txn->res.body;
	if (op->kind == OP_READ)
		return op->txn->res.status == 200 ? got->object : NULL;
	if (sent->object != NULL)
		return sent->object;
	return sent->dav != NULL ? sent->dav->object : NULL;
}

static bool works_on_collection(const struct request *r, enum op_kind kind)
{
	struct slice path = target_path(r->txn->req.target);
	return kind == OP_LIST || kind == OP_DELTA || method_is(r, "REPORT") ||
	    (path.n != 0 && path.p[path.n - 1] == '/');
}

static void op_places(const struct request *r, struct op *op)
{
	struct slice located = { 0 };
	bool posted = method_is(r, "POST") && op->kind == OP_CREATE;
	if (posted && r->txn->res.status / 100 == 2)
		located = path_canonical(header_of(&r->txn->res, "Location"), r->txn->arena);
	if (located.n != 0)
		op->at = place_member(r->places, r->authority, located, r->fold);
	else if (posted || works_on_collection(r, op->kind))
		op->at = (struct place){ .path = r->path,
			.scope = place_scope(r->places, r->authority, r->path, r->fold) };
	else
		op->at = place_member(r->places, r->authority, r->path, r->fold);
	if (op->kind == OP_MOVE || op->kind == OP_COPY) {
		struct slice to = header_of(&r->txn->req, "Destination");
		to = path_canonical(to, r->txn->arena);
		if (to.n != 0)
			op->to = place_member(r->places, r->authority, to, r->fold);
	}
}

/* What kind of collection it is, as far as this operation shows. */
static void op_class(struct op *op, const struct facts *facts)
{
	const struct object *o = op->object;
	op->contacts = (o != NULL && o->kind == OBJECT_CARD) || facts->flavour == FLAVOUR_CARDDAV;
	op->calendar = (o != NULL &&
			   (o->kind == OBJECT_EVENT || o->kind == OBJECT_TODO ||
			       o->kind == OBJECT_JOURNAL)) ||
	    (facts->flavour == FLAVOUR_CALDAV && !op->contacts);
}

static void op_begin(const struct request *r, struct op *op)
{
	op->txn = r->txn;
	op->facts = r->facts;
	op->legs = op->attempts = 1;
	op->body_hash = r->txn->req.body.hash;
	op->mailbox = path_mailbox(r->path);
}

static void op_fill(const struct request *r, struct op *op)
{
	op->kind = kind_of(r);
	op->guard = guard_judge(&r->txn->req, &op->guard_value);
	if (op->kind == OP_WRITE && op->guard == GUARD_ABSENT)
		op->kind = OP_CREATE;
	else if (op->kind == OP_WRITE &&
	    (op->guard == GUARD_TAG || op->guard == GUARD_SCHEDULE_TAG ||
		op->guard == GUARD_EXISTS))
		op->kind = OP_UPDATE;
	op->object = object_of(op);
	op_places(r, op);
	op_tags(op, r->facts);
	op_judge_single(op);
	op_class(op, r->facts);
}

/* ---- methods on several resources ---- */

/* Exchange's B methods name their targets in the body; the answer has a row for each, or one status for all. */
static enum op_kind kind_batch(const struct request *r)
{
	if (method_is(r, "BDELETE"))
		return OP_DELETE;
	if (method_is(r, "BMOVE"))
		return OP_MOVE;
	if (method_is(r, "BCOPY"))
		return OP_COPY;
	return method_is(r, "BPROPPATCH") && sets_item(r) ? OP_UPDATE : OP_OTHER;
}

enum { BATCH_MAX = 1024 };

/* Which rows the answer has, by what they are about. */
struct row_index {
	uint64_t *numbers;
	size_t n;
};

static struct row_index rows_index(const struct request *r)
{
	const struct dav *dav = answer_of(r->txn);
	struct row_index rows = { NULL, 0 };
	if (dav == NULL || r->txn->res.status != 207)
		return rows;
	size_t n = dav->n_responses < BATCH_MAX ? dav->n_responses : BATCH_MAX;
	rows.numbers = arena_alloc(r->txn->arena, n * sizeof(*rows.numbers));
	for (; rows.numbers != NULL && rows.n < n; rows.n++) {
		struct slice href = dav->responses[rows.n].href;
		struct slice path = path_canonical(href, r->txn->arena);
		rows.numbers[rows.n] = place_member(r->places, r->authority, path, r->fold).id;
	}
	return rows;
}

/* Rows mostly come in the order of the targets. */
static const struct dav_response *row_of(const struct request *r, const struct row_index *rows,
    uint64_t number, size_t i)
{
	const struct dav_response *list = rows->n != 0 ? answer_of(r->txn)->responses : NULL;
	if (i < rows->n && number != 0 && rows->numbers[i] == number)
		return &list[i];
	for (size_t k = 0; number != 0 && k < rows->n; k++)
		if (rows->numbers[k] == number)
			return &list[k];
	return NULL;
}

/* The folder of the Destination, and the name that it had. */
static void batch_destination(const struct request *r, struct op *op)
{
	struct slice folder = header_of(&r->txn->req, "Destination"), name = path_last(op->at.path);
	folder = path_canonical(folder, r->txn->arena);
	uint8_t *path = NULL;
	if (folder.n != 0 && name.n != 0)
		path = arena_alloc(r->txn->arena, folder.n + name.n + 1);
	if (path == NULL)
		return;
	memcpy(path, folder.p, folder.n);
	path[folder.n] = '/';
	memcpy(path + folder.n + 1, name.p, name.n);
	op->to = place_member(r->places, r->authority,
	    (struct slice){ path, folder.n + name.n + 1 }, r->fold);
}

static void op_batch(const struct request *r, struct op *op, const struct dav_response *row)
{
	op->guard = guard_judge(&r->txn->req, &op->guard_value);
	op->tag_seen = NOT_OBSERVED;
	if (op->kind == OP_MOVE || op->kind == OP_COPY)
		batch_destination(r, op);
	if (row != NULL)
		op_judge(op, row_status(row), row->error);
	else if (r->txn->res.status == 207)
		op_judge(op, 0, (struct dav_name){ { NULL, 0 }, { NULL, 0 } });
	else
		op_judge_single(op);
}

static struct ops ops_batch(const struct request *r, enum op_kind kind)
{
	const struct dav *dav = r->txn->req.body.dav;
	struct row_index rows = rows_index(r);
	size_t n = dav->n_hrefs < BATCH_MAX ? dav->n_hrefs : BATCH_MAX;
	struct ops ops = { .list = arena_alloc(r->txn->arena, n * sizeof(*ops.list)) };
	for (size_t i = 0; ops.list != NULL && i < n; i++) {
		struct op *op = &ops.list[ops.n++];
		struct slice path = path_canonical(dav->hrefs[i], r->txn->arena);
		op_begin(r, op);
		op->kind = kind;
		op->at = place_member(r->places, r->authority, path, r->fold);
		op_batch(r, op, row_of(r, &rows, op->at.id, i));
	}
	return ops;
}

struct ops dialect_dav(struct places *places, const struct txn *txn, const struct facts *facts)
{
	struct request r = { .places = places,
		.txn = txn,
		.facts = facts,
		.fold = facts->flavour == FLAVOUR_EXCHANGE };
	struct ops ops = { 0 };
	if (!txn->req.seen || facts->flavour == FLAVOUR_HTTP ||
	    facts->flavour == FLAVOUR_ACTIVESYNC)
		return ops;
	r.authority = place_authority(txn);
	r.path = path_canonical(txn->req.target, txn->arena);
	const struct dav *asked = txn->req.body.dav;
	enum op_kind batch = kind_batch(&r);
	if (batch != OP_OTHER && asked != NULL && asked->n_hrefs != 0)
		return ops_batch(&r, batch);
	ops.list = arena_alloc(txn->arena, sizeof(*ops.list));
	if (ops.list == NULL)
		return ops;
	ops.n = 1;
	op_begin(&r, ops.list);
	op_fill(&r, ops.list);
	return ops;
}
