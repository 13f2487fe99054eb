/*
 * test_replay.c - analysis/replay.c, habits.c, settled.c: what policies explain lifelines that are made by hand.
 */
#include "tests/unit/linekit.h"

#include <string.h>

static struct replay replay(const struct vector *policies)
{
	return lifeline_replay(&line, line.n, policies);
}

static struct vector fit(void)
{
	return lifeline_fit(&line, line.n).left;
}

static struct vector habits(void)
{
	struct vector left = vector_any();
	size_t shown_at[POLICIES] = { 0 };
	lifeline_habits(&line, line.n, &left, shown_at);
	return left;
}

static void assert_row(const struct machine_row *row, const char *name)
{
	assert_non_null(row);
	assert_string_equal(row->name, name);
}

/* Untagged, then once more under another name. */
static void made_twice(void)
{
	line_begin();
	create(1, ON_R_OK);
	create(2, ON_R_OK);
}

/* ---- verdicts ---- */

static void test_recreation_is_p1_fail(void **state)
{
	(void)state;
	made_twice();
	struct vector fail = only(POLICY_P1, P1_FAIL);
	assert_int_equal(replay(&fail).verdict, CONFORMS);
	struct vector left = fit();
	assert_int_equal(left.set[POLICY_P1], P1_FAIL);
	assert_int_equal(left.set[POLICY_P2], P2_FRESH);
	assert_int_equal(left.set[POLICY_P3], P3_ABSENT);
}

static void test_fetch_violates_with_rows_and_remedy(void **state)
{
	(void)state;
	made_twice();
	const struct vector any = vector_any();
	struct vector fetch = only(POLICY_P1, P1_FETCH);
	struct replay r = replay(&fetch);
	uint8_t values = 0;
	assert_int_equal(r.verdict, VIOLATES);
	assert_int_equal(r.at, 1);
	assert_row(r.would, "18d");
	assert_null(r.needed); /* who reads to learn what is true never creates */
	assert_int_equal(replay_remedy(&line, line.n, &fetch, &any, &values), POLICY_P1);
	assert_int_equal(values, P1_FAIL);
}

static void test_tolerate_violates_and_needs_row_22(void **state)
{
	(void)state;
	made_twice();
	struct vector null = only(POLICY_P1, P1_NULL);
	struct replay r = replay(&null);
	assert_int_equal(r.verdict, VIOLATES);
	assert_row(r.would, "20");
	assert_row(r.needed, "22");
}

static void test_two_policies_have_no_remedy(void **state)
{
	(void)state;
	made_twice();
	const struct vector any = vector_any();
	struct vector v = only(POLICY_P1, P1_FETCH);
	v.set[POLICY_P2] = P2_STICKY;
	uint8_t values;
	assert_int_equal(replay(&v).verdict, VIOLATES);
	assert_int_equal(replay_remedy(&line, line.n, &v, &any, &values), POLICY_ANY);
}

/* To read a new item in any case would explain the delete; but it was seen not to. */
static void test_a_remedy_is_possible(void **state)
{
	(void)state;
	struct vector v = only(POLICY_P1, P1_NULL | P1_FETCH);
	uint8_t values = 0;
	v.set[POLICY_P14] = P14_VERSION;
	line_begin();
	create_tagged(1, 5);
	deed_add(ON_Q_DELETE, 1, ON_R_OK)->guard_kind = GUARD_NONE;
	struct vector left = fit();
	assert_int_equal(replay(&v).verdict, VIOLATES);
	assert_int_equal(replay_remedy(&line, line.n, &v, &left, &values), POLICY_P14);
	assert_int_equal(values, P14_NONE);
	left.set[POLICY_P14] = P14_VERSION;
	assert_int_equal(replay_remedy(&line, line.n, &v, &left, &values), POLICY_ANY);
}

static void test_nothing_asked_is_untried(void **state)
{
	(void)state;
	line_begin();
	look(ON_Q_LIST, 1, ON_ROW, 5);
	struct vector any = vector_any();
	assert_int_equal(replay(&any).verdict, UNTRIED);
}

static void test_unseen_answer_of_a_write_ends_the_judgement(void **state)
{
	(void)state;
	line_begin();
	create(1, MACHINE_EVENTS)->commit = COMMIT_UNSEEN;
	create(2, ON_R_OK);
	struct vector null = only(POLICY_P1, P1_NULL);
	struct replay r = replay(&null);
	assert_int_equal(r.verdict, NOT_DECIDED);
	assert_int_equal(r.at, 0);
	assert_int_equal(lifeline_replay(&line, 0, &null).verdict, UNTRIED);
}

static void test_judged_only_up_to_the_hole(void **state)
{
	(void)state;
	made_twice();
	struct vector null = only(POLICY_P1, P1_NULL);
	assert_int_equal(lifeline_replay(&line, 1, &null).verdict, CONFORMS);
	assert_int_equal(lifeline_replay(&line, 2, &null).verdict, VIOLATES);
}

/* Whatever the deeds: with too many hypotheses nothing is said, and with all policies little can be wrong. */
static void test_overflow_is_never_silent(void **state)
{
	(void)state;
	static const enum machine_event answers[] = { ON_R_OK, ON_N_LOST, ON_R_PRECOND,
		ON_R_UIDCONFLICT, ON_R_TRANSIENT, ON_R_GONE };
	const struct vector any = vector_any();
	size_t undecided = 0;
	uint32_t seed = 1;
	for (unsigned run = 0; run < 3000; run++) {
		line_begin();
		for (unsigned i = 0; i < 12; i++) {
			seed = seed * 1664525U + 1013904223U;
			uint32_t id = 1 + (seed >> 20 & 1);
			enum machine_event answer = answers[(seed >> 24) % 6];
			struct deed *d;
			if (seed >> 16 & 1)
				d = create(id, answer);
			else
				d = deed_add(seed >> 17 & 1 ? ON_Q_READ : ON_Q_LIST, id,
				    seed >> 18 & 1 ? ON_ROW : ON_NO_ROW);
			d->guard_kind = seed >> 19 & 1 ? GUARD_ABSENT : GUARD_UNSEEN;
			d->tag_seen = NOT_OBSERVED;
			d->body = 0;
			d->commit = COMMIT_UNSEEN;
		}
		struct replay r = replay(&any);
		undecided += r.verdict == NOT_DECIDED;
		assert_true(r.n_states <= HYPOTHESES);
		if (r.verdict == NOT_DECIDED)
			assert_true(r.at < line.n);
	}
	assert_int_not_equal(undecided, 0);
}

/* ---- looks that come again ---- */

static void test_a_list_seen_again_settles(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_R_OK);
	look(ON_Q_LIST, 1, ON_ROW, 5)->times = 2;
	update(1, 5, 6);
	struct vector null = only(POLICY_P1, P1_NULL);
	null.set[POLICY_P7b] = P7b_READ;
	assert_int_equal(replay(&null).verdict, CONFORMS);
	deeds[1].times = 1; /* it has not read what it changes */
	assert_int_equal(replay(&null).verdict, VIOLATES);
}

/* ---- habits ---- */

static void test_asked_at_once_is_fetch(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_R_OK);
	look(ON_Q_READ, 1, ON_R_ITEM, 5)->ns = deeds[0].ns + 1000000;
	assert_int_equal(habits().set[POLICY_P1], P1_FETCH | P1_ALWAYS);
	deeds[0].tag = 5;
	deeds[0].tag_seen = PRESENT;
	assert_int_equal(habits().set[POLICY_P1], vector_any().set[POLICY_P1]);
}

static void test_two_lists_are_not_fail(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_R_OK);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	assert_int_equal(habits().set[POLICY_P1], P1_NULL | P1_FAIL);
	look(ON_Q_LIST, 1, ON_ROW, 6);
	assert_int_equal(habits().set[POLICY_P1], P1_NULL);
}

static void test_one_list_with_three_copies_is_one(void **state)
{
	(void)state;
	made_twice();
	create(3, ON_R_OK);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	row_too(2, 6);
	row_too(3, 7);
	assert_int_equal(fit().set[POLICY_P1], P1_FAIL);
	line_begin();
	create(3, ON_R_OK);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	row_too(2, 6);
	row_too(3, 7);
	assert_int_equal(habits().set[POLICY_P1], P1_NULL | P1_FAIL);
}

static void test_weak_tags_show_nothing(void **state)
{
	(void)state;
	line_begin();
	create_tagged(1, 5)->flags |= DEED_WEAK;
	look(ON_Q_LIST, 1, ON_ROW, 5);
	look(ON_Q_LIST, 1, ON_ROW, 6);
	assert_int_equal(habits().set[POLICY_P1], vector_any().set[POLICY_P1]);
}

static void test_names_behind_refusals(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_R_PRECOND);
	create(1, ON_R_PRECOND);
	assert_int_equal(habits().set[POLICY_P5] & P5_RENAME, 0);
	assert_int_equal(habits().set[POLICY_P2], vector_any().set[POLICY_P2]);
	deeds[1].id = deeds[1].target = 2;
	assert_int_equal(habits().set[POLICY_P5], P5_RENAME);
	line_begin();
	create(1, ON_R_UIDCONFLICT)->uid = 8;
	create(2, ON_R_OK)->uid = 8;
	assert_int_equal(habits().set[POLICY_P6] & P6_NEW_UID, 0);
	deeds[1].uid = 9;
	assert_int_equal(habits().set[POLICY_P6], P6_NEW_UID);
}

static void test_refused_again_and_again_is_stuck(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_R_OK);
	create(1, ON_R_PRECOND);
	create(1, ON_R_PRECOND);
	struct replay r = lifeline_fit(&line, line.n);
	assert_int_not_equal(r.n_states, 0);
	for (size_t i = 0; i < r.n_states; i++)
		assert_true(r.states[i] == STATE_STUCK || r.states[i] == STATE_REC ||
		    r.states[i] == STATE_B_NOTAG);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	create(1, ON_R_PRECOND);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	create(1, ON_R_PRECOND);
	struct vector v = fit();
	assert_int_equal(v.set[POLICY_P5] & P5_ADOPT, 0);
}

/* ---- lost answers ---- */

static void test_after_a_lost_answer(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_N_LOST);
	create(1, ON_R_PRECOND);
	assert_int_equal(fit().set[POLICY_P4], P4_SAME);
	deeds[1] = deeds[0];
	deeds[1].id = deeds[1].target = 2;
	deeds[1].answer = ON_R_OK;
	deeds[1].commit = COMMIT_YES;
	assert_int_equal(fit().set[POLICY_P4], P4_FRESH);
	line_begin();
	create(1, ON_N_LOST);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	update(1, 5, 6);
	assert_int_equal(fit().set[POLICY_P4], P4_LIST);
}

static void test_what_settles_an_open_create(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_N_LOST);
	assert_int_equal(deed_settled(&line, 1, 0), COMMIT_MAYBE);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	assert_int_equal(deed_settled(&line, 2, 0), COMMIT_YES);
	deeds[1].answer = ON_NO_ROW;
	assert_int_equal(deed_settled(&line, 2, 0), COMMIT_NO);
	deeds[1].id = 2; /* another copy says nothing */
	assert_int_equal(deed_settled(&line, 2, 0), COMMIT_MAYBE);
	line.n = 1;
	create(1, ON_R_PRECOND);
	assert_int_equal(deed_settled(&line, 2, 0), COMMIT_YES);
	deeds[1].guard_kind = GUARD_TAG;
	assert_int_equal(deed_settled(&line, 2, 0), COMMIT_MAYBE);
}

/* ---- copies ---- */

static void assert_copies(unsigned creates, unsigned live, unsigned open)
{
	struct copies_shown c = lifeline_copies(&line, line.n);
	if (c.creates != creates || c.live != live || c.open != open)
		fail_msg("%u creates, %u live, %u open; not %u, %u, %u", c.creates, c.live, c.open,
		    creates, live, open);
}

static void test_copies(void **state)
{
	(void)state;
	made_twice();
	assert_copies(2, 2, 0);
	line_begin(); /* the same name is the same copy */
	create(1, ON_R_OK);
	create(1, ON_R_OK);
	assert_copies(2, 1, 0);
	line_begin(); /* one was deleted */
	create(1, ON_R_OK);
	create(2, ON_R_OK);
	deed_add(ON_Q_DELETE, 1, ON_R_OK);
	assert_copies(2, 1, 0);
	line_begin(); /* refused ones are none */
	create(1, ON_R_PRECOND);
	create(2, ON_R_POISON);
	assert_copies(0, 0, 0);
	line_begin(); /* open, then under the same name */
	create(1, ON_N_LOST);
	assert_copies(1, 0, 1);
	create(1, ON_R_OK);
	assert_copies(2, 1, 0);
	line_begin(); /* one was deleted, and made again under its name */
	create(1, ON_R_OK);
	deed_add(ON_Q_DELETE, 1, ON_R_OK);
	create(1, ON_R_OK);
	assert_copies(2, 1, 0);
	line_begin(); /* without a condition a write is a create where nothing is, and where it was deleted */
	create(1, ON_R_OK);
	create(1, ON_R_OK);
	line.deeds[1].flags |= DEED_EITHER;
	assert_copies(1, 1, 0);
	deed_add(ON_Q_DELETE, 1, ON_R_OK);
	assert_copies(1, 0, 0);
	create(1, ON_R_OK);
	line.deeds[3].flags |= DEED_EITHER;
	assert_copies(2, 1, 0);
}

/* At a name there is one at most, however often it was sent. */
static void test_copies_that_are_open(void **state)
{
	(void)state;
	line_begin();
	for (unsigned i = 0; i < 3; i++)
		create(1, ON_N_LOST);
	assert_copies(3, 0, 1);
	create(2, ON_N_LOST);
	assert_copies(4, 0, 2);
	deed_add(ON_Q_DELETE, 1, ON_R_OK);
	assert_copies(4, 0, 1);
	create(1, ON_N_LOST);
	assert_copies(5, 0, 2);
}

/* The server may have stored it late: what is shown last decides, unless it was sent again in between. */
static void test_copies_that_come_late(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_N_LOST);
	create(2, ON_R_OK);
	deeds[0].flags |= DEED_UNLISTED;
	assert_copies(1, 1, 0);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	assert_copies(2, 2, 0);
	line_begin();
	create(1, ON_N_LOST);
	look(ON_Q_LIST, 1, ON_NO_ROW, 0);
	assert_copies(0, 0, 0);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	assert_copies(1, 1, 0);
	line.n = 2;
	create(1, ON_N_LOST);
	look(ON_Q_LIST, 1, ON_ROW, 5);
	assert_int_equal(deed_settled(&line, line.n, 0), COMMIT_NO);
	assert_copies(1, 1, 0);
}

/* Who moves it has stored it. */
static void test_copies_that_are_moved(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_N_LOST);
	deed_add(ON_Q_MOVE, 2, ON_R_MOVED)->target = 1;
	assert_copies(1, 1, 0);
}

static void test_copies_behind_a_hop_that_sends_twice(void **state)
{
	(void)state;
	line_begin();
	create(1, ON_R_OK)->extra = 1;
	assert_copies(1, 2, 0);
}

static void test_copies_that_lists_show(void **state)
{
	(void)state;
	line_begin();
	create(2, ON_R_OK);
	look(ON_Q_LIST, 2, ON_ROW, 5);
	row_too(1, 6);
	assert_copies(1, 2, 0);
	deed_add(ON_Q_LIST, 1, ON_ROW_GONE);
	assert_copies(1, 1, 0);
}

/* ActiveSync: the id of an Add that went unanswered is not known. */
static void test_copies_of_activesync(void **state)
{
	(void)state;
	line_begin();
	line.activesync = true;
	create(0, ON_N_LOST)->target = 9;
	assert_copies(1, 0, 1);
	struct deed *again = create(4, ON_R_OK);
	again->target = 9;
	assert_copies(2, 1, 1); /* whether the server knew it, its next answer will say */
	deed_add(ON_Q_DELTA, 0, MACHINE_EVENTS);
	assert_copies(2, 1, 0);
	deed_add(ON_Q_DELETE, 4, ON_R_OK);
	assert_copies(2, 0, 0);
	line.n = 1;
	create(4, ON_R_OK)->target = 10;
	look(ON_Q_DELTA, 3, ON_ROW, 0);
	assert_copies(2, 2, 0); /* what it tells is the one that went unanswered */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recreation_is_p1_fail),
		cmocka_unit_test(test_fetch_violates_with_rows_and_remedy),
		cmocka_unit_test(test_tolerate_violates_and_needs_row_22),
		cmocka_unit_test(test_two_policies_have_no_remedy),
		cmocka_unit_test(test_a_remedy_is_possible),
		cmocka_unit_test(test_nothing_asked_is_untried),
		cmocka_unit_test(test_unseen_answer_of_a_write_ends_the_judgement),
		cmocka_unit_test(test_judged_only_up_to_the_hole),
		cmocka_unit_test(test_overflow_is_never_silent),
		cmocka_unit_test(test_a_list_seen_again_settles),
		cmocka_unit_test(test_asked_at_once_is_fetch),
		cmocka_unit_test(test_two_lists_are_not_fail),
		cmocka_unit_test(test_one_list_with_three_copies_is_one),
		cmocka_unit_test(test_weak_tags_show_nothing),
		cmocka_unit_test(test_names_behind_refusals),
		cmocka_unit_test(test_refused_again_and_again_is_stuck),
		cmocka_unit_test(test_after_a_lost_answer),
		cmocka_unit_test(test_what_settles_an_open_create),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_copies_that_are_open),
		cmocka_unit_test(test_copies_that_come_late),
		cmocka_unit_test(test_copies_that_are_moved),
		cmocka_unit_test(test_copies_behind_a_hop_that_sends_twice),
		cmocka_unit_test(test_copies_that_lists_show),
		cmocka_unit_test(test_copies_of_activesync),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
