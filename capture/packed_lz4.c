/*
 * LZ4 frames: lz4_Frame_format.md of the LZ4 project. The library gets one block at a time: of a call
 * that fails nothing comes out.
 */
#include "capture/packed.h"

#include <lz4frame.h>
#include <stdlib.h>

enum {
	MAGIC = 0x184d2204,
	FIRST = 7, /* the shortest head of a frame */
	NEXT_HEAD = 4, /* of the block behind: the library would like it with this one */
};

struct lz4 {
	LZ4F_dctx *context;
	size_t wanted; /* bytes up to the end of the block, and the head of the next */
};

static bool lz4_starts(struct slice head)
{
	return magic_is(head, MAGIC);
}

/* A block as it is stored and one as it was, and what blocks may refer to. */
static uint64_t lz4_window(struct slice head)
{
	enum { HISTORY = 128 * 1024, SMALLEST = 64 * 1024, FIRST_CODE = 4 };
	if (!magic_is(head, MAGIC) || head.n < 6)
		return 0;
	unsigned code = head.p[5] >> 4 & 7;
	return code < FIRST_CODE ? 0 : 2 * (SMALLEST << 2 * (code - FIRST_CODE)) + HISTORY;
}

static void *lz4_open(void)
{
	struct lz4 *z = calloc(1, sizeof(*z));
	if (z && !LZ4F_isError(LZ4F_createDecompressionContext(&z->context, LZ4F_VERSION)))
		return z;
	free(z);
	return NULL;
}

static void lz4_close(void *unpacker)
{
	struct lz4 *z = unpacker;
	LZ4F_freeDecompressionContext(z->context);
	free(z);
}

static bool lz4_begin(void *unpacker)
{
	struct lz4 *z = unpacker;
	LZ4F_resetDecompressionContext(z->context);
	z->wanted = FIRST;
	return true;
}

static enum unpack_status lz4_step(void *unpacker, struct unpack_step *s)
{
	struct lz4 *z = unpacker;
	size_t wanted = z->wanted > NEXT_HEAD ? z->wanted - NEXT_HEAD : z->wanted;
	size_t n_in = wanted < s->n_in ? wanted : s->n_in, n_out = s->n_out;
	size_t result = LZ4F_decompress(z->context, s->out, &n_out, s->in, &n_in, NULL);
	if (LZ4F_isError(result))
		return UNPACK_DAMAGED;
	s->in += n_in;
	s->n_in -= n_in;
	s->out += n_out;
	s->n_out -= n_out;
	z->wanted = result;
	return result == 0 ? UNPACK_FRAME_END : UNPACK_ON;
}

const struct packing packed_lz4 = {
	.name = "lz4",
	.head = PACKED_HEAD,
	.starts = lz4_starts,
	.window = lz4_window,
	.open = lz4_open,
	.begin = lz4_begin,
	.step = lz4_step,
	.close = lz4_close,
};
