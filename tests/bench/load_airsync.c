/* ActiveSync: a device asks for what is new and gets appointments, as WBXML. */
#include "tests/bench/load.h"
#include "tests/unit/wbxml_make.h"

#include <inttypes.h>

enum { ITEMS = 100 };

static void put_text(struct bytes *b, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		load_put(b, "and then we talk about item %" PRIu64 ", ", i);
}

static void put_item(struct load *l, struct bytes *b)
{
	uint64_t item = load_random(l, 1000000);
	unsigned day = 1 + (unsigned)(item % 28), hour = (unsigned)(item % 22);
	load_put(b,
	    "Add{ServerId='5:%" PRIu64 "' ApplicationData{Calendar:UID='%016" PRIx64 "@example.com'"
	    " DtStamp=20060925T160000Z StartTime=200610%02uT%02u0000Z EndTime=200610%02uT%02u0000Z"
	    " Subject='Appointment number %" PRIu64 "' Location='Room %" PRIu64 "' BusyStatus=2"
	    " Attendees{",
	    item, item * 2654435761u, day, hour, day, hour + 1, item, item % 40);
	for (uint64_t i = 0, n = load_random(l, 12); i < n; i++)
		load_put(b,
		    "Attendee{Email='person%" PRIu64 "@example.com' Name='Person %" PRIu64 "'}", i,
		    i);
	load_put(b, "} AirSyncBase:Body{Type=1 Data='");
	put_text(b, load_random(l, 30));
	load_put(b, "'}}}");
}

/* The text of wbxml_make.h, as the body of a message. */
static void put_wbxml(struct bytes *message, struct bytes *text)
{
	bytes_u8(text, 0);
	struct bytes body = wbxml_make((const char *)text->p);
	load_put(message,
	    "Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %zu\r\n\r\n", body.n);
	bytes_slice(message, bytes_all(&body));
	bytes_free(&body);
	text->n = 0;
}

void load_airsync(struct load *l, struct bytes message[2])
{
	struct bytes text = { 0 };
	unsigned user = (unsigned)load_random(l, 300);
	uint64_t key = load_random(l, 1000000);
	load_put(&message[CLIENT],
	    "POST /Microsoft-Server-ActiveSync?User=user%u&DeviceId=device%u&DeviceType=PocketPC&Cmd=Sync"
	    " HTTP/1.1\r\nHost: mail.example.com\r\nMS-ASProtocolVersion: 14.1\r\n"
	    "User-Agent: Device/2.4 (bench)\r\nAuthorization: Basic YW5uYTpzZWNyZXQ=\r\n",
	    user, user);
	load_put(&text,
	    "Sync{Collections{Collection{SyncKey=%" PRIu64
	    " CollectionId=5 DeletesAsMoves GetChanges WindowSize=100}}}",
	    key);
	put_wbxml(&message[CLIENT], &text);
	load_put(&message[SERVER],
	    "HTTP/1.1 200 OK\r\nDate: Mon, 25 Sep 2006 16:00:00 GMT\r\nServer: Microsoft-IIS/7.5\r\n"
	    "MS-Server-ActiveSync: 14.1\r\n");
	load_put(&text,
	    "Sync{Collections{Collection{SyncKey=%" PRIu64 " CollectionId=5 Status=1 Commands{",
	    key + 1);
	for (uint64_t i = 0, n = load_random(l, ITEMS); i < n; i++)
		put_item(l, &text);
	load_put(&text, "}}}}");
	put_wbxml(&message[SERVER], &text);
	bytes_free(&text);
}
