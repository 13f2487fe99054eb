/*
 * A script of IP fragments in any order and time, into decode/defrag.h. A model keeps every datagram that is
 * not whole: for each byte who came first. A datagram comes out with the fragment that makes it whole, not
 * before and not later, with the bytes that came first; those that are given up were the oldest, or too old,
 * or in too many pieces, and there was need; bytes that differ are told of, and memory stays within its limit.
 */
#include "decode/defrag.h"
#include "tests/fuzz/fuzz.h"

enum { DATAGRAMS = 16, UNIT = 8, LONGEST = 255, LARGEST = 256 * UNIT + LONGEST, STEPS = 256 };

struct open_datagram {
	bool open;
	uint64_t first; /* order of its first piece, which names it in what is told */
	int64_t born_ns;
	uint32_t end, reach; /* end 0: not known */
	size_t pieces, bytes;
	bool have[LARGEST];
	uint8_t byte[LARGEST];
};

struct fragment {
	size_t which;
	uint32_t offset;
	size_t n;
	bool more;
	const uint8_t *bytes;
};

struct model {
	struct limits limits;
	struct defrag *defrag;
	struct stamp now;
	struct open_datagram all[DATAGRAMS];
	struct fragment sent; /* the one at hand, and what is said of it: */
	bool conflict, refused, no_room, too_many;
};

static size_t open_count(const struct model *m)
{
	size_t n = 0;
	for (size_t i = 0; i < DATAGRAMS; i++)
		n += m->all[i].open;
	return n;
}

static struct open_datagram *oldest(struct model *m)
{
	struct open_datagram *found = NULL;
	for (size_t i = 0; i < DATAGRAMS; i++)
		if (m->all[i].open && (found == NULL || m->all[i].first < found->first))
			found = &m->all[i];
	return found;
}

static struct open_datagram *named(struct model *m, uint64_t first)
{
	for (size_t i = 0; i < DATAGRAMS; i++)
		if (m->all[i].open && m->all[i].first == first)
			return &m->all[i];
	return NULL;
}

static void evicted(struct model *m, struct open_datagram *d, uint64_t bytes)
{
	/* With the fragment at hand in it: that was one too many. Else it made room. */
	m->too_many = d == &m->all[m->sent.which] && bytes == d->bytes + m->sent.n;
	if (m->too_many) {
		ensure(d->pieces == m->limits.frag_pieces, &m->now);
		return;
	}
	ensure(d == oldest(m) && bytes == d->bytes, &m->now);
	ensure(open_count(m) == m->limits.frag_datagrams ||
		defrag_bytes(m->defrag) + 2 * LONGEST > m->limits.frag_bytes,
	    &m->now);
}

static void on_anomaly(void *ctx, const struct anomaly *a)
{
	struct model *m = ctx;
	struct open_datagram *d = named(m, a->other.order);
	ensure(a->at.order == m->now.order, &m->now);
	bool no_room = a->code == IP_FRAG_EVICTED && a->other.order == 0;
	m->conflict = m->conflict || a->code == IP_FRAG_OVERLAP;
	m->no_room = m->no_room || no_room;
	if (a->code == IP_FRAG_OVERLAP || no_room)
		return;
	ensure(d != NULL, &m->now);
	if (a->code == IP_BAD_HEADER)
		m->refused = true;
	else if (a->code == IP_FRAG_EVICTED)
		evicted(m, d, a->value);
	else
		ensure(a->code == IP_FRAG_TIMEOUT &&
			m->now.ns - d->born_ns > (int64_t)m->limits.frag_seconds * 1000000000,
		    &m->now);
	if (a->code == IP_FRAG_EVICTED || a->code == IP_FRAG_TIMEOUT)
		d->open = false;
}

/* ---- the model ---- */

static bool end_agrees(const struct open_datagram *d, const struct fragment *f)
{
	uint32_t end = f->offset + (uint32_t)f->n;
	if (!d->open)
		return true;
	if (f->more)
		return d->end == 0 || end <= d->end;
	return d->end == 0 ? end >= d->reach : end == d->end;
}

static void model_add(struct model *m, const struct fragment *f)
{
	struct open_datagram *d = &m->all[f->which];
	bool differs = false, overlaps = false;
	if (!d->open)
		*d = (struct open_datagram){ .open = true,
			.first = m->now.order,
			.born_ns = m->now.ns };
	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t at = f->offset + i;
		overlaps = overlaps || d->have[at];
		differs = differs || (d->have[at] && d->byte[at] != f->bytes[i]);
		d->byte[at] = d->have[at] ? d->byte[at] : f->bytes[i];
		d->have[at] = true;
	}
	d->pieces++;
	d->bytes += f->n;
	if (f->offset + f->n > d->reach)
		d->reach = f->offset + (uint32_t)f->n;
	if (!f->more)
		d->end = f->offset + (uint32_t)f->n;
	ensure(m->conflict ? overlaps : !differs, &m->now);
}

static bool model_whole(const struct open_datagram *d)
{
	uint32_t at = 0;
	while (at < d->end && d->have[at])
		at++;
	return d->end != 0 && at == d->end;
}

static void check_whole(struct model *m, const struct datagram *out)
{
	struct open_datagram *d = &m->all[m->sent.which];
	struct slice want = { d->byte, d->end };
	ensure(!out->fragment && slice_equal(cursor_rest(&out->c), want), &m->now);
	ensure(out->n_pieces == d->pieces - 1, &m->now);
	ensure(out->n_pieces == 0 || out->pieces[0].order == d->first, &m->now);
	d->open = false;
}

/* ---- the script ---- */

/* Of two families, VLANs, ids and hosts: one must not stand for another. */
static struct datagram datagram_of(const struct model *m, struct slice bytes)
{
	const struct fragment *f = &m->sent;
	uint16_t family = (f->which & 1) != 0 ? 6 : 4;
	return (struct datagram){
		.at = m->now,
		.src = { .family = family, .address = { 10, 0, 0, 1 } },
		.dst = { .family = family, .address = { 10, 0, (uint8_t)(f->which >> 3), 2 } },
		.vlan = f->which >> 1 & 1,
		.protocol = PROTOCOL_TCP,
		.c = cursor_from(bytes),
		.fragment = true,
		.more = f->more,
		.id = f->which >> 2 & 1,
		.offset = f->offset,
	};
}

static void send(struct model *m)
{
	struct fragment *f = &m->sent;
	struct slice bytes = bytes_apart((struct slice){ f->bytes, f->n });
	struct datagram d = datagram_of(m, bytes);
	m->conflict = m->refused = m->no_room = m->too_many = false;
	if (defrag_fault(&d) == ANOMALY_CODES) {
		bool out = defrag_packet(m->defrag, &d);
		bool agrees = end_agrees(&m->all[f->which], f);
		ensure(m->refused == !agrees || m->no_room || m->too_many, &m->now);
		if (!m->refused && !m->no_room && !m->too_many)
			model_add(m, f);
		bool whole = m->all[f->which].open && model_whole(&m->all[f->which]);
		ensure(out == whole, &m->now);
		if (out)
			check_whole(m, &d);
	}
	ensure(defrag_bytes(m->defrag) <= m->limits.frag_bytes, &m->now);
	bytes_drop(bytes);
}

/* Which datagram, whether more follows, which bytes; or how much time goes by. */
static void one_step(struct model *m, struct cursor *script)
{
	uint8_t op = cursor_u8(script);
	uint8_t content[LONGEST];
	m->now.frame = ++m->now.order;
	if ((op & 0xc0) == 0xc0) {
		m->now.ns += cursor_u8(script) * INT64_C(500000000);
		defrag_tick(m->defrag, m->now.ns, &m->now);
		return;
	}
	struct fragment *f = &m->sent;
	*f = (struct fragment){ .which = op & 15, .more = (op & 0x10) == 0, .bytes = content };
	f->offset = cursor_u8(script) * (uint32_t)UNIT;
	f->n = cursor_u8(script);
	if (f->more && (op & 0x80) == 0)
		f->n = f->n / UNIT * UNIT;
	for (size_t i = 0; i < f->n; i++)
		content[i] = (uint8_t)((f->offset + i) * 7 + f->which +
		    ((op & 0x20) != 0 ? i % 3 : 0));
	send(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cursor script = cursor_from((struct slice){ data, n });
	struct model *m = calloc(1, sizeof *m);
	ensure(m != NULL, NULL);
	m->limits = limits_default();
	m->limits.frag_datagrams = 2 + cursor_u8(&script) % DATAGRAMS;
	m->limits.frag_bytes = 600 + cursor_u8(&script) * 64;
	m->limits.frag_pieces = 8;
	m->defrag = defrag_new(&m->limits, hash_key_from(3), (struct net_sink){ on_anomaly, m });
	ensure(m->defrag != NULL, NULL);
	defrag_tick(m->defrag, 0, &m->now);
	for (unsigned i = 0; i < STEPS && !script_ends(&script); i++)
		one_step(m, &script);
	m->now.ns += (int64_t)(m->limits.frag_seconds + 1) * 1000000000;
	m->now.order++;
	defrag_tick(m->defrag, m->now.ns, &m->now);
	ensure(open_count(m) == 0 && defrag_bytes(m->defrag) == 0, &m->now);
	defrag_free(m->defrag);
	free(m);
	return 0;
}
