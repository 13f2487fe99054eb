/*
 * directories.c - lists of directories that stay within reach when rights are given up, and giving them up.
 */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LISTED_MAX = 1000 };

char **directories_new(struct error *e)
{
	char **list = calloc(LISTED_MAX + 1, sizeof(*list));
	if (list == NULL)
		error_set(e, "out of memory");
	return list;
}

static char *directory_of(const char *path)
{
	struct stat st;
	const char *slash = strrchr(path, '/');
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return strdup(path);
	if (slash == NULL)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool directories_add(char **list, const char *path, struct error *e)
{
	size_t n = 0;
	while (list[n] != NULL)
		n++;
	if (n == LISTED_MAX)
		return error_set(e, "more than %d paths", LISTED_MAX);
	list[n] = directory_of(path);
	return list[n] != NULL || error_set(e, "out of memory");
}

void directories_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

char **directories_or_none(char **list, bool good)
{
	if (good)
		return list;
	directories_free(list);
	return NULL;
}

bool rights_narrow(struct sandbox *s, char **reads, char **writes, struct error *e)
{
	s->reads = (const char *const *)reads;
	s->writes = (const char *const *)writes;
	bool good = reads != NULL && writes != NULL && sandbox_confine(s, e);
	directories_free(reads);
	directories_free(writes);
	s->reads = s->writes = NULL;
	return good;
}

void rights_lack(const char *what)
{
	warn("sandbox: %s", what);
}
