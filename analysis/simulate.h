/*
 * simulate.h - what a client makes of one item with a server, played by the table of the machine. Part
 * of analysis.h.
 *
 * The user makes an item, the client synchronises some times, the user may edit the item once, and
 * requests have accidents. Client and server do what their profiles say; of several values they take
 * the first. With a gateway, the client's server is one that hands on to a store behind it.
 */
#ifndef DAVSCOPE_ANALYSIS_SIMULATE_H
#define DAVSCOPE_ANALYSIS_SIMULATE_H

#include "analysis/profiles.h"

enum accident { ACCIDENT_NONE, REQUEST_LOST, ANSWER_LOST, REPLAYED, ACCIDENTS };
struct mishap { unsigned request; enum accident accident; }; /* request: by number, from 0 */

/*
 * One request with its answer, as the client sees them; told when it is over, so that those of a gateway
 * come before the one they serve.
 */
struct played {
	unsigned number, cycle;
	enum machine_event request, answer;
	unsigned name;                 /* of the item, as the client numbers its names; 0: the server chooses */
	bool back;                     /* between gateway and store */
	bool stored;                   /* the server holds one more copy or version by it */
	bool tagged;                   /* the answer has the version */
	enum accident accident;
	enum machine_state belief;     /* of the client, after it */
};

enum { CYCLES_MAX = 24 };
struct scenario {
	const struct profile *client, *server;
	const struct profile *gateway, *store; /* NULL: none */
	unsigned cycles;               /* synchronisations, at most CYCLES_MAX */
	unsigned edit_before;          /* the synchronisation before which the user edits, from 0; `cycles`: none */
	const struct mishap *mishaps;
	size_t n_mishaps;
	void (*told)(void *ctx, const struct played *); /* NULL: nobody listens */
	void *ctx;
	const struct machine_index *index; /* for who plays often; NULL: it is made for this one */
};

struct outcome_played {
	unsigned copies;               /* live on the server that holds the items */
	unsigned requests;
	bool dirty;                    /* the client still has something to send */
	bool edit_lost;                /* what the user wrote last is nowhere on the server, and nobody will send it */
};
struct outcome_played simulate(const struct scenario *);

#endif
