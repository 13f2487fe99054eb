/*
 * test_rows.c - analysis/rows.c: what listings prove to be there, and what they prove to be gone.
 */
#include "tests/unit/onescene.h"

static void create(const char *target, const char *uid)
{
	put_new(&s, target, uid, uid, 10, "\"1\"", 201);
}

/* Whether "/cal/a.ics" with its UID u1 is thought to live: a copy of it is one then. */
static void assert_lives(bool lives)
{
	create("/cal/probe.ics", "u1");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), lives);
	if (!lives)
		assert_true(scene_cleared(&s, GATE_DELETED, 0) != NULL ||
		    scene_cleared(&s, GATE_NOT_COMMITTED, 0) != NULL);
}

/* ---- what a complete listing leaves out ---- */

static void left_out(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	create("/cal/b.ics", "u2");
	struct txn *t = listing(&s, "/cal/");
	row(t, "/cal/", 0);
	row_tag(t, "/cal/b.ics", "\"1\"");
	deliver(&s, t);
	assert_lives(false);
}

static void listed(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "http://dav.example/cal/%61.ics", "\"1\"");
	deliver(&s, t);
	assert_lives(true);
}

/* It is in the listing, whatever was asked of it. */
static void listed_without_tag(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = listing(&s, "/cal/");
	struct dav_response *r = row(t, "/cal/a.ics", 0);
	row_prop_add(t, r, "displayname", "Tea", 200);
	deliver(&s, t);
	t = listing(&s, "/cal/");
	r = row(t, "/cal/a.ics", 0);
	row_prop_add(t, r, "getetag", "", 404);
	deliver(&s, t);
	t = listing(&s, "/cal/");
	row(t, "/cal/a.ics", 403); /* there, and not to be shown */
	deliver(&s, t);
	assert_lives(true);
}

static struct txn *without(void)
{
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/b.ics", "\"1\"");
	return t;
}

/* Each of these may have left it out for a reason of its own. */
static void incomplete_listings(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = without();
	((struct dav *)(uintptr_t)t->res.body.dav)->whole = false;
	deliver(&s, t);
	t = without();
	t->res.loss = LOSS_CLIPPED;
	deliver(&s, t);
	t = without();
	t->unsure = true;
	deliver(&s, t);
	t = without();
	row(t, "/cal/", 507);
	deliver(&s, t);
	t = without();
	((struct dav *)(uintptr_t)t->req.body.dav)->limit = 1;
	deliver(&s, t);
	t = begin(&s, "REPORT", "/cal/", 207);
	message_dav(t, &t->req, "calendar-query");
	row_tag(t, "/cal/b.ics", "\"1\"");
	deliver(&s, t);
	t = begin(&s, "PROPFIND", "/cal/", 207);
	req_header(t, "Depth", "0");
	message_dav(t, &t->req, "propfind");
	row(t, "/cal/", 0);
	deliver(&s, t);
	t = multiget(&s, "/cal/");
	row_tag(t, "/cal/b.ics", "\"1\"");
	deliver(&s, t);
	t = listing(&s, "/other/");
	deliver(&s, t);
	deliver(&s, listing(&s, "/"));
	assert_lives(true);
}

/* A listing whose hrefs there was no room for is none of all members. */
static void no_room_for_rows(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	char *href = make(t, 20000);
	memset(href, 'x', 19999);
	href[0] = '/';
	((struct dav_response *)(uintptr_t)&t->res.body.dav->responses[0])->href = slice_from(href);
	row_tag(t, "/cal/b.ics", "\"1\"");
	while (arena_alloc(t->arena, 4096) != NULL)
		continue;
	deliver(&s, t);
	assert_lives(true);
}

static void written_during_the_listing(void **state)
{
	(void)state;
	struct txn *t = without();
	create("/cal/a.ics", "u1");
	deliver(&s, t);
	assert_lives(true);
}

static void updated_during_the_listing(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	plain(&s, "DELETE", "/cal/a.ics", 204);
	struct txn *t = without();
	create("/cal/a.ics", "u1");
	deliver(&s, t);
	assert_lives(true);
}

/* The answer to what was asked before the delete. */
static void deleted_during_the_listing(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	plain(&s, "DELETE", "/cal/a.ics", 204);
	deliver(&s, t);
	assert_lives(false);
}

static void made_again_during_a_delta(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	plain(&s, "DELETE", "/cal/a.ics", 204);
	struct txn *t = begin(&s, "REPORT", "/cal/", 207);
	message_dav(t, &t->req, "sync-collection");
	row(t, "/cal/a.ics", 404);
	create("/cal/a.ics", "u1");
	deliver(&s, t);
	assert_lives(true);
}

static void rows_that_are_gone(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = begin(&s, "REPORT", "/cal/", 207);
	message_dav(t, &t->req, "sync-collection");
	row(t, "/cal/a.ics", 404);
	deliver(&s, t);
	assert_lives(false);
}

/* Exchange says it in a word of its own, and spells the path as it likes. */
static void changetypes(void **state)
{
	(void)state;
	s.flavour = FLAVOUR_EXCHANGE;
	struct txn *t = begin(&s, "PUT", "/exchange/anna/Calendar/Tea.EML", 201);
	req_event(t, "u1", "Tea", 10);
	res_header(t, "ResourceTag", "<rt:1>");
	deliver(&s, t);
	t = begin(&s, "SEARCH", "/exchange/anna/calendar", 207);
	message_dav(t, &t->req, "searchrequest");
	row(t, "http://x/exchange/Anna/calendar/TEA.EML", 200)->changetype = SLICE("Delete");
	deliver(&s, t);
	t = begin(&s, "PUT", "/exchange/anna/Calendar/Tea-2.EML", 201);
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	assert_non_null(scene_cleared(&s, GATE_DELETED, 0));
}

/* ---- the collection itself ---- */

static void collections_are_no_items(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = listing(&s, "/cal");
	row_tag(t, "/cal/", "\"c1\"");
	row_tag(t, "/cal/sub/", "\"c2\"");
	row_tag(t, "/cal/a.ics", "\"1\"");
	deliver(&s, t);
	assert_lives(true);
}

/* A PROPFIND of one item is a read of it: front ends look for the tag so. */
static void probe_of_an_item(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "u1", 10, NULL, 0);
	struct txn *t = begin(&s, "PROPFIND", "/cal/a.ics", 207);
	req_header(t, "Depth", "0");
	message_dav(t, &t->req, "propfind");
	row_tag(t, "/cal/a.ics", "\"1\"");
	deliver(&s, t);
	assert_lives(true);
}

static void probe_finds_nothing(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	plain(&s, "PROPFIND", "/cal/a.ics", 404);
	plain(&s, "HEAD", "/cal/a.ics", 404);
	assert_lives(false);
}

static void head_of_an_item(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "u1", 10, NULL, 0);
	plain(&s, "OPTIONS", "/cal/a.ics", 200);
	struct txn *t = begin(&s, "HEAD", "/cal/a.ics", 200);
	res_header(t, "ETag", "\"1\"");
	deliver(&s, t);
	assert_lives(true);
}

/* Whatever it holds: it is there. */
static void get_without_content(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "u1", 10, NULL, 0);
	plain(&s, "GET", "/cal/a.ics", 304);
	assert_lives(true);
}

static void page_instead_of_an_item(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "u1", 10, NULL, 0);
	plain(&s, "GET", "/cal/a.ics", 200);
	create("/cal/probe.ics", "u1");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

/* ---- rows that lead nowhere ---- */

static void named(void)
{
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", "\"1\"");
	deliver(&s, t);
}

static void missing(void)
{
	struct txn *t = multiget(&s, "/cal/");
	row(t, "/cal/a.ics", 404);
	deliver(&s, t);
}

static void row_missing(void **state)
{
	(void)state;
	named();
	missing();
	assert_int_equal(scene_count(&s, TROUBLE_ROW_MISSING), 0); /* once is a race */
	named();
	missing();
	assert_int_equal(scene_count(&s, TROUBLE_ROW_MISSING), 1);
	assert_int_equal(scene_matter(&s, TROUBLE_ROW_MISSING, 0)->m.count, 2);
	assert_int_equal(scene_matter(&s, TROUBLE_ROW_MISSING, 0)->m.update, 0);
	named();
	missing();
	const struct told *first = scene_matter(&s, TROUBLE_ROW_MISSING, 0);
	const struct told *t = scene_matter(&s, TROUBLE_ROW_MISSING, 1);
	assert_non_null(t);
	assert_int_equal(t->m.update, 1);
	assert_int_equal(t->m.number, first->m.number);
}

/* Asked for again although nothing named it: the client's fault, not the listing's. */
static void row_asked_for_twice(void **state)
{
	(void)state;
	named();
	missing();
	missing();
	missing();
	assert_int_equal(scene_count(&s, TROUBLE_ROW_MISSING), 0);
}

static void row_missing_once(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		named();
		missing();
		struct txn *t = multiget(&s, "/cal/");
		row_event(t, "/cal/a.ics", "\"1\"", "u1", "u1", 10);
		deliver(&s, t);
	}
	assert_int_equal(scene_count(&s, TROUBLE_ROW_MISSING), 0);
}

/* An attempt of unknown outcome that reading does not find was none. */
static void row_of_an_attempt(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "u1", 10, NULL, 0);
	missing();
	assert_lives(false);
}

/* ---- another name ---- */

static void href_rewritten(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	struct txn *t = listing(&s, "/cal/");
	row_event(t, "/cal/server-made.ics", "\"1\"", "u1", "u1", 10);
	deliver(&s, t);
	const struct told *m = scene_matter(&s, TROUBLE_HREF_REWRITTEN, 0);
	assert_non_null(m);
	assert_string_equal(m->href, "/cal/a.ics");
	assert_string_equal(m->other, "/cal/server-made.ics");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

/* It was there under its own name before: who renamed it later is not known. */
static void renamed_later(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1");
	named();
	struct txn *t = listing(&s, "/cal/");
	row_event(t, "/cal/server-made.ics", "\"1\"", "u1", "u1", 10);
	deliver(&s, t);
	assert_int_equal(scene_count(&s, TROUBLE_HREF_REWRITTEN), 0);
}

/* Listings of a large collection, again and again, cost what they show. */
static void many_listings(void **state)
{
	char target[40];
	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(target, sizeof(target), "/cal/%d.ics", i);
		create(target, "same");
	}
	for (int i = 0; i < 3000; i++)
		deliver(&s, listing(&s, "/cal/"));
	s.n_told = 0;
	create("/cal/a.ics", "u1");
	assert_lives(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(left_out),
		SCENE_TEST(listed),
		SCENE_TEST(listed_without_tag),
		SCENE_TEST(incomplete_listings),
		SCENE_TEST(no_room_for_rows),
		SCENE_TEST(written_during_the_listing),
		SCENE_TEST(updated_during_the_listing),
		SCENE_TEST(deleted_during_the_listing),
		SCENE_TEST(made_again_during_a_delta),
		SCENE_TEST(rows_that_are_gone),
		SCENE_TEST(changetypes),
		SCENE_TEST(collections_are_no_items),
		SCENE_TEST(probe_of_an_item),
		SCENE_TEST(probe_finds_nothing),
		SCENE_TEST(head_of_an_item),
		SCENE_TEST(get_without_content),
		SCENE_TEST(page_instead_of_an_item),
		SCENE_TEST(row_missing),
		SCENE_TEST(row_asked_for_twice),
		SCENE_TEST(row_missing_once),
		SCENE_TEST(row_of_an_attempt),
		SCENE_TEST(href_rewritten),
		SCENE_TEST(renamed_later),
		SCENE_TEST(many_listings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
