/*
 * Memory that runs out while YAML is read: a refusal that says so each time, and all is given back.
 * Linked with malloc, calloc and realloc wrapped.
 */
#include "base/base.h"
#include "tests/unit/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reading(void **state)
{
	(void)state;
	char text[20000];
	size_t n = 0;
	for (size_t i = 0; i < 400; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "key%zu: [{a: b}, 'c', d]\n", i);
	struct yaml *root = NULL;
	long failures = 0;
	for (; root == NULL && failures < 100; failures++) {
		allocations_left = failures;
		struct arena *arena = arena_new(1 << 20);
		struct yaml_error error = { .fault = YAML_SYNTAX };
		if (arena != NULL)
			root = yaml_parse((struct slice){ (const uint8_t *)text, n }, arena, 8,
			    &error);
		allocations_left = -1;
		if (arena != NULL && root == NULL)
			assert_int_equal(error.fault, YAML_MEMORY);
		if (root != NULL)
			assert_int_equal(root->n, 400);
		arena_free(arena);
	}
	assert_non_null(root);
	assert_true(failures > 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reading) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
