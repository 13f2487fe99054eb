/*
 * session_item.c - single commands of ActiveSync that only the course of the synchronisation shows to be wrong:
 * ids used twice, changes that come back, items and mails sent again and again.
 */
#include "analysis/session.h"

/* ---- E09: refused for good ---- */

enum { POISON_ROW = 3 };

/* Of a whole request Status 4 and 6 speak of the item only where there is one. */
static bool is_refused_for_good(const struct op *op)
{
	bool alone = op->collection != NULL && op->collection->n_items == 1;
	bool own = op->answer != NULL && op->answer->status == op->row_status;
	bool told = op->answered != NULL && op->answered->status == op->row_status;
	return op->outcome == OUT_REFUSED && (op->row_status == 4 || op->row_status == 6) &&
	    (own || (alone && told));
}

static void poison_judge(struct sessions *s, const struct op *op)
{
	uint64_t what = mix(mix(op->at.scope, op->peer), op->object->fingerprint);
	if (!is_refused_for_good(op)) {
		struct note *before = note_find(s, NOTE_POISON, what);
		if (before != NULL && op->outcome == OUT_OK)
			before->count = 0;
		return;
	}
	struct note *note = note_take(s, NOTE_POISON, what, op);
	if (note == NULL)
		return;
	if (note->count == 0) {
		note->number = op->number;
		note->first = span_of(op);
	}
	if (++note->count >= POISON_ROW) {
		struct evidence e = { .n = 0 };
		evidence_span(&e, &note->first);
		evidence_span(&e, &note->last);
		evidence_op(&e, op);
		item_tell(s, op,
		    (struct matter){ .trouble = TROUBLE_POISON,
			.certainty = CONFIRMED,
			.value = op->item->client_id,
			.count = note->count,
			.update = note->count - POISON_ROW },
		    note, &e);
	}
	note->last = span_of(op);
}

/* ---- E07: a new item taken for an old one ---- */

/* The server says that what is sent now is what it was given under another key; by then it was another item. */
static bool is_swallowed(const struct note *note, const struct op *op, uint64_t uid)
{
	uint64_t print = op->object->fingerprint;
	return note->a != 0 && note->a != print && note->b == slice_number(op->item->client_id) &&
	    note->c != slice_number(op->guard_value) && (uid == 0 || note->state != (uint32_t)uid);
}

static void server_id_judge(struct sessions *s, const struct op *op)
{
	uint64_t print = op->object != NULL ? op->object->fingerprint : 0;
	uint64_t uid = op->object != NULL ? slice_number(op->object->uid) : 0;
	struct note *note = note_find(s, NOTE_SERVER_ID, op->at.id);
	if (note != NULL && op->kind != OP_CREATE) { /* gone, or another one by now */
		note->a = op->kind == OP_UPDATE ? print : 0;
		return;
	}
	if (op->kind != OP_CREATE || op->commit != COMMIT_YES || print == 0 ||
	    op->item->client_id.n == 0)
		return;
	if (note != NULL && is_swallowed(note, op, uid)) {
		struct evidence e = { .n = 0 };
		evidence_span(&e, &note->first);
		evidence_op(&e, op);
		item_tell(s, op,
		    (struct matter){ .trouble = TROUBLE_CLIENT_ID_SWALLOWED,
			.certainty = CONFIRMED,
			.value = op->item->client_id,
			.other_value = op->guard_value,
			.count = 1 },
		    note, &e);
		return;
	}
	note = note_take(s, NOTE_SERVER_ID, op->at.id, op);
	if (note == NULL)
		return;
	note->a = print;
	note->b = slice_number(op->item->client_id);
	note->c = slice_number(op->guard_value);
	note->state = (uint32_t)uid;
	note->first = span_of(op);
}

/* ---- E06: UID and ClientUid of 16.0 and later ---- */

/* Clients write one ClientUid with and without dashes, in both cases, with a NUL behind it. */
static uint64_t client_uid_number(struct slice s)
{
	uint64_t number = 0;
	uint8_t kept[64];
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '-' && s.p[i] != '{' && s.p[i] != '}' && s.p[i] != '\0')
			kept[n++] = ascii_lower(s.p[i]);
		if (n == sizeof(kept) || (i + 1 == s.n && n != 0)) {
			number = mix_slice(number, (struct slice){ kept, n });
			n = 0;
		}
	}
	return number;
}

static void misuse_tell(struct sessions *s, const struct op *op, const struct note *note,
    enum certainty certainty)
{
	struct evidence e = { .n = 0 };
	evidence_span(&e, &note->first);
	evidence_span(&e, &note->last);
	evidence_op(&e, op);
	item_tell(s, op,
	    (struct matter){ .trouble = TROUBLE_CLIENT_UID_MISUSED,
		.certainty = certainty,
		.value = op->object->uid.n != 0 ? op->object->uid : op->item->client_uid,
		.count = note->count,
		.update = note->count - 1 },
	    note, &e);
}

/* A create that was not acknowledged is sent again: the server knows it by its ClientUid alone. */
static void client_uid_judge(struct sessions *s, const struct op *op)
{
	const struct object *o = op->object;
	uint64_t uid = client_uid_number(op->item->client_uid);
	if (o->kind != OBJECT_EVENT || o->fingerprint == 0)
		return;
	struct note *note = note_take(s, NOTE_ATTEMPT,
	    mix(mix(op->at.scope, op->peer), o->fingerprint), op);
	if (note == NULL)
		return;
	bool again = op->kind == OP_CREATE && note->state != 0;
	if (o->uid.n != 0 || (again && (uid == 0 || uid != note->a))) {
		note->count++;
		misuse_tell(s, op, note, o->uid.n != 0 ? CONFIRMED : PROBABLE);
	}
	if (op->kind == OP_CREATE) {
		note->a = uid;
		note->state = op->commit == COMMIT_MAYBE;
	}
	note->last = span_of(op);
}

/* ---- E08: mail ---- */

/*
 * The same bytes are the same message: its Message-ID and ClientId are among them. Servers may drop what has
 * a ClientId they know.
 */
static void mail_judge(struct sessions *s, const struct op *op, const struct sync_facts *sync)
{
	bool known = sync->req != NULL && sync->req->client_id.n != 0;
	if (op->commit != COMMIT_YES || op->body_hash == 0)
		return;
	struct note *note = note_take(s, NOTE_MAIL, mix(op->peer, op->body_hash), op);
	if (note == NULL)
		return;
	if (++note->count >= 2) {
		struct evidence e = { .n = 0 };
		evidence_span(&e, &note->first);
		evidence_span(&e, &note->last);
		evidence_op(&e, op);
		item_tell(s, op,
		    (struct matter){ .trouble = TROUBLE_MAIL_REPEATED,
			.certainty = known ? PROBABLE : CONFIRMED,
			.value = known ? sync->req->client_id : (struct slice){ 0 },
			.count = note->count,
			.update = note->count - 2 },
		    note, &e);
	}
	note->last = span_of(op);
}

/*
 * ---- E10: the client's own change comes back, and it changes it again ----
 *
 * A loop does so with the next synchronisation; who edits an item again, later, may leave alone what the
 * fingerprint is made of.
 */
#define ECHO_NS (60 * MINUTE_NS)

enum { ECHO_NONE, ECHO_SENT, ECHO_BACK };
enum { ECHO_ROUNDS = 2 };

static uint64_t echo_key(const struct op *op, struct slice server_id)
{
	return mix_slice(mix(op->at.scope, op->peer), server_id);
}

static void echo_sent(struct sessions *s, const struct op *op)
{
	struct note *note = note_take(s, NOTE_ECHO, echo_key(op, op->item->server_id), op);
	if (note == NULL)
		return;
	bool at_once = ns_apart(op->txn->req.first.ns, note->last.answer.ns) <= ECHO_NS;
	if (note->state != ECHO_BACK || note->a != op->object->fingerprint || !at_once) {
		note->count = 0;
		note->number = op->number;
		note->first = span_of(op);
	}
	note->state = op->commit == COMMIT_YES ? ECHO_SENT : ECHO_NONE;
	note->a = op->object->fingerprint;
}

static void echo_back(struct sessions *s, const struct op *op, const struct airsync_item *row)
{
	struct note *note = note_find(s, NOTE_ECHO, echo_key(op, row->server_id));
	if (note == NULL || note->state != ECHO_SENT)
		return;
	if (row->object == NULL || row->object->fingerprint != note->a) {
		note->state = ECHO_NONE;
		return;
	}
	note->state = ECHO_BACK;
	note->last = span_of(op);
	if (++note->count < ECHO_ROUNDS)
		return;
	struct evidence e = { .n = 0 };
	evidence_span(&e, &note->first);
	evidence_op(&e, op);
	item_tell(s, op,
	    (struct matter){ .trouble = TROUBLE_ECHO,
		.certainty = PROBABLE,
		.value = row->server_id,
		.count = note->count,
		.update = note->count - ECHO_ROUNDS },
	    note, &e);
}

void session_echo(struct sessions *s, const struct op *op)
{
	const struct airsync_collection *c = op->answered;
	for (size_t i = 0; c != NULL && i < c->n_items; i++)
		if (!c->items[i].result && c->items[i].verb == AIRSYNC_CHANGE)
			echo_back(s, op, &c->items[i]);
}

/* ---- one command ---- */

void session_item(struct sessions *s, const struct op *op, const struct sync_facts *sync)
{
	if (op->kind == OP_SEND) {
		mail_judge(s, op, sync);
		return;
	}
	if (op->item == NULL || op->kind == OP_READ || op->at.scope == 0)
		return;
	if (op->at.id != 0 && op->commit != COMMIT_NO)
		server_id_judge(s, op);
	if (op->object == NULL)
		return;
	if (op->object->fingerprint != 0)
		poison_judge(s, op);
	if (sync->version >= 160)
		client_uid_judge(s, op);
	if (op->kind == OP_UPDATE && op->object->fingerprint != 0)
		echo_sent(s, op);
}
