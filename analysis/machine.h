/*
 * machine.h - the reference sync machine: what clients do with one item, and with one collection, as a
 * table. Part of analysis.h.
 *
 * One machine for Exchange's DAV, CalDAV, CardDAV and ActiveSync. What differs from client to client
 * are policies; a profile is a set of values for each, so that what is not known is all of them. The
 * table lies in machine.def, policies in policies.def.
 */
#ifndef DAVSCOPE_ANALYSIS_MACHINE_H
#define DAVSCOPE_ANALYSIS_MACHINE_H

#include "base/base.h"

enum machine_layer { LAYER_ITEM, LAYER_SESSION };

enum machine_state {
#define STATE(id, layer, text) STATE_##id,
#include "analysis/machine.def"
	STATES,
	STATE_SAME = STATES,           /* `to` of a row: the state it was in */
	STATE_NOWHERE,                 /* there is no way on */
};
enum machine_event {
#define EVENT(id, text) ON_##id,
#include "analysis/machine.def"
	MACHINE_EVENTS,
};
enum machine_fact {
#define FACT(id, word, text) FACT_##id,
#include "analysis/machine.def"
	FACTS,
};
enum machine_effect {
#define EFFECT(id, word, text) EFFECT_##id,
#include "analysis/machine.def"
	EFFECTS,
};
#define BIT(number) (UINT32_C(1) << (number))

struct machine_word { const char *word, *text; };
extern const struct machine_word machine_states[STATES], machine_events[MACHINE_EVENTS];
extern const struct machine_word machine_facts[FACTS], machine_effects[EFFECTS];
enum machine_layer state_layer(enum machine_state);

/* ---- policies ---- */
enum machine_side { SIDE_CLIENT, SIDE_SERVER };
enum policy {
	POLICY_ANY,                    /* of a row: for all clients */
#define POLICY(code, side, title) POLICY_##code,
#define VALUE(code, name, number, word, text)
#include "analysis/policies.def"
	POLICIES,
#undef POLICY
#undef VALUE
};
enum {                                 /* P1_FETCH: the bit of a value */
#define POLICY(code, side, title)
#define VALUE(code, name, number, word, text) code##_##name = 1 << (number),
#include "analysis/policies.def"
#undef POLICY
#undef VALUE
};
enum { VALUES_MAX = 8 };
struct policy_info {
	const char *code, *title;
	enum machine_side side;
	struct machine_word values[VALUES_MAX]; /* by number */
};
extern const struct policy_info policies_table[POLICIES];      /* [POLICY_ANY] is empty */
unsigned policy_values(enum policy);                   /* how many it has */

/* For each policy the values that are possible, as bits, and the one that a player takes. */
struct vector { uint8_t set[POLICIES], first[POLICIES]; };
struct vector vector_any(void);                        /* all values of all policies */
bool vector_agrees(const struct vector *, const struct vector *); /* of each policy a value is in both */
struct vector vector_played(const struct vector *);    /* of each policy only the value that a player takes */

/* ---- the table ---- */
struct machine_row {
	const char *name;              /* "4", "12b", "s3" */
	uint32_t from, events;         /* bits of states and events */
	uint32_t yes, no;              /* facts that must hold, and that must not */
	enum policy policy;
	uint8_t values;                /* bits; POLICY_ANY: 0 */
	enum machine_state to;
	uint32_t effects;              /* bits */
};
const struct machine_row *machine_table(size_t *n);
bool row_completes(const struct machine_row *);        /* its name ends in a letter */
enum machine_layer row_layer(const struct machine_row *);
enum machine_state row_next(const struct machine_row *, enum machine_state from); /* NOWHERE: none */

/* What happens where. A fact of neither is not observed: it may be so or not. */
struct machine_moment {
	enum machine_state state;
	enum machine_event event;
	uint32_t yes, no;              /* bits of facts */
};
enum { STEP_ROWS = 16 };               /* as many as can apply at once; a test counts */
/* The rows that apply to a client of these policies, in the order of the table; how many. */
size_t machine_step(const struct machine_moment *, const struct vector *, const struct machine_row *out[STEP_ROWS]);
/* The same for those who ask often: which rows are of which event. */
enum { INDEX_ROWS = 640 };
struct machine_index { uint16_t begin[MACHINE_EVENTS + 1]; uint8_t rows[INDEX_ROWS]; };
void machine_index_make(struct machine_index *);
size_t machine_step_by(const struct machine_index *, const struct machine_moment *, const struct vector *,
    const struct machine_row *out[STEP_ROWS]);

#endif
