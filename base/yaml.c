/*
 * yaml.c - a YAML document as a tree with positions, on libyaml's events.
 *
 * libyaml counts characters; byte offsets are found by walking beside it. What could multiply or
 * disguise values (anchors, tags, merge keys, repeated keys) is refused where it stands.
 */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A list or map that is not at its end yet. */
struct collection {
	struct yaml node;
	struct collection *outer;
	struct yaml *last;
	const struct yaml *key; /* of the member to come; NULL: a key comes next */
};

struct reader {
	yaml_parser_t parser;
	struct slice text;
	size_t begin; /* behind a byte order mark */
	struct mark here; /* the last place that was asked for */
	size_t chars; /* characters before it, as libyaml counts */
	struct arena *arena;
	struct collection *open;
	size_t levels, depth;
	struct yaml *root;
	struct yaml_error *error;
};

static __attribute__((format(printf, 4, 5))) bool reader_fail(struct reader *r,
    enum yaml_fault fault, struct mark at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	*r->error = (struct yaml_error){ .fault = fault, .at = at };
	vsnprintf(r->error->text, sizeof(r->error->text), format, args);
	va_end(args);
	return false;
}

/* Behind the character at m. */
static struct mark reader_mark_next(const struct reader *r, struct mark m)
{
	uint32_t c;
	struct slice left = slice_part(r->text, m.at, r->text.n);
	size_t n = utf8_next(left, &c);
	bool pair = c == '\r' && left.n > 1 && left.p[1] == '\n';
	m.at += n;
	if (pair || (c != '\n' && c != '\r')) {
		m.column++;
	} else {
		m.line++;
		m.column = 1;
	}
	return m;
}

static struct mark reader_mark_from(const struct reader *r, struct mark from, size_t at)
{
	while (from.at < at)
		from = reader_mark_next(r, from);
	return from;
}

static struct mark reader_start(const struct reader *r)
{
	return (struct mark){ .line = 1, .column = 1, .at = r->begin };
}

/* Counted anew: at its end libyaml adds a line that is not there. Its marks never go back. */
static struct mark reader_mark(struct reader *r, yaml_mark_t m)
{
	for (; r->chars < m.index && r->here.at < r->text.n; r->chars++)
		r->here = reader_mark_next(r, r->here);
	return r->here;
}

static uint8_t reader_byte(const struct reader *r, struct mark m)
{
	return m.at < r->text.n ? r->text.p[m.at] : 0;
}

/* libyaml takes a block scalar to reach the next line that is not its own. */
static struct mark block_end(const struct reader *r, struct mark start, struct mark end)
{
	size_t at = end.at;
	while (at > start.at + 1 && strchr(" \t\r\n", r->text.p[at - 1]) != NULL)
		at--;
	return reader_mark_from(r, start, at);
}

/* ---- the encoding ---- */

/* NEL, LS and PS: YAML 1.1 ends a line with them, editors and our conditions do not. */
static bool is_rare_break(uint32_t c)
{
	return c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_allowed(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0x7f) ||
	    (c >= 0xa0 && c != 0xfffe && c != 0xffff && !is_rare_break(c));
}

/* UTF-8 without controls, so that libyaml's reader has nothing to find fault with. */
static bool reader_check_encoding(struct reader *r)
{
	struct mark start = reader_start(r);
	if (slice_starts(r->text, SLICE("\xff\xfe")) || slice_starts(r->text, SLICE("\xfe\xff")))
		return reader_fail(r, YAML_ENCODING, start, "this is UTF-16; write it in UTF-8");
	for (size_t at = r->begin, n; at < r->text.n; at += n) {
		uint32_t c;
		n = utf8_next(slice_part(r->text, at, r->text.n), &c);
		if (n != 0 && is_allowed(c))
			continue;
		struct mark m = reader_mark_from(r, start, at);
		if (n == 0)
			return reader_fail(r, YAML_ENCODING, m, "byte 0x%02x is no UTF-8",
			    r->text.p[at]);
		if (is_rare_break(c))
			return reader_fail(r, YAML_ENCODING, m,
			    "U+%04X would end the line; end lines with LF or CR LF", (unsigned)c);
		return reader_fail(r, YAML_ENCODING, m,
		    c == 0 ? "a NUL byte" : "U+%04X is no character of a YAML text", (unsigned)c);
	}
	return true;
}

/* ---- keys ---- */

static int key_order(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int member_order(const void *left, const void *right)
{
	const struct yaml *a = (*(const struct yaml *const *)left)->key;
	const struct yaml *b = (*(const struct yaml *const *)right)->key;
	int order = key_order(a->text, b->text);
	return order != 0 ? order : (a->start.at > b->start.at) - (a->start.at < b->start.at);
}

static bool reader_fail_repeated(struct reader *r, const struct yaml *again,
    const struct yaml *first)
{
	char name[80];
	size_t n = 0;
	struct slice left = again->text;
	while (left.n != 0 && n < sizeof(name) - VIS_MAX - sizeof("..."))
		n += vis_next(&left, name + n);
	snprintf(name + n, sizeof(name) - n, "%s", left.n != 0 ? "..." : "");
	return reader_fail(r, YAML_REPEATED, again->start,
	    "key \"%s\" is here twice; the first is in line %zu", name, first->start.line);
}

static bool reader_out_of_memory(struct reader *r, struct mark at)
{
	return reader_fail(r, YAML_MEMORY, at, "more than memory is set aside for");
}

/* Sorted, equal keys are neighbours; the repetition that comes first in the text is named. */
static bool map_check_keys(struct reader *r, const struct yaml *map)
{
	if (map->n < 2)
		return true;
	const struct yaml **members = arena_alloc(r->arena, map->n * sizeof(struct yaml *));
	if (members == NULL)
		return reader_out_of_memory(r, map->start);
	size_t n = 0;
	for (const struct yaml *m = map->first; m != NULL; m = m->next)
		members[n++] = m;
	qsort(members, n, sizeof(struct yaml *), member_order);
	const struct yaml *first = NULL, *again = NULL;
	for (size_t i = 1; i < n; i++) {
		const struct yaml *before = members[i - 1]->key, *key = members[i]->key;
		if (slice_equal(before->text, key->text) &&
		    (again == NULL || key->start.at < again->start.at)) {
			first = before;
			again = key;
		}
	}
	return again == NULL || reader_fail_repeated(r, again, first);
}

/* ---- nodes ---- */

static bool reader_place(struct reader *r, struct yaml *node)
{
	struct collection *in = r->open;
	if (in == NULL) {
		r->root = node;
		return true;
	}
	if (in->node.kind == YAML_MAP && in->key == NULL) {
		if (node->kind != YAML_SCALAR)
			return reader_fail(r, YAML_SYNTAX, node->start, "a key must be a text");
		if (node->style == YAML_PLAIN && slice_is(node->text, "<<"))
			return reader_fail(r, YAML_MERGE, node->start,
			    "merge keys (<<) are not allowed");
		in->key = node;
		return true;
	}
	node->key = in->key;
	in->key = NULL;
	if (in->last == NULL)
		in->node.first = node;
	else
		in->last->next = node;
	in->last = node;
	in->node.n++;
	return true;
}

static enum yaml_style style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return YAML_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return YAML_BLOCK;
	default:
		return YAML_PLAIN;
	}
}

static bool reader_scalar(struct reader *r, const yaml_event_t *e, struct mark start)
{
	size_t n = e->data.scalar.length;
	struct mark end = reader_mark(r, e->end_mark);
	if (memchr(e->data.scalar.value, '\0', n) != NULL)
		return reader_fail(r, YAML_ENCODING, start, "this text holds a NUL");
	struct yaml *node = arena_alloc(r->arena, sizeof(*node) + n + 1);
	if (node == NULL)
		return reader_out_of_memory(r, start);
	uint8_t *text = (uint8_t *)(node + 1);
	memcpy(text, e->data.scalar.value, n);
	node->kind = YAML_SCALAR;
	node->style = style_of(e->data.scalar.style);
	node->text = (struct slice){ text, n };
	node->start = start;
	node->end = node->style == YAML_BLOCK ? block_end(r, start, end) : end;
	return reader_place(r, node);
}

static bool reader_begin(struct reader *r, enum yaml_kind kind, struct mark start)
{
	if (r->levels == r->depth)
		return reader_fail(r, YAML_DEPTH, start, "nested more than %zu deep", r->depth);
	struct collection *c = arena_alloc(r->arena, sizeof(*c));
	if (c == NULL)
		return reader_out_of_memory(r, start);
	c->node.kind = kind;
	c->node.start = start;
	if (!reader_place(r, &c->node))
		return false;
	c->outer = r->open;
	r->open = c;
	r->levels++;
	return true;
}

/* Without brackets libyaml sees the end at what comes next. */
static bool reader_end(struct reader *r, const yaml_event_t *e)
{
	struct collection *c = r->open;
	uint8_t first = reader_byte(r, c->node.start);
	bool brackets = first == '[' || first == '{';
	c->node.end = brackets || c->last == NULL ? reader_mark(r, e->end_mark) : c->last->end;
	r->open = c->outer;
	r->levels--;
	return c->node.kind != YAML_MAP || map_check_keys(r, &c->node);
}

/* The first byte from there on that is neither blank nor in a comment. */
static struct mark reader_skip(const struct reader *r, struct mark m)
{
	bool comment = false;
	for (; m.at < r->text.n; m = reader_mark_next(r, m)) {
		uint8_t byte = r->text.p[m.at];
		if (byte == '#')
			comment = true;
		else if (byte == '\n' || byte == '\r')
			comment = false;
		else if (!comment && byte != ' ' && byte != '\t')
			break;
	}
	return m;
}

/* libyaml compares each %TAG with all before it. */
static bool reader_check_directives(struct reader *r)
{
	struct mark m = reader_skip(r, reader_start(r));
	return reader_byte(r, m) != '%' ||
	    reader_fail(r, YAML_SYNTAX, m, "directives (%%) are not allowed");
}

static bool reader_check_rest(struct reader *r, const yaml_event_t *e)
{
	struct mark m = reader_skip(r, reader_mark(r, e->end_mark));
	return m.at == r->text.n ||
	    reader_fail(r, YAML_DOCUMENTS, m, "behind the end of the document; a file is one");
}

/* A node's event begins at its tag or anchor, and nothing else begins with these characters. */
static bool reader_check_start(struct reader *r, struct mark start)
{
	switch (reader_byte(r, start)) {
	case '!':
		return reader_fail(r, YAML_TAG, start, "tags (!) are not allowed");
	case '&':
		return reader_fail(r, YAML_ANCHOR, start, "anchors (&) are not allowed");
	case '*':
		return reader_fail(r, YAML_ANCHOR, start, "aliases (*) are not allowed");
	default:
		return true;
	}
}

static bool reader_event(struct reader *r, const yaml_event_t *e)
{
	struct mark start = reader_mark(r, e->start_mark);
	switch (e->type) {
	case YAML_DOCUMENT_END_EVENT:
		return reader_check_rest(r, e);
	case YAML_ALIAS_EVENT:
		return reader_check_start(r, start);
	case YAML_SCALAR_EVENT:
		return reader_check_start(r, start) && reader_scalar(r, e, start);
	case YAML_SEQUENCE_START_EVENT:
		return reader_check_start(r, start) && reader_begin(r, YAML_LIST, start);
	case YAML_MAPPING_START_EVENT:
		return reader_check_start(r, start) && reader_begin(r, YAML_MAP, start);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return reader_end(r, e);
	default:
		return true;
	}
}

/* libyaml's texts are constants: they hold nothing of the input. */
static bool reader_fail_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct mark at = reader_mark(r, p->problem_mark);
	if (p->error == YAML_MEMORY_ERROR)
		return reader_out_of_memory(r, at);
	if (p->context == NULL)
		return reader_fail(r, YAML_SYNTAX, at, "%s", p->problem);
	return reader_fail(r, YAML_SYNTAX, at, "%s, %s that begins in line %zu", p->problem,
	    p->context, p->context_mark.line + 1);
}

static bool reader_run(struct reader *r)
{
	for (bool more = true; more;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&r->parser, &event))
			return reader_fail_syntax(r);
		bool fine = reader_event(r, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (!fine)
			return false;
	}
	return true;
}

/* Comments alone are no document. */
static struct yaml *reader_root(struct reader *r)
{
	if (r->root != NULL)
		return r->root;
	struct yaml *empty = arena_alloc(r->arena, sizeof(*empty) + 1);
	if (empty == NULL) {
		reader_out_of_memory(r, reader_start(r));
		return NULL;
	}
	empty->text.p = (uint8_t *)(empty + 1);
	empty->start = empty->end = reader_start(r);
	return empty;
}

struct yaml *yaml_parse(struct slice text, struct arena *arena, size_t depth,
    struct yaml_error *error)
{
	struct reader r = { .text = text, .arena = arena, .depth = depth, .error = error };
	r.begin = slice_starts(text, SLICE("\xef\xbb\xbf")) ? 3 : 0;
	r.here = reader_start(&r);
	if (!reader_check_encoding(&r) || !reader_check_directives(&r))
		return NULL;
	if (!yaml_parser_initialize(&r.parser)) {
		reader_out_of_memory(&r, reader_start(&r));
		return NULL;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	struct slice body = slice_part(text, r.begin, text.n);
	yaml_parser_set_input_string(&r.parser, body.n != 0 ? body.p : (const uint8_t *)"", body.n);
	struct yaml *root = reader_run(&r) ? reader_root(&r) : NULL;
	yaml_parser_delete(&r.parser);
	return root;
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	if (map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml *m = map->first; m != NULL; m = m->next)
		if (slice_is(m->key->text, key))
			return m;
	return NULL;
}
