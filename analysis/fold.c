/*
 * fold.c - the legs of one attempt become one operation: what authentication asked for again, what was
 * redirected, what a library sent once more by itself.
 *
 * A leg that asks for another one waits, with its transaction, until that comes or time is up.
 */
#include "analysis/meaning.h"
#include "analysis/signs.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING = 256, LOST = 256, WAITING_BYTES = 8 << 20 };
#define LEG_NS (INT64_C(30) * 1000000000)
#define RETRY_NS (INT64_C(120) * 1000000000)

struct leg {
	struct txn *txn;
	struct ops ops;
};

struct lost {
	uint64_t what;
	int64_t ns;
	uint16_t attempts;
};

struct folder {
	struct fold_sink sink;
	struct places *places;
	struct copies *copies;
	struct leg waiting[WAITING]; /* a ring, oldest first */
	size_t first, n, bytes;
	struct lost lost[LOST];
	uint64_t number;
};

struct folder *folder_new(const struct limits *limits, struct fold_sink sink, struct teller teller,
    struct places *places)
{
	(void)limits;
	struct folder *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->sink = sink;
	f->places = places;
	f->copies = copies_new(places, teller);
	if (f->copies == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

static struct leg *leg_at(struct folder *f, size_t i)
{
	return &f->waiting[(f->first + i) % WAITING];
}

void folder_free(struct folder *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		txn_free(leg_at(f, i)->txn);
	copies_free(f->copies);
	free(f);
}

/* ---- packets ---- */

static void packet_add(struct stamp out[OP_PACKETS], size_t *n, struct stamp at)
{
	size_t i = *n;
	if (at.frame == 0 || *n == OP_PACKETS)
		return;
	while (i != 0 && out[i - 1].order > at.order)
		i--;
	if (i != 0 && out[i - 1].order == at.order)
		return;
	memmove(&out[i + 1], &out[i], (*n - i) * sizeof(*out));
	out[i] = at;
	++*n;
}

/* The packets that complete both header blocks, behind those of the legs before. */
static void packets_join(struct op *op, const struct op *before)
{
	struct stamp all[OP_PACKETS];
	size_t n = 0;
	for (size_t i = 0; before != NULL && i < before->n_packets; i++)
		packet_add(all, &n, before->packets[i]);
	packet_add(all, &n, op->txn->req.head);
	packet_add(all, &n, op->txn->res.head);
	struct stamp *kept = arena_alloc(op->txn->arena, n * sizeof(*kept));
	op->packets = kept;
	op->n_packets = kept != NULL ? n : 0;
	if (kept != NULL && n != 0)
		memcpy(kept, all, n * sizeof(*kept));
}

/* ---- attempts ---- */

static uint64_t attempt_number(const struct op *op)
{
	uint64_t what = mix_slice(op->peer, op->txn->req.method);
	what = mix(mix_slice(what, op->at.path), op->body_hash);
	return mix(mix_slice(what, op->guard_value), op->guard);
}

/* The same bytes again, soon after they got no answer: an HTTP library does that unasked. */
static void attempts_count(struct folder *f, struct op *op)
{
	uint64_t what = attempt_number(op);
	struct lost *slot = &f->lost[what % LOST];
	int64_t now = op->txn->req.first.ns;
	if (slot->what == what && now >= slot->ns && now - slot->ns < RETRY_NS)
		op->attempts = (uint16_t)(slot->attempts + (slot->attempts < UINT16_MAX));
	if (op->outcome == OUT_LOST)
		*slot = (struct lost){ what, op->txn->done.ns, op->attempts };
}

/* ---- legs ---- */

static void ops_send(struct folder *f, struct leg leg)
{
	for (size_t i = 0; i < leg.ops.n; i++) {
		struct op *op = &leg.ops.list[i];
		op->number = ++f->number;
		f->sink.op(f->sink.ctx, op);
	}
	copies_add(f->copies, leg.ops);
	txn_free(leg.txn);
}

static struct leg leg_take(struct folder *f, size_t i)
{
	struct leg leg = *leg_at(f, i);
	for (; i + 1 < f->n; i++)
		*leg_at(f, i) = *leg_at(f, i + 1);
	f->n--;
	f->bytes -= arena_used(leg.txn->arena);
	return leg;
}

static void legs_expire(struct folder *f, int64_t now)
{
	while (f->n != 0 && now - leg_at(f, 0)->txn->done.ns > LEG_NS)
		ops_send(f, leg_take(f, 0));
}

static void leg_wait(struct folder *f, struct leg leg)
{
	while (f->n == WAITING || (f->n != 0 && f->bytes > WAITING_BYTES))
		ops_send(f, leg_take(f, 0));
	*leg_at(f, f->n) = leg;
	f->n++;
	f->bytes += arena_used(leg.txn->arena);
}

static struct slice location_of(const struct op *op)
{
	struct slice value = { 0 };
	if (op->outcome != OUT_REDIRECT || op->txn->res.status / 100 != 3 ||
	    message_header(&op->txn->res, "Location", &value) != PRESENT)
		return (struct slice){ 0 };
	return path_canonical(value, op->txn->arena);
}

static bool same_client(const struct txn *a, const struct txn *b)
{
	return a->client.family == b->client.family &&
	    memcmp(a->client.address, b->client.address, sizeof(a->client.address)) == 0;
}

static bool same_target(const struct op *before, const struct op *now)
{
	if (slice_equal(before->at.path, now->at.path) &&
	    slice_equal(before->txn->req.target, now->txn->req.target))
		return true;
	struct slice location = location_of(before);
	return location.n != 0 && slice_equal(location, now->at.path);
}

/* `now` repeats what `before` was told to send again. */
static bool leg_leads_to(const struct leg *before, const struct txn *txn, struct ops ops)
{
	const struct op *first = &before->ops.list[0];
	int64_t gap = txn->req.first.ns - before->txn->done.ns;
	return gap >= -LEG_NS && gap <= LEG_NS && same_client(before->txn, txn) &&
	    slice_equal(before->txn->req.method, txn->req.method) &&
	    same_target(first, &ops.list[0]);
}

static void legs_join(struct folder *f, const struct txn *txn, struct ops ops)
{
	for (size_t i = f->n; i-- != 0;) {
		if (!leg_leads_to(leg_at(f, i), txn, ops))
			continue;
		struct leg before = leg_take(f, i);
		for (size_t k = 0; k < ops.n; k++) {
			ops.list[k].legs = (uint16_t)(ops.list[k].legs + before.ops.list[0].legs);
			packets_join(&ops.list[k], &before.ops.list[0]);
		}
		txn_free(before.txn);
		return;
	}
}

/* What a collection was moved to for good is another name of it. */
static void redirect_learn(struct folder *f, const struct op *op)
{
	uint16_t status = op->txn->res.status;
	struct slice location = location_of(op);
	if (location.n == 0 || (status != 301 && status != 308) || op->kind < OP_READ)
		return;
	uint64_t authority = place_authority(op->txn);
	places_alias(f->places, authority, op->at.path, authority, location);
}

static bool wants_another_leg(const struct op *op)
{
	return op->outcome == OUT_AUTH || (op->outcome == OUT_REDIRECT && location_of(op).n != 0) ||
	    op->txn->res.status == 417;
}

void folder_txn(struct folder *f, struct txn *txn, struct ops ops)
{
	struct leg leg = { txn, ops };
	legs_expire(f, txn->done.ns);
	if (ops.n == 0) {
		txn_free(txn);
		return;
	}
	for (size_t i = 0; i < ops.n; i++)
		packets_join(&ops.list[i], NULL);
	legs_join(f, txn, ops);
	redirect_learn(f, &ops.list[0]);
	if (wants_another_leg(&ops.list[0])) {
		leg_wait(f, leg);
		return;
	}
	for (size_t i = 0; i < ops.n; i++)
		attempts_count(f, &ops.list[i]);
	copies_judge(f->copies, ops, &f->sink);
	ops_send(f, leg);
}

void folder_finish(struct folder *f)
{
	while (f->n != 0)
		ops_send(f, leg_take(f, 0));
}
