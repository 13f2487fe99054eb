/*
 * compare.c - one test of a condition: exists, a boolean field, or a comparison with its quantifier,
 * typed as it is read. Constants take the type of the field; nothing is converted.
 */
#include "rules/parse.h"

#include <stdio.h>
#include <string.h>

/* ---- relations ---- */

struct relation_info {
	enum token_kind kind;
	enum relation relation;
	bool negated, nocase;
};

static const struct relation_info relations[] = {
	{ TOKEN_EQ, EQUAL, false, false },
	{ TOKEN_NE, EQUAL, true, false },
	{ TOKEN_LT, LESS, false, false },
	{ TOKEN_LE, LESS_EQUAL, false, false },
	{ TOKEN_GT, GREATER, false, false },
	{ TOKEN_GE, GREATER_EQUAL, false, false },
	{ TOKEN_IN, MEMBER, false, false },
	{ TOKEN_CONTAINS, CONTAINS, false, false },
	{ TOKEN_ICONTAINS, CONTAINS, false, true },
	{ TOKEN_STARTS, STARTS, false, false },
	{ TOKEN_ISTARTS, STARTS, false, true },
	{ TOKEN_ENDS, ENDS, false, false },
	{ TOKEN_IENDS, ENDS, false, true },
	{ TOKEN_MATCHES, MATCHES, false, false },
};

static const struct relation_info *relation_of(enum token_kind kind)
{
	for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++)
		if (relations[i].kind == kind)
			return &relations[i];
	return NULL;
}

bool token_is_relation(enum token_kind kind)
{
	return relation_of(kind) != NULL;
}

/* In any case of its letters; TOKEN_END: it is none. */
static enum token_kind relation_of_word(struct slice word)
{
	for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++)
		if (slice_is_nocase(word, token_word(relations[i].kind)))
			return relations[i].kind;
	return TOKEN_END;
}

static bool is_ordered(enum relation r)
{
	return r == LESS || r == LESS_EQUAL || r == GREATER || r == GREATER_EQUAL;
}

static bool is_textual(enum relation r)
{
	return r == CONTAINS || r == STARTS || r == ENDS || r == MATCHES;
}

static bool type_is_number(enum field_type type)
{
	return type == FIELD_INT || type == FIELD_DURATION || type == FIELD_TIME;
}

static bool relation_fits(enum field_type type, enum relation r)
{
	if (type_is_text(type))
		return !is_ordered(r);
	if (type_is_number(type) || type == FIELD_VERSION)
		return !is_textual(r);
	if (type == FIELD_IP)
		return r == EQUAL || r == MEMBER;
	return type == FIELD_BOOL && r == EQUAL;
}

/* ---- exists, absent, observed ---- */

static bool parse_existence(struct parse *p, struct test *test)
{
	enum token_kind word = p->token.kind;
	struct token at = p->token;
	parse_advance(p);
	test->kind = word == TOKEN_OBSERVED ? TEST_OBSERVED : TEST_EXISTS;
	test->negated = word == TOKEN_ABSENT;
	if (test->quantifier != QUANTIFY_ONE)
		return parse_refuse(p, &at, "E0101", "leave the quantifier out",
		    "%s looks at all values", token_word(word));
	return parse_field(p, &test->left);
}

/* ---- quantifiers ---- */

enum quantifier quantifier_of(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_ANY:
		return QUANTIFY_ANY;
	case TOKEN_ALL:
		return QUANTIFY_ALL;
	case TOKEN_NONE:
		return QUANTIFY_NONE;
	default:
		return QUANTIFY_ONE;
	}
}

/* The text of the relation as it stands: "!=", "not in". */
static void relation_word(const struct token *relation, bool negated, char out[24])
{
	bool word = negated && relation->kind != TOKEN_NE;
	snprintf(out, 24, "%s%s", word ? "not " : "", token_word(relation->kind));
}

/* Makes the author say which of several values is meant, and only where there are several. */
static bool check_quantifier(struct parse *p, struct test *test, const struct token *quantifier,
    const struct token *field, const struct token *relation)
{
	const char *name = test->left.ref.field->name;
	bool many = operand_is_many(&test->left);
	char word[24], hint[128];
	if (test->quantifier != QUANTIFY_ONE && !many)
		return parse_refuse(p, quantifier, "E0208", NULL, "%s holds one value; remove '%s'",
		    name, token_word(quantifier->kind));
	if (test->quantifier != QUANTIFY_ONE || !many)
		return true;
	test->quantifier = QUANTIFY_ANY;
	if (!test->negated)
		return true;
	relation_word(relation, true, word);
	snprintf(hint, sizeof hint, "write \"none ... %s\", \"all ... %s\" or \"any ... %s\"",
	    relation->kind == TOKEN_NE ? "==" : token_word(relation->kind), word, word);
	return parse_refuse(p, field, "E0207", hint,
	    "%s can hold several values; %s needs a quantifier", name, word);
}

/* ---- the right side ---- */

static bool same_class(enum field_type a, enum field_type b)
{
	return a == b || (type_is_text(a) && type_is_text(b));
}

static bool parse_right_field(struct parse *p, struct test *test)
{
	struct token at = p->token;
	test->two_fields = true;
	if (!parse_operand(p, &test->right))
		return false;
	const char *name = test->right.ref.field->name;
	if (operand_is_many(&test->right))
		return parse_refuse(p, &at, "E0207", "take first(...) or last(...) of it",
		    "%s can hold several values", name);
	if (test->relation == MATCHES || test->relation == MEMBER)
		return parse_refuse(p, &at, "E0204", NULL, "a constant is expected here, not %s",
		    name);
	if (!same_class(test->left.type, test->right.type))
		return parse_refuse(p, &at, "E0204", NULL,
		    "a field of type %s cannot be compared with one of type %s",
		    field_type_name(test->right.type), field_type_name(test->left.type));
	test->nocase = test->nocase || test->right.type == FIELD_ISTRING;
	return true;
}

static bool parse_relation(struct parse *p, struct test *test, struct token *relation)
{
	test->negated = p->token.kind == TOKEN_NOT;
	if (test->negated)
		parse_advance(p);
	*relation = p->token;
	const struct relation_info *r = relation_of(relation->kind);
	if (r == NULL || (test->negated && r->relation != MEMBER && !is_textual(r->relation)))
		return parse_refuse(p, relation, "E0101", NULL,
		    "in, contains, startswith, endswith or matches is expected behind not");
	test->kind = TEST_COMPARE;
	test->relation = r->relation;
	test->negated = test->negated || r->negated;
	test->nocase = r->nocase || test->left.type == FIELD_ISTRING;
	if (relation_fits(test->left.type, r->relation)) {
		parse_advance(p);
		return true;
	}
	if (test->left.type == FIELD_GROUP)
		return parse_refuse(p, relation, "E0209", "name a member of it, or count(...)",
		    "%s is a group and has no value", test->left.ref.field->name);
	return parse_refuse(p, relation, "E0205", NULL, "%s has no meaning for a field of type %s",
	    token_word(relation->kind), field_type_name(test->left.type));
}

/* A field alone: it has to be true or false. */
static bool parse_bool(struct parse *p, struct test *test, const struct token *quantifier,
    const struct token *at)
{
	const char *name = test->left.ref.field->name;
	test->kind = TEST_BOOL;
	if (test->left.type == FIELD_GROUP)
		return parse_refuse(p, at, "E0209", "exists, count(...), or any GROUP (...)",
		    "%s is a group and has no value", name);
	if (test->left.function == FUNCTION_COUNT)
		return parse_refuse(p, at, "E0206", "compare the count: count(...) > 0",
		    "a number says neither true nor false");
	if (test->left.function == FUNCTION_LEN)
		return parse_refuse(p, at, "E0206", "compare the length: len(...) > 0",
		    "a number says neither true nor false");
	if (test->left.type != FIELD_BOOL)
		return parse_refuse(p, at, "E0206", "compare it, or ask whether it exists",
		    "%s is of type %s and says neither true nor false", name,
		    field_type_name(test->left.type));
	return check_quantifier(p, test, quantifier, at, at);
}

/* ---- a constant on the left ---- */

bool token_is_constant(enum token_kind kind)
{
	return kind == TOKEN_TRUE || kind == TOKEN_FALSE || kind == TOKEN_STRING ||
	    kind == TOKEN_INTEGER || kind == TOKEN_DECIMAL || kind == TOKEN_DURATION ||
	    kind == TOKEN_IP || kind == TOKEN_TIME || kind == TOKEN_VARIABLE;
}

static enum relation turned(enum relation r)
{
	return r == LESS       ? GREATER :
	    r == LESS_EQUAL    ? GREATER_EQUAL :
	    r == GREATER       ? LESS :
	    r == GREATER_EQUAL ? LESS_EQUAL :
				 r;
}

/* `5 == field` is `field == 5`. The constant is read again once the type of the field is known. */
static bool parse_turned(struct parse *p, struct test *test, const struct token *quantifier)
{
	struct frame constant = p->frames[p->n_frames - 1];
	struct token constant_token = p->token, relation, at;
	parse_advance(p);
	relation = p->token;
	const struct relation_info *r = relation_of(relation.kind);
	if (r == NULL || r->relation == MEMBER || is_textual(r->relation))
		return parse_refuse(p, &relation, "E0101", NULL,
		    "a comparison is expected behind a constant");
	parse_advance(p);
	at = p->token;
	if (token_is_constant(at.kind))
		return parse_refuse(p, &at, "E0214", NULL, "a comparison of two constants");
	if (!parse_operand(p, &test->left))
		return false;
	struct frame behind = p->frames[p->n_frames - 1];
	struct token behind_token = p->token;
	p->token = relation;
	if (!parse_relation(p, test, &relation))
		return false;
	test->relation = turned(test->relation);
	p->frames[p->n_frames - 1] = constant;
	p->token = constant_token;
	if (!check_quantifier(p, test, quantifier, &at, &relation) || !parse_items(p, test))
		return false;
	p->frames[p->n_frames - 1] = behind;
	p->token = behind_token;
	return true;
}

/* ---- operators of other languages ---- */

static const struct {
	const char *word, *hint;
} elsewhere[] = {
	{ "eq", "write ==" },
	{ "is", "write ==" },
	{ "equals", "write ==" },
	{ "ne", "write !=" },
	{ "lt", "write <" },
	{ "le", "write <=" },
	{ "gt", "write >" },
	{ "ge", "write >=" },
	{ "like", "write contains, startswith or endswith" },
	{ "has", "write contains" },
	{ "includes", "write contains" },
	{ "regex", "write matches" },
};

static const char *hint_of_operator(const struct token *t)
{
	if (relation_of_word(t->text) != TOKEN_END || slice_is_nocase(t->text, "not"))
		return "keywords are in lower case";
	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
		if (slice_is_nocase(t->text, elsewhere[i].word))
			return elsewhere[i].hint;
	return NULL;
}

/* A word behind an operand; true and false are followed by other words too. */
static bool is_no_operator(const struct parse *p, const struct test *test)
{
	const struct token *t = &p->token;
	if (t->kind != TOKEN_NAME || slice_is_nocase(t->text, "and") ||
	    slice_is_nocase(t->text, "or"))
		return false;
	return test->left.type != FIELD_BOOL || hint_of_operator(t) != NULL;
}

static bool refuse_operator(struct parse *p)
{
	const struct token *t = &p->token;
	char text[64];
	const char *hint = hint_of_operator(t);
	if (hint == NULL)
		hint = "== != < <= > >= in contains startswith endswith matches are";
	return parse_refuse(p, t, "E0101", hint, "%s is no operator", quoted(text, t->text));
}

/* ---- all of it ---- */

bool parse_test(struct parse *p, struct test *test)
{
	struct token quantifier = p->token, relation;
	*test = (struct test){ .quantifier = quantifier_of(quantifier.kind) };
	if (test->quantifier != QUANTIFY_ONE)
		parse_advance(p);
	struct token at = p->token;
	if (at.kind == TOKEN_EXISTS || at.kind == TOKEN_ABSENT || at.kind == TOKEN_OBSERVED)
		return parse_existence(p, test);
	if (token_is_constant(at.kind))
		return parse_turned(p, test, &quantifier);
	if (!parse_operand(p, &test->left))
		return false;
	if (p->token.kind == TOKEN_WRONG)
		return parse_refuse_wrong(p, &p->token);
	if (is_no_operator(p, test))
		return refuse_operator(p);
	if (p->token.kind != TOKEN_NOT && relation_of(p->token.kind) == NULL)
		return parse_bool(p, test, &quantifier, &at);
	if (!parse_relation(p, test, &relation) ||
	    !check_quantifier(p, test, &quantifier, &at, &relation))
		return false;
	if (p->token.kind != TOKEN_NAME || test->relation == MEMBER)
		return parse_items(p, test);
	if (type_is_text(test->left.type) && token_is_bare(&p->token))
		return parse_refuse_bare(p, &p->token);
	return parse_right_field(p, test);
}

/* ---- the prefilter ---- */

static uint64_t bits_of(const struct test *test, uint64_t (*bit)(struct slice))
{
	uint64_t bits = 0;
	for (size_t i = 0; i < test->items.n; i++)
		bits |= bit(test->items.all[i].text);
	return bits;
}

/* The words of these two fields are few, so that a set of them is a number. */
struct guard test_guard(const struct test *test)
{
	struct guard guard = { UINT64_MAX, UINT64_MAX };
	const struct operand *o = &test->left;
	bool plain = test->kind == TEST_COMPARE && !test->two_fields && !test->nocase &&
	    o->function == FUNCTION_NONE && o->walk == WALK_ONE &&
	    (test->relation == EQUAL || test->relation == MEMBER) && !test->negated;
	if (!plain)
		return guard;
	if (strcmp(o->ref.field->name, "http.request.method") == 0)
		guard.methods = bits_of(test, method_bit);
	else if (strcmp(o->ref.field->name, "dav.flavour") == 0)
		guard.flavours = bits_of(test, flavour_bit);
	return guard;
}
