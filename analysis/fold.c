/*
 * fold.c - the legs of one attempt become one operation: what authentication asked for again, what was
 * redirected, what a library sent once more by itself.
 *
 * A leg that asks for another one waits, with its transaction, until that comes or time is up.
 */
#include "analysis/remember.h"

#include <stdlib.h>
#include <string.h>

enum { AUTH_LOOP = 6, WAITING = 256, MARKS = 1024, LOST = 256, WAITING_BYTES = 8 << 20 };
#define LEG_NS (INT64_C(30) * 1000000000)
#define RETRY_NS (INT64_C(120) * 1000000000)

struct leg {
	struct txn *txn;
	struct ops ops;
	struct slice location; /* canonical; empty: it leads nowhere else */
	uint64_t asker; /* client and method: what is asked again has the same */
	size_t bytes; /* of the arena, since it waits */
};

struct lost {
	uint64_t what;
	int64_t ns;
	uint16_t attempts;
};

struct folder {
	struct fold_sink sink;
	struct teller teller;
	struct places *places;
	struct copies *copies;
	struct leg waiting[WAITING]; /* a ring, oldest first */
	size_t first, n, bytes;
	uint16_t marks[MARKS]; /* how many of those that wait have such an asker: mostly none has */
	struct lost lost[LOST];
	struct slot_marks lost_marks;
	uint64_t number, saved; /* saved: sum of the record of the number */
};

struct folder *folder_new(const struct limits *limits, struct fold_sink sink, struct teller teller,
    struct places *places)
{
	(void)limits;
	struct folder *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->sink = sink;
	f->teller = teller;
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
	bool again = slot->what == what;
	if (again && now >= slot->ns && ns_apart(now, slot->ns) < RETRY_NS)
		op->attempts = (uint16_t)(slot->attempts + (slot->attempts < UINT16_MAX));
	if (op->outcome == OUT_LOST || again)
		mark_set(&f->lost_marks, what % LOST);
	if (op->outcome == OUT_LOST)
		*slot = (struct lost){ what, op->txn->done.ns, op->attempts };
	else if (again)
		slot->what = 0;
}

/* ---- legs ---- */

static void ops_number(struct folder *f, struct ops ops)
{
	for (size_t i = 0; i < ops.n; i++)
		ops.list[i].number = ++f->number;
}

static void ops_send(struct folder *f, struct leg leg)
{
	for (size_t i = 0; i < leg.ops.n; i++)
		f->sink.op(f->sink.ctx, &leg.ops.list[i]);
	copies_add(f->copies, leg.ops);
	txn_free(leg.txn);
}

static struct leg leg_take(struct folder *f, size_t i)
{
	struct leg leg = *leg_at(f, i);
	if (i == 0)
		f->first++;
	else
		for (; i + 1 < f->n; i++)
			*leg_at(f, i) = *leg_at(f, i + 1);
	f->n--;
	f->bytes -= leg.bytes;
	f->marks[leg.asker % MARKS]--;
	return leg;
}

/* No other leg came: it is an attempt as it stands. */
static void leg_give_up(struct folder *f)
{
	struct leg leg = leg_take(f, 0);
	ops_number(f, leg.ops);
	ops_send(f, leg);
}

static void legs_expire(struct folder *f, int64_t now)
{
	while (f->n != 0 && ns_apart(now, leg_at(f, 0)->txn->done.ns) > LEG_NS)
		leg_give_up(f);
}

static void leg_wait(struct folder *f, struct leg leg)
{
	leg.bytes = arena_used(leg.txn->arena);
	while (f->n == WAITING || (f->n != 0 && f->bytes > WAITING_BYTES))
		leg_give_up(f);
	*leg_at(f, f->n) = leg;
	f->n++;
	f->bytes += leg.bytes;
	f->marks[leg.asker % MARKS]++;
}

static struct slice location_value(const struct op *op)
{
	struct slice value = { 0 };
	if (op->outcome != OUT_REDIRECT || op->txn->res.status / 100 != 3 ||
	    message_header(&op->txn->res, "Location", &value) != PRESENT)
		return (struct slice){ 0 };
	return value;
}

static struct slice path_of(const struct op *op, struct slice url)
{
	return path_canonical(url, op->txn->arena);
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

/* Who asks for a password or for no Expect is asked again; 421 and 426 lead to another connection. */
static bool same_request(const struct leg *before, const struct txn *txn)
{
	const struct txn *old = before->txn;
	bool elsewhere = old->res.status == 421 || old->res.status == 426;
	return slice_equal(old->req.target, txn->req.target) &&
	    (elsewhere ||
		(same_address(&old->server, &txn->server) && old->server.port == txn->server.port));
}

static uint64_t asker_of(const struct txn *txn)
{
	const struct endpoint *client = &txn->client;
	uint64_t who = mix_slice(22, (struct slice){ client->address, sizeof(client->address) });
	return mix_slice(who, txn->req.method);
}

/* `now` repeats what `before` was told to send again. */
static bool leg_leads_to(const struct leg *before, const struct leg *now, struct slice path)
{
	if (before->asker != now->asker)
		return false;
	const struct txn *old = before->txn, *txn = now->txn;
	int64_t gap = ns_apart(txn->req.first.ns, old->done.ns);
	if (txn->req.first.order < old->res.first.order || gap < -LEG_NS || gap > LEG_NS ||
	    !same_address(&old->client, &txn->client) ||
	    !slice_equal(old->req.method, txn->req.method))
		return false;
	return before->location.n != 0 ? slice_equal(before->location, path) :
					 same_request(before, txn);
}

static void legs_join(struct folder *f, const struct leg *now)
{
	struct ops ops = now->ops;
	if (f->marks[now->asker % MARKS] == 0)
		return;
	struct slice path = path_of(&ops.list[0], now->txn->req.target);
	for (size_t i = f->n; i-- != 0;) {
		if (!leg_leads_to(leg_at(f, i), now, path))
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
static void redirect_learn(struct folder *f, const struct op *op, struct slice location)
{
	uint16_t status = op->txn->res.status;
	bool collection = op->kind >= OP_LIST && op->kind <= OP_PROBE;
	if (location.n == 0 || (status != 301 && status != 308) || !collection)
		return;
	places_alias(f->places, place_authority(op->txn), op->at.path,
	    place_authority_of(location_value(op), op->txn), location);
}

static bool wants_another_leg(const struct leg *leg)
{
	uint16_t status = leg->txn->res.status;
	const struct op *op = &leg->ops.list[0];
	if (op->outcome == OUT_AUTH)
		return true;
	return op->outcome == OUT_REDIRECT &&
	    (leg->location.n != 0 || status == 417 || status == 421 || status == 426);
}

/* A handshake has three legs at most; who is asked for the sixth time in a row does not get in. */
static void loop_judge(struct folder *f, const struct op *op)
{
	if (op->outcome != OUT_AUTH || op->legs < AUTH_LOOP)
		return;
	struct matter m = { .trouble = TROUBLE_AUTH_LOOP,
		.certainty = CONFIRMED,
		.number = op->peer % 1000000007,
		.update = (uint64_t)op->legs - AUTH_LOOP,
		.op = op,
		.mailbox = op->mailbox,
		.scope = op->at.path,
		.peer = op->peer_name,
		.device = op->device,
		.count = op->legs,
		.packets = op->packets,
		.n_packets = op->n_packets };
	f->teller.matter(f->teller.ctx, &m);
}

void folder_txn(struct folder *f, struct txn *txn, struct ops ops)
{
	struct leg leg = { .txn = txn, .ops = ops };
	legs_expire(f, txn->done.ns);
	if (ops.n == 0) {
		txn_free(txn);
		return;
	}
	for (size_t i = 0; i < ops.n; i++)
		packets_join(&ops.list[i], NULL);
	leg.asker = asker_of(txn);
	legs_join(f, &leg);
	leg.location = path_of(&ops.list[0], location_value(&ops.list[0]));
	redirect_learn(f, &ops.list[0], leg.location);
	if (wants_another_leg(&leg)) {
		loop_judge(f, &ops.list[0]);
		leg_wait(f, leg);
		return;
	}
	for (size_t i = 0; i < ops.n; i++)
		attempts_count(f, &ops.list[i]);
	ops_number(f, ops);
	copies_judge(f->copies, ops, &f->sink);
	ops_send(f, leg);
}

void folder_tick(struct folder *f, int64_t now)
{
	legs_expire(f, now);
}

void folder_finish(struct folder *f)
{
	while (f->n != 0)
		leg_give_up(f);
}

/* ---- over a restart: legs that wait are lost ---- */

static void lost_form(struct pack *k, void *thing)
{
	struct lost *l = thing;
	pack_u64(k, &l->what);
	pack_i64(k, &l->ns);
	PACK(k, l->attempts);
}

static void number_form(struct pack *k, void *thing)
{
	pack_u64(k, thing);
}

static struct slots lost_slots(struct folder *f)
{
	return (struct slots){ STATE_META, OF_LOST, "request without an answer", f->lost, LOST,
		sizeof(f->lost[0]), &f->lost_marks, lost_form, NULL };
}

bool folder_save(struct folder *f, struct saving *v)
{
	struct slots slots = lost_slots(f);
	label_text(v, "operations so far");
	return save_changed(v, STATE_META, OF_FOLDER, number_form, &f->number, &f->saved) &&
	    slots_save(v, &slots);
}

bool folder_load(struct folder *f, const struct state_record *r)
{
	struct slots slots = lost_slots(f);
	uint64_t number = 0;
	if (r->key[0] == OF_LOST)
		return slots_load(&slots, r);
	if (!record_form(r, number_form, &number))
		return false;
	f->number = number;
	return true;
}

void folder_missed(struct folder *f, uint64_t numbers)
{
	f->number += numbers;
}

void folder_anew(struct folder *f)
{
	struct slots slots = lost_slots(f);
	slots_anew(&slots);
	f->saved = 0;
}
