/*
 * relay.c - a TCP relay in front of a server: it carries one exchange at a time, makes its accident and
 * records both of its sides.
 */
#include "play/leg.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_US = 5000 };

enum stage { ACCEPTING, REQUEST, FORWARDING, ANSWER, RETURNING, IDLE };

struct relay {
	struct world *world;
	uint16_t port, server_port;
	uint8_t host[3]; /* client, relay, server */
	int listening, client, server;
	enum stage stage;
	struct relay_plan plan;
	bool again; /* the request goes to the server once more */
	struct text request, answer;
	size_t sent;
	struct hop outer, inner;
};

/* ---- sockets ---- */

/* A port that only connections of the last minute remember may be used again. */
static int loopback_bind(int fd, struct sockaddr_in *at)
{
	const int yes = 1;
	socklen_t n = sizeof *at;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (struct sockaddr *)at, n) != 0 || listen(fd, 8) != 0)
		return -1;
	return getsockname(fd, (struct sockaddr *)at, &n);
}

static struct sockaddr_in loopback_at(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

int loopback_listen(uint16_t *port)
{
	struct sockaddr_in at = loopback_at(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && loopback_bind(fd, &at) == 0) {
		*port = ntohs(at.sin_port);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* On loopback a server that listens takes it at once. */
static int loopback_connect(uint16_t port)
{
	struct sockaddr_in at = loopback_at(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void socket_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Reads what is there. *end: the other side has closed. False: nothing is there. */
static bool socket_read(int fd, struct text *into, bool *end)
{
	char piece[4096];
	ssize_t n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
	*end = n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
	if (n > 0)
		text_bytes(into, piece, (size_t)n);
	return n > 0 || *end;
}

/* *sent moves on; false: nothing could be sent now. */
static bool socket_write(int fd, const struct text *from, size_t *sent)
{
	ssize_t n = send(fd, from->p + *sent, from->n - *sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	*sent = n < 0 ? from->n : *sent + (size_t)n;
	return true;
}

/* ---- one exchange ---- */

static bool request_is_whole(const struct text *t)
{
	struct slice rest = text_whole(t), head, number;
	uint64_t length = 0;
	if (!text_between(&rest, "", "\r\n\r\n", &head))
		return false;
	if (text_between(&head, "\r\nContent-Length: ", "\r\n", &number))
		slice_to_u64(number, &length);
	return rest.n >= length;
}

static void hop_begin(struct relay *r, struct hop *hop, bool recorded, unsigned side)
{
	struct world *w = r->world;
	hop_open(hop, recorded ? &w->wire : NULL, r->host + side, w->connections++);
}

static void end_outer(struct relay *r)
{
	hop_close(&r->outer, HOP_SERVER);
	socket_close(&r->client);
	r->stage = IDLE;
}

static void forward(struct relay *r)
{
	r->server = loopback_connect(r->server_port);
	if (r->server < 0) {
		world_break(r->world, "the relay has no way to its server: %s", strerror(errno));
		r->stage = IDLE;
		return;
	}
	hop_begin(r, &r->inner, r->plan.inner, 1);
	hop_send(&r->inner, HOP_CLIENT, r->request.p, r->request.n);
	text_clear(&r->answer);
	r->sent = 0;
	r->stage = FORWARDING;
}

static bool step_accepting(struct relay *r)
{
	r->client = accept4(r->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (r->client < 0)
		return false;
	hop_begin(r, &r->outer, r->plan.outer, 0);
	text_clear(&r->request);
	r->stage = REQUEST;
	return true;
}

static bool step_request(struct relay *r)
{
	bool end = false, moved = socket_read(r->client, &r->request, &end);
	if (end || r->request.cut) {
		world_break(r->world, "a request does not come to its end");
		end_outer(r);
	} else if (request_is_whole(&r->request)) {
		hop_send(&r->outer, HOP_CLIENT, r->request.p, r->request.n);
		if (r->plan.accident == PLAY_REQUEST_LOST)
			end_outer(r);
		else
			forward(r);
	}
	return moved;
}

static bool step_forwarding(struct relay *r)
{
	bool moved = socket_write(r->server, &r->request, &r->sent);
	if (r->sent == r->request.n)
		r->stage = ANSWER;
	return moved;
}

/* The server closes behind its answer. */
static bool step_answer(struct relay *r)
{
	bool end = false, moved = socket_read(r->server, &r->answer, &end);
	if (!end)
		return moved;
	wire_wait(&r->world->wire, SERVER_US);
	hop_send(&r->inner, HOP_SERVER, r->answer.p, r->answer.n);
	hop_close(&r->inner, HOP_SERVER);
	socket_close(&r->server);
	r->sent = 0;
	if (r->again) {
		r->again = false;
		forward(r);
	} else if (r->plan.accident == PLAY_ANSWER_LOST) {
		end_outer(r);
	} else {
		hop_send(&r->outer, HOP_SERVER, r->answer.p, r->answer.n);
		r->stage = RETURNING;
	}
	return true;
}

static bool step_returning(struct relay *r)
{
	bool moved = socket_write(r->client, &r->answer, &r->sent);
	if (r->sent == r->answer.n)
		end_outer(r);
	return moved;
}

bool relay_step(struct relay *r)
{
	static bool (*const steps[])(struct relay *) = {
		[ACCEPTING] = step_accepting,
		[REQUEST] = step_request,
		[FORWARDING] = step_forwarding,
		[ANSWER] = step_answer,
		[RETURNING] = step_returning,
	};
	return r->stage != IDLE && steps[r->stage](r);
}

void relay_begin(struct relay *r, struct relay_plan plan)
{
	r->plan = plan;
	r->again = plan.accident == PLAY_REPLAYED;
	r->stage = ACCEPTING;
}

size_t relay_sockets(const struct relay *r, int out[RELAY_SOCKETS])
{
	const int all[RELAY_SOCKETS] = { r->listening, r->client, r->server };
	size_t n = 0;
	for (size_t i = 0; i < RELAY_SOCKETS; i++)
		if (all[i] >= 0)
			out[n++] = all[i];
	return n;
}

/* ---- a relay ---- */

uint16_t relay_port(const struct relay *r)
{
	return r->port;
}

struct relay *relay_open(struct world *w, uint16_t server_port, const uint8_t host[3])
{
	struct relay *r = calloc(1, sizeof *r);
	if (r == NULL) {
		world_break(w, "out of memory");
		return NULL;
	}
	*r = (struct relay){ .world = w, .server_port = server_port, .client = -1, .server = -1 };
	memcpy(r->host, host, sizeof r->host);
	r->stage = IDLE;
	r->listening = loopback_listen(&r->port);
	if (r->listening >= 0)
		return r;
	world_break(w, "no socket for the relay: %s", strerror(errno));
	free(r);
	return NULL;
}

void relay_close(struct relay *r)
{
	if (r == NULL)
		return;
	socket_close(&r->listening);
	socket_close(&r->client);
	socket_close(&r->server);
	free(r);
}
