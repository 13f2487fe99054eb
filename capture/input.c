/*
 * Raw input of the capture readers: read(2) into one large buffer per file, gzip unpacked on the
 * way. Nothing here knows a capture format. A break is noticed before every read; a pipe is
 * polled first, so that a break between the test and the read is not lost.
 */
#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
	/* A thousand files may be open: each has little until it has shown that it is longer. */
	ROOM_FIRST = 64 * 1024,
	ROOM_USUAL = 512 * 1024,
	POLL_MS = 250,
};

struct gunzip {
	z_stream z;
	bool between; /* before or after a member, where the file may end */
	uint8_t packed[ROOM_FIRST];
};

static void input_fault(struct input *in, const char *text)
{
	in->state = INPUT_FAULTY;
	(void)snprintf(in->fault, sizeof(in->fault), "%s", text);
}

static bool input_stopped(const struct input *in)
{
	return in->stop ? *in->stop != 0 : errno == EINTR;
}

/* At least one byte, or 0 with the state set. */
static size_t input_read(struct input *in, uint8_t *to, size_t n)
{
	struct pollfd waiting = { .fd = in->fd, .events = POLLIN };
	errno = 0;
	while (!input_stopped(in)) {
		if (!in->regular && poll(&waiting, 1, POLL_MS) <= 0)
			continue;
		ssize_t got = read(in->fd, to, n);
		if (got > 0) {
			in->stored += (uint64_t)got;
			return (size_t)got;
		}
		if (got == 0) {
			in->state = INPUT_ENDED;
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN) {
			input_fault(in, strerror(errno));
			return 0;
		}
	}
	in->state = INPUT_STOPPED;
	return 0;
}

/* More packed bytes, and the start of a member where one is due; false with the state set. */
static bool gunzip_feed(struct input *in)
{
	struct gunzip *gz = in->gunzip;
	if (gz->z.avail_in == 0) {
		size_t got = input_read(in, gz->packed, sizeof(gz->packed));
		if (got == 0) {
			if (in->state == INPUT_ENDED && !gz->between)
				input_fault(in, "the gzip data is cut short");
			return false;
		}
		gz->z.next_in = gz->packed;
		gz->z.avail_in = (uInt)got;
	}
	if (!gz->between)
		return true;
	if (gz->z.next_in[0] != 0x1f) {
		/* Padding behind the last member, which gzip ignores too. */
		in->state = INPUT_ENDED;
		return false;
	}
	gz->between = false;
	return inflateReset(&gz->z) == Z_OK;
}

/* At least one byte, or 0 with the state set. */
static size_t input_inflate(struct input *in, uint8_t *to, size_t n)
{
	struct gunzip *gz = in->gunzip;
	gz->z.next_out = to;
	gz->z.avail_out = (uInt)n;
	while (gz->z.avail_out == n && gunzip_feed(in)) {
		int result = inflate(&gz->z, Z_NO_FLUSH);
		if (result == Z_STREAM_END) {
			gz->between = true;
		} else if (result != Z_OK && gz->z.avail_out == n) {
			input_fault(in,
			    result == Z_MEM_ERROR ? "out of memory" : "the gzip data is damaged");
			return 0;
		}
	}
	return n - gz->z.avail_out;
}

/* A gzip file gets an unpacker, which takes over the bytes read so far. */
static bool input_unpack(struct input *in)
{
	struct gunzip *gz = calloc(1, sizeof(*gz));
	if (!gz || inflateInit2(&gz->z, MAX_WBITS + 16) != Z_OK) {
		free(gz);
		return false;
	}
	gz->between = true;
	memcpy(gz->packed, in->buf, in->to);
	gz->z.next_in = gz->packed;
	gz->z.avail_in = (uInt)in->to;
	in->to = 0;
	in->gunzip = gz;
	if (in->state == INPUT_ENDED)
		in->state = INPUT_OPEN;
	return true;
}

/* Room for n bytes behind `from`; the bytes at hand move to the start of the buffer. */
static bool input_make_room(struct input *in, size_t n)
{
	size_t want = in->stored < ROOM_FIRST ? ROOM_FIRST : ROOM_USUAL;
	while (want < n)
		want *= 2;
	uint8_t *to = in->buf;
	if (in->room < want) {
		to = malloc(want);
		if (!to) {
			input_fault(in, "out of memory");
			return false;
		}
	}
	size_t left = input_left(in);
	if (left > 0)
		memmove(to, input_at(in), left);
	if (to != in->buf) {
		free(in->buf);
		in->buf = to;
		in->room = want;
	}
	in->base += in->from;
	in->from = 0;
	in->to = left;
	return true;
}

bool input_fill(struct input *in, size_t n)
{
	if (in->state != INPUT_OPEN || !input_make_room(in, n))
		return false;
	while (input_left(in) < n) {
		uint8_t *to = in->buf + in->to;
		size_t room = in->room - in->to;
		size_t got = in->gunzip ? input_inflate(in, to, room) : input_read(in, to, room);
		if (got == 0)
			return false;
		in->to += got;
	}
	return true;
}

bool input_skip(struct input *in, uint64_t n)
{
	while (n > 0 && input_have(in, 1)) {
		size_t step = n < input_left(in) ? (size_t)n : input_left(in);
		input_advance(in, step);
		n -= step;
	}
	return n == 0;
}

static uint64_t load_le64(const uint8_t *p, size_t n)
{
	uint64_t value = 0;
	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

static uint64_t digest_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 32);
}

uint64_t digest_add(uint64_t hash, const uint8_t *p, size_t n)
{
	hash = digest_word(hash, n);
	for (; n >= 8; n -= 8, p += 8)
		hash = digest_word(hash, load_le64(p, 8));
	return digest_word(hash, load_le64(p, n));
}

void input_digest(struct input *in, size_t n)
{
	in->hash = digest_add(in->hash, input_at(in), n);
}

static bool input_open_file(struct input *in, const char *spec, struct error *e)
{
	bool piped = strcmp(spec, "-") == 0;
	in->fd = piped ? STDIN_FILENO : open(spec, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	if (in->fd < 0 || fstat(in->fd, &st) != 0)
		return error_set(e, "%s: %s", spec,
		    errno == EINTR ? "interrupted" : strerror(errno));
	if (S_ISDIR(st.st_mode))
		return error_set(e, "%s: is a directory", spec);
	in->regular = S_ISREG(st.st_mode);
	in->size = in->regular ? (uint64_t)st.st_size : 0;
	return true;
}

bool input_open(struct input *in, const char *spec, struct error *e)
{
	*in = (struct input){ .state = INPUT_OPEN };
	if (!input_open_file(in, spec, e))
		return false;
	if (!input_have(in, 2) && in->state != INPUT_ENDED)
		return error_set(e, "%s: %s", spec,
		    in->state == INPUT_STOPPED ? "interrupted" : in->fault);
	if (input_left(in) >= 2 && in->buf[0] == 0x1f && in->buf[1] == 0x8b && !input_unpack(in))
		return error_set(e, "%s: out of memory", spec);
	return true;
}

void input_close(struct input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
	if (in->gunzip) {
		inflateEnd(&in->gunzip->z);
		free(in->gunzip);
		in->gunzip = NULL;
	}
	free(in->buf);
	in->buf = NULL;
	in->base += in->from;
	in->room = in->from = in->to = 0;
	if (in->state == INPUT_OPEN)
		in->state = INPUT_ENDED;
}
