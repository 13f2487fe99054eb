/*
 * test_fields.c - rules/fields*.c on transactions: what is absent, what was not observed.
 */
#include "tests/unit/opkit.h"

static void headers(void **state)
{
	struct scene s;
	struct value v;
	(void)state;
	scene_init(&s, "GET", 200);
	made_header(&s.made.txn.res, "X", "1");
	made_header(&s.made.txn.res, "Y", "2");
	made_header(&s.made.txn.res, "x", "3");
	assert_text(&s, "http.response.header[\"X\"]", 0, 0, "1");
	assert_text(&s, "http.response.header[\"X\"]", 0, 1, "3");
	assert_int_equal(read_nth(&s, "http.response.header[\"X\"]", 0, 2, &v), ABSENT);
	assert_int_equal(seen_of(&s, "http.response.header[\"Z\"]"), ABSENT);
	assert_text(&s, "http.response.header", 0, 2, "3");
	assert_int_equal(read_nth(&s, "http.response.header", 0, 3, &v), ABSENT);
	assert_int_equal(seen_of(&s, "http.request.header"), ABSENT);

	s.made.txn.res.head_complete = false;
	assert_text(&s, "http.response.header[\"X\"]", 0, 1, "3");
	assert_int_equal(read_nth(&s, "http.response.header[\"X\"]", 0, 2, &v), NOT_OBSERVED);
	assert_int_equal(seen_of(&s, "http.response.header[\"Z\"]"), NOT_OBSERVED);
	/* A trailer may still come. */
	s.made.txn.res.head_complete = true;
	s.made.txn.res.chunked = true;
	assert_int_equal(seen_of(&s, "http.response.header[\"Z\"]"), ABSENT);
	s.made.txn.res.end_seen = false;
	assert_int_equal(seen_of(&s, "http.response.header[\"Z\"]"), NOT_OBSERVED);
}

static void an_answer_not_seen_is_not_absent(void **state)
{
	static const char *const names[] = { "http.response.status", "http.response.reason",
		"http.response.header", "http.response.frame", "http.response.body.bytes",
		"http.response.body.type", "http.response.complete", "timing.wait_ns", "dav.root",
		"dav.response", "timing.duration_ns" };
	struct scene s;
	(void)state;
	for (enum unpaired why = UNPAIRED_CLOSED; why < UNPAIRED_REASONS; why++) {
		scene_init(&s, "PUT", 0);
		s.made.txn.unpaired = why;
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			struct field_ref ref;
			struct error e;
			bool complete = true;
			assert_true(field_find(names[i], &ref, &e));
			if (ref.field->type == FIELD_GROUP) {
				assert_int_equal(field_elements(ref.field, &s.event, &complete), 0);
				assert_false(complete);
			} else {
				assert_int_equal(seen_of(&s, names[i]), NOT_OBSERVED);
			}
		}
		assert_text(&s, "quality.unpaired", 0, 0, unpaired_reason(why));
		assert_text(&s, "quality.pairing", 0, 0, "unpaired");
	}
}

static void a_request_not_seen(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "GET", 200);
	s.made.txn.req = (struct message){ 0 };
	s.made.txn.res.version = 10;
	assert_int_equal(seen_of(&s, "http.request.method"), NOT_OBSERVED);
	assert_int_equal(seen_of(&s, "auth.scheme"), NOT_OBSERVED);
	assert_int_equal(seen_of(&s, "auth.user"), NOT_OBSERVED);
	assert_int_equal(seen_of(&s, "http.request.header[\"If-Match\"]"), NOT_OBSERVED);
	assert_text(&s, "http.version", 0, 0, "1.0");
	assert_int_equal(number_of(&s, "http.response.frame"), 5);
}

static void credentials(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "GET", 200);
	assert_int_equal(seen_of(&s, "auth.user"), ABSENT);
	s.made.txn.auth_scheme = guarded("NTLM");
	assert_int_equal(seen_of(&s, "auth.user"), NOT_OBSERVED);
	s.made.txn.auth_user = guarded("anna");
	assert_text(&s, "auth.user", 0, 0, "anna");
}

static void times(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "GET", 200);
	assert_int_equal(number_of(&s, "timing.request_ns"), 2000000);
	assert_int_equal(number_of(&s, "timing.wait_ns"), 1000000);
	assert_int_equal(number_of(&s, "timing.duration_ns"), 5000000);
	s.made.txn.res.first.ns = 0;
	assert_int_equal(number_of(&s, "timing.wait_ns"), -3000000);
	s.made.txn.unsure = true;
	assert_int_equal(seen_of(&s, "timing.wait_ns"), NOT_OBSERVED);
	assert_int_equal(seen_of(&s, "timing.response_ns"), PRESENT);
	s.made.txn.res.end_seen = false;
	assert_int_equal(seen_of(&s, "timing.response_ns"), NOT_OBSERVED);
	s.made.txn.res.first.ns = INT64_MIN;
	s.made.txn.res.last.ns = INT64_MAX;
	s.made.txn.res.end_seen = true;
	assert_int_equal(seen_of(&s, "timing.response_ns"), PRESENT);
}

/* The words follow enum tag_damage, which begins with none. */
static void damage(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	assert_int_equal(seen_of(&s, "dav.tag_damage"), NOT_OBSERVED);
	s.facts.damage_seen = ABSENT;
	assert_int_equal(seen_of(&s, "dav.tag_damage"), ABSENT);
	s.facts.damage_seen = PRESENT;
	s.facts.damage = DAMAGE_GZIP_SUFFIX;
	assert_text(&s, "dav.tag_damage", 0, 0, "gzip-suffix");
	s.facts.damage = DAMAGE_RENAMED;
	assert_text(&s, "dav.tag_damage", 0, 0, "renamed");
	assert_int_equal(seen_of(&s, "dav.rows_untagged"), NOT_OBSERVED);
	s.facts.rows_seen = ABSENT;
	assert_int_equal(seen_of(&s, "dav.row_untagged"), ABSENT);
	s.facts.rows_seen = PRESENT;
	s.facts.rows_untagged = 2;
	assert_int_equal(number_of(&s, "dav.rows_untagged"), 2);
	assert_int_equal(seen_of(&s, "dav.row_untagged"), ABSENT);
	s.facts.row_untagged = guarded("/a");
	assert_text(&s, "dav.row_untagged", 0, 0, "/a");
}

static void tag_states(void **state)
{
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	assert_int_equal(seen_of(&s, "dav.tag_state"), ABSENT);
	assert_int_equal(seen_of(&s, "dav.tag"), ABSENT);
	s.facts.tag_due = TAG_USUAL;
	assert_text(&s, "dav.tag_state", 0, 0, "unknown");
	assert_int_equal(seen_of(&s, "dav.tag"), NOT_OBSERVED);
	s.facts.tag_seen = ABSENT;
	assert_text(&s, "dav.tag_state", 0, 0, "absent");
	assert_int_equal(seen_of(&s, "dav.tag"), ABSENT);
	s.facts.tag_due = TAG_NOT_DUE;
	s.facts.tag_seen = PRESENT;
	s.facts.tag = guarded("t");
	assert_text(&s, "dav.tag_state", 0, 0, "present");
	assert_text(&s, "dav.tag", 0, 0, "t");
}

static void bodies_without_xml(void **state)
{
	struct scene s;
	struct body *body = &s.made.txn.res.body;
	(void)state;
	scene_init(&s, "GET", 200);
	assert_int_equal(seen_of(&s, "dav.root"), ABSENT);
	body->kind = BODY_XML;
	assert_int_equal(seen_of(&s, "dav.root"), ABSENT);
	body->bytes = 7;
	assert_int_equal(seen_of(&s, "dav.root"), NOT_OBSERVED);
	body->kind = BODY_NONE;
	assert_int_equal(seen_of(&s, "dav.root"), NOT_OBSERVED);
	body->kind = BODY_CALENDAR;
	assert_int_equal(seen_of(&s, "dav.root"), ABSENT);
	s.made.txn.res.head_complete = false;
	assert_int_equal(seen_of(&s, "dav.root"), NOT_OBSERVED);
}

/* Four responses with 1, 0, 2 and 0 properties. */
static void multistatus_made(struct scene *s, struct dav *dav, bool whole)
{
	static struct dav_prop props[3];
	static struct dav_response responses[4];
	static const size_t start[] = { 0, 1, 1, 3 };
	scene_init(s, "PROPFIND", 207);
	static const char *const names[] = { "p0", "p1", "p2" };
	static const char *const hrefs[] = { "/r0", "/r1", "/r2", "/r3" };
	for (size_t i = 0; i < 3; i++)
		props[i] = (struct dav_prop){ .name = { guarded("DAV:"), guarded(names[i]) },
			.status = 200 };
	props[2].bytes = 9000;
	props[1].value = guarded("v");
	for (size_t i = 0; i < 4; i++)
		responses[i] = (struct dav_response){ .href = guarded(hrefs[i]) };
	responses[0].props = props;
	responses[0].n_props = 1;
	responses[2].props = props + 1;
	responses[2].n_props = 2;
	responses[1].status = 404;
	*dav = (struct dav){ .responses = responses,
		.n_responses = 4,
		.responses_seen = 4,
		.whole = whole };
	s->made.txn.res.body.dav = dav;
	s->made.txn.res.body.kind = BODY_XML;
	s->facts.prop_start = start;
	s->facts.n_props = 3;
}

static void multistatus(void **state)
{
	struct scene s;
	struct dav dav;
	struct value v;
	bool complete;
	(void)state;
	multistatus_made(&s, &dav, true);
	assert_int_equal(elements_of(&s, "dav.response", &complete), 4);
	assert_true(complete);
	assert_int_equal(elements_of(&s, "dav.property", &complete), 3);
	assert_true(complete);
	assert_text(&s, "dav.property.href", 0, 0, "/r0");
	assert_text(&s, "dav.property.href", 1, 0, "/r2");
	assert_text(&s, "dav.property.name", 1, 0, "p1");
	assert_text(&s, "dav.property.name", 2, 0, "p2");
	assert_text(&s, "dav.property.value", 1, 0, "v");
	assert_int_equal(read_nth(&s, "dav.property.value", 0, 0, &v), ABSENT);
	/* Not kept: calendar-data. */
	assert_int_equal(read_nth(&s, "dav.property.value", 2, 0, &v), NOT_OBSERVED);
	assert_int_equal(read_nth(&s, "dav.property.name", 3, 0, &v), ABSENT);
	assert_int_equal(read_nth(&s, "dav.response.status", 0, 0, &v), ABSENT);
	assert_int_equal(read_nth(&s, "dav.response.status", 1, 0, &v), PRESENT);
	assert_int_equal(v.number, 404);
	assert_int_equal(read_nth(&s, "dav.response.href", 4, 0, &v), ABSENT);
	assert_int_equal(seen_of(&s, "dav.sync_token"), ABSENT);

	multistatus_made(&s, &dav, false);
	assert_int_equal(elements_of(&s, "dav.response", &complete), 4);
	assert_false(complete);
	assert_int_equal(seen_of(&s, "dav.sync_token"), NOT_OBSERVED);
	/* No room for the index: the properties are not observed. */
	multistatus_made(&s, &dav, true);
	s.facts.prop_start = NULL;
	s.facts.n_props = 0;
	assert_int_equal(elements_of(&s, "dav.property", &complete), 0);
	assert_false(complete);
}

static void evidence(void **state)
{
	struct scene s;
	struct value v;
	bool complete;
	(void)state;
	scene_init(&s, "GET", 200);
	s.made.txn.req.last = s.made.txn.req.head = s.made.txn.req.first;
	assert_int_equal(elements_of(&s, "evidence", &complete), 1);
	assert_text(&s, "evidence.input", 0, 0, "a.pcap");
	const int64_t frames[] = { 1, 4, 5, 6 };
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(read_nth(&s, "evidence.frames", 0, i, &v), PRESENT);
		assert_int_equal(v.number, frames[i]);
	}
	assert_int_equal(read_nth(&s, "evidence.frames", 0, 4, &v), ABSENT);

	/* The answer begins before the request ends, and lies in the next file. */
	scene_init(&s, "GET", 401);
	s.made.txn.req.last.order = 60;
	s.made.txn.req.last.frame = 2;
	s.made.txn.req.last.input = 1;
	s.made.txn.res.head.frame = 0;
	s.made.txn.res.last.order = 50;
	s.made.txn.res.last.frame = 1;
	s.made.txn.res.last.input = 1;
	assert_int_equal(elements_of(&s, "evidence", &complete), 2);
	assert_text(&s, "evidence.input", 1, 0, "b.pcap");
	read_nth(&s, "evidence.frames", 0, 2, &v);
	assert_int_equal(v.number, 4);
	assert_int_equal(read_nth(&s, "evidence.frames", 0, 3, &v), ABSENT);
	read_nth(&s, "evidence.frames", 1, 0, &v);
	assert_int_equal(v.number, 1);
	read_nth(&s, "evidence.frames", 1, 1, &v);
	assert_int_equal(v.number, 2);
	assert_int_equal(read_nth(&s, "evidence.frames", 1, 2, &v), ABSENT);
	assert_int_equal(read_nth(&s, "evidence.frames", 2, 0, &v), ABSENT);
	s.event.n_inputs = 1;
	assert_int_equal(read_nth(&s, "evidence.input", 1, 0, &v), ABSENT);
}

static void loss(void **state)
{
	struct scene s;
	struct value v;
	(void)state;
	scene_init(&s, "GET", 200);
	assert_int_equal(seen_of(&s, "quality.loss"), ABSENT);
	s.made.txn.req.loss = LOSS_CLIPPED;
	s.made.txn.res.loss = LOSS_CLIPPED | LOSS_DAMAGED;
	assert_text(&s, "quality.loss", 0, 0, "clipped");
	assert_text(&s, "quality.loss", 0, 1, "damaged");
	assert_int_equal(read_nth(&s, "quality.loss", 0, 2, &v), ABSENT);
	assert_int_equal(number_of(&s, "quality.truncated"), 0);
	s.made.txn.res.end_seen = false;
	assert_int_equal(number_of(&s, "quality.truncated"), 1);
	assert_int_equal(read_nth(&s, "quality.unreceived", 0, 0, &v), ABSENT);
	s.made.txn.unreceived = true;
	assert_int_equal(number_of(&s, "quality.unreceived"), 1);
}

static void dropped_packets(void **state)
{
	struct dropped dropped = { { .order = 9, .frame = 7 }, 500 };
	struct scene s = { .event = { .kind = EVENT_LOSS, .dropped = &dropped } };
	struct value v;
	(void)state;
	assert_text(&s, "event_type", 0, 0, "loss");
	assert_int_equal(number_of(&s, "loss.packets"), 500);
	assert_int_equal(read_nth(&s, "evidence.frames", 0, 0, &v), PRESENT);
	assert_int_equal(v.number, 7);
	assert_int_equal(read_nth(&s, "evidence.frames", 0, 1, &v), ABSENT);
	assert_int_equal(seen_of(&s, "flow.id"), ABSENT);
	dropped.packets = UINT64_MAX;
	assert_int_equal(number_of(&s, "loss.packets"), INT64_MAX);
	s.event.kind = EVENT_ANOMALY;
	assert_int_equal(seen_of(&s, "loss.packets"), ABSENT);
}

/* Every getter, on every kind of event, with everything and with nothing in it. */
static void all_fields_of_all_kinds(void **state)
{
	struct scene full, bare;
	struct dav dav;
	struct flow flow = { .protocol = "http" };
	struct anomaly anomaly = { .code = TCP_GAP };
	struct dropped dropped = { { .frame = 3 }, 4 };
	struct summary summary = { .flows = 1 };
	struct run_end end = { .dropped = 2 };
	struct rule rule = { .id = "r" };
	struct finding empty = { .rule = &rule };
	struct found found;
	size_t n;
	const struct field *table = fields_table(&n);
	(void)state;
	static struct op_scene made;
	const struct sync_facts sync = { .version = 141 };
	op_scene_init(&made);
	multistatus_made(&full, &dav, true);
	found_init(&found);
	scene_init(&bare, "GET", 0);
	bare.made.txn.req = (struct message){ 0 };
	const struct event events[] = { full.event, bare.event,
		{ .kind = EVENT_FLOW, .flow = &flow },
		{ .kind = EVENT_ANOMALY, .anomaly = &anomaly },
		{ .kind = EVENT_FINDING, .finding = &found.finding, .n_inputs = 1 },
		{ .kind = EVENT_FINDING, .finding = &empty },
		{ .kind = EVENT_STATS, .summary = &summary, .run_end = &end },
		{ .kind = EVENT_LOSS, .dropped = &dropped },
		{ .kind = EVENT_OPERATION, .op = &made.op },
		{ .kind = EVENT_ITEM, .matter = &made.matter, .id = SLICE("i-4") },
		{ .kind = EVENT_SESSION, .matter = &made.matter, .id = SLICE("s-4") },
		{ .kind = EVENT_SYNC, .sync = &sync },
		{ .kind = EVENT_ITEM, .matter = &(struct matter){ .number = 1 } } };
	for (size_t k = 0; k < sizeof events / sizeof events[0]; k++)
		for (size_t i = 0; i < n; i++) {
			struct field_ref ref = { .field = &table[i] };
			struct value v;
			bool complete;
			struct slice name;
			enum seen seen = field_read(&ref, &events[k], 0, 0, &v);
			if (!(table[i].kinds & 1u << events[k].kind))
				assert_int_equal(seen, ABSENT);
			if (!table[i].many && seen == PRESENT)
				assert_int_equal(field_read(&ref, &events[k], 0, 1, &v), ABSENT);
			field_read(&ref, &events[k], 1000, 1000, &v);
			field_elements(&table[i], &events[k], &complete);
			assert_false(field_entry(&table[i], &events[k], 1000, &name, &v));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(an_answer_not_seen_is_not_absent),
		cmocka_unit_test(a_request_not_seen),
		cmocka_unit_test(credentials),
		cmocka_unit_test(times),
		cmocka_unit_test(tag_states),
		cmocka_unit_test(damage),
		cmocka_unit_test(bodies_without_xml),
		cmocka_unit_test(multistatus),
		cmocka_unit_test(evidence),
		cmocka_unit_test(loss),
		cmocka_unit_test(dropped_packets),
		cmocka_unit_test(all_fields_of_all_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
