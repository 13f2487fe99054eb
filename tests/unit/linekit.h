/*
 * linekit.h - lifelines made by hand: deeds one after the other, a minute apart unless a test waits longer.
 *
 *	line_begin();
 *	create("tea", 1, ON_R_OK)->tag_seen = ABSENT;
 *	look(ON_Q_LIST, 1, ON_ROW, 7);
 */
#ifndef DAVSCOPE_TESTS_LINEKIT_H
#define DAVSCOPE_TESTS_LINEKIT_H

#include "analysis/replay.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MINUTE (INT64_C(60) * 1000000000)

static struct deed deeds[DEEDS_MAX];
static struct lifeline line;
static int64_t now_ns;

static inline void line_begin(void)
{
	now_ns = INT64_C(1159000000000000000);
	line = (struct lifeline){ .number = 1, .deeds = deeds, .room = DEEDS_MAX };
}

static inline struct deed *deed_add(enum machine_event request, uint32_t id, enum machine_event answer)
{
	assert_true(line.n < DEEDS_MAX);
	struct deed *d = &deeds[line.n++];
	*d = (struct deed){ .order = 10U * line.n, .frame = 10U * line.n, .done = 10U * line.n + 2, .times = 1,
		.ns = now_ns += MINUTE, .number = line.n, .target = id, .id = id, .request = (uint8_t)request,
		.answer = (uint8_t)answer, .commit = COMMIT_YES, .tag_seen = ABSENT };
	return d;
}

/* Under a name of its own, if there is nothing yet. What is in it is the same each time. */
static inline struct deed *create(uint32_t id, enum machine_event answer)
{
	struct deed *d = deed_add(ON_Q_CREATE, id, answer);
	bool open = answer == ON_N_LOST || answer == ON_R_TRANSIENT;
	d->guard_kind = GUARD_ABSENT;
	d->body = d->print = 77;
	d->flags = DEED_NAMED | (open ? DEED_OPEN : 0);
	d->commit = open ? COMMIT_MAYBE : answer == ON_R_OK ? COMMIT_YES : COMMIT_NO;
	return d;
}

static inline struct deed *create_tagged(uint32_t id, uint32_t tag)
{
	struct deed *d = create(id, ON_R_OK);
	d->tag = tag;
	d->tag_seen = PRESENT;
	return d;
}

static inline struct deed *update(uint32_t id, uint32_t guard, uint32_t tag)
{
	struct deed *d = deed_add(ON_Q_UPDATE, id, ON_R_OK);
	d->guard_kind = guard != 0 ? GUARD_TAG : GUARD_NONE;
	d->guard = guard;
	d->tag = tag;
	d->tag_seen = tag != 0 ? PRESENT : ABSENT;
	d->body = d->print = 78;
	return d;
}

/* A list or a read, and what it shows of which copy. */
static inline struct deed *look(enum machine_event request, uint32_t id, enum machine_event answer, uint32_t tag)
{
	struct deed *d = deed_add(request, id, answer);
	d->tag = tag;
	d->tag_seen = tag != 0 ? PRESENT : ABSENT;
	return d;
}

/* One more row of the same list. */
static inline struct deed *row_too(uint32_t id, uint32_t tag)
{
	struct deed before = deeds[line.n - 1], *d = look(ON_Q_LIST, id, ON_ROW, tag);
	d->order = before.order;
	d->frame = before.frame;
	d->done = before.done;
	d->ns = now_ns = before.ns;
	return d;
}

static inline struct vector only(enum policy policy, unsigned values)
{
	struct vector v = vector_any();
	v.set[policy] = (uint8_t)values;
	return v;
}

#endif
