/*
 * test_window.c - rules that count events or values of a key within a sliding time.
 */
#include "tests/unit/rulekit.h"

#define RULE(window) \
	"  - id: many\n" \
	"    event: transaction\n" \
	"    title: t\n" \
	"    severity: low\n" \
	"    condition: http.request.method == \"PUT\"\n" \
	"    window: {" window "}\n" \
	"    output: \"{window.count} {window.distinct} {window.span}\"\n" \
	"    references: [{title: x, url: \"http://x/\"}]\n"

static void put(struct rulekit *k, int second, const char *who, const char *href)
{
	kit_request(k, second, "PUT", who, href);
}

static void test_fires_at_the_number_and_begins_anew(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], fire: '>= 3'"));
	put(&k, 0, "anna", "/a");
	put(&k, 1, "anna", "/a");
	assert_found(&k, 0);
	put(&k, 2, "anna", "/a");
	assert_found(&k, 1);
	put(&k, 3, "anna", "/a");
	put(&k, 4, "anna", "/a");
	assert_found(&k, 1);
	put(&k, 5, "anna", "/a");
	assert_found(&k, 2);
	assert_string_equal(k.found[0].keys, "dav.mailbox=anna");
	assert_string_equal(k.found[0].message, "3 3 2s");
	assert_int_equal(k.found[0].count, 3);
	assert_int_equal(k.found[0].n_evidence, 3);
	assert_int_equal(k.found[0].evidence[2].frame, 3);
	assert_int_equal(k.found[0].first_ns, 0);
	assert_int_equal(k.found[0].last_ns, 2 * SEC);
	assert_int_not_equal(k.found[0].id, k.found[1].id);
	assert_int_equal(k.found[1].update, 0);
	assert_int_equal(kit_counts(&k)->matches, 6);
	assert_int_equal(kit_counts(&k)->findings, 2);
	kit_close(&k);
}

static void test_half_open_at_the_old_end(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], fire: '>= 2'"));
	put(&k, 0, "anna", "/a");
	put(&k, 10, "anna", "/a");
	assert_found(&k, 0);
	kit_event(&k, "at: 19999ms, set: {http.request.method: PUT, dav.mailbox: anna}");
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_keys_apart_and_missing(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox, dav.href], fire: '>= 2'"));
	put(&k, 0, "anna", "/ab");
	put(&k, 1, "annaa", "/b");
	put(&k, 1, "bert", "/ab");
	put(&k, 1, "anna", "/a");
	kit_event(&k, "at: 2s, set: {http.request.method: PUT, dav.mailbox: anna}");
	kit_event(&k,
	    "at: 2s, set: {http.request.method: PUT, dav.href: /ab}, unknown: [dav.mailbox]");
	assert_found(&k, 0);
	assert_int_equal(kit_counts(&k)->keyless, 2);
	put(&k, 3, "anna", "/ab");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].keys, "dav.mailbox=anna dav.href=/ab");
	kit_close(&k);
}

static void test_without_keys_all_events_count(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, fire: '>= 2'"));
	put(&k, 0, "anna", "/a");
	put(&k, 1, "bert", "/b");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].keys, "");
	kit_close(&k);
}

static void test_long_keys_are_told_apart(void **state)
{
	(void)state;
	struct rulekit k;
	char a[400], b[400];
	memset(a, 'x', sizeof(a) - 1);
	a[0] = '/';
	a[sizeof(a) - 1] = '\0';
	memcpy(b, a, sizeof(a));
	b[sizeof(b) - 2] = 'y';
	kit_open(&k, RULE("within: 10s, by: [dav.href], fire: '>= 2'"));
	for (int i = 0; i < 2; i++) {
		char item[700];
		snprintf(item, sizeof(item),
		    "at: %ds, set: {http.request.method: PUT, dav.href: %s}", i, i == 0 ? a : b);
		kit_event(&k, item);
	}
	assert_found(&k, 0);
	char item[700];
	snprintf(item, sizeof(item), "at: 2s, set: {http.request.method: PUT, dav.href: %s}", a);
	kit_event(&k, item);
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_distinct_values(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], distinct: dav.href, fire: '>= 3'"));
	put(&k, 0, "anna", "/a");
	put(&k, 1, "anna", "/b");
	put(&k, 2, "anna", "/a");
	put(&k, 3, "anna", "/b");
	assert_found(&k, 0);
	/* The first /a is old by now, the later one is not. */
	put(&k, 11, "anna", "/c");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "3 3 9s");
	kit_event(&k, "at: 12s, set: {http.request.method: PUT, dav.mailbox: anna}");
	assert_int_equal(kit_counts(&k)->keyless, 1);
	kit_close(&k);
}

static void test_distinct_forgets_what_is_old(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], distinct: dav.href, fire: '>= 2'"));
	put(&k, 0, "anna", "/a");
	put(&k, 10, "anna", "/b");
	assert_found(&k, 0);
	put(&k, 12, "anna", "/b");
	put(&k, 20, "anna", "/a");
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_each_of_several_values_counts(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k,
	    RULE("within: 10s, by: [dav.mailbox], distinct: dav.request.href, fire: '>= 4'"));
	kit_event(&k,
	    "at: 0s, set: {http.request.method: PUT, dav.mailbox: anna, dav.request.href: [/a, /b, /a]}");
	kit_event(&k,
	    "at: 1s, set: {http.request.method: PUT, dav.mailbox: anna, dav.request.href: [/b, /c, /b]}");
	assert_found(&k, 0);
	kit_event(&k,
	    "at: 2s, set: {http.request.method: PUT, dav.mailbox: anna, dav.request.href: [/a, /d]}");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "3 4 2s");
	assert_int_equal(k.found[0].n_evidence, 3);
	kit_close(&k);
}

static void test_kept_window_updates_its_finding(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], fire: '>= 2', after: keep"));
	put(&k, 0, "anna", "/a");
	put(&k, 5, "anna", "/a");
	put(&k, 9, "anna", "/a");
	put(&k, 14, "anna", "/a");
	assert_found(&k, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(k.found[i].id, k.found[0].id);
		assert_int_equal(k.found[i].update, i);
	}
	assert_int_equal(k.found[1].count, 3);
	assert_int_equal(k.found[2].count, 3);
	/* At 24 s only one is left: the next one makes a finding of its own. */
	put(&k, 23, "anna", "/a");
	assert_found(&k, 4);
	assert_int_not_equal(k.found[3].id, k.found[0].id);
	assert_int_equal(k.found[3].update, 0);
	assert_int_equal(kit_counts(&k)->findings, 2);
	kit_close(&k);
}

static void test_limit_holds_back_but_not_updates(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k,
	    RULE(
		"within: 10s, by: [dav.mailbox], fire: '>= 2', after: keep") "    limit: {max: 1, per: 60s}\n");
	put(&k, 0, "anna", "/a");
	put(&k, 0, "bert", "/a");
	put(&k, 1, "anna", "/a");
	put(&k, 1, "bert", "/a");
	put(&k, 2, "anna", "/a");
	assert_found(&k, 2);
	assert_int_equal(k.found[1].update, 1);
	assert_int_equal(kit_counts(&k)->limited, 1);
	put(&k, 60, "bert", "/a");
	put(&k, 61, "bert", "/a");
	assert_found(&k, 3);
	assert_int_equal(k.found[2].suppressed, 1);
	assert_int_equal(k.found[2].update, 0);
	kit_close(&k);
}

static void test_entries_are_bounded(void **state)
{
	(void)state;
	struct rulekit k;
	kit_init(&k);
	k.limits.rule_entries = 4;
	kit_start(&k, "", RULE("within: 1h, by: [dav.mailbox], distinct: dav.href, fire: '>= 4'"));
	put(&k, 0, "anna", "/first");
	for (int i = 1; i < 7; i++)
		put(&k, i, "anna", "/a");
	/* /first was pushed out by repeats of /a. */
	assert_int_equal(kit_counts(&k)->evicted, 3);
	put(&k, 7, "anna", "/b");
	put(&k, 8, "anna", "/c");
	assert_found(&k, 0);
	put(&k, 9, "anna", "/first");
	assert_found(&k, 1);
	assert_true(k.found[0].state_evicted);
	kit_close(&k);
}

/* A night without traffic is no clock gone wrong, but the first packet after it stands alone. */
static void test_jumps_of_the_clock(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], fire: '>= 2'"));
	put(&k, 0, "anna", "/a");
	put(&k, 40000, "anna", "/a");
	assert_found(&k, 0);
	put(&k, 1, "anna", "/a");
	assert_found(&k, 1);
	/* Two agree: the clock has moved, and what steps back counts as now. */
	put(&k, 80000, "anna", "/a");
	put(&k, 80009, "anna", "/a");
	assert_found(&k, 2);
	put(&k, 70000, "anna", "/b");
	put(&k, 80018, "anna", "/b");
	assert_found(&k, 3);
	kit_close(&k);
}

/* A time that was not believed is none: what claimed it leaves no trace. */
static void test_a_jump_that_was_none(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], distinct: dav.href, fire: '>= 2'"));
	put(&k, 0, "anna", "/a");
	put(&k, 100000, "anna", "/a");
	put(&k, 1, "anna", "/a");
	put(&k, 2, "anna", "/b");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "3 2 2s");
	/* The clock comes there by itself, much later. */
	put(&k, 3, "bert", "/a");
	put(&k, 5000, "bert", "/b");
	for (int i = 1; i < 5; i++)
		put(&k, 1000 * i, "bert", "/a");
	put(&k, 5001, "bert", "/a");
	assert_found(&k, 1);
	kit_close(&k);
}

static void test_a_jump_does_not_end_a_finding(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, by: [dav.mailbox], fire: '>= 2', after: keep"));
	put(&k, 0, "anna", "/a");
	put(&k, 1, "anna", "/a");
	put(&k, 100000, "anna", "/a");
	put(&k, 2, "anna", "/a");
	assert_found(&k, 2);
	assert_int_equal(k.found[1].id, k.found[0].id);
	assert_int_equal(k.found[1].update, 1);
	assert_int_equal(k.found[1].count, 3);
	kit_close(&k);
}

static void test_distinct_values_of_all_elements(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k, RULE("within: 10s, distinct: dav.property.name, fire: '>= 3'"));
	kit_event(&k,
	    "at: 0s, set: {http.request.method: PUT, "
	    "dav.property: [{status: 200}, {name: a}, {name: b}]}");
	assert_found(&k, 0);
	kit_event(&k,
	    "at: 1s, set: {http.request.method: PUT, dav.property: [{name: b}, {name: c}]}");
	assert_found(&k, 1);
	assert_string_equal(k.found[0].message, "2 3 1s");
	kit_event(&k, "at: 2s, set: {http.request.method: PUT, dav.property: [{status: 200}]}");
	assert_int_equal(kit_counts(&k)->keyless, 1);
	kit_close(&k);
}

/* One event has more values than a window holds. */
static void test_values_are_bounded(void **state)
{
	(void)state;
	struct rulekit k;
	kit_init(&k);
	k.limits.rule_entries = 3;
	kit_start(&k, "", RULE("within: 10s, distinct: dav.request.href, fire: '>= 3'"));
	kit_event(&k,
	    "at: 0s, set: {http.request.method: PUT, dav.request.href: [/a, /a, /b, /c, /d]}");
	assert_found(&k, 0);
	assert_int_equal(kit_counts(&k)->evicted, 1);
	kit_close(&k);
}

static void test_excepted_events_do_not_count(void **state)
{
	(void)state;
	struct rulekit k;
	kit_open(&k,
	    RULE(
		"within: 10s, by: [dav.mailbox], fire: '>= 2'") "    except:\n      - dav.href == \"/x\"\n");
	put(&k, 0, "anna", "/x");
	put(&k, 1, "anna", "/a");
	assert_found(&k, 0);
	put(&k, 2, "anna", "/a");
	assert_found(&k, 1);
	assert_int_equal(kit_counts(&k)->excepted, 1);
	kit_close(&k);
}

/* Against a count over all events so far, for many small random histories. */
struct history {
	int second[64];
	char href[64];
	size_t n;
};

static size_t brute_count(const struct history *h, size_t from, int now, int within, bool distinct)
{
	bool seen[256] = { false };
	size_t count = 0;
	for (size_t i = from; i < h->n; i++) {
		if (h->second[i] <= now - within)
			continue;
		count += !distinct || !seen[(uint8_t)h->href[i]];
		seen[(uint8_t)h->href[i]] = true;
	}
	return count;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void one_history(uint32_t seed, bool distinct)
{
	struct rulekit k;
	struct history h = { .n = 0 };
	size_t from = 0, expected = 0;
	int now = 0;
	kit_open(&k,
	    distinct ? RULE("within: 9s, by: [dav.mailbox], distinct: dav.href, fire: '>= 3'") :
		       RULE("within: 9s, by: [dav.mailbox], fire: '>= 3'"));
	while (h.n < 64) {
		now += (int)(next_random(&seed) % 6);
		char href[3] = { '/', (char)('a' + next_random(&seed) % 4), '\0' };
		put(&k, now, "anna", href);
		h.second[h.n] = now;
		h.href[h.n++] = href[1];
		if (brute_count(&h, from, now, 9, distinct) >= 3) {
			expected++;
			from = h.n;
		}
		assert_found(&k, expected);
	}
	assert_true(expected > 1);
	kit_close(&k);
}

static void test_against_brute_force(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 40; seed++)
		one_history(seed, seed % 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fires_at_the_number_and_begins_anew),
		cmocka_unit_test(test_half_open_at_the_old_end),
		cmocka_unit_test(test_keys_apart_and_missing),
		cmocka_unit_test(test_without_keys_all_events_count),
		cmocka_unit_test(test_long_keys_are_told_apart),
		cmocka_unit_test(test_distinct_values),
		cmocka_unit_test(test_distinct_forgets_what_is_old),
		cmocka_unit_test(test_each_of_several_values_counts),
		cmocka_unit_test(test_kept_window_updates_its_finding),
		cmocka_unit_test(test_limit_holds_back_but_not_updates),
		cmocka_unit_test(test_entries_are_bounded),
		cmocka_unit_test(test_jumps_of_the_clock),
		cmocka_unit_test(test_a_jump_that_was_none),
		cmocka_unit_test(test_a_jump_does_not_end_a_finding),
		cmocka_unit_test(test_distinct_values_of_all_elements),
		cmocka_unit_test(test_values_are_bounded),
		cmocka_unit_test(test_excepted_events_do_not_count),
		cmocka_unit_test(test_against_brute_force),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
