/*
 * sessionkit.h - operations in the order of a capture, fed to the sessions, and what these tell.
 */
#ifndef DAVSCOPE_TESTS_SESSIONKIT_H
#define DAVSCOPE_TESTS_SESSIONKIT_H

#include "tests/unit/synckit.h"

#include <stdio.h>

enum { STAGE_HEARD = 64 };
struct heard {
	enum trouble trouble;
	enum certainty certainty;
	uint64_t number, update, count, first_packet;
	size_t n_packets;
	bool by_op;
	char value[128], other[128], href[64], scope[64];
};

struct stage {
	struct sessions *sessions;
	struct heard heard[STAGE_HEARD];
	size_t n;
	uint64_t order, numbered;
	int64_t ns;
	uint64_t begun;        /* of the next request, when it is not the newest; 0: it is */
	uint64_t flow;         /* of the next request; 0: a new one each */
	long *memory, left;    /* while the product works *memory is `left`, else below 0: without end */
};

static inline void stage_text(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", (int)s.n, (const char *)s.p);
}

static inline void stage_matter(void *ctx, const struct matter *m)
{
	struct stage *g = ctx;
	assert_true(g->n < STAGE_HEARD);
	struct heard *h = &g->heard[g->n++];
	*h = (struct heard){ .trouble = m->trouble,
		.certainty = m->certainty,
		.number = m->number,
		.update = m->update,
		.count = m->count,
		.n_packets = m->n_packets,
		.by_op = m->op != NULL };
	stage_text(h->value, sizeof(h->value), m->value);
	stage_text(h->other, sizeof(h->other), m->other_value);
	stage_text(h->href, sizeof(h->href), m->href);
	stage_text(h->scope, sizeof(h->scope), m->scope);
	assert_true(m->n_packets != 0 && m->number != 0);
	h->first_packet = m->packets[0].order;
	for (size_t i = 1; i < m->n_packets; i++)
		assert_true(m->packets[i - 1].order < m->packets[i].order);
}

static inline void stage_init_with(struct stage *g, const struct limits *limits, uint64_t seed)
{
	*g = (struct stage){ .order = 1, .ns = INT64_C(1700000000) * 1000000000 };
	g->sessions = sessions_new(limits, hash_key_from(seed),
	    (struct teller){ stage_matter, g });
	assert_non_null(g->sessions);
}

static inline void stage_init(struct stage *g)
{
	struct limits limits = limits_default();
	stage_init_with(g, &limits, 1);
}

static inline void stage_free(struct stage *g)
{
	sessions_free(g->sessions);
}

static inline void stage_wait(struct stage *g, int64_t seconds)
{
	g->ns += seconds * 1000000000;
}

static inline struct stamp stage_tick(struct stage *g)
{
	g->order++;
	g->ns += 1000000;
	return (struct stamp){ .order = g->order, .frame = g->order, .ns = g->ns };
}

static inline void message_stamp(struct message *m, struct stage *g)
{
	m->first = stage_tick(g);
	m->head = stage_tick(g);
	m->last = stage_tick(g);
}

/* A transaction that is not over yet: its arena, its place in time. */
static inline void stage_begin(struct stage *g, struct made *m, const char *method,
    const char *target, unsigned status)
{
	made_init(m, method, target, status);
	m->txn.arena = arena_new(1 << 20);
	message_stamp(&m->txn.req, g);
	if (g->begun != 0)
		m->txn.req.first.order = g->begun;
	g->begun = 0;
	if (status != 0)
		message_stamp(&m->txn.res, g);
	m->txn.done = stage_tick(g);
	m->txn.flow.frame = g->flow != 0 ? g->flow : 1000 + g->order;
}

static inline void stage_end(struct stage *g, struct made *m, struct op *op)
{
	op->number = ++g->numbered;
	op->txn = &m->txn;
	if (g->memory != NULL)
		*g->memory = g->left;
	sessions_op(g->sessions, op, op->sync);
	if (g->memory == NULL)
		return;
	g->left = *g->memory;
	*g->memory = -1;
}

/* ---- what was told ---- */

static inline size_t heard_times(const struct stage *g, enum trouble trouble)
{
	size_t n = 0;
	for (size_t i = 0; i < g->n; i++)
		n += g->heard[i].trouble == trouble;
	return n;
}

static inline void assert_silence(const struct stage *g)
{
	if (g->n != 0)
		fail_msg("told of %s", trouble_name(g->heard[0].trouble));
}

/* Of a table of scenes that only look like it the first is the real one. */
static inline void assert_told(const struct stage *g, enum trouble trouble, int scene)
{
	if (scene == 0 && (g->n == 0 || g->heard[0].trouble != trouble))
		fail_msg("%s is not told", trouble_name(trouble));
	if (scene != 0 && g->n != 0)
		fail_msg("scene %d: told of %s", scene, trouble_name(g->heard[0].trouble));
}

/* It is all that was told, this often; the last of it. */
static inline const struct heard *assert_heard(const struct stage *g, enum trouble trouble,
    size_t times)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->heard[i].trouble != trouble)
			fail_msg("told of %s, not of %s", trouble_name(g->heard[i].trouble),
			    trouble_name(trouble));
	if (g->n != times)
		fail_msg("%s: told %zu times, not %zu", trouble_name(trouble), g->n, times);
	return &g->heard[g->n - 1];
}

#endif
