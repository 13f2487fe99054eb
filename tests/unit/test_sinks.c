/*
 * test_sinks.c - report/sinks.c, over unix sockets: order, retries, the way back through the spill,
 * exact counts, and an end within its patience.
 */
#include "tests/unit/sinkkit.h"

enum { FEW = 40, LARGE = 30000 };

static void some_put(struct sinks *k, struct shelf *s, unsigned from, unsigned to)
{
	for (unsigned i = from; i <= to; i++) {
		char text[64];
		struct record r = record_other(numbered(text, "t", i));
		sinks_put(k, &r);
		finding_put(k, s, i, numbered(text, "f", i));
	}
}

static void assert_read(int fd, unsigned from, unsigned to)
{
	for (unsigned i = from; i <= to; i++) {
		char want[64], line[256];
		assert_true(line_read(fd, line, sizeof line));
		assert_string_equal(line, numbered(want, "t", i));
		assert_true(line_read(fd, line, sizeof line));
		assert_string_equal(line, numbered(want, "f", i));
	}
}

/* Down at first, then up, then up again after it has closed: nothing missing, nothing twice. */
static void test_a_server_that_comes_and_goes(void **state)
{
	struct scene *s = *state;
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	some_put(k, s->shelf, 1, FEW);
	AWAIT(counts_of(k).retried >= 3);
	assert_true(counts_of(k).failing);
	assert_non_null(strstr(counts_of(k).why.text, "No such file"));
	assert_int_equal(counts_of(k).queued, 2 * FEW);
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	int peer = peer_accept(server);
	assert_read(peer, 1, FEW);
	shelf_await(s->shelf, FEW);
	assert_false(counts_of(k).failing);
	close(peer);
	close(server);
	some_put(k, s->shelf, FEW + 1, 2 * FEW);
	AWAIT(counts_of(k).failing);
	server = unix_serve(s->spot.path, SOCK_STREAM);
	peer = peer_accept(server);
	assert_read(peer, FEW + 1, 2 * FEW);
	shelf_await(s->shelf, 2 * FEW);
	struct sink_counts n = counts_of(k);
	assert_int_equal(n.delivered[0], 2 * FEW);
	assert_int_equal(n.delivered[1], 2 * FEW);
	assert_int_equal(n.dropped[0] + n.dropped[1] + n.queued + n.queued_bytes, 0);
	sinks_close(k, 0);
	close(peer);
	close(server);
}

static void test_without_a_spill_a_finding_is_dropped_and_counted(void **state)
{
	struct scene *s = *state;
	s->limits.sink_records = 3;
	struct sinks *k = sinks_one(&s->config, &s->limits, NULL);
	struct record other = record_other("{}");
	sinks_put(k, &other);
	AWAIT(counts_of(k).failing);
	sinks_put(k, &other);
	for (unsigned i = 1; i <= 5; i++)
		finding_put(k, NULL, i, "{}");
	struct sink_counts n = counts_of(k);
	assert_int_equal(n.queued, 3);
	assert_int_equal(n.dropped[0], 1);
	assert_int_equal(n.dropped[1], 3);
	sinks_close(k, 0);
}

static void test_it_goes_on_where_it_was(void **state)
{
	struct scene *s = *state;
	char text[64], line[256];
	for (unsigned i = 1; i <= 9; i++)
		shelf_add(s->shelf, 10 * i, numbered(text, "f", 10 * i));
	s->shelf->begin = 40;
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	int peer = peer_accept(server);
	for (unsigned i = 5; i <= 9; i++) {
		assert_true(line_read(peer, line, sizeof line));
		assert_string_equal(line, numbered(text, "f", 10 * i));
	}
	shelf_await(s->shelf, 90);
	/* The watcher tells again what it did not hear of: known here. */
	struct record again = record_finding(70, "{\"again\":1}");
	sinks_put(k, &again);
	finding_put(k, s->shelf, 100, "{\"f\":100}");
	assert_true(line_read(peer, line, sizeof line));
	assert_string_equal(line, "{\"f\":100}");
	shelf_await(s->shelf, 100);
	assert_int_equal(counts_of(k).delivered[1], 6);
	sinks_close(k, 0);
	close(peer);
	close(server);
}

/* What is not for a sink is passed over, and the spill hears of that, too. */
static void test_what_is_not_wanted(void **state)
{
	struct scene *s = *state;
	s->config.kinds = KIND(FINDING);
	s->config.least = SEVERITY_CRITICAL;
	shelf_add(s->shelf, 1, "{}");
	s->shelf->critical = 3;
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	shelf_await(s->shelf, 1);
	struct record r = record_finding(2, "{}"), other = record_other("{}");
	sinks_put(k, &other);
	shelf_add(s->shelf, 2, "{}");
	sinks_put(k, &r);
	shelf_await(s->shelf, 2);
	r.number = 3;
	r.severity = SEVERITY_CRITICAL;
	shelf_add(s->shelf, 3, "{}");
	sinks_put(k, &r);
	AWAIT(counts_of(k).failing);
	struct sink_counts n = counts_of(k);
	assert_int_equal(n.dropped[0] + n.dropped[1] + n.delivered[0] + n.delivered[1], 0);
	sinks_close(k, 0);
	shelf_await(s->shelf, 2);
}

static void test_no_record_breaks_a_line(void **state)
{
	struct scene *s = *state;
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	struct record bad = record_other("{}\n{}");
	sinks_put(k, &bad);
	finding_put(k, s->shelf, 1, "{\x1b[2J}");
	shelf_await(s->shelf, 1);
	finding_put(k, s->shelf, 2, "{}");
	int peer = peer_accept(server);
	char line[64];
	assert_true(line_read(peer, line, sizeof line));
	assert_string_equal(line, "{}");
	assert_int_equal(counts_of(k).dropped[0], 1);
	assert_int_equal(counts_of(k).dropped[1], 1);
	sinks_close(k, 0);
	close(peer);
	close(server);
}

/* It takes some in and dies: what it had not read comes again, from the first of it on, and counts once. */
static void test_a_reader_that_dies_without_reading(void **state)
{
	struct scene *s = *state;
	char text[64], line[256];
	unsigned first = 0;
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	finding_put(k, s->shelf, 1, numbered(text, "f", 1));
	int peer = peer_accept(server);
	for (unsigned i = 2; i <= FEW; i++)
		finding_put(k, s->shelf, i, numbered(text, "f", i));
	AWAIT(counts_of(k).delivered[1] == FEW);
	assert_true(line_read(peer, line, sizeof line) && line_read(peer, line, sizeof line));
	/* Nobody asks for anything more: it is noticed all the same. */
	close(peer);
	peer = peer_accept(server);
	assert_true(line_read(peer, line, sizeof line));
	assert_int_equal(sscanf(line, "{\"f\":%u}", &first), 1);
	assert_true(first >= 1 && first <= 3);
	for (unsigned i = first + 1; i <= FEW; i++) {
		assert_true(line_read(peer, line, sizeof line));
		assert_string_equal(line, numbered(text, "f", i));
	}
	shelf_await(s->shelf, FEW);
	assert_int_equal(counts_of(k).delivered[1], FEW);
	assert_int_equal(counts_of(k).dropped[1], 0);
	/* All read, and then closed: nothing comes again. */
	close(peer);
	finding_put(k, s->shelf, FEW + 1, "{\"last\":1}");
	peer = peer_accept(server);
	assert_true(line_read(peer, line, sizeof line));
	assert_string_equal(line, "{\"last\":1}");
	sinks_close(k, 0);
	close(peer);
	close(server);
}

/* HUP is a good time to try again, for those that have nothing to open anew as well. */
static void test_reopening_ends_the_wait(void **state)
{
	struct scene *s = *state;
	s->limits = limits_default();
	s->limits.sink_backoff_ms = 3600000;
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	finding_put(k, s->shelf, 1, "{}");
	AWAIT(counts_of(k).failing);
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	sinks_reopen(k);
	int peer = peer_accept(server);
	char line[64];
	assert_true(line_read(peer, line, sizeof line));
	shelf_await(s->shelf, 1);
	sinks_close(k, 0);
	close(peer);
	close(server);
}

/* The end: all is given out when there is a reader; when not, it takes no longer than it may. */
static void test_the_end(void **state)
{
	struct scene *s = *state;
	s->limits = limits_default();
	s->limits.sink_backoff_ms = 3600000;
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	some_put(k, s->shelf, 1, 1);
	AWAIT(counts_of(k).failing);
	/* The next try would be in an hour; this one is at once. */
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	some_put(k, s->shelf, 2, FEW);
	sinks_close(k, DEADLINE_S * 1000);
	int peer = peer_accept(server);
	char line[64];
	assert_read(peer, 1, FEW);
	assert_false(line_read(peer, line, sizeof line));
	shelf_await(s->shelf, FEW);
	close(peer);
	close(server);
	/* Nobody there: one try, and not all its patience. */
	k = sinks_one(&s->config, &s->limits, NULL);
	some_put(k, NULL, 1, 1);
	AWAIT(counts_of(k).failing);
	time_t before = time(NULL);
	sinks_close(k, 10 * DEADLINE_S * 1000);
	assert_true(time(NULL) - before < DEADLINE_S);
}

/* A reader that holds a sink up within a record does not hold up the end. */
static void test_the_end_with_a_reader_that_does_not_read(void **state)
{
	struct scene *s = *state;
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, NULL);
	static char large[LARGE + 1];
	memset(large, 'x', LARGE);
	struct record r = record_other(large);
	for (unsigned i = 0; i < 200; i++)
		sinks_put(k, &r);
	AWAIT(counts_of(k).delivered[0] > 0);
	sinks_close(k, 20);
	close(server);
}

static void test_datagrams(void **state)
{
	struct scene *s = *state;
	s->config.datagram = true;
	int server = unix_serve(s->spot.path, SOCK_DGRAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, NULL);
	static char large[2 << 20];
	memset(large, 'x', sizeof large - 1);
	struct record r = record_other(large);
	sinks_put(k, &r);
	finding_put(k, NULL, 1, "{\"a\":1}");
	char text[256];
	assert_int_equal(datagram_read(server, text, sizeof text), 7);
	assert_string_equal(text, "{\"a\":1}");
	AWAIT(counts_of(k).delivered[1] == 1);
	assert_int_equal(counts_of(k).dropped[0], 1);
	sinks_close(k, 0);
	close(server);
}

static void test_required_ones_are_asked_at_once(void **state)
{
	struct scene *s = *state;
	s->limits = limits_default();
	s->config.required = true;
	struct sinks *k = sinks_one(&s->config, &s->limits, NULL);
	assert_true(counts_of(k).failing);
	assert_non_null(strstr(counts_of(k).why.text, s->spot.path));
	sinks_close(k, 0);
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	k = sinks_one(&s->config, &s->limits, NULL);
	assert_false(counts_of(k).failing);
	sinks_close(k, 0);
	close(server);
}

static void test_faults_of_the_configuration(void **state)
{
	(void)state;
	const struct sink_config bad[] = {
		{ .kind = SINK_FILE, .name = "x" },
		{ .kind = SINK_SOCKET, .name = "x" },
		{ .kind = SINK_SYSLOG, .name = "x", .host = "localhost" },
		{ .kind = SINK_WEBHOOK, .name = "x" },
		{ .kind = SINK_WEBHOOK, .name = "x", .url = "ftp://localhost/" },
		{ .kind = SINK_WEBHOOK,
		    .name = "x",
		    .url = "file:///etc/passwd",
		    .insecure = true },
		{ .kind = SINK_WEBHOOK, .name = "x", .url = "http://example.com/" },
		{ .kind = SINK_WEBHOOK, .name = "x", .url = "http://127.example.com/" },
		{ .kind = SINK_WEBHOOK, .name = "x", .url = "http://localhost@example.com/" },
		{ .kind = SINK_PROGRAM, .name = "x" },
		{ .kind = SINK_PROGRAM, .name = "x", .path = "bin/true" },
	};
	struct limits l = limits_default();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		/* A good one in front: it must go as well. */
		struct sink_config both[2] = { stream_to("/nowhere"), bad[i] };
		struct error e = { "" };
		assert_null(sinks_new(both, 2, &l, NULL, &e));
		assert_string_equal(slice_starts(slice_from(e.text), SLICE("x: ")) ? "" : e.text,
		    "");
	}
	struct error e;
	struct sinks *none = sinks_new(NULL, 0, &l, NULL, &e);
	assert_non_null(none);
	assert_int_equal(sinks_counts(none, NULL, 0), 0);
	sinks_close(none, 0);
}

/* ---- many at once ---- */

struct reader {
	int fd;
	unsigned seen, last;
	bool disordered;
};

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	char line[64];
	size_t n = 0;
	for (ssize_t got; (got = read(r->fd, line + n, 1)) == 1;) {
		if (line[n++] != '\n')
			continue;
		line[n] = '\0';
		unsigned i = 0;
		r->disordered |= sscanf(line, "{\"f\":%u}", &i) != 1 || i != r->last + 1;
		r->last = i;
		r->seen++;
		n = 0;
	}
	return NULL;
}

/* In and out of the spill all the time, as the queue has room for few. */
static void in_and_out_of_the_spill(struct scene *s)
{
	s->config.kinds = KIND(FINDING);
	int server = unix_serve(s->spot.path, SOCK_STREAM);
	struct sinks *k = sinks_one(&s->config, &s->limits, &s->spill);
	enum { MANY = 2000 };
	finding_put(k, s->shelf, 1, "{\"f\":1}");
	struct reader reader = { .fd = peer_accept(server) };
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, reader_main, &reader), 0);
	for (unsigned i = 2; i <= MANY; i++) {
		char text[64];
		finding_put(k, s->shelf, i, numbered(text, "f", i));
		if (i % 64 == 0)
			assert_int_equal(counts_of(k).dropped[1], 0);
	}
	shelf_await(s->shelf, MANY);
	assert_int_equal(counts_of(k).delivered[1], MANY);
	sinks_close(k, 0);
	pthread_join(thread, NULL);
	assert_int_equal(reader.seen, MANY);
	assert_false(reader.disordered);
	close(reader.fd);
	close(server);
}

static void test_in_and_out_of_the_spill_by_records(void **state)
{
	struct scene *s = *state;
	s->limits.sink_records = 2;
	in_and_out_of_the_spill(s);
}

static void test_in_and_out_of_the_spill_by_bytes(void **state)
{
	struct scene *s = *state;
	s->limits.sink_bytes = 1000;
	in_and_out_of_the_spill(s);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		SCENE(test_a_server_that_comes_and_goes),
		SCENE(test_without_a_spill_a_finding_is_dropped_and_counted),
		SCENE(test_it_goes_on_where_it_was),
		SCENE(test_what_is_not_wanted),
		SCENE(test_no_record_breaks_a_line),
		SCENE(test_a_reader_that_dies_without_reading),
		SCENE(test_reopening_ends_the_wait),
		SCENE(test_the_end),
		SCENE(test_the_end_with_a_reader_that_does_not_read),
		SCENE(test_datagrams),
		SCENE(test_required_ones_are_asked_at_once),
		cmocka_unit_test(test_faults_of_the_configuration),
		SCENE(test_in_and_out_of_the_spill_by_records),
		SCENE(test_in_and_out_of_the_spill_by_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
