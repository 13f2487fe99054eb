/*
 * sanitise.h - mends the XML that Exchange sends and no XML parser takes. Private to decode/.
 *
 * A byte filter ahead of the parser: a digit at the start of a name or behind its prefix
 * (<d:0x8506>) gets SANITISE_MARK before it, which sanitise_undo() takes away again; a character
 * reference to what is no XML character (&#01;) becomes U+FFFD. Nothing else is changed, so
 * well-formed documents pass as they are. It lexes just enough to know where it stands, and so can
 * also say how long an unfinished tag is, whether a DOCTYPE begins and where a tag has too many
 * attributes. Input is UTF-8.
 */
#ifndef DAVSCOPE_DECODE_SANITISE_H
#define DAVSCOPE_DECODE_SANITISE_H

#include "base/base.h"

/* U+EFFFF: may start a name (XML 1.0 section 2.3), and being a noncharacter nobody's name does. */
#define SANITISE_MARK "\xf3\xaf\xbf\xbf"

enum { SANITISE_REFERENCE_MAX = 16 };

struct sanitiser {
	uint8_t state;
	uint8_t quote; /* of the attribute value we are in */
	uint8_t back; /* state to return to behind a reference */
	uint8_t closer, need,
	    run; /* comment, CDATA, PI: `need` closers and a '>' end it; `run` were seen */
	uint8_t n_reference;
	uint8_t reference[SANITISE_REFERENCE_MAX]; /* held back until it is judged */
	bool doctype; /* <!D was seen: nothing behind it is read */
	bool wide; /* one attribute too many began: nothing from its value on is read */
	uint64_t token; /* length so far of the unfinished tag, comment or PI */
	uint64_t attributes; /* of the tag so far: quoted values */
	uint64_t attributes_max; /* of one tag; set by the user */
};

struct sanitise_sink {
	void (*put)(void *ctx, struct slice);
	void (*mended)(void *ctx); /* once for each place, before its bytes are put */
	void *ctx;
};

/* Zeroed but for attributes_max, a sanitiser is at the start of a document. */
void sanitiser_data(struct sanitiser *, struct slice, const struct sanitise_sink *);
void sanitiser_end(struct sanitiser *, const struct sanitise_sink *); /* gives what was held back */
struct slice sanitise_undo(struct slice local_name);

#endif
