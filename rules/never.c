/*
 * never.c - conditions that can never be true, for lint.
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

/* Of a group with these outcomes for one element; it may have none. */
static unsigned outcomes_group(const struct test *group, unsigned body)
{
	return group->quantifier == QUANTIFY_NONE ? ANYTHING : NOT_TRUE | (body & CAN_BE_TRUE);
}

static unsigned outcomes(const struct condition *c)
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
			stack[n++] = ANYTHING;
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
			ensure(c->tests != NULL, NULL);
			group = &c->tests[in.arg];
			break;
		case OP_END: /* of the group, if there is one: a body holds no other */
			if (group != NULL && n != 0)
				stack[n - 1] = outcomes_group(group, stack[n - 1]);
			group = NULL;
			break;
		}
	}
	return stack[0];
}

bool condition_is_never(const struct condition *c)
{
	return outcomes(c) == CAN_BE_FALSE;
}
