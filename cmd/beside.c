/*
 * beside.c - the programs that lie beside this one: davscope-play and davscope-keeper.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

bool path_beside(const char *name, char *out, size_t room, struct error *e)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	if (n == (ssize_t)sizeof path) /* cut off */
		n = 0;
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n <= 0 || (size_t)n + strlen(name) >= room)
		return error_set(e, "where this program lies is not known");
	memcpy(out, path, (size_t)n);
	memcpy(out + n, name, strlen(name) + 1);
	return true;
}

int become_beside(const char *name, const struct options *o)
{
	char path[PATH_MAX];
	struct error e;
	if (path_beside(name, path, sizeof path, &e)) {
		execv(path, o->argv);
		error_set(&e, "%.200s: %s", path, strerror(errno));
	}
	warn("%s", e.text);
	return EXIT_INTERNAL;
}
