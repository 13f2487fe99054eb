/*
 * session.c - synchronisation of collections: who, where, and whom to tell. The judgements are in the other
 * files of this name.
 */
#include "analysis/session.h"

#include <stdlib.h>
#include <string.h>

#define MAX_48 ((UINT64_C(1) << 48) - 1)

struct sessions *sessions_new(const struct limits *limits, struct hash_key key,
    struct teller teller)
{
	struct sessions *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->teller = teller;
	struct forgotten *gone = &s->forgotten;
	if (!lru_init(&s->sessions, key, sizeof(struct session), limits->sessions, OF_SESSION,
		gone) ||
	    !lru_init(&s->shelves, key, sizeof(struct shelf), (limits->sessions + 1) / 2, OF_SHELF,
		gone) ||
	    !lru_init(&s->rows, key, sizeof(struct row_note), limits->session_rows, OF_ROW, gone) ||
	    !lru_init(&s->notes, key, sizeof(struct note), limits->session_notes, OF_NOTE, gone)) {
		sessions_free(s);
		return NULL;
	}
	return s;
}

void sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	lru_fini(&s->sessions);
	lru_fini(&s->shelves);
	lru_fini(&s->rows);
	lru_fini(&s->notes);
	free(s);
}

uint64_t sessions_evicted(const struct sessions *s)
{
	return s->sessions.evicted;
}

void sessions_op(struct sessions *s, const struct op *op, const struct sync_facts *sync)
{
	if (op->copy)
		return;
	if (sync != NULL)
		session_airsync(s, op, sync);
	else if (op->at.scope != 0)
		session_dav(s, op);
}

/* In the order of their last use, which is that of the capture. */
void sessions_finish(struct sessions *s)
{
	for (struct lru_node *i = s->sessions.oldest; i != NULL; i = i->newer) {
		struct session *n = (struct session *)i;
		if (!n->airsync)
			cycle_end(s, n);
	}
}

/* ---- small things ---- */

uint64_t slice_number(struct slice s)
{
	return s.n != 0 ? mix_slice(61, s) : 0;
}

bool answer_is_whole(const struct txn *txn)
{
	return txn->unpaired == PAIRED && !txn->unsure && !txn->unreceived &&
	    message_complete(&txn->req) && message_complete(&txn->res);
}

static struct point point_of(struct stamp at)
{
	return (struct point){ .order = at.order & MAX_48,
		.input = at.input,
		.frame = at.frame & MAX_48,
		.ns = at.ns };
}

static struct stamp stamp_of(struct point at)
{
	return (struct stamp){ at.order, at.frame, at.ns, (uint16_t)at.input };
}

struct span span_of(const struct op *op)
{
	const struct message *req = &op->txn->req, *res = &op->txn->res;
	return (struct span){ .begun = req->first.order,
		.done = res->seen ? res->last.order : op->txn->done.order,
		.request = point_of(req->head),
		.answer = point_of(res->head) };
}

static void evidence_add(struct evidence *e, struct stamp at)
{
	size_t i = e->n;
	if (at.frame == 0 || e->n == OP_PACKETS)
		return;
	while (i != 0 && e->at[i - 1].order > at.order)
		i--;
	if (i != 0 && e->at[i - 1].order == at.order)
		return;
	memmove(&e->at[i + 1], &e->at[i], (e->n - i) * sizeof(e->at[0]));
	e->at[i] = at;
	e->n++;
}

void evidence_span(struct evidence *e, const struct span *span)
{
	evidence_add(e, stamp_of(span->request));
	evidence_add(e, stamp_of(span->answer));
}

void evidence_op(struct evidence *e, const struct op *op)
{
	struct span span = span_of(op);
	for (size_t i = 0; i < op->n_packets; i++)
		evidence_add(e, op->packets[i]);
	evidence_span(e, &span);
}

/* ---- records ---- */

static uint8_t text_keep(char *out, size_t room, struct slice s)
{
	size_t n = s.n < room ? s.n : room;
	if (n != 0)
		memcpy(out, s.p, n);
	return (uint8_t)n;
}

static struct slice text_of(const char *text, size_t n)
{
	return (struct slice){ (const uint8_t *)text, n };
}

/* The collection, for people. */
static struct slice scope_text(const struct op *op)
{
	if (op->collection != NULL)
		return op->collection->id;
	return op->at.id == 0 ? op->at.path : path_collection(op->at.path);
}

static void session_begin(struct sessions *s, struct session *n, const struct op *op)
{
	n->number = ++s->numbered;
	n->scope = op->at.scope;
	n->peer = op->peer;
	n->airsync = op->sync != NULL;
	if (!n->airsync)
		n->cycle.number = ++s->cycles;
	n->first.estimate = NO_ESTIMATE;
	n->n_scope = text_keep(n->scope_text, sizeof(n->scope_text), scope_text(op));
}

/* Where there is a session there is a shelf: it shows that the collection is synchronised. */
struct session *session_take(struct sessions *s, const struct op *op)
{
	bool made;
	struct session *n = lru_take(&s->sessions, mix(op->at.scope, op->peer), &made);
	if (n == NULL)
		return NULL;
	if (made)
		session_begin(s, n, op);
	if (op->txn->auth_user.n != 0)
		n->user = slice_number(op->txn->auth_user);
	n->n_name = text_keep(n->name, sizeof(n->name), op->peer_name);
	n->n_device = text_keep(n->device, sizeof(n->device), op->device);
	n->n_mailbox = text_keep(n->mailbox, sizeof(n->mailbox), op->mailbox);
	shelf_take(s, op->at.scope, text_of(n->scope_text, n->n_scope), span_of(op).done);
	return n;
}

struct note *note_find(struct sessions *s, enum note_kind kind, uint64_t what)
{
	return lru_find(&s->notes, mix(what, kind));
}

struct note *note_take(struct sessions *s, enum note_kind kind, uint64_t what, const struct op *op)
{
	bool made;
	struct note *note = lru_take(&s->notes, mix(what, kind), &made);
	if (note != NULL && made) {
		note->number = op->number;
		note->first = span_of(op);
	}
	return note;
}

/* ---- telling ---- */

struct slice member_path(const struct op *op, const char *name, size_t n)
{
	struct slice scope = scope_text(op), last = text_of(name, n);
	uint8_t *path = NULL;
	if (op->sync == NULL && scope.n != 0)
		path = arena_alloc(op->txn->arena, scope.n + 1 + n);
	if (path == NULL)
		return last;
	memcpy(path, scope.p, scope.n);
	if (path[scope.n - 1] != '/')
		path[scope.n++] = '/';
	memcpy(path + scope.n, name, n);
	return (struct slice){ path, scope.n + n };
}

/* One slot for each trouble that a session can have; the last one is shared if they should not suffice. */
static struct said *said_of(struct session *n, enum trouble trouble)
{
	size_t i = 0;
	while (i + 1 < SAID_MAX && n->said[i].times != 0 && n->said[i].trouble != trouble)
		i++;
	n->said[i].trouble = trouble;
	return &n->said[i];
}

/* Of a later state the first packet stays what it was. */
static void evidence_follow(struct evidence *e, struct said *said)
{
	size_t early = 0;
	if (said->times == 0) {
		if (e->n != 0)
			said->first = point_of(e->at[0]);
		return;
	}
	while (early < e->n && e->at[early].order < said->first.order)
		early++;
	e->n -= early;
	memmove(&e->at[0], &e->at[early], e->n * sizeof(e->at[0]));
	evidence_add(e, stamp_of(said->first));
}

void session_tell(struct sessions *s, struct session *n, const struct op *op, struct matter draft,
    struct evidence *e)
{
	struct said *said = said_of(n, draft.trouble);
	evidence_follow(e, said);
	draft.number = n->number;
	draft.update = said->times++;
	draft.op = op;
	draft.scope = op != NULL ? scope_text(op) : text_of(n->scope_text, n->n_scope);
	draft.peer = op != NULL ? op->peer_name : text_of(n->name, n->n_name);
	draft.device = op != NULL ? op->device : text_of(n->device, n->n_device);
	draft.mailbox = op != NULL ? op->mailbox : text_of(n->mailbox, n->n_mailbox);
	draft.packets = e->at;
	draft.n_packets = e->n;
	s->teller.matter(s->teller.ctx, &draft);
}

/* An item is known by the number of the operation that it began with. */
void item_tell(struct sessions *s, const struct op *op, struct matter draft,
    const struct note *note, const struct evidence *e)
{
	draft.number = note->number;
	draft.op = op;
	draft.scope = scope_text(op);
	draft.href = op->at.path;
	draft.peer = op->peer_name;
	draft.device = op->device;
	draft.mailbox = op->mailbox;
	if (op->object != NULL) {
		draft.uid = op->object->uid;
		draft.summary = op->object->summary;
	}
	draft.packets = e->at;
	draft.n_packets = e->n;
	s->teller.matter(s->teller.ctx, &draft);
}
