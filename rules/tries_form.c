/*
 * tries_form.c - what a key of a sequence remembers as a record, and back: the tries that are open, with
 * their witnesses.
 */
#include "rules/due.h"

#include <string.h>

static void try_head_form(struct pack *k, struct try *t)
{
	int64_t *const times[] = { &t->first, &t->deadline, &t->due, &t->ahead, &t->doubt,
		&t->suppressed_until };
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		pack_i64(k, times[i]);
	pack_u64(k, &t->opened);
	pack_u64(k, &t->served);
	PACK(k, t->step);
	PACK(k, t->tainted);
	PACK(k, t->closed);
}

static bool witnesses_write(struct pack *k, struct store *s, struct try *t)
{
	for (size_t i = 0; i < t->n_witnesses; i++)
		if (!witness_form(k, s, &t->witnesses[i]))
			return false;
	return true;
}

static bool try_write(struct pack *k, struct store *s, struct try *t)
{
	struct slice limit_key = { t->limit_key, t->n_limit_key };
	try_head_form(k, t);
	pack_slice(k, &limit_key);
	return witnesses_write(k, s, t);
}

static bool limit_key_read(struct pack *k, struct store *s, struct try *t)
{
	struct slice bytes = { 0 };
	pack_slice(k, &bytes);
	if (k->bad || bytes.n > sizeof(((struct key_text *)NULL)->bytes))
		return false;
	if (bytes.n == 0)
		return true;
	if (bytes.n < 8 || !key_is_sound(slice_part(bytes, 8, SIZE_MAX), true))
		return false;
	t->limit_key = store_alloc(s, bytes.n);
	if (t->limit_key == NULL)
		return false;
	t->n_limit_key = (uint16_t)bytes.n;
	memcpy(t->limit_key, bytes.p, bytes.n);
	return true;
}

/* As many witnesses as steps that were done; at least the one that opened it. */
static bool witnesses_read(struct pack *k, struct store *s, struct try *t, size_t n)
{
	for (; t->n_witnesses < n; t->n_witnesses++) {
		struct witness **w = &t->witnesses[t->n_witnesses];
		if (!witness_form(k, s, w)) {
			witness_free(s, *w);
			*w = NULL;
			return false;
		}
	}
	return n != 0;
}

static bool try_read(struct pack *k, struct rules *r, struct sequence_key *key)
{
	const struct sequence *q = sequence_of(&key->key);
	struct store *s = &r->store;
	struct try *t = store_alloc(s, try_size(q));
	if (t == NULL)
		return false;
	memset(t, 0, try_size(q));
	t->key = key;
	try_head_form(k, t);
	if (k->bad || t->step >= q->n_steps || !limit_key_read(k, s, t) ||
	    !witnesses_read(k, s, t, positive_steps(q, t->step)) || !due_add(s, t)) {
		try_free(s, t);
		return false;
	}
	try_append(key, t);
	return true;
}

static bool tries_write(struct pack *k, struct rules *r, struct sequence_key *key)
{
	for (struct try *t = key->tries; t != NULL; t = t->next)
		if (!try_write(k, &r->store, t))
			return false;
	return !k->bad;
}

bool sequence_form(struct pack *k, struct rules *r, struct key *key)
{
	struct sequence_key *q = (struct sequence_key *)key;
	uint64_t n = q->n_tries;
	pack_u64(k, &q->n_flows);
	for (size_t i = 0; i < FLOWS_KEPT; i++)
		pack_u64(k, &q->flows[i]);
	pack_i64(k, &q->forbidden);
	last_form(k, &q->doubtful);
	pack_u64(k, &n);
	if (k->bad || n > r->options.limits->rule_tries)
		return false;
	if (!k->reading)
		return tries_write(k, r, q);
	while (q->n_tries < n)
		if (!try_read(k, r, q))
			return false;
	return true;
}
