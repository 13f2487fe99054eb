/*
 * test_inflate.c - decode/inflate.c: codings, damage, limits; results do not depend on the pieces.
 */
#include "decode/inflate.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <brotli/encode.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

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
	struct inflate_sum sum;
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
	r->inflater = inflater_new(coding, &r->limits, &r->sum, r->arena,
	    (struct inflate_sink){ take, r });
	assert_non_null(r->inflater);
	r->hash = 1469598103934665603u;
	feed(f, way, in, give, r);
	r->end = inflater_end(r->inflater);
	inflater_free(r->inflater);
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
		run(&r, &f, way, coding, in, 4 << 20);
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

/* One body of many, which share *sum. */
static struct result run_next(struct inflate_sum *sum, struct bytes in)
{
	struct feeder f = feeder_new(8192);
	struct result r = { .limits = limits_default(), .sum = *sum };
	run(&r, &f, WHOLE, INFLATE_GZIP, (struct slice){ in.p, in.n }, 4 << 20);
	*sum = r.sum;
	return r;
}

/* What one body may do, thousands may not; what is like others is read between them. */
static void test_a_bomb_in_many_bodies_stops(void **state)
{
	(void)state;
	struct bytes zeros = { calloc(1, 65536), 65536 }, plain = sample(60);
	struct bytes bomb = packed(GZIP, zeros.p, zeros.n), fine = packed(GZIP, plain.p, plain.n);
	struct inflate_sum sum = { 0 };
	uint64_t made = 0;
	for (unsigned i = 0; i < 100; i++) {
		struct result r = run_next(&sum, bomb);
		assert_int_equal(r.end, i == 0 ? INFLATE_ENDED : INFLATE_BOMB);
		made += r.made;
		r = run_next(&sum, fine);
		assert_int_equal(r.end, INFLATE_ENDED);
		made += r.made;
	}
	assert_int_equal(sum.made, made);
	assert_int_equal(sum.seen, 100 * (bomb.n + fine.n));
	assert_true(made <= 65536 + 100 * sum.seen && made > 65536 + 100 * plain.n);
	free(zeros.p);
	free(plain.p);
	free(bomb.p);
	free(fine.p);
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

/* ---- brotli and zstd ---- */

static const enum inflate_coding newer[] = { INFLATE_BROTLI, INFLATE_ZSTD };

static struct bytes packed_newer(enum inflate_coding coding, struct bytes plain)
{
	struct bytes b = { malloc(plain.n + 1000), plain.n + 1000 };
	if (coding == INFLATE_BROTLI) {
		assert_true(
		    BrotliEncoderCompress(9, 18, BROTLI_MODE_TEXT, plain.n, plain.p, &b.n, b.p));
		return b;
	}
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	b.n = ZSTD_compress2(z, b.p, b.n, plain.p, plain.n);
	assert_false(ZSTD_isError(b.n));
	ZSTD_freeCCtx(z);
	return b;
}

static void test_newer_packings_are_undone(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 100, 4096, 50000, 700000 };
	for (size_t i = 0; i < 12; i++) {
		struct bytes plain = sample(sizes[i / 2]);
		struct bytes in = packed_newer(newer[i % 2], plain);
		struct result r = run_all(newer[i % 2], (struct slice){ in.p, in.n }, 0, NULL);
		assert_int_equal(r.end, INFLATE_ENDED);
		assert_int_equal(r.made, plain.n);
		assert_true(r.hash == hash_of(plain));
		free(plain.p);
		free(in.p);
	}
}

static void test_every_truncation_of_the_newer_is_no_end(void **state)
{
	(void)state;
	struct bytes plain = sample(700);
	struct feeder f = feeder_new(8192);
	for (size_t i = 0; i < 2; i++) {
		struct bytes in = packed_newer(newer[i], plain);
		for (size_t n = 0; n < in.n; n++) {
			struct result r = { .limits = limits_default() };
			run(&r, &f, WHOLE, newer[i], (struct slice){ in.p, n }, 1 << 20);
			assert_int_equal(r.end, INFLATE_MORE);
			assert_true(r.made <= plain.n);
		}
		free(in.p);
	}
	free(plain.p);
}

/* brotli has no checksum: what is damaged may still be a text. */
static void test_damage_of_the_newer(void **state)
{
	(void)state;
	struct bytes plain = sample(700);
	uint64_t hash = hash_of(plain);
	for (size_t i = 0; i < 2; i++) {
		struct bytes in = packed_newer(newer[i], plain);
		for (size_t at = 0; at < in.n; at++) {
			in.p[at] ^= 0x55;
			struct result r = run_all(newer[i], (struct slice){ in.p, in.n }, 0, NULL);
			if (newer[i] == INFLATE_ZSTD)
				assert_true(r.end != INFLATE_ENDED || r.hash == hash);
			in.p[at] ^= 0x55;
		}
		free(in.p);
	}
	free(plain.p);
}

static void test_bombs_of_the_newer(void **state)
{
	(void)state;
	struct bytes zeros = { calloc(1, 20000000), 20000000 }, plain = sample(100001);
	for (size_t i = 0; i < 2; i++) {
		struct bytes in = packed_newer(newer[i], zeros);
		struct result r = run_all(newer[i], (struct slice){ in.p, in.n }, 0, NULL);
		assert_int_equal(r.end, INFLATE_BOMB);
		assert_true(r.made <= 1024 * 100 + 4096);
		free(in.p);
		in = packed_newer(newer[i], plain);
		struct slice s = { in.p, in.n };
		assert_int_equal(run_all(newer[i], s, 0, "inflate_bytes=100000").end, INFLATE_BOMB);
		assert_int_equal(run_all(newer[i], s, 0, "inflate_bytes=100001").end,
		    INFLATE_ENDED);
		assert_int_equal(run_all(newer[i], s, 1, NULL).end, INFLATE_STOPPED);
		free(in.p);
	}
	free(zeros.p);
	free(plain.p);
}

static void test_no_room_for_the_newer(void **state)
{
	(void)state;
	struct bytes plain = sample(300000);
	struct feeder f = feeder_new(8192);
	for (size_t i = 0; i < 2; i++) {
		struct bytes in = packed_newer(newer[i], plain);
		size_t refused = 0, rooms = 0;
		for (size_t budget = 9000; budget < 1000000; budget += 7919, rooms++) {
			struct result r = { .limits = limits_default() };
			run(&r, &f, 3, newer[i], (struct slice){ in.p, in.n }, budget);
			refused += r.end == INFLATE_NO_ROOM;
			assert_true(r.end == INFLATE_NO_ROOM || r.end == INFLATE_ENDED);
		}
		assert_true(refused > 2 && refused < rooms);
		free(in.p);
	}
	free(plain.p);
}

/* A junk byte behind brotli is damage; frames of zstd follow each other, one may be there to be skipped. */
static void test_what_follows_the_end(void **state)
{
	(void)state;
	struct bytes plain = sample(900), brotli = packed_newer(INFLATE_BROTLI, plain),
		     zstd = packed_newer(INFLATE_ZSTD, plain);
	brotli.p[brotli.n] = 0;
	struct result r = run_all(INFLATE_BROTLI, (struct slice){ brotli.p, brotli.n + 1 }, 0,
	    NULL);
	assert_int_equal(r.end, INFLATE_DAMAGED);
	assert_int_equal(r.made, 900);
	zstd.p = realloc(zstd.p, 2 * zstd.n + 10);
	memcpy(zstd.p + zstd.n, "\x51\x2a\x4d\x18\2\0\0\0xy", 10);
	memcpy(zstd.p + zstd.n + 10, zstd.p, zstd.n);
	r = run_all(INFLATE_ZSTD, (struct slice){ zstd.p, 2 * zstd.n + 10 }, 0, NULL);
	assert_int_equal(r.end, INFLATE_ENDED);
	assert_int_equal(r.made, 1800);
	r = run_all(INFLATE_ZSTD, (struct slice){ zstd.p, zstd.n + 5 }, 0, NULL);
	assert_int_equal(r.end, INFLATE_MORE);
	zstd.p[zstd.n] = 0x27; /* the format before the one of RFC 8878 */
	r = run_all(INFLATE_ZSTD, (struct slice){ zstd.p, zstd.n + 5 }, 0, NULL);
	assert_int_equal(r.end, INFLATE_DAMAGED);
	assert_int_equal(r.made, 900);
	free(plain.p);
	free(brotli.p);
	free(zstd.p);
}

/* A window of 128 MiB is asked for in six bytes, and must not be given. */
static void test_a_window_that_is_too_large(void **state)
{
	(void)state;
	struct slice zstd = SLICE("\x28\xb5\x2f\xfd\x00\x88\x29\0\0hello");
	assert_int_equal(run_all(INFLATE_ZSTD, zstd, 0, NULL).end, INFLATE_NO_ROOM);
	assert_int_equal(run_all(INFLATE_ZSTD, zstd, 0, NULL).made, 0);
	struct slice allowed = SLICE("\x28\xb5\x2f\xfd\x00\x68\x29\0\0hello");
	struct result r = { .limits = limits_default() };
	struct feeder f = feeder_new(8192);
	run(&r, &f, WHOLE, INFLATE_ZSTD, allowed, 1 << 20);
	assert_int_equal(r.end, INFLATE_NO_ROOM);
	r = (struct result){ .limits = limits_default() };
	run(&r, &f, WHOLE, INFLATE_ZSTD, allowed, 10 << 20);
	assert_int_equal(r.end, INFLATE_ENDED);
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
		cmocka_unit_test(test_a_bomb_in_many_bodies_stops),
		cmocka_unit_test(test_a_bomb_stops_at_the_size),
		cmocka_unit_test(test_the_sink_can_stop),
		cmocka_unit_test(test_no_room_is_told_at_every_budget),
		cmocka_unit_test(test_newer_packings_are_undone),
		cmocka_unit_test(test_every_truncation_of_the_newer_is_no_end),
		cmocka_unit_test(test_damage_of_the_newer),
		cmocka_unit_test(test_bombs_of_the_newer),
		cmocka_unit_test(test_no_room_for_the_newer),
		cmocka_unit_test(test_what_follows_the_end),
		cmocka_unit_test(test_a_window_that_is_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
