/*
 * server_view.h - what a capture proves of a server: which values of its policies fit, which promises it kept.
 * Part of analysis.h.
 */
#ifndef DAVSCOPE_ANALYSIS_SERVER_VIEW_H
#define DAVSCOPE_ANALYSIS_SERVER_VIEW_H

#include "analysis/profiles.h"
#include "analysis/summary.h"
#include "analysis/sync.h"

enum invariant {
#define INVARIANT(code, text) INVARIANT_##code,
#include "analysis/invariants.def"
#undef INVARIANT
	INVARIANTS
};
extern const struct machine_word invariants_table[INVARIANTS]; /* "J1", what it promises */

enum promise_kept { KEPT_UNTRIED, KEPT, KEPT_NOT };    /* untried: the capture holds no occasion */
extern const char *const kept_words[];         /* NULL at the end */
struct kept_invariant {
	enum promise_kept kept;
	enum certainty certainty;              /* of KEPT_NOT, the best so far */
	uint64_t times, broken;                /* occasions, and those where it was not kept */
	struct stamp at;                       /* the first packet that shows it broken, else the last that shows it kept */
};

enum holds { HOLDS_UNKNOWN, HOLDS_CALENDAR, HOLDS_CONTACTS, HOLDS_OTHER, HOLDS_KINDS };
extern const char *const holds_words[];        /* NULL at the end */

/* The texts live as long as the servers. */
struct server_view {
	struct slice name;                     /* Host, or address:port; cut at 95 bytes */
	struct slice product;                  /* Server or MS-WebStorage header, cut; empty: none was seen */
	enum speaks speaks;
	enum flavour flavour;
	enum holds holds;                      /* UNKNOWN: nothing has shown it yet */
	struct vector fit;                     /* of the server's policies: values that nothing contradicts; of clients' all.
	                                          The first ones, which a player takes, do not contradict each other */
	uint64_t shown;                        /* bit per enum policy: something that was seen has narrowed it */
	uint64_t mixed;                        /* ... all its values are contradicted: the fit is what fitted last */
	struct stamp shown_at[POLICIES];       /* the packet that narrowed it last; frame 0: none */
	struct kept_invariant invariants[INVARIANTS];
};

/* Of all that was shown and that the profile says, at least one value is in both. */
bool server_agrees(const struct profile *, const struct server_view *);

#endif
