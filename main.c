/*
 * main.c - the process: what it refuses to be, its signals, and the exit code.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The only two things a signal handler may touch. */
static volatile sig_atomic_t stop_signal;
static struct source *volatile running_source;

/* The first signal ends the reading, and what was read is reported; the second ends the process. */
static void on_stop(int signal_number)
{
	if (stop_signal != 0)
		_exit(128 + signal_number);
	stop_signal = signal_number;
	struct source *source = running_source;
	if (source != NULL)
		source_break(source);
}

static void set_running(struct source *source)
{
	running_source = source;
	if (stop_signal != 0 && source != NULL)
		source_break(source);
}

/* Without SA_RESTART, so that a read which waits for a pipe comes back. */
static void signals_install(void)
{
	struct sigaction stop = { .sa_handler = on_stop };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigemptyset(&stop.sa_mask);
	sigemptyset(&ignore.sa_mask);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* A file opened in the place of a closed standard stream would get what is meant for the stream. */
static bool streams_are_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
			return false;
	}
	return true;
}

/* Captures hold secrets: no core file of them, and no more rights than the caller has. */
static bool process_is_fit(void)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	if (getuid() != geteuid() || getgid() != getegid()) {
		warn("must not be installed set-uid or set-gid");
		return false;
	}
	return streams_are_open();
}

int main(int argc, char **argv)
{
	if (!process_is_fit())
		return EXIT_USAGE;
	signals_install();
	struct options options;
	struct error e;
	if (!options_parse(&options, argc, argv, &e)) {
		warn("%s (davscope --help)", e.text);
		return EXIT_USAGE;
	}
	options.running = set_running;
	int code = options.run(&options);
	bool stopped = stop_signal != 0 && !options.follow; /* nothing else ends that */
	options_free(&options);
	return stopped && code != EXIT_OUTPUT && code != EXIT_INTERNAL ? 128 + stop_signal : code;
}
