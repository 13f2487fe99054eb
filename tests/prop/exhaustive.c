/*
 * exhaustive.c - the bounded exhaustive check of the machine: every placement of a few faults, for every
 * client with every server of the published tables, and the tables themselves.
 * usage: exhaustive [--print] TABLES PROFILES...
 */
#include "analysis/simulate.h"

#include <stdlib.h>
#include <string.h>

enum { CYCLES = 5, EDIT_BEFORE = 2, REQUESTS = 8, FAULTS_MAX = 3, COLUMNS = 8, WORD = 32 };

struct check {
	unsigned faults;
	bool edit;
	const struct profile *client, *server; /* of a chain; else NULL */
	char columns[COLUMNS][WORD];
	size_t n_columns;
};

struct tally {
	unsigned passed, failed;
	bool print;
};

static _Noreturn void give_up(const char *what, const char *which)
{
	fprintf(stderr, "exhaustive: %s %s\n", what, which);
	exit(2);
}

static const struct profile *named(const struct profiles *set, const char *name)
{
	const struct profile *p = profile_find(set, name);
	if (p == NULL)
		give_up("no such profile:", name);
	return p;
}

/* ---- the worst of all placements ---- */

struct badness {
	unsigned surplus;
	bool none, lost, dirty;
};

static struct badness run(const struct scenario *s)
{
	struct outcome_played out = simulate(s);
	return (struct badness){ out.copies > 1 ? out.copies - 1 : 0, out.copies == 0,
		out.edit_lost, out.dirty };
}

static unsigned weight(const struct badness *b)
{
	return b->surplus << 3 | (unsigned)b->none << 2 | (unsigned)b->lost << 1 | b->dirty;
}

/* Places `left` more faults from request `from` on, each in every way. */
static void place(struct scenario *s, struct mishap *mishaps, unsigned from, unsigned left,
    struct badness *worst)
{
	s->mishaps = mishaps;
	struct badness b = run(s);
	if (weight(&b) > weight(worst))
		*worst = b;
	for (unsigned at = from; left != 0 && at < REQUESTS; at++) {
		for (unsigned kind = REQUEST_LOST; kind < ACCIDENTS; kind++) {
			mishaps[s->n_mishaps++] = (struct mishap){ at, (enum accident)kind };
			place(s, mishaps, at + 1, left - 1, worst);
			s->n_mishaps--;
		}
	}
}

static void cell(struct scenario *s, unsigned faults, char out[WORD])
{
	struct mishap mishaps[FAULTS_MAX];
	struct badness worst = { 0 };
	size_t n = 0;
	place(s, mishaps, 0, faults, &worst);
	if (worst.surplus != 0)
		n = (size_t)snprintf(out, WORD, "d%u", worst.surplus);
	snprintf(out + n, WORD - n, "%s%s%s%s", worst.none ? "lost" : "", worst.dirty ? "s" : "",
	    worst.lost ? "l" : "", weight(&worst) == 0 ? "." : "");
}

/* ---- the tables ---- */

static size_t split(char *line, char *words[], size_t most)
{
	size_t n = 0;
	for (char *word = strsep(&line, " \t\n"); word != NULL; word = strsep(&line, " \t\n")) {
		if (*word == '\0')
			continue;
		if (n == most)
			give_up("too many words in a line:", word);
		words[n++] = word;
	}
	return n;
}

static void check_begin(struct check *c, const struct profiles *set, char *words[], size_t n)
{
	if (n != 3 && n != 5)
		give_up("a check wants", "FAULTS edit|create [CLIENT SERVER]");
	*c = (struct check){ .faults = (unsigned)strtoul(words[1], NULL, 10) };
	c->edit = strcmp(words[2], "edit") == 0;
	c->client = n == 5 ? named(set, words[3]) : NULL;
	c->server = n == 5 ? named(set, words[4]) : NULL;
	if (c->faults > FAULTS_MAX)
		give_up("too many faults:", words[1]);
}

static void check_columns(struct check *c, char *words[], size_t n)
{
	for (size_t i = 0; i < n && i < COLUMNS; i++)
		snprintf(c->columns[i], WORD, "%s", words[i]);
	c->n_columns = n;
}

static void check_cell(const struct check *c, const struct profiles *set, const char *row,
    const char *column, const char *expected, struct tally *t)
{
	const struct profile *left = named(set, row), *right = named(set, column);
	struct scenario s = { .client = left,
		.server = right,
		.cycles = CYCLES,
		.edit_before = c->edit ? EDIT_BEFORE : CYCLES };
	if (c->client != NULL) {
		s.client = c->client;
		s.server = c->server;
		s.gateway = left;
		s.store = right;
	}
	char got[WORD];
	cell(&s, c->faults, got);
	bool same = strcmp(expected, "?") == 0 || strcmp(expected, got) == 0;
	t->passed += same;
	t->failed += !same;
	if (!same || t->print)
		printf("%u faults, %s with %s: %s, published %s\n", c->faults, row, column, got,
		    expected);
}

static void check_line(struct check *c, const struct profiles *set, char *line, struct tally *t)
{
	char *words[COLUMNS + 1];
	size_t n = split(line, words, COLUMNS + 1);
	if (n == 0 || words[0][0] == '#')
		return;
	if (strcmp(words[0], "check") == 0) {
		check_begin(c, set, words, n);
	} else if (c->n_columns == 0) {
		check_columns(c, words, n);
	} else {
		if (n != c->n_columns + 1)
			give_up("a row of another length:", words[0]);
		for (size_t i = 0; i < c->n_columns; i++)
			check_cell(c, set, words[0], c->columns[i], words[i + 1], t);
	}
}

static void check_file(const char *path, const struct profiles *set, struct tally *t)
{
	char line[400];
	struct check c = { 0 };
	FILE *in = fopen(path, "r");
	if (in == NULL)
		give_up("cannot open", path);
	while (fgets(line, sizeof line, in) != NULL)
		if (line[0] != '#')
			check_line(&c, set, line, t);
	fclose(in);
}

int main(int argc, char **argv)
{
	struct limits limits = limits_default();
	struct error e = { "" };
	struct profiles *set = profiles_new(&limits, &e);
	struct tally t = { .print = argc > 1 && strcmp(argv[1], "--print") == 0 };
	int first = t.print ? 2 : 1;
	if (set == NULL || argc <= first)
		give_up("usage:", "exhaustive [--print] TABLES PROFILES...");
	profiles_load_shipped(set);
	for (int i = first + 1; i < argc; i++)
		if (!profiles_load(set, argv[i], &e))
			give_up("profiles:", e.text);
	if (profiles_errors(set) != 0)
		give_up("profiles:", "there are errors in them");
	check_file(argv[first], set, &t);
	profiles_free(set);
	printf("%u passed, %u failed\n", t.passed, t.failed);
	return t.failed != 0;
}
