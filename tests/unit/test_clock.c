/*
 * test_clock.c - watermark.c: packet time at its ends, which jumps are believed, and when something
 * happened that was at one.
 */
#include "rules/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { JUMP = 1000 };

struct given {
	uint64_t order;
	int64_t ns;
	int64_t now, at; /* expected */
};

static void run(const struct given *g, size_t n)
{
	struct watermark w = watermark_new(JUMP);
	for (size_t i = 0; i < n; i++) {
		struct moment m = watermark_take(&w,
		    &(struct stamp){ .order = g[i].order, .frame = g[i].order, .ns = g[i].ns });
		if (m.now != g[i].now || m.at != g[i].at)
			fail_msg("%zu: %lld %lld", i, (long long)m.now, (long long)m.at);
		assert_int_equal(moment_is_sure(m), g[i].now == g[i].at);
	}
}
#define RUN(...) \
	run((const struct given[]){ __VA_ARGS__ }, \
	    sizeof((const struct given[]){ __VA_ARGS__ }) / sizeof(struct given))

static struct moment take(struct watermark *w, uint64_t order, int64_t ns)
{
	return watermark_take(w, &(struct stamp){ .order = order, .frame = order, .ns = ns });
}

/* The machine is believed at once, and never goes back. */
static void test_ticks(void **state)
{
	(void)state;
	struct watermark w = watermark_new(JUMP);
	watermark_tick(&w, 50);
	assert_true(w.started && w.start == 50);
	watermark_tick(&w, 5000);
	watermark_tick(&w, 100);
	assert_int_equal(w.now, 5000);
	assert_true(moment_is_sure(take(&w, 1, 5900)));
	assert_int_equal(take(&w, 2, 200).at, 5900);
}

static void test_ticks_and_jumps(void **state)
{
	(void)state;
	struct watermark w = watermark_new(JUMP);
	take(&w, 1, 0);
	assert_false(moment_is_sure(take(&w, 2, 9000)));
	watermark_tick(&w, 100); /* says nothing about it */
	assert_int_equal(w.ahead, 9000);
	assert_true(moment_is_sure(take(&w, 3, 9001)));
	assert_int_equal(w.confirmed, 9000);
	assert_false(moment_is_sure(take(&w, 4, 20000)));
	watermark_tick(&w, 19500); /* near to it, and so it was true */
	assert_int_equal(w.confirmed, 20000);
	assert_int_equal(w.now, 20000);
	assert_false(moment_is_sure(take(&w, 5, 30000)));
	watermark_tick(&w, 90000);
	assert_int_equal(w.confirmed, 30000);
	assert_int_equal(w.now, 90000);
}

static void test_steps(void **state)
{
	(void)state;
	RUN({ 1, 50, 50, 50 }, { 2, 20, 50, 50 }, { 3, 1050, 1050, 1050 }, { 4, 2051, 1050, 2051 },
	    { 5, 1051, 1051, 1051 });
	/* The second one agrees, before or behind the first; the clock is at the later one. */
	RUN({ 1, 0, 0, 0 }, { 2, 9000, 0, 9000 }, { 3, 8000, 9000, 9000 });
	RUN({ 1, 0, 0, 0 }, { 2, 9000, 0, 9000 }, { 3, 10000, 10000, 10000 });
	RUN({ 1, 0, 0, 0 }, { 2, 9000, 0, 9000 }, { 3, 10001, 0, 10001 },
	    { 4, 10002, 10002, 10002 });
	RUN({ 1, 0, 0, 0 }, { 2, 9000, 0, 9000 }, { 3, 7999, 0, 7999 });
	RUN({ 1, INT64_MIN, INT64_MIN, INT64_MIN }, { 2, INT64_MAX, INT64_MIN, INT64_MAX },
	    { 3, INT64_MAX, INT64_MAX, INT64_MAX });
}

/* What is as near to the clock as to the jump agrees with the clock. */
static void test_an_ordinary_packet_does_not_agree(void **state)
{
	(void)state;
	RUN({ 1, 0, 0, 0 }, { 2, 1001, 0, 1001 }, { 3, 2, 2, 2 });
	RUN({ 1, 0, 0, 0 }, { 2, 1001, 0, 1001 }, { 3, 500, 500, 500 });
	RUN({ 1, 0, 0, 0 }, { 2, 1001, 0, 1001 }, { 3, 501, 1001, 1001 });
}

/* A packet is no witness for itself; nor is an event that was late. */
static void test_only_later_packets_decide(void **state)
{
	(void)state;
	RUN({ 5, 0, 0, 0 }, { 6, 9000, 0, 9000 }, { 6, 9000, 0, 9000 }, { 4, 3, 3, 3 },
	    { 7, 9001, 9001, 9001 });
	RUN({ 5, 0, 0, 0 }, { 6, 9000, 0, 9000 }, { 7, 1, 1, 1 }, { 8, 9000, 1, 9000 });
}

static void test_the_last_packet(void **state)
{
	(void)state;
	struct watermark w = watermark_new(JUMP);
	struct stamp last = { .order = 9, .frame = 9, .ns = 5000 };
	watermark_end(&w, 77);
	assert_int_equal(w.now, 77);
	watermark_end(&w, 1077);
	assert_int_equal(w.now, 1077);
	watermark_take(&w, &last);
	/* What is told at the end has its stamp, but stands behind it. */
	last.order++;
	watermark_take(&w, &last);
	watermark_end(&w, 5000);
	assert_int_equal(w.now, 1077);
	assert_int_equal(w.confirmed, NEVER);
}

static void test_last(void **state)
{
	(void)state;
	struct last l = last_never();
	assert_int_equal(last_by(&l, 10), NEVER);
	last_note(&l, (struct moment){ 5, 5 });
	last_note(&l, (struct moment){ 3, 3 });
	assert_int_equal(last_by(&l, 10), 5);
	last_note(&l, (struct moment){ 6, 9000 });
	assert_int_equal(last_by(&l, 10), 6);
	assert_int_equal(last_by(&l, 9000), 9000);
	last_note(&l, (struct moment){ 9500, 9500 });
	assert_int_equal(last_by(&l, 9600), 9500);
}

static void test_sums(void **state)
{
	(void)state;
	assert_int_equal(ns_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(ns_add(INT64_MIN, -1), INT64_MIN);
	assert_int_equal(ns_add(INT64_MAX, INT64_MIN), -1);
	assert_int_equal(ns_sub(INT64_MAX, -1), INT64_MAX);
	assert_int_equal(ns_sub(INT64_MIN, 1), INT64_MIN);
	assert_int_equal(ns_sub(-1, INT64_MIN), INT64_MAX);
	assert_int_equal(ns_sub(5, 7), -2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_an_ordinary_packet_does_not_agree),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_ticks_and_jumps),
		cmocka_unit_test(test_only_later_packets_decide),
		cmocka_unit_test(test_the_last_packet),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_sums),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
