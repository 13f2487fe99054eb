/*
 * test_config.c - cmd/config*.c: what a configuration becomes, and mistakes with their places.
 */
#include "cmd/config_read.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct reading {
	struct complaints *complaints;
	struct config *config;
	struct error error;
};

static struct reading read_text(const char *text, bool others_read)
{
	size_t n = strlen(text);
	struct reading r = { .complaints = complaints_new() };
	r.config = config_read("c.yaml", (struct slice){ guard_copy(text, n), n }, others_read,
	    r.complaints, &r.error);
	return r;
}

static void reading_free(struct reading *r)
{
	config_free(r->config);
	complaints_free(r->complaints);
}

static struct reading read_good(const char *text)
{
	struct reading r = read_text(text, false);
	size_t n = 0;
	const struct complaint *all = complaints_sorted(r.complaints, &n);
	if (n != 0)
		fail_msg("%zu:%zu: %s", all[0].line, all[0].column, all[0].text);
	assert_non_null(r.config);
	return r;
}

static void test_nothing(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "# only a comment\n", "{}",
		"monitor:\nring:\nalerts:\n", "monitor: {}\nalerts: []\n" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct reading r = read_good(texts[i]);
		assert_int_equal(r.config->n_sinks, 0);
		assert_null(r.config->ring.path);
		assert_null(r.config->filter);
		assert_string_equal(r.config->path, "c.yaml");
		reading_free(&r);
	}
}

static void test_monitor(void **state)
{
	(void)state;
	struct reading r = read_good(
	    "monitor:\n"
	    "  filter: >\n    tcp port 80\n    or tcp port 81\n"
	    "  sensor: edge\n  user: davscope\n  buffer: 256M\n"
	    "  snaplen: 65535\n  metrics: \"[::1]:9920/metrics\"\n"
	    "  state: /var/lib/davscope/x\n  rules: [/etc/a.yaml, /etc/b]\n"
	    "  variables: {window: 1h, n: 3}\n"
	    "  limits: {items_known: 1K}\n");
	const struct config *c = r.config;
	assert_string_equal(c->filter, "tcp port 80 or tcp port 81");
	assert_int_equal(c->filter_start.line, 2);
	assert_int_equal(c->filter_start.column, 11);
	assert_string_equal(c->sensor, "edge");
	assert_string_equal(c->user, "davscope");
	assert_int_equal(c->buffer, 256 << 20);
	assert_int_equal(c->snaplen, 65535);
	assert_string_equal(c->metrics, "[::1]:9920/metrics");
	assert_string_equal(c->state, "/var/lib/davscope/x");
	assert_int_equal(c->n_rules, 2);
	assert_string_equal(c->rules[1], "/etc/b");
	assert_int_equal(c->n_variables, 2);
	assert_string_equal(c->variables[0], "window=1h");
	assert_int_equal(c->n_limits, 1);
	assert_string_equal(c->limits[0], "items_known=1K");
	reading_free(&r);
}

static void test_ring(void **state)
{
	(void)state;
	struct reading r = read_good("ring: {path: /r/r.pcapng, size: 1G, seconds: 60, files: 20,\n"
				     "  keep-free: 10%, pin-on: high}\n");
	assert_string_equal(r.config->ring.path, "/r/r.pcapng");
	assert_true(r.config->ring.bytes == UINT64_C(1) << 30);
	assert_int_equal(r.config->ring.seconds, 60);
	assert_int_equal(r.config->ring.files, 20);
	assert_int_equal(r.config->ring.keep_free_percent, 10);
	assert_int_equal(r.config->ring.keep_free_bytes, 0);
	assert_true(r.config->ring.pins);
	assert_int_equal(r.config->ring.pin_on, SEVERITY_HIGH);
	reading_free(&r);
	r = read_good("ring: {path: /r/r.pcapng, keep-free: 5K}\n");
	assert_int_equal(r.config->ring.keep_free_percent, 0);
	assert_int_equal(r.config->ring.keep_free_bytes, 5120);
	assert_false(r.config->ring.pins);
	reading_free(&r);
}

static void test_alerts(void **state)
{
	(void)state;
	struct reading r = read_good(
	    "alerts:\n"
	    "- {name: f, to: file, path: /f, records: all, least: medium, required: true}\n"
	    "- {name: o, to: stdout, records: [item, finding]}\n"
	    "- {name: l, to: syslog}\n"
	    "- {name: u, to: syslog, host: h.example, facility: daemon}\n"
	    "- {name: t, to: syslog, host: h, port: 601, transport: tcp, facility: local0}\n"
	    "- {name: j, to: journal}\n"
	    "- {name: s, to: socket, path: /s}\n"
	    "- {name: d, to: socket, path: /s, mode: datagram}\n"
	    "- {name: w, to: webhook, url: \"https://h.example/a?b=c\", timeout: 500ms,\n"
	    "   headers: {Authorization: Bearer x, X-A: \"1\"}}\n"
	    "- {name: p, to: program, program: [/bin/p, -a, \"\", b], timeout: 2m}\n");
	const struct sink_config *s = r.config->sinks;
	assert_int_equal(r.config->n_sinks, 10);
	assert_int_equal(s[0].kind, SINK_FILE);
	assert_string_equal(s[0].name, "f");
	assert_string_equal(s[0].path, "/f");
	assert_int_equal(s[0].kinds, (1u << EVENT_KINDS) - 1);
	assert_int_equal(s[0].least, SEVERITY_MEDIUM);
	assert_true(s[0].required);
	assert_int_equal(s[1].kinds, 1u << EVENT_ITEM | 1u << EVENT_FINDING);
	assert_false(s[1].required);
	assert_string_equal(s[2].path, "/dev/log");
	assert_null(s[2].host);
	assert_true(s[2].datagram);
	assert_int_equal(s[2].facility, 21);
	assert_int_equal(s[2].kinds, 1u << EVENT_FINDING);
	assert_int_equal(s[2].least, SEVERITY_INFO);
	assert_string_equal(s[3].host, "h.example");
	assert_string_equal(s[3].port, "514");
	assert_false(s[3].tcp);
	assert_int_equal(s[3].facility, 3);
	assert_string_equal(s[4].port, "601");
	assert_true(s[4].tcp);
	assert_int_equal(s[4].facility, 16);
	assert_false(s[6].datagram);
	assert_true(s[7].datagram);
	assert_string_equal(s[8].url, "https://h.example/a?b=c");
	assert_string_equal(s[8].headers[0], "Authorization: Bearer x");
	assert_string_equal(s[8].headers[1], "X-A: 1");
	assert_null(s[8].headers[2]);
	assert_int_equal(s[8].timeout_ms, 500);
	assert_int_equal(s[3].timeout_ms, 0);
	assert_string_equal(s[9].path, "/bin/p");
	assert_string_equal(s[9].arguments[0], "-a");
	assert_string_equal(s[9].arguments[1], "");
	assert_string_equal(s[9].arguments[2], "b");
	assert_null(s[9].arguments[3]);
	assert_int_equal(s[9].timeout_ms, 120000);
	reading_free(&r);
}

#define M "monitor: "
#define R "ring: {path: /r, "
#define A "alerts:\n- {name: a, to: "
#define HOOK A "webhook, url: "

static const struct mistake {
	const char *text, *code;
	size_t line, column;
	const char *says, *hint; /* NULL: none */
} mistakes[] = {
	{ "a: [", "E0001", 1, 5, "", NULL },
	{ "a: \x80", "E0003", 1, 4, "", NULL },
	{ "a: &b c", "E0004", 1, 4, "", NULL },
	{ "a: !b c", "E0005", 1, 4, "", NULL },
	{ "ring:\nring:", "E0007", 2, 1, "", NULL },
	{ "a: b\n---\nc: d", "E0008", 2, 1, "", NULL },
	{ "[[[[[[[[[[[[1]]]]]]]]]]]]", "E0009", 1, 9, "", NULL },
	{ "- a", "E0011", 1, 1, "is a map", NULL },
	{ "a text", "E0011", 1, 1, "is a map", NULL },
	{ "monitro: {}", "E0014", 1, 1, "no key monitro", "did you mean monitor?" },
	{ M "{sensors: a}", "E0014", 1, 11, "no key sensors", "did you mean sensor?" },
	{ M "[]", "E0016", 1, 10, "monitor must be a map, not a list", NULL },
	{ M "{filter: }", "E0016", 1, 19, "and here is nothing", NULL },
	{ M "{filter: {}}", "E0016", 1, 19, "filter must be a text, not a map", NULL },
	{ M "{user: \"\\n\"}", "E0016", 1, 17, "user is empty", NULL },
	{ M "{user: \"a\\eb\"}", "E0018", 1, 17, "control character", NULL },
	{ M "{sensor: a/b}", "E0018", 1, 19, "without /", NULL },
	{ M "{buffer: 64}", "E0601", 1, 19, "needs a unit", NULL },
	{ M "{buffer: M}", "E0601", 1, 19, "is a size, not \"M\"", "write it as 64M" },
	{ M "{buffer: 0M}", "E0601", 1, 19, "is a size", NULL },
	{ M "{buffer: 2G}", "E0601", 1, 19, "at most 2047M", NULL },
	{ M "{snaplen: 2147483648}", "E0602", 1, 20, "from 0 to 2147483647", NULL },
	{ M "{snaplen: x}", "E0602", 1, 20, "not \"x\"", NULL },
	{ M "{metrics: 9920}", "E0607", 1, 20, "not \"9920\"", "127.0.0.1:9920" },
	{ M "{metrics: \":9920\"}", "E0607", 1, 20, "", NULL },
	{ M "{metrics: \"::1:9920\"}", "E0607", 1, 20, "", NULL },
	{ M "{metrics: \"[::1:9920\"}", "E0607", 1, 20, "", NULL },
	{ M "{metrics: \"here:80\"}", "E0607", 1, 20, "", NULL },
	{ M "{metrics: \"localhost:0\"}", "E0607", 1, 20, "", NULL },
	{ M "{metrics: \"localhost:65536/m\"}", "E0607", 1, 20, "", NULL },
	{ M "{state: lib}", "E0603", 1, 18, "not \"lib\"", NULL },
	{ M "{rules: /a}", "E0016", 1, 18, "rules must be a list", NULL },
	{ M "{rules: [/a, b]}", "E0603", 1, 23, "not \"b\"", NULL },
	{ M "{variables: {a=b: c}}", "E0018", 1, 23, "\"a=b\"", NULL },
	{ M "{variables: {a: [c]}}", "E0016", 1, 26, "a variable must be a text", NULL },
	{ M "{limits: {flow: 3}}", "E0608", 1, 26, "\"flow\"", NULL },
	{ M "{limits: {flows: 3}}", "E0608", 1, 19, "at least 64", NULL },
	{ M "{limits: {flows: x}}", "E0608", 1, 27, "not a number", NULL },
	{ "ring: {size: 1M}", "E0015", 1, 7, "ring needs the key path", NULL },
	{ R "size: 1}", "E0601", 1, 24, "needs a unit", NULL },
	{ R "files: 0}", "E0602", 1, 25, "from 1 to 65000", NULL },
	{ R "seconds: 0}", "E0602", 1, 27, "from 1", NULL },
	{ R "keep-free: 0%}", "E0602", 1, 29, "from 1% to 99%", NULL },
	{ R "keep-free: 100%}", "E0602", 1, 29, "not \"100%\"", NULL },
	{ R "keep-free: 10}", "E0601", 1, 29, "needs a unit", NULL },
	{ R "pin-on: hihg}", "E0017", 1, 26, "pin-on cannot be", "did you mean high?" },
	{ "alerts: {}", "E0016", 1, 9, "alerts must be a list, not a map", NULL },
	{ "alerts:\n- x", "E0016", 2, 3, "an alert must be a map", NULL },
	{ "alerts:\n- {to: journal}", "E0015", 2, 3, "needs the key name", NULL },
	{ "alerts:\n- {name: a}", "E0015", 2, 3, "needs the key to", NULL },
	{ "alerts:\n- {name: -a, to: journal}", "E0018", 2, 10, "\"-a\"", NULL },
	{ "alerts:\n- {name: a/b, to: journal}", "E0018", 2, 10, "\"a/b\"", NULL },
	{ A "journal}\n- {name: a, to: syslog}", "E0019", 3, 10, "an alert a already", NULL },
	{ "alerts:\n- {name: stdout, to: journal}", "E0019", 2, 10, "called stdout", NULL },
	{ A "fiel}", "E0017", 2, 17, "to cannot be \"fiel\"", "did you mean file?" },
	{ A "file}", "E0015", 2, 3, "needs the key path", NULL },
	{ A "file, path: f}", "E0603", 2, 29, "not \"f\"", NULL },
	{ A "file, path: /f, url: x}", "E0605", 2, 33, "to file has no key url", "to: webhook" },
	{ A "file, path: /f}\n- {name: b, to: file, path: /f}", "E0609", 3, 17,
	    "writes there already", NULL },
	{ A "stdout}\n- {name: b, to: stdout}", "E0609", 3, 17, "writes there already", NULL },
	{ A "journal, records: some}", "E0017", 2, 35, "records cannot be", "findings, all" },
	{ A "journal, records: []}", "E0016", 2, 35, "an empty list", NULL },
	{ A "journal, records: [itme]}", "E0017", 2, 36, "a record cannot be", "mean item?" },
	{ A "journal, records: [item, item]}", "E0310", 2, 42, "twice", NULL },
	{ A "journal, records: [item], least: low}", "E0609", 2, 43, "records has none", NULL },
	{ A "journal, least: bad}", "E0017", 2, 33, "least cannot be", "info, low" },
	{ A "journal, required: yes}", "E0016", 2, 36, "true or false", NULL },
	{ A "syslog, facility: local8}", "E0017", 2, 35, "cannot be", "did you mean" },
	{ A "syslog, transport: tls}", "E0017", 2, 36, "cannot be \"tls\"", "tcp" },
	{ A "syslog, transport: tcp}", "E0015", 2, 3, "needs the key host", NULL },
	{ A "syslog, port: 514}", "E0015", 2, 3, "needs the key host", NULL },
	{ A "syslog, host: h, port: 0}", "E0602", 2, 40, "not \"0\"", NULL },
	{ A "syslog, host: h, path: /p}", "E0609", 2, 34, "transport: udp", NULL },
	{ A "syslog, host: h, transport: local}", "E0609", 2, 25, "transport: local", NULL },
	{ A "socket, path: /s, mode: packet}", "E0017", 2, 41, "cannot be", "stream, datagram" },
	{ A "webhook}", "E0015", 2, 3, "needs the key url", NULL },
	{ HOOK "\"ftp://h/\"}", "E0604", 2, 31, "no URL", "https://" },
	{ HOOK "\"https://u:p@h/\"}", "E0604", 2, 31, "no credentials", "Authorization" },
	{ HOOK "\"http://10.0.0.1/\"}", "E0604", 2, 31, "on the way", "insecure: true" },
	{ HOOK "\"https://h\", records: all}", "E0605", 2, 44, "no key records", "file, stdout" },
	{ HOOK "\"https://h\", headers: {Host: x}}", "E0606", 2, 54, "Host", NULL },
	{ HOOK "\"https://h\", headers: {\"a b\": x}}", "E0606", 2, 54, "a b", NULL },
	{ HOOK "\"https://h\", headers: {A: \"x\\r\\nB: y\"}}", "E0018", 2, 57, "line break",
	    NULL },
	{ HOOK "\"https://h\", timeout: 10}", "E0302", 2, 53, "not \"10\"", "10s or 500ms" },
	{ HOOK "\"https://h\", timeout: 0s}", "E0602", 2, 53, "at most 600s", NULL },
	{ HOOK "\"https://h\", timeout: 11m}", "E0602", 2, 53, "at most 600s", NULL },
	{ A "program, program: []}", "E0016", 2, 35, "an empty list", NULL },
	{ A "program, program: [p]}", "E0603", 2, 36, "not \"p\"", NULL },
	{ A "program, program: [/p, {}]}", "E0016", 2, 40, "an argument must be a text", NULL },
	{ A "program, program: /p}", "E0016", 2, 35, "program must be a list", NULL },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		const struct mistake *m = &mistakes[i];
		struct reading r = read_text(m->text, false);
		size_t n = 0;
		const struct complaint *c = complaints_sorted(r.complaints, &n);
		if (n != 1 || r.config != NULL)
			fail_msg("%s: %zu complaints", m->text, n);
		if (strcmp(c->code, m->code) != 0 || c->line != m->line || c->column != m->column)
			fail_msg("%s: %s at %zu:%zu: %s", m->text, c->code, c->line, c->column,
			    c->text);
		if (strstr(c->text, m->says) == NULL)
			fail_msg("%s: %s", m->text, c->text);
		if (m->hint != NULL && strstr(c->hint, m->hint) == NULL)
			fail_msg("%s: hint: %s", m->text, c->hint);
		assert_string_equal(c->file, "c.yaml");
		assert_string_equal(r.error.text, "");
		reading_free(&r);
	}
}

/* One mistake does not hide the next. */
static void test_all_are_told(void **state)
{
	(void)state;
	struct reading r = read_text("monitor: {bufer: 1, state: x}\nring: {}\n"
				     "alerts:\n- {to: file, least: x}\n- {name: b, to: y}\n",
	    false);
	size_t n = 0;
	complaints_sorted(r.complaints, &n);
	assert_int_equal(n, 7);
	reading_free(&r);
}

/* ---- where web hooks go ---- */

static void test_urls(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		enum url_fault fault;
	} cases[] = {
		{ "https://h", URL_GOOD },
		{ "HTTPS://h.example:8443/a/b?c=d", URL_GOOD },
		{ "https://h/#a", URL_MALFORMED },
		{ "https://[2001:db8::1]:1/", URL_GOOD },
		{ "http://localhost:80/x", URL_GOOD },
		{ "http://127.1.2.3/x", URL_GOOD },
		{ "http://[::1]/x", URL_GOOD },
		{ "http://127.0.0.1.example/x", URL_PLAIN },
		{ "http://localhost.example/x", URL_PLAIN },
		{ "http://127.1/x", URL_PLAIN },
		{ "http://[::2]/x", URL_PLAIN },
		{ "http://[127.0.0.1]/x", URL_GOOD },
		{ "http://localhost@example/x", URL_CREDENTIALS },
		{ "http://localhost\\@example/x", URL_CREDENTIALS },
		{ "https://u:p@h", URL_CREDENTIALS },
		{ "https://", URL_MALFORMED },
		{ "https:///x", URL_MALFORMED },
		{ "https://:80/x", URL_MALFORMED },
		{ "https://h:/x", URL_MALFORMED },
		{ "https://h:99999/x", URL_MALFORMED },
		{ "https://h:8x/x", URL_MALFORMED },
		{ "https://[::1/x", URL_MALFORMED },
		{ "https://[::1]x/x", URL_MALFORMED },
		{ "https://h/a b", URL_MALFORMED },
		{ "https://h/\"", URL_MALFORMED },
		{ "https://h\\x", URL_MALFORMED },
		{ "h/x", URL_MALFORMED },
		{ "", URL_MALFORMED },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = strlen(cases[i].url);
		enum url_fault fault = url_check((struct slice){ guard_copy(cases[i].url, n), n });
		if (fault != cases[i].fault)
			fail_msg("%s: %d", cases[i].url, fault);
	}
	assert_true(slice_is(url_origin(SLICE("https://h:1/secret?x")), "https://h:1"));
	assert_true(slice_is(url_origin(SLICE("https://h?x")), "https://h"));
}

static void test_insecure(void **state)
{
	(void)state;
	struct reading r = read_good(HOOK "\"http://10.0.0.1/\", insecure: true}\n");
	assert_true(r.config->sinks[0].insecure);
	assert_int_equal(r.config->sinks[0].timeout_ms, 0);
	assert_string_equal(r.config->sinks[0].url, "http://10.0.0.1/");
	reading_free(&r);
}

/* A warning does not keep the file from being used. */
static void test_secrets(void **state)
{
	(void)state;
	static const char text[] = HOOK
	    "\"https://h\", headers: {X-A: b, x-API-Key: s3cr3t, Authorization: t}}";
	struct reading r = read_text(text, true);
	size_t n = 0;
	const struct complaint *c = complaints_sorted(r.complaints, &n);
	assert_non_null(r.config);
	assert_int_equal(n, 2);
	assert_string_equal(c[0].code, "W0601");
	assert_int_equal(c[0].column, 62);
	assert_null(strstr(c[0].text, "s3cr3t"));
	reading_free(&r);
	r = read_good(text);
	reading_free(&r);
}

/* ---- bounds ---- */

static void test_many_alerts(void **state)
{
	(void)state;
	char text[8192] = "alerts:\n";
	const unsigned most = (unsigned)limits_default().config_alerts;
	for (unsigned i = 0; i < most; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text),
		    "- {name: n%u, to: journal}\n", i);
	struct reading r = read_good(text);
	assert_int_equal(r.config->n_sinks, most);
	reading_free(&r);
	snprintf(text + strlen(text), sizeof text - strlen(text), "- {name: last, to: journal}\n");
	r = read_text(text, false);
	size_t n = 0;
	const struct complaint *c = complaints_sorted(r.complaints, &n);
	assert_int_equal(n, 1);
	assert_string_equal(c->code, "E0024");
	assert_int_equal(c->line, 66);
	reading_free(&r);
}

static void test_memory(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	size_t n = (size_t)limits.config_file, used = strlen("alerts: [");
	char *text = malloc(n + 1);
	memcpy(text, "alerts: [", used);
	for (; used + 4 < n; used += 3)
		memcpy(text + used, "[],", 3);
	memcpy(text + used, "]", 2);
	struct reading r = read_text(text, false);
	assert_null(r.config);
	assert_true(complaints_errors(r.complaints) != 0);
	reading_free(&r);
	free(text);
}

/* ---- files ---- */

static char *file_write(const char *text, size_t n, mode_t mode)
{
	char *path = strdup("/tmp/davscope-config-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, text, n) == (ssize_t)n && fchmod(fd, mode) == 0);
	close(fd);
	return path;
}

static void test_files(void **state)
{
	(void)state;
	static const char text[] = HOOK "\"https://h\", headers: {Cookie: x}}";
	struct error e;
	struct complaints *complaints = complaints_new();
	char *path = file_write(text, strlen(text), 0640);
	struct config *c = config_load(path, complaints, &e);
	assert_non_null(c);
	assert_string_equal(c->path, path);
	config_free(c);
	size_t n = 0;
	complaints_sorted(complaints, &n);
	assert_int_equal(n, 0);
	assert_int_equal(chmod(path, 0644), 0);
	config_free(config_load(path, complaints, &e));
	complaints_sorted(complaints, &n);
	assert_int_equal(n, 1);
	unlink(path);
	assert_null(config_load(path, complaints, &e));
	assert_non_null(strstr(e.text, "No such file"));
	assert_null(config_load("/tmp", complaints, &e));
	assert_non_null(strstr(e.text, "no regular file"));
	assert_int_equal(complaints_errors(complaints), 0);
	free(path);
	complaints_free(complaints);
}

static void test_long_file(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	size_t n = (size_t)limits.config_file;
	char *text = malloc(n + 1);
	memset(text, '#', n + 1);
	for (size_t more = 0; more < 2; more++) {
		struct error e;
		struct complaints *complaints = complaints_new();
		char *path = file_write(text, n + more, 0600);
		struct config *c = config_load(path, complaints, &e);
		assert_int_equal(c != NULL, more == 0);
		if (c == NULL)
			assert_non_null(strstr(e.text, "config_file"));
		config_free(c);
		complaints_free(complaints);
		unlink(path);
		free(path);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_all_are_told),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_insecure),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_many_alerts),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_long_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
