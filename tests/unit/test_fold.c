/*
 * test_fold.c - analysis/fold.c: which transactions are legs of one attempt, and which are attempts.
 */
#include "tests/unit/onescene.h"

static struct txn *put(const char *target, unsigned status)
{
	struct txn *t = begin(&s, "PUT", target, status);
	req_header(t, "If-None-Match", "*");
	req_event(t, "u1", "Tea", 10);
	return t;
}

/* A leg that was sent without what it asks to store. */
static struct txn *bare(const char *target, unsigned status)
{
	struct txn *t = begin(&s, "PUT", target, status);
	req_header(t, "Content-Length", "0");
	t->req.body.kind = BODY_CALENDAR;
	return t;
}

static void assert_one(unsigned legs, enum outcome_of outcome, size_t packets)
{
	assert_int_equal(scene_ops(&s), 1);
	const struct op *op = scene_op(&s, 0);
	assert_int_equal(op->legs, legs);
	assert_int_equal(op->outcome, outcome);
	assert_int_equal(op->n_packets, packets);
}

/* ---- authentication ---- */

static void basic(void **state)
{
	(void)state;
	deliver(&s, put("/cal/a.ics", 401));
	assert_int_equal(scene_ops(&s), 0);
	s.user = "anna";
	deliver(&s, put("/cal/a.ics", 201));
	assert_one(2, OUT_OK, 4);
	assert_int_equal(scene_op(&s, 0)->commit, COMMIT_YES);
	assert_int_equal(scene_op(&s, 0)->kind, OP_CREATE);
	scene_finish(&s);
	assert_int_equal(scene_ops(&s), 1);
	assert_quiet(&s);
}

/* Body and condition are those of the last leg. */
static void ntlm(void **state)
{
	(void)state;
	deliver(&s, bare("/cal/a.ics", 401));
	deliver(&s, bare("/cal/a.ics", 401));
	deliver(&s, put("/cal/a.ics", 201));
	assert_one(3, OUT_OK, 6);
	assert_int_equal(scene_op(&s, 0)->guard, GUARD_ABSENT);
	assert_true(scene_op(&s, 0)->body_hash != 0);
	assert_int_equal(scene_count(&s, TROUBLE_NONE), 1);
	scene_finish(&s);
	assert_quiet(&s);
}

static void other_words_for_again(void **state)
{
	static const unsigned statuses[] = { 401, 407, 417, 421, 426, 440, 449 };
	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		size_t before = scene_ops(&s);
		deliver(&s, put("/cal/a.ics", statuses[i]));
		assert_int_equal(scene_ops(&s), before);
		deliver(&s, put("/cal/a.ics", 201));
		assert_int_equal(scene_ops(&s), before + 1);
		assert_int_equal(scene_op(&s, before)->legs, 2);
	}
}

static void post_with_login(void **state)
{
	(void)state;
	struct txn *t = begin(&s, "POST", "/cal/", 401);
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
	t = begin(&s, "POST", "/cal/", 201);
	req_event(t, "u1", "Tea", 10);
	res_header(t, "Location", "/cal/1.ics");
	deliver(&s, t);
	scene_finish(&s);
	assert_one(2, OUT_OK, 4);
}

static void nobody_comes_back(void **state)
{
	(void)state;
	deliver(&s, put("/cal/a.ics", 401));
	scene_finish(&s);
	assert_one(1, OUT_AUTH, 2);
	assert_int_equal(scene_op(&s, 0)->commit, COMMIT_NO);
	assert_int_equal(scene_count(&s, TROUBLE_NONE), 0);
}

static void a_tick_ends_the_wait(void **state)
{
	(void)state;
	deliver(&s, put("/cal/a.ics", 401));
	analysis_tick(s.analysis, s.ns + INT64_C(30000000000));
	assert_int_equal(scene_ops(&s), 0);
	analysis_tick(s.analysis, s.ns + INT64_C(30000000001));
	assert_one(1, OUT_AUTH, 2);
	analysis_tick(s.analysis, s.ns + INT64_C(90000000000));
	scene_finish(&s);
	assert_int_equal(scene_ops(&s), 1);
}

static void too_late(void **state)
{
	(void)state;
	deliver(&s, put("/cal/a.ics", 401));
	scene_wait(&s, 31);
	deliver(&s, put("/cal/a.ics", 201));
	assert_int_equal(scene_ops(&s), 2);
	assert_int_equal(scene_op(&s, 0)->outcome, OUT_AUTH);
	assert_int_equal(scene_op(&s, 1)->legs, 1);
	assert_true(scene_op(&s, 0)->number < scene_op(&s, 1)->number);
}

static void not_the_same(void **state)
{
	(void)state;
	deliver(&s, put("/cal/a.ics", 401));
	deliver(&s, put("/cal/b.ics", 201));
	assert_int_equal(scene_op(&s, 0)->legs, 1);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	assert_int_equal(scene_op(&s, 1)->legs, 1);
	s.client.address[3] = 9;
	deliver(&s, put("/cal/a.ics", 201));
	assert_int_equal(scene_op(&s, 2)->legs, 1);
	s.client.address[3] = 1;
	s.server.port = 81; /* who asked for a password is another server */
	deliver(&s, put("/cal/a.ics", 201));
	assert_int_equal(scene_op(&s, 3)->legs, 1);
}

/* A request that was under way before the server asked for a password is no answer to that. */
static void sent_before(void **state)
{
	(void)state;
	struct txn *first = put("/cal/a.ics", 401), *second = put("/cal/a.ics", 201);
	deliver(&s, first);
	deliver(&s, second);
	scene_finish(&s);
	assert_int_equal(scene_ops(&s), 2);
	assert_int_equal(scene_op(&s, 0)->legs, 1);
}

/* ---- redirects ---- */

static struct txn *redirect(const char *method, const char *target, unsigned status, const char *to)
{
	struct txn *t = begin(&s, method, target, status);
	if (to != NULL)
		res_header(t, "Location", to);
	return t;
}

static void redirected(void **state)
{
	static const unsigned statuses[] = { 301, 302, 307, 308 };
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t before = scene_ops(&s);
		deliver(&s,
		    redirect("PUT", "/cal/a.ics", statuses[i], "http://dav.example/b/a.ics"));
		assert_int_equal(scene_ops(&s), before);
		deliver(&s, put("/b/a.ics", 201));
		const struct op *op = scene_op(&s, before);
		assert_int_equal(op->legs, 2);
		assert_int_equal(op->outcome, OUT_OK);
	}
	deliver(&s, redirect("PUT", "/cal/c.ics", 302, NULL));
	assert_int_equal(scene_op(&s, SIZE_MAX)->outcome, OUT_REDIRECT);
}

/* 301 of a collection: another name of the same. */
static void collection_moved_for_good(void **state)
{
	(void)state;
	deliver(&s, redirect("PROPFIND", "/old/", 301, "/new/anna/"));
	plain(&s, "PROPFIND", "/new/anna/", 207);
	put_new(&s, "/old/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	put_new(&s, "/new/anna/a.ics", "u1", "Tea", 10, "\"2\"", 201);
	scene_finish(&s);
	assert_true(scene_op(&s, 1)->at.id == scene_op(&s, 2)->at.id);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	deliver(&s, redirect("PROPFIND", "/for-now/", 302, "/new/anna/"));
	plain(&s, "DELETE", "/for-now/a.ics", 204);
	assert_true(scene_op(&s, SIZE_MAX)->at.id != scene_op(&s, 1)->at.id);
}

/* What moved to another server is not the same collection here. */
static void moved_to_another_server(void **state)
{
	(void)state;
	deliver(&s, redirect("PROPFIND", "/old/", 301, "https://other.example/cal/"));
	put_new(&s, "/old/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	put_new(&s, "/cal/a.ics", "u2", "Milk", 11, "\"2\"", 201);
	assert_true(scene_op(&s, 0)->at.id != scene_op(&s, 1)->at.id);
	s.host = "other.example";
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"3\"", 201);
	assert_true(scene_op(&s, 0)->at.id == scene_op(&s, 2)->at.id);
}

/* A redirect that waits costs nothing for each request that passes by, and the room of others neither. */
static void waiting_costs_nothing(void **state)
{
	(void)state;
	struct txn *waiting = redirect("PUT", "/cal/a.ics", 302, "/b/a.ics");
	struct arena *arena = waiting->arena;
	deliver(&s, waiting);
	size_t used = arena_used(arena);
	for (int i = 0; i < 500; i++)
		put_new(&s, "/cal/other.ics", "u1", "Tea", 10, "\"1\"", 204);
	assert_int_equal(arena_used(arena), used);
	deliver(&s, put("/b/a.ics", 201));
	assert_int_equal(scene_op(&s, SIZE_MAX)->legs, 2);
	deliver(&s, put("/cal/x.ics", 401));
	deliver(&s, put("/cal/y.ics", 401));
	deliver(&s, put("/cal/x.ics", 201));
	assert_int_equal(scene_op(&s, SIZE_MAX)->legs, 2);
	deliver(&s, put("/cal/y.ics", 201));
	assert_int_equal(scene_op(&s, SIZE_MAX)->legs, 2);
}

/* However many wait: each is told once, in the order in which it came. */
static void many_wait(void **state)
{
	char target[40];
	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(target, sizeof(target), "/cal/%d.ics", i);
		deliver(&s, put(target, 401));
	}
	scene_finish(&s);
	assert_int_equal(scene_ops(&s), 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(scene_op(&s, i)->number, i + 1);
}

/* One of those in the middle goes on, when the first ones have left already. */
static void one_of_many_goes_on(void **state)
{
	char target[40];
	(void)state;
	for (int i = 0; i < 700; i++) {
		snprintf(target, sizeof(target), "/cal/%d.ics", i);
		deliver(&s, put(target, 401));
	}
	assert_int_equal(scene_ops(&s), 700 - 256);
	deliver(&s, put("/cal/600.ics", 201));
	assert_int_equal(scene_op(&s, SIZE_MAX)->legs, 2);
	deliver(&s, put("/cal/600.ics", 201));
	assert_int_equal(scene_op(&s, SIZE_MAX)->legs, 1);
	scene_finish(&s);
	assert_int_equal(scene_ops(&s), 701);
	deliver(&s, put("/cal/601.ics", 201));
	assert_int_equal(scene_op(&s, SIZE_MAX)->legs, 1);
}

static void too_large_to_wait(void **state)
{
	char target[40];
	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(target, sizeof(target), "/cal/%d.ics", i);
		struct txn *t = put(target, 401);
		make(t, 1 << 20);
		deliver(&s, t);
	}
	assert_true(scene_ops(&s) >= 10);
	scene_finish(&s);
	assert_int_equal(scene_ops(&s), 20);
}

/* ---- attempts ---- */

static unsigned attempts(void)
{
	return scene_op(&s, SIZE_MAX)->attempts;
}

static void sent_again(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 0);
	assert_int_equal(attempts(), 1);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 0);
	assert_int_equal(attempts(), 2);
	scene_wait(&s, 60);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	assert_int_equal(attempts(), 3);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	assert_int_equal(attempts(), 1);
}

static void not_sent_again(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 0);
	put_new(&s, "/cal/b.ics", "u1", "Tea", 10, "\"1\"", 201);
	assert_int_equal(attempts(), 1);
	put_new(&s, "/cal/a.ics", "u1", "Milk", 10, "\"1\"", 201);
	assert_int_equal(attempts(), 1);
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 201);
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
	assert_int_equal(attempts(), 1);
	s.user = "bob";
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	assert_int_equal(attempts(), 1);
	s.user = NULL;
	s.flow = 2;
	scene_wait(&s, 121);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	assert_int_equal(attempts(), 1);
}

static void refused_is_not_lost(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 500);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	assert_int_equal(attempts(), 1);
}

/* ---- odd input ---- */

/* A capture file says what it likes about times. */
static void times_without_sense(void **state)
{
	static const int64_t times[] = { INT64_MIN, INT64_MAX - 100000000, 0, INT64_MAX - 100000000,
		INT64_MIN, -1, INT64_MAX - 100000000, 1 };
	(void)state;
	for (size_t i = 0; i < 64; i++) {
		s.ns = times[i % 8];
		put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL,
		    i % 3 == 0     ? 0 :
			i % 3 == 1 ? 401 :
				     201);
		s.ns = times[(i + 3) % 8];
		deliver(&s, redirect("PROPFIND", "/x/", 302, "/y/"));
		plain(&s, "GET", "/cal/a.ics", 200);
	}
	scene_finish(&s);
}

static void no_operation(void **state)
{
	(void)state;
	s.flavour = FLAVOUR_HTTP;
	plain(&s, "GET", "/page", 200);
	scene_finish(&s);
	assert_int_equal(scene_ops(&s), 0);
}

static void no_room(void **state)
{
	(void)state;
	for (size_t more = 0; more < 4096; more += 64) {
		struct txn *t = redirect("PUT", "/cal/a.ics", 302, "/b/a.ics");
		while (arena_used(t->arena) < 1 << 17)
			make(t, 4096);
		arena_limit(t->arena, arena_used(t->arena));
		for (size_t n = 8192; n >= 16; n /= 2)
			while (arena_alloc(t->arena, n) != NULL)
				continue;
		arena_limit(t->arena, arena_used(t->arena) + more);
		deliver(&s, t);
		deliver(&s, put("/b/a.ics", 201));
	}
	scene_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(basic),
		SCENE_TEST(ntlm),
		SCENE_TEST(other_words_for_again),
		SCENE_TEST(post_with_login),
		SCENE_TEST(nobody_comes_back),
		SCENE_TEST(a_tick_ends_the_wait),
		SCENE_TEST(too_late),
		SCENE_TEST(not_the_same),
		SCENE_TEST(sent_before),
		SCENE_TEST(redirected),
		SCENE_TEST(collection_moved_for_good),
		SCENE_TEST(moved_to_another_server),
		SCENE_TEST(waiting_costs_nothing),
		SCENE_TEST(many_wait),
		SCENE_TEST(one_of_many_goes_on),
		SCENE_TEST(too_large_to_wait),
		SCENE_TEST(sent_again),
		SCENE_TEST(not_sent_again),
		SCENE_TEST(refused_is_not_lost),
		SCENE_TEST(times_without_sense),
		SCENE_TEST(no_operation),
		SCENE_TEST(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
