/*
 * history.h - a random history of calendar items: what clients asked, what a model server answered, and
 * which copies a reader of the wire can prove. For histories.c.
 */
#ifndef DAVSCOPE_TEST_HISTORY_H
#define DAVSCOPE_TEST_HISTORY_H

#include "tests/prop/prop.h"

enum { STEPS = 40, HREFS = 64, PAIRS = 2048 };

enum verb { VERB_PUT, VERB_DELETE, VERB_MOVE, VERB_COPY, VERB_GET, VERB_LIST, VERB_MULTIGET };
enum condition { COND_NONE, COND_ABSENT, COND_TAG };
enum fate {
	FATE_ANSWERED,
	FATE_LOST,   /* the connection closes without an answer */
	FATE_UNSEEN, /* there is an answer, and it was not captured */
	FATE_CLIPPED /* its status was captured, not all of its head */
};

/* Who an item is and what people see of it; 0: none. An item with a recurrence is an override. */
struct look {
	uint32_t uid, what, recurrence;
};

/* An href is its number, 1 to HREFS - 1. */
struct row {
	uint32_t href, tag;
	bool gone; /* 404 */
	struct look look;
};

struct step {
	int64_t ns;
	enum verb verb;
	unsigned client, collection;
	uint32_t href, to, tag; /* tag: of the answer, 0 = none */
	struct look look;       /* sent, or read */
	enum condition condition;
	enum fate fate;
	uint16_t status;
	bool inner_conflict; /* a 207 with a 412 inside */
	bool leg;            /* behind a 401 to the same request */
	struct row rows[HREFS];
	size_t n_rows;
};

struct history {
	uint64_t seed;
	bool exchange;
	unsigned collection_of[HREFS];
	struct step steps[STEPS];
	bool live[STEPS][HREFS]; /* the truth behind each step */
	struct look looks[STEPS][HREFS];
	size_t n;
};

/* Two copies by their hrefs, in no order; the instances tell lives of one href apart. */
struct pair {
	uint32_t href[2], instance[2];
	size_t step;
};
struct pairs {
	struct pair v[PAIRS];
	size_t n;
};

/* ---- history_play.c ---- */
void history_play(uint64_t seed, struct history *);
void history_print(const struct history *);

/* ---- history_oracle.c ---- */
/*
 * The pairs that are proven. `lenient`: those, and the ones that a reader may but need not claim, as
 * DESIGN at the top of the file says.
 */
void history_prove(const struct history *, bool lenient, struct pairs *);

/* ---- history_feed.c ---- */
/* Runs it through the analysis; what it calls duplicates. */
void history_feed(const struct history *, struct pairs *);

#endif
