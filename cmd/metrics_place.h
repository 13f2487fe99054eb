/*
 * metrics_place.h - where metrics are served: ADDRESS:PORT[/PATH]. Private to cmd/.
 */
#ifndef DAVSCOPE_CMD_METRICS_PLACE_H
#define DAVSCOPE_CMD_METRICS_PLACE_H

#include "base/base.h"

#include <netinet/in.h>

struct metrics_place {
	union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } at;
	uint16_t port;                 /* 0: any, which tests ask for */
	char path[128];                /* "/metrics" where none is given */
};
/* An IPv6 address has brackets; of names only localhost is one. */
bool metrics_place_read(struct slice, struct metrics_place *);

#endif
