/*
 * state.c - `davscope state`.
 */
#include "cmd/cmd.h"

int command_state(const struct options *o)
{
	(void)o;
	return EXIT_INTERNAL;
}
