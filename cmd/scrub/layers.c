/*
 * layers.c - the layers whose units can be told one by one.
 */
#include "cmd/scrub/layer.h"

#include "cmd/scrub/character.h"

#include <string.h>

static size_t take_byte(const uint8_t *p, uint8_t *out, size_t *n_out)
{
	out[0] = p[0];
	*n_out = 1;
	return 1;
}

static int hex_value(uint8_t c)
{
	uint8_t lower = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* In the case of the digit that stood there. */
static uint8_t hex_char(unsigned value, uint8_t old)
{
	bool upper = old < 'a';
	return (uint8_t)((upper ? "0123456789ABCDEF" : "0123456789abcdef")[value & 15]);
}

static void hex_put(uint8_t *p, size_t digits, uint32_t value)
{
	for (; digits-- > 0; value >>= 4)
		p[digits] = hex_char(value & 15, p[digits]);
}

/* ---- %41, =41 ---- */

static size_t take_pair(const uint8_t *p, size_t n, uint8_t mark, uint8_t *out, size_t *n_out)
{
	int high = n > 2 && p[0] == mark ? hex_value(p[1]) : -1;
	int low = high < 0 ? -1 : hex_value(p[2]);
	if (low < 0)
		return take_byte(p, out, n_out);
	out[0] = (uint8_t)(high << 4 | low);
	*n_out = 1;
	return 3;
}

static void put_pair(uint8_t *p, size_t n, const uint8_t *in, size_t n_in)
{
	(void)n_in;
	if (n == 1)
		p[0] = in[0];
	else
		hex_put(p + 1, 2, in[0]);
}

static size_t take_percent(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	return take_pair(p, n, '%', out, n_out);
}

/* A line end with what stands before and behind it; 0: there is none. */
static size_t line_end(const uint8_t *p, size_t n)
{
	if (n != 0 && p[0] == '\n')
		return 1;
	return n > 1 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* A soft line break stands for nothing; blanks may trail behind its mark. */
static size_t take_quoted(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	size_t i = 1;
	if (p[0] != '=')
		return take_byte(p, out, n_out);
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	size_t end = line_end(p + i, n - i);
	*n_out = 0;
	return end != 0 ? i + end : take_pair(p, n, '=', out, n_out);
}

static size_t take_q(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	size_t length = take_pair(p, n, '=', out, n_out);
	if (length == 1 && out[0] == '_')
		out[0] = ' ';
	return length;
}

/* ---- &#228; ---- */

struct reference {
	size_t length, digits; /* of all of it; of the number */
	bool hex;
	uint32_t code;
};

/* False: it is none, or of no character. */
static bool reference_read(const uint8_t *p, size_t n, struct reference *r)
{
	*r = (struct reference){ .hex = n > 3 && ascii_lower(p[2]) == 'x' };
	size_t from = r->hex ? 3 : 2, i = from;
	if (n < 4 || p[0] != '&' || p[1] != '#')
		return false;
	for (; i < n && i < from + 8; i++) {
		int digit = hex_value(p[i]);
		if (digit < 0 || (!r->hex && digit > 9))
			break;
		r->code = r->code * (r->hex ? 16 : 10) + (uint32_t)digit;
	}
	r->digits = i - from;
	r->length = i + 1;
	bool surrogate = r->code >= 0xd800 && r->code < 0xe000;
	return r->digits != 0 && i < n && p[i] == ';' && r->code <= 0x10ffff && !surrogate;
}

static size_t take_entity(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	struct reference r;
	static const struct {
		const char *name;
		uint8_t byte;
	} named[] = {
		{ "&amp;", '&' },
		{ "&lt;", '<' },
		{ "&gt;", '>' },
		{ "&quot;", '"' },
		{ "&apos;", '\'' },
		{ "&nbsp;", ' ' },
	};
	if (p[0] != '&')
		return take_byte(p, out, n_out);
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
		size_t length = strlen(named[i].name);
		if (length > n || memcmp(p, named[i].name, length) != 0)
			continue;
		out[0] = named[i].byte;
		*n_out = 1;
		return length;
	}
	if (!reference_read(p, n, &r))
		return take_byte(p, out, n_out);
	*n_out = character_put(r.code, out);
	return r.length;
}

static uint32_t code_of(const uint8_t *in, size_t n)
{
	uint32_t code = in[0];
	utf8_next((struct slice){ in, n }, &code);
	return code;
}

static void put_entity(uint8_t *p, size_t n, const uint8_t *in, size_t n_in)
{
	struct reference r;
	uint32_t code = code_of(in, n_in);
	if (n == 1 || !reference_read(p, n, &r)) {
		p[0] = n == 1 ? in[0] : p[0];
		return;
	}
	uint8_t *digits = p + n - 1 - r.digits;
	if (r.hex)
		hex_put(digits, r.digits, code);
	for (size_t i = r.digits; !r.hex && i-- > 0; code /= 10)
		digits[i] = (uint8_t)('0' + code % 10);
}

/* ---- folded lines, escapes ---- */

static size_t take_fold(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	size_t end = line_end(p, n);
	if (end == 0 || end == n || (p[end] != ' ' && p[end] != '\t'))
		return take_byte(p, out, n_out);
	*n_out = 0;
	return end + 1;
}

static size_t take_obs_fold(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	size_t length = take_fold(p, n, out, n_out);
	if (*n_out == 0) {
		out[0] = ' ';
		*n_out = 1;
	}
	return length;
}

static void put_byte(uint8_t *p, size_t n, const uint8_t *in, size_t n_in)
{
	(void)n_in;
	p[n - 1] = in[0];
}

static size_t take_escape(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	if (p[0] != '\\' || n < 2)
		return take_byte(p, out, n_out);
	out[0] = ascii_lower(p[1]) == 'n' ? '\n' : p[1];
	*n_out = 1;
	return 2;
}

/* ---- JSON, RFC 8259 7 ---- */

/* The four digits of \uXXXX; -1: there are none. */
static int32_t json_unit(const uint8_t *p, size_t n)
{
	int32_t unit = 0;
	if (n < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_value(p[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static size_t take_json(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	int32_t unit = json_unit(p, n), low = unit < 0 ? -1 : json_unit(p + 6, n - 6);
	bool high = unit >= 0xd800 && unit < 0xdc00, pair = high && low >= 0xdc00 && low < 0xe000;
	if (unit >= 0 && !high && (unit < 0xdc00 || unit >= 0xe000)) {
		*n_out = character_put((uint32_t)unit, out);
		return 6;
	}
	if (pair) {
		uint32_t code = 0x10000 +
		    ((uint32_t)(unit & 0x3ff) << 10 | (uint32_t)(low & 0x3ff));
		*n_out = character_put(code, out);
		return 12;
	}
	if (p[0] != '\\' || n < 2)
		return take_byte(p, out, n_out);
	out[0] = p[1] >= 'a' ? ' ' : p[1]; /* \n, \t ... part words */
	*n_out = 1;
	return 2;
}

static void put_json(uint8_t *p, size_t n, const uint8_t *in, size_t n_in)
{
	uint32_t code = code_of(in, n_in);
	if (n < 6) {
		put_byte(p, n, in, n_in);
	} else if (n == 6) {
		hex_put(p + 2, 4, code);
	} else {
		code -= 0x10000;
		hex_put(p + 2, 4, 0xd800 | code >> 10);
		hex_put(p + 8, 4, 0xdc00 | (code & 0x3ff));
	}
}

/* ---- UTF-16 ---- */

static size_t take_utf16(const uint8_t *p, size_t n, unsigned low, uint8_t *out, size_t *n_out)
{
	if (n < 2)
		return take_byte(p, out, n_out);
	uint32_t unit = (uint32_t)p[1 - low] << 8 | p[low];
	uint32_t next = n < 4 ? 0 : (uint32_t)p[3 - low] << 8 | p[2 + low];
	bool pair = unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
	if (pair)
		unit = 0x10000 + ((unit & 0x3ff) << 10 | (next & 0x3ff));
	*n_out = character_put(unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit, out);
	return pair ? 4 : 2;
}

static void unit_put(uint8_t *p, unsigned low, uint32_t unit)
{
	p[low] = (uint8_t)unit;
	p[1 - low] = (uint8_t)(unit >> 8);
}

static void put_utf16(uint8_t *p, size_t n, unsigned low, const uint8_t *in, size_t n_in)
{
	uint32_t code = code_of(in, n_in);
	if (n == 1) {
		p[0] = in[0];
	} else if (n == 2) {
		unit_put(p, low, code);
	} else {
		code -= 0x10000;
		unit_put(p, low, 0xd800 | code >> 10);
		unit_put(p + 2, low, 0xdc00 | (code & 0x3ff));
	}
}

static size_t take_utf16le(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	return take_utf16(p, n, 0, out, n_out);
}

static size_t take_utf16be(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out)
{
	return take_utf16(p, n, 1, out, n_out);
}

static void put_utf16le(uint8_t *p, size_t n, const uint8_t *in, size_t n_in)
{
	put_utf16(p, n, 0, in, n_in);
}

static void put_utf16be(uint8_t *p, size_t n, const uint8_t *in, size_t n_in)
{
	put_utf16(p, n, 1, in, n_in);
}

const struct layer layer_percent = { take_percent, put_pair, "%" };
const struct layer layer_quoted = { take_quoted, put_pair, "=" };
const struct layer layer_q = { take_q, put_pair, "=_" };
const struct layer layer_entity = { take_entity, put_entity, "&" };
const struct layer layer_fold = { take_fold, put_byte, "\n" };
const struct layer layer_obs_fold = { take_obs_fold, put_byte, "\n" };
const struct layer layer_escape = { take_escape, put_byte, "\\" };
const struct layer layer_json = { take_json, put_json, "\\" };
const struct layer layer_utf16le = { take_utf16le, put_utf16le, NULL };
const struct layer layer_utf16be = { take_utf16be, put_utf16be, NULL };
