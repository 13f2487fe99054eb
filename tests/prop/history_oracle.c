/*
 * history_oracle.c - which copies are proven, by looking at every pair of hrefs behind every step.
 *
 * DESIGN. Two hrefs of one collection are a proven pair when at one time the capture proves that both
 * live, and
 *  (a) they have one UID, both are masters, and one of them was created before our eyes; or
 *  (b) they look alike under different UIDs or none, one client created both within 24 hours, and the
 *      answer to the earlier create was surely untagged, or did not come and a read shows that it was made.
 * An answer that was lost or is 5xx proves nothing until a read or a listing shows the item; from a delete
 * with such an answer on nothing is proven either. A copy by COPY is meant.
 * Lenient, a reader may also believe: an answer whose head was clipped; that an item lives because a create
 * is refused with 412 or a guarded write succeeds; that what is shown later was there all the time; that
 * contents which may have changed have not; copies of what COPY or MOVE made; that there were two
 * although one of them goes within half an hour; overrides of one RECURRENCE-ID; and ten minutes more or
 * less.
 */
#include "tests/prop/history.h"

#include <stdlib.h>

enum vital { LIFE_UNKNOWN, LIFE_LIVE, LIFE_DEAD, LIFE_UNSURE };

/* What is known of an href. */
struct knows {
	enum vital life;
	uint32_t instance;
	bool pending, proven_open; /* creates of unknown outcome; known to be lost or failed */
	bool created, shaky; /* shaky: believed, not proven */
	bool mixed, trigger; /* mixed: by which client is open */
	unsigned client;
	int64_t born, born_last;
	bool content, open; /* what it holds is known; or was, before a write of unknown outcome */
	struct look look, other, first; /* other: what that write may have made of it */
	bool moved, copied;
	uint32_t copied_from;
};

struct belief { /* a pair that holds if what is not proven turns out to be so */
	struct pair pair;
	bool needs[2];
};

struct oracle {
	const struct history *h;
	bool lenient;
	struct knows k[HREFS];
	uint32_t instances;
	size_t step;
	struct pairs *out;
	struct belief beliefs[PAIRS];
	size_t n_beliefs;
};

static const int64_t DAY = INT64_C(86400) * 1000000000, MINUTES_10 = INT64_C(600) * 1000000000;

/* ---- pairs ---- */

static bool pair_same(const struct pair *a, const struct pair *b)
{
	return a->href[0] == b->href[0] && a->href[1] == b->href[1] &&
	    a->instance[0] == b->instance[0] && a->instance[1] == b->instance[1];
}

static void pair_add(struct pairs *out, const struct pair *pair)
{
	for (size_t i = 0; i < out->n; i++)
		if (pair_same(&out->v[i], pair))
			return;
	ensure(out->n < PAIRS, NULL);
	out->v[out->n++] = *pair;
}

/* The instance is proven to have lived up to now. */
static void confirm(struct oracle *o, uint32_t instance)
{
	for (size_t i = 0; i < o->n_beliefs; i++) {
		struct belief *b = &o->beliefs[i];
		for (int side = 0; side < 2; side++)
			if (b->pair.instance[side] == instance)
				b->needs[side] = false;
		if (!b->needs[0] && !b->needs[1])
			pair_add(o->out, &b->pair);
	}
}

/* ---- what an item is ---- */

static void hold(struct knows *k, struct look look)
{
	k->look = look;
	k->content = true;
	k->open = false;
}

static bool look_same(const struct look *a, const struct look *b)
{
	return a->uid == b->uid && a->what == b->what && a->recurrence == b->recurrence;
}

/* A write of unknown outcome may have changed it. */
static void hold_maybe(const struct oracle *o, struct knows *k, struct look look)
{
	if (k->content && look_same(&k->look, &look))
		return;
	if (k->open && !look_same(&k->other, &look))
		k->content &= o->lenient; /* three versions: too much to keep apart */
	k->open = true;
	k->other = look;
}

static bool may_be_uid(const struct knows *k, uint32_t uid)
{
	return k->look.uid == uid || (k->open && k->other.uid == uid);
}

static bool may_look(const struct knows *k, uint32_t what)
{
	return k->look.what == what || (k->open && k->other.what == what) ||
	    (k->created && k->first.what == what);
}

static void born(struct oracle *o, struct knows *k, const struct step *s, bool trigger)
{
	*k = (struct knows){ .life = LIFE_LIVE,
		.instance = ++o->instances,
		.created = true,
		.shaky = s->fate == FATE_CLIPPED,
		.trigger = trigger,
		.client = s->client,
		.born = s->ns,
		.born_last = s->ns,
		.first = s->look };
	hold(k, s->look);
}

/* ---- proofs of life and death ---- */

/* `read`: by a read or a listing, which is what the rule asks for. */
static void note_alive(struct oracle *o, uint32_t href, bool read)
{
	struct knows *k = &o->k[href];
	bool before = k->life == LIFE_LIVE;
	if (!before && k->pending) {
		k->created = k->proven_open ? read || o->lenient : o->lenient;
		k->trigger = k->proven_open && k->created;
		k->content &= k->proven_open || o->lenient;
	} else if (k->life == LIFE_UNKNOWN || k->life == LIFE_DEAD) {
		*k = (struct knows){ .instance = ++o->instances };
	}
	k->shaky = !read && (k->shaky || !before);
	k->life = LIFE_LIVE;
	k->pending = false;
	confirm(o, k->instance);
}

static void note_dead(struct oracle *o, uint32_t href)
{
	o->k[href] = (struct knows){ .life = LIFE_DEAD };
}

/* ---- steps ---- */

/* Three answers to one question, did it happen: yes, no, and nobody can know. */
enum happened { HAPPENED, DID_NOT, MAYBE, MAYBE_UNSEEN };

static enum happened happened(const struct oracle *o, const struct step *s)
{
	if (s->fate == FATE_LOST)
		return MAYBE;
	if (s->fate == FATE_UNSEEN || (s->fate == FATE_CLIPPED && !o->lenient))
		return MAYBE_UNSEEN;
	if (s->status / 100 == 2 && !s->inner_conflict)
		return HAPPENED;
	return s->status == 500 || s->status == 502 || s->status == 504 ? MAYBE : DID_NOT;
}

static bool untagged(const struct step *s)
{
	return s->fate == FATE_ANSWERED && s->tag == 0;
}

static void put_again(struct oracle *o, struct knows *k, const struct step *s)
{
	struct knows before = *k;
	born(o, k, s, untagged(s));
	k->shaky |= before.pending &&
	    (!before.proven_open || before.open || before.client != s->client ||
		!look_same(&before.look, &s->look));
	if (!before.pending)
		return;
	if (!o->lenient) { /* which of the two made it is open */
		k->mixed = before.mixed || before.client != s->client;
		return;
	}
	k->trigger |= before.proven_open;
	k->born = before.born;
	k->mixed = before.mixed || before.client != s->client;
}

static void put_happened(struct oracle *o, const struct step *s)
{
	struct knows *k = &o->k[s->href];
	if (s->condition == COND_ABSENT) {
		born(o, k, s, untagged(s));
		return;
	}
	if (s->condition == COND_TAG)
		note_alive(o, s->href, false);
	if (k->life == LIFE_UNSURE) {
		note_alive(o, s->href, false);
	} else if (k->life != LIFE_LIVE) {
		put_again(o, k, s);
		return;
	}
	if (k->shaky) { /* this one may be the create: nobody can know */
		k->mixed |= k->client != s->client;
		k->trigger = o->lenient ? k->trigger || untagged(s) : k->trigger && untagged(s);
		k->born_last = s->ns;
	}
	if (s->look.uid != k->look.uid)
		k->shaky = true;
	hold(k, s->look);
}

static void put_maybe(struct oracle *o, const struct step *s, bool open)
{
	struct knows *k = &o->k[s->href];
	if (k->life == LIFE_LIVE || k->life == LIFE_UNSURE) {
		if (k->life == LIFE_UNSURE || s->condition != COND_ABSENT)
			hold_maybe(o, k, s->look);
		if (k->life == LIFE_UNSURE && o->lenient) { /* or was it made anew? */
			k->trigger |= open;
			k->mixed |= k->client != s->client;
			k->born_last = s->ns;
		}
		return;
	}
	if (k->pending && s->condition == COND_TAG)
		hold_maybe(o, k, s->look);
	if (s->condition == COND_TAG)
		return;
	if (k->pending) {
		hold_maybe(o, k, s->look);
		k->mixed |= k->client != s->client;
		k->proven_open = o->lenient ? k->proven_open || open : k->proven_open && open;
		k->born_last = s->ns;
		return;
	}
	born(o, k, s, false);
	k->life = LIFE_DEAD;
	k->created = false;
	k->pending = true;
	k->proven_open = open;
}

static void step_put(struct oracle *o, const struct step *s)
{
	enum happened did = happened(o, s);
	if (did == HAPPENED)
		put_happened(o, s);
	else if (did != DID_NOT)
		put_maybe(o, s, did == MAYBE);
	else if (o->lenient && s->status == 412 && s->condition == COND_ABSENT)
		note_alive(o, s->href, false);
}

static void step_delete(struct oracle *o, const struct step *s)
{
	struct knows *k = &o->k[s->href];
	enum happened did = happened(o, s);
	if (did == HAPPENED) {
		if (k->pending || k->life == LIFE_UNSURE)
			confirm(o, k->instance);
		note_dead(o, s->href);
	} else if (did == DID_NOT && s->status == 404) {
		note_dead(o, s->href);
	} else if (did != DID_NOT && k->life == LIFE_LIVE) {
		k->life = LIFE_UNSURE;
	}
}

static void step_carry(struct oracle *o, const struct step *s)
{
	if (s->status != 201)
		return;
	bool shown = o->lenient ||
	    !o->k[s->href].pending; /* else it is no read, so that what moved is open */
	if (shown)
		note_alive(o, s->href, false);
	o->k[s->to] = o->k[s->href];
	if (!shown)
		o->k[s->to] = (struct knows){ .life = LIFE_LIVE, .instance = ++o->instances };
	if (s->verb == VERB_MOVE) {
		o->k[s->to].moved = true;
		note_dead(o, s->href);
		return;
	}
	struct knows *copy = &o->k[s->to];
	copy->copied_from = copy->instance;
	copy->copied = true;
	copy->created = false;
	copy->instance = ++o->instances;
}

static void see(struct oracle *o, const struct row *row, bool content)
{
	if (row->gone) {
		note_dead(o, row->href);
		return;
	}
	note_alive(o, row->href, true);
	if (content)
		hold(&o->k[row->href], row->look);
}

static void step_rows(struct oracle *o, const struct step *s)
{
	bool listed[HREFS] = { false };
	for (size_t i = 0; i < s->n_rows; i++) {
		see(o, &s->rows[i], s->verb == VERB_MULTIGET);
		listed[s->rows[i].href] = true;
	}
	for (uint32_t i = 1; i < HREFS && s->verb == VERB_LIST; i++)
		if (!listed[i] && o->h->collection_of[i] == s->collection)
			note_dead(o, i);
}

static void step_read(struct oracle *o, const struct step *s)
{
	struct row row = { .href = s->href, .gone = s->status == 404, .look = s->look };
	see(o, &row, true);
}

/* ---- every pair ---- */

static bool is_pair_by_uid(const struct oracle *o, const struct knows *a, const struct knows *b)
{
	uint32_t uid = a->look.uid;
	bool masters = a->look.recurrence == 0 && b->look.recurrence == 0;
	if (o->lenient)
		return ((a->look.uid && may_be_uid(b, a->look.uid)) ||
			   (a->open && a->other.uid && may_be_uid(b, a->other.uid))) &&
		    (masters || a->look.recurrence == b->look.recurrence);
	return masters && uid != 0 && a->look.uid == b->look.uid &&
	    (!a->open || a->other.uid == uid) && (!b->open || b->other.uid == uid);
}

static bool is_pair_by_look(const struct oracle *o, const struct knows *a, const struct knows *b)
{
	const struct knows *first = a->born <= b->born ? a : b, *second = first == a ? b : a;
	if (a->look.recurrence != b->look.recurrence || (a->look.recurrence != 0 && !o->lenient))
		return false;
	if (o->lenient)
		return (may_look(a, b->look.what) || may_look(b, a->look.what)) &&
		    (a->client == b->client || a->mixed || b->mixed) &&
		    second->born - first->born_last <= DAY + MINUTES_10 &&
		    (first->trigger || second->trigger);
	return a->look.what == b->look.what && !a->open && !b->open && a->client == b->client &&
	    !a->mixed && !b->mixed && first->born_last <= second->born &&
	    second->born_last - first->born <= DAY - MINUTES_10 && first->trigger;
}

static bool is_pair(const struct oracle *o, const struct knows *a, const struct knows *b)
{
	if (a->instance == b->instance || !a->content || !b->content)
		return false;
	if (a->copied_from == b->instance || b->copied_from == a->instance)
		return false;
	bool plain = !a->copied && !b->copied && !a->moved && !b->moved && !a->shaky && !b->shaky;
	if (!plain && !o->lenient)
		return false;
	if ((a->created || b->created) && is_pair_by_uid(o, a, b))
		return true;
	return a->created && b->created && is_pair_by_look(o, a, b);
}

/* Another item has its UID, so that it is known to be a copy of that one. */
static bool is_tied_by_uid(const struct oracle *o, uint32_t href)
{
	for (uint32_t i = 1; i < HREFS; i++)
		if (i != href && o->k[i].life == LIFE_LIVE && o->k[i].content &&
		    o->h->collection_of[i] == o->h->collection_of[href] && o->k[i].look.uid != 0 &&
		    o->k[i].look.uid == o->k[href].look.uid)
			return true;
	return false;
}

/* What it is if what is not proven is so. */
static struct knows suppose(const struct knows *k, bool *needs)
{
	struct knows supposed = *k;
	*needs = k->life != LIFE_LIVE;
	if (k->pending && k->life != LIFE_LIVE) {
		supposed.created = true;
		supposed.trigger = k->proven_open;
	}
	return supposed;
}

static bool may_live(const struct oracle *o, const struct knows *k)
{
	return k->life == LIFE_LIVE || (o->lenient && (k->life == LIFE_UNSURE || k->pending));
}

/* One of the two goes soon: a create and a delete that give a new name, or think better of it. */
static bool is_passing(const struct oracle *o, uint32_t i, uint32_t j)
{
	int64_t end = o->h->steps[o->step].ns + 3 * MINUTES_10;
	for (size_t n = o->step; n < o->h->n && o->h->steps[n].ns <= end; n++) {
		const struct step *s = &o->h->steps[n];
		if ((s->href == i || s->href == j) &&
		    (s->verb == VERB_DELETE || s->verb == VERB_MOVE) && happened(o, s) != DID_NOT)
			return true;
	}
	return false;
}

static void look_at(struct oracle *o, uint32_t i, uint32_t j)
{
	if (!may_live(o, &o->k[i]) || !may_live(o, &o->k[j]))
		return;
	struct belief b = { .pair = { { i, j }, { o->k[i].instance, o->k[j].instance }, o->step } };
	struct knows a = suppose(&o->k[i], &b.needs[0]), c = suppose(&o->k[j], &b.needs[1]);
	if (o->h->collection_of[i] != o->h->collection_of[j] || !is_pair(o, &a, &c))
		return;
	bool same = a.look.uid != 0 && a.look.uid == c.look.uid;
	if (!o->lenient &&
	    (is_passing(o, i, j) || (!same && (is_tied_by_uid(o, i) || is_tied_by_uid(o, j)))))
		return;
	if (!b.needs[0] && !b.needs[1]) {
		pair_add(o->out, &b.pair);
		return;
	}
	for (size_t n = 0; n < o->n_beliefs; n++)
		if (pair_same(&o->beliefs[n].pair, &b.pair))
			return;
	ensure(o->n_beliefs < PAIRS, NULL);
	o->beliefs[o->n_beliefs++] = b;
}

static void oracle_step(struct oracle *o, const struct step *s)
{
	switch (s->verb) {
	case VERB_PUT:
		step_put(o, s);
		break;
	case VERB_DELETE:
		step_delete(o, s);
		break;
	case VERB_MOVE:
	case VERB_COPY:
		step_carry(o, s);
		break;
	case VERB_GET:
		step_read(o, s);
		break;
	default:
		step_rows(o, s);
		break;
	}
}

void history_prove(const struct history *h, bool lenient, struct pairs *out)
{
	struct oracle *o = calloc(1, sizeof(*o));
	ensure(o != NULL, NULL);
	*o = (struct oracle){ .h = h, .lenient = lenient, .out = out };
	out->n = 0;
	for (o->step = 0; o->step < h->n; o->step++) {
		oracle_step(o, &h->steps[o->step]);
		for (uint32_t i = 1; i < HREFS; i++)
			for (uint32_t j = i + 1; j < HREFS; j++)
				look_at(o, i, j);
	}
	free(o);
}
