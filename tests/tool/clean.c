/* Text and JSON lines, checked strictly; depth is bounded, so there is no recursion on what is read. */
#include "tests/tool/clean.h"

#include <string.h>

enum { DEPTH = 64 };

static bool is_clean(uint32_t c)
{
	bool control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
	bool turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
	    c == 0x200f || c == 0x061c;
	return !control && !turns && c != 0x2028 && c != 0x2029;
}

bool text_is_clean(struct slice s)
{
	while (s.n > 0) {
		uint32_t c;
		size_t n = utf8_next(s, &c);
		if (n == 0 || !is_clean(c))
			return false;
		s = slice_part(s, n, s.n);
	}
	return true;
}

/* ---- JSON ---- */

static const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static const uint8_t *json_number(const uint8_t *p, const uint8_t *end)
{
	if (p < end && *p == '-')
		p++;
	const uint8_t *digits = p;
	p = skip_digits(p, end);
	if (p == digits || (*digits == '0' && p > digits + 1))
		return NULL;
	if (p < end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, end);
		if (p == digits)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		digits = p;
		p = skip_digits(p, end);
		if (p == digits)
			return NULL;
	}
	return p;
}

/* Behind the quote that opens it. */
static const uint8_t *json_string(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != '"') {
		if (*p < 0x20)
			return NULL;
		if (*p++ != '\\')
			continue;
		if (p == end || strchr("\"\\/bfnrtu", *p) == NULL || *p == 0)
			return NULL;
		if (*p++ != 'u')
			continue;
		if (end - p < 4 || strspn((const char *)p, "0123456789abcdefABCDEF") < 4)
			return NULL;
		p += 4;
	}
	return p < end ? p + 1 : NULL;
}

static const uint8_t *json_word(const uint8_t *p, const uint8_t *end)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0)
			return p + n;
	}
	return NULL;
}

/* "key": up to the value. */
static const uint8_t *json_key(const uint8_t *p, const uint8_t *end)
{
	p = p < end && *p == '"' ? json_string(p + 1, end) : NULL;
	return p != NULL && p < end && *p == ':' ? p + 1 : NULL;
}

static const uint8_t *json_scalar(const uint8_t *p, const uint8_t *end)
{
	if (*p == '"')
		return json_string(p + 1, end);
	return *p == '-' || (*p >= '0' && *p <= '9') ? json_number(p, end) : json_word(p, end);
}

/* Behind a value: closes what ends there. NULL: no; *p at the next value otherwise, or at the end. */
static const uint8_t *json_after(const uint8_t *p, const uint8_t *end, char *open, size_t *depth)
{
	while (*depth > 0 && p < end && *p == open[*depth - 1]) {
		p++;
		(*depth)--;
	}
	if (*depth == 0)
		return p == end ? p : NULL;
	if (p == end || *p++ != ',')
		return NULL;
	return open[*depth - 1] == '}' ? json_key(p, end) : p;
}

/* Without blanks between tokens, as davscope writes it. */
static bool is_json(const uint8_t *p, const uint8_t *end)
{
	char open[DEPTH];
	size_t depth = 0;
	do {
		if (p == end)
			return false;
		if (*p != '{' && *p != '[') {
			p = json_scalar(p, end);
			p = p != NULL ? json_after(p, end, open, &depth) : NULL;
			continue;
		}
		if (depth == DEPTH)
			return false;
		open[depth++] = *p++ == '{' ? '}' : ']';
		if (p < end && *p == open[depth - 1])
			p = json_after(p, end, open, &depth);
		else if (open[depth - 1] == '}')
			p = json_key(p, end);
	} while (p != NULL && depth > 0);
	return p == end;
}

bool lines_are_json(struct slice s)
{
	while (s.n > 0) {
		const uint8_t *end = memchr(s.p, '\n', s.n);
		if (end == NULL || *s.p != '{' || !is_json(s.p, end))
			return false;
		s = slice_part(s, (size_t)(end - s.p) + 1, s.n);
	}
	return true;
}
