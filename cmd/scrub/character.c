/*
 * character.c - alphabets: ASCII letters without their case, digits, and ranges of Unicode whose characters
 * all take as many bytes in UTF-8, digits in decimal and digits in hexadecimal. Punctuation and symbols
 * are in none: they part words and stay.
 */
#include "cmd/scrub/character.h"

/* From character 128 on. Split at 1000, 10000, 100000 and 16^n. */
static const struct {
	uint32_t first, last;
} alphabets[] = {
	{ 0xc0, 0xd6 },
	{ 0xd8, 0xf6 },
	{ 0xf8, 0xff },
	{ 0x100, 999 },
	{ 1000, 0x7ff },
	{ 0x800, 0xfff },
	{ 0x1000, 0x1fff },
	{ 0x2070, 0x209f },
	{ 0x2100, 0x218f },
	{ 0x2460, 0x24ff },
	{ 0x2800, 0x28ff },
	{ 0x2c00, 0x2dff },
	{ 0x3040, 0xd7ff },
	{ 0xe000, 0xfdcf },
	{ 0xfdf0, 0xfefe }, /* U+FEFF is a byte order mark */
	{ 0xff00, 0xffef },
	{ 0x10000, 99999 },
	{ 100000, 999999 },
	{ 1000000, 0xfffff },
	{ 0x100000, 0x10fffd },
};

/* Bytes that are no UTF-8, in whatever they are written. */
static const struct {
	uint8_t first, last;
} raw_alphabets[] = {
	{ 0x80, 0x9f },
	{ 0xa0, 0xbf },
	{ 0xc0, 0xff },
};

static void alphabet_set(struct character *c, uint32_t code, uint32_t first, uint32_t last)
{
	c->word = true;
	c->base = first;
	c->radix = last - first + 1;
	c->value = code - first;
}

static struct character read_ascii(uint8_t byte)
{
	struct character c = { .bytes = 1 };
	uint8_t lower = ascii_lower(byte);
	c.digit = byte >= '0' && byte <= '9';
	c.letter = lower >= 'a' && lower <= 'z';
	c.upper = c.letter && lower != byte;
	if (c.digit)
		alphabet_set(&c, byte, '0', '9');
	else if (c.letter)
		alphabet_set(&c, lower, 'a', 'z');
	return c;
}

static struct character read_raw(uint8_t byte)
{
	struct character c = { .bytes = 1, .raw = true };
	for (size_t i = 0; i < sizeof raw_alphabets / sizeof raw_alphabets[0]; i++)
		if (byte >= raw_alphabets[i].first && byte <= raw_alphabets[i].last)
			alphabet_set(&c, byte, raw_alphabets[i].first, raw_alphabets[i].last);
	return c;
}

struct character character_read(const uint8_t *p, size_t n)
{
	uint32_t code = 0;
	if (p[0] < 0x80)
		return read_ascii(p[0]);
	size_t bytes = utf8_next((struct slice){ p, n }, &code);
	if (bytes == 0)
		return read_raw(p[0]);
	struct character c = { .bytes = (uint8_t)bytes };
	for (size_t i = 0; i < sizeof alphabets / sizeof alphabets[0]; i++)
		if (code >= alphabets[i].first && code <= alphabets[i].last)
			alphabet_set(&c, code, alphabets[i].first, alphabets[i].last);
	return c;
}

size_t character_put(uint32_t code, uint8_t out[4])
{
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = n; --i > 0; code >>= 6)
		out[i] = (uint8_t)(0x80 | (code & 0x3f));
	out[0] = (uint8_t)(lead[n] | code);
	return n;
}

void character_write(const struct character *c, uint8_t *p)
{
	uint32_t code = c->base + c->value;
	if (c->raw)
		p[0] = (uint8_t)code;
	else if (c->upper)
		p[0] = (uint8_t)(code - 'a' + 'A');
	else
		character_put(code, p);
}
