/*
 * fields.c - the field table: find a field by name, read it from an event.
 */
#include "rules/fields.h"

#include <string.h>

#define TXN (1u << EVENT_TRANSACTION)
#define FLOW (1u << EVENT_FLOW)
#define ANOM (1u << EVENT_ANOMALY)
#define ALL (TXN | FLOW | ANOM)
enum { ONE, MANY };

static const struct field table[] = {
#define FIELD(name, type, many, kinds, get, which, text) \
	{ name, text, FIELD_##type, (many) == MANY, kinds },
#define GROUP(name, kinds, count, text) { name, text, FIELD_GROUP, true, kinds },
#include "rules/fields.def"
#undef FIELD
#undef GROUP
};

enum { FIELDS = sizeof(table) / sizeof(table[0]) };

struct access {
	field_getter *get; /* NULL: a group */
	field_counter *count;
	int which;
};

static const struct access accesses[FIELDS] = {
#define FIELD(name, type, many, kinds, get, which, text) { get, NULL, which },
#define GROUP(name, kinds, count, text) { NULL, count, 0 },
#include "rules/fields.def"
#undef FIELD
#undef GROUP
};

const struct field *fields_table(size_t *n)
{
	*n = FIELDS;
	return table;
}

/* ["Name"] behind the name of a header map. */
static bool subscript_read(const char *text, struct slice *header)
{
	struct slice s = slice_from(text);
	if (s.n < 5 || !slice_starts(s, SLICE("[\"")) || s.p[s.n - 2] != '"' || s.p[s.n - 1] != ']')
		return false;
	*header = slice_part(s, 2, s.n - 4);
	return slice_find_byte(*header, '"') == header->n;
}

bool field_find(const char *name, struct field_ref *out, struct error *error)
{
	size_t n = strcspn(name, "[");
	for (size_t i = 0; i < FIELDS; i++) {
		if (strlen(table[i].name) != n || memcmp(table[i].name, name, n) != 0)
			continue;
		*out = (struct field_ref){ .field = &table[i] };
		if (name[n] == '\0')
			return true;
		if (table[i].type != FIELD_HEADERS)
			return error_set(error, "field %s takes no [\"Name\"]", table[i].name);
		if (subscript_read(name + n, &out->header))
			return true;
		return error_set(error, "field %s wants [\"Name\"] with the name of one header",
		    table[i].name);
	}
	return error_set(error, "unknown field %.100s", name);
}

static bool field_has(const struct field *field, const struct event *event)
{
	return field->kinds & (1u << event->kind);
}

enum seen field_read(const struct field_ref *ref, const struct event *event, size_t element,
    size_t nth, struct value *v)
{
	const struct field *field = ref->field;
	const struct access *access = &accesses[field - table];
	if (!field_has(field, event) || access->get == NULL)
		return ABSENT;
	struct asked asked = { event, access->which, element, nth };
	if (field->type == FIELD_HEADERS && ref->header.n != 0)
		return header_read(asked_message(&asked), ref->header, nth, v);
	enum seen seen = access->get(&asked, v);
	return seen == PRESENT && nth != 0 && !field->many ? ABSENT : seen;
}

/* A group stands before its members. */
const struct field *field_group(const struct field *member)
{
	const struct field *group = member;
	while (group > table && group->type != FIELD_GROUP)
		group--;
	size_t n = strlen(group->name);
	bool inside = group != member && group->type == FIELD_GROUP &&
	    strncmp(member->name, group->name, n) == 0 && member->name[n] == '.';
	return inside ? group : NULL;
}

size_t field_elements(const struct field *group, const struct event *event, bool *complete)
{
	const struct access *access = &accesses[group - table];
	*complete = true;
	if (!field_has(group, event) || access->count == NULL)
		return 0;
	return access->count(event, complete);
}

const struct message *field_headers(const struct field *map, const struct event *event,
    bool *complete)
{
	*complete = true;
	if (!field_has(map, event) || map->type != FIELD_HEADERS)
		return NULL;
	struct asked asked = { .e = event, .which = accesses[map - table].which };
	const struct message *m = asked_message(&asked);
	*complete = header_missing(m) == ABSENT;
	return m;
}
