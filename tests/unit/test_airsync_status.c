/*
 * test_airsync_status.c - analysis/airsync_status.c: what became of a command by its Status, wherever that stands.
 */
#include "tests/unit/commandkit.h"

/* One Add, Change and Delete without rows, under one answer each. */
static void inherited_status(void **state)
{
	(void)state;
	struct expect {
		enum outcome_of outcome;
		enum commit commit;
	};
	static const struct {
		int root, collection; /* AIRSYNC_NONE: not said; collection -2: not there */
		struct expect add, change;
		unsigned status;
	} cases[] = {
		{ -1, 1, { OUT_LOST, COMMIT_MAYBE }, { OUT_OK, COMMIT_YES }, 1 },
		{ -1, -1, { OUT_LOST, COMMIT_MAYBE }, { OUT_OK, COMMIT_YES }, 200 },
		{ -1, -2, { OUT_LOST, COMMIT_MAYBE }, { OUT_OK, COMMIT_YES }, 200 },
		{ 1, -2, { OUT_LOST, COMMIT_MAYBE }, { OUT_OK, COMMIT_YES }, 1 },
		{ -1, 5, { OUT_TRANSIENT, COMMIT_MAYBE }, { OUT_TRANSIENT, COMMIT_MAYBE }, 5 },
		{ -1, 3, { OUT_TOKEN_BAD, COMMIT_NO }, { OUT_TOKEN_BAD, COMMIT_NO }, 3 },
		{ 13, -2, { OUT_PRECONDITION, COMMIT_NO }, { OUT_PRECONDITION, COMMIT_NO }, 13 },
		{ 12, -2, { OUT_PRECONDITION, COMMIT_NO }, { OUT_PRECONDITION, COMMIT_NO }, 12 },
		{ 16, -2, { OUT_TRANSIENT, COMMIT_NO }, { OUT_TRANSIENT, COMMIT_NO }, 16 },
		{ 111, -2, { OUT_TRANSIENT, COMMIT_MAYBE }, { OUT_TRANSIENT, COMMIT_MAYBE }, 111 },
		{ 142, -2, { OUT_AUTH, COMMIT_NO }, { OUT_AUTH, COMMIT_NO }, 142 },
		{ 5, 1, { OUT_LOST, COMMIT_MAYBE }, { OUT_OK, COMMIT_YES }, 1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command_scene s;
		scene_init(&s, "Sync", 200);
		side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
		side_item(&s.req, AIRSYNC_ADD, "1", NULL);
		side_item(&s.req, AIRSYNC_CHANGE, NULL, "x");
		s.res.airsync.status = cases[i].root;
		if (cases[i].collection != -2)
			side_collection(&s.res, "cal", "k2", cases[i].collection);
		scene_run(&s);
		assert_op(&s.ops.list[0], OP_CREATE, cases[i].add.outcome, cases[i].add.commit,
		    cases[i].status);
		assert_op(&s.ops.list[1], OP_UPDATE, cases[i].change.outcome,
		    cases[i].change.commit, cases[i].status);
		assert_int_equal(s.ops.list[0].at.id, 0);
		scene_free(&s);
	}
}

static void status_of_the_row(void **state)
{
	(void)state;
	static const struct {
		int status;
		enum outcome_of outcome;
		enum commit commit;
	} cases[] = {
		{ 1, OUT_OK, COMMIT_YES },
		{ 2, OUT_REFUSED, COMMIT_NO },
		{ 3, OUT_TOKEN_BAD, COMMIT_NO },
		{ 4, OUT_REFUSED, COMMIT_NO },
		{ 5, OUT_TRANSIENT, COMMIT_MAYBE },
		{ 6, OUT_REFUSED, COMMIT_NO },
		{ 7, OUT_CONFLICT, COMMIT_NO },
		{ 8, OUT_GONE, COMMIT_NO },
		{ 9, OUT_REFUSED, COMMIT_NO },
		{ 12, OUT_PRECONDITION, COMMIT_NO },
		{ 13, OUT_PRECONDITION, COMMIT_NO },
		{ 15, OUT_REFUSED, COMMIT_NO },
		{ 16, OUT_TRANSIENT, COMMIT_NO },
		{ 110, OUT_TRANSIENT, COMMIT_MAYBE },
		{ 111, OUT_TRANSIENT, COMMIT_MAYBE },
		{ 150, OUT_GONE, COMMIT_NO },
		{ 77, OUT_REFUSED, COMMIT_MAYBE },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command_scene s;
		scene_init(&s, "Sync", 200);
		side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
		side_item(&s.req, AIRSYNC_CHANGE, NULL, "x");
		side_collection(&s.res, "cal", "k2", 1);
		side_row(&s.res, AIRSYNC_CHANGE, NULL, "x", cases[i].status);
		scene_run(&s);
		assert_op(&s.ops.list[0], OP_UPDATE, cases[i].outcome, cases[i].commit,
		    (unsigned)cases[i].status);
		assert_op(&s.ops.list[1], OP_DELTA, OUT_OK, COMMIT_YES, 1);
		scene_free(&s);
	}
}

static void http_decides(void **state)
{
	(void)state;
	static const struct {
		unsigned status;
		enum outcome_of outcome;
		enum commit commit;
	} cases[] = {
		{ 401, OUT_AUTH, COMMIT_NO },
		{ 449, OUT_AUTH, COMMIT_NO },
		{ 403, OUT_DENIED, COMMIT_NO },
		{ 451, OUT_REDIRECT, COMMIT_NO },
		{ 302, OUT_REDIRECT, COMMIT_NO },
		{ 404, OUT_GONE, COMMIT_NO },
		{ 400, OUT_REFUSED, COMMIT_NO },
		{ 408, OUT_TRANSIENT, COMMIT_MAYBE },
		{ 429, OUT_THROTTLED, COMMIT_NO },
		{ 500, OUT_TRANSIENT, COMMIT_MAYBE },
		{ 502, OUT_TRANSIENT, COMMIT_MAYBE },
		{ 503, OUT_THROTTLED, COMMIT_MAYBE },
		{ 0, OUT_LOST, COMMIT_MAYBE },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command_scene s;
		scene_init(&s, "Sync", cases[i].status);
		side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
		side_item(&s.req, AIRSYNC_ADD, "1", NULL);
		scene_run(&s);
		assert_op(&s.ops.list[0], OP_CREATE, cases[i].outcome, cases[i].commit,
		    cases[i].status);
		assert_op(&s.ops.list[1], OP_DELTA, cases[i].outcome, cases[i].commit,
		    cases[i].status);
		scene_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inherited_status),
		cmocka_unit_test(status_of_the_row),
		cmocka_unit_test(http_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
