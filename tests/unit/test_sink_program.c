/*
 * test_sink_program.c - report/sink_program.c: arguments as they are, JSON on standard input, programs
 * that fail, hang or do not read.
 */
#include "tests/unit/sinkkit.h"

enum { ROOM = 1 << 20 };

struct desk {
	struct spot p;
	char program[96], log[128];
	struct shelf *shelf;
	struct limits l;
};

/* A script that finds its own place in $0. */
static void desk_make(struct desk *o, const char *script)
{
	spot_make(&o->p);
	snprintf(o->program, sizeof o->program, "%s/a program", o->p.directory);
	snprintf(o->log, sizeof o->log, "%s.log", o->program);
	FILE *f = fopen(o->program, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(o->program, 0700), 0);
	o->shelf = shelf_new();
	o->l = quick_limits();
}

static void desk_free(struct desk *o)
{
	unlink(o->program);
	unlink(o->log);
	spot_remove(&o->p);
	shelf_free(o->shelf);
}

static struct sink_config program_at(const struct desk *o)
{
	return (struct sink_config){
		.kind = SINK_PROGRAM,
		.name = "p",
		.path = o->program,
		.kinds = KIND(FINDING),
	};
}

static void test_arguments_environment_and_input(void **state)
{
	(void)state;
	static char text[ROOM];
	static const char *const arguments[] = { "two words", "\"quoted\" 'and' $HOME `id`;*", "",
		NULL };
	struct desk o;
	desk_make(&o,
	    "{ printf '<%s>' \"$@\"; echo; env | grep DAVSCOPE | sort; cat; } >>\"$0.log\"");
	struct spill spill = shelf_spill(o.shelf);
	struct sink_config c = program_at(&o);
	c.arguments = arguments;
	c.kinds |= KIND(TRANSACTION);
	setenv("DAVSCOPE_SECRET", "x", 1);
	struct sinks *k = sinks_one(&c, &o.l, &spill);
	struct record other = record_other("{}");
	sinks_put(k, &other);
	finding_put(k, o.shelf, 1, "{\"a\":\"$(id)\"}");
	shelf_await(o.shelf, 1);
	unsetenv("DAVSCOPE_SECRET");
	slurp(o.log, text, sizeof text);
	assert_string_equal(text,
	    "<two words><\"quoted\" 'and' $HOME `id`;*><>\n"
	    "DAVSCOPE_ID=f-0123456789ab\nDAVSCOPE_RULE=duplicate-live-uid\n"
	    "DAVSCOPE_SEVERITY=high\nDAVSCOPE_UPDATE=2\n"
	    "{\"a\":\"$(id)\"}\n");
	assert_int_equal(counts_of(k).delivered[1], 1);
	assert_int_equal(counts_of(k).delivered[0] + counts_of(k).dropped[0], 0);
	sinks_close(k, 0);
	desk_free(&o);
}

/* More than a pipe holds, to one that reads, one that does not, and one that closes it. */
static void test_large_input(void **state)
{
	(void)state;
	static const char *const scripts[] = { "wc -c >\"$0.log\"", "echo 300001 >\"$0.log\"",
		"exec <&-; echo 300001 >\"$0.log\"" };
	static char json[300001], text[64];
	memset(json, 'x', sizeof json - 1);
	for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
		struct desk o;
		desk_make(&o, scripts[i]);
		struct sink_config c = program_at(&o);
		struct sinks *k = sinks_one(&c, &o.l, NULL);
		struct record r = record_finding(1, json);
		sinks_put(k, &r);
		AWAIT(counts_of(k).delivered[1] == 1);
		slurp(o.log, text, sizeof text);
		assert_string_equal(text, "300001\n");
		sinks_close(k, 0);
		desk_free(&o);
	}
}

/* As often as the limit says; the finding behind it is not held up. */
static void test_one_that_fails(void **state)
{
	(void)state;
	static char text[ROOM];
	struct desk o;
	desk_make(&o, "read -r line; echo \"$line\" >>\"$0.log\"; [ \"$line\" != bad ]");
	struct spill spill = shelf_spill(o.shelf);
	struct sink_config c = program_at(&o);
	o.l.sink_tries = 3;
	struct sinks *k = sinks_one(&c, &o.l, &spill);
	finding_put(k, o.shelf, 1, "bad");
	finding_put(k, o.shelf, 2, "good");
	shelf_await(o.shelf, 2);
	slurp(o.log, text, sizeof text);
	assert_string_equal(text, "bad\nbad\nbad\ngood\n");
	struct sink_counts n = counts_of(k);
	assert_int_equal(n.delivered[1], 1);
	assert_int_equal(n.dropped[1], 1);
	assert_int_equal(n.retried, 2);
	assert_non_null(strstr(n.why.text, "exit code 1"));
	sinks_close(k, 0);
	desk_free(&o);
}

/* With all it has started: its child holds a fifo open, which ends when it dies. */
static void test_one_that_hangs_is_killed_with_its_group(void **state)
{
	(void)state;
	struct desk o;
	desk_make(&o, "(exec 3>\"${0%/*}/it\"; cat \"${0%/*}/never\") & wait");
	char never[128], nothing[8];
	snprintf(never, sizeof never, "%s/never", o.p.directory);
	assert_int_equal(mkfifo(o.p.path, 0600), 0);
	assert_int_equal(mkfifo(never, 0600), 0);
	int fifo = open(o.p.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fifo >= 0);
	struct spill spill = shelf_spill(o.shelf);
	struct sink_config c = program_at(&o);
	c.timeout_ms = 300;
	o.l.sink_tries = 1;
	struct sinks *k = sinks_one(&c, &o.l, &spill);
	finding_put(k, o.shelf, 1, "{}");
	shelf_await(o.shelf, 1);
	assert_int_equal(counts_of(k).dropped[1], 1);
	assert_non_null(strstr(counts_of(k).why.text, "too long"));
	AWAIT(read(fifo, nothing, sizeof nothing) == 0);
	/* And the end does not wait for one that hangs. */
	c.timeout_ms = 1000 * DEADLINE_S;
	sinks_close(k, 0);
	k = sinks_one(&c, &o.l, NULL);
	finding_put(k, NULL, 2, "{}");
	time_t before = time(NULL);
	sinks_close(k, 20);
	assert_true(time(NULL) - before < DEADLINE_S);
	close(fifo);
	unlink(never);
	desk_free(&o);
}

/* Missing is a fault that somebody may mend: nothing is dropped. */
static void test_one_that_is_missing(void **state)
{
	(void)state;
	struct desk o;
	char away[160];
	desk_make(&o, "cat >\"$0.log\"");
	snprintf(away, sizeof away, "%s.away", o.program);
	assert_int_equal(rename(o.program, away), 0);
	struct spill spill = shelf_spill(o.shelf);
	struct sink_config c = program_at(&o);
	c.required = true;
	o.l.sink_tries = 1;
	struct sinks *k = sinks_one(&c, &o.l, &spill);
	assert_true(counts_of(k).failing);
	finding_put(k, o.shelf, 1, "{}");
	AWAIT(counts_of(k).retried >= 3);
	assert_int_equal(rename(away, o.program), 0);
	shelf_await(o.shelf, 1);
	assert_int_equal(counts_of(k).dropped[1], 0);
	sinks_close(k, 0);
	desk_free(&o);
}

/* What whoever runs the tests left open is not the matter here. */
static void others_close_on_exec(void)
{
	enum { DESCRIPTORS = 1024 };
	for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* From 10 on they are the shell's. Blocked and ignored signals are our affair, and no file of ours is left open to it. */
static struct sink_counts counts_of_first(const struct sinks *k)
{
	struct sink_counts both[2];
	assert_int_equal(sinks_counts(k, both, 2), 2);
	return both[0];
}

static void test_what_it_inherits(void **state)
{
	(void)state;
	static char text[ROOM];
	struct desk o;
	desk_make(&o,
	    "grep -E '^Sig(Blk|Ign)' /proc/self/status >\"$0.log\"\n"
	    "for f in /proc/$$/fd/*; do\n"
	    "[ \"${f##*/}\" -le 2 ] || [ \"${f##*/}\" -ge 10 ] || readlink \"$f\" >>\"$0.log\"\n"
	    "done; exit 0");
	others_close_on_exec();
	const struct sink_config both[] = { program_at(&o),
		{ .kind = SINK_FILE,
		    .name = "f",
		    .path = o.p.path,
		    .kinds = KIND(FINDING),
		    .required = true } };
	struct sinks *k = sinks_new(both, 2, &o.l, NULL, &(struct error){ "" });
	finding_put(k, NULL, 1, "{}");
	AWAIT(counts_of_first(k).delivered[1] == 1);
	slurp(o.log, text, sizeof text);
	unsigned long long blocked, ignored;
	int n = 0;
	assert_int_equal(sscanf(text, "SigBlk:\t%llx\nSigIgn:\t%llx\n%n", &blocked, &ignored, &n),
	    2);
	assert_string_equal(text + n, "");
	assert_int_equal(blocked, 0);
	/* 32 and 33 are the C library's. */
	assert_int_equal(ignored & ~0x180000000ULL, 0);
	sinks_close(k, 0);
	desk_free(&o);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments_environment_and_input),
		cmocka_unit_test(test_large_input),
		cmocka_unit_test(test_one_that_fails),
		cmocka_unit_test(test_one_that_hangs_is_killed_with_its_group),
		cmocka_unit_test(test_one_that_is_missing),
		cmocka_unit_test(test_what_it_inherits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
