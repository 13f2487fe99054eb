/*
 * wire.h - virtual time, and the capture of what goes over it: connections between addresses of their
 * own, as TCP packets. Private to play/.
 */
#ifndef DAVSCOPE_PLAY_WIRE_H
#define DAVSCOPE_PLAY_WIRE_H

#include "base/base.h"

struct wire {
	void *file;                    /* FILE; NULL: nothing is written */
	char *path;
	struct whole whole;            /* where the file goes */
	int64_t us;                    /* since 1970, virtual */
	int error;                     /* of the first write that failed; 0: none */
	uint16_t packets;              /* numbers them: IP identification */
};
bool wire_open(struct wire *, const char *path, struct error *); /* path NULL: only time */
bool wire_close(struct wire *, bool keep, struct error *); /* keep: the file is wanted */
void wire_cycle(struct wire *, unsigned cycle);        /* goes to the time when it begins */
void wire_wait(struct wire *, int64_t us);

enum { HOP_CLIENT, HOP_SERVER };
struct hop {                           /* one connection */
	struct wire *wire;             /* NULL: it is not recorded */
	uint8_t host[2];               /* of 192.0.2.0/24 */
	uint16_t port[2];
	uint32_t next[2];              /* sequence number of each one's next byte */
};
/* By number, so that each has a port and sequence numbers of its own. */
void hop_open(struct hop *, struct wire *, const uint8_t host[2], unsigned number);
void hop_send(struct hop *, unsigned from, const void *p, size_t n);
void hop_close(struct hop *, unsigned first);          /* who closes first */

#endif
