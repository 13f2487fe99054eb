/* The connections of a .talk: handshakes, messages cut into segments and mishandled, ends. */
#include "tests/tool/play.h"

enum { STEP_NS = 100000 };

static void play_damaged(struct play *p, struct conn *c, unsigned side, uint32_t seq, uint8_t flags,
    struct slice data, bool damaged)
{
	struct segment s = {
		.ns = p->now,
		.conn = c->number,
		.side = side,
		.from = c->end[side],
		.to = c->end[!side],
		.seq = seq,
		.ack = flags & TCP_ACK ? c->next[!side] : 0,
		.flags = flags,
		.damaged = damaged,
		.data = talk_keep(p->talk, data),
		.framing = p->framing,
	};
	if (p->captured[side])
		talk_append(p->talk, &s);
	p->now += STEP_NS;
}

static void play_segment(struct play *p, struct conn *c, unsigned side, uint32_t seq, uint8_t flags,
    struct slice data)
{
	play_damaged(p, c, side, seq, flags, data, false);
}

static void play_ack(struct play *p, struct conn *c, unsigned side)
{
	if (!p->no_ack)
		play_segment(p, c, side, c->next[side], TCP_ACK, (struct slice){ 0 });
}

struct conn *play_conn(struct play *p, struct slice name)
{
	for (size_t i = 0; i < p->n_conns; i++)
		if (word_is(name, p->conns[i].name))
			return &p->conns[i];
	return NULL;
}

struct conn *play_conn_add(struct play *p, struct slice name, struct error *e)
{
	if (p->n_conns == CONNS_MAX || name.n >= sizeof(p->conns[0].name)) {
		error_set(e, "too many connections, or a name too long");
		return NULL;
	}
	size_t number = p->n_conns++;
	struct conn *c = &p->conns[number];
	memcpy(c->name, name.p, name.n);
	c->end[CLIENT] = (struct talk_address){ 4, (uint16_t)(40000 + number), { 10, 0, 0, 1 } };
	c->end[SERVER] = (struct talk_address){ 4, 80, { 10, 0, 0, 2 } };
	for (unsigned side = 0; p->six && side < 2; side++) {
		c->end[side].family = 6;
		memcpy(c->end[side].bytes, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		c->end[side].bytes[15] = (uint8_t)(side + 1);
	}
	return c;
}

struct conn *play_conn_current(struct play *p)
{
	if (p->current == NULL)
		p->current = play_conn_add(p, SLICE("main"), &(struct error){ 0 });
	return p->current;
}

void play_open(struct play *p, struct conn *c)
{
	c->number = p->openings++;
	if (!c->isn_given) {
		c->next[CLIENT] = 1000000 * (c->number + 1);
		c->next[SERVER] = 500000000 + c->next[CLIENT];
	}
	c->isn_given = false;
	c->fin[CLIENT] = c->fin[SERVER] = false;
	c->state = CONN_OPEN;
	if (c->silent_open) {
		c->next[CLIENT]++;
		c->next[SERVER]++;
		return;
	}
	play_segment(p, c, CLIENT, c->next[CLIENT]++, TCP_SYN, (struct slice){ 0 });
	play_segment(p, c, SERVER, c->next[SERVER]++, TCP_SYN | TCP_ACK, (struct slice){ 0 });
	play_ack(p, c, CLIENT);
}

struct cuts {
	size_t at[SEGMENTS_MAX], n[SEGMENTS_MAX], count;
};

/* Segment ends: the offsets that were asked for, and the maximum segment size. */
static bool play_cut(const struct play *p, size_t total, struct cuts *cuts)
{
	const struct list *split = &p->fate.split;
	cuts->count = 0;
	for (size_t at = 0, k = 0; at < total; cuts->count++) {
		if (cuts->count == SEGMENTS_MAX)
			return false;
		while (k < split->n && split->v[k] <= at)
			k++;
		size_t end = k < split->n && split->v[k] < total ? split->v[k] : total;
		size_t n = end - at < p->mss ? end - at : p->mss;
		cuts->at[cuts->count] = at;
		cuts->n[cuts->count] = n;
		at += n;
	}
	return true;
}

/* 1-based number of the segment that is sent as number i (0-based). */
static size_t fate_order(const struct fate *f, size_t i, size_t count)
{
	if (f->order.n > 0)
		return f->order.v[i];
	return f->reverse ? count - i : i + 1;
}

static bool fate_fits(const struct fate *f, size_t count, struct error *e)
{
	const struct list *lists[] = { &f->order, &f->dup, &f->drop, &f->overlap, &f->damage };
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			if (lists[i]->v[k] < 1 || lists[i]->v[k] > count)
				return error_set(e,
				    "the message has %zu segments, there is no number %zu", count,
				    lists[i]->v[k]);
	for (size_t number = 1; f->order.n > 0 && number <= count; number++)
		if (f->order.n != count || !list_has(&f->order, number))
			return error_set(e, "@reorder must name each of the %zu segments once",
			    count);
	return true;
}

static void play_piece(struct play *p, struct conn *c, unsigned side, const struct cuts *cuts,
    size_t number, struct slice bytes)
{
	const struct fate *f = &p->fate;
	size_t i = number - 1;
	struct slice data = slice_part(bytes, cuts->at[i], cuts->n[i]);
	uint8_t flags = number == cuts->count ? TCP_PSH | TCP_ACK : TCP_ACK;
	uint32_t seq = c->next[side] + (uint32_t)cuts->at[i];
	if (f->drop_all || list_has(&f->drop, number)) {
		p->now += STEP_NS;
		return;
	}
	if (list_has(&f->damage, number))
		play_damaged(p, c, side, seq, flags, data, true);
	play_segment(p, c, side, seq, flags, data);
	if (f->dup_all || list_has(&f->dup, number))
		play_segment(p, c, side, seq, flags, data);
	if (list_has(&f->overlap, number)) {
		struct bytes other = { 0 };
		bytes_slice(&other, data);
		memset(other.p, 'X', other.n);
		play_segment(p, c, side, seq, flags, bytes_all(&other));
		bytes_free(&other);
	}
}

static bool play_send(struct play *p, struct conn *c, unsigned side, struct slice bytes,
    struct error *e)
{
	struct cuts cuts;
	if (!play_cut(p, bytes.n, &cuts))
		return error_set(e, "more than %d segments in one message", SEGMENTS_MAX);
	if (!fate_fits(&p->fate, cuts.count, e))
		return false;
	for (size_t i = 0; i < cuts.count; i++)
		play_piece(p, c, side, &cuts, fate_order(&p->fate, i, cuts.count), bytes);
	c->sent_at[side] = c->next[side];
	c->sent[side].n = 0;
	bytes_slice(&c->sent[side], bytes);
	c->next[side] += (uint32_t)bytes.n;
	play_ack(p, c, !side);
	return true;
}

bool play_message(struct play *p, struct conn *c, unsigned side, struct slice bytes,
    struct error *e)
{
	if (c->state != CONN_OPEN)
		play_open(p, c);
	if (c->fin[side])
		return error_set(e, "this side has closed its half of the connection");
	bytes_slice(&c->joined[side], bytes);
	if (p->fate.join)
		return true;
	bool ok = play_send(p, c, side, bytes_all(&c->joined[side]), e);
	c->joined[side].n = 0;
	return ok;
}

bool play_again(struct play *p, struct conn *c, unsigned side, size_t from, size_t n)
{
	struct slice part = slice_part(bytes_all(&c->sent[side]), from, n);
	if (c->state != CONN_OPEN || n == 0 || part.n != n)
		return false;
	play_segment(p, c, side, c->sent_at[side] + (uint32_t)from, TCP_ACK, part);
	play_ack(p, c, !side);
	return true;
}

void play_fin(struct play *p, struct conn *c, unsigned side)
{
	if (c->state != CONN_OPEN || c->fin[side])
		return;
	play_segment(p, c, side, c->next[side], TCP_FIN | TCP_ACK, (struct slice){ 0 });
	c->next[side]++;
	c->fin[side] = true;
	play_ack(p, c, !side);
	if (c->fin[!side])
		c->state = CONN_CLOSED;
}

void play_close(struct play *p, struct conn *c, unsigned first)
{
	play_fin(p, c, first);
	play_fin(p, c, !first);
}

void play_reset(struct play *p, struct conn *c, unsigned side)
{
	if (c->state != CONN_OPEN)
		play_open(p, c);
	play_segment(p, c, side, c->next[side], p->no_ack ? TCP_RST : TCP_RST | TCP_ACK,
	    (struct slice){ 0 });
	c->state = CONN_CLOSED;
}

/* RFC 9293 3.8.4: one byte that was acknowledged long ago, and not the one that was there. */
void play_probe(struct play *p, struct conn *c, unsigned side)
{
	if (c->state != CONN_OPEN)
		play_open(p, c);
	play_segment(p, c, side, c->next[side] - 1, TCP_ACK, SLICE("\0"));
	play_ack(p, c, !side);
}

void play_verbatim(struct play *p, struct slice frame)
{
	struct segment s = {
		.ns = p->now,
		.verbatim = true,
		.data = talk_keep(p->talk, frame),
		.framing = p->framing,
	};
	talk_append(p->talk, &s);
	p->now += STEP_NS;
}

void play_end(struct play *p)
{
	for (size_t i = 0; i < p->n_conns && !p->no_close; i++)
		play_close(p, &p->conns[i], p->conns[i].fin[SERVER] ? SERVER : CLIENT);
}

void play_free(struct play *p)
{
	for (size_t i = 0; i < p->n_conns; i++) {
		for (unsigned side = 0; side < 2; side++) {
			bytes_free(&p->conns[i].joined[side]);
			bytes_free(&p->conns[i].sent[side]);
		}
	}
}
