/*
 * test_options.c - cmd/options.c and cmd/when.c: what the command line says, strictly read.
 */
#include "cmd/cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 16 };

/* Splits at blanks; "~" inside a word stands for a blank. */
static bool parse(struct options *o, const char *line, struct error *e)
{
	static char copy[512]; /* what was parsed points into both */
	static char *argv[WORDS_MAX + 1];
	int argc = 0;
	memset(argv, 0, sizeof argv);
	snprintf(copy, sizeof copy, "davscope %s", line);
	char *rest = copy;
	for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
		for (char *p = word; *p != '\0'; p++)
			*p = *p == '~' ? ' ' : *p;
		if (*word != '\0' && argc < WORDS_MAX)
			argv[argc++] = word;
	}
	return options_parse(o, argc, argv, e);
}

static struct options good(const char *line)
{
	struct options o;
	struct error e = { "" };
	if (!parse(&o, line, &e))
		fail_msg("'%s' refused: %s", line, e.text);
	return o;
}

static void refused(const char *line, const char *why)
{
	struct options o;
	struct error e = { "" };
	if (parse(&o, line, &e))
		fail_msg("'%s' was taken", line);
	if (strstr(e.text, why) == NULL)
		fail_msg("'%s' says '%s', not '%s'", line, e.text, why);
}

static void test_defaults(void **state)
{
	(void)state;
	struct options o = good("-r no-such-file");
	assert_ptr_equal(o.run, command_analyze);
	assert_int_equal(o.n_inputs, 1);
	assert_null(o.bpf);
	assert_int_equal(o.format, REPORT_TEXT);
	assert_int_equal(o.bodies, BODIES_FACTS);
	assert_true(o.since == INT64_MIN && o.until == INT64_MAX);
	assert_true(o.workers <= 4);
	assert_false(o.seeded);
	options_free(&o);
}

static void test_words_behind_r(void **state)
{
	(void)state;
	struct options o = good("-r a /dev/null /etc/hostname tcp port 80 -c 7 /dev/null");
	assert_int_equal(o.n_inputs, 3);
	assert_string_equal(o.inputs[1], "/dev/null");
	assert_string_equal(o.inputs[2], "/etc/hostname");
	assert_string_equal(o.bpf, "tcp port 80 /dev/null");
	assert_string_equal(o.bpf_word, "tcp");
	assert_int_equal(o.max_packets, 7);
	options_free(&o);
	o = good("-r a /etc host 10.0.0.1"); /* a directory is no capture */
	assert_int_equal(o.n_inputs, 1);
	assert_string_equal(o.bpf, "/etc host 10.0.0.1");
	options_free(&o);
	o = good("-r a -f tcp~port~80 /dev/null -r b -n");
	assert_int_equal(o.n_inputs, 3);
	assert_string_equal(o.bpf, "tcp port 80");
	assert_null(o.bpf_word);
	options_free(&o);
	refused("-r a -f tcp port 80", "given by -f");
	refused("-r a -f tcp -f udp", "twice");
	refused("capture.pcap", "davscope -r FILE");
	refused("-r - -r -", "only once");
	refused("-r a -w -", "needs a file");
}

static void test_commands(void **state)
{
	(void)state;
	struct options o = good("analyze -r a");
	assert_ptr_equal(o.run, command_analyze);
	options_free(&o);
	o = good("version");
	assert_ptr_equal(o.run, command_version);
	options_free(&o);
	o = good("--help");
	assert_ptr_equal(o.run, command_help);
	options_free(&o);
	o = good("--list anomalies");
	assert_ptr_equal(o.run, command_list);
	assert_int_equal(o.list, LIST_ANOMALIES);
	options_free(&o);
	refused("", "nothing to read");
	refused("analyze", "nothing to read");
	refused("frobnicate -q", "to read a capture");
	refused("-q rules list", "the command comes first: davscope rules");
	refused("version now", "'now' is a word too many");
	refused("--list fields limits", "'limits' is a word too many");
}

/* What an option belongs to is said, not guessed. */
static void test_options_of_commands(void **state)
{
	(void)state;
	refused("rules list -T json", "-T is no option of davscope rules; it belongs to: analyze");
	refused("rules --fail-on=low", "--fail-on is no option of davscope rules");
	refused("-r a --format json",
	    "--format is no option of davscope analyze; it belongs to: rules");
	refused("analyze -r a --require-negative", "belongs to: rules");
	refused("version -q", "-q is no option of davscope version");
	struct options o = good("rules test -R a --var x=1 --format json b --require-negative c");
	assert_ptr_equal(o.run, command_rules);
	assert_true(o.json && o.require_negative && !o.no_shipped);
	assert_int_equal(o.n_words, 3);
	assert_string_equal(o.words[0], "test");
	assert_string_equal(o.words[1], "b");
	assert_string_equal(o.words[2], "c");
	options_free(&o);
	o = good("rules");
	assert_int_equal(o.n_words, 0);
	options_free(&o);
	o = good("rules --no-shipped-rules check x --limit headers=12");
	assert_true(o.no_shipped && !o.json);
	assert_int_equal(o.limits.headers, 12);
	options_free(&o);
	o = good("machine profiles --profiles a.yaml --format json x --profiles b.yaml");
	assert_ptr_equal(o.run, command_machine);
	assert_true(o.json);
	assert_int_equal(o.n_profile_paths, 2);
	assert_string_equal(o.profile_paths[1], "b.yaml");
	assert_int_equal(o.n_words, 2);
	options_free(&o);
	o = good("machine play -w x.pcap s.yaml --client a --server b");
	assert_string_equal(o.slice_path, "x.pcap");
	assert_string_equal(o.client, "a");
	assert_string_equal(o.server, "b");
	assert_int_equal(o.n_words, 2);
	options_free(&o);
	refused("machine play s.yaml -w -", "-w: needs a file");
	refused("rules list --client x", "it belongs to: machine");
	refused("machine show -R x", "-R is no option of davscope machine");
	refused("machine profiles --profiles=", "--profiles: an empty file name");
	refused("rules list --profiles x", "it belongs to: analyze machine verify");
}

static void test_help(void **state)
{
	(void)state;
	static const struct {
		const char *line, *command;
		size_t words;
	} cases[] = {
		{ "-h", NULL, 0 },
		{ "-r a -q --help", NULL, 0 },
		{ "analyze --help", "analyze", 0 },
		{ "rules --help", "rules", 0 },
		{ "help rules", "help", 1 },
		{ "machine show --help", "machine", 0 },
		{ "help machine show", "help", 2 },
		{ "monitor --help", "monitor", 0 },
		{ "config check --help", "config", 0 },
		{ "help config check", "help", 2 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct options o = good(cases[i].line);
		assert_ptr_equal(o.run, command_help);
		assert_ptr_equal(o.command,
		    cases[i].command != NULL ? command_find(cases[i].command) : NULL);
		assert_int_equal(o.n_words, cases[i].words);
		options_free(&o);
	}
	refused("help frobnicate", "'frobnicate' is no command");
	refused("help rules analyze", "'analyze' is a word too many");
	refused("help config frobnicate", "'frobnicate' is a word too many");
}

static void test_conditions(void **state)
{
	(void)state;
	struct options o = good("-r a -Y http.request.method~==~\"PUT\" -R x.yaml -R dir "
				"--var window=5m --var=y=a=b --no-shipped-rules");
	assert_string_equal(o.filter, "http.request.method == \"PUT\"");
	assert_int_equal(o.n_rule_paths, 2);
	assert_string_equal(o.rule_paths[1], "dir");
	assert_int_equal(o.n_variables, 2);
	assert_string_equal(o.variables[1], "y=a=b");
	assert_true(o.no_shipped);
	assert_false(o.fail_on_given);
	options_free(&o);
	static const char *const levels[] = { "info", "low", "medium", "high", "critical" };
	for (unsigned i = 0; i < SEVERITIES; i++) {
		char line[40];
		snprintf(line, sizeof line, "-r a --fail-on %s", levels[i]);
		o = good(line);
		assert_true(o.fail_on_given);
		assert_int_equal(o.fail_on, i);
		options_free(&o);
	}
	refused("-r a -Y x -Y y", "-Y: the filter is given twice");
	refused("-r a --fail-on HIGH", "--fail-on: 'HIGH' is not info");
	refused("-r a --fail-on", "needs a value");
	refused("-r a --var window", "is not NAME=VALUE");
	refused("-r a --var =5m", "is not NAME=VALUE");
	refused("-r a --var", "needs a value");
	refused("-r a --format=", "--format is no option");
}

/* Decision: what is worse is the answer, and a damaged capture proves no health. */
static void test_codes(void **state)
{
	(void)state;
	static const int order[] = { EXIT_DONE, EXIT_FINDINGS, EXIT_INCOMPLETE, EXIT_INPUT,
		EXIT_OUTPUT, EXIT_USAGE, EXIT_INTERNAL };
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
			assert_int_equal(exit_worse(order[i], order[k]), order[i > k ? i : k]);
	assert_int_equal(exit_worse(1, 4), 4);
	assert_int_equal(exit_worse(5, 1), 5);
}

static void test_refused(void **state)
{
	(void)state;
	refused("-r a -x", "-x is no option");
	refused("-r a --frobnicate", "--frobnicate is no option");
	refused("-r", "-r needs a value");
	refused("-r a --since", "--since needs a value");
	refused("-r a --bodies=yes", "takes no value");
	refused("-r a -T xml", "text, json or fields");
	refused("-r a --color=sometimes", "auto, always or never");
	refused("-r a -k never", "off, auto or on");
	refused("--list everything", "limits, fields or anomalies");
	refused("-r a -T fields", "at least one -e");
	refused("-r a -e ts", "-e needs -T fields");
	refused("monitor -i eth0 -T fields", "-T fields is for captures");
	refused("-r a -T fields -e no.such.field", "no.such.field");
	refused("-r a -T fields -e flow.end -e http.response.status",
	    "no kind of record has all of these fields");
	refused("-r a --sensor=", "empty name");
	refused("-r a --limit nonsense=1", "nonsense");
	refused("-r a --limit headers=abc", "headers");
	refused("-r a --retry-window soon", "24h");
	refused("-r a --retry-window 0", "24h");
	refused("-r a -r b --follow", "--follow reads one file");
	refused("-r - --follow", "--follow reads one file");
	refused("-r a -w b --follow", "--follow has no end");
	refused("--follow", "nothing to read");
	struct options o = good("-r a --retry-window 90m --follow");
	assert_int_equal(o.limits.retry_window, 5400);
	assert_true(o.follow);
	options_free(&o);
	o = good("-r a --retry-window 600");
	assert_int_equal(o.limits.retry_window, 600);
	assert_false(o.follow);
	options_free(&o);
}

static void test_numbers(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"-c 0",
		"-c -1",
		"-c 1k",
		"-c 0x10",
		"-c 18446744073709551616",
		"-c ~1",
		"--workers 65",
		"--workers two",
		"--hash-seed -1",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char line[64];
		snprintf(line, sizeof line, "-r a %s", bad[i]);
		refused(line, "is no number that fits");
	}
	struct options o = good(
	    "-r a -c 18446744073709551615 --workers 0 --hash-seed 0 --limit headers=1K");
	assert_true(o.max_packets == UINT64_MAX);
	assert_int_equal(o.workers, 0);
	assert_true(o.seeded && o.seed == 0);
	assert_int_equal(o.limits.headers, 1024);
	options_free(&o);
}

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum bodies bodies;
	} cases[] = {
		{ "-r a", BODIES_FACTS },
		{ "-r a --bodies", BODIES_ALL },
		{ "-r a -T json", BODIES_ALL },
		{ "-r a -T fields -e ts", BODIES_FACTS },
		{ "-r a -T fields -e ts -e dav.response.href", BODIES_ALL },
		{ "-r a -T fields -e dav.property -e ts", BODIES_ALL },
		{ "-r a -T fields -e dav.tag -e http.response.body.bytes", BODIES_FACTS },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct options o = good(cases[i].line);
		assert_int_equal(o.bodies, cases[i].bodies);
		options_free(&o);
	}
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "2006-09-25", 1159142400000000000 },
		{ "2006-09-25T16:00:03Z", 1159200003000000000 },
		{ "2006-09-25 16:00:03.123456789Z", 1159200003123456789 },
		{ "2006-09-25T16:00:03.5Z", 1159200003500000000 },
		{ "2024-02-29", 1709164800000000000 },
		{ "0", 0 },
		{ "1159200003.25", 1159200003250000000 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t ns = -1;
		assert_true(when_parse(cases[i].text, &ns, NULL));
		assert_true(ns == cases[i].ns);
	}
}

static void test_no_times(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"2006-02-30",
		"2023-02-29",
		"2006-13-01",
		"2006-00-10",
		"2006-1-1",
		"2006-09-25T16:00:03",
		"2006-09-25T16:00:03+02:00",
		"2006-09-25T24:00:00Z",
		"2006-09-25T16:60:00Z",
		"2006-09-25T16:00:03.Z",
		"2006-09-25T16:00:03.1234567890Z",
		"2006-09-25T16:00:03Zz",
		"2006-09-25T",
		"2262-01-01",
		"-1",
		"1.",
		"1.x",
		"yesterday",
		"9223372037",
		"18446744073709551616",
		"1969-12-31",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int64_t ns = -1;
		struct error e = { "" };
		if (when_parse(bad[i], &ns, &e))
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(e.text, "is no time"));
	}
	refused("-r a --since 2006-09-26 --until 2006-09-26", "not before");
}

static void test_scrub(void **state)
{
	(void)state;
	struct options o = good("scrub /etc/hostname -o out.pcap --key 00 --limit scrub_body=1M");
	assert_ptr_equal(o.run, command_scrub);
	assert_int_equal(o.n_inputs, 1);
	assert_string_equal(o.output, "out.pcap");
	assert_string_equal(o.key, "00");
	assert_null(o.key_file);
	assert_int_equal(o.limits.scrub_body, 1 << 20);
	assert_int_equal(o.checksums, CHECKSUMS_AUTO);
	options_free(&o);
	o = good("scrub -o - --key-file k -k off no-such-file");
	assert_int_equal(o.checksums, CHECKSUMS_OFF);
	assert_string_equal(o.key_file, "k");
	options_free(&o);
	refused("scrub", "nothing to scrub");
	refused("scrub a", "-o");
	refused("scrub a -o", "-o");
	refused("scrub a b -o c", "one capture");
	refused("scrub - -o c", "twice");
	refused("scrub /dev/null -o c", "has to be a file");
	refused("scrub a -o c -r d", "belongs to: analyze");
	refused("-r a -o c", "belongs to: scrub");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_words_behind_r),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_options_of_commands),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_scrub),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_no_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
