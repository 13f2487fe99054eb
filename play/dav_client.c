/*
 * dav_client.c - a DAV client that brings one item to its server, after a client profile: how it names the
 * item, what it makes of answers without a tag, of lost answers and of refusals.
 */
#include "play/dav.h"

#include <stdlib.h>
#include <string.h>

enum { PRECONDITION = 412, OK = 200, MULTI = 207 };

struct dav_client {
	const struct play_side *side;
	const struct dialect *dialect;
	const char *agent;
	struct leg *leg;
	struct message request, answer;
	struct item item; /* what the user has, with the UID of the last attempt */
	char name[ITEM_NAME]; /* of the last attempt, or where it is bound */
	char tag[TAG_MAX]; /* empty: the version is not known */
	bool bound, dirty;
	bool unknown; /* what became of the last create is not known */
	bool given_up;
	unsigned attempts, renames, uids;
};

/* ---- requests ---- */

static void begin(struct dav_client *c, const char *method, const char *name)
{
	char target[TARGET_MAX];
	snprintf(target, sizeof target, "%s%s", c->dialect->folder, name);
	message_request(&c->request, method, target);
	message_put(&c->request, "Host", "%s", c->dialect->host);
	message_put(&c->request, "User-Agent", "%s", c->agent);
}

static bool call(struct dav_client *c)
{
	return leg_call(c->leg, &c->request, &c->answer);
}

static bool is_success(const struct message *a)
{
	return a->status >= OK && a->status < MULTI;
}

/* A UID that is taken is told with other statuses, too; what all have in common is the element. */
static bool is_uid_conflict(const struct message *a)
{
	struct slice body = text_whole(&a->body);
	return !is_success(a) && slice_find(body, SLICE("no-uid-conflict")) != body.n;
}

static void tag_take(struct dav_client *c)
{
	if (!c->dialect->tag(&c->answer, c->tag))
		c->tag[0] = '\0';
}

/* ---- reading ---- */

/* What is there: its version, and whether it is what the user has. False: no answer. */
static void seen(struct dav_client *c, const char *tag, const struct item *there)
{
	text_copy(c->tag, sizeof c->tag, slice_from(tag));
	if (c->item.revision == REVISION_UNKNOWN)
		c->item.revision = there->revision;
	c->dirty = c->item.revision != there->revision;
}

static bool row_next(struct dav_client *c, struct slice *rest, struct dav_row *row)
{
	struct slice text;
	while (text_between(rest, c->dialect->row_open, c->dialect->row_close, &text))
		if (c->dialect->row(text, row))
			return true;
	return false;
}

static bool row_is_ours(const struct dav_client *c, const struct dav_row *row)
{
	return strcmp(row->name, c->name) == 0 ||
	    (row->item.uid[0] != '\0' && strcmp(row->item.uid, c->item.uid) == 0);
}

/* Lists the folder and takes the item, if it is there, as the one. False: no answer. */
static bool pair_by_list(struct dav_client *c)
{
	struct dav_row row;
	begin(c, c->dialect->list_method, "");
	c->dialect->ask_list(&c->request);
	if (!call(c))
		return false;
	struct slice rest = text_whole(&c->answer.body);
	while (row_next(c, &rest, &row)) {
		if (!row_is_ours(c, &row))
			continue;
		c->bound = true;
		c->unknown = false;
		text_copy(c->name, sizeof c->name, slice_from(row.name));
		seen(c, row.tag, &row.item);
		return true;
	}
	return true;
}

static void read_item(struct dav_client *c)
{
	struct item there;
	begin(c, "GET", c->name);
	if (!call(c) || c->answer.status != OK)
		return;
	item_read(text_whole(&c->answer.body), &there);
	tag_take(c);
	char tag[TAG_MAX];
	text_copy(tag, sizeof tag, slice_from(c->tag));
	seen(c, tag, &there);
}

static void read_tag(struct dav_client *c)
{
	struct dav_row row;
	c->tag[0] = '\0';
	begin(c, "PROPFIND", c->name);
	c->dialect->ask_tag(&c->request);
	if (!call(c))
		return;
	struct slice rest = text_whole(&c->answer.body);
	if (row_next(c, &rest, &row))
		text_copy(c->tag, sizeof c->tag, slice_from(row.tag));
}

static void read_head(struct dav_client *c)
{
	begin(c, "HEAD", c->name);
	c->tag[0] = '\0';
	if (call(c))
		tag_take(c);
}

/* Behind a write that was confirmed: the policy says whether the tag is asked for. */
static void after_write(struct dav_client *c, const char *policy)
{
	if (says(c->side, policy, "always")) {
		c->tag[0] = '\0';
		read_item(c);
	} else if (c->tag[0] == '\0' && says(c->side, policy, "fetch")) {
		(strcmp(c->side->name, "zpush-caldav") == 0 ? read_head : read_tag)(c);
	}
}

/* ---- an update ---- */

static void updated(struct dav_client *c)
{
	c->dirty = false;
	tag_take(c);
	after_write(c, "P1u");
}

/* Over whatever is there. */
static void overwrite(struct dav_client *c)
{
	begin(c, "PUT", c->name);
	c->request.write = PLAY_UPDATE;
	c->dialect->write(&c->request, &c->item);
	c->tag[0] = '\0';
	if (call(c) && is_success(&c->answer))
		updated(c);
}

/* The version is another one. A user who is asked keeps what he wrote. */
static void update_refused(struct dav_client *c)
{
	if (says(c->side, "P7", "force") || says(c->side, "P7", "ask")) {
		overwrite(c);
	} else if (says(c->side, "P7", "merge")) {
		read_item(c);
	} else if (says(c->side, "P7", "server-wins")) {
		c->item.revision = REVISION_UNKNOWN;
		c->dirty = false;
		c->tag[0] = '\0';
		read_item(c);
	}
}

static void update(struct dav_client *c)
{
	begin(c, "PUT", c->name);
	c->request.write = PLAY_UPDATE;
	if (c->tag[0] != '\0')
		c->dialect->guard(&c->request, c->tag);
	c->dialect->write(&c->request, &c->item);
	if (!call(c))
		return;
	if (is_success(&c->answer))
		updated(c);
	else if (c->answer.status == PRECONDITION)
		update_refused(c);
}

/* ---- a create ---- */

static void created(struct dav_client *c)
{
	const char *location = message_value(&c->answer, "Location");
	const char *slash = location != NULL ? strrchr(location, '/') : NULL;
	tag_take(c);
	if (c->tag[0] == '\0' && says(c->side, "P1", "fail"))
		return;
	if (slash != NULL)
		text_copy(c->name, sizeof c->name, slice_from(slash + 1));
	c->bound = true;
	c->dirty = false;
	after_write(c, "P1");
}

static void name_is_taken(struct dav_client *c)
{
	if (says(c->side, "P5", "adopt") || says(c->side, "P5", "overwrite")) {
		c->bound = true;
		c->tag[0] = '\0';
	}
	if (says(c->side, "P5", "adopt"))
		read_item(c);
	else if (says(c->side, "P5", "overwrite"))
		overwrite(c);
	else if (says(c->side, "P5", "rename"))
		c->renames++;
}

static void uid_is_taken(struct dav_client *c)
{
	if (says(c->side, "P6", "adopt"))
		pair_by_list(c);
	else if (says(c->side, "P6", "new-uid"))
		c->uids++;
}

/* A UID and a name for the next attempt; after a lost answer they may have to stay. */
static void name_attempt(struct dav_client *c)
{
	bool lost_fresh = c->unknown && says(c->side, "P4", "fresh");
	if (c->unknown && says(c->side, "P4", "same"))
		return;
	c->attempts++;
	c->renames += lost_fresh && says(c->side, "P2", "sticky");
	unsigned uid = says(c->side, "P2u", "fresh") ? c->attempts : 1 + c->uids;
	unsigned name = says(c->side, "P2", "fresh") ? c->attempts : 1;
	snprintf(c->item.uid, sizeof c->item.uid, ITEM_UID "%u", uid);
	c->dialect->name(c->name, name + c->renames);
	if (says(c->side, "P2u", "none"))
		c->item.uid[0] = '\0';
}

static void create(struct dav_client *c)
{
	bool server_names = says(c->side, "P2", "server");
	if (c->given_up)
		return;
	name_attempt(c);
	begin(c, server_names ? "POST" : "PUT", server_names ? "" : c->name);
	c->request.write = PLAY_CREATE;
	if (says(c->side, "P3", "absent") && !server_names)
		message_put(&c->request, "If-None-Match", "*");
	c->dialect->write(&c->request, &c->item);
	c->unknown = !call(c) || (c->answer.status >= 500 && !is_uid_conflict(&c->answer));
	c->given_up = c->unknown && says(c->side, "P4", "give-up");
	if (c->unknown)
		return;
	if (is_success(&c->answer))
		created(c);
	else if (is_uid_conflict(&c->answer))
		uid_is_taken(c);
	else if (c->answer.status == PRECONDITION)
		name_is_taken(c);
}

/* ---- a synchronisation ---- */

static bool looks_first(const struct dav_client *c)
{
	return says(c->side, "P16", "list-first") || (c->unknown && says(c->side, "P4", "list"));
}

void dav_client_poll(struct dav_client *c)
{
	begin(c, "PROPFIND", "");
	c->dialect->ask_change(&c->request);
	leg_prepare(c->leg, &c->request, &c->answer);
}

void dav_client_cycle(struct dav_client *c)
{
	if (c->dirty && !c->bound && looks_first(c) && !pair_by_list(c))
		return;
	if (c->dirty && !c->bound) {
		create(c);
		return;
	}
	if (c->bound && c->tag[0] == '\0' && says(c->side, "P7b", "read") && !pair_by_list(c))
		return;
	if (c->dirty && c->bound)
		update(c);
}

void dav_client_wants(struct dav_client *c, unsigned revision)
{
	c->item.revision = revision;
	c->dirty = true;
}

void dav_client_forget(struct dav_client *c)
{
	c->bound = c->unknown = false;
	c->tag[0] = '\0';
}

bool dav_client_holds(const struct dav_client *c)
{
	return c->bound && !c->dirty;
}

bool dav_client_dirty(const struct dav_client *c)
{
	return c->dirty;
}

struct dav_client *dav_client_new(const struct play_side *side, const struct play_side *server,
    const char *agent, struct leg *leg)
{
	struct dav_client *c = calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	c->side = side;
	c->dialect = dialect_of(server);
	c->agent = agent;
	c->leg = leg;
	return c;
}

void dav_client_free(struct dav_client *c)
{
	free(c);
}
