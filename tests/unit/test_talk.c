/*
 * test_talk.c - a keeper that talks without end does not keep the watcher from its packets.
 */
#include "tests/unit/watcherkit.h"

struct scene {
	struct watcher w;
	struct channel *keeper;
};

static int scene_make(void **state)
{
	static struct scene s;
	s = (struct scene){ .w = { .signals = -1 } };
	s.w.options.limits = limits_default();
	s.keeper = keeper_of(&s.w);
	*state = &s;
	return 0;
}

static int scene_free(void **state)
{
	struct scene *s = *state;
	keeper_gone(&s->w, s->keeper);
	return 0;
}

/* As many as the socket holds. */
static unsigned flood(struct scene *s, enum message_kind kind)
{
	const struct channel_message m = { .kind = kind, .number = UINT64_MAX };
	unsigned n = 0;
	while (channel_send(s->keeper, &m))
		n++;
	return n;
}

/* It cannot be told whether more would come in time: so a turn has an end, and the next one goes on. */
static void test_a_turn_ends(void **state)
{
	struct scene *s = *state;
	struct channel_message m;
	struct error e;
	unsigned turns = 0;
	assert_true(flood(s, MESSAGE_HELLO) > 64);
	talk_take(&s->w);
	assert_int_equal(channel_receive(s->w.channel, &m, &e), 1);
	while (channel_receive(s->w.channel, &m, &e) == 1 && turns++ < 1000)
		talk_take(&s->w);
	assert_true(turns < 1000);
	assert_false(s->w.keeper_lost);
	assert_true(outbox_counts(s->w.outbox).queued_bytes < 1000);
}

static void test_numbers_far_off(void **state)
{
	struct scene *s = *state;
	flood(s, MESSAGE_SAVED);
	talk_take(&s->w);
	flood(s, MESSAGE_TAKEN);
	talk_take(&s->w);
	flood(s, MESSAGE_CHECKED); /* nobody asked */
	talk_take(&s->w);
	flood(s, MESSAGE_RECORD); /* not the keeper's to send */
	talk_take(&s->w);
	assert_false(s->w.keeper_lost || s->w.stopping);
	assert_true(outbox_is_saved(s->w.outbox));
	assert_int_equal(outbox_counts(s->w.outbox).queued_bytes, 0);
}

/* To hand out all of the state again is work; it is done between packets, once a second at most. */
static void test_work_is_put_off(void **state)
{
	struct scene *s = *state;
	flood(s, MESSAGE_EMPTY);
	talk_take(&s->w);
	assert_true(s->w.forgotten);
	assert_false(s->w.saving);
}

/* Nobody would start another one: without a word going out there is nothing to watch for. */
static void test_nobody_is_there(void **state)
{
	struct scene *s = *state;
	channel_free(s->keeper);
	s->keeper = NULL;
	talk_take(&s->w);
	assert_true(s->w.keeper_lost && s->w.stopping);
	assert_int_equal(s->w.code, EXIT_INTERNAL);
}

static void test_nobody_is_there_at_the_end(void **state)
{
	struct scene *s = *state;
	s->w.parting = true;
	channel_free(s->keeper);
	s->keeper = NULL;
	talk_take(&s->w);
	assert_true(s->w.keeper_lost);
	assert_int_equal(s->w.code, EXIT_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_turn_ends, scene_make, scene_free),
		cmocka_unit_test_setup_teardown(test_numbers_far_off, scene_make, scene_free),
		cmocka_unit_test_setup_teardown(test_work_is_put_off, scene_make, scene_free),
		cmocka_unit_test_setup_teardown(test_nobody_is_there, scene_make, scene_free),
		cmocka_unit_test_setup_teardown(test_nobody_is_there_at_the_end, scene_make,
		    scene_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
