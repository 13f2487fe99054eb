/*
 * test_message.c - messages of all kinds and lengths over a socketpair: full sockets, readers that begin
 * in the middle, nonsense, and bodies against a page that must not be read.
 */
#include "cmd/message.h"
#include "tests/unit/guard.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <cmocka.h>

enum { HEAD = 10, FIRST = 1, LAST = 2 };

struct pair {
	struct channel *a, *b;
	struct error e;
};

static struct pair pair_new(void)
{
	struct pair p = { 0 };
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	p.a = channel_new(fds[0], &p.e);
	p.b = channel_new(fds[1], &p.e);
	assert_non_null(p.a);
	assert_non_null(p.b);
	return p;
}

static void pair_free(struct pair *p)
{
	channel_free(p->a);
	channel_free(p->b);
}

/* Bytes that differ from place to place and from message to message. */
static struct slice pattern(size_t n, unsigned seed)
{
	uint8_t *p = malloc(n + 1);
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 251 + seed);
	return (struct slice){ p, n };
}

static void pattern_free(struct slice s)
{
	free((void *)(uintptr_t)s.p);
}

static bool is_pattern(struct slice s, size_t n, unsigned seed)
{
	struct slice want = pattern(n, seed);
	bool same = slice_equal(s, want);
	pattern_free(want);
	return same;
}

/* Reads until a message is whole, and lets the sender go on meanwhile. */
static struct channel_message pass(struct pair *p)
{
	struct channel_message m = { 0 };
	for (;;) {
		int n = channel_receive(p->b, &m, &p->e);
		assert_int_not_equal(n, -1);
		if (n == 1)
			return m;
		assert_true(channel_flush(p->a) || errno == EAGAIN);
	}
}

static void test_all_kinds(void **state)
{
	(void)state;
	struct pair p = pair_new();
	for (unsigned kind = MESSAGE_HELLO; kind <= MESSAGE_AGAIN; kind++) {
		if (kind > MESSAGE_CHECKED && kind < MESSAGE_RECALL)
			continue;
		struct channel_message m = { (enum message_kind)kind, UINT64_MAX - kind,
			SLICE("body") };
		assert_true(channel_send(p.a, &m));
		m.body = SLICE("");
		assert_true(channel_send(p.a, &m));
		struct channel_message out = pass(&p);
		assert_int_equal(out.kind, kind);
		assert_true(out.number == UINT64_MAX - kind);
		assert_true(slice_is(out.body, "body"));
		assert_int_equal(pass(&p).body.n, 0);
	}
	struct channel_message none;
	assert_int_equal(channel_receive(p.b, &none, &p.e), 0);
	pair_free(&p);
}

static void test_all_lengths(void **state)
{
	(void)state;
	static const size_t lengths[] = { 1, 2, MESSAGE_PART - 1, MESSAGE_PART, MESSAGE_PART + 1,
		2 * MESSAGE_PART, 2 * MESSAGE_PART + 1, 1000001, MESSAGE_MAX - 1, MESSAGE_MAX };
	struct pair p = pair_new();
	for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct slice body = pattern(lengths[i], i);
		struct channel_message m = { MESSAGE_METRICS, i, body };
		assert_true(channel_send(p.a, &m));
		pattern_free(body);
		struct channel_message out = pass(&p);
		assert_int_equal(out.number, i);
		assert_true(is_pattern(out.body, lengths[i], i));
	}
	struct channel_message m = { MESSAGE_METRICS, 0, { (const uint8_t *)"", MESSAGE_MAX + 1 } };
	assert_false(channel_send(p.a, &m));
	assert_int_equal(errno, EMSGSIZE);
	pair_free(&p);
}

static bool send_pattern(struct pair *p, size_t n, unsigned number)
{
	struct slice body = pattern(n, number);
	struct channel_message m = { MESSAGE_STATE, number, body };
	bool sent = channel_send(p->a, &m);
	int why = errno;
	pattern_free(body);
	errno = why;
	return sent;
}

/* What was taken arrives whole and in order; what was refused does not arrive. */
static void check_full(struct pair *p, size_t n)
{
	unsigned taken = 0;
	while (send_pattern(p, n, taken))
		taken++;
	assert_int_equal(errno, EAGAIN);
	assert_true(taken >= 1);
	for (unsigned i = 0; i < taken; i++) {
		struct channel_message out = pass(p);
		assert_int_equal(out.number, i);
		assert_true(is_pattern(out.body, n, i));
	}
	struct channel_message m;
	assert_int_equal(channel_receive(p->b, &m, &p->e), 0);
	assert_true(channel_flush(p->a));
}

static void test_full_socket(void **state)
{
	(void)state;
	struct pair p = pair_new();
	check_full(&p, 100);
	check_full(&p, MESSAGE_PART);
	check_full(&p, 5 * MESSAGE_PART);
	check_full(&p, MESSAGE_MAX);
	/* Longer than the socket has room for: the rest is kept, and nothing may overtake it. */
	assert_true(send_pattern(&p, MESSAGE_MAX, 1));
	assert_false(channel_flush(p.a));
	assert_int_equal(errno, EAGAIN);
	assert_false(send_pattern(&p, 1, 2));
	assert_int_equal(errno, EAGAIN);
	assert_true(is_pattern(pass(&p).body, MESSAGE_MAX, 1));
	assert_true(send_pattern(&p, 1, 3));
	assert_int_equal(pass(&p).number, 3);
	pair_free(&p);
}

/* The reader goes in the middle of a long message, and another one takes over the same socket. */
static void test_reader_restarts(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct slice body = pattern(MESSAGE_MAX, 3);
	struct channel_message m = { MESSAGE_METRICS, 1, body };
	assert_true(channel_send(p.a, &m));
	assert_int_equal(channel_receive(p.b, &m, &p.e), 0);
	int fd = dup(channel_fd(p.b));
	channel_free(p.b);
	p.b = channel_new(fd, &p.e);
	while (!channel_flush(p.a)) {
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(channel_receive(p.b, &m, &p.e), 0);
	}
	m = (struct channel_message){ MESSAGE_SAVE, 9, SLICE("x") };
	assert_true(channel_send(p.a, &m));
	struct channel_message out = pass(&p);
	assert_int_equal(out.kind, MESSAGE_SAVE);
	assert_int_equal(out.number, 9);
	pattern_free(body);
	pair_free(&p);
}

static void raw_send(const struct pair *p, const void *bytes, size_t n)
{
	assert_int_equal(send(channel_fd(p->a), bytes, n, 0), n);
}

static void part_send(const struct pair *p, unsigned kind, unsigned flags, unsigned number,
    size_t n)
{
	static const size_t most = HEAD + MESSAGE_PART + 1;
	uint8_t *part = calloc(1, most);
	assert_non_null(part);
	part[0] = (uint8_t)kind;
	part[1] = (uint8_t)flags;
	part[2] = (uint8_t)number;
	memset(part + HEAD, 'x', n);
	raw_send(p, part, HEAD + n);
	free(part);
}

/* A writer that went in the middle: what it began is dropped when the next one begins. */
static void test_writer_restarts(void **state)
{
	(void)state;
	struct pair p = pair_new();
	part_send(&p, MESSAGE_REMEMBERED, FIRST, 1, MESSAGE_PART);
	part_send(&p, MESSAGE_HELLO, FIRST | LAST, 2, 3);
	part_send(&p, MESSAGE_REMEMBERED, LAST, 1, 5);
	part_send(&p, MESSAGE_REMEMBERED, FIRST, 3, MESSAGE_PART);
	part_send(&p, MESSAGE_REMEMBERED, FIRST, 4, MESSAGE_PART);
	part_send(&p, MESSAGE_REMEMBERED, LAST, 4, 0);
	struct channel_message out = pass(&p);
	assert_int_equal(out.kind, MESSAGE_HELLO);
	assert_int_equal(out.body.n, 3);
	out = pass(&p);
	assert_int_equal(out.number, 4);
	assert_int_equal(out.body.n, MESSAGE_PART);
	pair_free(&p);
}

static void check_refused(struct pair *p)
{
	struct channel_message m;
	errno = 0;
	assert_int_equal(channel_receive(p->b, &m, &p->e), -1);
	assert_int_equal(errno, EBADMSG);
	assert_true(strlen(p->e.text) > 10);
	part_send(p, MESSAGE_HELLO, FIRST | LAST, 42, 1);
	assert_int_equal(pass(p).number, 42);
}

static void test_nonsense(void **state)
{
	(void)state;
	struct pair p = pair_new();
	raw_send(&p, "", 0);
	check_refused(&p);
	for (size_t n = 1; n < HEAD; n++) {
		raw_send(&p, "\x01\x03\0\0\0\0\0\0\0\0", n);
		check_refused(&p);
	}
	part_send(&p, 0, FIRST | LAST, 0, 1);
	check_refused(&p);
	part_send(&p, MESSAGE_CHECKED + 1, FIRST | LAST, 0, 1);
	check_refused(&p);
	part_send(&p, MESSAGE_AGAIN + 1, FIRST | LAST, 0, 1);
	check_refused(&p);
	part_send(&p, MESSAGE_HELLO, 4 | FIRST | LAST, 0, 1);
	check_refused(&p);
	part_send(&p, MESSAGE_HELLO, FIRST | LAST, 0, MESSAGE_PART + 1);
	check_refused(&p);
	part_send(&p, MESSAGE_HELLO, FIRST, 0, 100);
	check_refused(&p);
	part_send(&p, MESSAGE_STATE, FIRST, 5, MESSAGE_PART);
	part_send(&p, MESSAGE_STATE, LAST, 6, 1);
	check_refused(&p);
	part_send(&p, MESSAGE_STATE, FIRST, 5, MESSAGE_PART);
	part_send(&p, MESSAGE_RECORD, LAST, 5, 1);
	check_refused(&p);
	pair_free(&p);
}

static void test_endless_message(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct channel_message m;
	for (unsigned i = 0; i < MESSAGE_MAX / MESSAGE_PART; i++) {
		part_send(&p, MESSAGE_STATE, i == 0 ? FIRST : 0, 5, MESSAGE_PART);
		assert_int_equal(channel_receive(p.b, &m, &p.e), 0);
	}
	part_send(&p, MESSAGE_STATE, LAST, 5, 1);
	check_refused(&p);
	pair_free(&p);
}

static void test_nobody_there(void **state)
{
	(void)state;
	struct pair p = pair_new();
	struct channel_message m = { MESSAGE_TEXT, 0, SLICE("last words") };
	assert_true(channel_send(p.a, &m));
	channel_free(p.a);
	p.a = NULL;
	assert_int_equal(channel_receive(p.b, &m, &p.e), 1);
	assert_true(slice_is(m.body, "last words"));
	assert_int_equal(channel_receive(p.b, &m, &p.e), -1);
	assert_int_equal(errno, EPIPE);
	m = (struct channel_message){ MESSAGE_HELLO, 0, SLICE("") };
	assert_false(channel_send(p.b, &m));
	assert_int_equal(errno, EPIPE);
	pair_free(&p);
}

/* ---- bodies ---- */

static struct record a_finding(void)
{
	return (struct record){ .kind = EVENT_FINDING,
		.number = 77,
		.ns = -5,
		.severity = SEVERITY_HIGH,
		.outcome = INCONCLUSIVE_LOSS,
		.id = UINT64_MAX,
		.update = 2,
		.rule = SLICE("r"),
		.title = SLICE("a title"),
		.message = SLICE("m"),
		.keys = SLICE("a=b\nc=d"),
		.json = SLICE("{\"a\":1}") };
}

static void test_record(void **state)
{
	(void)state;
	uint8_t room[256];
	size_t n = 0;
	struct record in = a_finding(), out;
	assert_true(record_write(&in, room, sizeof room, &n));
	assert_true(record_read((struct slice){ guard_copy(room, n), n }, &out));
	assert_true(out.kind == in.kind && out.number == 77 && out.ns == -5);
	assert_true(out.severity == in.severity && out.outcome == in.outcome);
	assert_true(out.id == UINT64_MAX && out.update == 2);
	assert_true(slice_is(out.rule, "r") && slice_is(out.title, "a title"));
	assert_true(slice_is(out.message, "m") && slice_is(out.keys, "a=b\nc=d"));
	assert_true(slice_is(out.json, "{\"a\":1}"));
	for (size_t cut = 0; cut < n; cut++) {
		size_t written = 0;
		assert_false(record_read((struct slice){ guard_copy(room, cut), cut }, &out));
		assert_false(
		    record_write(&in, (uint8_t *)(uintptr_t)guard_copy(room, cut), cut, &written));
	}
}

static bool is_read(const struct record *r)
{
	uint8_t room[256];
	size_t n = 0;
	struct record out;
	assert_true(record_write(r, room, sizeof room, &n));
	return record_read((struct slice){ guard_copy(room, n), n }, &out);
}

static void test_record_refused(void **state)
{
	(void)state;
	struct record r = a_finding();
	assert_true(is_read(&r));
	r.kind = EVENT_KINDS;
	assert_false(is_read(&r));
	r = a_finding();
	r.severity = SEVERITIES;
	assert_false(is_read(&r));
	r = a_finding();
	r.outcome = INCONCLUSIVE_UNKNOWN + 1;
	assert_false(is_read(&r));
	r = a_finding();
	r.json = SLICE("{}\n{}");
	assert_false(is_read(&r));
	r.json = SLICE("{\"a\":\"\xc2\x9b[2J\"}");
	assert_false(is_read(&r));
	r.json = SLICE("{\"a\":\"\xe2\x80\xae\"}");
	assert_false(is_read(&r));
	r.json = SLICE("{\"a\":\"\xff\"}");
	assert_false(is_read(&r));
	r = a_finding();
	r.number = 0;
	assert_false(is_read(&r));
	r.kind = EVENT_FLOW;
	assert_true(is_read(&r));
	r.number = 1;
	assert_false(is_read(&r));
}

static void test_state(void **state)
{
	(void)state;
	uint8_t room[128];
	size_t n = 0;
	struct state_record in = { .part = STATE_KEY,
		.key = { UINT64_MAX, 2 },
		.used_ns = INT64_MIN,
		.label = SLICE("label"),
		.body = SLICE("\x00\x01\xff") };
	struct state_record out;
	assert_true(state_write(&in, room, sizeof room, &n));
	assert_true(state_read((struct slice){ guard_copy(room, n), n }, &out));
	assert_true(out.part == STATE_KEY && out.key[0] == UINT64_MAX && out.key[1] == 2);
	assert_true(out.used_ns == INT64_MIN && slice_is(out.label, "label"));
	assert_true(slice_equal(out.body, in.body));
	for (size_t cut = 0; cut < n; cut++) {
		size_t written = 0;
		/* At the border of two fields it is an older record. */
		bool whole = state_read((struct slice){ guard_copy(room, cut), cut }, &out);
		assert_true(!whole || out.body.n == 0);
		assert_false(
		    state_write(&in, (uint8_t *)(uintptr_t)guard_copy(room, cut), cut, &written));
	}
	in.part = STATE_PARTS;
	assert_true(state_write(&in, room, sizeof room, &n));
	assert_false(state_read((struct slice){ guard_copy(room, n), n }, &out));
	assert_false(state_read((struct slice){ 0 }, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_reader_restarts),
		cmocka_unit_test(test_writer_restarts),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_endless_message),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_record_refused),
		cmocka_unit_test(test_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
