/*
 * items.c - constants on the right of a comparison: one, a set, a list, a range, a network; and the
 * bits that stand for methods and flavours.
 */
#include "rules/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SORTED_FROM = 8 };

/* Items while they are collected; doubled in the arena. */
struct collector {
	struct item *items;
	size_t n, room;
};

static bool no_memory(struct parse *p)
{
	return parse_refuse(p, &p->token, "E0010", NULL, "the rules need too much memory");
}

static bool collect(struct parse *p, struct collector *c, const struct item *item)
{
	if (c->n == c->room) {
		size_t room = c->room == 0 ? 1 : 4 * c->room;
		struct item *items = arena_alloc(p->compiler->arena, room * sizeof *items);
		if (items == NULL)
			return no_memory(p);
		if (c->n != 0)
			memcpy(items, c->items, c->n * sizeof *items);
		c->items = items;
		c->room = room;
	}
	c->items[c->n++] = *item;
	return true;
}

/* ---- one constant ---- */

static const char *type_hint(const struct test *test, enum token_kind kind)
{
	switch (test->left.type) {
	case FIELD_DURATION:
		return kind == TOKEN_INTEGER ? "give it a unit: 500ms 30s 5m 2h 7d" : NULL;
	case FIELD_TIME:
		return "write 2006-09-25 or 2006-09-25T16:00:00Z";
	case FIELD_IP:
		return kind == TOKEN_STRING ? "write it without quotes" : NULL;
	case FIELD_INT:
	case FIELD_BOOL:
		return NULL;
	default:
		return kind == TOKEN_STRING ? NULL : "write it in quotes";
	}
}

static bool refuse_list(struct parse *p, const struct test *test, const struct token *t)
{
	char text[64], hint[100];
	snprintf(hint, sizeof hint, "use %s @%s", test->negated ? "not in" : "in",
	    quoted(text, t->text));
	return parse_refuse(p, t, "E0204", hint, "a list is no single value");
}

static bool refuse_type(struct parse *p, const struct test *test, const struct token *t)
{
	enum token_kind kind = t->kind;
	if (kind == TOKEN_LIST)
		return refuse_list(p, test, t);
	if (type_is_text(test->left.type) && token_is_bare(t))
		return parse_refuse_bare(p, t);
	if (test->left.type == FIELD_VERSION && (kind == TOKEN_IP || kind == TOKEN_DECIMAL))
		kind = TOKEN_INTEGER;
	return parse_refuse(p, t, "E0204", type_hint(test, kind),
	    "%s cannot be compared with a field of type %s", token_word(kind),
	    field_type_name(test->left.type));
}

static bool kind_fits(enum field_type type, enum token_kind kind)
{
	switch (type) {
	case FIELD_BOOL:
		return kind == TOKEN_TRUE || kind == TOKEN_FALSE;
	case FIELD_INT:
		return kind == TOKEN_INTEGER;
	case FIELD_DURATION:
		return kind == TOKEN_DURATION;
	case FIELD_TIME:
		return kind == TOKEN_TIME;
	case FIELD_IP:
		return kind == TOKEN_IP;
	default:
		return kind == TOKEN_STRING;
	}
}

/* What a typed value is in a comparison. Text without case is kept in lower case. */
static bool item_from(struct parse *p, const struct test *test, const struct value *v,
    struct item *item)
{
	*item = (struct item){ .text = v->text, .low = v->number, .high = v->number };
	if (v->ip != NULL) {
		item->net = *v->ip;
		item->prefix = v->ip->family == 4 ? 32 : 128;
	}
	if (!test->nocase || test->relation == MATCHES || item->text.n == 0)
		return true;
	uint8_t *lower = arena_alloc(p->compiler->arena, item->text.n);
	if (lower == NULL)
		return no_memory(p);
	for (size_t i = 0; i < item->text.n; i++)
		lower[i] = ascii_lower(item->text.p[i]);
	item->text.p = lower;
	return true;
}

static void words_list(const char *const *words, char *out, size_t room)
{
	size_t used = (size_t)snprintf(out, room, "it is one of: ");
	for (size_t i = 0; words[i] != NULL; i++) {
		int n = snprintf(out + used, room - used, "%s%s", i != 0 ? ", " : "", words[i]);
		if (n < 0 || (size_t)n >= room - used) {
			snprintf(out + room - 4, 4, "...");
			return;
		}
		used += (size_t)n;
	}
}

/* A word that the field can never be is a mistake. */
static bool check_word(struct parse *p, const struct test *test, const struct token *t)
{
	const struct field *field = test->left.ref.field;
	char text[64], hint[200];
	if (test->left.type != FIELD_ENUM || test->nocase ||
	    (test->relation != EQUAL && test->relation != MEMBER) || field_allows(field, t->text))
		return true;
	words_list(field->words, hint, sizeof hint);
	return parse_refuse(p, t, "E0210", hint, "%s is never \"%s\"", field->name,
	    quoted(text, t->text));
}

static bool add_pattern(struct parse *p, const struct test *test, const struct token *t,
    struct item *item)
{
	struct error e;
	size_t offset = 0;
	item->pattern = pattern_new(item->text, test->nocase, p->compiler->arena, &offset, &e);
	if (item->pattern == NULL)
		return parse_refuse(p, t, "E0213", NULL, "the pattern is wrong at its byte %zu: %s",
		    offset, e.text);
	if (!pattern_has_prefix(item->pattern))
		parse_warn(p, &t->start, &t->end, "W0308",
		    "the pattern begins with no literal text and is tried at every byte",
		    "begin it with ^ or with a letter that must be there");
	return true;
}

static bool token_item(struct parse *p, const struct test *test, const struct token *t,
    struct item *item)
{
	struct value v;
	char text[64];
	if (!kind_fits(test->left.type, t->kind))
		return refuse_type(p, test, t);
	if (type_is_text(test->left.type))
		v = (struct value){ .text = t->text };
	else if (!constant_read(test->left.type, t->text, p->compiler->arena, &v))
		return parse_refuse(p, t, "E0204", NULL, "%s is no value of type %s",
		    quoted(text, t->text), field_type_name(test->left.type));
	if (!check_word(p, test, t) || !item_from(p, test, &v, item))
		return false;
	return test->relation != MATCHES || add_pattern(p, test, t, item);
}

/* ---- variables and lists ---- */

static bool types_agree(enum field_type field, enum field_type given)
{
	return field == given || (type_is_text(field) && type_is_text(given));
}

static bool variable_item(struct parse *p, const struct test *test, struct item *item)
{
	struct token t = p->token;
	char text[64];
	struct variable *v = names_variable(p->compiler->names, t.text);
	if (v == NULL)
		return parse_refuse(p, &t, "E0202", NULL, "unknown variable ${%s}",
		    quoted(text, t.text));
	v->used = v->used || !p->alone;
	p->failed = p->failed || v->broken;
	if (p->failed)
		return false;
	if (!types_agree(test->left.type, v->type))
		return parse_refuse(p, &t, "E0204", NULL,
		    "${%s} of type %s cannot be compared with a field of type %s", v->name,
		    field_type_name(v->type), field_type_name(test->left.type));
	t.text = v->value.text;
	return item_from(p, test, &v->value, item) &&
	    (test->relation != MATCHES || add_pattern(p, test, &t, item));
}

static bool list_items(struct parse *p, const struct test *test, struct collector *c)
{
	struct token t = p->token;
	char text[64];
	struct list *list = names_list(p->compiler->names, t.text);
	if (list == NULL)
		return parse_refuse(p, &t, "E0202", NULL, "unknown list @%s", quoted(text, t.text));
	list->used = list->used || !p->alone;
	if (!types_agree(test->left.type, list->type))
		return parse_refuse(p, &t, "E0204", NULL,
		    "list @%s of type %s cannot be compared with a field of type %s", list->name,
		    field_type_name(list->type), field_type_name(test->left.type));
	for (size_t i = 0; i < list->n_items; i++) {
		struct item item = { 0 };
		t.text = list->items[i].text;
		if (!item_from(p, test, &list->items[i], &item) ||
		    (test->relation == MATCHES && !add_pattern(p, test, &t, &item)) ||
		    !collect(p, c, &item))
			return false;
	}
	return true;
}

/* ---- sets ---- */

/* ..N behind a number, /N behind an address. */
static bool extend_item(struct parse *p, const struct test *test, struct item *item)
{
	struct token sign = p->token;
	if (sign.kind != TOKEN_RANGE && sign.kind != TOKEN_SLASH)
		return true;
	parse_advance(p);
	struct token t = p->token;
	struct value v = { 0 };
	bool number = t.kind == TOKEN_INTEGER &&
	    constant_read(FIELD_INT, t.text, p->compiler->arena, &v);
	bool range = sign.kind == TOKEN_RANGE;
	bool fits = range ?
	    test->left.type == FIELD_INT && v.number >= item->low :
	    test->left.type == FIELD_IP && v.number >= 0 && v.number <= item->prefix;
	if (!number || !fits)
		return parse_refuse(p, &t, "E0204", NULL, "%s",
		    range ? "a range goes from a whole number to a larger one: 200..299" :
			    "a network is an address and a number of bits: 10.0.0.0/8");
	if (range)
		item->high = v.number;
	else
		item->prefix = (uint8_t)v.number;
	parse_advance(p);
	return true;
}

static bool parse_item(struct parse *p, const struct test *test, struct item *item)
{
	struct token t = p->token;
	if (t.kind == TOKEN_WRONG)
		return parse_refuse_wrong(p, &t);
	if (t.kind == TOKEN_END || t.kind == TOKEN_SET_CLOSE || t.kind == TOKEN_CLOSE)
		return parse_refuse(p, &t, "E0101", NULL, "a constant is missing");
	if (!token_is_constant(t.kind) && t.kind != TOKEN_LIST && t.kind != TOKEN_NAME)
		return parse_refuse(p, &t, "E0101", NULL, "a constant is expected here, not %s",
		    token_word(t.kind));
	if (!(t.kind == TOKEN_VARIABLE ? variable_item(p, test, item) :
					 token_item(p, test, &t, item)))
		return false;
	parse_advance(p);
	return test->relation != MEMBER || extend_item(p, test, item);
}

static bool parse_set(struct parse *p, const struct test *test, struct collector *c)
{
	do {
		struct item item = { 0 };
		parse_advance(p);
		if (!parse_item(p, test, &item) || !collect(p, c, &item))
			return false;
	} while (p->token.kind == TOKEN_COMMA);
	if (p->token.kind != TOKEN_SET_CLOSE)
		return parse_refuse(p, &p->token, "E0101", NULL, "a comma or } is expected here");
	parse_advance(p);
	return true;
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	if (x->text.n != y->text.n)
		return x->text.n < y->text.n ? -1 : 1;
	return x->text.n != 0 ? memcmp(x->text.p, y->text.p, x->text.n) : 0;
}

static bool parse_member(struct parse *p, const struct test *test, struct collector *c)
{
	struct item item = { 0 };
	struct token t = p->token;
	if (t.kind == TOKEN_SET_OPEN)
		return parse_set(p, test, c);
	enum token_kind behind = parse_ahead(p).kind;
	if (t.kind != TOKEN_WRONG && behind != TOKEN_RANGE && behind != TOKEN_SLASH)
		return parse_refuse(p, &t, "E0101",
		    "or compare with ==", "in wants {a, b}, @list, 1..9 or a network");
	return parse_item(p, test, &item) && collect(p, c, &item);
}

bool parse_items(struct parse *p, struct test *test)
{
	struct collector c = { 0 };
	struct item item = { 0 };
	bool textual = test->relation >= CONTAINS;
	bool good;
	if (p->token.kind == TOKEN_LIST && (test->relation == MEMBER || textual)) {
		good = list_items(p, test, &c);
		if (good)
			parse_advance(p);
	} else if (test->relation == MEMBER) {
		good = parse_member(p, test, &c);
	} else {
		good = parse_item(p, test, &item) && collect(p, &c, &item);
	}
	if (!good)
		return false;
	test->items = (struct items){ .all = c.items, .n = c.n };
	if (test->relation == MEMBER && type_is_text(test->left.type) && c.n >= SORTED_FROM) {
		qsort(c.items, c.n, sizeof *c.items, compare_items);
		test->items.sorted = true;
	}
	return true;
}

/* ---- methods and flavours as bits ---- */

uint64_t method_bit(struct slice method)
{
	static const char *const names[] = { "GET", "PUT", "POST", "DELETE", "PROPFIND",
		"PROPPATCH", "REPORT", "OPTIONS", "HEAD", "MKCOL", "MKCALENDAR", "COPY", "MOVE",
		"LOCK", "UNLOCK", "SEARCH", "ACL", "PATCH", "SUBSCRIBE", "UNSUBSCRIBE", "POLL",
		"NOTIFY", "BCOPY", "BMOVE", "BDELETE", "BPROPFIND", "BPROPPATCH", "X-MS-ENUMATTS",
		"BIND", "UNBIND", "REBIND", "QUERY" };
	size_t n = sizeof names / sizeof names[0], i = 0;
	while (i < n && !slice_is(method, names[i]))
		i++;
	return UINT64_C(1) << i;
}

uint64_t flavour_bit(struct slice flavour)
{
	unsigned i = 0;
	while (i < FLAVOURS && !slice_is(flavour, flavour_name((enum flavour)i)))
		i++;
	return UINT64_C(1) << i;
}
