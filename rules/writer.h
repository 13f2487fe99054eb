/*
 * writer.h - text for people into a room of fixed size. Private to template.c and value_print.c.
 *
 * Characters are written whole. Where the room ends, or the count of characters allowed, stand "...".
 */
#ifndef DAVSCOPE_RULES_WRITER_H
#define DAVSCOPE_RULES_WRITER_H

#include "rules/template.h"

struct writer {
	char *out;
	size_t room, n;
	size_t safe;      /* at most n, at the end of a character, with room for the dots */
	size_t left;      /* characters that may still be written before the text is cut */
	bool cut, full;   /* cut: `left` was used up; full: the room was */
};

void writer_init(struct writer *, char *out, size_t room);
void writer_wire(struct writer *, struct slice);       /* escapes */
void writer_text(struct writer *, struct slice);       /* our own words, or what is escaped already */
void writer_number(struct writer *, uint64_t);
void writer_duration(struct writer *, int64_t ns);
void writer_value(struct writer *, const struct field *, const struct value *);

#endif
