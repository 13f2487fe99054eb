/*
 * test_told.c - rules/told.c: later states of an item or a session are later states of one finding.
 */
#include "tests/unit/rulekit.h"

#include "tests/unit/make.h"

#define RULE(id, rest) \
	"  - id: " id "\n    title: t\n    severity: high\n    event: item\n" \
	"    condition: item.duplicate\n    output: '{item.copies} copies'\n" rest
#define SURE "    escalate: {severity: critical, when: item.certainty == \"confirmed\"}\n"

/* One state of a matter, as the analysis tells it. */
struct told {
	struct matter matter;
	struct stamp packets[2];
	struct event event;
};

static void told_make(struct told *t, enum trouble trouble, uint64_t number, uint64_t update)
{
	*t = (struct told){ .matter = { .trouble = trouble,
				.number = number,
				.update = update,
				.certainty = update == 0 ? PROBABLE : CONFIRMED,
				.copies = update + 2,
				.n_packets = 2 },
		.packets = { made_stamp(3), made_stamp(20 + update) } };
	t->matter.packets = t->packets;
	t->event = (struct event){ .kind = trouble_is_of_item(trouble) ? EVENT_ITEM : EVENT_SESSION,
		.at = made_stamp(20 + update),
		.id = SLICE("x"),
		.update = update,
		.matter = &t->matter };
}

static void tell(struct rulekit *k, enum trouble trouble, uint64_t number, uint64_t update)
{
	struct told t;
	told_make(&t, trouble, number, update);
	rules_event(k->rules, &t.event);
}

static void test_states_of_one_finding(void **state)
{
	struct rulekit k;
	(void)state;
	kit_open(&k, RULE("one", SURE));
	tell(&k, TROUBLE_DUPLICATE, 4, 0);
	tell(&k, TROUBLE_DUPLICATE, 5, 0);
	tell(&k, TROUBLE_DUPLICATE, 4, 1);
	tell(&k, TROUBLE_DUPLICATE, 4, 2);
	assert_found(&k, 4);
	assert_int_equal(k.found[2].id, k.found[0].id);
	assert_int_equal(k.found[3].id, k.found[0].id);
	assert_int_not_equal(k.found[1].id, k.found[0].id);
	assert_int_equal(k.found[0].update, 0);
	assert_int_equal(k.found[2].update, 1);
	assert_int_equal(k.found[3].update, 2);
	assert_string_equal(k.found[3].message, "4 copies");
	assert_int_equal(k.found[3].count, 3);
	assert_true(k.found[3].first_ns == made_stamp(20).ns);
	assert_true(k.found[3].last_ns == made_stamp(22).ns);
	assert_int_equal(k.found[0].severity, SEVERITY_HIGH);
	assert_int_equal(k.found[3].severity, SEVERITY_CRITICAL);
	assert_int_equal(kit_counts(&k)->findings, 2);
	assert_int_equal(kit_counts(&k)->matches, 4);
	kit_close(&k);
}

/* A later state that is less sure takes nothing away. */
static void test_severity_stays(void **state)
{
	struct rulekit k;
	struct told t;
	(void)state;
	kit_open(&k, RULE("one", SURE));
	tell(&k, TROUBLE_DUPLICATE, 4, 1);
	told_make(&t, TROUBLE_DUPLICATE, 4, 2);
	t.matter.certainty = PROBABLE;
	rules_event(k.rules, &t.event);
	assert_found(&k, 2);
	assert_string_equal(k.found[1].message, "4 copies");
	assert_int_equal(k.found[1].severity, SEVERITY_CRITICAL);
	kit_close(&k);
}

/* A rule that only the later state concerns tells it for the first time. */
static void test_first_state_that_matters(void **state)
{
	struct rulekit k;
	(void)state;
	kit_open(&k,
	    "  - id: sure\n    title: t\n    severity: high\n    event: item\n"
	    "    condition: item.certainty == \"confirmed\"\n    output: x\n");
	tell(&k, TROUBLE_DUPLICATE, 4, 0);
	tell(&k, TROUBLE_DUPLICATE, 4, 1);
	tell(&k, TROUBLE_DUPLICATE, 4, 2);
	assert_found(&k, 2);
	assert_int_equal(k.found[0].update, 0);
	assert_int_equal(k.found[1].update, 1);
	assert_int_equal(kit_counts(&k)->findings, 1);
	kit_close(&k);
}

/* What the first state was is not held against the later ones; what was kept back stays so. */
static void test_limit(void **state)
{
	struct rulekit k;
	(void)state;
	kit_open(&k, RULE("one", "    limit: {max: 1, per: 1h}\n"));
	tell(&k, TROUBLE_DUPLICATE, 4, 0);
	tell(&k, TROUBLE_DUPLICATE, 5, 0);
	tell(&k, TROUBLE_DUPLICATE, 4, 1);
	tell(&k, TROUBLE_DUPLICATE, 5, 1);
	tell(&k, TROUBLE_DUPLICATE, 4, 2);
	assert_found(&k, 3);
	assert_int_equal(k.found[2].id, k.found[0].id);
	assert_int_equal(kit_counts(&k)->findings, 1);
	assert_int_equal(kit_counts(&k)->limited, 1);
	kit_close(&k);
}

static void test_matters_are_told_apart(void **state)
{
	struct rulekit k;
	(void)state;
	kit_open(&k,
	    "  - id: any\n    title: t\n    severity: low\n    event: item\n"
	    "    condition: exists item.trouble\n    output: x\n");
	tell(&k, TROUBLE_DUPLICATE, 4, 0);
	tell(&k, TROUBLE_LYING_TAG, 4, 0);
	tell(&k, TROUBLE_LYING_TAG, 4, 1);
	tell(&k, TROUBLE_NONE, 4, 0);
	assert_found(&k, 3);
	assert_int_not_equal(k.found[1].id, k.found[0].id);
	assert_int_equal(k.found[2].id, k.found[1].id);
	kit_close(&k);
}

static void test_sessions(void **state)
{
	struct rulekit k;
	(void)state;
	kit_open(&k,
	    "  - id: storm\n    title: t\n    severity: low\n    event: session\n"
	    "    condition: session.trouble == \"token-storm\"\n    output: x\n");
	tell(&k, TROUBLE_TOKEN_STORM, 1, 0);
	tell(&k, TROUBLE_TOKEN_STORM, 1, 1);
	tell(&k, TROUBLE_KEY_STUCK, 1, 0);
	assert_found(&k, 2);
	assert_int_equal(k.found[1].id, k.found[0].id);
	kit_close(&k);
}

/* Events of tests say which matter they are about, or are one each. */
static void test_mocks(void **state)
{
	struct rulekit k;
	(void)state;
	kit_open(&k, RULE("one", ""));
	kit_event(&k,
	    "at: 0s, event: item, set: {item.duplicate: true, item.trouble: duplicate, item.lineage: i-4}");
	kit_event(&k,
	    "at: 1s, event: item, set: {item.duplicate: true, item.trouble: duplicate, item.lineage: i-4}");
	kit_event(&k, "at: 2s, event: item, set: {item.duplicate: true}");
	kit_event(&k, "at: 3s, event: item, set: {item.duplicate: true}");
	assert_found(&k, 4);
	assert_int_equal(k.found[1].id, k.found[0].id);
	assert_int_equal(k.found[1].update, 1);
	assert_int_not_equal(k.found[3].id, k.found[2].id);
	kit_close(&k);
}

/* While it is suppressed nothing is remembered: the first state behind that is the first one. */
static void test_suppressed(void **state)
{
	struct rulekit k;
	(void)state;
	kit_init(&k);
	kit_start(&k,
	    "suppress:\n  - {rule: one, where: item.copies == 2, until: 2030-01-01, reason: known}\n",
	    RULE("one", ""));
	tell(&k, TROUBLE_DUPLICATE, 4, 0);
	assert_found(&k, 0);
	tell(&k, TROUBLE_DUPLICATE, 4, 1);
	assert_found(&k, 1);
	assert_int_equal(k.found[0].update, 0);
	kit_close(&k);
}

/* At the bound the oldest matter is forgotten, and counted. */
static void test_bounded(void **state)
{
	struct rulekit k;
	(void)state;
	kit_init(&k);
	k.limits.rule_keys = 8;
	kit_start(&k, "", RULE("one", ""));
	for (uint64_t i = 0; i < 100; i++)
		tell(&k, TROUBLE_DUPLICATE, i, 0);
	assert_found(&k, 100);
	assert_int_equal(kit_counts(&k)->evicted, 92);
	assert_true(k.found[99].state_evicted);
	tell(&k, TROUBLE_DUPLICATE, 99, 1);
	assert_int_equal(k.found[100].update, 1);
	kit_close(&k);
}

/* Another severity ends what the rule escalates to, unless that is given anew. */
static void test_escalate(void **state)
{
	static const struct {
		const char *override;
		enum severity severity, worst;
	} cases[] = {
		{ "", SEVERITY_HIGH, SEVERITY_CRITICAL },
		{ "override: [{id: one, severity: info}]\n", SEVERITY_INFO, SEVERITY_INFO },
		{ "override: [{id: one, severity: info, escalate: {severity: low, when: item.duplicate}}]\n",
		    SEVERITY_INFO, SEVERITY_LOW },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rulekit k;
		kit_init(&k);
		kit_start(&k, cases[i].override, RULE("one", SURE));
		const struct rule *rule = ruleset_rule(rules_set(k.rules), 0);
		assert_int_equal(rule->severity, cases[i].severity);
		assert_int_equal(rule->worst, cases[i].worst);
		tell(&k, TROUBLE_DUPLICATE, 4, 0);
		tell(&k, TROUBLE_DUPLICATE, 5, 1);
		assert_found(&k, 2);
		assert_int_equal(k.found[1].severity, cases[i].worst);
		kit_close(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_of_one_finding),
		cmocka_unit_test(test_severity_stays),
		cmocka_unit_test(test_first_state_that_matters),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_matters_are_told_apart),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_mocks),
		cmocka_unit_test(test_suppressed),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_escalate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
