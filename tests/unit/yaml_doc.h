/*
 * yaml_doc.h - a YAML text against a page that faults, its tree, and marks counted a second time.
 */
#ifndef DAVSCOPE_TESTS_YAML_DOC_H
#define DAVSCOPE_TESTS_YAML_DOC_H

#include "base/base.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { DEPTH = 32, MIB = 1 << 20, BUDGET = 16 * MIB };

struct doc {
	struct slice text;
	struct arena *arena;
	struct yaml *root;
	struct yaml_error error;
};

static inline struct doc doc_parse(struct slice text, size_t budget, size_t depth)
{
	struct doc d = { .arena = arena_new(budget) };
	assert_non_null(d.arena);
	memset(&d.error, 0xa5, sizeof(d.error));
	d.text = (struct slice){ guard_copy(text.p, text.n), text.n };
	d.root = yaml_parse(d.text, d.arena, depth, &d.error);
	return d;
}

static inline struct doc doc_of(const char *text)
{
	struct doc d = doc_parse(slice_from(text), BUDGET, DEPTH);
	if (d.root == NULL)
		print_error("%s: %zu:%zu: %s\n", text, d.error.at.line, d.error.at.column,
		    d.error.text);
	assert_non_null(d.root);
	return d;
}

static inline void assert_mark(struct mark m, size_t line, size_t column, size_t at)
{
	assert_int_equal(m.at, at);
	assert_int_equal(m.line, line);
	assert_int_equal(m.column, column);
}

static inline void assert_text(const struct yaml *node, const char *text)
{
	assert_non_null(node);
	assert_int_equal(node->kind, YAML_SCALAR);
	assert_int_equal(node->text.n, strlen(text));
	assert_string_equal((const char *)node->text.p, text);
}

static inline size_t break_length(struct slice s)
{
	static const char *const breaks[] = { "\r\n", "\n", "\r" };
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
		if (slice_starts(s, slice_from(breaks[i])))
			return strlen(breaks[i]);
	return 0;
}

/* Line and column of a byte, counted anew from the start of the text. */
static inline struct mark mark_recount(struct slice text, size_t at)
{
	size_t i = slice_starts(text, SLICE("\xef\xbb\xbf")) ? 3 : 0;
	struct mark m = { .line = 1, .column = 1, .at = at };
	while (i < at) {
		size_t n = break_length(slice_part(text, i, text.n));
		if (n != 0) {
			m.line++;
			m.column = 1;
			i += n;
			continue;
		}
		m.column++;
		for (i++; i < text.n && (text.p[i] & 0xc0) == 0x80;)
			i++;
	}
	assert_int_equal(i, at);
	return m;
}

static inline void check_mark(struct slice text, struct mark m)
{
	assert_true(m.at <= text.n);
	struct mark again = mark_recount(text, m.at);
	assert_mark(m, again.line, again.column, again.at);
}

/* Every node lies in its parent, behind its neighbour, and says its place rightly. */
static inline size_t check_tree(struct slice text, const struct yaml *node)
{
	check_mark(text, node->start);
	check_mark(text, node->end);
	assert_true(node->start.at <= node->end.at);
	size_t all = 1, n = 0, before = node->start.at;
	for (const struct yaml *c = node->first; c != NULL; c = c->next, n++) {
		assert_int_equal(c->key != NULL, node->kind == YAML_MAP);
		if (c->key != NULL) {
			assert_true(c->key->start.at >= before);
			all += check_tree(text, c->key);
			before = c->key->end.at;
		}
		assert_true(c->start.at >= before);
		assert_true(c->end.at <= node->end.at);
		all += check_tree(text, c);
		before = c->end.at;
	}
	assert_int_equal(n, node->n);
	return all;
}

static inline void doc_check(struct doc *d, size_t nodes)
{
	assert_int_equal(check_tree(d->text, d->root), nodes);
}

static inline void doc_free(struct doc *d)
{
	arena_free(d->arena);
}

#endif
