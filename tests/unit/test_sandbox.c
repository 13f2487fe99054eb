/*
 * test_sandbox.c - base/sandbox.c: what a reader, a watcher and a guard can do no more, and what they still can.
 */
#include "tests/unit/sandkit.h"

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "capture/capture.h"

static char place[64]; /* a directory that may be written to */
static const char *const places[] = { place, NULL };
static const struct sandbox reader = { .mode = SANDBOX_REQUIRE,
	.role = SANDBOX_READER,
	.writes = places };
static const struct sandbox watcher = { .mode = SANDBOX_REQUIRE,
	.role = SANDBOX_WATCHER,
	.writes = places };
static const struct sandbox guard = { .mode = SANDBOX_REQUIRE, .role = SANDBOX_GUARD };

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

/* ---- files ---- */

static int open_to_read(const void *path)
{
	int fd = open(path, O_RDONLY);
	return errno_unless(fd >= 0);
}

static int make_file(const void *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return errno_unless(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && close(fd) == 0);
}

/* As report/out.c and capture/writer.c do it. */
static int write_report(const void *directory)
{
	char part[128], name[128];
	snprintf(part, sizeof part, "%s/a.part", (const char *)directory);
	snprintf(name, sizeof name, "%s/a", (const char *)directory);
	int code = make_file(part);
	int fd = code == 0 ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return code != 0 ? code :
			   errno_unless(rename(part, name) == 0 && fd >= 0 && fsync(fd) == 0);
}

static int remove_report(const void *directory)
{
	char name[128];
	snprintf(name, sizeof name, "%s/a", (const char *)directory);
	return errno_unless(unlink(name) == 0);
}

static void files_elsewhere_are_out_of_reach(void **state)
{
	(void)state;
	if (SANDKIT_INSTRUMENTED || !sandkit_has_landlock())
		skip();
	char inside[128], outside[128];
	snprintf(inside, sizeof inside, "%s/b", place);
	snprintf(outside, sizeof outside, "%s-outside", place);
	assert_int_equal(done_within(&reader, open_to_read, "/etc/passwd"), EACCES);
	assert_int_equal(done_within(&watcher, open_to_read, "/etc/passwd"), EACCES);
	assert_int_equal(done_within(&reader, open_to_read, "/proc/self/maps"), EACCES);
	assert_int_equal(done_within(&reader, make_file, outside), EACCES);
	assert_int_equal(done_within(&reader, make_file, inside), 0);
	/* What a report is written beside is nobody's to read; the ring's files are the watcher's. */
	assert_int_equal(done_within(&reader, open_to_read, inside), EACCES);
	assert_int_equal(done_within(&watcher, open_to_read, inside), 0);
}

static void what_is_named_can_be_written_and_read(void **state)
{
	(void)state;
	const char *const files[] = { "/etc/passwd", "/sys", NULL };
	struct sandbox s = watcher;
	s.reads = files;
	assert_int_equal(done_within(&reader, write_report, place), 0);
	assert_int_equal(done_within(&watcher, write_report, place), 0);
	assert_int_equal(done_within(&reader, remove_report, place), 0);
	assert_int_equal(done_within(&s, open_to_read, "/etc/passwd"), 0);
	assert_int_equal(done_within(&s, open_to_read, "/sys/kernel"), 0);
}

static void a_name_that_is_not_there_is_said(void **state)
{
	(void)state;
	if (!sandkit_has_landlock())
		skip();
	const char *const gone[] = { "/nowhere/at/all", NULL };
	struct sandbox s = reader;
	s.writes = gone;
	assert_int_equal(done_within(&s, open_to_read, "/"), SANDKIT_REFUSED);
}

/* ---- system calls ---- */

struct refused {
	const char *name;
	long number;
	bool guard_too;
};
static const struct refused refused[] = {
	{ "socket", SYS_socket, false },
	{ "connect", SYS_connect, false },
	{ "bind", SYS_bind, false },
	{ "execve", SYS_execve, false },
	{ "execveat", SYS_execveat, false },
	{ "clone", SYS_clone, false },
	{ "clone3", SYS_clone3, false },
	{ "ptrace", SYS_ptrace, true },
	{ "process_vm_readv", SYS_process_vm_readv, true },
	{ "process_vm_writev", SYS_process_vm_writev, true },
	{ "mount", SYS_mount, true },
	{ "bpf", SYS_bpf, true },
	{ "keyctl", SYS_keyctl, true },
	{ "open_by_handle_at", SYS_open_by_handle_at, true },
	{ "io_uring_setup", 425, true },
	{ "memfd_create", SYS_memfd_create, true },
	{ "personality", SYS_personality, true },
	{ "kcmp", SYS_kcmp, true },
	{ "unshare", SYS_unshare, true },
	{ "perf_event_open", SYS_perf_event_open, true },
	{ "userfaultfd", SYS_userfaultfd, true },
	{ "setuid", SYS_setuid, false },
	{ "kill", SYS_kill, false },
};

/* With arguments that do no harm where it is allowed; the child of a clone has nothing to do. */
static int call_it(const void *arg)
{
	const struct refused *r = arg;
	pid_t self = getpid();
	long code = syscall(r->number, r->number == SYS_kill ? self : 0, 0, 0, 0, 0, 0);
	int error = errno;
	if (getpid() != self)
		_exit(0);
	return code == -1 ? error : 0;
}

static void calls_that_nobody_needs_are_refused(void **state)
{
	(void)state;
	if (!sandkit_has_filter())
		skip();
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		const struct refused *r = &refused[i];
		print_message("%s\n", r->name);
		assert_int_equal(done_within(&reader, call_it, r), EPERM);
		assert_int_equal(done_within(&watcher, call_it, r), EPERM);
		assert_true(!r->guard_too || done_within(&guard, call_it, r) == EPERM);
		assert_true(geteuid() != 0 || done_within(NULL, call_it, r) != EPERM);
	}
}

static int map_code(const void *arg)
{
	(void)arg;
	return errno_unless(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0) != MAP_FAILED);
}

static int make_code(const void *arg)
{
	(void)arg;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? 1 : errno_unless(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}

static int raise_limit(const void *arg)
{
	(void)arg;
	const struct rlimit more = { 64, 64 };
	struct rlimit now;
	if (getrlimit(RLIMIT_NOFILE, &now) != 0)
		return 1;
	return errno_unless(setrlimit(RLIMIT_NOFILE, &more) == 0);
}

static int own_signals(const void *arg)
{
	(void)arg;
	return errno_unless(fcntl(STDIN_FILENO, F_SETOWN, 1) == 0);
}

static void arguments_count(void **state)
{
	(void)state;
	if (!sandkit_has_filter())
		skip();
	int (*const deeds[])(const void *) = { map_code, make_code, raise_limit, own_signals };
	for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
		assert_int_equal(done_within(NULL, deeds[i], NULL), 0);
		assert_int_equal(done_within(&reader, deeds[i], NULL), EPERM);
		assert_int_equal(done_within(&watcher, deeds[i], NULL), EPERM);
	}
}

static int give_up(const void *arg)
{
	(void)arg;
	abort();
}

static void a_bug_still_aborts(void **state)
{
	(void)state;
	assert_int_equal(done_within(&reader, give_up, NULL), -SIGABRT);
}

/* ---- threads ---- */

struct worker {
	pthread_mutex_t lock; /* held until the sandbox is closed */
	int file, socket;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	pthread_mutex_lock(&w->lock);
	w->file = open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
	w->socket = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int confined_worker(void)
{
	struct error e;
	struct worker w = { .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t thread;
	pthread_mutex_lock(&w.lock);
	if (!sandbox_confine(&reader, &e) || pthread_create(&thread, NULL, work, &w) != 0 ||
	    !sandbox_seal(&reader, &e))
		return SANDKIT_REFUSED;
	pthread_mutex_unlock(&w.lock);
	pthread_join(thread, NULL);
	int late = pthread_create(&thread, NULL, work, &w);
	return w.file == EACCES && w.socket == EPERM && late == EPERM ? 0 : 1;
}

static void threads_that_were_there_are_confined(void **state)
{
	(void)state;
	if (!sandkit_has_filter() || !sandkit_has_landlock())
		skip();
	pid_t child = fork();
	if (child == 0)
		_exit(confined_worker());
	assert_int_equal(exit_of(child), 0);
}

/* ---- what /proc says ---- */

struct pair {
	int tell[2], end[2];
};

/* A child in the sandbox, which lives until the parent closes its end. */
static pid_t begin_child(const struct sandbox *s, const char *user, struct pair *p)
{
	assert_int_equal(pipe(p->tell), 0);
	assert_int_equal(pipe(p->end), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child != 0) {
		close(p->tell[1]);
		close(p->end[0]);
		return child;
	}
	struct error e;
	char byte = 0;
	close(p->end[1]);
	if (user != NULL && !sandbox_user(user, &e))
		_exit(1);
	sandkit_enter(s);
	_exit(write(p->tell[1], "x", 1) == 1 && read(p->end[0], &byte, 1) == 0 ? 0 : 1);
}

static void child_status(pid_t child, struct pair *p, char *text, size_t room)
{
	char byte, path[64];
	assert_int_equal(read(p->tell[0], &byte, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/status", (int)child);
	file_text(path, text, room);
	close(p->end[1]);
	close(p->tell[0]);
	assert_int_equal(exit_of(child), 0);
}

static void capabilities_are(const char *text, const char *want)
{
	static const char *const sets[] = { "CapEff", "CapPrm" };
	char field[128];
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
		assert_string_equal(status_field(text, sets[i], field), want);
	assert_string_equal(status_field(text, "CapInh", field), "0000000000000000");
	assert_string_equal(status_field(text, "CapAmb", field), "0000000000000000");
	if (geteuid() == 0)
		assert_string_equal(status_field(text, "CapBnd", field), "0000000000000000");
}

static void the_kernel_bears_witness(void **state)
{
	(void)state;
	const struct sandbox *all[] = { &reader, &watcher, &guard };
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct pair p;
		char text[8192], field[128];
		child_status(begin_child(all[i], NULL, &p), &p, text, sizeof text);
		capabilities_are(text, "0000000000000000");
		assert_string_equal(status_field(text, "NoNewPrivs", field), "1");
		assert_string_equal(status_field(text, "Seccomp", field),
		    SANDKIT_INSTRUMENTED ? "0" : "2");
	}
}

static int dumpable(const void *arg)
{
	(void)arg;
	struct error e;
	struct rlimit core;
	if (!sandbox_confine(&reader, &e) || getrlimit(RLIMIT_CORE, &core) != 0)
		return SANDKIT_REFUSED;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) + (core.rlim_max != 0 ? 100 : 0);
}

static void no_core_is_left(void **state)
{
	(void)state;
	assert_int_equal(done_within(NULL, dumpable, NULL), SANDKIT_INSTRUMENTED ? 1 : 0);
}

/* Root's report in the directory of somebody else: one capability stays, and only for this. */
static void a_foreign_directory_can_be_written(void **state)
{
	(void)state;
	const struct passwd *nobody = getpwnam("nobody");
	if (!sandkit_is_root() || nobody == NULL)
		skip();
	struct pair p;
	char text[8192];
	assert_int_equal(chown(place, nobody->pw_uid, nobody->pw_gid), 0);
	child_status(begin_child(&reader, NULL, &p), &p, text, sizeof text);
	capabilities_are(text, "0000000000000002");
	assert_int_equal(done_within(&reader, write_report, place), 0);
	child_status(begin_child(&watcher, NULL, &p), &p, text, sizeof text);
	capabilities_are(text, "0000000000000000");
	assert_int_equal(chown(place, 0, 0), 0);
}

/* ---- the user ---- */

static int become(const void *name)
{
	struct error e;
	const struct passwd *nobody = getpwnam("nobody");
	const gid_t other = 1;
	if (setgroups(1, &other) != 0 || !sandbox_user(name, &e))
		return 1;
	if (getuid() != nobody->pw_uid || getegid() != nobody->pw_gid || getgroups(0, NULL) != 0)
		return 2;
	if (setresuid(0, 0, 0) == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return 3;
	if (!sandbox_user("nobody", &e)) /* it is that one already */
		return 4;
	if (sandbox_user("root", &e))
		return 5;
	return strcmp(e.text, "user root: only root can become somebody else") == 0 ? 0 : 6;
}

static void a_user_has_no_way_back(void **state)
{
	(void)state;
	if (!sandkit_is_root() || getpwnam("nobody") == NULL)
		skip();
	struct pair p;
	char text[8192], field[128], want[64];
	assert_int_equal(done_within(NULL, become, "nobody"), 0);
	assert_int_equal(chmod(place, 0777), 0);
	child_status(begin_child(&watcher, "nobody", &p), &p, text, sizeof text);
	unsigned uid = getpwnam("nobody")->pw_uid;
	snprintf(want, sizeof want, "%u\t%u\t%u\t%u", uid, uid, uid, uid);
	assert_string_equal(status_field(text, "Uid", field), want);
	capabilities_are(text, "0000000000000000");
}

static void a_user_that_is_not_there_is_said(void **state)
{
	(void)state;
	struct error e;
	assert_false(sandbox_user("no-such-user-here", &e));
	assert_string_equal(e.text, "user no-such-user-here: there is no such user");
}

/* ---- the watcher ---- */

/* What libpcap does while it runs, and when it is closed. */
static int watch(const void *arg)
{
	const char *device = arg;
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	struct pcap_stat stats;
	pcap_t *p = pcap_create(device, why);
	if (p == NULL || pcap_activate(p) < 0 || pcap_setnonblock(p, 1, why) != 0)
		return 1;
	sandkit_enter(&watcher);
	if (pcap_next_ex(p, &header, &bytes) < 0 || pcap_stats(p, &stats) != 0)
		return 2;
	int drops = open("/sys/class/net/lo/statistics/rx_missed_errors", O_RDONLY);
	int address = open("/sys/class/net/lo/address", O_RDONLY);
	pcap_close(p);
	return drops >= 0 && (SANDKIT_INSTRUMENTED || address < 0) ? 0 : 3;
}

static void libpcap_goes_on(void **state)
{
	(void)state;
	if (!sandkit_is_root() || !sandkit_has_landlock() || access("/sys/class/net/lo", F_OK) != 0)
		skip();
	assert_int_equal(done_within(NULL, watch, "lo"), 0);
}

static int talk(const void *arg)
{
	(void)arg;
	int pair[2];
	char byte;
	const struct sockaddr somebody = { .sa_family = AF_UNIX };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) != 0)
		return 1;
	struct sandbox s = watcher;
	s.channel = pair[0];
	sandkit_enter(&s);
	if (send(pair[0], "x", 1, MSG_NOSIGNAL) != 1 || recv(pair[1], &byte, 1, 0) != 1)
		return 2;
	const struct msghdr empty = { .msg_name = NULL };
	if (sendmsg(pair[1], &empty, 0) != -1 || errno != EPERM)
		return 3;
	return sendto(pair[0], "x", 1, 0, &somebody, sizeof somebody) == -1 ? errno : 0;
}

static void only_who_is_connected_is_told(void **state)
{
	(void)state;
	if (!sandkit_has_filter())
		skip();
	assert_int_equal(done_within(NULL, talk, NULL), EPERM);
}

static bool is_packet_socket(int fd)
{
	int domain = 0;
	socklen_t n = sizeof domain;
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_PACKET;
}

/* What goes out by it would be a packet that nobody sent. */
static int inject(const void *device)
{
	const char *name = device;
	const struct live_options options = { .interfaces = &name,
		.n_interfaces = 1,
		.buffer = 1 << 20 };
	struct iovec frame = { place, sizeof place };
	const struct msghdr message = { .msg_iov = &frame, .msg_iovlen = 1 };
	struct error e;
	int fd = 0, pair[2];
	if (live_open(&options, &e) == NULL || pipe(pair) != 0)
		return 1;
	while (fd < 256 && !is_packet_socket(fd))
		fd++;
	sandkit_enter(&watcher);
	if (write(pair[1], "x", 1) != 1 || writev(pair[1], &frame, 1) != sizeof place)
		return 2;
	if (write(fd, place, sizeof place) != -1 || errno != EPERM || writev(fd, &frame, 1) != -1 ||
	    errno != EPERM)
		return 3;
	if (syscall(SYS_write, fd | 1L << 32, place, sizeof place) != -1 || errno != EPERM)
		return 4;
	if (send(fd, place, sizeof place, 0) != -1 || errno != EPERM ||
	    sendmsg(fd, &message, 0) != -1 || errno != EPERM)
		return 5;
	if (fcntl(fd, F_DUPFD, 0) != -1 || errno != EPERM || fcntl(fd, F_DUPFD_CLOEXEC, 0) != -1 ||
	    errno != EPERM)
		return 6;
	return pwrite(fd, place, sizeof place, 0) == -1 ? 0 : 7;
}

static void a_tap_is_no_injector(void **state)
{
	(void)state;
	if (!sandkit_is_root() || !sandkit_has_filter())
		skip();
	assert_int_equal(done_within(NULL, inject, "lo"), 0);
}

/* ---- the guard ---- */

/* What it starts has no more rights than it has. */
static int start_program(const void *arg)
{
	pid_t child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", (const char *)arg, (char *)NULL);
		_exit(126);
	}
	return exit_of(child);
}

static void a_guard_starts_programs(void **state)
{
	(void)state;
	assert_int_equal(done_within(&guard, start_program, "exit 7"), 7);
	assert_int_equal(done_within(&guard, start_program,
			     "grep -q 'CapEff:.0000000000000000' /proc/self/status && "
			     "grep -q 'NoNewPrivs:.1' /proc/self/status"),
	    0);
}

/* ---- nothing ---- */

static void off_is_off(void **state)
{
	(void)state;
	struct sandbox s = reader;
	s.mode = SANDBOX_OFF;
	assert_int_equal(done_within(&s, open_to_read, "/etc/passwd"), 0);
	assert_int_equal(done_within(&s, map_code, NULL), 0);
	assert_int_equal(done_within(&s, start_program, "exit 0"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_elsewhere_are_out_of_reach),
		cmocka_unit_test(what_is_named_can_be_written_and_read),
		cmocka_unit_test(a_name_that_is_not_there_is_said),
		cmocka_unit_test(calls_that_nobody_needs_are_refused),
		cmocka_unit_test(arguments_count),
		cmocka_unit_test(a_bug_still_aborts),
		cmocka_unit_test(threads_that_were_there_are_confined),
		cmocka_unit_test(the_kernel_bears_witness),
		cmocka_unit_test(no_core_is_left),
		cmocka_unit_test(a_foreign_directory_can_be_written),
		cmocka_unit_test(a_user_has_no_way_back),
		cmocka_unit_test(a_user_that_is_not_there_is_said),
		cmocka_unit_test(libpcap_goes_on),
		cmocka_unit_test(only_who_is_connected_is_told),
		cmocka_unit_test(a_tap_is_no_injector),
		cmocka_unit_test(a_guard_starts_programs),
		cmocka_unit_test(off_is_off),
	};
	return cmocka_run_group_tests(tests, make_place, remove_place);
}
