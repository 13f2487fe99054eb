/*
 * exporter.h - the HTTP server that answers /metrics and /healthz. Private to cmd/keeper/.
 *
 * It has no thread: the keeper polls its descriptor and lets it run.
 */
#ifndef DAVSCOPE_CMD_KEEPER_EXPORTER_H
#define DAVSCOPE_CMD_KEEPER_EXPORTER_H

#include "base/base.h"

struct exporter_answers {
	char *(*text)(void *ctx, size_t *n);           /* malloc()ed; NULL: out of memory */
	bool (*healthy)(void *ctx, struct error *why); /* false: *why */
	void *ctx;
};
struct exporter;
/* ADDRESS:PORT[/PATH]; :PORT and localhost are 127.0.0.1, [...] is IPv6; port 0: any. */
struct exporter *exporter_open(const char *address, struct exporter_answers, struct error *);
int exporter_fd(const struct exporter *);
unsigned exporter_port(const struct exporter *);
void exporter_run(struct exporter *);                            /* never waits */
void exporter_close(struct exporter *);                          /* NULL is fine */

#endif
