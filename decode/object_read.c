/*
 * object_read.c - what reading iCalendar and reading vCard have in common: lines, hashes, limits; see
 * object_read.h.
 */
#include "decode/object_read.h"
#include "decode/object_sums.h"

#include <string.h>

static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };

enum { MARK = sizeof(byte_order_mark) };

struct object_read {
	const struct object_grammar *grammar;
	void *state; /* the grammar's own */
	struct body_env env;
	struct content_lines lines;
	struct hash_run octets;
	bool has_octets;
	struct object_sums sums;
	uint64_t properties;
	size_t mark; /* bytes of the mark seen; MARK: it is over, or there is none */
	bool missed; /* something that counts could not be read */
	bool organizer;
	bool unreadable; /* a NUL: some encoding where absence cannot be told */
};

static bool is_organizer(const struct property *p)
{
	return p->name.n == 9 && p->group.n == 0 && (p->has_value || p->params.n > 0) &&
	    slice_is_nocase(p->name, "ORGANIZER");
}

static void on_line(void *ctx, const struct content_line *line)
{
	struct object_read *r = ctx;
	if (r->env.organizer_only && (line->text.n == 0 || (line->text.p[0] | 0x20) != 'o'))
		return;
	struct property p = property_of(line->text);
	object_sums_line(&r->sums, line, &p);
	if (is_organizer(&p))
		r->organizer = true;
	if (r->env.organizer_only)
		return;
	if (r->properties >= r->env.limits->ical_props) {
		r->missed = true;
		return;
	}
	r->properties++;
	if (line->cut)
		p.has_value = false;
	else if (!p.has_value)
		return;
	if (!r->grammar->property(r->state, &p))
		r->missed = true;
}

struct object_read *object_read_new(const struct object_grammar *grammar,
    const struct body_env *env, bool octets)
{
	struct object_read *r = arena_alloc(env->arena, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->grammar = grammar;
	r->env = *env;
	r->has_octets = octets && !env->organizer_only;
	r->lines.arena = env->arena;
	r->lines.bound = (size_t)env->limits->ical_line;
	r->lines.line = on_line;
	r->lines.ctx = r;
	r->state = grammar->start(env->limits, env->arena);
	if (r->state == NULL)
		return NULL;
	object_read_begin(r);
	return r;
}

void object_read_begin(struct object_read *r)
{
	r->octets = (struct hash_run){ 0 };
	r->sums = (struct object_sums){ 0 };
	r->properties = 0;
	r->mark = 0;
	r->missed = r->organizer = r->unreadable = false;
	r->grammar->begin(r->state);
}

static void text_data(struct object_read *r, struct slice s)
{
	if (!r->env.organizer_only)
		object_sums_data(&r->sums, s);
	content_lines_data(&r->lines, s);
}

/* Half a mark is text like any other. */
static struct slice mark_skip(struct object_read *r, struct slice s)
{
	while (s.n > 0 && r->mark < MARK && s.p[0] == byte_order_mark[r->mark]) {
		s = slice_part(s, 1, s.n);
		r->mark++;
	}
	if (s.n > 0 && r->mark < MARK) {
		text_data(r, (struct slice){ byte_order_mark, r->mark });
		r->mark = MARK;
	}
	return s;
}

void object_read_data(struct object_read *r, struct slice s)
{
	if (s.n == 0)
		return;
	if (memchr(s.p, 0, s.n) != NULL)
		r->unreadable = true;
	if (r->has_octets)
		hash_add(&r->octets, s);
	text_data(r, mark_skip(r, s));
}

bool object_read_end(struct object_read *r, bool whole, const struct object **object)
{
	struct object draft = { .start_ns = OBJECT_NO_TIME, .end_ns = OBJECT_NO_TIME };
	struct object_more more = { 0 };
	content_lines_end(&r->lines, whole);
	*object = NULL;
	if (!r->grammar->end(r->state, &draft, &more))
		return true;
	draft.whole = draft.whole && whole && !r->missed && !r->unreadable;
	if (whole) {
		draft.octets = r->has_octets ? hash_sum(&r->octets) : 0;
		draft.text = object_sums_text(&r->sums);
		draft.lines = r->sums.lines;
		draft.settled = r->sums.settled;
	}
	*object = object_make_with(r->env.arena, &draft, &more);
	if (*object == NULL)
		r->env.sink.anomaly(r->env.sink.ctx, HTTP_LIMIT, 0);
	return *object != NULL;
}

enum seen object_read_organizer(const struct object_read *r, bool whole)
{
	if (r->organizer)
		return PRESENT;
	return whole && !r->unreadable ? ABSENT : NOT_OBSERVED;
}

bool object_body_data(void *ctx, struct slice s)
{
	object_read_data(ctx, s);
	return true;
}

void object_body_abandon(void *ctx)
{
	(void)ctx;
}

bool object_text(struct text *out, struct slice value)
{
	text_begin(out, value.n);
	while (value.n > 0) {
		size_t n = slice_find_byte(value, '\\');
		if (!text_add(out, slice_part(value, 0, n)))
			return false;
		value = slice_part(value, n + 1, value.n);
		if (value.n == 0)
			return true;
		bool line_end = value.p[0] == 'n' || value.p[0] == 'N';
		if (!text_add(out, line_end ? SLICE("\n") : slice_part(value, 0, 1)))
			return false;
		value = slice_part(value, 1, value.n);
	}
	return true;
}
