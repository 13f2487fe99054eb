/*
 * orphans.c - creates that may have been stored under an id nobody told the client: an ActiveSync Add
 * or a POST without an answer. What turns up later with the same content, and was not seen before, is
 * taken to be theirs.
 */
#include "analysis/store.h"

static bool is_like(const struct orphan *orphan, const struct item *item)
{
	if (orphan->uid != 0 && item->uid != 0)
		return orphan->uid == item->uid;
	return orphan->print != 0 && orphan->print == item->print;
}

static void adopt(struct store *s, struct orphan *orphan, struct item *item)
{
	mark_set(&s->orphan_marks, (size_t)(orphan - s->orphans));
	item_mark(s, item);
	orphan->open = false;
	item_date(s, item, &orphan->created, item->written_order);
	item->creator = orphan->creator;
	item->lineage = orphan->number;
	item->idem = orphan->idem;
	item->lost = orphan->lost;
	item->failed = !orphan->lost;
	item->adopted = true;
}

/* The outcome was known late, and it turned up in between. */
static struct item *turned_up(const struct store *s, const struct orphan *orphan)
{
	struct item *item = orphan->uid != 0 ? item_by_uid(s, orphan->uid) :
					       item_by_print(s, orphan->print);
	while (item != NULL &&
	    (item->scope != orphan->scope || item->created.frame != 0 || item->state != LIFE_LIVE ||
		item->written_order < orphan->created.order || !is_like(orphan, item)))
		item = item_at(s, orphan->uid != 0 ? item->next_uid : item->next_print);
	return item;
}

static uint64_t client_id_number(const struct op *op)
{
	if (op->item == NULL || op->item->client_id.n == 0)
		return 0;
	return mix_slice(71, op->item->client_id);
}

/* What is known of an Add, worked out once: it is held against all orphans, and its texts may be long. */
static struct orphan orphan_of(const struct op *op)
{
	const struct object *o = op->object;
	return (struct orphan){ .scope = op->at.scope,
		.uid = o != NULL ? uid_number(o->uid) : 0,
		.print = object_print(o),
		.client_id = client_id_number(op),
		.creator = op->peer };
}

/* The same appointment, and nothing by which the server could know that. */
static bool is_renamed(const struct orphan *orphan, const struct orphan *again)
{
	bool another = orphan->client_id != 0 && again->client_id != 0 &&
	    orphan->client_id != again->client_id;
	bool same_uid = orphan->uid != 0 && orphan->uid == again->uid;
	return orphan->scope == again->scope && orphan->creator == again->creator &&
	    orphan->print != 0 && orphan->print == again->print && another && !same_uid;
}

static void tell_again(struct store *s, struct orphan *orphan, const struct op *op)
{
	struct stamp packets[OP_PACKETS];
	const struct trace both[2] = { orphan->created, trace_of(op) };
	struct matter m = matter_of(s, TROUBLE_ADD_UNANSWERED, NULL, op);
	orphan->told = true;
	mark_set(&s->orphan_marks, (size_t)(orphan - s->orphans));
	m.number = orphan->number;
	m.certainty = orphan->open ? PROBABLE : CONFIRMED;
	m.summary = op->object->summary;
	m.packets = packets;
	m.n_packets = traces_packets(both, 2, packets);
	matter_tell(s, &m);
}

void orphan_again(struct store *s, const struct op *op)
{
	size_t n = s->n_orphans < ORPHANS ? s->n_orphans : ORPHANS;
	if (n == 0 || op->item == NULL || op->kind != OP_CREATE || op->commit == COMMIT_NO)
		return;
	const struct orphan again = orphan_of(op);
	for (size_t i = 0; i < n; i++)
		if (!s->orphans[i].told && is_renamed(&s->orphans[i], &again))
			tell_again(s, &s->orphans[i], op);
}

static uint64_t server_number(const struct endpoint *server)
{
	return mix(mix_slice(73, (struct slice){ server->address, sizeof(server->address) }),
	    server->port);
}

/* Who asks again waits for the end of the first try: what begins before it, at another server, is a leg of that try. */
static bool is_leg(const struct store *s, const struct orphan *made, uint64_t begun)
{
	size_t n = s->n_orphans < ORPHANS ? s->n_orphans : ORPHANS;
	for (size_t i = 0; made->idem != 0 && i < n; i++) {
		const struct orphan *o = &s->orphans[i];
		if (o->idem == made->idem && o->server != made->server && begun < o->over)
			return true;
	}
	return false;
}

static void orphan_keep(struct store *s, const struct orphan *made)
{
	mark_set(&s->orphan_marks, s->n_orphans % ORPHANS);
	struct orphan *orphan = &s->orphans[s->n_orphans++ % ORPHANS];
	*orphan = *made;
	struct item *item = turned_up(s, orphan);
	if (item != NULL) {
		adopt(s, orphan, item);
		gate_item(s, item, NULL);
	}
}

void orphan_add(struct store *s, const struct op *op)
{
	struct orphan made = orphan_of(op);
	made.idem = idem_number(op);
	made.number = op->number;
	made.server = server_number(&op->txn->server);
	made.over = op->txn->done.order;
	made.created = trace_of(op);
	made.lost = op->outcome == OUT_LOST;
	made.open = true;
	if (!is_leg(s, &made, op->txn->req.first.order))
		orphan_keep(s, &made);
	if (answer_was_lost(op)) {
		struct matter m = matter_of(s, TROUBLE_UNKNOWN_OUTCOME, NULL, op);
		matter_tell(s, &m);
	}
}

bool orphan_adopt(struct store *s, struct item *item)
{
	size_t n = s->n_orphans < ORPHANS ? s->n_orphans : ORPHANS;
	for (size_t i = 0; i < n; i++) {
		struct orphan *orphan = &s->orphans[i];
		if (!orphan->open || orphan->scope != item->scope || !is_like(orphan, item))
			continue;
		adopt(s, orphan, item);
		return true;
	}
	return false;
}
