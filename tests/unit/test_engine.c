/*
 * test_engine.c - from events to findings: rules about one event, what keeps a finding back, evidence,
 * rules about findings, the hash seed, and budgets.
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

static void put(struct rulekit *k, int second, const char *who, const char *href)
{
	kit_request(k, second, "PUT", who, href);
}

static void test_true_fires_and_unknown_does_not(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, PUT_RULE("one", "    fields: [dav.href, dav.request.href, cal.uid]\n"));
	kit_event(&k,
	    "at: 1s, set: {http.request.method: PUT, dav.mailbox: anna, dav.href: /x, "
	    "dav.request.href: [/a, /b]}, unknown: [cal]");
	kit_event(&k, "at: 2s, set: {http.request.method: GET}");
	kit_event(&k, "at: 3s, set: {dav.mailbox: x}, unknown: [http.request]");
	kit_event(&k, "at: 4s, event: flow, set: {}");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "anna");
	assert_string_equal(k.found[0].fields,
	    "dav.href=/x dav.request.href=/a dav.request.href=/b cal.uid=?");
	assert_int_equal(k.found[0].count, 1);
	assert_int_equal(k.found[0].ns, SEC);
	const struct rule_counts *c = kit_counts(&k);
	assert_int_equal(c->matches, 1);
	assert_int_equal(c->unknown, 1);
	assert_null(rules_counts(k.rules, 1));
	kit_close(&k);
}

static void test_rules_that_are_off(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, PUT_RULE("one", "    enabled: false\n"));
	put(&k, 1, "anna", "/x");
	assert_found(&k, 0);
	assert_int_equal(kit_counts(&k)->matches, 0);
	kit_close(&k);
}

static void test_exceptions_apply_only_when_true(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k,
	    PUT_RULE("one",
		"    except:\n      - dav.href == \"/x\"\n      - dav.mailbox == \"bert\"\n"));
	put(&k, 1, "anna", "/x");
	put(&k, 2, "bert", "/y");
	kit_event(&k,
	    "at: 3s, set: {http.request.method: PUT, dav.mailbox: carl}, unknown: [dav.href]");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "carl");
	assert_int_equal(kit_counts(&k)->excepted, 2);
	kit_close(&k);
}

static void test_unknown_is_reported_on_request(void **state)
{
	(void)state;
	struct rulekit k;
	kit_init(&k);
	k.limits.rule_inconclusive = 2;
	kit_start(&k, "",
	    PUT_RULE("one",
		"    on_unknown: report\n    except:\n      - dav.mailbox == \"carl\"\n"));
	static const char *const who[] = { "anna", "anna", "bert", "carl", "dora" };
	for (int i = 0; i < 5; i++) {
		char item[100];
		snprintf(item, sizeof(item), "at: %ds, set: {dav.mailbox: %s}, unknown: [http]", i,
		    who[i]);
		kit_event(&k, item);
	}
	assert_found(&k, 2);
	assert_int_equal(k.found[0].outcome, INCONCLUSIVE_UNKNOWN);
	assert_string_equal(k.found[1].message, "anna");
	const struct rule_counts *c = kit_counts(&k);
	assert_int_equal(c->unknown, 5);
	assert_int_equal(c->excepted, 1);
	assert_int_equal(c->findings, 0);
	assert_int_equal(c->inconclusive[INCONCLUSIVE_UNKNOWN - 1], 4);
	kit_close(&k);
}

/* What is not proven must not silence what is. */
static void test_a_limit_is_for_what_is_proven(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, PUT_RULE("one", "    on_unknown: report\n    limit: {max: 1, per: 1h}\n"));
	kit_event(&k, "at: 0s, set: {dav.mailbox: anna}, unknown: [http]");
	put(&k, 1, "bert", "/x");
	put(&k, 2, "carl", "/x");
	kit_event(&k, "at: 3s, set: {dav.mailbox: dora}, unknown: [http]");
	assert_found(&k, 3);
	assert_string_equal(k.found[1].message, "bert");
	assert_int_equal(k.found[1].outcome, CONCLUSIVE);
	assert_int_equal(k.found[2].outcome, INCONCLUSIVE_UNKNOWN);
	assert_int_equal(kit_counts(&k)->limited, 1);
	kit_close(&k);
}

/* A period that begins in a future that never comes would last for ever. */
static void test_a_limit_at_a_jump(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, PUT_RULE("one", "    limit: {by: [dav.mailbox], max: 1, per: 10s}\n"));
	put(&k, 0, "anna", "/x");
	put(&k, 100000, "bert", "/x");
	put(&k, 5, "bert", "/x");
	put(&k, 10, "bert", "/x");
	put(&k, 11, "bert", "/x");
	assert_found(&k, 3);
	assert_int_equal(k.found[2].ns, 10 * SEC);
	assert_int_equal(k.found[2].suppressed, 1);
	kit_close(&k);
}

static void test_limit_counts_from_the_first(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, PUT_RULE("one", "    limit: {by: [dav.mailbox], max: 2, per: 10s}\n"));
	for (int i = 0; i < 10; i++)
		put(&k, i, "anna", "/x");
	put(&k, 9, "bert", "/x");
	assert_found(&k, 3);
	put(&k, 10, "anna", "/x");
	assert_found(&k, 4);
	assert_int_equal(k.found[3].suppressed, 8);
	assert_int_equal(k.found[2].suppressed, 0);
	assert_int_equal(kit_counts(&k)->limited, 8);
	/* What is not there is a key of its own, and not observed another. */
	kit_event(&k, "at: 11s, set: {http.request.method: PUT}");
	kit_event(&k, "at: 11s, set: {http.request.method: PUT}, unknown: [dav]");
	assert_found(&k, 6);
	kit_close(&k);
}

static void test_suppressed_until_the_last_day_is_over(void **state)
{
	(void)state;
	struct rulekit k;
	kit_init(&k);
	kit_start(&k,
	    "suppress:\n  - {rule: one, until: 1970-01-02, reason: known, where: dav.mailbox == \"anna\"}\n",
	    PUT_RULE("one", ""));
	put(&k, 1, "anna", "/x");
	put(&k, 1, "bert", "/x");
	put(&k, 2 * 86400 - 1, "anna", "/x");
	put(&k, 2 * 86400, "anna", "/x");
	assert_found(&k, 2);
	assert_string_equal(k.found[0].message, "bert");
	assert_string_equal(k.found[1].message, "anna");
	assert_int_equal(kit_counts(&k)->suppressed, 2);
	kit_close(&k);
}

#define CHAIN \
	RULE("again", \
	    "    event: finding\n    condition: rule.id == \"one\"\n" \
	    "    window: {within: 1h, fire: '>= 2'}\n    output: \"{finding.message}\"\n")

static void test_rules_about_findings(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k,
	    PUT_RULE("one", "") CHAIN RULE("any",
		"    event: finding\n    condition: exists rule.id\n    output: \"{rule.id}\"\n")
		PUT_RULE("two", ""));
	put(&k, 1, "anna", "/x");
	put(&k, 2, "bert", "/x");
	static const char *const order[] = { "one", "any", "two", "any", "one", "again", "any",
		"two", "any" };
	assert_found(&k, 9);
	for (size_t i = 0; i < 9; i++)
		assert_string_equal(k.found[i].rule, order[i]);
	assert_string_equal(k.found[5].message, "bert");
	assert_int_equal(k.found[5].n_evidence, 2);
	assert_int_equal(k.found[5].evidence[0].frame, 1);
	assert_string_equal(k.found[4].message, "bert");
	assert_string_equal(k.found[7].message, "bert");
	kit_close(&k);
}

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

static void test_evidence_is_every_packet_once(void **state)
{
	(void)state;
	struct rulekit k;
	struct sent s;
	kit_open(&k,
	    RULE("one",
		"    event: transaction\n    condition: http.request.method == \"PUT\"\n"
		"    output: x\n"));
	sent_init(&s, "/a", 10);
	s.made.txn.res.first = s.made.txn.req.last;
	s.made.txn.res.head.input = s.made.txn.res.last.input = 1;
	rules_event(k.rules, &s.event);
	assert_found(&k, 1);
	assert_int_equal(k.found[0].n_evidence, 5);
	assert_int_equal(k.found[0].n_runs, 2);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(k.found[0].evidence[i].frame, 10 + i);
	assert_int_equal(k.found[0].evidence[3].frame, 14);
	assert_int_equal(k.found[0].evidence[3].input, 1);
	assert_int_equal(strlen(k.found[0].id_text), 14);
	kit_close(&k);
}

static void test_a_window_keeps_four_packets_an_event(void **state)
{
	(void)state;
	struct rulekit k;
	struct sent s;
	kit_open(&k,
	    RULE("one",
		"    event: transaction\n    condition: http.request.method == \"PUT\"\n"
		"    window: {within: 1h, fire: '>= 2'}\n    output: x\n"));
	sent_init(&s, "/a", 10);
	rules_event(k.rules, &s.event);
	sent_init(&s, "/a", 20);
	rules_event(k.rules, &s.event);
	assert_found(&k, 1);
	static const uint64_t frames[] = { 10, 11, 14, 15, 20, 21, 24, 25 };
	assert_int_equal(k.found[0].n_evidence, 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(k.found[0].evidence[i].frame, frames[i]);
	kit_close(&k);
}

/* ---- the same output whatever the seed ---- */

#define ALL_SHAPES \
	PUT_RULE("one", "    limit: {by: [dav.mailbox], max: 3, per: 20s}\n") \
	PUT_RULE("two", \
	    "    window: {within: 30s, by: [dav.mailbox], distinct: dav.href, fire: '>= 3', after: keep}\n") \
	RULE("three", \
	    "    output: \"{key.who}\"\n    sequence:\n      within: 15s\n      by: [who]\n      steps:\n" \
	    "        - name: a\n          event: transaction\n          keys: {who: dav.mailbox}\n" \
	    "          condition: http.request.method == \"PUT\"\n" \
	    "        - name: b\n          not: true\n          event: transaction\n          keys: {who: dav.mailbox}\n" \
	    "          condition: http.request.method == \"GET\"\n") \
	CHAIN

static void feed_random(struct rulekit *k, int from, int to)
{
	uint32_t random = 42;
	for (int i = 0; i < to; i++) {
		random = random * 1664525 + 1013904223;
		char who[3] = { 'u', (char)('a' + (random >> 20) % 12), '\0' };
		char href[3] = { '/', (char)('a' + (random >> 24) % 5), '\0' };
		/* Some stamps are wrong. */
		int second = (random >> 8 & 31) != 0 ? i : i + 20000;
		if (i >= from)
			kit_request(k, second, random >> 30 ? "PUT" : "GET", who, href);
	}
}

static void run_random(struct rulekit *k, uint64_t seed)
{
	kit_init(k);
	k->seed = seed;
	k->limits.rule_keys = 5;
	kit_start(k, "", ALL_SHAPES);
	feed_random(k, 0, 400);
	rules_finish(k->rules, 401 * SEC);
}

static void test_the_seed_does_not_show(void **state)
{
	(void)state;
	struct rulekit a;
	run_random(&a, 1);
	assert_true(a.n > 100);
	assert_true(rules_counts(a.rules, 1)->evicted > 10);
	for (uint64_t seed = 2; seed < 6; seed++) {
		struct rulekit b;
		run_random(&b, seed);
		assert_found(&b, a.n);
		assert_memory_equal(a.found, b.found, a.n * sizeof(*a.found));
		for (size_t i = 0; rules_counts(a.rules, i) != NULL; i++)
			assert_memory_equal(rules_counts(a.rules, i), rules_counts(b.rules, i),
			    sizeof(struct rule_counts));
		kit_close(&b);
	}
	kit_close(&a);
}

/* ---- another set ---- */

#define ABSENCE \
	RULE("gone", \
	    "    output: \"{key.who}\"\n    sequence:\n      within: 60s\n      by: [who]\n      steps:\n" \
	    "        - name: a\n          event: transaction\n          keys: {who: dav.mailbox}\n" \
	    "          condition: http.request.method == \"PUT\"\n" \
	    "        - name: b\n          not: true\n          event: transaction\n          keys: {who: dav.mailbox}\n" \
	    "          condition: http.request.method == \"GET\"\n")

/* Whatever leaves while a finding is made, also by rules about it: all stays within the budget. */
static void test_budgets_of_any_size(void **state)
{
	(void)state;
	for (uint64_t bytes = 100; bytes < 40000; bytes += bytes / 4) {
		struct rulekit k;
		struct error e;
		uint64_t evicted = 0;
		kit_init(&k);
		k.limits.rule_state = bytes;
		k.limits.rule_entries = 4;
		k.limits.rule_tries = 3;
		kit_start(&k, "", ALL_SHAPES);
		feed_random(&k, 0, 150);
		assert_true(rules_reload(k.rules, kit_set(&k.limits, "", ABSENCE ALL_SHAPES), &e));
		feed_random(&k, 150, 300);
		for (size_t i = 0; rules_counts(k.rules, i) != NULL; i++)
			evicted += rules_counts(k.rules, i)->evicted;
		assert_true(bytes > 5000 || evicted != 0);
		assert_true(k.rules->store.used <= bytes);
		rules_finish(k.rules, 301 * SEC);
		assert_int_equal(k.rules->store.n_due, 0);
		kit_close(&k);
	}
}

static void test_times_at_the_ends_of_the_range(void **state)
{
	(void)state;
	struct rulekit k;
	struct sent s;
	static const int64_t times[] = { INT64_MAX, INT64_MIN, 0, INT64_MAX, INT64_MIN, -1 };
	kit_open(&k, ALL_SHAPES);
	sent_init(&s, "/a", 10);
	for (size_t i = 0; i < 6; i++) {
		s.event.at.ns = times[i];
		rules_event(k.rules, &s.event);
	}
	rules_finish(k.rules, INT64_MIN);
	rules_finish(k.rules, INT64_MAX);
	assert_int_equal(rules_counts(k.rules, 0)->matches, 6);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_true_fires_and_unknown_does_not),
		cmocka_unit_test(test_rules_that_are_off),
		cmocka_unit_test(test_exceptions_apply_only_when_true),
		cmocka_unit_test(test_unknown_is_reported_on_request),
		cmocka_unit_test(test_a_limit_is_for_what_is_proven),
		cmocka_unit_test(test_a_limit_at_a_jump),
		cmocka_unit_test(test_limit_counts_from_the_first),
		cmocka_unit_test(test_suppressed_until_the_last_day_is_over),
		cmocka_unit_test(test_rules_about_findings),
		cmocka_unit_test(test_evidence_is_every_packet_once),
		cmocka_unit_test(test_a_window_keeps_four_packets_an_event),
		cmocka_unit_test(test_the_seed_does_not_show),
		cmocka_unit_test(test_budgets_of_any_size),
		cmocka_unit_test(test_times_at_the_ends_of_the_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
