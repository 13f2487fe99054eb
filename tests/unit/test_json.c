/*
 * test_json.c - report/json*.c and fields.c: records and rows, compared whole or by what they hold.
 */
#include "capture/capture.h"
#include "report/report.h"
#include "tests/unit/make.h"
#include "tests/unit/out_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct scene {
	struct made made;
	struct facts facts;
	struct event event;
};

static void scene_init(struct scene *s, const char *method, unsigned status)
{
	static const char *const names[] = { "a.pcap" };
	*s = (struct scene){ .facts = { .flavour_evidence = "no sign",
				 .damage_seen = ABSENT,
				 .rows_seen = ABSENT } };
	made_init(&s->made, method, "/a", status);
	s->event = (struct event){ .kind = EVENT_TRANSACTION,
		.at = s->made.txn.done,
		.id = SLICE("t-1-1"),
		.flow_id = SLICE("c-1"),
		.txn = &s->made.txn,
		.facts = &s->facts,
		.input_names = names,
		.n_inputs = 1 };
}

/* What the report writes for these events; the caller frees it. */
static char *written(struct report_options options, const struct event *events, size_t n,
    const struct summary *summary, const struct run_end *end)
{
	struct error e;
	struct limits limits = limits_default();
	struct written w = written_open();
	options.limits = &limits;
	struct report *r = report_new(&options, w.out, &e);
	assert_non_null(r);
	for (size_t i = 0; i < n; i++)
		report_event(r, &events[i]);
	if (summary != NULL)
		report_end(r, summary, end, NULL);
	report_free(r);
	return written_close(&w);
}

static char *json_of(const struct event *event)
{
	return written((struct report_options){ .format = REPORT_JSON }, event, 1, NULL, NULL);
}

static void assert_holds(char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s\nlacks %s", text, part);
}

static void assert_lacks(char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("%s\nholds %s", text, part);
}

static void whole_transaction(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	made_header(&s.made.txn.req, "Host", "h");
	made_header(&s.made.txn.res, "ETag", "\"1\"");
	s.made.txn.res.reason = guarded("Created");
	s.made.txn.req.body = (struct body){ .bytes = 9,
		.decoded_bytes = 9,
		.kind = BODY_CALENDAR,
		.complete = true };
	s.facts.flavour = FLAVOUR_CALDAV;
	s.facts.flavour_from = FROM_SERVER;
	s.facts.flavour_at.frame = 3;
	s.facts.write = true;
	s.facts.tag_due = TAG_USUAL;
	s.facts.tag_seen = PRESENT;
	s.facts.tag_header = "ETag";
	s.facts.tag = guarded("\"1\"");
	char *text = json_of(&s.event);
	assert_string_equal(text,
	    "{\"ts\":\"1970-01-01T00:00:00.006000000Z\",\"event_type\":\"transaction\","
	    "\"schema\":\"davscope/1\",\"id\":\"t-1-1\",\"flow\":{\"id\":\"c-1\"},"
	    "\"network\":{\"transport\":\"tcp\"},\"client\":{\"address\":\"10.0.0.1\",\"port\":40000},"
	    "\"server\":{\"address\":\"10.0.0.2\",\"port\":80},\"http\":{\"version\":\"1.1\",\"interim\":0,"
	    "\"request\":{\"method\":\"PUT\",\"target\":\"/a\",\"frame\":2,"
	    "\"time\":\"1970-01-01T00:00:00.001000000Z\",\"complete\":true,\"header\":{\"host\":[\"h\"]},"
	    "\"body\":{\"type\":\"calendar\",\"bytes\":9,\"decoded_bytes\":9,\"complete\":true}},"
	    "\"response\":{\"status\":201,\"reason\":\"Created\",\"frame\":5,"
	    "\"time\":\"1970-01-01T00:00:00.004000000Z\",\"complete\":true,"
	    "\"header\":{\"etag\":[\"\\\"1\\\"\"]},"
	    "\"body\":{\"type\":\"none\",\"bytes\":0,\"decoded_bytes\":0,\"complete\":true}}},"
	    "\"dav\":{\"flavour\":\"caldav\",\"flavour_from\":\"server\",\"flavour_evidence\":\"no sign\","
	    "\"flavour_frame\":3,\"write\":true,\"tag_due\":\"usual\",\"tag_state\":\"present\","
	    "\"tag_header\":\"ETag\",\"tag\":\"\\\"1\\\"\"},"
	    "\"timing\":{\"request_ns\":2000000,\"wait_ns\":1000000,\"response_ns\":2000000,"
	    "\"duration_ns\":5000000},"
	    "\"quality\":{\"pairing\":\"exact\",\"gap_bytes\":0,\"truncated\":false},"
	    "\"evidence\":[{\"input\":\"a.pcap\",\"frames\":[1,2,3,4,5,6]}]}\n");
	free(text);
}

static void unobserved_collapses(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 0);
	s.made.txn.unpaired = UNPAIRED_GAP;
	s.facts.tag_due = TAG_USUAL;
	char *text = json_of(&s.event);
	assert_holds(text,
	    "\"unobserved\":[\"http.response\",\"dav.tag\",\"dav.root\","
	    "\"dav.root_namespace\",\"dav.sync_token\",\"dav.collblob\",\"dav.responses\",\"dav.error\","
	    "\"dav.response\",\"dav.property\",\"timing.wait_ns\",\"timing.response_ns\","
	    "\"timing.duration_ns\"]}\n");
	assert_lacks(text, "\"response\":");
	assert_holds(text, "\"tag_state\":\"unknown\"");
	free(text);
	scene_init(&s, "PUT", 201);
	text = json_of(&s.event);
	assert_lacks(text, "unobserved");
	assert_lacks(text, "null");
	free(text);
}

static void header_maps(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	made_header(&s.made.txn.res, "Set-Thing", "1");
	made_header(&s.made.txn.res, "X", "");
	made_header(&s.made.txn.res, "SET-thing", "2");
	s.made.txn.res.head_complete = false;
	char *text = json_of(&s.event);
	assert_holds(text, "\"header\":{\"set-thing\":[\"1\",\"2\"],\"x\":[\"\"]}");
	assert_holds(text, "\"http.response.header\"");
	free(text);
	scene_init(&s, "PUT", 201);
	made_header(&s.made.txn.req, "bad\xff", "1");
	made_header(&s.made.txn.req, "bad\xfe", "2");
	made_header(&s.made.txn.req, "a\"b", "\x01\xe2\x80\xae");
	text = json_of(&s.event);
	assert_holds(text,
	    "\"header\":{\"bad\\\\xff\":[\"1\"],\"bad\\\\xfe\":[\"2\"],\"a\\\"b\":"
	    "[\"\\u0001\\u202e\"]}");
	assert_lacks(text, "_b64");
	free(text);
}

static void bytes_that_are_not_utf8(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	s.made.txn.req.target = guarded("/\xff\xc3\xa9");
	made_header(&s.made.txn.res, "A", "\xe9");
	made_header(&s.made.txn.res, "B", "\xc3\xa9");
	made_header(&s.made.txn.res, "a", "ok");
	struct slice hrefs[] = { guarded("/ok"), guarded("/\x80\x81") };
	struct dav dav = { .hrefs = hrefs, .n_hrefs = 2, .whole = true };
	s.made.txn.req.body.dav = &dav;
	char *text = json_of(&s.event);
	assert_holds(text, "\"target\":\"/\\ufffd\xc3\xa9\",\"target_b64\":\"L//DqQ==\"");
	assert_holds(text,
	    "\"header\":{\"a\":[\"\\ufffd\",\"ok\"],\"b\":[\"\xc3\xa9\"]},"
	    "\"header_b64\":{\"a\":[\"6Q==\",\"b2s=\"]}");
	assert_holds(text,
	    "\"href\":[\"/ok\",\"/\\ufffd\\ufffd\"],\"href_b64\":[\"L29r\",\"L4CB\"]");
	free(text);
}

static void groups(void **state)
{
	static const size_t start[] = { 0, 2 };
	struct scene s;
	struct dav_prop props[] = {
		{ .name = { SLICE("DAV:"), SLICE("getetag") },
		    .status = 200,
		    .value = SLICE("x"),
		    .bytes = 1 },
		{ .name = { SLICE("c"), SLICE("calendar-data") }, .status = 200, .bytes = 900 },
	};
	struct dav_response responses[] = { { .href = SLICE("/a"), .props = props, .n_props = 2 },
		{ .status = 404 } };
	struct dav dav = { .responses = responses, .n_responses = 2, .responses_seen = 5 };
	(void)state;
	scene_init(&s, "REPORT", 207);
	s.made.txn.res.body.kind = BODY_XML;
	s.made.txn.res.body.dav = &dav;
	s.facts.prop_start = start;
	s.facts.n_props = 2;
	char *text = json_of(&s.event);
	assert_holds(text,
	    "\"responses\":5,\"response\":[{\"href\":\"/a\"},{\"status\":404}],"
	    "\"property\":[{\"href\":\"/a\",\"namespace\":\"DAV:\",\"name\":\"getetag\",\"status\":200,"
	    "\"value\":\"x\",\"bytes\":1},{\"href\":\"/a\",\"namespace\":\"c\",\"name\":\"calendar-data\","
	    "\"status\":200,\"bytes\":900}]}");
	assert_holds(text,
	    "\"unobserved\":[\"dav.root\",\"dav.root_namespace\",\"dav.sync_token\","
	    "\"dav.collblob\",\"dav.error\",\"dav.response\",\"dav.property\",\"dav.property.value\"]");
	free(text);
}

static void big_numbers_are_strings(void **state)
{
	struct flow flow = { .protocol = "http",
		.bytes = { UINT64_C(1) << 53, (UINT64_C(1) << 53) + 1 },
		.side = { { 6, 1, { 0 } }, { 4, 2, { 1, 2, 3, 4 } } } };
	struct event event = { .kind = EVENT_FLOW,
		.flow = &flow,
		.id = SLICE("c-1"),
		.flow_id = SLICE("c-1") };
	(void)state;
	flow.last.ns = INT64_MIN;
	char *text = json_of(&event);
	assert_holds(text,
	    "\"bytes\":{\"client\":9007199254740992,\"server\":\"9007199254740993\"}");
	assert_holds(text, "\"duration_ns\":\"-9223372036854775808\"");
	assert_holds(text, "\"client\":{\"address\":\"::\",\"port\":1}");
	free(text);
}

static void anomalies_and_sensor(void **state)
{
	struct anomaly anomaly = { .code = TCP_GAP, .at = { .order = 2, .frame = 9 }, .value = 5 };
	struct event event = { .kind = EVENT_ANOMALY, .anomaly = &anomaly, .id = SLICE("a-1") };
	struct report_options options = { .format = REPORT_JSON, .sensor = "fe\"01" };
	(void)state;
	char *text = written(options, &event, 1, NULL, NULL);
	assert_holds(text,
	    "{\"ts\":\"1970-01-01T00:00:00.000000000Z\",\"event_type\":\"anomaly\","
	    "\"schema\":\"davscope/1\",\"sensor\":\"fe\\\"01\",\"id\":\"a-1\","
	    "\"anomaly\":{\"code\":\"tcp.gap\",\"text\":");
	assert_holds(text, "\"frame\":9,\"value\":5},\"evidence\":[{\"frames\":[9]}]}\n");
	assert_lacks(text, "\"flow\"");
	free(text);
}

static void losses(void **state)
{
	struct dropped dropped = { { .order = 8, .frame = 8 }, 500 };
	struct event event = { .kind = EVENT_LOSS, .dropped = &dropped, .id = SLICE("l-1") };
	(void)state;
	char *text = json_of(&event);
	assert_string_equal(text,
	    "{\"ts\":\"1970-01-01T00:00:00.000000000Z\",\"event_type\":\"loss\","
	    "\"schema\":\"davscope/1\",\"id\":\"l-1\",\"loss\":{\"packets\":500},"
	    "\"evidence\":[{\"frames\":[8]}]}\n");
	free(text);
	dropped.packets = UINT64_MAX;
	text = json_of(&event);
	assert_holds(text, "\"loss\":{\"packets\":\"9223372036854775807\"}");
	free(text);
}

/* ---- findings ---- */

static void finding_whole(void **state)
{
	static const char *const inputs[] = { "be.pcap", "fe.pcap" }, *const tags[] = { "dav" };
	const struct reference references[] = { { .kb = "923164" }, { .url = "https://x/1" } };
	const struct rule rule = { .id = "r-1",
		.code = "D02",
		.title = "Title",
		.file = "r.yaml",
		.version = "7",
		.severity = SEVERITY_CRITICAL,
		.confidence = CONFIDENCE_HIGH,
		.tags = tags,
		.n_tags = 1,
		.references = references,
		.n_references = 2,
		.remedy = "Look \"there\"" };
	const struct named_text keys[] = { { SLICE("mailbox"), SLICE("anna") } };
	const struct named_text steps[] = { { SLICE("put"), SLICE("t-1-1") },
		{ SLICE("again"), SLICE("t-9-2") } };
	const struct named_text fields[] = { { SLICE("dav.tag"), SLICE("x") } };
	const struct stamp packets[] = { { .order = 1, .frame = 4 }, { .order = 2, .frame = 5 },
		{ .order = 3, .frame = 17, .input = 1 }, { .order = 4, .frame = 9 } };
	struct finding finding = { .rule = &rule,
		.severity = rule.severity,
		.message = SLICE("anna: 2"),
		.keys = keys,
		.n_keys = 1,
		.steps = steps,
		.n_steps = 2,
		.fields = fields,
		.n_fields = 1,
		.count = 2,
		.first_ns = 1,
		.last_ns = 2,
		.suppressed = 3,
		.evidence = packets,
		.n_evidence = 4 };
	struct event event = { .kind = EVENT_FINDING,
		.id = SLICE("f-0123456789ab"),
		.input_names = inputs,
		.n_inputs = 2,
		.finding = &finding };
	(void)state;
	char *text = json_of(&event);
	assert_string_equal(text,
	    "{\"ts\":\"1970-01-01T00:00:00.000000000Z\",\"event_type\":\"finding\","
	    "\"schema\":\"davscope/1\",\"id\":\"f-0123456789ab\","
	    "\"event\":{\"kind\":\"alert\",\"severity\":2,\"outcome\":\"conclusive\"},"
	    "\"rule\":{\"id\":\"r-1\",\"code\":\"D02\",\"version\":\"7\",\"name\":\"Title\","
	    "\"ruleset\":\"r.yaml\",\"tags\":[\"dav\"],\"reference\":[\"https://x/1\"]},"
	    "\"finding\":{\"severity\":\"critical\",\"confidence\":\"high\","
	    "\"message\":\"anna: 2\",\"key\":{\"mailbox\":\"anna\"},\"count\":2,"
	    "\"first\":\"1970-01-01T00:00:00.000000001Z\",\"last\":\"1970-01-01T00:00:00.000000002Z\","
	    "\"steps\":[{\"name\":\"put\",\"id\":\"t-1-1\"},{\"name\":\"again\",\"id\":\"t-9-2\"}],"
	    "\"fields\":[{\"name\":\"dav.tag\",\"value\":\"x\"}],"
	    "\"suppressed_since_last\":3,\"state_evicted\":false,\"remedy\":\"Look \\\"there\\\"\"},"
	    "\"evidence\":[{\"input\":\"be.pcap\",\"frames\":[4,5]},"
	    "{\"input\":\"fe.pcap\",\"frames\":[17]},{\"input\":\"be.pcap\",\"frames\":[9]}]}\n");
	free(text);
}

static void finding_inconclusive(void **state)
{
	const struct rule rule = { .id = "r", .title = "T", .file = "r.yaml", .version = "1" };
	const struct named_text keys[] = { { SLICE("a\"b"), SLICE("\xff") },
		{ SLICE("c"), SLICE("\xc3\xa9") } };
	struct finding finding = { .rule = &rule,
		.severity = rule.severity,
		.outcome = INCONCLUSIVE_EOF,
		.update = 4,
		.message = SLICE("m"),
		.keys = keys,
		.n_keys = 2 };
	struct event event = { .kind = EVENT_FINDING, .id = SLICE("f-1"), .finding = &finding };
	(void)state;
	char *text = json_of(&event);
	assert_holds(text, "\"severity\":6,\"outcome\":\"inconclusive\"}");
	assert_holds(text, "\"message\":\"m\",\"reason\":\"eof\",\"update\":4,");
	assert_holds(text,
	    "\"key\":{\"a\\\"b\":\"\\ufffd\",\"c\":\"\xc3\xa9\"},"
	    "\"key_b64\":{\"a\\\"b\":\"/w==\"},\"count\":0");
	assert_lacks(text, "\"steps\"");
	assert_lacks(text, "\"evidence\"");
	assert_lacks(text, "unobserved");
	free(text);
}

/* The stats record is written by other code; what no operation has is in no record. */
static void not_in_the_records(void **state)
{
	struct summary summary = { .flows = 1 };
	struct run_end end = { .packets = 1 };
	struct event event = { .kind = EVENT_STATS, .summary = &summary, .run_end = &end };
	struct scene s;
	(void)state;
	char *text = json_of(&event);
	assert_string_equal(text, "");
	free(text);
	scene_init(&s, "PUT", 0);
	text = json_of(&s.event);
	assert_holds(text, "\"unobserved\"");
	assert_lacks(text, "mailbox");
	assert_lacks(text, "\"cal");
	assert_lacks(text, "\"exchange");
	free(text);
}

static void stats(void **state)
{
	const struct name_count methods[] = { { SLICE("PUT"), 2, 0 } };
	struct summary s = { .transactions = 2,
		.gaps = 1,
		.gap_bytes = 7,
		.methods = methods,
		.n_methods = 1 };
	struct damage damage = { .record = 3, .offset = 99, .text = "cut short" };
	struct run_end end = { .packets = 10, .damage = &damage, .n_damage = 1 };
	static const char *const names[] = { "a\x1b.pcap" };
	struct report_options options = { .format = REPORT_JSON,
		.input_names = names,
		.n_inputs = 1 };
	(void)state;
	s.first_ns = 1;
	s.last_ns = 2;
	s.statuses[201] = 2;
	s.anomalies[TCP_GAP] = 1;
	s.exchange_due.untagged = 2;
	char *text = written(options, NULL, 0, &s, &end);
	assert_holds(text, "{\"ts\":\"1970-01-01T00:00:00.000000002Z\",\"event_type\":\"stats\"");
	assert_holds(text, "\"evidence\":{\"complete\":false,\"reasons\":[\"1 input damaged\",");
	assert_holds(text, "\"damage\":[{\"input\":\"a\\u001b.pcap\",\"record\":3,\"offset\":99,");
	assert_holds(text, "\"statuses\":[{\"status\":201,\"count\":2}]");
	assert_holds(text,
	    "\"writes\":{\"exchange\":{\"tagged\":0,\"untagged\":2,\"unseen\":0},\"usual\":{}}");
	assert_holds(text, "\"anomalies\":[{\"code\":\"tcp.gap\",\"count\":1}]}}\n");
	free(text);
	static const struct summary none = { .first_ns = INT64_MAX, .last_ns = INT64_MIN };
	end = (struct run_end){ 0 };
	text = written(options, NULL, 0, &none, &end);
	assert_holds(text, "{\"event_type\":\"stats\"");
	assert_holds(text,
	    "{\"complete\":true,\"reasons\":[],\"shortfalls\":[],\"missing\":[],\"unread\":[]}");
	free(text);
}

/* ---- TSV ---- */

static char *row_of(const struct event *event, const char *const *columns, size_t n)
{
	struct field_ref refs[8];
	struct error e;
	for (size_t i = 0; i < n; i++)
		assert_true(field_find(columns[i], &refs[i], &e));
	struct report_options options = { .format = REPORT_FIELDS,
		.columns = refs,
		.n_columns = n };
	return written(options, event, 1, NULL, NULL);
}

static void rows(void **state)
{
	static const char *const columns[] = { "http.request.target", "http.response.status",
		"dav.tag", "http.request.header[\"A\"]", "http.request.header", "dav.write",
		"evidence.frames" };
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	s.made.txn.req.target = guarded("/a\tb\n\\");
	made_header(&s.made.txn.req, "A", "1");
	made_header(&s.made.txn.req, "a", "2");
	char *text = row_of(&s.event, columns, 7);
	assert_string_equal(text, "/a\\x09b\\x0a\\\\\t201\t\t1,2\tA: 1,a: 2\tfalse\t1,2,3,4,5,6\n");
	free(text);
	scene_init(&s, "PUT", 0);
	s.made.txn.req.head_complete = false;
	s.facts.tag_due = TAG_USUAL;
	made_header(&s.made.txn.req, "A", "1");
	text = row_of(&s.event, columns, 7);
	assert_string_equal(text, "/a\t?\t?\t1,?\tA: 1,?\tfalse\t1,2,3\n");
	free(text);
}

static void finding_rows(void **state)
{
	static const char *const columns[] = { "rule.id", "finding.key", "finding.key[\"c\"]",
		"finding.steps.id", "finding.steps", "id" };
	const struct rule rule = { .id = "r" };
	const struct named_text keys[] = { { SLICE("a"), SLICE("\x1b") },
		{ SLICE("c"), SLICE("d") } };
	const struct named_text steps[] = { { SLICE("x"), SLICE("t-1") },
		{ SLICE("y"), SLICE("t-2") } };
	struct finding finding = { .rule = &rule,
		.severity = rule.severity,
		.keys = keys,
		.n_keys = 2,
		.steps = steps,
		.n_steps = 2 };
	struct event event = { .kind = EVENT_FINDING, .id = SLICE("f-1"), .finding = &finding };
	(void)state;
	char *text = row_of(&event, columns, 6);
	assert_string_equal(text, "r\ta: \\x1b,c: d\td\tt-1,t-2\t2\tf-1\n");
	free(text);
}

static void stats_row(void **state)
{
	struct field_ref refs[2];
	struct error e;
	struct summary summary = { .gaps = 3 };
	struct run_end end = { .packets = 1 };
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	assert_true(field_find("id", &refs[0], &e) && field_find("stats.loss.gaps", &refs[1], &e));
	struct report_options options = { .format = REPORT_FIELDS,
		.columns = refs,
		.n_columns = 2 };
	char *text = written(options, &s.event, 1, &summary, &end);
	assert_string_equal(text, "stats\t3\n");
	free(text);
	options.n_columns = 1;
	text = written(options, &s.event, 1, &summary, &end);
	assert_string_equal(text, "t-1-1\n");
	free(text);
}

/* Columns of one group stay in step. */
static void group_columns(void **state)
{
	static const char *const columns[] = { "dav.response", "dav.response.href",
		"dav.response.status" };
	struct dav_response responses[] = { { .href = SLICE("/a") },
		{ .href = SLICE("/b"), .status = 404 } };
	struct dav dav = { .responses = responses, .n_responses = 2, .whole = true };
	struct scene s;
	(void)state;
	scene_init(&s, "REPORT", 207);
	s.made.txn.res.body.dav = &dav;
	char *text = row_of(&s.event, columns, 3);
	assert_string_equal(text, "2\t/a,/b\t,404\n");
	free(text);
	dav.whole = false;
	text = row_of(&s.event, columns, 3);
	assert_string_equal(text, "2,?\t/a,/b,?\t,404,?\n");
	free(text);
}

static void rows_are_events_with_all_columns(void **state)
{
	static const char *const common[] = { "event_type" },
				 *const flows[] = { "event_type", "flow.end" };
	struct flow flow = { .protocol = "http" };
	struct event event = { .kind = EVENT_FLOW, .flow = &flow };
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	char *text = row_of(&s.event, common, 1);
	assert_string_equal(text, "transaction\n");
	free(text);
	text = row_of(&s.event, flows, 2);
	assert_string_equal(text, "");
	free(text);
	text = row_of(&event, flows, 2);
	assert_string_equal(text, "flow\tfin\n");
	free(text);

	struct field_ref refs[2];
	struct error e = { "" };
	assert_true(
	    field_find("flow.end", &refs[0], &e) && field_find("http.version", &refs[1], &e));
	struct report_options options = { .format = REPORT_FIELDS,
		.columns = refs,
		.n_columns = 2 };
	assert_null(report_new(&options, NULL, &e));
	assert_true(e.text[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_transaction),
		cmocka_unit_test(unobserved_collapses),
		cmocka_unit_test(header_maps),
		cmocka_unit_test(bytes_that_are_not_utf8),
		cmocka_unit_test(groups),
		cmocka_unit_test(big_numbers_are_strings),
		cmocka_unit_test(anomalies_and_sensor),
		cmocka_unit_test(losses),
		cmocka_unit_test(finding_whole),
		cmocka_unit_test(finding_inconclusive),
		cmocka_unit_test(not_in_the_records),
		cmocka_unit_test(stats),
		cmocka_unit_test(rows),
		cmocka_unit_test(group_columns),
		cmocka_unit_test(finding_rows),
		cmocka_unit_test(stats_row),
		cmocka_unit_test(rows_are_events_with_all_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
