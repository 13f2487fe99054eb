/*
 * A ring of the bytes a stream delivered last and of the packets they came in.
 */
#include "decode/history.h"

#include <stdlib.h>
#include <string.h>

enum { RING = 2048, SOURCES = 16 };

struct history_source {
	uint32_t seq;
	struct stamp at;
};

struct history {
	uint32_t end; /* sequence number behind the newest byte */
	uint32_t length; /* remembered bytes, at most RING */
	unsigned n_sources; /* written so far; the ring holds the last SOURCES */
	struct history_source source[SOURCES];
	uint8_t ring[RING]; /* byte of sequence number q at q % RING */
};

struct history *history_new(void)
{
	struct history *h = malloc(sizeof(*h));
	if (h)
		memset(h, 0, offsetof(struct history, ring));
	return h;
}

size_t history_size(void)
{
	return sizeof(struct history);
}

void history_free(struct history *h)
{
	free(h);
}

void history_add(struct history *h, uint32_t seq, struct slice bytes, const struct stamp *at)
{
	if (h->length && h->end != seq)
		h->length = 0; /* a gap: what was before it is forgotten */
	h->source[h->n_sources++ % SOURCES] = (struct history_source){ .seq = seq, .at = *at };
	struct slice tail = bytes.n > RING ? slice_part(bytes, bytes.n - RING, RING) : bytes;
	uint32_t from = seq + (uint32_t)(bytes.n - tail.n);
	size_t at_ring = from % RING;
	size_t first = tail.n < RING - at_ring ? tail.n : RING - at_ring;
	memcpy(h->ring + at_ring, tail.p, first);
	memcpy(h->ring, tail.p + first, tail.n - first);
	h->end = seq + (uint32_t)bytes.n;
	h->length = h->length + bytes.n > RING ? RING : h->length + (uint32_t)bytes.n;
}

static struct stamp source_of(const struct history *h, uint32_t seq)
{
	struct stamp none = { 0 };
	unsigned kept = h->n_sources < SOURCES ? h->n_sources : SOURCES;
	for (unsigned i = 1; i <= kept; i++) {
		const struct history_source *s = &h->source[(h->n_sources - i) % SOURCES];
		if ((int32_t)(seq - s->seq) >= 0)
			return s->at;
	}
	return none;
}

bool history_differs(const struct history *h, uint32_t seq, struct slice bytes, struct stamp *first)
{
	uint32_t begin = h->end - h->length;
	for (size_t i = 0; i < bytes.n; i++) {
		uint32_t at = seq + (uint32_t)i;
		if ((int32_t)(at - begin) < 0)
			continue;
		if ((int32_t)(at - h->end) >= 0)
			return false;
		if (h->ring[at % RING] != bytes.p[i]) {
			*first = source_of(h, at);
			return true;
		}
	}
	return false;
}
