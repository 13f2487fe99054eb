/*
 * test_tap.c - decode_options.tap: every byte that was delivered is told once, and what it was.
 */
#include "tests/unit/flowkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What one direction was told to be: a letter a byte, '|' where something ended. */
struct heard {
	char log[512], text[512];
	size_t n_log, n_text;
	uint64_t next;
	bool gap;
};

struct listener {
	struct heard heard[4];
	size_t n, segments, conflicts, damaged;
	uint64_t conflict_offset, conflict_n;
	struct tap_segment last; /* that was told, read or damaged */
	struct stamp at, piece; /* its own, and the first one of its pieces */
};

static struct heard *heard_of(struct listener *l, void **own)
{
	if (*own == NULL)
		*own = &l->heard[l->n++];
	return *own;
}

static void on_bytes(void *ctx, void **own, uint64_t offset, struct slice bytes, enum tap_kind kind)
{
	struct heard *h = heard_of(ctx, own);
	assert_true(h->gap || offset == h->next); /* in order, without holes, none twice */
	h->gap = false;
	h->next = offset + bytes.n;
	memset(h->log + h->n_log, "hbfto"[kind], bytes.n);
	h->n_log += bytes.n;
	memcpy(h->text + h->n_text, bytes.p, bytes.n);
	h->n_text += bytes.n;
}

static void on_gap(void *ctx, void **own)
{
	struct heard *h = heard_of(ctx, own);
	h->gap = true;
	h->log[h->n_log++] = '~';
}

static void on_end(void *ctx, void **own, enum tap_end end)
{
	struct heard *h = heard_of(ctx, own);
	h->log[h->n_log++] = "|/-"[end];
}

static void last_set(struct listener *l, const struct tap_segment *segment)
{
	l->last = *segment;
	l->at = *segment->at;
	l->piece = segment->n_pieces != 0 ? segment->pieces[0] : (struct stamp){ 0 };
}

static void on_segment(void *ctx, void **own, const struct tap_segment *segment)
{
	struct listener *l = ctx;
	heard_of(l, own);
	if (segment->captured == 0)
		return;
	l->segments++;
	last_set(l, segment);
}

static void on_damaged(void *ctx, const struct tap_segment *segment)
{
	struct listener *l = ctx;
	l->damaged++;
	last_set(l, segment);
}

static void on_conflict(void *ctx, void **own, const struct stamp *at, uint64_t offset, uint64_t n)
{
	struct listener *l = ctx;
	(void)own, (void)at;
	l->conflicts++;
	l->conflict_offset = offset;
	l->conflict_n = n;
}

static void on_close(void *ctx, void **own)
{
	(void)ctx;
	*own = NULL;
}

struct tapped {
	struct kit kit;
	struct listener heard;
	struct decode_tap tap;
};

static void tapped_open(struct tapped *t)
{
	memset(t, 0, sizeof *t);
	kit_open(&t->kit);
	t->tap = (struct decode_tap){ on_bytes, on_gap, on_end, on_segment, on_conflict, on_damaged,
		on_close, &t->heard };
	t->kit.options.tap = &t->tap;
	t->kit.options.checksums = CHECKSUMS_AUTO;
	kit_send(&t->kit, 0, 0, 99, 0, TCP_SYN, "");
	kit_send(&t->kit, 0, 1, 499, 100, TCP_SYN | TCP_ACK, "");
}

static void tapped_close(struct tapped *t)
{
	kit_finish(&t->kit);
	kit_close(&t->kit);
}

static void assert_log(const struct tapped *t, size_t which, const char *expected)
{
	char log[512];
	memcpy(log, t->heard.heard[which].log, sizeof log);
	log[t->heard.heard[which].n_log] = '\0';
	assert_string_equal(log, expected);
}

static void test_messages(void **state)
{
	(void)state;
	struct tapped t;
	tapped_open(&t);
	kit_send(&t.kit, 0, 0, 100, 500, TCP_ACK, "PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nab");
	kit_send(&t.kit, 0, 0, 140, 500, TCP_ACK, "c\r\nGET ");
	kit_send(&t.kit, 0, 0, 147, 500, TCP_ACK, "/ HTTP/1.1\r\n\r\n");
	kit_send(&t.kit, 0, 1, 500, 161, TCP_ACK,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\nA: b\r\n\r\n");
	tapped_close(&t);
	assert_log(&t, 0, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhbbb|hhhhhhhhhhhhhhhhhhhh|");
	assert_log(&t, 1, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhfffffbbffffftttttttt|");
	assert_int_equal(t.heard.segments, 4);
}

static void test_what_is_no_message(void **state)
{
	(void)state;
	struct tapped t;
	tapped_open(&t);
	kit_send(&t.kit, 0, 0, 100, 500, TCP_ACK, "a1 LOG");
	kit_send(&t.kit, 0, 0, 106, 500, TCP_ACK, "IN x\r\nmore");
	tapped_close(&t);
	assert_log(&t, 0, "hhhhhhhhhhhh-oooo");
}

/* Early, twice and with other bytes: the first arrival is told, and where the second contradicts it. */
static void test_order_of_the_stream(void **state)
{
	(void)state;
	struct tapped t;
	tapped_open(&t);
	kit_send(&t.kit, 0, 0, 106, 500, TCP_ACK, "HTTP/1.1\r\n\r\n");
	kit_send(&t.kit, 0, 0, 100, 500, TCP_ACK, "GET / ");
	kit_send(&t.kit, 0, 0, 100, 500, TCP_ACK, "GOT / HTTP");
	tapped_close(&t);
	assert_memory_equal(t.heard.heard[0].text, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_log(&t, 0, "hhhhhhhhhhhhhhhhhh|");
	assert_int_equal(t.heard.conflicts, 1);
	assert_true(t.heard.conflict_offset == 0 && t.heard.conflict_n == 10);
}

static void test_gaps(void **state)
{
	(void)state;
	struct tapped t;
	tapped_open(&t);
	kit_send(&t.kit, 0, 0, 100, 500, TCP_ACK, "PUT /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nab");
	kit_send(&t.kit, 0, 0, 142, 500, TCP_ACK, "ef");
	kit_send(&t.kit, 0, 0, 144, 500, TCP_ACK, "GET /b HT");
	tapped_close(&t);
	assert_log(&t, 0, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhbb~bb|hhhhhhhhh");
}

/* From the client, with a checksum, in two fragments, of which the stamps die. */
static void send_summed(struct tapped *t, uint32_t seq, const char *text, bool right)
{
	struct segment s = kit_segment(&t->kit, 0, 0, seq, 500, TCP_ACK, text);
	struct stamp piece = { .frame = s.at.frame + 1000 };
	s.pieces = &piece;
	s.n_pieces = 1;
	s.summed = true;
	s.sum = (uint16_t)~sum_add(right ? 0 : 1, s.payload.p, s.payload.n);
	shard_segment(&t->kit.shard, &s, t->kit.clock);
	piece = (struct stamp){ 0 };
}

/* In front of its good copy: the good one is told. */
static void test_damaged(void **state)
{
	(void)state;
	struct tapped t;
	tapped_open(&t);
	send_summed(&t, 100, "GET / ", true);
	assert_int_equal(t.heard.last.sum, CHECKSUM_RIGHT);
	send_summed(&t, 106, "HTTP/X.X\r\n\r\n", false);
	assert_int_equal(t.heard.damaged, 0);
	send_summed(&t, 106, "HTTP/1.1\r\n\r\n", true);
	assert_int_equal(t.heard.last.sum, CHECKSUM_RIGHT);
	assert_int_equal(t.heard.damaged, 1);
	send_summed(&t, 118, "not to be read", false);
	tapped_close(&t);
	assert_log(&t, 0, "hhhhhhhhhhhhhhhhhh|");
	assert_memory_equal(t.heard.heard[0].text, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_int_equal(t.heard.conflicts, 0);
	assert_int_equal(t.heard.damaged, 2);
	assert_int_equal(t.heard.last.sum, CHECKSUM_WRONG);
	assert_int_equal(t.heard.last.captured, 14);
	assert_int_equal(t.heard.piece.frame, t.heard.at.frame + 1000);
}

/* Nothing better comes, and its receiver took it: it is told as part of the stream, with all its packets. */
static void test_damaged_and_taken(void **state)
{
	(void)state;
	struct tapped t;
	tapped_open(&t);
	send_summed(&t, 100, "GET / ", true);
	send_summed(&t, 106, "HTTP/1.1\r\n\r\n", false);
	kit_send(&t.kit, 0, 1, 500, 118, TCP_ACK, "");
	assert_int_equal(t.heard.segments, 2);
	assert_int_equal(t.heard.last.sum, CHECKSUM_WRONG);
	assert_int_equal(t.heard.piece.frame, t.heard.at.frame + 1000);
	tapped_close(&t);
	assert_log(&t, 0, "hhhhhhhhhhhhhhhhhh|");
	assert_int_equal(t.heard.damaged, 0);
}

static void test_signatures(void **state)
{
	(void)state;
	bool records;
	assert_int_equal(protocol_signature(SLICE("\x16\x03\x01\x02\x00\x01\x00"), &records), 5);
	assert_true(records);
	assert_int_equal(protocol_signature(SLICE("SSH-2.0-x"), &records), 4);
	assert_false(records);
	assert_int_equal(protocol_signature(SLICE("+OK"), &records), 3);
	assert_int_equal(protocol_signature(SLICE("nothing known"), &records), 0);
	assert_int_equal(protocol_signature(SLICE(""), &records), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_what_is_no_message),
		cmocka_unit_test(test_order_of_the_stream),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_damaged_and_taken),
		cmocka_unit_test(test_signatures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
