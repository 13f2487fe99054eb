/*
 * test_expect.c - rules/expect.c, wanted.c, tally.c: which findings count for which expectation, and
 * how a wrong expectation is refused.
 */
#include "rules/rules.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { RESULTS_MAX = 80 };

struct scene {
	struct expect *expect;
	struct rule rule;
	struct stamp evidence[2];
	struct finding finding;
	struct event event;
	struct made made;
	struct facts facts;
	struct event cause;
	struct test_result results[RESULTS_MAX];
	size_t n_results;
	bool passed;
};

static void path_write(char path[32], const char *text, size_t n)
{
	memcpy(path, "/tmp/davscope-expect-XXXXXX", 28);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static struct expect *load(const char *text, struct error *e)
{
	char path[32];
	path_write(path, text, strlen(text));
	struct expect *expect = expect_load(path, e);
	unlink(path);
	return expect;
}

/* One conclusive finding of rule "r" on a PUT answered by 201, packets 3 and 5. */
static void scene_init(struct scene *s, const char *text)
{
	struct error e = { "" };
	*s = (struct scene){ .rule = { .id = "r", .title = "t", .severity = SEVERITY_HIGH },
		.evidence = { { .frame = 3 }, { .frame = 5 } } };
	s->expect = load(text, &e);
	assert_string_equal(e.text, "");
	assert_non_null(s->expect);
	made_init(&s->made, "PUT", "/a", 201);
	made_header(&s->made.txn.res, "ETag", "\"1\"");
	s->cause = (struct event){ .kind = EVENT_TRANSACTION,
		.txn = &s->made.txn,
		.facts = &s->facts };
	s->finding = (struct finding){ .rule = &s->rule,
		.severity = s->rule.severity,
		.id = 1,
		.message = SLICE("first"),
		.evidence = s->evidence,
		.n_evidence = 2 };
	s->event = (struct event){ .kind = EVENT_FINDING,
		.id = SLICE("f-1"),
		.finding = &s->finding };
}

static void give(struct scene *s)
{
	expect_finding(s->expect, &s->event, &s->cause);
}

static void on_result(void *ctx, const struct test_result *r)
{
	struct scene *s = ctx;
	assert_true(s->n_results < RESULTS_MAX);
	s->results[s->n_results++] = *r;
}

/* The number of results, and whether all passed. */
static void finish(struct scene *s, size_t n, bool passed)
{
	assert_int_equal(expect_finish(s->expect, (struct test_sink){ on_result, s }), passed);
	assert_int_equal(s->n_results, n);
	expect_free(s->expect);
}

static void assert_why(const struct scene *s, size_t i, const char *part)
{
	assert_false(s->results[i].passed);
	if (strstr(s->results[i].why, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, s->results[i].why);
}

#define HEAD "davscope_expect: 1\nfindings:\n"

static void counts_ids_not_records(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, HEAD "- {rule: r, count: 2}\n");
	give(&s);
	s.finding.update = 1;
	give(&s);
	s.finding.id = 2;
	s.finding.update = 0;
	give(&s);
	finish(&s, 3, true);
}

static void last_state_counts(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s,
	    HEAD "- {rule: r, match: {finding.message: second}}\n"
		 "- {rule: r, count: 0, match: {finding.message: first}}\n");
	give(&s);
	s.finding.update = 1;
	s.finding.message = SLICE("second");
	give(&s);
	finish(&s, 4, true);
}

static void says_what_was_seen(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, HEAD "- {rule: r, count: 2}\n- {rule: q}\n");
	give(&s);
	finish(&s, 4, false);
	assert_why(&s, 0, "expected 2, seen 1; r: first");
	assert_int_equal(s.results[0].line, 3);
	assert_why(&s, 1, "expected 1, seen 0; r: first");
	assert_int_equal(s.results[1].line, 4);
	assert_true(s.results[2].passed);
}

static void zero_is_an_expectation(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, HEAD "- {rule: r, count: 0}\n");
	give(&s);
	finish(&s, 3, false);
	assert_why(&s, 0, "expected 0, seen 1");
}

static void others_none_and_ignore(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, "davscope_expect: 1\nfindings: []\n");
	give(&s);
	finish(&s, 2, false);
	assert_why(&s, 0, "1 not expected; r: first");
	scene_init(&s, "davscope_expect: 1\nfindings: []\nothers: ignore\n");
	give(&s);
	finish(&s, 0, true);
}

static void inconclusive_is_no_finding(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, HEAD "- {rule: r}\n");
	s.finding.outcome = INCONCLUSIVE_EOF;
	give(&s);
	finish(&s, 3, false);
	assert_why(&s, 0, "expected 1, seen 0");
	assert_why(&s, 2, "expected 0 inconclusive, seen 1; r: first");
	scene_init(&s, "davscope_expect: 1\nfindings: []\nexpect_inconclusive: 1\n");
	s.finding.outcome = INCONCLUSIVE_LOSS;
	give(&s);
	finish(&s, 2, true);
	scene_init(&s,
	    "davscope_expect: 1\nfindings: []\nexpect_inconclusive: 1\nothers: ignore\n");
	finish(&s, 1, false);
}

static void frames_are_demanded_of_each(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, HEAD "- {rule: r, count: 2, frames: [5, 3]}\n");
	give(&s);
	s.finding.id = 2;
	s.finding.n_evidence = 1;
	give(&s);
	finish(&s, 3, false);
	assert_why(&s, 0, "the evidence lacks expected packets in 1 of 2; r: first (packet 5)");
	scene_init(&s, HEAD "- {rule: r, frames: [5, 3]}\n");
	give(&s);
	finish(&s, 3, true);
}

/* One item; the scene's finding either matches it or not. */
static void assert_match(const char *item, bool matches)
{
	char text[400];
	struct scene s;
	snprintf(text, sizeof text, HEAD "- {rule: r, count: %d, %s}\nothers: ignore\n", matches,
	    item);
	scene_init(&s, text);
	struct named_text key = { SLICE("Mailbox"), SLICE("anna") };
	struct named_text steps[] = { { SLICE("a"), SLICE("t-1") }, { SLICE("b"), SLICE("t-2") } };
	s.finding.keys = &key;
	s.finding.n_keys = 1;
	s.finding.steps = steps;
	s.finding.n_steps = 2;
	give(&s);
	assert_int_equal(expect_finish(s.expect, (struct test_sink){ on_result, &s }), true);
	expect_free(s.expect);
}

static void values_are_typed(void **state)
{
	(void)state;
	assert_match("match: {finding.severity: high}", true);
	assert_match("match: {finding.severity: low}", false);
	assert_match("match: {http.response.status: 201}", true);
	assert_match("match: {http.response.status: 0201}", true);
	assert_match("match: {http.response.status: 204}", false);
	assert_match("match: {client.address: 10.0.0.1}", true);
	assert_match("match: {client.address: \"::ffff:10.0.0.1\"}", false);
	assert_match("match: {'http.response.header[\"etag\"]': '\"1\"'}", true);
	assert_match("match: {'http.response.header[\"X-Tag\"]': '\"1\"'}", false);
	assert_match("match: {'finding.key[\"Mailbox\"]': anna}", true);
	assert_match("match: {'finding.key[\"Mailbox\"]': Anna}", false);
	assert_match("match: {finding.steps.name: b}", true);
	assert_match("match: {finding.steps.name: c}", false);
	assert_match("match: {finding.state_evicted: false}", true);
	assert_match("match: {http.request.method: PUT, finding.message: first}", true);
	assert_match("match: {http.request.method: PUT, finding.message: other}", false);
}

static void keys_are_there_or_not(void **state)
{
	(void)state;
	assert_match("has-key: [finding.message, http.response.status, finding.steps]", true);
	assert_match("has-key: [finding.remedy]", false);
	assert_match("not-has-key: [finding.remedy, auth.user, flow.end]", true);
	assert_match("not-has-key: [http.response.status]", false);
	assert_match("has-key: ['http.response.header[\"ETag\"]']", true);
	assert_match("not-has-key: ['http.response.header[\"ETag\"]']", false);
}

static void time_is_no_cause(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s,
	    HEAD "- {rule: r, count: 0, match: {http.request.method: PUT}}\n"
		 "- {rule: r, not-has-key: [http.request.method]}\n");
	expect_finding(s.expect, &s.event, NULL);
	finish(&s, 4, true);
}

static void too_many_pass_nothing(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, HEAD "- {rule: r, count: 5000}\n");
	for (s.finding.id = 1; s.finding.id <= 5000; s.finding.id++)
		give(&s);
	finish(&s, 3, false);
	for (size_t i = 0; i < 3; i++)
		assert_why(&s, i, "more findings than a test can count");
}

static void assert_refused(const char *text, const char *why)
{
	struct error e = { "" };
	struct expect *expect = load(text, &e);
	assert_null(expect);
	if (strstr(e.text, why) == NULL)
		fail_msg("'%s' is not in '%s'", why, e.text);
}

static void wrong_files_are_refused(void **state)
{
	(void)state;
	assert_refused("", ":1:1: the key davscope_expect: 1 is missing");
	assert_refused("- a\n", ":1:1: the key davscope_expect: 1 is missing");
	assert_refused("davscope_expect: 2\nfindings: []\n", ":1:18: only format 1 is known");
	assert_refused("davscope_expect: 1\n", "the key findings is missing");
	assert_refused("davscope_expect: 1\nfindings: {}\n", ":2:11: a list is wanted here");
	assert_refused("davscope_expect: 1\nfindings: []\nother: none\n", ":3:1: the keys are");
	assert_refused("davscope_expect: 1\nfindings: []\nothers: no\n",
	    ":3:9: others is none or ignore");
	assert_refused("davscope_expect: 1\nfindings: []\nothers: [none]\n", ":3:9: others is");
	assert_refused("davscope_expect: 1\nfindings: []\nexpect_inconclusive: x\n",
	    ":3:22: a whole number");
	assert_refused("davscope_expect: [\n", ":2:");
	assert_refused("davscope_expect: 1\nfindings: []\nfindings: []\n", ":3:1:");
}

static void wrong_items_are_refused(void **state)
{
	(void)state;
	assert_refused(HEAD "- r\n", ":3:3: a map is wanted here");
	assert_refused(HEAD "- {count: 1}\n", ":3:3: the key rule is missing");
	assert_refused(HEAD "- {rule: ''}\n", ":3:10: the id of a rule");
	assert_refused(HEAD "- {rule: r, times: 1}\n", ":3:13: an item of findings has the keys");
	assert_refused(HEAD "- {rule: r, count: -1}\n", ":3:20: a whole number");
	assert_refused(HEAD "- {rule: r, count: [1]}\n", ":3:20: a whole number");
	assert_refused(HEAD "- {rule: r, frames: 3}\n", ":3:21: a list of packet numbers");
	assert_refused(HEAD "- {rule: r, frames: [3, x]}\n", ":3:25: a whole number");
	assert_refused(HEAD "- {rule: r, has-key: a}\n", ":3:22: a list of fields");
	assert_refused(HEAD "- {rule: r, has-key: [[]]}\n", ":3:23: the name of a field");
	assert_refused(HEAD "- {rule: r, match: [a]}\n", ":3:20: a map of fields");
	assert_refused(HEAD "- {rule: r, match: {finding.severty: high}}\n",
	    ":3:21: no field finding.severty; did you mean finding.severity?");
	assert_refused(HEAD "- {rule: r, match: {finding.severity: bad}}\n",
	    ":3:39: the field is never this word");
	assert_refused(HEAD "- {rule: r, match: {finding.count: many}}\n", ":3:36: this is no int");
	assert_refused(HEAD "- {rule: r, match: {finding.count: [1]}}\n",
	    ":3:36: one value is wanted");
	assert_refused(HEAD "- {rule: r, match: {finding.steps: a}}\n",
	    ":3:21: a field with one value");
	assert_refused(HEAD "- {rule: r, match: {http.response.header: a}}\n",
	    ":3:21: a field with one value");
	assert_refused(HEAD "- {rule: r, match: {\"bad\\ename\": a}}\n", "no field bad\\x1bname");
}

static void too_many_items_are_refused(void **state)
{
	(void)state;
	static char text[4000];
	size_t n = (size_t)snprintf(text, sizeof text, HEAD);
	for (int i = 0; i < 64; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "- {rule: r, count: 0}\n");
	struct error e;
	struct expect *expect = load(text, &e);
	assert_non_null(expect);
	expect_free(expect);
	snprintf(text + n, sizeof text - n, "- {rule: r, count: 0}\n");
	assert_refused(text, "more than 64 items");
}

static void files_that_cannot_be_had(void **state)
{
	(void)state;
	struct error e;
	assert_null(expect_load("/tmp/davscope-there-is-no-such-file", &e));
	assert_non_null(strstr(e.text, "No such file"));
	assert_null(expect_load("/tmp", &e));
	assert_non_null(strstr(e.text, "is no regular file"));
	char path[32], *big = calloc(1, (1 << 20) + 1);
	assert_non_null(big);
	memset(big, ' ', (1 << 20) + 1);
	path_write(path, big, (1 << 20) + 1);
	assert_null(expect_load(path, &e));
	assert_non_null(strstr(e.text, "larger than 1 MiB"));
	unlink(path);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_ids_not_records),
		cmocka_unit_test(last_state_counts),
		cmocka_unit_test(says_what_was_seen),
		cmocka_unit_test(zero_is_an_expectation),
		cmocka_unit_test(others_none_and_ignore),
		cmocka_unit_test(inconclusive_is_no_finding),
		cmocka_unit_test(frames_are_demanded_of_each),
		cmocka_unit_test(values_are_typed),
		cmocka_unit_test(keys_are_there_or_not),
		cmocka_unit_test(time_is_no_cause),
		cmocka_unit_test(too_many_pass_nothing),
		cmocka_unit_test(wrong_files_are_refused),
		cmocka_unit_test(wrong_items_are_refused),
		cmocka_unit_test(too_many_items_are_refused),
		cmocka_unit_test(files_that_cannot_be_had),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
