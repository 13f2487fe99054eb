/*
 * test_findings.c - findings.c, text_findings.c, and what summary and stats say of rules: the list
 * line at first proof, the closing block with each finding in its last state, the bound.
 */
#include "report/findings.h"
#include "report/json.h"
#include "report/summary.h"
#include "tests/unit/guard.h"
#include "tests/unit/out_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t epoch = 1159200003123456789; /* 2006-09-25T16:00:03.123456789Z */
#define AT "    2006-09-25T16:00:03.123456789Z"

static const struct reference kb = { .kb = "923164", .title = "An article", .url = "https://a/b" };
static const struct rule info = { .id = "untagged-write",
	.code = "D02",
	.title = "A write was answered without a change tag",
	.severity = SEVERITY_INFO };
static const struct rule medium = { .id = "b-medium",
	.title = "Medium\none",
	.severity = SEVERITY_MEDIUM,
	.remedy = "Look for an event sink.\nThen\x1b ask." };
static const struct rule critical = { .id = "recreate-after-untagged",
	.title = "An item was created again",
	.severity = SEVERITY_CRITICAL,
	.references = &kb,
	.n_references = 1 };

struct bench {
	struct written written;
	struct limits limits;
	struct report *report;
};

static struct bench *bench_open(struct report_options options)
{
	static const char *const names[] = { "be.pcap", "f\x1b.pcap" };
	struct error e;
	struct bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->written = written_open();
	b->limits = limits_default();
	options.limits = &b->limits;
	options.input_names = names;
	options.n_inputs += options.n_inputs == 0;
	b->report = report_new(&options, b->written.out, &e);
	assert_non_null(b->report);
	return b;
}

static void send(struct bench *b, struct finding f, const char *message)
{
	f.message = (struct slice){ guard_copy(message, strlen(message)), strlen(message) };
	f.severity = f.severity != SEVERITY_INFO ? f.severity : f.rule->severity;
	report_finding(b->report,
	    &(struct event){ .kind = EVENT_FINDING,
		.at = { .ns = epoch + (int64_t)f.update },
		.finding = &f },
	    NULL);
}

/* All that is written up to the summary; the caller frees it. */
static char *bench_close(struct bench *b)
{
	struct summary s = { .first_ns = 1 };
	struct run_end end = { 0 };
	report_end(b->report, &s, &end, NULL);
	report_free(b->report);
	char *text = written_close(&b->written);
	free(b);
	char *summary = strstr(text, "evidence: complete\n");
	if (summary != NULL)
		*summary = '\0';
	return text;
}

static void expect(struct bench *b, const char *expected)
{
	char *text = bench_close(b);
	assert_string_equal(text, expected);
	free(text);
}

static void nothing_found(void **state)
{
	(void)state;
	expect(bench_open((struct report_options){ 0 }), "");
}

static void listed_and_closed(void **state)
{
	(void)state;
	struct stamp frames[] = { { .frame = 13 }, { .frame = 39 }, { .frame = 65 } };
	struct bench *b = bench_open((struct report_options){ 0 });
	send(b, (struct finding){ .rule = &info, .id = 1, .evidence = frames, .n_evidence = 1 },
	    "anna: PUT /a -> 201");
	send(b, (struct finding){ .rule = &critical, .id = 2, .evidence = frames, .n_evidence = 3 },
	    "anna: /a \\x1b came back");
	expect(b,
	    "  info untagged-write (D02): anna: PUT /a -> 201\n"
	    "  critical recreate-after-untagged: anna: /a \\x1b came back\n"
	    "\n"
	    "findings: 1 critical, 1 info\n"
	    "\n"
	    "critical recreate-after-untagged: An item was created again\n"
	    "  - anna: /a \\x1b came back\n" AT ", frames 13, 39, 65\n"
	    "  see:    KB 923164, An article, https://a/b\n"
	    "\n"
	    "info untagged-write (D02): A write was answered without a change tag\n"
	    "  - anna: PUT /a -> 201\n" AT ", frame 13\n"
	    "\n");
}

/* Whatever made the message or the rule's texts, no control leaves. */
static void hostile_texts(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	send(b, (struct finding){ .rule = &medium, .id = 1 }, "a\033[2J\nb\\\\ \xff  c");
	expect(b,
	    "findings: 1 medium\n\n"
	    "medium b-medium: Medium one\n"
	    "  - a\\x1b[2J\\x0ab\\\\ \\xff  c\n" AT "\n"
	    "  remedy: Look for an event sink. Then\\x1b ask.\n\n");
}

/* Another set of rules may have come meanwhile: the old one is gone, and nothing of it is asked. */
static void rules_that_are_gone(void **state)
{
	(void)state;
	char id[] = "gone", title[] = "Gone", code[] = "D07", remedy[] = "None.", article[] = "77";
	struct reference reference = { .kb = article };
	struct rule rule = { .id = id,
		.title = title,
		.code = code,
		.remedy = remedy,
		.severity = SEVERITY_HIGH,
		.references = &reference,
		.n_references = 1 };
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	send(b, (struct finding){ .rule = &rule, .id = 1 }, "first");
	id[0] = title[0] = code[0] = remedy[0] = article[0] = '#';
	/* It has the id of the first, and is another one. */
	rule = (struct rule){ .id = "gone", .title = "Changed", .severity = SEVERITY_LOW };
	send(b, (struct finding){ .rule = &rule, .id = 2 }, "second");
	memset(&rule, 0xa5, sizeof rule);
	memset(&reference, 0xa5, sizeof reference);
	expect(b,
	    "findings: 1 high, 1 low\n\n"
	    "high gone (D07): Gone\n"
	    "  - first\n" AT "\n"
	    "  remedy: None.\n"
	    "  see:    KB 77\n\n"
	    "low gone: Changed\n"
	    "  - second\n" AT "\n\n");
}

/* The list shows the first proof, the block the last state, whatever order they come in. */
static void later_states(void **state)
{
	(void)state;
	struct stamp frames[] = { { .frame = 3 }, { .frame = 4 } };
	struct finding f = { .rule = &medium, .id = 7, .evidence = frames, .n_evidence = 1 };
	struct bench *b = bench_open((struct report_options){ 0 });
	send(b, f, "first");
	f.update = 2;
	f.n_evidence = 2;
	f.suppressed = 5;
	f.state_evicted = true;
	send(b, f, "third");
	send(b, f, "third, delivered again");
	f.update = 1;
	send(b, f, "second, late");
	expect(b,
	    "  medium b-medium: first\n\n"
	    "findings: 1 medium\n\n"
	    "medium b-medium: Medium one\n"
	    "  - third\n"
	    "    2006-09-25T16:00:03.123456791Z, frames 3, 4; 5 before it kept back by the "
	    "rule's limit; seen again 2 times; state was evicted at a limit, there may be more to it\n"
	    "  remedy: Look for an event sink. Then\\x1b ask.\n\n");
}

/* The values a rule asks for stand below its finding; of more than there is room for whole lines. */
static void carried_fields(void **state)
{
	(void)state;
	static uint8_t long_value[5000];
	const struct named_text fields[] = { { SLICE("http.request.target"), SLICE("/a\\x1b") },
		{ SLICE("http.response.header"), SLICE("Content-Length: 0") },
		{ SLICE("http.request.header"), { long_value, sizeof long_value } } };
	memset(long_value, 'v', sizeof long_value);
	struct finding f = { .rule = &medium, .id = 1, .fields = fields, .n_fields = 3 };
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	send(b, f, "m");
	f.id = 2;
	f.n_fields = 0;
	send(b, f, "n");
	expect(b,
	    "findings: 2 medium\n\n"
	    "medium b-medium, 2 findings: Medium one\n"
	    "  - m\n" AT "\n"
	    "      http.request.target = /a\\x1b\n"
	    "      http.response.header = Content-Length: 0\n"
	    "      ...\n"
	    "  - n\n" AT "\n"
	    "  remedy: Look for an event sink. Then\\x1b ask.\n\n");
}

static void frames_of_several_inputs(void **state)
{
	(void)state;
	struct stamp frames[] = { { .frame = 4 }, { .frame = 17, .input = 1 }, { .frame = 5 } };
	struct bench *b = bench_open((struct report_options){ .n_inputs = 2, .quiet = true });
	send(b, (struct finding){ .rule = &info, .id = 1, .evidence = frames, .n_evidence = 3 },
	    "m");
	char *text = bench_close(b);
	assert_non_null(strstr(text, "Z, frames be.pcap 4, 5 / f\\x1b.pcap 17\n"));
	free(text);
}

static void many_frames(void **state)
{
	(void)state;
	struct stamp frames[15] = { { 0 } };
	for (size_t i = 0; i < 15; i++)
		frames[i].frame = i + 1;
	frames[14].input = 9; /* an input without a name, not among those shown */
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	send(b, (struct finding){ .rule = &info, .id = 1, .evidence = frames, .n_evidence = 12 },
	    "m");
	send(b, (struct finding){ .rule = &info, .id = 2, .evidence = frames, .n_evidence = 15 },
	    "n");
	send(b,
	    (struct finding){ .rule = &info, .id = 3, .evidence = frames + 14, .n_evidence = 1 },
	    "o");
	char *text = bench_close(b);
	assert_non_null(strstr(text, "(D02), 3 findings: A write"));
	assert_non_null(strstr(text, "frames 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12\n"));
	assert_non_null(strstr(text, "9, 10, 11, 12 and 3 more\n"));
	assert_non_null(strstr(text, "Z, frame 15\n"));
	free(text);
}

/* What could not be decided is no alert: it is marked; of what was left open the number is told. */
static void inconclusive(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ 0 });
	struct finding f = { .rule = &medium, .id = 1, .outcome = INCONCLUSIVE_EOF };
	send(b, f, "open");
	expect(b, "findings: none; inconclusive 1 (1 open at the end of the capture)\n\n");
	b = bench_open((struct report_options){ 0 });
	send(b, f, "open");
	f.id = 2;
	send(b, f, "open too");
	f.id = 3;
	f.outcome = INCONCLUSIVE_LOSS;
	send(b, f, "lost");
	f.id = 4;
	f.outcome = INCONCLUSIVE_UNKNOWN;
	send(b, f, "who knows");
	f.id = 5;
	f.outcome = CONCLUSIVE;
	send(b, f, "proven");
	expect(b,
	    "  medium b-medium, inconclusive: who knows\n"
	    "  medium b-medium: proven\n\n"
	    "findings: 1 medium; inconclusive 4 (2 open at the end of the capture, "
	    "1 for missing packets, 1 not observed in full)\n\n"
	    "medium b-medium, 2 findings: Medium one\n"
	    "  - proven\n" AT "\n"
	    "  ? not observed in full: who knows\n" AT "\n"
	    "  remedy: Look for an event sink. Then\\x1b ask.\n\n");
}

/* At the bound trifles give way; none is forgotten in the counts. */
static void bounded(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	b->limits.findings_kept = 2;
	send(b, (struct finding){ .rule = &info, .id = 1 }, "one");
	send(b, (struct finding){ .rule = &info, .id = 2 }, "two");
	send(b, (struct finding){ .rule = &info, .id = 3 }, "three");
	send(b, (struct finding){ .rule = &info, .id = 3, .update = 1 }, "three again");
	send(b, (struct finding){ .rule = &critical, .id = 4 }, "four");
	send(b, (struct finding){ .rule = &info, .id = 2, .update = 1 }, "two again");
	send(b, (struct finding){ .rule = &info, .id = 1, .update = 1 }, "one again");
	char *text = bench_close(b);
	assert_non_null(strstr(text, "findings: 1 critical, 3 info\n\ncritical"));
	assert_non_null(strstr(text, "  - one again\n"));
	assert_non_null(strstr(text, "  - four\n"));
	assert_null(strstr(text, "two"));
	assert_null(strstr(text, "three"));
	assert_non_null(strstr(text, "\nnot listed: 2 findings beyond limit findings_kept\n\n"));
	free(text);
}

static void bounded_to_none(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	b->limits.findings_kept = 0;
	send(b, (struct finding){ .rule = &critical, .id = 1 }, "one");
	expect(b, "findings: 1 critical\n\nnot listed: 1 finding beyond limit findings_kept\n\n");
}

/* Ids that share a bucket; the middle of the chain is taken out. */
static void many_ids(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	char message[16];
	b->limits.findings_kept = 100;
	for (uint64_t i = 0; i < 99; i++) {
		snprintf(message, sizeof message, "<%llu>", (unsigned long long)i);
		send(b, (struct finding){ .rule = i == 50 ? &info : &medium, .id = i << 32 },
		    message);
	}
	send(b, (struct finding){ .rule = &medium, .id = 1 }, "last");
	send(b, (struct finding){ .rule = &critical, .id = 2 }, "grave");
	send(b, (struct finding){ .rule = &medium, .id = UINT64_C(98) << 32, .update = 1 },
	    "<new>");
	char *text = bench_close(b);
	assert_non_null(strstr(text, "findings: 1 critical, 99 medium, 1 info\n"));
	assert_null(strstr(text, "<50>"));
	assert_null(strstr(text, "<98>"));
	assert_non_null(strstr(text, "<new>"));
	assert_true(strstr(text, "<49>") < strstr(text, "<51>"));
	assert_non_null(strstr(text, "not listed: 1 finding "));
	free(text);
}

/* On a terminal: lines of 100 columns, twenty of a rule; words longer than a line stay whole. */
static void narrow(void **state)
{
	(void)state;
	char message[30 * 9 + 1] = "";
	for (size_t i = 0; i < 30; i++)
		memcpy(message + 9 * i, "\\x1bword ", 9);
	struct bench *b = bench_open((struct report_options){ .narrow = true, .quiet = true });
	for (uint64_t i = 0; i < 25; i++)
		send(b, (struct finding){ .rule = &medium, .id = i }, message);
	char *text = bench_close(b);
	size_t lines = 0, widest = 0, words = 0;
	for (char *p = text; *p != '\0'; p = strchr(p, '\n') + 1) {
		size_t n = strcspn(p, "\n");
		widest = n > widest ? n : widest;
		lines++;
	}
	for (char *p = text; (p = strstr(p, "\\x1bword")) != NULL; p++)
		words++;
	assert_int_equal(words, 20 * 30);
	assert_true(widest <= 100 && widest > 90);
	assert_int_equal(lines, 2 + 1 + 20 * (3 + 1) + 1 + 1 + 1);
	assert_non_null(strstr(text, "\n    \\x1bword "));
	assert_non_null(strstr(text, "\n  and 5 more; a file or pipe gets them all\n"));
	free(text);
}

static void narrow_long_word(void **state)
{
	(void)state;
	char message[301];
	memset(message, 'w', 300);
	message[300] = '\0';
	struct bench *b = bench_open((struct report_options){ .narrow = true, .quiet = true });
	send(b, (struct finding){ .rule = &info, .id = 1 }, message);
	char *text = bench_close(b);
	char *word = strstr(text, message);
	assert_non_null(word);
	assert_memory_equal(word - 5, "\n    ", 5);
	assert_int_equal(word[300], '\n');
	free(text);
}

static void long_message(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ .quiet = true });
	b->limits.out_field = 4;
	send(b, (struct finding){ .rule = &info, .id = 1 }, "abc\xc3\xa4");
	char *text = bench_close(b);
	assert_non_null(strstr(text, "\n  - abc\\xc3...\n"));
	free(text);
}

/* Color is beside the word, never in its place. */
static void color(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ .color = true });
	send(b, (struct finding){ .rule = &critical, .id = 1 }, "m");
	char *text = bench_close(b);
	assert_int_equal(strncmp(text, "  \033[1;31mcritical\033[0m recreate-after-untagged: m\n",
			     49),
	    0);
	assert_non_null(strstr(text, "\nfindings: 1 \033[1;31mcritical\033[0m\n"));
	assert_non_null(strstr(text, "\n\033[2m" AT "\033[0m\n"));
	free(text);
}

static void silent(void **state)
{
	(void)state;
	struct bench *b = bench_open((struct report_options){ .silent = true });
	send(b, (struct finding){ .rule = &critical, .id = 1 }, "m");
	expect(b, "");
}

/* ---- counts ---- */

static void counts_in_the_summary(void **state)
{
	(void)state;
	struct rule_counts c = { .matches = 9, .findings = 8, .excepted = 1 };
	struct written w = written_open();
	assert_false(summary_rule(w.out, true, &info, &c));
	assert_int_equal(out_written(w.out), 0);
	c.unknown = 3;
	c.limited = 2;
	assert_true(summary_rule(w.out, true, &info, &c));
	struct rule_counts all = { .keyless = 1,
		.evicted = 2,
		.suppressed = 3,
		.inconclusive = { 4, 5, 6 } };
	assert_true(summary_rule(w.out, false, &medium, &all));
	char *text = written_close(&w);
	assert_string_equal(text,
	    "rules         untagged-write: 3 not decided for want of observation, "
	    "2 kept back by its limit\n"
	    "              b-medium: 1 without the key, 2 keys evicted, 3 suppressed, "
	    "4 open at the end of the capture, 5 open for missing packets, "
	    "6 reported as not observed in full\n");
	free(text);
}

static void counts_in_json(void **state)
{
	(void)state;
	struct rule_counts c = { .matches = 1,
		.findings = 2,
		.unknown = 3,
		.keyless = 4,
		.evicted = 5,
		.limited = 6,
		.suppressed = 7,
		.excepted = 8,
		.inconclusive = { 9, 10, 11 } };
	struct written w = written_open();
	struct json j = { .out = w.out };
	json_rule(&j, &info, &c);
	char *text = written_close(&w);
	assert_string_equal(text,
	    "{\"id\":\"untagged-write\",\"matches\":1,\"findings\":2,\"unknown\":3,\"keyless\":4,"
	    "\"excepted\":8,\"limited\":6,\"suppressed\":7,\"evicted\":5,"
	    "\"inconclusive\":{\"eof\":9,\"loss\":10,\"unknown\":11}}");
	free(text);
}

/* ---- with rules ---- */

static const char gap_rule[] = "davscope_rules: 1\n"
			       "rules:\n"
			       "  - id: any-gap\n"
			       "    rev: 1\n"
			       "    title: A gap\n"
			       "    severity: low\n"
			       "    event: anomaly\n"
			       "    condition: anomaly.code == \"tcp.gap\"\n"
			       "    output: \"gap\"\n";

struct wiring {
	struct bench *bench;
	bool passes; /* no filter keeps findings back */
};

static void on_finding(void *ctx, const struct event *finding, const struct event *cause)
{
	struct wiring *w = ctx;
	(void)cause;
	if (w->passes)
		report_event(w->bench->report, finding);
}

/* What is written in the end when `gaps` gaps pass the rule; the caller frees it. */
static char *told_of_gaps(struct report_options options, size_t gaps, bool passes,
    struct summary *s)
{
	struct error e = { "" };
	struct run_end end = { 0 };
	struct wiring w = { bench_open(options), passes };
	struct rules_options how = { .limits = &w.bench->limits, .n_inputs = 1 };
	struct ruleset *set = ruleset_new(&w.bench->limits, &e);
	assert_non_null(set);
	ruleset_read(set, "gap.yaml", slice_from(gap_rule));
	assert_true(ruleset_compile(set));
	struct rules *rules = rules_new(set, &how, (struct rules_sink){ on_finding, &w }, &e);
	assert_non_null(rules);
	for (size_t i = 1; i <= gaps; i++) {
		struct stamp at = { .order = i, .frame = i, .ns = epoch };
		struct anomaly anomaly = { .code = TCP_GAP, .at = at };
		rules_event(rules,
		    &(struct event){ .kind = EVENT_ANOMALY, .at = at, .anomaly = &anomaly });
	}
	rules_finish(rules, epoch);
	s->first_ns = s->last_ns = epoch;
	report_end(w.bench->report, s, &end, rules);
	report_free(w.bench->report);
	rules_free(rules);
	char *text = written_close(&w.bench->written);
	free(w.bench);
	return text;
}

static void expect_told(struct report_options options, size_t gaps, bool passes,
    struct summary summary, const char *expected)
{
	char *text = told_of_gaps(options, gaps, passes, &summary);
	if (strstr(text, expected) == NULL)
		fail_msg("%s\nlacks %s", text, expected);
	free(text);
}

static void none_is_said(void **state)
{
	(void)state;
	const struct report_options quiet = { .quiet = true };
	expect_told(quiet, 0, true, (struct summary){ 0 },
	    "evidence: complete\nfindings      none\npackets");
	expect_told(quiet, 0, true, (struct summary){ .gaps = 1 },
	    "\nfindings      none in what was observed\n");
	char *text = told_of_gaps(quiet, 1, true, &(struct summary){ 0 });
	static const char block[] = "findings: 1 low\n\nlow any-gap: A gap\n  - gap\n" AT
				    ", frame 1\n\nevidence: complete\n";
	assert_memory_equal(text, block, sizeof block - 1);
	assert_null(strstr(text, "findings      none"));
	free(text);
}

/* A filter must not make an ill capture look well. */
static void left_out_is_said(void **state)
{
	(void)state;
	expect_told((struct report_options){ .quiet = true }, 2, false, (struct summary){ 0 },
	    "findings: none; left out by the filter 2\n\nevidence: complete\npackets");
}

static void stats_count_rules(void **state)
{
	(void)state;
	const struct report_options json = { .format = REPORT_JSON };
	expect_told(json, 2, false, (struct summary){ 0 },
	    ",\"rules\":[{\"id\":\"any-gap\",\"matches\":2,\"findings\":2,");
	expect_told(json, 0, true, (struct summary){ 0 }, ",\"rules\":[]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_found),
		cmocka_unit_test(listed_and_closed),
		cmocka_unit_test(hostile_texts),
		cmocka_unit_test(rules_that_are_gone),
		cmocka_unit_test(later_states),
		cmocka_unit_test(carried_fields),
		cmocka_unit_test(frames_of_several_inputs),
		cmocka_unit_test(many_frames),
		cmocka_unit_test(inconclusive),
		cmocka_unit_test(bounded),
		cmocka_unit_test(bounded_to_none),
		cmocka_unit_test(many_ids),
		cmocka_unit_test(narrow),
		cmocka_unit_test(narrow_long_word),
		cmocka_unit_test(long_message),
		cmocka_unit_test(color),
		cmocka_unit_test(silent),
		cmocka_unit_test(counts_in_the_summary),
		cmocka_unit_test(counts_in_json),
		cmocka_unit_test(none_is_said),
		cmocka_unit_test(left_out_is_said),
		cmocka_unit_test(stats_count_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
