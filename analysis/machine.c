/*
 * machine.c - the tables of the reference sync machine, and which of its rows apply.
 */
#include "analysis/machine.h"

#include <string.h>

const struct machine_word machine_states[STATES] = {
#define STATE(id, layer, text) { #id, text },
#include "analysis/machine.def"
};
const struct machine_word machine_events[MACHINE_EVENTS] = {
#define EVENT(id, text) { #id, text },
#include "analysis/machine.def"
};
const struct machine_word machine_facts[FACTS] = {
#define FACT(id, word, text) { word, text },
#include "analysis/machine.def"
};
const struct machine_word machine_effects[EFFECTS] = {
#define EFFECT(id, word, text) { word, text },
#include "analysis/machine.def"
};
_Static_assert(STATES <= 31 && MACHINE_EVENTS <= 31 && FACTS <= 31 && EFFECTS <= 31,
    "a set of them is one word, and their bits are enumerators");

const struct policy_info policies_table[POLICIES] = {
#define POLICY(id, of, name) \
	[POLICY_##id].code = #id, [POLICY_##id].side = SIDE_##of, [POLICY_##id].title = (name),
#define VALUE(id, name, number, word, text) [POLICY_##id].values[number] = { word, text },
#include "analysis/policies.def"
#undef POLICY
#undef VALUE
};

/* In the table sets are written without prefixes: TOP | ABSENT, TAGGED | TWIN. */
enum {
#define STATE(id, layer, text) id = (int)BIT(STATE_##id),
#define EVENT(id, text) id = (int)BIT(ON_##id),
#define FACT(id, word, text) id = (int)BIT(FACT_##id),
#define EFFECT(id, word, text) id = (int)BIT(EFFECT_##id),
#include "analysis/machine.def"
};

static const struct machine_row table[] = {
#define ROW(name_, from_, events_, yes_, no_, policy_, values_, to_, effects_) \
	{ .name = (name_), \
		.from = (from_), \
		.events = (events_), \
		.yes = (yes_), \
		.no = (no_), \
		.policy = POLICY_##policy_, \
		.values = (values_), \
		.to = STATE_##to_, \
		.effects = (effects_) },
#include "analysis/machine.def"
};

const struct machine_row *machine_table(size_t *n)
{
	*n = sizeof table / sizeof table[0];
	return table;
}

enum machine_layer state_layer(enum machine_state state)
{
	static const enum machine_layer layers[STATES] = {
#define STATE(id, layer, text) LAYER_##layer,
#include "analysis/machine.def"
	};
	return layers[state];
}

enum machine_layer row_layer(const struct machine_row *row)
{
	return row->name[0] == 's' ? LAYER_SESSION : LAYER_ITEM;
}

bool row_completes(const struct machine_row *row)
{
	struct slice name = slice_from(row->name);
	return name.p[name.n - 1] > '9';
}

enum machine_state row_next(const struct machine_row *row, enum machine_state from)
{
	return row->to == STATE_SAME ? from : row->to;
}

unsigned policy_values(enum policy policy)
{
	unsigned n = 0;
	while (n < VALUES_MAX && policies_table[policy].values[n].word != NULL)
		n++;
	return n;
}

struct vector vector_any(void)
{
	struct vector v = { .set = { 0 } };
	for (unsigned i = 1; i < POLICIES; i++)
		v.set[i] = (uint8_t)(BIT(policy_values((enum policy)i)) - 1);
	return v;
}

bool vector_agrees(const struct vector *a, const struct vector *b)
{
	for (unsigned i = 1; i < POLICIES; i++)
		if (!(a->set[i] & b->set[i]))
			return false;
	return true;
}

struct vector vector_played(const struct vector *v)
{
	struct vector played = *v;
	for (unsigned i = 1; i < POLICIES; i++)
		played.set[i] = (uint8_t)BIT(v->first[i]);
	return played;
}

static bool row_applies(const struct machine_row *row, const struct machine_moment *s,
    const struct vector *v)
{
	return (row->from & BIT(s->state)) && (row->events & BIT(s->event)) &&
	    !(row->yes & s->no) && !(row->no & s->yes) &&
	    (row->values == 0 || (row->values & v->set[row->policy]));
}

size_t machine_step(const struct machine_moment *s, const struct vector *v,
    const struct machine_row *out[STEP_ROWS])
{
	size_t n = 0;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (!row_applies(&table[i], s, v))
			continue;
		ensure(n < STEP_ROWS, NULL);
		out[n++] = &table[i];
	}
	return n;
}

_Static_assert(sizeof table / sizeof table[0] <= UINT8_MAX, "rows have numbers of one byte");

void machine_index_make(struct machine_index *index)
{
	uint16_t next[MACHINE_EVENTS + 1] = { 0 };
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		for (uint32_t left = table[i].events; left != 0; left &= left - 1)
			next[__builtin_ctz(left) + 1]++;
	for (unsigned event = 0; event < MACHINE_EVENTS; event++)
		next[event + 1] = (uint16_t)(next[event] + next[event + 1]);
	ensure(next[MACHINE_EVENTS] <= INDEX_ROWS, NULL);
	memcpy(index->begin, next, sizeof(next));
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		for (uint32_t left = table[i].events; left != 0; left &= left - 1)
			index->rows[next[__builtin_ctz(left)]++] = (uint8_t)i;
}

size_t machine_step_by(const struct machine_index *index, const struct machine_moment *s,
    const struct vector *v, const struct machine_row *out[STEP_ROWS])
{
	size_t n = 0;
	for (uint16_t i = index->begin[s->event]; i < index->begin[s->event + 1]; i++) {
		const struct machine_row *row = &table[index->rows[i]];
		if (!row_applies(row, s, v))
			continue;
		ensure(n < STEP_ROWS, NULL);
		out[n++] = row;
	}
	return n;
}
