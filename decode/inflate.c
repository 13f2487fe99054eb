/*
 * inflate.c - packed bodies, unpacked block by block within limits; see inflate.h.
 */
#include "decode/unpack.h"

#include <string.h>

enum {
	BLOCK_IN = 1024,
	BLOCK_OUT = 4096,
	RATIO_FROM = 65536, /* so much may be as regular as it likes */
};

struct inflater {
	const struct limits *limits;
	struct inflate_sink sink;
	const struct packing *packing;
	enum inflate_status status;
	bool begun;
	struct inflate_sum own, *all; /* own: with what was refused */
	size_t n; /* of in[] */
	struct unpack unpack;
	uint8_t in[BLOCK_IN], out[BLOCK_OUT];
};

struct inflater *inflater_new(enum inflate_coding coding, const struct limits *limits,
    struct inflate_sum *sum, struct arena *arena, struct inflate_sink sink)
{
	static const struct packing *const packings[] = {
		[INFLATE_GZIP] = &packing_gzip,
		[INFLATE_DEFLATE] = &packing_deflate,
		[INFLATE_BROTLI] = &packing_brotli,
		[INFLATE_ZSTD] = &packing_zstd,
	};
	struct inflater *f = arena_alloc(arena, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->limits = limits;
	f->all = sum;
	f->unpack.arena = arena;
	f->sink = sink;
	f->packing = packings[coding];
	return f;
}

static enum inflate_status inflater_begin(struct inflater *f)
{
	f->begun = true;
	return f->packing->begin(&f->unpack) ? INFLATE_MORE : INFLATE_NO_ROOM;
}

static bool is_too_much(const struct inflater *f)
{
	uint64_t made = f->own.made;
	bool ratio = made > RATIO_FROM && (made - 1) / f->own.seen >= f->limits->inflate_ratio;
	return ratio || made > f->limits->inflate_bytes;
}

/* What may be as regular as it likes is given once: a body that is like others is read behind any. */
static bool are_too_much(const struct inflater *f, size_t n)
{
	uint64_t made = f->all->made + n;
	return made > RATIO_FROM &&
	    (made - RATIO_FROM - 1) / f->all->seen >= f->limits->inflate_ratio;
}

static enum inflate_status inflater_give(struct inflater *f)
{
	size_t n = BLOCK_OUT - f->unpack.out_left;
	f->own.made += n;
	if (is_too_much(f) || are_too_much(f, n))
		return INFLATE_BOMB;
	f->all->made += n;
	if (n > 0 && !f->sink.data(f->sink.ctx, (struct slice){ f->out, n }))
		return INFLATE_STOPPED;
	return INFLATE_MORE;
}

/* One call of the library: it takes a byte, gives a byte or ends the block. */
static enum inflate_status inflater_step(struct inflater *f, bool *block_done)
{
	struct unpack *u = &f->unpack;
	size_t before = u->in_left;
	u->out = f->out;
	u->out_left = BLOCK_OUT;
	enum inflate_status result = f->packing->step(u);
	enum inflate_status given = inflater_give(f);
	bool idle = u->in_left == before && u->out_left == BLOCK_OUT;
	*block_done = idle || (u->in_left == 0 && (u->out_left > 0 || result == INFLATE_ENDED));
	return given == INFLATE_MORE ? result : given;
}

static bool inflater_running(const struct inflater *f)
{
	return f->status == INFLATE_MORE || f->status == INFLATE_ENDED;
}

static void inflater_block(struct inflater *f)
{
	f->own.seen += f->n;
	f->all->seen += f->n;
	f->unpack.in = f->in;
	f->unpack.in_left = f->n;
	f->n = 0;
	if (!f->begun)
		f->status = inflater_begin(f);
	bool block_done = false;
	while (inflater_running(f) && !block_done) {
		if (f->status == INFLATE_ENDED)
			f->status = f->packing->again(&f->unpack) ? INFLATE_MORE : INFLATE_DAMAGED;
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
	return f->own.made;
}

void inflater_free(struct inflater *f)
{
	if (f != NULL && f->begun)
		f->packing->end(&f->unpack);
}
