/*
 * bytes.c - slices and the sticky cursor, through which bytes of others are read.
 *
 * Invariant of a cursor: p <= end, and once bad is set p == end, so that later reads fail too.
 */
#include "base/base.h"

#include <string.h>

struct slice slice_from(const char *text)
{
	return (struct slice){ (const uint8_t *)text, strlen(text) };
}

struct slice slice_part(struct slice s, size_t from, size_t n)
{
	if (from >= s.n)
		return (struct slice){ NULL, 0 };
	if (n > s.n - from)
		n = s.n - from;
	return (struct slice){ s.p + from, n };
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

struct slice slice_trim(struct slice s)
{
	while (s.n != 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n != 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool slice_is(struct slice s, const char *text)
{
	for (size_t i = 0; i < s.n; i++) {
		if (text[i] == '\0' || (uint8_t)text[i] != s.p[i])
			return false;
	}
	return text[s.n] == '\0';
}

bool slice_is_nocase(struct slice s, const char *text)
{
	for (size_t i = 0; i < s.n; i++) {
		if (text[i] == '\0' || ascii_lower((uint8_t)text[i]) != ascii_lower(s.p[i]))
			return false;
	}
	return text[s.n] == '\0';
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_equal((struct slice){ s.p, prefix.n }, prefix);
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_equal_nocase((struct slice){ s.p, prefix.n }, prefix);
}

size_t slice_find(struct slice s, struct slice what)
{
	if (what.n == 0)
		return 0;
	const uint8_t *hit = s.n < what.n ? NULL : memmem(s.p, s.n, what.p, what.n);
	return hit == NULL ? s.n : (size_t)(hit - s.p);
}

size_t slice_find_byte(struct slice s, uint8_t byte)
{
	const uint8_t *hit = s.n == 0 ? NULL : memchr(s.p, byte, s.n);
	return hit == NULL ? s.n : (size_t)(hit - s.p);
}

size_t decimal_put(char out[DECIMAL_MAX], uint64_t number)
{
	char digits[DECIMAL_MAX];
	size_t n = 0;
	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	return n;
}

bool slice_to_u64(struct slice s, uint64_t *out)
{
	uint64_t value = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s.p[i] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

struct cursor cursor_from(struct slice s)
{
	static const uint8_t nothing[1];
	const uint8_t *p = s.n == 0 ? nothing : s.p;
	return (struct cursor){ p, p + s.n, false };
}

size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

struct slice cursor_take(struct cursor *c, size_t n)
{
	if (n > cursor_left(c)) {
		c->bad = true;
		c->p = c->end;
		return (struct slice){ NULL, 0 };
	}
	struct slice taken = { c->p, n };
	c->p += n;
	return taken;
}

void cursor_skip(struct cursor *c, size_t n)
{
	cursor_take(c, n);
}

struct slice cursor_rest(const struct cursor *c)
{
	return (struct slice){ c->p, cursor_left(c) };
}

static uint64_t cursor_be(struct cursor *c, size_t width)
{
	struct slice bytes = cursor_take(c, width);
	uint64_t value = 0;
	for (size_t i = 0; i < bytes.n; i++)
		value = value << 8 | bytes.p[i];
	return value;
}

static uint64_t cursor_le(struct cursor *c, size_t width)
{
	struct slice bytes = cursor_take(c, width);
	uint64_t value = 0;
	for (size_t i = bytes.n; i != 0; i--)
		value = value << 8 | bytes.p[i - 1];
	return value;
}

uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_be(c, 1);
}

uint16_t cursor_be16(struct cursor *c)
{
	return (uint16_t)cursor_be(c, 2);
}

uint32_t cursor_be32(struct cursor *c)
{
	return (uint32_t)cursor_be(c, 4);
}

uint32_t cursor_le32(struct cursor *c)
{
	return (uint32_t)cursor_le(c, 4);
}

uint64_t cursor_le64(struct cursor *c)
{
	return cursor_le(c, 8);
}
