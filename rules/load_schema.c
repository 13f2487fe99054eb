/*
 * load_schema.c - what may stand where in a rule file: kinds of nodes, keys of maps, simple values.
 *
 * YAML gives texts without types; ours are decided here, so that `on`, `6.10` and `12:30` stay
 * what the author wrote.
 */
#include "rules/load.h"

#include <stdarg.h>
#include <string.h>

enum { WANTED = 200 };

static __attribute__((format(printf, 5, 0))) struct complaint *
refuse_between(const struct origin *from, const struct mark *start, const struct mark *end,
    const char *code, const char *format, va_list args)
{
	struct ruleset *set = from->set;
	struct complaint *c = complaint_add(set->complaints, code, from->name, start, end);
	c->rule = set->compiler.rule;
	vsnprintf(c->text, sizeof(c->text), format, args);
	return c;
}

struct complaint *refuse(const struct origin *from, const struct yaml *node, const char *code,
    const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct complaint *c = refuse_between(from, &node->start, &node->end, code, format, args);
	va_end(args);
	return c;
}

struct complaint *refuse_at(const struct origin *from, const struct mark *at, const char *code,
    const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct complaint *c = refuse_between(from, at, at, code, format, args);
	va_end(args);
	return c;
}

void hint(struct complaint *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(c->hint, sizeof(c->hint), format, args);
	va_end(args);
}

void set_is_full(struct ruleset *set)
{
	if (set->loading->full)
		return;
	set->loading->full = true;
	struct complaint *c = complaint_add(set->complaints, "E0010", set->loading->file, NULL,
	    NULL);
	snprintf(c->text, sizeof(c->text), "the rules need too much memory");
	hint(c, "--limit rule_memory=N allows more");
}

void *room_for(struct ruleset *set, size_t n)
{
	void *p = arena_alloc(set->arena, n);
	if (p == NULL)
		set_is_full(set);
	return p;
}

void *growing_next(struct ruleset *set, struct growing *g, size_t size)
{
	if (g->n == g->room) {
		size_t room = g->room != 0 ? 2 * g->room : 8;
		void *larger = room_for(set, room * size);
		if (larger == NULL)
			return NULL;
		if (g->n != 0)
			memcpy(larger, g->items, g->n * size);
		g->items = larger;
		g->room = room;
	}
	return (char *)g->items + g->n++ * size;
}

bool complaints_wanted(const struct complaints *complaints)
{
	return complaints_errors(complaints) < WANTED;
}

/* ---- maps ---- */

static const char *kind_word(unsigned kinds)
{
	if (kinds & MAP)
		return "a map";
	return kinds & LIST ? "a list" : "a text";
}

bool kind_check(const struct origin *from, const struct yaml *node, unsigned kind, const char *what)
{
	unsigned is = 1u << node->kind;
	if (is == kind)
		return true;
	if (node->kind == YAML_SCALAR && node->text.n == 0)
		refuse(from, node, "E0016", "%s must be %s, and here is nothing", what,
		    kind_word(kind));
	else
		refuse(from, node, "E0016", "%s must be %s, not %s", what, kind_word(kind),
		    kind_word(is));
	return false;
}

/* Words of other rule languages are not near in their letters. */
static const char *key_like(struct slice key, const char *const *names, size_t n)
{
	static const char *const pairs[][2] = { { "on", "event" }, { "when", "condition" },
		{ "level", "severity" }, { "message", "output" } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		for (size_t k = 0; k < n && slice_is(key, pairs[i][0]); k++) {
			if (strcmp(names[k], pairs[i][1]) == 0)
				return names[k];
		}
	}
	return word_like(key, names, n);
}

static void refuse_key(const struct origin *from, const struct yaml *key, const char *what,
    const struct key *keys, size_t n)
{
	enum { MOST = 32 };
	const char *names[MOST];
	char text[64];
	ensure(n <= MOST, NULL);
	for (size_t i = 0; i < n; i++)
		names[i] = keys[i].name;
	struct complaint *c = refuse(from, key, "E0014", "%s has no key %s", what,
	    quoted(text, key->text));
	const char *like = NULL;
	if (complaints_wanted(from->set->complaints))
		like = key_like(key->text, names, n);
	if (like != NULL)
		hint(c, "did you mean %s?", like);
}

static size_t key_find(struct slice name, const struct key *keys, size_t n)
{
	size_t i = 0;
	while (i < n && !slice_is(name, keys[i].name))
		i++;
	return i;
}

bool map_read(const struct origin *from, const struct yaml *map, const char *what,
    const struct key *keys, size_t n, const struct yaml **out)
{
	memset(out, 0, n * sizeof(*out));
	if (!kind_check(from, map, MAP, what))
		return false;
	bool whole = true;
	for (const struct yaml *m = map->first; m != NULL; m = m->next) {
		size_t i = key_find(m->key->text, keys, n);
		if (i == n) {
			refuse_key(from, m->key, what, keys, n);
			whole = false;
		} else if (kind_check(from, m, keys[i].kind, keys[i].name)) {
			out[i] = m;
		} else {
			whole = false;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!keys[i].required || yaml_get(map, keys[i].name) != NULL)
			continue;
		refuse_at(from, &map->start, "E0015", "%s needs the key %s", what, keys[i].name);
		whole = false;
	}
	return whole;
}

/* ---- values ---- */

const char *text_read(const struct origin *from, const struct yaml *node, const char *what)
{
	if (!kind_check(from, node, TEXT, what))
		return NULL;
	struct slice text = node->text;
	while (text.n != 0 && text.p[text.n - 1] == '\n')
		text.n--;
	if (text.n == 0) {
		refuse(from, node, "E0016", "%s is empty", what);
		return NULL;
	}
	if (text.n == node->text.n)
		return (const char *)node->text.p;
	char *copy = room_for(from->set, text.n + 1);
	if (copy != NULL)
		memcpy(copy, text.p, text.n);
	return copy;
}

bool word_read(const struct origin *from, const struct yaml *node, const char *what,
    const char *const *words, size_t n, size_t *out)
{
	if (!kind_check(from, node, TEXT, what))
		return false;
	for (*out = 0; *out < n; (*out)++) {
		if (slice_is(node->text, words[*out]))
			return true;
	}
	char text[64];
	struct complaint *c = refuse(from, node, "E0017", "%s cannot be \"%s\"", what,
	    quoted(text, node->text));
	size_t used = 0;
	for (size_t i = 0; i < n && used < sizeof(c->hint); i++) {
		int put = snprintf(c->hint + used, sizeof(c->hint) - used, "%s%s",
		    i != 0 ? ", " : "it is one of: ", words[i]);
		used += put > 0 ? (size_t)put : 0;
	}
	return false;
}

bool flag_read(const struct origin *from, const struct yaml *node, const char *what, bool *out)
{
	*out = slice_is(node->text, "true");
	if (*out || slice_is(node->text, "false"))
		return true;
	char text[64];
	refuse(from, node, "E0016", "%s is true or false, not \"%s\"", what,
	    quoted(text, node->text));
	return false;
}

bool count_read(const struct origin *from, const struct yaml *node, const char *what,
    uint64_t least, uint64_t most, uint64_t *out)
{
	char text[64];
	if (slice_to_u64(node->text, out) && *out >= least && *out <= most)
		return true;
	refuse(from, node, "E0016", "%s is a number from %llu to %llu, not \"%s\"", what,
	    (unsigned long long)least, (unsigned long long)most, quoted(text, node->text));
	return false;
}

bool event_read(const struct origin *from, const struct yaml *node, enum event_kind *out)
{
	const char *names[EVENT_KINDS];
	size_t i;
	for (i = 0; i < EVENT_KINDS; i++)
		names[i] = event_kind_name((enum event_kind)i);
	if (!word_read(from, node, "event", names, EVENT_KINDS, &i))
		return false;
	*out = (enum event_kind)i;
	return true;
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_ident(struct slice s)
{
	if (s.n == 0 || !is_letter(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!is_letter(s.p[i]) && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	}
	return true;
}

/* ${name}; empty: it is none. */
static struct slice variable_name(struct slice text)
{
	bool marked = text.n > 3 && slice_starts(text, SLICE("${")) && text.p[text.n - 1] == '}';
	return marked ? slice_part(text, 2, text.n - 3) : (struct slice){ NULL, 0 };
}

static bool period_from_variable(const struct origin *from, const struct yaml *node,
    struct slice name, const char *what, int64_t *ns)
{
	char text[64];
	struct variable *v = names_variable(&from->set->names, name);
	if (v == NULL) {
		refuse(from, node, "E0202", "unknown variable ${%s}", quoted(text, name));
		return false;
	}
	v->used = true;
	if (v->broken)
		return false;
	if (v->type != FIELD_DURATION) {
		refuse(from, node, "E0302", "%s is a duration, and ${%s} is of type %s", what,
		    quoted(text, name), field_type_name(v->type));
		return false;
	}
	*ns = v->value.number;
	return true;
}

bool period_read(const struct origin *from, const struct yaml *node, const char *what, int64_t *ns)
{
	char text[64];
	struct slice name = variable_name(node->text);
	if (name.n != 0 && !period_from_variable(from, node, name, what, ns))
		return false;
	if (name.n == 0 && !duration_read(node->text, ns)) {
		struct complaint *c = refuse(from, node, "E0302", "%s is a duration, not \"%s\"",
		    what, quoted(text, node->text));
		hint(c, "write it as 90s, 30m, 24h or 7d, or as ${variable}");
		return false;
	}
	if (*ns > 0)
		return true;
	refuse(from, node, "E0302", "%s must be more than nothing", what);
	return false;
}

bool name_is_new(const struct origin *from, const struct yaml *node, const char *what,
    const char *const *names, size_t n)
{
	char text[64];
	for (size_t i = 0; i < n; i++) {
		if (!slice_is(node->text, names[i]))
			continue;
		refuse(from, node, "E0310", "%s \"%s\" stands here twice", what,
		    quoted(text, node->text));
		return false;
	}
	return true;
}

size_t names_read(const struct origin *from, const struct yaml *list, const char *what,
    const char **out, size_t most)
{
	size_t n = 0;
	for (const struct yaml *m = list->first; m != NULL; m = m->next) {
		const char *name = text_read(from, m, what);
		if (name == NULL || !name_is_new(from, m, what, out, n))
			continue;
		if (n == most) {
			refuse(from, m, "E0024", "at most %zu of them here", most);
			break;
		}
		out[n++] = name;
	}
	return n;
}
