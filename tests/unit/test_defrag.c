/*
 * test_defrag.c - fragments in every order and overlap against a table of first arrivals, and the
 * limits that an endless stream of never completed datagrams runs into.
 */
#include "decode/defrag.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct bench {
	unsigned n[ANOMALY_CODES];
	struct anomaly last;
	struct limits limits;
	struct defrag *defrag;
	uint64_t frame;
};

static void note_anomaly(void *ctx, const struct anomaly *a)
{
	struct bench *b = ctx;
	b->n[a->code]++;
	b->last = *a;
}

static void restart(struct bench *b)
{
	defrag_free(b->defrag);
	b->defrag = defrag_new(&b->limits, hash_key_from(7), (struct net_sink){ note_anomaly, b });
	assert_non_null(b->defrag);
}

static int start(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	b->limits = limits_default();
	restart(b);
	*state = b;
	return 0;
}

static int stop(void **state)
{
	struct bench *b = *state;
	defrag_free(b->defrag);
	free(b);
	return 0;
}

static struct datagram fragment(struct bench *b, uint32_t id, uint32_t offset, bool more,
    const void *bytes, size_t n)
{
	b->frame++;
	return (struct datagram){
		.at = { .order = b->frame, .frame = b->frame, .ns = (int64_t)b->frame },
		.src = { .family = 4, .address = { 10, 0, 0, 1 } },
		.dst = { .family = 4, .address = { 10, 0, 0, 2 } },
		.protocol = PROTOCOL_TCP,
		.c = cursor_from((struct slice){ bytes, n }),
		.fragment = true,
		.more = more,
		.id = id,
		.offset = offset,
	};
}

static bool send(struct bench *b, uint32_t offset, bool more, const char *text, struct slice *whole)
{
	struct datagram d = fragment(b, 1, offset, more, guard_copy(text, strlen(text)),
	    strlen(text));
	if (!defrag_packet(b->defrag, &d))
		return false;
	*whole = cursor_rest(&d.c);
	return true;
}

/* Two fragments that may overlap, and a third one that covers all and fills in the rest. */
static void test_overlaps_by_hand(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint32_t first, n_first, second, n_second;
		const char *result;
		unsigned conflicts;
	} cases[] = {
		{ 8, 8, 8, 8, "zzzzzzzzAAAAAAAAzzzzzzzzzzzz", 1 },
		{ 8, 8, 8, 16, "zzzzzzzzAAAAAAAABBBBBBBBzzzz", 1 },
		{ 8, 16, 8, 8, "zzzzzzzzAAAAAAAAAAAAAAAAzzzz", 1 },
		{ 8, 8, 0, 16, "BBBBBBBBAAAAAAAAzzzzzzzzzzzz", 1 },
		{ 8, 8, 0, 24, "BBBBBBBBAAAAAAAABBBBBBBBzzzz", 1 },
		{ 0, 24, 8, 8, "AAAAAAAAAAAAAAAAAAAAAAAAzzzz", 1 },
		{ 0, 16, 8, 16, "AAAAAAAAAAAAAAAABBBBBBBBzzzz", 1 },
		{ 8, 16, 0, 16, "BBBBBBBBAAAAAAAAAAAAAAAAzzzz", 1 },
		{ 0, 8, 8, 8, "AAAAAAAABBBBBBBBzzzzzzzzzzzz", 0 },
		{ 16, 8, 0, 8, "BBBBBBBBzzzzzzzzAAAAAAAAzzzz", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice whole = { NULL, 0 };
		restart(b);
		memset(b->n, 0, sizeof(b->n));
		uint64_t frame = b->frame;
		const char *first = &"AAAAAAAAAAAAAAAAAAAAAAAA"[24 - cases[i].n_first];
		const char *second = &"BBBBBBBBBBBBBBBBBBBBBBBB"[24 - cases[i].n_second];
		assert_false(send(b, cases[i].first, true, first, &whole));
		assert_false(send(b, cases[i].second, true, second, &whole));
		assert_int_equal(b->n[IP_FRAG_OVERLAP], cases[i].conflicts);
		if (cases[i].conflicts != 0) {
			assert_int_equal(b->last.at.frame, frame + 2);
			assert_int_equal(b->last.other.frame, frame + 1);
		}
		assert_true(send(b, 0, false, "zzzzzzzzzzzzzzzzzzzzzzzzzzzz", &whole));
		assert_true(slice_equal(whole, slice_from(cases[i].result)));
		assert_int_equal(defrag_bytes(b->defrag), 0);
	}
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Random fragments of 64 bytes until they are whole, against a table of first arrivals. */
static void test_first_arrival_wins(void **state)
{
	struct bench *b = *state;
	b->limits.frag_pieces = 1000;
	restart(b);
	for (uint64_t round = 0; round < 3000; round++) {
		uint64_t seed = round;
		uint8_t table[61], known[61] = { 0 }, bytes[64];
		size_t n_known = 0, sent = 0;
		bool conflict = false;
		memset(b->n, 0, sizeof(b->n));
		for (;;) {
			uint32_t offset = next_random(&seed) % 8 * 8;
			uint32_t end = offset + 8 + next_random(&seed) % 4 * 8;
			bool more = end < sizeof(table);
			if (!more)
				end = sizeof(table);
			for (uint32_t i = offset; i < end; i++) {
				uint8_t byte = (uint8_t)(i + (next_random(&seed) % 64 == 0));
				bytes[i - offset] = byte;
				conflict |= known[i] && table[i] != byte;
				n_known += !known[i];
				table[i] = known[i] ? table[i] : byte;
				known[i] = 1;
			}
			struct datagram d = fragment(b, 1, offset, more, bytes, end - offset);
			bool whole = defrag_packet(b->defrag, &d);
			sent++;
			assert_int_equal(whole, n_known == sizeof(table));
			if (!whole)
				continue;
			assert_int_equal(cursor_left(&d.c), sizeof(table));
			assert_memory_equal(d.c.p, table, sizeof(table));
			assert_int_equal(d.n_pieces, sent - 1);
			break;
		}
		if (conflict)
			assert_true(b->n[IP_FRAG_OVERLAP] > 0);
		assert_int_equal(defrag_bytes(b->defrag), 0);
	}
}

static void test_ends_that_disagree(void **state)
{
	struct bench *b = *state;
	struct slice whole;
	assert_false(send(b, 8, false, "BBBB", &whole));
	assert_false(send(b, 8, true, "CCCCCCCC", &whole)); /* beyond the end */
	assert_false(send(b, 8, false, "BBBBB", &whole)); /* another end */
	assert_int_equal(b->n[IP_BAD_HEADER], 2);
	assert_true(send(b, 0, true, "AAAAAAAA", &whole));
	assert_true(slice_equal(whole, SLICE("AAAAAAAABBBB")));
	assert_false(send(b, 16, true, "CCCCCCCC", &whole));
	assert_false(send(b, 8, false, "BBBB", &whole)); /* an end before what was seen */
	assert_int_equal(b->n[IP_BAD_HEADER], 3);
}

/* All that tells datagrams apart does so: one byte of difference in each never joins them. */
static void test_keys(void **state)
{
	struct bench *b = *state;
	struct datagram variants[9];
	for (size_t i = 0; i < 9; i++)
		variants[i] = fragment(b, 1, 8, false, "tail", 4);
	variants[1].id = 2;
	variants[2].recording = 1;
	variants[3].vlan = 1 << 12;
	variants[4].protocol = 51;
	variants[5].src.address[3]++;
	variants[6].dst.address[3]++;
	variants[7].src.family = variants[7].dst.family = 6;
	variants[8].id = 1u << 16 | 1;
	for (size_t i = 0; i < 9; i++)
		assert_false(defrag_packet(b->defrag, &variants[i]));
	for (size_t i = 0; i < 9; i++) {
		struct datagram head = variants[i];
		head.offset = 0;
		head.more = true;
		head.c = cursor_from(SLICE("01234567"));
		assert_true(defrag_packet(b->defrag, &head));
		assert_int_equal(head.n_pieces, 1);
		assert_int_equal(head.pieces[0].frame, i + 1);
	}
	assert_int_equal(defrag_bytes(b->defrag), 0);
}

static void test_largest_datagram(void **state)
{
	struct bench *b = *state;
	static uint8_t bytes[LARGEST_DATAGRAM + 1];
	struct datagram d = fragment(b, 1, 65528, false, bytes, 7);
	assert_int_equal(defrag_fault(&d), ANOMALY_CODES);
	assert_false(defrag_packet(b->defrag, &d));
	d = fragment(b, 1, 0, true, bytes, 65528);
	assert_int_equal(defrag_fault(&d), ANOMALY_CODES);
	assert_true(defrag_packet(b->defrag, &d));
	assert_int_equal(cursor_left(&d.c), LARGEST_DATAGRAM);
	d = fragment(b, 1, 65528, false, bytes, 8);
	assert_int_equal(defrag_fault(&d), IP_FRAG_OVERSIZE);
	d = fragment(b, 1, 0, true, bytes, LARGEST_DATAGRAM + 1);
	assert_int_equal(defrag_fault(&d), IP_FRAG_OVERSIZE);
	d = fragment(b, 1, 0, true, bytes, 0);
	assert_int_equal(defrag_fault(&d), IP_BAD_HEADER);
}

static void test_age(void **state)
{
	struct bench *b = *state;
	const int64_t second = 1000000000, start = INT64_C(1700000000) * second;
	struct stamp now = { .frame = 99 };
	struct slice whole;
	assert_false(send(b, 0, true, "AAAAAAAA", &whole)); /* before there is a clock */
	defrag_tick(b->defrag, start, &now);
	defrag_tick(b->defrag, start + 30 * second, &now);
	assert_int_equal(b->n[IP_FRAG_TIMEOUT], 0);
	defrag_tick(b->defrag, start + 10 * second, &now); /* never runs back */
	struct datagram young = fragment(b, 2, 0, true, "AAAAAAAA", 8);
	assert_false(defrag_packet(b->defrag, &young));
	defrag_tick(b->defrag, start + 30 * second + 1, &now);
	assert_int_equal(b->n[IP_FRAG_TIMEOUT], 1);
	assert_int_equal(b->last.at.frame, 99);
	assert_int_equal(b->last.other.frame, 1);
	assert_int_equal(b->last.value, 8);
	assert_false(send(b, 8, false, "BBBB", &whole));
	defrag_tick(b->defrag, INT64_MAX, &now);
	assert_int_equal(b->n[IP_FRAG_TIMEOUT], 3);
	assert_int_equal(defrag_bytes(b->defrag), 0);
}

static void test_oldest_goes_first(void **state)
{
	struct bench *b = *state;
	b->limits.frag_datagrams = 3;
	restart(b);
	for (uint32_t id = 1; id <= 4; id++) {
		struct datagram d = fragment(b, id, 0, true, "AAAAAAAA", 8);
		assert_false(defrag_packet(b->defrag, &d));
	}
	assert_int_equal(b->n[IP_FRAG_EVICTED], 1);
	assert_int_equal(b->last.other.frame, 1);
	for (uint32_t id = 4; id >= 2; id--) {
		struct datagram d = fragment(b, id, 8, false, "B", 1);
		assert_true(defrag_packet(b->defrag, &d));
	}
	assert_int_equal(b->n[IP_FRAG_EVICTED], 1);
}

static void test_pieces_are_bounded(void **state)
{
	struct bench *b = *state;
	struct slice whole;
	for (size_t i = 0; i < b->limits.frag_pieces; i++)
		assert_false(send(b, 0, true, "AAAAAAAA", &whole));
	assert_int_equal(b->n[IP_FRAG_EVICTED], 0);
	assert_false(send(b, 0, true, "AAAAAAAA", &whole));
	assert_int_equal(b->n[IP_FRAG_EVICTED], 1);
	assert_int_equal(defrag_bytes(b->defrag), 0);
}

static void test_bytes_are_bounded(void **state)
{
	struct bench *b = *state;
	static uint8_t bytes[LARGEST_DATAGRAM];
	b->limits.frag_bytes = 100000;
	restart(b);
	for (uint32_t id = 0; id < 1000; id++) {
		struct datagram d = fragment(b, id, 0, true, bytes, id * 64 + 8);
		assert_false(defrag_packet(b->defrag, &d));
		assert_true(defrag_bytes(b->defrag) <= 100000);
	}
	b->limits.frag_bytes = 64;
	restart(b);
	memset(b->n, 0, sizeof(b->n));
	struct datagram d = fragment(b, 1, 0, true, bytes, 64);
	assert_false(defrag_packet(b->defrag, &d));
	assert_int_equal(b->n[IP_FRAG_EVICTED], 1);
	assert_int_equal(defrag_bytes(b->defrag), 0);
}

static void test_a_million_never_completed(void **state)
{
	struct bench *b = *state;
	static uint8_t bytes[1480];
	size_t most = 0;
	for (uint32_t id = 0; id < 1000000; id++) {
		struct datagram d = fragment(b, id, id % 8 * 8, true, bytes, id % 185 * 8 + 8);
		assert_int_equal(defrag_fault(&d), ANOMALY_CODES);
		if (defrag_packet(b->defrag, &d))
			fail();
		most = defrag_bytes(b->defrag) > most ? defrag_bytes(b->defrag) : most;
	}
	assert_true(most <= b->limits.frag_bytes);
	assert_int_equal(b->n[IP_FRAG_EVICTED], 1000000 - b->limits.frag_datagrams);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_overlaps_by_hand, start, stop),
		cmocka_unit_test_setup_teardown(test_first_arrival_wins, start, stop),
		cmocka_unit_test_setup_teardown(test_ends_that_disagree, start, stop),
		cmocka_unit_test_setup_teardown(test_keys, start, stop),
		cmocka_unit_test_setup_teardown(test_largest_datagram, start, stop),
		cmocka_unit_test_setup_teardown(test_age, start, stop),
		cmocka_unit_test_setup_teardown(test_oldest_goes_first, start, stop),
		cmocka_unit_test_setup_teardown(test_pieces_are_bounded, start, stop),
		cmocka_unit_test_setup_teardown(test_bytes_are_bounded, start, stop),
		cmocka_unit_test_setup_teardown(test_a_million_never_completed, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
