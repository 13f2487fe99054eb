/*
 * doubt.c - what rests on something that did not happen: a write over a version that its client never read, a
 * refused create that its client does not look at. It waits until everything that came before has been told,
 * or that client has had its time, and counts only where all of it was captured.
 */
#include "analysis/store.h"

#include <string.h>

enum { HREF_ROOM = 512 };

/* ---- whose messages are missing ---- */

static uint64_t *blind_of(struct store *s, const struct txn *txn)
{
	const struct endpoint *client = &txn->client;
	struct slice address = { client->address, sizeof(client->address) };
	return &s->blind[mix(client->family, mix_slice(91, address)) % BLIND_SLOTS];
}

static bool is_observed(const struct message *m)
{
	return m->seen && m->loss == 0;
}

/* A connection that ended in order or by a reset had no more to be seen. */
bool txn_is_whole(const struct txn *txn)
{
	switch (txn->unpaired) {
	case PAIRED:
		return is_observed(&txn->req) && is_observed(&txn->res);
	case UNPAIRED_CLOSED:
	case UNPAIRED_RESET:
	case UNPAIRED_UNSOLICITED:
		return true;
	default:
		return false;
	}
}

void store_txn(struct store *s, const struct txn *txn)
{
	uint64_t *last = blind_of(s, txn);
	if (txn_is_whole(txn) || txn->done.order <= *last)
		return;
	*last = txn->done.order;
	mark_set(&s->blind_marks, (size_t)(last - s->blind));
}

/* ---- until it is told ---- */

static bool is_true(const struct doubt *d, const struct item *item)
{
	if (item == NULL || *d->blind > d->since)
		return false;
	if (d->trouble == TROUBLE_LOST_UPDATE)
		return true;
	/* Nobody else was seen to make it, or it is known to be its own. */
	return item->own_waits && (d->since != 0 || is_unwritten(item));
}

static void doubt_tell(struct store *s, const struct doubt *d)
{
	char href[HREF_ROOM];
	struct item *item = item_find(s, d->scope, d->id);
	if (!is_true(d, item))
		return;
	if (d->trouble == TROUBLE_OWN_CREATE_REFUSED) {
		item->own_waits = false;
		item->own_told = true;
		item_mark(s, item);
	}
	struct matter m = matter_of(s, d->trouble, item, NULL);
	m.certainty = PROBABLE;
	m.href = item_full_path(s, item, href, sizeof(href));
	m.peer = peer_text(s, d->peer);
	m.packets = d->packets;
	m.n_packets = d->n_packets;
	matter_tell(s, &m);
}

static void doubt_resolve(struct store *s, struct doubt *d)
{
	if (d->trouble != TROUBLE_NONE)
		doubt_tell(s, d);
	d->trouble = TROUBLE_NONE;
	while (s->n_resolved != s->n_doubts &&
	    s->doubts[s->n_resolved % DOUBTS].trouble == TROUBLE_NONE)
		s->n_resolved++;
}

/* Where there is no room, who still has time to look is not said to have done nothing. */
static void doubt_push_out(struct store *s)
{
	struct doubt *d = &s->doubts[s->n_resolved % DOUBTS];
	if (d->trouble == TROUBLE_OWN_CREATE_REFUSED)
		d->trouble = TROUBLE_NONE;
	doubt_resolve(s, d);
}

static uint64_t since_of(enum trouble trouble, const struct item *item, const struct op *op)
{
	if (trouble == TROUBLE_LOST_UPDATE)
		return item->written_order;
	return is_unwritten(item) ? 0 : op->txn->done.order;
}

void doubt_add(struct store *s, enum trouble trouble, const struct item *item, const struct op *op,
    const struct stamp *packets, size_t n)
{
	if (s->n_doubts - s->n_resolved == DOUBTS)
		doubt_push_out(s);
	struct doubt *d = &s->doubts[s->n_doubts++ % DOUBTS];
	*d = (struct doubt){ .trouble = trouble,
		.scope = item->scope,
		.id = item->id,
		.peer = op->peer,
		.blind = blind_of(s, op->txn),
		.since = since_of(trouble, item, op),
		.ns = s->now.ns,
		.n_packets = n < DOUBT_PACKETS ? n : DOUBT_PACKETS };
	memcpy(d->packets, packets, d->n_packets * sizeof(*packets));
}

void doubt_own(struct store *s, const struct item *item)
{
	for (size_t i = s->n_resolved; i < s->n_doubts; i++) {
		struct doubt *d = &s->doubts[i % DOUBTS];
		if (d->trouble == TROUBLE_OWN_CREATE_REFUSED && d->scope == item->scope &&
		    d->id == item->id)
			doubt_resolve(s, d);
	}
}

/* Longer than a hole in a stream stays open; and as long as a client may take to look. */
static bool is_due(const struct store *s, const struct doubt *d, int64_t now)
{
	uint64_t seconds = s->limits->doubt_seconds;
	if (d->trouble == TROUBLE_OWN_CREATE_REFUSED)
		seconds = s->limits->look_seconds;
	return ns_apart(now, d->ns) >= (int64_t)seconds * 1000000000;
}

void doubt_tick(struct store *s, int64_t now)
{
	for (size_t i = s->n_resolved; i < s->n_doubts; i++)
		if (is_due(s, &s->doubts[i % DOUBTS], now))
			doubt_resolve(s, &s->doubts[i % DOUBTS]);
}

void doubt_finish(struct store *s)
{
	while (s->n_resolved != s->n_doubts)
		doubt_resolve(s, &s->doubts[s->n_resolved % DOUBTS]);
}
