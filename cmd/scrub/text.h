/*
 * text.h - values, URLs and what else all formats are made of. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_TEXT_H
#define DAVSCOPE_SCRUB_TEXT_H

#include "cmd/scrub/layer.h"

/* A range of a text that is being scrubbed. */
struct span { uint8_t *p; size_t n; };
struct span span_part(struct span, size_t from, size_t n);     /* clamped */
struct span span_trim(struct span);                            /* blanks and tabs at both ends */
size_t span_find(struct span, const char *bytes);              /* the first of any of these bytes, or its length */
static inline struct slice span_slice(struct span s)
{
	return (struct slice){ s.p, s.n };
}
bool slice_in(struct slice word, const char *words);           /* one of `words`, blanks between; no case */

/* A row of names and what to do with what they name; the last name is NULL. */
struct rule { const char *names; int kind; };
int rule_find(const struct rule *, struct slice name, int otherwise);

/*
 * Text of which nothing is known. Whatever format it stands in, the same text becomes the same: a number
 * of up to three digits, a date and words of the vocabulary that stand alone stay; something long is prose.
 */
scrubbing scrub_value;
scrubbing scrub_private;       /* the same of persons: telephone numbers, birthdays; no digit stays */
scrubbing scrub_url;           /* also parts of one, and host:port */
scrubbing scrub_authority;     /* host:port alone */
scrubbing scrub_query;         /* a=b&c=d, also as a body */
scrubbing scrub_media_type;    /* type/subtype;name=value, and what else has such parameters */
scrubbing scrub_json;
scrubbing scrub_sql;           /* of SEARCH */
scrubbing scrub_words_encoded; /* scrub_value with the encoded words of RFC 2047 undone */

#endif
