/*
 * notify.c - the protocol of sd_notify(3) without its library: a datagram a state, lines NAME=VALUE.
 */
#include "cmd/monitor/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { NS_IN_US = 1000 };

/* A path, or @NAME for a socket without one, whose address ends where the name does. */
static bool address_of(const char *name, struct sockaddr_un *to, socklen_t *n, struct error *e)
{
	size_t length = strlen(name);
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (name[0] != '/' && (name[0] != '@' || length < 2))
		return error_set(e, "NOTIFY_SOCKET: neither a path nor @NAME");
	if (length >= sizeof to->sun_path)
		return error_set(e, "NOTIFY_SOCKET: longer than an address of a socket");
	memcpy(to->sun_path, name, length);
	if (name[0] == '@')
		to->sun_path[0] = '\0';
	*n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '/'));
	return true;
}

static bool socket_open(struct notify *n, const char *name, struct error *e)
{
	struct sockaddr_un to;
	socklen_t length = 0;
	if (!address_of(name, &to, &length, e))
		return false;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd < 0)
		return error_set(e, "NOTIFY_SOCKET: %s", strerror(errno));
	if (connect(n->fd, (const struct sockaddr *)&to, length) == 0)
		return true;
	error_set(e, "NOTIFY_SOCKET: %s", strerror(errno));
	notify_close(n);
	return false;
}

/* Absent or empty: *number stays. */
static bool number_read(const char *name, uint64_t *number)
{
	const char *text = getenv(name);
	return text == NULL || text[0] == '\0' || slice_to_u64(slice_from(text), number);
}

static bool watchdog_read(struct notify *n, struct error *e)
{
	uint64_t us = 0, self = (uint64_t)getpid(), pid = self;
	if (!number_read("WATCHDOG_USEC", &us) || us > INT64_MAX / NS_IN_US)
		return error_set(e, "WATCHDOG_USEC: not a number of microseconds");
	if (!number_read("WATCHDOG_PID", &pid))
		return error_set(e, "WATCHDOG_PID: not a number");
	n->watchdog_ns = pid == self ? (int64_t)us * NS_IN_US : 0;
	return true;
}

bool notify_open(struct notify *n, struct error *e)
{
	*n = (struct notify){ .fd = -1 };
	const char *name = getenv("NOTIFY_SOCKET");
	bool good = name == NULL || name[0] == '\0' ||
	    (watchdog_read(n, e) && socket_open(n, name, e));
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (!good)
		n->watchdog_ns = 0;
	return good;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

/* A datagram is written whole or not at all. */
static bool notify_send(const struct notify *n, const char *text)
{
	ssize_t written;
	if (n->fd < 0)
		return true;
	do
		written = write(n->fd, text, strlen(text));
	while (written < 0 && errno == EINTR);
	return written >= 0;
}

bool notify_ready(const struct notify *n)
{
	return notify_send(n, "READY=1");
}

bool notify_reloading(const struct notify *n)
{
	char text[80];
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_ns() / NS_IN_US);
	return notify_send(n, text);
}

bool notify_stopping(const struct notify *n)
{
	return notify_send(n, "STOPPING=1");
}

bool notify_watchdog(const struct notify *n)
{
	return notify_send(n, "WATCHDOG=1");
}
