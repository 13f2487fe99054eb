/*
 * Compressed files: which packing it is, where frames begin, what they may cost, and how they end.
 * The unpackers themselves know one frame each.
 */
#include "capture/packed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "capture/input.h"

static const struct packing *const packings[] = { &packed_gzip, &packed_zstd, &packed_lz4 };

struct packed {
	const struct packing *how;
	void *unpacker;
	struct unpack_room *room;
	uint64_t window; /* taken from the room */
	uint64_t idle; /* packed bytes since something came out */
	uint64_t skip; /* bytes left of a frame that is stepped over */
	uint8_t *bytes; /* bytes[from..to) are packed and at hand */
	size_t size, from, to;
	bool drained; /* the file has no more */
	bool within; /* a frame, which has not ended yet */
};

const struct packing *packing_find(struct slice head)
{
	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		if (packings[i]->starts(head))
			return packings[i];
	}
	return NULL;
}

uint64_t packed_skippable(struct slice head)
{
	if (head.n < PACKED_HEAD || (head.p[0] & 0xf0) != 0x50 ||
	    !slice_starts(slice_part(head, 1, head.n), SLICE("\x2a\x4d\x18")))
		return 0;
	uint64_t n = 0;
	for (size_t i = 4; i < PACKED_HEAD; i++)
		n |= (uint64_t)head.p[i] << 8 * (i - 4);
	return PACKED_HEAD + n;
}

bool packed_open(struct input *in, const struct packing *how, struct unpack_room *room)
{
	struct packed *p = calloc(1, sizeof(*p));
	void *unpacker = p ? how->open() : NULL;
	if (!unpacker) {
		free(p);
		return false;
	}
	*p = (struct packed){
		.how = how,
		.unpacker = unpacker,
		.room = room,
		.bytes = in->buf,
		.size = in->room,
		.from = in->from,
		.to = in->to,
		.drained = in->state == INPUT_ENDED,
	};
	in->buf = NULL;
	in->room = in->from = in->to = 0;
	in->base = 0;
	in->state = INPUT_OPEN;
	in->packed = p;
	return true;
}

void packed_close(struct packed *p)
{
	if (!p)
		return;
	p->how->close(p->unpacker);
	p->room->window += p->window;
	free(p->bytes);
	free(p);
}

static bool packed_fault(struct input *in, const char *what)
{
	input_fault(in, "the %s data %s", in->packed->how->name, what);
	return false;
}

/* Up to n packed bytes at hand, fewer at the end of the file; false: fault or break. */
static bool packed_have(struct input *in, size_t n)
{
	struct packed *p = in->packed;
	if (p->to - p->from >= n)
		return true;
	memmove(p->bytes, p->bytes + p->from, p->to - p->from);
	p->to -= p->from;
	p->from = 0;
	while (p->to < n && !p->drained) {
		size_t got = input_read(in, p->bytes + p->to, p->size - p->to);
		if (got == 0 && in->state != INPUT_ENDED)
			return false;
		p->drained = got == 0;
		p->to += got;
	}
	if (p->drained)
		in->state = INPUT_OPEN;
	return true;
}

/* A window is charged when it is said, not when it fills. */
static bool window_take(struct input *in, uint64_t window)
{
	struct packed *p = in->packed;
	if (window <= p->window)
		return true;
	if (window - p->window > p->room->window) {
		input_fault(in, "%s needs a window of %" PRIu64 " bytes (limit unpack_window)",
		    p->how->name, window);
		return false;
	}
	p->room->window -= window - p->window;
	p->window = window;
	return true;
}

/* No frame begins: the end, padding, or one to step over. */
static bool frame_none(struct input *in, struct slice head)
{
	struct packed *p = in->packed;
	if (head.n == 0 || p->how->padded) {
		in->state = INPUT_ENDED;
		return false;
	}
	p->skip = packed_skippable(head);
	return p->skip > 0 ||
	    packed_fault(in, head.n < PACKED_HEAD ? "is cut short" : "is damaged");
}

/* A frame begins, or one to step over; false: the end of the file, or a fault. */
static bool frame_begin(struct input *in)
{
	struct packed *p = in->packed;
	if (!packed_have(in, p->how->head))
		return false;
	struct slice head = slice_part((struct slice){ p->bytes + p->from, p->to - p->from }, 0,
	    p->how->head);
	if (!p->how->starts(head))
		return frame_none(in, head);
	if (p->how->window && !window_take(in, p->how->window(head)))
		return false;
	if (!p->how->begin(p->unpacker))
		return packed_fault(in, "is damaged");
	p->within = true;
	return true;
}

/* The limit is about bytes, so that it is the same however the file is cut into reads. */
static bool idle_add(struct input *in, size_t taken, bool given)
{
	struct packed *p = in->packed;
	p->idle = given ? 0 : p->idle + taken;
	if (p->idle <= p->room->idle)
		return true;
	input_fault(in, "%" PRIu64 " bytes of %s give nothing (limit unpack_idle)", p->room->idle,
	    p->how->name);
	return false;
}

static bool frame_skip(struct input *in)
{
	struct packed *p = in->packed;
	if (!packed_have(in, 1))
		return false;
	size_t n = p->to - p->from;
	if (n == 0)
		return packed_fault(in, "is cut short");
	if (n > p->skip)
		n = (size_t)p->skip;
	p->from += n;
	p->skip -= n;
	return idle_add(in, n, false);
}

/* One turn of the unpacker, which takes, gives, ends a frame, or else gets more bytes. */
static bool frame_step(struct input *in, struct unpack_step *s)
{
	struct packed *p = in->packed;
	size_t room = s->n_out;
	s->in = p->bytes + p->from;
	s->n_in = p->to - p->from;
	enum unpack_status status = p->how->step(p->unpacker, s);
	size_t taken = p->to - p->from - s->n_in;
	bool given = s->n_out < room;
	p->from += taken;
	if (status == UNPACK_FRAME_END)
		p->within = false;
	else if (status == UNPACK_NO_MEMORY)
		input_fault(in, "out of memory");
	else if (status == UNPACK_DAMAGED)
		packed_fault(in, "is damaged");
	if (in->state != INPUT_OPEN || !idle_add(in, taken, given))
		return false;
	if (taken > 0 || given || !p->within)
		return true;
	size_t had = p->to - p->from;
	if (!packed_have(in, had + 1))
		return false;
	return p->to - p->from > had || packed_fault(in, "is cut short");
}

size_t packed_read(struct input *in, uint8_t *to, size_t n)
{
	struct packed *p = in->packed;
	struct unpack_step s = { .out = to, .n_out = n };
	bool more = true;
	while (more && s.n_out == n) {
		if (p->skip > 0)
			more = frame_skip(in);
		else if (p->within)
			more = frame_step(in, &s);
		else
			more = frame_begin(in);
	}
	return n - s.n_out;
}
