/*
 * room.c - memory that grows for texts which are borrowed.
 */
#include "cmd/keeper/room.h"

#include <stdlib.h>
#include <string.h>

bool room_keep(uint8_t **room, size_t *n, struct slice *const *parts, size_t n_parts)
{
	size_t want = 1, at = 0;
	for (size_t i = 0; i < n_parts; i++)
		want += parts[i]->n;
	uint8_t *p = want > *n ? realloc(*room, want) : *room;
	if (p == NULL)
		return false;
	*n = want > *n ? want : *n;
	*room = p;
	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i]->n != 0)
			memcpy(p + at, parts[i]->p, parts[i]->n);
		parts[i]->p = p + at;
		at += parts[i]->n;
	}
	return true;
}
