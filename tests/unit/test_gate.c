/*
 * test_gate.c - analysis/gate.c: two of one identity: what else explains it, and why there are two.
 */
#include "tests/unit/gatekit.h"

/* ---- time that passes without packets ---- */

#define SECOND INT64_C(1000000000)

static void told_by_a_tick(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	int64_t last = s.ns;
	analysis_tick(s.analysis, last + 29 * SECOND);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	analysis_tick(s.analysis, last + 30 * SECOND);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
	analysis_tick(s.analysis, last + 31 * SECOND);
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED);
}

static void tick_in_the_past(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	analysis_tick(s.analysis, s.ns - 1000 * SECOND);
	analysis_tick(s.analysis, INT64_MIN);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED);
}

/* Who renames within the time that is left to him has made no copy, whatever ticks in between. */
static void tick_before_the_rename(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	analysis_tick(s.analysis, s.ns + 10 * SECOND);
	scene_wait(&s, 10);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	analysis_tick(s.analysis, s.ns + 100 * SECOND);
	assert_cleared(GATE_MOVE);
}

static void rename_seconds_is_a_limit(void **state)
{
	(void)state;
	s.limits.rename_seconds = 1;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	analysis_tick(s.analysis, s.ns + SECOND);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
}

/* ---- the steps ---- */

static void step_same_id(void **state)
{
	(void)state;
	s.flavour = FLAVOUR_EXCHANGE;
	for (int i = 0; i < 2; i++) {
		struct txn *t = begin(&s, "PUT",
		    i == 0 ? "/exchange/anna/Calendar/Tea.EML" :
			     "/exchange/anna/-FlatUrlSpace-/1-2/Tea.EML",
		    201);
		req_event(t, "u1", "Tea", 10);
		res_header(t, "Repl-UID", "<rid:1>");
		res_header(t, "ResourceTag", "<rt:1>");
		deliver(&s, t);
	}
	assert_cleared(GATE_SAME_ID);
}

static void step_not_committed(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	put_new(&s, "/cal/b.ics", "u1", "Tea", 10, NULL, 403);
	assert_cleared(GATE_NOT_COMMITTED);
}

static void step_not_committed_inside(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	struct txn *t = begin(&s, "PUT", "/cal/b.ics", 207);
	req_event(t, "u1", "Tea", 10);
	row(t, "/cal/b.ics", 412);
	deliver(&s, t);
	assert_cleared(GATE_NOT_COMMITTED);
}

static void step_overwrite(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	create("/cal/a.ics", "u1", "Tea");
	assert_cleared(GATE_OVERWRITE);
}

static void step_override(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	struct txn *t = begin(&s, "PUT", "/cal/b.ics", 201);
	struct object *o = req_event(t, "u1", "Tea", 34);
	o->master = false;
	o->overrides = 1;
	deliver(&s, t);
	assert_cleared(GATE_OVERRIDE);
}

static void step_copy(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	move("COPY", "/cal/a.ics", "/cal/b.ics", 201);
	create("/cal/c.ics", "u2", "Milk");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

static void step_move_by_copy(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	create("/cal/b.ics", "u1", "Tea");
	plain(&s, "DELETE", "/cal/a.ics", 204);
	assert_cleared(GATE_MOVE);
}

static void step_deleted(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	plain(&s, "DELETE", "/cal/a.ics", 204);
	create("/cal/b.ics", "u1", "Tea");
	assert_cleared(GATE_DELETED);
}

static void step_deleted_with_its_collection(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	plain(&s, "DELETE", "/cal/", 204);
	create("/cal/b.ics", "u1", "Tea");
	assert_cleared(GATE_DELETED);
}

static void step_other_scope(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	create("/work/a.ics", "u1", "Tea");
	assert_cleared(GATE_OTHER_SCOPE);
}

static void step_server_made(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	struct txn *t = multiget(&s, "/cal/");
	row_event(t, "/cal/made.ics", "\"2\"", "u1", "Tea", 10);
	deliver(&s, t);
	assert_cleared(GATE_SERVER_MADE);
}

static void step_other_peers(void **state)
{
	(void)state;
	s.user = "anna";
	create("/cal/a.ics", "u1", "Tea");
	s.user = "bob";
	s.flow = 2;
	create("/cal/b.ics", "u2", "Tea");
	assert_cleared(GATE_OTHER_PEERS);
}

static void burst(const char *uid_of_all)
{
	char target[40], uid[40];
	for (int i = 0; i < 8; i++) {
		snprintf(target, sizeof(target), "/cal/%d.ics", i);
		snprintf(uid, sizeof(uid), "u%d", i);
		put_new(&s, target, uid_of_all != NULL ? uid_of_all : uid, "Tea", 10, NULL, 201);
	}
}

/* A file that holds what looks alike, each once. */
static void step_import(void **state)
{
	(void)state;
	burst(NULL);
	assert_cleared(GATE_IMPORT);
}

static void step_similar(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Lunch");
	create("/cal/b.ics", "u2", "Lunch");
	assert_cleared(GATE_SIMILAR);
}

static void step_restore(void **state)
{
	(void)state;
	create("/trashbin/a.ics", "u1", "Tea");
	create("/cal/a.ics", "u1", "Tea");
	assert_cleared(GATE_RESTORE);
}

static void nobody_is_suspected(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	create("/cal/b.ics", "u2", "Milk");
	put_new(&s, "/cal/c.ics", "u3", "Tea", 34, "\"1\"", 201); /* another day */
	scene_finish(&s);
	assert_quiet(&s);
	assert_int_equal(scene_count(&s, TROUBLE_SUSPICION_CLEARED), 0);
}

/* ---- causes ---- */

static void cause_untagged(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	create("/cal/b.ics", "u1", "Tea");
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED);
	const struct told *t = duplicate();
	assert_string_equal(t->other, "/cal/a.ics");
	assert_string_equal(t->href, "/cal/b.ics");
	assert_string_equal(t->uid, "u1");
	assert_int_equal(t->m.copies, 2);
	assert_int_equal(t->m.n_history, 2);
	assert_int_equal(t->m.n_packets, 4);
}

/* Another UID each time: what people see ties them, and that is less. */
static void cause_untagged_by_look(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u2");
	assert_duplicate(CAUSE_UNTAGGED, PROBABLE);
}

static void cause_lost_answer(void **state)
{
	(void)state;
	lost("/cal/a.ics", "u1");
	create("/cal/b.ics", "u1", "Tea");
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	row_tag(t, "/cal/b.ics", "\"2\"");
	deliver(&s, t);
	assert_duplicate(CAUSE_LOST_ANSWER, CONFIRMED);
}

static void cause_two_peers(void **state)
{
	(void)state;
	s.user = "anna";
	create("/cal/a.ics", "u1", "Tea");
	s.user = "bob";
	s.flow = 2;
	create("/cal/b.ics", "u1", "Tea");
	assert_duplicate(CAUSE_TWO_PEERS, CONFIRMED);
}

/* owncloud/core 23829: MOVE 404, then PUT 201, and the first stays. */
static void cause_move(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	move("MOVE", "/cal/a.ics", "/work/a.ics", 404);
	create("/work/a.ics", "u1", "Tea");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_MOVE_HALF_DONE), 1);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

static void half_a_move_that_ends(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	move("MOVE", "/cal/a.ics", "/work/a.ics", 501);
	create("/work/a.ics", "u1", "Tea");
	plain(&s, "DELETE", "/cal/a.ics", 204);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_MOVE_HALF_DONE), 0);
}

static void cause_rewritten(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
	res_event(t, "server-made", "Tea", 10);
	deliver(&s, t);
	assert_int_equal(scene_count(&s, TROUBLE_UID_REWRITTEN), 1);
	create("/cal/b.ics", "server-made", "Tea");
	assert_duplicate(CAUSE_REWRITTEN, CONFIRMED);
}

static void cause_import(void **state)
{
	(void)state;
	create("/cal/first.ics", "u0", "Milk");
	char target[40];
	for (int i = 0; i < 6; i++) {
		snprintf(target, sizeof(target), "/cal/%d.ics", i);
		create(target, "u1", "Tea");
	}
	scene_wait(&s, 20);
	create("/cal/x.ics", "u7", "Other");
	scene_wait(&s, 20);
	create("/cal/y.ics", "u8", "Other, too");
	scene_finish(&s);
	assert_int_equal(scene_matter(&s, TROUBLE_DUPLICATE, 4)->m.cause, CAUSE_IMPORT);
}

static void cause_unknown(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	scene_wait(&s, 3600);
	create("/cal/b.ics", "u1", "Tea");
	assert_duplicate(CAUSE_NONE, CONFIRMED);
}

/* There before the capture began: when it was made is not known. */
static void listed_before(void **state)
{
	(void)state;
	struct txn *t = multiget(&s, "/cal/");
	row_event(t, "/cal/old.ics", "\"1\"", "u1", "Tea", 10);
	deliver(&s, t);
	create("/cal/b.ics", "u1", "Tea");
	assert_duplicate(CAUSE_NONE, PROBABLE);
	assert_string_equal(duplicate()->other, "/cal/old.ics");
	assert_int_equal(duplicate()->m.copies, 2);
}

/* What nobody was seen to make, and is written now, may be as old as the other. */
static void both_may_be_old(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct txn *t = begin(&s, "PUT", i == 0 ? "/cal/a.ics" : "/cal/b.ics", 204);
		req_event(t, "u1", "Tea", 10);
		deliver(&s, t);
	}
	scene_finish(&s);
	const struct told *t = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	assert_true(t == NULL || t->m.certainty != CONFIRMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(told_by_a_tick),
		SCENE_TEST(tick_in_the_past),
		SCENE_TEST(tick_before_the_rename),
		SCENE_TEST(rename_seconds_is_a_limit),
		SCENE_TEST(step_same_id),
		SCENE_TEST(step_not_committed),
		SCENE_TEST(step_not_committed_inside),
		SCENE_TEST(step_overwrite),
		SCENE_TEST(step_override),
		SCENE_TEST(step_copy),
		SCENE_TEST(step_move_by_copy),
		SCENE_TEST(step_deleted),
		SCENE_TEST(step_deleted_with_its_collection),
		SCENE_TEST(step_other_scope),
		SCENE_TEST(step_server_made),
		SCENE_TEST(step_other_peers),
		SCENE_TEST(step_import),
		SCENE_TEST(step_similar),
		SCENE_TEST(step_restore),
		SCENE_TEST(nobody_is_suspected),
		SCENE_TEST(cause_untagged),
		SCENE_TEST(cause_untagged_by_look),
		SCENE_TEST(cause_lost_answer),
		SCENE_TEST(cause_two_peers),
		SCENE_TEST(cause_move),
		SCENE_TEST(half_a_move_that_ends),
		SCENE_TEST(cause_rewritten),
		SCENE_TEST(cause_import),
		SCENE_TEST(cause_unknown),
		SCENE_TEST(listed_before),
		SCENE_TEST(both_may_be_old),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
