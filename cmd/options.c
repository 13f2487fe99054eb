/*
 * options.c - reading the command line by the option table, and printing the table for --help.
 */
#include "cmd/options.h"

#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WORKERS_DEFAULT_MAX = 4, LONG_ONLY = 256, HELP_COLUMN = 22 };

/* A command is one of the names, which stand with blanks between. */
static bool is_named(const char *names, const char *command)
{
	struct slice rest = slice_from(names);
	while (rest.n != 0) {
		size_t end = slice_find_byte(rest, ' ');
		if (slice_is(slice_part(rest, 0, end), command))
			return true;
		rest = slice_part(rest, end + 1, rest.n);
	}
	return false;
}

static bool takes(const struct option_info *option, const struct command *command)
{
	return option->commands == NULL || is_named(option->commands, command->name);
}

/* Where none is named, the first one is meant. */
static const struct command *command_of(const struct options *o)
{
	size_t n = 0;
	return o->command != NULL ? o->command : commands_table(&n);
}

/* ---- printing ---- */

/* Options without a letter stand where the letters stand. */
static void option_print(struct out *out, const struct option_info *t)
{
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
	do
		out_char(out, ' ');
	while (out_written(out) < start + HELP_COLUMN);
	out_text(out, t->text);
	out_char(out, '\n');
}

void options_print(struct out *out, const struct command *command)
{
	size_t n = 0;
	const struct option_info *table = options_table(&n);
	for (size_t i = 0; i < n; i++)
		if (command != NULL ? takes(&table[i], command) : table[i].common)
			option_print(out, &table[i]);
}

/* ---- what getopt_long() wants to know, made from the table ---- */

struct getopt_tables {
	char letters[3 + 2 * OPTIONS_MAX];
	struct option names[OPTIONS_MAX + 1];
};

static void getopt_fill(struct getopt_tables *g)
{
	size_t letters = 0, names = 0, n = 0;
	const struct option_info *table = options_table(&n);
	g->letters[letters++] = ':';
	for (size_t i = 0; i < n; i++) {
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
			LONG_ONLY + (int)i,
		};
	}
	g->letters[letters] = '\0';
	g->names[names] = (struct option){ 0 };
}

static const struct option_info *option_of(int key)
{
	size_t n = 0;
	const struct option_info *table = options_table(&n);
	if (key >= LONG_ONLY)
		return &table[key - LONG_ONLY];
	for (size_t i = 0; i < n; i++)
		if (key != 0 && table[i].letter == key)
			return &table[i];
	return NULL;
}

/* ---- reading the command line ---- */

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

static bool refuse_here(const struct option_info *option, const struct command *command,
    struct error *e)
{
	const char letter[2] = { option->letter, '\0' };
	return error_set(e, "%s%s is no option of davscope %s; it belongs to: %s",
	    option->letter != 0 ? "-" : "--", option->letter != 0 ? letter : option->name,
	    command->name, option->commands);
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
		if (!takes(option, command_of(o)))
			return refuse_here(option, command_of(o), e);
		if (!option->set(o, optarg, e))
			return false;
	}
}

static bool is_file(const char *word)
{
	struct stat st;
	return stat(word, &st) == 0 && !S_ISDIR(st.st_mode);
}

static bool join_filter(struct options *o, char **words, size_t n, struct error *e)
{
	size_t room = 1, used = 0;
	for (size_t i = 0; i < n; i++)
		room += strlen(words[i]) + 1;
	o->bpf = malloc(room);
	if (o->bpf == NULL)
		return error_set(e, "out of memory");
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(o->bpf + used, room - used, "%s%s", i == 0 ? "" : " ",
		    words[i]);
	o->bpf_word = words[0];
	return true;
}

/* Words that are left: captures as long as they are files, then the filter. */
static bool read_captures(struct options *o, char **words, size_t n, struct error *e)
{
	size_t i = 0;
	for (; i < n && o->n_inputs != 0 && is_file(words[i]); i++)
		if (!option_add_input(o, words[i], e))
			return false;
	if (i == n)
		return true;
	if (o->n_inputs == 0 && command_find(words[i]) != NULL)
		return error_set(e, "the command comes first: davscope %s ...", words[i]);
	if (o->n_inputs == 0)
		return error_set(e, "'%.60s': to read a capture: davscope -r FILE", words[i]);
	if (o->bpf != NULL)
		return error_set(e, "'%.60s': no such file, and the filter is given by -f",
		    words[i]);
	return join_filter(o, words + i, n - i, e);
}

/* The last words of a live run are the filter. */
static bool read_filter(struct options *o, char **words, size_t n, struct error *e)
{
	if (n != 0 && o->bpf != NULL)
		return error_set(e, "'%.60s': the filter is given by -f", words[0]);
	return n == 0 || join_filter(o, words, n, e);
}

/* One capture that can be read twice. */
static bool read_scrubbed(struct options *o, char **words, size_t n, struct error *e)
{
	if (n == 0)
		return error_set(e, "nothing to scrub: davscope scrub IN -o OUT");
	if (n > 1)
		return error_set(e, "'%.60s' is a word too many: one capture at a time", words[1]);
	if (!option_add_input(o, words[0], e))
		return false;
	if (is_file(words[0]) && o->reads_once)
		return error_set(e, "%.120s: is read twice, so it has to be a file", words[0]);
	return !o->from_stdin ||
	    error_set(e, "standard input cannot be read twice: davscope scrub IN -o OUT");
}

/* `help rules check`: one page tells of all subcommands. */
static bool is_helped(char **words, size_t n)
{
	int (*run)(const struct options *) = n == 2 ? command_find(words[0])->run : NULL;
	return (run == command_rules && is_subcommand(words[1])) ||
	    (run == command_machine && is_machine_subcommand(words[1])) ||
	    (run == command_config && strcmp(words[1], "check") == 0);
}

static bool has_subcommands(const struct command *command)
{
	return command != NULL &&
	    (command->run == command_rules || command->run == command_machine ||
		command->run == command_config);
}

/* `rules`, `machine` and `verify` read their words themselves, `help` takes the name of a command. */
static bool read_words(struct options *o, char **words, size_t n, struct error *e)
{
	if (o->run == command_analyze)
		return read_captures(o, words, n, e);
	if (o->live)
		return read_filter(o, words, n, e);
	if (o->run == command_scrub)
		return read_scrubbed(o, words, n, e);
	if (o->run == command_help && has_subcommands(o->command))
		return true;
	if (o->run == command_help && n != 0 && command_find(words[0]) == NULL)
		return error_set(e, "'%.60s' is no command", words[0]);
	if ((o->run == command_help && n > 1 && !is_helped(words, n)) ||
	    (n != 0 && (o->run == command_version || o->run == command_list)))
		return error_set(e, "'%.60s' is a word too many", words[n - 1]);
	o->words = (const char **)words;
	o->n_words = n;
	return true;
}

/* A row of -T fields is an event that can have all of the columns. */
static bool columns_agree(const struct options *o, struct error *e)
{
	unsigned kinds = ~0u;
	for (size_t i = 0; i < o->n_columns; i++) {
		const struct field *field = o->columns[i].field;
		ensure(field != NULL, NULL);
		kinds &= field->kinds;
	}
	return kinds != 0 || error_set(e, "-e: no kind of record has all of these fields");
}

static bool columns_fit(struct options *o, struct error *e)
{
	if (o->n_columns != 0 && o->format != REPORT_FIELDS)
		return error_set(e, "-e needs -T fields");
	if (o->n_columns == 0 && o->format == REPORT_FIELDS)
		return error_set(e, "-T fields needs at least one -e FIELD; see --list fields");
	if (o->format == REPORT_JSON)
		o->bodies = BODIES_ALL;
	return columns_agree(o, e);
}

static bool live_agrees(struct options *o, struct error *e)
{
	bool rotates = o->ring_bytes != 0 || o->ring_seconds != 0;
	bool keeps = o->ring_files != 0 || o->keep_free_bytes != 0 || o->keep_free_percent != 0;
	if (o->lists_interfaces)
		return true;
	if (o->n_interfaces == 0)
		return error_set(e, "no interface: davscope %s -i IFACE; -D lists them",
		    o->run == command_monitor ? "monitor" : "capture");
	if (o->ring_path == NULL && (rotates || keeps || o->pins))
		return error_set(e, "-C, -G, -W, --keep-free and --pin-on are about -w FILE");
	if (o->run == command_capture && o->ring_path == NULL)
		return error_set(e, "capture needs -w FILE");
	if (o->format == REPORT_FIELDS)
		return error_set(e, "-T fields is for captures; monitor has text and json");
	return columns_fit(o, e) && limits_check(&o->limits, e);
}

static bool options_agree(struct options *o, struct error *e)
{
	if (o->run == command_monitor || o->run == command_capture)
		return live_agrees(o, e);
	if (o->run == command_scrub && o->output == NULL)
		return error_set(e, "scrub needs -o FILE");
	if (o->run != command_analyze)
		return limits_check(&o->limits, e);
	if (o->n_inputs == 0)
		return error_set(e, "nothing to read: davscope -r FILE");
	if (o->n_inputs > UINT16_MAX)
		return error_set(e, "too many captures at once");
	if (o->follow && (o->n_inputs > 1 || o->from_stdin))
		return error_set(e, "--follow reads one file, and those that follow it");
	if (o->follow && o->slice_path != NULL)
		return error_set(e, "-w reads a capture twice, and --follow has no end");
	if (o->since >= o->until)
		return error_set(e, "--since is not before --until");
	return columns_fit(o, e) && limits_check(&o->limits, e);
}

/* ---- a whole one ---- */

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
		.checksums = CHECKSUMS_AUTO,
		.workers = workers_default(),
	};
	o->inputs = calloc(room, sizeof *o->inputs);
	o->columns = calloc(room, sizeof *o->columns);
	o->rule_paths = calloc(room, sizeof *o->rule_paths);
	o->variables = calloc(room, sizeof *o->variables);
	o->profile_paths = calloc(room, sizeof *o->profile_paths);
	o->interfaces = calloc(room, sizeof *o->interfaces);
	o->programs = calloc(room, sizeof *o->programs);
	if (o->inputs != NULL && o->columns != NULL && o->rule_paths != NULL &&
	    o->variables != NULL && o->profile_paths != NULL && o->interfaces != NULL &&
	    o->programs != NULL)
		return true;
	return error_set(e, "out of memory");
}

void options_free(struct options *o)
{
	free(o->inputs);
	free(o->columns);
	free(o->rule_paths);
	free(o->variables);
	free(o->profile_paths);
	free(o->interfaces);
	free(o->programs);
	free(o->bpf);
	*o = (struct options){ 0 };
}

/* "-i", "-D", "-ni": what only a live run has. Letters in front of it take no value. */
static bool is_live_option(const char *word)
{
	if (word[0] != '-')
		return false;
	word += 1 + strspn(word + 1, "npq");
	return word[0] == 'i' || word[0] == 'D';
}

/* Where no command is named, an interface instead of a file says which one is meant. */
static bool names_interface(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_live_option(argv[i]) || strcmp(argv[i], "--list-interfaces") == 0)
			return true;
	return false;
}

/* A command stands first or not at all. */
static bool options_read(struct options *o, int argc, char **argv, struct error *e)
{
	o->command = argc > 1 ? command_find(argv[1]) : NULL;
	if (o->command != NULL) {
		o->run = o->command->run;
		argc--;
		argv++;
	} else if (names_interface(argc, argv)) {
		o->command = command_find("monitor");
		o->run = command_monitor;
	}
	o->live = o->run == command_monitor || o->run == command_capture;
	return read_options(o, argc, argv, e) &&
	    read_words(o, argv + optind, (size_t)(argc - optind), e) && options_agree(o, e);
}

bool options_parse(struct options *o, int argc, char **argv, struct error *e)
{
	bool good = options_init(o, (size_t)argc + 1, e);
	o->argv = argv;
	if (good && options_read(o, argc, argv, e))
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
		.follow = o->follow,
	};
}
