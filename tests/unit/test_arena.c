/*
 * test_arena.c - the budget, alignment, and that out of memory is an answer and not an end.
 */
#include "base/base.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <cmocka.h>

/* AddressSanitizer would abort where malloc answers NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	uint8_t *p[300];
	for (size_t i = 0; i < 300; i++) {
		p[i] = arena_alloc(a, i);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		for (size_t k = 0; k < i; k++)
			assert_int_equal(p[i][k], 0);
		memset(p[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal(p[i][k], i & 0xff);
	arena_free(a);
}

static void test_starts_small(void **state)
{
	(void)state;
	struct arena *a = arena_new(4 << 20);
	assert_non_null(arena_alloc(a, 1500));
	assert_true(arena_used(a) <= 2048);
	arena_free(a);
}

static void test_budget_holds(void **state)
{
	(void)state;
	const size_t budget = 100000;
	for (size_t size = 1; size <= budget; size = size * 3 + 1) {
		struct arena *a = arena_new(budget);
		size_t got = 0;
		while (arena_alloc(a, size) != NULL)
			got += size;
		assert_true(arena_used(a) <= budget);
		/* What was asked for in pieces of 16 and more is mostly given. */
		if (size >= 16 && size < 20000)
			assert_true(got > budget / 2);
		arena_free(a);
	}
}

static void test_memory_from_elsewhere_counts(void **state)
{
	(void)state;
	struct arena *a = arena_new(100000);
	size_t own = arena_used(a);
	assert_false(arena_charge(a, 100001 - own));
	assert_false(arena_charge(a, SIZE_MAX));
	assert_int_equal(arena_used(a), own);
	assert_true(arena_charge(a, 100000 - own));
	assert_false(arena_charge(a, 1));
	assert_null(arena_alloc(a, 5000));
	arena_discharge(a, 100000 - own);
	assert_int_equal(arena_used(a), own);
	assert_non_null(arena_alloc(a, 5000));
	arena_free(a);
}

static void test_refusal_leaves_room_for_less(void **state)
{
	(void)state;
	struct arena *a = arena_new(4096);
	struct slice out = SLICE("x");
	assert_null(arena_alloc(a, 8000));
	assert_non_null(arena_alloc(a, 100));
	static const uint8_t big[8000];
	assert_false(arena_copy(a, (struct slice){ big, sizeof(big) }, &out));
	assert_int_equal(out.n, 0);
	assert_true(arena_copy(a, SLICE("copy"), &out));
	assert_memory_equal(out.p, "copy", 4);
	assert_true(arena_copy(a, (struct slice){ NULL, 0 }, &out));
	assert_int_equal(out.n, 0);
	arena_free(a);
}

static void test_budgets_too_small_for_anything(void **state)
{
	(void)state;
	for (size_t budget = 0; budget < 200; budget++) {
		struct arena *a = arena_new(budget);
		assert_non_null(a);
		while (arena_alloc(a, 16) != NULL)
			assert_true(arena_used(a) <= budget);
		arena_free(a);
	}
}

/* Two arrays grow side by side, what is between them too, until nothing fits any more. */
static void test_arrays_grow_up_to_the_budget(void **state)
{
	(void)state;
	struct element {
		uint64_t a, b, c;
	};
	for (size_t budget = 3000; budget < 2000000; budget = budget * 5 / 2) {
		struct arena *arena = arena_new(budget);
		struct arena_array one = { 0 }, other = { 0 };
		struct slice text = { 0 };
		for (uint64_t i = 0;; i++) {
			struct element *e = arena_add(arena, &one, sizeof(*e));
			uint64_t *u = i % 2 == 0 ? arena_add(arena, &other, sizeof(*u)) : NULL;
			if (u != NULL)
				*u = ~i;
			if (e == NULL)
				break;
			*e = (struct element){ i, i + 1, i + 2 };
			if (i % 100 == 0)
				(void)arena_copy(arena, SLICE("odd"), &text);
		}
		assert_true(arena_used(arena) <= budget);
		assert_true(budget < 100000 || one.n * sizeof(struct element) > budget * 6 / 10);
		arena_fit(arena, &one, sizeof(struct element));
		arena_fit(arena, &other, sizeof(uint64_t));
		for (uint64_t i = 0; i < one.n; i++) {
			const struct element *e = (const struct element *)one.p + i;
			assert_true(e->a == i && e->b == i + 1 && e->c == i + 2);
		}
		for (uint64_t i = 0; i < other.n; i++)
			assert_true(((const uint64_t *)other.p)[i] == ~(2 * i));
		arena_free(arena);
	}
}

static void test_an_array_gives_back_what_it_has_no_use_for(void **state)
{
	(void)state;
	struct arena *arena = arena_new(1 << 20);
	struct arena_array v = { 0 };
	size_t before = arena_used(arena);
	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(arena_add(arena, &v, 100));
	arena_fit(arena, &v, 100);
	size_t used = arena_used(arena) - before;
	assert_in_range(used, 100000, 110000);
	assert_non_null(arena_add(arena, &v, 100));
	assert_int_equal(v.n, 1001);
	arena_free(arena);
}

static void test_sizes_that_overflow(void **state)
{
	(void)state;
	struct arena *a = arena_new(SIZE_MAX);
	for (size_t less = 0; less < 64; less++)
		assert_null(arena_alloc(a, SIZE_MAX - less));
	assert_null(arena_alloc(a, SIZE_MAX / 2));
	assert_non_null(arena_alloc(a, 10));
	arena_free(a);
	arena_free(NULL);
}

/* ---- stores ---- */

enum { THREADS = 3, ROUNDS = 2000, HELD = 8 };

/* Arenas on their way from the one that makes them to those that free them. */
struct passed {
	_Atomic(struct arena *) slots[HELD];
	atomic_bool over;
};

static void *free_what_comes(void *arg)
{
	struct passed *passed = arg;
	bool over;
	do {
		over = atomic_load(&passed->over);
		for (size_t i = 0; i < HELD; i++) {
			struct arena *a = atomic_exchange(&passed->slots[i], NULL);
			if (a != NULL)
				memset(arena_alloc(a, 3000), 0xee, 3000);
			arena_free(a);
		}
	} while (!over);
	return NULL;
}

static struct arena *arena_used_a_little(struct arena_store *store, size_t round)
{
	struct arena *a = arena_new_from(store, 1 << 20);
	assert_non_null(a);
	for (size_t i = 0; i < 1 + round % 9; i++) {
		const uint8_t *p = arena_alloc(a, 1000);
		for (size_t k = 0; k < 1000; k++)
			assert_int_equal(p[k], 0);
		memset((uint8_t *)p, 0xdd, 1000);
	}
	arena_hand_over(a);
	return a;
}

static void test_chunks_come_back_from_other_threads(void **state)
{
	(void)state;
	struct arena_store *store = arena_store_new(64 << 10);
	struct passed passed = { .over = false };
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, free_what_comes, &passed), 0);
	for (size_t i = 0; i < ROUNDS; i++)
		arena_free(atomic_exchange(&passed.slots[i % HELD], arena_used_a_little(store, i)));
	arena_store_free(store); /* before the arenas that came from it */
	atomic_store(&passed.over, true);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void test_an_arena_of_a_store_is_like_any_other(void **state)
{
	(void)state;
	const size_t budget = 5000;
	struct arena_store *store = arena_store_new(1 << 20);
	for (size_t round = 0; round < 3; round++) {
		struct arena *a = arena_new_from(store, budget), *plain = arena_new(budget);
		while (arena_alloc(a, 100) != NULL)
			assert_non_null(arena_alloc(plain, 100));
		assert_null(arena_alloc(plain, 100));
		assert_int_equal(arena_used(a), arena_used(plain));
		arena_free(a);
		arena_free(plain);
	}
	arena_store_free(store);
	arena_store_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(test_starts_small),
		cmocka_unit_test(test_budget_holds),
		cmocka_unit_test(test_refusal_leaves_room_for_less),
		cmocka_unit_test(test_budgets_too_small_for_anything),
		cmocka_unit_test(test_arrays_grow_up_to_the_budget),
		cmocka_unit_test(test_an_array_gives_back_what_it_has_no_use_for),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_memory_from_elsewhere_counts),
		cmocka_unit_test(test_chunks_come_back_from_other_threads),
		cmocka_unit_test(test_an_arena_of_a_store_is_like_any_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
