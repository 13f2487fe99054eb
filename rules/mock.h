/*
 * mock.h - an event made of named values, for the tests embedded in rules. Private to rules/.
 *
 * A field that is not set is absent; one at or below an `unknown` prefix is not observed.
 * field_read() and its kin ask here when event->mock is set.
 */
#ifndef DAVSCOPE_RULES_MOCK_H
#define DAVSCOPE_RULES_MOCK_H

#include "rules/condition.h"

struct mock;
/* From one item of `events:`; *why says what is wrong (E05xx text and the mark in *at). */
const struct mock *mock_new(struct arena *, const struct yaml *item, enum event_kind by_default,
    enum event_kind *kind, int64_t *at_ns, struct mark *at, struct error *why);

enum seen mock_read(const struct mock *, const struct field_ref *, size_t element, size_t nth, struct value *);
size_t mock_elements(const struct mock *, const struct field *group, bool *complete);
bool mock_entry(const struct mock *, const struct field *map, size_t i, struct slice *name, struct value *);

#endif
