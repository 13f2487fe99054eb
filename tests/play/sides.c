/*
 * sides.c - the first value of each policy, as its word.
 */
#include "tests/play/sides.h"

#include <string.h>

static const char *value_of(const void *profile, const char *code)
{
	const struct profile *p = profile;
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (strcmp(policies_table[i].code, code) == 0)
			return p->said >> i & 1 ?
			    policies_table[i].values[p->policies.first[i]].word :
			    NULL;
	return NULL;
}

struct play_side side_of(const struct profile *p)
{
	if (p == NULL)
		return (struct play_side){ .name = NULL };
	return (struct play_side){ p->name, p->speaks == SPEAKS_ACTIVESYNC, value_of, p };
}
