/*
 * transfer.c - undoes quoted-printable and base64 (RFC 2045 6.7, 6.8) and leaves other encodings as they
 * are; see transfer.h.
 */
#include "decode/transfer.h"
#include "decode/syntax.h"

enum transfer_coding transfer_find(struct slice name)
{
	static const struct {
		const char *name;
		enum transfer_coding coding;
	} codings[] = {
		{ "", TRANSFER_IDENTITY },
		{ "7bit", TRANSFER_IDENTITY },
		{ "8bit", TRANSFER_IDENTITY },
		{ "binary", TRANSFER_IDENTITY },
		{ "quoted-printable", TRANSFER_QUOTED },
		{ "base64", TRANSFER_BASE64 },
	};
	name = slice_trim(name);
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		if (slice_is_nocase(name, codings[i].name))
			return codings[i].coding;
	return TRANSFER_UNKNOWN;
}

static size_t quoted_byte(struct transfer *t, uint8_t byte, uint8_t *out)
{
	size_t n = 0;
	if (t->n_held == 0 && byte != '=') {
		out[0] = byte;
		return 1;
	}
	if (t->n_held < 2 && (t->n_held == 0 || hex_digit(byte) >= 0)) {
		t->held[t->n_held++] = byte;
		return 0;
	}
	if (t->n_held == 2 && hex_digit(byte) >= 0) {
		out[0] = (uint8_t)((unsigned)hex_digit(t->held[1]) << 4 |
		    (unsigned)hex_digit(byte));
		t->n_held = 0;
		return 1;
	}
	/* No code: these are bytes like others. */
	t->damaged = true;
	for (size_t i = 0; i < t->n_held; i++)
		out[n++] = t->held[i];
	t->n_held = 0;
	if (byte == '=')
		t->held[t->n_held++] = byte;
	else
		out[n++] = byte;
	return n;
}

static size_t base64_byte(struct transfer *t, uint8_t byte, uint8_t *out)
{
	int digit = base64_digit(byte);
	if (digit < 0) {
		t->n_bits = byte == '=' ? 0 : t->n_bits;
		t->damaged |= byte != '=' && byte != ' ' && byte != '\t';
		return 0;
	}
	t->bits = t->bits << 6 | (uint32_t)digit;
	t->n_bits += 6;
	if (t->n_bits < 8)
		return 0;
	t->n_bits -= 8;
	out[0] = (uint8_t)(t->bits >> t->n_bits);
	return 1;
}

size_t transfer_bytes(struct transfer *t, struct slice in, uint8_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < in.n; i++) {
		if (t->coding == TRANSFER_QUOTED)
			n += quoted_byte(t, in.p[i], out + n);
		else if (t->coding == TRANSFER_BASE64)
			n += base64_byte(t, in.p[i], out + n);
		else
			out[n++] = in.p[i];
	}
	return n;
}

bool transfer_line_end(struct transfer *t)
{
	bool soft = t->coding == TRANSFER_QUOTED && t->n_held == 1;
	t->damaged |= t->n_held > 1;
	t->n_held = 0;
	return t->coding != TRANSFER_BASE64 && !soft;
}
