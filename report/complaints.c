/*
 * complaints.c - what is wrong with a rule file or a filter: a line in the form that compilers use,
 * so that editors jump to the place; an object for programs; a mark below what a person typed.
 */
#include "report/json.h"
#include "report/text.h"

enum { MARGIN = 2 };

static const char *level_name(const struct complaint *c)
{
	return c->code[0] == 'W' ? "warning" : "error";
}

/* "error[E0204]: a string cannot be compared ...; write it ..." */
static void write_verdict(struct out *o, const struct complaint *c)
{
	out_text(o, level_name(c));
	out_char(o, '[');
	out_vis(o, slice_from(c->code), SIZE_MAX);
	out_text(o, "]: ");
	escaped_write(o, slice_from(c->text));
	if (c->hint[0] != '\0') {
		out_text(o, "; ");
		escaped_write(o, slice_from(c->hint));
	}
	out_char(o, '\n');
}

void complaint_write(struct out *o, const struct complaint *c)
{
	out_vis(o, slice_from(c->file != NULL ? c->file : "-Y"), SIZE_MAX);
	if (c->line != 0) {
		out_char(o, ':');
		out_u64(o, c->line);
		out_char(o, ':');
		out_u64(o, c->column);
	}
	out_text(o, ": ");
	write_verdict(o, c);
}

static void member_text(struct json *j, const char *name, const char *text)
{
	json_key(j, name);
	if (text != NULL)
		json_wire(j, slice_from(text));
	else
		out_text(j->out, "null");
}

void complaint_write_json(struct out *o, const struct complaint *c)
{
	struct json j = { .out = o };
	json_begin(&j, '{');
	member_text(&j, "code", c->code);
	member_text(&j, "level", level_name(c));
	member_text(&j, "file", c->file);
	json_member(&j, "line", c->line);
	json_member(&j, "column", c->column);
	json_member(&j, "end_line", c->end_line);
	json_member(&j, "end_column", c->end_column);
	member_text(&j, "rule", c->rule);
	member_text(&j, "message", c->text);
	member_text(&j, "hint", c->hint);
	json_end(&j, '}');
	out_char(o, '\n');
}

/* ---- the mark ---- */

/* False: the text has no such line. */
static bool line_find(struct slice text, size_t line, struct slice *found)
{
	size_t end = slice_find_byte(text, '\n');
	if (line == 0)
		return false;
	for (; line > 1 && end < text.n; line--) {
		text = slice_part(text, end + 1, text.n);
		end = slice_find_byte(text, '\n');
	}
	*found = slice_part(text, 0, end);
	return line == 1;
}

/* How wide the first n characters are when they are escaped; each column behind the end is one. */
static size_t width_of(struct slice s, size_t n)
{
	size_t columns = 0;
	for (; n != 0 && s.n != 0; n--)
		columns += columns_next(&s);
	return columns;
}

static void write_mark(struct out *o, struct slice line, const struct complaint *c)
{
	size_t from = c->column == 0 ? 0 : width_of(line, c->column - 1);
	size_t to = c->end_line != c->line || c->end_column == 0 ?
	    columns_count(line) :
	    width_of(line, c->end_column - 1);
	columns_pad(o, MARGIN + from);
	out_char(o, '^');
	for (size_t i = from + 1; i < to; i++)
		out_char(o, '~');
	out_char(o, '\n');
}

void complaint_write_caret(struct out *o, const char *condition, const struct complaint *c)
{
	struct slice line;
	out_text(o, "davscope: -Y: ");
	write_verdict(o, c);
	if (!line_find(slice_from(condition), c->line, &line))
		return;
	columns_pad(o, MARGIN);
	out_vis(o, line, SIZE_MAX);
	out_char(o, '\n');
	write_mark(o, line, c);
}
