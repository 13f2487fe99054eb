/*
 * base.h - what every folder may use: bytes, stamps, arenas, errors, limits, hashing, escaping.
 *
 * Nothing here knows a protocol. Unless a comment says otherwise a function keeps no reference
 * to its arguments, and memory handed out belongs to the object it came from.
 */
#ifndef DAVSCOPE_BASE_H
#define DAVSCOPE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DAVSCOPE_VERSION "0.1.0"

/* ---- bytes: a borrowed run, never NUL-terminated; p may be NULL when n is 0 ---- */
struct slice { const uint8_t *p; size_t n; };
#define SLICE(literal) ((struct slice){ (const uint8_t *)("" literal), sizeof(literal) - 1 })

struct slice slice_from(const char *text);
struct slice slice_part(struct slice s, size_t from, size_t n);  /* clamped to s */
struct slice slice_trim(struct slice s);                         /* SP and HTAB at both ends */
static inline uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b);         /* ASCII case only */
bool slice_is(struct slice s, const char *text);                 /* as slice_equal, without measuring text */
bool slice_is_nocase(struct slice s, const char *text);          /* ASCII case only */
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
size_t slice_find(struct slice s, struct slice what);            /* index, or s.n when not there */
size_t slice_find_byte(struct slice s, uint8_t byte);            /* index, or s.n when not there */
enum { DECIMAL_MAX = 20 };
size_t decimal_put(char out[DECIMAL_MAX], uint64_t number);      /* digits written, no NUL */
bool slice_to_u64(struct slice s, uint64_t *out);                /* decimal digits only; false on overflow */

/* ---- cursor: a sticky reader; a read past the end sets bad and yields 0 for ever after ---- */
struct cursor { const uint8_t *p, *end; bool bad; };

struct cursor cursor_from(struct slice s);
size_t cursor_left(const struct cursor *c);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_be16(struct cursor *c);
uint32_t cursor_be32(struct cursor *c);
uint32_t cursor_le32(struct cursor *c);
uint64_t cursor_le64(struct cursor *c);
struct slice cursor_take(struct cursor *c, size_t n);            /* empty and bad when n > left */
void cursor_skip(struct cursor *c, size_t n);
struct slice cursor_rest(const struct cursor *c);

/* ---- stamp: which packet, and when ---- */
struct stamp {
	uint64_t order;   /* 1-based position in the merged timeline of all inputs: the total order */
	uint64_t frame;   /* 1-based packet number within its input, the number tshark prints; 0 = none */
	int64_t ns;       /* capture time, nanoseconds since 1970 UTC, as found in the file */
	uint16_t input;   /* 0-based index of the input */
};

/* A bare date, RFC 3339 in UTC, or seconds since 1970, to nanoseconds. */
bool when_read(struct slice text, int64_t *ns);

/* ---- error: filled by whoever returns false or NULL; text for people, no wire bytes ---- */
struct error { char text[256]; };
bool error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3))); /* always false */

/* A broken invariant is our bug: says where and which frame, then aborts. */
#define ensure(condition, at) ((condition) ? (void)0 : ensure_failed(#condition, __FILE__, __LINE__, (at)))
_Noreturn void ensure_failed(const char *condition, const char *file, int line, const struct stamp *at);

#include "base/arena.h"

/* ---- limits: one named number each, from limits.def ---- */
struct limits {
#define LIMIT(name, value, unit, text) uint64_t name;
#include "limits.def"
#undef LIMIT
};
struct limit_info { const char *name; uint64_t value; const char *unit; const char *text; };
struct limits limits_default(void);
bool limits_set(struct limits *l, const char *name_value, struct error *e); /* "ooo_bytes=512K"; K, M, G = 2^10, 2^20, 2^30 */
bool limits_check(const struct limits *l, struct error *e);      /* false: they contradict each other */
const struct limit_info *limits_table(size_t *n);                /* in the order of limits.def */

/* ---- hash: keyed SipHash-2-4 for tables, so that nobody can aim at one bucket ---- */
struct hash_key { uint64_t k0, k1; };
struct hash_key hash_key_random(void);
struct hash_key hash_key_from(uint64_t seed);
uint64_t hash_keyed(struct hash_key key, const void *data, size_t n);
uint64_t hash_fixed(const void *data, size_t n);                 /* the same on every run: ids and shards */
/* Of bytes that arrive in pieces, the same on every run. Much faster and easily aimed at: to tell contents apart. */
struct hash_run { uint64_t lane[2], n; uint8_t rest[16]; };      /* zeroed = nothing added yet */
void hash_add(struct hash_run *h, struct slice s);
uint64_t hash_sum(const struct hash_run *h);                     /* of all that was added; never 0 */
uint64_t hash_content(struct slice);                             /* the sum of one piece */

/*
 * ---- sum: ones' complement sums of big-endian 16-bit words (RFC 1071) ----
 * An odd last byte counts as if a zero stood behind it, so only the last part of a text may be odd. Right
 * is what sums up to 0xffff together with its checksum.
 */
uint16_t sum_add(uint16_t sum, const void *data, size_t n);

/*
 * ---- yaml: a document as a tree with positions (YAML 1.1 as libyaml reads it, types not guessed) ----
 * Refused: anchors, aliases, tags, merge keys, repeated keys, several documents, text that is not
 * UTF-8, controls, line breaks other than LF and CR, more than `depth` levels. The tree lives in the arena and points into nothing else.
 */
struct mark { size_t line, column, at; };  /* 1-based line and column, in characters; byte offset in the text */
enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };
enum yaml_style { YAML_PLAIN, YAML_QUOTED, YAML_BLOCK }; /* quoted: with ' or "; block: | or > */
enum yaml_fault { YAML_SYNTAX, YAML_ENCODING, YAML_ANCHOR, YAML_TAG, YAML_MERGE, YAML_REPEATED,
	YAML_DOCUMENTS, YAML_DEPTH, YAML_MEMORY };
struct yaml {
	enum yaml_kind kind;
	enum yaml_style style;     /* scalars */
	struct slice text;         /* scalars: the value; a NUL stands behind it */
	struct mark start, end;    /* end: one behind the last character */
	const struct yaml *key;    /* of a map's member */
	struct yaml *first, *next; /* children; the next one of the same list or map */
	size_t n;                  /* children */
};
struct yaml_error { enum yaml_fault fault; struct mark at; char text[200]; };
struct yaml *yaml_parse(struct slice text, struct arena *, size_t depth, struct yaml_error *); /* NULL: *error says why; an empty text is an empty scalar */
const struct yaml *yaml_get(const struct yaml *map, const char *key);    /* NULL: not there, or no map */

/* ---- complaints: what is wrong with a file that people write, or with a filter ---- */
struct complaint {
	char code[8];          /* of codes.def, "E0201", "W0301": stable; E is an error, W a warning */
	const char *file;      /* as given on the command line; NULL: a filter */
	size_t line, column, end_line, end_column; /* 1-based, in characters; line 0: the file as a whole */
	const char *rule;      /* id of the rule, NULL: none is concerned */
	char text[200], hint[200]; /* for people, escaped; the hint may be empty */
};
struct complaints;
struct complaints *complaints_new(void);                         /* NULL: out of memory */
void complaints_free(struct complaints *);
bool complaints_file(struct complaints *, const char *name);     /* the next file; false: out of memory */
/* Adds one and lets the caller fill text and hint; beyond 200 of them the last place is reused. */
struct complaint *complaint_add(struct complaints *, const char *code, const char *file,
    const struct mark *start, const struct mark *end);
const struct complaint *complaints_sorted(struct complaints *, size_t *n); /* by file and position */
size_t complaints_errors(const struct complaints *);             /* those that begin with E */
const char *yaml_fault_code(enum yaml_fault);
/* Texts that quote a file are escaped and cut: %s arguments go through here. NUL-terminated. */
const char *quoted(char out[64], struct slice text);

/* ---- spelling: the word somebody meant ---- */
enum { SPELLING_MAX = 64, TYPOS_MAX = 3, SPELLING_FAR = 99 };
/*
 * Letters changed, missing, too many or swapped (Damerau, without moving a letter twice).
 * SPELLING_FAR: more than `allowed`, or b is longer than SPELLING_MAX.
 */
unsigned spelling_distance(struct slice a, struct slice b, unsigned allowed);
const char *word_like(struct slice, const char *const *words, size_t n); /* the nearest, NULL: none is near */

/* ---- files that people write ---- */
struct stat;
int path_open(const char *path, struct stat *, struct error *);  /* to read, without waiting; -1: *error says why */
/* Reads to the end, one byte beyond `most` at the utmost; out has room for it. False: errno. */
bool read_whole(int fd, uint8_t *out, size_t most, size_t *n);
/* One that is built into the program, by dist/embed.sh. */
struct shipped { const char *name; const unsigned char *text; size_t n; };

/*
 * ---- vis: reversible escaping of wire bytes ----
 * C0, DEL, C1 and bytes that are not UTF-8 become \xNN, bidi controls and line separators \u{N},
 * a backslash is doubled. vis_next takes the next character off *in, writes at most VIS_MAX bytes
 * to out (no NUL) and returns how many.
 */
enum { VIS_MAX = 16 };     /* four bytes as \xNN */
size_t vis_next(struct slice *in, char out[VIS_MAX]);
bool vis_is_plain(struct slice);                         /* it is shown as it is, but for backslashes */
size_t unvis(const char *text, size_t n, uint8_t *out, size_t room); /* bytes written; SIZE_MAX when text is no vis text or room is short */
/* Length of the well-formed UTF-8 sequence at the start of s, 0 when it is none; *cp gets the code point. */
size_t utf8_next(struct slice s, uint32_t *cp);

/* ---- clock.c: what is waited by, since some moment; and what people are told, since 1970 ---- */
int64_t clock_ns(void);
int64_t clock_ms(void);
int64_t wall_ns(void);

#include "base/pack.h"
#include "base/sandbox.h"
#include "base/whole.h"

#endif
