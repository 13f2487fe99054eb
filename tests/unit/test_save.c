/*
 * test_save.c - rules/save.c, tries_form.c: what rules remember in another process, and what they do not.
 */
#include "tests/unit/rulekit.h"

#define HEAD(id) "  - id: " id "\n    title: t\n    severity: low\n"
#define SEQUENCE \
	HEAD("absence") \
	"    sequence:\n      within: 60s\n      by: [who]\n      steps:\n" \
	"        - {name: a, event: transaction, keys: {who: dav.mailbox}, condition: http.request.method == \"PUT\"}\n" \
	"        - {name: b, not: true, event: transaction, keys: {who: dav.mailbox}, condition: http.request.method == \"GET\"}\n" \
	"    output: \"{key.who}\"\n"
#define WINDOW(fire) \
	HEAD("several") \
	"    event: transaction\n    condition: http.request.method == \"PUT\"\n" \
	"    window: {within: 60s, by: [dav.mailbox], fire: \">= " fire "\"}\n" \
	"    output: \"{dav.mailbox}\"\n"
#define LIMITED \
	HEAD("limited") \
	"    event: transaction\n    condition: http.request.method == \"PUT\"\n" \
	"    limit: {by: [dav.mailbox], max: 1, per: 1h}\n" \
	"    output: \"{dav.mailbox}\"\n"

enum { RECORDS = 64 };
struct kept {
	struct state_record record;
	uint8_t body[2048];
};
struct keeper {
	struct kept list[RECORDS];
	size_t n, given, forgotten;
};

static bool put(void *ctx, const struct state_record *r)
{
	struct keeper *k = ctx;
	size_t i = 0;
	while (i < k->n &&
	    (k->list[i].record.part != r->part ||
		memcmp(k->list[i].record.key, r->key, sizeof(r->key)) != 0))
		i++;
	assert_true(i < RECORDS && r->body.n <= sizeof(k->list[i].body));
	k->n += i == k->n;
	k->given++;
	k->forgotten += r->body.n == 0;
	k->list[i].record = *r;
	if (r->body.n != 0)
		memcpy(k->list[i].body, r->body.p, r->body.n);
	k->list[i].record.body.p = k->list[i].body;
	return true;
}

static void save(struct rulekit *k, struct keeper *keeper)
{
	keeper->given = keeper->forgotten = 0;
	assert_true(rules_save(k->rules, &(struct state_sink){ put, keeper }));
}

/* The same rules in another process; or others. */
static void restart(struct rulekit *k, struct keeper *keeper, const char *items)
{
	rules_free(k->rules);
	kit_start(k, "", items);
	for (size_t i = 0; i < keeper->n; i++)
		if (keeper->list[i].record.part == STATE_RULE)
			assert_true(rules_load(k->rules, &keeper->list[i].record));
	for (size_t i = 0; i < keeper->n; i++)
		if (keeper->list[i].record.part == STATE_KEY && keeper->list[i].record.body.n != 0)
			assert_true(rules_load(k->rules, &keeper->list[i].record));
}

static void a_try_goes_on(void **state)
{
	struct rulekit one, two;
	struct keeper keeper = { .n = 0 };
	(void)state;
	kit_open(&one, SEQUENCE);
	kit_open(&two, SEQUENCE);
	kit_request(&one, 1, "PUT", "anna", "/a");
	kit_request(&two, 1, "PUT", "anna", "/a");
	save(&two, &keeper);
	restart(&two, &keeper, SEQUENCE);
	rules_tick(one.rules, 61 * SEC);
	rules_tick(two.rules, 61 * SEC);
	assert_found(&one, 1);
	assert_found(&two, 1);
	assert_true(one.found[0].id == two.found[0].id);
	assert_string_equal(one.found[0].steps, two.found[0].steps);
	assert_string_equal(two.found[0].message, "anna");
	/* It is over: its key is given up, which is told once. */
	save(&two, &keeper);
	assert_int_equal(keeper.forgotten, 1);
	save(&two, &keeper);
	assert_int_equal(keeper.given, 0);
	kit_close(&one);
	kit_close(&two);
}

static void a_negative_step_ends_it(void **state)
{
	struct rulekit k;
	struct keeper keeper = { .n = 0 };
	(void)state;
	kit_open(&k, SEQUENCE);
	kit_request(&k, 1, "PUT", "anna", "/a");
	save(&k, &keeper);
	restart(&k, &keeper, SEQUENCE);
	kit_request(&k, 2, "GET", "anna", "/a");
	rules_tick(k.rules, 100 * SEC);
	assert_found(&k, 0);
	kit_close(&k);
}

static void a_window_is_filled_up(void **state)
{
	struct rulekit k;
	struct keeper keeper = { .n = 0 };
	(void)state;
	kit_open(&k, WINDOW("3"));
	kit_request(&k, 1, "PUT", "anna", "/a");
	kit_request(&k, 2, "PUT", "anna", "/b");
	save(&k, &keeper);
	restart(&k, &keeper, WINDOW("3"));
	kit_request(&k, 3, "PUT", "bert", "/b");
	assert_found(&k, 0);
	kit_request(&k, 4, "PUT", "anna", "/c");
	assert_found(&k, 1);
	assert_int_equal(k.found[0].count, 3);
	assert_int_equal(k.found[0].first_ns, SEC);
	assert_int_equal(kit_counts(&k)->matches, 4);
	kit_close(&k);
}

static void a_limit_holds_on(void **state)
{
	struct rulekit k;
	struct keeper keeper = { .n = 0 };
	(void)state;
	kit_open(&k, LIMITED);
	kit_request(&k, 1, "PUT", "anna", "/a");
	kit_request(&k, 2, "PUT", "anna", "/b");
	assert_found(&k, 1);
	save(&k, &keeper);
	restart(&k, &keeper, LIMITED);
	kit_request(&k, 3, "PUT", "anna", "/c");
	assert_found(&k, 1);
	kit_request(&k, 3601, "PUT", "anna", "/d");
	assert_found(&k, 2);
	assert_int_equal(k.found[1].suppressed, 2);
	kit_close(&k);
}

/* What it says now was not meant then. */
static void another_rule_remembers_nothing(void **state)
{
	struct rulekit k;
	struct keeper keeper = { .n = 0 };
	(void)state;
	kit_open(&k, WINDOW("3"));
	kit_request(&k, 1, "PUT", "anna", "/a");
	save(&k, &keeper);
	restart(&k, &keeper, WINDOW("2"));
	assert_int_equal(kit_counts(&k)->matches, 0);
	kit_request(&k, 2, "PUT", "anna", "/a");
	assert_found(&k, 0);
	kit_request(&k, 3, "PUT", "anna", "/a");
	assert_found(&k, 1);
	kit_close(&k);
}

static void nothing_is_loaded_twice(void **state)
{
	struct rulekit k;
	struct keeper keeper = { .n = 0 };
	struct state_record other = { .part = STATE_ITEM };
	(void)state;
	kit_open(&k, WINDOW("3"));
	kit_request(&k, 1, "PUT", "anna", "/a");
	save(&k, &keeper);
	restart(&k, &keeper, WINDOW("3"));
	for (size_t i = 0; i < keeper.n; i++)
		if (keeper.list[i].record.part == STATE_KEY)
			assert_false(rules_load(k.rules, &keeper.list[i].record));
	assert_false(rules_load(k.rules, &other));
	save(&k, &keeper);
	assert_int_equal(keeper.forgotten, 0);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_try_goes_on),
		cmocka_unit_test(a_negative_step_ends_it),
		cmocka_unit_test(a_window_is_filled_up),
		cmocka_unit_test(a_limit_holds_on),
		cmocka_unit_test(another_rule_remembers_nothing),
		cmocka_unit_test(nothing_is_loaded_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
