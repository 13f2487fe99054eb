/*
 * load_test.c - the tests embedded in a rule. Their events and expectations are made once here, so
 * that a wrong field is found without running them.
 */
#include "rules/load.h"
#include "rules/mock.h"
#include "rules/tally.h"

#include <string.h>

enum { TESTS_MAX = 256 };

static void events_check(const struct origin *from, const struct yaml *list,
    enum event_kind by_default, struct arena *arena)
{
	int64_t last = INT64_MIN;
	for (const struct yaml *m = list->first; m != NULL; m = m->next) {
		enum event_kind kind;
		struct mark at = m->start;
		struct error why;
		int64_t ns;
		if (mock_new(arena, m, by_default, &kind, &ns, &at, &why) == NULL) {
			refuse_at(from, &at, "E0501", "%s", why.text);
			continue;
		}
		if (ns < last)
			refuse_at(from, &m->start, "E0502",
			    "this event is before the one above it");
		last = ns > last ? ns : last;
	}
}

static void expect_check(const struct origin *from, const struct yaml *list, struct arena *arena)
{
	const struct wanted *wanted;
	size_t n;
	struct fault fault;
	if (list != NULL && !wanted_read(arena, list, false, &wanted, &n, &fault))
		refuse_at(from, &fault.at, "E0503", "%s", fault.why.text);
}

static void test_check(const struct origin *from, const struct rule_test *test,
    enum event_kind by_default)
{
	struct arena *arena = arena_new((size_t)from->set->limits->rule_memory);
	if (arena == NULL) {
		set_is_full(from->set);
		return;
	}
	events_check(from, test->events, by_default, arena);
	expect_check(from, test->expect, arena);
	arena_free(arena);
}

static void test_name_check(const struct origin *from, const struct rule_test *tests, size_t n,
    const struct yaml *node)
{
	char text[64];
	for (size_t i = 0; i < n; i++) {
		if (slice_is(node->text, tests[i].name)) {
			refuse(from, node, "E0310", "a test named \"%s\" is here already",
			    quoted(text, node->text));
			return;
		}
	}
}

/* False: there is nothing to run. */
static bool test_read(const struct origin *from, const struct yaml *item, struct rule_test *tests,
    size_t n)
{
	enum { NAME, EVENTS, EXPECT, INCONCLUSIVE, KEYS };
	static const struct key keys[KEYS] = {
		[NAME] = { "name", TEXT, true },
		[EVENTS] = { "events", LIST, true },
		[EXPECT] = { "expect", LIST, false },
		[INCONCLUSIVE] = { "expect_inconclusive", TEXT, false },
	};
	const struct yaml *values[KEYS];
	if (!map_read(from, item, "a test", keys, KEYS, values))
		return false;
	struct rule_test *test = &tests[n];
	test->at = item->start;
	test->file = from->name;
	test->name = text_read(from, values[NAME], "name");
	test->events = values[EVENTS];
	test->expect = values[EXPECT];
	if (values[INCONCLUSIVE] != NULL)
		count_read(from, values[INCONCLUSIVE], "expect_inconclusive", 0, UINT32_MAX,
		    &test->expect_inconclusive);
	if (test->expect == NULL && values[INCONCLUSIVE] == NULL)
		hint(refuse_at(from, &item->start, "E0015", "a test needs the key expect"),
		    "expect: [] for silence");
	if (test->name == NULL)
		return false;
	test_name_check(from, tests, n, values[NAME]);
	return true;
}

void tests_build(struct loaded_rule *rule, const struct said *said)
{
	if (said->node == NULL)
		return;
	const struct origin *from = said->from;
	size_t room = said->node->n < TESTS_MAX ? said->node->n : TESTS_MAX;
	struct rule_test *tests = room_for(from->set, room * sizeof(*tests));
	if (tests == NULL)
		return;
	rule->tests = tests;
	for (const struct yaml *m = said->node->first; m != NULL; m = m->next) {
		if (rule->n_tests == TESTS_MAX) {
			refuse(from, m, "E0024", "tests: at most %d", TESTS_MAX);
			break;
		}
		if (!test_read(from, m, tests, rule->n_tests))
			continue;
		test_check(from, &tests[rule->n_tests], rule_test_kind(rule));
		rule->n_tests++;
	}
}
