/*
 * pack.c - a record as bytes and back, by the same calls for both ways. Where a record that is read
 * ends, everything behind reads as 0 and as no bytes; where it ends within a field, it is no record.
 */
#include "base/base.h"

#include <string.h>

enum { LEB_MAX = 10, LEB_BITS = 7, LEB_MORE = 0x80, LEB_VALUE = 0x7f, LEB_TOP_SHIFT = 63 };

struct pack pack_to(uint8_t *room, size_t n)
{
	return (struct pack){ .p = room, .room = n };
}

/* Reading writes nothing through p. */
struct pack pack_from(struct slice s)
{
	return (struct pack){ .p = (uint8_t *)(uintptr_t)s.p, .room = s.n, .reading = true };
}

static bool is_over(const struct pack *k)
{
	return k->bad || k->n == k->room;
}

static void number_write(struct pack *k, uint64_t v)
{
	uint8_t bytes[LEB_MAX];
	size_t n = 0;
	do {
		bytes[n] = (uint8_t)(v & LEB_VALUE);
		v >>= LEB_BITS;
		if (v != 0)
			bytes[n] |= LEB_MORE;
		n++;
	} while (v != 0);
	pack_raw(k, bytes, n);
}

/* Ten bytes hold 70 bits: of the last one a single bit counts, and none may follow. */
static uint64_t number_read(struct pack *k)
{
	uint64_t v = 0;
	size_t left = k->room - k->n;
	for (size_t i = 0; i < LEB_MAX && i < left; i++) {
		uint8_t byte = k->p[k->n + i];
		unsigned shift = (unsigned)i * LEB_BITS;
		if (shift == LEB_TOP_SHIFT && byte > 1)
			break;
		v |= (uint64_t)(byte & LEB_VALUE) << shift;
		if ((byte & LEB_MORE) != 0)
			continue;
		k->n += i + 1;
		return v;
	}
	k->bad = true;
	return 0;
}

void pack_u64(struct pack *k, uint64_t *v)
{
	if (!k->reading)
		number_write(k, *v);
	else
		*v = is_over(k) ? 0 : number_read(k);
}

void pack_i64(struct pack *k, int64_t *v)
{
	uint64_t zigzag = (uint64_t)*v << 1 ^ (*v < 0 ? UINT64_MAX : 0);
	pack_u64(k, &zigzag);
	if (k->reading)
		*v = (int64_t)(zigzag >> 1 ^ ((zigzag & 1) != 0 ? UINT64_MAX : 0));
}

void pack_raw(struct pack *k, void *bytes, size_t n)
{
	bool empty = k->reading && is_over(k);
	if (!empty && n > k->room - k->n)
		k->bad = true;
	if (k->bad || empty) {
		if (k->reading && n != 0)
			memset(bytes, 0, n);
		return;
	}
	if (n == 0)
		return;
	if (k->reading)
		memcpy(bytes, k->p + k->n, n);
	else
		memcpy(k->p + k->n, bytes, n);
	k->n += n;
}

void pack_slice(struct pack *k, struct slice *s)
{
	uint64_t n = s->n;
	pack_u64(k, &n);
	if (!k->reading) {
		pack_raw(k, (void *)(uintptr_t)s->p, s->n);
		return;
	}
	*s = (struct slice){ 0 };
	if (k->bad || n == 0)
		return;
	if (n > k->room - k->n) {
		k->bad = true;
		return;
	}
	*s = (struct slice){ k->p + k->n, (size_t)n };
	k->n += (size_t)n;
}

size_t pack_done(const struct pack *k)
{
	return k->n;
}

void pack_stamp(struct pack *k, struct stamp *at)
{
	pack_u64(k, &at->order);
	pack_u64(k, &at->frame);
	pack_i64(k, &at->ns);
	PACK(k, at->input);
}

struct slice pack_form(uint8_t *room, size_t n, void (*form)(struct pack *, void *), void *thing)
{
	struct pack k = pack_to(room, n);
	form(&k, thing);
	ensure(!k.bad, NULL);
	return (struct slice){ room, k.n };
}

bool record_form(const struct state_record *r, void (*form)(struct pack *, void *), void *thing)
{
	struct pack k = pack_from(r->body);
	form(&k, thing);
	return !k.bad && r->body.n != 0;
}
