/* The capture a load is written to, in disorder where that is asked for. */
#include "tests/bench/load.h"

enum { OVERTAKES_MAX = 8 };

bool load_file_open(struct load_file *f, const char *path)
{
	static const uint32_t header[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 262144, LINK_ETHER };
	f->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
	return f->file != NULL && fwrite(header, sizeof(header), 1, f->file) == 1;
}

static void put_packet(struct load_file *f, struct slice packet)
{
	uint32_t n = (uint32_t)packet.n;
	uint32_t header[4] = { (uint32_t)(f->now / 1000000000),
		(uint32_t)(f->now % 1000000000 / 1000), n, n };
	f->failed |= fwrite(header, sizeof(header), 1, f->file) != 1 ||
	    fwrite(packet.p, n, 1, f->file) != 1;
	f->now += 5000 + (int64_t)load_random(f->load, 30000);
}

static void put_late(struct load_file *f)
{
	if (f->late.n > 0)
		put_packet(f, bytes_all(&f->late));
	f->late.n = 0;
}

static void put_in_order(struct load_file *f, struct slice packet)
{
	put_packet(f, packet);
	if (f->late.n > 0 && --f->overtakes == 0)
		put_late(f);
}

/* Of the disordered ones half are overtaken, a quarter come twice, a quarter nobody captured. */
static void put_disordered(struct load_file *f, struct slice packet)
{
	switch (load_random(f->load, 4)) {
	case 0:
		break;
	case 1:
		put_in_order(f, packet);
		put_in_order(f, packet);
		break;
	default:
		put_late(f);
		bytes_slice(&f->late, packet);
		f->overtakes = 1 + (unsigned)load_random(f->load, OVERTAKES_MAX);
		break;
	}
}

static void put_frame(void *ctx, const struct frame *frame)
{
	put_in_order(ctx, frame->bytes);
}

static void put_frame_disordered(void *ctx, const struct frame *frame)
{
	put_disordered(ctx, frame->bytes);
}

void load_file_segment(struct load_file *f, const struct segment *s)
{
	bool disordered = f->disorder > 0 && s->data.n > 0 &&
	    load_random(f->load, 100) < f->disorder;
	segment_frames(s, LINK_ETHER,
	    (struct frame_sink){ disordered ? put_frame_disordered : put_frame, f });
}

bool load_file_close(struct load_file *f)
{
	put_late(f);
	bytes_free(&f->late);
	return fclose(f->file) == 0 && !f->failed;
}
