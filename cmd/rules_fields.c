/*
 * rules_fields.c - `davscope rules fields [PREFIX]`: the names that conditions, templates and -e may
 * use.
 */
#include "cmd/rules.h"

#include <string.h>

enum { WORDS_INDENT = 4, TYPE_WIDTH = 9, MANY_WIDTH = 5, KINDS_MAX = 160 };

/* dav.tag is a prefix of dav.tag_state to those who type it, too. */
static bool is_meant(const struct field *field, const char *prefix)
{
	return strncmp(field->name, prefix, strlen(prefix)) == 0;
}

static bool is_everywhere(unsigned kinds)
{
	return kinds == (1u << EVENT_KINDS) - 1;
}

static size_t name_width(const struct field *fields, size_t n, const char *prefix)
{
	size_t width = 0;
	for (size_t i = 0; i < n; i++)
		if (is_meant(&fields[i], prefix) && strlen(fields[i].name) > width)
			width = strlen(fields[i].name);
	return width;
}

/* The words of an enum, in lines of their own: one field has some sixty. */
static void print_words(struct out *out, const char *const *words)
{
	size_t column = 0;
	for (size_t i = 0; words[i] != NULL; i++) {
		size_t width = strlen(words[i]) + 1;
		if (column != 0 && column + width > PAGE_COLUMNS) {
			out_char(out, '\n');
			column = 0;
		}
		out_text(out, column == 0 ? "    " : " ");
		column += (column == 0 ? WORDS_INDENT : 1) + width - 1;
		out_text(out, words[i]);
	}
	out_char(out, '\n');
}

static void print_field(struct out *out, const struct field *field, size_t width)
{
	print_column(out, slice_from(field->name), width + 1);
	print_column(out, slice_from(field_type_name(field->type)), TYPE_WIDTH);
	print_column(out, slice_from(field->many ? "many" : "one"), MANY_WIDTH);
	if (is_everywhere(field->kinds))
		out_text(out, "all");
	else
		print_kinds(out, field->kinds, ",");
	out_text(out, "  ");
	out_text(out, field->text);
	out_char(out, '\n');
	if (field->words != NULL && field->words[0] != NULL)
		print_words(out, field->words);
}

static void print_words_json(struct out *out, const char *const *words)
{
	out_text(out, ",\"words\":[");
	for (size_t i = 0; words[i] != NULL; i++)
		print_json(out, i == 0 ? "" : ",", words[i]);
	out_char(out, ']');
}

static void print_field_json(struct out *out, const struct field *field)
{
	print_json(out, "{\"name\":", field->name);
	print_json(out, ",\"type\":", field_type_name(field->type));
	print_json_flag(out, ",\"many\":", field->many);
	print_json_flag(out, ",\"deep\":", field->deep);
	out_text(out, ",\"kinds\":[\"");
	print_kinds(out, field->kinds, "\",\"");
	out_text(out, "\"]");
	print_json(out, ",\"text\":", field->text);
	if (field->words != NULL)
		print_words_json(out, field->words);
	out_text(out, "}\n");
}

static bool print_fields(struct out *out, const char *prefix, bool json)
{
	size_t n = 0, printed = 0;
	const struct field *fields = fields_table(&n);
	size_t width = name_width(fields, n, prefix);
	for (size_t i = 0; i < n; i++) {
		if (!is_meant(&fields[i], prefix))
			continue;
		if (json)
			print_field_json(out, &fields[i]);
		else
			print_field(out, &fields[i], width);
		printed++;
	}
	return printed != 0;
}

static int refuse_prefix(const char *prefix)
{
	const struct field *like = field_like(slice_from(prefix));
	warn("no field begins with %.60s%s%s%s", prefix, like != NULL ? "; did you mean " : "",
	    like != NULL ? like->name : "", like != NULL ? "?" : "");
	return EXIT_USAGE;
}

int rules_fields(const struct options *o)
{
	struct error e;
	if (o->n_rule_paths != 0 || o->n_variables != 0) {
		warn(
		    "rules fields: takes no -R and no --var; the fields are the same for all rules");
		return EXIT_USAGE;
	}
	const char *prefix = o->n_words > 1 ? o->words[1] : "";
	struct out *out = out_stdout(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	bool found = print_fields(out, prefix, o->json);
	int code = finish_output(out);
	return found || code != EXIT_DONE ? code : refuse_prefix(prefix);
}
