/*
 * Flows: who opens them, who ends them, how many there may be, and what they leave behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/flowkit.h"

static const int64_t SECOND = 1000000000;
static const char get[] = "GET / HTTP/1.1\r\n\r\n";
static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";

static void talk_once(struct kit *k, unsigned connection, uint32_t isn)
{
	uint32_t c = isn + 1, s = 5001;
	kit_send(k, connection, 0, isn, 0, TCP_SYN, "");
	kit_send(k, connection, 1, s - 1, c, TCP_SYN | TCP_ACK, "");
	kit_send(k, connection, 0, c, s, TCP_ACK, get);
	kit_send(k, connection, 1, s, c + sizeof(get) - 1, TCP_ACK, answer);
}

static const struct txn *txn_at(const struct kit *k, size_t n)
{
	const struct output *o = kit_output(k, OUTPUT_TXN, n);
	assert_non_null(o);
	return o->u.txn;
}

/* Asks on a new connection. */
static void ask(struct kit *k)
{
	kit_open(k);
	kit_send(k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(k, 0, 1, 5000, 101, TCP_SYN | TCP_ACK, "");
	kit_send(k, 0, 0, 101, 5001, TCP_ACK, get);
}

/* Whoever asks when an answer was there wants the packet that was missing, not the one with its last byte. */
static void packets_out_of_order(void **unused)
{
	(void)unused;
	struct kit k;
	ask(&k);
	kit_send(&k, 0, 1, 5001 + 10, 101 + sizeof(get) - 1, TCP_ACK, answer + 10);
	kit_send(&k, 0, 1, 5001, 101 + sizeof(get) - 1, TCP_ACK, "HTTP/1.1 2");
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	assert_int_equal(txn_at(&k, 0)->res.first.frame, 5);
	assert_int_equal(txn_at(&k, 0)->res.head.frame, 5);
	assert_int_equal(txn_at(&k, 0)->res.last.frame, 5);
	kit_close(&k);
}

static const struct flow *flow_at(const struct kit *k, size_t n)
{
	const struct output *o = kit_output(k, OUTPUT_FLOW, n);
	assert_non_null(o);
	return o->u.flow;
}

static void a_flow_leaves_a_record(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	assert_int_equal(txn_at(&k, 0)->client.port, 40000);
	assert_int_equal(txn_at(&k, 0)->server.port, 80);
	assert_int_equal(txn_at(&k, 0)->req.head.frame, 3);
	assert_int_equal(txn_at(&k, 0)->res.head.frame, 4);
	const struct flow *f = flow_at(&k, 0);
	assert_string_equal(f->protocol, "http");
	assert_int_equal(f->id.frame, 1);
	assert_int_equal(f->end, FLOW_CAPTURE_END);
	assert_int_equal(f->bytes[0], sizeof(get) - 1);
	assert_int_equal(f->bytes[1], sizeof(answer) - 1);
	assert_int_equal(f->packets[0], 2);
	assert_int_equal(f->transactions, 1);
	assert_null(f->packet_list);
	kit_close(&k);
}

static void ports_used_again_are_a_new_flow(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	talk_once(&k, 0, 900000000);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 2);
	assert_int_equal(flow_at(&k, 0)->end, FLOW_REUSED);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	assert_int_equal(txn_at(&k, 1)->res.status, 204);
	kit_close(&k);
}

/* The new sequence numbers are near the old ones, the old connection never ended. */
static void ports_used_again_within_the_window(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 1000000);
	kit_send(&k, 0, 0, 930000, 0, TCP_SYN, "");
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 0);
	kit_send(&k, 0, 1, 7000, 930001, TCP_SYN | TCP_ACK, "");
	kit_send(&k, 0, 0, 930001, 7001, TCP_ACK, get);
	kit_send(&k, 0, 1, 7001, 930001 + sizeof(get) - 1, TCP_ACK, answer);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 2);
	assert_int_equal(flow_at(&k, 1)->id.frame, 5);
	assert_int_equal(flow_at(&k, 1)->packets[0], 2);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	assert_int_equal(txn_at(&k, 1)->unpaired, PAIRED);
	assert_false(txn_at(&k, 1)->unsure);
	kit_close(&k);
}

/* A forged SYN that nobody answers changes nothing. */
static void an_unanswered_syn_is_ignored(void **unused)
{
	(void)unused;
	struct kit k;
	ask(&k);
	kit_send(&k, 0, 0, 5000, 0, TCP_SYN, "");
	kit_send(&k, 0, 1, 5001, 101 + sizeof(get) - 1, TCP_ACK, answer);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 1);
	assert_int_equal(txn_at(&k, 0)->unpaired, PAIRED);
	kit_close(&k);
}

static void a_syn_sent_again_is_not(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	talk_once(&k, 0, 100);
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 1);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	kit_close(&k);
}

static void ports_used_again_behind_a_reset(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	kit_send(&k, 0, 1, 5001 + sizeof(answer) - 1, 0, TCP_RST, "");
	talk_once(&k, 0, 200);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 2);
	assert_int_equal(flow_at(&k, 0)->end, FLOW_RST);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	kit_close(&k);
}

static void strays_open_no_flow(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	kit_send(&k, 0, 0, 100, 7, TCP_ACK, "");
	kit_send(&k, 1, 1, 100, 7, TCP_RST, "");
	kit_send(&k, 2, 1, 100, 7, TCP_FIN | TCP_ACK, "");
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 0);
	kit_close(&k);
}

/* The session in the middle of a flood of SYNs keeps its state; what was given up is counted. */
static void a_flood_evicts_the_half_open(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	unsigned room = (unsigned)(k.options.limits.flows / SHARDS), flood = 3 * room;
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(&k, 0, 1, 5000, 101, TCP_SYN | TCP_ACK, "");
	kit_send(&k, 0, 0, 101, 5001, TCP_ACK, get);
	for (unsigned i = 1; i <= flood; i++)
		kit_send(&k, i, 0, i, 0, TCP_SYN, "");
	kit_send(&k, 0, 1, 5001, 101 + sizeof(get) - 1, TCP_ACK, answer);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	assert_int_equal(txn_at(&k, 0)->unpaired, PAIRED);
	assert_int_equal(kit_anomalies(&k, FLOW_EVICTED_LIMIT), flood + 1 - room);
	kit_close(&k);
}

static void idle_flows_are_closed(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(&k, 0, 0, 101, 1, TCP_ACK, get);
	kit_send(&k, 1, 0, 100, 0, TCP_SYN, "");
	struct stamp at = { .order = ++k.order };
	shard_tick(&k.shard, &at, 60 * INT64_C(1000000000));
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 1);
	assert_int_equal(kit_anomalies(&k, FLOW_TIMEOUT), 0);
	shard_tick(&k.shard, &at, 3601 * INT64_C(1000000000));
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 2);
	assert_int_equal(kit_anomalies(&k, FLOW_TIMEOUT), 1);
	assert_int_equal(txn_at(&k, 0)->unpaired, UNPAIRED_ONE_SIDED);
	kit_close(&k);
}

/* A lost answer of a quiet connection is known to be lost once time has passed, not an hour later. */
static void a_tick_turns_holes_into_gaps(void **unused)
{
	(void)unused;
	struct kit k;
	ask(&k);
	kit_send(&k, 0, 1, 5001 + 4, 101 + sizeof(get) - 1, TCP_ACK, answer + 4);
	kit_send(&k, 0, 0, 101 + sizeof(get) - 1, 5001 + sizeof(answer) - 1, TCP_ACK, "");
	struct stamp at = { .order = ++k.order };
	shard_tick(&k.shard, &at, INT64_C(1000000000));
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 0);
	shard_tick(&k.shard, &at, INT64_C(3000000000));
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 1);
	assert_null(k.shard.held_first);
	kit_finish(&k);
	assert_int_equal(txn_at(&k, 0)->unpaired, UNPAIRED_GAP);
	kit_close(&k);
}

static void tick_at(struct kit *k, int64_t seconds)
{
	struct stamp at = { .order = ++k->order, .frame = k->order, .ns = seconds * SECOND };
	shard_tick(&k->shard, &at, seconds * SECOND);
}

static const struct anomaly *gap_at(const struct kit *k, size_t n)
{
	for (size_t i = 0; i < k->shard.out.n; i++) {
		const struct output *o = &k->shard.out.items[i];
		if (o->kind == OUTPUT_ANOMALY && o->u.anomaly.code == TCP_GAP && n-- == 0)
			return &o->u.anomaly;
	}
	fail_msg("there are fewer gaps");
	return NULL;
}

/* The evidence is the packet that acknowledged the bytes, not one that happens to come by later. */
static void a_gap_names_the_packet_that_shows_it(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	k.clock = SECOND;
	uint32_t c = 101 + sizeof(get) - 1, s = 5001 + sizeof(answer) - 1;
	kit_send(&k, 0, 1, s, c + 50, TCP_ACK, "");
	uint64_t shown = k.order;
	kit_send(&k, 0, 0, c + 50, s, TCP_ACK, "");
	tick_at(&k, 2);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 0);
	tick_at(&k, 3);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 1);
	assert_int_equal(gap_at(&k, 0)->at.frame, shown);
	assert_int_equal(gap_at(&k, 0)->at.ns, SECOND);
	assert_int_equal(gap_at(&k, 0)->value, 50);
	kit_close(&k);
}

/* A part of it was lost after the rest: at the time the gap names, all of it had been on the wire. */
static void a_gap_that_grew_names_the_last_packet(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	uint32_t c = 101 + sizeof(get) - 1, s = 5001 + sizeof(answer) - 1;
	kit_send(&k, 0, 1, s, c + 50, TCP_ACK, "");
	k.clock = SECOND;
	kit_send(&k, 0, 1, s, c + 70, TCP_ACK, "");
	kit_send(&k, 0, 1, s, c + 70, TCP_ACK, "");
	tick_at(&k, 2);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 1);
	assert_int_equal(gap_at(&k, 0)->at.frame, k.order - 2);
	assert_int_equal(gap_at(&k, 0)->at.ns, SECOND);
	assert_int_equal(gap_at(&k, 0)->value, 70);
	kit_close(&k);
}

/* No byte of it was read, so it counts as half open; its hole does not wait for syn_seconds. */
static void a_half_open_flow_has_holes_too(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(&k, 0, 1, 5001, 101 + 30, TCP_ACK, "");
	tick_at(&k, 3);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 1);
	assert_int_equal(kit_count(&k, OUTPUT_FLOW), 0);
	kit_close(&k);
}

/*
 * A request is missing, behind its answer a part of the next one, and so on: each hole stands in the
 * way of the next. In a silent flow all of them are old at once.
 */
static void holes_that_wait_for_each_other_end_together(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	uint32_t c = 101 + sizeof(get) - 1, s = 5001 + sizeof(answer) - 1;
	kit_send(&k, 0, 1, s, c + 10, TCP_ACK, answer);
	s += sizeof(answer) - 1;
	kit_send(&k, 0, 0, c + 10, s + 20, TCP_ACK, get);
	c += 10 + sizeof(get) - 1;
	kit_send(&k, 0, 1, s + 20, c + 30, TCP_ACK, answer);
	kit_send(&k, 0, 0, c + 30, s + 20 + sizeof(answer) - 1, TCP_ACK, get);
	tick_at(&k, 1);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 0);
	tick_at(&k, 2);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 3);
	assert_null(k.shard.held_first);
	kit_close(&k);
}

/*
 * The first sending of a request was not captured, its answer was, then the request once more, which
 * acknowledges the answer: each waits for the other.
 */
static void a_circle_of_acknowledgements_is_cut(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	uint32_t c = 101 + sizeof(get) - 1, s = 5001 + sizeof(answer) - 1;
	kit_send(&k, 0, 1, s, c + sizeof(get) - 1, TCP_ACK, answer);
	kit_send(&k, 0, 0, c, s + sizeof(answer) - 1, TCP_ACK, get);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	tick_at(&k, 2);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	assert_int_equal(txn_at(&k, 1)->unpaired, PAIRED);
	assert_false(txn_at(&k, 1)->unsure);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 0);
	assert_null(k.shard.held_first);
	kit_close(&k);
}

/* The whole answer and its FIN were captured before the request: with that, both are complete. */
static void an_early_fin_ends_the_answer(void **unused)
{
	(void)unused;
	static const char open_end[] = "HTTP/1.1 200 OK\r\n\r\nbody";
	struct kit k;
	kit_open(&k);
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(&k, 0, 1, 5000, 101, TCP_SYN | TCP_ACK, "");
	kit_send(&k, 0, 1, 5001, 101 + sizeof(get) - 1, TCP_ACK | TCP_FIN, open_end);
	kit_send(&k, 0, 0, 101, 5001, TCP_ACK, get);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	assert_int_equal(txn_at(&k, 0)->unpaired, PAIRED);
	assert_true(message_complete(&txn_at(&k, 0)->res));
	kit_close(&k);
}

/* Bytes that trickle in do not put off for ever what is missing behind them. */
static void progress_in_a_hole_does_not_put_it_off(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	talk_once(&k, 0, 100);
	uint32_t c = 101 + sizeof(get) - 1, s = 5001 + sizeof(answer) - 1;
	kit_send(&k, 0, 1, s, c + 60, TCP_ACK, "");
	k.clock = 1500000000;
	kit_send(&k, 0, 0, c, s, TCP_ACK, "GET ");
	tick_at(&k, 2);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 1);
	assert_int_equal(gap_at(&k, 0)->value, 56);
	kit_close(&k);
}

/* What was acknowledged only now may still come: captures are not strictly in order. */
static void a_tick_leaves_young_holes(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	for (unsigned i = 0; i < 3; i++) {
		talk_once(&k, i, 100);
		k.clock += SECOND;
		kit_send(&k, i, 1, 5001 + sizeof(answer) - 1, 101 + sizeof(get) - 1 + 10, TCP_ACK,
		    "");
	}
	tick_at(&k, 4);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 2);
	tick_at(&k, 5);
	assert_int_equal(kit_anomalies(&k, TCP_GAP), 3);
	assert_null(k.shard.held_first);
	kit_close(&k);
}

static void roles_come_from_what_is_said(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	kit_send(&k, 0, 1, 700, 300, TCP_ACK, answer);
	kit_send(&k, 0, 0, 300, 700 + sizeof(answer) - 1, TCP_ACK, get);
	kit_send(&k, 0, 1, 700 + sizeof(answer) - 1, 300 + sizeof(get) - 1, TCP_ACK, answer);
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	assert_int_equal(txn_at(&k, 0)->unpaired, UNPAIRED_MIDSTREAM);
	assert_int_equal(txn_at(&k, 1)->unpaired, PAIRED);
	assert_int_equal(txn_at(&k, 1)->client.port, 40000);
	assert_int_equal(flow_at(&k, 0)->side[0].port, 40000);
	kit_close(&k);
}

/* The server's answer cannot be to a request of which it had not acknowledged a byte. */
static void an_answer_is_not_paired_with_a_later_request(void **unused)
{
	(void)unused;
	struct kit k;
	ask(&k);
	kit_send(&k, 0, 1, 5001, 101, TCP_ACK,
	    "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 2);
	assert_int_equal(txn_at(&k, 0)->unpaired, UNPAIRED_UNSOLICITED);
	assert_false(txn_at(&k, 1)->res.seen);
	kit_close(&k);
}

static void packets_are_listed_when_asked(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	k.options.keep_packets = true;
	talk_once(&k, 0, 100);
	talk_once(&k, 1, 100);
	kit_finish(&k);
	const struct flow *f = flow_at(&k, 1);
	assert_int_equal(f->n_packet_list, 4);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(f->packet_list[i].frame, 5 + i);
	kit_close(&k);
}

static void listed(const struct flow *f, size_t i, uint64_t offset, uint32_t bytes,
    bool from_client)
{
	const struct packet_ref *packet = &f->packet_list[i];
	if (packet->offset != offset && bytes != 0)
		fail_msg("packet %zu: offset %llu", i, (unsigned long long)packet->offset);
	assert_int_equal(packet->bytes, bytes);
	assert_int_equal(packet->from_client, from_client);
}

/* Early, repeated and missing bytes have their places in the streams, as the messages have. */
static void listed_packets_know_their_bytes(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	k.options.keep_packets = true;
	const uint32_t n = sizeof(get) - 1, m = sizeof(answer) - 1;
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(&k, 0, 1, 5000, 101, TCP_SYN | TCP_ACK, "");
	kit_send(&k, 0, 0, 101 + 10, 5001, TCP_ACK, get + 10);
	kit_send(&k, 0, 0, 101, 5001, TCP_ACK, get);
	kit_send(&k, 0, 1, 5001, 101 + n, TCP_ACK, "HTTP/1.1 100 Continue\r\n\r\n");
	kit_send(&k, 0, 1, 5001 + 25, 101 + n, TCP_ACK, answer);
	kit_send(&k, 0, 0, 101 + n, 5026 + m, TCP_ACK, get);
	struct segment clipped = kit_segment(&k, 0, 1, 5026 + m, 101 + 2 * n, TCP_ACK, answer);
	clipped.payload.n -= 4;
	clipped.missing = 4;
	shard_segment(&k.shard, &clipped, 0);
	kit_finish(&k);
	const struct flow *f = flow_at(&k, 0);
	assert_int_equal(f->n_packet_list, 8);
	listed(f, 0, 0, 0, true);
	listed(f, 1, 0, 0, false);
	listed(f, 2, 10, n - 10, true);
	listed(f, 3, 0, n, true);
	listed(f, 4, 0, 25, false);
	listed(f, 5, 25, m, false);
	listed(f, 6, n, n, true);
	listed(f, 7, 25 + m, m, false);
	const struct txn *first = txn_at(&k, 0), *second = txn_at(&k, 1);
	assert_true(first->req.from == 0 && first->req.to == n);
	assert_true(first->res.from == 0 && first->res.to == 25 + m);
	assert_true(second->req.from == n && second->req.to == 2 * n);
	assert_true(second->res.from == 25 + m);
	kit_close(&k);
}

/* Whoever opened the flow, the client is who sends requests; what came before is out of reach. */
static void listed_packets_of_the_middle(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	k.options.keep_packets = true;
	kit_send(&k, 0, 1, 5000, 101, TCP_ACK, answer);
	kit_send(&k, 0, 0, 101, 5000 + sizeof(answer) - 1, TCP_ACK, get);
	kit_send(&k, 0, 1, 4990, 101, TCP_ACK, "0123456789");
	kit_finish(&k);
	const struct flow *f = flow_at(&k, 0);
	assert_int_equal(f->n_packet_list, 3);
	listed(f, 0, 0, sizeof(answer) - 1, false);
	listed(f, 1, 0, sizeof(get) - 1, true);
	listed(f, 2, UINT64_MAX - 9, 10, false);
	kit_close(&k);
}

/* Memory for transactions is counted while they are open and given back when they are handed up. */
static void the_account_balances(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(&k, 0, 0, 101, 1, TCP_ACK, "PUT / HTTP/1.1\r\nContent-Length: 10\r\nX: ");
	assert_true(k.shard.txn_used > 0);
	kit_finish(&k);
	assert_int_equal(k.shard.txn_used, 0);
	kit_close(&k);
}

static void beyond_the_budget_nothing_is_claimed(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	k.options.limits.txn_total = 0;
	kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(&k, 0, 1, 5000, 101, TCP_SYN | TCP_ACK, "");
	kit_send(&k, 0, 0, 101, 5001, TCP_ACK, "GE");
	kit_send(&k, 0, 0, 103, 5001, TCP_ACK, "T / HTTP/1.1\r\n\r\n");
	kit_finish(&k);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 0);
	assert_int_equal(kit_anomalies(&k, HTTP_LIMIT), 1);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_out_of_order),
		cmocka_unit_test(a_flow_leaves_a_record),
		cmocka_unit_test(ports_used_again_are_a_new_flow),
		cmocka_unit_test(ports_used_again_within_the_window),
		cmocka_unit_test(an_unanswered_syn_is_ignored),
		cmocka_unit_test(a_syn_sent_again_is_not),
		cmocka_unit_test(ports_used_again_behind_a_reset),
		cmocka_unit_test(strays_open_no_flow),
		cmocka_unit_test(a_flood_evicts_the_half_open),
		cmocka_unit_test(idle_flows_are_closed),
		cmocka_unit_test(a_tick_turns_holes_into_gaps),
		cmocka_unit_test(a_gap_names_the_packet_that_shows_it),
		cmocka_unit_test(a_gap_that_grew_names_the_last_packet),
		cmocka_unit_test(a_half_open_flow_has_holes_too),
		cmocka_unit_test(holes_that_wait_for_each_other_end_together),
		cmocka_unit_test(a_circle_of_acknowledgements_is_cut),
		cmocka_unit_test(an_early_fin_ends_the_answer),
		cmocka_unit_test(progress_in_a_hole_does_not_put_it_off),
		cmocka_unit_test(a_tick_leaves_young_holes),
		cmocka_unit_test(roles_come_from_what_is_said),
		cmocka_unit_test(an_answer_is_not_paired_with_a_later_request),
		cmocka_unit_test(packets_are_listed_when_asked),
		cmocka_unit_test(listed_packets_know_their_bytes),
		cmocka_unit_test(listed_packets_of_the_middle),
		cmocka_unit_test(the_account_balances),
		cmocka_unit_test(beyond_the_budget_nothing_is_claimed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
