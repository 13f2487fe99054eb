/*
 * test_outbox.c - what goes to the keeper: nothing that counts is lost, whatever dies in between.
 */
#include "cmd/monitor/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

struct pair {
	struct limits limits;
	struct channel *near, *far;
	struct outbox *outbox;
};

static int pair_make(void **state)
{
	static struct pair p;
	struct error e;
	int fds[2];
	p = (struct pair){ .limits = limits_default() };
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	p.near = channel_new(fds[0], &e);
	p.far = channel_new(fds[1], &e);
	p.outbox = outbox_new(p.near, &p.limits, &e);
	assert_non_null(p.near);
	assert_non_null(p.far);
	assert_non_null(p.outbox);
	*state = &p;
	return 0;
}

static int pair_free(void **state)
{
	struct pair *p = *state;
	outbox_free(p->outbox);
	channel_free(p->near);
	channel_free(p->far);
	return 0;
}

static void put_finding(struct pair *p, uint64_t number)
{
	const struct record r = { .kind = EVENT_FINDING,
		.number = number,
		.rule = SLICE("duplicate-live-uid"),
		.json = SLICE("{\"event_type\":\"finding\"}") };
	outbox_record(p->outbox, &r);
}

static void put_other(struct pair *p, int64_t ns)
{
	const struct record r = { .kind = EVENT_TRANSACTION, .ns = ns, .json = SLICE("{}") };
	outbox_record(p->outbox, &r);
}

static bool put_state(struct pair *p, uint64_t key)
{
	const struct state_record r = { .part = STATE_ITEM,
		.key = { key, 0 },
		.label = SLICE("a"),
		.body = SLICE("b") };
	return outbox_state(p->outbox, &r);
}

/* The next message that arrives, while the outbox goes on sending. */
static struct channel_message next(struct pair *p)
{
	struct channel_message m = { 0 };
	struct error e;
	bool all_sent = false;
	int received = 0;
	while (received == 0 && !all_sent) {
		all_sent = outbox_flush(p->outbox);
		received = channel_receive(p->far, &m, &e);
	}
	assert_true(received >= 0);
	return m;
}

static void arrives_finding(struct pair *p, uint64_t number)
{
	struct channel_message m = next(p);
	struct record r;
	assert_int_equal(m.kind, MESSAGE_RECORD);
	assert_true(record_read(m.body, &r));
	assert_int_equal(r.number, number);
	assert_int_equal(r.kind, EVENT_FINDING);
}

static void arrives(struct pair *p, enum message_kind kind, uint64_t number)
{
	struct channel_message m = next(p);
	assert_int_equal(m.kind, kind);
	assert_int_equal(m.number, number);
}

static void arrives_nothing(struct pair *p)
{
	assert_int_equal(next(p).kind, 0);
}

static void test_order_is_kept(void **state)
{
	struct pair *p = *state;
	put_other(p, 1);
	put_finding(p, 1);
	outbox_send(p->outbox, MESSAGE_TEXT, 7, SLICE("list\n"));
	put_finding(p, 2);
	arrives(p, MESSAGE_RECORD, 0);
	arrives_finding(p, 1);
	arrives(p, MESSAGE_TEXT, 7);
	arrives_finding(p, 2);
	arrives_nothing(p);
	assert_int_equal(outbox_counts(p->outbox).untaken, 2);
}

static void test_findings_stay_until_taken(void **state)
{
	struct pair *p = *state;
	for (uint64_t i = 1; i <= 5; i++)
		put_finding(p, i);
	for (uint64_t i = 1; i <= 5; i++)
		arrives_finding(p, i);
	outbox_taken(p->outbox, 2);
	put_finding(p, 6);
	outbox_again(p->outbox, 3);
	arrives(p, MESSAGE_AGAIN, 0);
	for (uint64_t i = 4; i <= 6; i++)
		arrives_finding(p, i);
	arrives_nothing(p);
	outbox_taken(p->outbox, 6);
	assert_int_equal(outbox_counts(p->outbox).untaken, 0);
	assert_int_equal(outbox_counts(p->outbox).queued_bytes, 0);
}

static void test_records_leave_before_findings(void **state)
{
	struct pair *p = *state;
	p->limits.unsent_records = 1000;
	put_finding(p, 1);
	for (int64_t i = 0; i < 100; i++)
		put_other(p, i);
	uint64_t dropped = outbox_counts(p->outbox).dropped[0];
	assert_true(dropped > 0 && dropped < 100);
	assert_int_equal(outbox_counts(p->outbox).dropped[1], 0);
	arrives_finding(p, 1);
	for (uint64_t i = dropped; i < 100; i++) {
		struct channel_message m = next(p);
		struct record r;
		assert_true(record_read(m.body, &r));
		assert_int_equal(r.ns, i);
	}
	arrives_nothing(p);
}

static void test_findings_have_a_bound(void **state)
{
	struct pair *p = *state;
	p->limits.untaken_findings = 1000;
	for (uint64_t i = 1; i <= 100; i++)
		put_finding(p, i);
	uint64_t dropped = outbox_counts(p->outbox).dropped[1];
	assert_true(dropped > 0 && dropped < 100);
	for (uint64_t i = dropped + 1; i <= 100; i++)
		arrives_finding(p, i);
	arrives_nothing(p);
}

/* One that asks and never reads would have a letter kept for each of its questions. */
static void test_who_asks_often_is_answered_once(void **state)
{
	struct pair *p = *state;
	put_finding(p, 1);
	arrives_finding(p, 1);
	outbox_again(p->outbox, 0);
	size_t once = outbox_counts(p->outbox).queued_bytes;
	for (unsigned i = 0; i < 1000; i++)
		outbox_again(p->outbox, 0);
	assert_int_equal(outbox_counts(p->outbox).queued_bytes, once);
	arrives(p, MESSAGE_AGAIN, 0);
	arrives_finding(p, 1);
	arrives_nothing(p);
	outbox_again(p->outbox, 0);
	arrives(p, MESSAGE_AGAIN, 0);
	arrives_finding(p, 1);
	arrives_nothing(p);
}

static void test_state_stays_until_saved(void **state)
{
	struct pair *p = *state;
	assert_true(outbox_is_saved(p->outbox));
	assert_true(put_state(p, 1) && put_state(p, 2));
	assert_false(outbox_is_saved(p->outbox));
	outbox_save(p->outbox);
	assert_true(put_state(p, 3));
	for (int again = 0; again < 2; again++) {
		if (again) {
			outbox_again(p->outbox, 0);
			arrives(p, MESSAGE_AGAIN, 0);
		}
		arrives(p, MESSAGE_STATE, 1);
		arrives(p, MESSAGE_STATE, 1);
		arrives(p, MESSAGE_SAVE, 1);
		arrives(p, MESSAGE_STATE, 2);
		arrives_nothing(p);
	}
	outbox_saved(p->outbox, 1);
	assert_false(outbox_is_saved(p->outbox));
	outbox_save(p->outbox);
	arrives(p, MESSAGE_SAVE, 2);
	outbox_saved(p->outbox, 9); /* nobody was told of such a batch */
	assert_false(outbox_is_saved(p->outbox));
	outbox_saved(p->outbox, 2);
	assert_true(outbox_is_saved(p->outbox));
	assert_int_equal(outbox_counts(p->outbox).queued_bytes, 0);
}

static void test_state_waits_for_the_disk(void **state)
{
	struct pair *p = *state;
	p->limits.unsaved_state = 1000;
	uint64_t n = 0;
	while (put_state(p, n))
		assert_true(++n < 1000);
	outbox_save(p->outbox);
	for (uint64_t i = 0; i < n; i++)
		arrives(p, MESSAGE_STATE, 1);
	assert_false(put_state(p, n));
	arrives(p, MESSAGE_SAVE, 1);
	outbox_saved(p->outbox, 1);
	assert_true(put_state(p, n));
}

static void test_an_empty_batch_is_none(void **state)
{
	struct pair *p = *state;
	outbox_save(p->outbox);
	arrives_nothing(p);
	assert_true(outbox_is_saved(p->outbox));
}

/* Far more than a socket holds: what does not fit waits, in order. */
static void test_a_slow_keeper(void **state)
{
	struct pair *p = *state;
	enum { MANY = 20000 };
	for (uint64_t i = 1; i <= MANY; i++)
		put_finding(p, i);
	assert_false(outbox_flush(p->outbox));
	for (uint64_t i = 1; i <= MANY; i++)
		arrives_finding(p, i);
	arrives_nothing(p);
	assert_int_equal(outbox_counts(p->outbox).dropped[1], 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pair_make, pair_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order_is_kept),
		TEST(test_findings_stay_until_taken),
		TEST(test_records_leave_before_findings),
		TEST(test_findings_have_a_bound),
		TEST(test_who_asks_often_is_answered_once),
		TEST(test_state_stays_until_saved),
		TEST(test_state_waits_for_the_disk),
		TEST(test_an_empty_batch_is_none),
		TEST(test_a_slow_keeper),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
