/*
 * fields_sync.c - getters of ActiveSync commands: who sends them, their collections and items.
 */
#include "rules/fields.h"

const char *const item_from_words[] = { "client", "server", NULL };
const char *const item_verb_words[] = { [AIRSYNC_ADD] = "add",
	[AIRSYNC_CHANGE] = "change",
	[AIRSYNC_DELETE] = "delete",
	[AIRSYNC_SOFT_DELETE] = "soft-delete",
	[AIRSYNC_FETCH] = "fetch",
	NULL };

/* ---- the command ---- */

/* What is said of something that a request line does not have. */
static enum seen query_missing(const struct event *e)
{
	return request_is_known(e) ? ABSENT : NOT_OBSERVED;
}

/* The user may stand in credentials that are not read. */
static enum seen user_missing(const struct event *e)
{
	const struct txn *txn = event_txn(e);
	if (e->sync == NULL)
		return query_missing(e);
	return txn == NULL || txn->auth_scheme.n != 0 ? NOT_OBSERVED : header_missing(&txn->req);
}

enum seen airsync_text_read(const struct asked *a, struct value *v)
{
	const struct sync_facts *s = a->e->sync;
	enum seen missing = a->which == AIRSYNC_USER ? user_missing(a->e) : query_missing(a->e);
	if (s == NULL)
		return missing;
	const struct slice texts[] = { [AIRSYNC_COMMAND] = s->query.command,
		[AIRSYNC_USER] = s->user,
		[AIRSYNC_DEVICE_ID] = s->device_id,
		[AIRSYNC_DEVICE_TYPE] = s->device_type };
	return value_text_or(v, texts[a->which], missing);
}

/* A header of either message. */
static enum seen sync_header(const struct event *e, int which, struct slice name, struct value *v)
{
	const struct txn *txn = event_txn(e);
	if (e->sync == NULL)
		return query_missing(e);
	if (txn == NULL)
		return NOT_OBSERVED;
	return header_read(which == REQUEST ? &txn->req : &txn->res, name, 0, v);
}

/* 25 is 2.5, 141 is 14.1. */
enum seen airsync_protocol_read(const struct asked *a, struct value *v)
{
	const struct sync_facts *s = a->e->sync;
	if (s == NULL)
		return query_missing(a->e);
	if (s->version == 0)
		return sync_header(a->e, REQUEST, SLICE("MS-ASProtocolVersion"), v) == ABSENT ?
		    ABSENT :
		    NOT_OBSERVED;
	char digits[DECIMAL_MAX];
	size_t n = decimal_put(digits, s->version / 10);
	for (size_t i = 0; i < n; i++)
		v->made[i] = digits[i];
	v->made[n++] = '.';
	v->made[n++] = (char)('0' + s->version % 10);
	return value_text(v, (struct slice){ (const uint8_t *)v->made, n });
}

enum seen airsync_policy_read(const struct asked *a, struct value *v)
{
	const struct sync_facts *s = a->e->sync;
	uint64_t key = 0;
	if (s != NULL && s->query.has_policy)
		return value_count(v, s->query.policy_key);
	enum seen seen = sync_header(a->e, REQUEST, SLICE("X-MS-PolicyKey"), v);
	if (seen != PRESENT)
		return seen;
	return slice_to_u64(slice_trim(v->text), &key) ? value_count(v, key) : ABSENT;
}

enum seen airsync_build_read(const struct asked *a, struct value *v)
{
	enum seen seen = sync_header(a->e, RESPONSE, SLICE("MS-Server-ActiveSync"), v);
	return seen == PRESENT ? value_text_or(v, slice_trim(v->text), ABSENT) : seen;
}

/* ---- bodies ---- */

static const struct airsync *sync_body(const struct event *e, int which)
{
	return which == REQUEST ? e->sync->req : e->sync->res;
}

/* What is said of something that the body of that side does not show. */
static enum seen body_missing(const struct event *e, int which)
{
	const struct airsync *body = sync_body(e, which);
	const struct txn *txn = event_txn(e);
	if (body != NULL)
		return body->whole ? ABSENT : NOT_OBSERVED;
	if (txn == NULL)
		return NOT_OBSERVED;
	const struct message *m = which == REQUEST ? &txn->req : &txn->res;
	if (!m->seen || !m->head_complete)
		return NOT_OBSERVED;
	if (m->body.bytes == 0 && m->body.complete)
		return ABSENT;
	return m->body.kind == BODY_WBXML || m->body.kind == BODY_NONE ? NOT_OBSERVED : ABSENT;
}

static enum seen body_text(const struct event *e, int which, struct slice text, struct value *v)
{
	return value_text_or(v, text, body_missing(e, which));
}

static enum seen body_number(const struct event *e, int which, int32_t number, struct value *v)
{
	return number != AIRSYNC_NONE ? value_number(v, number) : body_missing(e, which);
}

enum seen airsync_status_read(const struct asked *a, struct value *v)
{
	const struct airsync *res = a->e->sync->res;
	return body_number(a->e, RESPONSE, res != NULL ? res->status : AIRSYNC_NONE, v);
}

enum seen airsync_key_read(const struct asked *a, struct value *v)
{
	const struct airsync *body = sync_body(a->e, a->which);
	return body_text(a->e, a->which, body != NULL ? body->key : (struct slice){ 0 }, v);
}

enum seen airsync_heartbeat_read(const struct asked *a, struct value *v)
{
	const struct airsync *req = a->e->sync->req;
	return body_number(a->e, REQUEST, req != NULL ? req->heartbeat : AIRSYNC_NONE, v);
}

enum seen airsync_client_id_read(const struct asked *a, struct value *v)
{
	const struct airsync *req = a->e->sync->req;
	return body_text(a->e, REQUEST, req != NULL ? req->client_id : (struct slice){ 0 }, v);
}

static bool both_whole(const struct event *e)
{
	return body_missing(e, REQUEST) == ABSENT && body_missing(e, RESPONSE) == ABSENT;
}

/* ---- collections ---- */

size_t collections_count(const struct event *e, bool *complete)
{
	*complete = e->sync->indexed && both_whole(e);
	return e->sync->n_pairs;
}

/* NULL: there is no such element, or it is not on that side. */
static const struct airsync_collection *asked_collection(const struct asked *a, int which)
{
	const struct sync_facts *s = a->e->sync;
	if (a->element >= s->n_pairs)
		return NULL;
	return which == REQUEST ? s->pairs[a->element].req : s->pairs[a->element].res;
}

/* What both sides may say is taken from the one that says it. */
static enum seen either_text(const struct asked *a, struct slice request, struct slice answer,
    struct value *v)
{
	return value_text_or(v, request.n != 0 ? request : answer,
	    both_whole(a->e) ? ABSENT : NOT_OBSERVED);
}

enum seen collection_text_read(const struct asked *a, struct value *v)
{
	const struct airsync_collection none = { .status = AIRSYNC_NONE };
	const struct airsync_collection *req = asked_collection(a, REQUEST);
	const struct airsync_collection *res = asked_collection(a, RESPONSE);
	req = req != NULL ? req : &none;
	res = res != NULL ? res : &none;
	switch (a->which) {
	case COLLECTION_CLASS:
		return either_text(a, req->class, res->class, v);
	case COLLECTION_ID:
		return either_text(a, req->id, res->id, v);
	case COLLECTION_KEY:
		return body_text(a->e, REQUEST, req->key, v);
	default:
		return body_text(a->e, RESPONSE, res->key, v);
	}
}

enum seen collection_number_read(const struct asked *a, struct value *v)
{
	const struct airsync_collection *res = asked_collection(a, RESPONSE);
	int32_t number = AIRSYNC_NONE;
	if (res != NULL)
		number = a->which == COLLECTION_STATUS ? res->status : res->estimate;
	return body_number(a->e, RESPONSE, number, v);
}

enum seen collection_more_read(const struct asked *a, struct value *v)
{
	const struct airsync_collection *res = asked_collection(a, RESPONSE);
	if (res == NULL || (!res->more && body_missing(a->e, RESPONSE) != ABSENT))
		return body_missing(a->e, RESPONSE);
	return value_number(v, res->more);
}

static bool is_counted(const struct airsync_item *item, int which)
{
	switch (which) {
	case CLIENT_ADDS:
	case SERVER_ADDS:
		return item->verb == AIRSYNC_ADD;
	case CLIENT_CHANGES:
	case SERVER_CHANGES:
		return item->verb == AIRSYNC_CHANGE;
	default:
		return item->verb == AIRSYNC_DELETE || item->verb == AIRSYNC_SOFT_DELETE;
	}
}

/* A number of commands is known only when all of the body is. */
enum seen collection_commands_read(const struct asked *a, struct value *v)
{
	int side = a->which >= SERVER_ADDS ? RESPONSE : REQUEST;
	const struct airsync_collection *c = asked_collection(a, side);
	uint64_t n = 0;
	enum seen missing = body_missing(a->e, side);
	if (c == NULL || missing != ABSENT)
		return missing;
	for (size_t i = 0; i < c->n_items; i++)
		n += !c->items[i].result && is_counted(&c->items[i], a->which);
	return value_count(v, n);
}

/* ---- items ---- */

size_t airsync_items_count(const struct event *e, bool *complete)
{
	*complete = e->sync->indexed && both_whole(e);
	return e->sync->n_rows;
}

static const struct airsync_row *asked_row(const struct asked *a)
{
	const struct sync_facts *s = a->e->sync;
	return a->element < s->n_rows ? &s->rows[a->element] : NULL;
}

static enum seen row_missing(const struct asked *a, const struct airsync_row *row)
{
	return row != NULL ? body_missing(a->e, row->answer ? RESPONSE : REQUEST) : ABSENT;
}

enum seen item_from_read(const struct asked *a, struct value *v)
{
	const struct airsync_row *row = asked_row(a);
	return row != NULL ? value_word(v, item_from_words[row->answer]) : ABSENT;
}

enum seen item_verb_read(const struct asked *a, struct value *v)
{
	const struct airsync_row *row = asked_row(a);
	return row != NULL ? value_word(v, item_verb_words[row->item->verb]) : ABSENT;
}

enum seen item_result_read(const struct asked *a, struct value *v)
{
	const struct airsync_row *row = asked_row(a);
	return row != NULL ? value_number(v, row->item->result) : ABSENT;
}

enum seen item_text_read(const struct asked *a, struct value *v)
{
	const struct airsync_row *row = asked_row(a);
	if (row == NULL)
		return ABSENT;
	const struct slice texts[] = { [ITEM_COLLECTION] = row->in->id,
		[ITEM_CLIENT_ID] = row->item->client_id,
		[ITEM_SERVER_ID] = row->item->server_id,
		[ITEM_CLIENT_UID] = row->item->client_uid };
	return value_text_or(v, texts[a->which], row_missing(a, row));
}

enum seen item_status_read(const struct asked *a, struct value *v)
{
	const struct airsync_row *row = asked_row(a);
	int32_t status = row != NULL ? row->item->status : AIRSYNC_NONE;
	return status != AIRSYNC_NONE ? value_number(v, status) : row_missing(a, row);
}

static enum seen object_missing(const struct asked *a, const struct airsync_row *row)
{
	const struct object *o = row != NULL ? row->item->object : NULL;
	return o != NULL && !o->whole ? NOT_OBSERVED : row_missing(a, row);
}

enum seen item_object_read(const struct asked *a, struct value *v)
{
	const struct airsync_row *row = asked_row(a);
	const struct object *o = row != NULL ? row->item->object : NULL;
	struct slice text = { 0 };
	if (o != NULL)
		text = a->which == ITEM_UID ? o->uid : o->summary;
	return value_text_or(v, text, object_missing(a, row));
}

/* A time in a zone that is not known is there, too. */
enum seen item_start_read(const struct asked *a, struct value *v)
{
	const struct airsync_row *row = asked_row(a);
	const struct object *o = row != NULL ? row->item->object : NULL;
	if (o == NULL || o->kind == OBJECT_CARD)
		return object_missing(a, row);
	return o->start_ns != OBJECT_NO_TIME ? value_number(v, o->start_ns) : NOT_OBSERVED;
}
