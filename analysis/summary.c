/*
 * summary.c - counts of the whole run, kept as events pass.
 *
 * Names on the wire are an enemy's choice: a bounded number is counted apart, the rest together.
 */
#include "analysis/facts.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES = 32, NAME_BYTES = 128 };

struct name_slot {
	char text[NAME_BYTES];
	size_t n;
	uint64_t count, bytes;
};

struct names {
	size_t n;
	struct name_slot slots[NAMES];
	uint64_t other, other_bytes; /* beyond the slots, or too long for one */
	struct name_count sorted[NAMES + 1];
};

struct counter {
	struct summary sum;
	struct names methods, protocols, tls_names;
};

const char *const unpaired_words[] = {
	[PAIRED] = "paired",
	[UNPAIRED_CLOSED] = "closed",
	[UNPAIRED_RESET] = "reset",
	[UNPAIRED_CAPTURE_END] = "capture-end",
	[UNPAIRED_GAP] = "gap",
	[UNPAIRED_ONE_SIDED] = "one-sided",
	[UNPAIRED_MIDSTREAM] = "midstream",
	[UNPAIRED_LIMIT] = "limit",
	[UNPAIRED_OPAQUE] = "opaque",
	[UNPAIRED_UNSOLICITED] = "unsolicited",
	[UNPAIRED_REASONS] = NULL,
};

const char *unpaired_reason(enum unpaired reason)
{
	return unpaired_words[reason];
}

static void names_count(struct names *t, struct slice name, uint64_t bytes)
{
	struct name_slot *s = t->slots;
	while (s < t->slots + t->n && (s->n != name.n || memcmp(s->text, name.p, name.n) != 0))
		s++;
	if (s == t->slots + t->n) {
		if (t->n == NAMES || name.n > NAME_BYTES || name.n == 0) {
			t->other++;
			t->other_bytes += bytes;
			return;
		}
		memcpy(s->text, name.p, name.n);
		s->n = name.n;
		t->n++;
	}
	s->count++;
	s->bytes += bytes;
}

static int name_order(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	if (order != 0)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

static int count_compare(const void *left, const void *right)
{
	const struct name_count *a = left, *b = right;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return name_order(a->name, b->name);
}

static int name_compare(const void *left, const void *right)
{
	const struct name_count *a = left, *b = right;
	return name_order(a->name, b->name);
}

static size_t names_sort(struct names *t, int (*compare)(const void *, const void *))
{
	for (size_t i = 0; i < t->n; i++) {
		struct name_slot *s = &t->slots[i];
		t->sorted[i] = (struct name_count){ { (const uint8_t *)s->text, s->n }, s->count,
			s->bytes };
	}
	qsort(t->sorted, t->n, sizeof(t->sorted[0]), compare);
	if (t->other == 0)
		return t->n;
	t->sorted[t->n] = (struct name_count){ SLICE("OTHER"), t->other, t->other_bytes };
	return t->n + 1;
}

struct counter *counter_new(void)
{
	struct counter *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->sum.first_ns = INT64_MAX;
	c->sum.last_ns = INT64_MIN;
	return c;
}

void counter_free(struct counter *c)
{
	free(c);
}

static void count_time(struct summary *s, int64_t ns)
{
	if (ns < s->first_ns)
		s->first_ns = ns;
	if (ns > s->last_ns)
		s->last_ns = ns;
}

/* That nothing of it was missing has to be proven; else it counts as not captured. */
static void count_body(struct summary *s, const struct message *m)
{
	bool given_up = m->loss & (LOSS_LIMIT | LOSS_DAMAGED);
	if (m->body.complete)
		return;
	if (m->loss & (LOSS_GAP | LOSS_CLIPPED))
		s->incomplete_bodies++;
	else if (m->end_seen || m->body.undecodable || given_up)
		s->undecoded_bodies++;
	else if (m->cut_off)
		s->cut_off_bodies++;
	else
		s->incomplete_bodies++;
}

static void count_message(struct summary *s, const struct message *m)
{
	if (!m->seen)
		return;
	count_time(s, m->first.ns);
	count_time(s, m->last.ns);
	count_body(s, m);
}

static void count_tag(struct summary *s, const struct facts *facts)
{
	struct tag_counts *counts;
	if (!facts->write || facts->tag_due == TAG_NOT_DUE)
		return;
	if (facts->tag_due == TAG_DUE_EXCHANGE)
		counts = &s->exchange_due;
	else if (facts->tag_due == TAG_DUE_SCHEDULING)
		counts = &s->scheduling_due;
	else
		counts = &s->usual[facts->flavour];
	counts->tagged += facts->tag_seen == PRESENT;
	counts->untagged += facts->tag_seen == ABSENT;
	counts->unseen += facts->tag_seen == NOT_OBSERVED;
}

void counter_txn(struct counter *c, const struct txn *txn, const struct facts *facts)
{
	struct summary *s = &c->sum;
	s->transactions++;
	s->unpaired[txn->unpaired]++;
	s->unpaired_requests += txn->req.seen && !txn->res.seen;
	s->unpaired_responses += txn->res.seen && !txn->req.seen;
	s->unsure += txn->unsure;
	s->gapless_unsure += txn->unsure && txn->gapless;
	s->gapless_opaque += txn->unpaired == UNPAIRED_OPAQUE && txn->gapless;
	s->flavours[facts->flavour]++;
	count_message(s, &txn->req);
	count_message(s, &txn->res);
	if (txn->req.seen)
		names_count(&c->methods, txn->req.method, 0);
	if (txn->res.seen && txn->res.status < sizeof(s->statuses) / sizeof(s->statuses[0]))
		s->statuses[txn->res.status]++;
	count_tag(s, facts);
}

/* "dav.example offers h2,http/1.1" */
static void count_tls_name(struct counter *c, const struct flow *flow, uint64_t bytes)
{
	char text[NAME_BYTES];
	struct slice name = flow->tls_server_name.n ? flow->tls_server_name : SLICE("no name");
	struct slice between = flow->tls_alpn.n ? SLICE(" offers ") : SLICE("");
	const struct slice parts[] = { name, between, flow->tls_alpn };
	size_t n = 0;
	if (flow->tls_server_name.n + flow->tls_alpn.n == 0)
		return;
	for (size_t i = 0; i < 3 && n <= sizeof(text); n += parts[i++].n)
		if (parts[i].n != 0 && parts[i].n <= sizeof(text) - n)
			memcpy(text + n, parts[i].p, parts[i].n);
	names_count(&c->tls_names, (struct slice){ (uint8_t *)text, n }, bytes);
}

void counter_flow(struct counter *c, const struct flow *flow)
{
	struct summary *s = &c->sum;
	s->flows++;
	count_time(s, flow->first.ns);
	count_time(s, flow->last.ns);
	bool http = strcmp(flow->protocol, "http") == 0;
	const char *opaque = http ? flow->tunnel : flow->protocol;
	uint64_t bytes = flow->opaque_bytes[0] + flow->opaque_bytes[1];
	s->http_flows += http;
	if (opaque && strcmp(opaque, "none") != 0)
		names_count(&c->protocols, slice_from(opaque), bytes);
	count_tls_name(c, flow, bytes);
}

void counter_anomaly(struct counter *c, const struct anomaly *anomaly)
{
	struct summary *s = &c->sum;
	s->anomalies[anomaly->code]++;
	count_time(s, anomaly->at.ns);
	if (anomaly->code == TCP_GAP) {
		s->gaps++;
		s->gap_bytes += anomaly->value;
	} else if (anomaly->code == TCP_CLIPPED) {
		s->clipped_bytes += anomaly->value;
	}
}

const struct summary *counter_summary(struct counter *c, uint64_t items, uint64_t sessions)
{
	c->sum.items_forgotten = items;
	c->sum.sessions_forgotten = sessions;
	c->sum.n_methods = names_sort(&c->methods, count_compare);
	c->sum.methods = c->methods.sorted;
	c->sum.n_protocols = names_sort(&c->protocols, name_compare);
	c->sum.protocols = c->protocols.sorted;
	c->sum.n_tls_names = names_sort(&c->tls_names, name_compare);
	c->sum.tls_names = c->tls_names.sorted;
	return &c->sum;
}
