/*
 * packets.c - the packets of an event, each once, in the total order; and the flow it belongs to.
 */
#include "rules/state.h"

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
	} else if (e->kind == EVENT_ANOMALY) {
		packets_add(&p, e->anomaly->at);
		packets_add(&p, e->anomaly->other);
	}
	return p.n;
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
