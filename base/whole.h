/*
 * whole.h - files that appear under their name when they are whole, and not before. Part of base.h.
 *
 * Written is a temporary file beside the name, NAME.PID-N.part, made anew with mode 0600 whatever the
 * umask, locked while it is written. whole_commit() brings it to the disk and renames it, so that the name
 * stands for the old file until then, whatever happens. What runs left that were killed is deleted when
 * the next one opens the same name.
 */
#ifndef DAVSCOPE_BASE_WHOLE_H
#define DAVSCOPE_BASE_WHOLE_H

#include "base/base.h"

struct whole {
	int fd;                        /* to write to */
	int directory;                 /* where name and part are */
	char *name, *part;
};

/* False: *error begins with the path. Nothing but a regular file is replaced: no link, no device. */
bool whole_open(struct whole *, const char *path, struct error *);
/* Both end it, and close what is in it. On errno: false, and the old file is there. */
bool whole_commit(struct whole *);
void whole_discard(struct whole *);
/* A file of mode 0600 that has no name any more, where whole_open() would make one; -1, and *error. */
int whole_scratch(const char *path, struct error *);

#endif
