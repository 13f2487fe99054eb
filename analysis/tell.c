/*
 * tell.c - what the store has found becomes a matter: who, what, where, how many copies, which packets,
 * and the life of the item so far.
 */
#include "analysis/servers.h"
#include "analysis/store.h"

#include <stdio.h>
#include <string.h>

enum { PATH_ROOM = 512, LINEAGE_MAX = 64 };

static const char *const methods[] = { "", "PUT", "POST", "PROPPATCH", "MOVE", "COPY", "Add",
	NULL };

/* ---- the texts of an item ---- */

static size_t bytes_put(char *room, size_t n, size_t at, struct slice s)
{
	size_t more = s.n < n - at ? s.n : n - at;
	if (more != 0)
		memcpy(room + at, s.p, more);
	return at + more;
}

/* Collection and last segment; of ActiveSync the ServerId. */
struct slice item_full_path(const struct store *s, const struct item *item, char *room, size_t n)
{
	const struct scope_state *scope = scope_find(s, item->scope);
	struct slice last = item_path(item);
	if (item->activesync || scope == NULL)
		return last;
	size_t used = bytes_put(room, n, 0,
	    (struct slice){ (const uint8_t *)scope->name, scope->n_name });
	if (used == 0 || room[used - 1] != '/')
		used = bytes_put(room, n, used, SLICE("/"));
	used = bytes_put(room, n, used, last);
	return (struct slice){ (const uint8_t *)room, used };
}

static struct slice scope_text(const struct store *s, uint64_t number)
{
	const struct scope_state *scope = scope_find(s, number);
	struct slice text = { 0 };
	if (scope != NULL)
		text = (struct slice){ (const uint8_t *)scope->name, scope->n_name };
	return text;
}

static void builds_fill(const struct store *s, const struct item *item, struct matter *m)
{
	const struct scope_state *scope = scope_find(s, item->scope);
	if (scope == NULL)
		return;
	m->front_build = slice_from(scope->front_build);
	m->back_build = slice_from(scope->back_build);
}

struct matter matter_of(const struct store *s, enum trouble trouble, const struct item *item,
    const struct op *op)
{
	struct matter m = { .trouble = trouble, .certainty = CONFIRMED, .op = op, .count = 1 };
	if (item != NULL) {
		m.number = item->lineage;
		m.scope = scope_text(s, item->scope);
		m.uid = item_uid(item);
		m.summary = item_summary(item);
		m.peer = peer_text(s, item->creator);
		m.mailbox = path_mailbox(m.scope);
		builds_fill(s, item, &m);
	}
	if (op == NULL)
		return m;
	if (m.number == 0)
		m.number = op->number;
	m.mailbox = op->mailbox.n != 0 ? op->mailbox : m.mailbox;
	m.href = op->at.path;
	m.peer = op->peer_name;
	m.device = op->device;
	m.packets = op->packets;
	m.n_packets = op->n_packets;
	if (op->object != NULL && op->object->uid.n != 0)
		m.uid = op->object->uid;
	return m;
}

/* ---- packets and life ---- */

struct account {
	const struct store *s;
	struct stamp packets[OP_PACKETS];
	struct life history[HISTORY_MAX];
	size_t n_packets, n_history;
	uint64_t dropped;
};

static void account_packet(struct account *a, uint64_t order, uint64_t frame, uint16_t input,
    int64_t ns)
{
	size_t i = a->n_packets;
	if (frame == 0 || a->n_packets == OP_PACKETS)
		return;
	while (i != 0 && a->packets[i - 1].order > order)
		i--;
	if (i != 0 && a->packets[i - 1].order == order)
		return;
	memmove(&a->packets[i + 1], &a->packets[i], (a->n_packets - i) * sizeof(a->packets[0]));
	a->packets[i] = (struct stamp){ order, frame, ns, input };
	a->n_packets++;
}

static void account_trace(struct account *a, const struct trace *m)
{
	account_packet(a, m->order, m->frame, m->input, m->ns);
	account_packet(a, m->answer_order, m->answer_frame, m->input, m->ns);
}

size_t traces_packets(const struct trace *traces, size_t n, struct stamp out[OP_PACKETS])
{
	struct account a = { .n_packets = 0 };
	for (size_t i = 0; i < n; i++)
		account_trace(&a, &traces[i]);
	memcpy(out, a.packets, a.n_packets * sizeof(*out));
	return a.n_packets;
}

/* The last write of an item, and the operation that shows what came of it. */
size_t written_packets(const struct item *item, const struct op *op, struct stamp out[OP_PACKETS])
{
	struct account a = { .n_packets = 0 };
	account_packet(&a, item->written_order, item->written_frame, item->written_input, 0);
	account_packet(&a, item->written_answer_order, item->written_answer_frame,
	    item->written_input, 0);
	for (size_t i = 0; i < op->n_packets; i++)
		account_packet(&a, op->packets[i].order, op->packets[i].frame, op->packets[i].input,
		    op->packets[i].ns);
	memcpy(out, a.packets, a.n_packets * sizeof(*out));
	return a.n_packets;
}

static void text_put(char *out, size_t room, struct slice s)
{
	size_t n = s.n < room - 1 ? s.n : room - 1;
	if (n != 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

/* In the order of the packets; when there is no room the second half of what is there gives way. */
static struct life *account_life(struct account *a, uint64_t order)
{
	size_t i = a->n_history;
	if (i == HISTORY_MAX) {
		memmove(&a->history[HISTORY_MAX / 2], &a->history[HISTORY_MAX / 2 + 1],
		    (HISTORY_MAX / 2 - 1) * sizeof(a->history[0]));
		a->dropped++;
		i = --a->n_history;
	}
	while (i != 0 && a->history[i - 1].at.order > order)
		i--;
	memmove(&a->history[i + 1], &a->history[i], (a->n_history - i) * sizeof(a->history[0]));
	a->n_history++;
	a->history[i] = (struct life){ .at = { .order = order } };
	return &a->history[i];
}

static void account_item(struct account *a, const struct item *item, bool copy)
{
	const struct trace *m = &item->created;
	char room[PATH_ROOM];
	if (m->frame == 0)
		return;
	struct life *l = account_life(a, m->order);
	l->at = (struct stamp){ m->order, m->frame, m->ns, m->input };
	l->kind = (enum op_kind)m->kind;
	l->commit = item->state == LIFE_LIVE ? COMMIT_YES : (enum commit)m->commit;
	l->tag_seen = (enum seen)m->tag_seen;
	l->front = item->activesync;
	l->copies = copy;
	l->lost = item->lost;
	l->status = m->status;
	text_put(l->method, sizeof(l->method), slice_from(methods[m->method]));
	text_put(l->path, sizeof(l->path), item_full_path(a->s, item, room, sizeof(room)));
	account_trace(a, m);
}

static void account_front(struct account *a, const struct front *f)
{
	struct life *l = account_life(a, f->trace.order);
	l->at = (struct stamp){ f->trace.order, f->trace.frame, f->trace.ns, f->trace.input };
	l->kind = OP_CREATE;
	l->commit = f->commit;
	l->front = true;
	l->status = f->status > 0 ? (uint16_t)f->status : 0;
	text_put(l->method, sizeof(l->method), SLICE("Sync Add"));
	text_put(l->note, sizeof(l->note), slice_from(f->note));
	account_trace(a, &f->trace);
}

/* ---- a lineage ---- */

struct lineage {
	struct item *members[LINEAGE_MAX];
	size_t n;
	uint64_t live;
	struct item *head; /* the first that was made */
};

static void lineage_add(struct lineage *l, struct item *item)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->members[i] == item)
			return;
	l->live += item->state == LIFE_LIVE;
	if (l->head == NULL || item->created.order < l->head->created.order)
		l->head = item;
	if (l->n < LINEAGE_MAX)
		l->members[l->n++] = item;
}

static bool lineage_has(const struct item *item, const struct item *of)
{
	return item->lineage == of->lineage && item->scope == of->scope && of->lineage != 0;
}

static struct lineage lineage_of(const struct store *s, struct item *of)
{
	struct lineage l = { .n = 0 };
	for (struct item *i = item_by_uid(s, of->uid); i != NULL; i = item_at(s, i->next_uid))
		if (lineage_has(i, of))
			lineage_add(&l, i);
	for (struct item *i = item_by_print(s, of->print); i != NULL; i = item_at(s, i->next_print))
		if (lineage_has(i, of))
			lineage_add(&l, i);
	lineage_add(&l, of);
	return l;
}

static int by_creation(const struct item *a, const struct item *b)
{
	return (a->created.order > b->created.order) - (a->created.order < b->created.order);
}

/* Two become the one that is older. What was there before the capture had no number so far. */
static struct lineage lineage_join(struct store *s, struct item *first, struct item *second)
{
	if (first->lineage == 0)
		first->lineage = second->lineage;
	item_mark(s, first);
	struct lineage l = lineage_of(s, first), late = lineage_of(s, second);
	if (by_creation(l.head, late.head) > 0) {
		struct lineage older = late;
		late = l;
		l = older;
	}
	for (size_t i = 0; i < late.n; i++) {
		late.members[i]->lineage = l.head->lineage;
		item_mark(s, late.members[i]);
		lineage_add(&l, late.members[i]);
	}
	return l;
}

void matter_tell(struct store *s, struct matter *m)
{
	s->teller.matter(s->teller.ctx, m);
}

static void account_lineage(struct account *a, const struct lineage *l)
{
	for (size_t i = 0; i < l->n; i++)
		account_item(a, l->members[i], by_creation(l->members[i], l->head) > 0);
}

static void account_fronts(struct account *a, const struct matter *m, const struct item *item)
{
	size_t from = 0;
	const struct front *f;
	while ((f = legs_front_of(a->s, m->mailbox, item->print, &from)) != NULL)
		account_front(a, f);
}

/* What was confirmed once stays so: a later pair that only may be copies takes nothing away. */
static void certainty_of(const struct lineage *l, struct matter *m)
{
	bool all = true;
	for (size_t i = 0; i < l->n; i++) {
		if (l->members[i]->twin)
			m->certainty = CONFIRMED;
		else if (l->members[i]->state == LIFE_LIVE)
			all = false;
	}
	m->in_part = m->certainty == CONFIRMED && !all;
}

void tell_duplicate(struct store *s, struct item *first, struct item *second, enum cause cause,
    enum certainty certainty)
{
	struct account a = { .s = s };
	char href[PATH_ROOM], other[PATH_ROOM];
	if (by_creation(first, second) > 0 && second->created.frame != 0) {
		struct item *swap = first;
		first = second;
		second = swap;
	}
	struct lineage l = lineage_join(s, first, second);
	struct matter m = matter_of(s, TROUBLE_DUPLICATE, second, NULL);
	first->twin |= certainty == CONFIRMED;
	second->twin |= certainty == CONFIRMED;
	m.certainty = certainty;
	certainty_of(&l, &m);
	m.cause = cause;
	m.href = item_full_path(s, second, href, sizeof(href));
	m.other_href = item_full_path(s, first, other, sizeof(other));
	m.copies = m.count = l.live;
	m.update = l.head->told++;
	item_mark(s, l.head);
	account_lineage(&a, &l);
	account_fronts(&a, &m, second);
	m.history = a.history;
	m.n_history = a.n_history;
	m.history_dropped = a.dropped;
	m.packets = a.packets;
	m.n_packets = a.n_packets;
	matter_tell(s, &m);
	struct twins twins = { second->scope, first->uid != 0 && first->uid == second->uid, cause,
		certainty, m.n_packets != 0 ? m.packets[m.n_packets - 1] : s->now };
	servers_twins(s->servers, &twins);
}

void tell_cleared(struct store *s, const struct item *a, const struct item *b, const struct op *op,
    enum gate gate)
{
	char href[PATH_ROOM], other[PATH_ROOM];
	struct account account = { .s = s };
	struct matter m = matter_of(s, TROUBLE_SUSPICION_CLEARED, b != NULL ? b : a, op);
	m.cleared = gate;
	if (b != NULL)
		m.href = item_full_path(s, b, href, sizeof(href));
	m.other_href = item_full_path(s, a, other, sizeof(other));
	if (op == NULL) {
		account_trace(&account, &a->created);
		if (b != NULL)
			account_trace(&account, &b->created);
		m.packets = account.packets;
		m.n_packets = account.n_packets;
	}
	matter_tell(s, &m);
}
