/*
 * test_keeper.c - the keeper as its watcher meets it: findings to a file, state back after a restart,
 * what is told again, reload, metrics. The keeper runs in a child process, with real sinks.
 */
#include "cmd/keeper/keeper.h"
#include "cmd/message.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATIENCE_MS = 20000, PORT_ANY = 0 };

struct scene {
	char dir[64], config[96], alerts[96], output[96], state[96];
	int end; /* the keeper's end of the channel, kept as a guard does */
	pid_t keeper;
	struct channel *channel;
	unsigned port;
	bool stores, json;
};

/* ---- a watcher ---- */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	chmod(path, 0600);
}

static char *read_file(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void config_write(struct scene *s, const char *more)
{
	char text[512];
	snprintf(text, sizeof text, "alerts:\n  - to: file\n    name: log\n    path: %s\n%s",
	    s->alerts, more);
	write_file(s->config, text);
}

static _Noreturn void keeper_child(struct scene *s)
{
	char metrics[64];
	char *argv[] = { "davscope", "monitor", "-i", "none", "--config", s->config, "--metrics",
		metrics,
		s->stores   ? "--state" :
		    s->json ? "-Tjson" :
			      "-q",
		s->state, s->json ? "-Tjson" : "-q", NULL };
	struct options o;
	struct error e;
	int argc = s->stores ? 11 : 9;
	snprintf(metrics, sizeof metrics, "127.0.0.1:%u", s->port);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	int out = open(s->output, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (out == -1 || dup2(out, STDOUT_FILENO) == -1)
		_exit(99);
	if (!s->stores)
		argv[9] = NULL;
	channel_free(s->channel);
	if (!options_parse(&o, argc, argv, &e)) {
		warn("%s", e.text);
		_exit(98);
	}
	int code = keeper_run(&o, s->end);
	options_free(&o);
	_exit(code);
}

static void keeper_start(struct scene *s)
{
	fflush(NULL);
	s->keeper = fork();
	assert_true(s->keeper >= 0);
	if (s->keeper == 0)
		keeper_child(s);
}

static void send_message(struct scene *s, enum message_kind kind, uint64_t number,
    struct slice body)
{
	const struct channel_message m = { kind, number, body };
	while (!channel_send(s->channel, &m)) {
		struct pollfd fd = { channel_fd(s->channel), POLLOUT, 0 };
		assert_int_equal(errno, EAGAIN);
		assert_true(poll(&fd, 1, PATIENCE_MS) > 0);
	}
}

static struct channel_message receive(struct scene *s)
{
	struct channel_message m = { 0 };
	struct error e;
	int n;
	while ((n = channel_receive(s->channel, &m, &e)) == 0) {
		struct pollfd fd = { channel_fd(s->channel), POLLIN, 0 };
		assert_true(poll(&fd, 1, PATIENCE_MS) > 0);
	}
	assert_int_equal(n, 1);
	return m;
}

/* Others may come in between. */
static struct channel_message await(struct scene *s, enum message_kind kind, uint64_t number)
{
	struct channel_message m;
	do
		m = receive(s);
	while (m.kind != kind || m.number < number);
	return m;
}

static void send_finding(struct scene *s, uint64_t number, uint64_t id)
{
	uint8_t room[512];
	char json[64];
	size_t n = 0;
	snprintf(json, sizeof json, "{\"finding\":%llu}", (unsigned long long)id);
	const struct record r = { .kind = EVENT_FINDING,
		.number = number,
		.id = id,
		.severity = SEVERITY_HIGH,
		.rule = SLICE("rule"),
		.title = SLICE("title"),
		.message = SLICE("message"),
		.json = slice_from(json) };
	assert_true(record_write(&r, room, sizeof room, &n));
	send_message(s, MESSAGE_RECORD, number, (struct slice){ room, n });
}

static void send_state(struct scene *s, uint64_t batch, uint64_t key, const char *body)
{
	uint8_t room[512];
	size_t n = 0;
	const struct state_record r = { .part = STATE_ITEM,
		.key = { key, 0 },
		.used_ns = (int64_t)key,
		.label = SLICE("label"),
		.body = slice_from(body) };
	assert_true(state_write(&r, room, sizeof room, &n));
	send_message(s, MESSAGE_STATE, batch, (struct slice){ room, n });
}

/* What is remembered, as KEY=BODY. */
static void assert_recalled(struct scene *s, const char *want)
{
	char text[256] = "";
	send_message(s, MESSAGE_RECALL, 0, SLICE(""));
	for (;;) {
		struct channel_message m = receive(s);
		struct state_record r;
		if (m.kind == MESSAGE_RECALLED)
			break;
		if (m.kind != MESSAGE_REMEMBERED)
			continue;
		assert_true(state_read(m.body, &r));
		size_t at = strlen(text);
		snprintf(text + at, sizeof text - at, "%s%d=%.*s", at != 0 ? " " : "",
		    (int)r.key[0], (int)r.body.n, (const char *)r.body.p);
	}
	assert_string_equal(text, want);
}

static void keeper_kill(struct scene *s)
{
	assert_int_equal(kill(s->keeper, SIGKILL), 0);
	assert_int_equal(waitpid(s->keeper, NULL, 0), s->keeper);
	s->keeper = 0;
}

static void keeper_end(struct scene *s)
{
	int status = -1;
	send_message(s, MESSAGE_END, 0, SLICE(""));
	assert_int_equal(waitpid(s->keeper, &status, 0), s->keeper);
	s->keeper = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- scenes ---- */

static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static int scene_make(void **state)
{
	static struct scene s;
	struct error e;
	int fds[2];
	s = (struct scene){ .dir = "/tmp/davscope-keeper-XXXXXX", .stores = true };
	assert_non_null(mkdtemp(s.dir));
	snprintf(s.config, sizeof s.config, "%s/config.yaml", s.dir);
	snprintf(s.alerts, sizeof s.alerts, "%s/alerts", s.dir);
	snprintf(s.output, sizeof s.output, "%s/output", s.dir);
	snprintf(s.state, sizeof s.state, "%s/state", s.dir);
	config_write(&s, "");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	s.channel = channel_new(fds[0], &e);
	assert_non_null(s.channel);
	s.end = fds[1];
	s.port = free_port();
	*state = &s;
	return 0;
}

static void remove_all(const char *path)
{
	char name[400];
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		unlink(name);
	}
	closedir(dir);
	rmdir(path);
}

static int scene_free(void **state)
{
	struct scene *s = *state;
	if (s->keeper > 0)
		keeper_kill(s);
	channel_free(s->channel);
	close(s->end);
	remove_all(s->state);
	remove_all(s->dir);
	return 0;
}

static void begin(struct scene *s, uint64_t last)
{
	keeper_start(s);
	struct channel_message m = await(s, MESSAGE_HELLO, 0);
	assert_int_equal(m.number, last);
	assert_int_equal(m.body.n, 0);
}

/* ---- tests ---- */

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

static void test_json_on_stdout(void **state)
{
	struct scene *s = *state;
	s->json = true;
	begin(s, 0);
	assert_recalled(s, "");
	send_finding(s, 1, 1001);
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

/*
 * What stands in the socket when a keeper dies belongs to things whose beginning is lost: a keeper that
 * took it would call half a batch whole, and findings safe that nobody has.
 */
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
	struct channel_message m = receive(s);
	assert_int_equal(m.kind, MESSAGE_TAKEN); /* SAVED did not come */
	if (m.number < 2)
		await(s, MESSAGE_TAKEN, 2);
	send_message(s, MESSAGE_SAVE, 1, SLICE(""));
	await(s, MESSAGE_SAVED, 1);
	assert_recalled(s, "1=one 2=two");
	keeper_end(s);
	assert_string_equal(read_file(s->alerts), "{\"finding\":1001}\n{\"finding\":1002}\n");
}

/* A watcher that keeps what was not taken, and a keeper that is killed while it works. */
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

/* ---- metrics ---- */

static const char *fetch(struct scene *s, const char *request)
{
	static char text[1 << 16];
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t n = 0;
	ssize_t got;
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	while ((got = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = '\0';
	return text;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

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

/*
 * No file may grow beyond a few bytes: there is room for the alert, and none for a page of the database.
 * Findings go out, and are safe as each sink has them; state is asked for again when there is room.
 */
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_findings_come_out),
		TEST(test_json_on_stdout),
		TEST(test_without_state),
		TEST(test_repeated),
		TEST(test_state_comes_back),
		TEST(test_rest_of_the_dead),
		TEST(test_killed),
		TEST(test_reload),
		TEST(test_nonsense),
		TEST(test_bad_start),
		TEST(test_watcher_goes),
		TEST(test_metrics),
		TEST(test_disk_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
