/*
 * input.h - the bytes of one capture file, unpacked, as a window that moves forward.
 *
 * Invariant: buf[from..to) are the bytes at hand, and buf[from] is byte `base + from` of the
 * uncompressed file. A pointer into the window dies with the next input_have() or input_skip()
 * that has to read.
 */
#ifndef DAVSCOPE_CAPTURE_INPUT_H
#define DAVSCOPE_CAPTURE_INPUT_H

#include <signal.h>

#include "capture/packed.h"

enum input_state {
	INPUT_OPEN,
	INPUT_ENDED,       /* the regular end of the file */
	INPUT_FAULTY,      /* read error or damaged packing: see fault */
	INPUT_STOPPED,     /* source_break, or a signal while there is no source yet */
};

/* What all inputs of a source share. */
struct input_options {
	struct unpack_room *room;            /* unpackers take from it, and give it back when they go */
	const volatile sig_atomic_t *stop;   /* NULL: any signal stops */
	bool (*wait)(void *ctx);             /* a file ends here so far; true: see again; NULL: it ends */
	void *ctx;
};

struct input {
	const struct input_options *options; /* borrowed */
	int fd;
	enum input_state state;
	bool regular;                        /* a file whose size is known; else a pipe or a device */
	uint8_t *buf;
	size_t room, from, to;
	uint64_t base;
	uint64_t stored, size;               /* bytes as stored: read so far, and of the whole file */
	uint64_t hash;
	struct packed *packed;               /* NULL: not compressed */
	char fault[80];
};

bool input_open(struct input *in, const char *spec, const struct input_options *, struct error *e); /* "-" = stdin */
bool input_park(struct input *in);                   /* gives up its memory; false: it cannot be read again */
bool input_wake(struct input *in, struct error *e);  /* reads a parked one from the start */
void input_close(struct input *in);                  /* keeps the counters and the hash */
bool input_fill(struct input *in, size_t n);         /* the slow half of input_have */
bool input_skip(struct input *in, uint64_t n);       /* false: fewer were there; all of them are gone */
void input_digest(struct input *in, size_t n);       /* adds n bytes, which are at hand, to the hash */
uint64_t digest_add(uint64_t hash, const uint8_t *p, size_t n); /* what it adds them by */
size_t input_read(struct input *in, uint8_t *to, size_t n); /* as stored: at least one byte, or 0 with the state set */
void input_fault(struct input *in, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline size_t input_left(const struct input *in)
{
	return in->to - in->from;
}

static inline uint64_t input_offset(const struct input *in)
{
	return in->base + in->from;
}

static inline const uint8_t *input_at(const struct input *in)
{
	return in->buf + in->from;
}

/* The headers of what comes next come into the cache while what was read is worked on. */
static inline void input_ahead(const struct input *in)
{
	enum { LINE = 64, LINES = 3 };
	for (size_t i = 0; i < LINES; i++)
		__builtin_prefetch(input_at(in) + i * LINE);
}

/* True: n bytes are at input_at(). False: fewer will ever be; state says why. */
static inline bool input_have(struct input *in, size_t n)
{
	return input_left(in) >= n || input_fill(in, n);
}

/* The bytes stay readable until the next input_have(). */
static inline void input_advance(struct input *in, size_t n)
{
	in->from += n;
}

#endif
