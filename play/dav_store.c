/*
 * dav_store.c - a DAV server with one calendar, after a server profile: which answers carry a change tag,
 * what it makes of names, UIDs and bytes.
 */
#include "play/dav.h"

#include <stdlib.h>
#include <string.h>

struct dav_store {
	const struct play_side *side;
	const struct dialect *dialect;
	struct stored items[STORE_MAX];
	unsigned n, versions;
};

enum {
	OK = 200,
	CREATED = 201,
	NO_CONTENT = 204,
	MULTI = 207,
	BAD = 400,
	NOT_FOUND = 404,
	NOT_ALLOWED = 405,
	PRECONDITION = 412,
	FULL = 507
};

static struct stored *store_find(struct dav_store *s, const char *name)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return &s->items[i];
	return NULL;
}

/* ---- what may not be written ---- */

static const struct stored *uid_holder(const struct dav_store *s, const char *uid,
    const struct stored *target)
{
	if (says(s->side, "V4", "none") || uid[0] == '\0')
		return NULL;
	for (unsigned i = 0; i < s->n; i++)
		if (&s->items[i] != target && strcmp(s->items[i].uid, uid) == 0)
			return &s->items[i];
	return NULL;
}

/* The condition of a write does not hold. */
static bool guard_fails(const struct dav_store *s, const struct message *q,
    const struct stored *target)
{
	char wanted[TAG_MAX], is[TAG_MAX];
	if (target != NULL && message_value(q, "If-None-Match") != NULL &&
	    says(s->side, "V3", "yes"))
		return true;
	if (!s->dialect->guarded(q, wanted))
		return false;
	if (target == NULL)
		return true;
	s->dialect->tag_make(is, target);
	return strcmp(wanted, is) != 0;
}

/* RFC 4791 5.3.2.1 asks for 403 or 409; servers dress it otherwise, one of them as a 207. */
static void refuse_uid(const struct dav_store *s, const struct message *q, struct message *a)
{
	static const char *const words[] = { "403", "409", "400", "412", "207", "500" };
	static const unsigned statuses[] = { 403, 409, 400, 412, 207, 500 };
	size_t i = 0;
	while (i + 1 < sizeof words / sizeof words[0] && !says(s->side, "V4d", words[i]))
		i++;
	message_answer(a, statuses[i]);
	if (statuses[i] == 500)
		return;
	message_put(a, "Content-Type", "application/xml; charset=utf-8");
	text_format(&a->body, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
	if (statuses[i] == MULTI)
		text_format(&a->body,
		    "<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:"
		    "caldav\"><D:response><D:href>%s</D:href><D:status>HTTP/1.1 412 "
		    "Precondition Failed</D:status><D:error><C:no-uid-conflict/>"
		    "</D:error></D:response></D:multistatus>\n",
		    q->target);
	else
		text_format(&a->body,
		    "<D:error xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:"
		    "caldav\"><C:no-uid-conflict/></D:error>\n");
}

/* ---- what is written ---- */

/* The event sink, or a server that writes anew: one more property than was sent. */
static void text_keep(const struct dav_store *s, struct slice ical, struct stored *out)
{
	size_t end = slice_find(ical, SLICE("END:VEVENT"));
	bool rewrites = says(s->side, "V2", "yes");
	snprintf(out->text, sizeof out->text, "%.*s%s%.*s", (int)end, (const char *)ical.p,
	    rewrites ? "X-STORED-BY:server\r\n" : "", (int)(ical.n - end),
	    (const char *)ical.p + end);
}

static void uid_keep(const struct dav_store *s, const struct item *item, struct stored *out)
{
	if (says(s->side, "V5", "yes"))
		snprintf(out->uid, sizeof out->uid, "given-by-the-server-%u", out->number);
	else
		text_copy(out->uid, sizeof out->uid, slice_from(item->uid));
}

static bool tag_is_sent(const struct dav_store *s, bool created)
{
	if (says(s->side, "V1", "always"))
		return true;
	if (says(s->side, "V1", "if-equal"))
		return says(s->side, "V2", "no") && says(s->side, "V5", "no");
	return says(s->side, "V1", "not-on-create") && !created;
}

static bool changes_nothing(const struct stored *target, const struct item *item)
{
	struct item is;
	if (target == NULL)
		return false;
	item_read(slice_from(target->text), &is);
	return is.revision == item->revision && strcmp(is.uid, item->uid) == 0;
}

static unsigned status_of(const struct dav_store *s, bool created)
{
	bool is_left_open = s->side->value(s->side->profile, "V11") == NULL;
	if (created || (!is_left_open && says(s->side, "V11", "201")))
		return CREATED;
	return is_exchange(s->side) ? OK : NO_CONTENT;
}

static void store_write(struct dav_store *s, const char *name, struct stored *target,
    const struct message *q, struct message *a)
{
	struct slice body = text_whole(&q->body);
	struct slice ical = slice_part(body, slice_find(body, SLICE("BEGIN:VCALENDAR")), body.n);
	bool created = target == NULL;
	struct item item;
	item_read(ical, &item);
	if (changes_nothing(target, &item) && says(s->side, "V12", "no")) {
		message_answer(a, NO_CONTENT);
		s->dialect->written(a, target, false, false);
		return;
	}
	if (created) {
		target = &s->items[s->n++];
		*target = (struct stored){ .number = s->n };
		text_copy(target->name, sizeof target->name, slice_from(name));
	}
	target->version = ++s->versions;
	text_keep(s, ical, target);
	uid_keep(s, &item, target);
	message_answer(a, status_of(s, created));
	s->dialect->written(a, target, created, tag_is_sent(s, created));
}

static void serve_put(struct dav_store *s, const char *name, const struct message *q,
    struct message *a)
{
	struct stored *target = store_find(s, name);
	struct slice body = text_whole(&q->body);
	struct item item;
	item_read(body, &item);
	if (guard_fails(s, q, target))
		message_answer(a, PRECONDITION);
	else if (uid_holder(s, item.uid, target) != NULL)
		refuse_uid(s, q, a);
	else if (target == NULL && s->n == STORE_MAX)
		message_answer(a, FULL);
	else
		store_write(s, name, target, q, a);
}

/* POST to the collection (RFC 5995): the server chooses the name. */
static void serve_post(struct dav_store *s, const struct message *q, struct message *a)
{
	char name[ITEM_NAME];
	s->dialect->name(name, s->n + 1);
	serve_put(s, name, q, a);
}

/* ---- what is read ---- */

static void serve_get(struct dav_store *s, const char *name, struct message *a)
{
	const struct stored *item = store_find(s, name);
	message_answer(a, item != NULL ? OK : NOT_FOUND);
	if (item != NULL)
		s->dialect->shown(a, item);
}

/* Of one item its tag; of the folder all items, with what tells them apart, or itself alone. */
static void serve_list(struct dav_store *s, const char *name, const struct message *q,
    struct message *a)
{
	const char *depth = message_value(q, "Depth");
	bool all = name[0] == '\0', itself = all && depth != NULL && strcmp(depth, "0") == 0;
	const struct stored *item = store_find(s, name);
	message_answer(a, all || item != NULL ? MULTI : NOT_FOUND);
	if (a->status != MULTI)
		return;
	s->dialect->list_begin(a);
	for (unsigned i = 0; all && !itself && i < s->n; i++)
		s->dialect->list_row(a, &s->items[i], true);
	if (itself)
		s->dialect->list_folder(a, s->versions);
	else if (!all)
		s->dialect->list_row(a, item, false);
	text_format(&a->body, "%s", s->dialect->list_end);
}

static bool is_method(const struct message *q, const char *method)
{
	return strcmp(q->method, method) == 0;
}

static void serve(void *ctx, const struct message *q, struct message *a)
{
	struct dav_store *s = ctx;
	struct slice target = slice_from(q->target), folder = slice_from(s->dialect->folder);
	const char *name = q->target + folder.n;
	if (!slice_starts(target, folder) || target.n - folder.n >= ITEM_NAME)
		message_answer(a, NOT_FOUND);
	else if (is_method(q, "PUT") && name[0] != '\0')
		serve_put(s, name, q, a);
	else if (is_method(q, "POST") && name[0] == '\0')
		serve_post(s, q, a);
	else if (is_method(q, "GET") || is_method(q, "HEAD"))
		serve_get(s, name, a);
	else if (is_method(q, "PROPFIND") || is_method(q, "REPORT"))
		serve_list(s, name, q, a);
	else
		message_answer(a, NOT_ALLOWED);
}

/* ---- a store ---- */

struct dav_store *dav_store_new(const struct play_side *side)
{
	struct dav_store *s = calloc(1, sizeof *s);
	if (s != NULL)
		*s = (struct dav_store){ .side = side, .dialect = dialect_of(side) };
	return s;
}

struct service dav_store_service(struct dav_store *s)
{
	return (struct service){ serve, s };
}

unsigned dav_store_copies(const struct dav_store *s)
{
	return s->n;
}

bool dav_store_holds(const struct dav_store *s, unsigned revision)
{
	struct item item;
	for (unsigned i = 0; i < s->n; i++) {
		item_read(slice_from(s->items[i].text), &item);
		if (item.revision == revision)
			return true;
	}
	return false;
}

void dav_store_free(struct dav_store *s)
{
	free(s);
}
