/*
 * sandkit.h - deeds done in a child process that has given up its rights.
 */
#ifndef DAVSCOPE_TESTS_SANDKIT_H
#define DAVSCOPE_TESTS_SANDKIT_H

#include "base/base.h"
#include "tests/unit/dirkit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(DAVSCOPE_COVERAGE)
enum { SANDKIT_INSTRUMENTED = 1 };
#else
enum { SANDKIT_INSTRUMENTED = 0 };
#endif

enum { SANDKIT_REFUSED = 250 }; /* the sandbox itself could not be had */

/* Whether this kernel has what the tests are about; says so when not. */
static inline bool sandkit_has_landlock(void)
{
	bool has = syscall(444, NULL, 0, 1) >= 1;
	if (!has)
		puts("skipped: this kernel has no Landlock");
	return has;
}

static inline bool sandkit_has_filter(void)
{
	if (SANDKIT_INSTRUMENTED)
		puts("skipped: no filter of system calls in this build");
	return !SANDKIT_INSTRUMENTED;
}

static inline bool sandkit_is_root(void)
{
	if (geteuid() != 0)
		puts("skipped: needs root");
	return geteuid() == 0;
}

/* A directory of its own for a test; its name is kept in out. */
static inline void sandkit_directory(char out[64])
{
	snprintf(out, 64, "/tmp/davscope-sandbox-XXXXXX");
	if (mkdtemp(out) == NULL || chmod(out, 0700) != 0)
		abort();
}

static inline int exit_of(pid_t child)
{
	int status = 0;
	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline void sandkit_enter(const struct sandbox *s)
{
	struct error e = { "" };
	if (sandbox_confine(s, &e) && (SANDKIT_INSTRUMENTED || sandbox_seal(s, &e)))
		return;
	fprintf(stderr, "%s\n", e.text);
	_exit(SANDKIT_REFUSED);
}

/* What the deed returns, up to 249: an errno, 0 when it was done. Without a sandbox it is done freely. */
static inline int done_within(const struct sandbox *s, int (*deed)(const void *), const void *arg)
{
	fflush(NULL);
	pid_t child = fork();
	if (child != 0)
		return exit_of(child);
	if (s != NULL)
		sandkit_enter(s);
	_exit(deed(arg));
}

static inline int errno_unless(bool good)
{
	return good ? 0 : errno;
}

/* Of a text in the form of /proc/PID/status; "" when it has no such line. */
static inline const char *status_field(const char *text, const char *name, char out[128])
{
	char key[32];
	out[0] = '\0';
	snprintf(key, sizeof key, "\n%s:\t", name);
	const char *at = strstr(text, key);
	if (at != NULL)
		snprintf(out, 128, "%.*s", (int)strcspn(at + strlen(key), "\n"), at + strlen(key));
	return out;
}

static inline void file_text(const char *path, char *out, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, room - 1);
	if (n < 0)
		abort();
	out[n] = '\0';
	close(fd);
}

#endif
