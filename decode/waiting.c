/*
 * The segments of one direction that came early, by sequence number and without overlaps: who came
 * first keeps its place.
 */
#include "decode/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "decode/tcp.h"

static size_t waiting_size(const struct waiting *w)
{
	return sizeof(*w) + w->len;
}

struct waiting *waiting_pop(struct tcp_flow *f, struct half *h)
{
	struct waiting *w = h->waiting;
	h->waiting = w->next;
	h->n_waiting--;
	h->waiting_bytes -= w->len;
	f->shard->reassembly_used -= waiting_size(w);
	return w;
}

static uint32_t waiting_end(const struct waiting *w)
{
	return w->seq + w->len + w->missing;
}

/* `bytes` of a segment, captured or not, from a place in it on. */
static struct waiting *waiting_new(const struct segment *s, uint32_t from, uint32_t bytes)
{
	struct slice captured = slice_part(s->payload, from, bytes);
	struct waiting *w = malloc(sizeof(*w) + captured.n);
	if (!w)
		return NULL;
	*w = (struct waiting){ .at = s->at,
		.seq = s->seq + from,
		.len = (uint32_t)captured.n,
		.missing = bytes - (uint32_t)captured.n,
		.ack = s->ack,
		.has_ack = (s->flags & TCP_ACK) != 0,
		.conflict = s->doubtful };
	if (captured.n)
		memcpy(w->bytes, captured.p, captured.n);
	return w;
}

static void waiting_link(struct tcp_flow *f, struct half *h, struct waiting **at, struct waiting *w)
{
	w->next = *at;
	*at = w;
	h->n_waiting++;
	h->waiting_bytes += w->len;
	f->shard->reassembly_used += waiting_size(w);
}

/* Cuts a waiting segment in two. False: no memory. */
static bool waiting_split(struct tcp_flow *f, struct half *h, struct waiting *w, uint32_t len)
{
	struct waiting *tail = malloc(sizeof(*tail) + w->len - len);
	if (!tail)
		return false;
	*tail = *w;
	tail->seq += len;
	tail->len -= len;
	memcpy(tail->bytes, w->bytes + len, tail->len);
	w->len = len;
	w->missing = 0;
	w->next = tail;
	h->n_waiting++;
	f->shard->reassembly_used += sizeof(*tail);
	return true;
}

/* Sent twice, bytes need no more of the other stream than the older sending had. */
static void waiting_lower_ack(struct tcp_flow *f, struct half *h, struct waiting *w,
    const struct segment *s, uint32_t to)
{
	uint32_t len = to - w->seq;
	if (!w->has_ack || !(s->flags & TCP_ACK) || seq_ahead(w->ack, s->ack) <= 0)
		return;
	if (len == w->len || waiting_split(f, h, w, len))
		w->ack = s->ack;
}

/* Two segments for one place before either was delivered: the first one stays. */
void waiting_compare(struct tcp_flow *f, struct half *h, struct waiting *w, const struct segment *s)
{
	uint32_t from = seq_ahead(s->seq, w->seq) > 0 ? s->seq : w->seq;
	uint32_t s_end = s->seq + (uint32_t)s->payload.n, w_end = w->seq + w->len;
	uint32_t to = seq_ahead(s_end, w_end) < 0 ? s_end : w_end;
	if (seq_ahead(to, from) <= 0)
		return;
	if (memcmp(s->payload.p + (from - s->seq), w->bytes + (from - w->seq), to - from) != 0) {
		w->conflict = true;
		flow_conflict(f, h == &f->half[1], &s->at, &w->at, from, to - from);
	}
	waiting_lower_ack(f, h, w, s, to);
}

/*
 * Files the parts of a segment that fill holes between those that wait already. What was cut off of it is
 * missing where nobody else has it. False: no memory.
 */
bool waiting_add(struct tcp_flow *f, unsigned dir, const struct segment *s)
{
	struct half *h = &f->half[dir];
	struct waiting **at = &h->waiting;
	uint32_t all = (uint32_t)s->payload.n + s->missing, done = 0;
	while (done < all) {
		uint32_t begin = s->seq + done, hole = all - done;
		while (*at && seq_ahead(waiting_end(*at), begin) <= 0)
			at = &(*at)->next;
		int32_t ahead = *at ? seq_ahead((*at)->seq, begin) : INT32_MAX;
		bool stops = *at && ahead < (int64_t)hole;
		if (stops)
			hole = ahead > 0 ? (uint32_t)ahead : 0;
		if (hole > 0) {
			struct waiting *w = waiting_new(s, done, hole);
			if (!w)
				return false;
			waiting_link(f, h, at, w);
			at = &w->next;
		}
		if (!stops)
			return true;
		waiting_compare(f, h, *at, s);
		done = waiting_end(*at) - s->seq;
	}
	return true;
}

bool waiting_has_room(const struct tcp_flow *f, const struct half *h, size_t n)
{
	const struct limits *l = &f->shard->options->limits;
	return h->n_waiting < l->ooo_segments && h->waiting_bytes + n <= l->ooo_bytes &&
	    f->shard->reassembly_used + n + sizeof(struct waiting) <=
	    shard_part(l->reassembly_bytes);
}
