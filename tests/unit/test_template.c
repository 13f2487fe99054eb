/*
 * test_template.c - rules/template.c, rules/value_print.c: what messages show, how they are cut, and
 * where a mistake in one is.
 */
#include "rules/mock.h"
#include "rules/ruleset.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SEC INT64_C(1000000000)

struct scene {
	struct limits limits;
	struct ruleset *set;
	const char *keys[2];
	struct template_scope scope;
	struct event event;
	struct template_values values;
};

static void scene_open(struct scene *s)
{
	struct error e;
	*s = (struct scene){ .limits = limits_default(), .keys = { "mailbox", "href" } };
	s->set = ruleset_new(&s->limits, &e);
	assert_non_null(s->set);
	s->scope = (struct template_scope){ 1u << EVENT_TRANSACTION, true, s->keys, 2 };
}

static const struct yaml *scene_yaml(struct scene *s, const char *text)
{
	struct yaml_error why;
	struct slice in = { guard_copy(text, strlen(text)), strlen(text) };
	const struct yaml *y = yaml_parse(in, s->set->arena, 32, &why);
	assert_non_null(y);
	return y;
}

/* The scalar as it stands in a file, its quotes included. */
static struct template *compile(struct scene *s, const char *scalar)
{
	char text[2048];
	snprintf(text, sizeof(text), "output: %s\n", scalar);
	return template_compile(&s->set->compiler, "t.yaml",
	    yaml_get(scene_yaml(s, text), "output"), &s->scope);
}

static void set_event(struct scene *s, const char *item)
{
	struct error e;
	struct mark at;
	s->event = (struct event){ .id = SLICE("test") };
	s->event.mock = mock_new(s->set->arena, scene_yaml(s, item), EVENT_TRANSACTION,
	    &s->event.kind, &s->event.at.ns, &at, &e);
	if (s->event.mock == NULL)
		fail_msg("%s", e.text);
	s->values.event = &s->event;
}

static void assert_renders(struct scene *s, const char *scalar, const char *expected)
{
	char out[1024];
	struct template *t = compile(s, scalar);
	assert_non_null(t);
	size_t n = template_render(t, &s->values, out, sizeof(out) - 1);
	out[n] = '\0';
	assert_string_equal(out, expected);
}

static void test_values(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	set_event(&s,
	    "{at: 90s, set: {http.request.method: PUT, http.interim: 2, dav.write: true,"
	    " client.address: 10.0.0.1, server.address: '2001:db8::1', timing.wait_ns: 1500ms,"
	    " quality.loss: [gap, limit], http.response.header: {Server: [a, b], ETag: ['x']},"
	    " dav.property: [{name: one}, {status: 200}, {name: two}]}}");
	assert_renders(&s, "'{http.request.method} {http.interim} {dav.write}'", "PUT 2 true");
	assert_renders(&s, "'{client.address} {server.address}'", "10.0.0.1 2001:db8::1");
	assert_renders(&s, "'{timing.wait_ns}'", "1.5s");
	assert_renders(&s, "'{quality.loss} {http.response.header[\"server\"]}'",
	    "gap, limit a, b");
	assert_renders(&s, "'{dav.property.name}, {dav.property.status}'", "one, two, 200");
	assert_renders(&s, "|\n  {http.interim}\n", "2");
	ruleset_free(s.set);
}

static void test_absence_is_shown_as_such(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	set_event(&s, "{at: 0s, set: {http.request.method: PUT}, unknown: [http.response]}");
	assert_renders(&s, "'{dav.tag} {http.response.status}'", "- ?");
	assert_renders(&s, "'{dav.tag|default(\"no \\\"tag\\\" {1}\")}'", "no \"tag\" {1}");
	assert_renders(&s, "'<{dav.tag|default(\"\")}>'", "<>");
	assert_renders(&s, "'{http.response.status|default(\"none\")}'", "?");
	assert_renders(&s, "'{http.request.method|default(\"none\")}'", "PUT");
	assert_renders(&s, "'{dav.property.name} {http.response.header[\"ETag\"]}'", "- ?");
	s.values.event = NULL;
	assert_renders(&s, "'{http.request.method} {dav.tag|default(\"none\")}'", "? ?");
	ruleset_free(s.set);
}

static void test_truncation_counts_characters(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	set_event(&s,
	    "{at: 0s, set: {http.request.target: \"\\u00e4\\u20ac\\a\\u202exyz\","
	    " quality.loss: [gap, limit]}}");
	assert_renders(&s, "'{http.request.target|trunc(2)}'", "\xc3\xa4\xe2\x82\xac...");
	assert_renders(&s, "'{http.request.target|trunc(4)}!'",
	    "\xc3\xa4\xe2\x82\xac\\x07\\u{202e}...!");
	assert_renders(&s, "'{http.request.target|trunc(7)}'",
	    "\xc3\xa4\xe2\x82\xac\\x07\\u{202e}xyz");
	assert_renders(&s, "'{quality.loss|trunc(5)}'", "gap, ...");
	assert_renders(&s, "'{dav.tag|trunc(2)|default(\"none\")} end'", "no... end");
	assert_renders(&s, "'{ dav.tag | default(\"none\") | trunc(4) }'", "none");
	ruleset_free(s.set);
}

static void test_nothing_reaches_a_terminal(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	set_event(&s, "{at: 0s, set: {http.request.target: \"a\\e[31m\\n\\\\x\"}}");
	assert_renders(&s, "\"\\e[1m{http.request.target}\\t\\\\\"",
	    "\\x1b[1ma\\x1b[31m\\x0a\\\\x\\x09\\\\");
	assert_renders(&s, "'{dav.tag|default(\"\\\\a\")}'", "\\\\a");
	ruleset_free(s.set);
}

static void test_window_and_keys(void **state)
{
	(void)state;
	struct scene s;
	struct named_text keys[] = { { SLICE("mailbox"), SLICE("anna\\x07") },
		{ SLICE("href"), SLICE("/a") } };
	scene_open(&s);
	s.values = (struct template_values){ NULL, keys, 2, 5, 3, 125 * SEC };
	assert_renders(&s, "'{key.mailbox}: {window.distinct} of {window.count} in {window.span}'",
	    "anna\\x07: 3 of 5 in 2m5s");
	assert_renders(&s, "'{key.href|trunc(1)}'", "/...");
	s.values.n_keys = 1;
	assert_renders(&s, "'{key.href}'", "?");
	ruleset_free(s.set);
}

static void test_braces(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	set_event(&s, "{at: 0s, set: {http.interim: 2}}");
	assert_renders(&s, "'{{}} {{http.interim}} {{{http.interim}}}'", "{} {http.interim} {2}");
	assert_renders(&s, "'{{'", "{");
	assert_renders(&s, "'{http.interim}}}'", "2}");
	ruleset_free(s.set);
}

/* Every room: nothing is written beyond it, characters stay whole, what is cut ends in dots. */
static void test_every_room(void **state)
{
	(void)state;
	enum { ROOM = 64 };
	struct scene s;
	scene_open(&s);
	set_event(&s, "{at: 0s, set: {http.request.target: \"\\u20ac\\a\\u00e4b\"}}");
	struct template *t = compile(&s,
	    "'x{http.request.target}yz{http.request.target|trunc(2)}'");
	const char whole[] = "x\xe2\x82\xac\\x07\xc3\xa4"
			     "byz\xe2\x82\xac\\x07...";
	static const size_t ends[] = { 1, 4, 8, 10, 11, 12, 13, 16, 20 }; /* of characters */
	for (size_t room = 0; room <= ROOM; room++) {
		char zeros[ROOM] = { 0 };
		char *out = (char *)(uintptr_t)guard_copy(zeros, room);
		size_t n = template_render(t, &s.values, out, room);
		assert_true(n <= room);
		if (room >= sizeof(whole) - 1) {
			assert_int_equal(n, sizeof(whole) - 1);
			assert_memory_equal(out, whole, n);
			continue;
		}
		if (room < 3) {
			assert_int_equal(n, 0);
			continue;
		}
		size_t kept = 0;
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			kept = ends[i] + 3 <= room ? ends[i] : kept;
		assert_int_equal(n, kept + 3);
		assert_memory_equal(out, whole, kept);
		assert_memory_equal(out + kept, "...", 3);
	}
	ruleset_free(s.set);
}

static void assert_prints(enum field_type type, int64_t number, const char *expected)
{
	char out[80];
	struct field field = { .name = "f", .type = type };
	struct value v = { .number = number };
	size_t n = value_print(&field, &v, out, sizeof(out) - 1);
	out[n] = '\0';
	assert_string_equal(out, expected);
}

static void test_durations(void **state)
{
	(void)state;
	assert_prints(FIELD_DURATION, 0, "0s");
	assert_prints(FIELD_DURATION, 1, "0.000000001s");
	assert_prints(FIELD_DURATION, 1500000000, "1.5s");
	assert_prints(FIELD_DURATION, 59 * SEC + 999000000, "59.999s");
	assert_prints(FIELD_DURATION, 60 * SEC, "1m");
	assert_prints(FIELD_DURATION, 90 * SEC + 1, "1m30s");
	assert_prints(FIELD_DURATION, 300 * SEC, "5m");
	assert_prints(FIELD_DURATION, 3600 * SEC, "1h");
	assert_prints(FIELD_DURATION, 3900 * SEC, "1h5m");
	assert_prints(FIELD_DURATION, 3605 * SEC, "1h");
	assert_prints(FIELD_DURATION, 26 * 3600 * SEC, "1d2h");
	assert_prints(FIELD_DURATION, 86400 * SEC + 5 * SEC, "1d");
	assert_prints(FIELD_DURATION, -5 * SEC, "-5s");
	assert_prints(FIELD_DURATION, INT64_MIN, "-106751d23h");
}

static void test_times_and_numbers(void **state)
{
	(void)state;
	assert_prints(FIELD_TIME, 0, "1970-01-01T00:00:00Z");
	assert_prints(FIELD_TIME, 1767225600 * SEC + 120000000, "2026-01-01T00:00:00.12Z");
	assert_prints(FIELD_TIME, -1, "1969-12-31T23:59:59.999999999Z");
	assert_prints(FIELD_TIME, INT64_MIN, "1677-09-21T00:12:43.145224192Z");
	assert_prints(FIELD_INT, INT64_MIN, "-9223372036854775808");
	assert_prints(FIELD_INT, INT64_MAX, "9223372036854775807");
	assert_prints(FIELD_BOOL, 0, "false");
}

/* ---- mistakes ---- */

struct mistake {
	const char *scalar, *code;
	size_t line, column;
};

/* "output: " takes eight columns. */
static const struct mistake mistakes[] = {
	{ "'{nothing.like.it}'", "E0201", 1, 11 },
	{ "\"\xc3\xa4\xe2\x82\xac {nothing.like.it}\"", "E0201", 1, 14 },
	{ "\xc3\xa4 {nothing.like.it}", "E0201", 1, 12 },
	{ "\"\\t {nothing.like.it}\"", "E0201", 1, 9 }, /* an escape before it */
	{ "'it''s {nothing.like.it}'", "E0201", 1, 9 },
	{ "|\n  two\n  {nothing.like.it}", "E0201", 1, 9 },
	{ "'two\n  {nothing.like.it}'", "E0201", 1, 9 },
	{ "'{ts'", "E0401", 1, 10 },
	{ "'{'", "E0401", 1, 10 },
	{ "'a}'", "E0401", 1, 11 },
	{ "'{ts ts}'", "E0401", 1, 14 },
	{ "'{}'", "E0402", 1, 11 },
	{ "'{ }'", "E0402", 1, 12 },
	{ "'{|trunc(3)}'", "E0402", 1, 11 },
	{ "'{ts|}'", "E0403", 1, 14 },
	{ "'{ts|trunc(4097)}'", "E0403", 1, 14 },
	{ "'{ts|trunc(18446744073709551617)}'", "E0403", 1, 14 },
	{ "'{ts|default(\"}'", "E0403", 1, 14 },
	{ "'{ts|default(\"a\\}'", "E0403", 1, 14 },
	{ "'{ts|default(\"a\")|default(\"b\")}'", "E0403", 1, 27 },
	{ "'{window.size}'", "E0404", 1, 11 },
	{ "'{key.}'", "E0404", 1, 11 },
	{ "'{key.user}'", "E0404", 1, 11 },
	{ "'{dav.property}'", "E0405", 1, 11 },
	{ "'{http.request.header}'", "E0405", 1, 11 },
	{ "'{http.request.header[\"\"]}'", "E0201", 1, 11 },
	{ "'{flow.end}'", "E0405", 1, 11 },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *m = &mistakes[i];
		struct scene s;
		size_t n;
		scene_open(&s);
		if (compile(&s, m->scalar) != NULL)
			fail_msg("accepted: %s", m->scalar);
		const struct complaint *c = ruleset_complaints(s.set, &n);
		if (n != 1 || strcmp(c->code, m->code) != 0 || c->line != m->line ||
		    c->column != m->column)
			fail_msg("%s: %zu complaints, %s at %zu:%zu: %s", m->scalar, n, c->code,
			    c->line, c->column, c->text);
		ruleset_free(s.set);
	}
}

static void test_all_mistakes_are_told(void **state)
{
	(void)state;
	struct scene s;
	size_t n;
	scene_open(&s);
	assert_null(compile(&s, "'{a.b} {ts|x} {key.mailbox} {key.nobody} } {c.d'"));
	const struct complaint *c = ruleset_complaints(s.set, &n);
	assert_int_equal(n, 5);
	const char *const codes[] = { "E0201", "E0403", "E0404", "E0401", "E0401" };
	for (size_t i = 0; i < n; i++)
		assert_string_equal(c[i].code, codes[i]);
	ruleset_free(s.set);
}

static void test_scopes(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	assert_non_null(compile(&s, "'{window.span}'"));
	s.scope.window = false;
	assert_null(compile(&s, "'{window.span}'"));
	s.scope.kinds = 0;
	assert_null(compile(&s, "'{ts}'"));
	assert_non_null(compile(&s, "'{key.mailbox}'"));
	s.scope.kinds = 1u << EVENT_FLOW | 1u << EVENT_TRANSACTION;
	assert_false(template_is_deep(compile(&s, "'{flow.end} {http.request.method}'")));
	assert_true(template_is_deep(compile(&s, "'{flow.end} {dav.property.name}'")));
	ruleset_free(s.set);
}

static void test_too_many_parts(void **state)
{
	(void)state;
	struct scene s;
	char scalar[512] = "'";
	size_t n;
	scene_open(&s);
	for (size_t i = 0; i < 64; i++)
		strncat(scalar, "{ts}", sizeof(scalar) - strlen(scalar) - 1);
	strncat(scalar, "'", sizeof(scalar) - strlen(scalar) - 1);
	assert_non_null(compile(&s, scalar));
	memcpy(scalar + strlen(scalar) - 1, " '", 3);
	assert_null(compile(&s, scalar));
	assert_string_equal(ruleset_complaints(s.set, &n)->code, "E0024");
	assert_int_equal(n, 1);
	ruleset_free(s.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_absence_is_shown_as_such),
		cmocka_unit_test(test_truncation_counts_characters),
		cmocka_unit_test(test_nothing_reaches_a_terminal),
		cmocka_unit_test(test_window_and_keys),
		cmocka_unit_test(test_braces),
		cmocka_unit_test(test_every_room),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_times_and_numbers),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_all_mistakes_are_told),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_too_many_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
