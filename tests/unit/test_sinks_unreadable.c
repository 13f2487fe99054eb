/*
 * test_sinks_unreadable.c - report/sinks.c with a spill that cannot be read for a while.
 */
#include "tests/unit/sinkkit.h"

static void unreadable_set(struct shelf *s, bool unreadable)
{
	pthread_mutex_lock(&s->lock);
	s->unreadable = unreadable;
	pthread_mutex_unlock(&s->lock);
}

/* A spill that cannot be read is not an empty one: nothing in it is passed over. */
static void test_a_spill_that_cannot_be_read(void **state)
{
	struct scene *s = *state;
	char text[64], line[256];
	for (unsigned i = 1; i <= 3; i++)
		shelf_add(s->shelf, i, numbered(text, "f", i));
	unreadable_set(s->shelf, true);
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	finding_put(k, s->shelf, 4, numbered(text, "f", 4));
	AWAIT(counts_of(k).retried >= 2);
	assert_true(counts_of(k).failing);
	struct record other = record_other("{\"t\":1}");
	sinks_put(k, &other);
	int peer = peer_accept(server);
	assert_true(line_read(peer, line, sizeof line));
	assert_string_equal(line, "{\"t\":1}");
	unreadable_set(s->shelf, false);
	for (unsigned i = 1; i <= 4; i++) {
		assert_true(line_read(peer, line, sizeof line));
		assert_string_equal(line, numbered(text, "f", i));
	}
	shelf_await(s->shelf, 4);
	assert_false(counts_of(k).failing);
	assert_int_equal(counts_of(k).delivered[1], 4);
	sinks_close(k, 0);
	close(peer);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = { SCENE(test_a_spill_that_cannot_be_read) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
