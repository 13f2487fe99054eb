/*
 * test_object_make.c - decode/object_make.c: texts are cut between characters, and fingerprints are equal
 * exactly when people see the same object.
 */
#include "decode/object_make.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define TEA (INT64_C(1159192800) * SECOND) /* 2006-09-25T14:00:00Z */

static struct slice guarded(const char *text)
{
	size_t n = strlen(text);
	return (struct slice){ guard_copy(text, n), n };
}

static struct object tea(void)
{
	return (struct object){
		.kind = OBJECT_EVENT,
		.summary = guarded("Tea with Otto"),
		.location = guarded("Garden"),
		.rrule = guarded("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20061231T235959Z"),
		.start_ns = TEA,
		.end_ns = TEA + HOUR,
		.whole = true,
	};
}

static uint64_t fingerprint_more(struct object o, struct object_more more)
{
	struct arena *arena = arena_new(65536);
	const struct object *made = object_make_with(arena, &o, &more);
	assert_non_null(made);
	uint64_t fingerprint = made->fingerprint;
	arena_free(arena);
	return fingerprint;
}

static uint64_t fingerprint(struct object o)
{
	return fingerprint_more(o, (struct object_more){ 0 });
}

static void test_what_people_see_counts(void **state)
{
	(void)state;
	struct object changed[9];
	for (size_t i = 0; i < 9; i++)
		changed[i] = tea();
	changed[0].kind = OBJECT_TODO;
	changed[1].summary = guarded("Tea with otto");
	changed[2].location = guarded("Gardens");
	changed[3].rrule = guarded("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20061231T235959Z");
	changed[4].start_ns += SECOND;
	changed[5].end_ns += SECOND;
	changed[6].all_day = true;
	changed[7].floating = true;
	changed[8].location = guarded("");
	uint64_t base = fingerprint(tea());
	assert_true(base != 0);
	for (size_t i = 0; i < 9; i++) {
		assert_true(fingerprint(changed[i]) != base);
		for (size_t k = 0; k < i; k++)
			assert_true(fingerprint(changed[i]) != fingerprint(changed[k]));
	}
}

static void test_fields_do_not_run_into_each_other(void **state)
{
	(void)state;
	struct object a = tea(), b = tea(), c = tea();
	a.summary = guarded("Tea L");
	a.location = guarded("Garden");
	b.summary = guarded("Tea");
	b.location = guarded("L Garden");
	c.summary = guarded("Tea L Garden");
	c.location = guarded("");
	assert_true(fingerprint(a) != fingerprint(b));
	assert_true(fingerprint(a) != fingerprint(c));
	assert_true(fingerprint(b) != fingerprint(c));
}

static void test_identity_and_bytes_do_not_count(void **state)
{
	(void)state;
	struct object o = tea();
	o.uid = guarded("1@a");
	o.organizer = guarded("a@b");
	o.method = guarded("REQUEST");
	o.octets = o.text = o.lines = o.settled = 7;
	o.overrides = 3;
	o.uids = 1;
	o.master = true;
	assert_true(fingerprint(o) == fingerprint(tea()));
}

static void test_white_space_is_one_blank(void **state)
{
	(void)state;
	struct object o = tea();
	o.summary = guarded(" \tTea  with\r\n\tOtto\n");
	o.location = guarded("\nGarden ");
	assert_true(fingerprint(o) == fingerprint(tea()));
	o.location = guarded(" \n");
	struct object none = tea();
	none.location = (struct slice){ NULL, 0 };
	assert_true(fingerprint(o) == fingerprint(none));
	o.summary = guarded("Teawith Otto");
	assert_true(fingerprint(o) != fingerprint(none));
}

static void test_rules_in_any_order(void **state)
{
	(void)state;
	static const char *const same[] = {
		"FREQ=WEEKLY;UNTIL=20061231T235959Z;BYDAY=MO,WE",
		"freq=weekly;byday=we,mo;until=20061231",
		"RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,WE;WKST=MO;UNTIL=20061231t225959z;",
		";;FREQ=WEEKLY; BYDAY = MO , WE ;UNTIL=20061231",
	};
	static const char *const others[] = {
		"",
		"FREQ=WEEKLY;BYDAY=MO,WE",
		"FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20061230",
		"FREQ=WEEKLY;BYDAY=MO;UNTIL=20061231",
		"FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2;UNTIL=20061231",
		"FREQ=WEEKLY;BYDAY=MO,WE,WE;UNTIL=20061231",
		"FREQ=MO,WE;BYDAY=WEEKLY;UNTIL=20061231",
	};
	struct object o = tea();
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		o.rrule = guarded(same[i]);
		assert_true(fingerprint(o) == fingerprint(tea()));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		o.rrule = guarded(others[i]);
		assert_true(fingerprint(o) != fingerprint(tea()));
	}
}

/* Midnight of one date in zones from New Zealand's summer time to Hawaii. */
static void test_all_day_counts_by_date(void **state)
{
	(void)state;
	struct object o = tea(), other = tea();
	int64_t midnight = TEA - 14 * HOUR;
	o.all_day = other.all_day = true;
	o.start_ns = midnight;
	o.end_ns = midnight + DAY;
	for (int zone = -10; zone <= 13; zone++) {
		other.start_ns = midnight - zone * HOUR;
		other.end_ns = other.start_ns + DAY;
		assert_true(fingerprint(other) == fingerprint(o));
		other.start_ns += DAY;
		assert_true(fingerprint(other) != fingerprint(o));
	}
	other.start_ns = midnight;
	other.end_ns = midnight + DAY;
	other.floating = true;
	assert_true(fingerprint(other) == fingerprint(o));
	o.start_ns = -DAY;
	o.end_ns = 0;
	other.start_ns = -DAY + 11 * HOUR - 1;
	other.end_ns = 11 * HOUR - 1;
	assert_true(fingerprint(other) == fingerprint(o));
}

static const struct object *make(struct arena *arena, const struct object *draft)
{
	const struct object *made = object_make(arena, draft);
	assert_non_null(made);
	return made;
}

static void test_an_event_without_an_end(void **state)
{
	(void)state;
	struct arena *arena = arena_new(65536);
	struct object o = tea();
	o.end_ns = OBJECT_NO_TIME;
	assert_true(make(arena, &o)->end_ns == TEA);
	struct object at_once = o;
	at_once.end_ns = TEA;
	assert_true(fingerprint(o) == fingerprint(at_once));
	o.all_day = true;
	assert_true(make(arena, &o)->end_ns == TEA + DAY);
	o.whole = false;
	assert_true(make(arena, &o)->end_ns == OBJECT_NO_TIME);
	o = tea();
	o.kind = OBJECT_TODO;
	o.end_ns = OBJECT_NO_TIME;
	assert_true(make(arena, &o)->end_ns == OBJECT_NO_TIME);
	arena_free(arena);
}

static void test_too_little_to_go_by(void **state)
{
	(void)state;
	struct object event = tea(), card = { .kind = OBJECT_CARD, .whole = true };
	event.start_ns = event.end_ns = OBJECT_NO_TIME;
	assert_true(fingerprint(event) == 0);
	event = tea();
	event.whole = false;
	assert_true(fingerprint(event) == 0);
	event = tea();
	event.summary = guarded("");
	assert_true(fingerprint(event) != 0);
	card.start_ns = card.end_ns = OBJECT_NO_TIME;
	assert_true(fingerprint_more(card, (struct object_more){ .contacts = 5 }) == 0);
	card.summary = guarded(" ");
	assert_true(fingerprint(card) == 0);
	card.summary = guarded("Otto");
	assert_true(fingerprint(card) != 0);
	assert_true(
	    fingerprint(card) != fingerprint_more(card, (struct object_more){ .contacts = 5 }));
}

static void test_times_of_unknown_zones_count_by_their_clock(void **state)
{
	(void)state;
	struct object o = tea(), placed = tea();
	o.start_ns = o.end_ns = OBJECT_NO_TIME;
	struct object_more at = { .has_start = true, .start = TEA / SECOND };
	struct object_more with_end = at, later = at;
	with_end.has_end = true;
	with_end.end = at.start;
	later.start++;
	assert_true(fingerprint_more(o, at) != 0);
	assert_true(fingerprint_more(o, at) == fingerprint_more(o, with_end));
	assert_true(fingerprint_more(o, at) != fingerprint_more(o, later));
	placed.end_ns = TEA;
	assert_true(fingerprint_more(o, at) != fingerprint(placed));
	placed.floating = true;
	assert_true(fingerprint_more(o, at) == fingerprint(placed));
	o.all_day = placed.all_day = true;
	at.start = (TEA - 14 * HOUR) / SECOND;
	placed.start_ns = TEA - 14 * HOUR;
	placed.end_ns = OBJECT_NO_TIME;
	assert_true(fingerprint_more(o, at) == fingerprint(placed));
}

static void test_texts_are_cut_between_characters(void **state)
{
	(void)state;
	struct arena *arena = arena_new(65536);
	char text[400];
	for (size_t before = 250; before < 258; before++) {
		struct object o = { .kind = OBJECT_OTHER, .whole = true };
		memset(text, 'a', sizeof(text));
		memcpy(text + before, "\xf0\x9f\x8d\xb5", 4); /* a cup of tea */
		o.uid = (struct slice){ guard_copy(text, before + 4), before + 4 };
		o.summary = (struct slice){ guard_copy(text, sizeof(text)), sizeof(text) };
		const struct object *made = make(arena, &o);
		size_t want = before + 4 <= OBJECT_TEXT ? before + 4 : before;
		want = want < OBJECT_TEXT ? want : OBJECT_TEXT;
		assert_int_equal(made->uid.n, want);
		assert_memory_equal(made->uid.p, text, want);
		assert_ptr_not_equal(made->uid.p, o.uid.p);
		assert_int_equal(made->summary.n, want == before ? want : OBJECT_TEXT);
	}
	memset(text, 0x80, sizeof(text));
	struct object o = { .summary = { guard_copy(text, 256), 256 } };
	assert_true(make(arena, &o)->summary.n >= OBJECT_TEXT - 4);
	arena_free(arena);
}

static void test_hashes_are_of_all_of_a_text(void **state)
{
	(void)state;
	char text[300];
	memset(text, 'a', sizeof(text));
	struct object o = tea(), other = tea();
	o.summary = (struct slice){ guard_copy(text, 300), 300 };
	text[299] = 'b';
	other.summary = (struct slice){ guard_copy(text, 300), 300 };
	assert_true(fingerprint(o) != fingerprint(other));
}

static void test_no_room(void **state)
{
	(void)state;
	struct object o = tea();
	for (size_t budget = 0; budget < 1024; budget += 16) {
		struct arena *arena = arena_new(budget);
		const struct object *made = object_make(arena, &o);
		if (made != NULL)
			assert_true(slice_equal(made->rrule, o.rrule));
		else
			assert_true(budget < 700);
		arena_free(arena);
	}
}

static void test_extreme_times_do_not_overflow(void **state)
{
	(void)state;
	static const int64_t times[] = { INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX };
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct object o = tea();
		o.start_ns = times[i];
		o.end_ns = OBJECT_NO_TIME;
		assert_true(fingerprint(o) != 0);
		o.all_day = true;
		assert_true(fingerprint(o) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_people_see_counts),
		cmocka_unit_test(test_fields_do_not_run_into_each_other),
		cmocka_unit_test(test_identity_and_bytes_do_not_count),
		cmocka_unit_test(test_white_space_is_one_blank),
		cmocka_unit_test(test_rules_in_any_order),
		cmocka_unit_test(test_all_day_counts_by_date),
		cmocka_unit_test(test_an_event_without_an_end),
		cmocka_unit_test(test_too_little_to_go_by),
		cmocka_unit_test(test_times_of_unknown_zones_count_by_their_clock),
		cmocka_unit_test(test_texts_are_cut_between_characters),
		cmocka_unit_test(test_hashes_are_of_all_of_a_text),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_extreme_times_do_not_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
