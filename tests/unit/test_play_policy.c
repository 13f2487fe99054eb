/*
 * test_play_policy.c - play/policy.c against the profiles: what is played where a profile says nothing,
 * and that the profiles recognise the player's clients.
 */
#include "analysis/profiles.h"
#include "play/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *nothing(const void *profile, const char *code)
{
	(void)profile, (void)code;
	return NULL;
}

static const char *one_word(const void *profile, const char *code)
{
	(void)code;
	return profile;
}

static bool is_played(const char *code)
{
	static const char *const not_played[] = { "P8", "P9", "P10", "P12", "P13", "P14", "P15",
		"V6", "V7", "V9", "V10" };
	for (size_t i = 0; i < sizeof not_played / sizeof not_played[0]; i++)
		if (strcmp(not_played[i], code) == 0)
			return false;
	return true;
}

/* As a profile that leaves a policy open is played by the machine: its first value. */
static void test_what_is_left_open(void **state)
{
	(void)state;
	struct play_side side = { .name = "x", .value = nothing };
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++) {
		const struct policy_info *info = &policies_table[i];
		if (!is_played(info->code))
			continue;
		for (unsigned v = 0; v < policy_values((enum policy)i); v++)
			assert_int_equal(says(&side, info->code, info->values[v].word), v == 0);
	}
}

static void test_what_is_said(void **state)
{
	(void)state;
	struct play_side side = { .name = "x", .value = one_word, .profile = "fetch" };
	assert_true(says(&side, "P1", "fetch"));
	assert_false(says(&side, "P1", "fail"));
}

static void test_profiles_know_our_clients(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct error e;
	struct profiles *set = profiles_new(&limits, &e);
	unsigned known = 0;
	assert_non_null(set);
	profiles_load_shipped(set);
	for (const struct profile *p = profiles_first(set); p != NULL; p = p->next) {
		struct play_side side = { .name = p->name, .value = nothing };
		struct client_sign sign = { .agent = slice_from(agent_of(&side)),
			.activesync = p->speaks == SPEAKS_ACTIVESYNC,
			.protocol = { { 14, 1, 0, 0 } } };
		if (strcmp(p->name, "eas-device-16") == 0)
			sign.protocol = (struct build){ { 16, 1, 0, 0 } };
		if (p->side != SIDE_CLIENT || p->n_agents == 0)
			continue;
		known++;
		if (!profile_fits(p, &sign))
			fail_msg("%s does not know %s", p->name, agent_of(&side));
	}
	assert_true(known > 10);
	profiles_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_left_open),
		cmocka_unit_test(test_what_is_said),
		cmocka_unit_test(test_profiles_know_our_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
