/*
 * test_simulate.c - analysis/simulate*.c: conversations step by step, and what holds for all clients.
 * The published tables of outcomes are checked by tests/prop/exhaustive.c.
 */
#include "analysis/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CYCLES = 5 };

static struct profiles *set;

static int shipped_open(void **state)
{
	(void)state;
	static struct limits limits;
	struct error e = { "" };
	limits = limits_default();
	set = profiles_new(&limits, &e);
	profiles_load_shipped(set);
	return set == NULL;
}

static int shipped_close(void **state)
{
	(void)state;
	profiles_free(set);
	return 0;
}

/* "Q_CREATE 1 R_OK+ B_TAG" a line: + with the version, * stored; < between gateway and store. */
static void write_down(void *ctx, const struct played *e)
{
	char *story = ctx;
	size_t n = strlen(story);
	snprintf(story + n, 1000 - n, "%s%s %u %s%s%s %s\n", e->back ? "<" : "",
	    machine_events[e->request].word, e->name, machine_events[e->answer].word,
	    e->tagged ? "+" : "", e->stored ? "*" : "", machine_states[e->belief].word);
}

static struct scenario scenario_of(const char *client, const char *server, char *story)
{
	struct scenario s = { .client = profile_find(set, client),
		.server = profile_find(set, server),
		.cycles = CYCLES,
		.edit_before = 2,
		.told = story != NULL ? write_down : NULL,
		.ctx = story };
	assert_true(s.client != NULL && s.server != NULL);
	if (story != NULL)
		story[0] = '\0';
	return s;
}

/* An accident at request `at`; none beyond all of them. */
static struct outcome_played play(const char *client, const char *server, unsigned at,
    enum accident accident, char *story)
{
	struct mishap mishap = { at, accident };
	struct scenario s = scenario_of(client, server, story);
	s.mishaps = &mishap;
	s.n_mishaps = 1;
	return simulate(&s);
}

/* A client that is not shipped: its first request is not answered, and nobody edits. */
static struct outcome_played play_altered(const struct profile *client, const char *server,
    char *story)
{
	struct mishap mishap = { 0, ANSWER_LOST };
	struct scenario s = scenario_of(client->name, server, story);
	s.client = client;
	s.mishaps = &mishap;
	s.n_mishaps = 1;
	s.edit_before = CYCLES;
	return simulate(&s);
}

/* KB 923164: each try is stored, none is believed. */
static void test_unpatched_with_sink(void **state)
{
	(void)state;
	char story[1000];
	struct outcome_played out = play("massync-unpatched", "exchange-sink", 99, ACCIDENT_NONE,
	    story);
	assert_string_equal(story,
	    "Q_CREATE 1 R_OK* AGAIN\n"
	    "Q_CREATE 2 R_OK* AGAIN\n"
	    "Q_CREATE 3 R_OK* AGAIN\n"
	    "Q_CREATE 4 R_OK* AGAIN\n"
	    "Q_CREATE 5 R_OK* AGAIN\n");
	assert_int_equal(out.copies, 5);
	assert_true(out.dirty);
	assert_int_equal(out.requests, 5);
}

/* Each cause alone switched off: no copy too many. */
static void test_both_causes_are_necessary(void **state)
{
	(void)state;
	char story[1000];
	assert_int_equal(play("massync-unpatched", "exchange-clean", 99, ACCIDENT_NONE, NULL)
			     .copies,
	    1);
	struct outcome_played out = play("massync-hotfixed-fetch", "exchange-sink", 99,
	    ACCIDENT_NONE, story);
	assert_string_equal(story,
	    "Q_CREATE 1 R_OK* REC\n"
	    "Q_READ 1 R_ITEM+ B_TAG\n"
	    "Q_UPDATE 1 R_OK+* B_TAG\n");
	assert_int_equal(out.copies, 1);
	assert_false(out.dirty || out.edit_lost);
	play("massync-hotfixed-tolerate", "exchange-sink", 99, ACCIDENT_NONE, story);
	assert_string_equal(story,
	    "Q_CREATE 1 R_OK* B_NOTAG\n"
	    "Q_READ 1 R_ITEM+ B_TAG\n"
	    "Q_UPDATE 1 R_OK+* B_TAG\n");
}

static void test_lost_answer(void **state)
{
	(void)state;
	char story[1000];
	play("ideal", "caldav-strict", 0, ANSWER_LOST, story);
	assert_string_equal(story,
	    "Q_CREATE 1 N_LOST C_UNK\n"
	    "Q_CREATE 1 R_PRECOND REC\n"
	    "Q_READ 1 R_ITEM+ B_TAG\n"
	    "Q_UPDATE 1 R_OK+* B_TAG\n");
	play("davx5", "caldav-strict", 0, ANSWER_LOST, story);
	assert_string_equal(story,
	    "Q_CREATE 1 N_LOST C_UNK\n"
	    "Q_CREATE 1 R_PRECOND STUCK\n"
	    "Q_CREATE 1 R_PRECOND STUCK\n"
	    "Q_CREATE 1 R_PRECOND STUCK\n"
	    "Q_CREATE 1 R_PRECOND STUCK\n");
	play("vdirsyncer", "caldav-strict", 1, ANSWER_LOST, story);
	assert_string_equal(story,
	    "Q_LIST 0 NO_ROW NEW\n"
	    "Q_CREATE 1 N_LOST C_UNK\n"
	    "Q_LIST 1 ROW+ B_TAG\n"
	    "Q_UPDATE 1 R_OK+* B_TAG\n");
}

static void test_lost_update(void **state)
{
	(void)state;
	char story[1000];
	struct outcome_played out = play("davx5", "caldav-strict", 1, ANSWER_LOST, story);
	assert_string_equal(story,
	    "Q_CREATE 1 R_OK+* B_TAG\n"
	    "Q_UPDATE 1 N_LOST U_UNK\n"
	    "Q_UPDATE 1 R_PRECOND CONF\n"
	    "Q_READ 1 R_ITEM+ B_TAG\n");
	assert_false(out.edit_lost); /* what it took from the server was its own */
	play("thunderbird", "caldav-strict", 2, ANSWER_LOST, story);
	assert_string_equal(story,
	    "Q_CREATE 1 R_OK+* REC\n"
	    "Q_READ 1 R_ITEM+ B_TAG\n"
	    "Q_UPDATE 1 N_LOST U_UNK\n"
	    "Q_UPDATE 1 R_PRECOND CONF\n"
	    "Q_UPDATE 1 R_OK+* REC\n"
	    "Q_READ 1 R_ITEM+ B_TAG\n");
}

static void test_replayed_by_a_proxy(void **state)
{
	(void)state;
	char story[1000];
	play("ideal", "stalwart", 0, REPLAYED, story);
	assert_string_equal(story,
	    "Q_CREATE 1 R_PRECOND REC\n"
	    "Q_READ 1 R_ITEM+ B_TAG\n"
	    "Q_UPDATE 1 R_OK+* B_TAG\n");
	assert_int_equal(play("massync-unpatched", "exchange-clean", 0, REPLAYED, NULL).copies, 1);
}

static void test_activesync(void **state)
{
	(void)state;
	char story[1000];
	struct outcome_played out = play("eas-device", "sogo-activesync", 0, ANSWER_LOST, story);
	assert_string_equal(story,
	    "Q_CREATE 0 N_LOST C_UNK\n"
	    "Q_CREATE 0 R_OK+ B_TAG\n"
	    "Q_UPDATE 97 R_OK+* B_TAG\n");
	assert_int_equal(out.copies, 1);
	assert_int_equal(play("eas-device-no-uid", "sogo-activesync", 0, ANSWER_LOST, NULL).copies,
	    2);
	assert_int_equal(play("eas-device-16", "eas-dedupe-client-uid", 0, ANSWER_LOST, NULL)
			     .copies,
	    1);
}

/* A device that begins anew after a lost answer: another SyncKey, and the fail state knows nothing of it. */
static void test_activesync_begins_anew(void **state)
{
	(void)state;
	char story[1000];
	struct profile anew = *profile_find(set, "eas-device-no-uid");
	anew.policies.first[POLICY_P11] = 2;
	assert_int_equal(play_altered(&anew, "eas-dedupe-key-client-id", story).copies, 2);
	assert_string_equal(story,
	    "Q_CREATE 0 N_LOST C_UNK\n"
	    "Q_DELTA 0 ROWS C_UNK\n"
	    "Q_CREATE 0 R_OK+* B_TAG\n");
	assert_int_equal(play_altered(&anew, "eas-dedupe-client-id", NULL).copies, 1);
}

static void test_gateway(void **state)
{
	(void)state;
	char story[1000];
	struct scenario s = scenario_of("eas-device-no-uid", "eas-dedupe-key-client-id", story);
	s.gateway = profile_find(set, "massync-unpatched");
	s.store = profile_find(set, "exchange-sink");
	s.cycles = 3;
	struct outcome_played out = simulate(&s);
	assert_string_equal(story,
	    "<Q_CREATE 1 R_OK* AGAIN\n"
	    "Q_CREATE 0 R_TRANSIENT C_UNK\n"
	    "<Q_CREATE 2 R_OK* AGAIN\n"
	    "Q_CREATE 0 R_TRANSIENT C_UNK\n"
	    "<Q_CREATE 3 R_OK* AGAIN\n"
	    "Q_CREATE 0 R_TRANSIENT C_UNK\n");
	assert_int_equal(out.copies, 3);
	assert_true(out.dirty);
	s.gateway = profile_find(set, "massync-hotfixed-fetch");
	story[0] = '\0';
	out = simulate(&s);
	assert_string_equal(story,
	    "<Q_CREATE 1 R_OK* REC\n"
	    "<Q_READ 1 R_ITEM+ B_TAG\n"
	    "Q_CREATE 0 R_OK+ B_TAG\n"
	    "<Q_UPDATE 1 R_OK+* B_TAG\n"
	    "Q_UPDATE 1 R_OK+ B_TAG\n");
	assert_int_equal(out.copies, 1);
	assert_false(out.dirty || out.edit_lost);
}

/* ---- what holds for all clients, all servers, all accidents ---- */

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *seed >> 33;
}

static struct profile profile_random(enum machine_side side, uint64_t *seed)
{
	struct profile p = { .name = "random", .side = side, .policies = vector_any() };
	for (unsigned i = 1; i < POLICIES; i++)
		p.policies.first[i] = (uint8_t)(next_random(seed) % policy_values((enum policy)i));
	return p;
}

static void count(void *ctx, const struct played *e)
{
	unsigned *n = ctx;
	*n += !e->back;
}

enum { MISHAPS = 4 };
static struct scenario scenario_random(const struct profile *client, const struct profile *server,
    struct mishap mishaps[MISHAPS], uint64_t *seed)
{
	for (size_t i = 0; i < MISHAPS; i++)
		mishaps[i] = (struct mishap){ (unsigned)(next_random(seed) % 12),
			(enum accident)(next_random(seed) % ACCIDENTS) };
	return (struct scenario){ .client = client,
		.server = server,
		.cycles = 6,
		.edit_before = (unsigned)(next_random(seed) % 8),
		.mishaps = mishaps,
		.n_mishaps = next_random(seed) % (MISHAPS + 1) };
}

static void test_a_run_is_bounded_and_repeats(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (unsigned round = 0; round < 20000; round++) {
		struct mishap mishaps[MISHAPS];
		struct profile parties[4];
		unsigned told = 0;
		for (unsigned i = 0; i < 4; i++)
			parties[i] = profile_random(i % 2 == 0 ? SIDE_CLIENT : SIDE_SERVER, &seed);
		struct scenario s = scenario_random(&parties[0], &parties[1], mishaps, &seed);
		if (round % 3 == 1)
			parties[0].speaks = parties[1].speaks = SPEAKS_ACTIVESYNC;
		if (round % 3 == 2) {
			parties[0].speaks = parties[1].speaks = SPEAKS_ACTIVESYNC;
			s.gateway = &parties[2];
			s.store = &parties[3];
		}
		s.told = count;
		s.ctx = &told;
		struct outcome_played a = simulate(&s), b = simulate(&s);
		assert_int_equal(a.copies, b.copies);
		assert_int_equal(a.requests, b.requests);
		assert_true(a.dirty == b.dirty && a.edit_lost == b.edit_lost);
		assert_true(a.requests <= s.cycles * 8 * 8 && told <= 2 * a.requests);
		assert_true(a.copies <= 4 * s.cycles);
	}
}

/* A name that stays is worth more than any care for tags: no second copy, whatever else a client does. */
static void test_sticky_names_make_no_copies(void **state)
{
	(void)state;
	uint64_t seed = 2;
	for (unsigned round = 0; round < 50000; round++) {
		struct mishap mishaps[MISHAPS];
		struct profile client = profile_random(SIDE_CLIENT, &seed);
		struct profile server = profile_random(SIDE_SERVER, &seed);
		uint8_t *first = client.policies.first;
		first[POLICY_P2] = 0;
		first[POLICY_P4] = first[POLICY_P4] == 2 ? 0 : first[POLICY_P4]; /* fresh */
		first[POLICY_P5] = first[POLICY_P5] == 3 ? 0 : first[POLICY_P5]; /* rename */
		first[POLICY_P6] = first[POLICY_P6] == 2 ? 0 : first[POLICY_P6]; /* new-uid */
		struct scenario s = scenario_random(&client, &server, mishaps, &seed);
		assert_true(simulate(&s).copies <= 1);
	}
}

static void test_renaming_makes_one(void **state)
{
	(void)state;
	char story[1000];
	struct profile renames = *profile_find(set, "davx5");
	renames.policies.first[POLICY_P5] = 3;
	assert_int_equal(play_altered(&renames, "caldav-no-uid-check", story).copies, 2);
	assert_string_equal(story,
	    "Q_CREATE 1 N_LOST C_UNK\n"
	    "Q_CREATE 1 R_PRECOND NEW\n"
	    "Q_CREATE 2 R_OK+* B_TAG\n");
	renames.policies.first[POLICY_P6] = 2;
	assert_int_equal(play_altered(&renames, "caldav-strict", NULL).copies, 2);
}

/* The yardstick: through with any server, without a copy too many, whatever two requests suffer. */
static void test_ideal_is_ideal(void **state)
{
	(void)state;
	uint64_t seed = 3;
	for (unsigned round = 0; round < 20000; round++) {
		struct mishap mishaps[MISHAPS];
		struct profile server = profile_random(SIDE_SERVER, &seed);
		struct scenario s = scenario_random(profile_find(set, "ideal"), &server, mishaps,
		    &seed);
		s.n_mishaps = s.n_mishaps > 2 ? 2 : s.n_mishaps;
		s.cycles = 10;
		struct outcome_played out = simulate(&s);
		assert_int_equal(out.copies, 1);
		assert_false(out.dirty || out.edit_lost);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpatched_with_sink),
		cmocka_unit_test(test_both_causes_are_necessary),
		cmocka_unit_test(test_lost_answer),
		cmocka_unit_test(test_lost_update),
		cmocka_unit_test(test_replayed_by_a_proxy),
		cmocka_unit_test(test_activesync),
		cmocka_unit_test(test_activesync_begins_anew),
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_a_run_is_bounded_and_repeats),
		cmocka_unit_test(test_sticky_names_make_no_copies),
		cmocka_unit_test(test_renaming_makes_one),
		cmocka_unit_test(test_ideal_is_ideal),
	};
	return cmocka_run_group_tests(tests, shipped_open, shipped_close);
}
