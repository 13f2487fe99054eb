/*
 * sink_file.c - JSON lines at the end of a file: one write(2) a line, and never a part of a line. A short
 * write is taken back; what a crash left behind the last line end is cut off when the file is opened.
 *
 * The file is made with mode 0600, whatever the umask leaves of it; one that is there keeps its mode.
 */
#include "report/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LOOK_BACK = 4096 };

struct file {
	int fd;
};

static bool file_start(struct sink *s, struct error *e)
{
	if (s->config->path == NULL)
		return error_set(e, "%s: no path", s->config->name);
	struct file *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return error_set(e, "%s: out of memory", s->config->name);
	f->fd = -1;
	s->own = f;
	return true;
}

static bool file_says(const struct sink *s, struct error *e)
{
	return error_set(e, "%s: %s", s->config->path, strerror(errno));
}

/* Where the last line that has an end ends; -1: it cannot be read. */
static off_t whole_lines(int fd, off_t size)
{
	uint8_t block[LOOK_BACK];
	while (size > 0) {
		size_t n = size < LOOK_BACK ? (size_t)size : LOOK_BACK;
		if (pread(fd, block, n, size - (off_t)n) != (ssize_t)n)
			return -1;
		for (; n != 0; n--, size--)
			if (block[n - 1] == '\n')
				return size;
	}
	return 0;
}

/* A line that is none of ours gets an end instead: somebody meant to keep it. */
static bool last_line_mend(int fd, off_t size)
{
	off_t whole = whole_lines(fd, size);
	uint8_t first = 0;
	if (whole == size)
		return true;
	if (whole < 0 || pread(fd, &first, 1, whole) != 1)
		return false;
	if (first == '{')
		return ftruncate(fd, whole) == 0;
	return write(fd, "\n", 1) == 1;
}

static bool file_take(const struct sink *s, int fd, struct error *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return file_says(s, e);
	if (!S_ISREG(st.st_mode))
		return error_set(e, "%s: is no regular file", s->config->path);
	/* Two that take back each other's short writes would destroy lines. No locks there: no check. */
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return error_set(e, "%s: another one writes to it", s->config->path);
	return last_line_mend(fd, st.st_size) || file_says(s, e);
}

static void file_close(struct sink *s)
{
	struct file *f = s->own;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* One that was deleted under us is as good as closed. */
static bool is_open(const struct file *f)
{
	struct stat st;
	return f->fd >= 0 && fstat(f->fd, &st) == 0 && st.st_nlink != 0;
}

static bool file_open(struct sink *s, struct error *e)
{
	struct file *f = s->own;
	if (is_open(f))
		return true;
	file_close(s);
	/* Not waiting for the reader of what turns out to be a pipe. */
	int fd = open(s->config->path,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd < 0)
		return file_says(s, e);
	if (!file_take(s, fd, e)) {
		close(fd);
		return false;
	}
	f->fd = fd;
	return true;
}

/* When it cannot be cut here, it is when it is opened again. */
static void file_cut(struct sink *s, off_t at)
{
	struct file *f = s->own;
	if (ftruncate(f->fd, at) != 0)
		file_close(s);
}

static enum sink_answer file_put(struct sink *s, const struct record *r, struct error *e)
{
	struct file *f = s->own;
	struct stat st;
	struct iovec parts[2] = { { (void *)(uintptr_t)r->json.p, r->json.n },
		{ (void *)(uintptr_t) "\n", 1 } };
	if (fstat(f->fd, &st) != 0) {
		file_says(s, e);
		return SINK_LATER;
	}
	ssize_t n = writev(f->fd, parts, 2);
	if (n == (ssize_t)(r->json.n + 1))
		return SINK_TAKEN;
	if (n >= 0)
		errno = ENOSPC;
	file_says(s, e);
	if (n > 0)
		file_cut(s, st.st_size);
	return SINK_LATER;
}

static bool file_flush(struct sink *s, struct error *e)
{
	struct file *f = s->own;
	return f->fd < 0 || fdatasync(f->fd) == 0 || file_says(s, e);
}

static void file_free(struct sink *s)
{
	if (s->own != NULL)
		file_close(s);
	free(s->own);
}

const struct sink_ops sink_FILE = {
	.reopens = true,
	.start = file_start,
	.open = file_open,
	.put = file_put,
	.flush = file_flush,
	.close = file_close,
	.free = file_free,
};
