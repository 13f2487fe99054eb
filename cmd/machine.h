/*
 * machine.h - what the files of `davscope machine` share. Private to cmd/.
 */
#ifndef DAVSCOPE_CMD_MACHINE_H
#define DAVSCOPE_CMD_MACHINE_H

#include "cmd/rules.h"

/* options->words[0] is the name of the subcommand, operands follow. */
int machine_show(const struct options *);
int machine_profiles(const struct options *);
int machine_fit(const struct options *);
int machine_scenario(const struct options *);
int machine_play(const struct options *);

#endif
