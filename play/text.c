/*
 * text.c - text that grows up to a bound, and HTTP messages made of it.
 */
#include "play/text.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

void text_clear(struct text *t)
{
	t->n = 0;
	t->cut = false;
	t->p[0] = '\0';
}

void text_bytes(struct text *t, const void *p, size_t n)
{
	size_t room = TEXT_MAX - 1 - t->n;
	t->cut = t->cut || n > room;
	n = n > room ? room : n;
	if (n != 0)
		memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = '\0';
}

void text_format(struct text *t, const char *format, ...)
{
	size_t room = TEXT_MAX - t->n;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->p + t->n, room, format, args);
	va_end(args);
	t->cut = t->cut || n < 0 || (size_t)n >= room;
	if (n > 0)
		t->n += (size_t)n < room ? (size_t)n : room - 1;
}

struct slice text_whole(const struct text *t)
{
	return (struct slice){ (const uint8_t *)t->p, t->n };
}

bool text_between(struct slice *rest, const char *open, const char *close, struct slice *out)
{
	size_t at = slice_find(*rest, slice_from(open));
	if (at == rest->n)
		return false;
	struct slice from = slice_part(*rest, at + strlen(open), rest->n);
	size_t end = slice_find(from, slice_from(close));
	if (end == from.n)
		return false;
	*out = slice_part(from, 0, end);
	*rest = slice_part(from, end + strlen(close), from.n);
	return true;
}

void text_copy(char *out, size_t room, struct slice in)
{
	size_t n = in.n < room - 1 ? in.n : room - 1;
	if (n != 0)
		memcpy(out, in.p, n);
	out[n] = '\0';
}

/* ---- messages ---- */

static void message_clear(struct message *m)
{
	m->method[0] = m->target[0] = '\0';
	m->status = 0;
	m->write = PLAY_LOOK;
	m->n_headers = 0;
	text_clear(&m->body);
}

void message_request(struct message *m, const char *method, const char *target)
{
	message_clear(m);
	text_copy(m->method, sizeof m->method, slice_from(method));
	text_copy(m->target, sizeof m->target, slice_from(target));
}

void message_answer(struct message *m, unsigned status)
{
	message_clear(m);
	m->status = status;
}

void message_put(struct message *m, const char *name, const char *format, ...)
{
	if (m->n_headers == HEADERS_MAX)
		return;
	struct header *h = &m->headers[m->n_headers++];
	va_list args;
	text_copy(h->name, sizeof h->name, slice_from(name));
	va_start(args, format);
	vsnprintf(h->value, sizeof h->value, format, args);
	va_end(args);
}

const char *message_value(const struct message *m, const char *name)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (strcasecmp(m->headers[i].name, name) == 0)
			return m->headers[i].value;
	return NULL;
}
