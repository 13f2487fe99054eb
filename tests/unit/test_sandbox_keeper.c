/*
 * test_sandbox_keeper.c - base/sandbox.c: a keeper at work in its sandbox, with the libraries it has: SQLite in
 * WAL mode, an HTTP server with a thread of its own, a client, the resolver; and the programs it may start.
 */
#include "tests/unit/sandkit.h"

#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <microhttpd.h>
#include <sqlite3.h>

static char place[64];
static const char *const places[] = { place, NULL };
static const struct sandbox keeper = { .mode = SANDBOX_REQUIRE,
	.role = SANDBOX_KEEPER,
	.writes = places };
static const struct sandbox starter = { .mode = SANDBOX_REQUIRE,
	.role = SANDBOX_KEEPER,
	.writes = places,
	.programs = true };

static int make_place(void **state)
{
	(void)state;
	sandkit_directory(place);
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	return directory_remove(place);
}

/* ---- the database ---- */

static int keep_state(const void *arg)
{
	(void)arg;
	static const char *const steps[] = { "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
		"CREATE TABLE IF NOT EXISTS t(k INTEGER PRIMARY KEY, v BLOB)", "BEGIN",
		"INSERT INTO t(v) VALUES(randomblob(200000))", "COMMIT",
		"DELETE FROM t WHERE k < 100000", "PRAGMA wal_checkpoint(TRUNCATE)",
		"PRAGMA incremental_vacuum", "VACUUM" };
	char path[128];
	sqlite3 *db = NULL;
	snprintf(path, sizeof path, "%s/state.db", place);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		return 1;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (sqlite3_exec(db, steps[i], NULL, NULL, NULL) != SQLITE_OK) {
			fprintf(stderr, "%s: %s\n", steps[i], sqlite3_errmsg(db));
			return 2;
		}
	return sqlite3_close(db) == SQLITE_OK ? 0 : 3;
}

static void the_database_works(void **state)
{
	(void)state;
	assert_int_equal(done_within(&keeper, keep_state, NULL), 0);
	assert_int_equal(done_within(&keeper, keep_state, NULL), 0); /* it is there now */
}

/* ---- the network ---- */

static enum MHD_Result answer(void *ctx, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *n, void **request)
{
	static char body[] = "davscope_build_info 1\n";
	(void)ctx, (void)url, (void)method, (void)version, (void)data, (void)n, (void)request;
	struct MHD_Response *r = MHD_create_response_from_buffer(sizeof body - 1, body,
	    MHD_RESPMEM_PERSISTENT);
	enum MHD_Result code = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return code;
}

static size_t count_body(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	*(size_t *)ctx += size * n;
	return size * n;
}

/* By a name, so that the resolver has its part. */
static int fetch(unsigned port)
{
	char url[64];
	size_t n = 0;
	CURL *curl = curl_easy_init();
	snprintf(url, sizeof url, "http://localhost:%u/metrics", port);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &n);
	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		fprintf(stderr, "%s\n", curl_easy_strerror(code));
	curl_easy_cleanup(curl);
	return code == CURLE_OK && n == 22 ? 0 : 4;
}

static int serve_and_fetch(const void *flags)
{
	struct MHD_Daemon *d = MHD_start_daemon(*(const unsigned *)flags, 0, NULL, NULL, answer,
	    NULL, MHD_OPTION_END);
	const union MHD_DaemonInfo *info = d == NULL ?
	    NULL :
	    MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
	if (info == NULL)
		return 3;
	int code = fetch(info->port);
	MHD_stop_daemon(d);
	return code;
}

static void server_and_client_work(void **state)
{
	(void)state;
	const unsigned kinds[] = { MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD,
		MHD_NO_FLAG | MHD_USE_INTERNAL_POLLING_THREAD,
		MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		assert_int_equal(done_within(NULL, serve_and_fetch, &kinds[i]), 0);
		assert_int_equal(done_within(&keeper, serve_and_fetch, &kinds[i]), 0);
	}
}

/* TLS reads certificates and settings when it is first asked for. */
static int begin_tls(const void *arg)
{
	(void)arg;
	CURL *curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_URL, "https://127.0.0.1:9/");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	CURLcode code = curl_easy_perform(
	    curl); /* nobody is there: a refused connection, no more */
	curl_easy_cleanup(curl);
	return (int)code;
}

static void tls_begins(void **state)
{
	(void)state;
	assert_int_equal(done_within(&keeper, begin_tls, NULL), CURLE_COULDNT_CONNECT);
}

/* ---- descriptors and sockets of the system ---- */

static int use_log(const void *arg)
{
	(void)arg;
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	snprintf(here.sun_path, sizeof here.sun_path, "%s/log", place);
	int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (out < 0 || null < 0 || write(null, "x", 1) != 1)
		return 1;
	return errno_unless(connect(out, (struct sockaddr *)&here, sizeof here) == 0 &&
	    send(out, "<13>x", 5, MSG_NOSIGNAL) == 5);
}

static void a_log_socket_is_reached(void **state)
{
	(void)state;
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	snprintf(here.sun_path, sizeof here.sun_path, "%s/log", place);
	int in = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(in, (struct sockaddr *)&here, sizeof here), 0);
	char text[8];
	assert_int_equal(done_within(&keeper, use_log, NULL), 0);
	assert_int_equal(recv(in, text, sizeof text, MSG_DONTWAIT), 5);
	close(in);
}

/* ---- programs ---- */

static int start_true(const void *program)
{
	char *const argv[] = { "true", NULL };
	char *const none[] = { NULL };
	pid_t child = 0;
	int code = posix_spawn(&child, program, NULL, NULL, argv, none);
	return code != 0 ? code : exit_of(child);
}

static int run_shell(const void *line)
{
	char *const argv[] = { "sh", "-c", (char *)(uintptr_t)line, NULL };
	char *const path[] = { "PATH=/usr/bin:/bin", NULL };
	pid_t child = 0;
	int code = posix_spawn(&child, "/bin/sh", NULL, NULL, argv, path);
	return code != 0 ? code : exit_of(child);
}

static int run_forked(const void *arg)
{
	(void)arg;
	int ends[2];
	char text[8] = "";
	if (pipe(ends) != 0)
		return errno;
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl("/bin/echo", "echo", "hello", (char *)NULL);
		_exit(126);
	}
	close(ends[1]);
	int code = child < 0 ? errno : exit_of(child);
	return code != 0 ? code : errno_unless(read(ends[0], text, sizeof text) == 6);
}

/* As a sink does it: in a group of its own, which is ended when it takes too long. */
static int end_program(const void *arg)
{
	(void)arg;
	char *const argv[] = { "sh", "-c", "cat | cat", NULL };
	char *const none[] = { NULL };
	posix_spawnattr_t attributes;
	int ends[2], status = 0;
	pid_t child = 0;
	if (pipe2(ends, O_CLOEXEC) != 0 || posix_spawnattr_init(&attributes) != 0 ||
	    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP) != 0)
		return 1;
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ends[0], STDIN_FILENO);
	int code = posix_spawn(&child, "/bin/sh", &files, &attributes, argv, none);
	int ended = code == 0 ? (int)syscall(434 /* pidfd_open */, child, 0) : -1;
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	if (code != 0 || ended < 0 || kill(-child, SIGKILL) != 0 ||
	    waitpid(child, &status, 0) != child)
		return code != 0 ? code : errno;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 2;
}

static void programs_run_when_they_may(void **state)
{
	(void)state;
	assert_int_equal(done_within(&starter, start_true, "/bin/true"), 0);
	assert_int_equal(done_within(&starter, run_forked, NULL), 0);
	assert_int_equal(done_within(&starter, run_shell, "printf a | sort | wc -c >/dev/null"), 0);
	assert_int_equal(done_within(&starter, end_program, NULL), 0);
	/* They are where the keeper is. */
	assert_int_equal(done_within(&starter, run_shell, "kill -0 $PPID"), 0);
	if (SANDKIT_INSTRUMENTED || !sandkit_has_landlock())
		skip();
	assert_int_not_equal(done_within(&starter, run_shell, "ls / 2>/dev/null"), 0);
	assert_int_not_equal(done_within(&starter, run_shell, "echo >/tmp/x-$$ 2>/dev/null"), 0);
}

static void programs_are_refused_when_not(void **state)
{
	(void)state;
	if (!sandkit_has_filter())
		skip();
	assert_int_equal(done_within(&keeper, start_true, "/bin/true"), EPERM);
	assert_int_equal(done_within(&keeper, run_forked, NULL), EPERM);
}

static int start_in_place(const void *arg)
{
	char path[128];
	(void)arg;
	snprintf(path, sizeof path, "%s/true", place);
	return start_true(path);
}

/* What it wrote itself it cannot start. */
static void own_files_are_no_programs(void **state)
{
	(void)state;
	char line[256];
	if (SANDKIT_INSTRUMENTED || !sandkit_has_landlock())
		skip();
	snprintf(line, sizeof line, "cp /bin/true %s/true && %s/true", place, place);
	assert_int_equal(done_within(NULL, run_shell, line), 0);
	assert_int_equal(done_within(&starter, start_in_place, NULL), EACCES);
}

/* ---- what it has no use for ---- */

static int raw(const void *number)
{
	long code = syscall(*(const long *)number, 0, 0, 0, 0, 0, 0);
	return code == -1 ? errno : 0;
}

static int packet_socket(const void *arg)
{
	(void)arg;
	return errno_unless(socket(AF_PACKET, SOCK_RAW, 0) >= 0);
}

static int map_code(const void *arg)
{
	(void)arg;
	return errno_unless(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0) != MAP_FAILED);
}

static int new_namespace(const void *arg)
{
	(void)arg;
	long code = syscall(SYS_clone, 0x10000000 /* CLONE_NEWUSER */, 0, 0, 0, 0);
	if (code == 0)
		_exit(0);
	return errno_unless(code > 0);
}

static void the_rest_is_refused(void **state)
{
	(void)state;
	if (!sandkit_has_filter())
		skip();
	static const long numbers[] = { SYS_ptrace, SYS_mount, SYS_bpf, SYS_keyctl, SYS_unshare,
		SYS_memfd_create, SYS_personality, SYS_process_vm_readv, SYS_setuid, SYS_execveat,
		425 /* io_uring_setup */ };
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		assert_int_equal(done_within(&keeper, raw, &numbers[i]), EPERM);
		assert_int_equal(done_within(&starter, raw, &numbers[i]), EPERM);
	}
	const long start = SYS_execve;
	assert_int_equal(done_within(NULL, raw, &start), EFAULT);
	assert_int_equal(done_within(&keeper, raw, &start), EPERM);
	assert_int_equal(done_within(&keeper, packet_socket, NULL), EPERM);
	assert_int_equal(done_within(&starter, map_code, NULL), EPERM);
	assert_int_equal(done_within(&starter, new_namespace, NULL), EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_database_works),
		cmocka_unit_test(server_and_client_work),
		cmocka_unit_test(tls_begins),
		cmocka_unit_test(a_log_socket_is_reached),
		cmocka_unit_test(programs_run_when_they_may),
		cmocka_unit_test(programs_are_refused_when_not),
		cmocka_unit_test(own_files_are_no_programs),
		cmocka_unit_test(the_rest_is_refused),
	};
	return cmocka_run_group_tests(tests, make_place, remove_place);
}
