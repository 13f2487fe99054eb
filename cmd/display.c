/*
 * display.c - how the options want the list on standard output to look.
 */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wants_color(const struct options *o)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

struct report_options options_report(const struct options *o)
{
	return (struct report_options){
		.format = o->format,
		.columns = o->columns,
		.n_columns = o->n_columns,
		.color = wants_color(o),
		.narrow = isatty(STDOUT_FILENO) == 1,
		.quiet = o->quiet,
		.explain = o->explain,
		.silent = o->quiet && o->fail_on_given && o->format == REPORT_TEXT,
		.local_time = o->local_time,
		.sensor = o->sensor,
		.limits = &o->limits,
	};
}
