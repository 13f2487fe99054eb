/*
 * A reproducible load: calendar clients on keep-alive connections to their servers, many at a time.
 * usage: gen [-k KIND] [-c CONNECTIONS] [-d PERCENT] [-s SYNS] [-b BODIES] TRANSACTIONS OUT.pcap
 *   -k  mixed (if not given), small, listings, gzip or airsync: load.h
 *   -c  how many at a time; 48
 *   -d  so many of a hundred packets with data come late, twice, or not at all
 *   -s  one connection, and between its packets so many SYNs that nobody answers
 *   -b  a file for the XML bodies, as bodyloop reads them
 * "-" is standard output. Prints "N transactions" to standard error.
 */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "tests/bench/load.h"

enum { CONNS = 48, CONNS_MAX = 10000, MSS = 1460, WINDOW = 8, STEPS = 3 };

/* What a connection does next. */
enum phase {
	PHASE_CLOSED,
	PHASE_SYN,
	PHASE_SYN_ACK,
	PHASE_OPEN,
	PHASE_REQUEST,
	PHASE_RESPONSE,
	PHASE_FIN,
	PHASE_FIN_BACK
};

struct conn {
	enum phase phase;
	struct talk_address end[2];
	uint32_t next[2];
	unsigned server;
	uint64_t left; /* transactions until it is closed */
	struct bytes message[2];
	size_t sent, unacked;
};

struct gen {
	struct load load;
	struct load_file file;
	uint64_t transactions, wanted;
	uint64_t syns, syns_wanted;
	uint64_t n_conns;
	uint16_t port;
	struct conn *conns;
};

/* ---- packets ---- */

static void conn_packet(struct gen *g, struct conn *c, unsigned side, uint8_t flags,
    struct slice data)
{
	struct segment s = {
		.ns = g->file.now,
		.side = side,
		.from = c->end[side],
		.to = c->end[!side],
		.seq = c->next[side],
		.ack = c->next[!side],
		.flags = flags,
		.data = data,
	};
	load_file_segment(&g->file, &s);
	c->next[side] += (uint32_t)data.n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

static void conn_open(struct gen *g, struct conn *c)
{
	struct load *l = &g->load;
	uint16_t port = g->port++;
	if (g->port == 0)
		g->port = 1024;
	c->server = (unsigned)load_random(l, LOAD_SERVERS);
	c->end[CLIENT] = (struct talk_address){ 4, port,
		{ 10, 0, 1, (uint8_t)(1 + load_random(l, 200)) } };
	c->end[SERVER] = (struct talk_address){ 4, 80, { 10, 0, 2, (uint8_t)(1 + c->server) } };
	c->next[CLIENT] = (uint32_t)load_random(l, 1ull << 32);
	c->next[SERVER] = (uint32_t)load_random(l, 1ull << 32);
	c->left = g->syns_wanted > 0 ? g->wanted : 5 + load_random(l, 60);
	conn_packet(g, c, CLIENT, TCP_SYN, (struct slice){ 0 });
	c->phase = PHASE_SYN;
}

/* A few segments of the message on its way; the other side acknowledges every second one. */
static bool conn_send(struct gen *g, struct conn *c, unsigned side)
{
	struct slice all = bytes_all(&c->message[side]);
	for (uint64_t n = 1 + load_random(&g->load, WINDOW); n > 0 && c->sent < all.n; n--) {
		struct slice piece = slice_part(all, c->sent, MSS);
		c->sent += piece.n;
		conn_packet(g, c, side, c->sent == all.n ? TCP_ACK | TCP_PSH : TCP_ACK, piece);
		if (++c->unacked % 2 == 0)
			conn_packet(g, c, !side, TCP_ACK, (struct slice){ 0 });
	}
	return c->sent == all.n;
}

static void conn_response_end(struct gen *g, struct conn *c)
{
	g->transactions++;
	conn_packet(g, c, CLIENT, TCP_ACK, (struct slice){ 0 });
	c->phase = --c->left == 0 || g->transactions >= g->wanted ? PHASE_FIN : PHASE_OPEN;
}

static void conn_step(struct gen *g, struct conn *c)
{
	static const struct slice none = { 0 };
	switch (c->phase) {
	case PHASE_CLOSED:
		if (g->transactions < g->wanted)
			conn_open(g, c);
		break;
	case PHASE_SYN:
		conn_packet(g, c, SERVER, TCP_SYN | TCP_ACK, none);
		c->phase = PHASE_SYN_ACK;
		break;
	case PHASE_SYN_ACK:
		conn_packet(g, c, CLIENT, TCP_ACK, none);
		c->phase = PHASE_OPEN;
		break;
	case PHASE_OPEN:
		load_exchange(&g->load, c->server, c->message);
		c->sent = c->unacked = 0;
		c->phase = PHASE_REQUEST;
		break;
	case PHASE_REQUEST:
		if (conn_send(g, c, CLIENT)) {
			c->sent = c->unacked = 0;
			c->phase = PHASE_RESPONSE;
		}
		break;
	case PHASE_RESPONSE:
		if (conn_send(g, c, SERVER))
			conn_response_end(g, c);
		break;
	case PHASE_FIN:
		conn_packet(g, c, CLIENT, TCP_FIN | TCP_ACK, none);
		conn_packet(g, c, SERVER, TCP_ACK, none);
		c->phase = PHASE_FIN_BACK;
		break;
	case PHASE_FIN_BACK:
		conn_packet(g, c, SERVER, TCP_FIN | TCP_ACK, none);
		conn_packet(g, c, CLIENT, TCP_ACK, none);
		c->phase = PHASE_CLOSED;
		break;
	}
}

/* So many in front of each step of the conversation that all of them are sent before it ends. */
static void flood(struct gen *g)
{
	uint64_t n = g->syns_wanted / (g->wanted * STEPS) + 1;
	for (; n > 0 && g->syns < g->syns_wanted; n--) {
		uint64_t i = g->syns++;
		struct segment s = {
			.ns = g->file.now,
			.from = { 4, (uint16_t)(1024 + i % 32768),
			    { 198, 18, (uint8_t)(i >> 23), (uint8_t)(i >> 15) } },
			.to = { 4, 80, { 10, 0, 2, 1 } },
			.seq = (uint32_t)load_random(&g->load, 1ull << 32),
			.flags = TCP_SYN,
		};
		load_file_segment(&g->file, &s);
	}
}

static bool busy(const struct gen *g)
{
	for (size_t i = 0; i < g->n_conns; i++)
		if (g->conns[i].phase != PHASE_CLOSED)
			return true;
	return g->transactions < g->wanted;
}

static bool write_all(struct gen *g)
{
	g->conns = calloc(g->n_conns, sizeof(*g->conns));
	ensure(g->conns != NULL, NULL);
	while (busy(g)) {
		conn_step(g, &g->conns[load_random(&g->load, g->n_conns)]);
		flood(g);
	}
	for (size_t i = 0; i < g->n_conns; i++) {
		bytes_free(&g->conns[i].message[CLIENT]);
		bytes_free(&g->conns[i].message[SERVER]);
	}
	free(g->conns);
	bool written = load_file_close(&g->file);
	if (g->load.bodies != NULL)
		written &= fclose(g->load.bodies) == 0;
	return written && !g->load.failed;
}

static bool number(const char *text, uint64_t most, uint64_t *n)
{
	return slice_to_u64(slice_from(text), n) && *n > 0 && *n <= most;
}

static bool option(struct gen *g, int letter, const char *value)
{
	uint64_t n = 0;
	switch (letter) {
	case 'k':
		return load_kind_find(value, &g->load.kind);
	case 'c':
		return number(value, CONNS_MAX, &g->n_conns);
	case 'd':
		if (!number(value, 100, &n))
			return false;
		g->file.disorder = (unsigned)n;
		return true;
	case 's':
		g->n_conns = 1;
		return number(value, UINT32_MAX, &g->syns_wanted);
	case 'b':
		g->load.bodies = fopen(value, "wb");
		return g->load.bodies != NULL;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct gen g = {
		.load = { .random = 923164 },
		.file = { .now = 1159200000000000000 },
		.n_conns = CONNS,
		.port = 1024,
	};
	bool good = true;
	g.file.load = &g.load;
	for (int letter; good && (letter = getopt(argc, argv, "k:c:d:s:b:")) != -1;)
		good = option(&g, letter, optarg);
	if (!good || argc - optind != 2 || !number(argv[optind], UINT32_MAX, &g.wanted)) {
		fprintf(stderr,
		    "usage: gen [-k KIND] [-c CONNECTIONS] [-d PERCENT] [-s SYNS] [-b BODIES]"
		    " TRANSACTIONS OUT.pcap\n");
		return 2;
	}
	if (!load_file_open(&g.file, argv[optind + 1]) || !write_all(&g)) {
		fprintf(stderr, "gen: %s: %s\n", argv[optind + 1], strerror(errno));
		return 1;
	}
	fprintf(stderr, "%" PRIu64 " transactions\n", g.transactions);
	return 0;
}
