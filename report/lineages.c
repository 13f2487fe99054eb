/*
 * lineages.c - the items that findings are about, each once and up to a bound, with the newest that is
 * known of its life.
 */
#include "report/findings.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 512, TEXT_MAX = 255 };

struct lineages {
	uint64_t most, n;
	struct lineage *buckets[BUCKETS]; /* by number */
};

struct lineages *lineages_new(const struct limits *limits)
{
	struct lineages *l = calloc(1, sizeof *l);
	if (l != NULL)
		l->most = limits->lineages_kept;
	return l;
}

void lineages_free(struct lineages *l)
{
	for (size_t i = 0; l != NULL && i < BUCKETS; i++) {
		while (l->buckets[i] != NULL) {
			struct lineage *lineage = l->buckets[i];
			l->buckets[i] = lineage->next;
			free(lineage->text);
			free(lineage);
		}
	}
	free(l);
}

/* Without memory those before it stay. */
static void texts_keep(struct lineage *lineage, const struct matter *m)
{
	const struct slice texts[LINEAGE_TEXTS] = { [LINEAGE_MAILBOX] = m->mailbox,
		[LINEAGE_SCOPE] = m->scope,
		[LINEAGE_PEER] = m->peer,
		[LINEAGE_DEVICE] = m->device,
		[LINEAGE_UID] = m->uid,
		[LINEAGE_SUMMARY] = m->summary,
		[LINEAGE_FRONT_BUILD] = m->front_build,
		[LINEAGE_BACK_BUILD] = m->back_build };
	uint8_t *text = malloc(LINEAGE_TEXTS * TEXT_MAX);
	size_t used = 0;
	if (text == NULL)
		return;
	for (size_t i = 0; i < LINEAGE_TEXTS; i++) {
		struct slice part = slice_part(texts[i], 0, TEXT_MAX);
		if (part.n != 0)
			memcpy(text + used, part.p, part.n);
		lineage->texts[i] = (struct slice){ text + used, part.n };
		used += part.n;
	}
	free(lineage->text);
	lineage->text = text;
}

static void history_keep(struct lineage *lineage, const struct matter *m)
{
	size_t n = m->n_history < HISTORY_MAX ? m->n_history : HISTORY_MAX;
	if (n != 0)
		memcpy(lineage->history, m->history, n * sizeof *lineage->history);
	lineage->n_history = n;
	lineage->dropped = m->history_dropped + (m->n_history - n);
}

/* NULL: there are as many as there may be, or no memory is left. */
static struct lineage *lineage_make(struct lineages *l, struct lineage **place, uint64_t number)
{
	struct lineage *made = l->n < l->most ? calloc(1, sizeof *made) : NULL;
	if (made == NULL)
		return NULL;
	made->number = number;
	*place = made;
	l->n++;
	return made;
}

struct lineage *lineages_take(struct lineages *l, const struct matter *m)
{
	struct lineage **place = &l->buckets[m->number % BUCKETS];
	while (*place != NULL && (*place)->number != m->number)
		place = &(*place)->next;
	struct lineage *lineage = *place != NULL ? *place : lineage_make(l, place, m->number);
	if (lineage == NULL)
		return NULL;
	/* Who tells a life knows best; one who tells none does not take away what is known. */
	if (m->n_history != 0 || lineage->n_history == 0)
		texts_keep(lineage, m);
	if (m->n_history != 0)
		history_keep(lineage, m);
	return lineage;
}
