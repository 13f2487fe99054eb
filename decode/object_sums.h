/*
 * object_sums.h - hashes of an object's text: what is compared when a server says that it stored what it was
 * sent. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_OBJECT_SUMS_H
#define DAVSCOPE_DECODE_OBJECT_SUMS_H

#include "decode/content_line.h"

/* Zeroed is a new one. */
struct object_sums {
	struct hash_run run, text; /* line ends as LF; text: up to the last byte that is no white space */
	bool begun, carriage; /* white space ahead does not count either */
	uint64_t lines, settled; /* sums over the lines */
};

void object_sums_data(struct object_sums *, struct slice);
void object_sums_line(struct object_sums *, const struct content_line *, const struct property *);
uint64_t object_sums_text(const struct object_sums *); /* never 0 */

#endif
