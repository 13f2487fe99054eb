/*
 * pending.c - likely copies that wait for what may explain them, in the order they are due, and found by the copy.
 */
#include "analysis/store.h"

#include <stdlib.h>

static struct pending **bucket_of(struct store *s, uint64_t scope, uint64_t id)
{
	return &s->by_copy[mix(scope, id) % PENDING_BUCKETS];
}

static void copy_link(struct store *s, struct pending *p)
{
	struct pending **bucket = bucket_of(s, p->scope_b, p->id_b);
	p->next_copy = *bucket;
	*bucket = p;
}

static void copy_unlink(struct store *s, const struct pending *p)
{
	struct pending **at = bucket_of(s, p->scope_b, p->id_b);
	while (*at != p)
		at = &(*at)->next_copy;
	*at = p->next_copy;
}

bool pending_append(struct store *s, const struct pending *one)
{
	struct pending *p = malloc(sizeof(*p));
	if (p == NULL)
		return false;
	*p = *one;
	p->next = NULL;
	*(s->last != NULL ? &s->last->next : &s->first) = p;
	s->last = p;
	s->n_pending++;
	copy_link(s, p);
	return true;
}

struct pending *pending_take(struct store *s)
{
	struct pending *p = s->first;
	s->first = p->next;
	if (s->first == NULL)
		s->last = NULL;
	s->n_pending--;
	copy_unlink(s, p);
	return p;
}

static bool is_copy(const struct pending *p, const struct item *b)
{
	return p->scope_b == b->scope && p->id_b == b->id;
}

static bool pending_has(struct store *s, const struct item *a, const struct item *b)
{
	struct pending *p = *bucket_of(s, b->scope, b->id);
	while (p != NULL && !(is_copy(p, b) && p->scope_a == a->scope && p->id_a == a->id))
		p = p->next_copy;
	return p != NULL;
}

/* The pair with `b` as the copy, of one UID, that waits already. */
static struct pending *pending_copy(struct store *s, const struct item *b)
{
	struct pending *p = b->uid != 0 ? *bucket_of(s, b->scope, b->id) : NULL;
	for (; p != NULL; p = p->next_copy) {
		if (p->trouble != TROUBLE_DUPLICATE || !is_copy(p, b))
			continue;
		const struct item *first = item_find(s, p->scope_a, p->id_a);
		if (first == NULL || first->uid == b->uid)
			return p;
	}
	return NULL;
}

/* All copies are copies of the first that was made, in whatever order they are proven. */
static bool pending_joins(struct store *s, const struct item *a, const struct item *b)
{
	struct pending *p = a->uid == b->uid ? pending_copy(s, b) : NULL;
	if (p == NULL)
		return false;
	const struct item *first = item_find(s, p->scope_a, p->id_a);
	if (first == NULL || first->state != LIFE_LIVE || first->created.order > a->created.order) {
		p->scope_a = a->scope;
		p->id_a = a->id;
	}
	return true;
}

void pending_add(struct store *s, const struct item *a, const struct item *b, enum trouble trouble)
{
	if (pending_has(s, a, b) || (trouble == TROUBLE_DUPLICATE && pending_joins(s, a, b)))
		return;
	const struct pending one = { .scope_a = a->scope,
		.id_a = a->id,
		.scope_b = b->scope,
		.id_b = b->id,
		.since_ns = s->now.ns,
		.trouble = trouble };
	(void)pending_append(s, &one);
}

void pending_moved(struct store *s, const struct item *from, const struct item *to)
{
	for (struct pending *p = s->first; p != NULL; p = p->next) {
		if (p->scope_a == from->scope && p->id_a == from->id) {
			p->scope_a = to->scope;
			p->id_a = to->id;
		} else if (is_copy(p, from)) {
			copy_unlink(s, p);
			p->scope_b = to->scope;
			p->id_b = to->id;
			copy_link(s, p);
		}
	}
}
