/*
 * arena.c - memory that dies together: a bump allocator over chunks, two of a size, then two of twice that.
 *
 * The arena itself stands at the head of its first chunk, so that a small one costs one malloc.
 * The budget counts what malloc was asked for, not what callers used of it.
 */
#include "base/base.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 2048, LARGEST_STEP = 256 * 1024, ALIGNMENT = 16 };
enum { FEW = 8, MANY = 32 }; /* elements of an array at first; of one that leaves the chunks */
enum {
	KEPT_SIZES = 3
}; /* a store keeps chunks of the first size, of twice and of four times that */

struct chunk {
	alignas(ALIGNMENT) struct chunk *older; /* in a store: the next one */
	unsigned kept_size; /* 1-based number of a size that a store keeps, 0 = it is none */
};

/* Memory of an array with MANY elements or more. */
struct block {
	alignas(ALIGNMENT) struct block *next, **link; /* link: what points to it */
	size_t bytes; /* with this head */
};

/*
 * Chunks that came back lie in `back` until the one who takes has none ready, who then takes them all: so
 * none that another thread looks at can come back in the meantime.
 */
struct arena_store {
	struct chunk *ready[KEPT_SIZES];
	_Atomic(struct chunk *) back[KEPT_SIZES];
	atomic_size_t kept, users; /* bytes in both; the owner and the arenas */
	size_t most;
};

struct arena {
	struct chunk first;
	struct chunk *newest;
	struct block *blocks;
	uint8_t *p; /* next free byte of the newest chunk */
	size_t left;
	size_t budget, used;
	size_t step; /* size of the next chunk, unless a request needs more */
	bool second; /* the next one is the second of its size */
	struct arena_store *store; /* where its chunks go; NULL: back to malloc */
	bool taking; /* and come from */
};

/* ---- stores ---- */

static size_t kept_bytes(unsigned kept_size)
{
	return (size_t)FIRST_CHUNK << (kept_size - 1);
}

/* Memory that is used again hides from the checker that it was used after its end. */
static size_t store_most(size_t most)
{
#if defined(__SANITIZE_ADDRESS__)
	return most * 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return most * 0;
#endif
#endif
	return most;
}

struct arena_store *arena_store_new(size_t most)
{
	struct arena_store *store = calloc(1, sizeof(*store));
	if (store == NULL)
		return NULL;
	store->most = store_most(most);
	atomic_init(&store->users, 1);
	return store;
}

static void chunks_free(struct chunk *c)
{
	while (c != NULL) {
		struct chunk *next = c->older;
		free(c);
		c = next;
	}
}

static void store_leave(struct arena_store *store)
{
	if (store == NULL || atomic_fetch_sub(&store->users, 1) != 1)
		return;
	for (unsigned i = 0; i < KEPT_SIZES; i++) {
		chunks_free(store->ready[i]);
		chunks_free(atomic_load(&store->back[i]));
	}
	free(store);
}

void arena_store_free(struct arena_store *store)
{
	store_leave(store);
}

static struct chunk *store_take(struct arena_store *store, unsigned kept_size)
{
	if (store == NULL || kept_size == 0)
		return NULL;
	struct chunk **ready = &store->ready[kept_size - 1];
	if (*ready == NULL)
		*ready = atomic_exchange_explicit(&store->back[kept_size - 1], NULL,
		    memory_order_acquire);
	struct chunk *c = *ready;
	if (c == NULL)
		return NULL;
	*ready = c->older;
	atomic_fetch_sub_explicit(&store->kept, kept_bytes(kept_size), memory_order_relaxed);
	return c;
}

static void store_give(struct arena_store *store, struct chunk *c)
{
	size_t n = c->kept_size != 0 ? kept_bytes(c->kept_size) : 0;
	if (store == NULL || n == 0 ||
	    atomic_fetch_add_explicit(&store->kept, n, memory_order_relaxed) + n > store->most) {
		if (store != NULL)
			atomic_fetch_sub_explicit(&store->kept, n, memory_order_relaxed);
		free(c);
		return;
	}
	_Atomic(struct chunk *) *back = &store->back[c->kept_size - 1];
	c->older = atomic_load_explicit(back, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(back, &c->older, c, memory_order_release,
	    memory_order_relaxed))
		continue;
}

static struct chunk *chunk_new(struct arena_store *store, size_t n)
{
	unsigned kept_size = 0;
	for (unsigned i = 1; i <= KEPT_SIZES; i++)
		if (n == kept_bytes(i))
			kept_size = i;
	struct chunk *c = store_take(store, kept_size);
	if (c == NULL)
		c = malloc(n);
	if (c != NULL)
		c->kept_size = kept_size;
	return c;
}

/* ---- arenas ---- */

struct arena *arena_new_from(struct arena_store *store, size_t budget)
{
	size_t n = budget < FIRST_CHUNK ? budget : FIRST_CHUNK;
	if (n < sizeof(struct arena))
		n = sizeof(struct arena);
	struct chunk *first = chunk_new(store, n);
	if (first == NULL)
		return NULL;
	struct arena *a = (struct arena *)first;
	*a = (struct arena){
		.first.kept_size = first->kept_size,
		.p = (uint8_t *)(a + 1),
		.left = n - sizeof(*a),
		.budget = budget,
		.used = n,
		.step = FIRST_CHUNK,
		.second = true,
		.store = store,
		.taking = store != NULL,
	};
	a->newest = &a->first;
	if (store != NULL)
		atomic_fetch_add(&store->users, 1);
	return a;
}

struct arena *arena_new(size_t budget)
{
	return arena_new_from(NULL, budget);
}

void arena_hand_over(struct arena *a)
{
	a->taking = false;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	struct arena_store *store = a->store;
	for (struct block *b = a->blocks, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	for (struct chunk *c = a->newest; c != &a->first;) {
		struct chunk *older = c->older;
		store_give(store, c);
		c = older;
	}
	store_give(store, &a->first);
	store_leave(store);
}

static bool arena_grow(struct arena *a, size_t n)
{
	size_t room = a->used < a->budget ? a->budget - a->used : 0;
	if (room < sizeof(struct chunk) || n > room - sizeof(struct chunk))
		return false;
	size_t size = n + sizeof(struct chunk);
	if (size < a->step)
		size = a->step < room ? a->step : room;
	struct chunk *c = chunk_new(a->taking ? a->store : NULL, size);
	if (c == NULL)
		return false;
	c->older = a->newest;
	a->newest = c;
	a->p = (uint8_t *)(c + 1);
	a->left = size - sizeof(*c);
	a->used += size;
	if (a->second && a->step < LARGEST_STEP)
		a->step *= 2;
	a->second = !a->second;
	return true;
}

/* Not zeroed. NULL: over budget or out of memory, which are one event. */
static void *arena_take(struct arena *a, size_t n, size_t alignment)
{
	size_t pad = -(uintptr_t)a->p & (alignment - 1);
	if (a->left < pad || n > a->left - pad) {
		if (!arena_grow(a, n))
			return NULL;
		pad = 0;
	}
	void *p = a->p + pad;
	a->p += pad + n;
	a->left -= pad + n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_take(a, n != 0 ? n : 1, ALIGNMENT);
	if (p != NULL)
		memset(p, 0, n);
	return p;
}

bool arena_copy(struct arena *a, struct slice in, struct slice *out)
{
	*out = (struct slice){ NULL, 0 };
	if (in.n == 0)
		return true;
	uint8_t *p = arena_take(a, in.n, 1);
	if (p == NULL)
		return false;
	memcpy(p, in.p, in.n);
	*out = (struct slice){ p, in.n };
	return true;
}

/* ---- arrays ---- */

/* Makes `b` (NULL: none yet) a block for n bytes. NULL: no room, and `b` is what it was. */
static void *block_resize(struct arena *a, struct block *b, size_t n)
{
	if (n > SIZE_MAX - sizeof(*b))
		return NULL;
	size_t before = b != NULL ? b->bytes : 0, bytes = sizeof(*b) + n;
	if (bytes > before && !arena_charge(a, bytes - before))
		return NULL;
	struct block *moved = realloc(b, bytes);
	if (moved == NULL) {
		if (bytes > before)
			arena_discharge(a, bytes - before);
		return NULL;
	}
	if (before == 0)
		*moved = (struct block){ .next = a->blocks, .link = &a->blocks };
	if (bytes < before)
		arena_discharge(a, before - bytes);
	moved->bytes = bytes;
	*moved->link = moved;
	if (moved->next != NULL)
		moved->next->link = &moved->next;
	return moved + 1;
}

static struct block *block_of(const struct arena_array *v)
{
	return v->room > MANY ? (struct block *)v->p - 1 : NULL;
}

static bool array_move(struct arena_array *v, void *p, size_t room, size_t size)
{
	if (p == NULL)
		return false;
	if (v->p != NULL)
		memcpy(p, v->p, v->n * size);
	v->p = p;
	v->room = room;
	return true;
}

/* A small one doubles within the chunks; a large one grows by a quarter, or by what there is room for. */
static bool array_grow(struct arena *a, struct arena_array *v, size_t size)
{
	size_t room = v->room != 0 ? 2 * v->room : FEW;
	if (room <= MANY)
		return array_move(v, arena_take(a, room * size, ALIGNMENT), room, size);
	for (size_t more = v->room / 4; more != 0; more /= 2) {
		struct block *b = block_of(v);
		void *p = block_resize(a, b, (v->room + more) * size);
		if (p == NULL)
			continue;
		if (b == NULL)
			return array_move(v, p, v->room + more, size);
		v->p = p;
		v->room += more;
		return true;
	}
	return false;
}

void *arena_add(struct arena *a, struct arena_array *v, size_t size)
{
	if (v->n == v->room && !array_grow(a, v, size))
		return NULL;
	return (uint8_t *)v->p + v->n++ * size;
}

void arena_fit(struct arena *a, struct arena_array *v, size_t size)
{
	if (block_of(v) == NULL || v->n <= MANY)
		return;
	void *p = block_resize(a, block_of(v), v->n * size);
	if (p != NULL) {
		v->p = p;
		v->room = v->n;
	}
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
