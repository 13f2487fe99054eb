/*
 * What the analysis calls a second copy is one, and no provable copy goes by: random histories of clients
 * and a model server, judged by an oracle of its own (history_oracle.c).
 * usage: histories [N [FIRST-SEED]], prints "N passed, N failed". The first history that is judged
 * differently is printed as a script.
 */
#include "tests/prop/history.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- sets of hrefs that are tied together ---- */

struct ties {
	uint32_t of[HREFS];
};

static uint32_t tie_root(const struct ties *t, uint32_t href)
{
	while (t->of[href] != href)
		href = t->of[href];
	return href;
}

static void tie(struct ties *t, uint32_t a, uint32_t b)
{
	t->of[tie_root(t, a)] = tie_root(t, b);
}

/* Copies that were there before the first request: nobody can be said to have made one of them. */
static void tie_old_copies(struct ties *t, const struct history *h)
{
	for (uint32_t i = 1; i < HREFS; i++)
		for (uint32_t j = i + 1; j < HREFS; j++)
			if (h->live[0][i] && h->live[0][j] && h->looks[0][i].uid != 0 &&
			    h->looks[0][i].uid == h->looks[0][j].uid &&
			    h->collection_of[i] == h->collection_of[j])
				tie(t, i, j);
}

/* What was moved is one item under two names. */
static struct ties ties_of(const struct history *h)
{
	struct ties t;
	for (uint32_t i = 0; i < HREFS; i++)
		t.of[i] = i;
	tie_old_copies(&t, h);
	for (size_t i = 0; i < h->n; i++)
		if (h->steps[i].verb == VERB_MOVE && h->steps[i].status == 201)
			tie(&t, h->steps[i].href, h->steps[i].to);
	return t;
}

static bool pair_of_hrefs(const struct pair *a, const struct pair *b)
{
	return (a->href[0] == b->href[0] && a->href[1] == b->href[1]) ||
	    (a->href[0] == b->href[1] && a->href[1] == b->href[0]);
}

/* ---- the comparison ---- */

struct work {
	struct history history;
	struct pairs proven, believable, told;
};

static void say(bool loud, const char *what, const struct pair *p)
{
	if (loud)
		printf("FAIL: %s: n%" PRIu32 " and n%" PRIu32 " (step %zu)\n", what, p->href[0],
		    p->href[1], p->step);
}

/*
 * Every pair that was told may be believed, and whatever is proven to be a pair is tied together by what
 * was told: of three copies two pairs are enough.
 */
static bool histories_agree(const struct work *w, const struct pairs *told, bool loud)
{
	struct ties ties = ties_of(&w->history);
	bool good = true;
	for (size_t i = 0; i < told->n; i++) {
		const struct pair *p = &told->v[i];
		bool found = false;
		for (size_t k = 0; k < w->believable.n && !found; k++)
			found = pair_of_hrefs(p, &w->believable.v[k]);
		tie(&ties, p->href[0], p->href[1]);
		if (!found)
			say(loud, "called a copy and is none", p);
		good &= found;
	}
	for (size_t i = 0; i < w->proven.n; i++) {
		const struct pair *p = &w->proven.v[i];
		if (tie_root(&ties, p->href[0]) == tie_root(&ties, p->href[1]))
			continue;
		say(loud, "a copy that was not told", p);
		good = false;
	}
	return good;
}

/* The oracle claims nothing that the model server does not know to be so. */
static bool oracle_is_sound(const struct history *h, const struct pairs *proven)
{
	for (size_t i = 0; i < proven->n; i++) {
		const struct pair *p = &proven->v[i];
		const struct look *a = &h->looks[p->step][p->href[0]],
				  *b = &h->looks[p->step][p->href[1]];
		bool alike = (a->uid != 0 && a->uid == b->uid) || a->what == b->what;
		if (h->live[p->step][p->href[0]] && h->live[p->step][p->href[1]] && alike)
			continue;
		say(true, "the oracle is wrong", p);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	uint64_t n = 1000, first = 1, passed = 0, copies = 0, with = 0;
	if ((argc > 1 && !slice_to_u64(slice_from(argv[1]), &n)) ||
	    (argc > 2 && !slice_to_u64(slice_from(argv[2]), &first))) {
		fprintf(stderr, "usage: histories [N [FIRST-SEED]]\n");
		return 2;
	}
	struct work *w = malloc(sizeof(*w));
	ensure(w != NULL, NULL);
	for (uint64_t seed = first; seed < first + n; seed++) {
		history_play(seed, &w->history);
		history_prove(&w->history, false, &w->proven);
		history_prove(&w->history, true, &w->believable);
		history_feed(&w->history, &w->told);
		bool loud = passed == seed - first;
		bool good = oracle_is_sound(&w->history, &w->proven) &&
		    histories_agree(w, &w->proven, loud) && histories_agree(w, &w->told, loud);
		if (!good && loud)
			history_print(&w->history);
		passed += good;
		copies += w->proven.n;
		with += w->proven.n > 0;
	}
	printf("%" PRIu64 " histories, %" PRIu64 " of them with copies, %" PRIu64 " pairs\n", n,
	    with, copies);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, n - passed);
	free(w);
	return passed == n ? 0 : 1;
}
