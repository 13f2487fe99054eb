/*
 * commandkit.h - an ActiveSync command of one device as operations, for tests of its dialect.
 */
#ifndef DAVSCOPE_TESTS_COMMANDKIT_H
#define DAVSCOPE_TESTS_COMMANDKIT_H

#include "tests/unit/synckit.h"

#include <stdio.h>

struct command_scene {
	struct made made;
	struct kit_side req, res;
	struct facts facts;
	const struct sync_facts *sync;
	struct ops ops;
};

static inline void scene_init(struct command_scene *s, const char *command, unsigned status)
{
	char target[160];
	snprintf(target, sizeof(target),
	    "/Microsoft-Server-ActiveSync?User=CORP%%5CAnna&DeviceId=DEV1&DeviceType=Phone&Cmd=%s",
	    command);
	*s = (struct command_scene){ .facts = { .flavour = FLAVOUR_ACTIVESYNC } };
	made_init(&s->made, "POST", target, status);
	s->made.txn.arena = arena_new(1 << 20);
	side_init(&s->req, command);
	side_init(&s->res, command);
	message_airsync(&s->made.txn.req, &s->req);
	if (status == 200)
		message_airsync(&s->made.txn.res, &s->res);
}

static inline void scene_run(struct command_scene *s)
{
	s->sync = sync_facts_make(&s->made.txn, &s->facts);
	assert_non_null(s->sync);
	s->ops = dialect_airsync(&s->made.txn, &s->facts, s->sync);
}

static inline void scene_free(struct command_scene *s)
{
	arena_free(s->made.txn.arena);
}

static inline void assert_op(const struct op *op, enum op_kind kind, enum outcome_of outcome,
    enum commit commit, unsigned status)
{
	assert_string_equal(op_words[op->kind], op_words[kind]);
	assert_string_equal(outcome_of_words[op->outcome], outcome_of_words[outcome]);
	assert_string_equal(commit_words[op->commit], commit_words[commit]);
	assert_int_equal(op->row_status, status);
}

#endif
