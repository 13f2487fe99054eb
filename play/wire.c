/*
 * wire.c - the capture: classic pcap, raw IPv4, whole TCP connections with checksums, in virtual time.
 */
#include "play/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LINKTYPE_RAW = 101,
	IP_HEAD = 20,
	TCP_HEAD = 20,
	HEADS = IP_HEAD + TCP_HEAD,
	SEGMENT = 1460,
	SERVER_PORT = 80,
	FIRST_PORT = 49152,
	HOP_US = 150,
	MESSAGE_US = 2000,
	CYCLE_US = 60 * 1000 * 1000,
};
enum { FIN = 0x01, SYN = 0x02, PSH = 0x08, ACK = 0x10 };
static const int64_t begin_us = INT64_C(1790344800) * 1000000; /* 2026-09-25T14:00:00Z */

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* ---- the file ---- */

static void wire_write(struct wire *w, const void *p, size_t n)
{
	if (w->file != NULL && w->error == 0 && fwrite(p, 1, n, w->file) != n)
		w->error = errno;
}

/* The stream has a descriptor of its own, so that closing it tells what it could not write. */
static bool stream_open(struct wire *w)
{
	int fd = dup(w->whole.fd);
	w->file = fd >= 0 ? fdopen(fd, "wb") : NULL;
	if (w->file == NULL && fd >= 0)
		close(fd);
	return w->file != NULL;
}

bool wire_open(struct wire *w, const char *path, struct error *e)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, LINKTYPE_RAW };
	*w = (struct wire){ .us = begin_us };
	if (path == NULL)
		return true;
	if (!whole_open(&w->whole, path, e))
		return false;
	w->path = strdup(path);
	if (w->path == NULL || !stream_open(w)) {
		error_set(e, "%.120s: %s", path, strerror(errno));
		whole_discard(&w->whole);
		free(w->path);
		return false;
	}
	wire_write(w, head, sizeof head);
	return true;
}

bool wire_close(struct wire *w, bool keep, struct error *e)
{
	bool fine = true;
	if (w->file != NULL) {
		if (fclose(w->file) != 0 && w->error == 0)
			w->error = errno;
		if (!keep || w->error != 0)
			whole_discard(&w->whole);
		else if (!whole_commit(&w->whole))
			w->error = errno;
		fine = w->error == 0;
		if (keep && !fine)
			error_set(e, "%.120s: %s", w->path, strerror(w->error));
	}
	free(w->path);
	*w = (struct wire){ 0 };
	return fine;
}

void wire_cycle(struct wire *w, unsigned cycle)
{
	int64_t us = begin_us + (int64_t)(cycle + 1) * CYCLE_US;
	w->us = us > w->us ? us : w->us;
}

void wire_wait(struct wire *w, int64_t us)
{
	w->us += us;
}

/* ---- packets ---- */

static void ip_head(uint8_t *p, const struct hop *h, unsigned from, size_t length)
{
	memset(p, 0, IP_HEAD);
	p[0] = 0x45;
	put16(p + 2, (uint32_t)length);
	put16(p + 4, ++h->wire->packets);
	p[6] = 0x40; /* do not fragment */
	p[8] = 64;
	p[9] = 6;
	put32(p + 12, UINT32_C(0xc0000200) | h->host[from]);
	put32(p + 16, UINT32_C(0xc0000200) | h->host[!from]);
	put16(p + 10, (uint16_t)~sum_add(0, p, IP_HEAD));
}

static void tcp_head(uint8_t *p, const struct hop *h, unsigned from, unsigned flags, size_t n)
{
	uint8_t *t = p + IP_HEAD;
	memset(t, 0, TCP_HEAD);
	put16(t, h->port[from]);
	put16(t + 2, h->port[!from]);
	put32(t + 4, h->next[from]);
	put32(t + 8, flags & ACK ? h->next[!from] : 0);
	t[12] = TCP_HEAD / 4 << 4;
	t[13] = (uint8_t)flags;
	put16(t + 14, 65535);
	uint16_t sum = sum_add((uint16_t)(6 + TCP_HEAD + n), p + 12, 8);
	put16(t + 16, (uint16_t)~sum_add(sum, t, TCP_HEAD + n));
}

static void hop_packet(struct hop *h, unsigned from, unsigned flags, const void *data, size_t n)
{
	struct wire *w = h->wire;
	uint8_t p[HEADS + SEGMENT];
	if (n != 0)
		memcpy(p + HEADS, data, n);
	ip_head(p, h, from, HEADS + n);
	tcp_head(p, h, from, flags, n);
	wire_wait(w, HOP_US);
	uint32_t record[4] = { (uint32_t)(w->us / 1000000), (uint32_t)(w->us % 1000000),
		(uint32_t)(HEADS + n), (uint32_t)(HEADS + n) };
	wire_write(w, record, sizeof record);
	wire_write(w, p, HEADS + n);
	h->next[from] += (uint32_t)n + (flags & (SYN | FIN) ? 1 : 0);
}

/* ---- connections ---- */

void hop_open(struct hop *h, struct wire *w, const uint8_t host[2], unsigned number)
{
	*h = (struct hop){ .wire = w,
		.host = { host[0], host[1] },
		.port = { (uint16_t)(FIRST_PORT + number), SERVER_PORT },
		.next = { 1000 + 100000 * number, 2000 + 100000 * number } };
	if (w == NULL)
		return;
	hop_packet(h, HOP_CLIENT, SYN, NULL, 0);
	hop_packet(h, HOP_SERVER, SYN | ACK, NULL, 0);
	hop_packet(h, HOP_CLIENT, ACK, NULL, 0);
}

void hop_send(struct hop *h, unsigned from, const void *p, size_t n)
{
	const uint8_t *data = p;
	if (h->wire == NULL || n == 0)
		return;
	wire_wait(h->wire, MESSAGE_US);
	while (n != 0) {
		size_t part = n < SEGMENT ? n : SEGMENT;
		hop_packet(h, from, part == n ? PSH | ACK : ACK, data, part);
		data += part;
		n -= part;
	}
	hop_packet(h, !from, ACK, NULL, 0);
}

void hop_close(struct hop *h, unsigned first)
{
	if (h->wire == NULL)
		return;
	hop_packet(h, first, FIN | ACK, NULL, 0);
	hop_packet(h, !first, FIN | ACK, NULL, 0);
	hop_packet(h, first, ACK, NULL, 0);
	h->wire = NULL;
}
