/*
 * workers.h - the threads that run the shards of a round. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_WORKERS_H
#define DAVSCOPE_DECODE_WORKERS_H

#include "base/base.h"

/* Runs one shard of one round; called for every shard, each time by one thread only. */
typedef void shard_job(void *round, unsigned shard);

struct workers;
struct workers *workers_new(unsigned threads, unsigned shards, shard_job *, struct error *);
void workers_start(struct workers *, void *round); /* the round before must have been waited for */
void workers_wait(struct workers *);             /* takes part in the work; returns when the round is done */
void workers_free(struct workers *);             /* NULL is fine */

#endif
