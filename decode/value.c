/*
 * value.c - text that arrives in pieces becomes one value; see value.h.
 */
#include "decode/value.h"
#include "decode/xml.h"

#include <string.h>

enum { FIRST_ROOM = 256 };

void text_begin(struct text *t, size_t bound)
{
	t->n = 0;
	t->bound = bound;
	t->cut = false;
}

static bool text_grow(struct text *t)
{
	size_t room = t->room > 0 ? 2 * t->room : FIRST_ROOM;
	uint8_t *p = arena_alloc(t->arena, room);
	if (p == NULL)
		return false;
	if (t->n > 0)
		memcpy(p, t->p, t->n);
	t->p = p;
	t->room = room;
	return true;
}

/* Cutting must not leave half a character behind. */
static size_t text_fit(struct slice s, size_t n)
{
	while (n > 0 && (s.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

bool text_add(struct text *t, struct slice s)
{
	if (s.n == 0 || t->cut)
		return true;
	if (s.n > t->bound - t->n) {
		s.n = text_fit(s, t->bound - t->n);
		t->cut = true;
	}
	while (s.n > 0) {
		if (t->n == t->room && !text_grow(t))
			return false;
		size_t n = s.n < t->room - t->n ? s.n : t->room - t->n;
		memcpy(t->p + t->n, s.p, n);
		t->n += n;
		s = slice_part(s, n, s.n);
	}
	return true;
}

struct slice text_slice(const struct text *t)
{
	return (struct slice){ t->p, t->n };
}

void value_begin(struct value *v, size_t bound, bool keep)
{
	text_begin(&v->text, bound);
	v->shape = keep ? VALUE_TEXT : VALUE_DROPPED;
	v->bytes = 0;
}

/* Starts over in another shape: what was gathered so far was white space or names. */
static void value_reshape(struct value *v, enum value_shape shape)
{
	text_begin(&v->text, v->text.bound);
	v->shape = shape;
}

static bool value_join(struct value *v, struct slice s)
{
	return (v->text.n == 0 || text_add(&v->text, SLICE(" "))) && text_add(&v->text, s);
}

bool value_child(struct value *v, struct slice local, bool href)
{
	bool is_blank = v->shape == VALUE_TEXT && xml_trim(text_slice(&v->text)).n == 0;
	if (href && (is_blank || v->shape == VALUE_NAMES))
		value_reshape(v, VALUE_HREFS);
	else if (is_blank)
		value_reshape(v, VALUE_NAMES);
	if (v->shape == VALUE_NAMES)
		return value_join(v, local);
	if (v->shape == VALUE_HREFS && href)
		return value_join(v, SLICE(""));
	return true;
}

bool value_text(struct value *v, struct slice s, bool in_href)
{
	v->bytes += s.n;
	if (v->shape == VALUE_DROPPED || (v->shape == VALUE_HREFS && !in_href))
		return true;
	if (v->shape == VALUE_NAMES) {
		while (s.n > 0 && xml_blank(s.p[0]))
			s = slice_part(s, 1, s.n);
		if (s.n > 0)
			value_reshape(v, VALUE_TEXT);
	}
	return text_add(&v->text, s);
}
