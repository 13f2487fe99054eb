/*
 * layer.h - texts inside texts. Private to scrub/.
 *
 * A layer writes one text as another: percent-encoding, entities, escapes, folded lines, base64. What is
 * to be scrubbed is read through it, and goes back through it into the same places, in the same length.
 */
#ifndef DAVSCOPE_SCRUB_LAYER_H
#define DAVSCOPE_SCRUB_LAYER_H

#include "cmd/scrub/words.h"

/* Scrubs a text in place; `arg` is the caller's. */
typedef void scrubbing(const struct words *, uint8_t *p, size_t n, const void *arg);

struct layer {
	/* The unit at the start of p: its length, and what it stands for, up to 4 bytes. n > 0 */
	size_t (*take)(const uint8_t *p, size_t n, uint8_t out[4], size_t *n_out);
	/* Makes the unit stand for other bytes, as many as before and of the same alphabets. */
	void (*put)(uint8_t *p, size_t n, const uint8_t *in, size_t n_in);
	const char *marks;     /* without any of these bytes there is nothing to undo; NULL: always */
};
extern const struct layer layer_percent;
extern const struct layer layer_entity;        /* XML and HTML: &#228; &amp; */
extern const struct layer layer_quoted;        /* quoted-printable, RFC 2045 6.7 */
extern const struct layer layer_q;             /* encoded words, RFC 2047 4.2 */
extern const struct layer layer_fold;          /* RFC 5545 3.1: line end and blank are nothing */
extern const struct layer layer_obs_fold;      /* RFC 9112 5.2, RFC 5322 2.2.3: they are a blank */
extern const struct layer layer_escape;        /* RFC 5545 3.3.11: \n \, \; */
extern const struct layer layer_json;
extern const struct layer layer_utf16le, layer_utf16be;

void layer_through(const struct words *w, const struct layer *l, uint8_t *p, size_t n, scrubbing *scrub, const void *arg);
/* The alphabets of RFC 4648; what is in none of them is read over. */
void layer_base64(const struct words *w, uint8_t *p, size_t n, scrubbing *scrub, const void *arg);
/* Scrubs by the policy that `arg` is. */
scrubbing scrub_words;

#endif
