/*
 * follow.h - the file that comes next in a row of them. Private to capture/.
 */
#ifndef DAVSCOPE_CAPTURE_FOLLOW_H
#define DAVSCOPE_CAPTURE_FOLLOW_H

#include "base/base.h"

/*
 * The path of the file behind `path`, whose descriptor is `fd` or -1, in the row that tcpdump -C and -G or a ring
 * of ours write: names that differ in numbers, by number; ".part" at the end does not count. NULL: none yet.
 * With a descriptor a file that was written to before this one was is none of the row, or of its last round.
 */
char *follow_next(const char *path, int fd);

/* ---- names, without directories ---- */
size_t row_name_length(const char *name);                /* of the name it will have when it is whole */
bool row_is_same(const char *name, const char *other);   /* other may have one more number at its end */
int row_compare(const char *name, const char *other);    /* of one row: <0, 0, >0; 0: the same file */

#endif
