/*
 * config_read.c - what may stand where in a configuration: kinds of nodes, keys of maps, simple
 * values. Each mistake is told with its place, and the rest is read on.
 */
#include "cmd/config_read.h"

#include <stdarg.h>
#include <string.h>

enum { PORT_MAX = 65535 };

/* ---- complaints ---- */

struct complaint *config_refuse(const struct config_reader *r, const struct yaml *node,
    const char *code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct complaint *c = complaint_add(r->complaints, code, r->name,
	    node != NULL ? &node->start : NULL, node != NULL ? &node->end : NULL);
	vsnprintf(c->text, sizeof c->text, format, args);
	va_end(args);
	return c;
}

void config_hint(struct complaint *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(c->hint, sizeof c->hint, format, args);
	va_end(args);
}

/* The nearest of the words, or all of them. */
static void hint_words(struct complaint *c, struct slice word, const char *const *words, size_t n)
{
	const char *like = word_like(word, words, n);
	size_t used = 0;
	if (like != NULL) {
		config_hint(c, "did you mean %s?", like);
		return;
	}
	for (size_t i = 0; i < n && used < sizeof c->hint; i++)
		used += (size_t)snprintf(c->hint + used, sizeof c->hint - used, "%s%s",
		    i != 0 ? ", " : "it is one of: ", words[i]);
}

void *config_room(struct config_reader *r, size_t n)
{
	void *p = arena_alloc(r->arena, n);
	if (p == NULL && !r->full) {
		r->full = true;
		config_refuse(r, NULL, "E0010", "the configuration needs too much memory");
	}
	return p;
}

/* ---- maps ---- */

static const char *kind_word(unsigned kinds)
{
	if (kinds == (TEXT | LIST))
		return "a text or a list";
	if (kinds & MAP)
		return "a map";
	return kinds & LIST ? "a list" : "a text";
}

/* `key:` with nothing behind it is an empty text. */
static bool says_nothing(const struct yaml *node)
{
	return node->kind == YAML_SCALAR && node->text.n == 0;
}

bool config_kind(const struct config_reader *r, const struct yaml *node, unsigned kinds,
    const char *what)
{
	unsigned is = 1u << node->kind;
	bool nothing = says_nothing(node);
	if ((is & kinds) && !nothing)
		return true;
	config_refuse(r, node, "E0016", "%s must be %s, %s%s", what, kind_word(kinds),
	    nothing ? "and here is nothing" : "not ", nothing ? "" : kind_word(is));
	return false;
}

static size_t key_find(struct slice name, const struct config_key *keys, size_t n)
{
	size_t i = 0;
	while (i < n && !slice_is(name, keys[i].name))
		i++;
	return i;
}

static void refuse_key(const struct config_reader *r, const struct yaml *key, const char *what,
    const struct config_key *keys, size_t n)
{
	enum { MOST = 24 };
	const char *names[MOST];
	char text[64];
	ensure(n <= MOST, NULL);
	for (size_t i = 0; i < n; i++)
		names[i] = keys[i].name;
	struct complaint *c = config_refuse(r, key, "E0014", "%s has no key %s", what,
	    quoted(text, key->text));
	hint_words(c, key->text, names, n);
}

bool config_map(const struct config_reader *r, const struct yaml *map, const char *what,
    const struct config_key *keys, size_t n, const struct yaml **out)
{
	memset(out, 0, n * sizeof *out);
	if (!config_kind(r, map, MAP, what))
		return false;
	for (const struct yaml *m = map->first; m != NULL; m = m->next) {
		size_t i = key_find(m->key->text, keys, n);
		if (i == n)
			refuse_key(r, m->key, what, keys, n);
		else if (says_nothing(m) && (keys[i].kinds & OR_NOTHING))
			continue;
		else if (config_kind(r, m, keys[i].kinds, keys[i].name))
			out[i] = m;
	}
	return true;
}

void config_missing(const struct config_reader *r, const struct yaml *map, const char *what,
    const char *key)
{
	struct complaint *c = complaint_add(r->complaints, "E0015", r->name, &map->start, NULL);
	snprintf(c->text, sizeof c->text, "%s needs the key %s", what, key);
}

/* ---- values ---- */

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

/* Line breaks at its end are of the way it is written. */
static struct slice without_end(struct slice s)
{
	while (s.n != 0 && s.p[s.n - 1] == '\n')
		s.n--;
	return s;
}

const char *config_copy(struct config_reader *r, struct slice s)
{
	char *copy = config_room(r, s.n + 1);
	if (copy != NULL && s.n != 0)
		memcpy(copy, s.p, s.n);
	return copy;
}

void config_text(struct config_reader *r, const struct yaml *node, const char *what,
    const char **out)
{
	if (node == NULL || !config_kind(r, node, TEXT, what))
		return;
	struct slice text = without_end(node->text);
	if (has_control(text))
		config_refuse(r, node, "E0018",
		    "%s holds a line break or another control character", what);
	else if (text.n == 0)
		config_refuse(r, node, "E0016", "%s is empty", what);
	else
		*out = config_copy(r, text);
}

void config_path(struct config_reader *r, const struct yaml *node, const char *what,
    const char **out)
{
	const char *text = NULL;
	char quote[64];
	config_text(r, node, what, &text);
	if (text == NULL)
		return;
	if (text[0] == '/')
		*out = text;
	else
		config_refuse(r, node, "E0603", "%s is an absolute path, not \"%s\"", what,
		    quoted(quote, node->text));
}

void config_flag(const struct config_reader *r, const struct yaml *node, const char *what,
    bool *out)
{
	char quote[64];
	if (node == NULL)
		return;
	bool is = slice_is(node->text, "true");
	if (is || slice_is(node->text, "false"))
		*out = is;
	else
		config_refuse(r, node, "E0016", "%s is true or false, not \"%s\"", what,
		    quoted(quote, node->text));
}

void config_number(const struct config_reader *r, const struct yaml *node, const char *what,
    struct range range, uint64_t *out)
{
	char quote[64];
	uint64_t n = 0;
	if (node == NULL)
		return;
	if (slice_to_u64(node->text, &n) && n >= range.least && n <= range.most)
		*out = n;
	else
		config_refuse(r, node, "E0602", "%s is a number from %llu to %llu, not \"%s\"",
		    what, (unsigned long long)range.least, (unsigned long long)range.most,
		    quoted(quote, node->text));
}

/* As -B and -C: tools differ in what a bare number means, so none is taken. */
void config_size(const struct config_reader *r, const struct yaml *node, const char *what,
    uint64_t most, uint64_t *out)
{
	static const char units[] = "KMG";
	char quote[64];
	if (node == NULL)
		return;
	struct slice text = node->text;
	const char *unit = text.n > 1 ? memchr(units, text.p[text.n - 1], 3) : NULL;
	unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	uint64_t n = 0;
	text.n -= unit != NULL;
	bool number = slice_to_u64(text, &n) && n != 0;
	if (number && unit == NULL)
		config_refuse(r, node, "E0601", "%s needs a unit: K, M or G", what);
	else if (!number)
		config_hint(config_refuse(r, node, "E0601", "%s is a size, not \"%s\"", what,
				quoted(quote, node->text)),
		    "write it as 64M or 2G");
	else if (n > most >> shift)
		config_refuse(r, node, "E0601", "%s is at most %lluM", what,
		    (unsigned long long)(most >> 20));
	else
		*out = n << shift;
}

void config_word(const struct config_reader *r, const struct yaml *node, const char *what,
    const char *const *words, size_t n, unsigned *out)
{
	char quote[64];
	if (node == NULL || !config_kind(r, node, TEXT, what))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!slice_is(node->text, words[i]))
			continue;
		*out = (unsigned)i;
		return;
	}
	hint_words(config_refuse(r, node, "E0017", "%s cannot be \"%s\"", what,
		       quoted(quote, node->text)),
	    node->text, words, n);
}

void config_severity(const struct config_reader *r, const struct yaml *node, const char *what,
    enum severity *out)
{
	const char *words[SEVERITIES];
	unsigned number = *out;
	for (unsigned i = 0; i < SEVERITIES; i++)
		words[i] = severity_name((enum severity)i);
	config_word(r, node, what, words, SEVERITIES, &number);
	*out = (enum severity)number;
}

bool port_is_good(struct slice text)
{
	uint64_t n = 0;
	return slice_to_u64(text, &n) && n != 0 && n <= PORT_MAX;
}

bool config_duration(struct slice text, uint64_t *ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	size_t digits = 0;
	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	struct slice unit = slice_part(text, digits, text.n);
	uint64_t n = 0;
	if (!slice_to_u64(slice_part(text, 0, digits), &n) || n > UINT32_MAX)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		*ms = n * units[i].ms;
		if (slice_is(unit, units[i].unit))
			return true;
	}
	return false;
}

const char *config_argument(struct config_reader *r, const struct yaml *node)
{
	const char *text = NULL;
	if (node->kind == YAML_SCALAR && node->text.n == 0 && node->style == YAML_QUOTED)
		return config_copy(r, node->text);
	config_text(r, node, "an argument", &text);
	return text;
}

/* ---- several texts ---- */

size_t config_paths(struct config_reader *r, const struct yaml *list, const char *what,
    const char ***out)
{
	size_t n = 0;
	const char **texts = list != NULL ? config_room(r, (list->n + 1) * sizeof *texts) : NULL;
	if (texts == NULL)
		return 0;
	for (const struct yaml *m = list->first; m != NULL; m = m->next) {
		config_path(r, m, what, &texts[n]);
		n += texts[n] != NULL;
	}
	*out = texts;
	return n;
}

const char *config_pair(struct config_reader *r, const struct yaml *member, const char *between)
{
	struct slice name = member->key->text, value = without_end(member->text);
	size_t length = strlen(between), room = name.n + length + value.n + 1;
	char *text = config_room(r, room);
	if (text == NULL)
		return NULL;
	memcpy(text, name.p, name.n);
	memcpy(text + name.n, between, length);
	if (value.n != 0)
		memcpy(text + name.n + length, value.p, value.n);
	return text;
}
