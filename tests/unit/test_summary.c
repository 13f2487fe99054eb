/*
 * test_summary.c - analysis/summary.c and analysis.c: counts of the run, ids, who frees what.
 */
#include "analysis/facts.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_name(const struct name_count *c, const char *name, uint64_t count)
{
	assert_int_equal(c->name.n, strlen(name));
	assert_memory_equal(c->name.p, name, c->name.n);
	assert_int_equal(c->count, count);
}

static void count_method(struct counter *c, const char *method)
{
	struct made m;
	struct facts facts = { 0 };
	made_init(&m, "", "/", 200);
	m.txn.req.method = slice_from(method);
	counter_txn(c, &m.txn, &facts);
}

static void methods_by_count_then_name(void **state)
{
	struct counter *c = counter_new();
	(void)state;
	count_method(c, "PUT");
	count_method(c, "GET");
	count_method(c, "PUTX");
	count_method(c, "PUT");
	const struct summary *s = counter_summary(c, 0, 0);
	assert_int_equal(s->n_methods, 3);
	assert_name(&s->methods[0], "PUT", 2);
	assert_name(&s->methods[1], "GET", 1);
	assert_name(&s->methods[2], "PUTX", 1);
	assert_int_equal(s->statuses[200], 4);
	counter_free(c);
}

/* However many names the wire brings: 32 apart, the rest as OTHER, behind all of them. */
static void names_are_bounded(void **state)
{
	struct counter *c = counter_new();
	char name[80];
	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "M%03d", i);
		count_method(c, name);
	}
	memset(name, 'A', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	count_method(c, name);
	const struct summary *s = counter_summary(c, 0, 0);
	assert_int_equal(s->n_methods, 33);
	assert_name(&s->methods[0], "M000", 1);
	assert_name(&s->methods[31], "M031", 1);
	assert_name(&s->methods[32], "OTHER", 969);
	assert_int_equal(s->transactions, 1001);
	counter_free(c);
}

static void tags(void **state)
{
	struct counter *c = counter_new();
	struct made m;
	(void)state;
	made_init(&m, "PUT", "/", 201);
	struct facts facts = { .flavour = FLAVOUR_EXCHANGE,
		.write = true,
		.tag_due = TAG_DUE_EXCHANGE,
		.tag_seen = ABSENT };
	counter_txn(c, &m.txn, &facts);
	facts.tag_seen = PRESENT;
	counter_txn(c, &m.txn, &facts);
	facts.write = false;
	facts.tag_seen = ABSENT;
	counter_txn(c, &m.txn, &facts);
	facts = (struct facts){ .flavour = FLAVOUR_CALDAV, .write = true, .tag_due = TAG_USUAL };
	counter_txn(c, &m.txn, &facts);
	facts.tag_due = TAG_DUE_SCHEDULING;
	counter_txn(c, &m.txn, &facts);
	const struct summary *s = counter_summary(c, 0, 0);
	assert_int_equal(s->exchange_due.untagged, 1);
	assert_int_equal(s->exchange_due.tagged, 1);
	assert_int_equal(s->exchange_due.unseen, 0);
	assert_int_equal(s->usual[FLAVOUR_CALDAV].unseen, 1);
	assert_int_equal(s->scheduling_due.unseen, 1);
	assert_int_equal(s->flavours[FLAVOUR_EXCHANGE], 3);
	counter_free(c);
}

static void halves_and_bodies(void **state)
{
	struct counter *c = counter_new();
	struct facts facts = { 0 };
	struct made m;
	(void)state;
	made_init(&m, "GET", "/", 0);
	m.txn.req.body.complete = m.txn.req.end_seen = false;
	counter_txn(c, &m.txn, &facts);
	made_init(&m, "GET", "/", 999);
	m.txn.unsure = true;
	counter_txn(c, &m.txn, &facts);
	m.txn.req = (struct message){ 0 };
	m.txn.res.status = 1000;
	m.txn.unpaired = UNPAIRED_MIDSTREAM;
	m.txn.unsure = false;
	counter_txn(c, &m.txn, &facts);
	const struct summary *s = counter_summary(c, 0, 0);
	assert_int_equal(s->unpaired_requests, 1);
	assert_int_equal(s->unpaired_responses, 1);
	assert_int_equal(s->unpaired[UNPAIRED_CLOSED], 1);
	assert_int_equal(s->unpaired[UNPAIRED_MIDSTREAM], 1);
	assert_int_equal(s->unpaired[PAIRED], 1);
	assert_int_equal(s->unsure, 1);
	assert_int_equal(s->incomplete_bodies, 1);
	assert_int_equal(s->statuses[999], 1);
	assert_int_equal(s->first_ns, 1000000);
	assert_int_equal(s->last_ns, 6000000);
	counter_free(c);
}

/* One transaction whose request has a body that is not complete, for what `req` says. */
static struct summary one_body(struct message req)
{
	struct counter *c = counter_new();
	struct facts facts = { 0 };
	struct made m;
	made_init(&m, "PUT", "/", 0);
	req.seen = true;
	m.txn.req = req;
	counter_txn(c, &m.txn, &facts);
	struct summary s = *counter_summary(c, 0, 0);
	counter_free(c);
	return s;
}

/* Only what is proven to be no loss is counted apart. */
static void why_a_body_is_not_whole(void **state)
{
	static const struct {
		struct message req;
		uint64_t incomplete, cut_off, undecoded;
	} cases[] = {
		{ { .end_seen = false }, 1, 0, 0 },
		{ { .end_seen = true, .loss = LOSS_GAP }, 1, 0, 0 },
		{ { .end_seen = true, .loss = LOSS_CLIPPED }, 1, 0, 0 },
		{ { .cut_off = true, .loss = LOSS_GAP }, 1, 0, 0 },
		{ { .loss = LOSS_GAP | LOSS_DAMAGED }, 1, 0, 0 },
		{ { .loss = LOSS_CONFLICT }, 1, 0, 0 },
		{ { .end_seen = true, .loss = LOSS_GAP, .body.undecodable = true }, 1, 0, 0 },
		{ { .cut_off = true }, 0, 1, 0 },
		{ { .cut_off = true, .loss = LOSS_CONFLICT }, 0, 1, 0 },
		{ { .cut_off = true, .body.undecodable = true }, 0, 0, 1 },
		{ { .end_seen = true, .body.undecodable = true }, 0, 0, 1 },
		{ { .end_seen = true, .loss = LOSS_LIMIT }, 0, 0, 1 },
		{ { .loss = LOSS_DAMAGED }, 0, 0, 1 },
		{ { .end_seen = true, .body.complete = true }, 0, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct summary s = one_body(cases[i].req);
		assert_int_equal(s.incomplete_bodies, cases[i].incomplete);
		assert_int_equal(s.cut_off_bodies, cases[i].cut_off);
		assert_int_equal(s.undecoded_bodies, cases[i].undecoded);
	}
}

static bool falls_short(const struct summary *s, enum shortfall_kind kind, uint64_t count)
{
	struct run_end end = { .packets = 1 };
	struct shortfall shortfalls[SHORTFALLS];
	size_t n = evidence_shortfalls(s, &end, shortfalls);
	for (size_t i = 0; i < n; i++)
		if (shortfalls[i].kind == kind)
			return shortfalls[i].count == count;
	return false;
}

static void missing_and_unread(void **state)
{
	struct summary s = { .unpaired_requests = 3,
		.unsure = 5,
		.gapless_unsure = 2,
		.gapless_opaque = 1,
		.cut_off_bodies = 9,
		.undecoded_bodies = 4 };
	struct summary cut_off = { .cut_off_bodies = 1 };
	struct run_end end = { .packets = 1 };
	struct shortfall shortfalls[SHORTFALLS];
	(void)state;
	s.anomalies[HTTP_LOST] = 1;
	s.anomalies[TCP_STALE_CHECKSUM] = 7;
	assert_true(falls_short(&s, SHORT_HALVES, 2));
	assert_true(falls_short(&s, SHORT_UNSURE, 3));
	assert_true(falls_short(&s, SHORT_DOUBTFUL, 2));
	assert_true(falls_short(&s, SHORT_STALE, 7));
	assert_true(falls_short(&s, SHORT_NOT_HTTP, 2));
	assert_true(falls_short(&s, SHORT_UNDECODED, 4));
	assert_int_equal(evidence_shortfalls(&s, &end, shortfalls), 6);
	assert_int_equal(evidence_shortfalls(&cut_off, &end, shortfalls), 0);
	assert_true(shortfall_is_missing(SHORT_BODIES));
	assert_false(shortfall_is_missing(SHORT_STALE));
	assert_false(shortfall_is_missing(SHORT_UNDECODED));
}

static void flows_and_loss(void **state)
{
	struct counter *c = counter_new();
	struct flow flow = { .protocol = "tls", .opaque_bytes = { 3, 4 } };
	struct anomaly gap = { .code = TCP_GAP, .value = 10 },
		       clip = { .code = TCP_CLIPPED, .value = 5 };
	(void)state;
	counter_flow(c, &flow);
	flow.protocol = "h2";
	counter_flow(c, &flow);
	counter_flow(c, &flow);
	flow.protocol = "http";
	counter_flow(c, &flow);
	flow.protocol = "none";
	counter_flow(c, &flow);
	counter_anomaly(c, &gap);
	counter_anomaly(c, &gap);
	counter_anomaly(c, &clip);
	const struct summary *s = counter_summary(c, 0, 0);
	assert_int_equal(s->flows, 5);
	assert_int_equal(s->http_flows, 1);
	assert_int_equal(s->n_protocols, 2);
	assert_name(&s->protocols[0], "h2", 2);
	assert_name(&s->protocols[1], "tls", 1);
	assert_int_equal(s->protocols[0].bytes, 14);
	assert_int_equal(s->gaps, 2);
	assert_int_equal(s->gap_bytes, 20);
	assert_int_equal(s->clipped_bytes, 5);
	assert_int_equal(s->anomalies[TCP_GAP], 2);
	counter_free(c);
}

static void reasons_have_names(void **state)
{
	(void)state;
	for (enum unpaired i = PAIRED; i < UNPAIRED_REASONS; i++)
		assert_non_null(unpaired_reason(i));
	for (enum flavour i = 0; i < FLAVOURS; i++)
		assert_true(strlen(flavour_name(i)) > 0);
}

/* ---- the stage ---- */

struct heard {
	char text[1024];
	size_t events;
	bool indexed;
};

static void hear(void *ctx, const struct event *e)
{
	struct heard *h = ctx;
	size_t used = strlen(h->text);
	snprintf(h->text + used, sizeof h->text - used, "%.*s %.*s\n", (int)e->id.n,
	    (const char *)e->id.p, (int)e->flow_id.n, (const char *)e->flow_id.p);
	h->events++;
	if (e->facts != NULL && e->facts->prop_start != NULL)
		h->indexed = e->facts->n_props == 3 && e->facts->prop_start[2] == 2;
}

static void stage_run(struct heard *h, size_t n_inputs)
{
	static const char *const names[] = { "a.pcap", "b.pcap" };
	struct limits limits = limits_default();
	struct analysis_options options = { .limits = &limits,
		.key = hash_key_from(1),
		.input_names = names,
		.n_inputs = n_inputs };
	struct error error;
	struct analysis *a = analysis_new(&options, (struct analysis_sink){ hear, h }, &error);
	assert_non_null(a);
	struct decode_sink sink = analysis_input(a);
	static const struct dav_prop props[3];
	static const struct dav_response responses[] = {
		{ .props = props, .n_props = 2 },
		{ .n_props = 0 },
		{ .props = props + 2, .n_props = 1 },
	};
	static const struct dav dav = { .responses = responses, .n_responses = 3 };
	struct arena *arena = arena_new(65536);
	struct made *m = arena_alloc(arena, sizeof *m);
	made_init(m, "PROPFIND", "/", 207);
	m->txn.arena = arena;
	m->txn.flow = (struct flow_id){ .frame = 4, .input = 1 };
	m->txn.seq = 7;
	m->txn.res.body.dav = &dav;
	sink.txn(sink.ctx, &m->txn);
	struct anomaly anomaly = { .code = TCP_GAP };
	sink.anomaly(sink.ctx, &anomaly);
	anomaly.flow = (struct flow_id){ .frame = 9 };
	sink.anomaly(sink.ctx, &anomaly);
	struct flow flow = { .id = { .frame = 4, .input = 1 }, .protocol = "http" };
	sink.flow(sink.ctx, &flow);
	struct dropped dropped = { { .frame = 9, .input = 1 }, 5 };
	sink.dropped(sink.ctx, &dropped);
	sink.dropped(sink.ctx, &dropped);
	assert_int_equal(analysis_summary(a)->transactions, 1);
	analysis_free(a);
}

static void ids(void **state)
{
	struct heard h = { 0 };
	(void)state;
	stage_run(&h, 1);
	assert_string_equal(h.text, "t-4-7 c-4\no-1 c-4\na-1 \na-2 c-9\nc-4 c-4\nl-1 \nl-2 \n");
	assert_true(h.indexed);
	h = (struct heard){ 0 };
	stage_run(&h, 2);
	assert_string_equal(h.text,
	    "t-b.pcap:4-7 c-b.pcap:4\no-1 c-b.pcap:4\na-1 \na-2 c-a.pcap:9\nc-b.pcap:4 c-b.pcap:4\nl-1 \nl-2 \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_by_count_then_name),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(tags),
		cmocka_unit_test(halves_and_bodies),
		cmocka_unit_test(why_a_body_is_not_whole),
		cmocka_unit_test(missing_and_unread),
		cmocka_unit_test(flows_and_loss),
		cmocka_unit_test(reasons_have_names),
		cmocka_unit_test(ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
