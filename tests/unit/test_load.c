/*
 * test_load.c - rules/load*.c: what stands in rule files becomes rules, over several files at once.
 * What is refused, and where, is the matter of tests/rules/errors.
 */
#include "rules/ruleset.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define HEAD "davscope_rules: 1\n"
#define SEC INT64_C(1000000000)

struct scene {
	struct limits limits;
	struct ruleset *set;
	const struct complaint *complaints;
	size_t n;
};

static void scene_open(struct scene *s)
{
	struct error e;
	*s = (struct scene){ .limits = limits_default() };
	s->set = ruleset_new(&s->limits, &e);
	assert_non_null(s->set);
}

static void scene_read(struct scene *s, const char *name, const char *text)
{
	size_t n = strlen(text);
	ruleset_read(s->set, name, (struct slice){ guard_copy(text, n), n });
}

static bool scene_compile(struct scene *s)
{
	bool fine = ruleset_compile(s->set);
	s->complaints = ruleset_complaints(s->set, &s->n);
	return fine;
}

static void scene_print(const struct scene *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct complaint *c = &s->complaints[i];
		print_message("%s:%zu:%zu: %s: %s\n", c->file, c->line, c->column, c->code,
		    c->text);
	}
}

static void scene_load(struct scene *s, const char *text)
{
	scene_open(s);
	scene_read(s, "t.yaml", text);
	if (!scene_compile(s)) {
		scene_print(s);
		fail_msg("the rules do not compile");
	}
}

static const struct complaint *complaint_of(const struct scene *s, const char *code)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->complaints[i].code, code) == 0)
			return &s->complaints[i];
	scene_print(s);
	fail_msg("no complaint %s", code);
	return NULL;
}

/* ---- what a rule says of itself ---- */

#define FULL \
	"  - id: a-1\n" \
	"    rev: 7\n" \
	"    title: A title\n" \
	"    description: |\n" \
	"      Two\n" \
	"      lines\n" \
	"\n" \
	"    severity: critical\n" \
	"    confidence: low\n" \
	"    status: test\n" \
	"    tags: [exchange, d02, D02, D03]\n" \
	"    references:\n" \
	"      - {url: 'https://example.org/', title: T, kb: \"1\"}\n" \
	"      - {kb: 0005}\n" \
	"    remedy: 'on'\n" \
	"    enabled: false\n" \
	"    event: flow\n" \
	"    condition: true\n" \
	"    output: 6.10  # not a number"

static void test_all_keys(void **state)
{
	(void)state;
	struct scene s;
	scene_load(&s,
	    HEAD
	    "rules:\n" FULL
	    "\n\n  # of the next\n  - {id: b, title: t, severity: low, event: loss, condition: true,"
	    " output: x}\n");
	const struct rule *r = ruleset_rule(s.set, 0);
	assert_string_equal(r->id, "a-1");
	assert_int_equal(r->rev, 7);
	assert_string_equal(r->title, "A title");
	assert_string_equal(r->description, "Two\nlines");
	assert_int_equal(r->severity, SEVERITY_CRITICAL);
	assert_int_equal(r->confidence, CONFIDENCE_LOW);
	assert_string_equal(r->status, "test");
	assert_int_equal(r->n_tags, 4);
	assert_string_equal(r->code, "D02");
	assert_int_equal(r->n_references, 2);
	assert_string_equal(r->references[0].title, "T");
	assert_null(r->references[1].url);
	assert_string_equal(r->references[1].kb, "0005");
	assert_string_equal(r->remedy, "on");
	assert_false(r->enabled);
	assert_false(r->shipped);
	assert_int_equal(r->line, 3);
	assert_string_equal(r->file, "t.yaml");
	ruleset_free(s.set);
}

static void test_source_is_the_text(void **state)
{
	(void)state;
	struct scene s;
	scene_load(&s,
	    HEAD
	    "rules:\n" FULL
	    "\n\n  # of the next\n  - {id: b, title: t, severity: low, event: loss, condition: true,"
	    " output: x}  # after\n");
	const char *source = ruleset_rule(s.set, 0)->source;
	size_t n = strlen(FULL) - strlen("  # not a number");
	assert_int_equal(strlen(source), n);
	assert_memory_equal(source, FULL, n);
	assert_string_equal(ruleset_rule(s.set, 1)->source,
	    "  - {id: b, title: t, severity: low, event: loss, condition: true, output: x}");
	assert_null(ruleset_rule(s.set, 2));
	ruleset_free(s.set);
	scene_load(&s,
	    HEAD
	    "rules: [{id: c, title: t, severity: low, event: loss, condition: true, output: x}]");
	assert_string_equal(ruleset_rule(s.set, 0)->source,
	    "{id: c, title: t, severity: low, event: loss, condition: true, output: x}");
	ruleset_free(s.set);
}

static void test_defaults(void **state)
{
	(void)state;
	struct scene s;
	scene_load(&s,
	    HEAD
	    "rules:\n  - {id: b, title: t, severity: low, event: loss, condition: true, output: x}\n");
	const struct rule *r = ruleset_rule(s.set, 0);
	assert_int_equal(r->rev, 1);
	assert_string_equal(r->title, "t");
	assert_int_equal(r->severity, SEVERITY_LOW);
	assert_int_equal(r->confidence, CONFIDENCE_MEDIUM);
	assert_string_equal(r->status, "stable");
	assert_true(r->enabled);
	assert_null(r->code);
	assert_null(r->description);
	const struct loaded_rule *l = s.set->rules[0];
	assert_int_equal(l->shape, SHAPE_SINGLE);
	assert_int_equal(l->kinds, 1u << EVENT_LOSS);
	assert_int_equal(l->limit.max, 0);
	assert_false(l->report_unknown);
	assert_false(ruleset_is_deep(s.set));
	ruleset_free(s.set);
}

/* ---- state clauses ---- */

static void test_window(void **state)
{
	(void)state;
	struct scene s;
	scene_load(&s,
	    HEAD
	    "vars: {w: {type: duration, default: 30m}}\n"
	    "rules:\n  - id: a\n    title: t\n    severity: low\n    event: transaction\n    condition: true\n    output: x\n"
	    "    on_unknown: report\n"
	    "    window:\n      within: ${w}\n      by:\n        - client.address\n        - http.request.header[\"A\"]\n"
	    "      fire: '> 2'\n      distinct: dav.property.name\n      after: keep\n"
	    "    limit: {by: [client.address], max: 4, per: 7d}\n"
	    "    fields: [http.request.target, quality.loss]\n");
	const struct loaded_rule *l = s.set->rules[0];
	assert_int_equal(l->shape, SHAPE_WINDOW);
	assert_int_equal(l->window.within_ns, 1800 * SEC);
	assert_int_equal(l->window.fire, 3);
	assert_int_equal(l->window.by.n, 2);
	assert_string_equal(l->window.by.names[1], "http.request.header[\"A\"]");
	assert_true(slice_is(l->window.by.fields[1].header, "A"));
	assert_true(l->window.distinct && l->window.keep && l->report_unknown);
	assert_string_equal(l->window.of.field->name, "dav.property.name");
	assert_true(ruleset_is_deep(s.set));
	assert_int_equal(l->limit.max, 4);
	assert_int_equal(l->limit.per_ns, 7 * 86400 * SEC);
	assert_int_equal(l->n_carried, 2);
	assert_string_equal(l->carried_names[1], "quality.loss");
	ruleset_free(s.set);
}

static void test_sequence(void **state)
{
	(void)state;
	struct scene s;
	scene_load(&s,
	    HEAD
	    "rules:\n  - id: a\n    title: t\n    severity: low\n    output: '{key.who} {http.request.method}'\n    sequence:\n"
	    "      within: 2h\n      by: [client.address, who]\n      at_eof: fire\n      steps:\n"
	    "        - {name: one, event: flow, not: true, condition: true,\n"
	    "           keys: {who: flow.id, client.address: server.address}}\n"
	    "        - {name: two, event: transaction, condition: true, keys: {who: auth.user}}\n");
	const struct loaded_rule *l = s.set->rules[0];
	const struct sequence *q = &l->sequence;
	assert_int_equal(l->shape, SHAPE_SEQUENCE);
	assert_int_equal(l->kinds, 1u << EVENT_FLOW | 1u << EVENT_TRANSACTION);
	assert_int_equal(q->within_ns, 7200 * SEC);
	assert_true(q->fire_at_eof);
	assert_int_equal(q->n_steps, 2);
	assert_true(q->steps[0].negative && !q->steps[1].negative);
	assert_string_equal(q->by.names[1], "who");
	assert_string_equal(q->steps[0].keys[0].field->name, "server.address");
	assert_string_equal(q->steps[0].keys[1].field->name, "flow.id");
	assert_string_equal(q->steps[1].keys[0].field->name, "client.address");
	assert_string_equal(q->steps[1].keys[1].field->name, "auth.user");
	ruleset_free(s.set);
}

/* ---- several files ---- */

#define SMALL(id, condition) \
	"  - {id: " id ", title: t, severity: low, event: transaction, condition: " condition \
	", output: x,\n" \
	"     tests: [{name: t, events: [], expect: []}]}\n"

static void test_forward_references(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	scene_read(&s, "a.yaml", HEAD "rules:\n" SMALL("a", "$m"));
	scene_read(&s, "b.yaml", HEAD "macros:\n  m: http.interim == ${v}\n");
	scene_read(&s, "c.yaml", HEAD "vars: {v: {type: int, default: 3}}\n");
	assert_true(scene_compile(&s));
	assert_int_equal(s.n, 0);
	ruleset_free(s.set);
}

static void test_override(void **state)
{
	(void)state;
	struct scene s, plain;
	const char *rules = HEAD "rules:\n" SMALL("a", "http.interim == 1") SMALL("b", "true");
	scene_load(&plain, rules);
	scene_open(&s);
	scene_read(&s, "later.yaml",
	    HEAD "override:\n  - {id: a, severity: high, output: '{http.request.method}',\n"
		 "     except: [http.interim == 1, http.interim == 2]}\n"
		 "  - {id: a, append_except: [http.interim == 3]}\n"
		 "  - {id: a, enabled: false}\n");
	scene_read(&s, "rules.yaml", rules);
	scene_read(&s, "last.yaml", HEAD "override:\n  - {id: a, append_except: [dav.write]}\n");
	assert_true(scene_compile(&s));
	const struct loaded_rule *a = s.set->rules[0], *b = s.set->rules[1];
	assert_int_equal(a->public.severity, SEVERITY_HIGH);
	assert_false(a->public.enabled);
	assert_int_equal(a->n_except, 4);
	assert_string_equal(a->public.file, "rules.yaml");
	assert_true(a->hash != plain.set->rules[0]->hash);
	assert_true(b->hash == plain.set->rules[1]->hash);
	assert_true(b->hash != plain.set->rules[0]->hash);
	ruleset_free(s.set);
	ruleset_free(plain.set);
}

/* What is wrong in an override is wrong there, not where the rule stands. */
static void test_override_mistake_is_in_its_file(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	scene_read(&s, "rules.yaml", HEAD "rules:\n" SMALL("a", "true"));
	scene_read(&s, "mine.yaml",
	    HEAD "override:\n  - id: a\n    output: '{nothing.like.it}'\n"
		 "    condition: nothing.like.it\n");
	assert_false(scene_compile(&s));
	assert_int_equal(s.n, 2);
	assert_string_equal(s.complaints[0].file, "mine.yaml");
	assert_int_equal(s.complaints[0].line, 4);
	assert_int_equal(s.complaints[0].column, 15);
	assert_int_equal(s.complaints[1].line, 5);
	assert_string_equal(s.complaints[1].rule, "a");
	ruleset_free(s.set);
}

static void test_broken_file_contributes_nothing(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	scene_read(&s, "broken.yaml", HEAD "rules:\n" SMALL("a", "true") "  - [\n");
	scene_read(&s, "other.yaml", "format: 1\nrules:\n" SMALL("a", "true"));
	scene_read(&s, "good.yaml", HEAD "rules:\n" SMALL("a", "true"));
	assert_false(scene_compile(&s));
	assert_int_equal(s.n, 2);
	assert_string_equal(s.complaints[0].code, "E0001");
	assert_string_equal(s.complaints[1].code, "E0012");
	assert_string_equal(ruleset_rule(s.set, 0)->file, "good.yaml");
	assert_null(ruleset_rule(s.set, 1));
	ruleset_free(s.set);
}

static void test_engine_versions(void **state)
{
	(void)state;
	static const struct {
		const char *wanted;
		bool good;
	} cases[] = { { ">= 0.1", true }, { ">=0.1.0", true }, { "> 0.1", false },
		{ "> 0.0.9", true }, { "== 0.1.0.0", true }, { "<= 0.1", true }, { "< 0.1", false },
		{ "< 0.10", true }, { "=> 0.1", false }, { "0.1", false }, { ">= 0.1 beta", false },
		{ ">=", false } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s;
		char text[100];
		snprintf(text, sizeof(text), HEAD "requires: {engine: \"%s\"}\n", cases[i].wanted);
		scene_open(&s);
		scene_read(&s, "t.yaml", text);
		if (scene_compile(&s) != cases[i].good)
			fail_msg("engine %s", cases[i].wanted);
		ruleset_free(s.set);
	}
}

/* ---- variables ---- */

#define VARIABLE \
	HEAD \
	    "vars: {w: {type: duration, default: 5s}}\nrules:\n  - id: a\n    title: t\n    severity: low\n    event: flow\n" \
	    "    condition: true\n    output: x\n    window: {within: \"${w}\", fire: '>= 2'}\n"

static void test_given_variable(void **state)
{
	(void)state;
	struct scene s;
	struct error e;
	scene_open(&s);
	assert_false(ruleset_set_variable(s.set, "w", &e));
	assert_false(ruleset_set_variable(s.set, "=5s", &e));
	assert_false(ruleset_set_variable(s.set, "a b=5s", &e));
	assert_true(ruleset_set_variable(s.set, "w=10s", &e));
	assert_true(ruleset_set_variable(s.set, "w=20s", &e));
	scene_read(&s, "t.yaml", VARIABLE);
	assert_true(scene_compile(&s));
	assert_int_equal(s.set->rules[0]->window.within_ns, 20 * SEC);
	ruleset_free(s.set);
	scene_load(&s, VARIABLE);
	assert_int_equal(s.set->rules[0]->window.within_ns, 5 * SEC);
	ruleset_free(s.set);
}

/* ---- suppressions ---- */

static void test_suppressions(void **state)
{
	(void)state;
	struct scene s;
	scene_load(&s,
	    HEAD "rules:\n" SMALL("b", "true") SMALL("a",
		"true") "suppress:\n  - {rule: a, until: 2026-01-31, reason: r, where: http.interim == 1}\n"
			"  - {rule: gone, until: 2026-01-31, reason: r}\n"
			"  - {rule: a, until: \"1970-01-01\", reason: r}\n");
	const struct loaded_rule *b = s.set->rules[0], *a = s.set->rules[1];
	assert_int_equal(b->n_suppressions, 0);
	assert_int_equal(a->n_suppressions, 2);
	assert_non_null(a->suppressions[0]->where);
	assert_null(a->suppressions[1]->where);
	int64_t next_day = 1769904000 * SEC; /* 2026-02-01 */
	assert_true(suppression_expired(a->suppressions[0], next_day));
	assert_false(suppression_expired(a->suppressions[0], next_day - 1));
	assert_false(suppression_expired(a->suppressions[1], 86400 * SEC - 1));
	assert_int_equal(s.n, 1);
	complaint_of(&s, "W0310");
	ruleset_lint_time(s.set, next_day - 1);
	s.complaints = ruleset_complaints(s.set, &s.n);
	assert_int_equal(s.n, 2);
	assert_int_equal(complaint_of(&s, "W0305")->line, 10);
	ruleset_free(s.set);
}

/* ---- complaints ---- */

static void test_complaints_are_in_order(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	scene_read(&s, "z.yaml", HEAD "rules:\n" SMALL("a", "x.y") "x: 1\n");
	scene_read(&s, "a.yaml", HEAD "y: 1\nrules:\n" SMALL("b", "x.y"));
	assert_false(scene_compile(&s));
	static const struct {
		const char *file, *code;
		size_t line;
	} expected[] = { { "z.yaml", "E0201", 3 }, { "z.yaml", "E0014", 5 },
		{ "a.yaml", "E0014", 2 }, { "a.yaml", "E0201", 4 } };
	assert_int_equal(s.n, 4);
	for (size_t i = 0; i < s.n; i++) {
		assert_string_equal(s.complaints[i].file, expected[i].file);
		assert_string_equal(s.complaints[i].code, expected[i].code);
		assert_int_equal(s.complaints[i].line, expected[i].line);
	}
	ruleset_free(s.set);
}

static void complain_at(struct complaints *c, const char *code, size_t line)
{
	struct mark at = { line, 1, 0 };
	snprintf(complaint_add(c, code, "f", &at, NULL)->text, 20, "%zu", line);
}

static void test_errors_displace_warnings(void **state)
{
	(void)state;
	struct complaints *c = complaints_new();
	size_t n;
	for (size_t i = 1; i <= 150; i++)
		complain_at(c, "W0302", i);
	for (size_t i = 151; i <= 500; i++)
		complain_at(c, "E0014", i);
	const struct complaint *all = complaints_sorted(c, &n);
	assert_int_equal(n, 200);
	assert_int_equal(complaints_errors(c), 350);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(all[i].code, "E0014");
		assert_int_equal(all[i].line, atol(all[i].text));
		assert_true(i == 0 || all[i].line > all[i - 1].line);
	}
	complaints_free(c);
}

/* A macro that is wrong is wrong wherever it is used, and told once. */
static void test_complaints_are_told_once(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s);
	scene_read(&s, "t.yaml",
	    HEAD "macros: {m: x.y}\nrules:\n" SMALL("a", "$m") SMALL("b", "not $m"));
	assert_false(scene_compile(&s));
	assert_int_equal(s.n, 1);
	assert_int_equal(s.complaints[0].line, 2);
	ruleset_free(s.set);
}

static void test_quotes_are_safe(void **state)
{
	(void)state;
	char out[64];
	assert_string_equal(quoted(out, SLICE("a\x1b[1m\xff\\")), "a\\x1b[1m\\xff\\\\");
	char text[70];
	for (size_t n = 60; n < sizeof(text); n++) {
		memset(text, 'x', n);
		text[n - 1] = '\n';
		quoted(out, (struct slice){ (const uint8_t *)text, n });
		bool whole = n - 1 + 4 <= 63;
		assert_string_equal(out + strlen(out) - (whole ? 4 : 3), whole ? "\\x0a" : "...");
		assert_true(strlen(out) <= 63 && strlen(out) >= 57);
	}
}

/* ---- files ---- */

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_all(const char *dir, const char *const *names)
{
	char path[200];
	for (size_t i = 0; names[i] != NULL; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void test_directory(void **state)
{
	(void)state;
	static const char *const names[] = { "b.yaml", "B.yaml", "a.yaml", "a.expect.yaml",
		".c.yaml", "d.yml", "fifo.yaml", "long.yaml", NULL };
	char dir[] = "/tmp/davscope-test-XXXXXX", path[200];
	struct scene s;
	struct error e;
	assert_non_null(mkdtemp(dir));
	put_file(dir, "b.yaml", HEAD "rules:\n" SMALL("b", "true"));
	put_file(dir, "B.yaml", HEAD "rules:\n" SMALL("upper-b", "true"));
	put_file(dir, "a.yaml", HEAD "rules:\n" SMALL("a", "true"));
	put_file(dir, "a.expect.yaml", "others");
	put_file(dir, ".c.yaml", "others");
	put_file(dir, "d.yml", "others");
	snprintf(path, sizeof(path), "%s/fifo.yaml", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	scene_open(&s);
	s.limits.rule_file = 200;
	char text[202];
	memset(text, '#', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put_file(dir, "long.yaml", text);
	assert_true(ruleset_load(s.set, dir, &e));
	assert_false(scene_compile(&s));
	assert_string_equal(ruleset_rule(s.set, 0)->id, "upper-b");
	assert_string_equal(ruleset_rule(s.set, 1)->id, "a");
	assert_string_equal(ruleset_rule(s.set, 2)->id, "b");
	assert_null(ruleset_rule(s.set, 3));
	assert_int_equal(s.n, 2);
	assert_string_equal(s.complaints[0].code, "E0002");
	assert_string_equal(s.complaints[0].file, path);
	assert_string_equal(s.complaints[1].code, "E0002");
	remove_all(dir, names);
	ruleset_free(s.set);
}

static void test_files_that_cannot_be_had(void **state)
{
	(void)state;
	struct scene s;
	struct error e = { "" };
	scene_open(&s);
	assert_false(ruleset_load(s.set, "/nonexistent/rules.yaml", &e));
	assert_non_null(strstr(e.text, "/nonexistent/rules.yaml"));
	assert_true(ruleset_load(s.set, "/dev/null", &e));
	assert_false(scene_compile(&s));
	assert_string_equal(s.complaints[0].code, "E0002");
	ruleset_free(s.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_source_is_the_text),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_forward_references),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_override_mistake_is_in_its_file),
		cmocka_unit_test(test_broken_file_contributes_nothing),
		cmocka_unit_test(test_engine_versions),
		cmocka_unit_test(test_given_variable),
		cmocka_unit_test(test_suppressions),
		cmocka_unit_test(test_complaints_are_in_order),
		cmocka_unit_test(test_errors_displace_warnings),
		cmocka_unit_test(test_complaints_are_told_once),
		cmocka_unit_test(test_quotes_are_safe),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_files_that_cannot_be_had),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
