/*
 * conclude.h - the ledger becomes conclusions. Private to analysis/.
 */
#ifndef DAVSCOPE_ANALYSIS_CONCLUDE_H
#define DAVSCOPE_ANALYSIS_CONCLUDE_H

#include "analysis/conclusions.h"
#include "analysis/ledger.h"
#include "analysis/servers.h"

/* All in the arena; borrows what the ledger holds. False: no memory. */
bool conclude(struct ledger *, const struct servers *, const struct profiles *, const struct conclude_wish *,
    const struct limits *, struct arena *, struct conclusions *);

/* ---- between conclude.c and conclude_line.c ---- */
/* What has been computed before: many items have the same story. */
enum { REMEMBERED = 256 };
struct remembered { uint64_t key; struct predicted out, one_fault, two_faults; uint64_t assumed; };
struct concluding {
	const struct ledger *ledger;
	const struct servers *servers;
	const struct profiles *profiles;
	struct conclude_wish wish;
	struct arena *arena;
	const struct lifeline **lines;
	size_t n_lines, n_clients;
	struct client_view *clients;   /* done before the lines */
	struct remembered *remembered; /* by key, REMEMBERED places */
	uint64_t stories_left;         /* limit stories */
};
bool line_conclude(struct concluding *, const struct lifeline *, struct line_view *); /* false: no memory */

static inline struct stamp deed_stamp(const struct deed *d)
{
	return (struct stamp){ .order = d->order, .frame = d->frame, .ns = d->ns, .input = d->input };
}

#endif
