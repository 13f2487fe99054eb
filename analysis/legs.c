/*
 * legs.c - the leg of the device and that of the mailbox server, tied together.
 *
 * A front end creates in the store while it answers the device, so the create lies within the Sync in
 * time; both are of one user and one appointment. Clocks of two recordings may differ: then user and
 * appointment have to do, and the difference is what the first pair shows.
 */
#include "analysis/store.h"

#include <stdio.h>
#include <string.h>

#define NEAR_NS (INT64_C(43200) * 1000000000) /* clocks further apart are no one scene */

/* "anna" of "anna@example.com" and of "EXAMPLE\anna": the part both legs share. */
static uint64_t user_number(struct slice name)
{
	uint8_t lower[64];
	size_t back = slice_find_byte(name, '\\');
	if (back != name.n)
		name = slice_part(name, back + 1, name.n);
	name.n = slice_find_byte(name, '@');
	size_t n = name.n < sizeof(lower) ? name.n : sizeof(lower);
	for (size_t i = 0; i < n; i++)
		lower[i] = ascii_lower(name.p[i]);
	return n == 0 ? 0 : mix_slice(51, (struct slice){ lower, n });
}

static int64_t end_ns(const struct txn *txn)
{
	return txn->res.seen ? txn->res.last.ns : txn->req.last.ns;
}

static uint8_t text_keep(char *out, size_t room, struct slice s)
{
	size_t n = s.n < room ? s.n : room;
	if (n != 0)
		memcpy(out, s.p, n);
	return (uint8_t)n;
}

static void note_add(char *note, size_t room, size_t *n, struct slice s)
{
	size_t more = s.n < room - 1 - *n ? s.n : room - 1 - *n;
	if (more != 0)
		memcpy(note + *n, s.p, more);
	*n += more;
	note[*n] = '\0';
}

static void front_note(struct front *f, const struct op *op)
{
	size_t n = 0;
	note_add(f->note, sizeof(f->note), &n, SLICE("ClientId "));
	note_add(f->note, sizeof(f->note), &n, op->item->client_id);
	note_add(f->note, sizeof(f->note), &n, SLICE(" SyncKey "));
	note_add(f->note, sizeof(f->note), &n, op->guard_value);
}

static bool within(const struct back *b, const struct op *front)
{
	const struct txn *txn = front->txn;
	if (b->input == txn->done.input)
		return b->first_ns >= txn->req.first.ns && b->last_ns <= end_ns(txn);
	int64_t apart = b->first_ns - txn->req.first.ns;
	return apart > -NEAR_NS && apart < NEAR_NS;
}

static const struct back *back_of(const struct store *s, const struct op *front, uint64_t user,
    uint64_t print)
{
	size_t n = s->n_backs < BACKS ? s->n_backs : BACKS;
	for (size_t i = 1; i <= n; i++) {
		const struct back *b = &s->backs[(s->n_backs - i) % BACKS];
		if (b->user == user && b->print == print && within(b, front))
			return b;
	}
	return NULL;
}

/* The front end says that it failed and the store has it, or the other way round. */
static void mismatch_judge(struct store *s, const struct op *front, const struct front *f,
    const struct back *b)
{
	bool failed_yet_stored = f->commit == COMMIT_MAYBE && b->commit == COMMIT_YES;
	bool fine_yet_not = f->commit == COMMIT_YES && b->commit == COMMIT_NO;
	const struct item *item = item_find(s, b->scope, b->id);
	if (item == NULL || (!failed_yet_stored && !fine_yet_not))
		return;
	struct matter m = matter_of(s, TROUBLE_GATEWAY_MISMATCH, item, front);
	m.certainty = b->input == front->txn->done.input ? CONFIRMED : PROBABLE;
	m.value = failed_yet_stored ? SLICE("failed") : SLICE("done");
	m.other_value = failed_yet_stored ? SLICE("stored") : SLICE("refused");
	matter_tell(s, &m);
}

void legs_front(struct store *s, const struct op *op)
{
	uint64_t print = object_print(op->object);
	uint64_t user = user_number(op->mailbox);
	if (op->kind != OP_CREATE || op->item == NULL || print == 0 || user == 0)
		return;
	struct front *f = &s->fronts[s->n_fronts++ % FRONTS];
	*f = (struct front){ .user = user,
		.print = print,
		.mark = trace_of(op),
		.commit = op->commit,
		.status = op->row_status };
	f->n_device = text_keep(f->device, sizeof(f->device), op->device);
	front_note(f, op);
	const struct back *b = back_of(s, op, user, print);
	if (b != NULL)
		mismatch_judge(s, op, f, b);
}

void legs_back(struct store *s, const struct op *op)
{
	uint64_t print = object_print(op->object), user = user_number(op->mailbox);
	bool writes = op->kind == OP_CREATE || op->kind == OP_WRITE;
	if (!writes || print == 0 || user == 0 || op->facts->flavour != FLAVOUR_EXCHANGE)
		return;
	s->backs[s->n_backs++ % BACKS] = (struct back){ .user = user,
		.print = print,
		.scope = op->at.scope,
		.id = op->at.id,
		.first_ns = op->txn->req.first.ns,
		.last_ns = end_ns(op->txn),
		.input = op->txn->done.input,
		.commit = op->commit };
}

const struct front *legs_front_of(const struct store *s, struct slice mailbox, uint64_t print,
    size_t *from)
{
	uint64_t user = user_number(mailbox);
	size_t n = s->n_fronts < FRONTS ? s->n_fronts : FRONTS;
	while (user != 0 && print != 0 && *from < n) {
		const struct front *f = &s->fronts[(s->n_fronts - n + (*from)++) % FRONTS];
		if (f->user == user && f->print == print)
			return f;
	}
	return NULL;
}
