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

/* 1 is kept for findings. 128 + n: ended by signal n. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_USAGE = 2,        /* option or filter; nothing was analysed */
	EXIT_INPUT = 3,        /* cannot be opened, is no capture */
	EXIT_INCOMPLETE = 4,   /* results printed, but an input was damaged or the slice lacks packets */
	EXIT_OUTPUT = 5,
	EXIT_INTERNAL = 70,
};

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum list_topic { LIST_LIMITS, LIST_FIELDS, LIST_ANOMALIES };

struct options {
	int (*run)(const struct options *);
	void (*running)(struct source *);  /* main's: the source that a signal stops; NULL = none */

	const char **inputs;               /* paths, "-" = stdin */
	size_t n_inputs;
	bool from_stdin;                   /* one of them is */
	bool reads_once;                   /* one of them is no regular file */
	char *bpf;                         /* NULL = everything */
	uint64_t max_packets;              /* 0 = no bound */
	int64_t since, until;
	struct limits limits;

	enum report_format format;
	struct field_ref *columns;
	size_t n_columns;
	bool quiet, local_time;
	enum color_choice color;
	const char *sensor;
	const char *slice_path;            /* -w, NULL = none */
	enum list_topic list;

	enum bodies bodies;
	unsigned workers;
	bool seeded;                       /* seed is given, else it is random */
	uint64_t seed;
};

/* False: *e says what is wrong; nothing needs freeing. Borrows argv. */
bool options_parse(struct options *, int argc, char **argv, struct error *);
void options_free(struct options *);
void options_print(struct out *);                       /* the table of --help */
struct source_options options_source(const struct options *);
/* A bare date, RFC 3339 in UTC, or seconds since 1970. */
bool when_parse(const char *text, int64_t *ns, struct error *);

#define COMMAND(name, text) int command_##name(const struct options *);
#include "cmd/commands.def"
#undef COMMAND
int command_list(const struct options *);               /* --list */
struct command { const char *name; int (*run)(const struct options *); const char *text; };
const struct command *commands_table(size_t *n);

void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));  /* a line on stderr */
int finish_output(struct out *);                        /* closes; the exit code it amounts to */

/* ---- slice.c: -w, every packet of the flows that carried a transaction ---- */
struct slicer;
bool slice_is_safe(const struct options *, struct error *);           /* false: it would write over an input */
struct slicer *slicer_open(const struct options *, struct error *);
void slicer_packet(struct slicer *, const struct packet *);           /* the first pass; keeps what cannot be read twice */
void slicer_flow(struct slicer *, const struct flow *);
/* Writes and frees; *missing packets could not be had again. False: the file was not written. */
bool slicer_close(struct slicer *, uint64_t *missing, struct error *);
void slicer_abandon(struct slicer *);                                 /* NULL is fine */

/* ---- progress.c: one line on a terminal that is rewritten, and gone at the end ---- */
struct progress { bool wanted, shown; int64_t begun_ns, shown_ns; };
struct progress progress_begin(bool list_on_terminal);
void progress_show(struct progress *, const struct source_counts *, uint64_t transactions);
void progress_erase(struct progress *);

#endif
