/*
 * text.h - pieces of the text format: widths on a terminal, color, paragraphs. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_TEXT_H
#define DAVSCOPE_REPORT_TEXT_H

#include "report/report.h"

/* ---- columns: a character takes one, its escape as many as it has bytes ---- */
void columns_pad(struct out *, size_t n);                        /* n blanks */
size_t columns_next(struct slice *);                             /* of the next character, which is taken off; 0: none left */
struct slice columns_skip(struct slice, size_t want);
size_t columns_count(struct slice);

/* Text that was escaped when it was made: its backslashes are not doubled again. */
void escaped_write(struct out *, struct slice);

/* ---- paragraph: words, broken at a width, with the further lines indented ---- */
struct paragraph { struct out *out; size_t width, indent, column; bool fresh; }; /* width 0: never broken */
struct paragraph paragraph_begin(struct out *, const struct report_options *, size_t indent);
void paragraph_wire(struct paragraph *, struct slice);           /* of rule files or the wire: escaped here */
void paragraph_escaped(struct paragraph *, struct slice);
void paragraph_words(struct paragraph *, const char *ours);
void paragraph_join(struct paragraph *, const char *ours);       /* its first word behind the last one, without a blank */
void paragraph_end(struct paragraph *);

/* ---- color: nothing when it is off ---- */
void color_begin(struct out *, const struct report_options *, const char *sequence);
void color_end(struct out *, const struct report_options *);

#endif
