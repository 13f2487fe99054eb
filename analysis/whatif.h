/*
 * whatif.h - what another client would have made of the same wishes, the same server and the same network.
 * Private to analysis/.
 *
 * From a lifeline is concluded what the user wanted and when, which messages were lost, and how the server
 * answers; then one thing is changed and the rest is played again by simulate.h.
 */
#ifndef DAVSCOPE_ANALYSIS_WHATIF_H
#define DAVSCOPE_ANALYSIS_WHATIF_H

#include "analysis/replay.h"
#include "analysis/simulate.h"

enum { FAULTS_MAX = 4 };

/* A message that was lost or sent twice: which attempt of what it was, and when. */
struct fault {
	enum { SLOT_CREATE, SLOT_UPDATE, SLOT_LOOK } what;
	unsigned ordinal;              /* of its kind, from 0 */
	unsigned cycle, place;         /* the how many-th request of which synchronisation */
	uint32_t kinds;                /* bits of enum accident: what it can have been */
};

struct story {
	enum speaks speaks;
	unsigned cycles, edit_before;  /* as in simulate.h */
	unsigned acted;                /* cycles up to its last write */
	struct fault faults[FAULTS_MAX];
	size_t n_faults;
	bool tagged, untagged;         /* creates that were answered with a version, and without */
	unsigned observed;             /* live copies at the end, in the capture */
	const char *why_not;           /* NULL, or why it cannot be played: a few words */
};
struct story story_of(const struct lifeline *, size_t n);
uint64_t story_key(const struct story *); /* alike: the same can be played */

struct predicted story_predict(const struct story *, const struct vector *client, const struct vector *server, bool faults);

/* The worst that so many messages lost or sent twice, at most 2, can do to this client with these servers. */
struct predicted story_worst(const struct story *, const struct vector *client, const struct vector *server, unsigned faults);
/* The likeliest of the faults as a player needs them, by number of the request; how many. */
size_t story_mishaps(const struct story *, const struct profile *client, const struct profile *server, struct mishap out[FAULTS_MAX]);
bool story_depends(const struct story *, enum policy); /* a play of it can depend on this parameter of a server */
/* The server answers creates as the one of the story did. */
bool story_allows(const struct story *, const struct profile *server);
/* What the client sends, with the likeliest of the faults and the first of the servers; how many. */
size_t story_play(const struct story *, const struct vector *client, const struct vector *server, struct played *out, size_t room);

#endif
