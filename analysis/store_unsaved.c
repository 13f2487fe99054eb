/*
 * store_unsaved.c - which items have changed since they were saved: their numbers, in the order in which
 * they did. An item that left has its number in the list still, and nothing marked.
 */
#include "analysis/store.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_NS (INT64_C(3600) * 1000000000)

/* That an item is in use is saved once an hour. */
uint8_t store_hour(const struct store *s)
{
	return (uint8_t)(s->now.ns / HOUR_NS);
}

/* Each number once, and only of what is marked; to the front. */
static void list_pack(struct store *s)
{
	size_t kept = 0;
	for (size_t i = s->unsaved_at; i < s->n_unsaved; i++) {
		struct item *item = item_at(s, s->unsaved[i]);
		if (item->unsaved)
			s->unsaved[kept++] = item->number;
		item->unsaved = false;
	}
	for (size_t i = 0; i < kept; i++)
		item_at(s, s->unsaved[i])->unsaved = true;
	s->unsaved_at = 0;
	s->n_unsaved = kept;
}

static bool list_room(struct store *s)
{
	if (s->n_unsaved < s->unsaved_room)
		return true;
	list_pack(s);
	if (s->n_unsaved < s->unsaved_room - s->unsaved_room / 4)
		return true;
	size_t room = s->unsaved_room != 0 ? 2 * s->unsaved_room : 256;
	uint32_t *wider = realloc(s->unsaved, room * sizeof(*wider));
	if (wider == NULL)
		return s->n_unsaved < s->unsaved_room;
	s->bytes += (room - s->unsaved_room) * sizeof(*wider);
	s->unsaved = wider;
	s->unsaved_room = room;
	return true;
}

/* Without memory it is saved with its next change. */
void unsaved_add(struct store *s, struct item *item)
{
	if (!list_room(s))
		return;
	s->unsaved[s->n_unsaved++] = item->number;
	item->unsaved = true;
}

struct item *unsaved_first(struct store *s)
{
	for (; s->unsaved_at < s->n_unsaved; s->unsaved_at++) {
		struct item *item = item_at(s, s->unsaved[s->unsaved_at]);
		if (item->unsaved)
			return item;
	}
	s->unsaved_at = s->n_unsaved = 0;
	return NULL;
}

void unsaved_pop(struct store *s)
{
	item_at(s, s->unsaved[s->unsaved_at++])->unsaved = false;
}

void unsaved_all(struct store *s)
{
	for (struct item *i = item_at(s, s->oldest); i != NULL; i = item_at(s, i->newer))
		item_mark(s, i);
	for (size_t i = 0; i < s->scopes_room; i++)
		for (struct scope_state *c = s->scopes[i]; c != NULL; c = c->next)
			scope_mark(s, c);
}
