/*
 * roundkit.h - Sync, FolderSync, GetItemEstimate and SendMail of devices, as operations for tests.
 */
#ifndef DAVSCOPE_TESTS_ROUNDKIT_H
#define DAVSCOPE_TESTS_ROUNDKIT_H

#include "analysis/session.h"
#include "tests/unit/sessionkit.h"

enum { ONE = 1, TWO = 2 }; /* devices, and so peers */

/* A command of the client with its row, or a command of the server. */
struct item_said {
	enum airsync_verb verb;
	const char *client_id, *server_id; /* server_id of an Add: in its row */
	int status; /* of its row; 0: it has none */
	uint64_t print; /* of the object; 0: none is there */
	const char *uid, *client_uid;
};

enum { ITEMS_MAX = 4 };
struct ask {
	const char *key, *gives; /* gives NULL: the answer names no collection */
	int status; /* of the collection; 0: 1 */
	unsigned http; /* 0: 200; NO_ANSWER: none */
	struct item_said sent[ITEMS_MAX], got[ITEMS_MAX];
	bool empty; /* 200 without a body */
	bool more, torn, unsure, silent; /* silent: without GetChanges */
	int filter; /* FilterType + 1; 0: not said */
	const char *agent;
	uint16_t version;
	const char *collection;
};
enum { NO_ANSWER = 1 };

static const struct facts activesync = { .flavour = FLAVOUR_ACTIVESYNC };

struct command {
	struct made made;
	struct kit_side req, res;
	struct sync_facts facts;
	struct object objects[4 * ITEMS_MAX];
	size_t n_objects;
};

static inline void command_begin(struct stage *g, struct command *c, const char *name, unsigned http)
{
	*c = (struct command){ .facts = { .version = 141 } };
	stage_begin(g, &c->made, "POST", "/Microsoft-Server-ActiveSync", http);
	side_init(&c->req, name);
	side_init(&c->res, name);
	message_airsync(&c->made.txn.req, &c->req);
	if (http == 200)
		message_airsync(&c->made.txn.res, &c->res);
	c->facts.query.command = text(name);
	c->facts.user = text("anna");
	c->facts.req = &c->req.airsync;
}

static inline void command_end(struct stage *g, struct command *c, uint64_t device)
{
	c->facts.res = c->made.txn.unsure ? NULL : c->made.txn.res.body.airsync;
	sync_facts_index(&c->facts, c->made.txn.arena);
	struct ops ops = dialect_airsync(&c->made.txn, &activesync, &c->facts);
	assert_true(ops.n != 0);
	for (size_t i = 0; i < ops.n; i++) {
		ops.list[i].peer = device;
		ops.list[i].sync = &c->facts;
		stage_end(g, &c->made, &ops.list[i]);
	}
	arena_free(c->made.txn.arena);
}

static inline const struct object *object_of(struct command *c, const struct item_said *said)
{
	if (said->print == 0)
		return NULL;
	struct object *o = &c->objects[c->n_objects++];
	*o = (struct object){ .kind = OBJECT_EVENT,
		.uid = text(said->uid),
		.fingerprint = said->print };
	return o;
}

static inline bool is_said(const struct item_said *said)
{
	return said->client_id != NULL || said->server_id != NULL;
}

static inline void sent_add(struct command *c, const struct item_said *said)
{
	bool add = said->verb == AIRSYNC_ADD;
	struct airsync_item *item = side_item(&c->req, said->verb, said->client_id,
	    add ? NULL : said->server_id);
	item->object = object_of(c, said);
	item->client_uid = text(said->client_uid);
	if (said->status != 0 && c->res.airsync.n_collections != 0)
		side_row(&c->res, said->verb, said->client_id, said->server_id, said->status);
}

static inline void got_add(struct command *c, const struct item_said *said)
{
	side_item(&c->res, said->verb, NULL, said->server_id)->object = object_of(c, said);
}

static inline void round_of(struct stage *g, uint64_t device, struct ask a)
{
	struct command c;
	const char *id = a.collection != NULL ? a.collection : "cal";
	unsigned http = a.http == 0 ? 200 : a.http == NO_ANSWER ? 0 : a.http;
	command_begin(g, &c, "Sync", http);
	c.facts.version = a.version != 0 ? a.version : 141;
	made_header(&c.made.txn.req, "User-Agent", a.agent != NULL ? a.agent : "Phone/1");
	struct airsync_collection *asked = side_collection(&c.req, id, a.key, AIRSYNC_NONE);
	asked->get_changes = !a.silent;
	asked->filter = a.filter != 0 ? a.filter - 1 : AIRSYNC_NONE;
	if (a.gives != NULL)
		side_collection(&c.res, id, a.gives, a.status != 0 ? a.status : 1)->more = a.more;
	for (size_t i = 0; i < ITEMS_MAX && is_said(&a.sent[i]); i++)
		sent_add(&c, &a.sent[i]);
	for (size_t i = 0; i < ITEMS_MAX && is_said(&a.got[i]); i++)
		got_add(&c, &a.got[i]);
	if (a.empty)
		c.made.txn.res.body = (struct body){ .complete = true };
	if (a.torn) {
		c.made.txn.res.loss = LOSS_GAP;
		c.res.airsync.whole = false;
	}
	c.made.txn.unsure = a.unsure;
	command_end(g, &c, device);
}

static inline void folders(struct stage *g, uint64_t device, const char *command, const char *key,
    const char *gives, int status)
{
	struct command c;
	command_begin(g, &c, command, 200);
	c.req.airsync.key = text(key);
	c.res.airsync.key = text(gives);
	c.res.airsync.status = status;
	command_end(g, &c, device);
}

struct guess {
	const char *key;
	int n, status, filter; /* status 0: 1; filter: FilterType + 1; 0: not said */
	bool torn, nothing;    /* nothing: the answer does not name the collection */
};

static inline void estimate(struct stage *g, uint64_t device, struct guess guess)
{
	struct command c;
	command_begin(g, &c, "GetItemEstimate", 200);
	side_collection(&c.req, "cal", guess.key, AIRSYNC_NONE)->filter =
	    guess.filter != 0 ? guess.filter - 1 : AIRSYNC_NONE;
	if (!guess.nothing)
		side_collection(&c.res, "cal", NULL, guess.status != 0 ? guess.status : 1)->estimate =
		    guess.n;
	if (guess.torn)
		c.made.txn.res.loss = LOSS_GAP;
	command_end(g, &c, device);
}

static inline void begin(struct stage *g, uint64_t device, const char *gives)
{
	round_of(g, device, (struct ask){ .key = "0", .gives = gives, .silent = true });
}

static inline void next(struct stage *g, uint64_t device, const char *key, const char *gives)
{
	round_of(g, device, (struct ask){ .key = key, .gives = gives });
}

static const struct item_said made_x = { AIRSYNC_ADD, "1", "x", 1, 7, NULL, NULL };

#endif
