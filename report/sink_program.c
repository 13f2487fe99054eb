/*
 * sink_program.c - a program that gets a finding's JSON on its standard input. No shell is in between: its
 * arguments are those of the configuration, its environment is ours. It runs alone, in a process group of
 * its own that is killed when it takes too long; the finding is taken when it ends with 0.
 */
#include "report/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_PIDFD_MS = 20, VARIABLES = 7 };

struct program {
	char **arguments; /* its path in front; the texts are the configuration's */
	uint64_t tries; /* of the finding at hand */
	struct line environment;
};

/* One that runs. */
struct child {
	pid_t pid;
	int input, ended; /* ended: a pidfd, or -1 where there is none */
	int status;
};

static size_t arguments_count(const struct sink_config *c)
{
	size_t n = 0;
	while (c->arguments != NULL && c->arguments[n] != NULL)
		n++;
	return n;
}

static bool program_start(struct sink *s, struct error *e)
{
	const struct sink_config *c = s->config;
	if (c->path == NULL || c->path[0] != '/')
		return error_set(e, "%s: a program is named by its whole path", c->name);
	size_t n = arguments_count(c);
	struct program *p = calloc(1, sizeof(*p));
	s->own = p;
	if (p == NULL || (p->arguments = calloc(n + 2, sizeof(p->arguments[0]))) == NULL)
		return error_set(e, "%s: out of memory", c->name);
	/* Nobody writes to them: execve(2) has its type from older days. */
	memcpy(&p->arguments[0], &c->path, sizeof(c->path));
	if (n != 0)
		memcpy(&p->arguments[1], c->arguments, n * sizeof(c->arguments[0]));
	return true;
}

static bool program_open(struct sink *s, struct error *e)
{
	return access(s->config->path, X_OK) == 0 ||
	    error_set(e, "%s: %s", s->config->path, strerror(errno));
}

/* ---- starting it ---- */

static void variable_add(struct line *l, const char *name, const char *value)
{
	line_words(l, name);
	line_words(l, value);
	line_bytes(l, "", 1);
}

/* Nothing that came from the wire: that is in the JSON alone. */
static bool environment_write(struct line *l, const struct record *r, char *out[VARIABLES])
{
	size_t n = 0;
	l->n = 0;
	variable_add(l, "PATH=", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	variable_add(l, "LC_ALL=", "C.UTF-8");
	variable_add(l, "DAVSCOPE_SEVERITY=", severity_name(r->severity));
	line_words(l, "DAVSCOPE_RULE=");
	line_vis(l, r->rule);
	line_bytes(l, "", 1);
	line_words(l, "DAVSCOPE_ID=");
	line_id(l, r->id);
	line_bytes(l, "", 1);
	line_words(l, "DAVSCOPE_UPDATE=");
	line_u64(l, r->update);
	line_bytes(l, "", 1);
	if (l->bad)
		return false;
	for (size_t at = 0; at < l->n && n + 1 < VARIABLES; at += strlen((char *)l->p + at) + 1)
		out[n++] = (char *)l->p + at;
	out[n] = NULL;
	return true;
}

/* Signals as they are by default: our threads have them blocked, and we ignore some. */
static int attributes_set(posix_spawnattr_t *a)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	int fault = posix_spawnattr_setsigmask(a, &none);
	fault = fault != 0 ? fault : posix_spawnattr_setsigdefault(a, &all);
	fault = fault != 0 ? fault : posix_spawnattr_setpgroup(a, 0);
	return fault != 0 ?
	    fault :
	    posix_spawnattr_setflags(a,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int files_set(posix_spawn_file_actions_t *f, int input)
{
	int fault = posix_spawn_file_actions_adddup2(f, input, STDIN_FILENO);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && fault == 0; fd++)
		fault = posix_spawn_file_actions_addopen(f, fd, "/dev/null", O_WRONLY, 0);
	return fault;
}

static int child_spawn(const struct program *p, char *environment[], int input, pid_t *pid)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t files;
	int fault = posix_spawnattr_init(&attributes);
	if (fault != 0)
		return fault;
	fault = posix_spawn_file_actions_init(&files);
	if (fault == 0) {
		fault = attributes_set(&attributes);
		fault = fault != 0 ? fault : files_set(&files, input);
		if (fault == 0)
			fault = posix_spawn(pid, p->arguments[0], &files, &attributes, p->arguments,
			    environment);
		posix_spawn_file_actions_destroy(&files);
	}
	posix_spawnattr_destroy(&attributes);
	return fault;
}

static bool child_start(const struct sink *s, const struct record *r, struct child *c,
    struct error *e)
{
	struct program *p = s->own;
	char *environment[VARIABLES];
	int pipe_ends[2], fault = ENOMEM;
	if (pipe2(pipe_ends, O_CLOEXEC) != 0)
		return error_set(e, "%s: %s", s->config->path, strerror(errno));
	if (environment_write(&p->environment, r, environment))
		fault = child_spawn(p, environment, pipe_ends[0], &c->pid);
	close(pipe_ends[0]);
	if (fault != 0) {
		close(pipe_ends[1]);
		p->environment.bad = false;
		return error_set(e, "%s: %s", s->config->path, strerror(fault));
	}
	c->input = pipe_ends[1];
	fcntl(c->input, F_SETFL, O_NONBLOCK);
	c->ended = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return true;
}

/* ---- while it runs ---- */

static void input_close(struct child *c)
{
	if (c->input >= 0)
		close(c->input);
	c->input = -1;
}

/* A line, so that a shell can read it. What a program does not want to read is its affair. */
struct input {
	struct slice json, end;
};

static void input_feed(struct child *c, struct input *in)
{
	struct slice *next = in->json.n != 0 ? &in->json : &in->end;
	ssize_t n = write(c->input, next->p, next->n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	*next = slice_part(*next, n < 0 ? next->n : (size_t)n, SIZE_MAX);
	if (n < 0 || in->end.n == 0)
		input_close(c);
}

/* The group as well: it may have left somebody behind who holds on to nothing of ours. */
static void child_kill(struct child *c)
{
	kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
}

static bool child_ended(struct child *c)
{
	pid_t gone = waitpid(c->pid, &c->status, WNOHANG);
	return gone == c->pid || (gone < 0 && errno != EINTR);
}

/* 0: it has ended by itself; else ETIMEDOUT or ECANCELED, and it has been killed. */
static int child_wait(const struct sink *s, struct child *c, struct slice json)
{
	struct input in = { json, SLICE("\n") };
	int64_t until = clock_ms() + (int64_t)sink_timeout(s);
	int why = 0;
	while (!child_ended(c) && why == 0) {
		struct pollfd fds[3] = { { s->stop, POLLIN, 0 }, { c->ended, POLLIN, 0 },
			{ c->input, POLLOUT, 0 } };
		int64_t left = until - clock_ms();
		if (left > NO_PIDFD_MS && c->ended < 0)
			left = NO_PIDFD_MS;
		poll(fds, 3, left > 0 ? (int)left : 0);
		if (fds[2].revents != 0)
			input_feed(c, &in);
		if (fds[1].revents == 0 && fds[0].revents != 0)
			why = ECANCELED;
		else if (fds[1].revents == 0 && clock_ms() >= until)
			why = ETIMEDOUT;
	}
	if (why != 0)
		child_kill(c);
	return why;
}

static bool child_says(const struct sink *s, const struct child *c, struct error *e)
{
	const char *path = s->config->path;
	if (WIFSIGNALED(c->status))
		return error_set(e, "%s: ended by signal %d", path, WTERMSIG(c->status));
	int code = WEXITSTATUS(c->status);
	return code == 0 || error_set(e, "%s: exit code %d", path, code);
}

static enum sink_answer program_put(struct sink *s, const struct record *r, struct error *e)
{
	struct program *p = s->own;
	struct child c = { 0, -1, -1, 0 };
	if (!child_start(s, r, &c, e))
		return SINK_LATER;
	int why = child_wait(s, &c, r->json);
	input_close(&c);
	if (c.ended >= 0)
		close(c.ended);
	if (why == 0 && child_says(s, &c, e)) {
		p->tries = 0;
		return SINK_TAKEN;
	}
	if (why != 0)
		error_set(e, "%s: %s", s->config->path,
		    why == ETIMEDOUT ? "took too long" : strerror(why));
	if (why == ECANCELED)
		return SINK_LATER;
	if (++p->tries < s->limits->sink_tries)
		return SINK_LATER;
	p->tries = 0;
	return SINK_REFUSED;
}

static void program_close(struct sink *s)
{
	(void)s;
}

static void program_free(struct sink *s)
{
	struct program *p = s->own;
	line_free(&p->environment);
	free(p->arguments);
	free(p);
}

const struct sink_ops sink_PROGRAM = {
	.findings_only = true,
	.start = program_start,
	.open = program_open,
	.put = program_put,
	.close = program_close,
	.free = program_free,
};
