/*
 * pcapng: sections, interfaces, clocks, the kinds of packets, and blocks that contradict themselves.
 */
#include "tests/unit/capture_image.h"

enum { MICRO = 1000, SECOND = 1000000000 };

static void sections_and_interfaces(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	static struct image m;
	struct reader r;
	struct packet p;
	struct error e;
	m.n = 0;
	image_section(&m, true);
	image_interface(&m, 1, 0);
	image_interface(&m, 276, 0);
	image_enhanced(&m, 1, 1700000000000000, 99, image_data, IMAGE_DATA);
	image_enhanced(&m, 0, 1700000000000001, 99, image_data, 33);
	image_section(&m, false);
	image_interface(&m, 101, 0);
	image_enhanced(&m, 0, 1700000000000002, 99, image_data, 0);
	static const struct {
		int linktype;
		size_t n;
	} expected[] = { { 276, IMAGE_DATA }, { 1, 33 }, { 101, 0 } };
	assert_true(guarded_open(&r, &format_pcapng, &m, m.n, &limits, &e));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(format_pcapng.next(&r, &p), READ_PACKET);
		assert_int_equal(p.at.frame, i + 1);
		assert_int_equal(p.at.ns, (INT64_C(1700000000000000) + (int64_t)i) * MICRO);
		assert_int_equal(p.linktype, expected[i].linktype);
		assert_int_equal(p.bytes.n, expected[i].n);
		assert_int_equal(p.wire_len, 99);
		assert_memory_equal(p.bytes.p, image_data, p.bytes.n);
	}
	assert_int_equal(format_pcapng.next(&r, &p), READ_END);
	guarded_close(&r);
}

static int64_t time_of(bool big, uint8_t resolution, int64_t offset, uint64_t ticks)
{
	const struct limits limits = limits_default();
	static struct image m;
	struct reader r;
	struct packet p;
	m.n = 0;
	image_section(&m, big);
	size_t start = block_begin(&m, 1);
	image_int(&m, 1, 8);
	m.n = start + 8;
	image_int(&m, 1, 2);
	image_int(&m, 0, 6);
	image_option(&m, 9, resolution, 1);
	if (offset != 0)
		image_option(&m, 14, (uint64_t)offset, 8);
	image_option(&m, 0, 0, 0);
	block_end(&m, start);
	image_enhanced(&m, 0, ticks, 1, image_data, 1);
	assert_int_equal(image_read(&format_pcapng, &m, &limits, &p, &r), READ_END);
	assert_int_equal(r.frame, 1);
	return p.at.ns;
}

static void clocks(void **state)
{
	(void)state;
	enum { TWO = 0x80 };
	static const struct {
		uint8_t resolution;
		int64_t offset;
		uint64_t ticks;
		int64_t ns;
	} rows[] = {
		{ 0, 0, 1700000000, INT64_C(1700000000) * SECOND },
		{ 3, 0, 1700000000123, INT64_C(1700000000123) * 1000000 },
		{ 6, 0, 1700000000123456, INT64_C(1700000000123456) * MICRO },
		{ 9, 0, 1700000000123456789, INT64_C(1700000000123456789) },
		{ 12, 0, 1700000000123456789, INT64_C(1700000000123456) },
		{ 19, 0, UINT64_MAX, 1844674407 },
		{ 28, 0, UINT64_MAX, 1 },
		{ 29, 0, UINT64_MAX, 0 },
		{ 127, 0, UINT64_MAX, 0 },
		{ TWO, 0, 1700000000, INT64_C(1700000000) * SECOND },
		{ TWO + 1, 0, 3, 3 * INT64_C(500000000) },
		{ TWO + 32, 0, UINT64_C(1700000000) << 32 | 0x80000000,
		    INT64_C(1700000000) * SECOND + 500000000 },
		{ TWO + 63, 0, UINT64_C(1) << 63, SECOND },
		{ TWO + 93, 0, UINT64_MAX, 1 },
		{ TWO + 94, 0, UINT64_MAX, 0 },
		{ TWO + 127, 0, UINT64_MAX, 0 },
		/* Before 1970 by the offset, or by a clock that ran below zero. */
		{ 6, -2000000000, 1500000, INT64_C(-1999999999) * SECOND + 500000000 },
		{ 6, 2000000000, 1500000, INT64_C(2000000001) * SECOND + 500000000 },
		{ 6, 0, (uint64_t)-500000, INT64_C(-500000000) },
		{ 9, 0, (uint64_t)INT64_MIN, INT64_MIN },
		/* More than fits stays at the end of time. */
		{ 0, 0, UINT64_C(1) << 62, INT64_MAX },
		{ 6, INT64_MAX, 1, INT64_MAX },
		{ 6, INT64_MIN, 1, INT64_MIN },
		{ 9, -1, INT64_MAX, INT64_MAX - SECOND },
	};
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		size_t row = i / 2;
		int64_t ns = time_of(i % 2, rows[row].resolution, rows[row].offset,
		    rows[row].ticks);
		if (ns != rows[row].ns)
			fail_msg("row %zu: %" PRId64 " and not %" PRId64, row, ns, rows[row].ns);
	}
}

static void option_rules(void **state)
{
	(void)state;
	static struct image m;
	const struct limits limits = limits_default();
	struct reader r;
	struct packet p;
	m.n = 0;
	image_section(&m, false);
	size_t start = block_begin(&m, 1);
	image_int(&m, 1, 8);
	image_option(&m, 2, 0x616161, 3); /* if_name, padded */
	image_option(&m, 9, 0x0909, 2); /* not one byte long: not believed */
	image_option(&m, 14, 7, 4); /* not eight */
	image_option(&m, 9, 3, 1);
	image_option(&m, 9, 9, 1); /* the first one counts */
	image_option(&m, 0, 0, 0);
	image_option(&m, 14, 1000, 8); /* behind the end */
	block_end(&m, start);
	image_enhanced(&m, 0, 5, 1, image_data, 1);
	assert_int_equal(image_read(&format_pcapng, &m, &limits, &p, &r), READ_END);
	assert_int_equal(p.at.ns, 5000000);
}

static void simple_and_old_packets(void **state)
{
	(void)state;
	static struct image m;
	const struct limits limits = limits_default();
	struct reader r;
	struct packet p;
	struct error e;
	m.n = 0;
	image_section(&m, true);
	image_interface(&m, 1, 20);
	image_interface(&m, 113, 0);
	size_t start = block_begin(&m, 2);
	image_int(&m, 1, 2);
	image_int(&m, 9, 2); /* drops */
	image_int(&m, 7, 8);
	image_int(&m, IMAGE_DATA, 4);
	image_int(&m, 60, 4);
	image_put(&m, image_data, IMAGE_DATA);
	block_end(&m, start);
	start = block_begin(&m, 3);
	image_int(&m, 60, 4);
	image_put(&m, image_data, 20);
	block_end(&m, start);
	start = block_begin(&m, 3);
	image_int(&m, 3, 4);
	image_put(&m, image_data, 3);
	block_end(&m, start);
	assert_true(guarded_open(&r, &format_pcapng, &m, m.n, &limits, &e));
	static const struct {
		int linktype;
		size_t n;
		uint32_t wire_len;
	} expected[] = { { 113, IMAGE_DATA, 60 }, { 1, 20, 60 }, { 1, 3, 3 } };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(format_pcapng.next(&r, &p), READ_PACKET);
		assert_int_equal(p.linktype, expected[i].linktype);
		assert_int_equal(p.bytes.n, expected[i].n);
		assert_int_equal(p.wire_len, expected[i].wire_len);
		assert_int_equal(p.at.ns, 7 * MICRO); /* simple packets have no time of their own */
	}
	assert_int_equal(format_pcapng.next(&r, &p), READ_END);
	guarded_close(&r);
}

static void other_blocks(void **state)
{
	(void)state;
	static const struct {
		uint32_t type;
		uint64_t frame; /* of the packet behind the block */
	} rows[] = {
		{ 4, 2 },
		{ 5, 2 },
		{ 10, 2 },
		{ 0x12345, 2 },
		{ 0x80000001, 2 },
		{ 9, 3 },
		{ 0x204, 3 },
		{ 0x216, 3 },
		{ 0x221, 3 },
		{ 0xbad, 3 },
		{ 0x40000bad, 3 },
	};
	const struct limits limits = limits_default();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct image m;
		struct reader r;
		struct packet p;
		m.n = 0;
		image_section(&m, i % 2);
		image_interface(&m, 1, 0);
		image_enhanced(&m, 0, 1, 1, image_data, 1);
		size_t start = block_begin(&m, rows[i].type);
		image_int(&m, i, 4 * (i % 3));
		block_end(&m, start);
		image_enhanced(&m, 0, 1, 1, image_data, 1);
		assert_int_equal(image_read(&format_pcapng, &m, &limits, &p, &r), READ_END);
		assert_int_equal(p.at.frame, rows[i].frame);
	}
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		static struct image m;
		struct image_end ends[7];
		size_t n = 0;
		m.n = 0;
		image_section(&m, big);
		ends[n++] = (struct image_end){ m.n, 0 };
		image_interface(&m, 1, 0);
		ends[n++] = (struct image_end){ m.n, 0 };
		image_enhanced(&m, 0, 1, 1, image_data, 33);
		ends[n++] = (struct image_end){ m.n, 1 };
		size_t start = block_begin(&m, 0x12345);
		block_end(&m, start);
		ends[n++] = (struct image_end){ m.n, 1 };
		image_section(&m, !big);
		ends[n++] = (struct image_end){ m.n, 1 };
		image_interface(&m, 1, 0);
		ends[n++] = (struct image_end){ m.n, 1 };
		start = block_begin(&m, 3);
		image_int(&m, 4, 4);
		image_put(&m, image_data, 4);
		block_end(&m, start);
		ends[n++] = (struct image_end){ m.n, 2 };
		image_cut_everywhere(&format_pcapng, &m, ends, n);
	}
}

/* A block that claims n bytes in front, m behind, and has 16. */
static void put_liar(struct image *m, uint32_t front, uint32_t behind)
{
	image_int(m, 0x12345, 4);
	image_int(m, front, 4);
	image_int(m, 0, 4);
	image_int(m, behind, 4);
}

/* A block of this type that has nothing but n zeros. */
static void put_zeros(struct image *m, uint32_t type, size_t n)
{
	size_t start = block_begin(m, type);
	while (n-- > 0)
		image_int(m, 0, 1);
	block_end(m, start);
}

enum lie {
	LIE_TRAILER,
	LIE_ZERO,
	LIE_EIGHT,
	LIE_HUGE,
	LIE_NO_INTERFACE,
	LIE_CAPTURED,
	LIE_SHORT_PACKET,
	LIE_SHORT_SIMPLE,
	LIE_SHORT_INTERFACE,
	LIE_ORDER,
	LIE_VERSION,
	LIE_OPTION,
	LIES,
};

static void put_lie(struct image *m, enum lie lie)
{
	size_t start = m->n;
	switch (lie) {
	case LIE_TRAILER:
		put_liar(m, 16, 20);
		break;
	case LIE_ZERO:
		put_liar(m, 0, 0);
		break;
	case LIE_EIGHT:
		put_liar(m, 8, 8);
		break;
	case LIE_HUGE:
		put_liar(m, 0xfffffffe, 0xfffffffe);
		break;
	case LIE_NO_INTERFACE:
		image_enhanced(m, 1, 1, 1, image_data, 1);
		break;
	case LIE_CAPTURED:
		image_enhanced(m, 0, 1, 1, image_data, 4);
		m->bytes[start + 20] = m->big ? 0 : 5;
		m->bytes[start + 23] = m->big ? 5 : 0;
		break;
	case LIE_ORDER:
		image_section(m, m->big);
		m->bytes[start + 8] ^= 1;
		break;
	case LIE_VERSION:
		image_section(m, m->big);
		m->bytes[start + (m->big ? 13 : 12)] = 3;
		break;
	case LIE_SHORT_PACKET:
		put_zeros(m, 6, 16);
		break;
	case LIE_SHORT_SIMPLE:
		put_zeros(m, 3, 0);
		break;
	case LIE_SHORT_INTERFACE:
		put_zeros(m, 1, 4);
		break;
	default:
		put_zeros(m, 1, 12);
		m->bytes[start + 16 + (m->big ? 1 : 0)] = 9;
		m->bytes[start + 18 + (m->big ? 1 : 0)] = 1;
	}
}

static const char *const lie_says[LIES] = {
	[LIE_TRAILER] = "block 4 claims 16 bytes in front and 20 behind",
	[LIE_ZERO] = "block 4 claims 0 bytes, too few",
	[LIE_EIGHT] = "block 4 claims 8 bytes, too few",
	[LIE_HUGE] = "block 4 claims 4294967294 bytes, too many",
	[LIE_NO_INTERFACE] = "block 4: a packet of interface 1, which is not described",
	[LIE_CAPTURED] = "block 4: a packet of 5 bytes, more than the block has",
	[LIE_SHORT_PACKET] = "block 4: too short for a packet",
	[LIE_SHORT_SIMPLE] = "block 4: too short for a packet",
	[LIE_SHORT_INTERFACE] = "block 4: too short for an interface",
	[LIE_OPTION] = "block 4: an interface option is longer than the block",
	[LIE_ORDER] = "block 4: a section header without byte order",
	[LIE_VERSION] = "block 4: pcapng version 3.0 is not known",
};

static void blocks_that_lie(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	for (size_t i = 0; i < 2 * LIES; i++) {
		static struct image m;
		struct reader r;
		struct packet p;
		m.n = 0;
		image_section(&m, i % 2);
		image_interface(&m, 1, 0);
		image_enhanced(&m, 0, 1, 1, image_data, 1);
		size_t lie = m.n;
		put_lie(&m, (enum lie)(i / 2));
		image_enhanced(&m, 0, 1, 1, image_data, 1);
		assert_int_equal(image_read(&format_pcapng, &m, &limits, &p, &r), READ_DAMAGED);
		assert_string_equal(r.damage, lie_says[i / 2]);
		assert_int_equal(r.frame, 1);
		assert_int_equal(r.record, 4);
		assert_int_equal(r.offset, lie);
	}
}

static void uncounted_padding(void **state)
{
	(void)state;
	static struct image m;
	const struct limits limits = limits_default();
	struct reader r;
	struct packet p;
	m.n = 0;
	image_section(&m, false);
	image_interface(&m, 1, 0);
	put_liar(&m, 13, 13);
	put_liar(&m, 14, 16);
	image_enhanced(&m, 0, 1, 1, image_data, 1);
	assert_int_equal(image_read(&format_pcapng, &m, &limits, &p, &r), READ_END);
	assert_int_equal(r.frame, 1);
}

static void limits_hold(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	static struct image m;
	struct reader r;
	struct packet p;
	limits.file_interfaces = 3;
	limits.file_block = 64;
	limits.snaplen = 10;
	m.n = 0;
	image_section(&m, false);
	for (int i = 0; i < 3; i++)
		image_interface(&m, 1, 0);
	image_enhanced(&m, 2, 1, 99, image_data, 32);
	size_t good = m.n;
	image_interface(&m, 1, 0);
	assert_int_equal(image_read(&format_pcapng, &m, &limits, &p, &r), READ_DAMAGED);
	assert_string_equal(r.damage, "block 6: no room for another interface");
	assert_int_equal(p.bytes.n, 10);
	assert_int_equal(p.wire_len, 99);
	m.n = good;
	image_enhanced(&m, 2, 1, 99, image_data, 33);
	assert_int_equal(image_read(&format_pcapng, &m, &limits, &p, &r), READ_DAMAGED);
	assert_string_equal(r.damage, "block 6 claims 68 bytes, too many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_interfaces),
		cmocka_unit_test(clocks),
		cmocka_unit_test(option_rules),
		cmocka_unit_test(simple_and_old_packets),
		cmocka_unit_test(other_blocks),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(blocks_that_lie),
		cmocka_unit_test(uncounted_padding),
		cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
