/*
 * dirkit.h - directories that tests make.
 */
#ifndef DAVSCOPE_TESTS_DIRKIT_H
#define DAVSCOPE_TESTS_DIRKIT_H

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/* With the files in it; not 0: it is still there. */
static inline int directory_remove(const char *path)
{
	DIR *d = opendir(path);
	for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;)
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		closedir(d);
	return rmdir(path);
}

#endif
