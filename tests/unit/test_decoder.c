/*
 * The decoder as a whole: one order whatever the threads and rounds, time, numbered credentials.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/capture.h"
#include "decode/decode.h"

enum { CONNECTIONS = 40, TURNS = 30, LINKTYPE_RAW_IP = 101 };

/* A log of all that is handed up, as text. */
struct record {
	char text[1 << 19];
	size_t n;
};

static void record_add(struct record *r, const char *text)
{
	size_t n = strlen(text);
	assert_true(r->n + n < sizeof(r->text));
	memcpy(r->text + r->n, text, n + 1);
	r->n += n;
}

static void on_txn(void *ctx, struct txn *t)
{
	char line[256];
	struct slice auth = SLICE("-");
	message_header(&t->req, "authorization", &auth);
	snprintf(line, sizeof(line), "txn %llu.%u done %llu %.*s %u %.*s\n",
	    (unsigned long long)t->flow.frame, t->seq, (unsigned long long)t->done.frame,
	    (int)t->req.target.n, (const char *)t->req.target.p, t->res.status, (int)auth.n,
	    (const char *)auth.p);
	record_add(ctx, line);
	txn_free(t);
}

static void on_flow(void *ctx, const struct flow *f)
{
	char line[128];
	snprintf(line, sizeof(line), "flow %llu %s\n", (unsigned long long)f->id.frame,
	    f->protocol);
	record_add(ctx, line);
}

static void on_anomaly(void *ctx, const struct anomaly *a)
{
	char line[128];
	snprintf(line, sizeof(line), "anomaly %s %llu\n", anomaly_name(a->code),
	    (unsigned long long)a->at.frame);
	record_add(ctx, line);
}

static void on_dropped(void *ctx, const struct dropped *l)
{
	char line[128];
	snprintf(line, sizeof(line), "dropped %llu at %llu\n", (unsigned long long)l->packets,
	    (unsigned long long)l->at.frame);
	record_add(ctx, line);
}

struct feed {
	struct decoder *decoder;
	uint64_t frame;
	int64_t ns;
	uint64_t dropped; /* before the next packet */
};

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* One IPv4 packet from or to the server. */
static void feed_packet(struct feed *feed, unsigned connection, bool from_server, uint32_t seq,
    uint32_t ack, uint8_t flags, const char *text)
{
	uint8_t p[1024] = { 0x45 };
	size_t n = strlen(text);
	put16(p + 2, (unsigned)(40 + n));
	p[8] = 64;
	p[9] = 6;
	put32(p + 12, from_server ? 0x0a000002 : 0x0a000001);
	put32(p + 16, from_server ? 0x0a000001 : 0x0a000002);
	put16(p + 20, from_server ? 80 : 30000 + connection);
	put16(p + 22, from_server ? 30000 + connection : 80);
	put32(p + 24, seq);
	put32(p + 28, ack);
	p[32] = 0x50;
	p[33] = flags;
	memcpy(p + 40, text, n);
	feed->frame++;
	feed->ns += 1000000;
	struct packet packet = {
		.at = { .order = feed->frame, .frame = feed->frame, .ns = feed->ns },
		.linktype = LINKTYPE_RAW_IP,
		.wire_len = (uint32_t)(40 + n),
		.dropped = feed->dropped,
		.bytes = { p, 40 + n }
	};
	feed->dropped = 0;
	decoder_packet(feed->decoder, &packet);
}

static struct decode_options options_of(unsigned workers, unsigned round, uint64_t seed)
{
	return (struct decode_options){ .limits = limits_default(),
		.key = hash_key_from(seed),
		.workers = workers,
		.round_packets = round };
}

static struct feed feed_open(const struct decode_options *o, struct record *r)
{
	struct error e;
	r->n = 0;
	struct decode_sink sink = { on_txn, on_flow, on_anomaly, on_dropped, r };
	struct feed feed = { .decoder = decoder_new(o, sink, &e), .ns = 1000000000 };
	assert_non_null(feed.decoder);
	return feed;
}

static void feed_close(struct feed *feed)
{
	decoder_finish(feed->decoder);
	decoder_free(feed->decoder);
}

/* Many connections, interleaved; every third loses an answer, credentials differ. */
static void converse(struct feed *feed)
{
	static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
	uint32_t client[CONNECTIONS], server[CONNECTIONS];
	for (unsigned c = 0; c < CONNECTIONS; c++) {
		client[c] = 100 * c + 1;
		server[c] = 7;
		feed_packet(feed, c, false, client[c] - 1, 0, 2, "");
		feed_packet(feed, c, true, server[c] - 1, client[c], 18, "");
	}
	for (unsigned i = 0; i < CONNECTIONS * TURNS; i++) {
		char text[256];
		unsigned c = (i * 7 + i / 11) % CONNECTIONS;
		snprintf(text, sizeof(text), "GET /%u HTTP/1.1\r\nAuthorization: Basic %u\r\n\r\n",
		    i, 1000 + c % 5);
		feed_packet(feed, c, false, client[c], server[c], 16, text);
		client[c] += (uint32_t)strlen(text);
		if (i % 3 != 0)
			feed_packet(feed, c, true, server[c], client[c], 16, answer);
		server[c] += sizeof(answer) - 1;
		if (i % 13 == 0)
			feed->dropped = i + 1;
		if (i % 50 == 0)
			feed->ns += INT64_C(5000000000);
	}
}

static void converse_with(const struct decode_options *o, struct record *r)
{
	struct feed feed = feed_open(o, r);
	converse(&feed);
	feed_close(&feed);
	assert_true(r->n > 10000);
}

static void same_for_workers_rounds_and_seeds(void **unused)
{
	(void)unused;
	static const struct {
		unsigned workers, round;
		uint64_t seed;
	} ways[] = {
		{ 0, 0, 1 },
		{ 0, 1, 1 },
		{ 0, 7, 2 },
		{ 1, 0, 3 },
		{ 1, 7, 1 },
		{ 2, 0, 4 },
		{ 4, 3, 5 },
		{ 8, 64, 6 },
	};
	static struct record first, other;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct decode_options o = options_of(ways[i].workers, ways[i].round, ways[i].seed);
		struct record *r = i ? &other : &first;
		converse_with(&o, r);
		assert_string_equal(first.text, r->text);
	}
}

static void same_however_little_is_kept(void **unused)
{
	(void)unused;
	static const struct {
		unsigned workers, round;
		uint64_t undelivered;
	} ways[] = { { 0, 0, 1 << 20 }, { 2, 0, 1 }, { 0, 5, 5000 }, { 4, 0, 5000 } };
	static struct record first, other;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct decode_options o = options_of(ways[i].workers, ways[i].round, i);
		o.limits.undelivered = ways[i].undelivered;
		o.limits.held_packets = 0;
		struct record *r = i ? &other : &first;
		converse_with(&o, r);
		assert_string_equal(first.text, r->text);
	}
}

/* An answer is in a hole that may still be filled; another connection goes on, TURNS times. */
static void wait_for_a_hole(struct feed *feed)
{
	static const char ask[] = "GET /on HTTP/1.1\r\n\r\n";
	static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
	uint32_t client = 1, server = 1;
	for (unsigned c = 0; c < 2; c++) {
		feed_packet(feed, c, false, 0, 0, 2, "");
		feed_packet(feed, c, true, 0, 1, 18, "");
	}
	feed_packet(feed, 0, false, 1, 1, 16, "GET /open HTTP/1.1\r\n\r\n");
	feed_packet(feed, 0, true, 9, 23, 16, "x");
	feed_packet(feed, 0, false, 23, 10, 16, "");
	for (unsigned i = 0; i < TURNS; i++) {
		feed_packet(feed, 1, false, client, server, 16, ask);
		client += sizeof(ask) - 1;
		feed_packet(feed, 1, true, server, client, 16, answer);
		server += sizeof(answer) - 1;
	}
}

static void results_wait_until_they_are_too_many(void **unused)
{
	(void)unused;
	static const struct {
		uint64_t undelivered;
		bool late;
	} cases[] = { { UINT64_C(1) << 20, false }, { 20000, true }, { 1, true } };
	static struct record r;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct decode_options o = options_of(0, 7, 1);
		o.limits.undelivered = cases[i].undelivered;
		struct feed feed = feed_open(&o, &r);
		wait_for_a_hole(&feed);
		assert_int_equal(r.n != 0, cases[i].late);
		feed_close(&feed);
		assert_int_equal(strstr(r.text, "anomaly flow.late") != NULL, cases[i].late);
		const char *open = strstr(r.text, "/open 0"), *on = strstr(r.text, "/on 204");
		assert_true(open && on && (open > on) == cases[i].late);
		unsigned n = 0;
		for (const char *p = r.text; (p = strstr(p, "/on 204")); p++)
			n++;
		assert_int_equal(n, TURNS);
	}
}

static void credentials_are_numbered_by_appearance(void **unused)
{
	(void)unused;
	static struct record r;
	struct decode_options o = options_of(0, 0, 1);
	struct feed feed = feed_open(&o, &r);
	const char *const secrets[] = { "bbb", "aaa", "bbb" };
	uint32_t seq = 1;
	feed_packet(&feed, 0, false, 0, 0, 2, "");
	for (unsigned i = 0; i < 3; i++) {
		char text[128];
		snprintf(text, sizeof(text), "GET /%u HTTP/1.1\r\nAuthorization: Basic %s\r\n\r\n",
		    i, secrets[i]);
		feed_packet(&feed, 0, false, seq, 1, 16, text);
		seq += (uint32_t)strlen(text);
	}
	feed_close(&feed);
	assert_non_null(strstr(r.text, "/0 0 <cred#1 Basic>"));
	assert_non_null(strstr(r.text, "/1 0 <cred#2 Basic>"));
	assert_non_null(strstr(r.text, "/2 0 <cred#1 Basic>"));
	assert_null(strstr(r.text, "bbb"));
}

/* One packet from next year expires nothing; sixteen that agree move the clock. */
static void a_lone_jump_moves_no_clock(void **unused)
{
	(void)unused;
	static struct record r;
	const int64_t year = INT64_C(365) * 86400 * 1000000000;
	struct decode_options o = options_of(0, 0, 1);
	struct feed feed = feed_open(&o, &r);
	feed_packet(&feed, 0, false, 0, 0, 2, "");
	feed_packet(&feed, 0, false, 1, 1, 16, "GET / HTTP/1.1\r\n\r\n");
	feed.ns += year;
	feed_packet(&feed, 1, false, 0, 0, 2, "");
	feed.ns -= year;
	feed_packet(&feed, 0, true, 1, 19, 16, "HTTP/1.1 204 No Content\r\n\r\n");
	assert_int_equal(r.n, 0);
	feed.ns += year;
	for (unsigned i = 0; i < 16; i++)
		feed_packet(&feed, 2, false, 5, 0, 2, "");
	feed_close(&feed);
	const char *jump = strstr(r.text, "anomaly time.jump 3\n");
	assert_non_null(jump);
	assert_non_null(strstr(jump + 1, "anomaly time.jump 5\n"));
	assert_non_null(strstr(r.text, "txn 1.1 done 4 / 204"));
	assert_non_null(strstr(r.text, "anomaly flow.timeout 20\n"));
}

/* Who comes behind a long silence is among those that move the clock, and does not grow old by it. */
static void a_silence_ends_no_new_flow(void **unused)
{
	(void)unused;
	static struct record r;
	struct decode_options o = options_of(0, 0, 1);
	struct feed feed = feed_open(&o, &r);
	feed_packet(&feed, 0, false, 0, 0, 2, "");
	feed_packet(&feed, 0, false, 1, 1, 16, "GET / HTTP/1.1\r\n\r\n");
	feed.ns += INT64_C(43200) * 1000000000;
	feed_packet(&feed, 1, false, 0, 0, 2, "");
	feed_packet(&feed, 1, false, 1, 1, 16, "GET /late HTTP/1.1\r\n\r\n");
	for (unsigned i = 0; i < 20; i++)
		feed_packet(&feed, 2, false, 5, 0, 2, "");
	feed_packet(&feed, 1, true, 1, 23, 16, "HTTP/1.1 204 No Content\r\n\r\n");
	feed_close(&feed);
	assert_non_null(strstr(r.text, "anomaly flow.timeout 18\n"));
	assert_non_null(strstr(r.text, "txn 3.1 done 25 /late 204"));
	assert_null(strstr(strstr(r.text, "anomaly flow.timeout") + 1, "anomaly flow.timeout"));
}

static void a_tick_delivers_what_is_due(void **unused)
{
	(void)unused;
	static struct record r;
	struct decode_options o = options_of(2, 0, 1);
	struct feed feed = feed_open(&o, &r);
	feed_packet(&feed, 0, false, 0, 0, 2, "");
	feed_packet(&feed, 0, false, 1, 1, 16, "GET / HTTP/1.1\r\n\r\n");
	feed_packet(&feed, 0, true, 1, 19, 16, "HTTP/1.1 204 No Content\r\n\r\n");
	decoder_tick(feed.decoder, feed.ns + 1000);
	assert_string_equal(r.text, "txn 1.1 done 3 / 204 -\n");
	decoder_tick(feed.decoder, feed.ns + INT64_C(4000) * 1000000000);
	assert_non_null(strstr(r.text, "flow 1 http\n"));
	feed_close(&feed);
}

/* A loss stands in front of all that its packet brings about; a gap that its time ends, where it was seen. */
static void losses_keep_their_place(void **unused)
{
	(void)unused;
	static struct record r;
	for (unsigned workers = 0; workers < 3; workers++) {
		struct decode_options o = options_of(workers, 2, 1);
		struct feed feed = feed_open(&o, &r);
		feed.dropped = 7;
		feed_packet(&feed, 0, false, 0, 0, 2, "");
		feed_packet(&feed, 0, false, 1, 1, 16, "GET / HTTP/1.1\r\n\r\n");
		feed.dropped = 1;
		feed_packet(&feed, 0, true, 1, 19, 16, "HTTP/1.1 204 No Content\r\n\r\n");
		feed_packet(&feed, 0, true, 28, 29, 16, "");
		feed.ns += INT64_C(5000000000);
		feed.dropped = UINT64_MAX;
		feed_packet(&feed, 1, false, 0, 0, 2, "");
		decoder_dropped(feed.decoder, 0);
		decoder_dropped(feed.decoder, 9);
		feed_close(&feed);
		assert_string_equal(r.text,
		    "dropped 7 at 1\n"
		    "dropped 1 at 3\n"
		    "txn 1.1 done 3 / 204 -\n"
		    "anomaly tcp.gap 4\n"
		    "dropped 18446744073709551615 at 5\n"
		    "dropped 9 at 5\n"
		    "flow 1 http\n"
		    "flow 5 none\n");
	}
}

/* Nothing was captured, so nothing can be missing from it. */
static void losses_of_an_empty_capture(void **unused)
{
	(void)unused;
	static struct record r;
	struct decode_options o = options_of(0, 0, 1);
	struct feed feed = feed_open(&o, &r);
	decoder_dropped(feed.decoder, 9);
	feed_close(&feed);
	assert_int_equal(r.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_for_workers_rounds_and_seeds),
		cmocka_unit_test(same_however_little_is_kept),
		cmocka_unit_test(results_wait_until_they_are_too_many),
		cmocka_unit_test(credentials_are_numbered_by_appearance),
		cmocka_unit_test(a_lone_jump_moves_no_clock),
		cmocka_unit_test(a_silence_ends_no_new_flow),
		cmocka_unit_test(a_tick_delivers_what_is_due),
		cmocka_unit_test(losses_keep_their_place),
		cmocka_unit_test(losses_of_an_empty_capture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
