/*
 * test_sinks_slow.c - report/sinks.c with a reader that is slower than what comes.
 */
#include "tests/unit/sinkkit.h"

enum { LARGE = 30000 };

enum { TURNS = 100 };

static void turns_put(struct sinks *k, struct shelf *shelf)
{
	static char large[LARGE + 1];
	memset(large, 'x', LARGE);
	for (unsigned i = 1; i <= TURNS; i++) {
		char text[64];
		struct record r = record_other(large);
		sinks_put(k, &r);
		finding_put(k, shelf, i, numbered(text, "f", i));
	}
}

/* The next line that is no transaction; how many were in front of it. */
static uint64_t finding_read(int peer, const char *want)
{
	static char line[LARGE + 16];
	for (uint64_t others = 0;; others++) {
		assert_true(line_read(peer, line, sizeof line));
		if (line[0] != 'x') {
			assert_string_equal(line, want);
			return others;
		}
		assert_int_equal(strlen(line), LARGE);
	}
}

/* One more line, if there is one in a millisecond. */
static bool more_read(int peer)
{
	static char line[LARGE + 16];
	struct pollfd more = { peer, POLLIN, 0 };
	if (poll(&more, 1, 1) != 1)
		return false;
	assert_true(line_read(peer, line, sizeof line));
	return true;
}

static uint64_t rest_read(int peer, const struct sinks *k)
{
	uint64_t n = 0;
	while (counts_of(k).queued != 0)
		n += more_read(peer);
	return n;
}

/* What stands unread behind a finding may keep it from being known as read: it is read until it is. */
static uint64_t read_until_taken(int peer, struct shelf *shelf, uint64_t number)
{
	time_t late = deadline();
	uint64_t n = 0;
	while (shelf_taken_so_far(shelf) < number) {
		assert_true(time(NULL) <= late);
		n += more_read(peer);
	}
	return n;
}

/* A reader that does not read: transactions leave, findings come all, in order, by way of the spill. */
static void test_a_slow_reader(void **state)
{
	struct scene *s = *state;
	s->limits.sink_records = 8;
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	turns_put(k, s->shelf);
	AWAIT(counts_of(k).queued == 8);
	assert_true(counts_of(k).dropped[0] > TURNS / 2);
	assert_true(counts_of(k).reach < TURNS); /* the rest is in the spill alone */
	int peer = peer_accept(server);
	uint64_t others = 0;
	for (unsigned i = 1; i <= TURNS; i++) {
		char want[64];
		others += finding_read(peer, numbered(want, "f", i));
	}
	others += read_until_taken(peer, s->shelf, TURNS);
	others += rest_read(peer, k);
	/* Caught up: what comes now goes through the queue again, and is not in the spill. */
	struct record last = record_finding(TURNS + 1, "{\"last\":1}");
	sinks_put(k, &last);
	others += finding_read(peer, "{\"last\":1}");
	shelf_await(s->shelf, TURNS + 1);
	struct sink_counts n = counts_of(k);
	assert_int_equal(n.reach, TURNS + 1);
	assert_int_equal(n.delivered[1], TURNS + 1);
	assert_int_equal(n.dropped[1], 0);
	assert_int_equal(n.delivered[0], others);
	assert_int_equal(n.delivered[0] + n.dropped[0], TURNS);
	sinks_close(k, 0);
	close(peer);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_a_slow_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
