/*
 * profiles_read.h - a set of profiles while it is read. Private to profiles*.c.
 */
#ifndef DAVSCOPE_ANALYSIS_PROFILES_READ_H
#define DAVSCOPE_ANALYSIS_PROFILES_READ_H

#include "analysis/profiles.h"

struct profiles {
	const struct limits *limits;
	struct arena *arena;
	struct complaints *complaints;
	struct profile *first, **last;
	bool full;                     /* that memory ran out was said */
};

/* One file on its way into a set. */
struct profile_file { struct profiles *set; const char *name; bool shipped; };

/* ---- profiles_read.c: what may stand in a file ---- */
void profile_file_read(const struct profile_file *, struct slice text);

#endif
