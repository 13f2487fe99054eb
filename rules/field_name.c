/*
 * field_name.c - one field by its name, where no condition stands around it: in keys, messages, lists.
 */
#include "rules/condition.h"

#include <string.h>

static struct mark name_end(struct mark at, struct slice name)
{
	at.at += name.n;
	while (name.n != 0) {
		uint32_t unused;
		size_t n = utf8_next(name, &unused);
		name = slice_part(name, n != 0 ? n : 1, name.n);
		at.column++;
	}
	return at;
}

/* The map is there, its ["Name"] is wrong; else the name is. */
static void say_what(struct complaint *c, char *name, const char *why)
{
	struct field_ref ref;
	struct error unused;
	char text[64];
	struct slice whole = slice_from(name);
	size_t bare = slice_find_byte(whole, '[');
	name[bare] = '\0';
	if (bare != whole.n && field_find(name, &ref, &unused)) {
		snprintf(c->text, sizeof(c->text), "%s", why);
		return;
	}
	const struct field *like = field_like(slice_part(whole, 0, bare));
	snprintf(c->text, sizeof(c->text), "unknown field %s",
	    quoted(text, slice_part(whole, 0, bare)));
	if (like != NULL)
		snprintf(c->hint, sizeof(c->hint), "did you mean %s?", like->name);
}

bool field_compile(struct compiler *compiler, const char *file, const struct yaml *node,
    struct slice name, struct mark at, struct field_ref *out)
{
	struct error why = { "" };
	struct mark end = slice_equal(name, node->text) ? node->end : name_end(at, name);
	char *copy = arena_alloc(compiler->arena, name.n + 1);
	if (copy != NULL) {
		memcpy(copy, name.p, name.n);
		if (field_find(copy, out, &why))
			return true;
	}
	struct complaint *c = complaint_add(compiler->complaints, copy != NULL ? "E0201" : "E0010",
	    file, &at, &end);
	c->rule = compiler->rule;
	if (copy != NULL)
		say_what(c, copy, why.text);
	else
		snprintf(c->text, sizeof(c->text), "the rules need too much memory");
	return false;
}
