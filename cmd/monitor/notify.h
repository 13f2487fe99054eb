/*
 * notify.h - telling the service manager how it goes: the datagrams of sd_notify(3). Private to cmd/.
 *
 * Opened before the sandbox; afterwards nothing but write() on a connected socket. Without a service
 * manager every call does nothing and is true. False: it was not told, and errno says why; nobody waits.
 */
#ifndef DAVSCOPE_CMD_MONITOR_NOTIFY_H
#define DAVSCOPE_CMD_MONITOR_NOTIFY_H

#include "base/base.h"

struct notify {
	int fd;                        /* -1: nobody wants to know */
	int64_t watchdog_ns;           /* without notify_watchdog() for so long it is killed; 0: it is not */
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: they are not meant for children. */
bool notify_open(struct notify *, struct error *);
bool notify_ready(const struct notify *);
bool notify_reloading(const struct notify *);                    /* notify_ready() ends it */
bool notify_stopping(const struct notify *);
bool notify_watchdog(const struct notify *);
void notify_close(struct notify *);

#endif
