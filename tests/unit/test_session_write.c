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

enum scene {
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
	NAMED_AMONG_MANY,
	OWN_BEFORE,
	PUT_BACK,
	SCENES
};

static void scene_write(struct stage *g, enum scene i)
{
	struct put p = { .tag = "\"1\"", .user = i == OTHER_USER ? "bert" : "anna" };
	if (i == NOTHING_CHANGED)
		p.match = "\"1\"";
	if (i == NOT_KNOWN_TO_CHANGE)
		p.match = "";
	if (i == UNSURE_WRITE)
		p.commit = COMMIT_MAYBE;
	if (i == REFUSED_WRITE)
		p.commit = COMMIT_NO;
	if (i == OWN_BEFORE) { /* what it gets of that it may know to be its own */
		create(g, BERT, "b.ics");
		p.match = "";
	}
	if (i == PUT_BACK) {
		put(g, ANNA, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"2\"" });
		p.match = "\"2\"";
	}
	put(g, i == OWN ? BERT : ANNA, "b.ics", p);
	if (i == GONE_AGAIN)
		erase(g, ANNA, "b.ics");
	if (i == OWN_AFTER)
		put(g, BERT, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"9\"" });
}

static void scene_look(struct stage *g, enum scene i)
{
	struct ask a = { .token = "t1", .gives = "t2", .rows = "c.ics" };
	if (i == BEGUN_ANEW)
		a.token = NULL;
	if (i == NAMED)
		a.rows = "b.ics";
	if (i == NAMED_AMONG_MANY)
		a.rows = "g.ics d.ics e.ics b.ics f.ics a.ics c.ics";
	if (i == ALIAS)
		a.rows = "../cal/b%2Eics";
	a.cut = i == CUT;
	a.filtered = i == FILTERED;
	a.torn = i == TORN;
	report(g, BERT, a);
	if (i == READ)
		multiget(g, BERT, "b.ics");
	if (i == LISTED)
		list(g, BERT, "1", NULL, "a.ics b.ics c.ics");
}

static void change_that_arrives_or_need_not(void **state)
{
	(void)state;
	for (enum scene i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		if (i == TOKEN_AFTER) /* the token may stand for the state behind the write */
			g.begun = g.order - 2;
		scene_write(&g, i);
		stage_wait(&g, i == TOO_SOON ? 1 : 70);
		scene_look(&g, i);
		if (i == WRITTEN_AGAIN)
			put(&g, ANNA, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"3\"" });
		check(&g, "t2", "t3", i == NAMED_LATER ? "b.ics" : NULL);
		assert_told(&g, TROUBLE_LOST_CHANGE, (int)i);
		stage_free(&g);
	}
}

/* Without a condition it is the tags that show it: of the write before, and of this one. */
static void tags_show_the_change(void **state)
{
	(void)state;
	static const struct {
		const char *tag;
		bool gone, damaged, unsure;
		size_t told;
	} cases[] = {
		{ "\"2\"", false, false, false, 1 },
		{ "\"1\"", false, false, false, 0 },
		{ NULL, false, false, false, 0 },
		{ "\"1-gzip\"", false, true, false, 0 },
		{ "\"2\"", true, false, false, 0 },
		{ "\"2\"", false, false, true, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stage g;
		stage_init(&g);
		put(&g, ANNA, "b.ics",
		    (struct put){ .tag = "\"1\"",
			.commit = cases[i].unsure ? COMMIT_MAYBE : COMMIT_YES });
		if (cases[i].gone)
			erase(&g, ANNA, "b.ics");
		begin(&g, "t1", "a.ics");
		put(&g, ANNA, "b.ics",
		    (struct put){ .match = "", .tag = cases[i].tag, .damaged = cases[i].damaged });
		stage_wait(&g, 70);
		check(&g, "t1", "t2", NULL);
		check(&g, "t2", "t3", NULL);
		if (g.n != cases[i].told)
			fail_msg("case %zu", i);
		stage_free(&g);
	}
}

/* What is moved away is gone; what lies where it was moved or copied to may have been the same before. */
static void moved_and_copied(void **state)
{
	(void)state;
	for (int copied = 0; copied < 2; copied++) {
		struct stage g;
		struct made m;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		stage_begin(&g, &m, copied ? "COPY" : "MOVE", "/dav/cal/a.ics", 201);
		m.txn.auth_user = text("anna");
		struct op op = op_made(ANNA, copied ? OP_COPY : OP_MOVE, "/dav/cal/a.ics");
		op.at.id = mix_slice(CAL, text("a.ics"));
		op.to = (struct place){ text("/dav/cal/b.ics"), CAL,
			mix_slice(CAL, text("b.ics")) };
		op.commit = COMMIT_YES;
		stage_end(&g, &m, &op);
		arena_free(m.txn.arena);
		stage_wait(&g, 70);
		check(&g, "t1", "t2", NULL);
		check(&g, "t2", "t3", NULL);
		assert_told(&g, TROUBLE_LOST_CHANGE, copied);
		if (!copied)
			assert_string_equal(assert_heard(&g, TROUBLE_LOST_CHANGE, 1)->href,
			    "/dav/cal/a.ics");
		stage_free(&g);
	}
}

static void several_are_lost(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	create(&g, ANNA, "b.ics");
	create(&g, ANNA, "c.ics");
	create(&g, ANNA, "d.ics");
	stage_wait(&g, 70);
	check(&g, "t1", "t2", "c.ics");
	check(&g, "t2", "t3", NULL);
	const struct heard *h = assert_heard(&g, TROUBLE_LOST_CHANGE, 2);
	assert_string_equal(h->href, "/dav/cal/d.ics");
	assert_int_equal(h->update, 1);
	assert_int_equal(h->first_packet, g.heard[0].first_packet);
	stage_free(&g);
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
	enum { WITHIN, BEHIND, NOT_SECONDS, BY_ITSELF, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		const char *token = i == NOT_SECONDS ? "x17000000000" : "1700000000";
		begin(&g, token, "a.ics");
		if (i == BEHIND)
			stage_wait(&g, 1);
		create(&g, i == BY_ITSELF ? BERT : ANNA, "b.ics");
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
		cmocka_unit_test(tags_show_the_change),
		cmocka_unit_test(moved_and_copied),
		cmocka_unit_test(several_are_lost),
		cmocka_unit_test(change_of_what_was_shown),
		cmocka_unit_test(too_many_writes_to_know),
		cmocka_unit_test(second_hides_a_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
