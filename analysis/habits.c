/*
 * habits.c - what a client does each time where the machine lets it choose: whether it asks for a tag that is
 * missing at once, whether it looks before it sends again what may be stored.
 */
#include "analysis/replay.h"

#define AT_ONCE_NS (INT64_C(30) * 1000000000)

/* It asks for this very item, before it lists anything. */
static bool asked_at_once(const struct lifeline *line, size_t n, size_t at)
{
	const struct deed *d = &line->deeds[at];
	return at + 1 < n && d[1].request == ON_Q_READ && ns_apart(d[1].ns, d->ns) < AT_ONCE_NS;
}

/* A client that fails comes back to create, not to look or to synchronise twice. */
enum { SURE = 2 };

/*
 * It came back to the item, or to the item's collection, and did not make it again. One list may show several
 * copies.
 */
static bool left_alone(const struct lifeline *line, size_t n, size_t at)
{
	unsigned looks = 0;
	for (size_t i = at + 1; i < n; i++) {
		if (line->deeds[i].request == ON_Q_CREATE)
			return false;
		if (deed_is_look(&line->deeds[i]) &&
		    line->deeds[i].order != line->deeds[i - 1].order)
			looks += line->deeds[i].times;
	}
	return looks >= SURE ||
	    (n == line->n && line->cycles > line->deeds[at].cycle + (unsigned)SURE);
}

static void narrow(struct vector *left, size_t shown_at[POLICIES], enum policy policy,
    unsigned values, size_t at)
{
	uint8_t set = left->set[policy] & (uint8_t)values;
	if (set == 0 || set == left->set[policy])
		return;
	left->set[policy] = set;
	shown_at[policy] = at;
}

static void habit_after_create(const struct lifeline *line, size_t n, size_t at,
    struct vector *left, size_t shown_at[POLICIES])
{
	const struct deed *d = &line->deeds[at];
	bool tagged = d->tag_seen == PRESENT && !(d->flags & DEED_WEAK);
	if (!tagged && d->tag_seen == ABSENT && left_alone(line, n, at))
		narrow(left, shown_at, POLICY_P1, ~(unsigned)P1_FAIL, n - 1);
	if (at + 1 == n || d->tag_seen == NOT_OBSERVED)
		return;
	if (d->flags & DEED_WEAK && !asked_at_once(line, n, at))
		return; /* some clients take a weak tag for one */
	if (asked_at_once(line, n, at))
		narrow(left, shown_at, POLICY_P1, tagged ? ~0U : P1_FETCH | P1_ALWAYS, at + 1);
	else if (tagged)
		narrow(left, shown_at, POLICY_P1, ~(unsigned)P1_ALWAYS, at + 1);
	else
		narrow(left, shown_at, POLICY_P1, P1_NULL | P1_FAIL, at + 1);
}

static void habit_after_update(const struct lifeline *line, size_t n, size_t at,
    struct vector *left, size_t shown_at[POLICIES])
{
	const struct deed *d = &line->deeds[at];
	bool tagged = d->tag_seen == PRESENT;
	if (at + 1 == n || d->tag_seen == NOT_OBSERVED || d->flags & DEED_WEAK)
		return;
	if (!asked_at_once(line, n, at))
		narrow(left, shown_at, POLICY_P1u, tagged ? ~(unsigned)P1u_ALWAYS : P1u_NULL,
		    at + 1);
	else if (!tagged)
		narrow(left, shown_at, POLICY_P1u, P1u_FETCH | P1u_ALWAYS, at + 1);
}

static void habit_after_loss(const struct lifeline *line, size_t n, size_t at, struct vector *left,
    size_t shown_at[POLICIES])
{
	if (left_alone(line, n, at))
		narrow(left, shown_at, POLICY_P4, P4_LIST | P4_GIVE_UP, n - 1);
}

/* Whoever looks at once what is there, and does not send it again, has taken it. */
static void habit_of_refused(const struct lifeline *line, size_t n, size_t at, struct vector *left,
    size_t shown_at[POLICIES])
{
	const struct deed *d = &line->deeds[at];
	bool looked = at + 1 < n && deed_is_look(&d[1]) && d[1].cycle == d->cycle;
	if (!looked || !left_alone(line, n, at))
		return;
	if (line->deeds[at].answer == ON_R_PRECOND)
		narrow(left, shown_at, POLICY_P5, P5_ADOPT | P5_OVERWRITE, n - 1);
	else
		narrow(left, shown_at, POLICY_P6, P6_ADOPT, n - 1);
}

/* Two attempts at one item, the first of them not refused for its name or UID. */
static void habit_of_names(const struct lifeline *line, size_t first, size_t second,
    struct vector *left, size_t shown_at[POLICIES])
{
	const struct deed *a = &line->deeds[first], *b = &line->deeds[second];
	if (a->uid != 0 && b->uid != 0)
		narrow(left, shown_at, POLICY_P2u, a->uid == b->uid ? P2u_STICKY : P2u_FRESH,
		    second);
	if (line->activesync && a->flags & DEED_OPEN && a->target != 0 && b->target != 0)
		narrow(left, shown_at, POLICY_P11,
		    a->target == b->target ? P11_REPLAY : P11_FRESH_IDS | P11_KEY_0, second);
	if (a->flags & b->flags & DEED_NAMED)
		narrow(left, shown_at, POLICY_P2, a->id == b->id ? P2_STICKY : P2_FRESH, second);
}

static void habit_of_name(const struct lifeline *line, size_t at, struct vector *left,
    size_t shown_at[POLICIES])
{
	const struct deed *d = &line->deeds[at];
	if (d->flags & DEED_BY_UID) /* it stays if the UID does */
		narrow(left, shown_at, POLICY_P2, P2_STICKY | P2_FRESH, at);
	else if (line->activesync || !(d->flags & DEED_NAMED))
		narrow(left, shown_at, POLICY_P2, P2_SERVER, at);
	if (line->activesync && d->flags & DEED_CLIENT_UID)
		narrow(left, shown_at, POLICY_P2u, P2u_CLIENT_UID, at);
	else if (line->activesync && d->uid == 0 && d->body != 0)
		narrow(left, shown_at, POLICY_P2u, P2u_NONE, at);
}

/* The first of the two was refused for its name or UID: whether the second has another one. */
static void habit_after_refusal(const struct lifeline *line, size_t first, size_t second,
    struct vector *left, size_t shown_at[POLICIES])
{
	const struct deed *a = &line->deeds[first], *b = &line->deeds[second];
	unsigned rename = P5_RENAME, new_uid = P6_NEW_UID;
	if (a->answer == ON_R_PRECOND && a->flags & b->flags & DEED_NAMED)
		narrow(left, shown_at, POLICY_P5, a->id == b->id ? ~rename : rename, second);
	if (a->answer == ON_R_UIDCONFLICT && a->uid != 0 && b->uid != 0)
		narrow(left, shown_at, POLICY_P6, a->uid == b->uid ? ~new_uid : new_uid, second);
}

static bool is_refused(const struct deed *d)
{
	return d->answer == ON_R_PRECOND || d->answer == ON_R_UIDCONFLICT;
}

bool deed_creates(const struct lifeline *line, size_t at)
{
	const struct deed *d = &line->deeds[at];
	if (d->request != ON_Q_CREATE || !(d->flags & DEED_EITHER))
		return d->request == ON_Q_CREATE;
	for (size_t i = at; i-- > 0;)
		if (line->deeds[i].id == d->id && line->deeds[i].answer == ON_R_OK)
			return line->deeds[i].request == ON_Q_DELETE;
	return true;
}

static void habits_of_names(const struct lifeline *line, size_t n, struct vector *left,
    size_t shown_at[POLICIES])
{
	size_t before = n;
	for (size_t i = 0; i < n; i++) {
		if (!deed_creates(line, i))
			continue;
		habit_of_name(line, i, left, shown_at);
		if (before != n && is_refused(&line->deeds[before]))
			habit_after_refusal(line, before, i, left, shown_at);
		else if (before != n)
			habit_of_names(line, before, i, left, shown_at);
		before = i;
	}
}

void lifeline_habits(const struct lifeline *line, size_t n, struct vector *left,
    size_t shown_at[POLICIES])
{
	habits_of_names(line, n, left, shown_at);
	for (size_t i = 0; i < n; i++) {
		const struct deed *d = &line->deeds[i];
		if (deed_creates(line, i) && d->answer == ON_R_OK)
			habit_after_create(line, n, i, left, shown_at);
		else if (d->request == ON_Q_UPDATE && d->answer == ON_R_OK)
			habit_after_update(line, n, i, left, shown_at);
		else if (d->request == ON_Q_CREATE && d->flags & DEED_OPEN)
			habit_after_loss(line, n, i, left, shown_at);
		else if (d->request == ON_Q_CREATE && is_refused(d))
			habit_of_refused(line, n, i, left, shown_at);
	}
}
