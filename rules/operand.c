/*
 * operand.c - the fields of a condition: names, headers, members of the element at hand, functions.
 */
#include "rules/parse.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128 };

bool type_is_text(enum field_type type)
{
	return type == FIELD_STRING || type == FIELD_ISTRING || type == FIELD_ENUM;
}

/* A name as a C string; names that do not fit are not in the table. */
static bool name_copy(char out[NAME_MAX_BYTES], struct slice name)
{
	if (name.n >= NAME_MAX_BYTES)
		return false;
	memcpy(out, name.p, name.n);
	out[name.n] = '\0';
	return true;
}

bool token_is_group(const struct token *t, struct field_ref *ref)
{
	char name[NAME_MAX_BYTES];
	struct error e;
	return t->kind == TOKEN_NAME && t->text.p[0] != '.' && name_copy(name, t->text) &&
	    field_find(name, ref, &e) && ref->field->type == FIELD_GROUP;
}

/* GROUP.member of that group. */
static bool member_find(const struct field *group, struct slice member, struct field_ref *ref)
{
	char name[NAME_MAX_BYTES];
	struct error e;
	size_t n = (size_t)snprintf(name, sizeof name, "%s.", group->name);
	if (n + member.n >= sizeof name)
		return false;
	memcpy(name + n, member.p, member.n);
	name[n + member.n] = '\0';
	return field_find(name, ref, &e) && field_group(ref->field) == group;
}

static bool refuse_unknown(struct parse *p, const struct token *t)
{
	char text[64], hint[128] = "";
	struct field_ref member;
	const struct field *like = field_like(t->text);
	if (p->group != NULL && member_find(p->group, t->text, &member))
		snprintf(hint, sizeof hint, "a member of %s begins with a dot: .%s", p->group->name,
		    quoted(text, t->text));
	else if (like != NULL)
		snprintf(hint, sizeof hint, "did you mean %s?", like->name);
	return parse_refuse(p, t, "E0201", hint, "unknown field %s", quoted(text, t->text));
}

/* The names of a group's members, separated by ", ". */
static void members_list(const struct field *group, char *out, size_t room)
{
	size_t n_fields, used = 0, prefix = strlen(group->name) + 1;
	const struct field *table = fields_table(&n_fields);
	for (const struct field *f = group + 1; f < table + n_fields && field_group(f) == group;
	     f++) {
		int n = snprintf(out + used, room - used, "%s%s", used != 0 ? ", " : "",
		    f->name + prefix);
		if (n < 0 || (size_t)n >= room - used)
			return;
		used += (size_t)n;
	}
}

/* Of a macro by itself: the first group that has such a member. */
static bool guess_group(struct parse *p, const struct token *t, struct slice member)
{
	size_t n;
	char text[64];
	const struct field *table = fields_table(&n);
	struct field_ref ref;
	for (size_t i = 0; i < n; i++) {
		if (table[i].type != FIELD_GROUP || !member_find(&table[i], member, &ref))
			continue;
		p->group = &table[i];
		p->guessed = true;
		return true;
	}
	return parse_refuse(p, t, "E0201", NULL, "no group has a field %s", quoted(text, member));
}

static bool find_member(struct parse *p, const struct token *t, struct field_ref *ref)
{
	char text[64], members[160] = "";
	struct slice member = slice_part(t->text, 1, t->text.n);
	if (p->group == NULL && !p->alone)
		return parse_refuse(p, t, "E0209", NULL,
		    "%s has meaning only inside any, all or none GROUP (...)",
		    quoted(text, t->text));
	if (p->group == NULL && !guess_group(p, t, member))
		return false;
	if (member_find(p->group, member, ref))
		return true;
	p->failed = p->failed || p->guessed; /* it may be of another group */
	members_list(p->group, members, sizeof members);
	return parse_refuse(p, t, "E0201", NULL, "group %s has no field %s; it has: %s",
	    p->group->name, quoted(text, member), members);
}

static bool find_field(struct parse *p, const struct token *t, struct operand *o)
{
	char name[NAME_MAX_BYTES];
	struct error e;
	if (t->text.p[0] == '.') {
		o->walk = WALK_HERE;
		return find_member(p, t, &o->ref);
	}
	if (!name_copy(name, t->text) || !field_find(name, &o->ref, &e))
		return refuse_unknown(p, t);
	o->walk = o->ref.field->many ? WALK_VALUES : WALK_ONE;
	if (field_group(o->ref.field) != NULL)
		o->walk = WALK_ELEMENTS;
	return true;
}

/* "Name"] behind a map; the bracket is at hand. */
static bool parse_subscript(struct parse *p, struct operand *o)
{
	const struct field *map = o->ref.field;
	if (map->type != FIELD_HEADERS && map->type != FIELD_MAP)
		return parse_refuse(p, &p->token, "E0101", NULL, "%s takes no [\"Name\"]",
		    map->name);
	parse_advance(p);
	struct token name = p->token;
	if (name.kind != TOKEN_STRING || name.text.n == 0)
		return parse_refuse(p, &name, "E0101", NULL,
		    "a name in quotes is expected: %s[\"Name\"]", map->name);
	parse_advance(p);
	if (p->token.kind != TOKEN_INDEX_CLOSE)
		return parse_refuse(p, &p->token, "E0101", NULL, "] is missing");
	parse_advance(p);
	o->ref.header = name.text;
	if (map->type == FIELD_MAP) {
		o->walk = WALK_ONE;
		return true;
	}
	o->walk = WALK_HEADER;
	o->message = strcmp(map->name, "http.response.header") == 0;
	o->header = intern(p->compiler->interned, name.text, p->compiler->arena);
	if (o->header == NOT_INTERNED)
		return parse_refuse(p, &name, "E0212", NULL, "more than %d different header names",
		    INTERNED_MAX);
	return true;
}

static void kinds_list(unsigned kinds, char *out, size_t room)
{
	size_t used = 0;
	for (unsigned k = 0; k < EVENT_KINDS; k++) {
		if (!(kinds >> k & 1))
			continue;
		int n = snprintf(out + used, room - used, "%s%s", used != 0 ? ", " : "",
		    event_kind_name((enum event_kind)k));
		if (n < 0 || (size_t)n >= room - used)
			return;
		used += (size_t)n;
	}
}

bool parse_field(struct parse *p, struct operand *o)
{
	struct token t = p->token;
	if (t.kind == TOKEN_WRONG)
		return parse_refuse_wrong(p, &t);
	if (t.kind != TOKEN_NAME)
		return parse_refuse(p, &t, "E0101", NULL, "a field is expected here, not %s",
		    token_word(t.kind));
	if (!find_field(p, &t, o))
		return false;
	const struct field *field = o->ref.field;
	o->group = field_group(field);
	o->type = field->type;
	if (field->type == FIELD_HEADERS || field->type == FIELD_MAP)
		o->type = FIELD_STRING;
	p->deep = p->deep || field->deep;
	if (!(field->kinds & p->kinds)) {
		char there[120], here[120];
		kinds_list(field->kinds, there, sizeof there);
		kinds_list(p->kinds, here, sizeof here);
		return parse_refuse(p, &t, "E0203", NULL, "%s is a field of %s, not of %s",
		    field->name, there, here);
	}
	parse_advance(p);
	return p->token.kind != TOKEN_INDEX_OPEN || parse_subscript(p, o);
}

/* ---- functions ---- */

static enum function function_of(const struct token *t)
{
	static const char *const names[] = {
		[FUNCTION_LOWER] = "lower",
		[FUNCTION_LEN] = "len",
		[FUNCTION_COUNT] = "count",
		[FUNCTION_FIRST] = "first",
		[FUNCTION_LAST] = "last",
	};
	for (size_t i = FUNCTION_LOWER; i < sizeof names / sizeof names[0]; i++)
		if (t->kind == TOKEN_NAME && slice_is(t->text, names[i]))
			return (enum function)i;
	return FUNCTION_NONE;
}

bool token_is_bare(const struct token *t)
{
	char name[NAME_MAX_BYTES];
	struct field_ref ref;
	struct error e;
	return t->kind == TOKEN_NAME && slice_find_byte(t->text, '.') == t->text.n &&
	    function_of(t) == FUNCTION_NONE &&
	    !(name_copy(name, t->text) && field_find(name, &ref, &e));
}

static bool walks_many(const struct operand *o)
{
	return o->walk != WALK_ONE && (o->walk != WALK_HERE || o->ref.field->many);
}

bool operand_is_many(const struct operand *o)
{
	return walks_many(o) && o->function != FUNCTION_COUNT && o->function != FUNCTION_FIRST &&
	    o->function != FUNCTION_LAST;
}

static bool apply_function(struct parse *p, const struct token *at, struct operand *o)
{
	switch (o->function) {
	case FUNCTION_COUNT:
		o->type = FIELD_INT;
		return true;
	case FUNCTION_FIRST:
	case FUNCTION_LAST:
		return walks_many(o) ||
		    parse_refuse(p, at, "E0208", NULL, "%s holds one value; leave the function out",
			o->ref.field->name);
	default:
		if (!type_is_text(o->type))
			return parse_refuse(p, at, "E0204", NULL,
			    "this function takes a string, and %s is of type %s",
			    o->ref.field->name, field_type_name(o->type));
		if (o->function == FUNCTION_LEN)
			o->type = FIELD_INT;
		else if (o->type == FIELD_ENUM)
			o->type = FIELD_STRING;
		return true;
	}
}

bool parse_operand(struct parse *p, struct operand *o)
{
	struct token at = p->token;
	enum function function = function_of(&at);
	*o = (struct operand){ 0 };
	if (function == FUNCTION_NONE || parse_ahead(p).kind != TOKEN_OPEN)
		return parse_field(p, o);
	parse_advance(p);
	parse_advance(p);
	if (!parse_field(p, o))
		return false;
	if (p->token.kind != TOKEN_CLOSE)
		return parse_refuse(p, &p->token, "E0101", NULL, ") is missing");
	parse_advance(p);
	o->function = function;
	return apply_function(p, &at, o);
}
