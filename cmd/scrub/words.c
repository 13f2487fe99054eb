/*
 * words.c - finds the words of a text and gives each its other name; see words.h.
 */
#include "cmd/scrub/words.h"

#include "cmd/scrub/address.h"
#include "cmd/scrub/character.h"
#include "cmd/scrub/permute.h"
#include "cmd/scrub/vocabulary.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_NUMBER = 3, WALKS_MAX = 64, HEX_LETTERS = 6 };
enum tweak { TWEAK_NAME, TWEAK_SECRET, TWEAK_HIDE };

const struct policy policy_name = { .keep = KEEP_PATH, .numbers = NUMBERS_SHORT };
const struct policy policy_text = { .numbers = NUMBERS_OTHER };
const struct policy policy_token = { .keep = KEEP_PROTOCOL,
	.numbers = NUMBERS_KEPT,
	.apart = true };
const struct policy policy_tag = { .keep = KEEP_PATH | KEEP_TAG, .numbers = NUMBERS_KEPT };
const struct policy policy_opaque = { .keep = KEEP_PATH | KEEP_TAG,
	.numbers = NUMBERS_KEPT,
	.hex = true };
const struct policy policy_element = { .keep = KEEP_PROTOCOL,
	.numbers = NUMBERS_SHORT,
	.tags = true };
const struct policy policy_namespace = { .keep = KEEP_PROTOCOL,
	.numbers = NUMBERS_KEPT,
	.hex = true,
	.tags = true };
const struct policy policy_product = { .keep = KEEP_PRODUCT,
	.numbers = NUMBERS_KEPT,
	.apart = true,
	.version = true };
const struct policy policy_zone = { .keep = KEEP_ZONE, .numbers = NUMBERS_KEPT, .apart = true };
const struct policy policy_sql = { .keep = KEEP_SQL, .numbers = NUMBERS_SHORT };
const struct policy policy_secret = { .keep = KEEP_COOKIE,
	.numbers = NUMBERS_OTHER,
	.secret = true };

enum { MEMOS = 16384 };

/* The other name of a word that came by: most words come again. */
struct memo {
	uint8_t n, tweak; /* n: 0 = none */
	uint8_t from[VOCABULARY_WORD], to[VOCABULARY_WORD];
};

struct words {
	struct hash_key key;
	struct vocabulary *vocabulary;
	struct memo *memos;
};

struct words *words_new(struct hash_key key)
{
	struct words *w = calloc(1, sizeof *w);
	if (w == NULL)
		return NULL;
	w->key = key;
	w->vocabulary = vocabulary_new();
	w->memos = calloc(MEMOS, sizeof *w->memos);
	if (w->vocabulary != NULL && w->memos != NULL)
		return w;
	words_free(w);
	return NULL;
}

void words_free(struct words *w)
{
	if (w == NULL)
		return;
	vocabulary_free(w->vocabulary);
	free(w->memos);
	free(w);
}

uint64_t words_hash(const struct words *w, uint8_t purpose, const void *data, size_t n)
{
	uint64_t pair[2] = { purpose, hash_keyed(w->key, data, n) };
	return hash_keyed(w->key, pair, sizeof pair);
}

/* ---- a word ---- */

struct run {
	size_t from, bytes, symbols, letters, digits;
	size_t hex; /* letters a to f among them */
	size_t n_lower; /* of `lower`; 0: longer than any word that is kept */
	uint8_t lower[VOCABULARY_WORD];
};

static bool is_hex(const struct run *r)
{
	return r->digits != 0 && r->hex != 0 && r->hex + r->digits == r->symbols;
}

static bool is_number(const struct run *r)
{
	return r->digits == r->symbols;
}

static void run_add(struct run *r, const struct character *c)
{
	r->bytes += c->bytes;
	r->symbols++;
	r->letters += c->letter;
	r->digits += c->digit;
	r->hex += c->letter && c->value < HEX_LETTERS;
	if ((c->letter || c->digit) && r->symbols <= VOCABULARY_WORD)
		r->lower[r->symbols - 1] = (uint8_t)(c->base + c->value);
}

/* The word that begins there; without symbols when there is none. */
static struct run run_read(const uint8_t *p, size_t n, size_t from, bool apart)
{
	struct run r = { .from = from };
	while (from + r.bytes < n) {
		size_t at = from + r.bytes;
		struct character c = character_read(p + at, n - at);
		if (!c.word || (apart && r.symbols != 0 && c.digit != is_number(&r)))
			break;
		run_add(&r, &c);
	}
	bool plain = r.letters + r.digits == r.symbols && r.symbols <= VOCABULARY_WORD;
	r.n_lower = plain ? r.symbols : 0;
	return r;
}

static bool number_is_kept(const struct run *r, const uint8_t *p, const struct policy *policy)
{
	if (policy->numbers != NUMBERS_SHORT)
		return policy->numbers == NUMBERS_KEPT;
	/* %61, &#97: it is a letter all the same. */
	uint8_t before = r->from == 0 ? 0 : p[r->from - 1];
	return r->symbols <= SHORT_NUMBER && before != '%' && before != '#';
}

/* MAPI properties are called x0fff0102 or 0x0fff0102. */
static bool is_property_tag(const struct run *r)
{
	size_t i = r->n_lower > 1 && r->lower[0] == '0' ? 1 : 0;
	if (r->n_lower < i + 5 || r->n_lower > i + 9 || r->lower[i] != 'x')
		return false;
	for (i++; i < r->n_lower; i++)
		if (r->lower[i] > 'f')
			return false;
	return true;
}

static bool run_is_kept(const struct words *w, const struct run *r, const uint8_t *p,
    const struct policy *policy)
{
	if (is_number(r))
		return number_is_kept(r, p, policy);
	if ((policy->hex && is_hex(r)) ||
	    (policy->tags && (is_property_tag(r) || (r->symbols <= 2 && r->n_lower != 0))))
		return true;
	struct slice word = { r->lower, r->n_lower };
	return word.n != 0 && (vocabulary_groups(w->vocabulary, word) & policy->keep) != 0;
}

/* ---- its other name ---- */

/* The characters of a part of a word. */
struct part {
	struct character characters[SYMBOLS_MAX];
	struct symbols symbols;
	size_t bytes;
};

static struct part part_read(const uint8_t *p, size_t n, bool hex)
{
	struct part part = { .bytes = 0 };
	struct symbols *s = &part.symbols;
	for (; part.bytes < n && s->n < SYMBOLS_MAX; s->n++) {
		struct character c = character_read(p + part.bytes, n - part.bytes);
		part.characters[s->n] = c;
		s->radix[s->n] = hex && c.letter ? HEX_LETTERS : c.radix;
		s->value[s->n] = c.value;
		part.bytes += c.bytes;
	}
	return part;
}

/* What stays, and what looks hexadecimal, is nobody's other name. */
static bool is_taken(const struct words *w, const struct symbols *s, const struct part *part,
    bool hex)
{
	uint8_t lower[VOCABULARY_WORD];
	size_t letters = 0, low = 0;
	if (s->n > VOCABULARY_WORD || s->n < 3)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct character *c = &part->characters[i];
		if (!c->letter && !c->digit)
			return false;
		lower[i] = (uint8_t)(c->base + s->value[i]);
		letters += c->letter;
		low += c->letter && s->value[i] < HEX_LETTERS;
	}
	if (!hex && letters != s->n && letters != 0 && low == letters)
		return true;
	return vocabulary_groups(w->vocabulary, (struct slice){ lower, s->n }) != 0;
}

/* Walks on until the name is free: that is a one-to-one map of the free names (cycle walking). */
static void part_map(const struct words *w, struct part *part, bool hex, uint8_t tweak)
{
	size_t walks = 0;
	do
		symbols_permute(w->key, tweak, &part->symbols);
	while (is_taken(w, &part->symbols, part, hex) && ++walks < WALKS_MAX);
}

static void part_write(const struct part *part, uint8_t *p)
{
	for (size_t i = 0; i < part->symbols.n; i++) {
		struct character c = part->characters[i];
		c.value = part->symbols.value[i];
		character_write(&c, p);
		p += c.bytes;
	}
}

static struct memo *memo_of(const struct words *w, const struct run *r, uint8_t tweak)
{
	return &w->memos[(hash_fixed(r->lower, r->n_lower) + tweak) % MEMOS];
}

static bool memo_is(const struct memo *m, const struct run *r, uint8_t tweak)
{
	return r->n_lower != 0 && m->n == r->n_lower && m->tweak == tweak &&
	    memcmp(m->from, r->lower, m->n) == 0;
}

static void memo_write(const struct memo *m, uint8_t *p)
{
	for (size_t i = 0; i < m->n; i++) {
		bool upper = p[i] >= 'A' && p[i] <= 'Z';
		p[i] = (uint8_t)(upper ? m->to[i] - 'a' + 'A' : m->to[i]);
	}
}

static void memo_keep(struct memo *m, const struct run *r, uint8_t tweak, const uint8_t *p)
{
	if (r->n_lower == 0)
		return;
	m->n = (uint8_t)r->n_lower;
	m->tweak = tweak;
	memcpy(m->from, r->lower, m->n);
	for (size_t i = 0; i < m->n; i++)
		m->to[i] = ascii_lower(p[i]);
}

static void run_map(const struct words *w, const struct run *r, uint8_t *p,
    const struct policy *policy)
{
	bool hex = is_hex(r);
	uint8_t tweak = policy->secret ? TWEAK_SECRET : TWEAK_NAME;
	struct memo *memo = memo_of(w, r, tweak);
	if (memo_is(memo, r, tweak)) {
		memo_write(memo, p + r->from);
		return;
	}
	for (size_t done = 0; done < r->bytes;) {
		struct part part = part_read(p + r->from + done, r->bytes - done, hex);
		part_map(w, &part, hex, tweak);
		part_write(&part, p + r->from + done);
		done += part.bytes;
	}
	memo_keep(memo, r, tweak, p + r->from);
}

/* ---- a text ---- */

static bool may_be_address(const uint8_t *p, size_t at, const struct policy *policy)
{
	uint8_t before = at == 0 ? 0 : p[at - 1];
	bool looked_for = policy->version ? before != '/' : policy->numbers != NUMBERS_KEPT;
	return looked_for && p[at] >= '0' && p[at] <= '9' && before != '.';
}

void words_scrub(const struct words *w, uint8_t *p, size_t n, const struct policy *policy)
{
	for (size_t i = 0; i < n;) {
		struct run run = run_read(p, n, i, policy->apart);
		size_t address = may_be_address(p, i, policy) ?
		    address_scrub_text4(w, p + i, n - i) :
		    0;
		if (address == 0 && run.symbols != 0 && !run_is_kept(w, &run, p, policy))
			run_map(w, &run, p, policy);
		if (run.symbols == 0)
			run.bytes = character_read(p + i, n - i).bytes;
		i += address != 0 ? address : run.bytes;
	}
}

/* ---- long texts, and what is none ---- */

enum { PROSE_MIN = 96, PROSE_TELLS = 12, THIN_TELLS = 4 };

struct digest {
	const struct words *words;
	uint64_t state, at;
	uint32_t block[SYMBOLS_MAX + 2];
	size_t n;
};

static void digest_settle(struct digest *d)
{
	memcpy(d->block + SYMBOLS_MAX, &d->state, sizeof d->state);
	d->state = words_hash(d->words, 'd', d->block, sizeof d->block);
	memset(d->block, 0, sizeof d->block);
	d->n = 0;
}

static void digest_add(struct digest *d, uint32_t value)
{
	d->block[d->n++] = value;
	if (d->n == SYMBOLS_MAX)
		digest_settle(d);
}

static uint64_t digest_next(struct digest *d)
{
	uint64_t block[2] = { d->state, d->at++ };
	return words_hash(d->words, 'n', block, sizeof block);
}

static size_t text_digest(struct digest *d, const uint8_t *p, size_t n)
{
	size_t symbols = 0;
	for (size_t i = 0; i < n;) {
		struct character c = character_read(p + i, n - i);
		i += c.bytes;
		if (!c.word)
			continue;
		digest_add(d, c.base + c.value);
		symbols++;
	}
	digest_settle(d);
	return symbols;
}

/* The first letters are made of what all of them are, the others are x. */
static void digest_write(struct digest *d, uint8_t *p, size_t n, size_t tells)
{
	for (size_t i = 0, told = 0; i < n;) {
		struct character c = character_read(p + i, n - i);
		uint32_t rest = c.letter ? 'x' - 'a' : 0;
		if (c.word) {
			c.value = told++ < tells ? (uint32_t)(digest_next(d) % c.radix) : rest;
			character_write(&c, p + i);
		}
		i += c.bytes;
	}
}

bool words_prose(const struct words *w, uint8_t *p, size_t n)
{
	struct digest d = { .words = w };
	if (n < PROSE_MIN || text_digest(&d, p, n) < PROSE_MIN)
		return false;
	digest_write(&d, p, n, PROSE_TELLS);
	return true;
}

void words_thin(const struct words *w, uint8_t *p, size_t n)
{
	struct digest d = { .words = w };
	text_digest(&d, p, n);
	digest_write(&d, p, n, THIN_TELLS);
}

void words_fill(const struct words *w, uint8_t *p, size_t n)
{
	struct digest d = { .words = w, .state = words_hash(w, 'f', p, n) };
	for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
		uint64_t bytes = digest_next(&d);
		memcpy(p + i, &bytes, n - i < sizeof bytes ? n - i : sizeof bytes);
	}
}

static bool hide_symbol(uint8_t byte, uint32_t *base, uint32_t *radix)
{
	*base = byte < 0x80 ? 0x21 : 0x80;
	*radix = byte < 0x80 ? 94 : 128;
	return byte >= 0x80 || (byte > 0x20 && byte < 0x7f);
}

void words_hide(const struct words *w, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		struct symbols s = { .n = 0 };
		uint32_t base[SYMBOLS_MAX] = { 0 };
		for (; i + s.n < n && s.n < SYMBOLS_MAX &&
		     hide_symbol(p[i + s.n], &base[s.n], &s.radix[s.n]);
		     s.n++)
			s.value[s.n] = p[i + s.n] - base[s.n];
		if (s.n != 0)
			symbols_permute(w->key, TWEAK_HIDE, &s);
		for (size_t k = 0; k < s.n; k++)
			p[i + k] = (uint8_t)(base[k] + s.value[k]);
		i += s.n != 0 ? s.n : 1;
	}
}

static bool is_printable(uint8_t c)
{
	return (c >= ' ' && c < 0x7f) || c == '\t' || c == '\r' || c == '\n';
}

void bytes_blank(uint8_t *p, size_t n)
{
	bool text = true;
	for (size_t i = 0; i < n; i++)
		text = text && is_printable(p[i]);
	for (size_t i = 0; i < n; i++) {
		struct character c = character_read(p + i, 1);
		if (p[i] == '\r' || p[i] == '\n')
			continue;
		if (!text)
			p[i] = 0;
		else if (c.letter || c.digit)
			p[i] = 'x';
	}
}
