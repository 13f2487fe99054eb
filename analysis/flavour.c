/*
 * flavour.c - which dialect a transaction speaks: Exchange's, CalDAV, ActiveSync ...
 *
 * A transaction shows signs of its own; what it does not show is taken from what its collection,
 * then its server, have shown before. Where those contradict each other it is plain WebDAV.
 */
#include "analysis/facts.h"
#include "analysis/remember.h"
#include "analysis/signs.h"

#include <stdlib.h>
#include <string.h>

enum { SCOPES_FIRST = 256 };

const char *const flavour_words[] = {
#define FLAVOUR(code, name, text) [code] = name,
#include "analysis/flavours.def"
#undef FLAVOUR
	[FLAVOURS] = NULL,
};

const char *flavour_name(enum flavour flavour)
{
	return flavour_words[flavour];
}

/* What one server or collection has shown. */
struct scope {
	uint64_t key; /* 0 = free slot */
	struct stamp at, dav_at; /* when `sign` and `dav_sign` were first seen */
	uint8_t sign, dav_sign; /* a dialect's sign, a sign of WebDAV as such; SIGNS = none yet */
	bool several; /* more than one dialect: it tells nothing about a transaction */
	bool schedules; /* servers: calendar-auto-schedule was announced */
	bool unsaved; /* it has changed since it was saved */
};

struct flavours {
	struct hash_key key;
	size_t n, room, limit; /* room is a power of two, at least 2 n */
	size_t n_unsaved;
	struct scope *slots;
};

struct flavours *flavours_new(const struct limits *limits, struct hash_key key)
{
	struct flavours *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->key = key;
	f->limit = limits->scopes;
	f->room = SCOPES_FIRST;
	f->slots = calloc(f->room, sizeof(*f->slots));
	if (f->slots == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void flavours_free(struct flavours *f)
{
	if (f == NULL)
		return;
	free(f->slots);
	free(f);
}

static struct scope *slot_of(struct scope *slots, size_t room, uint64_t key)
{
	size_t i = key & (room - 1);
	while (slots[i].key != 0 && slots[i].key != key)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static bool slots_grow(struct flavours *f)
{
	struct scope *wider = calloc(f->room * 2, sizeof(*wider));
	if (wider == NULL)
		return false;
	for (size_t i = 0; i < f->room; i++)
		if (f->slots[i].key != 0)
			*slot_of(wider, f->room * 2, f->slots[i].key) = f->slots[i];
	free(f->slots);
	f->slots = wider;
	f->room *= 2;
	return true;
}

static struct scope *scope_find(const struct flavours *f, uint64_t key)
{
	struct scope *s = slot_of(f->slots, f->room, key);
	return s->key != 0 ? s : NULL;
}

/* NULL at the limit: it is not learned. */
static struct scope *scope_add(struct flavours *f, uint64_t key)
{
	struct scope *s = slot_of(f->slots, f->room, key);
	if (s->key != 0)
		return s;
	if (f->n >= f->limit || (2 * (f->n + 1) > f->room && !slots_grow(f)))
		return NULL;
	s = slot_of(f->slots, f->room, key);
	*s = (struct scope){ .key = key, .sign = SIGNS, .dav_sign = SIGNS };
	f->n++;
	return s;
}

static uint64_t key_make(struct hash_key key, const void *data, size_t n)
{
	uint64_t hash = hash_keyed(key, data, n);
	return hash != 0 ? hash : 1;
}

static uint64_t server_key(const struct flavours *f, const struct endpoint *server)
{
	uint8_t text[3 + sizeof(server->address)];
	text[0] = (uint8_t)server->family;
	text[1] = (uint8_t)(server->port >> 8);
	text[2] = (uint8_t)server->port;
	memcpy(text + 3, server->address, sizeof(server->address));
	return key_make(f->key, text, sizeof(text));
}

static uint64_t collection_key(const struct flavours *f, uint64_t server, struct slice path)
{
	uint64_t pair[2] = { server, hash_keyed(f->key, path.p, path.n) };
	return key_make(f->key, pair, sizeof(pair));
}

static struct slice path_parent(struct slice path)
{
	size_t n = path_bare(path).n;
	while (n != 0 && path.p[n - 1] != '/')
		n--;
	return path_bare(slice_part(path, 0, n));
}

/* ---- judging and learning ---- */

/* The strongest sign of a dialect in the set, SIGNS when there is none. */
static enum sign sign_first(uint32_t signs, enum sign from, enum sign to)
{
	for (enum sign s = from; s < to; s++)
		if (signs & (UINT32_C(1) << s))
			return s;
	return SIGNS;
}

static struct stamp sign_stamp(enum sign sign, const struct txn *txn)
{
	switch (sign_table[sign].where) {
	case IN_REQUEST:
		return txn->req.head;
	case IN_REQUEST_BODY:
		return txn->req.last;
	case IN_ANSWER:
		return txn->res.head;
	case IN_ANSWER_BODY:
		break;
	}
	return txn->res.last;
}

static void facts_set(struct facts *facts, enum sign sign, enum flavour_from from, struct stamp at)
{
	facts->flavour = sign_table[sign].flavour;
	facts->flavour_from = from;
	facts->flavour_evidence = sign_table[sign].text;
	facts->flavour_at = at;
}

/* True when the scope has shown exactly one dialect. */
static bool scope_tells(const struct scope *s)
{
	return s != NULL && s->sign != SIGNS && !s->several;
}

/* A weak sign does not make another dialect of what a server of a named product answers. */
static bool sign_holds(enum sign sign, const struct scope *server)
{
	if (sign == SIGNS)
		return false;
	if (!sign_table[sign].weak || !scope_tells(server))
		return true;
	enum flavour product = sign_table[server->sign].flavour;
	return product != FLAVOUR_EXCHANGE && product != FLAVOUR_SHAREPOINT;
}

/* The scopes of a transaction; missing ones are NULL. */
struct scopes {
	uint64_t server_key;
	const struct scope *self, *parent, *server;
};

static struct scopes scopes_of(const struct flavours *f, const struct txn *txn)
{
	struct slice path = target_path(txn->req.target);
	uint64_t key = server_key(f, &txn->server);
	struct scopes s = { .server_key = key, .server = scope_find(f, key) };
	if (path.n == 0 || s.server == NULL)
		return s;
	s.self = scope_find(f, collection_key(f, key, path_bare(path)));
	s.parent = scope_find(f, collection_key(f, key, path_parent(path)));
	return s;
}

static void judge_dialect(uint32_t signs, const struct scopes *s, const struct txn *txn,
    struct facts *facts)
{
	enum sign own = sign_first(signs, 0, SIGNS_DIALECT);
	enum sign dav = sign_first(signs, SIGNS_DIALECT, SIGNS);
	if (sign_holds(own, s->server))
		facts_set(facts, own, FROM_TRANSACTION, sign_stamp(own, txn));
	else if (scope_tells(s->self))
		facts_set(facts, s->self->sign, FROM_COLLECTION, s->self->at);
	else if (scope_tells(s->parent))
		facts_set(facts, s->parent->sign, FROM_COLLECTION, s->parent->at);
	else if (scope_tells(s->server))
		facts_set(facts, s->server->sign, FROM_SERVER, s->server->at);
	else if (dav != SIGNS)
		facts_set(facts, dav, FROM_TRANSACTION, sign_stamp(dav, txn));
	else if (s->server != NULL && s->server->dav_sign != SIGNS)
		facts_set(facts, s->server->dav_sign, FROM_SERVER, s->server->dav_at);
}

static void scope_changed(struct flavours *f, struct scope *s)
{
	f->n_unsaved += !s->unsaved;
	s->unsaved = true;
}

static void scope_learn(struct flavours *f, struct scope *s, enum sign sign, struct stamp at)
{
	if (s == NULL)
		return;
	if (sign >= SIGNS_DIALECT) {
		if (s->dav_sign == SIGNS) {
			s->dav_sign = (uint8_t)sign;
			s->dav_at = at;
			scope_changed(f, s);
		}
	} else if (s->sign == SIGNS) {
		s->sign = (uint8_t)sign;
		s->at = at;
		scope_changed(f, s);
	} else if (!s->several && sign_table[s->sign].flavour != sign_table[sign].flavour) {
		s->several = true;
		scope_changed(f, s);
	}
}

/* What a method acts on: the members of a collection stand for it, a collection for itself. */
static struct slice path_learned(const struct message *req)
{
	static const struct slice whole[] = { NAME("PROPFIND"), NAME("REPORT"), NAME("MKCALENDAR"),
		NAME("MKCOL"), NAME("OPTIONS"), NAME("SEARCH"), NAME("POST") };
	struct slice path = target_path(req->target);
	if (path.n != 0 && path.p[path.n - 1] == '/')
		return path_bare(path);
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (slice_equal(req->method, whole[i]))
			return path;
	return path_parent(path);
}

static bool sign_is_proven(enum sign sign, const struct txn *txn)
{
	bool in_request = sign_table[sign].where == IN_REQUEST ||
	    sign_table[sign].where == IN_REQUEST_BODY;
	return !in_request || (txn->res.seen && txn->res.status / 100 == 2);
}

static void sign_learn(struct flavours *f, enum sign sign, uint64_t key, const struct txn *txn)
{
	const struct sign_info *info = &sign_table[sign];
	struct stamp at = sign_stamp(sign, txn);
	if (info->learn == LEARN_NOTHING || !sign_is_proven(sign, txn))
		return;
	struct scope *server = scope_add(f, key);
	if (info->learn == LEARN_SERVER)
		scope_learn(f, server, sign, at);
	if (sign < SIGNS_DIALECT && txn->req.seen)
		scope_learn(f, scope_add(f, collection_key(f, key, path_learned(&txn->req))), sign,
		    at);
}

void flavours_judge(struct flavours *f, const struct txn *txn, struct facts *facts)
{
	uint32_t signs = signs_of(txn);
	struct scopes s = scopes_of(f, txn);
	facts->flavour = FLAVOUR_HTTP;
	facts->flavour_from = FROM_NOTHING;
	facts->flavour_evidence = "no sign of WebDAV was seen";
	facts->flavour_at = (struct stamp){ 0 };
	judge_dialect(signs, &s, txn, facts);
	if (txn->unsure)
		return;
	/* The strongest dialect alone: a sign it outweighs here must not make the server ambiguous. */
	enum sign own = sign_first(signs, 0, SIGNS_DIALECT);
	enum sign dav = sign_first(signs, SIGNS_DIALECT, SIGNS);
	if (sign_holds(own, s.server))
		sign_learn(f, own, s.server_key, txn);
	if (dav != SIGNS)
		sign_learn(f, dav, s.server_key, txn);
	if ((signs & (UINT32_C(1) << SIGN_DAV_HEADER)) &&
	    dav_announces(&txn->res, SLICE("calendar-auto-schedule"))) {
		struct scope *server = scope_add(f, s.server_key);
		if (server != NULL && !server->schedules)
			scope_changed(f, server);
		if (server != NULL)
			server->schedules = true;
	}
}

bool flavours_scheduling(const struct flavours *f, const struct txn *txn)
{
	const struct scope *server = scope_find(f, server_key(f, &txn->server));
	return server != NULL && server->schedules;
}

/* ---- over a restart ---- */

static void scope_form(struct pack *k, void *thing)
{
	struct scope *s = thing;
	pack_stamp(k, &s->at);
	pack_stamp(k, &s->dav_at);
	PACK(k, s->sign);
	PACK(k, s->dav_sign);
	PACK(k, s->several);
	PACK(k, s->schedules);
}

static bool scope_save(struct flavours *f, struct scope *s, struct saving *v)
{
	bool dialect = s->sign != SIGNS && !s->several;
	label_text(v, dialect ? flavour_name(sign_table[s->sign].flavour) : "no one dialect");
	if (!save_record(v, STATE_COLLECTION, OF_FLAVOUR, s->key, scope_form, s))
		return false;
	s->unsaved = false;
	f->n_unsaved--;
	return true;
}

/* What is learned is learned soon, and then all is still. */
bool flavours_save(struct flavours *f, struct saving *v)
{
	for (size_t i = 0; i < f->room && f->n_unsaved != 0; i++)
		if (f->slots[i].unsaved && !scope_save(f, &f->slots[i], v))
			return false;
	return true;
}

bool flavours_load(struct flavours *f, const struct state_record *r)
{
	struct scope read = { .key = r->key[1] };
	if (read.key == 0 || !record_form(r, scope_form, &read) || read.sign > SIGNS ||
	    read.dav_sign > SIGNS || scope_find(f, read.key) != NULL)
		return false;
	struct scope *s = scope_add(f, read.key);
	if (s != NULL)
		*s = read;
	return s != NULL;
}

/* Of a server without a sign nothing was learned that had to be saved. */
static bool scope_says_something(const struct scope *s)
{
	return s->key != 0 && (s->sign != SIGNS || s->dav_sign != SIGNS || s->schedules);
}

void flavours_anew(struct flavours *f)
{
	for (size_t i = 0; i < f->room; i++)
		if (scope_says_something(&f->slots[i]))
			scope_changed(f, &f->slots[i]);
}
