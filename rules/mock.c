/*
 * mock.c - events made of named values, for the tests embedded in rules.
 *
 * Lists are short (MOCK_MAX), so that a hostile rule file cannot make reading one slow.
 */
#include "rules/mock.h"

#include <stdarg.h>

enum { MOCK_MAX = 1024, QUOTED = 64 };

struct mock_value {
	struct slice name; /* header maps and maps */
	struct value value;
};

struct mock_field {
	const struct field *field;
	struct mock_value *values;
	struct mock_set *elements; /* groups */
	size_t n;
};

struct mock_set {
	struct mock_field *fields;
	size_t n;
};

struct mock {
	struct mock_set set;
	struct slice *unknown;
	size_t n_unknown;
};

/* What is needed while one is read. */
struct reading {
	struct arena *arena;
	enum event_kind kind;
	struct mark *at;
	struct error *why;
};

static bool __attribute__((format(printf, 3, 4)))
refuse(struct reading *r, const struct yaml *at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(r->why->text, sizeof r->why->text, format, args);
	va_end(args);
	*r->at = at->start;
	return false;
}

static void *take(struct reading *r, const struct yaml *at, size_t n, size_t size)
{
	void *p = arena_alloc(r->arena, (n + 1) * size);
	if (p == NULL)
		refuse(r, at, "no room for this test");
	return p;
}

static bool is_short(struct reading *r, const struct yaml *y)
{
	return y->n <= MOCK_MAX || refuse(r, y, "more than %d values in one place", MOCK_MAX);
}

/* ---- values ---- */

static bool scalar_read(struct reading *r, const struct field *field, const struct yaml *y,
    struct value *v)
{
	char text[QUOTED];
	if (y->kind != YAML_SCALAR)
		return refuse(r, y, "%s holds plain values, not a list or a map in this place",
		    field->name);
	if (!constant_read(field->type, y->text, r->arena, v))
		return refuse(r, y, "%s is no %s, as %s holds", quoted(text, y->text),
		    field_type_name(field->type), field->name);
	return field_allows(field, y->text) ||
	    refuse(r, y, "%s never is %s", field->name, quoted(text, y->text));
}

/* A scalar is a list of one. There is room for all of them. */
static bool values_read(struct reading *r, const struct yaml *y, struct slice name,
    struct mock_field *f)
{
	const struct yaml *item = y->kind == YAML_LIST ? y->first : y;
	for (; item != NULL; item = y->kind == YAML_LIST ? item->next : NULL) {
		struct mock_value *value = &f->values[f->n++];
		value->name = name;
		if (!scalar_read(r, f->field, item, &value->value))
			return false;
	}
	return true;
}

static size_t map_values(const struct yaml *y)
{
	size_t n = 0;
	for (const struct yaml *m = y->first; m != NULL; m = m->next)
		n += m->kind == YAML_LIST ? m->n : 1;
	return n;
}

static bool map_read(struct reading *r, const struct yaml *y, struct mock_field *f)
{
	if (y->kind != YAML_MAP)
		return refuse(r, y, "%s is a map: {Name: value}", f->field->name);
	size_t room = map_values(y);
	if (room > MOCK_MAX)
		return refuse(r, y, "more than %d values in one place", MOCK_MAX);
	f->values = take(r, y, room, sizeof *f->values);
	for (const struct yaml *m = y->first; f->values != NULL && m != NULL; m = m->next) {
		struct slice name;
		if (f->field->type == FIELD_MAP && m->kind != YAML_SCALAR)
			return refuse(r, m, "%s holds one value a name", f->field->name);
		if (!arena_copy(r->arena, m->key->text, &name))
			return refuse(r, m, "no room for this test");
		if (!values_read(r, m, name, f))
			return false;
	}
	return f->values != NULL;
}

static bool plain_read(struct reading *r, const struct yaml *y, struct mock_field *f)
{
	size_t n = y->kind == YAML_LIST ? y->n : 1;
	if (y->kind == YAML_MAP)
		return refuse(r, y, "%s is no map", f->field->name);
	if (y->kind == YAML_LIST && !f->field->many)
		return refuse(r, y, "%s holds one value", f->field->name);
	f->values = is_short(r, y) ? take(r, y, n, sizeof *f->values) : NULL;
	return f->values != NULL && values_read(r, y, (struct slice){ 0 }, f);
}

static bool field_set(struct reading *r, const struct yaml *y, struct mock_field *f)
{
	bool map = f->field->type == FIELD_HEADERS || f->field->type == FIELD_MAP;
	return map ? map_read(r, y, f) : plain_read(r, y, f);
}

/* ---- groups ---- */

static const struct field *member_find(const struct field *group, struct slice name)
{
	size_t n;
	const struct field *table = fields_table(&n), *end = table + n;
	size_t prefix = slice_from(group->name).n + 1;
	for (const struct field *f = group + 1; f < end && field_group(f) == group; f++)
		if (slice_is(name, f->name + prefix))
			return f;
	return NULL;
}

static bool element_read(struct reading *r, const struct yaml *y, const struct field *group,
    struct mock_set *element)
{
	char text[QUOTED];
	if (y->kind != YAML_MAP)
		return refuse(r, y, "an element of %s is a map of its fields", group->name);
	element->fields = is_short(r, y) ? take(r, y, y->n, sizeof *element->fields) : NULL;
	for (const struct yaml *m = y->first; element->fields != NULL && m != NULL; m = m->next) {
		struct mock_field *f = &element->fields[element->n];
		f->field = member_find(group, m->key->text);
		if (f->field == NULL)
			return refuse(r, m->key, "group %s has no field %s", group->name,
			    quoted(text, m->key->text));
		if (!field_set(r, m, f))
			return false;
		element->n++;
	}
	return element->fields != NULL;
}

static bool group_read(struct reading *r, const struct yaml *y, struct mock_field *f)
{
	if (y->kind != YAML_LIST)
		return refuse(r, y, "%s is a list of maps", f->field->name);
	f->elements = is_short(r, y) ? take(r, y, y->n, sizeof *f->elements) : NULL;
	for (const struct yaml *e = y->first; f->elements != NULL && e != NULL; e = e->next)
		if (!element_read(r, e, f->field, &f->elements[f->n++]))
			return false;
	return f->elements != NULL;
}

/* ---- one event ---- */

static bool unknown_name(struct reading *r, const struct yaml *at, struct slice name)
{
	char text[QUOTED];
	const struct field *near = field_like(name);
	return refuse(r, at, "unknown field %s%s%s%s", quoted(text, name),
	    near != NULL ? "; did you mean " : "", near != NULL ? near->name : "",
	    near != NULL ? "?" : "");
}

static const struct field *field_named(struct slice name)
{
	size_t n;
	const struct field *table = fields_table(&n);
	for (size_t i = 0; i < n; i++)
		if (slice_is(name, table[i].name))
			return &table[i];
	return NULL;
}

static bool member_set(struct reading *r, const struct yaml *y, struct mock_field *f)
{
	f->field = field_named(y->key->text);
	if (f->field == NULL)
		return unknown_name(r, y->key, y->key->text);
	if (!(f->field->kinds & 1u << r->kind))
		return refuse(r, y->key, "%s events have no field %s", event_kind_name(r->kind),
		    f->field->name);
	const struct field *group = field_group(f->field);
	if (group != NULL)
		return refuse(r, y->key, "%s is set within its elements: %s: [{...}]",
		    f->field->name, group->name);
	return f->field->type == FIELD_GROUP ? group_read(r, y, f) : field_set(r, y, f);
}

/* What every event has, unless the test says otherwise. */
static void default_set(struct mock_set *set, const char *name, struct value v)
{
	const struct field *field = field_named(slice_from(name));
	for (size_t i = 0; i < set->n; i++)
		if (set->fields[i].field == field)
			return;
	struct mock_field *f = &set->fields[set->n++];
	f->field = field;
	f->values[0].value = v;
	f->n = 1;
}

enum { DEFAULTS = 4 };

static bool set_read(struct reading *r, const struct yaml *item, int64_t at_ns,
    struct mock_set *set)
{
	const struct yaml *y = yaml_get(item, "set");
	size_t n = y != NULL ? y->n : 0;
	if (y != NULL && (y->kind != YAML_MAP || !is_short(r, y)))
		return y->kind == YAML_MAP ? false : refuse(r, y, "set is a map: {field: value}");
	struct mock_value *values = take(r, item, DEFAULTS, sizeof *values);
	set->fields = take(r, item, n + DEFAULTS, sizeof *set->fields);
	if (values == NULL || set->fields == NULL)
		return false;
	for (const struct yaml *m = n != 0 ? y->first : NULL; m != NULL; m = m->next, set->n++)
		if (!member_set(r, m, &set->fields[set->n]))
			return false;
	for (size_t i = 0; i < DEFAULTS; i++)
		set->fields[set->n + i].values = &values[i];
	default_set(set, "ts", (struct value){ .number = at_ns });
	default_set(set, "event_type",
	    (struct value){ .text = slice_from(event_kind_name(r->kind)) });
	default_set(set, "schema", (struct value){ .text = SLICE("davscope/1") });
	default_set(set, "id", (struct value){ .text = SLICE("test") });
	return true;
}

/* A field, or a part of a path that fields share. */
static bool is_prefix(struct slice prefix, const char *name)
{
	struct slice s = slice_from(name);
	return slice_starts(s, prefix) && (s.n == prefix.n || s.p[prefix.n] == '.');
}

static bool names_fields(struct slice prefix)
{
	size_t n;
	const struct field *table = fields_table(&n);
	for (size_t i = 0; i < n; i++)
		if (is_prefix(prefix, table[i].name))
			return true;
	return false;
}

static bool unknown_read(struct reading *r, const struct yaml *item, struct mock *mock)
{
	const struct yaml *y = yaml_get(item, "unknown");
	if (y == NULL)
		return true;
	if (y->kind != YAML_LIST)
		return refuse(r, y,
		    "unknown is a list of fields, or of what their names begin with");
	mock->unknown = is_short(r, y) ? take(r, y, y->n, sizeof *mock->unknown) : NULL;
	for (const struct yaml *e = y->first; mock->unknown != NULL && e != NULL; e = e->next) {
		if (e->kind != YAML_SCALAR || !names_fields(e->text))
			return unknown_name(r, e, e->text);
		if (!arena_copy(r->arena, e->text, &mock->unknown[mock->n_unknown++]))
			return refuse(r, e, "no room for this test");
	}
	return mock->unknown != NULL;
}

static bool kind_read(struct reading *r, const struct yaml *item)
{
	char text[QUOTED];
	const struct yaml *y = yaml_get(item, "event");
	if (y == NULL)
		return true;
	for (r->kind = 0; r->kind < EVENT_KINDS; r->kind++)
		if (y->kind == YAML_SCALAR && slice_is(y->text, event_kind_name(r->kind)))
			return true;
	return refuse(r, y, "%s is no kind of event", quoted(text, y->text));
}

static bool time_read(struct reading *r, const struct yaml *item, int64_t *at_ns)
{
	const struct yaml *y = yaml_get(item, "at");
	if (y == NULL)
		return refuse(r, item, "an event of a test says when it happens: at: 0s");
	if (y->kind != YAML_SCALAR || !duration_read(y->text, at_ns) || *at_ns < 0)
		return refuse(r, y, "at is a time since the start of the test, as 0s or 5m");
	return true;
}

static bool keys_check(struct reading *r, const struct yaml *item)
{
	static const char *const keys[] = { "at", "event", "set", "unknown" };
	char text[QUOTED];
	if (item->kind != YAML_MAP)
		return refuse(r, item, "an event of a test is a map: at, event, set, unknown");
	for (const struct yaml *m = item->first; m != NULL; m = m->next) {
		size_t i = 0;
		while (i < sizeof keys / sizeof keys[0] && !slice_is(m->key->text, keys[i]))
			i++;
		if (i == sizeof keys / sizeof keys[0])
			return refuse(r, m->key,
			    "unknown key %s; an event has: at, event, set, unknown",
			    quoted(text, m->key->text));
	}
	return true;
}

const struct mock *mock_new(struct arena *arena, const struct yaml *item,
    enum event_kind by_default, enum event_kind *kind, int64_t *at_ns, struct mark *at,
    struct error *why)
{
	struct reading r = { arena, by_default, at, why };
	struct mock *mock = take(&r, item, 1, sizeof *mock);
	if (mock == NULL || !keys_check(&r, item) || !kind_read(&r, item) ||
	    !time_read(&r, item, at_ns) || !set_read(&r, item, *at_ns, &mock->set) ||
	    !unknown_read(&r, item, mock))
		return NULL;
	*kind = r.kind;
	return mock;
}

/* ---- reading ---- */

static const struct mock_field *field_in(const struct mock_set *set, const struct field *field)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->fields[i].field == field)
			return &set->fields[i];
	return NULL;
}

static bool is_unknown(const struct mock *mock, const struct field *field)
{
	for (size_t i = 0; i < mock->n_unknown; i++)
		if (is_prefix(mock->unknown[i], field->name))
			return true;
	return false;
}

/* The values of the field, in this element when it is a member of a group; NULL: none. */
static const struct mock_field *values_of(const struct mock *mock, const struct field *field,
    size_t element)
{
	const struct field *group = field_group(field);
	if (group == NULL)
		return field_in(&mock->set, field);
	const struct mock_field *g = field_in(&mock->set, group);
	return g != NULL && element < g->n ? field_in(&g->elements[element], field) : NULL;
}

static bool is_asked(const struct field_ref *ref, struct slice name)
{
	if (ref->header.n == 0)
		return true;
	return ref->field->type == FIELD_MAP ? slice_equal(name, ref->header) :
					       slice_equal_nocase(name, ref->header);
}

enum seen mock_read(const struct mock *mock, const struct field_ref *ref, size_t element,
    size_t nth, struct value *v)
{
	const struct mock_field *f = values_of(mock, ref->field, element);
	size_t left = nth;
	for (size_t i = 0; f != NULL && f->elements == NULL && i < f->n; i++) {
		if (!is_asked(ref, f->values[i].name) || left-- != 0)
			continue;
		*v = f->values[i].value;
		return PRESENT;
	}
	bool enough = f != NULL && f->n != 0 && !ref->field->many;
	return !enough && is_unknown(mock, ref->field) ? NOT_OBSERVED : ABSENT;
}

size_t mock_elements(const struct mock *mock, const struct field *group, bool *complete)
{
	const struct mock_field *f = field_in(&mock->set, group);
	*complete = !is_unknown(mock, group);
	return f != NULL ? f->n : 0;
}

bool mock_entry(const struct mock *mock, const struct field *map, size_t i, struct slice *name,
    struct value *v)
{
	const struct mock_field *f = field_in(&mock->set, map);
	if (f == NULL || i >= f->n)
		return false;
	*name = f->values[i].name;
	*v = f->values[i].value;
	return true;
}
