/*
 * walk.c - a random walk through the machine, and through rows.txt beside it: at every step both have to
 * name the same rows, the same next states and the same effects. Nothing here is made from the
 * program's table; words are all that the two have in common.
 * usage: walk ROWS STEPS [SEED]
 */
#include "analysis/machine.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 300, WORDS_MAX = 64, WORD = 24, FOUND_MAX = 32, COLUMNS = 7, LEG = 40 };

/* Words of one kind, numbered as the text brings them. */
struct words {
	char word[WORDS_MAX][WORD];
	size_t n;
};

struct line {
	char name[8];
	uint64_t states, events, must, must_not, values, effects;
	bool any; /* client */
	bool same, nowhere;
	unsigned next;
	uint64_t taken;
};
struct text {
	struct words states, events, facts, values, effects;
	struct line lines[LINES_MAX];
	size_t n;
};

/* What the program numbers, in numbers of the text; WORDS_MAX: the text does not know it. */
struct meaning {
	size_t states[STATES], events[MACHINE_EVENTS], facts[FACTS], effects[EFFECTS];
	size_t values[POLICIES][VALUES_MAX];
};

static _Noreturn void give_up(const char *what, const char *which)
{
	fprintf(stderr, "walk: %s: %s\n", what, which);
	exit(2);
}

/* ---- the text ---- */

static size_t word_number(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->word[i], word) == 0)
			return i;
	return WORDS_MAX;
}

static uint64_t word_bit(struct words *w, const char *word)
{
	size_t i = word_number(w, word);
	if (i == WORDS_MAX) {
		if (w->n == WORDS_MAX || strlen(word) >= WORD)
			give_up("no room for the word", word);
		i = w->n++;
		memcpy(w->word[i], word, strlen(word) + 1);
	}
	return UINT64_C(1) << i;
}

/* Words of a column; those that begin with ! go to *negated. */
static uint64_t word_set(struct words *w, char *column, uint64_t *negated)
{
	uint64_t set = 0;
	for (char *word = strsep(&column, " "); word != NULL; word = strsep(&column, " ")) {
		if (*word == '!' && negated != NULL)
			*negated |= word_bit(w, word + 1);
		else if (*word != '\0')
			set |= word_bit(w, word);
	}
	return set;
}

static char *trim(char *column)
{
	while (*column == ' ')
		column++;
	size_t n = strlen(column);
	while (n != 0 && (column[n - 1] == ' ' || column[n - 1] == '\n'))
		column[--n] = '\0';
	return column;
}

/* "P1=fail,fetch" becomes the words P1=fail and P1=fetch. */
static uint64_t value_set(struct words *w, char *column)
{
	uint64_t set = 0;
	char *values = strchr(column, '=');
	if (values == NULL)
		give_up("no policy and values", column);
	*values++ = '\0';
	for (char *v = strsep(&values, ","); v != NULL; v = strsep(&values, ",")) {
		char word[2 * WORD];
		snprintf(word, sizeof word, "%s=%s", column, v);
		set |= word_bit(w, word);
	}
	return set;
}

static void line_read(struct text *t, char *source)
{
	char *column[COLUMNS], *rest = source;
	for (size_t i = 0; i < COLUMNS; i++) {
		char *next = strsep(&rest, "|");
		if (next == NULL)
			give_up("a line with too few columns", source);
		column[i] = trim(next);
	}
	if (t->n == LINES_MAX || rest != NULL)
		give_up("too many lines or columns", source);
	struct line *l = &t->lines[t->n++];
	*l = (struct line){ .any = *column[4] == '\0' };
	snprintf(l->name, sizeof l->name, "%s", column[0]);
	l->states = word_set(&t->states, column[1], NULL);
	l->events = word_set(&t->events, column[2], NULL);
	l->must = word_set(&t->facts, column[3], &l->must_not);
	l->values = l->any ? 0 : value_set(&t->values, column[4]);
	l->same = strcmp(column[5], "=") == 0;
	l->nowhere = strcmp(column[5], "-") == 0;
	if (!l->same && !l->nowhere) {
		word_bit(&t->states, column[5]);
		l->next = (unsigned)word_number(&t->states, column[5]);
	}
	l->effects = word_set(&t->effects, column[6], NULL);
}

static void text_read(struct text *t, const char *path)
{
	char source[400];
	FILE *in = fopen(path, "r");
	if (in == NULL)
		give_up("cannot open", path);
	while (fgets(source, sizeof source, in) != NULL)
		if (source[0] != '#' && *trim(source) != '\0')
			line_read(t, source);
	fclose(in);
}

/* ---- what both have in common ---- */

static void meaning_of(size_t *out, const struct words *w, const struct machine_word *program,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = word_number(w, program[i].word);
}

static struct meaning meaning_make(const struct text *t)
{
	struct meaning m;
	meaning_of(m.states, &t->states, machine_states, STATES);
	meaning_of(m.events, &t->events, machine_events, MACHINE_EVENTS);
	meaning_of(m.facts, &t->facts, machine_facts, FACTS);
	meaning_of(m.effects, &t->effects, machine_effects, EFFECTS);
	for (unsigned p = 1; p < POLICIES; p++) {
		for (unsigned v = 0; v < policy_values((enum policy)p); v++) {
			char word[2 * WORD];
			snprintf(word, sizeof word, "%s=%s", policies_table[p].code,
			    policies_table[p].values[v].word);
			m.values[p][v] = word_number(&t->values, word);
		}
	}
	return m;
}

static uint64_t translate(const size_t *numbers, size_t n, uint32_t bits)
{
	uint64_t set = 0;
	for (size_t i = 0; i < n; i++)
		if (bits >> i & 1 && numbers[i] != WORDS_MAX)
			set |= UINT64_C(1) << numbers[i];
	return set;
}

/* ---- the walk ---- */

struct walk {
	struct text *text;
	struct meaning meaning;
	uint64_t seed;
	struct vector client;
	uint64_t client_values; /* the same, in words of the text */
	enum machine_state state;
	uint64_t disagreements;
	uint64_t state_seen[STATES];
	uint64_t row_taken[LINES_MAX];
};

static unsigned dice(struct walk *w, unsigned sides)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (unsigned)((w->seed >> 20) % sides);
}

/* One value of each policy, or some. */
static void client_choose(struct walk *w)
{
	bool sets = dice(w, 2);
	w->client_values = 0;
	for (unsigned p = 1; p < POLICIES; p++) {
		unsigned n = policy_values((enum policy)p);
		unsigned set = sets ? 1 + dice(w, (1u << n) - 1) : 1u << dice(w, n);
		w->client.set[p] = (uint8_t)set;
		for (unsigned v = 0; v < n; v++)
			if (set >> v & 1 && w->meaning.values[p][v] != WORDS_MAX)
				w->client_values |= UINT64_C(1) << w->meaning.values[p][v];
	}
}

static struct machine_moment situation_choose(struct walk *w)
{
	struct machine_moment s = { w->state, (enum machine_event)dice(w, MACHINE_EVENTS), 0, 0 };
	for (unsigned f = 0; f < FACTS; f++) {
		unsigned face = dice(w, 5);
		s.yes |= face < 2 ? BIT(f) : 0;
		s.no |= face == 2 || face == 3 ? BIT(f) : 0;
	}
	return s;
}

/* The lines that apply, by the text. */
static size_t text_step(struct walk *w, const struct machine_moment *s,
    struct line *found[FOUND_MAX])
{
	const struct meaning *m = &w->meaning;
	uint64_t yes = translate(m->facts, FACTS, s->yes), no = translate(m->facts, FACTS, s->no);
	size_t n = 0, state = m->states[s->state], event = m->events[s->event];
	if (state == WORDS_MAX || event == WORDS_MAX)
		return 0;
	for (size_t i = 0; i < w->text->n; i++) {
		struct line *l = &w->text->lines[i];
		if (!(l->states >> state & 1) || !(l->events >> event & 1))
			continue;
		if ((l->must & no) == 0 && (l->must_not & yes) == 0 &&
		    (l->any || (l->values & w->client_values) != 0) && n < FOUND_MAX)
			found[n++] = l;
	}
	return n;
}

static bool is_same(const struct walk *w, const struct line *l, const struct machine_row *row)
{
	bool next = row->to == STATE_SAME ? l->same :
	    row->to == STATE_NOWHERE      ? l->nowhere :
					    !l->same && !l->nowhere &&
		l->next == w->meaning.states[row->to];
	return next && strcmp(l->name, row->name) == 0 &&
	    l->effects == translate(w->meaning.effects, EFFECTS, row->effects);
}

static bool agree(struct walk *w, const struct machine_row *const *rows, size_t n_rows,
    struct line **lines, size_t n_lines)
{
	uint64_t used = 0;
	if (n_rows != n_lines)
		return false;
	for (size_t i = 0; i < n_rows; i++) {
		size_t k = 0;
		while (k < n_lines && (used >> k & 1 || !is_same(w, lines[k], rows[i])))
			k++;
		if (k == n_lines)
			return false;
		used |= UINT64_C(1) << k;
		lines[k]->taken++;
	}
	return true;
}

static void complain_of(struct walk *w, const struct machine_moment *s,
    const struct machine_row *const *rows, size_t n_rows, struct line **lines, size_t n_lines)
{
	if (w->disagreements++ >= 10)
		return;
	printf("%s at %s: the program takes", machine_states[s->state].word,
	    machine_events[s->event].word);
	for (size_t i = 0; i < n_rows; i++)
		printf(" %s", rows[i]->name);
	printf(", the text");
	for (size_t i = 0; i < n_lines; i++)
		printf(" %s", lines[i]->name);
	printf("\n");
}

static void walk_step(struct walk *w)
{
	size_t all;
	const struct machine_row *rows[STEP_ROWS], *table = machine_table(&all);
	struct line *lines[FOUND_MAX];
	struct machine_moment s = situation_choose(w);
	size_t n_rows = machine_step(&s, &w->client, rows), n_lines = text_step(w, &s, lines);
	w->state_seen[w->state]++;
	if (!agree(w, rows, n_rows, lines, n_lines))
		complain_of(w, &s, rows, n_rows, lines, n_lines);
	for (size_t i = 0; i < n_rows; i++)
		w->row_taken[rows[i] - table]++;
	if (n_rows == 0)
		return;
	enum machine_state next = row_next(rows[dice(w, (unsigned)n_rows)], w->state);
	w->state = next == STATE_NOWHERE ? w->state : next;
}

static void walk_leg(struct walk *w, unsigned long steps)
{
	w->state = dice(w, 2) ? STATE_TOP : STATE_S_TOP;
	client_choose(w);
	for (unsigned long i = 0; i < steps; i++)
		walk_step(w);
}

static unsigned walk_report(const struct walk *w)
{
	size_t n, unreached = 0, untaken = 0;
	const struct machine_row *table = machine_table(&n);
	for (unsigned i = 0; i < STATES; i++) {
		if (w->state_seen[i] == 0)
			printf("never reached: %s\n", machine_states[i].word);
		unreached += w->state_seen[i] == 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (w->row_taken[i] == 0)
			printf("never taken: row %s of the program\n", table[i].name);
		untaken += w->row_taken[i] == 0;
	}
	for (size_t i = 0; i < w->text->n; i++) {
		if (w->text->lines[i].taken == 0)
			printf("never taken: row %s of the text\n", w->text->lines[i].name);
		untaken += w->text->lines[i].taken == 0;
	}
	printf("%zu rows in the program, %zu in the text; %llu disagreements, %zu states not "
	       "reached, %zu rows not taken\n",
	    n, w->text->n, (unsigned long long)w->disagreements, unreached, untaken);
	return (w->disagreements != 0) + (unreached != 0) + (untaken != 0) + (n != w->text->n);
}

int main(int argc, char **argv)
{
	static struct text text;
	if (argc < 3)
		give_up("usage", "walk ROWS STEPS [SEED]");
	unsigned long steps = strtoul(argv[2], NULL, 10);
	text_read(&text, argv[1]);
	struct walk w = { .text = &text, .meaning = meaning_make(&text) };
	w.seed = argc > 3 ? strtoul(argv[3], NULL, 10) | 1 : 923164;
	for (unsigned long done = 0; done < steps; done += LEG)
		walk_leg(&w, steps - done < LEG ? steps - done : LEG);
	unsigned failed = walk_report(&w);
	printf("%u passed, %u failed\n", 4 - failed, failed);
	return failed != 0;
}
