/*
 * program.h - what a condition is compiled to. Private to the compiler and to eval.c.
 */
#ifndef DAVSCOPE_RULES_PROGRAM_H
#define DAVSCOPE_RULES_PROGRAM_H

#include "rules/condition.h"

enum { NESTING_MAX = 64, STACK_MAX = 3 * NESTING_MAX };

/* A stack machine over enum truth. `arg` is a test, or the instruction to go on with. */
enum opcode {
	OP_TRUE, OP_FALSE,
	OP_TEST,           /* push the outcome of tests[arg] */
	OP_NOT,
	OP_AND, OP_OR,     /* two become one, as Kleene has it */
	OP_UNLESS_FALSE,   /* the top is FALSE: go on at arg, it stays */
	OP_UNLESS_TRUE,
	OP_GROUP,          /* tests[arg] names group and quantifier; its body ends with OP_END */
	OP_END,
};
struct instruction { uint32_t op, arg; };

enum quantifier { QUANTIFY_ONE, QUANTIFY_ANY, QUANTIFY_ALL, QUANTIFY_NONE };
enum function { FUNCTION_NONE, FUNCTION_LOWER, FUNCTION_LEN, FUNCTION_COUNT, FUNCTION_FIRST, FUNCTION_LAST };
enum relation { EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, MEMBER, CONTAINS, STARTS, ENDS, MATCHES };

/* How the values of an operand are walked. */
enum walk {
	WALK_ONE,          /* a single value */
	WALK_VALUES,       /* a field that can hold several */
	WALK_HEADER,       /* a header by its interned name */
	WALK_HERE,         /* a member of the element at hand; several values when the field can hold them */
	WALK_ELEMENTS,     /* a member, over all elements */
};
struct operand {
	struct field_ref ref;          /* WALK_HERE, WALK_ELEMENTS: a member of `group` */
	const struct field *group;
	enum field_type type;          /* after the function */
	enum walk walk;
	enum function function;
	unsigned header;               /* WALK_HEADER: its number */
	unsigned message;              /* WALK_HEADER: 0 request, 1 response */
};

/* One constant; a number or an address may stand for a range of them. */
struct pattern;
struct item {
	struct slice text;             /* strings: lower case when compared without case; versions */
	int64_t low, high;             /* numbers: both ends included */
	struct endpoint net;
	uint8_t prefix;                /* bits of `net` that count */
	const struct pattern *pattern; /* MATCHES */
};
struct items { const struct item *all; size_t n; bool sorted; /* texts, by length and bytes: MEMBER searches */ };

enum test_kind { TEST_EXISTS, TEST_OBSERVED, TEST_BOOL, TEST_COMPARE, TEST_GROUP };
struct test {
	enum test_kind kind;
	enum quantifier quantifier;
	enum relation relation;
	bool negated;                  /* !=, not in, not contains ... */
	bool nocase;
	bool two_fields;               /* compares with `right`, else with `items` */
	struct operand left, right;
	struct items items;
	size_t behind;                 /* TEST_GROUP: the instruction behind its body */
};

/* What an event must be like for the condition to have a chance; one bit a method or flavour. */
struct guard { uint64_t methods, flavours; };

struct condition {
	const struct instruction *code;
	const struct test *tests;
	size_t n_code;
	struct guard guard;
	bool deep;
};

/* The bit of a method: the common ones have their own, all others share one. */
uint64_t method_bit(struct slice method);
uint64_t flavour_bit(struct slice flavour);

/* ---- match.c: PCRE2 over bytes, without JIT, so that its limits bite at the same place everywhere ---- */
struct matcher;
const struct pattern *pattern_new(struct slice text, bool nocase, struct arena *, size_t *offset, struct error *);
bool pattern_has_prefix(const struct pattern *);       /* begins with a literal or at the start */
struct matcher *matcher_new(const struct limits *);    /* NULL: out of memory */
enum truth pattern_test(const struct pattern *, struct matcher *, struct slice subject); /* UNKNOWN: a limit was hit */
void matcher_free(struct matcher *);

#endif
