/*
 * zstd (RFC 8878), by libzstd. The library takes its memory from malloc when a frame begins; the arena is
 * charged with it at once, before a byte is unpacked.
 */
#include <zstd.h>
#include <zstd_errors.h>

#include "decode/unpack.h"

enum {
	WINDOW_LOG_MOST = 23, /* 8 MiB: more is not allowed in HTTP (RFC 9659 3) */
	FRAME = 0x28, /* first byte of a frame, and of one that is skipped (RFC 8878 3.1) */
	FRAME_SKIPPED = 0x50,
};

struct zstd {
	ZSTD_DCtx *ctx;
	bool inside; /* a frame has begun */
};

static bool zstd_charge(struct unpack *u)
{
	const struct zstd *z = u->state;
	size_t bytes = ZSTD_sizeof_DCtx(z->ctx);
	if (bytes <= u->charged)
		return true;
	if (!arena_charge(u->arena, bytes - u->charged))
		return false;
	u->charged = bytes;
	return true;
}

static bool zstd_begin(struct unpack *u)
{
	struct zstd *z = arena_alloc(u->arena, sizeof(*z));
	u->state = z;
	if (z == NULL)
		return false;
	z->ctx = ZSTD_createDCtx();
	return z->ctx != NULL && zstd_charge(u) &&
	    !ZSTD_isError(ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MOST));
}

/* The library may know older formats, whose memory it does not count: they are none of HTTP's. */
static bool frame_begins(const struct unpack *u)
{
	return u->in[0] == FRAME || (u->in[0] & 0xf0) == FRAME_SKIPPED;
}

static enum inflate_status zstd_error(size_t result)
{
	ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
	bool memory = code == ZSTD_error_memory_allocation ||
	    code == ZSTD_error_frameParameter_windowTooLarge;
	return memory ? INFLATE_NO_ROOM : INFLATE_DAMAGED;
}

static enum inflate_status zstd_step(struct unpack *u)
{
	struct zstd *z = u->state;
	ZSTD_inBuffer in = { u->in, u->in_left, 0 };
	ZSTD_outBuffer out = { u->out, u->out_left, 0 };
	if (!z->inside && in.size > 0 && !frame_begins(u))
		return INFLATE_DAMAGED;
	z->inside = z->inside || in.size > 0;
	size_t result = ZSTD_decompressStream(z->ctx, &out, &in);
	u->in += in.pos;
	u->in_left -= in.pos;
	u->out += out.pos;
	u->out_left -= out.pos;
	if (ZSTD_isError(result))
		return zstd_error(result);
	if (!zstd_charge(u))
		return INFLATE_NO_ROOM;
	if (result != 0 || !z->inside)
		return INFLATE_MORE;
	z->inside = false;
	return INFLATE_ENDED;
}

/* Frames may follow each other (RFC 8878 3). */
static bool zstd_again(struct unpack *u)
{
	(void)u;
	return true;
}

static void zstd_end(struct unpack *u)
{
	struct zstd *z = u->state;
	if (z != NULL)
		ZSTD_freeDCtx(z->ctx);
	arena_discharge(u->arena, u->charged);
	u->charged = 0;
	u->state = NULL;
}

const struct packing packing_zstd = { zstd_begin, zstd_step, zstd_again, zstd_end };
