/*
 * load_file.c - one rule file: parsed, its format and sections checked, its items collected.
 */
#include "rules/load.h"

#include <string.h>

enum section { FORMAT, REQUIRES, VARS, LISTS, MACROS, RULES, SUPPRESS, OVERRIDE, SECTIONS };

static const struct key sections[SECTIONS] = {
	[FORMAT] = { "davscope_rules", TEXT, false },
	[REQUIRES] = { "requires", MAP, false },
	[VARS] = { "vars", MAP, false },
	[LISTS] = { "lists", MAP, false },
	[MACROS] = { "macros", MAP, false },
	[RULES] = { "rules", LIST, false },
	[SUPPRESS] = { "suppress", LIST, false },
	[OVERRIDE] = { "override", LIST, false },
};

static const struct key rule_keys[OVERRIDE_KEYS] = {
	[RULE_ID] = { "id", TEXT, true },
	[RULE_REV] = { "rev", TEXT, false },
	[RULE_TITLE] = { "title", TEXT, false },
	[RULE_DESCRIPTION] = { "description", TEXT, false },
	[RULE_SEVERITY] = { "severity", TEXT, false },
	[RULE_ESCALATE] = { "escalate", MAP, false },
	[RULE_CONFIDENCE] = { "confidence", TEXT, false },
	[RULE_STATUS] = { "status", TEXT, false },
	[RULE_TAGS] = { "tags", LIST, false },
	[RULE_REFERENCES] = { "references", LIST, false },
	[RULE_REMEDY] = { "remedy", TEXT, false },
	[RULE_ENABLED] = { "enabled", TEXT, false },
	[RULE_EVENT] = { "event", TEXT, false },
	[RULE_CONDITION] = { "condition", TEXT, false },
	[RULE_EXCEPT] = { "except", LIST, false },
	[RULE_WINDOW] = { "window", MAP, false },
	[RULE_SEQUENCE] = { "sequence", MAP, false },
	[RULE_LIMIT] = { "limit", MAP, false },
	[RULE_OUTPUT] = { "output", TEXT, false },
	[RULE_FIELDS] = { "fields", LIST, false },
	[RULE_ON_UNKNOWN] = { "on_unknown", TEXT, false },
	[RULE_TESTS] = { "tests", LIST, false },
	[RULE_APPEND_EXCEPT] = { "append_except", LIST, false },
};

/* To YAML a ! at the start of a condition is a tag. */
static void refuse_yaml(const struct origin *from, const struct yaml_error *why)
{
	struct complaint *c = refuse_at(from, &why->at, yaml_fault_code(why->fault), "%s",
	    why->text);
	if (why->fault == YAML_TAG)
		hint(c, "in a condition write not, or put it into a block behind |");
}

static const struct yaml *origin_parse(struct origin *from)
{
	struct yaml_error why;
	const struct yaml *root = yaml_parse(from->text, from->set->arena, FILE_DEPTH, &why);
	if (root == NULL)
		refuse_yaml(from, &why);
	else if (root->kind == YAML_SCALAR && root->text.n == 0)
		refuse(from, root, "E0011", "there is nothing in this file");
	else if (root->kind != YAML_MAP)
		refuse(from, root, "E0011", "a rule file is a map: davscope_rules: 1, rules: ...");
	else
		return root;
	return NULL;
}

static bool format_check(const struct origin *from, const struct yaml *root,
    const struct yaml *format)
{
	char text[64];
	if (format != NULL && slice_is(format->text, "1"))
		return true;
	if (format != NULL)
		refuse(from, format, "E0012", "format %s is not known here; this is format 1",
		    quoted(text, format->text));
	else
		hint(refuse_at(from, &root->start, "E0012", "no line davscope_rules: 1"),
		    "it says that this is a rule file, and in which format");
	return false;
}

/* Splits ">= 0.1". */
static struct slice take_relation(struct slice *text)
{
	struct slice whole = slice_trim(*text);
	size_t n = 0;
	while (
	    n < whole.n && n < 2 && (whole.p[n] == '<' || whole.p[n] == '>' || whole.p[n] == '='))
		n++;
	*text = slice_trim(slice_part(whole, n, whole.n));
	return slice_part(whole, 0, n);
}

static bool relation_holds(struct slice relation, int order, bool *known)
{
	*known = true;
	if (slice_is(relation, ">="))
		return order >= 0;
	if (slice_is(relation, ">"))
		return order > 0;
	if (slice_is(relation, "=="))
		return order == 0;
	if (slice_is(relation, "<="))
		return order <= 0;
	if (slice_is(relation, "<"))
		return order < 0;
	return *known = false;
}

static void requires_check(const struct origin *from, const struct yaml *requires)
{
	const struct key keys[] = { { "engine", TEXT, true } };
	const struct yaml *engine;
	char text[64];
	map_read(from, requires, "requires", keys, 1, &engine);
	if (engine == NULL)
		return;
	struct slice version = engine->text;
	struct slice relation = take_relation(&version);
	bool valid, known;
	int order = version_compare(SLICE(DAVSCOPE_VERSION), version, &valid);
	bool holds = relation_holds(relation, order, &known);
	if (!valid || !known)
		hint(refuse(from, engine, "E0013", "engine \"%s\" cannot be read",
			 quoted(text, engine->text)),
		    "write it as \">= 0.1\"");
	else if (!holds)
		refuse(from, engine, "E0013", "this file wants davscope %s, and this is %s",
		    quoted(text, engine->text), DAVSCOPE_VERSION);
}

static void declarations_collect(const struct origin *from, const struct yaml *map,
    const char *what, struct growing *into)
{
	char text[64];
	for (const struct yaml *m = map != NULL ? map->first : NULL; m != NULL; m = m->next) {
		if (!is_ident(m->key->text)) {
			hint(refuse(from, m->key, "E0018", "%s cannot be named \"%s\"", what,
				 quoted(text, m->key->text)),
			    "names are of letters, digits and _, a letter first");
			continue;
		}
		struct declared *d = growing_next(from->set, into, sizeof(*d));
		if (d == NULL)
			return;
		*d = (struct declared){ { m, from }, into->n };
	}
}

/* Lower-case words joined by -. */
static bool is_rule_id(struct slice s)
{
	bool letter = false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool now = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!now && (c != '-' || !letter))
			return false;
		letter = now;
	}
	return letter;
}

/* NULL: a rule that cannot be named is not kept. */
static const char *id_read(const struct origin *from, const struct yaml *item)
{
	char text[64];
	const struct yaml *id = yaml_get(item, "id");
	if (id == NULL || id->kind != YAML_SCALAR)
		return NULL;
	if (is_rule_id(id->text))
		return (const char *)id->text.p;
	hint(refuse(from, id, "E0018", "\"%s\" cannot be the id of a rule", quoted(text, id->text)),
	    "ids are lower-case words joined by -, as in untagged-write");
	return NULL;
}

static void rules_collect(const struct origin *from, const struct yaml *list)
{
	struct ruleset *set = from->set;
	struct growing *rules = &set->loading->rules;
	for (const struct yaml *m = list != NULL ? list->first : NULL; m != NULL; m = m->next) {
		const struct yaml *values[RULE_KEYS];
		const char *id = id_read(from, m);
		set->compiler.rule = id;
		map_read(from, m, "a rule", rule_keys, RULE_KEYS, values);
		struct raw_rule *r = id != NULL ? growing_next(set, rules, sizeof(*r)) : NULL;
		if (r == NULL)
			continue;
		*r = (struct raw_rule){ .id = id, .item = { m, from }, .number = rules->n };
		for (size_t i = 0; i < RULE_KEYS; i++)
			r->keys[i] = (struct said){ values[i], from };
	}
	set->compiler.rule = NULL;
}

static void overrides_collect(const struct origin *from, const struct yaml *list)
{
	struct ruleset *set = from->set;
	for (const struct yaml *m = list != NULL ? list->first : NULL; m != NULL; m = m->next) {
		const struct yaml *values[OVERRIDE_KEYS];
		const char *id = id_read(from, m);
		set->compiler.rule = id;
		map_read(from, m, "an override", rule_keys, OVERRIDE_KEYS, values);
		if (m->kind == YAML_MAP && yaml_get(m, "id") != NULL && m->n == 1)
			hint(refuse(from, m, "E0023", "this override changes nothing"),
			    "name the keys that are to be replaced, as in enabled: false");
		struct override *o = id != NULL ?
		    growing_next(set, &set->loading->overrides, sizeof(*o)) :
		    NULL;
		if (o == NULL)
			continue;
		*o = (struct override){ .id = id, .item = { m, from } };
		memcpy(o->keys, values, sizeof(values));
	}
	set->compiler.rule = NULL;
}

static void suppressions_collect(const struct origin *from, const struct yaml *list)
{
	struct ruleset *set = from->set;
	for (const struct yaml *m = list != NULL ? list->first : NULL; m != NULL; m = m->next) {
		struct said *s = growing_next(set, &set->loading->suppressions, sizeof(*s));
		if (s == NULL)
			return;
		*s = (struct said){ m, from };
	}
}

static void origin_collect(const struct origin *from, const struct yaml *root)
{
	struct loading *l = from->set->loading;
	const struct yaml *parts[SECTIONS];
	const struct yaml *format = yaml_get(root, sections[FORMAT].name);
	if (!format_check(from, root, format))
		return;
	map_read(from, root, "a rule file", sections, SECTIONS, parts);
	if (parts[REQUIRES] != NULL)
		requires_check(from, parts[REQUIRES]);
	declarations_collect(from, parts[VARS], "a variable", &l->variables);
	declarations_collect(from, parts[LISTS], "a list", &l->lists);
	declarations_collect(from, parts[MACROS], "a macro", &l->macros);
	rules_collect(from, parts[RULES]);
	overrides_collect(from, parts[OVERRIDE]);
	suppressions_collect(from, parts[SUPPRESS]);
}

static struct origin *origin_new(struct ruleset *set, const char *name, struct slice text,
    bool shipped)
{
	struct origin *from = room_for(set, sizeof(*from));
	char *copy = room_for(set, strlen(name) + 1);
	uint8_t *bytes = room_for(set, text.n + 1);
	if (from == NULL || copy == NULL || bytes == NULL)
		return NULL;
	memcpy(copy, name, strlen(name));
	if (text.n != 0)
		memcpy(bytes, text.p, text.n);
	*from = (struct origin){ set, copy, { bytes, text.n }, shipped };
	set->loading->file = copy;
	if (complaints_file(set->complaints, copy))
		return from;
	set_is_full(set);
	return NULL;
}

void origin_read(struct ruleset *set, const char *name, struct slice text, bool shipped)
{
	struct origin *from = origin_new(set, name, text, shipped);
	const struct yaml *root = from != NULL ? origin_parse(from) : NULL;
	if (root != NULL)
		origin_collect(from, root);
}
