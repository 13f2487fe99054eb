/*
 * test_unreceived.c - answers that their clients never got, as decode/pair.c tells them from others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "decode/flow.h"
#include "tests/unit/flowkit.h"

static const int64_t SECOND = 1000000000;
static const char get[] = "GET / HTTP/1.1\r\n\r\n";
static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

enum { CLIENT = 101, SERVER = 5001 };
#define ASKED (CLIENT + sizeof(get) - 1)
#define ANSWERED (SERVER + sizeof(answer) - 1)

/* Client and server know each other, and the client has asked. */
static void ask(struct kit *k)
{
	kit_open(k);
	kit_send(k, 0, 0, CLIENT - 1, 0, TCP_SYN, "");
	kit_send(k, 0, 1, SERVER - 1, CLIENT, TCP_SYN | TCP_ACK, "");
	kit_send(k, 0, 0, CLIENT, SERVER, TCP_ACK, get);
}

static void close_half(struct kit *k)
{
	kit_send(k, 0, 0, ASKED, SERVER, TCP_FIN | TCP_ACK, "");
}

static void reply(struct kit *k)
{
	kit_send(k, 0, 1, SERVER, ASKED + 1, TCP_ACK, answer);
}

static void tick(struct kit *k, int64_t later)
{
	struct stamp at = { .order = ++k->order };
	k->clock += later;
	shard_tick(&k->shard, &at, k->clock);
}

/* There is one transaction, it is paired, and is said as of its last packet. */
static bool is_unreceived(struct kit *k)
{
	assert_int_equal(kit_count(k, OUTPUT_TXN), 1);
	const struct txn *txn = kit_output(k, OUTPUT_TXN, 0)->u.txn;
	assert_int_equal(txn->unpaired, PAIRED);
	assert_int_equal(txn->res.status, 204);
	assert_int_equal(txn->done.order, txn->res.last.order);
	return txn->unreceived;
}

static void who_has_gone_resets_the_answer(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	close_half(&k);
	reply(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	kit_send(&k, 0, 0, ASKED + 1, 0, TCP_RST, "");
	assert_true(is_unreceived(&k));
	kit_close(&k);
}

/* The server closes as well: this does not end the wait. */
static void the_fin_of_the_server_tells_nothing(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	close_half(&k);
	reply(&k);
	kit_send(&k, 0, 1, ANSWERED, ASKED + 1, TCP_FIN | TCP_ACK, "");
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	kit_send(&k, 0, 0, ASKED + 1, 0, TCP_RST, "");
	assert_true(is_unreceived(&k));
	kit_close(&k);
}

static void who_listens_acknowledges(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	close_half(&k);
	reply(&k);
	kit_send(&k, 0, 0, ASKED + 1, ANSWERED, TCP_ACK, "");
	assert_false(is_unreceived(&k));
	kit_send(&k, 0, 0, ASKED + 1, 0, TCP_RST, "");
	kit_finish(&k);
	assert_false(is_unreceived(&k));
	kit_close(&k);
}

/* The answer acknowledges a FIN that the capture shows only behind it: this lets it through, and it waits. */
static void a_late_fin_lets_the_answer_through(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	reply(&k);
	close_half(&k);
	assert_int_equal(k.shard.held_first->held, HELD_ANSWER);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	kit_send(&k, 0, 0, ASKED + 1, ANSWERED, TCP_ACK, "");
	assert_false(is_unreceived(&k));
	kit_close(&k);
}

/* Of the answer it has a part, or the reset itself says that it has it. */
static void a_part_is_received(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	close_half(&k);
	reply(&k);
	kit_send(&k, 0, 0, ASKED + 1, SERVER + 1, TCP_RST | TCP_ACK, "");
	assert_false(is_unreceived(&k));
	kit_close(&k);
}

static void what_goes_on_is_not_kept_waiting(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	kit_send(&k, 0, 1, SERVER, ASKED, TCP_ACK, answer);
	assert_false(is_unreceived(&k));
	kit_send(&k, 0, 0, ASKED, SERVER, TCP_RST | TCP_ACK, "");
	kit_finish(&k);
	assert_false(is_unreceived(&k));
	kit_close(&k);
}

/* No packet shows it: after gap_seconds it counts as received, as it does at the end of the capture. */
static void silence_is_no_proof(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	close_half(&k);
	reply(&k);
	tick(&k, 2 * SECOND - 1);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	tick(&k, 1);
	assert_false(is_unreceived(&k));
	kit_close(&k);
	ask(&k);
	close_half(&k);
	reply(&k);
	kit_finish(&k);
	assert_false(is_unreceived(&k));
	kit_close(&k);
}

/* The reset came before the answer: it counts unless the client goes on, as behind one that others made. */
static void a_reset_before_the_answer(void **unused)
{
	struct kit k;
	(void)unused;
	ask(&k);
	kit_send(&k, 0, 0, ASKED, SERVER, TCP_RST | TCP_ACK, "");
	kit_send(&k, 0, 1, SERVER, ASKED, TCP_ACK, answer);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	tick(&k, 2 * SECOND);
	assert_true(is_unreceived(&k));
	kit_close(&k);
	ask(&k);
	kit_send(&k, 0, 0, ASKED, SERVER, TCP_RST | TCP_ACK, "");
	kit_send(&k, 0, 1, SERVER, ASKED, TCP_ACK, answer);
	kit_send(&k, 0, 0, ASKED, ANSWERED, TCP_ACK, "");
	assert_false(is_unreceived(&k));
	kit_close(&k);
}

/* A client that has 100 has no answer. */
static void an_interim_response_is_no_answer(void **unused)
{
	const uint32_t end = SERVER + sizeof(go_on) - 1;
	struct kit k;
	(void)unused;
	ask(&k);
	kit_send(&k, 0, 1, SERVER, ASKED, TCP_ACK, go_on);
	kit_send(&k, 0, 0, ASKED, end, TCP_FIN | TCP_ACK, "");
	kit_send(&k, 0, 1, end, ASKED + 1, TCP_ACK, answer);
	kit_send(&k, 0, 0, ASKED + 1, 0, TCP_RST, "");
	assert_true(is_unreceived(&k));
	kit_close(&k);
}

/* One connection waits, others that wait come and go. */
static void each_flow_waits_for_itself(void **unused)
{
	struct kit k;
	(void)unused;
	kit_open(&k);
	for (unsigned i = 0; i < 3; i++) {
		kit_send(&k, i, 0, CLIENT - 1, 0, TCP_SYN, "");
		kit_send(&k, i, 1, SERVER - 1, CLIENT, TCP_SYN | TCP_ACK, "");
		kit_send(&k, i, 0, CLIENT, SERVER, TCP_FIN | TCP_ACK, get);
		kit_send(&k, i, 1, SERVER, ASKED + 1, TCP_ACK, answer);
	}
	kit_send(&k, 1, 0, ASKED + 1, 0, TCP_RST, "");
	assert_true(is_unreceived(&k));
	kit_send(&k, 2, 0, ASKED + 1, ANSWERED, TCP_ACK, "");
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	tick(&k, 2 * SECOND);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 3);
	assert_false(kit_output(&k, OUTPUT_TXN, 2)->u.txn->unreceived);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_gone_resets_the_answer),
		cmocka_unit_test(the_fin_of_the_server_tells_nothing),
		cmocka_unit_test(who_listens_acknowledges),
		cmocka_unit_test(a_late_fin_lets_the_answer_through),
		cmocka_unit_test(a_part_is_received),
		cmocka_unit_test(what_goes_on_is_not_kept_waiting),
		cmocka_unit_test(silence_is_no_proof),
		cmocka_unit_test(a_reset_before_the_answer),
		cmocka_unit_test(an_interim_response_is_no_answer),
		cmocka_unit_test(each_flow_waits_for_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
