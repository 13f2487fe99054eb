/*
 * store_table.c - the tables of the store: items by id, UID and fingerprint, in bounded memory.
 */
#include "analysis/store.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

uint64_t uid_number(struct slice uid)
{
	return uid.n == 0 ? 0 : mix_slice(31, uid);
}

/* Two cards may share a name, two tasks without a date a title: only what has a time is compared. */
uint64_t object_print(const struct object *o)
{
	if (o == NULL || (o->kind != OBJECT_EVENT && o->kind != OBJECT_TODO) ||
	    o->start_ns == OBJECT_NO_TIME || o->summary.n == 0)
		return 0;
	return o->fingerprint;
}

/* ---- buckets ---- */

enum chain { BY_ID, BY_UID, BY_PRINT, CHAINS };

static struct table *table_of(struct store *s, enum chain chain)
{
	return chain == BY_ID ? &s->by_id : chain == BY_UID ? &s->by_uid : &s->by_print;
}

static uint32_t *next_of(struct item *item, enum chain chain)
{
	return chain == BY_ID ? &item->next_id :
	    chain == BY_UID   ? &item->next_uid :
				&item->next_print;
}

static uint64_t number_of(const struct item *item, enum chain chain)
{
	return chain == BY_ID ? item->id : chain == BY_UID ? item->uid : item->print;
}

static size_t bucket_of(const struct store *s, const struct table *t, uint64_t number)
{
	return mix(s->seed, number) & (t->room - 1);
}

/* Takes the item off the chain that *at stands in. */
static void chain_unlink(struct store *s, uint32_t *at, enum chain chain)
{
	uint32_t *next = next_of(item_at(s, *at), chain);
	*at = *next;
	*next = 0;
}

/* Of those that share a UID or a look the latest are found: an enemy may give all items the same. */
static void chain_trim(struct store *s, uint32_t *at, enum chain chain, uint64_t number)
{
	uint32_t *last = NULL;
	size_t n = 0;
	for (; *at != 0; at = next_of(item_at(s, *at), chain))
		if (number_of(item_at(s, *at), chain) == number) {
			last = at;
			n++;
		}
	if (n > CHAIN_MAX)
		chain_unlink(s, last, chain);
}

static void chain_put(struct store *s, struct item *item, enum chain chain)
{
	struct table *t = table_of(s, chain);
	uint32_t *bucket = &t->buckets[bucket_of(s, t, number_of(item, chain))];
	*next_of(item, chain) = *bucket;
	*bucket = item->number;
	if (chain != BY_ID)
		chain_trim(s, bucket, chain, number_of(item, chain));
}

static void chain_take(struct store *s, struct item *item, enum chain chain)
{
	struct table *t = table_of(s, chain);
	uint32_t *at = &t->buckets[bucket_of(s, t, number_of(item, chain))];
	while (*at != 0 && *at != item->number)
		at = next_of(item_at(s, *at), chain);
	if (*at != 0)
		chain_unlink(s, at, chain);
}

static void buckets_replace(struct store *s, enum chain chain, uint32_t *buckets, size_t room)
{
	struct table *t = table_of(s, chain);
	free(t->buckets);
	s->bytes += (room - t->room) * sizeof(*buckets);
	*t = (struct table){ buckets, room };
}

static void items_link(struct store *s)
{
	for (struct item *i = item_at(s, s->oldest); i != NULL; i = item_at(s, i->newer))
		for (enum chain chain = BY_ID; chain < CHAINS; chain++)
			if (number_of(i, chain) != 0)
				chain_put(s, i, chain);
}

/* All three at once: from one item to the next the memory is far apart. */
static bool tables_grow(struct store *s, size_t room)
{
	uint32_t *buckets[CHAINS];
	bool grown = true;
	for (enum chain chain = BY_ID; chain < CHAINS; chain++) {
		buckets[chain] = calloc(room, sizeof(*buckets[chain]));
		grown &= buckets[chain] != NULL;
	}
	for (enum chain chain = BY_ID; chain < CHAINS; chain++)
		if (grown)
			buckets_replace(s, chain, buckets[chain], room);
		else
			free(buckets[chain]);
	if (grown)
		items_link(s);
	return grown;
}

bool store_room(struct store *s)
{
	size_t wanted = s->by_id.room == 0 ? FIRST_ROOM : s->by_id.room;
	while (wanted < s->n_items)
		wanted *= 2;
	return wanted == s->by_id.room || tables_grow(s, wanted);
}

/* ---- use ---- */

static void use_take(struct store *s, struct item *item)
{
	struct item *older = item_at(s, item->older), *newer = item_at(s, item->newer);
	*(older != NULL ? &older->newer : &s->oldest) = item->newer;
	*(newer != NULL ? &newer->older : &s->newest) = item->older;
}

static void use_put(struct store *s, struct item *item)
{
	struct item *newest = item_at(s, s->newest);
	item->older = s->newest;
	item->newer = 0;
	*(newest != NULL ? &newest->newer : &s->oldest) = item->number;
	s->newest = item->number;
}

void item_touch(struct store *s, struct item *item)
{
	if (s->remembers && item->saved_hour != store_hour(s))
		item_mark(s, item);
	if (s->newest == item->number)
		return;
	use_take(s, item);
	use_put(s, item);
}

/* ---- items ---- */

static bool is_listed_alike(enum life_state a, enum life_state b)
{
	bool ordered = (a == LIFE_MAYBE || a == LIFE_LIVE) && (b == LIFE_MAYBE || b == LIFE_LIVE);
	return a == b || ordered;
}

void item_state(struct store *s, struct item *item, enum life_state now)
{
	bool moves = !is_listed_alike(item->state, now);
	struct scope_state *scope = moves ? scope_find(s, item->scope) : NULL;
	if (item->state != now)
		item_mark(s, item);
	if (scope != NULL)
		scope_unlist(s, scope, item);
	item->state = (unsigned)now & 7;
	item->deleted &= now == LIFE_GONE;
	if (scope != NULL)
		scope_list(s, scope, item);
}

static size_t uid_bytes(const struct item *item)
{
	return item->uid_in_path ? 0 : item->n_uid;
}

static size_t text_bytes(const struct item *item)
{
	return (size_t)item->n_path + uid_bytes(item) + item->n_summary;
}

static size_t item_cost(const struct item *item)
{
	return sizeof(*item) + text_bytes(item) + (size_t)MALLOC_COST;
}

static bool slab_add(struct store *s)
{
	if (s->n_slabs == s->slabs_room) {
		size_t room = s->slabs_room != 0 ? 2 * s->slabs_room : 16;
		struct item **slabs = realloc(s->slabs, room * sizeof(struct item *));
		if (slabs == NULL)
			return false;
		s->slabs = slabs;
		s->slabs_room = room;
	}
	bool first = s->n_slabs == 0;
	struct item *slab = first ? malloc(SLAB_ITEMS * sizeof(*slab)) : large_alloc();
	if (slab == NULL)
		return false;
	s->slabs[s->n_slabs++] = slab;
	return true;
}

/* Zeroed but for its number; NULL: no memory. */
static struct item *item_give(struct store *s)
{
	uint32_t number = s->unused;
	if (number != 0)
		s->unused = item_at(s, number)->next_id;
	else if (s->given < UINT32_MAX && (s->given < s->n_slabs * SLAB_ITEMS || slab_add(s)))
		number = ++s->given;
	else
		return NULL;
	struct item *item = item_at(s, number);
	*item = (struct item){ .number = number };
	return item;
}

static void item_free(struct store *s, struct item *item)
{
	s->bytes -= item_cost(item);
	s->n_items--;
	free(item->text);
	item->text = NULL;
	item->unsaved = false;
	item->next_id = s->unused;
	s->unused = item->number;
}

static void item_drop(struct store *s, struct item *item)
{
	if (s->remembers)
		forget(&s->forgotten, STATE_ITEM, item->scope, item->id);
	chain_take(s, item, BY_ID);
	if (item->uid != 0)
		chain_take(s, item, BY_UID);
	if (item->print != 0)
		chain_take(s, item, BY_PRINT);
	use_take(s, item);
	scope_leave(s, item);
	item_free(s, item);
}

/* For one more. */
static void make_room(struct store *s)
{
	while (s->oldest != 0 &&
	    (s->n_items >= s->limits->items_known || s->bytes > s->limits->store_bytes)) {
		s->evicted++;
		item_drop(s, item_at(s, s->oldest));
	}
}

struct item *item_find(const struct store *s, uint64_t scope, uint64_t id)
{
	struct item *item = item_at(s, s->by_id.buckets[bucket_of(s, &s->by_id, id)]);
	while (item != NULL && (item->id != id || item->scope != scope))
		item = item_at(s, item->next_id);
	return item;
}

static const uint32_t *bucket_at(const struct store *s, const struct table *t, uint64_t number)
{
	return &t->buckets[bucket_of(s, t, number)];
}

void item_ahead(const struct store *s, uint64_t id, const struct object *o)
{
	__builtin_prefetch(bucket_at(s, &s->by_id, id));
	if (o != NULL && o->uid.n != 0)
		__builtin_prefetch(bucket_at(s, &s->by_uid, uid_number(o->uid)));
	if (object_print(o) != 0)
		__builtin_prefetch(bucket_at(s, &s->by_print, object_print(o)));
}

static void item_fetch(const struct item *item)
{
	enum { LINE = 64 };
	for (size_t at = 0; item != NULL && at < sizeof(*item); at += LINE)
		__builtin_prefetch((const uint8_t *)item + at);
}

/* Of a chain of UIDs or looks no more is read than who stands first. */
void item_nearer(const struct store *s, uint64_t id, const struct object *o)
{
	item_fetch(item_at(s, *bucket_at(s, &s->by_id, id)));
	if (o != NULL && o->uid.n != 0)
		__builtin_prefetch(item_at(s, *bucket_at(s, &s->by_uid, uid_number(o->uid))));
	if (object_print(o) != 0)
		__builtin_prefetch(item_at(s, *bucket_at(s, &s->by_print, object_print(o))));
}

static struct slice part(const struct item *item, size_t from, size_t n)
{
	return (struct slice){ item->text + from, n };
}

struct slice item_path(const struct item *item)
{
	return part(item, 0, item->n_path);
}

struct slice item_uid(const struct item *item)
{
	return part(item, item->uid_in_path ? 0 : item->n_path, item->n_uid);
}

struct slice item_summary(const struct item *item)
{
	return part(item, item->n_path + uid_bytes(item), item->n_summary);
}

static struct slice cut(struct slice s, size_t most)
{
	return slice_part(s, 0, most);
}

static void put(uint8_t *out, struct slice s)
{
	if (s.n != 0)
		memcpy(out, s.p, s.n);
}

/* Without memory the texts stay as they are: they are for people only. */
static bool item_name(struct store *s, struct item *item, struct slice path, struct slice uid,
    struct slice summary)
{
	path = cut(path, NAME_MAX_KEPT);
	uid = cut(uid, UID_MAX);
	summary = cut(summary, SUMMARY_MAX);
	bool in_path = uid.n <= path.n && slice_starts(path, uid);
	size_t own = in_path ? 0 : uid.n;
	uint8_t *text = malloc(path.n + own + summary.n + 1);
	if (text == NULL)
		return false;
	put(text, path);
	put(text + path.n, slice_part(uid, 0, own));
	put(text + path.n + own, summary);
	s->bytes -= text_bytes(item);
	free(item->text);
	item->text = text;
	item->uid_in_path = in_path;
	item->n_path = (uint16_t)path.n;
	item->n_uid = (uint16_t)uid.n;
	item->n_summary = (uint16_t)summary.n;
	s->bytes += text_bytes(item);
	return true;
}

static struct item *item_new(struct store *s, struct place at)
{
	struct item *item = item_give(s);
	if (item == NULL)
		return NULL;
	item->scope = at.scope;
	item->id = at.id;
	item->master = true;
	s->n_items++;
	s->bytes += item_cost(item);
	bool airsync = at.path.n == 0 || at.path.p[0] != '/';
	struct slice name = airsync ? at.path : path_last(at.path);
	struct slice none = { 0 };
	if (!item_name(s, item, name, none, none) ||
	    !scope_enter(s, item, airsync ? none : path_collection(at.path))) {
		item_free(s, item);
		return NULL;
	}
	chain_put(s, item, BY_ID);
	use_put(s, item);
	item_mark(s, item);
	return item;
}

bool item_put_back(struct store *s, const struct item *as, const struct slice texts[3])
{
	struct slice none = { 0 };
	if (item_find(s, as->scope, as->id) != NULL)
		return false;
	make_room(s);
	struct item *item = store_room(s) ? item_give(s) : NULL;
	if (item == NULL)
		return false;
	uint32_t number = item->number;
	*item = *as;
	item->number = number;
	s->n_items++;
	s->bytes += item_cost(item);
	if (!item_name(s, item, texts[0], texts[1], texts[2]) || !scope_enter(s, item, none)) {
		item_free(s, item);
		return false;
	}
	for (enum chain chain = BY_ID; chain < CHAINS; chain++)
		if (number_of(item, chain) != 0)
			chain_put(s, item, chain);
	use_put(s, item);
	return true;
}

struct item *item_take(struct store *s, struct place at)
{
	struct item *item = item_find(s, at.scope, at.id);
	if (item != NULL) {
		item_touch(s, item);
		return item;
	}
	make_room(s);
	return store_room(s) ? item_new(s, at) : NULL;
}

static void item_number(struct store *s, struct item *item, enum chain chain, uint64_t number)
{
	uint64_t *slot = chain == BY_UID ? &item->uid : &item->print;
	if (*slot == number)
		return;
	if (*slot != 0)
		chain_take(s, item, chain);
	*slot = number;
	if (number != 0)
		chain_put(s, item, chain);
}

/* Of an object that was not read to its end only what it has is known. */
void item_identify(struct store *s, struct item *item, const struct object *o)
{
	if (o == NULL)
		return;
	bool has_uid = o->uid.n != 0 || o->whole, has_summary = o->summary.n != 0 || o->whole;
	struct slice uid = cut(has_uid ? o->uid : item_uid(item), UID_MAX);
	struct slice summary = cut(has_summary ? o->summary : item_summary(item), SUMMARY_MAX);
	if (!slice_equal(uid, item_uid(item)) || !slice_equal(summary, item_summary(item)))
		item_name(s, item, item_path(item), uid, summary);
	if (has_uid)
		item_number(s, item, BY_UID, uid_number(o->uid));
	if (o->whole || o->overrides != 0)
		item->master = o->master || o->overrides == 0;
	if (o->whole)
		item_number(s, item, BY_PRINT, object_print(o));
}

struct item *item_by_uid(const struct store *s, uint64_t uid)
{
	return uid == 0 ? NULL : item_at(s, s->by_uid.buckets[bucket_of(s, &s->by_uid, uid)]);
}

struct item *item_by_print(const struct store *s, uint64_t print)
{
	return print == 0 ? NULL :
			    item_at(s, s->by_print.buckets[bucket_of(s, &s->by_print, print)]);
}

void scopes_sweep(struct store *s)
{
	for (size_t i = 0; i < s->scopes_room; i++)
		for (struct scope_state *next, *state = s->scopes[i]; state != NULL; state = next) {
			next = state->next;
			if (state->n_items == 0)
				scope_drop(s, state);
		}
}

static void scopes_free(struct store *s)
{
	for (size_t i = 0; i < s->scopes_room; i++)
		for (struct scope_state *next, *state = s->scopes[i]; state != NULL; state = next) {
			next = state->next;
			free(state);
		}
	free(s->scopes);
}

void store_tables_free(struct store *s)
{
	for (struct item *i = item_at(s, s->oldest); i != NULL; i = item_at(s, i->newer))
		free(i->text);
	for (size_t i = 0; i < s->n_slabs; i++)
		free(s->slabs[i]);
	free(s->slabs);
	free(s->unsaved);
	scopes_free(s);
	free(s->by_id.buckets);
	free(s->by_uid.buckets);
	free(s->by_print.buckets);
}

/* ---- names of peers ---- */

struct slice peer_text(const struct store *s, uint64_t peer)
{
	const struct peer_name *name = &s->names[peer % PEER_NAMES];
	return name->peer == peer ? (struct slice){ (const uint8_t *)name->text, name->n } :
				    (struct slice){ 0 };
}

void peer_learn(struct store *s, uint64_t peer, struct slice name)
{
	struct peer_name *slot = &s->names[peer % PEER_NAMES];
	if (peer == 0 || (slot->peer == peer && slot->n != 0))
		return;
	mark_set(&s->name_marks, peer % PEER_NAMES);
	name = cut(name, sizeof(slot->text));
	slot->peer = peer;
	slot->n = (uint8_t)name.n;
	put((uint8_t *)slot->text, name);
}
