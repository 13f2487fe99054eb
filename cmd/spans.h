/*
 * spans.h - which bytes of the streams of open flows are wanted. Private to cmd/.
 */
#ifndef DAVSCOPE_CMD_SPANS_H
#define DAVSCOPE_CMD_SPANS_H

#include "decode/decode.h"

struct spans;
struct spans *spans_new(const struct limits *);          /* NULL: out of memory */
bool spans_add(struct spans *, const struct txn *);      /* both of its messages; false: out of memory */
/* The spans of a flow that is over; NULL: nothing of it is wanted. The caller frees them. */
struct flow_spans *spans_take(struct spans *, const struct flow_id *);
bool flow_spans_want(const struct flow_spans *, const struct packet_ref *);  /* it has bytes of one */
void flow_spans_free(struct flow_spans *);               /* NULL is fine */
void spans_free(struct spans *);                         /* NULL is fine */

#endif
