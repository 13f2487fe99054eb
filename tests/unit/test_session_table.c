/*
 * test_session_table.c - analysis/session_table.c and session.c: what leaves when there is no more room, and that
 * it is the same for every seed.
 */
#include "analysis/session.h"
#include "tests/unit/davkit.h"

/* ---- bounds ---- */

static void oldest_leaves(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct stage g;
	limits.sessions = limits.session_rows = limits.session_notes = 2;
	stage_init_with(&g, &limits, 1);
	begin(&g, "t1", TEN);
	multiget(&g, BERT, TEN);
	create(&g, ANNA, "b.ics");
	assert_int_equal(sessions_evicted(g.sessions), 0);
	for (uint64_t peer = 1; peer < 5; peer++)
		report(&g, peer, (struct ask){ .gives = "t1", .rows = "a.ics" });
	assert_int_equal(sessions_evicted(g.sessions), 3);
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL); /* the session is a new one, and owes nothing to anybody */
	check(&g, "t2", "t3", NULL);
	assert_silence(&g);
	stage_free(&g);
}

/* What lay on a shelf that left is not known: two writes may have undone each other. */
static void shelf_that_left(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct stage g;
	limits.sessions = 1;
	stage_init_with(&g, &limits, 1);
	begin(&g, "t1", "a.ics");
	erase(&g, ANNA, "b.ics");
	struct made m;
	stage_begin(&g, &m, "PUT", "/dav/work/x.ics", 201);
	struct op op = op_made(ANNA, OP_CREATE, "/dav/work/x.ics");
	op.at.scope = CAL + 1;
	op.at.id = 5;
	op.commit = COMMIT_YES;
	op.guard = GUARD_ABSENT;
	stage_end(&g, &m, &op);
	arena_free(m.txn.arena);
	create(&g, ANNA, "b.ics");
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL);
	check(&g, "t2", "t3", NULL);
	assert_silence(&g);
	stage_free(&g);
}

/* Which hash the tables use must not show. */
static void same_for_every_seed(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct stage g[3];
	limits.sessions = limits.session_rows = limits.session_notes = 12;
	for (uint64_t seed = 0; seed < 3; seed++) {
		struct stage *x = &g[seed];
		stage_init_with(x, &limits, seed);
		for (uint64_t peer = 1; peer < 40; peer++)
			report(x, peer % 17 + 1, (struct ask){ .gives = "t1", .rows = TEN });
		for (int round = 0; round < 3; round++) {
			list(x, BERT, "1", NULL, TEN);
			multiget(x, BERT, TEN);
			refuse(x, "t1", 403, true);
			begin(x, "t1", TEN);
		}
		sessions_finish(x->sessions);
		assert_true(x->n != 0);
		assert_int_equal(x->n, g[0].n);
		assert_memory_equal(x->heard, g[0].heard, sizeof(x->heard));
		stage_free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_leaves),
		cmocka_unit_test(shelf_that_left),
		cmocka_unit_test(same_for_every_seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
