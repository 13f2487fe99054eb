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

size_t event_packets(const struct event *e, struct stamp out[EVENT_PACKETS])
{
	struct packets p = { .at = out };
	if (e->mock != NULL) {
		packets_add(&p, e->at);
	} else if (e->kind == EVENT_TRANSACTION) {
		packets_add_message(&p, &e->txn->req);
		packets_add_message(&p, &e->txn->res);
	} else if (e->kind == EVENT_FLOW) {
		packets_add(&p, e->flow->first);
		packets_add(&p, e->flow->last);
	} else if (e->kind == EVENT_LOSS) {
		packets_add(&p, e->dropped->at);
	} else if (e->kind == EVENT_ANOMALY) {
		packets_add(&p, e->anomaly->at);
		packets_add(&p, e->anomaly->other);
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
