/*
 * value.h - text gathered from an element, and the text that stands for a property. Private to decode/.
 *
 * The value of a property is its character data, that of elements in it included (without the white
 * space ahead of them); but
 *  - the text of its DAV:href children, joined with a blank, when it has any and no text before them;
 *  - the local names of its child elements, joined with a blank, when there is no text but white space.
 */
#ifndef DAVSCOPE_DECODE_VALUE_H
#define DAVSCOPE_DECODE_VALUE_H

#include "base/base.h"

/* Grows in the arena up to a bound that each use sets; what is beyond it is cut. */
struct text {
	struct arena *arena;
	uint8_t *p;
	size_t n, room, bound;
	bool cut;
};

void text_begin(struct text *, size_t bound);
bool text_add(struct text *, struct slice); /* false: the arena has no room */
struct slice text_slice(const struct text *); /* dies with the next text_begin or text_add */

enum value_shape { VALUE_TEXT, VALUE_NAMES, VALUE_HREFS, VALUE_DROPPED };

struct value {
	struct text text;
	enum value_shape shape;
	uint64_t bytes; /* all character data */
};

void value_begin(struct value *, size_t bound, bool keep);
bool value_child(struct value *, struct slice local,
    bool href); /* a child element begins; false: no room */
bool value_text(struct value *, struct slice, bool in_href); /* false: no room */

#endif
