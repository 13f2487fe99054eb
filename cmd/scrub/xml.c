/*
 * xml.c - XML and HTML as they come, well-formed or not: markup and text are told apart by < and > alone.
 * Names of elements stay when they are known; what a text is, the element around it says.
 */
#include "cmd/scrub/formats.h"

#include <string.h>

enum kind {
	KIND_TEXT,
	KIND_TOKEN,
	KIND_TAG,
	KIND_OPAQUE,
	KIND_URL,
	KIND_NAME,
	KIND_CALENDAR,
	KIND_SQL,
	KIND_ELEMENT,
	KIND_NAMESPACE,
	KIND_PRIVATE,
	KIND_INHERITED,
};

/* By local name alone: nothing is lost when a stranger is called the same. */
static const struct rule elements[] = {
	{ "status getcontenttype getcontentlength getlastmodified creationdate depth timeout "
	  "iscollection ishidden isreadonly isfolder hassubs nosubs isroot childcount objectcount "
	  "visiblecount isstructureddocument contentclass outlookmessageclass outlookfolderclass "
	  "nresults sync-level contentrange changetype quota-available-bytes quota-used-bytes",
	    KIND_TOKEN },
	{ "dtstart dtend duration alldayevent busystatus timezoneid reminderoffset lastmodified "
	  "lastmodifiedtime instancetype meetingstatus rdate exdate rrule exrule created dtstamp "
	  "sequence transparent priority recurrenceid replytime attendeestatus calendar-order "
	  "number-of-matches-within-limits max-resource-size max-instances "
	  "max-attendees-per-instance min-date-time max-date-time refreshrate hasattachment read "
	  "importance getcontentlanguage supported-collation unreadcount",
	    KIND_TOKEN },
	{ "getetag schedule-tag getctag sync-token ctag etag contenttag subscriptionid "
	  "calendar-color",
	    KIND_TAG },
	{ "resourcetag repl-uid collblob", KIND_OPAQUE },
	{ "href permanenturl parentname", KIND_URL },
	{ "uid displayname principal owner email organizer", KIND_NAME },
	{ "calendar-data address-data calendar-timezone timezone", KIND_CALENDAR },
	{ "sql", KIND_SQL },
	{ "bday weddinganniversary telephonenumber mobile homephone homephone2 othermobile "
	  "facsimiletelephonenumber homefax pager otherfax otherphone postalcode homepostalcode "
	  "otherpostalcode street homestreet otherstreet geolatitude geolongitude",
	    KIND_PRIVATE },
	{ "v", KIND_INHERITED },
	{ NULL, 0 },
};

static const struct rule attributes[] = {
	{ "href src action url", KIND_URL },
	{ "name namespace dt content-type version collation match-type negate-condition novalue "
	  "test type encoding standalone lang class http-equiv method",
	    KIND_ELEMENT },
	{ NULL, 0 },
};

enum { DEPTH_MAX = 64 };

struct xml {
	const struct words *words;
	uint8_t kinds[DEPTH_MAX]; /* of the elements that are open */
	size_t depth;
};

/* ---- text ---- */

static void text_scrub(const struct words *w, struct span s, enum kind kind, bool entities)
{
	static const struct {
		scrubbing *scrub;
		const void *arg;
	} ways[] = {
		[KIND_TEXT] = { scrub_value, NULL },
		[KIND_TOKEN] = { scrub_words, &policy_token },
		[KIND_TAG] = { scrub_words, &policy_tag },
		[KIND_OPAQUE] = { scrub_words, &policy_opaque },
		[KIND_URL] = { scrub_url, NULL },
		[KIND_NAME] = { scrub_words, &policy_name },
		[KIND_CALENDAR] = { scrub_calendar, NULL },
		[KIND_SQL] = { scrub_sql, NULL },
		[KIND_ELEMENT] = { scrub_words, &policy_element },
		[KIND_NAMESPACE] = { scrub_words, &policy_namespace },
		[KIND_PRIVATE] = { scrub_private, NULL },
		[KIND_INHERITED] = { scrub_value, NULL },
	};
	if (entities)
		layer_through(w, &layer_entity, s.p, s.n, ways[kind].scrub, ways[kind].arg);
	else
		ways[kind].scrub(w, s.p, s.n, ways[kind].arg);
}

static enum kind kind_here(const struct xml *x)
{
	bool known = x->depth != 0 && x->depth <= DEPTH_MAX;
	return known ? (enum kind)x->kinds[x->depth - 1] : KIND_TEXT;
}

/* ---- tags ---- */

static struct slice local_name(struct span name)
{
	size_t colon = span_find(name, ":");
	return span_slice(colon < name.n ? span_part(name, colon + 1, name.n) : name);
}

static void element_open(struct xml *x, struct span name)
{
	int kind = rule_find(elements, local_name(name), KIND_TEXT);
	if (kind == KIND_INHERITED)
		kind = kind_here(x);
	if (x->depth < DEPTH_MAX)
		x->kinds[x->depth] = (uint8_t)kind;
	x->depth++;
}

/* The type of a value as Microsoft's XML tells it: numbers and dates stay. */
static bool is_typed(struct slice name, struct slice value)
{
	return slice_is_nocase(name, "dt") &&
	    (slice_starts_nocase(value, SLICE("date")) ||
		slice_in(value, "int i2 i4 i8 boolean float r8 number"));
}

static void attribute_scrub(struct xml *x, struct span name, struct span value)
{
	struct slice local = local_name(name);
	bool is_namespace = slice_starts(span_slice(name), SLICE("xmlns"));
	enum kind kind = is_namespace ? KIND_NAMESPACE :
					(enum kind)rule_find(attributes, local, KIND_TEXT);
	if (is_typed(local, span_slice(value)) && x->depth != 0 && x->depth <= DEPTH_MAX)
		x->kinds[x->depth - 1] = KIND_TOKEN;
	text_scrub(x->words, value, kind, true);
	words_scrub(x->words, name.p, name.n, &policy_element);
}

static struct span without_blanks(struct span s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t' || s.p[n] == '\r' || s.p[n] == '\n'))
		n++;
	return span_part(s, n, s.n);
}

static struct span value_take(struct span *rest)
{
	bool quoted = rest->n != 0 && (rest->p[0] == '"' || rest->p[0] == '\'');
	const char mark[2] = { quoted ? (char)rest->p[0] : ' ', '\0' };
	struct span value = span_part(*rest, quoted, rest->n);
	value.n = span_find(value, mark);
	*rest = span_part(*rest, value.n + 2u * quoted, rest->n);
	return value;
}

/* name = "value", name = 'value', name = value, name */
static void attributes_scrub(struct xml *x, struct span rest)
{
	while ((rest = without_blanks(rest)).n != 0) {
		size_t n = span_find(rest, " \t\r\n=");
		struct span name = span_part(rest, 0, n != 0 ? n : 1), value = { rest.p, 0 };
		rest = without_blanks(span_part(rest, name.n, rest.n));
		if (rest.n != 0 && rest.p[0] == '=') {
			rest = without_blanks(span_part(rest, 1, rest.n));
			value = value_take(&rest);
		}
		attribute_scrub(x, name, value);
	}
}

static void start_tag(struct xml *x, struct span s)
{
	bool empty = s.n != 0 && s.p[s.n - 1] == '/';
	struct span name = span_part(s, 0, span_find(s, " \t\r\n/"));
	element_open(x, name);
	attributes_scrub(x, span_part(s, name.n, s.n));
	words_scrub(x->words, name.p, name.n, &policy_element);
	if (empty)
		x->depth--;
}

static void end_tag(struct xml *x, struct span s)
{
	if (x->depth != 0)
		x->depth--;
	words_scrub(x->words, s.p, s.n, &policy_element);
}

/* ---- markup ---- */

struct markup {
	const char *open, *close;
};

/* Length of the markup at the start of s, up to its end or that of the text. */
static size_t markup_length(struct span s, const struct markup *m)
{
	struct slice close = slice_from(m->close);
	size_t open = strlen(m->open);
	struct slice rest = span_slice(span_part(s, open, s.n));
	size_t at = slice_find(rest, close);
	return open + (at < rest.n ? at + close.n : rest.n);
}

/* The end of a tag: > within quotes does not count. */
static size_t tag_length(struct span s)
{
	uint8_t quote = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (quote == 0 && s.p[i] == '>')
			return i + 1;
		if (quote == 0 && (s.p[i] == '"' || s.p[i] == '\''))
			quote = s.p[i];
		else if (s.p[i] == quote)
			quote = 0;
	}
	size_t end = span_find(s, ">"); /* quotes that do not match */
	return end < s.n ? end + 1 : s.n;
}

static void tag_scrub(struct xml *x, struct span tag)
{
	struct span inside = span_part(tag, 1, tag.n);
	if (inside.n != 0 && inside.p[inside.n - 1] == '>')
		inside.n--;
	if (inside.n != 0 && inside.p[0] == '/')
		end_tag(x, span_part(inside, 1, inside.n));
	else
		start_tag(x, inside);
}

/* Takes markup at the start of s. */
static size_t markup_scrub(struct xml *x, struct span s)
{
	static const struct markup comment = { "<!--", "-->" }, cdata = { "<![CDATA[", "]]>" },
				   instruction = { "<?", "?>" };
	static const struct policy other = { .keep = KEEP_XML, .numbers = NUMBERS_OTHER };
	struct slice text = span_slice(s);
	size_t n;
	if (slice_starts(text, SLICE("<!--"))) {
		n = markup_length(s, &comment);
		text_scrub(x->words, span_part(s, 4, n - 4), KIND_TEXT, true);
	} else if (slice_starts(text, SLICE("<![CDATA["))) {
		n = markup_length(s, &cdata);
		size_t end = slice_find(span_slice(span_part(s, 9, n - 9)), SLICE("]]>"));
		text_scrub(x->words, span_part(s, 9, end), kind_here(x), false);
	} else if (slice_starts(text, SLICE("<?"))) {
		bool declaration = slice_starts(text, SLICE("<?xml "));
		n = markup_length(s, &instruction);
		words_scrub(x->words, s.p, n, declaration ? &policy_token : &other);
	} else if (slice_starts(text, SLICE("<!"))) {
		n = tag_length(s);
		words_scrub(x->words, s.p, n, &other);
	} else {
		n = tag_length(s);
		tag_scrub(x, span_part(s, 0, n));
	}
	return n;
}

static void markup_and_text(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct xml x = { .words = w };
	struct span rest = { p, n };
	while (rest.n != 0) {
		size_t end = span_find(rest, "<");
		if (end != 0)
			text_scrub(w, span_part(rest, 0, end), kind_here(&x), true);
		rest = span_part(rest, end, rest.n);
		if (rest.n != 0)
			rest = span_part(rest, markup_scrub(&x, rest), rest.n);
	}
}

void scrub_xml(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct slice s = { p, n };
	struct slice little = { (const uint8_t *)"<\0", 2 }, big = { (const uint8_t *)"\0<", 2 };
	if (slice_starts(s, SLICE("\xff\xfe")) || slice_starts(s, little))
		layer_through(w, &layer_utf16le, p, n, markup_and_text, arg);
	else if (slice_starts(s, SLICE("\xfe\xff")) || slice_starts(s, big))
		layer_through(w, &layer_utf16be, p, n, markup_and_text, arg);
	else
		markup_and_text(w, p, n, arg);
}
