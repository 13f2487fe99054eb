/*
 * round.h - a batch of segments, sorted by shard, that is run as a whole. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_ROUND_H
#define DAVSCOPE_DECODE_ROUND_H

#include "decode/flow.h"

struct round;
struct round *round_new(void);
void round_free(struct round *);
void round_clear(struct round *);
bool round_empty(const struct round *);
/* Copies the segment with its payload. False: no room left, run the round first. */
bool round_add(struct round *, const struct segment *, unsigned shard, int64_t clock);
/* `ahead`: order of the first of the packets before it that were sent by this clock already; 0: none was. */
bool round_tick(struct round *, const struct stamp *, int64_t clock, uint64_t ahead);
/* Runs one shard from where it stopped, until its part of the round is done or it has said more than so many bytes. */
void round_run(struct round *, struct shard *, unsigned number, size_t most);
bool round_step(struct round *, struct shard *, unsigned number); /* one segment; false: it was done */
uint64_t round_last(const struct round *);        /* order of its last packet or tick */
uint64_t round_rank(const struct round *, unsigned number); /* of what the shard runs next; UINT64_MAX: done */
struct output_list *round_output(struct round *);  /* said while the round was filled: of no flow */

#endif
