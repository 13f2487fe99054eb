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
	report(&g, BERT, (struct ask){ .token = "t1", .gives = "t1" });
	for (int i = 0; i < 4; i++) { /* once in 30 hours: never two within a day */
		char token[] = { 't', (char)('1' + i), '\0' },
		     next[] = { 't', (char)('2' + i), '\0' };
		stage_wait(&g, 108000);
		refuse(&g, token, 403, true);
		begin(&g, next, "a.ics");
		if (i < 2)
			assert_silence(&g);
	}
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 2)->count, 4);
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

/* A token that was given before the capture began, or so it seems. */
static void storm_of_unknown_tokens(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	refuse(&g, "t0", 403, true);
	begin(&g, "t1", "a.ics");
	refuse(&g, "t1", 403, true);
	begin(&g, "t2", "a.ics");
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->certainty, PROBABLE);
	refuse(&g, "t2", 403, true);
	begin(&g, "t3", "a.ics");
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 2)->certainty, PROBABLE);
	stage_free(&g);
}

/* A client that offers one token for ever, given here or for another collection. */
static void token_of_another_place(void **state)
{
	(void)state;
	for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
		struct stage g;
		struct made m;
		struct listing_made l = { .asked = { .whole = true } };
		stage_init(&g);
		stage_begin(&g, &m, "REPORT", "/dav/work/", 207);
		l.asked.root.local = text("sync-collection");
		l.said.sync_token = text(elsewhere ? "t1" : "t0");
		m.txn.req.body.dav = &l.asked;
		answer_made(&m, &l);
		struct op op = op_made(BERT, OP_DELTA, "/dav/work");
		op.at.scope = CAL + 1;
		stage_end(&g, &m, &op);
		arena_free(m.txn.arena);
		for (int i = 0; i < 3; i++) {
			stage_wait(&g, 900);
			refuse(&g, "t1", 403, true);
		}
		assert_told(&g, TROUBLE_TOKEN_STORM, elsewhere);
		stage_free(&g);
	}
}

/* So long ago that it is not remembered which it was, but that it was given here. */
static void token_of_long_ago(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "x0", "a.ics");
	for (int i = 0; i < TOKENS_KEPT; i++) {
		char from[] = { 'x', (char)('0' + i), '\0' }, to[] = { 'x', (char)('1' + i), '\0' };
		report(&g, BERT, (struct ask){ .token = from, .gives = to });
	}
	for (int i = 0; i < 3; i++) {
		stage_wait(&g, 900);
		refuse(&g, "x0", 403, true);
	}
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->certainty, PROBABLE);
	stage_free(&g);
}

/* The server that refuses is not the one that was there before. */
static void token_of_another_server(void **state)
{
	(void)state;
	for (int other = 0; other < 2; other++) {
		struct stage g;
		stage_init(&g);
		report(&g, BERT, (struct ask){ .token = "s1", .gives = "s2" });
		for (int i = 0; i < 3; i++) {
			stage_wait(&g, 900);
			report(&g, BERT,
			    (struct ask){ .token = "t1",
				.status = 403,
				.says_token = true,
				.server = other ? "store/2" : "store/1" });
		}
		assert_told(&g, TROUBLE_TOKEN_STORM, other);
		stage_free(&g);
	}
}

/* Each case: two refusals that would be a storm, but for one thing. */
static void lawful_refusals(void **state)
{
	(void)state;
	enum { CONTROL, OLD, OTHER_SERVER, MADE_UP, NO_RIGHT, TORN, UNSURE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		for (int round = 0; round < 3; round++) {
			char token[] = { 't', (char)('1' + round), '\0' };
			struct ask a = { .token = token,
				.status = 403,
				.says_token = i != NO_RIGHT };
			begin(&g, i == MADE_UP ? "mine" : token, "a.ics");
			if (i == OLD)
				stage_wait(&g, 8 * 86400);
			if (i == OTHER_SERVER)
				a.server = "store/2";
			a.torn = i == TORN;
			a.unsure = i == UNSURE;
			report(&g, BERT, a);
			if (i == NO_RIGHT) /* without a token as well */
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
	report(&g, BERT, (struct ask){ .token = "http://x/sync/8", .gives = "http://x/sync/5" });
	assert_int_equal(g.n, 1); /* it does not count any more */
	stage_free(&g);
}

static void tokens_that_do_not_count(void **state)
{
	(void)state;
	static const char *const runs[][6] = {
		{ "a/7", "a/9", "a/12", "b/8", "a/8", "a/7" }, /* another text before it */
		{ "a/7", "b/9", "a/12", "a/13", "a/14", "a/8" }, /* so before, as well */
		{ "a/7", "a/7", "a/7", "a/8", "a/8", "a/5" }, /* grew once only: digits of a hash */
		{ "a/9", "a/7", "a/12", "a/13", "a/14", "a/3" }, /* fell before it was learned */
		{ "f7e", "a1c", "0ab", "99b", "00e", "a0f" }, /* no number at the end */
		{ "a/7", "a/9", "a/10", "a/99999999999999999999999", "a/12", "a/8" },
	};
	for (size_t i = 0; i < COUNT(runs); i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, runs[i][0], "a.ics");
		for (size_t k = 1; k < 6; k++)
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
	static const struct {
		const char *method, *path, *to;
		enum op_kind kind;
		uint64_t scope, id; /* of the path; with `to`: of that */
		bool other; /* it is another collection */
	} ways[] = {
		{ "GET", "/dav/cal/x.ics", NULL, OP_READ, CAL, 5, true },
		{ "DELETE", "/dav/cal", NULL, OP_DELETE, CAL, 0, false },
		{ "DELETE", "/dav/cal", NULL, OP_DELETE, CAL + 5, CAL,
		    false }, /* without a slash */
		{ "DELETE", "/dav", NULL, OP_DELETE, CAL + 5, 0, false },
		{ "MKCALENDAR", "/dav/cal", NULL, OP_OTHER, CAL, 0, false },
		{ "MKCOL", "/dav/cal", NULL, OP_OTHER, CAL, 0, false },
		{ "MOVE", "/dav/old", "/dav/cal", OP_MOVE, CAL + 5, CAL, false },
		{ "COPY", "/dav/old", "/dav/cal", OP_COPY, CAL + 5, CAL, false },
		{ "DELETE", "/dav/ca", NULL, OP_DELETE, CAL + 6, 0, true },
		{ "DELETE", "/dav/calx", NULL, OP_DELETE, CAL + 6, 0, true },
		{ "MKCALENDAR", "/dav/work", NULL, OP_OTHER, CAL + 6, 0, true },
		{ "COPY", "/dav/cal", "/dav/new", OP_COPY, CAL + 5, CAL + 6, true },
	};
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct stage g;
		struct made m;
		stage_init(&g);
		begin(&g, "n/7", "a.ics");
		report(&g, BERT, (struct ask){ .token = "n/7", .gives = "n/8" });
		report(&g, BERT, (struct ask){ .token = "n/8", .gives = "n/9" });
		list(&g, BERT, "0", "c1", NULL);
		create(&g, ANNA, "z.ics");
		stage_begin(&g, &m, ways[i].method, ways[i].path, 201);
		struct op op = op_made(ANNA, ways[i].kind, ways[i].path);
		struct place *at = ways[i].to != NULL ? &op.to : &op.at;
		op.at.scope = CAL + 9;
		op.at.id = 77;
		*at = (struct place){ text(ways[i].to != NULL ? ways[i].to : ways[i].path),
			ways[i].scope, ways[i].id };
		op.commit = COMMIT_YES;
		stage_end(&g, &m, &op);
		arena_free(m.txn.arena);
		report(&g, BERT, (struct ask){ .gives = "n/1" });
		list(&g, BERT, "0", "c1", NULL);
		size_t told = ways[i].other ? 2 : 0; /* the token, and the ctag */
		if (g.n != told)
			fail_msg("way %zu: told %zu times", i, g.n);
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

/* Tokens that stay the same do not push out what was given before. */
static void client_goes_far_back(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < 2 * TOKENS_KEPT; i++)
		report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
	for (int i = 0; i < 2; i++)
		offer_old(&g, 7);
	assert_heard(&g, TROUBLE_TOKEN_ROLLBACK, 1);
	stage_free(&g);
}

/* Once before, on another connection, and then all was well. */
static void client_goes_back_anew(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
	offer_old(&g, 6);
	report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
	offer_old(&g, 7);
	assert_silence(&g);
	offer_old(&g, 7);
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_ROLLBACK, 1)->count, 2);
	stage_free(&g);
}

/* After an answer that was not seen nobody knows what the client has; an error has no token. */
static void client_with_an_unseen_answer(void **state)
{
	(void)state;
	enum { CONTROL, TORN, LOST, UNSURE, UNREAD, NO_TOKEN, REQUEST_TORN, CASES };
	for (int i = -1; i < CASES; i++) {
		struct ask a = { .token = "t2", .gives = i == NO_TOKEN ? NULL : "t3" };
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
		a.status = i == LOST ? NO_ANSWER : i == -1 ? 500 : 207;
		a.torn = i == TORN;
		a.unsure = i == UNSURE;
		a.unread = i == UNREAD;
		a.request_torn = i == REQUEST_TORN;
		report(&g, BERT, a);
		for (int k = 0; k < 2; k++) {
			g.flow = 7;
			report(&g, BERT, (struct ask){ .token = "t1", .gives = "t3" });
		}
		assert_told(&g, TROUBLE_TOKEN_ROLLBACK, i < 0 ? 0 : i);
		stage_free(&g);
	}
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
		cmocka_unit_test(storm_of_unknown_tokens),
		cmocka_unit_test(token_of_another_place),
		cmocka_unit_test(token_of_long_ago),
		cmocka_unit_test(token_of_another_server),
		cmocka_unit_test(lawful_refusals),
		cmocka_unit_test(older_token_given_again),
		cmocka_unit_test(same_contents_same_token),
		cmocka_unit_test(token_that_counts_down),
		cmocka_unit_test(tokens_that_do_not_count),
		cmocka_unit_test(collection_made_anew),
		cmocka_unit_test(client_goes_back),
		cmocka_unit_test(client_goes_far_back),
		cmocka_unit_test(client_goes_back_anew),
		cmocka_unit_test(client_with_an_unseen_answer),
		cmocka_unit_test(client_that_is_right),
		cmocka_unit_test(requests_side_by_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
