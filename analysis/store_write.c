/*
 * store_write.c - what a write makes of an item: new, another version, or nobody knows.
 */
#include "analysis/store.h"

/* ---- who and when ---- */

static uint32_t peer32(uint64_t peer)
{
	return (uint32_t)(peer ^ peer >> 32) | 1;
}

bool has_read(const struct item *item, uint64_t peer)
{
	for (size_t i = 0; i < item->n_readers; i++)
		if (item->readers[i] == peer32(peer))
			return true;
	return item->readers_full;
}

void reader_add(struct item *item, uint64_t peer)
{
	if (has_read(item, peer))
		return;
	if (item->n_readers == READERS)
		item->readers_full = true;
	else
		item->readers[item->n_readers++] = peer32(peer);
}

enum { M_NONE, M_PUT, M_POST, M_PROPPATCH, M_MOVE, M_COPY, M_ADD };

static unsigned method_number(const struct op *op)
{
	static const char *const names[] = { "", "PUT", "POST", "PROPPATCH", "MOVE", "COPY" };
	if (op->item != NULL)
		return M_ADD;
	for (unsigned i = M_PUT; i <= M_COPY; i++)
		if (slice_is(op->txn->req.method, names[i]))
			return i;
	return M_NONE;
}

#define LOW48(x) ((x)&UINT64_C(0xffffffffffff))

/* Of a 207 the status inside; of ActiveSync its own Status. */
struct trace trace_of(const struct op *op)
{
	const struct message *req = &op->txn->req, *res = &op->txn->res;
	struct trace t = { .input = req->head.input,
		.status = op->row_status != 0 ? op->row_status : res->status,
		.method = method_number(op) & 15,
		.tag_seen = (unsigned)op->tag_seen & 3,
		.commit = (unsigned)op->commit & 3,
		.kind = (unsigned)op->kind & 15,
		.ns = req->head.ns };
	t.order = LOW48(req->head.order);
	t.frame = LOW48(req->head.frame);
	t.answer_order = LOW48(res->head.order);
	t.answer_frame = LOW48(res->head.frame);
	return t;
}

void item_changed(struct store *s, struct item *item, const struct op *op)
{
	item_date(s, item, &item->created, op->txn->req.head.order);
	item->written_input = op->txn->req.head.input;
	item->written_frame = LOW48(op->txn->req.head.frame);
	item->written_answer_order = LOW48(op->txn->res.head.order);
	item->written_answer_frame = LOW48(op->txn->res.head.frame);
}

static void item_written(struct store *s, struct item *item, const struct op *op)
{
	tags_written(item, op);
	item->open_uid = item->open_print = false;
	item->writer = peer32(op->peer);
	item_changed(s, item, op);
}

/* Asked before the last change was over: it may show what was there before. */
bool read_is_stale(const struct item *item, const struct op *op)
{
	return LOW48(op->txn->req.first.order) < item->written_answer_order;
}

/* Nobody was seen to make it: it is known since now. */
void item_known(struct store *s, struct item *item, const struct op *op)
{
	uint64_t order = LOW48(op->txn->req.head.order);
	struct trace created = item->created;
	if (item->written_order != 0 && created.order != 0)
		return;
	if (created.order == 0)
		created.order = LOW48(order);
	item_date(s, item, &created, item->written_order != 0 ? item->written_order : order);
}

/* What it holds now is not known any more. */
void item_blur(struct item *item)
{
	item->tag = item->schedule_tag = 0;
	item->sent_octets = item->read_octets = 0;
	item->sent_text = item->read_text = item->sent_lines = item->settled = 0;
	item->writer = 0;
}

static uint32_t repl_number(const struct op *op)
{
	struct slice value = { 0 };
	if (op->facts->flavour != FLAVOUR_EXCHANGE ||
	    message_header(&op->txn->res, "Repl-UID", &value) != PRESENT)
		return 0;
	return (uint32_t)mix_slice(61, slice_trim(value)) | 1;
}

uint64_t idem_number(const struct op *op)
{
	if (op->item == NULL || op->item->client_id.n == 0)
		return 0;
	return mix_slice(mix_slice(mix(op->peer, op->at.scope), op->guard_value),
	    op->item->client_id);
}

/* ---- writes ---- */

/* The client knows the outcome and got no version with it. */
bool is_untagged(const struct op *op)
{
	if (op->outcome != OUT_OK || op->tag_seen != ABSENT || op->item != NULL)
		return false;
	if (op->facts->flavour == FLAVOUR_EXCHANGE)
		return op->facts->tag_due == TAG_DUE_EXCHANGE;
	return op->schedule_tag_seen != PRESENT;
}

static void item_created(struct store *s, struct item *item, const struct op *op)
{
	const struct trace created = trace_of(op);
	item_date(s, item, &created, item->written_order);
	item->creator = op->peer;
	if (item->lineage == 0)
		item->lineage = op->number;
	item->untagged = is_untagged(op);
	item->lost = op->outcome == OUT_LOST;
	item->failed = op->commit == COMMIT_MAYBE && !item->lost;
	item->copied = item->adopted = false;
	item->own_refusals = 0;
	item->own_waits = false;
	item->activesync = op->item != NULL;
	item->repl_uid = repl_number(op);
	item->idem = idem_number(op);
}

void tell_write(struct store *s, enum trouble trouble, const struct item *item, const struct op *op)
{
	struct matter m = matter_of(s, trouble, item, op);
	matter_tell(s, &m);
}

/* Nothing came back, or only the word of a hop that it does not know either. */
bool answer_was_lost(const struct op *op)
{
	const struct message *res = &op->txn->res;
	bool received = res->seen && !op->txn->unreceived;
	return received ? res->status == 502 || res->status == 504 : op->outcome == OUT_LOST;
}

/* Whether its client knows that is another matter. */
static void tell_written(struct store *s, const struct item *item, const struct op *op)
{
	tell_write(s, TROUBLE_NONE, item, op);
	if (answer_was_lost(op))
		tell_write(s, TROUBLE_UNKNOWN_OUTCOME, item, op);
}

/* The item has been known, or was changed, since this was asked for: others were there meanwhile. */
bool is_behind(const struct item *item, const struct op *op)
{
	return LOW48(op->txn->req.head.order) < item->written_order;
}

/* Nobody knew the item before this was asked for, and nobody else was seen to make it. */
static bool has_made(const struct item *item, const struct op *op)
{
	bool same = op->object == NULL || item->uid == 0 || op->object->uid.n == 0 ||
	    item->uid == uid_number(op->object->uid);
	bool known_before = item->created.order != 0 &&
	    item->created.order <= LOW48(op->txn->req.head.order);
	return same && op->kind != OP_UPDATE && item->created.frame == 0 && !known_before;
}

/*
 * The answer comes late, or it is known late that there will be none: by then the item has turned up, and may be
 * gone again, or the client was refused what it made. What was seen of it since is what it holds.
 */
static void write_late(struct store *s, struct item *item, const struct op *op)
{
	uint16_t refusals = item->own_refusals;
	item_created(s, item, op);
	item->own_refusals = refusals;
	if (op->commit == COMMIT_UNSEEN) {
		item->lost = item->failed = false;
		item->adopted = true;
	}
	if (item->uid == 0 && item->print == 0)
		item_identify(s, item, op->object);
	if (item->written_frame == 0) {
		item->writer = peer32(op->peer);
		item_changed(s, item, op);
	}
	if (item->state != LIFE_GONE)
		gate_item(s, item, NULL);
	refusal_late(s, item, op);
	if (op->commit == COMMIT_YES)
		tell_written(s, item, op);
	else if (op->commit == COMMIT_MAYBE && answer_was_lost(op))
		tell_write(s, TROUBLE_UNKNOWN_OUTCOME, item, op);
}

/* It was deleted while this was under way: which of the two was the later one at the server, nobody knows. */
static void write_beside_delete(struct store *s, struct item *item, const struct op *op)
{
	item_state(s, item, LIFE_UNKNOWN);
	item_blur(item);
	tell_written(s, item, op);
}

bool is_another(const struct item *item, const struct object *o)
{
	if (o == NULL)
		return false;
	if (!o->whole) /* a listing asks for some properties only */
		return o->uid.n != 0 && uid_number(o->uid) != item->uid;
	return uid_number(o->uid) != item->uid || object_print(o) != item->print;
}

/* A delete of unknown outcome: whether this write made it anew, nobody can know. */
static bool may_live(const struct item *item)
{
	return item->state == LIFE_UNKNOWN && item->written_order != 0;
}

/* As far as is known there is nothing under this id. */
static bool is_fresh(const struct item *item)
{
	return item->state == LIFE_GONE || (item->state == LIFE_UNKNOWN && !may_live(item));
}

/* A create that must not overwrite leaves what is there as it is. */
static void item_open(struct item *item, const struct op *op)
{
	if (op->object == NULL || (op->guard == GUARD_ABSENT && item->state == LIFE_LIVE))
		return;
	item->open_uid |= uid_number(op->object->uid) != item->uid;
	item->open_print |= object_print(op->object) != item->print;
}

static void write_maybe(struct store *s, struct item *item, const struct op *op)
{
	if (!is_behind(item, op)) {
		if (is_fresh(item) && op->kind != OP_UPDATE) {
			item_state(s, item, LIFE_MAYBE);
			item_created(s, item, op);
			item_identify(s, item, op->object);
		} else {
			item_open(item, op);
		}
		item_blur(item);
	}
	if (answer_was_lost(op))
		tell_write(s, TROUBLE_UNKNOWN_OUTCOME, item, op);
}

/* The answer was not captured: if the item turns up, this may have made it. */
static void write_unseen(struct store *s, struct item *item, const struct op *op)
{
	if (is_fresh(item) && op->kind != OP_UPDATE) {
		item_state(s, item, LIFE_MAYBE);
		item_created(s, item, op);
		item->lost = item->failed = false;
		item->adopted = true;
		item_identify(s, item, op->object);
	} else {
		item_open(item, op);
	}
	item_blur(item);
}

static bool body_differs(const struct item *item, const struct op *op)
{
	return item->sent_octets != 0 && op->body_hash != 0 &&
	    item->sent_octets != bytes_number(op->body_hash);
}

/* Somebody else's version, and it was not seen to read that. */
static bool is_unread(const struct item *item, const struct op *op)
{
	return item->writer != 0 && item->writer != peer32(op->peer) && !has_read(item, op->peer) &&
	    body_differs(item, op);
}

static void overwrite_judge(struct store *s, const struct item *item, const struct op *op)
{
	struct stamp packets[OP_PACKETS];
	bool unguarded = op->guard == GUARD_NONE || op->guard == GUARD_EXISTS;
	if (!unguarded || op->item != NULL)
		return;
	if (is_unread(item, op))
		doubt_add(s, TROUBLE_LOST_UPDATE, item, op, packets,
		    written_packets(item, op, packets));
	else if (op->guard == GUARD_NONE)
		tell_write(s, TROUBLE_UNGUARDED_UPDATE, item, op);
}

static void write_over(struct store *s, struct item *item, const struct op *op)
{
	if (item->state == LIFE_LIVE)
		overwrite_judge(s, item, op);
	item_state(s, item, LIFE_LIVE);
	/* What became of the create was not seen in full: this answer is all its maker knows of it. */
	if (item->creator == op->peer && item->created.tag_seen == NOT_OBSERVED &&
	    !has_read(item, op->peer))
		item->untagged |= is_untagged(op);
	bool another = item->open_uid || item->open_print || is_another(item, op->object);
	item_identify(s, item, op->object);
	item_written(s, item, op);
	if (op->kind != OP_UPDATE && op->object != NULL && op->object->uid.n != 0 &&
	    op->guard == GUARD_ABSENT)
		tell_cleared(s, item, NULL, op, GATE_OVERWRITE);
	tell_written(s, item, op);
	if (another)
		gate_item(s, item, op);
}

/* An update of what nobody was seen to make; or of an attempt of unknown outcome, which proves it. */
static void write_update(struct store *s, struct item *item, const struct op *op)
{
	bool proven = item->state == LIFE_MAYBE && item->created.frame != 0;
	item_state(s, item, LIFE_LIVE);
	if (!proven) {
		item->lineage = op->number;
		item->creator = 0;
		item_date(s, item, &(struct trace){ .order = 0 }, item->written_order);
		item_known(s, item, op);
		item->untagged = item->lost = item->failed = false;
	}
	item_identify(s, item, op->object);
	item_written(s, item, op);
	tell_written(s, item, op);
	if (proven)
		gate_item(s, item, op);
}

static void write_new(struct store *s, struct item *item, const struct op *op)
{
	if (item->state == LIFE_GONE || may_live(item))
		item->lineage = item->told = 0;
	item_state(s, item, LIFE_LIVE);
	item_identify(s, item, op->object);
	item_created(s, item, op);
	burst_count(s, item, op);
	item_written(s, item, op);
	tell_written(s, item, op);
	gate_item(s, item, op);
}

/* Not stored, or under an id that nobody was told. */
static void write_nowhere(struct store *s, const struct op *op)
{
	if (op->commit == COMMIT_NO && op->kind != OP_UPDATE)
		gate_refused(s, op);
	else if (op->commit == COMMIT_MAYBE && op->kind == OP_CREATE)
		orphan_add(s, op);
}

void store_write(struct store *s, const struct op *op)
{
	orphan_again(s, op);
	struct item *item;
	if (op->at.id == 0 || op->commit == COMMIT_NO) {
		write_nowhere(s, op);
		return;
	}
	item = item_take(s, op->at);
	if (item == NULL)
		return;
	item_mark(s, item);
	item->activesync = op->item != NULL;
	bool behind = is_behind(item, op);
	if (behind && has_made(item, op))
		write_late(s, item, op);
	else if (op->commit == COMMIT_UNSEEN)
		write_unseen(s, item, op);
	else if (op->commit == COMMIT_MAYBE)
		write_maybe(s, item, op);
	else if (item->state == LIFE_LIVE || (may_live(item) && op->guard != GUARD_ABSENT))
		write_over(s, item, op);
	else if (behind && item->state == LIFE_GONE && op->guard != GUARD_ABSENT)
		write_beside_delete(s, item, op);
	else if (op->kind == OP_UPDATE)
		write_update(s, item, op);
	else
		write_new(s, item, op);
}
