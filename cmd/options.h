/*
 * options.h - the table of options. Private to cmd/options*.c.
 */
#ifndef DAVSCOPE_CMD_OPTIONS_H
#define DAVSCOPE_CMD_OPTIONS_H

#include "cmd/cmd.h"

struct option_info {
	char letter;             /* 0 = only the long name */
	bool common;             /* stands on the main page of --help */
	const char *name;        /* NULL = only the letter */
	const char *argument;    /* NULL = takes none */
	bool (*set)(struct options *, const char *value, struct error *);
	const char *commands;    /* those that take it, blanks between; NULL = all */
	const char *text;
};
enum { OPTIONS_MAX = 64 };
const struct option_info *options_table(size_t *n);      /* in the order of --help */

/* One more capture; also for the words behind the options. */
bool option_add_input(struct options *, const char *path, struct error *);

/* ---- values ---- */
/* Which of these it is, NULL behind them. False: *error tells them all. */
bool option_word(const char *option, const char *value, const char *const *words, unsigned *index, struct error *);
bool option_number(const char *option, const char *value, uint64_t least, uint64_t most, uint64_t *out, struct error *);

/* ---- options_live.c: setters of the options that monitor and capture have ---- */
bool option_add_interface(struct options *, const char *value, struct error *);
bool option_set_list_interfaces(struct options *, const char *value, struct error *);
bool option_set_buffer(struct options *, const char *value, struct error *);
bool option_set_snaplen(struct options *, const char *value, struct error *);
bool option_set_no_promiscuous(struct options *, const char *value, struct error *);
bool option_set_fanout(struct options *, const char *value, struct error *);
bool option_set_ring_bytes(struct options *, const char *value, struct error *);
bool option_set_ring_seconds(struct options *, const char *value, struct error *);
bool option_set_ring_files(struct options *, const char *value, struct error *);
bool option_set_keep_free(struct options *, const char *value, struct error *);
bool option_set_pin_on(struct options *, const char *value, struct error *);
bool option_set_user(struct options *, const char *value, struct error *);
bool option_set_sandbox(struct options *, const char *value, struct error *);
bool option_set_config(struct options *, const char *value, struct error *);
bool option_set_state(struct options *, const char *value, struct error *);
bool option_set_metrics(struct options *, const char *value, struct error *);
bool option_add_program(struct options *, const char *value, struct error *);
bool option_set_require_sinks(struct options *, const char *value, struct error *);

#endif
