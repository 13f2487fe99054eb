/*
 * when.c - points in time on the command line.
 */
#include "cmd/cmd.h"

bool when_parse(const char *text, int64_t *ns, struct error *e)
{
	if (when_read(slice_from(text), ns))
		return true;
	return error_set(e,
	    "'%.40s' is no time: 2006-09-25, 2006-09-25T16:00:00Z (UTC) or seconds "
	    "since 1970",
	    text);
}
