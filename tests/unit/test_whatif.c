/*
 * test_whatif.c - analysis/whatif.c, conclude_line.c: what happened as a story, and what other clients, another
 * server or a network without faults would have made of it.
 */
#include "analysis/whatif.h"
#include "tests/unit/scenekit.h"

#include <limits.h>

static struct scene s;
static struct profiles *set;
static struct conclusions all;

static int open_scene(void **state)
{
	(void)state;
	struct error e;
	scene_open(&s, FLAVOUR_CALDAV);
	set = profiles_new(&s.limits, &e);
	profiles_load_shipped(set);
	return set == NULL;
}

static int close_scene(void **state)
{
	(void)state;
	scene_close(&s);
	profiles_free(set);
	return 0;
}

/* What is concluded of the first item. */
static const struct line_view *conclude_with(const char *profile)
{
	const struct conclude_wish wish = {
		.profile = profile != NULL ? profile_find(set, profile) : NULL
	};
	struct error e;
	scene_finish(&s);
	assert_true(analysis_conclude(s.analysis, set, &wish, &all, &e));
	assert_int_not_equal(all.n_lines, 0);
	return &all.lines[0];
}

static struct story story(void)
{
	size_t n;
	struct ledger *ledger = analysis_ledger(s.analysis);
	scene_finish(&s);
	const struct lifeline **lines = ledger_lines(ledger, &n);
	assert_int_not_equal(n, 0);
	struct story out = story_of(lines[0], lifeline_sight(ledger, lines[0]).whole);
	free(lines);
	return out;
}

static const struct whatif_view *whatif_of(const struct line_view *v, const char *profile)
{
	for (size_t i = 0; i < v->n_whatifs; i++)
		if (strcmp(v->whatifs[i].profile->name, profile) == 0)
			return &v->whatifs[i];
	fail_msg("nothing is said of %s: %s", profile, v->why_not != NULL ? v->why_not : "");
	return NULL;
}

static void lost(const char *target, const char *uid)
{
	struct txn *t = begin(&s, "PUT", target, 0);
	req_header(t, "If-None-Match", "*");
	req_event(t, uid, "Tea", 10);
	deliver(&s, t);
}

static void list(const char *a, const char *b)
{
	struct txn *t = listing(&s, "/cal");
	row_tag(t, a, "\"a\"");
	if (b != NULL)
		row_tag(t, b, "\"b\"");
	deliver(&s, t);
}

/* The front end of before KB 923164: three copies, one in each synchronisation. */
static void kb_923164(void)
{
	s.agent = "Microsoft-Server-ActiveSync/6.5.7638.1";
	put_new(&s, "/cal/Tea.EML", "u1", "Tea", 10, NULL, 201);
	scene_wait(&s, 600);
	put_new(&s, "/cal/Tea-2.EML", "u2", "Tea", 10, NULL, 201);
	scene_wait(&s, 600);
	put_new(&s, "/cal/Tea-3.EML", "u3", "Tea", 10, NULL, 201);
	scene_wait(&s, 600);
	list("/cal/Tea.EML", "/cal/Tea-2.EML");
}

/* ---- stories ---- */

static void test_story_of_copies(void **state)
{
	(void)state;
	kb_923164();
	struct story t = story();
	assert_null(t.why_not);
	assert_int_equal(t.cycles, 4);
	assert_int_equal(t.acted, 3);
	assert_int_equal(t.edit_before, t.cycles); /* never */
	assert_int_equal(t.n_faults, 0);
	assert_int_equal(t.observed, 3);
	assert_true(t.untagged);
	assert_false(t.tagged);
}

static void test_story_of_a_lost_answer(void **state)
{
	(void)state;
	lost("/cal/a.ics", "u1");
	scene_wait(&s, 600);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 412);
	struct story t = story();
	assert_null(t.why_not);
	assert_int_equal(t.n_faults, 1);
	assert_int_equal(t.faults[0].what, SLOT_CREATE);
	assert_int_equal(t.faults[0].ordinal, 0);
	assert_int_equal(t.faults[0].cycle, 0);
	assert_int_equal(t.faults[0].kinds, BIT(ANSWER_LOST)); /* 412: it was stored */
	assert_int_equal(t.cycles, 2);
}

static void test_story_of_an_edit(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	list("/cal/a.ics", NULL);
	scene_wait(&s, 600);
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 204);
	req_header(t, "If-Match", "\"a\"");
	req_event(t, "u1", "Tea at four", 11);
	deliver(&s, t);
	assert_int_equal(story().edit_before, 1);
}

static void test_stories_that_cannot_be_played(void **state)
{
	(void)state;
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 204);
	req_header(t, "If-Match", "\"a\"");
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
	assert_non_null(story().why_not);
	scene_close(&s);
	scene_open(&s, FLAVOUR_CALDAV);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	assert_string_equal(story().why_not, "it was deleted or moved");
	scene_close(&s);
	scene_open(&s, FLAVOUR_CALDAV);
	for (unsigned i = 0; i <= FAULTS_MAX; i++) {
		lost("/cal/a.ics", "u1");
		scene_wait(&s, 600);
	}
	assert_non_null(story().why_not);
}

/* ---- predictions ---- */

static struct story story_untagged(void)
{
	return (struct story){ .speaks = SPEAKS_DAV,
		.cycles = 4,
		.acted = 3,
		.edit_before = 4,
		.untagged = true,
		.observed = 3 };
}

static struct predicted predict(const struct story *t, const char *client, const char *server)
{
	return story_predict(t, &profile_find(set, client)->policies,
	    &profile_find(set, server)->policies, true);
}

static void test_predictions(void **state)
{
	(void)state;
	struct story t = story_untagged();
	struct predicted p = predict(&t, "massync-unpatched", "exchange-sink");
	assert_int_equal(p.least, 4);
	assert_int_equal(p.most, 4);
	p = predict(&t, "massync-hotfixed-fetch", "exchange-sink");
	assert_int_equal(p.most, 1);
	assert_false(p.may_be_dirty);
	t.untagged = false;
	t.tagged = true;
	assert_int_equal(predict(&t, "massync-unpatched", "exchange-clean").most, 1);
}

/* Servers that answer otherwise than the one of the story are none of those that fit. */
static void test_range_over_the_servers_that_fit(void **state)
{
	(void)state;
	struct story t = story_untagged();
	const struct vector any = vector_any();
	const struct vector *unpatched = &profile_find(set, "massync-unpatched")->policies;
	struct predicted p = story_predict(&t, unpatched, &any, true);
	assert_int_equal(p.least, 4); /* none that would have sent a tag */
	assert_int_equal(p.most, 4);
	t.speaks = SPEAKS_ACTIVESYNC;
	t.untagged = false;
	t.n_faults = 1;
	t.faults[0] = (struct fault){ .what = SLOT_CREATE, .kinds = BIT(ANSWER_LOST) };
	p = story_predict(&t, &profile_find(set, "eas-device-no-uid")->policies, &any, true);
	assert_int_equal(p.least, 1);
	assert_int_equal(p.most, 2);
	p = story_predict(&t, &profile_find(set, "eas-device-no-uid")->policies, &any, false);
	assert_int_equal(p.most, 1); /* without the fault */
}

static void test_what_faults_can_do_at_worst(void **state)
{
	(void)state;
	struct story t = story_untagged();
	const struct vector *sink = &profile_find(set, "exchange-sink")->policies;
	const struct vector *fetch = &profile_find(set, "massync-hotfixed-fetch")->policies;
	const struct vector *ideal = &profile_find(set, "ideal")->policies;
	assert_int_equal(story_worst(&t, fetch, sink, 0).most, 1);
	assert_int_equal(story_worst(&t, fetch, sink, 1).most, 2);
	assert_int_equal(story_worst(&t, fetch, sink, 2).most, 3);
	assert_int_equal(story_worst(&t, ideal, sink, 2).most, 1);
}

/* ---- conclusions ---- */

static void test_divergence(void **state)
{
	(void)state;
	kb_923164();
	const struct line_view *v = conclude_with(NULL);
	assert_int_equal(v->ending, ENDED_COPIES);
	assert_int_equal(v->copies, 3);
	const struct whatif_view *fetch = whatif_of(v, "massync-hotfixed-fetch");
	assert_true(fetch->behind);
	assert_int_equal(fetch->at.frame, v->trigger_at[TRIGGER_UNTAGGED].frame);
	assert_int_equal(fetch->instead, ON_Q_READ);
	assert_int_equal(fetch->out.most, 1);
	assert_int_equal(fetch->one_fault.most, 2);
	assert_int_equal(whatif_of(v, "ideal")->out.most, 1);
}

static void test_but_for_kb_923164(void **state)
{
	(void)state;
	kb_923164();
	const struct butfor_view *b = conclude_with(NULL)->butfor;
	assert_non_null(b);
	assert_true(b->reproduced);
	assert_int_equal(b->without[0].most, 3);
	assert_int_equal(b->without[PART_NETWORK].most, 3);
	assert_int_equal(b->necessary, PART_CLIENT | PART_SERVER);
}

static void lost_then_fresh(void)
{
	lost("/cal/a.ics", "u1");
	scene_wait(&s, 600);
	put_new(&s, "/cal/b.ics", "u2", "Tea", 10, "\"b\"", 201);
	list("/cal/a.ics", "/cal/b.ics");
	scene_wait(&s, 600);
	list("/cal/a.ics", "/cal/b.ics");
}

/* Fresh names behind a lost answer: a better client would have been enough. */
static void test_but_for_a_lost_answer(void **state)
{
	(void)state;
	lost_then_fresh();
	const struct line_view *v = conclude_with(NULL);
	assert_int_equal(v->ending, ENDED_COPIES);
	assert_int_equal(v->triggers, BIT(TRIGGER_LOST));
	assert_non_null(v->butfor);
	assert_string_equal(v->butfor->profile->name, "ideal");
	assert_true(v->butfor->reproduced);
	assert_int_equal(v->butfor->necessary, PART_CLIENT | PART_NETWORK);
}

/* But not the same one with its hotfix: that helps against missing tags only. */
static void test_but_for_a_lost_answer_a_hotfix_is_none(void **state)
{
	(void)state;
	s.agent = "Microsoft-Server-ActiveSync/6.5.7638.1";
	lost_then_fresh();
	const struct butfor_view *b = conclude_with(NULL)->butfor;
	assert_non_null(b);
	assert_string_equal(b->profile->name, "massync-hotfixed-fetch");
	assert_true(b->reproduced);
	assert_int_equal(b->without[PART_CLIENT].most, 2);
	assert_int_equal(b->necessary, PART_NETWORK);
}

/* Made twice without a reason: what the model makes of it is not what happened, and says nothing. */
static void test_not_reproduced(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"a\"", 201);
	put_new(&s, "/cal/b.ics", "u1", "Tea", 10, "\"b\"", 201);
	list("/cal/a.ics", "/cal/b.ics");
	scene_wait(&s, 600);
	list("/cal/a.ics", "/cal/b.ics");
	const struct line_view *v = conclude_with(NULL);
	assert_int_equal(v->ending, ENDED_COPIES);
	assert_false(v->butfor->reproduced);
	assert_int_equal(v->n_whatifs, 0);
	assert_string_equal(v->why_not, "the model does not reproduce what the capture shows");
}

/* Nothing happened to it, so nothing is told of it. */
static void test_quiet_items(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	list("/cal/a.ics", NULL);
	const struct line_view *v = conclude_with(NULL);
	assert_int_equal(v->ending, ENDED_WELL);
	assert_int_equal(v->n_whatifs, 0);
	assert_null(v->butfor);
	assert_true(v->whole);
}

static void test_facts_only(void **state)
{
	(void)state;
	kb_923164();
	const struct conclude_wish wish = { .facts_only = true };
	struct error e;
	scene_finish(&s);
	assert_true(analysis_conclude(s.analysis, set, &wish, &all, &e));
	assert_int_equal(all.lines[0].ending, ENDED_COPIES);
	assert_int_equal(all.lines[0].n_whatifs, 0);
	assert_int_equal(all.clients[0].fit.set[POLICY_P1], P1_FAIL);
}

static void test_checks_of_a_client(void **state)
{
	(void)state;
	kb_923164();
	conclude_with("davx5");
	const struct client_view *c = &all.clients[0];
	size_t seen = 0;
	for (size_t i = 0; i < c->n_checks; i++) {
		const struct check_view *v = &c->checks[i];
		bool unpatched = strcmp(v->profile->name, "massync-unpatched") == 0;
		assert_int_equal(v->verdict, unpatched ? CONFORMS : VIOLATES);
		assert_int_equal(v->by_agent, unpatched);
		if (!unpatched)
			assert_int_not_equal(v->at.frame, 0);
		seen++;
	}
	assert_int_equal(seen, 4); /* three of the same product, and the one that was asked for */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, open_scene, close_scene)
	const struct CMUnitTest tests[] = {
		TEST(story_of_copies),
		TEST(story_of_a_lost_answer),
		TEST(story_of_an_edit),
		TEST(stories_that_cannot_be_played),
		TEST(predictions),
		TEST(range_over_the_servers_that_fit),
		TEST(what_faults_can_do_at_worst),
		TEST(divergence),
		TEST(but_for_kb_923164),
		TEST(but_for_a_lost_answer),
		TEST(but_for_a_lost_answer_a_hotfix_is_none),
		TEST(not_reproduced),
		TEST(quiet_items),
		TEST(facts_only),
		TEST(checks_of_a_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
