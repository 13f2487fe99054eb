/*
 * metrics.h - the HTTP server that answers /metrics and /healthz. Private to cmd/keeper/.
 *
 * It has no thread: the keeper polls its descriptor and lets it run.
 */
#ifndef DAVSCOPE_CMD_KEEPER_METRICS_H
#define DAVSCOPE_CMD_KEEPER_METRICS_H

#include "base/base.h"

struct metrics_answers {
	char *(*text)(void *ctx, size_t *n);           /* malloc()ed; NULL: out of memory */
	bool (*healthy)(void *ctx, struct error *why); /* false: *why */
	void *ctx;
};
struct metrics;
/* ADDRESS:PORT[/PATH]; :PORT and localhost are 127.0.0.1, [...] is IPv6; port 0: any. */
struct metrics *metrics_open(const char *address, struct metrics_answers, struct error *);
int metrics_fd(const struct metrics *);
unsigned metrics_port(const struct metrics *);
void metrics_run(struct metrics *);                            /* never waits */
void metrics_close(struct metrics *);                          /* NULL is fine */

#endif
