/*
 * text.c - values: what shape a text has decides what stays of it, so that a title becomes the same in
 * iCalendar, XML, MIME and WBXML.
 */
#include "cmd/scrub/text.h"

#include <string.h>

struct span span_part(struct span s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	return (struct span){ s.p + from, n < s.n - from ? n : s.n - from };
}

struct span span_trim(struct span s)
{
	while (s.n != 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_part(s, 1, s.n);
	while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

size_t span_find(struct span s, const char *bytes)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != 0 && strchr(bytes, s.p[i]) != NULL)
			return i;
	return s.n;
}

bool slice_in(struct slice word, const char *words)
{
	for (struct slice rest = slice_from(words); rest.n != 0 && word.n != 0;) {
		size_t n = slice_find_byte(rest, ' ');
		if (slice_equal_nocase(word, slice_part(rest, 0, n)))
			return true;
		rest = slice_part(rest, n + 1, rest.n);
	}
	return false;
}

int rule_find(const struct rule *rule, struct slice name, int otherwise)
{
	for (; rule->names != NULL; rule++)
		if (slice_in(name, rule->names))
			return rule->kind;
	return otherwise;
}

/* ---- the shape of a value ---- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* "-1", "120", but no longer. */
static bool is_small_number(struct span s)
{
	if (s.n > 1 && s.p[0] == '-')
		s = span_part(s, 1, s.n);
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n != 0 && s.n <= 3;
}

/* 0 in the pattern stands for a digit. */
static bool has_shape(struct span s, const char *pattern)
{
	for (size_t i = 0; i < s.n; i++) {
		if (pattern[i] == '\0' ||
		    (pattern[i] == '0' ? !is_digit(s.p[i]) : s.p[i] != pattern[i]))
			return false;
	}
	return s.n == strlen(pattern);
}

static bool is_date(struct span s)
{
	static const char *const shapes[] = {
		"00000000",
		"00000000T000000",
		"00000000T000000Z",
		"0000-00-00",
		"0000-00-00T00:00:00",
		"0000-00-00T00:00:00Z",
		"0000-00-00T00:00:00.000Z",
		"0000-00-00T00:00:00+00:00",
		"0000-00-00T00:00:00-00:00",
		"0000-00-00 00:00:00",
	};
	/* Eight digits alone may also be a telephone number. */
	bool day = has_shape(s, shapes[0]) &&
	    (memcmp(s.p, "19", 2) == 0 || memcmp(s.p, "20", 2) == 0);
	for (size_t i = 1; i < sizeof shapes / sizeof shapes[0]; i++)
		if (has_shape(s, shapes[i]))
			return true;
	return day;
}

/* Digits as many as a telephone number has, and nothing but what stands between such. */
static bool is_like_phone(struct span s)
{
	size_t digits = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]) && strchr("+-./() ", s.p[i]) == NULL)
			return false;
		digits += is_digit(s.p[i]);
	}
	return digits > 5;
}

static struct span span_trim_lines(struct span s)
{
	size_t before;
	do {
		before = s.n;
		s = span_trim(s);
		while (s.n != 0 && (s.p[0] == '\r' || s.p[0] == '\n'))
			s = span_part(s, 1, s.n);
		while (s.n != 0 && (s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\n'))
			s.n--;
	} while (s.n != before);
	return s;
}

void scrub_value(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span s = span_trim_lines((struct span){ p, n });
	if (is_small_number(s) || is_date(s) || words_prose(w, s.p, s.n))
		return;
	bool one_word = span_find(s, " \t\r\n") == s.n && !is_like_phone(s);
	words_scrub(w, s.p, s.n, one_word ? &policy_name : &policy_text);
}

void scrub_private(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	if (!words_prose(w, p, n))
		words_scrub(w, p, n, &policy_text);
}

/* ---- encoded words: =?charset?B?...?= ---- */

struct encoded {
	size_t length; /* 0: there is none */
	struct span charset, text;
	bool base64;
};

static struct encoded encoded_read(struct span s)
{
	struct encoded e = { .length = 0 };
	if (s.n < 8 || s.p[0] != '=' || s.p[1] != '?')
		return e;
	size_t charset = span_find(span_part(s, 2, s.n), "? ") + 2;
	if (charset + 3 >= s.n || s.p[charset] != '?' || s.p[charset + 2] != '?')
		return e;
	uint8_t how = ascii_lower(s.p[charset + 1]);
	e.charset = span_part(s, 2, charset - 2);
	e.text = span_part(s, charset + 3, s.n);
	e.text.n = span_find(e.text, "? ");
	size_t end = charset + 3 + e.text.n;
	e.base64 = how == 'b';
	if ((how == 'b' || how == 'q') && end + 1 < s.n && s.p[end] == '?' && s.p[end + 1] == '=')
		e.length = end + 2;
	return e;
}

void scrub_words_encoded(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct span s = { p, n };
	size_t done = 0;
	for (size_t i = 0; i < n;) {
		struct encoded e = encoded_read(span_part(s, i, n));
		if (e.length == 0) {
			i++;
			continue;
		}
		scrub_value(w, p + done, i - done, arg);
		words_scrub(w, e.charset.p, e.charset.n, &policy_token);
		if (e.base64)
			layer_base64(w, e.text.p, e.text.n, scrub_value, NULL);
		else
			layer_through(w, &layer_q, e.text.p, e.text.n, scrub_value, NULL);
		i += e.length;
		done = i;
	}
	scrub_value(w, p + done, n - done, arg);
}

/* ---- parameters ---- */

/* The next element, up to the mark; marks within quotes do not count. */
static struct span element_take(struct span *rest, uint8_t mark)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < rest->n && (quoted || rest->p[i] != mark); i++) {
		if (rest->p[i] == '\\' && quoted && i + 1 < rest->n)
			i++;
		else if (rest->p[i] == '"')
			quoted = !quoted;
	}
	struct span element = span_part(*rest, 0, i);
	*rest = span_part(*rest, i + 1, rest->n);
	return element;
}

static void parameter_scrub(const struct words *w, struct span s)
{
	static const char protocol[] =
	    "charset method component type profile protocol version action format delsp q "
	    "max-age timeout max level qop algorithm stale nc pid odata";
	size_t equals = span_find(s, "=");
	struct span name = span_trim(span_part(s, 0, equals)),
		    value = span_part(s, equals + 1, s.n);
	words_scrub(w, name.p, name.n, &policy_token);
	if (slice_in(span_slice(name), protocol))
		words_scrub(w, value.p, value.n, &policy_token);
	else if (slice_in(span_slice(name), "boundary")) /* as in the lines that are one */
		words_scrub(w, value.p, value.n, &policy_name);
	else
		scrub_words_encoded(w, value.p, value.n, NULL);
}

void scrub_media_type(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span rest = { p, n };
	struct span type = element_take(&rest, ';');
	words_scrub(w, type.p, type.n, &policy_token);
	while (rest.n != 0)
		parameter_scrub(w, element_take(&rest, ';'));
}

/* ---- JSON ---- */

static size_t string_length(struct span s)
{
	size_t i = 1;
	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i : s.n;
}

void scrub_json(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span rest = { p, n };
	while (rest.n != 0) {
		size_t quote = span_find(rest, "\"");
		struct policy bare = policy_text;
		bare.keep = KEEP_XML; /* true, false, null */
		words_scrub(w, rest.p, quote, &bare);
		rest = span_part(rest, quote, rest.n);
		size_t length = rest.n != 0 ? string_length(rest) : 0;
		if (length > 1)
			layer_through(w, &layer_json, rest.p + 1, length - 1, scrub_value, NULL);
		rest = span_part(rest, length + 1, rest.n);
	}
}

/* ---- SQL ---- */

static void sql_part(const struct words *w, struct span s)
{
	struct slice text = span_slice(s);
	bool property = slice_starts_nocase(text, SLICE("DAV:")) ||
	    slice_starts_nocase(text, SLICE("http://schemas.")) ||
	    slice_starts_nocase(text, SLICE("urn:schemas"));
	if (property)
		words_scrub(w, s.p, s.n, &policy_namespace);
	else if ((s.n != 0 && s.p[0] == '/') || slice_find(text, SLICE("://")) != s.n)
		scrub_url(w, s.p, s.n, NULL);
	else if (!is_date(s))
		words_scrub(w, s.p, s.n, &policy_sql);
}

/* Quotes of both kinds part it: SCOPE('SHALLOW TRAVERSAL OF "/exchange/..."') */
void scrub_sql(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span rest = { p, n };
	while (rest.n != 0) {
		size_t end = span_find(rest, "\"'");
		sql_part(w, span_part(rest, 0, end));
		rest = span_part(rest, end + 1, rest.n);
	}
}
