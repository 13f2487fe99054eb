/*
 * verify.h - whether a fix holds, by what captures show. Part of analysis.h.
 *
 * A fix is shown by the very thing that went wrong before, happening again and ending well. A capture in
 * which it does not happen shows nothing; neither does a version number.
 */
#ifndef DAVSCOPE_ANALYSIS_VERIFY_H
#define DAVSCOPE_ANALYSIS_VERIFY_H

#include "analysis/conclusions.h"

enum fix_verdict { VERIFIED, STILL_BROKEN, PARTIAL, NOT_EXERCISED, UNDECIDED };
extern const char *const verdict_words[]; /* "VERIFIED" ..., NULL at the end */

/* Why an item that had the trigger does not count. */
enum doubtful { DOUBT_NONE, DOUBT_MISSING, DOUBT_UNWATCHED, DOUBT_OPEN, DOUBT_OTHER_CAUSE, DOUBTS_OF_FIX };

struct verify_side {
	size_t items;                  /* with one of the triggers */
	size_t ended[ENDINGS];         /* of those that count */
	size_t doubts[DOUBTS_OF_FIX];  /* and the others, by why */
	size_t blind;                  /* items without one, of whose client something is missing: it may have been there */
	const struct line_view *worst; /* the first that ended worst; NULL: none */
	const struct line_view *well;  /* the first that ended well */
	const struct line_view *doubted;
};

struct verification {
	enum fix_verdict verdict;
	uint32_t triggers;             /* bits of enum trigger that are looked for */
	struct verify_side before, after;
	uint64_t forgotten;            /* items of the capture from after of which nothing is known: limit lifelines */
	bool no_fault_before;          /* there is a capture from before, and no fault in it */
	bool no_client_after;          /* who was at fault before is not in the capture from after */
	const struct client_view *client; /* of the capture from after, who is judged; NULL: all */
	const struct check_view *check; /* its profile; NULL: none was asked for */
};

/* `before` and `profile` may be NULL, not both. */
struct verification verify(const struct conclusions *before, const struct conclusions *after, const struct profile *profile);

#endif
