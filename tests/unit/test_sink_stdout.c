/*
 * test_sink_stdout.c - report/sink_stdout.c, while standard output is a pipe: lines and text, a reader that
 * is gone, and one that is slow.
 */
#include "tests/unit/sinkkit.h"

static int stdout_swap(int to)
{
	fflush(stdout);
	int kept = dup(STDOUT_FILENO);
	assert_true(kept >= 0 && dup2(to, STDOUT_FILENO) >= 0);
	return kept;
}

static void stdout_back(int kept)
{
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	close(kept);
}

static void test_standard_output(void **state)
{
	(void)state;
	struct limits l = quick_limits();
	const struct sink_config c = { .kind = SINK_STDOUT, .name = "out", .kinds = KIND(FINDING) };
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	int kept = stdout_swap(ends[1]);
	struct sinks *k = sinks_new(&c, 1, &l, NULL, &(struct error){ "" });
	finding_put(k, NULL, 1, "{\"a\":1}");
	sinks_text(k, SLICE("two\nlines\n"));
	struct record other = record_other("{}");
	sinks_put(k, &other);
	finding_put(k, NULL, 2, "{\"a\":2}");
	sinks_close(k, DEADLINE_S * 1000);
	stdout_back(kept);
	close(ends[1]);
	char text[256] = "";
	assert_int_equal(read(ends[0], text, sizeof text - 1), 26);
	assert_string_equal(text, "{\"a\":1}\ntwo\nlines\n{\"a\":2}\n");
	close(ends[0]);
}

static void test_standard_output_that_nobody_reads(void **state)
{
	(void)state;
	struct limits l = quick_limits();
	const struct sink_config c = { .kind = SINK_STDOUT, .name = "out", .kinds = KIND(FINDING) };
	struct shelf *shelf = shelf_new();
	struct spill spill = shelf_spill(shelf);
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	int kept = stdout_swap(ends[1]);
	struct sinks *k = sinks_new(&c, 1, &l, &spill, &(struct error){ "" });
	for (unsigned i = 1; i <= 5; i++)
		finding_put(k, shelf, i, "{}");
	shelf_await(shelf, 5);
	stdout_back(kept);
	struct sink_counts n = counts_of(k);
	assert_int_equal(n.dropped[1], 5);
	assert_int_equal(n.delivered[1], 0);
	assert_false(n.failing);
	sinks_close(k, 0);
	close(ends[1]);
	shelf_free(shelf);
}

/* The pipe is full in the midst of a line: the end comes in time all the same. */
static void test_standard_output_that_is_full(void **state)
{
	(void)state;
	struct limits l = quick_limits();
	const struct sink_config c = { .kind = SINK_STDOUT, .name = "out", .kinds = 0 };
	static char large[1 << 18];
	memset(large, 'x', sizeof large);
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	int kept = stdout_swap(ends[1]);
	struct sinks *k = sinks_new(&c, 1, &l, NULL, &(struct error){ "" });
	sinks_text(k, (struct slice){ (uint8_t *)large, sizeof large });
	readable_await(ends[0]);
	sinks_close(k, 20);
	stdout_back(kept);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_output),
		cmocka_unit_test(test_standard_output_that_nobody_reads),
		cmocka_unit_test(test_standard_output_that_is_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
