/*
 * airsync_query.c - the query of an ActiveSync request: names and values, or from 12.1 on the whole of it
 * as base64 of a few bytes (MS-ASHTTP 2.2.1.1.1).
 */
#include "decode/decode.h"
#include "decode/syntax.h"

static bool slice_has(struct slice s, uint8_t byte)
{
	return slice_find_byte(s, byte) < s.n;
}

static struct slice query_of(struct slice target)
{
	target = slice_part(target, 0, slice_find_byte(target, '#'));
	return slice_part(target, slice_find_byte(target, '?') + 1, target.n);
}

/* A '%' without two digits behind it is itself. */
static uint8_t take_character(struct slice *s)
{
	uint8_t c = s->p[0];
	size_t n = 1;
	if (c == '%' && s->n > 2 && hex_digit(s->p[1]) >= 0 && hex_digit(s->p[2]) >= 0) {
		c = (uint8_t)(hex_digit(s->p[1]) << 4 | hex_digit(s->p[2]));
		n = 3;
	}
	*s = slice_part(*s, n, s->n);
	return c;
}

/* False: no room. */
static bool percent_decode(struct arena *arena, struct slice in, struct slice *out)
{
	*out = in;
	if (!slice_has(in, '%'))
		return true;
	uint8_t *p = arena_alloc(arena, in.n);
	size_t n = 0;
	if (p == NULL)
		return false;
	while (in.n > 0)
		p[n++] = take_character(&in);
	*out = (struct slice){ p, n };
	return true;
}

/* ---- names and values ---- */

static struct slice *plain_field(struct airsync_query *q, struct slice name)
{
	if (slice_is_nocase(name, "Cmd"))
		return &q->command;
	if (slice_is_nocase(name, "User"))
		return &q->user;
	if (slice_is_nocase(name, "DeviceId"))
		return &q->device_id;
	if (slice_is_nocase(name, "DeviceType"))
		return &q->device_type;
	if (slice_is_nocase(name, "CollectionId"))
		return &q->collection_id;
	return slice_is_nocase(name, "ItemId") ? &q->item_id : NULL;
}

/* Of several with one name the first one counts. False: no room. */
static bool plain_pair(struct slice pair, struct arena *arena, struct airsync_query *q)
{
	size_t equals = slice_find_byte(pair, '=');
	struct slice *field = plain_field(q, slice_part(pair, 0, equals));
	if (field == NULL || field->n > 0)
		return true;
	return percent_decode(arena, slice_part(pair, equals + 1, pair.n), field);
}

static bool plain_read(struct slice query, struct arena *arena, struct airsync_query *q)
{
	while (query.n > 0) {
		size_t n = slice_find_byte(query, '&');
		if (!plain_pair(slice_part(query, 0, n), arena, q))
			return false;
		query = slice_part(query, n + 1, query.n);
	}
	return q->command.n > 0;
}

/* ---- base64 ---- */

/* Of section 5 as well. */
static int base64_any(uint8_t c)
{
	return base64_digit(c == '-' ? '+' : c == '_' ? '/' : c);
}

/* RFC 4648 section 4 or 5; the padding may be missing. False: it is none, or no room. */
static bool base64_decode(struct arena *arena, struct slice in, struct slice *out)
{
	while (in.n > 0 && in.p[in.n - 1] == '=')
		in.n--;
	uint8_t *p = arena_alloc(arena, in.n / 4 * 3 + 3);
	size_t n = 0;
	uint32_t bits = 0;
	if (p == NULL || in.n % 4 == 1)
		return false;
	for (size_t i = 0; i < in.n; i++) {
		int value = base64_any(in.p[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 != 0)
			p[n++] = (uint8_t)(bits >> (6 - i % 4 * 2));
	}
	*out = (struct slice){ p, n };
	return true;
}

/* By the byte that stands for them. */
static const char *const commands[] = {
	"Sync",
	"SendMail",
	"SmartForward",
	"SmartReply",
	"GetAttachment",
	"GetHierarchy",
	"CreateCollection",
	"DeleteCollection",
	"MoveCollection",
	"FolderSync",
	"FolderCreate",
	"FolderDelete",
	"FolderUpdate",
	"MoveItems",
	"GetItemEstimate",
	"MeetingResponse",
	"Search",
	"Settings",
	"Ping",
	"ItemOperations",
	"Provision",
	"ResolveRecipients",
	"ValidateCert",
	"Find",
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };
enum { OLDEST = 120, NEWEST = 199 }; /* versions times ten; the form came with 12.1 */
enum { PARAMETER_COLLECTION = 1, PARAMETER_ITEM = 3, PARAMETER_USER = 8 };

static struct slice counted(struct cursor *c)
{
	return cursor_take(c, cursor_u8(c));
}

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return true;
}

/* A device that is named by the bytes of a GUID here says these in hexadecimal in the plain form. */
static bool device_id(struct arena *arena, struct slice bytes, struct slice *out)
{
	static const char digits[] = "0123456789ABCDEF";
	*out = bytes;
	if (is_printable(bytes))
		return true;
	uint8_t *p = arena_alloc(arena, 2 * bytes.n);
	if (p == NULL)
		return false;
	for (size_t i = 0; i < bytes.n; i++) {
		p[2 * i] = (uint8_t)digits[bytes.p[i] >> 4];
		p[2 * i + 1] = (uint8_t)digits[bytes.p[i] & 15];
	}
	*out = (struct slice){ p, 2 * bytes.n };
	return true;
}

static void parameter(struct airsync_query *q, uint8_t tag, struct slice value)
{
	if (tag == PARAMETER_COLLECTION && q->collection_id.n == 0)
		q->collection_id = value;
	else if (tag == PARAMETER_ITEM && q->item_id.n == 0)
		q->item_id = value;
	else if (tag == PARAMETER_USER && q->user.n == 0)
		q->user = value;
}

/* The locale says nothing of the request. */
static bool coded_read(struct slice bytes, struct arena *arena, struct airsync_query *q)
{
	struct cursor c = cursor_from(bytes);
	q->base64 = true;
	q->version = cursor_u8(&c);
	uint8_t command = cursor_u8(&c);
	cursor_skip(&c, 2);
	struct slice device = counted(&c);
	uint8_t policy = cursor_u8(&c);
	if (q->version < OLDEST || q->version > NEWEST || command >= COMMANDS ||
	    (policy != 0 && policy != 4))
		return false;
	q->has_policy = policy != 0;
	q->policy_key = q->has_policy ? cursor_le32(&c) : 0;
	q->device_type = counted(&c);
	while (cursor_left(&c) > 0 && !c.bad) {
		uint8_t tag = cursor_u8(&c);
		parameter(q, tag, counted(&c));
	}
	q->command = slice_from(commands[command]);
	return !c.bad && device_id(arena, device, &q->device_id);
}

bool airsync_query_read(struct slice target, struct arena *arena, struct airsync_query *q)
{
	struct slice query = query_of(target), bytes;
	*q = (struct airsync_query){ 0 };
	if (plain_read(query, arena, q))
		return true;
	*q = (struct airsync_query){ 0 };
	bool read = percent_decode(arena, query, &query) && base64_decode(arena, query, &bytes) &&
	    coded_read(bytes, arena, q);
	if (!read)
		*q = (struct airsync_query){ 0 };
	return read;
}
