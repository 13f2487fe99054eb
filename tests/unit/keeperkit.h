/*
 * keeperkit.h - a watcher that is played, and a keeper in a child process with real sinks.
 */
#ifndef DAVSCOPE_TESTS_KEEPERKIT_H
#define DAVSCOPE_TESTS_KEEPERKIT_H
#include "cmd/keeper/keeper.h"
#include "cmd/message.h"
#include "tests/unit/dirkit.h"

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

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	chmod(path, 0600);
}

static inline char *read_file(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static inline void config_write(struct scene *s, const char *more)
{
	char text[512];
	snprintf(text, sizeof text, "alerts:\n  - to: file\n    name: log\n    path: %s\n%s",
	    s->alerts, more);
	write_file(s->config, text);
}

static inline _Noreturn void keeper_child(struct scene *s)
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

static inline void keeper_start(struct scene *s)
{
	fflush(NULL);
	s->keeper = fork();
	assert_true(s->keeper >= 0);
	if (s->keeper == 0)
		keeper_child(s);
}

static inline void send_message(struct scene *s, enum message_kind kind, uint64_t number,
    struct slice body)
{
	const struct channel_message m = { kind, number, body };
	while (!channel_send(s->channel, &m)) {
		struct pollfd fd = { channel_fd(s->channel), POLLOUT, 0 };
		assert_int_equal(errno, EAGAIN);
		assert_true(poll(&fd, 1, PATIENCE_MS) > 0);
	}
}

static inline struct channel_message receive(struct scene *s)
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
static inline struct channel_message await(struct scene *s, enum message_kind kind, uint64_t number)
{
	struct channel_message m;
	do
		m = receive(s);
	while (m.kind != kind || m.number < number);
	return m;
}

static inline void send_finding(struct scene *s, uint64_t number, uint64_t id)
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

static inline void send_state(struct scene *s, uint64_t batch, uint64_t key, const char *body)
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
static inline void assert_recalled(struct scene *s, const char *want)
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

static inline void keeper_kill(struct scene *s)
{
	assert_int_equal(kill(s->keeper, SIGKILL), 0);
	assert_int_equal(waitpid(s->keeper, NULL, 0), s->keeper);
	s->keeper = 0;
}

static inline void keeper_end(struct scene *s)
{
	int status = -1;
	send_message(s, MESSAGE_END, 0, SLICE(""));
	assert_int_equal(waitpid(s->keeper, &status, 0), s->keeper);
	s->keeper = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- scenes ---- */

static inline unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static inline int scene_make(void **state)
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

static inline int scene_free(void **state)
{
	struct scene *s = *state;
	if (s->keeper > 0)
		keeper_kill(s);
	channel_free(s->channel);
	close(s->end);
	directory_remove(s->state);
	directory_remove(s->dir);
	return 0;
}

static inline void begin(struct scene *s, uint64_t last)
{
	keeper_start(s);
	struct channel_message m = await(s, MESSAGE_HELLO, 0);
	assert_int_equal(m.number, last);
	assert_int_equal(m.body.n, 0);
}

/* ---- metrics ---- */

static inline const char *fetch(struct scene *s, const char *request)
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

#endif
