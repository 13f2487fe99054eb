/*
 * rights.c - what a command over captures gives up before it reads the first packet: --sandbox.
 */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Where a file has its name, or gets it. A pipe or a device is open already, and keeps its own. */
static char *directory_of(const char *output)
{
	struct stat st;
	if (strcmp(output, "-") == 0 || (stat(output, &st) == 0 && !S_ISREG(st.st_mode)))
		return NULL;
	const char *slash = strrchr(output, '/');
	return slash == NULL ? strdup(".") : strndup(output, (size_t)(slash - output) + 1);
}

/* The zone of --local-time is a file that would be read late. */
bool rights_confine(const struct options *o, const char *output, struct error *e)
{
	char *directory = output != NULL ? directory_of(output) : NULL;
	const char *const writes[] = { directory, NULL };
	char *row = o->follow ? directory_of(o->inputs[0]) : NULL;
	const char *const reads[] = { row, NULL };
	const struct sandbox s = {
		.mode = o->sandbox,
		.role = SANDBOX_READER,
		.reads = reads,
		.writes = writes,
	};
	tzset();
	bool good = sandbox_confine(&s, e);
	free(directory);
	free(row);
	return good;
}

bool rights_seal(const struct options *o, struct error *e)
{
	const struct sandbox s = { .mode = o->sandbox, .role = SANDBOX_READER };
	return sandbox_seal(&s, e);
}
