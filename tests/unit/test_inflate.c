/*
 * test_inflate.c - decode/inflate.c: codings, damage, limits; results do not depend on the pieces.
 */
#include "decode/inflate.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zlib.h>

enum { GZIP = MAX_WBITS + 16, ZLIB = MAX_WBITS, RAW = -MAX_WBITS };

struct bytes {
	uint8_t *p;
	size_t n;
};

static struct bytes packed(int window_bits, const uint8_t *in, size_t n)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	struct bytes b = { malloc(n + 1000), 0 };
	z.next_in = (Bytef *)in;
	z.avail_in = (uInt)n;
	z.next_out = b.p;
	z.avail_out = (uInt)(n + 1000);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b.n = z.total_out;
	deflateEnd(&z);
	return b;
}

/* Text that is neither regular nor random: some 4 to 1. */
static struct bytes sample(size_t n)
{
	struct bytes b = { malloc(n), n };
	uint32_t x = 7;
	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		b.p[i] = (uint8_t)("<D:href>/cal/0123456789"[(x >> 24) % (1 + i % 23)]);
	}
	return b;
}

struct result {
	struct limits limits;
	struct arena *arena;
	struct inflater *inflater;
	enum inflate_status status, end;
	uint64_t made, hash;
	size_t stop_after; /* bytes; 0 = never */
	size_t calls;
};

static bool take(void *ctx, struct slice s)
{
	struct result *r = ctx;
	r->calls++;
	for (size_t i = 0; i < s.n; i++)
		r->hash = (r->hash ^ s.p[i]) * 1099511628211u;
	r->made += s.n;
	return r->stop_after == 0 || r->made < r->stop_after;
}

static void give(void *ctx, struct slice s)
{
	struct result *r = ctx;
	r->status = inflater_data(r->inflater, s);
}

static void run(struct result *r, struct feeder *f, int way, enum inflate_coding coding,
    struct slice in, size_t budget)
{
	r->arena = arena_new(budget);
	r->inflater = inflater_new(coding, &r->limits, r->arena, (struct inflate_sink){ take, r });
	assert_non_null(r->inflater);
	r->hash = 1469598103934665603u;
	feed(f, way, in, give, r);
	r->end = inflater_end(r->inflater);
	arena_free(r->arena);
}

static uint64_t hash_of(struct bytes b)
{
	struct result r = { 0 };
	r.hash = 1469598103934665603u;
	take(&r, (struct slice){ b.p, b.n });
	return r.hash;
}

/* Runs all ways to cut, wants the same from each, gives the last. */
static struct result run_all(enum inflate_coding coding, struct slice in, size_t stop_after,
    const char *limit)
{
	struct feeder f = feeder_new(8192);
	struct result first = { .limits = limits_default() }, r = first;
	struct error e;
	for (int way = WHOLE; way <= LAST_SEED; way++) {
		r = (struct result){ .limits = limits_default(), .stop_after = stop_after };
		if (limit != NULL)
			assert_true(limits_set(&r.limits, limit, &e));
		run(&r, &f, way, coding, in, 1 << 20);
		if (way == WHOLE)
			first = r;
		assert_int_equal(r.end, first.end);
		assert_int_equal(r.made, first.made);
		assert_int_equal(r.calls, first.calls);
		assert_true(r.hash == first.hash);
	}
	return r;
}

static void test_every_wrapping_is_undone(void **state)
{
	(void)state;
	static const struct {
		int bits;
		enum inflate_coding coding;
	} wrappings[] = {
		{ GZIP, INFLATE_GZIP },
		{ ZLIB, INFLATE_DEFLATE },
		{ RAW, INFLATE_DEFLATE },
	};
	static const size_t sizes[] = { 0, 1, 100, 4096, 50000 };
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < 5; k++) {
			struct bytes plain = sample(sizes[k]);
			struct bytes in = packed(wrappings[i].bits, plain.p, plain.n);
			struct result r = run_all(wrappings[i].coding, (struct slice){ in.p, in.n },
			    0, NULL);
			assert_int_equal(r.end, INFLATE_ENDED);
			assert_int_equal(r.made, sizes[k]);
			assert_true(r.hash == hash_of(plain));
			free(plain.p);
			free(in.p);
		}
	}
}

static void test_gzip_members_follow_each_other(void **state)
{
	(void)state;
	struct bytes plain = sample(3000), one = packed(GZIP, plain.p, 1000),
		     two = packed(GZIP, plain.p + 1000, 2000);
	one.p = realloc(one.p, one.n + two.n);
	memcpy(one.p + one.n, two.p, two.n);
	struct result r = run_all(INFLATE_GZIP, (struct slice){ one.p, one.n + two.n }, 0, NULL);
	assert_int_equal(r.end, INFLATE_ENDED);
	assert_true(r.hash == hash_of(plain));
	/* A second member cut short is no end; junk is no member. */
	r = run_all(INFLATE_GZIP, (struct slice){ one.p, one.n + 5 }, 0, NULL);
	assert_int_equal(r.end, INFLATE_MORE);
	one.p[one.n] = 'x';
	r = run_all(INFLATE_GZIP, (struct slice){ one.p, one.n + 5 }, 0, NULL);
	assert_int_equal(r.end, INFLATE_DAMAGED);
	assert_int_equal(r.made, 1000);
	free(plain.p);
	free(one.p);
	free(two.p);
}

static void test_bytes_behind_deflate_are_damage(void **state)
{
	(void)state;
	struct bytes plain = sample(900), in = packed(ZLIB, plain.p, plain.n);
	in.p[in.n] = 0;
	struct result r = run_all(INFLATE_DEFLATE, (struct slice){ in.p, in.n + 1 }, 0, NULL);
	assert_int_equal(r.end, INFLATE_DAMAGED);
	assert_int_equal(r.made, 900);
	free(plain.p);
	free(in.p);
}

static void test_every_truncation_is_no_end(void **state)
{
	(void)state;
	struct bytes plain = sample(700), in = packed(GZIP, plain.p, plain.n);
	struct feeder f = feeder_new(8192);
	for (size_t n = 0; n < in.n; n++) {
		struct result r = { .limits = limits_default() };
		run(&r, &f, WHOLE, INFLATE_GZIP, (struct slice){ in.p, n }, 1 << 20);
		assert_int_equal(r.end, INFLATE_MORE);
		assert_true(r.made <= plain.n);
	}
	free(plain.p);
	free(in.p);
}

/* Beyond the ten bytes of the header every damaged byte shows, at the latest in CRC or length. */
static void test_every_damaged_byte_shows(void **state)
{
	(void)state;
	struct bytes plain = sample(700), in = packed(GZIP, plain.p, plain.n);
	for (size_t i = 10; i < in.n; i++) {
		in.p[i] ^= 0x55;
		struct result r = run_all(INFLATE_GZIP, (struct slice){ in.p, in.n }, 0, NULL);
		assert_int_not_equal(r.end, INFLATE_ENDED);
		in.p[i] ^= 0x55;
	}
	free(plain.p);
	free(in.p);
}

static void test_a_bomb_stops_at_the_ratio(void **state)
{
	(void)state;
	struct bytes zeros = { calloc(1, 20000000), 20000000 };
	struct bytes in = packed(GZIP, zeros.p, zeros.n);
	struct result r = run_all(INFLATE_GZIP, (struct slice){ in.p, in.n }, 0, NULL);
	assert_int_equal(r.end, INFLATE_BOMB);
	assert_true(r.made <= 1024 * 100);
	/* Up to 64 KiB a body may be as regular as it likes. */
	struct bytes small = packed(GZIP, zeros.p, 65536);
	r = run_all(INFLATE_GZIP, (struct slice){ small.p, small.n }, 0, NULL);
	assert_int_equal(r.end, INFLATE_ENDED);
	free(zeros.p);
	free(in.p);
	free(small.p);
}

static void test_a_bomb_stops_at_the_size(void **state)
{
	(void)state;
	struct bytes plain = sample(100001), in = packed(ZLIB, plain.p, plain.n);
	struct result r = run_all(INFLATE_DEFLATE, (struct slice){ in.p, in.n }, 0,
	    "inflate_bytes=100000");
	assert_int_equal(r.end, INFLATE_BOMB);
	assert_true(r.made <= 100000 && r.made > 100000 - 4096);
	r = run_all(INFLATE_DEFLATE, (struct slice){ in.p, in.n }, 0, "inflate_bytes=100001");
	assert_int_equal(r.end, INFLATE_ENDED);
	free(plain.p);
	free(in.p);
}

static void test_the_sink_can_stop(void **state)
{
	(void)state;
	struct bytes plain = sample(50000), in = packed(GZIP, plain.p, plain.n);
	struct result r = run_all(INFLATE_GZIP, (struct slice){ in.p, in.n }, 1, NULL);
	assert_int_equal(r.end, INFLATE_STOPPED);
	assert_int_equal(r.calls, 1);
	free(plain.p);
	free(in.p);
}

static void test_no_room_is_told_at_every_budget(void **state)
{
	(void)state;
	struct bytes plain = sample(60000), in = packed(GZIP, plain.p, plain.n);
	struct feeder f = feeder_new(8192);
	size_t refused = 0;
	for (size_t budget = 9000; budget < 120000; budget += 1000) {
		struct result r = { .limits = limits_default() };
		run(&r, &f, 3, INFLATE_GZIP, (struct slice){ in.p, in.n }, budget);
		refused += r.end == INFLATE_NO_ROOM;
		assert_true(r.end == INFLATE_NO_ROOM || r.end == INFLATE_ENDED);
	}
	assert_true(refused > 2 && refused < 111);
	free(plain.p);
	free(in.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_wrapping_is_undone),
		cmocka_unit_test(test_gzip_members_follow_each_other),
		cmocka_unit_test(test_bytes_behind_deflate_are_damage),
		cmocka_unit_test(test_every_truncation_is_no_end),
		cmocka_unit_test(test_every_damaged_byte_shows),
		cmocka_unit_test(test_a_bomb_stops_at_the_ratio),
		cmocka_unit_test(test_a_bomb_stops_at_the_size),
		cmocka_unit_test(test_the_sink_can_stop),
		cmocka_unit_test(test_no_room_is_told_at_every_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
