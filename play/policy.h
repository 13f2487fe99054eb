/*
 * policy.h - what a profile says of who takes part, and by what clients introduce themselves. Private to
 * play/.
 */
#ifndef DAVSCOPE_PLAY_POLICY_H
#define DAVSCOPE_PLAY_POLICY_H

#include "play/play.h"

/* Whether this is the value that is played: the first of the profile, or of the policy. */
bool says(const struct play_side *, const char *code, const char *word);
const char *agent_of(const struct play_side *);
bool is_exchange(const struct play_side *);

#endif
