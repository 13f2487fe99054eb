/*
 * gauges.h - what the keeper counts, in the text format of Prometheus. Private to cmd/keeper/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_GAUGES_H
#define DAVSCOPE_CMD_KEEPER_GAUGES_H

#include "cmd/keeper/db.h"

enum { GAUGED_SINKS = 64 };    /* further ones are not told of */
struct gauges {
	struct slice watcher;          /* what the watcher sent, in front of ours */
	const struct sink_counts *sinks;
	size_t n_sinks;
	struct db_counts db;
	uint64_t repeated, refused;    /* findings that came again; messages that could not be read */
	int64_t started_ns;
	bool stores;                   /* there is a state directory */
};
bool gauges_readable(struct slice watcher);                    /* lines of UTF-8 without controls */
char *gauges_text(const struct gauges *, size_t *n);           /* malloc()ed; NULL: out of memory */

#endif
