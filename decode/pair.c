/*
 * Pairing: which response answers which request (RFC 9112 9.3.2), checked against what TCP says.
 *
 * Responses come in the order of their requests. Two facts keep that honest when packets are
 * missing: a response cannot answer a request of which its sender had not acknowledged a byte, and
 * it cannot begin before the point the client had received when it sent the request.
 */
#include "decode/http.h"
#include "decode/redact.h"

static struct shard *shard_of(const struct http *http)
{
	return http->flow->shard;
}

void pending_account(struct http *http, struct pending *p)
{
	size_t used = arena_used(p->txn->arena);
	shard_of(http)->txn_used += used - p->accounted;
	p->accounted = used;
}

/* ---- birth ---- */

static void endpoints_set(const struct http *http, struct txn *txn)
{
	const struct tcp_flow *f = http->flow;
	const struct endpoint *first = f->high_first ? &f->key.high : &f->key.low;
	const struct endpoint *second = f->high_first ? &f->key.low : &f->key.high;
	bool first_is_client = http_client(http) == 0;
	txn->client = first_is_client ? *first : *second;
	txn->server = first_is_client ? *second : *first;
	http_origin(http, &txn->client, &txn->peer);
}

/* An arena may grow by what its shard has left. */
void pending_limit(const struct http *http, const struct pending *p)
{
	const struct shard *shard = shard_of(http);
	const struct limits *l = &shard->options->limits;
	size_t part = shard_part(l->txn_total), most = (size_t)l->txn_bytes;
	size_t left = part > shard->txn_used ? part - shard->txn_used : 0;
	size_t budget = p->accounted + left;
	arena_limit(p->txn->arena, budget < most ? budget : most);
}

static struct pending *pending_new(struct http *http)
{
	const struct limits *l = &shard_of(http)->options->limits;
	if (shard_of(http)->txn_used > shard_part(l->txn_total))
		return NULL;
	struct arena *arena = arena_new_from(shard_of(http)->arenas, (size_t)l->txn_bytes);
	struct pending *p = arena ? arena_alloc(arena, sizeof(*p)) : NULL;
	struct txn *txn = p ? arena_alloc(arena, sizeof(*txn)) : NULL;
	if (!txn) {
		arena_free(arena);
		return NULL;
	}
	p->txn = txn;
	txn->arena = arena;
	txn->flow = (struct flow_id){ http->flow->first.frame, http->flow->first.input };
	endpoints_set(http, txn);
	pending_account(http, p);
	pending_limit(http, p);
	return p;
}

static void message_begin(struct side *s, struct pending *p, struct message *m,
    const struct start_line *start)
{
	s->pending = p;
	s->message = m;
	if (s->line_doubtful)
		m->loss |= LOSS_CONFLICT;
	s->interim = false;
	m->seen = true;
	m->version = start->version;
	m->first = s->line_at;
	m->last = side_later(s, s->line_at);
	m->from = p->txn->interim != 0 && side_is_response(s) ? p->interim_offset : s->line_offset;
}

/* ---- requests ---- */

static struct pending *first_unanswered(const struct http *http)
{
	struct pending *p = http->first;
	while (p && p->res_started)
		p = p->next;
	return p;
}

static void pending_unlink(struct http *http, struct pending *p)
{
	struct pending **at = &http->first, *before = NULL;
	while (*at && *at != p) {
		before = *at;
		at = &before->next;
	}
	if (!*at)
		return;
	*at = p->next;
	if (http->last == p)
		http->last = before;
	http->n_pending--;
}

static bool is_gapless(const struct http *http)
{
	const struct half *half = http->flow->half;
	return half[0].syn && half[1].syn && !http->side[0].gap_seen && !http->side[1].gap_seen;
}

static const struct half *client_half(const struct http *http)
{
	return &http->flow->half[http_client(http)];
}

/* Of its answer, a byte at least; or nobody can know. */
static bool is_acknowledged(const struct http *http, const struct pending *p)
{
	const struct half *server = &http->flow->half[!http_client(http)];
	return !server->has_acked || server->received > p->res_offset;
}

static void answer_let_go(struct http *http, const struct pending *p)
{
	if (p->held && --http->n_held == 0)
		flow_let_go(http->flow, HELD_ANSWER);
}

/* Of a flow that is held, and too long ago to go back to. */
static void late_say(const struct http *http, const struct txn *txn)
{
	const struct shard *shard = http->flow->shard;
	const struct stamp *last = txn->res.seen ? &txn->res.last : &txn->req.last;
	const struct moment then = { *last, rank_of_packet(last->order), false };
	uint64_t order = shard->at.now.order;
	if (http->flow->held && !shard->at.back && !shard_waits(shard, then, order))
		flow_anomaly(http->flow, FLOW_LATE, &shard->at.now, NULL, order - last->order);
}

static void pending_emit(struct http *http, struct pending *p, enum unpaired why)
{
	struct shard *shard = shard_of(http);
	struct txn *txn = p->txn;
	pending_unlink(http, p);
	answer_let_go(http, p);
	for (unsigned dir = 0; dir < 2; dir++) {
		if (http->side[dir].pending == p)
			http->side[dir].pending = NULL;
	}
	txn->unpaired = txn->req.seen && txn->res.seen ? PAIRED : why;
	txn->gapless = is_gapless(http);
	txn->unreceived = txn->unpaired == PAIRED && client_half(http)->reset_last &&
	    !is_acknowledged(http, p);
	http->unpaired_requests += !txn->res.seen;
	http->unpaired_responses += !txn->req.seen;
	txn->seq = ++http->seq;
	shard_go_on(shard, &txn->req.last);
	shard_go_on(shard, &txn->res.last);
	txn->done = shard->at.now;
	/* Given up now, but over with the flow's last packet. */
	if ((txn->unpaired != PAIRED || p->held) && !shard->at.back) {
		txn->done = http->flow->last;
		txn->done.order = shard->at.now.order;
	}
	shard->txn_used -= p->accounted;
	late_say(http, txn);
	struct output *o = output_add(&shard->out, OUTPUT_TXN, shard->at.rank,
	    http->flow->first.order);
	if (!o) {
		txn_free(txn);
		return;
	}
	o->u.txn = txn;
	shard_said(shard);
}

/*
 * A client that has received beyond a gap before it sent this request had its answer in the gap,
 * if it was waiting for one only.
 */
void pending_settle(struct http *http, uint64_t acked)
{
	if (!http->res_gap_end || acked < http->res_gap_end)
		return;
	struct pending *p = first_unanswered(http);
	http->res_gap_end = 0;
	if (!p)
		return;
	if (!p->next) {
		pending_emit(http, p, UNPAIRED_GAP);
		return;
	}
	for (; p; p = p->next)
		p->txn->unsure = true;
}

/* Nothing is owed and the client has seen all there is: whatever was lost before is settled. */
static void quiet_settle(struct http *http, const struct side *s)
{
	const struct half *peer = &http->flow->half[s == &http->side[0] ? 1 : 0];
	if (!http->unsure_fresh && !http->first && s->line_acked_known &&
	    s->line_acked == peer->offset)
		http->unsure = false;
	http->unsure_fresh = false;
}

/* Its answer may still come, and would be taken for that of the next one. */
static void pipeline_shorten(struct http *http, struct side *s)
{
	struct pending *oldest = first_unanswered(http);
	side_anomaly(s, HTTP_PIPELINE_FULL, 0);
	if (!oldest)
		return;
	for (struct pending *p = oldest->next; p; p = p->next)
		p->txn->unsure = true;
	http->unsure = true;
	pending_emit(http, oldest, UNPAIRED_LIMIT);
}

bool pending_request(struct side *s, const struct start_line *start)
{
	struct http *http = s->http;
	const struct limits *l = &shard_of(http)->options->limits;
	if (s->line_acked_known)
		pending_settle(http, s->line_acked);
	quiet_settle(http, s);
	if (http->n_pending >= l->pipeline)
		pending_unhold(http);
	if (http->n_pending >= l->pipeline)
		pipeline_shorten(http, s);
	struct pending *p = pending_new(http);
	if (!p || !arena_copy(p->txn->arena, start->method, &p->txn->req.method) ||
	    !redact_target(p->txn->arena, shard_of(http)->options->key, start->target,
		&p->txn->req.target)) {
		side_anomaly(s, HTTP_LIMIT, 0);
		if (p) {
			shard_of(http)->txn_used -= p->accounted;
			txn_free(p->txn);
		}
		return false;
	}
	p->req_offset = s->line_offset;
	p->req_acked = s->line_acked;
	p->req_acked_known = s->line_acked_known;
	p->head = slice_equal(start->method, SLICE("HEAD"));
	p->connect = slice_equal(start->method, SLICE("CONNECT"));
	const struct pending *before = first_unanswered(http);
	p->txn->unsure = http->unsure || (before && before->txn->unsure);
	if (http->last)
		http->last->next = p;
	else
		http->first = p;
	http->last = p;
	http->n_pending++;
	message_begin(s, p, &p->txn->req, start);
	return true;
}

/* ---- responses ---- */

static bool may_answer(const struct side *s, const struct pending *p)
{
	if (s->line_acked_known && s->line_acked <= p->req_offset)
		return false;
	return !p->req_acked_known || s->line_offset >= p->req_acked;
}

/* Why the request of this response is not there. */
static enum unpaired orphan_reason(const struct http *http, const struct side *s)
{
	const struct side *client = &http->side[s == &http->side[0]];
	const struct tcp_flow *f = http->flow;
	const struct half *half = &f->half[client == &http->side[0] ? 0 : 1];
	bool from_start = f->half[half == &f->half[0]].syn;
	if (!half->packets && (from_start || s->messages > 1))
		return UNPAIRED_ONE_SIDED;
	if (!half->packets)
		return UNPAIRED_MIDSTREAM;
	if (client->gap_seen)
		return UNPAIRED_GAP;
	if (client->state == SIDE_LOST && client->messages == 0)
		return half->syn ? UNPAIRED_OPAQUE : UNPAIRED_MIDSTREAM;
	return half->syn ? UNPAIRED_UNSOLICITED : UNPAIRED_MIDSTREAM;
}

/* Bytes are missing, and a later request might be the one that is answered. */
static bool is_ambiguous(const struct side *s, const struct pending *p)
{
	bool lossy = s->http->side[0].gap_seen || s->http->side[1].gap_seen;
	return lossy && p->next && may_answer(s, p->next);
}

bool pending_response(struct side *s, const struct start_line *start)
{
	struct http *http = s->http;
	struct pending *p = first_unanswered(http);
	if (p && !may_answer(s, p))
		p = NULL;
	if (start->status < 200 && start->status != 101) {
		s->interim = true;
		s->message = NULL;
		s->pending = NULL;
		if (p && p->txn->interim++ == 0)
			p->interim_offset = s->line_offset;
		return true;
	}
	if (!p)
		p = pending_new(http);
	if (!p) {
		side_anomaly(s, HTTP_LIMIT, 0);
		return false;
	}
	struct message *m = &p->txn->res;
	p->res_started = true;
	if (!p->txn->req.seen) {
		p->req_done = true;
		p->txn->unpaired = orphan_reason(http, s);
		http->unsure = true;
		http->unsure_fresh |= p->txn->unpaired == UNPAIRED_GAP;
		if (p->txn->unpaired == UNPAIRED_UNSOLICITED)
			side_anomaly(s, HTTP_ORPHAN, start->status);
	}
	p->txn->unsure |= http->res_gap_end != 0 || is_ambiguous(s, p);
	p->res_offset = s->line_offset;
	m->status = start->status;
	arena_copy(p->txn->arena, start->reason, &m->reason);
	message_begin(s, p, m, start);
	return true;
}

/* ---- answers that come too late ---- */

/* A client that has closed its half may have gone: then its system resets what comes for it. */
static bool may_be_unreceived(const struct http *http, const struct pending *p)
{
	const struct half *client = client_half(http);
	return p->txn->req.seen && p->txn->res.seen && (client->fin || client->rst) &&
	    !is_acknowledged(http, p);
}

static void pending_hold(struct http *http, struct pending *p)
{
	p->held = true;
	p->held_clock = shard_of(http)->clock;
	http->n_held++;
	flow_hold(http->flow, HELD_ANSWER);
}

void pending_heard(struct http *http)
{
	struct moment present = shard_go_back(shard_of(http), http->flow);
	struct pending *next;
	for (struct pending *p = http->first; p; p = next) {
		next = p->next;
		if (p->held && (client_half(http)->reset_last || is_acknowledged(http, p)))
			pending_emit(http, p, PAIRED);
	}
	shard_return(shard_of(http), present);
}

void pending_expire(struct http *http, int64_t since)
{
	struct moment present = shard_go_back(shard_of(http), http->flow);
	struct pending *next;
	for (struct pending *p = http->first; p; p = next) {
		next = p->next;
		if (p->held && p->held_clock <= since)
			pending_emit(http, p, PAIRED);
	}
	shard_return(shard_of(http), present);
}

void pending_unhold(struct http *http)
{
	pending_expire(http, INT64_MAX);
}

/* ---- completion ---- */

void pending_message_done(struct side *s)
{
	struct pending *p = s->pending;
	if (side_is_response(s))
		p->res_done = true;
	else
		p->req_done = true;
	pending_account(s->http, p);
	if (!p->res_done || !p->req_done)
		return;
	if (may_be_unreceived(s->http, p))
		pending_hold(s->http, p);
	else
		pending_emit(s->http, p, p->txn->unpaired);
}

void pending_lost(struct side *s, uint64_t gap_end, enum gap_kind kind)
{
	struct http *http = s->http;
	if (s->role != ROLE_SERVER) {
		http->unsure = true;
		http->unsure_fresh |= kind == GAP_LOST;
	}
	if (s->role == ROLE_CLIENT)
		return;
	uint64_t end = gap_end ? gap_end : side_offset(s);
	if (end > http->res_gap_end)
		http->res_gap_end = end;
}

enum unpaired pending_reason(const struct http *http, enum flow_end end)
{
	unsigned client = http_client(http);
	const struct side *server = &http->side[!client];
	const struct half *half = &http->flow->half[!client];
	if (!half->packets)
		return UNPAIRED_ONE_SIDED;
	if (server->gap_seen)
		return UNPAIRED_GAP;
	if (!server->messages && half->bytes)
		return UNPAIRED_OPAQUE;
	if (end == FLOW_RST)
		return UNPAIRED_RESET;
	if (end == FLOW_IDLE || end == FLOW_EVICTED)
		return UNPAIRED_LIMIT;
	return end == FLOW_CAPTURE_END && !half->ended ? UNPAIRED_CAPTURE_END : UNPAIRED_CLOSED;
}

void pending_close(struct http *http, enum unpaired why)
{
	struct pending *p = http->first;
	while (p) {
		struct pending *next = p->next;
		if (p->req_done && !p->res_started)
			pending_emit(http, p, why);
		p = next;
	}
}
