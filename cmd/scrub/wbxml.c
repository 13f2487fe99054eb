/*
 * wbxml.c - ActiveSync bodies: walks the tokens of WBXML (WAP-192) and scrubs strings where they stand, by
 * the tag around them. Any text could be taken for tags, so all of it is walked before anything is believed:
 * what does not end where its root does, is filled.
 */
#include "cmd/scrub/formats.h"

enum token {
	SWITCH_PAGE = 0x00,
	END = 0x01,
	STR_I = 0x03,
	LITERAL = 0x04,
	STR_T = 0x83,
	OPAQUE = 0xc3,
	TAG_CONTENT = 0x40,
	TAG_ATTRIBUTES = 0x80,
	TAG_CODE = 0x3f,
};

enum { DEPTH_MAX = 64, ZONE_BYTES = 172, ZONE_NAME = 64, ZONE_NAMES = 4, ZONE_SECOND = 88 };

enum kind { KIND_VALUE, KIND_NAME, KIND_KEY, KIND_PRIVATE, KIND_SECRET, KIND_ZONE, KIND_MIME };

/* Page and code of a tag (MS-ASWBXML 2.1.2.1); code 0: all others of the page. */
static const struct {
	uint8_t page, code, kind;
} tags[] = {
	{ 0, 0x0b, KIND_KEY }, /* SyncKey */
	{ 0, 0x0c, KIND_NAME }, /* ClientId, ServerId, CollectionId */
	{ 0, 0x0d, KIND_NAME }, { 0, 0x12, KIND_NAME }, { 1, 0, KIND_PRIVATE }, /* Contacts */
	{ 4, 0x05, KIND_ZONE }, /* Calendar: TimeZone */
	{ 4, 0x28, KIND_NAME }, /* UID, ClientUid */
	{ 4, 0x3c, KIND_NAME }, { 5, 0x07, KIND_NAME }, /* MoveItems */
	{ 5, 0x08, KIND_NAME }, { 5, 0x09, KIND_NAME }, { 5, 0x0c, KIND_NAME },
	{ 7, 0x07, KIND_NAME }, /* FolderHierarchy: DisplayName, ServerId, ParentId, SyncKey */
	{ 7, 0x08, KIND_NAME }, { 7, 0x09, KIND_NAME }, { 7, 0x12, KIND_KEY },
	{ 10, 0, KIND_PRIVATE }, /* ResolveRecipients */
	{ 12, 0, KIND_PRIVATE }, /* Contacts2 */
	{ 13, 0x0b, KIND_NAME }, /* Ping: Id */
	{ 14, 0x09, KIND_KEY }, /* Provision: PolicyKey */
	{ 16, 0, KIND_PRIVATE }, /* GAL */
	{ 18, 0x14, KIND_SECRET }, /* Settings: Password */
	{ 21, 0x10, KIND_MIME }, /* ComposeMail: Mime */
};

struct wbxml {
	const struct words *words;
	struct span rest;
	uint8_t page;
	uint8_t kinds[DEPTH_MAX]; /* of the tags that are open */
	size_t depth;
	bool rooted, lost;
	bool trial; /* nothing is scrubbed yet */
};

static uint8_t byte_take(struct wbxml *x)
{
	if (x->rest.n == 0) {
		x->lost = true;
		return 0;
	}
	uint8_t byte = x->rest.p[0];
	x->rest = span_part(x->rest, 1, x->rest.n);
	return byte;
}

/* Seven bits a byte, the highest says that another follows. */
static size_t number_take(struct wbxml *x)
{
	size_t value = 0;
	for (int i = 0; i < 5; i++) {
		uint8_t byte = byte_take(x);
		value = value << 7 | (byte & 0x7f);
		if ((byte & 0x80) == 0)
			return value;
	}
	x->lost = true;
	return 0;
}

static struct span bytes_take(struct wbxml *x, size_t n)
{
	struct span s = span_part(x->rest, 0, n);
	x->lost = x->lost || s.n < n;
	x->rest = span_part(x->rest, n, x->rest.n);
	return s;
}

/* ---- values ---- */

static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n != 0 && s.n <= 5;
}

/* The time zone of an appointment (MS-ASDTYPE 2.7.6): numbers, and two names in UTF-16. */
static void zone_plain(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	if (n != ZONE_BYTES) {
		words_fill(w, p, n);
		return;
	}
	for (size_t at = ZONE_NAMES; at <= ZONE_SECOND; at += ZONE_SECOND - ZONE_NAMES)
		layer_through(w, &layer_utf16le, p + at, ZONE_NAME, scrub_words, &policy_zone);
}

static void string_scrub(const struct wbxml *x, struct span s, enum kind kind)
{
	static const struct {
		scrubbing *scrub;
		const void *arg;
	} ways[] = {
		[KIND_VALUE] = { scrub_value, NULL },
		[KIND_NAME] = { scrub_words, &policy_name },
		[KIND_KEY] = { scrub_words, &policy_tag },
		[KIND_PRIVATE] = { scrub_private, NULL },
		[KIND_SECRET] = { scrub_words, &policy_secret },
		[KIND_MIME] = { scrub_mime, NULL },
	};
	struct slice text = span_slice(s);
	if (x->trial || (kind == KIND_VALUE && is_number(s)))
		return;
	if (kind == KIND_ZONE)
		layer_base64(x->words, s.p, s.n, zone_plain, NULL);
	else if (slice_starts_nocase(text, SLICE("BEGIN:V")))
		scrub_calendar(x->words, s.p, s.n, NULL);
	else if (kind == KIND_VALUE && text.n != 0 && text.p[0] == '<')
		scrub_xml(x->words, s.p, s.n, NULL);
	else
		ways[kind].scrub(x->words, s.p, s.n, ways[kind].arg);
}

static bool is_text(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' && s.p[i] != '\r' && s.p[i] != '\n' && s.p[i] != '\t')
			return false;
	return true;
}

static enum kind kind_here(const struct wbxml *x)
{
	bool known = x->depth != 0 && x->depth <= DEPTH_MAX;
	return known ? (enum kind)x->kinds[x->depth - 1] : KIND_VALUE;
}

static void opaque_scrub(const struct wbxml *x, struct span s)
{
	enum kind kind = kind_here(x);
	if (x->trial)
		return;
	if (kind == KIND_ZONE || !is_text(s))
		words_fill(x->words, s.p, s.n);
	else
		string_scrub(x, s, kind);
}

/* ---- tokens ---- */

static enum kind kind_of(uint8_t page, uint8_t code)
{
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
		if (tags[i].page == page && (tags[i].code == code || tags[i].code == 0))
			return (enum kind)tags[i].kind;
	return KIND_VALUE;
}

static void tag_open(struct wbxml *x, uint8_t token)
{
	x->rooted = true;
	if ((token & TAG_ATTRIBUTES) != 0) /* ActiveSync has none */
		x->lost = true;
	if ((token & TAG_CONTENT) == 0)
		return;
	if (x->depth < DEPTH_MAX)
		x->kinds[x->depth] = (uint8_t)kind_of(x->page, token & TAG_CODE);
	x->depth++;
}

static void token_scrub(struct wbxml *x)
{
	uint8_t token = byte_take(x);
	struct span s;
	switch (token) {
	case SWITCH_PAGE:
		x->page = byte_take(x);
		return;
	case END:
		x->lost = x->lost || x->depth == 0;
		x->depth -= x->depth != 0;
		return;
	case STR_I:
		s = bytes_take(x, slice_find_byte(span_slice(x->rest), 0));
		string_scrub(x, s, kind_here(x));
		byte_take(x);
		return;
	case STR_T:
		number_take(x);
		return;
	case OPAQUE:
		s = bytes_take(x, number_take(x));
		opaque_scrub(x, s);
		return;
	default:
		x->lost = x->lost || (token & TAG_CODE) <= LITERAL;
		tag_open(x, token);
	}
}

/* Strings end with NUL each. */
static void table_scrub(const struct wbxml *x, struct span table)
{
	while (table.n != 0 && !x->trial) {
		size_t n = slice_find_byte(span_slice(table), 0);
		scrub_value(x->words, table.p, n, NULL);
		table = span_part(table, n + 1, table.n);
	}
}

/* True: it was a document from its first byte to its last. */
static bool document_walk(struct wbxml *x)
{
	enum { VERSION_MAX = 3 };
	bool known = byte_take(x) <= VERSION_MAX;
	number_take(x); /* public id, charset */
	number_take(x);
	table_scrub(x, bytes_take(x, number_take(x)));
	while (!x->lost && x->rest.n != 0 && (x->depth != 0 || !x->rooted))
		token_scrub(x);
	return known && x->rooted && !x->lost && x->depth == 0 && x->rest.n == 0;
}

void scrub_wbxml(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct wbxml trial = { .words = w, .rest = { p, n }, .trial = true }, x = trial;
	x.trial = false;
	if (document_walk(&trial))
		document_walk(&x);
	else
		words_fill(w, p, n);
}

/* ---- several bodies in one ---- */

static uint32_t number_le(struct span s, size_t at)
{
	struct span four = span_part(s, at, 4);
	uint32_t value = 0;
	for (size_t i = four.n; i-- > 0;)
		value = value << 8 | four.p[i];
	return four.n == 4 ? value : 0;
}

/* A count, a place and a length for each part; the first is WBXML. */
void scrub_parts(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct span all = { p, n };
	size_t parts = number_le(all, 0);
	size_t body = parts < n / 8 ? 4 + 8 * parts : n;
	size_t first = number_le(all, 4), length = number_le(all, 8);
	if (parts == 0 || body >= n || first != body || length > n - body) {
		words_fill(w, p, n);
		return;
	}
	scrub_wbxml(w, p + body, length, arg);
	words_fill(w, p + body + length, n - body - length);
}
