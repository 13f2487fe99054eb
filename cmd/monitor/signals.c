/*
 * signals.c - signals of a monitor: they are blocked, and read between packets.
 */
#include "cmd/monitor/watcher.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The first one ends the reading, and what was read is reported; the second ends the process. */
static void stop(struct watcher *w)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigemptyset(&standard.sa_mask);
	sigaction(SIGINT, &standard, NULL);
	sigaction(SIGTERM, &standard, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	w->stopping = true;
}

static void rotate(struct watcher *w)
{
	struct error e;
	if (!ring_rotate(w->ring, &e))
		warn("%s", e.text);
}

static void obey(struct watcher *w, uint32_t number)
{
	switch (number) {
	case SIGHUP:
		reload_begin(w);
		break;
	case SIGUSR1:
		records_stats(w);
		loop_counters(w);
		break;
	case SIGUSR2:
		rotate(w);
		break;
	default:
		stop(w);
		break;
	}
}

void signals_take(struct watcher *w)
{
	struct signalfd_siginfo info;
	while (read(w->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		obey(w, info.ssi_signo);
}
