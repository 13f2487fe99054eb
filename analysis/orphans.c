/*
 * orphans.c - creates that may have been stored under an id nobody told the client: an ActiveSync Add
 * or a POST without an answer. What turns up later with the same content, and was not seen before, is
 * taken to be theirs.
 */
#include "analysis/store.h"

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
	struct matter m = matter_of(s, TROUBLE_UNKNOWN_OUTCOME, NULL, op);
	matter_tell(s, &m);
}

static bool is_like(const struct orphan *orphan, const struct object *o)
{
	uint64_t uid = uid_number(o->uid), print = object_print(o);
	if (orphan->uid != 0 && uid != 0)
		return orphan->uid == uid;
	return orphan->print != 0 && orphan->print == print;
}

bool orphan_adopt(struct store *s, struct item *item, const struct object *o)
{
	size_t n = s->n_orphans < ORPHANS ? s->n_orphans : ORPHANS;
	for (size_t i = 0; o != NULL && i < n; i++) {
		struct orphan *orphan = &s->orphans[i];
		if (!orphan->open || orphan->scope != item->scope || !is_like(orphan, o))
			continue;
		orphan->open = false;
		item->created = orphan->created;
		item->creator = orphan->creator;
		item->lineage = orphan->number;
		item->idem = orphan->idem;
		item->lost = orphan->lost;
		item->failed = !orphan->lost;
		item->adopted = true;
		return true;
	}
	return false;
}
