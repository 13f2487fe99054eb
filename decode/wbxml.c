/*
 * wbxml.c - the grammar of WBXML (WAP-192 section 5) as a machine that takes a byte, or a run of them,
 * at a time; see wbxml.h. It holds no element open itself: END closes the one opened last.
 */
#include "decode/wbxml.h"
#include "decode/charset.h"
#include "decode/value.h"

#include <string.h>

enum token {
	SWITCH_PAGE = 0x00,
	END = 0x01,
	ENTITY = 0x02,
	STR_I = 0x03,
	LITERAL = 0x04,
	EXT_I_0 = 0x40,
	EXT_I_2 = 0x42,
	PI = 0x43,
	LITERAL_C = 0x44,
	EXT_T_0 = 0x80,
	EXT_T_2 = 0x82,
	STR_T = 0x83,
	LITERAL_A = 0x84,
	EXT_0 = 0xc0,
	EXT_2 = 0xc2,
	OPAQUE = 0xc3,
	LITERAL_AC = 0xc4,
};

enum { HAS_CONTENT = 0x40, HAS_ATTRIBUTES = 0x80, TAG_TOKEN = 0x3f };
enum { VERSION_1_0 = 0, VERSION_1_3 = 3, NUMBER_BYTES = 5 };

/* What the next byte is of. */
enum state {
	AT_VERSION,
	IN_PUBLIC_ID,
	IN_PUBLIC_ID_INDEX,
	IN_CHARSET,
	IN_TABLE_LENGTH,
	IN_TABLE,
	AT_TOKEN,
	AT_PAGE,
	IN_ENTITY,
	IN_STRING,
	IN_STRING_INDEX,
	IN_LITERAL_INDEX,
	IN_OPAQUE_LENGTH,
	IN_OPAQUE,
	IN_EXTENSION_STRING,
	IN_EXTENSION_NUMBER,
};

/* Whose attributes are being skipped. */
enum list { NO_LIST, LIST_OF_EMPTY_TAG, LIST_OF_TAG, LIST_OF_PI };

struct wbxml {
	const struct limits *limits;
	struct wbxml_events events;
	struct content_sink sink;
	enum state state;
	enum list list;
	struct charset charset;
	struct text table;
	uint64_t expanded; /* bytes handed on by reference to the table */
	uint32_t number; /* being read */
	uint8_t number_bytes;
	uint8_t version, page;
	uint8_t literal; /* the token whose index is being read */
	uint32_t left; /* bytes of what has a length */
	size_t depth;
	bool root_closed;
	bool lost; /* something of it was not handed on */
	bool stopped;
};

static void wbxml_lose(struct wbxml *w, enum anomaly_code code)
{
	w->lost = true;
	w->sink.anomaly(w->sink.ctx, code, 0);
}

static void wbxml_fail(struct wbxml *w, enum anomaly_code code)
{
	wbxml_lose(w, code);
	w->stopped = true;
}

/* ---- events ---- */

static void emit(struct wbxml *w, bool wants_more)
{
	if (!wants_more)
		w->stopped = true;
}

static void emit_text(struct wbxml *w, struct slice s)
{
	if (w->list == NO_LIST && s.n > 0)
		emit(w, w->events.text(w->events.ctx, s));
}

static void element_end(struct wbxml *w)
{
	w->depth--;
	if (w->depth == 0)
		w->root_closed = true;
	emit(w, w->events.end(w->events.ctx));
}

static void element_begin(struct wbxml *w, uint8_t byte, struct slice literal)
{
	const struct wbxml_tag tag = { w->page, byte & TAG_TOKEN, literal };
	if (w->root_closed) {
		wbxml_fail(w, WBXML_MALFORMED);
		return;
	}
	if (w->depth == w->limits->xml_depth || w->depth == WBXML_DEPTH_MAX) {
		wbxml_fail(w, WBXML_LIMIT);
		return;
	}
	w->depth++;
	emit(w, w->events.start(w->events.ctx, &tag));
	if ((byte & HAS_ATTRIBUTES) != 0)
		w->list = (byte & HAS_CONTENT) != 0 ? LIST_OF_TAG : LIST_OF_EMPTY_TAG;
	else if ((byte & HAS_CONTENT) == 0 && !w->stopped)
		element_end(w);
}

/* Text stands in elements only. */
static bool text_allowed(struct wbxml *w)
{
	if (w->list == NO_LIST && w->depth == 0)
		wbxml_fail(w, WBXML_MALFORMED);
	return !w->stopped;
}

/* ---- strings ---- */

/* Hands on the string at the start of s; returns how much of s that was, *ended with its NUL. */
static size_t string_utf8(struct wbxml *w, struct slice s, bool *ended)
{
	size_t n = slice_find_byte(s, 0);
	*ended = n < s.n;
	emit_text(w, slice_part(s, 0, n));
	return *ended ? n + 1 : n;
}

static size_t string_convert(struct wbxml *w, struct slice s, bool *ended)
{
	uint8_t out[256];
	size_t n_out = 0, i = 0;
	*ended = false;
	while (i < s.n && !*ended && n_out <= sizeof(out) - CHARSET_MAX) {
		n_out += charset_byte(&w->charset, s.p[i++], out + n_out);
		*ended = n_out > 0 && out[n_out - 1] == 0;
	}
	emit_text(w, (struct slice){ out, *ended ? n_out - 1 : n_out });
	return i;
}

static size_t string_piece(struct wbxml *w, struct slice s, bool *ended)
{
	bool is_utf8 = w->charset.kind == CHARSET_UTF8;
	return is_utf8 ? string_utf8(w, s, ended) : string_convert(w, s, ended);
}

static void string_begin(struct wbxml *w)
{
	w->charset.half = false;
	w->charset.high = 0;
}

/* A few bytes can name a long string: what that makes in sum is bounded. */
static void table_use(struct wbxml *w, size_t n, bool ended)
{
	w->expanded += n;
	if (w->expanded > w->limits->xml_text)
		wbxml_fail(w, WBXML_LIMIT);
	else if (!ended)
		wbxml_lose(w, w->table.cut ? WBXML_LIMIT : WBXML_MALFORMED);
}

static struct slice table_from(const struct wbxml *w, uint32_t index)
{
	return slice_part(text_slice(&w->table), index, SIZE_MAX);
}

static void string_reference(struct wbxml *w, uint32_t index)
{
	struct slice s = table_from(w, index);
	size_t used = 0;
	bool ended = false;
	string_begin(w);
	while (used < s.n && !ended && !w->stopped)
		used += string_piece(w, slice_part(s, used, s.n), &ended);
	if (!w->stopped)
		table_use(w, used, ended);
}

/* ---- tokens ---- */

static void number_begin(struct wbxml *w, enum state state)
{
	w->state = state;
	w->number = 0;
	w->number_bytes = 0;
}

/* mb_u_int32: seven bits a byte, the highest first (5.1). True when it is complete. */
static bool number_byte(struct wbxml *w, uint8_t byte)
{
	if (++w->number_bytes > NUMBER_BYTES || w->number > UINT32_MAX >> 7) {
		wbxml_fail(w, WBXML_MALFORMED);
		return false;
	}
	w->number = w->number << 7 | (byte & 0x7f);
	return (byte & 0x80) == 0;
}

static void list_end(struct wbxml *w)
{
	enum list list = w->list;
	w->list = NO_LIST;
	if (list == LIST_OF_EMPTY_TAG)
		element_end(w);
}

static void end_token(struct wbxml *w)
{
	if (w->list != NO_LIST)
		list_end(w);
	else if (w->depth > 0)
		element_end(w);
	else
		wbxml_fail(w, WBXML_MALFORMED);
}

/* Tokens for what an application defines; ActiveSync defines none, so their text is not known. */
static void extension(struct wbxml *w, enum state state)
{
	if (!text_allowed(w))
		return;
	if (w->list == NO_LIST)
		wbxml_lose(w, WBXML_MALFORMED);
	if (state != AT_TOKEN)
		number_begin(w, state);
}

static void text_token(struct wbxml *w, enum state state)
{
	if (text_allowed(w))
		number_begin(w, state);
}

static void tag_token(struct wbxml *w, uint8_t byte)
{
	/* In a list these are names and values of attributes. */
	if (w->list == NO_LIST)
		element_begin(w, byte, (struct slice){ NULL, 0 });
}

static void token_byte(struct wbxml *w, uint8_t byte)
{
	switch (byte) {
	case SWITCH_PAGE:
		w->state = AT_PAGE;
		break;
	case END:
		end_token(w);
		break;
	case ENTITY:
		text_token(w, IN_ENTITY);
		break;
	case STR_I:
		string_begin(w);
		text_token(w, IN_STRING);
		break;
	case STR_T:
		text_token(w, IN_STRING_INDEX);
		break;
	case OPAQUE:
		text_token(w, IN_OPAQUE_LENGTH);
		break;
	case LITERAL:
	case LITERAL_C:
	case LITERAL_A:
	case LITERAL_AC:
		w->literal = byte;
		number_begin(w, IN_LITERAL_INDEX);
		break;
	case PI:
		if (w->list != NO_LIST)
			wbxml_fail(w, WBXML_MALFORMED);
		w->list = LIST_OF_PI;
		break;
	default:
		if (byte >= EXT_I_0 && byte <= EXT_I_2)
			extension(w, IN_EXTENSION_STRING);
		else if (byte >= EXT_T_0 && byte <= EXT_T_2)
			extension(w, IN_EXTENSION_NUMBER);
		else if (byte >= EXT_0 && byte <= EXT_2)
			extension(w, AT_TOKEN);
		else
			tag_token(w, byte);
	}
}

/* ---- what a number was of ---- */

static void entity(struct wbxml *w, uint32_t c)
{
	uint8_t utf8[CHARSET_MAX];
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		wbxml_lose(w, WBXML_MALFORMED);
	else
		emit_text(w, (struct slice){ utf8, charset_put(c, utf8) });
}

static void literal(struct wbxml *w, uint32_t index)
{
	struct slice s = table_from(w, index);
	struct slice name = slice_part(s, 0, slice_find_byte(s, 0));
	if (w->list != NO_LIST)
		return;
	table_use(w, name.n, name.n < s.n);
	wbxml_lose(w, WBXML_MALFORMED); /* it may be the name of what we know by token */
	if (!w->stopped)
		element_begin(w, w->literal, name);
}

/* IANA's MIBenum. Of others only what is ASCII in them is sure, and that a NUL ends a string. */
static void charset_number(struct wbxml *w, uint32_t mib)
{
	enum { UNKNOWN = 0, US_ASCII = 3, LATIN1 = 4, UTF8 = 106, UCS2 = 1000 };
	enum { UTF16BE = 1013, UTF16LE = 1014, UTF16 = 1015 };
	if (mib == LATIN1)
		w->charset.kind = CHARSET_LATIN1;
	else if (mib == UTF16LE)
		w->charset.kind = CHARSET_UTF16LE;
	else if (mib == UCS2 || mib == UTF16BE || mib == UTF16)
		w->charset.kind = CHARSET_UTF16BE;
	else if (mib != UNKNOWN && mib != US_ASCII && mib != UTF8)
		wbxml_lose(w, WBXML_MALFORMED);
}

static void length_begin(struct wbxml *w, enum state state, uint32_t length)
{
	w->left = length;
	w->state = length > 0 ? state : AT_TOKEN;
}

static void public_id(struct wbxml *w)
{
	/* Version 1.0 has no charset: its strings are those of the transport. */
	number_begin(w, w->version == VERSION_1_0 ? IN_TABLE_LENGTH : IN_CHARSET);
}

static void number_end(struct wbxml *w)
{
	enum state state = w->state;
	w->state = AT_TOKEN;
	switch (state) {
	case IN_PUBLIC_ID:
		if (w->number == 0)
			number_begin(w, IN_PUBLIC_ID_INDEX);
		else
			public_id(w);
		break;
	case IN_PUBLIC_ID_INDEX:
		public_id(w);
		break;
	case IN_CHARSET:
		charset_number(w, w->number);
		number_begin(w, IN_TABLE_LENGTH);
		break;
	case IN_TABLE_LENGTH:
		text_begin(&w->table, w->limits->xml_token);
		length_begin(w, IN_TABLE, w->number);
		break;
	case IN_ENTITY:
		if (w->list == NO_LIST)
			entity(w, w->number);
		break;
	case IN_STRING_INDEX:
		if (w->list == NO_LIST)
			string_reference(w, w->number);
		break;
	case IN_LITERAL_INDEX:
		literal(w, w->number);
		break;
	case IN_OPAQUE_LENGTH:
		length_begin(w, IN_OPAQUE, w->number);
		break;
	default:
		break;
	}
}

/* ---- the machine ---- */

static void version_byte(struct wbxml *w, uint8_t byte)
{
	w->version = byte;
	number_begin(w, IN_PUBLIC_ID);
	if (byte > VERSION_1_3)
		wbxml_fail(w, WBXML_MALFORMED);
}

static size_t wbxml_length(struct wbxml *w, struct slice in)
{
	size_t n = in.n < w->left ? in.n : w->left;
	struct slice piece = slice_part(in, 0, n);
	if (w->state == IN_OPAQUE)
		emit_text(w, piece);
	else if (!text_add(&w->table, piece))
		wbxml_fail(w, HTTP_LIMIT);
	w->left -= (uint32_t)n;
	if (w->left == 0)
		w->state = AT_TOKEN;
	return n;
}

static size_t wbxml_string(struct wbxml *w, struct slice in)
{
	bool ended;
	size_t n = string_piece(w, in, &ended);
	if (ended)
		w->state = AT_TOKEN;
	return n;
}

static size_t wbxml_skip_string(struct wbxml *w, struct slice in)
{
	enum list list = w->list;
	w->list = LIST_OF_PI; /* so that nothing is handed on */
	size_t n = wbxml_string(w, in);
	w->list = list;
	return n;
}

/* Takes at least one byte; returns how many. */
static size_t wbxml_step(struct wbxml *w, struct slice in)
{
	switch (w->state) {
	case AT_VERSION:
		version_byte(w, in.p[0]);
		return 1;
	case AT_TOKEN:
		token_byte(w, in.p[0]);
		return 1;
	case AT_PAGE:
		if (w->list == NO_LIST) /* attributes have pages of their own */
			w->page = in.p[0];
		w->state = AT_TOKEN;
		return 1;
	case IN_TABLE:
	case IN_OPAQUE:
		return wbxml_length(w, in);
	case IN_STRING:
		return wbxml_string(w, in);
	case IN_EXTENSION_STRING:
		return wbxml_skip_string(w, in);
	default:
		if (number_byte(w, in.p[0]))
			number_end(w);
		return 1;
	}
}

/* ---- the face ---- */

struct wbxml *wbxml_new(const struct limits *limits, struct arena *arena,
    struct wbxml_events events, struct content_sink sink)
{
	struct wbxml *w = arena_alloc(arena, sizeof(*w));
	if (w == NULL)
		return NULL;
	w->limits = limits;
	w->events = events;
	w->sink = sink;
	w->table.arena = arena;
	return w;
}

bool wbxml_data(struct wbxml *w, struct slice in)
{
	while (in.n > 0 && !w->stopped)
		in = slice_part(in, wbxml_step(w, in), in.n);
	return !w->stopped;
}

bool wbxml_end(struct wbxml *w, bool whole)
{
	bool ended = w->root_closed && w->state == AT_TOKEN && w->list == NO_LIST;
	if (whole && !ended && !w->stopped)
		wbxml_fail(w, WBXML_MALFORMED);
	return whole && ended && !w->stopped && !w->lost;
}
