/*
 * sighting.c - the packets seen last, in a ring of fixed size, found through a keyed hash of what a copy has in
 * common with its original; and which networks of two hosts are one.
 *
 * Rings forget the oldest and nothing walks a table, so the key makes no difference to the answers. An entry
 * is named by a number that is never used again: one that is overwritten needs no unlinking. With the number goes
 * a part of the hash, so that nearly all looks end without one at an entry, which has left the cache long ago.
 */
#include "decode/sighting.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	PLACES = 6, /* a packet on its way through bridges and name spaces of one host passes few */
	LANES = 4,
	STRIDE = 2 * LANES, /* words that are hashed at a time */
	BLOCK = 2048,
	BLOCK_KEYS = BLOCK / 4,
	COMMON_KEYS = 3 * STRIDE,
	PLACE_KEYS = STRIDE,
	KEYS = BLOCK_KEYS + COMMON_KEYS + PLACE_KEYS,
	TCP_HEADER = 20,
	CHECKSUM = 16,
	MOST_MOVES = 8,
	MILLISECOND = 1000000,
	TAG = 16, /* bits of the hash in a name */
};

/* Where two hosts meet. */
struct network {
	uint8_t low[16], high[16];
	uint64_t tunnel;
	uint32_t vlan;
	uint16_t recording, family;
};
_Static_assert(sizeof(struct network) == 48, "networks are hashed and compared whole: no padding");

/* `from` counts as this VLAN and tunnel. */
struct alias {
	struct network from;
	uint64_t tunnel;
	uint32_t vlan;
};

struct sighting {
	uint64_t what; /* hash of what copies have in common */
	uint64_t tunnel;
	int64_t ns;
	uint32_t vlan;
	uint32_t n_places, places[PLACES];
};

/* Of entries that lie elsewhere. A name is a number and below it TAG bits of the hash; 0 = none. */
struct table {
	size_t room, slots; /* slots: a power of two, not less than room */
	uint64_t last; /* number of the newest entry; the first one is 1 */
	uint64_t *newest; /* of each bucket; there are as many as slots */
	uint64_t *older; /* of each slot, the one before in its bucket; behind newest[] */
};

struct sightings {
	struct hash_key hash;
	uint64_t max_ns;
	struct table seen, tied;
	struct sighting *packets;
	struct alias *aliases;
	uint32_t keys[KEYS]; /* for payload, what is in front of it, places */
};

/* ---- tables ---- */

static bool table_init(struct table *t, size_t room)
{
	t->room = room;
	t->slots = 1;
	while (t->slots < room)
		t->slots *= 2;
	t->newest = calloc(2 * t->slots, sizeof(*t->newest));
	if (t->newest == NULL)
		return false;
	t->older = t->newest + t->slots;
	return true;
}

static uint64_t *table_bucket(const struct table *t, uint64_t hash)
{
	return &t->newest[hash & (t->slots - 1)];
}

static size_t slot_of(const struct table *t, uint64_t name)
{
	return (size_t)(name >> TAG) & (t->slots - 1);
}

static uint64_t tag_of(uint64_t hash)
{
	return hash >> 32 & ((1U << TAG) - 1);
}

static bool table_has(const struct table *t, uint64_t name)
{
	return name != 0 && t->last - (name >> TAG) < t->room;
}

/* The first from this name on that may have the hash; 0: none has. */
static uint64_t table_likely(const struct table *t, uint64_t name, uint64_t hash)
{
	while (table_has(t, name)) {
		if (((name ^ tag_of(hash)) & ((1U << TAG) - 1)) == 0)
			return name;
		name = t->older[slot_of(t, name)];
	}
	return 0;
}

static uint64_t table_first(const struct table *t, uint64_t hash)
{
	return table_likely(t, *table_bucket(t, hash), hash);
}

static uint64_t table_next(const struct table *t, uint64_t name, uint64_t hash)
{
	return table_likely(t, t->older[slot_of(t, name)], hash);
}

/* Takes the place of the oldest entry; returns its slot. */
static size_t table_add(struct table *t, uint64_t hash)
{
	uint64_t *bucket = table_bucket(t, hash);
	uint64_t name = ++t->last << TAG | tag_of(hash);
	size_t slot = slot_of(t, name);
	t->older[slot] = *bucket;
	*bucket = name;
	return slot;
}

struct sightings *sightings_new(const struct limits *l, struct hash_key hash)
{
	struct sightings *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->hash = hash;
	s->max_ns = l->copy_ms * MILLISECOND;
	for (uint32_t i = 0; i < KEYS; i++)
		s->keys[i] = (uint32_t)hash_keyed(hash, &i, sizeof(i));
	if (l->copy_packets == 0)
		return s;
	size_t networks = l->copy_networks != 0 ? l->copy_networks : 1;
	if (table_init(&s->seen, l->copy_packets) && table_init(&s->tied, networks)) {
		s->packets = calloc(s->seen.slots, sizeof(*s->packets));
		s->aliases = calloc(s->tied.slots, sizeof(*s->aliases));
	}
	if (s->packets == NULL || s->aliases == NULL) {
		sightings_free(s);
		return NULL;
	}
	return s;
}

void sightings_free(struct sightings *s)
{
	if (s == NULL)
		return;
	free(s->packets);
	free(s->aliases);
	free(s->seen.newest);
	free(s->tied.newest);
	free(s);
}

/* ---- hashes ---- */

#ifdef __SSE2__
/* Two products of the even words, two of the odd ones. */
static inline void lanes_add(uint64_t sum[LANES], const uint32_t *keys, const uint8_t *p)
{
	const __m128i *k = (const void *)keys, *w = (const void *)p;
	__m128i a = _mm_add_epi32(_mm_loadu_si128(&w[0]), _mm_loadu_si128(&k[0]));
	__m128i b = _mm_add_epi32(_mm_loadu_si128(&w[1]), _mm_loadu_si128(&k[1]));
	__m128i even = _mm_mul_epu32(a, b);
	__m128i odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), _mm_srli_epi64(b, 32));
	__m128i *s = (void *)sum;
	_mm_storeu_si128(&s[0], _mm_add_epi64(_mm_loadu_si128(&s[0]), even));
	_mm_storeu_si128(&s[1], _mm_add_epi64(_mm_loadu_si128(&s[1]), odd));
}
#else
static inline void lanes_add(uint64_t sum[LANES], const uint32_t *keys, const uint8_t *p)
{
	uint32_t w[STRIDE];
	memcpy(w, p, sizeof(w));
	for (size_t i = 0; i < LANES; i++)
		sum[i] += (uint64_t)(w[i] + keys[i]) * (uint32_t)(w[i + LANES] + keys[i + LANES]);
}
#endif

/*
 * NH of UMAC (RFC 4418 5.2): nobody who does not know the keys finds two texts of one length and one hash.
 * It is fast, which a packet's payload needs. The sum of two, with keys of their own, is that of both texts.
 */
static uint64_t block_hash(const uint32_t *keys, const uint8_t *p, size_t n)
{
	enum { BYTES = 4 * STRIDE };
	uint64_t sum[LANES] = { 0 };
	for (; n >= BYTES; n -= BYTES, p += BYTES, keys += STRIDE)
		lanes_add(sum, keys, p);
	if (n != 0) {
		uint8_t rest[BYTES] = { 0 };
		memcpy(rest, p, n);
		lanes_add(sum, keys, rest);
	}
	return sum[0] + sum[1] + sum[2] + sum[3];
}

/* Behind what is hashed already; what is longer than the keys, block by block. */
static uint64_t bytes_hash(const struct sightings *s, uint64_t before, struct slice bytes)
{
	struct slice part = slice_part(bytes, 0, BLOCK);
	uint64_t hash = before + block_hash(s->keys, part.p, part.n);
	for (size_t at = BLOCK; at < bytes.n; at += BLOCK) {
		part = slice_part(bytes, at, BLOCK);
		uint64_t chain[2] = { hash, block_hash(s->keys, part.p, part.n) };
		hash = hash_keyed(s->hash, chain, sizeof(chain));
	}
	return hash ^ hash >> 32;
}

/*
 * What copies have in common, whatever they have passed: not the hop limit, not the networks, and not the
 * checksum, which a network card may fill in between two places.
 */
struct common {
	struct endpoint src, dst;
	uint32_t id, offset, missing, bytes;
	uint16_t recording;
	uint8_t protocol, fragment;
	uint8_t tcp[TCP_HEADER];
};
_Static_assert(sizeof(struct common) == 80, "hashed whole: no padding");
_Static_assert(sizeof(struct common) <= 4 * COMMON_KEYS, "a key for each word");

static uint64_t common_hash(const struct sightings *s, const struct datagram *d)
{
	struct slice bytes = cursor_rest(&d->c);
	struct common c = {
		.src = d->src,
		.dst = d->dst,
		.id = d->id,
		.offset = d->offset,
		.missing = d->missing,
		.bytes = (uint32_t)bytes.n,
		.recording = d->recording,
		.protocol = d->protocol,
		.fragment = (uint8_t)(d->fragment + 2 * d->more),
	};
	size_t header = d->fragment ? 0 : bytes.n < TCP_HEADER ? bytes.n : TCP_HEADER;
	if (header != 0)
		memcpy(c.tcp, bytes.p, header);
	c.tcp[CHECKSUM] = c.tcp[CHECKSUM + 1] = 0;
	uint64_t hash = block_hash(s->keys + BLOCK_KEYS, (const uint8_t *)&c, sizeof(c));
	return bytes_hash(s, hash, slice_part(bytes, header, bytes.n));
}

static uint32_t place_hash(const struct sightings *s, const struct datagram *d)
{
	uint64_t place[4] = { d->place, d->tunnel, d->vlan, d->hops };
	uint64_t sum = block_hash(s->keys + BLOCK_KEYS + COMMON_KEYS, (const uint8_t *)place,
	    sizeof(place));
	return (uint32_t)(sum ^ sum >> 32);
}

/* ---- networks ---- */

static struct network network_of(const struct datagram *d)
{
	struct network n = {
		.tunnel = d->tunnel,
		.vlan = d->vlan,
		.recording = d->recording,
		.family = d->src.family,
	};
	bool turned = memcmp(d->src.address, d->dst.address, sizeof(n.low)) > 0;
	memcpy(n.low, turned ? d->dst.address : d->src.address, sizeof(n.low));
	memcpy(n.high, turned ? d->src.address : d->dst.address, sizeof(n.high));
	return n;
}

static const struct alias *alias_find(const struct sightings *s, const struct network *from)
{
	uint64_t hash = hash_keyed(s->hash, from, sizeof(*from));
	const struct table *t = &s->tied;
	for (uint64_t at = table_first(t, hash); at != 0; at = table_next(t, at, hash)) {
		const struct alias *a = &s->aliases[slot_of(t, at)];
		if (memcmp(&a->from, from, sizeof(*from)) == 0)
			return a;
	}
	return NULL;
}

/* To the network that counts. Only one that counts is ever tied to another: there is no way round in circles. */
static void network_resolve(const struct sightings *s, struct network *n)
{
	for (unsigned moves = 0; moves < MOST_MOVES; moves++) {
		const struct alias *a = alias_find(s, n);
		if (a == NULL)
			return;
		n->vlan = a->vlan;
		n->tunnel = a->tunnel;
	}
}

static void datagram_resolve(const struct sightings *s, struct datagram *d)
{
	if (s->tied.last == 0)
		return;
	struct network n = network_of(d);
	network_resolve(s, &n);
	d->vlan = n.vlan;
	d->tunnel = n.tunnel;
}

static void network_tie(struct sightings *s, const struct network *from, const struct network *to)
{
	if (memcmp(from, to, sizeof(*from)) == 0 || alias_find(s, from) != NULL)
		return;
	size_t slot = table_add(&s->tied, hash_keyed(s->hash, from, sizeof(*from)));
	s->aliases[slot] = (struct alias){ *from, to->tunnel, to->vlan };
}

/* ---- packets ---- */

static struct sighting *sighting_find(const struct sightings *s, uint64_t what)
{
	const struct table *t = &s->seen;
	for (uint64_t at = table_first(t, what); at != 0; at = table_next(t, at, what)) {
		struct sighting *seen = &s->packets[slot_of(t, at)];
		if (seen->what == what)
			return seen;
	}
	return NULL;
}

static bool sighting_is_near(const struct sightings *s, const struct sighting *seen, int64_t ns)
{
	uint64_t a = (uint64_t)seen->ns, b = (uint64_t)ns;
	return (seen->ns < ns ? b - a : a - b) <= s->max_ns;
}

static bool sighting_passed(const struct sighting *seen, uint32_t place)
{
	for (uint32_t i = 0; i < seen->n_places; i++)
		if (seen->places[i] == place)
			return true;
	return false;
}

static void sighting_begin(struct sighting *seen, const struct datagram *d, uint32_t place)
{
	seen->ns = d->at.ns;
	seen->vlan = d->vlan;
	seen->tunnel = d->tunnel;
	seen->places[0] = place;
	seen->n_places = 1;
}

/* Where copies of what was seen there are from now on taken to be. */
static void sighting_tie(struct sightings *s, const struct sighting *seen, const struct datagram *d)
{
	struct network here = network_of(d), there = here;
	there.vlan = seen->vlan;
	there.tunnel = seen->tunnel;
	network_resolve(s, &there);
	network_tie(s, &here, &there);
}

bool sighting_is_copy(struct sightings *s, struct datagram *d)
{
	if (s->seen.room == 0)
		return false;
	uint64_t what = common_hash(s, d);
	__builtin_prefetch(table_bucket(&s->seen, what));
	uint32_t place = place_hash(s, d);
	datagram_resolve(s, d);
	struct sighting *seen = sighting_find(s, what);
	if (seen != NULL && sighting_is_near(s, seen, d->at.ns)) {
		bool passed = sighting_passed(seen, place);
		if (!passed && seen->n_places < PLACES)
			seen->places[seen->n_places++] = place;
		if (!passed || d->id != 0) {
			sighting_tie(s, seen, d);
			return true;
		}
	}
	if (seen == NULL) {
		seen = &s->packets[table_add(&s->seen, what)];
		seen->what = what;
	}
	sighting_begin(seen, d, place);
	return false;
}
