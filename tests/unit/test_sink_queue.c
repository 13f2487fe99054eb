/*
 * test_sink_queue.c - report/sink_queue.c: who leaves when there is no room, exactly, and in which order.
 */
#include "report/sink.h"
#include "tests/unit/sinkkit.h"

static struct queue queue_of(uint64_t records, uint64_t bytes)
{
	return (struct queue){ .most_records = records, .most_bytes = bytes };
}

static bool put(struct queue *q, struct record r)
{
	struct entry *e = entry_new(&r);
	assert_non_null(e);
	bool fits = queue_put(q, e);
	if (!fits)
		free(e);
	return fits;
}

static void assert_next(struct queue *q, const char *json)
{
	struct entry *e = queue_take(q);
	assert_non_null(e);
	assert_true(slice_is(e->record.json, json));
	queue_done(q, e);
}

static void test_order_is_that_of_coming(void **state)
{
	(void)state;
	struct queue q = queue_of(10, 1 << 20);
	assert_true(put(&q, record_other("a")) && put(&q, record_finding(1, "b")));
	assert_true(put(&q, record_finding(2, "c")) && put(&q, record_other("d")));
	assert_next(&q, "a");
	assert_next(&q, "b");
	assert_next(&q, "c");
	assert_next(&q, "d");
	assert_null(queue_take(&q));
	assert_int_equal(q.rows[0].bytes + q.rows[1].bytes + q.held_bytes + q.held, 0);
}

static void test_the_oldest_of_the_rest_leave_first(void **state)
{
	(void)state;
	struct queue q = queue_of(3, 1 << 20);
	assert_true(put(&q, record_other("a")) && put(&q, record_other("b")));
	assert_true(put(&q, record_finding(1, "f")));
	assert_true(put(&q, record_other("c")));
	assert_int_equal(q.dropped, 1);
	assert_true(put(&q, record_finding(2, "g")));
	assert_int_equal(q.dropped, 2);
	assert_next(&q, "f");
	assert_next(&q, "c");
	assert_next(&q, "g");
}

static void test_findings_do_not_leave(void **state)
{
	(void)state;
	struct queue q = queue_of(2, 1 << 20);
	assert_true(put(&q, record_finding(1, "f")) && put(&q, record_finding(2, "g")));
	assert_false(put(&q, record_finding(3, "h")));
	assert_false(put(&q, record_other("a")));
	assert_int_equal(q.dropped, 0);
	assert_next(&q, "f");
	assert_next(&q, "g");
}

static void test_what_is_being_delivered_counts(void **state)
{
	(void)state;
	struct queue q = queue_of(2, 1 << 20);
	assert_true(put(&q, record_other("a")) && put(&q, record_other("b")));
	struct entry *held = queue_take(&q);
	assert_true(put(&q, record_other("c")));
	assert_int_equal(q.dropped, 1);
	assert_true(put(&q, record_finding(1, "f")));
	assert_int_equal(q.dropped, 2);
	assert_false(put(&q, record_finding(2, "g")));
	assert_true(slice_is(held->record.json, "a"));
	queue_done(&q, held);
	assert_true(put(&q, record_finding(2, "g")));
	queue_clear(&q);
}

/* One that can never fit pushes nobody out. */
static void test_bytes_are_bounded_too(void **state)
{
	(void)state;
	struct queue q = queue_of(100, 3 * sizeof(struct entry) + 256);
	char large[400];
	memset(large, 'x', sizeof large);
	large[sizeof large - 1] = '\0';
	assert_true(put(&q, record_other("a")) && put(&q, record_other("b")));
	large[300] = '\0';
	struct record r = record_other(large);
	assert_true(put(&q, r));
	assert_int_equal(q.dropped, 1);
	char too_large[4000];
	memset(too_large, 'y', sizeof too_large);
	too_large[sizeof too_large - 1] = '\0';
	assert_false(put(&q, record_finding(1, too_large)));
	assert_false(put(&q, record_other(too_large)));
	assert_int_equal(q.dropped, 1);
	assert_int_equal(q.rows[0].n, 2);
	queue_clear(&q);
}

static void test_an_entry_has_copies(void **state)
{
	(void)state;
	char json[] = "{\"a\":1}";
	struct record r = record_finding(7, json);
	struct entry *e = entry_new(&r);
	memset(json, 0, sizeof json);
	assert_true(slice_is(e->record.json, "{\"a\":1}"));
	assert_true(slice_is(e->record.rule, "duplicate-live-uid"));
	assert_true(slice_is(e->record.title, "Two live copies"));
	assert_true(slice_is(e->record.message, "an item is there twice"));
	assert_true(slice_is(e->record.keys, "mailbox=anna@example.com"));
	assert_int_equal(e->record.number, 7);
	free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_is_that_of_coming),
		cmocka_unit_test(test_the_oldest_of_the_rest_leave_first),
		cmocka_unit_test(test_findings_do_not_leave),
		cmocka_unit_test(test_what_is_being_delivered_counts),
		cmocka_unit_test(test_bytes_are_bounded_too),
		cmocka_unit_test(test_an_entry_has_copies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
