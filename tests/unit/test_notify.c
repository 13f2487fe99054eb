/*
 * test_notify.c - cmd/monitor/notify.c, with a socket of the test in the service manager's place.
 */
#include "cmd/monitor/notify.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct manager {
	int fd;
	char name[96], directory[64];
};

static void manager_bind(struct manager *m, bool with_path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(m->directory, sizeof m->directory, "/tmp/davscope-notify-XXXXXX");
	assert_non_null(mkdtemp(m->directory));
	const char *what = strrchr(m->directory, '/') + 1;
	if (with_path)
		snprintf(m->name, sizeof m->name, "%s/socket", m->directory);
	else
		snprintf(m->name, sizeof m->name, "@%s", what);
	size_t n = strlen(m->name);
	memcpy(at.sun_path, m->name, n);
	at.sun_path[0] = with_path ? '/' : '\0';
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + with_path);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&at, length), 0);
	setenv("NOTIFY_SOCKET", m->name, 1);
}

static void manager_leave(struct manager *m)
{
	close(m->fd);
	if (m->name[0] == '/')
		unlink(m->name);
	rmdir(m->directory);
}

/* The next datagram; nothing waits, as it was sent before. */
static const char *told(const struct manager *m, char text[512])
{
	ssize_t n = recv(m->fd, text, 511, 0);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void assert_told(const struct manager *m, const char *expected)
{
	char text[512];
	assert_string_equal(told(m, text), expected);
}

static void tells(bool with_path)
{
	struct manager m;
	struct notify n;
	struct error e;
	manager_bind(&m, with_path);
	assert_true(notify_open(&n, &e));
	assert_true(notify_ready(&n));
	assert_told(&m, "READY=1");
	assert_true(notify_watchdog(&n));
	assert_told(&m, "WATCHDOG=1");
	assert_true(notify_stopping(&n));
	assert_told(&m, "STOPPING=1");
	assert_told(&m, "");
	notify_close(&n);
	assert_int_equal(n.fd, -1);
	manager_leave(&m);
}

static void by_path(void **state)
{
	(void)state;
	tells(true);
}

static void by_abstract_name(void **state)
{
	(void)state;
	tells(false);
}

static int64_t monotonic_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void reloading_has_the_time(void **state)
{
	struct manager m;
	struct notify n;
	struct error e;
	char text[512], again[512];
	int64_t us = 0;
	(void)state;
	manager_bind(&m, true);
	assert_true(notify_open(&n, &e));
	int64_t before = monotonic_us();
	assert_true(notify_reloading(&n));
	int64_t after = monotonic_us();
	assert_int_equal(sscanf(told(&m, text), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64, &us), 1);
	assert_true(before <= us && us <= after);
	snprintf(again, sizeof again, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, us);
	assert_string_equal(text, again);
	notify_close(&n);
	manager_leave(&m);
}

static void nobody_wants_to_know(void **state)
{
	struct notify n;
	struct error e;
	static const char *const values[] = { NULL, "" };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsetenv("NOTIFY_SOCKET");
		if (values[i] != NULL)
			setenv("NOTIFY_SOCKET", values[i], 1);
		setenv("WATCHDOG_USEC", "3000000", 1);
		assert_true(notify_open(&n, &e));
		assert_int_equal(n.fd, -1);
		assert_int_equal(n.watchdog_ns, 0);
		assert_true(notify_ready(&n) && notify_reloading(&n));
		assert_true(notify_watchdog(&n) && notify_stopping(&n));
		notify_close(&n);
	}
}

/* The watchdog of another process is none of ours. */
static void watchdog(void **state)
{
	char self[32];
	snprintf(self, sizeof self, "%ld", (long)getpid());
	const struct {
		const char *us, *pid;
		int64_t ns; /* -1: refused */
	} cases[] = { { "30000000", self, 30000000000 }, { "30000000", NULL, 30000000000 },
		{ "30000000", "1", 0 }, { NULL, self, 0 }, { "", "", 0 }, { "1", self, 1000 },
		{ "soon", self, -1 }, { "-5", self, -1 }, { "9223372036854775807", self, -1 },
		{ "5", "self", -1 } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct manager m;
		struct notify n;
		struct error e;
		manager_bind(&m, true);
		if (cases[i].us != NULL)
			setenv("WATCHDOG_USEC", cases[i].us, 1);
		if (cases[i].pid != NULL)
			setenv("WATCHDOG_PID", cases[i].pid, 1);
		assert_int_equal(notify_open(&n, &e), cases[i].ns >= 0);
		assert_int_equal(n.watchdog_ns, cases[i].ns > 0 ? cases[i].ns : 0);
		assert_int_equal(n.fd >= 0, cases[i].ns >= 0);
		if (cases[i].ns < 0)
			assert_non_null(strstr(e.text, "WATCHDOG_"));
		notify_close(&n);
		manager_leave(&m);
	}
}

/* Children get neither the socket nor the names of it. */
static void children_get_nothing(void **state)
{
	struct manager m;
	struct notify n;
	struct error e;
	(void)state;
	manager_bind(&m, true);
	setenv("WATCHDOG_USEC", "1", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_true(notify_open(&n, &e));
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	assert_true(fcntl(n.fd, F_GETFD) & FD_CLOEXEC);
	notify_close(&n);
	manager_leave(&m);
}

static void refused(void **state)
{
	char longest[200];
	memset(longest, 'a', sizeof longest - 1);
	longest[0] = '/';
	longest[sizeof longest - 1] = '\0';
	const char *const names[] = { "relative", "@", "vsock:2:1234", "/nonexistent/socket",
		"@davscope-nobody-is-here", longest };
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct notify n;
		struct error e = { "" };
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_false(notify_open(&n, &e));
		assert_int_equal(n.fd, -1);
		assert_non_null(strstr(e.text, "NOTIFY_SOCKET: "));
		assert_null(getenv("NOTIFY_SOCKET"));
		assert_true(notify_ready(&n));
	}
}

/* A manager that does not read, or is gone, holds up nobody. */
static void nobody_reads(void **state)
{
	struct manager m;
	struct notify n;
	struct error e;
	unsigned sent = 0;
	(void)state;
	manager_bind(&m, true);
	assert_true(notify_open(&n, &e));
	while (sent < 100000 && notify_watchdog(&n))
		sent++;
	assert_true(sent > 0 && sent < 100000);
	assert_int_equal(errno, EAGAIN);
	manager_leave(&m);
	assert_false(notify_watchdog(&n));
	notify_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_path),
		cmocka_unit_test(by_abstract_name),
		cmocka_unit_test(reloading_has_the_time),
		cmocka_unit_test(nobody_wants_to_know),
		cmocka_unit_test(watchdog),
		cmocka_unit_test(children_get_nothing),
		cmocka_unit_test(refused),
		cmocka_unit_test(nobody_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
