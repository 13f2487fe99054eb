/*
 * state.c - `davscope state`: becomes davscope-keeper, which has the database.
 */
#include "cmd/cmd.h"

int command_state(const struct options *o)
{
	return become_beside("davscope-keeper", o);
}
