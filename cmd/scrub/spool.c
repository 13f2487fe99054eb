/*
 * spool.c - scratch files: unlinked before anything is in them, so that nothing is left behind, and sparse, so
 * that holes cost nothing. A stream has a block of the file for each block of its own it wrote to.
 */
#include "cmd/scrub/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 16384, FIRST_STREAMS = 64, FIRST_BLOCKS = 1, RECORDS = 2048 };

/* ---- a file without a name ---- */

/* Beside a pipe or a device nothing is kept. */
static bool is_stream(const char *path)
{
	struct stat st;
	return strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static int scratch_open(const char *beside, struct error *e)
{
	enum { ROOM = 4096 };
	char path[ROOM];
	const char *tmp = getenv("TMPDIR");
	if (!is_stream(beside))
		return whole_scratch(beside, e);
	int n = snprintf(path, sizeof path, "%s/davscope", tmp != NULL ? tmp : "/tmp");
	if (n > 0 && n < ROOM)
		return whole_scratch(path, e);
	error_set(e, "TMPDIR: its name is too long");
	return -1;
}

/* *error gets the first one. */
static void write_all(int fd, int *error, const uint8_t *p, size_t n, off_t at)
{
	while (n != 0 && *error == 0) {
		ssize_t put = pwrite(fd, p, n, at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			*error = put < 0 ? errno : EIO;
			return;
		}
		p += put;
		n -= (size_t)put;
		at += put;
	}
}

/* What is behind the end of the file stays as it is. */
static void read_all(int fd, int *error, uint8_t *p, size_t n, off_t at)
{
	while (n != 0) {
		ssize_t got = pread(fd, p, n, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			*error = errno;
		if (got <= 0)
			return;
		p += got;
		n -= (size_t)got;
		at += got;
	}
}

/* ---- streams ---- */

struct blocks {
	uint32_t *numbers; /* of blocks in the file, from 1 on; 0: nothing was written there */
	uint32_t n;
};

struct spool {
	int fd;
	int error; /* the first one; 0: none */
	uint64_t index_left;
	uint32_t n_blocks;
	struct blocks *streams;
	uint32_t n_streams, room;
};

struct spool *spool_new(const char *beside, uint64_t index_bytes, struct error *e)
{
	struct spool *s = calloc(1, sizeof *s);
	if (s == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	s->index_left = index_bytes;
	s->fd = scratch_open(beside, e);
	if (s->fd >= 0)
		return s;
	free(s);
	return NULL;
}

void spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->n_streams; i++)
		free(s->streams[i].numbers);
	free(s->streams);
	close(s->fd);
	free(s);
}

static bool index_take(struct spool *s, uint64_t bytes)
{
	if (bytes > s->index_left)
		return false;
	s->index_left -= bytes;
	return true;
}

uint32_t spool_stream(struct spool *s)
{
	if (s->n_streams == s->room) {
		uint32_t room = s->room == 0 ? FIRST_STREAMS : 2 * s->room;
		if (room < s->room || !index_take(s, (room - s->room) * sizeof *s->streams))
			return 0;
		struct blocks *grown = realloc(s->streams, room * sizeof *grown);
		if (grown == NULL)
			return 0;
		s->streams = grown;
		s->room = room;
	}
	s->streams[s->n_streams++] = (struct blocks){ NULL, 0 };
	return s->n_streams;
}

static bool blocks_grow(struct spool *s, struct blocks *b, uint64_t block)
{
	uint64_t n = b->n == 0 ? FIRST_BLOCKS : b->n;
	while (n <= block)
		n *= 2;
	if (n > UINT32_MAX || !index_take(s, (n - b->n) * sizeof *b->numbers))
		return false;
	uint32_t *grown = realloc(b->numbers, n * sizeof *grown);
	if (grown == NULL)
		return false;
	memset(grown + b->n, 0, (n - b->n) * sizeof *grown);
	b->numbers = grown;
	b->n = (uint32_t)n;
	return true;
}

/* Where a place of a stream lies in the file; -1: there is no room for it. */
static off_t block_at(struct spool *s, uint32_t stream, uint64_t offset)
{
	if (stream == 0)
		return -1;
	struct blocks *b = &s->streams[stream - 1];
	uint64_t block = offset / BLOCK;
	if (block >= b->n && !blocks_grow(s, b, block))
		return -1;
	if (b->numbers[block] == 0 && s->n_blocks == UINT32_MAX)
		return -1;
	if (b->numbers[block] == 0)
		b->numbers[block] = ++s->n_blocks;
	return (off_t)(b->numbers[block] - 1) * BLOCK + (off_t)(offset % BLOCK);
}

static size_t within_block(uint64_t offset, size_t n)
{
	size_t room = BLOCK - (size_t)(offset % BLOCK);
	return n < room ? n : room;
}

void spool_write(struct spool *s, uint32_t stream, uint64_t offset, struct slice bytes)
{
	while (bytes.n != 0) {
		size_t n = within_block(offset, bytes.n);
		off_t at = block_at(s, stream, offset);
		if (at >= 0)
			write_all(s->fd, &s->error, bytes.p, n, at);
		bytes = slice_part(bytes, n, bytes.n);
		offset += n;
	}
}

static void read_block(struct spool *s, const struct blocks *b, uint64_t offset, uint8_t *p,
    size_t n)
{
	uint64_t block = offset / BLOCK;
	if (block >= b->n || b->numbers[block] == 0)
		return;
	off_t at = (off_t)(b->numbers[block] - 1) * BLOCK + (off_t)(offset % BLOCK);
	read_all(s->fd, &s->error, p, n, at);
}

void spool_read(struct spool *s, uint32_t stream, uint64_t offset, uint8_t *p, size_t n)
{
	memset(p, 0, n);
	while (n != 0 && stream != 0) {
		size_t part = within_block(offset, n);
		read_block(s, &s->streams[stream - 1], offset, p, part);
		p += part;
		n -= part;
		offset += part;
	}
}

static bool scratch_good(int error, struct error *e)
{
	return error == 0 || error_set(e, "scratch file: %s", strerror(error));
}

bool spool_good(const struct spool *s, struct error *e)
{
	return scratch_good(s->error, e);
}

/* ---- places of packets ---- */

/* A table on disk by frame, read through a window of records. */
struct journal {
	int fd;
	int error;
	uint64_t first; /* frame of the first record in the window */
	bool loaded;
	struct spot window[RECORDS];
};

struct journal *journal_new(const char *beside, struct error *e)
{
	struct journal *j = calloc(1, sizeof *j);
	if (j == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	j->fd = scratch_open(beside, e);
	if (j->fd >= 0)
		return j;
	free(j);
	return NULL;
}

void journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	close(j->fd);
	free(j);
}

void journal_put(struct journal *j, uint64_t frame, const struct spot *spot)
{
	write_all(j->fd, &j->error, (const uint8_t *)spot, sizeof *spot,
	    (off_t)(frame * sizeof *spot));
	j->loaded = false;
}

bool journal_get(struct journal *j, uint64_t frame, struct spot *spot)
{
	uint64_t first = frame - frame % RECORDS;
	if (!j->loaded || first != j->first) {
		j->first = first;
		j->loaded = true;
		memset(j->window, 0, sizeof j->window);
		read_all(j->fd, &j->error, (uint8_t *)j->window, sizeof j->window,
		    (off_t)(first * sizeof *spot));
	}
	*spot = j->window[frame - first];
	return spot->n != 0;
}

bool journal_good(const struct journal *j, struct error *e)
{
	return scratch_good(j->error, e);
}
