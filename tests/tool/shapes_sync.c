/* Shapes of what stores hold and clients ask again: what the analysis searches for each request. */
#include "tests/tool/shape.h"

/* ---- ActiveSync ---- */

/* A Sync of one collection; up to its commands. */
static void sync_begin(struct bytes *b, const char *table)
{
	static const uint8_t head[] = { 3, 1, 106 },
			     tags[] = { 0x45, 0x5c, 0x4f, 0x4b, 3, '1', 0, 1, 0x52, 3, '7', 0, 1,
				     0x56 };
	size_t n = *table != '\0' ? strlen(table) + 1 : 0;
	b->n = 0;
	bytes_add(b, head, sizeof(head));
	bytes_u8(b, (unsigned)(0x80 | n >> 7));
	bytes_u8(b, n & 0x7f);
	bytes_add(b, table, n);
	bytes_add(b, tags, sizeof(tags));
}

/* An Add of an event with such a UID, which is its ClientId as well; or that is the text of the table. */
static void sync_add(struct bytes *b, char kind, unsigned number, bool own_id)
{
	static const char rest[] = "\x01\x66\x03x\0\x01\x67\x03"
				   "20240101T000000Z";
	char uid[16];
	size_t n = (size_t)snprintf(uid, sizeof(uid), "%c%u", kind, number) + 1;
	bytes_add(b, (uint8_t[]){ 0x47, 0x4c, own_id ? 3 : 0x83 }, 3);
	bytes_add(b, own_id ? uid : "", own_id ? n : 1);
	bytes_add(b, (uint8_t[]){ 1, 0x5d, 0, 4, 0x68, 3 }, 6);
	bytes_add(b, uid, n);
	bytes_add(b, rest, sizeof(rest));
	bytes_add(b, (uint8_t[]){ 1, 0, 0, 1, 1 }, 5);
}

static void sync_refused(struct shape *s, struct dialog *d, struct bytes *b)
{
	char head[240];
	bytes_add(b, (uint8_t[]){ 1, 1, 1, 1 }, 4);
	snprintf(head, sizeof(head),
	    "POST /Microsoft-Server-ActiveSync?Cmd=Sync&User=u&DeviceId=d&DeviceType=p HTTP/1.1\r\n"
	    "Content-Type: application/vnd.ms-sync.wbxml\r\nMS-ASProtocolVersion: 14.1\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    b->n);
	dialog_text(s, d, CLIENT, head);
	dialog_say(s, d, CLIENT, bytes_all(b));
	dialog_text(s, d, SERVER,
	    "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/vnd.ms-sync.wbxml\r\n"
	    "Content-Length: 0\r\n\r\n");
}

void shape_adds(struct shape *s, uint64_t n)
{
	enum { FIRST = 6, ADDS = 100, AGAIN = 240, LONG = 4000 };
	static char id[LONG + 1];
	struct dialog d = dialog_open(s, 0);
	struct bytes b = { 0 };
	for (unsigned i = 0; i < FIRST; i++) {
		sync_begin(&b, "");
		for (unsigned k = 0; k < ADDS; k++)
			sync_add(&b, 'o', i * ADDS + k, true);
		sync_refused(s, &d, &b);
	}
	memset(id, 'Z', LONG);
	for (uint64_t i = 0; i < n; i++) {
		sync_begin(&b, id);
		for (unsigned k = 0; k < AGAIN; k++)
			sync_add(&b, 'n', k, false);
		sync_refused(s, &d, &b);
	}
	bytes_free(&b);
	dialog_close(s, &d);
}

/* ---- DAV ---- */

void shape_hops(struct shape *s, uint64_t n)
{
	enum { SERVERS = 32, ASKED = 200 };
	struct talk_address client = { .family = 6, .port = 40000 }, server = client;
	struct dialog d[SERVERS];
	struct bytes asks = { 0 }, answers = { 0 };
	memset(client.bytes, 0x20, sizeof(client.bytes));
	memset(server.bytes, 0x30, sizeof(server.bytes));
	server.port = 80;
	for (unsigned k = 0; k < SERVERS; k++) {
		server.bytes[15] = (uint8_t)k;
		d[k] = dialog_between(s, client, server);
	}
	for (unsigned i = 0; i < ASKED; i++) {
		bytes_text(&asks, "PROPFIND /a HTTP/1.1\r\nX-Forwarded-For:1\r\n\r\n");
		bytes_text(&answers, "HTTP/1.1 404 N\r\nContent-Length:0\r\n\r\n");
	}
	for (uint64_t i = 0; i < n; i++) {
		for (unsigned k = 0; k < SERVERS; k++)
			dialog_say(s, &d[k], CLIENT, bytes_all(&asks));
		for (unsigned k = SERVERS; k-- != 0;)
			dialog_say(s, &d[k], SERVER, bytes_all(&answers));
	}
	bytes_free(&asks);
	bytes_free(&answers);
}

static void list_asks(struct bytes *asks, struct bytes *answers, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bytes_text(asks, "PROPFIND /b/ HTTP/1.1\r\nDepth: 1\r\n\r\n");
		bytes_text(answers,
		    "HTTP/1.1 207 M\r\nDAV: calendar-access\r\nContent-Type: text/xml\r\n"
		    "Content-Length: 27\r\n\r\n<multistatus xmlns=\"DAV:\"/>");
	}
}

/* An answer that does not say what is not there. */
static void list_part(struct shape *s, struct dialog *d, uint64_t first, unsigned rows)
{
	char text[120];
	struct bytes b = { 0 };
	bytes_text(&b, "<multistatus xmlns=\"DAV:\">");
	for (unsigned i = 0; i < rows; i++) {
		snprintf(text, sizeof(text),
		    "<response><href>/b/%llu</href><status>HTTP/1.1 200 OK</status></response>",
		    (unsigned long long)first + i);
		bytes_text(&b, text);
	}
	bytes_text(&b, "</multistatus>");
	dialog_text(s, d, CLIENT, "PROPFIND /b/ HTTP/1.1\r\nDepth: infinity\r\n\r\n");
	snprintf(text, sizeof(text),
	    "HTTP/1.1 207 M\r\nDAV: calendar-access\r\nContent-Type: text/xml\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    b.n);
	dialog_text(s, d, SERVER, text);
	dialog_say(s, d, SERVER, bytes_all(&b));
	bytes_free(&b);
}

void shape_listed(struct shape *s, uint64_t n)
{
	enum { ROWS = 1000, ASKED = 200, MOST = 100 };
	struct bytes asks = { 0 }, answers = { 0 };
	struct dialog early[MOST], d = dialog_open(s, 0);
	size_t n_early = (size_t)(n / ASKED) < MOST ? (size_t)(n / ASKED) : MOST;
	list_asks(&asks, &answers, ASKED);
	for (size_t i = 0; i < n_early; i++) {
		early[i] = dialog_open(s, 1 + i);
		dialog_say(s, &early[i], CLIENT, bytes_all(&asks));
	}
	for (uint64_t i = 0; i < n * 10; i += ROWS)
		list_part(s, &d, i, ROWS);
	for (size_t i = 0; i < n_early; i++)
		dialog_say(s, &early[i], SERVER, bytes_all(&answers));
	bytes_free(&asks);
	bytes_free(&answers);
	dialog_close(s, &d);
}
