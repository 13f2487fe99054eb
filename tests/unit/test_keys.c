/*
 * test_keys.c - keys as bytes, the order in which they leave, exact counts of what left, and budgets
 * that hold for a million of them.
 */
#include "tests/unit/rulekit.h"

#include "tests/unit/make.h"

#include <stdlib.h>

#define WINDOW(within) \
	"  - id: many\n    event: transaction\n    title: t\n    severity: low\n" \
	"    references: [{title: x, url: \"http://x/\"}]\n" \
	"    condition: http.request.method == \"PUT\"\n" \
	"    window: {within: " within ", by: [http.request.target], fire: '>= 2'}\n" \
	"    output: \"{key.http.request.target}\"\n"
#define ABSENCE \
	"  - id: gone\n    title: t\n    severity: low\n" \
	"    references: [{title: x, url: \"http://x/\"}]\n    output: x\n" \
	"    sequence:\n      within: 1h\n      by: [what]\n      steps:\n" \
	"        - name: a\n          event: transaction\n          keys: {what: http.request.target}\n" \
	"          condition: http.request.method == \"PUT\"\n" \
	"        - name: b\n          not: true\n          event: transaction\n" \
	"          keys: {what: http.request.target}\n" \
	"          condition: http.request.method == \"GET\"\n"

/* ---- a transaction that costs nothing to make again ---- */

struct sender {
	struct rulekit kit;
	struct txn txn;
	struct facts facts;
	char target[32];
};

static void sender_start(struct sender *s, const char *rule, uint64_t keys, uint64_t bytes)
{
	*s = (struct sender){ .facts = { .flavour_evidence = "x" } };
	kit_init(&s->kit);
	s->kit.limits.rule_keys = keys;
	s->kit.limits.rule_state = bytes;
	kit_start(&s->kit, "", rule);
	made_message(&s->txn.req, NULL, 1);
	made_message(&s->txn.res, NULL, 4);
	s->txn.req.method = SLICE("PUT");
	s->txn.flow.frame = 1;
}

static void sender_put(struct sender *s, uint64_t number, int64_t ns)
{
	s->target[0] = '/';
	s->txn.req.target = (struct slice){ (const uint8_t *)s->target,
		1 + decimal_put(s->target + 1, number) };
	uint64_t frame = ++s->kit.order * 4;
	s->txn.req.first = s->txn.req.head = s->txn.req.last = made_stamp(frame);
	s->txn.res.first = s->txn.res.head = s->txn.res.last = made_stamp(frame + 1);
	s->txn.done = s->txn.res.last;
	struct event e = { .kind = EVENT_TRANSACTION,
		.at = s->txn.done,
		.id = SLICE("t-1-1"),
		.flow_id = SLICE("c-1"),
		.txn = &s->txn,
		.facts = &s->facts };
	e.at.ns = ns;
	rules_event(s->kit.rules, &e);
}

static const struct store *store_of(const struct sender *s)
{
	return &s->kit.rules->store;
}

static uint64_t evicted_of(const struct sender *s)
{
	return kit_counts(&s->kit)->evicted;
}

/* ---- bytes ---- */

struct text_value {
	enum field_type type;
	const char *text;
};

static uint64_t hash_of_values(const struct text_value *values, size_t n)
{
	uint64_t all = 0;
	for (size_t i = 0; i < n; i++) {
		struct value v = { .text = slice_from(values[i].text) };
		uint64_t one = value_hash(&v, values[i].type, hash_key_from(3));
		all = all * 31 + one;
	}
	return all;
}

static void test_values_compare_as_their_type_does(void **state)
{
	(void)state;
	struct text_value a = { FIELD_ISTRING, "Host" }, b = { FIELD_ISTRING, "hOST" };
	assert_int_equal(hash_of_values(&a, 1), hash_of_values(&b, 1));
	a.type = b.type = FIELD_STRING;
	assert_int_not_equal(hash_of_values(&a, 1), hash_of_values(&b, 1));
	struct endpoint x = { 4, 80, { 10, 0, 0, 1 } }, y = { 4, 99, { 10, 0, 0, 1 } };
	struct endpoint z = { 6, 80, { 10, 0, 0, 1 } };
	struct value v = { .ip = &x }, w = { .ip = &y }, u = { .ip = &z };
	struct hash_key key = hash_key_from(3);
	assert_int_equal(value_hash(&v, FIELD_IP, key), value_hash(&w, FIELD_IP, key));
	assert_int_not_equal(value_hash(&v, FIELD_IP, key), value_hash(&u, FIELD_IP, key));
	struct value one = { .number = 1 };
	assert_int_not_equal(value_hash(&one, FIELD_INT, key), value_hash(&one, FIELD_BOOL, key));
}

static void test_long_values_differ_anywhere(void **state)
{
	(void)state;
	char text[1000];
	struct hash_key key = hash_key_from(3);
	memset(text, 'a', sizeof(text));
	struct value v = { .text = { (const uint8_t *)text, sizeof(text) } };
	uint64_t same = value_hash(&v, FIELD_STRING, key);
	for (size_t i = 0; i < sizeof(text); i += 111) {
		text[i] = 'b';
		assert_int_not_equal(value_hash(&v, FIELD_STRING, key), same);
		text[i] = 'a';
	}
	uint64_t nocase = value_hash(&v, FIELD_ISTRING, key);
	text[999] = 'A';
	assert_int_equal(value_hash(&v, FIELD_ISTRING, key), nocase);
	v.text.n--;
	assert_int_not_equal(value_hash(&v, FIELD_STRING, key), same);
}

/* ---- who leaves ---- */

static void test_least_recently_used_leaves_first(void **state)
{
	(void)state;
	struct sender s;
	sender_start(&s, WINDOW("1h"), 3, 1 << 20);
	sender_put(&s, 1, 1);
	sender_put(&s, 2, 2);
	sender_put(&s, 3, 3);
	assert_int_equal(evicted_of(&s), 0);
	sender_put(&s, 1, 4);
	assert_found(&s.kit, 1);
	sender_put(&s, 1, 5);
	/* 2 is the oldest now. */
	sender_put(&s, 4, 6);
	assert_int_equal(evicted_of(&s), 1);
	sender_put(&s, 3, 7);
	assert_found(&s.kit, 2);
	assert_true(s.kit.found[1].state_evicted);
	assert_false(s.kit.found[0].state_evicted);
	sender_put(&s, 2, 8);
	assert_found(&s.kit, 2);
	kit_close(&s.kit);
}

static void test_idle_keys_are_no_loss(void **state)
{
	(void)state;
	struct sender s;
	sender_start(&s, WINDOW("10s"), 100, 1 << 20);
	for (uint64_t i = 0; i < 10000; i++)
		sender_put(&s, i, (int64_t)i * SEC);
	assert_int_equal(evicted_of(&s), 0);
	assert_true(store_of(&s)->n_keys <= 10);
	kit_close(&s.kit);
	sender_start(&s, ABSENCE, 10000, 1 << 24);
	for (uint64_t i = 0; i < 7200; i++)
		sender_put(&s, i, (int64_t)i * SEC);
	assert_int_equal(evicted_of(&s), 0);
	assert_int_equal(store_of(&s)->n_keys, 3600);
	assert_int_equal(store_of(&s)->n_due, 3600);
	assert_found(&s.kit, 3600);
	kit_close(&s.kit);
}

static void test_one_rule_does_not_take_the_keys_of_another(void **state)
{
	(void)state;
	struct sender s;
	sender_start(&s, ABSENCE WINDOW("1s"), 4, 1 << 20);
	for (uint64_t i = 0; i < 4; i++)
		sender_put(&s, i, (int64_t)i);
	for (uint64_t i = 0; i < 1000; i++)
		sender_put(&s, i % 4, (int64_t)i * SEC);
	assert_int_equal(store_of(&s)->n_keys, 5);
	assert_int_equal(rules_counts(s.kit.rules, 1)->evicted, 0);
	kit_close(&s.kit);
}

static void test_everything_is_given_back(void **state)
{
	(void)state;
	struct sender s;
	sender_start(&s, ABSENCE WINDOW("10s"), 1000, 1 << 20);
	size_t before = store_of(&s)->used;
	for (uint64_t i = 0; i < 500; i++)
		sender_put(&s, i, (int64_t)i * 1000);
	struct store *store = &s.kit.rules->store;
	rules_finish(s.kit.rules, SEC);
	for (size_t i = 0; i < 2; i++)
		space_clear(store, &s.kit.rules->states[i]->keys);
	assert_int_equal(store->n_keys, 0);
	assert_int_equal(store->n_due, 0);
	/* What stays is room for the heap. */
	assert_int_equal(store->used - before, store->due_room * sizeof(void *) + 16);
	kit_close(&s.kit);
}

/* ---- a million ---- */

static void test_a_million_keys(void **state)
{
	(void)state;
	enum { KEYS = 1000000, MORE = 250000 };
	struct sender s;
	sender_start(&s, WINDOW("1h"), KEYS, UINT64_C(400) << 20);
	for (uint64_t i = 0; i < KEYS; i++)
		sender_put(&s, i, (int64_t)i);
	assert_int_equal(store_of(&s)->n_keys, KEYS);
	assert_int_equal(evicted_of(&s), 0);
	for (uint64_t i = KEYS; i < KEYS + MORE; i++)
		sender_put(&s, i, (int64_t)i);
	assert_int_equal(store_of(&s)->n_keys, KEYS);
	assert_int_equal(evicted_of(&s), MORE);
	assert_true(store_of(&s)->used <= store_of(&s)->budget);
	/* The oldest that is left, and the newest that left. */
	sender_put(&s, MORE, KEYS + MORE);
	assert_found(&s.kit, 1);
	sender_put(&s, MORE - 1, KEYS + MORE);
	assert_found(&s.kit, 1);
	kit_close(&s.kit);
}

static void memory_bound(const char *rule)
{
	enum { KEYS = 100000 };
	struct sender s;
	sender_start(&s, rule, 2000000, 4 << 20);
	for (uint64_t i = 0; i < KEYS; i++) {
		sender_put(&s, i, (int64_t)i);
		if (store_of(&s)->used > store_of(&s)->budget)
			fail_msg("over budget after %d keys", (int)i);
	}
	assert_true(store_of(&s)->n_keys > 5000);
	assert_int_equal(store_of(&s)->n_keys + evicted_of(&s), KEYS);
	kit_close(&s.kit);
}

static void test_bytes_are_the_bound(void **state)
{
	(void)state;
	memory_bound(WINDOW("1h"));
	memory_bound(ABSENCE);
}

/* Where not even one key fits, events are not used, and that is counted. */
static void test_no_room_at_all(void **state)
{
	(void)state;
	struct sender s;
	sender_start(&s, WINDOW("1h"), 10, 64);
	for (uint64_t i = 0; i < 5; i++)
		sender_put(&s, 1, (int64_t)i);
	assert_found(&s.kit, 0);
	assert_int_equal(evicted_of(&s), 5);
	kit_close(&s.kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_compare_as_their_type_does),
		cmocka_unit_test(test_long_values_differ_anywhere),
		cmocka_unit_test(test_least_recently_used_leaves_first),
		cmocka_unit_test(test_idle_keys_are_no_loss),
		cmocka_unit_test(test_one_rule_does_not_take_the_keys_of_another),
		cmocka_unit_test(test_everything_is_given_back),
		cmocka_unit_test(test_a_million_keys),
		cmocka_unit_test(test_bytes_are_the_bound),
		cmocka_unit_test(test_no_room_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
