/*
 * watcherkit.h - a watcher without interfaces, and the keeper's end of its channel.
 */
#ifndef DAVSCOPE_TESTS_WATCHERKIT_H
#define DAVSCOPE_TESTS_WATCHERKIT_H

#include "cmd/monitor/watcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <cmocka.h>

/* Opens channel and outbox of the watcher, whose limits are there. */
static inline struct channel *keeper_of(struct watcher *w)
{
	struct error e;
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	w->channel = channel_new(fds[0], &e);
	struct channel *keeper = channel_new(fds[1], &e);
	w->outbox = outbox_new(w->channel, &w->options.limits, &e);
	assert_non_null(w->outbox);
	assert_non_null(keeper);
	return keeper;
}

static inline void keeper_gone(struct watcher *w, struct channel *keeper)
{
	outbox_free(w->outbox);
	channel_free(w->channel);
	channel_free(keeper);
}

#endif
