/*
 * test_proxy.c - decode/proxy.c: prefaces of proxies, whole, broken and cut anywhere; and what
 * becomes of the stream behind them.
 */
#include "decode/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/flowkit.h"
#include "tests/unit/guard.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\0\2\7\x0a\0\0\2\x9c\x41\0\x50"
#define V6_FROM "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
#define ANSWER "HTTP/1.1 204 No Content\r\n\r\n"

static enum proxy_verdict verdict_of(struct slice s, struct proxy_preface *p)
{
	struct slice guarded = { guard_copy(s.p, s.n), s.n };
	return proxy_preface_read(guarded, p);
}

/* Every shorter beginning asks for more, until the verdict is there; it does not change then. */
static void check(struct slice s, enum proxy_verdict want, size_t bytes, unsigned port)
{
	struct proxy_preface p;
	bool decided = false;
	for (size_t n = 0; n <= s.n; n++) {
		enum proxy_verdict v = verdict_of(slice_part(s, 0, n), &p);
		assert_true(v == PROXY_MORE || v == want);
		assert_false(decided && v == PROXY_MORE);
		decided = v != PROXY_MORE;
	}
	assert_true(decided);
	assert_true(want == PROXY_NONE || p.bytes == bytes);
	assert_int_equal(p.client.port, port);
	assert_true(port != 0 || p.client.family == 0);
}

static void lines(void **unused)
{
	(void)unused;
	check(SLICE("PROXY TCP4 192.0.2.7 10.0.0.2 40001 80\r\n" GET), PROXY_WHOLE, 40, 40001);
	check(SLICE("PROXY TCP6 2001:db8::7 2001:db8::2 5 80\r\n"), PROXY_WHOLE, 41, 5);
	check(SLICE("PROXY UNKNOWN\r\n"), PROXY_WHOLE, 15, 0);
	check(SLICE("PROXY UNKNOWN ffff::1 x y z\r\n"), PROXY_WHOLE, 29, 0);
	check(SLICE("PROPFIND / HTTP/1.1\r\n"), PROXY_NONE, 0, 0);
	check(SLICE("PROXY /a HTTP/1.1\r\n"), PROXY_NONE, 0, 0);
	check(SLICE("PROXY /a HTTP/1.1\n"), PROXY_NONE, 0, 0);
	check(SLICE("GET / HTTP/1.1\r\n"), PROXY_NONE, 0, 0);
}

static void broken_lines(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
		"PROXY TCP4 192.0.2.7 10.0.0.2 40001 80\n",
		"PROXY TCP4 192.0.2.7 10.0.0.2 40001\r\n",
		"PROXY TCP4 192.0.2.7 10.0.0.2 40001 80 1\r\n",
		"PROXY TCP4 192.0.2.7 10.0.0.2 40001  80\r\n",
		"PROXY TCP4 192.0.2.256 10.0.0.2 40001 80\r\n",
		"PROXY TCP4 192.0.2.7 10.0.0.2 65536 80\r\n",
		"PROXY TCP4 192.0.2.7 10.0.0.2 040 80\r\n",
		"PROXY TCP4 ::1 ::1 1 80\r\n",
		"PROXY TCP6 192.0.2.7 10.0.0.2 1 80\r\n",
		"PROXY TCP5 192.0.2.7 10.0.0.2 1 80\r\n",
		"PROXY UNKNOWNS\r\n",
		"PROXY \r\n",
		"PROXY \n",
		"PROXY TCP6 0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:1 ::1 1 80\r\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(slice_from(texts[i]), PROXY_BROKEN, strlen(texts[i]), 0);
	char longest[120] = "PROXY UNKNOWN ";
	memset(longest + 14, 'x', 106 - 14);
	longest[105] = '\r';
	longest[106] = '\n';
	check((struct slice){ (uint8_t *)longest, 107 }, PROXY_WHOLE, 107, 0);
	longest[106] = 'x';
	check((struct slice){ (uint8_t *)longest, 107 }, PROXY_BROKEN, 0, 0);
	check(SLICE("PROXY TCP4 192.0.2.7\0 10.0.0.2 1 80\r\n"), PROXY_BROKEN, 37, 0);
}

static void binary(void **unused)
{
	(void)unused;
	check(SLICE(SIGNATURE "\x21\x11\0\x0c" V4 GET), PROXY_WHOLE, 28, 40001);
	check(SLICE(SIGNATURE "\x21\x11\0\x13" V4 "\3\0\4abcd" GET), PROXY_WHOLE, 35, 40001);
	check(SLICE(SIGNATURE "\x21\x21\0\x24" V6_FROM V6_FROM "\x9c\x42\0\x50"), PROXY_WHOLE, 52,
	    40002);
	check(SLICE(SIGNATURE "\x20\0\0\0"), PROXY_WHOLE, 16, 0);
	check(SLICE(SIGNATURE "\x20\x11\0\x0c" V4), PROXY_WHOLE, 28, 0);
	check(SLICE(SIGNATURE "\x21\0\xff\xff"), PROXY_WHOLE, 65551, 0);
	check(SLICE(SIGNATURE "\x21\x12\0\x0c" V4), PROXY_WHOLE, 28, 0);
	check(SLICE(SIGNATURE "\x21\x31\0\xd8"), PROXY_WHOLE, 232, 0);
	check(SLICE("\r\n\r\nGET"), PROXY_NONE, 0, 0);
	check(SLICE("\rGET"), PROXY_NONE, 0, 0);
}

static void broken_binary(void **unused)
{
	(void)unused;
	check(SLICE("\r\n\r\n\0\r\nQUIX\n"), PROXY_BROKEN, 0, 0);
	check(SLICE("\r\n\r\n\0GET"), PROXY_BROKEN, 0, 0);
	check(SLICE(SIGNATURE "\x11\x11\0\x0c" V4), PROXY_BROKEN, 0, 0);
	check(SLICE(SIGNATURE "\x22\x11\0\x0c" V4), PROXY_BROKEN, 28, 0);
	check(SLICE(SIGNATURE "\x21\x41\0\x0c" V4), PROXY_BROKEN, 28, 0);
	check(SLICE(SIGNATURE "\x21\x13\0\x0c" V4), PROXY_BROKEN, 28, 0);
	check(SLICE(SIGNATURE "\x21\x11\0\x0b" V4), PROXY_BROKEN, 27, 0);
	check(SLICE(SIGNATURE "\x21\x21\0\x23" V6_FROM), PROXY_BROKEN, 51, 0);
}

/* ---- the stream behind it ---- */

static void send(struct kit *k, unsigned side, uint32_t *seq, uint32_t ack, struct slice bytes)
{
	struct segment s = kit_segment(k, 0, side, *seq, ack, TCP_ACK, "");
	s.payload = bytes;
	shard_segment(&k->shard, &s, k->clock);
	*seq += (uint32_t)bytes.n;
}

/* The first two cuts are given, `step` bytes go at a time from there on. */
static void talk(struct kit *k, struct slice stream, size_t cut, size_t step)
{
	uint32_t c = 101, s = 201;
	kit_open(k);
	kit_send(k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(k, 0, 1, 200, c, TCP_SYN | TCP_ACK, "");
	send(k, 0, &c, s, slice_part(stream, 0, cut));
	for (size_t at = cut; at < stream.n; at += step)
		send(k, 0, &c, s, slice_part(stream, at, step));
	send(k, 1, &s, c, SLICE(ANSWER));
	kit_finish(k);
}

static void expect(struct slice stream, size_t cut, size_t step, unsigned port, size_t anomalies)
{
	struct kit k;
	talk(&k, stream, cut, step);
	assert_int_equal(kit_count(&k, OUTPUT_TXN), 1);
	const struct txn *txn = kit_output(&k, OUTPUT_TXN, 0)->u.txn;
	const struct flow *flow = kit_output(&k, OUTPUT_FLOW, 0)->u.flow;
	assert_int_equal(txn->unpaired, PAIRED);
	assert_int_equal(txn->client.port, port);
	assert_int_equal(flow->side[0].port, port);
	assert_int_equal(txn->peer.port, port == 40000 ? 0 : 40000);
	assert_int_equal(flow->peer.port, port == 40000 ? 0 : 40000);
	assert_int_equal(flow->opaque_bytes[0], 0);
	assert_int_equal(kit_anomalies(&k, PROXY_MALFORMED), anomalies);
	assert_int_equal(k.shard.txn_used, 0);
	kit_close(&k);
}

static void expect_any_cut(struct slice stream, unsigned port, size_t anomalies)
{
	for (size_t cut = 0; cut <= stream.n; cut++)
		expect(stream, cut, stream.n, port, anomalies);
	expect(stream, 0, 1, port, anomalies);
	expect(stream, 0, 7, port, anomalies);
}

static void the_client_is_named(void **unused)
{
	(void)unused;
	expect_any_cut(SLICE("PROXY TCP4 192.0.2.7 10.0.0.2 40001 80\r\n" GET), 40001, 0);
	expect_any_cut(SLICE(SIGNATURE "\x21\x11\0\x13" V4 "\3\0\4abcd" GET), 40001, 0);
	expect_any_cut(SLICE(SIGNATURE "\x20\0\0\3xyz" GET), 40000, 0);
	expect_any_cut(SLICE("PROXY UNKNOWN\r\n" GET), 40000, 0);
}

static void what_is_none_goes_on(void **unused)
{
	(void)unused;
	expect_any_cut(SLICE("PROPFIND / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), 40000, 0);
	expect_any_cut(SLICE("PROXY / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), 40000, 0);
	expect_any_cut(SLICE("PROXY /" LONG " HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), 40000, 0);
	expect_any_cut(SLICE("\r\n" GET), 40000, 0);
	expect_any_cut(SLICE("\r\n\r\n" GET), 40000, 0);
	expect_any_cut(SLICE("PROXY TCP4 nonsense\r\n" GET), 40000, 1);
	expect_any_cut(SLICE(SIGNATURE "\x2f\x11\0\x0c" V4 GET), 40000, 1);
}

static void one_that_cannot_be_read_past(void **unused)
{
	(void)unused;
	struct slice stream = SLICE("\r\n\r\n\0\r\nQUIX\n\x21\x11" GET);
	size_t broken = stream.n - sizeof(GET) + 1;
	for (size_t cut = 0; cut <= stream.n; cut++) {
		struct kit k;
		talk(&k, stream, cut, stream.n);
		assert_int_equal(kit_anomalies(&k, PROXY_MALFORMED), 1);
		uint64_t opaque = kit_output(&k, OUTPUT_FLOW, 0)->u.flow->opaque_bytes[0];
		assert_in_range(opaque, broken, stream.n);
		if (cut == broken) /* the request has a segment of its own */
			assert_int_equal(opaque, broken);
		kit_close(&k);
	}
}

static void one_that_was_not_seen_whole(void **unused)
{
	(void)unused;
	struct slice stream = SLICE(SIGNATURE "\x21\x11\0\x13" V4 "\3\0\4abcd");
	for (size_t hole = 0; hole < stream.n; hole++) {
		struct kit k;
		uint32_t c = 101, s = 201;
		kit_open(&k);
		kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
		kit_send(&k, 0, 1, 200, c, TCP_SYN | TCP_ACK, "");
		send(&k, 0, &c, s, slice_part(stream, 0, hole));
		c++;
		send(&k, 0, &c, s, slice_part(stream, hole + 1, stream.n));
		send(&k, 0, &c, s, SLICE(GET));
		send(&k, 1, &s, c, SLICE(ANSWER));
		kit_finish(&k);
		assert_int_equal(kit_output(&k, OUTPUT_TXN, 0)->u.txn->client.port, 40000);
		assert_int_equal(kit_output(&k, OUTPUT_FLOW, 0)->u.flow->peer.family, 0);
		kit_close(&k);
	}
}

static void one_that_ends_too_early(void **unused)
{
	(void)unused;
	struct slice stream = SLICE(SIGNATURE "\x21\x11\0\x13" V4 "\3\0\4abcd");
	for (size_t n = 1; n < stream.n; n++) {
		struct kit k;
		uint32_t c = 101;
		kit_open(&k);
		kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
		kit_send(&k, 0, 1, 200, c, TCP_SYN | TCP_ACK, "");
		send(&k, 0, &c, 201, slice_part(stream, 0, n));
		kit_send(&k, 0, 0, c, 201, TCP_ACK | TCP_FIN, "");
		kit_finish(&k);
		assert_int_equal(kit_anomalies(&k, HTTP_TRUNCATED), 1);
		assert_int_equal(kit_output(&k, OUTPUT_FLOW, 0)->u.flow->peer.family, 0);
		kit_close(&k);
	}
}

static void nothing_behind_it(void **unused)
{
	(void)unused;
	for (unsigned more = 0; more < 2; more++) {
		struct kit k;
		uint32_t c = 101;
		kit_open(&k);
		kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
		kit_send(&k, 0, 1, 200, c, TCP_SYN | TCP_ACK, "");
		send(&k, 0, &c, 201, SLICE(SIGNATURE "\x20\0\0\0"));
		send(&k, 0, &c, 201, more ? SLICE("\1") : SLICE(""));
		kit_finish(&k);
		const struct flow *f = kit_output(&k, OUTPUT_FLOW, 0)->u.flow;
		assert_string_equal(f->protocol, more ? "unknown" : "none");
		kit_close(&k);
	}
}

/* ---- a copy that names nobody ---- */

static void check_blank(struct slice s, const char *want, size_t n)
{
	uint8_t bytes[128];
	for (size_t part = 0; part <= s.n; part++) {
		memcpy(bytes, s.p, part);
		size_t done = proxy_preface_blank(bytes, part);
		assert_int_equal(done, part < n ? 0 : n);
	}
	assert_memory_equal(bytes, want, n);
	assert_memory_equal(bytes + n, s.p + n, s.n - n);
}

static void names_are_taken_out(void **unused)
{
	(void)unused;
	check_blank(SLICE("PROXY TCP4 192.0.2.7 10.0.0.2 40001 80\r\n" GET),
	    "PROXY UNKNOWN xxxxxxxxxxxxxxxxxxxxxxxx\r\n", 40);
	check_blank(SLICE("PROXY UNKNOWN\r\n" GET), "PROXY UNKNOWN\r\n", 15);
	check_blank(SLICE("PROXY TCP4 192.0.2.7\n"), "PROXY xxxxxxxxxxxxxx\n", 21);
	check_blank(SLICE(SIGNATURE "\x21\x11\0\x0f" V4 "abc" GET),
	    SIGNATURE "\x20\x11\0\x0f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 31);
	check_blank(SLICE(SIGNATURE "\x2f\x11\0\x0c" V4 GET),
	    SIGNATURE "\x2f\x11\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 28);
	check_blank(SLICE(GET), "", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(broken_lines),
		cmocka_unit_test(binary),
		cmocka_unit_test(broken_binary),
		cmocka_unit_test(the_client_is_named),
		cmocka_unit_test(what_is_none_goes_on),
		cmocka_unit_test(one_that_cannot_be_read_past),
		cmocka_unit_test(one_that_was_not_seen_whole),
		cmocka_unit_test(one_that_ends_too_early),
		cmocka_unit_test(nothing_behind_it),
		cmocka_unit_test(names_are_taken_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
