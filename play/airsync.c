/*
 * airsync.c - a Sync of one collection with at most one command, as WBXML (MS-ASWBXML), written and read.
 */
#include "play/airsync.h"

#include "play/wbxml.h"

#include <string.h>

enum {
	SYNC = 0x05,
	RESPONSES = 0x06,
	ADD = 0x07,
	CHANGE = 0x08,
	SYNC_KEY = 0x0b,
	CLIENT_ID = 0x0c,
	SERVER_ID = 0x0d,
	STATUS = 0x0e,
	COLLECTION = 0x0f,
	CLASS = 0x10,
	COLLECTION_ID = 0x12,
	COMMANDS = 0x16,
	COLLECTIONS = 0x1c,
	DATA = 0x1d,
	CALENDAR_DTSTAMP = 0x0411,
	CALENDAR_END = 0x0412,
	CALENDAR_LOCATION = 0x0417,
	CALENDAR_SUBJECT = 0x0426,
	CALENDAR_START = 0x0427,
	CALENDAR_UID = 0x0428,
	CALENDAR_CLIENT_UID = 0x043c,
	BASE_DISPLAY_NAME = 0x1110,
	BASE_LOCATION = 0x1120,
};

/* ---- writing ---- */

static struct wbxml_out collection_open(struct text *t, const struct sync *s)
{
	struct wbxml_out out = wbxml_begin(t);
	wbxml_open(&out, SYNC);
	wbxml_open(&out, COLLECTIONS);
	wbxml_open(&out, COLLECTION);
	if (s->class_named)
		wbxml_text(&out, CLASS, "Calendar");
	wbxml_text(&out, SYNC_KEY, "%s", s->key);
	wbxml_text(&out, COLLECTION_ID, "c1");
	return out;
}

static void close_all(struct wbxml_out *out, size_t n)
{
	while (n-- != 0)
		wbxml_close(out);
}

static void location_write(struct wbxml_out *out, const struct sync *s)
{
	if (s->structured)
		wbxml_open(out, BASE_LOCATION);
	wbxml_text(out, s->structured ? BASE_DISPLAY_NAME : CALENDAR_LOCATION, ITEM_LOCATION "%u",
	    s->item.revision);
	if (s->structured)
		wbxml_close(out);
}

static void data_write(struct wbxml_out *out, const struct sync *s)
{
	wbxml_open(out, DATA);
	wbxml_text(out, CALENDAR_DTSTAMP, "20260925T140000Z");
	wbxml_text(out, CALENDAR_START, "20260928T140000Z");
	wbxml_text(out, CALENDAR_END, "20260928T150000Z");
	wbxml_text(out, CALENDAR_SUBJECT, ITEM_SUMMARY);
	location_write(out, s);
	if (s->item.uid[0] != '\0')
		wbxml_text(out, CALENDAR_UID, "%s", s->item.uid);
	if (s->client_uid[0] != '\0')
		wbxml_text(out, CALENDAR_CLIENT_UID, "%s", s->client_uid);
	wbxml_close(out);
}

void sync_write_request(struct text *t, const struct sync *s)
{
	struct wbxml_out out = collection_open(t, s);
	if (s->command != COMMAND_NONE) {
		bool add = s->command == COMMAND_ADD;
		wbxml_open(&out, COMMANDS);
		wbxml_open(&out, add ? ADD : CHANGE);
		wbxml_text(&out, add ? CLIENT_ID : SERVER_ID, "%s",
		    add ? s->client_id : s->server_id);
		data_write(&out, s);
		close_all(&out, 2);
	}
	close_all(&out, 3);
}

/* Of Changes only those that failed are answered. */
void sync_write_answer(struct text *t, const struct sync *s)
{
	struct wbxml_out out = collection_open(t, s);
	wbxml_text(&out, STATUS, "%d", s->status);
	if (s->item_status != STATUS_NONE) {
		bool add = s->command == COMMAND_ADD;
		wbxml_open(&out, RESPONSES);
		wbxml_open(&out, add ? ADD : CHANGE);
		if (add)
			wbxml_text(&out, CLIENT_ID, "%s", s->client_id);
		wbxml_text(&out, SERVER_ID, "%s", s->server_id);
		wbxml_text(&out, STATUS, "%d", s->item_status);
		close_all(&out, 2);
	}
	close_all(&out, 3);
}

/* ---- reading ---- */

static unsigned revision_of(struct slice location)
{
	uint64_t n = 0;
	if (!slice_starts(location, SLICE(ITEM_LOCATION)))
		return REVISION_UNKNOWN;
	struct slice number = slice_part(location, sizeof ITEM_LOCATION - 1, location.n);
	return slice_to_u64(number, &n) && n <= REVISION_EDITED ? (unsigned)n : REVISION_UNKNOWN;
}

static void text_take(struct sync *s, unsigned tag, struct slice text, bool in_responses)
{
	uint64_t n = 0;
	if (tag == SYNC_KEY)
		text_copy(s->key, sizeof s->key, text);
	else if (tag == CLIENT_ID)
		text_copy(s->client_id, sizeof s->client_id, text);
	else if (tag == SERVER_ID)
		text_copy(s->server_id, sizeof s->server_id, text);
	else if (tag == CALENDAR_UID)
		text_copy(s->item.uid, sizeof s->item.uid, text);
	else if (tag == CALENDAR_CLIENT_UID)
		text_copy(s->client_uid, sizeof s->client_uid, text);
	else if (tag == CALENDAR_LOCATION || tag == BASE_DISPLAY_NAME)
		s->item.revision = revision_of(text);
	else if (tag == STATUS && slice_to_u64(text, &n) && n < 1000)
		*(in_responses ? &s->item_status : &s->status) = (int)n;
}

static void tag_take(struct sync *s, unsigned tag, bool *in_responses)
{
	*in_responses = *in_responses || tag == RESPONSES;
	s->class_named = s->class_named || tag == CLASS;
	if (tag == ADD || tag == CHANGE)
		s->command = tag == ADD ? COMMAND_ADD : COMMAND_CHANGE;
}

bool sync_read(struct slice bytes, struct sync *s)
{
	struct wbxml_in in = wbxml_read(bytes);
	struct wbxml_event e = wbxml_next(&in);
	bool is_sync = e.kind == WBXML_OPEN && e.tag == SYNC, in_responses = false;
	unsigned tag = 0;
	*s = (struct sync){ .status = STATUS_NONE, .item_status = STATUS_NONE };
	for (; e.kind != WBXML_END && e.kind != WBXML_BAD; e = wbxml_next(&in)) {
		if (e.kind == WBXML_TEXT)
			text_take(s, tag, e.text, in_responses);
		tag = e.kind == WBXML_OPEN ? e.tag : 0;
		tag_take(s, tag, &in_responses);
	}
	return is_sync && e.kind == WBXML_END;
}

int airsync_status(const struct message *answer)
{
	const char *type = message_value(answer, "Content-Type");
	struct sync s;
	if (type == NULL || strcmp(type, "application/vnd.ms-sync.wbxml") != 0 ||
	    !sync_read(text_whole(&answer->body), &s))
		return STATUS_NONE;
	return s.item_status != STATUS_NONE ? s.item_status : s.status;
}
