/*
 * words.h - names become other names of the same shape. Private to scrub/.
 *
 * A word is a run of letters and digits. Under one key the same word always becomes the same other word,
 * different words different ones, a letter a letter of the same case, a digit a digit, and a character of
 * n bytes one of n bytes, which takes as many digits as &#N; or &#xN;. So a name stays one name wherever
 * and however it is spelt, and nothing changes its length.
 */
#ifndef DAVSCOPE_SCRUB_WORDS_H
#define DAVSCOPE_SCRUB_WORDS_H

#include "base/base.h"

enum keep {
	KEEP_PATH = 1, KEEP_HTTP = 2, KEEP_XML = 4, KEEP_ICAL = 8, KEEP_PRODUCT = 16, KEEP_ZONE = 32,
	KEEP_SQL = 64, KEEP_COOKIE = 128, KEEP_TAG = 256,
	KEEP_PROTOCOL = KEEP_PATH | KEEP_HTTP | KEEP_XML | KEEP_ICAL,
};
enum numbers {
	NUMBERS_OTHER,         /* no digit stays */
	NUMBERS_SHORT,         /* up to three digits that are a word stay: -2 of a name, 5 of an id */
	NUMBERS_KEPT,          /* dates, sizes, versions */
};

/* What of a text stays as it is. */
struct policy {
	uint16_t keep;         /* enum keep */
	uint8_t numbers;
	bool apart;            /* letters and digits are words of their own: 2MO, PT15M, 20060925T160000Z */
	bool hex;              /* hexadecimal words stay */
	bool tags;             /* names of elements: x0fff0102, a: */
	bool secret;           /* not as the same word elsewhere */
	bool version;          /* 1.2.3.4 behind a slash is no address */
};
extern const struct policy policy_name;        /* names, paths, identifiers */
extern const struct policy policy_text;        /* what people write */
extern const struct policy policy_token;       /* words of the protocol, dates, numbers */
extern const struct policy policy_tag;         /* change tags, sync tokens */
extern const struct policy policy_opaque;      /* the same, and its hexadecimal parts have a meaning: rt: rid: */
extern const struct policy policy_element;     /* names in XML */
extern const struct policy policy_namespace;
extern const struct policy policy_product;
extern const struct policy policy_zone;
extern const struct policy policy_sql;
extern const struct policy policy_secret;

struct words;
struct words *words_new(struct hash_key);               /* NULL: out of memory */
void words_free(struct words *);                         /* NULL is fine */
void words_scrub(const struct words *, uint8_t *p, size_t n, const struct policy *);
/* A long text: its first letters tell it from others, the rest says nothing. False: it is short, nothing was done. */
bool words_prose(const struct words *, uint8_t *p, size_t n);
/* The same of any text, so short that it tells little more than its shape. */
void words_thin(const struct words *, uint8_t *p, size_t n);
/* Bytes that tell equal from different, and nothing else. */
void words_fill(const struct words *, uint8_t *p, size_t n);
/* Every printable byte but the last of these. */
void words_hide(const struct words *, uint8_t *p, size_t n);
/* Of a text letters and digits become x, what parts words stays; of anything else only line ends stay. */
void bytes_blank(uint8_t *p, size_t n);
uint64_t words_hash(const struct words *, uint8_t purpose, const void *data, size_t n);

#endif
