/*
 * test_pack.c - records as bytes: round trips, older and newer ones, cuts at every length against a
 * page that must not be read, numbers that are none.
 */
#include "base/base.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct thing {
	uint64_t big;
	int64_t when;
	uint16_t port;
	int8_t small;
	bool flag;
	uint8_t address[16];
	struct slice name, text;
};

static void thing_pack(struct pack *k, struct thing *t)
{
	pack_u64(k, &t->big);
	pack_i64(k, &t->when);
	PACK(k, t->port);
	PACK(k, t->small);
	PACK(k, t->flag);
	pack_raw(k, t->address, sizeof t->address);
	pack_slice(k, &t->name);
	pack_slice(k, &t->text);
}

static struct thing a_thing(void)
{
	return (struct thing){ .big = UINT64_MAX,
		.when = INT64_MIN,
		.port = 65535,
		.small = -3,
		.flag = true,
		.address = { 0x20, 1, [15] = 9 },
		.name = SLICE("n"),
		.text = SLICE("some \xff text") };
}

static bool thing_equal(const struct thing *a, const struct thing *b)
{
	return a->big == b->big && a->when == b->when && a->port == b->port &&
	    a->small == b->small && a->flag == b->flag &&
	    memcmp(a->address, b->address, sizeof a->address) == 0 &&
	    slice_equal(a->name, b->name) && slice_equal(a->text, b->text);
}

static void test_round_trip(void **state)
{
	(void)state;
	uint8_t room[128];
	struct thing in = a_thing(), out = { 0 };
	struct pack k = pack_to(room, sizeof room);
	thing_pack(&k, &in);
	assert_false(k.bad);
	size_t n = pack_done(&k);
	k = pack_from((struct slice){ guard_copy(room, n), n });
	thing_pack(&k, &out);
	assert_false(k.bad);
	assert_int_equal(pack_done(&k), n);
	assert_true(thing_equal(&in, &out));
}

static void check_number(int64_t v, size_t want)
{
	uint8_t room[16];
	struct pack k = pack_to(room, sizeof room);
	pack_i64(&k, &v);
	assert_int_equal(pack_done(&k), want);
	k = pack_from((struct slice){ guard_copy(room, want), want });
	int64_t out = 77;
	pack_i64(&k, &out);
	assert_false(k.bad);
	assert_true(out == v);
}

static void test_numbers(void **state)
{
	(void)state;
	check_number(0, 1);
	check_number(-1, 1);
	check_number(63, 1);
	check_number(-64, 1);
	check_number(64, 2);
	check_number(-65, 2);
	check_number(INT64_MAX, 10);
	check_number(INT64_MIN, 10);
	for (unsigned i = 0; i < 63; i++) {
		check_number(INT64_C(1) << i, (i + 1) / 7 + 1);
		check_number(-(INT64_C(1) << i), i / 7 + 1);
	}
}

/* A cut between fields is an older record, one within a field is none; both leave no old values. */
static void test_cut_anywhere(void **state)
{
	(void)state;
	uint8_t room[128];
	struct thing in = a_thing();
	struct pack w = pack_to(room, sizeof room);
	thing_pack(&w, &in);
	size_t whole = 0;
	for (size_t n = 0; n < pack_done(&w); n++) {
		struct thing out = a_thing();
		struct pack k = pack_from((struct slice){ guard_copy(room, n), n });
		thing_pack(&k, &out);
		assert_true(k.bad || pack_done(&k) == n);
		assert_int_equal(out.text.n, 0);
		whole += !k.bad;
	}
	assert_int_equal(whole, 8);
}

static void test_no_room(void **state)
{
	(void)state;
	uint8_t room[128];
	struct thing in = a_thing();
	struct pack w = pack_to(room, sizeof room);
	thing_pack(&w, &in);
	for (size_t n = 0; n < pack_done(&w); n++) {
		uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(room, n);
		struct pack k = pack_to(p, n);
		thing_pack(&k, &in);
		assert_true(k.bad);
		assert_true(pack_done(&k) <= n);
	}
}

static void test_older_and_newer(void **state)
{
	(void)state;
	uint8_t room[16];
	uint64_t a = 5, b = 300, c = 9;
	struct slice s = SLICE("x");
	struct pack k = pack_to(room, sizeof room);
	pack_u64(&k, &a);
	pack_u64(&k, &b);
	size_t n = pack_done(&k);

	k = pack_from((struct slice){ guard_copy(room, n), n });
	uint8_t raw[4] = { 1, 1, 1, 1 };
	int64_t d = 4;
	pack_u64(&k, &a);
	pack_u64(&k, &b);
	pack_u64(&k, &c);
	pack_slice(&k, &s);
	pack_raw(&k, raw, sizeof raw);
	pack_i64(&k, &d);
	assert_false(k.bad);
	assert_true(a == 5 && b == 300 && c == 0 && s.n == 0 && raw[3] == 0 && d == 0);

	k = pack_from((struct slice){ guard_copy(room, n), n });
	a = 0;
	pack_u64(&k, &a);
	assert_false(k.bad);
	assert_int_equal(a, 5);
	assert_int_equal(pack_done(&k), 1);
}

static void check_refused(const char *bytes, size_t n)
{
	struct pack k = pack_from((struct slice){ guard_copy(bytes, n), n });
	uint64_t v = 1;
	pack_u64(&k, &v);
	assert_true(k.bad);
	assert_int_equal(v, 0);
	/* And so it stays. */
	struct slice s = SLICE("x");
	v = 1;
	pack_u64(&k, &v);
	pack_slice(&k, &s);
	assert_true(k.bad && v == 0 && s.n == 0);
}

static void test_no_numbers(void **state)
{
	(void)state;
	check_refused("\x80", 1);
	check_refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
	check_refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
	check_refused("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
}

static void test_lengths_that_lie(void **state)
{
	(void)state;
	static const char five[] = { 5, 'a', 'b', 'c', 'd', '\0' };
	static const char *const texts[] = { five, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"\xff\xff\xff\xff\xff\xff\xff\xff\x7f" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		size_t n = strlen(texts[i]);
		struct pack k = pack_from((struct slice){ guard_copy(texts[i], n), n });
		struct slice s = SLICE("x");
		pack_slice(&k, &s);
		assert_true(k.bad);
		assert_int_equal(s.n, 0);
	}
}

static void test_state_words(void **state)
{
	(void)state;
	size_t n = 0;
	while (state_words[n] != NULL)
		n++;
	assert_int_equal(n, STATE_PARTS);
	assert_string_equal(state_words[STATE_META], "meta");
	assert_string_equal(state_words[STATE_KEY], "key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_older_and_newer),
		cmocka_unit_test(test_no_numbers),
		cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_state_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
