/*
 * defrag.c - the table of incomplete datagrams: a fixed number of slots, found through a keyed hash
 * and linked by age, each with its pieces in order of arrival.
 *
 * Pieces keep their bytes apart until the datagram is whole, so memory follows what was sent, not
 * where in the datagram it claims to belong. Written down last to first, the first arrival counts.
 */
#include "decode/defrag.h"

#include <stdlib.h>
#include <string.h>

enum {
	NO_SLOT = UINT32_MAX >> 1,
	MALLOC_OVERHEAD = 16, /* counted too, or tiny pieces cost more than the limit */
	SECOND = 1000000000,
};

struct key {
	uint8_t src[16], dst[16];
	uint64_t tunnel;
	uint32_t vlan, id;
	uint16_t recording;
	uint8_t family, protocol;
	uint32_t zero; /* no padding */
};
_Static_assert(sizeof(struct key) == 56, "keys are hashed and compared whole: no padding");

struct piece {
	struct piece *next; /* the next arrival */
	struct stamp at;
	uint32_t offset, n;
	uint8_t bytes[];
};

struct slot {
	struct key key;
	uint32_t chain; /* next slot of the bucket, or of the free list */
	uint32_t older, younger;
	uint32_t end; /* length of the datagram; 0 = not known */
	uint32_t reach; /* end of the piece that reaches furthest */
	uint64_t bytes; /* of all pieces, overlaps counted twice */
	int64_t born_ns;
	uint8_t protocol; /* of the fragment at offset 0 */
	size_t n_pieces;
	struct piece *first, *last;
};

struct defrag {
	struct net_sink sink;
	struct hash_key hash;
	uint64_t max_bytes, max_age_ns;
	size_t max_pieces;
	size_t used;
	bool clock_runs;
	int64_t clock_ns;
	struct slot *slots;
	uint32_t *buckets;
	size_t n_buckets; /* a power of two */
	uint32_t oldest, youngest, unused;
	struct stamp *stamps; /* of the pieces of the datagram last put together */
	uint8_t whole[LARGEST_DATAGRAM];
};

struct defrag *defrag_new(const struct limits *l, struct hash_key hash, struct net_sink sink)
{
	struct defrag *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	size_t n = l->frag_datagrams < NO_SLOT ? l->frag_datagrams : NO_SLOT;
	f->n_buckets = 1;
	while (f->n_buckets < n)
		f->n_buckets *= 2;
	f->slots = calloc(n, sizeof(*f->slots));
	f->buckets = calloc(f->n_buckets, sizeof(*f->buckets));
	f->stamps = calloc(l->frag_pieces, sizeof(*f->stamps));
	if (f->slots == NULL || f->buckets == NULL || f->stamps == NULL) {
		defrag_free(f);
		return NULL;
	}
	f->sink = sink;
	f->hash = hash;
	f->max_bytes = l->frag_bytes;
	f->max_pieces = l->frag_pieces;
	f->max_age_ns = l->frag_seconds * SECOND;
	f->oldest = f->youngest = NO_SLOT;
	for (size_t i = 0; i < f->n_buckets; i++)
		f->buckets[i] = NO_SLOT;
	for (size_t i = 0; i < n; i++)
		f->slots[i].chain = i + 1 < n ? (uint32_t)(i + 1) : NO_SLOT;
	return f;
}

static void anomaly_say(struct defrag *f, enum anomaly_code code, const struct stamp *at,
    const struct stamp *other, uint64_t value)
{
	struct anomaly a = { .code = code, .at = *at, .value = value };
	if (other != NULL)
		a.other = *other;
	f->sink.anomaly(f->sink.ctx, &a);
}

static size_t piece_cost(size_t n)
{
	return sizeof(struct piece) + n + MALLOC_OVERHEAD;
}

static uint32_t *bucket_of(const struct defrag *f, const struct key *key)
{
	return &f->buckets[hash_keyed(f->hash, key, sizeof(*key)) & (f->n_buckets - 1)];
}

static void age_unlink(struct defrag *f, const struct slot *s)
{
	if (s->older != NO_SLOT)
		f->slots[s->older].younger = s->younger;
	else
		f->oldest = s->younger;
	if (s->younger != NO_SLOT)
		f->slots[s->younger].older = s->older;
	else
		f->youngest = s->older;
}

static void slot_drop(struct defrag *f, uint32_t at)
{
	struct slot *s = &f->slots[at];
	uint32_t *link = bucket_of(f, &s->key);
	while (*link != at)
		link = &f->slots[*link].chain;
	*link = s->chain;
	age_unlink(f, s);
	for (struct piece *p = s->first; p != NULL;) {
		struct piece *next = p->next;
		f->used -= piece_cost(p->n);
		free(p);
		p = next;
	}
	s->first = NULL;
	s->chain = f->unused;
	f->unused = at;
}

static void slot_give_up(struct defrag *f, uint32_t at, enum anomaly_code why,
    const struct stamp *now)
{
	const struct slot *s = &f->slots[at];
	anomaly_say(f, why, now, &s->first->at, s->bytes);
	slot_drop(f, at);
}

static struct key key_of(const struct datagram *d)
{
	struct key key = {
		.tunnel = d->tunnel,
		.vlan = d->vlan,
		.id = d->id,
		.recording = d->recording,
		.family = (uint8_t)d->src.family,
		/* In IPv6 only the fragment at offset 0 tells it truly (RFC 8200 4.5). */
		.protocol = d->src.family == 4 ? d->protocol : 0,
	};
	memcpy(key.src, d->src.address, sizeof(key.src));
	memcpy(key.dst, d->dst.address, sizeof(key.dst));
	return key;
}

static uint32_t slot_find(const struct defrag *f, const struct key *key)
{
	uint32_t at = *bucket_of(f, key);
	while (at != NO_SLOT && memcmp(&f->slots[at].key, key, sizeof(*key)) != 0)
		at = f->slots[at].chain;
	return at;
}

bool defrag_has(const struct defrag *f, const struct datagram *d)
{
	struct key key = key_of(d);
	return slot_find(f, &key) != NO_SLOT;
}

static uint32_t slot_new(struct defrag *f, const struct key *key, const struct stamp *now)
{
	if (f->unused == NO_SLOT)
		slot_give_up(f, f->oldest, IP_FRAG_EVICTED, now);
	uint32_t at = f->unused;
	f->unused = f->slots[at].chain;
	uint32_t *bucket = bucket_of(f, key);
	f->slots[at] = (struct slot){
		.key = *key,
		.chain = *bucket,
		.older = f->youngest,
		.younger = NO_SLOT,
		.born_ns = f->clock_ns,
	};
	*bucket = at;
	if (f->youngest != NO_SLOT)
		f->slots[f->youngest].younger = at;
	else
		f->oldest = at;
	f->youngest = at;
	return at;
}

static bool room_make(struct defrag *f, size_t cost, const struct stamp *now)
{
	while (cost > f->max_bytes - f->used && f->oldest != NO_SLOT)
		slot_give_up(f, f->oldest, IP_FRAG_EVICTED, now);
	return cost <= f->max_bytes - f->used;
}

static struct piece *piece_new(struct defrag *f, const struct datagram *d)
{
	struct slice bytes = cursor_rest(&d->c);
	size_t cost = piece_cost(bytes.n);
	struct piece *p = room_make(f, cost, &d->at) ? malloc(sizeof(*p) + bytes.n) : NULL;
	if (p == NULL) {
		anomaly_say(f, IP_FRAG_EVICTED, &d->at, NULL, bytes.n);
		return NULL;
	}
	*p = (struct piece){ .at = d->at, .offset = d->offset, .n = (uint32_t)bytes.n };
	memcpy(p->bytes, bytes.p, bytes.n);
	f->used += cost;
	return p;
}

static bool pieces_differ(const struct piece *a, const struct piece *b)
{
	uint32_t from = a->offset > b->offset ? a->offset : b->offset;
	uint32_t a_end = a->offset + a->n, b_end = b->offset + b->n;
	uint32_t to = a_end < b_end ? a_end : b_end;
	return from < to &&
	    memcmp(a->bytes + (from - a->offset), b->bytes + (from - b->offset), to - from) != 0;
}

static void overlaps_check(struct defrag *f, const struct slot *s, const struct piece *fresh)
{
	for (const struct piece *p = s->first; p != NULL; p = p->next) {
		if (!pieces_differ(p, fresh))
			continue;
		anomaly_say(f, IP_FRAG_OVERLAP, &fresh->at, &p->at, fresh->n);
		return;
	}
}

/* One datagram has one end; the first one that was told counts. */
static bool end_agrees(const struct slot *s, const struct datagram *d)
{
	uint32_t end = d->offset + (uint32_t)cursor_left(&d->c);
	if (!d->more)
		return s->end == 0 ? end >= s->reach : end == s->end;
	return s->end == 0 || end <= s->end;
}

static void piece_add(struct slot *s, struct piece *p, const struct datagram *d)
{
	uint32_t end = p->offset + p->n;
	if (s->first == NULL)
		s->first = p;
	else
		s->last->next = p;
	s->last = p;
	s->n_pieces++;
	s->bytes += p->n;
	if (end > s->reach)
		s->reach = end;
	if (!d->more)
		s->end = end;
	if (p->offset == 0 && s->protocol == 0)
		s->protocol = d->protocol;
}

/* Each turn reaches further or ends: at most one turn a piece. */
static bool slot_complete(const struct slot *s)
{
	uint32_t reach = 0;
	if (s->end == 0 || s->bytes < s->end)
		return false;
	while (reach < s->end) {
		uint32_t before = reach;
		for (const struct piece *p = s->first; p != NULL; p = p->next)
			if (p->offset <= reach && p->offset + p->n > reach)
				reach = p->offset + p->n;
		if (reach == before)
			return false;
	}
	return true;
}

/* Later arrivals first, so that earlier ones are written over them. */
static void slot_write(struct defrag *f, struct slot *s)
{
	struct piece *turned = NULL;
	for (struct piece *p = s->first; p != NULL;) {
		struct piece *next = p->next;
		p->next = turned;
		turned = p;
		p = next;
	}
	s->first = turned;
	size_t i = s->n_pieces;
	for (const struct piece *p = turned; p != NULL; p = p->next) {
		memcpy(f->whole + p->offset, p->bytes, p->n);
		f->stamps[--i] = p->at;
	}
}

static void datagram_finish(struct defrag *f, uint32_t at, struct datagram *d)
{
	struct slot *s = &f->slots[at];
	slot_write(f, s);
	d->c = cursor_from((struct slice){ f->whole, s->end });
	d->protocol = s->protocol;
	d->fragment = false;
	d->pieces = f->stamps;
	d->n_pieces = s->n_pieces - 1; /* the last one is the packet at hand */
	slot_drop(f, at);
}

enum anomaly_code defrag_fault(const struct datagram *d)
{
	size_t n = cursor_left(&d->c);
	if (d->missing != 0)
		return IP_FRAG_CLIPPED;
	if (n > LARGEST_DATAGRAM - d->offset)
		return IP_FRAG_OVERSIZE;
	if (n == 0 || (d->more && n % 8 != 0))
		return IP_BAD_HEADER;
	return ANOMALY_CODES;
}

bool defrag_packet(struct defrag *f, struct datagram *d)
{
	struct piece *p = piece_new(f, d);
	if (p == NULL)
		return false;
	struct key key = key_of(d);
	uint32_t at = slot_find(f, &key);
	if (at != NO_SLOT && !end_agrees(&f->slots[at], d)) {
		anomaly_say(f, IP_BAD_HEADER, &d->at, &f->slots[at].first->at, 0);
		f->used -= piece_cost(p->n);
		free(p);
		return false;
	}
	if (at == NO_SLOT)
		at = slot_new(f, &key, &d->at);
	struct slot *s = &f->slots[at];
	overlaps_check(f, s, p);
	piece_add(s, p, d);
	if (s->n_pieces > f->max_pieces) {
		slot_give_up(f, at, IP_FRAG_EVICTED, &d->at);
		return false;
	}
	if (!slot_complete(s))
		return false;
	datagram_finish(f, at, d);
	return true;
}

/* Before the first tick there is no time to be born in. */
static void clock_start(struct defrag *f, int64_t clock_ns)
{
	f->clock_runs = true;
	f->clock_ns = clock_ns;
	for (uint32_t at = f->oldest; at != NO_SLOT; at = f->slots[at].younger)
		f->slots[at].born_ns = clock_ns;
}

void defrag_tick(struct defrag *f, int64_t clock_ns, const struct stamp *now)
{
	if (!f->clock_runs)
		clock_start(f, clock_ns);
	if (clock_ns < f->clock_ns)
		return;
	f->clock_ns = clock_ns;
	/* Born by the same clock, which never runs back: the oldest slot is the first to expire. */
	while (f->oldest != NO_SLOT) {
		int64_t born_ns = f->slots[f->oldest].born_ns;
		if ((uint64_t)clock_ns - (uint64_t)born_ns <= f->max_age_ns)
			return;
		slot_give_up(f, f->oldest, IP_FRAG_TIMEOUT, now);
	}
}

size_t defrag_bytes(const struct defrag *f)
{
	return f->used;
}

void defrag_free(struct defrag *f)
{
	if (f == NULL)
		return;
	if (f->slots != NULL && f->buckets != NULL && f->stamps != NULL)
		while (f->oldest != NO_SLOT)
			slot_drop(f, f->oldest);
	free(f->slots);
	free(f->buckets);
	free(f->stamps);
	free(f);
}
