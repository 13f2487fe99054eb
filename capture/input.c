/*
 * Raw input of the capture readers: read(2) into one large buffer per file, compressed files unpacked
 * on the way. Nothing here knows a capture format. A break is noticed before every read; a pipe is
 * polled first, so that a break between the test and the read is not lost.
 */
#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* A thousand files may be open: each has little until it has shown that it is longer. */
	ROOM_FIRST = 64 * 1024,
	ROOM_USUAL = 512 * 1024,
	POLL_MS = 250,
};

void input_fault(struct input *in, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	in->state = INPUT_FAULTY;
	(void)vsnprintf(in->fault, sizeof(in->fault), format, args);
	va_end(args);
}

static bool input_stopped(const struct input *in)
{
	return in->options->stop ? *in->options->stop != 0 : errno == EINTR;
}

size_t input_read(struct input *in, uint8_t *to, size_t n)
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
		if (got == 0 && in->options->wait && in->options->wait(in->options->ctx))
			continue;
		if (got == 0) {
			in->state = INPUT_ENDED;
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN) {
			input_fault(in, "%s", strerror(errno));
			return 0;
		}
	}
	in->state = INPUT_STOPPED;
	return 0;
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
		size_t got = in->packed ? packed_read(in, to, room) : input_read(in, to, room);
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

/*
 * What zstd and lz4 step over may stand in front of either, and what it is in front of says which.
 * False: more of it than is read for nothing, or nothing behind it.
 */
static bool input_step_over(struct input *in, uint64_t most)
{
	uint64_t n;
	while (input_have(in, PACKED_HEAD) &&
	    (n = packed_skippable((struct slice){ input_at(in), PACKED_HEAD })) > 0) {
		if (n > most || !input_skip(in, n))
			return false;
		most -= n;
	}
	return true;
}

/* A compressed file gets an unpacker. */
static bool input_unpack(struct input *in, struct error *e)
{
	struct unpack_room *room = in->options->room;
	uint64_t start = input_offset(in);
	if (!input_step_over(in, room->idle) && in->state != INPUT_FAULTY)
		return in->state == INPUT_STOPPED || error_set(e, "not a capture file");
	const struct packing *how = packing_find((struct slice){ input_at(in), input_left(in) });
	if (!how)
		return input_offset(in) == start || error_set(e, "not a capture file");
	return packed_open(in, how, room) || error_set(e, "out of memory");
}

bool input_open(struct input *in, const char *spec, const struct input_options *options,
    struct error *e)
{
	struct error why;
	*in = (struct input){ .options = options, .state = INPUT_OPEN };
	return input_open_file(in, spec, e) &&
	    (input_wake(in, &why) || error_set(e, "%s: %s", spec, why.text));
}

bool input_wake(struct input *in, struct error *e)
{
	if (!input_have(in, 2) && in->state != INPUT_ENDED)
		return error_set(e, "%s", in->state == INPUT_STOPPED ? "interrupted" : in->fault);
	return input_unpack(in, e);
}

static void input_release(struct input *in)
{
	packed_close(in->packed);
	free(in->buf);
	in->packed = NULL;
	in->buf = NULL;
	in->room = 0;
}

bool input_park(struct input *in)
{
	if (!in->regular || lseek(in->fd, 0, SEEK_SET) != 0)
		return false;
	input_release(in);
	in->state = INPUT_OPEN;
	in->from = in->to = 0;
	in->base = in->stored = 0;
	return true;
}

void input_close(struct input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
	input_release(in);
	in->base += in->from;
	in->from = in->to = 0;
	if (in->state == INPUT_OPEN)
		in->state = INPUT_ENDED;
}
