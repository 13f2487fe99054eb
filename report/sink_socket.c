/*
 * sink_socket.c - a unix socket of somebody who reads JSON: lines in a stream, or one object a datagram.
 *
 * A finding in a stream is taken when the reader has read it; of other records it had not read when it died
 * nothing is known. A datagram is taken when it lies in the reader's queue.
 */
#include "report/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct local {
	int fd;
	struct line line;
};

static bool socket_start(struct sink *s, struct error *e)
{
	if (s->config->path == NULL)
		return error_set(e, "%s: no path", s->config->name);
	struct local *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return error_set(e, "%s: out of memory", s->config->name);
	l->fd = -1;
	s->own = l;
	return true;
}

static void socket_close(struct sink *s)
{
	struct local *l = s->own;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Into a stream that the reader has closed the first write would still go, and be lost. */
static bool socket_open(struct sink *s, struct error *e)
{
	struct local *l = s->own;
	if (l->fd >= 0 && !s->config->datagram)
		stream_check(s, &l->fd);
	if (l->fd < 0)
		l->fd = unix_connect(s->config->path,
		    s->config->datagram ? SOCK_DGRAM : SOCK_STREAM, e);
	return l->fd >= 0;
}

static enum sink_answer socket_put(struct sink *s, const struct record *r, struct error *e)
{
	struct local *l = s->own;
	l->line.n = 0;
	line_bytes(&l->line, r->json.p, r->json.n);
	if (!s->config->datagram)
		line_words(&l->line, "\n");
	if (!line_ready(&l->line, e))
		return SINK_LATER;
	struct slice all = { l->line.p, l->line.n };
	if (s->config->datagram ? sink_send_one(s, l->fd, all) : sink_send(s, l->fd, &all)) {
		s->sent += s->config->datagram ? 0 : l->line.n;
		return SINK_TAKEN;
	}
	bool too_long = s->config->datagram && errno == EMSGSIZE;
	error_set(e, "%s: %s", s->config->path, strerror(errno));
	/* Of a line that went out in part the reader must see the end, before it comes again. */
	socket_close(s);
	s->broken = !s->config->datagram;
	return too_long ? SINK_REFUSED : SINK_LATER;
}

static uint64_t socket_unread(struct sink *s)
{
	struct local *l = s->own;
	return s->config->datagram ? 0 : stream_unread(s, &l->fd);
}

static void socket_free(struct sink *s)
{
	struct local *l = s->own;
	if (l == NULL)
		return;
	socket_close(s);
	line_free(&l->line);
	free(l);
}

const struct sink_ops sink_SOCKET = {
	.start = socket_start,
	.open = socket_open,
	.put = socket_put,
	.unread = socket_unread,
	.close = socket_close,
	.free = socket_free,
};
