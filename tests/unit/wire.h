/*
 * wire.h - packets written by hand, header by header.
 */
#ifndef DAVSCOPE_TESTS_WIRE_H
#define DAVSCOPE_TESTS_WIRE_H

#include "base/base.h"
#include "tests/unit/guard.h"

#include <string.h>

struct wire {
	uint8_t bytes[70000];
	size_t n;
};

static inline void wire_put(struct wire *w, const void *p, size_t n)
{
	if (n > sizeof(w->bytes) - w->n)
		abort();
	memcpy(w->bytes + w->n, p, n);
	w->n += n;
}

static inline void wire_be(struct wire *w, uint64_t value, size_t width)
{
	for (size_t i = width; i != 0; i--) {
		uint8_t byte = (uint8_t)(value >> (8 * (i - 1)));
		wire_put(w, &byte, 1);
	}
}

static inline void wire_fill(struct wire *w, uint8_t byte, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wire_put(w, &byte, 1);
}

/* An IPv4 header without options; `place` is flags and offset as on the wire. */
static inline void wire_ip4(struct wire *w, uint8_t protocol, size_t payload, uint16_t id,
    uint16_t place)
{
	wire_be(w, 0x4500, 2);
	wire_be(w, 20 + payload, 2);
	wire_be(w, id, 2);
	wire_be(w, place, 2);
	wire_be(w, 0x4000 | protocol, 2);
	wire_be(w, 0, 2);
	wire_be(w, 0x0a000001, 4);
	wire_be(w, 0x0a000002, 4);
}

static inline void wire_ip6(struct wire *w, uint8_t protocol, size_t payload)
{
	wire_be(w, 0x60000000, 4);
	wire_be(w, payload, 2);
	wire_be(w, protocol, 1);
	wire_be(w, 64, 1);
	wire_be(w, 0x20010db800000000, 8);
	wire_be(w, 1, 8);
	wire_be(w, 0x20010db800000000, 8);
	wire_be(w, 2, 8);
}

/* Ports 40000 to 80, sequence 7; `header` is the length its data offset claims. */
static inline void wire_tcp(struct wire *w, uint8_t flags, size_t header)
{
	wire_be(w, 40000, 2);
	wire_be(w, 80, 2);
	wire_be(w, 7, 4);
	wire_be(w, 9, 4);
	wire_be(w, header / 4 << 4, 1);
	wire_be(w, flags, 1);
	wire_be(w, 512, 2);
	wire_be(w, 0, 4);
}

/* The first n bytes of it, in front of a page that must not be touched. */
static inline struct slice wire_cut(const struct wire *w, size_t n)
{
	return (struct slice){ guard_copy(w->bytes, n), n };
}

#endif
