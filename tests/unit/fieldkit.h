/*
 * fieldkit.h - events for tests of fields, and asserts on what their fields say.
 */
#ifndef DAVSCOPE_TESTS_FIELDKIT_H
#define DAVSCOPE_TESTS_FIELDKIT_H

#include "rules/rules.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct scene {
	struct made made;
	struct facts facts;
	struct event event;
};

static inline void scene_init(struct scene *s, const char *method, unsigned status)
{
	static const char *const names[] = { "a.pcap", "b.pcap" };
	*s = (struct scene){ .facts = { .flavour_evidence = "x" } };
	made_init(&s->made, method, "/a", status);
	s->event = (struct event){ .kind = EVENT_TRANSACTION,
		.at = s->made.txn.done,
		.txn = &s->made.txn,
		.facts = &s->facts,
		.input_names = names,
		.n_inputs = 2 };
}

static inline enum seen read_nth(const struct scene *s, const char *name, size_t element, size_t nth,
    struct value *v)
{
	struct field_ref ref;
	struct error e;
	assert_true(field_find(name, &ref, &e));
	return field_read(&ref, &s->event, element, nth, v);
}

static inline enum seen seen_of(const struct scene *s, const char *name)
{
	struct value v;
	return read_nth(s, name, 0, 0, &v);
}

static inline void assert_text(const struct scene *s, const char *name, size_t element, size_t nth,
    const char *text)
{
	struct value v = { 0 };
	assert_int_equal(read_nth(s, name, element, nth, &v), PRESENT);
	assert_int_equal(v.text.n, strlen(text));
	assert_memory_equal(v.text.p, text, v.text.n);
}

static inline int64_t number_of(const struct scene *s, const char *name)
{
	struct value v = { 0 };
	assert_int_equal(read_nth(s, name, 0, 0, &v), PRESENT);
	return v.number;
}

static inline size_t elements_of(const struct scene *s, const char *name, bool *complete)
{
	struct field_ref ref;
	struct error e;
	assert_true(field_find(name, &ref, &e));
	return field_elements(ref.field, &s->event, complete);
}

struct found {
	struct rule rule;
	struct finding finding;
	struct named_text keys[2], steps[2];
	struct event event;
};

static inline void found_init(struct found *f)
{
	static const char *const names[] = { "a.pcap", "b.pcap" };
	static const char *const tags[] = { "dav", "d02" };
	static const struct reference references[] = { { .kb = "923164" }, { .url = "http://x/1" },
		{ .title = "t" }, { .url = "http://x/2", .title = "u" } };
	*f = (struct found){ .rule = { .id = "r",
				 .title = "T",
				 .file = "r.yaml",
				 .version = "3",
				 .severity = SEVERITY_HIGH,
				 .confidence = CONFIDENCE_LOW,
				 .tags = tags,
				 .n_tags = 2,
				 .references = references,
				 .n_references = 4 },
		.keys = { { SLICE("mailbox"), SLICE("anna") }, { SLICE("Mailbox"), SLICE("bert") } },
		.steps = { { SLICE("put"), SLICE("t-1-1") }, { SLICE("again"), SLICE("t-9-1") } },
		.finding = { .message = guarded("m"),
		    .n_keys = 2, .n_steps = 2,
		    .count = 2,
		    .first_ns = 5,
		    .last_ns = 9 },
		.event = { .kind = EVENT_FINDING,
		    .id = SLICE("f-1"),
		    .input_names = names,
		    .n_inputs = 2 } };
	f->finding.rule = &f->rule;
	f->finding.severity = f->rule.severity;
	f->finding.keys = f->keys;
	f->finding.steps = f->steps;
	f->event.finding = &f->finding;
}

static inline enum seen found_read(const struct found *f, const char *name, size_t element, size_t nth,
    struct value *v)
{
	struct field_ref ref;
	struct error e;
	assert_true(field_find(name, &ref, &e));
	return field_read(&ref, &f->event, element, nth, v);
}

static inline void assert_found(const struct found *f, const char *name, size_t element, size_t nth,
    const char *text)
{
	struct value v = { 0 };
	assert_int_equal(found_read(f, name, element, nth, &v), PRESENT);
	assert_true(slice_is(v.text, text));
}

static inline int64_t found_number(const struct found *f, const char *name)
{
	struct value v = { 0 };
	assert_int_equal(found_read(f, name, 0, 0, &v), PRESENT);
	return v.number;
}

#endif
