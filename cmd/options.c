/*
 * options.c - the option table, reading the command line by it, and printing it for --help.
 */
#include "cmd/cmd.h"

#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORKERS_MAX = 64, WORKERS_DEFAULT_MAX = 4, LONG_ONLY = 256, HELP_COLUMN = 22 };

/* ---- one function an option ---- */

static bool is_one_of(const char *text, const char *const *words, size_t n, unsigned *index)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool to_number(const char *option, const char *value, uint64_t least, uint64_t most,
    uint64_t *out, struct error *e)
{
	if (slice_to_u64(slice_from(value), out) && *out >= least && *out <= most)
		return true;
	return error_set(e, "%s: '%.40s' is no number that fits", option, value);
}

/* A pipe gives its packets once. */
static bool is_regular(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool add_input(struct options *o, const char *path, struct error *e)
{
	bool from_stdin = strcmp(path, "-") == 0;
	if (from_stdin && o->from_stdin)
		return error_set(e, "-r -: standard input can be read only once");
	if (path[0] == '\0')
		return error_set(e, "-r: an empty file name");
	o->inputs[o->n_inputs++] = path;
	o->from_stdin = o->from_stdin || from_stdin;
	o->reads_once = o->reads_once || from_stdin || !is_regular(path);
	return true;
}

static bool set_filter(struct options *o, const char *value, struct error *e)
{
	if (o->bpf != NULL)
		return error_set(e, "-f: the capture filter is given twice");
	o->bpf = strdup(value);
	return o->bpf != NULL || error_set(e, "out of memory");
}

static bool set_count(struct options *o, const char *value, struct error *e)
{
	return to_number("-c", value, 1, UINT64_MAX, &o->max_packets, e);
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
	};
	unsigned i = 0;
	if (!is_one_of(value, words, sizeof words / sizeof words[0], &i))
		return error_set(e, "-T: '%.40s' is not text, json or fields", value);
	o->format = (enum report_format)i;
	return true;
}

/* These fields need the XML bodies whole, which the list does not. */
static bool needs_dav(const char *field)
{
	struct slice name = slice_from(field);
	return slice_starts(name, SLICE("dav.response")) ||
	    slice_starts(name, SLICE("dav.property"));
}

static bool add_column(struct options *o, const char *value, struct error *e)
{
	if (!field_find(value, &o->columns[o->n_columns], e))
		return false;
	o->n_columns++;
	if (needs_dav(value))
		o->bodies = BODIES_ALL;
	return true;
}

static bool set_slice(struct options *o, const char *value, struct error *e)
{
	if (strcmp(value, "-") == 0 || value[0] == '\0')
		return error_set(e, "-w: needs a file; standard output is for the list");
	o->slice_path = value;
	return true;
}

static bool set_quiet(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->quiet = true;
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

static bool set_color(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};
	unsigned i = 0;
	if (!is_one_of(value, words, sizeof words / sizeof words[0], &i))
		return error_set(e, "--color: '%.40s' is not auto, always or never", value);
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
	if (!to_number("--workers", value, 0, WORKERS_MAX, &n, e))
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
	return to_number("--hash-seed", value, 0, UINT64_MAX, &o->seed, e);
}

static bool set_list(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = {
		[LIST_LIMITS] = "limits",
		[LIST_FIELDS] = "fields",
		[LIST_ANOMALIES] = "anomalies",
	};
	unsigned i = 0;
	if (!is_one_of(value, words, sizeof words / sizeof words[0], &i))
		return error_set(e, "--list: '%.40s' is not limits, fields or anomalies", value);
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

/* ---- the table, in the order of --help ---- */

struct option_info {
	char letter; /* 0 = only the long name */
	const char *name; /* NULL = only the letter */
	const char *argument; /* NULL = takes none */
	bool (*set)(struct options *, const char *value, struct error *);
	const char *text;
};

static const struct option_info table[] = {
	{ 'r', NULL, "FILE", add_input,
	    "a capture: pcap, pcapng, gzip of these, - = stdin; repeatable" },
	{ 'f', NULL, "FILTER", set_filter,
	    "capture filter, pcap-filter(7); also as the last words" },
	{ 'c', NULL, "N", set_count, "stop after N packets" },
	{ 0, "since", "TIME", set_since,
	    "packets from TIME on: 2006-09-25[T16:00:00Z] or epoch seconds" },
	{ 0, "until", "TIME", set_until, "packets before TIME" },
	{ 'T', NULL, "FORMAT", set_format,
	    "text (default), json (a line a record) or fields (TSV)" },
	{ 'e', NULL, "FIELD", add_column, "a column of -T fields; repeatable; see --list fields" },
	{ 'w', NULL, "FILE", set_slice,
	    "write the packets of all flows with transactions (pcapng)" },
	{ 'q', NULL, NULL, set_quiet, "no line a transaction, only the closing summary" },
	{ 'n', NULL, NULL, set_nothing, "do not look up names (it never does)" },
	{ 0, "bodies", NULL, set_bodies, "parse every XML body whole; json does anyway" },
	{ 0, "color", "WHEN", set_color, "auto (default), always or never" },
	{ 0, "local-time", NULL, set_local_time, "local instead of UTC in the list" },
	{ 0, "sensor", "NAME", set_sensor, "put NAME into JSON records" },
	{ 0, "workers", "N", set_workers, "decoding threads; 0 = none; the output is the same" },
	{ 0, "limit", "NAME=VALUE", set_limit, "change a limit; repeatable; see --list limits" },
	{ 0, "list", "WHAT", set_list, "limits, fields or anomalies: print the table" },
	{ 0, "hash-seed", "N", set_seed, "fixed seed of the hash tables, to reproduce a run" },
	{ 'h', "help", NULL, set_help, "print this page" },
	{ 'V', "version", NULL, set_version, "print the version and what it was built with" },
};
enum { OPTIONS = sizeof table / sizeof table[0] };

/* Options without a letter stand where the letters stand. */
void options_print(struct out *out)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_info *t = &table[i];
		uint64_t start = out_written(out);
		out_text(out, t->letter != 0 ? "  -" : "  ");
		if (t->letter != 0)
			out_char(out, t->letter);
		if (t->name != NULL) {
			out_text(out, t->letter != 0 ? ", --" : "--");
			out_text(out, t->name);
		}
		if (t->argument != NULL) {
			out_char(out, ' ');
			out_text(out, t->argument);
		}
		while (out_written(out) < start + HELP_COLUMN)
			out_char(out, ' ');
		out_text(out, t->text);
		out_char(out, '\n');
	}
}

/* ---- reading the command line ---- */

static unsigned workers_default(void)
{
	cpu_set_t set;
	int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	unsigned others = cores < 2 ? 0 : (unsigned)cores - 1;
	return others < WORKERS_DEFAULT_MAX ? others : WORKERS_DEFAULT_MAX;
}

static bool options_init(struct options *o, size_t room, struct error *e)
{
	*o = (struct options){
		.run = command_analyze,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = limits_default(),
		.workers = workers_default(),
	};
	o->inputs = calloc(room, sizeof *o->inputs);
	o->columns = calloc(room, sizeof *o->columns);
	if (o->inputs != NULL && o->columns != NULL)
		return true;
	error_set(e, "out of memory");
	return false;
}

void options_free(struct options *o)
{
	free(o->inputs);
	free(o->columns);
	free(o->bpf);
	*o = (struct options){ 0 };
}

/* What getopt_long() wants to know, made from the table. */
struct getopt_tables {
	char letters[3 + 2 * OPTIONS];
	struct option names[OPTIONS + 1];
};

static void getopt_fill(struct getopt_tables *g)
{
	size_t letters = 0, names = 0;
	g->letters[letters++] = ':';
	for (int i = 0; i < OPTIONS; i++) {
		if (table[i].letter != 0)
			g->letters[letters++] = table[i].letter;
		if (table[i].letter != 0 && table[i].argument != NULL)
			g->letters[letters++] = ':';
		if (table[i].name == NULL)
			continue;
		g->names[names++] = (struct option){
			table[i].name,
			table[i].argument != NULL ? required_argument : no_argument,
			NULL,
			LONG_ONLY + i,
		};
	}
	g->letters[letters] = '\0';
	g->names[names] = (struct option){ 0 };
}

static const struct option_info *option_of(int key)
{
	if (key >= LONG_ONLY)
		return &table[key - LONG_ONLY];
	for (size_t i = 0; i < OPTIONS; i++)
		if (key != 0 && table[i].letter == key)
			return &table[i];
	return NULL;
}

/* getopt() names the culprit in optopt, or leaves it the word before optind. */
static bool refuse_option(int key, char **argv, struct error *e)
{
	const char *why = key == ':' ? "needs a value" : "is no option";
	if (optopt > 0 && optopt < LONG_ONLY)
		return error_set(e, "-%c %s", optopt, why);
	if (optopt >= LONG_ONLY && key != ':')
		why = "takes no value";
	return error_set(e, "%.60s %s", argv[optind - 1], why);
}

static bool read_options(struct options *o, int argc, char **argv, struct error *e)
{
	struct getopt_tables g;
	getopt_fill(&g);
	opterr = 0;
	optind = 0;
	for (;;) {
		int key = getopt_long(argc, argv, g.letters, g.names, NULL);
		if (key == -1)
			return true;
		const struct option_info *option = option_of(key);
		if (option == NULL)
			return refuse_option(key, argv, e);
		if (!option->set(o, optarg, e))
			return false;
	}
}

static bool is_file(const char *word)
{
	struct stat st;
	return stat(word, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* Words that are left: captures as long as they are files, then the filter. */
static bool read_words(struct options *o, char **words, size_t n, struct error *e)
{
	size_t i = 0;
	for (; i < n && o->n_inputs != 0 && is_file(words[i]); i++)
		if (!add_input(o, words[i], e))
			return false;
	if (i == n)
		return true;
	if (o->n_inputs == 0)
		return error_set(e, "'%.60s': to read a capture: davscope -r FILE", words[i]);
	if (o->bpf != NULL)
		return error_set(e, "'%.60s': no such file, and the filter is given by -f",
		    words[i]);
	size_t room = 1;
	for (size_t k = i; k < n; k++)
		room += strlen(words[k]) + 1;
	o->bpf = malloc(room);
	if (o->bpf == NULL)
		return error_set(e, "out of memory");
	size_t used = 0;
	for (size_t k = i; k < n; k++)
		used += (size_t)snprintf(o->bpf + used, room - used, "%s%s", k == i ? "" : " ",
		    words[k]);
	return true;
}

static bool options_agree(struct options *o, struct error *e)
{
	if (o->run != command_analyze)
		return true;
	if (o->n_inputs == 0)
		return error_set(e, "nothing to read: davscope -r FILE");
	if (o->n_inputs > UINT16_MAX)
		return error_set(e, "too many captures at once");
	if (o->n_columns != 0 && o->format != REPORT_FIELDS)
		return error_set(e, "-e needs -T fields");
	if (o->n_columns == 0 && o->format == REPORT_FIELDS)
		return error_set(e, "-T fields needs at least one -e FIELD; see --list fields");
	if (o->since >= o->until)
		return error_set(e, "--since is not before --until");
	if (o->format == REPORT_JSON)
		o->bodies = BODIES_ALL;
	return limits_check(&o->limits, e);
}

/* A command stands first or not at all. */
static const struct command *find_command(int argc, char **argv)
{
	size_t n = 0;
	const struct command *commands = commands_table(&n);
	for (size_t i = 0; i < n && argc > 1; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static bool options_read(struct options *o, int argc, char **argv, struct error *e)
{
	const struct command *command = find_command(argc, argv);
	if (command != NULL) {
		o->run = command->run;
		argc--;
		argv++;
	}
	return read_options(o, argc, argv, e) &&
	    read_words(o, argv + optind, (size_t)(argc - optind), e) && options_agree(o, e);
}

bool options_parse(struct options *o, int argc, char **argv, struct error *e)
{
	if (options_init(o, (size_t)argc + 1, e) && options_read(o, argc, argv, e))
		return true;
	options_free(o);
	return false;
}

struct source_options options_source(const struct options *o)
{
	return (struct source_options){
		.specs = o->inputs,
		.n_specs = o->n_inputs,
		.bpf = o->bpf,
		.max_packets = o->max_packets,
		.since = o->since,
		.until = o->until,
		.limits = &o->limits,
	};
}
