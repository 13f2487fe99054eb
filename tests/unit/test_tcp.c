/*
 * Reassembly: against a model in which each byte of a stream belongs to who brought it first, and
 * the awkward cases by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "decode/tcp.h"
#include "tests/unit/flowkit.h"

enum { STREAM = 48 };

/* What came out, a gap of n bytes as n times '_'. */
struct record {
	char text[4096];
	size_t n;
	unsigned gaps, ends, conflicts;
};

/* The flow carries the record in `http`, which the streams under test do not use. */
static struct record *record_of(void *ctx)
{
	return (void *)((struct tcp_flow *)ctx)->http;
}

static void on_data(void *ctx, unsigned dir, const struct piece *piece)
{
	struct record *s = record_of(ctx);
	if (dir != 0)
		return;
	assert_int_equal(piece->offset, s->n);
	assert_true(s->n + piece->bytes.n < sizeof(s->text));
	memcpy(s->text + s->n, piece->bytes.p, piece->bytes.n);
	s->n += piece->bytes.n;
}

static void on_gap(void *ctx, unsigned dir, uint64_t offset, uint64_t bytes, enum gap_kind kind)
{
	struct record *s = record_of(ctx);
	(void)kind;
	if (dir != 0)
		return;
	assert_int_equal(offset, s->n);
	memset(s->text + s->n, '_', bytes);
	s->n += bytes;
	s->gaps++;
}

static void on_conflict(void *ctx, unsigned dir)
{
	(void)dir;
	record_of(ctx)->conflicts++;
}

static void on_end(void *ctx, unsigned dir, enum stream_end how)
{
	if (dir == 0 && how == STREAM_FIN)
		record_of(ctx)->ends++;
}

static void skip_data(void *ctx, unsigned dir, const struct piece *piece)
{
	(void)ctx;
	(void)dir;
	(void)piece;
}

static void skip_gap(void *ctx, unsigned dir, uint64_t offset, uint64_t bytes, enum gap_kind kind)
{
	(void)ctx;
	(void)dir;
	(void)offset;
	(void)bytes;
	(void)kind;
}

static const struct stream_ops ops = { on_data, on_gap, on_conflict, on_end };

struct fixture {
	struct kit kit;
	struct tcp_flow *flow;
	struct record seen;
};

static void fixture_open(struct fixture *x)
{
	memset(x, 0, sizeof(*x));
	kit_open(&x->kit);
	struct segment s = kit_segment(&x->kit, 0, 0, 0, 0, TCP_SYN, "");
	struct flow_key key;
	bool from_high;
	flow_key_from(&s, &key, &from_high);
	x->flow = flow_add(x->kit.shard.flows, &key);
	assert_non_null(x->flow);
	x->flow->shard = &x->kit.shard;
	x->flow->first = s.at;
	x->flow->http = (void *)&x->seen;
}

static void fixture_close(struct fixture *x)
{
	x->flow->http = NULL;
	tcp_forget(x->flow);
	assert_int_equal(x->kit.shard.reassembly_used, 0);
	assert_int_equal(x->kit.shard.history_used, 0);
	flow_remove(x->kit.shard.flows, x->flow);
	kit_close(&x->kit);
}

static void send(struct fixture *x, unsigned dir, uint32_t seq, uint32_t ack, uint8_t flags,
    const char *text)
{
	struct segment s = kit_segment(&x->kit, 0, dir, seq, ack, flags, text);
	x->flow->packets++;
	x->flow->half[dir].packets++;
	tcp_segment(x->flow, dir, &s, &ops);
}

static void check_text(struct fixture *x, const char *text)
{
	x->seen.text[x->seen.n] = '\0';
	assert_string_equal(x->seen.text, text);
}

/* ---- the model ---- */

struct model {
	char byte[STREAM];
	bool conflict;
};

static void model_add(struct model *m, unsigned from, const char *text)
{
	for (unsigned i = 0; text[i]; i++) {
		if (!m->byte[from + i])
			m->byte[from + i] = text[i];
		else if (m->byte[from + i] != text[i])
			m->conflict = true;
	}
}

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* The bytes of the stream at `from`, but now and then another one. */
static void random_text(uint32_t *state, unsigned from, unsigned n, char *text)
{
	for (unsigned at = 0; at < n; at++) {
		bool wrong = random_next(state) % 24 == 0;
		text[at] = (char)(wrong ? 'X' : 'a' + (from + at) % 26);
	}
	text[n] = '\0';
}

static void one_schedule(uint32_t seed, uint32_t isn)
{
	struct fixture x;
	struct model m = { { 0 }, false };
	fixture_open(&x);
	send(&x, 0, isn, 0, TCP_SYN, "");
	uint32_t state = seed;
	for (unsigned i = 0; i < 24; i++) {
		char text[12];
		unsigned from = random_next(&state) % (STREAM - 10);
		unsigned n = 1 + random_next(&state) % 9;
		random_text(&state, from, n, text);
		/* A single byte before what is next is a keep-alive probe, not a retransmission. */
		if (n == 1)
			continue;
		model_add(&m, from, text);
		send(&x, 0, isn + 1 + from, 0, TCP_ACK, text);
	}
	tcp_flush(x.flow, &ops);
	for (size_t i = 0; i < x.seen.n; i++)
		assert_int_equal(x.seen.text[i], m.byte[i] ? m.byte[i] : '_');
	for (size_t i = x.seen.n; i < STREAM; i++)
		assert_int_equal(m.byte[i], 0);
	assert_int_equal(x.flow->conflicts > 0, m.conflict);
	assert_int_equal(kit_anomalies(&x.kit, TCP_CONFLICT), x.flow->conflicts);
	fixture_close(&x);
}

static void first_arrival_wins(void **unused)
{
	(void)unused;
	for (uint32_t seed = 1; seed <= 2000; seed++)
		one_schedule(seed, seed * 2654435761u);
}

static void sequence_wraps_anywhere(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 64; i++)
		one_schedule(99, 0xffffffffu - i);
}

/* ---- by hand ---- */

static void gap_waits_for_late_packets(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 101, 1, TCP_ACK, "aaaa");
	send(&x, 0, 109, 1, TCP_ACK, "cccc");
	send(&x, 1, 1, 113, TCP_ACK, "");
	check_text(&x, "aaaa");
	send(&x, 0, 105, 1, TCP_ACK, "bbbb");
	check_text(&x, "aaaabbbbcccc");
	assert_int_equal(x.seen.gaps, 0);
	fixture_close(&x);
}

static void acknowledged_hole_becomes_a_gap(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 105, 1, TCP_ACK, "bbbb");
	for (unsigned i = 0; i <= x.kit.options.limits.gap_packets; i++)
		send(&x, 1, 1, 109, TCP_ACK, "");
	check_text(&x, "____bbbb");
	assert_int_equal(kit_anomalies(&x.kit, TCP_GAP), 1);
	assert_int_equal(x.flow->half[0].gap_bytes, 4);
	send(&x, 0, 101, 1, TCP_ACK, "late");
	check_text(&x, "____bbbb");
	fixture_close(&x);
}

static void time_turns_a_hole_into_a_gap(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 105, 1, TCP_ACK, "bbbb");
	send(&x, 1, 1, 109, TCP_ACK, "");
	x.kit.shard.clock += 3000000000;
	send(&x, 1, 1, 109, TCP_ACK, "");
	check_text(&x, "____bbbb");
	fixture_close(&x);
}

static void keep_alive_changes_nothing(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 101, 1, TCP_ACK, "abcd");
	send(&x, 0, 104, 1, TCP_ACK, "?");
	send(&x, 0, 105, 1, TCP_ACK, "efgh");
	check_text(&x, "abcdefgh");
	assert_int_equal(kit_anomalies(&x.kit, TCP_CONFLICT), 0);
	fixture_close(&x);
}

static void fin_is_advice(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 101, 1, TCP_ACK | TCP_FIN, "abcd");
	assert_int_equal(x.seen.ends, 1);
	send(&x, 0, 105, 1, TCP_ACK, "more");
	check_text(&x, "abcdmore");
	assert_int_equal(kit_anomalies(&x.kit, TCP_DATA_AFTER_FIN), 1);
	fixture_close(&x);
}

static void fin_waits_for_the_bytes_before_it(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 105, 1, TCP_ACK | TCP_FIN, "efgh");
	assert_int_equal(x.seen.ends, 0);
	send(&x, 0, 101, 1, TCP_ACK, "abcd");
	check_text(&x, "abcdefgh");
	assert_int_equal(x.seen.ends, 1);
	fixture_close(&x);
}

static void far_data_and_resets_are_ignored(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 101 + 0x10000000, 1, TCP_ACK, "far");
	send(&x, 0, 101 - 0x10000000, 1, TCP_ACK, "old");
	send(&x, 0, 101 + 0x10000000, 1, TCP_RST, "");
	assert_int_equal(kit_anomalies(&x.kit, TCP_OUT_OF_WINDOW), 2);
	assert_int_equal(kit_anomalies(&x.kit, TCP_RST_IGNORED), 1);
	assert_false(x.flow->rst_seen);
	send(&x, 0, 101, 1, TCP_ACK, "abcd");
	check_text(&x, "abcd");
	fixture_close(&x);
}

/* A FIN counts where the stream may end. */
static void far_fins_are_ignored(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 101, 1, TCP_ACK, "abcd");
	send(&x, 0, 101 - 0x10000000, 1, TCP_ACK | TCP_FIN, "");
	send(&x, 0, 101 + 0x10000000, 1, TCP_ACK | TCP_FIN, "");
	assert_int_equal(x.seen.ends, 0);
	assert_int_equal(kit_anomalies(&x.kit, TCP_OUT_OF_WINDOW), 2);
	send(&x, 0, 105, 1, TCP_ACK | TCP_FIN, "");
	assert_int_equal(x.seen.ends, 1);
	fixture_close(&x);
}

/* More was lost than the window holds: a run of segments in order is believed. */
static void a_long_loss_is_survived(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	uint32_t seq = 105 + 0x00500000;
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 101, 1, TCP_ACK, "abcd");
	x.flow->http = NULL; /* the gap would not fit into the record */
	const struct stream_ops quiet = { skip_data, skip_gap, NULL, NULL };
	for (unsigned i = 0; i < 8; i++, seq += 4) {
		struct segment s = kit_segment(&x.kit, 0, 0, seq, 1, TCP_ACK, "efgh");
		tcp_segment(x.flow, 0, &s, &quiet);
	}
	assert_int_equal(x.flow->half[0].next, seq);
	assert_int_equal(x.flow->half[0].gap_bytes, 0x00500000 + 7 * 4);
	assert_int_equal(kit_anomalies(&x.kit, TCP_GAP), 1);
	fixture_close(&x);
}

/* The hole list is bounded in segments; what does not fit turns the oldest hole into a gap. */
static void hole_list_is_bounded(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	uint64_t most = x.kit.options.limits.ooo_segments;
	send(&x, 0, 100, 0, TCP_SYN, "");
	for (uint32_t i = 0; i <= most; i++)
		send(&x, 0, 103 + 4 * i, 1, TCP_ACK, "ab");
	assert_int_equal(x.seen.gaps, 1);
	assert_int_equal(x.flow->half[0].n_waiting, most);
	tcp_flush(x.flow, &ops);
	assert_int_equal(x.seen.n, 2 + 4 * most + 2);
	fixture_close(&x);
}

static void clipped_bytes_are_a_gap_at_once(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	send(&x, 0, 100, 0, TCP_SYN, "");
	struct segment s = kit_segment(&x.kit, 0, 0, 101, 1, TCP_ACK, "ab");
	s.missing = 5;
	x.flow->half[0].packets++;
	tcp_segment(x.flow, 0, &s, &ops);
	send(&x, 0, 108, 1, TCP_ACK, "cd");
	check_text(&x, "ab_____cd");
	assert_int_equal(kit_anomalies(&x.kit, TCP_CLIPPED), 1);
	fixture_close(&x);
}

/* What fills a part of the first hole is not given up with it. */
static void a_segment_without_room_is_delivered(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	x.kit.options.limits.ooo_segments = 2;
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 0, 113, 1, TCP_ACK, "xx");
	send(&x, 0, 118, 1, TCP_ACK, "yy");
	send(&x, 0, 105, 1, TCP_ACK, "abc");
	check_text(&x, "____abc");
	tcp_flush(x.flow, &ops);
	check_text(&x, "____abc_____xx___yy");
	fixture_close(&x);
}

/* What waited had some of it: only the rest of it waits now. */
static void what_makes_room_may_have_the_bytes(void **unused)
{
	(void)unused;
	struct fixture x;
	fixture_open(&x);
	x.kit.options.limits.ooo_segments = 2;
	send(&x, 0, 100, 0, TCP_SYN, "");
	send(&x, 1, 1, 101, TCP_ACK, "");
	send(&x, 0, 105, 1, TCP_ACK, "abcdef");
	send(&x, 0, 118, 1, TCP_ACK, "yy");
	send(&x, 0, 107, 9, TCP_ACK, "cdefgh");
	struct segment s = kit_segment(&x.kit, 0, 0, 103, 1, TCP_ACK, "__abcdefghij");
	s.missing = 9;
	x.flow->half[0].packets++;
	tcp_segment(x.flow, 0, &s, &ops);
	check_text(&x, "____abcdefghij___yy____");
	fixture_close(&x);
}

/* Sent again in another cut, a part of what is missing of a segment came before it, in order or not. */
static void clipped_bytes_that_wait_are_no_gap(void **unused)
{
	(void)unused;
	for (unsigned early = 0; early < 2; early++) {
		struct fixture x;
		fixture_open(&x);
		send(&x, 0, 100, 0, TCP_SYN, "");
		send(&x, 0, 106, 1, TCP_ACK, "fgh");
		struct segment s = kit_segment(&x.kit, 0, 0, 101 + early, 1, TCP_ACK, "abc");
		s.payload = slice_part(s.payload, early, 3);
		s.missing = 9;
		x.flow->half[0].packets++;
		tcp_segment(x.flow, 0, &s, &ops);
		send(&x, 0, 101, 1, TCP_ACK, "ab");
		check_text(&x, "abc__fgh____");
		assert_int_equal(kit_anomalies(&x.kit, TCP_CLIPPED), 2);
		assert_int_equal(kit_anomalies(&x.kit, TCP_GAP), 0);
		fixture_close(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_arrival_wins),
		cmocka_unit_test(sequence_wraps_anywhere),
		cmocka_unit_test(gap_waits_for_late_packets),
		cmocka_unit_test(acknowledged_hole_becomes_a_gap),
		cmocka_unit_test(time_turns_a_hole_into_a_gap),
		cmocka_unit_test(keep_alive_changes_nothing),
		cmocka_unit_test(fin_is_advice),
		cmocka_unit_test(fin_waits_for_the_bytes_before_it),
		cmocka_unit_test(far_data_and_resets_are_ignored),
		cmocka_unit_test(far_fins_are_ignored),
		cmocka_unit_test(a_long_loss_is_survived),
		cmocka_unit_test(hole_list_is_bounded),
		cmocka_unit_test(a_segment_without_room_is_delivered),
		cmocka_unit_test(what_makes_room_may_have_the_bytes),
		cmocka_unit_test(clipped_bytes_are_a_gap_at_once),
		cmocka_unit_test(clipped_bytes_that_wait_are_no_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
