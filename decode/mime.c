/*
 * mime.c - reads a MIME message (RFC 2045, RFC 2046) for the calendar or address object in it, as clients
 * of Exchange put them. The first part of such a type counts, however deep it lies; without one the
 * subject is all that is said of the message.
 */
#include "decode/dav_object.h"
#include "decode/object_read.h"
#include "decode/transfer.h"

#include <string.h>

enum { LINE = 1000, FIELD = 4096, LEVELS = 8, BOUNDARY = 70 };

/* IN_UNTYPED: its first line decides. SKIPPED: until a boundary. */
enum state { IN_FIELDS, IN_UNTYPED, IN_PART, SKIPPED };

struct boundary {
	uint8_t text[BOUNDARY];
	size_t n;
};

struct mime {
	struct body_env env;
	enum state state;
	struct boundary levels[LEVELS];
	size_t depth;
	/* of the message */
	struct text subject;
	enum object_kind kind;
	bool inner; /* not the fields of the message itself */
	bool missed; /* a field was cut, or a part lies too deep */
	/* of the part */
	enum body_kind type;
	bool typed, nested; /* has a Content-Type; which is message/rfc822 */
	struct boundary boundary; /* of its own parts */
	struct transfer transfer;
	const char *pending; /* end of the last line: the boundary's, if one follows */
	struct object_read *calendar, *card; /* made when needed */
	struct object_read *reading;
	const struct object *object;
	/* what is being read */
	uint8_t field[FIELD], line[LINE];
	size_t n_field, n_line;
	bool field_cut;
	bool line_begun; /* a part of the line was handed on */
};

/* ---- content ---- */

static void part_begin(struct mime *m, bool card)
{
	struct object_read **read = card ? &m->card : &m->calendar;
	m->state = SKIPPED;
	m->pending = "";
	if (m->object != NULL)
		return;
	if (m->transfer.coding == TRANSFER_UNKNOWN) {
		m->missed = true;
		return;
	}
	if (*read == NULL)
		*read = object_read_new(card ? &grammar_card : &grammar_calendar, &m->env, true);
	else
		object_read_begin(*read);
	m->reading = *read;
	m->state = *read != NULL ? IN_PART : SKIPPED;
	m->missed |= *read == NULL;
}

/* `whole`: nothing of the part is missing. */
static void part_end(struct mime *m, bool whole)
{
	if (m->reading != NULL)
		(void)object_read_end(m->reading, whole && !m->transfer.damaged, &m->object);
	m->reading = NULL;
	m->state = SKIPPED;
}

static void part_bytes(struct mime *m, struct slice s, const char *line_end)
{
	uint8_t out[LINE + 2];
	object_read_data(m->reading, slice_from(m->pending));
	m->pending = "";
	object_read_data(m->reading, (struct slice){ out, transfer_bytes(&m->transfer, s, out) });
	if (line_end != NULL && transfer_line_end(&m->transfer))
		m->pending = line_end;
}

/* ---- fields ---- */

static struct slice before_semicolon(struct slice value)
{
	return slice_trim(slice_part(value, 0, slice_find_byte(value, ';')));
}

static void type_take(struct mime *m, struct slice value)
{
	struct slice media = before_semicolon(value);
	struct slice params = slice_part(value, slice_find_byte(value, ';'), value.n);
	m->typed = true;
	m->type = content_kind(media);
	m->nested = slice_is_nocase(media, "message/rfc822");
	m->boundary.n = 0;
	if (!slice_starts_nocase(media, SLICE("multipart/")))
		return;
	struct slice boundary = param_find(params, "boundary");
	if (boundary.n > BOUNDARY)
		return;
	m->boundary.n = boundary.n;
	if (boundary.n > 0)
		memcpy(m->boundary.text, boundary.p, boundary.n);
}

static void subject_take(struct mime *m, struct slice value)
{
	if (m->inner || m->subject.n > 0)
		return;
	text_begin(&m->subject, value.n);
	m->missed |= !text_add(&m->subject, value) || m->field_cut;
}

static void field_take(struct mime *m, struct slice name, struct slice value)
{
	if (slice_is_nocase(name, "Content-Type")) {
		type_take(m, value);
		m->missed |= m->field_cut;
	} else if (slice_is_nocase(name, "Content-Transfer-Encoding")) {
		m->transfer.coding = transfer_find(value);
	} else if (slice_is_nocase(name, "Subject")) {
		subject_take(m, value);
	} else if (slice_is_nocase(name, "Content-Class") && !m->inner) {
		(void)exchange_class(value, &m->kind);
	}
}

static void field_end(struct mime *m)
{
	struct slice field = { m->field, m->n_field };
	size_t colon = slice_find_byte(field, ':');
	if (colon < field.n)
		field_take(m, slice_trim(slice_part(field, 0, colon)),
		    slice_trim(slice_part(field, colon + 1, field.n)));
	m->n_field = 0;
	m->field_cut = false;
}

static void field_add(struct mime *m, struct slice s)
{
	size_t room = FIELD - m->n_field;
	if (s.n > room) {
		s.n = room;
		m->field_cut = true;
	}
	if (s.n > 0)
		memcpy(m->field + m->n_field, s.p, s.n);
	m->n_field += s.n;
}

static void fields_begin(struct mime *m)
{
	m->state = IN_FIELDS;
	m->n_field = 0;
	m->field_cut = false;
	m->typed = m->nested = false;
	m->type = BODY_OTHER;
	m->boundary.n = 0;
	m->transfer = (struct transfer){ .coding = TRANSFER_IDENTITY };
}

/* The blank line behind the fields: what comes now? */
static void fields_end(struct mime *m)
{
	field_end(m);
	m->inner = true;
	m->state = SKIPPED;
	if (m->boundary.n > 0 && m->depth < LEVELS)
		m->levels[m->depth++] = m->boundary;
	else if (m->boundary.n > 0)
		m->missed = true;
	else if (m->nested && m->transfer.coding == TRANSFER_IDENTITY)
		fields_begin(m);
	else if (m->type == BODY_CALENDAR || m->type == BODY_VCARD)
		part_begin(m, m->type == BODY_VCARD);
	else if (!m->typed)
		m->state = IN_UNTYPED;
}

/* ---- lines ---- */

static bool is_blank(struct slice s)
{
	return slice_trim(s).n == 0;
}

/* A delimiter line of any open level ends all levels within. False: it is none. */
static bool boundary_line(struct mime *m, struct slice s)
{
	if (!slice_starts(s, SLICE("--")))
		return false;
	s = slice_part(s, 2, s.n);
	for (size_t i = m->depth; i-- > 0;) {
		struct slice boundary = { m->levels[i].text, m->levels[i].n };
		struct slice rest = slice_part(s, boundary.n, s.n);
		bool last = slice_starts(rest, SLICE("--"));
		if (!slice_starts(s, boundary) || !is_blank(slice_part(rest, last ? 2 : 0, rest.n)))
			continue;
		part_end(m, true);
		m->depth = last ? i : i + 1;
		if (!last)
			fields_begin(m);
		return true;
	}
	return false;
}

/* Some leave out the fields, or the type. `line_end`: NULL where the line goes on. */
static bool object_line(struct mime *m, struct slice s, const char *line_end)
{
	bool card = slice_starts_nocase(s, SLICE("BEGIN:VCARD"));
	if (!card && !slice_starts_nocase(s, SLICE("BEGIN:VCALENDAR")))
		return false;
	part_begin(m, card);
	if (m->state == IN_PART)
		part_bytes(m, s, line_end);
	return true;
}

static void field_line(struct mime *m, struct slice s, bool begins, const char *line_end)
{
	if (begins && m->n_field == 0 && object_line(m, s, line_end))
		return;
	if (begins && s.n == 0 && line_end != NULL) {
		fields_end(m);
	} else {
		if (begins && s.n > 0 && s.p[0] != ' ' && s.p[0] != '\t')
			field_end(m);
		field_add(m, s);
	}
}

static void line_bytes(struct mime *m, struct slice s, bool begins, const char *line_end)
{
	switch (m->state) {
	case IN_FIELDS:
		field_line(m, s, begins, line_end);
		break;
	case IN_UNTYPED:
		m->state = SKIPPED;
		(void)object_line(m, s, line_end);
		break;
	case IN_PART:
		part_bytes(m, s, line_end);
		break;
	case SKIPPED:
		break;
	}
}

/* All there is of the line up to an LF, or as much as is handed on at once. */
static void line_flush(struct mime *m, bool ends)
{
	size_t n = m->n_line;
	bool carriage = n > 0 && m->line[n - 1] == '\r';
	struct slice s = { m->line, carriage ? n - 1 : n };
	bool begins = !m->line_begun;
	m->n_line = 0;
	m->line_begun = !ends;
	if (!ends || !begins || !boundary_line(m, s))
		line_bytes(m, s, begins, ends ? (carriage ? "\r\n" : "\n") : NULL);
	if (carriage && !ends) {
		m->line[0] = '\r';
		m->n_line = 1;
	}
}

static bool mime_data(void *ctx, struct slice in)
{
	struct mime *m = ctx;
	while (in.n > 0) {
		size_t end = slice_find_byte(in, '\n');
		size_t n = end < LINE - m->n_line ? end : LINE - m->n_line;
		memcpy(m->line + m->n_line, in.p, n);
		m->n_line += n;
		in = slice_part(in, n, in.n);
		if (m->n_line == LINE) {
			line_flush(m, false);
		} else if (in.n > 0) {
			line_flush(m, true);
			in = slice_part(in, 1, in.n);
		}
	}
	return true;
}

/* ---- the body ---- */

static void *mime_start(const struct body_env *env)
{
	struct mime *m = arena_alloc(env->arena, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->env = *env;
	m->subject.arena = env->arena;
	m->kind = OBJECT_OTHER;
	m->pending = "";
	fields_begin(m);
	return m;
}

/* What is left has no line end of its own. If more was sent, nobody knows what it would have become. */
static void last_line(struct mime *m, bool whole)
{
	struct slice s = { m->line, m->n_line };
	bool begins = !m->line_begun;
	m->n_line = 0;
	if (!whole || !begins || !boundary_line(m, s))
		line_bytes(m, s, begins, NULL);
	if (m->state == IN_FIELDS && whole)
		field_end(m);
	if (m->reading != NULL)
		part_bytes(m, (struct slice){ NULL, 0 }, NULL);
	part_end(m, whole && m->depth == 0);
}

static void mime_end(void *ctx, bool whole, struct body *body)
{
	struct mime *m = ctx;
	last_line(m, whole);
	body->object = m->object;
	if (m->object != NULL || (m->subject.n == 0 && m->kind == OBJECT_OTHER))
		return;
	const struct object draft = {
		.kind = m->kind,
		.summary = text_slice(&m->subject),
		.start_ns = OBJECT_NO_TIME,
		.end_ns = OBJECT_NO_TIME,
		.whole = whole && !m->missed,
	};
	body->object = object_make(m->env.arena, &draft);
}

static const char *const mime_types[] = { "message/rfc822", NULL };

const struct body_reader body_mime = {
	.kind = BODY_MIME,
	.media_types = mime_types,
	.start = mime_start,
	.data = mime_data,
	.end = mime_end,
	.abandon = object_body_abandon,
};
