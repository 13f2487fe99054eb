/* ring.h - the files of a ring in their directory. Private to capture/. */
#ifndef DAVSCOPE_CAPTURE_RING_H
#define DAVSCOPE_CAPTURE_RING_H

#include "capture/capture.h"

/* A file that has its name, PREFIX-UTC-SEQ.pcapng. */
struct ring_file { uint64_t number; char *name; };
struct ring_dir {
	int fd;
	char *path;
	char *prefix, *pinned;   /* "NAME-SENSOR-", "NAME-pinned-SENSOR-" */
	struct ring_file *files; /* by number: the oldest first */
	size_t n, room;
	uint64_t next;           /* the number of the next one */
};

/* Afterwards nothing is named but by its name in the directory. Ends what an earlier run left unfinished. */
bool ring_dir_open(struct ring_dir *, const char *path, const char *sensor, struct error *);
void ring_dir_close(struct ring_dir *);
char *ring_dir_name(struct ring_dir *, int64_t ns);   /* of a new file, the caller's; NULL: out of memory */
int ring_dir_create(struct ring_dir *, const char *name, struct error *); /* NAME.part, locked; -1: *error */
bool ring_dir_commit(struct ring_dir *, const char *name, struct error *); /* NAME.part, which is on the disk, becomes NAME */
bool ring_dir_discard(struct ring_dir *, const char *name);              /* NAME.part goes */
/* A second name; *pinned grows when it had none. False: *error. */
bool ring_dir_pin(struct ring_dir *, const char *name, uint64_t *pinned, struct error *);
/* The oldest go; how many did. False, then: one could not be deleted, and is the ring's no more. */
bool ring_dir_trim(struct ring_dir *, size_t most, uint64_t *deleted, struct error *);
bool ring_dir_spare(struct ring_dir *, const struct ring_options *, uint64_t *deleted, struct error *);

#endif
