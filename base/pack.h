/*
 * pack.h - records as bytes, and what is remembered over a restart. Part of base.h.
 */
#ifndef DAVSCOPE_BASE_PACK_H
#define DAVSCOPE_BASE_PACK_H

#include "base/base.h"

/*
 * ---- pack: a record as bytes, by one function for both ways ----
 * Numbers as LEB128 (signed ones zigzag), bytes with their length in front. A record grows at its
 * end only: what an older one lacks reads as 0 and as no bytes, what a newer one has more is skipped.
 */
struct pack { uint8_t *p; size_t n, room; bool reading, bad; };  /* bad: no room; or no such record */
struct pack pack_to(uint8_t *room, size_t n);
struct pack pack_from(struct slice);
void pack_u64(struct pack *, uint64_t *);
void pack_i64(struct pack *, int64_t *);
void pack_raw(struct pack *, void *, size_t n);                  /* n bytes as they are, for texts of fixed room */
void pack_slice(struct pack *, struct slice *);                  /* reading: points into what is read */
/* Of any integer or bit-field, signed ones as they convert to uint64_t and back. */
#define PACK(pack, lvalue) do { uint64_t v_ = (uint64_t)(lvalue); pack_u64((pack), &v_); \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wconversion\"") (lvalue) = v_; \
	_Pragma("GCC diagnostic pop") } while (0)
void pack_stamp(struct pack *, struct stamp *);
size_t pack_done(const struct pack *);                           /* bytes written, or read */
/* A thing as bytes, for which there is room. */
struct slice pack_form(uint8_t *room, size_t n, void (*form)(struct pack *, void *), void *thing);

/* ---- what is remembered over a restart: a record of one thing, kept by who keeps the state ---- */
enum state_part {
#define STATE(code, name, text) STATE_##code,
#include "state.def"
#undef STATE
	STATE_PARTS
};
extern const char *const state_words[];                          /* names by part, NULL at the end */
struct state_record {
	enum state_part part;
	uint64_t key[2];           /* names it within its part */
	int64_t used_ns;           /* capture time of its last use: the oldest leave first */
	struct slice label;        /* for people: UTF-8, vis-escaped, one line */
	struct slice body;         /* by pack; empty: the thing is forgotten */
};
/* False: the body does not read. */
bool record_form(const struct state_record *, void (*form)(struct pack *, void *), void *thing);
/* False: no room now. The same is offered again by the next call. */
struct state_sink { bool (*put)(void *ctx, const struct state_record *); void *ctx; };

#endif
