/*
 * test_keeper.c - the keeper as its watcher meets it: findings to a file, state back after a restart,
 * what is told again, reload, metrics.
 */
#include "tests/unit/keeperkit.h"

static void test_findings_come_out(void **state)
{
	struct scene *s = *state;
	begin(s, 0);
	assert_recalled(s, "");
	for (uint64_t i = 1; i <= 100; i++)
		send_finding(s, i, 1000 + i);
	send_message(s, MESSAGE_TEXT, 0, SLICE("the list\n"));
	await(s, MESSAGE_TAKEN, 100);
	keeper_end(s);
	const char *alerts = read_file(s->alerts);
	assert_int_equal(count(alerts, "\n"), 100);
	assert_non_null(strstr(alerts, "{\"finding\":1001}\n"));
	assert_non_null(strstr(alerts, "{\"finding\":1100}\n"));
	assert_string_equal(read_file(s->output), "the list\n");
}

/* The list holds the finding already. */
static void test_json_on_stdout(void **state)
{
	struct scene *s = *state;
	s->json = true;
	begin(s, 0);
	assert_recalled(s, "");
	send_finding(s, 1, 1001);
	send_message(s, MESSAGE_TEXT, 0, SLICE("{\"finding\":1001}\n"));
	await(s, MESSAGE_TAKEN, 1);
	keeper_end(s);
	assert_string_equal(read_file(s->output), "{\"finding\":1001}\n");
}

static void test_without_state(void **state)
{
	struct scene *s = *state;
	s->stores = false;
	begin(s, 0);
	assert_recalled(s, "");
	send_finding(s, 1, 1001);
	await(s, MESSAGE_TAKEN, 1);
	keeper_end(s);
	assert_int_equal(count(read_file(s->alerts), "\n"), 1);
}

static void test_repeated(void **state)
{
	struct scene *s = *state;
	begin(s, 0);
	assert_recalled(s, "");
	send_finding(s, 1, 1001);
	await(s, MESSAGE_TAKEN, 1);
	send_finding(s, 2, 1001);
	send_finding(s, 3, 1003);
	await(s, MESSAGE_TAKEN, 3);
	keeper_end(s);
	begin(s, 3);
	assert_recalled(s, "");
	send_finding(s, 4, 1003);
	await(s, MESSAGE_TAKEN, 4);
	keeper_end(s);
	assert_int_equal(count(read_file(s->alerts), "\n"), 2);
}

static void test_state_comes_back(void **state)
{
	struct scene *s = *state;
	begin(s, 0);
	assert_recalled(s, "");
	send_state(s, 1, 2, "two");
	send_state(s, 1, 1, "one");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	send_state(s, 2, 1, "half of a batch");
	keeper_end(s);
	begin(s, 0);
	assert_recalled(s, "1=one 2=two");
	send_state(s, 1, 1, "");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	assert_recalled(s, "2=two");
	keeper_end(s);
}

static void test_reload(void **state)
{
	struct scene *s = *state;
	char old[96], good[96];
	begin(s, 0);
	assert_recalled(s, "");
	config_write(s, "nonsense: 1\n");
	send_message(s, MESSAGE_CHECK, 0, SLICE(""));
	struct channel_message m = await(s, MESSAGE_CHECKED, 0);
	assert_true(m.number != 0);
	char text[512];
	snprintf(text, sizeof text, "%.*s", (int)m.body.n, (const char *)m.body.p);
	assert_non_null(strstr(text, "config.yaml:5:1: error["));
	send_finding(s, 1, 1001);
	await(s, MESSAGE_TAKEN, 1);
	snprintf(old, sizeof old, "%s", s->alerts);
	snprintf(good, sizeof good, "%s/new", s->dir);
	snprintf(s->alerts, sizeof s->alerts, "%s", good);
	config_write(s, "");
	send_message(s, MESSAGE_CHECK, 0, SLICE(""));
	assert_int_equal(await(s, MESSAGE_CHECKED, 0).number, 0);
	send_message(s, MESSAGE_APPLY, 0, SLICE(""));
	send_finding(s, 2, 1002);
	await(s, MESSAGE_TAKEN, 2);
	keeper_end(s);
	assert_string_equal(read_file(old), "{\"finding\":1001}\n");
	assert_string_equal(read_file(good), "{\"finding\":1002}\n");
}

static void test_metrics(void **state)
{
	struct scene *s = *state;
	begin(s, 0);
	assert_recalled(s, "");
	const char *text = fetch(s, GET("/healthz"));
	assert_non_null(strstr(text, "HTTP/1.1 503"));
	assert_non_null(strstr(text, "the watcher has not said anything yet"));
	send_message(s, MESSAGE_METRICS, 0, SLICE("# TYPE a gauge\na 1"));
	send_finding(s, 1, 1001);
	send_finding(s, 2, 1001);
	send_state(s, 1, 1, "body");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	await(s, MESSAGE_TAKEN, 2);
	assert_non_null(strstr(fetch(s, GET("/healthz")), "HTTP/1.1 200"));
	text = fetch(s, GET("/metrics"));
	assert_non_null(strstr(text, "HTTP/1.1 200"));
	assert_non_null(strstr(text, "Content-Type: text/plain; version=0.0.4"));
	assert_non_null(strstr(text, "\na 1\n# HELP davscope_sink_queue_records "));
	/* A page that would move a terminal, or that no scraper reads, is no page. */
	send_message(s, MESSAGE_METRICS, 0, SLICE("a 2\n\x1b]0;x\x07 1\n"));
	send_message(s, MESSAGE_METRICS, 0, SLICE("a{b=\"\xff\"} 2\n"));
	send_message(s, MESSAGE_SAVE, 2, SLICE(""));
	await(s, MESSAGE_SAVED, 2);
	text = fetch(s, GET("/metrics"));
	assert_non_null(strstr(text, "\na 1\n"));
	assert_non_null(strstr(text, "\ndavscope_keeper_refused_total 2\n"));
	assert_non_null(strstr(text, "\ndavscope_sink_failing{sink=\"log\"} 0\n"));
	assert_non_null(
	    strstr(text, "\ndavscope_sink_dropped_total{sink=\"log\",kind=\"finding\"} 0\n"));
	assert_non_null(strstr(text, "\ndavscope_findings_repeated_total 1\n"));
	assert_non_null(strstr(text, "\ndavscope_state_records 1\n"));
	assert_non_null(strstr(text, "\ndavscope_state_bytes 9\n"));
	assert_non_null(strstr(text, "\ndavscope_state_saved_timestamp_seconds "));
	assert_non_null(strstr(text, "\ndavscope_keeper_start_time_seconds "));
	text = fetch(s, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_non_null(strstr(text, "HTTP/1.1 200"));
	assert_null(strstr(text, "davscope_"));
	assert_non_null(strstr(fetch(s, GET("/")), "HTTP/1.1 404"));
	text = fetch(s,
	    "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
	assert_non_null(strstr(text, "HTTP/1.1 405"));
	assert_non_null(strstr(text, "Allow: GET, HEAD"));
	fetch(s, "nonsense\r\n\r\n");
	assert_non_null(strstr(fetch(s, GET("/healthz")), "HTTP/1.1 200"));
	keeper_end(s);
}

/* What `davscope state` prints; *code: its exit code. */
static const char *state_command(struct scene *s, const char *verb, const char *word, int *code)
{
	char *argv[] = { "davscope", "state", (char *)verb, "--state", s->state, (char *)word,
		NULL };
	fflush(NULL);
	unlink(s->output);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct options o;
		struct error e;
		int out = open(s->output, O_WRONLY | O_CREAT, 0600);
		if (out == -1 || dup2(out, STDOUT_FILENO) == -1 ||
		    !options_parse(&o, word != NULL ? 6 : 5, argv, &e))
			_exit(99);
		int end = keeper_state(&o);
		options_free(&o);
		_exit(end);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*code = WEXITSTATUS(status);
	return read_file(s->output);
}

static void test_state_command(void **state)
{
	struct scene *s = *state;
	int code;
	begin(s, 0);
	assert_recalled(s, "");
	send_finding(s, 1, 1001);
	send_state(s, 1, 5, "body");
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	await(s, MESSAGE_TAKEN, 1);
	const char *text = state_command(s, "show", NULL, &code);
	assert_int_equal(code, 0);
	assert_non_null(strstr(text, "item        1\n"));
	assert_non_null(strstr(text, "findings    1\n"));
	text = state_command(s, "show", "items", &code);
	assert_string_equal(text, "1970-01-01T00:00:00.000000005Z label\n");
	text = state_command(s, "show", "findings", &code);
	assert_string_equal(text, "1970-01-01T00:00:00.000000000Z high rule: message\n");
	text = state_command(s, "export", NULL, &code);
	assert_int_equal(code, 0);
	assert_non_null(strstr(text, "\"key\":[\"5\",\"0\"],"));
	assert_non_null(strstr(text, "\"label\":\"label\",\"body\":\"Ym9keQ==\"}\n"));
	assert_non_null(strstr(text, "\"record\":\"{\\\"finding\\\":1001}\"}\n"));
	state_command(s, "prune", "30d", &code);
	assert_int_equal(code, EXIT_INPUT); /* a keeper has it */
	keeper_end(s);
	state_command(s, "prune", "30x", &code);
	assert_int_equal(code, EXIT_USAGE);
	state_command(s, "show", "nonsense", &code);
	assert_int_equal(code, EXIT_USAGE);
	state_command(s, "prune", "30d", &code);
	assert_int_equal(code, 0);
	assert_non_null(strstr(state_command(s, "show", NULL, &code), "item        0\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_findings_come_out),
		TEST(test_json_on_stdout),
		TEST(test_without_state),
		TEST(test_repeated),
		TEST(test_state_comes_back),
		TEST(test_reload),
		TEST(test_metrics),
		TEST(test_state_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
