/*
 * scenario.c - a scenario file: what may stand in it; every mistake is told with its place, and the rest
 * is read on.
 */
#include "play/play.h"

#include <stdarg.h>
#include <string.h>

enum { FILE_DEPTH = 8 };
enum { TEXT = 1u << YAML_SCALAR, LIST = 1u << YAML_LIST, MAP = 1u << YAML_MAP };

struct key {
	const char *name;
	unsigned kinds;
	bool required;
};

struct reader {
	const char *name;
	struct complaints *complaints;
};

/* ---- complaints ---- */

static __attribute__((format(printf, 4, 5))) struct complaint *refuse(const struct reader *r,
    const struct yaml *node, const char *code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct complaint *c = complaint_add(r->complaints, code, r->name, &node->start, &node->end);
	vsnprintf(c->text, sizeof c->text, format, args);
	va_end(args);
	return c;
}

/* The nearest of the words, or all of them. */
static void hint_words(struct complaint *c, struct slice word, const char *const *words, size_t n)
{
	const char *like = word_like(word, words, n);
	size_t used = 0;
	if (like != NULL) {
		snprintf(c->hint, sizeof c->hint, "did you mean %s?", like);
		return;
	}
	for (size_t i = 0; i < n && used < sizeof c->hint; i++)
		used += (size_t)snprintf(c->hint + used, sizeof c->hint - used, "%s%s",
		    i != 0 ? ", " : "it is one of: ", words[i]);
}

/* ---- maps and simple values ---- */

static bool kind_fits(const struct reader *r, const struct yaml *node, unsigned kinds,
    const char *what)
{
	static const char *const words[] = {
		[YAML_SCALAR] = "a text",
		[YAML_LIST] = "a list",
		[YAML_MAP] = "a map",
	};
	enum yaml_kind wanted = kinds == LIST ? YAML_LIST : kinds == MAP ? YAML_MAP : YAML_SCALAR;
	bool empty = node->kind == YAML_SCALAR && node->text.n == 0;
	if (node->kind == wanted && !empty)
		return true;
	refuse(r, node, "E0016", "%s must be %s, %s%s", what, words[wanted],
	    empty ? "and here is nothing" : "not ", empty ? "" : words[node->kind]);
	return false;
}

static void refuse_key(const struct reader *r, const struct yaml *key, const char *what,
    const struct key *keys, size_t n)
{
	enum { MOST = 16 };
	const char *names[MOST];
	char text[64];
	ensure(n <= MOST, NULL);
	for (size_t i = 0; i < n; i++)
		names[i] = keys[i].name;
	hint_words(refuse(r, key, "E0014", "%s has no key %s", what, quoted(text, key->text)),
	    key->text, names, n);
}

/* Picks the values of a map; what is wrong, or not there, is NULL. False: it is no map, or lacks one. */
static bool map_read(const struct reader *r, const struct yaml *map, const char *what,
    const struct key *keys, size_t n, const struct yaml **out)
{
	bool whole = true;
	memset(out, 0, n * sizeof *out);
	if (!kind_fits(r, map, MAP, what))
		return false;
	for (const struct yaml *m = map->first; m != NULL; m = m->next) {
		size_t i = 0;
		while (i < n && !slice_is(m->key->text, keys[i].name))
			i++;
		if (i == n)
			refuse_key(r, m->key, what, keys, n);
		else if (kind_fits(r, m, keys[i].kinds, keys[i].name))
			out[i] = m;
	}
	for (size_t i = 0; i < n; i++) {
		whole = whole && (!keys[i].required || out[i] != NULL);
		if (keys[i].required && yaml_get(map, keys[i].name) == NULL)
			refuse(r, map, "E0015", "%s needs the key %s", what, keys[i].name);
	}
	return whole;
}

static bool word_read(const struct reader *r, const struct yaml *node, const char *what,
    const char *const *words, size_t n, size_t *out)
{
	char text[64];
	for (*out = 0; *out < n; (*out)++)
		if (slice_is(node->text, words[*out]))
			return true;
	hint_words(refuse(r, node, "E0017", "%s cannot be \"%s\"", what, quoted(text, node->text)),
	    node->text, words, n);
	return false;
}

static bool number_read(const struct reader *r, const struct yaml *node, const char *what,
    unsigned least, unsigned most, unsigned *out)
{
	uint64_t n = 0;
	char text[64];
	if (slice_to_u64(node->text, &n) && n >= least && n <= most) {
		*out = (unsigned)n;
		return true;
	}
	refuse(r, node, "E0016", "%s is a number from %u to %u, not \"%s\"", what, least, most,
	    quoted(text, node->text));
	return false;
}

static struct play_name name_of(const struct yaml *node)
{
	if (node == NULL)
		return (struct play_name){ .text = NULL };
	return (struct play_name){ (const char *)node->text.p, node->start, node->end };
}

/* ---- accidents ---- */

static void accident_read(const struct reader *r, const struct yaml *map, struct play_file *out)
{
	enum { REQUEST, WHAT, KEYS };
	static const struct key keys[KEYS] = {
		[REQUEST] = { "request", TEXT, true },
		[WHAT] = { "what", TEXT, true },
	};
	const struct yaml *v[KEYS];
	unsigned request = 0;
	size_t what = 0;
	if (!map_read(r, map, "an accident", keys, KEYS, v) ||
	    !number_read(r, v[REQUEST], "request", 0, PLAY_REQUESTS_MAX - 1, &request) ||
	    !word_read(r, v[WHAT], "what", play_accident_words + 1, PLAY_REPLAYED, &what))
		return;
	for (size_t i = 0; i < out->n_mishaps; i++)
		if (out->mishaps[i].request == request)
			refuse(r, v[REQUEST], "E0019", "request %u has an accident already",
			    request);
	if (out->n_mishaps == PLAY_MISHAPS_MAX)
		refuse(r, map, "E0024", "more than %d accidents", PLAY_MISHAPS_MAX);
	else
		out->mishaps[out->n_mishaps++] = (struct play_mishap){ request,
			(enum play_accident)(what + 1) };
}

/* ---- a file ---- */

enum { FORMAT, TITLE, CLIENT, SERVER, GATEWAY, STORE, CYCLES, EDIT, HOPS, ACCIDENTS, KEYS };

static void values_read(const struct reader *r, const struct yaml *const v[KEYS],
    struct play_file *out)
{
	static const char *const hops[] = { "both", "client", "server" };
	size_t hop = PLAY_HOPS_BOTH;
	out->title = v[TITLE] != NULL ? (const char *)v[TITLE]->text.p : "";
	out->client = name_of(v[CLIENT]);
	out->server = name_of(v[SERVER]);
	out->gateway = name_of(v[GATEWAY]);
	out->store = name_of(v[STORE]);
	out->cycles = PLAY_CYCLES_MAX;
	number_read(r, v[CYCLES], "cycles", 1, PLAY_CYCLES_MAX, &out->cycles);
	out->edit_before = out->cycles;
	if (v[EDIT] != NULL)
		number_read(r, v[EDIT], "edit_before", 0, out->cycles - 1, &out->edit_before);
	if (v[HOPS] != NULL && word_read(r, v[HOPS], "hops", hops, 3, &hop))
		out->hops = (enum play_hops)hop;
	for (const struct yaml *a = v[ACCIDENTS] != NULL ? v[ACCIDENTS]->first : NULL; a != NULL;
	     a = a->next)
		accident_read(r, a, out);
}

static void root_read(const struct reader *r, const struct yaml *root, struct play_file *out)
{
	static const struct key keys[KEYS] = {
		[FORMAT] = { "davscope_scenario", TEXT, true },
		[TITLE] = { "title", TEXT, false },
		[CLIENT] = { "client", TEXT, true },
		[SERVER] = { "server", TEXT, true },
		[GATEWAY] = { "gateway", TEXT, false },
		[STORE] = { "store", TEXT, false },
		[CYCLES] = { "cycles", TEXT, true },
		[EDIT] = { "edit_before", TEXT, false },
		[HOPS] = { "hops", TEXT, false },
		[ACCIDENTS] = { "accidents", LIST, false },
	};
	const struct yaml *v[KEYS];
	char text[64];
	if (!map_read(r, root, "a scenario", keys, KEYS, v))
		return;
	if (!slice_is(v[FORMAT]->text, "1"))
		refuse(r, v[FORMAT], "E0012", "format %s is not known here; this is format 1",
		    quoted(text, v[FORMAT]->text));
	if ((v[GATEWAY] == NULL) != (v[STORE] == NULL))
		refuse(r, root, "E0015", "a gateway needs a store, and a store a gateway");
	values_read(r, v, out);
}

bool play_file_read(struct slice text, const char *name, struct arena *arena,
    struct complaints *complaints, struct play_file *out)
{
	struct reader r = { name, complaints };
	struct yaml_error why;
	*out = (struct play_file){ .title = "" };
	const struct yaml *root = yaml_parse(text, arena, FILE_DEPTH, &why);
	if (root == NULL) {
		struct complaint *c = complaint_add(complaints, yaml_fault_code(why.fault), name,
		    &why.at, NULL);
		snprintf(c->text, sizeof c->text, "%s", why.text);
	} else if (root->kind != YAML_MAP) {
		refuse(&r, root, "E0011", "a scenario is a map: davscope_scenario: 1, client: ...");
	} else {
		root_read(&r, root, out);
	}
	return complaints_errors(complaints) == 0;
}
