/*
 * A script of segments in both directions of one flow, into reassembly (decode/tcp.h): any flags, numbers,
 * lengths, clipped or not, in any order and time. A model keeps for each place of a stream who had it first.
 * What is delivered is what came first; a gap is where nothing came; offsets go on without a jump; nothing
 * waits when all is over, and no budget is used up.
 */
#include "decode/tcp.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/flowkit.h"

/* Places count from BEFORE bytes in front of the first one after a SYN. */
enum { PLACES = 8192, BEFORE = 2048, WINDOW = 2048, STEPS = 512, LONGEST = 255 };

enum kind { DATA, DATA_UNACKED, ACK_ONLY, SYN_SENT, FIN_SENT, RST_SENT, WAIT, DATA_ON };

struct place {
	uint16_t by; /* the number of the step that had it first, 0: nobody has */
	uint8_t byte;
	bool clipped; /* cut off, before anybody had it */
};
/* by: the number of the step, 0: nobody's */

struct half_model {
	uint32_t isn;
	uint64_t offset; /* delivered and gaps */
	uint32_t top,
	    sent; /* places: behind the last byte that was taken; behind the last segment */
	unsigned fins;
	struct place place[PLACES];
};

struct model {
	struct kit kit;
	struct tcp_flow *flow;
	struct half_model half[2];
	uint16_t step;
	bool differs; /* a place was sent with another byte */
};

/* The flow carries the model in `http`, which the streams under test do not use. */
static struct model *model_of(void *flow)
{
	return (void *)((struct tcp_flow *)flow)->http;
}

static uint32_t place_of(const struct half_model *h, uint32_t seq)
{
	return seq - (h->isn + 1 - BEFORE);
}

/* The place of the first of n bytes that have just been delivered, or given up. */
static uint32_t place_told(struct model *m, unsigned dir, uint64_t offset, uint64_t n)
{
	struct half_model *h = &m->half[dir];
	uint32_t at = place_of(h, m->flow->half[dir].next) - (uint32_t)n;
	ensure(offset == h->offset && n != 0, NULL);
	h->offset += n;
	ensure(m->flow->half[dir].offset == h->offset, NULL);
	return at;
}

static void on_data(void *ctx, unsigned dir, const struct piece *piece)
{
	struct model *m = model_of(ctx);
	uint32_t at = place_told(m, dir, piece->offset, piece->bytes.n);
	for (uint32_t i = 0; i < piece->bytes.n; i++) {
		ensure(at + i < PLACES, NULL);
		const struct place *p = &m->half[dir].place[at + i];
		ensure(p->by != 0 && p->byte == piece->bytes.p[i], &piece->at);
	}
}

static void on_gap(void *ctx, unsigned dir, uint64_t offset, uint64_t bytes, enum gap_kind kind)
{
	struct model *m = model_of(ctx);
	uint32_t at = place_told(m, dir, offset, bytes);
	(void)kind;
	for (uint32_t i = 0; i < bytes; i++) {
		if (at + i >= PLACES)
			continue;
		const struct place *p = &m->half[dir].place[at + i];
		ensure(p->by == 0 || p->clipped, NULL);
	}
}

static void on_conflict(void *ctx, unsigned dir)
{
	(void)dir;
	ensure(model_of(ctx)->differs, NULL);
}

static void on_end(void *ctx, unsigned dir, enum stream_end how)
{
	struct model *m = model_of(ctx);
	m->half[dir].fins += how == STREAM_FIN;
	ensure(m->half[dir].fins <= 1, NULL);
}

static const struct stream_ops ops = { on_data, on_gap, on_conflict, on_end };

/* ---- what is sent ---- */

static uint8_t byte_at(uint32_t place, unsigned variant)
{
	return (uint8_t)(variant == 0 ? place * 31 + place / 256 : place * 31 + variant);
}

static void model_add(struct model *m, unsigned dir, uint32_t at, struct slice bytes,
    uint32_t missing)
{
	struct half_model *h = &m->half[dir];
	for (uint32_t i = 0; i < bytes.n + missing; i++) {
		struct place *p = &h->place[at + i];
		if (i >= bytes.n)
			p->clipped = p->clipped || p->by == 0;
		else if (p->by == 0)
			*p = (struct place){ m->step, bytes.p[i], p->clipped };
		else if (p->byte != bytes.p[i])
			m->differs = true;
	}
}

/* The segment was refused: what it brought first is nobody's again. */
static void model_take_back(struct model *m, unsigned dir, uint32_t at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (m->half[dir].place[at + i].by == m->step)
			m->half[dir].place[at + i].by = 0;
}

static void send(struct model *m, unsigned dir, struct segment *s)
{
	struct tcp_flow *f = m->flow;
	s->at = (struct stamp){ .order = m->step, .frame = m->step, .ns = m->kit.clock };
	m->kit.shard.at.now = s->at;
	m->kit.shard.clock = m->kit.clock;
	f->packets++;
	f->half[dir].packets++;
	f->last = s->at;
	f->active = m->kit.clock;
	tcp_segment(f, dir, s, &ops);
}

/* Segments with bytes: of a FIN the same is said, without any. */
static size_t refused(const struct model *m)
{
	const struct output_list *out = &m->kit.shard.out;
	size_t n = 0;
	for (size_t i = 0; i < out->n; i++)
		n += out->items[i].kind == OUTPUT_ANOMALY && out->items[i].u.anomaly.value != 0 &&
		    out->items[i].u.anomaly.code == TCP_OUT_OF_WINDOW;
	return n;
}

static void send_data(struct model *m, unsigned dir, struct segment *s, uint32_t at, size_t n,
    unsigned variant)
{
	uint8_t *bytes = malloc(n != 0 ? n : 1);
	ensure(bytes != NULL, NULL);
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = byte_at(at + i, variant);
	s->payload = (struct slice){ bytes, n };
	size_t before = refused(m);
	model_add(m, dir, at, s->payload, s->missing);
	send(m, dir, s);
	uint32_t all = (uint32_t)n + s->missing, end = at + all;
	if (refused(m) != before)
		model_take_back(m, dir, at, all);
	else if (n != 0 && at + n > m->half[dir].top)
		m->half[dir].top = at + (uint32_t)n;
	m->half[dir].sent = end;
	bytes_drop(s->payload);
}

/* ---- the script ---- */

/* A step: dir, kind, variant, clipped; for most kinds a place, a length and what it acknowledges. */
static void one_step(struct model *m, struct cursor *script)
{
	uint8_t op = cursor_u8(script);
	unsigned dir = op & 1, kind = op >> 1 & 7, variant = op >> 4 & 3;
	const struct half_model *h = &m->half[dir], *peer = &m->half[!dir];
	if (kind == WAIT) {
		m->kit.clock += cursor_u8(script) * INT64_C(50000000);
		m->kit.shard.clock = m->kit.clock;
		tcp_tick(m->flow, &ops);
		return;
	}
	uint32_t at = kind == DATA_ON ? h->sent : cursor_be16(script);
	size_t n = kind == ACK_ONLY || kind == RST_SENT ? 0 : cursor_u8(script);
	at = at < PLACES - 2 * LONGEST ? at : BEFORE + at % 64;
	struct segment s = { .seq = h->isn + 1 - BEFORE + at, .flags = TCP_ACK };
	s.missing = (op & 0x40) != 0 ? 1 + n / 2 : 0;
	s.ack = peer->isn + 1 - BEFORE + ((op & 0x80) != 0 ? cursor_be16(script) : peer->sent);
	if (kind == DATA_UNACKED || kind == SYN_SENT)
		s.flags = s.ack = 0;
	if (kind == SYN_SENT)
		s = (struct segment){ .seq = h->isn, .flags = TCP_SYN, .missing = s.missing };
	if (kind == SYN_SENT)
		at = BEFORE;
	s.flags |= kind == FIN_SENT ? TCP_FIN : kind == RST_SENT ? TCP_RST : 0;
	if (kind == ACK_ONLY || kind == RST_SENT)
		s.missing = 0;
	send_data(m, dir, &s, at, n, variant);
}

static void model_open(struct model *m, struct cursor *script)
{
	struct flow_key key;
	bool from_high;
	kit_open(&m->kit);
	struct limits *l = &m->kit.options.limits;
	l->tcp_window = WINDOW;
	if ((cursor_u8(script) & 1) != 0) {
		l->ooo_segments = 6;
		l->ooo_bytes = 600;
		l->gap_packets = 3;
	}
	for (unsigned dir = 0; dir < 2; dir++) {
		m->half[dir].isn = (uint32_t)cursor_u8(script) << 24 |
		    (uint32_t)(0xffff00 + cursor_u8(script));
		m->half[dir].sent = BEFORE;
	}
	struct segment s = kit_segment(&m->kit, 0, 0, 0, 0, 0, "");
	flow_key_from(&s, &key, &from_high);
	m->flow = flow_add(m->kit.shard.flows, &key);
	ensure(m->flow != NULL, NULL);
	m->flow->shard = &m->kit.shard;
	m->flow->first = s.at;
	m->flow->http = (void *)m;
}

static void model_close(struct model *m)
{
	struct tcp_flow *f = m->flow;
	tcp_flush(f, &ops);
	for (unsigned dir = 0; dir < 2; dir++) {
		const struct half *h = &f->half[dir];
		ensure(h->waiting == NULL && h->n_waiting == 0 && h->waiting_bytes == 0, NULL);
		ensure(m->half[dir].top == 0 ||
			(int32_t)(place_of(&m->half[dir], h->next) - m->half[dir].top) >= 0,
		    NULL);
	}
	ensure(f->conflicts == 0 || m->differs, NULL);
	f->http = NULL;
	tcp_forget(f);
	ensure(m->kit.shard.reassembly_used == 0 && m->kit.shard.history_used == 0, NULL);
	ensure(m->kit.shard.held_first == NULL && m->kit.shard.held_last == NULL, NULL);
	flow_remove(m->kit.shard.flows, f);
	kit_close(&m->kit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cursor script = cursor_from((struct slice){ data, n });
	struct model *m = calloc(1, sizeof *m);
	ensure(m != NULL, NULL);
	model_open(m, &script);
	for (m->step = 1; m->step <= STEPS && !script_ends(&script); m->step++)
		one_step(m, &script);
	model_close(m);
	free(m);
	return 0;
}
