/* json.h - is it JSON (RFC 8259)? Strict, with no library and no word of the writer's. */
#ifndef DAVSCOPE_TESTS_FUZZ_JSON_H
#define DAVSCOPE_TESTS_FUZZ_JSON_H

#include "base/base.h"

#include <string.h>

enum { JSON_DEPTH = 16 }; /* deeper than any record */

static inline bool json_is(struct cursor *c, char byte)
{
	bool is = cursor_left(c) != 0 && *c->p == (uint8_t)byte;
	cursor_skip(c, is);
	return is;
}

static inline bool json_hex(struct cursor *c)
{
	struct slice four = cursor_take(c, 4);
	for (size_t i = 0; i < four.n; i++)
		if (strchr("0123456789abcdefABCDEF", four.p[i]) == NULL)
			return false;
	return four.n == 4;
}

/* Behind its first quote. Which bytes are UTF-8 is asked of the line as a whole. */
static inline bool json_string_rest(struct cursor *c)
{
	while (!json_is(c, '"')) {
		uint8_t byte = cursor_u8(c);
		if (c->bad || byte < ' ')
			return false;
		if (byte != '\\')
			continue;
		byte = cursor_u8(c);
		if (byte == 0 || strchr("\"\\/bfnrtu", byte) == NULL)
			return false;
		if (byte == 'u' && !json_hex(c))
			return false;
	}
	return true;
}

static inline size_t json_digits(struct cursor *c)
{
	size_t n = 0;
	for (; cursor_left(c) != 0 && *c->p >= '0' && *c->p <= '9'; n++)
		cursor_skip(c, 1);
	return n;
}

static inline bool json_number(struct cursor *c)
{
	(void)json_is(c, '-');
	if (!json_is(c, '0') && json_digits(c) == 0)
		return false;
	if (json_is(c, '.') && json_digits(c) == 0)
		return false;
	if (!json_is(c, 'e') && !json_is(c, 'E'))
		return true;
	(void)(json_is(c, '+') || json_is(c, '-'));
	return json_digits(c) != 0;
}

static inline bool json_word(struct cursor *c)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < 3; i++) {
		struct slice word = slice_from(words[i]);
		if (!slice_starts(cursor_rest(c), word))
			continue;
		cursor_skip(c, word.n);
		return true;
	}
	return false;
}

static inline bool json_value(struct cursor *c, unsigned depth);

/* Behind its bracket. */
static inline bool json_members(struct cursor *c, bool named, unsigned depth)
{
	char end = named ? '}' : ']';
	if (json_is(c, end))
		return true;
	do {
		if (named && !(json_is(c, '"') && json_string_rest(c) && json_is(c, ':')))
			return false;
		if (!json_value(c, depth + 1))
			return false;
	} while (json_is(c, ','));
	return json_is(c, end);
}

/* At most JSON_DEPTH calls deep; no blanks, of which we write none. */
static inline bool json_value(struct cursor *c, unsigned depth)
{
	if (depth > JSON_DEPTH)
		return false;
	if (json_is(c, '"'))
		return json_string_rest(c);
	if (json_is(c, '{'))
		return json_members(c, true, depth);
	if (json_is(c, '['))
		return json_members(c, false, depth);
	return json_word(c) || json_number(c);
}

/* An object a line, each line with its end. */
static inline bool json_lines(struct slice s)
{
	while (s.n != 0) {
		size_t end = slice_find_byte(s, '\n');
		struct cursor line = cursor_from(slice_part(s, 0, end));
		if (end == s.n || !json_is(&line, '{') || !json_members(&line, true, 1) ||
		    cursor_left(&line) != 0)
			return false;
		s = slice_part(s, end + 1, s.n);
	}
	return true;
}

#endif
