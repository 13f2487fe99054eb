/*
 * test_metrics.c - report/metrics.c, metrics_write.c: what is counted, under which labels, and that no
 * counter goes back. With a path as its argument it writes a full page there, for other readers.
 */
#include "tests/unit/make.h"
#include "tests/unit/out_text.h"
#include "tests/unit/promkit.h"
#include "tests/unit/rulekit.h"

static void page_txn(struct page *p, const struct txn *t)
{
	struct facts facts = { 0 };
	metrics_event(p->metrics,
	    &(struct event){ .kind = EVENT_TRANSACTION, .txn = t, .facts = &facts });
}

static void page_anomaly(struct page *p, enum anomaly_code code, uint64_t value)
{
	struct anomaly a = { .code = code, .value = value };
	metrics_event(p->metrics, &(struct event){ .kind = EVENT_ANOMALY, .anomaly = &a });
}

static void page_flow(struct page *p)
{
	struct flow flow = { 0 };
	metrics_event(p->metrics, &(struct event){ .kind = EVENT_FLOW, .flow = &flow });
}

/* What nobody has handed over is not told as 0. */
static void nothing_yet(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	page_read(&p);
	assert_value(&p, "davscope_build_info{version=\"" DAVSCOPE_VERSION "\"}", 1);
	assert_value(&p, "davscope_unpaired_total{side=\"request\"}", 0);
	static const char *const absent[] = { "davscope_capture_", "davscope_rule",
		"davscope_findings", "davscope_watermark", "davscope_tcp_sessions",
		"davscope_decode_packets" };
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		assert_null(strstr(p.prom.text, absent[i]));
	page_close(&p);
}

#define TRANSACTIONS(method, class) \
	"davscope_transactions_total{method=\"" method "\",status_class=\"" class "\"}"

static void count_txn(struct page *p, const char *method, unsigned status)
{
	struct made m;
	made_init(&m, method, "/exchange/secret@example.com/Calendar/x.EML?User=secret", status);
	page_txn(p, &m.txn);
}

static void transactions(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	count_txn(&p, "PUT", 201);
	count_txn(&p, "PUT", 204);
	count_txn(&p, "PUT", 412);
	count_txn(&p, "PUT", 0);
	count_txn(&p, "put", 201);
	count_txn(&p, "GET\"} 1\n", 599);
	count_txn(&p, "X-MS-ENUMATTS", 207);
	count_txn(&p, "GET", 999);
	struct made m;
	made_init(&m, "GET", "/", 200);
	m.txn.req = (struct message){ 0 };
	m.txn.unpaired = UNPAIRED_MIDSTREAM;
	page_txn(&p, &m.txn);
	page_read(&p);
	assert_value(&p, TRANSACTIONS("PUT", "2xx"), 2);
	assert_value(&p, TRANSACTIONS("PUT", "4xx"), 1);
	assert_value(&p, TRANSACTIONS("PUT", "unseen"), 1);
	assert_value(&p, TRANSACTIONS("OTHER", "2xx"), 1);
	assert_value(&p, TRANSACTIONS("OTHER", "5xx"), 1);
	assert_value(&p, TRANSACTIONS("X-MS-ENUMATTS", "2xx"), 1);
	assert_value(&p, TRANSACTIONS("GET", "unseen"), 1);
	assert_value(&p, TRANSACTIONS("unseen", "2xx"), 1);
	assert_value(&p, "davscope_unpaired_total{side=\"request\"}", 1);
	assert_value(&p, "davscope_unpaired_total{side=\"response\"}", 1);
	assert_null(strstr(p.prom.text, "secret"));
	page_close(&p);
}

/* However many methods the wire brings, there are no more series. */
static void methods_are_bounded(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	count_txn(&p, "M", 200);
	page_read(&p);
	size_t n = p.prom.n;
	for (unsigned i = 0; i < 500; i++) {
		char method[16];
		snprintf(method, sizeof method, "M%u", i);
		count_txn(&p, method, 200);
	}
	page_read(&p);
	assert_int_equal(p.prom.n, n);
	assert_value(&p, TRANSACTIONS("OTHER", "2xx"), 501);
	page_close(&p);
}

#define DURATION "davscope_transaction_duration_seconds"
#define BUCKET(le) DURATION "_bucket{method=\"PUT\",le=\"" le "\"}"

static struct made lasting(int64_t ns)
{
	struct made m;
	made_init(&m, "PUT", "/a", 201);
	m.txn.req.first.ns = 1000;
	m.txn.res.last.ns = 1000 + ns;
	return m;
}

static void durations(void **state)
{
	static const int64_t took[] = { 1000000, 1000001, -5, 1800000000000, 1800000000001 };
	struct page p;
	(void)state;
	page_open(&p);
	for (size_t i = 0; i < sizeof took / sizeof took[0]; i++) {
		struct made m = lasting(took[i]);
		page_txn(&p, &m.txn);
	}
	page_read(&p);
	assert_value(&p, BUCKET("0.001"), 2);
	assert_value(&p, BUCKET("0.005"), 3);
	assert_value(&p, BUCKET("300"), 3);
	assert_value(&p, BUCKET("1800"), 4);
	assert_value(&p, BUCKET("+Inf"), 5);
	assert_value(&p, DURATION "_count{method=\"PUT\"}", 5);
	assert_non_null(strstr(p.prom.text, DURATION "_sum{method=\"PUT\"} 3600.002000002\n"));
	page_close(&p);
}

/* No duration is told of what is not certain. */
static void durations_that_are_not_certain(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	struct made unsure = lasting(5), open = lasting(5), alone = lasting(5);
	unsure.txn.unsure = true;
	open.txn.res.end_seen = false;
	alone.txn.unpaired = UNPAIRED_GAP;
	page_txn(&p, &unsure.txn);
	page_txn(&p, &open.txn);
	page_txn(&p, &alone.txn);
	page_read(&p);
	assert_value(&p, TRANSACTIONS("PUT", "2xx"), 3);
	assert_null(strstr(p.prom.text, DURATION "_count"));
	page_close(&p);
}

static void anomalies(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	page_read(&p);
	assert_null(strstr(p.prom.text, "davscope_decode_errors_total{"));
	page_anomaly(&p, TCP_GAP, 1000);
	page_anomaly(&p, TCP_GAP, 24);
	page_anomaly(&p, TCP_CLIPPED, 7);
	page_anomaly(&p, TCP_CONFLICT, 3);
	page_anomaly(&p, FLOW_TIMEOUT, 0);
	page_anomaly(&p, IP_FRAG_TIMEOUT, 0);
	page_anomaly(&p, BODY_BOMB, 0);
	page_anomaly(&p, BODY_BAD_CODING, 0);
	page_anomaly(&p, XML_DOCTYPE, 0);
	page_anomaly(&p, WBXML_LIMIT, 0);
	page_read(&p);
	assert_value(&p, "davscope_decode_errors_total{layer=\"tcp\",reason=\"gap\"}", 2);
	assert_value(&p, "davscope_decode_errors_total{layer=\"http\",reason=\"bomb\"}", 1);
	assert_value(&p, "davscope_decode_errors_total{layer=\"tcp\",reason=\"truncated\"}", -1);
	assert_value(&p, "davscope_tcp_gap_bytes_total", 1024);
	assert_value(&p, "davscope_tcp_overlap_conflicts_total", 1);
	assert_value(&p, "davscope_tcp_evictions_total{reason=\"idle\"}", 1);
	assert_value(&p, "davscope_tcp_evictions_total{reason=\"limit\"}", 0);
	assert_value(&p, "davscope_ip_reassembly_total{result=\"timeout\"}", 1);
	assert_value(&p, "davscope_ip_reassembly_total{result=\"evicted\"}", 0);
	assert_value(&p, "davscope_body_decode_errors_total{kind=\"coding\"}", 2);
	assert_value(&p, "davscope_body_decode_errors_total{kind=\"xml\"}", 1);
	assert_value(&p, "davscope_body_decode_errors_total{kind=\"wbxml\"}", 1);
	page_close(&p);
}

static void every_anomaly_is_told(void **state)
{
	struct page p;
	double sum = 0;
	(void)state;
	page_open(&p);
	for (unsigned i = 0; i < ANOMALY_CODES; i++)
		page_anomaly(&p, (enum anomaly_code)i, 1);
	page_read(&p);
	for (size_t i = 0; i < p.prom.n; i++)
		if (slice_is(p.prom.list[i].family, "davscope_decode_errors_total"))
			sum += p.prom.list[i].value;
	assert_int_equal((int)sum, ANOMALY_CODES);
	page_close(&p);
}

/* An interface that was opened anew counts from 0; what is told goes on. */
static void capture(void **state)
{
	struct metrics_interface list[] = { { "eth0", 10, 1000, 2, 1 },
		{ "a\"\\\x1b", 1, 1, 0, 0 } };
	struct page p;
	(void)state;
	page_open(&p);
	metrics_capture(p.metrics, list, 2);
	page_read(&p);
	assert_value(&p, "davscope_capture_packets_total{interface=\"eth0\"}", 10);
	assert_value(&p, "davscope_capture_bytes_total{interface=\"eth0\"}", 1000);
	assert_value(&p, "davscope_capture_kernel_drops_total{interface=\"eth0\"}", 2);
	assert_value(&p, "davscope_capture_interface_drops_total{interface=\"eth0\"}", 1);
	assert_value(&p, "davscope_capture_packets_total{interface=\"a\\\"\\\\\\\\\\\\x1b\"}", 1);
	list[0] = (struct metrics_interface){ "eth0", 4, 1500, 0, 1 };
	metrics_capture(p.metrics, list, 1);
	page_read(&p);
	assert_value(&p, "davscope_capture_packets_total{interface=\"eth0\"}", 14);
	assert_value(&p, "davscope_capture_bytes_total{interface=\"eth0\"}", 1500);
	assert_value(&p, "davscope_capture_kernel_drops_total{interface=\"eth0\"}", 2);
	page_close(&p);
}

static void ring_and_decode(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	metrics_ring(p.metrics, 5, 3, 1, 2);
	metrics_ring(p.metrics, 1, 0, 0, 0);
	metrics_decode(p.metrics,
	    &(struct decode_counts){ .packets = 100,
		.bytes = 9000,
		.flows = 3,
		.fragments = 4,
		.copies = 5 });
	page_flow(&p);
	page_read(&p);
	assert_value(&p, "davscope_capture_ring_files_total{event=\"closed\"}", 6);
	assert_value(&p, "davscope_capture_ring_files_total{event=\"deleted\"}", 3);
	assert_value(&p, "davscope_capture_ring_files_total{event=\"pinned\"}", 1);
	assert_value(&p, "davscope_capture_ring_lost_packets_total", 2);
	assert_value(&p, "davscope_decode_packets_total", 100);
	assert_value(&p, "davscope_decode_bytes_total", 9000);
	assert_value(&p, "davscope_ip_fragments_total", 4);
	assert_value(&p, "davscope_decode_copies_total", 5);
	assert_value(&p, "davscope_tcp_opened_total", 3);
	assert_value(&p, "davscope_tcp_sessions{state=\"open\"}", 2);
	for (unsigned i = 0; i < 5; i++)
		page_flow(&p);
	page_read(&p);
	assert_value(&p, "davscope_tcp_sessions{state=\"open\"}", 0);
	page_close(&p);
}

static void lag(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	metrics_lag(p.metrics, 1500000000);
	page_read(&p);
	assert_value(&p, "davscope_watermark_lag_seconds", 1.5);
	metrics_lag(p.metrics, -1);
	page_read(&p);
	assert_value(&p, "davscope_watermark_lag_seconds", 0);
	page_close(&p);
}

/* ---- rules ---- */

#define RULE(id, condition, rest) \
	"  - id: " id \
	"\n    title: t\n    severity: low\n    references: [{title: x, url: \"http://x/\"}]\n" \
	"    event: transaction\n    condition: http.request.method == \"" condition "\"\n" \
	"    output: \"{dav.mailbox}\"\n" rest
#define WINDOW(fire) "    window: {within: 1h, by: [dav.mailbox], fire: '>= " fire "'}\n"

static void put(struct rulekit *k, int second)
{
	kit_request(k, second, "PUT", "anna", "/x");
}

static void reload(struct page *p, struct rulekit *k, const char *items)
{
	struct error e;
	metrics_rules(p->metrics, k->rules);
	assert_true(rules_reload(k->rules, kit_set(&k->limits, "", items), &e));
	metrics_rules(p->metrics, k->rules);
	metrics_reload(p->metrics, true, 1000000000);
	page_read(p);
}

static void rules_counted(void **state)
{
	struct rulekit k;
	struct page p;
	(void)state;
	page_open(&p);
	kit_open(&k, RULE("one", "PUT", WINDOW("9")) RULE("two", "GET", "    enabled: false\n"));
	put(&k, 0);
	put(&k, 1);
	kit_event(&k, "at: 2s, unknown: [http.request.method], set: {dav.mailbox: anna}");
	metrics_rules(p.metrics, k.rules);
	metrics_reload(p.metrics, false, 5);
	page_read(&p);
	assert_value(&p, "davscope_rules_loaded", 1);
	assert_value(&p, "davscope_rules_last_reload_successful", 0);
	assert_value(&p, "davscope_rules_last_reload_timestamp_seconds", 0);
	assert_value(&p, "davscope_rule_matches_total{rule=\"one\"}", 2);
	assert_value(&p, "davscope_rule_matches_total{rule=\"two\"}", 0);
	assert_value(&p, "davscope_rule_unknown_total{rule=\"one\"}", 1);
	assert_value(&p, "davscope_rule_state_keys{rule=\"one\"}", 1);
	assert_value(&p, "davscope_rule_state_evictions_total{rule=\"one\"}", 0);
	assert_value(&p, "davscope_findings_total{rule=\"one\",severity=\"low\"}", 0);
	assert_value(&p, "davscope_findings_suppressed_total{rule=\"one\",why=\"limit\"}", 0);
	assert_value(&p, "davscope_findings_inconclusive_total{rule=\"one\",why=\"eof\"}", 0);
	metrics_reload(p.metrics, true, 5500000000);
	metrics_reload(p.metrics, false, 7000000000);
	page_read(&p);
	assert_value(&p, "davscope_rules_last_reload_successful", 0);
	assert_value(&p, "davscope_rules_last_reload_timestamp_seconds", 5.5);
	kit_close(&k);
	page_close(&p);
}

/* The same rule goes on, a changed one begins anew, one that goes may come back: the sums stand. */
static void reload_keeps_the_sums(void **state)
{
	struct rulekit k;
	struct page p;
	(void)state;
	page_open(&p);
	kit_open(&k, RULE("same", "PUT", WINDOW("9")) RULE("changed", "PUT", WINDOW("9")));
	put(&k, 0);
	put(&k, 1);
	reload(&p, &k, RULE("changed", "PUT", WINDOW("8")) RULE("same", "PUT", WINDOW("9")));
	for (int i = 2; i < 5; i++)
		put(&k, i);
	metrics_rules(p.metrics, k.rules);
	page_read(&p);
	assert_value(&p, "davscope_rule_matches_total{rule=\"same\"}", 5);
	assert_value(&p, "davscope_rule_matches_total{rule=\"changed\"}", 5);
	assert_value(&p, "davscope_rule_state_keys{rule=\"changed\"}", 1);
	reload(&p, &k, RULE("same", "PUT", WINDOW("9")));
	put(&k, 5);
	assert_value(&p, "davscope_rule_matches_total{rule=\"changed\"}", 5);
	assert_value(&p, "davscope_rule_state_keys{rule=\"changed\"}", -1);
	assert_value(&p, "davscope_rules_loaded", 1);
	reload(&p, &k, RULE("changed", "PUT", WINDOW("8")) RULE("same", "PUT", WINDOW("9")));
	for (int i = 6; i < 20; i++)
		put(&k, i);
	metrics_rules(p.metrics, k.rules);
	page_read(&p);
	assert_value(&p, "davscope_rule_matches_total{rule=\"same\"}", 20);
	assert_value(&p, "davscope_rule_matches_total{rule=\"changed\"}", 19);
	kit_close(&k);
	page_close(&p);
}

/* Any row of changes: after each the counters are the sum of what was matched. */
static void any_reloads(void **state)
{
	static const char *const sets[] = { RULE("a", "PUT", WINDOW("9")),
		RULE("a", "PUT", WINDOW("8")), RULE("a", "PUT", WINDOW("9")) RULE("b", "PUT", ""),
		RULE("b", "PUT", WINDOW("7")), RULE("b", "PUT", "") RULE("a", "PUT", WINDOW("8")) };
	double matched[2] = { 1, 0 };
	struct rulekit k;
	struct page p;
	(void)state;
	page_open(&p);
	kit_open(&k, sets[0]);
	put(&k, 0);
	for (int i = 1; i < 60; i++) {
		size_t now = (size_t)(i * 7 + i * i / 3) % (sizeof sets / sizeof sets[0]);
		reload(&p, &k, sets[now]);
		for (int n = 0; n < i % 4; n++)
			put(&k, i);
		matched[0] += strstr(sets[now], "id: a") != NULL ? i % 4 : 0;
		matched[1] += strstr(sets[now], "id: b") != NULL ? i % 4 : 0;
		metrics_rules(p.metrics, k.rules);
		page_read(&p);
		assert_value(&p, "davscope_rule_matches_total{rule=\"a\"}", matched[0]);
		if (matched[1] != 0)
			assert_value(&p, "davscope_rule_matches_total{rule=\"b\"}", matched[1]);
	}
	kit_close(&k);
	page_close(&p);
}

/* A rule's counter that has overtaken what it was, beside one that went back. */
static void one_went_back(void **state)
{
	struct rulekit k;
	struct page p;
	(void)state;
	page_open(&p);
	kit_open(&k, RULE("one", "PUT", ""));
	struct rule_counts *counts = &k.rules->states[0]->counts;
	*counts = (struct rule_counts){ .matches = 5, .unknown = 3, .inconclusive = { 0, 0, 4 } };
	metrics_rules(p.metrics, k.rules);
	page_read(&p);
	*counts = (struct rule_counts){ .matches = 7,
		.unknown = 1,
		.limited = 2,
		.inconclusive = { 1, 0, 4 } };
	metrics_rules(p.metrics, k.rules);
	page_read(&p);
	assert_value(&p, "davscope_rule_matches_total{rule=\"one\"}", 12);
	assert_value(&p, "davscope_rule_unknown_total{rule=\"one\"}", 4);
	assert_value(&p, "davscope_findings_suppressed_total{rule=\"one\",why=\"limit\"}", 2);
	assert_value(&p, "davscope_findings_inconclusive_total{rule=\"one\",why=\"eof\"}", 1);
	assert_value(&p, "davscope_findings_inconclusive_total{rule=\"one\",why=\"unknown\"}", 8);
	kit_close(&k);
	page_close(&p);
}

static void rules_are_bounded(void **state)
{
	struct rulekit k;
	struct page p;
	struct error e;
	(void)state;
	page_open(&p);
	metrics_free(p.metrics);
	p.limits.metric_rules = 1;
	p.metrics = metrics_new(&p.limits, &e);
	kit_open(&k, RULE("one", "PUT", "") RULE("two", "PUT", ""));
	put(&k, 0);
	metrics_rules(p.metrics, k.rules);
	page_read(&p);
	assert_value(&p, "davscope_rules_loaded", 2);
	assert_value(&p, "davscope_rule_matches_total{rule=\"one\"}", 1);
	assert_value(&p, "davscope_rule_matches_total{rule=\"two\"}", -1);
	kit_close(&k);
	page_close(&p);
}

/* ---- findings ---- */

static const struct rule escalating = { .id = "esc",
	.severity = SEVERITY_HIGH,
	.worst = SEVERITY_CRITICAL };
static const struct rule flat = { .id = "flat", .severity = SEVERITY_INFO, .worst = SEVERITY_INFO };

static void find(struct page *p, const struct rule *rule, enum severity severity, uint64_t id,
    uint64_t update)
{
	struct finding f = { .rule = rule, .severity = severity, .id = id, .update = update };
	metrics_finding(p->metrics, &(struct event){ .kind = EVENT_FINDING, .finding = &f });
}

#define FINDINGS(rule, severity) \
	"davscope_findings_total{rule=\"" rule "\",severity=\"" severity "\"}"

/* Each once, whatever comes of it later; and once more where it gets graver. */
static void findings_counted(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	find(&p, &flat, SEVERITY_INFO, 1, 0);
	find(&p, &flat, SEVERITY_INFO, 1, 1);
	find(&p, &flat, SEVERITY_INFO, 2, 0);
	find(&p, &escalating, SEVERITY_HIGH, 3, 0);
	page_read(&p);
	assert_value(&p, FINDINGS("esc", "critical"), 0);
	find(&p, &escalating, SEVERITY_CRITICAL, 3, 1);
	find(&p, &escalating, SEVERITY_CRITICAL, 3, 2);
	find(&p, &escalating, SEVERITY_CRITICAL, 4, 0);
	find(&p, &escalating, SEVERITY_CRITICAL, 4, 1);
	page_read(&p);
	assert_value(&p, FINDINGS("flat", "info"), 2);
	assert_value(&p, FINDINGS("esc", "high"), 1);
	assert_value(&p, FINDINGS("esc", "critical"), 2);
	assert_value(&p, FINDINGS("flat", "high"), -1);
	page_close(&p);
}

/* These are counted by the rules, with the reason. */
static void inconclusive_is_no_finding(void **state)
{
	struct page p;
	(void)state;
	page_open(&p);
	struct finding f = { .rule = &flat, .outcome = INCONCLUSIVE_LOSS, .id = 1 };
	metrics_finding(p.metrics, &(struct event){ .kind = EVENT_FINDING, .finding = &f });
	find(&p, &flat, SEVERITY_INFO, 2, 0);
	page_read(&p);
	assert_value(&p, FINDINGS("flat", "info"), 1);
	page_close(&p);
}

/* ---- a page with everything on it ---- */

static int write_page(const char *path)
{
	struct rulekit k;
	struct page p;
	page_open(&p);
	kit_open(&k, RULE("one", "PUT", "") RULE("two", "GET", ""));
	put(&k, 0);
	count_txn(&p, "PUT", 201);
	count_txn(&p, "GET", 404);
	for (unsigned i = 0; i < ANOMALY_CODES; i++)
		page_anomaly(&p, (enum anomaly_code)i, 1);
	metrics_capture(p.metrics, &(struct metrics_interface){ "e\"th\\0\n", 10, 1000, 2, 1 }, 1);
	metrics_ring(p.metrics, 5, 3, 1, 2);
	metrics_decode(p.metrics, &(struct decode_counts){ .packets = 100, .flows = 3 });
	metrics_lag(p.metrics, 1500000000);
	metrics_rules(p.metrics, k.rules);
	metrics_reload(p.metrics, true, 1159200003123456789);
	find(&p, &escalating, SEVERITY_CRITICAL, 3, 0);
	struct written w = written_open();
	metrics_write(p.metrics, w.out);
	char *text = written_close(&w);
	FILE *f = fopen(path, "w");
	bool good = f != NULL && fputs(text, f) >= 0 && fclose(f) == 0;
	free(text);
	kit_close(&k);
	page_close(&p);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_yet),
		cmocka_unit_test(transactions),
		cmocka_unit_test(methods_are_bounded),
		cmocka_unit_test(durations),
		cmocka_unit_test(durations_that_are_not_certain),
		cmocka_unit_test(anomalies),
		cmocka_unit_test(every_anomaly_is_told),
		cmocka_unit_test(capture),
		cmocka_unit_test(ring_and_decode),
		cmocka_unit_test(lag),
		cmocka_unit_test(rules_counted),
		cmocka_unit_test(reload_keeps_the_sums),
		cmocka_unit_test(any_reloads),
		cmocka_unit_test(one_went_back),
		cmocka_unit_test(rules_are_bounded),
		cmocka_unit_test(findings_counted),
		cmocka_unit_test(inconclusive_is_no_finding),
	};
	return argc > 1 ? write_page(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
