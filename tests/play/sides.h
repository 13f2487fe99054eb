/*
 * sides.h - profiles of the analyser for the player. For the programs of tests/play/.
 */
#ifndef DAVSCOPE_TESTS_PLAY_SIDES_H
#define DAVSCOPE_TESTS_PLAY_SIDES_H

#include "analysis/profiles.h"
#include "play/play.h"

struct play_side side_of(const struct profile *); /* NULL: nobody */

#endif
