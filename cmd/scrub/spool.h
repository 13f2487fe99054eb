/*
 * spool.h - what the first pass leaves to the second, in files without a name. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_SPOOL_H
#define DAVSCOPE_SCRUB_SPOOL_H

#include "base/base.h"

/* The streams as they will be. What was not written is zero. */
struct spool;
struct spool *spool_new(const char *beside, uint64_t index_bytes, struct error *);
void spool_free(struct spool *);                         /* NULL is fine */
uint32_t spool_stream(struct spool *);                   /* another one; 0: no room, and writing to it is nothing */
void spool_write(struct spool *, uint32_t stream, uint64_t offset, struct slice bytes);
void spool_read(struct spool *, uint32_t stream, uint64_t offset, uint8_t *p, size_t n);
bool spool_good(const struct spool *, struct error *);   /* false: a file could not be written or read */

/* Which bytes of which stream a packet has: one spot for each frame that has any. */
struct spot { uint64_t offset; uint32_t stream, n; };
struct journal;
struct journal *journal_new(const char *beside, struct error *);
void journal_free(struct journal *);                     /* NULL is fine */
void journal_put(struct journal *, uint64_t frame, const struct spot *);
bool journal_get(struct journal *, uint64_t frame, struct spot *);       /* quick in order; false: it has none */
bool journal_good(const struct journal *, struct error *);

#endif
