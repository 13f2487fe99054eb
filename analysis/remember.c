/*
 * remember.c - what all parts of the analysis need to be remembered: records with a label, tables of
 * which some slots have changed, and what had to leave.
 */
#include "analysis/remember.h"

#include <string.h>

/* ---- labels ---- */

void label_text(struct saving *v, const char *constant)
{
	for (; *constant != '\0' && v->n_label < LABEL_ROOM; constant++)
		v->label[v->n_label++] = *constant;
}

void label_vis(struct saving *v, struct slice s)
{
	while (s.n != 0 && LABEL_ROOM - v->n_label >= VIS_MAX)
		v->n_label += vis_next(&s, v->label + v->n_label);
}

void label_number(struct saving *v, uint64_t number)
{
	if (LABEL_ROOM - v->n_label >= DECIMAL_MAX)
		v->n_label += decimal_put(v->label + v->n_label, number);
}

/* ---- records ---- */

bool save_record(struct saving *v, enum state_part part, uint64_t kind, uint64_t key,
    void (*form)(struct pack *, void *), void *thing)
{
	const struct state_record r = { .part = part,
		.key = { kind, key },
		.used_ns = v->now,
		.label = { (const uint8_t *)v->label, v->n_label },
		.body = pack_form(v->room, sizeof(v->room), form, thing) };
	v->n_label = 0;
	return v->sink->put(v->sink->ctx, &r);
}

bool save_changed(struct saving *v, enum state_part part, uint64_t kind,
    void (*form)(struct pack *, void *), void *thing, uint64_t *sum)
{
	uint64_t now = hash_content(pack_form(v->room, sizeof(v->room), form, thing));
	if (now != *sum && !save_record(v, part, kind, 0, form, thing))
		return false;
	*sum = now;
	v->n_label = 0;
	return true;
}

bool record_is(const struct state_record *r, enum state_part part, uint64_t kind)
{
	return r->part == part && r->key[0] == kind;
}

/* ---- forms ---- */

void pack_text(struct pack *k, char *text, size_t room, uint8_t *n)
{
	struct slice s = { (const uint8_t *)text, *n };
	pack_slice(k, &s);
	if (!k->reading)
		return;
	if (s.n > room) {
		k->bad = true;
		return;
	}
	if (s.n != 0)
		memcpy(text, s.p, s.n);
	*n = (uint8_t)s.n;
}

/* ---- slots ---- */

static void *slot_at(const struct slots *t, size_t i)
{
	return (uint8_t *)t->first + i * t->size;
}

bool slots_save(struct saving *v, const struct slots *t)
{
	for (size_t word = 0; word * 64 < t->n; word++)
		for (uint64_t *bits = &t->marks->bits[word]; *bits != 0; *bits &= *bits - 1) {
			size_t i = word * 64 + (size_t)__builtin_ctzll(*bits);
			label_text(v, t->label);
			if (!save_record(v, t->part, t->kind, i, t->form, slot_at(t, i)))
				return false;
		}
	return true;
}

bool slots_load(const struct slots *t, const struct state_record *r)
{
	_Alignas(16) uint8_t slot[1024] = { 0 };
	ensure(t->size <= sizeof(slot), NULL);
	if (r->key[1] >= t->n || !record_form(r, t->form, slot) ||
	    (t->good != NULL && !t->good(slot)))
		return false;
	memcpy(slot_at(t, (size_t)r->key[1]), slot, t->size);
	return true;
}

void slots_anew(const struct slots *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const uint8_t *slot = slot_at(t, i);
		size_t k = 0;
		while (k < t->size && slot[k] == 0)
			k++;
		if (k < t->size)
			mark_set(t->marks, i);
	}
}

/* ---- what had to leave ---- */

void forget(struct forgotten *f, enum state_part part, uint64_t kind, uint64_t key)
{
	if (f->n == FORGOTTEN_MAX)
		return;
	f->list[f->n].part = part;
	f->list[f->n].key[0] = kind;
	f->list[f->n++].key[1] = key;
}

/* The last ones first. */
bool forgotten_save(struct saving *v, struct forgotten *f)
{
	for (; f->n != 0; f->n--) {
		struct state_record r = { .part = f->list[f->n - 1].part, .used_ns = v->now };
		memcpy(r.key, f->list[f->n - 1].key, sizeof(r.key));
		if (!v->sink->put(v->sink->ctx, &r))
			return false;
	}
	return true;
}
