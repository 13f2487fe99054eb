/*
 * never.c - conditions that are false whatever happens, for lint.
 *
 * Every test counts as unknown: what is false all the same does not depend on any of them.
 */
#include "rules/program.h"

static size_t group_end(const struct condition *c, size_t i)
{
	while (c->code[i].op != OP_END)
		i++;
	return i;
}

static enum truth truth_not(enum truth t)
{
	return (enum truth)(TRUE - t);
}

/* FALSE < UNKNOWN < TRUE: Kleene's `and` is the least, his `or` the greatest. */
static enum truth truth_join(enum opcode op, enum truth a, enum truth b)
{
	return (op == OP_AND) == (a < b) ? a : b;
}

bool condition_is_never(const struct condition *c)
{
	enum truth stack[STACK_MAX + 1] = { UNKNOWN };
	size_t n = 0;
	for (size_t i = 0; i < c->n_code && c->code[i].op != OP_END && n < STACK_MAX; i++) {
		enum opcode op = (enum opcode)c->code[i].op;
		switch (op) {
		case OP_TRUE:
		case OP_FALSE:
			stack[n++] = op == OP_TRUE ? TRUE : FALSE;
			break;
		case OP_GROUP:
			i = group_end(c, i);
			stack[n++] = UNKNOWN;
			break;
		case OP_TEST:
			stack[n++] = UNKNOWN;
			break;
		case OP_NOT:
			stack[n - 1] = truth_not(stack[n - 1]);
			break;
		case OP_AND:
		case OP_OR:
			n--;
			stack[n - 1] = truth_join(op, stack[n - 1], stack[n]);
			break;
		case OP_UNLESS_FALSE:
		case OP_UNLESS_TRUE: /* shortcuts: the result is the same without them */
		case OP_END:
			break;
		}
	}
	return n == 1 && stack[0] == FALSE;
}
