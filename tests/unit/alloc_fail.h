/*
 * alloc_fail.h - memory that runs out on purpose. Include it once in a test_alloc_NAME.c, which is linked
 * with malloc, calloc and realloc wrapped.
 */
#ifndef DAVSCOPE_TESTS_ALLOC_FAIL_H
#define DAVSCOPE_TESTS_ALLOC_FAIL_H

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static long allocations_left = -1; /* below 0: no end */

static bool refuses(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return refuses() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return refuses() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return refuses() ? NULL : __real_realloc(p, n);
}

#endif
