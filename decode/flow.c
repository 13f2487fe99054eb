/*
 * The flow table of one shard: a keyed hash table over a fixed number of records, and three lists
 * by age: half open, active, closed.
 */
#include "decode/flow.h"

#include <stdlib.h>
#include <string.h>

struct flow_list_ends {
	struct tcp_flow *oldest, *newest;
};

struct flow_table {
	struct hash_key key;
	size_t room, used, buckets;
	struct tcp_flow **bucket;
	struct tcp_flow *unused;
	struct tcp_flow *recent; /* found last: packets of a flow come in runs */
	struct flow_list_ends list[FLOW_LISTS];
};

static size_t power_of_two(size_t n)
{
	size_t p = 16;
	while (p < n)
		p *= 2;
	return p;
}

struct flow_table *flow_table_new(const struct limits *limits, struct hash_key key)
{
	struct flow_table *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->key = key;
	t->room = shard_part(limits->flows) ? shard_part(limits->flows) : 1;
	t->buckets = power_of_two(t->room);
	t->bucket = calloc(t->buckets, sizeof(*t->bucket));
	if (!t->bucket) {
		free(t);
		return NULL;
	}
	return t;
}

void flow_table_free(struct flow_table *t)
{
	if (!t)
		return;
	while (t->unused) {
		struct tcp_flow *f = t->unused;
		t->unused = f->hash_next;
		free(f);
	}
	free(t->bucket);
	free(t);
}

static struct tcp_flow **bucket_of(struct flow_table *t, const struct flow_key *key)
{
	return &t->bucket[hash_keyed(t->key, key, sizeof(*key)) & (t->buckets - 1)];
}

struct tcp_flow *flow_find(struct flow_table *t, const struct flow_key *key)
{
	struct tcp_flow *f = t->recent;
	if (f && memcmp(&f->key, key, sizeof(*key)) == 0)
		return f;
	f = *bucket_of(t, key);
	while (f && memcmp(&f->key, key, sizeof(*key)) != 0)
		f = f->hash_next;
	if (f)
		t->recent = f;
	return f;
}

static void list_unlink(struct flow_table *t, struct tcp_flow *f)
{
	struct flow_list_ends *l = &t->list[f->list];
	if (f->older)
		f->older->newer = f->newer;
	else
		l->oldest = f->newer;
	if (f->newer)
		f->newer->older = f->older;
	else
		l->newest = f->older;
}

static void list_push(struct flow_table *t, struct tcp_flow *f, enum flow_list list)
{
	struct flow_list_ends *l = &t->list[list];
	f->list = list;
	f->newer = NULL;
	f->older = l->newest;
	if (l->newest)
		l->newest->newer = f;
	else
		l->oldest = f;
	l->newest = f;
}

bool flow_table_full(const struct flow_table *t)
{
	return t->used >= t->room;
}

struct tcp_flow *flow_add(struct flow_table *t, const struct flow_key *key)
{
	struct tcp_flow *f = t->unused;
	if (f)
		t->unused = f->hash_next;
	else
		f = malloc(sizeof(*f));
	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->key = *key;
	struct tcp_flow **bucket = bucket_of(t, key);
	f->hash_next = *bucket;
	*bucket = f;
	list_push(t, f, LIST_HALF_OPEN);
	t->used++;
	return f;
}

void flow_touch(struct flow_table *t, struct tcp_flow *f, enum flow_list list)
{
	if (f->list == list && t->list[list].newest == f)
		return;
	list_unlink(t, f);
	list_push(t, f, list);
}

void flow_remove(struct flow_table *t, struct tcp_flow *f)
{
	struct tcp_flow **at = bucket_of(t, &f->key);
	while (*at != f)
		at = &(*at)->hash_next;
	*at = f->hash_next;
	if (t->recent == f)
		t->recent = NULL;
	list_unlink(t, f);
	f->hash_next = t->unused;
	t->unused = f;
	t->used--;
}

struct tcp_flow *flow_oldest(const struct flow_table *t, enum flow_list list)
{
	return t->list[list].oldest;
}

struct tcp_flow *flow_newest(const struct flow_table *t, enum flow_list list)
{
	return t->list[list].newest;
}

void flow_key_from(const struct segment *s, struct flow_key *key, bool *from_high)
{
	*from_high = memcmp(&s->src, &s->dst, sizeof(s->src)) > 0;
	*key = (struct flow_key){
		.low = *from_high ? s->dst : s->src,
		.high = *from_high ? s->src : s->dst,
		.vlan = s->vlan,
		.recording = s->recording,
		.tunnel = s->tunnel,
	};
}

/*
 * Part of the meaning of a run, so the same everywhere; a table behind it is keyed. Tunnels need no
 * shards of their own.
 */
unsigned flow_shard(const struct flow_key *key)
{
	uint64_t words[offsetof(struct flow_key, tunnel) / 8], mixed = 0;
	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		mixed = (mixed ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		mixed ^= mixed >> 29;
	}
	return (unsigned)((mixed >> 32) % SHARDS);
}
