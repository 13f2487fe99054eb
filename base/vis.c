/*
 * vis.c - wire bytes made fit to be shown, and back. Whatever the bytes are, what comes out is
 * well-formed UTF-8 that moves no cursor, starts no escape sequence and turns no text around.
 */
#include "base/base.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

size_t utf8_next(struct slice s, uint32_t *cp)
{
	if (s.n == 0)
		return 0;
	uint8_t lead = s.p[0];
	if (lead < 0x80) {
		*cp = lead;
		return 1;
	}
	/* 0xc0, 0xc1 and 0xf5.. begin nothing that is well-formed (Unicode table 3-7). */
	size_t n = lead >= 0xf5 || lead < 0xc2 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (n == 0 || n > s.n)
		return 0;
	uint32_t value = lead & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s.p[i] & 0x3fu);
	}
	bool overlong = (n == 3 && value < 0x800) || (n == 4 && value < 0x10000);
	if (overlong || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*cp = value;
	return n;
}

static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f);
}

/* Bidi controls (UAX 9, table 4) and the separators that end a line. */
static bool is_deceptive(uint32_t cp)
{
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069);
}

static size_t write_bytes(char *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex_digits[p[i] >> 4];
		*out++ = hex_digits[p[i] & 15];
	}
	return 4 * n;
}

static size_t write_code_point(char *out, uint32_t cp)
{
	char *start = out;
	*out++ = '\\';
	*out++ = 'u';
	*out++ = '{';
	unsigned shift = 20;
	while (shift != 0 && cp >> shift == 0)
		shift -= 4;
	for (;; shift -= 4) {
		*out++ = hex_digits[cp >> shift & 15];
		if (shift == 0)
			break;
	}
	*out++ = '}';
	return (size_t)(out - start);
}

size_t vis_next(struct slice *in, char out[VIS_MAX])
{
	if (in->n == 0)
		return 0;
	uint32_t cp = 0;
	const uint8_t *p = in->p;
	size_t n = utf8_next(*in, &cp);
	size_t taken = n == 0 ? 1 : n;
	in->p += taken;
	in->n -= taken;
	if (n == 0 || is_control(cp))
		return write_bytes(out, p, taken);
	if (is_deceptive(cp))
		return write_code_point(out, cp);
	memcpy(out, p, n);
	if (cp != '\\')
		return n;
	out[1] = '\\';
	return 2;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The bytes of a code point; 0 when it is a surrogate or beyond Unicode. */
static size_t utf8_write(uint32_t cp, uint8_t out[4])
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i != 0; i--) {
		out[i] = (uint8_t)(0x80 | (cp & 0x3f));
		cp >>= 6;
	}
	out[0] = (uint8_t)((0xf00u >> n & 0xff) | cp);
	return n;
}

static size_t read_code_point(struct cursor *c, uint8_t out[4])
{
	uint32_t cp = 0;
	size_t digits = 0;
	if (cursor_u8(c) != '{')
		return 0;
	for (uint8_t byte = cursor_u8(c); byte != '}'; byte = cursor_u8(c)) {
		int value = hex_value(byte);
		if (value < 0 || ++digits > 6)
			return 0;
		cp = cp << 4 | (uint32_t)value;
	}
	return digits == 0 ? 0 : utf8_write(cp, out);
}

static size_t read_byte(struct cursor *c, uint8_t out[4])
{
	int high = hex_value(cursor_u8(c));
	int low = hex_value(cursor_u8(c));
	if (high < 0 || low < 0)
		return 0;
	out[0] = (uint8_t)(high << 4 | low);
	return 1;
}

/* What stands behind a backslash; 0 bytes when it is no escape of ours. */
static size_t read_escape(struct cursor *c, uint8_t out[4])
{
	switch (cursor_u8(c)) {
	case '\\':
		out[0] = '\\';
		return 1;
	case 'x':
		return read_byte(c, out);
	case 'u':
		return read_code_point(c, out);
	default:
		return 0;
	}
}

size_t unvis(const char *text, size_t n, uint8_t *out, size_t room)
{
	struct cursor c = cursor_from((struct slice){ (const uint8_t *)text, n });
	size_t written = 0;
	while (cursor_left(&c) != 0) {
		uint8_t bytes[4] = { cursor_u8(&c) };
		size_t got = bytes[0] == '\\' ? read_escape(&c, bytes) : 1;
		if (got == 0 || got > room - written)
			return SIZE_MAX;
		memcpy(out + written, bytes, got);
		written += got;
	}
	return written;
}

bool vis_is_plain(struct slice s)
{
	while (s.n != 0) {
		char text[VIS_MAX];
		struct slice rest = s;
		bool backslash = s.p[0] == '\\';
		size_t shown = vis_next(&rest, text);
		if (!backslash && shown != s.n - rest.n)
			return false;
		s = rest;
	}
	return true;
}
