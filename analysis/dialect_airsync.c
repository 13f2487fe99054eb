/*
 * dialect_airsync.c - an ActiveSync transaction as operations: each command of the client in a Sync is one,
 * and so is the collection it stands in. Where a command has no Status of its own, that of its collection
 * counts, then that of the root, then that of HTTP.
 */
#include "analysis/meaning.h"

#include <stdlib.h>
#include <string.h>

/* The hierarchy of folders is what lies in the root folder. */
#define ROOT_FOLDER SLICE("0")

/* ---- what the transaction is ---- */

static uint16_t version_read(const struct message *req)
{
	struct slice text;
	uint64_t major, minor;
	if (message_header(req, "MS-ASProtocolVersion", &text) != PRESENT)
		return 0;
	text = slice_trim(text);
	size_t dot = slice_find_byte(text, '.');
	if (!slice_to_u64(slice_part(text, 0, dot), &major) || major == 0 || major > 99 ||
	    text.n != dot + 2 || !slice_to_u64(slice_part(text, dot + 1, 1), &minor))
		return 0;
	return (uint16_t)(10 * major + minor);
}

const struct sync_facts *sync_facts_make(const struct txn *txn, const struct facts *facts)
{
	const struct message *req = &txn->req;
	bool options = slice_is(req->method, "OPTIONS");
	if (facts->flavour != FLAVOUR_ACTIVESYNC || !req->seen ||
	    (!options && !slice_is(req->method, "POST")))
		return NULL;
	struct sync_facts *f = arena_alloc(txn->arena, sizeof(*f));
	if (f == NULL)
		return NULL;
	airsync_query_read(req->target, txn->arena, &f->query);
	f->req = req->body.airsync;
	f->res = txn->unsure ? NULL : txn->res.body.airsync;
	if (f->query.command.n == 0 && f->req != NULL)
		f->query.command = f->req->command;
	if (f->query.command.n == 0 && !options)
		return NULL;
	f->version = version_read(req);
	if (f->version == 0)
		f->version = f->query.version;
	f->user = f->query.user.n != 0 ? f->query.user : txn->auth_user;
	f->device_id = f->query.device_id;
	f->device_type = f->query.device_type;
	sync_facts_index(f, txn->arena);
	return f;
}

/* ---- reading one transaction ---- */

struct reading {
	const struct txn *txn;
	const struct facts *facts;
	const struct sync_facts *sync;
	uint64_t owner; /* whose collections: the part of all scopes */
	bool decided; /* by `all`: there is no body to look into */
	bool whole; /* what the answer does not say it does not mean */
	struct verdict all,
	    missing; /* missing: of what a body that was not read whole does not say */
	struct op *list;
	size_t n, room;
};

static bool sync_is(const struct sync_facts *f, const char *command)
{
	return slice_is_nocase(f->query.command, command);
}

/* The connection ended in plain view, so it is the client that has no answer, not we. */
static bool answer_lost(const struct txn *txn)
{
	return txn->unpaired == UNPAIRED_CLOSED || txn->unpaired == UNPAIRED_RESET;
}

static struct verdict no_answer(const struct txn *txn)
{
	if (txn->unsure || !answer_lost(txn))
		return (struct verdict){ OUT_UNSEEN, COMMIT_UNSEEN, 0 };
	bool never_sent = !txn->req.end_seen && txn->req.cut_off;
	return (struct verdict){ OUT_LOST, never_sent ? COMMIT_NO : COMMIT_MAYBE, 0 };
}

static bool body_empty(const struct message *m)
{
	return m->body.bytes == 0 && m->body.gap_bytes == 0 && message_complete(m);
}

static void answer_judge(struct reading *r)
{
	const struct txn *txn = r->txn;
	const struct message *res = &txn->res;
	r->decided = true;
	if (txn->unsure || !res->seen) {
		r->all = no_answer(txn);
		return;
	}
	r->all = (struct verdict){ OUT_OK, COMMIT_YES, res->status };
	if (res->status / 100 != 2) {
		r->all = verdict_of_http(res->status);
		return;
	}
	r->decided = false;
	r->whole = body_empty(res) ||
	    (message_complete(res) && res->body.complete && r->sync->res != NULL &&
		r->sync->res->whole);
	r->missing = res->cut_off ? (struct verdict){ OUT_LOST, COMMIT_MAYBE, res->status } :
				    (struct verdict){ OUT_UNSEEN, COMMIT_UNSEEN, res->status };
}

/* Of a command that has nothing but its root. */
static struct verdict root_verdict(const struct reading *r)
{
	if (r->decided)
		return r->all;
	if (r->sync->res != NULL && r->sync->res->status != AIRSYNC_NONE)
		return verdict_of_status(r->sync->query.command, r->sync->res->status);
	return r->whole ? r->all : r->missing;
}

static bool owner_find(struct reading *r)
{
	struct slice name = r->sync->user.n != 0 ? r->sync->user : r->sync->device_id;
	uint8_t *lower = arena_alloc(r->txn->arena, name.n + 1);
	if (lower == NULL)
		return false;
	for (size_t i = 0; i < name.n; i++)
		lower[i] = ascii_lower(name.p[i]);
	r->owner = mix_slice(mix_slice(0, SLICE("airsync")), (struct slice){ lower, name.n });
	return true;
}

/* Before 12.1 a collection may have its class alone. */
static struct slice collection_name(const struct airsync_collection *c)
{
	return c->id.n != 0 ? c->id : c->class;
}

static uint64_t scope_of(const struct reading *r, struct slice collection)
{
	return collection.n != 0 ? mix_slice(r->owner, collection) : 0;
}

static uint64_t id_of(uint64_t scope, struct slice server_id)
{
	return scope != 0 && server_id.n != 0 ? mix_slice(scope, server_id) : 0;
}

/* ---- operations ---- */

/* NULL: the list is full, which it never is where it was counted right. */
static struct op *op_add(struct reading *r, enum op_kind kind, struct verdict v)
{
	if (r->n == r->room)
		return NULL;
	struct op *op = &r->list[r->n++];
	op->txn = r->txn;
	op->facts = r->facts;
	op->kind = kind;
	op->outcome = v.outcome;
	op->commit = v.commit;
	op->row_status = v.status;
	op->mailbox = r->sync->user;
	op->device = r->sync->device_id;
	op->body_hash = r->txn->req.body.hash;
	op->legs = op->attempts = 1;
	return op;
}

static void op_guard_key(struct op *op, struct slice key)
{
	op->guard = key.n != 0 ? GUARD_KEY : GUARD_NONE;
	op->guard_value = key;
}

/* The rows of an answer, sorted so that each question finds its own without walking all of them. */
struct row {
	enum airsync_verb verb;
	struct slice id;
	const void *what;
	size_t taken; /* in the first of equal rows: how many of them have found their question */
};
struct rows {
	struct row *list;
	size_t n;
};

static int key_compare(const struct row *a, const struct row *b)
{
	if (a->verb != b->verb)
		return a->verb < b->verb ? -1 : 1;
	if (a->id.n != b->id.n)
		return a->id.n < b->id.n ? -1 : 1;
	return a->id.n != 0 ? memcmp(a->id.p, b->id.p, a->id.n) : 0;
}

static int row_compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = key_compare(x, y);
	if (order != 0)
		return order;
	return (x->what > y->what) - (x->what < y->what); /* both point into one array */
}

/* Two commands with one id get the rows of that id in turn, the last one over and over. */
static const void *row_take(const struct rows *rows, enum airsync_verb verb, struct slice id)
{
	const struct row wanted = { .verb = verb, .id = id };
	size_t low = 0, high = rows->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (key_compare(&rows->list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == rows->n || key_compare(&rows->list[low], &wanted) != 0)
		return NULL;
	size_t at = low + rows->list[low].taken;
	if (at + 1 < rows->n && key_compare(&rows->list[at + 1], &wanted) == 0)
		rows->list[low].taken++;
	return rows->list[at].what;
}

static struct rows rows_new(const struct reading *r, size_t most)
{
	struct rows rows = { 0 };
	if (most != 0)
		rows.list = arena_alloc(r->txn->arena, most * sizeof(*rows.list));
	return rows;
}

static struct rows rows_of_items(const struct reading *r, const struct airsync_collection *answered)
{
	struct rows rows = rows_new(r, answered != NULL ? answered->n_items : 0);
	for (size_t i = 0; rows.list != NULL && i < answered->n_items; i++) {
		const struct airsync_item *item = &answered->items[i];
		bool add = item->verb == AIRSYNC_ADD;
		if (item->result)
			rows.list[rows.n++] = (struct row){ .verb = item->verb,
				.id = add ? item->client_id : item->server_id,
				.what = item };
	}
	if (rows.n != 0)
		qsort(rows.list, rows.n, sizeof(*rows.list), row_compare);
	return rows;
}

/* ---- Sync ---- */

/* Of the i-th collection of the request; NULL: the answer does not name it. */
static const struct airsync_collection *answered_of(const struct reading *r, size_t i)
{
	return !r->decided && i < r->sync->n_pairs ? r->sync->pairs[i].res : NULL;
}

/* A collection with nothing to say may be left out of the answer, and all of them: an empty body. */
static struct verdict collection_verdict(const struct reading *r,
    const struct airsync_collection *answered)
{
	if (r->decided)
		return r->all;
	if (answered == NULL)
		return root_verdict(r);
	if (answered->status != AIRSYNC_NONE)
		return verdict_of_status(r->sync->query.command, answered->status);
	return r->all;
}

/* Only what failed is told of Change and Delete, only what was done of Add and Fetch. */
static struct verdict item_verdict(const struct reading *r, struct verdict of_collection,
    const struct airsync_item *asked, const struct airsync_item *row)
{
	if (r->decided)
		return r->all;
	if (row != NULL && row->status != AIRSYNC_NONE)
		return verdict_of_status(r->sync->query.command, row->status);
	if (row != NULL || of_collection.outcome != OUT_OK)
		return of_collection;
	if (!r->whole)
		return r->missing;
	if (asked->verb == AIRSYNC_ADD)
		return (struct verdict){ OUT_LOST, COMMIT_MAYBE, of_collection.status };
	if (asked->verb == AIRSYNC_FETCH)
		return (struct verdict){ OUT_REFUSED, COMMIT_NO, of_collection.status };
	return of_collection;
}

static enum op_kind kind_of(enum airsync_verb verb)
{
	switch (verb) {
	case AIRSYNC_ADD:
		return OP_CREATE;
	case AIRSYNC_CHANGE:
		return OP_UPDATE;
	case AIRSYNC_FETCH:
		return OP_READ;
	default:
		return OP_DELETE;
	}
}

static void op_collection(struct op *op, const struct reading *r,
    const struct airsync_collection *asked, const struct airsync_collection *answered)
{
	struct slice class = asked->class;
	if (class.n == 0 && answered != NULL)
		class = answered->class;
	op->at.scope = scope_of(r, collection_name(asked));
	op->collection = asked;
	op->answered = answered;
	op->calendar = slice_is_nocase(class, "Calendar");
	op->contacts = slice_is_nocase(class, "Contacts");
	op_guard_key(op, asked->key);
}

static void item_add(struct reading *r, struct verdict of_collection,
    const struct airsync_collection *asked, const struct airsync_collection *answered,
    const struct airsync_item *item, const struct airsync_item *row)
{
	struct op *op = op_add(r, kind_of(item->verb), item_verdict(r, of_collection, item, row));
	if (op == NULL)
		return;
	op_collection(op, r, asked, answered);
	op->at.path = item->server_id;
	if (item->verb == AIRSYNC_ADD)
		op->at.path = row != NULL ? row->server_id : (struct slice){ 0 };
	op->at.id = id_of(op->at.scope, op->at.path);
	op->item = item;
	op->answer = row;
	op->object = item->verb == AIRSYNC_FETCH && row != NULL ? row->object : item->object;
}

/* The commands first: the server does them before it lists what is new. */
static void collection_add(struct reading *r, const struct airsync_collection *asked,
    const struct airsync_collection *answered)
{
	struct verdict v = collection_verdict(r, answered);
	struct rows rows = rows_of_items(r, answered);
	for (size_t i = 0; i < asked->n_items; i++) {
		const struct airsync_item *item = &asked->items[i];
		bool add = item->verb == AIRSYNC_ADD;
		item_add(r, v, asked, answered, item,
		    row_take(&rows, item->verb, add ? item->client_id : item->server_id));
	}
	struct op *op = op_add(r, OP_DELTA, v);
	if (op != NULL)
		op_collection(op, r, asked, answered);
}

static void sync_add(struct reading *r)
{
	for (size_t i = 0; i < r->sync->req->n_collections; i++)
		collection_add(r, &r->sync->req->collections[i], answered_of(r, i));
}

static void estimate_add(struct reading *r)
{
	for (size_t i = 0; i < r->sync->req->n_collections; i++) {
		const struct airsync_collection *answered = answered_of(r, i);
		struct op *op = op_add(r, OP_PROBE, collection_verdict(r, answered));
		if (op != NULL)
			op_collection(op, r, &r->sync->req->collections[i], answered);
	}
}

/* ---- the other commands ---- */

static struct verdict move_verdict(const struct reading *r, const struct airsync_move *row)
{
	if (r->decided)
		return r->all;
	if (row != NULL && row->status != AIRSYNC_NONE)
		return verdict_of_status(r->sync->query.command, row->status);
	struct verdict v = root_verdict(r);
	return row != NULL || v.outcome != OUT_OK ?
	    v :
	    (struct verdict){ OUT_LOST, COMMIT_MAYBE, v.status };
}

static struct rows rows_of_moves(const struct reading *r)
{
	const struct airsync *res = r->decided ? NULL : r->sync->res;
	struct rows rows = rows_new(r, res != NULL ? res->n_moves : 0);
	for (size_t i = 0; rows.list != NULL && i < res->n_moves; i++)
		rows.list[rows.n++] = (struct row){ .id = res->moves[i].id,
			.what = &res->moves[i] };
	if (rows.n != 0)
		qsort(rows.list, rows.n, sizeof(*rows.list), row_compare);
	return rows;
}

static void moves_add(struct reading *r)
{
	const struct airsync *req = r->sync->req;
	struct rows rows = rows_of_moves(r);
	for (size_t i = 0; i < req->n_moves; i++) {
		const struct airsync_move *move = &req->moves[i];
		const struct airsync_move *row = row_take(&rows, 0, move->id);
		struct op *op = op_add(r, OP_MOVE, move_verdict(r, row));
		if (op == NULL)
			return;
		op->at = (struct place){ .path = move->id, .scope = scope_of(r, move->from) };
		op->at.id = id_of(op->at.scope, move->id);
		op->to.scope = scope_of(r, move->to);
		if (row != NULL)
			op->to.path = row->new_id;
		op->to.id = id_of(op->to.scope, op->to.path);
	}
}

static bool sync_in(const struct sync_facts *f, const char *const *names)
{
	while (*names != NULL && !sync_is(f, *names))
		names++;
	return *names != NULL;
}

/* A command that does one thing. */
static void single_add(struct reading *r)
{
	static const char *const probes[] = { "Ping", "GetItemEstimate", "Provision", "Settings",
		"Search", "Find", "ResolveRecipients", "ValidateCert", NULL };
	static const char *const mails[] = { "SendMail", "SmartForward", "SmartReply", NULL };
	const struct sync_facts *f = r->sync;
	enum op_kind kind = OP_OTHER;
	if (slice_is(r->txn->req.method, "OPTIONS") || sync_in(f, probes))
		kind = OP_PROBE;
	else if (sync_in(f, mails))
		kind = OP_SEND;
	else if (sync_is(f, "FolderSync"))
		kind = OP_LIST;
	else if (sync_is(f, "Sync"))
		kind = OP_DELTA;
	struct op *op = op_add(r, kind, root_verdict(r));
	if (op == NULL)
		return;
	if (slice_starts_nocase(f->query.command, SLICE("Folder"))) {
		op->at.scope = scope_of(r, ROOT_FOLDER);
		op_guard_key(op, f->req != NULL ? f->req->key : (struct slice){ 0 });
	}
	if (f->req == NULL && !body_empty(&r->txn->req))
		op->guard = GUARD_UNSEEN;
}

struct shape {
	void (*add)(struct reading *);
	size_t n;
};

static struct shape shape_of(const struct sync_facts *f)
{
	struct shape shape = { single_add, 1 };
	if (f->req == NULL)
		return shape;
	if (sync_is(f, "Sync") && f->req->n_collections != 0) {
		shape = (struct shape){ sync_add, f->req->n_collections };
		for (size_t i = 0; i < f->req->n_collections; i++)
			shape.n += f->req->collections[i].n_items;
	} else if (sync_is(f, "GetItemEstimate") && f->req->n_collections != 0) {
		shape = (struct shape){ estimate_add, f->req->n_collections };
	} else if (sync_is(f, "MoveItems") && f->req->n_moves != 0) {
		shape = (struct shape){ moves_add, f->req->n_moves };
	}
	return shape;
}

struct ops dialect_airsync(const struct txn *txn, const struct facts *facts,
    const struct sync_facts *sync)
{
	struct reading r = { .txn = txn, .facts = facts, .sync = sync };
	struct shape shape = shape_of(sync);
	r.list = arena_alloc(txn->arena, shape.n * sizeof(*r.list));
	if (!sync->indexed || r.list == NULL || !owner_find(&r))
		return (struct ops){ 0 };
	r.room = shape.n;
	answer_judge(&r);
	shape.add(&r);
	return (struct ops){ r.list, r.n };
}
