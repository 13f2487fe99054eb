/*
 * error.c - errors of the environment as text for people, and the end of the line for our own bugs.
 */
#include "base/base.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

bool error_set(struct error *e, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return false;
}

_Noreturn void ensure_failed(const char *condition, const char *file, int line,
    const struct stamp *at)
{
	fprintf(stderr, "davscope: %s:%d: broken invariant: %s", file, line, condition);
	if (at != NULL)
		fprintf(stderr, " (input %u, frame %" PRIu64 ")", (unsigned)at->input, at->frame);
	fputc('\n', stderr);
	abort();
}
