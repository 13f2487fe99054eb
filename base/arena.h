/*
 * arena.h - memory that dies together, within a byte budget; a part of base.h.
 */
#ifndef DAVSCOPE_BASE_ARENA_H
#define DAVSCOPE_BASE_ARENA_H

#include "base/base.h"

struct arena;
struct arena *arena_new(size_t budget);                          /* NULL when out of memory */
/*
 * A store of chunks that arenas give back when they are freed, on whatever thread: one that makes many which
 * another one frees would wait for it in malloc. Of what comes back `most` bytes are kept. One thread at a time takes.
 */
struct arena_store;
struct arena_store *arena_store_new(size_t most);                /* NULL when out of memory */
void arena_store_free(struct arena_store *);                     /* arenas may outlive it; NULL is fine */
struct arena *arena_new_from(struct arena_store *, size_t budget); /* NULL: as arena_new() */
void arena_hand_over(struct arena *a);                           /* to another thread: it takes no more from the store */
void arena_free(struct arena *a);                                /* NULL is fine */
void *arena_alloc(struct arena *a, size_t n);                    /* zeroed, 16-aligned; NULL over budget or out of memory */
bool arena_copy(struct arena *a, struct slice in, struct slice *out); /* at any address; false, *out empty: no room */
/* An array whose elements move when it grows; {0}: none. Those of an array that is large cost what they take, no more. */
struct arena_array { void *p; size_t n, room; };
void *arena_add(struct arena *a, struct arena_array *, size_t size); /* the place of one more element, not zeroed; NULL: no room */
void arena_fit(struct arena *a, struct arena_array *, size_t size);  /* no more elements come: what it has no use for is given back */
void arena_limit(struct arena *a, size_t budget);                 /* a new budget; what was given stays */
bool arena_charge(struct arena *a, size_t n);                    /* memory from elsewhere counts as well; false: over budget, not counted */
void arena_discharge(struct arena *a, size_t n);
size_t arena_used(const struct arena *a);                        /* bytes taken from the system, and charged */

/* ---- one large page, where the system has such: not zeroed, for free(); NULL when out of memory ---- */
enum { LARGE_BYTES = 2 << 20 };
void *large_alloc(void);

#endif
