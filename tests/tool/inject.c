/*
 * inject.c - makes a process do a system call, to see whether its sandbox refuses it (Linux, x86-64).
 *
 * usage: inject PID socket|execve|ptrace|clone|exec-memory|read PATH|write PATH ...
 * Prints one line a call: its name and "ok" or the name of the error. Exit 3: cannot be done here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
	puts("inject: written for x86-64 only");
	return 3;
}
#else
#include <sys/user.h>

enum { RED_ZONE = 8192, PATH_ROOM = 1024 };

struct call {
	long number;
	unsigned long long arguments[6];
	const char *path; /* goes into the argument that is 0 and has its place */
	int path_at; /* -1: there is none */
};

static bool fail(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	return false;
}

static bool stop(pid_t pid)
{
	int status;
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0)
		return fail("seize");
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0 ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return fail("stop");
	return true;
}

static bool put_path(pid_t pid, unsigned long long at, const char *path)
{
	uint64_t words[PATH_ROOM / 8] = { 0 };
	if (strlen(path) >= sizeof(words))
		return false;
	memcpy(words, path, strlen(path));
	for (size_t i = 0; i <= strlen(path) / 8; i++)
		if (ptrace(PTRACE_POKEDATA, pid, at + 8 * i, words[i]) != 0)
			return fail("write");
	return true;
}

/* One instruction, in the place of the one that would be next. */
static bool step_syscall(pid_t pid, struct user_regs_struct *regs)
{
	static const long syscall_code = 0x050f;
	int status;
	errno = 0;
	long text = ptrace(PTRACE_PEEKTEXT, pid, regs->rip, NULL);
	if (errno != 0 ||
	    ptrace(PTRACE_POKETEXT, pid, regs->rip, (text & ~0xffffL) | syscall_code) != 0 ||
	    ptrace(PTRACE_SETREGS, pid, NULL, regs) != 0 ||
	    ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return fail("step");
	unsigned long long at = regs->rip;
	return (ptrace(PTRACE_GETREGS, pid, NULL, regs) == 0 &&
		   ptrace(PTRACE_POKETEXT, pid, at, text) == 0) ||
	    fail("registers");
}

static bool inject(pid_t pid, const struct call *call, long long *result)
{
	struct user_regs_struct saved, regs;
	unsigned long long a[6];
	if (ptrace(PTRACE_GETREGS, pid, NULL, &saved) != 0)
		return fail("registers");
	memcpy(a, call->arguments, sizeof(a));
	regs = saved;
	if (call->path_at >= 0) {
		a[call->path_at] = saved.rsp - RED_ZONE;
		if (!put_path(pid, a[call->path_at], call->path))
			return false;
	}
	regs.rax = (unsigned long long)call->number;
	regs.orig_rax = (unsigned long long)-1;
	regs.rdi = a[0];
	regs.rsi = a[1];
	regs.rdx = a[2];
	regs.r10 = a[3];
	regs.r8 = a[4];
	regs.r9 = a[5];
	bool done = step_syscall(pid, &regs);
	*result = (long long)regs.rax;
	return ptrace(PTRACE_SETREGS, pid, NULL, &saved) == 0 && done;
}

static bool call_named(const char *name, const char *path, struct call *out)
{
	const unsigned long long here = (unsigned long long)AT_FDCWD;
	const struct {
		const char *name;
		struct call call;
	} calls[] = {
		{ "socket", { SYS_socket, { AF_INET, SOCK_DGRAM }, NULL, -1 } },
		{ "packet", { SYS_socket, { AF_PACKET, SOCK_RAW }, NULL, -1 } },
		{ "execve", { SYS_execve, { 0 }, "/bin/true", 0 } },
		{ "ptrace",
		    { SYS_ptrace, { PTRACE_CONT, 1 }, NULL, -1 } }, /* ESRCH where it is allowed */
		{ "clone", { SYS_clone, { SIGCHLD }, NULL, -1 } },
		{ "setuid", { SYS_setuid, { 0 }, NULL, -1 } },
		{ "exec-memory",
		    { SYS_mmap,
			{ 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			    (unsigned long long)-1, 0 },
			NULL, -1 } },
		{ "read", { SYS_openat, { here, 0, O_RDONLY }, path, 1 } },
		{ "write", { SYS_openat, { here, 0, O_WRONLY | O_CREAT, 0600 }, path, 1 } },
	};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0) {
			*out = calls[i].call;
			return true;
		}
	return false;
}

static bool takes_path(const char *name)
{
	return strcmp(name, "read") == 0 || strcmp(name, "write") == 0;
}

/* A descriptor that it got is closed again. */
static void undo(pid_t pid, const struct call *call, long long result)
{
	const struct call closing = { SYS_close, { (unsigned long long)result }, NULL, -1 };
	long long ignored;
	if (result >= 0 && (call->number == SYS_openat || call->number == SYS_socket))
		inject(pid, &closing, &ignored);
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
	if (pid <= 0 || !stop(pid))
		return 3;
	int code = 0;
	for (int i = 2; i < argc && code == 0; i++) {
		struct call call;
		long long result;
		const char *name = argv[i];
		const char *path = takes_path(name) && i + 1 < argc ? argv[++i] : NULL;
		if (!call_named(name, path, &call) || !inject(pid, &call, &result)) {
			code = 3;
			break;
		}
		printf("%s%s%s %s\n", name, path != NULL ? " " : "", path != NULL ? path : "",
		    result < 0 ? strerrorname_np((int)-result) : "ok");
		undo(pid, &call, result);
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return code;
}
#endif
