/*
 * session_save.c - sessions, shelves, rows and notes as records, and back. One function a struct says for
 * both ways which fields it has, in which order.
 */
#include "analysis/session.h"

#include <string.h>

/* ---- parts ---- */

static void point_form(struct pack *k, struct point *p)
{
	PACK(k, p->order);
	PACK(k, p->input);
	PACK(k, p->frame);
	pack_i64(k, &p->ns);
}

static void span_form(struct pack *k, struct span *s)
{
	pack_u64(k, &s->begun);
	pack_u64(k, &s->done);
	point_form(k, &s->request);
	point_form(k, &s->answer);
}

static void spans_form(struct pack *k, struct span *spans, size_t n)
{
	for (size_t i = 0; i < n; i++)
		span_form(k, &spans[i]);
}

static void flow_form(struct pack *k, struct flow_id *f)
{
	pack_u64(k, &f->frame);
	PACK(k, f->input);
}

static void token_form(struct pack *k, struct token *t)
{
	pack_u64(k, &t->hash);
	pack_u64(k, &t->server);
	span_form(k, &t->span);
	PACK(k, t->part);
	pack_text(k, t->text, sizeof(t->text), &t->n);
}

static void storm_form(struct pack *k, struct storm *s)
{
	pack_u64(k, &s->pending);
	span_form(k, &s->refused);
	PACK(k, s->certain);
	PACK(k, s->issued);
	PACK(k, s->repeats);
	PACK(k, s->all_issued);
	PACK(k, s->n_hits);
	spans_form(k, s->hits, STORM_HITS);
	pack_u64(k, &s->count);
	pack_u64(k, &s->offers);
	pack_u64(k, &s->accepts);
	if (s->n_hits > STORM_HITS)
		k->bad = true;
}

static void rollback_form(struct pack *k, struct rollback *r)
{
	pack_u64(k, &r->token);
	PACK(k, r->count);
	PACK(k, r->one_flow);
	flow_form(k, &r->flow);
	span_form(k, &r->first);
}

static void counting_form(struct pack *k, struct counting *c)
{
	pack_u64(k, &c->prefix);
	pack_u64(k, &c->last);
	pack_u64(k, &c->done);
	PACK(k, c->rises);
	PACK(k, c->begun);
	PACK(k, c->broken);
}

static void first_form(struct pack *k, struct first_sync *f)
{
	PACK(k, f->state);
	PACK(k, f->paged);
	pack_u64(k, &f->rows);
	pack_u64(k, &f->begun);
	pack_u64(k, &f->limit);
	span_form(k, &f->span);
	pack_u64(k, &f->estimate);
	span_form(k, &f->estimated);
	if (f->state > FIRST_DONE)
		k->bad = true;
}

static void suspect_form(struct pack *k, struct suspect *s)
{
	pack_u64(k, &s->member);
	span_form(k, &s->write);
	span_form(k, &s->first);
	pack_text(k, s->name, sizeof(s->name), &s->n_name);
}

static void dav_form(struct pack *k, struct session *n)
{
	pack_u64(k, &n->listing.members);
	span_form(k, &n->listing.span);
	pack_u64(k, &n->ctag.hash);
	span_form(k, &n->ctag.span);
	pack_text(k, n->ctag.text, sizeof(n->ctag.text), &n->ctag.n);
	PACK(k, n->cycle.number);
	PACK(k, n->cycle.begun_empty);
	PACK(k, n->cycle.after_refusal);
	pack_u64(k, &n->cycle.bodies);
	pack_u64(k, &n->cycle.again);
	pack_u64(k, &n->cycle.again_bytes);
	span_form(k, &n->cycle.first);
	span_form(k, &n->cycle.last);
}

static void airsync_form(struct pack *k, struct session *n)
{
	pack_u64(k, &n->stuck.key);
	PACK(k, n->stuck.count);
	PACK(k, n->stuck.lost);
	pack_i64(k, &n->stuck.last_ns);
	spans_form(k, n->stuck.spans, sizeof(n->stuck.spans) / sizeof(n->stuck.spans[0]));
	for (size_t i = 0; i < 2; i++) {
		pack_u64(k, &n->clash.agents[i]);
		PACK(k, n->clash.refused[i]);
	}
	PACK(k, n->clash.last);
	PACK(k, n->clash.swaps);
	spans_form(k, n->clash.spans, sizeof(n->clash.spans) / sizeof(n->clash.spans[0]));
	pack_i64(k, &n->clash.since);
	if (n->clash.last > 1)
		k->bad = true;
}

static void said_form(struct pack *k, struct said *s)
{
	PACK(k, s->trouble);
	PACK(k, s->times);
	point_form(k, &s->first);
	if (s->trouble >= TROUBLES)
		k->bad = true;
}

/* ---- records ---- */

static void session_texts(struct pack *k, struct session *n)
{
	pack_text(k, n->scope_text, sizeof(n->scope_text), &n->n_scope);
	pack_text(k, n->name, sizeof(n->name), &n->n_name);
	pack_text(k, n->device, sizeof(n->device), &n->n_device);
	pack_text(k, n->mailbox, sizeof(n->mailbox), &n->n_mailbox);
}

static void session_form(struct pack *k, void *thing)
{
	struct session *n = thing;
	session_texts(k, n);
	uint64_t *const numbers[] = { &n->number, &n->scope, &n->peer, &n->user, &n->server,
		&n->n_tokens, &n->offered };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		pack_u64(k, numbers[i]);
	for (size_t i = 0; i < TOKENS_KEPT; i++)
		token_form(k, &n->tokens[i]);
	PACK(k, n->known);
	PACK(k, n->from_start);
	PACK(k, n->filtered);
	pack_i64(k, &n->refused_ns);
	storm_form(k, &n->storm);
	rollback_form(k, &n->rollback);
	counting_form(k, &n->counting);
	first_form(k, &n->first);
	for (size_t i = 0; i < SUSPECTS; i++)
		suspect_form(k, &n->suspects[i]);
	for (size_t i = 0; i < SAID_MAX; i++)
		said_form(k, &n->said[i]);
	PACK(k, n->airsync);
	if (n->airsync)
		airsync_form(k, n);
	else
		dav_form(k, n);
}

static void shelf_form(struct pack *k, void *thing)
{
	struct shelf *s = thing;
	pack_text(k, s->path, sizeof(s->path), &s->n_path);
	pack_u64(k, &s->lost);
	pack_u64(k, &s->touched);
	pack_u64(k, &s->n);
	for (size_t i = 0; i < SHELF_WRITES; i++) {
		struct write *w = &s->writes[i];
		pack_u64(k, &w->member);
		pack_u64(k, &w->peer);
		pack_u64(k, &w->user);
		pack_u64(k, &w->tag);
		span_form(k, &w->span);
		PACK(k, w->kind);
		pack_text(k, w->name, sizeof(w->name), &w->n_name);
		if (w->kind > WRITE_REMOVED)
			k->bad = true;
	}
}

static void row_form(struct pack *k, void *thing)
{
	struct row_note *r = thing;
	PACK(k, r->cycle);
}

static void note_form(struct pack *k, void *thing)
{
	struct note *n = thing;
	pack_u64(k, &n->number);
	pack_u64(k, &n->a);
	pack_u64(k, &n->b);
	pack_u64(k, &n->c);
	PACK(k, n->count);
	PACK(k, n->state);
	span_form(k, &n->first);
	span_form(k, &n->last);
}

static void counters_form(struct pack *k, void *thing)
{
	struct sessions *s = thing;
	pack_u64(k, &s->numbered);
	PACK(k, s->cycles);
	pack_u64(k, &s->sessions.evicted);
	pack_u64(k, &s->shelves.evicted);
}

/* ---- saving ---- */

static void session_label(struct saving *v, const struct lru_node *node)
{
	const struct session *n = (const struct session *)node;
	label_vis(v, (struct slice){ (const uint8_t *)n->name, n->n_name });
	label_text(v, " in ");
	label_vis(v, (struct slice){ (const uint8_t *)n->scope_text, n->n_scope });
}

static void shelf_label(struct saving *v, const struct lru_node *node)
{
	const struct shelf *s = (const struct shelf *)node;
	label_text(v, "writes to ");
	label_vis(v, (struct slice){ (const uint8_t *)s->path, s->n_path });
}

static void row_label(struct saving *v, const struct lru_node *node)
{
	(void)node;
	label_text(v, "row that a client was given");
}

static void note_label(struct saving *v, const struct lru_node *node)
{
	(void)node;
	label_text(v, "note of a token, command or mail");
}

struct shape {
	struct lru *lru;
	void (*form)(struct pack *, void *);
	void (*label)(struct saving *, const struct lru_node *);
};
enum { SHAPES = 4 };

static void shapes_of(struct sessions *s, struct shape out[SHAPES])
{
	const struct shape all[SHAPES] = {
		{ &s->sessions, session_form, session_label },
		{ &s->shelves, shelf_form, shelf_label },
		{ &s->rows, row_form, row_label },
		{ &s->notes, note_form, note_label },
	};
	memcpy(out, all, sizeof(all));
}

static bool shape_save(struct saving *v, const struct shape *shape)
{
	struct lru *l = shape->lru;
	for (; l->unsaved != NULL; lru_saved(l)) {
		shape->label(v, l->unsaved);
		if (!save_record(v, STATE_SESSION, l->kind, l->unsaved->key, shape->form,
			l->unsaved))
			return false;
	}
	return true;
}

static void shape_remember(const struct shape *shape)
{
	shape->lru->remembers = true;
	for (struct lru_node *n = shape->lru->oldest; n != NULL; n = n->newer)
		lru_mark(shape->lru, n);
}

bool sessions_save(struct sessions *s, struct saving *v)
{
	struct shape shapes[SHAPES];
	shapes_of(s, shapes);
	for (size_t i = 0; i < SHAPES; i++)
		if (!shapes[i].lru->remembers)
			shape_remember(&shapes[i]);
	label_text(v, "counters of sessions");
	if (!save_changed(v, STATE_META, OF_SESSIONS, counters_form, s, &s->saved) ||
	    !forgotten_save(v, &s->forgotten))
		return false;
	for (size_t i = 0; i < SHAPES; i++)
		if (!shape_save(v, &shapes[i]))
			return false;
	return true;
}

/* ---- loading ---- */

static bool counters_load(struct sessions *s, const struct state_record *r)
{
	struct sessions read = { .numbered = 0 };
	if (!record_form(r, counters_form, &read))
		return false;
	s->numbered = read.numbered;
	s->cycles = read.cycles;
	s->sessions.evicted = read.sessions.evicted;
	s->shelves.evicted = read.shelves.evicted;
	return true;
}

/* There may be others behind those that are loaded last: what had to leave for them is counted. */
static bool shape_load(const struct shape *shape, const struct state_record *r)
{
	union {
		struct session session;
		struct shelf shelf;
		struct row_note row;
		struct note note;
	} read;
	bool made;
	memset(&read, 0, sizeof(read));
	if (!record_form(r, shape->form, &read))
		return false;
	shape->lru->remembers = true;
	struct lru_node *n = lru_take(shape->lru, r->key[1], &made);
	if (n == NULL || !made)
		return false;
	memcpy((uint8_t *)n + sizeof(*n), (uint8_t *)&read + sizeof(*n),
	    shape->lru->size - sizeof(*n));
	while (shape->lru->unsaved != NULL)
		lru_saved(shape->lru);
	return true;
}

bool sessions_load(struct sessions *s, const struct state_record *r)
{
	struct shape shapes[SHAPES];
	shapes_of(s, shapes);
	if (record_is(r, STATE_META, OF_SESSIONS))
		return counters_load(s, r);
	for (size_t i = 0; i < SHAPES; i++)
		if (shapes[i].lru->kind == r->key[0])
			return shape_load(&shapes[i], r);
	return false;
}

/* Which token a client has now, what it was told of and what was written is not known. */
void sessions_missed(struct sessions *s, uint64_t order, uint64_t numbers)
{
	s->numbered += numbers;
	s->shelves.evicted++;
	for (struct lru_node *i = s->sessions.oldest; i != NULL; i = i->newer) {
		token_forget((struct session *)i);
		suspect_clear((struct session *)i, 0);
		lru_mark(&s->sessions, i);
	}
	for (struct lru_node *i = s->shelves.oldest; i != NULL; i = i->newer) {
		struct shelf *shelf = (struct shelf *)i;
		shelf->lost = shelf->touched = order;
		lru_mark(&s->shelves, i);
	}
}

void sessions_anew(struct sessions *s)
{
	struct shape shapes[SHAPES];
	shapes_of(s, shapes);
	s->saved = 0;
	for (size_t i = 0; i < SHAPES; i++)
		shape_remember(&shapes[i]);
}
