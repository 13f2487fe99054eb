/*
 * test_spans.c - cmd/spans.c against a plain reckoning: which packets have bytes of chosen messages.
 */
#include "cmd/spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct txn txn_with(uint64_t flow, uint64_t from, uint64_t to)
{
	return (struct txn){ .flow = { .frame = flow },
		.req = { .seen = true, .from = from, .to = to },
		.res = { .seen = true, .from = from + 1000, .to = to + 1000 } };
}

static bool wants(const struct flow_spans *f, bool from_client, uint64_t offset, uint32_t bytes)
{
	const struct packet_ref packet = { .offset = offset,
		.bytes = bytes,
		.from_client = from_client };
	return flow_spans_want(f, &packet);
}

static void flows_are_apart(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.flows = 3; /* few buckets: flows share them */
	struct spans *s = spans_new(&limits);
	for (uint64_t i = 1; i <= 20; i++) {
		struct txn txn = txn_with(i, 100 * i, 100 * i + 10);
		assert_true(spans_add(s, &txn));
	}
	struct txn other = txn_with(7, 5000, 5010);
	other.flow.input = 1;
	assert_true(spans_add(s, &other));
	const struct flow_id seven = { .frame = 7 }, unknown = { .frame = 21 };
	struct flow_spans *f = spans_take(s, &seven);
	assert_non_null(f);
	assert_true(wants(f, true, 705, 1));
	assert_false(wants(f, true, 805, 1));
	assert_false(wants(f, true, 5005, 1));
	flow_spans_free(f);
	assert_null(spans_take(s, &seven)); /* once */
	assert_null(spans_take(s, &unknown));
	f = spans_take(s, &other.flow);
	assert_true(wants(f, true, 5005, 1));
	flow_spans_free(f);
	spans_free(s); /* with the rest in it */
}

static void edges(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct spans *s = spans_new(&limits);
	struct txn txn = txn_with(1, 100, 200), half = txn_with(1, 300, 400);
	half.res.seen = false;
	struct txn open = txn_with(1, 500, 0); /* its end was not noted */
	open.res.seen = false;
	assert_true(spans_add(s, &txn) && spans_add(s, &half) && spans_add(s, &open));
	struct flow_spans *f = spans_take(s, &txn.flow);
	assert_false(wants(f, true, 90, 10));
	assert_true(wants(f, true, 90, 11));
	assert_true(wants(f, true, 199, 1));
	assert_false(wants(f, true, 200, 100));
	assert_true(wants(f, true, 0, 1000));
	assert_true(wants(f, true, 500, 1));
	assert_false(wants(f, true, 501, 1));
	assert_true(wants(f, false, 1150, 1));
	assert_false(wants(f, false, 1300, 100));
	assert_false(wants(f, false, 150, 10));
	/* Before the first byte that is known: an offset that went below zero. */
	assert_false(wants(f, true, UINT64_MAX - 9, 10));
	assert_false(wants(f, true, UINT64_MAX - 9, 200));
	flow_spans_free(f);
	spans_free(s);
}

/* Spans in any order, touching and overlapping, against one flag a byte. */
static void as_one_flag_a_byte(void **state)
{
	(void)state;
	enum { BYTES = 400 };
	uint64_t seed = 1;
	for (unsigned round = 0; round < 200; round++) {
		struct limits limits = limits_default();
		limits.flows = 1;
		struct spans *s = spans_new(&limits);
		bool flags[BYTES + 64] = { false };
		struct txn txn = txn_with(1, 0, 0);
		for (unsigned i = 0; i < 12; i++) {
			seed = hash_fixed(&seed, sizeof seed);
			uint64_t from = seed % BYTES, to = from + 1 + (seed >> 20) % 40;
			txn = txn_with(1, from, to);
			assert_true(spans_add(s, &txn));
			for (uint64_t k = from; k < to; k++)
				flags[k] = true;
		}
		struct flow_spans *f = spans_take(s, &txn.flow);
		for (uint64_t at = 0; at < BYTES; at += 3) {
			uint32_t n = 1 + (uint32_t)(at % 9);
			bool expected = false;
			for (uint64_t k = at; k < at + n; k++)
				expected = expected || flags[k];
			assert_int_equal(wants(f, true, at, n), expected);
			assert_int_equal(wants(f, false, at + 1000, n), expected);
		}
		flow_spans_free(f);
		spans_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_apart),
		cmocka_unit_test(edges),
		cmocka_unit_test(as_one_flag_a_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
