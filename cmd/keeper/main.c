/*
 * main.c - davscope-keeper: what outlives `davscope monitor`, and what goes out to others. It takes the
 * same command line, and the descriptor of the watcher from its environment.
 */
#include "cmd/keeper/keeper.h"
#include "cmd/message.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

/* The terminal's ^C and the service manager reach all processes: this one ends when the watcher has. */
static void signals_ignore(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigemptyset(&ignore.sa_mask);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		sigaction(ignored[i], &ignore, NULL);
}

static int run(const struct options *o)
{
	const char *channel = getenv(KEEPER_CHANNEL);
	uint64_t fd = 0;
	if (o->run == command_state)
		return keeper_state(o);
	if (o->run == command_monitor && channel != NULL &&
	    slice_to_u64(slice_from(channel), &fd) && fd <= INT32_MAX &&
	    fcntl((int)fd, F_GETFD) != -1) {
		unsetenv(KEEPER_CHANNEL);
		signals_ignore();
		return keeper_run(o, (int)fd);
	}
	warn("davscope-keeper is a part of davscope monitor");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct options options;
	struct error e;
	if (!process_begin())
		return EXIT_USAGE;
	if (!options_parse(&options, argc, argv, &e)) {
		warn("%s (davscope --help)", e.text);
		return EXIT_USAGE;
	}
	int code = run(&options);
	options_free(&options);
	return code;
}
