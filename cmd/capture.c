/*
 * capture.c - `davscope capture`.
 */
#include "cmd/cmd.h"

int command_capture(const struct options *o)
{
	(void)o;
	return EXIT_INTERNAL;
}
