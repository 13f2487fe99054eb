/*
 * make.h - transactions for tests, whole and paired unless a test damages them. Texts end at a
 * PROT_NONE page.
 */
#ifndef DAVSCOPE_TESTS_MAKE_H
#define DAVSCOPE_TESTS_MAKE_H

#include "analysis/analysis.h"
#include "tests/unit/guard.h"

enum { MADE_HEADERS = 24 };
struct made {
	struct txn txn;
	struct header req[MADE_HEADERS], res[MADE_HEADERS];
};

static inline struct slice guarded(const char *text)
{
	size_t n = strlen(text);
	return (struct slice){ guard_copy(text, n), n };
}

static inline struct stamp made_stamp(uint64_t frame)
{
	return (struct stamp){ .order = frame, .frame = frame, .ns = (int64_t)frame * 1000000 };
}

static inline void made_message(struct message *m, struct header *headers, uint64_t frame)
{
	*m = (struct message){ .seen = true, .head_complete = true, .end_seen = true, .version = 11,
		.headers = headers, .body = { .complete = true } };
	m->first = made_stamp(frame);
	m->head = made_stamp(frame + 1);
	m->last = made_stamp(frame + 2);
}

/* Request in packets 1 to 3, answer in 4 to 6; status 0: no answer, the connection closed. */
static inline void made_init(struct made *m, const char *method, const char *target, unsigned status)
{
	*m = (struct made){ .txn = { .flow = { .frame = 1 }, .seq = 1,
				.client = { 4, 40000, { 10, 0, 0, 1 } },
				.server = { 4, 80, { 10, 0, 0, 2 } } } };
	made_message(&m->txn.req, m->req, 1);
	m->txn.req.method = guarded(method);
	m->txn.req.target = guarded(target);
	m->txn.done = made_stamp(6);
	if (status == 0) {
		m->txn.unpaired = UNPAIRED_CLOSED;
		return;
	}
	made_message(&m->txn.res, m->res, 4);
	m->txn.res.status = (uint16_t)status;
}

static inline void made_header(struct message *m, const char *name, const char *value)
{
	m->headers[m->n_headers++] = (struct header){ .name = guarded(name), .value = guarded(value) };
}

#endif
