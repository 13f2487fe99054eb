/*
 * eval.c - runs a compiled condition over one event: three-valued, without a look at any text of
 * the rule. What was not observed makes a test unknown, never false, unless what was seen decides.
 */
#include "rules/walk.h"

#include <stdlib.h>
#include <string.h>

struct eval *eval_new(const struct interned *interned, const struct limits *limits)
{
	struct eval *e = calloc(1, sizeof *e);
	if (e == NULL)
		return NULL;
	e->interned = interned;
	e->matcher = matcher_new(limits);
	if (e->matcher != NULL)
		return e;
	eval_free(e);
	return NULL;
}

void eval_free(struct eval *e)
{
	if (e == NULL)
		return;
	matcher_free(e->matcher);
	free(e->headers[0].next);
	free(e->headers[1].next);
	free(e->scratch[0]);
	free(e->scratch[1]);
	free(e);
}

static const uint64_t all_bits = UINT64_MAX;

/* Of a mock nothing is known beforehand. */
void eval_event(struct eval *e, const struct event *event)
{
	e->event = event;
	e->headers[0].ready = e->headers[1].ready = false;
	e->bits = (struct guard){ all_bits, all_bits };
	if (event->kind != EVENT_TRANSACTION || event->mock != NULL)
		return;
	if (event->txn->req.method.n != 0)
		e->bits.methods = method_bit(event->txn->req.method);
	e->bits.flavours = UINT64_C(1) << event->facts->flavour;
}

bool eval_may_match(const struct eval *e, const struct condition *c)
{
	bool method = (c->guard.methods & e->bits.methods) != 0 || e->bits.methods == all_bits;
	bool flavour = (c->guard.flavours & e->bits.flavours) != 0 || e->bits.flavours == all_bits;
	return method && flavour;
}

/* ---- Kleene's logic: FALSE < UNKNOWN < TRUE ---- */

static enum truth truth_not(enum truth t)
{
	return (enum truth)(TRUE - t);
}

static enum truth truth_of(bool b)
{
	return b ? TRUE : FALSE;
}

static enum truth truth_min(enum truth a, enum truth b)
{
	return a < b ? a : b;
}

static enum truth truth_max(enum truth a, enum truth b)
{
	return a > b ? a : b;
}

/* ---- one value against one constant ---- */

static bool holds_order(enum relation r, int order)
{
	switch (r) {
	case LESS:
		return order < 0;
	case LESS_EQUAL:
		return order <= 0;
	case GREATER:
		return order > 0;
	case GREATER_EQUAL:
		return order >= 0;
	default:
		return order == 0;
	}
}

static bool text_equal(struct slice a, struct slice b, bool nocase)
{
	return nocase ? slice_equal_nocase(a, b) : slice_equal(a, b);
}

static bool text_starts(struct slice s, struct slice prefix, bool nocase)
{
	return nocase ? slice_starts_nocase(s, prefix) : slice_starts(s, prefix);
}

static bool text_contains(struct slice s, struct slice what, bool nocase)
{
	if (!nocase)
		return what.n == 0 || slice_find(s, what) != s.n;
	for (size_t i = 0; i + what.n <= s.n; i++)
		if (slice_starts_nocase(slice_part(s, i, what.n), what))
			return true;
	return false;
}

static bool text_ends(struct slice s, struct slice end, bool nocase)
{
	return end.n <= s.n && text_equal(slice_part(s, s.n - end.n, end.n), end, nocase);
}

static enum truth text_holds(struct eval *e, const struct test *t, struct slice s,
    const struct item *item)
{
	switch (t->relation) {
	case CONTAINS:
		return truth_of(text_contains(s, item->text, t->nocase));
	case STARTS:
		return truth_of(text_starts(s, item->text, t->nocase));
	case ENDS:
		return truth_of(text_ends(s, item->text, t->nocase));
	case MATCHES:
		return pattern_test(item->pattern, e->matcher, s);
	default:
		return truth_of(text_equal(s, item->text, t->nocase));
	}
}

static bool ip_inside(const struct endpoint *ip, const struct item *item)
{
	size_t bytes = item->prefix / 8, bits = item->prefix % 8;
	ensure(ip != NULL, NULL);
	if (ip->family != item->net.family || memcmp(ip->address, item->net.address, bytes) != 0)
		return false;
	unsigned mask = 0xffu << (8 - bits) & 0xff;
	return bits == 0 || ((ip->address[bytes] ^ item->net.address[bytes]) & mask) == 0;
}

static int number_order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static enum truth version_holds(const struct test *t, struct slice v, struct slice constant)
{
	bool valid;
	int order = version_compare(v, constant, &valid);
	return valid ? truth_of(holds_order(t->relation, order)) : UNKNOWN;
}

static enum truth item_holds(struct eval *e, const struct test *t, const struct value *v,
    const struct item *item)
{
	bool among = t->relation == MEMBER || t->relation == EQUAL;
	switch (t->left.type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_TIME:
		return truth_of(among ?
			v->number >= item->low && v->number <= item->high :
			holds_order(t->relation, number_order(v->number, item->low)));
	case FIELD_IP:
		return truth_of(ip_inside(v->ip, item));
	case FIELD_VERSION:
		return version_holds(t, v->text, item->text);
	default:
		return text_holds(e, t, v->text, item);
	}
}

/* ---- one value against all constants ---- */

static int text_order(struct slice a, struct slice b, bool nocase)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	for (size_t i = 0; i < a.n; i++) {
		uint8_t x = nocase ? ascii_lower(a.p[i]) : a.p[i];
		if (x != b.p[i])
			return x < b.p[i] ? -1 : 1;
	}
	return 0;
}

static bool items_search(const struct items *items, struct slice text, bool nocase)
{
	size_t from = 0, to = items->n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = text_order(text, items->all[middle].text, nocase);
		if (order == 0)
			return true;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return false;
}

static enum truth value_holds(struct eval *e, const struct test *t, const struct value *v)
{
	enum truth truth = FALSE;
	if (t->items.sorted)
		truth = truth_of(items_search(&t->items, v->text, t->nocase));
	for (size_t i = 0; i < t->items.n && truth != TRUE && !t->items.sorted; i++)
		truth = truth_max(truth, item_holds(e, t, v, &t->items.all[i]));
	return t->negated ? truth_not(truth) : truth;
}

/* ---- a field against another ---- */

/* The other value as a constant, so that one place knows what a relation means. */
static enum truth pair_holds(struct eval *e, const struct test *t, const struct value *left,
    const struct value *right)
{
	struct item item = { .text = right->text, .low = right->number, .high = right->number };
	if (right->ip != NULL) {
		item.net = *right->ip;
		item.prefix = right->ip->family == 4 ? 32 : 128;
	}
	enum truth truth = item_holds(e, t, left, &item);
	return t->negated ? truth_not(truth) : truth;
}

/* ---- count() of which not all was seen: at least n ---- */

static enum truth open_count_holds(const struct test *t, int64_t n)
{
	bool possible = false, certain = false;
	for (size_t i = 0; i < t->items.n; i++) {
		const struct item *item = &t->items.all[i];
		switch (t->relation) {
		case LESS:
			possible = possible || n < item->low;
			break;
		case LESS_EQUAL:
			possible = possible || n <= item->low;
			break;
		case GREATER:
			certain = certain || n > item->low;
			possible = true;
			break;
		case GREATER_EQUAL:
			certain = certain || n >= item->low;
			possible = true;
			break;
		default:
			possible = possible || n <= item->high;
			break;
		}
	}
	enum truth truth = certain ? TRUE : possible ? UNKNOWN : FALSE;
	return t->negated ? truth_not(truth) : truth;
}

/* What a field is compared with. A count that may be higher is not known. */
static enum seen read_right(struct eval *e, const struct operand *o, size_t element,
    struct value *v)
{
	if (o->function != FUNCTION_COUNT)
		return walk_single(e, o, element, 1, v);
	bool complete;
	uint64_t n = walk_count(e, o, element, &complete);
	v->number = n > INT64_MAX ? INT64_MAX : (int64_t)n;
	return complete ? PRESENT : NOT_OBSERVED;
}

static enum truth test_count(struct eval *e, const struct test *t, size_t element)
{
	bool complete;
	uint64_t n = walk_count(e, &t->left, element, &complete);
	struct value v = { .number = n > INT64_MAX ? INT64_MAX : (int64_t)n };
	if (t->two_fields) {
		struct value right = { 0 };
		enum seen seen = read_right(e, &t->right, element, &right);
		if (seen != PRESENT)
			return seen == ABSENT ? FALSE : UNKNOWN;
		return complete ? pair_holds(e, t, &v, &right) : UNKNOWN;
	}
	return complete ? value_holds(e, t, &v) : open_count_holds(t, v.number);
}

/* ---- quantifiers ---- */

static enum truth any_of(enum truth best, bool complete)
{
	return complete ? best : truth_max(best, UNKNOWN);
}

static enum truth all_of(enum truth worst, bool some, bool complete)
{
	if (!some)
		return complete ? FALSE : UNKNOWN;
	return complete ? worst : truth_min(worst, UNKNOWN);
}

static enum truth quantified(enum quantifier q, enum truth worst, enum truth best, bool some,
    bool complete)
{
	if (q == QUANTIFY_ALL)
		return all_of(worst, some, complete);
	enum truth any = any_of(best, complete);
	return q == QUANTIFY_NONE ? truth_not(any) : any;
}

/* True: no further value can change the outcome. */
static bool is_settled(enum quantifier q, enum truth truth)
{
	return q == QUANTIFY_ALL ? truth == FALSE : truth == TRUE;
}

/* `right` NULL: what it is compared with was not observed. */
static enum truth one_value(struct eval *e, const struct test *t, const struct value *v,
    const struct value *right)
{
	if (t->kind == TEST_BOOL)
		return truth_of(v->number != 0);
	if (!t->two_fields)
		return value_holds(e, t, v);
	return right != NULL ? pair_holds(e, t, v, right) : UNKNOWN;
}

static enum truth test_values(struct eval *e, const struct test *t, size_t element)
{
	struct value right = { 0 };
	enum seen other = PRESENT;
	if (t->two_fields)
		other = read_right(e, &t->right, element, &right);
	if (other == ABSENT)
		return truth_of(t->quantifier == QUANTIFY_NONE);
	struct walk_at w = walk_begin(e, &t->left, element, 0);
	enum truth worst = TRUE, best = FALSE;
	bool some = false;
	for (;;) {
		struct value v = { 0 };
		enum seen seen = walk_next(e, &w, &v);
		if (seen != PRESENT)
			return quantified(t->quantifier, worst, best, some, seen == ABSENT);
		enum truth truth = one_value(e, t, &v, other == PRESENT ? &right : NULL);
		worst = truth_min(worst, truth);
		best = truth_max(best, truth);
		some = true;
		if (is_settled(t->quantifier, truth))
			return quantified(t->quantifier, worst, best, true, false);
	}
}

/* ---- tests ---- */

/* Most tests look at one plain field: no walk for them. */
static enum seen read_left(struct eval *e, const struct operand *o, size_t element, struct value *v)
{
	if (o->walk == WALK_ONE && o->function == FUNCTION_NONE)
		return field_read(&o->ref, e->event, 0, 0, v);
	return walk_single(e, o, element, 0, v);
}

static enum truth test_single(struct eval *e, const struct test *t, size_t element)
{
	struct value v = { 0 }, right = { 0 };
	enum seen seen = read_left(e, &t->left, element, &v), other = PRESENT;
	if (t->two_fields)
		other = read_right(e, &t->right, element, &right);
	if (seen == ABSENT || other == ABSENT)
		return FALSE;
	if (seen == NOT_OBSERVED || other == NOT_OBSERVED)
		return UNKNOWN;
	return one_value(e, t, &v, &right);
}

/* Whether there is any value or element; NOT_OBSERVED: none was seen, and not all was. */
static enum seen test_presence(struct eval *e, const struct test *t, size_t element)
{
	const struct operand *o = &t->left;
	if (o->ref.field->type == FIELD_GROUP) {
		bool complete;
		if (field_elements(o->ref.field, e->event, &complete) != 0)
			return PRESENT;
		return complete ? ABSENT : NOT_OBSERVED;
	}
	struct walk_at w = walk_begin(e, o, element, 0);
	struct value v = { 0 };
	return walk_next(e, &w, &v);
}

static enum truth test_run(struct eval *e, const struct test *t, size_t element)
{
	enum seen seen;
	switch (t->kind) {
	case TEST_EXISTS:
		seen = test_presence(e, t, element);
		if (seen == NOT_OBSERVED)
			return UNKNOWN;
		return truth_of((seen == PRESENT) != t->negated);
	case TEST_OBSERVED:
		return truth_of(test_presence(e, t, element) != NOT_OBSERVED);
	default:
		break;
	}
	if (t->left.function == FUNCTION_COUNT)
		return test_count(e, t, element);
	return t->quantifier == QUANTIFY_ONE ? test_single(e, t, element) :
					       test_values(e, t, element);
}

/* ---- the program ---- */

/* The elements of the group whose body runs; groups do not nest. */
struct elements {
	const struct test *group; /* NULL: no body runs */
	size_t body, at, n;
	enum truth worst, best;
	bool complete;
};

/* True: the outcome is known without a look at an element. */
static bool elements_begin(struct eval *e, struct elements *s, const struct test *group,
    size_t body)
{
	*s = (struct elements){ .group = group, .body = body, .worst = TRUE, .best = FALSE };
	s->n = field_elements(group->left.group, e->event, &s->complete);
	return s->n == 0;
}

/* After the body of one element. True: no further one can change the outcome, or there is none. */
static bool elements_next(struct elements *s, enum truth truth)
{
	bool settled = is_settled(s->group->quantifier, truth);
	s->worst = truth_min(s->worst, truth);
	s->best = truth_max(s->best, truth);
	s->complete = s->complete && !settled;
	return ++s->at == s->n || settled;
}

static enum truth elements_end(struct elements *s)
{
	enum quantifier quantifier = s->group->quantifier;
	s->group = NULL;
	return quantified(quantifier, s->worst, s->best, s->n != 0, s->complete);
}

static enum truth run(struct eval *e, const struct condition *c)
{
	uint8_t stack[STACK_MAX] = { 0 };
	struct elements elements = { .group = NULL };
	size_t n = 0;
	for (size_t i = 0;; i++) {
		struct instruction in = c->code[i];
		const struct test *group = elements.group;
		switch ((enum opcode)in.op) {
		case OP_TRUE:
		case OP_FALSE:
			stack[n++] = in.op == OP_TRUE ? TRUE : FALSE;
			break;
		case OP_TEST:
			stack[n++] = (uint8_t)test_run(e, &c->tests[in.arg], elements.at);
			break;
		case OP_NOT:
			stack[n - 1] = TRUE - stack[n - 1];
			break;
		case OP_AND:
			n--;
			stack[n - 1] = (uint8_t)truth_min(stack[n - 1], stack[n]);
			break;
		case OP_OR:
			n--;
			stack[n - 1] = (uint8_t)truth_max(stack[n - 1], stack[n]);
			break;
		case OP_UNLESS_FALSE:
		case OP_UNLESS_TRUE:
			if (stack[n - 1] == (in.op == OP_UNLESS_FALSE ? FALSE : TRUE))
				i = in.arg - 1;
			break;
		case OP_GROUP:
			if (!elements_begin(e, &elements, &c->tests[in.arg], i + 1))
				break;
			stack[n++] = (uint8_t)elements_end(&elements);
			i = c->tests[in.arg].behind - 1;
			break;
		case OP_END:
			if (group == NULL)
				return stack[n - 1];
			if (elements_next(&elements, stack[--n]))
				stack[n++] = (uint8_t)elements_end(&elements);
			i = elements.group != NULL ? elements.body - 1 : group->behind - 1;
			break;
		}
	}
}

enum truth eval_condition(struct eval *e, const struct condition *c)
{
	return run(e, c);
}
