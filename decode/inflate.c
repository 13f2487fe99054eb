/*
 * inflate.c - gzip and deflate bodies, unpacked block by block within limits; see inflate.h.
 */
#include "decode/inflate.h"

#include <string.h>
#include <zlib.h>

enum {
	BLOCK_IN = 1024,
	BLOCK_OUT = 4096,
	RATIO_FROM = 65536, /* a short body may be as regular as it likes */
};

struct inflater {
	const struct limits *limits;
	struct arena *arena;
	struct inflate_sink sink;
	enum inflate_coding coding;
	enum inflate_status status;
	bool begun;
	uint64_t seen, made; /* bytes worked off, bytes unpacked */
	size_t n; /* of in[] */
	z_stream z;
	uint8_t in[BLOCK_IN], out[BLOCK_OUT];
};

struct inflater *inflater_new(enum inflate_coding coding, const struct limits *limits,
    struct arena *arena, struct inflate_sink sink)
{
	struct inflater *f = arena_alloc(arena, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->limits = limits;
	f->arena = arena;
	f->sink = sink;
	f->coding = coding;
	return f;
}

/* zlib's state and window count against the transaction; they go when its arena goes. */
static voidpf inflater_alloc(voidpf arena, uInt items, uInt size)
{
	return arena_alloc(arena, (size_t)items * size);
}

static void inflater_free(voidpf arena, voidpf p)
{
	(void)arena;
	(void)p;
}

/*
 * A zlib header is a multiple of 31 with method 8 (RFC 1950 2.2). A bare deflate stream that looked
 * the same would have to begin with a stored block with junk in its padding: nobody writes that.
 */
static int inflater_window_bits(const struct inflater *f)
{
	if (f->coding == INFLATE_GZIP)
		return MAX_WBITS + 16;
	bool wrapped = f->n >= 2 && (f->in[0] & 0x0f) == Z_DEFLATED &&
	    (f->in[0] << 8 | f->in[1]) % 31 == 0;
	return wrapped ? MAX_WBITS : -MAX_WBITS;
}

static enum inflate_status inflater_begin(struct inflater *f)
{
	f->begun = true;
	f->z.zalloc = inflater_alloc;
	f->z.zfree = inflater_free;
	f->z.opaque = f->arena;
	int result = inflateInit2(&f->z, inflater_window_bits(f));
	return result == Z_OK ? INFLATE_MORE : INFLATE_NO_ROOM;
}

static enum inflate_status inflater_give(struct inflater *f)
{
	size_t n = BLOCK_OUT - f->z.avail_out;
	f->made += n;
	bool ratio = f->made > RATIO_FROM && (f->made - 1) / f->seen >= f->limits->inflate_ratio;
	if (ratio || f->made > f->limits->inflate_bytes)
		return INFLATE_BOMB;
	if (n > 0 && !f->sink.data(f->sink.ctx, (struct slice){ f->out, n }))
		return INFLATE_STOPPED;
	return INFLATE_MORE;
}

/* A gzip body may have several members behind each other (RFC 1952 2.2). */
static enum inflate_status inflater_next_member(struct inflater *f)
{
	if (f->coding != INFLATE_GZIP)
		return INFLATE_DAMAGED;
	return inflateReset(&f->z) == Z_OK ? INFLATE_MORE : INFLATE_DAMAGED;
}

/* One call of zlib: it takes a byte, gives a byte or ends the block. */
static enum inflate_status inflater_step(struct inflater *f, bool *block_done)
{
	f->z.next_out = f->out;
	f->z.avail_out = BLOCK_OUT;
	int result = inflate(&f->z, Z_NO_FLUSH);
	enum inflate_status given = inflater_give(f);
	*block_done = result == Z_BUF_ERROR || (f->z.avail_in == 0 && f->z.avail_out > 0);
	if (given != INFLATE_MORE)
		return given;
	if (result == Z_STREAM_END) {
		*block_done = f->z.avail_in == 0;
		return INFLATE_ENDED;
	}
	if (result == Z_MEM_ERROR)
		return INFLATE_NO_ROOM;
	return result == Z_OK || result == Z_BUF_ERROR ? INFLATE_MORE : INFLATE_DAMAGED;
}

static bool inflater_running(const struct inflater *f)
{
	return f->status == INFLATE_MORE || f->status == INFLATE_ENDED;
}

static void inflater_block(struct inflater *f)
{
	if (!f->begun)
		f->status = inflater_begin(f);
	f->seen += f->n;
	f->z.next_in = f->in;
	f->z.avail_in = (uInt)f->n;
	f->n = 0;
	bool block_done = false;
	while (inflater_running(f) && !block_done) {
		if (f->status == INFLATE_ENDED)
			f->status = inflater_next_member(f);
		if (f->status == INFLATE_MORE)
			f->status = inflater_step(f, &block_done);
	}
}

enum inflate_status inflater_data(struct inflater *f, struct slice in)
{
	while (in.n > 0 && inflater_running(f)) {
		size_t n = in.n < BLOCK_IN - f->n ? in.n : BLOCK_IN - f->n;
		memcpy(f->in + f->n, in.p, n);
		f->n += n;
		in = slice_part(in, n, in.n);
		if (f->n == BLOCK_IN)
			inflater_block(f);
	}
	return f->status;
}

enum inflate_status inflater_end(struct inflater *f)
{
	if (f->n > 0 && inflater_running(f))
		inflater_block(f);
	return f->status;
}

uint64_t inflater_made(const struct inflater *f)
{
	return f->made;
}
