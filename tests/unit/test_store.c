/*
 * test_store.c - analysis/store.c and store_write.c: what writes do to what is there, seen from both sides.
 */
#include "tests/unit/onescene.h"

static void as(const char *user)
{
	s.user = user;
	s.flow = user[0] == 'a' ? 1 : 2;
}

/* guard NULL: it has none. */
static void put(const char *guard, unsigned rev, unsigned status)
{
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", status);
	req_event(t, "u1", "Tea", 10);
	body_revise(&t->req, rev);
	if (guard != NULL)
		req_header(t, "If-Match", guard);
	if (status / 100 == 2)
		res_header(t, "ETag", "\"1\"");
	deliver(&s, t);
}

static void read_it(void)
{
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
	res_event(t, "u1", "Tea", 10);
	body_revise(&t->res, 1);
	res_header(t, "ETag", "\"1\"");
	deliver(&s, t);
}

static size_t count(enum trouble trouble)
{
	return scene_count(&s, trouble);
}

/* ---- writes over what is there ---- */

static void unguarded(void **state)
{
	(void)state;
	put(NULL, 1, 201);
	assert_int_equal(count(TROUBLE_UNGUARDED_UPDATE), 0); /* nothing was there */
	put("\"1\"", 2, 204);
	assert_int_equal(count(TROUBLE_UNGUARDED_UPDATE), 0);
	put(NULL, 3, 204);
	assert_int_equal(count(TROUBLE_UNGUARDED_UPDATE), 1);
	put(NULL, 4, 412);
	put("*", 5, 204); /* it must be there: that is a condition */
	assert_int_equal(count(TROUBLE_UNGUARDED_UPDATE), 1);
	assert_int_equal(count(TROUBLE_NONE), 4);
}

static void unguarded_where_it_was_listed(void **state)
{
	(void)state;
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	deliver(&s, t);
	put(NULL, 1, 204);
	assert_int_equal(count(TROUBLE_UNGUARDED_UPDATE), 1);
}

/* A condition that was not captured may have been there. */
static void guard_not_seen(void **state)
{
	(void)state;
	put(NULL, 1, 201);
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 204);
	req_event(t, "u1", "Tea", 10);
	t->req.head_complete = false;
	deliver(&s, t);
	assert_int_equal(count(TROUBLE_UNGUARDED_UPDATE), 0);
}

static void lost_update(void **state)
{
	(void)state;
	as("anna");
	put(NULL, 1, 201);
	as("bob");
	put(NULL, 2, 204);
	scene_wait(&s, 29);
	read_it();
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 0);
	scene_wait(&s, 2);
	read_it();
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 1);
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 1);
	const struct told *t = scene_matter(&s, TROUBLE_LOST_UPDATE, 0);
	assert_int_equal(t->m.certainty, PROBABLE);
	assert_int_equal(t->m.n_packets, 4);
	assert_string_equal(t->href, "/cal/a.ics");
}

static void not_lost(void **state)
{
	(void)state;
	as("anna");
	put(NULL, 1, 201);
	put(NULL, 2, 204); /* its own */
	as("bob");
	read_it();
	put(NULL, 3, 204); /* read before */
	as("anna");
	put(NULL, 3, 204); /* the same again */
	put("\"1\"", 4, 204);
	as("bob");
	put("\"1\"", 5, 204); /* the server would have refused another version */
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 0);
}

static void answer_not_captured(void)
{
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 0);
	t->unpaired = UNPAIRED_GAP;
	deliver(&s, t);
}

/* It may have read it where nobody saw; such a message is told late. */
static void perhaps_read(void **state)
{
	(void)state;
	as("anna");
	put(NULL, 1, 201);
	as("bob");
	put(NULL, 2, 204);
	answer_not_captured();
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 0);
}

/* What is missing from before that version, or at another client, has no part in it. */
static void missing_elsewhere(void **state)
{
	(void)state;
	as("bob");
	answer_not_captured();
	as("anna");
	put(NULL, 1, 201);
	s.client.address[3] ^= 1;
	answer_not_captured();
	s.client.address[3] ^= 1;
	as("bob");
	put(NULL, 2, 204);
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 1);
}

/* To see that there is a new version is not to have read it. */
static void lost_though_it_was_listed(void **state)
{
	(void)state;
	as("anna");
	put(NULL, 1, 201);
	as("bob");
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	deliver(&s, t);
	put(NULL, 2, 204);
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 1);
}

static void read_in_a_report(void **state)
{
	(void)state;
	as("anna");
	put(NULL, 1, 201);
	as("bob");
	struct txn *t = multiget(&s, "/cal/");
	row_event(t, "/cal/a.ics", "\"1\"", "u1", "Tea", 10);
	deliver(&s, t);
	put(NULL, 2, 204);
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 0);
}

/* More readers than are kept: nobody is said not to have read. */
static void many_readers(void **state)
{
	static const char *const users[] = { "a1", "b2", "b3", "b4", "b5", "b6" };
	(void)state;
	as("anna");
	put(NULL, 1, 201);
	for (size_t i = 0; i < 6; i++) {
		s.user = users[i];
		s.flow = 10 + i;
		read_it();
	}
	as("bob");
	put(NULL, 2, 204);
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_LOST_UPDATE), 0);
}

/* ---- outcomes that are not known ---- */

static void unknown_outcomes(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 0);
	put_new(&s, "/cal/b.ics", "u2", "Tea", 11, NULL, 502);
	put_new(&s, "/cal/c.ics", "u3", "Tea", 12, NULL, 504);
	assert_int_equal(count(TROUBLE_UNKNOWN_OUTCOME), 3);
	put_new(&s, "/cal/d.ics", "u4", "Tea", 13, NULL, 500); /* an answer of its own */
	put_new(&s, "/cal/e.ics", "u5", "Tea", 14, NULL, 403);
	struct txn *t = begin(&s, "PUT", "/cal/f.ics", 0);
	req_event(t, "u6", "Tea", 15);
	t->unpaired = UNPAIRED_GAP;
	deliver(&s, t);
	assert_int_equal(count(TROUBLE_UNKNOWN_OUTCOME), 3);
	put("\"1\"", 2, 0);
	assert_int_equal(count(TROUBLE_UNKNOWN_OUTCOME), 4);
}

/* ---- a UID of the server ---- */

static void uid_rewritten(void **state)
{
	(void)state;
	put(NULL, 1, 201);
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
	res_event(t, "other", "Tea", 10);
	deliver(&s, t);
	const struct told *m = scene_matter(&s, TROUBLE_UID_REWRITTEN, 0);
	assert_non_null(m);
	assert_string_equal(m->value, "other");
	assert_string_equal(m->other_value, "u1");
}

static void uid_kept(void **state)
{
	(void)state;
	put(NULL, 1, 201);
	read_it();
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200); /* later: by whoever wrote it */
	res_event(t, "other", "Tea", 10);
	deliver(&s, t);
	t = begin(&s, "GET", "/cal/b.ics", 200);
	res_event(t, "u7", "Tea", 10);
	deliver(&s, t);
	assert_int_equal(count(TROUBLE_UID_REWRITTEN), 0);
}

/* ---- replays ---- */

static struct txn *post(const char *location)
{
	struct txn *t = begin(&s, "POST", "/cal/", 201);
	req_event(t, "", "Tea", 10);
	res_header(t, "Location", location);
	res_header(t, "ETag", "\"1\"");
	return t;
}

/* One POST of the client, two at the server: two items, and the hop made them. */
static void replayed_by_a_hop(void **state)
{
	const struct endpoint client = s.client, proxy = s.server;
	(void)state;
	struct txn *outer = post("/cal/2.ics");
	s.flow = 2;
	s.client = proxy;
	s.client.port = 50000;
	s.server.address[3] = 7;
	deliver(&s, post("/cal/1.ics"));
	deliver(&s, post("/cal/2.ics"));
	s.flow = 1;
	s.client = client;
	s.server = proxy;
	deliver(&s, outer);
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_PROXY_REPLAY), 1);
	const struct told *t = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	assert_non_null(t);
	assert_int_equal(t->m.cause, CAUSE_PROXY_REPLAY);
}

/* ---- odd input ---- */

static void of_no_interest(void **state)
{
	(void)state;
	s.flavour = FLAVOUR_WEBDAV;
	struct txn *t = begin(&s, "PUT", "/files/a.txt", 201);
	res_header(t, "DAV", "1, 2");
	deliver(&s, t);
	t = begin(&s, "PUT", "/files/a.txt", 204);
	res_header(t, "DAV", "1, 2");
	deliver(&s, t);
	scene_finish(&s);
	assert_quiet(&s);
	assert_int_equal(count(TROUBLE_NONE), 0);
}

static void to_itself(void **state)
{
	(void)state;
	put(NULL, 1, 201);
	for (int i = 0; i < 2; i++) {
		struct txn *t = begin(&s, i == 0 ? "MOVE" : "COPY", "/cal/a.ics", 201);
		req_header(t, "Destination", "/cal/a.ics");
		deliver(&s, t);
	}
	put_new(&s, "/cal/b.ics", "u1", "Tea", 10, "\"2\"", 201);
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_DUPLICATE), 1); /* it is still there */
}

static void nobody_holds_it(void **state)
{
	static const char *const methods[] = { "DELETE", "MOVE", "COPY", "GET", "PUT" };
	static const unsigned statuses[] = { 200, 201, 204, 404, 412, 500, 0 };
	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 7; k++) {
			struct txn *t = begin(&s, methods[i], "/", statuses[k]);
			req_header(t, "Destination", k % 2 == 0 ? "" : "/cal/x");
			deliver(&s, t);
			plain(&s, methods[i], "", statuses[k]);
			plain(&s, methods[i], "/cal/never.ics", statuses[k]);
		}
	scene_finish(&s);
	assert_int_equal(count(TROUBLE_DUPLICATE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(unguarded),
		SCENE_TEST(unguarded_where_it_was_listed),
		SCENE_TEST(guard_not_seen),
		SCENE_TEST(lost_update),
		SCENE_TEST(not_lost),
		SCENE_TEST(perhaps_read),
		SCENE_TEST(missing_elsewhere),
		SCENE_TEST(lost_though_it_was_listed),
		SCENE_TEST(read_in_a_report),
		SCENE_TEST(many_readers),
		SCENE_TEST(unknown_outcomes),
		SCENE_TEST(uid_rewritten),
		SCENE_TEST(uid_kept),
		SCENE_TEST(replayed_by_a_hop),
		SCENE_TEST(of_no_interest),
		SCENE_TEST(to_itself),
		SCENE_TEST(nobody_holds_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
