/*
 * test_memory.c - what a keeper remembers for a watcher may come from one that was not ours any more.
 */
#include "tests/unit/watcherkit.h"

enum { ROOM = 256 };

struct scene {
	struct options options;
	struct watcher w;
	struct channel *keeper;
};

static void ignore_event(void *ctx, const struct event *event)
{
	(void)ctx;
	(void)event;
}

static void ignore_finding(void *ctx, const struct event *finding, const struct event *cause)
{
	(void)ctx;
	(void)finding;
	(void)cause;
}

static int scene_make(void **state)
{
	static struct scene s;
	static char *argv[] = { "davscope", "monitor", "-i", "none", "--sandbox", "off", NULL };
	struct error e;
	s = (struct scene){ .w = { .given = &s.options, .signals = -1, .code = EXIT_DONE } };
	assert_true(options_parse(&s.options, 6, argv, &e));
	assert_true(settings_read(&s.w, &s.w.code));
	s.w.pipeline = pipeline_begin(&s.w.options,
	    (struct pipeline_sink){ ignore_event, ignore_finding, &s.w });
	s.w.ruleset = options_ruleset(&s.w.options, &s.w.code);
	assert_non_null(s.w.ruleset);
	s.keeper = keeper_of(&s.w);
	*state = &s;
	return 0;
}

static int scene_free(void **state)
{
	struct scene *s = *state;
	struct error e;
	records_close(&s->w);
	pipeline_close(&s->w.pipeline);
	ruleset_free(s->w.ruleset);
	if (s->w.ring != NULL)
		assert_true(ring_close(s->w.ring, &e));
	keeper_gone(&s->w, s->keeper);
	options_free(&s->options);
	return 0;
}

static void say(struct scene *s, enum message_kind kind, uint64_t number, struct slice body)
{
	assert_true(channel_send(s->keeper, &(const struct channel_message){ kind, number, body }));
}

static void say_own(struct scene *s, uint64_t order, uint64_t findings, uint64_t input)
{
	uint8_t body[ROOM], room[ROOM];
	uint64_t numbers[] = { 1, 2, order, findings, input, 1 };
	size_t n = 0;
	struct pack p = pack_to(body, sizeof(body));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		pack_u64(&p, &numbers[i]);
	const struct state_record r = { .part = STATE_META, .body = { body, pack_done(&p) } };
	assert_true(state_write(&r, room, sizeof(room), &n));
	say(s, MESSAGE_REMEMBERED, 0, (struct slice){ room, n });
}

static void recall(struct scene *s, uint64_t order, uint64_t findings)
{
	say_own(s, order, findings, 3);
	say(s, MESSAGE_RECALLED, 1, SLICE(""));
	assert_true(memory_recall(&s->w));
	assert_true(s->w.opened);
}

static void test_numbers_go_on(void **state)
{
	struct scene *s = *state;
	say(s, MESSAGE_HELLO, 40, SLICE(""));
	recall(s, 1000, 30);
	assert_int_equal(s->w.order, 1000);
	assert_int_equal(s->w.findings, 40);
	assert_int_equal(s->w.inputs_saved, 3);
}

/* From there the next one would be 0, which is no number of a finding. */
static void test_findings_end_of_numbers(void **state)
{
	struct scene *s = *state;
	say(s, MESSAGE_HELLO, 40, SLICE(""));
	recall(s, 1000, UINT64_MAX);
	assert_int_equal(s->w.findings, 40);
}

static void test_packets_end_of_numbers(void **state)
{
	struct scene *s = *state;
	say(s, MESSAGE_HELLO, 40, SLICE(""));
	recall(s, UINT64_MAX - 5, 30);
	assert_int_equal(s->w.order, 0);
}

static void test_hello_end_of_numbers(void **state)
{
	struct scene *s = *state;
	say(s, MESSAGE_HELLO, UINT64_MAX, SLICE(""));
	recall(s, 1000, 30);
	assert_int_equal(s->w.findings, 30);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_make, scene_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_numbers_go_on),
		TEST(test_findings_end_of_numbers),
		TEST(test_packets_end_of_numbers),
		TEST(test_hello_end_of_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
