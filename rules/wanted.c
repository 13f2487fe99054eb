/*
 * wanted.c - reads what a test expects: the items of `expect:` in a rule, and of `findings:` in a
 * file beside a capture.
 */
#include "rules/tally.h"

#include <string.h>

struct reading {
	struct arena *arena;
	struct fault *fault;
	bool beside;
};

static bool refuse(struct reading *r, const struct yaml *at, const char *text)
{
	r->fault->at = at->start;
	return error_set(&r->fault->why, "%s", text);
}

static bool out_of_memory(struct reading *r, const struct yaml *at)
{
	return refuse(r, at, "out of memory");
}

static bool read_number(struct reading *r, const struct yaml *node, uint64_t *out)
{
	if (node->kind == YAML_SCALAR && slice_to_u64(node->text, out))
		return true;
	return refuse(r, node, "a whole number is wanted here");
}

static bool read_field(struct reading *r, const struct yaml *name, struct field_ref *out)
{
	struct error e;
	if (name->kind != YAML_SCALAR)
		return refuse(r, name, "the name of a field is wanted here");
	if (field_find((const char *)name->text.p, out, &e))
		return true;
	char text[64], near[100] = "";
	const struct field *like = field_like(name->text);
	if (like != NULL)
		snprintf(near, sizeof near, "; did you mean %s?", like->name);
	r->fault->at = name->start;
	return error_set(&r->fault->why, "no field %s%s", quoted(text, name->text), near);
}

/* Maps without a name and groups are no single value. */
static bool read_value(struct reading *r, const struct yaml *node, struct wanted_value *w)
{
	const struct field *field = w->ref.field;
	enum field_type type = field->type;
	bool map = type == FIELD_HEADERS || type == FIELD_MAP;
	if (type == FIELD_GROUP || (map && w->ref.header.n == 0))
		return refuse(r, node->key, "a field with one value is wanted here");
	if (node->kind != YAML_SCALAR)
		return refuse(r, node, "one value is wanted here");
	if (!field_allows(field, node->text))
		return refuse(r, node, "the field is never this word");
	if (map || type == FIELD_ENUM)
		type = FIELD_STRING;
	if (constant_read(type, node->text, r->arena, &w->value))
		return true;
	r->fault->at = node->start;
	return error_set(&r->fault->why, "this is no %s", field_type_name(type));
}

static bool read_match(struct reading *r, const struct yaml *map, struct wanted *w)
{
	if (map->kind != YAML_MAP)
		return refuse(r, map, "a map of fields and values is wanted here");
	struct wanted_value *values = arena_alloc(r->arena, (map->n + 1) * sizeof *values);
	if (values == NULL)
		return out_of_memory(r, map);
	for (const struct yaml *m = map->first; m != NULL; m = m->next) {
		struct wanted_value *v = &values[w->n_match++];
		v->said = m;
		if (!read_field(r, m->key, &v->ref) || !read_value(r, m, v))
			return false;
	}
	w->match = values;
	return true;
}

static bool read_fields(struct reading *r, const struct yaml *list, const struct field_ref **out,
    size_t *n)
{
	if (list->kind != YAML_LIST)
		return refuse(r, list, "a list of fields is wanted here");
	struct field_ref *refs = arena_alloc(r->arena, (list->n + 1) * sizeof *refs);
	if (refs == NULL)
		return out_of_memory(r, list);
	for (const struct yaml *item = list->first; item != NULL; item = item->next)
		if (!read_field(r, item, &refs[(*n)++]))
			return false;
	*out = refs;
	return true;
}

static bool read_frames(struct reading *r, const struct yaml *list, struct wanted *w)
{
	if (list->kind != YAML_LIST)
		return refuse(r, list, "a list of packet numbers is wanted here");
	uint64_t *frames = arena_alloc(r->arena, (list->n + 1) * sizeof *frames);
	if (frames == NULL)
		return out_of_memory(r, list);
	for (const struct yaml *item = list->first; item != NULL; item = item->next)
		if (!read_number(r, item, &frames[w->n_frames++]))
			return false;
	w->frames = frames;
	return true;
}

static bool read_rule(struct reading *r, const struct yaml *id, struct wanted *w)
{
	if (id->kind != YAML_SCALAR || id->text.n == 0)
		return refuse(r, id, "the id of a rule is wanted here");
	w->rule = (const char *)id->text.p;
	return true;
}

static bool read_key(struct reading *r, const struct yaml *m, struct wanted *w)
{
	struct slice key = m->key->text;
	if (slice_is(key, "count"))
		return read_number(r, m, &w->count);
	if (slice_is(key, "match"))
		return read_match(r, m, w);
	if (!r->beside)
		return refuse(r, m->key, "an item of expect has the keys count and match");
	if (slice_is(key, "rule"))
		return read_rule(r, m, w);
	if (slice_is(key, "has-key"))
		return read_fields(r, m, &w->has, &w->n_has);
	if (slice_is(key, "not-has-key"))
		return read_fields(r, m, &w->has_not, &w->n_has_not);
	if (slice_is(key, "frames"))
		return read_frames(r, m, w);
	return refuse(r, m->key,
	    "an item of findings has the keys rule, count, match, has-key, not-has-key and frames");
}

static bool read_item(struct reading *r, const struct yaml *item, struct wanted *w)
{
	*w = (struct wanted){ .count = 1, .line = item->start.line };
	if (item->kind != YAML_MAP || item->n == 0)
		return refuse(r, item, "a map is wanted here, as {count: 1}");
	for (const struct yaml *m = item->first; m != NULL; m = m->next)
		if (!read_key(r, m, w))
			return false;
	if (r->beside && w->rule == NULL)
		return refuse(r, item, "the key rule is missing");
	return true;
}

bool wanted_read(struct arena *arena, const struct yaml *list, bool beside,
    const struct wanted **out, size_t *n, struct fault *fault)
{
	*fault = (struct fault){ 0 };
	struct reading r = { arena, fault, beside };
	*out = NULL;
	*n = 0;
	if (list == NULL)
		return true;
	if (list->kind != YAML_LIST)
		return refuse(&r, list, "a list is wanted here; [] is silence");
	if (list->n > WANTED_MAX)
		return refuse(&r, list, "more than 64 items");
	struct wanted *wanted = arena_alloc(arena, (list->n + 1) * sizeof *wanted);
	if (wanted == NULL)
		return out_of_memory(&r, list);
	for (const struct yaml *item = list->first; item != NULL; item = item->next)
		if (!read_item(&r, item, &wanted[(*n)++]))
			return false;
	*out = wanted;
	return true;
}
