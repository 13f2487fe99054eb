/*
 * rules.h - the typed field table: one name is rule field, JSON path, -e column and filter name.
 */
#ifndef DAVSCOPE_RULES_H
#define DAVSCOPE_RULES_H

#include "analysis/analysis.h"

enum field_type {
	FIELD_BOOL, FIELD_INT, FIELD_STRING, FIELD_ISTRING, FIELD_IP, FIELD_DURATION, FIELD_TIME,
	FIELD_ENUM,        /* a string out of a short list */
	FIELD_HEADERS,     /* a map: lower-case name to values; field["Name"] picks one */
	FIELD_GROUP,       /* a list of elements; its fields follow it in the table as GROUP.NAME */
};

/* One value. Slices live as long as the event. */
struct value {
	struct slice text;     /* STRING, ISTRING, ENUM */
	int64_t number;        /* BOOL, INT, DURATION and TIME in ns */
	const struct endpoint *ip;
};

struct field {
	const char *name;
	const char *text;      /* one line for people */
	enum field_type type;
	bool many;             /* can hold several values */
	unsigned kinds;        /* bit per enum event_kind that has it */
};

/*
 * Reading one field of one event. Elements of a group are addressed by index; a header by name.
 * field_read: PRESENT sets *v to value number `nth` (0-based). With nth beyond the last, ABSENT
 * when all values were observed, else NOT_OBSERVED.
 */
struct field_ref {
	const struct field *field;
	struct slice header;   /* FIELD_HEADERS: the name asked for, empty = all of them; points into field_find's name */
};
const struct field *fields_table(size_t *n);                    /* in the order of fields.def */
bool field_find(const char *name, struct field_ref *out, struct error *); /* name or name["Header"] */
enum seen field_read(const struct field_ref *, const struct event *, size_t element, size_t nth, struct value *v);
/* The message whose header block the map shows, and whether all of it was seen; NULL: none. */
const struct message *field_headers(const struct field *map, const struct event *, bool *complete);
const struct field *field_group(const struct field *member);    /* NULL: it is no member of a group */
size_t field_elements(const struct field *group, const struct event *, bool *complete);

#endif
