/*
 * text_pieces.c - what the text format is put together from: widths, color, escaped text, paragraphs.
 */
#include "report/text.h"

enum { PARAGRAPH_WIDTH = 100 };

/* ---- columns ---- */

void columns_pad(struct out *o, size_t n)
{
	while (n-- != 0)
		out_char(o, ' ');
}

size_t columns_next(struct slice *s)
{
	char escaped[VIS_MAX];
	if (s->n == 0)
		return 0;
	uint8_t byte = s->p[0];
	if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
		s->p++;
		s->n--;
		return 1;
	}
	size_t n = vis_next(s, escaped);
	return escaped[0] == '\\' ? n : 1;
}

struct slice columns_skip(struct slice s, size_t want)
{
	for (size_t n = 0; n < want && s.n != 0;)
		n += columns_next(&s);
	return s;
}

size_t columns_count(struct slice s)
{
	size_t n = 0;
	while (s.n != 0)
		n += columns_next(&s);
	return n;
}

/* ---- color ---- */

void color_begin(struct out *o, const struct report_options *options, const char *sequence)
{
	if (options->color)
		out_text(o, sequence);
}

void color_end(struct out *o, const struct report_options *options)
{
	if (options->color)
		out_text(o, "\033[0m");
}

/* ---- escaped text ---- */

/* Whoever made it, no control reaches the terminal: all but the backslash is escaped again. */
void escaped_write(struct out *o, struct slice s)
{
	while (s.n != 0) {
		size_t plain = slice_find_byte(s, '\\');
		out_vis(o, slice_part(s, 0, plain), SIZE_MAX);
		if (plain < s.n)
			out_char(o, '\\');
		s = slice_part(s, plain + 1, s.n);
	}
}

static size_t escaped_columns(struct slice s)
{
	size_t n = 0;
	while (s.n != 0) {
		bool backslash = s.p[0] == '\\';
		size_t columns = columns_next(&s);
		n += backslash ? 1 : columns;
	}
	return n;
}

/* ---- paragraphs ---- */

/* On a terminal lines are broken; a program that reads them wants each whole. */
struct paragraph paragraph_begin(struct out *o, const struct report_options *options, size_t indent)
{
	return (struct paragraph){ .out = o,
		.width = options->narrow ? PARAGRAPH_WIDTH : 0,
		.indent = indent,
		.fresh = true };
}

/* The blank or the line break in front of a word of n columns. */
static void word_begin(struct paragraph *p, size_t n)
{
	bool room = p->width == 0 || (p->column < p->width && n < p->width - p->column);
	if (!p->fresh && !room) {
		out_char(p->out, '\n');
		columns_pad(p->out, p->indent);
		p->column = p->indent;
	} else if (!p->fresh) {
		out_char(p->out, ' ');
		p->column++;
	}
	p->fresh = false;
	p->column += n;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice word_next(struct slice *s)
{
	size_t from = 0;
	while (from < s->n && is_blank(s->p[from]))
		from++;
	size_t to = from;
	while (to < s->n && !is_blank(s->p[to]))
		to++;
	struct slice word = slice_part(*s, from, to - from);
	*s = slice_part(*s, to, s->n - to);
	return word;
}

void paragraph_wire(struct paragraph *p, struct slice s)
{
	for (struct slice word = word_next(&s); word.n != 0; word = word_next(&s)) {
		word_begin(p, columns_count(word));
		out_vis(p->out, word, SIZE_MAX);
	}
}

void paragraph_escaped(struct paragraph *p, struct slice s)
{
	if (p->width == 0) {
		word_begin(p, 0);
		escaped_write(p->out, s);
		return;
	}
	for (struct slice word = word_next(&s); word.n != 0; word = word_next(&s)) {
		word_begin(p, escaped_columns(word));
		escaped_write(p->out, word);
	}
}

void paragraph_words(struct paragraph *p, const char *ours)
{
	paragraph_wire(p, slice_from(ours));
}

/* Text that begins with a blank is an indent and stays whole. */
void paragraph_join(struct paragraph *p, const char *ours)
{
	struct slice s = slice_from(ours);
	size_t first = s.n != 0 && s.p[0] == ' ' ? s.n : slice_find_byte(s, ' ');
	out_vis(p->out, slice_part(s, 0, first), SIZE_MAX);
	p->column += first;
	p->fresh = false;
	paragraph_wire(p, slice_part(s, first, s.n - first));
}

void paragraph_end(struct paragraph *p)
{
	out_char(p->out, '\n');
	p->fresh = true;
	p->column = 0;
}
