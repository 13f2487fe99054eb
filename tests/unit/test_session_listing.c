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

/* ---- what counts as a listing ---- */

struct look {
	bool torn, unread, cut, member, many;
	unsigned status;
	const char *type; /* of the second row */
};

/* A PROPFIND of two members behind a first synchronisation that had one. */
static void look(struct stage *g, struct look how)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	stage_begin(g, &m, "PROPFIND", "/dav/cal/", how.status != 0 ? how.status : 207);
	made_header(&m.txn.req, "Depth", "1");
	rows_add(&l, "a.ics b.ics", true);
	if (how.type != NULL)
		row_prop_add(&l.rows[1], "resourcetype", how.type);
	if (how.cut)
		l.rows[l.said.n_responses++] = (struct dav_response){ .href = text("/dav/cal/"),
			.status = 507 };
	answer_made(&m, &l);
	l.said.whole = !how.unread;
	if (how.torn)
		m.txn.res.loss = LOSS_GAP;
	struct op op = op_made(BERT, OP_LIST, "/dav/cal");
	op.at.id = how.member ? 9 : 0;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static void listings_that_prove_nothing(void **state)
{
	(void)state;
	static const struct look scenes[] = {
		{ .type = "" },
		{ .torn = true },
		{ .unread = true },
		{ .cut = true },
		{ .member = true },
		{ .status = 200 },
		{ .type = "collection" },
	};
	for (size_t i = 0; i < COUNT(scenes); i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		look(&g, scenes[i]);
		assert_told(&g, TROUBLE_FIRST_SYNC_SHORT, (int)i);
		stage_free(&g);
	}
}

/* ---- GET ---- */

static void get(struct stage *g, size_t i, const char *tag, bool torn, bool calendar)
{
	struct made m;
	char path[40];
	snprintf(path, sizeof(path), "/dav/cal/%zu.ics", i);
	stage_begin(g, &m, "GET", path, 200);
	m.txn.res.body.decoded_bytes = 50;
	if (torn)
		m.txn.res.loss = LOSS_GAP;
	struct op op = op_made(BERT, OP_READ, path);
	op.at.id = i + 1;
	op.calendar = calendar;
	op.tag = text(tag);
	op.tag_seen = tag != NULL ? PRESENT : ABSENT;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static void bodies_by_get(void **state)
{
	(void)state;
	enum { CONTROL, TORN, PLAIN, TAGLESS, SCENES };
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		for (int round = 0; round < 2; round++) {
			list(&g, BERT, "1", NULL, "a.ics");
			for (size_t k = 0; k < 10; k++)
				get(&g, k, i == TAGLESS ? NULL : "\"1\"", i == TORN, i != PLAIN);
		}
		sessions_finish(g.sessions);
		assert_told(&g, TROUBLE_FULL_REDOWNLOAD, i);
		if (i == CONTROL)
			assert_int_equal(g.heard[0].count, 500);
		stage_free(&g);
	}
}

/* Four out of five are enough, and not fewer. */
static void share_of_the_bodies(void **state)
{
	(void)state;
	for (size_t new = 2; new < 4; new ++) {
		struct stage g;
		stage_init(&g);
		list(&g, BERT, "1", NULL, "a.ics");
		for (size_t k = 0; k < 10; k++)
			get(&g, k, "\"1\"", false, true);
		list(&g, BERT, "1", NULL, "a.ics");
		for (size_t k = 0; k < 10; k++)
			get(&g, k + new, "\"1\"", false, true);
		sessions_finish(g.sessions);
		assert_int_equal(g.n, new == 2);
		stage_free(&g);
	}
}

/* ---- a ctag among others ---- */

static void home_listed(struct stage *g, const char *own)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	stage_begin(g, &m, "PROPFIND", "/dav/cal/", 207);
	made_header(&m.txn.req, "Depth", "1");
	row_prop_add(row_add(&l, "below/", 6), "getctag", "always the same");
	row_prop_add(row_add(&l, "", 0), "getctag", own);
	answer_made(&m, &l);
	struct op op = op_made(BERT, OP_LIST, "/dav/cal");
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static void ctag_of_the_collection_itself(void **state)
{
	(void)state;
	for (int moves = 0; moves < 2; moves++) {
		struct stage g;
		stage_init(&g);
		home_listed(&g, "c1");
		create(&g, ANNA, "b.ics");
		home_listed(&g, moves ? "c2" : "c1");
		assert_told(&g, TROUBLE_CTAG_STALE, moves);
		stage_free(&g);
	}
}

/* More was written than is remembered: from there on it is known again. */
static void ctag_behind_many_writes(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	list(&g, BERT, "0", "c1", NULL);
	for (int i = 0; i < SHELF_WRITES + 1; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d.ics", i);
		create(&g, ANNA, name);
	}
	list(&g, BERT, "0", "c1", NULL);
	assert_silence(&g);
	create(&g, ANNA, "z.ics");
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
		cmocka_unit_test(listings_that_prove_nothing),
		cmocka_unit_test(bodies_by_get),
		cmocka_unit_test(share_of_the_bodies),
		cmocka_unit_test(ctag_of_the_collection_itself),
		cmocka_unit_test(ctag_behind_many_writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
