/*
 * test_gate_open.c - analysis/gate.c: what waits, what is not known, what is forgotten.
 */
#include "tests/unit/gatekit.h"

/* ---- waiting ---- */

static void told_after_half_a_minute(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	scene_wait(&s, 29);
	plain(&s, "GET", "/cal/none.ics", 404);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	scene_wait(&s, 2);
	plain(&s, "GET", "/cal/none.ics", 404);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
}

/* A third one is a later state of the same. */
static void one_more(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		char target[40];
		snprintf(target, sizeof(target), "/cal/%d.ics", i);
		untagged(target, "u1");
		scene_wait(&s, 60);
	}
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 3);
	for (size_t i = 0; i < 3; i++) {
		const struct told *t = scene_matter(&s, TROUBLE_DUPLICATE, i);
		assert_int_equal(t->m.update, i);
		assert_int_equal(t->m.copies, i + 2);
		assert_int_equal(t->m.number, scene_matter(&s, TROUBLE_DUPLICATE, 0)->m.number);
	}
}

/* The clock of the capture jumps: nothing waits for ever, or shorter. */
static void clock_that_jumps(void **state)
{
	(void)state;
	int64_t now = s.ns;
	s.ns = INT64_MAX - 1000000000;
	untagged("/cal/x.ics", "u9");
	untagged("/cal/y.ics", "u9");
	s.ns = now;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	scene_wait(&s, 31);
	plain(&s, "GET", "/cal/none.ics", 404);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 2);
	s.ns = INT64_MIN + 1;
	untagged("/cal/c.ics", "u1");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 3);
}

/* ---- attempts of unknown outcome ---- */

/* Nothing shows that it was stored: that is no copy, and no proof of the contrary either. */
static void never_resolved(void **state)
{
	(void)state;
	lost("/cal/a.ics", "u1");
	create("/cal/b.ics", "u1", "Tea");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	assert_int_equal(scene_count(&s, TROUBLE_SUSPICION_CLEARED), 0);
}

static void resolved_by_get(void **state)
{
	(void)state;
	lost("/cal/a.ics", "u1");
	create("/cal/b.ics", "u1", "Tea");
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
	res_event(t, "u1", "Tea", 10);
	deliver(&s, t);
	assert_duplicate(CAUSE_LOST_ANSWER, CONFIRMED);
}

static void resolved_by_412(void **state)
{
	(void)state;
	lost("/cal/a.ics", "u1");
	create("/cal/b.ics", "u1", "Tea");
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 412);
	assert_duplicate(CAUSE_LOST_ANSWER, CONFIRMED);
}

static void resolved_by_an_update(void **state)
{
	(void)state;
	lost("/cal/a.ics", "u1");
	create("/cal/b.ics", "u1", "Tea");
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 204);
	req_header(t, "If-Match", "*");
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
	assert_duplicate(CAUSE_LOST_ANSWER, CONFIRMED);
}

static void resolved_as_never_stored(void **state)
{
	(void)state;
	lost("/cal/a.ics", "u1");
	deliver(&s, listing(&s, "/cal/"));
	create("/cal/b.ics", "u1", "Tea");
	assert_cleared(GATE_NOT_COMMITTED);
}

static void second_of_unknown_outcome(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	lost("/cal/b.ics", "u1");
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	row_tag(t, "/cal/b.ics", "\"2\"");
	deliver(&s, t);
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED);
}

/* A move whose answer is lost may have been done. */
static void move_of_unknown_outcome(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	move("MOVE", "/cal/a.ics", "/cal/b.ics", 0);
	create("/cal/b.ics", "u1", "Tea");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

static void move_to_nobody_knows_where(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	plain(&s, "MOVE", "/cal/a.ics", 201);
	create("/cal/b.ics", "u1", "Tea");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

static void delete_of_unknown_outcome(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	plain(&s, "DELETE", "/cal/a.ics", 0);
	create("/cal/b.ics", "u1", "Tea");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

/* ---- moves that are done ---- */

static void moved_and_made_again(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	move("MOVE", "/cal/a.ics", "/cal/b.ics", 201);
	create("/cal/c.ics", "u1", "Tea");
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED);
	assert_string_equal(duplicate()->other, "/cal/b.ics");
}

static void todo_that_moves(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct txn *t = begin(&s, "PUT", i == 0 ? "/cal/a.ics" : "/cal/c.ics", 201);
		req_header(t, "If-None-Match", "*");
		body_object(&t->req,
		    object_new(t, OBJECT_TODO, i == 0 ? "u1" : "u2", "Milk", 10, 0));
		deliver(&s, t);
		if (i == 0)
			move("MOVE", "/cal/a.ics", "/cal/b.ics", 201);
	}
	assert_duplicate(CAUSE_UNTAGGED, PROBABLE);
}

/* ---- looks ---- */

static void retry_window(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	scene_wait(&s, 86399);
	untagged("/cal/b.ics", "u2");
	scene_wait(&s, 86500);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
	put_new(&s, "/cal/x.ics", "u3", "Dinner", 20, NULL, 201);
	scene_wait(&s, 86402);
	put_new(&s, "/cal/y.ics", "u4", "Dinner", 20, NULL, 201);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
	assert_non_null(scene_cleared(&s, GATE_SIMILAR, 0));
}

static void window_beyond_all_time(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	scene_close(&s);
	limits.retry_window = UINT64_MAX;
	scene_open_with(&s, FLAVOUR_CALDAV, limits);
	s.ns = INT64_MIN + 1;
	untagged("/cal/a.ics", "u1");
	s.ns = INT64_MAX - 100000000;
	untagged("/cal/b.ics", "u2");
	assert_duplicate(CAUSE_UNTAGGED, PROBABLE);
}

/* Two people may have one name. */
static void cards_of_one_name(void **state)
{
	(void)state;
	s.flavour = FLAVOUR_CARDDAV;
	for (int i = 0; i < 3; i++) {
		struct txn *t = begin(&s, "PUT",
		    i == 0     ? "/c/a.vcf" :
			i == 1 ? "/c/b.vcf" :
				 "/c/c.vcf",
		    201);
		body_object(&t->req,
		    object_new(t, OBJECT_CARD, i == 1 ? "u2" : "u1", "Anna Meier", 0, 0));
		deliver(&s, t);
	}
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
	assert_string_equal(duplicate()->href, "/c/c.vcf");
	assert_string_equal(duplicate()->other, "/c/a.vcf");
}

/* ---- limits ---- */

/* Forgotten is forgotten: nothing is claimed of it. */
static void forgotten(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	scene_close(&s);
	limits.items_known = 3;
	scene_open_with(&s, FLAVOUR_CALDAV, limits);
	untagged("/cal/a.ics", "u1");
	for (int i = 0; i < 3; i++) {
		char target[40], uid[40];
		snprintf(target, sizeof(target), "/cal/x%d.ics", i);
		snprintf(uid, sizeof(uid), "x%d", i);
		put_new(&s, target, uid, uid, 20 + i, "\"1\"", 201);
	}
	untagged("/cal/b.ics", "u1");
	scene_finish(&s);
	assert_quiet(&s);
}

static void forgotten_while_it_waits(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	scene_close(&s);
	limits.items_known = 2;
	scene_open_with(&s, FLAVOUR_CALDAV, limits);
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	create("/cal/c.ics", "u2", "Milk");
	create("/cal/d.ics", "u3", "Bread");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

/* However much looks alike: one word for each create. */
static void words_are_few(void **state)
{
	char target[40], uid[40];
	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(target, sizeof(target), "/cal%d/a.ics", i);
		snprintf(uid, sizeof(uid), "%s", "u1");
		create(target, uid, "Tea");
	}
	scene_finish(&s);
	assert_in_range(scene_count(&s, TROUBLE_SUSPICION_CLEARED), 90, 100);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

static void long_names(void **state)
{
	static char a[400], b[400];
	(void)state;
	memset(a, 'x', sizeof(a) - 1);
	memcpy(a, "/cal/", 5);
	memcpy(b, a, sizeof(b));
	b[sizeof(b) - 2] = 'y';
	untagged(a, "u1");
	untagged(b, "u1");
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED); /* two names, though they begin alike */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(told_after_half_a_minute),
		SCENE_TEST(one_more),
		SCENE_TEST(clock_that_jumps),
		SCENE_TEST(never_resolved),
		SCENE_TEST(resolved_by_get),
		SCENE_TEST(resolved_by_412),
		SCENE_TEST(resolved_by_an_update),
		SCENE_TEST(resolved_as_never_stored),
		SCENE_TEST(second_of_unknown_outcome),
		SCENE_TEST(move_of_unknown_outcome),
		SCENE_TEST(move_to_nobody_knows_where),
		SCENE_TEST(delete_of_unknown_outcome),
		SCENE_TEST(moved_and_made_again),
		SCENE_TEST(todo_that_moves),
		SCENE_TEST(retry_window),
		SCENE_TEST(window_beyond_all_time),
		SCENE_TEST(cards_of_one_name),
		SCENE_TEST(forgotten),
		SCENE_TEST(forgotten_while_it_waits),
		SCENE_TEST(words_are_few),
		SCENE_TEST(long_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
