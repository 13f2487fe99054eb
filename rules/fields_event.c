/*
 * fields_event.c - getters of what every event has, of flows, losses and anomalies.
 */
#include "rules/fields.h"

const char *const schema_words[] = { "davscope/1", NULL };
const char *const transport_words[] = { "tcp", NULL };
const char *const handshake_words[] = { "full", "partial", "unseen", NULL };
const char *const flow_end_words[] = { [FLOW_FIN] = "fin",
	[FLOW_RST] = "rst",
	[FLOW_IDLE] = "idle",
	[FLOW_EVICTED] = "evicted",
	[FLOW_REUSED] = "reused",
	[FLOW_CAPTURE_END] = "capture-end",
	NULL };

enum seen ts_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->at.ns);
}

enum seen event_type_read(const struct asked *a, struct value *v)
{
	return value_word(v, event_kind_name(a->e->kind));
}

enum seen schema_read(const struct asked *a, struct value *v)
{
	(void)a;
	return value_word(v, schema_words[0]);
}

enum seen id_read(const struct asked *a, struct value *v)
{
	return value_text(v, a->e->id);
}

enum seen flow_id_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, a->e->flow_id, ABSENT);
}

enum seen protocol_read(const struct asked *a, struct value *v)
{
	return value_word(v, a->e->flow->protocol);
}

static enum seen tls_missing(const struct flow *f)
{
	bool tls = slice_is(SLICE("tls"), f->protocol);
	return tls && !f->tls_hello ? NOT_OBSERVED : ABSENT;
}

enum seen tls_server_name_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, a->e->flow->tls_server_name, tls_missing(a->e->flow));
}

enum seen tls_alpn_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, a->e->flow->tls_alpn, tls_missing(a->e->flow));
}

enum seen tunnel_read(const struct asked *a, struct value *v)
{
	const char *tunnel = a->e->flow->tunnel;
	return tunnel != NULL ? value_word(v, tunnel) : ABSENT;
}

enum seen flow_end_read(const struct asked *a, struct value *v)
{
	return value_word(v, flow_end_words[a->e->flow->end]);
}

enum seen handshake_read(const struct asked *a, struct value *v)
{
	const struct flow *f = a->e->flow;
	size_t seen = (size_t)f->syn[CLIENT] + f->syn[SERVER];
	return value_word(v, handshake_words[2 - seen]);
}

enum seen packets_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->packets[a->which]);
}

enum seen bytes_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->bytes[a->which]);
}

enum seen flow_gap_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->gap_bytes[a->which]);
}

enum seen opaque_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->opaque_bytes[a->which]);
}

enum seen retransmitted_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->retransmitted);
}

enum seen out_of_order_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->out_of_order);
}

enum seen conflicts_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->conflicts);
}

enum seen resyncs_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->resyncs);
}

enum seen transactions_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->transactions);
}

enum seen unpaired_requests_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->unpaired_requests);
}

enum seen unpaired_responses_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->flow->unpaired_responses);
}

enum seen flow_duration_read(const struct asked *a, struct value *v)
{
	return value_number(v, ns_between(a->e->flow->first, a->e->flow->last));
}

enum seen transport_read(const struct asked *a, struct value *v)
{
	(void)a;
	return value_word(v, transport_words[0]);
}

/* NULL: the event has no transaction at hand. */
static const struct endpoint *asked_endpoint(const struct asked *a)
{
	if (a->e->kind == EVENT_FLOW)
		return &a->e->flow->side[a->which];
	const struct txn *txn = event_txn(a->e);
	if (txn == NULL)
		return NULL;
	return a->which == CLIENT ? &txn->client : &txn->server;
}

enum seen address_read(const struct asked *a, struct value *v)
{
	v->ip = asked_endpoint(a);
	return v->ip != NULL ? PRESENT : NOT_OBSERVED;
}

enum seen port_read(const struct asked *a, struct value *v)
{
	const struct endpoint *e = asked_endpoint(a);
	return e != NULL ? value_number(v, e->port) : NOT_OBSERVED;
}

static const struct endpoint *asked_peer(const struct asked *a)
{
	return a->e->kind == EVENT_FLOW ? &a->e->flow->peer : &a->e->txn->peer;
}

enum seen peer_address_read(const struct asked *a, struct value *v)
{
	v->ip = asked_peer(a);
	return v->ip->family != 0 ? PRESENT : ABSENT;
}

enum seen peer_port_read(const struct asked *a, struct value *v)
{
	const struct endpoint *peer = asked_peer(a);
	return peer->family != 0 ? value_number(v, peer->port) : ABSENT;
}

enum seen loss_packets_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->dropped->packets);
}

enum seen anomaly_code_read(const struct asked *a, struct value *v)
{
	return value_word(v, anomaly_name(a->e->anomaly->code));
}

enum seen anomaly_text_read(const struct asked *a, struct value *v)
{
	return value_word(v, anomaly_text(a->e->anomaly->code));
}

enum seen anomaly_frame_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->anomaly->at.frame);
}

enum seen anomaly_other_read(const struct asked *a, struct value *v)
{
	uint64_t frame = a->e->anomaly->other.frame;
	return frame != 0 ? value_count(v, frame) : ABSENT;
}

enum seen anomaly_value_read(const struct asked *a, struct value *v)
{
	uint64_t value = a->e->anomaly->value;
	return value != 0 ? value_count(v, value) : ABSENT;
}
