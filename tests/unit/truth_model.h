/*
 * truth_model.h - what conditions mean, said a second time and by brute force: possible worlds.
 *
 * A field of which not all was observed stands for everything it could be. A comparison is TRUE
 * when its plain two-valued meaning is true in every such world, FALSE when it is false in every
 * one, else UNKNOWN. Nothing here is taken from rules/.
 */
#ifndef DAVSCOPE_TESTS_TRUTH_MODEL_H
#define DAVSCOPE_TESTS_TRUTH_MODEL_H

#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum vtype {
	V_BOOL, V_INT, V_STRING, V_ISTRING, V_IP, V_DURATION, V_TIME, V_VERSION, V_ENUM, V_TYPES
};

/*
 * ALWAYS satisfies whatever it is asked and NEVER does not: the language looks at values, it does
 * not reason that `len(f) >= 0` holds for all of them. So further values are never known to match.
 */
enum wild { TAME, ALWAYS, NEVER };
struct sample {
	char word[24];          /* as in YAML and, but for quotes, in the language */
	int64_t number;         /* bool, int; duration and time in ns */
	enum wild wild;
	uint8_t family, ip[16];
};

enum relop {
	EQ, NE, LT, LE, GT, GE, IN, CONTAINS, ICONTAINS, STARTS, ISTARTS, ENDS, IENDS, MATCHES, OPS
};
static const char *const op_text[OPS] = { "==", "!=", "<", "<=", ">", ">=", "in", "contains",
	"icontains", "startswith", "istartswith", "endswith", "iendswith", "matches" };

/* ---- one value against another ---- */

static inline char folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool chars_equal(const char *a, const char *b, size_t n, bool fold)
{
	for (size_t i = 0; i < n; i++)
		if (fold ? folded(a[i]) != folded(b[i]) : a[i] != b[i])
			return false;
	return true;
}

/* Is `what` in `text` at any offset from..to? */
static inline bool found_between(const char *text, const char *what, size_t from, size_t to,
    bool fold)
{
	size_t n = strlen(text), m = strlen(what);
	for (size_t at = from; at <= to && at + m <= n; at++)
		if (chars_equal(text + at, what, m, fold))
			return true;
	return false;
}

static inline bool text_holds(enum relop op, const char *text, const char *what, bool fold)
{
	size_t n = strlen(text), m = strlen(what);
	fold = fold || op == ICONTAINS || op == ISTARTS || op == IENDS;
	switch (op) {
	case CONTAINS:
	case ICONTAINS:
		return found_between(text, what, 0, n, fold);
	case STARTS:
	case ISTARTS:
		return found_between(text, what, 0, 0, fold);
	case ENDS:
	case IENDS:
		return m <= n && found_between(text, what, n - m, n - m, fold);
	default:
		return n == m && chars_equal(text, what, n, fold);
	}
}

/* "6.5" and "6.5.0.0" are one version. */
static inline int version_order(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		char *end_a, *end_b;
		long x = strtol(a, &end_a, 10), y = strtol(b, &end_b, 10);
		if (x != y)
			return x < y ? -1 : 1;
		a = end_a + (*end_a == '.');
		b = end_b + (*end_b == '.');
	}
	return 0;
}

static inline int sample_order(enum vtype type, const struct sample *a, const struct sample *b)
{
	if (type == V_VERSION)
		return version_order(a->word, b->word);
	return (a->number > b->number) - (a->number < b->number);
}

static inline bool sample_equal(enum vtype type, const struct sample *a, const struct sample *b)
{
	switch (type) {
	case V_STRING:
	case V_ENUM:
		return text_holds(EQ, a->word, b->word, false);
	case V_ISTRING:
		return text_holds(EQ, a->word, b->word, true);
	case V_IP:
		return a->family == b->family && memcmp(a->ip, b->ip, 16) == 0;
	default:
		return sample_order(type, a, b) == 0;
	}
}

static inline bool network_has(const struct sample *net, unsigned bits, const struct sample *v)
{
	if (net->family != v->family)
		return false;
	for (unsigned i = 0; i < bits; i++) {
		unsigned mask = 0x80U >> (i % 8);
		if ((net->ip[i / 8] & mask) != (v->ip[i / 8] & mask))
			return false;
	}
	return true;
}

/* ---- what stands right of an operator ---- */

enum item_kind { IS, RANGE, NETWORK };
struct item { enum item_kind kind; struct sample a, b; unsigned bits; };
enum use {
	ALONE,                  /* for == and texts */
	AMONG,                  /* for in */
	LISTED,                 /* for in and texts */
	PATTERN,                /* for matches */
};
enum { ITEMS = 10 };
struct right {
	const char *text;       /* in the language */
	enum use use;
	enum relop as;             /* PATTERN: what the pattern amounts to */
	size_t n;
	struct item items[ITEMS];
};

static inline bool item_holds(enum relop op, enum vtype type, const struct sample *v,
    const struct item *item)
{
	if (item->kind == RANGE)
		return item->a.number <= v->number && v->number <= item->b.number;
	if (item->kind == NETWORK)
		return network_has(&item->a, item->bits, v);
	switch (op) {
	case LT:
		return sample_order(type, v, &item->a) < 0;
	case LE:
		return sample_order(type, v, &item->a) <= 0;
	case GT:
		return sample_order(type, v, &item->a) > 0;
	case GE:
		return sample_order(type, v, &item->a) >= 0;
	case EQ:
	case NE:
	case IN:
		return sample_equal(type, v, &item->a);
	default:
		return text_holds(op, v->word, item->a.word, type == V_ISTRING);
	}
}

/* ---- one field of one event ---- */

enum { SLOTS = 8 };
/* What was observed of it, in order; a hole is a place where a further value may have been. */
struct view {
	struct { bool hole; struct sample v; } slots[SLOTS];
	size_t n;
};

static inline void view_value(struct view *view, const struct sample *v)
{
	view->slots[view->n].hole = false;
	view->slots[view->n++].v = *v;
}

static inline void view_hole(struct view *view)
{
	view->slots[view->n++].hole = true;
}

/* Several values, not all of them seen: none, one or two more. */
static inline void view_tail(struct view *view)
{
	view_hole(view);
	view_hole(view);
}

static inline size_t view_values(const struct view *view)
{
	size_t n = 0;
	for (size_t i = 0; i < view->n; i++)
		n += !view->slots[i].hole;
	return n;
}

static inline bool view_complete(const struct view *view)
{
	return view_values(view) == view->n;
}

/* ---- a comparison ---- */

enum form { COMPARE, EXISTS, NOT_THERE, SEEN, BARE };
enum quant { Q_NO, Q_ANY, Q_ALL, Q_NONE, QUANTS };
static const char *const quant_text[QUANTS] = { "", "any ", "all ", "none " };
enum func { PLAIN, LOWER, LEN, COUNT, FIRST, LAST, FUNCS };
static const char *const func_text[FUNCS] = { "", "lower", "len", "count", "first", "last" };

struct atom {
	enum form form;
	enum quant quant;
	enum func func;
	const char *field;
	enum vtype type;        /* of what is compared: count and len make an int of it */
	enum relop op;
	bool negated;           /* not in, not contains ...; != is op NE */
	bool flipped;           /* the constant stands on the left */
	const struct right *right;
	const char *other;      /* another field in its place, */
	enum func other_func;   /* LOWER or LEN of it */
};

static inline bool value_holds(const struct atom *a, const struct sample *v,
    const struct right *right)
{
	bool some = false;
	enum relop op = a->op == MATCHES ? right->as : a->op;
	if (v->wild != TAME)
		return v->wild == ALWAYS;
	if (right->items[0].a.wild != TAME)
		return right->items[0].a.wild == ALWAYS;
	for (size_t i = 0; i < right->n; i++)
		some |= item_holds(op, a->type, v, &right->items[i]);
	return some != (a->negated || a->op == NE);
}

static inline void apply_each(enum func func, struct sample *v)
{
	if (func == LEN)
		v->number = (int64_t)strlen(v->word);
	for (char *c = v->word; func == LOWER && *c != '\0'; c++)
		*c = folded(*c);
}

/* The plain meaning in one world: all values of the field are these. */
static inline bool plain_holds(const struct atom *a, struct sample *v, size_t n,
    const struct right *right)
{
	size_t held = 0;
	if (a->form != COMPARE)
		return a->form == EXISTS ? n != 0 : a->form == NOT_THERE ? n == 0 :
		    n != 0 && (v->wild == TAME ? v->number != 0 : v->wild == ALWAYS);
	if (a->func == LAST && n > 1)
		v[0] = v[n - 1];
	if (a->func == FIRST || a->func == LAST)
		n = n != 0;
	for (size_t i = 0; i < n; i++) {
		apply_each(a->func, &v[i]);
		held += right->n != 0 && value_holds(a, &v[i], right);
	}
	if (a->quant == Q_ALL)
		return n != 0 && held == n;
	return a->quant == Q_NONE ? held == 0 : held != 0;
}

/* ---- all worlds ---- */

/* What a hole may hold: nothing, or one of these. */
struct universe { const struct sample *samples; size_t n; };

struct worlds { bool some_true, some_false; };

static inline void world_add(struct worlds *w, bool holds)
{
	w->some_true |= holds;
	w->some_false |= !holds;
}

static inline enum truth worlds_truth(struct worlds w)
{
	return !w.some_false ? TRUE : !w.some_true ? FALSE : UNKNOWN;
}

/* The next world of a view: `pick` counts through what its holes hold; false: there are no more. */
static inline bool world_next(const struct view *view, size_t *pick, size_t options)
{
	for (size_t i = 0; i < view->n; i++) {
		if (!view->slots[i].hole)
			continue;
		if (++pick[i] < options)
			return true;
		pick[i] = 0;
	}
	return false;
}

/* The values of the field in that world. Options: nothing, ALWAYS, NEVER, the universe. */
static inline size_t world_values(const struct view *view, const size_t *pick, struct universe u,
    struct sample *out)
{
	size_t n = 0;
	for (size_t i = 0; i < view->n; i++) {
		if (!view->slots[i].hole)
			out[n++] = view->slots[i].v;
		else if (pick[i] == 1 || pick[i] == 2)
			out[n++] = (struct sample){ .wild = pick[i] == 1 ? ALWAYS : NEVER };
		else if (pick[i] != 0)
			out[n++] = u.samples[pick[i] - 3];
	}
	return n;
}

/*
 * Deliberately weaker than the worlds: the language counts what it saw, and when that is not all
 * there may be any number more, also where a hole has room for one.
 */
static inline enum truth count_truth(const struct atom *a, const struct view *view)
{
	struct worlds w = { 0 };
	size_t n = view_values(view), most = view_complete(view) ? n : n + 12;
	for (size_t count = n; count <= most; count++) {
		struct sample v = { .number = (int64_t)count };
		world_add(&w, value_holds(a, &v, a->right));
	}
	return worlds_truth(w);
}

static inline struct worlds left_worlds(const struct atom *a, const struct view *left,
    struct universe u, const struct right *right)
{
	struct worlds w = { 0 };
	size_t pick[SLOTS] = { 0 };
	struct sample values[SLOTS];
	do {
		size_t n = world_values(left, pick, u, values);
		world_add(&w, plain_holds(a, values, n, right));
	} while (!(w.some_true && w.some_false) && world_next(left, pick, u.n + 3));
	return w;
}

/*
 * Also weaker: when not all values were seen, any may be the last one, wherever the holes are. That
 * the first one seen is the first one is known when no hole stands before it.
 */
static inline struct view asked_view(const struct atom *a, const struct view *view)
{
	struct view asked = *view;
	if (a->func == LAST && !view_complete(view))
		view_hole(&asked);
	return asked;
}

/* `other`: the field on the right, which holds one value; NULL: a constant is there. */
static inline enum truth atom_truth(const struct atom *a, const struct view *view,
    const struct view *other, struct universe u)
{
	struct worlds w = { 0 };
	size_t pick[SLOTS] = { 0 };
	struct view left = asked_view(a, view);
	if (a->form == SEEN)
		return view_values(view) != 0 || view_complete(view) ? TRUE : FALSE;
	if (a->func == COUNT)
		return count_truth(a, view);
	if (other == NULL)
		return worlds_truth(left_worlds(a, &left, u, a->right));
	do {
		struct right right = { 0 };
		right.n = world_values(other, pick, u, &right.items[0].a);
		apply_each(a->other_func, &right.items[0].a);
		struct worlds some = left_worlds(a, &left, u, &right);
		w.some_true |= some.some_true;
		w.some_false |= some.some_false;
	} while (world_next(other, pick, u.n + 3));
	return worlds_truth(w);
}

/* ---- composition: Kleene's tables, as in the guide ---- */

static const enum truth not_table[3] = { [FALSE] = TRUE, [UNKNOWN] = UNKNOWN, [TRUE] = FALSE };
static const enum truth and_table[3][3] = {
	[FALSE] = { FALSE, FALSE, FALSE },
	[UNKNOWN] = { FALSE, UNKNOWN, UNKNOWN },
	[TRUE] = { FALSE, UNKNOWN, TRUE },
};
static const enum truth or_table[3][3] = {
	[FALSE] = { FALSE, UNKNOWN, TRUE },
	[UNKNOWN] = { UNKNOWN, UNKNOWN, TRUE },
	[TRUE] = { TRUE, TRUE, TRUE },
};

/* Bit i of a world: the inner condition holds for element i. The first n were seen. */
static inline bool world_possible(unsigned world, const enum truth *inner, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (inner[i] != UNKNOWN && (inner[i] == TRUE) != ((world >> i & 1U) != 0))
			return false;
	return true;
}

static inline bool group_holds(enum quant quant, unsigned world, size_t n)
{
	if (quant == Q_ALL)
		return n != 0 && world == (1U << n) - 1;
	return (quant == Q_ANY) == (world != 0);
}

/*
 * quantifier G(...) over what the inner condition is for each element; more: up to two elements
 * were not seen, and the inner condition may be true or false of them. An element of which it is
 * unknown is in one world one it holds for, in another one it does not.
 */
static inline enum truth group_truth(enum quant quant, const enum truth *inner, size_t n, bool more)
{
	struct worlds w = { 0 };
	for (size_t all = n; all <= n + (more ? 2 : 0); all++)
		for (unsigned world = 0; world < 1U << all; world++)
			if (world_possible(world, inner, n))
				world_add(&w, group_holds(quant, world, all));
	return worlds_truth(w);
}

#endif
