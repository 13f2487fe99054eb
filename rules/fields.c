/*
 * fields.c - the field table: find a field by name, read it from an event.
 */
#include "rules/fields.h"
#include "rules/mock.h"

#include <string.h>

#define TXN (1u << EVENT_TRANSACTION)
#define FLOW (1u << EVENT_FLOW)
#define ANOM (1u << EVENT_ANOMALY)
#define LOSS (1u << EVENT_LOSS)
#define OPER (1u << EVENT_OPERATION)
#define ITEM (1u << EVENT_ITEM)
#define SESSION (1u << EVENT_SESSION)
#define SYNC (1u << EVENT_SYNC)
#define FINDING (1u << EVENT_FINDING)
#define STATS (1u << EVENT_STATS)
#define ALL ((1u << EVENT_KINDS) - 1)
#define DEEP (1u << EVENT_KINDS) /* no kind */
enum { ONE, MANY };

#define ROW(name, type, many, kinds, words, text) \
	{ name, text, type, (many) == MANY, ((kinds)&DEEP) != 0, (kinds)&ALL, words },

static const struct field table[] = {
#define FIELD(name, type, many, kinds, get, which, text) \
	ROW(name, FIELD_##type, many, kinds, NULL, text)
#define WORDS(name, many, kinds, get, which, words, text) \
	ROW(name, FIELD_ENUM, many, kinds, words, text)
#define MAP(name, kinds, entry, text) ROW(name, FIELD_MAP, MANY, kinds, NULL, text)
#define GROUP(name, kinds, count, text) ROW(name, FIELD_GROUP, MANY, kinds, NULL, text)
#include "rules/fields.def"
#undef FIELD
#undef WORDS
#undef MAP
#undef GROUP
};

enum { FIELDS = sizeof(table) / sizeof(table[0]) };

struct access { /* one of the three */
	field_getter *get;
	field_entries *entry;
	field_counter *count;
	int which;
};

static const struct access accesses[FIELDS] = {
#define FIELD(name, type, many, kinds, get, which, text) { get, NULL, NULL, which },
#define WORDS(name, many, kinds, get, which, words, text) { get, NULL, NULL, which },
#define MAP(name, kinds, entry, text) { NULL, entry, NULL, 0 },
#define GROUP(name, kinds, count, text) { NULL, NULL, count, 0 },
#include "rules/fields.def"
#undef FIELD
#undef WORDS
#undef MAP
#undef GROUP
};

const char *field_type_name(enum field_type type)
{
	static const char *const names[] = { [FIELD_BOOL] = "bool",
		[FIELD_INT] = "int",
		[FIELD_STRING] = "string",
		[FIELD_ISTRING] = "istring",
		[FIELD_IP] = "ip",
		[FIELD_DURATION] = "duration",
		[FIELD_TIME] = "time",
		[FIELD_VERSION] = "version",
		[FIELD_ENUM] = "enum",
		[FIELD_HEADERS] = "headers",
		[FIELD_MAP] = "map",
		[FIELD_GROUP] = "group" };
	return names[type];
}

const struct field *fields_table(size_t *n)
{
	*n = FIELDS;
	return table;
}

/* ["Name"] behind the name of a map. */
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
		if (table[i].type != FIELD_HEADERS && table[i].type != FIELD_MAP)
			return error_set(error, "field %s takes no [\"Name\"]", table[i].name);
		if (subscript_read(name + n, &out->header))
			return true;
		return error_set(error, "field %s wants [\"Name\"] with one name", table[i].name);
	}
	return error_set(error, "unknown field %.100s", name);
}

bool field_allows(const struct field *field, struct slice text)
{
	const char *const *word = field->words;
	while (word != NULL && *word != NULL && !slice_is(text, *word))
		word++;
	return word == NULL || *word != NULL;
}

static bool field_has(const struct field *field, const struct event *event)
{
	return field->kinds & (1u << event->kind);
}

static enum seen map_read(const struct access *access, const struct field_ref *ref,
    const struct event *event, size_t nth, struct value *v)
{
	struct slice name;
	if (ref->header.n == 0)
		return access->entry(event, nth, &name, v) ? PRESENT : ABSENT;
	for (size_t i = 0; nth == 0 && access->entry(event, i, &name, v); i++)
		if (slice_equal(name, ref->header))
			return PRESENT;
	return ABSENT;
}

enum seen field_read(const struct field_ref *ref, const struct event *event, size_t element,
    size_t nth, struct value *v)
{
	const struct field *field = ref->field;
	const struct access *access = &accesses[field - table];
	if (!field_has(field, event))
		return ABSENT;
	if (event->mock != NULL)
		return mock_read(event->mock, ref, element, nth, v);
	if (access->entry != NULL)
		return map_read(access, ref, event, nth, v);
	if (access->get == NULL)
		return ABSENT;
	struct asked asked = { event, access->which, element, nth };
	if (field->type == FIELD_HEADERS && ref->header.n != 0)
		return header_read(asked_message(&asked), ref->header, nth, v);
	enum seen seen = access->get(&asked, v);
	return seen == PRESENT && nth != 0 && !field->many ? ABSENT : seen;
}

bool field_entry(const struct field *map, const struct event *event, size_t i, struct slice *name,
    struct value *v)
{
	field_entries *entry = accesses[map - table].entry;
	if (!field_has(map, event))
		return false;
	if (event->mock != NULL)
		return mock_entry(event->mock, map, i, name, v);
	return entry != NULL && entry(event, i, name, v);
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
	field_counter *count = accesses[group - table].count;
	*complete = true;
	if (!field_has(group, event))
		return 0;
	if (event->mock != NULL)
		return mock_elements(event->mock, group, complete);
	return count != NULL ? count(event, complete) : 0;
}

const struct message *field_headers(const struct field *map, const struct event *event,
    bool *complete)
{
	*complete = true;
	if (!field_has(map, event) || event->mock != NULL || map->type != FIELD_HEADERS)
		return NULL;
	struct asked asked = { .e = event, .which = accesses[map - table].which };
	const struct message *m = asked_message(&asked);
	*complete = header_missing(m) == ABSENT;
	return m;
}
