/*
 * connection.h - the bytes of one connection as an input says them, handed to a shard as segments. Used by the
 * targets of HTTP.
 *
 * The input is what is sent, with marks in it: 0xff and a letter. Small letters are the client's marks, capital
 * ones the server's. What stands in front of the first mark is the client's.
 *   c C  bytes from here on            f F  a FIN           r R  a reset
 *   g G  some bytes are lost           a A  the bytes sent last once more, cut in another place
 *   m    segments of so many bytes     t    time passes
 */
#ifndef DAVSCOPE_TESTS_FUZZ_CONNECTION_H
#define DAVSCOPE_TESTS_FUZZ_CONNECTION_H

#include "decode/http.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/flowkit.h"

enum send_kind { SEND_BYTES, SEND_FIN, SEND_RST, SEND_GAP, SEND_AGAIN, SEND_CUT, SEND_TIME };

struct step { enum send_kind kind; unsigned side; struct slice bytes; uint8_t number; };

/* The first byte says how the connection is: */
enum { SMALL_LIMITS = 1, NO_HANDSHAKE = 2, LITTLE_MEMORY = 4 };

struct connection {
	struct kit kit;
	uint32_t seq[2];
	size_t cut;                /* bytes of a segment; 0: as the input says */
	uint64_t sent[2];          /* bytes, lost ones too */
	bool ended[2];             /* by a FIN */
};

static inline bool step_mark(struct cursor *script, struct step *s)
{
	static const struct { char letter; enum send_kind kind; bool number; } marks[] = {
		{ 'c', SEND_BYTES, false }, { 'f', SEND_FIN, false }, { 'r', SEND_RST, false },
		{ 'g', SEND_GAP, true }, { 'a', SEND_AGAIN, true }, { 'm', SEND_CUT, true },
		{ 't', SEND_TIME, true },
	};
	struct slice rest = cursor_rest(script);
	for (size_t i = 0; rest.n >= 2 && rest.p[0] == 0xff && i < sizeof marks / sizeof marks[0]; i++) {
		if (ascii_lower(rest.p[1]) != (uint8_t)marks[i].letter)
			continue;
		cursor_skip(script, 2);
		*s = (struct step){ .kind = marks[i].kind, .side = rest.p[1] < 'a' };
		s->number = marks[i].number ? cursor_u8(script) : 0;
		return true;
	}
	return false;
}

/* The bytes up to the next mark; a mark that is none is a byte like others. */
static inline struct slice step_bytes(struct cursor *script)
{
	struct slice rest = cursor_rest(script);
	struct step unused;
	while (cursor_left(script) != 0) {
		struct cursor here = *script;
		if (step_mark(&here, &unused))
			break;
		cursor_skip(script, 1);
	}
	return slice_part(rest, 0, rest.n - cursor_left(script));
}

/* False: the script is at its end. Marks for bytes without bytes are no steps. */
static inline bool step_next(struct cursor *script, unsigned *side, struct step *s)
{
	while (!script_ends(script)) {
		struct slice bytes = step_bytes(script);
		if (bytes.n != 0) {
			*s = (struct step){ .kind = SEND_BYTES, .side = *side, .bytes = bytes };
			return true;
		}
		if (!step_mark(script, s))
			return false;
		if (s->kind != SEND_BYTES)
			return true;
		*side = s->side;
	}
	return false;
}

static inline void connection_send(struct connection *c, unsigned side, uint32_t seq, uint8_t flags,
    struct slice bytes)
{
	struct segment s = kit_segment(&c->kit, 0, side, seq, c->seq[!side], flags, "");
	s.payload = bytes_apart(bytes);
	shard_segment(&c->kit.shard, &s, c->kit.clock);
	bytes_drop(s.payload);
	c->kit.clock += 1000000;
}

static inline void limits_small(struct limits *l)
{
	l->method = l->target = 24;
	l->header_bytes = 300;
	l->headers = 6;
	l->header_value = 40;
	l->header_folds = 3;
	l->pipeline = 3;
	l->inflate_bytes = 2000;
	l->xml_bytes = 3000;
	l->items = 3;
}

static inline void connection_open(struct connection *c, uint8_t how)
{
	*c = (struct connection){ .seq = { 1000, 0xfffffff0u } };
	kit_open(&c->kit);
	c->kit.options.limits.gap_packets = 1; /* a hole is believed soon */
	if ((how & SMALL_LIMITS) != 0)
		limits_small(&c->kit.options.limits);
	if ((how & LITTLE_MEMORY) != 0) {
		c->kit.options.limits.txn_bytes = 16384;
		c->kit.options.limits.txn_total = SHARDS * (uint64_t)40000;
	}
	if ((how & NO_HANDSHAKE) != 0)
		return;
	struct slice nothing = { 0 };
	connection_send(c, 0, c->seq[0]++, TCP_SYN, nothing);
	connection_send(c, 1, c->seq[1]++, TCP_SYN | TCP_ACK, nothing);
	connection_send(c, 0, c->seq[0], TCP_ACK, nothing);
}

static inline void connection_bytes(struct connection *c, unsigned side, struct slice bytes)
{
	connection_send(c, side, c->seq[side], TCP_ACK | TCP_PSH, bytes);
	c->seq[side] += (uint32_t)bytes.n;
	c->sent[side] += bytes.n;
}

static inline void connection_acknowledge(struct connection *c, unsigned side)
{
	connection_send(c, !side, c->seq[!side], TCP_ACK, (struct slice){ 0 });
}

static inline void connection_gap(struct connection *c, unsigned side, uint32_t n)
{
	c->seq[side] += n;
	c->sent[side] += n;
	for (unsigned i = 0; i < 3; i++)
		connection_acknowledge(c, side);
}

/* Everything but bytes. */
static inline void connection_step(struct connection *c, const struct step *s)
{
	struct slice nothing = { 0 };
	if (s->kind == SEND_FIN) {
		connection_send(c, s->side, c->seq[s->side]++, TCP_FIN | TCP_ACK, nothing);
		c->sent[s->side]++; /* where more follows, it counts as a byte that was lost */
		c->ended[s->side] = true;
	}
	if (s->kind == SEND_RST)
		connection_send(c, s->side, c->seq[s->side], TCP_RST | TCP_ACK, nothing);
	else if (s->kind == SEND_GAP)
		connection_gap(c, s->side, s->number);
	else if (s->kind == SEND_CUT)
		c->cut = s->number;
	else if (s->kind == SEND_TIME)
		c->kit.clock += s->number * INT64_C(1000000000);
}

/* What reads the streams; NULL: no byte came yet, or the flow is over. */
static inline const struct http *connection_reader(struct connection *c)
{
	struct segment s = kit_segment(&c->kit, 0, 0, 0, 0, 0, "");
	struct flow_key key;
	bool from_high;
	flow_key_from(&s, &key, &from_high);
	const struct tcp_flow *f = flow_find(c->kit.shard.flows, &key);
	return f != NULL ? f->http : NULL;
}

static inline void connection_finish(struct connection *c)
{
	kit_finish(&c->kit);
	ensure(c->kit.shard.txn_used == 0 && c->kit.shard.reassembly_used == 0, NULL);
	ensure(c->kit.shard.history_used == 0 && c->kit.shard.held_first == NULL, NULL);
}

#endif
