/*
 * dialect_caldav.c - CalDAV: an iCalendar object a resource, ETags (RFC 4791).
 */
#include "play/dav.h"

#include <string.h>

#define FOLDER "/calendars/anna/home/"
#define NAMESPACES "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\""
#define SERVER_NS "http://calendarserver.org/ns/"
#define XML "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

/* As the UID of this number. */
static void name_make(char out[ITEM_NAME], unsigned number)
{
	snprintf(out, ITEM_NAME, ITEM_UID "%u.ics", number);
}

/* ---- requests ---- */

static void write_item(struct message *m, const struct item *item)
{
	message_put(m, "Content-Type", "text/calendar; charset=utf-8");
	item_write(&m->body, item);
}

static void guard(struct message *m, const char *tag)
{
	message_put(m, "If-Match", "\"%s\"", tag);
}

static void ask_tag(struct message *m)
{
	message_put(m, "Depth", "0");
	message_put(m, "Content-Type", "application/xml; charset=utf-8");
	text_format(&m->body,
	    XML "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:getetag/></D:prop>"
		"</D:propfind>\n");
}

static void ask_change(struct message *m)
{
	message_put(m, "Depth", "0");
	message_put(m, "Content-Type", "application/xml; charset=utf-8");
	text_format(&m->body,
	    XML "<D:propfind xmlns:D=\"DAV:\" xmlns:S=\"" SERVER_NS
		"\"><D:prop><S:getctag/></D:prop>"
		"</D:propfind>\n");
}

static void ask_list(struct message *m)
{
	message_put(m, "Depth", "1");
	message_put(m, "Content-Type", "application/xml; charset=utf-8");
	text_format(&m->body,
	    XML "<C:calendar-query " NAMESPACES "><D:prop><D:getetag/><C:calendar-data/></D:prop>"
		"<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"/>"
		"</C:comp-filter></C:filter></C:calendar-query>\n");
}

/* ---- what answers say ---- */

static bool tag_read(const struct message *answer, char out[TAG_MAX])
{
	const char *value = message_value(answer, "ETag");
	struct slice rest, tag;
	if (value == NULL)
		return false;
	rest = slice_from(value);
	if (!text_between(&rest, "\"", "\"", &tag))
		return false;
	text_copy(out, TAG_MAX, tag);
	return true;
}

static bool row_read(struct slice row, struct dav_row *out)
{
	struct slice rest = row, found;
	*out = (struct dav_row){ .name = "" };
	if (!text_between(&rest, "<D:href>" FOLDER, "</D:href>", &found) || found.n == 0)
		return false;
	text_copy(out->name, sizeof out->name, found);
	if (text_between(&rest, "<D:getetag>\"", "\"</D:getetag>", &found))
		text_copy(out->tag, sizeof out->tag, found);
	if (text_between(&rest, "<C:calendar-data>", "</C:calendar-data>", &found))
		item_read(found, &out->item);
	return true;
}

/* ---- answers ---- */

static void tag_make(char out[TAG_MAX], const struct stored *s)
{
	snprintf(out, TAG_MAX, "%04x-%04x", s->number, s->version);
}

static bool guard_read(const struct message *request, char out[TAG_MAX])
{
	const char *value = message_value(request, "If-Match");
	struct slice rest, tag = { NULL, 0 };
	if (value == NULL)
		return false;
	rest = slice_from(value);
	text_between(&rest, "\"", "\"", &tag);
	text_copy(out, TAG_MAX, tag);
	return true;
}

static void common(struct message *m)
{
	message_put(m, "DAV", "1, 2, 3, access-control, calendar-access");
}

static void etag(struct message *m, const struct stored *s)
{
	char tag[TAG_MAX];
	tag_make(tag, s);
	message_put(m, "ETag", "\"%s\"", tag);
}

static void written(struct message *m, const struct stored *s, bool created, bool tagged)
{
	common(m);
	if (created)
		message_put(m, "Location", FOLDER "%s", s->name);
	if (tagged)
		etag(m, s);
}

static void shown(struct message *m, const struct stored *s)
{
	common(m);
	etag(m, s);
	message_put(m, "Content-Type", "text/calendar; charset=utf-8");
	text_format(&m->body, "%s", s->text);
}

static void list_begin(struct message *m)
{
	common(m);
	message_put(m, "Content-Type", "application/xml; charset=utf-8");
	text_format(&m->body, XML "<D:multistatus " NAMESPACES ">\n");
}

/* No letter of these texts needs escaping. */
static void list_row(struct message *m, const struct stored *s, bool whole)
{
	char tag[TAG_MAX];
	tag_make(tag, s);
	text_format(&m->body,
	    "<D:response><D:href>" FOLDER "%s</D:href><D:propstat><D:prop>"
	    "<D:getetag>\"%s\"</D:getetag>",
	    s->name, tag);
	if (whole)
		text_format(&m->body, "<C:calendar-data>%s</C:calendar-data>", s->text);
	text_format(&m->body,
	    "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
	    "</D:response>\n");
}

static void list_folder(struct message *m, unsigned change)
{
	text_format(&m->body,
	    "<D:response><D:href>" FOLDER
	    "</D:href><D:propstat><D:prop><S:getctag xmlns:S=\"" SERVER_NS "\">c-%u"
	    "</S:getctag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n",
	    change);
}

const struct dialect dialect_caldav = {
	.host = "cal.example.com",
	.folder = FOLDER,
	.name = name_make,
	.write = write_item,
	.guard = guard,
	.ask_tag = ask_tag,
	.ask_change = ask_change,
	.list_method = "REPORT",
	.ask_list = ask_list,
	.row_open = "<D:response>",
	.row_close = "</D:response>",
	.row = row_read,
	.tag = tag_read,
	.tag_make = tag_make,
	.guarded = guard_read,
	.written = written,
	.shown = shown,
	.list_begin = list_begin,
	.list_row = list_row,
	.list_folder = list_folder,
	.list_end = "</D:multistatus>\n",
};

const struct dialect *dialect_of(const struct play_side *server)
{
	return is_exchange(server) ? &dialect_exchange : &dialect_caldav;
}
