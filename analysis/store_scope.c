/*
 * store_scope.c - the collections of the store: found by their number, gone with the last item known of them.
 */
#include "analysis/store.h"

#include <stdlib.h>
#include <string.h>

struct scope_state *scope_find(const struct store *s, uint64_t scope)
{
	struct scope_state *state = s->scopes_room == 0 ?
	    NULL :
	    s->scopes[mix(s->seed, scope) & (s->scopes_room - 1)];
	while (state != NULL && state->scope != scope)
		state = state->next;
	return state;
}

void scope_mark(struct store *s, struct scope_state *state)
{
	if (!s->remembers || state->unsaved_link != NULL)
		return;
	state->unsaved_next = s->unsaved_scopes;
	state->unsaved_link = &s->unsaved_scopes;
	if (state->unsaved_next != NULL)
		state->unsaved_next->unsaved_link = &state->unsaved_next;
	s->unsaved_scopes = state;
}

void scope_saved(struct scope_state *state)
{
	if (state->unsaved_link == NULL)
		return;
	*state->unsaved_link = state->unsaved_next;
	if (state->unsaved_next != NULL)
		state->unsaved_next->unsaved_link = state->unsaved_link;
	state->unsaved_next = NULL;
	state->unsaved_link = NULL;
}

struct scope_state *scope_take(struct store *s, uint64_t scope, struct slice name)
{
	struct scope_state *state = scope_find(s, scope);
	if (state != NULL)
		return state;
	size_t n = name.n < NAME_MAX_KEPT ? name.n : NAME_MAX_KEPT;
	state = calloc(1, sizeof(*state) + n);
	if (state == NULL)
		return NULL;
	struct scope_state **bucket = &s->scopes[mix(s->seed, scope) & (s->scopes_room - 1)];
	state->scope = scope;
	state->n_name = (uint16_t)n;
	if (n != 0)
		memcpy(state->name, name.p, n);
	state->next = *bucket;
	*bucket = state;
	s->n_scopes++;
	s->bytes += sizeof(*state) + n + MALLOC_COST;
	scope_mark(s, state);
	return state;
}

/* A collection of which nothing is known any more goes as well. */
void scope_drop(struct store *s, struct scope_state *state)
{
	struct scope_state **at = &s->scopes[mix(s->seed, state->scope) & (s->scopes_room - 1)];
	while (*at != state)
		at = &(*at)->next;
	*at = state->next;
	if (s->remembers)
		forget(&s->forgotten, STATE_COLLECTION, OF_SCOPE, state->scope);
	scope_saved(state);
	s->n_scopes--;
	s->bytes -= sizeof(*state) + state->n_name + MALLOC_COST;
	free(state);
}

static void row_take(struct store *s, uint32_t *first, struct item *item)
{
	struct item *later = item_at(s, item->later), *earlier = item_at(s, item->earlier);
	*(later != NULL ? &later->earlier : first) = item->earlier;
	if (earlier != NULL)
		earlier->later = item->later;
	item->earlier = item->later = 0;
}

static void row_put(struct store *s, uint32_t *first, struct item *item)
{
	struct item *earlier = item_at(s, *first);
	item->earlier = *first;
	if (earlier != NULL)
		earlier->later = item->number;
	*first = item->number;
}

void scope_unlist(struct store *s, struct scope_state *state, struct item *item)
{
	if (item->state == LIFE_UNKNOWN)
		row_take(s, &state->open, item);
	else if (item->state != LIFE_GONE)
		order_take(s, &state->items, item);
}

void scope_list(struct store *s, struct scope_state *state, struct item *item)
{
	if (item->state == LIFE_UNKNOWN)
		row_put(s, &state->open, item);
	else if (item->state != LIFE_GONE)
		order_put(s, &state->items, item);
}

void scope_leave(struct store *s, struct item *item)
{
	struct scope_state *state = scope_find(s, item->scope);
	ensure(state != NULL, NULL);
	scope_unlist(s, state, item);
	if (--state->n_items == 0)
		scope_drop(s, state);
}

bool scope_enter(struct store *s, struct item *item, struct slice name)
{
	struct scope_state *state = scope_take(s, item->scope, name);
	if (state == NULL)
		return false;
	state->n_items++;
	scope_list(s, state, item);
	return true;
}
