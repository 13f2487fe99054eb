/*
 * capture_image.h - capture files put together byte by byte, in either byte order, and read back.
 */
#ifndef DAVSCOPE_TESTS_CAPTURE_IMAGE_H
#define DAVSCOPE_TESTS_CAPTURE_IMAGE_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/reader.h"
#include "tests/unit/guard.h"

struct image {
	bool big;
	size_t n;
	uint8_t bytes[400000];
};

struct image_path {
	char text[256];
};

/* 34 bytes that are no protocol anybody decodes. */
static const char image_data[] = "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x88\xb5"
				 "twenty bytes of data";
enum { IMAGE_DATA = sizeof(image_data) - 1 };

static inline void image_put(struct image *m, const void *p, size_t n)
{
	if (n > sizeof(m->bytes) - m->n)
		abort();
	if (n > 0)
		memcpy(m->bytes + m->n, p, n);
	m->n += n;
}

static inline void image_int(struct image *m, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * (m->big ? width - 1 - i : i));
		image_put(m, &byte, 1);
	}
}

static inline void image_pcap_file(struct image *m, uint32_t magic, uint32_t snaplen, uint32_t link)
{
	image_int(m, magic, 4);
	image_int(m, 2, 2);
	image_int(m, 4, 2);
	image_int(m, 0, 8);
	image_int(m, snaplen, 4);
	image_int(m, link, 4);
}

static inline void image_pcap_packet(struct image *m, uint32_t seconds, uint32_t fraction,
    uint32_t wire_len, const void *p, size_t n)
{
	image_int(m, seconds, 4);
	image_int(m, fraction, 4);
	image_int(m, n, 4);
	image_int(m, wire_len, 4);
	image_put(m, p, n);
}

/* A block whose length is put right by block_end(). */
static inline size_t block_begin(struct image *m, uint32_t type)
{
	size_t start = m->n;
	image_int(m, type, 4);
	image_int(m, 0, 4);
	return start;
}

static inline void block_end(struct image *m, size_t start)
{
	while ((m->n - start) % 4 != 0)
		image_int(m, 0, 1);
	size_t end = m->n, length = end + 4 - start;
	m->n = start + 4;
	image_int(m, length, 4);
	m->n = end;
	image_int(m, length, 4);
}

static inline void image_section(struct image *m, bool big)
{
	m->big = big;
	size_t start = block_begin(m, 0x0a0d0d0a);
	image_int(m, 0x1a2b3c4d, 4);
	image_int(m, 1, 2);
	image_int(m, 0, 2);
	image_int(m, UINT64_MAX, 8);
	block_end(m, start);
}

static inline void image_interface(struct image *m, uint16_t link, uint32_t snaplen)
{
	size_t start = block_begin(m, 1);
	image_int(m, link, 2);
	image_int(m, 0, 2);
	image_int(m, snaplen, 4);
	block_end(m, start);
}

static inline void image_enhanced(struct image *m, uint32_t interface, uint64_t ticks,
    uint32_t wire_len, const void *p, size_t n)
{
	size_t start = block_begin(m, 6);
	image_int(m, interface, 4);
	image_int(m, ticks >> 32, 4);
	image_int(m, ticks, 4);
	image_int(m, n, 4);
	image_int(m, wire_len, 4);
	image_put(m, p, n);
	block_end(m, start);
}

/* Of a pcapng block, padded. */
static inline void image_option(struct image *m, uint16_t code, uint64_t value, size_t width)
{
	image_int(m, code, 2);
	image_int(m, width, 2);
	image_int(m, value, width);
	while (m->n % 4 != 0)
		image_int(m, 0, 1);
}

static inline struct image_path path_new(void)
{
	const char *dir = getenv("TMPDIR");
	struct image_path path;
	(void)snprintf(path.text, sizeof(path.text), "%s/davscope-test-XXXXXX", dir ? dir : "/tmp");
	int fd = mkstemp(path.text);
	assert_true(fd >= 0);
	close(fd);
	return path;
}

static inline struct image_path path_with(const void *p, size_t n)
{
	struct image_path path = path_new();
	FILE *f = fopen(path.text, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* A file, which may be compressed. */
static inline bool image_open(struct reader *r, const char *path, const struct limits *limits, struct error *e)
{
	static struct unpack_room room;
	static const struct input_options options = { .room = &room };
	room = (struct unpack_room){ limits->unpack_window, limits->unpack_idle };
	return reader_open(r, path, limits, &options, e);
}

/*
 * A reader over the first n bytes of an image, which end at a page that must not be touched.
 * False: the file would not have been opened.
 */
static inline bool guarded_open(struct reader *r, const struct format *format, const struct image *m,
    size_t n, const struct limits *limits, struct error *e)
{
	*r = (struct reader){ .format = format, .limits = limits };
	r->in.buf = (uint8_t *)(uintptr_t)guard_copy(m->bytes, n);
	r->in.to = r->in.room = n;
	r->in.state = INPUT_ENDED;
	struct slice head = { r->in.buf, n < 16 ? n : 16 };
	return format->recognises(head) && format->start(r, e);
}

static inline void guarded_close(struct reader *r)
{
	munmap((void *)((uintptr_t)r->in.buf & ~(uintptr_t)4095), 4096);
	if (r->format->finish)
		r->format->finish(r);
}

/* All packets of the image; the last of them, and how it ended. */
static inline enum read_status image_read(const struct format *format, const struct image *m,
    const struct limits *limits, struct packet *last, struct reader *r)
{
	struct error e = { "" };
	enum read_status status;
	if (!guarded_open(r, format, m, m->n, limits, &e))
		fail_msg("%s", e.text);
	while ((status = format->next(r, last)) == READ_PACKET)
		continue;
	if (format->finish)
		format->finish(r);
	return status;
}

/*
 * The file cut at every byte: `ends` are the places between records, in ascending order, with the
 * number of packets in front of each. A cut there is a clean end, any other one is damage, and in
 * both cases all packets in front of the cut come out.
 */
struct image_end {
	size_t at;
	uint64_t packets;
};

static inline void image_cut_everywhere(const struct format *format, const struct image *m,
    const struct image_end *ends, size_t n_ends)
{
	const struct limits limits = limits_default();
	for (size_t n = 0; n <= m->n; n++) {
		struct reader r;
		struct error e;
		struct packet p;
		struct image_end before = { 0, 0 };
		for (size_t i = 0; i < n_ends && ends[i].at <= n; i++)
			before = ends[i];
		uint64_t packets = 0;
		enum read_status status = READ_DAMAGED;
		if (guarded_open(&r, format, m, n, &limits, &e)) {
			while ((status = format->next(&r, &p)) == READ_PACKET)
				packets++;
			if (status == READ_DAMAGED && before.at > 0) {
				assert_int_equal(r.offset, before.at);
				assert_non_null(strstr(r.damage, "cut short in the middle of"));
			}
		}
		assert_int_equal(packets, before.packets);
		assert_int_equal(status, before.at == n && n > 0 ? READ_END : READ_DAMAGED);
		guarded_close(&r);
	}
}

#endif
