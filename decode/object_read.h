/*
 * object_read.h - an iCalendar (RFC 5545) or vCard (RFC 6350) text as it arrives, reduced to a struct
 * object. Private to decode/.
 *
 * The text is fed in whatever pieces; the result does not depend on where they end. Memory is bounded by
 * `ical_line` and `ical_props` and serves the next text again.
 */
#ifndef DAVSCOPE_DECODE_OBJECT_READ_H
#define DAVSCOPE_DECODE_OBJECT_READ_H

#include "decode/body.h"
#include "decode/content_line.h"
#include "decode/object_make.h"
#include "decode/value.h"

/* What knows the properties of one of the two. */
struct object_grammar {
	void *(*start)(const struct limits *, struct arena *); /* NULL: no memory */
	void (*begin)(void *); /* another text */
	/* No value: its line was cut. False: it counts, and its value cannot be had. */
	bool (*property)(void *, const struct property *);
	/* Fills the zeroed draft and *more. False: there is no object in the text. */
	bool (*end)(void *, struct object *draft, struct object_more *more);
};
extern const struct object_grammar grammar_calendar, grammar_card;

struct object_read;
/* Ready for the first text. `octets`: its bytes come as they were sent. NULL: no memory. */
struct object_read *object_read_new(const struct object_grammar *, const struct body_env *, bool octets);
void object_read_begin(struct object_read *); /* another text; the last one is forgotten */
void object_read_data(struct object_read *, struct slice);
/*
 * `whole`: no more of the text was sent. *object is NULL when there is none in it. False: no room for it, which
 * is told.
 */
bool object_read_end(struct object_read *, bool whole, const struct object **object);
enum seen object_read_organizer(const struct object_read *, bool whole); /* behind the end */

/* For body readers, whose own is a struct object_read. */
bool object_body_data(void *, struct slice);
void object_body_abandon(void *);

/* For grammars: TEXT without its escapes (RFC 5545 3.3.11). False: no room. */
bool object_text(struct text *, struct slice value);

#endif
