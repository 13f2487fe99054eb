/*
 * A compressed capture through capture/ (gzip, zstd, lz4). The first byte says what the rest is: 0, such a file,
 * however damaged: cut somewhere it has the same packets up to there, and memory stays within the limits. Else a
 * capture that is packed here, in frames of as many bytes as the second byte says: it must read as if it were not.
 */
#include "tests/fuzz/captured.h"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

enum { AS_IT_IS, GZIP, ZSTD, LZ4, WAYS };
enum {
	CAPTURE_MAX = 64 << 10,
	FRAME_MAX = CAPTURE_MAX,
	ROOM = FRAME_MAX + 4096,
	GZIP_WINDOW = 15 + 16
};

static size_t pack_gzip(struct slice in, uint8_t *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p,
		.avail_in = (uInt)in.n,
		.next_out = out,
		.avail_out = ROOM };
	ensure(deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, 1, Z_DEFAULT_STRATEGY) == Z_OK, NULL);
	ensure(deflate(&z, Z_FINISH) == Z_STREAM_END, NULL);
	deflateEnd(&z);
	return ROOM - z.avail_out;
}

static size_t pack_zstd(struct slice in, uint8_t *out)
{
	size_t n = ZSTD_compress(out, ROOM, in.p, in.n, 1);
	ensure(!ZSTD_isError(n), NULL);
	return n;
}

static size_t pack_lz4(struct slice in, uint8_t *out)
{
	size_t n = LZ4F_compressFrame(out, ROOM, in.p, in.n, NULL);
	ensure(!LZ4F_isError(n), NULL);
	return n;
}

static void pack(unsigned way, struct slice in, size_t frame, struct bytes *out)
{
	static uint8_t room[ROOM];
	static size_t (*const packs[WAYS])(struct slice, uint8_t *) = { NULL, pack_gzip, pack_zstd,
		pack_lz4 };
	while (in.n != 0) {
		struct slice part = slice_part(in, 0, frame);
		bytes_add(out, room, packs[way](part, room));
		in = slice_part(in, part.n, in.n);
	}
}

/* By its first byte. Of what is packed already nothing is said: twice is refused. */
static bool is_capture(struct slice s)
{
	return s.n != 0 && memchr("\xa1\xd4\x4d\x34\x0a", s.p[0], 5) != NULL;
}

static void check_packed(unsigned way, struct slice plain, size_t frame,
    const struct limits *limits)
{
	struct bytes packed = { 0 };
	struct captured want = captured_read(plain, limits);
	pack(way, plain, frame, &packed);
	struct captured got = captured_read(bytes_all(&packed), limits);
	ensure(got.opened == want.opened && got.damaged == want.damaged, NULL);
	ensure(slice_equal(bytes_all(&got.log), bytes_all(&want.log)), NULL);
	ensure(!want.opened || strcmp(got.why, want.why) == 0, NULL);
	bytes_free(&got.log);
	bytes_free(&want.log);
	bytes_free(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct limits limits = limits_default();
	struct cursor script = cursor_from((struct slice){ data, n });
	unsigned way = cursor_u8(&script) % WAYS;
	if (n < 3 || n > CAPTURE_MAX)
		return 0;
	if (way != AS_IT_IS) {
		size_t frame = (size_t)cursor_u8(&script) * 64;
		if (is_capture(cursor_rest(&script)))
			check_packed(way, cursor_rest(&script), frame != 0 ? frame : FRAME_MAX,
			    &limits);
		return 0;
	}
	struct slice file = cursor_rest(&script);
	struct captured whole = captured_read(file, &limits);
	check_cut_capture(&whole, file, file.n * data[n - 1] / 256, &limits);
	bytes_free(&whole.log);
	return 0;
}
