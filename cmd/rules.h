/*
 * rules.h - what the files of `davscope rules` share. Private to cmd/.
 */
#ifndef DAVSCOPE_CMD_RULES_H
#define DAVSCOPE_CMD_RULES_H

#include "cmd/cmd.h"

/* ---- one function a subcommand; options->words[0] is its name, operands follow ---- */
int rules_check(const struct options *);
int rules_test(const struct options *);
int rules_list(const struct options *);
int rules_show(const struct options *);
int rules_explain(const struct options *);
int rules_fields(const struct options *);

/* ---- ruleset.c ---- */
/* Variables, the shipped rules, those of -R and `more`: loaded, not compiled. NULL: *e says why. */
struct ruleset *ruleset_open(const struct options *, const char *const *more, size_t n, struct error *e);
/* The same, compiled. NULL: *code, and all is said. */
struct ruleset *ruleset_ready(const struct options *, const char *const *more, size_t n, int *code);
/* The file is a named path, or lies in a directory that is one. */
bool path_covers(const char *const *paths, size_t n, const char *file);

/* ---- rules_capture.c ---- */
/* Analyses a capture; the expectation gets its findings. Takes the compiled set. False: *e. */
bool capture_run(const struct options *, const char *path, struct ruleset *, struct expect *, struct error *);

/* ---- rules_operands.c: what `rules test` was given ---- */
struct trial { char *expect, *capture; };  /* capture NULL: it is not there */
struct operands {
	const char **files;            /* of rules */
	struct trial *trials;
	size_t n_files, n_trials, room;
};
bool operands_read(struct operands *, const char *const *words, size_t n, struct error *); /* false: *e, and freed */
void operands_free(struct operands *);

/* ---- rules_print.c ---- */
enum { PAGE_COLUMNS = 80 };
void print_column(struct out *, struct slice text, size_t width);     /* one blank behind it at least */
void print_source(struct out *, const char *text);                    /* lines as they stand; only controls are escaped */
/* Words in lines of PAGE_COLUMNS, each indented; `used` columns of the first one are taken. */
void print_wrapped(struct out *, struct slice text, size_t indent, size_t used);
/* `before` is all up to the value: ",\"file\":". NULL as text: nothing is printed. */
void print_json(struct out *, const char *before, const char *text);
void print_json_number(struct out *, const char *before, uint64_t);
void print_json_flag(struct out *, const char *before, bool);
void print_kinds(struct out *, unsigned kinds, const char *between);

/* ---- rules_json.c: --format json of list, show and explain ---- */
enum { READS_MAX = 256 };              /* more than there are fields */
typedef void rule_printer(struct out *, const struct ruleset *, size_t number, const struct rule *);
rule_printer show_json, explain_json;
void list_json(struct out *, const struct ruleset *);

#endif
