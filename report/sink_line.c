/*
 * sink_line.c - one text for a sink that wants more than JSON. What came from the wire is escaped as
 * everywhere, so that no control byte reaches a log.
 */
#include "report/sink.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_FIRST = 1024, ID_DIGITS = 12 };

static bool line_grow(struct line *l, size_t n)
{
	if (l->bad)
		return false;
	if (n <= l->room - l->n)
		return true;
	size_t room = l->room == 0 ? LINE_FIRST : l->room;
	while (room - l->n < n && room <= SIZE_MAX / 4)
		room *= 2;
	uint8_t *p = room - l->n < n ? NULL : realloc(l->p, room);
	if (p == NULL) {
		l->bad = true;
		return false;
	}
	l->p = p;
	l->room = room;
	return true;
}

void line_bytes(struct line *l, const void *p, size_t n)
{
	if (n == 0 || !line_grow(l, n))
		return;
	memcpy(l->p + l->n, p, n);
	l->n += n;
}

void line_words(struct line *l, const char *words)
{
	line_bytes(l, words, strlen(words));
}

void line_u64(struct line *l, uint64_t number)
{
	char digits[DECIMAL_MAX];
	size_t n = decimal_put(digits, number);
	line_bytes(l, digits, n);
}

void line_id(struct line *l, uint64_t id)
{
	char digits[ID_DIGITS];
	line_words(l, "f-");
	for (size_t i = ID_DIGITS; i != 0; i--) {
		digits[i - 1] = "0123456789abcdef"[id & 15];
		id >>= 4;
	}
	line_bytes(l, digits, sizeof(digits));
}

void line_vis(struct line *l, struct slice wire)
{
	while (wire.n != 0) {
		char text[VIS_MAX];
		size_t n = vis_next(&wire, text);
		line_bytes(l, text, n);
	}
}

/* A backslash is the beginning of an escape, and not escaped once more. */
void line_clean(struct line *l, struct slice escaped)
{
	while (escaped.n != 0) {
		size_t plain = slice_find_byte(escaped, '\\');
		line_vis(l, slice_part(escaped, 0, plain));
		if (plain == escaped.n)
			return;
		line_words(l, "\\");
		escaped = slice_part(escaped, plain + 1, SIZE_MAX);
	}
}

bool line_ready(struct line *l, struct error *e)
{
	if (!l->bad)
		return true;
	*l = (struct line){ l->p, 0, l->room, false };
	return error_set(e, "out of memory");
}

void line_free(struct line *l)
{
	free(l->p);
	*l = (struct line){ NULL, 0, 0, false };
}

void line_finding(struct line *l, const struct record *r)
{
	line_vis(l, r->title);
	if (r->title.n != 0 && r->message.n != 0)
		line_words(l, ": ");
	line_vis(l, r->message);
}

unsigned syslog_level(const struct record *r)
{
	enum { CRITICAL = 2, ERROR, WARNING, NOTICE, INFORMATIONAL };
	if (r->kind != EVENT_FINDING)
		return INFORMATIONAL;
	switch (r->severity) {
	case SEVERITY_CRITICAL:
		return CRITICAL;
	case SEVERITY_HIGH:
		return ERROR;
	case SEVERITY_MEDIUM:
		return WARNING;
	case SEVERITY_LOW:
		return NOTICE;
	default:
		return INFORMATIONAL;
	}
}
