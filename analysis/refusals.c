/*
 * refusals.c - what a client is refused again and again: its own create, one condition, one UID, one
 * body. A read of the item in between shows a client that looks, and ends the row.
 */
#include "analysis/store.h"

enum { POISON_ROW = 3 };

static uint32_t low32(uint64_t x)
{
	return (uint32_t)(x ^ x >> 32) | 1;
}

enum { LOG_TRACES = 8 };

static struct refusal_log *log_of(struct store *s, const struct item *item)
{
	struct refusal_log *log = &s->refusal_logs[mix(item->scope, item->id) % REFUSAL_LOGS];
	if (log->scope != item->scope || log->id != item->id)
		*log = (struct refusal_log){ .scope = item->scope, .id = item->id };
	return log;
}

/* The first ones stay: a finding is known by its first packet. */
static const struct refusal_log *log_add(struct store *s, const struct item *item,
    const struct op *op, uint16_t count)
{
	struct refusal_log *log = log_of(s, item);
	if (count <= 1)
		log->n = 0;
	if (log->n < LOG_TRACES)
		log->traces[log->n++] = trace_of(op);
	return log;
}

static void tell_refusal(struct store *s, enum trouble trouble, const struct item *item,
    const struct op *op, uint16_t count, uint16_t least)
{
	struct stamp packets[OP_PACKETS];
	const struct refusal_log *log = log_add(s, item, op, count);
	struct matter m = matter_of(s, trouble, item, op);
	if (count < least)
		return;
	m.count = count;
	m.update = (uint64_t)(count - least);
	m.value = op->guard_value;
	m.packets = packets;
	m.n_packets = traces_packets(log->traces, log->n, packets);
	matter_tell(s, &m);
}

/* How often in a row one thing was refused to one client; another thing or client begins anew. */
static uint16_t body_count(struct item *item, uint32_t what)
{
	uint16_t n = item->refusals;
	n = item->refused_body == what ? (uint16_t)(n + (n < UINT16_MAX)) : 1;
	item->refused_body = what;
	item->refusals = n;
	return n;
}

static struct item *item_refused(struct store *s, const struct op *op)
{
	struct item *item = item_take(s, op->at);
	if (item != NULL && item->lineage == 0)
		item->lineage = op->number;
	return item;
}

static bool is_own(const struct item *item, const struct op *op)
{
	bool same = item->uid == 0 || op->object == NULL || op->object->uid.n == 0 ||
	    item->uid == uid_number(op->object->uid);
	return item->creator == op->peer && item->created.frame != 0 && same;
}

/*
 * 412 on a create that must not overwrite: the item is there. When this client's own earlier attempt has
 * no known end, that was it, and it was stored. Who made it may be known later only.
 */
static void create_refused(struct store *s, const struct op *op)
{
	struct item *item = item_refused(s, op);
	if (item == NULL || (item->created.frame != 0 && !is_own(item, op)))
		return;
	bool unknown = item->lost || item->failed || item->state == LIFE_MAYBE;
	if (item->written_order == 0)
		item->written_order = op->txn->req.head.order & UINT64_C(0xffffffffffff);
	item->own_refusals = (uint16_t)(item->own_refusals + (item->own_refusals < UINT16_MAX));
	if (item->state == LIFE_MAYBE) {
		item_state(s, item, LIFE_LIVE);
		item->created.commit = COMMIT_YES;
		gate_item(s, item, op);
	}
	if (item->created.frame == 0)
		log_add(s, item, op, item->own_refusals);
	else if (unknown && item->state == LIFE_LIVE)
		tell_refusal(s, TROUBLE_OWN_CREATE_REFUSED, item, op, item->own_refusals, 1);
}

void refusal_late(struct store *s, const struct item *item)
{
	struct stamp packets[OP_PACKETS];
	const struct refusal_log *log = log_of(s, item);
	struct matter m = matter_of(s, TROUBLE_OWN_CREATE_REFUSED, item, NULL);
	if (item->own_refusals == 0 || log->n == 0)
		return;
	m.count = item->own_refusals;
	m.packets = packets;
	m.n_packets = traces_packets(log->traces, log->n, packets);
	matter_tell(s, &m);
}

static void guard_refused(struct store *s, const struct op *op)
{
	struct item *item = item_refused(s, op);
	if (item == NULL)
		return;
	uint32_t what = low32(mix_slice(mix(op->peer, op->guard), op->guard_value));
	uint16_t n = item->guard_refusals;
	n = item->guard == what ? (uint16_t)(n + (n < UINT16_MAX)) : 1;
	item->guard = what;
	item->guard_refusals = n;
	tell_refusal(s, TROUBLE_STALE_GUARD, item, op, n, 2);
}

/* Refused for good, whatever is tried: the same bytes can never succeed. */
static void body_refused(struct store *s, const struct op *op)
{
	struct item *item = op->body_hash == 0 ? NULL : item_refused(s, op);
	if (item == NULL)
		return;
	uint32_t what = low32(mix(op->peer, op->body_hash));
	tell_refusal(s, TROUBLE_POISON, item, op, body_count(item, what), POISON_ROW);
}

/* Who holds the UID in this collection, as far as is known: living, else gone. */
static const struct item *holder_of(const struct store *s, const struct op *op)
{
	const struct item *gone = NULL;
	uint64_t uid = op->object != NULL ? uid_number(op->object->uid) : 0;
	for (const struct item *i = item_by_uid(s, uid); i != NULL; i = i->next_uid) {
		if (i->uid != uid || i->scope != op->at.scope || i->id == op->at.id)
			continue;
		if (i->state == LIFE_LIVE)
			return i;
		if (i->state == LIFE_GONE && i->created.frame != 0)
			gone = i;
	}
	return gone;
}

static void uid_refused(struct store *s, const struct op *op)
{
	struct item *item = item_refused(s, op);
	if (item == NULL || op->object == NULL || op->object->uid.n == 0)
		return;
	const struct item *holder = holder_of(s, op);
	if (holder != NULL && holder->state == LIFE_GONE) {
		struct matter m = matter_of(s, TROUBLE_TRASH_BLOCKS, item, op);
		m.certainty = PROBABLE;
		matter_tell(s, &m);
	}
	uint32_t what = low32(mix(op->peer, uid_number(op->object->uid)));
	tell_refusal(s, TROUBLE_UID_CONFLICT, item, op, body_count(item, what), 2);
}

/* SOGo says 409 and does not say why; that another item has the UID is why. */
static bool is_plain_uid_conflict(const struct store *s, const struct op *op)
{
	if (op->outcome != OUT_CONFLICT || op->row_status != 409)
		return false;
	const struct item *holder = holder_of(s, op);
	return holder != NULL && holder->state == LIFE_LIVE;
}

void refusal_judge(struct store *s, const struct op *op)
{
	bool writes = op->kind == OP_CREATE || op->kind == OP_UPDATE || op->kind == OP_WRITE;
	if (op->at.id == 0 || !writes || op->facts->flavour == FLAVOUR_ACTIVESYNC)
		return;
	if (op->outcome == OUT_PRECONDITION && op->guard == GUARD_ABSENT)
		create_refused(s, op);
	else if (op->outcome == OUT_UID_CONFLICT || is_plain_uid_conflict(s, op))
		uid_refused(s, op);
	else if ((op->outcome == OUT_PRECONDITION || op->outcome == OUT_CONFLICT ||
		     op->outcome == OUT_GONE) &&
	    (op->guard == GUARD_TAG || op->guard == GUARD_SCHEDULE_TAG))
		guard_refused(s, op);
	else if (op->outcome == OUT_REFUSED || op->outcome == OUT_DENIED)
		body_refused(s, op);
}

void refusal_read(struct item *item)
{
	item->guard_refusals = 0;
	item->guard = 0;
	item->own_refusals = 0;
	item->refusals = 0;
	item->refused_body = 0;
}
