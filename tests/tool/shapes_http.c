/* Shapes of HTTP and of what is in its bodies: heads, XML, calendar objects. */
#include "tests/tool/shape.h"

static void say_text(struct shape *s, struct dialog *d, struct bytes *b)
{
	dialog_say(s, d, CLIENT, bytes_all(b));
	bytes_free(b);
	dialog_text(s, d, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
}

/* A head with lines of one kind, N of them, and a connection that goes on. */
static void head_of(struct shape *s, uint64_t n, const char *first, const char *line)
{
	struct dialog d = dialog_open(s, 0);
	struct bytes b = { 0 };
	bytes_text(&b, "GET /a HTTP/1.1\r\nHost: x\r\n");
	bytes_text(&b, first);
	for (uint64_t i = 0; i < n; i++)
		bytes_text(&b, line);
	bytes_text(&b, "\r\n");
	say_text(s, &d, &b);
	dialog_put(s, &d, 1);
	dialog_close(s, &d);
}

void shape_fields(struct shape *s, uint64_t n)
{
	head_of(s, n, "", "X-Field: value\r\n");
}

void shape_folds(struct shape *s, uint64_t n)
{
	head_of(s, n, "X-Field: value\r\n", " more\r\n");
}

void shape_long_field(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	struct bytes b = { 0 };
	bytes_text(&b, "GET /a HTTP/1.1\r\nX-Field: ");
	for (uint64_t i = 0; i < n; i++)
		bytes_text(&b, "sixteen letters ");
	bytes_text(&b, "\r\n\r\n");
	say_text(s, &d, &b);
	dialog_put(s, &d, 1);
	dialog_close(s, &d);
}

void shape_pipelined(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	struct bytes b = { 0 };
	for (uint64_t i = 0; i < n; i++)
		bytes_text(&b, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	dialog_say(s, &d, CLIENT, bytes_all(&b));
	bytes_free(&b);
	dialog_close(s, &d);
}

void shape_chunks(struct shape *s, uint64_t n)
{
	struct dialog d = dialog_open(s, 0);
	struct bytes b = { 0 };
	bytes_text(&b, "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (uint64_t i = 0; i < n; i++)
		bytes_text(&b, "1;extension=value\r\nx\r\n");
	bytes_text(&b, "0\r\n\r\n");
	say_text(s, &d, &b);
	dialog_close(s, &d);
}

/* ---- bodies ---- */

static void answer(struct shape *s, const char *type, struct bytes *body)
{
	char head[160];
	struct dialog d = dialog_open(s, 0);
	dialog_text(s, &d, CLIENT,
	    "PROPFIND /cal/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	snprintf(head, sizeof(head),
	    "HTTP/1.1 207 Multi-Status\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type,
	    body->n);
	dialog_text(s, &d, SERVER, head);
	dialog_say(s, &d, SERVER, bytes_all(body));
	bytes_free(body);
	dialog_put(s, &d, 1);
	dialog_close(s, &d);
}

static void xml_of(struct shape *s, uint64_t n, const char *begin, const char *part,
    const char *end)
{
	struct bytes b = { 0 };
	bytes_text(&b, begin);
	for (uint64_t i = 0; i < n; i++)
		bytes_text(&b, part);
	bytes_text(&b, end);
	answer(s, "text/xml", &b);
}

void shape_responses(struct shape *s, uint64_t n)
{
	xml_of(s, n, "<multistatus xmlns='DAV:'>",
	    "<response><href>/a</href><propstat><prop><getetag>1</getetag></prop><status>HTTP/1.1 200 OK"
	    "</status></propstat></response>",
	    "</multistatus>");
}

void shape_wide_tag(struct shape *s, uint64_t n)
{
	struct bytes b = { 0 };
	char attribute[40];
	bytes_text(&b, "<multistatus xmlns='DAV:'><a");
	for (uint64_t i = 0; i < n; i++) {
		snprintf(attribute, sizeof(attribute), " a%llu='>'", (unsigned long long)i);
		bytes_text(&b, attribute);
	}
	bytes_text(&b, "/></multistatus>");
	answer(s, "text/xml", &b);
}

void shape_deep_tags(struct shape *s, uint64_t n)
{
	xml_of(s, n, "<multistatus xmlns='DAV:'>", "<a>", "");
}

/* 250 namespaces in scope, and N elements that look their own up. */
void shape_namespaces(struct shape *s, uint64_t n)
{
	struct bytes b = { 0 };
	char attribute[40];
	bytes_text(&b, "<multistatus xmlns='DAV:'");
	for (unsigned i = 0; i < 250; i++) {
		snprintf(attribute, sizeof(attribute), " xmlns:n%u='urn:%u'", i, i);
		bytes_text(&b, attribute);
	}
	bytes_text(&b, ">");
	for (uint64_t i = 0; i < n; i++)
		bytes_text(&b, "<n0:a/>");
	bytes_text(&b, "</multistatus>");
	answer(s, "text/xml", &b);
}

static void object_of(struct shape *s, uint64_t n, const char *part)
{
	struct bytes b = { 0 };
	bytes_text(&b, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x");
	for (uint64_t i = 0; i < n; i++)
		bytes_text(&b, part);
	bytes_text(&b, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	answer(s, "text/calendar", &b);
}

void shape_long_line(struct shape *s, uint64_t n)
{
	object_of(s, n, "sixteen letters ");
}

void shape_folded_line(struct shape *s, uint64_t n)
{
	object_of(s, n, "\r\n sixteen letters");
}

void shape_properties(struct shape *s, uint64_t n)
{
	object_of(s, n, "\r\nRRULE:FREQ=SECONDLY;COUNT=999999999;BYSECOND=1,2,3");
}

void shape_components(struct shape *s, uint64_t n)
{
	object_of(s, n, "\r\nBEGIN:VALARM");
}

/* 64 KiB of XML, packed with brotli: <multistatus xmlns="DAV:">, as many <a/> as have room, and its end. */
void shape_packed(struct shape *s, uint64_t n)
{
	static const uint8_t xml[] = { 0x1b, 0xff, 0xff, 0xe0, 0x9d, 0x07, 0x76, 0xac, 0xc5, 0x1a,
		0xcb, 0xd2, 0xde, 0x69, 0x7a, 0x29, 0xc2, 0x63, 0x95, 0x3e, 0x3d, 0x44, 0xf5, 0x12,
		0x56, 0x3a, 0x41, 0xb0, 0x01, 0x07, 0x2e, 0x51, 0xab, 0x8c, 0x1b, 0xdb, 0x0d, 0xc8,
		0xac, 0x74, 0x52, 0x38, 0xec, 0x3d, 0xfc, 0x07, 0x79, 0x0f, 0x90, 0x8f, 0x62, 0x7d,
		0xfe, 0x0b };
	struct dialog d = dialog_open(s, 0);
	struct bytes asks = { 0 }, answers = { 0 };
	for (unsigned i = 0; i < 40; i++) {
		bytes_text(&asks, "REPORT /c/ HTTP/1.1\r\nHost: x\r\n\r\n");
		bytes_text(&answers,
		    "HTTP/1.1 207 M\r\nContent-Encoding: br\r\nContent-Type: text/xml\r\n"
		    "Content-Length: 54\r\n\r\n");
		bytes_add(&answers, xml, sizeof(xml));
	}
	for (uint64_t i = 0; i < n; i++) {
		dialog_say(s, &d, CLIENT, bytes_all(&asks));
		dialog_say(s, &d, SERVER, bytes_all(&answers));
	}
	bytes_free(&asks);
	bytes_free(&answers);
	dialog_close(s, &d);
}
