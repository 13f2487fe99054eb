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

#endif
