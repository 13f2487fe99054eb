/*
 * synckit.h - ActiveSync commands and operations for tests, made by hand.
 */
#ifndef DAVSCOPE_TESTS_SYNCKIT_H
#define DAVSCOPE_TESTS_SYNCKIT_H

#include "analysis/meaning.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct slice text(const char *s)
{
	return s != NULL ? guarded(s) : (struct slice){ 0 };
}

static inline void assert_slice(struct slice s, const char *expected)
{
	if (!slice_is(s, expected))
		fail_msg("\"%.*s\", not \"%s\"", (int)s.n, (const char *)s.p, expected);
}

/* Items of one collection, and the collection, as decode would hand them up. */
enum { KIT_ITEMS = 8, KIT_COLLECTIONS = 4 };
struct kit_side {
	struct airsync_item items[KIT_COLLECTIONS][KIT_ITEMS];
	struct airsync_collection collections[KIT_COLLECTIONS];
	struct airsync_move moves[KIT_ITEMS];
	struct airsync airsync;
};

static inline void side_init(struct kit_side *s, const char *command)
{
	*s = (struct kit_side){ .airsync = { .command = text(command),
				    .status = AIRSYNC_NONE,
				    .heartbeat = AIRSYNC_NONE,
				    .whole = true } };
	s->airsync.collections = s->collections;
	s->airsync.moves = s->moves;
}

static inline struct airsync_collection *side_collection(struct kit_side *s, const char *id,
    const char *key, int status)
{
	size_t n = s->airsync.n_collections++;
	s->collections[n] = (struct airsync_collection){ .id = text(id),
		.key = text(key),
		.status = status,
		.estimate = AIRSYNC_NONE,
		.window = AIRSYNC_NONE,
		.filter = AIRSYNC_NONE,
		.items = s->items[n] };
	return &s->collections[n];
}

static inline struct airsync_item *side_item(struct kit_side *s, enum airsync_verb verb,
    const char *client_id, const char *server_id)
{
	size_t at = s->airsync.n_collections - 1;
	struct airsync_item *item = &s->items[at][s->collections[at].n_items++];
	*item = (struct airsync_item){ .verb = verb,
		.status = AIRSYNC_NONE,
		.client_id = text(client_id),
		.server_id = text(server_id) };
	s->collections[at].commands = true;
	return item;
}

/* A row under Responses. */
static inline struct airsync_item *side_row(struct kit_side *s, enum airsync_verb verb,
    const char *client_id, const char *server_id, int status)
{
	struct airsync_item *item = side_item(s, verb, client_id, server_id);
	item->result = true;
	item->status = status;
	return item;
}

/* A body is there: of some bytes, and read. */
static inline void message_airsync(struct message *m, const struct kit_side *side)
{
	m->body.kind = BODY_WBXML;
	m->body.bytes = m->body.decoded_bytes = 100;
	m->body.airsync = &side->airsync;
}

#endif
