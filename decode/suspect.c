/*
 * suspect.c - segments that are held back for their checksum, in order of arrival, a few for each direction.
 */
#include "decode/suspect.h"

#include <stdlib.h>
#include <string.h>

#include "decode/tcp.h"

/* So many at once, none sent again: no wire is that bad, it is the checksums. */
enum { SUSPECTS_MAX = 16 };

struct suspect {
	struct suspect *next;
	struct segment segment; /* its payload points to `bytes` */
	uint8_t bytes[];
};

static size_t suspect_size(const struct suspect *d)
{
	return sizeof(*d) + d->segment.payload.n;
}

static uint32_t suspect_end(const struct suspect *d)
{
	return d->segment.seq + (uint32_t)d->segment.payload.n;
}

static void suspect_free(struct tcp_flow *f, struct half *h, struct suspect *d)
{
	h->n_suspects--;
	f->shard->reassembly_used -= suspect_size(d);
	free(d);
}

static void damage_say(struct tcp_flow *f, const struct segment *s, const struct stamp *again)
{
	f->shard->damaged++;
	flow_anomaly(f, TCP_CHECKSUM, &s->at, again, s->payload.n);
}

/* Takes it off the list and reads it. */
static void suspect_read(struct tcp_flow *f, unsigned dir, struct suspect **at,
    const struct stream_ops *ops)
{
	struct suspect *d = *at;
	*at = d->next;
	f->shard->unsummed++;
	tcp_segment(f, dir, &d->segment, ops);
	suspect_free(f, &f->half[dir], d);
}

/*
 * Its checksums mean nothing from now on: reads all that is held. Doubtful: one was damaged all the same, when what
 * was sent again for it has not been captured.
 */
static void suspects_believe(struct tcp_flow *f, unsigned dir, bool doubtful,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	if (!h->suspects)
		return;
	flow_anomaly(f, TCP_STALE_CHECKSUM, &h->suspects->segment.at, NULL,
	    h->suspects->segment.payload.n);
	h->sums_vain = true;
	while (h->suspects) {
		h->suspects->segment.doubtful = doubtful;
		suspect_read(f, dir, &h->suspects, ops);
	}
}

static struct suspect *suspect_new(struct tcp_flow *f, const struct segment *s)
{
	size_t size = sizeof(struct suspect) + s->payload.n;
	if (f->shard->reassembly_used + size >
	    shard_part(f->shard->options->limits.reassembly_bytes))
		return NULL;
	struct suspect *d = malloc(size);
	if (!d)
		return NULL;
	*d = (struct suspect){ .segment = *s };
	memcpy(d->bytes, s->payload.p, s->payload.n);
	d->segment.payload.p = d->bytes;
	d->segment.pieces = NULL; /* they die with the round */
	d->segment.n_pieces = 0;
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
		suspects_believe(f, dir, false, ops);
}

/* Another segment that waits has its bytes. */
static bool suspect_came_again(const struct half *h, const struct suspect *d)
{
	for (const struct waiting *w = h->waiting; w; w = w->next)
		if (seq_ahead(w->seq, d->segment.seq) <= 0 &&
		    seq_ahead(w->seq + w->len, suspect_end(d)) >= 0)
			return true;
	return false;
}

void suspect_acked(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	const struct half *peer = &f->half[!dir];
	if (!(s->flags & TCP_ACK))
		return;
	for (const struct suspect *d = peer->suspects; d; d = d->next) {
		int32_t ahead = seq_ahead(s->ack, suspect_end(d));
		if (ahead >= 0 && ahead <= (int64_t)f->shard->options->limits.tcp_window &&
		    !suspect_came_again(peer, d)) {
			suspects_believe(f, !dir, true, ops);
			return;
		}
	}
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
	}
}

/* Before it came: captures are not strictly in order. */
static bool suspect_was_acked(const struct half *h)
{
	for (const struct suspect *d = h->suspects; d; d = d->next)
		if (h->has_acked && seq_ahead(h->acked, suspect_end(d)) >= 0 &&
		    !suspect_came_again(h, d))
			return true;
	return false;
}

void suspect_flush(struct tcp_flow *f, const struct stream_ops *ops)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		struct half *h = &f->half[dir];
		if (!f->half[!dir].packets || suspect_was_acked(h))
			suspects_believe(f, dir, true, ops);
		while (h->suspects) {
			struct suspect *d = h->suspects;
			h->suspects = d->next;
			damage_say(f, &d->segment, NULL);
			suspect_free(f, h, d);
		}
	}
}
