/*
 * test_out.c - report/out.c: what is escaped, what is exact, what a failing write leaves behind.
 */
#include "report/report.h"
#include "tests/unit/guard.h"
#include "tests/unit/out_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct slice guarded(const char *bytes, size_t n)
{
	return (struct slice){ guard_copy(bytes, n), n };
}

/* What it writes is this, whole. */
static void expect(void (*write_it)(struct out *), const char *expected)
{
	struct written w = written_open();
	write_it(w.out);
	assert_int_equal(out_written(w.out), strlen(expected));
	char *text = written_close(&w);
	assert_string_equal(text, expected);
	free(text);
}

static void write_numbers(struct out *o)
{
	out_u64(o, 0);
	out_char(o, ' ');
	out_u64(o, UINT64_MAX);
	out_char(o, ' ');
	out_i64(o, INT64_MIN);
	out_char(o, ' ');
	out_i64(o, INT64_MAX);
	out_char(o, ' ');
	out_digits(o, 42, 6);
}

static void test_numbers(void **state)
{
	(void)state;
	expect(write_numbers,
	    "0 18446744073709551615 -9223372036854775808 9223372036854775807 000042");
}

static void write_times(struct out *o)
{
	static const int64_t times[] = { 0, -1, 1159200003123456789, 951782400000000000, INT64_MIN,
		INT64_MAX };
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		out_time(o, times[i]);
		out_char(o, '\n');
	}
}

static void test_times(void **state)
{
	(void)state;
	expect(write_times,
	    "1970-01-01T00:00:00.000000000Z\n1969-12-31T23:59:59.999999999Z\n"
	    "2006-09-25T16:00:03.123456789Z\n2000-02-29T00:00:00.000000000Z\n"
	    "1677-09-21T00:12:43.145224192Z\n2262-04-11T23:47:16.854775807Z\n");
}

static void write_v6(struct out *o, const char *hex)
{
	struct endpoint e = { .family = 6 };
	for (size_t i = 0; i < 16; i++) {
		unsigned byte = 0;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		e.address[i] = (uint8_t)byte;
	}
	out_address(o, &e);
	out_char(o, '\n');
}

static void write_addresses(struct out *o)
{
	out_address(o, &(struct endpoint){ .family = 4, .address = { 10, 0, 255, 1 } });
	out_char(o, '\n');
	out_address(o, &(struct endpoint){ .family = 0 });
	out_char(o, '\n');
	write_v6(o, "00000000000000000000000000000000");
	write_v6(o, "00000000000000000000000000000001");
	write_v6(o, "20010db8000000000000000000000000");
	write_v6(o, "20010db8000000010001000100010001"); /* one zero word is no run */
	write_v6(o, "20010000000000010000000000000001"); /* the longer run */
	write_v6(o, "20010db8000000000001000000000001"); /* two equal runs: the first */
	write_v6(o, "00000000000000000000ffffc0000201");
	write_v6(o, "fe800000000000000abcdef000000000");
}

static void test_addresses(void **state)
{
	(void)state;
	expect(write_addresses,
	    "10.0.255.1\n-\n::\n::1\n2001:db8::\n2001:db8:0:1:1:1:1:1\n2001:0:0:1::1\n"
	    "2001:db8::1:0:0:1\n::ffff:192.0.2.1\nfe80::abc:def0:0:0\n");
}

static void write_escaped(struct out *o)
{
	out_vis(o, guarded("a\x1b[2J\\b", 7), SIZE_MAX);
	out_char(o, '\n');
	out_vis(o, guarded("caf\xc3\xa9 \xc3", 7), SIZE_MAX); /* ends inside a character */
	out_char(o, '\n');
	out_vis(o, guarded("0123456789", 10), 10); /* just fits */
	out_char(o, '\n');
	out_vis(o, guarded("0123456789A", 11), 10);
	out_char(o, '\n');
	out_vis(o, guarded("01234\x01\x02", 7), 13); /* 5 + 4 + 4 fits */
	out_char(o, '\n');
	out_vis(o, guarded("0123456\x01\x02", 9), 12); /* an escape is never cut */
	out_char(o, '\n');
	out_vis(o, (struct slice){ NULL, 0 }, 10);
	out_char(o, '\n');
}

static void test_vis(void **state)
{
	(void)state;
	expect(write_escaped,
	    "a\\x1b[2J\\\\b\ncaf\xc3\xa9 \\xc3\n0123456789\n0123456...\n01234\\x01\\x02\n"
	    "0123456...\n\n");
}

static void write_json(struct out *o)
{
	out_json(o, guarded("a\"b\\c/\r\n\t\x00\x7f", 11));
	out_json(o,
	    guarded("\xff\xc3\xa9\xe2\x80\xae\xc2\x9b\xed\xa0\x80",
		11)); /* bad, e-acute, RLO, CSI, surrogate */
	out_json(o, guarded("\xf0\x9f\x93", 3)); /* cut short */
	out_json(o, (struct slice){ NULL, 0 });
}

static void test_json(void **state)
{
	(void)state;
	expect(write_json,
	    "\"a\\\"b\\\\c/\\r\\n\\t\\u0000\\u007f\""
	    "\"\\ufffd\xc3\xa9\\u202e\\u009b\\ufffd\\ufffd\\ufffd\"\"\\ufffd\\ufffd\\ufffd\"\"\"");
}

/* Standard output replaced by fd in a child; the child's exit status is what `check` says. */
static int in_child(int fd, int (*check)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGPIPE, SIG_IGN);
		dup2(fd, STDOUT_FILENO);
		_exit(check());
	}
	int status = 0;
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int check_broken_pipe(void)
{
	struct error e;
	struct out *o = out_stdout(&e);
	out_text(o, "nobody reads this");
	bool flushed = out_flush(o);
	out_text(o, "nor this");
	return !flushed && out_broken_pipe(o) && !out_failed(o, NULL) && out_close(o, &e) ? 0 : 1;
}

static void test_broken_pipe(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(in_child(fds[1], check_broken_pipe), 0);
	close(fds[1]);
}

static int check_full(void)
{
	struct error e = { "" };
	struct out *o = out_stdout(&e);
	out_text(o, "too much");
	bool flushed = out_flush(o);
	bool failed = out_failed(o, &e) && strstr(e.text, "standard output: ") == e.text;
	return !flushed && failed && !out_broken_pipe(o) && !out_close(o, &e) ? 0 : 1;
}

/* More than one buffer in one call and over many. */
static int check_large(void)
{
	struct error e;
	struct out *o = out_stdout(&e);
	static uint8_t big[200001];
	memset(big, 'x', sizeof big);
	out_vis(o, (struct slice){ big, sizeof big }, SIZE_MAX);
	for (int i = 0; i < 30000; i++)
		out_text(o, "12345");
	out_json(o, (struct slice){ big, sizeof big });
	return out_written(o) == 2 * sizeof big + 2 + 150000 && out_close(o, &e) ? 0 : 1;
}

static void test_large(void **state)
{
	(void)state;
	struct stat st;
	int fd = memfd_create("large", 0);
	assert_true(fd >= 0);
	assert_int_equal(in_child(fd, check_large), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 2 * 200001 + 2 + 150000);
	close(fd);
}

static void test_full_disk(void **state)
{
	(void)state;
	int fd = open("/dev/full", O_WRONLY);
	if (fd < 0)
		skip();
	assert_int_equal(in_child(fd, check_full), 0);
	close(fd);
}

/* ---- in memory ---- */

static void assert_taken(struct out *o, const char *expected)
{
	struct slice s = out_taken(o);
	assert_non_null(s.p);
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p, expected, s.n);
}

static void test_memory(void **state)
{
	(void)state;
	struct error e;
	struct out *o = out_memory(&e);
	assert_non_null(o);
	assert_taken(o, "");
	out_text(o, "one ");
	out_vis(o, guarded("\x1b", 1), SIZE_MAX);
	struct slice first = out_taken(o);
	assert_int_equal(first.n, 8);
	/* Taken twice it is empty, and what was taken first is still there. */
	assert_int_equal(out_taken(o).n, 0);
	assert_memory_equal(first.p, "one \\x1b", first.n);
	out_u64(o, 2);
	out_flush(o);
	out_text(o, " three");
	assert_taken(o, "2 three");
	assert_int_equal(out_written(o), 15);
	assert_false(out_failed(o, &e));
	assert_true(out_close(o, &e));
}

/* Longer than the buffer, more than once, and short again. */
static void test_memory_grows(void **state)
{
	(void)state;
	enum { LONG = 1000003 };
	struct error e;
	struct out *o = out_memory(&e);
	char *text = malloc(LONG);
	assert_non_null(text);
	for (size_t i = 0; i < LONG; i++)
		text[i] = (char)('a' + i % 26);
	for (unsigned turn = 0; turn < 3; turn++) {
		out_vis(o, (struct slice){ (const uint8_t *)text, LONG }, SIZE_MAX);
		struct slice s = out_taken(o);
		assert_int_equal(s.n, LONG);
		assert_memory_equal(s.p, text, LONG);
		out_text(o, "short");
		assert_taken(o, "short");
	}
	free(text);
	out_abandon(o);
}

/* It opens no descriptor and writes to none, whatever they are. */
static int check_memory_alone(void)
{
	struct error e;
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	struct out *o = out_memory(&e);
	for (unsigned i = 0; i < 100000; i++)
		out_text(o, "line\n");
	bool good = out_flush(o) && out_taken(o).n == 500000 && out_close(o, &e);
	return good && dup(0) < 0 ? 0 : 1;
}

static void test_memory_has_no_descriptor(void **state)
{
	(void)state;
	assert_int_equal(in_child(STDOUT_FILENO, check_memory_alone), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_vis),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_grows),
		cmocka_unit_test(test_memory_has_no_descriptor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
