/*
 * settled.c - what later deeds of a lifeline show of its creates: whether they were stored, and how many
 * copies there are.
 */
#include "analysis/replay.h"

/* Whether the item is there, by the answer to a later request for it; MAYBE: it does not say. */
static enum commit answer_shows(const struct deed *later)
{
	switch (later->answer) {
	case ON_R_ITEM:
	case ON_ROW:
		return COMMIT_YES;
	case ON_R_PRECOND:
		return later->guard_kind == GUARD_ABSENT ? COMMIT_YES : COMMIT_MAYBE;
	case ON_R_GONE:
	case ON_NO_ROW:
		return COMMIT_NO;
	default:
		return COMMIT_MAYBE;
	}
}

/* What was not there may have been stored late; once it was written again, nobody will know which it is. */
enum commit deed_settled(const struct lifeline *line, size_t n, size_t at)
{
	const struct deed *d = &line->deeds[at];
	bool absent = d->flags & DEED_UNLISTED;
	if (d->commit == COMMIT_YES || d->commit == COMMIT_NO || d->id == 0)
		return (enum commit)d->commit;
	for (size_t i = at + 1; i < n; i++) {
		const struct deed *later = &line->deeds[i];
		if (later->answer == ON_R_MOVED && later->target == d->id)
			return COMMIT_YES;
		if (later->id != d->id)
			continue;
		enum commit shown = answer_shows(later);
		if (shown == COMMIT_YES)
			return COMMIT_YES;
		if (later->answer == ON_R_OK || (absent && deed_is_write(later)))
			break;
		absent |= shown == COMMIT_NO;
	}
	return absent ? COMMIT_NO : (enum commit)d->commit;
}

bool deed_removed(const struct lifeline *line, size_t n, size_t at, uint32_t id)
{
	for (size_t i = at + 1; i < n; i++) {
		const struct deed *d = &line->deeds[i];
		if (d->id == id &&
		    ((d->request == ON_Q_DELETE &&
			 (d->commit == COMMIT_YES || d->answer == ON_R_GONE)) ||
			d->answer == ON_ROW_GONE))
			return true;
	}
	return false;
}

/* ---- copies ---- */

/* The same request again, whose answer did not say where it is stored: one copy, if the server knows that. */
static bool is_one_attempt(const struct deed *a, const struct deed *b)
{
	return b->id == 0 && a->target != 0 && a->target == b->target;
}

/* Whatever the server holds it tells in its next answers: a copy that nobody has seen by then is none. */
static bool is_told_by_now(const struct lifeline *line, size_t n, size_t at)
{
	for (size_t i = at + 1; i < n && line->activesync; i++)
		if (line->deeds[i].request == ON_Q_DELTA && line->deeds[i].commit == COMMIT_YES)
			return true;
	return !line->activesync;
}

static unsigned certainty(enum commit commit)
{
	return commit == COMMIT_YES ? 2 : commit != COMMIT_NO;
}

/* At one place there is one at most: the surest attempt counts, of equals the first. */
static bool is_counted_elsewhere(const struct lifeline *line, size_t n, size_t at)
{
	const struct deed *d = &line->deeds[at];
	unsigned sure = certainty(deed_settled(line, n, at));
	for (size_t i = 0; i < n; i++) {
		const struct deed *other = &line->deeds[i];
		if (i == at || other->request != ON_Q_CREATE)
			continue;
		unsigned others = certainty(deed_settled(line, n, i));
		if (d->id != 0 && d->id == other->id && !deed_removed(line, n, i, other->id) &&
		    (others > sure || (others == sure && i < at)))
			return true;
		if (is_one_attempt(other, d) && others == 2 && is_told_by_now(line, n, i) &&
		    (sure < 2 || i < at))
			return true;
	}
	return false;
}

/* Shown under an id that none of its creates was told. */
static bool is_other_copy(const struct lifeline *line, size_t n, size_t at)
{
	const struct deed *d = &line->deeds[at];
	if ((d->answer != ON_ROW && d->answer != ON_R_ITEM) || d->id == 0 ||
	    deed_removed(line, n, at, d->id))
		return false;
	for (size_t i = 0; i < n; i++)
		if (i != at && line->deeds[i].id == d->id &&
		    (line->deeds[i].request == ON_Q_CREATE || i < at))
			return false;
	return true;
}

struct copies_shown lifeline_copies(const struct lifeline *line, size_t n)
{
	struct copies_shown shown = { 0, 0, 0 };
	unsigned unknown = 0, nameless = 0, others = 0;
	for (size_t i = 0; i < n; i++) {
		const struct deed *d = &line->deeds[i];
		others += is_other_copy(line, n, i);
		if (!deed_creates(line, i))
			continue;
		enum commit commit = deed_settled(line, n, i);
		shown.creates += commit != COMMIT_NO;
		if (is_counted_elsewhere(line, n, i) || deed_removed(line, n, i, d->id))
			continue;
		shown.live += (commit == COMMIT_YES) + d->extra;
		unknown += commit == COMMIT_MAYBE || commit == COMMIT_UNSEEN;
		nameless += commit == COMMIT_MAYBE && d->id == 0;
	}
	/* A copy under an id that no create was told is one that went unanswered. */
	shown.live += others;
	shown.open = unknown - (others < nameless ? others : nameless);
	return shown;
}
