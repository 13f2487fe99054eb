/*
 * test_session_listing.c - analysis/session_listing.c: ctags that stay the same, and bodies that are read again.
 */
#include "analysis/session.h"
#include "tests/unit/davkit.h"

/* ---- everything again: D19 ---- */

static void everything_again(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	list(&g, BERT, "1", NULL, TEN);
	multiget(&g, BERT, TEN);
	list(&g, BERT, "1", NULL, TEN);
	multiget(&g, BERT, TEN);
	assert_silence(&g); /* the round is not over */
	sessions_finish(g.sessions);
	const struct heard *h = assert_heard(&g, TROUBLE_FULL_REDOWNLOAD, 1);
	assert_int_equal(h->count, 100);
	assert_false(h->by_op);
	assert_string_equal(h->scope, "/dav/cal");
	stage_free(&g);

	stage_init(&g); /* after a refusal the tags tell what need not be read */
	begin(&g, "t1", TEN);
	multiget(&g, BERT, TEN);
	refuse(&g, "t1", 403, true);
	begin(&g, "t2", TEN);
	multiget(&g, BERT, TEN);
	report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
	assert_heard(&g, TROUBLE_FULL_REDOWNLOAD, 1);
	stage_free(&g);
}

static void reading_that_has_to_be(void **state)
{
	(void)state;
	enum { CONTROL, NEW_DEVICE, OTHER_PEER, OTHER_TAGS, FEW, PART, ONE_ROUND, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		const char *rows = TEN;
		stage_init(&g);
		begin(&g, "t1", TEN);
		multiget(&g, BERT, rows);
		if (i == NEW_DEVICE)
			begin(&g, "t1", TEN);
		else if (i != ONE_ROUND)
			report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
		if (i == OTHER_TAGS)
			rows = "a.ics b.ics c.ics d.ics e.ics f.ics g.ics h=2 i=2 j=2";
		if (i == FEW)
			rows = "a.ics b.ics c.ics d.ics e.ics f.ics g.ics h.ics i.ics";
		if (i == PART)
			rows = "a.ics b.ics c.ics d.ics e.ics f.ics g.ics k.ics l.ics m.ics";
		multiget(&g, i == OTHER_PEER ? ANNA : BERT, rows);
		sessions_finish(g.sessions);
		assert_told(&g, TROUBLE_FULL_REDOWNLOAD, i);
		stage_free(&g);
	}
}

/* ---- the ctag: D23 ---- */

static void ctag_stays(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	list(&g, BERT, "0", "c1", NULL);
	create(&g, ANNA, "b.ics");
	list(&g, BERT, "0", "c1", NULL);
	const struct heard *h = assert_heard(&g, TROUBLE_CTAG_STALE, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_string_equal(h->value, "c1");
	assert_string_equal(h->href, "/dav/cal/b.ics");
	list(&g, BERT, "0", "c1", NULL);
	assert_int_equal(g.n, 1);
	stage_free(&g);
}

static void ctag_is_right(void **state)
{
	(void)state;
	enum { CONTROL, MOVED_ON, NO_WRITE, UNDONE, SAME_CONTENT, MAYBE, UNDER_WAY, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		list(&g, BERT, "0", "c1", NULL);
		if (i == UNDER_WAY) /* sent before the first PROPFIND was answered */
			g.begun = g.order - 2;
		if (i != NO_WRITE && i != SAME_CONTENT)
			put(&g, ANNA, "b.ics",
			    (struct put){ .tag = "\"1\"",
				.commit = i == MAYBE ? COMMIT_MAYBE : COMMIT_YES });
		if (i == SAME_CONTENT)
			put(&g, ANNA, "a.ics", (struct put){ .match = "\"1\"", .tag = "\"1\"" });
		if (i == UNDONE)
			erase(&g, ANNA, "b.ics");
		list(&g, BERT, "0", i == MOVED_ON ? "c2" : "c1", NULL);
		assert_told(&g, TROUBLE_CTAG_STALE, i);
		stage_free(&g);
	}
}

/* A write that was under way at the second PROPFIND is over at the third. */
static void ctag_over_a_longer_time(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	list(&g, BERT, "0", "c1", NULL);
	uint64_t before = g.order;
	list(&g, BERT, "0", "c1", NULL);
	g.begun = before;
	create(&g, ANNA, "b.ics");
	assert_silence(&g);
	list(&g, BERT, "0", "c1", NULL);
	assert_heard(&g, TROUBLE_CTAG_STALE, 1);
	stage_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_again),
		cmocka_unit_test(reading_that_has_to_be),
		cmocka_unit_test(ctag_stays),
		cmocka_unit_test(ctag_is_right),
		cmocka_unit_test(ctag_over_a_longer_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
