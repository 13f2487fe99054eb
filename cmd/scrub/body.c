/*
 * body.c - which way of scrubbing a body needs. What is no text that we know is filled.
 */
#include "cmd/scrub/body.h"

#include "cmd/scrub/coding.h"
#include "cmd/scrub/formats.h"

#include <string.h>

static void fill(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	words_fill(w, p, n);
}

static void thin(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	words_thin(w, p, n);
}

static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' && strchr("\r\n\t\f", s.p[i]) == NULL)
			return false;
	return true;
}

/* Without a media type the first bytes decide, as they do for the decoder. */
static scrubbing *scrubbing_sniffed(struct slice s)
{
	while (s.n != 0 && (s.p[0] <= ' ' || s.p[0] >= 0x80))
		s = slice_part(s, 1, s.n);
	if (s.n != 0 && s.p[0] == '<')
		return scrub_xml;
	if (slice_starts_nocase(s, SLICE("BEGIN:V")))
		return scrub_calendar;
	return is_text(s) ? scrub_private : fill;
}

static void sniff(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	scrubbing_sniffed((struct slice){ p, n })(w, p, n, arg);
}

static bool has_suffix(struct slice type, const char *suffix)
{
	struct slice end = slice_from(suffix);
	return type.n > end.n && slice_equal_nocase(slice_part(type, type.n - end.n, end.n), end);
}

static scrubbing *scrubbing_of(struct slice type)
{
	static const struct {
		const char *types;
		scrubbing *scrub;
	} ways[] = {
		{ "text/calendar application/ical application/ics text/vcard text/x-vcard "
		  "text/directory text/x-vcalendar",
		    scrub_calendar },
		{ "application/xml text/xml text/html", scrub_xml },
		{ "application/vnd.ms-sync.wbxml application/vnd.ms-sync", scrub_wbxml },
		{ "application/vnd.ms-sync.multipart", scrub_parts },
		{ "application/x-www-form-urlencoded", scrub_query },
		{ "application/json", scrub_json },
	};
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (slice_in(type, ways[i].types))
			return ways[i].scrub;
	if (type.n == 0)
		return sniff;
	if (has_suffix(type, "+xml"))
		return scrub_xml;
	if (has_suffix(type, "+json"))
		return scrub_json;
	if (slice_starts_nocase(type, SLICE("multipart/")) ||
	    slice_starts_nocase(type, SLICE("message/")))
		return scrub_mime;
	return slice_starts_nocase(type, SLICE("text/")) ? scrub_private : fill;
}

bool body_scrub(const struct words *w, const struct limits *l, const struct head *head,
    struct span body)
{
	struct slice field = { head->type, head->n_type };
	struct slice type = slice_trim(slice_part(field, 0, slice_find_byte(field, ';')));
	scrubbing *scrub = scrubbing_of(type);
	enum coding coding = coding_of((struct slice){ head->coding, head->n_coding });
	struct packed packed = { scrub, scrub == scrub_private ? thin : NULL, &field };
	if (coding != CODING_NONE)
		return coding_scrub(w, l, coding, body, &packed);
	scrub(w, body.p, body.n, &field);
	return true;
}

void body_blank(const struct head *head, struct span body)
{
	if (coding_of((struct slice){ head->coding, head->n_coding }) != CODING_NONE)
		memset(body.p, 0, body.n);
	else
		bytes_blank(body.p, body.n);
}
