/*
 * test_mock.c - rules/mock.c: events out of YAML, through the calls that read fields.
 */
#include "rules/mock.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ARENA = 4 << 20, DEPTH = 32 };

struct mocked {
	struct arena *arena;
	struct event event;
	int64_t at_ns;
	struct mark at;
	struct error why;
	bool made;
};

/* The document is one item of `events:`. */
static struct mocked mock_of(const char *text, enum event_kind by_default)
{
	struct mocked m = { .arena = arena_new(ARENA) };
	struct yaml_error e;
	struct slice s = { guard_copy(text, strlen(text)), strlen(text) };
	assert_non_null(m.arena);
	const struct yaml *item = yaml_parse(s, m.arena, DEPTH, &e);
	if (item == NULL)
		fail_msg("%zu:%zu: %s", e.at.line, e.at.column, e.text);
	m.event.mock = mock_new(m.arena, item, by_default, &m.event.kind, &m.at_ns, &m.at, &m.why);
	m.made = m.event.mock != NULL;
	return m;
}

static struct mocked mock_fine(const char *text)
{
	struct mocked m = mock_of(text, EVENT_TRANSACTION);
	if (!m.made)
		fail_msg("%zu:%zu: %s", m.at.line, m.at.column, m.why.text);
	return m;
}

static enum seen read_nth(const struct mocked *m, const char *name, size_t element, size_t nth,
    struct value *v)
{
	struct field_ref ref;
	struct error e;
	assert_true(field_find(name, &ref, &e));
	return field_read(&ref, &m->event, element, nth, v);
}

static enum seen seen_of(const struct mocked *m, const char *name)
{
	struct value v;
	return read_nth(m, name, 0, 0, &v);
}

static void assert_text(const struct mocked *m, const char *name, size_t element, size_t nth,
    const char *text)
{
	struct value v = { 0 };
	assert_int_equal(read_nth(m, name, element, nth, &v), PRESENT);
	assert_true(slice_is(v.text, text));
}

static int64_t number_of(const struct mocked *m, const char *name)
{
	struct value v = { 0 };
	assert_int_equal(read_nth(m, name, 0, 0, &v), PRESENT);
	return v.number;
}

static size_t elements_of(const struct mocked *m, const char *name, bool *complete)
{
	struct field_ref ref;
	struct error e;
	assert_true(field_find(name, &ref, &e));
	return field_elements(ref.field, &m->event, complete);
}

static void what_every_event_has(void **state)
{
	struct value v;
	(void)state;
	struct mocked m = mock_fine("{at: 61s}");
	assert_int_equal(m.event.kind, EVENT_TRANSACTION);
	assert_int_equal(m.at_ns, INT64_C(61000000000));
	assert_int_equal(number_of(&m, "ts"), m.at_ns);
	assert_text(&m, "event_type", 0, 0, "transaction");
	assert_text(&m, "id", 0, 0, "test");
	assert_int_equal(read_nth(&m, "id", 0, 1, &v), ABSENT);
	arena_free(m.arena);
	m = mock_fine("{at: 0s, event: sync, set: {id: y-1, ts: \"1970-01-01T00:00:09Z\"}}");
	assert_int_equal(m.event.kind, EVENT_SYNC);
	assert_text(&m, "event_type", 0, 0, "sync");
	assert_text(&m, "id", 0, 0, "y-1");
	assert_int_equal(number_of(&m, "ts"), INT64_C(9000000000));
	arena_free(m.arena);
}

static void types(void **state)
{
	struct value v;
	(void)state;
	struct mocked m = mock_fine("at: 5m\n"
				    "set:\n"
				    "  http.request.method: PUT\n"
				    "  http.response.status: 201\n"
				    "  dav.write: true\n"
				    "  client.address: 10.1.1.1\n"
				    "  server.address: fe80::1\n"
				    "  exchange.frontend.build: 6.10\n"
				    "  timing.wait_ns: 500ms\n"
				    "  dav.flavour: exchange\n"
				    "  dav.operation: create\n"
				    "  dav.href: \"\"\n"
				    "  dav.request.href: [/a, 007]\n"
				    "  quality.loss: gap\n");
	assert_text(&m, "http.request.method", 0, 0, "PUT");
	assert_int_equal(read_nth(&m, "http.request.method", 0, 1, &v), ABSENT);
	assert_int_equal(number_of(&m, "http.response.status"), 201);
	assert_int_equal(number_of(&m, "dav.write"), 1);
	assert_int_equal(number_of(&m, "timing.wait_ns"), 500000000);
	assert_text(&m, "exchange.frontend.build", 0, 0, "6.10");
	assert_text(&m, "dav.flavour", 0, 0, "exchange");
	assert_text(&m, "dav.operation", 0, 0, "create");
	assert_text(&m, "dav.href", 0, 0, "");
	assert_text(&m, "dav.request.href", 0, 1, "007");
	assert_int_equal(read_nth(&m, "dav.request.href", 0, 2, &v), ABSENT);
	assert_text(&m, "quality.loss", 0, 0, "gap");
	assert_int_equal(read_nth(&m, "quality.loss", 0, 1, &v), ABSENT);
	assert_int_equal(read_nth(&m, "client.address", 0, 0, &v), PRESENT);
	assert_int_equal(v.ip->family, 4);
	assert_int_equal(v.ip->address[3], 1);
	assert_int_equal(read_nth(&m, "server.address", 0, 0, &v), PRESENT);
	assert_int_equal(v.ip->family, 6);
	/* Nothing else is there, also what nothing fills yet and what other events have. */
	assert_int_equal(seen_of(&m, "dav.mailbox"), ABSENT);
	assert_int_equal(seen_of(&m, "http.response.reason"), ABSENT);
	assert_int_equal(seen_of(&m, "airsync.status"), ABSENT);
	arena_free(m.arena);
}

static void maps(void **state)
{
	struct value v;
	struct slice name;
	struct field_ref ref;
	struct error e;
	bool complete;
	(void)state;
	struct mocked m = mock_fine(
	    "{at: 0s, set: {http.response.header: {Server: [a, b], "
	    "ETag: \"x\", server: c, Empty: []}, http.request.header: {}}}");
	assert_text(&m, "http.response.header[\"SERVER\"]", 0, 0, "a");
	assert_text(&m, "http.response.header[\"SERVER\"]", 0, 1, "b");
	assert_text(&m, "http.response.header[\"SERVER\"]", 0, 2, "c");
	assert_int_equal(read_nth(&m, "http.response.header[\"SERVER\"]", 0, 3, &v), ABSENT);
	assert_text(&m, "http.response.header[\"etag\"]", 0, 0, "x");
	assert_int_equal(seen_of(&m, "http.response.header[\"Empty\"]"), ABSENT);
	assert_int_equal(seen_of(&m, "http.request.header[\"Host\"]"), ABSENT);
	assert_text(&m, "http.response.header", 0, 3, "c");
	assert_int_equal(read_nth(&m, "http.response.header", 0, 4, &v), ABSENT);
	assert_true(field_find("http.response.header", &ref, &e));
	assert_null(field_headers(ref.field, &m.event, &complete));
	arena_free(m.arena);

	m = mock_fine("{at: 0s, event: finding, set: {finding.key: {mailbox: anna, n: 5}}}");
	assert_text(&m, "finding.key[\"mailbox\"]", 0, 0, "anna");
	assert_int_equal(seen_of(&m, "finding.key[\"Mailbox\"]"), ABSENT);
	assert_true(field_find("finding.key", &ref, &e));
	assert_true(field_entry(ref.field, &m.event, 1, &name, &v));
	assert_true(slice_is(name, "n") && slice_is(v.text, "5"));
	assert_false(field_entry(ref.field, &m.event, 2, &name, &v));
	arena_free(m.arena);
}

static void groups(void **state)
{
	struct value v;
	bool complete = false;
	(void)state;
	struct mocked m = mock_fine("{at: 0s, event: sync, set: {airsync.collection: "
				    "[{class: Email, status: 1}, {}, {status: 5}]}}");
	assert_int_equal(elements_of(&m, "airsync.collection", &complete), 3);
	assert_true(complete);
	assert_text(&m, "airsync.collection.class", 0, 0, "Email");
	assert_int_equal(read_nth(&m, "airsync.collection.class", 1, 0, &v), ABSENT);
	assert_int_equal(read_nth(&m, "airsync.collection.status", 2, 0, &v), PRESENT);
	assert_int_equal(v.number, 5);
	assert_int_equal(read_nth(&m, "airsync.collection.status", 3, 0, &v), ABSENT);
	assert_int_equal(elements_of(&m, "evidence", &complete), 0);
	assert_true(complete);
	arena_free(m.arena);
	m = mock_fine(
	    "{at: 0s, set: {evidence: [{input: a, frames: [1, 2]}]}, unknown: [evidence]}");
	assert_int_equal(elements_of(&m, "evidence", &complete), 1);
	assert_false(complete);
	assert_int_equal(read_nth(&m, "evidence.frames", 0, 1, &v), PRESENT);
	assert_int_equal(v.number, 2);
	assert_int_equal(read_nth(&m, "evidence.frames", 0, 2, &v), NOT_OBSERVED);
	assert_int_equal(read_nth(&m, "evidence.input", 0, 1, &v), ABSENT);
	arena_free(m.arena);
}

static void unknown_is_not_absent(void **state)
{
	struct value v;
	bool complete;
	(void)state;
	struct mocked m = mock_fine(
	    "{at: 0s, set: {http.response.status: 201, "
	    "http.response.header: {A: 1}}, unknown: [http.response, dav.tag, airsync]}");
	assert_int_equal(number_of(&m, "http.response.status"), 201);
	assert_int_equal(read_nth(&m, "http.response.status", 0, 1, &v), ABSENT);
	assert_int_equal(seen_of(&m, "http.response.reason"), NOT_OBSERVED);
	assert_int_equal(seen_of(&m, "http.response.header[\"B\"]"), NOT_OBSERVED);
	assert_text(&m, "http.response.header[\"a\"]", 0, 0, "1");
	assert_int_equal(read_nth(&m, "http.response.header[\"a\"]", 0, 1, &v), NOT_OBSERVED);
	assert_int_equal(seen_of(&m, "dav.tag"), NOT_OBSERVED);
	/* Not below it, though it begins alike; and no field of this event. */
	assert_int_equal(seen_of(&m, "dav.tag_state"), ABSENT);
	assert_int_equal(seen_of(&m, "http.request.method"), ABSENT);
	assert_int_equal(elements_of(&m, "airsync.collection", &complete), 0);
	assert_true(complete);
	arena_free(m.arena);
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		size_t line, column;
		const char *why;
	} cases[] = {
		{ "{set: {ts: x}}", 1, 1, "at: 0s" },
		{ "{at: soon}", 1, 6, "as 0s or 5m" },
		{ "{at: -1s}", 1, 6, "as 0s or 5m" },
		{ "{at: [1s]}", 1, 6, "as 0s or 5m" },
		{ "[1]", 1, 1, "a map" },
		{ "just text", 1, 1, "a map" },
		{ "{at: 0s, sets: {}}", 1, 10, "unknown key sets" },
		{ "{at: 0s, event: txn}", 1, 17, "txn is no kind" },
		{ "{at: 0s, event: [flow]}", 1, 17, "no kind" },
		{ "{at: 0s, set: [1]}", 1, 15, "set is a map" },
		{ "{at: 0s, set: {http.respons.status: 1}}", 1, 16,
		    "unknown field http.respons.status; did you mean http.response.status?" },
		{ "{at: 0s, set: {nothing.like.it: 1}}", 1, 16, "unknown field nothing.like.it" },
		{ "at: 0s\nset:\n  flow.end: fin\n", 3, 3,
		    "transaction events have no field flow.end" },
		{ "{at: 0s, set: {http.response.status: ok}}", 1, 38, "ok is no int" },
		{ "{at: 0s, set: {http.response.status: [1]}}", 1, 38, "holds one value" },
		{ "{at: 0s, set: {http.response.status: {a: 1}}}", 1, 38, "no map" },
		{ "{at: 0s, set: {dav.write: yes}}", 1, 27, "yes is no bool" },
		{ "{at: 0s, set: {client.address: 10.1.1}}", 1, 32, "no ip" },
		{ "{at: 0s, set: {exchange.frontend.build: 6.x}}", 1, 41, "no version" },
		{ "{at: 0s, set: {dav.flavour: Exchange}}", 1, 29, "never is Exchange" },
		{ "{at: 0s, set: {dav.operation: make}}", 1, 31, "never is make" },
		{ "{at: 0s, set: {quality.loss: [gap, {a: b}]}}", 1, 36, "plain values" },
		{ "{at: 0s, set: {quality.loss: [gap, gaps]}}", 1, 36, "never is gaps" },
		{ "{at: 0s, set: {http.response.header: 1}}", 1, 38, "{Name: value}" },
		{ "{at: 0s, set: {http.response.header: {a: {b: c}}}}", 1, 42, "plain values" },
		{ "{at: 0s, event: finding, set: {finding.key: {a: [b]}}}", 1, 49,
		    "one value a name" },
		{ "{at: 0s, set: {'http.response.header[\"A\"]': x}}", 1, 16, "unknown field" },
		{ "{at: 0s, set: {evidence: {frames: 1}}}", 1, 26, "list of maps" },
		{ "{at: 0s, set: {evidence: [1]}}", 1, 27, "element of evidence" },
		{ "{at: 0s, set: {evidence: [{frame: 1}]}}", 1, 28, "no field frame" },
		{ "{at: 0s, set: {evidence.frames: [1]}}", 1, 16, "within its elements" },
		{ "{at: 0s, unknown: http.response}", 1, 19, "unknown is a list" },
		{ "{at: 0s, unknown: [http.respons]}", 1, 20, "unknown field http.respons" },
		{ "{at: 0s, unknown: [http.response.]}", 1, 20, "unknown field" },
		{ "{at: 0s, unknown: [\"\"]}", 1, 20, "unknown field" },
		{ "{at: 0s, unknown: [{a: b}]}", 1, 20, "unknown field" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct mocked m = mock_of(cases[i].text, EVENT_TRANSACTION);
		if (m.made)
			fail_msg("%s: taken", cases[i].text);
		if (strstr(m.why.text, cases[i].why) == NULL || m.at.line != cases[i].line ||
		    m.at.column != cases[i].column)
			fail_msg("%s: %zu:%zu: %s", cases[i].text, m.at.line, m.at.column,
			    m.why.text);
		arena_free(m.arena);
	}
}

/* What a file quotes comes out escaped, and long lists are refused. */
static void hostile(void **state)
{
	enum { ITEMS = 2000, ROOM = 64 + 4 * ITEMS };
	static const char *const heads[] = { "{at: 0s, set: {quality.loss: [",
		"{at: 0s, set: {http.request.header: {A: [", "{at: 0s, set: {evidence: [",
		"{at: 0s, unknown: [" };
	static const char *const tails[] = { "]}}", "]}}}", "]}}", "]}" };
	static const char *const items[] = { "gap", "gap", "{}", "dav" };
	(void)state;
	struct mocked m = mock_of("{at: 0s, event: \"a\\x1b[2J\\n\"}", EVENT_FLOW);
	assert_false(m.made);
	assert_null(strchr(m.why.text, '\x1b'));
	assert_null(strchr(m.why.text, '\n'));
	arena_free(m.arena);
	for (size_t k = 0; k < 4; k++) {
		char *text = calloc(1, ROOM);
		assert_non_null(text);
		size_t n = (size_t)snprintf(text, ROOM, "%s%s", heads[k], items[k]);
		for (size_t i = 1; i < ITEMS; i++)
			n += (size_t)snprintf(text + n, ROOM - n, ",%s", items[k]);
		snprintf(text + n, ROOM - n, "%s", tails[k]);
		m = mock_of(text, EVENT_TRANSACTION);
		assert_false(m.made);
		assert_non_null(strstr(m.why.text, "more than"));
		arena_free(m.arena);
		free(text);
	}
}

/* Over budget at any point: said, not crashed. */
static void no_room(void **state)
{
	static const char text[] =
	    "{at: 0s, event: finding, set: {finding.key: {a: b}, rule.tags: [a, b],"
	    " evidence: [{input: x, frames: [1]}]}, unknown: [finding.fields]}";
	struct yaml_error e;
	struct arena *tree = arena_new(ARENA);
	(void)state;
	assert_non_null(tree);
	const struct yaml *item = yaml_parse(slice_from(text), tree, DEPTH, &e);
	assert_non_null(item);
	size_t refused = 0;
	for (size_t budget = 0; budget < 65536; budget += 16) {
		struct arena *arena = arena_new(budget);
		struct mark at = { 0 };
		struct error why = { "" };
		enum event_kind kind;
		int64_t ns;
		if (arena == NULL)
			continue;
		if (mock_new(arena, item, EVENT_FLOW, &kind, &ns, &at, &why) == NULL) {
			refused++;
			assert_true(why.text[0] != '\0' && at.line == 1);
		}
		arena_free(arena);
	}
	assert_true(refused > 0);
	arena_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_every_event_has),
		cmocka_unit_test(types),
		cmocka_unit_test(maps),
		cmocka_unit_test(groups),
		cmocka_unit_test(unknown_is_not_absent),
		cmocka_unit_test(refusals),
		cmocka_unit_test(hostile),
		cmocka_unit_test(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
