/*
 * spans.c - the bytes of the streams that belong to chosen transactions, flow by flow, until the
 * flow is over and its packets are listed. By offset in the stream: packets come late, twice and
 * out of order, and a pipelined answer lies between others.
 */
#include "cmd/spans.h"

#include <stdlib.h>

struct span {
	uint64_t from, to;
};

struct span_list {
	struct span *items; /* once taken: rising, apart from each other */
	size_t n, room;
};

struct flow_spans {
	struct flow_spans *next;
	struct flow_id id;
	struct span_list of_client, of_server;
};

struct spans {
	struct hash_key key;
	size_t buckets;
	struct flow_spans **bucket;
};

struct spans *spans_new(const struct limits *limits)
{
	struct spans *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->key = hash_key_random();
	s->buckets = limits->flows < 1 << 20 ? (size_t)limits->flows + 1 : 1 << 20;
	s->bucket = calloc(s->buckets, sizeof(struct flow_spans *));
	if (s->bucket != NULL)
		return s;
	free(s);
	return NULL;
}

void flow_spans_free(struct flow_spans *f)
{
	if (f == NULL)
		return;
	free(f->of_client.items);
	free(f->of_server.items);
	free(f);
}

void spans_free(struct spans *s)
{
	for (size_t i = 0; s != NULL && i < s->buckets; i++) {
		while (s->bucket[i] != NULL) {
			struct flow_spans *next = s->bucket[i]->next;
			flow_spans_free(s->bucket[i]);
			s->bucket[i] = next;
		}
	}
	if (s != NULL)
		free(s->bucket);
	free(s);
}

/* Where the flow stands, or the end of its chain. */
static struct flow_spans **flow_spans_at(struct spans *s, const struct flow_id *id)
{
	uint64_t name[2] = { id->frame, id->input };
	struct flow_spans **at = &s->bucket[hash_keyed(s->key, name, sizeof name) % s->buckets];
	while (*at != NULL && ((*at)->id.frame != id->frame || (*at)->id.input != id->input))
		at = &(*at)->next;
	return at;
}

/* Messages of a stream mostly come in order: one that follows the last makes it longer. */
static bool span_add(struct span_list *l, const struct message *m)
{
	if (!m->seen)
		return true;
	struct span *last = l->n != 0 ? &l->items[l->n - 1] : NULL;
	uint64_t to = m->to > m->from ? m->to : m->from + 1;
	if (last != NULL && last->from <= m->from && m->from <= last->to) {
		last->to = last->to > to ? last->to : to;
		return true;
	}
	if (l->items == NULL || l->n == l->room) {
		size_t room = l->room == 0 ? 4 : l->room * 2;
		struct span *items = realloc(l->items, room * sizeof *items);
		if (items == NULL)
			return false;
		l->items = items;
		l->room = room;
	}
	l->items[l->n++] = (struct span){ m->from, to };
	return true;
}

bool spans_add(struct spans *s, const struct txn *txn)
{
	struct flow_spans **at = flow_spans_at(s, &txn->flow);
	if (*at == NULL) {
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			return false;
		(*at)->id = txn->flow;
	}
	bool request = span_add(&(*at)->of_client, &txn->req);
	return span_add(&(*at)->of_server, &txn->res) && request;
}

static int span_compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

static void spans_order(struct span_list *l)
{
	if (l->n == 0)
		return;
	qsort(l->items, l->n, sizeof *l->items, span_compare);
	size_t last = 0;
	for (size_t i = 1; i < l->n; i++) {
		struct span *before = &l->items[last];
		if (l->items[i].from > before->to)
			l->items[++last] = l->items[i];
		else if (l->items[i].to > before->to)
			before->to = l->items[i].to;
	}
	l->n = last + 1;
}

struct flow_spans *spans_take(struct spans *s, const struct flow_id *id)
{
	struct flow_spans **at = flow_spans_at(s, id);
	struct flow_spans *f = *at;
	if (f == NULL)
		return NULL;
	*at = f->next;
	spans_order(&f->of_client);
	spans_order(&f->of_server);
	return f;
}

bool flow_spans_want(const struct flow_spans *f, const struct packet_ref *packet)
{
	const struct span_list *l = packet->from_client ? &f->of_client : &f->of_server;
	size_t low = 0, high = l->n;
	/* The first span that ends behind the start of the packet. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (l->items[middle].to > packet->offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low < l->n && l->items[low].from < packet->offset + packet->bytes;
}
