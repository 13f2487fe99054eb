/*
 * test_proto.c - decode/proto.c, decode/hello.c: what is no HTTP is known by its first 64 bytes however
 * they arrive, gives no transaction and is counted to the last byte; names in the hello of TLS.
 */
#include "decode/hello.h"
#include "decode/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/flowkit.h"
#include "tests/unit/guard.h"

/* With the server name dav.example and h2, http/1.1 offered; 96 bytes behind the header of the record. */
#define HELLO \
	"\x16\x03\x01\0\x60\x01\0\0\x5c\x03\x03" \
	"RandomRandomRandomRandomRandom12" \
	"\x04sess\0\x04\x13\x01\x13\x02\x01\0\0\x2b" \
	"\0\x0a\0\x01z" \
	"\0\0\0\x10\0\x0e\0\0\x0b" \
	"dav.example" \
	"\0\x10\0\x0e\0\x0c\x02h2\x08http/1.1"

struct kind {
	const char *name;
	struct slice bytes;
};

static const struct kind *kinds(size_t *n)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
	} list[] = {
#define KIND(name, text) { name, text, sizeof(text) - 1 }
		KIND("tls", HELLO),
		KIND("tls", "\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10GET / HTTP/1.1\r\n\r\n"),
		KIND("http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
		KIND("http2", "\0\0\x0c\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x0f\xff\xff"),
		KIND("http/0.9", "GET /index.html\r\n"),
		KIND("ssh", "SSH-2.0-OpenSSH_9.2\r\n"),
		KIND("smb", "\0\0\0\x85\xffSMBr\0\0\0\0"),
		KIND("imap", "* OK [CAPABILITY IMAP4rev1] ready\r\n"),
		KIND("imap", "* PREAUTH ready\r\n"),
		KIND("pop3", "+OK POP3 ready\r\n"),
		KIND("smtp or ftp", "220 mail.example ESMTP\r\n"),
		KIND("smtp", "EHLO mail.example\r\n"),
		KIND("ldap", "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"),
		KIND("ldap", "\x30\x84\0\0\0\x0c\x02\x01\x01\x61\x84\0\0\0\x03\x0a\x01\0"),
		KIND("rtsp", "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"),
		KIND("unknown",
		    "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\xff GET / HTTP/1.1\r\n\r\n"),
		KIND("unknown", "hello there, this is nothing\r\nthat has a name\r\n"),
#undef KIND
	};
	static struct kind made[sizeof(list) / sizeof(list[0])];
	*n = sizeof(list) / sizeof(list[0]);
	for (size_t i = 0; i < *n; i++)
		made[i] = (struct kind){ list[i].name,
			{ (const uint8_t *)list[i].bytes, list[i].n } };
	return made;
}

static void no_beginning_is_read_too_far(void **unused)
{
	(void)unused;
	size_t n;
	const struct kind *list = kinds(&n);
	for (size_t i = 0; i < n; i++) {
		const char *name = NULL;
		for (size_t k = 0; k <= list[i].bytes.n && k <= 64; k++) {
			struct slice s = { guard_copy(list[i].bytes.p, k), k };
			const char *now = protocol_recognise(s);
			assert_true(!name || name == now); /* once known it stays so */
			name = now;
		}
		assert_string_equal(name ? name : "unknown", list[i].name);
	}
}

static void send(struct kit *k, unsigned side, uint32_t *seq, uint32_t ack, struct slice bytes)
{
	struct segment s = kit_segment(k, 0, side, *seq, ack, TCP_ACK, "");
	s.payload = bytes;
	shard_segment(&k->shard, &s, k->clock);
	*seq += (uint32_t)bytes.n;
}

/* The first `cut` bytes in one segment, then `step` at a time. */
static void play(struct kit *k, bool opened, unsigned side, struct slice bytes, size_t cut,
    size_t step)
{
	uint32_t seq[2] = { 101, 201 };
	kit_open(k);
	if (opened) {
		kit_send(k, 0, 0, 100, 0, TCP_SYN, "");
		kit_send(k, 0, 1, 200, 101, TCP_SYN | TCP_ACK, "");
	}
	send(k, side, &seq[side], seq[!side], slice_part(bytes, 0, cut));
	for (size_t at = cut; at < bytes.n; at += step)
		send(k, side, &seq[side], seq[!side], slice_part(bytes, at, step));
	kit_finish(k);
}

static void check(struct kit *k, const struct kind *kind)
{
	assert_int_equal(kit_count(k, OUTPUT_TXN), 0);
	assert_int_equal(kit_count(k, OUTPUT_FLOW), 1);
	const struct flow *f = kit_output(k, OUTPUT_FLOW, 0)->u.flow;
	assert_string_equal(f->protocol, kind->name);
	assert_int_equal(f->opaque_bytes[0] + f->opaque_bytes[1], kind->bytes.n);
	assert_int_equal(k->shard.opaque_flows, 1);
	assert_int_equal(k->shard.opaque_bytes, kind->bytes.n);
	assert_int_equal(k->shard.txn_used, 0);
	kit_close(k);
}

static void each_is_known_however_it_arrives(void **unused)
{
	(void)unused;
	size_t n;
	struct kit k;
	const struct kind *list = kinds(&n);
	for (size_t i = 0; i < n; i++) {
		for (unsigned side = 0; side < 2; side++) {
			for (size_t cut = 1; cut <= list[i].bytes.n; cut++) {
				/* A request that begins a segment is one. */
				struct slice rest = slice_part(list[i].bytes, cut, list[i].bytes.n);
				if (slice_find(rest, SLICE("T / HTTP/1.1")) <= 2 &&
				    strcmp(list[i].name, "unknown") == 0)
					continue;
				play(&k, true, side, list[i].bytes, cut, list[i].bytes.n);
				check(&k, &list[i]);
			}
			play(&k, true, side, list[i].bytes, 1, 1);
			check(&k, &list[i]);
		}
	}
}

/* ---- the hello ---- */

static void check_hello(struct kit *k, const char *name, const char *alpn, bool whole)
{
	const struct flow *f = kit_output(k, OUTPUT_FLOW, 0)->u.flow;
	assert_string_equal(f->protocol, "tls");
	assert_true(slice_is(f->tls_server_name, name));
	assert_true(slice_is(f->tls_alpn, alpn));
	assert_int_equal(f->tls_hello, whole);
	assert_int_equal(k->shard.txn_used, 0);
	kit_close(k);
}

static void names_however_they_arrive(void **unused)
{
	(void)unused;
	struct kit k;
	struct slice hello = SLICE(HELLO "\x16\x03\x03\0\x01x");
	for (size_t cut = 1; cut <= hello.n; cut++) {
		play(&k, true, 0, hello, cut, hello.n);
		check_hello(&k, "dav.example", "h2,http/1.1", true);
	}
	play(&k, true, 0, hello, 1, 1);
	check_hello(&k, "dav.example", "h2,http/1.1", true);
	play(&k, false, 0, hello, 60, 7);
	check_hello(&k, "dav.example", "h2,http/1.1", true);
}

static void a_hello_that_ends_anywhere(void **unused)
{
	(void)unused;
	struct kit k;
	struct slice hello = SLICE(HELLO);
	struct tls_hello out;
	for (size_t n = 0; n < hello.n; n++) {
		struct slice s = { guard_copy(hello.p, n), n };
		assert_false(tls_hello_read(s, &out));
		assert_true(out.server_name.n == 0 || slice_is(out.server_name, "dav.example"));
		if (n < 5)
			continue;
		play(&k, true, 0, s, n, 1);
		check_hello(&k, n < 83 ? "" : "dav.example", n < hello.n ? "" : "h2,http/1.1",
		    false);
	}
	assert_true(tls_hello_read(hello, &out));
}

static void a_hole_ends_the_hello(void **unused)
{
	(void)unused;
	struct slice hello = SLICE(HELLO);
	for (size_t hole = 6; hole + 1 < hello.n; hole++) {
		struct kit k;
		uint32_t c = 101;
		kit_open(&k);
		kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
		kit_send(&k, 0, 1, 200, c, TCP_SYN | TCP_ACK, "");
		send(&k, 0, &c, 201, slice_part(hello, 0, hole));
		c++;
		send(&k, 0, &c, 201, slice_part(hello, hole + 1, hello.n));
		kit_finish(&k);
		check_hello(&k, hole < 83 ? "" : "dav.example", "", false);
	}
}

/* Every byte of the hello with every value in a few of its bits: no more than that nothing breaks. */
static void damaged_hellos(void **unused)
{
	(void)unused;
	uint8_t bytes[sizeof(HELLO) - 1];
	struct tls_hello out;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bytes, HELLO, sizeof(bytes));
			bytes[i] ^= (uint8_t)(1 << bit);
			struct slice s = { guard_copy(bytes, sizeof(bytes)), sizeof(bytes) };
			tls_hello_read(s, &out);
			assert_true(out.n_alpn <= HELLO_ALPN_MOST && out.server_name.n <= 255);
		}
	}
}

static void the_limit_of_a_hello(void **unused)
{
	(void)unused;
	struct kit k;
	uint32_t c = 101;
	struct error e;
	for (unsigned limit = 0; limit <= 112; limit += 4) {
		char text[32];
		kit_open(&k);
		snprintf(text, sizeof(text), "tls_hello=%u", limit);
		assert_true(limits_set(&k.options.limits, text, &e));
		c = 101;
		kit_send(&k, 0, 0, 100, 0, TCP_SYN, "");
		send(&k, 0, &c, 201, SLICE(HELLO));
		kit_finish(&k);
		check_hello(&k, limit < 83 ? "" : "dav.example", limit < 101 ? "" : "h2,http/1.1",
		    limit >= 101);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_beginning_is_read_too_far),
		cmocka_unit_test(each_is_known_however_it_arrives),
		cmocka_unit_test(names_however_they_arrive),
		cmocka_unit_test(a_hello_that_ends_anywhere),
		cmocka_unit_test(a_hole_ends_the_hello),
		cmocka_unit_test(damaged_hellos),
		cmocka_unit_test(the_limit_of_a_hello),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
