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

static void adopt(struct orphan *orphan, struct item *item)
{
	orphan->open = false;
	item->created = orphan->created;
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
		item = orphan->uid != 0 ? item->next_uid : item->next_print;
	return item;
}

void orphan_add(struct store *s, const struct op *op)
{
	const struct object *o = op->object;
	struct orphan *orphan = &s->orphans[s->n_orphans++ % ORPHANS];
	*orphan = (struct orphan){ .scope = op->at.scope,
		.uid = o != NULL ? uid_number(o->uid) : 0,
		.print = object_print(o),
		.idem = idem_number(op),
		.creator = op->peer,
		.number = op->number,
		.created = trace_of(op),
		.lost = op->outcome == OUT_LOST,
		.open = true };
	struct item *item = turned_up(s, orphan);
	if (item != NULL) {
		adopt(orphan, item);
		gate_item(s, item, NULL);
	}
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
		adopt(orphan, item);
		return true;
	}
	return false;
}
