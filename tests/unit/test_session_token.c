/*
 * test_session_token.c - analysis/session_token.c: sync tokens that are refused, handed out again, left unused;
 * and the lawful ones that look like it.
 */
#include "analysis/session.h"
#include "tests/unit/davkit.h"

/* ---- a storm of refusals: D13 ---- */

static void storm_of_refusals(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	stage_wait(&g, 1800);
	refuse(&g, "t1", 403, true);
	begin(&g, "t2", "a.ics");
	stage_wait(&g, 1800);
	assert_silence(&g);
	refuse(&g, "t2", 403, true);
	begin(&g, "t3", "a.ics");
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_STORM, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_int_equal(h->count, 2);
	assert_int_equal(h->number, 1);
	assert_int_equal(h->update, 0);
	assert_string_equal(h->value, "t2");
	assert_string_equal(h->scope, "/dav/cal");
	assert_int_equal(h->n_packets, 6);
	uint64_t first = h->first_packet;
	stage_wait(&g, 1800);
	refuse(&g, "t3", 403, true);
	begin(&g, "t4", "a.ics");
	h = assert_heard(&g, TROUBLE_TOKEN_STORM, 2);
	assert_int_equal(h->count, 3);
	assert_int_equal(h->update, 1);
	assert_int_equal(h->first_packet, first);
	stage_free(&g);
}

/* The status alone may mean anything; that the next request without a token is served shows what it was. */
static void storm_by_status(void **state)
{
	(void)state;
	static const unsigned statuses[] = { 400, 403, 409, 410, 412, 415 };
	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		refuse(&g, "t1", statuses[i], false);
		begin(&g, "t2", "a.ics");
		refuse(&g, "t2", statuses[i], false);
		begin(&g, "t3", "a.ics");
		assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->certainty, PROBABLE);
		stage_free(&g);
	}
}

static void storm_of_a_token_repeated(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < 3; i++) {
		stage_wait(&g, 900);
		refuse(&g, "t1", 409, true);
	}
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->count, 2);
	stage_free(&g);
}

static void storm_by_ratio(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < 4; i++) { /* once in 30 hours: never two within a day */
		char token[] = { 't', (char)('1' + i), '\0' },
		     next[] = { 't', (char)('2' + i), '\0' };
		stage_wait(&g, 108000);
		refuse(&g, token, 403, true);
		begin(&g, next, "a.ics");
		if (i < 3)
			assert_silence(&g);
	}
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->count, 4);
	stage_free(&g);
}

static void one_refusal_is_no_storm(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	refuse(&g, "t1", 403, true);
	refuse(&g, "t1", 403, true); /* a library tries once more, at once */
	begin(&g, "t2", "a.ics");
	report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
	assert_silence(&g);
	stage_free(&g);
}

/* Each case: two refusals that would be a storm, but for one thing. */
static void lawful_refusals(void **state)
{
	(void)state;
	enum {
		CONTROL,
		OLD,
		OTHER_SERVER,
		OTHER_PLACE,
		MADE_UP,
		NO_RIGHT,
		NOT_SUPPORTED,
		TORN,
		UNSURE,
		CASES
	};
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		for (int round = 0; round < 3; round++) {
			char token[] = { 't', (char)('1' + round), '\0' };
			struct ask a = { .token = token, .status = 403, .says_token = true };
			if (i == OTHER_PLACE) { /* given for another collection */
				struct made m;
				struct listing_made l = { .asked = { .whole = true } };
				stage_begin(&g, &m, "REPORT", "/dav/work/", 207);
				l.asked.root.local = text("sync-collection");
				l.said.sync_token = text(token);
				m.txn.req.body.dav = &l.asked;
				answer_made(&m, &l);
				struct op op = op_made(BERT, OP_DELTA, "/dav/work");
				op.at.scope = CAL + 1;
				stage_end(&g, &m, &op);
				arena_free(m.txn.arena);
			} else if (i == MADE_UP) {
				begin(&g, "mine", "a.ics");
			} else {
				begin(&g, token, "a.ics");
			}
			if (i == OLD)
				stage_wait(&g, 8 * 86400);
			if (i == OTHER_SERVER)
				a.server = "store/2";
			if (i == NO_RIGHT || i == NOT_SUPPORTED)
				a.says_token = false;
			a.torn = i == TORN;
			a.unsure = i == UNSURE;
			report(&g, BERT, a);
			if (i == NO_RIGHT || i == NOT_SUPPORTED) /* without a token as well */
				report(&g, BERT, (struct ask){ .status = 403 });
		}
		assert_told(&g, TROUBLE_TOKEN_STORM, i);
		stage_free(&g);
	}
}

/* ---- the server hands out an older token: D14 ---- */

static void older_token_given_again(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "blue", "a.ics");
	create(&g, ANNA, "b.ics");
	report(&g, BERT, (struct ask){ .token = "blue", .gives = "red", .rows = "b.ics" });
	stage_wait(&g, 5);
	report(&g, BERT, (struct ask){ .token = "red", .gives = "blue" });
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_REGRESSION, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_string_equal(h->value, "blue");
	assert_string_equal(h->other, "red");
	assert_int_equal(h->n_packets, 8);
	stage_free(&g);
}

/* A token that is made of the contents comes back with them. */
static void same_contents_same_token(void **state)
{
	(void)state;
	enum { CONTROL, UNDONE, TOUCHED, UNSURE_WRITE, PAGE, NO_WRITE, AT_ONCE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		if (i == PAGE)
			report(&g, BERT,
			    (struct ask){ .gives = "blue", .rows = "a.ics", .cut = true });
		else
			begin(&g, "blue", "a.ics");
		uint64_t before = g.order - 2;
		if (i != NO_WRITE && i != TOUCHED)
			put(&g, ANNA, "b.ics",
			    (struct put){ .tag = "\"1\"",
				.commit = i == UNSURE_WRITE ? COMMIT_MAYBE : COMMIT_YES });
		if (i == TOUCHED)
			put(&g, ANNA, "a.ics", (struct put){ .match = "\"1\"", .tag = "\"1\"" });
		if (i == UNDONE)
			erase(&g, ANNA, "b.ics");
		report(&g, BERT, (struct ask){ .token = "blue", .gives = "red", .rows = "b.ics" });
		if (i == AT_ONCE) /* asked before the write was over */
			g.begun = before;
		report(&g, BERT, (struct ask){ .token = "red", .gives = "blue" });
		assert_told(&g, TROUBLE_TOKEN_REGRESSION, i);
		stage_free(&g);
	}
}

static void token_that_counts_down(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "http://x/sync/7", "a.ics");
	report(&g, BERT, (struct ask){ .token = "http://x/sync/7", .gives = "http://x/sync/9" });
	report(&g, BERT, (struct ask){ .token = "http://x/sync/9", .gives = "http://x/sync/12" });
	assert_silence(&g);
	report(&g, BERT, (struct ask){ .token = "http://x/sync/12", .gives = "http://x/sync/8" });
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_REGRESSION, 1);
	assert_int_equal(h->certainty, PROBABLE);
	assert_string_equal(h->value, "http://x/sync/8");
	assert_string_equal(h->other, "http://x/sync/12");
	stage_free(&g);
}

static void tokens_that_do_not_count(void **state)
{
	(void)state;
	static const char *const runs[][5] = {
		{ "a/7", "a/9", "a/12", "b/8" }, /* another text before it */
		{ "a/7", "b/9", "a/12", "a/8" }, /* so before, as well */
		{ "a/7", "a/7", "a/7", "a/5" }, /* never grew: digits of a hash */
		{ "a/9", "a/7", "a/12", "a/3" }, /* fell before it was learned */
		{ "f7e", "a1c", "0ab", "99b" }, /* no number at the end */
		{ "a/7", "a/9", "a/99999999999999999999999", "a/8" },
	};
	for (size_t i = 0; i < COUNT(runs); i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, runs[i][0], "a.ics");
		for (size_t k = 1; k < 4; k++)
			report(&g, BERT,
			    (struct ask){ .token = runs[i][k - 1], .gives = runs[i][k] });
		if (g.n != 0)
			fail_msg("run %zu", i);
		stage_free(&g);
	}
}

/* A calendar that was made anew counts from 1. */
static void collection_made_anew(void **state)
{
	(void)state;
	enum { CONTROL, SLASH, NO_SLASH, ABOVE, MADE, WAYS };
	for (int i = 0; i < WAYS; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "n/7", "a.ics");
		report(&g, BERT, (struct ask){ .token = "n/7", .gives = "n/8" });
		report(&g, BERT, (struct ask){ .token = "n/8", .gives = "n/9" });
		list(&g, BERT, "0", "c1", NULL);
		create(&g, ANNA, "z.ics");
		if (i == SLASH)
			single(&g, ANNA, "DELETE", OP_DELETE, "/dav/cal", 0);
		if (i ==
		    NO_SLASH) { /* the member of the collection above has the number of the collection */
			struct made m;
			stage_begin(&g, &m, "DELETE", "/dav/cal", 204);
			struct op op = op_made(ANNA, OP_DELETE, "/dav/cal");
			op.at.scope = CAL + 5;
			op.at.id = CAL;
			op.commit = COMMIT_YES;
			stage_end(&g, &m, &op);
			arena_free(m.txn.arena);
		}
		if (i == ABOVE) {
			struct made m;
			stage_begin(&g, &m, "DELETE", "/dav/", 204);
			struct op op = op_made(ANNA, OP_DELETE, "/dav");
			op.at.scope = CAL + 5;
			op.commit = COMMIT_YES;
			stage_end(&g, &m, &op);
			arena_free(m.txn.arena);
		}
		if (i == MADE)
			single(&g, ANNA, "MKCALENDAR", OP_OTHER, "/dav/cal", 0);
		report(&g, BERT, (struct ask){ .gives = "n/1" });
		assert_told(&g, TROUBLE_TOKEN_REGRESSION, i);
		list(&g, BERT, "0", "c1", NULL);
		assert_true(i == CONTROL || g.n == 0);
		stage_free(&g);
	}
}

/* ---- the client offers an older token: D18 ---- */

static void offer_old(struct stage *g, uint64_t flow)
{
	g->flow = flow;
	report(g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
}

static void client_goes_back(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	offer_old(&g, 7);
	offer_old(&g, 7);
	assert_silence(&g);
	offer_old(&g, 7);
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_ROLLBACK, 1);
	assert_int_equal(h->certainty, CONFIRMED); /* one connection: one client */
	assert_int_equal(h->count, 2);
	assert_string_equal(h->value, "t1");
	assert_string_equal(h->other, "t2");
	stage_free(&g);

	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < 3; i++)
		offer_old(&g, 0);
	assert_silence(&g);
	offer_old(&g, 0);
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_ROLLBACK, 1)->certainty, PROBABLE);
	stage_free(&g);
}

/* What the client has is not known, or is known to be right. */
static void client_that_is_right(void **state)
{
	(void)state;
	enum { CONTROL, TORN, LOST, UNSURE, UNREAD, TWO_CLIENTS, ONCE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		for (int round = 0; round < 3; round++) {
			g.flow = 7;
			if (i == TWO_CLIENTS) { /* each goes on from its own token */
				char token[] = { 'x', (char)('0' + round), '\0' };
				char next[] = { 'x', (char)('1' + round), '\0' };
				report(&g, BERT, (struct ask){ .token = "t1", .gives = token });
				report(&g, BERT, (struct ask){ .token = token, .gives = next });
				continue;
			}
			report(&g, BERT,
			    (struct ask){ .token = "t1",
				.gives = "t2",
				.status = i == LOST ? NO_ANSWER : 207,
				.torn = i == TORN,
				.unsure = i == UNSURE,
				.unread = i == UNREAD });
			if (i == ONCE)
				report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
		}
		assert_told(&g, TROUBLE_TOKEN_ROLLBACK, i);
		stage_free(&g);
	}
}

/* Sent before the answer had come: nobody goes back. */
static void requests_side_by_side(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	uint64_t before = g.order;
	for (int i = 0; i < 4; i++) {
		g.flow = 7;
		g.begun = before;
		report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
	}
	assert_silence(&g);
	stage_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(storm_of_refusals),
		cmocka_unit_test(storm_by_status),
		cmocka_unit_test(storm_of_a_token_repeated),
		cmocka_unit_test(storm_by_ratio),
		cmocka_unit_test(one_refusal_is_no_storm),
		cmocka_unit_test(lawful_refusals),
		cmocka_unit_test(older_token_given_again),
		cmocka_unit_test(same_contents_same_token),
		cmocka_unit_test(token_that_counts_down),
		cmocka_unit_test(tokens_that_do_not_count),
		cmocka_unit_test(collection_made_anew),
		cmocka_unit_test(client_goes_back),
		cmocka_unit_test(client_that_is_right),
		cmocka_unit_test(requests_side_by_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
