/*
 * keeper.h - the keeper: sinks, metrics and the state database of `davscope monitor`. Private to cmd/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_H
#define DAVSCOPE_CMD_KEEPER_H

#include "cmd/cmd.h"

/* Works for the watcher at the other end of `fd`, which it takes, until that ends; the exit code. */
int keeper_run(const struct options *, int fd);
int keeper_state(const struct options *);      /* davscope state show|export|prune */

#endif
