/*
 * charset.c - finds the encoding of an XML body and turns it into UTF-8, so that what the parser
 * gets is always UTF-8 and no library loads conversion tables on the word of a stranger.
 */
#include "decode/charset.h"
#include "decode/xml.h"

enum { BAD_CHARACTER = 0xfffe, DECLARATION_MAX = 256 };

static enum charset_kind charset_named(struct slice name)
{
	static const struct {
		const char *name;
		enum charset_kind kind;
	} names[] = {
		{ "utf-8", CHARSET_UTF8 },
		{ "utf8", CHARSET_UTF8 },
		{ "us-ascii", CHARSET_UTF8 },
		{ "ascii", CHARSET_UTF8 },
		{ "iso-8859-1", CHARSET_LATIN1 },
		{ "latin1", CHARSET_LATIN1 },
		/* It was read so far byte by byte: not UTF-16, whatever it says. */
		{ "utf-16", CHARSET_UTF8 },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is_nocase(name, names[i].name))
			return names[i].kind;
	return CHARSET_UNKNOWN;
}

/* The value in quotes behind `encoding =`; empty when there is none. */
static struct slice charset_quoted(struct slice s)
{
	const struct slice none = { NULL, 0 };
	s = xml_trim(s);
	if (s.n == 0 || s.p[0] != '=')
		return none;
	s = slice_part(s, 1, s.n);
	s = xml_trim(s);
	if (s.n == 0 || (s.p[0] != '"' && s.p[0] != '\''))
		return none;
	struct slice value = slice_part(s, 1, s.n);
	size_t end = slice_find_byte(value, s.p[0]);
	return end < value.n ? slice_part(value, 0, end) : none;
}

static enum charset_kind charset_declared(struct slice s)
{
	if (!slice_starts(s, SLICE("<?xml")))
		return CHARSET_UTF8;
	s = slice_part(s, 0, DECLARATION_MAX);
	s = slice_part(s, 0, slice_find(s, SLICE("?>")));
	size_t at = slice_find(s, SLICE("encoding"));
	if (at == s.n)
		return CHARSET_UTF8;
	return charset_named(charset_quoted(slice_part(s, at + 8, s.n)));
}

enum charset_kind charset_detect(struct slice first, size_t *mark)
{
	static const struct {
		struct slice bytes;
		size_t mark;
		enum charset_kind kind;
	} starts[] = {
		{ { (const uint8_t *)"\xef\xbb\xbf", 3 }, 3, CHARSET_UTF8 },
		{ { (const uint8_t *)"\xff\xfe", 2 }, 2, CHARSET_UTF16LE },
		{ { (const uint8_t *)"\xfe\xff", 2 }, 2, CHARSET_UTF16BE },
		{ { (const uint8_t *)"<\0", 2 }, 0, CHARSET_UTF16LE },
		{ { (const uint8_t *)"\0<", 2 }, 0, CHARSET_UTF16BE },
	};
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (slice_starts(first, starts[i].bytes)) {
			*mark = starts[i].mark;
			return starts[i].kind;
		}
	}
	*mark = 0;
	return charset_declared(first);
}

size_t charset_put(uint32_t c, uint8_t out[CHARSET_MAX])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* One unit of UTF-16 (RFC 2781 2.2). */
static size_t charset_unit(struct charset *s, uint16_t unit, uint8_t *out)
{
	uint16_t high = s->high;
	s->high = 0;
	bool low = unit >= 0xdc00 && unit <= 0xdfff;
	if (high != 0 && low)
		return charset_put(0x10000 + ((uint32_t)(high & 0x3ff) << 10 | (unit & 0x3ff)),
		    out);
	size_t n = high != 0 ? charset_put(BAD_CHARACTER, out) : 0;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		s->high = unit;
		return n;
	}
	return n + charset_put(low ? BAD_CHARACTER : unit, out + n);
}

size_t charset_byte(struct charset *s, uint8_t byte, uint8_t out[CHARSET_MAX])
{
	if (s->kind == CHARSET_LATIN1)
		return charset_put(byte, out);
	s->half = !s->half;
	if (s->half) {
		s->byte = byte;
		return 0;
	}
	bool little = s->kind == CHARSET_UTF16LE;
	unsigned high = little ? byte : s->byte, low = little ? s->byte : byte;
	return charset_unit(s, (uint16_t)(high << 8 | low), out);
}

size_t charset_end(struct charset *s, uint8_t out[CHARSET_MAX])
{
	return s->half || s->high != 0 ? charset_put(BAD_CHARACTER, out) : 0;
}
