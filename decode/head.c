/*
 * Heads of HTTP messages: start lines and header fields, line by line (RFC 9112 2-5).
 * Every lenience has an anomaly and one fixed reading.
 */
#include "decode/http.h"

#include <string.h>

#include "decode/redact.h"
#include "decode/syntax.h"

static const struct limits *limits_of(const struct side *s)
{
	return &s->http->flow->shard->options->limits;
}

static size_t token_length(struct slice s)
{
	size_t n = 0;
	while (n < s.n && http_token_char(s.p[n]))
		n++;
	return n;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.x", in any case; 0 when it is none. */
static uint8_t version_parse(struct slice s)
{
	if (s.n != 8 || !slice_starts_nocase(s, SLICE("HTTP/1.")) || !is_digit(s.p[7]))
		return 0;
	return s.p[7] == '0' ? 10 : 11;
}

static bool status_line_parse(struct slice line, struct start_line *out)
{
	uint8_t version = line.n >= 12 ? version_parse(slice_part(line, 0, 8)) : 0;
	if (!version || line.p[8] != ' ')
		return false;
	const uint8_t *d = line.p + 9;
	if (!is_digit(d[0]) || !is_digit(d[1]) || !is_digit(d[2]) || d[0] == '0')
		return false;
	if (line.n > 12 && line.p[12] != ' ')
		return false;
	*out = (struct start_line){ .response = true,
		.version = version,
		.status = (uint16_t)((d[0] - '0') * 100 + (d[1] - '0') * 10 + (d[2] - '0')),
		.reason = slice_part(line, 13, line.n) };
	return true;
}

static bool request_line_parse(struct slice line, const struct limits *l, struct start_line *out)
{
	size_t method = token_length(line);
	if (!method || method > l->method || line.n < method + 11 || line.p[method] != ' ')
		return false;
	uint8_t version = version_parse(slice_part(line, line.n - 8, 8));
	struct slice target = slice_part(line, method + 1, line.n - method - 10);
	if (!version || line.p[line.n - 9] != ' ' || !target.n || target.n > l->target)
		return false;
	*out = (struct start_line){ .version = version,
		.method = slice_part(line, 0, method),
		.target = target };
	return true;
}

bool start_line_parse(struct slice line, const struct limits *l, struct start_line *out)
{
	return status_line_parse(line, out) || request_line_parse(line, l, out);
}

/* Whether a line that is not complete yet may become a start line. */
bool start_line_possible(struct slice beginning, enum role role, const struct limits *l)
{
	struct slice http = SLICE("HTTP/1.");
	if (slice_equal(beginning, SLICE("\r")))
		return true; /* of an empty line, RFC 9112 2.2 */
	struct slice prefix = slice_part(beginning, 0, http.n);
	if (role != ROLE_CLIENT && slice_equal_nocase(prefix, slice_part(http, 0, prefix.n)))
		return true;
	if (role == ROLE_SERVER || beginning.n > l->method + l->target + 16)
		return false;
	size_t method = token_length(beginning);
	return method && method <= l->method &&
	    (method == beginning.n || beginning.p[method] == ' ');
}

static struct slice without_cr(struct slice line)
{
	return line.n && line.p[line.n - 1] == '\r' ? slice_part(line, 0, line.n - 1) : line;
}

/*
 * Resynchronisation: a whole start line, then a header field or the end of the head. A body that
 * quotes a status line, as multistatus bodies do, is followed by neither.
 */
bool message_start_proven(struct slice segment, enum role role, const struct limits *l)
{
	size_t end = slice_find_byte(segment, '\n');
	struct start_line start;
	if (end == segment.n ||
	    !start_line_parse(without_cr(slice_part(segment, 0, end)), l, &start))
		return false;
	if (role != ROLE_UNKNOWN && start.response != (role == ROLE_SERVER))
		return false;
	struct slice rest = slice_part(segment, end + 1, segment.n);
	if (!rest.n || slice_find_byte(start.reason, '<') < start.reason.n)
		return false;
	size_t name = token_length(rest);
	if (!name)
		return rest.p[0] == '\r' || rest.p[0] == '\n';
	return name == rest.n || rest.p[name] == ':' || rest.p[name] == ' ';
}

/* ---- fields ---- */

static struct header *header_add(struct side *s)
{
	struct message *m = s->message;
	if (m->n_headers == s->headers_room) {
		size_t room = s->headers_room ? s->headers_room * 2 : 16;
		struct header *grown = arena_alloc(s->pending->txn->arena, room * sizeof(*grown));
		if (!grown)
			return NULL;
		if (m->n_headers)
			memcpy(grown, m->headers, m->n_headers * sizeof(*grown));
		m->headers = grown;
		s->headers_room = room;
	}
	return &m->headers[m->n_headers];
}

/* From here on fields are left out; which ones are missing is not observed. */
static void head_drop(struct side *s, enum anomaly_code code)
{
	if (s->dropped)
		return;
	s->dropped = true;
	s->message->loss |= LOSS_LIMIT;
	side_anomaly(s, code, 0);
}

/* `value` is what was on the wire. */
static void credential_note(struct side *s, const struct header *h, struct slice value)
{
	struct txn *txn = s->pending->txn;
	s->message->redacted |= h->credential != 0;
	if (s->role == ROLE_CLIENT && slice_equal_nocase(h->name, SLICE("authorization")))
		redact_user(txn->arena, value, &txn->auth_scheme, &txn->auth_user);
}

static void field_store(struct side *s, struct slice name, struct slice value, bool trailer)
{
	const struct limits *l = limits_of(s);
	struct txn *txn = s->pending->txn;
	if (s->dropped)
		return;
	if (s->head_bytes > l->header_bytes || s->message->n_headers >= l->headers) {
		head_drop(s, HTTP_HEADER_TOO_BIG);
		return;
	}
	struct header *h = header_add(s);
	if (!h ||
	    !redact_header(txn->arena, s->http->flow->shard->options->key, l->header_value, name,
		value, h)) {
		head_drop(s, HTTP_LIMIT);
		return;
	}
	if (value.n > l->header_value && !(s->message->loss & LOSS_LIMIT)) {
		s->message->loss |= LOSS_LIMIT;
		side_anomaly(s, HTTP_HEADER_TOO_BIG, 0);
	}
	h->trailer = trailer;
	s->message->n_headers++;
	credential_note(s, h, value);
}

static void framing_length(struct framing *f, struct slice value)
{
	while (value.n) {
		size_t comma = slice_find_byte(value, ',');
		uint64_t length = 0;
		if (!slice_to_u64(slice_trim(slice_part(value, 0, comma)), &length) ||
		    (f->has_length && f->length != length))
			f->bad_length = true;
		f->repeated_length |= f->has_length;
		f->has_length = true;
		f->length = length;
		value = slice_part(value, comma + 1, value.n);
	}
}

static void framing_field(struct framing *f, struct slice name, struct slice value)
{
	if (slice_equal_nocase(name, SLICE("content-length"))) {
		if (!value.n)
			f->bad_length = true;
		framing_length(f, value);
	} else if (slice_equal_nocase(name, SLICE("transfer-encoding"))) {
		struct slice last = value;
		for (size_t comma; (comma = slice_find_byte(last, ',')) < last.n;)
			last = slice_part(last, comma + 1, last.n);
		f->chunked = slice_equal_nocase(slice_trim(last), SLICE("chunked"));
		f->coded |= !slice_equal_nocase(value, SLICE("identity"));
	} else if (slice_equal_nocase(name, SLICE("connection"))) {
		f->close |= slice_equal_nocase(slice_trim(value), SLICE("close"));
	}
}

/* What this line says is not known, so nothing is absent from this head. */
static void head_garbled(struct side *s)
{
	s->garbled = true;
	if (s->message)
		s->message->loss |= LOSS_DAMAGED;
}

/* Eight at a time: a byte below ' ' or DEL, or a tab. */
static bool has_control(struct slice s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	for (; s.n >= sizeof(uint64_t); s = slice_part(s, sizeof(uint64_t), s.n)) {
		uint64_t word, del;
		memcpy(&word, s.p, sizeof(word));
		del = word ^ (ones * 0x7f);
		if (((word - ones * ' ') & ~word & tops) | ((del - ones) & ~del & tops))
			return true;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static void field_check_bytes(struct side *s, struct slice value)
{
	if (!has_control(value))
		return;
	/* A bare CR ends a line for some readers. */
	if (slice_find_byte(value, '\r') < value.n)
		head_garbled(s);
	for (size_t i = 0; i < value.n && !s->control_said; i++) {
		if ((value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f) {
			s->control_said = true;
			side_anomaly(s, HTTP_CONTROL, 0);
		}
	}
}

static void field_take(struct side *s, struct slice line, bool trailer)
{
	size_t colon = slice_find_byte(line, ':');
	struct slice raw = slice_part(line, 0, colon), name = slice_trim(raw);
	if (colon == line.n || !name.n || token_length(name) != name.n) {
		if (!s->garbled)
			side_anomaly(s, HTTP_BAD_FIELD, 0);
		head_garbled(s);
		s->skipped = true;
		return;
	}
	s->skipped = false;
	if (raw.n != name.n)
		side_anomaly(s, HTTP_SPACE_COLON, 0);
	struct slice value = slice_trim(slice_part(line, colon + 1, line.n));
	if (line.n >= side_line_most(limits_of(s)) && s->message) {
		s->message->loss |= LOSS_LIMIT;
		side_anomaly(s, HTTP_HEADER_TOO_BIG, 0);
	}
	field_check_bytes(s, value);
	s->folds = 0;
	if (!trailer)
		framing_field(&s->framing, name, value);
	if (s->message)
		field_store(s, name, value, trailer);
}

/* Nothing of it was secret so far, but the whole may be. */
static void field_restore(struct side *s, struct header *h, struct slice value)
{
	const struct header before = *h;
	if (!h->trailer)
		framing_field(&s->framing, h->name, value);
	if (!redact_header(s->pending->txn->arena, s->http->flow->shard->options->key,
		limits_of(s)->header_value, before.name, value, h)) {
		*h = (struct header){ .name = before.name, .trailer = before.trailer };
		head_drop(s, HTTP_LIMIT);
		return;
	}
	h->trailer = before.trailer;
	credential_note(s, h, value);
}

/* The field that a line goes on with; NULL: it is the first one of the head or of the trailer, or behind none. */
static struct header *field_last(const struct side *s, bool trailer)
{
	const struct message *m = s->message;
	struct header *last = m->n_headers ? &m->headers[m->n_headers - 1] : NULL;
	return last && !s->skipped && last->trailer == trailer ? last : NULL;
}

/* RFC 9112 5.2: a line fold stands for one blank. */
static void field_fold(struct side *s, struct slice line, bool trailer)
{
	side_anomaly(s, HTTP_FOLD, 0);
	if (!s->message || s->dropped)
		return;
	struct header *last = field_last(s, trailer);
	if (!last) {
		head_garbled(s);
		return;
	}
	struct slice more = slice_trim(line);
	size_t n = last->value.n + 1 + more.n;
	uint8_t *joined = NULL;
	if (++s->folds <= limits_of(s)->header_folds && n <= limits_of(s)->header_value &&
	    !last->credential)
		joined = arena_alloc(s->pending->txn->arena, n);
	if (!joined) {
		head_drop(s, HTTP_HEADER_TOO_BIG);
		return;
	}
	if (last->value.n)
		memcpy(joined, last->value.p, last->value.n);
	joined[last->value.n] = ' ';
	memcpy(joined + last->value.n + 1, more.p, more.n);
	field_restore(s, last, slice_trim((struct slice){ joined, n }));
}

void head_field(struct side *s, struct slice line, bool trailer)
{
	if (line.p[0] == ' ' || line.p[0] == '\t')
		field_fold(s, line, trailer);
	else
		field_take(s, line, trailer);
}

/* ---- the head as a whole ---- */

static void head_start(struct side *s, struct slice line)
{
	struct start_line start;
	bool ok = start_line_parse(line, limits_of(s), &start) &&
	    (s->role == ROLE_UNKNOWN || start.response == (s->role == ROLE_SERVER));
	if (!ok) {
		side_lost(s);
		return;
	}
	struct side *other = &s->http->side[s == &s->http->side[0]];
	s->role = start.response ? ROLE_SERVER : ROLE_CLIENT;
	other->role = start.response ? ROLE_CLIENT : ROLE_SERVER;
	s->framing = (struct framing){ 0 };
	s->headers_room = s->head_bytes = s->folds = 0;
	s->dropped = s->garbled = s->skipped = s->lf_said = s->control_said = s->complete = false;
	s->body_bytes = 0;
	s->chunk = CHUNK_NONE;
	if (s->said_close && start.response)
		side_anomaly(s, HTTP_AFTER_CLOSE, 0);
	s->said_close = false;
	s->messages++;
	s->state = SIDE_HEAD;
	bool taken = start.response ? pending_response(s, &start) : pending_request(s, &start);
	if (!taken)
		side_lost(s);
}

void head_line(struct side *s, struct slice line)
{
	if (s->state == SIDE_START) {
		if (line.n)
			head_start(s, line);
		return;
	}
	s->head_bytes += line.n + 2;
	if (!line.n) {
		if (s->message) {
			s->message->head_complete = !s->dropped && !s->garbled;
			s->message->head = s->message->last;
		}
		body_begin(s);
	} else {
		head_field(s, line, false);
	}
}

/* A status line whose reason was cut still tells the status; any other beginning tells nothing. */
void head_cut(struct side *s)
{
	struct slice kept = { s->line, s->n_line };
	struct start_line start;
	if (s->state == SIDE_START && kept.n > 12 && s->role != ROLE_CLIENT &&
	    status_line_parse(kept, &start)) {
		s->n_line = 0;
		head_start(s, kept);
	}
}
