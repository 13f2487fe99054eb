/*
 * opkit.h - operations, items and ActiveSync commands for tests, whole and sure unless a test damages
 * them. Include it before nothing else of cmocka.
 */
#ifndef DAVSCOPE_TESTS_OPKIT_H
#define DAVSCOPE_TESTS_OPKIT_H

#include "tests/unit/fieldkit.h"

enum { LIVES = 4 };

/* A PUT that creates an event, the item it makes, and the scene of the transaction behind it. */
struct op_scene {
	struct scene scene;
	struct object object;
	struct op op;
	struct matter matter;
	struct life history[LIVES];
	struct stamp packets[OP_PACKETS + 8];
};

static inline void life_make(struct life *l, uint64_t frame, const char *method, const char *path,
    uint16_t status)
{
	*l = (struct life){ .at = made_stamp(frame), .kind = OP_CREATE, .commit = COMMIT_YES,
		.tag_seen = ABSENT, .status = status };
	l->at.ns = (int64_t)1159200000000000000 + (int64_t)frame * 1000000000;
	snprintf(l->method, sizeof l->method, "%s", method);
	snprintf(l->path, sizeof l->path, "%s", path);
}

static inline void op_scene_init(struct op_scene *s)
{
	*s = (struct op_scene){ .object = { .kind = OBJECT_EVENT,
				    .uid = guarded("u@1"),
				    .summary = guarded("Tea"),
				    .organizer = guarded("mailto:a@b"),
				    .start_ns = 5,
				    .end_ns = 9,
				    .fingerprint = UINT64_C(0x0123456789abcdef),
				    .master = true,
				    .whole = true } };
	scene_init(&s->scene, "PUT", 201);
	s->scene.made.txn.req.body = (struct body){ .kind = BODY_CALENDAR, .bytes = 5,
		.complete = true, .object = &s->object };
	for (size_t i = 0; i < OP_PACKETS + 8; i++)
		s->packets[i] = made_stamp(i + 1);
	s->op = (struct op){ .number = 7,
		.txn = &s->scene.made.txn,
		.facts = &s->scene.facts,
		.kind = OP_CREATE,
		.commit = COMMIT_YES,
		.guard = GUARD_ABSENT,
		.at = { guarded("/cal/a.ics"), 1, 2 },
		.mailbox = guarded("anna"),
		.tag_seen = ABSENT,
		.object = &s->object,
		.peer_name = guarded("10.0.0.1"),
		.legs = 1,
		.attempts = 1,
		.row_status = 201,
		.calendar = true,
		.packets = s->packets,
		.n_packets = 6 };
	for (size_t i = 0; i < LIVES; i++)
		life_make(&s->history[i], 10 * (i + 1), "PUT", "/cal/a.ics", 201);
	s->matter = (struct matter){ .trouble = TROUBLE_DUPLICATE,
		.certainty = CONFIRMED,
		.cause = CAUSE_UNTAGGED,
		.number = 4,
		.op = &s->op,
		.mailbox = guarded("anna"),
		.scope = guarded("/cal"),
		.href = guarded("/cal/b.ics"),
		.other_href = guarded("/cal/a.ics"),
		.uid = guarded("u@1"),
		.summary = guarded("Tea"),
		.peer = guarded("10.0.0.1"),
		.copies = 2,
		.history = s->history,
		.n_history = 2,
		.packets = s->packets,
		.n_packets = 6 };
}

/* The event of one kind; txn and facts are those that an operation brings itself. */
static inline void op_scene_event(struct op_scene *s, enum event_kind kind)
{
	struct event *e = &s->scene.event;
	e->kind = kind;
	e->op = &s->op;
	e->matter = &s->matter;
	e->id = kind == EVENT_OPERATION ? SLICE("o-7") :
	    kind == EVENT_SESSION	? SLICE("s-4") :
					  SLICE("i-4");
	if (kind != EVENT_TRANSACTION && kind != EVENT_SYNC) {
		e->txn = NULL;
		e->facts = NULL;
	}
}

#endif
