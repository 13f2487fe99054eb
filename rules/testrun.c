/*
 * testrun.c - runs the tests embedded in rules: each one in an engine of its own that holds nothing
 * but its rule, on made events at virtual times.
 */
#include "rules/mock.h"
#include "rules/ruleset.h"
#include "rules/state.h"
#include "rules/tally.h"

#include <string.h>

struct test_run {
	const struct limits *limits;
	const struct rule_test *test;
	enum event_kind kind; /* of events that name none */
	struct ruleset alone; /* the set, with one rule */
	struct loaded_rule rule; /* that one: enabled, and not suppressed */
	struct loaded_rule *rules[1];
	struct test_result result;
	struct tally tally;
	struct arena *arena;
};

/* The file's author has to find the place, so a fault is told with its line. */
static bool fail_at(struct test_run *run, const struct fault *fault)
{
	snprintf(run->result.why, sizeof run->result.why, "line %zu: %s", fault->at.line,
	    fault->why.text);
	return false;
}

static bool fail(struct test_run *run, const char *why)
{
	snprintf(run->result.why, sizeof run->result.why, "%s", why);
	return false;
}

static void on_finding(void *ctx, const struct event *finding, const struct event *cause)
{
	struct test_run *run = ctx;
	tally_finding(&run->tally, finding, cause);
}

/* Item number `n`; its packet is named by the number, so that findings on it have ids of their own. */
static bool run_item(struct test_run *run, struct rules *engine, const struct yaml *item,
    uint64_t n, int64_t *last_ns)
{
	struct fault fault = { .at = item->start };
	struct event event = { .id = SLICE("test"), .at = { .order = n, .frame = n } };
	event.mock = mock_new(run->arena, item, run->kind, &event.kind, &event.at.ns, &fault.at,
	    &fault.why);
	if (event.mock == NULL)
		return fail_at(run, &fault);
	if (event.at.ns < *last_ns) {
		error_set(&fault.why, "an event is earlier than the one before it");
		return fail_at(run, &fault);
	}
	*last_ns = event.at.ns;
	rules_event(engine, &event);
	return true;
}

static bool run_events(struct test_run *run, struct rules *engine)
{
	const struct yaml *events = run->test->events;
	if (events == NULL || events->first == NULL)
		return fail(run, "the test has no events");
	int64_t last_ns = 0;
	uint64_t n = 0;
	for (const struct yaml *item = events->first; item != NULL; item = item->next)
		if (!run_item(run, engine, item, ++n, &last_ns))
			return false;
	rules_finish(engine, last_ns);
	return true;
}

static bool judge(struct test_run *run)
{
	const struct tally *t = &run->tally;
	for (size_t i = 0; i < t->n_wanted; i++)
		if (!tally_wanted(t, i, run->result.why))
			return false;
	return tally_no_others(t, run->result.why) &&
	    tally_inconclusive(t, run->test->expect_inconclusive, run->result.why);
}

static bool run_in_engine(struct test_run *run)
{
	static const char *const names[] = { "test" };
	struct rules_options options = {
		.limits = run->limits,
		.key = hash_key_from(0),
		.input_names = names,
		.n_inputs = 1,
	};
	struct error e;
	struct rules *engine = rules_new_for_test(&run->alone, 0, &options,
	    (struct rules_sink){ on_finding, run }, &e);
	if (engine == NULL)
		return fail(run, e.text);
	bool passed = run_events(run, engine) && judge(run);
	rules_free(engine);
	return passed;
}

static bool run_test(struct test_run *run)
{
	const struct wanted *wanted = NULL;
	size_t n = 0;
	struct fault fault;
	if (!wanted_read(run->arena, run->test->expect, false, &wanted, &n, &fault))
		return fail_at(run, &fault);
	tally_init(&run->tally, wanted, n);
	bool passed = run_in_engine(run);
	tally_fini(&run->tally);
	return passed;
}

static void run_init(struct test_run *run, const struct ruleset *set, const struct limits *limits,
    const struct loaded_rule *rule)
{
	*run = (struct test_run){ .limits = limits, .alone = *set, .rule = *rule };
	run->rule.public.enabled = true;
	run->rule.n_suppressions = 0;
	run->kind = rule_test_kind(rule);
	run->rules[0] = &run->rule;
	run->alone.rules = run->rules;
	run->alone.n_rules = 1;
}

static bool skip(struct test_run *run)
{
	const struct overridden *o = &run->result.rule->overrides[0];
	snprintf(run->result.why, sizeof run->result.why, "overridden in %.200s:%zu", o->file,
	    o->line);
	return run->result.passed = true;
}

static bool run_one(struct test_run *run, const struct loaded_rule *rule,
    const struct rule_test *test)
{
	run->test = test;
	run->result = (struct test_result){
		.rule = &rule->public,
		.name = test->name,
		.file = test->file,
		.line = test->at.line,
		.skipped = rule->tests_stale,
	};
	if (run->result.skipped)
		return skip(run);
	run->arena = arena_new(run->limits->rule_memory);
	run->result.passed = run->arena != NULL ? run_test(run) : fail(run, "out of memory");
	arena_free(run->arena);
	return run->result.passed;
}

/* A sequence begins with its first step, so that is what a test most often makes. */
enum event_kind rule_test_kind(const struct loaded_rule *rule)
{
	if (rule->shape == SHAPE_SEQUENCE)
		return rule->sequence.steps[0].kind;
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
		if (rule->kinds >> kind & 1)
			return (enum event_kind)kind;
	return EVENT_TRANSACTION;
}

bool ruleset_test(const struct ruleset *set, const struct limits *limits, struct test_sink sink,
    struct error *e)
{
	e->text[0] = '\0';
	if (!set->compiled)
		return error_set(e, "rules that do not compile cannot be tested");
	bool passed = true;
	for (size_t i = 0; i < set->n_rules; i++) {
		const struct loaded_rule *rule = set->rules[i];
		struct test_run run;
		if (rule->n_tests == 0)
			continue;
		run_init(&run, set, limits, rule);
		for (size_t k = 0; k < rule->n_tests; k++) {
			passed = run_one(&run, rule, &rule->tests[k]) && passed;
			sink.result(sink.ctx, &run.result);
		}
	}
	return passed;
}

/* Every item wants none, and what is inconclusive is no silence either. */
static bool test_expects_silence(const struct rule_test *test)
{
	if (test->expect_inconclusive != 0)
		return false;
	for (const struct yaml *m = test->expect == NULL ? NULL : test->expect->first; m != NULL;
	     m = m->next) {
		const struct yaml *count = yaml_get(m, "count");
		if (count == NULL || !slice_is(count->text, "0"))
			return false;
	}
	return true;
}

bool ruleset_expects_silence(const struct ruleset *set, size_t rule)
{
	const struct loaded_rule *r = set->rules[rule];
	for (size_t i = 0; i < r->n_tests; i++)
		if (test_expects_silence(&r->tests[i]))
			return true;
	return false;
}
