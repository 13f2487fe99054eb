/*
 * main.c - davscope-play: what `davscope machine play` becomes. It takes the same command line.
 */
#include "cmd/player/player.h"

#include <string.h>

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
	bool plays = options.run == command_machine && options.n_words != 0 &&
	    strcmp(options.words[0], "play") == 0;
	if (!plays)
		warn("davscope-play is a part of davscope: davscope machine play SCENARIO");
	int code = plays ? player_run(&options) : EXIT_USAGE;
	options_free(&options);
	return code;
}
