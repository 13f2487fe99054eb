/*
 * brotli (RFC 7932), by libbrotlidec. It gives memory back while it works, so that comes from malloc; the
 * arena is charged with what it holds.
 */
#include <stdlib.h>

#include <brotli/decode.h>

#include "decode/unpack.h"

/* In front of each piece of memory, as large as any alignment needs. */
union piece {
	size_t bytes;
	max_align_t align;
};

static void *brotli_alloc(void *ctx, size_t n)
{
	struct unpack *u = ctx;
	size_t bytes = n + sizeof(union piece);
	if (bytes < n || !arena_charge(u->arena, bytes))
		return NULL;
	union piece *p = malloc(bytes);
	if (p == NULL) {
		arena_discharge(u->arena, bytes);
		return NULL;
	}
	p->bytes = bytes;
	return p + 1;
}

static void brotli_free(void *ctx, void *memory)
{
	struct unpack *u = ctx;
	if (memory == NULL)
		return;
	union piece *p = (union piece *)memory - 1;
	arena_discharge(u->arena, p->bytes);
	free(p);
}

static bool brotli_begin(struct unpack *u)
{
	u->state = BrotliDecoderCreateInstance(brotli_alloc, brotli_free, u);
	return u->state != NULL;
}

static enum inflate_status brotli_step(struct unpack *u)
{
	switch (BrotliDecoderDecompressStream(u->state, &u->in_left, &u->in, &u->out_left, &u->out,
	    NULL)) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		return INFLATE_ENDED;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		return INFLATE_MORE;
	case BROTLI_DECODER_RESULT_ERROR:
		break;
	}
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(u->state);
	bool memory = code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
	    code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
	return memory ? INFLATE_NO_ROOM : INFLATE_DAMAGED;
}

static bool brotli_again(struct unpack *u)
{
	(void)u;
	return false;
}

static void brotli_end(struct unpack *u)
{
	if (u->state != NULL)
		BrotliDecoderDestroyInstance(u->state);
	u->state = NULL;
}

const struct packing packing_brotli = { brotli_begin, brotli_step, brotli_again, brotli_end };
