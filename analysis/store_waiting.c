/*
 * store_waiting.c - likely copies and doubts that wait as records, and back: what waits when a process ends
 * is told by the next one.
 */
#include "analysis/store.h"

#include <stdlib.h>
#include <string.h>

/* ---- likely copies ---- */

static void pair_form(struct pack *k, struct pending *p)
{
	pack_u64(k, &p->scope_a);
	pack_u64(k, &p->id_a);
	pack_u64(k, &p->scope_b);
	pack_u64(k, &p->id_b);
	pack_i64(k, &p->since_ns);
	PACK(k, p->trouble);
}

struct pairs {
	struct pending *list; /* an array while it is read, else a list */
	size_t n;
};

static void pairs_form(struct pack *k, void *thing)
{
	struct pairs *p = thing;
	struct pending *at = p->list;
	PACK(k, p->n);
	if (k->reading && p->n > PENDING_MAX + 1)
		k->bad = true;
	for (size_t i = 0; i < p->n && !k->bad; i++) {
		pair_form(k, at);
		at = k->reading ? at + 1 : at->next;
	}
}

static bool pairs_put_back(struct store *s, const struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!pending_append(s, &p->list[i]))
			return false;
	return true;
}

static bool pairs_good(const struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].trouble != TROUBLE_DUPLICATE &&
		    p->list[i].trouble != TROUBLE_MOVE_HALF_DONE)
			return false;
	return true;
}

bool pending_load(struct store *s, const struct state_record *r)
{
	struct pairs p = { .list = calloc(PENDING_MAX + 1, sizeof(struct pending)) };
	bool done = p.list != NULL && s->first == NULL && record_form(r, pairs_form, &p) &&
	    pairs_good(&p) && pairs_put_back(s, &p);
	free(p.list);
	return done;
}

/* ---- doubts ---- */

/* Resolved ones are of no use; they are numbered from 0 again. */
struct doubts {
	struct doubt list[DOUBTS];
	uint64_t blind[DOUBTS];
	size_t n;
};

static void doubt_form(struct pack *k, struct doubt *d, uint64_t *blind)
{
	PACK(k, d->trouble);
	pack_u64(k, &d->scope);
	pack_u64(k, &d->id);
	pack_u64(k, &d->peer);
	pack_u64(k, blind);
	pack_u64(k, &d->since);
	pack_i64(k, &d->ns);
	PACK(k, d->n_packets);
	for (size_t i = 0; i < DOUBT_PACKETS; i++)
		pack_stamp(k, &d->packets[i]);
}

static void doubts_form(struct pack *k, void *thing)
{
	struct doubts *d = thing;
	PACK(k, d->n);
	if (d->n > DOUBTS)
		k->bad = true;
	for (size_t i = 0; i < d->n && !k->bad; i++)
		doubt_form(k, &d->list[i], &d->blind[i]);
}

static struct doubts doubts_of(const struct store *s)
{
	struct doubts d = { .n = s->n_doubts - s->n_resolved };
	for (size_t i = 0; i < d.n; i++) {
		d.list[i] = s->doubts[(s->n_resolved + i) % DOUBTS];
		d.blind[i] = (uint64_t)(d.list[i].blind - s->blind);
	}
	return d;
}

static bool doubt_good(const struct doubt *d, uint64_t blind)
{
	return (d->trouble == TROUBLE_NONE || d->trouble == TROUBLE_LOST_UPDATE ||
		   d->trouble == TROUBLE_OWN_CREATE_REFUSED) &&
	    d->n_packets <= DOUBT_PACKETS && blind < BLIND_SLOTS;
}

bool doubts_load(struct store *s, const struct state_record *r)
{
	struct doubts d = { .n = 0 };
	if (s->n_doubts != 0 || !record_form(r, doubts_form, &d))
		return false;
	for (size_t i = 0; i < d.n; i++) {
		if (!doubt_good(&d.list[i], d.blind[i]))
			return false;
		d.list[i].blind = &s->blind[d.blind[i]];
	}
	memcpy(s->doubts, d.list, sizeof(s->doubts));
	s->n_doubts = d.n;
	return true;
}

bool waiting_save(struct saving *v, struct store *s)
{
	struct pairs p = { s->first, s->n_pending };
	struct doubts d = doubts_of(s);
	label_text(v, "likely copies that wait");
	if (!save_changed(v, STATE_META, OF_PENDING, pairs_form, &p, &s->saved_pending))
		return false;
	label_text(v, "doubts that wait");
	return save_changed(v, STATE_META, OF_DOUBTS, doubts_form, &d, &s->saved_doubts);
}
