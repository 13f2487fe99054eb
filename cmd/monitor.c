/*
 * monitor.c - `davscope monitor`.
 */
#include "cmd/cmd.h"

int command_monitor(const struct options *o)
{
	(void)o;
	return EXIT_INTERNAL;
}
