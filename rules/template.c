/*
 * template.c - output templates: read once into parts, printed for each finding.
 *
 * Everything printed is escaped, the author's words as well as the values, so that neither a capture
 * nor a rule file writes to a terminal.
 */
#include "rules/load.h"
#include "rules/writer.h"

#include <stdarg.h>
#include <string.h>

enum { PARTS_MAX = 64, TRUNC_MAX = 4096 };
enum part_kind { PART_TEXT, PART_FIELD, PART_COUNT, PART_DISTINCT, PART_SPAN, PART_KEY };

struct part {
	enum part_kind kind;
	struct slice text; /* PART_TEXT: escaped; else what stands for an absent value */
	struct field_ref ref;
	size_t key;
	size_t trunc; /* 0: not cut */
};

struct template
{
	struct part *parts;
	size_t n, room;
	bool deep;
};

struct reading {
	struct compiler *compiler;
	const char *file;
	const struct yaml *node;
	const struct template_scope *scope;
	struct slice text;
	size_t at;
	struct template *out;
	bool failed;
};

/* ---- places ---- */

/* Where the value is not what stands in the file, byte by byte, the scalar's start must do. */
static struct mark place_of(const struct reading *r, size_t offset)
{
	const struct yaml *node = r->node;
	size_t quote = node->style == YAML_QUOTED;
	struct mark m = node->start;
	if (node->style == YAML_BLOCK || node->start.line != node->end.line ||
	    node->end.at - node->start.at != node->text.n + 2 * quote)
		return m;
	struct slice before = slice_part(node->text, 0, offset);
	m.at += quote + before.n;
	m.column += quote;
	while (before.n != 0) {
		uint32_t unused;
		size_t n = utf8_next(before, &unused);
		before = slice_part(before, n != 0 ? n : 1, before.n);
		m.column++;
	}
	return m;
}

static __attribute__((format(printf, 4, 5))) struct complaint *reading_refuse(struct reading *r,
    size_t offset, const char *code, const char *format, ...)
{
	struct mark at = place_of(r, offset);
	struct complaint *c = complaint_add(r->compiler->complaints, code, r->file, &at, &at);
	va_list args;
	va_start(args, format);
	vsnprintf(c->text, sizeof(c->text), format, args);
	va_end(args);
	c->rule = r->compiler->rule;
	r->failed |= code[0] == 'E';
	return c;
}

static void reading_full(struct reading *r)
{
	reading_refuse(r, 0, "E0010", "the rules need too much memory");
}

/* ---- reading ---- */

static uint8_t byte_at(const struct reading *r, size_t at)
{
	return at < r->text.n ? r->text.p[at] : 0;
}

/* NULL: there are too many, and nothing more is read. */
static struct part *part_add(struct reading *r, enum part_kind kind)
{
	struct template *t = r->out;
	if (t->n == t->room) {
		reading_refuse(r, r->at, "E0024", "a message of more than %zu parts", t->room);
		r->at = r->text.n;
		return NULL;
	}
	t->parts[t->n] = (struct part){ .kind = kind };
	return &t->parts[t->n++];
}

static bool escape_copy(struct arena *arena, struct slice in, struct slice *out)
{
	enum { WIDEST = 4 }; /* a byte becomes \xNN */
	char *p = arena_alloc(arena, WIDEST * in.n + VIS_MAX);
	size_t n = 0;
	while (p != NULL && in.n != 0)
		n += vis_next(&in, p + n);
	*out = (struct slice){ (uint8_t *)p, n };
	return p != NULL;
}

/* Words up to the next brace; a doubled one stands for itself and ends them, too. */
static void words_read(struct reading *r)
{
	size_t start = r->at;
	while (r->at < r->text.n && byte_at(r, r->at) != '{' && byte_at(r, r->at) != '}')
		r->at++;
	bool doubled = r->at + 1 < r->text.n && byte_at(r, r->at) == byte_at(r, r->at + 1);
	struct slice words = slice_part(r->text, start, r->at - start + doubled);
	r->at += doubled ? 2 : 0;
	struct part *part = words.n != 0 ? part_add(r, PART_TEXT) : NULL;
	if (part != NULL && !escape_copy(r->compiler->arena, words, &part->text))
		reading_full(r);
}

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '.';
}

static void skip_blanks(struct reading *r)
{
	while (byte_at(r, r->at) == ' ')
		r->at++;
}

/* a.b.c or a.b["Name"]. */
static struct slice take_name(struct reading *r)
{
	size_t start = r->at;
	while (is_name_byte(byte_at(r, r->at)))
		r->at++;
	struct slice rest = slice_part(r->text, r->at, r->text.n);
	if (r->at != start && slice_starts(rest, SLICE("[\""))) {
		size_t end = slice_find(rest, SLICE("\"]"));
		r->at += end < rest.n ? end + 2 : 0;
	}
	return slice_part(r->text, start, r->at - start);
}

static void name_window(struct reading *r, struct part *part, struct slice name, size_t at)
{
	static const struct {
		const char *name;
		enum part_kind kind;
	} names[] = {
		{ "window.count", PART_COUNT },
		{ "window.distinct", PART_DISTINCT },
		{ "window.span", PART_SPAN },
	};
	char text[64];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (r->scope->window && slice_is(name, names[i].name)) {
			part->kind = names[i].kind;
			return;
		}
	}
	struct complaint *c;
	if (r->scope->window) {
		c = reading_refuse(r, at, "E0404", "a window has no %s", quoted(text, name));
		hint(c, "it has window.count, window.distinct and window.span");
	} else {
		reading_refuse(r, at, "E0404", "%s: this rule has no window", quoted(text, name));
	}
}

static void name_key(struct reading *r, struct part *part, struct slice name, size_t at)
{
	const struct template_scope *scope = r->scope;
	char text[64];
	part->kind = PART_KEY;
	for (size_t i = 0; i < scope->n_keys; i++) {
		if (slice_is(name, scope->keys[i])) {
			part->key = i;
			return;
		}
	}
	struct complaint *c = reading_refuse(r, at, "E0404", "this rule has no key %s",
	    quoted(text, name));
	const char *like = word_like(name, scope->keys, scope->n_keys);
	if (like != NULL)
		hint(c, "did you mean {key.%.100s}?", like);
}

static void name_field(struct reading *r, struct part *part, struct slice name, size_t at)
{
	if (!field_compile(r->compiler, r->file, r->node, name, place_of(r, at), &part->ref)) {
		r->failed = true;
		return;
	}
	const struct field *f = part->ref.field;
	bool map = f->type == FIELD_HEADERS || f->type == FIELD_MAP;
	if (f->type == FIELD_GROUP)
		reading_refuse(r, at, "E0405", "%s is a group; name one of its fields", f->name);
	else if (map && part->ref.header.n == 0)
		reading_refuse(r, at, "E0405", "%s is a map; pick one value with [\"Name\"]",
		    f->name);
	else if (r->scope->kinds == 0)
		hint(reading_refuse(r, at, "E0405", "%s: nothing happened that could have it",
			 f->name),
		    "name it as a key, and write {key.NAME}");
	else if ((f->kinds & r->scope->kinds) == 0)
		reading_refuse(r, at, "E0405", "%s is no field of this event", f->name);
	r->out->deep |= f->deep;
}

/* trunc(80) */
static bool filter_trunc(struct reading *r, struct part *part)
{
	uint64_t n;
	size_t start = r->at;
	while (byte_at(r, r->at) >= '0' && byte_at(r, r->at) <= '9')
		r->at++;
	if (part->trunc != 0 || !slice_to_u64(slice_part(r->text, start, r->at - start), &n) ||
	    n == 0 || n > TRUNC_MAX)
		return false;
	part->trunc = (size_t)n;
	return true;
}

/* default("-"); \" and \\ stand for the bare ones. */
static bool filter_default(struct reading *r, struct part *part)
{
	uint8_t *copy = arena_alloc(r->compiler->arena, r->text.n - r->at + 1);
	struct slice text = { copy, 0 };
	if (copy == NULL || part->text.p != NULL || byte_at(r, r->at++) != '"')
		return false;
	while (r->at < r->text.n && byte_at(r, r->at) != '"') {
		if (byte_at(r, r->at) == '\\' && r->at + 1 < r->text.n)
			r->at++;
		copy[text.n++] = byte_at(r, r->at++);
	}
	return byte_at(r, r->at++) == '"' && escape_copy(r->compiler->arena, text, &part->text);
}

static bool filter_read(struct reading *r, struct part *part)
{
	skip_blanks(r);
	size_t start = r->at;
	char text[64];
	struct slice name = take_name(r);
	bool trunc = slice_is(name, "trunc");
	if (!trunc && !slice_is(name, "default")) {
		hint(reading_refuse(r, start, "E0403", "no filter %s", quoted(text, name)),
		    "there are trunc(80) and default(\"-\")");
		return false;
	}
	bool fine = byte_at(r, r->at) == '(';
	r->at += fine;
	fine = fine && (trunc ? filter_trunc(r, part) : filter_default(r, part)) &&
	    byte_at(r, r->at) == ')';
	r->at += fine;
	if (!fine)
		hint(reading_refuse(r, start, "E0403", "filter %s cannot be read",
			 quoted(text, name)),
		    trunc ? "write trunc(80), once, with a number up to 4096" :
			    "write default(\"-\"), once");
	return fine;
}

static void name_resolve(struct reading *r, struct part *part, struct slice name, size_t at)
{
	if (slice_starts(name, SLICE("window.")))
		name_window(r, part, name, at);
	else if (slice_starts(name, SLICE("key.")))
		name_key(r, part, slice_part(name, 4, name.n), at);
	else
		name_field(r, part, name, at);
}

/* Behind the {. False: what follows cannot be understood. */
static bool field_read_one(struct reading *r, struct part *part)
{
	skip_blanks(r);
	size_t start = r->at;
	struct slice name = take_name(r);
	if (name.n == 0) {
		hint(reading_refuse(r, start, "E0402", "a field name is expected here"),
		    "write {{ for a brace");
		return false;
	}
	name_resolve(r, part, name, start);
	for (skip_blanks(r); byte_at(r, r->at) == '|'; skip_blanks(r)) {
		r->at++;
		if (!filter_read(r, part))
			return false;
	}
	return true;
}

static size_t brace_end(const struct reading *r)
{
	return r->at + slice_find_byte(slice_part(r->text, r->at, r->text.n), '}');
}

static void brace_read(struct reading *r)
{
	size_t brace = r->at++;
	bool closes = byte_at(r, brace) == '}';
	if (closes || brace_end(r) == r->text.n) {
		hint(reading_refuse(r, brace, "E0401",
			 closes ? "a } without its {" : "a { without its }"),
		    closes ? "write }} for a brace" : "write {{ for a brace");
		return;
	}
	struct part *part = part_add(r, PART_FIELD);
	if (part == NULL)
		return;
	bool fine = field_read_one(r, part);
	if (fine && byte_at(r, r->at) != '}')
		reading_refuse(r, r->at, "E0401", "a } is expected here");
	r->at = brace_end(r) < r->text.n ? brace_end(r) + 1 : r->text.n;
}

/* A field and the words in front of it cost two braces. */
static bool parts_alloc(struct reading *r)
{
	size_t braces = 2;
	for (size_t i = 0; i < r->text.n && braces < PARTS_MAX; i++)
		braces += r->text.p[i] == '{' || r->text.p[i] == '}';
	r->out = arena_alloc(r->compiler->arena, sizeof(*r->out));
	if (r->out == NULL)
		return false;
	r->out->room = braces;
	r->out->parts = arena_alloc(r->compiler->arena, braces * sizeof(struct part));
	return r->out->parts != NULL;
}

struct template *template_compile(struct compiler *compiler, const char *file,
    const struct yaml *node, const struct template_scope *scope)
{
	struct reading r = { compiler, file, node, scope, node->text, 0, NULL, false };
	while (r.text.n != 0 && r.text.p[r.text.n - 1] == '\n')
		r.text.n--;
	if (!parts_alloc(&r)) {
		reading_full(&r);
		return NULL;
	}
	while (r.at < r.text.n && (!r.failed || complaints_wanted(compiler->complaints))) {
		words_read(&r);
		bool brace = byte_at(&r, r.at) == '{' || byte_at(&r, r.at) == '}';
		if (brace && byte_at(&r, r.at) != byte_at(&r, r.at + 1))
			brace_read(&r);
	}
	return r.failed ? NULL : r.out;
}

bool template_is_deep(const struct template *t)
{
	return t->deep;
}

/* ---- printing ---- */

/* All values, over all elements when it is a member of a group. */
static enum seen values_print(struct writer *w, const struct field_ref *ref,
    const struct event *event)
{
	const struct field *group = field_group(ref->field);
	bool complete = true;
	size_t n = group != NULL ? field_elements(group, event, &complete) : 1;
	enum seen seen = complete ? ABSENT : NOT_OBSERVED;
	bool first = true;
	for (size_t i = 0; i < n && !w->full && !w->cut; i++) {
		struct value v;
		enum seen one;
		for (size_t nth = 0; (one = field_read(ref, event, i, nth, &v)) == PRESENT; nth++) {
			if (!first)
				writer_text(w, SLICE(", "));
			first = false;
			writer_value(w, ref->field, &v);
			if (!ref->field->many || w->full || w->cut)
				break;
		}
		if (one == NOT_OBSERVED)
			seen = NOT_OBSERVED;
	}
	return first ? seen : PRESENT;
}

static void field_print(struct writer *w, const struct part *part, const struct event *event)
{
	enum seen seen = event != NULL ? values_print(w, &part->ref, event) : NOT_OBSERVED;
	if (seen == NOT_OBSERVED)
		writer_text(w, SLICE("?"));
	else if (seen == ABSENT)
		writer_text(w, part->text.p != NULL ? part->text : SLICE("-"));
}

static void part_print(struct writer *w, const struct part *part, const struct template_values *v)
{
	switch (part->kind) {
	case PART_TEXT:
		writer_text(w, part->text);
		break;
	case PART_FIELD:
		field_print(w, part, v->event);
		break;
	case PART_COUNT:
		writer_number(w, v->count);
		break;
	case PART_DISTINCT:
		writer_number(w, v->distinct);
		break;
	case PART_SPAN:
		writer_duration(w, v->span_ns);
		break;
	case PART_KEY:
		writer_text(w, part->key < v->n_keys ? v->keys[part->key].text : SLICE("?"));
		break;
	}
}

size_t template_render(const struct template *t, const struct template_values *v, char *out,
    size_t room)
{
	struct writer w;
	writer_init(&w, out, room);
	for (size_t i = 0; i < t->n && !w.full; i++) {
		w.left = t->parts[i].trunc != 0 ? t->parts[i].trunc : SIZE_MAX;
		w.cut = false;
		part_print(&w, &t->parts[i], v);
	}
	return w.n;
}
