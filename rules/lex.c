/*
 * lex.c - the tokens of a condition, read from the raw bytes of the file, so that each has its exact
 * line and column. Line breaks and the indentation of a block are blanks.
 */
#include "rules/token.h"

#include <string.h>

static const struct {
	const char *word;
	enum token_kind kind;
} keywords[] = {
	{ "and", TOKEN_AND },
	{ "or", TOKEN_OR },
	{ "not", TOKEN_NOT },
	{ "in", TOKEN_IN },
	{ "true", TOKEN_TRUE },
	{ "false", TOKEN_FALSE },
	{ "any", TOKEN_ANY },
	{ "all", TOKEN_ALL },
	{ "none", TOKEN_NONE },
	{ "exists", TOKEN_EXISTS },
	{ "absent", TOKEN_ABSENT },
	{ "observed", TOKEN_OBSERVED },
	{ "contains", TOKEN_CONTAINS },
	{ "icontains", TOKEN_ICONTAINS },
	{ "startswith", TOKEN_STARTS },
	{ "istartswith", TOKEN_ISTARTS },
	{ "endswith", TOKEN_ENDS },
	{ "iendswith", TOKEN_IENDS },
	{ "matches", TOKEN_MATCHES },
};

/* Longer ones first. */
static const struct {
	const char *text;
	enum token_kind kind;
} signs[] = {
	{ "==", TOKEN_EQ },
	{ "!=", TOKEN_NE },
	{ "<=", TOKEN_LE },
	{ ">=", TOKEN_GE },
	{ "&&", TOKEN_AND },
	{ "||", TOKEN_OR },
	{ "..", TOKEN_RANGE },
	{ "<", TOKEN_LT },
	{ ">", TOKEN_GT },
	{ "!", TOKEN_NOT },
	{ "(", TOKEN_OPEN },
	{ ")", TOKEN_CLOSE },
	{ "{", TOKEN_SET_OPEN },
	{ "}", TOKEN_SET_CLOSE },
	{ "[", TOKEN_INDEX_OPEN },
	{ "]", TOKEN_INDEX_CLOSE },
	{ ",", TOKEN_COMMA },
	{ "/", TOKEN_SLASH },
};

/* What other languages write. Longer ones first, and before the signs: they begin like those. */
static const struct {
	const char *text, *why, *hint;
} mistakes[] = {
	{ "!==", "!== is no sign of this language", "write !=" },
	{ "===", "=== is no sign of this language", "write ==" },
	{ ">==", ">== is no sign of this language", "write >=" },
	{ "<==", "<== is no sign of this language", "write <=" },
	{ "<>", "<> is no sign of this language", "write !=" },
	{ "=>", "=> is no sign of this language", "write >=" },
	{ "=<", "=< is no sign of this language", "write <=" },
	{ "=~", "=~ is no sign of this language", "write matches" },
	{ "!~", "!~ is no sign of this language", "write not matches" },
	{ "'", "a text in single quotes", "texts stand in double quotes" },
	{ "`", "a text in backquotes", "texts stand in double quotes" },
	{ "\xe2\x80\x98", "a text in typographic quotes", "texts stand in double quotes" },
	{ "\xe2\x80\x99", "a text in typographic quotes", "texts stand in double quotes" },
	{ "\xe2\x80\x9a", "a text in typographic quotes", "texts stand in double quotes" },
	{ "\xe2\x80\x9c", "a text in typographic quotes", "texts stand in double quotes" },
	{ "\xe2\x80\x9d", "a text in typographic quotes", "texts stand in double quotes" },
	{ "\xe2\x80\x9e", "a text in typographic quotes", "texts stand in double quotes" },
};

const char *token_word(enum token_kind kind)
{
	static const char *const names[] = {
		[TOKEN_END] = "the end",
		[TOKEN_NAME] = "a field",
		[TOKEN_MACRO] = "a macro",
		[TOKEN_LIST] = "a list",
		[TOKEN_VARIABLE] = "a variable",
		[TOKEN_STRING] = "a string",
		[TOKEN_INTEGER] = "a number",
		[TOKEN_DECIMAL] = "a number",
		[TOKEN_DURATION] = "a duration",
		[TOKEN_IP] = "an IP address",
		[TOKEN_TIME] = "a time",
	};
	if (kind < sizeof names / sizeof names[0] && names[kind] != NULL)
		return names[kind];
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (keywords[i].kind == kind)
			return keywords[i].word;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (signs[i].kind == kind)
			return signs[i].text;
	return "this";
}

/* ---- moving on ---- */

static bool at_end(const struct lexer *l)
{
	return l->at.at >= l->end;
}

static uint8_t ahead(const struct lexer *l, size_t n)
{
	return l->end - l->at.at > n ? l->source.p[l->at.at + n] : 0;
}

/* One byte; columns count characters, and a line may end with CR LF, LF or CR. */
static void step(struct lexer *l)
{
	uint8_t c = ahead(l, 0);
	bool line_end = c == '\n' || (c == '\r' && ahead(l, 1) != '\n');
	l->at.at++;
	if (line_end) {
		l->at.line++;
		l->at.column = 1;
	} else if ((c & 0xc0) != 0x80) {
		l->at.column++;
	}
}

static void skip_line(struct lexer *l)
{
	size_t line = l->at.line;
	while (!at_end(l) && l->at.line == line)
		step(l);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct lexer lexer_scalar(struct slice source, const struct yaml *node, struct arena *arena)
{
	struct lexer l = { source, node->start, node->end.at, arena };
	if (l.end > source.n)
		l.end = source.n;
	if (node->style == YAML_BLOCK)
		skip_line(&l); /* the header: | or >, and what may stand behind it */
	return l;
}

struct lexer lexer_text(struct slice text, struct arena *arena)
{
	return (struct lexer){ text, { 1, 1, 0 }, text.n, arena };
}

/* ---- tokens ---- */

static struct token wrong(const struct lexer *l, struct mark start, const char *code,
    const char *why)
{
	return (struct token){ .kind = TOKEN_WRONG,
		.start = start,
		.end = l->at,
		.code = code,
		.why = why };
}

static struct token token_from(const struct lexer *l, enum token_kind kind, struct mark start)
{
	struct slice text = slice_part(l->source, start.at, l->at.at - start.at);
	return (struct token){ .kind = kind, .text = text, .start = start, .end = l->at };
}

static bool is_word_start(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
	return is_word_start(c) || is_digit(c);
}

static int hex_value(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the backslash. False: there is no such escape. */
static bool unescape(struct lexer *l, uint8_t *out)
{
	static const char letters[] = "\\\"nrt", values[] = "\\\"\n\r\t";
	uint8_t c = ahead(l, 0);
	const char *known = c != 0 ? memchr(letters, c, sizeof letters - 1) : NULL;
	if (known != NULL) {
		*out = (uint8_t)values[known - letters];
		step(l);
		return true;
	}
	int high = hex_value(ahead(l, 1)), low = hex_value(ahead(l, 2));
	if (c != 'x' || high < 0 || low < 0)
		return false;
	*out = (uint8_t)(high << 4 | low);
	step(l), step(l), step(l);
	return true;
}

/* Bytes up to the closing quote, which is at most as far as the line goes; *plain: no backslash. */
static size_t string_bytes(const struct lexer *l, bool *plain)
{
	size_t n = 1;
	*plain = true;
	for (; ahead(l, n) != '"' && ahead(l, n) != 0 && ahead(l, n) != '\n' && ahead(l, n) != '\r';
	     n++) {
		if (ahead(l, n) != '\\')
			continue;
		*plain = false;
		n += ahead(l, n + 1) != 0;
	}
	return n - 1;
}

/* The opening quote is next. Text without escapes is not copied. */
static struct token read_string(struct lexer *l, struct mark start, bool raw)
{
	bool plain;
	size_t room = string_bytes(l, &plain), n = 0, from = l->at.at + 1;
	uint8_t *out = raw || plain ? NULL : arena_alloc(l->arena, room);
	if (out == NULL && !raw && !plain)
		return wrong(l, start, "E0010", "the rules need too much memory");
	for (step(l); ahead(l, 0) != '"'; n++) {
		uint8_t c = ahead(l, 0);
		if (at_end(l) || c == '\n' || c == '\r')
			return wrong(l, start, "E0104", "a string that does not end on its line");
		struct mark here = l->at;
		step(l);
		if (c == '\\' && !raw && !unescape(l, &c))
			return wrong(l, here, "E0104",
			    "no such escape; there are \\\\ \\\" \\n \\r \\t \\xNN");
		if (out != NULL)
			out[n] = c;
	}
	struct slice text = slice_part(l->source, from, l->at.at - from);
	step(l);
	struct token t = token_from(l, TOKEN_STRING, start);
	t.text = out != NULL ? (struct slice){ out, n } : text;
	return t;
}

static struct token read_mark(struct lexer *l, struct mark start)
{
	uint8_t c = ahead(l, 0);
	enum token_kind kind = c == '@' ? TOKEN_LIST : TOKEN_MACRO;
	step(l);
	if (c == '$' && ahead(l, 0) == '{') {
		kind = TOKEN_VARIABLE;
		step(l);
	}
	size_t from = l->at.at;
	while (is_word(ahead(l, 0)))
		step(l);
	size_t n = l->at.at - from;
	if (n == 0 || (kind == TOKEN_VARIABLE && ahead(l, 0) != '}'))
		return wrong(l, start, "E0102", "a name is missing: $macro, @list or ${variable}");
	if (kind == TOKEN_VARIABLE)
		step(l);
	struct token t = token_from(l, kind, start);
	t.text = slice_part(l->source, from, n);
	return t;
}

/* Digits, and what makes a duration, a time or an address of them; ".." ends a number. */
static struct token read_number(struct lexer *l, struct mark start)
{
	size_t dots = 0, colons = 0, dashes = 0, letters = 0;
	bool negative = ahead(l, 0) == '-';
	if (negative)
		step(l);
	for (;; step(l)) {
		uint8_t c = ahead(l, 0);
		if (c == '.' && ahead(l, 1) == '.')
			break;
		if (!is_word(c) && c != '.' && c != ':' && c != '-')
			break;
		dots += c == '.';
		colons += c == ':';
		dashes += c == '-';
		letters += is_word_start(c);
	}
	struct token t = token_from(l, TOKEN_INTEGER, start);
	struct slice digits = slice_part(t.text, negative, t.text.n);
	int64_t ns;
	uint64_t value;
	if (dashes == 2 && !negative)
		t.kind = TOKEN_TIME;
	else if ((colons != 0 || dots == 3) && !negative && dashes == 0)
		t.kind = TOKEN_IP;
	else if (dots != 0 && letters == 0 && colons == 0 && dashes == 0)
		t.kind = TOKEN_DECIMAL;
	else if (letters != 0 && duration_read(t.text, &ns))
		t.kind = TOKEN_DURATION;
	else if (!slice_to_u64(digits, &value) || value > (uint64_t)INT64_MAX)
		return wrong(l, start, "E0102",
		    letters != 0 ? "no number, no duration (500ms 1.5s 5m 2h 7d)" :
				   "no number that fits in 64 bits");
	return t;
}

/* A word, a field, or an IPv6 address that begins with a letter. */
static struct token read_word(struct lexer *l, struct mark start)
{
	while (is_word(ahead(l, 0)) || (ahead(l, 0) == '.' && is_word_start(ahead(l, 1))))
		step(l);
	if (ahead(l, 0) == ':') {
		l->at = start;
		struct token ip = read_number(l, start);
		if (ip.kind == TOKEN_IP)
			return ip;
	}
	struct token t = token_from(l, TOKEN_NAME, start);
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (slice_is(t.text, keywords[i].word))
			t.kind = keywords[i].kind;
	return t;
}

static void steps(struct lexer *l, size_t n)
{
	while (n-- != 0)
		step(l);
}

/* TOKEN_END: it is none of those. */
static struct token read_mistake(struct lexer *l, struct mark start, struct slice rest)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		if (!slice_starts(rest, slice_from(mistakes[i].text)))
			continue;
		steps(l, strlen(mistakes[i].text));
		struct token t = wrong(l, start, "E0102", mistakes[i].why);
		t.hint = mistakes[i].hint;
		return t;
	}
	return (struct token){ .kind = TOKEN_END };
}

static struct token read_sign(struct lexer *l, struct mark start)
{
	struct slice rest = slice_part(l->source, l->at.at, l->end - l->at.at);
	struct token mistake = read_mistake(l, start, rest);
	if (mistake.kind != TOKEN_END)
		return mistake;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		if (!slice_starts(rest, slice_from(signs[i].text)))
			continue;
		steps(l, strlen(signs[i].text));
		return token_from(l, signs[i].kind, start);
	}
	bool equals = ahead(l, 0) == '=';
	do
		step(l);
	while ((ahead(l, 0) & 0xc0) == 0x80);
	return wrong(l, start, "E0102",
	    equals ? "a single =; compare with ==" : "a character that means nothing here");
}

struct token lexer_next(struct lexer *l)
{
	while (!at_end(l) && is_blank(ahead(l, 0)))
		step(l);
	struct mark start = l->at;
	uint8_t c = ahead(l, 0), next = ahead(l, 1);
	if (at_end(l))
		return token_from(l, TOKEN_END, start);
	if (c == '"')
		return read_string(l, start, false);
	if (c == 'r' && next == '"') {
		step(l);
		return read_string(l, start, true);
	}
	if (c == '$' || c == '@')
		return read_mark(l, start);
	if (is_digit(c) || (c == '-' && is_digit(next)) || (c == ':' && next == ':'))
		return read_number(l, start);
	if (is_word_start(c) || (c == '.' && is_word_start(next)))
		return read_word(l, start);
	return read_sign(l, start);
}
