/*
 * test_session_write.c - analysis/session_write.c: changes that do not reach another client, and those that
 * need not, or do.
 */
#include "analysis/session.h"
#include "tests/unit/davkit.h"

/* ---- changes that do not arrive: D17, D20 ---- */

static void change_is_lost(void **state)
{
	(void)state;
	enum { CREATED, CHANGED, REMOVED, KINDS };
	for (int i = 0; i < KINDS; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		if (i == CREATED)
			create(&g, ANNA, "b.ics");
		if (i == CHANGED)
			put(&g, ANNA, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"2\"" });
		if (i == REMOVED)
			erase(&g, ANNA, "b.ics");
		stage_wait(&g, 70);
		check(&g, "t1", "t2", "c.ics");
		assert_silence(&g); /* a copy of the server may lag behind */
		check(&g, "t2", "t3", NULL);
		const struct heard *h = assert_heard(&g, TROUBLE_LOST_CHANGE, 1);
		assert_int_equal(h->certainty, CONFIRMED);
		assert_string_equal(h->href, "/dav/cal/b.ics");
		assert_int_equal(h->n_packets, 6);
		check(&g, "t3", "t4", NULL);
		assert_int_equal(g.n, 1);
		stage_free(&g);
	}
}

static void change_that_arrives_or_need_not(void **state)
{
	(void)state;
	enum {
		CONTROL,
		NAMED,
		NAMED_LATER,
		ALIAS,
		OWN,
		NOTHING_CHANGED,
		NOT_KNOWN_TO_CHANGE,
		UNSURE_WRITE,
		REFUSED_WRITE,
		GONE_AGAIN,
		OWN_AFTER,
		READ,
		LISTED,
		CUT,
		FILTERED,
		TORN,
		TOO_SOON,
		TOKEN_AFTER,
		BEGUN_ANEW,
		OTHER_USER,
		WRITTEN_AGAIN,
		CASES
	};
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		struct put p = { .tag = "\"1\"", .user = i == OTHER_USER ? "bert" : "anna" };
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		uint64_t before = g.order - 2;
		if (i == TOKEN_AFTER)
			g.begun = before; /* the token may stand for the state behind the write */
		if (i == NOTHING_CHANGED)
			p.match = "\"1\"";
		if (i == NOT_KNOWN_TO_CHANGE)
			p.match = "";
		if (i == UNSURE_WRITE)
			p.commit = COMMIT_MAYBE;
		if (i == REFUSED_WRITE)
			p.commit = COMMIT_NO;
		put(&g, i == OWN ? BERT : ANNA, "b.ics", p);
		if (i == GONE_AGAIN)
			erase(&g, ANNA, "b.ics");
		if (i == OWN_AFTER)
			put(&g, BERT, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"9\"" });
		stage_wait(&g, i == TOO_SOON ? 1 : 70);
		report(&g, BERT,
		    (struct ask){ .token = i == BEGUN_ANEW ? NULL : "t1",
			.gives = "t2",
			.rows = i == NAMED ? "b.ics" :
			    i == ALIAS     ? "../cal/b%2Eics" :
					     "c.ics",
			.cut = i == CUT,
			.filtered = i == FILTERED,
			.torn = i == TORN });
		if (i == READ)
			multiget(&g, BERT, "b.ics");
		if (i == LISTED)
			list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		if (i == WRITTEN_AGAIN)
			put(&g, ANNA, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"3\"" });
		check(&g, "t2", "t3", i == NAMED_LATER ? "b.ics" : NULL);
		assert_told(&g, TROUBLE_LOST_CHANGE, i);
		stage_free(&g);
	}
}

/* Another user is not owed what it never saw; what it was shown it is. */
static void change_of_what_was_shown(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	put(&g, ANNA, "a.ics", (struct put){ .match = "\"1\"", .tag = "\"2\"", .user = "bert" });
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL);
	check(&g, "t2", "t3", NULL);
	assert_heard(&g, TROUBLE_LOST_CHANGE, 1);
	stage_free(&g);
}

/* More writes than are remembered: what the first of them made is not known. */
static void too_many_writes_to_know(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < SHELF_WRITES + 1; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d.ics", i);
		create(&g, ANNA, name);
	}
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL);
	check(&g, "t2", "t3", NULL);
	assert_silence(&g);
	stage_free(&g);
}

static void second_hides_a_write(void **state)
{
	(void)state;
	enum { WITHIN, BEHIND, NOT_SECONDS, OWN, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		const char *token = i == NOT_SECONDS ? "x17000000000" : "1700000000";
		begin(&g, token, "a.ics");
		if (i == BEHIND)
			stage_wait(&g, 1);
		create(&g, i == OWN ? BERT : ANNA, "b.ics");
		stage_wait(&g, 10);
		check(&g, token, "1700000011", NULL);
		if (i == WITHIN) {
			const struct heard *h = assert_heard(&g, TROUBLE_COARSE_TOKEN, 1);
			assert_string_equal(h->href, "/dav/cal/b.ics");
			assert_string_equal(h->value, "1700000000");
			stage_wait(&g, 70);
			check(&g, "1700000011", "1700000090", NULL);
			assert_int_equal(g.n, 1); /* said once */
		} else {
			assert_silence(&g);
		}
		stage_free(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_is_lost),
		cmocka_unit_test(change_that_arrives_or_need_not),
		cmocka_unit_test(change_of_what_was_shown),
		cmocka_unit_test(too_many_writes_to_know),
		cmocka_unit_test(second_hides_a_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
