/*
 * waiting.h - segments that wait for bytes before them, or for bytes of the other direction that their
 * sender had. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_WAITING_H
#define DAVSCOPE_DECODE_WAITING_H

#include "decode/flow.h"

/* Takes the first one off the list; the caller frees it. */
struct waiting *waiting_pop(struct tcp_flow *, struct half *);
/* Files the parts of a segment that nobody has yet. False: no memory; some of it may be filed. */
bool waiting_add(struct tcp_flow *, unsigned dir, const struct segment *);
bool waiting_has_room(const struct tcp_flow *, const struct half *, size_t payload);
/* Says when a segment carries other bytes than one that waits. */
void waiting_compare(struct tcp_flow *, struct half *, struct waiting *, const struct segment *);

/* The first one begins where the stream stands, or before. */
static inline bool waiting_is_next(const struct half *h)
{
	return h->waiting && seq_ahead(h->waiting->seq, h->next) <= 0;
}

/* The first one begins before a place. */
static inline bool waiting_is_before(const struct half *h, uint32_t seq)
{
	return h->waiting && seq_ahead(seq, h->waiting->seq) > 0;
}

#endif
