/*
 * stream.c - one direction of a flow, as the decoder tells it: heads and bodies are gathered until they are
 * whole, scrubbed, and written to the places they came from.
 */
#include "cmd/scrub/scrubber.h"

#include "cmd/scrub/body.h"
#include "cmd/scrub/head.h"

#include <stdlib.h>
#include <string.h>

enum phase { PHASE_NONE, PHASE_HEAD, PHASE_BODY, PHASE_TRAILER };
enum { TLS_HEADER = 5, FIRST_ROOM = 1024, FIRST_EXTENTS = 4 };

/* Where a part of what is held belongs in the stream. */
struct extent {
	uint64_t offset;
	size_t n;
};

/* TLS records: their headers stay (RFC 8446 5.1). */
struct records {
	bool on;
	size_t n; /* bytes of the header so far */
	size_t left; /* of the record */
	uint8_t header[TLS_HEADER];
};

struct stream {
	uint32_t number;
	enum phase phase;
	bool known; /* a message or opaque bytes were seen: no first bytes of a protocol any more */
	bool gap; /* within the body */
	bool overflow; /* too long: what comes is blanked */
	bool extension; /* of a chunk line */
	struct head head;
	struct records records;
	uint8_t *held;
	size_t n_held, room;
	struct extent *extents;
	size_t n_extents, extents_room;
};

static struct stream *stream_of(struct scrubber *s, void **own)
{
	struct stream *stream = *own;
	if (stream != NULL)
		return stream;
	stream = calloc(1, sizeof *stream);
	if (stream == NULL)
		return NULL;
	stream->number = spool_stream(s->spool);
	*own = stream;
	return stream;
}

uint32_t stream_number(struct scrubber *s, void **own)
{
	const struct stream *stream = stream_of(s, own);
	return stream != NULL ? stream->number : 0;
}

/* ---- what is held ---- */

static uint64_t held_cost(const struct stream *stream)
{
	return stream->room + stream->extents_room * sizeof *stream->extents;
}

static void held_drop(struct scrubber *s, struct stream *stream)
{
	s->held -= held_cost(stream);
	free(stream->held);
	free(stream->extents);
	stream->held = NULL;
	stream->extents = NULL;
	stream->n_held = stream->room = stream->n_extents = stream->extents_room = 0;
}

static bool may_grow(const struct scrubber *s, const struct stream *stream, uint64_t more)
{
	return held_cost(stream) + more <= 2 * s->limits->scrub_body &&
	    s->held + more <= s->limits->scrub_held;
}

static bool bytes_reserve(struct scrubber *s, struct stream *stream, size_t n)
{
	size_t room = stream->room == 0 ? FIRST_ROOM : stream->room;
	while (room < n)
		room *= 2;
	if (room == stream->room)
		return true;
	if (n > s->limits->scrub_body || !may_grow(s, stream, room - stream->room))
		return false;
	uint8_t *grown = realloc(stream->held, room);
	if (grown == NULL)
		return false;
	s->held += room - stream->room;
	stream->held = grown;
	stream->room = room;
	return true;
}

static bool extent_add(struct scrubber *s, struct stream *stream, uint64_t offset, size_t n)
{
	size_t n_extents = stream->n_extents;
	struct extent *last = n_extents != 0 ? &stream->extents[n_extents - 1] : NULL;
	if (last != NULL && last->offset + last->n == offset) {
		last->n += n;
		return true;
	}
	if (stream->n_extents == stream->extents_room) {
		size_t old = stream->extents_room, room = old == 0 ? FIRST_EXTENTS : 2 * old;
		if (!may_grow(s, stream, (room - old) * sizeof *last))
			return false;
		struct extent *grown = realloc(stream->extents, room * sizeof *grown);
		if (grown == NULL)
			return false;
		s->held += (room - old) * sizeof *grown;
		stream->extents = grown;
		stream->extents_room = room;
	}
	if (stream->extents == NULL)
		return false;
	stream->extents[stream->n_extents++] = (struct extent){ offset, n };
	return true;
}

/* To the places it came from. */
static void held_write(struct scrubber *s, struct stream *stream)
{
	const uint8_t *p = stream->held;
	for (size_t i = 0; i < stream->n_extents; i++) {
		const struct extent *e = &stream->extents[i];
		spool_write(s->spool, stream->number, e->offset, (struct slice){ p, e->n });
		p += e->n;
	}
	held_drop(s, stream);
}

/* Straight to its place, blanked. */
static void blank_write(struct scrubber *s, const struct stream *stream, uint64_t offset,
    struct slice bytes)
{
	uint8_t part[512];
	while (bytes.n != 0) {
		size_t n = bytes.n < sizeof part ? bytes.n : sizeof part;
		memcpy(part, bytes.p, n);
		if (stream->phase == PHASE_BODY)
			body_blank(&stream->head, (struct span){ part, n });
		else
			bytes_blank(part, n);
		spool_write(s->spool, stream->number, offset, (struct slice){ part, n });
		bytes = slice_part(bytes, n, bytes.n);
		offset += n;
	}
}

static void overflow(struct scrubber *s, struct stream *stream)
{
	struct span held = { stream->held, stream->n_held };
	stream->overflow = true;
	s->counts.bodies_blanked += stream->phase == PHASE_BODY;
	if (stream->phase == PHASE_BODY)
		body_blank(&stream->head, held);
	else
		bytes_blank(held.p, held.n);
	held_write(s, stream);
}

static void hold(struct scrubber *s, struct stream *stream, uint64_t offset, struct slice bytes)
{
	if (!stream->overflow &&
	    (!bytes_reserve(s, stream, stream->n_held + bytes.n) ||
		!extent_add(s, stream, offset, bytes.n)))
		overflow(s, stream);
	if (stream->overflow) {
		blank_write(s, stream, offset, bytes);
		return;
	}
	memcpy(stream->held + stream->n_held, bytes.p, bytes.n);
	stream->n_held += bytes.n;
}

/* ---- what is no message ---- */

/* False: that is no header of a record; nothing behind it is believed. */
static bool header_possible(const struct records *r)
{
	return r->header[0] >= 20 && r->header[0] <= 24 && (r->n < 2 || r->header[1] == 3) &&
	    (r->n < 3 || r->header[2] <= 4);
}

static void records_blank(struct records *r, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!r->on || r->left != 0) {
			p[i] = 0;
			r->left -= r->left != 0;
			continue;
		}
		r->header[r->n++] = p[i];
		r->on = header_possible(r);
		if (!r->on)
			p[i] = 0;
		if (r->n < TLS_HEADER)
			continue;
		r->left = (size_t)r->header[3] << 8 | r->header[4];
		r->n = 0;
	}
}

/* The first bytes of a protocol stay, so that it is known again; also behind the preface of a proxy. */
static void opaque_blank(struct stream *stream, uint8_t *p, size_t n)
{
	size_t signature = 0;
	size_t preface = stream->known ? 0 : proxy_preface_blank(p, n);
	p += preface;
	n -= preface;
	if (n == 0)
		return;
	bool is_tls = stream->records.n != 0 || stream->records.left != 0 || stream->records.on;
	if (!stream->known) {
		bool records;
		signature = protocol_signature((struct slice){ p, n }, &records);
		stream->records.on = records;
		is_tls = records;
	}
	stream->known = true;
	if (is_tls)
		records_blank(&stream->records, p, n);
	else
		bytes_blank(p + signature, n - signature);
}

static void opaque_write(struct scrubber *s, struct stream *stream, uint64_t offset,
    struct slice bytes)
{
	uint8_t part[4096];
	while (bytes.n != 0) {
		size_t n = bytes.n < sizeof part ? bytes.n : sizeof part;
		memcpy(part, bytes.p, n);
		opaque_blank(stream, part, n);
		spool_write(s->spool, stream->number, offset, (struct slice){ part, n });
		bytes = slice_part(bytes, n, bytes.n);
		offset += n;
	}
}

/* What was held for a start line is none. */
static void held_opaque(struct scrubber *s, struct stream *stream)
{
	if (stream->n_held != 0)
		opaque_blank(stream, stream->held, stream->n_held);
	held_write(s, stream);
}

/* ---- messages ---- */

static void head_finish(struct scrubber *s, struct stream *stream)
{
	head_scrub(s->words, stream->held, stream->n_held, &stream->head);
	stream->known = stream->known || stream->n_held != 0;
}

static void body_finish(struct scrubber *s, const struct stream *stream)
{
	struct span body = { stream->held, stream->n_held };
	s->counts.bodies++;
	if (!body_scrub(s->words, s->limits, &stream->head, body))
		s->counts.bodies_blanked++;
}

/* What is held is all there is of this phase. */
static void phase_finish(struct scrubber *s, struct stream *stream)
{
	struct head trailer = { .n_type = 0 };
	if (stream->n_held != 0 && stream->phase == PHASE_HEAD)
		head_finish(s, stream);
	else if (stream->n_held != 0 && stream->phase == PHASE_BODY)
		body_finish(s, stream);
	else if (stream->n_held != 0)
		fields_scrub(s->words, stream->held, stream->n_held, &trailer);
	held_write(s, stream);
	stream->overflow = false;
}

static void phase_set(struct scrubber *s, struct stream *stream, enum phase phase)
{
	if (stream->phase == phase)
		return;
	phase_finish(s, stream);
	stream->phase = phase;
}

static void framing_blank(struct stream *stream, uint8_t *byte)
{
	uint8_t lower = ascii_lower(*byte);
	bool size = (*byte >= '0' && *byte <= '9') || (lower >= 'a' && lower <= 'f');
	stream->extension = *byte != '\n' && (stream->extension || (!size && *byte != '\r'));
	if (stream->extension || !size)
		bytes_blank(byte, 1);
}

/* Sizes of chunks stay, what stands behind them or behind their data does not (RFC 9112 7.1). */
static void framing_write(struct scrubber *s, struct stream *stream, uint64_t offset,
    struct slice bytes)
{
	uint8_t part[256];
	while (bytes.n != 0) {
		size_t n = bytes.n < sizeof part ? bytes.n : sizeof part;
		memcpy(part, bytes.p, n);
		for (size_t i = 0; i < n; i++)
			framing_blank(stream, &part[i]);
		spool_write(s->spool, stream->number, offset, (struct slice){ part, n });
		bytes = slice_part(bytes, n, bytes.n);
		offset += n;
	}
}

void stream_bytes(void *ctx, void **own, uint64_t offset, struct slice bytes, enum tap_kind kind)
{
	struct scrubber *s = ctx;
	struct stream *stream = stream_of(s, own);
	if (stream == NULL)
		return;
	switch (kind) {
	case TAP_HEAD:
		phase_set(s, stream, PHASE_HEAD);
		hold(s, stream, offset, bytes);
		return;
	case TAP_FRAMING:
		phase_set(s, stream, PHASE_BODY);
		framing_write(s, stream, offset, bytes);
		return;
	case TAP_BODY:
		phase_set(s, stream, PHASE_BODY);
		stream->extension = true;
		if (stream->gap)
			blank_write(s, stream, offset, bytes);
		else
			hold(s, stream, offset, bytes);
		return;
	case TAP_TRAILER:
		phase_set(s, stream, PHASE_TRAILER);
		hold(s, stream, offset, bytes);
		return;
	case TAP_OPAQUE:
		phase_set(s, stream, PHASE_NONE);
		opaque_write(s, stream, offset, bytes);
	}
}

void stream_gap(void *ctx, void **own)
{
	struct stream *stream = stream_of(ctx, own);
	if (stream == NULL)
		return;
	phase_finish(ctx, stream);
	stream->gap = stream->phase == PHASE_BODY;
	if (stream->records.on)
		stream->records.left = SIZE_MAX;
}

void stream_end(void *ctx, void **own, enum tap_end end)
{
	struct scrubber *s = ctx;
	struct stream *stream = *own;
	if (stream == NULL)
		return;
	if (end == TAP_NO_MESSAGE && stream->phase == PHASE_HEAD && !stream->overflow)
		held_opaque(s, stream);
	phase_finish(s, stream);
	stream->phase = PHASE_NONE;
	stream->gap = stream->extension = false;
	stream->head = (struct head){ .n_type = 0 };
}

void stream_close(void *ctx, void **own)
{
	stream_end(ctx, own, TAP_NO_MESSAGE);
	free(*own);
	*own = NULL;
}
