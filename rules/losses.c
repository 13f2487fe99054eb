/*
 * losses.c - when packets went missing: last on each of the flows that lost some lately, and last for
 * all of them. A flow that falls off the list counts as a loss for all at its time.
 */
#include "rules/state.h"

#include <stdlib.h>

enum { FLOWS = 4096, BUCKETS = 2 * FLOWS, NONE = UINT16_MAX };

struct lost {
	uint64_t flow;
	int64_t ns;
	uint16_t next; /* of its bucket */
	uint16_t older, newer;
};

struct losses {
	struct lost lost[FLOWS];
	uint16_t buckets[BUCKETS];
	uint16_t n, oldest, newest;
	int64_t all;
};

struct losses *losses_new(void)
{
	struct losses *l = malloc(sizeof(*l));
	if (l == NULL)
		return NULL;
	l->n = 0;
	l->oldest = l->newest = NONE;
	l->all = NEVER;
	for (size_t i = 0; i < BUCKETS; i++)
		l->buckets[i] = NONE;
	return l;
}

void losses_free(struct losses *l)
{
	free(l);
}

static uint16_t *bucket_of(struct losses *l, uint64_t flow)
{
	return &l->buckets[flow / 2 % BUCKETS];
}

static uint16_t lost_find(const struct losses *l, uint64_t flow)
{
	uint16_t i = l->buckets[flow / 2 % BUCKETS];
	while (i != NONE && l->lost[i].flow != flow)
		i = l->lost[i].next;
	return i;
}

static void list_remove(struct losses *l, const struct lost *x)
{
	*(x->older == NONE ? &l->oldest : &l->lost[x->older].newer) = x->newer;
	*(x->newer == NONE ? &l->newest : &l->lost[x->newer].older) = x->older;
}

static void list_append(struct losses *l, uint16_t i)
{
	struct lost *x = &l->lost[i];
	x->older = l->newest;
	x->newer = NONE;
	*(l->newest == NONE ? &l->oldest : &l->lost[l->newest].newer) = i;
	l->newest = i;
}

static void note_all(struct losses *l, int64_t ns)
{
	if (ns > l->all)
		l->all = ns;
}

/* A place for one more flow. */
static uint16_t lost_take(struct losses *l)
{
	if (l->n < FLOWS)
		return l->n++;
	uint16_t i = l->oldest;
	struct lost *x = &l->lost[i];
	uint16_t *link = bucket_of(l, x->flow);
	while (*link != i)
		link = &l->lost[*link].next;
	*link = x->next;
	list_remove(l, x);
	note_all(l, x->ns);
	return i;
}

static void note_flow(struct losses *l, uint64_t flow, int64_t ns)
{
	uint16_t i = lost_find(l, flow);
	if (i != NONE) {
		list_remove(l, &l->lost[i]);
	} else {
		i = lost_take(l);
		uint16_t *bucket = bucket_of(l, flow);
		l->lost[i] = (struct lost){ .flow = flow, .ns = ns, .next = *bucket };
		*bucket = i;
	}
	if (ns > l->lost[i].ns)
		l->lost[i].ns = ns;
	list_append(l, i);
}

static bool code_is_loss(enum anomaly_code code)
{
	switch (code) {
	case TCP_GAP:
	case TCP_CLIPPED:
	case TCP_CONFLICT:
	case HTTP_LOST:
	case HTTP_HEADER_TOO_BIG:
	case HTTP_LIMIT:
	case HTTP_PIPELINE_FULL:
	case FLOW_EVICTED_LIMIT:
	case LINK_TRUNCATED:
	case IP_TRUNCATED:
	case IP_FRAG_EVICTED:
	case IP_FRAG_TIMEOUT:
	case IP_FRAG_CLIPPED:
		return true;
	default:
		return false;
	}
}

/* ANOMALY_CODES: an event of a test that names none. */
static enum anomaly_code code_of(const struct event *e)
{
	if (e->mock == NULL)
		return e->anomaly->code;
	struct field_ref ref;
	struct error error;
	struct value v = { .number = 0 };
	if (!field_find("anomaly.code", &ref, &error) || field_read(&ref, e, 0, 0, &v) != PRESENT)
		return ANOMALY_CODES;
	enum anomaly_code code = 0;
	while (code < ANOMALY_CODES && !slice_is(v.text, anomaly_name(code)))
		code++;
	return code;
}

void losses_note(struct losses *l, const struct event *e, int64_t ns, struct hash_key key)
{
	if (e->kind == EVENT_LOSS)
		note_all(l, ns);
	if (e->kind != EVENT_ANOMALY || !code_is_loss(code_of(e)))
		return;
	uint64_t flow = event_flow(e, key);
	if (flow != 0)
		note_flow(l, flow, ns);
	else
		note_all(l, ns);
}

bool losses_since(const struct losses *l, const uint64_t *flows, size_t n, int64_t from)
{
	if (l->all != NEVER && l->all >= from)
		return true;
	for (size_t i = 0; i < n; i++) {
		uint16_t k = flows[i] == 0 ? NONE : lost_find(l, flows[i]);
		if (k != NONE && l->lost[k].ns >= from)
			return true;
	}
	return false;
}
