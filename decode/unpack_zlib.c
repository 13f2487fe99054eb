/*
 * gzip (RFC 1952) and deflate (RFC 1950, or bare RFC 1951), by zlib. Its state and window lie in the
 * arena and go when the arena goes.
 */
#include <zlib.h>

#include "decode/unpack.h"

static voidpf zlib_alloc(voidpf arena, uInt items, uInt size)
{
	return arena_alloc(arena, (size_t)items * size);
}

static void zlib_free(voidpf arena, voidpf p)
{
	(void)arena;
	(void)p;
}

static bool zlib_begin(struct unpack *u, int window_bits)
{
	z_stream *z = arena_alloc(u->arena, sizeof(*z));
	if (z == NULL)
		return false;
	z->zalloc = zlib_alloc;
	z->zfree = zlib_free;
	z->opaque = u->arena;
	u->state = z;
	return inflateInit2(z, window_bits) == Z_OK;
}

static bool gzip_begin(struct unpack *u)
{
	return zlib_begin(u, MAX_WBITS + 16);
}

/*
 * A zlib header is a multiple of 31 with method 8 (RFC 1950 2.2). A bare deflate stream that looked
 * the same would have to begin with a stored block with junk in its padding: nobody writes that.
 */
static bool deflate_begin(struct unpack *u)
{
	bool wrapped = u->in_left >= 2 && (u->in[0] & 0x0f) == Z_DEFLATED &&
	    (u->in[0] << 8 | u->in[1]) % 31 == 0;
	return zlib_begin(u, wrapped ? MAX_WBITS : -MAX_WBITS);
}

static enum inflate_status zlib_step(struct unpack *u)
{
	z_stream *z = u->state;
	z->next_in = (Bytef *)u->in;
	z->avail_in = (uInt)u->in_left;
	z->next_out = u->out;
	z->avail_out = (uInt)u->out_left;
	int result = inflate(z, Z_NO_FLUSH);
	u->in = z->next_in;
	u->in_left = z->avail_in;
	u->out = z->next_out;
	u->out_left = z->avail_out;
	if (result == Z_STREAM_END)
		return INFLATE_ENDED;
	if (result == Z_MEM_ERROR)
		return INFLATE_NO_ROOM;
	return result == Z_OK || result == Z_BUF_ERROR ? INFLATE_MORE : INFLATE_DAMAGED;
}

/* A gzip body may have several members behind each other (RFC 1952 2.2). */
static bool gzip_again(struct unpack *u)
{
	return inflateReset(u->state) == Z_OK;
}

static bool deflate_again(struct unpack *u)
{
	(void)u;
	return false;
}

static void zlib_end(struct unpack *u)
{
	u->state = NULL;
}

const struct packing packing_gzip = { gzip_begin, zlib_step, gzip_again, zlib_end };
const struct packing packing_deflate = { deflate_begin, zlib_step, deflate_again, zlib_end };
