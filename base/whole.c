/*
 * whole.c - a temporary file in the directory of the name it gets when it is whole. Everything but the
 * opening of that directory goes by its descriptor, so a directory that is moved meanwhile takes it along.
 */
#include "base/base.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TRIES = 100,
	STEM_MAX = 200, /* of the name, so that what is added fits into 255 */
	PART_MAX = 256
};
static const char ending[] = ".part";

static bool says(const char *path, struct error *e)
{
	return error_set(e, "%.180s: %s", path, strerror(errno));
}

/* ---- what an earlier run left ---- */

static const char *digits_end(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

/* STEM.PID-N.part */
static bool is_part_of(const char *entry, const char *stem, size_t n)
{
	if (strncmp(entry, stem, n) != 0 || entry[n] != '.')
		return false;
	const char *pid = entry + n + 1, *dash = digits_end(pid);
	if (dash == pid || *dash != '-')
		return false;
	const char *end = digits_end(dash + 1);
	return end != dash + 1 && strcmp(end, ending) == 0;
}

/* Who writes one has it locked. Where there are no locks nobody can tell: it stays. */
static void part_remove(int directory, const char *part)
{
	struct stat st;
	int fd = openat(directory, part, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(directory, part, 0);
	close(fd);
}

/* In a directory that cannot be read nothing is found. */
static void parts_remove(int directory, const char *stem)
{
	size_t n = strnlen(stem, STEM_MAX);
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
	if (all == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(all)) != NULL;)
		if (is_part_of(entry->d_name, stem, n))
			part_remove(directory, entry->d_name);
	closedir(all);
}

/* ---- opening ---- */

static bool is_replaceable(const struct whole *w, const char *path, struct error *e)
{
	struct stat st;
	if (fstatat(w->directory, w->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || says(path, e);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return says(path, e);
	}
	return S_ISREG(st.st_mode) ||
	    error_set(e, "%.180s: is there and is not a regular file", path);
}

/* Another run that cleans up may have been faster than the lock: then the file has no name. */
static int part_make(int directory, const char *part)
{
	struct stat st;
	int fd = openat(directory, part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
	if (ours && fstat(fd, &st) == 0 && st.st_nlink != 0 && fchmod(fd, 0600) == 0)
		return fd;
	close(fd);
	errno = EEXIST;
	return -1;
}

static bool part_open(struct whole *w)
{
	w->part = malloc(PART_MAX);
	if (w->part == NULL)
		return false;
	for (unsigned i = 0; i < TRIES; i++) {
		snprintf(w->part, PART_MAX, "%.*s.%ld-%u%s", STEM_MAX, w->name, (long)getpid(), i,
		    ending);
		w->fd = part_make(w->directory, w->part);
		if (w->fd >= 0 || errno != EEXIST)
			break;
	}
	return w->fd >= 0;
}

/* One that may not be read can be written to all the same; its names cannot be brought to the disk. */
static int directory_open(const char *path, size_t n)
{
	char *directory = n == 0 ? strdup(".") : strndup(path, n);
	int fd = -1;
	if (directory != NULL)
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory != NULL && fd < 0 && errno == EACCES)
		fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	return fd;
}

static void whole_close(struct whole *w)
{
	int saved = errno;
	if (w->fd >= 0)
		close(w->fd);
	if (w->directory >= 0)
		close(w->directory);
	free(w->name);
	free(w->part);
	*w = (struct whole){ .fd = -1, .directory = -1 };
	errno = saved;
}

static bool place_find(struct whole *w, const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	*w = (struct whole){ .fd = -1 };
	w->directory = directory_open(path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
	w->name = strdup(slash == NULL ? path : slash + 1);
	if (w->directory < 0 || w->name == NULL)
		return says(path, e);
	if (w->name[0] == '\0') {
		errno = EISDIR;
		return says(path, e);
	}
	parts_remove(w->directory, w->name);
	return true;
}

bool whole_open(struct whole *w, const char *path, struct error *e)
{
	if (place_find(w, path, e) && is_replaceable(w, path, e) && (part_open(w) || says(path, e)))
		return true;
	whole_close(w);
	return false;
}

int whole_scratch(const char *path, struct error *e)
{
	struct whole w;
	int fd = -1;
	if (place_find(&w, path, e) && (part_open(&w) || says(path, e))) {
		(void)unlinkat(w.directory, w.part, 0);
		fd = w.fd;
		w.fd = -1;
	}
	whole_close(&w);
	return fd;
}

/* ---- the end ---- */

void whole_discard(struct whole *w)
{
	int saved = errno;
	if (w->part != NULL)
		(void)unlinkat(w->directory, w->part, 0);
	errno = saved;
	whole_close(w);
}

/* Some file systems cannot bring a directory to the disk; the file has its name already. */
bool whole_commit(struct whole *w)
{
	if (fsync(w->fd) != 0 || renameat(w->directory, w->part, w->directory, w->name) != 0) {
		whole_discard(w);
		return false;
	}
	(void)fsync(w->directory);
	whole_close(w);
	return true;
}
