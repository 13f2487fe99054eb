/*
 * test_sandbox_lacking.c - base/sandbox.c: what is said, or refused, when the kernel lacks something.
 */
#include "tests/unit/sandkit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <seccomp.h>

/* As a kernel without it would answer. */
static bool kernel_without(const char *call, int error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool good = filter != NULL &&
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)error),
		seccomp_syscall_resolve_name(call), 0) == 0 &&
	    seccomp_load(filter) == 0;
	seccomp_release(filter);
	return good;
}

static void tell(const char *what)
{
	dprintf(STDOUT_FILENO, "%s\n", what);
}

struct without {
	const char *call;
	int error;
	enum sandbox_mode mode;
};

static int enter_without(const void *arg)
{
	const struct without *w = arg;
	struct sandbox s = { .mode = w->mode, .role = SANDBOX_READER, .lacking = tell };
	struct error e = { "" };
	if (!kernel_without(w->call, w->error))
		return SANDKIT_REFUSED;
	bool good = sandbox_confine(&s, &e) && sandbox_seal(&s, &e);
	if (!good)
		tell(e.text);
	return good ? 0 : 1;
}

/* What it prints, in out. */
static int printed_by(int (*deed)(const void *), const void *arg, char *out, size_t room)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		_exit(deed(arg));
	}
	close(ends[1]);
	size_t n = 0;
	for (ssize_t got; (got = read(ends[0], out + n, room - 1 - n)) > 0;)
		n += (size_t)got;
	out[n] = '\0';
	close(ends[0]);
	return exit_of(child);
}

static void what_is_lacking_is_told_or_refused(void **state)
{
	(void)state;
	if (SANDKIT_INSTRUMENTED || !sandkit_is_root() || !sandkit_has_landlock())
		skip();
	static const struct {
		struct without without;
		int code;
		const char *said;
	} cases[] = {
		{ { "landlock_create_ruleset", ENOSYS, SANDBOX_AUTO }, 0,
		    "this kernel has no Landlock: files are not confined\n" },
		{ { "landlock_create_ruleset", EOPNOTSUPP, SANDBOX_REQUIRE }, 1,
		    "sandbox: this kernel has no Landlock: files are not confined\n" },
		{ { "seccomp", ENOSYS, SANDBOX_REQUIRE }, 1,
		    "sandbox: this kernel has no filter of system calls, or refuses it\n" },
		{ { "seccomp", ENOSYS, SANDBOX_AUTO }, 0,
		    "this kernel has no filter of system calls, or refuses it\n" },
		{ { "capset", EPERM, SANDBOX_REQUIRE }, 1,
		    "sandbox: capabilities cannot be dropped\n" },
		{ { "landlock_create_ruleset", ENOSYS, SANDBOX_OFF }, 0, "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[512];
		print_message("%s\n", cases[i].without.call);
		int code = printed_by(enter_without, &cases[i].without, text, sizeof text);
		assert_string_equal(text, cases[i].said);
		assert_int_equal(code, cases[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_lacking_is_told_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
