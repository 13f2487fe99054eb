/*
 * guard.h - the process that keeps a keeper running. Private to cmd/monitor/.
 */
#ifndef DAVSCOPE_CMD_MONITOR_GUARD_H
#define DAVSCOPE_CMD_MONITOR_GUARD_H

#include "cmd/cmd.h"

struct guard {
	const char *program;           /* the keeper; gets argv, and its end of the channel by KEEPER_CHANNEL */
	char **argv;
	const char *user;              /* NULL: stay who we are */
	enum sandbox_mode sandbox;
};
/* As guard_start() (watcher.h), of any program. */
bool guard_begin(const struct guard *, int *fd, struct error *);

#endif
