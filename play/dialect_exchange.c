/*
 * dialect_exchange.c - the DAV of Exchange 2003: a MIME message a resource, ResourceTags and Repl-UIDs,
 * the order of headers as published logs have it.
 */
#include "play/dav.h"

#include <string.h>

#define HOST "be01.example.com"
#define FOLDER "/exchange/anna@example.com/Calendar/"
#define STORE "8996592620a48a4393901c9368f7c518" /* the GUID of all ids of this store */
#define NAMESPACES \
	"xmlns:a=\"DAV:\" xmlns:b=\"http://schemas.microsoft.com/repl/\" " \
	"xmlns:c=\"urn:schemas:calendar:\""
#define XML "<?xml version=\"1.0\"?>\n"
#define MIME \
	"content-class: urn:content-classes:appointment\r\n" \
	"Content-Type: text/calendar; method=PUBLISH; charset=\"utf-8\"\r\n\r\n"
enum { FIRST_ID = 0x1500, FIRST_CHANGE = 0x3db0 };

/* The name comes of the subject, a name that is taken gets a number: Tea.EML, Tea-2.EML. */
static void name_make(char out[ITEM_NAME], unsigned number)
{
	if (number == 1)
		snprintf(out, ITEM_NAME, ITEM_SUMMARY ".EML");
	else
		snprintf(out, ITEM_NAME, ITEM_SUMMARY "-%u.EML", number);
}

/* ---- requests ---- */

static void write_item(struct message *m, const struct item *item)
{
	message_put(m, "Translate", "f");
	message_put(m, "Content-Type", "message/rfc822");
	text_format(&m->body, MIME);
	item_write(&m->body, item);
}

static void guard(struct message *m, const char *tag)
{
	message_put(m, "If", "(<%s>)", tag);
}

static void ask(struct message *m, const char *depth, const char *properties)
{
	message_put(m, "Depth", "%s", depth);
	message_put(m, "Content-Type", "text/xml");
	text_format(&m->body, XML "<a:propfind " NAMESPACES "><a:prop>%s</a:prop></a:propfind>",
	    properties);
}

static void ask_tag(struct message *m)
{
	ask(m, "0", "<b:resourcetag/><b:repl-uid/>");
}

static void ask_change(struct message *m)
{
	ask(m, "0", "<b:collblob/>");
}

static void ask_list(struct message *m)
{
	ask(m, "1", "<b:resourcetag/><b:repl-uid/><c:uid/><c:location/>");
}

/* ---- what answers say ---- */

static bool tag_read(const struct message *answer, char out[TAG_MAX])
{
	const char *value = message_value(answer, "ResourceTag");
	struct slice rest, tag;
	if (value == NULL)
		return false;
	rest = slice_from(value);
	if (!text_between(&rest, "<", ">", &tag))
		return false;
	text_copy(out, TAG_MAX, tag);
	return true;
}

static bool row_read(struct slice row, struct dav_row *out)
{
	struct slice rest = row, found;
	uint64_t revision = REVISION_UNKNOWN;
	*out = (struct dav_row){ .name = "" };
	if (!text_between(&rest, "<a:href>http://" HOST FOLDER, "</a:href>", &found) ||
	    found.n == 0)
		return false;
	text_copy(out->name, sizeof out->name, found);
	if (text_between(&rest, "<b:resourcetag>", "</b:resourcetag>", &found))
		text_copy(out->tag, sizeof out->tag, found);
	if (text_between(&rest, "<c:uid>", "</c:uid>", &found))
		text_copy(out->item.uid, sizeof out->item.uid, found);
	if (text_between(&rest, "<c:location>" ITEM_LOCATION, "</c:location>", &found) &&
	    slice_to_u64(found, &revision))
		out->item.revision = (unsigned)revision;
	return true;
}

/* ---- answers ---- */

static void tag_make(char out[TAG_MAX], const struct stored *s)
{
	snprintf(out, TAG_MAX, "rt:" STORE "%012x" STORE "%012x", FIRST_ID + s->number,
	    FIRST_CHANGE + s->version);
}

static bool guard_read(const struct message *request, char out[TAG_MAX])
{
	const char *value = message_value(request, "If");
	struct slice rest, tag = { NULL, 0 };
	if (value == NULL)
		return false;
	rest = slice_from(value);
	text_between(&rest, "<", ">", &tag);
	text_copy(out, TAG_MAX, tag);
	return true;
}

static void server(struct message *m)
{
	message_put(m, "Server", "Microsoft-IIS/6.0");
	message_put(m, "X-Powered-By", "ASP.NET");
}

static void resource_tag(struct message *m, const struct stored *s)
{
	char tag[TAG_MAX];
	tag_make(tag, s);
	message_put(m, "ResourceTag", "<%s>", tag);
}

static void web_storage(struct message *m)
{
	message_put(m, "MS-WebStorage", "6.5.7638");
}

static void written(struct message *m, const struct stored *s, bool created, bool tagged)
{
	server(m);
	message_put(m, "MS-Exchange-Permanent-URL",
	    "http://" HOST "/exchange/anna@example.com/-FlatUrlSpace-/" STORE "-12/" STORE "-%x",
	    FIRST_ID + s->number);
	if (created)
		message_put(m, "Location", "http://" HOST FOLDER "%s", s->name);
	message_put(m, "Repl-UID", "<rid:" STORE "%012x>", FIRST_ID + s->number);
	message_put(m, "Content-Type", "text/html");
	if (tagged)
		resource_tag(m, s);
	message_put(m, "GetETag", "\"" STORE "%08x\"", FIRST_CHANGE + s->version);
	web_storage(m);
	text_format(&m->body, "<body><h1>" FOLDER "%s was %s successfully</h1></body>", s->name,
	    created ? "created" : "changed");
}

static void shown(struct message *m, const struct stored *s)
{
	server(m);
	message_put(m, "Content-Type", "message/rfc822");
	resource_tag(m, s);
	web_storage(m);
	text_format(&m->body, MIME "%s", s->text);
}

static void list_begin(struct message *m)
{
	server(m);
	message_put(m, "Content-Type", "text/xml");
	web_storage(m);
	text_format(&m->body, XML "<a:multistatus " NAMESPACES ">");
}

/* The status stands before the properties. */
static void list_row(struct message *m, const struct stored *s, bool whole)
{
	struct item item;
	char tag[TAG_MAX];
	tag_make(tag, s);
	item_read(slice_from(s->text), &item);
	text_format(&m->body,
	    "<a:response><a:href>http://" HOST FOLDER "%s</a:href><a:propstat>"
	    "<a:status>HTTP/1.1 200 OK</a:status><a:prop><b:resourcetag>%s"
	    "</b:resourcetag><b:repl-uid>rid:" STORE "%012x</b:repl-uid>",
	    s->name, tag, FIRST_ID + s->number);
	if (whole)
		text_format(&m->body,
		    "<c:uid>%s</c:uid><c:location>" ITEM_LOCATION "%u</c:location>", s->uid,
		    item.revision);
	text_format(&m->body, "</a:prop></a:propstat></a:response>");
}

static void list_folder(struct message *m, unsigned change)
{
	text_format(&m->body,
	    "<a:response><a:href>http://" HOST FOLDER "</a:href><a:propstat>"
	    "<a:status>HTTP/1.1 200 OK</a:status><a:prop><b:collblob>%08x</b:collblob></a:prop>"
	    "</a:propstat></a:response>",
	    FIRST_CHANGE + change);
}

const struct dialect dialect_exchange = {
	.host = HOST,
	.folder = FOLDER,
	.name = name_make,
	.write = write_item,
	.guard = guard,
	.ask_tag = ask_tag,
	.ask_change = ask_change,
	.list_method = "PROPFIND",
	.ask_list = ask_list,
	.row_open = "<a:response>",
	.row_close = "</a:response>",
	.row = row_read,
	.tag = tag_read,
	.tag_make = tag_make,
	.guarded = guard_read,
	.written = written,
	.shown = shown,
	.list_begin = list_begin,
	.list_row = list_row,
	.list_folder = list_folder,
	.list_end = "</a:multistatus>",
};
