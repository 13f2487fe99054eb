/*
 * calendar.c - iCalendar and vCard: content lines, unfolded, property by property. What people wrote goes,
 * dates, rules and words of the formats stay.
 */
#include "cmd/scrub/formats.h"

#include <string.h>

enum kind {
	KIND_TOKEN,
	KIND_NAME,
	KIND_URL,
	KIND_ZONE,
	KIND_PRODUCT,
	KIND_PRIVATE,
	KIND_TEXT,
};

static const struct rule properties[] = {
	{ "BEGIN END VERSION CALSCALE METHOD DTSTAMP DTSTART DTEND DUE DURATION COMPLETED CREATED "
	  "LAST-MODIFIED REV SEQUENCE CLASS STATUS TRANSP PRIORITY PERCENT-COMPLETE RRULE RDATE "
	  "EXDATE EXRULE RECURRENCE-ID FREEBUSY ACTION TRIGGER REPEAT TZOFFSETFROM TZOFFSETTO "
	  "REFRESH-INTERVAL ACKNOWLEDGED BUSYTYPE KIND DALARM AALARM",
	    KIND_TOKEN },
	{ "X-PUBLISHED-TTL X-MICROSOFT-CDO-ALLDAYEVENT X-MICROSOFT-CDO-BUSYSTATUS "
	  "X-MICROSOFT-CDO-INTENDEDSTATUS X-MICROSOFT-CDO-IMPORTANCE X-MICROSOFT-CDO-INSTTYPE "
	  "X-MICROSOFT-CDO-APPT-SEQUENCE X-MICROSOFT-CDO-REPLYTIME "
	  "X-MICROSOFT-DISALLOW-COUNTER X-CALENDARSERVER-ACCESS X-MOZ-LASTACK "
	  "X-MOZ-GENERATION X-ABSHOWAS X-MS-OLK-FORCEINSPECTOROPEN",
	    KIND_TOKEN },
	{ "UID RELATED-TO EMAIL X-EVOLUTION-CALDAV-HREF X-MICROSOFT-CDO-OWNERAPPTID", KIND_NAME },
	{ "URL ATTENDEE ORGANIZER SOURCE CONFERENCE ATTACH CALURI CALADRURI FBURL MEMBER",
	    KIND_URL },
	{ "TZID TZNAME TZURL TZ TZID-ALIAS-OF X-WR-TIMEZONE X-LIC-LOCATION", KIND_ZONE },
	{ "PRODID", KIND_PRODUCT },
	{ "TEL ADR BDAY ANNIVERSARY GEO LABEL GENDER NOTE KEY PHOTO LOGO SOUND IMPP N NICKNAME "
	  "ORG TITLE ROLE DEATHDATE BIRTHPLACE X-APPLE-STRUCTURED-LOCATION X-ABDATE",
	    KIND_PRIVATE },
	{ NULL, 0 },
};

static const struct rule parameters[] = {
	{ "TZID", KIND_ZONE },
	{ "VALUE ENCODING FMTTYPE FBTYPE PARTSTAT CUTYPE ROLE RSVP RANGE RELATED RELTYPE TYPE PREF "
	  "CHARSET LANGUAGE SCHEDULE-AGENT SCHEDULE-STATUS SCHEDULE-FORCE-SEND DERIVED FEATURE "
	  "ORDER MEDIATYPE CALSCALE ALTID PID X-VOBJ-FLOATINGTIME-ALLOWED",
	    KIND_TOKEN },
	{ "SENT-BY DELEGATED-FROM DELEGATED-TO MEMBER DIR ALTREP EMAIL", KIND_URL },
	{ NULL, 0 },
};

static void value_scrub(const struct words *w, struct span s, enum kind kind)
{
	static const struct {
		scrubbing *scrub;
		const void *arg;
	} ways[] = {
		[KIND_TOKEN] = { scrub_words, &policy_token },
		[KIND_NAME] = { scrub_words, &policy_name },
		[KIND_URL] = { scrub_url, NULL },
		[KIND_ZONE] = { scrub_words, &policy_zone },
		[KIND_PRODUCT] = { scrub_words, &policy_product },
		[KIND_PRIVATE] = { scrub_private, NULL },
		[KIND_TEXT] = { scrub_value, NULL },
	};
	layer_through(w, &layer_escape, s.p, s.n, ways[kind].scrub, ways[kind].arg);
}

/* Up to one of the marks that is not within quotes. */
static size_t part_length(struct span s, const char *marks)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < s.n; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.p[i] != 0 && strchr(marks, s.p[i]) != NULL)
			break;
	}
	return i;
}

/* How the value is written, as vCard 2.1 says: QUOTED-PRINTABLE, with its ENCODING= or without. */
static bool is_quoted_printable(struct slice parameter)
{
	size_t equals = slice_find_byte(parameter, '=');
	size_t value = equals < parameter.n ? equals + 1 : 0;
	return slice_is_nocase(slice_part(parameter, value, parameter.n), "QUOTED-PRINTABLE");
}

static void parameter_scrub(const struct words *w, struct span s)
{
	size_t equals = span_find(s, "=");
	struct span name = span_part(s, 0, equals), value = span_part(s, equals + 1, s.n);
	int kind = rule_find(parameters, span_slice(name), KIND_TEXT);
	bool quoted = value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"';
	if (quoted)
		value = span_part(value, 1, value.n - 2);
	words_scrub(w, name.p, name.n, &policy_element);
	value_scrub(w, value, (enum kind)kind);
}

static void value_quoted(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	const enum kind *kind = arg;
	value_scrub(w, (struct span){ p, n }, *kind);
}

/* "item1.EMAIL": what stands in front of the dot groups lines. */
static struct span name_of(struct span name)
{
	size_t dot = span_find(name, ".");
	return dot < name.n ? span_part(name, dot + 1, name.n) : name;
}

static void line_scrub(const struct words *w, struct span line)
{
	size_t end = part_length(line, ":;"), at = end;
	struct span name = span_part(line, 0, end);
	enum kind kind = (enum kind)rule_find(properties, span_slice(name_of(name)), KIND_TEXT);
	bool quoted_printable = false;
	if (part_length(line, ":") == line.n) {
		scrub_value(w, line.p, line.n, NULL);
		return;
	}
	while (at < line.n && line.p[at] == ';') {
		struct span parameter = span_part(line, at + 1, line.n);
		parameter.n = part_length(parameter, ":;");
		quoted_printable = quoted_printable || is_quoted_printable(span_slice(parameter));
		parameter_scrub(w, parameter);
		at += 1 + parameter.n;
	}
	words_scrub(w, name.p, name.n, &policy_element);
	struct span value = span_part(line, at + 1, line.n);
	if (quoted_printable)
		layer_through(w, &layer_quoted, value.p, value.n, value_quoted, &kind);
	else
		value_scrub(w, value, kind);
}

/* A line that ends with "=" goes on, where its property says so. */
static bool is_soft(struct span line)
{
	if (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line.n != 0 && line.p[line.n - 1] == '=';
}

static size_t line_length(struct span s)
{
	size_t n = span_find(s, "\n");
	struct slice first = { s.p, n };
	bool goes_on = slice_find(first, SLICE("QUOTED-PRINTABLE")) != n;
	while (goes_on && n < s.n && is_soft(span_part(s, 0, n)))
		n += 1 + span_find(span_part(s, n + 1, s.n), "\n");
	return n;
}

static void lines_scrub(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span rest = { p, n };
	while (rest.n != 0) {
		struct span line = span_part(rest, 0, line_length(rest));
		rest = span_part(rest, line.n + 1, rest.n);
		if (line.n != 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n != 0)
			line_scrub(w, line);
	}
}

void scrub_calendar(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	layer_through(w, &layer_fold, p, n, lines_scrub, arg);
}
