/*
 * test_scrub_permute.c - permute.c: one to one, for every shape, and another one for every key.
 */
#include "cmd/scrub/permute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t index_of(const struct symbols *s)
{
	size_t index = 0;
	for (size_t i = 0; i < s->n; i++)
		index = index * s->radix[i] + s->value[i];
	return index;
}

static void check_bijection(size_t n, const uint32_t *radix)
{
	size_t all = 1;
	for (size_t i = 0; i < n; i++)
		all *= radix[i];
	uint8_t *seen = calloc(all, 1);
	for (size_t number = 0; number < all; number++) {
		struct symbols s = { .n = n };
		memcpy(s.radix, radix, n * sizeof radix[0]);
		for (size_t i = n, rest = number; i-- > 0; rest /= radix[i])
			s.value[i] = (uint32_t)(rest % radix[i]);
		symbols_permute(hash_key_from(3), 1, &s);
		for (size_t i = 0; i < n; i++)
			assert_true(s.value[i] < radix[i]);
		assert_int_equal(seen[index_of(&s)]++, 0);
	}
	free(seen);
}

static void test_one_to_one(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		uint32_t radix[5];
	} shapes[] = {
		{ 1, { 2 } },
		{ 1, { 26 } },
		{ 1, { 42000 } },
		{ 2, { 26, 26 } },
		{ 2, { 2, 5 } },
		{ 3, { 26, 10, 6 } },
		{ 3, { 26, 26, 26 } },
		{ 4, { 10, 10, 10, 10 } },
		{ 5, { 6, 10, 6, 10, 6 } },
	};
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		check_bijection(shapes[i].n, shapes[i].radix);
}

static void test_a_single_symbol_changes(void **state)
{
	(void)state;
	for (uint32_t value = 0; value < 26; value++) {
		struct symbols s = { .n = 1, .radix = { 26 }, .value = { value } };
		symbols_permute(hash_key_from(9), 0, &s);
		assert_int_not_equal(s.value[0], value);
	}
}

static void test_key_and_tweak_count(void **state)
{
	(void)state;
	struct symbols word = { .n = 6,
		.radix = { 26, 26, 26, 26, 26, 26 },
		.value = { 1, 2, 3, 4, 5, 6 } };
	struct symbols a = word, b = word, c = word, again = word;
	symbols_permute(hash_key_from(1), 0, &a);
	symbols_permute(hash_key_from(2), 0, &b);
	symbols_permute(hash_key_from(1), 1, &c);
	symbols_permute(hash_key_from(1), 0, &again);
	assert_memory_equal(&a, &again, sizeof a);
	assert_memory_not_equal(a.value, b.value, sizeof a.value);
	assert_memory_not_equal(a.value, c.value, sizeof a.value);
	assert_memory_not_equal(a.value, word.value, sizeof a.value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_to_one),
		cmocka_unit_test(test_a_single_symbol_changes),
		cmocka_unit_test(test_key_and_tweak_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
