/*
 * dir.c - the state directory: made when it is not there, had by one process at a time.
 */
#include "cmd/keeper/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRY_MS = 50, HOLDER_MAX = 32 };

bool dir_path(const char *dir, const char *name, char out[DIR_PATH_MAX], struct error *e)
{
	int n = snprintf(out, DIR_PATH_MAX, "%s/%s", dir, name);
	return (n > 0 && n < DIR_PATH_MAX) || error_set(e, "%.200s: is too long", dir);
}

bool dir_path_real(const char *dir, const char *name, char out[DIR_PATH_MAX], struct error *e)
{
	char *real = realpath(dir, NULL);
	bool good = real != NULL ? dir_path(real, name, out, e) :
				   error_set(e, "%.180s: %s", dir, strerror(errno));
	free(real);
	return good;
}

/* SQLite gives the log beside the file the same mode. */
bool dir_file(const char *dir, struct error *e)
{
	char path[DIR_PATH_MAX];
	if (!dir_path(dir, DB_NAME, path, e))
		return false;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return error_set(e, "%.180s: %s", path, strerror(errno));
	bool good = fchmod(fd, 0600) == 0 || error_set(e, "%.180s: %s", path, strerror(errno));
	close(fd);
	return good;
}

static bool name_at(char *out, size_t room, const char *ending)
{
	char when[32];
	struct timespec now;
	struct tm utc;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || gmtime_r(&now.tv_sec, &utc) == NULL ||
	    strftime(when, sizeof when, "%Y%m%dT%H%M%S", &utc) == 0)
		return false;
	int n = snprintf(out, room, DB_NAME ".damaged-%s.%06ldZ%s", when, now.tv_nsec / 1000,
	    ending);
	return n > 0 && (size_t)n < room;
}

bool dir_set_aside(const char *dir, struct error *e)
{
	static const char *const endings[] = { "-wal", "-shm", "" };
	char name[96], to_name[96], from[DIR_PATH_MAX], to[DIR_PATH_MAX];
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		snprintf(name, sizeof name, DB_NAME "%s", endings[i]);
		if (!name_at(to_name, sizeof to_name, endings[i]))
			return error_set(e, "the time is not known");
		if (!dir_path(dir, name, from, e) || !dir_path(dir, to_name, to, e))
			return false;
		if (rename(from, to) != 0 && (errno != ENOENT || endings[i][0] == '\0'))
			return error_set(e, "%.180s: %s", from, strerror(errno));
	}
	return true;
}

/* ---- the lock ---- */

static bool lock_wait(int fd, int64_t wait_ms)
{
	for (;;) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if ((errno != EWOULDBLOCK && errno != EINTR) || wait_ms <= 0)
			return false;
		struct timespec pause = { .tv_nsec = TRY_MS * 1000000 };
		nanosleep(&pause, NULL);
		wait_ms -= TRY_MS;
	}
}

/* Who has it wrote its number into the file. */
static void holder_read(int fd, char out[HOLDER_MAX])
{
	ssize_t n = pread(fd, out, HOLDER_MAX - 1, 0);
	size_t digits = 0;
	while (n > 0 && digits < (size_t)n && out[digits] >= '0' && out[digits] <= '9')
		digits++;
	out[digits] = '\0';
}

static bool holder_write(int fd)
{
	char text[HOLDER_MAX];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

int dir_lock(const char *dir, int64_t wait_ms, struct error *e)
{
	char path[DIR_PATH_MAX], holder[HOLDER_MAX];
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		error_set(e, "%.180s: %s", dir, strerror(errno));
		return -1;
	}
	if (!dir_path(dir, "davscope.lock", path, e))
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1) {
		error_set(e, "%.180s: %s", path, strerror(errno));
		return -1;
	}
	if (lock_wait(fd, wait_ms)) {
		/* On a full disk nobody learns who has it; it is had all the same. */
		(void)!holder_write(fd);
		return fd;
	}
	holder_read(fd, holder);
	error_set(e, "%.180s: process %s has it", dir, holder[0] != '\0' ? holder : "(unknown)");
	close(fd);
	return -1;
}

void dir_unlock(int lock)
{
	if (lock != -1)
		close(lock);
}
