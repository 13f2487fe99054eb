/*
 * test_sighting.c - what is a copy and what was sent again; against a list that is searched from end to end.
 */
#include "decode/sighting.h"
#include "tests/unit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MS = 1000000 };

static struct sightings *fresh(uint64_t seed, uint64_t packets, uint64_t networks)
{
	struct limits l = limits_default();
	l.copy_packets = packets;
	l.copy_networks = networks;
	l.copy_ms = 50;
	struct sightings *s = sightings_new(&l, hash_key_from(seed));
	assert_non_null(s);
	return s;
}

/* From host 1 to host 2, with a TCP header and that text behind it. */
static struct datagram packet(const char *text, uint32_t id, uint64_t place, int64_t ns)
{
	static struct wire w;
	w.n = 0;
	wire_tcp(&w, 0x10, 20);
	wire_put(&w, text, strlen(text));
	return (struct datagram){
		.at = { .ns = ns },
		.src = { .family = 4, .address = { 10, 0, 0, 1 } },
		.dst = { .family = 4, .address = { 10, 0, 0, 2 } },
		.protocol = PROTOCOL_TCP,
		.id = id,
		.hops = 64,
		.place = place,
		.c = cursor_from((struct slice){ w.bytes, w.n }),
	};
}

static bool copy(struct sightings *s, const char *text, uint32_t id, uint64_t place, int64_t ns)
{
	struct datagram d = packet(text, id, place, ns);
	return sighting_is_copy(s, &d);
}

/* A sender gives each packet a new identification. */
static void test_by_identification(void **state)
{
	(void)state;
	struct sightings *s = fresh(1, 64, 8);
	assert_false(copy(s, "hello", 7, 1, 0));
	assert_true(copy(s, "hello", 7, 1, 10));
	assert_true(copy(s, "hello", 7, 2, 20));
	assert_false(copy(s, "hello", 8, 1, 30));
	assert_true(copy(s, "hello", 7, 1, 40));
	assert_true(copy(s, "hello", 8, 3, 50));
	assert_false(copy(s, "hellp", 7, 1, 60));
	assert_false(copy(s, "hello ", 7, 1, 60));
	sightings_free(s);
}

/* Without one, what passes a place again was sent again. */
static void test_by_place(void **state)
{
	(void)state;
	struct sightings *s = fresh(1, 64, 8);
	assert_false(copy(s, "hello", 0, 1, 0));
	assert_false(copy(s, "hello", 0, 1, 10));
	assert_true(copy(s, "hello", 0, 2, 20));
	assert_true(copy(s, "hello", 0, 3, 30));
	assert_false(copy(s, "hello", 0, 1, 40));
	assert_true(copy(s, "hello", 0, 2, 50));
	assert_false(copy(s, "hello", 0, 2, 60));
	struct datagram d = packet("hello", 0, 2, 70);
	d.hops = 63; /* behind a router */
	assert_true(sighting_is_copy(s, &d));
	/* More places than are remembered. */
	for (uint64_t place = 10; place < 30; place++)
		assert_true(copy(s, "hello", 0, place, 80));
	sightings_free(s);
}

static void test_time(void **state)
{
	(void)state;
	struct sightings *s = fresh(1, 64, 8);
	assert_false(copy(s, "a", 7, 1, 100 * MS));
	assert_true(copy(s, "a", 7, 1, 150 * MS));
	assert_false(copy(s, "a", 7, 1, 150 * MS + 1));
	assert_true(copy(s, "a", 7, 1, 101 * MS)); /* a clock that was set */
	assert_false(copy(s, "a", 7, 1, INT64_MIN));
	assert_false(copy(s, "a", 7, 1, INT64_MAX));
	assert_false(copy(s, "a", 7, 1, INT64_MIN));
	sightings_free(s);
}

/* What a card fills in late, and what may not differ. */
static void test_what_counts(void **state)
{
	(void)state;
	struct sightings *s = fresh(1, 64, 8);
	static uint8_t bytes[20];
	struct datagram d = packet("", 7, 1, 0), e = d;
	e.c = cursor_from((struct slice){ bytes, sizeof(bytes) });
	assert_false(sighting_is_copy(s, &d));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		memcpy(bytes, d.c.p, sizeof(bytes));
		bytes[i] ^= 0x80;
		assert_int_equal(sighting_is_copy(s, &e), i == 16 || i == 17);
	}
	memcpy(bytes, d.c.p, sizeof(bytes));
	struct datagram others[7];
	for (size_t i = 0; i < 7; i++)
		others[i] = d;
	others[0].recording = 1;
	others[1].missing = 1;
	others[2].src.address[3] = 9;
	others[3].src = d.dst;
	others[3].dst = d.src;
	others[4].src.family = others[4].dst.family = 6;
	others[5].fragment = others[5].more = true;
	others[6].fragment = true;
	others[6].offset = 8;
	for (size_t i = 0; i < 7; i++)
		assert_false(sighting_is_copy(s, &others[i]));
	assert_true(sighting_is_copy(s, &d));
	sightings_free(s);
}

/* Cut anywhere, and long enough for several blocks: any one byte tells them apart. */
static void test_every_length(void **state)
{
	(void)state;
	static uint8_t text[5001];
	memset(text, 'x', sizeof(text) - 1);
	struct sightings *s = fresh(3, 16384, 8);
	struct datagram d = packet((const char *)text, 7, 1, 0);
	struct slice whole = cursor_rest(&d.c);
	for (size_t n = 0; n < 100; n++) {
		struct datagram cut = d;
		cut.c = cursor_from((struct slice){ guard_copy(whole.p, n), n });
		assert_false(sighting_is_copy(s, &cut));
		assert_true(sighting_is_copy(s, &cut));
	}
	assert_false(sighting_is_copy(s, &d));
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		text[i] = 'y';
		assert_false(copy(s, (const char *)text, 7, 1, 0));
		text[i] = 'x';
	}
	assert_true(copy(s, (const char *)text, 7, 1, 0));
	sightings_free(s);
}

static void test_the_oldest_is_forgotten(void **state)
{
	(void)state;
	struct sightings *s = fresh(1, 2, 8);
	assert_false(copy(s, "a", 7, 1, 0));
	assert_false(copy(s, "b", 7, 1, 0));
	assert_true(copy(s, "a", 7, 1, 0));
	assert_false(copy(s, "c", 7, 1, 0));
	assert_false(copy(s, "a", 7, 1, 0));
	assert_true(copy(s, "c", 7, 1, 0));
	assert_false(copy(s, "b", 7, 1, 0));
	sightings_free(s);
	s = fresh(1, 0, 0);
	assert_false(copy(s, "a", 7, 1, 0));
	assert_false(copy(s, "a", 7, 1, 0));
	sightings_free(s);
	sightings_free(NULL);
}

static uint32_t vlan_of(struct sightings *s, const char *text, uint32_t vlan, bool back)
{
	struct datagram d = packet(text, 7, 1, 0);
	struct endpoint src = d.src;
	d.vlan = vlan;
	if (back) {
		d.src = d.dst;
		d.dst = src;
	}
	return sighting_is_copy(s, &d) ? 0 : d.vlan;
}

/* A copy ties two networks together, for both directions, and for all that comes. */
static void test_networks(void **state)
{
	(void)state;
	struct sightings *s = fresh(1, 64, 8);
	assert_int_equal(vlan_of(s, "a", 20, false), 20);
	assert_int_equal(vlan_of(s, "b", 10, false), 10);
	assert_int_equal(vlan_of(s, "b", 20, false), 0);
	assert_int_equal(vlan_of(s, "c", 20, true), 10);
	assert_int_equal(vlan_of(s, "c", 10, true), 0);
	assert_int_equal(vlan_of(s, "d", 30, true), 30);
	assert_int_equal(vlan_of(s, "d", 20, true),
	    0); /* a third: what counts is tied to what was first */
	assert_int_equal(vlan_of(s, "e", 20, false), 30);
	assert_int_equal(vlan_of(s, "f", 10, false), 30);
	struct datagram other = packet("g", 7, 1, 0);
	other.dst.address[3] = 9;
	other.vlan = 20;
	assert_false(sighting_is_copy(s, &other));
	assert_int_equal(other.vlan, 20);
	sightings_free(s);
}

static void test_networks_are_bounded(void **state)
{
	(void)state;
	struct sightings *s = fresh(1, 64, 1);
	assert_int_equal(vlan_of(s, "a", 10, false), 10);
	assert_int_equal(vlan_of(s, "a", 20, false), 0);
	assert_int_equal(vlan_of(s, "b", 20, false), 10);
	assert_int_equal(vlan_of(s, "b", 30, false), 0);
	assert_int_equal(vlan_of(s, "c", 30, false), 10);
	assert_int_equal(vlan_of(s, "c", 20, false),
	    0); /* tied once more, in the place of the other */
	assert_int_equal(vlan_of(s, "d", 20, false), 10);
	assert_int_equal(vlan_of(s, "d", 30, false), 0);
	sightings_free(s);
}

/* Everything again, with a list. */
struct listed {
	char text[3];
	uint32_t id, n;
	uint64_t places[200];
	int64_t ns;
};

static bool listed_copy(struct listed *list, size_t n, const char *text, uint32_t id,
    uint64_t place, int64_t ns)
{
	for (size_t i = 0; i < n; i++) {
		struct listed *l = &list[i];
		if (strcmp(l->text, text) != 0 || l->id != id)
			continue;
		bool passed = false;
		for (uint32_t k = 0; k < l->n; k++)
			passed = passed || l->places[k] == place;
		if (ns - l->ns <= 50 * MS && (id != 0 || !passed)) {
			l->places[l->n] = place;
			l->n += !passed;
			return true;
		}
		l->ns = ns;
		l->n = 1;
		l->places[0] = place;
		return false;
	}
	return false;
}

static void test_against_a_list(void **state)
{
	(void)state;
	static struct listed list[26 * 26 * 3];
	size_t n = 0;
	uint64_t x = 88172645463325252u;
	for (size_t i = 0; i < 26 * 26 * 3; i++) {
		struct listed l = { .id = (uint32_t)(i % 3), .ns = -1000 * (int64_t)MS, .n = 0 };
		l.text[0] = (char)('a' + i / 3 % 26);
		l.text[1] = (char)('a' + i / 78);
		list[n++] = l;
	}
	struct sightings *s[3] = { fresh(1, 4096, 8), fresh(2, 4096, 8), fresh(3, 4096, 8) };
	for (int64_t turn = 0, copies = 0; turn < 100000; turn++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		const struct listed *l = &list[x % n];
		uint64_t place = x >> 32 & 3;
		int64_t ns = turn * (MS / 32);
		bool want = listed_copy(list, n, l->text, l->id, place, ns);
		copies += want;
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(copy(s[k], l->text, l->id, place, ns), want);
		if (turn == 99999)
			assert_true(copies > 30000 && copies < 70000);
	}
	for (size_t k = 0; k < 3; k++)
		sightings_free(s[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_identification),
		cmocka_unit_test(test_by_place),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_the_oldest_is_forgotten),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_networks_are_bounded),
		cmocka_unit_test(test_against_a_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
