/*
 * profiles_read.c - what may stand in a profile file; every mistake is told with its place, and the
 * rest is read on.
 */
#include "analysis/profiles_read.h"

#include <stdarg.h>
#include <string.h>

enum { FILE_DEPTH = 8 };
enum { TEXT = 1u << YAML_SCALAR, LIST = 1u << YAML_LIST, MAP = 1u << YAML_MAP };

struct key {
	const char *name;
	unsigned kinds;
	bool required;
};

/* ---- complaints ---- */

static __attribute__((format(printf, 5, 6))) struct complaint *refuse(const struct profile_file *f,
    const struct mark *start, const struct mark *end, const char *code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct complaint *c = complaint_add(f->set->complaints, code, f->name, start, end);
	vsnprintf(c->text, sizeof c->text, format, args);
	va_end(args);
	return c;
}

static __attribute__((format(printf, 2, 3))) void hint(struct complaint *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(c->hint, sizeof c->hint, format, args);
	va_end(args);
}

#define refuse_node(file, node, ...) refuse((file), &(node)->start, &(node)->end, __VA_ARGS__)

/* The nearest of the words, or all of them. */
static void hint_words(struct complaint *c, struct slice word, const char *const *words, size_t n)
{
	const char *like = word_like(word, words, n);
	if (like != NULL) {
		hint(c, "did you mean %s?", like);
		return;
	}
	size_t used = 0;
	for (size_t i = 0; i < n && used < sizeof c->hint; i++)
		used += (size_t)snprintf(c->hint + used, sizeof c->hint - used, "%s%s",
		    i != 0 ? ", " : "it is one of: ", words[i]);
}

static void *room_for(const struct profile_file *f, size_t n)
{
	void *p = arena_alloc(f->set->arena, n);
	if (p == NULL && !f->set->full) {
		f->set->full = true;
		hint(refuse(f, NULL, NULL, "E0010", "the profiles need too much memory"),
		    "--limit profile_memory=N allows more");
	}
	return p;
}

/* ---- maps and simple values ---- */

static const char *kind_word(unsigned kinds)
{
	if (kinds & MAP)
		return "a map";
	if (kinds == (TEXT | LIST))
		return "a text or a list";
	return kinds & LIST ? "a list" : "a text";
}

static bool kind_check(const struct profile_file *f, const struct yaml *node, unsigned kinds,
    const char *what)
{
	unsigned is = 1u << node->kind;
	bool empty = is == TEXT && node->text.n == 0;
	if ((is & kinds) && !empty)
		return true;
	refuse_node(f, node, "E0016", "%s must be %s, %s%s", what, kind_word(kinds),
	    empty ? "and here is nothing" : "not ", empty ? "" : kind_word(is));
	return false;
}

static size_t key_find(struct slice name, const struct key *keys, size_t n)
{
	size_t i = 0;
	while (i < n && !slice_is(name, keys[i].name))
		i++;
	return i;
}

static void refuse_key(const struct profile_file *f, const struct yaml *key, const char *what,
    const struct key *keys, size_t n)
{
	enum { MOST = 16 };
	const char *names[MOST];
	char text[64];
	ensure(n <= MOST, NULL);
	for (size_t i = 0; i < n; i++)
		names[i] = keys[i].name;
	struct complaint *c = refuse_node(f, key, "E0014", "%s has no key %s", what,
	    quoted(text, key->text));
	hint_words(c, key->text, names, n);
}

/* Picks the values of a map; what is wrong, or not there, is NULL. False: it is no map, or lacks one. */
static bool map_read(const struct profile_file *f, const struct yaml *map, const char *what,
    const struct key *keys, size_t n, const struct yaml **out)
{
	bool whole = true;
	memset(out, 0, n * sizeof *out);
	if (!kind_check(f, map, MAP, what))
		return false;
	for (const struct yaml *m = map->first; m != NULL; m = m->next) {
		size_t i = key_find(m->key->text, keys, n);
		if (i == n)
			refuse_key(f, m->key, what, keys, n);
		else if (kind_check(f, m, keys[i].kinds, keys[i].name))
			out[i] = m;
	}
	for (size_t i = 0; i < n; i++) {
		if (!keys[i].required || out[i] != NULL)
			continue;
		whole = false;
		if (yaml_get(map, keys[i].name) == NULL)
			refuse(f, &map->start, NULL, "E0015", "%s needs the key %s", what,
			    keys[i].name);
	}
	return whole;
}

/* Line breaks at its end are of the way it is written. */
static const char *text_read(const struct profile_file *f, const struct yaml *node)
{
	size_t n = node->text.n;
	while (n != 0 && node->text.p[n - 1] == '\n')
		n--;
	char *copy = room_for(f, n + 1);
	if (copy != NULL && n != 0)
		memcpy(copy, node->text.p, n);
	return copy;
}

static bool word_read(const struct profile_file *f, const struct yaml *node, const char *what,
    const char *const *words, size_t n, size_t *out)
{
	for (*out = 0; *out < n; (*out)++)
		if (slice_is(node->text, words[*out]))
			return true;
	char text[64];
	struct complaint *c = refuse_node(f, node, "E0017", "%s cannot be \"%s\"", what,
	    quoted(text, node->text));
	hint_words(c, node->text, words, n);
	return false;
}

/* ---- policies ---- */

/* One value of a policy; "?" is all of them. Adds it to the set; false: it was complained of. */
static bool value_read(const struct profile_file *f, const struct yaml *node, enum policy policy,
    uint8_t *set, size_t *number)
{
	const struct policy_info *info = &policies_table[policy];
	const char *words[VALUES_MAX];
	unsigned n = policy_values(policy);
	*number = 0;
	if (slice_is(node->text, "?")) {
		*set = (uint8_t)(BIT(n) - 1);
		return true;
	}
	for (unsigned i = 0; i < n; i++)
		words[i] = info->values[i].word;
	if (!kind_check(f, node, TEXT, info->code) ||
	    !word_read(f, node, info->code, words, n, number))
		return false;
	if (*set & BIT(*number))
		refuse_node(f, node, "E0019", "%s says %s twice", info->code, words[*number]);
	*set |= (uint8_t)BIT(*number);
	return true;
}

static void policy_read(const struct profile_file *f, const struct yaml *node, enum policy policy,
    struct profile *out)
{
	const struct yaml *value = node->kind == YAML_LIST ? node->first : node;
	uint8_t set = 0;
	size_t first = 0, number = 0;
	if (!kind_check(f, node, TEXT | LIST, policies_table[policy].code))
		return;
	if (value == NULL)
		refuse_node(f, node, "E0016", "%s is an empty list", policies_table[policy].code);
	for (bool begun = false; value != NULL; value = node == value ? NULL : value->next) {
		if (!value_read(f, value, policy, &set, &number))
			continue;
		first = begun ? first : number;
		begun = true;
	}
	if (set == 0)
		return;
	out->policies.set[policy] = set;
	out->policies.first[policy] = (uint8_t)first;
	if (set != BIT(policy_values(policy)) - 1)
		out->said |= UINT64_C(1) << policy;
}

static enum policy policy_find(struct slice code)
{
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (slice_is(code, policies_table[i].code))
			return (enum policy)i;
	return POLICY_ANY;
}

static void refuse_policy(const struct profile_file *f, const struct yaml *key,
    enum machine_side side)
{
	const char *codes[POLICIES];
	size_t n = 0;
	char text[64];
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (policies_table[i].side == side)
			codes[n++] = policies_table[i].code;
	struct complaint *c = refuse_node(f, key, "E0014", "%s have no policy %s",
	    side == SIDE_CLIENT ? "clients" : "servers", quoted(text, key->text));
	if (policy_find(key->text) != POLICY_ANY)
		hint(c, "it is one of %s", side == SIDE_CLIENT ? "servers" : "clients");
	else
		hint_words(c, key->text, codes, n);
}

static void policies_read(const struct profile_file *f, const struct yaml *map, struct profile *out)
{
	for (const struct yaml *m = map->first; m != NULL; m = m->next) {
		enum policy policy = policy_find(m->key->text);
		if (policy == POLICY_ANY || policies_table[policy].side != out->side)
			refuse_policy(f, m->key, out->side);
		else
			policy_read(f, m, policy, out);
	}
}

/* ---- agents ---- */

static bool bound_read(const struct profile_file *f, const struct yaml *node, const char *what,
    struct build *out)
{
	if (node == NULL)
		return false;
	struct slice text = node->text;
	if (build_read(&text, out) && text.n == 0)
		return true;
	char quote[64];
	refuse_node(f, node, "E0016", "%s is a version like 6.5.7651.50, not \"%s\"", what,
	    quoted(quote, node->text));
	return false;
}

static void agent_read(const struct profile_file *f, const struct yaml *map, struct agent *out)
{
	enum { AGENT, FROM, BELOW, PROTOCOL_FROM, PROTOCOL_BELOW, KEYS };
	static const struct key keys[KEYS] = {
		[AGENT] = { "agent", TEXT, false },
		[FROM] = { "from", TEXT, false },
		[BELOW] = { "below", TEXT, false },
		[PROTOCOL_FROM] = { "activesync_from", TEXT, false },
		[PROTOCOL_BELOW] = { "activesync_below", TEXT, false },
	};
	const struct yaml *v[KEYS];
	if (!map_read(f, map, "an agent", keys, KEYS, v))
		return;
	if (map->n == 0)
		refuse_node(f, map, "E0015", "an agent says nothing");
	if ((v[FROM] != NULL || v[BELOW] != NULL) &&
	    (v[AGENT] == NULL || slice_find_byte(v[AGENT]->text, '*') == v[AGENT]->text.n))
		refuse_node(f, map, "E0016",
		    "from and below need an agent with a * for the version");
	if (v[AGENT] != NULL)
		out->pattern = text_read(f, v[AGENT]);
	out->has_from = bound_read(f, v[FROM], "from", &out->from);
	out->has_below = bound_read(f, v[BELOW], "below", &out->below);
	out->has_protocol_from = bound_read(f, v[PROTOCOL_FROM], "activesync_from",
	    &out->protocol_from);
	out->has_protocol_below = bound_read(f, v[PROTOCOL_BELOW], "activesync_below",
	    &out->protocol_below);
}

static void agents_read(const struct profile_file *f, const struct yaml *list, struct profile *out)
{
	struct agent *agents = list->n != 0 ? room_for(f, list->n * sizeof *agents) : NULL;
	if (agents == NULL)
		return;
	out->agents = agents;
	for (const struct yaml *m = list->first; m != NULL; m = m->next)
		agent_read(f, m, &agents[out->n_agents++]);
}

/* ---- profiles ---- */

static bool name_check(const struct profile_file *f, const struct yaml *node)
{
	bool fine = true;
	char text[64];
	for (size_t i = 0; i < node->text.n; i++) {
		uint8_t c = node->text.p[i];
		fine = fine &&
		    ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i != 0));
	}
	if (!fine) {
		refuse_node(f, node, "E0018",
		    "a name has small letters, digits and - between them: \"%s\"",
		    quoted(text, node->text));
		return false;
	}
	const struct profile *taken = profile_find(f->set, (const char *)node->text.p);
	if (taken == NULL)
		return true;
	hint(refuse_node(f, node, "E0019", "there is a profile %s already",
		 quoted(text, node->text)),
	    "line %zu of %.100s", taken->line, taken->file);
	return false;
}

static void profile_read(const struct profile_file *f, const struct yaml *map,
    enum machine_side side)
{
	enum { NAME, TITLE, BODY, SPEAKS, HYPOTHESIS, AGENTS, POLICIES_KEY, KEYS };
	static const struct key keys[KEYS] = {
		[NAME] = { "name", TEXT, true },
		[TITLE] = { "title", TEXT, true },
		[BODY] = { "text", TEXT, false },
		[SPEAKS] = { "speaks", TEXT, false },
		[HYPOTHESIS] = { "hypothesis", TEXT, false },
		[AGENTS] = { "agents", LIST, false },
		[POLICIES_KEY] = { "policies", MAP, true },
	};
	static const char *const flags[] = { "false", "true" };
	const struct yaml *v[KEYS];
	size_t number = 0;
	struct profile *p = room_for(f, sizeof *p);
	bool whole = map_read(f, map, "a profile", keys, KEYS, v);
	if (p == NULL || v[NAME] == NULL || !name_check(f, v[NAME]))
		return;
	*p = (struct profile){ .side = side,
		.file = f->name,
		.line = map->start.line,
		.shipped = f->shipped,
		.policies = vector_any() };
	p->name = text_read(f, v[NAME]);
	p->title = v[TITLE] != NULL ? text_read(f, v[TITLE]) : "";
	p->text = v[BODY] != NULL ? text_read(f, v[BODY]) : NULL;
	if (v[SPEAKS] != NULL && word_read(f, v[SPEAKS], "speaks", speaks_words, 2, &number))
		p->speaks = (enum speaks)number;
	if (v[HYPOTHESIS] != NULL && word_read(f, v[HYPOTHESIS], "hypothesis", flags, 2, &number))
		p->hypothesis = number == 1;
	if (v[AGENTS] != NULL)
		agents_read(f, v[AGENTS], p);
	if (v[POLICIES_KEY] != NULL)
		policies_read(f, v[POLICIES_KEY], p);
	if (!whole || p->name == NULL || p->title == NULL)
		return;
	*f->set->last = p;
	f->set->last = &p->next;
}

static void list_read(const struct profile_file *f, const struct yaml *list, enum machine_side side)
{
	for (const struct yaml *m = list != NULL ? list->first : NULL; m != NULL; m = m->next)
		profile_read(f, m, side);
}

static const struct yaml *root_read(const struct profile_file *f, struct slice text)
{
	struct yaml_error why;
	const struct yaml *root = yaml_parse(text, f->set->arena, FILE_DEPTH, &why);
	if (root == NULL) {
		struct complaint *c = refuse(f, &why.at, NULL, yaml_fault_code(why.fault), "%s",
		    why.text);
		if (strstr(why.text, "mapping key") != NULL) /* a question mark is one to YAML */
			hint(c, "a value that is not known is written \"?\", with quotes");
	} else if (root->kind != YAML_MAP) {
		refuse(f, &root->start, NULL, "E0011",
		    "a profile file is a map: davscope_profiles: 1, clients: ...");
		root = NULL;
	}
	return root;
}

void profile_file_read(const struct profile_file *given, struct slice text)
{
	enum { FORMAT, CLIENTS, SERVERS, KEYS };
	static const struct key keys[KEYS] = {
		[FORMAT] = { "davscope_profiles", TEXT, true },
		[CLIENTS] = { "clients", LIST, false },
		[SERVERS] = { "servers", LIST, false },
	};
	struct profile_file file = *given;
	const struct yaml *v[KEYS];
	char quote[64], *name = room_for(given, strlen(given->name) + 1);
	if (name == NULL)
		return;
	memcpy(name, given->name, strlen(given->name));
	file.name = name;
	if (!complaints_file(file.set->complaints, name)) {
		refuse(&file, NULL, NULL, "E0010", "the profiles need too much memory");
		return;
	}
	const struct yaml *root = root_read(&file, text);
	if (root == NULL || !map_read(&file, root, "a profile file", keys, KEYS, v))
		return;
	if (!slice_is(v[FORMAT]->text, "1")) {
		refuse_node(&file, v[FORMAT], "E0012",
		    "format %s is not known here; this is format 1",
		    quoted(quote, v[FORMAT]->text));
		return;
	}
	list_read(&file, v[CLIENTS], SIDE_CLIENT);
	list_read(&file, v[SERVERS], SIDE_SERVER);
}
