/*
 * guard.c - a small process that starts the keeper, and starts it again when it did not end well. It
 * holds the keeper's end of the channel, so that nothing is lost in between, and ends with the watcher.
 */
#include "cmd/monitor/guard.h"

#include "cmd/monitor/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CHANNEL = 3,
	FIRST_PAUSE_MS = 200,
	LONGEST_PAUSE_MS = 10000,
	CALM_MS = 60000,
	KEEPER_CANNOT_BEGIN = 127
};

/* ---- in the guard's process ---- */

/*
 * The terminal and the service manager send signals to all processes, and the watcher alone knows when
 * it is time. The keeper's programs shall not inherit what the watcher has blocked.
 */
static void signals_reset(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, usual = { .sa_handler = SIG_DFL };
	sigset_t none;
	sigemptyset(&ignore.sa_mask);
	sigemptyset(&usual.sa_mask);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		sigaction(ignored[i], &ignore, NULL);
	sigaction(SIGCHLD, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard output and error stay: sinks and messages go there. Captures and sockets do not. */
static bool descriptors_reset(int channel)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1)
		return false;
	if (channel != CHANNEL && dup2(channel, CHANNEL) == -1)
		return false;
	return fcntl(CHANNEL, F_SETFD, 0) == 0 && close_range(CHANNEL + 1, ~0u, 0) == 0;
}

static bool rights_give_up(const struct guard *g, struct error *e)
{
	/* The watcher becomes the same user, and says what is in the way of that. */
	if (g->user != NULL && !sandbox_user(g->user, e))
		_exit(EXIT_FAILURE);
	const struct sandbox sandbox = { .mode = g->sandbox, .role = SANDBOX_GUARD };
	return sandbox_confine(&sandbox, e) && sandbox_seal(&sandbox, e);
}

/* Waits for so long; true: the watcher is gone. */
static bool watcher_is_gone(int wait_ms)
{
	struct pollfd fd = { .fd = CHANNEL, .events = POLLRDHUP };
	int n = poll(&fd, 1, wait_ms);
	return n == 1 && (fd.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

static _Noreturn void keeper_become(const struct guard *g)
{
	execv(g->program, g->argv);
	warn("%s: %s", g->program, strerror(errno));
	_exit(KEEPER_CANNOT_BEGIN);
}

/* The status it ended with; -1: it could not be started. */
static int keeper_watch(const struct guard *g)
{
	pid_t pid = fork();
	if (pid == 0)
		keeper_become(g);
	int status = -1;
	while (pid > 0 && waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return status;
}

static void tell(int status)
{
	if (status != -1 && WIFSIGNALED(status))
		warn("davscope-keeper was ended by signal %d; starting it again", WTERMSIG(status));
	else
		warn("davscope-keeper ended with code %d; starting it again",
		    status == -1 ? -1 : WEXITSTATUS(status));
}

static void guard_loop(const struct guard *g)
{
	int pause_ms = FIRST_PAUSE_MS;
	for (;;) {
		int64_t begun = clock_ms();
		int status = keeper_watch(g);
		if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return;
		if (watcher_is_gone(0))
			return;
		if (clock_ms() - begun > CALM_MS)
			pause_ms = FIRST_PAUSE_MS;
		/* A watcher that does not want this keeper ends first. */
		if (watcher_is_gone(pause_ms))
			return;
		tell(status);
		pause_ms = pause_ms < LONGEST_PAUSE_MS / 2 ? 2 * pause_ms : LONGEST_PAUSE_MS;
	}
}

static _Noreturn void guard_run(const struct guard *g, int channel)
{
	struct error e = { "" };
	char number[] = { '0' + CHANNEL, '\0' };
	signals_reset();
	if (!descriptors_reset(channel) || setenv(KEEPER_CHANNEL, number, 1) != 0)
		error_set(&e, "davscope-keeper: %s", strerror(errno));
	else if (rights_give_up(g, &e))
		guard_loop(g);
	if (e.text[0] != '\0')
		warn("%s", e.text);
	_exit(e.text[0] != '\0');
}

/* ---- in the watcher's ---- */

bool guard_begin(const struct guard *g, int *fd, struct error *e)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return error_set(e, "davscope-keeper: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		guard_run(g, ends[1]);
	}
	close(ends[1]);
	if (pid > 0) {
		*fd = ends[0];
		return true;
	}
	error_set(e, "davscope-keeper: %s", strerror(errno));
	close(ends[0]);
	return false;
}

bool guard_start(const struct options *o, int *fd, struct error *e)
{
	char path[PATH_MAX];
	if (!path_beside("davscope-keeper", path, sizeof path, e))
		return false;
	if (access(path, X_OK) != 0)
		return error_set(e, "%.200s: %s", path, strerror(errno));
	const struct guard g = { path, o->argv, o->user, o->sandbox };
	return guard_begin(&g, fd, e);
}
