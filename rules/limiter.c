/*
 * limiter.c - `limit`: at most so many findings of one key in a period, which begins with the first.
 * How many were kept back is told with the next one.
 */
#include "rules/state.h"

#include <string.h>

struct limit_key {
	struct key key;
	int64_t start;
	uint64_t given, kept_back;
};

static bool period_over(const struct limit_key *k, int64_t now)
{
	return ns_sub(now, k->start) >= k->key.space->owner->rule->limit.per_ns;
}

static bool limit_idle(const struct key *k, int64_t now)
{
	const struct limit_key *l = (const struct limit_key *)k;
	return l->kept_back == 0 && period_over(l, now);
}

static void limit_clear(struct store *s, struct key *k)
{
	(void)s;
	(void)k;
}

static bool limit_form(struct pack *k, struct rules *r, struct key *key)
{
	struct limit_key *l = (struct limit_key *)key;
	(void)r;
	pack_i64(k, &l->start);
	pack_u64(k, &l->given);
	pack_u64(k, &l->kept_back);
	return !k->bad;
}

const struct use limit_use = { sizeof(struct limit_key), limit_idle, limit_clear, limit_form };

/* What is not there is a value of its own here: a limit never hides a rule's first finding. */
void limiter_key(struct rules *r, struct rule_state *s, const struct event *e,
    struct key_text *text)
{
	const struct key_spec *by = &s->rule->limit.by;
	key_begin(text, &s->limits);
	for (size_t i = 0; i < by->n; i++) {
		enum seen seen = key_add(text, &by->fields[i], e);
		if (seen != PRESENT)
			key_add_missing(text, seen);
	}
	key_end(text, &r->store);
}

static void text_restore(struct key_text *text, struct slice bytes, const struct store *store)
{
	memcpy(text->bytes, bytes.p, bytes.n);
	text->n = bytes.n;
	key_end(text, store);
}

bool limiter_pass(struct rules *r, struct rule_state *s, const struct occasion *o,
    uint64_t *kept_back)
{
	const struct limit *limit = &s->rule->limit;
	struct key_text text;
	if (limit->max == 0)
		return true;
	if (o->limit_key.n != 0)
		text_restore(&text, o->limit_key, &r->store);
	else
		limiter_key(r, s, o->event, &text);
	struct limit_key *k = (struct limit_key *)key_take(&r->store, &s->limits, &text);
	if (k == NULL)
		return true;
	key_touch(&r->store, &k->key, o->moment.now);
	if (k->given == 0 || period_over(k, o->moment.now)) {
		k->start = o->moment.now;
		k->given = 0;
	}
	if (k->given >= limit->max) {
		k->kept_back++;
		return false;
	}
	k->given++;
	*kept_back = k->kept_back;
	k->kept_back = 0;
	return true;
}
