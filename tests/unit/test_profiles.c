/*
 * test_profiles.c - analysis/profiles*.c: the shipped profiles, mistakes with their places, and whom a
 * profile fits.
 */
#include "analysis/profiles.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct profiles *set_new(void)
{
	static struct limits limits;
	struct error e = { "" };
	limits = limits_default();
	struct profiles *set = profiles_new(&limits, &e);
	assert_non_null(set);
	return set;
}

static struct profiles *set_read(const char *text)
{
	struct profiles *set = set_new();
	size_t n = strlen(text);
	profiles_read(set, "p.yaml", (struct slice){ guard_copy(text, n), n });
	return set;
}

static struct profiles *set_shipped(void)
{
	struct profiles *set = set_new();
	size_t n;
	profiles_load_shipped(set);
	const struct complaint *c = profiles_complaints(set, &n);
	if (n != 0)
		fail_msg("%s:%zu:%zu: %s", c->file, c->line, c->column, c->text);
	return set;
}

/* ---- the shipped ones ---- */

static void test_shipped_profiles(void **state)
{
	(void)state;
	static const char *const names[] = { "massync-unpatched", "massync-hotfixed-fetch",
		"massync-hotfixed-tolerate", "davx5", "vdirsyncer", "thunderbird", "evolution",
		"zpush-caldav", "eas-device", "eas-device-16", "eas-4-tbsync", "python-caldav",
		"syncevolution", "ideal", "exchange-clean", "exchange-sink", "caldav-strict",
		"caldav-rewriting", "caldav-no-uid-check", "caldav-inm-ignored", "radicale",
		"xandikos", "sogo-caldav", "sogo-activesync", "nextcloud", "stalwart",
		"eas-dedupe-none", "eas-dedupe-key-client-id", "eas-dedupe-client-id",
		"eas-dedupe-uid", "eas-dedupe-client-uid" };
	struct profiles *set = set_shipped();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (profile_find(set, names[i]) == NULL)
			fail_msg("%s is missing", names[i]);
	for (const struct profile *p = profiles_first(set); p != NULL; p = p->next) {
		assert_true(p->shipped && p->title[0] != '\0' && p->line > 0);
		assert_true(p->said != 0);
		assert_true(strstr(p->title, "hypothesis") == NULL || p->hypothesis);
		for (unsigned i = 1; i < POLICIES; i++) {
			assert_true(p->policies.set[i] >> p->policies.first[i] & 1);
			if (p->said >> i & 1)
				assert_int_equal(policies_table[i].side, p->side);
			else
				assert_int_equal(p->policies.set[i], vector_any().set[i]);
		}
	}
	profiles_free(set);
}

static void test_what_is_known_of_some(void **state)
{
	(void)state;
	struct profiles *set = set_shipped();
	const struct profile *massync = profile_find(set, "massync-unpatched");
	const struct profile *fetch = profile_find(set, "massync-hotfixed-fetch");
	const struct profile *davx5 = profile_find(set, "davx5");
	assert_int_equal(massync->policies.set[POLICY_P1], P1_FAIL);
	assert_int_equal(massync->policies.set[POLICY_P2], P2_FRESH | P2_SERVER);
	assert_int_equal(massync->policies.set[POLICY_P7], vector_any().set[POLICY_P7]);
	assert_false(massync->hypothesis);
	assert_true(fetch->hypothesis);
	assert_non_null(strstr(fetch->text, "hypothesis"));
	assert_int_equal(davx5->policies.set[POLICY_P5], P5_IGNORE);
	assert_int_equal(davx5->policies.set[POLICY_P6], P6_IGNORE);
	assert_int_equal(profile_find(set, "thunderbird")->policies.set[POLICY_P8], P8_ERROR);
	assert_int_equal(profile_find(set, "ideal")->policies.first[POLICY_P1], 2);
	assert_int_equal(profile_find(set, "sogo-activesync")->speaks, SPEAKS_ACTIVESYNC);
	assert_null(profile_find(set, "outlook"));
	assert_string_equal(profile_like(set, "vdirsyncr"), "vdirsyncer");
	assert_null(profile_like(set, "something else"));
	profiles_free(set);
}

/* ---- reading ---- */

#define HEAD "davscope_profiles: 1\n"
#define CLIENT HEAD "clients:\n- name: x\n  title: y\n"

static void test_values(void **state)
{
	(void)state;
	struct profiles *set = set_read(
	    CLIENT "  text: >\n    a\n    b\n"
		   "  policies: {P1: [always, fetch], P4: \"?\", P5: [\"?\"], P16: list-first}\n");
	const struct profile *p = profile_find(set, "x");
	assert_non_null(p);
	assert_string_equal(p->text, "a b");
	assert_string_equal(p->file, "p.yaml");
	assert_int_equal(p->line, 3);
	assert_int_equal(p->policies.set[POLICY_P1], P1_ALWAYS | P1_FETCH);
	assert_int_equal(p->policies.first[POLICY_P1], 3); /* as written */
	assert_int_equal(p->policies.set[POLICY_P4], P4_SAME | P4_LIST | P4_FRESH | P4_GIVE_UP);
	assert_int_equal(p->policies.first[POLICY_P4], 0);
	assert_int_equal(p->policies.set[POLICY_P5], vector_any().set[POLICY_P5]);
	assert_int_equal(vector_played(&p->policies).set[POLICY_P1], P1_ALWAYS);
	assert_true(p->said >> POLICY_P1 & 1);
	assert_false(p->said >> POLICY_P4 & 1);
	assert_false(p->said >> POLICY_P2 & 1);
	assert_false(p->shipped);
	profiles_free(set);
}

static const struct mistake {
	const char *text, *code;
	size_t line, column;
	const char *says, *hint; /* NULL: none */
} mistakes[] = {
	{ "a: [", "E0001", 1, 5, "", NULL },
	{ CLIENT "  policies:\n    P7: ?\n", "E0001", 6, 9, "mapping keys", "written \"?\"" },
	{ "a: \x80", "E0003", 1, 4, "", NULL },
	{ "a: &b c", "E0004", 1, 4, "", NULL },
	{ "a: !b c", "E0005", 1, 4, "", NULL },
	{ "a: b\na: c", "E0007", 2, 1, "", NULL },
	{ "a: b\n---\nc: d", "E0008", 2, 1, "", NULL },
	{ "[[[[[[[[[[[[1]]]]]]]]]]]]", "E0009", 1, 9, "", NULL },
	{ "", "E0011", 1, 1, "is a map", NULL },
	{ "- a", "E0011", 1, 1, "is a map", NULL },
	{ "davscope_profiles: 2", "E0012", 1, 20, "format 2", NULL },
	{ "clients: []", "E0015", 1, 1, "needs the key davscope_profiles", NULL },
	{ HEAD "client: []", "E0014", 2, 1, "no key client", "did you mean clients?" },
	{ HEAD "x: []", "E0014", 2, 1, "no key x", "it is one of: davscope_profiles, clients" },
	{ HEAD "clients: {}", "E0016", 2, 10, "clients must be a list, not a map", NULL },
	{ HEAD "clients: [x]", "E0016", 2, 11, "a profile must be a map, not a text", NULL },
	{ HEAD "clients:\n- name: x\n  policies: {}", "E0015", 3, 3, "needs the key title", NULL },
	{ CLIENT, "E0015", 3, 3, "needs the key policies", NULL },
	{ CLIENT "  policies: {}\n  agent: []", "E0014", 6, 3, "no key agent",
	    "did you mean agents?" },
	{ HEAD "clients:\n- name: X\n  title: y\n  policies: {}", "E0018", 3, 9, "\"X\"", NULL },
	{ HEAD "clients:\n- name: -x\n  title: y\n  policies: {}", "E0018", 3, 9, "\"-x\"", NULL },
	{ HEAD "clients:\n- name:\n  title: y\n  policies: {}", "E0016", 3, 8, "here is nothing",
	    NULL },
	{ CLIENT "  policies: {}\nservers:\n- name: x\n  title: z\n  policies: {}", "E0019", 7, 9,
	    "a profile x already", "line 3 of p.yaml" },
	{ CLIENT "  policies: {P1: fial}", "E0017", 5, 18, "P1 cannot be \"fial\"",
	    "did you mean fail?" },
	{ CLIENT "  policies: {P3: xyzzy}", "E0017", 5, 18, "P3 cannot be",
	    "it is one of: absent, none, key" },
	{ CLIENT "  policies: {P7: [merge, [ask]]}", "E0016", 5, 26,
	    "P7 must be a text, not a list", NULL },
	{ CLIENT "  policies: {P7: [merge, merge]}", "E0019", 5, 26, "P7 says merge twice", NULL },
	{ CLIENT "  policies: {P7: []}", "E0016", 5, 18, "P7 is an empty list", NULL },
	{ CLIENT "  policies: {P7: {}}", "E0016", 5, 18, "P7 must be a text or a list, not a map",
	    NULL },
	{ CLIENT "  policies: {P17: fail}", "E0014", 5, 14, "clients have no policy P17",
	    "did you mean P1?" },
	{ CLIENT "  policies: {V1: never}", "E0014", 5, 14, "clients have no policy V1",
	    "it is one of servers" },
	{ HEAD "servers:\n- name: x\n  title: y\n  policies: {P1: fail}", "E0014", 5, 14,
	    "servers have no policy P1", "it is one of clients" },
	{ CLIENT "  speaks: eas\n  policies: {}", "E0017", 5, 11, "speaks cannot be \"eas\"",
	    "dav, activesync" },
	{ CLIENT "  hypothesis: yes\n  policies: {}", "E0017", 5, 15, "hypothesis cannot be",
	    "false, true" },
	{ CLIENT "  agents: [x]\n  policies: {}", "E0016", 5, 12, "an agent must be a map", NULL },
	{ CLIENT "  agents: [{}]\n  policies: {}", "E0015", 5, 12, "says nothing", NULL },
	{ CLIENT "  agents: [{agnet: x}]\n  policies: {}", "E0014", 5, 13, "no key agnet",
	    "did you mean agent?" },
	{ CLIENT "  agents: [{agent: x, from: 1.0}]\n  policies: {}", "E0016", 5, 12,
	    "need an agent with a *", NULL },
	{ CLIENT "  agents: [{agent: x*, from: 1.x}]\n  policies: {}", "E0016", 5, 30,
	    "not \"1.x\"", NULL },
	{ CLIENT "  agents: [{agent: x*, below: 99999999999}]\n  policies: {}", "E0016", 5, 31,
	    "below is a version", NULL },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		struct profiles *set = set_read(mistakes[i].text);
		size_t n;
		const struct complaint *c = profiles_complaints(set, &n);
		if (n == 0 || profiles_errors(set) == 0)
			fail_msg("nothing is said of: %s", mistakes[i].text);
		if (strcmp(c->code, mistakes[i].code) != 0 || c->line != mistakes[i].line ||
		    c->column != mistakes[i].column || strstr(c->text, mistakes[i].says) == NULL)
			fail_msg("%s: %zu:%zu %s %s", mistakes[i].text, c->line, c->column, c->code,
			    c->text);
		if ((mistakes[i].hint == NULL) != (c->hint[0] == '\0') ||
		    (mistakes[i].hint != NULL && strstr(c->hint, mistakes[i].hint) == NULL))
			fail_msg("%s: hint \"%s\"", mistakes[i].text, c->hint);
		assert_string_equal(c->file, "p.yaml");
		profiles_free(set);
	}
}

/* One run shows all mistakes, and what is right beside them is kept. */
static void test_all_mistakes_at_once(void **state)
{
	(void)state;
	struct profiles *set = set_read(HEAD "clients:\n"
					     "- {name: a, title: t, policies: {P1: no, P99: x}}\n"
					     "- {name: b, title: t, policies: {P1: fail}}\n"
					     "servers:\n"
					     "- {name: c, policies: {V1: always}}\n");
	size_t n;
	profiles_complaints(set, &n);
	assert_int_equal(n, 3);
	assert_int_equal(profile_find(set, "b")->policies.set[POLICY_P1], P1_FAIL);
	assert_null(profile_find(set, "c"));
	profiles_free(set);
}

static void test_hostile_names_are_quoted(void **state)
{
	(void)state;
	struct profiles *set = set_read(
	    HEAD "clients:\n- name: \"\\e[2J\"\n  title: y\n  policies: {}");
	size_t n;
	const struct complaint *c = profiles_complaints(set, &n);
	assert_int_equal(n, 1);
	assert_null(strchr(c->text, '\x1b'));
	profiles_free(set);
}

/* Whatever the budget is, the set is whole or says that it is not. */
static void test_memory_runs_out(void **state)
{
	(void)state;
	for (uint64_t budget = 0; budget < 40000; budget += 97) {
		struct limits limits = limits_default();
		struct error e = { "" };
		limits.profile_memory = budget;
		struct profiles *set = profiles_new(&limits, &e);
		if (set == NULL)
			continue;
		profiles_read(set, "p.yaml",
		    slice_from(CLIENT
			"  text: z\n  agents: [{agent: a*}]\n  policies: {P1: [fail, fetch]}\n"));
		const struct profile *p = profile_find(set, "x");
		assert_true(profiles_errors(set) != 0 ||
		    (p != NULL && p->n_agents == 1 && p->text != NULL));
		profiles_free(set);
	}
}

static void test_files_that_are_none(void **state)
{
	(void)state;
	struct profiles *set = set_new();
	struct error e = { "" };
	assert_false(profiles_load(set, "/no/such/file", &e));
	assert_non_null(strstr(e.text, "/no/such/file: "));
	assert_false(profiles_load(set, "/", &e));
	assert_non_null(strstr(e.text, "no regular file"));
	profiles_free(set);
}

/* ---- whom a profile fits ---- */

static bool fits(const struct profiles *set, const char *name, const char *agent,
    unsigned activesync)
{
	struct client_sign sign = { .agent = slice_from(agent),
		.activesync = activesync != 0,
		.protocol = { { activesync / 10, activesync % 10 } } };
	const struct profile *p = profile_find(set, name);
	assert_non_null(p);
	return profile_fits(p, &sign);
}

static void test_agents(void **state)
{
	(void)state;
	static const struct {
		const char *profile, *agent;
		unsigned activesync;
		bool fits;
	} cases[] = {
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/6.5.7638.1", 0, true },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/6.5.7651.49", 0, true },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/6.5.7651.50", 0, false },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/6.5.7651.6", 0, true },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/6.5.944", 0, true },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/6.0.6603.1", 0, false },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/x", 0, false },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/", 0, false },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/99999999999.1", 0, false },
		{ "massync-unpatched", "Microsoft-Server-ActiveSync", 0, false },
		{ "massync-hotfixed-fetch", "Microsoft-Server-ActiveSync/6.5.7651.49", 0, false },
		{ "massync-hotfixed-fetch", "Microsoft-Server-ActiveSync/6.5.7651.50", 0, true },
		{ "massync-hotfixed-tolerate", "Microsoft-Server-ActiveSync/6.5.7653.5", 0, true },
		{ "massync-hotfixed-fetch", "Microsoft-Server-ActiveSync/8.1.240.5", 0, false },
		{ "davx5", "DAVx5/4.4.3-ose (2024/10/01; dav4jvm; okhttp/4.12.0) Android/14", 0,
		    true },
		{ "davx5", "davx5/4", 0, false },
		{ "vdirsyncer", "vdirsyncer/0.19.0", 0, true },
		{ "vdirsyncer", "not vdirsyncer/0.19.0", 0, false },
		{ "thunderbird",
		    "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Thunderbird/102.5.0",
		    0, true },
		{ "thunderbird", "Mozilla/5.0", 0, false },
		{ "python-caldav", "Mozilla/5.0", 0, true },
		{ "python-caldav", "Mozilla/5.0 (X11)", 0, false },
		{ "syncevolution", "SyncEvolution", 0, true },
		{ "evolution", "Evolution/3.46.4", 0, true },
		{ "evolution", "SyncEvolution", 0, false },
		{ "zpush-caldav", "ModifiedDAViCalClient", 0, true },
		{ "eas-4-tbsync", "Thunderbird ActiveSync", 161, true },
		{ "eas-device", "Apple-iPhone", 141, true },
		{ "eas-device", "Apple-iPhone", 160, false },
		{ "eas-device", "Apple-iPhone", 0, false },
		{ "eas-device-16", "Apple-iPhone", 161, true },
		{ "ideal", "vdirsyncer/0.19.0", 0, false },
	};
	struct profiles *set = set_shipped();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (fits(set, cases[i].profile, cases[i].agent, cases[i].activesync) !=
		    cases[i].fits)
			fail_msg("%s and %s", cases[i].profile, cases[i].agent);
	profiles_free(set);
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *agent;
		bool fits;
	} cases[] = { { "*", "", true }, { "*", "x", true }, { "a*c", "abc", true },
		{ "a*c", "ac", true }, { "a*c", "abcd", false }, { "a*b*c", "axbxbxc", true },
		{ "a*b*c", "axc", false }, { "**x", "x", true }, { "abc", "abc", true },
		{ "abc", "ab", false }, { "*ab", "aab", true },
		{ "*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaa", false } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[200];
		snprintf(text, sizeof text, CLIENT "  agents: [{agent: \"%s\"}]\n  policies: {}\n",
		    cases[i].pattern);
		struct profiles *set = set_read(text);
		assert_int_equal(profiles_errors(set), 0);
		if (fits(set, "x", cases[i].agent, 0) != cases[i].fits)
			fail_msg("%s and %s", cases[i].pattern, cases[i].agent);
		profiles_free(set);
	}
}

static void test_builds(void **state)
{
	(void)state;
	struct build a, b;
	struct slice text = SLICE("6.5.7651.50 SP2");
	assert_true(build_read(&text, &a));
	assert_true(slice_is(text, " SP2"));
	text = SLICE("6.5.7651.9");
	assert_true(build_read(&text, &b));
	assert_true(build_compare(&a, &b) > 0);
	text = SLICE("6.5.");
	assert_true(build_read(&text, &b));
	assert_true(slice_is(text, "."));
	assert_true(build_compare(&b, &a) < 0);
	text = SLICE("1.2.3.4.5");
	assert_true(build_read(&text, &b));
	assert_int_equal(text.n, 0);
	assert_int_equal(b.part[3], 4);
	text = SLICE("");
	assert_false(build_read(&text, &b));
	text = SLICE("4294967296");
	assert_false(build_read(&text, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped_profiles),
		cmocka_unit_test(test_what_is_known_of_some),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_all_mistakes_at_once),
		cmocka_unit_test(test_hostile_names_are_quoted),
		cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_agents),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_builds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
