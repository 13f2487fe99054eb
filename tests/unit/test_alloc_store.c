/*
 * test_alloc_store.c - memory that runs out anywhere in the store: no crash, and nothing claimed that would
 * not be claimed with all of it. Linked with malloc, calloc and realloc wrapped.
 */
#include "tests/unit/scenekit.h"

#include "tests/unit/alloc_fail.h"

/* A bit of everything: copies, refusals, listings, moves, legs, and a proxy. */
static void converse(struct scene *s)
{
	put_new(s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	put_new(s, "/cal/b.ics", "u1", "Tea", 10, NULL, 201);
	put_new(s, "/cal/c.ics", "u2", "Milk", 11, NULL, 0);
	put_new(s, "/cal/d.ics", "u2", "Milk", 11, "\"1\"", 201);
	put_new(s, "/cal/c.ics", "u2", "Milk", 11, NULL, 412);
	put_new(s, "/cal/e.ics", "u1", "Tea", 10, NULL, 409);
	struct txn *t = begin(s, "MOVE", "/cal/d.ics", 201);
	req_header(t, "Destination", "/work/d.ics");
	deliver(s, t);
	t = begin(s, "PUT", "/cal/f.ics", 401);
	req_event(t, "u3", "Bread", 12);
	deliver(s, t);
	put_new(s, "/cal/f.ics", "u3", "Bread", 12, "\"1\"", 201);
	t = listing(s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	row_event(t, "/cal/new.ics", "\"7\"", "u9", "New", 13);
	deliver(s, t);
	t = begin(s, "GET", "/cal/f.ics", 200);
	res_event(t, "u3", "Bread", 12);
	body_revise(&t->res, 5);
	res_header(t, "ETag", "\"1\"");
	deliver(s, t);
	scene_wait(s, 40);
	for (int i = 0; i < 3; i++)
		plain(s, "DELETE", "/cal/a.ics", 404);
	scene_finish(s);
}

static void scene_run(struct scene *s, long left)
{
	scene_open(s, FLAVOUR_CALDAV);
	if (left >= 0) {
		s->memory = &allocations_left;
		s->left = left;
	}
	converse(s);
}

static void memory_runs_out(void **state)
{
	static const enum trouble claims[] = { TROUBLE_DUPLICATE, TROUBLE_LYING_TAG,
		TROUBLE_TAG_MISMATCH, TROUBLE_OWN_CREATE_REFUSED, TROUBLE_HREF_REWRITTEN,
		TROUBLE_LOST_UPDATE };
	struct scene whole, part;
	long at = 0;
	(void)state;
	scene_run(&whole, -1);
	for (bool reached = true; reached; at++) {
		scene_run(&part, at);
		reached = part.left < 0;
		for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
			assert_true(
			    scene_count(&part, claims[i]) <= scene_count(&whole, claims[i]));
		scene_close(&part);
	}
	assert_in_range(at, 20, 2000);
	scene_close(&whole);
}

static void no_analysis_at_all(void **state)
{
	struct limits limits = limits_default();
	struct analysis_options options = { .limits = &limits, .key = hash_key_from(7) };
	struct error e;
	struct analysis *a = NULL;
	long at = 0;
	(void)state;
	for (; a == NULL; at++) {
		allocations_left = at;
		a = analysis_new(&options, (struct analysis_sink){ scene_told, NULL }, &e);
		allocations_left = -1;
	}
	assert_in_range(at, 8, 40);
	analysis_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(no_analysis_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
