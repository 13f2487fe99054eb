/* The messages of a load: listings, writes, reads and refused first legs of calendar clients. */
#include "tests/bench/load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <zlib.h>

enum { USERS = 300, ITEMS = 1000000 };

bool load_kind_find(const char *name, enum load_kind *kind)
{
	static const char *const names[LOAD_KINDS] = { "mixed", "small", "listings", "gzip",
		"airsync" };
	for (size_t i = 0; i < LOAD_KINDS; i++)
		if (strcmp(name, names[i]) == 0) {
			*kind = (enum load_kind)i;
			return true;
		}
	return false;
}

/* splitmix64 */
uint64_t load_random(struct load *l, uint64_t n)
{
	uint64_t z = l->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

void load_put(struct bytes *b, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ensure(n >= 0 && (size_t)n < sizeof(text), NULL);
	bytes_add(b, text, (size_t)n);
}

static void put_calendar(struct load *l, struct bytes *b, uint64_t item, const char *eol)
{
	unsigned day = 1 + (unsigned)(item % 28), hour = (unsigned)(item % 22);
	load_put(b, "BEGIN:VCALENDAR%sVERSION:2.0%sPRODID:-//davscope//bench//EN%sBEGIN:VEVENT%s",
	    eol, eol, eol, eol);
	load_put(b, "UID:%016" PRIx64 "@example.com%sDTSTAMP:20060925T160000Z%s",
	    item * 2654435761u, eol, eol);
	load_put(b, "DTSTART:200610%02uT%02u0000Z%sDTEND:200610%02uT%02u0000Z%s", day, hour, eol,
	    day, hour + 1, eol);
	load_put(b, "SUMMARY:Appointment number %" PRIu64 "%sLOCATION:Room %" PRIu64 "%s", item,
	    eol, item % 40, eol);
	for (uint64_t i = 0, n = load_random(l, 12); i < n; i++)
		load_put(b,
		    "ATTENDEE;CN=Person %" PRIu64 ";PARTSTAT=ACCEPTED:mailto:person%" PRIu64
		    "@example.com%s",
		    i, i, eol);
	load_put(b, "DESCRIPTION:");
	for (uint64_t i = 0, n = load_random(l, 30); i < n; i++)
		load_put(b, "and then we talk about item %" PRIu64 "\\n", i);
	load_put(b, "%sEND:VEVENT%sEND:VCALENDAR%s", eol, eol, eol);
}

static void put_request(struct bytes *b, unsigned server, const char *method, const char *path,
    const char *more)
{
	load_put(b,
	    "%s %s HTTP/1.1\r\nHost: dav%u.example.com\r\nUser-Agent: %s\r\nAccept: */*\r\n"
	    "Accept-Encoding: identity\r\nAuthorization: Basic YW5uYTpzZWNyZXQ=\r\n%s",
	    method, path, server,
	    server < LOAD_EXCHANGE ? "Microsoft-Server-ActiveSync/6.5.7653.5" :
				     "CalClient/2.4 (bench)",
	    more);
}

static void put_response(struct bytes *b, unsigned server, const char *status, const char *more)
{
	load_put(b, "HTTP/1.1 %s\r\nDate: Mon, 25 Sep 2006 16:00:00 GMT\r\nServer: %s\r\n%s",
	    status,
	    server < LOAD_EXCHANGE ?
		"Microsoft-IIS/6.0\r\nX-Powered-By: ASP.NET\r\nMS-WebStorage: 6.5.7638" :
		"Apache/2.4\r\nDAV: 1, 3, access-control, calendar-access",
	    more);
}

static void put_body(struct bytes *b, const char *type, struct slice body)
{
	load_put(b, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, body.n);
	bytes_slice(b, body);
}

static void put_chunked(struct bytes *b, const char *type, struct slice body)
{
	load_put(b, "Content-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", type);
	for (size_t at = 0; at < body.n; at += 8192) {
		struct slice chunk = slice_part(body, at, 8192);
		load_put(b, "%zx\r\n", chunk.n);
		bytes_slice(b, chunk);
		load_put(b, "\r\n");
	}
	load_put(b, "0\r\n\r\n");
}

static struct bytes gzip(struct slice plain)
{
	z_stream z = { .next_in = (Bytef *)plain.p, .avail_in = (uInt)plain.n };
	int code = deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
	    Z_DEFAULT_STRATEGY);
	ensure(code == Z_OK, NULL);
	struct bytes packed = { .room = deflateBound(&z, plain.n) };
	packed.p = z.next_out = malloc(packed.room);
	ensure(packed.p != NULL, NULL);
	z.avail_out = (uInt)packed.room;
	code = deflate(&z, Z_FINISH);
	ensure(code == Z_STREAM_END, NULL);
	packed.n = z.total_out;
	deflateEnd(&z);
	return packed;
}

static void put_answer_body(struct load *l, struct bytes *b, const char *type, struct slice body,
    bool chunked)
{
	struct bytes packed = { 0 };
	if (l->kind == LOAD_GZIP) {
		packed = gzip(body);
		body = bytes_all(&packed);
		load_put(b, "Content-Encoding: gzip\r\n");
	}
	(chunked ? put_chunked : put_body)(b, type, body);
	bytes_free(&packed);
}

/* For the loop that is the floor of reading bodies. */
static void keep_body(struct load *l, struct slice body)
{
	uint32_t n = (uint32_t)body.n;
	if (l->bodies != NULL)
		l->failed |= fwrite(&n, sizeof(n), 1, l->bodies) != 1 ||
		    fwrite(body.p, n, 1, l->bodies) != 1;
}

/* A multistatus of about `size` bytes: rows with a tag, or with the whole object (REPORT). */
static void put_multistatus(struct load *l, struct bytes *b, const char *path, bool objects,
    size_t size)
{
	load_put(b,
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\n");
	while (b->n < size) {
		uint64_t item = load_random(l, ITEMS);
		load_put(b,
		    "<D:response><D:href>%s%016" PRIx64 ".ics</D:href><D:propstat><D:prop>"
		    "<D:getetag>\"%" PRIx64 "-%" PRIx64 "\"</D:getetag>",
		    path, item * 2654435761u, item, item * 7);
		if (objects) {
			load_put(b, "<C:calendar-data>");
			put_calendar(l, b, item, "&#13;\n");
			load_put(b, "</C:calendar-data>");
		} else {
			load_put(b,
			    "<D:getcontenttype>text/calendar; charset=utf-8</D:getcontenttype>"
			    "<D:resourcetype/>"
			    "<D:getlastmodified>Mon, 25 Sep 2006 16:00:00 GMT</D:getlastmodified>");
		}
		load_put(b,
		    "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n");
	}
	load_put(b, "</D:multistatus>\n");
}

/* 2 to 300 KB, as many between 2 and 4 as between 128 and 256. */
static size_t listing_size(struct load *l)
{
	size_t size = (size_t)2048 << load_random(l, 8);
	size += load_random(l, size);
	return size < 300000 ? size : 300000;
}

static void make_listing(struct load *l, unsigned server, struct bytes *message, const char *path)
{
	struct bytes body = { 0 };
	bool objects = load_random(l, 2);
	put_request(&message[CLIENT], server, objects ? "REPORT" : "PROPFIND", path,
	    "Depth: 1\r\n");
	load_put(&body,
	    objects ?
		"<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">"
		"<D:prop>"
		"<D:getetag/><C:calendar-data/></D:prop></C:calendar-query>" :
		"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:getetag/><D:getcontenttype/>"
		"<D:resourcetype/>"
		"<D:getlastmodified/></D:prop></D:propfind>");
	keep_body(l, bytes_all(&body));
	put_body(&message[CLIENT], "application/xml; charset=utf-8", bytes_all(&body));
	body.n = 0;
	put_multistatus(l, &body, path, objects, listing_size(l));
	keep_body(l, bytes_all(&body));
	put_response(&message[SERVER], server, "207 Multi-Status", "");
	put_answer_body(l, &message[SERVER], "application/xml; charset=utf-8", bytes_all(&body),
	    load_random(l, 2));
	bytes_free(&body);
}

static void make_write(struct load *l, unsigned server, struct bytes *message, const char *path)
{
	struct bytes body = { 0 };
	char tag[256];
	uint64_t item = load_random(l, ITEMS);
	put_calendar(l, &body, item, "\r\n");
	put_request(&message[CLIENT], server, "PUT", path,
	    load_random(l, 2) ? "If-None-Match: *\r\n" : "");
	put_body(&message[CLIENT], "text/calendar; charset=utf-8", bytes_all(&body));
	snprintf(tag, sizeof(tag),
	    server < LOAD_EXCHANGE ?
		"Repl-UID: <rid:8996592620a48a4393901c9368f7c518%012" PRIx64 ">\r\n"
		"ResourceTag: <rt:8996592620a48a4393901c9368f7c518%012" PRIx64
		">\r\nContent-Length: 0\r\n\r\n" :
		"ETag: \"%" PRIx64 "-%" PRIx64 "\"\r\nContent-Length: 0\r\n\r\n",
	    item, item * 7);
	put_response(&message[SERVER], server, "201 Created", tag);
	bytes_free(&body);
}

static void make_read(struct load *l, unsigned server, struct bytes *message, const char *path)
{
	struct bytes body = { 0 };
	put_calendar(l, &body, load_random(l, ITEMS), "\r\n");
	put_request(&message[CLIENT], server, "GET", path, "\r\n");
	put_response(&message[SERVER], server, "200 OK", "ETag: \"1\"\r\n");
	put_answer_body(l, &message[SERVER], "text/calendar; charset=utf-8", bytes_all(&body),
	    false);
	bytes_free(&body);
}

static void make_refusal(unsigned server, struct bytes *message, const char *path)
{
	put_request(&message[CLIENT], server, "PROPFIND", path,
	    "Depth: 0\r\nContent-Length: 0\r\n\r\n");
	put_response(&message[SERVER], server, "401 Unauthorized",
	    "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"
	    "WWW-Authenticate: Basic realm=\"dav\"\r\n");
	put_body(&message[SERVER], "text/html",
	    SLICE("<html><body><h1>Who are you?</h1></body></html>\n"));
}

static void make_small(struct load *l, unsigned server, struct bytes *message, const char *path)
{
	bool gone = load_random(l, 2);
	put_request(&message[CLIENT], server, gone ? "DELETE" : "OPTIONS", path, "\r\n");
	put_response(&message[SERVER], server, gone ? "204 No Content" : "200 OK",
	    gone ? "\r\n" : "Content-Length: 0\r\n\r\n");
}

/* Of a hundred exchanges 7 are listings. */
static uint64_t pick(struct load *l)
{
	uint64_t n = load_random(l, 100);
	if (l->kind == LOAD_SMALL)
		n = 7 + n % 93;
	if (l->kind == LOAD_LISTINGS)
		n = 0;
	return n;
}

static void make_dav(struct load *l, unsigned server, struct bytes *message)
{
	char folder[128], item[256];
	snprintf(folder, sizeof(folder),
	    server < LOAD_EXCHANGE ? "/exchange/user%u/Calendar/" : "/calendars/user%u/work/",
	    (unsigned)load_random(l, USERS));
	snprintf(item, sizeof(item), "%s%016" PRIx64 "%s", folder,
	    load_random(l, 1u << 30) * 2654435761u, server < LOAD_EXCHANGE ? ".EML" : ".ics");
	uint64_t picked = pick(l);
	if (picked < 7)
		make_listing(l, server, message, folder);
	else if (picked < 37)
		make_write(l, server, message, item);
	else if (picked < 73)
		make_read(l, server, message, item);
	else if (picked < 87)
		make_refusal(server, message, folder);
	else
		make_small(l, server, message, item);
}

void load_exchange(struct load *l, unsigned server, struct bytes message[2])
{
	message[CLIENT].n = message[SERVER].n = 0;
	if (l->kind == LOAD_AIRSYNC)
		load_airsync(l, message);
	else
		make_dav(l, server, message);
}
