/*
 * mime.c - messages of several parts. Line by line and flat: a line that is "--" and a boundary announced
 * anywhere before ends a part, however deep, and begins the head of the next.
 */
#include "cmd/scrub/formats.h"

#include "cmd/scrub/head.h"

#include <string.h>

enum { BOUNDARIES = 16, BOUNDARY_MAX = 72 };

struct mime {
	const struct words *words;
	struct {
		size_t n;
		uint8_t text[BOUNDARY_MAX];
	} boundaries[BOUNDARIES];
	size_t n_boundaries;
};

/* ---- boundaries ---- */

static void boundary_add(struct mime *m, struct slice boundary)
{
	if (boundary.n == 0 || boundary.n > BOUNDARY_MAX || m->n_boundaries == BOUNDARIES)
		return;
	m->boundaries[m->n_boundaries].n = boundary.n;
	memcpy(m->boundaries[m->n_boundaries].text, boundary.p, boundary.n);
	m->n_boundaries++;
}

static bool is_boundary(const struct mime *m, struct slice line)
{
	if (line.n < 2 || line.p[0] != '-' || line.p[1] != '-')
		return false;
	line = slice_part(line, 2, line.n);
	for (size_t i = 0; i < m->n_boundaries; i++) {
		struct slice b = { m->boundaries[i].text, m->boundaries[i].n };
		if (slice_starts(line, b))
			return true;
	}
	return false;
}

/* boundary=x or boundary="x", anywhere in a head. */
static void boundary_find(struct mime *m, struct slice head)
{
	struct slice mark = SLICE("boundary=");
	for (size_t i = 0; i + mark.n < head.n; i++) {
		if (!slice_starts_nocase(slice_part(head, i, mark.n), mark))
			continue;
		struct slice value = slice_part(head, i + mark.n, head.n);
		bool quoted = value.p[0] == '"';
		value = slice_part(value, quoted, value.n);
		size_t n = 0;
		while (n < value.n && value.p[n] != '"' &&
		    (quoted || (value.p[n] > ' ' && value.p[n] != ';')))
			n++;
		boundary_add(m, slice_part(value, 0, n));
	}
}

/* ---- parts ---- */

static scrubbing *scrubbing_of(struct slice type)
{
	static const struct {
		const char *starts;
		scrubbing *scrub;
	} kinds[] = {
		{ "text/calendar", scrub_calendar },
		{ "text/vcard", scrub_calendar },
		{ "text/x-vcard", scrub_calendar },
		{ "text/x-vcalendar", scrub_calendar },
		{ "text/directory", scrub_calendar },
		{ "application/ics", scrub_calendar },
		{ "text/html", scrub_xml },
		{ "text/xml", scrub_xml },
		{ "application/xml", scrub_xml },
		{ "application/x-www-form-urlencoded", scrub_query },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (slice_starts_nocase(type, slice_from(kinds[i].starts)))
			return kinds[i].scrub;
	return scrub_private;
}

static bool is_calendar(struct span body)
{
	struct slice s = span_slice(body);
	return slice_starts_nocase(s, SLICE("BEGIN:V"));
}

/* What is not text is no longer what it was, whatever it was. */
static void fill(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	words_fill(w, p, n);
}

static bool is_text(struct slice type)
{
	return type.n == 0 || slice_starts_nocase(type, SLICE("text/")) ||
	    slice_starts_nocase(type, SLICE("message/")) ||
	    slice_starts_nocase(type, SLICE("multipart/")) ||
	    slice_starts_nocase(type, SLICE("application/ics"));
}

static void body_scrub(const struct words *w, struct span body, const struct head *head)
{
	struct slice type = { head->type, head->n_type },
		     transfer = { head->transfer, head->n_transfer };
	scrubbing *scrub = is_calendar(body) ? scrub_calendar : scrubbing_of(type);
	if (slice_is_nocase(transfer, "base64"))
		layer_base64(w, body.p, body.n, is_text(type) ? scrub : fill, NULL);
	else if (slice_is_nocase(transfer, "quoted-printable"))
		layer_through(w, &layer_quoted, body.p, body.n, scrub, NULL);
	else
		scrub(w, body.p, body.n, NULL);
}

static bool is_message(const struct head *head)
{
	struct slice type = { head->type, head->n_type };
	return slice_starts_nocase(type, SLICE("message/rfc822"));
}

static size_t line_length(struct span s)
{
	size_t n = span_find(s, "\n");
	return n + (n < s.n);
}

static struct slice line_text(struct span s, size_t n)
{
	while (n != 0 && (s.p[n - 1] == '\n' || s.p[n - 1] == '\r'))
		n--;
	return (struct slice){ s.p, n };
}

/* A head goes to its blank line, or to the boundary that ends its part early. */
static size_t head_length(const struct mime *m, struct span s)
{
	size_t n = 0;
	while (n < s.n) {
		struct span rest = span_part(s, n, s.n);
		size_t line = line_length(rest);
		struct slice text = line_text(rest, line);
		if (is_boundary(m, text))
			return n;
		n += line;
		if (text.n == 0)
			return n;
	}
	return n;
}

static size_t body_length(const struct mime *m, struct span s)
{
	size_t n = 0;
	while (n < s.n) {
		struct span rest = span_part(s, n, s.n);
		size_t line = line_length(rest);
		if (is_boundary(m, line_text(rest, line)))
			return n;
		n += line;
	}
	return n;
}

static struct span boundary_scrub(struct mime *m, struct span rest)
{
	size_t line = rest.n != 0 ? line_length(rest) : 0;
	if (!is_boundary(m, line_text(rest, line)))
		return rest;
	words_scrub(m->words, rest.p, line, &policy_name);
	return span_part(rest, line, rest.n);
}

/* A boundary line, a head and a body, as far as they are there: takes a byte at least. */
static struct span part_scrub(struct mime *m, struct span rest)
{
	struct head head = { .n_type = 0 };
	rest = boundary_scrub(m, rest);
	size_t n = head_length(m, rest);
	boundary_find(m, (struct slice){ rest.p, n });
	fields_scrub(m->words, rest.p, n, &head);
	rest = span_part(rest, n, rest.n);
	if (is_message(&head)) /* its head follows */
		return rest;
	n = body_length(m, rest);
	body_scrub(m->words, span_part(rest, 0, n), &head);
	return span_part(rest, n, rest.n);
}

/* A body of several parts begins with its preamble, a message with its head. */
static struct span preamble_scrub(struct mime *m, struct span rest, const struct slice *type)
{
	if (type == NULL || !slice_starts_nocase(*type, SLICE("multipart/")))
		return rest;
	boundary_find(m, *type);
	size_t n = body_length(m, rest);
	scrub_private(m->words, rest.p, n, NULL);
	return span_part(rest, n, rest.n);
}

void scrub_mime(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct mime m = { .words = w };
	struct span rest = preamble_scrub(&m, (struct span){ p, n }, arg);
	while (rest.n != 0) {
		struct span left = part_scrub(&m, rest);
		if (left.n == rest.n) {
			scrub_private(w, rest.p, rest.n, NULL);
			break;
		}
		rest = left;
	}
}
