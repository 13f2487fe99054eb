/*
 * template.h - output templates: "{field|trunc(80)} ... {window.count} {key.NAME}". Private to rules/.
 */
#ifndef DAVSCOPE_RULES_TEMPLATE_H
#define DAVSCOPE_RULES_TEMPLATE_H

#include "rules/condition.h"

struct key_spec;
struct template;

/* What a template may name beside fields. */
struct template_scope {
	unsigned kinds;                    /* events whose fields are at hand; 0: none (a last step that is negative) */
	bool window;                       /* {window.count}, {window.distinct}, {window.span} */
	const char *const *keys;           /* {key.NAME} */
	size_t n_keys;
};
struct template *template_compile(struct compiler *, const char *file, const struct yaml *node,
    const struct template_scope *);

bool template_is_deep(const struct template *);

struct template_values {
	const struct event *event;         /* NULL: no event, fields print "?" */
	const struct named_text *keys;
	size_t n_keys;
	uint64_t count, distinct;
	int64_t span_ns;
};
/* Written into the room, escaped, cut with "..."; returns the bytes. Absent prints "-", not observed "?". */
size_t template_render(const struct template *, const struct template_values *, char *out, size_t room);
/* One value as text for people: what templates and keys show. Returns the bytes written. */
size_t value_print(const struct field *, const struct value *, char *out, size_t room);

#endif
