/*
 * packed.h - the bytes of a compressed file, unpacked as they are asked for. Private to capture/.
 *
 * A packing is one file with one const struct packing, listed in packed.c. A file is a row of frames
 * (gzip: members) of one packing.
 */
#ifndef DAVSCOPE_CAPTURE_PACKED_H
#define DAVSCOPE_CAPTURE_PACKED_H

#include "base/base.h"

struct input;

enum unpack_status {
	UNPACK_ON,             /* wants more bytes, or more room */
	UNPACK_FRAME_END,
	UNPACK_DAMAGED,
	UNPACK_NO_MEMORY,
};

/* Moved forward by what was taken and given. */
struct unpack_step {
	const uint8_t *in;
	size_t n_in;
	uint8_t *out;
	size_t n_out;
};

struct packing {
	const char *name;
	size_t head;                             /* bytes of a frame by which starts() and window() can answer */
	bool padded;                             /* what stands behind the last frame is no fault */
	bool (*starts)(struct slice head);
	uint64_t (*window)(struct slice head);   /* bytes that the frame has to keep; NULL: few */
	void *(*open)(void);                     /* NULL: out of memory */
	bool (*begin)(void *unpacker);           /* the next frame */
	enum unpack_status (*step)(void *unpacker, struct unpack_step *);
	void (*close)(void *unpacker);
};

extern const struct packing packed_gzip, packed_zstd, packed_lz4;

/* Of all inputs of a source. */
struct unpack_room {
	uint64_t window;       /* bytes that windows may still take, all together */
	uint64_t idle;         /* packed bytes in a row that may give nothing */
};

enum { PACKED_HEAD = 8 };      /* bytes that packing_find() and packed_skippable() look at */

struct packed;
const struct packing *packing_find(struct slice head);       /* NULL: not compressed */
/* A frame that zstd and lz4 step over: its length with its head, else 0. */
uint64_t packed_skippable(struct slice head);
/* Takes over the window of the input with what was read so far. False: out of memory. */
bool packed_open(struct input *in, const struct packing *, struct unpack_room *);
size_t packed_read(struct input *in, uint8_t *to, size_t n); /* at least one byte, or 0 with the state set */
void packed_close(struct packed *);                          /* NULL is fine */

static inline bool magic_is(struct slice head, uint32_t magic)
{
	return head.n >= 4 && head.p[0] == (magic & 0xff) && head.p[1] == (magic >> 8 & 0xff) &&
	    head.p[2] == (magic >> 16 & 0xff) && head.p[3] == magic >> 24;
}

#endif
