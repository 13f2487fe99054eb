/*
 * test_hash.c - SipHash-2-4 against the published vectors, and what tables and ids rely on.
 */
#include "base/base.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct hash_key reference_key(void)
{
	return (struct hash_key){ 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
}

/* Key 00..0f, message 00..n-1: appendix A of the paper and the vectors that go with it. */
static void test_published_vectors(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		uint64_t hash;
	} vectors[] = {
		{ 0, 0x726fdb47dd0e0e31 },
		{ 1, 0x74f839c593dc67fd },
		{ 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 },
		{ 15, 0xa129ca6149be45e5 },
		{ 63, 0x958a324ceb064572 },
	};
	uint8_t message[64];
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const uint8_t *p = guard_copy(message, vectors[i].n);
		assert_true(hash_keyed(reference_key(), p, vectors[i].n) == vectors[i].hash);
	}
	assert_true(hash_keyed(reference_key(), NULL, 0) == vectors[0].hash);
}

static void test_every_byte_and_the_length_count(void **state)
{
	(void)state;
	uint8_t message[40] = { 0 };
	uint64_t base = hash_fixed(message, sizeof(message));
	for (size_t i = 0; i < sizeof(message); i++) {
		message[i] = 1;
		assert_true(hash_fixed(message, sizeof(message)) != base);
		message[i] = 0;
		assert_true(hash_fixed(message, i) != base);
	}
}

/* Ids in reports hang on it: it may never change. */
static void test_fixed_is_fixed(void **state)
{
	(void)state;
	assert_true(hash_fixed("davscope", 8) == hash_keyed(hash_key_from(0), "davscope", 8));
	assert_true(hash_fixed("davscope", 8) == UINT64_C(0xe7d33779d1908fc4));
}

static void test_keys_differ(void **state)
{
	(void)state;
	struct hash_key a = hash_key_from(1), b = hash_key_from(2), c = hash_key_from(1);
	assert_true(a.k0 != b.k0 && a.k1 != b.k1 && a.k0 != a.k1);
	assert_true(a.k0 == c.k0 && a.k1 == c.k1);
	struct hash_key r = hash_key_random(), s = hash_key_random();
	assert_true(r.k0 != s.k0 || r.k1 != s.k1);
}

static uint64_t sum_of(const void *p, size_t n)
{
	struct hash_run h = { 0 };
	hash_add(&h, (struct slice){ p, n });
	return hash_sum(&h);
}

static void test_pieces_sum_to_the_whole(void **state)
{
	(void)state;
	uint8_t message[100];
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof(message); n++) {
		uint64_t whole = sum_of(guard_copy(message, n), n);
		for (size_t step = 1; step <= 33; step++) {
			struct hash_run h = { 0 };
			for (size_t at = 0; at < n; at += step) {
				size_t piece = n - at < step ? n - at : step;
				hash_add(&h,
				    (struct slice){ guard_copy(message + at, piece), piece });
				(void)hash_sum(&h); /* asking changes nothing */
			}
			hash_add(&h, (struct slice){ NULL, 0 });
			assert_true(hash_sum(&h) == whole);
		}
		if (n % 10 == 0)
			continue;
		for (size_t k = 0; k < n; k++)
			assert_true(sum_of(message, k) != whole);
	}
}

/* Every bit of the input turns about half of the bits of the sum. */
static void test_every_bit_of_contents_counts(void **state)
{
	(void)state;
	uint8_t message[48] = { 0 };
	for (size_t n = 1; n <= sizeof(message); n++) {
		uint64_t base = sum_of(message, n);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			message[bit / 8] ^= (uint8_t)(1u << bit % 8);
			int turned = __builtin_popcountll(sum_of(message, n) ^ base);
			message[bit / 8] = 0;
			assert_true(turned > 8 && turned < 56);
		}
	}
}

static void test_sums_are_fixed(void **state)
{
	(void)state;
	assert_true(sum_of("davscope", 8) == UINT64_C(0x77a06dcc95594a2e));
	assert_true(sum_of("", 0) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_every_byte_and_the_length_count),
		cmocka_unit_test(test_fixed_is_fixed),
		cmocka_unit_test(test_keys_differ),
		cmocka_unit_test(test_pieces_sum_to_the_whole),
		cmocka_unit_test(test_every_bit_of_contents_counts),
		cmocka_unit_test(test_sums_are_fixed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
