/*
 * scrub.c - the scrubber: listens in the first pass, builds packets in the second.
 */
#include "cmd/scrub/scrubber.h"

#include "capture/capture.h"

#include <stdlib.h>

/* ---- the first pass ---- */

static void mark_add(struct scrubber *s, const struct remark *mark)
{
	struct remarks *m = &s->marks;
	if (m->n >= s->limits->scrub_marks)
		return;
	if (m->n == m->room) {
		size_t room = m->room == 0 ? 64 : 2 * m->room;
		struct remark *grown = realloc(m->items, room * sizeof *grown);
		if (grown == NULL)
			return;
		m->items = grown;
		m->room = room;
	}
	m->items[m->n++] = *mark;
}

static void fragments_mark(struct scrubber *s, uint32_t stream, const struct tap_segment *segment)
{
	struct remark mark = { .offset = segment->offset,
		.stream = stream,
		.payload = (uint32_t)segment->captured,
		.header = (uint8_t)segment->header,
		.sum = (uint8_t)segment->sum };
	for (size_t i = 0; i <= segment->n_pieces; i++) {
		mark.frame = i < segment->n_pieces ? segment->pieces[i].frame : segment->at->frame;
		mark_add(s, &mark);
	}
}

static void on_segment(void *ctx, void **own, const struct tap_segment *segment)
{
	struct scrubber *s = ctx;
	if (segment->captured == 0 && segment->n_pieces == 0)
		return;
	uint32_t stream = stream_number(s, own);
	if (segment->n_pieces != 0) {
		fragments_mark(s, stream, segment);
		return;
	}
	struct spot spot = { segment->offset, stream, (uint32_t)segment->captured };
	journal_put(s->journal, segment->at->frame, &spot);
}

static void on_conflict(void *ctx, void **own, const struct stamp *at, uint64_t offset, uint64_t n)
{
	struct scrubber *s = ctx;
	struct remark mark = { .frame = at->frame,
		.offset = offset,
		.n = (uint32_t)n,
		.stream = stream_number(s, own) };
	mark_add(s, &mark);
}

/* What is no fragment is blank without a word: nobody attributed it. */
static void on_damaged(void *ctx, const struct tap_segment *segment)
{
	if (segment->n_pieces != 0)
		fragments_mark(ctx, 0, segment);
}

static bool scrubber_open(struct scrubber *s, const struct scrub_options *options, struct error *e)
{
	s->words = words_new(options->key);
	if (s->words == NULL)
		return error_set(e, "out of memory");
	s->spool = spool_new(options->beside, options->limits->scrub_index, e);
	if (s->spool == NULL)
		return false;
	s->journal = journal_new(options->beside, e);
	return s->journal != NULL;
}

struct scrubber *scrubber_new(const struct scrub_options *options, struct error *e)
{
	struct scrubber *s = calloc(1, sizeof *s);
	if (s == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	s->limits = options->limits;
	s->tap = (struct decode_tap){
		.bytes = stream_bytes,
		.gap = stream_gap,
		.end = stream_end,
		.segment = on_segment,
		.conflict = on_conflict,
		.damaged = on_damaged,
		.close = stream_close,
		.ctx = s,
	};
	if (scrubber_open(s, options, e))
		return s;
	scrubber_free(s);
	return NULL;
}

const struct decode_tap *scrubber_tap(const struct scrubber *s)
{
	return &s->tap;
}

void scrubber_free(struct scrubber *s)
{
	if (s == NULL)
		return;
	words_free(s->words);
	spool_free(s->spool);
	journal_free(s->journal);
	free(s->marks.items);
	free(s->out);
	free(s);
}

/* ---- between the passes ---- */

static int mark_compare(const void *a, const void *b)
{
	const struct remark *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

bool scrubber_turn(struct scrubber *s, struct error *e)
{
	if (s->marks.n > 1)
		qsort(s->marks.items, s->marks.n, sizeof *s->marks.items, mark_compare);
	return spool_good(s->spool, e) && journal_good(s->journal, e);
}

/* ---- the second pass ---- */

static bool out_reserve(struct scrubber *s, size_t n)
{
	if (n <= s->out_room && s->out != NULL)
		return true;
	uint8_t *grown = realloc(s->out, n + 1);
	if (grown == NULL)
		return false;
	s->out = grown;
	s->out_room = n;
	return true;
}

static uint64_t differences(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t differ = 0;
	for (size_t i = 0; i < n; i++)
		differ += a[i] != b[i];
	return differ;
}

bool scrubber_packet(struct scrubber *s, struct packet *packet, struct error *e)
{
	uint64_t frame = packet->at.frame;
	if (!out_reserve(s, packet->bytes.n))
		return error_set(e, "out of memory");
	while (s->marks.next < s->marks.n && s->marks.items[s->marks.next].frame < frame)
		s->marks.next++;
	struct spot spot;
	bool has_spot = journal_get(s->journal, frame, &spot);
	s->counts.packets_blanked += packet_build(s, packet, has_spot ? &spot : NULL);
	s->counts.packets++;
	s->counts.bytes += differences(packet->bytes.p, s->out, packet->bytes.n);
	packet->bytes.p = s->out;
	return spool_good(s->spool, e) && journal_good(s->journal, e);
}

struct scrub_counts scrubber_counts(const struct scrubber *s)
{
	return s->counts;
}
