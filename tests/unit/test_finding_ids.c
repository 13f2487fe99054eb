/*
 * test_finding_ids.c - ids of findings: the same in every run, and different for different findings.
 */
#include "tests/unit/rulekit.h"

#include "tests/unit/make.h"

#define RULE(id, rest) \
	"  - id: " id \
	"\n    title: t\n    severity: low\n    references: [{title: x, url: \"http://x/\"}]\n" rest
#define PUT_RULE(id, rest) \
	RULE(id, \
	    "    event: transaction\n    condition: http.request.method == \"PUT\"\n" \
	    "    output: \"{dav.mailbox}\"\n" rest)

/* ---- transactions ---- */

struct sent {
	struct made made;
	struct facts facts;
	struct event event;
};

static void sent_init(struct sent *s, const char *target, uint64_t first_frame)
{
	*s = (struct sent){ .facts = { .flavour_evidence = "x" } };
	made_init(&s->made, "PUT", target, 201);
	struct stamp *stamps[] = { &s->made.txn.req.first, &s->made.txn.req.head,
		&s->made.txn.req.last, &s->made.txn.res.first, &s->made.txn.res.head,
		&s->made.txn.res.last };
	for (size_t i = 0; i < 6; i++)
		*stamps[i] = made_stamp(first_frame + i);
	s->made.txn.done = made_stamp(first_frame + 5);
	s->event = (struct event){ .kind = EVENT_TRANSACTION,
		.at = s->made.txn.done,
		.id = SLICE("t-1-1"),
		.flow_id = SLICE("c-1"),
		.txn = &s->made.txn,
		.facts = &s->facts };
}

static uint64_t content_of(void *ctx, uint16_t input)
{
	const uint64_t *base = ctx;
	return *base + input;
}

static uint64_t id_of(uint64_t content, uint16_t input, const char *who, uint32_t seq,
    const char *rev)
{
	struct rulekit k;
	struct sent s;
	struct error e;
	char rule[600];
	kit_init(&k);
	snprintf(rule, sizeof(rule),
	    RULE("one",
		"    rev: %s\n    event: transaction\n"
		"    condition: http.request.method == \"PUT\"\n    output: x\n"
		"    window: {within: 1h, by: [http.request.target], fire: '>= 1'}\n"),
	    rev);
	struct rules_options o = { .limits = &k.limits,
		.key = hash_key_from(7),
		.content_hash = content_of,
		.content_ctx = &content };
	k.rules = rules_new(kit_set(&k.limits, "", rule), &o, kit_sink(&k), &e);
	sent_init(&s, who, 10);
	s.made.txn.seq = seq;
	s.made.txn.req.first.input = input;
	rules_event(k.rules, &s.event);
	assert_found(&k, 1);
	uint64_t id = k.found[0].id;
	kit_close(&k);
	return id;
}

static void test_ids_name_rule_key_and_packet(void **state)
{
	(void)state;
	uint64_t id = id_of(5, 0, "/a", 1, "1");
	assert_int_equal(id_of(5, 0, "/a", 1, "1"), id);
	/* The same file at another place of the command line. */
	assert_int_equal(id_of(4, 1, "/a", 1, "1"), id);
	assert_int_not_equal(id_of(6, 0, "/a", 1, "1"), id);
	assert_int_not_equal(id_of(5, 0, "/b", 1, "1"), id);
	assert_int_not_equal(id_of(5, 0, "/a", 1, "2"), id);
	/* Two requests in one packet. */
	assert_int_not_equal(id_of(5, 0, "/a", 2, "1"), id);
}

#define EVERY \
	RULE("each", "    event: anomaly\n    condition: exists anomaly.code\n    output: x\n") \
	RULE("pair", \
	    "    event: anomaly\n    condition: exists anomaly.code\n    output: x\n" \
	    "    window: {within: 1h, fire: '>= 2'}\n") \
	RULE("about", "    event: finding\n    condition: exists rule.id\n    output: x\n")

/* `from`: how many anomalies there were before, which depends on what is read. */
static void say(struct rulekit *k, struct anomaly a, uint64_t from)
{
	char id[32];
	snprintf(id, sizeof(id), "a-%d", (int)(from + k->order++));
	rules_event(k->rules,
	    &(struct event){ .kind = EVENT_ANOMALY,
		.at = a.at,
		.id = slice_from(id),
		.anomaly = &a });
}

static void say_all(struct rulekit *k, uint64_t from)
{
	struct stamp at = made_stamp(4), other = made_stamp(2);
	kit_init(k);
	k->seed = from;
	kit_start(k, "", EVERY);
	say(k, (struct anomaly){ .code = TCP_CONFLICT, .at = at }, from);
	say(k, (struct anomaly){ .code = TCP_CONFLICT, .at = at, .value = 7 }, from);
	say(k, (struct anomaly){ .code = TCP_GAP, .at = at, .value = 7 }, from);
	say(k, (struct anomaly){ .code = TCP_GAP, .at = at, .value = 7, .flow = { 1, 0 } }, from);
	say(k, (struct anomaly){ .code = TCP_GAP, .at = at, .other = other, .value = 7 }, from);
	say(k, (struct anomaly){ .code = TCP_GAP, .at = other, .value = 7 }, from);
}

/* Several of one packet, each told by itself, in pairs, and by a rule about findings. */
static void test_what_one_packet_shows(void **state)
{
	(void)state;
	struct rulekit a, b;
	say_all(&a, 1);
	say_all(&b, 100);
	assert_found(&a, 6 + 3 + 9);
	assert_found(&b, a.n);
	for (size_t i = 0; i < a.n; i++) {
		assert_int_equal(a.found[i].id, b.found[i].id);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(a.found[i].id, a.found[k].id);
	}
	kit_close(&a);
	kit_close(&b);
}

/* A later state of a finding is one more event for rules about findings. */
static void test_about_later_states(void **state)
{
	(void)state;
	struct rulekit k;
	struct anomaly a = { .code = TCP_GAP, .at = made_stamp(4) };
	kit_open(&k,
	    RULE("growing",
		"    event: anomaly\n    condition: exists anomaly.code\n    output: x\n"
		"    window: {within: 1h, fire: '>= 1', after: keep}\n") RULE("about",
		"    event: finding\n    condition: exists rule.id\n    output: x\n"));
	say(&k, a, 0);
	say(&k, a, 0);
	assert_found(&k, 4);
	assert_int_equal(k.found[2].id, k.found[0].id);
	assert_int_equal(k.found[2].update, 1);
	assert_int_not_equal(k.found[3].id, k.found[1].id);
	kit_close(&k);
}

static uint64_t id_with_names(size_t n_inputs, const char *id)
{
	static const char *const names[] = { "a.pcap", "b.pcap" };
	struct rulekit k;
	struct sent s;
	struct error e;
	kit_init(&k);
	struct rules_options o = { .limits = &k.limits,
		.key = hash_key_from(7),
		.input_names = names,
		.n_inputs = n_inputs };
	k.rules =
	    rules_new(kit_set(&k.limits, "",
			  RULE("one",
			      "    event: transaction\n    condition: exists http.request.method\n"
			      "    output: x\n")),
		&o, kit_sink(&k), &e);
	sent_init(&s, "/a", 10);
	s.event.id = slice_from(id);
	rules_event(k.rules, &s.event);
	uint64_t found = k.found[0].id;
	kit_close(&k);
	return found;
}

static void test_names_of_inputs_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(id_with_names(1, "t-1-1"), id_with_names(2, "t-a.pcap:1-1"));
}

/* Both tries rest on a packet that came first; what opened them was not the same. */
static void test_tries_with_one_earliest_packet(void **state)
{
	(void)state;
	struct rulekit k;
	struct sent s;
	kit_open(&k,
	    RULE("one",
		"    output: x\n    sequence:\n      within: 60s\n      steps:\n"
		"        - {name: a, event: transaction, condition: http.request.target == \"/a\"}\n"
		"        - {name: b, event: transaction, condition: http.request.target == \"/b\"}\n"));
	sent_init(&s, "/a", 10);
	rules_event(k.rules, &s.event);
	sent_init(&s, "/a", 20);
	rules_event(k.rules, &s.event);
	sent_init(&s, "/b", 30);
	s.made.txn.req.first = made_stamp(2);
	rules_event(k.rules, &s.event);
	assert_found(&k, 2);
	assert_int_equal(k.found[0].evidence[0].frame, 2);
	assert_int_equal(k.found[1].evidence[0].frame, 2);
	assert_int_not_equal(k.found[0].id, k.found[1].id);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_name_rule_key_and_packet),
		cmocka_unit_test(test_what_one_packet_shows),
		cmocka_unit_test(test_about_later_states),
		cmocka_unit_test(test_names_of_inputs_do_not_matter),
		cmocka_unit_test(test_tries_with_one_earliest_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
