/*
 * HTTP on the two streams of a flow: which lines and bytes belong to which message, what happens
 * at gaps and ends, and how reading resumes after damage.
 */
#include "decode/http.h"

#include <stdlib.h>
#include <string.h>

static struct shard *shard_of(const struct side *s)
{
	return s->http->flow->shard;
}

struct http *http_new(struct tcp_flow *flow)
{
	struct http *http = calloc(1, sizeof(*http));
	if (!http)
		return NULL;
	http->flow = flow;
	/* Without the handshake a request may be under way that nobody saw. */
	http->unsure = http->unsure_fresh = !flow->half[0].syn && !flow->half[1].syn;
	for (unsigned dir = 0; dir < 2; dir++) {
		http->side[dir].http = http;
		http->side[dir].state = flow->half[dir].syn ? SIDE_START : SIDE_LOST;
	}
	if (flow->half[0].syn)
		http->side[0].state = SIDE_PREFACE;
	return http;
}

unsigned http_client(const struct http *http)
{
	return http->side[0].role == ROLE_SERVER ? 1 : 0;
}

void http_origin(const struct http *http, struct endpoint *client, struct endpoint *peer)
{
	const struct side *s = &http->side[http_client(http)];
	*peer = (struct endpoint){ 0 };
	if (s->origin.family && s->state != SIDE_PREFACE) {
		*peer = *client;
		*client = s->origin;
	}
}

bool side_is_response(const struct side *s)
{
	return s->role == ROLE_SERVER;
}

/* Bytes are read in their order, packets may come in another one. */
struct stamp side_later(const struct side *s, struct stamp at)
{
	const struct stamp *now = s->http->piece ? &s->http->piece->at : &s->last;
	return now->order > at.order ? *now : at;
}

void side_anomaly(struct side *s, enum anomaly_code code, uint64_t value)
{
	const struct piece *piece = s->http->piece;
	flow_anomaly(s->http->flow, code, piece ? &piece->at : &shard_of(s)->at.now, NULL, value);
}

static void **side_tapped(const struct side *s)
{
	return &s->http->flow->tapped[s == &s->http->side[1]];
}

void side_tap(struct side *s, struct slice bytes, enum tap_kind kind)
{
	const struct decode_tap *tap = shard_of(s)->options->tap;
	const struct piece *piece = s->http->piece;
	if (tap && bytes.n)
		tap->bytes(tap->ctx, side_tapped(s),
		    piece->offset + (uint64_t)(bytes.p - piece->bytes.p), bytes, kind);
}

void side_tap_end(struct side *s, enum tap_end end)
{
	const struct decode_tap *tap = shard_of(s)->options->tap;
	if (tap)
		tap->end(tap->ctx, side_tapped(s), end);
}

static void side_tap_gap(struct side *s)
{
	const struct decode_tap *tap = shard_of(s)->options->tap;
	if (tap)
		tap->gap(tap->ctx, side_tapped(s));
}

static void side_cut(struct side *s, uint8_t loss, bool proven);

/* No memory to go on with this message. */
void side_give_up(struct side *s)
{
	side_anomaly(s, HTTP_LIMIT, 0);
	side_cut(s, LOSS_LIMIT, false);
	side_tap_end(s, TAP_NO_MESSAGE);
	s->n_line = 0;
	s->mid_line = true;
	s->state = SIDE_LOST;
	pending_lost(s, 0, GAP_LOST);
}

/* ---- lines ---- */

/* Where a line starts is where its message starts. */
void side_line_mark(struct side *s, const struct slice *left)
{
	const struct piece *piece = s->http->piece;
	s->line_at = piece->at;
	s->line_offset = piece->offset + (uint64_t)(left->p - piece->bytes.p);
	s->line_acked = piece->peer_acked;
	s->line_acked_known = piece->peer_acked_known;
	s->line_doubtful = piece->doubtful;
}

/* Longer lines are cut; what is cut is beyond the limits of any field or target. */
size_t side_line_most(const struct limits *l)
{
	return (size_t)(l->header_value > l->target ? l->header_value : l->target) + 512;
}

/* Keeps the beginning of a line and its last byte so far. False: no memory. */
bool side_line_keep(struct side *s, struct slice part)
{
	const struct limits *l = &shard_of(s)->options->limits;
	size_t most = side_line_most(l);
	size_t want = s->n_line + part.n < most ? s->n_line + part.n : most;
	if (part.n)
		s->line_last = part.p[part.n - 1];
	if (want > s->line_room) {
		size_t room = want < 256 ? 256 : want * 2;
		if (shard_of(s)->txn_used + room > shard_part(l->txn_total))
			return false;
		uint8_t *grown = realloc(s->line, room);
		if (!grown)
			return false;
		shard_of(s)->txn_used += room - s->line_room;
		s->line = grown;
		s->line_room = room;
	}
	if (want > s->n_line)
		memcpy(s->line + s->n_line, part.p, want - s->n_line);
	s->n_line = want;
	return true;
}

void side_line_drop(struct side *s)
{
	shard_of(s)->txn_used -= s->line_room;
	free(s->line);
	s->line = NULL;
	s->n_line = s->line_room = 0;
}

static enum tap_kind line_kind(const struct side *s)
{
	if (s->state != SIDE_BODY)
		return TAP_HEAD;
	return s->chunk == CHUNK_TRAILER ? TAP_TRAILER : TAP_FRAMING;
}

bool side_line(struct side *s, struct slice *left, struct slice *line)
{
	size_t end = slice_find_byte(*left, '\n');
	struct slice part = slice_part(*left, 0, end);
	bool whole = end < left->n;
	side_tap(s, slice_part(*left, 0, end + 1), line_kind(s));
	if (!s->n_line)
		side_line_mark(s, left);
	*left = slice_part(*left, end + 1, left->n);
	uint8_t last = part.n ? part.p[part.n - 1] : s->n_line ? s->line_last : 0;
	if (s->n_line || !whole) {
		if (!side_line_keep(s, part)) {
			side_give_up(s);
			return false;
		}
		part = (struct slice){ s->line, s->n_line };
	}
	if (!whole)
		return false;
	s->n_line = 0;
	part = slice_part(part, 0, side_line_most(&shard_of(s)->options->limits));
	if (last == '\r') {
		part.n -= part.n && part.p[part.n - 1] == '\r';
	} else if (!s->lf_said && s->state != SIDE_START) {
		s->lf_said = true;
		side_anomaly(s, HTTP_BARE_LF, 0);
	}
	*line = part;
	return true;
}

/* ---- the end of a message ---- */

static bool starts_tunnel(const struct side *s)
{
	if (!side_is_response(s) || !s->message)
		return false;
	unsigned status = s->message->status;
	return status == 101 || (s->pending->connect && status >= 200 && status < 300);
}

static const char *tunnel_name(const struct side *s)
{
	struct slice upgrade;
	if (s->message->status != 101)
		return "tunnel";
	if (message_header(s->message, "upgrade", &upgrade) != PRESENT)
		return "upgraded";
	if (slice_equal_nocase(upgrade, SLICE("websocket")))
		return "websocket";
	return slice_equal_nocase(upgrade, SLICE("h2c")) ? "http2" : "upgraded";
}

uint64_t side_offset(const struct side *s)
{
	return s->http->flow->half[s == &s->http->side[0] ? 0 : 1].offset;
}

static void message_end(struct side *s, bool whole, bool cut_off)
{
	side_tap_end(s, whole ? TAP_WHOLE : TAP_CUT);
	s->state = SIDE_START;
	if (s->message) {
		s->message->end_seen = whole;
		s->message->cut_off = cut_off;
		s->message->to = side_offset(s);
		body_read_end(s, whole);
		s->message = NULL;
		pending_message_done(s);
	}
	s->pending = NULL;
	s->interim = false;
}

/* The message being read ends before its end; `proven`: no more of it was sent. */
static void side_cut(struct side *s, uint8_t loss, bool proven)
{
	head_cut(s);
	if (s->state != SIDE_HEAD && s->state != SIDE_BODY)
		return;
	if (s->message)
		s->message->loss |= loss;
	message_end(s, false, proven);
}

/* ---- what is no message ---- */

static void http_opaque(struct http *http, const char *protocol)
{
	http->protocol = protocol;
	for (unsigned dir = 0; dir < 2; dir++) {
		side_cut(&http->side[dir], 0, false);
		side_tap_end(&http->side[dir], TAP_NO_MESSAGE);
		side_line_drop(&http->side[dir]);
		http->side[dir].state = SIDE_OPAQUE;
		http->side[dir].lost_unsaid = false;
	}
}

/* A request of HTTP/0.9 may have an answer of HTTP/1.x; of other protocols nothing is read. */
static void side_foreign(struct side *s, const char *protocol)
{
	if (strcmp(protocol, "http/0.9") == 0) {
		s->http->protocol = protocol;
		return;
	}
	http_opaque(s->http, protocol);
	hello_begin(s, protocol);
}

static void lost_say(struct side *s)
{
	if (!s->lost_unsaid)
		return;
	s->lost_unsaid = false;
	side_anomaly(s, HTTP_LOST, 0);
	s->http->resyncs++;
}

void side_lost(struct side *s)
{
	const char *protocol = first_protocol(s);
	side_tap_end(s, TAP_NO_MESSAGE);
	s->n_line = 0;
	s->state = SIDE_LOST;
	if (protocol) {
		side_foreign(s, protocol);
		return;
	}
	if (s->messages || s->http->first) { /* or it stands where an answer is due */
		s->lost_unsaid = true;
		if (s->messages || s->n_first == FIRST_MOST)
			lost_say(s);
		pending_lost(s, 0, GAP_LOST);
	}
}

void side_message_end(struct side *s, bool whole)
{
	const char *tunnel = whole && starts_tunnel(s) ? tunnel_name(s) : NULL;
	message_end(s, whole, false);
	if (tunnel)
		http_opaque(s->http, tunnel);
}

/* ---- the stream ---- */

static size_t head_feed(struct side *s, struct slice left)
{
	size_t before = left.n;
	struct slice line;
	if (side_line(s, &left, &line)) {
		head_line(s, line);
	} else if (s->state == SIDE_START) {
		struct slice kept = { s->line, s->n_line };
		if (!start_line_possible(kept, s->role, &shard_of(s)->options->limits))
			side_lost(s);
	}
	return before - left.n;
}

/* A line that turned out to be no start line is opaque from its first byte on. */
static size_t start_feed(struct side *s, struct slice left)
{
	const struct piece *piece = s->http->piece;
	size_t used = head_feed(s, left);
	if (s->state == SIDE_LOST || s->state == SIDE_OPAQUE)
		s->opaque_bytes += piece->offset + (uint64_t)(left.p - piece->bytes.p) + used -
		    s->line_offset;
	return used;
}

static void opaque_feed(struct side *s, struct slice left)
{
	side_tap(s, left, TAP_OPAQUE);
	s->opaque_bytes += left.n;
}

static void side_read(struct side *s, struct slice left)
{
	while (left.n) {
		size_t used = left.n;
		if (s->state == SIDE_PREFACE)
			used = preface_feed(s, left);
		else if (s->state == SIDE_START)
			used = start_feed(s, left);
		else if (s->state == SIDE_HEAD)
			used = head_feed(s, left);
		else if (s->state == SIDE_BODY)
			used = body_feed(s, left);
		else
			opaque_feed(s, left);
		left = slice_part(left, used, left.n);
	}
}

/* A stream we did not see from its start, or whose framing is lost. `grown`: there are new first bytes. */
static void side_resume(struct side *s, struct slice segment, bool grown)
{
	if (s->mid_line) {
		s->mid_line = slice_find_byte(segment, '\n') == segment.n;
		return;
	}
	if (message_start_proven(segment, s->role, &shard_of(s)->options->limits)) {
		lost_say(s);
		s->state = SIDE_START;
		return;
	}
	const char *protocol = grown ? first_protocol(s) : NULL;
	if (protocol)
		side_foreign(s, protocol);
	else if (s->n_first == FIRST_MOST)
		lost_say(s);
}

/* RFC 9110 10.1.1: a client that waits for 100 and gets a final answer need not send the body. */
static bool body_withheld(const struct side *s, struct slice segment)
{
	return s->role == ROLE_CLIENT && !s->body_bytes && s->pending && s->pending->res_done &&
	    message_start_proven(segment, ROLE_CLIENT, &shard_of(s)->options->limits);
}

void http_data(struct http *http, unsigned dir, const struct piece *piece)
{
	struct side *s = &http->side[dir];
	http->piece = piece;
	if (piece->doubtful)
		http_conflict(http, dir);
	bool grown = s->state != SIDE_PREFACE && !s->messages && first_note(s, piece->bytes);
	if (s->pending)
		pending_limit(http, s->pending);
	if (s->state == SIDE_BODY && body_withheld(s, piece->bytes))
		message_end(s, false, true);
	if (s->message)
		s->message->last = side_later(s, s->message->last);
	if (s->state == SIDE_LOST && s->role == ROLE_CLIENT && piece->peer_acked_known)
		pending_settle(http, piece->peer_acked);
	if (s->state == SIDE_LOST)
		side_resume(s, piece->bytes, grown);
	side_read(s, piece->bytes);
	hello_note(s, piece->bytes, piece->offset);
	s->last = piece->at;
	if (!s->n_line && s->line_room)
		side_line_drop(s);
	http->piece = NULL;
	if (s->pending)
		pending_account(http, s->pending);
	if (s->content &&
	    shard_of(s)->txn_used > shard_part(shard_of(s)->options->limits.txn_total))
		body_read_give_up(s);
}

void http_gap(struct http *http, unsigned dir, uint64_t offset, uint64_t bytes, enum gap_kind kind)
{
	struct side *s = &http->side[dir];
	uint8_t loss = kind == GAP_CLIPPED ? LOSS_CLIPPED : LOSS_GAP;
	uint64_t end = offset + bytes;
	s->gap_seen = true;
	lost_say(s);
	side_tap_gap(s);
	first_gap(s);
	if (s->state == SIDE_OPAQUE)
		return;
	if (s->message)
		s->message->loss |= loss;
	if (s->state == SIDE_BODY && body_gap(s, &bytes) && !bytes)
		return;
	/* head_cut may begin a message, which wants to know where: at the kept line. */
	side_cut(s, loss, false);
	s->n_line = 0;
	if (s->state == SIDE_PREFACE)
		s->origin = (struct endpoint){ 0 };
	s->state = SIDE_LOST;
	pending_lost(s, end, kind);
}

void http_conflict(struct http *http, unsigned dir)
{
	struct side *s = &http->side[dir];
	if (s->message)
		s->message->loss |= LOSS_CONFLICT;
	if (s->n_line)
		s->line_doubtful = true;
}

void http_end(struct http *http, unsigned dir, enum stream_end how)
{
	struct side *s = &http->side[dir];
	if (how == STREAM_RST || s->state == SIDE_OPAQUE)
		return;
	lost_say(s);
	if (s->state == SIDE_BODY)
		body_end_of_stream(s);
	bool begun = s->n_line || (s->state == SIDE_PREFACE && s->left);
	if (s->state == SIDE_HEAD || s->state == SIDE_BODY || begun) {
		side_anomaly(s, HTTP_TRUNCATED, 0);
		s->opaque_bytes += s->state <= SIDE_START ? s->n_line : 0;
		side_cut(s, 0, true);
	}
	if (s->n_line)
		side_tap_end(s, TAP_NO_MESSAGE);
	s->n_line = 0;
	if (s->role == ROLE_SERVER ||
	    (s->role == ROLE_UNKNOWN && http->side[!dir].role == ROLE_CLIENT))
		pending_close(http, pending_reason(http, FLOW_FIN));
}

/* A side that went on after its reset did not make it, or did not mean it. */
void http_finish(struct http *http, enum flow_end end)
{
	const struct half *half = http->flow->half;
	bool reset = half[0].reset_last || half[1].reset_last;
	for (unsigned dir = 0; dir < 2; dir++) {
		lost_say(&http->side[dir]);
		side_cut(&http->side[dir], 0, reset);
	}
	pending_unhold(http);
	pending_close(http, pending_reason(http, end));
}

void http_free(struct http *http)
{
	for (unsigned dir = 0; dir < 2; dir++)
		side_line_drop(&http->side[dir]);
	free(http->names);
	free(http);
}
