/*
 * tcp.h - reassembly of one flow. Private to decode/.
 *
 * First arrival wins; a gap stays a gap; FIN and RST are advice, later data is still delivered.
 */
#ifndef DAVSCOPE_DECODE_TCP_H
#define DAVSCOPE_DECODE_TCP_H

#include "decode/flow.h"

void tcp_segment(struct tcp_flow *, unsigned dir, const struct segment *, const struct stream_ops *);
/* Time has passed: holes that are old enough become gaps. */
void tcp_tick(struct tcp_flow *, const struct stream_ops *);
/* The flow is over: what still waits is delivered, with gaps where bytes are missing. */
void tcp_flush(struct tcp_flow *, const struct stream_ops *);
void tcp_forget(struct tcp_flow *);              /* gives back the memory of both directions */

/* Bytes of a segment differ from those that came first. */
void flow_conflict(struct tcp_flow *, unsigned dir, const struct stamp *at, const struct stamp *first,
    uint32_t seq, uint32_t bytes);
/* Says something about a flow at the packet being processed. */
void flow_anomaly(struct tcp_flow *, enum anomaly_code, const struct stamp *at, const struct stamp *other,
    uint64_t value);

#endif
