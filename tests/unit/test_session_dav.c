/*
 * test_session_dav.c - analysis/session_dav.c: first synchronisations, pages and limits that deliver less than there
 * is; Depth.
 */
#include "analysis/session.h"
#include "tests/unit/davkit.h"

/* ---- the first synchronisation: D15, D16 ---- */

static void first_sync_short(void **state)
{
	(void)state;
	for (int listed_first = 0; listed_first < 2; listed_first++) {
		struct stage g;
		stage_init(&g);
		if (listed_first)
			list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		begin(&g, "t1", "a.ics");
		if (!listed_first)
			list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		const struct heard *h = assert_heard(&g, TROUBLE_FIRST_SYNC_SHORT, 1);
		assert_int_equal(h->count, 2);
		list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		assert_int_equal(g.n, 1); /* once is enough */
		stage_free(&g);
	}
}

static void copied_here(struct stage *g)
{
	struct made m;
	stage_begin(g, &m, "COPY", "/dav/work/b.ics", 201);
	struct op op = op_made(ANNA, OP_COPY, "/dav/work/b.ics");
	op.at.scope = CAL + 1;
	op.at.id = 5;
	op.to = (struct place){ text("/dav/cal/b.ics"), CAL, mix_slice(CAL, text("b.ics")) };
	op.commit = COMMIT_YES;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static void first_sync_that_is_whole(void **state)
{
	(void)state;
	enum {
		CONTROL,
		LATE,
		WRITTEN,
		WRITE_UNDER_WAY,
		FILTERED,
		COLLECTIONS,
		TORN,
		DEPTH_0,
		OTHER_PEER,
		TAGLESS,
		TWICE,
		COPIED,
		CASES
	};
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		const char *rows = "a.ics b.ics";
		stage_init(&g);
		report(&g, BERT,
		    (struct ask){ .gives = "t1",
			.rows = "a.ics",
			.filtered = i == FILTERED,
			.torn = i == TORN });
		if (i == LATE)
			stage_wait(&g, 61);
		if (i == WRITTEN)
			create(&g, ANNA, "b.ics");
		if (i == WRITE_UNDER_WAY)
			put(&g, ANNA, "b.ics", (struct put){ .commit = COMMIT_MAYBE });
		if (i == COPIED)
			copied_here(&g);
		if (i == COLLECTIONS)
			rows = "a.ics b/";
		if (i == TAGLESS)
			rows = "a.ics -b.ics";
		if (i == TWICE) /* one member listed twice is one */
			rows = "a.ics a.ics";
		list(&g, i == OTHER_PEER ? ANNA : BERT, i == DEPTH_0 ? "0" : "1", NULL, rows);
		assert_told(&g, TROUBLE_FIRST_SYNC_SHORT, i);
		stage_free(&g);
	}
}

static void empty_token_refused(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	report(&g, BERT, (struct ask){ .status = 403, .says_token = true });
	assert_int_equal(assert_heard(&g, TROUBLE_FIRST_SYNC_SHORT, 1)->certainty, CONFIRMED);
	stage_free(&g);

	static const struct {
		unsigned status;
		size_t told;
	} cases[] = { { 400, 1 }, { 409, 1 }, { 412, 1 }, { 415, 1 }, { 403, 0 }, { 404, 0 } };
	for (size_t i = 0; i < COUNT(cases);
	     i++) { /* where tokens are accepted, beginning must be */
		stage_init(&g);
		report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
		report(&g, BERT, (struct ask){ .status = cases[i].status });
		assert_int_equal(g.n, cases[i].told);
		assert_int_equal(heard_times(&g, TROUBLE_FIRST_SYNC_SHORT), cases[i].told);
		stage_free(&g);
	}

	static const unsigned lawful[] = { 400, 403, 404, 405, 415,
		501 }; /* no such report, no right */
	for (size_t i = 0; i < COUNT(lawful); i++) {
		stage_init(&g);
		report(&g, BERT, (struct ask){ .status = lawful[i] });
		report(&g, BERT, (struct ask){ .status = lawful[i] });
		assert_silence(&g);
		stage_free(&g);
	}
}

static void pages_that_skip(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	report(&g, BERT, (struct ask){ .gives = "p1", .rows = "a.ics b.ics", .cut = true });
	report(&g, BERT,
	    (struct ask){ .token = "p1", .gives = "p2", .rows = "c.ics", .cut = true });
	report(&g, BERT, (struct ask){ .token = "p2", .gives = "t1", .rows = "d.ics" });
	list(&g, BERT, "1", NULL, "a.ics b.ics c.ics d.ics e.ics");
	assert_int_equal(assert_heard(&g, TROUBLE_TRUNCATED_SILENTLY, 1)->count, 1);
	stage_free(&g);
}

static void pages_that_are_whole(void **state)
{
	(void)state;
	enum { CONTROL, COMPLETE, NOT_AT_THE_END, BROKEN_OFF, LOST_PAGE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		report(&g, BERT, (struct ask){ .gives = "p1", .rows = "a.ics b.ics", .cut = true });
		if (i == LOST_PAGE)
			report(&g, BERT,
			    (struct ask){ .token = "p1", .gives = "p2", .torn = true });
		if (i == CONTROL)
			report(&g, BERT, (struct ask){ .token = "p1", .gives = "t1" });
		if (i == COMPLETE)
			report(&g, BERT,
			    (struct ask){ .token = "p1", .gives = "t1", .rows = "c.ics" });
		if (i == LOST_PAGE)
			report(&g, BERT, (struct ask){ .token = "p2", .gives = "t1" });
		if (i == BROKEN_OFF)
			report(&g, BERT, (struct ask){ .token = "other", .gives = "t1" });
		list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		assert_told(&g, TROUBLE_TRUNCATED_SILENTLY, i);
		stage_free(&g);
	}
}

static void limit_kept_and_not_said(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	report(&g, BERT, (struct ask){ .gives = "t1", .rows = "a.ics b.ics", .limit = 2 });
	list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
	assert_heard(&g, TROUBLE_TRUNCATED_SILENTLY, 1);
	stage_free(&g);

	stage_init(&g); /* exactly so many */
	report(&g, BERT, (struct ask){ .gives = "t1", .rows = "a.ics b.ics", .limit = 2 });
	list(&g, BERT, "1", NULL, "a.ics b.ics");
	assert_silence(&g);
	stage_free(&g);

	stage_init(&g); /* fewer than the limit: that is another matter */
	report(&g, BERT, (struct ask){ .gives = "t1", .rows = "a.ics", .limit = 5 });
	list(&g, BERT, "1", NULL, "a.ics b.ics");
	assert_silence(&g);
	stage_free(&g);
}

static void full_page_lacks_a_write(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", NULL);
	create(&g, ANNA, "a.ics");
	create(&g, ANNA, "b.ics");
	create(&g, ANNA, "c.ics");
	stage_wait(&g, 120);
	report(&g, BERT,
	    (struct ask){ .token = "t1", .gives = "t2", .rows = "a.ics b.ics", .limit = 2 });
	const struct heard *h = assert_heard(&g, TROUBLE_TRUNCATED_SILENTLY, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_string_equal(h->href, "/dav/cal/c.ics");
	stage_free(&g);

	stage_init(&g);
	begin(&g, "t1", NULL);
	create(&g, ANNA, "a.ics");
	create(&g, ANNA, "b.ics");
	stage_wait(&g, 120);
	report(&g, BERT,
	    (struct ask){ .token = "t1", .gives = "t2", .rows = "a.ics b.ics", .limit = 2 });
	report(&g, BERT,
	    (struct ask){ .token = "t1", .gives = "t2", .rows = "a.ics", .limit = 1, .cut = true });
	assert_silence(&g);
	stage_free(&g);
}

/* ---- Depth, copies ---- */

static void depth_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *depth;
		unsigned status;
		size_t told;
	} cases[] = { { "1", 400, 1 }, { "infinity", 400, 1 }, { "0", 400, 0 }, { "1", 207, 0 },
		{ "1", 404, 0 } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stage g;
		stage_init(&g);
		report(&g, BERT,
		    (struct ask){ .depth = cases[i].depth,
			.status = cases[i].status,
			.gives = "t1" });
		if (cases[i].told != 0)
			assert_string_equal(assert_heard(&g, TROUBLE_DEPTH_REFUSED, 1)->value,
			    cases[i].depth);
		else
			assert_silence(&g);
		stage_free(&g);
	}
}

static void copies_do_not_count(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	for (int i = 0; i < 4; i++) {
		struct made m;
		struct listing_made l = { .asked = { .whole = true } };
		stage_begin(&g, &m, "REPORT", "/dav/cal/", 403);
		l.asked.root.local = text("sync-collection");
		m.txn.req.body.dav = &l.asked;
		refusal_made(&m, &l, true);
		struct op op = op_made(BERT, OP_DELTA, "/dav/cal");
		op.outcome = OUT_TOKEN_BAD;
		op.copy = true;
		stage_end(&g, &m, &op);
		arena_free(m.txn.arena);
	}
	assert_silence(&g);
	assert_int_equal(sessions_evicted(g.sessions), 0);
	stage_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_sync_short),
		cmocka_unit_test(first_sync_that_is_whole),
		cmocka_unit_test(empty_token_refused),
		cmocka_unit_test(pages_that_skip),
		cmocka_unit_test(pages_that_are_whole),
		cmocka_unit_test(limit_kept_and_not_said),
		cmocka_unit_test(full_page_lacks_a_write),
		cmocka_unit_test(depth_is_refused),
		cmocka_unit_test(copies_do_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
