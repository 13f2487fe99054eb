/*
 * test_servers_item.c - analysis/servers_item.c: what writes and reads of single items show of a server,
 * and what does not show it.
 */
#include "tests/unit/serverkit.h"

/* ---- V1: a tag in the answer ---- */

static void tag_on_create(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	assert_fit(POLICY_V1, V1_ALWAYS | V1_IF_EQUAL);
	again();
	PUT(.status = 201, .tag = "\"1\""); /* 201 alone does not say that it is one */
	assert_fit(POLICY_V1, V1_ALWAYS | V1_IF_EQUAL | V1_NOT_ON_CREATE);
	again();
	plain(&s, "MKCALENDAR", "/cal/", 201);
	PUT(.status = 201, .tag = "\"1\""); /* there was nothing in it */
	assert_fit(POLICY_V1, V1_ALWAYS | V1_IF_EQUAL);
}

static void no_tag_on_create(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201);
	assert_fit(POLICY_V1, V1_IF_EQUAL | V1_NOT_ON_CREATE | V1_NEVER);
	assert_int_equal(view()->shown_at[POLICY_V1].frame, 5); /* the head of the answer */
	PUT(.match = "\"x\"", .status = 204, .rev = 1);
	assert_fit(POLICY_V1, V1_IF_EQUAL | V1_NEVER);
}

static void assert_first(enum policy p, unsigned value)
{
	assert_int_equal(1U << view()->fit.first[p], value);
}

/* Equal bytes, a tag for equal bytes, and no tag: that is not played. */
static void what_is_played(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201);
	assert_first(POLICY_V1, V1_NOT_ON_CREATE);
	assert_first(POLICY_V2, V2_NO);
	GET(.tag = "\"1\"", .rev = 1);
	assert_first(POLICY_V1, V1_IF_EQUAL);
	again();
	PUT(.inm = "*", .status = 201);
	PUT(.href = "/cal/b.ics", .inm = "*", .status = 201, .tag = "\"1\"");
	assert_fit(POLICY_V1, V1_IF_EQUAL);
	assert_first(POLICY_V2, V2_YES);
	assert_open(POLICY_V2);
}

/* An answer to bytes that are there already may lack it for that: V12. */
static void no_tag_on_update(void **state)
{
	(void)state;
	PUT(.status = 204);
	assert_open(POLICY_V1); /* what was there is not known */
	PUT(.status = 204);
	assert_open(POLICY_V1);
	assert_fit(POLICY_V12, V12_NO);
	again();
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	PUT(.match = "\"1\"", .status = 204, .tag = "\"1\"");
	assert_fit(POLICY_V12, V12_YES);
}

static void stored_as_it_was_sent(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	GET(.tag = "\"1\"");
	assert_fit(POLICY_V1, V1_ALWAYS | V1_IF_EQUAL);
	assert_open(POLICY_V2); /* the next one may be rewritten */
	assert_kept(INVARIANT_J1, KEPT, 1, 0);
	again();
	PUT(.inm = "*", .status = 201);
	GET(.tag = "\"1\""); /* the tag could have been there */
	assert_fit(POLICY_V1, V1_NOT_ON_CREATE | V1_NEVER);
	assert_kept(INVARIANT_J1, KEPT_UNTRIED, 0, 0);
}

static void stored_in_other_bytes(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	GET(.tag = "\"1\"", .rev = 1);
	assert_fit(POLICY_V1, V1_ALWAYS);
	assert_fit(POLICY_V2, V2_YES);
	assert_kept(INVARIANT_J1, KEPT_NOT, 1, 1);
	assert_int_equal(view()->invariants[INVARIANT_J1].certainty, CONFIRMED);
	again();
	PUT(.inm = "*", .status = 201); /* lawful: RFC 4791 5.3.4 */
	GET(.tag = "\"1\"", .rev = 1);
	assert_fit(POLICY_V1, V1_IF_EQUAL | V1_NOT_ON_CREATE | V1_NEVER);
	assert_fit(POLICY_V2, V2_YES);
	assert_kept(INVARIANT_J1, KEPT, 1, 0);
}

/* Somebody else may have written, seen or not. */
static void other_bytes_of_others(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	GET(.tag = "\"2\"", .rev = 1);
	assert_open(POLICY_V2);
	assert_fit(POLICY_V1, V1_ALWAYS | V1_IF_EQUAL);
	again();
	PUT(.inm = "*", .status = 201);
	scene_wait(&s, 60);
	GET(.tag = "\"1\"", .rev = 1);
	assert_open(POLICY_V2);
	again();
	PUT(.inm = "*", .status = 201, .tag = "W/\"1\""); /* promises no bytes */
	GET(.tag = "W/\"1\"", .rev = 1);
	assert_open(POLICY_V2);
	assert_kept(INVARIANT_J1, KEPT_UNTRIED, 0, 0);
}

/* A read that was asked before the write was over, a write beside another one. */
static void at_the_same_time(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201);
	struct txn *early = get_of((struct say){ .tag = "\"1\"" });
	PUT(.match = "\"1\"", .status = 204, .rev = 1);
	deliver(&s, early);
	assert_fit(POLICY_V1, V1_IF_EQUAL | V1_NEVER);
	again();
	struct txn *first = put_of((struct say){ .inm = "*", .status = 201 });
	PUT(.status = 204, .rev = 1);
	deliver(&s, first);
	GET(.tag = "\"1\"");
	assert_true(view()->fit.set[POLICY_V1] & V1_IF_EQUAL);
}

/* ---- nothing is shown by what was not seen whole ---- */

static void lossy(struct txn *t, int how)
{
	t->gapless = false;
	if (how == 0)
		t->unsure = true;
	else if (how == 1)
		t->res.loss = LOSS_GAP;
	else if (how == 2)
		t->res.head_complete = t->res.end_seen = false;
	else
		t->req.loss = LOSS_CLIPPED;
	deliver(&s, t);
}

static void seen_in_part(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		again();
		lossy(put_of((struct say){ .inm = "*", .status = 201 }), how);
		lossy(put_of((struct say){ .match = "\"1\"", .status = 201, .rev = 1 }), how);
		lossy(put_of((struct say){ .inm = "*", .status = 412, .rev = 2 }), how);
		lossy(put_of((struct say){ .inm = "*", .status = 204, .rev = 3 }), how);
		lossy(get_of((struct say){ .rev = 4 }), how);
		scene_finish(&s);
		for (unsigned i = 1; i < POLICIES; i++)
			assert_open((enum policy)i);
	}
}

/* Where packets are missing, who wrote in between may be in them. */
static void with_a_gap_somewhere(void **state)
{
	(void)state;
	struct txn *t = begin(&s, "OPTIONS", "/cal/", 200);
	t->gapless = false;
	deliver(&s, t);
	PUT(.inm = "*", .status = 201);
	GET(.tag = "\"1\"", .rev = 1);
	assert_open(POLICY_V2);
	PUT(.status = 201, .rev = 2);
	assert_open(POLICY_V11);
	PUT(.inm = "*", .status = 201, .rev = 3);
	assert_open(POLICY_V3);
}

/* ---- V3, V9, V11 ---- */

static void condition_is_honoured(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 412); /* why is not known: nobody has seen it */
	assert_open(POLICY_V3);
	GET(.tag = "\"1\"");
	PUT(.inm = "*", .status = 412, .rev = 1);
	assert_fit(POLICY_V3, V3_YES);
	assert_kept(INVARIANT_J9, KEPT, 2, 0);
}

static void condition_is_ignored(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	PUT(.inm = "*", .status = 204,
	    .tag = "\"1\""); /* the same again: nothing was overwritten */
	assert_open(POLICY_V3);
	PUT(.inm = "*", .status = 204, .tag = "\"2\"", .rev = 1);
	assert_fit(POLICY_V3, V3_NO);
	assert_fit(POLICY_V11, V11_204);
}

static void deleted_meanwhile(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	plain(&s, "DELETE", "/cal/a.ics", 204);
	PUT(.inm = "*", .status = 201, .tag = "\"2\"", .rev = 1);
	assert_open(POLICY_V3);
	assert_fit(POLICY_V9, V9_NO);
	plain(&s, "DELETE", "/cal/", 204); /* with all that is in it */
	PUT(.inm = "*", .status = 201, .tag = "\"3\"", .rev = 2);
	assert_open(POLICY_V3);
	PUT(.inm = "*", .status = 0, .rev = 3); /* nobody knows */
	PUT(.inm = "*", .status = 201, .tag = "\"3\"", .rev = 4);
	assert_open(POLICY_V3);
	assert_open(POLICY_V11);
}

static void status_of_updates(void **state)
{
	(void)state;
	PUT(.status = 201, .tag = "\"1\"");
	assert_open(POLICY_V11);
	PUT(.match = "\"1\"", .status = 201, .tag = "\"2\"", .rev = 1);
	assert_fit(POLICY_V11, V11_201);
	PUT(.match = "\"2\"", .status = 204, .tag = "\"3\"", .rev = 2);
	assert_fit_of(view(), POLICY_V11, V11_201); /* what fitted last */
	assert_int_equal(view()->mixed, UINT64_C(1) << POLICY_V11);
}

static void condition_nobody_made(void **state)
{
	(void)state;
	PUT(.status = 412);
	assert_kept(INVARIANT_J9, KEPT_NOT, 1, 1);
}

/* ---- V4, V5, V10 ---- */

static void put_uid(const char *href, unsigned status, const char *error)
{
	struct txn *t = begin(&s, "PUT", href, status);
	req_header(t, "If-None-Match", "*");
	req_event(t, "u1", "Tea", 10);
	if (status == 201)
		res_header(t, "ETag", "\"1\"");
	if (error != NULL)
		res_error(t, error);
	deliver(&s, t);
}

static void uid_is_taken(void **state)
{
	(void)state;
	put_uid("/cal/a.ics", 201, NULL);
	put_uid("/cal/b.ics", 409, "no-uid-conflict");
	assert_fit(POLICY_V4, V4_COLLECTION | V4_USER);
	assert_fit(POLICY_V4d, V4d_409);
	assert_kept(INVARIANT_J4, KEPT, 1, 0);
	assert_kept(INVARIANT_J9, KEPT, 1, 0);
	again();
	put_uid("/cal/b.ics", 409, NULL); /* a folder is missing, perhaps */
	put_uid("/cal/c.ics", 400, NULL);
	assert_open(POLICY_V4);
	put_uid("/cal/a.ics", 201, NULL);
	put_uid("/cal/c.ics", 400, NULL); /* what was taken under another name */
	assert_fit(POLICY_V4d, V4d_400);
	assert_kept(INVARIANT_J9, KEPT_NOT, 1, 1);
	again();
	put_uid("/cal/a.ics", 201, NULL);
	put_uid("/cal/b.ics", 412, "no-uid-conflict");
	assert_fit(POLICY_V4d, V4d_412);
	assert_open(POLICY_V3);
}

static void uid_is_there_twice(void **state)
{
	(void)state;
	put_uid("/cal/a.ics", 201, NULL);
	put_uid("/cal/b.ics", 201, NULL);
	assert_open(POLICY_V4); /* it may be about to move */
	scene_finish(&s);
	assert_fit(POLICY_V4, V4_NONE);
	assert_kept(INVARIANT_J4, KEPT_NOT, 1, 1);
}

static void uid_in_two_collections(void **state)
{
	(void)state;
	put_uid("/dav/anna/home/a.ics", 201, NULL);
	put_uid("/dav/bert/home/a.ics", 201, NULL); /* an invitation */
	assert_open(POLICY_V4);
	put_uid("/dav/bert/work/a.ics", 201, NULL);
	assert_fit(POLICY_V4, V4_NONE | V4_COLLECTION);
	again();
	put_uid("/dav/anna/home/a.ics", 201, NULL);
	plain(&s, "DELETE", "/dav/anna/home/a.ics", 204);
	put_uid("/dav/anna/work/a.ics", 201, NULL);
	assert_open(POLICY_V4);
}

static void uid_that_is_read(void **state)
{
	(void)state;
	for (int other = 0; other < 2; other++) {
		again();
		put_uid("/cal/a.ics", 201, NULL);
		for (int i = 0; i < 2; i++) {
			struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
			res_event(t, other ? "u2" : "u1", "Tea", 10);
			res_header(t, "ETag", "\"1\"");
			deliver(&s, t);
		}
		assert_fit(POLICY_V5, other ? V5_YES : V5_NO);
	}
}

static void moves(void **state)
{
	(void)state;
	static const struct {
		unsigned status, fit;
	} cases[] = { { 201, V10_NATIVE }, { 204, V10_NATIVE }, { 405, V10_NONE },
		{ 501, V10_NONE }, { 403, V10_NATIVE | V10_NONE }, { 412, V10_NATIVE | V10_NONE } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		again();
		PUT(.inm = "*", .status = 201, .tag = "\"1\"");
		struct txn *t = begin(&s, "MOVE", "/cal/a.ics", cases[i].status);
		req_header(t, "Destination", "/cal/b.ics");
		deliver(&s, t);
		assert_fit(POLICY_V10, cases[i].fit);
	}
}

/* ---- J2, J3, J8 ---- */

static void list_it(const char *tag)
{
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", tag);
	deliver(&s, t);
}

static void one_tag(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	GET(.tag = "\"1\"");
	assert_kept(INVARIANT_J3, KEPT, 1, 0);
	list_it("\"1\"");
	assert_kept(INVARIANT_J3, KEPT, 2, 0);
	list_it("\"1\"");
	assert_kept(INVARIANT_J3, KEPT, 2, 0);
	GET(.tag = "\"1\"");
	assert_kept(INVARIANT_J2, KEPT, 1, 0);
	GET(.tag = "\"2\""); /* the bytes of the write under another tag */
	assert_kept(INVARIANT_J3, KEPT_NOT, 3, 1);
}

static void tag_that_wanders(void **state)
{
	(void)state;
	GET(.tag = "\"1\"");
	GET(.tag = "\"2\"");
	assert_kept(INVARIANT_J2, KEPT_NOT, 1, 1);
}

static void read_without_tag(void **state)
{
	(void)state;
	GET(.tag = "\"1\"");
	assert_kept(INVARIANT_J8, KEPT, 1, 0);
	GET(.tag = NULL);
	assert_kept(INVARIANT_J8, KEPT_NOT, 2, 1);
	GET(.tag = NULL);
	assert_int_equal(view()->invariants[INVARIANT_J8].at.frame,
	    11); /* the first that shows it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(tag_on_create),
		SCENE_TEST(no_tag_on_create),
		SCENE_TEST(what_is_played),
		SCENE_TEST(no_tag_on_update),
		SCENE_TEST(stored_as_it_was_sent),
		SCENE_TEST(stored_in_other_bytes),
		SCENE_TEST(other_bytes_of_others),
		SCENE_TEST(at_the_same_time),
		SCENE_TEST(seen_in_part),
		SCENE_TEST(with_a_gap_somewhere),
		SCENE_TEST(condition_is_honoured),
		SCENE_TEST(condition_is_ignored),
		SCENE_TEST(deleted_meanwhile),
		SCENE_TEST(status_of_updates),
		SCENE_TEST(condition_nobody_made),
		SCENE_TEST(uid_is_taken),
		SCENE_TEST(uid_is_there_twice),
		SCENE_TEST(uid_in_two_collections),
		SCENE_TEST(uid_that_is_read),
		SCENE_TEST(moves),
		SCENE_TEST(one_tag),
		SCENE_TEST(tag_that_wanders),
		SCENE_TEST(read_without_tag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
