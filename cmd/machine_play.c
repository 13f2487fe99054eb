/*
 * machine_play.c - `davscope machine play`: becomes davscope-play, which lies beside this program.
 */
#include "cmd/machine.h"

int machine_play(const struct options *o)
{
	return become_beside("davscope-play", o);
}
