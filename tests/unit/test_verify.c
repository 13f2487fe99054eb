/*
 * test_verify.c - analysis/verify.c: verdicts from conclusions that are made by hand.
 */
#include "analysis/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE (INT64_C(60) * 1000000000)

/* Clients, and one item each a test may change. */
struct side {
	struct client_view clients[2];
	struct line_view lines[3];
	struct conclusions all;
};

static struct side before, after;

/* The item of a client that tries again after ten minutes, and was watched for half an hour. */
static struct line_view item(size_t client, uint32_t triggers, enum ending ending)
{
	return (struct line_view){ .number = 1,
		.text = "Tea",
		.peer = "anna",
		.client = client,
		.creates = ending == ENDED_COPIES ? 2 : 1,
		.copies = ending == ENDED_COPIES ? 2 : 1,
		.triggers = triggers,
		.later_cycles = 3,
		.watched_ns = 30 * MINUTE,
		.retry_ns = ending == ENDED_COPIES ? 10 * MINUTE : 0,
		.ending = ending,
		.whole = true };
}

static void side_make(struct side *s, const char *agent, uint32_t triggers, enum ending ending)
{
	*s = (struct side){ .clients = { { .agent = agent }, { .agent = "Other/2" } } };
	s->lines[0] = item(0, triggers, ending);
	s->all = (struct conclusions){ .clients = s->clients,
		.n_clients = 2,
		.lines = s->lines,
		.n_lines = 1 };
}

/* It failed before; after is as the test says. */
static int open_sides(void **state)
{
	(void)state;
	side_make(&before, "Massync/1.0", BIT(TRIGGER_UNTAGGED), ENDED_COPIES);
	side_make(&after, "Massync/1.1", BIT(TRIGGER_UNTAGGED), ENDED_WELL);
	return 0;
}

static struct verification judge(void)
{
	return verify(&before.all, &after.all, NULL);
}

static void test_it_happened_again_and_ended_well(void **state)
{
	(void)state;
	struct verification v = judge();
	assert_int_equal(v.verdict, VERIFIED);
	assert_int_equal(v.triggers, BIT(TRIGGER_UNTAGGED));
	assert_int_equal(v.before.ended[ENDED_COPIES], 1);
	assert_int_equal(v.after.ended[ENDED_WELL], 1);
	assert_ptr_equal(v.client, &after.clients[0]);
	assert_ptr_equal(v.after.well, &after.lines[0]);
	assert_null(v.after.worst);
	assert_null(v.check);
}

static void test_copies_again(void **state)
{
	(void)state;
	after.lines[1] = item(0, BIT(TRIGGER_UNTAGGED), ENDED_COPIES);
	after.all.n_lines = 2;
	struct verification v = judge();
	assert_int_equal(v.verdict, STILL_BROKEN);
	assert_ptr_equal(v.after.worst, &after.lines[1]);
}

/* Whatever is missing, copies that are proven are copies. */
static void test_copies_count_though_something_is_missing(void **state)
{
	(void)state;
	after.lines[0] = item(0, BIT(TRIGGER_UNTAGGED), ENDED_COPIES);
	after.lines[0].whole = false;
	after.lines[0].later_cycles = 0;
	assert_int_equal(judge().verdict, STILL_BROKEN);
}

/* What is looked for happened, and the copies are of something else. */
static void test_copies_of_another_fault(void **state)
{
	(void)state;
	after.lines[0] = item(0, BIT(TRIGGER_UNTAGGED) | BIT(TRIGGER_LOST), ENDED_COPIES);
	after.lines[0].cause = CAUSE_LOST_ANSWER;
	struct verification v = judge();
	assert_int_equal(v.verdict, UNDECIDED);
	assert_int_equal(v.after.doubts[DOUBT_OTHER_CAUSE], 1);
	after.lines[0].cause = CAUSE_UNTAGGED;
	assert_int_equal(judge().verdict, STILL_BROKEN);
	after.lines[0].cause = CAUSE_NONE;
	assert_int_equal(judge().verdict, STILL_BROKEN);
}

static void test_stuck_is_partial_and_less_than_copies(void **state)
{
	(void)state;
	after.lines[1] = item(0, BIT(TRIGGER_UNTAGGED), ENDED_STUCK);
	after.all.n_lines = 2;
	assert_int_equal(judge().verdict, PARTIAL);
	after.lines[2] = item(0, BIT(TRIGGER_UNTAGGED), ENDED_COPIES);
	after.all.n_lines = 3;
	struct verification v = judge();
	assert_int_equal(v.verdict, STILL_BROKEN);
	assert_ptr_equal(v.after.worst, &after.lines[2]);
}

static void test_without_the_trigger_it_was_not_exercised(void **state)
{
	(void)state;
	after.lines[0].triggers = 0;
	assert_int_equal(judge().verdict, NOT_EXERCISED);
	after.lines[0].triggers = BIT(TRIGGER_LOST);
	assert_int_equal(judge().verdict, NOT_EXERCISED);
	after.lines[0].whole = false; /* it may have been in what is missing */
	struct verification v = judge();
	assert_int_equal(v.verdict, UNDECIDED);
	assert_int_equal(v.after.blind, 1);
	after.all.n_lines = 0;
	assert_int_equal(judge().verdict, NOT_EXERCISED);
}

/* What had to leave may be the very item. */
static void test_what_is_forgotten_verifies_nothing(void **state)
{
	(void)state;
	after.all.forgotten = 1;
	assert_int_equal(judge().verdict, UNDECIDED);
	assert_int_equal(judge().forgotten, 1);
	after.lines[0].triggers = 0;
	assert_int_equal(judge().verdict, UNDECIDED);
	after.lines[0].triggers = BIT(TRIGGER_UNTAGGED);
	after.lines[0].ending = ENDED_COPIES;
	assert_int_equal(judge().verdict, STILL_BROKEN);
}

static void test_doubts(void **state)
{
	(void)state;
	after.lines[0].whole = false;
	assert_int_equal(judge().verdict, UNDECIDED);
	assert_int_equal(judge().after.doubts[DOUBT_MISSING], 1);
	after.lines[0] = item(0, BIT(TRIGGER_UNTAGGED), ENDED_OPEN);
	assert_int_equal(judge().verdict, UNDECIDED);
	assert_int_equal(judge().after.doubts[DOUBT_OPEN], 1);
	after.lines[0].later_cycles = 0;
	assert_int_equal(judge().after.doubts[DOUBT_UNWATCHED], 1);
	assert_ptr_equal(judge().after.doubted, &after.lines[0]);
}

/* As long as it took to try again before; unless the client is seen to hold it as stored. */
static void test_watched_long_enough(void **state)
{
	(void)state;
	after.lines[0].watched_ns = 10 * MINUTE - 1;
	assert_int_equal(judge().verdict, UNDECIDED);
	after.lines[0].watched_ns = 10 * MINUTE;
	assert_int_equal(judge().verdict, VERIFIED);
	after.lines[0].later_cycles = 0;
	assert_int_equal(judge().verdict, UNDECIDED);
	after.lines[0].held = true;
	assert_int_equal(judge().verdict, VERIFIED);
}

/* One that can be judged is enough. */
static void test_doubts_beside_one_that_is_well(void **state)
{
	(void)state;
	after.lines[1] = item(0, BIT(TRIGGER_UNTAGGED), ENDED_OPEN);
	after.all.n_lines = 2;
	struct verification v = judge();
	assert_int_equal(v.verdict, VERIFIED);
	assert_int_equal(v.after.items, 2);
	assert_int_equal(v.after.ended[ENDED_WELL], 1);
}

static void test_no_fault_before(void **state)
{
	(void)state;
	before.lines[0] = item(0, BIT(TRIGGER_UNTAGGED), ENDED_WELL);
	struct verification v = judge();
	assert_int_equal(v.verdict, UNDECIDED);
	assert_true(v.no_fault_before);
}

static void test_who_was_at_fault_is_not_there(void **state)
{
	(void)state;
	after.lines[0].client = 1;
	after.clients[0].agent = "Something/1";
	struct verification v = judge();
	assert_int_equal(v.verdict, NOT_EXERCISED);
	assert_true(v.no_client_after);
	after.clients[0].agent =
	    "Massync/9"; /* the product is, in whatever version; but not with the item */
	v = judge();
	assert_int_equal(v.verdict, NOT_EXERCISED);
	assert_false(v.no_client_after);
	after.clients[0].activesync = true; /* another side of it */
	assert_true(judge().no_client_after);
}

/* One of two products was mended: the other one still leaves copies. */
static void test_all_that_were_at_fault_are_meant(void **state)
{
	(void)state;
	before.lines[1] = item(1, BIT(TRIGGER_UNTAGGED), ENDED_COPIES);
	before.all.n_lines = 2;
	after.lines[1] = before.lines[1];
	after.all.n_lines = 2;
	assert_int_equal(judge().verdict, STILL_BROKEN);
	after.lines[1].ending = ENDED_WELL;
	assert_int_equal(judge().verdict, VERIFIED);
	assert_int_equal(judge().after.items, 2);
}

/* What follows from a missing tag is not looked for by itself. */
static void test_the_first_trigger_counts(void **state)
{
	(void)state;
	before.lines[0].triggers = BIT(TRIGGER_UNTAGGED) | BIT(TRIGGER_NAME_TAKEN);
	assert_int_equal(judge().triggers, BIT(TRIGGER_UNTAGGED));
	before.lines[0].triggers = BIT(TRIGGER_LOST) | BIT(TRIGGER_UID_TAKEN);
	assert_int_equal(judge().triggers, BIT(TRIGGER_LOST));
	before.lines[0].triggers = BIT(TRIGGER_UID_TAKEN);
	assert_int_equal(judge().triggers, BIT(TRIGGER_UID_TAKEN));
}

/* ---- against a profile ---- */

static struct profile profile_of(unsigned p1, unsigned p4)
{
	struct profile p = { .name = "mine", .policies = vector_any() };
	p.policies.set[POLICY_P1] = (uint8_t)p1;
	p.policies.set[POLICY_P4] = (uint8_t)p4;
	p.said = UINT64_C(1) << POLICY_P1 | UINT64_C(1) << POLICY_P4;
	return p;
}

static void test_triggers_that_a_profile_withstands(void **state)
{
	(void)state;
	struct profile fix = profile_of(P1_FETCH, P4_FRESH);
	struct verification v = verify(NULL, &after.all, &fix);
	assert_int_equal(v.triggers, BIT(TRIGGER_UNTAGGED));
	assert_int_equal(v.verdict, VERIFIED);
	fix = profile_of(P1_FAIL, P4_SAME | P4_LIST);
	assert_int_equal(verify(NULL, &after.all, &fix).triggers, BIT(TRIGGER_LOST));
	assert_int_equal(verify(NULL, &after.all, &fix).verdict, NOT_EXERCISED);
	fix = profile_of(P1_FAIL | P1_NULL, P4_GIVE_UP);
	assert_int_equal(verify(NULL, &after.all, &fix).triggers, 0);
	assert_int_equal(verify(NULL, &after.all, &fix).verdict, NOT_EXERCISED);
}

static void test_well_in_another_way(void **state)
{
	(void)state;
	struct profile fix = profile_of(P1_FETCH, P4_SAME);
	struct check_view check = { .profile = &fix, .verdict = VIOLATES, .policy = POLICY_P1 };
	after.clients[0].checks = &check;
	after.clients[0].n_checks = 1;
	struct verification v = verify(NULL, &after.all, &fix);
	assert_int_equal(v.verdict, PARTIAL);
	assert_ptr_equal(v.check, &check);
	check.policy = POLICY_P14; /* nothing that matters here */
	assert_int_equal(verify(NULL, &after.all, &fix).verdict, VERIFIED);
	check.verdict = CONFORMS;
	assert_int_equal(verify(NULL, &after.all, &fix).verdict, VERIFIED);
}

static void test_who_announces_the_profile_is_meant(void **state)
{
	(void)state;
	const struct agent agents[] = { { .pattern = "Massync/*" } };
	struct profile fix = profile_of(P1_FETCH, P4_FRESH);
	fix.agents = agents;
	fix.n_agents = 1;
	after.lines[1] = item(1, BIT(TRIGGER_UNTAGGED), ENDED_COPIES);
	after.all.n_lines = 2;
	assert_int_equal(verify(NULL, &after.all, &fix).verdict, VERIFIED);
	after.clients[0].agent = "Something/1"; /* nobody does: all are */
	assert_int_equal(verify(NULL, &after.all, &fix).verdict, STILL_BROKEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(test_##name, open_sides)
	const struct CMUnitTest tests[] = {
		TEST(it_happened_again_and_ended_well),
		TEST(copies_again),
		TEST(copies_count_though_something_is_missing),
		TEST(copies_of_another_fault),
		TEST(stuck_is_partial_and_less_than_copies),
		TEST(without_the_trigger_it_was_not_exercised),
		TEST(what_is_forgotten_verifies_nothing),
		TEST(doubts),
		TEST(watched_long_enough),
		TEST(doubts_beside_one_that_is_well),
		TEST(no_fault_before),
		TEST(who_was_at_fault_is_not_there),
		TEST(all_that_were_at_fault_are_meant),
		TEST(the_first_trigger_counts),
		TEST(triggers_that_a_profile_withstands),
		TEST(well_in_another_way),
		TEST(who_announces_the_profile_is_meant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
