/*
 * packets.c - the packets of an event, each once, in the total order; what tells it from others of one
 * packet; and the flow it belongs to.
 */
#include "rules/state.h"

#include <string.h>

struct packets {
	struct stamp *at;
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

/* Of more than there is room for the first ones and the last. */
static void packets_add_list(struct packets *p, const struct stamp *list, size_t n)
{
	for (size_t i = 0; i < n && p->n < EVENT_PACKETS - 1; i++)
		packets_add(p, list[i]);
	if (n != 0)
		packets_add(p, list[n - 1]);
}

static void packets_add_txn(struct packets *p, const struct txn *txn)
{
	packets_add_message(p, &txn->req);
	packets_add_message(p, &txn->res);
}

static void packets_add_op(struct packets *p, const struct op *op)
{
	packets_add_list(p, op->packets, op->n_packets);
	if (p->n == 0)
		packets_add_txn(p, op->txn);
}

/* Of a matter that names none, those of the operation that shows it. */
static void packets_add_matter(struct packets *p, const struct matter *m)
{
	packets_add_list(p, m->packets, m->n_packets);
	if (p->n == 0 && m->op != NULL)
		packets_add_op(p, m->op);
}

size_t event_packets(const struct event *e, struct stamp out[EVENT_PACKETS])
{
	struct packets p = { .at = out };
	if (e->mock != NULL) {
		packets_add(&p, e->at);
		return p.n;
	}
	switch (e->kind) {
	case EVENT_TRANSACTION:
		packets_add_txn(&p, e->txn);
		break;
	case EVENT_FLOW:
		packets_add(&p, e->flow->first);
		packets_add(&p, e->flow->last);
		break;
	case EVENT_LOSS:
		packets_add(&p, e->dropped->at);
		break;
	case EVENT_ANOMALY:
		packets_add(&p, e->anomaly->at);
		packets_add(&p, e->anomaly->other);
		break;
	case EVENT_OPERATION:
		packets_add_op(&p, e->op);
		break;
	case EVENT_ITEM:
	case EVENT_SESSION:
		packets_add_matter(&p, e->matter);
		break;
	case EVENT_SYNC:
		if (e->txn != NULL)
			packets_add_txn(&p, e->txn);
		break;
	default:
		break;
	}
	return p.n;
}

uint64_t numbers_hash(const uint64_t *numbers, size_t n)
{
	uint8_t bytes[8 * NUMBERS_MAX];
	ensure(n <= NUMBERS_MAX, NULL);
	for (size_t i = 0; i < 8 * n; i++)
		bytes[i] = (uint8_t)(numbers[i / 8] >> (8 * (i % 8)));
	return hash_fixed(bytes, 8 * n);
}

static uint32_t anomaly_mark(const struct anomaly *a)
{
	const char *name = anomaly_name(a->code);
	const uint64_t parts[] = { hash_fixed(name, strlen(name)), a->value, a->other.frame,
		a->flow.frame };
	return (uint32_t)numbers_hash(parts, sizeof(parts) / sizeof(parts[0]));
}

/* The same for all states of one matter, and for no other matter. */
static uint32_t matter_mark(const struct matter *m)
{
	const char *name = trouble_name(m->trouble);
	const uint64_t parts[] = { hash_fixed(name, strlen(name)), m->number };
	return (uint32_t)numbers_hash(parts, sizeof(parts) / sizeof(parts[0]));
}

/* Never of its name: that depends on how many inputs there are and on how much of them is read. */
uint32_t event_mark(const struct event *e)
{
	if (e->mock != NULL)
		return (uint32_t)hash_fixed(e->id.p, e->id.n);
	switch (e->kind) {
	case EVENT_TRANSACTION:
		return e->txn->seq;
	case EVENT_FLOW:
		return (uint32_t)e->flow->id.frame;
	case EVENT_LOSS:
		return (uint32_t)e->dropped->packets;
	case EVENT_ANOMALY:
		return anomaly_mark(e->anomaly);
	case EVENT_OPERATION:
		return (uint32_t)e->op->number;
	case EVENT_ITEM:
	case EVENT_SESSION:
		return matter_mark(e->matter);
	case EVENT_SYNC:
		return e->txn != NULL ? e->txn->seq : 0;
	case EVENT_FINDING:
		return (
		    uint32_t)numbers_hash((const uint64_t[]){ e->finding->id, e->finding->update },
		    2);
	default:
		return 0;
	}
}

static struct slice flow_name(const struct event *e)
{
	struct field_ref ref;
	struct error error;
	struct value v = { .number = 0 };
	if (e->mock != NULL && field_find("flow.id", &ref, &error) &&
	    field_read(&ref, e, 0, 0, &v) == PRESENT)
		return v.text;
	return e->flow_id;
}

uint64_t event_flow(const struct event *e, struct hash_key key)
{
	struct slice name = flow_name(e);
	return name.n == 0 ? 0 : hash_keyed(key, name.p, name.n) | 1;
}
