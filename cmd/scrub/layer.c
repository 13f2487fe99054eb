/*
 * layer.c - undoes a layer into a buffer, scrubs that, and puts it back by taking the same steps again.
 */
#include "cmd/scrub/layer.h"

#include "cmd/scrub/character.h"

#include <stdlib.h>
#include <string.h>

void scrub_words(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	words_scrub(w, p, n, arg);
}

static bool has_mark(const uint8_t *p, size_t n, const char *marks)
{
	for (; marks != NULL && *marks != '\0'; marks++)
		if (n != 0 && memchr(p, *marks, n) != NULL)
			return true;
	return marks == NULL;
}

static size_t layer_undo(const struct layer *l, const uint8_t *p, size_t n, uint8_t *out)
{
	size_t made = 0;
	for (size_t i = 0; i < n;) {
		size_t n_unit = 0;
		uint8_t unit[4];
		i += l->take(p + i, n - i, unit, &n_unit);
		memcpy(out + made, unit, n_unit);
		made += n_unit;
	}
	return made;
}

static void layer_redo(const struct layer *l, uint8_t *p, size_t n, const uint8_t *in)
{
	for (size_t i = 0; i < n;) {
		size_t n_unit = 0;
		uint8_t unit[4];
		size_t length = l->take(p + i, n - i, unit, &n_unit);
		bool same = n_unit == 1 ? unit[0] == in[0] : memcmp(unit, in, n_unit) == 0;
		if (!same)
			l->put(p + i, length, in, n_unit);
		in += n_unit;
		i += length;
	}
}

/* No layer makes a text longer, but UTF-16: three bytes of two. Without memory nothing is let through. */
void layer_through(const struct words *w, const struct layer *l, uint8_t *p, size_t n,
    scrubbing *scrub, const void *arg)
{
	if (!has_mark(p, n, l->marks)) {
		scrub(w, p, n, arg);
		return;
	}
	uint8_t *plain = malloc(n + n / 2 + 4);
	if (plain == NULL) {
		bytes_blank(p, n);
		return;
	}
	size_t made = layer_undo(l, p, n, plain);
	scrub(w, plain, made, arg);
	layer_redo(l, p, n, plain);
	free(plain);
}

/* ---- base64 ---- */

static int base64_value(uint8_t c)
{
	uint8_t lower = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (lower >= 'a' && lower <= 'z')
		return c == lower ? c - 'a' + 26 : c - 'A';
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static uint8_t base64_char(unsigned value, uint8_t old)
{
	bool url = old == '-' || old == '_';
	if (value >= 62)
		return (uint8_t)(url ? "-_"[value - 62] : "+/"[value - 62]);
	return (uint8_t)("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[value]);
}

static size_t base64_undo(const uint8_t *p, size_t n, uint8_t *out)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t made = 0;
	for (size_t i = 0; i < n; i++) {
		int value = base64_value(p[i]);
		if (value < 0)
			continue;
		bits = (bits << 6 | (uint32_t)value) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[made++] = (uint8_t)(bits >> n_bits);
		}
	}
	return made;
}

/* Bits of the last character that stand for no byte become 0. */
static void base64_redo(uint8_t *p, size_t n, const uint8_t *in, size_t made)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		if (base64_value(p[i]) < 0)
			continue;
		if (n_bits < 6) {
			uint8_t byte = used < made ? in[used] : 0;
			used++;
			bits = (bits << 8 | byte) & 0xffff;
			n_bits += 8;
		}
		n_bits -= 6;
		p[i] = base64_char(bits >> n_bits & 63, p[i]);
	}
}

void layer_base64(const struct words *w, uint8_t *p, size_t n, scrubbing *scrub, const void *arg)
{
	uint8_t *plain = malloc(n + 1);
	if (plain == NULL) {
		bytes_blank(p, n);
		return;
	}
	size_t made = base64_undo(p, n, plain);
	scrub(w, plain, made, arg);
	base64_redo(p, n, plain, made);
	free(plain);
}
