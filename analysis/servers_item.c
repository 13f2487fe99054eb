/*
 * servers_item.c - what writes and reads of single items say of their server: tags, other bytes,
 * conditions, UIDs, statuses.
 *
 * Whether a write creates is not told by its status (there are servers that say 201 to all), nor by its
 * condition (there are servers that do not look at it): it takes both, or what was seen before.
 */
#include "analysis/servers_parts.h"

#define UID_SOON_NS (6 * SOON_NS)

static uint64_t uid_of(const struct object *o)
{
	return o->uid.n != 0 ? mix_slice(43, o->uid) : 0;
}

/* Whether there was anything under the name before the write. */
enum was { WAS_UNKNOWN, WAS_THERE, WAS_NOT };

/* ---- what is known of items ---- */

static struct known *known_find(struct servers *s, uint64_t id)
{
	struct known *k = &s->known[id % KNOWN_SLOTS];
	return id != 0 && k->id == id ? k : NULL;
}

/* NULL: without a number, or something that was written has the place of what was only read. */
static struct known *known_take(struct servers *s, uint64_t id, bool written)
{
	struct known *k = &s->known[id % KNOWN_SLOTS];
	if (id == 0 || (k->id != id && k->written && !written))
		return NULL;
	if (k->id != id)
		*k = (struct known){ .id = id };
	return k;
}

static bool is_now(const struct servers *s, const struct known *k, enum being being)
{
	return k != NULL && k->being == being && k->done > s->doubt;
}

/* Everything was captured, and nobody had the time to write in between. */
static bool is_soon(const struct servers *s, const struct known *k, const struct op *op,
    int64_t within)
{
	int64_t gap = ns_apart(op->txn->req.first.ns, k->ns);
	return !s->lossy && gap < within && gap > -within;
}

static uint64_t end_of(const struct op *op)
{
	return op->txn->res.seen ? op->txn->res.last.order : op->txn->done.order;
}

/* Asked before what is known was over; where packets are missing it may also be told long after. */
static bool is_beside(const struct known *k, const struct op *op)
{
	return op->txn->req.first.order <= k->done;
}

/* ---- one write ---- */

static bool is_write(const struct op *op)
{
	return op->kind == OP_CREATE || op->kind == OP_UPDATE || op->kind == OP_WRITE;
}

static bool is_stored(const struct op *op)
{
	return op->outcome == OUT_OK && op->commit == COMMIT_YES && answer_whole(op->txn);
}

static bool says_updated(const struct op *op)
{
	return op->row_status == 204 || op->row_status == 200;
}

static bool has_same_bytes(const struct known *k, const struct op *op)
{
	return k != NULL && k->live != 0 && k->live == number32(op->body_hash);
}

static bool has_other_bytes(const struct known *k, const struct op *op)
{
	return k != NULL && k->live != 0 && op->body_hash != 0 &&
	    k->live != number32(op->body_hash);
}

/* An empty place was never taken: in a collection that was seen whole the item is not there. */
static bool is_new(const struct sight *t)
{
	const struct op *op = t->op;
	const struct scope_note *note = scope_note_of(t->s, op->at.scope);
	return !t->s->lossy && note != NULL && note->whole && op->at.id != 0 &&
	    t->s->known[op->at.id % KNOWN_SLOTS].id == 0;
}

static enum was was_there(const struct sight *t, const struct known *k)
{
	const struct op *op = t->op;
	const struct vector *fit = &t->view->fit;
	bool made = op->row_status == 201;
	if (op->guard == GUARD_TAG || op->guard == GUARD_EXISTS || op->guard == GUARD_SCHEDULE_TAG)
		return WAS_THERE;
	if (is_now(t->s, k, BEING_LIVE))
		return says_updated(op) || is_soon(t->s, k, op, SOON_NS) ? WAS_THERE : WAS_UNKNOWN;
	if (!made)
		return WAS_UNKNOWN;
	/* Exchange 2003 SDK, PUT: 201 is for new ones. */
	if (op->facts->flavour == FLAVOUR_EXCHANGE || is_now(t->s, k, BEING_GONE) || is_new(t) ||
	    (op->guard == GUARD_ABSENT && (fit->set[POLICY_V3] & V3_YES)) ||
	    fit->set[POLICY_V11] == V11_204)
		return WAS_NOT;
	return WAS_UNKNOWN;
}

/* V12: the bytes are those that are there already; the condition says so, or nobody had time to change them. */
static bool changes_nothing(const struct sight *t, const struct known *k)
{
	const struct op *op = t->op;
	bool strong = false;
	bool same = op->guard == GUARD_TAG && k != NULL && k->strong && k->tag != 0 &&
	    tag_number(op->guard_value, &strong) == k->tag && strong;
	return has_same_bytes(k, op) && is_now(t->s, k, BEING_LIVE) &&
	    (same || is_soon(t->s, k, op, SOON_NS));
}

/* NOT_OBSERVED: nothing can be said of it. RFC 9110 13.1.1, RFC 7232 3.1: a repeated write may get none. */
static enum seen tag_seen(const struct op *op)
{
	bool exchange = op->facts->flavour == FLAVOUR_EXCHANGE;
	if (exchange && op->facts->tag_due != TAG_DUE_EXCHANGE)
		return NOT_OBSERVED;
	if (!exchange && (!slice_is(op->txn->req.method, "PUT") || op->txn->res.status == 207))
		return NOT_OBSERVED;
	if (op->tag_seen == ABSENT && (op->attempts > 1 || op->schedule_tag_seen == PRESENT))
		return NOT_OBSERVED;
	return op->tag_seen;
}

static void tag_absent(const struct sight *t, const struct known *k, enum was was)
{
	bool changed = has_other_bytes(k, t->op) && is_now(t->s, k, BEING_LIVE);
	if (was == WAS_THERE && changed)
		sight_exclude(t, POLICY_V1, V1_ALWAYS | V1_NOT_ON_CREATE);
	else if (was != WAS_THERE && t->op->row_status == 201 && !has_same_bytes(k, t->op))
		sight_exclude(t, POLICY_V1, V1_ALWAYS);
}

/* V1 and V12. */
static void tag_judge_answer(const struct sight *t, const struct known *k, enum was was)
{
	enum seen seen = tag_seen(t->op);
	bool nothing = changes_nothing(t, k);
	if (seen == PRESENT) {
		sight_exclude(t, POLICY_V1,
		    was == WAS_NOT ? V1_NEVER | V1_NOT_ON_CREATE : V1_NEVER);
		if (nothing)
			sight_exclude(t, POLICY_V12, V12_NO);
	} else if (seen == ABSENT && nothing) {
		sight_exclude(t, POLICY_V12, V12_YES);
	} else if (seen == ABSENT) {
		tag_absent(t, k, was);
	}
}

/* V3: the item is there and the write says that it must not be. */
static void condition_judge(const struct sight *t, const struct known *k)
{
	const struct op *op = t->op;
	if (op->guard != GUARD_ABSENT || !is_now(t->s, k, BEING_LIVE) || !answer_whole(op->txn))
		return;
	if (op->commit == COMMIT_NO && op->outcome == OUT_PRECONDITION &&
	    op->txn->res.status == 412)
		sight_exclude(t, POLICY_V3, V3_NO);
	else if (is_stored(op) && has_other_bytes(k, op) &&
	    (says_updated(op) || is_soon(t->s, k, op, SOON_NS)))
		sight_exclude(t, POLICY_V3, V3_YES);
}

/* V11, and V9: an item that was deleted is made again under its name. */
static void status_judge(const struct sight *t, const struct known *k, enum was was)
{
	const struct op *op = t->op;
	bool put = slice_is(op->txn->req.method, "PUT") && op->txn->res.status != 207;
	if (put && was == WAS_THERE && op->row_status == 201)
		sight_exclude(t, POLICY_V11, V11_204);
	else if (put && was == WAS_THERE && says_updated(op))
		sight_exclude(t, POLICY_V11, V11_201);
	if (was == WAS_NOT && is_now(t->s, k, BEING_GONE) && k->deleted)
		sight_exclude(t, POLICY_V9, V9_YES);
}

/* RFC 4918 12.1: 412 is for conditions. */
static void refusal_judge_dress(const struct sight *t)
{
	const struct op *op = t->op;
	struct slice value;
	const struct message *req = &op->txn->req;
	if (op->txn->res.status != 412 || op->outcome != OUT_PRECONDITION ||
	    !answer_whole(op->txn) || op->guard == GUARD_UNSEEN)
		return;
	if (op->guard != GUARD_NONE ||
	    message_header(req, "If-Unmodified-Since", &value) != ABSENT ||
	    message_header(req, "If-Modified-Since", &value) != ABSENT)
		sight_kept(t, INVARIANT_J9);
	else
		sight_broken(t, INVARIANT_J9, CONFIRMED);
}

/* ---- what is remembered of it ---- */

static void known_lose(struct known *k, const struct op *op)
{
	uint64_t end = end_of(op);
	*k = (struct known){ .id = k->id,
		.done = end > k->done ? end : k->done,
		.ns = txn_end_ns(op->txn) };
}

static void known_write(struct known *k, const struct op *op, enum was was)
{
	const struct object *o = op->object;
	bool whole = o != NULL && o->whole, strong = true;
	*k = (struct known){ .id = k->id,
		.done = end_of(op),
		.ns = txn_end_ns(op->txn),
		.being = BEING_LIVE,
		.written = true,
		.created = was == WAS_NOT };
	if (!message_complete(&op->txn->req))
		return;
	k->uid = k->sent_uid = whole ? number32(uid_of(o)) : 0;
	k->print = whole ? number32(o->fingerprint) : 0;
	if (op->sync != NULL || op->facts->flavour == FLAVOUR_EXCHANGE)
		return; /* what is read there has other bytes in any case */
	k->sent = k->live = number32(op->body_hash);
	k->sent_text = whole ? number32(o->text) : 0;
	k->tag_seen = (uint8_t)tag_seen(op);
	k->tag = op->tag_seen == PRESENT ? tag_number(op->tag, &strong) : 0;
	k->strong = strong;
}

/* Of writes at the same time nobody knows which was the last one. */
static void write_judge(const struct sight *t)
{
	const struct op *op = t->op;
	struct known *k = known_find(t->s, op->at.id);
	bool beside = k != NULL && is_beside(k, op);
	const struct known *before = beside ? NULL : k;
	enum was was = WAS_UNKNOWN;
	refusal_judge_dress(t);
	if (before != NULL)
		condition_judge(t, before);
	if (op->at.id == 0 || op->commit == COMMIT_NO)
		return;
	if (is_stored(op) && op->sync == NULL) {
		was = was_there(t, before);
		tag_judge_answer(t, before, was);
		status_judge(t, before, was);
	}
	k = known_take(t->s, op->at.id, true);
	if (op->commit == COMMIT_YES && !beside)
		known_write(k, op, was);
	else
		known_lose(k, op);
}

/* ---- V4: one UID in two collections ---- */

static void uid_judge(const struct sight *t, uint64_t scope, uint64_t id, uint64_t uid)
{
	struct servers *s = t->s;
	const struct scope_note *note = scope_note_of(s, scope);
	struct uid_note *u = &s->uids[uid % UID_SLOTS];
	if (t->op->sync != NULL || note == NULL || uid == 0 || id == 0)
		return;
	const struct known *other = known_find(s, u->id);
	if (u->uid == uid && u->id != id && u->scope != scope && u->home == note->home &&
	    is_now(s, other, BEING_LIVE) && other->uid == number32(uid) &&
	    is_soon(s, other, t->op, UID_SOON_NS))
		sight_exclude(t, POLICY_V4, V4_USER);
	*u = (struct uid_note){ .uid = uid, .scope = scope, .id = id, .home = note->home };
}

void servers_create_refused(struct servers *s, const struct op *op)
{
	struct sight t;
	if (s != NULL && !s->lossy && !op->copy && sight_open(s, op, holds_of(s, op), &t))
		sight_exclude(&t, POLICY_V3, V3_NO);
}

void servers_uid_refused(struct servers *s, const struct op *op, bool alike)
{
	struct sight t;
	uint16_t status = op->txn->res.status == 207 ? 207 : op->row_status;
	static const struct {
		uint16_t status;
		uint8_t value;
	} dresses[] = { { 403, V4d_403 }, { 409, V4d_409 }, { 400, V4d_400 }, { 412, V4d_412 },
		{ 207, V4d_207 }, { 500, V4d_500 } };
	bool told = op->outcome == OUT_UID_CONFLICT;
	if (s == NULL || op->copy || !answer_whole(op->txn) || (status == 400 && !told && !alike) ||
	    !sight_open(s, op, holds_of(s, op), &t))
		return;
	sight_exclude(&t, POLICY_V4, V4_NONE);
	for (size_t i = 0; i < sizeof(dresses) / sizeof(dresses[0]); i++)
		if (dresses[i].status == status)
			sight_exclude(&t, POLICY_V4d, (uint8_t)~dresses[i].value);
	sight_kept(&t, INVARIANT_J4);
	/* RFC 4791 1.3: 403 or 409, and the element that says why. */
	if (told && (status == 403 || status == 409))
		sight_kept(&t, INVARIANT_J9);
	else
		sight_broken(&t, INVARIANT_J9, told ? CONFIRMED : PROBABLE);
}

/* ---- other operations ---- */

/* Who lived in a collection that went or came is not known any more. */
static void delete_judge(const struct sight *t)
{
	const struct op *op = t->op;
	struct known *k = known_find(t->s, op->at.id);
	bool item = k != NULL || op->sync != NULL;
	if (op->commit == COMMIT_NO && op->outcome != OUT_GONE)
		return;
	if (!item && op->commit != COMMIT_NO)
		t->s->doubt = end_of(op);
	if (k == NULL)
		return;
	bool sure = !is_beside(k, op) && (op->commit == COMMIT_YES || op->outcome == OUT_GONE);
	known_lose(k, op);
	if (!sure)
		return;
	k->being = BEING_GONE;
	k->written = true;
	k->deleted = op->commit == COMMIT_YES;
}

static void move_judge(const struct sight *t)
{
	const struct op *op = t->op;
	struct known *from = known_find(t->s, op->at.id), *to = known_find(t->s, op->to.id);
	uint16_t status = op->row_status;
	if (op->sync == NULL && op->kind == OP_MOVE && answer_whole(op->txn)) {
		if (op->outcome == OUT_OK && status / 100 == 2)
			sight_exclude(t, POLICY_V10, V10_NONE);
		else if (status == 501 || (status == 405 && from != NULL))
			sight_exclude(t, POLICY_V10, V10_NATIVE);
	}
	if (op->commit == COMMIT_NO)
		return;
	if (from != NULL && op->kind == OP_MOVE)
		known_lose(from, op);
	if (to != NULL)
		known_lose(to, op);
	if (from == NULL)
		t->s->doubt = end_of(op);
}

/* What is not there when it is asked for. */
static void absence_judge(const struct sight *t)
{
	const struct op *op = t->op;
	struct known *k = known_find(t->s, op->at.id);
	if (k == NULL || op->outcome != OUT_GONE || op->sync != NULL || is_beside(k, op))
		return;
	known_lose(k, op);
	k->being = BEING_GONE;
}

void item_op(const struct sight *t)
{
	const struct op *op = t->op;
	if (is_write(op))
		write_judge(t);
	else if (op->kind == OP_DELETE)
		delete_judge(t);
	else if (op->kind == OP_MOVE || op->kind == OP_COPY)
		move_judge(t);
	else if (op->kind == OP_READ || op->kind == OP_PROBE)
		absence_judge(t);
	else if (makes_collection(op))
		t->s->doubt = end_of(op);
	if (is_write(op) && op->commit == COMMIT_YES && op->object != NULL && op->object->whole)
		uid_judge(t, op->at.scope, op->at.id, op->object->master ? uid_of(op->object) : 0);
}

/* ---- what is read ---- */

/* One row or body. */
struct look {
	const struct item_read *r;
	bool usable; /* its object was read whole */
	uint64_t uid; /* of that */
};

static bool is_under_its_tag(const struct known *k, const struct item_read *r)
{
	return k->tag_seen == PRESENT && k->strong && r->strong && r->tag != 0 && r->tag == k->tag;
}

static bool has_sent_bytes(const struct known *k, const struct item_read *r)
{
	return r->whole_body && k->sent != 0 && k->sent == number32(r->object->octets);
}

static bool has_others(const struct known *k, const struct item_read *r)
{
	if (r->whole_body && r->object->octets != 0)
		return k->sent != 0 && k->sent != number32(r->object->octets);
	return k->sent_text != 0 && r->object->text != 0 &&
	    k->sent_text != number32(r->object->text);
}

/* As soon as it was made it is other bytes, and to people the same: the server did that. */
static bool is_rewritten(const struct sight *t, const struct known *k, const struct look *l)
{
	return k->created && has_others(k, l->r) && k->sent_uid != 0 &&
	    k->sent_uid == number32(l->uid) && k->print != 0 &&
	    k->print == number32(l->r->object->fingerprint) && is_soon(t->s, k, t->op, SOON_NS);
}

/*
 * The write held against what is stored, once. That a tag lies is told as a trouble. Equal bytes do not say
 * that the server never rewrites: it lets pass what is as it would write it itself.
 */
static void write_compare(const struct sight *t, struct known *k, const struct look *l)
{
	bool equal = has_sent_bytes(k, l->r);
	bool untagged = k->tag_seen == ABSENT;
	if (k->compared || (!is_under_its_tag(k, l->r) && !untagged))
		return;
	if (equal && untagged) {
		sight_exclude(t, POLICY_V1, V1_IF_EQUAL);
	} else if (equal) {
		sight_kept(t, INVARIANT_J1);
	} else if (untagged && is_rewritten(t, k, l)) {
		sight_exclude(t, POLICY_V2, V2_NO);
		sight_kept(t, INVARIANT_J1);
	} else {
		return;
	}
	k->compared = true;
}

enum shown_by { BY_GET = 1, BY_ROW = 2 };

/* J2 and J3: the tag that was there before is still the tag. */
static void tag_compare(const struct sight *t, struct known *k, const struct look *l)
{
	const struct object *o = l->r->object;
	bool body = l->r->whole_body;
	unsigned by = body ? BY_GET : BY_ROW;
	if (l->r->tag == 0 || l->r->tag != k->tag)
		return;
	if (l->usable &&
	    ((body && k->read != 0 && k->read == number32(o->octets)) ||
		(k->read_text != 0 && k->read_text == number32(o->text))))
		sight_kept(t, INVARIANT_J2);
	if (k->shown_by != 0 ? !(k->shown_by & by) : k->tag_seen == PRESENT)
		sight_kept(t, INVARIANT_J3);
	k->shown_by |= (uint8_t)by;
}

/* J5: what was written is in a list of what has changed. */
static void delta_names(const struct sight *t, struct known *k)
{
	const struct op *op = t->op;
	const struct dav *asked = op->txn->req.body.dav;
	bool since = op->sync != NULL ? op->guard_value.n != 0 && !slice_is(op->guard_value, "0") :
					asked != NULL && asked->sync_token.n != 0;
	if (op->kind != OP_DELTA || !since || !k->written || k->named)
		return;
	k->named = true;
	sight_kept(t, INVARIANT_J5);
}

/* The tag is another one now: the write is over, unless these are its bytes. */
static void known_retag(struct known *k, const struct look *l)
{
	bool first = k->tag == 0;
	k->shown_by = l->r->whole_body ? BY_GET : BY_ROW;
	k->strong = l->r->strong;
	k->tag = l->r->tag;
	if (first)
		return;
	k->live = 0;
	k->tag_seen = NOT_OBSERVED;
	k->read = k->read_text = 0;
	if (!l->usable || !has_sent_bytes(k, l->r))
		k->sent = k->sent_text = k->sent_uid = k->print = 0;
}

static void known_read(struct known *k, const struct op *op, const struct look *l)
{
	if (l->r->tag != 0 && l->r->tag != k->tag)
		known_retag(k, l);
	k->being = BEING_LIVE;
	k->done = op->txn->req.first.order;
	k->ns = op->txn->req.first.ns;
	if (!l->usable)
		return;
	k->uid = number32(l->uid);
	k->read_text = number32(l->r->object->text);
	k->read = l->r->whole_body ? number32(l->r->object->octets) : 0;
	/* A row does not show them: they are what they were as long as the tag is. */
	if (k->read != 0 || l->r->tag == 0)
		k->live = k->read;
}

static void read_judge(const struct sight *t, struct known *k, const struct look *l)
{
	tag_compare(t, k, l);
	delta_names(t, k);
	if (!l->usable)
		return;
	write_compare(t, k, l);
	if (k->sent_uid != 0 && k->sent_uid == number32(l->uid))
		sight_exclude(t, POLICY_V5, V5_YES);
	if (l->r->object->master)
		uid_judge(t, l->r->scope, l->r->id, l->uid);
}

void servers_read(struct servers *s, const struct op *op, const struct item_read *r)
{
	struct sight t;
	if (s == NULL || op->copy)
		return;
	const struct object *o = r->object;
	struct known *k = known_take(s, r->id, false);
	if (k == NULL || op->txn->unsure || is_beside(k, op))
		return;
	struct look l = { .r = r, .usable = o != NULL && o->whole };
	if (l.usable)
		l.uid = uid_of(o);
	enum holds holds = o != NULL ? holds_of_object(o) : holds_of(s, op);
	if (answer_whole(op->txn) && sight_open(s, op, holds, &t))
		read_judge(&t, k, &l);
	known_read(k, op, &l);
}
