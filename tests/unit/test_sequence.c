/*
 * test_sequence.c - rules about steps in order, and about steps that did not come: what kills a try,
 * when an absence is due, and what makes it inconclusive.
 */
#include "tests/unit/rulekit.h"

#define HEAD \
	"  - id: row\n    title: t\n    severity: low\n    references: [{title: x, url: \"http://x/\"}]\n"
#define SEQUENCE \
	HEAD "    output: \"{key.who}\"\n    sequence:\n      within: 60s\n      by: [who]\n"
#define YES(name, method) STEP(name, "", method)
#define NOT(name, method) STEP(name, "          not: true\n", method)
#define STEP(name, not, method) \
	"        - name: " name "\n" not "          event: transaction\n" \
					 "          keys: {who: dav.mailbox}\n" \
					 "          condition: http.request.method == \"" method \
					 "\"\n"

#define AB SEQUENCE "      steps:\n" YES("a", "PUT") YES("b", "GET")
#define ABC AB YES("c", "DELETE")
#define A_NOT_B SEQUENCE "      steps:\n" YES("a", "PUT") NOT("b", "GET")
#define A_NOT_B_C A_NOT_B YES("c", "DELETE")
#define NOT_A_B SEQUENCE "      steps:\n" NOT("a", "PUT") YES("b", "GET")
#define A_NOT_B_NOT_C A_NOT_B NOT("c", "DELETE")

static void send(struct rulekit *k, int second, const char *method, const char *who)
{
	kit_request(k, second, method, who, "/x");
}

static void tick(struct rulekit *k, int second)
{
	send(k, second, "OPTIONS", "nobody");
}

static void test_steps_in_order(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, ABC);
	send(&k, 0, "DELETE", "anna");
	send(&k, 1, "GET", "anna");
	send(&k, 2, "PUT", "anna");
	send(&k, 3, "DELETE", "anna");
	send(&k, 4, "GET", "bert");
	send(&k, 5, "GET", "anna");
	send(&k, 6, "PUT", "bert");
	assert_found(&k, 0);
	send(&k, 7, "DELETE", "anna");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "anna");
	assert_string_equal(k.found[0].steps, "a=t-3 b=t-6 c=t-8");
	assert_string_equal(k.found[0].keys, "who=anna");
	assert_int_equal(k.found[0].count, 3);
	assert_int_equal(k.found[0].n_evidence, 3);
	assert_int_equal(k.found[0].evidence[1].frame, 6);
	assert_int_equal(k.found[0].first_ns, 2 * SEC);
	assert_int_equal(k.found[0].last_ns, 7 * SEC);
	assert_true(k.found[0].has_cause);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	send(&k, 8, "DELETE", "anna");
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_time_is_that_of_the_first_step(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, ABC);
	send(&k, 0, "PUT", "anna");
	send(&k, 59, "GET", "anna");
	send(&k, 60, "DELETE", "anna");
	assert_found(&k, 0);
	send(&k, 100, "PUT", "anna");
	send(&k, 159, "GET", "anna");
	kit_event(&k, "at: 159999ms, set: {http.request.method: DELETE, dav.mailbox: anna}");
	assert_found(&k, 1);
	kit_close(&k);
}

/* Each open try takes the next match; an event that serves one opens no other. */
static void test_several_tries_of_one_key(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, AB);
	send(&k, 0, "PUT", "anna");
	send(&k, 1, "PUT", "anna");
	send(&k, 2, "GET", "anna");
	assert_found(&k, 2);
	assert_string_equal(k.found[0].steps, "a=t-1 b=t-3");
	assert_string_equal(k.found[1].steps, "a=t-2 b=t-3");
	assert_int_not_equal(k.found[0].id, k.found[1].id);
	kit_close(&k);
	kit_open(&k, SEQUENCE "      steps:\n" YES("a", "PUT") YES("b", "PUT") YES("c", "PUT"));
	for (int i = 0; i < 7; i++)
		send(&k, i, "PUT", "anna");
	assert_found(&k, 2);
	assert_string_equal(k.found[1].steps, "a=t-4 b=t-5 c=t-6");
	kit_close(&k);
}

static void test_tries_are_bounded(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, AB);
	for (int i = 0; i < 70; i++)
		send(&k, 0, "PUT", "anna");
	assert_int_equal(kit_counts(&k)->evicted, 6);
	send(&k, 1, "GET", "anna");
	assert_found(&k, 64);
	assert_string_equal(k.found[0].steps, "a=t-7 b=t-71");
	assert_true(k.found[0].state_evicted);
	kit_close(&k);
}

static void test_negative_step_between(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B_C);
	send(&k, 0, "PUT", "anna");
	send(&k, 1, "GET", "bert");
	send(&k, 2, "DELETE", "anna");
	assert_found(&k, 1);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	send(&k, 3, "PUT", "anna");
	send(&k, 4, "GET", "anna");
	send(&k, 5, "DELETE", "anna");
	assert_found(&k, 1);
	/* The status is unknown, the method is not: that it was a GET cannot be ruled out. */
	send(&k, 10, "PUT", "anna");
	kit_event(&k, "at: 11s, set: {dav.mailbox: anna}, unknown: [http.request]");
	send(&k, 12, "DELETE", "anna");
	assert_found(&k, 2);
	assert_int_equal(k.found[1].outcome, INCONCLUSIVE_UNKNOWN);
	assert_int_equal(kit_counts(&k)->inconclusive[INCONCLUSIVE_UNKNOWN - 1], 1);
	assert_int_equal(kit_counts(&k)->findings, 1);
	kit_close(&k);
}

static void test_absence_is_due_when_time_has_passed(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	kit_event(&k, "at: 59999ms, set: {http.request.method: OPTIONS}");
	assert_found(&k, 0);
	tick(&k, 60);
	assert_found(&k, 1);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	assert_int_equal(k.found[0].ns, 60 * SEC);
	assert_int_equal(k.found[0].last_ns, 0);
	assert_false(k.found[0].has_cause);
	assert_string_equal(k.found[0].steps, "a=t-1");
	kit_close(&k);
}

static void test_what_comes_at_the_deadline_is_too_late(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	send(&k, 60, "GET", "anna");
	assert_found(&k, 1);
	send(&k, 70, "PUT", "anna");
	kit_event(&k, "at: 129999ms, set: {http.request.method: GET, dav.mailbox: anna}");
	tick(&k, 200);
	rules_finish(k.rules, 300 * SEC);
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_several_negative_steps(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B_NOT_C);
	send(&k, 0, "PUT", "anna");
	send(&k, 1, "PUT", "bert");
	send(&k, 2, "PUT", "carl");
	send(&k, 3, "GET", "anna");
	send(&k, 4, "DELETE", "bert");
	tick(&k, 100);
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "carl");
	kit_close(&k);
}

static void test_due_ones_come_in_order_of_time(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	static const char *const names[] = { "d", "b", "a", "c" };
	for (int i = 0; i < 4; i++)
		send(&k, i, "PUT", names[i]);
	tick(&k, 1000);
	assert_found(&k, 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(k.found[i].message, names[i]);
		assert_int_equal(k.found[i].ns, (60 + i) * SEC);
	}
	kit_close(&k);
}

static void test_end_of_recording(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	send(&k, 50, "PUT", "bert");
	rules_finish(k.rules, 60 * SEC);
	assert_found(&k, 2);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	assert_int_equal(k.found[1].outcome, INCONCLUSIVE_EOF);
	assert_string_equal(k.found[1].message, "bert");
	kit_close(&k);
	kit_open(&k, A_NOT_B_C);
	send(&k, 0, "PUT", "anna");
	rules_finish(k.rules, 10 * SEC);
	assert_found(&k, 0);
	kit_close(&k);
	kit_open(&k, A_NOT_B "      at_eof: fire\n");
	send(&k, 0, "PUT", "anna");
	rules_finish(k.rules, 10 * SEC);
	assert_found(&k, 1);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	kit_close(&k);
}

static void test_inconclusive_records_are_bounded(void **state)
{
	(void)state;
	struct rulekit k;
	kit_init(&k);
	k.limits.rule_inconclusive = 3;
	kit_start(&k, "", A_NOT_B);
	for (int i = 0; i < 10; i++)
		send(&k, i, "PUT", "anna");
	rules_finish(k.rules, 11 * SEC);
	assert_found(&k, 3);
	assert_int_equal(kit_counts(&k)->inconclusive[INCONCLUSIVE_EOF - 1], 10);
	kit_close(&k);
}

static void test_event_of_unknown_key_leaves_it_open(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B);
	send(&k, 0, "PUT", "anna");
	kit_event(&k, "at: 1s, set: {http.request.method: GET}");
	send(&k, 100, "PUT", "bert");
	kit_event(&k, "at: 101s, set: {http.request.method: GET}, unknown: [dav.mailbox]");
	send(&k, 170, "PUT", "carl");
	tick(&k, 300);
	assert_found(&k, 3);
	assert_int_equal(k.found[0].outcome, CONCLUSIVE);
	assert_int_equal(k.found[1].outcome, INCONCLUSIVE_UNKNOWN);
	assert_int_equal(k.found[2].outcome, CONCLUSIVE);
	assert_int_equal(kit_counts(&k)->keyless, 2);
	kit_close(&k);
}

static void test_leading_negative_step(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, NOT_A_B);
	tick(&k, 0);
	send(&k, 30, "GET", "early");
	assert_found(&k, 1);
	assert_int_equal(k.found[0].outcome, INCONCLUSIVE_EOF);
	send(&k, 100, "PUT", "anna");
	send(&k, 159, "GET", "anna");
	assert_found(&k, 1);
	send(&k, 160, "GET", "anna");
	assert_found(&k, 2);
	assert_int_equal(k.found[1].outcome, CONCLUSIVE);
	kit_event(&k, "at: 200s, set: {dav.mailbox: anna}, unknown: [http.request]");
	send(&k, 201, "GET", "anna");
	send(&k, 201, "GET", "bert");
	assert_found(&k, 4);
	assert_int_equal(k.found[2].outcome, INCONCLUSIVE_UNKNOWN);
	assert_int_equal(k.found[3].outcome, CONCLUSIVE);
	kit_event(&k, "at: 300s, event: loss, set: {}");
	send(&k, 301, "GET", "anna");
	assert_int_equal(k.found[4].outcome, INCONCLUSIVE_LOSS);
	send(&k, 361, "GET", "anna");
	assert_int_equal(k.found[5].outcome, CONCLUSIVE);
	assert_found(&k, 6);
	kit_close(&k);
}

/* Who forgets that a step came must not say it did not. */
static void test_forgotten_negative_step(void **state)
{
	(void)state;
	struct rulekit k;
	kit_init(&k);
	k.limits.rule_keys = 2;
	kit_start(&k, "", NOT_A_B);
	tick(&k, 0);
	send(&k, 100, "PUT", "anna");
	send(&k, 101, "PUT", "bert");
	send(&k, 102, "PUT", "carl");
	assert_int_equal(kit_counts(&k)->evicted, 1);
	send(&k, 110, "GET", "anna");
	assert_found(&k, 1);
	assert_int_equal(k.found[0].outcome, INCONCLUSIVE_UNKNOWN);
	kit_close(&k);
}

/* An event that is both: in doubt there is no alert. */
static void test_negative_before_positive(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, SEQUENCE "      steps:\n" YES("a", "PUT") NOT("n", "GET") YES("b", "GET"));
	send(&k, 0, "PUT", "anna");
	send(&k, 1, "GET", "anna");
	assert_found(&k, 0);
	kit_close(&k);
	/* But the event that opens a try does not kill it. */
	kit_open(&k, SEQUENCE "      steps:\n" YES("a", "PUT") NOT("n", "PUT"));
	send(&k, 0, "PUT", "anna");
	send(&k, 30, "PUT", "anna");
	tick(&k, 89);
	assert_found(&k, 0);
	tick(&k, 90);
	assert_found(&k, 1);
	assert_string_equal(k.found[0].steps, "a=t-2");
	kit_close(&k);
}

static void test_limit_of_due_absences_uses_the_last_event(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B "    limit: {by: [dav.href], max: 1, per: 1h}\n");
	kit_request(&k, 0, "PUT", "anna", "/x");
	kit_request(&k, 1, "PUT", "bert", "/x");
	kit_request(&k, 2, "PUT", "carl", "/y");
	tick(&k, 100);
	assert_found(&k, 2);
	assert_string_equal(k.found[0].message, "anna");
	assert_string_equal(k.found[1].message, "carl");
	assert_int_equal(kit_counts(&k)->limited, 1);
	kit_close(&k);
}

static void test_suppression_of_due_absences(void **state)
{
	(void)state;
	struct rulekit k;
	kit_init(&k);
	kit_start(&k,
	    "suppress:\n"
	    "  - rule: row\n"
	    "    where: dav.href == \"/x\"\n"
	    "    until: 2030-01-01\n"
	    "    reason: known\n",
	    A_NOT_B);
	kit_request(&k, 0, "PUT", "anna", "/x");
	kit_request(&k, 1, "PUT", "bert", "/y");
	tick(&k, 100);
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "bert");
	assert_int_equal(kit_counts(&k)->suppressed, 1);
	kit_close(&k);
}

/* Neither as a step that happened nor as one that must not. */
static void test_excepted_events_do_not_count(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, A_NOT_B "    except:\n      - dav.href == \"/robot\"\n");
	kit_request(&k, 0, "PUT", "anna", "/x");
	kit_request(&k, 1, "GET", "anna", "/robot");
	kit_request(&k, 2, "PUT", "bert", "/x");
	kit_request(&k, 3, "GET", "bert", "/x");
	kit_request(&k, 4, "PUT", "carl", "/robot");
	tick(&k, 100);
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "anna");
	assert_int_equal(kit_counts(&k)->excepted, 2);
	kit_close(&k);
	kit_open(&k, NOT_A_B "    except:\n      - dav.href == \"/robot\"\n");
	tick(&k, 0);
	kit_request(&k, 100, "PUT", "anna", "/robot");
	kit_request(&k, 101, "GET", "anna", "/x");
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_steps_of_different_events_and_fields(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k,
	    SEQUENCE "      steps:\n" YES("a",
		"PUT") "        - name: s\n          event: sync\n          keys: {who: airsync.user}\n"
		       "          condition: airsync.status == 5\n");
	send(&k, 0, "PUT", "anna");
	kit_event(&k, "at: 1s, event: sync, set: {airsync.user: bert, airsync.status: 5}");
	assert_found(&k, 0);
	kit_event(&k, "at: 2s, event: sync, set: {airsync.user: anna, airsync.status: 5}");
	assert_found(&k, 1);
	kit_close(&k);
}

/*
 * Against a model without tables: for many small random histories, [a] [not n] [b] [not m] over two
 * names, where each open try is looked at anew for every event.
 */
struct model {
	struct model_try {
		int first;
		char who;
		unsigned step;
		bool open;
	} tries[64];
	size_t n, fired;
};

/* Whose time has passed: those that wait for the last step fire. */
static void model_expire(struct model *m, int now)
{
	for (size_t i = 0; i < m->n; i++) {
		bool over = m->tries[i].open && now - m->tries[i].first >= 60;
		m->fired += over && m->tries[i].step == 2;
		m->tries[i].open &= !over;
	}
}

static void model_event(struct model *m, int now, char method, char who)
{
	bool served = false;
	model_expire(m, now);
	for (size_t i = 0; i < m->n; i++) {
		if (!m->tries[i].open || m->tries[i].who != who)
			continue;
		unsigned step = m->tries[i].step;
		if ((step == 1 && method == 'n') || (step == 2 && method == 'm'))
			m->tries[i].open = false;
		if (step == 1 && method == 'b') {
			m->tries[i].step = 2;
			served = true;
		}
	}
	if (method == 'a' && !served)
		m->tries[m->n++] = (struct model_try){ now, who, 1, true };
}

static void one_history(uint32_t random)
{
	static const struct {
		char letter;
		const char *method;
	} methods[] = { { 'a', "PUT" }, { 'n', "GET" }, { 'b', "DELETE" }, { 'm', "MOVE" },
		{ 'b', "DELETE" }, { 'a', "PUT" } };
	struct model m = { .n = 0 };
	struct rulekit k;
	int now = 0;
	kit_open(&k,
	    SEQUENCE "      steps:\n" YES("a", "PUT") NOT("n", "GET") YES("b", "DELETE")
		NOT("m", "MOVE"));
	for (int i = 0; i < 60; i++) {
		random = random * 1664525 + 1013904223;
		size_t what = (random >> 20) % 6;
		bool anna = random >> 31;
		now += (int)(random >> 24 & 31);
		model_event(&m, now, methods[what].letter, anna ? 'a' : 'b');
		send(&k, now, methods[what].method, anna ? "anna" : "bert");
		assert_found(&k, m.fired);
	}
	assert_true(m.fired > 0);
	kit_close(&k);
}

static void test_against_a_model(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 40; seed++)
		one_history(seed * 7919);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_in_order),
		cmocka_unit_test(test_time_is_that_of_the_first_step),
		cmocka_unit_test(test_several_tries_of_one_key),
		cmocka_unit_test(test_tries_are_bounded),
		cmocka_unit_test(test_negative_step_between),
		cmocka_unit_test(test_absence_is_due_when_time_has_passed),
		cmocka_unit_test(test_what_comes_at_the_deadline_is_too_late),
		cmocka_unit_test(test_several_negative_steps),
		cmocka_unit_test(test_due_ones_come_in_order_of_time),
		cmocka_unit_test(test_end_of_recording),
		cmocka_unit_test(test_inconclusive_records_are_bounded),
		cmocka_unit_test(test_excepted_events_do_not_count),
		cmocka_unit_test(test_event_of_unknown_key_leaves_it_open),
		cmocka_unit_test(test_leading_negative_step),
		cmocka_unit_test(test_forgotten_negative_step),
		cmocka_unit_test(test_negative_before_positive),
		cmocka_unit_test(test_limit_of_due_absences_uses_the_last_event),
		cmocka_unit_test(test_suppression_of_due_absences),
		cmocka_unit_test(test_steps_of_different_events_and_fields),
		cmocka_unit_test(test_against_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
