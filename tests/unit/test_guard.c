/*
 * test_guard.c - the process that keeps a keeper running. The keeper is this program again: it says
 * HELLO with its process number and does what it is told by TEXT.
 */
#include "cmd/message.h"
#include "cmd/monitor/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

/* ---- the keeper ---- */

/* What a keeper shall find: no other descriptor, ends that are /dev/null, signals that do not end it. */
static int surroundings_wrong(int channel)
{
	struct stat in, null;
	sigset_t blocked;
	struct sigaction term, chld;
	int wrong = 0;
	for (int fd = 3; fd < 64; fd++)
		wrong += fd != channel && fcntl(fd, F_GETFD) != -1;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	sigaction(SIGTERM, NULL, &term);
	sigaction(SIGCHLD, NULL, &chld);
	wrong += sigismember(&blocked, SIGHUP) != 0;
	wrong += term.sa_handler != SIG_IGN || chld.sa_handler != SIG_DFL;
	wrong += fstat(0, &in) != 0 || stat("/dev/null", &null) != 0 || in.st_rdev != null.st_rdev;
	return wrong;
}

static int keeper_main(void)
{
	struct error e;
	const char *number = getenv(KEEPER_CHANNEL);
	int fd = number != NULL ? (int)strtol(number, NULL, 10) : -1;
	struct channel *c = channel_new(fd, &e);
	if (c == NULL)
		return 90;
	struct channel_message m = { MESSAGE_HELLO, (uint64_t)getpid(), SLICE("") };
	if (surroundings_wrong(fd) != 0)
		m.body = SLICE("wrong");
	channel_send(c, &m);
	int code = -1;
	while (code == -1) {
		struct pollfd p = { fd, POLLIN, 0 };
		int n = channel_receive(c, &m, &e);
		if (n == 0)
			poll(&p, 1, PATIENCE_MS);
		else if (n == 1 && m.kind == MESSAGE_TEXT)
			raise((int)m.number);
		else
			code = n == 1 ? (int)m.number : 0;
	}
	channel_free(c);
	return code;
}

/* ---- the watcher ---- */

struct scene {
	struct channel *channel;
};

static int scene_make(void **state)
{
	static struct scene s;
	static char path[] = "/proc/self/exe", flag[] = "--keeper";
	static char *argv[] = { path, flag, NULL };
	const struct guard g = { .program = path, .argv = argv };
	struct error e;
	sigset_t hup;
	int fd = -1;
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
	assert_true(dup(STDERR_FILENO) >= 0); /* one that the keeper must not get */
	assert_true(guard_begin(&g, &fd, &e));
	s.channel = channel_new(fd, &e);
	assert_non_null(s.channel);
	*state = &s;
	return 0;
}

/* The guard ends with us, and is our only child. */
static int scene_free(void **state)
{
	struct scene *s = *state;
	int status;
	channel_free(s->channel);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(waitpid(-1, &status, 0), -1);
	return 0;
}

static pid_t await_hello(struct scene *s)
{
	struct channel_message m;
	struct error e;
	int n;
	while ((n = channel_receive(s->channel, &m, &e)) == 0) {
		struct pollfd p = { channel_fd(s->channel), POLLIN, 0 };
		assert_true(poll(&p, 1, PATIENCE_MS) > 0);
	}
	assert_int_equal(n, 1);
	assert_int_equal(m.kind, MESSAGE_HELLO);
	assert_int_equal(m.body.n, 0);
	return (pid_t)m.number;
}

static void say(struct scene *s, enum message_kind kind, uint64_t number)
{
	const struct channel_message m = { kind, number, SLICE("") };
	assert_true(channel_send(s->channel, &m));
}

static void test_ends_well(void **state)
{
	struct scene *s = *state;
	struct channel_message m;
	struct error e;
	await_hello(s);
	say(s, MESSAGE_END, 0);
	struct pollfd p = { channel_fd(s->channel), POLLIN, 0 };
	assert_true(poll(&p, 1, PATIENCE_MS) > 0);
	assert_int_equal(channel_receive(s->channel, &m, &e), -1);
	assert_int_equal(errno, EPIPE);
}

static void test_starts_again(void **state)
{
	struct scene *s = *state;
	pid_t first = await_hello(s);
	assert_int_equal(kill(first, SIGKILL), 0);
	/* Nobody reads, and yet it is not lost. */
	say(s, MESSAGE_TEXT, SIGABRT);
	pid_t second = await_hello(s);
	assert_int_not_equal(second, first);
	pid_t third = await_hello(s);
	assert_int_not_equal(third, second);
	say(s, MESSAGE_END, 7);
	assert_int_not_equal(await_hello(s), third);
}

static void test_signals_are_ours(void **state)
{
	struct scene *s = *state;
	pid_t keeper = await_hello(s);
	kill(keeper, SIGTERM);
	kill(keeper, SIGINT);
	kill(keeper, SIGHUP);
	say(s, MESSAGE_END, 3);
	assert_int_not_equal(await_hello(s), keeper);
}

/* The keeper is dead, and so are we before the next one begins. */
static void test_watcher_goes(void **state)
{
	struct scene *s = *state;
	assert_int_equal(kill(await_hello(s), SIGKILL), 0);
}

static void test_no_program(void **state)
{
	(void)state;
	char *argv[] = { "x", NULL };
	const struct guard g = { .program = "/does/not/exist", .argv = argv };
	struct error e;
	int fd = -1, status;
	assert_true(guard_begin(&g, &fd, &e));
	close(fd);
	assert_true(waitpid(-1, &status, 0) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_free)

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--keeper") == 0)
		return keeper_main();
	const struct CMUnitTest tests[] = {
		TEST(test_ends_well),
		TEST(test_starts_again),
		TEST(test_signals_are_ours),
		TEST(test_watcher_goes),
		cmocka_unit_test(test_no_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
