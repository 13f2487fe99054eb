/*
 * player.h - the program davscope-play. Private to cmd/player/.
 *
 * It stands apart so that what reads captures has no network library in it, and starts faster.
 */
#ifndef DAVSCOPE_CMD_PLAYER_H
#define DAVSCOPE_CMD_PLAYER_H

#include "cmd/machine.h"

int player_run(const struct options *); /* words: play SCENARIO; the exit code */

#endif
