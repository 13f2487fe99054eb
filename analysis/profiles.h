/*
 * profiles.h - how named clients and servers behave: values for the policies of the machine, read from
 * YAML. Part of analysis.h.
 *
 *   davscope_profiles: 1
 *   clients:
 *     - name: my-client
 *       title: one line
 *       agents: [{agent: "*MyClient*", from: 1.0, below: 2.1}]
 *       policies: {P1: fetch, P2: [sticky, server]}
 *
 * What a profile does not say, or says with "?", may be anything. Of several values a player takes the
 * first one that is written.
 */
#ifndef DAVSCOPE_ANALYSIS_PROFILES_H
#define DAVSCOPE_ANALYSIS_PROFILES_H

#include "analysis/machine.h"

enum speaks { SPEAKS_DAV, SPEAKS_ACTIVESYNC };
extern const char *const speaks_words[];       /* NULL at the end */

enum { VERSION_PARTS = 4 };
struct build { uint32_t part[VERSION_PARTS]; }; /* 6.5.7651.50; parts that are missing are 0 */
bool build_read(struct slice *, struct build *); /* takes it off; false: no digit, or a part too large */
int build_compare(const struct build *, const struct build *);

/* By what a client is recognised: all that is given has to fit. */
struct agent {
	const char *pattern;           /* of the whole User-Agent, a star is anything; NULL: any, or none */
	bool has_from, has_below;
	struct build from, below;    /* of what stands at the last star */
	bool has_protocol_from, has_protocol_below;
	struct build protocol_from, protocol_below; /* ActiveSync */
};

struct profile {
	const char *name, *title;
	const char *text;              /* NULL: none */
	const char *file;
	size_t line;
	enum machine_side side;
	enum speaks speaks;
	bool hypothesis;               /* nobody has seen how it really works */
	bool shipped;
	struct vector policies;
	uint64_t said;                 /* bit per enum policy: not every value is possible */
	const struct agent *agents;
	size_t n_agents;
	struct profile *next;          /* in the order of the files */
};

/* Everything in it lives until profiles_free(). */
struct profiles;
struct profiles *profiles_new(const struct limits *, struct error *);
void profiles_load_shipped(struct profiles *);
/* False: *error says why the file cannot be had. What is wrong inside is a complaint. */
bool profiles_load(struct profiles *, const char *path, struct error *);
void profiles_read(struct profiles *, const char *name, struct slice text); /* borrows the name */
size_t profiles_errors(const struct profiles *);
const struct complaint *profiles_complaints(struct profiles *, size_t *n); /* by file and position */
const struct profile *profiles_first(const struct profiles *);
const struct profile *profile_find(const struct profiles *, const char *name); /* NULL: there is none */
const char *profile_like(const struct profiles *, const char *name);   /* the nearest name, NULL: none is near */
void profiles_free(struct profiles *);

/* What a client shows of itself. */
struct client_sign { struct slice agent; bool activesync; struct build protocol; };
/* Whether the profile is one for such a client; conformance tells whether it is true. */
bool profile_fits(const struct profile *, const struct client_sign *);
/* The same product, in whatever version. */
bool profile_is_kin(const struct profile *, const struct client_sign *);

#endif
