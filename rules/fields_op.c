/*
 * fields_op.c - getters of operations: what is done to which resource, by whom, with which object, and
 * what became of it. A transaction has the first of them, too, as it stands alone.
 */
#include "rules/fields.h"

const char *const folder_class_words[] = { "calendar", "contacts", NULL };

/* What is said of a transaction that is no operation, or of an operation that has no such thing. */
static enum seen op_missing(const struct event *e)
{
	return e->op != NULL || request_is_known(e) ? ABSENT : NOT_OBSERVED;
}

static enum seen op_text(const struct event *e, struct slice text, struct value *v)
{
	return value_text_or(v, text, op_missing(e));
}

/* ---- where ---- */

enum seen op_mailbox_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	return op_text(a->e, op != NULL ? op->mailbox : (struct slice){ 0 }, v);
}

enum seen op_href_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	return op_text(a->e, op != NULL ? op->at.path : (struct slice){ 0 }, v);
}

enum seen op_destination_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	if (op == NULL)
		return op_missing(a->e);
	bool moves = op->kind == OP_MOVE || op->kind == OP_COPY;
	return value_text_or(v, op->to.path, moves ? header_missing(&op->txn->req) : ABSENT);
}

enum seen op_kind_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	return op != NULL ? value_word(v, op_words[op->kind]) : op_missing(a->e);
}

/* That a folder holds neither is never known. */
enum seen folder_class_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	if (op == NULL)
		return op_missing(a->e);
	if (!op->calendar && !op->contacts)
		return NOT_OBSERVED;
	return value_word(v, folder_class_words[!op->calendar]);
}

/* ---- the front end of Exchange, by what it calls itself ---- */

/* PRESENT: *v is the version behind "Microsoft-Server-ActiveSync/", up to a blank. */
static enum seen frontend_read(const struct event *e, struct value *v)
{
	static const char name[] = "Microsoft-Server-ActiveSync/";
	const struct txn *txn = event_txn(e);
	if (txn == NULL)
		return NOT_OBSERVED;
	enum seen seen = header_read(&txn->req, SLICE("User-Agent"), 0, v);
	if (seen != PRESENT)
		return seen;
	if (!slice_starts_nocase(v->text, slice_from(name)))
		return ABSENT;
	v->text = slice_part(v->text, sizeof(name) - 1, v->text.n);
	v->text = slice_part(v->text, 0, slice_find_byte(v->text, ' '));
	return PRESENT;
}

enum seen frontend_address_read(const struct asked *a, struct value *v)
{
	enum seen seen = frontend_read(a->e, v);
	if (seen == PRESENT)
		v->ip = &event_txn(a->e)->client;
	return seen;
}

enum seen frontend_build_read(const struct asked *a, struct value *v)
{
	enum seen seen = frontend_read(a->e, v);
	return seen == PRESENT && v->text.n == 0 ? ABSENT : seen;
}

/* ---- the object ---- */

/* The message that holds the object, if there is one; NULL: such an operation has none. */
static const struct message *object_message(const struct op *op)
{
	switch (op->kind) {
	case OP_CREATE:
	case OP_UPDATE:
	case OP_WRITE:
	case OP_SEND:
		return &op->txn->req;
	case OP_READ:
		return &op->txn->res;
	default:
		return NULL;
	}
}

/* All of the body was seen and understood. */
static bool body_is_read(const struct body *b)
{
	switch (b->kind) {
	case BODY_XML:
		return b->dav != NULL && b->dav->whole;
	case BODY_WBXML:
		return b->airsync != NULL && b->airsync->whole;
	case BODY_CALENDAR:
	case BODY_VCARD:
		return false; /* it is one, and could not be read */
	default:
		return true;
	}
}

/* What is said of an object, or of something in it, that is not there. */
static enum seen object_missing(const struct op *op)
{
	const struct message *m = object_message(op);
	if (op->object != NULL)
		return op->object->whole ? ABSENT : NOT_OBSERVED;
	if (m == NULL)
		return ABSENT;
	bool empty = m->seen && m->head_complete && m->body.bytes == 0 && m->body.complete;
	bool read = m->seen && m->head_complete && m->body.complete &&
	    (m->loss & LOSS_LIMIT) == 0 && body_is_read(&m->body);
	return empty || read ? ABSENT : NOT_OBSERVED;
}

static const struct object *event_object(const struct event *e)
{
	return e->op != NULL ? e->op->object : NULL;
}

static enum seen cal_missing(const struct event *e)
{
	return e->op != NULL ? object_missing(e->op) : op_missing(e);
}

enum seen cal_text_read(const struct asked *a, struct value *v)
{
	const struct object *o = event_object(a->e);
	if (o == NULL)
		return cal_missing(a->e);
	const struct slice texts[] = { [CAL_UID] = o->uid,
		[CAL_SUMMARY] = o->summary,
		[CAL_RECURRENCE_ID] = o->recurrence_id,
		[CAL_ORGANIZER] = o->organizer,
		[CAL_METHOD] = o->method };
	return value_text_or(v, texts[a->which], cal_missing(a->e));
}

enum seen cal_fingerprint_read(const struct asked *a, struct value *v)
{
	const struct object *o = event_object(a->e);
	if (o == NULL || o->fingerprint == 0)
		return cal_missing(a->e);
	for (unsigned i = 0; i < 16; i++)
		v->made[i] = "0123456789abcdef"[o->fingerprint >> (60 - 4 * i) & 15];
	return value_text(v, (struct slice){ (const uint8_t *)v->made, 16 });
}

/* A time in a zone that is not known is there, too: only a card has none for certain. */
enum seen cal_time_read(const struct asked *a, struct value *v)
{
	const struct object *o = event_object(a->e);
	if (o == NULL || o->kind == OBJECT_CARD)
		return cal_missing(a->e);
	int64_t ns = a->which == CAL_START ? o->start_ns : o->end_ns;
	return ns != OBJECT_NO_TIME ? value_number(v, ns) : NOT_OBSERVED;
}

/* ---- operations alone ---- */

enum seen operation_number_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->op->number);
}

enum seen operation_commit_read(const struct asked *a, struct value *v)
{
	return value_word(v, commit_words[a->e->op->commit]);
}

enum seen operation_outcome_read(const struct asked *a, struct value *v)
{
	return value_word(v, outcome_of_words[a->e->op->outcome]);
}

enum seen operation_guard_read(const struct asked *a, struct value *v)
{
	return value_word(v, guard_words[a->e->op->guard]);
}

enum seen operation_guard_value_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	return value_text_or(v, op->guard_value, op->guard == GUARD_UNSEEN ? NOT_OBSERVED : ABSENT);
}

enum seen operation_status_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	if (op->row_status != 0)
		return value_number(v, op->row_status);
	return op->txn->res.seen ? ABSENT : NOT_OBSERVED;
}

/* A listing has its tags in its rows, a deletion needs none; ActiveSync knows no such thing. */
enum seen operation_tag_state_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	bool airsync = op->facts != NULL && op->facts->flavour == FLAVOUR_ACTIVESYNC;
	bool asks = op->kind == OP_CREATE || op->kind == OP_UPDATE || op->kind == OP_WRITE ||
	    op->kind == OP_READ;
	return asks && !airsync ? value_word(v, tag_state_words[op->tag_seen]) : ABSENT;
}

enum seen operation_count_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	return value_count(v, a->which == OPERATION_LEGS ? op->legs : op->attempts);
}

enum seen operation_text_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->op;
	return value_text_or(v, a->which == OPERATION_PEER ? op->peer_name : op->device, ABSENT);
}

enum seen operation_copy_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->op->copy);
}
