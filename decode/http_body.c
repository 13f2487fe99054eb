/*
 * Where bodies and messages end (RFC 9112 6, 7). llhttp decides; it is fed the framing in
 * canonical form, chunk sizes included, so that what it may be lenient or strict about never
 * reaches it.
 */
#include <string.h>

#include "decode/http.h"
#include "decode/syntax.h"

/* RFC 9112 6.3: answers that have no body, whatever their fields say. llhttp skips it when told 1. */
static int on_headers_complete(llhttp_t *parser)
{
	const struct side *s = parser->data;
	unsigned status = parser->status_code;
	if (!side_is_response(s))
		return 0;
	if (status < 200 || status == 204 || status == 304)
		return 1;
	return s->pending && (s->pending->head || (s->pending->connect && status < 300));
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
	struct side *s = parser->data;
	struct slice bytes = { (const uint8_t *)at, length };
	if (s->filling)
		return 0;
	s->body_bytes += length;
	if (s->content)
		content_data(s->content, bytes);
	return 0;
}

static int on_message_complete(llhttp_t *parser)
{
	struct side *s = parser->data;
	s->complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

/* False: llhttp refuses what we hold to be canonical. The message is given up. */
static bool parser_feed(struct side *s, const void *p, size_t n)
{
	llhttp_errno_t e = llhttp_execute(&s->parser, p, n);
	return e == HPE_OK || (e == HPE_PAUSED && s->complete) || e == HPE_PAUSED_UPGRADE;
}

/* What is fed in place of the wire's own spelling. */
struct canonical {
	char text[128];
	size_t n;
};

static void canonical_text(struct canonical *c, struct slice text)
{
	memcpy(c->text + c->n, text.p, text.n);
	c->n += text.n;
}

static void canonical_number(struct canonical *c, uint64_t number, unsigned base)
{
	char digits[20];
	size_t n = 0;
	do {
		digits[n++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (n)
		c->text[c->n++] = digits[--n];
}

static void body_lost(struct side *s, enum anomaly_code code)
{
	side_anomaly(s, code, 0);
	if (s->message)
		s->message->loss |= LOSS_DAMAGED;
	side_message_end(s, false);
	s->state = SIDE_LOST;
	s->http->resyncs++;
	pending_lost(s, 0, GAP_LOST);
}

/* ---- the head, as llhttp gets it ---- */

static bool parser_begin(struct side *s, unsigned status)
{
	const struct framing *f = &s->framing;
	struct canonical head = { .n = 0 };
	bool response = side_is_response(s);
	llhttp_init(&s->parser, response ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
	s->parser.data = s;
	llhttp_set_lenient_keep_alive(&s->parser, 1);
	canonical_text(&head, response ? SLICE("HTTP/1.1 ") : SLICE("POST / HTTP/1.1"));
	if (response)
		canonical_number(&head, status, 10);
	if (f->chunked) {
		canonical_text(&head, SLICE("\r\nTransfer-Encoding: chunked"));
	} else if (f->has_length && !f->coded) {
		canonical_text(&head, SLICE("\r\nContent-Length: "));
		canonical_number(&head, f->length, 10);
	}
	canonical_text(&head, SLICE("\r\n\r\n"));
	return parser_feed(s, head.text, head.n);
}

/* An answer to a read lists what is there; its items are parsed on demand, its root always. */
static bool is_listing(const struct side *s)
{
	static const char *const reads[] = { "PROPFIND", "REPORT", "SEARCH", "BPROPFIND", "POLL",
		"X-MS-ENUMATTS" };
	if (!side_is_response(s) || s->message->status != 207)
		return false;
	struct slice method = s->pending->txn->req.method;
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		if (slice_is(method, reads[i]))
			return true;
	}
	return !method.n;
}

static void content_anomaly(void *ctx, enum anomaly_code code, uint64_t value)
{
	side_anomaly(ctx, code, value);
}

static void content_begin(struct side *s)
{
	const struct decode_options *o = s->http->flow->shard->options;
	struct content_options c = { .limits = &o->limits,
		.unpacked = &s->unpacked,
		.root_only = o->bodies < BODIES_ALL && is_listing(s),
		.hash = o->bodies > BODIES_FACTS && !side_is_response(s) };
	if (o->bodies == BODIES_FACTS)
		c.wish = side_is_response(s) ? CONTENT_XML : CONTENT_ORGANIZER;
	message_header(s->message, "content-type", &c.media_type);
	message_header(s->message, "content-encoding", &c.coding);
	struct content_sink sink = { content_anomaly, s };
	s->content = content_new(&c, s->pending->txn->arena, sink);
	if (!s->content) {
		s->message->loss |= LOSS_LIMIT;
		return;
	}
	s->parser_cost = content_kind(c.media_type) == BODY_XML ? (size_t)o->limits.xml_token : 0;
	s->http->flow->shard->txn_used += s->parser_cost;
}

static void parser_uncharge(struct side *s)
{
	s->http->flow->shard->txn_used -= s->parser_cost;
	s->parser_cost = 0;
}

void body_read_end(struct side *s, bool whole)
{
	struct body *body = &s->message->body;
	uint64_t gap = body->gap_bytes;
	if (s->content)
		content_end(s->content, whole && !gap, body);
	else
		*body = (struct body){ .bytes = s->body_bytes,
			.decoded_bytes = s->body_bytes,
			.complete = whole && !gap && !s->body_bytes };
	body->gap_bytes = gap;
	s->content = NULL;
	parser_uncharge(s);
}

void body_read_give_up(struct side *s)
{
	side_anomaly(s, HTTP_LIMIT, 0);
	content_abandon(s->content);
	s->content = NULL;
	s->message->loss |= LOSS_LIMIT;
	parser_uncharge(s);
}

static void framing_judge(struct side *s)
{
	const struct framing *f = &s->framing;
	if (f->has_length && f->coded)
		side_anomaly(s, HTTP_LENGTH_CHUNKED, 0);
	else if (f->repeated_length && !f->bad_length)
		side_anomaly(s, HTTP_REPEAT_LENGTH, 0);
	if (f->coded && !f->chunked)
		side_anomaly(s, HTTP_BAD_CODING, 0);
}

void body_begin(struct side *s)
{
	struct framing *f = &s->framing;
	unsigned status = s->interim ? 100 : s->message ? s->message->status : 200;
	framing_judge(s);
	if ((f->bad_length && !f->coded) || (f->coded && !f->chunked && !side_is_response(s))) {
		body_lost(s, f->bad_length ? HTTP_BAD_LENGTH : HTTP_LOST);
		return;
	}
	if (f->repeated_length)
		f->repeated_length = false;
	s->state = SIDE_BODY;
	s->said_close = f->close;
	s->left = f->length;
	s->chunk = f->chunked ? CHUNK_SIZE : CHUNK_NONE;
	if (s->message)
		s->message->chunked = f->chunked;
	bool ok = parser_begin(s, status);
	if (!ok) {
		body_lost(s, HTTP_LOST);
		return;
	}
	if (s->complete)
		side_message_end(s, true);
	else if (s->message)
		content_begin(s);
}

/* ---- the body ---- */

static bool is_sized(const struct side *s)
{
	return s->framing.has_length && !s->framing.coded;
}

static size_t plain_feed(struct side *s, struct slice left)
{
	size_t n = is_sized(s) && s->left < left.n ? (size_t)s->left : left.n;
	if (is_sized(s))
		s->left -= n;
	side_tap(s, slice_part(left, 0, n), TAP_BODY);
	if (!parser_feed(s, left.p, n))
		body_lost(s, HTTP_LOST);
	return n;
}

/* chunk-size [ BWS chunk-ext ], RFC 9112 7.1. */
static bool chunk_size_parse(struct side *s, struct slice line)
{
	size_t i = 0;
	uint64_t size = 0;
	for (; i < line.n && hex_digit(line.p[i]) >= 0; i++) {
		if (size >> 59)
			return false;
		size = size * 16 + (uint64_t)hex_digit(line.p[i]);
	}
	struct slice rest = slice_trim(slice_part(line, i, line.n));
	if (i == 0 || (rest.n && rest.p[0] != ';'))
		return false;
	if (rest.n)
		side_anomaly(s, HTTP_CHUNK_EXT, 0);
	s->left = size;
	return true;
}

static bool chunk_size(struct side *s, struct slice line)
{
	struct canonical text = { .n = 0 };
	if (!chunk_size_parse(s, line))
		return false;
	s->chunk = s->left ? CHUNK_DATA : CHUNK_TRAILER;
	if (!s->left)
		return true;
	canonical_number(&text, s->left, 16);
	canonical_text(&text, SLICE("\r\n"));
	return parser_feed(s, text.text, text.n);
}

static bool chunk_trailer(struct side *s, struct slice line)
{
	if (!line.n)
		return parser_feed(s, "0\r\n\r\n", 5);
	s->head_bytes += line.n + 2;
	head_field(s, line, true);
	return true;
}

static bool chunk_line(struct side *s, struct slice line)
{
	if (s->chunk == CHUNK_SIZE)
		return chunk_size(s, line);
	if (s->chunk == CHUNK_TRAILER)
		return chunk_trailer(s, line);
	s->chunk = CHUNK_SIZE;
	return !line.n && parser_feed(s, "\r\n", 2);
}

static size_t chunk_feed(struct side *s, struct slice left)
{
	size_t before = left.n;
	if (s->chunk == CHUNK_DATA) {
		size_t n = s->left < left.n ? (size_t)s->left : left.n;
		s->left -= n;
		if (!s->left)
			s->chunk = CHUNK_END;
		side_tap(s, slice_part(left, 0, n), TAP_BODY);
		if (!parser_feed(s, left.p, n))
			body_lost(s, HTTP_LOST);
		return n;
	}
	struct slice line;
	if (side_line(s, &left, &line) && !chunk_line(s, line))
		body_lost(s, HTTP_BAD_CHUNK);
	return before - left.n;
}

size_t body_feed(struct side *s, struct slice left)
{
	size_t used = s->chunk == CHUNK_NONE ? plain_feed(s, left) : chunk_feed(s, left);
	if (s->state == SIDE_BODY && s->complete)
		side_message_end(s, true);
	return used;
}

/* ---- gaps ---- */

/* llhttp counts; what it is fed here stands for bytes nobody saw. */
static bool parser_fill(struct side *s, uint64_t bytes)
{
	static const uint8_t zeros[4096];
	bool ok = true;
	s->filling = true;
	while (ok && bytes) {
		size_t n = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);
		ok = parser_feed(s, zeros, n);
		bytes -= n;
	}
	s->filling = false;
	return ok;
}

bool body_gap(struct side *s, uint64_t *bytes)
{
	bool until_close = s->chunk == CHUNK_NONE && !is_sized(s);
	uint64_t n = until_close || *bytes < s->left ? *bytes : s->left;
	if (s->chunk != CHUNK_NONE && (s->chunk != CHUNK_DATA || *bytes > s->left))
		return false;
	if (s->message)
		s->message->body.gap_bytes += n;
	if (s->content)
		content_gap(s->content, n);
	if (!until_close) {
		s->left -= n;
		if (!parser_fill(s, n))
			return false;
		if (s->chunk == CHUNK_DATA && !s->left)
			s->chunk = CHUNK_END;
	}
	*bytes -= n;
	if (s->complete)
		side_message_end(s, true);
	return true;
}

void body_end_of_stream(struct side *s)
{
	if (s->chunk == CHUNK_NONE && !is_sized(s) && llhttp_finish(&s->parser) == HPE_OK)
		side_message_end(s, true);
	else if (s->state == SIDE_BODY && s->complete)
		side_message_end(s, true);
}
