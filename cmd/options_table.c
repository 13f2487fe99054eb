/*
 * options_table.c - every option: what it sets, which commands take it, and its line in --help.
 */
#include "cmd/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WORKERS_MAX = 64, WORDS_MAX = 64 };

bool option_word(const char *option, const char *value, const char *const *words, unsigned *index,
    struct error *e)
{
	char all[WORDS_MAX] = "";
	size_t used = 0;
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (strcmp(value, words[i]) == 0) {
			*index = i;
			return true;
		}
		const char *between = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", between, words[i]);
		ensure(used < sizeof all, NULL);
	}
	return error_set(e, "%s: '%.40s' is not %s", option, value, all);
}

bool option_number(const char *option, const char *value, uint64_t least, uint64_t most,
    uint64_t *out, struct error *e)
{
	if (slice_to_u64(slice_from(value), out) && *out >= least && *out <= most)
		return true;
	return error_set(e, "%s: '%.40s' is no number that fits", option, value);
}

/* A pipe gives its packets once; what counts in a directory are files. */
static bool reads_again(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

bool option_add_input(struct options *o, const char *path, struct error *e)
{
	bool from_stdin = strcmp(path, "-") == 0;
	if (from_stdin && o->from_stdin)
		return error_set(e, "-r -: standard input can be read only once");
	if (path[0] == '\0')
		return error_set(e, "-r: an empty file name");
	o->inputs[o->n_inputs++] = path;
	o->from_stdin = o->from_stdin || from_stdin;
	o->reads_once = o->reads_once || from_stdin || !reads_again(path);
	return true;
}

static bool set_bpf(struct options *o, const char *value, struct error *e)
{
	if (o->bpf != NULL)
		return error_set(e, "-f: the capture filter is given twice");
	o->bpf = strdup(value);
	return o->bpf != NULL || error_set(e, "out of memory");
}

static bool set_count(struct options *o, const char *value, struct error *e)
{
	return option_number("-c", value, 1, UINT64_MAX, &o->max_packets, e);
}

static bool set_since(struct options *o, const char *value, struct error *e)
{
	return when_parse(value, &o->since, e);
}

static bool set_until(struct options *o, const char *value, struct error *e)
{
	return when_parse(value, &o->until, e);
}

static bool set_format(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = {
		[REPORT_TEXT] = "text",
		[REPORT_JSON] = "json",
		[REPORT_FIELDS] = "fields",
		NULL,
	};
	unsigned i = 0;
	if (!option_word("-T", value, words, &i, e))
		return false;
	o->format = (enum report_format)i;
	return true;
}

static bool add_column(struct options *o, const char *value, struct error *e)
{
	if (!field_find(value, &o->columns[o->n_columns], e))
		return false;
	if (o->columns[o->n_columns++].field->deep)
		o->bodies = BODIES_ALL;
	return true;
}

static bool set_filter(struct options *o, const char *value, struct error *e)
{
	if (o->filter != NULL)
		return error_set(e, "-Y: the filter is given twice; join them by 'and'");
	o->filter = value;
	return true;
}

static bool set_fail_on(struct options *o, const char *value, struct error *e)
{
	o->fail_on_given = true;
	return severity_find(value, &o->fail_on) ||
	    error_set(e, "--fail-on: '%.40s' is not info, low, medium, high or critical", value);
}

static bool add_rules(struct options *o, const char *value, struct error *e)
{
	if (value[0] == '\0')
		return error_set(e, "-R: an empty file name");
	o->rule_paths[o->n_rule_paths++] = value;
	return true;
}

/* Whether a rule file has such a variable is seen when they are read. */
static bool add_variable(struct options *o, const char *value, struct error *e)
{
	if (value[0] == '=' || strchr(value, '=') == NULL)
		return error_set(e, "--var: '%.40s' is not NAME=VALUE", value);
	o->variables[o->n_variables++] = value;
	return true;
}

static bool add_profiles(struct options *o, const char *value, struct error *e)
{
	if (value[0] == '\0')
		return error_set(e, "--profiles: an empty file name");
	o->profile_paths[o->n_profile_paths++] = value;
	return true;
}

static bool set_profile(struct options *o, const char *value, struct error *e)
{
	o->profile = value;
	return value[0] != '\0' || error_set(e, "--profile: an empty name");
}

static bool set_capture(const char **path, const char *option, const char *value, struct error *e)
{
	if (*path != NULL)
		return error_set(e, "%s is given twice", option);
	*path = value;
	return value[0] != '\0' || error_set(e, "%s: an empty file name", option);
}

static bool set_before(struct options *o, const char *value, struct error *e)
{
	return set_capture(&o->before, "--before", value, e);
}

static bool set_after(struct options *o, const char *value, struct error *e)
{
	return set_capture(&o->after, "--after", value, e);
}

static bool set_client(struct options *o, const char *value, struct error *e)
{
	(void)e;
	o->client = value;
	return true;
}

static bool set_server(struct options *o, const char *value, struct error *e)
{
	(void)e;
	o->server = value;
	return true;
}

static bool set_no_shipped(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->no_shipped = true;
	return true;
}

static bool set_rules_format(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = { "text", "json", NULL };
	unsigned i = 0;
	if (!option_word("--format", value, words, &i, e))
		return false;
	o->json = i == 1;
	return true;
}

static bool set_require_negative(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->require_negative = true;
	return true;
}

static bool set_slice(struct options *o, const char *value, struct error *e)
{
	const char **path = o->live ? &o->ring_path : &o->slice_path;
	if (strcmp(value, "-") == 0 || value[0] == '\0')
		return error_set(e, "-w: needs a file; standard output is for the list");
	*path = value;
	return true;
}

static bool set_output(struct options *o, const char *value, struct error *e)
{
	o->output = value;
	return value[0] != '\0' || error_set(e, "-o: an empty file name");
}

static bool set_key(struct options *o, const char *value, struct error *e)
{
	(void)e;
	o->key = value;
	return true;
}

static bool set_key_file(struct options *o, const char *value, struct error *e)
{
	(void)e;
	o->key_file = value;
	return true;
}

static bool set_follow(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->follow = true;
	return true;
}

static bool set_quiet(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->quiet = true;
	return true;
}

static bool set_explain(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->explain = true;
	return true;
}

/* "24h", "90m"; a number alone is seconds. */
static bool set_retry_window(struct options *o, const char *value, struct error *e)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	struct slice text = slice_from(value);
	uint64_t scale = 1, n = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (text.n > 1 && text.p[text.n - 1] == units[i].unit) {
			scale = units[i].seconds;
			text.n--;
			break;
		}
	if (!slice_to_u64(text, &n) || n == 0 || n > INT32_MAX / scale)
		return error_set(e, "a time like 24h, 90m or 600s is wanted");
	o->limits.retry_window = n * scale;
	return true;
}

/* -n: names are never looked up; taken because hands trained on tcpdump type it. */
static bool set_nothing(struct options *o, const char *value, struct error *e)
{
	(void)o, (void)value, (void)e;
	return true;
}

static bool set_bodies(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->bodies = BODIES_ALL;
	return true;
}

static bool set_checksums(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = {
		[CHECKSUMS_OFF] = "off",
		[CHECKSUMS_AUTO] = "auto",
		[CHECKSUMS_ON] = "on",
		NULL,
	};
	unsigned i = 0;
	if (!option_word("-k", value, words, &i, e))
		return false;
	o->checksums = (enum checksums)i;
	return true;
}

static bool set_color(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
		NULL,
	};
	unsigned i = 0;
	if (!option_word("--color", value, words, &i, e))
		return false;
	o->color = (enum color_choice)i;
	return true;
}

static bool set_local_time(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->local_time = true;
	return true;
}

static bool set_sensor(struct options *o, const char *value, struct error *e)
{
	o->sensor = value;
	return value[0] != '\0' || error_set(e, "--sensor: an empty name");
}

static bool set_workers(struct options *o, const char *value, struct error *e)
{
	uint64_t n = 0;
	if (!option_number("--workers", value, 0, WORKERS_MAX, &n, e))
		return false;
	o->workers = (unsigned)n;
	return true;
}

static bool set_limit(struct options *o, const char *value, struct error *e)
{
	return limits_set(&o->limits, value, e);
}

static bool set_seed(struct options *o, const char *value, struct error *e)
{
	o->seeded = true;
	return option_number("--hash-seed", value, 0, UINT64_MAX, &o->seed, e);
}

static bool set_list(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = {
		[LIST_LIMITS] = "limits",
		[LIST_FIELDS] = "fields",
		[LIST_ANOMALIES] = "anomalies",
		NULL,
	};
	unsigned i = 0;
	if (!option_word("--list", value, words, &i, e))
		return false;
	o->list = (enum list_topic)i;
	o->run = command_list;
	return true;
}

static bool set_help(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->run = command_help;
	return true;
}

static bool set_version(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->run = command_version;
	return true;
}

/* ---- the table ---- */

#define ANALYZE "analyze"
#define RULES "rules"
#define BOTH "analyze monitor rules"
#define SCRUB "scrub"
#define READERS "analyze monitor rules scrub"
#define MACHINE "machine"
#define VERIFY "verify"
#define MONITOR "monitor"
#define CAPTURE "capture"
#define LIVE "monitor capture"
#define KEPT "monitor state"

static const struct option_info table[] = {
	{ 'r', true, NULL, "FILE", option_add_input, ANALYZE,
	    "a capture, packed too, - = stdin, a directory; repeatable" },
	{ 'i', true, NULL, "IFACE", option_add_interface, LIVE,
	    "an interface, or any; repeatable; davscope -i is davscope monitor" },
	{ 'D', false, "list-interfaces", NULL, option_set_list_interfaces, LIVE,
	    "print the interfaces and end" },
	{ 'f', true, NULL, "FILTER", set_bpf, ANALYZE " " LIVE,
	    "capture filter, pcap-filter(7); also as the last words" },
	{ 'Y', true, NULL, "CONDITION", set_filter, ANALYZE " " MONITOR,
	    "show what matches: 'http.request.method == \"PUT\"'" },
	{ 'k', false, NULL, "MODE", set_checksums, READERS " " MACHINE " " VERIFY,
	    "wrong checksums: auto (default), on = never read, off = not looked at" },
	{ 'c', false, NULL, "N", set_count, ANALYZE " " LIVE, "stop after N packets" },
	{ 0, false, "follow", NULL, set_follow, ANALYZE,
	    "wait for more of a growing file, and for those behind it" },
	{ 0, false, "since", "TIME", set_since, ANALYZE,
	    "packets from TIME on: 2006-09-25[T16:00:00Z] or epoch seconds" },
	{ 0, false, "until", "TIME", set_until, ANALYZE, "packets before TIME" },
	{ 'T', true, NULL, "FORMAT", set_format, ANALYZE " " MONITOR,
	    "text (default), json (a line a record) or fields (TSV)" },
	{ 'e', true, NULL, "FIELD", add_column, ANALYZE,
	    "a column of -T fields; repeatable; see rules fields" },
	{ 'w', true, NULL, "FILE", set_slice, ANALYZE " " LIVE " " MACHINE,
	    "write packets: of flows with transactions, -Y: of matches; live: all" },
	{ 'C', false, NULL, "SIZE", option_set_ring_bytes, LIVE,
	    "a new file of -w after SIZE: 500M" },
	{ 'G', false, NULL, "SECONDS", option_set_ring_seconds, LIVE,
	    "a new file of -w after SECONDS" },
	{ 'W', false, NULL, "N", option_set_ring_files, LIVE, "keep the last N files of -w" },
	{ 0, false, "keep-free", "SHARE", option_set_keep_free, LIVE,
	    "oldest files of -w go before less is free: 10%, 5G" },
	{ 0, false, "pin-on", "LEVEL", option_set_pin_on, MONITOR,
	    "files of -w with findings of LEVEL or above stay" },
	{ 'B', false, NULL, "SIZE", option_set_buffer, LIVE,
	    "the kernel's buffer, each interface: 64M" },
	{ 's', false, NULL, "BYTES", option_set_snaplen, LIVE,
	    "of each packet at most; 0 = 262144" },
	{ 'p', false, NULL, NULL, option_set_no_promiscuous, LIVE, "not in promiscuous mode" },
	{ 0, false, "fanout", "N", option_set_fanout, LIVE,
	    "read each interface by N handles, packets dealt out by flow" },
	{ 'Z', false, NULL, "USER", option_set_user, LIVE,
	    "become USER when the interfaces are open" },
	{ 0, false, "sandbox", "MODE", option_set_sandbox, ANALYZE " " SCRUB " " LIVE,
	    "auto (default), require or off: rights given up" },
	{ 0, false, "config", "FILE", option_set_config, MONITOR, "where alerts go, and the rest" },
	{ 0, false, "state", "DIR", option_set_state, KEPT, "remember over restarts, in DIR" },
	{ 0, false, "metrics", "ADDR:PORT", option_set_metrics, MONITOR,
	    "serve /metrics and /healthz" },
	{ 0, false, "exec", "PROGRAM", option_add_program, MONITOR,
	    "run PROGRAM for a finding, JSON on its stdin; repeatable" },
	{ 0, false, "require-sink", NULL, option_set_require_sinks, MONITOR,
	    "exit 5 when a sink cannot be reached at start" },
	{ 'q', true, NULL, NULL, set_quiet, ANALYZE " " MONITOR,
	    "no line a transaction, only findings and the summary" },
	{ 0, false, "explain", NULL, set_explain, ANALYZE,
	    "also what looked like a copy and is none, and what is one attempt" },
	{ 0, false, "retry-window", "TIME", set_retry_window, ANALYZE " " MONITOR,
	    "how far apart two creates that only look alike are one (24h)" },
	{ 'R', true, NULL, "PATH", add_rules, BOTH,
	    "rules: a file, or the *.yaml of a directory; repeatable" },
	{ 0, false, "var", "NAME=VALUE", add_variable, BOTH,
	    "a variable of the rules; repeatable" },
	{ 0, false, "no-shipped-rules", NULL, set_no_shipped, BOTH, "only the rules of -R" },
	{ 0, true, "fail-on", "LEVEL", set_fail_on, ANALYZE " " MONITOR,
	    "exit 1 on findings: info, low, medium, high, critical" },
	{ 0, false, "before", "FILE", set_before, VERIFY, "the capture that shows the fault" },
	{ 0, false, "after", "FILE", set_after, VERIFY, "the capture from after the fix" },
	{ 0, false, "profile", "NAME", set_profile, MACHINE " " VERIFY,
	    "the profile that a client is held against" },
	{ 0, false, "profiles", "FILE", add_profiles, "analyze " MACHINE " " VERIFY,
	    "more profiles of clients and servers; repeatable" },
	{ 0, false, "client", "NAME", set_client, MACHINE,
	    "play: another client profile than the scenario's" },
	{ 0, false, "server", "NAME", set_server, MACHINE,
	    "play: another server profile than the scenario's" },
	{ 0, false, "format", "FORMAT", set_rules_format, RULES " " MACHINE " " VERIFY " config",
	    "text (default) or json" },
	{ 0, false, "require-negative", NULL, set_require_negative, RULES,
	    "test: a rule without a test that expects silence fails" },
	{ 'n', false, NULL, NULL, set_nothing, ANALYZE " " MONITOR,
	    "do not look up names (it never does)" },
	{ 0, false, "bodies", NULL, set_bodies, ANALYZE " " MONITOR,
	    "parse every XML body whole; json does anyway" },
	{ 0, false, "color", "WHEN", set_color, ANALYZE " " MONITOR,
	    "auto (default), always or never" },
	{ 0, false, "local-time", NULL, set_local_time, ANALYZE " " MONITOR,
	    "local instead of UTC in the list" },
	{ 0, false, "sensor", "NAME", set_sensor, ANALYZE " " LIVE, "put NAME into JSON records" },
	{ 0, false, "workers", "N", set_workers, BOTH " " MACHINE " " VERIFY,
	    "decoding threads; 0 = none; the output is the same" },
	{ 'o', false, NULL, "FILE", set_output, SCRUB,
	    "write FILE: pcap when it ends in .pcap, else pcapng; - = stdout" },
	{ 0, false, "key", "HEX", set_key, SCRUB,
	    "32 digits: the same key gives the same names; else a random one" },
	{ 0, false, "key-file", "FILE", set_key_file, SCRUB, "a file that holds the key" },
	{ 0, false, "limit", "NAME=VALUE", set_limit, READERS " " MACHINE " " VERIFY,
	    "change a limit; repeatable; see --list limits" },
	{ 0, false, "list", "WHAT", set_list, ANALYZE,
	    "limits, fields or anomalies: print the table" },
	{ 0, false, "hash-seed", "N", set_seed, BOTH " " MACHINE " " VERIFY,
	    "fixed seed of the hash tables, to reproduce a run" },
	{ 'h', false, "help", NULL, set_help, NULL, "print this page" },
	{ 'V', false, "version", NULL, set_version, NULL,
	    "print the version and what it was built with" },
};
_Static_assert(sizeof table / sizeof table[0] <= OPTIONS_MAX, "room for getopt");

const struct option_info *options_table(size_t *n)
{
	*n = sizeof table / sizeof table[0];
	return table;
}
