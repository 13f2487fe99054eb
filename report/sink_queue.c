/*
 * sink_queue.c - what waits for one sink, within bounds. Two rows, one of findings and one of the rest;
 * what leaves for want of room is always the oldest of the rest. Who calls holds the lock.
 */
#include "report/sink.h"

#include <stdlib.h>
#include <string.h>

static struct slice part_copy(uint8_t **to, struct slice from)
{
	struct slice copy = { *to, from.n };
	if (from.n != 0)
		memcpy(*to, from.p, from.n);
	*to += from.n;
	return copy;
}

struct entry *entry_new(const struct record *r)
{
	size_t bytes = sizeof(struct entry) + r->rule.n + r->title.n + r->message.n + r->keys.n +
	    r->json.n;
	struct entry *e = malloc(bytes);
	if (e == NULL)
		return NULL;
	uint8_t *to = e->data;
	e->next = NULL;
	e->order = 0;
	e->bytes = bytes;
	e->record = *r;
	e->record.rule = part_copy(&to, r->rule);
	e->record.title = part_copy(&to, r->title);
	e->record.message = part_copy(&to, r->message);
	e->record.keys = part_copy(&to, r->keys);
	e->record.json = part_copy(&to, r->json);
	return e;
}

static struct row *row_of(struct queue *q, const struct entry *e)
{
	return &q->rows[e->record.kind == EVENT_FINDING];
}

static struct entry *row_pop(struct row *r)
{
	struct entry *e = r->first;
	r->first = e->next;
	if (r->first == NULL)
		r->last = NULL;
	r->n--;
	r->bytes -= e->bytes;
	return e;
}

static void row_push(struct row *r, struct entry *e)
{
	if (r->last == NULL)
		r->first = e;
	else
		r->last->next = e;
	r->last = e;
	r->n++;
	r->bytes += e->bytes;
}

/* Whether there is room beside what cannot leave, and `others` of the rest with their bytes. */
static bool is_room(const struct queue *q, size_t bytes, uint64_t others, uint64_t other_bytes)
{
	uint64_t n = q->held + q->rows[1].n + others;
	uint64_t used = q->held_bytes + q->rows[1].bytes + other_bytes;
	return n < q->most_records && used <= q->most_bytes && bytes <= q->most_bytes - used;
}

bool queue_put(struct queue *q, struct entry *e)
{
	if (!is_room(q, e->bytes, 0, 0))
		return false;
	while (!is_room(q, e->bytes, q->rows[0].n, q->rows[0].bytes)) {
		free(row_pop(&q->rows[0]));
		q->dropped++;
	}
	e->order = q->order++;
	row_push(row_of(q, e), e);
	return true;
}

struct entry *queue_take(struct queue *q)
{
	const struct entry *other = q->rows[0].first, *finding = q->rows[1].first;
	if (other == NULL && finding == NULL)
		return NULL;
	bool is_finding = finding != NULL && (other == NULL || finding->order < other->order);
	struct entry *e = row_pop(&q->rows[is_finding]);
	q->held++;
	q->held_bytes += e->bytes;
	return e;
}

void queue_done(struct queue *q, struct entry *e)
{
	q->held--;
	q->held_bytes -= e->bytes;
	free(e);
}

static void row_clear(struct row *r)
{
	while (r->first != NULL)
		free(row_pop(r));
}

void queue_forget(struct queue *q)
{
	row_clear(&q->rows[1]);
}

void queue_clear(struct queue *q)
{
	row_clear(&q->rows[0]);
	row_clear(&q->rows[1]);
}
