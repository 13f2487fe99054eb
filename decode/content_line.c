/*
 * content_line.c - unfolds lines as they arrive, in bounded memory, and takes one apart; see
 * content_line.h.
 */
#include "decode/content_line.h"

#include <string.h>

enum { GROWTH = 1024 };

/* ---- lines ---- */

static size_t line_room(const struct content_lines *l)
{
	return l->p != NULL ? l->room : LINE_ROOM;
}

/* As much room as there is. */
static void line_grow(struct content_lines *l, size_t want)
{
	size_t room = GROWTH;
	while (room < want)
		room *= 2;
	if (room > l->bound)
		room = l->bound;
	if (room <= line_room(l))
		return;
	uint8_t *p = arena_alloc(l->arena, room);
	if (p == NULL)
		return;
	memcpy(p, l->p != NULL ? l->p : l->first, l->n);
	l->p = p;
	l->room = room;
}

static void line_add(struct content_lines *l, struct slice s)
{
	hash_add(&l->sum, s);
	if (s.n == 0 || l->cut)
		return;
	if (s.n > line_room(l) - l->n)
		line_grow(l, l->n + s.n);
	size_t left = line_room(l) - l->n;
	if (s.n > left) {
		s.n = left;
		l->cut = true;
	}
	memcpy((l->p != NULL ? l->p : l->first) + l->n, s.p, s.n);
	l->n += s.n;
}

static void line_flush(struct content_lines *l, bool cut)
{
	const struct content_line line = {
		.text = { l->p != NULL ? l->p : l->first, l->n },
		.sum = hash_sum(&l->sum),
		.cut = l->cut || cut,
	};
	if (l->sum.n > 0)
		l->line(l->ctx, &line);
	l->sum = (struct hash_run){ 0 };
	l->n = 0;
	l->cut = false;
	l->ended = false;
}

/* Bytes without LF. A CR may be half of a line's end, which only the next byte tells. */
static void line_bytes(struct content_lines *l, struct slice s)
{
	if (s.n == 0)
		return;
	if (l->carriage)
		line_add(l, SLICE("\r"));
	l->carriage = s.p[s.n - 1] == '\r';
	if (l->carriage)
		s.n--;
	line_add(l, s);
}

void content_lines_data(struct content_lines *l, struct slice in)
{
	while (in.n > 0) {
		if (l->ended && (in.p[0] == ' ' || in.p[0] == '\t')) {
			l->ended = false;
			in = slice_part(in, 1, in.n);
			continue;
		}
		if (l->ended)
			line_flush(l, false);
		size_t end = slice_find_byte(in, '\n');
		line_bytes(l, slice_part(in, 0, end));
		if (end == in.n)
			return;
		l->carriage = false;
		l->ended = true;
		in = slice_part(in, end + 1, in.n);
	}
}

void content_lines_end(struct content_lines *l, bool whole)
{
	if (l->carriage)
		line_add(l, SLICE("\r"));
	l->carriage = false;
	line_flush(l, !whole);
}

/* ---- what stands in a line ---- */

/* The ':' ahead of the value. Where quotes do not close, they are bytes like others. */
static size_t value_start(struct slice s)
{
	size_t first = s.n;
	bool quoted = false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == ':' && !quoted)
			return i;
		else if (s.p[i] == ':' && first == s.n)
			first = i;
	}
	return first;
}

static size_t name_end(struct slice s)
{
	size_t i = 0;
	while (i < s.n && s.p[i] != ':' && s.p[i] != ';')
		i++;
	return i;
}

struct property property_of(struct slice line)
{
	struct property p = { .name = slice_part(line, 0, name_end(line)) };
	struct slice rest = slice_part(line, p.name.n, line.n);
	size_t dot = slice_find_byte(p.name, '.');
	if (dot < p.name.n) {
		p.group = slice_part(p.name, 0, dot);
		p.name = slice_part(p.name, dot + 1, p.name.n);
	}
	size_t colon = value_start(rest);
	p.params = slice_part(rest, 0, colon);
	p.has_value = colon < rest.n;
	p.value = slice_part(rest, colon + 1, rest.n);
	return p;
}

bool param_next(struct slice *params, struct slice *name, struct slice *value, struct slice *whole)
{
	if (params->n == 0)
		return false;
	struct slice s = slice_part(*params, 1, params->n);
	bool quoted = false;
	size_t end = 0;
	for (; end < s.n && (quoted || s.p[end] != ';'); end++)
		quoted ^= s.p[end] == '"';
	*params = slice_part(s, end, s.n);
	*whole = slice_part(s, 0, end);
	size_t equals = slice_find_byte(*whole, '=');
	*name = slice_trim(slice_part(*whole, 0, equals));
	*value = slice_trim(slice_part(*whole, equals + 1, whole->n));
	if (value->n > 1 && value->p[0] == '"' && value->p[value->n - 1] == '"')
		*value = slice_part(*value, 1, value->n - 2);
	return true;
}

struct slice param_find(struct slice params, const char *wanted)
{
	struct slice name, value, whole;
	while (param_next(&params, &name, &value, &whole))
		if (slice_is_nocase(name, wanted))
			return value;
	return (struct slice){ NULL, 0 };
}
