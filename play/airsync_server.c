/*
 * airsync_server.c - an ActiveSync server with one collection, after a server profile: by what it knows an
 * Add that comes again. As a gateway it keeps no items but hands them on to a store, and answers by what
 * became of that.
 */
#include "play/airsync.h"

#include <stdlib.h>
#include <string.h>

enum { OK = 200, BAD = 400, NOT_FOUND = 404, ADDED_MAX = 64 };

/* An Add that was confirmed. */
struct added {
	char key[KEY_MAX], client_id[ID_MAX], uid[UID_MAX], client_uid[UID_MAX];
	unsigned revision;
};

struct front {
	const struct play_side *side;
	struct dav_client *back; /* NULL: it keeps the items itself */
	bool settled; /* what was handed on last is in the store */
	struct added added[ADDED_MAX];
	unsigned n;
	unsigned current,
	    previous; /* SyncKeys: the one that is expected, the one before; 0: none */
};

/* ---- items ---- */

static bool is_same(const char *a, const char *b)
{
	return a[0] != '\0' && strcmp(a, b) == 0;
}

static bool is_known_by(const struct front *f, const struct added *a, const struct sync *q)
{
	if (says(f->side, "V8", "key-client-id"))
		return is_same(a->key, q->key) && is_same(a->client_id, q->client_id);
	if (says(f->side, "V8", "client-id"))
		return is_same(a->client_id, q->client_id);
	if (says(f->side, "V8", "uid"))
		return is_same(a->uid, q->item.uid);
	return says(f->side, "V8", "client-uid") && is_same(a->client_uid, q->client_uid);
}

/* A ServerId is its number, from 1. */
static unsigned known(const struct front *f, const struct sync *q)
{
	for (unsigned i = 0; i < f->n; i++)
		if (is_known_by(f, &f->added[i], q))
			return i + 1;
	return 0;
}

static void remember(struct front *f, const struct sync *q)
{
	struct added *a = &f->added[f->n++];
	*a = (struct added){ .revision = q->item.revision };
	text_copy(a->key, sizeof a->key, slice_from(q->key));
	text_copy(a->client_id, sizeof a->client_id, slice_from(q->client_id));
	text_copy(a->uid, sizeof a->uid, slice_from(q->item.uid));
	text_copy(a->client_uid, sizeof a->client_uid, slice_from(q->client_uid));
}

/* One that it does not know goes on where the last one ended, unless that one came to its end. */
static bool hand_on(struct front *f, unsigned revision, bool as_new)
{
	if (f->back == NULL)
		return true;
	if (as_new && f->settled)
		dav_client_forget(f->back);
	f->settled = false;
	dav_client_wants(f->back, revision);
	dav_client_cycle(f->back);
	f->settled = dav_client_holds(f->back);
	return f->settled;
}

static int serve_add(struct front *f, struct sync *q)
{
	unsigned id = known(f, q);
	if (id == 0) {
		if (f->n == ADDED_MAX || !hand_on(f, q->item.revision, true))
			return STATUS_ERROR;
		remember(f, q);
		id = f->n;
	}
	snprintf(q->server_id, sizeof q->server_id, "%u", id);
	q->item_status = STATUS_OK;
	return STATUS_OK;
}

static int serve_change(struct front *f, struct sync *q)
{
	uint64_t id = 0;
	if (!slice_to_u64(slice_from(q->server_id), &id) || id == 0 || id > f->n) {
		q->item_status = STATUS_GONE;
		return STATUS_OK;
	}
	if (!hand_on(f, q->item.revision, false))
		return STATUS_ERROR;
	f->added[id - 1].revision = q->item.revision;
	return STATUS_OK;
}

/* ---- SyncKeys ---- */

static unsigned key_number(const char *key)
{
	uint64_t n = 0;
	struct slice text = slice_from(key);
	if (!slice_starts(text, SLICE("{K}")) || !slice_to_u64(slice_part(text, 3, text.n), &n) ||
	    n > 100000)
		return 0;
	return (unsigned)n;
}

static void key_next(struct front *f)
{
	f->previous = f->current;
	f->current++;
}

/* The key before the current one is that of a device which did not get the answer. */
static int serve_sync(struct front *f, struct sync *q)
{
	unsigned number = key_number(q->key);
	int status = STATUS_OK;
	q->status = q->item_status = STATUS_NONE;
	if (strcmp(q->key, "0") == 0) {
		key_next(f);
		f->previous = 0;
	} else if (number == 0 || (number != f->current && number != f->previous)) {
		status = STATUS_KEY;
	} else if (q->command != COMMAND_NONE) {
		status = q->command == COMMAND_ADD ? serve_add(f, q) : serve_change(f, q);
	}
	if (status == STATUS_OK && number != 0 && number == f->current)
		key_next(f);
	if (status == STATUS_OK)
		snprintf(q->key, sizeof q->key, "{K}%u", f->current);
	return status;
}

static void serve(void *ctx, const struct message *q, struct message *a)
{
	struct front *f = ctx;
	struct sync s;
	bool found = strcmp(q->target, "/Microsoft-Server-ActiveSync") == 0;
	if (!found || strcmp(q->method, "POST") != 0 || !sync_read(text_whole(&q->body), &s)) {
		message_answer(a, found ? BAD : NOT_FOUND);
		return;
	}
	s.status = serve_sync(f, &s);
	message_answer(a, OK);
	message_put(a, "Server", "Microsoft-IIS/6.0");
	message_put(a, "MS-Server-ActiveSync", "%s", f->back != NULL ? "6.5.7638.1" : "14.1");
	message_put(a, "Content-Type", "application/vnd.ms-sync.wbxml");
	sync_write_answer(&a->body, &s);
}

/* ---- a server ---- */

struct front *front_new(const struct play_side *side)
{
	struct front *f = calloc(1, sizeof *f);
	if (f != NULL)
		f->side = side;
	return f;
}

void front_hands_on(struct front *f, struct dav_client *back)
{
	f->back = back;
}

struct service front_service(struct front *f)
{
	return (struct service){ serve, f };
}

unsigned front_copies(const struct front *f)
{
	return f->n;
}

bool front_holds(const struct front *f, unsigned revision)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->added[i].revision == revision)
			return true;
	return false;
}

void front_free(struct front *f)
{
	free(f);
}
