/*
 * test_keeper_faults.c - keepers that are killed, a watcher that goes or talks nonsense, a bad start, a
 * full disk: nothing that was called safe is lost.
 */
#include "tests/unit/keeperkit.h"

static void test_rest_of_the_dead(void **state)
{
	struct scene *s = *state;
	begin(s, 0);
	assert_recalled(s, "");
	keeper_kill(s);
	send_state(s, 1, 2, "two");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	send_finding(s, 2, 1002);
	begin(s, 0);
	send_message(s, MESSAGE_AGAIN, 0, SLICE(""));
	send_finding(s, 1, 1001);
	send_finding(s, 2, 1002);
	send_state(s, 1, 1, "one");
	send_state(s, 1, 2, "two");
	struct channel_message m;
	while ((m = receive(s)).kind == MESSAGE_EMPTY)
		;
	assert_int_equal(m.kind, MESSAGE_TAKEN); /* SAVED did not come */
	if (m.number < 2)
		await(s, MESSAGE_TAKEN, 2);
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	assert_recalled(s, "1=one 2=two");
	keeper_end(s);
	assert_string_equal(read_file(s->alerts), "{\"finding\":1001}\n{\"finding\":1002}\n");
}

static void test_killed(void **state)
{
	struct scene *s = *state;
	uint64_t taken = 0, sent = 0;
	enum { ROUNDS = 8, EACH = 200 };
	struct channel_message m;
	begin(s, 0);
	assert_recalled(s, "");
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		while (sent < round * EACH) {
			sent++;
			send_finding(s, sent, 1000 + sent);
		}
		if (round % 2 == 0)
			taken = await(s, MESSAGE_TAKEN, taken + 1).number;
		keeper_kill(s);
		keeper_start(s);
		while ((m = receive(s)).kind != MESSAGE_HELLO)
			if (m.kind == MESSAGE_TAKEN)
				taken = m.number;
		assert_true(m.number >= taken); /* what was called safe is there */
		send_message(s, MESSAGE_AGAIN, 0, SLICE(""));
		for (sent = m.number; sent < round * EACH;) {
			sent++;
			send_finding(s, sent, 1000 + sent);
		}
	}
	/* What HELLO tells of needs no TAKEN. */
	if (m.number < ROUNDS * EACH)
		await(s, MESSAGE_TAKEN, ROUNDS * EACH);
	keeper_end(s);
	const char *alerts = read_file(s->alerts);
	for (unsigned i = 1; i <= ROUNDS * EACH; i++) {
		char line[40];
		snprintf(line, sizeof line, "{\"finding\":%u}\n", 1000 + i);
		assert_non_null(strstr(alerts, line));
	}
}

static void test_nonsense(void **state)
{
	struct scene *s = *state;
	begin(s, 0);
	assert_recalled(s, "");
	assert_int_equal(send(channel_fd(s->channel), "\xff\xff", 2, 0), 2);
	assert_int_equal(send(channel_fd(s->channel), "", 0, 0), 0);
	send_message(s, MESSAGE_RECORD, 1, SLICE("no record"));
	send_message(s, MESSAGE_STATE, 1, SLICE("\xff\xff\xff"));
	send_message(s, MESSAGE_HELLO, 1, SLICE("it is me"));
	send_finding(s, 1, 1001);
	await(s, MESSAGE_TAKEN, 1);
	keeper_end(s);
}

static void test_bad_start(void **state)
{
	struct scene *s = *state;
	int status;
	config_write(s, "nonsense: 1\n");
	keeper_start(s);
	struct channel_message m = await(s, MESSAGE_HELLO, 0);
	assert_true(m.body.n > 10);
	assert_int_equal(waitpid(s->keeper, &status, 0), s->keeper);
	s->keeper = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE);
}

static void test_watcher_goes(void **state)
{
	struct scene *s = *state;
	int status;
	begin(s, 0);
	assert_recalled(s, "");
	send_finding(s, 1, 1001);
	channel_free(s->channel);
	s->channel = NULL;
	close(s->end);
	s->end = -1;
	assert_int_equal(waitpid(s->keeper, &status, 0), s->keeper);
	s->keeper = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_string_equal(read_file(s->alerts), "{\"finding\":1001}\n");
}

static void test_disk_full(void **state)
{
	struct scene *s = *state;
	struct rlimit old, tiny;
	begin(s, 0);
	assert_recalled(s, "");
	send_message(s, MESSAGE_METRICS, 0, SLICE("a 1\n"));
	assert_int_equal(prlimit(s->keeper, RLIMIT_FSIZE, NULL, &old), 0);
	tiny = (struct rlimit){ 64, old.rlim_max };
	assert_int_equal(prlimit(s->keeper, RLIMIT_FSIZE, &tiny, NULL), 0);
	send_finding(s, 1, 1001);
	await(s, MESSAGE_TAKEN, 1);
	assert_string_equal(read_file(s->alerts), "{\"finding\":1001}\n");
	send_state(s, 1, 1, "one");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	send_message(s, MESSAGE_CHECK, 0, SLICE(""));
	assert_int_equal(receive(s).kind, MESSAGE_CHECKED); /* no SAVED in front of it */
	const char *text = fetch(s, GET("/healthz"));
	assert_non_null(strstr(text, "HTTP/1.1 503"));
	assert_non_null(strstr(text, "the state directory: "));
	assert_int_equal(prlimit(s->keeper, RLIMIT_FSIZE, &old, NULL), 0);
	await(s, MESSAGE_HELLO, 0);
	send_message(s, MESSAGE_AGAIN, 0, SLICE(""));
	send_state(s, 1, 1, "one");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	assert_recalled(s, "1=one");
	assert_non_null(strstr(fetch(s, GET("/healthz")), "HTTP/1.1 200"));
	keeper_end(s);
}

/* State that cannot be written is sent again later; findings do not wait for that. */
static void test_disk_full_for_state(void **state)
{
	struct scene *s = *state;
	struct rlimit old, tiny;
	begin(s, 0);
	assert_recalled(s, "");
	send_state(s, 1, 1, "one");
	send_finding(s, 1, 1001);
	await(s, MESSAGE_TAKEN, 1);
	assert_int_equal(prlimit(s->keeper, RLIMIT_FSIZE, NULL, &old), 0);
	tiny = (struct rlimit){ 64, old.rlim_max };
	assert_int_equal(prlimit(s->keeper, RLIMIT_FSIZE, &tiny, NULL), 0);
	send_message(s, MESSAGE_AGAIN, 0, SLICE(""));
	send_finding(s, 2, 1002);
	send_state(s, 1, 1, "one");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	send_finding(s, 3, 1003);
	await(s, MESSAGE_TAKEN, 3);
	assert_string_equal(read_file(s->alerts),
	    "{\"finding\":1001}\n{\"finding\":1002}\n{\"finding\":1003}\n");
	assert_int_equal(prlimit(s->keeper, RLIMIT_FSIZE, &old, NULL), 0);
	await(s, MESSAGE_HELLO, 0);
	send_message(s, MESSAGE_AGAIN, 0, SLICE(""));
	send_state(s, 1, 1, "one");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	assert_recalled(s, "1=one");
	keeper_end(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rest_of_the_dead),
		TEST(test_killed),
		TEST(test_nonsense),
		TEST(test_bad_start),
		TEST(test_watcher_goes),
		TEST(test_disk_full),
		TEST(test_disk_full_for_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
