/*
 * refusals.c - what a client is refused again and again: its own create, one condition, one UID, one
 * body. A client that reads in between what it is refused for looks, and that ends the row; a body is not
 * mended by looking, nor does a create that is there go away. Who is refused its own create once and then
 * looks at what is there does what it should.
 */
#include "analysis/servers.h"
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
	if (log->scope == item->scope && log->id == item->id)
		return log;
	*log = (struct refusal_log){ .scope = item->scope, .id = item->id };
	mark_set(&s->log_marks, (size_t)(log - s->refusal_logs));
	return log;
}

/* The first ones stay: a finding is known by its first packet. */
static const struct refusal_log *log_add(struct store *s, const struct item *item,
    const struct op *op, uint16_t count)
{
	struct refusal_log *log = log_of(s, item);
	if (count <= 1)
		log->n = 0;
	mark_set(&s->log_marks, (size_t)(log - s->refusal_logs));
	if (log->n < LOG_TRACES)
		log->traces[log->n++] = trace_of(op);
	return log;
}

struct refusal {
	enum trouble trouble;
	enum certainty certainty;
	uint16_t count, least; /* told from so many on */
};

static void tell_refusal(struct store *s, const struct item *item, const struct op *op,
    struct refusal r)
{
	struct stamp packets[OP_PACKETS];
	const struct refusal_log *log = log_add(s, item, op, r.count);
	struct matter m = matter_of(s, r.trouble, item, op);
	if (r.count < r.least)
		return;
	m.certainty = r.certainty;
	m.count = r.count;
	m.update = (uint64_t)(r.count - r.least);
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
	if (item == NULL)
		return NULL;
	item_mark(s, item);
	if (item->lineage == 0)
		item->lineage = op->number;
	return item;
}

static bool is_own(const struct item *item, const struct op *op)
{
	bool same = item->uid == 0 || op->object == NULL || op->object->uid.n == 0 ||
	    item->uid == uid_number(op->object->uid);
	return item->creator == op->peer && item->created.frame != 0 && same;
}

/* Nobody was seen to write it; what is there has its UID and its looks. */
static bool looks_own(const struct item *item, const struct op *op)
{
	const struct object *o = op->object;
	return item->state == LIFE_LIVE && item->seen_live && is_unwritten(item) && o != NULL &&
	    item->uid != 0 && item->uid == uid_number(o->uid) && item->print != 0 &&
	    item->print == object_print(o);
}

/* Both answers may have been 412, for what somebody else made; that it was read or listed speaks for it. */
static enum certainty own_certainty(const struct item *item)
{
	return item->seen_live ? CONFIRMED : PROBABLE;
}

/* The first time its client may go on to look; when it creates it again, it did not take it. */
static void own_refused(struct store *s, struct item *item, const struct op *op)
{
	item->own_waits = item->own_refusals == 1;
	if (item->own_waits) {
		item->own_told = false;
		log_add(s, item, op, 1);
		doubt_add(s, TROUBLE_OWN_CREATE_REFUSED, item, op, op->packets, op->n_packets);
		return;
	}
	const struct refusal r = { TROUBLE_OWN_CREATE_REFUSED, own_certainty(item),
		item->own_refusals, item->own_told ? 1 : 2 };
	tell_refusal(s, item, op, r);
}

/* Instead of looking it makes its item anew under another name. */
static void own_renamed(struct store *s, const struct op *op)
{
	uint64_t uid = op->object != NULL ? uid_number(op->object->uid) : 0;
	for (struct item *i = item_by_uid(s, uid); i != NULL; i = item_at(s, i->next_uid))
		if (i->own_waits && i->uid == uid && i->scope == op->at.scope &&
		    i->id != op->at.id && i->creator == op->peer)
			doubt_own(s, i);
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
		item_date(s, item, &item->created, op->txn->req.head.order);
	item->own_refusals = (uint16_t)(item->own_refusals + (item->own_refusals < UINT16_MAX));
	if (item->state == LIFE_MAYBE) {
		item_state(s, item, LIFE_LIVE);
		item->created.commit = COMMIT_YES;
		gate_item(s, item, op);
	}
	if (item->created.frame != 0 && unknown && item->state == LIFE_LIVE) {
		servers_create_refused(s->servers, op);
		own_refused(s, item, op);
		return;
	}
	log_add(s, item, op, item->own_refusals);
	item->own_waits = looks_own(item, op);
	if (item->own_waits)
		doubt_add(s, TROUBLE_OWN_CREATE_REFUSED, item, op, op->packets, op->n_packets);
}

void refusal_late(struct store *s, struct item *item, const struct op *op)
{
	struct stamp packets[OP_PACKETS];
	const struct refusal_log *log = log_of(s, item);
	struct matter m = matter_of(s, TROUBLE_OWN_CREATE_REFUSED, item, NULL);
	if (item->own_refusals == 0 || log->n == 0)
		return;
	m.n_packets = traces_packets(log->traces, log->n, packets);
	if (item->own_refusals == 1) {
		item->own_waits = !has_read(item, op->peer);
		doubt_add(s, TROUBLE_OWN_CREATE_REFUSED, item, op, packets, m.n_packets);
		return;
	}
	m.certainty = own_certainty(item);
	m.count = item->own_refusals;
	m.packets = packets;
	matter_tell(s, &m);
}

/* Enough to tell the reads of one client from those of others. */
static uint8_t refuser_of(uint64_t peer)
{
	return (uint8_t)low32(peer);
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
	item->refuser = refuser_of(op->peer);
	tell_refusal(s, item, op, (struct refusal){ TROUBLE_STALE_GUARD, CONFIRMED, n, 2 });
}

/* Refused for good, whatever is tried: the same bytes can never succeed. */
static void body_refused(struct store *s, const struct op *op)
{
	struct item *item = op->body_hash == 0 ? NULL : item_refused(s, op);
	if (item == NULL)
		return;
	uint32_t what = low32(mix(op->peer, op->body_hash));
	tell_refusal(s, item, op,
	    (struct refusal){ TROUBLE_POISON, CONFIRMED, body_count(item, what), POISON_ROW });
}

/* ---- one UID ---- */

/* Those that have the UID, as far as is known. */
struct holders {
	struct item
	    *here; /* in this collection, living; else any that was refused here or is gone */
	const struct item *deleted; /* from here, before our eyes */
	bool elsewhere; /* it lives in another collection */
};

static struct holders holders_of(const struct store *s, const struct op *op)
{
	struct holders h = { .here = NULL };
	uint64_t uid = op->object != NULL ? uid_number(op->object->uid) : 0;
	for (struct item *i = item_by_uid(s, uid); i != NULL; i = item_at(s, i->next_uid)) {
		bool here = i->scope == op->at.scope, live = i->state == LIFE_LIVE;
		if (i->uid != uid)
			continue;
		h.elsewhere |= !here && live;
		if (here && i->deleted)
			h.deleted = i;
		if (here && (h.here == NULL || (live && i->id != op->at.id)))
			h.here = i;
	}
	return h;
}

static bool has_holder(const struct holders *h, const struct op *op)
{
	return h->here != NULL && h->here->state == LIFE_LIVE && h->here->id != op->at.id;
}

static void tell_trash(struct store *s, const struct item *item, const struct op *op)
{
	struct matter m = matter_of(s, TROUBLE_TRASH_BLOCKS, item, op);
	m.certainty = PROBABLE;
	matter_tell(s, &m);
}

static uint32_t uid_refusal(uint64_t peer, uint64_t uid)
{
	return low32(mix(peer, uid));
}

/* Counted where the UID is, for each try may have a name of its own. */
static void uid_refused(struct store *s, const struct op *op)
{
	struct holders h = holders_of(s, op);
	struct item *item = h.here != NULL ? h.here : item_refused(s, op);
	if (item == NULL || op->object == NULL || op->object->uid.n == 0)
		return;
	item_mark(s, item);
	servers_uid_refused(s->servers, op,
	    item->print != 0 && item->print == object_print(op->object));
	if (item->lineage == 0)
		item->lineage = op->number;
	if (item->uid == 0)
		item_identify(s, item, op->object);
	if (h.deleted != NULL && !h.elsewhere && !has_holder(&h, op))
		tell_trash(s, item, op);
	uint32_t what = uid_refusal(op->peer, uid_number(op->object->uid));
	tell_refusal(s, item, op,
	    (struct refusal){ TROUBLE_UID_CONFLICT,
		op->outcome == OUT_UID_CONFLICT ? CONFIRMED : PROBABLE, body_count(item, what),
		2 });
}

/* SOGo says 409, Nextcloud 400, and not why; that another item has the UID is why. */
static bool is_plain_uid_conflict(const struct store *s, const struct op *op)
{
	if (op->kind == OP_UPDATE || (op->row_status != 409 && op->row_status != 400))
		return false;
	struct holders h = holders_of(s, op);
	return has_holder(&h, op);
}

/* That it is locked (423) is no matter of what the client knows of it. */
static bool is_guard_refused(const struct op *op)
{
	bool refused = op->outcome == OUT_PRECONDITION || op->outcome == OUT_GONE ||
	    (op->outcome == OUT_CONFLICT && op->txn->res.status != 423);
	return refused && (op->guard == GUARD_TAG || op->guard == GUARD_SCHEDULE_TAG);
}

void refusal_judge(struct store *s, const struct op *op)
{
	bool writes = op->kind == OP_CREATE || op->kind == OP_UPDATE || op->kind == OP_WRITE;
	if (op->at.id == 0 || !writes || op->facts->flavour == FLAVOUR_ACTIVESYNC)
		return;
	if (op->kind != OP_UPDATE)
		own_renamed(s, op);
	if (op->outcome == OUT_PRECONDITION && op->guard == GUARD_ABSENT)
		create_refused(s, op);
	else if (op->outcome == OUT_UID_CONFLICT || is_plain_uid_conflict(s, op))
		uid_refused(s, op);
	else if (is_guard_refused(op))
		guard_refused(s, op);
	else if (op->outcome == OUT_REFUSED || op->outcome == OUT_DENIED)
		body_refused(s, op);
}

void refusal_unheard(struct item *item)
{
	item->own_refusals = (uint16_t)(item->own_refusals - item->own_waits);
	item->own_waits = false;
}

void refusal_read(struct item *item, uint64_t peer)
{
	if (item->own_waits && (item->creator == peer || is_unwritten(item)))
		item->own_waits = false;
	if (item->refuser == refuser_of(peer)) {
		item->guard_refusals = 0;
		item->guard = 0;
	}
	if (item->uid != 0 && item->refused_body == uid_refusal(peer, item->uid)) {
		item->refusals = 0;
		item->refused_body = 0;
	}
}
