/*
 * test_sinks_unreadable.c - report/sinks.c with a spill that cannot be read for a while.
 */
#include "tests/unit/sinkkit.h"

static const char *finding_text(char text[64], unsigned i)
{
	snprintf(text, 64, "{\"f\":%u}", i);
	return text;
}

static void unreadable_set(struct shelf *s, bool unreadable)
{
	pthread_mutex_lock(&s->lock);
	s->unreadable = unreadable;
	pthread_mutex_unlock(&s->lock);
}

/* A spill that cannot be read is not an empty one: nothing in it is passed over. */
static void test_a_spill_that_cannot_be_read(void **state)
{
	(void)state;
	struct spot p;
	spot_make(&p);
	struct shelf *shelf = shelf_new();
	struct spill spill = shelf_spill(shelf);
	struct limits l = quick_limits();
	const struct sink_config c = {
		.kind = SINK_SOCKET,
		.name = "s",
		.path = p.path,
		.kinds = KIND(FINDING) | KIND(TRANSACTION),
	};
	char text[64], line[256];
	for (unsigned i = 1; i <= 3; i++)
		shelf_add(shelf, i, finding_text(text, i));
	unreadable_set(shelf, true);
	int server = unix_serve(p.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&c, &l, &spill);
	finding_put(k, shelf, 4, finding_text(text, 4));
	AWAIT(counts_of(k).retried >= 2);
	assert_true(counts_of(k).failing);
	struct record other = record_other("{\"t\":1}");
	sinks_put(k, &other);
	int peer = peer_accept(server);
	assert_true(line_read(peer, line, sizeof line));
	assert_string_equal(line, "{\"t\":1}");
	unreadable_set(shelf, false);
	for (unsigned i = 1; i <= 4; i++) {
		assert_true(line_read(peer, line, sizeof line));
		assert_string_equal(line, finding_text(text, i));
	}
	shelf_await(shelf, 4);
	assert_false(counts_of(k).failing);
	assert_int_equal(counts_of(k).delivered[1], 4);
	sinks_close(k, 0);
	close(peer);
	close(server);
	shelf_free(shelf);
	spot_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_spill_that_cannot_be_read) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
