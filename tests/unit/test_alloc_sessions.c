/*
 * test_alloc_sessions.c - memory that runs out anywhere in the sessions: no crash, and nothing told that would
 * not be told with all of it. Linked with malloc, calloc and realloc wrapped.
 */
#include "analysis/session.h"
#include "tests/unit/davkit.h"

#include "tests/unit/alloc_fail.h"

/* A bit of everything: a storm, a change that is lost, a ctag that stays, all read twice. */
static void converse(struct stage *g)
{
	list(g, BERT, "1", "c1", TEN);
	multiget(g, BERT, TEN);
	begin(g, "t1", TEN);
	create(g, ANNA, "x.ics");
	stage_wait(g, 70);
	check(g, "t1", "t2", NULL);
	check(g, "t2", "t3", NULL);
	list(g, BERT, "0", "c1", NULL);
	multiget(g, BERT, TEN);
	for (int i = 0; i < 3; i++) {
		refuse(g, "t3", 403, true);
		begin(g, "t3", TEN);
	}
	single(g, ANNA, "DELETE", OP_DELETE, "/dav/cal", 0);
	sessions_finish(g->sessions);
}

/* False: the conversation is over before memory runs out. */
static bool one_failure(long at, const struct stage *whole)
{
	struct stage g;
	stage_init(&g);
	g.memory = &allocations_left;
	g.left = at;
	converse(&g);
	bool reached = g.left < 0;
	assert_true(g.n <= whole->n);
	for (size_t i = 0; i < g.n; i++)
		assert_true(
		    heard_times(&g, g.heard[i].trouble) <= heard_times(whole, g.heard[i].trouble));
	stage_free(&g);
	return reached;
}

static void memory_runs_out(void **state)
{
	(void)state;
	struct stage whole;
	stage_init(&whole);
	converse(&whole);
	assert_true(whole.n >= 4);
	long at = 0;
	while (one_failure(at, &whole))
		at++;
	assert_in_range(at, 25, 1000);
	stage_free(&whole);
}

static void no_sessions_at_all(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	for (long at = 0; at < 5; at++) {
		allocations_left = at;
		struct sessions *s = sessions_new(&limits, hash_key_from(1), (struct teller){ 0 });
		allocations_left = -1;
		assert_null(s);
	}
	sessions_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(no_sessions_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
