/*
 * tally.c - counts findings against what was expected: which item each one matches, what is missing,
 * what is too many.
 */
#include "rules/tally.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MAX = 3 };

void tally_init(struct tally *t, const struct wanted *wanted, size_t n)
{
	ensure(n <= WANTED_MAX, NULL);
	*t = (struct tally){ .wanted = wanted, .n_wanted = n };
}

void tally_fini(struct tally *t)
{
	free(t->noted);
	*t = (struct tally){ 0 };
}

/* ---- one finding ---- */

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a != NULL && b != NULL && a->family == b->family &&
	    memcmp(a->address, b->address, sizeof a->address) == 0;
}

static bool same_value(enum field_type type, const struct value *a, const struct value *b)
{
	bool valid = false;
	switch (type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_TIME:
		return a->number == b->number;
	case FIELD_IP:
		return same_address(a->ip, b->ip);
	case FIELD_ISTRING:
		return slice_equal_nocase(a->text, b->text);
	case FIELD_VERSION:
		return version_compare(a->text, b->text, &valid) == 0 && valid;
	default:
		return slice_equal(a->text, b->text);
	}
}

/* NULL as the value: any. */
static bool element_has(const struct field_ref *ref, const struct event *e, size_t element,
    const struct value *wanted)
{
	struct value v = { 0 };
	for (size_t nth = 0; field_read(ref, e, element, nth, &v) == PRESENT; nth++)
		if (wanted == NULL || same_value(ref->field->type, &v, wanted))
			return true;
	return false;
}

static bool event_has(const struct field_ref *ref, const struct event *e,
    const struct value *wanted)
{
	if (e == NULL || !(ref->field->kinds & 1u << e->kind))
		return false;
	bool complete = true;
	if (ref->field->type == FIELD_GROUP)
		return field_elements(ref->field, e, &complete) != 0;
	const struct field *group = field_group(ref->field);
	size_t n = group == NULL ? 1 : field_elements(group, e, &complete);
	for (size_t i = 0; i < n; i++)
		if (element_has(ref, e, i, wanted))
			return true;
	return false;
}

/* What a finding record has is asked of it, the rest of the event behind it. */
static bool pair_has(const struct field_ref *ref, const struct event *finding,
    const struct event *cause, const struct value *wanted)
{
	bool own = ref->field->kinds & 1u << EVENT_FINDING;
	return event_has(ref, own ? finding : cause, wanted);
}

static bool is_wanted(const struct wanted *w, const struct event *finding,
    const struct event *cause)
{
	if (w->rule != NULL && strcmp(w->rule, finding->finding->rule->id) != 0)
		return false;
	for (size_t i = 0; i < w->n_match; i++)
		if (!pair_has(&w->match[i].ref, finding, cause, &w->match[i].value))
			return false;
	for (size_t i = 0; i < w->n_has; i++)
		if (!pair_has(&w->has[i], finding, cause, NULL))
			return false;
	for (size_t i = 0; i < w->n_has_not; i++)
		if (pair_has(&w->has_not[i], finding, cause, NULL))
			return false;
	return true;
}

static bool has_frame(const struct finding *f, uint64_t frame)
{
	for (size_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].frame == frame)
			return true;
	return false;
}

/* Packets are counted from 1. */
static uint64_t missing_frame(const struct finding *f, const struct wanted *w)
{
	for (size_t i = 0; i < w->n_frames; i++)
		if (!has_frame(f, w->frames[i]))
			return w->frames[i];
	return 0;
}

/* ---- noting it ---- */

/* Whole characters only. */
static void copy_text(char out[NOTED_TEXT], struct slice text)
{
	size_t n = text.n < NOTED_TEXT ? text.n : NOTED_TEXT - 1;
	while (n != 0 && n < text.n && (text.p[n] & 0xc0) == 0x80)
		n--;
	if (n != 0)
		memcpy(out, text.p, n);
	out[n] = '\0';
}

static bool make_room(struct tally *t)
{
	if (t->n_noted < t->room)
		return true;
	size_t room = t->room == 0 ? 16 : 2 * t->room;
	struct noted *noted = t->room >= NOTED_MAX ? NULL : realloc(t->noted, room * sizeof *noted);
	if (noted == NULL) {
		t->full = true;
		return false;
	}
	t->noted = noted;
	t->room = room;
	return true;
}

/* Its place: the one of its id, or a new one. NULL: there is no room. */
static struct noted *place_of(struct tally *t, uint64_t id)
{
	for (size_t i = 0; i < t->n_noted; i++)
		if (t->noted[i].id == id)
			return &t->noted[i];
	return !t->full && make_room(t) ? &t->noted[t->n_noted++] : NULL;
}

void tally_finding(struct tally *t, const struct event *finding, const struct event *cause)
{
	const struct finding *f = finding->finding;
	struct noted *noted = place_of(t, f->id);
	if (noted == NULL)
		return;
	*noted = (struct noted){ .id = f->id, .conclusive = f->outcome == CONCLUSIVE };
	copy_text(noted->rule, slice_from(f->rule->id));
	copy_text(noted->text, f->message);
	for (size_t i = 0; i < t->n_wanted; i++) {
		if (!is_wanted(&t->wanted[i], finding, cause))
			continue;
		noted->matches |= UINT64_C(1) << i;
		uint64_t missing = missing_frame(f, &t->wanted[i]);
		if (missing == 0)
			continue;
		noted->lacks |= UINT64_C(1) << i;
		noted->missing = missing;
	}
}

/* ---- judging ---- */

static void append(char why[WHY_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(char why[WHY_MAX], const char *format, ...)
{
	size_t used = strlen(why);
	va_list args;
	va_start(args, format);
	vsnprintf(why + used, WHY_MAX - used, format, args);
	va_end(args);
}

static bool matches(const struct noted *noted, size_t which)
{
	return noted->conclusive && (noted->matches >> which & 1) != 0;
}

static bool lacks(const struct noted *noted, size_t which)
{
	return noted->conclusive && (noted->lacks >> which & 1) != 0;
}

static bool is_other(const struct noted *noted, size_t which)
{
	(void)which;
	return noted->conclusive && noted->matches == 0;
}

static bool is_conclusive(const struct noted *noted, size_t which)
{
	(void)which;
	return noted->conclusive;
}

static bool is_inconclusive(const struct noted *noted, size_t which)
{
	(void)which;
	return !noted->conclusive;
}

/* The first few of those that `is_told` picks. */
static void append_some(const struct tally *t, bool (*is_told)(const struct noted *, size_t),
    size_t which, char why[WHY_MAX])
{
	size_t told = 0;
	for (size_t i = 0; i < t->n_noted; i++) {
		const struct noted *noted = &t->noted[i];
		if (!is_told(noted, which))
			continue;
		if (told++ == TOLD_MAX) {
			append(why, "; ...");
			return;
		}
		append(why, "; %s: %s", noted->rule, noted->text);
		if (is_told == lacks)
			append(why, " (packet %llu)", (unsigned long long)noted->missing);
	}
}

static uint64_t count(const struct tally *t, bool (*is_meant)(const struct noted *, size_t),
    size_t which)
{
	uint64_t n = 0;
	for (size_t i = 0; i < t->n_noted; i++)
		n += is_meant(&t->noted[i], which);
	return n;
}

static bool is_full(const struct tally *t, char why[WHY_MAX])
{
	if (t->full)
		append(why, "more findings than a test can count (%d)", NOTED_MAX);
	return t->full;
}

bool tally_wanted(const struct tally *t, size_t i, char why[WHY_MAX])
{
	const struct wanted *w = &t->wanted[i];
	if (is_full(t, why))
		return false;
	uint64_t seen = count(t, matches, i), lacking = count(t, lacks, i);
	if (seen != w->count) {
		append(why, "expected %llu, seen %llu", (unsigned long long)w->count,
		    (unsigned long long)seen);
		append_some(t, seen > w->count ? matches : is_conclusive, i, why);
		return false;
	}
	if (lacking == 0)
		return true;
	append(why, "the evidence lacks expected packets in %llu of %llu",
	    (unsigned long long)lacking, (unsigned long long)seen);
	append_some(t, lacks, i, why);
	return false;
}

bool tally_no_others(const struct tally *t, char why[WHY_MAX])
{
	if (is_full(t, why))
		return false;
	uint64_t others = count(t, is_other, 0);
	if (others == 0)
		return true;
	append(why, "%llu not expected", (unsigned long long)others);
	append_some(t, is_other, 0, why);
	return false;
}

bool tally_inconclusive(const struct tally *t, uint64_t wanted, char why[WHY_MAX])
{
	if (is_full(t, why))
		return false;
	uint64_t seen = count(t, is_inconclusive, 0);
	if (seen == wanted)
		return true;
	append(why, "expected %llu inconclusive, seen %llu", (unsigned long long)wanted,
	    (unsigned long long)seen);
	append_some(t, is_inconclusive, 0, why);
	return false;
}
