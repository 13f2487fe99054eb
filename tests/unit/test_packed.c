/*
 * Compressed captures: frames in a row, frames that are stepped over, cuts at every byte, damage, and what
 * a frame may ask for.
 */
#include "tests/unit/capture_image.h"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

enum { PACKETS = 40, LENGTH = 90, RECORD = 16 + LENGTH, ROOM = 1 << 20 };

struct stored {
	size_t n;
	uint8_t bytes[ROOM];
};

typedef size_t (*packer)(const void *in, size_t n, void *out, size_t room);

static size_t pack_gzip(const void *in, size_t n, void *out, size_t room)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)n };
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t packed = z.total_out;
	deflateEnd(&z);
	return packed;
}

static size_t pack_zstd(const void *in, size_t n, void *out, size_t room)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	size_t packed = ZSTD_compress2(c, out, room, in, n);
	ZSTD_freeCCtx(c);
	assert_false(ZSTD_isError(packed));
	return packed;
}

/* Without a known size, and so with a window of its own. */
static size_t pack_zstd_stream(const void *in, size_t n, void *out, size_t room)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer from = { in, n, 0 };
	ZSTD_outBuffer to = { out, room, 0 };
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	assert_false(ZSTD_isError(ZSTD_compressStream2(c, &to, &from, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(c, &to, &from, ZSTD_e_end), 0);
	ZSTD_freeCCtx(c);
	return to.pos;
}

static size_t pack_lz4(const void *in, size_t n, void *out, size_t room)
{
	LZ4F_preferences_t p = { .frameInfo = { .contentChecksumFlag = LZ4F_contentChecksumEnabled,
				     .blockSizeID = LZ4F_max64KB } };
	size_t packed = LZ4F_compressFrame(out, room, in, n, &p);
	assert_false(LZ4F_isError(packed));
	return packed;
}

static const struct kind {
	const char *name;
	packer pack;
	bool steps_over;
} kinds[] = {
	{ "gzip", pack_gzip, false },
	{ "zstd", pack_zstd, true },
	{ "zstd", pack_zstd_stream, true },
	{ "lz4", pack_lz4, true },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Bytes that do not compress away, so that blocks are real ones. */
static void image_fill(struct image *m, unsigned packets)
{
	uint32_t seed = 1;
	m->n = 0;
	image_pcap_file(m, 0xa1b2c3d4, 65535, 1);
	for (uint32_t i = 0; i < packets; i++) {
		uint8_t data[LENGTH];
		for (size_t k = 0; k < LENGTH; k++)
			data[k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 29);
		image_pcap_packet(m, i, 0, LENGTH, data, LENGTH);
	}
}

static void put(struct stored *to, const void *p, size_t n)
{
	assert_true(n <= ROOM - to->n);
	memcpy(to->bytes + to->n, p, n);
	to->n += n;
}

/* The image in frames of `piece` bytes; with something to step over in front of each where the kind can. */
static void pack_frames(const struct kind *k, const struct image *m, size_t piece, bool between,
    struct stored *to)
{
	static const uint8_t skip[] = "\x5a\x2a\x4d\x18\5\0\0\0index";
	to->n = 0;
	for (size_t at = 0; at < m->n; at += piece) {
		size_t n = m->n - at < piece ? m->n - at : piece;
		if (between && k->steps_over)
			put(to, skip, sizeof(skip) - 1);
		to->n += k->pack(m->bytes + at, n, to->bytes + to->n, ROOM - to->n);
	}
}

struct outcome {
	bool opened;
	enum read_status status;
	uint64_t packets, right; /* right: where they belong */
	char says[256];
};

static struct outcome read_with(const void *p, size_t n, const struct limits *limits)
{
	struct image_path path = path_with(p, n);
	struct outcome o = { .says = "" };
	struct reader r;
	struct error e = { "" };
	struct packet packet;
	o.opened = image_open(&r, path.text, limits, &e);
	if (!o.opened) {
		assert_memory_equal(e.text, path.text, strlen(path.text));
		(void)snprintf(o.says, sizeof(o.says), "%s", e.text + strlen(path.text));
	} else {
		while ((o.status = r.format->next(&r, &packet)) == READ_PACKET)
			o.right += packet.at.ns == (int64_t)o.packets++ * 1000000000;
		if (o.status == READ_DAMAGED)
			(void)snprintf(o.says, sizeof(o.says), "%s", r.damage);
		reader_close(&r);
	}
	unlink(path.text);
	return o;
}

static struct outcome read_back(const void *p, size_t n)
{
	const struct limits limits = limits_default();
	return read_with(p, n, &limits);
}

static void assert_says(const struct outcome *o, const char *part)
{
	if (!strstr(o->says, part))
		fail_msg("\"%s\" does not say \"%s\"", o->says, part);
}

static void frames_in_a_row(void **state)
{
	(void)state;
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed));
	image_fill(m, 3000);
	for (size_t k = 0; k < KINDS; k++) {
		static const size_t pieces[] = { 1000000, 70000, 4096, 333 };
		for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
			pack_frames(&kinds[k], m, pieces[i], i % 2 == 1, packed);
			struct outcome o = read_back(packed->bytes, packed->n);
			assert_true(o.opened);
			assert_string_equal(o.says, "");
			assert_int_equal(o.status, READ_END);
			assert_int_equal(o.right, 3000);
		}
	}
	free(m);
	free(packed);
}

/* Whole frames in front of the cut give all their packets, however the rest ends. */
static void cut_at_every_byte(void **state)
{
	(void)state;
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed)), *front = malloc(sizeof(*front));
	enum { PIECE = 24 + 5 * RECORD };
	image_fill(m, 10);
	for (size_t k = 0; k < KINDS; k++) {
		pack_frames(&kinds[k], m, PIECE, true, packed);
		struct image half = *m;
		half.n = PIECE;
		pack_frames(&kinds[k], &half, PIECE, true, front);
		for (size_t n = 0; n < packed->n; n++) {
			struct outcome o = read_back(packed->bytes, n);
			if (n < front->n) {
				assert_true(!o.opened || o.status == READ_DAMAGED);
				continue;
			}
			assert_true(o.opened);
			assert_true(o.packets >= 5);
			/* Between frames nothing is missing; the first byte of gzip may be padding. */
			if (o.status == READ_END)
				assert_true(n == front->n || n == front->n + 13 ||
				    (n == front->n + 1 && !kinds[k].steps_over));
			else
				assert_says(&o, "cut short");
		}
	}
	free(m);
	free(packed);
	free(front);
}

/* The sum at the end of a frame is wrong: all packets are out by then. */
static void damage_behind_the_data(void **state)
{
	(void)state;
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed));
	image_fill(m, 3000);
	for (size_t k = 0; k < KINDS; k++) {
		pack_frames(&kinds[k], m, 1000000, false, packed);
		packed->bytes[packed->n - 1] ^= 1;
		struct outcome o = read_back(packed->bytes, packed->n);
		assert_int_equal(o.status, READ_DAMAGED);
		assert_int_equal(o.packets, kinds[k].pack == pack_gzip ? 3000 : o.packets);
		assert_true(o.packets >= 3000 - 128 * 1024 / RECORD - 1);
		assert_says(&o, "data is damaged");
	}
	free(m);
	free(packed);
}

/* Each block in front of a damaged one comes out. */
static void damage_between_blocks(void **state)
{
	(void)state;
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed));
	image_fill(m, 3500);
	for (size_t k = 1; k < KINDS; k++) {
		uint64_t before = 0;
		pack_frames(&kinds[k], m, 1000000, false, packed);
		for (size_t at = 20; at < packed->n; at += 4099) {
			packed->bytes[at] ^= 0x55;
			struct outcome o = read_back(packed->bytes, packed->n);
			packed->bytes[at] ^= 0x55;
			assert_true(!o.opened || o.status == READ_DAMAGED);
			assert_true(o.right + 128 * 1024 / RECORD + 2 >=
			    (uint64_t)(3500.0 * (double)at / (double)packed->n));
			before = o.packets > before ? o.packets : before;
		}
		assert_true(before > 1500);
	}
	free(m);
	free(packed);
}

static void something_else_behind(void **state)
{
	(void)state;
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed));
	image_fill(m, PACKETS);
	for (size_t k = 0; k < KINDS; k++) {
		pack_frames(&kinds[k], m, 1000000, false, packed);
		put(packed, "\0\0\0\0\0\0\0\0\0", 9);
		struct outcome o = read_back(packed->bytes, packed->n);
		assert_int_equal(o.packets, PACKETS);
		assert_int_equal(o.status, kinds[k].steps_over ? READ_DAMAGED : READ_END);
		if (kinds[k].steps_over)
			assert_says(&o, "data is damaged: in front of packet 41");
	}
	free(m);
	free(packed);
}

/* Every kind of frame that gives nothing, again and again. */
static void much_for_nothing(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed));
	image_fill(m, 1);
	limits.unpack_idle = 2000;
	for (size_t k = 0; k < KINDS; k++) {
		for (size_t idle = 1000; idle <= 3000; idle += 2000) {
			packed->n = 0;
			packed->n += kinds[k].pack(m->bytes, m->n, packed->bytes, ROOM);
			for (size_t end = packed->n + idle; packed->n < end;)
				packed->n += kinds[k].pack("", 0, packed->bytes + packed->n,
				    ROOM - packed->n);
			struct outcome o = read_with(packed->bytes, packed->n, &limits);
			assert_int_equal(o.packets, 1);
			assert_int_equal(o.status, idle < 2000 ? READ_END : READ_DAMAGED);
			if (idle > 2000)
				assert_says(&o, "give nothing (limit unpack_idle)");
		}
	}
	/* Stepped over before it is known what it is. */
	static const uint8_t skip[] = "\x50\x2a\x4d\x18\xc8\0\0\0";
	packed->n = 0;
	for (size_t i = 0; i < 10; i++) {
		put(packed, skip, 8);
		put(packed, m->bytes, 100);
		put(packed, m->bytes, 100);
	}
	assert_false(read_with(packed->bytes, packed->n, &limits).opened);
	free(m);
	free(packed);
}

static void windows_have_a_limit(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	/* 1 GiB, as `zstd --long=30` writes it. */
	static const uint8_t wide[] = "\x28\xb5\x2f\xfd\x00\xa0\1\0\0";
	struct outcome o = read_with(wide, sizeof(wide) - 1, &limits);
	assert_false(o.opened);
	assert_says(&o, "zstd needs a window of 1073741824 bytes (limit unpack_window)");
	/* The same as content in a single piece. */
	static const uint8_t single[] = "\x28\xb5\x2f\xfd\xa0\0\0\0\x40\1\0\0";
	o = read_with(single, sizeof(single) - 1, &limits);
	assert_says(&o, "zstd needs a window of 1073741824 bytes (limit unpack_window)");
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed));
	image_fill(m, PACKETS);
	pack_frames(&kinds[3], m, 1000000, false, packed);
	limits.unpack_window = 200000;
	o = read_with(packed->bytes, packed->n, &limits);
	assert_says(&o, "lz4 needs a window of 262144 bytes (limit unpack_window)");
	limits.unpack_window = 262144;
	assert_int_equal(read_with(packed->bytes, packed->n, &limits).packets, PACKETS);
	free(m);
	free(packed);
}

/* Several that are open share one room; each gives back what it had. */
static void windows_share_a_room(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct unpack_room room = { 300000, limits.unpack_idle };
	const struct input_options options = { .room = &room };
	struct image *m = calloc(1, sizeof(*m));
	struct stored *packed = malloc(sizeof(*packed));
	struct reader a, b;
	struct error e = { "" };
	image_fill(m, PACKETS);
	pack_frames(&kinds[3], m, 1000000, false, packed);
	struct image_path path = path_with(packed->bytes, packed->n);
	assert_true(reader_open(&a, path.text, &limits, &options, &e));
	assert_false(reader_open(&b, path.text, &limits, &options, &e));
	assert_non_null(strstr(e.text, "limit unpack_window"));
	reader_close(&a);
	assert_true(reader_open(&b, path.text, &limits, &options, &e));
	reader_close(&b);
	assert_int_equal(room.window, 300000);
	unlink(path.text);
	free(m);
	free(packed);
}

/* Heads of frames at every length, in front of a page that must not be touched. */
static void heads_at_every_length(void **state)
{
	(void)state;
	static const uint8_t heads[][20] = {
		"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x28\xb5\x2f\xfd\x24\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x28\xb5\x2f\xfd\0\0\0\0",
		"\x04\x22\x4d\x18\x64\x40\xa7",
		"\x5f\x2a\x4d\x18\xff\xff\xff\xff",
		"\x1f\x8b\x08",
	};
	static const struct packing *const all[] = { &packed_gzip, &packed_zstd, &packed_lz4 };
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		for (size_t n = 0; n <= sizeof(heads[i]); n++) {
			struct slice head = { guard_copy(heads[i], n), n };
			(void)packing_find(head);
			(void)packed_skippable(head);
			for (size_t k = 0; k < 3; k++) {
				(void)all[k]->starts(head);
				if (all[k]->window)
					(void)all[k]->window(head);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_in_a_row),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(damage_behind_the_data),
		cmocka_unit_test(damage_between_blocks),
		cmocka_unit_test(something_else_behind),
		cmocka_unit_test(much_for_nothing),
		cmocka_unit_test(windows_have_a_limit),
		cmocka_unit_test(windows_share_a_room),
		cmocka_unit_test(heads_at_every_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
