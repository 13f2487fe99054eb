/*
 * truth_tree.h - trees of and, or and not over numbered leaves: at random, as text, and their truth
 * by Kleene's tables.
 */
#ifndef DAVSCOPE_TESTS_TRUTH_TREE_H
#define DAVSCOPE_TESTS_TRUTH_TREE_H

#include "tests/unit/truth_events.h"

enum node_kind { LEAF, AND, OR, NOT };
enum { NODES = 64 };
/* Children stand before their parents; the root is the last one. */
struct tree {
	struct node {
		enum node_kind kind;
		size_t a, b;
	} nodes[NODES];
	size_t n;
	uint64_t style; /* how it is spelled, and where parentheses are that need not be */
};

static inline size_t tree_add(struct tree *t, enum node_kind kind, size_t a, size_t b)
{
	assert_true(t->n < NODES);
	t->nodes[t->n] = (struct node){ kind, a, b };
	return t->n++;
}

static inline enum truth tree_truth(const struct tree *t, const enum truth *leaves)
{
	enum truth truth[NODES];
	for (size_t i = 0; i < t->n; i++) {
		const struct node *n = &t->nodes[i];
		truth[i] = n->kind == LEAF ? leaves[n->a] :
		    n->kind == NOT         ? not_table[truth[n->a]] :
		    n->kind == AND         ? and_table[truth[n->a]][truth[n->b]] :
					     or_table[truth[n->a]][truth[n->b]];
	}
	return truth[t->n - 1];
}

static inline bool style_bit(struct tree *t)
{
	t->style = t->style * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (t->style >> 40 & 3U) == 0;
}

/* not binds more than and, and more than or: no parentheses but where that asks for them. */
static inline void tree_text(struct tree *t, size_t at, const char *const *leaves, char out[TEXT])
{
	static const int binding[] = { [OR] = 1, [AND] = 2, [NOT] = 3, [LEAF] = 4 };
	const struct node *n = &t->nodes[at];
	size_t children[] = { n->a, n->b };
	if (n->kind == LEAF) {
		text_add(out, leaves[n->a], "");
		return;
	}
	for (size_t i = 0; i < (n->kind == NOT ? 1U : 2U); i++) {
		int child = binding[t->nodes[children[i]].kind];
		bool wrapped = child < binding[n->kind] || style_bit(t);
		if (n->kind == NOT)
			text_add(out, style_bit(t) ? "!" : "not ", "");
		else if (i == 1 && n->kind == AND)
			text_add(out, style_bit(t) ? "&&" : " and ", "");
		else if (i == 1)
			text_add(out, style_bit(t) ? " || " : " or\n\t", "");
		text_add(out, wrapped ? "(" : "", "");
		tree_text(t, children[i], leaves, out);
		text_add(out, wrapped ? ")" : "", "");
	}
}

static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Some leaves, joined at random. */
static inline struct tree random_tree(uint64_t *seed, size_t leaves, size_t most)
{
	struct tree t = { .style = random_next(seed) };
	size_t open[8], n = 1 + random_next(seed) % most;
	for (size_t i = 0; i < n; i++)
		open[i] = tree_add(&t, LEAF, random_next(seed) % leaves, 0);
	for (;;) {
		size_t at = random_next(seed) % n;
		if (random_next(seed) % 3 == 0)
			open[at] = tree_add(&t, NOT, open[at], 0);
		if (n == 1)
			return t;
		at %= n - 1;
		open[at] = tree_add(&t, random_next(seed) % 2 == 0 ? AND : OR, open[at],
		    open[at + 1]);
		memmove(&open[at + 1], &open[at + 2], (n - at - 2) * sizeof open[0]);
		n--;
	}
}

#endif
