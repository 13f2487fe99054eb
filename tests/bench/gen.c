/*
 * A reproducible load: calendar clients on keep-alive connections to CalDAV and Exchange servers,
 * with listings of 2 to 300 KB, writes, reads, refused first legs. Many connections at a time.
 * usage: gen TRANSACTIONS OUT.pcap, prints "N transactions".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "tests/tool/bytes.h"
#include "tests/tool/talk.h"

enum { CONNS = 48, MSS = 1460, SERVERS = 6, EXCHANGE_SERVERS = 2, WINDOW = 8 };

/* What a connection does next. */
enum phase {
	PHASE_CLOSED,
	PHASE_SYN,
	PHASE_SYN_ACK,
	PHASE_OPEN,
	PHASE_REQUEST,
	PHASE_RESPONSE,
	PHASE_FIN,
	PHASE_FIN_BACK
};

struct conn {
	enum phase phase;
	struct talk_address end[2];
	uint32_t next[2];
	unsigned server; /* below EXCHANGE_SERVERS: an Exchange */
	unsigned left; /* transactions until it is closed */
	struct bytes message[2];
	size_t sent, unacked;
};

struct load {
	FILE *file;
	uint64_t random, transactions, wanted;
	int64_t now;
	uint16_t port;
	bool failed;
	struct conn conns[CONNS];
};

/* splitmix64 */
static uint64_t load_random(struct load *l, uint64_t n)
{
	uint64_t z = l->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

static __attribute__((format(printf, 2, 3))) void put(struct bytes *b, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ensure(n >= 0 && (size_t)n < sizeof(text), NULL);
	bytes_add(b, text, (size_t)n);
}

/* ---- messages ---- */

static void put_calendar(struct load *l, struct bytes *b, uint64_t item, const char *eol)
{
	unsigned day = 1 + (unsigned)(item % 28), hour = (unsigned)(item % 22);
	put(b, "BEGIN:VCALENDAR%sVERSION:2.0%sPRODID:-//davscope//bench//EN%sBEGIN:VEVENT%s", eol,
	    eol, eol, eol);
	put(b, "UID:%016" PRIx64 "@example.com%sDTSTAMP:20060925T160000Z%s", item * 2654435761u,
	    eol, eol);
	put(b, "DTSTART:200610%02uT%02u0000Z%sDTEND:200610%02uT%02u0000Z%s", day, hour, eol, day,
	    hour + 1, eol);
	put(b, "SUMMARY:Appointment number %" PRIu64 "%sLOCATION:Room %" PRIu64 "%s", item, eol,
	    item % 40, eol);
	for (uint64_t i = 0, n = load_random(l, 12); i < n; i++)
		put(b,
		    "ATTENDEE;CN=Person %" PRIu64 ";PARTSTAT=ACCEPTED:mailto:person%" PRIu64
		    "@example.com%s",
		    i, i, eol);
	put(b, "DESCRIPTION:");
	for (uint64_t i = 0, n = load_random(l, 30); i < n; i++)
		put(b, "and then we talk about item %" PRIu64 "\\n", i);
	put(b, "%sEND:VEVENT%sEND:VCALENDAR%s", eol, eol, eol);
}

static void put_request(struct bytes *b, const struct conn *c, const char *method, const char *path,
    const char *more)
{
	put(b,
	    "%s %s HTTP/1.1\r\nHost: dav%u.example.com\r\nUser-Agent: %s\r\nAccept: */*\r\n"
	    "Accept-Encoding: identity\r\nAuthorization: Basic YW5uYTpzZWNyZXQ=\r\n%s",
	    method, path, c->server,
	    c->server < EXCHANGE_SERVERS ? "Microsoft-Server-ActiveSync/6.5.7653.5" :
					   "CalClient/2.4 (bench)",
	    more);
}

static void put_response(struct bytes *b, const struct conn *c, const char *status,
    const char *more)
{
	put(b, "HTTP/1.1 %s\r\nDate: Mon, 25 Sep 2006 16:00:00 GMT\r\nServer: %s\r\n%s", status,
	    c->server < EXCHANGE_SERVERS ?
		"Microsoft-IIS/6.0\r\nX-Powered-By: ASP.NET\r\nMS-WebStorage: 6.5.7638" :
		"Apache/2.4\r\nDAV: 1, 3, access-control, calendar-access",
	    more);
}

static void put_body(struct bytes *b, const char *type, struct slice body)
{
	put(b, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, body.n);
	bytes_slice(b, body);
}

static void put_chunked(struct bytes *b, const char *type, struct slice body)
{
	put(b, "Content-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", type);
	for (size_t at = 0; at < body.n; at += 8192) {
		struct slice chunk = slice_part(body, at, 8192);
		put(b, "%zx\r\n", chunk.n);
		bytes_slice(b, chunk);
		put(b, "\r\n");
	}
	put(b, "0\r\n\r\n");
}

/* A multistatus of about `size` bytes: rows with a tag, or with the whole object (REPORT). */
static void put_multistatus(struct load *l, struct bytes *b, const char *path, bool objects,
    size_t size)
{
	put(b,
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\n");
	while (b->n < size) {
		uint64_t item = load_random(l, 1000000);
		put(b,
		    "<D:response><D:href>%s%016" PRIx64 ".ics</D:href><D:propstat><D:prop>"
		    "<D:getetag>\"%" PRIx64 "-%" PRIx64 "\"</D:getetag>",
		    path, item * 2654435761u, item, item * 7);
		if (objects) {
			put(b, "<C:calendar-data>");
			put_calendar(l, b, item, "&#13;\n");
			put(b, "</C:calendar-data>");
		} else {
			put(b,
			    "<D:getcontenttype>text/calendar; charset=utf-8</D:getcontenttype>"
			    "<D:resourcetype/>"
			    "<D:getlastmodified>Mon, 25 Sep 2006 16:00:00 GMT</D:getlastmodified>");
		}
		put(b, "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n");
	}
	put(b, "</D:multistatus>\n");
}

/* 2 to 300 KB, as many between 2 and 4 as between 128 and 256. */
static size_t listing_size(struct load *l)
{
	size_t size = (size_t)2048 << load_random(l, 8);
	size += load_random(l, size);
	return size < 300000 ? size : 300000;
}

static void make_listing(struct load *l, struct conn *c, const char *path)
{
	struct bytes body = { 0 };
	bool objects = load_random(l, 2);
	put_request(&c->message[CLIENT], c, objects ? "REPORT" : "PROPFIND", path, "Depth: 1\r\n");
	put(&body,
	    objects ?
		"<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">"
		"<D:prop>"
		"<D:getetag/><C:calendar-data/></D:prop></C:calendar-query>" :
		"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:getetag/><D:getcontenttype/>"
		"<D:resourcetype/>"
		"<D:getlastmodified/></D:prop></D:propfind>");
	put_body(&c->message[CLIENT], "application/xml; charset=utf-8", bytes_all(&body));
	body.n = 0;
	put_multistatus(l, &body, path, objects, listing_size(l));
	put_response(&c->message[SERVER], c, "207 Multi-Status", "");
	if (load_random(l, 2))
		put_chunked(&c->message[SERVER], "application/xml; charset=utf-8",
		    bytes_all(&body));
	else
		put_body(&c->message[SERVER], "application/xml; charset=utf-8", bytes_all(&body));
	bytes_free(&body);
}

static void make_write(struct load *l, struct conn *c, const char *path)
{
	struct bytes body = { 0 };
	char tag[256];
	uint64_t item = load_random(l, 1000000);
	put_calendar(l, &body, item, "\r\n");
	put_request(&c->message[CLIENT], c, "PUT", path,
	    load_random(l, 2) ? "If-None-Match: *\r\n" : "");
	put_body(&c->message[CLIENT], "text/calendar; charset=utf-8", bytes_all(&body));
	snprintf(tag, sizeof(tag),
	    c->server < EXCHANGE_SERVERS ?
		"Repl-UID: <rid:8996592620a48a4393901c9368f7c518%012" PRIx64 ">\r\n"
		"ResourceTag: <rt:8996592620a48a4393901c9368f7c518%012" PRIx64
		">\r\nContent-Length: 0\r\n\r\n" :
		"ETag: \"%" PRIx64 "-%" PRIx64 "\"\r\nContent-Length: 0\r\n\r\n",
	    item, item * 7);
	put_response(&c->message[SERVER], c, "201 Created", tag);
	bytes_free(&body);
}

static void make_read(struct load *l, struct conn *c, const char *path)
{
	struct bytes body = { 0 };
	put_calendar(l, &body, load_random(l, 1000000), "\r\n");
	put_request(&c->message[CLIENT], c, "GET", path, "\r\n");
	put_response(&c->message[SERVER], c, "200 OK", "ETag: \"1\"\r\n");
	put_body(&c->message[SERVER], "text/calendar; charset=utf-8", bytes_all(&body));
	bytes_free(&body);
}

static void make_refusal(struct conn *c, const char *path)
{
	put_request(&c->message[CLIENT], c, "PROPFIND", path,
	    "Depth: 0\r\nContent-Length: 0\r\n\r\n");
	put_response(&c->message[SERVER], c, "401 Unauthorized",
	    "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"
	    "WWW-Authenticate: Basic realm=\"dav\"\r\n");
	put_body(&c->message[SERVER], "text/html",
	    SLICE("<html><body><h1>Who are you?</h1></body></html>\n"));
}

static void make_small(struct load *l, struct conn *c, const char *path)
{
	bool gone = load_random(l, 2);
	put_request(&c->message[CLIENT], c, gone ? "DELETE" : "OPTIONS", path, "\r\n");
	put_response(&c->message[SERVER], c, gone ? "204 No Content" : "200 OK",
	    gone ? "\r\n" : "Content-Length: 0\r\n\r\n");
}

static void conn_make(struct load *l, struct conn *c)
{
	char folder[128], item[256];
	snprintf(folder, sizeof(folder),
	    c->server < EXCHANGE_SERVERS ? "/exchange/user%u/Calendar/" : "/calendars/user%u/work/",
	    (unsigned)load_random(l, 300));
	snprintf(item, sizeof(item), "%s%016" PRIx64 "%s", folder,
	    load_random(l, 1u << 30) * 2654435761u, c->server < EXCHANGE_SERVERS ? ".EML" : ".ics");
	c->message[CLIENT].n = c->message[SERVER].n = 0;
	c->sent = c->unacked = 0;
	uint64_t dice = load_random(l, 100);
	if (dice < 7)
		make_listing(l, c, folder);
	else if (dice < 37)
		make_write(l, c, item);
	else if (dice < 73)
		make_read(l, c, item);
	else if (dice < 87)
		make_refusal(c, folder);
	else
		make_small(l, c, item);
}

/* ---- packets ---- */

static void file_put(void *ctx, const struct frame *f)
{
	struct load *l = ctx;
	uint32_t n = (uint32_t)f->bytes.n;
	uint32_t header[4] = { (uint32_t)(f->ns / 1000000000),
		(uint32_t)(f->ns % 1000000000 / 1000), n, n };
	l->failed |= fwrite(header, sizeof(header), 1, l->file) != 1 ||
	    fwrite(f->bytes.p, n, 1, l->file) != 1;
}

static void conn_packet(struct load *l, struct conn *c, unsigned side, uint8_t flags,
    struct slice data)
{
	struct segment s = {
		.ns = l->now,
		.side = side,
		.from = c->end[side],
		.to = c->end[!side],
		.seq = c->next[side],
		.ack = c->next[!side],
		.flags = flags,
		.data = data,
	};
	segment_frames(&s, LINK_ETHER, (struct frame_sink){ file_put, l });
	c->next[side] += (uint32_t)data.n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
	l->now += 5000 + (int64_t)load_random(l, 30000);
}

static void conn_open(struct load *l, struct conn *c)
{
	uint16_t port = l->port++;
	if (l->port == 0)
		l->port = 1024;
	c->server = (unsigned)load_random(l, SERVERS);
	c->end[CLIENT] = (struct talk_address){ 4, port,
		{ 10, 0, 1, (uint8_t)(1 + load_random(l, 200)) } };
	c->end[SERVER] = (struct talk_address){ 4, 80, { 10, 0, 2, (uint8_t)(1 + c->server) } };
	c->next[CLIENT] = (uint32_t)load_random(l, 1ull << 32);
	c->next[SERVER] = (uint32_t)load_random(l, 1ull << 32);
	c->left = 5 + (unsigned)load_random(l, 60);
	conn_packet(l, c, CLIENT, TCP_SYN, (struct slice){ 0 });
	c->phase = PHASE_SYN;
}

/* A few segments of the message on its way; the other side acknowledges every second one. */
static bool conn_send(struct load *l, struct conn *c, unsigned side)
{
	struct slice all = bytes_all(&c->message[side]);
	for (uint64_t n = 1 + load_random(l, WINDOW); n > 0 && c->sent < all.n; n--) {
		struct slice piece = slice_part(all, c->sent, MSS);
		c->sent += piece.n;
		conn_packet(l, c, side, c->sent == all.n ? TCP_ACK | TCP_PSH : TCP_ACK, piece);
		if (++c->unacked % 2 == 0)
			conn_packet(l, c, !side, TCP_ACK, (struct slice){ 0 });
	}
	return c->sent == all.n;
}

static void conn_response_end(struct load *l, struct conn *c)
{
	l->transactions++;
	conn_packet(l, c, CLIENT, TCP_ACK, (struct slice){ 0 });
	c->phase = --c->left == 0 || l->transactions >= l->wanted ? PHASE_FIN : PHASE_OPEN;
}

static void conn_step(struct load *l, struct conn *c)
{
	static const struct slice none = { 0 };
	switch (c->phase) {
	case PHASE_CLOSED:
		if (l->transactions < l->wanted)
			conn_open(l, c);
		break;
	case PHASE_SYN:
		conn_packet(l, c, SERVER, TCP_SYN | TCP_ACK, none);
		c->phase = PHASE_SYN_ACK;
		break;
	case PHASE_SYN_ACK:
		conn_packet(l, c, CLIENT, TCP_ACK, none);
		c->phase = PHASE_OPEN;
		break;
	case PHASE_OPEN:
		conn_make(l, c);
		c->phase = PHASE_REQUEST;
		break;
	case PHASE_REQUEST:
		if (conn_send(l, c, CLIENT)) {
			c->sent = c->unacked = 0;
			c->phase = PHASE_RESPONSE;
		}
		break;
	case PHASE_RESPONSE:
		if (conn_send(l, c, SERVER))
			conn_response_end(l, c);
		break;
	case PHASE_FIN:
		conn_packet(l, c, CLIENT, TCP_FIN | TCP_ACK, none);
		conn_packet(l, c, SERVER, TCP_ACK, none);
		c->phase = PHASE_FIN_BACK;
		break;
	case PHASE_FIN_BACK:
		conn_packet(l, c, SERVER, TCP_FIN | TCP_ACK, none);
		conn_packet(l, c, CLIENT, TCP_ACK, none);
		c->phase = PHASE_CLOSED;
		break;
	}
}

static bool load_busy(const struct load *l)
{
	for (size_t i = 0; i < CONNS; i++)
		if (l->conns[i].phase != PHASE_CLOSED)
			return true;
	return l->transactions < l->wanted;
}

int main(int argc, char **argv)
{
	struct load l = { .random = 923164, .now = 1159200000000000000, .port = 1024 };
	if (argc != 3 || !slice_to_u64(slice_from(argv[1]), &l.wanted)) {
		fprintf(stderr, "usage: gen TRANSACTIONS OUT.pcap\n");
		return 2;
	}
	static const uint32_t header[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 262144, LINK_ETHER };
	l.file = fopen(argv[2], "wb");
	if (l.file == NULL || fwrite(header, sizeof(header), 1, l.file) != 1) {
		fprintf(stderr, "gen: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	while (load_busy(&l))
		conn_step(&l, &l.conns[load_random(&l, CONNS)]);
	if (fclose(l.file) != 0 || l.failed) {
		fprintf(stderr, "gen: %s: cannot be written\n", argv[2]);
		return 1;
	}
	for (size_t i = 0; i < CONNS; i++) {
		bytes_free(&l.conns[i].message[CLIENT]);
		bytes_free(&l.conns[i].message[SERVER]);
	}
	printf("%" PRIu64 " transactions\n", l.transactions);
	return 0;
}
