/*
 * history.h - the last bytes delivered of a stream, so that a retransmission that says something
 * else is noticed. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_HISTORY_H
#define DAVSCOPE_DECODE_HISTORY_H

#include "base/base.h"

struct history;
struct history *history_new(void);
size_t history_size(void);                       /* bytes one costs */
void history_add(struct history *, uint32_t seq, struct slice bytes, const struct stamp *at);
/* True when bytes at seq differ from what is remembered of that place; *first gets who came first. */
bool history_differs(const struct history *, uint32_t seq, struct slice bytes, struct stamp *first);
void history_free(struct history *);

#endif
