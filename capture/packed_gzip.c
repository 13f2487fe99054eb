/*
 * gzip: members of deflate data. RFC 1952.
 */
#include "capture/packed.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

static bool gzip_starts(struct slice head)
{
	return slice_starts(head, SLICE("\x1f\x8b"));
}

static void *gzip_open(void)
{
	z_stream *z = calloc(1, sizeof(*z));
	if (z && inflateInit2(z, MAX_WBITS + 16) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static void gzip_close(void *unpacker)
{
	inflateEnd(unpacker);
	free(unpacker);
}

static bool gzip_begin(void *unpacker)
{
	return inflateReset(unpacker) == Z_OK;
}

static uInt at_most(size_t n)
{
	return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

static enum unpack_status gzip_step(void *unpacker, struct unpack_step *s)
{
	z_stream *z = unpacker;
	uInt n_in = at_most(s->n_in), n_out = at_most(s->n_out);
	z->next_in = (Bytef *)(uintptr_t)s->in; /* older zlibs do not say const */
	z->avail_in = n_in;
	z->next_out = s->out;
	z->avail_out = n_out;
	int result = inflate(z, Z_NO_FLUSH);
	s->in += n_in - z->avail_in;
	s->n_in -= n_in - z->avail_in;
	s->out += n_out - z->avail_out;
	s->n_out -= n_out - z->avail_out;
	switch (result) {
	case Z_OK:
	case Z_BUF_ERROR:
		return UNPACK_ON;
	case Z_STREAM_END:
		return UNPACK_FRAME_END;
	case Z_MEM_ERROR:
		return UNPACK_NO_MEMORY;
	default:
		return UNPACK_DAMAGED;
	}
}

const struct packing packed_gzip = {
	.name = "gzip",
	.head = 2,
	.padded = true,
	.starts = gzip_starts,
	.open = gzip_open,
	.begin = gzip_begin,
	.step = gzip_step,
	.close = gzip_close,
};
