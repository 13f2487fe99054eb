/*
 * losses.c - when packets went missing: last on each of the flows that lost some lately, last on any
 * flow, and last on all of them. A flow that falls off the list counts as a loss on all at its time.
 */
#include "rules/state.h"

#include <stdlib.h>

enum { FLOWS = 4096, BUCKETS = 2 * FLOWS, NONE = UINT16_MAX };

struct lost {
	uint64_t flow;
	struct last last;
	uint16_t next; /* of its bucket */
	uint16_t older, newer;
};

struct table {
	struct lost lost[FLOWS];
	uint16_t buckets[BUCKETS];
	uint16_t n, oldest, newest;
};

struct losses {
	struct table *table; /* NULL: no flow lost anything */
	struct last any, all;
};

struct losses *losses_new(void)
{
	struct losses *l = calloc(1, sizeof(*l));
	if (l != NULL)
		l->any = l->all = last_never();
	return l;
}

void losses_free(struct losses *l)
{
	if (l != NULL)
		free(l->table);
	free(l);
}

/* NULL: no memory. */
static struct table *table_of(struct losses *l)
{
	if (l->table != NULL)
		return l->table;
	struct table *t = malloc(sizeof(*t));
	if (t == NULL)
		return NULL;
	t->n = 0;
	t->oldest = t->newest = NONE;
	for (size_t i = 0; i < BUCKETS; i++)
		t->buckets[i] = NONE;
	l->table = t;
	return t;
}

static uint16_t *bucket_of(struct table *t, uint64_t flow)
{
	return &t->buckets[flow / 2 % BUCKETS];
}

static uint16_t lost_find(const struct table *t, uint64_t flow)
{
	uint16_t i = t->buckets[flow / 2 % BUCKETS];
	while (i != NONE && t->lost[i].flow != flow)
		i = t->lost[i].next;
	return i;
}

static void list_remove(struct table *t, const struct lost *x)
{
	*(x->older == NONE ? &t->oldest : &t->lost[x->older].newer) = x->newer;
	*(x->newer == NONE ? &t->newest : &t->lost[x->newer].older) = x->older;
}

static void list_append(struct table *t, uint16_t i)
{
	struct lost *x = &t->lost[i];
	x->older = t->newest;
	x->newer = NONE;
	*(t->newest == NONE ? &t->oldest : &t->lost[t->newest].newer) = i;
	t->newest = i;
}

/* A place for one more flow. */
static uint16_t lost_take(struct losses *l, struct table *t, int64_t now)
{
	if (t->n < FLOWS)
		return t->n++;
	uint16_t i = t->oldest;
	struct lost *x = &t->lost[i];
	uint16_t *link = bucket_of(t, x->flow);
	while (*link != i)
		link = &t->lost[*link].next;
	*link = x->next;
	list_remove(t, x);
	latest(&l->all.sure, last_by(&x->last, now));
	return i;
}

static void note_flow(struct losses *l, uint64_t flow, struct moment m)
{
	struct table *t = table_of(l);
	if (t == NULL) {
		last_note(&l->all, m);
		return;
	}
	uint16_t i = lost_find(t, flow);
	if (i != NONE) {
		list_remove(t, &t->lost[i]);
	} else {
		i = lost_take(l, t, m.now);
		uint16_t *bucket = bucket_of(t, flow);
		t->lost[i] = (struct lost){ .flow = flow, .last = last_never(), .next = *bucket };
		*bucket = i;
	}
	last_note(&t->lost[i].last, m);
	last_note(&l->any, m);
	list_append(t, i);
}

/* After these a message may have gone by unread, whoever is to blame. */
static bool code_is_loss(enum anomaly_code code)
{
	switch (code) {
	case LINK_TRUNCATED:
	case LINK_TOO_DEEP:
	case IP_TRUNCATED:
	case IP_FRAG_EVICTED:
	case IP_FRAG_TIMEOUT:
	case IP_FRAG_CLIPPED:
	case TCP_TRUNCATED:
	case TCP_GAP:
	case TCP_CLIPPED:
	case TCP_CONFLICT:
	case FLOW_EVICTED_LIMIT:
	case HTTP_LOST:
	case HTTP_BAD_LENGTH:
	case HTTP_BAD_CHUNK:
	case HTTP_HEADER_TOO_BIG:
	case HTTP_LIMIT:
	case HTTP_PIPELINE_FULL:
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

void losses_note(struct losses *l, const struct event *e, struct moment m, struct hash_key key)
{
	if (e->kind == EVENT_LOSS)
		last_note(&l->all, m);
	if (e->kind != EVENT_ANOMALY || !code_is_loss(code_of(e)))
		return;
	uint64_t flow = event_flow(e, key);
	if (flow != 0)
		note_flow(l, flow, m);
	else
		last_note(&l->all, m);
}

static bool is_since(const struct last *l, int64_t from, int64_t now)
{
	int64_t ns = last_by(l, now);
	return ns != NEVER && ns >= from;
}

bool losses_any(const struct losses *l, int64_t from, int64_t now)
{
	return is_since(&l->all, from, now) || is_since(&l->any, from, now);
}

void losses_note_all(struct losses *l, struct moment m)
{
	last_note(&l->all, m);
	last_note(&l->any, m);
}

bool losses_since(const struct losses *l, const uint64_t *flows, size_t n, int64_t from,
    int64_t now)
{
	if (is_since(&l->all, from, now))
		return true;
	for (size_t i = 0; i < n && l->table != NULL; i++) {
		uint16_t k = flows[i] == 0 ? NONE : lost_find(l->table, flows[i]);
		if (k != NONE && is_since(&l->table->lost[k].last, from, now))
			return true;
	}
	return false;
}

/* ---- over a restart ---- */

static void lost_form(struct pack *k, struct lost *x)
{
	pack_u64(k, &x->flow);
	last_form(k, &x->last);
}

static void lost_read(struct pack *k, struct table *t)
{
	struct lost x = { .flow = 0 };
	lost_form(k, &x);
	if (k->bad || lost_find(t, x.flow) != NONE) {
		k->bad = true;
		return;
	}
	uint16_t i = t->n++, *bucket = bucket_of(t, x.flow);
	x.next = *bucket;
	*bucket = i;
	t->lost[i] = x;
	list_append(t, i);
}

/* The one that lost something last comes last. */
void losses_form(struct pack *k, struct losses *l)
{
	uint64_t n = l->table != NULL ? l->table->n : 0;
	last_form(k, &l->any);
	last_form(k, &l->all);
	pack_u64(k, &n);
	if (n > FLOWS || (n != 0 && table_of(l) == NULL)) {
		k->bad = true;
		return;
	}
	uint16_t at = n != 0 ? l->table->oldest : NONE;
	for (uint64_t i = 0; i < n && !k->bad; i++) {
		if (k->reading) {
			lost_read(k, l->table);
		} else {
			lost_form(k, &l->table->lost[at]);
			at = l->table->lost[at].newer;
		}
	}
}
