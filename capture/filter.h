/* filter.h - pcap-filter(7) expressions over packets of any link type. */
#ifndef DAVSCOPE_CAPTURE_FILTER_H
#define DAVSCOPE_CAPTURE_FILTER_H

#include "capture/capture.h"

struct filter;

/* NULL with libpcap's words when no usual link type takes the expression. Borrows the text. */
struct filter *filter_new(const char *text, struct error *e);
void filter_free(struct filter *f); /* NULL is fine */
/* A packet of a link type that does not take the expression is not wanted. */
bool filter_wants(struct filter *f, const struct packet *p);

#endif
