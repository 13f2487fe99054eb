/*
 * arena.c - memory that dies together: a bump allocator over chunks that double in size.
 *
 * The arena itself stands at the head of its first chunk, so that a small one costs one malloc.
 * The budget counts what malloc was asked for, not what callers used of it.
 */
#include "base/base.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 2048, LARGEST_STEP = 256 * 1024, ALIGNMENT = 16 };

struct chunk {
	alignas(ALIGNMENT) struct chunk *older;
};

struct arena {
	struct chunk first;
	struct chunk *newest;
	uint8_t *p; /* next free byte of the newest chunk */
	size_t left;
	size_t budget, used;
	size_t step; /* size of the next chunk, unless a request needs more */
};

struct arena *arena_new(size_t budget)
{
	size_t n = budget < FIRST_CHUNK ? budget : FIRST_CHUNK;
	if (n < sizeof(struct arena))
		n = sizeof(struct arena);
	struct arena *a = malloc(n);
	if (a == NULL)
		return NULL;
	*a = (struct arena){
		.p = (uint8_t *)(a + 1),
		.left = n - sizeof(*a),
		.budget = budget,
		.used = n,
		.step = 2 * (size_t)FIRST_CHUNK,
	};
	a->newest = &a->first;
	return a;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct chunk *c = a->newest; c != &a->first;) {
		struct chunk *older = c->older;
		free(c);
		c = older;
	}
	free(a);
}

static bool arena_grow(struct arena *a, size_t n)
{
	size_t room = a->used < a->budget ? a->budget - a->used : 0;
	if (room < sizeof(struct chunk) || n > room - sizeof(struct chunk))
		return false;
	size_t size = n + sizeof(struct chunk);
	if (size < a->step)
		size = a->step < room ? a->step : room;
	struct chunk *c = malloc(size);
	if (c == NULL)
		return false;
	c->older = a->newest;
	a->newest = c;
	a->p = (uint8_t *)(c + 1);
	a->left = size - sizeof(*c);
	a->used += size;
	if (a->step < LARGEST_STEP)
		a->step *= 2;
	return true;
}

/* Not zeroed. NULL: over budget or out of memory, which are one event. */
static void *arena_take(struct arena *a, size_t n)
{
	if (n > SIZE_MAX - ALIGNMENT)
		return NULL;
	size_t aligned = (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (aligned > a->left && !arena_grow(a, aligned))
		return NULL;
	void *p = a->p;
	a->p += aligned;
	a->left -= aligned;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_take(a, n != 0 ? n : 1);
	if (p != NULL)
		memset(p, 0, n);
	return p;
}

bool arena_copy(struct arena *a, struct slice in, struct slice *out)
{
	*out = (struct slice){ NULL, 0 };
	if (in.n == 0)
		return true;
	uint8_t *p = arena_take(a, in.n);
	if (p == NULL)
		return false;
	memcpy(p, in.p, in.n);
	*out = (struct slice){ p, in.n };
	return true;
}

void arena_limit(struct arena *a, size_t budget)
{
	a->budget = budget;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

bool arena_charge(struct arena *a, size_t n)
{
	if (a->used >= a->budget || n > a->budget - a->used)
		return false;
	a->used += n;
	return true;
}

void arena_discharge(struct arena *a, size_t n)
{
	a->used -= n;
}
