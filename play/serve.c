/*
 * serve.c - an HTTP server on loopback by libmicrohttpd, without a thread of its own: it works when it is
 * stepped.
 */
#include "play/leg.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT_S = 20 };

struct host {
	struct world *world;
	struct service service;
	uint16_t port;
	struct MHD_Daemon *daemon;
	struct message answer;
};

/* ---- what it hears ---- */

static enum MHD_Result keep_header(void *ctx, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	message_put(ctx, name, "%s", value != NULL ? value : "");
	return MHD_YES;
}

static struct message *visit_new(struct MHD_Connection *connection, const char *target,
    const char *method)
{
	struct message *visit = malloc(sizeof *visit);
	if (visit == NULL)
		return NULL;
	message_request(visit, method, target);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_header, visit);
	return visit;
}

static enum MHD_Result reply(struct MHD_Connection *connection, struct message *answer)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(answer->body.n, answer->body.p,
	    MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	for (size_t i = 0; i < answer->n_headers; i++)
		MHD_add_response_header(r, answer->headers[i].name, answer->headers[i].value);
	enum MHD_Result done = MHD_queue_response(connection, answer->status, r);
	MHD_destroy_response(r);
	return done;
}

/* Called with the head, with pieces of the body, and when all is there. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *target,
    const char *method, const char *version, const char *data, size_t *n, void **visit)
{
	struct host *h = ctx;
	(void)version;
	if (*visit == NULL) {
		*visit = visit_new(connection, target, method);
		return *visit != NULL ? MHD_YES : MHD_NO;
	}
	struct message *request = *visit;
	if (*n != 0) {
		text_bytes(&request->body, data, *n);
		*n = 0;
		return MHD_YES;
	}
	h->service.serve(h->service.ctx, request, &h->answer);
	if (request->body.cut || h->answer.body.cut)
		world_break(h->world, "a message is too long");
	return reply(connection, &h->answer);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **visit,
    enum MHD_RequestTerminationCode how)
{
	(void)ctx, (void)connection, (void)how;
	free(*visit);
	*visit = NULL;
}

/* ---- a server ---- */

struct host *host_open(struct world *w, struct service service)
{
	struct host *h = calloc(1, sizeof *h);
	int fd = h != NULL ? loopback_listen(&h->port) : -1;
	if (fd >= 0) {
		h->world = w;
		h->service = service;
		h->daemon = MHD_start_daemon(MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL,
		    on_request, h, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
		    on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
		    MHD_OPTION_END);
	}
	if (h != NULL && h->daemon != NULL)
		return h;
	world_break(w, "no server on loopback: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	free(h);
	return NULL;
}

uint16_t host_port(const struct host *h)
{
	return h->port;
}

void host_step(struct host *h)
{
	MHD_run(h->daemon);
}

void host_close(struct host *h)
{
	if (h == NULL)
		return;
	MHD_stop_daemon(h->daemon);
	free(h);
}
