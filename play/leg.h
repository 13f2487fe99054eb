/*
 * leg.h - one client, one server and the relay between them, in one thread: each gets its turn until the
 * answer is there. Private to play/.
 */
#ifndef DAVSCOPE_PLAY_LEG_H
#define DAVSCOPE_PLAY_LEG_H

#include "play/play.h"
#include "play/text.h"
#include "play/wire.h"

/* What one run shares. */
struct world {
	const struct play_scenario *scenario;
	struct wire wire;
	unsigned cycle, requests, connections;
	bool broken;                   /* *error says why; all calls fail from then on */
	struct error *error;
};
bool world_break(struct world *, const char *format, ...) __attribute__((format(printf, 2, 3))); /* always false */

/* ---- relay.c ---- */
struct relay;
struct relay_plan {                    /* for one request */
	enum play_accident accident;
	bool outer, inner;             /* which of its sides are recorded */
};
struct relay *relay_open(struct world *, uint16_t server_port, const uint8_t host[3]); /* NULL: the world is broken */
uint16_t relay_port(const struct relay *);
void relay_begin(struct relay *, struct relay_plan);
bool relay_step(struct relay *);       /* whether something went on */
enum { RELAY_SOCKETS = 3 };
size_t relay_sockets(const struct relay *, int out[RELAY_SOCKETS]);
void relay_close(struct relay *);
int loopback_listen(uint16_t *port);   /* -1: errno */

/* ---- serve.c ---- */
struct service {
	void (*serve)(void *ctx, const struct message *request, struct message *answer);
	void *ctx;
};
struct host;
struct host *host_open(struct world *, struct service);
uint16_t host_port(const struct host *);
void host_step(struct host *);
void host_close(struct host *);

/* ---- fetch.c ---- */
struct fetcher;
struct fetcher *fetcher_open(struct world *, uint16_t port);
bool fetcher_begin(struct fetcher *, const struct message *request, struct message *answer);
enum fetched { FETCH_RUNS, FETCH_DONE, FETCH_LOST };
enum fetched fetcher_step(struct fetcher *);
void fetcher_wait(struct fetcher *, const int *sockets, size_t n); /* a moment, or until one of them has something */
void fetcher_end(struct fetcher *);
void fetcher_close(struct fetcher *);

/* ---- leg.c ---- */
struct leg;
struct leg *leg_open(struct world *, bool back, struct service);
/* False: no answer came, or the world is broken. */
bool leg_call(struct leg *, const struct message *request, struct message *answer);
bool leg_prepare(struct leg *, const struct message *request, struct message *answer); /* the same without a number */
void leg_close(struct leg *);

#endif
