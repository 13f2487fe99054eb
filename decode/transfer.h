/*
 * transfer.h - content transfer encodings of MIME parts (RFC 2045 6), undone as bytes arrive. Private to
 * decode/.
 */
#ifndef DAVSCOPE_DECODE_TRANSFER_H
#define DAVSCOPE_DECODE_TRANSFER_H

#include "base/base.h"

enum transfer_coding { TRANSFER_IDENTITY, TRANSFER_QUOTED, TRANSFER_BASE64, TRANSFER_UNKNOWN };

/* Zeroed with `coding` set is a new one. */
struct transfer {
	enum transfer_coding coding;
	uint32_t bits; /* base64: not written yet */
	unsigned n_bits;
	uint8_t held[2]; /* quoted-printable: '=' and a digit */
	size_t n_held;
	bool damaged; /* something else than the coding allows */
};

enum transfer_coding transfer_find(struct slice name);
/*
 * A part of a line, without its end. Writes at most in.n + 2 bytes, returns how many.
 */
size_t transfer_bytes(struct transfer *, struct slice in, uint8_t *out);
/* The line ends. True: the end belongs to what was coded. */
bool transfer_line_end(struct transfer *);

#endif
