/*
 * TCP reassembly (RFC 9293) for an observer: both directions of a flow, in order, each byte once.
 * In-order payload goes straight out of the packet; only segments that come early are copied.
 */
#include "decode/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "decode/history.h"
#include "decode/waiting.h"

static const struct limits *limits_of(const struct tcp_flow *f)
{
	return &f->shard->options->limits;
}

/* ---- delivery ---- */

/* Acknowledgements that are not captured must not let `acked` fall half the number space behind. */
static void half_advance(struct half *h, uint32_t bytes)
{
	h->next += bytes;
	h->offset += bytes;
	if (h->has_acked && seq_ahead(h->next, h->acked) > 0)
		h->acked = h->next;
}

static struct history *history_of(struct tcp_flow *f, struct half *h)
{
	struct shard *shard = f->shard;
	if (!h->history &&
	    shard->history_used + history_size() <= shard_part(limits_of(f)->history_bytes)) {
		h->history = history_new();
		shard->history_used += h->history ? history_size() : 0;
	}
	return h->history;
}

static void history_drop(struct tcp_flow *f, struct half *h)
{
	if (!h->history)
		return;
	history_free(h->history);
	h->history = NULL;
	f->shard->history_used -= history_size();
}

struct arrival {
	const struct stamp *at;
	uint32_t ack;
	bool has_ack, doubtful;
};

static void deliver(struct tcp_flow *f, unsigned dir, struct slice bytes, struct arrival a,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	const struct half *peer = &f->half[!dir];
	struct piece piece = { .bytes = bytes,
		.at = *a.at,
		.offset = h->offset,
		.doubtful = a.doubtful };
	if (a.has_ack && peer->started) {
		int64_t acked = (int64_t)peer->offset + seq_ahead(a.ack, peer->next);
		piece.peer_acked = acked > 0 ? (uint64_t)acked : 0;
		piece.peer_acked_known = true;
	}
	struct history *history = history_of(f, h);
	if (history)
		history_add(history, h->next, bytes, a.at);
	half_advance(h, (uint32_t)bytes.n);
	h->bytes += bytes.n;
	ops->data(f, dir, &piece);
}

static void deliver_gap(struct tcp_flow *f, unsigned dir, uint32_t bytes, enum gap_kind kind,
    const struct stamp *at, const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	uint64_t offset = h->offset;
	half_advance(h, bytes);
	if (h->packets) {
		/* A direction of which nothing was captured has no gaps: it is one. */
		h->gap_bytes += bytes;
		flow_anomaly(f, kind == GAP_CLIPPED ? TCP_CLIPPED : TCP_GAP, at, NULL, bytes);
	}
	ops->gap(f, dir, offset, bytes, kind);
}

/* ---- out-of-order segments ---- */

/* The data an acknowledgement covers; a FIN takes up a number of its own. */
static uint32_t data_end(const struct half *h, uint32_t ack)
{
	return h->fin && seq_ahead(ack, h->fin_seq) > 0 ? h->fin_seq : ack;
}

/*
 * Cause comes before effect: bytes whose sender had received more of the other stream than was
 * delivered wait for it, or an answer would be read before its request.
 */
static bool is_ready(const struct tcp_flow *f, unsigned dir, uint32_t ack, bool has_ack)
{
	const struct half *peer = &f->half[!dir];
	if (!has_ack || !peer->started || !peer->packets)
		return true;
	int32_t ahead = seq_ahead(data_end(peer, ack), peer->next);
	return ahead <= 0 || ahead > (int64_t)limits_of(f)->tcp_window;
}

/* Delivers the first waiting segment, which is next in order. */
static void deliver_waiting(struct tcp_flow *f, unsigned dir, const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	struct waiting *w = waiting_pop(f, h);
	uint32_t known = h->next - w->seq;
	shard_go_on(f->shard, &w->at);
	struct arrival a = { &w->at, w->ack, w->has_ack, w->conflict };
	if (known < w->len)
		deliver(f, dir, (struct slice){ w->bytes + known, w->len - known }, a, ops);
	int32_t clipped = seq_ahead(w->seq + w->len + w->missing, h->next);
	if (w->missing && clipped > 0)
		deliver_gap(f, dir, (uint32_t)clipped, GAP_CLIPPED, &w->at, ops);
	free(w);
}

/* Delivers what has become the next in order, in both directions, as each may wait for the other. */
static void settle(struct tcp_flow *f, const struct stream_ops *ops)
{
	for (bool more = true; more;) {
		more = false;
		for (unsigned dir = 0; dir < 2; dir++) {
			const struct half *h = &f->half[dir];
			while (waiting_is_next(h) &&
			    is_ready(f, dir, h->waiting->ack, h->waiting->has_ack)) {
				deliver_waiting(f, dir, ops);
				more = true;
			}
		}
	}
}

/* The packet that acknowledged what is missing up to `to`; if none did, the one being processed. */
static const struct stamp *hole_evidence(const struct tcp_flow *f, const struct half *h,
    uint32_t to)
{
	bool known = h->acked_hole && seq_ahead(h->hole_acked, to) >= 0;
	return known ? &h->hole_at : &f->shard->at.now;
}

/* What is missing before `seq`, or before the first segment that waits, is a gap. */
static void give_up_hole(struct tcp_flow *f, unsigned dir, uint32_t seq,
    const struct stream_ops *ops)
{
	const struct half *h = &f->half[dir];
	uint32_t to = h->waiting && seq_ahead(h->waiting->seq, seq) < 0 ? h->waiting->seq : seq;
	if (seq_ahead(to, h->next) > 0)
		deliver_gap(f, dir, to - h->next, GAP_LOST, hole_evidence(f, h, to), ops);
	settle(f, ops);
}

/*
 * Two segments acknowledge each other: the one captured later is a repetition, its bytes had been sent
 * before the other, and what it acknowledges says nothing of that first time.
 */
static void cut_circle(struct tcp_flow *f, const struct stream_ops *ops)
{
	unsigned later = f->half[0].waiting->at.order < f->half[1].waiting->at.order;
	f->half[later].waiting->has_ack = false;
	deliver_waiting(f, later, ops);
}

/* Gives up what the segment that waits longest waits for. False: nothing waits. */
static bool unblock(struct tcp_flow *f, const struct stream_ops *ops)
{
	const struct waiting *a = f->half[0].waiting, *b = f->half[1].waiting;
	if (!a && !b)
		return false;
	unsigned dir = !a || (b && b->at.order < a->at.order);
	const struct half *h = &f->half[dir], *peer = &f->half[!dir];
	if (!waiting_is_next(h))
		give_up_hole(f, dir, h->waiting->seq, ops);
	else if (is_ready(f, dir, h->waiting->ack, h->waiting->has_ack))
		settle(f, ops);
	else if (!waiting_is_next(peer))
		give_up_hole(f, !dir, data_end(peer, h->waiting->ack), ops);
	else
		cut_circle(f, ops);
	return true;
}

/* ---- holes: what the peer has acknowledged and we do not have ---- */

/*
 * A FIN that was not captured looks like one acknowledged byte that never came. It matters only
 * when something waits for it.
 */
static bool hole_is_real(const struct tcp_flow *f, unsigned dir)
{
	const struct half *h = &f->half[dir];
	int32_t hole = h->has_acked ? seq_ahead(data_end(h, h->acked), h->next) : 0;
	return hole > 1 || (hole == 1 && (h->waiting || h->fin || f->half[!dir].waiting));
}

/* ---- payload ---- */

static struct segment segment_rest(const struct segment *s, uint32_t known)
{
	struct segment rest = *s;
	uint32_t n = (uint32_t)s->payload.n;
	rest.seq += known;
	rest.payload = slice_part(s->payload, known, n);
	rest.missing = known > n ? s->missing - (known - n) : s->missing;
	return rest;
}

/* What waits in the middle of a segment is not ready: then the rest of the segment waits too. */
static bool waiting_keep_rest(struct tcp_flow *f, unsigned dir, const struct segment *s,
    uint32_t known)
{
	const struct waiting *w = f->half[dir].waiting;
	struct segment rest = segment_rest(s, known);
	return !is_ready(f, dir, w->ack, w->has_ack) &&
	    waiting_has_room(f, &f->half[dir], rest.payload.n) && waiting_add(f, dir, &rest);
}

/* Of a segment that is next: its bytes from `known` on up to `stop`, and what of these was cut off. */
static void deliver_part(struct tcp_flow *f, unsigned dir, const struct segment *s, uint32_t known,
    uint32_t stop, const struct stream_ops *ops)
{
	struct arrival a = { &s->at, s->ack, (s->flags & TCP_ACK) != 0, s->doubtful };
	struct slice bytes = slice_part(s->payload, known, stop - known);
	if (bytes.n)
		deliver(f, dir, bytes, a, ops);
	if (stop - known > bytes.n)
		deliver_gap(f, dir, stop - known - (uint32_t)bytes.n, GAP_CLIPPED, &s->at, ops);
}

/* The bytes of a segment that are next, but where an earlier segment waits that has them too. */
static void deliver_segment(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	uint32_t n = (uint32_t)s->payload.n, all = n + s->missing, known = h->next - s->seq;
	for (struct waiting *w = h->waiting; w && seq_ahead(w->seq, s->seq + n) < 0; w = w->next)
		waiting_compare(f, h, w, s);
	while (known < all) {
		bool waits = h->waiting && seq_ahead(h->waiting->seq, s->seq + all) < 0;
		uint32_t stop = waits ? h->waiting->seq - s->seq : all;
		deliver_part(f, dir, s, known, stop, ops);
		if (!waits || waiting_keep_rest(f, dir, s, stop))
			break;
		deliver_waiting(f, dir, ops);
		known = h->next - s->seq;
	}
	settle(f, ops);
}

/* Cannot be delivered yet: files it, or where that is too much gives up what it waits for. */
static void payload_early(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	const struct half *h = &f->half[dir], *peer = &f->half[!dir];
	while (!waiting_has_room(f, h, s->payload.n) && waiting_is_before(h, s->seq) &&
	    unblock(f, ops))
		continue;
	int32_t known = seq_ahead(h->next, s->seq);
	if (known >= (int64_t)(s->payload.n + s->missing))
		return; /* what waited has it all */
	struct segment rest = known > 0 ? segment_rest(s, (uint32_t)known) : *s;
	if (waiting_has_room(f, h, rest.payload.n) && waiting_add(f, dir, &rest)) {
		settle(f, ops);
		return;
	}
	if (!is_ready(f, dir, s->ack, (s->flags & TCP_ACK) != 0))
		give_up_hole(f, !dir, data_end(peer, s->ack), ops);
	give_up_hole(f, dir, rest.seq, ops);
	deliver_segment(f, dir, &rest, ops);
}

static void payload_again(struct tcp_flow *f, unsigned dir, const struct segment *s, uint32_t known,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	struct stamp first;
	f->retransmitted++;
	struct slice old = slice_part(s->payload, 0, known);
	if (h->history && history_differs(h->history, s->seq, old, &first)) {
		flow_conflict(f, dir, &s->at, &first, s->seq, known);
		ops->conflict(f, dir);
	}
}

/* RFC 9293 3.8.4: a probe repeats one byte the peer has, or none; its value means nothing. */
static bool is_keep_alive(const struct half *h, const struct segment *s)
{
	return s->payload.n + s->missing == 1 && s->seq + 1 == h->next &&
	    !(s->flags & (TCP_SYN | TCP_FIN));
}

/* One segment far ahead is noise; a run of them in order is the stream behind a long loss. */
static bool far_is_real(struct half *h, const struct segment *s)
{
	enum { WITNESSES = 8 };
	h->far = s->seq == h->far_next ? h->far + 1 : 1;
	h->far_next = s->seq + (uint32_t)s->payload.n + s->missing;
	return h->far >= WITNESSES;
}

static void jump_to(struct tcp_flow *f, unsigned dir, uint32_t seq, const struct stream_ops *ops)
{
	while (f->half[dir].waiting && unblock(f, ops))
		continue;
	give_up_hole(f, dir, seq, ops);
}

static void tcp_payload(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	if (!h->started) {
		h->started = true;
		h->next = s->seq;
	}
	int32_t ahead = seq_ahead(s->seq, h->next);
	int64_t window = (int64_t)limits_of(f)->tcp_window;
	if (ahead < -window || (ahead > window && !far_is_real(h, s))) {
		flow_anomaly(f, TCP_OUT_OF_WINDOW, &s->at, NULL, s->payload.n);
		return;
	}
	if (ahead > window) {
		jump_to(f, dir, s->seq, ops);
		ahead = 0;
	}
	h->far = 0;
	if (is_keep_alive(h, s))
		return;
	if (h->fin && seq_ahead(s->seq + (uint32_t)s->payload.n, h->fin_seq) > 0)
		flow_anomaly(f, TCP_DATA_AFTER_FIN, &s->at, NULL, s->payload.n);
	f->out_of_order += ahead > 0;
	uint32_t known = ahead < 0 ? (uint32_t)-ahead : 0;
	if (known > 0)
		payload_again(f, dir, s, known < s->payload.n ? known : (uint32_t)s->payload.n,
		    ops);
	if (known >= s->payload.n + s->missing)
		return;
	struct segment rest = segment_rest(s, known);
	if (ahead > 0 || !is_ready(f, dir, s->ack, (s->flags & TCP_ACK) != 0))
		payload_early(f, dir, &rest, ops);
	else
		deliver_segment(f, dir, &rest, ops);
}

/* ---- flags ---- */

static void tcp_syn(struct half *h, const struct segment *s)
{
	h->syn = true;
	h->isn = s->seq;
	if (!h->started) {
		h->started = true;
		h->next = s->seq + 1;
	}
}

static void tcp_ack(struct tcp_flow *f, unsigned dir, uint32_t ack)
{
	struct half *peer = &f->half[!dir];
	if (!peer->started) {
		peer->started = true;
		peer->next = ack;
	}
	int32_t ahead = seq_ahead(ack, peer->next);
	if (ahead > (int64_t)limits_of(f)->tcp_window)
		return;
	int64_t received = (int64_t)peer->offset + ahead;
	if (received > (int64_t)peer->received)
		peer->received = (uint64_t)received;
	if (!peer->has_acked || seq_ahead(ack, peer->acked) > 0) {
		peer->has_acked = true;
		peer->acked = ack;
	}
}

static void hole_set(struct tcp_flow *f, unsigned dir, bool hole)
{
	if (f->half[dir].acked_hole == hole)
		return;
	f->half[dir].acked_hole = hole;
	if (hole)
		flow_hold(f, dir == 0 ? HELD_HOLE_0 : HELD_HOLE_1);
	else
		flow_let_go(f, dir == 0 ? HELD_HOLE_0 : HELD_HOLE_1);
}

/* Whatever has been acknowledged was so by the last packet of the flow, when a tick notices it too. */
static void hole_note(struct tcp_flow *f, unsigned dir)
{
	struct half *h = &f->half[dir];
	uint32_t acked = data_end(h, h->acked);
	if (!h->acked_hole || h->hole_acked != acked) {
		h->hole_acked = acked;
		h->hole_at = f->last;
	}
	if (!h->acked_hole || seq_ahead(h->hole_end, h->next) <= 0) {
		h->hole_end = acked;
		h->hole_packets = f->packets;
		h->hole_clock = f->active;
	}
	hole_set(f, dir, true);
}

static bool hole_is_old(const struct tcp_flow *f, const struct half *h)
{
	const struct limits *l = limits_of(f);
	return f->packets - h->hole_packets >= l->gap_packets ||
	    f->shard->clock - h->hole_clock >= (int64_t)l->gap_seconds * 1000000000;
}

/*
 * Up to what the peer has acknowledged. What is there may wait for bytes of the other direction that
 * wait for it: a packet was lost, and captured when it was sent again. False: nothing came of it.
 */
static bool hole_close(struct tcp_flow *f, unsigned dir, const struct stream_ops *ops)
{
	const struct half *h = &f->half[dir], *peer = &f->half[!dir];
	bool any = false;
	for (; hole_is_real(f, dir); any = true) {
		if (!waiting_is_next(h)) {
			give_up_hole(f, dir, data_end(h, h->acked), ops);
		} else if (waiting_is_next(peer)) {
			cut_circle(f, ops);
			settle(f, ops);
		} else {
			break;
		}
	}
	return any;
}

/*
 * What the peer has acknowledged was on the wire. It may still come, as captures are not strictly in
 * order; after a number of packets or some time it is a gap. True: the streams have moved on.
 */
static bool hole_check(struct tcp_flow *f, unsigned dir, const struct stream_ops *ops)
{
	if (!hole_is_real(f, dir)) {
		hole_set(f, dir, false);
		return false;
	}
	hole_note(f, dir);
	if (!hole_is_old(f, &f->half[dir]))
		return false;
	struct moment present = shard_go_back(f->shard, f);
	bool moved = hole_close(f, dir, ops);
	shard_return(f->shard, present);
	return moved;
}

/* Until nothing moves: what one direction waits for may be the hole of the other. */
static void holes_check(struct tcp_flow *f, unsigned dir, const struct stream_ops *ops)
{
	for (bool moved = true; moved;) {
		moved = hole_check(f, dir, ops);
		moved = hole_check(f, !dir, ops) || moved;
	}
}

/* Believed where the stream may end: not before what was delivered, not beyond the window. */
static void tcp_fin(struct tcp_flow *f, unsigned dir, uint32_t end, const struct segment *s,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	int32_t ahead = seq_ahead(end, h->next);
	if (ahead < 0 || ahead > (int64_t)limits_of(f)->tcp_window) {
		flow_anomaly(f, TCP_OUT_OF_WINDOW, &s->at, NULL, 0);
		return;
	}
	h->fin = true;
	h->fin_seq = end;
	settle(f, ops);
}

static void fin_check(struct tcp_flow *f, unsigned dir, const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	if (!h->fin || h->ended || seq_ahead(h->next, h->fin_seq) < 0)
		return;
	h->ended = true;
	ops->end(f, dir, STREAM_FIN);
}

static void tcp_rst(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	int32_t ahead = h->started ? seq_ahead(s->seq, h->next) : 0;
	int64_t window = (int64_t)limits_of(f)->tcp_window;
	if (ahead > window || ahead < -window) {
		flow_anomaly(f, TCP_RST_IGNORED, &s->at, NULL, 0);
		return;
	}
	h->rst = true;
	h->reset_last = ahead <= (h->ended ? 1 : 0);
	f->rst_seen = true;
	ops->end(f, dir, STREAM_RST);
}

void tcp_segment(struct tcp_flow *f, unsigned dir, const struct segment *s,
    const struct stream_ops *ops)
{
	struct half *h = &f->half[dir];
	struct segment data = *s;
	h->reset_last = false;
	if (s->flags & TCP_SYN) {
		tcp_syn(h, s);
		data.seq++;
	}
	if (s->flags & TCP_ACK)
		tcp_ack(f, dir, s->ack);
	if (s->payload.n || s->missing) {
		if (f->rst_seen && !f->data_after_rst_said) {
			f->data_after_rst_said = true;
			flow_anomaly(f, TCP_DATA_AFTER_RST, &s->at, NULL, s->payload.n);
		}
		tcp_payload(f, dir, &data, ops);
	}
	if ((s->flags & TCP_FIN) && !h->fin && h->started)
		tcp_fin(f, dir, data.seq + (uint32_t)s->payload.n + s->missing, s, ops);
	holes_check(f, dir, ops);
	fin_check(f, dir, ops);
	fin_check(f, !dir, ops);
	if (s->flags & TCP_RST)
		tcp_rst(f, dir, s, ops);
}

void tcp_tick(struct tcp_flow *f, const struct stream_ops *ops)
{
	holes_check(f, 0, ops);
	for (unsigned dir = 0; dir < 2; dir++)
		fin_check(f, dir, ops);
}

void tcp_flush(struct tcp_flow *f, const struct stream_ops *ops)
{
	while (unblock(f, ops))
		continue;
	for (unsigned dir = 0; dir < 2; dir++) {
		const struct half *h = &f->half[dir];
		if (hole_is_real(f, dir))
			give_up_hole(f, dir, data_end(h, h->acked), ops);
		if (h->fin && seq_ahead(h->fin_seq, h->next) > 0)
			give_up_hole(f, dir, h->fin_seq, ops);
		fin_check(f, dir, ops);
	}
}

void tcp_forget(struct tcp_flow *f)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		struct half *h = &f->half[dir];
		while (h->waiting)
			free(waiting_pop(f, h));
		history_drop(f, h);
		hole_set(f, dir, false);
	}
}
