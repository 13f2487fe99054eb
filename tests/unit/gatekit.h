/*
 * gatekit.h - creates, and what the gate says of them. For tests of analysis/gate.c.
 */
#ifndef DAVSCOPE_TESTS_GATEKIT_H
#define DAVSCOPE_TESTS_GATEKIT_H

#include "tests/unit/onescene.h"

static inline void create(const char *target, const char *uid, const char *summary)
{
	put_new(&s, target, uid, summary, 10, "\"1\"", 201);
}

static inline void untagged(const char *target, const char *uid)
{
	put_new(&s, target, uid, "Tea", 10, NULL, 201);
}

static inline void lost(const char *target, const char *uid)
{
	put_new(&s, target, uid, "Tea", 10, NULL, 0);
}

static inline const struct told *duplicate(void)
{
	scene_finish(&s);
	const struct told *t = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	if (t == NULL)
		fail_msg("no copy");
	assert_true(t->m.number != 0);
	return t;
}

static inline void assert_duplicate(enum cause cause, enum certainty certainty)
{
	const struct told *t = duplicate();
	if (t->m.cause != cause || t->m.certainty != certainty)
		fail_msg("cause %d %s, not %d %s", t->m.cause, certainty_words[t->m.certainty],
		    cause, certainty_words[certainty]);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
}

static inline void assert_cleared(enum gate gate)
{
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	for (size_t i = 0; scene_cleared(&s, gate, 0) == NULL && i < s.n_told; i++)
		if (s.told[i].kind == EVENT_ITEM && s.told[i].m.cleared != GATE_NONE)
			fail_msg("cleared by %s, not by %s", gate_words[s.told[i].m.cleared],
			    gate_words[gate]);
	if (scene_cleared(&s, gate, 0) == NULL)
		fail_msg("not cleared");
}

static inline void move(const char *method, const char *from, const char *to, unsigned status)
{
	struct txn *t = begin(&s, method, from, status);
	req_header(t, "Destination", to);
	deliver(&s, t);
}

#endif
