/*
 * The bytes of a connection in both directions (connection.h), cut, lost, sent again and late as the input
 * says, from segments to transactions. What comes out holds to what decode.h says of it, no credential is
 * among it, and when the connection is over no budget is used up.
 */
#include "tests/fuzz/connection.h"

struct totals {
	uint64_t transactions, requests, responses;
};

static uint64_t touch(struct slice s)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < s.n; i++)
		sum += s.p[i];
	return sum;
}

static bool holds_secret(struct slice name)
{
	return slice_is_nocase(name, "Authorization") ||
	    slice_is_nocase(name, "Proxy-Authorization") || slice_is_nocase(name, "Cookie") ||
	    slice_is_nocase(name, "Set-Cookie");
}

static void check_message(const struct message *m, const struct limits *l, uint64_t sent)
{
	if (!m->seen)
		return;
	ensure(m->version == 10 || m->version == 11, NULL);
	ensure(m->from <= m->to && m->to <= sent, NULL);
	ensure(m->body.bytes + m->body.gap_bytes <= sent, NULL);
	ensure(m->n_headers <= l->headers, NULL);
	ensure(!message_complete(m) || m->body.gap_bytes == 0, NULL);
	ensure(!m->body.complete || (m->end_seen && !m->body.undecodable), NULL);
	ensure(m->head.order == 0 || m->first.order <= m->head.order, NULL);
	ensure(m->first.order <= m->last.order, NULL);
	touch(m->method);
	touch(m->target);
	touch(m->reason);
	for (size_t i = 0; i < m->n_headers; i++) {
		const struct header *h = &m->headers[i];
		ensure(h->name.n != 0 && h->value.n <= l->header_value, NULL);
		touch(h->value);
		if (holds_secret(h->name))
			ensure(h->value.n == 0 || h->value.p[0] == '<' ||
				slice_find_byte(h->value, ' ') == h->value.n,
			    NULL); /* a scheme alone */
	}
}

static void check_txn(const struct connection *c, const struct txn *t, struct totals *totals)
{
	const struct limits *l = &c->kit.options.limits;
	uint64_t sent = c->sent[0] > c->sent[1] ? c->sent[0] : c->sent[1];
	ensure(t->seq == ++totals->transactions, NULL);
	ensure((unsigned)t->unpaired < UNPAIRED_REASONS, NULL);
	ensure(t->req.seen || t->res.seen, NULL);
	ensure((t->req.seen && t->res.seen) == (t->unpaired == PAIRED), NULL);
	ensure(!t->req.seen || (t->req.method.n != 0 && t->req.method.n <= l->method), NULL);
	ensure(t->req.target.n <= l->target && t->req.status == 0, NULL);
	ensure(!t->res.seen || (t->res.status >= 100 && t->res.status <= 999), NULL);
	check_message(&t->req, l, sent);
	check_message(&t->res, l, sent);
	totals->requests += t->req.seen && !t->res.seen;
	totals->responses += t->res.seen && !t->req.seen;
}

static void check_flow(const struct connection *c, const struct flow *f,
    const struct totals *totals)
{
	ensure(f->protocol != NULL && f->end <= FLOW_CAPTURE_END, NULL);
	ensure(f->transactions == totals->transactions, NULL);
	ensure(f->unpaired_requests == totals->requests, NULL);
	ensure(f->unpaired_responses == totals->responses, NULL);
	for (unsigned i = 0; i < 2; i++) {
		ensure(f->bytes[i] + f->gap_bytes[i] <= c->sent[0] + c->sent[1], NULL);
		ensure(f->opaque_bytes[i] <= f->bytes[i], NULL);
	}
	touch(f->tls_server_name);
	touch(f->tls_alpn);
}

/* A flow comes behind its transactions; on the same ports another one may follow. */
static void check_outputs(const struct connection *c)
{
	const struct output_list *out = &c->kit.shard.out;
	struct totals totals = { 0 };
	for (size_t i = 0; i < out->n; i++) {
		const struct output *o = &out->items[i];
		ensure(i == 0 || o->seq > o[-1].seq, NULL);
		if (o->kind == OUTPUT_TXN)
			check_txn(c, o->u.txn, &totals);
		if (o->kind != OUTPUT_FLOW)
			continue;
		check_flow(c, o->u.flow, &totals);
		totals = (struct totals){ 0 };
	}
	ensure(totals.transactions == 0, NULL);
}

static void send_cut(struct connection *c, unsigned side, struct slice bytes)
{
	while (bytes.n != 0) {
		size_t n = c->cut != 0 && c->cut < bytes.n ? c->cut : bytes.n;
		connection_bytes(c, side, slice_part(bytes, 0, n));
		bytes = slice_part(bytes, n, bytes.n);
	}
	connection_acknowledge(c, side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cursor script = cursor_from((struct slice){ data, n });
	struct connection c;
	struct slice last[2] = { { 0 } };
	struct step step;
	unsigned side = 0;
	connection_open(&c, cursor_u8(&script));
	while (step_next(&script, &side, &step)) {
		struct slice *sent = &last[step.side];
		if (step.kind == SEND_BYTES) {
			*sent = step.bytes;
			send_cut(&c, side, step.bytes);
		} else if (step.kind == SEND_AGAIN) {
			struct slice part = slice_part(*sent, step.number, sent->n);
			connection_send(&c, step.side, c.seq[step.side] - (uint32_t)part.n, TCP_ACK,
			    part);
		} else {
			connection_step(&c, &step);
		}
	}
	connection_finish(&c);
	check_outputs(&c);
	kit_close(&c.kit);
	return 0;
}
