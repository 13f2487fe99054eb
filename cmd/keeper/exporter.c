/*
 * exporter.c - GET and HEAD of the metrics and of /healthz, by libmicrohttpd.
 *
 * A few connections at a time, small ones, that are cut when they are slow: whoever scrapes is not
 * trusted with the keeper's time.
 */
#include "cmd/keeper/exporter.h"

#include "cmd/metrics_place.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 16, CONNECTIONS_IP = 8, TIMEOUT_S = 10, CONNECTION_BYTES = 16384 };

struct exporter {
	struct MHD_Daemon *daemon;
	struct exporter_answers answers;
	struct metrics_place at;
};

/* ---- answers ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *text,
    size_t n, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(n, text,
	    MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	enum MHD_Result good = MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
		good = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return good;
}

static enum MHD_Result answer_line(struct MHD_Connection *connection, unsigned status,
    const char *line)
{
	size_t n = strlen(line) + 1;
	char *text = malloc(n + 1);
	if (text == NULL)
		return MHD_NO;
	snprintf(text, n + 1, "%s\n", line);
	return answer(connection, status, text, n, "text/plain; charset=utf-8");
}

static enum MHD_Result answer_metrics(struct exporter *m, struct MHD_Connection *connection)
{
	size_t n = 0;
	char *text = m->answers.text(m->answers.ctx, &n);
	if (text == NULL)
		return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	return answer(connection, MHD_HTTP_OK, text, n, "text/plain; version=0.0.4; charset=utf-8");
}

static enum MHD_Result answer_health(struct exporter *m, struct MHD_Connection *connection)
{
	struct error why;
	if (m->answers.healthy(m->answers.ctx, &why))
		return answer_line(connection, MHD_HTTP_OK, "ok");
	return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, why.text);
}

/* Called first without an answer being due: a body, which nobody needs, may follow the head. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *body, size_t *body_n, void **seen)
{
	struct exporter *m = ctx;
	(void)version;
	(void)body;
	if (*seen == NULL) {
		*seen = m;
		return MHD_YES;
	}
	if (*body_n != 0) {
		*body_n = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD");
	if (strcmp(url, m->at.path) == 0)
		return answer_metrics(m, connection);
	if (strcmp(url, "/healthz") == 0)
		return answer_health(m, connection);
	return answer_line(connection, MHD_HTTP_NOT_FOUND, "not found");
}

/* ---- the server ---- */

/* What libmicrohttpd has to say of the peers' mistakes is no concern of ours. */
static void be_quiet(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	(void)format;
	(void)args;
}

static struct MHD_Daemon *daemon_start(struct exporter *m)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG;
	if (m->at.at.any.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, m, MHD_OPTION_EXTERNAL_LOGGER,
	    be_quiet, NULL, MHD_OPTION_SOCK_ADDR, &m->at.at.any, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_IP,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_BYTES, MHD_OPTION_END);
}

struct exporter *exporter_open(const char *address, struct exporter_answers answers,
    struct error *e)
{
	struct exporter *m = calloc(1, sizeof *m);
	if (m == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	m->answers = answers;
	if (!metrics_place_read(slice_from(address), &m->at)) {
		error_set(e, "--metrics: '%.80s' is no ADDRESS:PORT[/PATH]", address);
	} else {
		m->daemon = daemon_start(m);
		if (m->daemon != NULL)
			return m;
		error_set(e, "--metrics: %.80s cannot be listened on: %s", address,
		    strerror(errno));
	}
	free(m);
	return NULL;
}

int exporter_fd(const struct exporter *m)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info != NULL ? info->epoll_fd : -1;
}

unsigned exporter_port(const struct exporter *m)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(m->daemon,
	    MHD_DAEMON_INFO_BIND_PORT);
	return info != NULL ? info->port : 0;
}

void exporter_run(struct exporter *m)
{
	MHD_run(m->daemon);
}

void exporter_close(struct exporter *m)
{
	if (m == NULL)
		return;
	MHD_stop_daemon(m->daemon);
	free(m);
}
