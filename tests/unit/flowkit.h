/*
 * flowkit.h - a shard of its own and segments by hand, for tests of what is behind the network layer.
 */
#ifndef DAVSCOPE_TESTS_FLOWKIT_H
#define DAVSCOPE_TESTS_FLOWKIT_H

#include "decode/shard.h"

struct kit {
	struct decode_options options;
	struct shard shard;
	uint64_t order;
	int64_t clock;
};

static inline void kit_open(struct kit *k)
{
	*k = (struct kit){ .options = { .limits = limits_default(), .key = hash_key_from(7), .bodies = BODIES_ALL } };
	ensure(shard_init(&k->shard, &k->options), NULL);
}

static inline void kit_close(struct kit *k)
{
	shard_fini(&k->shard);
}

/* From the client (port 40000 + connection) or from the server, port 80. */
static inline struct segment kit_segment(struct kit *k, unsigned connection, unsigned from_server, uint32_t seq,
    uint32_t ack, uint8_t flags, const char *text)
{
	struct segment s = { .flags = flags, .seq = seq, .ack = flags & TCP_ACK ? ack : 0 };
	struct endpoint client = { .family = 4, .port = (uint16_t)(40000 + connection), .address = { 10, 0, 0, 1 } };
	struct endpoint server = { .family = 4, .port = 80, .address = { 10, 0, 0, 2 } };
	s.at = (struct stamp){ .order = ++k->order, .frame = k->order, .ns = k->clock };
	s.src = from_server ? server : client;
	s.dst = from_server ? client : server;
	s.payload = slice_from(text);
	return s;
}

static inline void kit_send(struct kit *k, unsigned connection, unsigned from_server, uint32_t seq, uint32_t ack,
    uint8_t flags, const char *text)
{
	struct segment s = kit_segment(k, connection, from_server, seq, ack, flags, text);
	shard_segment(&k->shard, &s, k->clock);
}

static inline void kit_finish(struct kit *k)
{
	struct stamp end = { .order = ++k->order };
	shard_finish(&k->shard, &end);
}

static inline size_t kit_count(const struct kit *k, enum output_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < k->shard.out.n; i++)
		n += k->shard.out.items[i].kind == kind;
	return n;
}

static inline size_t kit_anomalies(const struct kit *k, enum anomaly_code code)
{
	size_t n = 0;
	for (size_t i = 0; i < k->shard.out.n; i++)
		n += k->shard.out.items[i].kind == OUTPUT_ANOMALY && k->shard.out.items[i].u.anomaly.code == code;
	return n;
}

/* The n-th output of a kind; NULL: there are not so many. */
static inline const struct output *kit_output(const struct kit *k, enum output_kind kind, size_t n)
{
	for (size_t i = 0; i < k->shard.out.n; i++) {
		if (k->shard.out.items[i].kind == kind && n-- == 0)
			return &k->shard.out.items[i];
	}
	return NULL;
}

#endif
