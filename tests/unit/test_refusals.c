/*
 * test_refusals.c - analysis/refusals.c: what a client is refused again and again.
 */
#include "tests/unit/onescene.h"

static void create(const char *target, unsigned status)
{
	put_new(&s, target, "u1", "Tea", 10, status == 201 ? "\"1\"" : NULL, status);
}

static void update(const char *tag, unsigned status)
{
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", status);
	req_header(t, "If-Match", tag);
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
}

static void conflict(const char *target, const char *uid, unsigned status, const char *error)
{
	struct txn *t = begin(&s, "PUT", target, status);
	req_header(t, "If-None-Match", "*");
	req_event(t, uid, "Tea", 10);
	if (error != NULL)
		res_error(t, error);
	deliver(&s, t);
}

static void read_it(const char *target)
{
	struct txn *t = begin(&s, "GET", target, 200);
	res_event(t, "u1", "Tea", 10);
	res_header(t, "ETag", "\"9\"");
	deliver(&s, t);
}

static const struct told *told(enum trouble trouble, size_t n)
{
	const struct told *t = scene_matter(&s, trouble, n);
	if (t == NULL)
		fail_msg("%s: not %zu times", trouble_name(trouble), n + 1);
	return t;
}

/* The n-th time it is told: so many refusals, the same matter in a later state. */
static void assert_state(enum trouble trouble, size_t n, uint64_t count)
{
	const struct told *t = told(trouble, n);
	assert_int_equal(t->m.count, count);
	assert_int_equal(t->m.update, n);
	assert_true(t->m.number != 0);
	assert_int_equal(t->m.number, told(trouble, 0)->m.number);
}

/* ---- its own create ---- */

static void own_create(void **state)
{
	(void)state;
	create("/cal/a.ics", 0);
	create("/cal/a.ics", 412);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
	create("/cal/a.ics", 412);
	create("/cal/a.ics", 412);
	assert_state(TROUBLE_OWN_CREATE_REFUSED, 0, 2);
	assert_state(TROUBLE_OWN_CREATE_REFUSED, 1, 3);
	assert_int_equal(told(TROUBLE_OWN_CREATE_REFUSED, 1)->m.certainty, PROBABLE);
	read_it("/cal/a.ics");
	create("/cal/a.ics", 412);
	assert_int_equal(told(TROUBLE_OWN_CREATE_REFUSED, 2)->m.certainty, CONFIRMED);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 3);
}

static void listed_it(const char *target)
{
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, target, "\"1\"");
	deliver(&s, t);
}

/* It looks at what is there, as it should. */
static void own_create_then_read(void **state)
{
	(void)state;
	create("/cal/a.ics", 0);
	create("/cal/a.ics", 412);
	read_it("/cal/a.ics");
	create("/cal/b.ics", 0);
	create("/cal/b.ics", 412);
	listed_it("/cal/b.ics");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
}

/* It was not seen to look until the end; that somebody else did does not help it. */
static void own_create_not_read(void **state)
{
	(void)state;
	s.user = "anna";
	create("/cal/a.ics", 0);
	create("/cal/a.ics", 412);
	s.user = "bob";
	s.flow = 2;
	read_it("/cal/a.ics");
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
	scene_finish(&s);
	assert_state(TROUBLE_OWN_CREATE_REFUSED, 0, 1);
	assert_int_equal(told(TROUBLE_OWN_CREATE_REFUSED, 0)->m.certainty, PROBABLE);
}

/* What it did is not known: some of its messages were not captured. */
static void own_create_perhaps_read(void **state)
{
	(void)state;
	create("/cal/a.ics", 0);
	create("/cal/a.ics", 412);
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 0);
	t->unpaired = UNPAIRED_GAP;
	deliver(&s, t);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
}

/* An hour is enough to look; what it does then comes too late. */
static void own_create_read_late(void **state)
{
	(void)state;
	create("/cal/a.ics", 0);
	create("/cal/a.ics", 412);
	scene_wait(&s, 3500);
	put_new(&s, "/cal/x.ics", "u2", "Milk", 11, "\"1\"", 201);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
	scene_wait(&s, 200);
	read_it("/cal/a.ics");
	assert_state(TROUBLE_OWN_CREATE_REFUSED, 0, 1);
}

/* That the first one got no answer is known when its connection is given up. */
static void own_create_known_late(void **state)
{
	static const struct {
		unsigned refusals;
		bool reads;
		size_t told;
	} cases[] = { { 1, true, 0 }, { 1, false, 1 }, { 2, false, 1 }, { 2, true, 1 } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (i != 0) {
			close_scene(NULL);
			open_scene(NULL);
		}
		struct txn *first = begin(&s, "PUT", "/cal/a.ics", 0);
		req_header(first, "If-None-Match", "*");
		req_event(first, "u1", "Tea", 10);
		s.flow = 2;
		for (unsigned n = 0; n < cases[i].refusals; n++)
			create("/cal/a.ics", 412);
		if (cases[i].reads)
			read_it("/cal/a.ics");
		deliver(&s, first);
		scene_finish(&s);
		assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), cases[i].told);
	}
}

static void own_create_renamed(void **state)
{
	(void)state;
	create("/cal/a.ics", 0);
	create("/cal/a.ics", 412);
	create("/cal/a2.ics", 201);
	assert_state(TROUBLE_OWN_CREATE_REFUSED, 0, 1);
	create("/cal/a.ics", 412);
	assert_state(TROUBLE_OWN_CREATE_REFUSED, 1, 2);
}

static void own_create_behind_an_error(void **state)
{
	(void)state;
	create("/cal/a.ics", 500);
	create("/cal/a.ics", 412);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 1);
}

/* The client lists in between and does not take what it finds: that is the storm, not its end. */
static void own_create_with_listings(void **state)
{
	(void)state;
	create("/cal/a.ics", 0);
	for (int i = 0; i < 3; i++) {
		create("/cal/a.ics", 412);
		listed_it("/cal/a.ics");
	}
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 2);
	assert_state(TROUBLE_OWN_CREATE_REFUSED, 1, 3);
}

static void create_of_others(void **state)
{
	(void)state;
	s.user = "bob";
	create("/cal/a.ics", 0);
	s.user = "anna";
	s.flow = 2;
	create("/cal/a.ics", 412);
	create("/cal/a.ics", 412);
	put_new(&s, "/cal/a.ics", "u2", "Milk", 11, NULL, 412);
	create("/cal/never.ics", 412);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
}

/* Made before the capture began: what is there has its UID and its looks. */
static void create_that_is_there(void **state)
{
	(void)state;
	create("/cal/a.ics", 412);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
	read_it("/cal/a.ics");
	create("/cal/a.ics", 412);
	scene_finish(&s);
	assert_int_equal(told(TROUBLE_OWN_CREATE_REFUSED, 0)->m.certainty, PROBABLE);
}

/* The answer that said so to its maker may be one that was not captured, and is told late. */
static void create_that_may_have_been_told(void **state)
{
	(void)state;
	read_it("/cal/a.ics");
	create("/cal/a.ics", 412);
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 0);
	t->unpaired = UNPAIRED_GAP;
	deliver(&s, t);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
}

static void create_of_another_look(void **state)
{
	(void)state;
	read_it("/cal/a.ics");
	put_new(&s, "/cal/a.ics", "u1", "Dinner", 19, NULL, 412);
	put_new(&s, "/cal/a.ics", "u2", "Tea", 10, NULL, 412);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
}

/* It was gone in between: a new row begins. */
static void own_create_after_success(void **state)
{
	(void)state;
	create("/cal/a.ics", 0);
	create("/cal/a.ics", 412);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	create("/cal/a.ics", 201);
	create("/cal/a.ics", 412); /* it knows that it made it: nothing of unknown outcome */
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_OWN_CREATE_REFUSED), 0);
}

/* ---- one condition ---- */

static void stale_guard(void **state)
{
	(void)state;
	update("\"1\"", 412);
	assert_int_equal(scene_count(&s, TROUBLE_STALE_GUARD), 0);
	update("\"1\"", 412);
	assert_state(TROUBLE_STALE_GUARD, 0, 2);
	assert_string_equal(told(TROUBLE_STALE_GUARD, 0)->value, "\"1\"");
	update("\"1\"", 404);
	assert_state(TROUBLE_STALE_GUARD, 1, 3);
}

static void guard_that_changes(void **state)
{
	(void)state;
	update("\"1\"", 412);
	update("\"2\"", 412);
	update("\"3\"", 412);
	read_it("/cal/a.ics");
	update("\"9\"", 412);
	read_it("/cal/a.ics");
	update("\"9\"", 412);
	assert_int_equal(scene_count(&s, TROUBLE_STALE_GUARD), 0);
}

/* That others look does not help the one who does not. */
static void read_by_others(void **state)
{
	(void)state;
	s.user = "anna";
	update("\"1\"", 412);
	s.user = "bob";
	s.flow = 2;
	read_it("/cal/a.ics");
	s.user = "anna";
	s.flow = 1;
	update("\"1\"", 412);
	assert_int_equal(scene_count(&s, TROUBLE_STALE_GUARD), 1);
}

static void guard_of_two(void **state)
{
	(void)state;
	s.user = "anna";
	update("\"1\"", 412);
	s.user = "bob";
	s.flow = 2;
	update("\"1\"", 412);
	assert_int_equal(scene_count(&s, TROUBLE_STALE_GUARD), 0);
}

/* ---- one UID ---- */

static void uid_conflict(void **state)
{
	static const struct {
		unsigned status;
		const char *error;
	} dresses[] = { { 409, "no-uid-conflict" }, { 403, "no-uid-conflict" },
		{ 403, "unique-scheduling-object-resource" }, { 412, "no-uid-conflict" },
		{ 500, "no-uid-conflict" } };
	(void)state;
	create("/cal/a.ics", 201);
	for (size_t i = 0; i < sizeof(dresses) / sizeof(dresses[0]); i++)
		conflict("/cal/b.ics", "u1", dresses[i].status, dresses[i].error);
	assert_int_equal(scene_count(&s, TROUBLE_UID_CONFLICT), 4);
	assert_state(TROUBLE_UID_CONFLICT, 0, 2);
	assert_state(TROUBLE_UID_CONFLICT, 3, 5);
	assert_string_equal(told(TROUBLE_UID_CONFLICT, 0)->uid, "u1");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	assert_non_null(scene_cleared(&s, GATE_NOT_COMMITTED, 0));
}

/* Servers that say it without saying so, where the holder is known: SOGo 409, Nextcloud 400. */
static void uid_conflict_in_other_words(void **state)
{
	(void)state;
	create("/cal/a.ics", 201);
	conflict("/cal/b.ics", "u1", 409, NULL);
	conflict("/cal/b.ics", "u1", 400, NULL);
	assert_state(TROUBLE_UID_CONFLICT, 0, 2);
	conflict("/cal/c.ics", "u2", 409, NULL); /* nobody has that one */
	conflict("/cal/c.ics", "u2", 409, NULL);
	assert_int_equal(scene_count(&s, TROUBLE_UID_CONFLICT), 1);
}

/* A client that makes a new name for each try is refused one UID all the same. */
static void uid_conflict_under_new_names(void **state)
{
	(void)state;
	conflict("/cal/b1.ics", "u1", 409, "no-uid-conflict");
	conflict("/cal/b2.ics", "u1", 409, "no-uid-conflict");
	assert_state(TROUBLE_UID_CONFLICT, 0, 2);
	conflict("/cal/b3.ics", "u1", 409, "no-uid-conflict");
	assert_state(TROUBLE_UID_CONFLICT, 1, 3);
	conflict("/other/b4.ics", "u1", 409, "no-uid-conflict");
	assert_int_equal(scene_count(&s, TROUBLE_UID_CONFLICT), 2);
}

/* It looked at the one that has it: that is what it should do. */
static void uid_conflict_adopted(void **state)
{
	(void)state;
	create("/cal/a.ics", 201);
	conflict("/cal/b.ics", "u1", 409, "no-uid-conflict");
	read_it("/cal/a.ics");
	conflict("/cal/b.ics", "u1", 409, "no-uid-conflict");
	assert_int_equal(scene_count(&s, TROUBLE_UID_CONFLICT), 0);
}

/* ---- trash ---- */

static void trash(void **state)
{
	(void)state;
	create("/cal/a.ics", 201);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	conflict("/cal/a2.ics", "u1", 409, "no-uid-conflict");
	const struct told *t = told(TROUBLE_TRASH_BLOCKS, 0);
	assert_int_equal(t->m.certainty, PROBABLE);
	assert_string_equal(t->uid, "u1");
}

/* Gone from here, but to another collection, where it is the one that is in the way. */
static void moved_is_no_trash(void **state)
{
	(void)state;
	create("/cal/a.ics", 201);
	struct txn *t = begin(&s, "MOVE", "/cal/a.ics", 201);
	req_header(t, "Destination", "/work/a.ics");
	deliver(&s, t);
	conflict("/cal/a2.ics", "u1", 409, "no-uid-conflict");
	assert_int_equal(scene_count(&s, TROUBLE_TRASH_BLOCKS), 0);
}

static void elsewhere_is_no_trash(void **state)
{
	(void)state;
	create("/cal/a.ics", 201);
	create("/work/a.ics", 201);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	conflict("/cal/a2.ics", "u1", 403, "unique-scheduling-object-resource");
	assert_int_equal(scene_count(&s, TROUBLE_TRASH_BLOCKS), 0);
}

/* Not in a listing is not deleted. */
static void vanished_is_no_trash(void **state)
{
	(void)state;
	create("/cal/a.ics", 201);
	deliver(&s, listing(&s, "/cal/"));
	conflict("/cal/a2.ics", "u1", 409, "no-uid-conflict");
	assert_int_equal(scene_count(&s, TROUBLE_TRASH_BLOCKS), 0);
}

/* ---- one body ---- */

static void poison(void **state)
{
	static const unsigned statuses[] = { 400, 403, 413, 415, 422 };
	(void)state;
	for (size_t i = 0; i < 5; i++)
		create("/cal/a.ics", statuses[i]);
	assert_int_equal(scene_count(&s, TROUBLE_POISON), 3);
	assert_state(TROUBLE_POISON, 0, 3);
	assert_state(TROUBLE_POISON, 2, 5);
}

static void poison_that_is_mended(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct txn *t = begin(&s, "PUT", "/cal/a.ics", 400);
		req_event(t, "u1", "Tea", 10);
		body_revise(&t->req, i);
		deliver(&s, t);
	}
	create("/cal/b.ics", 400);
	create("/cal/b.ics", 507);
	create("/cal/b.ics", 429);
	create("/cal/b.ics", 500);
	assert_int_equal(scene_count(&s, TROUBLE_POISON), 0);
}

/* That somebody reads the item, and what is sent stays as it is, mends nothing. */
static void poison_with_reads(void **state)
{
	(void)state;
	create("/cal/a.ics", 201);
	for (int i = 0; i < 3; i++) {
		struct txn *t = begin(&s, "PUT", "/cal/a.ics", 400);
		req_header(t, "If-Match", "\"1\"");
		req_event(t, "u1", "Tea with gin", 10);
		deliver(&s, t);
		read_it("/cal/a.ics");
	}
	assert_int_equal(scene_count(&s, TROUBLE_POISON), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(own_create),
		SCENE_TEST(own_create_then_read),
		SCENE_TEST(own_create_not_read),
		SCENE_TEST(own_create_perhaps_read),
		SCENE_TEST(own_create_read_late),
		SCENE_TEST(own_create_known_late),
		SCENE_TEST(own_create_renamed),
		SCENE_TEST(own_create_behind_an_error),
		SCENE_TEST(own_create_with_listings),
		SCENE_TEST(create_of_others),
		SCENE_TEST(create_that_is_there),
		SCENE_TEST(create_that_may_have_been_told),
		SCENE_TEST(create_of_another_look),
		SCENE_TEST(own_create_after_success),
		SCENE_TEST(stale_guard),
		SCENE_TEST(guard_that_changes),
		SCENE_TEST(read_by_others),
		SCENE_TEST(guard_of_two),
		SCENE_TEST(uid_conflict),
		SCENE_TEST(uid_conflict_in_other_words),
		SCENE_TEST(uid_conflict_under_new_names),
		SCENE_TEST(uid_conflict_adopted),
		SCENE_TEST(trash),
		SCENE_TEST(moved_is_no_trash),
		SCENE_TEST(elsewhere_is_no_trash),
		SCENE_TEST(vanished_is_no_trash),
		SCENE_TEST(poison),
		SCENE_TEST(poison_that_is_mended),
		SCENE_TEST(poison_with_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
