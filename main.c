/*
 * main.c - the process: its signals, and the exit code.
 */
#include "cmd/cmd.h"

#include <signal.h>
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
	sigemptyset(&stop.sa_mask);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
}

int main(int argc, char **argv)
{
	if (!process_begin())
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
