/*
 * test_text.c - report/text.c, summary.c, report.c: list and closing summary, compared whole.
 */
#include "capture/capture.h"
#include "report/report.h"
#include "tests/unit/guard.h"
#include "tests/unit/out_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int64_t epoch = 1159200003123456789; /* 2006-09-25T16:00:03.123456789Z */
static const char titles[] = "# time          frame client          server          method    "
			     "target                   code  sent   recv  seconds change tag\n";

struct bench {
	struct written written;
	struct limits limits;
	struct report *report;
};

static void bench_open(struct bench *b, struct report_options options)
{
	static const char *const names[] = { "one.pcap", "b\x1b.pcap", "" };
	struct error e;
	b->written = written_open();
	b->limits = limits_default();
	options.limits = &b->limits;
	options.input_names = names;
	if (options.n_inputs == 0)
		options.n_inputs = 1;
	b->report = report_new(&options, b->written.out, &e);
	assert_non_null(b->report);
}

static void bench_close(struct bench *b, char *text, size_t room)
{
	report_free(b->report);
	char *whole = written_close(&b->written);
	assert_true(strlen(whole) < room);
	memcpy(text, whole, strlen(whole) + 1);
	free(whole);
}

static struct slice guarded(const char *text)
{
	return (struct slice){ guard_copy(text, strlen(text)), strlen(text) };
}

static struct stamp stamp(uint64_t frame, int64_t after_ns)
{
	return (struct stamp){ .order = frame, .frame = frame, .ns = epoch + after_ns };
}

static struct txn plain_txn(void)
{
	struct txn t = {
		.client = { .family = 4, .port = 40000, .address = { 10, 0, 0, 1 } },
		.server = { .family = 4, .port = 80, .address = { 10, 0, 0, 2 } },
		.req = { .seen = true, .head_complete = true, .end_seen = true },
		.res = { .seen = true, .head_complete = true, .end_seen = true, .status = 201 },
	};
	t.req.method = guarded("PUT");
	t.req.target = guarded("/cal/a.ics");
	t.req.first = t.req.head = t.req.last = stamp(4, 0);
	t.req.body.bytes = 2214;
	t.res.first = t.res.head = t.res.last = stamp(6, 8412999);
	return t;
}

static void send_txn(struct bench *b, struct txn *t, struct facts *f)
{
	report_event(b->report,
	    &(struct event){ .kind = EVENT_TRANSACTION, .at = t->res.last, .txn = t, .facts = f });
}

/* The first list line for this transaction, behind date and titles. */
static void expect_line(struct txn *t, struct facts *f, struct report_options options,
    const char *expected)
{
	struct bench b;
	char text[8192], whole[4096];
	bench_open(&b, options);
	send_txn(&b, t, f);
	bench_close(&b, text, sizeof text);
	snprintf(whole, sizeof whole, "# 2006-09-25 UTC\n%s%s", titles, expected);
	assert_string_equal(text, whole);
}

static const struct report_options plain = { .narrow = true };

static void test_paired(void **state)
{
	(void)state;
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_USUAL, .tag_seen = PRESENT, .tag = guarded("\"5-1\"") };
	expect_line(&t, &f, plain,
	    "16:00:03.123456     4 10.0.0.1:40000  10.0.0.2:80     PUT       "
	    "/cal/a.ics               201   2214      0 0.008412 \"5-1\"\n");
}

static void test_change_tag_words(void **state)
{
	(void)state;
	static const struct {
		enum tag_due due;
		enum seen seen;
		const char *value, *expected;
	} cases[] = {
		{ TAG_DUE_EXCHANGE, ABSENT, "", "none" },
		{ TAG_USUAL, ABSENT, "", "none" },
		{ TAG_DUE_SCHEDULING, NOT_OBSERVED, "", "?" },
		{ TAG_NOT_DUE, NOT_OBSERVED, "", "-" },
		{ TAG_NOT_DUE, ABSENT, "", "-" },
		{ TAG_NOT_DUE, PRESENT, "rt:1", "rt:1" },
		{ TAG_USUAL, PRESENT, "none", "\"none\"" }, /* a server cannot fake our words */
		{ TAG_USUAL, PRESENT, "?", "\"?\"" },
		{ TAG_USUAL, PRESENT, "", "\"\"" },
		{ TAG_USUAL, PRESENT, "a\nb", "a\\x0ab" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct txn t = plain_txn();
		struct facts f = { .tag_due = cases[i].due,
			.tag_seen = cases[i].seen,
			.tag = guarded(cases[i].value) };
		char line[256];
		snprintf(line, sizeof line,
		    "16:00:03.123456     4 10.0.0.1:40000  10.0.0.2:80     PUT       "
		    "/cal/a.ics               201   2214      0 0.008412 %s\n",
		    cases[i].expected);
		expect_line(&t, &f, plain, line);
	}
}

static void test_no_response(void **state)
{
	(void)state;
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_USUAL, .tag_seen = NOT_OBSERVED };
	t.res = (struct message){ 0 };
	t.unpaired = UNPAIRED_GAP;
	t.req.loss = LOSS_GAP;
	expect_line(&t, &f, plain,
	    "16:00:03.123456     4 10.0.0.1:40000  10.0.0.2:80     PUT       "
	    "/cal/a.ics               -gap 2214+      -        - ?\n");
}

static void test_no_request(void **state)
{
	(void)state;
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_NOT_DUE };
	t.req = (struct message){ 0 };
	t.unpaired = UNPAIRED_MIDSTREAM;
	expect_line(&t, &f, plain,
	    "16:00:03.131869     6 10.0.0.1:40000  10.0.0.2:80     -         "
	    "-midstream               201      -      0        - -\n");
}

static void test_unsure_and_wide(void **state)
{
	(void)state;
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_NOT_DUE };
	t.unsure = true;
	t.client.family = 6;
	t.client.address[15] = 1;
	t.req.method = guarded("X-MS-ENUMATTS");
	t.req.target = guarded("/exchange/anna/Calendar/a-very-long-name-of-an-item.EML");
	t.res.last.ns += 3600ll * 1000000000 * 30;
	expect_line(&t, &f, plain,
	    "16:00:03.123456     4 [a00:1::1]:40000 10.0.0.2:80     X-MS-ENUMATTS "
	    "/exchange...-name-of-an-item.EML 201?  2214      0 108000.008412 -\n");
}

/* The cut splits neither a character nor an escape: the tail begins behind \\x01. */
static void test_target_cut(void **state)
{
	(void)state;
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_NOT_DUE };
	t.req.target = guarded("/0123456\xc3\xa9xxxxxxxx\x01"
			       "abcdefghijklmnopqr");
	expect_line(&t, &f, plain,
	    "16:00:03.123456     4 10.0.0.1:40000  10.0.0.2:80     PUT       "
	    "/0123456\xc3\xa9...abcdefghijklmnopqr 201   2214      0 0.008412 -\n");
}

static void test_columns_grow_and_stay(void **state)
{
	(void)state;
	struct bench b;
	char text[8192];
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_NOT_DUE };
	bench_open(&b, plain);
	t.req.method = guarded("UNSUBSCRIBE");
	send_txn(&b, &t, &f);
	t.req.method = guarded("GET");
	t.req.head.ns += 86400ll * 1000000000;
	send_txn(&b, &t, &f);
	bench_close(&b, text, sizeof text);
	assert_non_null(strstr(text, " UNSUBSCRIBE /cal/a.ics "));
	assert_non_null(strstr(text,
	    "\n# 2006-09-26 UTC\n16:00:03.123456     4 10.0.0.1:40000  10.0.0.2:80     "
	    "GET         /cal/a.ics "));
}

static void test_several_inputs(void **state)
{
	(void)state;
	struct bench b;
	char text[8192];
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_NOT_DUE };
	t.req.head.input = 1;
	bench_open(&b, (struct report_options){ .n_inputs = 2 });
	send_txn(&b, &t, &f);
	bench_close(&b, text, sizeof text);
	assert_non_null(strstr(text, "16:00:03.123456 b\\x1b.pcap:4 10.0.0.1"));
}

/* A place in a ring without a file has no name: the number alone. */
static void test_input_without_a_name(void **state)
{
	(void)state;
	struct bench b;
	char text[8192];
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_NOT_DUE };
	t.req.head.input = 2;
	bench_open(&b, (struct report_options){ .n_inputs = 3 });
	send_txn(&b, &t, &f);
	bench_close(&b, text, sizeof text);
	assert_non_null(strstr(text, "16:00:03.123456     4 10.0.0.1"));
}

static void test_quiet_and_color(void **state)
{
	(void)state;
	struct bench b;
	char text[8192];
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_USUAL, .tag_seen = ABSENT };
	bench_open(&b, (struct report_options){ .quiet = true, .color = true });
	send_txn(&b, &t, &f);
	bench_close(&b, text, sizeof text);
	assert_string_equal(text, "");
	t.res.status = 500;
	bench_open(&b, (struct report_options){ .color = true });
	send_txn(&b, &t, &f);
	bench_close(&b, text, sizeof text);
	assert_non_null(strstr(text, " \033[31m500  \033[0m"));
	assert_non_null(strstr(text, "\033[1mnone\033[0m\n"));
}

static void test_local_time(void **state)
{
	(void)state;
	struct bench b;
	char text[8192];
	struct txn t = plain_txn();
	struct facts f = { .tag_due = TAG_NOT_DUE };
	setenv("TZ", "XST-9:30", 1);
	tzset();
	bench_open(&b, (struct report_options){ .local_time = true });
	send_txn(&b, &t, &f);
	bench_close(&b, text, sizeof text);
	unsetenv("TZ");
	tzset();
	assert_int_equal(strncmp(text, "# 2006-09-26 UTC+09:30\n", 23), 0);
	assert_non_null(strstr(text, "\n01:30:03.123456 "));
}

/* ---- the summary ---- */

static void expect_evidence(const struct summary *s, const struct run_end *end,
    const char *expected)
{
	char text[512];
	assert_int_equal(report_incomplete(s, end, text, sizeof text), expected[0] != '\0');
	assert_string_equal(text, expected);
}

static void test_evidence(void **state)
{
	(void)state;
	struct summary s = { .transactions = 3, .flows = 1 };
	struct run_end end = { 0 };
	expect_evidence(&s, &end, "");
	/* An answer that provably never came takes nothing away. */
	s.unpaired_requests = 2;
	s.unpaired[UNPAIRED_CLOSED] = 1;
	s.unpaired[UNPAIRED_RESET] = 1;
	expect_evidence(&s, &end, "");
	s.unpaired_requests = 3;
	s.unpaired[UNPAIRED_CAPTURE_END] = 1;
	expect_evidence(&s, &end, "1 message whose other half was not seen");
	s.gaps = 2;
	s.gap_bytes = 1460;
	end.stopped = true;
	end.n_damage = 1;
	expect_evidence(&s, &end,
	    "1 input damaged, stopped before the end, 2 gaps with 1460 bytes, "
	    "1 message whose other half was not seen");
	s.anomalies[XML_LIMIT] = 1;
	s.anomalies[FLOW_EVICTED_LIMIT] = 2;
	struct summary limits = { 0 };
	limits.anomalies[XML_LIMIT] = 1;
	limits.anomalies[FLOW_EVICTED_LIMIT] = 2;
	expect_evidence(&limits, &(struct run_end){ 0 }, "3 limits reached");
}

static void test_evidence_in_little_room(void **state)
{
	(void)state;
	struct summary s = { .gaps = 2, .gap_bytes = 1460, .unsure = 5 };
	struct run_end end = { 0 };
	for (size_t room = 0; room < 40; room++) {
		char *text = malloc(room);
		assert_true(report_incomplete(&s, &end, text, room));
		assert_true(room == 0 || strlen(text) == room - 1 || room > 37);
		free(text);
	}
}

static void summary_text(const struct summary *s, const struct run_end *end, char *text,
    size_t room)
{
	struct bench b;
	bench_open(&b, plain);
	report_end(b.report, s, end, NULL);
	bench_close(&b, text, room);
}

static void test_summary(void **state)
{
	(void)state;
	struct name_count methods[] = { { SLICE("PUT"), 2, 0 }, { SLICE("X\x1b"), 1, 0 } };
	struct name_count protocols[] = { { SLICE("tls"), 1, 4711 } };
	struct summary s = {
		.transactions = 3,
		.flows = 2,
		.http_flows = 1,
		.unpaired_requests = 1,
		.methods = methods,
		.n_methods = 2,
		.protocols = protocols,
		.n_protocols = 1,
		.first_ns = epoch,
		.last_ns = epoch + 61500000000,
		.exchange_due = { 1, 1, 0 },
	};
	s.statuses[201] = 1;
	s.statuses[50] = 1;
	s.flavours[FLAVOUR_EXCHANGE] = 3;
	s.unpaired[UNPAIRED_GAP] = 1;
	s.gaps = 1;
	s.gap_bytes = 1;
	s.anomalies[TCP_GAP] = 1;
	s.usual[FLAVOUR_CALDAV] = (struct tag_counts){ 0, 7, 2 };
	struct damage damage = { .record = 9, .offset = 1234, .text = "cut short" };
	struct run_end end = { .packets = 10,
		.bytes = 5000,
		.filtered = 3,
		.damage = &damage,
		.n_damage = 1 };
	char text[8192];
	summary_text(&s, &end, text, sizeof text);
	assert_string_equal(text,
	    "evidence: incomplete (1 input damaged, 1 gap with 1 byte, 1 message whose other half was not seen)\n"
	    "damage        one.pcap: record 9 at byte 1234: cut short; everything before it was read\n"
	    "packets       10 with 5000 bytes; 3 filtered out\n"
	    "time          2006-09-25T16:00:03.123456789Z to 2006-09-25T16:01:04.623456789Z (61.500 s)\n"
	    "flows         2, 1 with HTTP\n"
	    "transactions  3\n"
	    "methods       PUT 2, X\\x1b 1\n"
	    "statuses      050 1, 201 1\n"
	    "flavours      exchange 3\n"
	    "unpaired      1 request, 0 responses (gap 1)\n"
	    "gaps          1 with 1 byte; clipped: 0 bytes; bodies not whole: 0\n"
	    "not read      tls 1 flow with 4711 bytes\n"
	    "              TLS is not decrypted: capture where the traffic is clear, behind the proxy or\n"
	    "              between front end and back end\n"
	    "anomalies     tcp.gap 1: bytes were on the wire and are not in the capture\n"
	    "change tags in answers to writes\n"
	    "  exchange, ResourceTag due: 1 with, 1 without, 0 not observed\n"
	    "  caldav, ETag usual: 0 with, 7 without, 2 not observed"
	    " (lawful: RFC 4791 5.3.4 lets a server that alters the object leave it out)\n");
}

static void test_empty_summary(void **state)
{
	(void)state;
	struct summary s = { .first_ns = INT64_MAX, .last_ns = INT64_MIN };
	struct run_end end = { 0 };
	char text[8192];
	summary_text(&s, &end, text, sizeof text);
	assert_string_equal(text,
	    "evidence: complete\npackets       0 with 0 bytes\ntime          none\nflows         0, 0 with HTTP\n"
	    "transactions  0\nmethods       none\nstatuses      none\nflavours      none\n"
	    "unpaired      0 requests, 0 responses\n"
	    "gaps          0 with 0 bytes; clipped: 0 bytes; bodies not whole: 0\n"
	    "anomalies     none\nchange tags in answers to writes: no such write\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paired),
		cmocka_unit_test(test_change_tag_words),
		cmocka_unit_test(test_no_response),
		cmocka_unit_test(test_no_request),
		cmocka_unit_test(test_unsure_and_wide),
		cmocka_unit_test(test_target_cut),
		cmocka_unit_test(test_columns_grow_and_stay),
		cmocka_unit_test(test_several_inputs),
		cmocka_unit_test(test_input_without_a_name),
		cmocka_unit_test(test_quiet_and_color),
		cmocka_unit_test(test_local_time),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_evidence_in_little_room),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_empty_summary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
