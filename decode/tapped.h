/*
 * tapped.h - segments, told to who listens at the tap. Nobody listens: nothing happens. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_TAPPED_H
#define DAVSCOPE_DECODE_TAPPED_H

#include "decode/flow.h"

/* After the segment was read, so that its place in the stream is known. */
void tapped_segment(struct tcp_flow *, unsigned dir, const struct segment *, enum checksum);
void tapped_damage(const struct shard *, const struct segment *);
void tapped_close(struct tcp_flow *);

#endif
