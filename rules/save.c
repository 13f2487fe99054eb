/*
 * save.c - what rules remember as records, and back: the clock, losses, counters of each rule, and what
 * hangs on its keys. A rule with another text remembers nothing.
 */
#include "rules/due.h"

#include <stdlib.h>
#include <string.h>

/* A window with more in it than fits is not remembered. */
enum { PACKING_ROOM = 512 << 10, RULE_LABEL = 256 };
enum rule_record { OF_CLOCK = 1, OF_LOSSES, OF_RULE };

struct packing {
	const struct state_sink *sink;
	uint64_t clock, losses; /* sums of their records */
	uint8_t room[PACKING_ROOM];
	char label[RULE_LABEL];
};

void packing_free(struct packing *p)
{
	free(p);
}

/* ---- forms ---- */

void last_form(struct pack *k, struct last *l)
{
	pack_i64(k, &l->sure);
	pack_i64(k, &l->ahead);
}

struct clock_record {
	struct watermark clock;
	int64_t now;
	uint64_t serial;
};

static void clock_form(struct pack *k, void *thing)
{
	struct clock_record *c = thing;
	pack_i64(k, &c->clock.now);
	pack_i64(k, &c->clock.start);
	pack_i64(k, &c->clock.ahead);
	pack_stamp(k, &c->clock.jumped);
	pack_i64(k, &c->clock.confirmed);
	PACK(k, c->clock.started);
	pack_i64(k, &c->now);
	pack_u64(k, &c->serial);
}

static void losses_pack(struct pack *k, void *thing)
{
	losses_form(k, thing);
}

/* The id tells the rule to people; whether it is the same its key says. */
static void rule_form(struct pack *k, void *thing)
{
	struct rule_state *s = thing;
	struct rule_counts *c = &s->counts;
	uint64_t *const counts[] = { &c->matches, &c->findings, &c->unknown, &c->keyless,
		&c->evicted, &c->limited, &c->suppressed, &c->excepted, &c->inconclusive[0],
		&c->inconclusive[1], &c->inconclusive[2], &s->records };
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		pack_u64(k, counts[i]);
	pack_i64(k, &s->since);
	last_form(k, &s->blurred);
	pack_i64(k, &s->keys.forgotten);
	pack_i64(k, &s->limits.forgotten);
	pack_i64(k, &s->told.forgotten);
}

/* ---- saving ---- */

static bool is_sent(const struct rules *r, struct state_record *record, struct slice body,
    const char *label)
{
	record->used_ns = r->clock.started ? r->clock.now : 0;
	record->label = slice_from(label);
	record->body = body;
	return r->packing->sink->put(r->packing->sink->ctx, record);
}

/* Of what is always looked at; *sum tells whether it is another than was taken last. */
static bool changed_save(struct rules *r, struct state_record record,
    void (*form)(struct pack *, void *), void *thing, const char *label, uint64_t *sum)
{
	struct packing *p = r->packing;
	struct slice body = pack_form(p->room, sizeof(p->room), form, thing);
	uint64_t now = hash_content(body);
	if (now != *sum && !is_sent(r, &record, body, label))
		return false;
	*sum = now;
	return true;
}

static bool clock_save(struct rules *r)
{
	struct clock_record c = { r->clock, r->store.now, r->serial };
	return changed_save(r, (struct state_record){ .part = STATE_RULE, .key = { OF_CLOCK } },
		   clock_form, &c, "the clock of the rules", &r->packing->clock) &&
	    changed_save(r, (struct state_record){ .part = STATE_RULE, .key = { OF_LOSSES } },
		losses_pack, r->losses, "when packets went missing", &r->packing->losses);
}

static bool forgotten_save(struct rules *r)
{
	struct store *s = &r->store;
	for (; s->n_forgotten != 0; s->n_forgotten--) {
		struct state_record record = { .part = STATE_KEY };
		memcpy(record.key, s->forgotten[s->n_forgotten - 1].key, sizeof(record.key));
		if (!is_sent(r, &record, (struct slice){ 0 }, ""))
			return false;
	}
	return true;
}

static void key_label(const struct key *key, char out[RULE_LABEL])
{
	const char *id = key->space->owner->rule->public.id;
	size_t n = strlen(id), used = 0;
	char value[4 * KEY_VALUE_MAX + 16];
	n = n < RULE_LABEL / 2 ? n : RULE_LABEL / 2;
	memcpy(out, id, n);
	bool shown = key->space == &key->space->owner->keys;
	for (size_t i = 0; shown && key_print(key, i, value, sizeof(value), &used); i++) {
		struct slice text = { (const uint8_t *)value, used };
		if (n + 2 < RULE_LABEL)
			out[n++] = ' ';
		while (text.n != 0 && n + VIS_MAX < RULE_LABEL)
			n += vis_next(&text, out + n);
	}
	out[n] = '\0';
}

/* What finds no room is as it was when it was saved last, or not there. */
static bool key_save(struct rules *r, struct key *key)
{
	struct packing *p = r->packing;
	struct pack k = pack_to(p->room, sizeof(p->room));
	struct state_record record = { .part = STATE_KEY, .key = { key->space->seed, key->hash } };
	struct slice bytes = key_bytes(key);
	pack_slice(&k, &bytes);
	pack_i64(&k, &key->touched);
	if (!key->space->use->form(&k, r, key) || k.bad)
		return true;
	key_label(key, p->label);
	if (!is_sent(r, &record, (struct slice){ p->room, pack_done(&k) }, p->label))
		return false;
	key->saved = true;
	return true;
}

static bool keys_save(struct rules *r)
{
	for (struct key *k; (k = r->store.unsaved) != NULL; key_saved(&r->store, k))
		if (!key_save(r, k))
			return false;
	return true;
}

static bool states_save(struct rules *r)
{
	for (size_t i = 0; i < r->n_states; i++) {
		struct rule_state *s = r->states[i];
		const struct state_record record = { .part = STATE_RULE,
			.key = { OF_RULE, s->number } };
		if (!changed_save(r, record, rule_form, s, s->rule->public.id, &s->saved))
			return false;
	}
	return true;
}

bool rules_save(struct rules *r, const struct state_sink *sink)
{
	if (r->packing == NULL)
		r->packing = calloc(1, sizeof(*r->packing));
	if (r->packing == NULL)
		return false;
	r->packing->sink = sink;
	if (!r->store.remembers)
		rules_save_anew(r);
	return clock_save(r) && states_save(r) && forgotten_save(r) && keys_save(r);
}

void rules_save_anew(struct rules *r)
{
	if (r->packing != NULL)
		r->packing->clock = r->packing->losses = 0;
	for (size_t i = 0; i < r->n_states; i++)
		r->states[i]->saved = 0;
	r->store.remembers = true;
	for (struct key *k = r->store.oldest; k != NULL; k = k->after)
		key_mark(&r->store, k);
}

/* ---- loading ---- */

static bool clock_load(struct rules *r, const struct state_record *record)
{
	struct clock_record c = { .clock = r->clock };
	if (!record_form(record, clock_form, &c))
		return false;
	r->clock = c.clock;
	r->store.now = c.now;
	r->serial = c.serial;
	return true;
}

static bool losses_load(struct rules *r, const struct state_record *record)
{
	struct losses *read = losses_new();
	if (read == NULL || !record_form(record, losses_pack, read)) {
		losses_free(read);
		return false;
	}
	losses_free(r->losses);
	r->losses = read;
	return true;
}

static bool rule_load(struct rules *r, const struct state_record *record)
{
	for (size_t i = 0; i < r->n_states; i++) {
		struct rule_state *s = r->states[i];
		if (s->number != record->key[1])
			continue;
		struct rule_state read = *s;
		if (!record_form(record, rule_form, &read))
			return false;
		*s = read;
		return true;
	}
	return true;
}

/* NULL: the rule is another one now, or gone. */
static struct space *space_of(const struct rules *r, uint64_t seed)
{
	for (size_t i = 0; i < r->n_states; i++) {
		struct rule_state *s = r->states[i];
		struct space *const spaces[] = { &s->keys, &s->limits, &s->told };
		for (size_t n = 0; n < sizeof(spaces) / sizeof(spaces[0]); n++)
			if (spaces[n]->seed == seed)
				return spaces[n];
	}
	return NULL;
}

/* Nothing is open at it by now. */
static bool is_over(const struct rules *r, const struct key *key)
{
	return key->space->use->idle(key, r->store.now);
}

static bool key_read(struct rules *r, struct space *space, struct pack *k)
{
	struct key_text text;
	struct slice bytes = { 0 };
	int64_t touched = 0;
	key_begin(&text, space);
	pack_slice(k, &bytes);
	pack_i64(k, &touched);
	if (k->bad || bytes.n > sizeof(text.bytes) - text.n ||
	    !key_is_sound(bytes, space->use == &limit_use))
		return false;
	if (bytes.n != 0)
		memcpy(text.bytes + text.n, bytes.p, bytes.n);
	text.n += bytes.n;
	key_end(&text, &r->store);
	if (key_find(&r->store, space, &text) != NULL)
		return false;
	struct key *key = key_take(&r->store, space, &text);
	if (key == NULL)
		return false;
	key->touched = touched;
	key->pins++;
	bool good = space->use->form(k, r, key);
	key->pins--;
	key->saved = true;
	if (!good || is_over(r, key))
		key_drop(&r->store, key);
	return good;
}

static bool key_load(struct rules *r, const struct state_record *record)
{
	struct pack k = pack_from(record->body);
	struct space *space = space_of(r, record->key[0]);
	return space == NULL || (record->body.n != 0 && key_read(r, space, &k));
}

bool rules_load(struct rules *r, const struct state_record *record)
{
	r->store.remembers = true;
	if (record->part == STATE_KEY)
		return key_load(r, record);
	if (record->part != STATE_RULE)
		return false;
	switch (record->key[0]) {
	case OF_CLOCK:
		return clock_load(r, record);
	case OF_LOSSES:
		return losses_load(r, record);
	case OF_RULE:
		return rule_load(r, record);
	default:
		return false;
	}
}
