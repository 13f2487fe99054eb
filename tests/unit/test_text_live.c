/*
 * test_text_live.c - report/text.c and text_findings.c for who reads along: losses, findings that come by
 * time and later states have a line when they come.
 */
#include "report/report.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static const int64_t epoch = 1159200003123456789; /* 2006-09-25T16:00:03.123456789Z */
static const struct rule medium = { .id = "b-medium",
	.title = "Medium one",
	.severity = SEVERITY_MEDIUM };
static const struct rule info = { .id = "untagged-write", .code = "D02", .title = "A write" };
static const struct event transaction = { .kind = EVENT_TRANSACTION };
#define TITLES \
	"# 2006-09-25 UTC\n# time          frame client          server          method    " \
	"target                   code  sent   recv  seconds change tag\n"

struct bench {
	struct limits limits;
	struct out *out;
	struct report *report;
};

static void bench_open(struct bench *b, struct report_options options)
{
	struct error e;
	b->limits = limits_default();
	options.limits = &b->limits;
	if (options.n_inputs == 0)
		options.n_inputs = 1;
	b->out = out_memory(&e);
	assert_non_null(b->out);
	b->report = report_new(&options, b->out, &e);
	assert_non_null(b->report);
}

/* What was written since the last time. */
static void assert_written(struct bench *b, const char *expected)
{
	char text[2048];
	struct slice s = out_taken(b->out);
	snprintf(text, sizeof text, "%.*s", (int)s.n, (const char *)s.p);
	assert_string_equal(text, expected);
}

static void bench_close(struct bench *b)
{
	report_free(b->report);
	out_abandon(b->out);
}

static void find(struct bench *b, struct finding f, const char *message, const struct event *cause)
{
	f.message = (struct slice){ guard_copy(message, strlen(message)), strlen(message) };
	f.severity = f.rule->severity;
	report_finding(b->report,
	    &(struct event){ .kind = EVENT_FINDING, .at = { .ns = epoch }, .finding = &f }, cause);
}

static void lose(struct bench *b, uint64_t packets, int64_t after_ns)
{
	struct dropped dropped = { .at = { .ns = epoch + after_ns }, .packets = packets };
	report_event(b->report,
	    &(struct event){ .kind = EVENT_LOSS, .at = dropped.at, .dropped = &dropped });
}

static void later_states(void **state)
{
	(void)state;
	struct bench b;
	struct finding f = { .rule = &medium, .id = 7 };
	bench_open(&b, (struct report_options){ .live = true });
	find(&b, f, "first", &transaction);
	assert_written(&b, "  medium b-medium: first\n");
	f.update = 1;
	find(&b, f, "second", &transaction);
	assert_written(&b, "  medium b-medium, again: second\n");
	f.update = 2;
	find(&b, f, "third", NULL);
	assert_written(&b, TITLES "16:00:03.123456 -- medium b-medium, again: third\n");
	bench_close(&b);
}

static void by_time(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, (struct report_options){ .live = true });
	find(&b, (struct finding){ .rule = &info, .id = 8 }, "by\ntime", NULL);
	assert_written(&b, TITLES "16:00:03.123456 -- info untagged-write (D02): by\\x0atime\n");
	bench_close(&b);
}

/* What is open when the input ends stands in the block that follows at once. */
static void inconclusive(void **state)
{
	(void)state;
	struct bench b;
	struct finding f = { .rule = &info, .id = 9, .outcome = INCONCLUSIVE_UNKNOWN };
	bench_open(&b, (struct report_options){ .live = true });
	find(&b, f, "unknown", &transaction);
	assert_written(&b, "  info untagged-write (D02), inconclusive: unknown\n");
	f.outcome = INCONCLUSIVE_LOSS;
	find(&b, f, "loss", NULL);
	assert_written(&b,
	    TITLES
	    "16:00:03.123456 -- info untagged-write (D02), inconclusive for missing packets: loss\n");
	f.outcome = INCONCLUSIVE_EOF;
	find(&b, f, "end", NULL);
	assert_written(&b, "");
	bench_close(&b);
}

static void losses(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, (struct report_options){ .live = true });
	lose(&b, 120, 0);
	assert_written(&b, TITLES "16:00:03.123456 -- 120 packets lost\n");
	lose(&b, 1, 8000);
	assert_written(&b, "16:00:03.123464 -- 1 packet lost\n");
	bench_close(&b);
}

/* A report that is read afterwards has none of these; nor has one without a list. */
static void not_live_or_no_list(void **state)
{
	(void)state;
	static const struct report_options cases[] = { { .live = false },
		{ .live = true, .quiet = true } };
	for (size_t i = 0; i < 2; i++) {
		struct bench b;
		bench_open(&b, cases[i]);
		lose(&b, 120, 0);
		find(&b, (struct finding){ .rule = &medium, .id = 7, .update = 1 }, "second", NULL);
		assert_written(&b, "");
		bench_close(&b);
	}
}

/* At the end each finding stands once, in its last state. */
/* Files of a ring: a line where one begins, and no name in the rows. */
static void files(void **state)
{
	(void)state;
	static const char *const names[] = { "ring-1.pcapng", "ring\n2.pcapng" };
	static const uint16_t inputs[] = { 0, 0, 1 };
	struct bench b;
	bench_open(&b,
	    (struct report_options){ .live = true, .input_names = names, .n_inputs = 2 });
	struct facts facts = { 0 };
	struct txn txn = { .client.family = 4, .server.family = 4, .req.seen = true };
	struct event event = { .kind = EVENT_TRANSACTION, .txn = &txn, .facts = &facts };
	for (size_t i = 0; i < 3; i++) {
		txn.req.head = (struct stamp){ .frame = 40 + i, .ns = epoch, .input = inputs[i] };
		report_event(b.report, &event);
	}
	struct slice s = out_taken(b.out);
	assert_true(
	    slice_starts(s, SLICE("# ring-1.pcapng\n" TITLES "16:00:03.123456    40 0.0.0.0:0")));
	assert_true(slice_find(s, SLICE("\n16:00:03.123456    41 ")) < s.n);
	assert_true(slice_find(s, SLICE("\n# ring\\x0a2.pcapng\n16:00:03.123456    42 ")) < s.n);
	bench_close(&b);
}

static void closes_as_ever(void **state)
{
	(void)state;
	struct bench b;
	struct summary s = { .first_ns = 1 };
	struct run_end end = { 0 };
	bench_open(&b, (struct report_options){ .live = true });
	find(&b, (struct finding){ .rule = &medium, .id = 7 }, "first", &transaction);
	find(&b, (struct finding){ .rule = &medium, .id = 7, .update = 1 }, "second", &transaction);
	out_taken(b.out);
	report_end(b.report, &s, &end, NULL);
	struct slice all = out_taken(b.out),
		     block = SLICE("\nfindings: 1 medium\n\nmedium b-medium: Medium one\n"
				   "  - second\n    2006-09-25T16:00:03.123456789Z; "
				   "seen again 1 time\n\n");
	assert_true(slice_starts(all, block));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_states),
		cmocka_unit_test(by_time),
		cmocka_unit_test(inconclusive),
		cmocka_unit_test(losses),
		cmocka_unit_test(not_live_or_no_list),
		cmocka_unit_test(files),
		cmocka_unit_test(closes_as_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
