/*
 * machine_play.c - `davscope machine play`: becomes davscope-play, which lies beside this program.
 */
#include "cmd/machine.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int machine_play(const struct options *o)
{
	static const char name[] = "davscope-play";
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	if (n == (ssize_t)sizeof path) /* cut off */
		n = 0;
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n <= 0 || (size_t)n > sizeof path - sizeof name) {
		warn("machine play: where this program lies is not known");
		return EXIT_INTERNAL;
	}
	memcpy(path + n, name, sizeof name);
	execv(path, o->argv);
	warn("machine play: %s: %s", path, strerror(errno));
	return EXIT_INTERNAL;
}
