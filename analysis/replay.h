/*
 * replay.h - whether a client of given policies can have done what a lifeline shows. Private to analysis/.
 *
 * The deeds are put to the table of the machine one by one, with all that the capture leaves open kept as
 * hypotheses. What is left of the policies at the end is all that explains the lifeline: put to the
 * vector of a profile this is conformance, put to vector_any() it is a fit.
 */
#ifndef DAVSCOPE_ANALYSIS_REPLAY_H
#define DAVSCOPE_ANALYSIS_REPLAY_H

#include "analysis/conclusions.h"
#include "analysis/ledger.h"

enum { HYPOTHESES = 8 };

struct replay {
	enum conformance verdict;
	struct vector left;            /* values that some hypothesis has kept; of VIOLATES: before it */
	uint64_t asked;                /* bit per enum policy: the capture had an occasion for it */
	size_t shown_at[POLICIES];     /* the deed that narrowed it last */
	size_t at;                     /* VIOLATES: the deed that cannot be; NOT_DECIDED: the first not judged */
	const struct machine_row *would, *needed; /* VIOLATES: a row that would have applied instead, and that which has to; NULL: none */
	enum machine_state states[HYPOTHESES]; /* in which the item may be at the end */
	size_t n_states;
	bool odd;                      /* an answer that the table does not expect was passed over */
};
/* The first `n` deeds; all of it must be seen whole. */
struct replay lifeline_replay(const struct lifeline *, size_t n, const struct vector *);

/* To vector_any(), then again to what its habits leave: the best that can be said of it. */
struct replay lifeline_fit(const struct lifeline *, size_t n);

/*
 * What the table leaves open its habits may show: whether it asks for a missing tag at once, or lists first.
 * Narrows `left`, never to nothing, and sets the deeds that show it.
 */
void lifeline_habits(const struct lifeline *, size_t n, struct vector *left, size_t shown_at[POLICIES]);

/*
 * The smallest change of policies that explains a violation: one policy, with other values, out of those that
 * are possible; POLICY_ANY: one is not enough.
 */
enum policy replay_remedy(const struct lifeline *, size_t n, const struct vector *, const struct vector *possible,
    uint8_t *values);

/* It is a create, as far as the request says, or what is known of the item. */
bool deed_creates(const struct lifeline *, size_t at);

/* What the deeds show whatever the policies. */
struct copies_shown {
	unsigned creates;              /* attempts to make it, that may have been stored */
	unsigned live;                 /* copies that were stored, and not deleted */
	unsigned open;                 /* and those of which it is not known */
};
struct copies_shown lifeline_copies(const struct lifeline *, size_t n);
/* Of a create of unknown outcome what later deeds show of it. */
enum commit deed_settled(const struct lifeline *, size_t n, size_t at);
/* What is stored under that id was deleted behind the deed. */
bool deed_removed(const struct lifeline *, size_t n, size_t at, uint32_t id);

#endif
