/* load.h - what gen is made of: messages of a kind of load, and the file they go to as packets. */
#ifndef DAVSCOPE_BENCH_LOAD_H
#define DAVSCOPE_BENCH_LOAD_H

#include <stdio.h>

#include "tests/tool/bytes.h"
#include "tests/tool/talk.h"

enum { LOAD_SERVERS = 6, LOAD_EXCHANGE = 2 }; /* those below LOAD_EXCHANGE are an Exchange */

enum load_kind {
	LOAD_MIXED, /* what a site with CalDAV and Exchange looks like */
	LOAD_SMALL, /* the same without listings */
	LOAD_LISTINGS, /* listings alone, of 2 to 300 KB */
	LOAD_GZIP, /* the mixed one, answers packed with gzip */
	LOAD_AIRSYNC, /* ActiveSync: Sync commands as WBXML */
	LOAD_KINDS
};

struct load {
	enum load_kind kind;
	uint64_t random;
	FILE *bodies; /* gets every XML body, as bodyloop reads it; NULL: nobody wants them */
	bool failed;
};

bool load_kind_find(const char *name, enum load_kind *);
uint64_t load_random(struct load *, uint64_t n); /* below n */
void load_put(struct bytes *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A request and its response, in place of what message[CLIENT] and message[SERVER] hold. */
void load_exchange(struct load *, unsigned server, struct bytes message[2]);
void load_airsync(struct load *, struct bytes message[2]);

/* A capture that is written. Of disordered ones some packets come late, twice, or are not there. */
struct load_file {
	FILE *file;
	struct load *load; /* whose random numbers decide */
	unsigned disorder; /* of a hundred packets with data */
	int64_t now; /* when the next packet comes */
	struct bytes late; /* a packet that others overtake; n is 0: none */
	unsigned overtakes; /* so many do */
	bool failed;
};

bool load_file_open(struct load_file *, const char *path); /* "-": standard output */
void load_file_segment(struct load_file *, const struct segment *); /* at `now`, which moves on */
bool load_file_close(struct load_file *);

#endif
