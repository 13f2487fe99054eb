/*
 * One shard: finds the flow of a segment, opens and closes flows, keeps them within bounds.
 */
#include "decode/shard.h"

#include <stdlib.h>
#include <string.h>

#include "decode/checksum.h"
#include "decode/http.h"
#include "decode/suspect.h"
#include "decode/tapped.h"

/* Bytes of transactions that were handed up, for the next ones; about those of a round. */
enum { ARENAS_KEPT = 128 << 10 };

/* ---- what is said ---- */

void flow_anomaly(struct tcp_flow *f, enum anomaly_code code, const struct stamp *at,
    const struct stamp *other, uint64_t value)
{
	struct output *o = output_add(&f->shard->out, OUTPUT_ANOMALY, f->shard->at.rank,
	    f->first.order);
	if (!o)
		return;
	o->u.anomaly = (struct anomaly){ .code = code,
		.at = *at,
		.value = value,
		.flow = { f->first.frame, f->first.input } };
	if (other)
		o->u.anomaly.other = *other;
	shard_said(f->shard);
}

void flow_conflict(struct tcp_flow *f, unsigned dir, const struct stamp *at,
    const struct stamp *first, uint32_t seq, uint32_t bytes)
{
	const struct decode_tap *tap = f->shard->options->tap;
	const struct half *h = &f->half[dir];
	f->conflicts++;
	flow_anomaly(f, TCP_CONFLICT, at, first, bytes);
	if (tap)
		tap->conflict(tap->ctx, &f->tapped[dir], at, half_offset(h, seq), bytes);
}

/* ---- the streams of a flow are read by http; it is made when the first byte comes ---- */

static struct http *reader_of(struct tcp_flow *f)
{
	if (!f->http)
		f->http = http_new(f);
	return f->http;
}

static void stream_data(void *ctx, unsigned dir, const struct piece *piece)
{
	struct http *http = reader_of(ctx);
	if (http)
		http_data(http, dir, piece);
}

static void stream_gap(void *ctx, unsigned dir, uint64_t offset, uint64_t bytes, enum gap_kind kind)
{
	struct http *http = reader_of(ctx);
	if (http)
		http_gap(http, dir, offset, bytes, kind);
}

static void stream_conflict(void *ctx, unsigned dir)
{
	struct tcp_flow *f = ctx;
	if (f->http)
		http_conflict(f->http, dir);
}

static void stream_ended(void *ctx, unsigned dir, enum stream_end how)
{
	struct tcp_flow *f = ctx;
	if (f->http)
		http_end(f->http, dir, how);
}

static const struct stream_ops http_stream = { stream_data, stream_gap, stream_conflict,
	stream_ended };

/* ---- the record a flow leaves ---- */

static const char *flow_protocol(const struct tcp_flow *f)
{
	const struct http *http = f->http;
	if (!http)
		return "none";
	if (http->side[0].messages || http->side[1].messages)
		return "http";
	if (http->protocol)
		return http->protocol;
	/* Proxies look in this way whether a server lives. */
	bool preface_alone = http->side[0].prefaced && !http->side[0].n_first && !f->half[1].bytes;
	return preface_alone ? "none" : "unknown";
}

static void flow_record_side(struct flow *r, unsigned to, const struct tcp_flow *f, unsigned dir)
{
	const struct half *h = &f->half[dir];
	bool high = (dir == 0) == f->high_first;
	r->side[to] = high ? f->key.high : f->key.low;
	r->syn[to] = h->syn;
	r->fin[to] = h->fin;
	r->rst[to] = h->rst;
	r->packets[to] = h->packets;
	r->bytes[to] = h->bytes;
	r->gap_bytes[to] = h->gap_bytes;
	r->opaque_bytes[to] = f->http ? f->http->side[dir].opaque_bytes : 0;
}

static enum flow_end flow_end_of(const struct tcp_flow *f, enum flow_end why)
{
	if (f->half[0].ended && f->half[1].ended)
		return FLOW_FIN;
	return f->rst_seen ? FLOW_RST : why;
}

static void flow_record_names(struct flow *r, struct http *http)
{
	http_hello_end(http);
	r->tls_hello = http->hello_whole;
	if (!http->names)
		return;
	r->tls_names = http->names;
	r->tls_server_name = (struct slice){ http->names, http->n_server_name };
	r->tls_alpn = (struct slice){ http->names + http->n_server_name, http->n_alpn };
	http->names = NULL;
}

static struct flow *flow_record(struct tcp_flow *f, enum flow_end why)
{
	struct flow *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	unsigned client = f->http ? http_client(f->http) : 0;
	r->id = (struct flow_id){ f->first.frame, f->first.input };
	r->first = f->first;
	r->last = f->last;
	r->done = f->shard->at.now;
	r->protocol = flow_protocol(f);
	r->tunnel = f->http && strcmp(r->protocol, "http") == 0 ? f->http->protocol : NULL;
	r->end = flow_end_of(f, why);
	flow_record_side(r, 0, f, client);
	flow_record_side(r, 1, f, !client);
	if (f->http) {
		http_origin(f->http, &r->side[0], &r->peer);
		flow_record_names(r, f->http);
	}
	r->retransmitted = f->retransmitted;
	r->out_of_order = f->out_of_order;
	r->conflicts = f->conflicts;
	/* Until now the side that opened the flow counted as the client. */
	for (size_t i = 0; i < f->n_packet_list && client == 1; i++)
		f->packet_list[i].from_client = !f->packet_list[i].from_client;
	r->packet_list = f->packet_list;
	r->n_packet_list = f->n_packet_list;
	f->packet_list = NULL;
	return r;
}

static void flow_count_opaque(struct shard *shard, const struct flow *r)
{
	uint64_t bytes = r->opaque_bytes[0] + r->opaque_bytes[1];
	if (bytes && (r->tunnel || strcmp(r->protocol, "http") != 0)) {
		shard->opaque_flows++;
		shard->opaque_bytes += bytes;
	}
}

static void flow_close(struct tcp_flow *f, enum flow_end why)
{
	struct shard *shard = f->shard;
	struct moment present = shard_go_back(shard, f);
	suspect_flush(f, &http_stream);
	tcp_flush(f, &http_stream);
	struct flow *r = flow_record(f, why);
	if (f->http) {
		struct http *http = f->http;
		http_finish(http, flow_end_of(f, why));
		if (r) {
			r->resyncs = http->resyncs;
			r->transactions = http->seq;
			r->unpaired_requests = http->unpaired_requests;
			r->unpaired_responses = http->unpaired_responses;
		}
		http_free(http);
	}
	shard_return(shard, present);
	struct output *o = r ?
	    output_add(&shard->out, OUTPUT_FLOW, shard->at.rank, f->first.order) :
	    NULL;
	if (o) {
		flow_count_opaque(shard, r);
		o->u.flow = r;
		shard_said(shard);
	} else {
		flow_record_free(r);
	}
	tapped_close(f);
	tcp_forget(f);
	flow_let_go(f, HELD_RESET);
	free(f->packet_list);
	flow_remove(shard->flows, f);
}

/* ---- opening ---- */

/* A SYN that cannot belong to the connection we know: the ports are used again. */
static bool is_new_connection(const struct tcp_flow *f, unsigned dir, const struct segment *s)
{
	const struct half *h = &f->half[dir], *peer = &f->half[!dir];
	if (!(s->flags & TCP_SYN) || (h->syn && h->isn == s->seq))
		return false;
	if ((s->flags & TCP_ACK) && peer->syn && s->ack == peer->isn + 1)
		return false;
	if (f->list == LIST_CLOSED)
		return true;
	if (!h->started)
		return false;
	int64_t window = (int64_t)f->shard->options->limits.tcp_window;
	int32_t ahead = seq_ahead(s->seq + 1, h->next);
	return ahead > window || ahead < -window;
}

/* Acknowledgements and resets of a connection nobody saw open say nothing. */
static bool is_worth_a_flow(const struct segment *s)
{
	return (s->flags & TCP_SYN) || s->payload.n || s->missing;
}

static void make_room(struct shard *shard)
{
	while (flow_table_full(shard->flows)) {
		struct tcp_flow *f = flow_oldest(shard->flows, LIST_CLOSED);
		bool over = f != NULL;
		if (!f)
			f = flow_oldest(shard->flows, LIST_HALF_OPEN);
		if (!f)
			f = flow_oldest(shard->flows, LIST_ACTIVE);
		if (!over)
			flow_anomaly(f, FLOW_EVICTED_LIMIT, &shard->at.now, NULL, 0);
		flow_close(f, FLOW_EVICTED);
	}
}

static struct tcp_flow *flow_open(struct shard *shard, const struct flow_key *key,
    const struct segment *s, bool from_high)
{
	make_room(shard);
	struct tcp_flow *f = flow_add(shard->flows, key);
	if (!f)
		return NULL;
	shard->flows_opened++;
	f->shard = shard;
	/* The answer to a SYN nobody captured was sent by the server. */
	bool answer = (s->flags & TCP_SYN) && (s->flags & TCP_ACK);
	f->high_first = from_high != answer;
	f->first = s->at;
	return f;
}

/* ---- packets ---- */

static void packet_note(struct tcp_flow *f, const struct packet_ref *packet)
{
	if (f->n_packet_list == f->packet_list_room) {
		size_t room = f->packet_list_room ? f->packet_list_room * 2 : 16;
		struct packet_ref *grown = realloc(f->packet_list, room * sizeof(*grown));
		if (!grown)
			return;
		f->packet_list = grown;
		f->packet_list_room = room;
	}
	f->packet_list[f->n_packet_list++] = *packet;
}

/* After the segment was read, so that its place in the stream is known. */
static void packets_note(struct tcp_flow *f, unsigned dir, const struct segment *s)
{
	if (!f->shard->options->keep_packets)
		return;
	struct packet_ref packet = {
		.offset = segment_offset(&f->half[dir], s),
		.bytes = (uint32_t)s->payload.n + s->missing,
		.from_client = dir == 0,
	};
	for (size_t i = 0; i <= s->n_pieces; i++) {
		const struct stamp *at = i < s->n_pieces ? &s->pieces[i] : &s->at;
		packet.frame = at->frame;
		packet.input = at->input;
		packet_note(f, &packet);
	}
}

static enum flow_list flow_list_of(const struct tcp_flow *f)
{
	if (f->rst_seen || (f->half[0].ended && f->half[1].ended))
		return LIST_CLOSED;
	bool open = f->half[0].syn && f->half[1].syn && f->half[0].packets > 1;
	return f->http || open || f->list == LIST_ACTIVE ? LIST_ACTIVE : LIST_HALF_OPEN;
}

/*
 * A SYN within the window of an open connection may be forged, or the same ports used again: the
 * answer tells. True: there is nothing else to do with this segment.
 */
static bool syn_doubtful(struct tcp_flow *f, unsigned dir, const struct segment *s)
{
	const struct half *h = &f->half[dir];
	if ((s->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN || !h->started ||
	    (h->syn && h->isn == s->seq) || (!h->syn && s->seq + 1 == h->next))
		return false;
	f->syn_again = true;
	f->syn_again_seq = s->seq;
	f->syn_again_at = s->at;
	return true;
}

static bool syn_answered(const struct tcp_flow *f, const struct segment *s)
{
	return f->syn_again && (s->flags & TCP_SYN) && (s->flags & TCP_ACK) &&
	    s->ack == f->syn_again_seq + 1;
}

/* The flow whose SYN was held in doubt begins with that SYN. */
static struct tcp_flow *flow_reopen(struct tcp_flow *old, const struct segment *s, bool from_high)
{
	struct shard *shard = old->shard;
	struct flow_key key = old->key;
	struct stamp at = old->syn_again_at;
	struct packet_ref syn = { .frame = at.frame, .input = at.input, .from_client = true };
	uint32_t isn = old->syn_again_seq;
	flow_close(old, FLOW_REUSED);
	struct tcp_flow *f = flow_open(shard, &key, s, from_high);
	if (!f)
		return NULL;
	struct half *h = &f->half[0];
	f->first = at;
	f->packets = h->packets = 1;
	h->syn = h->started = true;
	h->isn = isn;
	h->next = isn + 1;
	if (shard->options->keep_packets)
		packet_note(f, &syn);
	return f;
}

static void segment_count(struct tcp_flow *f, unsigned dir, const struct segment *s)
{
	f->half[dir].packets++;
	f->packets++;
	f->last = s->at;
	f->active = f->shard->clock;
}

/* Of no flow that is known: its ports may be what is damaged. */
static void damage_say(struct shard *shard, const struct segment *s)
{
	struct output *o = output_add(&shard->out, OUTPUT_ANOMALY, shard->at.rank, 0);
	shard->damaged++;
	tapped_damage(shard, s);
	if (!o)
		return;
	o->u.anomaly = (struct anomaly){ .code = TCP_CHECKSUM, .at = s->at, .value = s->payload.n };
	shard_said(shard);
}

/* By the SYN alone, of a segment that has data as well. */
static struct tcp_flow *flow_open_doubtful(struct shard *shard, const struct flow_key *key,
    const struct segment *s, bool from_high)
{
	struct segment syn = *s;
	struct tcp_flow *f = s->flags & TCP_SYN ? flow_open(shard, key, s, from_high) : NULL;
	syn.flags &= TCP_SYN | TCP_ACK;
	syn.payload.n = 0;
	if (f)
		tcp_segment(f, from_high != f->high_first, &syn, &http_stream);
	return f;
}

/* A side that goes on after its reset did not make it. What was under way is open until it is clear that none does. */
static void reset_note(struct tcp_flow *f)
{
	bool reset = f->half[0].reset_last || f->half[1].reset_last;
	if (!reset || !f->http || !f->http->first) {
		flow_let_go(f, HELD_RESET);
	} else if (!(f->held & HELD_RESET)) {
		flow_hold(f, HELD_RESET);
		f->reset_clock = f->shard->clock;
	}
}

static void segment_suspect(struct tcp_flow *f, unsigned dir, const struct segment *s)
{
	segment_count(f, dir, s);
	suspect_add(f, dir, s, &http_stream);
	packets_note(f, dir, s);
	flow_touch(f->shard->flows, f, flow_list_of(f));
}

static void segment_read(struct tcp_flow *f, unsigned dir, const struct segment *s,
    enum checksum sum)
{
	struct half *h = &f->half[dir];
	h->sums_right = h->sums_right || sum == CHECKSUM_RIGHT || sum == CHECKSUM_LEFT;
	f->shard->unsummed += sum == CHECKSUM_LEFT || sum == CHECKSUM_WRONG;
	segment_count(f, dir, s);
	suspect_acked(f, dir, s, &http_stream);
	tcp_segment(f, dir, s, &http_stream);
	if (f->http && f->http->n_held && dir == http_client(f->http))
		pending_heard(f->http);
	suspect_settle(f, dir, &s->at);
	if (f->rst_seen)
		reset_note(f);
	packets_note(f, dir, s);
	tapped_segment(f, dir, s, sum);
	flow_touch(f->shard->flows, f, flow_list_of(f));
}

void shard_segment(struct shard *shard, const struct segment *s, int64_t clock)
{
	struct flow_key key;
	bool from_high;
	shard->at.now = s->at;
	shard->at.rank = rank_of_packet(s->at.order);
	shard->clock = clock;
	flow_key_from(s, &key, &from_high);
	struct tcp_flow *f = flow_find(shard->flows, &key);
	enum checksum sum = checksum_of(s);
	if (suspect_is(shard, f ? &f->half[from_high != f->high_first] : NULL, s, sum)) {
		if (!f)
			f = flow_open_doubtful(shard, &key, s, from_high);
		if (f)
			segment_suspect(f, from_high != f->high_first, s);
		else
			damage_say(shard, s);
		return;
	}
	if (f && syn_answered(f, s)) {
		f = flow_reopen(f, s, from_high);
	} else if (f && is_new_connection(f, from_high != f->high_first, s)) {
		flow_close(f, FLOW_REUSED);
		f = NULL;
	} else if (f && syn_doubtful(f, from_high != f->high_first, s)) {
		return;
	}
	if (!f)
		f = is_worth_a_flow(s) ? flow_open(shard, &key, s, from_high) : NULL;
	if (f)
		segment_read(f, from_high != f->high_first, s, sum);
}

/* ---- time ---- */

static void expire(struct shard *shard, enum flow_list list, uint64_t seconds, bool say)
{
	struct tcp_flow *f;
	while ((f = flow_oldest(shard->flows, list)) &&
	    shard->clock - f->active > (int64_t)seconds * 1000000000) {
		if (say)
			flow_anomaly(f, FLOW_TIMEOUT, &shard->at.now, NULL, 0);
		flow_close(f, FLOW_IDLE);
	}
}

static void settle_reset(struct tcp_flow *f)
{
	struct shard *shard = f->shard;
	int64_t wait = (int64_t)shard->options->limits.gap_seconds * 1000000000;
	if (!(f->held & HELD_RESET) || shard->clock - f->reset_clock < wait)
		return;
	struct moment present = shard_go_back(shard, f);
	http_finish(f->http, flow_end_of(f, FLOW_RST));
	shard_return(shard, present);
	flow_let_go(f, HELD_RESET);
}

static void settle_answers(struct tcp_flow *f)
{
	const struct shard *shard = f->shard;
	if (f->held & HELD_ANSWER)
		pending_expire(f->http,
		    shard->clock - (int64_t)shard->options->limits.gap_seconds * 1000000000);
}

/* One that goes on waiting may join the end anew. */
static void settle_held(struct shard *shard)
{
	struct tcp_flow *f = shard->held_first, *last = shard->held_last, *after;
	for (bool more = f != NULL; more; f = after) {
		after = f->held_after;
		more = f != last;
		tcp_tick(f, &http_stream);
		settle_reset(f);
		settle_answers(f);
	}
}

void shard_catch_up(struct shard *shard, uint64_t ahead, int64_t clock)
{
	for (unsigned list = 0; list < FLOW_LISTS; list++) {
		struct tcp_flow *f = flow_newest(shard->flows, (enum flow_list)list);
		for (; f && f->last.order >= ahead; f = f->older)
			f->active = clock;
	}
}

void shard_tick(struct shard *shard, const struct stamp *at, int64_t clock)
{
	const struct limits *l = &shard->options->limits;
	shard->at.now = *at;
	shard->at.rank = rank_of_tick(at->order);
	shard->clock = clock;
	settle_held(shard);
	expire(shard, LIST_HALF_OPEN, l->syn_seconds, false);
	expire(shard, LIST_CLOSED, l->syn_seconds, false);
	expire(shard, LIST_ACTIVE, l->flow_idle_seconds, true);
}

void shard_finish(struct shard *shard, const struct stamp *end)
{
	shard->at.now = *end;
	shard->at.rank = rank_of_tick(end->order);
	for (unsigned list = 0; list < FLOW_LISTS; list++) {
		struct tcp_flow *f;
		while ((f = flow_oldest(shard->flows, (enum flow_list)list)))
			flow_close(f, FLOW_CAPTURE_END);
	}
}

bool shard_init(struct shard *shard, const struct decode_options *options)
{
	*shard = (struct shard){ .options = options };
	shard->flows = flow_table_new(&options->limits, options->key);
	shard->arenas = arena_store_new(ARENAS_KEPT);
	return shard->flows != NULL && shard->arenas != NULL;
}

void shard_fini(struct shard *shard)
{
	if (shard->flows)
		shard_finish(shard, &shard->at.now);
	output_clear(&shard->out);
	free(shard->out.items);
	flow_table_free(shard->flows);
	arena_store_free(shard->arenas);
}
