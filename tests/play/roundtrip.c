/*
 * roundtrip.c - play, capture, analyse: every client with every server over real sockets, without an
 * accident and with each single one. From the capture alone davscope has to fit the client that played, to
 * count its copies, and to predict what every other client would have made of it; then that client is played,
 * with the accident where it strikes him, and both have to agree.
 * usage: roundtrip DIRECTORY [EVERY [FIRST]]   every EVERY-th case only, from FIRST on
 */
#include "analysis/whatif.h"
#include "analysis/servers.h"
#include "cmd/judge.h"
#include "tests/play/sides.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { CYCLES = 5, EDIT_BEFORE = 2, STEPS = 64, ACCIDENTS_OF = 3, PROFILES = 32 };

struct step {
	bool create, update;
	unsigned cycle;
};
struct run {
	struct play_outcome out;
	struct step steps[STEPS];
	size_t n;
};

struct cell {
	const struct profile *client, *server;
	unsigned edit_before;
	struct play_mishap mishap;
	bool hurt;
};

/* Plays without a capture come again and again. */
struct memo {
	const struct profile *client, *server;
	unsigned edit_before, hurt, request, accident;
	struct run run;
};
enum { MEMOS = 16384 };

struct trip {
	struct memo *memos; /* by what was played; MEMOS places */
	struct profiles *set;
	struct options options;
	char capture[512];
	unsigned cases, predictions, certain, passed, failed, undecided;
};

/* ---- playing ---- */

static void on_step(void *ctx, const struct play_step *step)
{
	struct run *r = ctx;
	bool write = step->write != PLAY_LOOK;
	if (!step->numbered || r->n == STEPS)
		return;
	r->steps[r->n++] = (struct step){ write && step->write == PLAY_CREATE,
		write && step->write == PLAY_UPDATE, step->cycle };
}

static struct run played(const struct cell *c, const char *capture)
{
	struct run r = { .n = 0 };
	struct error e = { "" };
	struct play_scenario s = { .client = side_of(c->client),
		.server = side_of(c->server),
		.cycles = CYCLES,
		.edit_before = c->edit_before,
		.mishaps = &c->mishap,
		.n_mishaps = c->hurt,
		.told = on_step,
		.ctx = &r };
	if (play_run(&s, capture, &r.out, &e))
		return r;
	fprintf(stderr, "roundtrip: %s with %s: %s\n", c->client->name, c->server->name, e.text);
	exit(2);
}

static struct run remembered(struct trip *t, const struct cell *c)
{
	const struct memo key = { c->client, c->server, c->edit_before, c->hurt,
		c->hurt ? c->mishap.request : 0, c->hurt ? c->mishap.accident : 0, { .n = 0 } };
	size_t at = (size_t)hash_fixed(&key, offsetof(struct memo, run)) % MEMOS;
	for (; t->memos[at].client != NULL; at = (at + 1) % MEMOS)
		if (memcmp(&t->memos[at], &key, offsetof(struct memo, run)) == 0)
			return t->memos[at].run;
	t->memos[at] = key;
	t->memos[at].run = played(c, NULL);
	return t->memos[at].run;
}

/* ---- where the accident strikes another client ---- */

static unsigned kind_of(const struct step *s)
{
	return s->create ? SLOT_CREATE : s->update ? SLOT_UPDATE : SLOT_LOOK;
}

static bool same_slot(const struct run *a, size_t at, const struct run *b, size_t other)
{
	unsigned before = 0, there = 0;
	if (kind_of(&a->steps[at]) != kind_of(&b->steps[other]))
		return false;
	for (size_t i = 0; i < at; i++)
		before += kind_of(&a->steps[i]) == kind_of(&a->steps[at]);
	for (size_t i = 0; i < other; i++)
		there += kind_of(&b->steps[i]) == kind_of(&b->steps[other]);
	return before == there;
}

static bool same_moment(const struct run *a, size_t at, const struct run *b, size_t other)
{
	size_t place = at, there = other;
	while (place != 0 && a->steps[place - 1].cycle == a->steps[at].cycle)
		place--;
	while (there != 0 && b->steps[there - 1].cycle == b->steps[other].cycle)
		there--;
	return a->steps[at].cycle == b->steps[other].cycle && at - place == other - there;
}

/* The other client without an accident shows which of his requests it is; behind it he may do otherwise. */
static struct run struck(struct trip *t, const struct cell *c, const struct run *run,
    const struct profile *other, bool by_time)
{
	struct cell twin = { .client = other, .server = c->server, .edit_before = c->edit_before };
	struct run free_run = remembered(t, &twin);
	if (!c->hurt)
		return free_run;
	for (size_t i = 0; i < free_run.n; i++) {
		if (!(by_time ? same_moment : same_slot)(run, c->mishap.request, &free_run, i))
			continue;
		twin.hurt = true;
		twin.mishap = (struct play_mishap){ (unsigned)i, c->mishap.accident };
		return remembered(t, &twin);
	}
	return free_run;
}

/* ---- what davscope says of it ---- */

static void name_case(const struct cell *c)
{
	printf("%s x %s%s", c->client->name, c->server->name,
	    c->edit_before < CYCLES ? ", edit" : "");
	if (c->hurt)
		printf(", %s at %u", play_accident_words[c->mishap.accident], c->mishap.request);
	printf(": ");
}

static void verdict(struct trip *t, const struct cell *c, bool good, const char *what)
{
	t->passed += good;
	t->failed += !good;
	if (good)
		return;
	name_case(c);
	printf("%s\n", what);
}

static void check_fit(struct trip *t, const struct cell *c, const struct client_view *v)
{
	char text[128] = "";
	for (unsigned p = POLICY_ANY + 1; p < POLICIES; p++) {
		const struct policy_info *info = &policies_table[p];
		bool said = c->client->said >> p & 1;
		if (info->side == SIDE_CLIENT && said &&
		    !(v->fit.set[p] >> c->client->policies.first[p] & 1))
			snprintf(text, sizeof text, "the fit has no %s=%s", info->code,
			    info->values[c->client->policies.first[p]].word);
	}
	verdict(t, c, text[0] == '\0', text);
}

static bool within(const struct predicted *p, const struct play_outcome *out)
{
	bool copies = p->least <= out->copies && out->copies <= p->most;
	return copies && (!out->dirty || p->may_be_dirty) && (!out->edit_lost || p->may_lose_edit);
}

static void check_prediction(struct trip *t, const struct cell *c, const struct run *run,
    const struct story *story, const struct vector *server, const struct profile *other)
{
	struct predicted p = story_predict(story, &other->policies, server, true);
	for (unsigned by_time = 0; by_time <= c->hurt; by_time++) {
		struct run real = struck(t, c, run, other, by_time);
		char text[192];
		snprintf(text, sizeof text, "%s%s: predicted %u to %u%s%s, played %u%s%s",
		    other->name, by_time ? " by time" : "", p.least, p.most,
		    p.may_be_dirty ? " unsent" : "", p.may_lose_edit ? " edit lost" : "",
		    real.out.copies, real.out.dirty ? " unsent" : "",
		    real.out.edit_lost ? " edit lost" : "");
		t->predictions++;
		t->certain += p.least == p.most;
		verdict(t, c, within(&p, &real.out), text);
	}
}

/* Before the item is sent for the first time nobody can see that the user has made it. */
static bool strikes_before(const struct cell *c, const struct run *run)
{
	size_t first = 0;
	while (first < run->n && !run->steps[first].create)
		first++;
	return c->hurt && c->mishap.request < first;
}

static void check_line(struct trip *t, const struct cell *c, const struct run *run, struct judge *j)
{
	struct ledger *ledger = analysis_ledger(j->pipeline.analysis);
	size_t n = 0;
	const struct lifeline **lines = ledger_lines(ledger, &n);
	verdict(t, c, n == 1, n == 0 ? "no lifeline" : "more than one lifeline");
	if (n == 1) {
		struct copies_shown shown = lifeline_copies(lines[0], lines[0]->n);
		bool good = shown.live <= run->out.copies &&
		    run->out.copies <= shown.live + shown.open;
		verdict(t, c, good, "the copies are not counted right");
		struct story story = story_of(lines[0], lines[0]->n);
		const struct server_view *view = servers_of(analysis_servers(j->pipeline.analysis),
		    lines[0]->scope);
		bool unseen = strikes_before(c, run);
		t->undecided += story.why_not != NULL || unseen;
		for (const struct profile *p = profiles_first(t->set);
		     p != NULL && story.why_not == NULL && !unseen; p = p->next)
			if (p->side == SIDE_CLIENT && p->speaks == c->client->speaks &&
			    view != NULL)
				check_prediction(t, c, run, &story, &view->fit, p);
	}
	free(lines);
}

static size_t round_trip(struct trip *t, const struct cell *c)
{
	struct judge j;
	const char *path = t->capture;
	struct run run = played(c, t->capture);
	const struct conclude_wish wish = { .facts_only = true };
	int code = judge_captures(&j, &t->options, &path, 1, t->set, &wish);
	t->cases++;
	verdict(t, c, code == EXIT_DONE && !j.incomplete, "the capture is not whole");
	verdict(t, c, j.conclusions.n_clients == 1, "not one client");
	if (j.conclusions.n_clients == 1)
		check_fit(t, c, &j.conclusions.clients[0]);
	check_line(t, c, &run, &j);
	judge_close(&j);
	return run.n;
}

/* ---- all of them ---- */

struct range {
	unsigned every, first, at;
};

static bool is_due(struct range *r)
{
	return (r->at++ + r->every - r->first % r->every) % r->every == 0;
}

static void trip_accidents(struct trip *t, struct cell c, struct range *r)
{
	struct run calm = played(&c, NULL);
	if (is_due(r))
		round_trip(t, &c);
	c.hurt = true;
	for (c.mishap.request = 0; c.mishap.request < calm.n; c.mishap.request++)
		for (unsigned kind = PLAY_REQUEST_LOST; kind <= PLAY_REPLAYED; kind++) {
			c.mishap.accident = (enum play_accident)kind;
			if (is_due(r))
				round_trip(t, &c);
		}
}

/* Massync speaks to Exchange alone: by its name davscope knows what it speaks. */
static bool meet(const struct profile *c, const struct profile *s)
{
	bool massync = slice_starts(slice_from(c->name), SLICE("massync")),
	     exchange = slice_starts(slice_from(s->name), SLICE("exchange"));
	return c->side == SIDE_CLIENT && s->side == SIDE_SERVER && c->speaks == s->speaks &&
	    (exchange || !massync);
}

static void trip_all(struct trip *t, struct range *r)
{
	for (const struct profile *c = profiles_first(t->set); c != NULL; c = c->next)
		for (const struct profile *s = profiles_first(t->set); s != NULL; s = s->next) {
			if (!meet(c, s))
				continue;
			struct cell cell = { .client = c, .server = s, .edit_before = CYCLES };
			trip_accidents(t, cell, r);
			cell.edit_before = EDIT_BEFORE;
			trip_accidents(t, cell, r);
		}
}

static unsigned number_of(const char *text)
{
	uint64_t n = 0;
	return slice_to_u64(slice_from(text), &n) ? (unsigned)n : 0;
}

int main(int argc, char **argv)
{
	struct trip t = { .cases = 0 };
	struct range r = { .every = number_of(argc > 2 ? argv[2] : "1"),
		.first = number_of(argc > 3 ? argv[3] : "0") };
	struct error e = { "" };
	char *words[] = { argv[0], "machine", "fit", "x", NULL };
	if (argc < 2 || r.every == 0 || !options_parse(&t.options, 4, words, &e))
		return 2;
	snprintf(t.capture, sizeof t.capture, "%s/roundtrip.pcap", argv[1]);
	t.memos = calloc(MEMOS, sizeof *t.memos);
	t.set = profiles_new(&t.options.limits, &e);
	if (t.set == NULL || t.memos == NULL)
		return 2;
	profiles_load_shipped(t.set);
	trip_all(&t, &r);
	printf("%u cases, %u predictions, %u of one number of copies, %u not predicted\n", t.cases,
	    t.predictions, t.certain, t.undecided);
	printf("%u passed, %u failed\n", t.passed, t.failed);
	free(t.memos);
	profiles_free(t.set);
	options_free(&t.options);
	return t.failed != 0;
}
