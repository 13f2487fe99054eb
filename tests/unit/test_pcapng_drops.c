/*
 * pcapng: what a file says was lost when it was recorded, in its packets and in its statistics.
 */
#include "tests/unit/capture_image.h"

enum { PACKET_DROPS = 4, INTERFACE_DROPS = 5, SYSTEM_DROPS = 7, SAYS_NOTHING = -1 };

/* An enhanced packet that says how many were lost before it. */
static void put_packet_after(struct image *m, uint32_t interface, uint64_t drops)
{
	size_t start = block_begin(m, 6);
	image_int(m, interface, 4);
	image_int(m, 0, 8);
	image_int(m, 1, 4);
	image_int(m, 1, 4);
	image_int(m, 0, 4);
	image_option(m, PACKET_DROPS, drops, 8);
	image_option(m, 0, 0, 0);
	block_end(m, start);
}

/* Of all that was lost on an interface so far. */
static void put_statistics(struct image *m, uint32_t interface, int64_t by_interface,
    int64_t by_system)
{
	size_t start = block_begin(m, 5);
	image_int(m, interface, 4);
	image_int(m, 0, 8);
	if (by_interface != SAYS_NOTHING)
		image_option(m, INTERFACE_DROPS, (uint64_t)by_interface, 8);
	if (by_system != SAYS_NOTHING)
		image_option(m, SYSTEM_DROPS, (uint64_t)by_system, 8);
	image_option(m, 0, 0, 0);
	block_end(m, start);
}

static void put_old_packet(struct image *m, uint16_t drops)
{
	size_t start = block_begin(m, 2);
	image_int(m, 0, 2);
	image_int(m, drops, 2);
	image_int(m, 0, 8);
	image_int(m, 1, 4);
	image_int(m, 1, 4);
	image_int(m, 0, 4);
	block_end(m, start);
}

static void begin_drops(struct image *m, bool big)
{
	m->n = 0;
	image_section(m, big);
	image_interface(m, 1, 0);
	image_interface(m, 1, 0);
}

/* What each packet says was lost before it, and what was lost behind the last one. */
static void check_drops(const struct image *m, const uint64_t *lost, size_t n, uint64_t behind)
{
	const struct limits limits = limits_default();
	struct reader r;
	struct packet p;
	struct error e;
	uint64_t sum = behind;
	assert_true(guarded_open(&r, &format_pcapng, m, m->n, &limits, &e));
	for (size_t i = 0; i < n; i++) {
		p.dropped = 99;
		assert_int_equal(format_pcapng.next(&r, &p), READ_PACKET);
		if (p.dropped != lost[i])
			fail_msg("packet %zu: %" PRIu64 " lost and not %" PRIu64, i + 1, p.dropped,
			    lost[i]);
		sum += lost[i];
	}
	assert_int_equal(format_pcapng.next(&r, &p), READ_END);
	assert_int_equal(r.lost, behind);
	assert_int_equal(r.dropped, sum);
	guarded_close(&r);
}

#define DROPS(m, behind, ...) \
	check_drops(m, (const uint64_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), behind)

static void packets_tell_of_losses(void **state)
{
	(void)state;
	static struct image m;
	for (int big = 0; big < 2; big++) {
		begin_drops(&m, big);
		put_packet_after(&m, 0, 0);
		put_packet_after(&m, 0, 3);
		put_packet_after(&m, 1, 4);
		image_enhanced(&m, 0, 0, 1, image_data, 1);
		put_packet_after(&m, 0, 1);
		put_old_packet(&m, 2);
		put_old_packet(&m, 0xffff); /* not known */
		DROPS(&m, 0, 0, 3, 4, 0, 1, 2, 0);
	}
}

/* The counters of an interface begin with the capture: only their growth is new. */
static void statistics_count_from_the_start(void **state)
{
	(void)state;
	static struct image m;
	for (int big = 0; big < 2; big++) {
		begin_drops(&m, big);
		put_statistics(&m, 0, 5, 1);
		image_enhanced(&m, 0, 0, 1, image_data, 1);
		put_statistics(&m, 0, 5, 1);
		image_enhanced(&m, 0, 0, 1, image_data, 1);
		put_statistics(&m, 0, 7, SAYS_NOTHING);
		put_statistics(&m, 1, SAYS_NOTHING, 10);
		image_enhanced(&m, 0, 0, 1, image_data, 1);
		put_statistics(&m, 0, 2, 1); /* a counter that falls has lost its memory */
		image_enhanced(&m, 0, 0, 1, image_data, 1);
		put_statistics(&m, 0, 8, 4);
		DROPS(&m, 4, 6, 0, 12, 0);
	}
}

/* Packets and statistics tell of the same losses, each interface for itself. */
static void losses_are_not_counted_twice(void **state)
{
	(void)state;
	static struct image m;
	begin_drops(&m, false);
	put_packet_after(&m, 0, 5);
	put_packet_after(&m, 1, 2);
	put_statistics(&m, 0, 4, 1);
	put_statistics(&m, 1, 9, 0);
	put_packet_after(&m, 0, 1);
	put_statistics(&m, 0, 7, SAYS_NOTHING); /* of the system: still 1 */
	DROPS(&m, 2, 5, 2, 8);
}

static void each_section_counts_anew(void **state)
{
	(void)state;
	static struct image m;
	begin_drops(&m, false);
	put_packet_after(&m, 0, 5);
	put_statistics(&m, 0, 6, SAYS_NOTHING);
	image_section(&m, true);
	image_interface(&m, 1, 0);
	put_packet_after(&m, 0, 0);
	put_statistics(&m, 0, 3, SAYS_NOTHING);
	DROPS(&m, 3, 5, 1);
}

static void statistics_nobody_believes(void **state)
{
	(void)state;
	static struct image m;
	begin_drops(&m, false);
	put_statistics(&m, 2, 5, 5); /* of no interface */
	size_t start = block_begin(&m, 5);
	image_int(&m, 0, 4);
	image_int(&m, 0, 8);
	image_option(&m, INTERFACE_DROPS, 5, 4); /* not eight bytes */
	image_option(&m, 6, 5, 8); /* another counter */
	image_option(&m, 0, 0, 0);
	image_option(&m, SYSTEM_DROPS, 5, 8); /* behind the end */
	block_end(&m, start);
	image_enhanced(&m, 0, 0, 1, image_data, 1);
	put_statistics(&m, 0, -2, -2);
	put_packet_after(&m, 1, UINT64_MAX);
	DROPS(&m, 0, 0, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_tell_of_losses),
		cmocka_unit_test(statistics_count_from_the_start),
		cmocka_unit_test(losses_are_not_counted_twice),
		cmocka_unit_test(each_section_counts_anew),
		cmocka_unit_test(statistics_nobody_believes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
