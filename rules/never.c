/*
 * never.c - conditions that cannot be true, ever or yet, for lint.
 *
 * Instead of one outcome each step has the set of those that are possible, every test taken for
 * independent of all others: what is not in the set of the whole cannot happen.
 */
#include "rules/program.h"

enum { CAN_BE_FALSE = 1 << FALSE, CAN_BE_UNKNOWN = 1 << UNKNOWN, CAN_BE_TRUE = 1 << TRUE };
enum { NOT_TRUE = CAN_BE_FALSE | CAN_BE_UNKNOWN, ANYTHING = NOT_TRUE | CAN_BE_TRUE };

/* Kleene's `and` is the least of two, his `or` the greatest: FALSE < UNKNOWN < TRUE. */
static unsigned outcomes_join(enum opcode op, unsigned a, unsigned b)
{
	unsigned out = 0;
	for (unsigned x = FALSE; x <= TRUE; x++)
		for (unsigned y = FALSE; y <= TRUE; y++)
			if ((a >> x & 1) && (b >> y & 1))
				out |= 1u << ((op == OP_AND) == (x < y) ? x : y);
	return out;
}

static unsigned outcomes_not(unsigned a)
{
	return (a & CAN_BE_UNKNOWN) | (a & CAN_BE_FALSE ? CAN_BE_TRUE : 0u) |
	    (a & CAN_BE_TRUE ? CAN_BE_FALSE : 0u);
}

static const struct field *test_later(const struct test *t)
{
	const struct field *left = t->left.ref.field, *right = t->right.ref.field;
	if (left != NULL && left->later)
		return left;
	return t->two_fields && right != NULL && right->later ? right : NULL;
}

/* Of a test that rests on what nothing fills: `none` is true of no values, and a count is 0 or more. */
static unsigned outcomes_later(const struct test *t)
{
	if (t->kind == TEST_OBSERVED)
		return CAN_BE_FALSE;
	if (t->two_fields)
		return t->quantifier == QUANTIFY_NONE ? ANYTHING : NOT_TRUE;
	if (t->kind != TEST_COMPARE || t->left.function != FUNCTION_COUNT)
		return CAN_BE_UNKNOWN;
	return t->items.all[0].low < (t->relation == GREATER_EQUAL) ? ANYTHING : NOT_TRUE;
}

static unsigned outcomes_test(const struct test *t, bool now)
{
	return now && test_later(t) != NULL ? outcomes_later(t) : ANYTHING;
}

/* Of a group with these outcomes for one element; it may have none. */
static unsigned outcomes_group(const struct test *group, unsigned body, bool now)
{
	if (now && group->left.group->later)
		return CAN_BE_UNKNOWN;
	return group->quantifier == QUANTIFY_NONE ? ANYTHING : NOT_TRUE | (body & CAN_BE_TRUE);
}

/* `now`: with the fields as they are filled today, else as if all were. */
static unsigned outcomes(const struct condition *c, bool now)
{
	unsigned stack[STACK_MAX + 1] = { ANYTHING };
	const struct test *group = NULL;
	size_t n = 0;
	for (size_t i = 0; i < c->n_code && n < STACK_MAX; i++) {
		struct instruction in = c->code[i];
		enum opcode op = (enum opcode)in.op;
		switch (op) {
		case OP_TRUE:
		case OP_FALSE:
			stack[n++] = op == OP_TRUE ? CAN_BE_TRUE : CAN_BE_FALSE;
			break;
		case OP_TEST:
			ensure(c->tests != NULL, NULL);
			stack[n++] = outcomes_test(&c->tests[in.arg], now);
			break;
		case OP_NOT:
			stack[n - 1] = outcomes_not(stack[n - 1]);
			break;
		case OP_AND:
		case OP_OR:
			n--;
			stack[n - 1] = outcomes_join(op, stack[n - 1], stack[n]);
			break;
		case OP_UNLESS_FALSE:
		case OP_UNLESS_TRUE: /* shortcuts: the result is the same without them */
			break;
		case OP_GROUP:
			group = &c->tests[in.arg];
			break;
		case OP_END: /* of the group, if there is one: a body holds no other */
			if (group != NULL && n != 0)
				stack[n - 1] = outcomes_group(group, stack[n - 1], now);
			group = NULL;
			break;
		}
	}
	return stack[0];
}

bool condition_is_never(const struct condition *c)
{
	return outcomes(c, false) == CAN_BE_FALSE;
}

const struct field *condition_waits_for(const struct condition *c)
{
	const struct field *later = NULL;
	if (!c->later || (outcomes(c, true) & CAN_BE_TRUE))
		return NULL;
	for (size_t i = 0; i < c->n_code && later == NULL; i++)
		if (c->code[i].op == OP_TEST || c->code[i].op == OP_GROUP)
			later = test_later(&c->tests[c->code[i].arg]);
	return later;
}
