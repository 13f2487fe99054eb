/*
 * test_gauges.c - what the keeper counts, as Prometheus reads it: each metric once, with HELP and TYPE,
 * and names of sinks that cannot break out of their label.
 */
#include "cmd/keeper/gauges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *text_of(const struct gauges *g)
{
	size_t n = 0;
	char *text = gauges_text(g, &n);
	assert_non_null(text);
	assert_int_equal(strlen(text), n);
	assert_int_equal(text[n - 1], '\n');
	return text;
}

static void test_values(void **state)
{
	(void)state;
	const struct sink_counts sinks[] = {
		{ .name = "a", .queued = 1, .delivered = { 2, 3 }, .dropped = { 4, 5 } },
		{ .name = "b", .failing = true },
	};
	const struct gauges g = { .watcher = SLICE("x 1\n"),
		.sinks = sinks,
		.n_sinks = 2,
		.db = { .records = 6, .bytes = 7, .saved_ns = INT64_C(1700000000123456789) },
		.repeated = 8,
		.refused = 9,
		.started_ns = INT64_C(1600000000000000000),
		.stores = true };
	static const char *const lines[] = { "x 1\n# HELP davscope_sink_queue_records ",
		"\ndavscope_sink_queue_records{sink=\"a\"} 1\n",
		"\ndavscope_sink_delivered_total{sink=\"a\",kind=\"other\"} 2\n",
		"\ndavscope_sink_delivered_total{sink=\"a\",kind=\"finding\"} 3\n",
		"\ndavscope_sink_dropped_total{sink=\"a\",kind=\"other\"} 4\n",
		"\ndavscope_sink_dropped_total{sink=\"a\",kind=\"finding\"} 5\n",
		"\ndavscope_sink_failing{sink=\"b\"} 1\n", "\ndavscope_state_records 6\n",
		"\ndavscope_state_bytes 7\n", "\ndavscope_findings_repeated_total 8\n",
		"\ndavscope_keeper_refused_total 9\n",
		"\ndavscope_state_saved_timestamp_seconds 1700000000.123\n",
		"\ndavscope_keeper_start_time_seconds 1600000000.000\n" };
	char *text = text_of(&g);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (strstr(text, lines[i]) == NULL)
			print_error("%s\n", lines[i]);
		assert_non_null(strstr(text, lines[i]));
	}
	free(text);
}

static void test_without_state(void **state)
{
	(void)state;
	const struct gauges g = { .watcher = SLICE("no line feed 1") };
	char *text = text_of(&g);
	assert_null(strstr(text, "davscope_state_"));
	assert_non_null(strstr(text, "no line feed 1\n# HELP "));
	free(text);
}

static void test_labels(void **state)
{
	(void)state;
	const struct sink_counts sinks[] = { { .name = "a\"} 1\nevil{\\\x01" } };
	const struct gauges g = { .sinks = sinks, .n_sinks = 1 };
	char *text = text_of(&g);
	assert_non_null(strstr(text, "{sink=\"a\\\"} 1\\nevil{\\\\?\"} 0\n"));
	assert_null(strstr(text, "\nevil"));
	free(text);
}

/* Of each name one TYPE line, and HELP in front of it. */
static void test_heads(void **state)
{
	(void)state;
	const struct sink_counts sinks[] = { { .name = "a" }, { .name = "b" } };
	const struct gauges g = { .sinks = sinks,
		.n_sinks = 2,
		.db = { .saved_ns = 1 },
		.stores = true };
	char *text = text_of(&g), *rest = NULL, head[128] = "";
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t n = strcspn(line, " {");
		if (strncmp(line, "# HELP ", 7) == 0)
			snprintf(head, sizeof head, "%.*s", (int)strcspn(line + 7, " "), line + 7);
		else if (strncmp(line, "# TYPE ", 7) == 0)
			assert_memory_equal(line + 7, head, strlen(head));
		else
			assert_true(strlen(head) == n && strncmp(line, head, n) == 0);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_without_state),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_heads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
