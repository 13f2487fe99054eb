/*
 * legs.c - the leg of the device and that of the mailbox server, tied together.
 *
 * A front end creates in the store while it answers the device, so the create lies within the Sync in
 * time; both are of one user and one appointment. Clocks of two recordings may differ: then user and
 * appointment have to do, and the difference is what the first pair shows.
 */
#include "analysis/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MISMATCH_PATH = 512, TRIES = 8 };

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

static void front_mark(struct store *s, const struct front *f)
{
	mark_set(&s->front_marks, (size_t)(f - s->fronts));
}

/* ---- which create belongs to which Sync ---- */

static bool one_recording(const struct front *f, const struct back *b)
{
	return f->trace.input == b->trace.input;
}

static bool belongs(const struct front *f, const struct back *b)
{
	if (f->paired || b->paired || f->user != b->user || f->print != b->print)
		return false;
	if (one_recording(f, b))
		return b->first_ns >= f->first_ns && b->last_ns <= f->last_ns;
	int64_t apart = ns_apart(b->first_ns, f->first_ns);
	return apart > -NEAR_NS && apart < NEAR_NS;
}

static struct clocks *clocks_of(struct store *s, const struct front *f, const struct back *b)
{
	for (size_t i = 0; i < s->n_clocks; i++)
		if (s->clocks[i].front == f->trace.input && s->clocks[i].back == b->trace.input)
			return &s->clocks[i];
	if (s->n_clocks == CLOCKS)
		return NULL;
	mark_set(&s->clock_marks, s->n_clocks);
	struct clocks *c = &s->clocks[s->n_clocks++];
	*c = (struct clocks){ .front = f->trace.input,
		.back = b->trace.input,
		.least_ns = INT64_MIN,
		.most_ns = INT64_MAX,
		.of_front = f->trace,
		.of_back = b->trace };
	return c;
}

/* The create lies within the Sync, so the difference is at least and at most so much. */
static void clocks_learn(struct store *s, const struct front *f, const struct back *b)
{
	struct clocks *c = one_recording(f, b) ? NULL : clocks_of(s, f, b);
	int64_t least = ns_apart(f->first_ns, b->first_ns), most = ns_apart(f->last_ns, b->last_ns);
	if (c == NULL || least > c->most_ns || most < c->least_ns)
		return;
	mark_set(&s->clock_marks, (size_t)(c - s->clocks));
	c->pairs++;
	c->least_ns = least > c->least_ns ? least : c->least_ns;
	c->most_ns = most < c->most_ns ? most : c->most_ns;
}

/* The first try of the same command: the same key and ClientId of one device. */
static struct front *try_first(struct store *s, struct front *f)
{
	size_t n = s->n_fronts < FRONTS ? s->n_fronts : FRONTS;
	for (size_t i = n; i != 0; i--) {
		struct front *first = &s->fronts[(s->n_fronts - i) % FRONTS];
		if (first->idem == f->idem && first->print == f->print && f->idem != 0)
			return first;
	}
	return f;
}

/* All tries of it so far, on both legs. */
static size_t tries_packets(const struct store *s, const struct front *f,
    struct stamp packets[OP_PACKETS])
{
	struct trace traces[2 * TRIES];
	size_t n = s->n_fronts < FRONTS ? s->n_fronts : FRONTS, k = 0;
	for (size_t i = n; i != 0 && k < 2 * TRIES; i--) {
		const struct front *one = &s->fronts[(s->n_fronts - i) % FRONTS];
		if (one != f && (f->idem == 0 || one->idem != f->idem || !one->paired))
			continue;
		traces[k++] = one->trace;
		traces[k++] = one->back;
	}
	return traces_packets(traces, k, packets);
}

/* The front end says that it failed and the store has it, or the other way round. */
static void mismatch_judge(struct store *s, const struct op *op, struct front *f,
    const struct back *b)
{
	bool failed_yet_stored = f->commit == COMMIT_MAYBE && b->commit == COMMIT_YES;
	bool fine_yet_not = f->commit == COMMIT_YES && b->commit == COMMIT_NO &&
	    one_recording(f, b);
	struct item *item = item_find(s, b->scope, b->id);
	if (!fine_yet_not && (item == NULL || !failed_yet_stored))
		return;
	struct front *first = try_first(s, f);
	struct stamp packets[OP_PACKETS];
	char href[MISMATCH_PATH];
	struct matter m = matter_of(s, TROUBLE_GATEWAY_MISMATCH, item, op);
	if (first->number == 0)
		first->number = m.number;
	front_mark(s, first);
	m.number = first->number;
	m.update = first->mismatches++;
	m.count = first->mismatches;
	if (item != NULL) {
		m.mailbox = path_mailbox(m.scope);
		m.href = item_full_path(s, item, href, sizeof(href));
	}
	m.packets = packets;
	m.n_packets = tries_packets(s, f, packets);
	m.certainty = one_recording(f, b) ? CONFIRMED : PROBABLE;
	m.value = failed_yet_stored ? SLICE("failed") : SLICE("done");
	m.other_value = failed_yet_stored ? SLICE("stored") : SLICE("refused");
	matter_tell(s, &m);
}

/* Tries of one command of the device tie the creates they caused together. */
static void pair_make(struct store *s, struct front *f, struct back *b, const struct op *op)
{
	struct item *item = item_find(s, b->scope, b->id);
	f->paired = b->paired = true;
	f->back = b->trace;
	front_mark(s, f);
	mark_set(&s->back_marks, (size_t)(b - s->backs));
	if (item != NULL) {
		item_mark(s, item);
		item->idem = f->idem;
	}
	clocks_learn(s, f, b);
	mismatch_judge(s, op, f, b);
}

/*
 * The oldest that has no partner: tries of one appointment pair up in their order. A name that was taken
 * is followed by another, so what was stored comes before what was refused.
 */
static void front_pair(struct store *s, struct front *f, const struct op *op)
{
	size_t n = s->n_backs < BACKS ? s->n_backs : BACKS;
	struct back *best = NULL;
	for (size_t i = n; i != 0; i--) {
		struct back *b = &s->backs[(s->n_backs - i) % BACKS];
		bool better = best == NULL || (best->commit == COMMIT_NO && b->commit != COMMIT_NO);
		if (better && belongs(f, b))
			best = b;
	}
	if (best != NULL)
		pair_make(s, f, best, op);
}

static void back_pair(struct store *s, struct back *b, const struct op *op)
{
	size_t n = s->n_fronts < FRONTS ? s->n_fronts : FRONTS;
	for (size_t i = n; i != 0; i--) {
		struct front *f = &s->fronts[(s->n_fronts - i) % FRONTS];
		if (belongs(f, b)) {
			pair_make(s, f, b, op);
			return;
		}
	}
}

void legs_front(struct store *s, const struct op *op)
{
	uint64_t print = object_print(op->object), user = user_number(op->mailbox);
	if (op->kind != OP_CREATE || op->item == NULL || print == 0 || user == 0)
		return;
	struct front *f = &s->fronts[s->n_fronts++ % FRONTS];
	front_mark(s, f);
	*f = (struct front){ .user = user,
		.print = print,
		.first_ns = op->txn->req.first.ns,
		.last_ns = txn_end_ns(op->txn),
		.trace = trace_of(op),
		.commit = op->commit,
		.status = op->row_status,
		.idem = idem_number(op) };
	front_note(f, op);
	front_pair(s, f, op);
}

void legs_back(struct store *s, const struct op *op)
{
	uint64_t print = object_print(op->object), user = user_number(op->mailbox);
	bool writes = op->kind == OP_CREATE || op->kind == OP_WRITE;
	if (!writes || print == 0 || user == 0 || op->facts->flavour != FLAVOUR_EXCHANGE)
		return;
	mark_set(&s->back_marks, s->n_backs % BACKS);
	struct back *b = &s->backs[s->n_backs++ % BACKS];
	*b = (struct back){ .user = user,
		.print = print,
		.scope = op->at.scope,
		.id = op->at.id,
		.first_ns = op->txn->req.first.ns,
		.last_ns = txn_end_ns(op->txn),
		.trace = trace_of(op),
		.commit = op->commit };
	back_pair(s, b, op);
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

/* ---- clocks ---- */

static struct stamp stamp_of(const struct trace *t)
{
	return (struct stamp){ t->order, t->frame, t->ns, t->input };
}

/* "-12.345" */
static void seconds_print(char *out, size_t room, int64_t ns)
{
	uint64_t ms = (ns < 0 ? -(uint64_t)ns : (uint64_t)ns) / 1000000;
	snprintf(out, room, "%s%" PRIu64 ".%03" PRIu64, ns < 0 ? "-" : "", ms / 1000, ms % 1000);
}

/* Told when no one time fits both recordings as they are. */
static void clocks_tell(struct store *s, const struct clocks *c)
{
	char middle[32], half[32];
	int64_t width = ns_apart(c->most_ns, c->least_ns), ns = c->least_ns + width / 2;
	if (c->pairs == 0 || (c->least_ns <= 0 && c->most_ns >= 0))
		return;
	struct stamp packets[2] = { stamp_of(&c->of_front), stamp_of(&c->of_back) };
	bool swap = packets[0].order > packets[1].order;
	struct stamp ordered[2] = { packets[swap], packets[!swap] };
	seconds_print(middle, sizeof(middle), ns);
	seconds_print(half, sizeof(half), width / 2);
	struct matter m = { .trouble = TROUBLE_CLOCKS_DIFFER,
		.certainty = PROBABLE,
		.number = c->front * (uint64_t)65536 + c->back + 1,
		.value = slice_from(middle),
		.other_value = slice_from(half),
		.count = c->pairs,
		.packets = ordered,
		.n_packets = 2 };
	matter_tell(s, &m);
}

void legs_finish(struct store *s)
{
	for (size_t i = 0; i < s->n_clocks; i++)
		clocks_tell(s, &s->clocks[i]);
}
