/*
 * confine.h - what the keeper may still do when it works. Private to cmd/keeper/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_CONFINE_H
#define DAVSCOPE_CMD_KEEPER_CONFINE_H

#include "cmd/keeper/outlets.h"

bool keeper_confine(const struct options *, const struct outlets *, const char *state_dir, struct error *); /* state_dir NULL: none */
bool keeper_seal(const struct options *, const struct outlets *, struct error *);

#endif
