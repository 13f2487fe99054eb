/* Any bytes as YAML: a tree whose marks are true, or a refusal with a place inside the text. */
#include "base/base.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { DEPTH = 16, BUDGET = 8 << 20 };

static void check_marks(const struct yaml *node, size_t n)
{
	ensure(node->start.line > 0 && node->start.column > 0, NULL);
	ensure(node->start.at <= node->end.at && node->end.at <= n, NULL);
	ensure(node->start.line <= node->end.line, NULL);
}

/* A plain text of one line stands in the file as it is. */
static void check_scalar(const struct yaml *node, struct slice text)
{
	check_marks(node, text.n);
	ensure(node->text.p[node->text.n] == '\0', NULL);
	ensure(memchr(node->text.p, '\0', node->text.n) == NULL, NULL);
	struct slice span = slice_part(text, node->start.at, node->end.at - node->start.at);
	if (node->style == YAML_PLAIN && node->start.line == node->end.line)
		ensure(slice_equal(span, node->text), NULL);
	if (node->style == YAML_QUOTED)
		ensure(span.n >= 2 && span.p[0] == span.p[span.n - 1], NULL);
	if (node->style == YAML_BLOCK)
		ensure(span.n != 0 && strchr("|>", span.p[0]) != NULL, NULL);
}

/* At most DEPTH calls deep. */
static void check_node(const struct yaml *node, struct slice text)
{
	if (node->kind == YAML_SCALAR) {
		check_scalar(node, text);
		return;
	}
	check_marks(node, text.n);
	size_t n = 0, before = node->start.at;
	for (const struct yaml *c = node->first; c != NULL; c = c->next, n++) {
		if (node->kind == YAML_MAP) {
			check_scalar(c->key, text);
			ensure(c->key->start.at >= before, NULL);
			before = c->key->end.at;
		}
		check_node(c, text);
		ensure(c->start.at >= before && c->end.at <= node->end.at, NULL);
		before = c->end.at;
	}
	ensure(n == node->n, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = arena_new(BUDGET);
	struct yaml_error error = { .text = "" };
	struct slice text = { data, n };
	struct yaml *root = yaml_parse(text, arena, DEPTH, &error);
	if (root != NULL) {
		check_node(root, text);
		yaml_get(root, "rules");
	} else {
		ensure(error.text[0] != '\0' && error.at.at <= n, NULL);
		ensure(error.at.line > 0 && error.at.column > 0, NULL);
	}
	arena_free(arena);
	return 0;
}
