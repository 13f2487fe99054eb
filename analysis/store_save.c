/*
 * store_save.c - what the store knows as records, and back. One function a struct says for both ways
 * which fields it has, in which order.
 */
#include "analysis/store.h"

#include <stdlib.h>
#include <string.h>

enum { METHODS = 7, ITEM_ROOM = 1024 };

/* ---- traces ---- */

static void trace_form(struct pack *k, struct trace *t)
{
	PACK(k, t->order);
	PACK(k, t->input);
	PACK(k, t->frame);
	PACK(k, t->status);
	PACK(k, t->answer_order);
	PACK(k, t->answer_frame);
	PACK(k, t->method);
	PACK(k, t->tag_seen);
	PACK(k, t->commit);
	PACK(k, t->kind);
	pack_i64(k, &t->ns);
}

static bool trace_good(const struct trace *t)
{
	return t->method < METHODS && t->tag_seen <= PRESENT && t->kind <= OP_OTHER;
}

/* ---- an item ---- */

struct item_record {
	struct item item;
	struct slice texts[3];
};

/* A bit each, in this order for ever; new ones at the end. */
#define ITEM_FLAGS(X) \
	X(0, master) \
	X(1, readers_full) \
	X(2, tag_strong) \
	X(3, read_untagged) \
	X(4, untagged) \
	X(5, lost) \
	X(6, failed) \
	X(7, copied) \
	X(8, replayed) \
	X(9, activesync) \
	X(10, mismatch_told) \
	X(11, lying_told) \
	X(12, unstable_told) \
	X(13, rewritten_told) \
	X(14, move_refused) \
	X(15, adopted) \
	X(16, open_uid) \
	X(17, open_print) \
	X(18, deleted) \
	X(19, named) \
	X(20, seen_live) \
	X(21, twin) \
	X(22, own_waits) \
	X(23, own_told)

static void flags_form(struct pack *k, struct item *i)
{
	uint64_t flags = 0;
#define X(bit, name) flags |= (uint64_t)i->name << (bit);
	ITEM_FLAGS(X)
#undef X
	pack_u64(k, &flags);
#define X(bit, name) i->name = flags >> (bit)&1;
	ITEM_FLAGS(X)
#undef X
}

static void written_form(struct pack *k, struct item *i)
{
	PACK(k, i->written_order);
	PACK(k, i->written_input);
	PACK(k, i->written_frame);
	PACK(k, i->told);
	PACK(k, i->written_answer_order);
	PACK(k, i->guard_refusals);
	PACK(k, i->written_answer_frame);
	PACK(k, i->refusals);
}

static void content_form(struct pack *k, struct item *i)
{
	uint32_t *const numbers[] = { &i->sent_octets, &i->read_octets, &i->repl_uid, &i->tag,
		&i->schedule_tag, &i->sent_text, &i->read_text, &i->sent_lines, &i->settled,
		&i->guard, &i->refused_body, &i->writer };
	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
		PACK(k, *numbers[n]);
	for (size_t n = 0; n < READERS; n++)
		PACK(k, i->readers[n]);
	PACK(k, i->own_refusals);
	PACK(k, i->misses);
	PACK(k, i->refuser);
}

static void item_form(struct pack *k, void *thing)
{
	struct item_record *r = thing;
	struct item *i = &r->item;
	PACK(k, i->state);
	PACK(k, i->n_readers);
	flags_form(k, i);
	for (size_t n = 0; n < 3; n++)
		pack_slice(k, &r->texts[n]);
	pack_u64(k, &i->uid);
	pack_u64(k, &i->print);
	pack_u64(k, &i->idem);
	pack_u64(k, &i->creator);
	pack_u64(k, &i->lineage);
	trace_form(k, &i->created);
	written_form(k, i);
	content_form(k, i);
}

uint64_t item_sum(const struct item *i)
{
	uint8_t room[ITEM_ROOM];
	struct item_record r = { *i, { item_path(i), item_uid(i), item_summary(i) } };
	return hash_content(pack_form(room, sizeof(room), item_form, &r));
}

static bool item_good(const struct item_record *r)
{
	return r->item.id != 0 && r->item.state <= LIFE_GONE && r->item.n_readers <= READERS &&
	    trace_good(&r->item.created) && r->texts[0].n <= NAME_MAX_KEPT &&
	    r->texts[1].n <= UID_MAX && r->texts[2].n <= SUMMARY_MAX;
}

static uint64_t copies_of(const struct store *s, const struct item *of)
{
	uint64_t n = 0;
	for (const struct item *i = item_by_uid(s, of->uid); i != NULL; i = item_at(s, i->next_uid))
		n += i->uid == of->uid && i->scope == of->scope && i->state == LIFE_LIVE;
	return n;
}

static void item_label(struct saving *v, const struct store *s, const struct item *i)
{
	static const char *const lives[] = { "unknown", "maybe", "live", "gone" };
	const struct scope_state *scope = scope_find(s, i->scope);
	if (scope != NULL && scope->n_name != 0) {
		label_vis(v, (struct slice){ (const uint8_t *)scope->name, scope->n_name });
		if (scope->name[scope->n_name - 1] != '/')
			label_text(v, "/");
	}
	label_vis(v, item_path(i));
	if (i->n_uid != 0) {
		label_text(v, " uid=");
		label_vis(v, item_uid(i));
	}
	label_text(v, " \"");
	label_vis(v, item_summary(i));
	label_text(v, "\" ");
	label_text(v, lives[i->state & 3]);
	label_text(v, ", ");
	label_number(v, copies_of(s, i));
	label_text(v, " copies");
}

static bool item_save(struct saving *v, struct store *s, struct item *i)
{
	struct item_record r = { *i, { item_path(i), item_uid(i), item_summary(i) } };
	item_label(v, s, i);
	if (!save_record(v, STATE_ITEM, i->scope, i->id, item_form, &r))
		return false;
	i->saved_hour = store_hour(s);
	return true;
}

static bool items_save(struct saving *v, struct store *s)
{
	for (struct item *i; (i = unsaved_first(s)) != NULL; unsaved_pop(s))
		if (!item_save(v, s, i))
			return false;
	return true;
}

static bool item_load(struct store *s, const struct state_record *record)
{
	struct item_record r = { .item = { .scope = record->key[0], .id = record->key[1] } };
	return record_form(record, item_form, &r) && item_good(&r) &&
	    item_put_back(s, &r.item, r.texts);
}

/* ---- a collection ---- */

static void burst_form(struct pack *k, struct burst *b)
{
	pack_u64(k, &b->peer);
	pack_u64(k, &b->first_order);
	pack_u64(k, &b->last_order);
	pack_i64(k, &b->last_ns);
	PACK(k, b->n);
}

static void build_form(struct pack *k, char build[BUILD_MAX])
{
	uint8_t n = (uint8_t)strlen(build);
	pack_text(k, build, BUILD_MAX - 1, &n);
	build[n] = '\0';
}

struct scope_record {
	struct slice name;
	struct burst burst, burst_before;
	uint64_t reset_order, reset_peer;
	char front_build[BUILD_MAX], back_build[BUILD_MAX];
};

static void scope_form(struct pack *k, void *thing)
{
	struct scope_record *r = thing;
	pack_slice(k, &r->name);
	burst_form(k, &r->burst);
	burst_form(k, &r->burst_before);
	pack_u64(k, &r->reset_order);
	pack_u64(k, &r->reset_peer);
	build_form(k, r->front_build);
	build_form(k, r->back_build);
}

static bool scopes_save(struct saving *v, struct store *s)
{
	for (struct scope_state *c; (c = s->unsaved_scopes) != NULL; scope_saved(c)) {
		struct scope_record r = { .name = { (const uint8_t *)c->name, c->n_name },
			.burst = c->burst,
			.burst_before = c->burst_before,
			.reset_order = c->reset_order,
			.reset_peer = c->reset_peer };
		memcpy(r.front_build, c->front_build, BUILD_MAX);
		memcpy(r.back_build, c->back_build, BUILD_MAX);
		label_vis(v, r.name);
		if (!save_record(v, STATE_COLLECTION, OF_SCOPE, c->scope, scope_form, &r))
			return false;
	}
	return true;
}

static bool scope_load(struct store *s, const struct state_record *record)
{
	struct scope_record r = { .name = { 0 } };
	if (!record_form(record, scope_form, &r) || r.name.n > NAME_MAX_KEPT ||
	    scope_find(s, record->key[1]) != NULL)
		return false;
	struct scope_state *c = scope_take(s, record->key[1], r.name);
	if (c == NULL)
		return false;
	c->burst = r.burst;
	c->burst_before = r.burst_before;
	c->reset_order = r.reset_order;
	c->reset_peer = r.reset_peer;
	memcpy(c->front_build, r.front_build, BUILD_MAX);
	memcpy(c->back_build, r.back_build, BUILD_MAX);
	scope_saved(c);
	s->loaded = true;
	return true;
}

/* ---- slots ---- */

static void name_form(struct pack *k, void *thing)
{
	struct peer_name *p = thing;
	pack_u64(k, &p->peer);
	pack_text(k, p->text, sizeof(p->text), &p->n);
}

static void front_form(struct pack *k, void *thing)
{
	struct front *f = thing;
	uint8_t n = (uint8_t)strlen(f->note);
	pack_u64(k, &f->user);
	pack_u64(k, &f->print);
	pack_i64(k, &f->first_ns);
	pack_i64(k, &f->last_ns);
	trace_form(k, &f->trace);
	PACK(k, f->status);
	PACK(k, f->commit);
	PACK(k, f->paired);
	pack_u64(k, &f->idem);
	pack_u64(k, &f->number);
	pack_u64(k, &f->mismatches);
	trace_form(k, &f->back);
	pack_text(k, f->note, sizeof(f->note) - 1, &n);
	f->note[n] = '\0';
}

static bool front_good(const void *slot)
{
	const struct front *f = slot;
	return trace_good(&f->trace) && trace_good(&f->back) && f->commit <= COMMIT_YES;
}

static void back_form(struct pack *k, void *thing)
{
	struct back *b = thing;
	pack_u64(k, &b->user);
	pack_u64(k, &b->print);
	pack_u64(k, &b->scope);
	pack_u64(k, &b->id);
	pack_i64(k, &b->first_ns);
	pack_i64(k, &b->last_ns);
	trace_form(k, &b->trace);
	PACK(k, b->commit);
	PACK(k, b->paired);
}

static bool back_good(const void *slot)
{
	const struct back *b = slot;
	return trace_good(&b->trace) && b->commit <= COMMIT_YES;
}

static void orphan_form(struct pack *k, void *thing)
{
	struct orphan *o = thing;
	uint64_t *const numbers[] = { &o->scope, &o->uid, &o->print, &o->idem, &o->client_id,
		&o->creator, &o->number, &o->server, &o->over };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		pack_u64(k, numbers[i]);
	trace_form(k, &o->created);
	PACK(k, o->lost);
	PACK(k, o->open);
	PACK(k, o->told);
}

static bool orphan_good(const void *slot)
{
	return trace_good(&((const struct orphan *)slot)->created);
}

static void log_form(struct pack *k, void *thing)
{
	struct refusal_log *l = thing;
	pack_u64(k, &l->scope);
	pack_u64(k, &l->id);
	PACK(k, l->n);
	for (size_t i = 0; i < sizeof(l->traces) / sizeof(l->traces[0]); i++)
		trace_form(k, &l->traces[i]);
}

static bool log_good(const void *slot)
{
	const struct refusal_log *l = slot;
	bool good = l->n <= sizeof(l->traces) / sizeof(l->traces[0]);
	for (size_t i = 0; good && i < l->n; i++)
		good = trace_good(&l->traces[i]);
	return good;
}

static void clocks_form(struct pack *k, void *thing)
{
	struct clocks *c = thing;
	PACK(k, c->front);
	PACK(k, c->back);
	pack_u64(k, &c->pairs);
	pack_i64(k, &c->least_ns);
	pack_i64(k, &c->most_ns);
	trace_form(k, &c->of_front);
	trace_form(k, &c->of_back);
}

static void blind_form(struct pack *k, void *thing)
{
	pack_u64(k, thing);
}

#define SLOTS(part, kind, label, table, marks, form, good) \
	{ \
		part, kind, label, s->table, sizeof(s->table) / sizeof(s->table[0]), \
		    sizeof(s->table[0]), &s->marks, form, good \
	}
enum { STORE_SLOTS = 7 };
static void slots_of(struct store *s, struct slots out[STORE_SLOTS])
{
	const struct slots all[STORE_SLOTS] = {
		SLOTS(STATE_PEER, OF_NAME, "name of a client", names, name_marks, name_form, NULL),
		SLOTS(STATE_PEER, OF_FRONT, "create of a device", fronts, front_marks, front_form,
		    front_good),
		SLOTS(STATE_PEER, OF_BACK, "create of a front end", backs, back_marks, back_form,
		    back_good),
		SLOTS(STATE_PEER, OF_ORPHAN, "create without an id", orphans, orphan_marks,
		    orphan_form, orphan_good),
		SLOTS(STATE_PEER, OF_REFUSALS, "refusals of one item", refusal_logs, log_marks,
		    log_form, log_good),
		SLOTS(STATE_META, OF_CLOCKS, "clocks of two recordings", clocks, clock_marks,
		    clocks_form, NULL),
		SLOTS(STATE_META, OF_BLIND, "message not seen whole", blind, blind_marks,
		    blind_form, NULL),
	};
	memcpy(out, all, sizeof(all));
}

/* ---- together ---- */

static void counters_form(struct pack *k, void *thing)
{
	struct store *s = thing;
	pack_stamp(k, &s->now);
	PACK(k, s->n_fronts);
	PACK(k, s->n_backs);
	PACK(k, s->n_orphans);
	PACK(k, s->n_clocks);
	pack_u64(k, &s->evicted);
}

static bool counters_load(struct store *s, const struct state_record *r)
{
	struct store *read = calloc(1, sizeof(*read));
	bool good = read != NULL && record_form(r, counters_form, read) && read->n_clocks <= CLOCKS;
	if (good) {
		s->now = read->now;
		s->n_fronts = read->n_fronts;
		s->n_backs = read->n_backs;
		s->n_orphans = read->n_orphans;
		s->n_clocks = read->n_clocks;
		s->evicted = read->evicted;
	}
	free(read);
	return good;
}

bool store_save(struct store *s, struct saving *v)
{
	struct slots slots[STORE_SLOTS];
	slots_of(s, slots);
	if (!s->remembers) {
		s->remembers = true;
		unsaved_all(s);
	}
	for (size_t i = 0; i < STORE_SLOTS; i++)
		if (!slots_save(v, &slots[i]))
			return false;
	label_text(v, "counters of the store");
	return save_changed(v, STATE_META, OF_STORE, counters_form, s, &s->saved_counters) &&
	    waiting_save(v, s) && forgotten_save(v, &s->forgotten) && scopes_save(v, s) &&
	    items_save(v, s);
}

bool store_load(struct store *s, const struct state_record *r)
{
	struct slots slots[STORE_SLOTS];
	s->remembers = true;
	if (r->part == STATE_ITEM)
		return item_load(s, r);
	if (record_is(r, STATE_COLLECTION, OF_SCOPE))
		return scope_load(s, r);
	if (record_is(r, STATE_META, OF_STORE))
		return counters_load(s, r);
	if (record_is(r, STATE_META, OF_PENDING))
		return pending_load(s, r);
	if (record_is(r, STATE_META, OF_DOUBTS))
		return doubts_load(s, r);
	slots_of(s, slots);
	for (size_t i = 0; i < STORE_SLOTS; i++)
		if (record_is(r, slots[i].part, slots[i].kind))
			return slots_load(&slots[i], r);
	return false;
}

/* What was sent meanwhile may have been anything. */
void store_missed(struct store *s, uint64_t order)
{
	for (size_t i = 0; i < BLIND_SLOTS; i++) {
		s->blind[i] = order;
		mark_set(&s->blind_marks, i);
	}
}

void store_anew(struct store *s)
{
	struct slots slots[STORE_SLOTS];
	slots_of(s, slots);
	for (size_t i = 0; i < STORE_SLOTS; i++)
		slots_anew(&slots[i]);
	s->saved_counters = s->saved_pending = s->saved_doubts = 0;
	s->remembers = true;
	unsaved_all(s);
}
