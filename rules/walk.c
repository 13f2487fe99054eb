/*
 * walk.c - reads the values of an operand from an event: single fields, fields with several values,
 * headers by number, members of groups; and the functions over them.
 */
#include "rules/walk.h"

#include "rules/fields.h"

#include <stdlib.h>
#include <string.h>

/* ---- headers by number ---- */

static bool index_room(struct header_index *h, size_t n)
{
	if (n <= h->room)
		return true;
	uint32_t *next = realloc(h->next, n * sizeof *next);
	if (next == NULL)
		return false;
	h->next = next;
	h->room = n;
	return true;
}

/* From the last field to the first, so that each chain is in wire order. */
static bool index_build(struct eval *e, struct header_index *h, const struct operand *o)
{
	h->message = field_headers(o->ref.field, e->event, &h->complete);
	size_t n = h->message != NULL ? h->message->n_headers : 0;
	memset(h->first, 0, e->interned->n * sizeof *h->first);
	if (!index_room(h, n))
		return false;
	for (size_t i = n; i != 0; i--) {
		unsigned number = interned_find(e->interned, h->message->headers[i - 1].name);
		if (number == NOT_INTERNED)
			continue;
		h->next[i - 1] = h->first[number];
		h->first[number] = (uint32_t)i;
	}
	h->ready = true;
	return true;
}

/* `nth` is the 1-based index of the field that was given last, 0 before the first. */
static enum seen header_next(struct eval *e, struct walk_at *w, struct value *v)
{
	const struct operand *o = w->operand;
	struct header_index *h = &e->headers[o->message];
	if (!h->ready && !index_build(e, h, o))
		return NOT_OBSERVED;
	size_t i = w->begun ? h->next[w->nth - 1] : h->first[o->header];
	if (i == 0)
		return h->complete ? ABSENT : NOT_OBSERVED;
	w->nth = i;
	v->text = h->message->headers[i - 1].value;
	return PRESENT;
}

/* ---- the walks ---- */

struct walk_at walk_begin(struct eval *e, const struct operand *o, size_t element, int side)
{
	struct walk_at w = { .operand = o, .element = element, .complete = true, .side = side };
	if (o->walk != WALK_ELEMENTS)
		return w;
	w.element = 0;
	w.n_elements = field_elements(o->group, e->event, &w.complete);
	return w;
}

static enum seen element_next(struct eval *e, struct walk_at *w, struct value *v)
{
	for (; w->element < w->n_elements; w->element++, w->nth = 0) {
		if (w->nth != 0 && !w->operand->ref.field->many)
			continue;
		enum seen seen = field_read(&w->operand->ref, e->event, w->element, w->nth, v);
		if (seen == PRESENT) {
			w->nth++;
			return PRESENT;
		}
		w->hole = w->hole || seen == NOT_OBSERVED;
	}
	return w->complete && !w->hole ? ABSENT : NOT_OBSERVED;
}

static enum seen value_next(struct eval *e, struct walk_at *w, struct value *v)
{
	const struct operand *o = w->operand;
	switch (o->walk) {
	case WALK_HEADER:
		if (e->event->mock == NULL)
			return header_next(e, w, v);
		break;
	case WALK_ELEMENTS:
		return element_next(e, w, v);
	case WALK_ONE:
		return w->begun ? ABSENT : field_read(&o->ref, e->event, 0, 0, v);
	case WALK_HERE:
		if (w->begun && !o->ref.field->many)
			return ABSENT;
		break;
	case WALK_VALUES:
		break;
	}
	return field_read(&o->ref, e->event, w->element, w->nth++, v);
}

/* ---- functions on one value ---- */

static bool scratch_room(struct eval *e, int side, size_t n)
{
	if (n <= e->scratch_room[side])
		return true;
	uint8_t *scratch = realloc(e->scratch[side], n);
	if (scratch == NULL)
		return false;
	e->scratch[side] = scratch;
	e->scratch_room[side] = n;
	return true;
}

static bool to_lower(struct eval *e, int side, struct value *v)
{
	if (!scratch_room(e, side, v->text.n))
		return false;
	for (size_t i = 0; i < v->text.n; i++)
		e->scratch[side][i] = ascii_lower(v->text.p[i]);
	v->text.p = e->scratch[side];
	return true;
}

static enum seen apply(struct eval *e, enum function function, int side, struct value *v)
{
	if (function == FUNCTION_LEN)
		v->number = (int64_t)v->text.n;
	else if (function == FUNCTION_LOWER && !to_lower(e, side, v))
		return NOT_OBSERVED;
	return PRESENT;
}

enum seen walk_next(struct eval *e, struct walk_at *w, struct value *v)
{
	enum seen seen = value_next(e, w, v);
	w->begun = true;
	return seen == PRESENT ? apply(e, w->operand->function, w->side, v) : seen;
}

/* ---- functions on all values ---- */

enum seen walk_single(struct eval *e, const struct operand *o, size_t element, int side,
    struct value *v)
{
	struct walk_at w = walk_begin(e, o, element, side);
	enum seen seen = walk_next(e, &w, v);
	if (o->function == FUNCTION_FIRST && seen == PRESENT && w.hole)
		return NOT_OBSERVED;
	if (o->function != FUNCTION_LAST || seen != PRESENT)
		return seen;
	struct value last = *v;
	while ((seen = walk_next(e, &w, v)) == PRESENT)
		last = *v;
	*v = last;
	return seen == ABSENT ? PRESENT : NOT_OBSERVED;
}

uint64_t walk_count(struct eval *e, const struct operand *o, size_t element, bool *complete)
{
	if (o->ref.field->type == FIELD_GROUP)
		return field_elements(o->ref.field, e->event, complete);
	struct walk_at w = walk_begin(e, o, element, 0);
	struct value v = { 0 };
	enum seen seen;
	uint64_t n = 0;
	while ((seen = walk_next(e, &w, &v)) == PRESENT)
		n++;
	*complete = seen == ABSENT;
	return n;
}
