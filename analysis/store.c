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

/* ---- who and when ---- */

static uint32_t peer32(uint64_t peer)
{
	return (uint32_t)(peer ^ peer >> 32) | 1;
}

static bool has_read(const struct item *item, uint64_t peer)
{
	for (size_t i = 0; i < item->n_readers; i++)
		if (item->readers[i] == peer32(peer))
			return true;
	return item->readers_full;
}

static void reader_add(struct item *item, uint64_t peer)
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

static void item_changed(struct item *item, const struct op *op)
{
	item->written_order = LOW48(op->txn->req.head.order);
	item->written_input = op->txn->req.head.input;
	item->written_frame = LOW48(op->txn->req.head.frame);
	item->written_answer_order = LOW48(op->txn->res.head.order);
	item->written_answer_frame = LOW48(op->txn->res.head.frame);
}

static void item_written(struct item *item, const struct op *op)
{
	tags_written(item, op);
	item->open_uid = item->open_print = false;
	item->writer = peer32(op->peer);
	item_changed(item, op);
}

/* Asked before the last change was over: it may show what was there before. */
bool read_is_stale(const struct item *item, const struct op *op)
{
	return LOW48(op->txn->req.first.order) < item->written_answer_order;
}

/* Nobody was seen to make it: it is known since now. */
static void item_known(struct item *item, const struct op *op)
{
	if (item->written_order == 0)
		item->written_order = LOW48(op->txn->req.head.order);
	if (item->created.order == 0)
		item->created.order = LOW48(op->txn->req.head.order);
}

/* What it holds now is not known any more. */
static void item_blur(struct item *item)
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
static bool is_untagged(const struct op *op)
{
	if (op->outcome != OUT_OK || op->tag_seen != ABSENT || op->item != NULL)
		return false;
	if (op->facts->flavour == FLAVOUR_EXCHANGE)
		return op->facts->tag_due == TAG_DUE_EXCHANGE;
	return op->schedule_tag_seen != PRESENT;
}

static void item_created(struct item *item, const struct op *op)
{
	item->created = trace_of(op);
	item->creator = op->peer;
	if (item->lineage == 0)
		item->lineage = op->number;
	item->untagged = is_untagged(op);
	item->lost = op->outcome == OUT_LOST;
	item->failed = op->commit == COMMIT_MAYBE && !item->lost;
	item->copied = item->adopted = false;
	item->own_refusals = 0;
	item->activesync = op->item != NULL;
	item->repl_uid = repl_number(op);
	item->idem = idem_number(op);
}

static void tell_write(struct store *s, enum trouble trouble, const struct item *item,
    const struct op *op)
{
	struct matter m = matter_of(s, trouble, item, op);
	matter_tell(s, &m);
}

/* Nothing came back, or only the word of a hop that it does not know either. */
bool answer_was_lost(const struct op *op)
{
	const struct message *res = &op->txn->res;
	return res->seen ? res->status == 502 || res->status == 504 : op->outcome == OUT_LOST;
}

/*
 * That there will be no answer is known late, when the connection is given up: by then the item may have
 * turned up, or the client may have been refused what it made.
 */
static void write_late(struct store *s, struct item *item, const struct op *op)
{
	bool same = op->object == NULL || item->uid == 0 || op->object->uid.n == 0 ||
	    item->uid == uid_number(op->object->uid);
	if (item->created.frame != 0 || !same || op->kind == OP_UPDATE)
		return;
	item_created(item, op);
	gate_item(s, item, NULL);
	refusal_late(s, item);
}

static bool is_another(const struct item *item, const struct object *o)
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
	if (op->txn->req.head.order < item->written_order) {
		write_late(s, item, op);
	} else {
		if (is_fresh(item) && op->kind != OP_UPDATE) {
			item_state(s, item, LIFE_MAYBE);
			item_created(item, op);
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
		item_created(item, op);
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

static void overwrite_judge(struct store *s, const struct item *item, const struct op *op)
{
	bool unguarded = op->guard == GUARD_NONE || op->guard == GUARD_EXISTS;
	if (!unguarded || op->item != NULL)
		return;
	if (item->writer != 0 && item->writer != peer32(op->peer) && !has_read(item, op->peer) &&
	    body_differs(item, op)) {
		struct stamp packets[OP_PACKETS];
		struct matter m = matter_of(s, TROUBLE_LOST_UPDATE, item, op);
		m.certainty = PROBABLE;
		m.packets = packets;
		m.n_packets = written_packets(item, op, packets);
		matter_tell(s, &m);
	} else if (op->guard == GUARD_NONE) {
		tell_write(s, TROUBLE_UNGUARDED_UPDATE, item, op);
	}
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
	item_written(item, op);
	if (op->kind != OP_UPDATE && op->object != NULL && op->object->uid.n != 0 &&
	    op->guard == GUARD_ABSENT)
		tell_cleared(s, item, NULL, op, GATE_OVERWRITE);
	tell_write(s, TROUBLE_NONE, item, op);
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
		item->created = (struct trace){ .order = 0 };
		item_known(item, op);
		item->untagged = item->lost = item->failed = false;
	}
	item_identify(s, item, op->object);
	item_written(item, op);
	tell_write(s, TROUBLE_NONE, item, op);
	if (proven)
		gate_item(s, item, op);
}

static void write_new(struct store *s, struct item *item, const struct op *op)
{
	if (item->state == LIFE_GONE || may_live(item))
		item->lineage = item->told = 0;
	item_state(s, item, LIFE_LIVE);
	item_identify(s, item, op->object);
	item_created(item, op);
	burst_count(s, item, op);
	item_written(item, op);
	tell_write(s, TROUBLE_NONE, item, op);
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

static void store_write(struct store *s, const struct op *op)
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
	item->activesync = op->item != NULL;
	if (op->commit == COMMIT_UNSEEN)
		write_unseen(s, item, op);
	else if (op->commit == COMMIT_MAYBE)
		write_maybe(s, item, op);
	else if (item->state == LIFE_LIVE || (may_live(item) && op->guard != GUARD_ABSENT))
		write_over(s, item, op);
	else if (op->kind == OP_UPDATE)
		write_update(s, item, op);
	else
		write_new(s, item, op);
}

/* A collection goes with all it holds. */
static void collection_gone(struct store *s, const struct op *op)
{
	uint64_t number = place_scope(s->places, place_authority(op->txn), op->at.path,
	    op->facts->flavour == FLAVOUR_EXCHANGE);
	const struct scope_state *scope = scope_find(s, number);
	while (scope != NULL && scope->items != NULL)
		item_state(s, scope->items, LIFE_GONE);
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
	if (op->commit == COMMIT_YES || op->outcome == OUT_GONE) {
		item_state(s, item, LIFE_GONE);
		item->deleted = op->commit == COMMIT_YES;
		item_changed(item, op);
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
	to->created = from->created;
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
	item_blur(to);
	item_state(s, to, LIFE_LIVE);
	if (from != NULL)
		item_inherit(s, to, from);
	to->copied = op->kind == OP_COPY || (from != NULL && from->copied);
	if (from != NULL && op->kind == OP_MOVE) {
		gate_moved(s, from, to);
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

/* It is there, and this is what it holds. */
void store_seen_live(struct store *s, struct item *item, const struct op *op,
    const struct reading *r)
{
	bool stale = read_is_stale(item, op);
	if (stale && item->state == LIFE_GONE)
		return;
	item_known(item, op);
	bool first = item->state == LIFE_UNKNOWN && item->created.frame == 0;
	bool proven = item->state <= LIFE_MAYBE && item->created.frame != 0;
	item_state(s, item, LIFE_LIVE);
	refusal_read(item, op->peer);
	if (!stale)
		proven |= content_read(s, item, op, r);
	item->seen_live = true;
	if (r->object != NULL)
		item->misses = 0;
	reader_add(item, op->peer);
	if (first && orphan_adopt(s, item))
		proven = true;
	if (proven)
		gate_item(s, item, NULL);
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
	if (unknown)
		tell_write(s, TROUBLE_UNKNOWN_OUTCOME, item, op);
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
	scope->reset_order = op->txn->done.order;
	scope->reset_peer = op->peer;
}

/* A listing may come before anything has shown that it is of calendars. */
static bool is_of_interest(const struct op *op)
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

static void build_keep(char out[BUILD_MAX], struct slice build)
{
	if (build.n == 0 || build.n >= BUILD_MAX)
		return;
	memcpy(out, build.p, build.n);
	out[build.n] = '\0';
}

/* Which versions announce themselves at this collection: of the front end, and of the store. */
static void builds_learn(struct store *s, const struct op *op)
{
	struct scope_state *scope = scope_find(s, op->at.scope);
	struct slice value = { 0 }, product = SLICE("Microsoft-Server-ActiveSync/");
	if (scope == NULL || op->facts->flavour != FLAVOUR_EXCHANGE)
		return;
	if (message_header(&op->txn->res, "MS-WebStorage", &value) == PRESENT)
		build_keep(scope->back_build, slice_trim(value));
	if (message_header(&op->txn->req, "User-Agent", &value) == PRESENT &&
	    slice_starts_nocase(value, product))
		build_keep(scope->front_build, slice_part(value, product.n, value.n));
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
	if (!is_of_interest(op))
		return;
	if (op->txn->done.order > s->now.order)
		s->now = op->txn->done;
	gate_tick(s, s->now.ns);
	peer_learn(s, op->peer, op->peer_name);
	if (op->copy) {
		store_outside(s, op);
		return;
	}
	legs_back(s, op);
	if (op->kind <= OP_COPY)
		store_change(s, op);
	else if (op->kind <= OP_PROBE)
		store_read(s, op);
	builds_learn(s, op);
	legs_front(s, op);
}

void store_replayed(struct store *s, uint64_t number)
{
	/* It was one of the last: a hop repeats while the client waits. */
	size_t n = 0;
	for (struct item *i = s->newest; i != NULL && n < 1024; i = i->older, n++)
		if (i->lineage == number)
			i->replayed = true;
}

void store_finish(struct store *s)
{
	gate_finish(s);
	legs_finish(s);
}
