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
bool round_tick(struct round *, const struct stamp *, int64_t clock);
void round_run(const struct round *, struct shard *, unsigned number);
struct output_list *round_output(struct round *);  /* said while the round was filled: net anomalies */

#endif
