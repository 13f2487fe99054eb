/*
 * store.c - operations change what servers are known to hold; reads and listings prove it.
 */
#include "analysis/store.h"

#include <stdlib.h>
#include <string.h>

enum { SCOPES_ROOM = 16384 };

struct store *store_new(const struct limits *limits, struct hash_key key, struct places *places,
    struct teller teller)
{
	struct store *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->limits = limits;
	s->places = places;
	s->seed = mix(key.k0, key.k1);
	s->teller = teller;
	s->scopes = calloc(SCOPES_ROOM, sizeof(struct scope_state *));
	s->scopes_room = s->scopes != NULL ? SCOPES_ROOM : 0;
	if (s->scopes == NULL || !store_room(s)) {
		store_free(s);
		return NULL;
	}
	return s;
}

void store_servers(struct store *s, struct servers *servers)
{
	s->servers = servers;
}

void store_free(struct store *s)
{
	if (s == NULL)
		return;
	while (s->first != NULL) {
		struct pending *next = s->first->next;
		free(s->first);
		s->first = next;
	}
	store_tables_free(s);
	free(s);
}

uint64_t store_evicted(const struct store *s)
{
	return s->evicted;
}

/* A collection goes with all it holds. */
static void collection_gone(struct store *s, const struct op *op)
{
	uint64_t number = place_scope(s->places, place_authority(op->txn), op->at.path,
	    op->facts->flavour == FLAVOUR_EXCHANGE);
	const struct scope_state *scope = scope_find(s, number);
	while (scope != NULL && scope->items != 0)
		item_state(s, item_at(s, scope->items), LIFE_GONE);
	while (scope != NULL && scope->open != 0)
		item_state(s, item_at(s, scope->open), LIFE_GONE);
}

static void store_delete(struct store *s, const struct op *op)
{
	if (op->commit == COMMIT_YES && op->item == NULL)
		collection_gone(s, op);
	struct item *item = item_find(s, op->at.scope, op->at.id);
	if (item == NULL)
		return;
	if (op->commit == COMMIT_NO && op->outcome != OUT_GONE)
		return;
	item_mark(s, item);
	bool written_meanwhile = item->written_frame != 0 && is_behind(item, op);
	if (op->commit == COMMIT_YES && written_meanwhile && item->state == LIFE_LIVE) {
		item_state(s, item, LIFE_UNKNOWN);
	} else if (op->commit == COMMIT_YES || op->outcome == OUT_GONE) {
		item_state(s, item, LIFE_GONE);
		item->deleted = op->commit == COMMIT_YES;
		item_changed(s, item, op);
	} else if (item->state == LIFE_LIVE) {
		item_state(s, item, LIFE_UNKNOWN);
	}
	item_blur(item);
}

/* The item goes on under another id. */
static void item_inherit(struct store *s, struct item *to, const struct item *from)
{
	struct object o = { .kind = from->print != 0 ? OBJECT_EVENT : OBJECT_OTHER,
		.uid = item_uid(from),
		.summary = item_summary(from),
		.master = from->master,
		.overrides = from->master ? 0 : 1,
		.start_ns = from->print != 0 ? 0 : OBJECT_NO_TIME,
		.fingerprint = from->print,
		.whole = true };
	item_identify(s, to, &o);
	to->creator = from->creator;
	item_date(s, to, &from->created, to->written_order);
	to->lineage = from->lineage;
	to->sent_lines = from->sent_lines;
	to->sent_text = from->sent_text;
	to->untagged = from->untagged;
	to->lost = from->lost;
	to->failed = from->failed;
	to->idem = from->idem;
	memcpy(to->readers, from->readers, sizeof(to->readers));
	to->n_readers = from->n_readers;
	to->readers_full = from->readers_full;
	item_state(s, to, LIFE_LIVE);
}

/* Where it went shows later; that it may be gone is known. */
static void source_moved(struct store *s, struct item *from, const struct op *op)
{
	bool known = op->commit == COMMIT_YES && op->to.id != 0;
	item_mark(s, from);
	if (op->commit == COMMIT_NO)
		from->move_refused = true;
	else if (op->kind == OP_MOVE && op->commit == COMMIT_YES && !known)
		item_state(s, from, LIFE_GONE);
	else if (op->kind == OP_MOVE && !known && from->state == LIFE_LIVE)
		item_state(s, from, LIFE_UNKNOWN);
}

static void store_move(struct store *s, const struct op *op)
{
	struct item *from = item_find(s, op->at.scope, op->at.id);
	if (op->to.id != 0 && op->to.scope == op->at.scope && op->to.id == op->at.id)
		return;
	if (from != NULL)
		source_moved(s, from, op);
	if (op->commit == COMMIT_YES && op->kind == OP_MOVE && op->item == NULL)
		collection_gone(s, op);
	if (op->commit != COMMIT_YES || op->to.id == 0)
		return;
	struct item *to = item_take(s, op->to);
	from = item_find(s, op->at.scope, op->at.id);
	if (to == NULL)
		return;
	item_mark(s, to);
	item_blur(to);
	item_state(s, to, LIFE_LIVE);
	if (from != NULL)
		item_inherit(s, to, from);
	to->copied = op->kind == OP_COPY || (from != NULL && from->copied);
	if (from != NULL && op->kind == OP_MOVE) {
		pending_moved(s, from, to);
		item_state(s, from, LIFE_GONE);
		item_blur(from);
		gate_item(s, to, op);
	}
}

/* ---- what is read ---- */

static void uid_compare(struct store *s, struct item *item, const struct op *op,
    const struct object *o)
{
	if (o == NULL || !o->whole || o->uid.n == 0 || item->uid == 0 || item->seen_live ||
	    item->created.frame == 0 || item->uid == uid_number(o->uid) || item->rewritten_told)
		return;
	item->rewritten_told = true;
	struct matter m = matter_of(s, TROUBLE_UID_REWRITTEN, item, op);
	m.value = o->uid;
	m.other_value = item_uid(item);
	matter_tell(s, &m);
}

static bool content_read(struct store *s, struct item *item, const struct op *op,
    const struct reading *r)
{
	const struct object *o = r->object;
	uid_compare(s, item, op, o);
	tags_read(s, item, op, r);
	if (o == NULL || (!o->whole && o->uid.n == 0))
		return false;
	bool another = item->open_uid || item->open_print || is_another(item, o);
	item_identify(s, item, o);
	item->open_uid = false;
	item->open_print &= !o->whole;
	return another;
}

static void seen_live(struct store *s, struct item *item, const struct op *op,
    const struct reading *r)
{
	bool stale = read_is_stale(item, op);
	if (stale && item->state == LIFE_GONE)
		return;
	item_known(s, item, op);
	bool first = item->state == LIFE_UNKNOWN && item->created.frame == 0;
	bool proven = item->state <= LIFE_MAYBE && item->created.frame != 0;
	item_state(s, item, LIFE_LIVE);
	refusal_read(item, op->peer);
	if (!stale)
		proven |= content_read(s, item, op, r);
	item->seen_live = true;
	if (r->object != NULL)
		item->misses = 0;
	/* A tag in a listing is not read yet. */
	bool read = r->object != NULL || op->kind == OP_READ;
	if (read && !op->txn->unreceived)
		reader_add(item, op->peer);
	if (first && orphan_adopt(s, item))
		proven = true;
	if (proven)
		gate_item(s, item, NULL);
}

/* It is there, and this is what it holds. What is read again and again need not be saved each time. */
void store_seen_live(struct store *s, struct item *item, const struct op *op,
    const struct reading *r)
{
	if (!s->remembers || item->unsaved) {
		seen_live(s, item, op, r);
		return;
	}
	uint64_t before = item_sum(item);
	seen_live(s, item, op, r);
	if (item_sum(item) != before)
		item_mark(s, item);
}

/* An answer that is about the item: others may be pages that ask people to log in. */
static bool shows_item(const struct op *op)
{
	uint16_t status = op->txn->res.status;
	enum body_kind kind = op->txn->res.body.kind;
	return (status == 200 &&
		   (op->object != NULL || op->tag_seen == PRESENT || kind == BODY_CALENDAR ||
		       kind == BODY_VCARD)) ||
	    status == 304;
}

static void store_get(struct store *s, const struct op *op)
{
	bool answered = op->txn->res.seen && !op->txn->unsure;
	if (op->at.id == 0 || !answered || slice_is(op->txn->req.method, "OPTIONS"))
		return;
	struct item *item = op->object != NULL && shows_item(op) ?
	    item_take(s, op->at) :
	    item_find(s, op->at.scope, op->at.id);
	const struct reading r = { .object = op->object,
		.tag = op->tag,
		.schedule_tag = op->schedule_tag,
		.whole_body = op->txn->res.body.complete };
	if (item == NULL)
		return;
	if (op->outcome == OUT_GONE && !read_is_stale(item, op))
		item_state(s, item, LIFE_GONE);
	else if (shows_item(op))
		store_seen_live(s, item, op, &r);
}

/*
 * What the client saw of a write that was seen at the server's side already: that it was stored is known,
 * what it knows of it is what counts.
 */
static void store_outside(struct store *s, const struct op *op)
{
	struct item *item = op->at.id == 0 ? NULL : item_find(s, op->at.scope, op->at.id);
	bool creates = op->kind == OP_CREATE || op->kind == OP_WRITE;
	bool unknown = op->outcome == OUT_LOST || op->commit == COMMIT_MAYBE;
	if (item == NULL || item->state != LIFE_LIVE || (!creates && op->kind != OP_UPDATE))
		return;
	item_mark(s, item);
	if (unknown)
		tell_write(s, TROUBLE_UNKNOWN_OUTCOME, item, op);
	if (creates && unknown)
		refusal_unheard(item);
	if (!creates || item->created.frame == 0)
		return;
	if (unknown || (op->outcome == OUT_OK && op->tag_seen != NOT_OBSERVED)) {
		item->untagged = is_untagged(op);
		item->lost = op->outcome == OUT_LOST;
		item->failed = unknown && !item->lost;
	}
	if (item->uid != 0)
		tell_cleared(s, item, NULL, op, GATE_SHADOW);
}

/* ActiveSync: a key was refused, or the client begins anew. */
static void reset_learn(struct store *s, const struct op *op)
{
	struct scope_state *scope = scope_find(s, op->at.scope);
	if (scope == NULL || !(op->outcome == OUT_TOKEN_BAD || slice_is(op->guard_value, "0")))
		return;
	scope_mark(s, scope);
	scope->reset_order = op->txn->done.order;
	scope->reset_peer = op->peer;
}

/* A listing may come before anything has shown that it is of calendars. */
bool op_is_of_interest(const struct op *op)
{
	switch (op->facts->flavour) {
	case FLAVOUR_EXCHANGE:
	case FLAVOUR_CALDAV:
	case FLAVOUR_CARDDAV:
	case FLAVOUR_ACTIVESYNC:
		return true;
	case FLAVOUR_WEBDAV:
		return op->kind > OP_COPY;
	default:
		return false;
	}
}

static void store_read(struct store *s, const struct op *op)
{
	if (op->facts->flavour == FLAVOUR_ACTIVESYNC)
		rows_airsync(s, op);
	else if (op->txn->res.status == 207)
		rows_dav(s, op);
	else if (op->kind == OP_READ || op->kind == OP_PROBE)
		store_get(s, op);
	if (op->facts->flavour == FLAVOUR_ACTIVESYNC && op->kind == OP_DELTA)
		reset_learn(s, op);
}

/* True: it is another one than before. */
static bool build_keep(char out[BUILD_MAX], struct slice build)
{
	if (build.n == 0 || build.n >= BUILD_MAX || slice_equal(slice_from(out), build))
		return false;
	memcpy(out, build.p, build.n);
	out[build.n] = '\0';
	return true;
}

/* Which versions announce themselves at this collection: of the front end, and of the store. */
static void builds_learn(struct store *s, const struct op *op)
{
	struct scope_state *scope = scope_find(s, op->at.scope);
	struct slice value = { 0 }, product = SLICE("Microsoft-Server-ActiveSync/");
	bool changed = false;
	if (scope == NULL || op->facts->flavour != FLAVOUR_EXCHANGE)
		return;
	if (message_header(&op->txn->res, "MS-WebStorage", &value) == PRESENT)
		changed |= build_keep(scope->back_build, slice_trim(value));
	if (message_header(&op->txn->req, "User-Agent", &value) == PRESENT &&
	    slice_starts_nocase(value, product))
		changed |= build_keep(scope->front_build, slice_part(value, product.n, value.n));
	if (changed)
		scope_mark(s, scope);
}

static void store_change(struct store *s, const struct op *op)
{
	if (op->kind == OP_DELETE)
		store_delete(s, op);
	else if (op->kind == OP_MOVE || op->kind == OP_COPY)
		store_move(s, op);
	else
		store_write(s, op);
	refusal_judge(s, op);
}

void store_op(struct store *s, const struct op *op)
{
	if (!op_is_of_interest(op))
		return;
	if (op->txn->done.order > s->now.order)
		s->now = op->txn->done;
	if (s->loaded)
		scopes_sweep(s);
	s->loaded = false;
	gate_tick(s, s->now.ns);
	doubt_tick(s, s->now.ns);
	peer_learn(s, op->peer, op->peer_name);
	if (op->copy) {
		store_outside(s, op);
		return;
	}
	if (op->kind <= OP_COPY)
		store_change(s, op);
	else if (op->kind <= OP_PROBE)
		store_read(s, op);
	builds_learn(s, op);
	legs_back(s, op);
	legs_front(s, op);
}

void store_replayed(struct store *s, uint64_t number)
{
	/* It was one of the last: a hop repeats while the client waits. */
	size_t n = 0;
	struct item *i = item_at(s, s->newest);
	for (; i != NULL && n < 1024; i = item_at(s, i->older), n++)
		if (i->lineage == number && !i->replayed) {
			i->replayed = true;
			item_mark(s, i);
			gate_item(s, i, NULL); /* what only looks alike is enough now */
		}
}

void store_tick(struct store *s, int64_t now)
{
	if (now < s->now.ns)
		return;
	gate_tick(s, now);
	doubt_tick(s, now);
}

void store_finish(struct store *s)
{
	gate_finish(s);
	doubt_finish(s);
	legs_finish(s);
}
