/*
 * Zstandard. RFC 8878. The library gets one block at a time: of a call that fails nothing comes out.
 */
#include "capture/packed.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	HEAD = 18, /* magic number, descriptor, window, dictionary, content size */
	FIRST = 5, /* magic number, descriptor */
	NEXT_HEAD = 3, /* of the block behind: the library would like it with this one */
	WINDOW_LOG_MAX = 31, /* what the library can; limit unpack_window says less */
};

struct zstd {
	ZSTD_DStream *stream;
	size_t wanted; /* bytes up to the end of the block, and the head of the next */
};

static bool zstd_starts(struct slice head)
{
	return magic_is(head, ZSTD_MAGICNUMBER);
}

static uint64_t content_size(struct slice field, unsigned code)
{
	uint64_t n = 0;
	for (size_t i = field.n; i-- > 0;)
		n = n << 8 | field.p[i];
	return code == 1 ? n + 256 : n;
}

/* RFC 8878, 3.1.1.1: a window of its own, or content in a single piece. */
static uint64_t zstd_window(struct slice head)
{
	static const uint8_t dictionary[] = { 0, 1, 2, 4 }, content[] = { 1, 2, 4, 8 };
	if (!magic_is(head, ZSTD_MAGICNUMBER) || head.n < 6)
		return 0;
	uint8_t descriptor = head.p[4];
	bool single = descriptor & 0x20;
	if (single)
		return content_size(slice_part(head, 5 + dictionary[descriptor & 3],
					content[descriptor >> 6]),
		    descriptor >> 6);
	uint64_t base = UINT64_C(1) << (10 + (head.p[5] >> 3));
	return base + base / 8 * (head.p[5] & 7);
}

static void zstd_close(void *unpacker)
{
	struct zstd *z = unpacker;
	ZSTD_freeDStream(z->stream);
	free(z);
}

static void *zstd_open(void)
{
	struct zstd *z = calloc(1, sizeof(*z));
	if (!z)
		return NULL;
	z->stream = ZSTD_createDStream();
	if (z->stream &&
	    !ZSTD_isError(ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return z;
	zstd_close(z);
	return NULL;
}

static bool zstd_begin(void *unpacker)
{
	struct zstd *z = unpacker;
	z->wanted = FIRST;
	return !ZSTD_isError(ZSTD_DCtx_reset(z->stream, ZSTD_reset_session_only));
}

static enum unpack_status zstd_step(void *unpacker, struct unpack_step *s)
{
	struct zstd *z = unpacker;
	size_t wanted = z->wanted > NEXT_HEAD ? z->wanted - NEXT_HEAD : z->wanted;
	ZSTD_inBuffer in = { s->in, wanted < s->n_in ? wanted : s->n_in, 0 };
	ZSTD_outBuffer out = { s->out, s->n_out, 0 };
	size_t result = ZSTD_decompressStream(z->stream, &out, &in);
	s->in += in.pos;
	s->n_in -= in.pos;
	s->out += out.pos;
	s->n_out -= out.pos;
	if (ZSTD_isError(result))
		return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ?
		    UNPACK_NO_MEMORY :
		    UNPACK_DAMAGED;
	z->wanted = result;
	return result == 0 ? UNPACK_FRAME_END : UNPACK_ON;
}

const struct packing packed_zstd = {
	.name = "zstd",
	.head = HEAD,
	.starts = zstd_starts,
	.window = zstd_window,
	.open = zstd_open,
	.begin = zstd_begin,
	.step = zstd_step,
	.close = zstd_close,
};
