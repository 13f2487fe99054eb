/*
 * message.c - messages between watcher and keeper as datagrams of a socketpair, and their bodies.
 *
 * A part is HEAD bytes (kind, flags, number in little endian), then up to MESSAGE_PART of the body.
 * A part that begins a message ends whatever was begun before it: its sender is gone.
 */
#include "cmd/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 10, FIRST = 1, LAST = 2 };

struct channel {
	int fd;
	/* What channel_send() has begun: the rest of a body, of which `sent` bytes are out. */
	uint8_t *rest;
	size_t rest_n, sent;
	struct channel_message sending;
	/* What channel_receive() has so far of a message of several parts. */
	uint8_t *body;
	size_t n, room;
	bool within;
	struct channel_message reading;
	uint8_t part[HEAD + MESSAGE_PART];
};

struct channel *channel_new(int fd, struct error *e)
{
	struct channel *c = calloc(1, sizeof *c);
	int flags = fcntl(fd, F_GETFL);
	if (c == NULL || flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		error_set(e, "channel: %s", c == NULL ? "out of memory" : strerror(errno));
		free(c);
		close(fd);
		return NULL;
	}
	c->fd = fd;
	return c;
}

int channel_fd(const struct channel *c)
{
	return c->fd;
}

void channel_free(struct channel *c)
{
	if (c == NULL)
		return;
	close(c->fd);
	free(c->rest);
	free(c->body);
	free(c);
}

/* ---- sending ---- */

static void head_write(uint8_t head[HEAD], const struct channel_message *m, unsigned flags)
{
	head[0] = (uint8_t)m->kind;
	head[1] = (uint8_t)flags;
	for (unsigned i = 0; i < sizeof m->number; i++)
		head[2 + i] = (uint8_t)(m->number >> (8 * i));
}

/* The part of a body that begins at `from`. */
static bool part_send(struct channel *c, const struct channel_message *m, size_t from)
{
	struct slice part = slice_part(m->body, from, MESSAGE_PART);
	uint8_t head[HEAD];
	head_write(head, m,
	    (from == 0 ? FIRST : 0) | (from + part.n == m->body.n ? (unsigned)LAST : 0));
	struct iovec pieces[] = {
		{ head, sizeof head },
		{ (void *)(uintptr_t)part.p, part.n },
	};
	struct msghdr datagram = { .msg_iov = pieces, .msg_iovlen = part.n != 0 ? 2 : 1 };
	for (;;) {
		if (sendmsg(c->fd, &datagram, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EINTR)
			continue;
		errno = errno == EWOULDBLOCK || errno == ENOBUFS ? EAGAIN : errno;
		errno = errno == ECONNRESET || errno == ENOTCONN ? EPIPE : errno;
		return false;
	}
}

static void sending_end(struct channel *c)
{
	free(c->rest);
	c->rest = NULL;
	c->rest_n = c->sent = 0;
}

bool channel_flush(struct channel *c)
{
	if (c->rest == NULL)
		return true;
	struct channel_message m = c->sending;
	m.body = (struct slice){ c->rest, c->rest_n };
	while (c->sent < m.body.n) {
		if (!part_send(c, &m, c->sent)) {
			if (errno != EAGAIN)
				sending_end(c);
			return false;
		}
		c->sent += slice_part(m.body, c->sent, MESSAGE_PART).n;
	}
	sending_end(c);
	return true;
}

/* Behind its first part a message has to become whole: the rest is kept before that part goes out. */
static bool long_send(struct channel *c, const struct channel_message *m)
{
	uint8_t *copy = malloc(m->body.n);
	if (copy == NULL) {
		errno = EAGAIN;
		return false;
	}
	if (!part_send(c, m, 0)) {
		int why = errno;
		free(copy);
		errno = why;
		return false;
	}
	memcpy(copy, m->body.p, m->body.n);
	c->rest = copy;
	c->rest_n = m->body.n;
	c->sent = MESSAGE_PART;
	c->sending = *m;
	return channel_flush(c) || errno == EAGAIN;
}

bool channel_send(struct channel *c, const struct channel_message *m)
{
	if (m->body.n > MESSAGE_MAX) {
		errno = EMSGSIZE;
		return false;
	}
	if (!channel_flush(c))
		return false;
	return m->body.n > MESSAGE_PART ? long_send(c, m) : part_send(c, m, 0);
}

/* ---- receiving ---- */

static bool is_known(unsigned kind)
{
	return (kind >= MESSAGE_HELLO && kind <= MESSAGE_CHECKED) ||
	    (kind >= MESSAGE_RECALL && kind <= MESSAGE_AGAIN);
}

static int nonsense(struct channel *c, struct error *e, const char *what)
{
	c->within = false;
	error_set(e, "the other process says what cannot be read: %s", what);
	errno = EBADMSG;
	return -1;
}

/* The end reads like an empty datagram. */
static int nothing_read(struct channel *c, struct error *e)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };
	if (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR)) == 0)
		return nonsense(c, e, "an empty part");
	if (p.revents == 0)
		return nonsense(c, e, "an empty part");
	error_set(e, "the other process is gone");
	errno = EPIPE;
	return -1;
}

static bool body_room(struct channel *c, size_t n)
{
	if (n <= c->room)
		return true;
	size_t room = c->room != 0 ? c->room : MESSAGE_PART;
	while (room < n)
		room *= 2;
	uint8_t *p = realloc(c->body, room);
	if (p == NULL)
		return false;
	c->body = p;
	c->room = room;
	return true;
}

/* 1: it is whole; 0: there is more to come, or it belongs to nothing. */
static int part_take(struct channel *c, struct slice part, unsigned flags,
    const struct channel_message *m, struct error *e)
{
	if ((flags & FIRST) != 0) {
		c->within = true;
		c->n = 0;
		c->reading = *m;
	} else if (!c->within) {
		return 0;
	} else if (m->kind != c->reading.kind || m->number != c->reading.number) {
		return nonsense(c, e, "a part of another message");
	}
	if (part.n > MESSAGE_MAX - c->n)
		return nonsense(c, e, "a message that is too long");
	if (!body_room(c, c->n + part.n))
		return nonsense(c, e, "a message that memory has no room for");
	if (part.n != 0)
		memcpy(c->body + c->n, part.p, part.n);
	c->n += part.n;
	if ((flags & LAST) == 0)
		return 0;
	c->within = false;
	return 1;
}

static int part_read(struct channel *c, size_t n, struct channel_message *out, struct error *e)
{
	struct cursor in = cursor_from((struct slice){ c->part, n });
	unsigned kind = cursor_u8(&in), flags = cursor_u8(&in);
	uint64_t number = cursor_le64(&in);
	if (in.bad)
		return nonsense(c, e, "a part without a head");
	if (!is_known(kind))
		return nonsense(c, e, "a kind of message that is not known");
	if ((flags & ~(unsigned)(FIRST | LAST)) != 0)
		return nonsense(c, e, "a flag that is not known");
	struct slice part = cursor_rest(&in);
	/* A part that is neither the last one nor full makes no progress worth waiting for. */
	if ((flags & LAST) == 0 && part.n != MESSAGE_PART)
		return nonsense(c, e, "a part that is too short");
	*out = (struct channel_message){ .kind = (enum message_kind)kind, .number = number };
	if (flags == (FIRST | LAST)) {
		c->within = false;
		out->body = part;
		return 1;
	}
	int whole = part_take(c, part, flags, out, e);
	out->body = (struct slice){ c->body, c->n };
	return whole;
}

int channel_receive(struct channel *c, struct channel_message *out, struct error *e)
{
	for (;;) {
		ssize_t n = recv(c->fd, c->part, sizeof c->part, MSG_DONTWAIT | MSG_TRUNC);
		if (n == 0)
			return nothing_read(c, e);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0) {
			error_set(e, "channel: %s", strerror(errno));
			errno = EPIPE;
			return -1;
		}
		if ((size_t)n > sizeof c->part)
			return nonsense(c, e, "a part that is too long");
		int whole = part_read(c, (size_t)n, out, e);
		if (whole != 0)
			return whole;
	}
}

/* ---- bodies ---- */

static void record_pack(struct pack *k, struct record *r)
{
	PACK(k, r->kind);
	pack_u64(k, &r->number);
	pack_i64(k, &r->ns);
	PACK(k, r->severity);
	PACK(k, r->outcome);
	pack_u64(k, &r->id);
	pack_u64(k, &r->update);
	pack_slice(k, &r->rule);
	pack_slice(k, &r->title);
	pack_slice(k, &r->message);
	pack_slice(k, &r->keys);
	pack_slice(k, &r->json);
}

bool record_write(const struct record *record, uint8_t *out, size_t room, size_t *n)
{
	struct record r = *record;
	struct pack k = pack_to(out, room);
	record_pack(&k, &r);
	*n = pack_done(&k);
	return !k.bad;
}

/* A line of JSON stays one line, and moves no terminal that it is read on; only findings are numbered. */
bool record_read(struct slice body, struct record *r)
{
	*r = (struct record){ 0 };
	struct pack k = pack_from(body);
	record_pack(&k, r);
	return !k.bad && (unsigned)r->kind < EVENT_KINDS && (unsigned)r->severity < SEVERITIES &&
	    (unsigned)r->outcome <= INCONCLUSIVE_UNKNOWN && r->json.n != 0 &&
	    vis_is_plain(r->json) && (r->kind == EVENT_FINDING) == (r->number != 0) &&
	    r->number <= INT64_MAX;
}

static void state_pack(struct pack *k, struct state_record *r)
{
	PACK(k, r->part);
	pack_u64(k, &r->key[0]);
	pack_u64(k, &r->key[1]);
	pack_i64(k, &r->used_ns);
	pack_slice(k, &r->label);
	pack_slice(k, &r->body);
}

bool state_write(const struct state_record *record, uint8_t *out, size_t room, size_t *n)
{
	struct state_record r = *record;
	struct pack k = pack_to(out, room);
	state_pack(&k, &r);
	*n = pack_done(&k);
	return !k.bad;
}

/* No bytes at all are no record, though each field could be missing. */
bool state_read(struct slice body, struct state_record *r)
{
	*r = (struct state_record){ 0 };
	struct pack k = pack_from(body);
	state_pack(&k, r);
	return !k.bad && body.n != 0 && (unsigned)r->part < STATE_PARTS;
}
