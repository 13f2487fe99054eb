/*
 * state.c - the names of the parts of what is remembered over a restart.
 */
#include "base/base.h"

const char *const state_words[] = {
#define STATE(code, name, text) name,
#include "state.def"
#undef STATE
	NULL,
};
