/* writer.h - a pcapng file that grows under the eyes of others, and may have to be cut back. */
#ifndef DAVSCOPE_CAPTURE_WRITER_H
#define DAVSCOPE_CAPTURE_WRITER_H

#include "capture/capture.h"

struct writer_extent { uint64_t bytes, packets; };

/*
 * Takes the descriptor of an empty file, which keeps the name it has; the name here is for messages. The
 * interface stands in the file, and lives as long as the writer; NULL: not said.
 */
struct writer *writer_on(int fd, const char *name, const char *interface, struct error *);
bool writer_flush(struct writer *, struct error *);            /* to the file, not to the disk; false: see writer_packet() */
uint64_t writer_bytes(const struct writer *);                  /* of the file, with what is not flushed */
/* What is whole in the file: behind it may lie a part of a block when writing failed. */
struct writer_extent writer_whole(const struct writer *);
uint64_t writer_hash(const struct writer *);                   /* from the first packet on: as source_content_hash() */

#endif
