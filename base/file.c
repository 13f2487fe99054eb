/*
 * file.c - files that people write: opened and read whole.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not blocking: the writer of a FIFO may never come. */
int path_open(const char *path, struct stat *st, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, st) == 0)
		return fd;
	error_set(error, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

bool read_whole(int fd, uint8_t *out, size_t most, size_t *n)
{
	for (*n = 0; *n <= most;) {
		ssize_t got = read(fd, out + *n, most + 1 - *n);
		if (got == 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (got > 0)
			*n += (size_t)got;
	}
	return true;
}
