/*
 * test_absence.c - what did not happen is claimed only when it is proven: losses, also such as become
 * known late, clocks that jump, and what the rule had no chance to see.
 */
#include "tests/unit/rulekit.h"

#define SEQUENCE \
	"  - id: row\n    title: t\n    severity: low\n    references: [{title: x, url: \"http://x/\"}]\n" \
	"    output: \"{key.who}\"\n    sequence:\n      within: 60s\n      by: [who]\n      steps:\n"
#define YES(name, method) STEP(name, "", method)
#define NOT(name, method) STEP(name, "          not: true\n", method)
#define STEP(name, not, method) \
	"        - name: " name "\n" not "          event: transaction\n" \
					 "          keys: {who: dav.mailbox}\n" \
					 "          condition: http.request.method == \"" method \
					 "\"\n"

#define AB SEQUENCE YES("a", "PUT") YES("b", "GET")
#define A_NOT_B SEQUENCE YES("a", "PUT") NOT("b", "GET")
#define A_NOT_B_C A_NOT_B YES("c", "DELETE")
#define NOT_A_B SEQUENCE NOT("a", "PUT") YES("b", "GET")

static void send(struct rulekit *k, int second, const char *method, const char *who)
{
	kit_request(k, second, method, who, "/x");
}

static void tick(struct rulekit *k, int second)
{
	send(k, second, "OPTIONS", "nobody");
}

static void put_on(struct rulekit *k, int second, const char *flow)
{
	char item[200];
	snprintf(item, sizeof(item),
	    "at: %ds, set: {http.request.method: PUT, dav.mailbox: anna, flow.id: %s}", second,
	    flow);
	kit_event(k, item);
}

static void gap_on(struct rulekit *k, int second, const char *flow)
{
	char item[200];
	snprintf(item, sizeof(item),
	    "at: %ds, event: anomaly, set: {anomaly.code: tcp.gap, flow.id: %s}", second, flow);
	kit_event(k, item);
}

static void assert_outcome(const struct rulekit *k, size_t i, enum outcome outcome)
{
	assert_true(i < k->n);
	assert_int_equal(k->found[i].outcome, outcome);
}

/* ---- losses ---- */

static void loss_case(const char *loss, enum outcome outcome)
{
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	kit_event(&k, "at: 0s, set: {http.request.method: PUT, dav.mailbox: anna, flow.id: c-1}");
	kit_event(&k, loss);
	tick(&k, 100);
	assert_found(&k, 1);
	if (k.found[0].outcome != outcome)
		fail_msg("%s: outcome %d", loss, k.found[0].outcome);
	kit_close(&k);
}

static void test_loss_leaves_an_absence_open(void **state)
{
	(void)state;
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: tcp.gap, flow.id: c-1}",
	    INCONCLUSIVE_LOSS);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: http.lost, flow.id: c-1}",
	    INCONCLUSIVE_LOSS);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: tcp.gap, flow.id: c-2}", CONCLUSIVE);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: http.bare-lf, flow.id: c-1}",
	    CONCLUSIVE);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: ip.frag-timeout}",
	    INCONCLUSIVE_LOSS);
	loss_case("at: 1s, event: loss, set: {}", INCONCLUSIVE_LOSS);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: tcp.truncated}", INCONCLUSIVE_LOSS);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: link.too-deep}", INCONCLUSIVE_LOSS);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: http.bad-chunk, flow.id: c-1}",
	    INCONCLUSIVE_LOSS);
	loss_case("at: 1s, event: anomaly, set: {anomaly.code: http.obs-fold}", CONCLUSIVE);
	/* What is missing was there before: it may have been in time. */
	loss_case("at: 60s, event: loss, set: {}", INCONCLUSIVE_LOSS);
	loss_case("at: 90s, event: anomaly, set: {anomaly.code: tcp.gap, flow.id: c-1}",
	    INCONCLUSIVE_LOSS);
}

static void test_loss_before_the_try_does_not_matter(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B_C);
	kit_event(&k, "at: 0s, event: loss, set: {}");
	send(&k, 1, "PUT", "anna");
	send(&k, 2, "DELETE", "anna");
	assert_found(&k, 1);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	/* Nor does it where nothing is said to be missing. */
	kit_close(&k);
	kit_open(&k, AB);
	send(&k, 1, "PUT", "anna");
	kit_event(&k, "at: 2s, event: loss, set: {}");
	send(&k, 3, "GET", "anna");
	assert_found(&k, 1);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	kit_close(&k);
}

static void test_every_flow_of_the_key_counts(void **state)
{
	(void)state;
	struct rulekit k;
	char flow[16];
	for (int n = 1; n < 12; n++) {
		kit_open(&k, A_NOT_B);
		for (int i = 0; i < n; i++) {
			snprintf(flow, sizeof(flow), "c-%d", i);
			put_on(&k, i, flow);
		}
		gap_on(&k, 20, "c-0");
		tick(&k, 100);
		assert_found(&k, (size_t)n);
		for (int i = 0; i < n; i++)
			assert_outcome(&k, (size_t)i, INCONCLUSIVE_LOSS);
		kit_close(&k);
	}
}

/* A flow that falls off the list of those that lost something counts for all keys. */
static void test_losses_on_many_flows(void **state)
{
	(void)state;
	struct rulekit k;
	char flow[16];
	kit_open(&k, A_NOT_B);
	put_on(&k, 0, "c-x");
	for (int i = 0; i < 4096; i++) {
		snprintf(flow, sizeof(flow), "c-%d", i);
		gap_on(&k, 1, flow);
	}
	tick(&k, 60);
	assert_outcome(&k, 0, CONCLUSIVE);
	put_on(&k, 100, "c-x");
	for (int i = 0; i < 4097; i++) {
		snprintf(flow, sizeof(flow), "d-%d", i);
		gap_on(&k, 101, flow);
	}
	tick(&k, 160);
	assert_outcome(&k, 1, INCONCLUSIVE_LOSS);
	kit_close(&k);
}

/* ---- the time a loss takes to become known ---- */

static void patient(struct rulekit *k, const char *rules)
{
	kit_init(k);
	k->patient = true;
	kit_start(k, "", rules);
}

static void test_a_due_absence_waits_for_late_losses(void **state)
{
	(void)state;
	struct rulekit k;
	patient(&k, A_NOT_B);
	put_on(&k, 0, "c-1");
	tick(&k, 63);
	assert_found(&k, 0);
	tick(&k, 64);
	assert_found(&k, 1);
	assert_outcome(&k, 0, CONCLUSIVE);
	assert_int_equal(k.found[0].ns, 60 * SEC);
	put_on(&k, 100, "c-1");
	gap_on(&k, 164, "c-1");
	assert_found(&k, 2);
	assert_outcome(&k, 1, INCONCLUSIVE_LOSS);
	assert_int_equal(k.found[1].ns, 160 * SEC);
	kit_close(&k);
	kit_init(&k);
	k.patient = true;
	k.limits.gap_seconds = 10;
	kit_start(&k, "", A_NOT_B);
	put_on(&k, 0, "c-1");
	tick(&k, 71);
	assert_found(&k, 0);
	tick(&k, 72);
	assert_found(&k, 1);
	kit_close(&k);
}

/* Time alone does what a packet of that time would have done, and once. */
static void test_a_tick_makes_an_absence_due(void **state)
{
	(void)state;
	struct rulekit k;
	patient(&k, A_NOT_B);
	put_on(&k, 0, "c-1");
	rules_tick(k.rules, 63 * SEC);
	rules_tick(k.rules, 10 * SEC);
	assert_found(&k, 0);
	rules_tick(k.rules, 64 * SEC);
	assert_found(&k, 1);
	assert_outcome(&k, 0, CONCLUSIVE);
	assert_int_equal(k.found[0].ns, 60 * SEC);
	rules_tick(k.rules, 1000 * SEC);
	rules_finish(k.rules, 1000 * SEC);
	assert_found(&k, 1);
	kit_close(&k);
}

/* Nobody looked from 5 s on: what did not come by 60 s may have come; what begins later is not concerned. */
static void test_what_was_missed_proves_no_absence(void **state)
{
	(void)state;
	struct rulekit k;
	patient(&k, A_NOT_B);
	rules_missed(k.rules); /* before the first event there is nothing to miss */
	put_on(&k, 0, "c-1");
	rules_tick(k.rules, 5 * SEC);
	rules_missed(k.rules);
	put_on(&k, 10, "c-2");
	rules_tick(k.rules, 64 * SEC);
	assert_found(&k, 1);
	assert_outcome(&k, 0, INCONCLUSIVE_LOSS);
	rules_tick(k.rules, 74 * SEC);
	assert_found(&k, 2);
	assert_outcome(&k, 1, CONCLUSIVE);
	kit_close(&k);
}

/* Nor does a step that waits for a positive one live longer. */
static void test_nothing_counts_after_the_deadline(void **state)
{
	(void)state;
	struct rulekit k;
	patient(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	send(&k, 60, "GET", "anna");
	kit_event(&k, "at: 61s, set: {dav.mailbox: anna}, unknown: [http.request]");
	kit_event(&k, "at: 62s, set: {http.request.method: GET}, unknown: [dav.mailbox]");
	tick(&k, 64);
	assert_found(&k, 1);
	assert_outcome(&k, 0, CONCLUSIVE);
	kit_close(&k);
	patient(&k, A_NOT_B_C);
	send(&k, 0, "PUT", "anna");
	assert_int_equal(k.rules->store.n_due, 1);
	tick(&k, 60);
	assert_int_equal(k.rules->store.n_due, 0);
	send(&k, 61, "DELETE", "anna");
	assert_found(&k, 0);
	kit_close(&k);
}

/* At the end all losses are known. */
static void test_the_end_waits_for_nothing(void **state)
{
	(void)state;
	struct rulekit k;
	static const char *const order[] = { "anna", "bert", "carl", "dora" };
	patient(&k, A_NOT_B);
	for (int i = 0; i < 4; i++)
		send(&k, i, "PUT", order[i]);
	tick(&k, 61);
	assert_found(&k, 0);
	rules_finish(k.rules, 62 * SEC);
	assert_found(&k, 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(k.found[i].message, order[i]);
		assert_outcome(&k, (size_t)i, i < 3 ? CONCLUSIVE : INCONCLUSIVE_EOF);
		assert_int_equal(k.found[i].ns, (i < 3 ? 60 + i : 62) * SEC);
	}
	kit_close(&k);
}

/* For a random history: the same findings in the same order, whenever they were told. */
static void test_patience_changes_no_finding(void **state)
{
	(void)state;
	static const char *const methods[] = { "PUT", "PUT", "GET", "OPTIONS" };
	static const char *const names[] = { "anna", "bert", "carl" };
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct rulekit hasty, slow;
		uint32_t random = seed * 7919;
		kit_open(&hasty, A_NOT_B);
		patient(&slow, A_NOT_B);
		int now = 0;
		for (int i = 0; i < 100; i++) {
			random = random * 1664525 + 1013904223;
			now += (int)(random >> 24 & 31);
			send(&hasty, now, methods[random >> 20 & 3], names[(random >> 16) % 3]);
			send(&slow, now, methods[random >> 20 & 3], names[(random >> 16) % 3]);
		}
		rules_finish(hasty.rules, now * SEC);
		rules_finish(slow.rules, now * SEC);
		assert_true(hasty.n > 5);
		assert_found(&slow, hasty.n);
		assert_memory_equal(hasty.found, slow.found, slow.n * sizeof(*slow.found));
		kit_close(&hasty);
		kit_close(&slow);
	}
}

#define ABOUT \
	"  - id: about\n    title: t\n    severity: low\n    event: finding\n" \
	"    references: [{title: x, url: \"http://x/\"}]\n    condition: exists rule.id\n" \
	"    window: {within: 10s, fire: '>= 2'}\n    output: \"{window.count}\"\n"
#define ALONE \
	"  - id: alone\n    title: t\n    severity: low\n    event: transaction\n" \
	"    references: [{title: x, url: \"http://x/\"}]\n" \
	"    condition: http.request.method == \"MOVE\"\n    output: m\n"

/* What was held back comes when other findings were told: time does not go back for rules about them. */
static void test_rules_about_late_findings(void **state)
{
	(void)state;
	struct rulekit k;
	patient(&k, A_NOT_B ABOUT ALONE);
	send(&k, 0, "PUT", "anna");
	send(&k, 62, "MOVE", "bert");
	tick(&k, 64);
	assert_found(&k, 3);
	assert_string_equal(k.found[1].rule, "row");
	assert_string_equal(k.found[2].rule, "about");
	assert_string_equal(k.found[2].message, "2");
	kit_close(&k);
}

/* ---- what the rule had no chance to see ---- */

static void test_a_rule_that_came_later(void **state)
{
	(void)state;
	struct rulekit k;
	struct error e;
	kit_open(&k, ALONE);
	tick(&k, 0);
	send(&k, 1000, "PUT", "anna");
	assert_true(rules_reload(k.rules, kit_set(&k.limits, "", ALONE NOT_A_B), &e));
	send(&k, 1001, "GET", "anna");
	send(&k, 1059, "GET", "anna");
	send(&k, 1060, "GET", "anna");
	assert_found(&k, 3);
	assert_outcome(&k, 0, INCONCLUSIVE_EOF);
	assert_outcome(&k, 1, INCONCLUSIVE_EOF);
	assert_outcome(&k, 2, CONCLUSIVE);
	/* The same rule again goes on as before. */
	assert_true(rules_reload(k.rules, kit_set(&k.limits, "", NOT_A_B), &e));
	send(&k, 1061, "GET", "anna");
	assert_outcome(&k, 3, CONCLUSIVE);
	kit_close(&k);
}

/* ---- clocks that jump ---- */

static void test_a_step_that_must_not_happen_at_a_jump(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	send(&k, 100000, "GET", "anna");
	tick(&k, 10);
	tick(&k, 60);
	assert_found(&k, 1);
	assert_outcome(&k, 0, INCONCLUSIVE_UNKNOWN);
	/* The next packet agrees: it was too late. */
	send(&k, 100, "PUT", "anna");
	send(&k, 100000, "GET", "anna");
	tick(&k, 100001);
	assert_found(&k, 2);
	assert_outcome(&k, 1, CONCLUSIVE);
	/* Of two such events one was none. */
	send(&k, 100010, "PUT", "anna");
	send(&k, 300000, "GET", "anna");
	send(&k, 400000, "GET", "anna");
	tick(&k, 400001);
	assert_found(&k, 3);
	assert_outcome(&k, 2, INCONCLUSIVE_UNKNOWN);
	kit_close(&k);
}

static void test_a_key_not_seen_at_a_jump(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	kit_event(&k, "at: 100000s, set: {http.request.method: GET}, unknown: [dav.mailbox]");
	tick(&k, 60);
	assert_outcome(&k, 0, INCONCLUSIVE_UNKNOWN);
	send(&k, 70, "PUT", "anna");
	tick(&k, 130);
	assert_outcome(&k, 1, CONCLUSIVE);
	kit_close(&k);
}

static void test_a_try_that_opens_at_a_jump(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	/* It was none: when the step happened is not sure. */
	tick(&k, 0);
	send(&k, 100000, "PUT", "anna");
	tick(&k, 10);
	tick(&k, 61);
	assert_found(&k, 1);
	assert_outcome(&k, 0, INCONCLUSIVE_UNKNOWN);
	/* The next packet agrees. */
	send(&k, 100000, "PUT", "anna");
	tick(&k, 100059);
	assert_found(&k, 1);
	tick(&k, 100060);
	assert_found(&k, 2);
	assert_outcome(&k, 1, CONCLUSIVE);
	assert_int_equal(k.found[1].ns, 100060 * SEC);
	kit_close(&k);
	/* A try at no true time does not wait for ever. */
	kit_open(&k, AB);
	tick(&k, 0);
	send(&k, 100000, "PUT", "anna");
	send(&k, 61, "GET", "anna");
	assert_found(&k, 0);
	send(&k, 100000, "PUT", "anna");
	send(&k, 100050, "GET", "anna");
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_a_leading_step_at_a_jump(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, NOT_A_B);
	tick(&k, 0);
	send(&k, 100000, "PUT", "anna");
	send(&k, 80, "GET", "bert");
	send(&k, 100, "GET", "anna");
	assert_found(&k, 2);
	assert_outcome(&k, 0, CONCLUSIVE);
	assert_outcome(&k, 1, CONCLUSIVE);
	send(&k, 100000, "PUT", "anna");
	send(&k, 120, "GET", "anna");
	assert_outcome(&k, 2, INCONCLUSIVE_UNKNOWN);
	send(&k, 180, "GET", "anna");
	assert_outcome(&k, 3, CONCLUSIVE);
	/* It came right before, at a time that is true. */
	send(&k, 100000, "PUT", "carl");
	send(&k, 100001, "GET", "carl");
	assert_outcome(&k, 4, INCONCLUSIVE_UNKNOWN);
	/* The step that must not follow it stands at no sure time itself. */
	send(&k, 100010, "PUT", "dora");
	send(&k, 300000, "GET", "dora");
	assert_outcome(&k, 5, INCONCLUSIVE_UNKNOWN);
	assert_found(&k, 6);
	kit_close(&k);
}

static void test_losses_at_a_jump(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, NOT_A_B);
	tick(&k, 0);
	kit_event(&k, "at: 100000s, event: loss, set: {}");
	send(&k, 70, "GET", "anna");
	assert_outcome(&k, 0, CONCLUSIVE);
	kit_event(&k, "at: 100000s, event: loss, set: {}");
	send(&k, 100001, "GET", "anna");
	assert_outcome(&k, 1, INCONCLUSIVE_LOSS);
	kit_close(&k);
}

/* The stamp of the last packet may be wrong like any other, and no packet follows it. */
static void test_a_jump_at_the_end(void **state)
{
	(void)state;
	struct rulekit k;
	static const int ends[] = { 3661, 100000, 100010 };
	for (size_t i = 0; i < 3; i++) {
		kit_open(&k, A_NOT_B);
		send(&k, 0, "PUT", "anna");
		if (ends[i] >= 100000)
			tick(&k, 100000);
		rules_finish(k.rules, ends[i] * SEC);
		assert_found(&k, 1);
		assert_outcome(&k, 0, INCONCLUSIVE_EOF);
		assert_int_equal(k.found[0].ns, 0);
		kit_close(&k);
	}
	kit_open(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	rules_finish(k.rules, 3600 * SEC);
	assert_outcome(&k, 0, CONCLUSIVE);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tick_makes_an_absence_due),
		cmocka_unit_test(test_what_was_missed_proves_no_absence),
		cmocka_unit_test(test_loss_leaves_an_absence_open),
		cmocka_unit_test(test_loss_before_the_try_does_not_matter),
		cmocka_unit_test(test_every_flow_of_the_key_counts),
		cmocka_unit_test(test_losses_on_many_flows),
		cmocka_unit_test(test_a_due_absence_waits_for_late_losses),
		cmocka_unit_test(test_nothing_counts_after_the_deadline),
		cmocka_unit_test(test_the_end_waits_for_nothing),
		cmocka_unit_test(test_patience_changes_no_finding),
		cmocka_unit_test(test_rules_about_late_findings),
		cmocka_unit_test(test_a_rule_that_came_later),
		cmocka_unit_test(test_a_step_that_must_not_happen_at_a_jump),
		cmocka_unit_test(test_a_key_not_seen_at_a_jump),
		cmocka_unit_test(test_a_try_that_opens_at_a_jump),
		cmocka_unit_test(test_a_leading_step_at_a_jump),
		cmocka_unit_test(test_losses_at_a_jump),
		cmocka_unit_test(test_a_jump_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
