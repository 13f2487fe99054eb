/*
 * suspect.h - segments with a wrong checksum, of senders that are known to send right ones. Private to decode/.
 *
 * They are held back until their receiver tells: what was damaged on its way is sent again and never
 * acknowledged before that. What is acknowledged and did not come again will have been sound, as cards that put
 * segments together leave the checksum of the first one; or the capture lacks what came again. It is read in doubt.
 */
#ifndef DAVSCOPE_DECODE_SUSPECT_H
#define DAVSCOPE_DECODE_SUSPECT_H

#include "decode/checksum.h"
#include "decode/flow.h"

/*
 * A wrong checksum, of a sender that is known to send right ones; `half` NULL: of no flow that is known, then most of the
 * shard's are right. Each segment is asked for once.
 */
bool suspect_is(struct shard *, const struct half *, const struct segment *, enum checksum);

/* Takes a copy of the segment; without memory it is dropped, and said. When as many are held as may be, all are read. */
void suspect_add(struct tcp_flow *, unsigned dir, const struct segment *, const struct stream_ops *);
/* Before a segment is read: what it acknowledges of the other direction is read first. */
void suspect_acked(struct tcp_flow *, unsigned dir, const struct segment *, const struct stream_ops *);
/* Behind it: what came again meanwhile was damaged. */
void suspect_settle(struct tcp_flow *, unsigned dir, const struct stamp *again);
/* The flow is over. What is held is read if it was acknowledged before it came, or nobody could: of one direction alone. */
void suspect_flush(struct tcp_flow *, const struct stream_ops *);

#endif
