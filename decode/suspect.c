/*
 * suspect.c - segments that are held back for their checksum, in order of arrival, a few for each direction.
 */
#include "decode/suspect.h"

#include <stdlib.h>
#include <string.h>

#include "decode/tapped.h"
#include "decode/tcp.h"

/* So many at once, none sent again, or so many taken and none sent again between: no wire is that bad, it is the checksums. */
enum { SUSPECTS_MAX = 16, TAKEN_ENOUGH = 3 };

struct suspect {
	struct suspect *next;
	struct segment segment; /* its payload lies behind the pieces */
	struct stamp pieces[];
};

bool suspect_is(struct shard *shard, const struct half *h, const struct segment *s,
    enum checksum sum)
{
	shard->sums_right += sum == CHECKSUM_RIGHT;
	shard->sums_wrong += sum == CHECKSUM_WRONG;
	if (sum != CHECKSUM_WRONG)
		return false;
	if (h)
		return h->sums_right && !h->sums_vain;
	/* A lone SYN has nothing that could be taken for a message, and its sender may have no right ones. */
	bool alone = (s->flags & TCP_SYN) && !s->payload.n;
	return !alone && shard->sums_right >= shard->sums_wrong;
}

static size_t suspect_size(const struct segment *s)
{
	return sizeof(struct suspect) + s->n_pieces * sizeof(*s->pieces) + s->payload.n;
}

static uint32_t suspect_begin(const struct suspect *d)
{
	return d->segment.seq + ((d->segment.flags & TCP_SYN) != 0);
}

static uint32_t suspect_end(const struct suspect *d)
{
	return suspect_begin(d) + (uint32_t)d->segment.payload.n;
}

static void suspect_free(struct tcp_flow *f, struct half *h, struct suspect *d)
{
	h->n_suspects--;
	f->shard->reassembly_used -= suspect_size(&d->segment);
	free(d);
}

static void damage_say(struct tcp_flow *f, const struct segment *s, const struct stamp *again)
{
	f->shard->damaged++;
	flow_anomaly(f, TCP_CHECKSUM, &s->at, again, s->payload.n);
	tapped_damage(f->shard, s);
}

/* Takes it off the list and reads it. */
static void suspect_read(struct tcp_flow *f, unsigned dir, struct suspect **at,
    const struct stream_ops *ops)
{
	struct suspect *d = *at;
	*at = d->next;
	f->shard->unsummed++;
	tcp_segment(f, dir, &d->segment, ops);
	tapped_segment(f, dir, &d->segment, CHECKSUM_WRONG);
	suspect_free(f, &f->half[dir], d);
}

/* Its checksums mean nothing from now on: reads all that is held. */
static void suspects_believe(struct tcp_flow *f, unsigned dir, const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	h->sums_vain = true;
	while (h->suspects)
		suspect_read(f, dir, &h->suspects, ops);
}

/* Its receiver took it, or it was damaged all the same and what was sent again for it has not been captured. */
static void suspect_doubt(struct tcp_flow *f, unsigned dir, struct suspect **at,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	struct segment *s = &(*at)->segment;
	flow_anomaly(f, TCP_STALE_CHECKSUM, &s->at, NULL, s->payload.n);
	s->doubtful = true;
	suspect_read(f, dir, at, ops);
	if (++h->sums_taken == TAKEN_ENOUGH)
		suspects_believe(f, dir, ops);
}

static struct suspect *suspect_new(struct tcp_flow *f, const struct segment *s)
{
	size_t size = suspect_size(s);
	if (f->shard->reassembly_used + size >
	    shard_part(f->shard->options->limits.reassembly_bytes))
		return NULL;
	struct suspect *d = malloc(size);
	if (!d)
		return NULL;
	*d = (struct suspect){ .segment = *s };
	for (size_t i = 0; i < s->n_pieces; i++)
		d->pieces[i] = s->pieces[i];
	uint8_t *bytes = (uint8_t *)(d->pieces + s->n_pieces);
	memcpy(bytes, s->payload.p, s->payload.n);
	d->segment.pieces = d->pieces;
	d->segment.payload.p = bytes;
	f->shard->reassembly_used += size;
	return d;
}

void suspect_add(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	struct suspect *d = s->payload.n ? suspect_new(f, s) : NULL;
	if (!d) {
		damage_say(f, s, NULL);
		return;
	}
	struct suspect **at = &h->suspects;
	while (*at)
		at = &(*at)->next;
	*at = d;
	if (++h->n_suspects == SUSPECTS_MAX)
		suspects_believe(f, dir, ops);
}

/* Another segment that waits has its bytes. */
static bool suspect_came_again(const struct half *h, const struct suspect *d)
{
	for (const struct waiting *w = h->waiting; w; w = w->next)
		if (seq_ahead(w->seq, suspect_begin(d)) <= 0 &&
		    seq_ahead(w->seq + w->len, suspect_end(d)) >= 0)
			return true;
	return false;
}

/* The first one that is acknowledged and did not come again; NULL: none is. */
static struct suspect **suspect_taken(const struct tcp_flow *f, struct half *h, uint32_t ack)
{
	int64_t window = (int64_t)f->shard->options->limits.tcp_window;
	for (struct suspect **at = &h->suspects; *at; at = &(*at)->next) {
		int32_t ahead = seq_ahead(ack, suspect_end(*at));
		if (ahead >= 0 && ahead <= window && !suspect_came_again(h, *at))
			return at;
	}
	return NULL;
}

static void suspects_acked(struct tcp_flow *f, unsigned dir, uint32_t ack,
    const struct stream_ops *ops)
{
	struct suspect **at;
	while ((at = suspect_taken(f, &f->half[dir], ack)))
		suspect_doubt(f, dir, at, ops);
}

void suspect_acked(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	if (s->flags & TCP_ACK)
		suspects_acked(f, !dir, s->ack, ops);
}

void suspect_settle(struct tcp_flow *f, unsigned dir, const struct stamp *again)
{
	struct half *h = &f->half[dir];
	for (struct suspect **at = &h->suspects; *at;) {
		struct suspect *d = *at;
		if (seq_ahead(suspect_end(d), h->next) > 0) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		damage_say(f, &d->segment, again);
		suspect_free(f, h, d);
		h->sums_taken = 0;
	}
}

void suspect_flush(struct tcp_flow *f, const struct stream_ops *ops)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		struct half *h = &f->half[dir];
		if (h->has_acked)
			suspects_acked(f, dir, h->acked, ops);
		while (h->suspects && !f->half[!dir].packets)
			suspect_doubt(f, dir, &h->suspects, ops);
		while (h->suspects) {
			struct suspect *d = h->suspects;
			h->suspects = d->next;
			damage_say(f, &d->segment, NULL);
			suspect_free(f, h, d);
		}
	}
}
