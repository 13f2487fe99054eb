/*
 * witness.c - an event as stateful rules remember it: when, on which flow, and the packets that a
 * finding will name as evidence.
 */
#include "rules/state.h"

#include <string.h>

enum { ID_MAX = 255 };

static bool same_packet(const struct stamp *a, const struct stamp *b)
{
	return a->order == b->order && a->frame == b->frame;
}

/* The first and the last of a transaction, and those that complete a header block. */
static size_t packets_of_txn(const struct txn *txn, struct stamp at[EVENT_PACKETS], size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || i + 1 == n || same_packet(&at[i], &txn->req.head) ||
		    same_packet(&at[i], &txn->res.head))
			at[kept++] = at[i];
	return kept;
}

/* What rests on many packets: the first three and the last. */
static size_t packets_of_many(const struct stamp *all, size_t n_all, struct stamp at[EVENT_PACKETS])
{
	size_t n = n_all < WITNESS_PACKETS ? n_all : WITNESS_PACKETS;
	for (size_t i = 0; i < n; i++)
		at[i] = all[i + 1 == n ? n_all - 1 : i];
	return n;
}

static size_t packets_pick(const struct event *e, struct stamp at[EVENT_PACKETS])
{
	if (e->mock == NULL && e->kind == EVENT_FINDING)
		return packets_of_many(e->finding->evidence, e->finding->n_evidence, at);
	size_t n = event_packets(e, at);
	if (n <= WITNESS_PACKETS)
		return n;
	return e->kind == EVENT_TRANSACTION ? packets_of_txn(e->txn, at, n) :
					      packets_of_many(at, n, at);
}

static size_t witness_size(size_t n_packets, size_t n_id)
{
	return sizeof(struct witness) + n_packets * sizeof(struct packet_place) + n_id;
}

static uint8_t *id_room(const struct witness *w)
{
	return (uint8_t *)(uintptr_t)(w->packets + w->n_packets);
}

struct witness *witness_new(struct store *store, const struct event *e, int64_t ns, bool with_id)
{
	struct stamp at[EVENT_PACKETS];
	size_t n = packets_pick(e, at);
	size_t n_id = !with_id ? 0 : e->id.n < ID_MAX ? e->id.n : ID_MAX;
	struct witness *w = store_alloc(store, witness_size(n, n_id));
	if (w == NULL)
		return NULL;
	*w = (struct witness){ .ns = ns,
		.flow = event_flow(e, store->hash_key),
		.mark = event_mark(e),
		.n_packets = (uint8_t)n,
		.n_id = (uint8_t)n_id };
	for (size_t i = 0; i < n; i++)
		w->packets[i] = (struct packet_place){ .order = at[i].order,
			.frame = at[i].frame & ((UINT64_C(1) << 48) - 1),
			.input = at[i].input,
			.ns = at[i].ns };
	if (n_id != 0)
		memcpy(id_room(w), e->id.p, n_id);
	return w;
}

void witness_free(struct store *store, struct witness *w)
{
	if (w != NULL)
		store_release(store, w, witness_size(w->n_packets, w->n_id));
}

struct slice witness_id(const struct witness *w)
{
	return (struct slice){ id_room(w), w->n_id };
}

struct stamp witness_packet(const struct witness *w, size_t i)
{
	const struct packet_place *p = &w->packets[i];
	return (struct stamp){ .order = p->order,
		.frame = p->frame,
		.ns = p->ns,
		.input = (uint16_t)p->input };
}

static void place_form(struct pack *k, struct packet_place *p)
{
	pack_u64(k, &p->order);
	PACK(k, p->frame);
	PACK(k, p->input);
	pack_i64(k, &p->ns);
}

bool witness_form(struct pack *k, struct store *store, struct witness **witness)
{
	struct witness head = { .ns = 0 };
	if (!k->reading)
		head = **witness;
	uint64_t n = head.n_packets, n_id = head.n_id;
	pack_i64(k, &head.ns);
	pack_u64(k, &head.flow);
	PACK(k, head.mark);
	pack_u64(k, &n);
	pack_u64(k, &n_id);
	if (k->bad || n > EVENT_PACKETS || n_id > ID_MAX)
		return false;
	if (k->reading) {
		*witness = store_alloc(store, witness_size((size_t)n, (size_t)n_id));
		if (*witness == NULL)
			return false;
		head.n_packets = (uint8_t)n;
		head.n_id = (uint8_t)n_id;
		**witness = head;
	}
	for (size_t i = 0; i < n; i++)
		place_form(k, &(*witness)->packets[i]);
	pack_raw(k, id_room(*witness), (size_t)n_id);
	return !k->bad;
}
