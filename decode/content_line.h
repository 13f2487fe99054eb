/*
 * content_line.h - the lines of iCalendar (RFC 5545 3.1) and vCard (RFC 6350 3.2) and what stands in
 * one. Private to decode/.
 *
 * Bytes come in whatever pieces; a line is handed on once it is known that no other continues it. CR LF
 * and bare LF end a line, and one blank behind that continues it.
 */
#ifndef DAVSCOPE_DECODE_CONTENT_LINE_H
#define DAVSCOPE_DECODE_CONTENT_LINE_H

#include "base/base.h"

struct content_line {
	struct slice text; /* what was kept of it */
	uint64_t sum; /* hash of all of it */
	bool cut; /* there is more, or the end of the line was not seen */
};

enum { LINE_ROOM = 240 }; /* kept whatever happens to memory */

struct content_lines {
	struct arena *arena;
	size_t bound; /* bytes of a line that are kept */
	void (*line)(void *ctx, const struct content_line *); /* borrows it; never an empty one */
	void *ctx;
	/* of the line that is being read */
	struct hash_run sum;
	uint8_t *p; /* in the arena, or NULL: in `first` */
	size_t n, room;
	bool cut, carriage, ended; /* a CR waits for its LF; the LF was seen */
	uint8_t first[LINE_ROOM];
};

/* Zeroed with the first four set is a new one; content_lines_end leaves it ready for another text. */
void content_lines_data(struct content_lines *, struct slice);
void content_lines_end(struct content_lines *, bool whole); /* not whole: the last line is cut */

/* NAME, GROUP.NAME, and parameters from the first ';' on, up to the ':' that is not in quotes. */
struct property {
	struct slice group, name, params, value;
	bool has_value;
};

struct property property_of(struct slice line);
/* Takes the next parameter off, which begins with ';'; *whole is all of it but that. False: there is none. */
bool param_next(struct slice *params, struct slice *name, struct slice *value, struct slice *whole);
struct slice param_find(struct slice params, const char *wanted); /* without quotes; empty: not there */

#endif
