/*
 * sink_net.c - sockets and pipes whose other side may be slow or gone. Everything waits in poll(2)
 * with the sink's stop beside it, so that no sink holds up the end of the program.
 */
#include "report/sink.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A pipe that poll(2) calls writable takes this much at once (PIPE_BUF), without O_NONBLOCK, too. */
enum { PIECE = 4096 };

uint64_t sink_timeout(const struct sink *s)
{
	return s->config->timeout_ms != 0 ? s->config->timeout_ms : s->limits->sink_timeout_ms;
}

static int poll_time(int64_t until)
{
	enum { LONGEST = 3600000 };
	if (until == FOREVER)
		return FOREVER;
	int64_t left = until - clock_ms();
	return left <= 0 ? 0 : left < LONGEST ? (int)left : LONGEST;
}

bool sink_wait(const struct sink *s, int fd, short events, int64_t timeout_ms)
{
	struct pollfd fds[2] = { { s->stop, POLLIN, 0 }, { fd, events, 0 } };
	int64_t until = timeout_ms == FOREVER ? FOREVER : clock_ms() + timeout_ms;
	for (;;) {
		int n = poll(fds, 2, poll_time(until));
		if (n > 0)
			break;
		if (n < 0 && errno != EINTR)
			return false;
		if (n == 0 && until != FOREVER && clock_ms() >= until) {
			errno = ETIMEDOUT;
			return false;
		}
	}
	if (fds[1].revents != 0)
		return true;
	errno = ECANCELED;
	return false;
}

/*
 * A socket is asked first: poll(2) calls it writable only when three quarters of it are free. Standard
 * output may be a pipe in which write(2) would wait, deaf to the stop; so there poll(2) comes first.
 */
static ssize_t write_some(const struct sink *s, int fd, struct slice part)
{
	ssize_t n = send(fd, part.p, part.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n >= 0 || errno != ENOTSOCK)
		return n;
	return sink_wait(s, fd, POLLOUT, FOREVER) ? write(fd, part.p, part.n) : -1;
}

bool sink_send(const struct sink *s, int fd, struct slice *rest)
{
	while (rest->n != 0) {
		ssize_t n = write_some(s, fd, slice_part(*rest, 0, PIECE));
		if (n >= 0)
			*rest = slice_part(*rest, (size_t)n, SIZE_MAX);
		else if (errno != EAGAIN && errno != EINTR)
			return false;
		else if (!sink_wait(s, fd, POLLOUT, FOREVER))
			return false;
	}
	return true;
}

bool sink_send_one(const struct sink *s, int fd, struct slice datagram)
{
	for (;;) {
		if (send(fd, datagram.p, datagram.n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return true;
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (!sink_wait(s, fd, POLLOUT, FOREVER))
			return false;
	}
}

/* Of unix sockets it counts the memory that these bytes take, which is more: on the safe side. */
static uint64_t bytes_waiting(int fd)
{
	int n = 0;
	return ioctl(fd, SIOCOUTQ, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

/* What it sends is nothing to us; its end is. Who ends without having read all is said to have reset it. */
void stream_check(struct sink *s, int *fd)
{
	uint8_t heard[512];
	ssize_t n;
	do
		n = recv(*fd, heard, sizeof(heard), MSG_DONTWAIT);
	while (n > 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	s->broken |= n < 0 || bytes_waiting(*fd) != 0;
	close(*fd);
	*fd = -1;
}

/* In this order: one that dies in between has its bytes counted as read by nobody. */
uint64_t stream_unread(struct sink *s, int *fd)
{
	if (*fd < 0)
		return s->broken ? s->sent : 0;
	uint64_t n = bytes_waiting(*fd);
	stream_check(s, fd);
	return s->broken || n > s->sent ? s->sent : n;
}

int unix_connect(const char *path, int type, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	if (n >= sizeof(address.sun_path)) {
		error_set(e, "%s: too long for a socket", path);
		return -1;
	}
	memcpy(address.sun_path, path, n + 1);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error_set(e, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool connect_wait(const struct sink *s, int fd, const struct addrinfo *a)
{
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS || !sink_wait(s, fd, POLLOUT, (int64_t)sink_timeout(s)))
		return false;
	int error = 0;
	socklen_t n = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0)
		return true;
	errno = error;
	return false;
}

/* A peer that is gone without a word is noticed after a while, and not after the kernel's quarter of an hour. */
static void stream_watch(int fd)
{
	int on = 1, silence_ms = 30000;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof(silence_ms));
}

static int address_connect(const struct sink *s, const struct addrinfo *a)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    a->ai_protocol);
	if (fd < 0)
		return -1;
	if (a->ai_socktype == SOCK_STREAM)
		stream_watch(fd);
	if (connect_wait(s, fd, a))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int host_connect(const struct sink *s, int type, struct error *e)
{
	const char *host = s->config->host, *port = s->config->port;
	struct addrinfo wish = { .ai_family = AF_UNSPEC, .ai_socktype = type }, *all = NULL;
	int fault = getaddrinfo(host, port, &wish, &all);
	if (fault != 0) {
		error_set(e, "%s port %s: %s", host, port, gai_strerror(fault));
		return -1;
	}
	int fd = -1;
	errno = EADDRNOTAVAIL;
	for (const struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next)
		fd = address_connect(s, a);
	if (fd < 0)
		error_set(e, "%s port %s: %s", host, port, strerror(errno));
	freeaddrinfo(all);
	return fd;
}
