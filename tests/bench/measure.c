/*
 * Runs a command and appends one line of figures to a file: wall, user and system time in milliseconds,
 * the highest resident memory in KiB, and how many KiB higher it was in the second half of the run than
 * in the first (0 without -s, which looks 20 times a second).
 * usage: measure [-s] FIGURES COMMAND [ARGUMENT...]; exits as the command does
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_NS = 50000000 };

struct samples {
	long *kib;
	size_t n, room;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t timeval_ms(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_usec / 1000;
}

/* 0 when it cannot be read: the process has just ended. */
static long resident_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	snprintf(path, sizeof(path), "/proc/%jd/status", (intmax_t)pid);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	fclose(f);
	return kib;
}

static void samples_add(struct samples *s, long kib)
{
	if (s->n == s->room) {
		s->room = 2 * s->room + 1024;
		s->kib = realloc(s->kib, s->room * sizeof(*s->kib));
		if (s->kib == NULL)
			abort();
	}
	s->kib[s->n++] = kib;
}

static long highest(const long *kib, size_t n)
{
	long most = 0;
	for (size_t i = 0; i < n; i++)
		if (kib[i] > most)
			most = kib[i];
	return most;
}

/* Memory in between, until the child is over. SIGCHLD is blocked. */
static void watch(pid_t pid, struct samples *s)
{
	const struct timespec wait = { 0, SAMPLE_NS };
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (sigtimedwait(&child, NULL, &wait) < 0)
		if (errno == EAGAIN)
			samples_add(s, resident_kib(pid));
}

static void run(char **command, const sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	fprintf(stderr, "measure: %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

static void tell(FILE *figures, int64_t wall, const struct rusage *used, const struct samples *s)
{
	long first = highest(s->kib, s->n / 2),
	     second = highest(s->kib + s->n / 2, s->n - s->n / 2);
	fprintf(figures, "%" PRId64 " %" PRId64 " %" PRId64 " %ld %ld\n", wall,
	    timeval_ms(used->ru_utime), timeval_ms(used->ru_stime), used->ru_maxrss,
	    second - first);
}

int main(int argc, char **argv)
{
	bool sampled = argc > 1 && strcmp(argv[1], "-s") == 0;
	char **rest = argv + 1 + sampled;
	FILE *figures = argc - sampled >= 3 ? fopen(rest[0], "a") : NULL;
	if (figures == NULL) {
		fprintf(stderr, "usage: measure [-s] FIGURES COMMAND [ARGUMENT...]\n");
		return 2;
	}
	struct samples s = { 0 };
	struct rusage used;
	sigset_t child, before;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	int64_t start = now_ms();
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		run(rest + 1, &before);
	if (pid > 0 && sampled)
		watch(pid, &s);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
		fprintf(stderr, "measure: %s\n", strerror(errno));
		return 2;
	}
	tell(figures, now_ms() - start, &used, &s);
	free(s.kib);
	fclose(figures);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
