/*
 * process.c - how each of the three programs begins: what it refuses to be, and what stays its own.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* A file opened in the place of a closed standard stream would get what is meant for the stream. */
static bool streams_are_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
			return false;
	}
	return true;
}

/* A reader that went away and a file that may not grow are told by the writing. */
static void signals_ignore(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
}

bool process_begin(void)
{
	sandbox_private();
	if (getuid() != geteuid() || getgid() != getegid()) {
		warn("must not be installed set-uid or set-gid");
		return false;
	}
	signals_ignore();
	return streams_are_open();
}
