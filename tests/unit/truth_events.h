/*
 * truth_events.h - events in which one field is as a view says, once as mocks and once as real
 * transactions, and conditions run over them.
 */
#ifndef DAVSCOPE_TESTS_TRUTH_EVENTS_H
#define DAVSCOPE_TESTS_TRUTH_EVENTS_H

#include "rules/mock.h"
#include "tests/unit/make.h"
#include "tests/unit/truth_words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- fields of every type ---- */

enum shape {
	SCALAR, LIST, HEADER, HEADERS, MAP_KEY, MAP, MEMBER, FRAMES,
	TEXTS,                  /* real ones: of each element it may be there, absent or not kept */
};
struct target {
	const char *name;       /* in conditions */
	enum vtype type;
	enum shape shape;
	bool many;
	bool plain;             /* functions of it are left to those like it */
	const char *set;        /* what `set` names; NULL: the name */
	const char *member;     /* MEMBER and FRAMES: of each element */
	const char *around;     /* "any GROUP (": asked within it; there is one element */
	struct universe values; /* none: those of the type */
	struct rights rights;
};

static inline struct universe target_values(const struct target *t)
{
	return t->values.n != 0 ? t->values : universes[t->type];
}

static inline struct rights target_rights(const struct target *t)
{
	return t->rights.n != 0 ? t->rights : all_rights[t->type];
}

/* What is there of a field: values out of its universe, in order. */
enum { VALUES = 3, LEFT_OUT = -1, NOT_KEPT = -2 };
enum mode {
	WHOLE,                  /* all was observed */
	PART,                   /* not all */
	PART_OF_ELEMENTS,       /* groups: all elements, but not all of their members */
};
struct situation { int values[VALUES]; size_t n; enum mode mode; };

struct scene {
	struct event event;
	struct view view;
	const char *shown;
};

/* ---- as a view ---- */

static inline void situation_view(const struct target *t, const struct situation *s,
    struct view *out)
{
	struct universe u = target_values(t);
	*out = (struct view){ .n = 0 };
	for (size_t i = 0; i < s->n; i++) {
		if (s->values[i] >= 0)
			view_value(out, &u.samples[s->values[i]]);
		else if (s->values[i] == NOT_KEPT || (s->mode != WHOLE && t->shape == MEMBER))
			view_hole(out); /* one member, one value at most */
	}
	if (!t->many && s->mode != WHOLE && s->n == 0)
		view_hole(out);
	if (t->many && (s->mode == PART || (t->shape == FRAMES && s->mode != WHOLE)))
		view_tail(out);
}

/* ---- as a mock ---- */

static inline void text_value(char out[TEXT], const struct target *t, const struct sample *v)
{
	bool quoted = t->type == V_STRING || t->type == V_ISTRING || t->type == V_IP;
	text_add(out, quoted ? "\"" : "", v->word);
	text_add(out, quoted ? "\"" : "", "");
}

static inline void text_values(char out[TEXT], const struct target *t, const struct situation *s)
{
	static const char *const keys[VALUES] = { "A: ", "B: ", "C: " };
	struct universe u = target_values(t);
	for (size_t i = 0; i < s->n; i++) {
		bool missing = s->values[i] == LEFT_OUT;
		text_add(out, i == 0 ? "" : ", ", t->shape == MEMBER ? "{" : "");
		if (t->shape == HEADERS || t->shape == MAP)
			text_add(out, keys[i], "");
		if (t->shape == MEMBER && !missing)
			text_add(out, t->member, ": ");
		if (!missing)
			text_value(out, t, &u.samples[s->values[i]]);
		text_add(out, t->shape == MEMBER ? "}" : "", "");
	}
}

static inline const char *target_set(const struct target *t)
{
	return t->set != NULL ? t->set : t->name;
}

/* "name: value" for `set`; nothing when there is no value. */
static inline void text_set(char out[TEXT], const struct target *t, const struct situation *s)
{
	static const char *const open[] = { [SCALAR] = "", [LIST] = "[",
		[HEADER] = "{Other: x, via: [", [HEADERS] = "{", [MAP_KEY] = "{other: x, m: ",
		[MAP] = "{", [MEMBER] = "[", [FRAMES] = "[{input: a, frames: [" };
	static const char *const close[] = { [SCALAR] = "", [LIST] = "]", [HEADER] = "]}",
		[HEADERS] = "}", [MAP_KEY] = "}", [MAP] = "}", [MEMBER] = "]", [FRAMES] = "]}]" };
	if (s->n == 0 && t->shape != HEADER && t->shape != FRAMES)
		return;
	text_add(out, target_set(t), ": ");
	text_add(out, open[t->shape], "");
	text_values(out, t, s);
	text_add(out, close[t->shape], "");
}

/* What of it is `unknown`; nothing when all was observed. */
static inline void text_unknown(char out[TEXT], const struct target *t, const struct situation *s)
{
	if (s->mode == WHOLE)
		return;
	text_add(out, target_set(t), s->mode == PART_OF_ELEMENTS ? "." : "");
	text_add(out, s->mode == PART_OF_ELEMENTS ? t->member : "", "");
}

static inline void situation_text(char out[TEXT], const struct target *t, const struct situation *s)
{
	const char *set = target_set(t);
	bool finding = strncmp(set, "finding.", 8) == 0 || strncmp(set, "rule.", 5) == 0;
	snprintf(out, TEXT, "{at: 0s, event: %s, set: {", finding ? "finding" : "transaction");
	text_set(out, t, s);
	text_add(out, "}, unknown: [", "");
	text_unknown(out, t, s);
	text_add(out, "]}", "");
}

static inline void mock_event(struct arena *arena, const char *text, struct event *out)
{
	struct yaml_error why;
	struct error e = { "" };
	struct mark at = { 0 };
	int64_t ns;
	const struct yaml *item = yaml_parse(slice_from(text), arena, 32, &why);
	if (item == NULL)
		fail_msg("%s: %zu: %s", text, why.at.column, why.text);
	*out = (struct event){ .kind = EVENT_TRANSACTION };
	out->mock = mock_new(arena, item, EVENT_TRANSACTION, &out->kind, &ns, &at, &e);
	if (out->mock == NULL)
		fail_msg("%s: %zu: %s", text, at.column, e.text);
}

/* The text stays as long as the arena. */
static inline void scene_mock(struct arena *arena, const struct target *t,
    const struct situation *s, struct scene *out)
{
	char *text = arena_alloc(arena, TEXT);
	assert_non_null(text);
	situation_text(text, t, s);
	situation_view(t, s, &out->view);
	mock_event(arena, text, &out->event);
	out->shown = text;
}

/* All of up to `most` values, in every mode the target has; returns how many. */
static inline size_t situations(const struct target *t, size_t most, struct situation *out,
    size_t room)
{
	size_t n = 0, all = target_values(t).n;
	int first = t->shape == TEXTS ? NOT_KEPT : t->shape == MEMBER ? LEFT_OUT : 0;
	enum mode modes = t->member != NULL ? PART_OF_ELEMENTS : PART;
	for (enum mode mode = WHOLE; mode <= modes; mode++) {
		struct situation s = { .mode = mode };
		do {
			if (s.n == 1 && !t->many && mode != WHOLE && t->shape != MEMBER)
				break; /* one value that is seen leaves nothing open */
			assert_true(n < room);
			if (t->around == NULL || (mode != PART && (t->many || s.n == 1)))
				out[n++] = s;
			size_t i = 0;
			while (i < s.n && ++s.values[i] == (int)all)
				s.values[i++] = first;
			if (i == s.n && s.n < VALUES)
				s.values[s.n++] = first;
			else if (i == s.n)
				break;
		} while (s.n <= most);
	}
	return n;
}

/* ---- what a test works with ---- */

enum { SCENES = 800, PRINTED = 40 };
/* Wrong: the program is not of the model's opinion; the first few are printed. */
struct tally { size_t conditions, cells, refused, wrong; };
struct stage {
	struct arena *arena;
	struct scene *scenes;
	struct situation *situations;
	size_t n;
	struct tally tally;
};

static inline int stage_setup(void **state)
{
	struct stage *s = calloc(1, sizeof *s);
	if (s == NULL)
		return -1;
	*state = s;
	s->arena = arena_new(64 << 20);
	s->scenes = calloc(SCENES, sizeof *s->scenes);
	s->situations = calloc(SCENES, sizeof *s->situations);
	return s->arena == NULL || s->scenes == NULL || s->situations == NULL ? -1 : 0;
}

static inline int stage_teardown(void **state)
{
	struct stage *s = *state;
	print_message("%zu conditions, %zu of them refused, %zu cells, %zu wrong\n",
	    s->tally.conditions, s->tally.refused, s->tally.cells, s->tally.wrong);
	arena_free(s->arena);
	free(s->scenes);
	free(s->situations);
	free(s);
	return 0;
}

static inline void assert_all_right(const struct stage *s)
{
	assert_true(s->tally.cells + s->tally.refused != 0);
	assert_int_equal(s->tally.wrong, 0);
}

/* ---- conditions over events ---- */

/* A condition, compiled twice: as a filter and, with the lists that no filter has, as a rule's. */
struct tester {
	const char *text;
	struct filter *filter;  /* NULL: the text names a list */
	struct arena *arena;
	struct complaints *complaints;
	struct interned *interned;
	struct list lists[6];
	struct names names;
	struct condition *condition;
	struct eval *eval;
	struct limits limits;
	bool contradiction;     /* no event makes it true: where it is unknown it may be skipped */
};

static inline void tester_list(struct tester *t, const char *name, enum field_type type,
    const char *first, const char *second)
{
	struct value *items = arena_alloc(t->arena, 2 * sizeof *items);
	size_t at = t->names.n_lists++;
	assert_non_null(items);
	assert_true(constant_read(type, slice_from(first), t->arena, &items[0]));
	assert_true(constant_read(type, slice_from(second), t->arena, &items[1]));
	for (; at > 0 && names_order(slice_from(t->lists[at - 1].name), slice_from(name)) > 0; at--)
		t->lists[at] = t->lists[at - 1];
	t->lists[at] = (struct list){ .name = name, .type = type, .items = items, .n_items = 2 };
}

static inline void tester_names(struct tester *t)
{
	t->names.lists = t->lists;
	tester_list(t, "ints", FIELD_INT, "5", "201");
	tester_list(t, "words", FIELD_STRING, "x", "aX");
	tester_list(t, "ips", FIELD_IP, "10.0.0.1", "a00:1::");
	tester_list(t, "spans", FIELD_DURATION, "500ms", "2h");
	tester_list(t, "builds", FIELD_VERSION, "6.5.7651.9", "0");
	tester_list(t, "flavours", FIELD_STRING, "carddav", "exchange");
}

static inline void tester_free(struct tester *t)
{
	filter_free(t->filter);
	eval_free(t->eval);
	complaints_free(t->complaints);
	arena_free(t->arena);
	free(t->interned);
}

/* False: it is refused, and *why says with which code. */
static inline bool tester_compile(struct tester *t, struct complaint *why)
{
	bool lists = strchr(t->text, '@') != NULL;
	size_t n;
	if (!lists && (t->filter = filter_new(t->text, NULL, &t->limits, why)) == NULL)
		return false;
	t->complaints = complaints_new();
	t->arena = arena_new(1 << 20);
	t->interned = calloc(1, sizeof *t->interned);
	assert_true(t->complaints != NULL && t->arena != NULL && t->interned != NULL);
	tester_names(t);
	struct compiler compiler = { .arena = t->arena, .complaints = t->complaints,
		.names = &t->names, .interned = t->interned, .max_steps = t->limits.rule_steps,
		.steps_left = t->limits.rule_steps };
	t->condition = condition_compile_text(&compiler, slice_from(t->text));
	if (t->condition == NULL) {
		assert_true(lists);
		*why = complaints_sorted(t->complaints, &n)[0];
		assert_true(n != 0);
		return false;
	}
	t->eval = eval_new(t->interned, &t->limits);
	assert_non_null(t->eval);
	return true;
}

/* False: it is refused. Code NULL: it must not be; else it must be, with that code. */
static inline bool tester_new(struct tally *tally, const char *text, const char *code,
    struct tester *t)
{
	struct complaint why = { 0 };
	*t = (struct tester){ .text = text, .limits = limits_default() };
	bool taken = tester_compile(t, &why);
	bool right = code == NULL ? taken : !taken && strcmp(why.code, code) == 0;
	tally->conditions++;
	tally->refused += !taken;
	if (!right && tally->wrong++ < PRINTED)
		print_error("%s: %s %s, should be %s\n", text, taken ? "accepted" : why.code,
		    taken ? "" : why.text, code == NULL ? "accepted" : code);
	if (!taken || !right)
		tester_free(t);
	return taken && right;
}

static inline void expect_truth(struct tally *tally, struct tester *t, const struct event *event,
    const char *shown, enum truth expected)
{
	static const char *const names[] = { [FALSE] = "FALSE", [UNKNOWN] = "UNKNOWN",
		[TRUE] = "TRUE" };
	eval_event(t->eval, event);
	bool may = eval_may_match(t->eval, t->condition);
	enum truth truth = eval_condition(t->eval, t->condition);
	bool right = truth == expected;
	tally->cells++;
	if (!may && expected != FALSE && !(t->contradiction && expected == UNKNOWN))
		right = false;
	if (t->filter != NULL && filter_test(t->filter, event) != (may ? expected : FALSE))
		right = false;
	if (condition_is_never(t->condition) && expected != FALSE)
		right = false;
	if (!right && tally->wrong++ < PRINTED)
		print_error("%s of %s is %s%s, should be %s\n", t->text, shown, names[truth],
		    may ? "" : " and cannot match", names[expected]);
}

/* One comparison over all scenes of its field. */
static inline void expect_atom(struct tally *tally, const struct target *target,
    const struct atom *a, const char *code, const struct scene *scenes, size_t n)
{
	char text[TEXT] = "";
	struct tester t;
	text_add(text, target->around != NULL ? target->around : "", "");
	text_atom(text, a);
	text_add(text, target->around != NULL ? ")" : "", "");
	if (!tester_new(tally, text, code, &t))
		return;
	for (size_t i = 0; i < n; i++)
		expect_truth(tally, &t, &scenes[i].event, scenes[i].shown,
		    atom_truth(a, &scenes[i].view, NULL, target_values(target)));
	tester_free(&t);
}

#endif
