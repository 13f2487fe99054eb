/*
 * store_order.c - what is, or may be, in a collection, in the order in which it was known or changed last: a
 * listing leaves out no more than what stands before the moment it was asked for.
 *
 * A treap: a search tree by that order that is a heap by numbers nobody outside can know, so that it is never deep.
 */
#include "analysis/store.h"

#define MAX2(a, b) ((a) > (b) ? (a) : (b))

static uint64_t order_of(const struct trace *created, uint64_t written)
{
	uint64_t made = MAX2(created->order, created->answer_order);
	return MAX2(made, written);
}

static uint64_t item_order(const struct item *item)
{
	return order_of(&item->created, item->written_order);
}

static uint64_t rank(const struct store *s, const struct item *item)
{
	return mix(s->seed, item->number);
}

/* Those of one moment, mostly rows of one listing, stand as they came. */
static bool is_before(const struct item *item, uint64_t order, uint32_t number)
{
	uint64_t own = item_order(item);
	return own != order ? own < order : item->number < number;
}

/* Takes its place above those of lower rank, which are parted at its order. */
void order_put(const struct store *s, uint32_t *at, struct item *item)
{
	uint64_t order = item_order(item), own = rank(s, item);
	struct item *i;
	for (; (i = item_at(s, *at)) != NULL && rank(s, i) >= own;)
		at = is_before(i, order, item->number) ? &i->later : &i->earlier;
	uint32_t *earlier = &item->earlier, *later = &item->later;
	*at = item->number;
	while (i != NULL) {
		bool before = is_before(i, order, item->number);
		uint32_t **side = before ? &earlier : &later;
		**side = i->number;
		*side = before ? &i->later : &i->earlier;
		i = item_at(s, **side);
	}
	*earlier = *later = 0;
}

/* Those below it become one tree in its place. */
void order_take(const struct store *s, uint32_t *at, struct item *item)
{
	uint64_t order = item_order(item);
	while (*at != item->number) {
		struct item *i = item_at(s, *at);
		ensure(i != NULL, NULL);
		at = is_before(i, order, item->number) ? &i->later : &i->earlier;
	}
	struct item *a = item_at(s, item->earlier), *b = item_at(s, item->later);
	while (a != NULL && b != NULL) {
		bool first = rank(s, a) >= rank(s, b);
		*at = first ? a->number : b->number;
		at = first ? &a->later : &b->earlier;
		*(first ? &a : &b) = item_at(s, *at);
	}
	*at = a != NULL ? a->number : b != NULL ? b->number : 0;
	item->earlier = item->later = 0;
}

void item_date(struct store *s, struct item *item, const struct trace *created, uint64_t written)
{
	bool moves = (item->state == LIFE_MAYBE || item->state == LIFE_LIVE) &&
	    order_of(created, written) != item_order(item);
	struct scope_state *scope = moves ? scope_find(s, item->scope) : NULL;
	if (scope != NULL)
		order_take(s, &scope->items, item);
	item->created = *created;
	item->written_order = written & UINT64_C(0xffffffffffff);
	if (scope != NULL)
		order_put(s, &scope->items, item);
}

/* ---- the way back in time ---- */

/* Of a way that is longer than the room the upper end is forgotten, and looked for again. */
static void walk_push(struct order_walk *w, uint32_t number)
{
	w->stack[w->n++ % ORDER_DEPTH] = number;
	w->forgotten += w->n - w->forgotten > ORDER_DEPTH;
}

/* To what stands last before that place. */
static void walk_seek(const struct store *s, struct order_walk *w, uint64_t order, uint32_t number)
{
	w->n = w->forgotten = 0;
	for (struct item *i = item_at(s, *w->root); i != NULL;) {
		bool before = is_before(i, order, number);
		if (before)
			walk_push(w, i->number);
		i = item_at(s, before ? i->later : i->earlier);
	}
}

struct order_walk order_walk(const struct store *s, const uint32_t *root, uint64_t order)
{
	struct order_walk w = { .root = root, .order = order };
	walk_seek(s, &w, order, 0);
	return w;
}

struct item *order_walk_next(const struct store *s, struct order_walk *w)
{
	if (w->n == w->forgotten && w->n != 0)
		walk_seek(s, w, w->order, w->number);
	if (w->n == 0)
		return NULL;
	struct item *item = item_at(s, w->stack[--w->n % ORDER_DEPTH]);
	w->order = item_order(item);
	w->number = item->number;
	for (struct item *i = item_at(s, item->earlier); i != NULL; i = item_at(s, i->later))
		walk_push(w, i->number);
	return item;
}

void order_walk_again(const struct store *s, struct order_walk *w)
{
	walk_seek(s, w, w->order, w->number);
}
