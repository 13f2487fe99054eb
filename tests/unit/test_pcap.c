/*
 * Classic pcap and what every format shares: byte orders, clocks, lengths that lie, cuts, gzip.
 */
#include "tests/unit/capture_image.h"

#include <zlib.h>

static const struct {
	uint32_t magic;
	bool big;
	int64_t tick_ns;
} variants[] = {
	{ 0xa1b2c3d4, false, 1000 },
	{ 0xa1b2c3d4, true, 1000 },
	{ 0xa1b23c4d, false, 1 },
	{ 0xa1b23c4d, true, 1 },
};

static void variants_are_read(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	for (size_t i = 0; i < 4; i++) {
		struct image m = { .big = variants[i].big };
		struct reader r;
		struct packet p;
		image_pcap_file(&m, variants[i].magic, 65535, 113);
		image_pcap_packet(&m, 5, 6, 7, image_data, IMAGE_DATA);
		image_pcap_packet(&m, 0xffffffff, 999999, 1500, image_data, IMAGE_DATA);
		assert_int_equal(image_read(&format_pcap, &m, &limits, &p, &r), READ_END);
		assert_int_equal(r.frame, 2);
		assert_int_equal(p.at.frame, 2);
		assert_int_equal(p.at.ns, 4294967295 * 1000000000 + 999999 * variants[i].tick_ns);
		assert_int_equal(p.linktype, 113);
		assert_int_equal(p.wire_len, 1500);
		assert_int_equal(p.bytes.n, IMAGE_DATA);
		assert_memory_equal(p.bytes.p, image_data, IMAGE_DATA);
	}
}

static void link_type_without_fcs_bits(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct image m = { .big = true };
	struct reader r;
	struct packet p;
	image_pcap_file(&m, 0xa1b2c3d4, 65535, 0x24000001);
	image_pcap_packet(&m, 5, 6, IMAGE_DATA, image_data, IMAGE_DATA);
	assert_int_equal(image_read(&format_pcap, &m, &limits, &p, &r), READ_END);
	assert_int_equal(p.linktype, 1);
}

static void old_versions_swap_the_lengths(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct image m = { .big = false };
	struct reader r;
	struct packet p;
	image_pcap_file(&m, 0xa1b2c3d4, 68, 1);
	m.bytes[6] = 2;
	image_int(&m, 1, 8);
	image_int(&m, 1500, 4);
	image_int(&m, IMAGE_DATA, 4);
	image_put(&m, image_data, IMAGE_DATA);
	assert_int_equal(image_read(&format_pcap, &m, &limits, &p, &r), READ_END);
	assert_int_equal(p.bytes.n, IMAGE_DATA);
	assert_int_equal(p.wire_len, 1500);
}

static void unknown_version(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct image m = { .big = false };
	struct reader r;
	struct error e;
	image_pcap_file(&m, 0xa1b2c3d4, 68, 1);
	m.bytes[4] = 1;
	assert_false(guarded_open(&r, &format_pcap, &m, m.n, &limits, &e));
	assert_string_equal(e.text, "pcap version 1.4 is not known");
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct image m = { .big = variants[i].big };
		struct image_end ends[4];
		image_pcap_file(&m, variants[i].magic, 65535, 1);
		ends[0] = (struct image_end){ m.n, 0 };
		image_pcap_packet(&m, 1, 2, 3, image_data, IMAGE_DATA);
		ends[1] = (struct image_end){ m.n, 1 };
		image_pcap_packet(&m, 1, 2, 3, image_data, 0);
		ends[2] = (struct image_end){ m.n, 2 };
		image_pcap_packet(&m, 1, 2, 3, image_data, 1);
		ends[3] = (struct image_end){ m.n, 3 };
		image_cut_everywhere(&format_pcap, &m, ends, 4);
	}
}

/* One packet of `claimed` bytes that has IMAGE_DATA, between two honest ones. */
static enum read_status read_lie(uint32_t snaplen, uint32_t claimed, struct reader *r)
{
	const struct limits limits = limits_default();
	struct image m = { .big = false };
	struct packet p;
	image_pcap_file(&m, 0xa1b2c3d4, snaplen, 1);
	image_pcap_packet(&m, 1, 1, IMAGE_DATA, image_data, IMAGE_DATA);
	size_t lie = m.n;
	image_pcap_packet(&m, 1, 1, claimed, image_data, IMAGE_DATA);
	image_pcap_packet(&m, 1, 1, IMAGE_DATA, image_data, IMAGE_DATA);
	size_t end = m.n;
	m.n = lie + 8;
	image_int(&m, claimed, 4);
	m.n = end;
	return image_read(&format_pcap, &m, &limits, &p, r);
}

static void lengths_that_lie(void **state)
{
	(void)state;
	static const struct {
		uint32_t snaplen, claimed;
		const char *says;
	} lies[] = {
		{ 65535, 262145, "packet 2 claims 262145 bytes" },
		{ 0, 0x10000001, /* file_record and one */
		    "packet 2 claims 268435457 bytes" },
		{ UINT32_MAX, UINT32_MAX, "packet 2 claims 4294967295 bytes" },
		{ 65535, 262144, "cut short in the middle of packet 2" },
		{ 300000, 300000, "cut short in the middle of packet 2" },
	};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct reader r;
		assert_int_equal(read_lie(lies[i].snaplen, lies[i].claimed, &r), READ_DAMAGED);
		assert_string_equal(r.damage, lies[i].says);
		assert_int_equal(r.record, 2);
		assert_int_equal(r.offset, 24 + 16 + IMAGE_DATA);
	}
}

static void captured_beyond_the_wire_length_is_kept(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct image m = { .big = false };
	struct reader r;
	struct packet p;
	image_pcap_file(&m, 0xa1b2c3d4, 10, 1);
	image_pcap_packet(&m, 1, 1, 5, image_data, IMAGE_DATA);
	assert_int_equal(image_read(&format_pcap, &m, &limits, &p, &r), READ_END);
	assert_int_equal(p.wire_len, 5);
	assert_int_equal(p.bytes.n, IMAGE_DATA);
}

static void clipped_at_the_snaplen_limit(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.snaplen = 20;
	struct image m = { .big = false };
	struct reader r;
	struct packet p;
	struct error e;
	image_pcap_file(&m, 0xa1b2c3d4, 65535, 1);
	image_pcap_packet(&m, 1, 0, 1000, image_data, IMAGE_DATA);
	image_pcap_packet(&m, 2, 0, 20, image_data, 20);
	image_pcap_packet(&m, 3, 0, 1000, image_data, IMAGE_DATA);
	assert_true(guarded_open(&r, &format_pcap, &m, m.n - 1, &limits, &e));
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(format_pcap.next(&r, &p), READ_PACKET);
		assert_int_equal(p.at.ns, i * INT64_C(1000000000));
		assert_int_equal(p.bytes.n, 20);
		assert_int_equal(p.wire_len, i == 2 ? 20 : 1000);
	}
	/* The missing byte is one of those that nobody wanted, and missing all the same. */
	assert_int_equal(format_pcap.next(&r, &p), READ_DAMAGED);
	assert_string_equal(r.damage, "cut short in the middle of packet 3");
}

enum { MANY = 30000 };

/* Packets of all sizes, so that they straddle every buffer boundary; the bytes tell where they are from. */
static size_t many_packets(uint8_t *out)
{
	struct image *m = calloc(1, sizeof(*m));
	size_t n = 0;
	image_pcap_file(m, 0xa1b2c3d4, 65535, 1);
	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t data[97];
		memset(data, (int)(i % 251), sizeof(data));
		image_pcap_packet(m, i, 0, 97, data, i % 98);
		memcpy(out + n, m->bytes, m->n);
		n += m->n;
		m->n = 0;
	}
	free(m);
	return n;
}

/* How many came out whole and in order, and what stopped them. */
static uint64_t read_many(const char *path, char damage[160], uint64_t *hash)
{
	const struct limits limits = limits_default();
	struct reader r;
	struct error e = { "" };
	struct packet p;
	damage[0] = '\0';
	if (!image_open(&r, path, &limits, &e))
		fail_msg("%s", e.text);
	enum read_status status;
	while ((status = r.format->next(&r, &p)) == READ_PACKET) {
		uint64_t i = r.frame - 1;
		assert_int_equal(p.at.ns, (int64_t)i * 1000000000);
		assert_int_equal(p.bytes.n, i % 98);
		for (size_t k = 0; k < p.bytes.n; k++)
			assert_int_equal(p.bytes.p[k], i % 251);
	}
	if (status == READ_DAMAGED)
		memcpy(damage, r.damage, sizeof(r.damage));
	reader_close(&r);
	*hash = r.in.hash;
	return r.frame;
}

static size_t pack(const uint8_t *in, size_t n, uint8_t *out, size_t room)
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

static void across_buffers_and_gzip(void **state)
{
	(void)state;
	enum { ROOM = 3 * 1024 * 1024, MIDDLE = 777777 };
	uint8_t *plain = malloc(ROOM), *packed = malloc(ROOM);
	char damage[160];
	uint64_t hash, other;
	size_t n = many_packets(plain);
	assert_true(n > 1024 * 1024);
	struct image_path path = path_with(plain, n);
	assert_int_equal(read_many(path.text, damage, &hash), MANY);
	assert_string_equal(damage, "");
	unlink(path.text);

	/* Two members, and the zeros that a tape leaves behind. */
	size_t first = pack(plain, MIDDLE, packed, ROOM);
	size_t both = first + pack(plain + MIDDLE, n - MIDDLE, packed + first, ROOM - first);
	memset(packed + both, 0, 512);
	path = path_with(packed, both + 512);
	assert_int_equal(read_many(path.text, damage, &other), MANY);
	assert_string_equal(damage, "");
	assert_int_equal(hash, other);
	unlink(path.text);

	/* Cut within the second member: everything unpacked until then is there. */
	path = path_with(packed, both - 9);
	assert_in_range(read_many(path.text, damage, &other), MANY - 1000, MANY);
	assert_memory_equal(damage, "the gzip data is cut short", 26);
	unlink(path.text);

	/* A wrong checksum is found at the end, when all packets are out. */
	packed[both - 5] ^= 1;
	path = path_with(packed, both);
	assert_int_equal(read_many(path.text, damage, &other), MANY);
	assert_string_equal(damage, "the gzip data is damaged: in front of packet 30001");
	unlink(path.text);

	/* Cut between two members: the capture is cut, its packing is not. */
	path = path_with(packed, first);
	assert_in_range(read_many(path.text, damage, &other), 1, MANY - 1);
	assert_memory_equal(damage, "cut short in the middle of packet", 33);
	unlink(path.text);
	free(plain);
	free(packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variants_are_read),
		cmocka_unit_test(link_type_without_fcs_bits),
		cmocka_unit_test(old_versions_swap_the_lengths),
		cmocka_unit_test(unknown_version),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(captured_beyond_the_wire_length_is_kept),
		cmocka_unit_test(clipped_at_the_snaplen_limit),
		cmocka_unit_test(across_buffers_and_gzip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
