/*
 * doubt.c - what rests on something that did not happen: a write over a version that its client never read, a
 * refused create of what nobody else was seen to make. It waits until everything that came before has been
 * told, and counts only where all of it was captured.
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
	return d->trouble == TROUBLE_LOST_UPDATE || is_unwritten(item);
}

static void doubt_tell(struct store *s, const struct doubt *d)
{
	char href[HREF_ROOM];
	const struct item *item = item_find(s, d->scope, d->id);
	if (!is_true(d, item))
		return;
	struct matter m = matter_of(s, d->trouble, item, NULL);
	m.certainty = PROBABLE;
	m.href = item_full_path(s, item, href, sizeof(href));
	m.peer = peer_text(s, d->peer);
	m.packets = d->packets;
	m.n_packets = d->n_packets;
	matter_tell(s, &m);
}

static void doubt_pop(struct store *s)
{
	doubt_tell(s, &s->doubts[s->n_resolved++ % DOUBTS]);
}

void doubt_add(struct store *s, enum trouble trouble, const struct item *item, const struct op *op,
    const struct stamp *packets, size_t n)
{
	if (s->n_doubts - s->n_resolved == DOUBTS)
		doubt_pop(s);
	struct doubt *d = &s->doubts[s->n_doubts++ % DOUBTS];
	*d = (struct doubt){ .trouble = trouble,
		.scope = item->scope,
		.id = item->id,
		.peer = op->peer,
		.blind = blind_of(s, op->txn),
		.since = trouble == TROUBLE_LOST_UPDATE ? item->written_order : 0,
		.ns = s->now.ns,
		.n_packets = n < DOUBT_PACKETS ? n : DOUBT_PACKETS };
	memcpy(d->packets, packets, d->n_packets * sizeof(*packets));
}

/* Longer than a hole in a stream stays open. */
void doubt_tick(struct store *s, int64_t now)
{
	int64_t wait = (int64_t)s->limits->doubt_seconds * 1000000000;
	while (s->n_resolved != s->n_doubts &&
	    ns_apart(now, s->doubts[s->n_resolved % DOUBTS].ns) >= wait)
		doubt_pop(s);
}

void doubt_finish(struct store *s)
{
	while (s->n_resolved != s->n_doubts)
		doubt_pop(s);
}
