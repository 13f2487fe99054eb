/*
 * fields_event.c - getters of what every event has, of flows, of anomalies, and of the evidence.
 */
#include "rules/fields.h"

enum seen ts_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->at.ns);
}

enum seen event_type_read(const struct asked *a, struct value *v)
{
	static const char *const names[] = { [EVENT_TRANSACTION] = "transaction",
		[EVENT_FLOW] = "flow",
		[EVENT_ANOMALY] = "anomaly",
		[EVENT_STATS] = "stats" };
	return value_word(v, names[a->e->kind]);
}

enum seen schema_read(const struct asked *a, struct value *v)
{
	(void)a;
	return value_word(v, "davscope/1");
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

enum seen flow_end_read(const struct asked *a, struct value *v)
{
	static const char *const names[] = { [FLOW_FIN] = "fin",
		[FLOW_RST] = "rst",
		[FLOW_IDLE] = "idle",
		[FLOW_EVICTED] = "evicted",
		[FLOW_REUSED] = "reused",
		[FLOW_CAPTURE_END] = "capture-end" };
	return value_word(v, names[a->e->flow->end]);
}

enum seen handshake_read(const struct asked *a, struct value *v)
{
	const struct flow *f = a->e->flow;
	if (f->syn[CLIENT] && f->syn[SERVER])
		return value_word(v, "full");
	return value_word(v, f->syn[CLIENT] || f->syn[SERVER] ? "partial" : "unseen");
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
	return value_word(v, "tcp");
}

static const struct endpoint *asked_endpoint(const struct asked *a)
{
	if (a->e->kind == EVENT_FLOW)
		return &a->e->flow->side[a->which];
	return a->which == CLIENT ? &a->e->txn->client : &a->e->txn->server;
}

enum seen address_read(const struct asked *a, struct value *v)
{
	v->ip = asked_endpoint(a);
	return PRESENT;
}

enum seen port_read(const struct asked *a, struct value *v)
{
	return value_number(v, asked_endpoint(a)->port);
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

/* ---- evidence: the packets of an event, each once, in the total order ---- */

enum { PACKETS = 6 };
struct packets {
	struct stamp at[PACKETS];
	size_t n;
};

static void packets_add(struct packets *p, struct stamp at)
{
	size_t i = p->n;
	if (at.frame == 0)
		return;
	while (i != 0 && p->at[i - 1].order > at.order)
		i--;
	if (i != 0 && p->at[i - 1].order == at.order)
		return;
	for (size_t k = p->n; k > i; k--)
		p->at[k] = p->at[k - 1];
	p->at[i] = at;
	p->n++;
}

static void packets_add_message(struct packets *p, const struct message *m)
{
	if (!m->seen)
		return;
	packets_add(p, m->first);
	packets_add(p, m->head);
	packets_add(p, m->last);
}

static struct packets packets_of(const struct event *e)
{
	struct packets p = { .n = 0 };
	if (e->kind == EVENT_TRANSACTION) {
		packets_add_message(&p, &e->txn->req);
		packets_add_message(&p, &e->txn->res);
	} else if (e->kind == EVENT_FLOW) {
		packets_add(&p, e->flow->first);
		packets_add(&p, e->flow->last);
	} else if (e->kind == EVENT_ANOMALY) {
		packets_add(&p, e->anomaly->at);
		packets_add(&p, e->anomaly->other);
	}
	return p;
}

/* An element is a run of packets of one input. */
static bool run_starts(const struct packets *p, size_t i)
{
	return i == 0 || p->at[i].input != p->at[i - 1].input;
}

/* Where run number `element` begins; p->n when there are fewer. */
static size_t run_find(const struct packets *p, size_t element)
{
	size_t i = 0, runs = 0;
	for (; i < p->n; i++)
		if (run_starts(p, i) && runs++ == element)
			break;
	return i;
}

size_t evidence_count(const struct event *e, bool *complete)
{
	struct packets p = packets_of(e);
	size_t runs = 0;
	(void)complete;
	for (size_t i = 0; i < p.n; i++)
		runs += run_starts(&p, i);
	return runs;
}

enum seen evidence_input_read(const struct asked *a, struct value *v)
{
	struct packets p = packets_of(a->e);
	size_t i = run_find(&p, a->element);
	if (i == p.n || a->e->input_names == NULL || p.at[i].input >= a->e->n_inputs)
		return ABSENT;
	return value_word(v, a->e->input_names[p.at[i].input]);
}

enum seen evidence_frames_read(const struct asked *a, struct value *v)
{
	struct packets p = packets_of(a->e);
	size_t i = run_find(&p, a->element);
	for (size_t nth = 0; nth < a->nth; nth++)
		if (++i >= p.n || run_starts(&p, i))
			return ABSENT;
	return i < p.n ? value_count(v, p.at[i].frame) : ABSENT;
}
