/*
 * rules_print.c - texts of rules on a page: columns, paragraphs, sources, JSON members. Rule files
 * are input too, so all of it leaves through calls that escape.
 */
#include "cmd/rules.h"

#include <string.h>

/* Characters, near enough: continuation bytes take no column. */
static size_t width_of(struct slice text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

static void print_blanks(struct out *out, size_t n)
{
	while (n-- != 0)
		out_char(out, ' ');
}

/* Backslashes stay single, so that what is printed reads as it was written and can be pasted back. */
static void print_text(struct out *out, struct slice text)
{
	for (;;) {
		size_t n = slice_find_byte(text, '\\');
		out_vis(out, slice_part(text, 0, n), SIZE_MAX);
		if (n == text.n)
			return;
		out_char(out, '\\');
		text = slice_part(text, n + 1, text.n - n - 1);
	}
}

void print_column(struct out *out, struct slice text, size_t width)
{
	size_t used = width_of(text);
	print_text(out, text);
	print_blanks(out, used < width ? width - used + 1 : 1);
}

void print_source(struct out *out, const char *text)
{
	struct slice rest = slice_from(text);
	while (rest.n != 0) {
		size_t n = 0;
		while (n < rest.n && rest.p[n] != '\n' && rest.p[n] != '\t')
			n++;
		print_text(out, slice_part(rest, 0, n));
		if (n < rest.n)
			out_char(out, (char)rest.p[n++]);
		rest = slice_part(rest, n, rest.n - n);
	}
}

static struct slice next_word(struct slice *rest)
{
	size_t start = 0;
	while (start < rest->n && (rest->p[start] == ' ' || rest->p[start] == '\n'))
		start++;
	size_t end = start;
	while (end < rest->n && rest->p[end] != ' ' && rest->p[end] != '\n')
		end++;
	struct slice word = slice_part(*rest, start, end - start);
	*rest = slice_part(*rest, end, rest->n - end);
	return word;
}

void print_wrapped(struct out *out, struct slice text, size_t indent, size_t used)
{
	print_blanks(out, used < indent ? indent - used : 0);
	size_t column = used < indent ? indent : used;
	bool first = true;
	for (struct slice word = next_word(&text); word.n != 0; word = next_word(&text)) {
		size_t width = width_of(word);
		bool fits = column + 1 + width <= PAGE_COLUMNS;
		if (!first && !fits) {
			out_char(out, '\n');
			print_blanks(out, indent);
		}
		if (!first && fits)
			out_char(out, ' ');
		column = first || fits ? column + !first + width : indent + width;
		print_text(out, word);
		first = false;
	}
	out_char(out, '\n');
}

void print_json(struct out *out, const char *before, const char *text)
{
	if (text == NULL)
		return;
	out_text(out, before);
	out_json(out, slice_from(text));
}

void print_json_number(struct out *out, const char *before, uint64_t number)
{
	out_text(out, before);
	out_u64(out, number);
}

void print_json_flag(struct out *out, const char *before, bool flag)
{
	out_text(out, before);
	out_text(out, flag ? "true" : "false");
}

void print_kinds(struct out *out, unsigned kinds, const char *between)
{
	bool first = true;
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
		if (!(kinds >> kind & 1))
			continue;
		if (!first)
			out_text(out, between);
		out_text(out, event_kind_name((enum event_kind)kind));
		first = false;
	}
}
