/*
 * cmd.h - the commands and what the command line says.
 *
 * A command is one function in a file of its own and one line in commands.def. It prints data to
 * standard output, talk to standard error, and returns the exit code.
 */
#ifndef DAVSCOPE_CMD_H
#define DAVSCOPE_CMD_H

#include "capture/capture.h"
#include "report/report.h"

#include <sys/types.h>

/* 128 + n: ended by signal n. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FINDINGS = 1,     /* findings of --fail-on, failed tests */
	EXIT_USAGE = 2,        /* option, filter or rule file; nothing was analysed */
	EXIT_INPUT = 3,        /* cannot be opened, is no capture */
	EXIT_INCOMPLETE = 4,   /* results printed, but an input was damaged or the slice lacks packets */
	EXIT_OUTPUT = 5,
	EXIT_INTERNAL = 70,
};
int exit_worse(int a, int b);          /* which of two the process answers with */

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum list_topic { LIST_LIMITS, LIST_FIELDS, LIST_ANOMALIES };

struct options;
struct command { const char *name; int (*run)(const struct options *); const char *text; };

struct options {
	int (*run)(const struct options *);
	const struct command *command;     /* as named on the command line; NULL = none was */
	char **argv;                       /* the whole command line */
	void (*running)(struct source *);  /* main's: the source that a signal stops; NULL = none */

	const char **inputs;               /* paths, "-" = stdin */
	size_t n_inputs;
	bool live;                         /* monitor or capture: interfaces instead of inputs */
	bool from_stdin;                   /* one of them is */
	bool follow;                       /* the one input grows */
	bool reads_once;                   /* one of them is no regular file */
	char *bpf;                         /* NULL = everything */
	const char *bpf_word;              /* its first word when the last words are the filter, else NULL */
	uint64_t max_packets;              /* 0 = no bound */
	int64_t since, until;
	struct limits limits;

	enum report_format format;
	struct field_ref *columns;
	size_t n_columns;
	const char *filter;                /* -Y, NULL = all records */
	bool quiet, explain, local_time;
	enum color_choice color;
	const char *sensor;
	const char *slice_path;            /* -w, NULL = none */
	const char *client, *server;       /* machine play; NULL: as the scenario says */
	const char *output;                /* scrub -o */
	const char *key, *key_file;        /* scrub; NULL: a random one */
	enum list_topic list;

	const char **rule_paths;           /* -R: files and directories */
	size_t n_rule_paths;
	const char **variables;            /* --var NAME=VALUE */
	size_t n_variables;
	const char *profile;               /* --profile; NULL: none */
	const char *before, *after;        /* verify: captures; NULL: not given */
	const char **profile_paths;        /* --profiles */
	size_t n_profile_paths;
	bool no_shipped;
	bool fail_on_given;
	enum severity fail_on;
	bool json;                         /* rules, machine --format json */
	bool require_negative;
	const char **words;                /* of rules, machine and help: what is no option */
	size_t n_words;

	const char **interfaces;           /* -i, of monitor and capture */
	size_t n_interfaces;
	uint64_t buffer;                   /* -B, bytes of the kernel's; 0: the default */
	const char *ring_path;             /* -w of monitor and capture; NULL: none */
	uint64_t ring_bytes, ring_seconds, ring_files; /* -C -G -W; 0: no bound */
	uint64_t keep_free_bytes;          /* --keep-free; one of the two */
	unsigned keep_free_percent;
	enum severity pin_on;
	bool pins;
	bool lists_interfaces;             /* -D: only that */
	bool no_promiscuous;
	bool require_sinks;
	unsigned fanout;                   /* handles an interface; 0: one, without a group */
	const char *user;                  /* -Z; NULL: stay who we are */
	const char *config_path;           /* --config; NULL: none */
	const char *state_dir;             /* --state; NULL: nothing is remembered */
	const char *metrics;               /* ADDRESS:PORT[/PATH]; NULL: none */
	const char **programs;             /* --exec: findings go to their standard input */
	size_t n_programs;
	enum sandbox_mode sandbox;

	enum bodies bodies;
	enum checksums checksums;
	unsigned workers;
	bool seeded;                       /* seed is given, else it is random */
	uint64_t seed;
};

/* False: *e says what is wrong; nothing needs freeing. Borrows argv. */
bool options_parse(struct options *, int argc, char **argv, struct error *);
void options_free(struct options *);
/* The table for --help; NULL: only the options that are used most. */
void options_print(struct out *, const struct command *);
struct source_options options_source(const struct options *);
/* A bare date, RFC 3339 in UTC, or seconds since 1970. */
bool when_parse(const char *text, int64_t *ns, struct error *);

#define COMMAND(name, text) int command_##name(const struct options *);
#include "cmd/commands.def"
#undef COMMAND
int command_list(const struct options *);               /* --list */
const struct command *commands_table(size_t *n);
const struct command *command_find(const char *name);   /* NULL: there is none */
bool is_subcommand(const char *name);  /* of davscope rules */
bool is_machine_subcommand(const char *name);
int help_page(const struct command *);                  /* prints its help, NULL: the main page; the exit code */
/* ---- ruleset.c: the rules that the options ask for, compiled ---- */
struct ruleset *options_ruleset(const struct options *, int *code);  /* NULL: *code, and all is said */
struct filter *options_filter(const struct options *, struct ruleset *); /* of -Y; NULL: it is wrong, and where is said */
/* ---- display.c ---- */
struct report_options options_report(const struct options *);        /* without the names of inputs */
/* ---- profileset.c: the profiles that the options ask for ---- */
struct profiles *options_profiles(const struct options *, int *code); /* NULL: *code, and all is said */
/* Of --profile; *out NULL: none was asked for. False: there is no such one, and that is said. */
bool options_profile(const struct options *, const struct profiles *, const struct profile **out);

/* ---- process.c: the first call of a program ---- */
bool process_begin(void);  /* no core files, no signals of writing; false when it must not run, which was said */

/* ---- beside.c: programs that lie beside this one ---- */
bool path_beside(const char *name, char *out, size_t room, struct error *);
int become_beside(const char *name, const struct options *); /* with the same command line; returns only when it fails */
/* ---- inputs.c: what -r names, with the captures of a directory in its place, and no file twice ---- */
struct inputs { struct captures *directories; size_t n_directories; const char **paths; size_t n; };
bool inputs_open(struct inputs *, const struct options *, struct error *);   /* tells of files that are no captures, or have two names */
void inputs_close(struct inputs *);    /* also what was opened in part */
struct file_id { dev_t device; ino_t node; };
bool file_identify(const char *path, struct file_id *); /* "-" is standard input; false: it cannot be told */
bool file_same(const struct file_id *, const struct file_id *);
void descriptors_raise(void);          /* as many as the system lets us have */
/* ---- live.c: what monitor and capture open alike ---- */
struct live *options_live(const struct options *, const char *bpf, int *code, struct error *); /* NULL: *code, *error */
struct ring *options_ring(const struct options *, uint16_t first_input, struct error *);
enum { HOST_ROOM = 256 };
const char *options_sensor(const struct options *, char host[HOST_ROOM], struct error *); /* as given, else the host's name */
int signals_open(struct error *);      /* from here on HUP INT TERM USR1 USR2 are read from it; -1: *error */
int interfaces_print(void);            /* -D: on standard output; the exit code */

/* ---- complaints.c ---- */
void complaint_print(struct out *, const struct complaint *, bool json);
void complaints_print(const struct complaint *, size_t n, bool warnings); /* on standard error; not warnings: errors alone */

void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));  /* a line on stderr */
int finish_output(struct out *);                        /* closes; the exit code it amounts to */

/* ---- slice.c: -w, the packets of the flows that carried a transaction, or with -Y a matching one ---- */
struct slicer;
bool writes_over_input(const struct options *, const char *path);
bool slice_is_safe(const struct options *, struct error *);           /* false: it would write over an input */
struct slicer *slicer_open(const struct options *, struct error *);
void slicer_packet(struct slicer *, const struct packet *);           /* the first pass; keeps what cannot be read twice */
void slicer_transaction(struct slicer *, const struct txn *);         /* matches the filter */
void slicer_flow(struct slicer *, const struct flow *);
/* Writes and frees; *missing packets could not be had again. False: the file was not written. */
bool slicer_close(struct slicer *, uint64_t *written, uint64_t *missing, struct error *);
void slicer_abandon(struct slicer *);                                 /* NULL is fine */

/* ---- rights.c: what is given up when everything is open; false: --sandbox require, and not all can be ---- */
bool rights_confine(const struct options *, const char *output, struct error *); /* before threads; output: still to get its name, NULL: none */
bool rights_seal(const struct options *, struct error *);             /* behind them */

/* ---- directories.c: those that stay within reach; a list of texts, NULL at the end ---- */
char **directories_new(struct error *);                               /* NULL: out of memory */
bool directories_add(char **list, const char *path, struct error *);  /* itself, or what it lies in: another may take its place there */
char **directories_or_none(char **list, bool good);                   /* not good: frees it */
void directories_free(char **list);                                   /* NULL is fine */
/* sandbox_confine() to these lists, which it takes; NULL: *error says already why there is none. */
bool rights_narrow(struct sandbox *, char **reads, char **writes, struct error *);
void rights_lack(const char *what);                                   /* tells it, as sandboxes want somebody to */

/* ---- progress.c: one line on a terminal that is rewritten, and gone at the end ---- */
struct progress { bool wanted, shown; int64_t begun_ns, shown_ns; };
struct progress progress_begin(bool list_on_terminal);
void progress_show(struct progress *, const struct source_counts *, uint64_t transactions);
void progress_erase(struct progress *);

#endif
