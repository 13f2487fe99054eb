/*
 * test_suspect.c - segments with a wrong checksum: held back, read, dropped, by what their receiver shows.
 */
#include "tests/unit/flowkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char put[] = "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
static const char bad[] = "XXX /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
static const char created[] = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
enum { LENGTH = sizeof(put) - 1 };

enum made { MADE_RIGHT, MADE_LEFT, MADE_WRONG };

static void send_summed(struct kit *k, unsigned connection, unsigned from_server, uint32_t seq,
    uint32_t ack, uint8_t flags, const char *text, enum made made)
{
	struct segment s = kit_segment(k, connection, from_server, seq, ack, flags, text);
	s.summed = true;
	s.sum = (uint16_t)~sum_add(made == MADE_RIGHT ? 0 : 1, s.payload.p, s.payload.n);
	s.sum_is_left = made == MADE_LEFT;
	shard_segment(&k->shard, &s, k->clock);
}

/* Both ends are known to send right checksums. */
static void start(struct kit *k)
{
	kit_open(k);
	send_summed(k, 0, 0, 100, 0, TCP_SYN, "", MADE_RIGHT);
	send_summed(k, 0, 1, 5000, 101, TCP_SYN | TCP_ACK, "", MADE_RIGHT);
}

static const struct txn *only_txn(const struct kit *k)
{
	assert_int_equal(kit_count(k, OUTPUT_TXN), 1);
	return kit_output(k, OUTPUT_TXN, 0)->u.txn;
}

static void assert_all_given_back(struct kit *k)
{
	assert_int_equal(k->shard.reassembly_used, 0);
	kit_close(k);
}

static void what_comes_again_counts(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, bad, MADE_WRONG);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_RIGHT);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	assert_memory_equal(only_txn(&k)->req.method.p, "PUT", 3);
	assert_int_equal(only_txn(&k)->req.loss, 0);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_int_equal(kit_output(&k, OUTPUT_ANOMALY, 0)->u.anomaly.at.frame, 3);
	assert_int_equal(kit_output(&k, OUTPUT_ANOMALY, 0)->u.anomaly.other.frame, 4);
	assert_int_equal(k.shard.damaged, 1);
	assert_all_given_back(&k);
}

/* Out of order, behind a hole: acknowledged only when the hole is filled. */
static void what_waits_has_come_again(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 0, 111, 5001, TCP_ACK, bad + 10, MADE_WRONG);
	send_summed(&k, 0, 0, 111, 5001, TCP_ACK, put + 10, MADE_RIGHT);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_RIGHT);
	assert_memory_equal(only_txn(&k)->req.method.p, "PUT", 3);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 0);
	assert_all_given_back(&k);
}

static void what_is_acknowledged_was_sound(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_WRONG);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	assert_memory_equal(only_txn(&k)->req.method.p, "PUT", 3);
	/* Or what was sent again is not in the capture. */
	assert_int_equal(only_txn(&k)->req.loss, LOSS_CONFLICT);
	assert_int_equal(only_txn(&k)->res.loss, 0);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 1);
	assert_int_equal(k.shard.damaged, 0);
	assert_int_equal(k.shard.unsummed, 1);
	assert_all_given_back(&k);
}

/* The n-th request and its answer. */
static void exchange(struct kit *k, uint32_t n, enum made made)
{
	uint32_t put_at = 101 + n * LENGTH, created_at = 5001 + n * (uint32_t)(sizeof(created) - 1);
	send_summed(k, 0, 0, put_at, created_at, TCP_ACK, put, made);
	send_summed(k, 0, 1, created_at, put_at + LENGTH, TCP_ACK, created, MADE_RIGHT);
}

static void assert_doubted(const struct kit *k, size_t n, bool doubted)
{
	assert_int_equal(kit_output(k, OUTPUT_TXN, n)->u.txn->req.loss,
	    doubted ? LOSS_CONFLICT : 0);
}

/* One may have been damaged all the same; not three with nothing sent again. */
static void each_is_doubted_until_three_were_taken(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	for (uint32_t n = 0; n < 5; n++)
		exchange(&k, n, n == 1 ? MADE_RIGHT : MADE_WRONG);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 5);
	assert_doubted(&k, 0, true);
	assert_doubted(&k, 1, false);
	assert_doubted(&k, 2, true);
	assert_doubted(&k, 3, true);
	assert_doubted(&k, 4, false);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 3);
	assert_all_given_back(&k);
}

/* What comes again shows that its checksums mean something. */
static void damage_begins_the_count_anew(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	exchange(&k, 0, MADE_WRONG);
	exchange(&k, 1, MADE_WRONG);
	send_summed(&k, 0, 0, 101 + 2 * LENGTH, 5001 + 2 * (sizeof(created) - 1), TCP_ACK, bad,
	    MADE_WRONG);
	exchange(&k, 2, MADE_RIGHT);
	exchange(&k, 3, MADE_WRONG);
	exchange(&k, 4, MADE_WRONG);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 5);
	assert_memory_equal(kit_output(&k, OUTPUT_TXN, 2)->u.txn->req.method.p, "PUT", 3);
	assert_doubted(&k, 2, false);
	assert_doubted(&k, 4, true);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 4);
	assert_all_given_back(&k);
}

/* Of two that are held one is acknowledged: the other one is not read for it. */
static void only_what_is_acknowledged_is_read(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_WRONG);
	send_summed(&k, 0, 0, 101 + LENGTH, 5001, TCP_ACK, bad, MADE_WRONG);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	send_summed(&k, 0, 0, 101 + LENGTH, 5001, TCP_ACK, put, MADE_RIGHT);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	assert_memory_equal(kit_output(&k, OUTPUT_TXN, 1)->u.txn->req.method.p, "PUT", 3);
	assert_doubted(&k, 1, false);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_all_given_back(&k);
}

/* The message begins with the rest of its line, in a sound segment. */
static void a_line_keeps_the_doubt_of_its_beginning(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, "PUT /a H", MADE_WRONG);
	send_summed(&k, 0, 1, 5001, 109, TCP_ACK, "", MADE_RIGHT);
	send_summed(&k, 0, 0, 109, 5001, TCP_ACK, put + 8, MADE_RIGHT);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	exchange(&k, 1, MADE_RIGHT);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	assert_doubted(&k, 0, true);
	assert_doubted(&k, 1, false);
	assert_all_given_back(&k);
}

static void a_line_that_differs_when_sent_again_is_in_doubt(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, "PUT /a H", MADE_RIGHT);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, "PUT /b H", MADE_RIGHT);
	send_summed(&k, 0, 0, 109, 5001, TCP_ACK, put + 8, MADE_RIGHT);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	only_txn(&k);
	assert_doubted(&k, 0, true);
	assert_all_given_back(&k);
}

static void damaged_at_the_end_is_not_read(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, bad, MADE_WRONG);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_all_given_back(&k);
}

/* Interfaces are not captured strictly in order. */
static void the_word_may_come_first(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, "", MADE_RIGHT);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_WRONG);
	kit_finish(&k);
	assert_memory_equal(only_txn(&k)->req.method.p, "PUT", 3);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 1);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 0);
	assert_all_given_back(&k);
}

static void of_one_direction_nobody_tells(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	send_summed(&k, 0, 0, 100, 0, TCP_SYN, "", MADE_RIGHT);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_WRONG);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 1);
	assert_all_given_back(&k);
}

static void many_in_a_row_are_no_damage(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	for (uint32_t i = 0; i < 20; i++)
		send_summed(&k, 0, 0, 101 + i * LENGTH, 5001, TCP_ACK, put, MADE_WRONG);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 20);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 0);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 0);
	for (size_t n = 0; n < 20; n++)
		assert_doubted(&k, n, false);
	assert_all_given_back(&k);
}

static void offloaded_and_hopeless_senders_are_read(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	send_summed(&k, 0, 0, 100, 0, TCP_SYN, "", MADE_LEFT);
	send_summed(&k, 0, 1, 5000, 101, TCP_SYN | TCP_ACK, "", MADE_WRONG);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_LEFT);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_WRONG);
	assert_int_equal(only_txn(&k)->res.status, 201);
	assert_int_equal(kit_count(&k, OUTPUT_ANOMALY), 0);
	assert_int_equal(k.shard.unsummed, 4);
	assert_all_given_back(&k);
}

/* The ports are what is damaged. */
static void damage_opens_no_flow(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 7, 0, 101, 5001, TCP_ACK, put, MADE_WRONG);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 1);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_all_given_back(&k);
}

/* Fast open (RFC 7413): the handshake is believed, what came with it is held back. */
static void a_first_packet_with_data_is_held_back(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 1, 0, 100, 0, TCP_SYN, bad, MADE_WRONG);
	send_summed(&k, 1, 1, 5000, 101, TCP_SYN | TCP_ACK, "", MADE_RIGHT);
	send_summed(&k, 1, 0, 101, 5001, TCP_ACK, put, MADE_RIGHT);
	send_summed(&k, 1, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	kit_finish(&k);
	assert_memory_equal(only_txn(&k)->req.method.p, "PUT", 3);
	assert_doubted(&k, 0, false);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_int_equal(k.shard.damaged, 1);
	assert_int_equal(k.shard.unsummed, 0);
	assert_int_equal(kit_output(&k, OUTPUT_FLOW, 1)->u.flow->packets[0], 2);
	assert_true(kit_output(&k, OUTPUT_FLOW, 1)->u.flow->syn[0]);
	assert_all_given_back(&k);
}

static void a_first_packet_with_data_that_was_taken(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 1, 0, 100, 0, TCP_SYN, put, MADE_WRONG);
	send_summed(&k, 1, 1, 5000, 101 + LENGTH, TCP_SYN | TCP_ACK, created, MADE_RIGHT);
	kit_finish(&k);
	assert_int_equal(only_txn(&k)->res.status, 201);
	assert_memory_equal(only_txn(&k)->req.method.p, "PUT", 3);
	assert_doubted(&k, 0, true);
	assert_int_equal(kit_anomalies(&k, TCP_STALE_CHECKSUM), 1);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 0);
	assert_int_equal(k.shard.unsummed, 1);
	assert_all_given_back(&k);
}

/* As behind a program that writes addresses anew and leaves checksums as they were. */
static void one_side_never_has_right_ones(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	for (unsigned i = 0; i < 5; i++) {
		send_summed(&k, i, 0, 100, 0, TCP_SYN, "", MADE_WRONG);
		send_summed(&k, i, 1, 5000, 101, TCP_SYN | TCP_ACK, "", MADE_RIGHT);
		send_summed(&k, i, 0, 101, 5001, TCP_ACK, put, MADE_WRONG);
		send_summed(&k, i, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	}
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 5);
	assert_int_equal(kit_count(&k, OUTPUT_ANOMALY), 0);
	for (size_t i = 0; i < 5; i++)
		assert_true(kit_output(&k, OUTPUT_FLOW, i)->u.flow->syn[0]);
	assert_all_given_back(&k);
}

static void a_damaged_reset_ends_nothing(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	send_summed(&k, 0, 1, 5001, 101, TCP_RST, "", MADE_WRONG);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_RIGHT);
	send_summed(&k, 0, 1, 5001, 101 + LENGTH, TCP_ACK, created, MADE_RIGHT);
	kit_finish(&k);
	assert_int_equal(only_txn(&k)->unpaired, PAIRED);
	assert_int_equal(kit_anomalies(&k, TCP_CHECKSUM), 1);
	assert_int_equal(kit_output(&k, OUTPUT_FLOW, 0)->u.flow->rst[1], false);
	assert_all_given_back(&k);
}

static void without_memory_it_is_not_read(void **unused)
{
	(void)unused;
	struct kit k;
	start(&k);
	k.options.limits.reassembly_bytes = 0;
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, bad, MADE_WRONG);
	send_summed(&k, 0, 0, 101, 5001, TCP_ACK, put, MADE_RIGHT);
	kit_finish(&k);
	assert_memory_equal(only_txn(&k)->req.method.p, "PUT", 3);
	assert_int_equal(k.shard.damaged, 1);
	assert_all_given_back(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_again_counts),
		cmocka_unit_test(what_waits_has_come_again),
		cmocka_unit_test(what_is_acknowledged_was_sound),
		cmocka_unit_test(each_is_doubted_until_three_were_taken),
		cmocka_unit_test(damage_begins_the_count_anew),
		cmocka_unit_test(only_what_is_acknowledged_is_read),
		cmocka_unit_test(a_line_keeps_the_doubt_of_its_beginning),
		cmocka_unit_test(a_line_that_differs_when_sent_again_is_in_doubt),
		cmocka_unit_test(damaged_at_the_end_is_not_read),
		cmocka_unit_test(the_word_may_come_first),
		cmocka_unit_test(of_one_direction_nobody_tells),
		cmocka_unit_test(many_in_a_row_are_no_damage),
		cmocka_unit_test(offloaded_and_hopeless_senders_are_read),
		cmocka_unit_test(damage_opens_no_flow),
		cmocka_unit_test(a_first_packet_with_data_is_held_back),
		cmocka_unit_test(a_first_packet_with_data_that_was_taken),
		cmocka_unit_test(one_side_never_has_right_ones),
		cmocka_unit_test(a_damaged_reset_ends_nothing),
		cmocka_unit_test(without_memory_it_is_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
