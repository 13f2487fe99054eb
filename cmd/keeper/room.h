/*
 * room.h - memory that grows for texts which are borrowed. Private to cmd/keeper/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_ROOM_H
#define DAVSCOPE_CMD_KEEPER_ROOM_H

#include "base/base.h"

/* Copies the parts to *room, of *n bytes, and lets them point there. False: out of memory. */
bool room_keep(uint8_t **room, size_t *n, struct slice *const *parts, size_t n_parts);

#endif
