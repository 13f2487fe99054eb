/*
 * config_check.c - `davscope config`.
 */
#include "cmd/cmd.h"

int command_config(const struct options *o)
{
	(void)o;
	return EXIT_INTERNAL;
}
