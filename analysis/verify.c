/*
 * verify.c - the triggers that did harm before, or that a profile has to withstand, looked for in the
 * capture from after, and how each of them ended.
 */
#include "analysis/verify.h"

const char *const verdict_words[] = { [VERIFIED] = "VERIFIED",
	[STILL_BROKEN] = "STILL_BROKEN",
	[PARTIAL] = "PARTIAL",
	[NOT_EXERCISED] = "NOT_EXERCISED",
	[UNDECIDED] = "INCONCLUSIVE",
	NULL };

/* Which policy is asked at a trigger, and which of its values do harm or leave the item unsent. */
static const struct {
	enum policy policy;
	unsigned bad;
} trigger_policies[TRIGGERS] = {
	[TRIGGER_UNTAGGED] = { POLICY_P1, P1_FAIL },
	[TRIGGER_LOST] = { POLICY_P4, P4_FRESH | P4_GIVE_UP },
	[TRIGGER_NAME_TAKEN] = { POLICY_P5, P5_ERROR | P5_IGNORE | P5_RENAME },
	[TRIGGER_UID_TAKEN] = { POLICY_P6, P6_ERROR | P6_IGNORE | P6_NEW_UID },
};

static bool is_bad(const struct line_view *v)
{
	return v->ending == ENDED_COPIES || v->ending == ENDED_STUCK;
}

/* ---- what to look for ---- */

static uint32_t triggers_of_fault(const struct conclusions *before)
{
	uint32_t triggers = 0;
	for (size_t i = 0; i < before->n_lines; i++)
		if (is_bad(&before->lines[i]))
			triggers |= before->lines[i].triggers;
	/* What follows from another trigger is no trigger of its own. */
	if (triggers & BIT(TRIGGER_UNTAGGED))
		return BIT(TRIGGER_UNTAGGED);
	return triggers & BIT(TRIGGER_LOST) ? BIT(TRIGGER_LOST) : triggers;
}

/* Those that the profile is said to withstand; NULL: none is asked for. */
static uint32_t triggers_of_profile(const struct profile *profile)
{
	uint32_t triggers = 0;
	for (unsigned t = 0; profile != NULL && t < TRIGGERS; t++) {
		enum policy p = trigger_policies[t].policy;
		bool said = profile->said >> p & 1;
		if (said && !(profile->policies.set[p] & trigger_policies[t].bad))
			triggers |= BIT(t);
	}
	return triggers;
}

/* ---- who is meant ---- */

static struct slice product_of(const char *agent)
{
	struct slice text = slice_from(agent);
	size_t end = slice_find_byte(text, '/');
	return slice_part(text, 0, end);
}

/* Bits of the clients, by place; there are no more than that. */
static uint64_t culprits(const struct conclusions *before, uint32_t triggers)
{
	uint64_t guilty = 0;
	for (size_t i = 0; before != NULL && i < before->n_lines; i++) {
		const struct line_view *v = &before->lines[i];
		if (is_bad(v) && v->triggers & triggers && v->client < before->n_clients &&
		    v->client < 64)
			guilty |= UINT64_C(1) << v->client;
	}
	return guilty;
}

static bool announces(const struct client_view *c, const struct profile *profile)
{
	const struct client_sign sign = client_sign_of(c);
	return profile_is_kin(profile, &sign);
}

/* The products that were at fault before; else what announces itself as the profile; else all. */
struct meant {
	const struct conclusions *before;
	uint64_t guilty;
	const struct profile *profile;
	bool by_profile;
};

static bool is_same_product(const struct client_view *a, const struct client_view *b)
{
	return a->activesync == b->activesync &&
	    slice_equal(product_of(a->agent), product_of(b->agent));
}

static bool is_meant(const struct meant *m, const struct client_view *c)
{
	for (size_t i = 0; i < 64 && m->guilty >> i != 0; i++)
		if (m->guilty >> i & 1 && is_same_product(c, &m->before->clients[i]))
			return true;
	return m->guilty == 0 && (!m->by_profile || announces(c, m->profile));
}

static struct meant meant_in(const struct conclusions *before, const struct conclusions *after,
    uint32_t triggers, const struct profile *profile)
{
	struct meant m = { before, culprits(before, triggers), profile, false };
	for (size_t i = 0; m.guilty == 0 && profile != NULL && i < after->n_clients; i++)
		m.by_profile |= announces(&after->clients[i], profile);
	return m;
}

/* ---- how it ended ---- */

/* Its copies come of something that is not looked for. */
static bool is_other_fault(const struct line_view *v, uint32_t triggers)
{
	static const uint32_t causes[CAUSES] = { [CAUSE_UNTAGGED] = BIT(TRIGGER_UNTAGGED),
		[CAUSE_LOST_ANSWER] = BIT(TRIGGER_LOST) };
	return v->ending == ENDED_COPIES && causes[v->cause] != 0 && !(causes[v->cause] & triggers);
}

/* An item that is well proves it only when its client came back and could have done otherwise. */
static enum doubtful doubt_of(const struct line_view *v, uint32_t triggers, int64_t patience_ns)
{
	if (is_other_fault(v, triggers))
		return DOUBT_OTHER_CAUSE;
	if (is_bad(v))
		return DOUBT_NONE;
	if (!v->whole)
		return DOUBT_MISSING;
	if (!v->held && (v->later_cycles == 0 || v->watched_ns < patience_ns))
		return DOUBT_UNWATCHED;
	return v->ending == ENDED_OPEN ? DOUBT_OPEN : DOUBT_NONE;
}

static unsigned badness(const struct line_view *v)
{
	return v == NULL ? 0 : v->ending == ENDED_COPIES ? 2 : v->ending == ENDED_STUCK;
}

static void side_add(struct verify_side *s, const struct line_view *v, enum doubtful doubt)
{
	s->items++;
	if (doubt != DOUBT_NONE) {
		s->doubts[doubt]++;
		s->doubted = s->doubted != NULL ? s->doubted : v;
		return;
	}
	s->ended[v->ending]++;
	if (badness(v) > badness(s->worst))
		s->worst = v;
	if (v->ending == ENDED_WELL && s->well == NULL)
		s->well = v;
}

static struct verify_side side_of(const struct conclusions *all, const struct meant *m,
    uint32_t triggers, int64_t patience_ns)
{
	struct verify_side s = { 0 };
	for (size_t i = 0; i < all->n_lines; i++) {
		const struct line_view *v = &all->lines[i];
		if (v->client >= all->n_clients || !is_meant(m, &all->clients[v->client]))
			continue;
		if (v->triggers & triggers)
			side_add(&s, v, doubt_of(v, triggers, patience_ns));
		else
			s.blind += !v->whole;
	}
	return s;
}

/* As long as the client took before to do it again. */
static int64_t patience_of(const struct conclusions *before, uint32_t triggers)
{
	int64_t longest = 0;
	for (size_t i = 0; before != NULL && i < before->n_lines; i++) {
		const struct line_view *v = &before->lines[i];
		if (v->triggers & triggers && is_bad(v) && v->retry_ns > longest)
			longest = v->retry_ns;
	}
	return longest;
}

static void client_find(struct verification *r, const struct conclusions *after,
    const struct meant *m, const struct profile *profile)
{
	for (size_t i = 0; i < after->n_clients && r->client == NULL; i++)
		if ((m->guilty != 0 || m->by_profile) && is_meant(m, &after->clients[i]))
			r->client = &after->clients[i];
	for (size_t i = 0; i < after->n_clients && r->check == NULL; i++) {
		const struct client_view *c = &after->clients[i];
		ensure(c != NULL, NULL);
		for (size_t k = 0; is_meant(m, c) && k < c->n_checks; k++)
			if (c->checks[k].profile == profile)
				r->check = &c->checks[k];
	}
	r->no_client_after = (m->guilty != 0 || m->by_profile) && r->client == NULL;
}

/* It is no client of this profile where a trigger is concerned. */
static bool goes_another_way(const struct verification *r)
{
	if (r->check == NULL || r->check->verdict != VIOLATES)
		return false;
	for (unsigned t = 0; t < TRIGGERS; t++)
		if (r->triggers & BIT(t) && trigger_policies[t].policy == r->check->policy)
			return true;
	return false;
}

static enum fix_verdict verdict_of_sides(const struct verification *r)
{
	const struct verify_side *s = &r->after;
	if (s->ended[ENDED_COPIES] != 0)
		return STILL_BROKEN;
	if (s->ended[ENDED_STUCK] != 0)
		return PARTIAL;
	if (r->no_fault_before)
		return UNDECIDED;
	if (s->items == 0)
		return s->blind != 0 ? UNDECIDED : NOT_EXERCISED;
	if (s->ended[ENDED_WELL] == 0)
		return UNDECIDED;
	return goes_another_way(r) ? PARTIAL : VERIFIED;
}

/* What was forgotten may have gone wrong. */
static enum fix_verdict verdict_of(const struct verification *r, const struct conclusions *after)
{
	enum fix_verdict verdict = verdict_of_sides(r);
	bool healthy = verdict == VERIFIED || verdict == NOT_EXERCISED;
	return healthy && after->forgotten != 0 ? UNDECIDED : verdict;
}

struct verification verify(const struct conclusions *before, const struct conclusions *after,
    const struct profile *profile)
{
	struct verification r = { .triggers = 0 };
	if (before != NULL)
		r.triggers = triggers_of_fault(before);
	r.no_fault_before = before != NULL && r.triggers == 0;
	if (r.triggers == 0)
		r.triggers = triggers_of_profile(profile);
	const struct meant m = meant_in(before, after, r.triggers, profile);
	if (before != NULL)
		r.before = side_of(before, &m, r.triggers, 0);
	r.after = side_of(after, &m, r.triggers, patience_of(before, r.triggers));
	client_find(&r, after, &m, profile);
	r.forgotten = after->forgotten;
	r.verdict = verdict_of(&r, after);
	return r;
}
