/*
 * Equal secrets get equal numbers. The table maps the keyed hash of a secret to its number; it is
 * filled in the total order, so numbers do not depend on the key.
 */
#include "decode/credentials.h"

#include <stdlib.h>
#include <string.h>

struct credential {
	uint64_t hash, number;
};

struct credentials {
	uint64_t limit, used;
	size_t room; /* a power of two, more than used */
	struct credential *table; /* hash 0 = free */
};

struct credentials *credentials_new(uint64_t limit)
{
	struct credentials *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->limit = limit;
	c->room = 64;
	c->table = calloc(c->room, sizeof(*c->table));
	if (!c->table) {
		free(c);
		return NULL;
	}
	return c;
}

void credentials_free(struct credentials *c)
{
	if (c)
		free(c->table);
	free(c);
}

static struct credential *place_of(struct credential *table, size_t room, uint64_t hash)
{
	size_t at = hash & (room - 1);
	while (table[at].hash && table[at].hash != hash)
		at = (at + 1) & (room - 1);
	return &table[at];
}

static bool grow(struct credentials *c)
{
	struct credential *table = calloc(c->room * 2, sizeof(*table));
	if (!table)
		return false;
	for (size_t i = 0; i < c->room; i++) {
		if (c->table[i].hash)
			*place_of(table, c->room * 2, c->table[i].hash) = c->table[i];
	}
	free(c->table);
	c->table = table;
	c->room *= 2;
	return true;
}

static uint64_t number_of(struct credentials *c, uint64_t hash)
{
	struct credential *place = place_of(c->table, c->room, hash);
	if (place->hash)
		return place->number;
	if (c->used >= c->limit || (c->used * 2 >= c->room && !grow(c)))
		return 0;
	place = place_of(c->table, c->room, hash);
	*place = (struct credential){ hash, ++c->used };
	return place->number;
}

static void header_number(struct credentials *c, struct arena *arena, struct header *h)
{
	char mark[1 + DECIMAL_MAX];
	struct slice plain = SLICE("<cred");
	size_t at = slice_find(h->value, plain);
	if (at == h->value.n)
		return;
	mark[0] = '#';
	size_t n = 1 + decimal_put(mark + 1, number_of(c, h->credential));
	uint8_t *text = arena_alloc(arena, h->value.n + n);
	if (!text)
		return;
	at += plain.n;
	memcpy(text, h->value.p, at);
	memcpy(text + at, mark, n);
	memcpy(text + at + n, h->value.p + at, h->value.n - at);
	h->value = (struct slice){ text, h->value.n + n };
}

static void message_number(struct credentials *c, struct arena *arena, struct message *m)
{
	for (size_t i = 0; m->redacted && i < m->n_headers; i++) {
		if (m->headers[i].credential)
			header_number(c, arena, &m->headers[i]);
	}
}

void credentials_number(struct credentials *c, struct txn *t)
{
	message_number(c, t->arena, &t->req);
	message_number(c, t->arena, &t->res);
}
