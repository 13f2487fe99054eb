/*
 * play.h - a scenario played over real sockets: a client, a server or a gateway with a store behind it,
 * and a relay in front of each server that makes the accidents and writes a capture.
 *
 * The user makes one item, the client synchronises some times, the user may edit the item once. Nothing
 * here knows the reference machine or its tables: what a client or server does is written down here a
 * second time, so that the two can be held against each other. Time is virtual, nobody waits, and the
 * same scenario gives the same bytes.
 */
#ifndef DAVSCOPE_PLAY_H
#define DAVSCOPE_PLAY_H

#include "base/base.h"

enum { PLAY_CYCLES_MAX = 24, PLAY_REQUESTS_MAX = 1000, PLAY_MISHAPS_MAX = 64 };

/* One who takes part, and what his profile says: the word for "P1", "V4d"; NULL: any, the first word is played. */
struct play_side {
	const char *name;              /* of the profile; exchange-...: a server that is an Exchange */
	bool activesync;
	const char *(*value)(const void *profile, const char *code);
	const void *profile;
};

enum play_accident { PLAY_UNHURT, PLAY_REQUEST_LOST, PLAY_ANSWER_LOST, PLAY_REPLAYED };
extern const char *const play_accident_words[]; /* "request-lost"; [PLAY_UNHURT] is empty */
struct play_mishap { unsigned request; enum play_accident accident; }; /* request: by number in the run, see play_step */

enum play_hops { PLAY_HOPS_BOTH, PLAY_HOPS_CLIENT, PLAY_HOPS_SERVER }; /* which side of the relays is in the capture */

/*
 * One request with its answer, as the client saw them, told when it is over: those of a gateway come
 * before the one that they serve. Numbers count from 0 in the order in which requests begin. What has to
 * be there before, the first SyncKey of a device, has no number, no accident, and is not counted.
 */
enum play_write { PLAY_LOOK, PLAY_CREATE, PLAY_UPDATE };
struct play_step {
	bool numbered;
	enum play_write write;         /* of an item, as its sender means it */
	unsigned number, cycle;
	bool back;                     /* between gateway and store */
	const char *method, *target;
	unsigned status;               /* 0: no answer came */
	int sync_status;               /* ActiveSync; -1: none */
	const char *tag;               /* change tag in the answer's head; NULL: none */
	enum play_accident accident;
};

struct play_scenario {
	struct play_side client, server; /* server: the gateway's front when there is one */
	struct play_side gateway, store; /* the gateway as a client, and what is behind it */
	bool has_gateway;
	unsigned cycles;               /* synchronisations, 1 to PLAY_CYCLES_MAX */
	unsigned edit_before;          /* the one before which the user edits, from 0; `cycles`: none */
	const struct play_mishap *mishaps;
	size_t n_mishaps;
	enum play_hops hops;
	const char *agent;             /* User-Agent of the client; NULL: one that fits its profile */
	void (*told)(void *ctx, const struct play_step *); /* NULL: nobody listens */
	void (*opened)(void *ctx, const char *who, uint16_t port); /* on 127.0.0.1; NULL as above */
	void *ctx;
};

struct play_outcome {
	unsigned copies, requests;
	bool dirty;                    /* the client still has something to send */
	bool edit_lost;                /* what the user wrote last is nowhere on the server, and nobody will send it */
	bool unwritten;                /* it failed, and the capture is why */
};

/* Capture: a file to write, NULL: none. False: *error says why it could not be played to its end. */
bool play_run(const struct play_scenario *, const char *capture, struct play_outcome *, struct error *);

/* ---- a scenario as people write it, see README.md ---- */
struct play_name { const char *text; struct mark start, end; }; /* text NULL: it is not there */
struct play_file {
	const char *title;
	struct play_name client, server, gateway, store; /* names of profiles */
	unsigned cycles, edit_before;
	enum play_hops hops;
	struct play_mishap mishaps[PLAY_MISHAPS_MAX];
	size_t n_mishaps;
};
/* What is wrong becomes a complaint about the file `name`, which is borrowed; false: there were errors. */
bool play_file_read(struct slice text, const char *name, struct arena *, struct complaints *, struct play_file *);

#endif
