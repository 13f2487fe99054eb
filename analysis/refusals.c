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

static void tell_refusal(struct store *s, enum trouble trouble, const struct item *item,
    const struct op *op, uint16_t count)
{
	struct matter m = matter_of(s, trouble, item, op);
	m.count = count;
	m.update = count > 2 ? (uint64_t)count - 2 : 0;
	m.value = op->guard_value;
	matter_tell(s, &m);
}

/* Counts refusals of one thing by one client; another thing or client begins anew. */
static uint16_t count_up(uint32_t *what, uint32_t now, uint16_t *n)
{
	*n = *what == now ? (uint16_t)(*n + (*n < UINT16_MAX)) : 1;
	*what = now;
	return *n;
}

static bool is_own(const struct item *item, const struct op *op)
{
	bool same = item->uid == 0 || op->object == NULL || op->object->uid.n == 0 ||
	    item->uid == uid_number(op->object->uid);
	return item->creator == op->peer && item->created.frame != 0 && same;
}

/*
 * 412 on a create that must not overwrite: the item is there. When this client's own earlier attempt has
 * no known end, that was it, and it was stored.
 */
static void create_refused(struct store *s, const struct op *op)
{
	struct item *item = item_find(s, op->at.scope, op->at.id);
	if (item == NULL || !is_own(item, op))
		return;
	bool unknown = item->lost || item->failed || item->state == LIFE_MAYBE;
	if (item->state == LIFE_MAYBE) {
		item->state = LIFE_LIVE;
		gate_item(s, item, op);
	}
	if (!unknown || item->state != LIFE_LIVE)
		return;
	item->own_refusals = (uint16_t)(item->own_refusals + (item->own_refusals < UINT16_MAX));
	tell_refusal(s, TROUBLE_OWN_CREATE_REFUSED, item, op, item->own_refusals);
}

static void guard_refused(struct store *s, const struct op *op)
{
	struct item *item = item_find(s, op->at.scope, op->at.id);
	if (item == NULL)
		item = item_take(s, op->at);
	if (item == NULL)
		return;
	uint32_t what = low32(mix_slice(mix(op->peer, op->guard), op->guard_value));
	if (count_up(&item->guard, what, &item->guard_refusals) >= 2)
		tell_refusal(s, TROUBLE_STALE_GUARD, item, op, item->guard_refusals);
}

/* Refused for good, whatever is tried: the same bytes can never succeed. */
static void body_refused(struct store *s, const struct op *op)
{
	struct item *item = op->body_hash == 0 ? NULL : item_find(s, op->at.scope, op->at.id);
	if (item == NULL && op->body_hash != 0)
		item = item_take(s, op->at);
	if (item == NULL)
		return;
	uint32_t what = low32(mix(op->peer, op->body_hash));
	if (count_up(&item->refused_body, what, &item->refusals) >= POISON_ROW) {
		struct matter m = matter_of(s, TROUBLE_POISON, item, op);
		m.count = item->refusals;
		m.update = (uint64_t)item->refusals - POISON_ROW;
		matter_tell(s, &m);
	}
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
	struct item *item = item_take(s, op->at);
	if (item == NULL || op->object == NULL || op->object->uid.n == 0)
		return;
	const struct item *holder = holder_of(s, op);
	if (holder != NULL && holder->state == LIFE_GONE) {
		struct matter m = matter_of(s, TROUBLE_TRASH_BLOCKS, item, op);
		m.certainty = PROBABLE;
		matter_tell(s, &m);
	}
	uint32_t what = low32(mix(op->peer, uid_number(op->object->uid)));
	if (count_up(&item->refused_body, what, &item->refusals) >= 2)
		tell_refusal(s, TROUBLE_UID_CONFLICT, item, op, item->refusals);
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
