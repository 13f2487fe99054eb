/*
 * wbxml.c - writing and reading WBXML 1.3 (WAP-192) without attributes, string table and entities.
 */
#include "play/wbxml.h"

#include <stdarg.h>

enum {
	SWITCH_PAGE = 0x00,
	END = 0x01,
	STR_I = 0x03,
	CONTENT = 0x40,
	ATTRIBUTES = 0x80,
	FIRST_TAG = 5
};
static const uint8_t head[] = { 0x03, 0x01, 0x6a, 0x00 }; /* 1.3, no public id, UTF-8, no table */

/* ---- writing ---- */

static void put(struct wbxml_out *out, unsigned byte)
{
	uint8_t b = (uint8_t)byte;
	text_bytes(out->to, &b, 1);
}

static void put_tag(struct wbxml_out *out, unsigned tag)
{
	if (tag >> 8 != out->page) {
		out->page = tag >> 8;
		put(out, SWITCH_PAGE);
		put(out, out->page);
	}
	put(out, (tag & 0x3f) | CONTENT);
}

struct wbxml_out wbxml_begin(struct text *to)
{
	text_bytes(to, head, sizeof head);
	return (struct wbxml_out){ to, 0 };
}

void wbxml_open(struct wbxml_out *out, unsigned tag)
{
	put_tag(out, tag);
}

void wbxml_close(struct wbxml_out *out)
{
	put(out, END);
}

void wbxml_text(struct wbxml_out *out, unsigned tag, const char *format, ...)
{
	char text[HEADER_VALUE];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	put_tag(out, tag);
	put(out, STR_I);
	text_bytes(out->to, text, slice_from(text).n + 1);
	put(out, END);
}

/* ---- reading ---- */

struct wbxml_in wbxml_read(struct slice bytes)
{
	struct wbxml_in in = { .at = cursor_from(bytes) };
	in.at.bad = !slice_equal(cursor_take(&in.at, sizeof head),
	    (struct slice){ head, sizeof head });
	return in;
}

static struct wbxml_event text_event(struct wbxml_in *in)
{
	struct slice rest = cursor_rest(&in->at);
	size_t n = slice_find_byte(rest, 0);
	cursor_skip(&in->at, n + 1);
	struct slice text = slice_part(rest, 0, n);
	return (struct wbxml_event){ in->at.bad ? WBXML_BAD : WBXML_TEXT, 0, text };
}

static struct wbxml_event tag_event(struct wbxml_in *in, unsigned byte)
{
	unsigned token = byte & 0x3f;
	bool content = byte & CONTENT;
	if (byte & ATTRIBUTES || token < FIRST_TAG)
		in->at.bad = true;
	in->depth += content;
	struct wbxml_event e = { content ? WBXML_OPEN : WBXML_EMPTY, in->page << 8 | token,
		{ NULL, 0 } };
	if (in->at.bad)
		e.kind = WBXML_BAD;
	return e;
}

struct wbxml_event wbxml_next(struct wbxml_in *in)
{
	while (!in->at.bad && cursor_left(&in->at) != 0) {
		unsigned byte = cursor_u8(&in->at);
		if (byte == SWITCH_PAGE) {
			in->page = cursor_u8(&in->at);
		} else if (byte == STR_I) {
			return text_event(in);
		} else if (byte != END) {
			return tag_event(in, byte);
		} else if (in->depth != 0) {
			in->depth--;
			return (struct wbxml_event){ .kind = WBXML_CLOSE };
		} else {
			in->at.bad = true;
		}
	}
	in->at.bad = in->at.bad || in->depth != 0;
	return (struct wbxml_event){ .kind = in->at.bad ? WBXML_BAD : WBXML_END };
}
